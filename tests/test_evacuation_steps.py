"""The evacuation and cards steps on a county of three streets, worked by hand: a landslide above a village, three shelters.

West to east: the road's end (0), the landslide's circle (100-500) with its point and the village at 300, a crossing (1000)
with a road north to a small shelter (1680 m from the point), a large shelter at 1990 (1690 m). A third shelter lies in the
circle. A side road leaves the crossing at 1500 and joins the northern road again.
"""

from __future__ import annotations

import base64
import hashlib
import html
import itertools
import re
import subprocess
from pathlib import Path

import county
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml
from click.testing import CliRunner
from county import CRS, SOUTH, WEST
from shapely.geometry import LineString, Point

import riskmap
from riskmap.cli import main
from riskmap.data.database import Database
from riskmap.output.cards import LEFT, RIGHT
from riskmap.output.cards_pdf import head_line
from riskmap.output.printmap_fonts import typeface
from riskmap.output.webmap_html import read_back
from riskmap.workflow.build import Built
from riskmap.workflow.steps.cards_homes import homes_by_group

POINT, CODE = "370305010001", "370305100001"
BOTH = {"id": "slide", "hazard": "geohazard_zones", "also": [], "origins": ["geohazard_points", "villages"]}


def at(x: float, y: float) -> tuple[float, float]:
    return WEST + x, SOUTH + y


def world(folder: Path, scenarios: list[dict], **options: object) -> Path:
    file = county.county(folder)
    data = folder / "data"
    roads = [
        LineString([at(0, 1000), at(1000, 1000), at(1500, 1000), at(2000, 1000)]),
        LineString([at(1000, 1000), at(1000, 1500), at(1000, 2000)]),
        LineString([at(1500, 1000), at(1500, 1500), at(1000, 1500)]),
    ]
    frame = {"highway": "residential", "name": ["东西大街", "北路", "环路"]}
    gpd.GeoDataFrame(frame, geometry=roads, crs=CRS).to_file(data / "roads.gpkg")
    shelters = {
        "id": ["S1", "S2", "S3"],
        "name": ["北小学", "东公园", "滑坡边操场"],
        "kind": ["short", "long", "short"],
    }
    shelters |= {"capacity": [30, None, 500], "area_m2": [None, 4500.0, None]}
    places = [Point(at(1000, 1980)), Point(at(1990, 1000)), Point(at(250, 1010))]
    gpd.GeoDataFrame(shelters, geometry=places, crs=CRS).to_file(data / "shelters.gpkg")
    slide = {"id": [POINT], "name": ["甲村滑坡"], "kind": ["landslide"], "threatened_people": [50], "village": ["甲村"]}
    gpd.GeoDataFrame(slide, geometry=[Point(at(300, 1000))], crs=CRS).to_file(data / "slides.gpkg")
    villages = {"name": ["甲村", "乙村"], "code": [CODE, "370305101001"], "population": [200, 600]}
    spots = [Point(at(300, 1050)), Point(at(1550, 250))]
    gpd.GeoDataFrame(villages, geometry=spots, crs=CRS).to_file(data / "villages.gpkg")
    homes = pd.DataFrame(
        {"village_code": [CODE, CODE], "head": ["张某", "李<某>"], "people": [4, 3], "slow_walkers": [1, 0]}
    )
    homes.to_csv(data / "homes.csv", index=False)
    wardens = pd.DataFrame(
        {"name": ["王监测"], "phone": ["13900000001"], "geohazard_id": [POINT], "township": ["西镇"]}
    )
    wardens.to_csv(data / "wardens.csv", index=False)
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    project["inputs"] |= {
        "roads": "data/roads.gpkg",
        "shelters": "data/shelters.gpkg",
        "geohazard_points": "data/slides.gpkg",
        "households": "data/homes.csv",
        "wardens": "data/wardens.csv",
    }
    project["evacuation"] = {"scenarios": scenarios} | options
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    return file


