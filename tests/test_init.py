"""``riskmap init``: an example that builds, a project file from one's own folder, and what it leaves to the user."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from county import county
from shapely import Point, box

from riskmap.cli import main
from riskmap.data import starting
from riskmap.data.catalog import house
from riskmap.errors import RiskmapError
from riskmap.workflow import draft, wizard
from riskmap.workflow.project import load


@pytest.mark.parametrize("place", ["linzi", "haian", "hegang", "yonghe", "linjiang"])
def test_an_example_is_copied_with_its_files(place: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["init", str(tmp_path / "d"), "--example", place])
    assert done.exit_code == 0, done.output
    loaded = load(tmp_path / "d" / "riskmap.yaml", house())
    assert all(loaded.path_of(layer).exists() for layer in loaded.project.inputs)
    assert "riskmap build" in done.output
    assert not list((tmp_path / "d").rglob("*.py"))


def test_a_project_file_is_not_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / "riskmap.yaml").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(main, ["init", str(tmp_path), "--example", "yonghe"])
    assert done.exit_code == 7
    assert (tmp_path / "riskmap.yaml").read_text(encoding="utf-8") == "mine"
    assert CliRunner().invoke(main, ["init", str(tmp_path), "--example", "yonghe", "--force"]).exit_code == 0


def test_every_example_named_on_the_command_line_is_there() -> None:
    from riskmap.cli.starts import PLACES

    assert set(PLACES) == set(starting.examples())


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A clerk's folder: Chinese names, GBK, a table without a system, one file that is nothing of ours."""
    area = gpd.GeoDataFrame({"名称": ["某县"], "代码": ["370305"]}, geometry=[box(118, 36, 118.2, 36.2)], crs=4490)
    area.to_file(tmp_path / "县界.shp", encoding="GBK")
    towns = gpd.GeoDataFrame(
        {"名称": ["甲镇"], "区划代码": ["370305100"]}, geometry=[box(118, 36, 118.2, 36.2)], crs=4490
    )
    towns.to_file(tmp_path / "乡镇.shp", encoding="GBK")
    table = pd.DataFrame({"编号": ["1"], "名称": ["一站"], "类别": ["一级站"], "经度": [118.1], "纬度": [36.1]})
    table.to_csv(tmp_path / "消防站.csv", index=False, encoding="gbk")
    gpd.GeoDataFrame({"level": [3]}, geometry=[box(118, 36, 118.1, 36.1)], crs=4490).to_file(tmp_path / "洪水区划.gpkg")
    gpd.GeoDataFrame({"foo": [1]}, geometry=[Point(118, 36)], crs=4490).to_file(tmp_path / "杂项.gpkg")
    return tmp_path


def test_files_are_recognised_by_name_and_columns(mine: Path) -> None:
    found = {g.path: g for g in wizard.look(mine)}
    assert found["县界.shp"].layer == "boundary"
    assert found["县界.shp"].name == "某县"
    assert found["乡镇.shp"].layer == "townships"
    assert found["洪水区划.gpkg"].layer == "hazard_flood"
    assert found["洪水区划.gpkg"].asks == ("levels",)  # numbers: nothing guesses which end is worst
    assert found["消防站.csv"].layer == "fire_stations"
    assert found["消防站.csv"].asks == ("crs",)  # degrees by the look, but nobody assumes a system
    assert found["杂项.gpkg"].layer is None


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("hazard_waterlogging", "hazard_waterlogging"),  # not water
        ("内涝风险", "hazard_waterlogging"),
        ("hazard_goaf", "hazard_goaf"),  # a hazard that nobody declared
        ("hazard_flood_2024", "hazard_flood"),
        ("exposure_gdp", "exposure_gdp"),
        ("vulnerability_population", "vulnerability_population"),
        ("水系", "water"),
    ],
)
def test_a_file_that_bears_a_layer_s_name_is_that_layer(tmp_path: Path, name: str, layer: str) -> None:
    square = gpd.GeoDataFrame({"level": [1]}, geometry=[box(118.0, 36.0, 118.1, 36.1)], crs=4490)
    square.to_file(tmp_path / f"{name}.gpkg")
    (guess,) = wizard.look(tmp_path)
    assert guess.layer == layer


