"""Workbooks and CSV files: printed on A4 landscape, the same bytes every time, and no text that becomes a formula."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.errors import OutputError
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl.styles import Border, NamedStyle
    from openpyxl.worksheet.worksheet import Worksheet

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""

NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
NO_CLOCK = (2000, 1, 1, 0, 0, 0)
FONT = "宋体"
HEAD_ROW = 3
"""Title, note, then the headings; rows follow."""

HEAD_FILL = "DCE6F1"
DARK = ("red", "blue")
"""Colours on which text is white."""

BODY = "riskmap "
"""Begins the names of the styles of cells, one for each number format."""

LONGEST_CELL = 32_000


@dataclass(frozen=True)
class Column:
    """A column: its key in the frame, its heading, its width in characters, its number format."""

    key: str
    title: Text
    width: float = 12.0
    form: str = "General"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet of the workbook and a CSV file of its own.

    Parameters
    ----------
    id : str
        Name of the CSV file.
    title : Text
        Name of the sheet and its first line.
    columns : tuple of Column
    rows : DataFrame
    note : Text
        Second line: what the figures are.
    page_by : str, optional
        Column whose change begins a new page (cards).
    """

    id: str
    title: Text
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    note: Text = field(default_factory=lambda: Text("", ""))
    page_by: str | None = None


def write_workbook(sheets: Sequence[Sheet], path: Path, *, lang: Lang, colours: Mapping[str, str]) -> Path:
    """Write sheets as one XLSX.

    Parameters
    ----------
    sheets : sequence of Sheet
    path : Path
    lang : {"zh", "en"}
    colours : mapping
        Words of the column ``colour`` -> ``#rrggbb`` of its fill.

    Raises
    ------
    OutputError
        The file cannot be written, most often because a spreadsheet program has it open.
    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for form in sorted({column.form for sheet in sheets for column in sheet.columns}):
        book.add_named_style(_body(form))
    for sheet in sheets:
        _fill(book.create_sheet(sheet.title.pick(lang)[:31]), sheet, lang, colours)
    book.properties.creator = "riskmap"
    buffer = io.BytesIO()
    book.save(buffer)
    return _write(path, _without_clock(buffer.getvalue()))


def write_csv(sheet: Sheet, path: Path, *, lang: Lang) -> Path:
    """Write a sheet as CSV: UTF-8 with BOM, so that spreadsheets read the Chinese; text that looks like a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([c.title.pick(lang) for c in sheet.columns])
    for row in _values(sheet):
        writer.writerow(["" if v is None else _harmless(v) for v in row])
    return _write(path, b"\xef\xbb\xbf" + text.getvalue().encode("utf-8"))


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    return value


def _values(sheet: Sheet) -> list[list[Any]]:
    """Give the cells row by row: numbers as numbers, unknown as None, texts without control characters."""
    columns = [[_plain(v) for v in sheet.rows[c.key].tolist()] for c in sheet.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    import pandas as pd

    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return None if math.isinf(value) else int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, int):
        return value
    return NOT_IN_XML.sub("", str(value))[:LONGEST_CELL]


