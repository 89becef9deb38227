"""Any file that a department sends: which reader it needs, what it holds, and its fingerprint."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from riskmap.data import archives, content, rules, shapefiles
from riskmap.data.catalog import house
from riskmap.data.encodings import Encoding
from riskmap.data.findings import Finding
from riskmap.data.headings import PLAIN, Headings
from riskmap.data.rules import listed
from riskmap.data.shapes import wrong_kind
from riskmap.data.spec import InputSpec
from riskmap.data.tables import read_csv
from riskmap.data.vectors import read_vector
from riskmap.data.workbooks import read_xlsx
from riskmap.frames import is_spatial

if TYPE_CHECKING:
    import pandas as pd

RASTERS = (".tif", ".tiff", ".nc", ".asc", ".img", ".vrt")

PLACEMARK = [
    "id",
    "Name",
    "description",
    "timestamp",
    "begin",
    "end",
    "altitudeMode",
    "tessellate",
    "extrude",
    "visibility",
    "drawOrder",
    "icon",
    "snippet",
]
OWN_COLUMNS = dict.fromkeys((".kml", ".kmz"), PLACEMARK)
"""Ending -> columns that the format brings whatever the sender wrote."""


@dataclass(frozen=True, eq=False)
class Opened:
    """Rows as they stand in a file; a GeoDataFrame where the file has geometry of its own.

    ``numbers`` are the rows' numbers in the file, from 0: the frame's index.
    """

    frame: pd.DataFrame
    encoding: Encoding | None
    sub: str | None
    rows_in_file: int
    findings: tuple[Finding, ...]
    cut_names: bool = False
    headings: Headings = PLAIN


def is_raster(path: Path) -> bool:
    """Tell whether a file is read as a raster, by its ending."""
    return path.suffix.lower() in RASTERS


@contextmanager
def delivered(path: Path, sub: str | None, layer: str) -> Iterator[tuple[Path, str | None]]:
    """Give the dataset that a delivery is, unpacked where it is an archive, and the layer of it that is wanted.

    Raises
    ------
    DataError
        No file, an empty one, or not what its ending says.
    """
    content.require(path, layer)
    with archives.opened(path, sub, layer) as (inner, wanted):
        if inner != path:
            content.require(inner, layer)
        yield inner, wanted


def open_rows(path: Path, spec: InputSpec, layer: str) -> Opened:
    """Read the rows of a vector file, a sheet or a text table, zipped or not.

    Rows that ``where`` does not accept are not in the frame; the index numbers the rows of the file from 0.

    Raises
    ------
    DataError
    """
    with delivered(path, spec.layer, layer) as (inner, sub):
        return rows_of(inner, sub, spec, layer)


def rows_of(path: Path, sub: str | None, spec: InputSpec, layer: str) -> Opened:
    """Read the rows of a dataset that is no archive; see :func:`open_rows`."""
    suffix = path.suffix.lower()
    if is_raster(path):
        raise wrong_kind(house().layer(layer), "raster", path.name)
    if content.is_workbook(path):
        table = read_xlsx(path, sheet=sub, layer=layer)
        frame, encoding, name, found, headings = table.frame, None, table.sheet, table.findings, table.headings
    elif suffix in content.TEXTS:
        table = read_csv(path, encoding=spec.encoding, layer=layer)
        frame, encoding, name, found, headings = table.frame, table.encoding, None, table.findings, table.headings
    else:
        vector = read_vector(path, sub=sub, encoding=spec.encoding, layer=layer)
        frame, encoding, name, found, headings = (
            vector.frame,
            vector.encoding,
            vector.layer,
            vector.findings,
            Headings(),
        )
    n = len(frame)
    own = frozenset(OWN_COLUMNS.get(suffix, ()))
    headings = replace(headings, weak=own | {str(c) for c in frame.columns if frame[c].isna().all()})
    if spec.where:
        frame = select_where(frame, spec.where, path, layer)
    return Opened(frame, encoding, name, n, found, cut_names=suffix == ".shp", headings=headings)


def select_where(frame: pd.DataFrame, where: str, path: Path, layer: str) -> pd.DataFrame:
    """Give the rows that an SQL condition on the file's own columns accepts (SQLite syntax).

    Raises
    ------
    DataError
        If the condition cannot be evaluated; with the columns.
    """
    geometry = frame.geometry.name if is_spatial(frame) else None
    columns = [c for c in frame.columns if c != geometry]
    # only the columns that the condition may speak of are copied
    named = [c for c in columns if str(c).lower() in where.lower()]
    plain = frame[named].apply(_comparable) if named else frame[columns[:1]]
    with closing(sqlite3.connect(":memory:")) as memory:
        plain.reset_index(drop=True).to_sql("rows", memory, index_label="_row")
        try:
            kept = [row for (row,) in memory.execute(f"SELECT _row FROM rows WHERE {where} ORDER BY _row")]
        except sqlite3.Error as error:
            raise rules.error(
                "WHERE_INVALID", file=path.name, layer=layer, why=error, names=listed(list(map(str, columns)), 40)
            ) from error
    return frame.iloc[kept]


def _comparable(column: pd.Series) -> pd.Series:
    """Give a column as a condition sees it: text that is all numbers as numbers, so that ``人口 > 100`` means that."""
    import pandas as pd

    if pd.api.types.is_bool_dtype(column):
        return column.astype("Int64")
    if pd.api.types.is_numeric_dtype(column):
        return column
    text = column.map(str, na_action="ignore").astype("str")
    numbers = pd.to_numeric(text, errors="coerce")
    # a leading zero is a digit of a code
    all_numbers = numbers.notna().eq(text.notna()).all() and not text.str.match(r"0\d").fillna(False).any()
    return numbers if all_numbers else text.astype(object).where(text.notna(), None)


def parts(path: Path) -> list[Path]:
    """Give all files that belong to one dataset: the parts of a shapefile, the files of a geodatabase folder."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() != ".lock")
    if path.suffix.lower() == ".shp":
        return sorted(shapefiles.parts_of(path).values())
    return [path]


def fingerprint(path: Path) -> str:
    """Give the sha256 of a dataset: of its bytes, or of its parts' names and bytes."""
    files = parts(path)
    digest = hashlib.sha256()
    for file in files:
        if len(files) > 1:
            digest.update(file.name.encode() + b"\0")
        with file.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()
