"""What a project may say about evacuation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from riskmap.data.spec import Bilingual, Record


class EvacuationScenario(Record):
    """One evacuation: from which hazard, who, on foot or in vehicles, and when they are warned."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: Bilingual | None = None
    hazard: str
    ids: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    also: tuple[str, ...] | None = None
    origins: tuple[Literal["geohazard_points", "villages", "zones", "cells"], ...]
    mode: Literal["walk", "vehicle"] = "walk"
    vehicles: bool = True
    night: bool = False
    wind_from_degrees: float | None = Field(default=None, ge=0, le=360)
    warning_min: float | None = Field(default=None, ge=0)
    preparation_min: float | None = Field(default=None, ge=0)
    signal: Bilingual | None = None


class EvacuationSpec(Record):
    """Evacuation: speeds, the longest walk, whether settlements stay together, the scenarios (the house's when none)."""

    walk_m_s: float | None = Field(default=None, gt=0, le=3)
    slow_walk_m_s: float | None = Field(default=None, gt=0, le=3)
    max_minutes: float | None = Field(default=None, gt=0)
    keep_whole: bool = False
    step_s: float | None = Field(default=None, gt=0)
    call: Bilingual | None = None
    scenarios: tuple[EvacuationScenario, ...] = ()
