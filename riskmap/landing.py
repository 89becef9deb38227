"""How rasters, polygons and points land on the grid: levels by majority, values by mean, amounts conserved.

Rasters rest on one thing, the area that each source cell shares with each target cell. Source cells are taken as
quadrilaterals between their reprojected corners; the shared area is exact for those (no sampling). Unknown source cells
neither vote nor weigh; a target cell is unknown when only unknown ones reach it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.crs import require_same, transformer
from riskmap.errors import GeometryError
from riskmap.grid import Grid, Raster
from riskmap.levels import UNKNOWN
from riskmap.overlaps import is_finer, overlaps
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

COVERAGE_TIE = 1e-6
"""Shares of polygons in a cell are float32: shares as close as this tie, and the worse level wins."""

SEAM = 1e-5
"""Neighbours' edges that lie closer than this share of a cell (1 mm of 100 m) are one edge: a seam left between them as a
spike of no width would make exactextract 0.3.0 give the cell in which it ends no cover at all."""


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
    if not is_finer(source.grid, target):
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
    """Give each cell the level that covers most of it.

    Parameters
    ----------
    polygons : GeoDataFrame
        In the target's system; polygons of one level that overlap count once.
    levels : integer Series
        One per polygon, higher is worse, 0 unknown: no vote.
    target : Grid

    Returns
    -------
    Raster
        uint8; ties go to the worse level, 0 where no polygon of a known level reaches.
    """
    import geopandas as gpd
    import shapely

    codes = sorted(int(c) for c in levels.unique() if c != UNKNOWN)
    area = np.zeros((len(codes), target.shape[0] * target.shape[1]))
    seam = SEAM * target.transform.a
    for k, code in enumerate(codes):
        whole = shapely.union_all(polygons.geometry.to_numpy()[levels.eq(code).to_numpy()], grid_size=seam)
        merged = gpd.GeoDataFrame(geometry=[whole], crs=polygons.crs)
        for cells, shares in covered_cells(merged, target):
            area[k][cells] = shares
    return Raster(target, _majority(codes, area, tie=COVERAGE_TIE).reshape(target.shape))


def land_polygon_values(polygons: gpd.GeoDataFrame, values: pd.Series, target: Grid) -> Raster:
    """Give each cell the area-weighted mean of the polygons it meets; NaN values count as not there.

    Parameters
    ----------
    polygons : GeoDataFrame
        In the target's system; where two overlap both weigh.
    values : float Series
        One per polygon.
    target : Grid

    Returns
    -------
    Raster
        float64, NaN where no polygon with a known value reaches.
    """
    weighted = np.zeros(target.shape).ravel()
    area = np.zeros(weighted.shape)
    for value, (cells, shares) in zip(values.astype(float), covered_cells(polygons, target), strict=True):
        if not np.isnan(value):
            weighted[cells] += value * shares
            area[cells] += shares
    return Raster(target, _mean(weighted, area).reshape(target.shape))


def land_polygon_amounts(polygons: gpd.GeoDataFrame, amounts: pd.Series, target: Grid) -> Amounts:
    """Spread each polygon's amount evenly over its area.

    Parameters
    ----------
    polygons : GeoDataFrame
        In the target's system; where two overlap their amounts add up.
    amounts : float Series
        One per polygon; NaN unknown.
    target : Grid

    Returns
    -------
    Amounts
        float64; NaN where no polygon with a known amount reaches. The part of each polygon's amount that falls inside the
        grid is exact, its distribution over the cells has the precision of float32 shares.

    Raises
    ------
    GeometryError
        A polygon with an amount has no area to spread it over.
    """
    import shapely

    known = amounts.notna().to_numpy()
    whole, cut = polygons.area, shapely.box(*target.bounds)
    if (known & ~(whole > 0)).any():
        row = int(np.flatnonzero(known & ~(whole > 0))[0]) + 1
        raise GeometryError(Text("有数量的面没有面积", "a polygon with an amount has no area"), row=row)
    share_inside = shapely.area(shapely.intersection(polygons.geometry.to_numpy(), cut)) / whole.to_numpy()
    spread = np.zeros(target.shape).ravel()
    reached = np.zeros(spread.shape, dtype=bool)
    outside = 0.0
    for amount, inside, (cells, shares) in zip(
        amounts.astype(float), share_inside, covered_cells(polygons, target), strict=True
    ):
        if np.isnan(amount):
            continue
        outside += amount * (1.0 - inside) if len(cells) else amount
        if len(cells):
            spread[cells] += amount * inside * shares / shares.sum()
            reached[cells] = True
    spread[~reached] = np.nan
    return Amounts(Raster(target, spread.reshape(target.shape)), outside)


def land_point_amounts(points: gpd.GeoDataFrame, amounts: pd.Series, target: Grid) -> Amounts:
    """Add up the amounts of the points in each cell.

    Parameters
    ----------
    points : GeoDataFrame
        In the target's system; a multipoint counts where its middle is.
    amounts : float Series
        One per point; NaN unknown.
    target : Grid

    Returns
    -------
    Amounts
        float64; cells without a point are a known 0, cells whose points are all of unknown amount are NaN.
    """
    require_same(points.crs, target.crs, what=Text("点与格网", "points and grid"))
    middle = points.geometry.centroid
    at = target.locate(middle.x.to_numpy(), middle.y.to_numpy())
    counted, known = amounts.to_numpy(float), amounts.notna().to_numpy()
    size = target.shape[0] * target.shape[1]
    inside = (at >= 0) & known
    placed = np.bincount(at[inside], counted[inside], minlength=size)
    unknown = np.bincount(at[(at >= 0) & ~known], minlength=size) > 0
    placed[unknown & (np.bincount(at[inside], minlength=size) == 0)] = np.nan
    outside = float(counted[known & (at < 0)].sum())
    return Amounts(Raster(target, placed.reshape(target.shape)), outside)


def covered_cells(polygons: gpd.GeoDataFrame, target: Grid) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Give for each polygon the flat indices of the cells it meets and the covered share of each (exactextract)."""
    from exactextract import exact_extract
    from exactextract.raster import NumPyRasterSource

    require_same(polygons.crs, target.crs, what=Text("面与格网", "polygons and grid"))
    west, south, east, north = target.bounds
    shapes = _inside_bounds(polygons.geometry.to_numpy(), target)
    met = np.flatnonzero([not shape.is_empty for shape in shapes])
    nothing = np.empty(0, dtype=np.int64), np.empty(0)
    found = dict.fromkeys(range(len(shapes)), nothing)
    if len(met):
        # exactextract only needs the cells' places; one shared zero stands for all of them
        zero = np.broadcast_to(np.uint8(0), target.shape)
        cells = NumPyRasterSource(zero, xmin=west, xmax=east, ymin=south, ymax=north, srs_wkt=polygons.crs.to_wkt())
        cut = polygons.set_geometry(polygons.geometry).iloc[met][[polygons.geometry.name]].set_geometry(shapes[met])
        table = exact_extract(cells, cut[[cut.geometry.name]], ["cell_id", "coverage"], output="pandas")
        for row, ids, shares in zip(met, table["cell_id"], table["coverage"], strict=True):
            found[int(row)] = np.asarray(ids, dtype=np.int64), np.asarray(shares, dtype=np.float64)
    yield from found.values()


