"""Cost of the risk engine: rasters by windows beside rasterio alone, and zoning from cells to polygons and townships.

Small sizes: ``make bench``; the largest ones with ``RISKMAP_BENCH=full`` (12,000 x 12,000 cells, ten million cells of zones).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from scipy.ndimage import gaussian_filter, zoom

from riskmap.crs import parse
from riskmap.data import windows
from riskmap.grid import Grid
from riskmap.risk import patches, units, zoning
from riskmap.workflow.clusters import workers
from riskmap.workflow.tiles import compose_tiles

FULL = os.environ.get("RISKMAP_BENCH") == "full"
SYSTEM = parse("EPSG:4548")
THREADS = 2
WEIGHTS = {"hazard_a": 0.3, "hazard_b": 0.25, "hazard_c": 0.2, "hazard_d": 0.15, "hazard_e": 0.1}
SIDE = 12_000 if FULL else 3_000
TIMES = 2
OUTPUTS = ("score", "level")
LIMITS = {"given": 1.4, "sample": 1.4, "exact": 2.2}
"""Times of rasterio alone that a run may take."""


# ---------------------------------------------------------------------------- rasters by windows


def tiled(folder: Path, side: int) -> dict[str, Path]:
    """Five float32 layers in zstd tiles: smooth fields with noise and a few unknown cells, written row of tiles by row."""
    rng = np.random.default_rng(1)
    files = {}
    for number, layer in enumerate(WEIGHTS):
        base = gaussian_filter(rng.standard_normal((512, 512)), 6, mode="wrap").astype(np.float32)
        base = (base - base.min()) / (base.max() - base.min())
        files[layer] = folder / f"{layer}.tif"
        profile = {
            "driver": "GTiff", "height": side, "width": side, "count": 1, "dtype": "float32", "crs": "EPSG:4548",
            "transform": Affine(30, 0, 500_000, 0, -30, 4_200_000), "nodata": np.nan, "tiled": True, "blockxsize": 512,
            "blockysize": 512, "compress": "zstd", "predictor": 3, "num_threads": THREADS,
        }  # fmt: skip
        with rasterio.open(files[layer], "w", **profile) as file:
            for row in range(0, side, 512):
                height = min(512, side - row)
                across = np.hstack([np.roll(base, (row // 16, column // 8), (0, 1)) for column in range(0, side, 512)])
                band = across[:height, :side] * np.float32(0.7 + 0.3 * np.sin(row / 900 + number))
                band += rng.standard_normal(band.shape, dtype=np.float32) * np.float32(0.01)
                band[rng.random(band.shape, dtype=np.float32) < 0.001] = np.nan
                file.write(band, 1, window=rasterio.windows.Window(0, row, side, height))
    return files


def rasterio_alone(files: dict[str, Path], made: Path) -> None:
    """Read the inputs and write the score and the level grid that a run made, with the same threads."""
    grid = windows.common_grid(list(files.values()))
    score, level = (np.load(made / f"{name}.npy", mmap_mode="r") for name in OUTPUTS)

    def read(window: windows.Window) -> windows.Window:
        for path in files.values():
            windows.read_window(path, window)
        return window

    with (
        windows.environment(),
        workers(threads=THREADS) as mapper,
        windows.TileWriter(made / "s.tif", grid, "float32", title="s", threads=THREADS) as scores,
        windows.TileWriter(made / "l.tif", grid, "uint8", title="l", threads=THREADS) as levels,
    ):
        for window in mapper(read, ((window,) for window in windows.windows(grid))):
            scores.write(np.ascontiguousarray(score[window.slices]), window)
            levels.write(np.ascontiguousarray(level[window.slices]), window)


def run(what: str, folder: Path, alone: bool) -> None:
    """Do one run, or rasterio's part of it, in a process of its own, and print its seconds and peak memory."""
    files = {layer: folder / f"{layer}.tif" for layer in WEIGHTS}
    given = {"scales": {n: windows_scale() for n in WEIGHTS}, "breaks": [0.2, 0.4, 0.6, 1.0]}
    asked = {"given": given, "sample": {"bounds_from": "sample", "breaks_from": "sample"}, "exact": {}}
    began, busy = time.perf_counter(), time.process_time()
    if alone:
        rasterio_alone(files, folder / what)
    else:
        made = compose_tiles(files, folder / what, weights=WEIGHTS, threads=THREADS, **asked[what])
    told = {"wall": time.perf_counter() - began, "cpu": time.process_time() - busy, "peak_gb": peak_gb()}
    if not alone:
        told |= {"breaks": made.breaks.tolist(), "breaks_error": made.breaks_error}
        for name in OUTPUTS:
            with rasterio.open(folder / what / f"risk_{name}.tif") as source:
                np.save(folder / what / f"{name}.npy", source.read(1))
    print(json.dumps(told))


def windows_scale() -> object:
    from riskmap.risk.normalise import Scale

    return Scale("fixed", 0.0, 1.0)