def solved(folder: Path, scenarios: list[dict], **options: object) -> tuple[Built, Database]:
    built = riskmap.build(world(folder, scenarios, **options), folder / "out", only=("evacuate", "cards"))
    return built, Database(built.out / "riskmap.gpkg")


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> tuple[Built, Database]:
    return solved(tmp_path_factory.mktemp("县"), [BOTH])


def value(database: Database, measure: str, mode: str = "all") -> float:
    rows = database.read("evacuation_summary")
    return float(rows.loc[(rows["measure"] == measure) & (rows["mode"] == mode), "value"].iloc[0])


def test_nobody_is_counted_twice_and_nobody_lost(slide: tuple[Built, Database]) -> None:
    built, database = slide
    origins = database.read("evacuation_origins").set_index("id")["people"]
    assert origins.to_dict() == {POINT: 50, CODE: 150}, "the 50 at the point are taken out of the village's 200"
    assert value(database, "people") == 200 == origins.sum()
    plan = database.read("evacuation_plan")
    assert plan["people"].sum() + value(database, "unplaced") == 200
    assert plan.groupby("origin_id")["people"].sum().to_dict() == origins.to_dict()
    assert built.run["totals"]["evacuate"]["slide"]["all"]["people"] == 200


def test_places_and_minutes_are_those_worked_by_hand(slide: tuple[Built, Database]) -> None:
    _, database = slide
    shelters = database.read("evacuation_shelters").set_index("id")
    assert shelters["unusable"].isna().tolist() == [True, True, False]
    assert shelters.loc["S3", "unusable"] == "in_hazard"
    # 4,500 m2 of a long-term shelter at 4.5 m2 hold 1,000
    assert shelters.loc["S2", ["capacity", "basis"]].tolist() == [1000, "area"]
    assert shelters["assigned"].to_dict() == {"S1": 30, "S2": 170, "S3": 0}
    plan = database.read("evacuation_plan")
    metres = {"S1": 700 + 980, "S2": 1690}
    extra = {POINT: 0, CODE: 50}
    for row in plan.itertuples():
        assert row.length_m == pytest.approx(metres[row.shelter_id] + extra[row.origin_id], abs=0.5)
        assert row.minutes == pytest.approx(row.length_m / 60, abs=0.01), "1 m/s"
        assert row.slow_minutes == pytest.approx(row.minutes / 0.7)
        assert row.via_hazard
        assert not row.early
    assert value(database, "nearest_turned_away") == pytest.approx(170)
    assert value(database, "person_minutes") <= value(database, "nearest_person_minutes") + 170 * 10 / 60 + 1e-6
    assert value(database, "bound_min", "walk") <= value(database, "egress_min", "walk")
    assert value(database, "total_min") == pytest.approx(value(database, "egress_min") + 30)


def test_the_backup_shelter_has_room_or_says_that_it_has_none(slide: tuple[Built, Database]) -> None:
    _, database = slide
    plan = database.read("evacuation_plan").set_index(["origin_id", "shelter_id"])
    # S1 is full with its 30, S2 has 1,000 - 170 left
    assert plan.xs("S1", level="shelter_id")["backup_shelter_room"].all()
    to_s2 = plan.xs("S2", level="shelter_id")
    assert set(to_s2["backup_shelter_id"]) == {"S1"}
    assert not to_s2["backup_shelter_room"].any()


def test_routes_say_where_they_go(slide: tuple[Built, Database]) -> None:
    _, database = slide
    routes = database.read("evacuation_routes")
    main = routes[(routes["kind"] == "main") & (routes["shelter_id"] == "S1")].iloc[0]
    assert main["roads_zh"] == "沿东西大街向东走 700 米；左转，沿北路走 980 米"
    assert main["hazard_m"] == pytest.approx(200, abs=1)
    backup = routes[(routes["kind"] == "backup") & (routes["shelter_id"] == "S1")].iloc[0]
    # round by the side road: shared are the 700 m to the crossing and the last 480 m north
    assert backup["shared_m"] == pytest.approx(700 + 480, abs=0.5)
    assert backup["length_m"] - main["length_m"] == pytest.approx(1000, abs=0.5)
    assert shapely.length(main.geometry) == pytest.approx(1680, abs=0.5)
    plan = database.read("evacuation_plan")
    assert set(plan["route_id"]) == set(routes.loc[routes["kind"] == "main", "id"])
    closures = database.read("evacuation_closures")
    assert closures["length_m"].sum() == pytest.approx(400, abs=1)
    assert set(closures["hazard"]) == {"landslide"}
    load = database.read("evacuation_load").set_index("name")["people"]
    assert load.to_dict() == pytest.approx({"东西大街": 200, "北路": 30})


