"""The Jinan core districts, built from real files with their real defects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import shared

import riskmap
from riskmap.data.database import Database


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return riskmap.build(shared() / "projects" / "jinan" / "riskmap.yaml", tmp_path_factory.mktemp("jinan")).out


@pytest.fixture(scope="module")
def facts() -> dict:
    return json.loads((shared() / "projects" / "jinan" / "facts.json").read_text(encoding="utf-8"))


def test_area_and_people_are_the_stated_ones(built: Path, facts: dict) -> None:
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]
    assert totals["area_km2"]["boundary"] == pytest.approx(facts["boundary_km2"], abs=0.05)
    assert totals["people"]["inside"] == facts["population_total"]
    assert sum(totals["people"]["by_level"].values()) == pytest.approx(facts["population_total"], rel=1e-9)


def test_each_district_keeps_its_area_and_its_people(built: Path, facts: dict) -> None:
    units = Database(built / "riskmap.gpkg").read("risk_units").set_index("name")
    for district in facts["districts"]:
        assert units.loc[district["name"], "people"] == district["population_2020"]
        assert units.loc[district["name"], "area_km2"] == pytest.approx(district["clipped_km2"], abs=0.051)


def test_no_row_is_lost_without_a_word(built: Path, facts: dict) -> None:
    sources = Database(built / "riskmap.gpkg").read("sources").set_index("layer")
    assert (sources["rows_in"] == sources["rows_filtered"] + sources["rows_reported"] + sources["rows_out"]).all()
    names = {
        "roads": "roads_osm.shp",
        "geohazard_points": "地质灾害隐患点.shp",
        "villages": "villages.gpkg",
        "pipelines": "pipelines.geojson",
    }
    for layer, file in names.items():
        assert sources.loc[layer, "rows_in"] == facts["rows"][file]
    assert sources.loc["geohazard_points", "encoding"].upper() == "GB18030"
    assert sources.loc["hazchem_sources", "crs_in"] == "EPSG:4549"


def test_values_survive_their_awkward_forms(built: Path, facts: dict) -> None:
    database = Database(built / "riskmap.gpkg")
    points = database.read("geohazard_points").set_index("id")
    assert len(points) == facts["geohazard_points"]["rows"]
    assert points["threatened_people"].sum() == facts["geohazard_points"]["people_total_known"]
    assert points["threatened_people"].isna().sum() == facts["geohazard_points"]["people_unknown_rows"]
    assert points["threatened_property_cny"].sum() == pytest.approx(
        facts["geohazard_points"]["property_10k_yuan"] * 1e4
    )
    assert points["kind"].value_counts()["landslide"] == facts["geohazard_points"]["by_kind"]["滑坡"]
    assert points["kind"].notna().all()
    inventory = database.read("hazchem_inventory")
    assert inventory["quantity_t"].sum() == pytest.approx(facts["hazchem"]["quantity_total_t"])
    assert inventory["source_id"].nunique() == facts["rows"]["hazchem_sources.gpkg"]
    assert database.read("villages")["population"].sum() == facts["villages"]["population"]


def test_the_quirks_are_findings(built: Path) -> None:
    findings = Database(built / "riskmap.gpkg").findings()
    points = findings[findings["layer"] == "geohazard_points"]
    found = set(zip(points["code"], points["row_id"], strict=True))
    assert {
        ("NUMBER_APPROXIMATE", "370112020005"),
        ("CATEGORY_ALIAS", "370112010008"),
        ("OUTSIDE_AREA", "370102050053"),
    } <= found
    assert {"TEXT_FULLWIDTH", "FIELD_NULL", "DATE_SERIAL", "COORD_ATTRIBUTES", "SAME_POSITION"} <= set(points["code"])
    assert "SAME_LINE" in set(findings.loc[findings["layer"] == "pipelines", "code"])
    assert "RANGE_FLAT" in set(findings.loc[findings["layer"] == "hazard_earthquake", "code"])
    assert not (findings["severity"] == "error").any()


def test_result_layers_of_the_two_maps_are_there(built: Path) -> None:
    layers = Database(built / "riskmap.gpkg").layers()
    assert {
        "risk_zones",
        "risk_units",
        "control_zones",
        "findings",
        "sources",
        "runs",
        "boundary",
        "townships",
        "roads",
    } <= set(layers)
    for name in (
        "risk_score",
        "risk_level",
        "risk_level_raw",
        "control_zone",
        "hazard_earthquake",
        "hazard_geology",
        "hazard_flood",
    ):
        assert (built / "grids" / f"{name}.tif").exists()
