"""Targets of the plan: measured by hand on tiny frames, judged only where the data can tell."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from county import county
from shapely import LineString, box

import riskmap
from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.data.spec import build
from riskmap.errors import SpecError
from riskmap.workflow.plan_options import TargetSpec
from riskmap.workflow.steps.plan import judged, measure

SHAPES = gpd.GeoDataFrame(
    {"people": [10.0, None, 5.0]},
    geometry=[LineString([(0, 0), (3000, 4000)]), LineString(), box(0, 0, 200, 100)],
    crs=4548,
)


@pytest.mark.parametrize(
    ("what", "value", "unknown"),
    [
        ("count", 3, 0),
        ("sum:people", 15, 1),
        ("max:people", 10, 1),
        ("min:people", 5, 1),
        ("mean:people", 7.5, 1),
        ("distinct:people", 2, 1),
        ("ha", 2, 0),
        ("km", 5.6, 0),
    ],
)
def test_measures(what: str, value: float, unknown: int) -> None:
    found = measure(SHAPES, what)
    assert found.value == pytest.approx(value)
    assert found.unknown == unknown


def test_nothing_known_is_not_nothing() -> None:
    unknown = pd.DataFrame({"people": [None, None]})
    assert math.isnan(measure(unknown, "sum:people").value)
    assert measure(unknown, "sum:people").unknown == 2
    empty = pd.DataFrame({"people": pd.Series([], dtype=float)})
    assert measure(empty, "sum:people").value == 0
    assert math.isnan(measure(empty, "mean:people").value)


@pytest.mark.parametrize(
    ("value", "target", "relation", "what", "unknown", "met"),
    [
        (99.0, 100, "at_least", "sum:x", 0, False),
        (100.0, 100, "at_least", "sum:x", 0, True),
        (99.0, 100, "at_least", "sum:x", 1, None),  # the unknown row may hold the missing one
        (101.0, 100, "at_least", "sum:x", 1, True),  # more can only add
        (101.0, 100, "at_most", "max:x", 1, False),
        (99.0, 100, "at_most", "max:x", 1, None),
        (3.0, 2.5, "at_least", "mean:x", 1, None),
        (48.29998201, 48.3, "equals", "km", 0, True),
        (237.0, 238, "equals", "count", 0, False),
        (float("nan"), 1, "at_least", "count", 0, None),
    ],
)
def test_judged_only_where_the_data_can_tell(
    value: float, target: float, relation: str, what: str, unknown: int, met: bool | None
) -> None:
    assert judged(value, target, relation, what, unknown) is met


def test_a_target_has_one_relation_at_most() -> None:
    row = {"id": "a", "name": "a", "layer": "villages"}
    assert build(TargetSpec, row, "x.yaml").relation is None
    with pytest.raises(SpecError, match="or none"):
        build(TargetSpec, {**row, "at_least": 1, "at_most": 2}, "x.yaml")


def test_the_house_s_targets_are_sound() -> None:
    for row in house().facts("plan").tables["targets"].rows:
        target = build(TargetSpec, row, "plan.yaml")
        assert target.source.zh
        for layer in target.layers:
            house().layer(layer)


PLAN = """
plan:
  - {id: towns, name: 乡镇, layer: townships, equals: 3}
  - {id: red, name: 红色区, layer: risk_zones, where: level = 4, measure: 'sum:area_km2', at_least: 1000000}
  - {id: people, name: 人口, layer: townships, measure: 'sum:population', at_least: 1}
  - {id: asked, name: 村庄, layer: villages}
  - {id: teams, name: 队伍, layer: rescue_teams, at_least: 1}
"""


def test_a_build_sets_target_beside_count(tmp_path: Path) -> None:
    project = county(tmp_path)
    project.write_text(project.read_text(encoding="utf-8") + PLAN, encoding="utf-8")
    towns = len(Database(riskmap.build(project, tmp_path / "a").out / "riskmap.gpkg").read("townships"))
    built = riskmap.build(project, tmp_path / "b")
    table = Database(built.out / "riskmap.gpkg").read("plan_indicators").set_index("id")
    assert table.loc["towns", "value"] == towns
    assert table.loc["towns", "met"] == int(towns == 3)
    assert table.loc["red", "met"] == 0
    assert pd.isna(table.loc["people", "met"])  # the county's townships state no population
    assert table.loc["asked", ["value", "verdict"]].tolist() == [2, "无目标值"]
    assert pd.isna(table.loc["asked", "met"])
    assert pd.isna(table.loc["teams", "met"])  # no such layer here: nothing can be told
    tally = built.run["totals"]["plan"]
    assert tally["untold"] >= 1
    assert sum(tally.values()) == len(table) - 1  # all but the figure without a target
    assert (built.out / "tables" / "plan.csv").exists()
    page = (built.out / "maps" / "risk-zoning.html").read_text(encoding="utf-8")
    assert "规划目标" in page


def test_a_filter_that_no_database_takes_names_its_layer(tmp_path: Path) -> None:
    project = county(tmp_path)
    bad = "\nplan:\n  - {id: a, name: a, layer: townships, where: 'nothing = 1', at_least: 1}\n"
    project.write_text(project.read_text(encoding="utf-8") + bad, encoding="utf-8")
    with pytest.raises(SpecError, match="townships"):
        riskmap.build(project, tmp_path / "out")
