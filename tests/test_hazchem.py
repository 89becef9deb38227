"""GB 18218-2018: constructed cases of the fact sheet, both sides of every limit, and substances found or refused."""

from __future__ import annotations

import math
from pathlib import Path

import county
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import riskmap
from riskmap.data.database import Database
from riskmap.errors import DataError, MissingFieldError
from riskmap.overlay import hazchem, rules, substances
from riskmap.workflow.build import Built


def unit(**tonnes: float) -> pd.DataFrame:
    return pd.DataFrame({"substance": list(tonnes), "quantity_t": list(tonnes.values())})


def with_class(rows: list[tuple[str, float, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["substance", "quantity_t", "class"])


CASES = [  # the fact sheet's C1-C10: inventory, people for the alpha, S, R, grade
    (unit(氨=60), 100, 6.0, 24.0, 3),
    (unit(液化石油气=100), 50, 2.0, 4.5, 4),
    (unit(氯=25), 100, 5.0, 40.0, 3),
    (with_class([("汽油", 400, None), ("柴油", 1500, "W5.4")]), 1, 2.3, 2.3, 4),
    (unit(甲醇=300, 苯=30), 30, 1.2, 1.44, 4),
    (unit(氨=9), 0, 0.9, math.nan, 0),
    (unit(氢=80, 乙烯=40, 甲醇=200), 99, 17.2, 38.4, 3),
    (unit(氯=10, 氨=5), 1000, 2.5, 18.0, 3),
    (unit(硫化氢=50), 29, 10.0, 50.0, 2),
    (with_class([("丙烯", 500, "W2")]), 100, 50.0, 150.0, 1),
]


@pytest.mark.parametrize(("inventory", "people", "s", "r", "grade"), CASES)
def test_constructed_cases(inventory: pd.DataFrame, people: int, s: float, r: float, grade: int) -> None:
    given = hazchem.grade(inventory, people_500m=people)
    assert given.s == pytest.approx(s, rel=1e-12)
    assert given.r == pytest.approx(r, rel=1e-12, nan_ok=True)
    assert given.grade == grade


@pytest.mark.parametrize(
    ("people", "alpha"),
    [
        (0, 0.5),
        (1, 1.0),
        (29, 1.0),
        (30, 1.2),
        (49, 1.2),
        (50, 1.5),
        (99, 1.5),
        (100, 2.0),
        (0.2, 1.0),
        (29.000000001, 1.0),
    ],
)
def test_alpha_on_both_sides_of_each_limit(people: float, alpha: float) -> None:
    assert hazchem.alpha(people) == (alpha, False)


@pytest.mark.parametrize("people", [None, math.nan, np.nan, pd.NA])
def test_unknown_people_take_the_largest_alpha(people: float | None) -> None:
    given = hazchem.grade(unit(氨=60), people_500m=people)
    assert (given.alpha, given.conservative) == (2.0, True)


@pytest.mark.parametrize(
    ("tonnes", "grade"), [(9.999, 0), (10.0, 4), (24.9, 4), (25.0, 3), (124.9, 3), (125.0, 2), (249.9, 2), (250.0, 1)]
)
def test_grade_on_both_sides_of_each_limit(tonnes: float, grade: int) -> None:
    # ammonia, Q 10, beta 2, alpha 2: R = 0.4 x tonnes
    assert hazchem.grade(unit(氨=tonnes), people_500m=100).grade == grade


def test_a_sum_of_tenths_reaches_one() -> None:
    given = hazchem.grade(unit(氨=7, 溴甲烷=2, 环氧乙烷=1), people_500m=0)
    assert given.s < 1  # in binary
    assert given.grade == 4


def test_found_by_number_name_alias_and_english() -> None:
    for row in (
        {"cas": "7664-41-7"},
        {"cas": "７６６４－４１－７"},
        {"cas": "7664‐41‑7"},
        {"cas": "7664−41 – 7"},
        {"substance": "氨"},
        {"substance": " 液 氨 "},
        {"substance": "ammonia"},
        {"substance": "anything", "cas": "7664-41-7"},
        {"substance": "氨", "cas": "11111-11-1"},
    ):
        found = hazchem.matched(pd.DataFrame([row | {"quantity_t": 1.0}]))
        assert found["name"].tolist() == ["氨"], row


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"substance": "液氨储罐"}, "氨"),
        ({"substance": "甲苯二异氰酸"}, "甲苯二异氰酸酯"),
        ({"substance": "柴油"}, "class"),
        ({"cas": "7664-41-8"}, "check digit"),
        ({"cas": "7664-41-8"}, "氨"),
        ({"cas": "7664417"}, "'7664417' is not written as"),
        ({"cas": 7664417}, "'7664417' is not written as"),
        ({"cas": 7664417.0}, "'7664417' is not written as"),
        ({"substance": " ", "cas": None}, "neither the name nor the CAS number"),
        ({"substance": "苯", "cas": "108-88-3"}, "different substances"),
        ({"cas": "6484-52-2"}, "several"),
        ({"substance": "未知物", "class": "W5.9"}, "W5.4"),
    ],
)
def test_what_is_not_certain_is_refused_with_hints(row: dict[str, str], told: str) -> None:
    with pytest.raises(DataError, match=told.replace(".", r"\.")):
        hazchem.grade(pd.DataFrame([row | {"quantity_t": 1.0}]), people_500m=10)


