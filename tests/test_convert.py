"""Cells as typed to values as declared: what is read, what is told, what is never guessed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmap.data import convert
from riskmap.data.catalog import house
from riskmap.data.ledger import Ledger, RowNames
from riskmap.data.spec import FieldSpec, LevelsSpec
from riskmap.data.units import factor_between
from riskmap.errors import UnitError


def field(**said: Any) -> FieldSpec:
    return FieldSpec.model_validate({"title": "x", **said})


def turned(cells: list[Any], spec: FieldSpec, **options: Any) -> tuple[list[Any], Ledger]:
    series = pd.Series(cells, dtype=None if not all(isinstance(c, (str, type(None))) for c in cells) else "str")
    ledger = Ledger("villages", "a.csv", RowNames())
    values, _ = convert.column(series, spec, ledger, "f", **options)
    return values.astype(object).where(values.notna(), None).tolist(), ledger


def codes(ledger: Ledger) -> list[str]:
    return sorted(f.code for f in ledger.findings)


PEOPLE = field(type="integer", unit="person", min=0, max=10_000_000)
AMOUNT = field(type="number", unit="CNY", min=0)


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ("50", 50, None),
        ("１２０", 120, "TEXT_FULLWIDTH"),
        (" 7 ", 7, "TEXT_BLANK"),
        ("约50", 50, "NUMBER_APPROXIMATE"),
        ("50余", 50, "NUMBER_APPROXIMATE"),
        (">=30", 30, "NUMBER_APPROXIMATE"),
        ("1,200", 1200, "NUMBER_TYPED"),
        ("1，200", 1200, "NUMBER_TYPED"),
        ("12,345,678", None, "VALUE_DOMAIN"),
        ("50人", 50, "NUMBER_TYPED"),
        ("1.2万", 12000, "NUMBER_TYPED"),
        ("1.2万人", 12000, "NUMBER_TYPED"),
        ("50户", None, "NUMBER_UNREADABLE"),
        ("1,2", None, "NUMBER_UNREADABLE"),
        ("12,34", None, "NUMBER_UNREADABLE"),
        ("1、2", None, "NUMBER_UNREADABLE"),
        ("50-60", None, "NUMBER_UNREADABLE"),
        ("--", None, "VALUE_NONE_WORD"),
        ("无", None, "VALUE_NONE_WORD"),
        ("inf", None, "NUMBER_UNREADABLE"),
        ("nan", None, "VALUE_NONE_WORD"),
        ("#N/A", None, "CELL_ERROR"),
        ("", None, None),
    ],
)
def test_numbers_as_people_write_them(cell: str, value: int | None, code: str | None) -> None:
    values, ledger = turned([cell, "3"], PEOPLE)
    if code == "VALUE_DOMAIN":
        assert "VALUE_DOMAIN" in codes(ledger)
        return
    assert values == [value, 3]
    assert codes(ledger) == ([code] if code else [])
    if value is not None and code:
        told = ledger.repairs_frame()
        assert told["before"].tolist() == [cell]
        assert float(told["after"].iloc[0]) == value


def test_unknown_is_never_zero() -> None:
    values, ledger = turned(["约", "不详", None, "0"], PEOPLE)
    assert values == [None, None, None, 0]
    assert codes(ledger) == ["NUMBER_UNREADABLE", "VALUE_NONE_WORD"]


def test_units_are_converted_and_told_once() -> None:
    values, ledger = turned(["1.5", None, "2"], AMOUNT, unit="万元")
    assert values == [15000.0, None, 20000.0]
    assert [(f.code, f.rows) for f in ledger.findings] == [("UNIT_CONVERTED", 2)]
    with pytest.raises(UnitError):
        turned(["1"], AMOUNT, unit="公顷")


@given(st.sampled_from(["万元", "亿元", "元", "CNY"]), st.sampled_from(["万元", "亿元", "元"]))
def test_factors_are_inverse(a: str, b: str) -> None:
    assert factor_between(a, b) * factor_between(b, a) == pytest.approx(1)


@pytest.mark.parametrize(
    ("given_", "wanted", "factor"),
    [
        ("亩", "公顷", 1 / 15),
        ("in", "mm", 25.4),
        ("m", "mm", 1000),
        ("kPa", "MPa", 0.001),
        ("km2", "亩", 1500),
        ("%", "share", 0.01),
    ],
)
def test_factors(given_: str, wanted: str, factor: float) -> None:
    assert factor_between(given_, wanted) == pytest.approx(factor)


def test_out_of_range_says_which_unit_would_fit() -> None:
    pressure = house().layer("pipelines").fields["pressure_mpa"]
    _, ledger = turned(["6300", "4000"], pressure)
    assert codes(ledger) == ["VALUE_DOMAIN"]
    assert "kPa" in ledger.findings[0].message.en
    share = field(type="share", unit="share", min=0, max=1)
    _, ledger = turned(["0.3", "87"], share)
    assert ledger.findings[0].named == ("2",)
    assert "%" in ledger.findings[0].message.en


def test_negative_counts() -> None:
    _, ledger = turned(["-320", "5"], PEOPLE)
    assert codes(ledger) == ["COUNT_NEGATIVE"]


def test_whole_numbers_only() -> None:
    values, ledger = turned(["2.5", "3.0"], PEOPLE)
    assert values == [2, 3]
    assert codes(ledger) == ["NUMBER_NOT_WHOLE"]


CODE = field(type="code", digits=[12])


def test_codes_stay_text() -> None:
    values, ledger = turned([141032100201.0, "141032100202", "141032100203.0", 141032100204], CODE)
    assert values == ["141032100201", "141032100202", "141032100203", "141032100204"]
    assert not ledger.findings
    assert turned(["007.10", "0.0"], field(type="code"))[0] == ["007.10", "0"]
    values, _ = turned([13800000000.0, None], field(type="text"))
    assert values == ["13800000000", None]


def test_lost_digits_are_an_error() -> None:
    _, ledger = turned(["1.41032E+11", "1.41032e11", "141032100201"], CODE)
    lost = [f for f in ledger.findings if f.code == "CODE_PRECISION_LOST"]
    assert (lost[0].severity, lost[0].rows) == ("error", 2)
    _, ledger = turned(["14103210020"], CODE)
    assert codes(ledger) == ["CODE_SHAPE"]


def test_duplicates_name_their_rows() -> None:
    _, ledger = turned(["a", "b", "a", None, None], field(type="code", unique=True))
    assert [(f.code, f.named) for f in ledger.findings] == [("ID_DUPLICATE", ("1", "3"))]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2014-08-01", "2014-08-01"),
        ("2014/8/1", "2014-08-01"),
        ("2014.8.1", "2014-08-01"),
        ("2014年8月1日", "2014-08-01"),
        ("2014年8月", "2014-08"),
        ("2014", "2014"),
        ("20140801", "2014-08-01"),
        ("201408", "2014-08"),
        ("2014-08-01 12:30:00", "2014-08-01"),
        ("1876-03-02", "1876-03-02"),
        ("41852", "2014-08-01"),
        ("2014111", None),
        ("14-8-1", None),
        ("8/1/2014", None),
        ("2014-02-30", None),
        ("2014-13-01", None),
        ("去年", None),
    ],
)
def test_dates(cell: str, value: str | None) -> None:
    values, ledger = turned([cell], field(type="date"))
    assert values == [value]
    told = "DATE_UNREADABLE" if value is None else "DATE_SERIAL" if cell == "41852" else "DATE_REWRITTEN"
    assert codes(ledger) == ([] if value == cell else [told])
    assert [(r.before, r.after) for r in ledger.repairs] == ([] if value == cell else [([cell], [value])])


KIND = house().layer("geohazard_points").fields["kind"]


def test_categories_by_title_key_or_alias() -> None:
    values, ledger = turned(["滑坡", "landslide", "山体滑坡", "泥石流 ", "雪崩", None], KIND)
    assert values == ["landslide", "landslide", "landslide", "debris_flow", None, None]
    assert codes(ledger) == ["CATEGORY_ALIAS", "CATEGORY_UNKNOWN", "FIELD_NULL", "TEXT_BLANK"]
    unknown = next(f for f in ledger.findings if f.code == "CATEGORY_UNKNOWN")
    assert unknown.named == ("5",)


def test_no_is_a_word() -> None:
    oneway = house().layer("roads").fields["oneway"]
    assert turned(["no", "yes", "-1", "否", "0", 0, True and 1], oneway)[0] == [
        "no",
        "yes",
        "-1",
        "no",
        "no",
        "no",
        "yes",
    ]


def test_yes_and_no() -> None:
    bridge = house().layer("roads").fields["bridge"]
    values, ledger = turned(["yes", "viaduct", "否", "0", "T", "F", "也许", None], bridge)
    assert values == [True, True, False, False, True, False, None, None]
    assert codes(ledger) == ["BOOLEAN_UNKNOWN"]


LEVEL = field(type="level")


def test_level_words_of_one_scale() -> None:
    assert turned(["高", "中高", "低", None], LEVEL)[0] == [5, 4, 1, None]
    assert turned(["重大", "一般风险", "蓝"], LEVEL)[0] == [4, 2, 1]
    _, ledger = turned(["高", "重大"], LEVEL)
    assert codes(ledger) == ["LEVEL_MIXED"]
    _, ledger = turned(["高", "较高"], LEVEL)
    assert codes(ledger) == ["LEVEL_UNKNOWN"]
    assert "中高" in ledger.findings[0].message.zh


@pytest.mark.parametrize(("worst", "values"), [("high_code", [1, 5, None]), ("low_code", [5, 1, None])])
def test_numeric_levels_need_a_direction(worst: str, values: list[int | None]) -> None:
    said = LevelsSpec(count=5, worst=worst)
    assert turned([1, 5, None], LEVEL, said=said)[0] == values
    _, ledger = turned([1, 5], LEVEL)
    assert [f.severity for f in ledger.findings] == ["error"]
    assert "high_code" in ledger.findings[0].message.en
    _, ledger = turned([1, 6], LEVEL, said=said)
    assert codes(ledger) == ["LEVEL_UNKNOWN"]


def test_text_is_looked_at_and_kept() -> None:
    names = ['=HYPERLINK("x")', "+86 138", "-5", "@cmd", "<b>甲</b>", "锟斤拷", "鑺濇渤", "普通名称"]
    values, ledger = turned(names, field(type="text"))
    assert values == names
    found = {f.code: f.named for f in ledger.findings}
    assert found == {
        "CELL_FORMULA": ("1", "4"),
        "TEXT_MARKUP": ("5",),
        "TEXT_BROKEN": ("6",),
        "TEXT_MOJIBAKE": ("7",),
    }


def test_high_control_characters_go_but_from_text_in_the_wrong_encoding() -> None:
    mangled = "永和".encode().decode("latin-1")
    values, ledger = turned(["芝\x9b河镇", mangled, "桑壁"], field(type="text"))
    assert values == ["芝河镇", mangled, "桑壁"]
    assert sorted(codes(ledger)) == ["TEXT_CONTROL", "TEXT_MOJIBAKE"]
    assert ledger.repairs_frame()["after"].tolist() == ["芝河镇"]


def test_invisible_characters_go_and_are_recorded() -> None:
    values, ledger = turned(["芝\u200b河\x00镇", "桑壁\ufeff"], field(type="text"))
    assert values == ["芝河镇", "桑壁"]
    assert codes(ledger) == ["TEXT_CONTROL"]
    repairs = ledger.repairs_frame()
    assert repairs["before"].tolist() == ["芝\\u200b河\\x00镇", "桑壁\\ufeff"], (
        "no database stores NUL, no reader sees the rest"
    )
    assert repairs["after"].tolist() == values


def test_full_width_punctuation_belongs_to_a_name() -> None:
    values, ledger = turned(["芝河（东）", "Ⅱ级", "①号"], field(type="text"))
    assert values == ["芝河（东）", "Ⅱ级", "①号"]
    assert not ledger.findings


def test_cells_of_a_workbook_of_several_types() -> None:
    values, ledger = turned([12, "１３", 14.0, None, " 约15"], PEOPLE)
    assert values == [12, 13, 14, None, 15]
    assert codes(ledger) == ["NUMBER_APPROXIMATE", "TEXT_BLANK", "TEXT_FULLWIDTH"]


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=8),
            st.integers(-5, 10**12),
            st.floats(allow_nan=True),
            st.sampled_from(["约5", "５", "1e5", "无"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(
        [
            PEOPLE,
            AMOUNT,
            CODE,
            LEVEL,
            KIND,
            field(type="date"),
            field(type="boolean"),
            field(type="text"),
            field(type="share", min=0, max=1),
        ]
    ),
)
def test_anything_may_stand_in_a_cell(cells: list[Any], spec: FieldSpec) -> None:
    """Nothing raises, the index stays, missing stays missing, and numbers are finite or unknown."""
    series = pd.Series(cells, dtype=object, index=range(5, 5 + len(cells)))
    ledger = Ledger("villages", "a.csv")
    values, _ = convert.column(series, spec, ledger, "f")
    assert values.index.equals(series.index)
    assert values[series.isna()].isna().all()
    if spec.type in ("number", "share"):
        assert np.isfinite(values.dropna()).all()
    changed = ledger.repairs_frame()
    assert changed["row_id"].map(int).between(6, 5 + len(cells)).all()


def test_marks_that_only_say_text_are_taken_off_and_recorded() -> None:
    cells = ['="0371"', "'0372", "0373", "'s-Hertogenbosch", '=HYPERLINK("x")']
    values, ledger = turned(cells, field(type="code"))
    assert values == ["0371", "0372", "0373", "'s-Hertogenbosch", '=HYPERLINK("x")']
    assert codes(ledger) == ["CELL_FORMULA", "TEXT_MARKED"]
    assert ledger.repairs_frame()["before"].tolist() == ['="0371"', "'0372"]


@pytest.mark.parametrize(("cells", "hint"), [(["2.1", "0.9", "3"], True), (["21", "9", "3.5"], False)])
def test_a_column_of_fractions_of_people_is_in_a_larger_unit(cells: list[str], hint: bool) -> None:
    _, ledger = turned(cells, PEOPLE)
    told = next(f for f in ledger.findings if f.code == "NUMBER_NOT_WHOLE")
    assert ("万人" in told.message.zh) == hint


@pytest.mark.parametrize(
    ("cell", "value"),
    [("500㎡", 500), ("500 m²", 500), ("800m2", 800), ("3.5km2", 3_500_000), ("2亩", 4000 / 3), ("约1.2公顷", 12_000), ("5m3", None)],
)  # fmt: skip
def test_areas_with_their_unit_behind_the_number(cell: str, value: float | None) -> None:
    values, _ = turned([cell], field(type="number", unit="m2", min=0))
    assert values == [pytest.approx(value) if value is not None else None]
