"""Patterns of the classes as lines and dots of their own, so that a copy in black and white still tells the classes apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

ANGLES: dict[str, tuple[float, ...]] = {"lines": (45.0,), "cross": (45.0, -45.0), "none": (-45.0,), "hatch": (90.0,)}
"""Directions of the lines of a pattern, degrees from east; ``dots`` has none, ``solid`` nothing at all."""

SAMPLES_PER_CELL = 3
"""Along a hatch line; where a line ends is right to a third of a cell."""

SHADE = 0.42
"""Ink of a pattern: its class's colour, darker by this; the pages have the same."""

UNKNOWN_INK = "#8a949d"
"""Hatch of ground that nobody knows: grey on paper, lighter than the ink of any class's pattern."""

Box = tuple[float, float, float, float]


def ink(rgb: str, pattern: str) -> str:
    """Give the colour of a pattern over the colour of its class.

    Examples
    --------
    >>> ink("#ff8c00", "lines")
    '#6b3b00'
    """
    if pattern == "none":
        return UNKNOWN_INK
    if pattern == "hatch":
        return rgb
    return "#" + "".join(f"{round(int(rgb[i : i + 2], 16) * SHADE):02x}" for i in (1, 3, 5))


def over_cells(
    marked: NDArray[np.bool_], transform: Affine, pattern: str, spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the pattern over the marked cells of a grid.

    Parameters
    ----------
    marked : bool array (ny, nx)
    transform : affine.Affine
        Column, row -> x, y, metres.
    pattern : {"lines", "cross", "dots", "none", "hatch", "solid"}
    spacing : float
        Between lines or dots, metres.

    Returns
    -------
    float array of shape (n, 2, 2)
        Ends of the lines.
    float array of shape (m, 2)
        Dots.
    """
    height, width = marked.shape
    west, north = transform.c, transform.f
    box = (west, north + transform.e * height, west + transform.a * width, north)

    def holds(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        column = np.floor((x - west) / transform.a).astype(np.int64)
        row = np.floor((y - north) / transform.e).astype(np.int64)
        on = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        return on & marked[np.where(on, row, 0), np.where(on, column, 0)]

    if pattern == "dots":
        dots = lattice(box, spacing)
        return np.empty((0, 2, 2)), dots[holds(dots[:, 0], dots[:, 1])]
    parts = [
        _runs(line[0], line[1], holds, min(transform.a, -transform.e) / SAMPLES_PER_CELL)
        for angle in ANGLES.get(pattern, ())
        for line in rulings(box, spacing, angle)
    ]
    return (np.concatenate(parts) if parts else np.empty((0, 2, 2))), np.empty((0, 2))


def over_shape(shape: Any, pattern: str, spacing: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the pattern over a polygon, like :func:`over_cells`; its lines end exactly at the edge."""
    if shape is None or shape.is_empty:
        return np.empty((0, 2, 2)), np.empty((0, 2))
    if pattern == "dots":
        dots = lattice(shape.bounds, spacing)
        return np.empty((0, 2, 2)), dots[shapely.contains_xy(shape, dots[:, 0], dots[:, 1])]
    lines = [line for angle in ANGLES.get(pattern, ()) for line in rulings(shape.bounds, spacing, angle)]
    if not lines:
        return np.empty((0, 2, 2)), np.empty((0, 2))
    cut = shapely.get_parts(shapely.intersection(shapely.linestrings(np.array(lines)), shape))
    cut = cut[(shapely.get_type_id(cut) == shapely.GeometryType.LINESTRING) & ~shapely.is_empty(cut)]
    ends = np.stack([shapely.get_coordinates(shapely.get_point(cut, i)) for i in (0, -1)], axis=1)
    return ends, np.empty((0, 2))


def rulings(box: Box, spacing: float, angle: float) -> NDArray[np.float64]:
    """Give parallel lines over a box, shape (n, 2, 2); lines of neighbouring boxes continue each other."""
    west, south, east, north = box
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    normal = np.array([-direction[1], direction[0]])
    corners = np.array([(west, south), (east, south), (east, north), (west, north)])
    along, across = corners @ direction, corners @ normal
    steps = np.arange(np.floor(across.min() / spacing), np.ceil(across.max() / spacing) + 1) * spacing
    starts = steps[:, None] * normal + along.min() * direction
    ends = steps[:, None] * normal + along.max() * direction
    return np.stack([starts, ends], axis=1)


def lattice(box: Box, spacing: float) -> NDArray[np.float64]:
    """Give the dots of a staggered lattice over a box, shape (n, 2)."""
    west, south, east, north = box
    rows = np.arange(np.floor(south / spacing), np.ceil(north / spacing) + 1)
    columns = np.arange(np.floor(west / spacing) - 1, np.ceil(east / spacing) + 1)
    x, y = np.meshgrid(columns, rows)
    return np.column_stack([((x + (y % 2) / 2) * spacing).ravel(), (y * spacing).ravel()])


def _runs(start: NDArray[np.float64], end: NDArray[np.float64], holds: Any, step: float) -> NDArray[np.float64]:
    """Give the parts of a line on which ``holds`` is true, found at samples ``step`` apart."""
    count = max(2, int(np.hypot(*(end - start)) / step) + 1)
    t = (np.arange(count) + 0.5) / count
    points = start + t[:, None] * (end - start)
    on = np.concatenate([[False], holds(points[:, 0], points[:, 1]), [False]])
    change = np.flatnonzero(on[1:] != on[:-1]).reshape(-1, 2) / count
    return start + change[:, :, None] * (end - start)