def test_an_infinite_quantity_is_refused() -> None:
    with pytest.raises(DataError, match="infinite"):
        hazchem.grade(pd.DataFrame({"substance": ["液氨"], "quantity_t": [math.inf]}), people_500m=10)


def test_all_bad_rows_are_named_at_once() -> None:
    inventory = pd.DataFrame(
        {"substance": ["甲乙丙", "氨", "丁戊己"], "quantity_t": [1.0, np.nan, 2.0]}, index=[7, 8, 9]
    )
    with pytest.raises(DataError) as caught:
        hazchem.grade(inventory, people_500m=10)
    assert all(f"row {n}:" in str(caught.value) for n in (7, 8, 9))


def test_no_rows_and_no_columns_are_refused() -> None:
    with pytest.raises(DataError, match="not assessed"):
        hazchem.grade(unit(), people_500m=10)
    with pytest.raises(MissingFieldError, match="quantity_t"):
        hazchem.grade(pd.DataFrame({"substance": ["氨"]}), people_500m=10)
    with pytest.raises(DataError, match="negative"):
        hazchem.grade(unit(氨=-1), people_500m=10)


def test_a_class_serves_what_is_not_in_table_1_only() -> None:
    rows = with_class([("某易燃液体", 10, "W5.2"), ("氨", 10, "W5.4"), ("丙烯", 10, "W5.1"), ("丙烯", 10, None)])
    found = hazchem.matched(rows)
    assert found["threshold_t"].tolist() == [50.0, 10.0, 10.0, 10.0]
    assert found["symbol"].tolist() == ["W5.2", "J3", "W5.1", "W2"]


def test_the_tables_are_whole_and_consistent() -> None:
    table_1 = rules.rows("gb18218_table1")
    assert [int(row["no"]) for row in table_1] == list(range(1, 86))
    numbers = [
        n
        for file in ("gb18218_table1", "gb18218_table3", "gb18218_gases", "substance_effects")
        for r in rules.rows(file)
        for n in r["cas"].split(";")
        if n
    ]
    assert all(substances.cas_is_valid(n) for n in numbers)
    symbols = [r["symbol"] for r in rules.rows("gb18218_table2")]
    assert symbols == [r["symbol"] for r in rules.rows("gb18218_table4")]
    assert len(symbols) == 24
    assert {r["class"] for r in table_1} | {r["class"] for r in rules.rows("gb18218_gases")} <= set(symbols)
    listed = {n for r in table_1 for n in r["cas"].split(";")}
    assert {r["cas"] for r in rules.rows("gb18218_table3")} <= listed


