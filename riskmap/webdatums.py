"""GCJ-02 and BD-09, the shifted coordinates of Chinese web maps: to them and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

WebDatum = Literal["GCJ-02", "BD-09"]

# the ellipsoid that the published series is written for (Krassowsky 1940); part of the formula, not a choice of ours
SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323

BAIDU_LON, BAIDU_LAT = 0.0065, 0.006
"""Degrees that BD-09 adds to GCJ-02 after turning and stretching."""

TOLERANCE_DEGREES = 1e-10
ROUNDS = 20
"""The inverse shrinks its error by about a thousand each round."""

NAMES: dict[str, WebDatum] = {
    "gcj-02": "GCJ-02",
    "gcj02": "GCJ-02",
    "gcj_02": "GCJ-02",
    "火星坐标": "GCJ-02",
    "火星坐标系": "GCJ-02",
    "高德": "GCJ-02",
    "bd-09": "BD-09",
    "bd09": "BD-09",
    "bd_09": "BD-09",
    "百度坐标": "BD-09",
    "百度坐标系": "BD-09",
    "百度": "BD-09",
}
"""What people write for the two systems, folded -> its name."""

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def named(value: Any) -> WebDatum | None:
    """Give the web datum that a declaration names, None when it names none.

    Examples
    --------
    >>> named("gcj02"), named("EPSG:4490")
    ('GCJ-02', None)
    """
    return NAMES.get(value.strip().lower()) if isinstance(value, str) else None


def to_gcj02(lon: Any, lat: Any) -> Pair:
    """Shift true longitude and latitude to GCJ-02.

    Parameters
    ----------
    lon, lat : float arrays
        Degrees, WGS84 or CGCS2000 (equal to within a metre); inside China. NaN stays NaN.

    Notes
    -----
    The well-known public series (no official text is open): a polynomial with sines of the place around 105 E 35 N, turned
    into degrees on the Krassowsky ellipsoid. It has no jumps but at x = 0 and y = 0, where sqrt(abs(x)) has a cusp.
    """
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    x, y = lon - 105.0, lat - 35.0
    common = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + common
    north = north + (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north = north + (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + common
    east = east + (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east = east + (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    phi = np.radians(lat)
    curve = 1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / curve**1.5
    parallel_m = SEMI_MAJOR_M / np.sqrt(curve) * np.cos(phi)
    return lon + np.degrees(east / parallel_m), lat + np.degrees(north / meridian_m)


def from_gcj02(lon: Any, lat: Any) -> Pair:
    """Bring GCJ-02 back to true longitude and latitude, to 1e-10 degree."""
    return _inverse(to_gcj02, lon, lat)


def to_bd09(lon: Any, lat: Any) -> Pair:
    """Shift true longitude and latitude to BD-09: GCJ-02, then turned, stretched and moved once more."""
    return _gcj02_to_bd09(*to_gcj02(lon, lat))


def from_bd09(lon: Any, lat: Any) -> Pair:
    """Bring BD-09 back to true longitude and latitude, to 1e-10 degree."""
    return _inverse(to_bd09, lon, lat)


TO: dict[WebDatum, Callable[[Any, Any], Pair]] = {"GCJ-02": to_gcj02, "BD-09": to_bd09}
FROM: dict[WebDatum, Callable[[Any, Any], Pair]] = {"GCJ-02": from_gcj02, "BD-09": from_bd09}


def _gcj02_to_bd09(x: NDArray[np.float64], y: NDArray[np.float64]) -> Pair:
    turn = np.pi * 3000.0 / 180.0
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * turn)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * turn)
    return radius * np.cos(angle) + BAIDU_LON, radius * np.sin(angle) + BAIDU_LAT


def _inverse(shift: Callable[[Any, Any], Pair], lon: Any, lat: Any) -> Pair:
    """Solve ``shift(a, b) == (lon, lat)`` by taking off what the last guess was off."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    a, b = lon, lat
    for _ in range(ROUNDS):
        u, v = shift(a, b)
        east, north = lon - u, lat - v
        a, b = a + east, b + north
        worst = max(np.nanmax(np.abs(east), initial=0.0), np.nanmax(np.abs(north), initial=0.0))
        if worst < TOLERANCE_DEGREES:
            break
    return a, b
