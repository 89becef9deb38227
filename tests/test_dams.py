"""Tailings dams: found without any other layer, people near and people lower kept apart, unknown kept unknown."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pyproj import CRS
from shapely import Point
from worlds import ORIGIN, built, rows_of, small_county

from riskmap.data.database import Database
from riskmap.data.rasters import read_grid
from riskmap.grid import Grid, Raster
from riskmap.overlay import dams, exposure

SYSTEM = CRS.from_epsg(4548)
RULES = {"within_m": 1000.0, "overhead_level": 4}


def some(**columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": ["W1"], "name": ["一号库"]} | columns, geometry=[Point(500_000, 4_000_000)], crs=SYSTEM
    )


def homes(*people: float) -> exposure.Settled:
    places = [Point(500_000 + 400 * n, 4_000_000) for n in range(1, len(people) + 1)]
    frame = gpd.GeoDataFrame({"people": people, "households": 1.0}, geometry=places, crs=SYSTEM)
    return exposure.Settled("villages", places=frame)


def test_people_nearby_and_people_lower_are_two_counts() -> None:
    grid = Grid((1, 4), Affine(400, 0, 499_800, 0, -400, 4_000_200), SYSTEM)
    ground = Raster(grid, np.array([[100.0, 90.0, 130.0, 50.0]]))
    row = dams.overhead_dams(some(), homes(7, 20, 100), ground, **RULES).iloc[0]
    # the third home is 1,200 m away, the second higher than the dam
    assert (row["people_within_1km"], row["people_lower_within_1km"], row["basis"]) == (27, 7, "terrain")
    row = dams.overhead_dams(some(), homes(7, 20, 100), None, **RULES).iloc[0]
    assert (row["people_within_1km"], row["basis"], row["overhead"], row["level"]) == (27, "circle", True, 4)
    assert np.isnan(row["people_lower_within_1km"])


def test_people_only_above_the_dam_do_not_make_it_overhead() -> None:
    grid = Grid((1, 4), Affine(400, 0, 499_800, 0, -400, 4_000_200), SYSTEM)
    ground = Raster(grid, np.array([[100.0, 190.0, 130.0, 50.0]]))
    row = dams.overhead_dams(some(), homes(7, 20, 100), ground, **RULES).iloc[0]
    assert (row["people_within_1km"], row["people_lower_within_1km"], row["overhead"]) == (27, 0, False)
    assert (row["level"], row["colour"]) == (0, "none")


def test_ground_of_unknown_people_does_not_tell_that_nobody_lives_there() -> None:
    row = dams.overhead_dams(some(), homes(np.nan, 0), None, **RULES).iloc[0]
    assert pd.isna(row["overhead"])
    assert (row["people_within_1km"], row["people_unknown"], row["level"]) == (0, 1, 0)
    assert dams.overhead_dams(some(people_below=[12]), homes(np.nan, 0), None, **RULES)["overhead"].tolist() == [True]
    assert dams.overhead_dams(some(), homes(0, 0), None, **RULES)["overhead"].tolist() == [False]
    assert dams.overhead_dams(some(), None, None, **RULES)["overhead"].isna().all()


def test_a_dam_above_registered_people_is_overhead_and_one_of_which_nothing_is_known_is_unknown() -> None:
    counted = pd.Series([np.nan, np.nan, 0.0, 5.0, np.nan, np.nan])
    registered = pd.Series([300, None, 7, None, 0, None], dtype="Int64")
    stated = pd.Series([None, None, None, False, None, True], dtype="boolean")
    assert dams.overhead(counted, registered, stated).tolist() == [True, pd.NA, True, True, False, True]
    blank = pd.Series(None, index=counted.index, dtype=object)
    assert dams.overhead(counted, blank, stated).tolist() == [pd.NA, pd.NA, False, True, pd.NA, True]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("dams")
    (folder / "data").mkdir()
    west, south = ORIGIN
    table = {"id": ["W1", "W2"], "name": ["一号库", "二号库"], "people_below": [None, 40], "overhead": [None, False]}
    where = [Point(west + 2000, south + 1500), Point(west + 700, south + 900)]
    gpd.GeoDataFrame(table, geometry=where, crs=SYSTEM).to_file(folder / "data" / "dams.gpkg")
    file = small_county(folder, facts={"dams": {"within_m": 800}})
    text = file.read_text(encoding="utf-8").replace("inputs:\n", "inputs:\n  tailings_dams: data/dams.gpkg\n")
    file.write_text(text, encoding="utf-8")
    return built(file, folder / "out", "tables")


def test_dams_are_listed_where_no_geohazard_point_is(county) -> None:
    rows = rows_of(county, "overhead_dams").set_index("id")
    assert rows["overhead"].tolist() == [True, True]
    assert rows["within_m"].tolist() == [800, 800]
    assert rows["people_lower_within_1km"].isna().all()
    assert "geohazards" in county.skipped
    assert "dams" not in county.skipped
    sheet = (county.out / "tables" / "overhead_dams.csv").read_text(encoding="utf-8-sig").splitlines()
    assert "半径内人数" in sheet[0]
    assert len(sheet) == 3
    ledger = (county.out / "tables" / "ledger.csv").read_text(encoding="utf-8-sig")
    assert "登记下游 40 人" in ledger
    told = Database(county.out / "riskmap.gpkg").read("indicators").set_index("name")["value"]
    assert told["头顶库（区内）"] == 2


def test_a_statement_that_the_count_denies_is_a_finding(county) -> None:
    found = [f for f in county.findings if f.code == "OVERHEAD_STATED"]
    assert [f.named for f in found] == [("W2",)]


def test_quakes_are_laid_over_dams_without_geohazard_points(county) -> None:
    quake = read_grid(county.out / "grids" / "hazard_earthquake.tif")
    rows = rows_of(county, "overhead_dams")
    at = quake.grid.locate(rows.geometry.x.to_numpy(), rows.geometry.y.to_numpy())
    shaken = set(rows["id"][quake.values.ravel()[at] >= 0.1])
    assert shaken
    listed = rows_of(county, "compound_points")
    assert set(listed["second_id"][listed["chain"] == "earthquake_tailings"]) == shaken
