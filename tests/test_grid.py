"""The grid value: where cells are, which cell holds a point, which cells a shape holds."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from riskmap.crs import LONLAT, parse
from riskmap.errors import CRSError
from riskmap.grid import Grid, Raster

METRIC = parse("EPSG:4548")
TWO_BY_THREE = Grid((2, 3), Affine(10, 0, 100, 0, -20, 1000), METRIC)


def test_hand_worked_places() -> None:
    g = TWO_BY_THREE
    assert g.bounds == (100, 960, 130, 1000)
    assert g.cell_size == (10, 20)
    assert g.cell_area == 200
    assert g.column_edges().tolist() == [100, 110, 120, 130]
    assert g.row_edges().tolist() == [1000, 980, 960]
    x, y = g.centres()
    assert (x.tolist(), y.tolist()) == ([105, 115, 125], [990, 970])
    assert g.rows(1, 2).bounds == (100, 960, 130, 980)


def test_points_on_edges_belong_to_the_east_and_south_cell() -> None:
    x = np.array([100, 110, 129.9, 130, 105, 105, np.nan, np.inf])
    y = np.array([999, 999, 961, 961, 980, 960, 970, 970])
    assert TWO_BY_THREE.locate(x, y).tolist() == [0, 1, 5, -1, 3, -1, -1, -1]


@given(
    west=st.floats(-1e5, 1e6),
    south=st.floats(1e5, 6e6),
    width=st.floats(1, 5000),
    height=st.floats(1, 5000),
    size=st.sampled_from([10.0, 30.0, 100.0, 92.7]),
)
def test_covering_is_on_multiples_and_has_a_margin(
    west: float, south: float, width: float, height: float, size: float
) -> None:
    g = Grid.covering((west, south, west + width, south + height), size, METRIC)
    left, bottom, right, top = g.bounds
    for edge in (left, top):
        assert edge / size == pytest.approx(round(edge / size), abs=1e-6)
    assert left <= west - size * 0.99 and left >= west - 2.01 * size
    assert right >= west + width + size * 0.99 and right <= west + width + 2.01 * size
    assert bottom <= south - size * 0.99 and top >= south + height + size * 0.99


def test_neighbours_share_cell_edges() -> None:
    a = Grid.covering((1003, 2004, 1555, 2666), 30, METRIC)
    b = Grid.covering((1555, 2001, 2111, 2555), 30, METRIC)
    assert (b.transform.c - a.transform.c) % 30 == 0
    assert (b.transform.f - a.transform.f) % 30 == 0


def test_a_grid_in_degrees_is_refused() -> None:
    with pytest.raises(CRSError, match="metres"):
        Grid.covering((118, 36, 119, 37), 100, LONLAT)


@pytest.mark.parametrize(
    "transform", [Affine(10, 1, 0, 0, -10, 0), Affine(10, 0, 0, 0, 10, 0), Affine(-10, 0, 0, 0, -10, 0)]
)
def test_turned_or_mirrored_grids_are_refused(transform: Affine) -> None:
    with pytest.raises(ValueError, match="north-up"):
        Grid((2, 2), transform, METRIC)


def test_values_must_fit_the_grid() -> None:
    with pytest.raises(ValueError, match="shape"):
        Raster(TWO_BY_THREE, np.zeros((3, 2)))


@given(st.integers(0, 2**32 - 1))
def test_burning_takes_the_cells_whose_centre_a_shape_holds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    g = Grid((12, 15), Affine(10, 0, 0, 0, -10, 120), METRIC)
    shape = shapely.convex_hull(shapely.multipoints(rng.uniform(-20, 170, (6, 2))))
    x, y = np.meshgrid(*g.centres())
    near_line = shapely.distance(shapely.boundary(shape), shapely.points(x, y)) < 1e-6
    expected = shapely.contains_xy(shape, x, y)
    burnt = g.burn([shape], [7])
    assert ((burnt == 7) == expected)[~near_line].all()
    assert set(np.unique(burnt)) <= {0, 7}


def test_later_shapes_win_and_empty_ones_are_passed_over() -> None:
    g = Grid((1, 2), Affine(10, 0, 0, 0, -10, 10), METRIC)
    left, both = shapely.box(0, 0, 10, 10), shapely.box(0, 0, 20, 10)
    assert g.burn([both, left, shapely.Polygon(), None], [1, 2, 3, 4]).tolist() == [[2, 1]]
    assert g.burn([], [], fill=9).tolist() == [[9, 9]]
    touching = shapely.box(1, 1, 12, 2)
    assert g.burn([touching], [1], touched=True).tolist() == [[1, 1]]
