"""What is inside a zone: hand-worked worlds, overlaps once, inside and outside add up."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import LineString, Point, box

from riskmap.errors import CRSError
from riskmap.grid import Grid, Raster
from riskmap.overlay import exposure

SYSTEM = CRS.from_epsg(4548)
GRID = Grid((4, 4), Affine(100, 0, 500_000, 0, -100, 4_000_400), SYSTEM)


def at(x: float, y: float) -> tuple[float, float]:
    return 500_000 + x, 4_000_000 + y


def zone(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[box(*at(a, b), *at(c, d)) for a, b, c, d in boxes], crs=SYSTEM)


def counted() -> Raster:
    values = np.arange(16, dtype=float).reshape(4, 4)
    values[0, 0] = np.nan
    return Raster(GRID, values)


def test_people_of_cells_by_covered_area() -> None:
    # the south-west cell (12) whole, half of the next (13), a quarter of the one above it (9) and half of 8
    given = exposure.people_in(zone((0, 0, 150, 150)), exposure.settled(cells=counted()))
    assert given["people"].tolist() == pytest.approx([12 + 13 / 2 + 8 / 2 + 9 / 4])
    assert given["unknown"].tolist() == [0]


def test_unknown_cells_are_told_and_not_counted() -> None:
    given = exposure.people_in(zone((0, 300, 200, 400)), exposure.settled(cells=counted()))
    assert given[["people", "unknown"]].to_numpy().tolist() == [[1.0, 1.0]]


def buildings(**more: list) -> gpd.GeoDataFrame:
    shapes = [Point(at(10, 10)), Point(at(150, 50)), Point(at(390, 390))]
    return gpd.GeoDataFrame({"people": [3.0, 4.0, 5.0], "households": [1, 2, 2]} | more, geometry=shapes, crs=SYSTEM)


def test_buildings_go_before_cells_and_cells_before_villages() -> None:
    villages = gpd.GeoDataFrame({"population": [100]}, geometry=[Point(at(50, 50))], crs=SYSTEM)
    everything = {"buildings": buildings(), "cells": counted(), "villages": villages}
    assert exposure.settled(**everything).source == "buildings"
    assert exposure.settled(**everything | {"buildings": None}).source == "raster"
    assert exposure.settled(villages=villages).source == "villages"
    assert exposure.settled(**everything, prefer="villages").source == "villages"
    assert exposure.settled() is None


def test_buildings_that_mostly_do_not_say_are_passed_over() -> None:
    some = buildings(people=[3.0, np.nan, np.nan], use=["dwelling", "dwelling", "farm"])
    assert exposure.settled(buildings=some, cells=counted()).source == "raster"
    asked = exposure.settled(buildings=some, cells=counted(), prefer="buildings")
    assert (asked.source, asked.unknown) == ("buildings", 1)


def test_people_of_buildings() -> None:
    given = exposure.people_in(zone((0, 0, 200, 200), (0, 0, 400, 400)), exposure.settled(buildings=buildings()))
    assert given["people"].tolist() == [7.0, 12.0]
    assert given["households"].tolist() == [3.0, 5.0]


def test_village_polygons_count_by_their_share() -> None:
    village = gpd.GeoDataFrame({"population": [100]}, geometry=[box(*at(0, 0), *at(200, 100))], crs=SYSTEM)
    given = exposure.people_in(zone((50, 0, 400, 400)), exposure.settled(villages=village))
    assert given["people"].tolist() == pytest.approx([75.0])


def test_roads_drawn_twice_count_once() -> None:
    there = LineString([at(0, 50), at(300, 50)])
    roads = gpd.GeoDataFrame(geometry=[there, there.reverse(), LineString([at(50, 0), at(50, 400)])], crs=SYSTEM)
    assert exposure.road_km(zone((0, 0, 100, 100)), roads).tolist() == pytest.approx([0.2])


def test_colours_and_facilities() -> None:
    levels = Raster(GRID, np.array([[0, 1, 2, 3]] * 4, np.uint8))
    given = exposure.colours_in(zone((0, 0, 250, 100), (1000, 1000, 1100, 1100)), levels)
    assert given.loc[0, ["km2_unknown", "km2_blue", "km2_yellow", "km2_orange"]].tolist() == pytest.approx(
        [0.01, 0.01, 0.005, 0]
    )
    assert given["cell_level"].tolist() == [2, 0]
    places = gpd.GeoDataFrame({"kind": ["school", "hospital", None]}, geometry=[Point(at(10, 10))] * 3, crs=SYSTEM)
    found = exposure.exposed(zone((0, 0, 100, 100)), people=None, facilities=places)
    assert found[["schools", "hospitals", "key_units"]].to_numpy().tolist() == [[1, 1, 0]]
    assert found[["people", "road_km"]].isna().all(axis=None)


def test_overlapping_zones_count_once_together() -> None:
    two = zone((0, 0, 300, 300), (100, 100, 400, 400))
    for where in (exposure.settled(cells=counted()), exposure.settled(buildings=buildings())):
        together = exposure.exposed_once(two, people=where).iloc[0]
        single = exposure.people_in(two, where)["people"]
        assert single.max() <= together["people"] <= single.sum()
    assert exposure.exposed_once(two, people=exposure.settled(buildings=buildings()))["people"].tolist() == [12.0]


def test_totals_by_unit_add_up_to_the_whole() -> None:
    two = zone((0, 0, 300, 300), (100, 100, 400, 400))
    units = [box(500_000, 4_000_000, 500_150, 4_001_000), box(500_150, 4_000_000, 501_000, 4_001_000)]
    told = exposure.exposed_once(two, units, people=exposure.settled(cells=counted()))
    assert told["zones"].tolist() == [2, 2, 2]
    for column in ("area_km2", "people"):
        assert told[column][1:].sum() == pytest.approx(told[column][0])
    assert told["area_km2"][0] == pytest.approx(two.union_all().area / 1e6)


rectangles = st.tuples(*[st.floats(-50, 450)] * 4).filter(lambda r: abs(r[0] - r[2]) > 1 and abs(r[1] - r[3]) > 1)


@settings(deadline=None, max_examples=40)
@given(st.lists(rectangles, min_size=1, max_size=4))
def test_inside_and_outside_add_up(boxes: list[tuple[float, float, float, float]]) -> None:
    shapes = zone(*[(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in boxes])
    cells = counted()
    for where in (exposure.settled(cells=cells), exposure.settled(buildings=buildings())):
        given = exposure.exposed_once(shapes, people=where).iloc[0]  # raises when they do not
        assert 0 <= given["people"] <= where.total() + 1e-6


def test_systems_must_agree() -> None:
    with pytest.raises(CRSError):
        exposure.people_in(zone((0, 0, 1, 1)).to_crs(4547), exposure.settled(buildings=buildings()))


def test_parts_that_touch_the_grid_from_outside_and_empty_zones_are_harmless() -> None:
    from shapely import MultiPolygon, Polygon

    from riskmap.landing import covered_cells

    touching = MultiPolygon([box(*at(-1, 271), *at(401, 401)), box(*at(-1, -1), *at(219.88, 0))])
    shapes = gpd.GeoDataFrame(geometry=[touching, Polygon(), box(*at(900, 900), *at(950, 950))], crs=SYSTEM)
    shares = [float(share.sum()) for _, share in covered_cells(shapes, GRID)]
    assert shares == pytest.approx([400 * 129 / 1e4, 0.0, 0.0], rel=1e-6)
