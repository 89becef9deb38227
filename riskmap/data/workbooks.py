"""Tables in XLSX workbooks: title rows left out, merged headers joined, merged cells filled."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import rules
from riskmap.data.findings import Finding
from riskmap.data.rules import finding, listed
from riskmap.data.spec import near
from riskmap.data.tables import HEAD_ROWS, Table, cell_text, header_row, unique_names, unit_row, with_units

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

    page = _sheet(_workbook(path, layer, values=True), sheet, path, layer)
    grid = _filled(page)
    first = header_row([tuple(row) for row in grid[:HEAD_ROWS]])
    last = _last_header_row(page, first + 1, len(grid))
    header = _joined_header(grid[first:last])
    units = unit_row(grid[last]) if len(grid) > last else None
    last += units is not None
    filled = [any(cell_text(row[i]) for row in grid[last:]) for i in range(len(header))]
    names, findings = unique_names(with_units(header, units), filled, path, layer)
    keep = [i for i, n in enumerate(names) if n]
    body = [[row[i] for i in keep] for row in grid[last:] if any(cell_text(v) for v in row)]
    merged = len(page.merged_cells.ranges)
    if last > first + 1 or first or merged:
        findings.append(
            finding("HEADER_MERGED", layer, file=path.name, first=first + 1, last=last, n=merged, rows_count=len(body))
        )
    findings += _shared_numbers(page, header, last, path, layer)
    findings += _uncalculated(path, page.title, layer)
    frame = pd.DataFrame(body, columns=[names[i] for i in keep], dtype=object)
    return Table(frame.where(frame.notna(), None), None, page.title, tuple(findings))


def sheets(path: Path, layer: str = "") -> list[tuple[str, int]]:
    """Give name and number of rows of each sheet of a workbook that looks like a table."""
    return [(s.title, s.max_row) for s in _tables(_workbook(path, layer, values=True))]


def _workbook(path: Path, layer: str, *, values: bool) -> Any:
    import openpyxl

    try:
        return openpyxl.load_workbook(path, data_only=values)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise rules.error("FILE_TRUNCATED", file=path.name, layer=layer, why=error) from error
    except (KeyError, ValueError, OSError, TypeError, NotImplementedError) as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error) from error


def _tables(book: Any) -> list[Worksheet]:
    """Give the sheets that are tables; one column alone is a cover or a note."""
    return [s for s in book.worksheets if s.max_row > 1 and s.max_column > 1]


def _sheet(book: Any, name: str | None, path: Path, layer: str) -> Worksheet:
    if name is not None:
        if name not in book.sheetnames:
            hint = near(name, book.sheetnames)
            raise rules.error(
                "FILE_NO_LAYER", file=path.name, layer=layer, name=name, names=listed(book.sheetnames), hint=hint
            )
        return book[name]
    tables = _tables(book)
    if not tables:
        raise rules.error("FILE_NO_TABLE", file=path.name, layer=layer)
    called = [s for s in tables if s.title == layer]
    if len(tables) > 1 and len(called) != 1:
        names = listed([s.title for s in tables])
        raise rules.error("FILE_SEVERAL", file=path.name, layer=layer, n=len(tables), names=names)
    return called[0] if called else tables[0]


def _filled(page: Worksheet) -> list[list[Any]]:
    """Give all cells, each merged range filled with its first value."""
    grid = [list(row) for row in page.iter_rows(values_only=True)]
    for m in page.merged_cells.ranges:
        value = grid[m.min_row - 1][m.min_col - 1] if m.min_row <= len(grid) else None
        for row in range(m.min_row - 1, min(m.max_row, len(grid))):
            for column in range(m.min_col - 1, min(m.max_col, len(grid[row]))):
                grid[row][column] = value
    return grid


def _shared_numbers(page: Worksheet, header: list[str], last: int, path: Path, layer: str) -> list[Finding]:
    """Warn of numbers merged over several rows: each row now holds what may be the total of them all."""
    columns = {
        header[m.min_col - 1]
        for m in page.merged_cells.ranges
        if m.min_row > last and m.max_row > m.min_row and isinstance(m.start_cell.value, (int, float))
    }
    if not columns:
        return []
    return [finding("CELLS_SHARED", layer, file=path.name, columns=listed(sorted(columns)))]


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


def _joined_header(rows: list[list[Any]]) -> list[str]:
    """Give each column its lowest heading; where that stands twice, the headings above it as well."""
    columns = []
    for cells in zip(*rows, strict=True):
        parts: list[str] = []
        for value in cells:
            text = cell_text(value)
            if text and (not parts or parts[-1] != text):
                parts.append(text)
        columns.append(parts)
    leaves = [parts[-1] if parts else "" for parts in columns]
    return [
        "/".join(parts) if parts and leaves.count(leaf) > 1 else leaf
        for parts, leaf in zip(columns, leaves, strict=True)
    ]


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
