"""Tables without geometry: CSV in any of the usual encodings, and XLSX with merged headers."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data.encodings import Encoding, detect
from riskmap.data.findings import Finding
from riskmap.data.spec import near
from riskmap.errors import DataError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True, eq=False)
class Table:
    """A table as it stands in a file: cells untouched, one header row."""

    frame: pd.DataFrame
    encoding: Encoding | None
    sheet: str | None
    findings: tuple[Finding, ...] = ()


def read_csv(path: Path, *, encoding: str | None = None, layer: str = "") -> Table:
    """Read a delimited text file; every cell stays text, an empty cell is missing.

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
    import pandas as pd

    data = path.read_bytes()
    found = detect(data, declared=encoding, file=path.name)
    text = data.decode(found.name).removeprefix("\ufeff")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise DataError(Text("文件没有内容", "the file has no content"), file=path.name, layer=layer)
    header = _names([cell.strip() for cell in rows[0]])
    for number, row in enumerate(rows[1:], 1):
        if any(cell.strip() for cell in row[len(header) :]):
            raise DataError(
                Text(
                    f"有 {len(row)} 个单元格，表头只有 {len(header)} 个",
                    f"{len(row)} cells under a header of {len(header)}",
                ),
                remedy=Text("检查该行的分隔符和引号", "check that row's separators and quotes"),
                file=path.name,
                layer=layer,
                row=number,
            )
    cells = [[_cell(c) for c in row[: len(header)]] + [None] * (len(header) - len(row)) for row in rows[1:]]
    return Table(pd.DataFrame(cells, columns=header, dtype=object), found, None)


def _cell(text: str) -> str | None:
    return text if text.strip() else None


def _delimiter(text: str) -> str:
    """Give the separator that splits the first line into most cells."""
    first = text.split("\n", 1)[0]
    return max(",\t;|", key=lambda mark: (len(next(csv.reader([first], delimiter=mark), [])), -",\t;|".index(mark)))


def sheet_names(path: Path) -> list[str]:
    """Give the names of a workbook's sheets."""
    import openpyxl

    return openpyxl.load_workbook(path, read_only=True).sheetnames


def read_xlsx(path: Path, *, sheet: str | None = None, layer: str = "") -> Table:
    """Read one sheet of a workbook: title rows left out, merged headers joined, merged cells filled.

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

    book = _workbook(path, layer)
    page = _sheet(book, sheet, path, layer)
    merged = {(r, c): page.cell(m.min_row, m.min_col).value for m in page.merged_cells.ranges for r, c in _cells_of(m)}
    grid = [
        [merged.get((r, c), page.cell(r, c).value) for c in range(1, page.max_column + 1)]
        for r in range(1, page.max_row + 1)
    ]
    first, last = _header_rows(page, grid)
    names = _names(_joined_header(grid[first - 1 : last]))
    keep = [i for i, n in enumerate(names) if n]
    body = [[row[i] for i in keep] for row in grid[last:] if any(v is not None and str(v).strip() for v in row)]
    frame = pd.DataFrame(body, columns=[names[i] for i in keep], dtype=object)
    findings = ()
    if last > first or first > 1 or page.merged_cells.ranges:
        message = Text(
            f"表头在第 {first}–{last} 行，合并单元格 {len(page.merged_cells.ranges)} 处已按左上角的值填充",
            f"header in rows {first}-{last}; {len(page.merged_cells.ranges)} merged ranges were filled with their first value",
        )
        findings = (Finding(layer, "note", "HEADER_MERGED", message, file=path.name, rows=len(frame)),)
    return Table(frame, None, page.title, findings)


def _workbook(path: Path, layer: str) -> Any:
    import zipfile

    import openpyxl

    try:
        return openpyxl.load_workbook(path, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(
            Text("不是可读的 xlsx 工作簿", "not a readable xlsx workbook"),
            remedy=Text("用表格软件打开后另存为 .xlsx", "open it in a spreadsheet program and save it as .xlsx"),
            file=path.name,
            layer=layer,
        ) from error


def _sheet(book: Any, name: str | None, path: Path, layer: str) -> Worksheet:
    if name is not None:
        if name not in book.sheetnames:
            raise DataError(
                Text(
                    f"没有工作表 {name!r}，有：{'、'.join(book.sheetnames)}",
                    f"no sheet {name!r}; there are {', '.join(book.sheetnames)}",
                )
                + near(name, book.sheetnames),
                file=path.name,
                layer=layer,
            )
        return book[name]
    # a sheet of one column is a cover or a note, not a table
    tables = [s for s in book.worksheets if s.max_row > 1 and s.max_column > 1]
    if len(tables) != 1:
        raise DataError(
            Text(
                f"有 {len(tables)} 个工作表像表格：{'、'.join(s.title for s in tables)}",
                f"{len(tables)} sheets look like tables: {', '.join(s.title for s in tables)}",
            ),
            remedy=Text("在项目文件里用 layer: 指明工作表", "name the sheet with layer: in the project file"),
            file=path.name,
            layer=layer,
        )
    return tables[0]


def _cells_of(merged: Any) -> list[tuple[int, int]]:
    return [
        (r, c) for r in range(merged.min_row, merged.max_row + 1) for c in range(merged.min_col, merged.max_col + 1)
    ]


def _header_rows(page: Worksheet, grid: list[list[Any]]) -> tuple[int, int]:
    """Give the first and last row (from 1) of the header.

    Title rows hold one value; the header begins at the first row with two different ones, and reaches as far down as the
    merged cells that begin in it: a vertical merge to its foot, a horizontal one to the row of sub-headings below.
    """
    first = next((i for i, row in enumerate(grid, 1) if len({v for v in row if v is not None}) > 1), 1)
    last, row = first, first
    while row <= last:
        for m in page.merged_cells.ranges:
            if m.min_row == row and m.max_col > m.min_col:
                last = max(last, m.max_row + 1)
            elif m.min_row == row:
                last = max(last, m.max_row)
        row += 1
    return first, min(last, len(grid))


def _joined_header(rows: list[list[Any]]) -> list[str]:
    """Give each column its lowest heading; where that stands twice, the headings above it as well."""
    columns = []
    for cells in zip(*rows, strict=True):
        parts: list[str] = []
        for value in cells:
            text = "" if value is None else str(value).replace("\n", "").strip()
            if text and (not parts or parts[-1] != text):
                parts.append(text)
        columns.append(parts)
    leaves = [parts[-1] if parts else "" for parts in columns]
    return [
        "/".join(parts) if parts and leaves.count(leaf) > 1 else leaf
        for parts, leaf in zip(columns, leaves, strict=True)
    ]


def _names(header: list[str]) -> list[str]:
    """Make repeated names different (``name``, ``name_2``), so that no column hides another."""
    seen: dict[str, int] = {}
    out = []
    for name in header:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 or not name else f"{name}_{seen[name]}")
    return out
