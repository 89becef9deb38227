"""Cost of evacuation. Small sizes run by default; ``RISKMAP_BENCH=full`` adds 5,000 origins on 412,000 nodes.

Each case prints its ratio to one search over the same network, so that machines can be compared.
"""

from __future__ import annotations

import os
import resource
import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from riskmap.crs import parse
from riskmap.network import streets
from riskmap.network.evacuation import clearance
from riskmap.network.evacuation_plan import Limits, plan
from riskmap.network.evacuation_search import to_target
from riskmap.network.evacuation_ways import Ways, ways
from riskmap.network.evacuation_zones import cut_streets
from riskmap.network.positions import Places
from riskmap.network.roads import RoadNetwork
from riskmap.network.speeds import SpeedTable

FULL = os.environ.get("RISKMAP_BENCH") == "full"
METRIC = parse("EPSG:4548")


def town(side: int, step: float = 150.0, seed: int = 1) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    """Streets on a square grid with one in ten missing, and their crossings."""
    rng = np.random.default_rng(seed)
    at = np.arange(side) * step
    x, y = np.meshgrid(at, at)
    nodes = np.column_stack((x.ravel(), y.ravel()))
    number = np.arange(side * side).reshape(side, side)
    pairs = np.vstack(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    pairs = pairs[rng.random(len(pairs)) > 0.1]
    lines = shapely.linestrings(nodes[pairs])
    return gpd.GeoDataFrame({"highway": "residential"}, index=range(len(lines)), geometry=lines, crs=METRIC), nodes


def made(side: int, origins: int, shelters: int) -> tuple[Ways, pd.Series, pd.Series]:
    roads, nodes = town(side)
    rng = np.random.default_rng(2)
    count = max(origins // 20, 3)
    zones = gpd.GeoDataFrame(
        {"action": ["closed"] * count, "exit": "shortest", "factor": 1.0, "source": [None] * count, "axis": [None] * count},
        geometry=shapely.buffer(shapely.points(nodes[rng.choice(len(nodes), count)]), 200),
        crs=METRIC,
    )  # fmt: skip
    cut = cut_streets(streets.tables(roads), zones)
    network = RoadNetwork.from_streets(cut.tables, SpeedTable.of("pedestrian"))
    at = np.flatnonzero(network.component == 0)
    picked = rng.choice(at, origins + shelters, replace=False)
    people = pd.Series(rng.integers(5, 200, origins))
    capacity = pd.Series(rng.integers(200, 2000, shelters))
    return (
        ways(network, cut, zones, Places.at_nodes(picked[:origins]), Places.at_nodes(picked[origins:])),
        people,
        capacity,
    )


SIZES = [(50, 100, 20), (150, 500, 60), *([(640, 5000, 500)] if FULL else [])]


@pytest.mark.parametrize(("side", "origins", "shelters"), SIZES)
def test_bench_plan(benchmark, side: int, origins: int, shelters: int) -> None:
    roads, people, capacity = made(side, origins, shelters)
    nothing = np.zeros(origins), np.zeros(shelters)
    plan(roads, people, capacity, nothing, limits=Limits(60.0))  # compile
    began = time.perf_counter()
    to_target(roads.arcs, roads.shelters[:1], np.inf)
    one = time.perf_counter() - began
    found = benchmark.pedantic(
        plan, args=(roads, people, capacity, nothing), kwargs={"limits": Limits(3600.0)}, rounds=1, iterations=1
    )
    took = benchmark.stats.stats.mean
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"\n{side * side} nodes, {origins} origins, {shelters} shelters: {took:.1f} s, {took / one:.0f} searches of the whole"
        f" network, {len(found.groups)} groups with both ways, {found.assignment.placed:.0f} placed, peak {peak:.2f} GB"
    )
    if origins == 5000:
        assert took < 60
        assert peak < 3


@pytest.mark.parametrize("edges", [300, 1000, 3000])
def test_bench_clearance(benchmark, edges: int) -> None:
    """A county's roads; people and capacities such that the last are out after about 120 steps."""
    rng = np.random.default_rng(3)
    side = int((edges / 4) ** 0.5) + 1
    number = np.arange(side * side).reshape(side, side)
    pairs = np.vstack(
        (
            np.column_stack((number[:, :-1].ravel(), number[:, 1:].ravel())),
            np.column_stack((number[:-1].ravel(), number[1:].ravel())),
        )
    )
    pairs = np.vstack((pairs, pairs[:, ::-1]))[:edges]
    table = pd.DataFrame(pairs, columns=["tail", "head"]).assign(
        steps=rng.integers(0, 4, len(pairs)), capacity=rng.integers(20, 80, len(pairs))
    )
    homes = rng.choice(side * side, 40, replace=False)
    exits = [n for n in (0, side - 1, side * (side - 1)) if n not in homes]
    many = 110 * 2 * 50 * len(exits)
    people = pd.Series(many // len(homes), index=homes)
    found = benchmark.pedantic(clearance, args=(table, people, exits), rounds=1, iterations=1)
    took = benchmark.stats.stats.mean
    print(f"\n{len(table)} edges: {took:.1f} s, all out after {found.egress} steps")
    assert found.arrivals.sum() == pytest.approx(people.sum())
    if edges == 3000:
        assert took < 30
