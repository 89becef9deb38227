"""Geohazard points: both sides of every grade, scale classes, what they threaten, and the way down a slope."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from pyproj import CRS
from shapely import Point, box

from riskmap.grid import Grid, Raster
from riskmap.overlay import exposure, geohazards, influence

SYSTEM = CRS.from_epsg(4548)
GRID = Grid((10, 10), Affine(100, 0, 500_000, 0, -100, 4_001_000), SYSTEM)


@pytest.mark.parametrize(
    ("people", "money", "grade"),
    [
        (999, 0, 2), (1000, 0, 1), (499, 0, 3), (500, 0, 2), (99, 0, 4), (100, 0, 3), (0, 0, 4),
        (0, 4_999_999, 4), (0, 5e6, 3), (0, 49_999_999, 3), (0, 5e7, 2), (0, 99_999_999, 2), (0, 1e8, 1),
        (600, 1e8, 1), (1200, 10, 1),
    ],
)  # fmt: skip
def test_grade_is_the_worse_of_people_and_money(people: float, money: float, grade: int) -> None:
    given = geohazards.grade(pd.Series([people]), pd.Series([money]))
    assert given["grade"].tolist() == [grade]
    assert given["level"].tolist() == [5 - grade]
    assert not given["at_least"].any()


def test_unknown_is_a_lower_bound_or_no_grade() -> None:
    given = geohazards.grade(pd.Series([np.nan, 120, np.nan]), pd.Series([6e7, np.nan, np.nan]))
    assert given["grade"].tolist() == [2, 3, pd.NA]
    assert given["at_least"].tolist() == [True, True, False]
    assert given["level"].tolist() == [3, 2, 0]


@pytest.mark.parametrize(
    ("kind", "volume", "scale"),
    [
        ("landslide", 99_999, "small"), ("landslide", 100_000, "medium"), ("landslide", 1e8, "giant"), ("landslide", 1e7, "extra_large"),
        ("unstable_slope", 1e6, "large"), ("collapse", 9_999, "small"), ("collapse", 10_000, "medium"), ("collapse", 1e6, "extra_large"),
        ("debris_flow", 19_999, "small"), ("debris_flow", 20_000, "medium"), ("debris_flow", 200_000, "large"), ("debris_flow", 500_000, "extra_large"),
        ("subsidence", 1e6, None), ("landslide", np.nan, None),
    ],
)  # fmt: skip
def test_scale_by_volume(kind: str, volume: float, scale: str | None) -> None:
    given = geohazards.scale_class(pd.Series([kind], dtype=object), pd.Series([volume]))
    found = given["scale_by_volume"].iloc[0]
    assert found == scale or (scale is None and pd.isna(found))


def test_the_other_scheme_of_debris_flows() -> None:
    from riskmap.overlay import rules

    known = dict(rules.values("geohazards"), debris_flow_scheme="design_norm")
    given = geohazards.scale_class(pd.Series(["debris_flow"]), pd.Series([99_999.0]), constants=known)
    assert given.iloc[0].tolist() == ["medium", "design_norm"]


def test_stated_grades_are_read_and_colours_compared_both_ways() -> None:
    assert geohazards.stated_grade(pd.Series(["特大型", "小型", "很大", None])).tolist() == [1, 4, pd.NA, pd.NA]
    given = geohazards.agreement(pd.Series([4, 1, 2, 0, 3]), pd.Series([1, 4, 2, 3, 0]))
    assert given.tolist() == ["point_worse", "cell_worse", "same", None, None]


def points(*xy: tuple[float, float], kind: str = "landslide") -> gpd.GeoDataFrame:
    shapes = [Point(500_000 + x, 4_000_000 + y) for x, y in xy]
    return gpd.GeoDataFrame({"id": [f"D{n}" for n in range(len(xy))], "kind": kind}, geometry=shapes, crs=SYSTEM)


def slope(fall_m: float) -> Raster:
    """Ground that falls to the east by so many metres a cell."""
    return Raster(GRID, 500.0 - fall_m * np.arange(10.0)[None, :] * np.ones((10, 1)))


TABLE = [{"kind": "landslide", "radius_m": 50, "reach_degrees": 22, "limit_m": 400, "width_m": 20}]


def test_down_a_steep_slope_as_far_as_the_limit() -> None:
    way = influence.runout(points((150, 550)).geometry[0], slope(60.0), 22, 400)
    # 60 m in 100 m is steeper than tan 22 = 0.404: four cells east, along the row
    assert way.coords[-1] == (500_550.0, 4_000_550.0)
    assert way.length == 400.0
    assert influence.runout(points((150, 550)).geometry[0], slope(40.0), 22, 400) is None
    assert influence.runout(points((-500, 550)).geometry[0], slope(60.0), 22, 400) is None


def test_zones_with_and_without_terrain() -> None:
    two = points((150, 550), (350, 150))
    flat = influence.influence_zones(two, table=TABLE)
    assert flat["basis"].tolist() == ["circle", "circle"]
    assert flat.area.tolist() == pytest.approx([np.pi * 50**2] * 2, rel=2e-3)
    steep = influence.influence_zones(two, dem=slope(60.0), table=TABLE)
    assert steep["basis"].tolist() == ["downslope", "downslope"]
    assert steep.geometry[0].contains(Point(500_540, 4_000_555))
    assert len(influence.influence_zones(points((1, 1), kind=None), table=TABLE)) == 0


def test_people_below_the_point() -> None:
    homes = gpd.GeoDataFrame(
        {"people": [3.0, 5.0], "households": [1, 1]},
        geometry=[Point(500_020, 4_000_550), Point(500_250, 4_000_550)],
        crs=SYSTEM,
    )
    zones = influence.influence_zones(points((150, 550)), dem=slope(60.0), table=[TABLE[0] | {"radius_m": 200}])
    for where in (exposure.settled(buildings=homes),):
        assert influence.people_below(zones, where, slope(60.0)).tolist() == [5.0]
    cells = np.zeros((10, 10))
    cells[4, 0], cells[4, 2] = 3, 5
    counted = influence.people_below(zones, exposure.settled(cells=Raster(GRID, cells)), slope(60.0))
    assert counted.tolist() == pytest.approx([5.0])
    assert influence.people_below(zones, None, slope(60.0)).isna().all()


def test_nearest_wardens_and_density() -> None:
    two = points((150, 550), (350, 150))
    roads = gpd.GeoDataFrame(
        {"name": ["甲路", "乙路"]}, geometry=[Point(500_150, 4_000_650), Point(500_400, 4_000_150)], crs=SYSTEM
    )
    given = geohazards.nearest(two, roads, ("name",))
    assert given.to_numpy().tolist() == [["甲路", 100.0], ["乙路", 50.0]]
    assert geohazards.nearest(two, None, ("name",))["metres"].isna().all()
    wardens = pd.DataFrame(
        {"name": ["网甲", "监乙"], "phone": ["1", "2"], "township": ["东镇", None], "geohazard_id": [None, "D1"]}
    )
    given = geohazards.wardens_of(two, wardens, pd.Series(["东镇", "东镇"]))
    assert given.to_numpy().tolist() == [["网甲", "1"], ["监乙", "2"]]
    towns = gpd.GeoDataFrame(
        {"name": ["东镇", "西镇"], "code": ["1", "2"]},
        geometry=[box(500_000, 4_000_000, 500_200, 4_001_000), box(500_200, 4_000_000, 501_000, 4_001_000)],
        crs=SYSTEM,
    )
    table = geohazards.density(two, pd.Series([7.0, np.nan]), towns, list(towns.geometry), 300.0)
    assert table[["points", "people"]].to_numpy().tolist() == [[1, 7.0], [1, 0.0]]
    assert table["density"].tolist() == pytest.approx([500.0, 125.0])
    assert table["high"].tolist() == [True, False]


def test_level_of_the_cell() -> None:
    levels = Raster(GRID, np.full((10, 10), 3, np.uint8))
    assert geohazards.level_at(points((150, 550), (-10, 0)), levels).tolist() == [3, 0]


def test_people_on_ground_of_unknown_height_count_as_lower() -> None:
    grid = Grid((1, 3), Affine(100, 0, 0, 0, -100, 100), SYSTEM)
    heights = Raster(grid, np.array([[100.0, np.nan, 120.0]]))
    zone = gpd.GeoDataFrame({"height_m": [110.0]}, geometry=[box(0, 0, 300, 100)], crs=SYSTEM)
    cells = exposure.Settled("raster", cells=Raster(grid, np.array([[1.0, 10.0, 100.0]])))
    homes = gpd.GeoDataFrame(
        {"people": [1.0, 10.0, 100.0], "households": 1.0},
        geometry=[Point(x, 50) for x in (50, 150, 250)],
        crs=SYSTEM,
    )
    for where in (cells, exposure.Settled("villages", places=homes)):
        assert influence.people_below(zone, where, heights).tolist() == pytest.approx([11.0])


def test_unknown_people_are_not_blue_for_little_property() -> None:
    given = geohazards.grade(pd.Series([np.nan, np.nan, 5]), pd.Series([1000.0, 5e6, np.nan]))
    assert given["grade"].tolist() == [4, 3, 4]
    assert given["level"].tolist() == [0, 2, 1]