def test_what_is_not_known_stays_open_in_the_file(mine: Path) -> None:
    done = CliRunner().invoke(main, ["init", str(mine), "--yes"])
    assert done.exit_code == 0, done.output
    text = (mine / "riskmap.yaml").read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    assert said["name"] == "某县"
    assert "crs" not in said["inputs"]["fire_stations"]
    assert "levels" not in said["inputs"]["hazard_flood"]
    assert text.count("# ?") == 2
    assert "杂项.gpkg" in text
    load(mine / "riskmap.yaml", house())  # it is a project file
    checked = CliRunner().invoke(main, ["check", str(mine / "riskmap.yaml")])
    assert checked.exit_code in {3, 4}
    assert "crs: EPSG:4490" in checked.output  # the check names what to write


def test_answers_go_into_the_file(mine: Path) -> None:
    guesses = wizard.look(mine)
    told = []
    for guess in guesses:
        for key in guess.asks:
            guess = wizard.answered(guess, key, {"crs": "4490", "levels": "1"}[key])  # noqa: PLW2901
        told.append(guess)
    said = yaml.safe_load(draft.project_text(told, name="某县"))
    assert said["inputs"]["fire_stations"]["crs"] == "EPSG:4490"
    assert said["inputs"]["hazard_flood"]["levels"] == {"count": 5, "worst": "high_code"}


@pytest.mark.parametrize(
    ("file", "key", "answer"),
    [
        ("消防站.csv", "crs", "EPSG:99999"),
        ("消防站.csv", "crs", "wgs"),
        ("洪水区划.gpkg", "levels", "6"),
        ("洪水区划.gpkg", "levels", "5:high_code"),
        ("乡镇.shp", "fields", "nam=名称"),
        ("乡镇.shp", "fields", "name=名字"),
    ],
)
def test_an_answer_that_is_none_is_refused(mine: Path, file: str, key: str, answer: str) -> None:
    guess = next(g for g in wizard.look(mine) if g.path == file)
    with pytest.raises(RiskmapError):
        wizard.answered(guess, key, answer)


def test_a_file_set_by_the_user_is_looked_at_anew_and_stands_alone_for_its_layer(mine: Path) -> None:
    guesses = wizard.look(mine)
    number = {g.path: n for n, g in enumerate(guesses, 1)}
    changed = wizard.put_right(guesses, number["洪水区划.gpkg"], "townships")
    by_path = {g.path: g for g in changed}
    assert by_path["洪水区划.gpkg"].asks == ("fields",)  # no longer about levels
    assert by_path["洪水区划.gpkg"].lacks == ("name", "code")
    assert by_path["乡镇.shp"].layer is None
    assert "洪水区划.gpkg" in by_path["乡镇.shp"].why.en
    assert wizard.put_right(guesses, number["县界.shp"], "-")[number["县界.shp"] - 1].layer is None
    for wrong in ((0, "roads"), (number["县界.shp"], "nosuch"), (number["县界.shp"], "roads"), (1, "risk_zones")):
        with pytest.raises(RiskmapError):
            wizard.put_right(guesses, *wrong)


