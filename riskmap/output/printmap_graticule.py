"""Meridians and parallels on a sheet, their labels in degrees and minutes, map scales and the scale bar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap.crs import LONLAT, transformer

STEPS_S = (5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 18_000)
"""Distances of graticule lines, arc seconds."""

WANTED_LINES = 5
SCALES = (
    1.0, 1.1, 1.2, 1.25, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0, 3.2, 3.5, 3.8, 4.0, 4.2,
    4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 9.0, 10.0,
)  # fmt: skip
"""Leading digits of map scales."""

BARS = (1.0, 2.0, 4.0, 5.0, 8.0, 10.0)
"""Leading digits of scale bars: all can be halved and quartered to a round number."""

_SAMPLES = 201


@dataclass(frozen=True, eq=False)
class GraticuleLine:
    """One meridian or parallel.

    Parameters
    ----------
    label : str
    meridian : bool
    xy : float array (n, 2)
        In the map's system.
    low, high : float
        Where it crosses the frame: x at the bottom and top edge of a meridian, y at the left and right of a parallel.
    """

    label: str
    meridian: bool
    xy: NDArray[np.float64]
    low: float
    high: float


def label(seconds: int, *, meridian: bool) -> str:
    """Write an angle given in whole arc seconds; no minute is ever 60.

    Examples
    --------
    >>> label(118 * 3600, meridian=True), label(-(36 * 3600 + 50 * 60), meridian=False), label(424_830, meridian=True)
    ('118°00′E', '36°50′S', '118°00′30″E')
    """
    degrees, rest = divmod(abs(seconds), 3600)
    minutes, arc = divmod(rest, 60)
    side = ("E", "W") if meridian else ("N", "S")
    written = f"{degrees}°{minutes:02d}′" + (f"{arc:02d}″" if arc else "")
    return written + side[seconds < 0]


def graticule(window: tuple[float, float, float, float], crs: Any) -> list[GraticuleLine]:
    """Give the meridians and parallels that cross a map frame.

    Parameters
    ----------
    window : (west, south, east, north)
        Of the frame, metres of ``crs``.
    crs : projected system
    """
    to_lonlat, back = transformer(crs, LONLAT), transformer(LONLAT, crs)
    west, south, east, north = to_lonlat.transform_bounds(*window, densify_pts=51)
    step = _step(east - west, north - south)
    lines = []
    for value in _multiples(west, east, step):
        x, y = back.transform(np.full(_SAMPLES, value / 3600), np.linspace(south - 0.01, north + 0.01, _SAMPLES))
        low, high = np.interp((window[1], window[3]), y, x)
        lines.append(GraticuleLine(label(value, meridian=True), True, np.column_stack([x, y]), low, high))
    for value in _multiples(south, north, step):
        x, y = back.transform(np.linspace(west - 0.01, east + 0.01, _SAMPLES), np.full(_SAMPLES, value / 3600))
        low, high = np.interp((window[0], window[2]), x, y)
        lines.append(GraticuleLine(label(value, meridian=False), False, np.column_stack([x, y]), low, high))
    return lines


def _step(width: float, height: float) -> int:
    """Give the distance of lines that puts about five of them along the longer side."""
    longer = max(width, height) * 3600
    return min(STEPS_S, key=lambda step: abs(np.log(longer / step / WANTED_LINES)))


def _multiples(low: float, high: float, step: int) -> list[int]:
    first, last = int(np.ceil(low * 3600 / step)), int(np.floor(high * 3600 / step))
    return [i * step for i in range(first, last + 1)]


def round_scale(least: float) -> float:
    """Give the denominator of the next round map scale that is not larger than ``1 : least``.

    Examples
    --------
    >>> round_scale(204_000), round_scale(100_000)
    (210000.0, 100000.0)
    """
    return _round_up(least, SCALES)


def bar_metres(denominator: float, longest_mm: float) -> float:
    """Give the ground length of the longest round scale bar that fits.

    Examples
    --------
    >>> bar_metres(250_000, 60)
    10000.0
    """
    room = denominator * longest_mm / 1000
    power = 10.0 ** np.floor(np.log10(room))
    return float(max(lead * power for lead in BARS if lead * power <= room * (1 + 1e-9)))


def _round_up(value: float, leads: tuple[float, ...]) -> float:
    power = 10.0 ** np.floor(np.log10(value))
    return float(min(lead * power for lead in leads if lead * power >= value * (1 - 1e-9)))


def length(metres: float) -> str:
    """Write a length of the scale bar.

    Examples
    --------
    >>> length(2500), length(10_000), length(500)
    ('2.5 km', '10 km', '500 m')
    """
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