SHEET = {  # name -> Q, beta as the fact sheet prints them
    "氨": (10, 2), "氯": (5, 4), "硫化氢": (5, 5), "氯化氢": (20, 3), "氟化氢": (1, 5), "二氧化硫": (20, 2), "二氧化氮": (1, 10),
    "氰化氢": (1, 10), "光气": (0.3, 20), "磷化氢": (1, 20), "环氧乙烷": (10, 2), "煤气": (20, 2), "溴甲烷": (10, 3), "天然气": (50, 1.5),
    "液化气": (50, 1.5), "乙烯": (50, 1.5), "氢气": (5, 1.5), "乙炔": (1, 1.5), "氯乙烯": (50, 1.5), "丁二烯": (5, 1.5), "一甲胺": (5, 1.5),
    "二甲醚": (50, 1.5), "白磷": (50, 1), "甲醇": (500, 1), "乙醇": (500, 1), "汽油": (200, 1), "苯": (50, 1), "甲苯": (500, 1), "丙酮": (500, 1),
    "苯乙烯": (500, 1), "醋酸乙酯": (500, 1), "正己烷": (500, 1), "环己烷": (500, 1), "乙醚": (10, 1.5), "环氧丙烷": (10, 1.5), "丙烯腈": (50, 1),
    "二硫化碳": (50, 1), "环氧氯丙烷": (20, 1), "TDI": (100, 1), "异氰酸甲酯": (0.75, 20), "溴": (20, 1), "三氧化硫": (75, 1), "液氧": (200, 1),
    "TNT": (5, 2), "硝化甘油": (1, 2), "发烟硝酸": (20, 1), "氯酸钠": (100, 1), "氯酸钾": (100, 1), "电石": (100, 1), "钠": (10, 1), "钾": (1, 1),
    "丙烯": (10, 1.5), "硝酸铵肥料": (200, 1), "硝酸胍": (50, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SHEET)
def test_thresholds_and_betas_of_the_fact_sheet(name: str) -> None:
    found = substances.house().find(name, None)
    assert (found.q_t, found.beta) == SHEET[name]


def test_a_projects_own_rows_go_first() -> None:
    files = ("gb18218_table1", "gb18218_table2", "gb18218_table3", "gb18218_table4")
    own = [{"name": "氨", "q_t": "5", "beta": "3"}, {"name": "示例溶剂", "aliases": "甲方溶剂", "class": "W5.3"}]
    known = substances.Substances(*(rules.rows(f) for f in files), own=own)
    assert (known.find("氨", None).q_t, known.find("甲方溶剂", None).q_t) == (5.0, 1000.0)


@pytest.mark.parametrize(
    ("name", "cas", "both"),
    [
        ("盐酸", "7647-01-0", ("盐酸", "氯化氢(无水)")),
        ("甲醛溶液", "50-00-0", ("甲醛溶液", "甲醛(含量>90%)")),
        ("氨水", "7664-41-7", ("氨水", "氨")),
        ("液氨", "9999-99-9", ("液氨", "7664-41-7", "9999-99-9")),
    ],
)
def test_a_name_that_its_number_does_not_bear_out_is_told_with_both_sides(
    name: str, cas: str, both: tuple[str, ...]
) -> None:
    found = hazchem.matched(pd.DataFrame({"substance": [name], "cas": [cas], "quantity_t": [30.0]}))
    assert all(word in found["doubt"].iloc[0].zh and word in found["doubt"].iloc[0].en for word in both)


def test_what_agrees_is_not_doubted() -> None:
    rows = pd.DataFrame({"substance": ["液氨", None, "氨"], "cas": ["7664-41-7", "67-56-1", None], "quantity_t": 1.0})
    assert hazchem.matched(rows)["doubt"].tolist() == [None, None, None]


def test_a_projects_own_number_goes_before_the_house() -> None:
    own = [{"name": "20%氨水", "cas": "7664-41-7", "q_t": "500", "beta": "1"}]
    files = [rules.rows(f"gb18218_table{n}") for n in (1, 2, 3, 4)]
    known = substances.Substances(*files, own=own)
    assert known.find(None, "7664-41-7").name == "20%氨水"
    assert known.find("20%氨水", "7664-41-7").q_t == 500
    assert known.find("氨水", "7664-41-7").q_t == 500
    assert known.find("液氨", None).q_t == 10
    with pytest.raises(DataError, match="different substances"):
        known.find("苯", "7664-41-7")


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"nam": "x"}, "nam"), ({"name": "x"}, "class"), ({"name": "x", "q_t": 5}, "beta"), ({"name": "x", "class": "W99"}, "W9"),
        ({"name": "x", "q_t": 0, "beta": 1}, "q_t"), ({"name": "x", "q_t": "five", "beta": 1}, "q_t"),
    ],
)  # fmt: skip
def test_a_substance_of_ones_own_is_read_strictly(own: dict[str, object], told: str, tmp_path: Path) -> None:
    from riskmap.data.catalog import house
    from riskmap.errors import SpecError
    from riskmap.workflow.project import load

    file = county.county(tmp_path, hazchem={"substances": [own]})
    with pytest.raises(SpecError, match=told):
        load(file, house())


