"""Units: cells by their centre, ground without overlap, sums that add up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmap import zonal
from riskmap.crs import parse
from riskmap.errors import CRSMismatchError
from riskmap.grid import Grid

METRIC = parse("EPSG:4548")
GRID = Grid((20, 24), Affine(10, 0, 0, 0, -10, 200), METRIC)


def frame(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=METRIC)


def random_units(seed: int, count: int = 5) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    return frame(
        *(
            shapely.convex_hull(shapely.multipoints(rng.uniform(0, 140, 2) + rng.uniform(0, 100, (6, 2))))
            for _ in range(count)
        )
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_a_cell_belongs_to_the_first_unit_that_holds_its_centre(seed: int) -> None:
    units = random_units(seed)
    found = zonal.unit_of_cells(units, GRID).ravel()
    x, y = np.meshgrid(*GRID.centres())
    points = shapely.points(x.ravel(), y.ravel())
    holds = shapely.contains(units.geometry.to_numpy()[:, None], points[None])
    near_line = shapely.distance(shapely.boundary(units.geometry.to_numpy())[:, None], points[None]).min(axis=0) < 1e-6
    expected = np.where(holds.any(axis=0), holds.argmax(axis=0), zonal.UNASSIGNED)
    assert (found == expected)[~near_line].all()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_parts_and_rest_tile_the_boundary(seed: int) -> None:
    units = random_units(seed)
    boundary = shapely.box(20, 20, 210, 170).difference(shapely.box(90, 90, 110, 110))
    parts, rest = zonal.partition(units, boundary)
    everything = [*parts, rest]
    assert sum(p.area for p in everything) == pytest.approx(boundary.area, rel=1e-9)
    for i, part in enumerate(everything):
        assert part.geom_type in ("Polygon", "MultiPolygon")
        assert all(part.intersection(other).area < 1e-6 for other in everything[i + 1 :])
    # the earlier row has its ground whole, a later one what is left
    left = boundary
    for unit, part in zip(units.geometry, parts, strict=True):
        assert part.symmetric_difference(unit.intersection(left)).area < 1e-6
        left = left.difference(unit)
    assert rest.symmetric_difference(left).area < 1e-6


def test_units_that_touch_keep_their_ground_and_no_lines_stay() -> None:
    # the boundary touches the first unit along a line only
    units = frame(shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10))
    parts, rest = zonal.partition(units, shapely.box(10, 0, 20, 5))
    assert parts[0].is_empty and parts[0].geom_type == "Polygon"
    assert parts[1].equals(shapely.box(10, 0, 20, 5)) and rest.is_empty


def test_inside_is_by_centre() -> None:
    boundary = frame(shapely.box(0, 0, 14.9, 200), shapely.box(100, 100, 106, 106))
    cells = zonal.inside(boundary, GRID)
    assert cells[:, 0].all() and not cells[:, 1].any()
    assert cells[9, 10] and cells.sum() == 21


def test_marks_on_the_border_go_to_the_cell_whose_colour_the_ground_takes() -> None:
    inside = np.zeros((4, 5), dtype=bool)
    inside[1:3, 1:3] = True
    marked = np.zeros_like(inside)
    marked[1, 3] = marked[3, 0] = True  # in the ring: beside, and at a corner
    marked[0, 4] = True  # beyond it
    marked[1, 1] = True
    moved = zonal.moved_inside(marked, inside)
    assert sorted(zip(*(a.tolist() for a in np.nonzero(moved)), strict=True)) == [(1, 1), (1, 2), (2, 1)]
    row, column = zonal.nearest_inside(inside)
    assert inside[row, column].all() and (row[inside] == np.nonzero(inside)[0]).all()


def test_crosstab_is_the_double_loop() -> None:
    rng = np.random.default_rng(5)
    amounts = rng.gamma(1, 10, (9, 8))
    amounts[rng.random((9, 8)) < 0.2] = np.nan
    rows, columns = rng.integers(-1, 3, (9, 8)), rng.integers(0, 5, (9, 8))
    expected = np.zeros((4, 5))
    for amount, row, column in zip(amounts.flat, rows.flat, columns.flat, strict=True):
        if not np.isnan(amount):
            expected[row if row >= 0 else 3, column] += amount
    assert zonal.crosstab(amounts, rows, columns, (4, 5)) == pytest.approx(expected)


def test_systems_must_agree() -> None:
    with pytest.raises(CRSMismatchError):
        zonal.inside(frame(shapely.box(0, 0, 1, 1)).to_crs(4549), GRID)


def digitised(seed: int) -> tuple[gpd.GeoDataFrame, shapely.Geometry]:
    """A boundary with holes and islands, and townships cut out of it by overlay: vertices that almost coincide."""
    rng = np.random.default_rng(seed)
    boundary = shapely.concave_hull(shapely.multipoints(rng.uniform(0, 2500, (12, 2))), 0.4)
    for _ in range(3):
        boundary -= shapely.Point(rng.uniform(300, 2200, 2)).buffer(rng.uniform(10, 250), quad_segs=3)
        boundary |= shapely.Point(rng.uniform(-500, 3200, 2)).buffer(rng.uniform(8, 150), quad_segs=2)
    seeds = shapely.multipoints(rng.uniform(-200, 2700, (5, 2)))
    cut = [p & boundary for p in shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=boundary.buffer(500)))]
    # the first township is missing, the last reaches over its neighbours
    kept = [p for p in cut[1:] if p.geom_type.endswith("Polygon")]
    return frame(*kept, kept[0].buffer(120) & boundary), boundary


@pytest.mark.parametrize("seed", [2, 26, 30, 39, 85, 105, 273])
def test_no_ground_is_lost_or_given_to_a_neighbour_where_vertices_almost_coincide(seed: int) -> None:
    units, boundary = digitised(seed)
    parts, rest = zonal.partition(units, boundary)
    assert shapely.area([*parts, rest]).sum() == pytest.approx(boundary.area, rel=1e-9)
    left = boundary
    for shape, part in zip(units.geometry, parts, strict=True):
        # on a lattice: overlay at full precision goes wrong on some of these
        assert part.area == pytest.approx(shapely.intersection(left, shape, grid_size=1e-6).area, abs=0.01)
        left = shapely.difference(left, shape, grid_size=1e-6)
    assert rest.area == pytest.approx(left.area, abs=0.01)


def test_a_point_inside_is_not_on_the_outline() -> None:
    """A wedge with a vertex that all but lies on the line: ``point_on_surface`` gives that vertex (GEOS 3.14)."""
    wedge = shapely.from_wkt(
        "POLYGON ((1177.60973121137 767.8667714045814, 1180.3418093431162 770.5988495363276, 1227.07487589703 783.1209369792788, "
        "1189.8488314088404 773.1462484212633, 1177.60973121137 767.8667714045814))"
    )
    square = shapely.box(0, 0, 1, 1)
    assert shapely.contains_properly([wedge, square], zonal.inner_points(np.array([wedge, square]))).all()
