"""Seeded generator of the example places: every position that it makes is invented."""
