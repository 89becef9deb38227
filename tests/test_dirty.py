"""Every faulty file of the open pack, through the command line: severity, exit code, rows and facts as expected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import shared

from riskmap.cli import main
from riskmap.data.database import Database

ORDER = ("none", "note", "warning", "error")


def cases() -> list[Any]:
    try:
        pack = shared() / "data" / "dirty"
    except pytest.skip.Exception:
        return []
    return json.loads((pack / "expected.json").read_text(encoding="utf-8"))["cases"]


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A folder of its own, so that nothing is written beside the pack."""
    return tmp_path / "delivery"


def copied(case: dict[str, Any], folder: Path) -> Path:
    """Copy the parts of one case; a part that another program rebuilt beside the pack is not of the case."""
    pack = shared() / "data" / "dirty"
    folder.mkdir()
    for part in pack.glob(Path(case["file"]).stem + ".*"):
        if not (case["code"] == "FILE_SIDECAR" and part.suffix == ".shx"):
            shutil.copyfile(part, folder / part.name)
    shutil.copyfile(pack / "_area.geojson", folder / "_area.geojson")
    return folder / case["file"]


def arguments(case: dict[str, Any], file: Path) -> list[str]:
    area = ["--area", str(file.parent / case["area"])] if "area" in case else []
    crs = ["--crs", case["declare"]["crs"]] if "crs" in case.get("declare", {}) else []
    return [str(file), "--layer", case["layer"], *area, *crs]


def check(case: dict[str, Any], file: Path) -> tuple[dict[str, Any], int]:
    result = CliRunner().invoke(main, ["check", *arguments(case, file), "--format", "json"])
    assert "Traceback" not in result.output
    return json.loads(result.stdout), result.exit_code


@pytest.mark.parametrize("case", cases(), ids=lambda c: c["file"])
def test_severity_exit_code_and_rows(case: dict[str, Any], delivery: Path) -> None:
    file = copied(case, delivery)
    before = {p.name: p.read_bytes() for p in delivery.iterdir()}
    told, code = check(case, file)
    assert code == case["exit"]
    worst = max((f["severity"] for f in told["findings"]), key=ORDER.index, default="none")
    if case["severity"] == "none":
        assert worst in ("none", "note")
    else:
        assert worst == case["severity"]
    assert told["file"] == case["file"]
    assert told["layer"] == case["layer"]
    if "rows_in" in case:
        assert told["rows"] == told["rows_in"] == case["rows_in"]
        assert told["rows_in"] == told["rows_filtered"] + told["rows_reported"] + told["rows_out"]
    if case.get("rows_out") is not None:
        assert told["rows_out"] == case["rows_out"]
    if "rows_at_fault" in case:
        wrong = [f for f in told["findings"] if f["severity"] == "error"]
        assert [str(r) for r in case["rows_at_fault"]] in [f["rows_named"] for f in wrong]
    for f in told["findings"]:
        assert f["message"]["zh"]
        assert f["message"]["en"]
        assert f["severity"] == "note" or f["remedy"]["zh"] or f["code"] in ("ROW_NOTE", "ROW_HEADER"), f["code"]
    assert {p.name: p.read_bytes() for p in delivery.iterdir()} == before, "check wrote something"
    assert not list(delivery.parent.rglob("escaped.txt"))


@pytest.mark.parametrize("case", [c for c in cases() if c.get("rows_out")], ids=lambda c: c["file"])
def test_what_is_imported_is_what_was_checked(case: dict[str, Any], delivery: Path) -> None:
    file = copied(case, delivery)
    levels = ["--levels", "5:high_code"] if case["layer"].startswith("hazard_") else []
    levels = ["--levels", "4:high_code"] if case["layer"] == "risk_points" else levels
    db = delivery / "all.gpkg"
    crs = ["--crs", case["declare"]["crs"]] if "crs" in case.get("declare", {}) else []
    told = CliRunner().invoke(main, ["import", str(file), "--layer", case["layer"], "--db", str(db), *crs, *levels])
    assert told.exit_code == 0, told.output
    layer = Database(db).read(case["layer"])
    assert len(layer) == case["rows_out"]
    for name, wanted in case.get("facts", {}).items():
        if name == "first_name":
            assert layer["name"].iloc[0] == wanted
        elif name == "first":
            assert layer["found_on"].iloc[0] == wanted
        elif name == "first_lon_lat":
            assert (layer.geometry.x.iloc[0], layer.geometry.y.iloc[0]) == pytest.approx(wanted, abs=1e-9)
        elif name == "row1_area_km2":
            assert layer.geometry.area.iloc[0] / 1e6 == pytest.approx(wanted, abs=1e-6)
        elif name in ("population", "threatened_people", "engines"):
            assert layer[name].sum() == wanted
        elif name == "quantity_t_W1":
            assert layer.loc[layer["source_id"] == "W1", "quantity_t"].sum() == wanted
        elif name == "quantity_t_total":
            assert layer["quantity_t"].sum() == wanted
        elif name == "people_without_position":
            assert any(f"{wanted:,}" in m for m in Database(db).findings()["message_en"])
    stored = Database(db).findings()
    assert set(stored["severity"]) <= {"note", "warning"}


def finding(told: dict[str, Any], code: str) -> dict[str, Any]:
    return next(f for f in told["findings"] if f["code"] == code)


@pytest.mark.parametrize(
    ("file", "code", "fact", "tolerance"),
    [
        ("d07_townships_gcj02.gpkg", "CRS_GCJ02_SUSPECTED", "shift_m", 10),
        ("d12_geohazards_empty.gpkg", "GEOM_EMPTY", "people_without_position", 0),
        ("d14_townships_overlap.gpkg", "TOPOLOGY_OVERLAP", "overlap_km2", 0.0005),
        ("d27_villages_code_float.csv", "CODE_PRECISION_LOST", "distinct_codes", 0),
        ("d29_population_nodata_untagged.tif", "NODATA_UNTAGGED", "sum_of_the_rest", 0.05),
        ("d30_flood_partial.tif", "RASTER_COVERAGE", "covered_share", 0.001),
    ],
)
def test_figures_of_the_findings(file: str, code: str, fact: str, tolerance: float, delivery: Path) -> None:
    found = [c for c in cases() if c["file"] == file]
    if not found:
        shared()
    case = found[0]
    told, _ = check(case, copied(case, delivery))
    assert finding(told, code)["facts"][fact] == pytest.approx(case["facts"][fact], abs=tolerance)


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        ("d04_townships_prefix.shp", "EPSG:4525"),
        ("d05_townships_wrongzone.shp", "EPSG:4546"),
        ("d20_population_wan.gpkg", "49,946"),
        ("d18_geology_level_word.gpkg", "中高"),
    ],
)
def test_remedies_name_the_answer(file: str, remedy: str, delivery: Path) -> None:
    found = [c for c in cases() if c["file"] == file]
    if not found:
        shared()
    told, _ = check(found[0], copied(found[0], delivery))
    texts = [f["message"]["zh"] + f["remedy"]["zh"] for f in told["findings"] if f["severity"] == "error"]
    assert any(remedy in text for text in texts)
