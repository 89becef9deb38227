"""Linjiang: evacuation as its own scenarios have it, and the two further project files, each beside an independent count."""

from __future__ import annotations

import json
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
from example_builds import build_in, grid, longest_drive_min, rows

from riskmap.network.roads import RoadNetwork
from riskmap.workflow.build import Built

LINJIANG = ROOT / "examples" / "linjiang"
built = partial(build_in, LINJIANG)
DATA = LINJIANG / "data"
PAGES = [(LINJIANG / file).read_text("utf-8") for file in ("README.md", "README.zh.md")]
FACTS = json.loads((LINJIANG / "facts.json").read_text("utf-8"))
METRES = "EPSG:4551"
LAYERS = ["hazard_forest_fire", "hazard_fire_history", "exposure_population"]

pytestmark = pytest.mark.slow


def told(*figures: str) -> None:
    """Both pages give the figures."""
    for page in PAGES:
        for figure in figures:
            assert figure in page, figure


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built("riskmap", tmp_path_factory.mktemp("linjiang"), "evacuate", "zones")


@pytest.fixture(scope="module")
def origins(main: Built) -> pd.DataFrame:
    return rows(main, "evacuation_origins").set_index(["scenario", "id"])


def test_nobody_whom_the_house_s_scenarios_cover_is_lost(origins: pd.DataFrame, tmp_path: Path) -> None:
    house = built("riskmap", tmp_path, "evacuate", evacuation={"walk_m_s": 1.0}, exposure={}, facts={})
    before = rows(house, "evacuation_origins").set_index(["scenario", "id"])
    now = origins.loc[before.index]
    assert (now["people"] == before["people"]).all()
    assert (now["placed"] >= before["placed"] - 1e-6).all()
    for placed in (before["placed"], now["placed"]):
        told(*(f"{placed[scenario].sum():,.0f}" for scenario in ("flood", "geology")))


def test_minutes_to_the_nearest_are_never_more_than_the_plan_s(main: Built, origins: pd.DataFrame) -> None:
    minutes = rows(main, "evacuation_plan").groupby(["scenario", "origin_id"])["minutes"].min()
    assert (origins["nearest_min"].reindex(minutes.index) <= minutes + 1e-6).all()


def test_blocks_hold_everybody_under_water(main: Built, origins: pd.DataFrame) -> None:
    wet = grid(main, "hazard_flood") >= 0.3
    people = grid(main, "exposure_population")
    blocks = origins.loc["blocks"]
    assert blocks["people"].sum() == pytest.approx(np.nansum(people[wet]), rel=1e-6)
    told(f"{blocks['people'].sum():,.0f}", f"{blocks['unplaced'].sum():,.0f}")


def test_the_storm_s_gullies_are_the_medium_ones_with_people(main: Built, origins: pd.DataFrame) -> None:
    points = rows(main, "geohazard_points").set_index("id")
    of_kind = (points["kind"] == "debris_flow") & (points["scale"] == "medium")
    medium = points[of_kind & (points["threatened_people"] > 0).to_numpy(bool)]
    storm = origins.loc["storm"]
    assert set(storm.index) == set(medium.index)
    cut = storm[storm["unplaced"] > 0]
    assert (origins.loc["geology"].loc[cut.index, "unplaced"] == 0).all()  # the water alone cuts them off
    pieces = rows(main, "evacuation_closures")
    closed = pieces.loc[(pieces["scenario"] == "storm") & (pieces["action"] == "closed"), "hazard"]
    assert set(closed) == {"debris_flow", "flood_deep"}
    told(f"{cut['people'].sum():.0f}", f"{storm['people'].sum():.0f}")


