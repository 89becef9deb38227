"""Landing on the grid, against intersections that shapely computes cell by cell."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from riskmap import landing
from riskmap.crs import parse, transformer
from riskmap.errors import CRSMismatchError, GeometryError
from riskmap.grid import Grid, Raster
from riskmap.overlaps import overlaps

METRIC = parse("EPSG:4548")
LOCAL = pyproj.CRS.from_user_input("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=GRS80 +units=m +type=crs")
DEGREES = parse("EPSG:4490")
ORIGIN = (616_000.0, 4_077_000.0)
"""A place near 118.3 E 36.8 N in EPSG:4548."""


def cells_of(grid: Grid, crs: pyproj.CRS) -> NDArray[np.object_]:
    """Give each cell as the quadrilateral of its corners in another system, flat."""
    x, y = np.meshgrid(grid.column_edges(), grid.row_edges())
    u, v = transformer(grid.crs, crs).transform(x, y)
    ring = [
        (u[i, j], v[i, j])
        for i, j in (
            (slice(0, -1), slice(0, -1)),
            (slice(0, -1), slice(1, None)),
            (slice(1, None), slice(1, None)),
            (slice(1, None), slice(0, -1)),
        )
    ]
    corners = np.stack([np.stack([a.ravel(), b.ravel()], -1) for a, b in ring], axis=1)
    return shapely.polygons(corners)


def shared_areas(source: Grid, target: Grid) -> NDArray[np.float64]:
    """Give the area that each source cell shares with each target cell, shape (source cells, target cells)."""
    boxes = cells_of(target, target.crs)
    return np.array([shapely.area(shapely.intersection(cell, boxes)) for cell in cells_of(source, target.crs)])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Grid, Grid, int]:
    """Give a source in degrees or metres, a metric target that it overlaps or not, and a seed for values."""
    target = Grid.covering(
        (*ORIGIN, ORIGIN[0] + 900, ORIGIN[1] + 700), draw(st.sampled_from([90.0, 100.0, 130.0])), METRIC
    )
    size = draw(st.sampled_from([40.0, 100.0, 230.0]))
    shift = draw(st.floats(-600, 900)), draw(st.floats(-600, 900))
    shape = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    corner = ORIGIN[0] + shift[0], ORIGIN[1] + shift[1]
    if draw(st.booleans()):
        lon, lat = transformer(METRIC, DEGREES).transform(*corner)
        source = Grid(shape, Affine(size / 89_000, 0, lon, 0, -size / 111_000, lat), DEGREES)
    else:
        source = Grid(shape, Affine(size, 0, corner[0], 0, -size * 0.8, corner[1]), METRIC)
    return source, target, draw(st.integers(0, 2**32 - 1))


def some_values(grid: Grid, seed: int) -> NDArray[np.float64]:
    values = np.random.default_rng(seed).gamma(0.5, 1000.0, grid.shape)
    values[np.random.default_rng(seed + 1).random(grid.shape) < 0.2] = np.nan
    return values


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_shared_areas_are_those_of_shapely(pair: tuple[Grid, Grid, int]) -> None:
    source, target, _ = pair
    expected = shared_areas(source, target)
    found = np.zeros_like(expected)
    for part in overlaps(source, target):
        np.add.at(found, (part.source, part.target), part.area)
        whole = shapely.area(cells_of(source, target.crs))[part.source]
        assert part.share == pytest.approx(part.area / whole, rel=1e-9)
    assert np.abs(found - expected).max() <= 1e-8 * min(target.cell_area, expected.max() or 1.0) + 1e-6


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_amounts_are_conserved_and_where_shapely_puts_them(pair: tuple[Grid, Grid, int]) -> None:
    source, target, seed = pair
    values = some_values(source, seed)
    landed = landing.land_amounts(Raster(source, values), target)
    share = shared_areas(source, target) / shapely.area(cells_of(source, target.crs))[:, None]
    known = np.nan_to_num(values.ravel())
    expected = known @ share
    inside = float(np.nansum(landed.raster.values))
    total = float(np.nansum(values))
    assert inside + landed.outside == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert np.nan_to_num(landed.raster.values).ravel() == pytest.approx(expected, rel=1e-7, abs=1e-7 * max(total, 1.0))
    # the part outside is not merely the rest: it is what shapely finds outside
    assert landed.outside == pytest.approx(
        float((known * (1 - share.sum(axis=1))).sum()), rel=1e-7, abs=1e-7 * max(total, 1.0)
    )
    reached = share[~np.isnan(values.ravel())].sum(axis=0) > 1e-6
    assert not np.isnan(landed.raster.values.ravel()[reached]).any()
    untouched = share[~np.isnan(values.ravel())].sum(axis=0) == 0
    assert np.isnan(landed.raster.values.ravel()[untouched]).all()


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_values_are_means_of_the_known_by_area(pair: tuple[Grid, Grid, int]) -> None:
    source, target, seed = pair
    values = some_values(source, seed)
    area = shared_areas(source, target)[~np.isnan(values.ravel())]
    known = values.ravel()[~np.isnan(values.ravel())]
    landed = landing.land_values(Raster(source, values), target).values.ravel()
    weight = area.sum(axis=0)
    clear = weight > 1e-3 * target.cell_area
    assert landed[clear] == pytest.approx((known @ area)[clear] / weight[clear], rel=1e-6)
    assert np.isnan(landed[weight == 0]).all()


@settings(deadline=None, max_examples=60)
@given(pairs())
def test_levels_by_majority_when_finer_else_nearest(pair: tuple[Grid, Grid, int]) -> None:
    source, target, seed = pair
    levels = np.random.default_rng(seed).integers(0, 6, source.shape).astype(np.uint8)
    landed = landing.land_levels(Raster(source, levels), target).values.ravel()
    shared = shared_areas(source, target)
    cells = cells_of(source, target.crs)
    if shapely.area(cells).mean() < target.cell_area * 0.99:
        votes = np.stack([shared[levels.ravel() == code].sum(axis=0) for code in range(1, 6)])
        ordered = np.sort(votes, axis=0)
        clear = ordered[-1] > ordered[-2] * 1.0001 + 1.0
        assert landed[clear].tolist() == (votes.argmax(axis=0) + 1)[clear].tolist()
        assert (landed[votes.sum(axis=0) == 0] == 0).all()
    elif shapely.area(cells).mean() > target.cell_area * 1.01:
        x, y = np.meshgrid(*target.centres())
        for centre, level in zip(shapely.points(x.ravel(), y.ravel()), landed, strict=True):
            if shapely.distance(shapely.boundary(cells), centre).min() < 0.5:
                continue  # on an edge the quadrilateral and the true outline differ by a hair
            held = levels.ravel()[shapely.contains(cells, centre)]
            assert level == (held[0] if len(held) else 0)


def test_ties_go_to_the_worse_level() -> None:
    target = Grid((1, 1), Affine(100, 0, *ORIGIN[:1], 0, -100, ORIGIN[1]), METRIC)
    halves = Grid((1, 2), Affine(50, 0, *ORIGIN[:1], 0, -100, ORIGIN[1]), METRIC)
    assert landing.land_levels(Raster(halves, np.array([[4, 2]], np.uint8)), target).values.item() == 4
    assert landing.land_levels(Raster(halves, np.array([[0, 2]], np.uint8)), target).values.item() == 2
    # a centre on the edge between two coarse cells
    coarse = Grid((1, 2), Affine(300, 0, ORIGIN[0] - 250, 0, -300, ORIGIN[1]), METRIC)
    assert landing.land_levels(Raster(coarse, np.array([[1, 3]], np.uint8)), target).values.item() == 3


def test_same_lattice_is_copied_cell_by_cell() -> None:
    """Origins that differ by rounding only make neither slivers nor leaks."""
    target = Grid((3, 4), Affine(30, 0, ORIGIN[0], 0, -30, ORIGIN[1]), METRIC)
    source = Grid((3, 4), Affine(30, 0, ORIGIN[0] + 1e-9, 0, -30, ORIGIN[1] - 1e-9), METRIC)
    values = np.arange(12.0).reshape(3, 4)
    values[1, 1] = np.nan
    landed = landing.land_amounts(Raster(source, values), target)
    assert np.array_equal(landed.raster.values, values, equal_nan=True)
    assert landed.outside == 0


def test_precision_far_from_the_corner() -> None:
    """A county of 120 km with 30 m cells: the shares of a cell 100 km away still add up to 1."""
    target = Grid((4000, 8), Affine(30, 0, ORIGIN[0], 0, -30, ORIGIN[1]), LOCAL)
    source = Grid((20, 6), Affine(37, 0, ORIGIN[0] + 5, 0, -41, ORIGIN[1] - 3950 * 30), METRIC)
    total = np.zeros(120)
    for part in overlaps(source, target):
        np.add.at(total, part.source, part.share)
    assert np.abs(total[:18] - 1).max() < 1e-11


def test_a_world_raster_lands_without_being_projected_whole() -> None:
    """Its middle lies beyond the projection; amounts of the far side are outside, not lost."""
    world = Grid((180, 360), Affine(1, 0, -180, 0, -1, 90), DEGREES)
    target = Grid.covering((*ORIGIN, ORIGIN[0] + 2000, ORIGIN[1] + 2000), 500, METRIC)
    landed = landing.land_amounts(Raster(world, np.ones(world.shape)), target)
    inside = float(landed.raster.values.sum())
    assert inside == pytest.approx(target.cell_area * landed.raster.values.size / (111_000 * 89_200), rel=0.01)
    assert inside + landed.outside == pytest.approx(180 * 360, rel=1e-9)
    levels = landing.land_levels(Raster(world, np.full(world.shape, 3, np.uint8)), target)
    assert (levels.values == 3).all()


def test_a_source_elsewhere_leaves_all_unknown() -> None:
    target = Grid.covering((*ORIGIN, ORIGIN[0] + 500, ORIGIN[1] + 500), 100, METRIC)
    far = Grid((2, 2), Affine(0.01, 0, 100, 0, -0.01, 30), DEGREES)
    landed = landing.land_amounts(Raster(far, np.ones((2, 2))), target)
    assert np.isnan(landed.raster.values).all() and landed.outside == 4
    assert np.isnan(landing.land_values(Raster(far, np.ones((2, 2))), target).values).all()
    assert (landing.land_levels(Raster(far, np.ones((2, 2), np.uint8)), target).values == 0).all()


# --- polygons and points


def random_polygons(seed: int, count: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    hulls = [
        shapely.convex_hull(shapely.multipoints(rng.uniform(-150, 650, 2) + rng.uniform(0, 300, (7, 2))))
        for _ in range(count)
    ]
    return gpd.GeoDataFrame(geometry=hulls, crs=METRIC)


SMALL = Grid((6, 7), Affine(83, 0, 0, 0, -91, 546), METRIC)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_polygons_land_as_shapely_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = random_polygons(seed, 4)
    boxes = cells_of(SMALL, METRIC)
    shared = np.array([shapely.area(shapely.intersection(p, boxes)) for p in polygons.geometry])
    amounts = pd.Series(rng.gamma(1, 500, 4))
    amounts[rng.random(4) < 0.25] = np.nan
    known = amounts.notna().to_numpy()

    landed = landing.land_polygon_amounts(polygons, amounts, SMALL)
    share = shared[known] / polygons.area.to_numpy()[known, None]
    assert np.nan_to_num(landed.raster.values).ravel() == pytest.approx(
        amounts[known].to_numpy() @ share, rel=1e-4, abs=1e-3
    )
    inside = float(np.nansum(landed.raster.values))
    assert inside + landed.outside == pytest.approx(float(amounts.sum()), rel=1e-9, abs=1e-9)
    assert inside == pytest.approx(float((amounts[known].to_numpy() * share.sum(axis=1)).sum()), rel=1e-9, abs=1e-9)

    values = landing.land_polygon_values(polygons, amounts, SMALL).values.ravel()
    weight = shared[known].sum(axis=0)
    clear = weight > 10
    assert values[clear] == pytest.approx((amounts[known].to_numpy() @ shared[known])[clear] / weight[clear], rel=1e-4)
    assert np.isnan(values[weight == 0]).all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_polygon_levels_are_the_majority_of_the_cell(seed: int) -> None:
    polygons = random_polygons(seed, 5)
    levels = pd.Series(np.random.default_rng(seed).integers(0, 5, 5))
    landed = landing.land_polygon_levels(polygons, levels, SMALL).values.ravel()
    boxes = cells_of(SMALL, METRIC)
    votes = np.stack(
        [
            shapely.area(shapely.intersection(polygons.geometry[levels.eq(c).to_numpy()].union_all(), boxes))
            for c in range(1, 5)
        ]
    )
    ordered = np.sort(votes, axis=0)
    clear = ordered[-1] > ordered[-2] + 1.0
    assert landed[clear].tolist() == (votes.argmax(axis=0) + 1)[clear].tolist()
    assert (landed[votes.sum(axis=0) == 0] == 0).all()


def test_two_polygons_that_halve_a_cell_tie_to_the_worse() -> None:
    third = SMALL.cell_size[0] / 2
    halves = gpd.GeoDataFrame(geometry=[shapely.box(0, 455, third, 546), shapely.box(third, 455, 83, 546)], crs=METRIC)
    for levels in ([2, 3], [3, 2]):
        assert landing.land_polygon_levels(halves, pd.Series(levels), SMALL).values[0, 0] == 3


def test_a_polygon_inside_the_grid_leaves_nothing_outside() -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(11.3, 22.7, 301.9, 333.3)], crs=METRIC)
    landed = landing.land_polygon_amounts(frame, pd.Series([1234.0]), SMALL)
    assert landed.outside == 0 and np.nansum(landed.raster.values) == pytest.approx(1234, rel=1e-12)


def test_an_amount_without_ground_is_an_error() -> None:
    flat = gpd.GeoDataFrame(geometry=[shapely.Polygon([(0, 0), (1, 1), (2, 2)])], crs=METRIC)
    with pytest.raises(GeometryError, match="no area"):
        landing.land_polygon_amounts(flat, pd.Series([5.0]), SMALL)


def test_points_add_up_and_unknown_never_becomes_nobody() -> None:
    points = gpd.GeoDataFrame(
        geometry=[
            shapely.Point(10, 500),
            shapely.Point(20, 510),
            shapely.Point(100, 500),
            shapely.Point(200, 500),
            shapely.Point(-5, 0),
        ],
        crs=METRIC,
    )
    landed = landing.land_point_amounts(points, pd.Series([3.0, np.nan, np.nan, 4.0, 9.0]), SMALL)
    assert landed.raster.values[0, 0] == 3  # a known and an unknown point: at least the known
    assert np.isnan(landed.raster.values[0, 1])  # only an unknown one
    assert landed.raster.values[0, 2] == 4
    assert landed.raster.values[1, 0] == 0  # no point: known nobody
    assert landed.outside == 9


def test_systems_must_agree() -> None:
    with pytest.raises(CRSMismatchError):
        landing.land_point_amounts(gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs=4549), pd.Series([1.0]), SMALL)
    with pytest.raises(CRSMismatchError):
        landing.land_polygon_values(random_polygons(1, 1).to_crs(4549), pd.Series([1.0]), SMALL)


def test_a_seam_between_neighbours_takes_no_cell_away() -> None:
    """The edges of two neighbours differ by less than a hair, so that their union has a spike as wide as nothing."""
    grid = Grid((7, 7), Affine(100, 0, 476_100, 0, -100, 4_078_800), METRIC)
    meeting = [(476_100.0, 4_078_390.0), (476_363.176, 4_078_375.828), (476_493.694, 4_078_402.954)]
    on_the_other_s_edge = (476_500.15689705644, 4_078_403.0469874227)
    below = shapely.Polygon([*meeting, on_the_other_s_edge, (476_552.3, 4_078_100.0), (476_100.0, 4_078_100.0)])
    above = shapely.Polygon(
        [*meeting, (476_648.616, 4_078_405.183), (476_800.0, 4_078_386.05), (476_800.0, 4_078_800.0), (476_100.0, 4_078_800.0)]
    )  # fmt: skip
    both = gpd.GeoDataFrame(geometry=[below, above], crs=METRIC)
    landed = landing.land_polygon_levels(both, pd.Series([2, 2]), grid)
    assert landed.values[:, :4].tolist() == [[2] * 4] * 7
