"""How rasters, polygons and points land on the grid: levels by majority, values by mean, amounts conserved.

Everything rests on one thing, the area that each source cell shares with each target cell. Source cells are taken as
quadrilaterals between their reprojected corners; the shared area is exact for those (no sampling).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.crs import require_same, same, transformer
from riskmap.grid import Grid, Raster
from riskmap.levels import UNKNOWN
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

PAIRS_PER_BLOCK = 500_000
"""Source cells of one block times the target cells each may meet: bounds the memory to some hundred megabytes."""


class Overlaps(NamedTuple):
    """Pairs of overlapping cells: flat indices, shared area, and that area as a share of the source cell."""

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    area: NDArray[np.float64]
    share: NDArray[np.float64]


class Amounts(NamedTuple):
    """Amounts on the grid, and what fell outside it: ``nansum(raster.values) + outside`` is the source's total."""

    raster: Raster
    outside: float


def land_amounts(source: Raster, target: Grid) -> Amounts:
    """Distribute the amount of each source cell over the target cells by shared area.

    Parameters
    ----------
    source : Raster
        Amounts per cell (people); NaN unknown.
    target : Grid

    Returns
    -------
    Amounts
        float64; NaN where no known source cell reaches. Conserved: inside + outside = source total, 1e-9 relative.
    """
    amounts = np.zeros(target.shape).ravel()
    reached = np.zeros(amounts.shape, dtype=bool)
    values = source.values.ravel().astype(np.float64)
    for pair in overlaps(source.grid, target):
        known = ~np.isnan(values[pair.source])
        at = pair.target[known]
        amounts += np.bincount(at, values[pair.source[known]] * pair.share[known], minlength=amounts.size)
        reached[at] = True
    outside = float(np.nansum(values) - amounts.sum())
    amounts[~reached] = np.nan
    return Amounts(Raster(target, amounts.reshape(target.shape)), outside)


def land_values(source: Raster, target: Grid) -> Raster:
    """Give each target cell the area-weighted mean of the known source cells it meets; NaN where it meets none."""
    weighted = np.zeros(target.shape).ravel()
    area = np.zeros(weighted.shape)
    values = source.values.ravel().astype(np.float64)
    for pair in overlaps(source.grid, target):
        known = ~np.isnan(values[pair.source])
        at, shared = pair.target[known], pair.area[known]
        weighted += np.bincount(at, values[pair.source[known]] * shared, minlength=weighted.size)
        area += np.bincount(at, shared, minlength=weighted.size)
    return Raster(target, _mean(weighted, area).reshape(target.shape))


def land_levels(source: Raster, target: Grid) -> Raster:
    """Give each target cell a level: majority by area of a finer source, else the nearest cell; ties to the worse.

    Parameters
    ----------
    source : Raster
        uint8 levels, higher is worse, 0 unknown. Unknown cells have no vote.
    target : Grid

    Returns
    -------
    Raster
        uint8, 0 unknown.
    """
    if not _finer(source.grid, target):
        return Raster(target, _nearest_level(source, target))
    levels = source.values.ravel()
    codes = [int(c) for c in np.unique(levels) if c != UNKNOWN]
    area = np.zeros((len(codes), target.shape[0] * target.shape[1]))
    for pair in overlaps(source.grid, target):
        for k, code in enumerate(codes):
            voting = levels[pair.source] == code
            area[k] += np.bincount(pair.target[voting], pair.area[voting], minlength=area.shape[1])
    return Raster(target, _majority(codes, area).reshape(target.shape))


def land_polygon_levels(polygons: gpd.GeoDataFrame, levels: pd.Series, target: Grid) -> Raster:
    """Give each cell the level that covers most of it; ties to the worse, cells that no polygon meets are unknown."""
    codes = sorted(int(c) for c in levels.unique() if c != UNKNOWN)
    area = np.zeros((len(codes), target.shape[0] * target.shape[1]))
    for k, code in enumerate(codes):
        merged = polygons.geometry[levels.eq(code).to_numpy()].union_all()
        for cells, shares in covered_cells(
            polygons.set_geometry(polygons.geometry).iloc[:1].set_geometry([merged]), target
        ):
            area[k][cells] = shares
    return Raster(target, _majority(codes, area).reshape(target.shape))


