"""How fast the suite is, as ratios that are measured in one run: see `docs/speed.md`."""
