"""What a project may say about evacuation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

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

    @field_validator("origins")
    @classmethod
    def _nobody_twice(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse sets of origins that hold the same people: only points and villages are told apart."""
        if len(set(origins)) != len(origins) or (
            len(origins) != 1 and set(origins) != {"geohazard_points", "villages"}
        ):
            raise ValueError(
                "一个情景只用一种起点，或 geohazard_points 加 villages，否则有人算两次"
                " / one kind of origins a scenario, or geohazard_points with villages: else people count twice"
            )
        return origins


class EvacuationSpec(Record):
    """Evacuation: speeds, the longest walk, whether settlements stay together, the scenarios (the house's when none)."""

    walk_m_s: float | None = Field(default=None, gt=0, le=3)
    slow_walk_m_s: float | None = Field(default=None, gt=0, le=3)
    max_minutes: float | None = Field(default=None, gt=0)
    keep_whole: bool = False
    step_s: float | None = Field(default=None, gt=0)
    call: Bilingual | None = None
    scenarios: tuple[EvacuationScenario, ...] = ()

    @field_validator("scenarios")
    @classmethod
    def _told_apart(cls, scenarios: tuple[EvacuationScenario, ...]) -> tuple[EvacuationScenario, ...]:
        """Refuse two scenarios of one id: their rows and cards would be mixed; file systems do not tell a from A."""
        ids = [scenario.id.lower() for scenario in scenarios]
        again = sorted({id for id in ids if ids.count(id) > 1})
        if again:
            raise ValueError(f"情景编号重复：{'、'.join(again)} / scenarios of the same id: {', '.join(again)}")
        return scenarios
