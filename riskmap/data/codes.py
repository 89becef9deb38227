"""Codes and ids, which are text however a spreadsheet saved them, and dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.cells import is_text
from riskmap.data.ledger import Ledger
from riskmap.data.numbers import NONE_WORDS
from riskmap.data.rules import listed
from riskmap.data.spec import FieldSpec

if TYPE_CHECKING:
    import pandas as pd

SCIENTIFIC = r"^\d(\.\d+)?[eE]\+?\d+$"
DECIMALS = re.compile(r"^\d+\.0+$")
EXCEL_DAY_ZERO = date(1899, 12, 30)
EXCEL_DAYS = range(10_000, 80_000)
"""Day numbers of the years 1927-2119: a date column that holds them was saved by a spreadsheet."""

WRITTEN = re.compile(
    r"^(?P<year>\d{4})(?:[-/.年](?P<month>\d{1,2})(?:[-/.月](?P<day>\d{1,2}))?)?[日月年号]?(?:[ T]\d.*)?$"
)
COMPACT = re.compile(r"^(?P<year>(?:1[89]|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)?$")
"""Without separators only whole years, months of two digits and days of two digits are dates: 2014111 is none."""


def codes(text: pd.Series, spec: FieldSpec, ledger: Ledger, field: str) -> pd.Series:
    """Give codes as text; digits that a spreadsheet rounded away are an error."""
    values = as_text(text)
    lost = values.str.match(SCIENTIFIC, na=False)
    if lost.any():
        distinct = int(values[lost].nunique())
        ledger.rows("CODE_PRECISION_LOST", lost, field=field, distinct=distinct, facts={"distinct_codes": distinct})
    if spec.digits:
        lengths = "|".join(rf"\d{{{n}}}" for n in spec.digits)
        wrong = values.notna() & ~lost & ~values.str.fullmatch(lengths, na=False)
        if wrong.any():
            wanted = "/".join(map(str, spec.digits))
            ledger.rows("CODE_SHAPE", wrong, field=field, wanted=wanted, sample=values[wrong].iloc[0])
    if spec.unique:
        note_duplicates(values, ledger, field)
    return values


def note_duplicates(values: pd.Series, ledger: Ledger, field: str) -> None:
    """Note ids that stand more than once, with the numbers of their rows."""
    again = values.notna() & values.duplicated(keep=False)
    if not again.any():
        return
    twice = sorted(values[again].unique())
    facts = {"ids": [str(v) for v in twice[:100]]}
    ledger.rows(
        "ID_DUPLICATE", again, field=field, sample=listed([str(v) for v in twice], 3), n=len(twice), facts=facts
    )


def as_text(cells: pd.Series) -> pd.Series:
    """Give cells as text; numbers without the decimals that a table added (``13800000000.0`` is a telephone number)."""
    import pandas as pd

    if not is_text(cells):
        if pd.api.types.is_float_dtype(cells):
            whole = cells.isna() | (cells == cells.round())
            if whole.all():
                cells = cells.astype("Float64").astype("Int64")
        return cells.astype("str") if not pd.api.types.is_bool_dtype(cells) else cells.map(str, na_action="ignore")
    if cells.dtype == object:
        cells = cells.map(code_text, na_action="ignore").astype("str")
    decimals = cells.str.match(r"^\d+\.0+$", na=False)
    return cells.mask(decimals, cells[decimals].str.split(".").str[0]) if decimals.any() else cells


def by_word(words: pd.Series, meaning: Callable[[str], Any]) -> pd.Series:
    """Give what each text means, asking once for each distinct text; missing stays missing."""
    import pandas as pd

    numbers, distinct = pd.factorize(words)
    told = np.array([*(meaning(str(w)) for w in distinct), None], dtype=object)
    return pd.Series(told[numbers], index=words.index, dtype=object)


def code_text(value: Any) -> str:
    """Give a cell as the code it stands for: ``370305001.0`` is ``370305001``."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text.split(".", maxsplit=1)[0] if DECIMALS.match(text) else text


def dates(text: pd.Series, ledger: Ledger, field: str) -> pd.Series:
    """Give dates as ``YYYY-MM-DD`` text (or ``YYYY-MM``, ``YYYY`` where no more is known)."""
    words = text if str(text.dtype) == "str" else text.map(_date_word, na_action="ignore").astype("str")
    codes = by_word(words, lambda w: _date(w)[1])
    values = by_word(words, lambda w: _date(w)[0]).astype("str")
    serial = codes == "DATE_SERIAL"
    ledger.rows("DATE_SERIAL", serial, field=field)
    ledger.changed("DATE_SERIAL", field, words[serial], values[serial])
    rewritten = values.notna() & (values != words) & ~serial
    ledger.rows("DATE_REWRITTEN", rewritten, field=field, sample=words[rewritten].iloc[0] if rewritten.any() else "")
    ledger.changed("DATE_REWRITTEN", field, words[rewritten], values[rewritten])
    for code in ("VALUE_NONE_WORD", "DATE_UNREADABLE"):
        marked = codes == code
        if marked.any():
            ledger.rows(code, marked, field=field, sample=words[marked].iloc[0])
            ledger.changed(code, field, words[marked])
    return values


def _date_word(value: Any) -> str:
    return value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else str(value).strip()


def _date(text: str) -> tuple[str | None, str | None]:
    """Give the ISO date and the code of the finding, None where there is nothing to say."""
    if text.lower() in NONE_WORDS:
        return None, "VALUE_NONE_WORD"
    if re.fullmatch(r"\d{5}(\.\d+)?", text) and int(float(text)) in EXCEL_DAYS:
        return (EXCEL_DAY_ZERO + timedelta(days=int(float(text)))).isoformat(), "DATE_SERIAL"
    parts = WRITTEN.match(text) or COMPACT.match(text)
    if not parts:
        return None, "DATE_UNREADABLE"
    year, (month, day) = int(parts["year"]), (int(p) if p else None for p in parts.group("month", "day"))
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None, "DATE_UNREADABLE"
    return "-".join([f"{year:04d}"] + [f"{p:02d}" for p in (month, day) if p is not None]), None
