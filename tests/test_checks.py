"""The checks: faults put into a small county one at a time are named, and a sound county is left in peace."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from shapely.geometry import LineString, Point, box

from riskmap.cli import main
from riskmap.data import checks
from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger, RowNames
from riskmap.data.places import Area
from riskmap.data.registry import BETWEEN, CHECKS, Together
from riskmap.grid import Grid, Raster

ROOT = Path(__file__).parent.parent
CRS = "EPSG:4548"
WEST, SOUTH, SIDE = 600_000.0, 4_060_000.0, 10_000.0
COUNTY = box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE)
MIDDLE = WEST + SIDE / 2


def frame(rows: dict[str, Any], shapes: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=CRS)


def townships(**changes: Any) -> gpd.GeoDataFrame:
    halves = [box(WEST, SOUTH, MIDDLE, SOUTH + SIDE), box(MIDDLE, SOUTH, WEST + SIDE, SOUTH + SIDE)]
    rows = {"name": ["西镇", "东镇"], "code": ["370305100", "370305101"], "population": [30_000, 20_000]}
    return frame(rows | changes, halves)


def found(rows: gpd.GeoDataFrame, layer: str, *, area: bool = True) -> list[Finding]:
    spec = house().layer(layer)
    ledger = Ledger(layer, "a.gpkg", RowNames(rows[spec.key]) if spec.key in rows else RowNames())
    checks.check(rows, spec, ledger, Area(COUNTY, rows.crs) if area else None)
    return ledger.findings


def one(findings: list[Finding], code: str) -> Finding:
    assert [f.code for f in findings] == [code]
    return findings[0]


def points(n: int = 3) -> gpd.GeoDataFrame:
    rows = {"id": [f"P{i}" for i in range(n)], "name": [f"点{i}" for i in range(n)], "kind": ["landslide"] * n}
    return frame(rows | {"threatened_people": [5 + i for i in range(n)]}, [Point(WEST + 500 + 900 * i, SOUTH + 700) for i in range(n)])  # fmt: skip


def test_a_sound_county_is_left_in_peace() -> None:
    assert found(townships(), "townships") == []
    assert found(points(), "geohazard_points") == []


def test_people_times_ten_thousand_on_the_county_of_the_plan() -> None:
    # 1,214 km2 and 49,946 people, printed as 49,946 x 10,000
    side = np.sqrt(1_214e6)
    county = frame({"name": ["永和县"], "code": ["141032000"], "population": [499_460_000]}, [box(WEST, SOUTH, WEST + side, SOUTH + side)])  # fmt: skip
    slip = one(found(county, "townships", area=False), "UNIT_SLIP")
    assert slip.severity == "error"
    assert slip.facts == {"people_per_km2": 411_417, "suggested": 49_946}
    assert found(county.assign(population=49_946), "townships", area=False) == []


def test_overlaps_and_gaps_have_their_area_and_place() -> None:
    shapes = [box(WEST, SOUTH, MIDDLE + 300, SOUTH + SIDE), box(MIDDLE, SOUTH, WEST + SIDE, SOUTH + SIDE)]
    overlap = one(found(townships().set_geometry(shapes, crs=CRS), "townships"), "TOPOLOGY_OVERLAP")
    assert overlap.facts["overlap_km2"] == pytest.approx(3.0)
    assert overlap.geometry.area == pytest.approx(3e6)
    shapes = [box(WEST, SOUTH, MIDDLE - 200, SOUTH + SIDE), box(MIDDLE, SOUTH, WEST + SIDE, SOUTH + SIDE)]
    gap = one(found(townships().set_geometry(shapes, crs=CRS), "townships"), "TOPOLOGY_GAP")
    assert "2" in gap.message.en
    assert gap.geometry.area == pytest.approx(2e6)
    ring = box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE).difference(box(MIDDLE, SOUTH + 100, MIDDLE + 200, SOUTH + 300))
    hole = one(found(frame({"name": ["镇"], "code": ["370305100"]}, [ring]), "townships", area=False), "TOPOLOGY_GAP")
    assert hole.geometry.area == pytest.approx(40_000)
    hair = [box(WEST, SOUTH, MIDDLE - 0.5, SOUTH + SIDE), box(MIDDLE, SOUTH, WEST + SIDE, SOUTH + SIDE)]
    assert found(townships().set_geometry(hair, crs=CRS), "townships") == []


def test_slivers_and_shapes_that_stand_twice() -> None:
    towns = townships()
    sliver = box(WEST, SOUTH + SIDE - 2, WEST + SIDE, SOUTH + SIDE)
    rest = [shapely.difference(g, sliver) for g in towns.geometry]
    cut = frame({"name": ["甲", "乙", "丙"], "code": ["370305100", "370305101", "370305102"]}, [*rest, sliver])
    assert [f.code for f in found(cut, "townships") if f.code != "TOPOLOGY_GAP"] == ["GEOM_SLIVER"]
    twice = frame({"name": ["甲", "乙"]}, [box(WEST, SOUTH, WEST + 90, SOUTH + 90)] * 2)
    assert one(found(twice, "built_up"), "GEOM_DUPLICATE").rows == 2


def test_rows_outside_twice_or_at_one_place() -> None:
    rows = points()
    rows.loc[1, "geometry"] = Point(WEST - 50, SOUTH)
    assert one(found(rows, "geohazard_points"), "OUTSIDE_AREA").row == "P1"
    rows = points()
    rows.loc[1, "geometry"] = rows.geometry[0]
    assert one(found(rows, "geohazard_points"), "SAME_POSITION").named == ("P0", "P1")
    rows = pd.concat([points(2), points(1)], ignore_index=True)
    assert {f.code for f in found(rows, "geohazard_points")} == {"ROW_DUPLICATE", "SAME_POSITION"}


def test_lines_drawn_twice_and_lines_of_no_length() -> None:
    line = LineString([(WEST, SOUTH), (WEST + 500, SOUTH)])
    dot = LineString([(WEST, SOUTH), (WEST, SOUTH)])
    rows = frame({"id": ["a", "b", "c"], "name": ["甲", "乙", "丙"], "medium": ["crude_oil"] * 3}, [line, line.reverse(), dot])  # fmt: skip
    told = {f.code: f for f in found(rows, "pipelines")}
    assert told["SAME_LINE"].named == ("a", "b")
    assert told["GEOM_NO_LENGTH"].row == "c"


def test_codes_of_no_province_and_of_another_county() -> None:
    assert one(found(townships(code=["370305100", "990305101"]), "townships"), "CODE_PROVINCE").row == "990305101"
    n = 60
    codes = [f"3703051000{i:02d}" for i in range(n - 1)] + ["370306100001"]
    shapes = [Point(WEST + 100 * i, SOUTH + 100) for i in range(n)]
    rows = frame({"name": [f"村{i}" for i in range(n)], "code": codes, "population": [100] * n}, shapes)
    assert one(found(rows, "villages"), "CODE_PARENT").row == "370306100001"


def test_pressures_in_kpa_and_diameters_in_inches_are_suspected() -> None:
    rows = frame(
        {"id": list("abc"), "name": list("abc"), "medium": ["natural_gas"] * 3, "diameter_mm": [16.0, 20.0, 24.0]},
        [LineString([(WEST, SOUTH + i), (WEST + 500, SOUTH + i)]) for i in range(3)],
    )
    suspected = one(found(rows, "pipelines"), "UNIT_SUSPECTED")
    assert suspected.field == "diameter_mm"


def test_units_that_fit_together_and_one_inside_another() -> None:
    tiles = [box(WEST + x, SOUTH + y, WEST + x + 1000, SOUTH + y + 1000) for x in (0, 1000) for y in (0, 1000)]
    level = {"level": pd.array([1, 2, 3, 4], dtype="Int64")}
    assert found(frame(level, tiles), "hazard_flood", area=False) == []
    inside = [*tiles[:3], box(WEST + 200, SOUTH + 200, WEST + 500, SOUTH + 500)]
    overlap = one(found(frame(level, inside), "hazard_flood", area=False), "TOPOLOGY_OVERLAP")
    assert (overlap.facts["overlap_km2"], overlap.named) == (0.09, ("1", "4"))


@pytest.mark.parametrize(("factor", "looks"), [(1, None), (1 / 666.7, "亩"), (1e-4, "公顷"), (0.5, None)])
def test_areas_in_another_unit_than_the_drawn_ones(factor: float, looks: str | None) -> None:
    shapes = [box(WEST + 500 * i, SOUTH, WEST + 500 * i + 200, SOUTH + 100) for i in range(3)]
    rows = {"id": list("abc"), "name": list("abc"), "area_m2": [20_000 * factor] * 3}
    told = [f for f in found(frame(rows, shapes), "shelters") if f.code == "UNIT_AREA"]
    assert [looks in f.message.zh for f in told] == ([True] if looks else [])


def test_money_in_yuan_under_ten_thousands_is_suspected() -> None:
    rows = points().assign(threatened_property_cny=[2e10, 5e10, 8e10])
    assert "像是 元" in one(found(rows, "geohazard_points"), "UNIT_SUSPECTED").message.zh


def together(declared: dict[str, float] | None = None, cells: dict[str, Raster] | None = None, **rows: Any) -> list[Finding]:  # fmt: skip
    layers = {"boundary": frame({"name": ["县"], "code": ["370305"]}, [COUNTY]), **rows}
    grids = cells or {}
    return checks.check_together(
        Together(
            list(layers), list(grids), layers.__getitem__, grids.__getitem__, Area(COUNTY, townships().crs), declared or {}
        )
    )  # fmt: skip


def villages(people: list[int], codes: list[str]) -> gpd.GeoDataFrame:
    shapes = [Point(WEST + 700 + i, SOUTH + 900) for i in range(len(people))]
    return frame({"name": codes, "code": codes, "population": people}, shapes)


def test_people_of_townships_villages_and_raster() -> None:
    codes = ["370305100001", "370305101001"]
    assert together(townships=townships(), villages=villages([30_000, 20_000], codes)) == []
    short = one(together(townships=townships(), villages=villages([30_000, 2_000], codes)), "POPULATION_DISAGREES")
    assert short.facts == {"a": 50_000.0, "b": 32_000.0, "difference": -0.36}
    assert "东镇" in short.message.zh
    grid = Grid.covering(COUNTY.bounds, 1000, townships().crs)
    people = Raster(grid, np.full(grid.shape, 500.0))
    assert together(townships=townships(population=[25_000, 25_000]), cells={"exposure_population": people}) == []
    twice = Raster(grid, np.full(grid.shape, 1000.0))
    told = one(together(townships=townships(), cells={"exposure_population": twice}), "POPULATION_DISAGREES")
    assert told.facts["b"] == 100_000


def test_codes_must_lead_to_a_parent() -> None:
    stray = together(townships=townships(code=["370305100", "370306101"]))
    assert one(stray, "CODE_PARENT").row == "370306101"
    stray = together(townships=townships(), villages=villages([30_000, 20_000, 5], ["370305100001", "370305101001", "370305999001"]))  # fmt: skip
    assert one(stray, "CODE_PARENT").row == "370305999001"


def test_a_source_without_inventory_and_an_inventory_of_no_source() -> None:
    sources = frame({"id": ["A", "B"], "name": ["甲", "乙"]}, [Point(WEST + 9, SOUTH + 9), Point(WEST + 99, SOUTH + 9)])
    inventory = pd.DataFrame({"source_id": ["A", "Z"], "substance": ["苯", "氨"], "quantity_t": [1.0, 2.0]})
    told = {f.code: f for f in together(hazchem_sources=sources, hazchem_inventory=inventory)}
    assert told["INVENTORY_MISSING"].row == "B"
    assert told["REFERENCE_MISSING"].layer == "hazchem_inventory"
    assert set(told) == {"INVENTORY_MISSING", "REFERENCE_MISSING"}


def test_a_station_off_the_network() -> None:
    roads = frame({"highway": ["primary"]}, [LineString([(WEST, SOUTH + 50), (WEST + SIDE, SOUTH + 50)])])
    near, far = Point(WEST + 800, SOUTH + 90), Point(WEST + 800, SOUTH + 2_050)
    stations = frame({"id": ["F1", "F2"], "name": ["一站", "二站"], "kind": ["small"] * 2}, [near, far])
    off = one(together(roads=roads, fire_stations=stations), "OFF_NETWORK")
    assert off.row == "F2"
    assert "2,000" in off.message.en or "2000" in off.message.en


def test_declared_totals() -> None:
    towns = townships()
    right = {"townships.population": 50_000, "townships.rows": 2, "boundary.area_km2": 100}
    assert together(right, townships=towns) == []
    wrong = one(together({"townships.population": 51_000}, townships=towns), "DECLARED_TOTAL")
    assert wrong.facts == {"declared": 51_000, "found": 50_000}
    slip = one(together({"townships.population": 5.0}, townships=towns), "DECLARED_TOTAL_SLIP")
    assert "10" in slip.message.en
    assert one(together({"townships.peopel": 5}, townships=towns), "DECLARED_TOTAL_UNKNOWN").layer == "townships"


def test_every_rule_is_used_and_every_code_has_a_rule() -> None:
    rules = house().rules
    code = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "riskmap").rglob("*.py")))
    unused = [name for name in rules if not re.search(rf"\b{name}\b", code)]
    assert unused == []
    registered = {c for check in (*CHECKS, *BETWEEN) for c in check.codes}
    assert registered <= set(rules)
    for name, rule in rules.items():
        assert rule.message.zh, name
        assert rule.message.en, name
        assert rule.remedy.zh, name
        assert rule.remedy.en, name
        assert {*re.findall(r"\{(\w+)", rule.message.zh)} == {*re.findall(r"\{(\w+)", rule.message.en)}, name


def test_every_warning_of_a_step_says_what_to_do() -> None:
    silent = []
    for path in sorted((ROOT / "riskmap").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Finding":
                grave = any(isinstance(a, ast.Constant) and a.value in ("warning", "error") for a in call.args)
                told = len(call.args) > 4 or any(k.arg == "remedy" for k in call.keywords)
                silent += [f"{path.name}:{call.lineno}"] if grave and not told else []
    assert silent == []


def delivery(folder: Path) -> Path:
    text = "编号,名称,类型,威胁人数,经度,纬度\n1,甲,滑坡,约50,118.3,36.8\n2,乙,滑坡,12,0,0\n合计,,,62,,\n"
    path = folder / "隐患点.csv"
    path.write_text(text, encoding="gb18030")
    return path


def test_a_layer_in_degrees_is_measured_too_and_its_findings_lie_where_it_does(tmp_path: Path) -> None:
    file, db = tmp_path / "乡镇.gpkg", tmp_path / "库.gpkg"
    shapes = [box(110.5, 36.7, 110.505, 36.705), box(110.504, 36.7, 110.6, 36.8)]
    rows = {"name": ["甲镇", "乙镇"], "code": ["141032100", "141032101"]}

    def imported(people: int) -> Any:
        towns = gpd.GeoDataFrame(rows | {"population": [people, 20]}, geometry=shapes, crs="EPSG:4490")
        towns.to_file(file)
        arguments = ["import", str(file), "--layer", "townships", "--db", str(db), "--format", "json"]
        return json.loads(CliRunner().invoke(main, arguments).stdout)

    told = imported(9_000_000)
    assert "UNIT_SLIP" in [f["code"] for f in told["findings"]]
    assert not told["written"]
    assert imported(900)["written"]
    stored = Database(db).findings()
    assert stored["code"].tolist() == ["TOPOLOGY_OVERLAP"]
    assert stored.crs == "EPSG:4490"
    assert stored.geometry.iloc[0].bounds == pytest.approx((110.504, 36.7, 110.505, 36.705), abs=1e-6)
    assert Database(db).read("townships").geometry.geom_equals_exact(gpd.GeoSeries(shapes, crs="EPSG:4490"), 0).all()


def test_strict_makes_errors_of_warnings(tmp_path: Path) -> None:
    given = ["check", str(delivery(tmp_path)), "--layer", "geohazard_points", "--crs", "EPSG:4490", "--lang", "en"]
    assert CliRunner().invoke(main, given).exit_code == 0
    assert CliRunner().invoke(main, [*given, "--strict"]).exit_code == 3


def test_the_workbook_has_findings_and_every_changed_cell(tmp_path: Path) -> None:
    book = tmp_path / "问题.xlsx"
    given = ["check", str(delivery(tmp_path)), "--layer", "geohazard_points", "--crs", "EPSG:4490", "--xlsx", str(book)]
    told = CliRunner().invoke(main, [*given, "--format", "json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert (found["rows_in"], found["rows_reported"], found["rows_out"]) == (3, 2, 1)
    changed = {(r["row_id"], r["code"], r["before"], r["after"]) for r in found["repairs"]}
    assert ("1", "NUMBER_APPROXIMATE", "约50", "50") in changed
    assert {r[1] for r in changed} >= {"NUMBER_APPROXIMATE", "ROW_TOTAL", "COORD_ZERO"}
    sheets = openpyxl.load_workbook(book)
    cells = [str(v) for sheet in sheets for row in sheet.values for v in row if v is not None]
    assert "约50" in cells
    assert {"NUMBER_APPROXIMATE", "ROW_TOTAL", "COORD_ZERO", "ENCODING_GUESSED"} <= set(cells)


def test_a_workbook_of_findings_overwrites_none_but_its_like(tmp_path: Path) -> None:
    sent, book, db = delivery(tmp_path), tmp_path / "问题.xlsx", tmp_path / "a.gpkg"
    given = [str(sent), "--layer", "geohazard_points", "--crs", "EPSG:4490"]
    for _ in range(2):
        assert CliRunner().invoke(main, ["check", *given, "--xlsx", str(book)]).exit_code == 0
    plain = openpyxl.Workbook()
    plain.save(tmp_path / "台账.xlsx")
    for other in (sent, tmp_path / "台账.xlsx"):
        before = other.read_bytes()
        for command in (["check", *given], ["import", *given, "--db", str(db)]):
            told = CliRunner().invoke(main, [*command, "--xlsx", str(other)])
            assert told.exit_code == 7, told.output
        assert other.read_bytes() == before
    assert not db.exists(), "nothing is imported either"


def test_an_import_replaces_no_layer_that_another_program_wrote(tmp_path: Path) -> None:
    theirs = tmp_path / "国土.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[Point(118, 36)], crs="EPSG:4490").to_file(theirs, layer="geohazard_points")
    before = theirs.read_bytes()
    given = ["import", str(delivery(tmp_path)), "--layer", "geohazard_points", "--crs", "EPSG:4490", "--db"]
    told = CliRunner().invoke(main, [*given, str(theirs)])
    assert told.exit_code == 7, told.output
    assert theirs.read_bytes() == before
    for _ in range(2):
        assert CliRunner().invoke(main, [*given, str(tmp_path / "a.gpkg")]).exit_code == 0


def test_what_is_printed_names_file_layer_columns_and_totals(tmp_path: Path) -> None:
    given = ["check", str(delivery(tmp_path)), "--layer", "geohazard_points", "--crs", "EPSG:4490"]
    chinese = CliRunner().invoke(main, [*given, "--lang", "zh"]).stdout
    for words in (
        "隐患点.csv → geohazard_points",
        "3 行，剔除并报告 2，留下 1",
        "GB18030",
        "threatened_people ← 威胁人数",
    ):
        assert words in chinese
    english = CliRunner().invoke(main, [*given, "--lang", "en"]).stdout
    assert "3 rows, 2 left out and reported, 1 kept" in english
    assert "totals: threatened_people 50" in english


def test_a_column_without_a_number_has_no_total_rather_than_0(tmp_path: Path) -> None:
    given = {"id": ["t1"], "name": ["尾矿库"], "people_below": [None]}
    path = tmp_path / "dams.geojson"
    dams = gpd.GeoDataFrame(given, geometry=gpd.points_from_xy([118.3], [36.8]), crs=4490)
    dams.to_file(path)
    told = CliRunner().invoke(main, ["check", str(path), "--layer", "tailings_dams", "--format", "json"])
    assert "people_below" not in json.loads(told.stdout)["totals"]
