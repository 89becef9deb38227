"""The steps of the network on a county of two streets, worked by hand: 5 m a second, one station at the west end."""

from __future__ import annotations

import json
from pathlib import Path

import county
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import worlds
import yaml
from click.testing import CliRunner
from county import CRS, SOUTH, WEST
from shapely.geometry import LineString, Point, box

import riskmap
from riskmap.cli import main
from riskmap.data.database import Database
from riskmap.errors import OutputError, SpecError
from riskmap.workflow.build import Built
from riskmap.workflow.verify import verify

STEPS = ("network", "snapping", "coverage", "siting", "reach")


def at(x: float, y: float) -> tuple[float, float]:
    """Give a place by metres from the county's south-west corner."""
    return WEST + x, SOUTH + y


ROADS = [
    LineString([at(0, 1000), at(1000, 1000), at(2000, 1000)]),
    LineString([at(1000, 1000), at(1000, 2000)]),
    LineString([at(1800, 1800), at(1820, 1800)]),  # an island
]


def world(folder: Path, **changes) -> Path:
    """Write the county with its roads, stations, built-up area and key units."""
    file = county.county(folder)
    data = folder / "data"
    gpd.GeoDataFrame({"highway": ["primary", "primary", "residential"]}, geometry=ROADS, crs=CRS).to_file(
        data / "roads.gpkg"
    )
    stations = {"id": ["A", "B"], "name": ["西站", "孤岛站"], "kind": ["small", "township"], "turnout_s": [None, 45.0]}
    gpd.GeoDataFrame(stations, geometry=[Point(at(0, 1010)), Point(at(1810, 1790))], crs=CRS).to_file(
        data / "stations.gpkg"
    )
    gpd.GeoDataFrame({"name": ["县城"]}, geometry=[box(*at(500, 900), *at(1500, 1100))], crs=CRS).to_file(
        data / "built_up.gpkg"
    )
    units = {"id": ["1", "2", "3"], "name": ["小学", "医院", "远校"], "kind": ["school", "hospital", "school"]}
    places = [Point(at(1190, 1050)), Point(at(1210, 1050)), Point(at(300, 200))]
    gpd.GeoDataFrame(units | {"people": [100, 40, None]}, geometry=places, crs=CRS).to_file(data / "units.gpkg")
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    for layer, name in (
        ("roads", "roads"),
        ("fire_stations", "stations"),
        ("built_up", "built_up"),
        ("facilities", "units"),
    ):
        project["inputs"][layer] = f"data/{name}.gpkg"
    project |= {
        "fire": {"limit_s": 300, "turnout_s": 60, "speeds_kmh": {"primary": 18, "residential": 18}},
        "siting": {"extra": 1, "within": "boundary"},
        "reach": [
            {
                "id": "aid",
                "title": {"zh": "十分钟到村", "en": "villages in ten minutes"},
                "from": "fire_stations",
                "to": "villages",
                "limit_min": 2,
                "ready_min": 0.5,
                "max_snap_m": 1000,
            },
            {
                "id": "large",
                "title": {"zh": "到大村", "en": "to large villages"},
                "from": "fire_stations",
                "source_kinds": ["small"],
                "to": "villages",
                "where": "population > 400",
                "limit_min": 30,
                "mode": "pedestrian",
                "max_snap_m": 1000,
            },
        ],
    }
    project |= changes
    file.write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def build(file: Path) -> Built:
    return riskmap.build(file, file.parent / "out", only=STEPS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(world(tmp_path_factory.mktemp("county")))


@pytest.fixture(scope="module")
def database(built: Built) -> Database:
    return Database(built.out / "riskmap.gpkg")


def test_the_network_is_stored_and_reported(built: Built, database: Database) -> None:
    edges = database.read("network_edges")
    assert sorted(edges["length_m"].round(6)) == [20.0, 1000.0, 1000.0, 1000.0]
    totals = built.run["totals"]["network"]
    assert (totals["components"], totals["streets"], totals["junctions"]) == (2, 4, 6)
    assert totals["largest_km_share"] == pytest.approx(3000 / 3020)
    assert "NETWORK_PARTS" in {f.code for f in built.findings}


def test_pieces_are_cut_at_240_seconds_of_driving(database: Database) -> None:
    pieces = database.read("fire_coverage")
    assert pieces["length_m"].sum() == pytest.approx(1400.0)  # 1,200 m along the street, 200 m up the other
    assert pieces["minutes_to"].max() == pytest.approx(5.0)
    assert set(pieces["station_id"]) == {"A"}
    reached = shapely.MultiLineString([[at(0, 1000), at(1200, 1000)], [at(1000, 1000), at(1000, 1200)]])
    assert shapely.hausdorff_distance(shapely.union_all(pieces.geometry), reached) < 1e-6


def test_arrivals_go_beyond_the_limit_and_name_their_streets(database: Database) -> None:
    arrivals, streets = database.read("fire_arrivals"), database.read("network_edges").set_index("edge")
    assert arrivals["length_m"].sum() == pytest.approx(3000.0)  # all but the island
    assert arrivals["minutes_to"].max() == pytest.approx((60 + 2000 / 5) / 60)  # 5 m/s
    for pieces in (arrivals, database.read("fire_coverage")):
        theirs = streets.geometry.loc[pieces["edge"]].to_numpy()
        assert (
            shapely.hausdorff_distance(
                shapely.intersection(shapely.buffer(theirs, 0.01), pieces.geometry), pieces.geometry
            )
            < 0.02
        ).all()
        assert pieces["frontage"].all()


def test_roads_of_an_osm_file_without_its_restrictions_are_noted(tmp_path: Path) -> None:
    file = world(tmp_path)
    roads = gpd.read_file(tmp_path / "data" / "roads.gpkg")
    roads.assign(id=["w1", "w2", "w3"]).to_file(tmp_path / "data" / "roads.gpkg")
    turns = pd.DataFrame({"from_road": ["w1"], "to_road": ["w2"], "rule": ["no_left_turn"]})
    turns.to_csv(tmp_path / "data" / "turns.csv", index=False)
    codes = {f.code for f in riskmap.build(file, tmp_path / "out", only=("network",)).findings}
    assert "TURNS_NOT_READ" in codes
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    project["inputs"]["turn_restrictions"] = "data/turns.csv"
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    built = riskmap.build(file, tmp_path / "out", only=("network",))
    assert "TURNS_NOT_READ" not in {f.code for f in built.findings}
    turns = Database(built.out / "riskmap.gpkg").read("network_turns")
    assert turns[["via", "through", "rule"]].fillna("").to_numpy().tolist() == [[turns["via"].iloc[0], "", "no"]] * len(
        turns
    )


def measured(database: Database, reading: str, measure: str, depth: float | None = None) -> pd.Series:
    rows = database.read("fire_summary")
    rows = rows[(rows["reading"] == reading) & (rows["measure"] == measure)]
    return rows[rows["depth_m"].isna() if depth is None else rows["depth_m"] == depth].squeeze()


def test_shares_with_their_denominators_in_both_readings(database: Database) -> None:
    roads, loose = measured(database, "strict", "roads"), measured(database, "loose", "roads")
    assert (roads["covered"], roads["total"]) == pytest.approx((1.4, 3.02))
    assert roads["unit"] == "km"
    assert loose["covered"] == pytest.approx(2.0)  # 300 s: 1,500 m and 500 m up
    assert (loose["driving_s"], loose["turnout_s"], roads["driving_s"], roads["turnout_s"]) == (300, 0, 240, 60)
    assert roads["speed_source"] == "project"
    town = box(*at(500, 900), *at(1500, 1100))
    reached = shapely.MultiLineString([[at(0, 1000), at(1200, 1000)], [at(1000, 1000), at(1000, 1200)]])
    for depth in (37.5, 75.0, 150.0):
        share = measured(database, "strict", "built_up", depth)
        ground = reached.buffer(depth, quad_segs=128).intersection(town).area / 1e6
        assert share["covered"] == pytest.approx(ground, rel=2e-3)
        assert share["total"] == pytest.approx(0.2)
    units, people = measured(database, "strict", "key_units"), measured(database, "strict", "key_unit_people")
    assert (units["covered"], units["total"]) == (1, 3)
    assert (people["covered"], people["total"], people["unknown"]) == (100, 140, 1)


def test_people_and_built_up_ground_beyond_the_boundary_are_not_counted(tmp_path: Path) -> None:
    west, south = worlds.ORIGIN
    file = worlds.small_county(tmp_path)
    line = LineString([(west - 80, south + 1000), (west + 4000, south + 1000)])
    gpd.GeoDataFrame({"highway": ["primary"]}, geometry=[line], crs=CRS).to_file(tmp_path / "data" / "roads.gpkg")
    station = gpd.GeoDataFrame(
        {"id": ["A"], "name": ["站"], "kind": ["small"]}, geometry=[Point(line.coords[0])], crs=CRS
    )
    station.to_file(tmp_path / "data" / "stations.gpkg")
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    town = box(west - 400, south + 900, west + 600, south + 1100)
    gpd.GeoDataFrame({"name": ["城"]}, geometry=[town], crs=CRS).to_file(tmp_path / "data" / "built_up.gpkg")
    names = {"roads": "roads", "fire_stations": "stations", "built_up": "built_up"}
    project["inputs"] |= {layer: f"data/{name}.gpkg" for layer, name in names.items()}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    made = riskmap.build(file, tmp_path / "out", only=["coverage", "zones"])
    database = Database(made.out / "riskmap.gpkg")
    counted = database.read("fire_summary").groupby("measure")["total"].first()
    inside = town.intersection(database.read("boundary").union_all()).area / 1e6
    assert 0 < inside < town.area / 1e6
    assert counted["built_up"] == pytest.approx(inside)
    assert verify(made.out)["totals"]
    told = made.run["totals"]["zones"]["people"]
    assert counted["people"] == pytest.approx(told["inside"])
    assert counted["people_by_road"] == pytest.approx(told["inside"])
    with rasterio.open(tmp_path / "data" / "people.tif") as source:
        whole = source.read(1, masked=True).sum(dtype=float)
    assert told["outside"] > 0
    assert told["inside"] + told["outside"] == pytest.approx(whole, rel=1e-9)


def test_gaps_are_what_is_left_of_the_built_up_area(database: Database) -> None:
    gaps, strict = database.read("fire_gaps"), measured(database, "strict", "built_up", 75.0)
    assert gaps["area_km2"].sum() == pytest.approx(strict["total"] - strict["covered"])
    assert (gaps["population"] > 0).all()


def test_the_proof_of_the_areas_is_in_the_record(built: Built) -> None:
    proof = built.run["totals"]["coverage"]["certificate"]
    assert proof["points"] == proof["passed"] == 2000
    assert built.run["seeds"]["coverage"] == proof["seed"]


def test_a_station_on_an_island_is_a_finding_and_no_number(built: Built, database: Database) -> None:
    codes = {(f.layer, f.row): f.code for f in built.findings}
    assert codes["fire_stations", "B"] == "SNAP_ISLAND"
    assert built.run["totals"]["coverage"]["stations_left_out"] == 1
    assert set(database.read("fire_responsibility")["station_id"]) == {"A"}
    points = database.read("snapping").set_index(["layer", "id"])
    assert points.loc[("fire_stations", "A"), "distance_m"] == pytest.approx(10.0)
    assert points.loc[("fire_stations", "A"), "side"] == "left"
    assert points.loc[("facilities", "3"), "outcome"] == "far"
    assert np.isnan(points.loc[("facilities", "3"), "distance_m"])


def test_grids_of_minutes_and_of_stations_in_time(built: Built) -> None:
    import rasterio

    with rasterio.open(built.out / "grids" / "fire_minutes.tif") as minutes:
        value = next(minutes.sample([at(550, 950)]))[0]
    assert value == pytest.approx(1 + 550 / 5 / 60, rel=1e-6)
    with rasterio.open(built.out / "grids" / "fire_depth.tif") as depth:
        seen = [float(v[0]) for v in depth.sample([at(550, 950), at(1950, 950)])]
    assert seen == [1.0, 0.0]


def test_another_question_of_reach(database: Database) -> None:
    """By car at 50 km/h: 1,550 m are 111.6 s, 250 m are 18 s, and 30 s to get ready; both villages lie 750 m off."""
    every = database.read("reach_results")
    results = every[every["question"] == "aid"].set_index("id")
    assert results.loc["370305101001", "minutes"] == pytest.approx((1550 * 3.6 / 50 + 30) / 60)
    assert results.loc["370305100001", "minutes"] == pytest.approx((250 * 3.6 / 50 + 30) / 60)
    assert results["within"].to_dict() == {"370305101001": False, "370305100001": True}
    summary = database.read("reach_summary").iloc[0]
    assert (summary["targets"], summary["within"], summary["people_within"], summary["people"]) == (2, 1, 300, 900)
    assert summary["sources_left_out"] == 1
    large = every[every["question"] == "large"].squeeze()
    assert (large["id"], large["source_id"]) == ("370305101001", "A")
    assert large["minutes"] == pytest.approx(1550 / 60)  # on foot, 1 m a second


def test_one_more_station_is_checked_on_the_network(database: Database) -> None:
    curve = database.read("siting_curve")
    assert curve["added"].tolist() == [0, 1]
    assert curve["gain"].iloc[1] > 0
    np.testing.assert_allclose(curve["checked"], curve["covered"])
    assert (curve["gap"] == 0).all()
    assert len(database.read("siting_sites")) == 1


def test_every_total_is_derived_again_from_the_layers(built: Built) -> None:
    totals = verify(built.out)["totals"]
    assert totals["coverage.roads_km"]["delivered"] == pytest.approx(1.4)
    assert totals["network.components"] == {"run": 2, "delivered": 2}
    assert totals["reach.aid.within"] == {"run": 1, "delivered": 1}
    assert {"coverage.built_up_km2", "siting.value", "network.km"} <= set(totals)
    record = json.loads((built.out / "run.json").read_text(encoding="utf-8"))
    record["totals"]["coverage"]["shares"]["strict"]["built_up"]["covered"] *= 1.01
    (built.out / "run.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(OutputError, match=r"coverage\.built_up_km2"):
        verify(built.out)


def test_the_network_is_made_again_only_when_roads_change(tmp_path: Path) -> None:
    build(world(tmp_path))
    again = build(world(tmp_path, fire={"limit_s": 200, "speeds_kmh": {"primary": 18, "residential": 18}}))
    assert "network" in again.reused
    assert "coverage" not in again.reused
    assert again.run["totals"]["coverage"]["shares"]["strict"]["roads"]["covered"] == pytest.approx(0.7)
    roads = gpd.GeoDataFrame({"highway": ["primary"]}, geometry=ROADS[:1], crs=CRS)
    file = world(tmp_path)
    roads.to_file(tmp_path / "data" / "roads.gpkg")
    changed = build(file)
    assert "network" not in changed.reused
    assert changed.run["totals"]["network"]["km"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("stations", "limit_s", "left_out"),
    [([Point(at(1810, 1790))], 300, 1), ([Point(at(0, 1010))], 30, 0)],
    ids=["no station is routed", "nobody leaves within the limit"],
)
def test_a_circle_that_reaches_nothing_is_said_and_stops_nothing(
    tmp_path: Path, stations: list[Point], limit_s: float, left_out: int
) -> None:
    file = world(tmp_path, fire={"limit_s": limit_s, "turnout_s": 60}, reach=[])
    one = gpd.GeoDataFrame({"id": ["S"], "name": ["站"], "kind": ["small"]}, geometry=stations, crs=CRS)
    one.to_file(tmp_path / "data" / "stations.gpkg")
    found = riskmap.build(file, tmp_path / "out", only=("coverage", "siting"))
    totals = found.run["totals"]["coverage"]
    assert totals["stations_left_out"] == left_out
    assert [f.code for f in found.findings].count("TURNOUT_OVER_LIMIT") == (limit_s < 60)
    assert totals["shares"]["strict"]["built_up"]["covered"] == totals["shares"]["strict"]["roads"]["covered"] == 0
    assert totals["certificate"]["points"] == 0
    database = Database(found.out / "riskmap.gpkg")
    assert len(database.read("fire_coverage")) == 0
    text = (found.out / "run.json").read_text(encoding="utf-8")
    assert json.loads(text, parse_constant=pytest.fail)["totals"]["coverage"]["certificate"]["worst_min"] is None
    assert database.read("fire_gaps")["area_km2"].sum() == pytest.approx(0.2)
    assert verify(found.out)["totals"]["coverage.roads_km"] == {"run": 0.0, "delivered": 0.0}


def test_nobody_passes_a_closed_area(tmp_path: Path) -> None:
    file = world(tmp_path)
    gpd.GeoDataFrame({"kind": ["closure"]}, geometry=[box(*at(800, 980), *at(900, 1020))], crs=CRS).to_file(
        tmp_path / "data" / "barriers.gpkg"
    )
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    project["inputs"]["barriers"] = "data/barriers.gpkg"
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    found = riskmap.build(file, tmp_path / "out", only=("coverage",))
    assert found.run["totals"]["coverage"]["shares"]["strict"]["roads"]["covered"] == pytest.approx(0.8)


def test_the_commands_print_shares_with_their_denominators(tmp_path: Path) -> None:
    file = world(tmp_path)
    said = CliRunner().invoke(main, ["coverage", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert said.exit_code == 0, said.output
    assert "limit 300 s with turnout (60 s by default); 1 stations, 1 not routed" in said.stdout
    assert "speeds of the project" in said.stdout
    line = next(text for text in said.stdout.splitlines() if text.startswith("road length"))
    assert line.split() == ["road", "length", "1.4", "3.0", "km", "46.4%", "66.2%"]
    for command, words in (("network", "in 2 parts"), ("siting", "proven gap"), ("reach", "villages in ten minutes")):
        said = CliRunner().invoke(main, [command, str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
        assert said.exit_code == 0, said.output
        assert words in said.stdout
    record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["totals"]["reach"]["aid"]["within"] == 1


def test_stations_that_are_called_as_new_sites_would_be_stop_nothing(tmp_path: Path) -> None:
    file = world(tmp_path)
    stations = {"id": ["N1", "A"], "name": ["北站", "南站"], "kind": ["small", "small"]}
    gpd.GeoDataFrame(stations, geometry=[Point(at(0, 1010)), Point(at(500, 1000))], crs=CRS).to_file(
        tmp_path / "data" / "stations.gpkg"
    )
    found = riskmap.build(file, tmp_path / "out", only=("coverage", "siting"))
    sites = Database(found.out / "riskmap.gpkg").read("siting_sites")["site_id"]
    assert len(sites) == 1 and sites.str.startswith("NN").all()


def test_the_choice_of_sites_says_whose_people_it_counts(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["siting", str(world(tmp_path)), "--out", str(tmp_path / "out"), "--lang", "en"])
    demand = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["totals"]["siting"]["demand"]
    assert f"share of {demand:,.0f} people in the whole area" in said.stdout


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("p_median", "the mean wait of all people is {:.1f} min"),
        ("p_center", "whoever lives farthest waits {:.1f} min"),
    ],
)
def test_the_wait_that_sites_leave_is_told(tmp_path: Path, problem: str, words: str) -> None:
    file = world(tmp_path)
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    project["siting"]["problem"] = problem
    file.write_text(yaml.safe_dump(project, allow_unicode=True), encoding="utf-8")
    said = CliRunner().invoke(main, ["siting", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert said.exit_code == 0, said.output
    totals = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["totals"]["siting"]
    wait = totals["value"] / 60 / (totals["demand"] if problem == "p_median" else 1)
    assert 1 < wait < 30  # the turnout alone is a minute
    assert f"with 1 new stations {words.format(wait)}" in said.stdout


def asked(folder: Path, **question) -> Path:
    """Write the county with one question of reach, fire engines to villages but for what is given."""
    base = {"id": "q", "title": {"zh": "问", "en": "asked"}, "from": "fire_stations", "to": "villages"}
    return world(folder, reach=[base | {"limit_min": 30, "mode": "fire", "max_snap_m": 1000} | question])


@pytest.mark.parametrize(("speeds", "metres_per_second"), [({}, 5.0), ({"primary": 36, "residential": 36}, 10.0)])
def test_engines_drive_to_other_questions_as_to_the_circle(
    tmp_path: Path, speeds: dict[str, float], metres_per_second: float
) -> None:
    found = riskmap.build(asked(tmp_path, speeds_kmh=speeds), tmp_path / "out", only=("coverage", "reach"))
    database = Database(found.out / "riskmap.gpkg")
    network, rows = database.read("network_edges"), database.read("reach_results")
    far = rows.loc[rows["minutes"].idxmax()]
    # the street from the station to the east, and north from its middle where the village is there
    on = shapely.line_interpolate_point(
        network.geometry.iloc[network.distance(far.geometry).argmin()],
        network.geometry.iloc[network.distance(far.geometry).argmin()].project(far.geometry),
    )
    metres = abs(on.x - WEST) + abs(on.y - (SOUTH + 1000))
    assert far["minutes"] * 60 == pytest.approx(metres / metres_per_second)


def test_a_kind_that_the_layer_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"reach\.q\.kinds.*'schol'.*did you mean 'school'"):
        build(asked(tmp_path, to="facilities", kinds=["schol"]))
    with pytest.raises(SpecError, match=r"reach\.q\.source_kinds.*did you mean 'small'"):
        build(asked(tmp_path / "other", source_kinds=["小型站"]))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"where": "population > 1000000"}, "no row of villages is meant"),
        ({"source_kinds": ["special"]}, "nobody sets out"),
    ],
    ids=["no target", "no source"],
)
def test_a_question_about_nobody_is_said(tmp_path: Path, question: dict, said: str) -> None:
    file = asked(tmp_path, **question)
    shown = CliRunner().invoke(main, ["reach", str(file), "--out", str(tmp_path / "out"), "--lang", "en"])
    assert shown.exit_code == 0 and "nan" not in shown.stdout
    assert said in shown.stdout
