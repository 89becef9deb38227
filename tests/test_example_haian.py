"""Hai'an: the weights, the further project files, and the figures that both pages give, each beside an independent count."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import yaml
from conftest import ROOT
from example_builds import build_in, grid, rows
from pyproj import Transformer

from riskmap.errors import DataError
from riskmap.overlay import rules, substances
from riskmap.workflow.build import Built

HAIAN = ROOT / "examples" / "haian"
built = partial(build_in, HAIAN)
DATA = HAIAN / "data"
PAGES = {lang: (HAIAN / file).read_text("utf-8") for lang, file in (("en", "README.md"), ("zh", "README.zh.md"))}
LAYERS = ["hazard_earthquake", "hazard_flood", "hazard_waterlogging", "hazard_meteorology", "exposure_population"]
FACTS = json.loads((HAIAN / "facts.json").read_text("utf-8"))

pytestmark = pytest.mark.slow


def at_points(made: Built, name: str, points: gpd.GeoSeries) -> np.ndarray:
    with rasterio.open(made.out / "grids" / f"{name}.tif") as file:
        return np.array([value[0] for value in file.sample(zip(points.x, points.y, strict=True))])


def told(*figures: float) -> None:
    """Both pages give the figures."""
    for page in PAGES.values():
        for figure in figures:
            assert f"{figure:,.0f}" in page, figure


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built("riskmap", tmp_path_factory.mktemp("haian"), "assets", "risk", "reach", "evacuate")


def test_weights_are_judgements_times_entropy(main: Built) -> None:
    half = pd.read_csv(HAIAN / "judgements.csv", index_col=0).loc[LAYERS, LAYERS]
    upper = np.triu(
        half.map(lambda v: np.nan if pd.isna(v) else float(Fraction(str(v)))).fillna(0).to_numpy()
    )  # fractions as text
    matrix = upper + np.divide(1, upper.T, out=np.zeros((5, 5)), where=(upper.T > 0) & ~np.eye(5, dtype=bool))
    values, vectors = np.linalg.eig(matrix)
    judged = np.abs(vectors[:, values.real.argmax()].real)
    assert (values.real.max() - 5) / 4 / 1.12 == pytest.approx(0.0128, abs=5e-5)  # Saaty's index for five is 1.12
    for page in PAGES.values():
        assert "0.013" in page

    area = grid(main, "risk_level_raw") > 0
    scaled = {name: grid(main, name)[area] for name in LAYERS}
    scaled["hazard_earthquake"] = (scaled["hazard_earthquake"] - 0.05) / 0.35
    scaled["hazard_waterlogging"] = (scaled["hazard_waterlogging"] - 1) / 4
    for name in ("hazard_flood", "hazard_meteorology", "exposure_population"):
        low, high = scaled[name].min(), scaled[name].max()
        scaled[name] = (scaled[name] - low) / (high - low)
    spread = []
    for name in LAYERS:
        share = scaled[name][scaled[name] > 0] / scaled[name].sum()
        spread.append(1 + (share * np.log(share)).sum() / np.log(area.sum()))
    product = judged * spread
    found = main.run["totals"]["risk"]["weights"]
    assert [found[name] for name in LAYERS] == pytest.approx(product / product.sum(), rel=1e-4)
    for page in PAGES.values():
        assert all(f"{found[name]:.2f}" in page for name in ("hazard_flood", "exposure_population"))


def test_a_density_of_value_sums_to_the_value(main: Built) -> None:
    value = rows(main, "asset_units")["amount"].sum()
    assert value / 1e4 == pytest.approx(
        FACTS["exposure_gdp"]["sum_10k_yuan"], rel=1e-3
    )  # cells on the line go partly out


def test_shelters_beside_high_voltage_lines_are_named(main: Built) -> None:
    lines, shelters = gpd.read_file(DATA / "power_lines.zip"), gpd.read_file(DATA / "shelters.geojson")
    high = lines[lines["电压等级"] >= 110].to_crs("EPSG:4549").union_all()
    near = shelters.to_crs("EPSG:4549").distance(high) <= 50
    faults = rows(main, "shelter_faults")
    named = set(faults.loc[faults["fault_layer"] == "power_lines", "id"])
    assert named == set(shelters.loc[near, "编号"])
    assert len(named) == 3
    assert all(name in page for name in named for page in PAGES.values())


def test_relief_and_the_walk_to_a_shelter(main: Built) -> None:
    answers = rows(main, "reach_results")
    relief = answers[answers["question"] == "relief"]
    assert len(relief) == FACTS["rows"]["townships.zip"]
    assert relief["minutes"].between(120, 600).all()  # two hours of loading, ten in all
    goods = rows(main, "supplies").set_index("id")["kind"]
    assert (goods[relief["source_id"]] == "relief").all()
    walk = answers[answers["question"] == "shelter_walk"]
    communities = pd.read_csv(DATA / "villages.csv", encoding="gb18030").query("类型 == '社区'")
    assert walk["people"].sum() == communities["常住人口"].sum()
    spots = rows(main, "shelters").set_index("id").representative_point()
    roads = rows(main, "roads").union_all()
    start = spots[walk["source_id"]].set_axis(walk.index)
    on_road = walk.distance(start) - walk.distance(roads) - start.distance(roads)
    assert (walk["minutes"] * 60 >= on_road - 1e-6).all()  # a metre a second, and no way is shorter than straight
    assert (walk["within"] == (walk["minutes"] <= 15)).all()
    told(walk.loc[walk["within"] == 1, "people"].sum(), (walk["within"] == 1).sum())


def test_who_leaves_the_polders(tmp_path: Path) -> None:
    facts = yaml.safe_load((HAIAN / "polders.yaml").read_text("utf-8"))["facts"]["evacuation"]
    # without the trials of closures, which change no figure of the plan
    made = built("polders", tmp_path, "evacuate", facts={"evacuation": facts | {"closures_tried": 0}})
    table = pd.read_csv(DATA / "villages.csv", encoding="gb18030")
    points = gpd.GeoSeries.from_xy(table["经度"], table["纬度"], crs="EPSG:4490").to_crs("EPSG:4549")
    water = at_points(made, "hazard_waterlogging", points)
    origins = rows(made, "evacuation_origins")
    polders, dikes = (origins[origins["scenario"] == name] for name in ("polders", "dikes"))
    assert polders["people"].sum() == table.loc[water == 5, "常住人口"].sum()  # the worst of five words only
    deep = grid(made, "hazard_flood") >= 0.3
    assert dikes["people"].sum() == pytest.approx(np.nansum(grid(made, "exposure_population")[deep]), abs=1e-3)
    for part in (polders, dikes):
        assert (part["placed"] + part["unplaced"]).sum() == pytest.approx(part["people"].sum())
        assert (part["placed"] > 0).any()
    assert set(dikes["mode"]) == {"walk"}  # nobody is fetched
    shelters = rows(made, "evacuation_shelters")
    used = shelters[(shelters["scenario"] == "polders") & (shelters["assigned"] > 0)]
    assert not (at_points(made, "hazard_waterlogging", used.representative_point()) == 5).any()
    assert (used["assigned"] <= used["capacity"] + 1e-6).all()
    told(*(part[column].sum() for part in (polders, dikes) for column in ("people", "placed", "unplaced")))
    alarm = rows(made, "evacuation_summary").query("scenario == 'polders' and mode == 'all'").set_index("measure")
    alarm = alarm["value"]
    assert alarm["total_min"] == 30 + 45 + alarm["egress_min"]
    assert alarm["egress_min"] % 2 == 0  # steps of two minutes
    told(alarm["egress_min"], alarm["bound_min"], alarm["total_min"])


def test_a_release_in_the_chemical_park(main: Built, tmp_path: Path) -> None:
    made = built("chemical_park", tmp_path, "evacuate")
    grades = rows(made, "hazchem_grades").set_index("id")
    stock = pd.read_csv(DATA / "hazchem_inventory_coast.csv", encoding="gb18030").set_index("危险源编号")
    ammonia = float(stock.loc["WXY011"].query("名称 == '氨'")["设计最大量(t)"].iloc[0])
    assert grades.loc["WXY011", "r"] == pytest.approx(
        0.5 * (2 * ammonia / 10 + 4 * 6.5 / 5)
    )  # Q 10 t, beta 2; nobody near
    petrol = float(stock.loc["WXY003"].query("名称 == '汽油'")["设计最大量(t)"].iloc[0])
    assert grades.loc["WXY003", "r"] == pytest.approx(0.5 * (petrol / 200 + 1.5 * 9 / 10))  # W7.1: Q 10 t, beta 1.5
    before = rows(main, "hazchem_grades").set_index("id").loc[grades.index]
    changed = grades.index[grades["grade"] != before["grade"]]
    assert {i: (int(before.loc[i, "grade"]), int(grades.loc[i, "grade"])) for i in changed} == {"WXY008": (3, 1)}
    assert all("WXY008" in page and f"{grades.loc['WXY008', 'people_500m']}" in page for page in PAGES.values())

    source = rows(made, "hazchem_sources").set_index("id").loc["WXY011"].geometry
    zone = rows(made, "hazchem_zones").query("source_id == 'WXY011' and effect == 'toxic'").iloc[0]
    villages = rows(made, "villages")
    inside = villages.distance(source) <= zone["radius_m"]
    origins = rows(made, "evacuation_origins")
    leaving = origins[origins["scenario"] == "ammonia"]
    assert set(leaving["id"]) == set(villages.loc[inside, "code"].astype(str))
    assert leaving["people"].sum() == villages.loc[inside, "population"].sum()
    ball = origins[origins["scenario"] == "fireball"]
    assert len(ball) == 1  # the circles of death and of burns are one zone
    told(leaving["people"].sum(), ball["people"].sum(), zone["radius_m"])


def test_the_initiator_is_found_by_its_number_alone() -> None:
    own = yaml.safe_load((HAIAN / "chemical_park.yaml").read_text("utf-8"))["hazchem"]["substances"][:1]
    files = [rules.rows(f"gb18218_table{n}") for n in (1, 2, 3, 4)]
    (number,) = own[0]["cas"]
    assert substances.cas_is_valid(number)
    with pytest.raises(DataError):
        substances.Substances(*files).find(None, number)  # no table of the standard has it
    listed = [row | {"cas": ";".join(row["cas"]), "aliases": ";".join(row["aliases"])} for row in own]
    found = substances.Substances(*files, own=listed).find(None, number)
    assert (found.name, found.q_t, found.symbol) == ("示例聚合引发剂A", 10, "W7.1")


def test_what_the_park_s_own_rows_and_radius_change(tmp_path: Path) -> None:
    made = built("chemical_park", tmp_path, "hazchem", hazchem={})
    grades = rows(made, "hazchem_grades").set_index("id")["grade"]
    assert set(grades.index[grades.isna()]) == {"WXY003", "WXY011", "WXY015"}
    assert grades["WXY008"] == 3  # counted from the point, nobody lives near


def test_fewest_stations(tmp_path: Path) -> None:
    made = built("stations", tmp_path / "fewest", "siting")
    found = made.run["totals"]["siting"]
    assert found["gap"] == 0
    assert found["new"] == len(rows(made, "siting_sites"))
    curve = rows(made, "siting_curve").iloc[-1]
    assert curve["covered"] == pytest.approx(found["demand"])
    # another problem: one station fewer does not reach everyone
    (tmp_path / "most").mkdir()
    fewer = {"problem": "max_coverage", "extra": found["new"] - 1, "spacing_m": 400}
    most = rows(built("stations", tmp_path / "most", "siting", siting=fewer), "siting_curve").iloc[-1]
    assert most["gap"] == 0
    assert most["covered"] < found["demand"] - 1
    told(found["new"], found["candidates"], found["demand"], most["covered"])


def test_four_colours_by_escalation(tmp_path: Path) -> None:
    made = built("four_colours", tmp_path, "risk_points")
    table = pd.read_csv(DATA / "risk_points.csv", encoding="gbk")
    word = table["风险等级"].map({"低风险": 1, "一般风险": 2, "较大风险": 3, "重大风险": 4})
    d, r = table["可能性"] * table["暴露频率"] * table["后果"], table["可能性"] * table["严重性"]
    lec = pd.Series(np.select([d > 320, d >= 160, d >= 70, d > 0], [4, 3, 2, 1], 0), table.index)
    ls = pd.Series(np.select([r >= 20, r >= 15, r >= 9, r > 0], [4, 3, 2, 1], 0), table.index)
    level = word.fillna(lec.where(lec > 0)).fillna(ls).astype(int)
    assert (level > 0).all()
    to_metres = Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True)
    x, y = to_metres.transform(table["经度"], table["纬度"])
    cell = pd.Series(list(zip(np.floor(x / 1000), np.floor(y / 1000), strict=True)), table.index)
    highest = level.groupby(cell).max()
    many = (level == cell.map(highest)).groupby(cell).sum() >= 3
    raised = (highest + many).clip(upper=4)
    cells = rows(made, "risk_point_cells")
    west, south = cells.bounds["minx"].round() // 1000, cells.bounds["miny"].round() // 1000
    assert dict(zip(zip(west, south, strict=True), cells["level"], strict=True)) == raised.to_dict()
    assert shapely.area(cells.geometry.to_numpy()) == pytest.approx(1e6)
    assert len(rows(made, "risk_point_levels")) == 1974
    for rule in (highest, raised):
        told(*(int((rule == k).sum()) for k in (4, 3, 2, 1)))
    told((raised > highest).sum())
