"""Risk by kind of asset and the comprehensive map from it, five levels, the matrix: against plain numpy on the landed grids."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from numpy.typing import NDArray

from riskmap import zonal
from riskmap.data.database import Database
from riskmap.data.rasters import read_grid
from riskmap.errors import SpecError
from riskmap.risk import matrix
from riskmap.workflow.build import Built
from tests.worlds import built, grid_of, rows_of, small_county

HAZARDS = ("hazard_earthquake", "hazard_flood", "hazard_geology")
PEOPLE_WEIGHTS = {"hazard_flood": 0.5, "hazard_earthquake": 0.3, "hazard_geology": 0.2}
FIVE_TO_FOUR = {0: 0, 1: 1, 2: 1, 3: 2, 4: 3, 5: 4}


def inside_of(made: Built) -> NDArray[np.bool_]:
    grid = read_grid(made.out / "grids" / "risk_level.tif").grid
    return zonal.inside(Database(made.out / "riskmap.gpkg").read("boundary"), grid)


def normalised(made: Built, layer: str) -> NDArray[np.float64]:
    """Levels as (level - 1) / 4, shares as they are, values by min-max over the area."""
    values = grid_of(made, layer)
    if layer == "hazard_geology":
        return np.where(values == 0, np.nan, (values.astype(float) - 1) / 4)
    if layer == "capacity":
        return values.astype(float)
    within = np.where(inside_of(made), values.astype(float), np.nan)
    return (values - np.nanmin(within)) / (np.nanmax(within) - np.nanmin(within))


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("assets")
    risk = {
        "assets": {
            "population": {"weights": PEOPLE_WEIGHTS | {}, "capacity": True},
            "gdp": {
                "classify": {"scheme": "quantile", "k": 5},
                "method": "power",
                "exponents": {"hazard": 0.5, "exposure": 0.25},
            },
        },
        "weights": {
            "given": {"asset_level_population": 0.75, "asset_risk_gdp": 0.25},
            "source": "县应急局纪要",
            "author": "张三",
        },
    }
    return built(small_county(folder, risk), folder / "out", "zones", "assets", "map")


def asset_score(made: Built, asset: str) -> NDArray[np.float64]:
    if asset == "population":
        hazard = sum(w * normalised(made, layer) for layer, w in PEOPLE_WEIGHTS.items())
        return hazard * normalised(made, "exposure_population") * (1 - normalised(made, "capacity"))
    hazard = sum(normalised(made, layer) / 3 for layer in HAZARDS)
    # outside the area, where nothing is looked at, values may lie below those inside
    return hazard.clip(0) ** 0.5 * normalised(made, "exposure_gdp").clip(0) ** 0.25


@pytest.mark.parametrize("asset", ["population", "gdp"])
def test_the_product_by_plain_numpy(county: Built, asset: str) -> None:
    inside = inside_of(county)
    found = grid_of(county, f"asset_risk_{asset}")
    expected = np.where(inside, asset_score(county, asset), np.nan)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    limits = np.float32(county.run["totals"]["assets"][asset]["breaks"])
    level = np.where(np.isnan(found), 0, 1 + (found[..., None] > limits[:-1]).sum(-1))
    if asset == "gdp":
        assert len(limits) == 5
        np.testing.assert_array_equal(grid_of(county, "asset_five_level_gdp"), level)
        level = np.vectorize(FIVE_TO_FOUR.get)(level)
        known = found[~np.isnan(found)]
        # five equal parts of the cells
        assert np.ptp(np.bincount(np.searchsorted(limits[:-1], known), minlength=5)) <= 2
    np.testing.assert_array_equal(grid_of(county, f"asset_level_{asset}"), level)


@pytest.mark.parametrize("asset", ["population", "gdp"])
def test_townships_add_up_to_the_cells(county: Built, asset: str) -> None:
    rows = rows_of(county, "asset_units")
    rows = rows[rows["asset"] == asset].reset_index(drop=True)
    levels, amounts, inside = (
        grid_of(county, f"asset_level_{asset}"),
        grid_of(county, f"exposure_{asset}").astype(float),
        inside_of(county),
    )
    grid = read_grid(county.out / "grids" / "risk_level.tif").grid
    towns = zonal.by_code(Database(county.out / "riskmap.gpkg").read("townships"))
    unit = zonal.unit_of_cells(towns, grid)
    assert rows["code"].tolist() == towns["code"].tolist()
    colours = {4: "red", 3: "orange", 2: "yellow", 1: "blue", 0: "unknown"}
    for number in range(len(towns)):
        here = inside & (unit == number)
        for level, colour in colours.items():
            assert rows[f"amount_{colour}"][number] == pytest.approx(
                np.nansum(amounts[here & (levels == level)]), rel=1e-9
            )
    assert rows["amount"].sum() == pytest.approx(np.nansum(amounts[inside]), rel=1e-9)
    assert rows["area_km2"].sum() == pytest.approx(12, rel=1e-6)
    shares = rows[[f"share_{c}" for c in colours.values()]]
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert rows["five_level"].notna().all() == (asset == "gdp")


def test_the_three_rules_stand_side_by_side(county: Built) -> None:
    for row in rows_of(county, "asset_units").itertuples():
        share = np.array([0, row.share_blue, row.share_yellow, row.share_orange, row.share_red]) / (
            1 - row.share_unknown
        )
        assert row.level == max(np.flatnonzero(share >= 0.2 - 1e-6))
        assert row.level_max == max(np.flatnonzero(share > 1e-6))
        assert row.level_mean == pytest.approx(share @ np.arange(5))
        assert row.level_weighted == int(np.floor(row.level_mean + 0.5))


def test_the_comprehensive_map_from_the_assets(county: Built) -> None:
    people = grid_of(county, "asset_level_population")
    gdp = grid_of(county, "asset_risk_gdp")
    share = (gdp - np.nanmin(gdp)) / (np.nanmax(gdp) - np.nanmin(gdp))
    expected = np.where(people == 0, np.nan, 0.75 * (people.astype(float) - 1) / 3 + 0.25 * share)
    np.testing.assert_allclose(grid_of(county, "risk_score"), expected, rtol=1e-5, atol=1e-7)


def test_source_and_author_stand_on_the_map_and_in_the_record(county: Built) -> None:
    told = county.run["totals"]["risk"]["weights_from"]
    assert (told["source"], told["author"], told["house_default"]) == ("县应急局纪要", "张三", False)
    assert "县应急局纪要" in (county.out / "maps" / "risk-zoning.html").read_text("utf-8")


def test_house_weights_are_flagged_on_every_product(tmp_path: Path) -> None:
    made = built(small_county(tmp_path, {"assets": {"population": {}}}), tmp_path / "out")
    assert {f.layer for f in made.findings if f.code == "WEIGHTS_DEFAULT"} == {"risk_score", "asset_risk_population"}
    for page in ("risk-zoning", "control-zoning"):
        text = (made.out / "maps" / f"{page}.html").read_text("utf-8")
        assert page == "control-zoning" or "默认等权，非官方规定" in text
    assert made.run["totals"]["risk"]["weights_from"]["house_default"]
    flagged = Database(made.out / "riskmap.gpkg").read("findings")
    assert "WEIGHTS_DEFAULT" in set(flagged["code"])


def test_weights_of_a_file_differ_by_asset(tmp_path: Path) -> None:
    file = small_county(
        tmp_path, {"assets": {"population": {"weights": {"file": "w.yaml"}}, "gdp": {"weights": {"file": "w.yaml"}}}}
    )
    stated = {
        "source": "会议纪要",
        "author": "李四（虚构）",
        "by_asset": {
            "population": {"hazard_flood": 0.9, "hazard_geology": 0.1},
            "gdp": {"hazard_flood": 0.2, "hazard_earthquake": 0.8},
        },
    }
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")
    made = built(file, tmp_path / "out", "assets")
    told = made.run["totals"]["assets"]
    assert told["population"]["weights"] == {"hazard_flood": 0.9, "hazard_geology": 0.1}
    assert told["gdp"]["weights"] == {"hazard_flood": 0.2, "hazard_earthquake": 0.8}
    assert told["gdp"]["weights_from"]["author"] == "李四（虚构）"
    assert told["gdp"]["weights_from"]["note"] == {
        "zh": "权重文件，会议纪要，李四（虚构）",
        "en": "weight file, 会议纪要, 李四（虚构）",
    }


def test_assets_weigh_hazards_only(tmp_path: Path) -> None:
    file = small_county(tmp_path, {"assets": {"population": {"weights": {"exposure_gdp": 1}}}})
    with pytest.raises(SpecError, match="hazards only"):
        built(file, tmp_path / "out", "assets")


# ---------------------------------------------------------------------------- five levels, maximum, matrix


def test_five_classes_stand_beside_the_four_colours(tmp_path: Path) -> None:
    made = built(
        small_county(tmp_path, {"classify": {"scheme": "equal_interval", "k": 5}, "min_zone_ha": 0}),
        tmp_path / "out",
        "risk",
    )
    five, four = grid_of(made, "risk_five_level"), grid_of(made, "risk_level_raw")
    assert set(np.unique(five)) == {0, 1, 2, 3, 4, 5}
    np.testing.assert_array_equal(four, np.vectorize(FIVE_TO_FOUR.get)(five))


def test_a_table_of_ones_own_from_five_to_four(tmp_path: Path) -> None:
    own = {1: 1, 2: 2, 3: 2, 4: 4, 5: 4}
    risk = {"method": "maximum", "weights": {"hazard_geology": 1}, "five_to_four": own, "min_zone_ha": 0}
    made = built(small_county(tmp_path, risk), tmp_path / "out", "risk")
    geology = np.where(inside_of(made), grid_of(made, "hazard_geology"), 0)
    np.testing.assert_array_equal(grid_of(made, "risk_level_raw"), np.vectorize({0: 0, **own}.get)(geology))
    np.testing.assert_array_equal(grid_of(made, "risk_five_level"), geology)


def test_maximum_of_levels_in_a_build_keeps_any_red_even_where_the_other_is_unknown(tmp_path: Path) -> None:
    file = small_county(
        tmp_path, {"method": "maximum", "weights": {"hazard_geology": 1, "hazard_storm": 1}, "min_zone_ha": 0}
    )
    with rasterio.open(tmp_path / "data" / "geology.tif") as source:
        profile, values = source.profile, source.read(1)
    storm = np.roll(values, 9, axis=1)
    storm[10:20] = 0
    with rasterio.open(tmp_path / "data" / "storm.tif", "w", **profile) as target:
        target.write(storm, 1)
    project = yaml.safe_load(file.read_text("utf-8"))
    project["inputs"]["hazard_storm"] = {"path": "data/storm.tif", "levels": {"count": 5, "worst": "high_code"}}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), "utf-8")
    made = built(file, tmp_path / "out", "risk")
    inside = inside_of(made)
    table = np.array([0, 1, 1, 2, 3, 4])
    a, b = table[grid_of(made, "hazard_geology")], table[grid_of(made, "hazard_storm")]
    expected = np.where((a == 0) | (b == 0), np.where((a == 4) | (b == 4), 4, 0), np.maximum(a, b))
    assert ((a == 4) & (b == 0) & inside).any()
    np.testing.assert_array_equal(grid_of(made, "risk_level_raw"), np.where(inside, expected, 0))


def test_the_matrix_in_a_build(tmp_path: Path) -> None:
    risk = {
        "method": "matrix",
        "matrix": {"likelihood": "hazard_geology", "consequence": "hazard_loss"},
        "min_zone_ha": 0,
    }
    file = small_county(tmp_path, risk)
    with rasterio.open(tmp_path / "data" / "geology.tif") as source:
        profile, values = source.profile, source.read(1)
    with rasterio.open(tmp_path / "data" / "loss.tif", "w", **profile) as target:
        target.write(np.roll(values, 7, axis=0), 1)
    project = yaml.safe_load(file.read_text("utf-8"))
    project["inputs"]["hazard_loss"] = {"path": "data/loss.tif", "levels": {"count": 5, "worst": "high_code"}}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), "utf-8")
    made = built(file, tmp_path / "out", "risk")
    product = grid_of(made, "hazard_geology").astype(float) * grid_of(made, "hazard_loss")
    product[~inside_of(made) | (product == 0)] = np.nan
    np.testing.assert_array_equal(grid_of(made, "risk_score"), product.astype(np.float32))
    np.testing.assert_array_equal(grid_of(made, "risk_level_raw"), matrix.ls_levels(product))


def test_every_cell_of_the_ls_matrix() -> None:
    """The house's cut of the 25 products, written out: 20-25 red, 15-16 orange, 9-12 yellow, 1-8 blue."""
    by_hand = {25: 4, 20: 4, 16: 3, 15: 3, 12: 2, 10: 2, 9: 2, 8: 1, 6: 1, 5: 1, 4: 1, 3: 1, 2: 1, 1: 1}
    for likelihood in range(1, 6):
        for severity in range(1, 6):
            score = matrix.ls(likelihood, severity)
            assert matrix.ls_levels([score])[0] == by_hand[score], score


def test_lec_of_a_published_example() -> None:
    """A punch press in a published assessment: L 6, E 6, C 3 or 7 give D = 108 and 252."""
    assert [matrix.lec(6.0, 6.0, c) for c in (3.0, 7.0)] == [108, 252]
    assert matrix.lec_levels([108, 252]).tolist() == [2, 3]


# ---------------------------------------------------------------------------- the choice of system


def test_the_choice_of_system_changes_little(tmp_path: Path) -> None:
    shares = []
    for name, crs in (("a", "EPSG:4548"), ("b", "EPSG:4549")):
        file = small_county(tmp_path / name, {"min_zone_ha": 0}, crs=crs)
        made = built(file, tmp_path / name / "out", "zones")
        area = made.run["totals"]["zones"]["area_km2"]
        shares.append(np.array([area["by_level"][str(n)] for n in range(5)]) / area["boundary"])
        towns = rows_of(made, "risk_units")
        assert isinstance(towns, gpd.GeoDataFrame) and towns.crs == crs
    # cells fall elsewhere on hills of three cells' width: a few cells of each edge change
    assert np.abs(shares[0] - shares[1]).max() < 0.04
