"""Every total of a delivered folder is derived again: one that was changed in run.json is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from riskmap.errors import OutputError
from riskmap.workflow.verify import verify

TOTALS = [
    ("risk", "merged_patches"),
    ("risk", "breaks", 0),
    ("zones", "area_km2", "by_level", "3"),
    ("zones", "area_km2", "by_unit", "370305100"),
    ("zones", "people", "by_zone", "3"),
    ("zones", "people", "by_unit", "370305100"),
    ("geohazards", "people"),
    ("geohazards", "by_grade", "4"),
    ("pipelines", "km_once_inside"),
    ("pipelines", "km_by_grade", "not_usable", "0"),
    ("hazchem", "by_grade", "2"),
    ("hazchem", "quantity_t"),
    ("chains", "points"),
]


@pytest.fixture(scope="module")
def delivered(threatened_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy, so that a total may be changed."""
    return Path(shutil.copytree(threatened_out, tmp_path_factory.mktemp("verify") / "out"))


def test_a_sound_delivery(delivered: Path) -> None:
    verify(delivered)


@pytest.mark.parametrize("path", TOTALS, ids=lambda path: ".".join(map(str, path)))
def test_a_changed_total_is_found(delivered: Path, path: tuple[Any, ...]) -> None:
    file = delivered / "run.json"
    said = file.read_text(encoding="utf-8")
    run = json.loads(said)
    place = run["totals"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += 1
    file.write_text(json.dumps(run), encoding="utf-8")
    named = "cells_classed_otherwise" if path[1] == "breaks" else str(path[-1])
    try:
        with pytest.raises(OutputError, match=named):
            verify(delivered)
    finally:
        file.write_text(said, encoding="utf-8")