def test_the_village_hangs_on_one_road(slide: tuple[Built, Database]) -> None:
    _, database = slide
    origins = database.read("evacuation_origins")
    assert origins["single_access"].all()
    assert set(origins["access_road"]) == {"东西大街"}


def test_cards_hold_what_a_village_needs(slide: tuple[Built, Database]) -> None:
    built, _ = slide
    cards = built.out / "cards"
    names = sorted(p.name for p in cards.iterdir())
    # of the point, of the village, and of the village's households: nothing says which of them live under the point
    assert len([n for n in names if n.endswith(".pdf")]) == len([n for n in names if n.endswith(".html")]) == 3
    page = (cards / f"slide-{POINT}-甲村滑坡.html").read_text(encoding="utf-8")
    for words in ("滑坡", "50 人", "王监测 13900000001", "慢走约", "东西大街", "<svg", "另需预警 10 分钟"):
        assert words in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page), "nothing from elsewhere"
    reading = read_back(page)
    assert (reading.outside, reading.scripts, len(reading.styles)) == ([], [], 1)
    digest = base64.b64encode(hashlib.sha256(reading.styles[0].encode()).digest()).decode()
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    assert policy == f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
    homes = (cards / f"slide-{CODE}-甲村-户.html").read_text(encoding="utf-8")
    assert homes.count('class="card"') == 2
    assert "4 人，其中行动不便 1 人" in homes
    assert homes.count("<use ") == 1, "one sketch map for both"
    assert "李&lt;某&gt;" in homes
    text = subprocess.run(
        ["pdftotext", str(cards / f"slide-{CODE}-甲村-户.pdf"), "-"], capture_output=True, check=False, text=True
    ) if _has_pdftotext() else None  # fmt: skip
    if text is not None:
        assert text.stdout.count("\f") == 2, "one page a household"
    assert (built.out / "tables" / "evacuation.xlsx").is_file()
    figures = pd.read_csv(built.out / "tables" / "evacuation_figures.csv", encoding="utf-8-sig")
    units = figures.set_index("指标")["单位"]
    assert units["受威胁人数"].eq("人").all()
    assert units["总用时"].eq("人·分钟").all()
    assert units["转移起点"].isna().all(), "a count has no unit"


def test_no_name_or_id_leads_a_card_out_of_its_folder(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH | {"origins": ["geohazard_points"]}])
    ids = ["../../../away", "A/1", "a_1", "长" * 100, "b\t1"]
    slides = {"id": ids, "name": ["甲村滑坡"] * 5, "kind": ["landslide"] * 5, "threatened_people": [2] * 5}
    path = tmp_path / "data" / "slides.gpkg"
    path.unlink()
    gpd.GeoDataFrame(slides, geometry=[Point(at(300 + i, 1000)) for i in range(5)], crs=CRS).to_file(path)
    out = riskmap.build(file, tmp_path / "out", only=("cards",)).out
    made = [p for p in (tmp_path / "out").rglob("slide-*.html") if ".riskmap" not in p.parts and "户" not in p.name]
    assert len(made) == 5, "one for each point, also where only forbidden characters or capitals tell two apart"
    assert {p.parent for p in made} == {out / "cards"}
    assert {p.parent.name for p in tmp_path.rglob("*away*")} == {"cards"}
    assert len({p.name.casefold() for p in made}) == 5
    assert all(len(p.name.encode()) < 255 and p.name.isprintable() for p in made)


def _has_pdftotext() -> bool:
    import shutil

    return shutil.which("pdftotext") is not None


