"""The seeded single faults: a module of this package that defines ``FAULTS`` is found by the switchboard."""
