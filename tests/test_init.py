"""``riskmap init``: an example that builds, a project file from one's own folder, and what it leaves to the user."""

from __future__ import annotations

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
from riskmap.workflow import wizard
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
            guess = wizard.answered(guess, key, {"crs": "EPSG:4490", "levels": "5:high_code"}[key])  # noqa: PLW2901
        told.append(guess)
    said = yaml.safe_load(wizard.project_text(told, name="某县"))
    assert said["inputs"]["fire_stations"]["crs"] == "EPSG:4490"
    assert said["inputs"]["hazard_flood"]["levels"] == {"count": 5, "worst": "high_code"}


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["init", str(tmp_path / "新" / "县")])
    assert result.exit_code == 0
    # and the next command says what comes next
    told = CliRunner().invoke(main, ["check", str(tmp_path / "新" / "县" / "riskmap.yaml")])
    assert told.exit_code == 5
    assert "inputs has no boundary" in told.output


def test_weights_sum_to_one() -> None:
    guesses = [wizard.Guess(f"{n}.tif", None, f"hazard_{n}") for n in ("a", "b", "c")]
    said = yaml.safe_load(wizard.project_text(guesses, name="x"))
    assert np.isclose(sum(said["risk"]["weights"].values()), 1, atol=1e-3)


def test_the_file_written_for_a_county_builds(tmp_path: Path) -> None:
    project = county(tmp_path)
    given = yaml.safe_load(project.read_text(encoding="utf-8"))
    project.unlink()
    guesses = wizard.look(tmp_path)
    assert {"boundary", "townships"} <= {g.layer for g in guesses}
    assert {g.layer for g in guesses if g.layer} >= {k for k in given["inputs"] if k.startswith("hazard_")}
