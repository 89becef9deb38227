"""Words for units, as deliveries write them, and the factors between them."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.text import Text, plain

IN_NAME = re.compile(r"^(?P<name>.*?)[(\[（/_](?P<unit>[^()\[\]（）]*)[)\]）]?$")
"""A heading with a unit behind it: ``威胁财产(万元)``, ``面积/亩``, ``管径_mm``."""

UNSEEN = re.compile("[\\s\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
"""Blanks, and what pages and editors leave in headings without anyone seeing it."""


def fold(name: str) -> str:
    """Give a name as it is compared: full-width to half-width, no blanks, nothing that shows nothing, lower case."""
    return UNSEEN.sub("", unicodedata.normalize("NFKC", name)).lower()


@cache
def unit_words() -> dict[str, tuple[str, float]]:
    """Give every word for a unit, folded -> (base unit, factor to it)."""
    words: dict[str, tuple[str, float]] = {}
    for row in house().facts("units").tables["units"].rows:
        for word in (row["unit"], *row["aliases"]):
            words[fold(word)] = (row["of"], float(row["factor"]))
    return words


def factor_between(given: str, wanted: str) -> float:
    """Give the factor from one unit to another.

    Raises
    ------
    UnitError
        If one is unknown or they measure different things.

    Examples
    --------
    >>> factor_between("万元", "CNY")
    10000.0
    """
    a, b = unit_words().get(fold(given)), unit_words().get(fold(wanted))
    if a is None or b is None or a[0] != b[0]:
        raise rules.error("UNIT_UNKNOWN", given=given, wanted=wanted)
    return a[1] / b[1]


def same_kind(a: str, b: str) -> bool:
    """Tell whether two words are units of the same thing."""
    words = unit_words()
    return fold(a) in words and fold(b) in words and words[fold(a)][0] == words[fold(b)][0]


def written(unit: str | None) -> Text:
    """Give a unit as readers see it, empty where they need none (people in English, shares).

    Examples
    --------
    >>> written("km2").zh, written("person").zh, written("person").en, written("mm").en
    ('km²', '人', '', 'mm')
    """
    rows = house().facts("units").tables["units"].rows
    words = next((row["written"] for row in rows if row["unit"] == unit and "written" in row), None)
    return Text(**words) if words else plain("" if unit in (None, "1") else unit)


def split(heading: str) -> tuple[str, str | None]:
    """Give a heading without its unit, and the unit: ``威胁财产(万元)`` -> ``威胁财产``, ``万元``."""
    parts = IN_NAME.match(unicodedata.normalize("NFKC", heading).strip())
    if parts and parts["unit"] and fold(parts["unit"]) in unit_words():
        return parts["name"], parts["unit"]
    return heading, None


def alternatives(unit: str) -> list[tuple[str, float]]:
    """Give the other units of the same kind with the factor to ``unit``: what a number may have been meant in."""
    base = unit_words().get(fold(unit))
    if base is None:
        return []
    rows = [row for row in house().facts("units").tables["units"].rows if row["of"] == base[0]]
    factors = [(row["unit"], float(row["factor"]) / base[1]) for row in rows]
    return [(word, factor) for word, factor in factors if factor != 1.0]
