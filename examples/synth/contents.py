"""What stands in a place beside its land and people: the figures of its plan, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd

from .country import Country
from .files import Writer
from .geohazards import Danger, Home, Site
from .pipelines import Pipe
from .place import Fault, Place, Surface
from .plants import Industry
from .services import Service, Station, Store
from .shelters import Refuge

Facts = dict[str, Any]
Register = Callable[[Country], tuple[list[Danger], list[Site], list[Home]]]
"""Chooses the registered geohazards, where they are, and the households below them."""
Extra = Callable[[Country, gpd.GeoDataFrame, Writer], Facts]
"""Writes what one place alone has; takes the country and its buildings."""


@dataclass(frozen=True)
class Contents:
    """Everything that is counted in a place. What is left empty the place has not.

    ``flood_m`` says how deep the water stands over the banks of each river, ``teams`` gives kinds and numbers,
    ``tailings`` ranks villages by hilliness (see ``geohazards.tailings_dams``).
    """

    place: Place
    title: str
    fault: Fault
    flood_m: Mapping[str, float]
    rain: Surface
    stations: Sequence[Station]
    services: Mapping[str, Service]
    refuge: Refuge
    teams: Mapping[str, int]
    stores: Sequence[Store]
    weak_townships: Sequence[str] = ()
    flood_step_m: int = 50
    pipes: Sequence[Pipe] = ()
    pipe_km: Mapping[str, float] = field(default_factory=dict)
    industry: Industry | None = None
    register: Register | None = None
    tailings: Sequence[tuple[int, str, float]] = ()
    team_people: Mapping[str, int] = field(default_factory=dict)
    wardens_a_town: int = 2
    unsurveyed: bool = False
    extra: Extra | None = None