def test_below_the_dams(main: Built, origins: pd.DataFrame) -> None:
    ground = gpd.read_file(DATA / "hazard_tailings.geojson").to_crs(METRES)
    villages = pd.read_csv(DATA / "villages.csv", encoding="gb18030")
    at = gpd.GeoSeries.from_xy(villages["经度"], villages["纬度"], crs="EPSG:4490").to_crs(METRES)
    worst = ground[ground["危险等级"].isin(["高", "中高"])].union_all()
    below = villages[at.within(worst).to_numpy()]
    assert set(below["村社名称"]) == set(FACTS["below_dams"]["village_of_dam"].values())
    leaving = origins.loc["tailings"]
    assert leaving["people"].sum() == leaving["placed"].sum() == below["常住人口"].sum()
    figures = rows(main, "evacuation_summary")
    figures = figures[(figures["scenario"] == "tailings") & (figures["mode"] == "all")]
    value = figures.set_index("measure")["value"]
    assert value["total_min"] == 3 + 5 + value["egress_min"] <= 60
    minutes = FACTS["below_dams"]["minutes_to_the_village"].values()
    assert value["out_of_zone_m"] / 60 > max(minutes)  # on foot, a metre a second
    told(f"{leaving['people'].sum():,.0f}", f"{value['total_min']:.0f}", f"{value['out_of_zone_m']:,.0f}")
    told(str(min(minutes)), str(max(minutes)))


def test_the_control_rules_decide(main: Built) -> None:
    towns = gpd.read_file(DATA / "townships.zip").to_crs(METRES)
    value = gpd.read_file(DATA / "capacity.zip").set_index("code")["value"].reindex(towns["区划代码"]).to_numpy()
    points = rows(main, "geohazard_points")
    a_town = np.array([points.intersects(town).sum() for town in towns.geometry]) / (towns.area.to_numpy() / 1e8)
    with rasterio.open(main.out / "grids" / "risk_level.tif") as file:
        row, column = np.nonzero(file.read(1))
        x, y = file.transform @ (column + 0.5, row + 0.5)
    cell, town = shapely.STRtree(towns.geometry.to_numpy()).query(shapely.points(x, y), predicate="within")
    level, rule = (grid(main, name)[row[cell], column[cell]] for name in ("risk_level", "control_rule"))
    capacity, density = value[town], a_town[town]
    orange, yellow = level == 3, level == 2
    wanted = np.select(
        [
            level == 4,
            orange & (density >= 5),
            orange & (capacity < 0.4),
            orange,
            yellow & (density >= 5),
            yellow & (density >= 1) & (capacity < 0.6),
        ],
        [1, 2, 3, 4, 5, 6],
        7,
    )
    assert (rule == wanted).mean() > 0.99  # cells on a township's line belong to both
    assert {1, 3, 4, 6, 7} <= set(wanted)


