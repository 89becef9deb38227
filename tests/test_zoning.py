"""Zones that tile the boundary, and township figures worked out by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds import hand_world

from riskmap import zonal
from riskmap.crs import parse
from riskmap.grid import Grid
from riskmap.risk import zoning
from riskmap.risk.units import risk_units

METRIC = parse("EPSG:4548")


def star(rng: np.random.Generator, x: float, y: float, radius: float) -> shapely.Polygon:
    """Give a jagged ring around a point: narrower than a cell at its tips."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, 24))
    reach = radius * rng.uniform(0.25, 1, 24)
    return shapely.make_valid(shapely.Polygon(np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], -1)))


@st.composite
def areas(draw: st.DrawFn) -> tuple[shapely.Geometry, NDArray[np.uint8], Grid]:
    """Give a boundary with a hole, an island, a sliver and a speck, and codes on its grid."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    main = star(rng, 500, 500, 480).difference(star(rng, *rng.uniform(400, 600, 2), 90))
    sliver = shapely.box(900, 80, 1300, 80 + rng.uniform(1, 40))  # thinner than a cell
    island, speck = star(rng, 1150, 700, 130), shapely.box(1237, 311, 1249, 318)
    boundary = shapely.union_all([main, sliver, island, speck])
    polygons = [g for g in shapely.get_parts(boundary) if g.geom_type == "Polygon"]
    boundary = shapely.multipolygons(polygons)
    grid = Grid.covering(boundary.bounds, draw(st.sampled_from([50.0, 73.0])), METRIC)
    codes = rng.integers(0, 5, grid.shape).astype(np.uint8)
    if draw(st.booleans()):  # larger patches
        codes = np.repeat(np.repeat(codes[::3, ::3], 3, 0), 3, 1)[: grid.shape[0], : grid.shape[1]]
    return boundary, codes, grid


@settings(deadline=None, max_examples=60)
@given(areas())
def test_zones_tile_the_boundary(area: tuple) -> None:
    boundary, codes, grid = area
    inside = zonal.inside(gpd.GeoDataFrame(geometry=[boundary], crs=METRIC), grid)
    zones = zoning.zone_polygons(codes, inside, boundary, grid)
    shapes = zones.geometry.to_numpy()
    assert shapely.is_valid(shapes).all() and set(zones.geom_type) == {"Polygon"}
    assert shapely.coverage_is_valid(shapes)  # no overlap, and neighbours share every vertex
    assert zones.area.sum() == pytest.approx(boundary.area, rel=1e-9)
    assert shapely.area(shapely.symmetric_difference(zones.union_all(), boundary)) < 1e-6 * boundary.area
    # brute force: each cell's centre is in a polygon of its code
    x, y = np.meshgrid(*grid.centres())
    x, y, expected = x[inside], y[inside], codes[inside]
    point, polygon = shapely.STRtree(shapes).query(shapely.points(x, y), predicate="intersects")
    clear = ~np.isin(point, point[np.flatnonzero(np.diff(point) == 0)])  # a centre on the very line is in both
    assert (zones["code"].to_numpy()[polygon][clear] == expected[point][clear]).all()
    assert len(np.unique(point)) == inside.sum()
    # one row a connected zone: equal codes never share an edge
    a, b = shapely.STRtree(shapes).query(shapes, predicate="touches")
    alike = (zones["code"].to_numpy()[a] == zones["code"].to_numpy()[b]) & (a < b)
    assert (shapely.length(shapely.intersection(shapes[a[alike]], shapes[b[alike]])) < 1e-9).all()


def test_zones_are_ordered_and_repeatable() -> None:
    rng = np.random.default_rng(1)
    boundary = star(rng, 500, 500, 400)
    grid = Grid.covering(boundary.bounds, 40, METRIC)
    codes = rng.integers(1, 5, grid.shape).astype(np.uint8)
    inside = zonal.inside(gpd.GeoDataFrame(geometry=[boundary], crs=METRIC), grid)
    once, twice = (zoning.risk_zones(codes, inside, boundary, grid) for _ in range(2))
    assert once.to_wkb().equals(twice.to_wkb())
    assert once["level"].is_monotonic_decreasing
    assert set(once.columns) == {"level", "level_name", "colour", "area_km2", "geometry"}
    assert once.loc[once["level"] == 4, "colour"].eq("red").all()


def test_ground_beyond_the_last_centre_takes_the_nearest_colour() -> None:
    grid = Grid((1, 3), Affine(10, 0, 0, 0, -10, 10), METRIC)
    boundary = shapely.box(0, 0, 24, 10)  # the third centre, x = 25, is outside
    inside = zonal.inside(gpd.GeoDataFrame(geometry=[boundary], crs=METRIC), grid)
    zones = zoning.zone_polygons(np.array([[1, 2, 4]], np.uint8), inside, boundary, grid)
    assert zones["code"].tolist() == [2, 1]
    assert zones.area.tolist() == [140, 100]


# --- townships


def test_risk_units_hand_worked() -> None:
    units = risk_units(**hand_world()).set_index("name")
    assert list(units.index) == ["甲", "乙", "unassigned"]  # sorted by code, the rest last
    assert units["code"].tolist()[:2] == ["370305001", "370305002"] and units["code"].isna().tolist() == [
        False,
        False,
        True,
    ]
    # 甲: cells 4 2 / 1 2; 乙: columns 2 and 3 only, the overlap went to the first code; the rest: column 4
    assert units["area_km2"].tolist() == pytest.approx([4, 4, 2])
    a, b, rest = (units.loc[n] for n in units.index)
    shares = ["share_red", "share_orange", "share_yellow", "share_blue", "share_unknown"]
    assert a[shares].tolist() == pytest.approx([0.25, 0, 0.5, 0.25, 0])
    assert b[shares].tolist() == pytest.approx([0, 0.5, 0.25, 0, 0.25])
    assert rest[shares].tolist() == pytest.approx([0, 0, 0, 1, 0])
    # level: the highest that holds 20 % of the known area
    assert (a["level"], a["level_max"], a["level_mean"]) == pytest.approx((4, 4, (4 + 2 + 2 + 1) / 4))
    assert (b["level"], b["level_max"], b["level_mean"]) == pytest.approx((3, 3, (3 + 3 + 2) / 3))
    people = ["people_red", "people_orange", "people_yellow", "people_blue", "people_unknown", "people"]
    assert a[people].tolist() == pytest.approx([5, 0, 330, 160, 0, 495])
    assert b[people].tolist() == pytest.approx([0, 640, 20, 0, 40, 700])
    assert rest[people].tolist() == pytest.approx([0, 0, 0, 1360, 0, 1360])
    assert units["people"].sum() == np.nansum(hand_world()["people"])


@pytest.mark.parametrize(("red_cells", "level"), [(1, 1), (2, 4), (3, 4)])
def test_a_level_counts_from_a_fifth_of_the_known_area(red_cells: int, level: int) -> None:
    """Ten known cells and two unknown: two red ones are exactly 20 % of the known."""
    grid = Grid((1, 12), Affine(7, 0, 0.1, 0, -7, 7.3), METRIC)
    levels = np.array([[4] * red_cells + [1] * (10 - red_cells) + [0, 0]], np.uint8)
    boundary = shapely.box(*grid.bounds)
    townships = gpd.GeoDataFrame({"name": ["甲"], "code": ["370305001"]}, geometry=[boundary], crs=METRIC)
    inside = np.ones((1, 12), dtype=bool)
    zones = zoning.risk_zones(levels, inside, boundary, grid)
    units = risk_units(zones, townships, boundary, levels=levels, people=None, inside=inside, grid=grid)
    assert units["level"].tolist() == [level] and units["level_max"].tolist() == [4]


def test_a_neighbours_colour_does_not_leak_over_the_line() -> None:
    """The township line is digitised a hair beside the zones' edge: that is rounding, not red ground."""
    world = hand_world() | {"levels": np.array([[1, 1, 1, 4, 4]] * 2, np.uint8)}
    world["zones"] = zoning.risk_zones(world["levels"], world["inside"], world["boundary"], world["grid"])
    lines = [shapely.box(0, 0, 3000 + 1e-4, 2000), shapely.box(3000 + 1e-4, 0, 5000, 2000)]
    world["townships"] = gpd.GeoDataFrame({"name": ["甲", "乙"], "code": ["1", "2"]}, geometry=lines, crs=METRIC)
    assert risk_units(**world)["level_max"].tolist() == [1, 4]