def test_shelters_by_township(slide: tuple[Built, Database]) -> None:
    _, database = slide
    units = database.read("shelter_units").set_index("code")
    assert units["area_m2"].to_dict() == {"370305100": 0.0, "370305101": 4500.0}
    faults = database.read("shelter_faults")
    assert ("S3", "geohazard_zones") in set(zip(faults["id"], faults["fault_layer"], strict=True))


def test_shelters_beside_power_lines_and_faults_are_in_the_wrong_place(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH])
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name, x in (("power_lines", 1000 + 40), ("faults", 1990 - 190)):
        line = LineString([at(x, 0), at(x, 2000)])
        gpd.GeoDataFrame({"name": [name]}, geometry=[line], crs=CRS).to_file(tmp_path / "data" / f"{name}.gpkg")
        project["inputs"][name] = f"data/{name}.gpkg"
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    riskmap.build(file, tmp_path / "out", only=("evacuate",))
    faults = Database(tmp_path / "out" / "riskmap.gpkg").read("shelter_faults")
    found = set(zip(faults["id"], faults["fault_layer"], strict=True))
    assert {("S1", "power_lines"), ("S2", "faults"), ("S3", "geohazard_zones")} <= found
    assert not {("S2", "power_lines"), ("S3", "power_lines"), ("S1", "faults"), ("S3", "faults")} & found


def test_too_far_to_walk_goes_by_vehicle(tmp_path: Path) -> None:
    _, database = solved(tmp_path, [BOTH], max_minutes=20)
    plan = database.read("evacuation_plan")
    assert set(plan["mode"]) == {"vehicle"}
    assert value(database, "people") == 200 == plan["people"].sum()
    assert len(database.read("evacuation_origins")) == 2


def test_who_has_no_place_is_named_and_a_shelter_wished_for(tmp_path: Path) -> None:
    built, database = solved(tmp_path, [BOTH | {"vehicles": False}], max_minutes=20)
    assert "evacuation_plan" not in database.layers()
    found = [f for f in built.findings if f.code == "UNPLACED_TOO_FAR"]
    assert {f.row for f in found} == {POINT, CODE}
    assert (built.out / "tables" / "evacuation_left_out.csv").read_text("utf-8-sig").count("距离过远") == 2, (
        "in the tables"
    )
    (homes,) = [f for f in built.findings if f.code == "HOUSEHOLDS_WITHOUT_PLACE"]
    assert homes.rows == 2
    assert value(database, "unplaced") == value(database, "unplaced_too_far") == 200
    (wish,) = [f for f in built.findings if f.code == "SHELTER_WANTED"]
    assert "200" in wish.message.en
    assert 200 - 1 <= wish.geometry.distance(Point(at(300, 1000))) <= 1200, "outside the circle, within 20 minutes"


def _without_room(folder: Path, capacity: list[float | None]) -> tuple[Built, Database]:
    """Solve the county with other places in its shelters, which state nothing else about their room."""
    file = world(folder, [BOTH])
    shelters = gpd.read_file(folder / "data" / "shelters.gpkg").assign(capacity=capacity, area_m2=np.nan)
    shelters.to_file(folder / "data" / "shelters.gpkg")
    built = riskmap.build(file, folder / "out", only=("evacuate", "cards"))
    return built, Database(built.out / "riskmap.gpkg")


def test_without_a_usable_shelter_no_road_is_blamed(tmp_path: Path) -> None:
    built, database = _without_room(tmp_path, [None, 0, 500])
    assert set(database.read("evacuation_shelters")["unusable"]) == {"capacity_unknown", "no_room", "in_hazard"}
    assert set(database.read("evacuation_origins")["reason"]) == {"no_shelter"}
    assert value(database, "unplaced_no_shelter") == 200
    assert {f.row for f in built.findings if f.code == "UNPLACED_NO_SHELTER"} == {POINT, CODE}


