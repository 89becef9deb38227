"""Bilingual texts, and errors that say where and what to do."""

from __future__ import annotations

import pytest

from riskmap import errors
from riskmap.text import Text, join, plain


def test_placeholders_are_filled_in_each_language() -> None:
    text = Text("{what}缺 {n} 行", "{what} lacks {n} rows").format(what=Text("村庄", "villages"), n=3)
    assert (text.zh, text.en) == ("村庄缺 3 行", "villages lacks 3 rows")
    assert text.pick("zh") == text.zh and text.pick("en") == text.en


def test_joining_and_adding() -> None:
    both = join([Text("甲", "a"), plain("B")])
    assert (both.zh, both.en) == ("甲、B", "a, B")
    assert (both + Text("。", ".")).zh == "甲、B。"
    assert str(plain("x")) == "x" and str(Text("甲", "a")) == "甲 / a"


def test_braces_in_data_are_not_placeholders() -> None:
    assert Text("{name}", "{name}").format(name="{0} 村").zh == "{0} 村"


def test_an_error_names_place_and_remedy_in_both_languages() -> None:
    error = errors.DataError(
        Text("人数为负", "negative people"),
        remedy=Text("改正", "correct it"),
        file="a.csv",
        layer="villages",
        row=3,
        field="人口",
    )
    assert error.describe().zh == "文件 a.csv，图层 villages，第 3 行，字段 人口：人数为负\n  处理：改正"
    assert error.describe().en == "file a.csv, layer villages, row 3, field 人口: negative people\n  remedy: correct it"
    assert isinstance(error, ValueError)


def test_several_errors_are_told_together() -> None:
    several = errors.SeveralErrors([errors.DataError(plain("one")), errors.CRSError(plain("two"))])
    assert several.describe().en == "one\ntwo"


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.RiskmapError)]
)
def test_every_error_has_the_one_base(kind: type[errors.RiskmapError]) -> None:
    assert issubclass(kind, Exception) and kind.__doc__
