"""How points join the network, rule by rule on small streets, and on the real streets of Jinan."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, box

from riskmap.errors import CRSMismatchError, NetworkError
from riskmap.network.roads import RoadNetwork
from riskmap.network.snapping import component_shares, findings, snap

CRS = "EPSG:4548"
LINES = [
    LineString([(0, 0), (1000, 0)]),  # edge 0, from west to east
    LineString([(1000, 0), (1000, 500)]),
    LineString([(0, 500), (1000, 500)]),
    LineString([(400, 900), (410, 900)]),  # an island of 10 m
]


def network(**columns) -> RoadNetwork:
    columns.setdefault("highway", ["primary"] * 4)
    return RoadNetwork.from_frame(gpd.GeoDataFrame(columns, geometry=LINES, crs=CRS))


def joined(net: RoadNetwork, *points, barriers=None, limit: float = 100.0):
    series = gpd.GeoSeries(list(points), crs=CRS)
    ids = [f"P{i}" for i in range(len(points))]
    walls = None if barriers is None else np.array(barriers, dtype=object)
    return snap(net, series, layer="villages", ids=ids, max_distance_m=limit, barriers=walls)


def test_distance_side_and_component() -> None:
    table = joined(network(), Point(300, 40), Point(300, -40), Point(300, 0)).table
    assert table["distance_m"].tolist() == [40.0, 40.0, 0.0]
    assert table["side"].tolist() == ["left", "right", "on"]
    assert table["component"].tolist() == [0, 0, 0]
    assert table["routed"].all()
    assert set(table["outcome"]) == {"joined"}


def test_side_on_a_bend_and_at_the_ends() -> None:
    bend = RoadNetwork.from_frame(
        gpd.GeoDataFrame({"highway": ["primary"]}, geometry=[LineString([(0, 0), (100, 0), (100, 100)])], crs=CRS)
    )
    assert joined(bend, Point(110, 50), Point(90, 50), Point(-5, 1), Point(99, 105)).table["side"].tolist() == [
        "right",
        "left",
        "left",
        "left",
    ]


def test_too_far_is_not_routed_and_has_no_number() -> None:
    table = joined(network(), Point(300, -100), Point(300, -100.5)).table
    assert table["outcome"].tolist() == ["joined", "far"]
    assert np.isnan(table["distance_m"].iloc[1])
    assert table["component"].iloc[1] == table["edge"].iloc[1] == -1
    assert pd.isna(table["side"].iloc[1])


def test_no_position() -> None:
    table = joined(network(), None, Point()).table
    assert table["outcome"].tolist() == ["no_position"] * 2


def test_an_island_is_named_and_not_routed() -> None:
    found = joined(network(), Point(405, 905))
    assert found.table["outcome"].tolist() == ["island"]
    assert found.table["component"].tolist() == [1]
    assert found.table["distance_m"].tolist() == [5.0]
    assert component_shares(network()).tolist() == pytest.approx([2500 / 2510, 10 / 2510])
    own = gpd.GeoSeries([Point(405, 905)], crs=CRS)
    assert snap(network(), own, layer="v", ids=["1"], max_distance_m=9, island_share=0.001).routed.all()


def test_a_barrier_sends_the_point_to_the_next_road() -> None:
    river = LineString([(-100, 30), (900, 30)])
    table = joined(network(), Point(950, 60), Point(500, 60), barriers=[river], limit=460).table
    assert table["distance_m"].tolist() == [50.0, 440.0]  # the east street; the north one
    assert table["outcome"].tolist() == ["joined", "joined"]


def test_nothing_but_a_road_across_the_river() -> None:
    river = LineString([(-100, 30), (1100, 30)])
    found = joined(network(), Point(500, 60), barriers=[river])
    assert found.table["outcome"].tolist() == ["barrier"]
    assert joined(network(), Point(500, 60)).table["outcome"].tolist() == ["joined"]


def test_inside_a_barrier_polygon_is_cut_off_by_its_border() -> None:
    lake = box(400, 20, 600, 80)
    assert joined(network(), Point(500, 50), barriers=[lake]).table["outcome"].tolist() == ["barrier"]
    assert joined(network(), Point(500, 90), barriers=[lake], limit=300).table["outcome"].tolist() == ["barrier"]
    assert joined(network(), Point(700, 50), barriers=[lake]).table["outcome"].tolist() == ["joined"]


def test_nobody_joins_motorways_bridges_or_tunnels() -> None:
    for columns in (
        {"highway": ["motorway", "primary", "primary", "primary"]},
        {"bridge": ["yes", None, None, None]},
        {"tunnel": ["yes", None, None, None]},
    ):
        assert joined(network(**columns), Point(970, 5)).table["distance_m"].tolist() == [30.0]


def test_of_equally_near_roads_the_first_is_taken() -> None:
    net = network()
    for point in (Point(990, 10), Point(1000, 0)):
        assert joined(net, point).table["edge"].tolist() == [0]


def test_every_unrouted_point_is_a_finding_with_its_reason() -> None:
    river = LineString([(-100, 30), (1100, 30)])
    found = joined(network(), Point(500, 60), Point(300, -500), Point(405, 905), None, Point(1, 1), barriers=[river])
    codes = {f.row: f.code for f in findings(network(), found, max_distance_m=100.0)}
    assert codes == {"P0": "SNAP_BARRIER", "P1": "SNAP_FAR", "P2": "SNAP_ISLAND", "P3": "SNAP_NO_POSITION"}
    assert all(f.severity == "warning" for f in findings(network(), found, max_distance_m=100.0))


def test_systems_must_agree() -> None:
    with pytest.raises(CRSMismatchError):
        snap(network(), gpd.GeoSeries([Point(0, 0)], crs=4549), layer="v", ids=["1"], max_distance_m=9)


def test_many_points_against_brute_force() -> None:
    """The nearest line in sight, found by trying all lines."""
    rng = np.random.default_rng(8)
    lines = [LineString(rng.uniform(0, 1000, (2, 2))) for _ in range(60)]
    net = RoadNetwork.from_frame(gpd.GeoDataFrame({"highway": ["primary"] * 60}, geometry=lines, crs=CRS))
    walls = [LineString(rng.uniform(0, 1000, (2, 2))) for _ in range(25)]
    points = shapely.points(rng.uniform(-100, 1100, (300, 2)))
    places = net.join(points, max_distance_m=150.0, barriers=np.array(walls, dtype=object))
    blocked = 0
    for k, point in enumerate(points):
        ways = shapely.shortest_line(point, net.lines)
        free = ~np.array([shapely.intersects(way, walls).any() for way in ways]) & (shapely.length(ways) <= 150.0)
        best = shapely.length(ways)[free].min(initial=np.inf)
        assert places.distance_m[k] == pytest.approx(best) if np.isfinite(best) else np.isinf(places.distance_m[k])
        blocked += best > shapely.length(ways).min()
    assert blocked > 20


def test_what_is_no_point_is_refused_with_its_remedy() -> None:
    net = RoadNetwork.from_edges([0], [1], [10.0], xy=[(0.0, 0.0), (100.0, 0.0)])
    for shape in (shapely.box(0, 0, 1, 1), shapely.MultiPoint([(0, 0), (5, 5)])):
        with pytest.raises(NetworkError, match="representative_point"):
            net.reach([shape], limit_s=5)
