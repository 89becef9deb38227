"""Findings and changed cells as a workbook: the list that a clerk works off."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data.findings import Finding, sort
from riskmap.errors import OutputError, OutputExistsError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

HEADS = (
    "文件 file",
    "图层 layer",
    "行 row",
    "字段 field",
    "程度 severity",
    "代码 code",
    "问题",
    "处理",
    "message",
    "remedy",
    "行数 rows",
)
REPAIR_HEADS = ("图层 layer", "文件 file", "行 row", "字段 field", "代码 code", "改前 before", "改后 after")
SHEETS = ("findings", "repairs")
WIDTHS = {"问题": 60, "处理": 40, "message": 60, "remedy": 40}


def write_findings(findings: Iterable[Finding], repairs: pd.DataFrame, path: Path) -> Path:
    """Write a workbook of two sheets, findings and changed cells, grouped by file.

    Text stays text: a cell that begins with ``=`` is no formula.

    Raises
    ------
    OutputError
        The path cannot be written, or another file than such a workbook is there.
    """
    import openpyxl

    refuse_foreign(path)
    book = openpyxl.Workbook()
    ordered = sorted(sort(findings), key=lambda f: f.file or "")
    _fill(book.active, SHEETS[0], HEADS, [_row(f) for f in ordered])
    _fill(book.create_sheet(), SHEETS[1], REPAIR_HEADS, repairs.astype(object).to_numpy().tolist())
    beside = path.with_name(f".new-{path.name}")
    try:
        book.save(beside)
        beside.replace(path)
    except OSError as error:
        raise OutputError(
            Text(f"写不了：{error.strerror}", f"cannot be written: {error.strerror}"),
            remedy=Text(
                "关闭打开它的程序，检查磁盘空间和权限",
                "close the program that has it open; check disk space and rights",
            ),
            file=str(path),
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return path


def refuse_foreign(path: Path) -> None:
    """Raise when another file than a workbook of findings stands at a path: it may be the delivery itself.

    Raises
    ------
    OutputExistsError
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    if not path.exists():
        return
    try:
        with closing(openpyxl.load_workbook(path, read_only=True)) as book:
            ours = tuple(book.sheetnames) == SHEETS
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, InvalidFileException):
        ours = False
    if not ours:
        raise OutputExistsError(
            Text("已有不是本程序写的文件，没有改动", "a file that riskmap did not write is there; it was left alone"),
            remedy=Text("换一个文件名，或先移走它", "use another name, or move it away"),
            file=str(path),
        )


def _row(f: Finding) -> list[Any]:
    remedy = f.remedy or Text("", "")
    row = f.row or ", ".join(f.named)
    return [f.file, f.layer, row, f.field, f.severity, f.code, f.message.zh, remedy.zh, f.message.en, remedy.en, f.rows]


def _fill(page: Any, title: str, heads: tuple[str, ...], rows: list[list[Any]]) -> None:
    import pandas as pd
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font

    page.title = title
    page.append(heads)
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            if value is None or (not isinstance(value, str) and pd.isna(value)):
                continue
            cell = page.cell(number, column)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("�", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    for column, head in enumerate(heads, 1):
        page.cell(1, column).font = Font(bold=True)
        page.column_dimensions[page.cell(1, column).column_letter].width = WIDTHS.get(head, 18)
    page.freeze_panes = "A2"
    page.auto_filter.ref = page.dimensions
