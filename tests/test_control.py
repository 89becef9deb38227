"""Control zones: the rule table, class by class, and reasons that add up."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine

from riskmap import zonal
from riskmap.crs import parse
from riskmap.data.catalog import house
from riskmap.errors import SpecError
from riskmap.grid import Grid
from riskmap.risk import control

METRIC = parse("EPSG:4548")
WEAK, MEDIUM, STRONG, UNKNOWN = 0, 1, 2, -1
FEW, SOME, MANY = 0, 1, 2


@pytest.fixture(scope="module")
def table() -> tuple[control.Rule, ...]:
    return control.rules(house().facts("zoning").tables["control_rules"].rows)


def expected_zone(risk: int, capacity: int, density: int) -> int:
    """The house's rules in words: red is key; weak capacity or many points raise orange and yellow, both raise blue."""
    if risk == 0:
        return 0
    worse = capacity == WEAK or density == MANY
    if risk == 4:
        return 3
    if risk == 3:
        return 3 if worse else 2
    if risk == 2:
        return 2 if worse else 1
    return 2 if capacity == WEAK and density == MANY else 1


def test_every_combination_of_the_house_table(table: tuple[control.Rule, ...]) -> None:
    cases = np.array(list(itertools.product(range(5), (UNKNOWN, WEAK, MEDIUM, STRONG), (UNKNOWN, FEW, SOME, MANY))))
    risk, capacity, density = cases[:, 0].astype(np.uint8), cases[:, 1].astype(np.int8), cases[:, 2].astype(np.int8)
    zone, fired = control.decide(table, risk, capacity, density)
    assert zone.tolist() == [expected_zone(*case) for case in cases.tolist()]
    assert ((fired == 0) == (risk == 0)).all()
    assert all(table[f - 1].zone == z for f, z in zip(fired, zone, strict=True) if f)


def test_a_factor_that_is_not_there_never_fires(table: tuple[control.Rule, ...]) -> None:
    risk = np.arange(5, dtype=np.uint8)
    zone, _ = control.decide(table, risk, None, None)
    assert zone.tolist() == [0, 1, 1, 2, 3]
    assert zone.tolist() == [expected_zone(r, UNKNOWN, UNKNOWN) for r in range(5)]


def test_more_risk_never_gives_a_milder_zone(table: tuple[control.Rule, ...]) -> None:
    for capacity, density in itertools.product((UNKNOWN, WEAK, MEDIUM, STRONG), (UNKNOWN, FEW, SOME, MANY)):
        zones = [
            int(
                control.decide(
                    table, np.array([r], np.uint8), np.array([capacity], np.int8), np.array([density], np.int8)
                )[0][0]
            )
            for r in range(1, 5)
        ]
        assert zones == sorted(zones)


@pytest.mark.parametrize(
    "row",
    [
        {"zone": 4, "risk": [4], "reason": {"zh": "x", "en": "x"}},
        {"zone": 3, "risk": [5], "reason": {"zh": "x", "en": "x"}},
        {"zone": 3, "risk": [4], "capacity": ["poor"], "reason": {"zh": "x", "en": "x"}},
        {"zone": 3, "risk": [4], "reason": "x"},
        {"zone": 3, "risk": [4], "hazard": ["flood"], "reason": {"zh": "x", "en": "x"}},
        {"risk": [4], "reason": {"zh": "x", "en": "x"}},
        {"zone": 3, "risk": [], "capacity": ["weak"], "reason": {"zh": "x", "en": "x"}},
        {"zone": 2.7, "risk": [4], "reason": {"zh": "x", "en": "x"}},
    ],
)
def test_rows_that_do_not_fit_are_named_by_number(row: dict) -> None:
    whole = [{"zone": 1, "risk": [1, 2, 3, 4], "reason": {"zh": "x", "en": "x"}}]
    with pytest.raises(SpecError, match="row 2"):
        control.rules([*whole, row])


def test_each_level_needs_an_unconditional_row() -> None:
    rows = [
        {"zone": 1, "risk": [1, 2, 3], "reason": {"zh": "x", "en": "x"}},
        {"zone": 3, "risk": [4], "capacity": ["weak"], "reason": {"zh": "x", "en": "x"}},
    ]
    with pytest.raises(SpecError, match="level 4"):
        control.rules(rows)


def test_class_limits_are_inclusive_below_even_as_float32() -> None:
    values = np.array([0.39, 0.4, 0.59, 0.7, 0.69, np.nan], dtype=np.float32)
    assert control.classes(values, [0.4, 0.7]).tolist() == [0, 1, 1, 2, 1, UNKNOWN]
    assert control.classes(values.astype(float), [0.4, 0.7]).tolist() == [0, 1, 1, 2, 1, UNKNOWN]


def test_density_counts_points_where_they_are() -> None:
    """A point beside the line belongs to the township that holds it, not to its cell's."""
    townships = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 2400, 1000), shapely.box(2400, 0, 3000, 1000)], crs=METRIC)
    parts, _ = zonal.partition(townships, shapely.box(0, 0, 4000, 1000))
    points = gpd.GeoDataFrame(
        geometry=[
            shapely.Point(2300, 500),
            shapely.Point(2400, 500),
            shapely.Point(2700, 500),
            shapely.Point(3500, 500),
        ],
        crs=METRIC,
    )
    owner, count, density = zonal.points_per_100_km2(parts, points.geometry.to_numpy())
    assert owner.tolist() == [0, 0, 1, -1]
    assert count.tolist() == [2, 1]
    assert density.tolist() == pytest.approx([200 / 2.4, 100 / 0.6])
    # a township wholly outside the boundary has no ground and no density
    assert np.isnan(zonal.points_per_100_km2(np.array([shapely.Polygon()]), points.geometry.to_numpy())[2]).all()


def test_zone_polygons_tell_why(table: tuple[control.Rule, ...]) -> None:
    grid = Grid((2, 10), Affine(100, 0, 0, 0, -100, 200), METRIC)
    risk = np.array([[4, 3, 3, 3, 3, 3, 3, 3, 3, 1]] * 2, np.uint8)
    capacity = np.full(risk.shape, WEAK, np.int8)
    zone, fired = control.decide(table, risk, capacity, None)
    zone[1, 9] = 3  # as if a small patch had been merged
    inside = np.ones(risk.shape, dtype=bool)
    boundary = shapely.box(*grid.bounds)
    zones = control.control_zones(zone, fired, table, inside, boundary, grid)
    assert zones["zone"].tolist() == [3, 1] and zones["zone_name"].tolist() == ["重点防治区", "一般防治区"]
    assert zones["area_km2"].sum() == pytest.approx(boundary.area / 1e6)
    # 16 orange cells of 19, 2 red, 1 merged; shares by cells
    assert (
        zones["reason_en"].iloc[0]
        == "larger risk (orange) and weak capacity (84%); major risk (red) (11%); low risk (blue), small patch merged (5%)"
    )
    assert zones["reason"].iloc[1] == "风险等级为低（蓝）"


def test_unknown_ground_is_not_zoned(table: tuple[control.Rule, ...]) -> None:
    grid = Grid((1, 2), Affine(100, 0, 0, 0, -100, 100), METRIC)
    zone, fired = control.decide(table, np.array([[0, 4]], np.uint8), None, None)
    zones = control.control_zones(zone, fired, table, np.ones((1, 2), bool), shapely.box(*grid.bounds), grid)
    assert zones["zone"].tolist() == [3, 0] and zones["reason_en"].iloc[1] == "risk unknown, not zoned"
