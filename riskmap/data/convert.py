"""Cells as delivered to values as declared: numbers, codes, dates, categories and levels. Every change is a finding."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.findings import Finding
from riskmap.data.matching import fold
from riskmap.data.spec import FieldSpec, near
from riskmap.errors import UnitError
from riskmap.text import Text, plain

if TYPE_CHECKING:
    import pandas as pd

NUMBER = re.compile(
    r"^(?P<about>约|大约|近|≈|~|超过|不足)?(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?P<unit>[^\d\s]*?)(?P<more>多|余|左右|以上)?$"
)
EXCEL_DAY_ZERO = date(1899, 12, 30)
EXCEL_DAYS = range(10_000, 80_000)
"""Day numbers of the years 1927-2119: a date column that holds them was saved by a spreadsheet."""

Units = dict[str, tuple[str, float]]


def column(
    cells: pd.Series, spec: FieldSpec, *, unit: str | None, units: Units, keys: pd.Series
) -> tuple[pd.Series, list[Finding]]:
    """Turn the cells of one column into the declared type.

    Parameters
    ----------
    cells : Series
        As delivered: text, numbers, missing.
    spec : FieldSpec
    unit : str, optional
        Unit of the delivery where it differs from the layer's.
    units : dict
        Word -> (base unit, factor).
    keys : Series
        Name of each row for the findings.

    Returns
    -------
    Series
        Same index; missing stays missing, never 0.
    list of Finding
        Without layer and file; the caller fills them in.
    """
    notes: list[Finding] = []
    text = clean(cells, keys, notes)
    if spec.type in ("integer", "number", "share"):
        values = _numbers(text, spec, unit, units, keys, notes)
    elif spec.type == "code":
        values = _codes(text, spec, keys, notes)
    elif spec.type == "date":
        values = _dates(text, keys, notes)
    elif spec.type == "category":
        values = _categories(text, spec, keys, notes)
    elif spec.type == "boolean":
        values = _booleans(text, spec, keys, notes)
    else:
        values = text.map(str, na_action="ignore") if spec.type == "text" else text
    if spec.required and values.isna().any():
        notes.append(
            _rows(
                values.isna(),
                keys,
                "warning",
                "FIELD_NULL",
                Text("缺值，按未知处理，不当作 0", "no value: unknown, not 0"),
            )
        )
    return values, notes


def clean(cells: pd.Series, keys: pd.Series, notes: list[Finding]) -> pd.Series:
    """Fold full-width characters and outer blanks of text cells; empty text is missing."""
    if not _is_text(cells):
        return cells
    # full-width digits and letters are typing; full-width punctuation in a name is how the name is written
    folded = cells.map(_half_width, na_action="ignore")
    wide = cells.notna() & (folded != cells)
    stripped = folded.map(lambda v: v.strip() if isinstance(v, str) else v, na_action="ignore")
    blank = folded.notna() & (stripped != folded) & (stripped != "")
    if wide.any():
        notes.append(
            _rows(
                wide,
                keys,
                "note",
                "TEXT_FULLWIDTH",
                Text("全角字符已转为半角", "full-width characters were made half-width"),
            )
        )
    if blank.any():
        notes.append(_rows(blank, keys, "note", "TEXT_BLANK", Text("前后空格已去掉", "outer blanks were taken off")))
    return stripped.where(stripped != "", None)


def _half_width(value: Any) -> Any:
    if not isinstance(value, str) or value.isascii():
        return value
    return "".join(unicodedata.normalize("NFKC", c) if c.isalnum() or c in "．－＋　" else c for c in value)


def _is_text(cells: pd.Series) -> bool:
    return cells.dtype == object or str(cells.dtype) in ("string", "str")


def _numbers(
    text: pd.Series, spec: FieldSpec, unit: str | None, units: Units, keys: pd.Series, notes: list[Finding]
) -> pd.Series:
    import pandas as pd

    values = pd.to_numeric(text, errors="coerce").astype(float)
    odd = values.isna() & text.notna()
    if odd.any():
        values = _odd_numbers(text, values, odd, spec, units, keys, notes)
    if unit is not None and spec.unit is not None and fold(unit) != fold(spec.unit):
        factor = factor_between(unit, spec.unit, units)
        values = values * factor
        message = Text(
            f"由 {unit} 换算为 {spec.unit}（×{factor:g}）", f"converted from {unit} to {spec.unit} (x {factor:g})"
        )
        notes.append(Finding("", "note", "UNIT_CONVERTED", message, rows=int(values.notna().sum())))
    _check_range(values, spec, keys, notes)
    if spec.type == "integer":
        whole = values.isna() | (values == values.round())
        if not whole.all():
            notes.append(
                _rows(
                    ~whole,
                    keys,
                    "warning",
                    "NUMBER_NOT_WHOLE",
                    Text("不是整数，已四舍五入", "not a whole number; rounded"),
                )
            )
        return values.round().astype("Int64")
    return values


def _odd_numbers(
    text: pd.Series,
    values: pd.Series,
    odd: pd.Series,
    spec: FieldSpec,
    units: Units,
    keys: pd.Series,
    notes: list[Finding],
) -> pd.Series:
    """Read the cells that are not plain numbers: ``约50``, ``1,200``, ``50人``; what cannot be read stays missing."""
    values = values.copy()
    about, unread = odd & False, odd & False
    for row in odd.index[odd]:
        parts = NUMBER.match(unicodedata.normalize("NFKC", str(text[row])).replace(",", "").replace(" ", ""))
        factor = _suffix_factor(parts["unit"], spec, units) if parts else None
        if parts is None or factor is None:
            unread[row] = True
            continue
        values[row] = float(parts["number"]) * factor
        about[row] = bool(parts["about"] or parts["more"])
    for marked, code, message in (
        (about, "NUMBER_APPROXIMATE", Text("约数，按所写的数读取", "an approximate number, read as written")),
        (unread, "NUMBER_UNREADABLE", Text("读不出数字，按未知处理", "not a number: unknown")),
    ):
        for row in marked.index[marked]:
            quoted = Text(f"{text[row]!r}：", f"{text[row]!r}: ") + message
            notes.append(Finding("", "warning", code, quoted, row=str(keys[row])))
    return values


def _suffix_factor(word: str, spec: FieldSpec, units: Units) -> float | None:
    """Give the factor of a unit written behind a number, None when the word is no unit of this field."""
    if not word:
        return 1.0
    if word == "万":
        return 1e4
    if fold(word) not in units or spec.unit is None or fold(spec.unit) not in units:
        return None
    if units[fold(word)][0] != units[fold(spec.unit)][0]:
        return None
    return factor_between(word, spec.unit, units)


def factor_between(given: str, wanted: str, units: Units) -> float:
    """Give the factor from one unit to another.

    Raises
    ------
    UnitError
        If one is unknown or they measure different things.
    """
    a, b = units.get(fold(given)), units.get(fold(wanted))
    if a is None or b is None or a[0] != b[0]:
        raise UnitError(
            Text(f"不能从 {given} 换算到 {wanted}", f"cannot convert {given} to {wanted}"),
            remedy=Text(f"改用 {wanted}，或在 fields 里指明列", f"deliver {wanted}, or name the column in fields"),
        )
    return a[1] / b[1]


def _check_range(values: pd.Series, spec: FieldSpec, keys: pd.Series, notes: list[Finding]) -> None:
    low, high = spec.min, spec.max
    outside = values.notna() & ~values.between(-np.inf if low is None else low, np.inf if high is None else high)
    if not outside.any():
        return
    worst = values[outside].iloc[0]
    unit = f" {spec.unit}" if spec.unit else ""
    code = "COUNT_NEGATIVE" if low == 0 and (values[outside] < 0).all() else "VALUE_DOMAIN"
    bounds = f"{'-∞' if low is None else f'{low:g}'} … {'∞' if high is None else f'{high:g}'}{unit}"
    message = Text(f"值 {worst:g} 超出 {bounds}", f"the value {worst:g} is outside {bounds}")
    notes.append(
        _rows(
            outside,
            keys,
            "error",
            code,
            message,
            Text("核对数值和单位后更正", "check value and unit, and correct them"),
        )
    )


def _codes(text: pd.Series, spec: FieldSpec, keys: pd.Series, notes: list[Finding]) -> pd.Series:
    """Keep codes as text; a code that a spreadsheet turned into a number lost its digits."""
    values = text.map(_code_text, na_action="ignore")
    lost = values.notna() & values.map(lambda v: bool(re.search(r"\d[eE]\+?\d", str(v))), na_action="ignore").fillna(
        False
    ).astype(bool)
    if lost.any():
        message = Text(
            "编码被存成了科学计数法，后几位已丢失",
            "the code was saved in scientific notation; its last digits are gone",
        )
        remedy = Text("从原表按文本重新导出", "export it again from the original, as text")
        notes.append(_rows(lost, keys, "error", "CODE_PRECISION_LOST", message, remedy))
    if spec.digits:
        wrong = (
            values.notna()
            & ~lost
            & ~values.map(lambda v: str(v).isdigit() and len(str(v)) in spec.digits, na_action="ignore").eq(True)
        )
        if wrong.any():
            wanted = "/".join(map(str, spec.digits))
            message = Text(
                f"编码不是 {wanted} 位数字，例如 {values[wrong].iloc[0]!r}",
                f"the code has not {wanted} digits, for example {values[wrong].iloc[0]!r}",
            )
            notes.append(_rows(wrong, keys, "warning", "CODE_SHAPE", message))
    return values


def _code_text(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    return text[:-2] if re.fullmatch(r"\d+\.0", text) else text


def _dates(text: pd.Series, keys: pd.Series, notes: list[Finding]) -> pd.Series:
    """Give dates as ``YYYY-MM-DD`` text (or ``YYYY-MM``, ``YYYY`` where no more is known)."""
    values, serial, unread = text.copy().astype(object), text.isna() & False, text.isna() & False
    for row in text.index[text.notna()]:
        values[row], serial[row] = _date(text[row])
        unread[row] = values[row] is None
    if serial.any():
        notes.append(
            _rows(
                serial,
                keys,
                "note",
                "DATE_SERIAL",
                Text("表格软件的日序号已转为日期", "spreadsheet day numbers were made dates"),
            )
        )
    if unread.any():
        notes.append(
            _rows(unread, keys, "warning", "DATE_UNREADABLE", Text("读不出日期，按未知处理", "not a date: unknown"))
        )
    return values


def _date(value: Any) -> tuple[str | None, bool]:
    """Give the ISO date and whether it came as a spreadsheet's day number."""
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d"), False
    text = str(value).strip()
    if re.fullmatch(r"\d{5}(\.0)?", text) and int(float(text)) in EXCEL_DAYS:
        return (EXCEL_DAY_ZERO + timedelta(days=int(float(text)))).isoformat(), True
    parts = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})?[-/.月]?(\d{1,2})?日?(?:[ T].*)?", text)
    if not parts:
        return None, False
    year, month, day = (int(p) if p else None for p in parts.groups())
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        return None, False
    return "-".join([f"{year:04d}"] + [f"{p:02d}" for p in (month, day) if p is not None]), False


