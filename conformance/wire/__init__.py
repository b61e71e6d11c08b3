"""The one way out: every request to the target, and everything that may happen to it."""