def test_a_clerk_at_the_keyboard_may_err_and_is_asked_again(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    number = {g.path: n for n, g in enumerate(wizard.look(mine), 1)}
    asked = {g.path: g.asks for g in wizard.look(mine)}
    answers = {"消防站.csv": ["wgs", "EPSG:4490"], "洪水区划.gpkg": ["9", "2"]}
    typed = ["?", "77=x", f"{number['杂项.gpkg']}=villages", ""]
    for path in number:
        # misc has no name column: its open question is left open
        typed += answers.get(path, [""] if path == "杂项.gpkg" else []) if asked[path] or path == "杂项.gpkg" else []
    done = CliRunner().invoke(main, ["init", str(mine)], input="\n".join([*typed, "我的县"]) + "\n")
    assert done.exit_code == 0, done.output
    said = yaml.safe_load((mine / "riskmap.yaml").read_text(encoding="utf-8"))
    assert said["name"] == "我的县"
    assert said["inputs"]["fire_stations"] == {"path": "消防站.csv", "encoding": "GB18030", "crs": "EPSG:4490"}
    assert said["inputs"]["hazard_flood"]["levels"] == {"count": 5, "worst": "low_code"}
    assert said["inputs"]["villages"] == {"path": "杂项.gpkg"}
    assert (mine / "riskmap.yaml").read_text(encoding="utf-8").count("# ?") == 1
    assert "geohazard_points" in done.output  # the list of layers


def test_a_script_reads_what_each_file_was_taken_for(mine: Path) -> None:
    (mine / "说明.docx").write_bytes(b"PK")
    done = CliRunner().invoke(main, ["init", str(mine), "--format", "json"])
    told = json.loads(done.stdout)
    files = {f["file"]: f for f in told["files"]}
    assert files["消防站.csv"]["layer"] == "fire_stations"
    assert files["消防站.csv"]["open"] == ["crs"]
    assert told["not_read"] == ["说明.docx"]
    load(Path(told["project"]), house())


def test_an_open_question_is_answered_by_taking_the_first_hash_away(mine: Path) -> None:
    text = draft.project_text(wizard.look(mine), name="某县")
    said = yaml.safe_load(text.replace("    # crs:", "    crs:").replace("    # levels:", "    levels:"))
    assert said["inputs"]["fire_stations"]["crs"] == "EPSG:4490"
    assert said["inputs"]["hazard_flood"]["levels"] == {"count": 5, "worst": "high_code"}


def test_the_line_to_uncomment_fits_the_file(mine: Path) -> None:
    """It once offered degrees for numbers in metres, and a name for whatever field was lacking."""
    part = gpd.GeoDataFrame({"等级区": ["高"]}, geometry=[Point(457000, 4065000).buffer(9)], crs=4546)
    part.to_file(mine / "地质灾害易发性.shp")
    (mine / "地质灾害易发性.prj").unlink()
    text = draft.project_text(wizard.look(mine), name="某县")
    lines = text.split("hazard_geology:")[1].splitlines()
    assert next(line for line in lines if "# crs:" in line).strip().startswith("# crs: EPSG:45xx   # ?")
    assert next(line for line in lines if "# fields:" in line).strip().startswith("# fields: {level: 列名}   # ?")
    assert "level | value <- 等级区" in text
    assert "# crs: EPSG:4490   # ?" in text.split("fire_stations:")[1]
    guess = next(g for g in wizard.look(mine) if g.layer == "hazard_geology")
    assert "fields" in wizard.answered(guess, "fields", "name=等级区").asks  # still neither a level nor a value
    assert "fields" not in wizard.answered(guess, "fields", "value=等级区").asks
    assert "levels" not in wizard.answered(guess, "fields", "level=等级区").asks  # words say which end is worst


def test_levels_as_numbers_in_the_column_named_raise_the_question_of_their_direction(mine: Path) -> None:
    part = gpd.GeoDataFrame(
        {"分区": [1, 5]}, geometry=[Point(457000, 4065000 + n).buffer(9) for n in (0, 99)], crs=4546
    )
    part.to_file(mine / "地质灾害易发性.shp")
    guess = next(g for g in wizard.look(mine) if g.layer == "hazard_geology")
    assert guess.asks == ("fields",)
    assert wizard.answered(guess, "fields", "level=分区").asks == ("levels",)
    assert wizard.answered(guess, "fields", "value=分区").asks == ()


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("schema: 1\nname: x\ninputs:\n\tboundary: a.shp\n", "no tabs"),
        ("schema: 1\ncell_size_m：100\nname: x\n", "ASCII colon"),
        ('schema: 1\nname: "x\n', "quotes"),
        ("schema: 1\nschema: 1\n", "each key once"),
        ("", "riskmap init"),
        ("schema: 1\nname: x\ncell_size_m: 100\ninputs: {boundary: a.shp, 避难场所: b.shp}\n", "riskmap layers list"),
        (
            (
                "schema: 1\nname: x\ncell_size_m: 100\ninputs: {boundary: a.shp, hazard_flood: b.tif}\n"
                "risk: {weights: {hazard_flood: -1}}\n"
            ),
            "take it away",
        ),
    ],
)
def test_a_slip_in_the_project_file_is_told_with_the_next_step(tmp_path: Path, text: str, remedy: str) -> None:
    file = tmp_path / "riskmap.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RiskmapError) as caught:
        load(file, house())
    assert remedy in caught.value.describe().en
    assert "处理" in caught.value.describe().zh


