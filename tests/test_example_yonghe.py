"""Yonghe's further project files, and what its main one says beyond the others: answers against the input and hand rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml
from conftest import ROOT

import riskmap
from riskmap.data.database import Database

YONGHE = ROOT / "examples" / "yonghe"
FACTS = json.loads((YONGHE / "facts.json").read_text(encoding="utf-8"))
PAGES = [" ".join((YONGHE / page).read_text(encoding="utf-8").split()) for page in ("README.md", "README.zh.md")]

pytestmark = pytest.mark.slow


def built(name: str, folder: Path, *only: str) -> Path:
    return riskmap.build(YONGHE / f"{name}.yaml", folder / "out", only=list(only)).out


def cells(out: Path, layer: str) -> Any:
    with rasterio.open(out / "grids" / f"{layer}.tif") as source:
        return source.read(1).astype(float)


def told(*figures: str) -> None:
    """Both pages tell the figures."""
    for figure in figures:
        assert all(figure in page for page in PAGES), figure


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("riskmap", tmp_path_factory.mktemp("county"), "assets", "sensitivity", "cards")


def test_people_and_buildings_by_the_formula_of_the_census(county: Path) -> None:
    quake, slope, flood, fire = (
        cells(county, f"hazard_{kind}") for kind in ("earthquake", "geology", "flood", "forest_fire")
    )
    inside = cells(county, "risk_level") > 0
    slope[slope == 0], fire[fire == 0] = np.nan, np.nan
    hazards = [
        np.clip((quake - 0.05) / 0.35, 0, 1),
        (slope - 1) / 4,
        (flood - flood[inside].min()) / np.ptp(flood[inside]),
        (fire - 1) / 4,
    ]

    def exposed(layer: str) -> Any:
        held = cells(county, layer)
        return (held - np.nanmin(held[inside])) / np.ptp(held[inside & ~np.isnan(held)])

    # 1 is the worst in the file, and the highest on the grid
    people_stand = np.clip((cells(county, "vulnerability_population") - 1) / 3, 0, 1)
    people = np.mean(hazards, axis=0) * exposed("exposure_population") * people_stand * (1 - cells(county, "capacity"))
    houses_stand = np.clip((cells(county, "vulnerability_buildings") - 1) / 4, 0, 1)
    weighed = 0.4 * hazards[0] + 0.4 * hazards[1] + 0.2 * hazards[2]
    houses = weighed * exposed("exposure_buildings") ** 0.5 * houses_stand**1.5
    for asset, expected in (("population", people), ("buildings", houses)):
        found = cells(county, f"asset_risk_{asset}")
        known = inside & ~np.isnan(found)
        assert known.sum() > 0.99 * inside.sum(), asset
        np.testing.assert_allclose(found[known], expected[known], rtol=1e-4, atol=1e-6, err_msg=asset)


def test_codes_of_which_1_is_the_worst_stay_the_worst(county: Path) -> None:
    groups = gpd.read_file(YONGHE / "data" / "village_groups.zip")
    codes = groups["人口脆弱"].astype(int)
    assert codes.value_counts().sort_index().tolist() == list(FACTS["village_groups"]["people_levels"].values())
    stand = cells(county, "vulnerability_population")
    km2 = [groups.area[codes == 5 - level].sum() / 1e6 for level in range(1, 5)]
    assert [(stand == level).sum() * 0.04 for level in range(1, 5)] == pytest.approx(km2, rel=0.02)


def test_floor_space_and_people_are_whole_by_township(county: Path) -> None:
    units = Database(county / "riskmap.gpkg").read("asset_units")
    amounts = units.groupby("asset")["amount"].sum()
    assert amounts["population"] == pytest.approx(49_946, abs=1e-3)
    assert amounts["buildings"] == pytest.approx(FACTS["exposure_buildings"]["floor_m2"], rel=1e-6)
    red = units.groupby("asset")["amount_red"].sum()
    told(f"{red['population']:,.0f}", f"{red['buildings']:,.0f}")


def test_weights_are_the_file_s_and_colours_are_tried(county: Path) -> None:
    totals = json.loads((county / "run.json").read_text(encoding="utf-8"))["totals"]
    stated = yaml.safe_load((YONGHE / "weights.yaml").read_text(encoding="utf-8"))
    assert totals["risk"]["weights"] == pytest.approx(stated["weights"])
    assert totals["assets"]["buildings"]["weights"] == pytest.approx(stated["by_asset"]["buildings"])
    assert totals["risk"]["weights_from"]["author"] == stated["author"]
    told(f"{totals['sensitivity']['uncertain_km2']:.1f}")


def test_every_household_has_a_card_and_those_without_a_place_are_named(county: Path) -> None:
    database = Database(county / "riskmap.gpkg")
    cards = json.loads((county / "run.json").read_text(encoding="utf-8"))["totals"]["cards"]
    assert cards["households"] == 72
    assert cards["settlements"] == len(database.read("evacuation_origins"))
    findings = database.read("findings")
    without = findings.loc[findings["code"] == "HOUSEHOLDS_WITHOUT_PLACE", "rows"].sum()
    plan = database.read("evacuation_plan")
    homes = pd.read_csv(YONGHE / "data" / "households.csv", encoding="gbk", dtype={"隐患点编号": str})
    led = homes["隐患点编号"].isin(plan.loc[plan["scenario"] == "geology", "origin_id"])
    assert (len(homes), led.sum(), without) == (72, 72 - without, 7)
    assert plan.groupby(["scenario", "origin_id"])["shelter_id"].nunique().max() == 1  # keep_whole
    summary = database.read("evacuation_summary")
    minutes = summary[(summary["scenario"] == "geology") & (summary["mode"] == "all")].set_index("measure")["value"]
    assert homes.loc[~led, "人口"].sum() == minutes["unplaced"] == 30
    told(f" {without} ", f" {minutes['total_min']:.0f} ", f" {minutes['placed']:.0f} ")


@pytest.fixture(scope="module")
def geology(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("geology", tmp_path_factory.mktemp("geology"), "zones", "assets")


def test_geohazard_levels_are_likelihood_times_consequence(geology: Path) -> None:
    score = cells(geology, "hazard_geology") * cells(geology, "vulnerability_buildings")
    by_hand = np.digitize(score, [1, 9, 15, 20])
    raw = cells(geology, "risk_level_raw")
    inside = raw > 0
    assert (raw[inside] == by_hand[inside]).all()
    unknown = Database(geology / "riskmap.gpkg").read("findings")["code"].eq("CELLS_UNKNOWN")
    assert not unknown.any()  # village groups leave no seam


def test_control_zones_follow_the_table_of_the_file(geology: Path) -> None:
    database = Database(geology / "riskmap.gpkg")
    points = database.read("geohazard_points")["township"].value_counts()
    km2 = {t["name"]: t["km2"] for t in FACTS["townships"]}
    many = {name for name in km2 if points[name] / km2[name] * 100 >= 13}
    assert many == {"芝河镇", "桑壁镇"}
    towns = database.read("townships").set_index("name")
    level, rule = cells(geology, "risk_level"), cells(geology, "control_rule")
    with rasterio.open(geology / "grids" / "risk_level.tif") as source:
        shapes = [(towns.geometry[name], 1) for name in many]
        dense = rasterio.features.rasterize(shapes, source.shape, transform=source.transform) == 1
    expected = np.select([level == 4, (level == 3) & dense, level == 3, (level == 2) & dense, level > 0], range(1, 6))
    assert (expected != rule).mean() < 1e-3  # cells on the line of a township
    zones = database.read("control_zones")
    key = zones.loc[zones["zone"] == 3, "area_km2"].sum()
    risk = database.read("risk_zones")
    red = risk.loc[risk["level"] == 4, "area_km2"].sum()
    people = database.read("control_units")["people_key"].sum()
    told(f"{red:.1f}", f"{key:.1f}", f"{people:,.0f}")


def test_villages_as_units_hold_everyone(geology: Path) -> None:
    villages = Database(geology / "riskmap.gpkg").read("village_units")
    assert villages["people"].sum() == pytest.approx(49_946, abs=1)
    own = villages[villages["name"] != "unassigned"]
    assert len(own) == FACTS["village_groups"]["rows"]
    assert (own["level"] == 4).sum() == 4


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(built("night", tmp_path_factory.mktemp("night"), "evacuate") / "riskmap.gpkg")


def test_by_night_whole_villages_leave_and_nobody_twice(night: Database) -> None:
    zones, villages = night.read("geohazard_zones"), night.read("villages")
    homes = pd.read_csv(YONGHE / "data" / "households.csv", encoding="gbk", dtype={"村代码": str})
    below = homes.groupby("村代码")["人口"].sum()
    whole = villages[villages.intersects(zones.union_all())]
    rest = whole["population"] - whole["code"].map(below).fillna(0)
    summary = night.read("evacuation_summary")
    summary = summary[summary["mode"] == "all"].set_index("measure")["value"]
    assert summary["people"] == 240 + rest.sum() == summary["placed"] + summary["unplaced"]
    assert summary["total_min"] == 20 + 15 + summary["egress_min"]
    told(*(f"{summary[m]:,.0f} " for m in ("people", "placed", "unplaced", "total_min")))


def test_by_night_nobody_is_parted_and_all_walk_slower(night: Database) -> None:
    plan = night.read("evacuation_plan")
    assert plan.groupby("origin_id")["shelter_id"].nunique().max() == 1
    walked = plan[plan["mode"] == "walk"]
    # 1 m/s by day, 0.8 of it by night; hills and zones only add to it
    assert (walked["minutes"] * 60 >= walked["length_m"] / 0.8 - 1).all()
    assert (walked["slow_minutes"] / walked["minutes"]).to_numpy() == pytest.approx(1 / 0.6, rel=1e-6)


@pytest.fixture(scope="module")
def stations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("stations", tmp_path_factory.mktemp("stations"), "siting", "coverage")


def test_three_stations_shorten_the_mean_as_the_fire_circle_measures_it(stations: Path, tmp_path: Path) -> None:
    """The fire circle of the county with the chosen sites as stations gives the mean that the programme found."""
    siting = json.loads((stations / "run.json").read_text(encoding="utf-8"))["totals"]["siting"]
    assert (siting["new"], siting["gap"]) == (3, pytest.approx(0, abs=1e-6))
    database = Database(stations / "riskmap.gpkg")
    sites = database.read("siting_sites")
    towns = gpd.read_file(YONGHE / "data" / "townships.zip").to_crs(sites.crs)
    at = {towns.loc[towns.contains(point), "名称"].iloc[0] for point in sites.geometry}
    assert at == {"望海寺乡", "坡头乡", "楼山乡"}
    project = yaml.safe_load((YONGHE / "stations.yaml").read_text(encoding="utf-8"))
    own = pd.read_csv(YONGHE / "data" / "fire_stations.csv")
    sites = sites.to_crs(4490)
    new = pd.DataFrame(
        {"站编号": sites["site_id"], "站名": sites["site_id"], "经度": sites.geometry.x, "纬度": sites.geometry.y}
    )
    pd.concat([own, new]).to_csv(tmp_path / "six.csv", index=False)
    for layer, spec in project["inputs"].items():
        path = spec if isinstance(spec, str) else spec["path"]
        project["inputs"][layer] = (spec if isinstance(spec, dict) else {}) | {"path": str(YONGHE / path)}
    project["inputs"]["fire_stations"]["path"] = str(tmp_path / "six.csv")
    (tmp_path / "six.yaml").write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    six = riskmap.build(tmp_path / "six.yaml", tmp_path / "out", only=["coverage"]).out
    before, after = (_mean_minutes(out) for out in (stations, six))
    assert after == pytest.approx(siting["value"] / siting["demand"] / 60, rel=2e-3)  # sites rounded to degrees
    told(f" {before:.1f} ", f" {after:.1f} ")


def _mean_minutes(out: Path) -> float:
    minutes, people = cells(out, "fire_minutes"), cells(out, "exposure_population")
    known = np.isfinite(minutes) & (people > 0)
    return float((minutes * people)[known].sum() / people[known].sum())


def test_ground_is_told_where_there_is_no_built_up_area(stations: Path) -> None:
    findings = Database(stations / "riskmap.gpkg").read("findings")
    note = findings.loc[findings["code"] == "STATION_AREA_OVER", "message_en"].iloc[0]
    assert "nan" not in note
    assert "km2 of ground" in note
