"""Numbers as people write them: ``约50``, ``1,200``, ``3.5万``, in units of their own."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from riskmap.data.cells import is_text
from riskmap.data.ledger import Ledger
from riskmap.data.rules import NONE
from riskmap.data.spec import FieldSpec
from riskmap.data.units import alternatives, factor_between, fold, unit_words
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

WRITTEN = re.compile(
    r"^(?P<about>约|大约|近|≈|~|>=|<=|≥|≤|>|<|超过|不足|不少于)?"
    r"(?P<number>[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"(?P<unit>[^\d\s,]*?(?:m[23])?)(?P<more>多|余|左右|以上|上下)?$"
)
"""A comma separates groups of three digits and nothing else: ``1,2`` is two numbers or none, never 12."""

NONE_WORDS = frozenset(
    (
        "-",
        "--",
        "—",
        "——",
        "－",
        "/",
        "\\",
        "无",
        "暂无",
        "不详",
        "不明",
        "未知",
        "空",
        "n/a",
        "na",
        "null",
        "none",
        "nan",
        "nil",
        "?",
        "？",
        "*",
    )
)
"""What people write for "no data"; never 0."""

TEN_THOUSAND = 1e4
EXACT = 2.0**53


def numbers(text: pd.Series, spec: FieldSpec, unit: str | None, ledger: Ledger, field: str) -> pd.Series:
    """Turn cleaned cells into numbers in the layer's unit.

    Parameters
    ----------
    text : Series
    spec : FieldSpec
        Type, unit and bounds.
    unit : str, optional
        Unit of the delivery where it differs from the layer's.
    ledger : Ledger
    field : str

    Returns
    -------
    Series
        float64 with NaN for unknown, or Int64 for integers.
    """
    import pandas as pd

    values = pd.to_numeric(text, errors="coerce").astype("Float64").astype(float)
    values = values.where(np.isfinite(values))
    odd = values.isna() & text.notna()
    if odd.any() and is_text(text):
        values = _written(text, values, odd, spec, ledger, field)
    if unit is not None and spec.unit is not None and fold(unit) != fold(spec.unit):
        factor = factor_between(unit, spec.unit)
        values = values * factor
        if factor != 1.0:
            n = int(values.notna().sum())
            ledger.note("UNIT_CONVERTED", field=field, given=unit, wanted=spec.unit, factor=factor, n=n, rows_count=n)
    _note_range(values, spec, ledger, field)
    return _whole(values, spec, ledger, field) if spec.type == "integer" else values


def _whole(values: pd.Series, spec: FieldSpec, ledger: Ledger, field: str) -> pd.Series:
    """Round to integers, with a finding where there was a fraction; beyond 2^53 no float is exact."""
    huge = values.abs() > EXACT
    if huge.any():
        ledger.rows("NUMBER_UNREADABLE", huge, field=field, sample=f"{values[huge].iloc[0]:g}")
        ledger.changed("NUMBER_UNREADABLE", field, values[huge])
        values = values.mask(huge)
    broken = values.notna() & (values != values.round())
    if broken.any():
        # a few fractions are slips; where most are, the column is in a larger unit
        larger = [word for word, factor in alternatives(spec.unit) if factor > 1] if spec.unit else []
        most = bool(larger) and broken.sum() > values.notna().sum() / 2
        hint = Text(f"；像是以 {larger[0]} 为单位", f"; perhaps in {larger[0]}") if most else NONE
        ledger.rows("NUMBER_NOT_WHOLE", broken, field=field, sample=f"{values[broken].iloc[0]:g}", hint=hint)
        ledger.changed("NUMBER_NOT_WHOLE", field, values[broken], values[broken].round())
    return values.round().astype("Int64")


def _written(
    text: pd.Series, values: pd.Series, odd: pd.Series, spec: FieldSpec, ledger: Ledger, field: str
) -> pd.Series:
    """Read the cells that are not plain numbers; what cannot be read stays unknown."""
    words = text[odd].astype("str")
    read = {word: _read(word, spec) for word in words.unique()}
    for code, changed in (
        ("NUMBER_APPROXIMATE", True),
        ("NUMBER_TYPED", True),
        ("VALUE_NONE_WORD", False),
        ("NUMBER_UNREADABLE", False),
    ):
        marked = words.map(lambda w, code=code: read[w][1] == code).astype(bool)
        if marked.any():
            named = odd & marked.reindex(odd.index, fill_value=False)
            new = words[marked].map(lambda w: read[w][0])
            ledger.rows(code, named, field=field, sample=words[marked].iloc[0])
            ledger.changed(code, field, words[marked], new if changed else None)
    values = values.copy()
    values.loc[words.index] = words.map(lambda w: read[w][0]).astype(float)
    return values


def _read(word: str, spec: FieldSpec) -> tuple[float, str]:
    """Give the number that a word says, NaN for none, and the code of the finding."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", word))
    if plain.lower() in NONE_WORDS:
        return np.nan, "VALUE_NONE_WORD"
    parts = WRITTEN.match(plain)
    factor = _suffix_factor(parts["unit"], spec) if parts else None
    if parts is None or factor is None:
        return np.nan, "NUMBER_UNREADABLE"
    about = parts["about"] or parts["more"]
    return float(parts["number"].replace(",", "")) * factor, "NUMBER_APPROXIMATE" if about else "NUMBER_TYPED"


def _suffix_factor(word: str, spec: FieldSpec) -> float | None:
    """Give the factor of a unit written behind a number, None when the word is no unit of this field."""
    if not word:
        return 1.0
    if word == "万":
        return TEN_THOUSAND
    words = unit_words()
    if fold(word) not in words or spec.unit is None or fold(spec.unit) not in words:
        return None
    if words[fold(word)][0] != words[fold(spec.unit)][0]:
        return None
    return factor_between(word, spec.unit)


def _note_range(values: pd.Series, spec: FieldSpec, ledger: Ledger, field: str) -> None:
    low, high = -np.inf if spec.min is None else spec.min, np.inf if spec.max is None else spec.max
    outside = values.notna() & ~values.between(low, high)
    if not outside.any():
        return
    wrong = values[outside]
    facts = {"min": float(wrong.min()), "max": float(wrong.max())}
    negative = outside & (values < 0) if spec.min == 0 else outside & False
    if negative.any():
        ledger.rows("COUNT_NEGATIVE", negative, field=field, value=float(values[negative].iloc[0]), facts=facts)
    far = outside & ~negative
    if far.any():
        hint = unit_hint(values[far], spec)
        value = float(values[far].iloc[0])
        ledger.rows("VALUE_DOMAIN", far, field=field, value=value, bounds=bounds_text(spec), hint=hint, facts=facts)


def bounds_text(spec: FieldSpec) -> str:
    """Give ``0 … 30 MPa``."""
    low = "-∞" if spec.min is None else f"{spec.min:,.10g}"
    high = "∞" if spec.max is None else f"{spec.max:,.10g}"
    return f"{low} … {high}" + (f" {spec.unit}" if spec.unit not in (None, "1") else "")


def unit_hint(wrong: pd.Series, spec: FieldSpec) -> Text:
    """Say which other unit would bring values that are out of bounds into them."""
    low, high = -np.inf if spec.min is None else spec.min, np.inf if spec.max is None else spec.max
    for word, factor in alternatives(spec.unit) if spec.unit else ():
        if (wrong * factor).between(low, high).all():
            return Text(f"；像是以 {word} 为单位", f"; perhaps in {word}")
    return NONE
