"""The project's area, and layers in its system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyproj

from riskmap.crs import LONLAT, name, same, transformer
from riskmap.data import rules
from riskmap.data.spec import LayerSpec
from riskmap.data.systems import zones

if TYPE_CHECKING:
    import geopandas as gpd

PEOPLE = ("threatened_people", "population", "people", "capacity", "people_below")
"""Fields whose sum is told for rows that have no position, so that their people are not forgotten."""


@dataclass(frozen=True)
class Area:
    """The project's area as one geometry in the project's system: tells a wrong system from a right one."""

    geometry: Any
    crs: pyproj.CRS

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.geometry.bounds


def reproject(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Give the frame in another system; a frame already there is returned as it is.

    Raises
    ------
    CRSError
        There is no way from its system to the other: a .prj that was damaged.
    """
    try:
        return frame.set_crs(crs, allow_override=True) if same(frame.crs, crs) else frame.to_crs(crs)
    except pyproj.exceptions.ProjError as error:
        raise rules.error("CRS_UNKNOWN", value=name(frame.crs)) from error


def require_in_area(
    frame: gpd.GeoDataFrame, area: Area, spec: LayerSpec, file: str, *, given: gpd.GeoDataFrame
) -> None:
    """Raise when a whole layer lies farther from the area than the area is wide: a wrong zone, not a neighbour.

    Parameters
    ----------
    frame : GeoDataFrame
        In the area's system.
    area : Area
    spec : LayerSpec
    file : str
    given : GeoDataFrame
        The same rows in the system that they were delivered in: which zone would put them into the area?

    Raises
    ------
    CRSError
        Another zone would put the layer into the area, or it came in projected coordinates.
    DataError
        The layer is in degrees: it is another place's file.
    """
    km = _km_outside(frame.total_bounds, area)
    if km is None:
        return
    if given.crs.is_geographic:
        raise rules.error("LAYER_ELSEWHERE", km=km, layer=spec.id, file=file)
    fitting = _systems_that_fit(given.total_bounds, area)
    say = "crs: " + " / ".join(fitting) if fitting else "crs: EPSG:…"
    raise rules.error("CRS_AREA_MISMATCH", km=km, name=name(given.crs), say=say, layer=spec.id, file=file)


def _km_outside(bounds: Any, area: Area) -> float | None:
    """Give how far bounds lie outside the area, None when they are as near as the area is wide."""
    west, south, east, north = bounds
    w, s, e, n = area.bounds
    dx, dy = e - w, n - s
    if west != west or (west <= e + dx and east >= w - dx and south <= n + dy and north >= s - dy):  # noqa: PLR0124
        return None
    return max(west - e, w - east, south - n, s - north) / 1000


def _systems_that_fit(bounds: Any, area: Area) -> list[str]:
    """Give the CGCS2000 systems in which the numbers would lie in the area."""
    west, south, east, north = bounds
    fitting = []
    for epsg in zones(west, east):
        x, y = transformer(epsg, area.crs).transform((west + east) / 2, (south + north) / 2)
        if _km_outside((x, y, x, y), area) is None:
            fitting.append(epsg)
    return fitting


def people_text(frame: Any, spec: LayerSpec) -> tuple[str, str, float | None]:
    """Give the sum of the people of some rows, in Chinese, in English and as a number, empty when none are stated."""
    for field in PEOPLE:
        if field in spec.fields and field in frame.columns and frame[field].notna().any():
            total = float(frame[field].sum())
            title = spec.fields[field].title
            return f"（{title.zh}共 {total:,.0f}）", f" ({title.en}: {total:,.0f})", total
    return "", "", None


def centre_lonlat(area: Area) -> tuple[float, float]:
    """Give longitude and latitude of the middle of the area's bounds, degrees."""
    west, south, east, north = area.bounds
    return transformer(area.crs, LONLAT).transform((west + east) / 2, (south + north) / 2)