def test_people_without_a_place_have_a_card_that_says_so(tmp_path: Path) -> None:
    built, _ = _without_room(tmp_path, [None, 0, 500])
    cards = built.out / "cards"
    assert built.run["totals"]["cards"] == {"settlements": 2, "households": 2, "without_place": 2}
    pages = sorted(cards.glob("*.html"))
    assert len(pages) == len(list(cards.glob("*.pdf"))) == 3, "the point, the village, the village's households"
    for page in pages:
        told = page.read_text(encoding="utf-8")
        for words in ("还没有安排去处：先打电话问清", "没有一处避难场所可用", "13900000001", "往高处去"):
            assert words in told, page.name
        assert "主路线" not in told, "no line that leads nowhere"
        assert "分钟" not in told
    (homes,) = [f for f in built.findings if f.code == "HOUSEHOLDS_WITHOUT_PLACE"]
    assert homes.rows == 2


def test_whom_to_call_has_a_phone_where_any_warden_has_one(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH])
    wardens = {"name": ["赵", "钱", "孙", "李"], "phone": ["13900000001", None, None, "13900000004"]}
    wardens |= {"village": [None, "甲村", None, None], "township": ["西镇", None, None, None]}
    wardens |= {"geohazard_id": [None, None, POINT, POINT]}
    pd.DataFrame(wardens).to_csv(tmp_path / "data" / "wardens.csv", index=False)
    built = riskmap.build(file, tmp_path / "out", only=("evacuate", "cards"))
    for name, call in ((f"slide-{POINT}-甲村滑坡", "李 13900000004"), (f"slide-{CODE}-甲村", "钱、赵 13900000001")):
        assert f"<td>{call}</td>" in (built.out / "cards" / f"{name}.html").read_text("utf-8")


def test_no_shelter_stands_in_the_water_that_comes_with_the_slide(tmp_path: Path) -> None:
    _, database = solved(tmp_path, [BOTH | {"also": ["hazard_flood"], "vehicles": False}])
    assert set(database.read("evacuation_shelters")["unusable"]) == {"in_hazard"}, "2 to 3.8 m of water"
    assert value(database, "unplaced") == 200


def test_a_card_says_that_there_is_no_room_for_all(tmp_path: Path) -> None:
    built, database = _without_room(tmp_path, [30, 60, 500])
    assert database.read("evacuation_origins").set_index("id")["unplaced"].to_dict() == {POINT: 0, CODE: 110}
    short = "还有 110 人没有安排去处：出发前先打电话问清"
    for name, many in ((f"slide-{CODE}-甲村", 1), (f"slide-{CODE}-甲村-户", 2), (f"slide-{POINT}-甲村滑坡", 0)):
        assert (built.out / "cards" / f"{name}.html").read_text("utf-8").count(short) == many, name


def test_cells_of_another_hazard_have_its_name_and_their_township_on_the_card(tmp_path: Path) -> None:
    file = world(tmp_path, [{"id": "fire", "hazard": "hazard_forest_fire", "origins": ["cells"]}])
    burning = np.ones((20, 20), np.uint8)
    burning[9:11, 2:5] = 4
    county.raster(tmp_path / "data" / "fire.tif", burning, nodata=0)
    project = yaml.safe_load(file.read_text("utf-8"))
    levels = {"count": 4, "worst": "high_code"}
    project["inputs"]["hazard_forest_fire"] = {"path": "data/fire.tif", "levels": levels}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    built = riskmap.build(file, tmp_path / "out", only=("evacuate", "cards"))
    assert set(Database(built.out / "riskmap.gpkg").read("evacuation_origins")["township"]) == {"西镇"}
    pages = [card.read_text("utf-8") for card in (built.out / "cards").glob("*.html")]
    assert pages
    assert all("<td>森林草原火灾</td>" in page and "王监测" in page for page in pages)


@pytest.mark.parametrize(("signs", "whole"), [(3, True), (25, True), (31, True), (60, False)])
def test_a_long_name_stays_within_the_margins_of_its_card(signs: int, whole: bool) -> None:
    face = typeface([])
    words, size = head_line("滑" * signs, face)
    assert face.width_mm(words, size) <= RIGHT - LEFT
    assert (words == "滑" * signs) == whole
    assert size >= 16


