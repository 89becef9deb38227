"""A place as data: what the generator has to be told about one county or city.

Names, codes and totals in a description are real; hand-drawn points are invented. They are kilometres east and north of
``centre``, or the name of a township, core or park, which stands for its middle. All drawing happens in metres in ``epsg``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from pyproj import Transformer

from .drawing import Coords

LONLAT = "EPSG:4490"
NOTE = "合成示例"

Km = tuple[float, float]
Where = Km | str
Surface = Callable[[Coords, Coords], Coords]
"""Something of kilometres east and north of the centre."""


class Township(NamedTuple):
    """A township: real name and code; people, seat and size factor are invented."""

    name: str
    code: str
    people: int
    seat_km: Km
    size: float = 1.0


@dataclass(frozen=True)
class Core:
    """A town with districts: how many communities it has in which townships."""

    name: str
    centre: Km
    km2: float
    communities: Mapping[str, int]
    stretch: float = 1.12
    spacing: float = 225.0
    angle: float = 6.0
    greens: int = 12


class Park(NamedTuple):
    """An industrial park; the name is invented."""

    name: str
    centre: Km
    km2: float


class Route(NamedTuple):
    """A road to draw through way points; points outside stand for "to the boundary"."""

    rank: int
    name: str
    stops: Sequence[Where]


class Pool(NamedTuple):
    """A reservoir on a river, between two distances from its spring, and where its water runs."""

    name: str
    river: str
    start_m: float
    end_m: float
    wide_m: float
    grade: str
    toward: Km = (0.0, 1.0)


class Fault(NamedTuple):
    """A schematic fault that shakes the ground: distance of the centre (km, west of it), its turn from north, g there."""

    east_km: float
    turn_degrees: float
    strength_g: float
    decay_km: float
    soft_g: float = 0.018


@dataclass(frozen=True)
class Relief:
    """The shape of the ground.

    ``rise`` is how many km a place lies behind the foot of the hills, ``floor`` the height of the valley floors in m.
    """

    rise: Surface
    floor: Surface
    spread_km: float = 8.5
    wobble_km: float = 1.1
    base_m: float = 60.0
    height_m: float = 330.0
    waves_m: tuple[float, float, float] = (5200, 2400, 1000)
    valley_m: float = 1500.0
    ripple_m: float = 1.2


@dataclass(frozen=True)
class Place:
    """A county, district or city, and how it is to be drawn.

    ``grain`` is how coarse the open country is drawn: 1 for a district, more for a larger county.
    """

    name: str
    code: str
    city: str
    epsg: str
    centre: tuple[float, float]
    area_km2: float
    outline_km: Sequence[Km]
    townships: Sequence[Township]
    relief: Relief
    rivers_km: Mapping[str, Sequence[Km]]
    cores: Sequence[Core]
    parks: Sequence[Park]
    routes: Sequence[Route]
    pools: Sequence[Pool] = ()
    rail: str = ""
    rail_km: Sequence[Km] = ()
    motorway: str = ""
    motorway_km: Sequence[Km] = ()
    interchanges: Sequence[str] = ()
    # how fine
    grain: float = 1.0
    unit_m: float = 500.0
    warp_m: float = 650.0
    # people
    settlements: int = 420
    village_gap_m: tuple[float, float] = (860.0, 820.0)
    village_side_m: tuple[float, float] = (250.0, 500.0)
    village_street_m: tuple[float, float] = (78.0, 100.0)
    settlement_weights: tuple[float, float, float] = (3400.0, 1900.0, 760.0)
    household_sizes: tuple[float, float, float, float] = (2.6, 3.1, 2.4, 2.9)
    seat_km2: float = 1.25
    seat_communities: int = 2
    rare_village: str = ""
    clear_of_lines_m: float = 165.0
    clear_of_boundary_m: float = 325.0
    people_seconds: int = 3
    buildings: int = 8000
    empty_buildings: int = 320
    gdp_10k_yuan: int = 0
    weak_townships: Sequence[str] = ()
    tracks: int = 130
    # nature
    forest_ha: float = 0.0
    forest_belts_km: Sequence[Km] = ()
    dem_seconds: int = 3

    @property
    def seed(self) -> int:
        """The one seed of the place: its code."""
        return int(self.code)

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of one step: the one seed plus the step's name."""
        return np.random.default_rng([self.seed, *name.encode()])

    @property
    def urban(self) -> dict[str, Core]:
        """The core of each township that has a share in one."""
        return {town: core for core in self.cores for town in core.communities}

    def spot(self, where: Where) -> Km:
        """Return kilometres from the centre of a township's seat, a core, a park, or of a point that is given so."""
        if not isinstance(where, str):
            return where
        found = {p.name: p.centre for p in (*self.cores, *self.parks)} | {t.name: t.seat_km for t in self.townships}
        return found[where]

    def metres(self, points: Sequence[Where]) -> Coords:
        """Turn hand-drawn points into metres in ``epsg``."""
        return np.asarray([self.spot(p) for p in points], dtype=float) * 1000 + self.centre

    def km(self, x: Coords, y: Coords) -> tuple[Coords, Coords]:
        """Return kilometres east and north of the centre."""
        return (x - self.centre[0]) / 1000, (y - self.centre[1]) / 1000

    def to_lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Coords, Coords]:
        """Return longitude and latitude (EPSG:4490) of points in ``epsg``."""
        lon, lat = transformer(self.epsg, LONLAT).transform(np.asarray(x, float), np.asarray(y, float))
        return np.asarray(lon), np.asarray(lat)

    def to_metric(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Coords, Coords]:
        """Return metres in ``epsg`` of points given in degrees (EPSG:4490)."""
        x, y = transformer(LONLAT, self.epsg).transform(np.asarray(lon, float), np.asarray(lat, float))
        return np.asarray(x), np.asarray(y)


@cache
def transformer(source: str, target: str) -> Transformer:
    """Return the transformation between two systems, x before y."""
    return Transformer.from_crs(source, target, always_xy=True)
