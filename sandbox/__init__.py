"""The embedded default target: a reference implementation of the contract, with seeded faults and lawful variants.

It imports nothing of the suite and is reached over HTTP alone. Start it with ``python -m sandbox``.
"""