def test_two_scenarios_of_one_id_are_refused(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH, BOTH | {"id": "Slide"}])
    result = CliRunner().invoke(main, ["evacuate", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert result.exit_code == 5
    assert "scenarios of the same id: slide" in result.output


def test_whole_settlements_stay_together(tmp_path: Path) -> None:
    _, database = solved(tmp_path, [BOTH], keep_whole=True)
    plan = database.read("evacuation_plan")
    assert plan["origin_id"].is_unique
    assert plan["shelter_id"].tolist() == ["S2", "S2"], "neither 50 nor 150 fit into 30 places"
    assert value(database, "gap", "walk") <= 1e-4


def test_the_same_routes_on_every_run(tmp_path: Path, slide: tuple[Built, Database]) -> None:
    _, again = solved(tmp_path, [BOTH])
    for layer in ("evacuation_plan", "evacuation_routes", "evacuation_origins", "evacuation_load"):
        one, other = slide[1].read(layer), again.read(layer)
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))
    for name in sorted((slide[0].out / "cards").iterdir()):
        assert name.read_bytes() == (tmp_path / "out" / "cards" / name.name).read_bytes(), name.name


def test_flood_cells_are_origins_whose_people_add_up(tmp_path: Path) -> None:
    scenario = {"id": "flood", "hazard": "hazard_flood", "origins": ["cells"]}
    _, database = solved(tmp_path, [scenario])
    made, counted = county.hazards()["flood"], county.people()
    wet = np.where(made == -9999, np.nan, made * np.ones((20, 1))) >= 0.3
    origins = database.read("evacuation_origins")
    assert origins["people"].sum() == pytest.approx(counted[wet].sum())
    assert value(database, "people") == pytest.approx(counted[wet].sum())


def test_by_night_everyone_is_slower_slow_walkers_too(tmp_path: Path, slide: tuple[Built, Database]) -> None:
    _, database = solved(tmp_path, [BOTH | {"night": True}])
    plan, day = database.read("evacuation_plan"), slide[1].read("evacuation_plan")
    assert plan["minutes"].to_numpy() == pytest.approx(day["minutes"].to_numpy() / 0.8)
    assert plan["slow_minutes"].to_numpy() == pytest.approx(day["slow_minutes"].to_numpy() / 0.8)
    (page,) = (tmp_path / "out" / "cards").glob(f"slide-{POINT}-*.html")
    assert "慢行者 0.56 m/s" in page.read_text(encoding="utf-8")


def test_the_page_says_whose_figures_it_shows(tmp_path: Path) -> None:
    flood = {"id": "flood", "hazard": "hazard_flood", "origins": ["cells"]}
    file = world(tmp_path, [BOTH, flood])
    headline = re.compile("(洪水转移|地质灾害避险转移)：[\\d,]+ 处 [\\d,]+ 人转移到")
    for scenarios, many in (([BOTH, flood], True), ([BOTH], False)):
        project = yaml.safe_load(file.read_text("utf-8"))
        project["evacuation"]["scenarios"] = scenarios
        file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
        built = riskmap.build(file, tmp_path / "out", only=("evacuate", "map"))
        page = re.sub("<[^>]*>", "", (built.out / "maps" / "evacuation.html").read_text("utf-8"))
        assert bool(headline.search(page)) == many


def test_households_of_a_point_have_its_card_and_no_other(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH])
    homes = pd.DataFrame(
        {
            "village_code": [CODE] * 3,
            "geohazard_id": [POINT, None, None],
            "head": ["张某", "李某", "王某"],
            "people": [4, 3, 2],
        }
    )
    homes.to_csv(tmp_path / "data" / "homes.csv", index=False)
    riskmap.build(file, tmp_path / "out", only=("cards",))
    pages = {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "out" / "cards").glob("*户.html")}
    assert len(pages) == 2
    of_point, of_village = (next(t for n, t in pages.items() if f"-{id}-" in n) for id in (POINT, CODE))
    heads = [[h for h in ("张某", "李某", "王某") if h in page] for page in (of_point, of_village)]
    assert heads == [["张某"], ["李某", "王某"]]


