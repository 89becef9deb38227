"""Workbooks and CSV files: printed on A4 landscape, the same bytes every time, and no text that becomes a formula."""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.errors import OutputError
from riskmap.output.webmap_words import word
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
LONGEST_ROW = 30
"""Lines that a row may take: a spreadsheet's rows end at 409 points."""

TOTAL = Text("合计", "total")
CENTRED = ("no", "colour_name", "unit", "relation", "verdict", "usable", "same_enterprise", "overhead", "conservative")
"""Keys of columns of a word or sign, which stand in the middle."""


@dataclass(frozen=True)
class Column:
    """A column: its key in the frame, its heading, its width in characters, its number format.

    The decimals of the format are those of the CSV file too; the last ones after ``#`` are left out of whole numbers.
    """

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
    total : tuple of str
        Columns that a last row of the printed sheet adds up.
    """

    id: str
    title: Text
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    note: Text = field(default_factory=lambda: Text("", ""))
    page_by: str | None = None
    total: tuple[str, ...] = ()


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
    for style in _styles(sheets):
        book.add_named_style(style)
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
    places = [decimals(column.form) for column in sheet.columns]
    for row in _values(sheet, lang):
        writer.writerow(["" if v is None else _harmless(_short(v, n)) for v, n in zip(row, places, strict=True)])
    return _write(path, b"\xef\xbb\xbf" + text.getvalue().encode("utf-8"))


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return "'" + value if value.startswith(FORMULA_STARTS) else value
    return value


def decimals(form: str) -> int | None:
    """Give the decimals that a number format shows at most; None for a general or exponential one.

    Examples
    --------
    >>> [decimals(f) for f in ("#,##0", "0.00", "#,##0.##", "General", "0.0E+00")]
    [0, 2, 2, None, None]
    """
    if form == "General" or "E" in form:
        return None
    return len(form.partition(".")[2])


def _short(value: Any, places: int | None) -> Any:
    """Round a number as its column shows it; a general one to six digits, as a spreadsheet would show it."""
    if not isinstance(value, float):
        return value
    rounded = float(f"{value:.6g}") if places is None else round(value, places)
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def _values(sheet: Sheet, lang: Lang) -> list[list[Any]]:
    """Give the cells row by row: numbers as numbers, unknown as None, yes and no as words, texts without control characters."""
    columns = [[_plain(v, lang) for v in sheet.rows[c.key].tolist()] for c in sheet.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _plain(value: Any, lang: Lang) -> Any:
    import pandas as pd

    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return word("yes" if value else "no", lang)
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
    fills = {word: PatternFill("solid", fgColor=rgb.lstrip("#").upper()) for word, rgb in colours.items()}
    light = Font(name=FONT, size=9, bold=True, color="FFFFFF")
    words = sheet.rows["colour"].tolist() if "colour_name" in {c.key for c in sheet.columns} else []
    for r, values in enumerate(_values(sheet, lang), HEAD_ROW + 1):
        _row(page, r, sheet.columns, values)
        colour = words[r - HEAD_ROW - 1] if words else None
        if colour in fills:
            cell = page.cell(r, [c.key for c in sheet.columns].index("colour_name") + 1)
            cell.fill = fills[colour]
            if colour in DARK:
                cell.font = light
    if sheet.total and len(sheet.rows):
        _total_row(page, sheet, lang)
    _print_setup(page, sheet, width)


def _row(page: Worksheet, r: int, columns: Sequence[Column], values: Sequence[Any], *, bold: bool = False) -> None:
    """Put a row of cells, high enough for its texts."""
    lines = 1
    for n, (column, value) in enumerate(zip(columns, values, strict=True), 1):
        cell = page.cell(r, n)
        cell.style = _style_name(column, isinstance(value, int), bold)
        if isinstance(value, str):
            _put_text(cell, value)
            lines = max(lines, math.ceil(_wide(value) / max(column.width - 1, 1)))
        else:
            cell.value = value
    page.row_dimensions[r].height = 13.0 * min(lines, LONGEST_ROW) + 2


def _total_row(page: Worksheet, sheet: Sheet, lang: Lang) -> None:
    """Add up columns; a column of unknown numbers only has no sum."""
    sums = [sheet.rows[c.key].sum(min_count=1) if c.key in sheet.total else None for c in sheet.columns]
    values = [TOTAL.pick(lang), *(_plain(value, lang) for value in sums[1:])]
    _row(page, HEAD_ROW + 1 + len(sheet.rows), sheet.columns, values, bold=True)


def _box() -> Border:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color="808080")
    return Border(left=thin, right=thin, top=thin, bottom=thin)


def _styles(sheets: Sequence[Sheet]) -> Iterator[NamedStyle]:
    """Give the styles of the cells: named, since styling each cell anew takes most of the time."""
    from openpyxl.styles import Alignment, Font, NamedStyle

    wanted = {
        _style_name(column, whole, bold): (column, whole, bold)
        for sheet in sheets
        for column in sheet.columns
        for whole in (True, False)
        for bold in ((False, True) if sheet.total else (False,))
    }
    for name, (column, whole, bold) in sorted(wanted.items(), key=lambda one: one[0]):
        middle = "center" if column.key in CENTRED else None
        placed = Alignment(horizontal=middle, vertical="center", wrap_text=True)
        yield NamedStyle(
            name,
            Font(name=FONT, size=9, bold=bold),
            border=_box(),
            alignment=placed,
            number_format=_form(column, whole),
        )


def _style_name(column: Column, whole: bool, bold: bool) -> str:
    return BODY + _form(column, whole) + " middle" * (column.key in CENTRED) + " bold" * bold


def _form(column: Column, whole: bool) -> str:
    """Give the number format of a value: Excel writes 9 as "9." under a format with .## at its end."""
    return column.form.partition(".#")[0] if whole else column.form.replace(".##", ".00")


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
    printed = last + bool(sheet.total and len(sheet.rows))
    page.print_area = f"A1:{get_column_letter(width)}{max(printed, HEAD_ROW)}"
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