def test_a_quantity_that_is_no_number_is_an_error_of_its_row_and_field() -> None:
    frame = pd.DataFrame({"substance": ["氨", "氯"], "quantity_t": [1, "5t"]}, index=[3, 4])
    with pytest.raises(DataError, match="5t") as caught:
        hazchem.grade(frame, people_500m=1)
    assert (caught.value.row, caught.value.field) == ("4", "quantity_t")


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=6), st.floats(0, 1e5), st.floats(1, 100))
def test_more_stock_or_more_people_never_lowers_the_grade(tonnes: list[float], people: float, more: float) -> None:
    names = ["氨", "氯", "苯", "甲醇", "氢", "乙烯"][: len(tonnes)]
    frame = pd.DataFrame({"substance": names, "quantity_t": tonnes})
    severity = [9, 1, 2, 3, 4]

    def rank(f: pd.DataFrame, n: float) -> int:
        return severity[hazchem.grade(f, people_500m=n).grade]

    assert rank(frame.assign(quantity_t=frame["quantity_t"] * more), people) <= rank(frame, people)
    assert rank(frame, people * more) <= rank(frame, people)


def test_the_input_is_left_alone() -> None:
    frame = unit(氨=60)
    before = frame.copy()
    hazchem.grade(frame, people_500m=1)
    pd.testing.assert_frame_equal(frame, before)


def test_a_plant_on_ground_without_population_data_takes_the_largest_alpha(tmp_path: Path) -> None:
    """People are known in the west only: one plant has them, one has a part, one has none, one lies beyond the grid."""
    people = np.full((20, 20), 3, np.int32)
    people[:, 10:] = -1
    project = county.county(
        tmp_path,
        inputs={
            "boundary": "data/boundary.gpkg",
            "hazard_flood": "data/flood.tif",
            "exposure_population": {"path": "data/people.tif", "content": "amount"},
            "hazchem_sources": "data/plants.gpkg",
            "hazchem_inventory": "data/stock.csv",
        },
        risk={"weights": "equal"},
    )
    county.raster(tmp_path / "data" / "people.tif", people, nodata=-1)
    spots = [shapely.Point(county.WEST + x, county.SOUTH + 1000) for x in (500, 1000, 1800, 2700)]
    ids = ["a", "b", "c", "d"]
    gpd.GeoDataFrame({"id": ids, "name": ids, "enterprise": ids}, geometry=spots, crs=county.CRS).to_file(
        tmp_path / "data" / "plants.gpkg"
    )
    stock = pd.DataFrame({"source_id": ids, "substance": "液氨", "quantity_t": 600.0})
    stock.to_csv(tmp_path / "data" / "stock.csv", index=False)
    built = riskmap.build(project, tmp_path / "out", only=["hazchem"])
    graded = Database(built.out / "riskmap.gpkg").read("hazchem_grades").set_index("id")
    assert graded["alpha"].tolist() == [2.0, 2.0, 2.0, 2.0]
    assert graded["conservative"].tolist() == [False, False, True, True]
    assert graded["people_500m"].isna().tolist() == [False, False, True, True]
    # what is told of each plant is the alpha that it got
    told = {name: f.message.en for f in built.findings if f.code.startswith("RESIDENTS_") for name in f.named}
    assert "of the known part" in told["b"]
    assert "alpha is 2.0" in told["c"]
    assert "alpha is 2.0" in told["d"]


