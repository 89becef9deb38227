"""Tables without geometry: delimited text in any of the usual encodings."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import rules
from riskmap.data.encodings import Encoding, detect
from riskmap.data.findings import Finding
from riskmap.data.headings import (
    HEAD_ROWS,
    PLAIN,
    Headings,
    above_table,
    cell_text,
    header_row,
    unique_names,
    unit_row,
    with_units,
)
from riskmap.data.rules import finding
from riskmap.text import Text, plain

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",\t;|"


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it stands in a file: cells untouched, one header row."""

    frame: pd.DataFrame
    encoding: Encoding | None
    sheet: str | None
    findings: tuple[Finding, ...] = ()
    headings: Headings = PLAIN


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
        Unknown encoding, no header, a row with more cells than the header, a quotation mark that is never closed.
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
    head = list(frame.head(HEAD_ROWS).itertuples(index=False, name=None))
    first = header_row(head)
    stated, findings = above_table(head[:first], path, layer)
    header = [cell_text(cell) for cell in frame.iloc[first]]
    units = unit_row(list(frame.iloc[first + 1])) if len(frame) > first + 1 else None
    last = first + 1 if units else first
    header = with_units(header, units)
    frame = frame.iloc[last + 1 :].reset_index(drop=True)
    _refuse_long_rows(frame, header, path, layer)
    names, named = unique_names(header, list(frame.notna().any()), path, layer)
    frame = frame.set_axis(names, axis=1)[[n for n in names if n]]
    findings += named
    if last:
        findings.append(header_finding(path, layer, first + 1, last + 1))
    findings += _swallowed(frame, delimiter, path, layer)
    return Table(frame, found, None, (*found.findings(layer, path.name), *findings), Headings(stated))


def header_finding(path: Path, layer: str, first: int, last: int, merged: int = 0, **counts: Any) -> Finding:
    """Tell in which rows (from 1) the header stands, and how many merged ranges of the sheet were filled."""
    where = plain(f"{first}") if first == last else Text(f"{first}–{last}", f"{first}-{last}")
    if merged:
        return finding("HEADER_MERGED", layer, file=path.name, where=where, n=merged, **counts)
    return finding("HEADER_ROWS", layer, file=path.name, where=where, **counts)


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
        frame = _ragged(text, delimiter, path, layer)
    blank = frame.apply(lambda column: column.str.strip() == "")
    return frame.mask(blank.fillna(False).astype(bool)) if blank.any(axis=None) else frame


def _ragged(text: str, delimiter: str, path: Path, layer: str) -> pd.DataFrame:
    """Read rows of different lengths.

    Raises
    ------
    DataError
        A quotation mark is never closed: it would take the rest of the file for one cell.
    """
    import pandas as pd

    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begun = 0
    try:
        for row in reader:
            rows.append(row)
            begun = reader.line_num
    except csv.Error as error:
        if "unexpected end" in str(error):
            sample = re.split("\r\n|\r|\n", text)[begun][:40]
            raise rules.error("QUOTE_OPEN", file=path.name, layer=layer, line=begun + 1, sample=sample) from error
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    width = max(map(len, rows))
    filled = [[cell or None for cell in row] + [None] * (width - len(row)) for row in rows]
    return pd.DataFrame(filled, dtype="str")


def _swallowed(frame: pd.DataFrame, delimiter: str, path: Path, layer: str) -> list[Finding]:
    """Warn of cells that hold whole lines of the table: a stray quotation mark took the rows after it for text."""
    inner = re.compile(rf"\n(?:[^\n{re.escape(delimiter)}]*{re.escape(delimiter)}){{{len(frame.columns) - 1}}}")
    found = []
    for column in frame.columns if len(frame.columns) > 1 else ():
        lines = frame[column].str.contains("\n", regex=False, na=False)
        marked = lines & frame[column].where(lines).str.contains(inner, na=False)
        for row in marked.to_numpy().nonzero()[0]:
            sample = str(frame[column].iloc[row])[:40]
            found.append(finding("QUOTE_SWALLOWS", layer, file=path.name, row=str(row + 1), sample=sample))
    return found


def _refuse_long_rows(frame: pd.DataFrame, header: list[str], path: Path, layer: str) -> None:
    """Raise when cells stand under no heading beyond the last one: a separator in a text moved them there."""
    width = max((i for i, name in enumerate(header, 1) if name), default=0)
    beyond = frame.iloc[:, width:].notna()
    if beyond.any(axis=None):
        row = int(beyond.any(axis=1).to_numpy().argmax())
        n = int(frame.iloc[row].notna().to_numpy().nonzero()[0].max()) + 1
        raise rules.error("ROW_LONG", file=path.name, layer=layer, row=row + 1, n=n, wanted=width)
