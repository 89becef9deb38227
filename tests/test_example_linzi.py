"""What Linzi's further project files answer: compared with the delivered files, and with what the page tells."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from conftest import ROOT

import riskmap
from riskmap.data.database import Database

LINZI = ROOT / "examples" / "linzi"
DATA = LINZI / "data"
CRS = "EPSG:4548"
pytestmark = pytest.mark.slow


def built(name: str, folder: Path, *only: str) -> Any:
    return riskmap.build(LINZI / f"{name}.yaml", folder / name, only=only or ["zones"])


def grid(made: Any, layer: str) -> np.ndarray:
    with rasterio.open(made.out / "grids" / f"{layer}.tif") as file:
        values = file.read(1).astype(float)
        return np.where(values == file.nodata, np.nan, values)


def levels(made: Any) -> np.ndarray:
    with rasterio.open(made.out / "grids" / "risk_level_raw.tif") as file:
        return file.read(1)


def classed(score: np.ndarray, *lower: float) -> np.ndarray:
    """Levels by hand: right-closed classes, 0 unknown."""
    return np.where(np.isnan(score), 0, 1 + sum((score > np.float32(limit)).astype(int) for limit in lower))


def told(*figures: str) -> None:
    """Both pages name these figures."""
    for page in ("README.md", "README.zh.md"):
        text = (LINZI / page).read_text(encoding="utf-8")
        assert not [figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d)", text)], page


def red(made: Any) -> str:
    return f"{made.run['totals']['zones']['area_km2']['by_level']['4']:.1f}"


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The six single-hazard builds, up to the zones."""
    folder = tmp_path_factory.mktemp("linzi")
    names = ("earthquake", "flood", "flood_value", "geology", "forest_fire", "meteorology")
    return {name: built(name, folder) for name in names}


def test_the_page_tells_the_red_ground_of_each_hazard(single: dict[str, Any]) -> None:
    told(*(red(made) for made in single.values()))
    for name, made in single.items():
        assert not [f for f in made.findings if f.severity == "error"], name


def test_shaking_times_people_times_what_is_lacking(single: dict[str, Any]) -> None:
    made = single["earthquake"]
    shaking, people, means = (grid(made, x) for x in ("hazard_earthquake", "exposure_population", "capacity"))
    inside = levels(made) > 0
    half = 0.5 + 0.5 * np.clip((shaking - 0.05) / 0.35, 0, 1)
    score = half * (0.5 + 0.5 * people / np.nanmax(people[inside])) * (1 - means)
    assert np.allclose(grid(made, "risk_score")[inside], score[inside], rtol=1e-5)
    quarter = np.bincount(levels(made)[inside], minlength=5)[1:] / inside.sum()
    assert quarter == pytest.approx([0.25] * 4, abs=0.01)


def test_depths_are_classed_in_metres_and_flooded_underpasses_show(single: dict[str, Any]) -> None:
    made = single["flood"]
    inside = levels(made) > 0
    assert np.array_equal(levels(made)[inside], classed(grid(made, "hazard_flood"), 0.3, 0.5, 1.5)[inside])
    spots = pd.read_csv(DATA / "facilities.csv", encoding="gbk")
    spots = spots[spots["类别"] == "铁路桥涵"]
    points = gpd.GeoSeries(gpd.points_from_xy(spots["经度"], spots["纬度"]), crs="EPSG:4490").to_crs(CRS)
    with rasterio.open(DATA / "hazard_flood.tif") as file:
        wet = np.array([v[0] > 0.3 for v in file.sample(np.column_stack([points.x, points.y]))])
    with rasterio.open(made.out / "grids" / "risk_level.tif") as file:
        level = np.array([v[0] for v in file.sample(np.column_stack([points.x, points.y]))])
    flooded = json.loads((LINZI / "facts.json").read_text(encoding="utf-8"))["hazard_flood"]["flooded_underpasses"]
    assert wet.sum() >= flooded  # one more lies beside a river
    assert (level[wet] > 1).all()


def test_water_where_nothing_is_made_is_no_loss(single: dict[str, Any]) -> None:
    made = single["flood_value"]
    weights = made.run["totals"]["risk"]["weights"]
    told(f"{weights['hazard_flood']:.3f}")
    inside = levels(made) > 0
    depth, value = np.clip(grid(made, "hazard_flood") / 3, 0, 1), grid(made, "exposure_gdp")
    rank = np.full(value.shape, np.nan)
    rank[inside] = (pd.Series(value[inside]).rank() - 1) / (inside.sum() - 1)
    score = depth ** weights["hazard_flood"] * rank ** weights["exposure_gdp"]
    assert np.allclose(grid(made, "risk_score")[inside], score[inside], atol=1e-5)


def test_the_worse_of_slopes_and_old_mines_stays(single: dict[str, Any]) -> None:
    made = single["geology"]
    slopes, mines = (np.nan_to_num(grid(made, layer)) for layer in ("hazard_geology", "hazard_采空塌陷"))
    worse = np.maximum(slopes, mines).astype(int)
    inside = levels(made) > 0
    assert np.array_equal(levels(made)[inside], np.array([0, 1, 2, 3, 4, 4])[worse][inside])
    assert (mines[inside] == 0).mean() > 0.9
    assert (mines > slopes)[inside].any()


def test_the_hills_that_nobody_surveyed_are_not_drawn_harmless(single: dict[str, Any]) -> None:
    made = single["forest_fire"]
    unknown = np.isnan(grid(made, "hazard_forest_fire")) | (grid(made, "hazard_forest_fire") == 0)
    hole = unknown & (levels(made) > 0)
    assert hole.sum() == 167
    assert (levels(made)[hole] >= 3).all()
    told("167")
    inside = levels(made) > 0
    people = pd.Series(grid(made, "exposure_population")[inside])
    rank = ((people.rank() - 1) / (len(people) - 1)).to_numpy()
    burns = np.where(hole, 5, grid(made, "hazard_forest_fire"))[inside]
    assert np.allclose(grid(made, "risk_score")[inside], (burns - 1) / 4 * rank**0.5, atol=1e-5)