def test_a_township_of_unknown_ground_has_no_level() -> None:
    world = hand_world()
    world["levels"] = np.zeros((2, 5), np.uint8)
    world["zones"] = zoning.risk_zones(world["levels"], world["inside"], world["boundary"], world["grid"])
    units = risk_units(**world)
    assert (
        units["level"].tolist() == [0, 0, 0]
        and units["level_mean"].isna().all()
        and units["share_unknown"].tolist() == [1, 1, 1]
    )


@settings(deadline=None, max_examples=30)
@given(areas())
def test_units_conserve_area_and_people(area: tuple) -> None:
    boundary, codes, grid = area
    rng = np.random.default_rng(int(codes.sum()))
    inside = zonal.inside(gpd.GeoDataFrame(geometry=[boundary], crs=METRIC), grid)
    shapes = [star(rng, *rng.uniform(200, 900, 2), 400) for _ in range(4)]
    shapes = [shapely.union_all([g for g in shapely.get_parts(s) if g.geom_type == "Polygon"]) for s in shapes]
    townships = gpd.GeoDataFrame({"name": list("abcd"), "code": list("1234")}, geometry=shapes, crs=METRIC)
    people = np.where(rng.random(grid.shape) < 0.1, np.nan, rng.gamma(1, 5, grid.shape))
    zones = zoning.risk_zones(codes, inside, boundary, grid)
    units = risk_units(zones, townships, boundary, levels=codes, people=people, inside=inside, grid=grid)
    assert units["area_km2"].sum() == pytest.approx(boundary.area / 1e6, rel=1e-6)
    assert units["people"].sum() == pytest.approx(float(np.nansum(people[inside])), rel=1e-9)
    for level, colour in enumerate(["unknown", "blue", "yellow", "orange", "red"]):
        by_unit = (units[f"share_{colour}"] * units["area_km2"]).sum()
        assert by_unit == pytest.approx(
            zones.loc[zones["level"] == level, "area_km2"].sum(), abs=2e-6 * boundary.area / 1e6
        )
        assert units[f"people_{colour}"].sum() == pytest.approx(
            float(np.nansum(people[inside & (codes == level)])), rel=1e-9
        )
    assert shapely.area(shapely.union_all(units.geometry.to_numpy())) == pytest.approx(boundary.area, rel=1e-6)
