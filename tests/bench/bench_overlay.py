"""Cost of the overlays. Each case prints its ratio to a baseline of the same run, so that machines can be compared.

Small sizes: ``pytest tests/bench/bench_overlay.py``; the largest ones with ``RISKMAP_BENCH=full``.
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
from affine import Affine
from pyproj import CRS

from riskmap.grid import Grid
from riskmap.overlay import risk_points
from riskmap.overlay.pipelines import high_consequence_areas

FULL = os.environ.get("RISKMAP_BENCH") == "full"
SYSTEM = CRS.from_epsg(4548)


def network(km: int, seed: int = 1) -> gpd.GeoDataFrame:
    """Lines of 100 km with a vertex every 100 m, wandering over a square."""
    rng = np.random.default_rng(seed)
    lines = []
    for start in rng.uniform(0, 300_000, (km // 100, 2)):
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.05, 1000))
        lines.append(
            shapely.linestrings(start + np.cumsum(100 * np.column_stack([np.cos(turn), np.sin(turn)]), axis=0))
        )
    names = [f"P{n:04d}" for n in range(len(lines))]
    medium = ["natural_gas" if n % 2 else "crude_oil" for n in range(len(lines))]
    return gpd.GeoDataFrame(
        {"id": names, "medium": medium, "diameter_mm": 711.0, "pressure_mpa": 6.3}, geometry=lines, crs=SYSTEM
    )


def town(lines: gpd.GeoDataFrame, count: int, seed: int = 2) -> gpd.GeoDataFrame:
    """Buildings, half of them within a few hundred metres of a line."""
    rng = np.random.default_rng(seed)
    on = lines.geometry.to_numpy()[rng.integers(0, len(lines), count // 2)]
    near = shapely.get_coordinates(shapely.line_interpolate_point(on, rng.uniform(0, 1, count // 2), normalized=True))
    spots = np.vstack([near + rng.normal(0, 250, near.shape), rng.uniform(0, 300_000, (count - len(near), 2))])
    homes = rng.integers(1, 6, count)
    return gpd.GeoDataFrame(
        {"households": homes, "floors": rng.integers(1, 7, count)}, geometry=gpd.points_from_xy(*spots.T), crs=SYSTEM
    )


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


SIZES = [(100, 5_000), (1_000, 50_000), *([(10_000, 500_000)] if FULL else [])]


@pytest.mark.parametrize(("km", "count"), SIZES)
def test_high_consequence_areas(km: int, count: int, record_property: object) -> None:
    lines = network(km)
    buildings = town(lines, count)
    began = time.perf_counter()
    shapely.STRtree(buildings.geometry.to_numpy()).query(lines.geometry.to_numpy(), predicate="dwithin", distance=200)
    baseline = time.perf_counter() - began
    began = time.perf_counter()
    found = high_consequence_areas(lines, buildings=buildings, facilities=None)
    seconds = time.perf_counter() - began
    print(
        f"\n{km} km x {count} buildings: {seconds:.2f} s, {seconds / baseline:.1f} x the bare search, {len(found)} pieces, peak {peak_gb():.2f} GB"
    )
    assert found["length_m"].sum() == pytest.approx(lines.length.sum(), rel=1e-9)
    assert seconds < 60
    assert peak_gb() < 2


def mesh(km: int) -> gpd.GeoDataFrame:
    """Give a connected net: edges of 10 km, a row each, four of them meeting at every branch."""
    side = round((km / 20) ** 0.5) + 1
    along = np.arange(0, 10_001, 100.0)
    rows = []
    for i in range(side):
        for j in range(side):
            if i + 1 < side:
                rows.append(shapely.linestrings(np.column_stack([i * 1e4 + along, np.full(101, j * 1e4)])))
            if j + 1 < side:
                rows.append(shapely.linestrings(np.column_stack([np.full(101, i * 1e4), j * 1e4 + along])))
    names = [f"N{n:04d}" for n in range(len(rows))]
    return gpd.GeoDataFrame(
        {"id": names, "medium": "natural_gas", "diameter_mm": 711.0, "pressure_mpa": 6.3}, geometry=rows, crs=SYSTEM
    )


@pytest.mark.parametrize(("km", "count"), SIZES)
def test_high_consequence_areas_of_a_net(km: int, count: int) -> None:
    """The same length in one connected net, against the same rows laid apart."""
    lines = mesh(km)
    buildings = town(lines, count)
    apart = lines.assign(medium=["natural_gas" if n % 2 else "crude_oil" for n in range(len(lines))])
    seconds = []
    for frame in (apart, lines):
        began = time.process_time()
        found = high_consequence_areas(frame, buildings=buildings, facilities=None)
        seconds.append(time.process_time() - began)
        assert found["length_m"].sum() == pytest.approx(lines.length.sum(), rel=1e-9)
    print(
        f"\n{lines.length.sum() / 1000:.0f} km of net x {count} buildings: {seconds[1]:.2f} s of CPU, "
        f"{seconds[1] / seconds[0]:.1f} x half of its rows of the other table, peak {peak_gb():.2f} GB"
    )
    assert seconds[1] < 60
    assert peak_gb() < 2


POINTS = [(10_000, 1_000), *([(100_000, 3_163)] if FULL else [])]


@pytest.mark.parametrize(("count", "side"), POINTS)
def test_risk_points_on_cells(count: int, side: int) -> None:
    """100,000 points on 10 million cells (3,163 x 3,163)."""
    rng = np.random.default_rng(3)
    grid = Grid((side, side), Affine(50, 0, 0, 0, -50, 50 * side), SYSTEM)
    spots = rng.uniform(0, 50 * side, (count, 2))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spots.T), crs=SYSTEM)
    level = pd.Series(rng.integers(0, 5, count))
    began = time.perf_counter()
    grid.locate(*spots.T)
    baseline = time.perf_counter() - began
    began = time.perf_counter()
    cells, counts = risk_points.count_by_cell(points, level, grid)
    values = np.zeros(grid.shape, np.uint8)
    values.flat[cells] = risk_points.area_levels(counts, rule="escalation")
    seconds = time.perf_counter() - began
    print(
        f"\n{count} points x {side * side} cells: {seconds:.2f} s, {seconds / baseline:.1f} x locating them, peak {peak_gb():.2f} GB"
    )
    assert counts.sum() == count
    assert seconds < 10
