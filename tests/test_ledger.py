"""Workbooks and CSV: the same bytes, no formulas, ready to print; and a whole build of the overlays on open data."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import rasterio
from browser import require
from exactextract import exact_extract

import riskmap
from riskmap.data.database import Database
from riskmap.output.tables import Column, Sheet, write_csv, write_workbook
from riskmap.text import Text, plain
from riskmap.workflow.steps.indicators import INDICATORS, count, unknown
from riskmap.workflow.steps.layer_sheets import LAYERS, VALUES
from riskmap.workflow.steps.ledger import cards
from riskmap.workflow.steps.ledger_columns import CARD, INDICATOR, LEDGER, RESPONSIBLE, RISKS

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
    assert [r[1] for r in rows[1:]] == ["1", "2", "", "4", "5", "6", "7", "8", "-9"]


def test_csv_numbers_have_the_decimals_of_their_column(tmp_path: Path) -> None:
    amounts = [0.1 + 0.2, 1234.5678, 3.0, 3e-7]
    rows = pd.DataFrame(dict.fromkeys(("#,##0", "0.00", "#,##0.##", "General", "0.0E+00"), amounts))
    columns = tuple(Column(form, plain(form), form=form) for form in rows.columns)
    path = write_csv(Sheet("list", plain("x"), columns, rows), tmp_path / "a.csv", lang="zh")
    with path.open(encoding="utf-8-sig", newline="") as file:
        told = list(csv.reader(file))[1:]
    assert told == [
        ["0", "0.3", "0.3", "0.3", "0.3"],
        ["1235", "1234.57", "1234.57", "1234.57", "1234.57"],
        ["3", "3", "3", "3", "3"],
        ["0", "0", "0", "3e-07", "3e-07"],
    ]


def test_printed_numbers_yes_and_no_and_the_total(tmp_path: Path) -> None:
    rows = pd.DataFrame({"town": ["甲镇", "乙镇"], "km": [9.0, 1.25], "sure": [True, False], "people": [np.nan, 3.0]})
    columns = (
        Column("town", plain("t")),
        Column("km", plain("km"), form="#,##0.##"),
        Column("sure", plain("s")),
        Column("people", plain("p"), form="#,##0"),
    )
    listed = Sheet("list", plain("x"), columns, rows, total=("km", "people"))
    page = openpyxl.load_workbook(write_workbook([listed], tmp_path / "a.xlsx", lang="zh", colours={}))["x"]
    # Excel shows 9 as "9." under #,##0.##
    assert [page.cell(r, 2).number_format for r in (4, 5)] == ["#,##0", "#,##0.00"]
    assert [page.cell(r, 3).value for r in (4, 5)] == ["是", "否"]
    assert [page.cell(6, n).value for n in (1, 2, 3, 4)] == ["合计", 10.25, None, 3]
    assert page.auto_filter.ref == "A3:D5"
    assert page.print_area.endswith("$D$6")


def test_every_sheet_is_legible_on_a4() -> None:
    own = {sheet.id: sheet.columns for sheet in LAYERS} | {"values": VALUES}
    own |= {"ledger": LEDGER, "risks": RISKS, "responsible": RESPONSIBLE, "cards": CARD, "indicators": INDICATOR}
    # 9 pt text, fitted to the width of a page that holds some 140 characters, prints at 7.5 pt or more
    assert {id for id, columns in own.items() if sum(c.width for c in columns) > 170} == set()


ROWS = pd.DataFrame(
    {
        "kind": ["geohazard", "geohazard", "hazchem"], "id": ["D1", "D2", "W1"], "name": ["一", "二", "三"], "level": [1, 3, 0],
        "colour": ["blue", "orange", "none"], "colour_name": ["蓝", "橙", "—"], "kind_name": ["隐患点"] * 2 + ["危险源"],
        "township": ["东镇", "东镇", None], "people": [5.0, 9.0, np.nan], "place": "", "measures": "",
    }
)  # fmt: skip


def test_monitors_have_cards_of_their_points_whatever_the_colour() -> None:
    wardens = pd.DataFrame(
        {
            "name": ["网甲", "监乙"],
            "phone": ["1", None],
            "township": ["东镇", None],
            "geohazard_id": [None, "D1"],
        }
    )
    given = cards(ROWS, wardens, None, 2)
    assert given[["township", "warden", "phone", "name"]].to_numpy().tolist() == [
        ["东镇", "监乙", "", "一"],
        ["东镇", "网甲", "1", "二"],
    ]
    assert given["card"].nunique() == 2
    # nobody is known: still a card for the township, of what is listed
    assert cards(ROWS, None, None, 2)["name"].tolist() == ["二"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from conftest import shared

    project = shared() / "projects" / "jinan" / "riskmap.yaml"
    return riskmap.build(project, tmp_path_factory.mktemp("jinan") / "out", only=["tables"]).out


def test_jinan_figures(built: Path) -> None:
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]
    assert totals["pipelines"]["km_rows_inside"] == pytest.approx(31.14, abs=0.005)
    assert totals["pipelines"]["km_once_inside"] == pytest.approx(15.57, abs=0.005)
    assert totals["geohazards"] | {"by_grade": 0, "people_from": 0} == {
        "points": 60, "points_inside": 59, "people": 3627.0, "people_unknown_points": 1, "by_grade": 0, "people_from": 0,
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
        assert count(rows, by_key[row.layer, where, row.measure], database.read(row.layer)) == pytest.approx(row.value)


def test_chinese_sheets_hold_no_codes(built: Path) -> None:
    spoken = (
        "类别",
        "颜色",
        "等级",
        "方向",
        "网格颜色",
        "灾害链",
        "灾害",
        "情景",
        "影响",
        "防护目标类别",
        "介质",
        "位置可用",
        "同一企业",
    )
    book = openpyxl.load_workbook(built / "tables" / "ledger.xlsx")
    seen = set()
    for page in book.worksheets:
        heads = {page.cell(3, n).value: n for n in range(1, page.max_column + 1)}
        for head in heads.keys() & set(spoken):
            seen |= {str(page.cell(r, heads[head]).value) for r in range(4, page.max_row + 1)} - {"None"}
    assert len(seen) > 20
    assert {word for word in seen if re.search("[a-z_]{3,}|True|False", word)} == set()


def test_ledger_names_who_is_responsible(built: Path) -> None:
    with (built / "tables" / "ledger.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    placed = [row for row in rows if row["乡镇（街道）"]]
    assert len(placed) > 80
    assert all(row["责任单位"] for row in placed)


def test_totals_count_once(built: Path) -> None:
    database = Database(built / "riskmap.gpkg")
    told = database.read("overlay_totals")
    whole = told[told["township"].isna()].set_index("kind")
    zones = database.read("geohazard_zones")
    ground = zones.union_all().intersection(database.read("boundary").union_all())
    assert whole["area_km2"]["geohazard_zones"] == pytest.approx(ground.area / 1e6)
    assert whole["people"]["geohazard_zones"] <= zones["people"].sum()
    parts = whole.loc[["geohazard_zones", "plant_500m", "fire_and_blast"], "people"]
    assert parts.max() <= whole["people"]["all"] <= parts.sum()
    # the same cells without the step: every cell by its covered share
    source = rasterio.open(next((built / "grids").glob("exposure_population*.tif")))
    one = gpd.GeoSeries([ground], crs=zones.crs).to_crs(source.crs)
    shares = exact_extract(source, gpd.GeoDataFrame(geometry=one), ["sum"], output="pandas")
    assert whole["people"]["geohazard_zones"] == pytest.approx(shares["sum"].iloc[0], rel=1e-6)


def test_the_values_behind_the_figures_are_listed(built: Path) -> None:
    with (built / "tables" / "values.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["主题"], row["名称"]): row for row in csv.DictReader(file)}
    belt = rows["油气管道高后果区", "belt_m"]
    assert (belt["取值"], belt["单位"], belt["可信度"]) == ("200", "m", "二手资料")
    assert "GB 32167-2015" in belt["条款"]


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
    frames = [pd.DataFrame({"people_red": v}, dtype=float) for v in ([np.nan, np.nan], [], [np.nan, 3.0])]
    told = [count(rows, red, rows) for rows in frames]
    assert told == pytest.approx([np.nan, 0.0, 3.0], nan_ok=True)


def test_a_sum_says_how_many_rows_it_leaves_out() -> None:
    people = next(one for one in INDICATORS if one.measure == "sum:people")
    places = next(one for one in INDICATORS if one.measure == "count")
    rows = pd.DataFrame({"people": [3.0, np.nan, np.nan]})
    assert (count(rows, people, rows), unknown(rows, people), unknown(rows, places)) == (3.0, 2, None)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_table_has_two_columns_of_one_heading_and_no_sheet_a_name_cut_short(lang: str) -> None:
    """A CSV with two columns "Name" cannot be read by name; Excel cuts names of sheets at 31 characters."""
    tables = {one.id: one.columns for one in LAYERS}
    tables |= {"ledger": LEDGER, "risks": RISKS, "responsible": RESPONSIBLE, "cards": CARD, "indicators": INDICATOR}
    for name, columns in (tables | {"values": VALUES}).items():
        heads = [column.title.pick(lang) for column in columns]
        assert len(set(heads)) == len(heads), (name, heads)
    assert [one.id for one in LAYERS if len(one.title.pick(lang)) > 31] == []
