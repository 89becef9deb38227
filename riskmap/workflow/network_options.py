"""What a project file may say about roads, the fire circle, siting and reach: strict records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from riskmap.data.spec import Bilingual, Record


class NetworkSpec(Record):
    """How roads become a network."""

    node_crossings: bool = False
    close_gaps_m: float = Field(default=0.0, ge=0, le=50)
    report_gaps_m: float | None = Field(default=None, ge=0, le=100)
    slopes: bool = False


class FireSpec(Record):
    """The fire circle."""

    limit_s: float = Field(default=300, gt=0)
    turnout_s: float = Field(default=60, ge=0)
    speeds_kmh: dict[str, float] = {}
    obey_oneway: bool = True
    maxspeed: Literal["cap", "use", "ignore"] = "cap"
    hour_factor: float | None = Field(default=None, gt=0, le=2)
    depth_m: float | None = Field(default=None, gt=0)
    max_snap_m: float | None = Field(default=None, gt=0)


class SitingSpec(Record):
    """Where to build fire stations."""

    problem: Literal["max_coverage", "fewest_sites", "p_median", "p_center"] = "max_coverage"
    extra: int = Field(default=5, ge=0, le=50)
    spacing_m: float | None = Field(default=None, gt=0)
    within: Literal["built_up", "boundary"] = "built_up"
    time_limit_s: float | None = Field(default=None, gt=0)


class ReachSpec(Record):
    """One question of reach: who comes from where to what, in what time."""

    id: str
    title: Bilingual
    sources: str = Field(alias="from")
    source_kinds: tuple[str, ...] = ()
    to: str
    kinds: tuple[str, ...] = ()
    levels: tuple[Literal[1, 2, 3, 4], ...] = ()
    limit_min: float = Field(gt=0)
    ready_min: float = Field(default=0, ge=0)
    mode: Literal["fire", "car", "pedestrian"] = "car"
    speeds_kmh: dict[str, float] = {}
    max_snap_m: float | None = Field(default=None, gt=0)
