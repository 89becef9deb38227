"""Which cells of two grids overlap, and by how much: the geometry under :mod:`riskmap.landing`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.crs import same, transformer
from riskmap.grid import Grid

PAIRS_PER_BLOCK = 500_000
"""Source cells of one block times the target cells each may meet: bounds the memory to some hundred megabytes."""

SAME_EDGE = 1e-9
"""Edges closer than this share of a cell are one edge: rounding of origins must not make sliver cells."""


class Overlaps(NamedTuple):
    """Pairs of overlapping cells: flat indices, shared area, and that area as a share of the source cell."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    area: NDArray[np.float64]
    share: NDArray[np.float64]


def overlaps(source: Grid, target: Grid) -> Iterator[Overlaps]:
    """Give all pairs of overlapping cells of two grids, block by block of source rows.

    Parameters
    ----------
    source, target : Grid
        Any systems; areas are planar in the target's system.
    """
    if same(source.crs, target.crs):
        yield from _aligned_overlaps(source, target)
        return
    to_target = transformer(source.crs, target.crs)
    first, last, left, right = _window_on(source, target)
    width = right - left
    if first >= last or not width:
        return
    rows = max(1, PAIRS_PER_BLOCK // (width * _cells_met(source, target, to_target)))
    for start in range(first, last, rows):
        part = (slice(start, min(start + rows, last)), slice(left, right))
        yield _turned_overlaps(source, target, to_target, part)


def _window_on(source: Grid, target: Grid) -> tuple[int, int, int, int]:
    """Give the rows and columns of the source that may reach the target: first row, last, first column, last."""
    west, south, east, north = transformer(target.crs, source.crs).transform_bounds(*target.bounds, densify_pts=101)
    t, (ny, nx) = source.transform, source.shape
    # a cell more on each side: between the points of the transformed outline it may bulge
    left, right = (west - t.c) / t.a - 1, (east - t.c) / t.a + 1
    first, last = (north - t.f) / t.e - 1, (south - t.f) / t.e + 1
    columns = np.clip([np.floor(left), np.ceil(right)], 0, nx).astype(int)
    rows = np.clip([np.floor(first), np.ceil(last)], 0, ny).astype(int)
    return int(rows[0]), int(rows[1]), int(columns[0]), int(columns[1])


def _aligned_overlaps(source: Grid, target: Grid) -> Iterator[Overlaps]:
    """Shared areas of grids in one system are products of shared widths and shared heights."""
    s_col, t_col, width = _shared_lengths(source.column_edges(), target.column_edges())
    s_row, t_row, height = _shared_lengths(-source.row_edges(), -target.row_edges())
    rows = max(1, PAIRS_PER_BLOCK // max(1, len(s_col)))
    for start in range(0, len(s_row), rows):
        part = slice(start, start + rows)
        area = np.multiply.outer(height[part], width).ravel()
        s = np.add.outer(s_row[part] * source.shape[1], s_col).ravel()
        t = np.add.outer(t_row[part] * target.shape[1], t_col).ravel()
        yield Overlaps(s, t, area, area / source.cell_area)


def _shared_lengths(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Give the overlapping pairs of intervals between ascending edges ``a`` and ``b``, and their shared lengths."""
    # b's edges that are a's but for rounding are put on them, so that the parts of each interval of a add up to it
    nearest = a[np.clip(np.searchsorted((a[:-1] + a[1:]) / 2, b), 0, len(a) - 1)]
    b = np.where(np.abs(b - nearest) <= SAME_EDGE * min(a[1] - a[0], b[1] - b[0]), nearest, b)
    edges = np.unique(np.concatenate([a, b]))
    middle, length = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    i, j = np.searchsorted(a, middle) - 1, np.searchsorted(b, middle) - 1
    both = (i >= 0) & (i < len(a) - 1) & (j >= 0) & (j < len(b) - 1)
    return i[both], j[both], length[both]


def _cells_met(source: Grid, target: Grid, to_target: Any) -> int:
    """Estimate how many target cells the box of one source cell may meet."""
    u, v = _cell_near(source, target, to_target)
    return int((np.ptp(u) / target.transform.a + 2) * (np.ptp(v) / -target.transform.e + 2))


def _cell_near(source: Grid, target: Grid, to_target: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the corners, in the target's system, of a cell of the source's size at the middle of the target.

    Not at the middle of the source: that of a world raster may lie beyond the projection.
    """
    west, south, east, north = target.bounds
    x, y = to_target.transform((west + east) / 2, (south + north) / 2, direction="INVERSE")
    dx, dy = source.cell_size
    u, v = to_target.transform(x + dx * np.array([-0.5, 0.5, 0.5, -0.5]), y + dy * np.array([-0.5, -0.5, 0.5, 0.5]))
    return np.asarray(u), np.asarray(v)


def _turned_overlaps(source: Grid, target: Grid, to_target: Any, part: tuple[slice, slice]) -> Overlaps:
    """Shared areas of a window of the source, whose cells are quadrilaterals in the target's system."""
    rows, columns = part
    x, y = np.meshgrid(
        source.column_edges()[columns.start : columns.stop + 1], source.row_edges()[rows.start : rows.stop + 1]
    )
    u, v = to_target.transform(x, y)
    # from the target's corner, in whole numbers of target cells near 0: keeps the precision of the areas
    u, v = u - target.transform.c, target.transform.f - v
    corners = [
        (slice(None, -1), slice(None, -1)),
        (slice(None, -1), slice(1, None)),
        (slice(1, None), slice(1, None)),
        (slice(1, None), slice(None, -1)),
    ]
    qx = np.stack([u[c].ravel() for c in corners])
    qy = np.stack([v[c].ravel() for c in corners])
    dx, dy = target.cell_size
    with np.errstate(invalid="ignore"):
        c0, c1 = np.floor(qx.min(0) / dx), np.floor(qx.max(0) / dx)
        r0, r1 = np.floor(qy.min(0) / dy), np.floor(qy.max(0) / dy)
        meets = (c1 >= 0) & (c0 < target.shape[1]) & (r1 >= 0) & (r0 < target.shape[0])
    at = np.flatnonzero(meets)
    c0, c1 = np.clip(c0[at], 0, None).astype(int), np.clip(c1[at], None, target.shape[1] - 1).astype(int)
    r0, r1 = np.clip(r0[at], 0, None).astype(int), np.clip(r1[at], None, target.shape[0] - 1).astype(int)
    count = (c1 - c0 + 1) * (r1 - r0 + 1)
    k = np.repeat(np.arange(len(at)), count)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    width = (c1 - c0 + 1)[k]
    col, row = c0[k] + nth % width, r0[k] + nth // width
    quad = at[k]
    # both areas from a corner nearby: coordinates of many kilometres would leave too few digits for a cell's area
    area = np.abs(_area_in_box(qx[:, quad] - col * dx, qy[:, quad] - row * dy, dx, dy))
    whole = _quad_area(qx[:, at], qy[:, at])[k]
    keep = area > SAME_EDGE * np.minimum(whole, dx * dy)
    width = columns.stop - columns.start
    s = (rows.start + quad // width) * source.shape[1] + columns.start + quad % width
    return Overlaps(s[keep], (row * target.shape[1] + col)[keep], area[keep], (area / whole)[keep])


def _quad_area(qx: NDArray[np.float64], qy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of quadrilaterals, vertices along axis 0: half the cross product of the diagonals."""
    return 0.5 * np.abs((qx[2] - qx[0]) * (qy[3] - qy[1]) - (qx[3] - qx[1]) * (qy[2] - qy[0]))


def _area_in_box(qx: NDArray[np.float64], qy: NDArray[np.float64], dx: float, dy: float) -> NDArray[np.float64]:
    """Signed area that polygons (vertices along axis 0) share with the box from 0, 0 to ``dx, dy``.

    The area is the sum over the edges of the integral of the edge's height above 0, cut to the box; on each edge the cut height is linear but for the parts below and above the box.
    """
    area = np.zeros(qx.shape[1])
    for i in range(len(qx)):
        ax, ay, bx, by = qx[i], qy[i], qx[i - 1], qy[i - 1]
        left, right = np.clip(ax, 0, dx), np.clip(bx, 0, dx)
        run = np.where(bx == ax, 1.0, bx - ax)
        ya = ay + (by - ay) * (left - ax) / run
        yb = ay + (by - ay) * (right - ax) / run
        low, high = np.minimum(ya, yb), np.maximum(ya, yb)
        rise = np.where(high > low, high - low, 1.0)
        below = np.clip(-low, 0, high - low) / rise
        above = np.clip(high - dy, 0, high - low) / rise
        between = (np.clip(low, 0, dy) + np.clip(high, 0, dy)) / 2
        area += (right - left) * (above * dy + (1 - below - above) * between)
    return area


def is_finer(source: Grid, target: Grid) -> bool:
    """Tell whether a source cell is smaller than a target cell, in the middle of the target."""
    area = _quad_area(*_cell_near(source, target, transformer(source.crs, target.crs)))
    return bool(area < target.cell_area * (1 - 1e-6))
