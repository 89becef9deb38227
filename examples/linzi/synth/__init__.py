"""Seeded generator of the Linzi example: every position in it is invented."""
