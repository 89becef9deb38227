"""The proof of the drawn areas: true areas pass it, areas that promise too much do not."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import shared
from shapely.geometry import LineString, Point, box

from riskmap.network.certificate import certify, inside
from riskmap.network.coverage import Coverage, coverage
from riskmap.network.roads import RoadNetwork

CRS = "EPSG:4548"


def network(lines: list, **columns) -> RoadNetwork:
    columns.setdefault("highway", ["primary"] * len(lines))
    return RoadNetwork.from_frame(gpd.GeoDataFrame(columns, geometry=lines, crs=CRS), speeds_kmh={"primary": 36.0})


def stations(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": [f"S{n}" for n in range(len(xy))]}, geometry=gpd.points_from_xy(*zip(*xy, strict=True)), crs=CRS
    )


STREET = network([LineString([(0, 0), (10_000, 0)])])


def with_area(covered: Coverage, area: shapely.Geometry) -> Coverage:
    """Give a coverage that draws something else."""
    other = dataclasses.replace(covered)
    other.__dict__["area"] = area
    return other


def test_a_true_area_passes_at_every_point() -> None:
    covered = coverage(STREET, stations((2000, 0)), limit_s=300)
    proof = certify(covered, points=500, seed=1)
    assert proof.passed.all()
    assert proof.figures["points"] == proof.figures["passed"] == 500
    assert proof.figures["worst_min"] <= 5.0
    assert proof.figures["worst_walk_m"] <= 75.01
    # 10 m a second from 2,000 m: by hand, the nearest place on the street to each point, or a little before the limit
    x = shapely.get_x(proof.points)
    walk = np.abs(shapely.get_y(proof.points))
    least = 60 + np.maximum(np.abs(x - 2000) - np.sqrt(75.01**2 - walk**2), 0) / 10
    near = walk < 70  # farther out the ends of the stretch hang on the roundness of the disc
    np.testing.assert_allclose(proof.seconds[near], least[near], atol=0.01)


@pytest.mark.parametrize(
    "wrong",
    [
        box(4500, -20, 4600, 20),  # the road goes on, the engine does not come in time
        box(1000, 80, 1100, 90),  # the walk is too long
        box(20_000, 0, 20_100, 50),  # no road at all
    ],
)
def test_an_area_that_promises_too_much_fails_there_and_only_there(wrong: shapely.Geometry) -> None:
    covered = coverage(STREET, stations((2000, 0)), limit_s=300)
    proof = certify(with_area(covered, shapely.union(covered.area, wrong)), points=3000, seed=2)
    failed = ~proof.passed
    assert failed.any()
    assert shapely.intersects(wrong, proof.points[failed]).all()
    assert shapely.intersects(covered.area, proof.points[proof.passed]).mean() > 0.99


def test_the_other_bank_fails() -> None:
    river = gpd.GeoSeries([LineString([(-100, 30), (10_100, 30)])], crs=CRS)
    covered = coverage(STREET, stations((2000, -10)), limit_s=300, barriers=river)
    assert certify(covered, points=1000, seed=3).passed.all()
    both_banks = with_area(covered, LineString([(0, 0), (4000, 0)]).buffer(60))
    proof = certify(both_banks, points=1000, seed=3)
    assert (shapely.get_y(proof.points[~proof.passed]) > 30).all()
    assert (shapely.get_y(proof.points[proof.passed]) < 30).all()


def test_one_way_streets_are_not_driven_backwards() -> None:
    oneway = network([LineString([(0, 0), (10_000, 0)])], oneway=["yes"])
    covered = coverage(oneway, stations((2000, 0)), limit_s=300)
    behind = with_area(covered, box(1000, -50, 1500, 50))
    assert not certify(behind, points=200, seed=4).passed.any()


def test_nothing_drawn_needs_no_proof() -> None:
    covered = coverage(STREET, stations((2000, 0)), limit_s=30)
    proof = certify(covered, points=100, seed=1)
    assert proof.figures["points"] == 0
    assert np.isnan(proof.figures["worst_min"])


def test_points_lie_inside_and_are_the_same_each_time() -> None:
    shape = shapely.union(Point(0, 0).buffer(10), box(100, 0, 101, 400)).difference(Point(0, 0).buffer(5))
    points = inside(shape, 2000, 9)
    assert shapely.intersects(shape, points).all()
    assert shapely.equals(points, inside(shape, 2000, 9)).all()
    share = shapely.intersects(box(100, 0, 101, 400), points).mean()
    assert share == pytest.approx(400 / shape.area, abs=0.04)


def test_jinan_is_proved_by_networkx() -> None:
    """The real streets: every sampled point has a road within 75 m that networkx reaches in 240 s of driving."""
    folder = shared() / "projects" / "jinan" / "data"
    roads = gpd.read_file(folder / "roads_osm.shp").set_crs(4326).to_crs(CRS)
    net = RoadNetwork.from_frame(roads)
    at = pd.read_csv(folder / "fire_stations.csv", encoding="utf-8-sig")
    points = gpd.points_from_xy(at["经度"], at["纬度"], crs=4326).to_crs(CRS)
    own = gpd.GeoDataFrame({"id": at["站编号"]}, geometry=points, crs=CRS)
    covered = coverage(net, own, limit_s=300, turnout_s=60)
    proof = certify(covered, points=2000, seed=6)
    assert proof.passed.all()
    seconds = _by_networkx(net, covered)
    lines, reach = net.lines, shapely.buffer(proof.points[:200], 75.01, quad_segs=64)
    tree = shapely.STRtree(np.where(net.frontage, lines, None))
    unproved = []
    for point, disc in zip(proof.points, reach, strict=False):
        near = tree.query(point, predicate="dwithin", distance=75.01)
        # a station's own street is cut in two there: its arrivals are not those of its ends
        if np.isin(near, covered.places.edge).any():
            continue
        ends = [
            (edge, shapely.line_locate_point(lines[edge], shapely.get_point(part, end), normalized=True))
            for edge in near
            for part in shapely.get_parts(shapely.intersection(lines[edge], disc))
            for end in (0, -1)
        ]
        if min(_arrival(net, seconds, edge, share) for edge, share in ends) > 240 + 1e-6:
            unproved.append(point)
    assert not unproved


def _by_networkx(net: RoadNetwork, covered: Coverage) -> dict:
    """Give the driving seconds to every junction, with the stations put in by hand."""
    graph = nx.MultiDiGraph()
    edges = net.edges
    for u, v, forward, backward in zip(edges["u"], edges["v"], edges["forward_s"], edges["backward_s"], strict=True):
        if np.isfinite(forward):
            graph.add_edge(u, v, weight=forward)
        if np.isfinite(backward):
            graph.add_edge(v, u, weight=backward)
    starts = []
    for n, (node, edge, share) in enumerate(
        zip(covered.places.node, covered.places.edge, covered.places.share, strict=True)
    ):
        starts.append(("station", n))
        if node >= 0:
            graph.add_edge(("station", n), net.ids[node], weight=0.0)
            continue
        row = edges.iloc[edge]
        graph.add_node(("station", n))
        if np.isfinite(row["forward_s"]):
            graph.add_edge(("station", n), row["v"], weight=(1 - share) * row["forward_s"])
        if np.isfinite(row["backward_s"]):
            graph.add_edge(("station", n), row["u"], weight=share * row["backward_s"])
    return nx.multi_source_dijkstra_path_length(graph, set(starts), cutoff=240, weight="weight")


def _arrival(net: RoadNetwork, seconds: dict, edge: int, share: float) -> float:
    row = net.edges.iloc[edge]
    ways = [np.inf]
    if np.isfinite(row["forward_s"]):
        ways.append(seconds.get(row["u"], np.inf) + share * row["forward_s"])
    if np.isfinite(row["backward_s"]):
        ways.append(seconds.get(row["v"], np.inf) + (1 - share) * row["backward_s"])
    return min(ways)