def test_the_fire_zones_lie_where_fires_are_likely(tmp_path: Path) -> None:
    made = built("forest_fire", tmp_path, "zones")
    inside = grid(made, "risk_level_raw") > 0
    burns, fires, people = (grid(made, name) for name in LAYERS)
    half = [0.5 + 0.5 * (v - np.nanmin(v[inside])) / np.ptp(v[inside & ~np.isnan(v)]) for v in (fires, people)]
    scaled = dict(zip(LAYERS, [(burns - 1) / 4, *half], strict=True))

    # CRITIC by its formula, on the cells where all are known
    known = inside & ~np.isnan(sum(scaled.values()))
    table = pd.DataFrame({name: v[known] for name, v in scaled.items()})
    table = (table - table.min()) / (table.max() - table.min())
    spread = table.std() * (1 - table.corr()).sum()
    weights = made.run["totals"]["risk"]["weights"]
    assert [weights[name] for name in LAYERS] == pytest.approx((spread / spread.sum())[LAYERS], rel=1e-3)
    told(*(f"{weights[name]:.2f}" for name in LAYERS))

    # the score anew: in 闹枝镇 the other two layers share the weight of the records that are lost
    by_cell = {name: v[inside] for name, v in scaled.items()}
    held = sum(np.where(np.isnan(v), 0, weights[name]) for name, v in by_cell.items())
    score = np.prod([np.where(np.isnan(v), 1, v ** (weights[name] / held)) for name, v in by_cell.items()], axis=0)
    assert np.abs(score - grid(made, "risk_score")[inside]).max() < 1e-5
    towns = gpd.read_file(DATA / "townships.zip").to_crs(METRES)
    lost = towns[towns["名称"] == "闹枝镇"].area.sum() / 1e6
    assert (inside & np.isnan(fires)).sum() * 0.09 == pytest.approx(lost, rel=0.1)  # cells of a minute of arc

    forest = gpd.read_file(DATA / "forest.zip").to_crs(METRES)[["火险区划", "geometry"]]
    met = gpd.overlay(forest, rows(made, "risk_zones")[["level", "geometry"]])
    area = met.assign(m2=met.area).pivot_table(index="火险区划", columns="level", values="m2", aggfunc="sum")
    share = 100 * area.div(area.sum(axis=1), axis=0)
    high = (share[3] + share[4])[["高危区", "高风险区", "一般风险区"]]
    assert high.is_monotonic_decreasing
    told(*(f"{v:.1f}" for v in (*high, *share[4])))
    red = rows(made, "risk_units").set_index("name")
    told(f"{100 * red.loc['闹枝镇', 'share_red']:.1f}")


def test_forest_roads_join_and_one_team_shortens_the_longest_way(tmp_path: Path) -> None:
    made = built("stations", tmp_path / "as it is", "siting", "plan")
    raw = built("stations", tmp_path / "raw", "network", network={})
    facts = FACTS["forest_roads"]
    roads = gpd.read_file(DATA / "forest_roads.zip")
    forestry = roads[roads["填报单位"] == "临江市林业局"].geometry
    public = roads[(roads["填报单位"] != "临江市林业局") & (roads["桥梁"] == "否")].union_all()
    ends = [shapely.get_point(line, end) for line in forestry for end in (0, -1)]
    near = [end.distance(public) for end in ends]
    gaps = sum(0 < d < 2 for d in near)
    met = [part for line in forestry for part in shapely.get_parts(line.intersection(public))]
    crossings = sum(part.geom_type == "Point" for part in met)
    before, after = raw.run["totals"]["network"], made.run["totals"]["network"]
    assert (gaps, crossings) == (facts["gaps_under_2_m"], facts["crossings_without_vertex"])
    assert (after["gaps_closed"], before["crossings_not_joined"]) == (gaps, crossings)
    assert after["components"] == 1
    belt = rows(made, "plan_indicators").set_index("id").loc["belt", "value"]
    assert belt == pytest.approx(roads[roads["路线名称"] == "边境防火隔离带"].length.sum() / 1000, rel=1e-6)
    told(str(gaps), str(crossings), str(before["components"]), f"{belt:.0f} km")

    siting = yaml.safe_load((LINJIANG / "stations.yaml").read_text("utf-8"))["siting"]
    none, two = (built("stations", tmp_path / str(n), "siting", siting=siting | {"extra": n}) for n in (0, 2))
    longest = [b.run["totals"]["siting"]["value"] / 60 for b in (none, made, two)]
    assert made.run["totals"]["siting"]["gap"] == 0
    assert round(longest[1]) - round(longest[2]) == 1
    # once more, from every station and the new site to the node nearest to each peopled cell
    network = RoadNetwork.from_frame(rows(made, "roads"), node_crossings=True, close_gaps_m=2)
    assert longest_drive_min(made, network) + 1 == pytest.approx(longest[1], rel=0.1)
    curve = rows(made, "siting_curve").iloc[-1]
    told(*(f"{v:.0f}" for v in longest[:2]), f"{curve['covered']:,.0f}", f"{curve['gain']:,.0f}")
    told(str(made.run["totals"]["siting"]["candidates"]))
