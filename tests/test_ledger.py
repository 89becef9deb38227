"""Workbooks and CSV: the same bytes, no formulas, ready to print; and a whole build of the overlays on open data."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from browser import require

import riskmap
from riskmap.data.database import Database
from riskmap.output.tables import Column, Sheet, write_csv, write_workbook
from riskmap.text import Text, plain
from riskmap.workflow.steps.indicators import INDICATORS, count, unknown

NASTY = ["=1+1", "+86 533", "-5", "@SUM(A1)", "\tx", "\rx", "甲\x01乙", "=cmd|' /C calc'!A0", "普通"]
COLOURS = {"red": "#e60000"}


def sheet() -> Sheet:
    rows = pd.DataFrame(
        {"name": NASTY, "people": [1.0, 2.5, np.nan, 4, 5, 6, 7, 8, -9], "colour": "red", "colour_name": "红"}
    )
    columns = (
        Column("name", Text("名称", "Name")),
        Column("people", plain("n"), form="#,##0"),
        Column("colour_name", Text("颜色", "Colour")),
    )
    return Sheet("list", Text("清单", "List"), columns, rows, Text("=注", "=note"))


def test_text_is_never_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    path = write_workbook([sheet()], tmp_path / "表" / "a.xlsx", lang="zh", colours=COLOURS)
    page = openpyxl.load_workbook(path)["清单"]
    cells = [page.cell(r, 1) for r in range(4, 13)]
    assert all(c.data_type == "s" for c in cells)
    assert [c.value for c in cells][:4] == NASTY[:4]
    assert all(c.quotePrefix for c in cells[:4])
    assert page["A2"].data_type == "s"
    assert [page.cell(r, 2).value for r in (4, 5, 6, 12)] == [1, 2.5, None, -9]
    assert "f" not in {c.data_type for row in page.iter_rows() for c in row}
    assert page["C4"].fill.fgColor.rgb.endswith("E60000")


def test_sheets_are_ready_to_print(tmp_path: Path) -> None:
    page = openpyxl.load_workbook(write_workbook([sheet()], tmp_path / "a.xlsx", lang="en", colours={}))["List"]
    setup = page.page_setup
    assert (setup.orientation, int(setup.paperSize), setup.fitToWidth, setup.fitToHeight) == ("landscape", 9, 1, 0)
    assert page.freeze_panes == "A4"
    assert page.print_title_rows == "$1:$3"
    assert [page.cell(3, n).value for n in (1, 2, 3)] == ["Name", "n", "Colour"]


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    one = write_workbook([sheet()], tmp_path / "a.xlsx", lang="zh", colours=COLOURS).read_bytes()
    two = write_workbook([sheet()], tmp_path / "b.xlsx", lang="zh", colours=COLOURS).read_bytes()
    assert one == two
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {i.date_time for i in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_csv_with_apostrophes_and_bom(tmp_path: Path) -> None:
    path = write_csv(sheet(), tmp_path / "a.csv", lang="zh")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["名称", "n", "颜色"]
    assert [r[0] for r in rows[1:]] == ["'" + t if t[0] in "=+-@\t\r" else t.replace("\x01", "") for t in NASTY]
    assert [r[1] for r in rows[1:]] == ["1", "2.5", "", "4", "5", "6", "7", "8", "-9"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import shared

    project = shared() / "projects" / "jinan" / "riskmap.yaml"
    return riskmap.build(project, tmp_path_factory.mktemp("jinan") / "out", only=["tables"]).out


def test_jinan_figures(built: Path) -> None:
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]
    assert totals["pipelines"]["km_rows_inside"] == pytest.approx(31.14, abs=0.005)
    assert totals["pipelines"]["km_once_inside"] == pytest.approx(15.57, abs=0.005)
    assert totals["geohazards"] | {"by_grade": 0, "zones": 0, "people_from": 0} == {
        "points": 60, "points_inside": 59, "people": 3627.0, "people_unknown_points": 1, "by_grade": 0, "zones": 0, "people_from": 0,
    }  # fmt: skip
    hazchem = totals["hazchem"]
    assert (hazchem["sources"], hazchem["inventory_rows_matched"], hazchem["not_assessed"]) == (30, 75, 0)
    assert hazchem["quantity_t"] == pytest.approx(9933.1)
    database = Database(built / "riskmap.gpkg")
    pieces = database.read("pipeline_hca")
    assert not pieces["usable"].any()
    codes = set(database.findings()["code"])
    assert {
        "ACCURACY",
        "SCHEMATIC",
        "SAME_LINE",
        "PLANT_POINT",
        "INDICATIVE",
        "PEOPLE_SOURCE",
        "BUILDINGS_ABSENT",
    } <= codes


def test_every_indicator_can_be_counted_again(built: Path) -> None:
    database = Database(built / "riskmap.gpkg")
    told = database.read("indicators")
    by_key = {(i.layer, i.where, i.measure): i for i in INDICATORS}
    assert len(told) > 20
    for row in told.itertuples():
        where = None if pd.isna(row.filter) else row.filter
        rows = database.read(row.layer, where=where)
        assert count(rows, by_key[row.layer, where, row.measure]) == pytest.approx(row.value)


def test_pieces_of_every_line_add_up(built: Path) -> None:
    pieces = Database(built / "riskmap.gpkg").read("pipeline_hca")
    for _, line in pieces.groupby("pipeline_id"):
        ordered = line.sort_values("from_m")
        assert ordered["from_m"].to_numpy()[1:] == pytest.approx(ordered["to_m"].to_numpy()[:-1])
        assert ordered["length_m"].sum() == pytest.approx(ordered["to_m"].max(), rel=1e-9)


def test_libreoffice_reads_text_as_text(tmp_path: Path) -> None:
    office = shutil.which("soffice")
    require(office, "LibreOffice is not installed")
    path = write_workbook([sheet()], tmp_path / "a.xlsx", lang="zh", colours=COLOURS)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1"
    subprocess.run(
        [office, "--headless", profile, "--convert-to", form, "--outdir", str(tmp_path), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    text = (tmp_path / "a.csv").read_text(encoding="utf-8")
    assert "清单" in text
    assert "=1+1" in text
    assert "@SUM(A1)" in text


def test_a_sum_of_unknown_people_is_unknown_and_of_no_rows_nothing() -> None:
    red = next(one for one in INDICATORS if one.measure == "sum:people_red")
    told = [count(pd.DataFrame({"people_red": v}, dtype=float), red) for v in ([np.nan, np.nan], [], [np.nan, 3.0])]
    assert told == pytest.approx([np.nan, 0.0, 3.0], nan_ok=True)


def test_a_sum_says_how_many_rows_it_leaves_out() -> None:
    people = next(one for one in INDICATORS if one.measure == "sum:people")
    places = next(one for one in INDICATORS if one.measure == "count")
    rows = pd.DataFrame({"people": [3.0, np.nan, np.nan]})
    assert (count(rows, people), unknown(rows, people), unknown(rows, places)) == (3.0, 2, None)
