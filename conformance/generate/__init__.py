"""Requests that the suite invents: the cases of schemathesis, and the wrong requests of the catalogue."""