def _categories(text: pd.Series, spec: FieldSpec, keys: pd.Series, notes: list[Finding]) -> pd.Series:
    words: dict[str, tuple[str, bool]] = {}
    for key, value in spec.domain.items():
        words |= {fold(w): (key, False) for w in (key, value.title.zh, value.title.en)}
        words |= {fold(a): (key, True) for a in value.aliases}
    text = text.map(_code_text, na_action="ignore")
    found = text.map(lambda v: words.get(fold(v), (None, False)), na_action="ignore")
    values = found.map(lambda f: f[0], na_action="ignore").where(found.notna(), None)
    aliased = found.map(lambda f: f[1], na_action="ignore").eq(True)
    for word, rows in text[aliased].groupby(text[aliased], sort=True):
        key = values[rows.index[0]]
        message = Text(f"{word!r} 按 {spec.domain[key].title.zh} 处理", f"{word!r} is taken as {key}")
        notes.append(_rows(aliased & (text == word), keys, "note", "CATEGORY_ALIAS", message))
    strange = text.notna() & values.isna()
    known = [d.title.zh for d in spec.domain.values()]
    for word, _ in text[strange].groupby(text[strange], sort=True):
        message = Text(
            f"{word!r} 不在 {'、'.join(known)} 之中，按未知处理",
            f"{word!r} is none of {', '.join(spec.domain)}: unknown",
        )
        notes.append(_rows(strange & (text == word), keys, "warning", "CATEGORY_UNKNOWN", message + near(word, known)))
    return values


