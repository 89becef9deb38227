"""Chainage on lines of one part and of many, drawn in any order and direction."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, box

from riskmap.overlay.chainage import Segments, courses, station

CRS = "EPSG:4548"


def laid(shape: object) -> list:
    return courses(gpd.GeoDataFrame(geometry=[shape], crs=CRS))


@pytest.mark.parametrize(
    ("metres", "post"),
    [
        (0, "K0+000"),
        (12_300, "K12+300"),
        (999.49, "K0+999"),
        (999.5, "K1+000"),
        (1_999.9, "K2+000"),
        (1_497_999.6, "K1498+000"),
        (7.2, "K0+007"),
    ],
)
def test_stations(metres: float, post: str) -> None:
    assert station(metres) == post


A, B, C = LineString([(0, 0), (1000, 0)]), LineString([(1000, 0), (1000, 500)]), LineString([(1000, 500), (3000, 500)])


@pytest.mark.parametrize("order", list(itertools.permutations([B, C])))
@pytest.mark.parametrize("turned", list(itertools.product([False, True], repeat=2)))
def test_parts_that_touch_are_one_run_in_the_direction_of_the_first(order: tuple, turned: tuple[bool, bool]) -> None:
    parts = [A, *(p.reverse() if t else p for p, t in zip(order, turned, strict=True))]
    runs = laid(MultiLineString(parts))
    assert len(runs) == 1
    assert runs[0].m.tolist() == [0.0, 1000.0, 1500.0, 3500.0]
    assert runs[0].xy[0].tolist() == [0.0, 0.0]
    assert runs[0].point(1250).tolist() == [1000.0, 250.0]


def test_the_first_part_says_which_way_also_from_the_middle() -> None:
    runs = laid(MultiLineString([B.reverse(), A, C]))
    assert runs[0].xy[0].tolist() == [3000.0, 500.0]
    assert runs[0].m.tolist() == [0.0, 2000.0, 2500.0, 3500.0]


def test_gaps_are_not_counted_and_part_runs() -> None:
    runs = laid(MultiLineString([A, C]))
    assert [(r.m[0], r.m[-1]) for r in runs] == [(0.0, 1000.0), (1000.0, 3000.0)]
    assert runs[1].s[0] == 0.0


def test_a_ring_a_repeated_vertex_and_an_empty_line() -> None:
    ring = LineString([(0, 0), (0, 0), (100, 0), (100, 100), (0, 0)])
    assert laid(ring)[0].length == pytest.approx(200 + 100 * 2**0.5)
    assert len(laid(ring)[0].xy) == 4
    assert laid(LineString()) == []
    assert laid(None) == []


def test_a_third_coordinate_does_not_lengthen_the_line() -> None:
    assert laid(LineString([(0, 0, 0), (1000, 0, 500)]))[0].length == 1000.0


def test_the_boundary_cuts_the_run_and_inside_it_lengths_are_planar() -> None:
    wavy = LineString([(499_000, 4_060_000), (501_500, 4_060_000), (501_500, 4_061_000), (499_000, 4_061_000)])
    county = box(500_000, 4_059_000, 501_000, 4_062_000)
    run = courses(gpd.GeoDataFrame(geometry=[wavy], crs=CRS), county)[0]
    assert run.s[np.isin(run.s, run.changes())].tolist() == [1000.0, 2000.0, 4000.0, 5000.0]
    assert [run.is_inside(s) for s in (500, 1500, 3000, 4500, 5900)] == [False, True, False, True, False]
    assert run.chainage(2000.0) - run.chainage(1000.0) == pytest.approx(1000.0, abs=1e-9)
    west, south, east, north = (
        gpd.GeoSeries([LineString([(499_000, 4_060_000), (500_000, 4_060_000)])], crs=CRS).to_crs(4490).total_bounds
    )
    assert (west, south) < (east, north)
    ends = gpd.GeoSeries.from_xy([499_000, 500_000], [4_060_000] * 2, crs=CRS).to_crs(4490)
    assert run.chainage(1000.0) == pytest.approx(
        ends.crs.get_geod().inv(ends.x[0], ends.y[0], ends.x[1], ends.y[1])[2], abs=1e-6
    )


@given(
    st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 9000)), min_size=2, max_size=7, unique=True),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_cuts_are_those_of_shapely(xy: list[tuple[int, int]], a: float, b: float) -> None:
    shape = LineString(xy)
    run = laid(shape)[0]
    low, high = sorted((a * shape.length, b * shape.length))
    if high - low > 1e-6:
        from shapely.ops import substring

        assert run.cut(low, high).hausdorff_distance(substring(shape, low, high)) < 1e-6
        assert run.cut(low, high).length == pytest.approx(high - low, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 90_000)), min_size=2, max_size=6, unique=True))
def test_segments_are_short_and_follow_the_line(xy: list[tuple[int, int]]) -> None:
    shape = LineString(xy)
    pieces = Segments.of(laid(shape))
    assert (pieces.length <= 1000 + 1e-6).all()
    assert pieces.length.sum() == pytest.approx(shape.length)
    places = shapely.get_coordinates(shapely.line_interpolate_point(shape, pieces.s))
    assert np.abs(places - pieces.start).max() < 1e-6
