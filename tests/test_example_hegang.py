"""Hegang's further project files: each asks one question of the city's data, and the answer is found a second way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from conftest import ROOT
from example_builds import longest_drive_min
from example_builds import rows as table
from scipy import ndimage

import riskmap
from riskmap.network.roads import RoadNetwork
from riskmap.workflow.build import Built

HEGANG = ROOT / "examples" / "hegang"
FACTS = json.loads((HEGANG / "facts.json").read_text(encoding="utf-8"))
COLOURS = {4: "red", 3: "orange", 2: "yellow", 1: "blue"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as ``riskmap init --example hegang`` copies it: outputs may lie in it."""
    place = tmp_path_factory.mktemp("init") / "hegang"
    shutil.copytree(HEGANG, place, ignore=shutil.ignore_patterns("*.py", "__pycache__", "out"))
    return place


@pytest.fixture(scope="module")
def this_year(folder: Path) -> Built:
    return riskmap.build(folder / "riskmap.yaml", folder / "out" / "this_year", only=["zones", "reach", "plan"])


def build(folder: Path, name: str, steps: str, *changes: tuple[str, str]) -> Built:
    """Build one project file of the folder, or a copy with changed words."""
    file = folder / f"{name}.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    if changes:
        file = folder / f"{name}-changed.yaml"
        file.write_text(text, encoding="utf-8")
    return riskmap.build(file, folder / "out" / file.stem, only=steps.split())


def cells(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1)


def on_the_pages(*words: str) -> None:
    """Require that one paragraph, or one table, of each page says these figures."""
    for page in ("README.md", "README.zh.md"):
        parts = (HEGANG / page).read_text(encoding="utf-8").split("\n\n")
        assert any(all(word in part for word in words) for part in parts), (page, words)


def test_the_works_lower_water_and_move_people_and_lose_nobody() -> None:
    data = HEGANG / "data"
    before, after = cells(data / "hazard_flood.tif"), cells(data / "hazard_flood_after.tif")
    fell = before - after
    told = FACTS["after_works"]
    assert (fell >= -1e-6).all()
    assert fell.max() == pytest.approx(2.0, abs=0.051)  # depths come in steps of 5 cm
    assert (fell > 1e-6).sum() == told["shallower_cells"]
    people = [cells(data / f"exposure_population{end}.tif") for end in ("", "_after")]
    assert {int(p[p > 0].sum()) for p in people} == {891_271}
    villages = [
        pd.read_csv(data / f"villages{end}.csv", encoding="gb18030", dtype={"村社代码": str}).set_index("村社代码")
        for end in ("", "_after")
    ]
    assert villages[1]["常住人口"].sum() == villages[0]["常住人口"].sum() == 891_271
    assert villages[1]["户数"].sum() == villages[0]["户数"].sum()
    gone = villages[0].loc[villages[0].index.difference(villages[1].index)]
    assert sorted(gone["村社名称"]) == sorted(told["villages_moved"])
    assert gone["常住人口"].sum() == told["people_moved"]
    # people of a county move within it: the totals of its units stay
    county = [v["常住人口"].groupby(v.index.str[:6]).sum() for v in villages]
    assert county[0].equals(county[1])
    on_the_pages("6,250", str(len(gone)))


@pytest.mark.slow
def test_what_the_works_change_is_told_in_the_same_colours(folder: Path, this_year: Built) -> None:
    after = build(folder, "after_works", "zones change")
    assert "CHANGE_NOT_COMPARABLE" not in {f.code for f in after.findings}
    told = table(after, "risk_changes").set_index(["from_level", "to_level"])["cells"]
    levels = [cells(b.out / "grids" / "risk_level.tif").ravel() for b in (this_year, after)]
    counted = pd.Series(1, index=pd.MultiIndex.from_arrays(levels)).groupby(level=[0, 1]).sum().drop((0, 0))
    assert told.sort_index().tolist() == counted.sort_index().tolist()
    milder = told[[f > t for f, t in told.index]].sum() * 0.25
    worse = told[[f < t for f, t in told.index]].sum() * 0.25
    assert milder > 50 * worse > 0
    raw = [cells(b.out / "grids" / "risk_level_raw.tif").ravel() for b in (this_year, after)]
    rose = levels[1] > levels[0]
    assert ((raw[1] > raw[0]) & rose).sum() == 1, "one cell; the merge raised the others"
    assert rose.sum() == 1 + 9
    on_the_pages(f"{milder:,.1f}", f"{worse:,.1f}")
    zones = [b.run["totals"]["zones"] for b in (this_year, after)]
    for level in COLOURS:
        km2, people = ([z[of]["by_level"][str(level)] for z in zones] for of in ("area_km2", "people"))
        on_the_pages(*(f"{v:,.1f}" for v in km2), *(f"{v:,.0f}" for v in people))
    assert zones[0]["people"]["inside"] == pytest.approx(zones[1]["people"]["inside"])