def _booleans(text: pd.Series, spec: FieldSpec, keys: pd.Series, notes: list[Finding]) -> pd.Series:
    """Read yes and no in both languages and the field's own words (``室内``, ``viaduct``)."""
    words = dict.fromkeys(("1", "true", "yes", "y", "t", "是", "有"), True) | dict.fromkeys(
        ("0", "false", "no", "n", "f", "否", "无"), False
    )
    for key, value in spec.domain.items():
        words |= {fold(w): key == "true" for w in (value.title.zh, value.title.en, *value.aliases)}
    values = text.map(lambda v: words.get(fold(_code_text(v))), na_action="ignore")
    strange = text.notna() & values.isna()
    if strange.any():
        message = Text(
            f"{text[strange].iloc[0]!r} 不是“是/否”，按未知处理",
            f"{text[strange].iloc[0]!r} is neither yes nor no: unknown",
        )
        notes.append(_rows(strange, keys, "warning", "BOOLEAN_UNKNOWN", message))
    return values.astype("boolean")


def levels(
    cells: pd.Series, words: tuple[dict[str, Any], ...], keys: pd.Series
) -> tuple[pd.Series, int | None, list[Finding]]:
    """Read a level column: words of one scale, or numbers.

    Returns
    -------
    Series
        float; the word's level (highest = worst), or the number as delivered.
    int or None
        Number of levels of the words' scale; None when the cells are numbers.
    list of Finding
        A word of no scale, or of two scales, is an error: nothing is guessed.
    """
    import pandas as pd

    notes: list[Finding] = []
    text = clean(cells, keys, notes)
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers.notna().eq(text.notna()).all():
        return numbers.astype(float), None, notes
    known = {row["word"]: row for row in words}
    scales = {known[w]["count"] for w in text.dropna().map(str) if w in known}
    values = text.map(
        lambda w: float(known[str(w)]["level"]) if str(w) in known else np.nan, na_action="ignore"
    ).astype(float)
    for row in text.index[text.notna() & values.isna()]:
        message = Text(f"等级用词 {text[row]!r} 不认识", f"unknown word for a level: {text[row]!r}") + near(
            str(text[row]), list(known)
        )
        remedy = Text("只用：" + "、".join(known), "use only " + ", ".join(known))
        notes.append(Finding("", "error", "LEVEL_UNKNOWN", message, remedy, row=str(keys[row])))
    if len(scales) > 1:
        message = Text("混用了五级和四级的用词", "words of the five-level and the four-level scale are mixed")
        notes.append(Finding("", "error", "LEVEL_MIXED", message, Text("统一为一种", "use one scale")))
    return values, max(scales, default=None), notes


def _rows(
    mask: pd.Series, keys: pd.Series, severity: Any, code: str, message: Text, remedy: Text | None = None
) -> Finding:
    """Make one finding for all marked rows, naming the first ones."""
    names = [str(k) for k in keys[mask].tolist()]
    listed = plain(", ".join(names[:5]) + (" …" if len(names) > 5 else ""))
    where = Text("（{n} 行：{rows}）", " ({n} rows: {rows})").format(n=len(names), rows=listed)
    return Finding(
        "", severity, code, message + where, remedy, row=names[0] if len(names) == 1 else None, rows=len(names)
    )
