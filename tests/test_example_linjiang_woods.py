"""Linjiang's fuel on the ground, the teams that reach it, and the sheet of one's own: each figure found a second way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from conftest import ROOT
from rasterio.features import rasterize
from rasterio.warp import Resampling, reproject

import riskmap
from riskmap.data.database import Database
from riskmap.output.printmap_template import template
from riskmap.workflow.build import Built

LINJIANG = ROOT / "examples" / "linjiang"
DATA = LINJIANG / "data"
CRS = "EPSG:4551"
ZONES = ("高危区", "高风险区", "一般风险区")

pytestmark = pytest.mark.slow


def told(*figures: str) -> None:
    """One paragraph of each page gives these figures together."""
    for page in ("README.md", "README.zh.md"):
        parts = (LINJIANG / page).read_text(encoding="utf-8").split("\n\n")
        assert any(all(figure in part for figure in figures) for part in parts), (page, figures)


def grid(built: Built, name: str) -> tuple[np.ndarray, Any]:
    with rasterio.open(built.out / "grids" / f"{name}.tif") as file:
        return file.read(1, masked=True).astype(float).filled(np.nan), file.transform


@pytest.fixture(scope="module")
def fuel(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return riskmap.build(LINJIANG / "fuel.yaml", tmp_path_factory.mktemp("fuel"), only=["zones", "reach"])


def test_fuel_lands_as_a_mean(fuel: Built) -> None:
    """The warper of GDAL gives the same tonnes a hectare: none is multiplied by the size of a cell."""
    landed, transform = grid(fuel, "exposure_fuel")
    with rasterio.open(DATA / "exposure_fuel.tif") as file:
        given = file.read(1, masked=True).astype(float).filled(np.nan)
        other = np.full(landed.shape, np.nan)
        reproject(
            given,
            other,
            src_transform=file.transform,
            src_crs=file.crs,
            src_nodata=np.nan,
            dst_transform=transform,
            dst_crs=CRS,
            dst_nodata=np.nan,
            resampling=Resampling.average,
        )
    both = np.isfinite(landed) & np.isfinite(other)
    assert both.sum() > 30_000
    assert np.abs(landed - other)[both].mean() < 0.2
    assert np.nanmax(landed) <= np.nanmax(given)


def test_weights_by_entropy_and_the_root_of_the_product(fuel: Built) -> None:
    score, _ = grid(fuel, "risk_score")
    inside = np.isfinite(score)
    spread = (grid(fuel, "hazard_forest_fire")[0][inside] - 1) / 4
    tonnes = grid(fuel, "exposure_fuel")[0][inside]
    tonnes = (tonnes - tonnes.min()) / (tonnes.max() - tonnes.min())
    lack = []
    for values in (spread, tonnes):
        share = values[values > 0] / values.sum()
        lack.append(1 + (share * np.log(share)).sum() / np.log(inside.sum()))
    weights = np.array(lack) / sum(lack)
    found = fuel.run["totals"]["risk"]["weights"]
    assert [found["hazard_forest_fire"], found["exposure_fuel"]] == pytest.approx(weights, rel=1e-3)
    assert score[inside] == pytest.approx(spread ** weights[0] * tonnes ** weights[1], abs=1e-4)
    told(f"{weights[0]:.2f}", f"{weights[1]:.2f}")


def test_red_and_orange_woods_by_fire_zone(fuel: Built) -> None:
    level, transform = grid(fuel, "risk_level")
    forest = gpd.read_file(DATA / "forest.zip").to_crs(CRS)
    shares = []
    for zone in ZONES:
        rows = forest.loc[forest["火险区划"] == zone].geometry
        mine = level[(rasterize(rows, out_shape=level.shape, transform=transform) == 1) & (level > 0)]
        shares.append(f"{(mine >= 3).mean():.0%}".replace("%", " %"))
    told(*shares)


def test_only_forest_fire_teams_are_sent(fuel: Built) -> None:
    database = Database(fuel.out / "riskmap.gpkg")
    answers, teams = database.read("reach_results"), database.read("rescue_teams").set_index("id")
    level, _ = grid(fuel, "risk_level")
    assert len(answers) == (level >= 3).sum()  # every red and orange cell is asked about
    sent = answers.dropna(subset=["source_id"])
    assert set(teams.loc[sent["source_id"], "kind"]) == {"forest_fire"}
    assert (sent["minutes"] >= 20).all()
    told(f"{len(answers):,}", f"{(answers['within'] == 1).sum():,}", f"{sent['minutes'].max():.0f}")
    missed = answers.loc[answers["within"] == 0, "outcome"].value_counts()
    told(f"{missed.sum()}", *(f"{missed[why]}" for why in ("island", "barrier", "far")))


def test_rescue_teams_come_to_every_school_and_care_home(tmp_path: Path) -> None:
    built = riskmap.build(LINJIANG / "riskmap.yaml", tmp_path / "out", only=["reach"])
    answers = Database(built.out / "riskmap.gpkg").read("reach_results")
    table = pd.read_csv(DATA / "facilities.csv", encoding="gbk").query("类别 in ['学校', '养老院']")
    assert set(answers["id"]) == set(table["编号"])
    assert answers["people"].sum() == table["人数"].sum()
    within = answers["within"] == 1
    told(str(len(answers)), str(within.sum()), f"{answers['minutes'].max():.0f}")


def test_the_wall_sheet_is_the_house_s_with_larger_words() -> None:
    own, house = template("wall.yaml", beside=LINJIANG), template("standard")
    assert own.layouts == house.layouts[:1]
    assert own.sizes.title > house.sizes.title
    prints = yaml.safe_load((LINJIANG / "riskmap.yaml").read_text("utf-8"))["output"]["print"]
    assert [spec["paper"] for spec in prints if isinstance(spec, dict) and "template" in spec] == ["A2"]