@pytest.mark.slow
def test_relief_comes_from_fewer_stores_no_sooner_and_never_faster_than_the_fastest_road(this_year: Built) -> None:
    rows = table(this_year, "reach_results").set_index("id")
    first, basic = (rows[rows["question"] == question] for question in ("first_relief", "basic_needs"))
    assert len(first) == len(basic) == 230
    assert (first["minutes"] <= basic["minutes"] + 1e-9).all()
    stores = table(this_year, "supplies").set_index("id")
    assert set(basic["source_id"]) <= set(stores.index[stores["kind"] == "relief"])
    assert set(first["source_id"]) <= set(stores.index[stores["kind"].isin(["relief", "general"])])
    straight = shapely.distance(basic.geometry.to_numpy(), stores.geometry.reindex(basic["source_id"]).to_numpy())
    assert (basic["minutes"] >= 180 + straight / (80 / 3.6) / 60 - 1).all()  # 80 km/h: the highest limit in the file
    plan = table(this_year, "plan_indicators").set_index("id")
    assert plan.loc["first_relief", "value"] == pytest.approx(first["minutes"].max() / 60)
    assert plan.loc["basic_needs", "value"] == pytest.approx(
        100 * basic.loc[basic["minutes"] <= 480, "people"].sum() / basic["people"].sum()
    )


@pytest.mark.slow
def test_county_zones_keep_to_their_lines_and_people_to_their_colour(folder: Path) -> None:
    luobei = build(folder, "luobei", "zones")
    merged = table(luobei, "merged_patches")
    edge = merged[merged["product"] == "township_edge"]
    milder = merged[merged["to_code"] < merged["from_code"]]
    assert milder["people"].max() <= 50
    on_the_pages(str(len(edge)), f"{edge['area_km2'].sum():.2f}")
    suibin = build(folder, "suibin", "zones")
    zones = cells(suibin.out / "grids" / "control_zone.tif")
    people = np.nan_to_num(cells(suibin.out / "grids" / "exposure_population.tif"))
    for code in (1, 2, 3):
        patches, count = ndimage.label(zones == code)
        for patch in (patches == n for n in range(1, count + 1)):
            assert patch.sum() * 25 >= 400 or people[patch].sum() > 10  # hectares; people keep a small one
    finer = build(folder, "suibin", "zones", ("control: {min_zone_ha: 400}", "control: {}"))
    assert (cells(finer.out / "grids" / "risk_level.tif") == cells(suibin.out / "grids" / "risk_level.tif")).all()
    parts = [len(table(b, "control_zones").explode()) for b in (finer, suibin)]
    assert parts[1] < parts[0]
    on_the_pages(*(str(n) for n in parts))


@pytest.mark.slow
def test_two_bureaux_roads_meet_at_the_county_line(folder: Path) -> None:
    roads = gpd.read_file(folder / "data" / "county_roads.zip")
    ours, theirs = (roads[roads["填报单位"].str.startswith(c)] for c in ("绥滨", "萝北"))
    counties = gpd.read_file(folder / "data" / "counties.zip").set_index("县区代码").geometry
    line = shapely.intersection(counties["230421"], counties["230422"])
    ends = np.concatenate([shapely.get_point(ours.geometry.to_numpy(), end) for end in (0, -1)])
    near = ends[shapely.distance(ends, line) < 45]
    gaps = shapely.distance(near, theirs.union_all())
    apart = sorted(gaps[(gaps > 1) & (gaps < 39)].tolist())
    stated = FACTS["county_roads"]["gaps_at_the_line_m"]
    assert len(apart) == len(stated)
    assert max(apart) == pytest.approx(max(stated), abs=2)  # across, where the road meets the line aslant
    joined = build(folder, "county_roads", "reach")
    assert table(joined, "network_edges")["closes_gap"].sum() == sum(g <= 20 for g in stated)
    assert "ROAD_CROSSINGS" not in {f.code for f in joined.findings}
    open_ = build(folder, "county_roads", "reach", ("close_gaps_m: 20", "close_gaps_m: 0"))
    signs = build(folder, "county_roads", "reach", ("maxspeed: ignore", "maxspeed: cap"))
    within = [b.run["totals"]["reach"]["neighbour"]["within"] for b in (joined, open_, signs)]
    assert within[1] == 0 < within[2] < within[0]
    assert joined.run["totals"]["reach"]["neighbour"]["unreachable"] == 0
    crossings = FACTS["county_roads"]["crossings_without_vertex"]
    on_the_pages(str(within[0]), str(within[2]), "73", f"{max(stated):.0f} m", str(crossings))
    # no engine is faster than the fastest class on the straight line
    rows = table(joined, "reach_results")
    station = table(joined, "fire_stations").geometry.iloc[0]
    assert (rows["minutes"] >= shapely.distance(rows.geometry.to_numpy(), station) / (60 / 3.6) / 60).all()


@pytest.mark.slow
def test_three_stations_bring_everybody_within_two_hours(folder: Path) -> None:
    three = build(folder, "stations", "siting")
    none = build(folder, "stations", "siting", ("extra: 3", "extra: 0"))
    longest = [b.run["totals"]["siting"]["value"] / 60 for b in (none, three)]
    assert three.run["totals"]["siting"]["gap"] == 0
    assert longest[1] <= 120 < longest[0]
    # once more on a network of our own: from every station to the node nearest to each peopled cell
    network = RoadNetwork.from_frame(table(three, "roads"))
    assert longest_drive_min(three, network) + 1 == pytest.approx(longest[1], rel=0.05)
    gained = table(three, "siting_curve")["gain"].iloc[-1]
    on_the_pages(
        f"{longest[0]:.0f}", f"{longest[1]:.0f}", f"{gained:,.0f}", str(three.run["totals"]["siting"]["candidates"])
    )


def test_outputs_in_the_folder_are_neither_committed_nor_copied(tmp_path: Path) -> None:
    """``risk.previous`` names a folder beneath ``out``, which git, the wheel and ``riskmap init`` leave out."""
    for file in HEGANG.glob("*.yaml"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if "previous:" in line:
                assert "previous: out/" in line, file.name
    assert "out/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
