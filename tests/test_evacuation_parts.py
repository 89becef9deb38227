"""Origins, shelters, zones of cells, capacities and joined roads: small cases by hand."""

from __future__ import annotations

import itertools

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import METRIC

from riskmap.grid import Grid, Raster
from riskmap.network import shelters
from riskmap.network.evacuation import clearance
from riskmap.network.evacuation_empty import capacity_per_s
from riskmap.network.evacuation_hazards import channel, class_zones, depths_of
from riskmap.network.evacuation_joined import contracted
from riskmap.network.evacuation_legs import Leg, in_words, round_m
from riskmap.network.evacuation_origins import from_cells, from_zones, holding_village, people_left, share_inside

TABLE = (
    {"kind": "emergency", "m2": 0.5, "radius_m": 500},
    {"kind": "long", "m2": 4.5, "radius_m": 2500},
    {"kind": "unknown", "m2": 4.5, "radius_m": 500},
)


def points(*xy: tuple[float, float], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(p) for p in xy], crs=METRIC)


def test_a_point_belongs_to_the_village_that_holds_names_or_is_nearest_to_it() -> None:
    villages = gpd.GeoDataFrame(
        {"name": ["甲", "乙", "丙"], "population": [100, 30, None]},
        geometry=[shapely.box(0, 0, 100, 100), shapely.Point(500, 0), shapely.Point(900, 0)],
        crs=METRIC,
    )
    threats = points((50, 50), (880, 0), (890, 0), (9000, 0), village=["乙", "乙", None, None])
    holder = holding_village(threats, villages, near_m=200)
    assert holder.tolist() == [0, 1, 2, -1], "the polygon first, then the name, then the nearest"
    left = people_left(villages, holder, np.array([40.0, 50.0, 5.0, 7.0]))
    assert left.tolist()[:2] == [60, 0], "never below nobody"
    assert np.isnan(left[2]), "unknown stays unknown"


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_people_of_villages_and_points_together_are_the_villages_people(seed: int) -> None:
    rng = np.random.default_rng(seed)
    villages = points(*rng.uniform(0, 5000, (6, 2)), name=list("abcdef"), population=rng.integers(50, 900, 6))
    threats = points(*rng.uniform(0, 5000, (8, 2)), village=rng.choice([*"abcdef", None], 8))
    threatened = rng.integers(0, 8, 8).astype(float)
    holder = holding_village(threats, villages, near_m=1e9)
    left = people_left(villages, holder, threatened)
    assert left.sum() + threatened.sum() == villages["population"].sum()


def test_polygons_count_by_their_share() -> None:
    places = gpd.GeoSeries([shapely.box(0, 0, 10, 10), shapely.Point(3, 3), shapely.Point(9, 9)], crs=METRIC)
    assert share_inside(places, shapely.box(0, 0, 5, 10)).tolist() == [0.5, 1, 0]


def raster(values: list[list[float]], cell: float = 100.0) -> Raster:
    array = np.array(values, dtype=float)
    return Raster(Grid(array.shape, Affine(cell, 0, 0, 0, -cell, array.shape[0] * cell), METRIC), array)


def test_cells_and_zones_keep_their_people() -> None:
    people = raster([[1, 2, np.nan, 4], [5, 6, 7, 8]])
    threatened = np.array([[True, True, True, False], [True, False, True, True]])
    made = from_cells(people, threatened, 200.0)
    assert made["people"].tolist() == [1 + 2 + 5, 7 + 8]
    assert [(p.x, p.y) for p in made.geometry] == [(50, 50), (350, 50)], "at the cell of the most people"
    zones = gpd.GeoSeries([shapely.box(0, 0, 150, 200), shapely.box(100, 0, 200, 200), shapely.box(300, 0, 400, 100)])
    made = from_zones(zones.set_crs(METRIC), people, np.ones((2, 4), dtype=bool))
    assert sorted(made["people"]) == [8, 1 + 2 + 5 + 6], "overlapping zones are one, nobody counted twice"


def test_zones_of_cells_tile_their_cells() -> None:
    depth = raster([[0, 0.2, 0.9], [0, 0.2, np.nan]])
    wet, deep = np.nan_to_num(depth.values) > 0.05, np.nan_to_num(depth.values) > 0.5
    zones = class_zones(depth, [("shallow", wet), ("deep", deep)])
    assert zones.groupby("hazard").geometry.apply(lambda g: g.union_all().area).to_dict() == {
        "deep": 1e4,
        "shallow": 2e4,
    }
    at = depths_of(depth)(np.array([[250.0, 150.0], [250.0, 50.0], [999.0, 0.0]]))
    assert at[0] == 0.9
    assert np.isnan(at[1:]).all()


def test_the_channel_runs_down_the_slope() -> None:
    heights = raster([[30, 30, 30], [20, 20, 20], [10, 10, 10]])
    line = channel(shapely.Point(150, 150), heights, 50)
    assert np.allclose(shapely.get_coordinates(line), [(150, 200), (150, 100)]), "from north down to south"
    assert channel(shapely.Point(150, 150), raster([[5] * 3] * 3), 50) is None, "flat ground has none"
    assert channel(shapely.Point(50, 50), heights, 50) is None, "nor has the edge of what is known"