def peak_gb() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def in_a_process(what: str, folder: Path, *, alone: bool = False) -> dict:
    command = [sys.executable, __file__, what, str(folder), *(["alone"] if alone else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get("RISKMAP_BENCH_TILES")
    made = Path(named) if named else tmp_path_factory.mktemp("tiles")
    if not (made / "hazard_e.tif").exists():
        tiled(made, SIDE)
    return made


def test_windows_beside_rasterio_alone(folder: Path) -> None:
    print(
        f"\n{SIDE} x {SIDE} cells x {len(WEIGHTS)} float32 layers, {THREADS} threads; best of {TIMES}, beside rasterio's"
    )
    print(f"{'':8} {'wall s':>7} {'alone':>7} {'ratio':>6} {'cpu s':>7} {'alone':>7} {'ratio':>6} {'peak GB':>8}")
    told = {}
    for what, limit in LIMITS.items():
        runs = [(in_a_process(what, folder), in_a_process(what, folder, alone=True)) for _ in range(TIMES)]
        told[what] = runs[0][0]
        ours, theirs = ({key: min(run[n][key] for run in runs) for key in ("wall", "cpu")} for n in (0, 1))
        peak = max(made["peak_gb"] for made, _ in runs)
        print(
            f"{what:8} "
            + " ".join(f"{ours[k]:7.1f} {theirs[k]:7.1f} {ours[k] / theirs[k]:6.2f}" for k in ("wall", "cpu"))
            + f" {peak:8.2f}"
        )
        assert peak < 1.5
        if FULL:
            # what starting costs shows in small runs
            assert min(ours[k] / theirs[k] for k in ("wall", "cpu")) <= limit
    off = np.abs(np.array(told["sample"]["breaks"]) - told["exact"]["breaks"])[:-1].max()
    print(f"limits of the sample are off by {off:.4f}; stated error {told['sample']['breaks_error']:.4f}")


# ---------------------------------------------------------------------------- zoning

CELLS = [100_000, 300_000, 1_350_000, *([4_000_000, 10_000_000] if FULL else [])]


def county(cells: int) -> dict:
    """Levels of hills and speckle in an irregular outline, people, and townships of some 100,000 cells each."""
    side = int(np.sqrt(cells / 0.7))
    rng = np.random.default_rng(2)
    grid = Grid((side, side), Affine(30, 0, 500_000, 0, -30, 4_200_000), SYSTEM)
    coarse = gaussian_filter(rng.standard_normal((side // 6 + 2, side // 6 + 2)), 4)
    field = zoom(coarse, 6, order=1)[:side, :side] / coarse.std() + rng.normal(0, 0.12, (side, side))
    levels = (1 + np.searchsorted([-0.7, 0.2, 1.1], field)).astype(np.uint8)
    angle = np.linspace(0, 2 * np.pi, 2000, endpoint=False)
    radius = side * 30 * 0.472 * (1 + 0.03 * np.sin(9 * angle) + 0.02 * np.sin(23 * angle))
    middle = np.array([500_000 + side * 15, 4_200_000 - side * 15])
    boundary = shapely.Polygon(middle + radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
    seeds = shapely.MultiPoint(middle + rng.uniform(-1, 1, (max(6, cells // 100_000), 2)) * side * 14)
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=boundary))
    towns = gpd.GeoDataFrame(
        {"name": [f"T{n}" for n in range(len(parts))], "code": [f"370305{n:03d}" for n in range(len(parts))]},
        geometry=shapely.intersection(parts, boundary), crs=SYSTEM,
    )  # fmt: skip
    inside = grid.burn([boundary], [1]).astype(bool)
    people = np.where(rng.random(grid.shape) < 0.05, rng.integers(1, 40, grid.shape), 0).astype(float)
    return {
        "levels": np.where(inside, levels, 0).astype(np.uint8),
        "inside": inside,
        "boundary": boundary,
        "grid": grid,
        "towns": towns,
        "people": people,
    }


def zoned(world: dict) -> tuple[dict[str, float], int]:
    """Merge, draw and count; processor seconds of each, which do not depend on who else is at work."""
    grid, seconds = world["grid"], {}
    began = time.process_time()
    merged = patches.merge_patches(
        world["levels"], min_cells=25e4 / grid.cell_area, people=world["people"], keep_people=10
    )
    seconds["merge"] = time.process_time() - began
    began = time.process_time()
    zones = zoning.risk_zones(merged.codes, world["inside"], world["boundary"], grid)
    seconds["polygons"] = time.process_time() - began
    began = time.process_time()
    counted = units.risk_units(
        zones, world["towns"], world["boundary"], levels=merged.codes, people=world["people"], inside=world["inside"], grid=grid
    )  # fmt: skip
    seconds["townships"] = time.process_time() - began
    assert counted["area_km2"].sum() == pytest.approx(world["boundary"].area / 1e6, rel=1e-6)
    return seconds, len(zones)


def test_zoning_curve() -> None:
    shapely.union_all(shapely.box([0, 1], 0, [1, 2], 1))
    print(
        f"\n{'cells':>12} {'merge':>7} {'polygons':>9} {'townships':>10} {'cpu s':>8} {'zones':>7} {'us / (n log2 n)':>16}"
    )
    costs = []
    for cells in CELLS:
        world = county(cells)
        n = int(world["inside"].sum())
        seconds, zones = zoned(world)
        total = sum(seconds.values())
        costs.append(total / (n * np.log2(n)) * 1e6)
        print(
            f"{n:12,} {seconds['merge']:7.2f} {seconds['polygons']:9.2f} {seconds['townships']:10.2f} {total:8.2f} {zones:7,} {costs[-1]:16.4f}"
        )
        if cells == 1_350_000:
            assert total <= 20
    assert costs[-1] <= 1.5 * costs[0]


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), len(sys.argv) > 3)