def land_polygon_values(polygons: gpd.GeoDataFrame, values: pd.Series, target: Grid) -> Raster:
    """Give each cell the area-weighted mean of the polygons it meets; NaN values count as not there."""
    weighted = np.zeros(target.shape).ravel()
    area = np.zeros(weighted.shape)
    for value, (cells, shares) in zip(values.astype(float), covered_cells(polygons, target), strict=True):
        if not np.isnan(value):
            weighted[cells] += value * shares
            area[cells] += shares
    return Raster(target, _mean(weighted, area).reshape(target.shape))


def land_polygon_amounts(polygons: gpd.GeoDataFrame, amounts: pd.Series, target: Grid) -> Amounts:
    """Spread each polygon's amount evenly over its area; conserved like :func:`land_amounts`."""
    spread = np.zeros(target.shape).ravel()
    reached = np.zeros(spread.shape, dtype=bool)
    for amount, total, (cells, shares) in zip(
        amounts.astype(float), polygons.area, covered_cells(polygons, target), strict=True
    ):
        if not np.isnan(amount):
            spread[cells] += amount * shares * target.cell_area / total
            reached[cells] = True
    outside = float(amounts.sum() - spread.sum())
    spread[~reached] = np.nan
    return Amounts(Raster(target, spread.reshape(target.shape)), outside)


