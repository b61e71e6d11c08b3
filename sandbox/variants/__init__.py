"""The lawful variants: a module of this package that defines ``VARIANTS`` is found by the switchboard."""
