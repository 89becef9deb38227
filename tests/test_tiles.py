"""Rasters by windows: the same bytes as in memory and on a Dask cluster, limits exact after a second look, little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import yaml
from affine import Affine
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from riskmap import zonal
from riskmap.cli import main
from riskmap.data import windows
from riskmap.errors import DataError, SpecError
from riskmap.grid import Grid
from riskmap.risk import blocks, classify, histogram
from riskmap.risk.histogram import Histogram, Selection
from riskmap.risk.normalise import Scale, fit, level_scale
from riskmap.risk.recipe import Recipe
from riskmap.workflow.build import Built
from riskmap.workflow.tiles import compose_tiles
from tests.worlds import METRIC, built, rows_of, small_county

SHAPE = (600, 4200)
WEIGHTS = {"hazard_flood": 0.5, "hazard_earthquake": 0.3, "hazard_geology": 0.2}


@cache
def layers() -> dict[str, NDArray]:
    rng = np.random.default_rng(11)
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    flood = (np.sin(x / 300) + np.cos(y / 200) + rng.normal(0, 0.1, SHAPE)).astype(np.float32)
    flood[rng.random(SHAPE) < 0.01] = np.nan
    quake = (0.1 + x / 1e5 + rng.random(SHAPE) * 0.02).astype(np.float32)
    geology = rng.integers(0, 6, SHAPE).astype(np.uint8)
    return {"hazard_flood": flood, "hazard_earthquake": quake, "hazard_geology": geology}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("国家 tiles")
    paths = {}
    for layer, values in layers().items():
        paths[layer] = folder / f"{layer}.tif"
        nodata = 0 if values.dtype == np.uint8 else -9999.0
        with rasterio.open(
            paths[layer], "w", driver="GTiff", height=SHAPE[0], width=SHAPE[1], count=1, dtype=values.dtype,
            crs="EPSG:4548", transform=Affine(30, 0, 500_000, 0, -30, 4_100_000), nodata=nodata, tiled=True, compress="zstd",
        ) as target:  # fmt: skip
            target.write(values if nodata == 0 else np.nan_to_num(values, nan=nodata), 1)
    return paths


def in_memory(limits: list[float] | None = None, bounds: dict | None = None, scheme: str = "natural_breaks") -> tuple:
    """The whole at once, by the functions of a county."""
    raw = layers()
    scales = {
        n: level_scale(5) if v.dtype == np.uint8 else fit(v, bounds=(bounds or {}).get(n)) for n, v in raw.items()
    }
    score = Recipe(scales, WEIGHTS).score(raw)
    found = np.array(limits) if limits else classify.breaks(score, scheme=scheme).astype(np.float32).astype(float)
    return score, classify.levels(score, found), found


def read(path: Path) -> NDArray:
    with rasterio.open(path) as source:
        return source.read(1)


@pytest.mark.parametrize("scheme", ["natural_breaks", "quantile", "equal_interval"])
def test_exact_runs_give_the_bytes_of_the_whole_in_memory(files: dict, tmp_path: Path, scheme: str) -> None:
    made = compose_tiles(files, tmp_path, weights=WEIGHTS, scales={"hazard_geology": level_scale(5)}, scheme=scheme)
    score, level, limits = in_memory(scheme=scheme)
    assert made.breaks.tolist() == limits.tolist()
    assert made.breaks_error == 0
    assert read(made.score).tobytes() == score.tobytes()
    assert read(made.level).tobytes() == level.tobytes()
    assert made.cells.tolist() == np.bincount(level.ravel(), minlength=5).tolist()


def test_mean_and_deviation_of_a_stream_are_those_of_the_whole(files: dict, tmp_path: Path) -> None:
    made = compose_tiles(files, tmp_path, weights=WEIGHTS, scales={"hazard_geology": level_scale(5)}, scheme="std_mean")
    np.testing.assert_allclose(made.breaks, in_memory(scheme="std_mean")[2], rtol=1e-6)


def test_a_skewed_stream_keeps_the_lowest_class_though_it_is_empty() -> None:
    values = np.float32([0.0] * 20 + [0.1] * 20 + [0.2, 9.0])
    counted = Histogram.over(0.0, 10.0)
    counted.add(values)
    limits = classify.breaks(values, scheme="std_mean")
    assert len(limits) == 4
    assert histogram.breaks(counted, scheme="std_mean") == pytest.approx(limits, rel=1e-6)


RARE = {
    "three values": np.repeat([0.0, 1.0, 2.0], [5000, 300, 10]),
    "as many as classes": np.repeat([0.0, 1.0, 2.0, 3.0], [60, 20, 10, 5]),
    "four of half a million": np.r_[np.zeros(500_000), 1.0, 2.0, np.full(10, 3.0)],
    "nine of half a million": np.r_[np.zeros(500_000), np.arange(1.0, 9.0)],
    "one value": np.full(7, 0.5),
}


@pytest.mark.parametrize("scheme", histogram.SCHEMES)
@pytest.mark.parametrize("k", [4, 5])
@pytest.mark.parametrize("case", RARE)
def test_a_stream_of_few_values_is_classed_as_the_whole(case: str, k: int, scheme: str) -> None:
    values = RARE[case].astype(np.float32)
    limits = classify.breaks(values, scheme=scheme, k=k)
    counted = Histogram.over(0.0, 10.0)
    for block in np.array_split(values, 3):
        counted.add(block)
    ranks = histogram.ranks_for(counted.count, scheme=scheme, k=k)
    selection = Selection(counted, ranks) if len(ranks) else None
    if selection:
        selection.add(selection.among(values))
    streamed = histogram.breaks(counted, scheme=scheme, k=k, selection=selection)
    np.testing.assert_allclose(streamed, limits, rtol=1e-6, atol=1e-6)
    # the fewer values are the classes themselves (contract 11.12)
    if len(np.unique(values)) < k:
        assert limits.tolist() == np.unique(values).tolist()


def test_given_bounds_and_breaks_in_one_pass(files: dict, tmp_path: Path) -> None:
    bounds = {"hazard_flood": (-1.0, 1.0), "hazard_earthquake": (0.1, 0.2)}
    scales = {n: Scale("fixed", *b) for n, b in bounds.items()} | {"hazard_geology": level_scale(5)}
    limits = [0.25, 0.5, 0.75, 1.0]
    made = compose_tiles(files, tmp_path, weights=WEIGHTS, scales=scales, breaks=limits)
    score, level, _ = in_memory(limits, bounds)
    assert read(made.score).tobytes() == score.tobytes()
    assert read(made.level).tobytes() == level.tobytes()
    flood = layers()["hazard_flood"]
    assert made.beyond["hazard_flood"] == int(((flood < -1) | (flood > 1)).sum())
    assert made.beyond["hazard_earthquake"] == 0


def test_products_are_cogs_with_nodata(files: dict, tmp_path: Path) -> None:
    made = compose_tiles(files, tmp_path, weights={"hazard_flood": 1.0}, breaks=[0.2, 0.4, 0.6, 1.0])
    for path, nodata in ((made.score, np.nan), (made.level, 0)):
        with rasterio.open(path) as source:
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert source.block_shapes == [(512, 512)]
            assert source.overviews(1)
            assert source.crs.to_epsg() == 4548
            np.testing.assert_equal(source.nodata, nodata)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["risk_level.tif", "risk_score.tif"]


def test_a_sample_says_how_far_its_limits_may_be_off(files: dict, tmp_path: Path) -> None:
    scales = {
        "hazard_geology": level_scale(5),
        "hazard_flood": Scale("fixed", -2.4, 2.4),
        "hazard_earthquake": Scale("fixed", 0.1, 0.17),
    }
    made = compose_tiles(files, tmp_path, weights=WEIGHTS, scales=scales, breaks_from="sample")
    # one tile of eighteen is all that 2 % allow here: nothing can be said about the error, and nothing is
    assert np.isnan(made.breaks_error)
    assert len(windows.sample_tiles(windows.grid_of(files["hazard_flood"]), 0.02)) == 1


def test_the_error_of_a_sample_covers_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict
) -> None:
    monkeypatch.setattr("riskmap.workflow.tiles.SAMPLE_SHARE", 0.3)
    scales = {
        "hazard_earthquake": Scale("fixed", 0.1, 0.17),
        "hazard_flood": Scale("fixed", -2.4, 2.4),
        "hazard_geology": level_scale(5),
    }
    sampled = compose_tiles(
        files, tmp_path / "s", weights=WEIGHTS, scales=scales, breaks_from="sample", scheme="quantile"
    )
    whole = compose_tiles(files, tmp_path / "w", weights=WEIGHTS, scales=scales, scheme="quantile")
    off = np.abs(sampled.breaks - whole.breaks)[:-1].max()
    assert 0 < off <= 2 * sampled.breaks_error
    assert sampled.breaks_error < 0.2


def test_sample_tiles_are_few_distinct_and_spread() -> None:
    grid = Grid((12_000, 12_000), Affine(30, 0, 0, 0, -30, 0), METRIC)
    chosen = windows.sample_tiles(grid, 0.02)
    assert 0.015 < len(chosen) / 24**2 <= 0.02
    quarters = {(w.row // 6000, w.column // 6000) for w in chosen}
    assert len(chosen) == len(set(chosen)) and len(quarters) == 4
    assert chosen == windows.sample_tiles(grid, 0.02)


def test_windows_tile_the_grid() -> None:
    grid = Grid((1100, 4700), Affine(30, 0, 0, 0, -30, 0), METRIC)
    seen = np.zeros(grid.shape, int)
    for window in windows.windows(grid):
        seen[window.slices] += 1
    assert (seen == 1).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["natural_breaks", "quantile", "equal_interval"]),
    st.sampled_from([4, 5]),
)
def test_limits_of_a_stream(seed: int, scheme: str, k: int) -> None:
    rng = np.random.default_rng(seed)
    scores = _scores(rng)
    parts = np.array_split(scores, rng.integers(1, 6))
    counted = Histogram.over(0.0, 1.0, bins=64)
    for part in parts:
        counted.add(part)
    selection = Selection(counted, histogram.ranks_for(counted.count, scheme=scheme, k=k))
    for part in reversed(parts):
        selection.add(selection.among(part))
    expected = classify.breaks(scores, scheme=scheme, k=k)
    found = histogram.breaks(counted, scheme=scheme, k=k, selection=selection)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    rough = counted.order_statistics(np.arange(counted.count))
    assert np.abs(rough - np.sort(scores[~np.isnan(scores)])).max() <= counted.width + 1e-7


def _scores(rng: np.random.Generator) -> NDArray[np.float32]:
    """Known scores of all kinds: smooth, few distinct ones, with ties and unknown cells."""
    kind = rng.integers(3)
    n = int(rng.integers(6, 500))
    values = rng.random(n) if kind == 0 else rng.integers(0, 7, n) / 6 if kind == 1 else rng.beta(0.3, 3, n)
    scores = values.astype(np.float32)
    scores[rng.random(n) < 0.1] = np.nan
    scores[0] = 0.5
    return scores


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["weighted_sum", "geometric_mean", "product", "power", "maximum"]))
def test_no_score_leaves_the_range_that_the_histogram_covers(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    raw = {n: rng.random(200) * 9 for n in "abc"}
    recipe = Recipe(
        {n: fit(v) for n, v in raw.items()}, {"a": 0.5, "b": 0.3, "c": 0.2}, method, reducing=frozenset("c")
    )
    low, high = recipe.score_range()
    score = recipe.score(raw)
    assert low - 1e-6 <= score.min() and score.max() <= high + 1e-6


def test_blocks_of_any_shape_score_alike() -> None:
    raw = {n: v[:, :700] for n, v in layers().items()}
    scales = {n: level_scale(5) if v.dtype == np.uint8 else fit(v) for n, v in raw.items()}
    recipe = Recipe(scales, WEIGHTS)
    whole = blocks.score(recipe, raw)
    assert whole.tobytes() == recipe.score(raw).tobytes()
    for part in ((slice(0, 1), slice(0, 700)), (slice(13, 600), slice(5, 6)), (slice(100, 400), slice(100, 500))):
        np.testing.assert_array_equal(blocks.score(recipe, {n: v[part] for n, v in raw.items()}), whole[part])


def test_grids_that_differ_are_refused(files: dict, tmp_path: Path) -> None:
    other = tmp_path / "other.tif"
    with rasterio.open(files["hazard_flood"]) as source:
        profile = source.profile | {"transform": Affine(30, 0, 500_015, 0, -30, 4_100_000)}
    with rasterio.open(other, "w", **profile) as target:
        target.write(np.zeros(SHAPE, np.float32), 1)
    with pytest.raises(DataError, match="the grid differs"):
        compose_tiles(files | {"hazard_flood": other}, tmp_path / "out", weights=WEIGHTS)


def test_a_layer_of_nothing_is_named(files: dict, tmp_path: Path) -> None:
    empty = tmp_path / "empty.tif"
    with rasterio.open(files["hazard_flood"]) as source:
        profile = source.profile
    with rasterio.open(empty, "w", **profile) as target:
        target.write(np.full(SHAPE, -9999, np.float32), 1)
    with pytest.raises(DataError, match="no known value"):
        compose_tiles({"hazard_flood": empty}, tmp_path / "out", weights={"hazard_flood": 1.0})


def test_townships_are_counted_from_the_file_as_from_memory(files: dict) -> None:
    grid = windows.grid_of(files["hazard_geology"])
    west, south, _, north = grid.bounds
    polygons = np.array(
        [
            shapely.box(west, south, west + 40_017, north),
            shapely.Point(west + 90_000, south + 9000).buffer(7000),
            shapely.Polygon(),
        ]
    )
    from_file = windows.covered_area(files["hazard_geology"], polygons, count=6)
    in_memory = zonal.covered_area(layers()["hazard_geology"], polygons, grid, count=6)
    np.testing.assert_allclose(from_file, in_memory, rtol=1e-9)
    np.testing.assert_allclose(from_file.sum(1), shapely.area(polygons), rtol=1e-6)


# ---------------------------------------------------------------------------- on a cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A scheduler and two workers in processes of their own."""
    # workers as processes outlive no test: the script holds them while its standard input is open
    script = (
        "import sys, warnings\nwarnings.simplefilter('ignore')\nfrom distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True)\n        sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process.stdout.readline().strip()
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


def test_a_cluster_gives_the_same_bytes(files: dict, tmp_path: Path, cluster: str) -> None:
    given_scales = {"hazard_geology": level_scale(5)}
    here = compose_tiles(files, tmp_path / "here", weights=WEIGHTS, scales=given_scales)
    there = compose_tiles(files, tmp_path / "there", weights=WEIGHTS, scales=given_scales, dask=cluster)
    assert here.breaks.tolist() == there.breaks.tolist()
    for name in ("risk_score.tif", "risk_level.tif"):
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_a_build_on_a_cluster_gives_the_same_grids(tmp_path: Path, cluster: str) -> None:
    risk = {"sensitivity": {"runs": 10, "errors": {"hazard_flood": 0.2}}, "assets": {"population": {}}}
    file = small_county(tmp_path, risk)
    from riskmap.workflow.build import build

    grids = {}
    for name, options in (("here", {}), ("threads", {"jobs": 3}), ("there", {"dask": cluster})):
        build(file, tmp_path / name, only=("risk", "assets", "sensitivity"), **options)
        grids[name] = {p.name: p.read_bytes() for p in (tmp_path / name / "grids").glob("*.tif")}
    assert grids["here"] == grids["threads"] == grids["there"]
    assert len(grids["here"]) > 10


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    file = small_county(tmp_path)
    result = CliRunner().invoke(main, ["risk", str(file), "--out", str(tmp_path / "out"), "--dask", "nowhere"])
    assert result.exit_code == 3
    assert "nowhere" in result.stderr


# ---------------------------------------------------------------------------- by a project file


def project(folder: Path, files: dict[str, Path], risk: dict) -> Path:
    gpd.GeoDataFrame(
        {"name": ["国"]}, geometry=[shapely.box(500_000, 4_000_000, 600_000, 4_100_000)], crs=METRIC
    ).to_file(folder / "boundary.gpkg")
    inputs = {"boundary": "boundary.gpkg"} | {n: str(p) for n, p in files.items()}
    inputs["hazard_geology"] = {"path": str(files["hazard_geology"]), "levels": {"count": 5, "worst": "high_code"}}
    file = folder / "nation.yaml"
    whole = {"schema": 1, "name": {"zh": "全国", "en": "Nation"}, "cell_size_m": 30, "inputs": inputs, "risk": risk}
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    return file


def test_a_project_by_windows(files: dict, tmp_path: Path) -> None:
    file = project(tmp_path, files, {"weights": WEIGHTS})
    result = CliRunner().invoke(main, ["compose", str(file), "--out", str(tmp_path / "out"), "--format", "json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    _, level, limits = in_memory()
    assert told["breaks"] == limits.tolist()
    assert list(told["cells"].values()) == np.bincount(level.ravel(), minlength=5).tolist()
    assert read(tmp_path / "out" / "risk_level.tif").tobytes() == level.tobytes()
    assert json.loads((tmp_path / "out" / "run.json").read_text("utf-8")) == told


def test_fewer_classes_by_windows_are_told(files: dict, tmp_path: Path) -> None:
    flood = np.repeat([1.0, 2.0, 4.0], 200)[:, None] * np.ones(SHAPE[1])
    own = {"hazard_flood": as_delivered(tmp_path / "f.tif", flood.astype(np.float32), files["hazard_flood"], None)}
    risk = {"weights": {"hazard_flood": 1.0}, "classify": {"scheme": "equal_interval", "k": 4}}
    file = project(tmp_path, own | {"hazard_geology": files["hazard_geology"]}, risk)
    result = CliRunner().invoke(main, ["compose", str(file), "--out", str(tmp_path / "out"), "--lang", "zh"])
    assert result.exit_code == 0, result.stderr
    told = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert told["breaks"] == pytest.approx([0.0, 1 / 3, 1.0])
    assert [found["code"] for found in told["findings"]] == ["FEWER_CLASSES"]
    assert "没有重大风险" in result.stdout


def as_delivered(path: Path, values: NDArray, like: Path, nodata: float | None) -> Path:
    """Write values on the grid of another raster, with the nodata value that a department chose."""
    with rasterio.open(like) as source:
        profile = source.profile | {"dtype": values.dtype.name, "nodata": nodata}
    with rasterio.open(path, "w", **profile) as file:
        file.write(values, 1)
    return path


def test_nodata_as_departments_write_it_is_unknown_by_windows(files: dict, tmp_path: Path) -> None:
    geology, flood = layers()["hazard_geology"], layers()["hazard_flood"]
    codes = np.where(geology == 0, 255, geology).astype(np.uint8)
    codes[:50, :50] = 255
    millimetres = np.where(np.isnan(flood), -9999, np.nan_to_num(flood) * 1000).astype(np.int16)
    millimetres[-20:, -20:] = -9999
    like = files["hazard_flood"]
    own = {
        "hazard_geology": as_delivered(tmp_path / "g.tif", codes, like, 255),
        "hazard_flood": as_delivered(tmp_path / "f.tif", millimetres, like, -9999),
    }
    risk = {"weights": {"hazard_geology": 0.5, "hazard_flood": 0.5}}
    result = CliRunner().invoke(main, ["compose", str(project(tmp_path, own, risk)), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.stderr
    known = np.where(millimetres == -9999, np.nan, millimetres.astype(float))
    share = (known - np.nanmin(known)) / (np.nanmax(known) - np.nanmin(known))
    level = np.where(codes == 255, np.nan, (codes - 1.0) / 4)
    np.testing.assert_allclose(read(tmp_path / "out" / "risk_score.tif"), 0.5 * share + 0.5 * level, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "nodata", "says"),
    [(np.uint8, None, "holds 255, declared are 1-5"), (np.int16, 255, "levels as uint8")],
)
def test_levels_by_windows_are_what_was_declared(
    files: dict, tmp_path: Path, kind: type, nodata: float | None, says: str
) -> None:
    codes = np.where(layers()["hazard_geology"] == 0, 255, layers()["hazard_geology"]).astype(kind)
    codes[0, 0] = 255
    own = {"hazard_geology": as_delivered(tmp_path / "g.tif", codes, files["hazard_flood"], nodata)}
    file = project(tmp_path, own, {"weights": {"hazard_geology": 1.0}})
    result = CliRunner().invoke(main, ["compose", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert says in result.stderr


def test_values_of_one_byte_with_nodata_are_refused_by_windows(files: dict, tmp_path: Path) -> None:
    share = np.full(SHAPE, 40, np.uint8)
    own = {"hazard_geology": files["hazard_geology"]}
    own["hazard_meteorology"] = as_delivered(tmp_path / "m.tif", share, files["hazard_flood"], 255)
    file = project(tmp_path, own, {"weights": {"hazard_geology": 0.5, "hazard_meteorology": 0.5}})
    result = CliRunner().invoke(main, ["compose", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "not as uint8" in result.stderr


def test_levels_by_windows_keep_any_red(files: dict, tmp_path: Path) -> None:
    file = project(tmp_path, files, {"method": "maximum", "weights": {"hazard_geology": 1.0}})
    result = CliRunner().invoke(main, ["compose", str(file), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.stderr
    table = np.array([0, 1, 1, 2, 3, 4], np.uint8)
    np.testing.assert_array_equal(read(tmp_path / "out" / "risk_level.tif"), table[layers()["hazard_geology"]])


@pytest.mark.parametrize(
    "risk",
    [
        {"weights": {"combination": [{"given": WEIGHTS}, {"entropy": list(WEIGHTS)}]}},
        {"weights": WEIGHTS, "normalise": {"method": "rank"}},
        {"weights": WEIGHTS, "normalise": {"method": "z_score"}},
    ],
)
def test_what_needs_the_whole_in_memory_is_refused(files: dict, tmp_path: Path, risk: dict) -> None:
    from riskmap.workflow.national import compose_project

    with pytest.raises((SpecError, DataError), match=r"by windows|all the values"):
        compose_project(project(tmp_path, files, risk), tmp_path / "out")


def test_the_county_of_a_build_scores_like_its_tiles(tmp_path: Path) -> None:
    """The grids that a build landed, composed again by windows, give the build's own scores."""
    made = built(small_county(tmp_path, {"weights": WEIGHTS}), tmp_path / "out", "risk")
    told = made.run["totals"]["risk"]
    recipe = Recipe.from_record(told["recipe"])
    again = compose_tiles(
        {n: made.out / "grids" / f"{n}.tif" for n in WEIGHTS}, tmp_path / "again", weights=told["weights"],
        scales=recipe.scales, breaks=told["breaks"],
    )  # fmt: skip
    score = read(made.out / "grids" / "risk_score.tif")
    known = ~np.isnan(score)
    np.testing.assert_array_equal(read(again.score)[known], score[known])


JUDGED = "name,hazard_flood,hazard_earthquake\nhazard_flood,1,3\nhazard_earthquake,,1\n"
ASKED = {
    "judged, five classes": {"weights": {"ahp": "judged.csv"}, "classify": {"scheme": "quantile", "k": 5}},
    "capacity lowers": {"weights": {"hazard_flood": 1, "capacity": 2}, "method": "power"},
    "half to one": {"weights": WEIGHTS, "method": "geometric_mean", "normalise": {"method": "half_one"}},
    "combined": {"weights": {"combination": [{"given": WEIGHTS}, {"equal": list(WEIGHTS)}], "rule": "mean"}},
    "matrix": {
        "method": "matrix",
        "matrix": {"likelihood": "hazard_geology", "consequence": "hazard_drought"},
    },
    "red stays": {
        "method": "maximum",
        "weights": {"hazard_geology": 1},
        "five_to_four": {1: 1, 2: 2, 3: 3, 4: 4, 5: 4},
    },
    "values": {"method": "maximum", "weights": {"hazard_flood": 1, "hazard_geology": 1}, "missing": "conservative"},
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_project_by_windows_is_the_project_built(tmp_path: Path, asked: str) -> None:
    """What a county asks for is the same by windows: its landed grids give its own scores, levels and breaks."""
    file = small_county(tmp_path, ASKED[asked])
    (tmp_path / "judged.csv").write_text(JUDGED, "utf-8")
    again = yaml.safe_load(file.read_text("utf-8"))
    levels = again["inputs"]["hazard_geology"]["levels"]
    again["inputs"]["hazard_drought"] = again["inputs"]["hazard_geology"] | {"levels": levels | {"worst": "low_code"}}
    file.write_text(yaml.safe_dump(again, allow_unicode=True), "utf-8")
    made = built(file, tmp_path / "out", "risk")
    told = made.run["totals"]["risk"]
    inside = ~np.isnan(read(made.out / "grids" / "risk_score.tif"))
    for layer in ("hazard_flood", "hazard_earthquake", "hazard_geology", "hazard_drought", "capacity"):
        grid = made.out / "grids" / f"{layer}.tif"
        with rasterio.open(grid) as source:
            values, profile = source.read(1), source.profile | {"driver": "GTiff"}
        # a build looks at its own area alone
        values[~zoned(made)] = 0 if values.dtype == np.uint8 else np.nan
        with rasterio.open(tmp_path / f"{layer}.tif", "w", **profile) as target:
            target.write(values, 1)
        again["inputs"][layer] = {"path": f"{layer}.tif"} | ({"levels": levels} if values.dtype == np.uint8 else {})
    file.write_text(yaml.safe_dump(again, allow_unicode=True), "utf-8")
    from riskmap.workflow.national import compose_project

    windowed = compose_project(file, tmp_path / "w")
    assert windowed["recipe"] == told["recipe"]
    assert windowed["breaks"] == told["breaks"]
    assert windowed["weights_from"] == told["weights_from"]
    assert windowed["five_to_four"] == told["five_to_four"]
    score = read(tmp_path / "w" / "risk_score.tif")
    np.testing.assert_array_equal(score[inside], read(made.out / "grids" / "risk_score.tif")[inside])
    np.testing.assert_array_equal(
        read(tmp_path / "w" / "risk_level.tif")[inside], read(made.out / "grids" / "risk_level_raw.tif")[inside]
    )
    five = tmp_path / "w" / "risk_five_level.tif"
    assert five.exists() == (windowed["five_to_four"] is not None)
    if five.exists():
        np.testing.assert_array_equal(read(five)[inside], read(made.out / "grids" / "risk_five_level.tif")[inside])


def zoned(made: Built) -> NDArray[np.bool_]:
    """Tell which cells belong to the area of a build."""
    return zonal.inside(rows_of(made, "boundary"), windows.grid_of(made.out / "grids" / "risk_level.tif"))
