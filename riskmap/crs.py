"""Coordinate systems: parsing, comparing, and the CGCS2000 zone of an area."""

from __future__ import annotations

from typing import Any

import pyproj
from pyproj.exceptions import CRSError as ProjError

from riskmap.errors import CRSError, CRSMismatchError, MissingCRSError
from riskmap.text import Text

LONLAT = pyproj.CRS.from_epsg(4490)
"""CGCS2000 longitude and latitude in degrees, the system of every lon/lat that riskmap prints."""

AREA_ERROR = 0.01
"""A neighbouring 3-degree zone stays below it; reported areas are planar (contract 11.6)."""

FIRST_ZONE_LON, LAST_ZONE_LON = 75, 135
FIRST_ZONE_EPSG = 4534
"""EPSG codes 4534-4554: CGCS2000 3-degree Gauss-Kruger, central meridians 75E-135E, no zone prefix (standards 9.1)."""


def parse(value: Any, *, file: str | None = None, layer: str | None = None) -> pyproj.CRS:
    """Give the coordinate system that ``value`` names.

    Parameters
    ----------
    value : str, int or anything pyproj accepts
        ``"EPSG:4548"``, WKT, a CRS.
    file, layer : str, optional
        Where it was said, for the message.

    Raises
    ------
    CRSError
        If it names none.
    MissingCRSError
        If it is None.
    """
    if value is None:
        raise MissingCRSError(
            Text("没有坐标系", "no coordinate system"),
            remedy=Text("在项目文件里写明 crs: EPSG:…", "say crs: EPSG:... in the project file"),
            file=file,
            layer=layer,
        )
    try:
        return pyproj.CRS.from_user_input(value)
    except ProjError as error:
        raise CRSError(
            Text(f"{value!r} 不是坐标系", f"{value!r} is not a coordinate system"),
            remedy=Text("写成 EPSG:4490 或 EPSG:4548 的样子", "write it like EPSG:4490 or EPSG:4548"),
            file=file,
            layer=layer,
        ) from error


def zone_of(lon: float) -> pyproj.CRS:
    """Give the CGCS2000 3-degree Gauss-Kruger system (no zone prefix) whose central meridian is nearest.

    Parameters
    ----------
    lon : float
        Longitude of the area's middle, degrees east, 73.5-136.5.

    Raises
    ------
    CRSError
        If no zone of the country is that far east or west.

    Examples
    --------
    >>> zone_of(118.3).to_epsg()
    4548
    """
    meridian = 3 * round(lon / 3)
    if not FIRST_ZONE_LON <= meridian <= LAST_ZONE_LON:
        raise CRSError(
            Text(
                f"经度 {lon:.3f}° 不在 CGCS2000 3 度带 75°-135° 内",
                f"longitude {lon:.3f} has no CGCS2000 3-degree zone (75-135 E)",
            ),
            remedy=Text("在项目文件里写明 crs", "say crs in the project file"),
        )
    return pyproj.CRS.from_epsg(FIRST_ZONE_EPSG + (meridian - FIRST_ZONE_LON) // 3)


def same(a: Any, b: Any) -> bool:
    """Tell whether two systems are the same, axis order aside."""
    return pyproj.CRS.from_user_input(a).equals(pyproj.CRS.from_user_input(b), ignore_axis_order=True)


def require_same(a: Any, b: Any, *, what: Text) -> None:
    """Raise when two inputs of one operation have different systems.

    Raises
    ------
    MissingCRSError, CRSMismatchError
    """
    if a is None or b is None:
        raise MissingCRSError(Text(f"{what.zh}：缺坐标系", f"{what.en}: no coordinate system"))
    if not same(a, b):
        raise CRSMismatchError(
            Text(f"{what.zh}：坐标系 {name(a)} 与 {name(b)} 不同", f"{what.en}: {name(a)} differs from {name(b)}"),
            remedy=Text("先用 to_crs 转到同一坐标系", "reproject one of them with to_crs first"),
        )


def require_metric(crs: Any, *, what: Text) -> None:
    """Raise unless the system is projected in metres.

    Raises
    ------
    CRSError
    """
    parsed = parse(crs)
    if not parsed.is_projected or parsed.axis_info[0].unit_conversion_factor != 1.0:
        raise CRSError(
            Text(
                f"{what.zh}：需要以米为单位的投影坐标系，得到 {name(parsed)}",
                f"{what.en}: needs a projected system in metres, got {name(parsed)}",
            ),
            remedy=Text("例如 CGCS2000 3 度带 EPSG:4548", "for example the CGCS2000 3-degree zone EPSG:4548"),
        )


def require_true_areas(crs: Any, bounds: Any, *, what: Text) -> None:
    """Raise when areas in a projected system are wrong by more than :data:`AREA_ERROR` somewhere in ``bounds``.

    Parameters
    ----------
    crs : anything that names a projected system
    bounds : (west, south, east, north)
        Degrees.
    what : Text

    Raises
    ------
    CRSError
        Web Mercator shows Shandong 1.6 times as large as it is.
    """
    west, south, east, north = bounds
    corners = pyproj.Proj(parse(crs)).get_factors([west, east, west, east], [south, south, north, north])
    scales: Any = corners.areal_scale  # an array, as the corners are
    scale = max(scales, key=lambda s: abs(s - 1.0))
    if not abs(scale - 1.0) <= AREA_ERROR:
        raise CRSError(
            Text(
                f"{what.zh}：{name(crs)} 的面积在本区域失真（×{scale:.3f}）",
                f"{what.en}: areas in {name(crs)} are distorted here (x {scale:.3f})",
            ),
            remedy=Text(
                "用本地的 CGCS2000 3 度带，例如 EPSG:4548", "use the local CGCS2000 3-degree zone, such as EPSG:4548"
            ),
        )


def name(crs: Any) -> str:
    """Give a short name, ``EPSG:4548`` where there is one."""
    parsed = pyproj.CRS.from_user_input(crs)
    epsg = parsed.to_epsg()
    return f"EPSG:{epsg}" if epsg else parsed.name


def transformer(source: Any, target: Any) -> pyproj.Transformer:
    """Give the transformer between two systems, always x (east, longitude) first."""
    return pyproj.Transformer.from_crs(parse(source), parse(target), always_xy=True)
