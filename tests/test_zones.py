"""Hazchem sources on the map: residents around plants, zones, targets, domino pairs; crossings and chains of hazards."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pyproj import CRS
from shapely import LineString, Point, box

from riskmap.grid import Grid, Raster
from riskmap.overlay import chains, consequences, crossings, exposure, zones
from riskmap.overlay.chainage import courses

SYSTEM = CRS.from_epsg(4548)
X, Y = 500_000.0, 4_000_000.0


def sources(*shapes: object, **columns: list) -> gpd.GeoDataFrame:
    ids = [f"W{n}" for n in range(len(shapes))]
    return gpd.GeoDataFrame({"id": ids, "name": ids} | columns, geometry=list(shapes), crs=SYSTEM)


def homes(*rows: tuple[float, float, float]) -> exposure.Settled:
    shapes = [Point(X + x, Y + y) for x, y, _ in rows]
    frame = gpd.GeoDataFrame({"people": [float(n) for *_, n in rows], "households": 1}, geometry=shapes, crs=SYSTEM)
    return exposure.settled(buildings=frame)


def test_residents_on_both_sides_of_five_hundred_metres() -> None:
    plant = box(X - 100, Y - 100, X + 100, Y + 100)
    around = homes((600, 0, 1), (600.01, 0, 2), (0, -600, 4), (50, 0, 8), (100, 0, 16), (450, 450, 32))
    # 8 live inside the plant; 450, 450 is 495 m from the corner
    given = zones.residents(sources(plant), around, within_m=500)
    assert given["people"].tolist() == [1 + 4 + 16 + 32]


def test_points_use_the_plant_radius() -> None:
    two = sources(Point(X, Y), Point(X, Y), plant_radius_m=[np.nan, 100.0])
    around = homes((500, 0, 1), (550, 0, 2), (600, 0, 4), (50, 0, 8), (0, 0, 16))
    given = zones.residents(two, around, within_m=500)
    assert given["people"].tolist() == [1 + 8 + 16, 1 + 2 + 4]
    assert zones.residents(two, None, within_m=500)["people"].isna().all()


def test_residents_of_cells_are_those_of_the_ring() -> None:
    grid = Grid((40, 40), Affine(50, 0, X - 1000, 0, -50, Y + 1000), SYSTEM)
    even = exposure.settled(cells=Raster(grid, np.full((40, 40), 2500.0)))  # one person a square metre
    given = zones.residents(sources(Point(X, Y), plant_radius_m=[100.0]), even, within_m=500)
    assert given["people"].tolist() == pytest.approx([np.pi * (600**2 - 100**2)], rel=1e-3)


ITEMS = pd.DataFrame(
    {
        "source_id": ["W0", "W0", "W0", "W1", "W2"],
        "name": ["液化石油气", "丙烯", "苯", "氯", "甲醇"],
        "cas": ["68476-85-7", "115-07-1", "71-43-2", "7782-50-5", "67-56-1"],
        "quantity_t": [100.0, 10.0, 900.0, 5.0, 100.0],
    }
)
THREE = sources(Point(X, Y), Point(X + 200, Y), Point(X + 5000, Y), enterprise=["甲", "甲", "乙"])


def test_zones_are_those_of_the_formulas() -> None:
    drawn = zones.consequence_zones(THREE, ITEMS)
    assert set(drawn["source_id"]) == {"W0", "W1"}
    first = drawn[drawn["source_id"] == "W0"].set_index(["scenario", "effect"])
    cloud = consequences.vapour_cloud(100_000, heat_mj_kg=46.3)
    assert first.loc[("vapour_cloud", "death"), "radius_m"] == cloud.death_m
    assert first.loc[("fireball", "fireball"), "radius_m"] == consequences.fireball(90_000).radius_m
    assert set(first["substance"]) == {"液化石油气"}
    toxic = drawn[drawn["source_id"] == "W1"]
    assert toxic["radius_m"].tolist() == [consequences.toxic_reach_m(500 / 600, 8.70)]
    assert toxic["effect"].tolist() == ["toxic"]
    assert drawn.area.to_numpy() == pytest.approx(np.pi * drawn["radius_m"].to_numpy() ** 2, rel=2e-3)
    assert len(zones.consequence_zones(THREE, ITEMS.iloc[:0])) == 0


def test_domino_and_targets() -> None:
    drawn = zones.consequence_zones(THREE, ITEMS)
    widest = drawn[drawn["effect"].isin(["fireball", "property"])]["radius_m"].max()
    pairs = zones.domino(drawn, THREE)
    assert pairs[["source_id", "other_id", "metres", "same_enterprise"]].to_numpy().tolist() == [
        ["W0", "W1", 200.0, True]
    ]
    assert pairs["radius_m"].tolist() == [widest]
    places = gpd.GeoDataFrame(
        {
            "layer": "facilities",
            "id": ["S1", "S2", "S3"],
            "name": ["学校", "加油站", "远校"],
            "kind": ["school", "fuel_station", "school"],
            "people": [300.0, 5.0, 9.0],
        },
        geometry=[Point(X + 60, Y), Point(X + 60, Y), Point(X + 90_000, Y)],
        crs=SYSTEM,
    )
    found = zones.targets(drawn, THREE, places)
    assert set(found["target_id"]) == {"S1"}
    assert set(found["target"]) == {"high_sensitivity"}
    assert found["limit_new"].max() == 3e-7
    assert found[(found["source_id"] == "W0") & (found["scenario"] == "vapour_cloud")]["effect"].tolist() == ["death"]


def pipe(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"id": ["A"]}, geometry=[LineString([(X + a, Y + b) for a, b in xy])], crs=SYSTEM)


def test_crossings_with_chainage_and_doubles_once() -> None:
    lines = pipe((0, 0), (3000, 0))
    road = LineString([(X + 1000, Y - 500), (X + 1000, Y + 500)])
    roads = gpd.GeoDataFrame(
        {"name": ["甲路", "甲路", "乙路"]},
        geometry=[road, road.reverse(), LineString([(X + 2003, Y - 9), (X + 2003, Y + 9)])],
        crs=SYSTEM,
    )
    found = crossings.crossings(lines, courses(lines), "road", roads, roads["name"])
    assert found[["object", "from_station", "length_m"]].to_numpy().tolist() == [
        ["甲路", "K1+000", 0.0],
        ["乙路", "K2+003", 0.0],
    ]
    assert (found.geom_type == "Point").all()
    red = gpd.GeoDataFrame({"name": ["红"]}, geometry=[box(X + 500, Y - 9, X + 1700, Y + 9)], crs=SYSTEM)
    found = crossings.crossings(lines, courses(lines), "red", red, red["name"])
    assert found[["from_m", "to_m"]].to_numpy().tolist() == pytest.approx(np.array([[500.0, 1700.0]]))
    county = box(X, Y - 10, X + 1500, Y + 10)
    inside = crossings.crossings(lines, courses(lines, county), "road", roads, roads["name"])
    assert inside["object"].tolist() == ["甲路"]


def test_length_by_unit_adds_up() -> None:
    lines = pipe((0, 0), (3000, 0))
    towns = [box(X - 10, Y - 10, X + 1000, Y + 10), box(X + 1000, Y - 10, X + 2500, Y + 10)]
    cut = crossings.by_unit(lines, towns)
    assert dict(zip(cut["unit"], cut.length, strict=True)) == pytest.approx({0: 1000.0, 1: 1500.0, -1: 500.0})


def test_chains_are_ranked_by_people_and_unknown_last() -> None:
    slides = gpd.GeoDataFrame({"id": ["D1"]}, geometry=[Point(X + 500, Y).buffer(100)], crs=SYSTEM)
    pieces = gpd.GeoDataFrame(
        {"pipeline_id": ["A", "A", "B"], "name": ["甲线", "甲线", "乙线"]},
        geometry=[
            LineString([(X, Y), (X + 500, Y)]),
            LineString([(X + 500, Y), (X + 3000, Y)]),
            LineString([(X, Y + 900), (X + 9, Y + 900)]),
        ],
        crs=SYSTEM,
    )
    crossed = chains.geohazard_pipeline(slides, pieces, {"D1": "滑坡"})
    assert crossed[["first_name", "second_id"]].to_numpy().tolist() == [["滑坡", "A"]]
    assert crossed["value"].tolist() == pytest.approx([200.0], rel=1e-3)
    wet = chains.at_points(
        "flood_hazchem",
        "hazard_flood",
        "hazchem_sources",
        THREE,
        pd.Series([0.5, 0.49, np.nan]),
        pd.Series([70.0, 1, 1]),
        from_value=0.5,
        unit="m",
    )
    assert wet["second_id"].tolist() == ["W0"]
    both = chains.ranked([crossed, wet], SYSTEM)
    assert both[["chain", "rank"]].to_numpy().tolist() == [["flood_hazchem", 1], ["geohazard_pipeline", 2]]
    assert len(chains.ranked([], SYSTEM)) == 0
