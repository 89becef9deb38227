"""A whole build of a small county, against answers worked out by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import county
import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

import riskmap
from riskmap.data.database import Database
from riskmap.errors import DataError, OutputError, OutputExistsError, SeveralErrors, SpecError
from riskmap.risk import classify


def levels_by_hand() -> np.ndarray:
    """Levels before the merge: mean of (level - 1) / 4 and metres / 3.8 in natural breaks; unknown where the water is."""
    made = county.hazards()
    flood = made["flood"].astype(float)
    flood[flood == -9999.0] = np.nan
    score = 0.5 * (made["geology"] - 1) / 4 + 0.5 * flood / np.nanmax(flood)
    return classify.levels(score, classify.breaks(score, scheme="natural_breaks"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    return riskmap.build(county.county(folder), folder / "out").out


def grid(built: Path, name: str) -> np.ndarray:
    with rasterio.open(built / "grids" / f"{name}.tif") as source:
        values = source.read(1)
        assert source.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG"
        # the grid has a ring of cells around the county
        return values[1:-1, 1:-1]


def test_raw_levels_are_those_of_the_formula(built: Path) -> None:
    assert np.array_equal(grid(built, "risk_level_raw"), levels_by_hand())


def test_the_unknown_cell_stays_unknown(built: Path) -> None:
    assert grid(built, "risk_level")[10, 3] == 0
    assert grid(built, "control_zone")[10, 3] == 0
    zones = Database(built / "riskmap.gpkg").read("risk_zones")
    assert zones.loc[zones["level"] == 0, "area_km2"].sum() == pytest.approx(0.01, rel=1e-9)


def test_zones_tile_the_boundary(built: Path) -> None:
    database = Database(built / "riskmap.gpkg")
    square = database.read("boundary").geometry.iloc[0]
    for layer in ("risk_zones", "control_zones"):
        zones = database.read(layer)
        assert zones["area_km2"].sum() == pytest.approx(4.0, rel=1e-9)
        assert shapely.coverage_is_valid(zones.geometry.to_numpy())
        assert zones.geometry.union_all().symmetric_difference(square).area < 1e-6


def test_units_and_totals_add_up(built: Path) -> None:
    units = Database(built / "riskmap.gpkg").read("risk_units")
    assert units["name"].tolist() == ["西镇", "东<b>镇</b>"]
    assert units["people"].tolist() == [600.0, 600.0 + 497.0]
    shares = units[["share_red", "share_orange", "share_yellow", "share_blue", "share_unknown"]]
    assert np.allclose(shares.sum(axis=1), 1.0)
    totals = json.loads((built / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]
    levels = grid(built, "risk_level")
    for level in range(5):
        counted = county.people()[levels == level].sum()
        assert totals["people"]["by_level"][str(level)] == counted
        assert totals["area_km2"]["by_level"][str(level)] == pytest.approx(0.01 * (levels == level).sum())
    assert units["share_red"].mul(units["area_km2"]).sum() == pytest.approx(totals["area_km2"]["by_level"]["4"])


def test_a_reason_stands_on_every_control_zone(built: Path) -> None:
    zones = Database(built / "riskmap.gpkg").read("control_zones")
    assert zones["reason"].str.len().gt(3).all()
    assert zones["reason_en"].str.len().gt(3).all()
    red = zones[zones["zone"] == 3]
    assert red["reason"].str.contains("重大").all()


def test_two_clean_builds_are_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = riskmap.build(built.parent / "riskmap.yaml", tmp_path / "other").out
    products = json.loads((built / "run.json").read_text(encoding="utf-8"))["outputs"]
    assert {"riskmap.gpkg", "grids/risk_level.tif", "maps/risk-zoning.html", "maps/control-zoning.html"} <= set(
        products
    )
    for name in products:
        assert (built / name).read_bytes() == (again / name).read_bytes(), name


def test_an_unchanged_build_redoes_nothing_and_a_change_redoes_what_depends_on_it(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    first = riskmap.build(project, tmp_path / "out")
    assert not first.reused
    second = riskmap.build(project, tmp_path / "out")
    assert len(second.reused) == len(second.run["steps"]) - len(second.skipped)
    changed = county.people()
    changed[0, 0] = 30
    county.raster(tmp_path / "data" / "people.tif", changed, nodata=-1)
    third = riskmap.build(project, tmp_path / "out")
    redone = {s["name"] for s in third.run["steps"] if not s["reused"]} - set(third.skipped)
    assert redone == {
        "import:exposure_population",
        "checks",
        "risk",
        "zones",
        "overlay_totals",
        "chains",
        "tables",
        "map",
        "print",
        "qgis",
    }
    assert third.run["totals"]["zones"]["people"]["inside"] == 1697 + 27


def test_english_maps_redo_the_maps_only(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    riskmap.build(project, tmp_path / "out")
    english = riskmap.build(project, tmp_path / "out", lang="en")
    assert {s["name"] for s in english.run["steps"] if not s["reused"]} - set(english.skipped) == {
        "plan",
        "tables",
        "map",
        "print",
        "qgis",
    }
    page = (tmp_path / "out" / "maps" / "risk-zoning.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in page


def test_only_a_step_and_what_it_needs(tmp_path: Path) -> None:
    built = riskmap.build(county.county(tmp_path), tmp_path / "out", only=["risk"])
    assert [s["name"] for s in built.run["steps"]][-1] == "risk"
    assert "maps/risk-zoning.html" not in built.products
    with pytest.raises(SpecError, match="zones"):
        riskmap.build(county.county(tmp_path), tmp_path / "out", only=["zoness"])


def test_one_step_alone_leaves_what_still_follows_from_the_inputs(tmp_path: Path) -> None:
    project, out = county.county(tmp_path), tmp_path / "out"
    whole = riskmap.build(project, out, lang="en")
    page = (out / "maps" / "risk-zoning.html").read_bytes()
    again = riskmap.build(project, out, only=["risk"])
    assert again.products == whole.products
    assert (out / "maps" / "risk-zoning.html").read_bytes() == page
    assert again.run["totals"] == whole.run["totals"]
    changed = county.county(tmp_path, cell_size_m=50)
    built = riskmap.build(changed, out, only=["risk"])
    assert not (out / "maps" / "risk-zoning.html").exists()
    assert "grids/risk_level_raw.tif" in built.products
    assert "map" in {f.layer for f in built.findings if f.code == "STEP_OUTDATED"}
    assert "maps/risk-zoning.html" in riskmap.build(changed, out).products


def test_a_foreign_file_at_our_name_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "riskmap.gpkg").write_bytes(b"mine")
    (tmp_path / "out" / "notes.txt").write_bytes(b"mine too")
    with pytest.raises(OutputExistsError, match=r"riskmap\.gpkg"):
        riskmap.build(county.county(tmp_path), tmp_path / "out")
    assert (tmp_path / "out" / "riskmap.gpkg").read_bytes() == b"mine"
    riskmap.build(county.county(tmp_path), tmp_path / "out", force=True)
    assert (tmp_path / "out" / "riskmap.gpkg").read_bytes()[:6] == b"SQLite"
    assert (tmp_path / "out" / "notes.txt").read_bytes() == b"mine too"


def test_a_foreign_run_json_stops_the_build(tmp_path: Path) -> None:
    file = tmp_path / "out" / "run.json"
    file.parent.mkdir()
    file.write_text("mine", encoding="utf-8")
    project = county.county(tmp_path)
    with pytest.raises(OutputExistsError, match=r"run\.json"):
        riskmap.build(project, file.parent, only=["risk"])
    assert file.read_text(encoding="utf-8") == "mine"
    riskmap.build(project, file.parent, only=["risk"], force=True)
    riskmap.build(project, file.parent, only=["risk"])  # now it is ours


def test_bad_inputs_are_all_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    (tmp_path / "data" / "flood.tif").unlink()
    (tmp_path / "data" / "villages.gpkg").write_bytes(b"")
    with pytest.raises(SeveralErrors) as caught:
        riskmap.build(project, tmp_path / "out")
    assert {e.layer for e in caught.value.errors} == {"hazard_flood", "villages"}
    assert not (tmp_path / "out" / "run.json").exists()


def test_what_a_later_step_cannot_read_stops_before_the_first(tmp_path: Path) -> None:
    """Once the maps were computed before the elevation model of another county was told of."""
    project = county.county(tmp_path)
    points = gpd.GeoDataFrame(
        {"编号": ["1"], "名称": ["甲"], "灾害类型": ["滑坡"], "威胁人数": [3]},
        geometry=[shapely.Point(county.WEST + 500, county.SOUTH + 500)],
        crs=county.CRS,
    )
    points.to_file(tmp_path / "data" / "points.gpkg")
    text = project.read_text(encoding="utf-8")
    more = "inputs:\n  geohazard_points: data/points.gpkg\n  dem: data/none.tif"
    project.write_text(text.replace("inputs:", more, 1), encoding="utf-8")
    begun: list[str] = []
    with pytest.raises(DataError, match=r"none\.tif"):
        riskmap.build(project, tmp_path / "out", progress=lambda _, title: begun.append(title.en))
    assert begun[-1] == "checks between layers"


def test_a_bad_layer_that_no_step_reads_is_a_finding(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    text = project.read_text(encoding="utf-8").replace("inputs:", "inputs:\n  supplies: data/none.csv", 1)
    project.write_text(text, encoding="utf-8")
    built = riskmap.build(project, tmp_path / "out")
    assert [f.layer for f in built.findings if f.severity == "error"] == ["supplies"]
    assert "supplies" in set(Database(built.out / "riskmap.gpkg").findings()["layer"])


def test_numeric_levels_without_direction_are_refused_with_both_readings(tmp_path: Path) -> None:
    project = county.county(tmp_path)
    text = project.read_text(encoding="utf-8")
    start = text.index("    levels:\n")
    stop = text.index("  hazard_flood")
    project.write_text(text[:start] + text[stop:], encoding="utf-8")
    with pytest.raises(DataError) as caught:
        riskmap.build(project, tmp_path / "out")
    assert "high_code" in str(caught.value)
    assert "low_code" in str(caught.value)


def test_no_population_no_townships_still_two_maps(tmp_path: Path) -> None:
    inputs = {
        "boundary": "data/boundary.gpkg",
        "hazard_flood": "data/flood.tif",
    }
    project = county.county(tmp_path, inputs=inputs, risk={"weights": "equal"}, crs=None)
    built = riskmap.build(project, tmp_path / "out")
    assert {"maps/risk-zoning.html", "maps/control-zoning.html"} <= set(built.products)
    assert built.run["totals"]["risk"]["weights_source"] == "house default"
    codes = {f.code for f in built.findings}
    assert {"CAPACITY_ABSENT", "DENSITY_ABSENT"} <= codes
    assert built.run["crs"] == "EPSG:4548"


def test_a_second_build_of_the_same_folder_is_told_so(tmp_path: Path) -> None:
    from riskmap.workflow import record

    with record.locked(tmp_path / "out"), pytest.raises(OutputError, match="another riskmap"):
        riskmap.build(county.county(tmp_path), tmp_path / "out")
    riskmap.build(county.county(tmp_path), tmp_path / "out")


def test_verify_derives_the_totals_again(tmp_path: Path, built: Path) -> None:
    from riskmap.workflow.verify import verify

    out = tmp_path / "copy"
    shutil.copytree(built, out)
    assert len(verify(out)["totals"]) > 10
    (out / "maps" / "risk-zoning.html").write_text("changed", encoding="utf-8")
    with pytest.raises(OutputError, match="risk-zoning"):
        verify(out)


def test_another_program_reads_the_database(built: Path) -> None:
    zones = gpd.read_file(built / "riskmap.gpkg", layer="risk_zones", engine="pyogrio")
    assert set(zones.columns) == {"level", "level_name", "colour", "area_km2", "geometry"}
    assert dict(zip(zones["level"], zones["colour"], strict=True))[4] == "red"


@pytest.mark.parametrize(("layer", "value"), [("hazard_flood", 9999), ("hazard_flood", -1), ("capacity", 25)])
def test_a_raster_outside_its_declared_domain_is_refused(tmp_path: Path, layer: str, value: float) -> None:
    project = county.county(tmp_path)
    values = np.full((county.SIDE, county.SIDE), 0.5, np.float32)
    values[3, 4] = value
    county.raster(tmp_path / "data" / "flood.tif", values)
    text = project.read_text(encoding="utf-8")
    if layer == "capacity":
        project.write_text(
            text.replace("  hazard_flood: ", "  capacity: data/flood.tif\n  hazard_flood: ", 1), encoding="utf-8"
        )
    with pytest.raises((DataError, SeveralErrors)) as caught:
        riskmap.build(project, tmp_path / "out")
    assert f"{value:g}" in str(caught.value)


@pytest.mark.parametrize(("kind", "fill"), [(np.float32, None), (np.uint8, 255), (np.int16, -1), (np.float32, -1)])
def test_levels_saved_as_floats_or_with_an_undeclared_fill_are_levels_still(
    tmp_path: Path, kind: type, fill: int | None
) -> None:
    inputs = {"boundary": "data/boundary.gpkg", "hazard_geology": "data/geology.tif"}
    project = county.county(tmp_path, inputs=inputs, risk={"weights": "equal"})
    codes = county.hazards()["geology"].astype(kind)
    if fill is not None:
        codes[0, 0] = fill
    county.raster(tmp_path / "data" / "geology.tif", codes)
    with pytest.raises(DataError, match="low_code"):
        riskmap.build(project, tmp_path / "out")


def test_the_normalisation_of_a_layer_that_is_not_there_is_refused(tmp_path: Path) -> None:
    risk = {"normalise": {"layers": {"hazard_flod": {"method": "rank"}}}}
    with pytest.raises(SpecError) as caught:
        riskmap.build(county.county(tmp_path, risk=risk), tmp_path / "out")
    assert "hazard_flood" in caught.value.describe().en


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"zoning": {"min_zone_ha": "viel"}}, "viel"),
        ({"zoning": {"min_zone_ha": True}}, "True"),
        ({"levels": {"five_to_four": [{"five": 5, "for": 4}]}}, "for"),
        ({"levels": {"five_to_four": 4}}, "rows"),
        ({"units": {"units": []}}, "cannot be replaced"),
    ],
)
def test_facts_of_the_wrong_kind_are_refused(tmp_path: Path, facts: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        riskmap.build(county.county(tmp_path, facts=facts), tmp_path / "out")


def test_a_project_may_set_which_four_colours_stand_for_five_levels(tmp_path: Path) -> None:
    table = [{"five": five, "four": four} for five, four in ((5, 4), (4, 4), (3, 3), (2, 2), (1, 1))]
    inputs = {
        "boundary": "data/boundary.gpkg",
        "hazard_geology": {"path": "data/geology.tif", "levels": {"count": 5, "worst": "high_code"}},
    }
    risk = {"method": "maximum", "min_zone_ha": 0}
    project = county.county(tmp_path, inputs=inputs, risk=risk, facts={"levels": {"five_to_four": table}})
    built = riskmap.build(project, tmp_path / "out")
    by_hand = np.array([0, 1, 2, 3, 4, 4], np.uint8)[county.hazards()["geology"]]
    assert np.array_equal(grid(built.out, "risk_level_raw"), by_hand)


def test_ground_of_unknown_capacity_is_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    project = county.county(tmp_path)
    capacity = np.full((county.SIDE, county.SIDE), 0.8, np.float32)
    capacity[:5] = -1
    county.raster(folder / "capacity.tif", capacity, nodata=-1)
    inputs = {
        "boundary": "data/boundary.gpkg",
        "capacity": "data/capacity.tif",
        "hazard_flood": "data/flood.tif",
    }
    project = county.county(tmp_path, inputs=inputs, risk={"weights": "equal"})
    built = riskmap.build(project, tmp_path / "out")
    (found,) = (f for f in built.findings if f.code == "CAPACITY_UNKNOWN")
    assert found.severity == "warning"
    assert "1.00 km2" in found.message.en


@pytest.mark.parametrize(
    ("risk", "message"),
    [
        (
            {"normalise": {"layers": {"hazard_flood": {"method": "fixed", "bounds": [0, float("inf")]}}}},
            "lower one first",
        ),
        ({"normalise": {"layers": {"hazard_flood": {"method": "fixed", "bounds": [2, 1]}}}}, "lower one first"),
        ({"normalise": {"method": "fixed"}}, "needs bounds"),
        ({"normalise": {"method": "rank", "bounds": [0, 1]}}, "takes no bounds"),
        ({"classify": {"fixed": [0.4, 0.2, 0.6, 1.0]}}, "ascend"),
        (
            {"method": "matrix", "matrix": {"likelihood": "hazard_geology", "consequence": "hazard_geology"}},
            "two layers",
        ),
        ({"keep_people": -1}, "keep_people"),
    ],
)
def test_a_risk_that_cannot_be_is_a_fault_of_the_project_file(tmp_path: Path, risk: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        riskmap.build(county.county(tmp_path, risk=risk), tmp_path / "out")


def test_a_table_of_four_colours_that_leaves_out_a_level_is_refused(tmp_path: Path) -> None:
    facts = {"levels": {"five_to_four": [{"five": 1, "four": 1}, {"five": 2, "four": 2}]}}
    project = county.county(tmp_path, facts=facts, risk={"method": "maximum", "weights": {"hazard_geology": 1}})
    with pytest.raises(SpecError, match="five_to_four"):
        riskmap.build(project, tmp_path / "out")


def test_fewer_than_five_classes_name_the_colours_that_are_not_there(tmp_path: Path) -> None:
    inputs = {
        "boundary": "data/boundary.gpkg",
        "hazard_geology": {"path": "data/geology.tif", "levels": {"count": 5, "worst": "high_code"}},
    }
    risk = {"classify": {"scheme": "quantile", "k": 5}, "min_zone_ha": 0}
    project = county.county(tmp_path, inputs=inputs, risk=risk)
    codes = county.hazards()["geology"]
    county.raster(tmp_path / "data" / "geology.tif", np.where(codes == 5, 4, codes).astype(np.uint8), nodata=255)
    built = riskmap.build(project, tmp_path / "out", only=["risk"])
    (found,) = (f for f in built.findings if f.code == "FEWER_CLASSES")
    assert found.message.en == "the scores make 4 classes, fewer than 5; there is no major risk"


@pytest.mark.parametrize("weights", [(-1.0, 1.0), (0.0, 0.0), (float("inf"), 1.0), (float("nan"), 1.0)])
def test_weights_that_weigh_nothing_are_a_fault_of_the_project_file(
    tmp_path: Path, weights: tuple[float, float]
) -> None:
    given = dict(zip(("hazard_geology", "hazard_flood"), weights, strict=True))
    with pytest.raises(SpecError, match="weights"):
        riskmap.build(county.county(tmp_path, risk={"weights": given}), tmp_path / "out")
