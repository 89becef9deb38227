"""A build that is killed, locked out, or has no room leaves the last good output as it was."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import county
import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from filelock import FileLock

import riskmap
from riskmap.cli import main
from riskmap.data.database import Database
from riskmap.data.digests import frame_digest
from riskmap.errors import OutputError
from riskmap.workflow import record

ROOT = Path(__file__).parent.parent
MOMENTS = 20


def small(folder: Path, **changes: Any) -> Path:
    """Give the county without printed sheets, which take most of its time."""
    return county.county(folder, output={"print": []}, **changes)


def people(path: Path, in_the_corner: int) -> None:
    """Give the county another number of people in one cell."""
    counted = county.people()
    counted[0, 0] = in_the_corner
    county.raster(path.parent / "data" / "people.tif", counted, nodata=-1)


def content(out: Path) -> dict[str, Any]:
    """Give the content of an output folder: tables by digest, cells, other products by their bytes."""
    assert not closing_check(out / "riskmap.gpkg")
    database = Database(out / "riskmap.gpkg")
    told: dict[str, Any] = {layer: frame_digest(database.read(layer)) for layer in database.layers()}
    for path in sorted(p for p in out.rglob("*") if p.is_file() and record.WORK not in p.relative_to(out).parts):
        if path.suffix == ".tif":
            with rasterio.open(path) as file:
                told[path.name] = file.read(1).tobytes()
        elif path.name not in ("riskmap.gpkg", "run.json", "ledger.xlsx"):
            told[path.relative_to(out).as_posix()] = path.read_bytes()
    return told


def closing_check(path: Path) -> list[str]:
    """Give what SQLite complains about; nothing for a whole file."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]


