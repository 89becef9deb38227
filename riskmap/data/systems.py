"""In which system coordinates really are: stated, missing, contradicted by the numbers, on an old datum, shifted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from riskmap import webdatums
from riskmap.crs import LONLAT, name, parse, same
from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.data.ledger import LISTED, Ledger, rows_text
from riskmap.data.rules import listed
from riskmap.data.spec import LayerSpec
from riskmap.errors import RiskmapError
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

OLD_DATUMS = ("beijing", "xian", "xi'an", "xi_an")
OLD_AXES_M = (6378245.0, 6378140.0)
"""Semi-major axes of Krassowsky 1940 (Beijing 54) and IAG 1975 (Xian 80), whatever the datum is called."""

NORTHINGS = (1.8e6, 6.0e6)
"""Northings of the country, metres."""

EASTINGS = (1e5, 9e5)
"""Eastings without a zone prefix, metres."""

FIRST_PREFIXED = 13e6
"""Eastings of the first zone that bears its number in front, metres."""

FARTHEST_M = 6.5e5
"""From the middle of a zone to the last easting that is still of it, metres: the next zone's begin farther away."""

THREE_DEGREE, SIX_DEGREE = range(25, 46), range(13, 24)
"""Zone prefixes: millions of an easting."""


def declared_system(value: Any, spec: LayerSpec, file: str) -> pyproj.CRS:
    """Give the system that a declaration names; GCJ-02 and BD-09 are degrees that are shifted later.

    Raises
    ------
    CRSError, MissingCRSError
    """
    if webdatums.named(value):
        return LONLAT
    try:
        return parse(value, file=file, layer=spec.id)
    except RiskmapError as error:
        raise rules.error("CRS_UNKNOWN", value=value, file=file, layer=spec.id) from error


def in_stated_system(
    frame: gpd.GeoDataFrame, declared: str | None, spec: LayerSpec, ledger: Ledger
) -> tuple[gpd.GeoDataFrame, str]:
    """Give the frame in the system that it is really in, and that system's name.

    Coordinates that are declared as GCJ-02 or BD-09 are brought to EPSG:4490; that is the only shift done here.

    Raises
    ------
    MissingCRSError
        Neither the file nor the project says one; with what the numbers look like.
    CRSError
        The numbers contradict the system, or the datum has no public transformation.
    """
    file = ledger.file
    if frame.crs is None and declared is None:
        raise missing(*_corners(frame), spec, file)
    if declared is not None:
        system, web = declared_system(declared, spec, file), webdatums.named(declared)
        # no file can say GCJ-02 itself: over degrees of whatever datum that contradicts nothing
        if frame.crs is not None and not same(frame.crs, system) and not (web and frame.crs.is_geographic):
            ledger.note("CRS_OVERRIDDEN", file_says=name(frame.crs), declared=web or name(system))
        frame = frame.set_crs(system, allow_override=True)
    refuse_old_datum(frame.crs, spec, file)
    if frame.crs.is_bound:
        ledger.note("CRS_STATED_SHIFT", value=str(declared or frame.crs.to_string()))
    refuse_impossible(frame.crs, *_corners(frame), spec, file)
    _refuse_several_zones(frame, spec, ledger)
    web = webdatums.named(declared)
    if web:
        return _unshifted(frame, web, ledger), web
    return frame, name(frame.crs)


def _unshifted(frame: gpd.GeoDataFrame, web: webdatums.WebDatum, ledger: Ledger) -> gpd.GeoDataFrame:
    """Bring geometries declared as GCJ-02 or BD-09 to EPSG:4490."""
    import shapely

    shapes = frame.geometry.to_numpy()
    back = moved(shapes, webdatums.FROM[web])
    old, new = (shapely.get_coordinates(g) for g in (shapes, back))
    metres = 0.0
    if len(old):
        _, _, far = pyproj.Geod(ellps="GRS80").inv(old[:, 0], old[:, 1], new[:, 0], new[:, 1])
        metres = float(np.mean(far))
    ledger.note("CRS_CONVERTED", name=web, metres=metres, facts={"moved_m": round(metres, 1)})
    return frame.set_geometry(back, crs=LONLAT)


