"""Risk points: LEC and LS on both sides of every limit, areas by their points."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from riskmap.data.catalog import house
from riskmap.grid import Grid
from riskmap.overlay import risk_points

SYSTEM = CRS.from_epsg(4548)


@pytest.mark.parametrize(
    ("d", "level"), [(19.9, 1), (69.9, 1), (70, 2), (159.9, 2), (160, 3), (320, 3), (320.1, 4), (np.nan, 0)]
)
def test_lec_limits(d: float, level: int) -> None:
    one = pd.Series([1.0])
    assert risk_points.lec_level(pd.Series([d]), one, one).tolist() == [level]


def test_the_punch_press() -> None:
    six = pd.Series([6.0, 6.0])
    assert risk_points.levels(pd.DataFrame({"L": six, "E": six, "C": [3.0, 7.0]}))[
        ["score", "level"]
    ].to_numpy().tolist() == [[108, 2], [252, 3]]


@pytest.mark.parametrize(("r", "level"), [(1, 1), (8, 1), (9, 2), (10, 2), (12, 2), (15, 3), (16, 3), (20, 4), (25, 4)])
def test_ls_limits(r: float, level: int) -> None:
    assert risk_points.ls_level(pd.Series([r]), pd.Series([1.0])).tolist() == [level]


def test_a_given_level_goes_before_scores_and_unknown_stays_unknown() -> None:
    frame = pd.DataFrame(
        {
            "level": [4, None, None, None],
            "L": [1, 6, 4, None],
            "E": [1, 6, None, 2],
            "C": [1, 7, None, 3],
            "S": [1, 1, 5, 1],
        }
    )
    given = risk_points.levels(frame)
    assert given["level"].tolist() == [4, 3, 4, 0]
    assert given["basis"].tolist() == ["given", "LEC", "LS", None]


@pytest.mark.parametrize(
    ("counts", "highest", "escalated"),
    [
        ([0, 9, 0, 2, 0], 3, 3),
        ([0, 0, 0, 3, 0], 3, 4),
        ([0, 0, 0, 0, 5], 4, 4),
        ([7, 0, 0, 0, 0], 0, 0),
        ([0, 3, 0, 0, 0], 1, 2),
        ([0, 0, 0, 0, 0], 0, 0),
    ],
)
def test_areas_by_both_rules(counts: list[int], highest: int, escalated: int) -> None:
    table = np.array([counts])
    assert risk_points.area_levels(table).tolist() == [highest]
    assert risk_points.area_levels(table, rule="escalation").tolist() == [escalated]


GRID = Grid((3, 3), Affine(100, 0, 500_000, 0, -100, 4_000_300), SYSTEM)


@given(st.lists(st.tuples(st.floats(-50, 350), st.floats(-50, 350), st.integers(0, 4)), max_size=30))
def test_cells_count_every_point_inside_once(rows: list[tuple[float, float, int]]) -> None:
    x, y, level = (
        (np.array(c) for c in zip(*rows, strict=True)) if rows else (np.empty(0), np.empty(0), np.empty(0, int))
    )
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(500_000 + x, 4_000_000 + y), crs=SYSTEM)
    cells, counts = risk_points.count_by_cell(points, pd.Series(level.astype(int)), GRID)
    expected: dict[tuple[int, int], int] = {}
    at = GRID.locate(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    for cell, code in zip(at, level, strict=True):
        if cell >= 0:
            expected[int(cell), int(code)] = expected.get((int(cell), int(code)), 0) + 1
    found = {(int(c), k): int(n) for c, row in zip(cells, counts, strict=True) for k, n in enumerate(row) if n}
    assert found == expected


def test_green_is_read_as_blue_with_a_warning(tmp_path: object) -> None:
    from riskmap.data.prepare import prepare_rows
    from riskmap.data.spec import InputSpec

    path = tmp_path / "points.csv"
    path.write_text(
        "编号,名称,风险等级,lon,lat\n1,甲,红,118.3,36.8\n2,乙,绿色,118.3,36.8\n3,丙,绿色,118.3,36.8\n", encoding="utf-8"
    )
    made = prepare_rows(
        path,
        InputSpec(path="points.csv", crs="EPSG:4490"),
        house().layer("risk_points"),
        crs=SYSTEM,
    )
    assert made.frame["level"].tolist() == [4, 1, 1]
    told = [f for f in made.findings if f.code == "LEVEL_STAND_IN"]
    assert [(f.severity, f.rows) for f in told] == [("warning", 2)]