@pytest.fixture
def kill(tmp_path: Path) -> Iterator[Callable[[float], tuple[bool, float]]]:
    """Give what builds the county in a process that is killed after some seconds: whether it was, and its time."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    given = [sys.executable, ROOT / "tests" / "killing.py", tmp_path / "riskmap.yaml", tmp_path / "out"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as killer:

        def ask(seconds: float) -> tuple[bool, float]:
            print(seconds, file=killer.stdin, flush=True)
            was, lived = killer.stdout.readline().split()
            return was == "True", float(lived)

        yield ask
        killer.stdin.close()


def test_a_build_killed_at_any_moment_leaves_good_output_and_the_next_completes(
    tmp_path: Path, kill: Callable[[float], tuple[bool, float]]
) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    people(project, 1)
    kill(600)
    people(project, 2)
    _, whole = kill(600)
    good = content(out)
    chosen = random.Random(370305)
    died = 0
    for number in range(MOMENTS):
        people(project, 100 + number)
        # every tenth of the build is met, at a random moment in it
        moment = whole * (number % 10 + chosen.random()) / 10
        was, _ = kill(moment)
        died += was
        here = content(out)
        whole_before = {name: value == good[name] for name, value in here.items() if name in good}
        totals = json.loads((out / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]["people"]["inside"]
        if not was:
            good = here
        elif not all(whole_before.values()):
            # killed between two renames: files of the new build, each whole; run.json is the last good one's
            riskmap.build(project, out)
            good = content(out)
        assert totals in (1697 - 3 + n for n in (2, *range(100, 101 + number)))
    assert died >= MOMENTS // 2
    riskmap.build(project, out)
    riskmap.build(project, tmp_path / "clean")
    assert content(out) == content(tmp_path / "clean")
    assert not list(out.glob("**/.new-*"))


def test_a_second_build_of_one_folder_is_refused_at_once(tmp_path: Path) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    (out / record.WORK).mkdir(parents=True)
    with FileLock(out / record.WORK / "lock"):
        result = CliRunner().invoke(main, ["build", str(project), "--out", str(out)])
    assert result.exit_code == 7
    assert "另一个 riskmap" in result.stderr or "another riskmap" in result.stderr
    assert not list(out.glob("*.gpkg"))


def as_files(out: Path) -> dict[str, bytes]:
    return {
        p.relative_to(out).as_posix(): p.read_bytes()
        for p in out.rglob("*")
        if p.is_file() and record.WORK not in p.relative_to(out).parts
    }


LIMITED = """
import resource, signal, sys
import riskmap
from riskmap.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
main()
"""


@pytest.mark.parametrize("kilobytes", [1, 60, 200])
def test_without_room_for_the_files_the_old_output_stays(tmp_path: Path, kilobytes: int) -> None:
    pytest.importorskip("resource")
    project, out = small(tmp_path), tmp_path / "out"
    riskmap.build(project, out)
    before = as_files(out)
    people(project, 77)
    given = [sys.executable, "-c", LIMITED, str(kilobytes * 1024), "build", str(project), "--out", str(out)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(given, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 7, done.stderr
    assert "Traceback" not in done.stderr
    assert as_files(out) == before
    riskmap.build(project, out)
    assert as_files(out) != before


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    riskmap.build(project, out)
    before = as_files(out)
    people(project, 77)
    folders = [out, *(p for p in out.rglob("*") if p.is_dir())]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # root may write anywhere: the system's refusal is acted out
        monkeypatch.setattr(record.shutil, "copyfile", refuse)
    for folder in folders:
        folder.chmod(0o555)
    try:
        result = CliRunner().invoke(main, ["build", str(project), "--out", str(out)])
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert result.exit_code == 7, result.output
    assert "Traceback" not in result.output
    assert as_files(out) == before


def refuse(*_: Any) -> None:
    raise PermissionError(13, "Permission denied", "out")


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="out"):
        riskmap.build(small(tmp_path), tmp_path / "out")


def test_a_database_open_elsewhere_is_not_replaced(tmp_path: Path) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    riskmap.build(project, out)
    people(project, 77)
    with closing(sqlite3.connect(out / "riskmap.gpkg")) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM risk_units").fetchone()
        with pytest.raises(OutputError, match="QGIS"):
            riskmap.build(project, out)
    riskmap.build(project, out)
    assert not closing_check(out / "riskmap.gpkg")


def test_a_touched_file_with_the_same_bytes_redoes_nothing(tmp_path: Path) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    riskmap.build(project, out)
    for path in (tmp_path / "data").iterdir():
        os.utime(path, (1, 1))
    again = riskmap.build(project, out)
    assert not [s["name"] for s in again.run["steps"] if not s["reused"] and s["name"] not in again.skipped]
    everything = riskmap.build(project, out, redo=True)
    assert not everything.reused


def test_changed_code_redoes_all_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, out = small(tmp_path), tmp_path / "out"
    riskmap.build(project, out)
    monkeypatch.setattr(record, "code_digest", lambda: "another version")
    assert not riskmap.build(project, out).reused


def test_a_build_into_a_server(tmp_path: Path, postgis: str) -> None:
    project, out = small(tmp_path, database=postgis), tmp_path / "out"
    riskmap.build(project, out)
    file, server = Database(out / "riskmap.gpkg"), Database(postgis)
    assert server.layers() == file.layers()
    for layer in file.layers():
        assert frame_digest(server.read(layer)) == frame_digest(file.read(layer)), layer
    people(project, 77)
    riskmap.build(project, out)
    inside = server.read("risk_units")["people"].sum()
    assert inside == pytest.approx(file.read("risk_units")["people"].sum())
    assert np.isfinite(inside)


def test_a_password_is_not_recorded(tmp_path: Path) -> None:
    project = small(tmp_path, database="postgresql://ann:secret@127.0.0.1:1/db?schema=x")
    result = CliRunner().invoke(main, ["build", str(project), "--out", str(tmp_path / "out")])
    assert result.exit_code == 7
    assert "secret" not in result.output
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"secret" not in path.read_bytes(), path
