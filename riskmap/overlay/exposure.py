"""What is inside a zone: people, households, facilities, roads and cell colours. Used by all three overlays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap import fields
from riskmap.crs import require_same
from riskmap.errors import ConservationError
from riskmap.grid import Raster
from riskmap.landing import covered_cells
from riskmap.levels import LEVELS
from riskmap.overlay import rules
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

Source = Literal["buildings", "raster", "villages"]
PEOPLE_TOLERANCE = 1e-6
ROUND_BY = 32
"""Segments of a quarter circle of the zones: the area of a circle to 0.01 %."""


@dataclass(frozen=True, eq=False)
class Settled:
    """Where people are counted: one source, so that nobody is counted twice.

    Attributes
    ----------
    source : {"buildings", "raster", "villages"}
    cells : Raster, optional
        People per cell; NaN unknown.
    places : GeoDataFrame, optional
        Points or polygons with ``people`` and ``households``, NaN unknown. Buildings count where their inner point lies,
        whole; village polygons by the share of their area.
    unknown : int
        Cells or places whose people are not known.
    """

    source: Source
    cells: Raster | None = None
    places: gpd.GeoDataFrame | Any = None
    unknown: int = 0

    def total(self) -> float:
        """Give all people of the source."""
        counted = self.cells.values if self.cells is not None else self.places[fields.PEOPLE].to_numpy()
        return float(np.nansum(counted))


def settled(
    *,
    buildings: gpd.GeoDataFrame | None = None,
    cells: Raster | None = None,
    villages: gpd.GeoDataFrame | None = None,
    prefer: Source | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Settled | None:
    """Choose where people are counted: the one asked for, else the first of the house's order that covers the area.

    Parameters
    ----------
    buildings : GeoDataFrame, optional
        With ``people``; used by itself only when at least 90 % of the dwellings state them.
    cells : Raster, optional
        People per cell.
    villages : GeoDataFrame, optional
        With ``population``.
    prefer : {"buildings", "raster", "villages"}, optional
    constants : mapping, optional
        Values of the topic ``exposure``.

    Returns
    -------
    Settled or None
        None when no source has people.
    """
    known = rules.values("exposure") if constants is None else constants
    makers = {
        "buildings": lambda: _of_buildings(buildings, 0.0 if prefer == "buildings" else known["complete_share"]),
        "raster": lambda: None if cells is None else Settled("raster", cells=cells),
        "villages": lambda: _of_places(villages, "population", "villages"),
    }
    order: Iterable[str] = known["people_order"] if prefer is None else (prefer,)
    return next((found for name in order if name in get_args(Source) and (found := makers[name]()) is not None), None)


def _of_buildings(buildings: gpd.GeoDataFrame | None, complete: float) -> Settled | None:
    if buildings is None or fields.PEOPLE not in buildings.columns:
        return None
    homes = pd.Series(True, index=buildings.index)
    if "use" in buildings.columns:
        homes = buildings["use"].isna() | buildings["use"].isin(rules.values("pipelines")["dwelling_uses"])
    stated = buildings[fields.PEOPLE].notna()
    if not stated.any() or stated[homes].mean() < complete:
        return None
    places = _places(buildings, fields.PEOPLE)
    inner = places.geometry.representative_point()
    # a shed without people is nobody unknown
    unknown = int((homes & ~stated).sum())
    return Settled("buildings", places=places.set_geometry(inner), unknown=unknown)


def _of_places(frame: gpd.GeoDataFrame | None, column: str, source: Source) -> Settled | None:
    if frame is None or column not in frame.columns or not frame[column].notna().any():
        return None
    places = _places(frame, column)
    return Settled(source, places=places, unknown=int(places[fields.PEOPLE].isna().sum()))


def _places(frame: gpd.GeoDataFrame, column: str) -> gpd.GeoDataFrame:
    """Give people and households as floats; NaN unknown."""
    import geopandas as gpd

    people = pd.to_numeric(frame[column], errors="coerce").astype(float)
    households = pd.Series(np.nan, index=frame.index)
    if "households" in frame.columns:
        households = pd.to_numeric(frame["households"], errors="coerce").astype(float)
    counted = {fields.PEOPLE: people.to_numpy(float), "households": households.to_numpy(float)}
    return gpd.GeoDataFrame(counted, geometry=frame.geometry.to_numpy(), crs=frame.crs)


def people_in(zones: gpd.GeoDataFrame, where: Settled) -> pd.DataFrame:
    """Count the people of each zone; zones may overlap, each is counted by itself.

    Parameters
    ----------
    zones : GeoDataFrame
        Polygons in the system of the people.
    where : Settled

    Returns
    -------
    DataFrame
        On the zones' index: ``people``, ``households`` (NaN where the source has none), ``unknown`` (places or cells in the
        zone whose people are not known; they count as nobody).
    """
    if where.cells is not None:
        return _people_of_cells(zones, where.cells)
    places = where.places
    require_same(zones.crs, places.crs, what=Text("影响范围与人口", "zones and people"))
    zone, place = shapely.STRtree(places.geometry.to_numpy()).query(zones.geometry.to_numpy(), predicate="intersects")
    share = _share(zones, places, zone, place)
    out = pd.DataFrame(index=zones.index)
    for column in (fields.PEOPLE, "households"):
        amounts = places[column].to_numpy(float)[place]
        given = np.bincount(zone, np.nan_to_num(amounts) * share, minlength=len(zones))
        out[column] = given if not places[column].isna().all() else np.nan
    unknown = np.isnan(places[fields.PEOPLE].to_numpy(float)[place]) & (share > 0)
    out["unknown"] = np.bincount(zone, unknown, minlength=len(zones)).astype(int)
    return out


def _share(zones: gpd.GeoDataFrame, places: gpd.GeoDataFrame, zone: NDArray[Any], place: NDArray[Any]) -> NDArray[Any]:
    """Give the share of each place in each zone: 1 for points, the share of the area for polygons."""
    shapes = places.geometry.to_numpy()[place]
    area = shapely.area(shapes)
    flat = area > 0
    share = np.ones(len(place))
    inner = shapely.intersection(shapes[flat], zones.geometry.to_numpy()[zone[flat]])
    share[flat] = shapely.area(inner) / area[flat]
    return share


def _people_of_cells(zones: gpd.GeoDataFrame, cells: Raster) -> pd.DataFrame:
    amounts = cells.values.ravel().astype(float)
    people, unknown = np.zeros(len(zones)), np.zeros(len(zones), int)
    # ground beyond the grid is one more place of unknown people
    beyond = ~shapely.covered_by(zones.geometry.to_numpy(), shapely.box(*cells.grid.bounds))
    for n, (at, share) in enumerate(covered_cells(zones, cells.grid)):
        people[n] = np.nansum(amounts[at] * share)
        unknown[n] = int((np.isnan(amounts[at]) & (share > 0)).sum() + beyond[n])
    return pd.DataFrame({fields.PEOPLE: people, "households": np.nan, "unknown": unknown}, index=zones.index)


def count_in(zones: gpd.GeoDataFrame, objects: gpd.GeoDataFrame, groups: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """Count objects in each zone by groups of their ``kind``; a column per group, on the zones' index."""
    require_same(zones.crs, objects.crs, what=Text("影响范围与设施", "zones and facilities"))
    zone, at = shapely.STRtree(objects.geometry.to_numpy()).query(zones.geometry.to_numpy(), predicate="intersects")
    kind = objects["kind"].to_numpy(object)[at]
    return pd.DataFrame(
        {
            group: np.bincount(zone, np.isin(kind, list(kinds)), minlength=len(zones)).astype(int)
            for group, kinds in groups.items()
        },
        index=zones.index,
    )