def _inside_bounds(shapes: NDArray[Any], target: Grid) -> NDArray[Any]:
    """Cut polygons that reach the edge of a grid to the grid.

    exactextract 0.3.0 crashes the process when a part of a polygon touches the edge from outside, and refuses empty ones.
    """
    import shapely

    west, south, east, north = target.bounds
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        within = (bounds[:, 0] > west) & (bounds[:, 1] > south) & (bounds[:, 2] < east) & (bounds[:, 3] < north)
    cut = shapes.copy()
    for row in np.flatnonzero(~within):
        shared = shapely.intersection(shapes[row], shapely.box(west, south, east, north))
        areas = [g for g in shapely.get_parts(shared) if shapely.get_dimensions(g) == 2]
        cut[row] = shapely.union_all(areas) if areas else shapely.Polygon()
    return cut


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


def _majority(codes: list[int], area: NDArray[np.float64], tie: float = 1e-9) -> NDArray[np.uint8]:
    """Code of the largest area per column; areas within ``tie`` of the largest are ties and go to the worst code."""
    if not codes:
        return np.zeros(area.shape[1], dtype=np.uint8)
    largest = area.max(axis=0)
    winner = np.zeros(area.shape[1], dtype=np.uint8)
    for code, shared in zip(codes, area, strict=True):  # ascending, so that the worst of a tie is written last
        winner[(shared >= largest * (1 - tie)) & (largest > 0)] = code
    return winner


def _mean(weighted: NDArray[np.float64], area: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(area > 0, weighted / area, np.nan)