def test_rain_is_classed_by_deviations_from_its_mean(single: dict[str, Any]) -> None:
    made = single["meteorology"]
    inside = levels(made) > 0
    layers = [grid(made, layer)[inside] for layer in ("hazard_meteorology", "hazard_flood")]
    # of two layers CRITIC weighs by their deviations alone: the correlation is one for both
    spread = np.array([np.std((x - x.min()) / (x.max() - x.min()), ddof=1) for x in layers])
    weight = 2 / 3 * 0.5 + 1 / 3 * spread / spread.sum()
    told(f"{weight[0]:.3f}")
    score = sum(w * (x - x.mean()) / x.std() for w, x in zip(weight, layers, strict=True)).astype(np.float32)
    mean, s = score.mean(dtype=float), score.astype(float).std(ddof=1)
    five = classed(score, *(mean + s * k for k in (-1, -0.5, 0.5, 1)))
    agree = levels(made)[inside] == np.array([0, 1, 1, 2, 3, 4])[five]
    assert agree.mean() > 0.9999


def test_sites_are_plots_that_keep_their_distance(tmp_path: Path) -> None:
    made = built("stations", tmp_path, "siting", "coverage", "map")
    database = Database(made.out / "riskmap.gpkg")
    plots, curve, chosen = (database.read(x) for x in ("site_candidates", "siting_curve", "siting_sites"))
    places = database.read("facilities")
    crowds = places[places["kind"].isin(["school", "hospital", "care_home", "key_fire_unit", "medical_centre"])]
    plants = places[places["kind"] == "hazchem_enterprise"]
    near = [crowds.distance(p).min() < 50 or plants.distance(p).min() < 300 for p in plots.geometry]
    assert sorted(plots["id"][near]) == ["DK-10", "DK-11"]
    assert made.run["totals"]["siting"]["candidates"] == 10
    assert set(chosen["site_id"]) <= set(plots["id"][~np.array(near)])
    assert len(chosen) == 4
    assert (curve["gap"] == 0).all()
    assert curve["checked"].to_numpy() == pytest.approx(curve["covered"].to_numpy())
    assert (curve["gain"].iloc[1:].diff().dropna() <= 0).all()  # each further plot brings fewer
    told(*(f"{people:,.0f}" for people in curve["covered"]), *chosen["site_id"])
    main = "204,840"  # without the rush, of the main project
    assert curve["covered"].iloc[0] < float(main.replace(",", "")) < curve["covered"].iloc[1]
    told(main)
    edges, turns = database.read("network_edges").set_index("edge"), database.read("network_turns")
    table = pd.read_csv(DATA / "turn_restrictions.csv", encoding="gbk", dtype=str)
    assert len(turns) == len(table) == 9
    for turn in turns.itertuples():
        ends = [{*edges.loc[e, ["u", "v"]]} for e in (turn.from_edge, turn.to_edge)]
        assert turn.via in ends[0] & ends[1]


def test_the_public_edition_holds_nothing_that_is_restricted(tmp_path: Path) -> None:
    made = built("public", tmp_path, "map", "geohazards", "hazchem", "zones")
    database = Database(made.out / "riskmap.gpkg")
    assert not {"hazchem_inventory", "hazchem_zones", "findings", "snapping"} & set(database.layers())
    for layer in ("geohazard_points", "hazchem_sources", "hazchem_grades"):
        rows = database.read(layer)
        assert len(rows), layer
        assert not {"id", "name", "enterprise"} & set(rows.columns), layer
        assert (shapely.get_coordinates(rows.geometry) % 2000 == 1000).all(), layer
    names = gpd.read_file(DATA / "hazchem_sources.gpkg")["企业名称"].unique()
    pages = sorted((made.out / "maps").glob("*.html"))
    assert {p.stem for p in pages} >= {"risk-zoning", "control-zoning", "one-map"}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "示例审图号" in text
        assert '<html lang="en"' in text
        assert not [name for name in names if name in text], page.name
    assert not (made.out / "tables").exists()


def test_a_map_of_one_hazard_is_not_called_comprehensive(tmp_path: Path) -> None:
    for name, title in (("flood", "临淄区（洪涝）风险区划图"), ("meteorology", "临淄区（暴雨）综合风险区划图")):
        page = (built(name, tmp_path, "map").out / "maps" / "risk-zoning.html").read_text(encoding="utf-8")
        assert f"<title>{title}" in page


def test_the_western_branch_of_the_fault_zone_passes_one_shelter(tmp_path: Path) -> None:
    lines = gpd.read_file(f"zip://{DATA / 'faults.zip'}").to_crs(CRS)
    shelters = gpd.read_file(DATA / "shelters.geojson").to_crs(CRS)
    near = shelters[shelters.distance(lines.union_all()) <= 200]
    assert near["编号"].tolist() == ["BN26"]
    told("BN26")
    facts = json.loads((LINZI / "facts.json").read_text(encoding="utf-8"))["faults"]
    assert lines.length.div(1000).round(2).tolist() == pytest.approx(facts["km"], abs=0.02)
    with rasterio.open(DATA / "hazard_earthquake.tif") as file:  # the shaking rises towards the zone
        for line in lines.to_crs("EPSG:4326").geometry:
            middle = line.interpolate(0.5, normalized=True)
            west, here = (v[0] for v in file.sample([(middle.x - 0.1, middle.y), (middle.x, middle.y)]))
            assert west < here