def test_room_is_stated_or_follows_from_the_area() -> None:
    rows = pd.DataFrame(
        {
            "capacity": [7, None, None, None],
            "area_m2": [1.0, 10.0, 10.0, None],
            "kind": ["long", "emergency", None, "long"],
        }
    )
    found = shelters.room(rows, TABLE)
    assert found["capacity"].tolist()[:3] == [7, 20, 2]
    assert np.isnan(found["capacity"][3])
    assert found["basis"].tolist() == ["stated", "area", "area", "unknown"]


def test_square_metres_by_township() -> None:
    units = gpd.GeoDataFrame(
        {"name": ["西", "东"], "code": ["1", "2"]},
        geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)],
        crs=METRIC,
    )
    there = points((1, 1), (2, 2), (11, 1), area_m2=[100.0, 150.0, None])
    found = shelters.by_unit(there, units, pd.Series([100.0, np.nan]), wanted_m2=2.5)
    assert found["m2_per_resident"].tolist()[0] == 2.5
    assert found["enough"].tolist()[0]
    assert pd.isna(found["enough"][1])
    assert found["unknown"].tolist() == [0, 1]


def test_who_lives_beyond_every_radius() -> None:
    homes = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(600, 0)], crs=METRIC)
    there = gpd.GeoSeries([shapely.box(-600, -1, -500, 1)], crs=METRIC)
    assert shelters.beyond_radius(homes, there, pd.Series([500.0])).tolist() == [False, True]


def test_shelters_in_the_wrong_place() -> None:
    there = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10), shapely.Point(50, 50)], index=["a", "b"], crs=METRIC)
    avoided = {"flood": gpd.GeoSeries([shapely.box(5, 0, 60, 60), shapely.box(5, 0, 8, 10)], crs=METRIC)}
    found = shelters.in_wrong_place(there, avoided)
    assert found.to_dict("list") == {"shelter": ["a", "b"], "layer": ["flood", "flood"], "share": [0.5, 1.0]}


def test_capacity_by_width_and_by_lanes() -> None:
    table = [{"road": "primary", "width_m": 7.0, "lanes": 2}, {"road": "road", "width_m": 3.0, "lanes": 0.5}]
    roads = pd.DataFrame({"road_class": ["primary", "lane?", "primary"], "width_m": [np.nan, np.nan, 2.0]})
    on_foot = capacity_per_s(roads, table, person_per_m_s=1.3, person_per_lane_s=9)
    assert on_foot == pytest.approx([9.1, 3.9, 2.6])
    assert capacity_per_s(roads, table, person_per_m_s=None, person_per_lane_s=0.8) == pytest.approx([1.6, 0.4, 1.6])


@pytest.mark.parametrize("seed", range(40))
def test_joined_roads_never_make_the_bound_later(seed: int) -> None:
    """The bound on joined roads is no later than the plan on the roads themselves, whatever the step."""
    rng = np.random.default_rng(seed)
    rows = []
    for chain, (a, b) in enumerate([("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]):
        nodes = [a, *(f"{chain}-{i}" for i in range(rng.integers(0, 4))), b]
        for tail, head in itertools.pairwise(nodes):
            seconds, capacity = float(rng.uniform(5, 90)), int(rng.integers(1, 12))
            rows += [(tail, head, seconds, capacity), (head, tail, seconds, capacity)]
    table = pd.DataFrame(rows, columns=["tail", "head", "seconds", "capacity"])
    step_s = float(rng.choice([20.0, 60.0]))
    people = pd.Series({"a": int(rng.integers(1, 60)), "b": int(rng.integers(1, 60))})
    plain = clearance(table, people, ["d"], step_s=step_s)
    joined = contracted(table, {"a", "b", "d"}, step_s)
    found = clearance(joined, people, ["d"])
    assert len(joined) <= len(table)
    ways = nx.DiGraph()
    for tail, head, seconds, _ in sorted(rows, key=lambda r: -r[2]):
        ways.add_edge(tail, head, s=seconds)
    routes = {o: nx.shortest_path(ways, o, "d", weight="s") for o in ("a", "b")}
    plan = clearance(table, people, ["d"], routes=routes, step_s=step_s, bound=False)
    assert found.egress <= plan.egress
    assert plain.egress <= plan.egress


def test_ways_in_words() -> None:
    made = [Leg("人民路", 1234.0, None, 90.0), Leg(None, 96.0, "left", 0.0), Leg("河堤", 4.0, "right", 90.0)]
    words = in_words(made)
    assert words.zh == "沿人民路向东走 1,250 米；左转走 100 米；右转，沿河堤走 10 米"
    assert words.en == "take 人民路 east for 1,250 m; turn left for 100 m; turn right on 河堤 for 10 m"
    assert [round_m(m) for m in (3, 14, 996, 1024, 1026)] == [10, 10, 1000, 1000, 1050]
