"""The five example places: what their plans state is what the data hold, and the builds answer in the same figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rasterio
from conftest import ROOT
from rasterio.windows import from_bounds

import riskmap
from riskmap.data.database import Database
from riskmap.data.spec import InputSpec
from riskmap.workflow import intake

EXAMPLES = ROOT / "examples"
MU_HA = 15.0  # 15 mu are a hectare

PLANS: dict[str, dict[str, Any]] = {
    "haian": {
        "population": 874_334,
        "rows": {"risk_points": 1974, "shelters": 41, "fire_stations": 12, "townships": 10},
        "facilities": {"hazchem_enterprise": 32, "metal_works": 75},
        "km2": 1180.0,
    },
    "hegang": {
        "population": 891_271,
        "rows": {"townships": 8, "fire_stations": 8, "rescue_teams": 4 + 4 + 59 + 3 + 6},
        "teams": {"government": (4, 272), "forest_fire": (59, 760), "enterprise": (4, None)},
        "km2": 14_684.0,
    },
    "yonghe": {
        "population": 49_946,
        "rows": {"geohazard_points": 180, "townships": 6, "villages": 69 + 9, "households": 72},
        "facilities": {"key_fire_unit": 36},
        "km2": 1214.38,
    },
    "linjiang": {
        "population": 121_616,
        "rows": {"rescue_teams": 109, "townships": 13, "tailings_dams": 4},
        "km2": 3008.5,
    },
}
"""Figures of the plans and of the 2020 census; areas of Hai'an, Hegang and Linjiang are those of the invented outlines."""


@pytest.fixture(scope="module", params=list(PLANS))
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def built(place: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return riskmap.build(EXAMPLES / place / "riskmap.yaml", tmp_path_factory.mktemp(place) / "out").out


@pytest.fixture(scope="module")
def database(built: Path) -> Database:
    return Database(built / "riskmap.gpkg")


@pytest.mark.slow
def test_the_plan_s_figures_stand_in_the_database(place: str, built: Path, database: Database) -> None:
    plan = PLANS[place]
    for layer, rows in plan["rows"].items():
        assert len(database.read(layer)) == rows, layer
    kinds = database.read("facilities")["kind"].value_counts()
    for kind, rows in plan.get("facilities", {}).items():
        assert kinds[kind] == rows, kind
    teams = database.read("rescue_teams")
    for kind, (rows, people) in plan.get("teams", {}).items():
        chosen = teams[teams["kind"] == kind]
        assert len(chosen) == rows, kind
        assert people is None or chosen["people"].sum() == people, kind
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]
    assert totals["people"]["inside"] == pytest.approx(plan["population"], abs=1e-3)
    assert totals["area_km2"]["boundary"] == pytest.approx(plan["km2"], rel=1e-6)
    assert sum(database.read("townships")["population"]) == plan["population"]
    _particulars(place, database)


