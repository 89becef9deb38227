"""Tables without geometry: delimited text in any of the usual encodings, and what text and workbooks share."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import rules
from riskmap.data.encodings import Encoding, detect
from riskmap.data.findings import Finding
from riskmap.data.rules import finding, listed
from riskmap.data.units import fold, unit_words

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",\t;|"

NAMELESS = "列"
"""With its number, the name of a column that has none."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it stands in a file: cells untouched, one header row."""

    frame: pd.DataFrame
    encoding: Encoding | None
    sheet: str | None
    findings: tuple[Finding, ...] = ()


def read_csv(path: Path, *, encoding: str | None = None, layer: str = "") -> Table:
    """Read a delimited text file; every cell stays text, an empty cell is missing, wholly empty rows are no rows.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Declared encoding; found from the bytes when absent.
    layer : str
        Layer id for the findings.

    Raises
    ------
    DataError
        Unknown encoding, no header, or a row with more cells than the header.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error.strerror) from error
    found = detect(data, declared=encoding, file=path.name)
    text = data.decode(found.name).removeprefix("\ufeff")
    del data
    delimiter = _delimiter(text)
    frame = _parsed(text, delimiter, path, layer)
    frame = frame[frame.notna().any(axis=1)]
    if frame.empty:
        raise rules.error("FILE_NO_TABLE", file=path.name, layer=layer)
    first = header_row(list(frame.head(HEAD_ROWS).itertuples(index=False, name=None)))
    header = [cell_text(cell) for cell in frame.iloc[first]]
    units = unit_row(list(frame.iloc[first + 1])) if len(frame) > first + 1 else None
    last = first + 1 if units else first
    header = with_units(header, units)
    frame = frame.iloc[last + 1 :].reset_index(drop=True)
    _refuse_long_rows(frame, header, path, layer)
    names, findings = unique_names(header, list(frame.notna().any()), path, layer)
    frame = frame.set_axis(names, axis=1)[[n for n in names if n]]
    if last:
        findings.append(finding("HEADER_MERGED", layer, file=path.name, first=first + 1, last=last + 1, n=0))
    return Table(frame, found, None, (*found.findings(layer, path.name), *findings))


HEAD_ROWS = 50
"""Rows in which the header is looked for."""


def header_row(rows: list[tuple[Any, ...]]) -> int:
    """Give the position of the header: the first row with two different values; rows above it hold one, a title."""
    for position, row in enumerate(rows):
        if len({cell_text(v) for v in row} - {""}) > 1:
            return position
    return 0


def cell_text(value: Any) -> str:
    """Give a heading as text: no line breaks, no outer blanks, empty for nothing."""
    if value is None or value != value:  # noqa: PLR0124 (NaN is the one value unequal to itself)
        return ""
    return str(value).replace("\r", "").replace("\n", "").strip()


def unit_row(cells: list[Any]) -> list[str] | None:
    """Give the units of a row that holds nothing else, in brackets or not, empty where it says none; else None."""
    words = [cell_text(c).strip("()（）[]") for c in cells]
    if not any(words) or not all(w == "" or fold(w) in unit_words() for w in words):
        return None
    # the number 1 or a blank row is no row of units
    return words if any(not w.isdigit() for w in words if w) else None


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


def _delimiter(text: str) -> str:
    """Give the separator that splits the first lines into most cells."""
    lines = text[: 1 << 16].splitlines()[:5]

    def cells(mark: str) -> int:
        return max((len(row) for row in csv.reader(lines, delimiter=mark)), default=0)

    return max(DELIMITERS, key=lambda mark: (cells(mark), -DELIMITERS.index(mark)))


def _parsed(text: str, delimiter: str, path: Path, layer: str) -> pd.DataFrame:
    """Give all rows with the header still among them; short rows are filled up with missing cells."""
    import pandas as pd

    try:
        # the fast reader takes the width from the first rows and refuses longer ones
        frame = pd.read_csv(
            io.StringIO(text, newline=""),
            sep=delimiter,
            header=None,
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=True,
            engine="c",
        )
    except pd.errors.EmptyDataError as error:
        raise rules.error("FILE_NO_TABLE", file=path.name, layer=layer) from error
    except pd.errors.ParserError:
        frame = _ragged(text, delimiter)
    blank = frame.apply(lambda column: column.str.strip() == "")
    return frame.mask(blank.fillna(False).astype(bool)) if blank.any(axis=None) else frame


def _ragged(text: str, delimiter: str) -> pd.DataFrame:
    """Read rows of different lengths."""
    import pandas as pd

    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    width = max(map(len, rows))
    filled = [[cell or None for cell in row] + [None] * (width - len(row)) for row in rows]
    return pd.DataFrame(filled, dtype="str")


def _refuse_long_rows(frame: pd.DataFrame, header: list[str], path: Path, layer: str) -> None:
    """Raise when cells stand under no heading beyond the last one: a separator in a text moved them there."""
    width = max((i for i, name in enumerate(header, 1) if name), default=0)
    beyond = frame.iloc[:, width:].notna()
    if beyond.any(axis=None):
        row = int(beyond.any(axis=1).to_numpy().argmax())
        n = int(frame.iloc[row].notna().to_numpy().nonzero()[0].max()) + 1
        raise rules.error("ROW_LONG", file=path.name, layer=layer, row=row + 1, n=n, wanted=width)
