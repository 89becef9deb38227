"""Own route choice of a plan's people, and the closure that speeds everyone up, on Braess's figure of roads with widths.

A narrow road (100 m), a wide one (250 m) and the same the other way round lead from S to T; a lane of 10 m joins their
middles. With the delays of the Bureau of Public Roads the equilibrium is worked by hand: where n(x) is the travel on a narrow
road, routes over wide roads and over the lane are equal at n = 240 s; without the lane each half has n(500) = 115 s.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from test_evacuation_ways import solve, world, zones_frame
from worlds import METRIC

from riskmap.errors import UnreachableError
from riskmap.network.evacuation_choice import guided_choice, helpful_closures, route_choice
from riskmap.network.evacuation_congestion import Curve, own_choice

S, A, B, T = (0, 0), (100, 0), (100, 10), (200, 10)
PEOPLE, PERIOD_S = 1000.0, 500.0


def bent(start: tuple, end: tuple, metres: float, side: float) -> shapely.LineString:
    """Give a line of a length between two places, with a corner on one side."""
    (x0, y0), (x1, y1) = start, end
    low, high = 0.0, metres
    for _ in range(60):
        off = (low + high) / 2
        line = shapely.LineString([start, ((x0 + x1) / 2, (y0 + y1) / 2 + side * off), end])
        low, high = (off, high) if line.length < metres else (low, off)
    return line


def braess() -> tuple:
    lines = [
        shapely.LineString([S, A]), bent(A, T, 250, -1), bent(S, B, 250, 1), shapely.LineString([B, T]),
        shapely.LineString([A, B]),
    ]  # fmt: skip
    names = ["窄路一", "宽路一", "宽路二", "窄路二", "小巷"]
    roads = gpd.GeoDataFrame({"highway": "residential", "name": names}, geometry=lines, crs=METRIC)
    _, made = world(roads, zones_frame([shapely.box(5000, 5000, 5001, 5001)]), [S], [T])
    width = {"窄路一": 1.0, "窄路二": 1.0, "宽路一": 1e6, "宽路二": 1e6, "小巷": 1e6}
    per_s = made.network.attributes["name"].map(width).to_numpy(dtype=float)
    walked = made.network.length_m / made.network.graph.forward_s
    assert np.ptp(walked) < 1e-9
    return made, solve(made, [PEOPLE], [PEOPLE]), per_s, float(walked[0])


def test_closing_the_lane_speeds_everyone_up() -> None:
    made, plan, per_s, m_s = braess()
    found = own_choice(made, plan, per_s, Curve(period_s=PERIOD_S), most_tried=5, least_share=0.01)
    assert found is not None
    assert found.choice.person_seconds == pytest.approx(PEOPLE * (240 + 250) / m_s, rel=1e-3)
    (best,) = found.closures.head(1).to_dict("records")
    names = made.network.attributes["name"].to_numpy()
    assert {names[made.base[arc // 2]] for arc in best["arcs"]} == {"小巷"}
    assert best["person_seconds"] == pytest.approx(PEOPLE * (115 + 250) / m_s, rel=1e-3)
    assert best["saved"] == pytest.approx(1 - 365 / 490, abs=1e-3)
    assert found.guided.person_seconds <= best["person_seconds"] * (1 + 1e-5)


def test_where_roads_are_empty_enough_no_closure_is_proposed() -> None:
    made, plan, per_s, _ = braess()
    found = own_choice(made, plan, per_s * 100, Curve(period_s=PERIOD_S), most_tried=5, least_share=0.01)
    assert found is not None
    assert not len(found.closures)


@pytest.mark.parametrize("seed", range(8))
def test_leading_everyone_is_never_slower_than_any_closure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(a, b) for a in range(7) for b in range(7) if a != b and rng.random() < 0.45] + [
        (i, i + 1) for i in range(6)
    ]
    edges = pd.DataFrame(sorted(set(pairs)), columns=["tail", "head"])
    free = rng.uniform(10, 100, len(edges))
    edges = edges.assign(free_s=free, delay_s=0.15 * free, capacity=rng.uniform(5, 40, len(edges)), power=4.0)
    demand = pd.DataFrame({"origin": [0, 1], "target": [6, 6], "people": rng.uniform(30, 90, 2)})
    now, guided = route_choice(edges, demand), guided_choice(edges, demand)
    assert guided.person_seconds <= now.person_seconds * (1 + 1e-4)
    closures = helpful_closures(edges, demand, least_share=1e-6)
    assert (closures["person_seconds"] >= guided.person_seconds * (1 - 1e-4)).all()
    # all of them, tried one by one
    for label in edges.index[now.flow > 0]:
        try:
            without = route_choice(edges.drop(index=label), demand).person_seconds
        except UnreachableError:
            continue
        assert (label in closures.index) == (without <= now.person_seconds * (1 - 1e-6))
