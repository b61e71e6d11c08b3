"""The passive rules: what every response is held against, whoever asked for it."""
