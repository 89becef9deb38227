"""Where the header of a sheet stands, what its columns are called, and what the sheet says around its cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskmap.data.findings import Finding
from riskmap.data.rules import finding, listed
from riskmap.data.units import fold, unit_words

HEAD_ROWS = 50
"""Rows in which the header is looked for."""

NAMELESS = "列"
"""With its number, the name of a column that has none."""

FORM_FIELD = re.compile(r"^[^：:]{1,12}[：:]")
"""A cell of the form around a table: ``填报单位：永和县民政局``."""
FORM_WORD = re.compile(
    r"^((填报|填表|编制|制表|统计|上报|报送|审核|主管)?(单位|部门|日期|时间|人)|负责人|联系人|联系电话|表号|附[件表]\d*|年度)[：:]?$"
)
DATE = re.compile(r"^\d{4}\s*[-/.年]")
MOST_FORM_CELLS = 4
"""A line of the form has no more cells than two labels with their answers."""

STATED_UNIT = re.compile(r"(?:计量)?单位[：:]\s*([^）)\s]+(?:\s*[、，,/；;]\s*[^）)\s]+)*)")
UNIT_MARKS = "()（）[]【】"


@dataclass(frozen=True, eq=False)
class Headings:
    """What a delivery says of its columns beside their names.

    Parameters
    ----------
    stated : tuple of str
        Units that stand above a table: ``单位：万人``.
    above : mapping
        Column -> the heading above it, where a header has several rows: ``威胁对象`` above ``人数``.
    repeated : mapping
        Column -> labels of rows whose cell only repeats one that is merged over several rows.
    weak : frozenset of str
        Columns that are empty, or that the format itself brings: taken for a field only where no other column will do.
    """

    stated: tuple[str, ...] = ()
    above: Mapping[str, str] = field(default_factory=dict)
    repeated: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()


PLAIN = Headings()
"""Of a delivery that says nothing but its columns' names."""


def header_row(rows: list[tuple[Any, ...]]) -> int:
    """Give the position of the header: the first row with two different values that is no line of a form."""
    cells = [[c for c in map(cell_text, row) if c] for row in rows]
    width = max((len(set(row)) for row in cells), default=0)
    several = [position for position, row in enumerate(cells) if len(set(row)) > 1]
    return next((p for p in several if not _of_a_form(cells[p], width)), several[0] if several else 0)


def _of_a_form(cells: list[str], width: int) -> bool:
    """Tell whether a row belongs to the form around a table: who filled it in, when, in which unit."""
    labels = [bool(FORM_FIELD.match(c)) for c in cells]
    if any(labels) and all(label or DATE.match(c) for label, c in zip(labels, cells, strict=True)):
        return True
    distinct = len(set(cells))
    few = distinct <= MOST_FORM_CELLS and 2 * distinct <= width
    return few and any(FORM_WORD.match(re.sub(r"\s", "", c)) for c in cells)


def above_table(rows: list[tuple[Any, ...]], path: Path, layer: str) -> tuple[tuple[str, ...], list[Finding]]:
    """Give the units that the lines above a header state, and what these lines say: they are no rows, but not nothing."""
    texts = list(dict.fromkeys(cell_text(v) for row in rows for v in row if cell_text(v)))
    if not texts:
        return (), []
    found = finding("TABLE_TITLE", layer, file=path.name, texts=listed(texts, 6), rows_count=len(rows))
    words = [w for text in texts for said in STATED_UNIT.findall(text) for w in re.split(r"[、，,/；;\s]+", said)]
    return tuple(w for w in words if fold(w) in unit_words()), [found]


def cell_text(value: Any) -> str:
    """Give a heading as text: no line breaks, no outer blanks, empty for nothing."""
    if value is None or value != value:  # noqa: PLR0124 (NaN is the one value unequal to itself)
        return ""
    return str(value).replace("\r", "").replace("\n", "").strip()


def is_unit(text: str) -> bool:
    """Tell whether a heading is nothing but a unit, in brackets or not."""
    word = text.strip(UNIT_MARKS)
    return bool(word) and not word.isdigit() and fold(word) in unit_words()


def unit_row(cells: list[Any]) -> list[str] | None:
    """Give the units of a row that holds nothing else, in brackets or not, empty where it says none; else None."""
    words = [cell_text(c) for c in cells]
    if not any(words) or not all(w == "" or is_unit(w) for w in words):
        return None
    return [w.strip(UNIT_MARKS) for w in words]


def with_units(header: list[str], units: list[str] | None) -> list[str]:
    """Give headings with the unit that stands below them: ``人口(万人)``."""
    if units is None:
        return header
    return [f"{name}({unit})" if name and unit else name for name, unit in zip(header, units, strict=True)]


def unique_names(header: list[str], filled: list[bool], path: Path, layer: str) -> tuple[list[str], list[Finding]]:
    """Make repeated headings different (``name``, ``name_2``), so that no column hides another.

    A column without a heading is called by its number when it holds anything (``filled``), and has no name when not.
    """
    seen: dict[str, int] = {}
    out = []
    nameless = [
        f"{NAMELESS}{i}" for i, (name, any_) in enumerate(zip(header, filled, strict=True), 1) if any_ and not name
    ]
    header = [name or (f"{NAMELESS}{i}" if filled[i - 1] else "") for i, name in enumerate(header, 1)]
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 or not name else f"{name}_{seen[name]}")
    again = sorted(n for n, times in seen.items() if n and times > 1)
    found = [finding("HEADER_REPEATED", layer, file=path.name, names=listed(again))] if again else []
    if nameless:
        found.append(finding("HEADER_NAMELESS", layer, file=path.name, names=listed(nameless)))
    return out, found