def _particulars(place: str, database: Database) -> None:
    if place == "yonghe":
        points = database.read("geohazard_points")
        assert points["scale"].value_counts().to_dict() == {"small": 164, "medium": 10, "large": 6}
        assert (points["dlwz"].str.contains("道路沿线") & (points["scale"] == "small")).sum() == 35
        assert points["threatened_people"].sum() == 240
        assert points["threatened_households"].sum() == 72
        assert database.read("households")["people"].sum() == 240
        assert database.read("forest").area.sum() / 1e4 * MU_HA == pytest.approx(520_000, abs=5)
        lines = database.read("pipelines")
        assert lines.length.sum() / 1000 == pytest.approx(73.5, abs=0.001)
    if place == "linjiang":
        assert database.read("rescue_teams")["people"].sum() == 2300
        assert set(database.read("forest")["fire_zone"]) == {"high_danger", "high_risk", "general_risk"}
        assert (database.read("overhead_dams")["overhead"] == 1).all()
    if place == "haian":
        facts = json.loads((EXAMPLES / place / "facts.json").read_text(encoding="utf-8"))
        levels = database.read("risk_point_levels")["level"].value_counts()
        assert {str(k): int(v) for k, v in levels.items()} == facts["risk_points"]["by_level"]
    if place == "hegang":
        stations = database.read("fire_stations")
        assert len(stations) == 8


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "file"), [("zh", "README.zh.md"), ("en", "README.md")])
def test_the_page_tells_what_the_build_answers(
    place: str, database: Database, lang: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import plan_tables

    page = (EXAMPLES / place / file).read_text(encoding="utf-8")
    made = plan_tables.table(EXAMPLES / place / "riskmap.yaml", database.read("plan_indicators"), lang)
    assert plan_tables.filled(page, made) == page, f"python examples/plan_tables.py {place} OUT_DIR writes it again"


@pytest.mark.slow
def test_county_maps_join_the_city_s(tmp_path: Path) -> None:
    city = riskmap.build(EXAMPLES / "hegang" / "riskmap.yaml", tmp_path / "city", only=["zones"])
    people = {}
    for county, code in (("luobei", "230421000"), ("suibin", "230422000")):
        made = riskmap.build(EXAMPLES / "hegang" / f"{county}.yaml", tmp_path / county, only=["zones"])
        with (
            rasterio.open(city.out / "grids" / "risk_level_raw.tif") as whole,
            rasterio.open(made.out / "grids" / "risk_level_raw.tif") as part,
        ):
            here = part.read(1)
            there = whole.read(1, window=from_bounds(*part.bounds, whole.transform), boundless=True, fill_value=0)
        assert here.shape == there.shape, county
        assert ((here == there) | (here == 0)).all(), county
        people[code] = made.run["totals"]["zones"]["people"]["inside"]
    by_unit = city.run["totals"]["zones"]["people"]["by_unit"]
    for code, counted in people.items():
        assert counted == pytest.approx(
            by_unit[code], abs=60
        )  # cells on the line go whole to one unit, by area to the county


def test_the_population_slip_of_the_plan_is_caught() -> None:
    data = EXAMPLES / "yonghe" / "data"
    slip, right = data / "slip" / "townships_plan.geojson", data / "townships.zip"
    checked = intake.check_file(slip, "townships", spec=InputSpec(path=str(slip)))
    assert "UNIT_SLIP" in {f.code for f in checked.findings if f.severity == "error"}
    good = intake.check_file(right, "townships", spec=InputSpec(path=str(right)))
    assert not [f for f in good.findings if f.severity == "error"]


@pytest.mark.slow
def test_every_layer_says_that_it_is_synthetic(database: Database) -> None:
    for layer in database.read("sources")["layer"]:
        if layer in database.layers():
            assert "数据性质" in database.read(layer).columns, layer


@pytest.mark.slow
def test_the_generator_makes_the_committed_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yonghe stands for all: one generator makes the five (Linzi has a test of its own)."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import make_data

    make_data.make_place("yonghe", tmp_path)
    assert json.loads((tmp_path / "facts.json").read_text(encoding="utf-8")) == json.loads(
        (EXAMPLES / "yonghe" / "facts.json").read_text(encoding="utf-8")
    )
    made = {p.relative_to(tmp_path).as_posix() for p in (tmp_path / "data").rglob("*") if p.is_file()}
    here = EXAMPLES / "yonghe"
    assert made == {p.relative_to(here).as_posix() for p in (here / "data").rglob("*") if p.is_file()}
    for name in ("data/villages.csv", "data/households.csv", "data/wardens.csv"):
        assert (tmp_path / name).read_bytes() == (here / name).read_bytes(), name


def test_examples_stay_modest() -> None:
    for place in PLANS:
        size = sum(p.stat().st_size for p in (EXAMPLES / place / "data").rglob("*") if p.is_file())
        assert size < 1_500_000, place
