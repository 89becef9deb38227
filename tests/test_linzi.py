"""The Linzi example: what its plan states is what the data hold, and the build answers in the same figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

import riskmap
from riskmap.data.database import Database

EXAMPLE = ROOT / "examples" / "linzi"

PLAN = {
    "fire stations": 9,
    "engines": 33,
    "firefighters": 253,
    "hazchem enterprises": 189,
    "enterprises with major hazard sources": 85,
    "major hazard sources": 238,
    "geohazard points": 3,
    "forest_ha": 9156.95,
    "forest_share": 0.137,
    "townships": 12,
    "population": 649_160,
    "pipelines": {"crude_oil": (4, 99.2), "product_oil": (2, 32.3), "natural_gas": (3, 48.3)},
}
"""The figures of the district's plan and of the 2020 census."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return riskmap.build(EXAMPLE / "riskmap.yaml", tmp_path_factory.mktemp("linzi") / "out").out


@pytest.fixture(scope="module")
def database(built: Path) -> Database:
    return Database(built / "riskmap.gpkg")


def test_the_plan_s_figures_stand_in_the_database(database: Database) -> None:
    stations = database.read("fire_stations")
    assert (len(stations), stations["engines"].sum()) == (PLAN["fire stations"], PLAN["engines"])
    sources = database.read("hazchem_sources")
    assert len(sources) == PLAN["major hazard sources"]
    assert sources["enterprise"].nunique() == PLAN["enterprises with major hazard sources"]
    assert (database.read("facilities")["kind"] == "hazchem_enterprise").sum() == PLAN["hazchem enterprises"]
    assert len(database.read("geohazard_points")) == PLAN["geohazard points"]
    lines = database.read("pipelines")
    for medium, (count, km) in PLAN["pipelines"].items():
        chosen = lines[lines["medium"] == medium]
        assert len(chosen) == count
        assert chosen.length.sum() / 1000 == pytest.approx(km, abs=0.001)


def test_forest_is_the_stated_share_of_the_district(database: Database) -> None:
    forest, boundary = database.read("forest"), database.read("boundary")
    assert forest.area.sum() / 1e4 == pytest.approx(PLAN["forest_ha"], abs=0.01)
    assert forest.area.sum() / boundary.area.sum() == pytest.approx(PLAN["forest_share"], abs=0.0005)


def test_townships_have_their_real_names_and_codes(database: Database) -> None:
    townships = database.read("townships")
    assert len(townships) == PLAN["townships"]
    assert {"闻韶街道": "370305001", "金山镇": "370305111"}.items() <= dict(
        zip(townships["name"], townships["code"], strict=True)
    ).items()
    assert townships["population"].sum() == PLAN["population"]


def test_people_are_conserved_township_by_township(built: Path, database: Database) -> None:
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]
    assert totals["people"]["inside"] == pytest.approx(PLAN["population"], rel=1e-9)
    units = database.read("risk_units").set_index("code")["people"]
    stated = database.read("townships").set_index("code")["population"].astype(float)
    assert np.allclose(units, stated.reindex(units.index), rtol=1e-9)


def test_what_nobody_surveyed_is_no_data_on_the_map(database: Database) -> None:
    zones, controls = database.read("risk_zones"), database.read("control_zones")
    unknown = zones[zones["level"] == 0]
    assert unknown["area_km2"].sum() == pytest.approx(2.0, abs=0.5)
    assert set(controls.loc[controls["zone"] == 0, "reason"]) == {"风险未知，未划分"}


def test_no_input_is_in_error(built: Path, database: Database) -> None:
    findings = database.findings()
    assert not (findings["severity"] == "error").any()
    facts = json.loads((EXAMPLE / "facts.json").read_text(encoding="utf-8"))["rows"]
    sources = database.read("sources").assign(name=lambda s: s["file"].map(lambda f: Path(f).name)).set_index("name")
    for name, rows in facts.items():
        assert sources.loc[name, "rows_in"] == rows, name


def test_every_layer_says_that_it_is_synthetic(built: Path, database: Database) -> None:
    layers = [
        layer
        for layer in database.layers()
        if (EXAMPLE / "data").exists() and layer in database.read("sources")["layer"].tolist()
    ]
    for layer in layers:
        frame = database.read(layer)
        assert {"数据性质", "synthetic"} & set(frame.columns), layer
    for page in ("risk-zoning", "control-zoning"):
        assert "含合成示例数据，不得用于实际工作" in (built / "maps" / f"{page}.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_generator_makes_the_committed_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE.parent))
    import make_data

    make_data.make_place("linzi", tmp_path)
    made = {p.relative_to(tmp_path / "data").as_posix() for p in (tmp_path / "data").rglob("*") if p.is_file()}
    assert made == {p.relative_to(EXAMPLE / "data").as_posix() for p in (EXAMPLE / "data").rglob("*") if p.is_file()}
    for name in ("villages.csv", "fire_stations.csv"):
        assert (tmp_path / "data" / name).read_bytes() == (EXAMPLE / "data" / name).read_bytes()
    assert json.loads((tmp_path / "facts.json").read_text(encoding="utf-8")) == json.loads(
        (EXAMPLE / "facts.json").read_text(encoding="utf-8")
    )
    assert len(pd.read_csv(tmp_path / "data" / "villages.csv", encoding="GB18030")) == 420