def moved(shapes: Any, way: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    """Give geometries with x and y sent through ``way``; heights stay as they are."""
    import shapely

    made = np.asarray(shapes, dtype=object).copy()
    for deep in (False, True):
        chosen = shapely.has_z(made) == deep

        def sent(xyz: Any) -> Any:
            return np.column_stack([*way(xyz[:, 0], xyz[:, 1]), *xyz.T[2:]])

        made[chosen] = shapely.transform(made[chosen], sent, include_z=deep)
    return made


def _corners(frame: gpd.GeoDataFrame) -> tuple[Any, Any]:
    bounds = frame.total_bounds
    return bounds[[0, 2]], bounds[[1, 3]]


def missing(x: Any, y: Any, spec: LayerSpec, file: str) -> RiskmapError:
    """Give the error for coordinates without a system, with what they look like and what to try first."""
    looks, say = guess(np.asarray(x, float), np.asarray(y, float))
    return rules.error("CRS_MISSING", looks=looks, say=say, file=file, layer=spec.id)


def guess(x: Any, y: Any) -> tuple[Text, str]:
    """Say what coordinates look like, and the system one would try first.

    Parameters
    ----------
    x, y : float arrays
        NaN is passed over.
    """
    x, y = x[~np.isnan(x)], y[~np.isnan(y)]
    if not len(x) or not len(y):
        return Text("没有坐标可看", "there are no coordinates to look at"), "EPSG:4490"
    return _degrees(x, y) or _metres(x, y) or NO_IDEA


NO_IDEA = Text("数值不像国内常用的坐标", "the numbers look like no system in common use here"), "EPSG:…"


def _degrees(x: Any, y: Any) -> tuple[Text, str] | None:
    """Say which degrees the numbers look like, None when they look like none."""
    lon, lat = ranges()
    if _within(x, lon) and _within(y, lat):
        return Text("数值像经纬度（度），基准未知", "the numbers look like degrees; the datum is unknown"), "EPSG:4490"
    if _within(x, lat) and _within(y, lon):
        return Text("数值像纬度、经度（次序颠倒）", "the numbers look like latitude, longitude (swapped)"), "EPSG:4490"
    if _within(x, (-180, 180)) and _within(y, (-90, 90)):
        zh = "数值像经纬度（度），超出国内范围，基准未知"
        return Text(zh, "the numbers look like degrees, some outside the country; the datum is unknown"), "EPSG:4490"
    return None


def _metres(x: Any, y: Any) -> tuple[Text, str] | None:
    """Say which Gauss-Kruger metres the numbers look like, None when they look like none."""
    if _within(x, NORTHINGS) and (_within(y, EASTINGS) or prefix_of(y)):
        say = (prefix_of(y) or (3, "EPSG:45xx"))[1]
        return Text("数值像北、东次序（X 为北）", "the numbers look like northing, easting (axes swapped)"), say
    zone = prefix_of(x)
    if zone:
        degrees, say = zone
        prefix = int(np.median(x) // 1e6)
        zh = f"数值像 {degrees} 度带第 {prefix} 带（带号在前）"
        return Text(zh, f"the numbers look like {degrees}-degree zone {prefix} with prefix"), say
    if _within(x, EASTINGS) and _within(y, NORTHINGS):
        zh = "数值像不带带号的高斯坐标（米），带号未知"
        return Text(zh, "the numbers look like Gauss-Kruger metres without prefix; the zone is unknown"), "EPSG:45xx"
    return None


def ranges() -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the ranges of longitude and latitude of the country, degrees; they do not meet."""
    facts = house().facts("coordinates").values
    return tuple(facts["lon_range"].value), tuple(facts["lat_range"].value)


def prefix_of(eastings: Any) -> tuple[int, str] | None:
    """Give the kind of zone (3 or 6 degrees) and the system that the eastings' prefix names, None without one."""
    prefixes = np.unique(eastings // 1e6).astype(int)
    if len(prefixes) != 1:
        return None
    if prefixes[0] in THREE_DEGREE:
        return 3, f"EPSG:{4513 + prefixes[0] - 25}"
    return (6, f"EPSG:{4491 + prefixes[0] - 13}") if prefixes[0] in SIX_DEGREE else None


def zones(west: float, east: float) -> list[str]:
    """Give the CGCS2000 systems that eastings of this size may be in, the 3-degree ones first."""
    zone = prefix_of(np.array([west, east]))
    if zone:
        return [zone[1]]
    return [f"EPSG:{code}" for code in (*range(4534, 4555), *range(4502, 4513))]


def swapped(x: Any, y: Any, crs: pyproj.CRS) -> Any:
    """Tell of each pair whether it makes sense only with x and y exchanged.

    The ranges of longitude and latitude of the country do not meet, nor do those of eastings and northings, so the answer
    is certain wherever it is yes.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if crs.is_geographic:
        lon, lat = ranges()
        return _in(y, lon) & _in(x, lat)
    prefixed = (y >= 13e6) & (y < 46e6)
    return _in(x, NORTHINGS) & (_in(y, EASTINGS) | prefixed)


def _in(values: Any, bounds: tuple[float, float]) -> Any:
    return (values >= bounds[0]) & (values <= bounds[1])


def _within(values: Any, bounds: tuple[float, float]) -> bool:
    return bool(_in(values, bounds).all())


def refuse_old_datum(crs: pyproj.CRS, spec: LayerSpec, file: str) -> None:
    """Raise for Beijing 54 and Xian 80, unless the declaration brings its own parameters.

    Raises
    ------
    CRSError
    """
    if crs.is_bound:
        return
    datum = (crs.datum.name if crs.datum else "").lower()
    axis = crs.ellipsoid.semi_major_metre if crs.ellipsoid else None
    if any(word in datum for word in OLD_DATUMS) or axis in OLD_AXES_M:
        raise rules.error("CRS_OLD_DATUM", name=name(crs), file=file, layer=spec.id)


def refuse_impossible(crs: pyproj.CRS, x: Any, y: Any, spec: LayerSpec, file: str) -> None:
    """Raise when the numbers cannot be in the system: degrees in a metric one, a zone prefix too many, too few or another.

    Parameters
    ----------
    crs : CRS
    x, y : (least, greatest)

    Raises
    ------
    CRSError
    """
    if np.isnan(x).any():
        return
    west, east = float(x[0]), float(x[1])
    degrees = abs(west) <= 180 and abs(east) <= 180 and np.abs(y).max() <= 90
    looks, say = guess(np.asarray(x, float), np.asarray(y, float))
    values: dict[str, Any] = {"name": name(crs), "west": west, "east": east, "looks": looks, "say": say}
    if crs.is_geographic != degrees:
        raise rules.error("CRS_CONTRADICTED", file=file, layer=spec.id, **values)
    false_easting = _false_easting(crs)
    if not degrees and false_easting is not None and _in_another_zone(np.array([west, east]), false_easting).all():
        raise rules.error("CRS_ZONE_PREFIX", file=file, layer=spec.id, **values)


def _in_another_zone(x: Any, false_easting: float) -> Any:
    """Tell which eastings have another zone's prefix, or one where the system has none, or none where it has one.

    A system without prefix may reach far beyond its zone (a whole province), but never to the first prefix.
    """
    if false_easting < FIRST_PREFIXED:
        return x > FIRST_PREFIXED
    return np.abs(x - false_easting) > FARTHEST_M


def _refuse_several_zones(frame: gpd.GeoDataFrame, spec: LayerSpec, ledger: Ledger) -> None:
    """Raise when some rows are in another zone than the layer's system.

    Raises
    ------
    CRSError
    """
    false_easting = None if frame.crs.is_geographic else _false_easting(frame.crs)
    if false_easting is None:
        return
    west = frame.geometry.bounds["minx"]
    off = west[_in_another_zone(west.to_numpy(), false_easting)]
    if not len(off):
        return
    zones = listed([str(p) if p else "-" for p in sorted(set((off // 1e6).astype(int)))])
    values: dict[str, Any] = {"zones": zones, "sample": float(off.iloc[0]), "name": name(frame.crs)}
    rows = rows_text(tuple(ledger.names.of(off.index[:LISTED])), len(off))
    raise rules.error("CRS_ZONES_MIXED", rows=rows, file=ledger.file, layer=spec.id, **values)


def _false_easting(crs: pyproj.CRS) -> float | None:
    """Give the false easting of a transverse Mercator system; others (Web Mercator, Albers) have no zone prefix."""
    own = crs.source_crs or crs if crs.is_bound else crs
    operation = own.coordinate_operation
    if operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    return next((float(p.value) for p in operation.params if p.name == "False easting"), None)
