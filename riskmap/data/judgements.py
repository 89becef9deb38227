"""Judgement matrices and weight files: what experts hand in about weights."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from riskmap.data import content
from riskmap.data.spec import Record, build, read_yaml
from riskmap.data.tables import read_csv
from riskmap.errors import DataError, SpecError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd


class WeightFile(Record):
    """A file of weights that says who set them: by layer, and for each kind of asset where they differ."""

    schema_version: Literal[1] = 1
    source: str
    author: str
    date: str | None = None
    weights: dict[str, float] = {}
    by_asset: dict[str, dict[str, float]] = {}


def read_weights(path: Path) -> WeightFile:
    """Read a weight file (YAML).

    Raises
    ------
    SpecError
        Unknown or missing keys; source and author are required.
    """
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise SpecError(Text("权重文件应是键值", "a weight file is a mapping"), file=path.name)
    return build(WeightFile, data, path.name)


def read_matrix(path: Path, *, encoding: str | None = None) -> pd.DataFrame:
    """Read a matrix of pairwise judgements from CSV or XLSX.

    The first row and the first column hold the names. A judgement is a number or a fraction (``3``, ``1/3``); an empty cell is
    a pair not judged, or the reciprocal of one that is.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Of a CSV; found from the bytes when absent.

    Returns
    -------
    DataFrame
        float64 with NaN, rows and columns by name.

    Raises
    ------
    DataError
        Not readable, or a cell that is no number; with row and column.
    """
    import pandas as pd

    content.require(path, "")
    rows = _sheet_rows(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _text_rows(path, encoding)
    rows = [row for row in rows if any(cell is not None and str(cell).strip() for cell in row)]
    names = [str(cell).strip() for cell in rows[0][1:] if cell is not None and str(cell).strip()]
    index = [str(row[0] or "").strip() for row in rows[1:]]
    values = [
        [_number(cell, path.name, row, column) for cell, column in zip(cells[1:], names, strict=False)]
        for row, cells in zip(index, rows[1:], strict=True)
    ]
    return pd.DataFrame(values, index=index, columns=names, dtype=float)


def _text_rows(path: Path, encoding: str | None) -> list[list[Any]]:
    table = read_csv(path, encoding=encoding).frame
    return [list(table.columns), *table.to_numpy(dtype=object).tolist()]


def _sheet_rows(path: Path) -> list[list[Any]]:
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(path, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(Text("不是可读的 xlsx 工作簿", "not a readable xlsx workbook"), file=path.name) from error
    return [list(row) for row in book.worksheets[0].values]


def _number(cell: Any, file: str, row: str, column: str) -> float:
    if cell is None or not str(cell).strip():
        return float("nan")
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    over, _, under = text.partition("/")
    try:
        return float(over) / float(under) if under else float(over)
    except (ValueError, ZeroDivisionError) as error:
        raise DataError(
            Text(f"{row} 比 {column}：{cell!s} 不是判断值", f"{row} over {column}: {cell!s} is no judgement"),
            remedy=Text(
                "写成 3 或 1/3；表格软件会把 1/3 变成日期，先把单元格设为文本",
                "write 3 or 1/3; a spreadsheet turns 1/3 into a date: set the cells to text first",
            ),
            file=file,
            row=row,
            field=column,
        ) from error
