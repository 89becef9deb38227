"""Tables in XLSX workbooks: title rows left out, merged headers joined, merged cells filled."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import rules
from riskmap.data.findings import Finding
from riskmap.data.headings import (
    HEAD_ROWS,
    UNIT_MARKS,
    Headings,
    above_table,
    cell_text,
    header_row,
    is_unit,
    unique_names,
    unit_row,
    with_units,
)
from riskmap.data.rules import finding, listed
from riskmap.data.spec import near
from riskmap.data.tables import Table, header_finding

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

FORMULA = re.compile(rb"<f[ >/]")


def read_xlsx(path: Path, *, sheet: str | None = None, layer: str = "") -> Table:
    """Read one sheet of a workbook.

    Parameters
    ----------
    path : Path
    sheet : str, optional
        Name of the sheet; needed when more than one sheet has a table.
    layer : str
        Layer id for the findings.

    Raises
    ------
    DataError
        No such sheet, or several tables and no name given; the message lists the sheets.
    """
    import pandas as pd

    book = _workbook(path, layer, values=True)
    page = _sheet(book, sheet, path, layer)
    grid = _filled(page)
    first = header_row([tuple(row) for row in grid[:HEAD_ROWS]])
    stated, findings = above_table([tuple(row) for row in grid[:first]], path, layer)
    last = _last_header_row(page, first + 1, len(grid))
    header, above = _joined_header(grid[first:last])
    units = unit_row(grid[last]) if len(grid) > last else None
    last += units is not None
    filled = [any(cell_text(row[i]) for row in grid[last:]) for i in range(len(header))]
    names, named = unique_names(with_units(header, units), filled, path, layer)
    findings += named
    keep = [i for i, n in enumerate(names) if n]
    lines = [number for number in range(last, len(grid)) if any(cell_text(v) for v in grid[number])]
    body = [[grid[number][i] for i in keep] for number in lines]
    merged = len(page.merged_cells.ranges)
    if last > first + 1 or first or merged:
        findings.append(header_finding(path, layer, first + 1, last, merged, rows_count=len(body)))
    findings += _hidden(book, page, path, layer) + _uncalculated(path, page.title, layer)
    frame = pd.DataFrame(body, columns=[names[i] for i in keep], dtype=object)
    headings = Headings(stated, dict(zip(names, above, strict=True)), _repeated(page, names, lines))
    return Table(frame.where(frame.notna(), None), None, page.title, tuple(findings), headings)


def sheets(path: Path, layer: str = "") -> list[tuple[str, int]]:
    """Give name and number of rows of each sheet of a workbook that looks like a table."""
    return [(s.title, s.max_row) for s in _tables(_workbook(path, layer, values=True))]


def _workbook(path: Path, layer: str, *, values: bool) -> Any:
    import openpyxl

    try:
        # by its bytes: openpyxl refuses a workbook that is called .xls
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=values)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise rules.error("FILE_TRUNCATED", file=path.name, layer=layer, why=error) from error
    except (KeyError, ValueError, OSError, TypeError, NotImplementedError) as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error) from error


def _tables(book: Any) -> list[Worksheet]:
    """Give the sheets that are tables; one column alone is a cover or a note, borders alone are nothing."""
    return [s for s in book.worksheets if s.max_row > 1 and s.max_column > 1 and _has_rows(s)]


def _has_rows(page: Worksheet) -> bool:
    """Tell whether at least two rows of a sheet hold anything, one of them two different things."""
    rows = (row for row in (_words(cells) for cells in page.iter_rows(values_only=True)) if row)
    head = list(itertools.islice(rows, HEAD_ROWS))
    return len(head) > 1 and any(len(row) > 1 for row in head)


def _words(cells: tuple[Any, ...]) -> set[str]:
    return {text for text in map(cell_text, cells) if text}


def _sheet(book: Any, name: str | None, path: Path, layer: str) -> Worksheet:
    if name is not None:
        known = [s.title for s in book.worksheets]
        if name not in known:
            hint = near(name, known)
            raise rules.error("FILE_NO_LAYER", file=path.name, layer=layer, name=name, names=listed(known), hint=hint)
        return book[name]
    tables = _tables(book)
    if not tables:
        raise rules.error("FILE_NO_TABLE", file=path.name, layer=layer)
    tables = [s for s in tables if s.sheet_state == "visible"] or tables
    called = [s for s in tables if s.title == layer]
    if len(tables) > 1 and len(called) != 1:
        names = listed([s.title for s in tables])
        raise rules.error("FILE_SEVERAL", file=path.name, layer=layer, n=len(tables), names=names)
    return called[0] if called else tables[0]


def _hidden(book: Any, page: Worksheet, path: Path, layer: str) -> list[Finding]:
    """Name the hidden sheets with tables that were not read."""
    hidden = [s.title for s in _tables(book) if s.sheet_state != "visible" and s is not page]
    return [finding("SHEET_HIDDEN", layer, file=path.name, names=listed(hidden))] if hidden else []


def _filled(page: Worksheet) -> list[list[Any]]:
    """Give all cells, each merged range filled with its first value."""
    grid = [list(row) for row in page.iter_rows(values_only=True)]
    for m in page.merged_cells.ranges:
        value = grid[m.min_row - 1][m.min_col - 1] if m.min_row <= len(grid) else None
        for row in range(m.min_row - 1, min(m.max_row, len(grid))):
            for column in range(m.min_col - 1, min(m.max_col, len(grid[row]))):
                grid[row][column] = value
    return grid


def _repeated(page: Worksheet, names: list[str], lines: list[int]) -> dict[str, tuple[int, ...]]:
    """Give, by column, the rows whose cell only repeats one that is merged over several rows."""
    label = {number: position for position, number in enumerate(lines)}
    found: dict[str, list[int]] = {}
    for m in page.merged_cells.ranges:
        below = [label[number] for number in range(m.min_row, m.max_row) if number in label and m.min_row - 1 in label]
        for column in range(m.min_col - 1, m.max_col) if below else ():
            found.setdefault(names[column], []).extend(below)
    return {name: tuple(sorted(labels)) for name, labels in found.items() if name}


def _last_header_row(page: Worksheet, first: int, height: int) -> int:
    """Give the last row (from 1) of the header.

    It reaches as far down as the merged cells that begin in it: a vertical merge to its foot, a horizontal one to the row
    of sub-headings below.
    """
    last, row = first, first
    while row <= last:
        for m in page.merged_cells.ranges:
            if m.min_row == row and m.max_col > m.min_col:
                last = max(last, m.max_row + 1)
            elif m.min_row == row:
                last = max(last, m.max_row)
        row += 1
    return min(last, height)


def _joined_header(rows: list[list[Any]]) -> tuple[list[str], list[str]]:
    """Give each column its lowest heading, and what stands above it.

    A unit alone is no heading: it goes behind the one above. A heading that stands twice gets those above it as well.
    """
    columns = []
    for cells in zip(*rows, strict=True):
        parts: list[str] = []
        for value in cells:
            text = cell_text(value)
            if parts and is_unit(text) and parts[-1] != text:
                parts[-1] += f"({text.strip(UNIT_MARKS)})"
            elif text and (not parts or parts[-1] != text):
                parts.append(text)
        columns.append(parts)
    leaves = [parts[-1] if parts else "" for parts in columns]
    header = [
        "/".join(parts) if parts and leaves.count(leaf) > 1 else leaf
        for parts, leaf in zip(columns, leaves, strict=True)
    ]
    return header, ["".join(parts[:-1]) for parts in columns]


def _uncalculated(path: Path, sheet: str, layer: str) -> list[Finding]:
    """Name the formula cells whose result was never saved: they read as empty."""
    with zipfile.ZipFile(path) as archive:
        pages = [n for n in archive.namelist() if n.startswith("xl/worksheets/") and n.endswith(".xml")]
        if not any(FORMULA.search(archive.read(n)) for n in pages):
            return []
    values = _workbook(path, layer, values=True)[sheet]
    formulas = _workbook(path, layer, values=False)[sheet]
    empty = [
        cell.coordinate
        for row in formulas.iter_rows()
        for cell in row
        if cell.data_type == "f" and values[cell.coordinate].value is None
    ]
    if not empty:
        return []
    return [finding("CELL_UNCALCULATED", layer, file=path.name, n=len(empty), sample=empty[0], rows_count=len(empty))]
