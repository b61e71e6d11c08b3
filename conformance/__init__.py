"""The machinery of the suite: it tests an HTTP API against a contract, a catalogue of requirements and features."""

__version__ = "0.1.0"
