"""Evacuation: who goes to which shelter, and how long it takes until all are there."""

from __future__ import annotations

from riskmap.network.evacuation_assignment import Assignment, Nearest, assign, nearest_shelter
from riskmap.network.evacuation_clearance import Clearance, clearance

__all__ = ["Assignment", "Clearance", "Nearest", "assign", "clearance", "nearest_shelter"]
