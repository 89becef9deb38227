"""Any file that a department sends: which reader it needs, what it holds, and its fingerprint."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmap.data.encodings import Encoding
from riskmap.data.findings import Finding
from riskmap.data.spec import InputSpec
from riskmap.data.tables import read_csv, read_xlsx
from riskmap.data.vectors import read_vector, require_content
from riskmap.errors import DataError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

RASTERS = (".tif", ".tiff", ".nc", ".asc", ".img", ".vrt")
SHEETS = (".xlsx", ".xlsm")
TEXT_TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, eq=False)
class Opened:
    """Rows as they stand in a file; a GeoDataFrame where the file has geometry of its own."""

    frame: pd.DataFrame
    encoding: Encoding | None
    sub: str | None
    rows_in_file: int
    findings: tuple[Finding, ...]


def is_raster(path: Path) -> bool:
    """Tell whether a file is read as a raster, by its ending."""
    return path.suffix.lower() in RASTERS


def open_rows(path: Path, spec: InputSpec, layer: str) -> Opened:
    """Read the rows of a vector file, a sheet or a text table.

    Raises
    ------
    DataError
    """
    require_content(path, layer)
    suffix = path.suffix.lower()
    if suffix in SHEETS or suffix in TEXT_TABLES:
        table = (
            read_xlsx(path, sheet=spec.layer, layer=layer)
            if suffix in SHEETS
            else read_csv(path, encoding=spec.encoding, layer=layer)
        )
        frame = select_where(table.frame, spec.where, path, layer) if spec.where else table.frame
        return Opened(frame.reset_index(drop=True), table.encoding, table.sheet, len(table.frame), table.findings)
    vector = read_vector(path, sub=spec.layer, encoding=spec.encoding, layer=layer)
    frame = select_where(vector.frame, spec.where, path, layer) if spec.where else vector.frame
    return Opened(frame.reset_index(drop=True), vector.encoding, vector.layer, len(vector.frame), vector.findings)


def select_where(frame: pd.DataFrame, where: str, path: Path, layer: str) -> pd.DataFrame:
    """Give the rows that an SQL condition on the file's own columns accepts (SQLite syntax).

    Raises
    ------
    DataError
        If the condition cannot be evaluated; with the columns.
    """
    geometry = frame.geometry.name if hasattr(frame, "geometry") else None
    plain = frame.drop(columns=[geometry]) if geometry else frame
    with sqlite3.connect(":memory:") as memory:
        plain.map(lambda v: v if isinstance(v, (int, float, str, type(None))) else str(v)).reset_index(
            drop=True
        ).to_sql("rows", memory, index_label="_row")
        try:
            kept = [row for (row,) in memory.execute(f"SELECT _row FROM rows WHERE {where} ORDER BY _row")]
        except sqlite3.Error as error:
            raise DataError(
                Text(f"where 条件无法执行：{error}", f"the where condition cannot be evaluated: {error}"),
                remedy=Text(
                    f"列：{'、'.join(map(str, plain.columns))}", f"columns: {', '.join(map(str, plain.columns))}"
                ),
                file=path.name,
                layer=layer,
            ) from error
    return frame.iloc[kept]


def parts(path: Path) -> list[Path]:
    """Give all files that belong to one dataset: the parts of a shapefile, the files of a geodatabase folder."""
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.is_file())
    if path.suffix.lower() == ".shp":
        endings = (".shp", ".shx", ".dbf", ".prj", ".cpg")
        return sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() in endings)
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