def test_a_column_in_ten_thousand_yuan_keeps_its_unit(tmp_path: Path) -> None:
    """The file once named every column it had recognised, and lost the units that their names imply."""
    points = gpd.GeoDataFrame(
        {"yhdbh": ["1"], "yhdmc": ["甲"], "yhdlx": ["滑坡"], "wxrsr": [5], "wxccwy": [12.5]},
        geometry=[Point(118.05, 36.05)],
        crs=4490,
    )
    points.to_file(tmp_path / "隐患点.shp", encoding="GBK")
    area = gpd.GeoDataFrame({"名称": ["某县"]}, geometry=[box(118, 36, 118.2, 36.2)], crs=4490)
    area.to_file(tmp_path / "县界.gpkg")
    assert CliRunner().invoke(main, ["init", str(tmp_path), "--yes"]).exit_code == 0
    checked = CliRunner().invoke(main, ["check", str(tmp_path / "riskmap.yaml"), "--format", "json"])
    files = {f["layer"]: f for f in json.loads(checked.stdout)["files"]}
    assert files["geohazard_points"]["totals"]["threatened_property_cny"] == 125_000


def test_a_file_that_cannot_be_read_leaves_the_project_file_sound(mine: Path) -> None:
    (mine / "坏.shp").write_bytes(b"xx")
    (mine / "空.csv").write_bytes(b"")
    (mine / "说明.docx").write_bytes(b"PK")
    (mine / "Thumbs.db").write_bytes(b"x")
    done = CliRunner().invoke(main, ["init", str(mine), "--yes"])
    load(mine / "riskmap.yaml", house())
    text = (mine / "riskmap.yaml").read_text(encoding="utf-8")
    assert "坏.shp" in text
    assert "空.csv" in text
    assert "说明.docx" in done.output
    assert ".dbf" not in done.output  # parts of the shapefiles
    assert "Thumbs" not in done.output


def test_a_table_is_not_taken_for_villages_because_it_has_a_name_column(tmp_path: Path) -> None:
    pd.DataFrame({"name": ["甲"], "lon": [118.1], "lat": [36.1], "capacity_mw": [3]}).to_csv(tmp_path / "x.csv")
    assert [g.layer for g in wizard.look(tmp_path)] == [None]


def test_a_boundary_of_many_areas_does_not_name_the_place(tmp_path: Path) -> None:
    areas = gpd.GeoDataFrame(
        {"名称": ["甲县", "乙县"]}, geometry=[box(118, 36, 118.2, 36.2), box(119, 36, 119.2, 36.2)], crs=4490
    )
    areas.to_file(tmp_path / "县界.gpkg")
    assert [g.name for g in wizard.look(tmp_path)] == [None]


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["init", str(tmp_path / "新" / "县")])
    assert result.exit_code == 0
    assert "put those of the departments there" in result.output
    # and the next command says what comes next
    told = CliRunner().invoke(main, ["check", str(tmp_path / "新" / "县" / "riskmap.yaml")])
    assert told.exit_code == 5
    assert "inputs has no boundary" in told.output


def test_weights_sum_to_one() -> None:
    guesses = [wizard.Guess(f"{n}.tif", None, f"hazard_{n}") for n in ("a", "b", "c")]
    said = yaml.safe_load(draft.project_text(guesses, name="x"))
    assert np.isclose(sum(said["risk"]["weights"].values()), 1, atol=1e-3)


def test_the_file_written_for_a_county_builds(tmp_path: Path) -> None:
    project = county(tmp_path)
    given = yaml.safe_load(project.read_text(encoding="utf-8"))
    project.unlink()
    guesses = wizard.look(tmp_path)
    assert {"boundary", "townships"} <= {g.layer for g in guesses}
    assert {g.layer for g in guesses if g.layer} >= {k for k in given["inputs"] if k.startswith("hazard_")}