def road_km(zones: gpd.GeoDataFrame, roads: gpd.GeoDataFrame) -> pd.Series:
    """Give the road length in each zone, km; roads drawn twice (a row per direction) count once."""
    require_same(zones.crs, roads.crs, what=Text("影响范围与道路", "zones and roads"))
    shapes = once(roads.geometry.to_numpy())
    zone, at = shapely.STRtree(shapes).query(zones.geometry.to_numpy(), predicate="intersects")
    metres = shapely.length(shapely.intersection(shapes[at], zones.geometry.to_numpy()[zone]))
    return pd.Series(np.bincount(zone, metres, minlength=len(zones)) / 1000, index=zones.index)


def once(shapes: NDArray[Any]) -> NDArray[Any]:
    """Leave out geometries that run along the same line as an earlier one, either way round."""
    keys = pd.Series(shapely.to_wkb(shapely.normalize(shapes)))
    return shapes[~keys.duplicated().to_numpy()]


def colours_in(zones: gpd.GeoDataFrame, levels: Raster) -> pd.DataFrame:
    """Give the area of each level in each zone, km2 (``km2_red`` ... ``km2_unknown``), and the worst, ``cell_level``.

    Ground of the zone beyond the grid has no level and is not in these figures.
    """
    codes = levels.values.ravel()
    km2 = np.zeros((len(zones), len(LEVELS)))
    for n, (at, share) in enumerate(covered_cells(zones, levels.grid)):
        km2[n] = np.bincount(codes[at], share, minlength=len(LEVELS)) * levels.grid.cell_area / 1e6
    out = pd.DataFrame({f"km2_{fields.COLOURS[code]}": km2[:, code] for code in range(len(LEVELS))}, index=zones.index)
    out["cell_level"] = np.where(km2 > 0, np.arange(len(LEVELS)), 0).max(axis=1)
    return out


