"""What was decided: the records of the tests, and the verdicts that follow from them."""