def plant_among(people: np.ndarray, folder: Path) -> tuple[Built, pd.Series]:
    """Build a plant in the middle of cells of people (-1: no data), and give its grade."""
    inputs = {
        "boundary": "data/boundary.gpkg",
        "hazard_flood": "data/flood.tif",
        "exposure_population": {"path": "data/people.tif", "content": "amount"},
        "hazchem_sources": "data/plants.gpkg",
        "hazchem_inventory": "data/stock.csv",
    }
    project = county.county(folder, inputs=inputs, risk={"weights": "equal"})
    county.raster(folder / "data" / "people.tif", people, nodata=-1)
    spot = shapely.Point(county.WEST + 950, county.SOUTH + 1000)
    plants = gpd.GeoDataFrame({"id": ["a"], "name": ["a"], "enterprise": ["a"]}, geometry=[spot], crs=county.CRS)
    plants.to_file(folder / "data" / "plants.gpkg")
    stock = pd.DataFrame({"source_id": ["a"], "substance": "液氨", "quantity_t": 600.0})
    stock.to_csv(folder / "data" / "stock.csv", index=False)
    built = riskmap.build(project, folder / "out", only=["hazchem"])
    row = Database(built.out / "riskmap.gpkg").read("hazchem_grades").iloc[0]
    return built, row


def test_nobody_in_the_known_part_of_a_ring_is_told_as_unknown_with_the_alpha_taken(tmp_path: Path) -> None:
    """Known cells around the plant are empty, a few are blank: the table says 2.0, and so must the finding."""
    people = np.zeros((20, 20), np.int32)
    people[:, 13:] = -1
    built, row = plant_among(people, tmp_path)
    assert row["known_share"] > 0.7
    assert (row["alpha"], row["conservative"]) == (2.0, True)
    (told,) = [f.message.en for f in built.findings if f.code == "RESIDENTS_UNKNOWN"]
    assert "residents are unknown, alpha is 2.0" in told
    assert "of the known part" not in told


def test_villages_end_at_the_county_line_and_so_does_what_is_known_of_a_ring(tmp_path: Path) -> None:
    """Plants in the middle, 200 m inside the line, 100 m beyond it; villages stand for the people."""
    inputs = {
        "boundary": "data/boundary.gpkg",
        "villages": "data/villages.gpkg",
        "hazard_flood": "data/flood.tif",
        "hazchem_sources": "data/plants.gpkg",
        "hazchem_inventory": "data/stock.csv",
    }
    project = county.county(tmp_path, inputs=inputs, risk={"weights": "equal"})
    ids, spots = ["in", "near", "out"], [(1400, 650), (200, 1750), (-100, 1750)]
    places = [shapely.Point(county.WEST + x, county.SOUTH + y) for x, y in spots]
    plants = gpd.GeoDataFrame({"id": ids, "name": ids, "enterprise": ids}, geometry=places, crs=county.CRS)
    plants.to_file(tmp_path / "data" / "plants.gpkg")
    stock = pd.DataFrame({"source_id": ids, "substance": "液氨", "quantity_t": 600.0})
    stock.to_csv(tmp_path / "data" / "stock.csv", index=False)
    built = riskmap.build(project, tmp_path / "out", only=["hazchem"])
    graded = Database(built.out / "riskmap.gpkg").read("hazchem_grades").set_index("id")
    square = shapely.box(county.WEST, county.SOUTH, county.WEST + 2000, county.SOUTH + 2000)
    rings = [p.buffer(500, quad_segs=64) for p in places]
    assert graded["known_share"].tolist() == pytest.approx(
        [r.intersection(square).area / r.area for r in rings], abs=1e-3
    )
    told = {f.code: f.named for f in built.findings if f.code.startswith("RESIDENTS_")}
    assert told == {"RESIDENTS_UNKNOWN": ("near",), "RESIDENTS_BEYOND_DATA": ("out",)}
    assert graded["people_500m"].isna().tolist() == [False, False, True]
    assert graded["conservative"].tolist() == [False, False, True]
    assert graded.loc["out", "alpha"] == 2.0


def test_a_ring_of_mostly_blank_cells_is_unknown_not_its_few_people(tmp_path: Path) -> None:
    people = np.full((20, 20), -1, np.int32)
    people[:, :6] = 3
    _, row = plant_among(people, tmp_path)
    assert 0 < row["known_share"] < 0.3
    assert pd.isna(row["people_500m"])
    assert (row["alpha"], row["conservative"]) == (2.0, True)
