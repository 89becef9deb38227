"""Stations in blocks and counties each by itself give what they give together, wherever they are worked on."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import county
import numpy as np
import pytest
from click.testing import CliRunner
from test_network_reach import random_world

from riskmap.cli import main
from riskmap.errors import SpecError
from riskmap.network.roads import RoadNetwork
from riskmap.text import Text
from riskmap.workflow import counties
from riskmap.workflow.clusters import workers
from riskmap.workflow.counties import County, build_each


def world() -> tuple[RoadNetwork, list[int], list[int]]:
    _, xy, tail, head, seconds = random_world(77)
    nodes = np.unique(np.concatenate((tail, head)))
    return RoadNetwork.from_edges(tail, head, seconds, xy=xy), nodes.tolist(), nodes[::2].tolist()


def test_blocks_give_the_rows_of_single_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    net, origins, targets = world()
    together = net.times(origins, targets)
    monkeypatch.setattr("riskmap.network.split.CELLS", 3 * len(targets))
    assert net.times(origins, targets).equals(together)
    for origin in origins:
        single = net.reach(origin)
        np.testing.assert_allclose(together.loc[origin], single.reindex(targets).fillna(np.inf))


@pytest.mark.filterwarnings("ignore")  # of the cluster, not ours
def test_processes_and_a_dask_cluster_give_the_same() -> None:
    distributed = pytest.importorskip("distributed")
    net, origins, targets = world()
    here = net.times(origins, targets, limit_s=200)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        mapper = lambda function, arguments: pool.map(function, *zip(*arguments, strict=True))  # noqa: E731
        assert net.times(origins, targets, limit_s=200, mapper=mapper).equals(here)
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
        workers(dask=cluster.scheduler_address) as mapper,
    ):
        assert net.times(origins, targets, limit_s=200, mapper=mapper).equals(here)


RUN = {
    "findings": {"error": 0, "warning": 2, "note": 1},
    "seconds": 3.0,
    "totals": {
        "zones": {
            "area_km2": {"by_level": {"4": 25.0, "3": 75.0}, "boundary": 100.0},
            "people": {"by_level": {"4": 1200.0}},
        }
    },
}


def named(folder: Path) -> Path:
    folder.mkdir()
    return county.county(folder)


def test_counties_are_built_each_by_itself(tmp_path: Path) -> None:
    first, second = named(tmp_path / "甲县"), named(tmp_path / "乙县")
    (second.parent / "data" / "flood.tif").unlink()
    found = build_each([first, second], tmp_path / "out", only=("risk",))
    assert [f.project.parent.name for f in found] == ["甲县", "乙县"]
    assert found[0].run["totals"]["risk"]["method"] == "weighted_sum"
    assert (tmp_path / "out" / "甲县" / "run.json").exists()
    assert found[1].run is None
    assert "flood.tif" in found[1].error.en


def test_the_command_says_which_county_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        County(tmp_path / "甲县" / "riskmap.yaml", tmp_path / "甲县", RUN, None),
        County(
            tmp_path / "乙县" / "riskmap.yaml", tmp_path / "乙县", None, Text("文件不存在", "no such file\n  remedy")
        ),
    ]
    monkeypatch.setattr("riskmap.workflow.counties.build_each", lambda projects, **options: found)
    asked = ["build", "甲县/riskmap.yaml", "乙县/riskmap.yaml", "--lang", "en"]
    said = CliRunner().invoke(main, asked)
    assert said.exit_code == 3
    assert [line.split() for line in said.stdout.splitlines()[-3:-1]] == [
        ["甲县", "done", "25.0%", "1,200", "0", "2"],
        ["乙县", "stopped", "no", "such", "file", "remedy"],
    ]
    told = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).stdout)["counties"]
    assert told[0]["totals"]["zones"]["people"]["by_level"]["4"] == 1200
    assert told[1]["error"]["zh"] == "文件不存在"


class Killer:
    """Kills the process that unpickles it, as one does that is out of memory."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_process_that_dies_and_a_bug_stop_one_county_only(tmp_path: Path) -> None:
    project, out = named(tmp_path / "县"), tmp_path / "out"
    work = [
        (project, out / "killed", {"only": Killer()}),
        (project, out / "bug", {"only": 5}),
        (project, out / "fine", {"only": ("risk",)}),
    ]
    found = {county.name: county for county in counties._each(work, 1, None)}
    killed, bug, fine = (found[folder.name] for _, folder, _ in work)
    assert killed.run is None
    assert "died" in killed.error.en
    assert bug.run is None
    assert "TypeError" in bug.error.en
    assert fine.run is not None


def test_a_county_that_stops_at_once_is_told_before_one_that_takes_long(tmp_path: Path) -> None:
    fine, broken = named(tmp_path / "甲县"), named(tmp_path / "乙县")
    broken.write_text("schema: 1\n", encoding="utf-8")
    said: list[str] = []
    found = build_each(
        [fine, broken], tmp_path / "out", jobs=2, only=("risk",), progress=lambda _, text: said.append(text.en)
    )
    assert said == ["乙县: stopped", "甲县: done"]
    assert [f.name for f in found] == ["甲县", "乙县"]


def test_an_interrupt_begins_no_further_county(tmp_path: Path) -> None:
    files = [named(tmp_path / f"{number}县") for number in range(4)]
    files[0].write_text("schema: 1\n", encoding="utf-8")

    def interrupt(share: float, text: Text) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_each(files, tmp_path / "out", only=("risk",), progress=interrupt)
    assert not list((tmp_path / "out").glob("*/run.json"))
    assert not multiprocessing.active_children()


ORPHANS = """
import os, signal, time
from riskmap.workflow.counties import _pool
with _pool(1) as pool:
    future = pool.submit(time.sleep, 600)
    while not future.running():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_run_that_is_killed_leaves_no_process_behind() -> None:
    # the workers hold the pipe too: this returns only when they are gone
    done = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, timeout=120, check=False)
    assert done.returncode == -9


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM from outside")
def test_a_run_that_is_told_to_end_says_nothing_of_python_s(tmp_path: Path) -> None:
    files = [str(named(tmp_path / f"{number}县")) for number in range(2)]
    asked = [sys.executable, "-c", "from riskmap.cli import main; main()", "counties", *files]
    run = subprocess.Popen(
        [*asked, "--out", str(tmp_path / "out")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while run.poll() is None and not (tmp_path / "out").exists():
        time.sleep(0.1)
    run.terminate()
    _, said = run.communicate(timeout=120)
    assert run.returncode == 143
    assert "resource_tracker" not in said


def test_projects_of_one_folder_get_folders_of_their_own(tmp_path: Path) -> None:
    city = named(tmp_path / "市")
    (city.parent / "甲县.yaml").write_text(city.read_text(encoding="utf-8"), encoding="utf-8")
    said: list[str] = []
    found = build_each(
        [city, city.parent / "甲县.yaml"],
        tmp_path / "out",
        only=("risk",),
        progress=lambda _, text: said.append(text.en),
    )
    assert [f.name for f in found] == ["市", "市-甲县"]
    assert said == ["市: done", "市-甲县: done"]


def test_counties_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    files = [named(tmp_path / side / "县") for side in ("a", "b")]
    with pytest.raises(SpecError, match="县"):
        build_each(files, tmp_path / "out")
    with pytest.raises(SpecError, match="more than once"):
        build_each([files[0], files[0]], tmp_path / "out")