def _fill(page: Worksheet, sheet: Sheet, lang: Lang, colours: Mapping[str, str]) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    box = _box()
    width = max(len(sheet.columns), 1)
    for row, text, size in ((1, sheet.title, 16), (2, sheet.note, 9)):
        page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
        cell = _text_cell(page, row, 1, text.pick(lang))
        cell.font = Font(name=FONT, size=size, bold=row == 1)
        cell.alignment = Alignment(horizontal="center" if row == 1 else "left", vertical="center", wrap_text=True)
    page.row_dimensions[1].height = 26
    total = sum(c.width for c in sheet.columns)
    page.row_dimensions[2].height = 14 * max(1, math.ceil(_wide(sheet.note.pick(lang)) / max(total * 1.1, 1)))
    for n, column in enumerate(sheet.columns, 1):
        cell = _text_cell(page, HEAD_ROW, n, column.title.pick(lang))
        cell.font = Font(name=FONT, size=10, bold=True)
        cell.fill = PatternFill("solid", fgColor=HEAD_FILL)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        cell.border = box
        page.column_dimensions[get_column_letter(n)].width = column.width
    heads = [math.ceil(_wide(c.title.pick(lang)) / max(c.width - 1, 1)) for c in sheet.columns]
    page.row_dimensions[HEAD_ROW].height = 14.0 * max(heads, default=1) + 4
    light = Font(name=FONT, size=9, bold=True, color="FFFFFF")
    fills = {word: PatternFill("solid", fgColor=rgb.lstrip("#").upper()) for word, rgb in colours.items()}
    for r, values in enumerate(_values(sheet), HEAD_ROW + 1):
        lines = 1
        for n, (column, value) in enumerate(zip(sheet.columns, values, strict=True), 1):
            cell = page.cell(r, n)
            cell.style = BODY + column.form
            if isinstance(value, str):
                _put_text(cell, value)
            else:
                cell.value = value
            if column.key == "colour_name" and values is not None:
                word = sheet.rows["colour"].iloc[r - HEAD_ROW - 1]
                if word in fills:
                    cell.fill = fills[word]
                    if word in DARK:
                        cell.font = light
            if isinstance(value, str):
                lines = max(lines, math.ceil(_wide(value) / max(column.width - 1, 1)))
        page.row_dimensions[r].height = 13.0 * min(lines, 12) + 2
    _print_setup(page, sheet, width)


def _box() -> Border:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color="808080")
    return Border(left=thin, right=thin, top=thin, bottom=thin)


def _body(form: str) -> NamedStyle:
    """Give the style of the cells of a number format: named, since styling each cell anew takes most of the time."""
    from openpyxl.styles import Alignment, Font, NamedStyle

    wrapped = Alignment(vertical="center", wrap_text=True)
    return NamedStyle(BODY + form, Font(name=FONT, size=9), border=_box(), alignment=wrapped, number_format=form)


def _text_cell(page: Worksheet, row: int, column: int, text: str) -> Any:
    cell = page.cell(row, column)
    _put_text(cell, text)
    return cell


def _put_text(cell: Any, text: str) -> None:
    """Put text in a cell as text: typed, and quoted where a spreadsheet would take it for a formula on editing."""
    cell.value = text
    # openpyxl takes a leading "=" for a formula
    cell.data_type = "s"
    if text.startswith(FORMULA_STARTS):
        cell.quotePrefix = True


def _wide(text: str) -> int:
    """Give the width of a text in half-width characters."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _print_setup(page: Worksheet, sheet: Sheet, width: int) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.pagebreak import Break

    page.freeze_panes = f"A{HEAD_ROW + 1}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = f"1:{HEAD_ROW}"
    page.print_options.horizontalCentered = True
    page.oddFooter.center.text = "&P / &N"
    for side in ("left", "right"):
        setattr(page.page_margins, side, 0.4)
    page.page_margins.top = page.page_margins.bottom = 0.5
    last = HEAD_ROW + len(sheet.rows)
    page.print_area = f"A1:{get_column_letter(width)}{max(last, HEAD_ROW)}"
    if sheet.page_by is None:
        if len(sheet.rows):
            page.auto_filter.ref = f"A{HEAD_ROW}:{get_column_letter(width)}{last}"
        return
    keys = sheet.rows[sheet.page_by].tolist()
    for n in range(1, len(keys)):
        if keys[n] != keys[n - 1]:
            page.row_breaks.append(Break(id=HEAD_ROW + n))


def _without_clock(data: bytes) -> bytes:
    """Give the same workbook without the time of saving in its parts and properties."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*(</dcterms:)", rb"\g<1>2000-01-01T00:00:00Z\g<2>", content)
            entry = zipfile.ZipInfo(name, NO_CLOCK)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 0
            target.writestr(entry, content)
    return out.getvalue()


def _write(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise OutputError(
            Text(f"写不了：{error.strerror}", f"cannot be written: {error.strerror}"),
            remedy=Text("关闭打开它的程序后再运行", "close the program that has it open, then run again"),
            file=str(path),
        ) from error
    return path