def exposed(
    zones: gpd.GeoDataFrame,
    *,
    people: Settled | None,
    facilities: gpd.GeoDataFrame | None = None,
    roads: gpd.GeoDataFrame | None = None,
    levels: Raster | None = None,
    constants: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Give everything that is inside each zone.

    Returns
    -------
    DataFrame
        On the zones' index: ``people, households, unknown, schools, hospitals, key_units, road_km, km2_<colour>,
        cell_level``; a column whose source is not given is all missing, never 0.
    """
    known = rules.values("exposure") if constants is None else constants
    groups = {g: known[g] for g in ("schools", "hospitals", "key_units")}
    empty = pd.DataFrame(index=zones.index)
    parts = [
        people_in(zones, people) if people else empty.assign(people=np.nan, households=np.nan, unknown=0),
        count_in(zones, facilities, groups) if facilities is not None else empty.assign(**dict.fromkeys(groups, pd.NA)),
        empty.assign(road_km=road_km(zones, roads) if roads is not None else np.nan),
        colours_in(zones, levels) if levels is not None else empty,
    ]
    return pd.concat(parts, axis=1)


def exposed_once(zones: gpd.GeoDataFrame, units: Sequence[Any] = (), **sources: Any) -> pd.DataFrame:
    """Give what is inside all zones together, ground and people under several zones counted once.

    Parameters
    ----------
    zones : GeoDataFrame
        Polygons; they may overlap.
    units : sequence of geometries, optional
        Ground of townships without overlap, in the system of the zones.
    **sources
        See :func:`exposed`.

    Returns
    -------
    DataFrame
        ``zones`` (their number), ``area_km2`` and the columns of :func:`exposed`; the first row is of all ground, the rest of
        that in each unit.

    Raises
    ------
    ConservationError
        The people inside and outside do not add up to all: a bug of ours.
    """
    import geopandas as gpd

    whole = zones.geometry.union_all()
    people = sources.get("people")
    if people is not None:
        require_conserved(gpd.GeoDataFrame(geometry=[whole], crs=zones.crs), people)
    ground = [whole, *(shapely.intersection(whole, unit) for unit in units)]
    held = [len(zones), *(int(zones.intersects(unit).sum()) for unit in units)]
    parts = gpd.GeoDataFrame(geometry=ground, crs=zones.crs)
    sized = pd.DataFrame({"zones": held, fields.AREA_KM2: parts.area / 1e6})
    return sized.join(exposed(parts, **sources))


def require_conserved(zone: gpd.GeoDataFrame, people: Settled) -> None:
    """Raise unless the people inside a zone and those outside it add up to all.

    Raises
    ------
    ConservationError
    """
    import geopandas as gpd

    bounds = people.cells.grid.bounds if people.cells is not None else tuple(people.places.total_bounds)
    frame = shapely.box(*bounds).buffer(1.0, join_style="mitre")
    rest = gpd.GeoDataFrame(geometry=[shapely.difference(frame, zone.geometry.iloc[0])], crs=zone.crs)
    inside, outside = (float(people_in(z, people)[fields.PEOPLE].iloc[0]) for z in (zone, rest))
    if people.places is not None:
        # a house on the very edge is in the zone, and would be counted again by the ground beside it
        shapes = people.places.geometry.to_numpy()
        edge = shapely.intersects(shapes, zone.geometry.iloc[0]) & shapely.intersects(shapes, rest.geometry.iloc[0])
        edge &= shapely.get_dimensions(shapes) == 0
        outside -= float(np.nansum(people.places[fields.PEOPLE].to_numpy(float)[edge]))
    total = people.total()
    if abs(inside + outside - total) > PEOPLE_TOLERANCE * max(total, 1.0):
        raise ConservationError(
            Text(
                f"人口不守恒：范围内 {inside!r} 加范围外 {outside!r} 不等于 {total!r}",
                f"people inside {inside!r} and outside {outside!r} do not add up to {total!r}",
            )
        )
