"""The page's own words in both languages, and how it writes numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskmap.data.spec import read_yaml
from riskmap.text import Lang, Text

ASSETS = Path(__file__).parent / "assets"
"""Folder of everything that goes into a page beside its data."""

MISSING = "—"
"""Written where a value is unknown; a known nothing is written 0."""

SMALL = 10
"""Areas and numbers below this keep two decimals."""

ROUNDING = 1e-9
"""A share this near to 1 is the whole: areas of the same ground by two ways differ in their last digits."""

UNGROUPED = 10_000
"""Whole numbers of popups below this have no thousands separator."""


@cache
def words() -> dict[str, Text]:
    """Give every word and sentence of the page's own by key (``assets/words.yaml``)."""
    return {key: Text(**both) for key, both in read_yaml(ASSETS / "words.yaml").items()}


def word(key: str, lang: Lang) -> str:
    """Give one of the page's words."""
    return words()[key].pick(lang)


def percent(value: float) -> str:
    """Write a share of 0-1 as per cent.

    Examples
    --------
    >>> percent(0.0864), percent(0.0), percent(0.0002), percent(1), percent(0.9998)
    ('8.6%', '0%', '<0.1%', '100%', '>99.9%')
    """
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 <= value < 1 - ROUNDING:
        return ">99.9%"
    return "0%" if value == 0 else "100%" if abs(value - 1) <= ROUNDING else f"{value:.1%}"


def number(value: float) -> str:
    """Write a number with thousands separators: two decimals below 10, else one, none when it is whole.

    Examples
    --------
    >>> number(1214.38), number(3.14159), number(12), number(0.0004)
    ('1,214.4', '3.14', '12', '<0.01')
    """
    if 0 < value < 0.005:
        return "<0.01"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) < SMALL else f"{value:,.1f}"


def area(value: float) -> str:
    """Write an area in km2: two decimals below 10, else one; decimals stand below each other in a column.

    Examples
    --------
    >>> area(1214.38), area(6), area(0), area(0.001)
    ('1,214.4', '6.00', '0', '<0.01')
    """
    if value == 0:
        return "0"
    return "<0.01" if 0 < value < 0.005 else f"{value:,.2f}" if value < SMALL else f"{value:,.1f}"


def whole(value: float) -> str:
    """Write people and other things that come in ones.

    Examples
    --------
    >>> whole(49946.2)
    '49,946'
    """
    return f"{value:,.0f}"


FORMATS: dict[str, tuple[Callable[[float], str], str]] = {
    "percent": (percent, ""),
    "km2": (area, "unit_km2"),
    "people": (whole, "unit_people"),
    "count": (whole, ""),
    "number": (number, ""),
    "minutes": (number, "unit_minutes"),
}
"""How a column of numbers is written, and the key of the unit in its heading."""


def is_missing(value: Any) -> bool:
    """Tell whether a cell of a frame holds nothing (None, NaN, NaT, NA)."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def formatted(value: Any, kind: str, lang: Lang) -> str:
    """Write a cell of the township table; ``—`` when unknown."""
    if is_missing(value) or (isinstance(value, float) and not math.isfinite(value)):
        return MISSING
    return FORMATS[kind][0](float(value)) if kind in FORMATS else cell_text(value, lang)


def cell_text(value: Any, lang: Lang) -> str:
    """Write a cell of any type for a popup.

    Numbers are rounded; text stays as it is; true and false become words.

    Examples
    --------
    >>> [cell_text(value, "en") for value in (None, " a ", True, 2024, 12345.678)]
    ['—', 'a', 'yes', '2024', '12,345.7']
    """
    if is_missing(value):
        return MISSING
    if isinstance(value, str):
        return value.strip() or MISSING
    if isinstance(value, bool | np.bool_):
        return word("yes" if value else "no", lang)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="minutes").removesuffix(" 00:00")
    try:
        amount = float(value)
    except (TypeError, ValueError):
        return str(value)
    # years and house numbers stay as they are
    return f"{amount:.0f}" if amount.is_integer() and abs(amount) < UNGROUPED else number(amount)