def test_households_go_where_there_is_room_for_them() -> None:
    people = np.array([4.0, 3.0, np.nan, 5.0, 2.0])
    group = homes_by_group(people, np.array([8.0, 6.0]))
    # 4 + 3 fill the first but for 1, the unknown (3.5) and 5 go on to the second, 2 to the one that has the most left
    assert group.tolist() == [0, 0, 1, 1, 0]
    assert homes_by_group(np.array([2.0, 2.0]), np.array([2.0, 2.0])).tolist() == [0, 1]
    assert homes_by_group(np.array([np.nan] * 3), np.array([2.0, 1.0])).tolist() == [0, 0, 1]


def test_a_settlement_of_two_shelters_has_households_for_both(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH | {"origins": ["geohazard_points"]}])
    heads = [f"户{i}" for i in range(10)]
    homes = pd.DataFrame({"village_code": CODE, "geohazard_id": POINT, "head": heads, "people": [5] * 10})
    homes.to_csv(tmp_path / "data" / "homes.csv", index=False)
    riskmap.build(file, tmp_path / "out", only=("cards",))
    plan = Database(tmp_path / "out" / "riskmap.gpkg").read("evacuation_plan").set_index("shelter")["people"]
    assert plan.to_dict() == {"北小学": 30, "东公园": 20}
    (page,) = (tmp_path / "out" / "cards").glob("*户.html")
    cards = page.read_text(encoding="utf-8").split('<section class="card">')[1:]
    going = [name for card in cards for name in plan.index if re.search(f"<td>{name}<small>", card)]
    assert going == ["北小学"] * 6 + ["东公园"] * 4
    (settlement,) = (tmp_path / "out" / "cards").glob("*甲村滑坡.html")
    assert "其中 20 人去 东公园" in settlement.read_text(encoding="utf-8")
    assert "其中" not in "".join(cards)


def test_more_people_at_a_point_than_in_its_village_is_told(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH])
    slides = gpd.read_file(tmp_path / "data" / "slides.gpkg").assign(threatened_people=250)
    slides.to_file(tmp_path / "data" / "slides.gpkg")
    built = riskmap.build(file, tmp_path / "out", only=("evacuate",))
    (found,) = [f for f in built.findings if f.code == "MORE_THAN_THE_VILLAGE"]
    assert "200" in found.message.en
    assert "250" in found.message.en
    assert value(Database(built.out / "riskmap.gpkg"), "people") == 250


def test_the_terminal_says_the_sum_and_the_bound(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH])
    command = ["evacuate", str(file), "--out", str(tmp_path / "out"), "--lang", "en"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0
    database = Database(tmp_path / "out" / "riskmap.gpkg")
    assert "200 people threatened, 2 origins sum to 200: 200 with a place, 0 without" in result.output
    bound, egress = (value(database, key) for key in ("bound_min", "egress_min"))
    assert f"no plan is faster than {bound:.0f} min, this one takes {egress:.0f}" in result.output
    assert bound == 29, "the farthest walk 50 + 700 + 980 m, whatever the step rounds"


@pytest.mark.parametrize("origins", [["geohazard_points", "cells"], ["villages", "zones"], ["cells", "cells"]])
def test_origins_that_count_people_twice_are_refused(tmp_path: Path, origins: list[str]) -> None:
    file = world(tmp_path, [BOTH | {"origins": origins}])
    result = CliRunner().invoke(main, ["evacuate", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert result.exit_code == 5
    assert "count twice" in result.output


def test_commands_and_unknown_scenarios(tmp_path: Path) -> None:
    file = world(tmp_path, [BOTH | {"hazard": "villages"}])
    result = CliRunner().invoke(main, ["evacuate", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert result.exit_code == 5
    assert "has no hazard zones" in result.output
    for pair in itertools.pairwise(("evacuate", "cards")):
        assert all(CliRunner().invoke(main, [name, "--help"]).exit_code == 0 for name in pair)
