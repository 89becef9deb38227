"""A quiet ground for maps without colours: the lie of the land as a few pale tones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from riskmap.grid import Grid, Raster

TONES = 24
AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
"""Where the light comes from: north-west, as on printed maps."""

MOST_CELLS = 300_000
"""More would weigh more on a page than they show."""

STEEP = 0.35
"""Slope (rise over run) that the usual ground is stretched to, so that plains show their banks and hills are not black."""

LIGHT = ((214, 214, 205), (252, 252, 248))
DARK = ((24, 33, 42), (58, 70, 81))
"""Darkest and lightest tone, red, green, blue, of a light and a dark map."""

FLAT_LIGHT, FLAT_DARK = "#f4f4ee", "#26323d"
"""The ground where no heights are known."""


@dataclass(frozen=True, eq=False)
class Relief:
    """Tones of the ground.

    Parameters
    ----------
    grid : Grid
        Coarser than the heights where these have very many cells.
    tones : uint8 array of the grid's shape
        0 not shown, 1 darkest ... ``TONES`` lightest.
    """

    grid: Grid
    tones: NDArray[np.uint8]

    def picture(self) -> NDArray[np.uint8]:
        """Give red, green and blue of each cell on a light map, white where nothing is shown."""
        table = np.array([(255, 255, 255), *(_mix(*LIGHT, i) for i in range(TONES))], dtype=np.uint8)
        return table[self.tones]


def colours(ends: tuple[tuple[int, int, int], tuple[int, int, int]]) -> list[str]:
    """Give ``#rrggbb`` of each tone, the darkest first."""
    return ["#{:02x}{:02x}{:02x}".format(*_mix(*ends, i)) for i in range(TONES)]


def _mix(low: tuple[int, int, int], high: tuple[int, int, int], tone: int) -> tuple[int, int, int]:
    share = tone / (TONES - 1)
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(low, high, strict=True))
    return red, green, blue


def shade(heights: Raster, inside: NDArray[np.bool_]) -> Relief:
    """Give the tones of the ground under a light from the north-west (Lambert's cosine law).

    Parameters
    ----------
    heights : Raster
        Metres, NaN unknown.
    inside : bool array
        Cells that are shown.
    """
    step = int(np.ceil(np.sqrt(heights.values.size / MOST_CELLS)))
    values, shown = (
        _coarser(heights.values, step),
        inside[::step, ::step][: _cut(inside, step)[0], : _cut(inside, step)[1]],
    )
    t = heights.grid.transform
    grid = Grid(values.shape, Affine(t.a * step, 0, t.c, 0, t.e * step, t.f), heights.grid.crs)
    known = ~np.isnan(values)
    level = np.where(known, values, np.nanmean(values) if known.any() else 0.0)
    down, right = np.gradient(level, -grid.transform.e, grid.transform.a)
    usual = np.percentile(np.hypot(down, right)[known & shown], 90) if (known & shown).any() else 0.0
    stretch = STEEP / usual if usual > 0 else 1.0
    dx, dy = right * stretch, -down * stretch
    azimuth, altitude = np.radians(AZIMUTH_DEG), np.radians(ALTITUDE_DEG)
    light = (np.sin(altitude) - np.cos(altitude) * (dx * np.sin(azimuth) + dy * np.cos(azimuth))) / np.sqrt(
        1 + dx**2 + dy**2
    )
    # level ground in the upper middle of the tones
    tone = np.clip(np.round((light - np.sin(altitude)) / 0.55 * TONES / 2 + 0.72 * TONES), 1, TONES)
    return Relief(grid, np.where(known & shown, tone, 0).astype(np.uint8))


def _cut(values: NDArray, step: int) -> tuple[int, int]:
    return values.shape[0] // step, values.shape[1] // step


def _coarser(values: NDArray[np.floating], step: int) -> NDArray[np.float64]:
    """Give the means of squares of ``step`` by ``step`` cells; a square with an unknown cell is unknown."""
    rows, columns = _cut(values, step)
    blocks = values[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float64)