def land_point_amounts(points: gpd.GeoDataFrame, amounts: pd.Series, target: Grid) -> Amounts:
    """Add up the amounts of the points in each cell; cells without a point are a known 0."""
    require_same(points.crs, target.crs, what=Text("点与格网", "points and grid"))
    at = target.locate(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    known = (at >= 0) & amounts.notna().to_numpy()
    placed = np.bincount(at[known], amounts.to_numpy(float)[known], minlength=target.shape[0] * target.shape[1])
    outside = float(amounts.sum() - placed.sum())
    return Amounts(Raster(target, placed.reshape(target.shape)), outside)


def covered_cells(polygons: gpd.GeoDataFrame, target: Grid) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Give for each polygon the flat indices of the cells it meets and the covered share of each (exactextract)."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    require_same(polygons.crs, target.crs, what=Text("面与格网", "polygons and grid"))
    west, south, east, north = target.bounds
    # exactextract only needs the cells' places; one shared zero stands for all of them
    nothing = np.broadcast_to(np.uint8(0), target.shape)
    cells = NumPyRasterSource(nothing, xmin=west, xmax=east, ymin=south, ymax=north, srs_wkt=polygons.crs.to_wkt())
    table = exact_extract(cells, polygons[[polygons.geometry.name]], ["cell_id", "coverage"], output="pandas")
    for ids, shares in zip(table["cell_id"], table["coverage"], strict=True):
        yield np.asarray(ids, dtype=np.int64), np.asarray(shares, dtype=np.float64)


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
    rows = max(1, PAIRS_PER_BLOCK // (source.shape[1] * _cells_met(source, target, to_target)))
    for start in range(0, source.shape[0], rows):
        stop = min(start + rows, source.shape[0])
        yield _turned_overlaps(source, target, to_target, start, stop)


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
    # edges closer than this are one edge: rounding of origins must not make sliver cells
    step = 1e-9 * min(a[1] - a[0], b[1] - b[0])
    edges = np.unique(np.concatenate([a, b]))
    edges = edges[np.concatenate([[True], np.diff(edges) > step])]
    middle, length = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    i, j = np.searchsorted(a, middle) - 1, np.searchsorted(b, middle) - 1
    both = (i >= 0) & (i < len(a) - 1) & (j >= 0) & (j < len(b) - 1)
    return i[both], j[both], length[both]


def _cells_met(source: Grid, target: Grid, to_target: Any) -> int:
    """Estimate how many target cells the box of one source cell may meet."""
    w, s, e, n = source.rows(source.shape[0] // 2, source.shape[0] // 2 + 1).bounds
    x = (w + e) / 2 + np.array([0, source.transform.a])
    u, v = to_target.transform(x, np.array([(s + n) / 2, (s + n) / 2 + source.transform.e]))
    return int((abs(u[1] - u[0]) / target.transform.a + 2) * (abs(v[1] - v[0]) / -target.transform.e + 2))


def _turned_overlaps(source: Grid, target: Grid, to_target: Any, start: int, stop: int) -> Overlaps:
    """Shared areas of the source rows ``start:stop``, whose cells are quadrilaterals in the target's system."""
    x, y = np.meshgrid(source.column_edges(), source.row_edges()[start : stop + 1])
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
    area = np.abs(_area_in_box(qx[:, quad], qy[:, quad], col * dx, row * dy, dx, dy))
    whole = 0.5 * np.abs(np.sum(qx * np.roll(qy, -1, 0) - np.roll(qx, -1, 0) * qy, axis=0))
    keep = area > 0
    s = quad[keep] + start * source.shape[1]
    return Overlaps(s, (row * target.shape[1] + col)[keep], area[keep], (area / whole[quad])[keep])


def _area_in_box(
    qx: NDArray[np.float64],
    qy: NDArray[np.float64],
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    dx: float,
    dy: float,
) -> NDArray[np.float64]:
    """Signed area that polygons (vertices along axis 0) share with boxes at ``x0, y0`` of size ``dx, dy``.

    The area is the sum over the edges of the integral of the edge's height above ``y0``, cut to the box; on each edge the
    cut height is linear but for the parts below and above the box.
    """
    area = np.zeros(qx.shape[1])
    for i in range(len(qx)):
        ax, ay, bx, by = qx[i], qy[i] - y0, qx[i - 1], qy[i - 1] - y0
        left, right = np.clip(ax, x0, x0 + dx), np.clip(bx, x0, x0 + dx)
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


def _finer(source: Grid, target: Grid) -> bool:
    """Tell whether a source cell is smaller than a target cell."""
    x, y = source.centres()
    i, j = len(x) // 2, len(y) // 2
    half = source.transform.a / 2, source.transform.e / 2
    u, v = transformer(source.crs, target.crs).transform(
        x[i] + half[0] * np.array([-1, 1, 1, -1]), y[j] + half[1] * np.array([-1, -1, 1, 1])
    )
    u, v = np.asarray(u) - u[0], np.asarray(v) - v[0]
    area = 0.5 * abs(np.sum(u * np.roll(v, -1) - np.roll(u, -1) * v))
    return bool(area < target.cell_area * (1 - 1e-6))


def _nearest_level(source: Raster, target: Grid) -> NDArray[np.uint8]:
    """Level of the source cell that holds each target centre; on a source cell's edge the worse of both sides."""
    x, y = np.meshgrid(*target.centres())
    u, v = transformer(target.crs, source.grid.crs).transform(x, y)
    hair = 1e-6 * source.grid.cell_size[0], 1e-6 * source.grid.cell_size[1]
    padded = np.append(source.values.ravel(), np.uint8(UNKNOWN))  # index -1: outside the source
    worst = np.zeros(target.shape, dtype=np.uint8)
    for sx in (-hair[0], hair[0]):
        for sy in (-hair[1], hair[1]):
            np.maximum(worst, padded[source.grid.locate(u + sx, v + sy)], out=worst)
    return worst


def _majority(codes: list[int], area: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Code of the largest area per column; areas within rounding of the largest are ties and go to the worst code."""
    if not codes:
        return np.zeros(area.shape[1], dtype=np.uint8)
    largest = area.max(axis=0)
    winner = np.zeros(area.shape[1], dtype=np.uint8)
    for code, shared in zip(codes, area, strict=True):  # ascending, so that the worst of a tie is written last
        winner[(shared >= largest * (1 - 1e-9)) & (largest > 0)] = code
    return winner


def _mean(weighted: NDArray[np.float64], area: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(area > 0, weighted / area, np.nan)
