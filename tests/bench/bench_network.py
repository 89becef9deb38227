"""Cost of reach on a city's network, beside networkx and pandana in the same run.

The network is that of Moscow in the folder of open data (411,992 nodes, 451,135 edges, no classes: all at 30 km/h).
``RISKMAP_BENCH=full`` adds 1,000 stations to networkx and pandana too.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import shared

from riskmap.network.coverage import coverage
from riskmap.network.roads import RoadNetwork

FULL = os.environ.get("RISKMAP_BENCH") == "full"
METRES_PER_SECOND = 30 / 3.6
LIMIT_S = 240.0
SYSTEM = "EPSG:4548"


@cache
def moscow() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give coordinates, and tail, head and seconds of the edges, open both ways."""
    folder = shared() / "data" / "roads"
    xy, ends = (
        np.frombuffer(gzip.decompress((folder / f"moscow-roads.{part}.bin.gz").read_bytes()), "<i4").reshape(-1, 2)
        for part in ("co", "gr")
    )
    xy, (tail, head) = xy.astype(float), ends.T.astype(np.int64) - 1
    return xy, tail, head, np.hypot(*(xy[tail] - xy[head]).T) / METRES_PER_SECOND


def stations(count: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(moscow()[0]), count, replace=False)


def timed(work: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Give the least seconds of several runs, and the last result."""
    best, result = np.inf, None
    for _ in range(repeat):
        began = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - began)
    return best, result


def own_network() -> RoadNetwork:
    """Build the network and the matrix that the first search would build."""
    xy, tail, head, seconds = moscow()
    both = np.concatenate((tail, head)), np.concatenate((head, tail)), np.tile(seconds, 2)
    net = RoadNetwork.from_edges(*both, xy=xy, crs=SYSTEM)
    net.graph.arcs.matrix  # noqa: B018
    return net


def as_networkx() -> nx.DiGraph:
    _, tail, head, seconds = moscow()
    graph = nx.DiGraph()
    for a, b in ((tail, head), (head, tail)):
        graph.add_weighted_edges_from(zip(a.tolist(), b.tolist(), seconds.tolist(), strict=True), weight="seconds")
    return graph


def as_pandana() -> Any:
    pandana = pytest.importorskip("pandana")
    xy, tail, head, seconds = moscow()
    nodes, edges = pd.DataFrame(xy, columns=["x", "y"]), pd.DataFrame({"u": tail, "v": head, "seconds": seconds})
    return pandana.Network(nodes["x"], nodes["y"], edges["u"], edges["v"], edges[["seconds"]], twoway=True)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [100, *([1000] if FULL else [])])
def test_reach_beside_networkx_and_pandana(count: int) -> None:
    chosen = stations(count)
    build, net = timed(own_network)
    solve, reached = timed(lambda: net.reach(chosen, limit_s=LIMIT_S), repeat=25)
    nx_build, graph = timed(as_networkx)
    nx_solve, oracle = timed(
        lambda: nx.multi_source_dijkstra_path_length(graph, set(chosen.tolist()), cutoff=LIMIT_S, weight="seconds"),
        repeat=2,
    )
    pd_build, other = timed(as_pandana)
    pd_solve, ranges = timed(lambda: other.nodes_in_range(chosen.tolist(), LIMIT_S), repeat=2)
    nearest = ranges.groupby("destination")["seconds"].min()
    print(
        f"\n{count} stations, {LIMIT_S:g} s, {len(reached):,} of {len(net.ids):,} nodes: "
        f"riskmap {solve:.3f} s, networkx {nx_solve:.2f} s = {nx_solve / solve:.0f} x, pandana {pd_solve:.2f} s = "
        f"{pd_solve / solve:.1f} x\n"
        f"with building the network: riskmap {build + solve:.2f} s, networkx {nx_build + nx_solve:.2f} s = "
        f"{(nx_build + nx_solve) / (build + solve):.1f} x, pandana {pd_build + pd_solve:.2f} s = "
        f"{(pd_build + pd_solve) / (build + solve):.1f} x"
    )
    assert set(reached.index) == set(oracle)
    assert np.abs(reached - pd.Series(oracle)).max() < 1e-6
    # pandana rounds each edge to thousandths: near the limit its nodes may differ
    wider = net.reach(chosen, limit_s=LIMIT_S + 1).reindex(nearest.index)
    assert (nearest - wider).abs().max() < 1
    assert nx_solve >= 15 * solve
    assert pd_solve >= 3 * solve


def five_minutes(count: int, demand: int) -> dict[str, float]:
    """Give what the fire circle of many stations costs: pieces cut at the limit, and the share of points.

    In seconds of the processor, of which one is used: what else the machine does must not count.
    """
    xy = moscow()[0]
    rng = np.random.default_rng(11)
    build, net = timed(own_network)
    beside = xy[stations(count)] + rng.normal(0, 20, (count, 2))
    at = gpd.GeoDataFrame({"id": [f"S{n}" for n in range(count)]}, geometry=gpd.points_from_xy(*beside.T), crs=SYSTEM)
    homes = xy[rng.integers(0, len(xy), demand)] + rng.normal(0, 30, (demand, 2))
    people = gpd.GeoDataFrame(geometry=shapely.points(homes), crs=SYSTEM)
    net.tree  # noqa: B018
    began = time.process_time()
    found = coverage(net, at, limit_s=LIMIT_S + 60, turnout_s=60)
    pieces = found.pieces
    cut = time.process_time() - began
    share = found.share(people)
    return {
        "build_s": build,
        "pieces_s": cut,
        "total_s": time.process_time() - began,
        "pieces": len(pieces),
        "km": float(pieces["length_m"].sum() / 1e3),
        "share": float(share),
    }


def peak_gb() -> float:
    """Give the most memory of this process; what ``getrusage`` gives begins with that of the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e9


@pytest.mark.parametrize("count", [100, 1000])
def test_pieces_and_shares(count: int) -> None:
    """In a process of its own, so that the peak of the memory is riskmap's."""
    shared()
    program = (
        "import json, bench_network as b;"
        f"figures = b.five_minutes({count}, 100_000); print(json.dumps(figures | {{'peak_gb': b.peak_gb()}}))"
    )
    here = Path(__file__).parent
    paths = [str(here), str(here.parent), str(here.parent.parent)]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
    figures = pd.Series(json.loads(done.stdout))
    print(f"\n{count} stations, 100,000 points: " + ", ".join(f"{k} {v:,.2f}" for k, v in figures.items()))
    assert figures["total_s"] < (5 if count == 100 else 20)
    assert figures["peak_gb"] < 1
