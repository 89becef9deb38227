"""The command line: exit codes, one clear message in both languages, results on stdout and the rest on stderr."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import county
import pytest
from click.testing import CliRunner

from riskmap.cli import main
from riskmap.cli.main import Commands, exit_code
from riskmap.errors import (
    ConservationError,
    CRSError,
    DataError,
    MissingCRSError,
    NetworkError,
    OutputExistsError,
    SeveralErrors,
    SpecError,
)
from riskmap.text import Text

ROOT = Path(__file__).parent.parent


def run(*arguments: str, env: dict[str, str] | None = None) -> click.testing.Result:
    return CliRunner().invoke(main, list(arguments), env={"LANG": "C", "LC_ALL": "", "LC_MESSAGES": ""} | (env or {}))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (SpecError, 5),
        (DataError, 3),
        (CRSError, 4),
        (MissingCRSError, 4),
        (NetworkError, 6),
        (OutputExistsError, 7),
        (ConservationError, 1),
    ],
)
def test_exit_codes(kind: type[Exception], code: int) -> None:
    error = kind(Text("错", "wrong"))
    assert exit_code(error) == code
    assert exit_code(SeveralErrors([error, DataError(Text("错", "wrong"))])) == code


def test_a_bug_is_exit_1_without_a_traceback() -> None:
    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("oops")

    group = Commands("group", commands={"broken": broken})
    result = CliRunner().invoke(group, ["broken"])
    assert result.exit_code == 1
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr


def test_build_prints_the_summary_on_stdout_and_progress_on_stderr(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    result = run("build", str(project), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.stderr
    assert "major risk" in result.stdout
    assert "risk-zoning.html" in result.stdout
    assert "[ 0%]" not in result.stdout
    assert "comprehensive risk" in result.stderr
    chinese = run("build", str(project), "--out", str(tmp_path / "out"), env={"LANG": "zh_CN.UTF-8"})
    assert re.search(r"\d+ 步中 \d+ 步自上次以来没有变", chinese.output)
    assert "重大风险" in chinese.stdout


def test_json_is_one_document(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    result = run("build", str(project), "--out", str(tmp_path / "out"), "--format", "json")
    told = json.loads(result.stdout)
    assert told["totals"]["zones"]["people"]["inside"] == 1697
    assert {"layer", "row", "field", "severity", "code", "message", "remedy"} <= set(told["findings"][0])


def test_an_unknown_key_names_file_path_and_the_nearest_key(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    project.write_text(project.read_text(encoding="utf-8").replace("min_zone_ha", "min_zone_hectare"), encoding="utf-8")
    result = run("build", str(project), "--out", str(tmp_path / "out"))
    assert result.exit_code == 5
    for part in ("riskmap.yaml", "risk.min_zone_hectare", "'min_zone_ha'", "没有这个键", "no such key"):
        assert part in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there_has_no_fingerprint(tmp_path: Path) -> None:
    result = run("check", str(tmp_path / "none.shp"), "--layer", "villages", "--format", "json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["sha256"] is None
    assert [f["code"] for f in told["findings"]] == ["FILE_MISSING"]


def test_a_missing_file_says_which_in_both_languages(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    (tmp_path / "data" / "flood.tif").unlink()
    result = run("build", str(project), "--out", str(tmp_path / "out"))
    assert result.exit_code == 3
    assert "文件不存在" in result.stderr
    assert "does not exist" in result.stderr
    assert "hazard_flood" in result.stderr
    assert "Traceback" not in result.stderr


def test_usage_is_exit_2() -> None:
    assert run("build").exit_code == 2
    assert run("nothing").exit_code == 2


def test_layers_and_styles() -> None:
    assert "geohazard_points" in run("layers", "list").stdout
    shown = run("layers", "show", "hazard_flood", "--lang", "zh").stdout
    assert "洪涝危险性" in shown
    assert "等级" in shown
    assert json.loads(run("layers", "show", "villages", "--format", "json").stdout)["key"] == "code"
    assert "#e60000" in run("styles", "show", "risk_level").stdout
    assert {"risk_zones", "control_zones"} <= {
        s["id"] for s in json.loads(run("styles", "list", "--format", "json").stdout)
    }
    assert run("layers", "check").exit_code == 0
    assert run("styles", "check").exit_code == 0
    wrong = run("layers", "show", "vilages")
    assert wrong.exit_code == 5
    assert "'villages'" in wrong.stderr


def test_verify(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    run("build", str(project), "--out", str(tmp_path / "out"))
    assert run("verify", str(tmp_path / "out")).exit_code == 0
    (tmp_path / "out" / "grids" / "risk_level.tif").unlink()
    result = run("verify", str(tmp_path / "out"))
    assert result.exit_code == 7
    assert "grids/risk_level.tif" in result.stderr
    result = run("verify", str(tmp_path / "out"), "--format", "json")
    assert result.exit_code == 7
    (found,) = json.loads(result.stdout)["findings"]
    assert found["severity"] == "error"
    assert "grids/risk_level.tif" in found["message"]["en"]


def test_a_build_that_stops_says_why_in_json_too(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    (tmp_path / "data" / "flood.tif").unlink()
    (tmp_path / "data" / "villages.gpkg").unlink()
    result = run("build", str(project), "--out", str(tmp_path / "out"), "--format", "json")
    assert result.exit_code == 3
    assert {f["layer"] for f in json.loads(result.stdout)["findings"]} == {"hazard_flood", "villages"}


def test_every_command_has_help_and_says_what_it_does() -> None:
    def walk(command: click.Command, name: str) -> None:
        assert command.help, name
        result = run(*name.split()[1:], "--help")
        assert result.exit_code == 0, name
        for sub in getattr(command, "commands", {}).values():
            walk(sub, f"{name} {sub.name}")

    walk(main, "riskmap")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from riskmap.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules), file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONUTF8": "1"}
    )
    loaded = set(eval(result.stderr))
    assert not loaded & {"numpy", "pandas", "geopandas", "shapely", "rasterio", "pydantic", "yaml", "pyproj"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_console_of_chinese_windows(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "应急局 数据"
    folder.mkdir()
    file = folder / "隐患 点.csv"
    file.write_text("编号,名称,类型,经度,纬度,威胁人数\n1,东沟🏔,雪崩🏔,110.5,36.7,5\n", encoding="utf-8")
    given = [
        sys.executable,
        "-c",
        "from riskmap.cli import main; main()",
        "check",
        str(file),
        "--layer",
        "geohazard_points",
    ]
    given += ["--crs", "EPSG:4490", "--lang", "zh", "--format", form]
    env = {**os.environ, "PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(given, capture_output=True, check=False, env=env, cwd=folder)
    assert done.returncode == 0, done.stderr.decode("gbk", "replace")
    told = done.stdout.decode("gbk")
    assert "隐患 点.csv → geohazard_points" in told or json.loads(told)["file"] == "隐患 点.csv"
    if form == "json":
        assert "雪崩🏔" in json.loads(told)["findings"][0]["message"]["zh"]


def test_a_reader_who_has_seen_enough_is_no_bug() -> None:
    command = [sys.executable, "-c", "from riskmap.cli import main; main()", "layers", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()  # as `| head` does, before a line is written
        assert run.stderr.read() == b""
    assert run.returncode != 0
