"""Words for categories, for yes and no, and for levels: read by what the declarations list, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.catalog import house
from riskmap.data.codes import as_text, by_word
from riskmap.data.ledger import Ledger
from riskmap.data.numbers import NONE_WORDS
from riskmap.data.rules import listed
from riskmap.data.spec import FieldSpec, LevelsSpec, near
from riskmap.data.units import fold
from riskmap.levels import to_worst_high
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

LARGEST_CODE = 1e9
"""No scale of levels has codes as large."""

YES = ("1", "true", "yes", "y", "t", "是", "有", "√")
NO = ("0", "false", "no", "n", "f", "否", "无", "×")


def categories(text: pd.Series, spec: FieldSpec, ledger: Ledger, field: str) -> pd.Series:
    """Give the domain's key of each word; a word of another scheme stays unknown, with a finding."""
    known: dict[str, tuple[str | None, bool]] = {}
    for key, value in spec.domain.items():
        known |= {fold(a): (key, True) for a in value.aliases if fold(a) not in known}
    for key, value in spec.domain.items():
        known |= {fold(w): (key, False) for w in (key, value.title.zh, value.title.en)}
    words = as_text(text)
    titles = [d.title.zh for d in spec.domain.values()]
    for word in sorted(words.dropna().unique()):
        meant, alias = known.get(fold(word), UNKNOWN)
        if meant is not None and not alias:
            continue
        same = words == word
        if meant is None:
            code = "VALUE_NONE_WORD" if word.lower() in NONE_WORDS else "CATEGORY_UNKNOWN"
            values: dict[str, Any] = {
                "known": Text("、".join(titles), ", ".join(spec.domain)),
                "hint": near(word, titles),
            }
            ledger.rows(code, same, field=field, sample=word, **values)
            ledger.changed(code, field, words[same])
        else:
            ledger.rows(
                "CATEGORY_ALIAS", same, field=field, sample=word, taken=Text(spec.domain[meant].title.zh, meant)
            )
            ledger.changed("CATEGORY_ALIAS", field, words[same], words[same].map(lambda _, meant=meant: meant))
    return by_word(words, lambda w: known.get(fold(w), UNKNOWN)[0]).astype("str")


UNKNOWN: tuple[str | None, bool] = (None, False)
"""What a word means that no list knows."""


def booleans(text: pd.Series, spec: FieldSpec, ledger: Ledger, field: str) -> pd.Series:
    """Read yes and no in both languages and the field's own words (``室内``, ``viaduct``)."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(text):
        return text.astype("boolean")
    known = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
    for key, value in spec.domain.items():
        known |= {fold(w): key == "true" for w in (value.title.zh, value.title.en, *value.aliases)}
    words = as_text(text)
    values = by_word(words, lambda w: known.get(fold(w)))
    strange = words.notna() & values.isna()
    if strange.any():
        ledger.rows("BOOLEAN_UNKNOWN", strange, field=field, sample=words[strange].iloc[0])
        ledger.changed("BOOLEAN_UNKNOWN", field, words[strange])
    return values.astype("boolean")


def levels(
    text: pd.Series, said: LevelsSpec | None, ledger: Ledger, field: str, stand_ins: Mapping[str, str] | None = None
) -> tuple[pd.Series, int | None]:
    """Read a level column so that the highest number is the worst.

    Parameters
    ----------
    text : Series
        Cleaned cells: words of one scale, or numbers.
    said : LevelsSpec, optional
        What the project says of numeric codes; without it they are an error, for nothing guesses the direction.
    ledger : Ledger
    field : str
    stand_ins : mapping, optional
        Words of no scale, and the words they are taken for, with a warning.

    Returns
    -------
    Series
        Int64; missing where unknown.
    int or None
        How many levels the scale has; None when nothing is known.
    """
    import pandas as pd

    codes = pd.to_numeric(text, errors="coerce")
    if not text.notna().any():
        return codes.astype("Float64").astype("Int64"), said.count if said else None
    if codes.notna().eq(text.notna()).all():
        return _numeric_levels(codes.astype("Float64").astype(float), said, ledger, field)
    return _word_levels(_stood_in(as_text(text), stand_ins or {}, ledger, field), ledger, field)


def _stood_in(words: pd.Series, stand_ins: Mapping[str, str], ledger: Ledger, field: str) -> pd.Series:
    for word, instead in stand_ins.items():
        same = words == word
        ledger.rows("LEVEL_STAND_IN", same, field=field, sample=word, taken=instead)
        ledger.changed("LEVEL_STAND_IN", field, words[same], words[same].map(lambda _, new=instead: new))
        words = words.mask(same, instead)
    return words


def _word_levels(words: pd.Series, ledger: Ledger, field: str) -> tuple[pd.Series, int | None]:
    known = {row["word"]: row for row in house().facts("levels").tables["words"].rows}
    scales = {known[w]["count"] for w in words.dropna().unique() if w in known}
    for word in sorted(w for w in words.dropna().unique() if w not in known):
        hint = near(word, list(known), cutoff=0.5)  # words of one or two hanzi
        ledger.rows("LEVEL_UNKNOWN", words == word, field=field, sample=word, hint=hint, known=listed(list(known), 40))
    if len(scales) > 1:
        ledger.note("LEVEL_MIXED", field=field)
    values = by_word(words, lambda w: known[w]["level"] if w in known else None)
    return values.astype("Float64").astype("Int64"), max(scales, default=None)


def _numeric_levels(
    codes: pd.Series, said: LevelsSpec | None, ledger: Ledger, field: str
) -> tuple[pd.Series, int | None]:
    if said is None:
        note_direction(codes.to_numpy(), ledger, field)
        return codes.where(codes.abs() < LARGEST_CODE).round().astype("Int64"), None
    wrong = codes.notna() & ~codes.isin(range(1, said.count + 1))
    if wrong.any():
        known, sample = f"1-{said.count}", f"{codes[wrong].iloc[0]:g}"
        ledger.rows("LEVEL_UNKNOWN", wrong, field=field, sample=sample, hint=Text("", ""), known=known)
    turned = to_worst_high(codes.mask(wrong).fillna(0).to_numpy().astype(int), count=said.count, worst=said.worst)
    return codes.where(codes.isna() | wrong, turned.astype(float)).mask(wrong).astype("Int64"), said.count


def note_direction(codes: Any, ledger: Ledger, field: str | None = None) -> None:
    """Note that numeric levels came without saying which end is worst; both readings are shown."""
    found, times = np.unique(codes[~np.isnan(codes)], return_counts=True)
    told = {f"{c:g}": int(n) for c, n in zip(found, times, strict=True)}
    listing = listed([f"{c} × {n}" for c, n in told.items()])
    high, low = (f"{c:g} × {told[f'{c:g}']}" for c in (found.max(), found.min()))
    ledger.note("LEVEL_DIRECTION", field=field, codes=listing, high=high, low=low, facts={"codes": told})
