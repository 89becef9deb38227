"""Importing large layers against a plain read and write of the same file, and a rebuild in which nothing changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

ROOT = Path(__file__).parents[2]
POINTS, POLYGONS = 1_000_000, 200_000
MOST_TIMES, MOST_BYTES = 3.0, 2 * 2**30

TIMED = """
import json, resource, sys, time
from pathlib import Path
kind, file, out, layer = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
import pyogrio
from riskmap.workflow import intake
from riskmap.data.spec import InputSpec
begun, spent = time.perf_counter(), time.process_time()
if kind == "plain":
    pyogrio.write_dataframe(pyogrio.read_dataframe(file, use_arrow=True), out, layer=layer, use_arrow=True)
else:
    done = intake.import_file(file, layer, out, spec=InputSpec(path=file.name))
    assert done.failure is None and done.source.rows_out == done.source.rows_in, done.findings
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"wall": time.perf_counter() - begun, "cpu": time.process_time() - spent, "peak": peak}))
"""


def buildings(n: int, *, squares: bool) -> gpd.GeoDataFrame:
    """Make buildings with the attributes of a census delivery; every thousandth row needs a repair."""
    rng = np.random.default_rng(370305)
    x, y = rng.uniform(570_000, 620_000, n), rng.uniform(4_040_000, 4_090_000, n)
    shapes = shapely.box(x, y, x + 12, y + 9) if squares else shapely.points(x, y)
    people = rng.integers(0, 12, n).astype(str).astype(object)
    people[::1000] = "约5"
    rows = {
        "房屋编号": [f"370305{i:08d}" for i in range(n)],
        "户数": rng.integers(1, 4, n),
        "人数": people,
        "层数": rng.integers(1, 7, n),
        "建筑面积": rng.uniform(40, 900, n).round(1),
        "用途": rng.choice(np.array(["住宅", "商业", "厂房"], dtype=object), n),
    }
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs="EPSG:4548")


def zones(n: int) -> gpd.GeoDataFrame:
    """Make zones of a hazard that lie edge to edge: their overlaps are looked for too."""
    column, row = np.divmod(np.arange(n), int(np.sqrt(n)))
    x, y = 570_000 + 100.0 * column, 4_040_000 + 100.0 * row
    words = np.random.default_rng(370305).choice(np.array(["高", "中", "低"], dtype=object), n)
    return gpd.GeoDataFrame({"等级": words}, geometry=shapely.box(x, y, x + 100, y + 100), crs="EPSG:4548")


@pytest.mark.parametrize("what", ["points", "polygons", "zones"])
def test_import_costs_at_most_three_times_plain(tmp_path: Path, what: str) -> None:
    file = tmp_path / "数据.gpkg"
    n = POINTS if what == "points" else POLYGONS
    layer = "hazard_geology" if what == "zones" else "buildings"
    given = zones(n) if what == "zones" else buildings(n, squares=what == "polygons")
    pyogrio.write_dataframe(given, file, use_arrow=True)
    told = {}
    for kind in ("plain", "import"):
        command = [sys.executable, "-c", TIMED, kind, file, tmp_path / f"{kind}.gpkg", layer]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        told[kind] = json.loads(done.stdout)
    ratio = {clock: told["import"][clock] / told["plain"][clock] for clock in ("wall", "cpu")}
    print(
        f"\n{n:,} {what}: plain {told['plain']['wall']:.1f} s, import "
        f"{told['import']['wall']:.1f} s, {ratio['wall']:.2f} x ({ratio['cpu']:.2f} x in CPU), "
        f"peak {told['import']['peak'] / 2**20:,.0f} MB (plain {told['plain']['peak'] / 2**20:,.0f} MB)"
    )
    assert min(ratio.values()) <= MOST_TIMES
    assert told["import"]["peak"] <= MOST_BYTES


def test_a_rebuild_without_changes_takes_under_a_quarter(tmp_path: Path) -> None:
    import riskmap

    project = ROOT / "examples" / "linzi" / "riskmap.yaml"
    first = riskmap.build(project, tmp_path / "out").run["seconds"]
    again = riskmap.build(project, tmp_path / "out").run["seconds"]
    print(f"\nLinzi: first build {first:.1f} s, without changes {again:.1f} s, {again / first:.3f}")
    assert again < first / 4
