"""From a delivered file to a layer: columns matched, cells converted, places checked, in the project's system."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyproj

from riskmap.crs import name
from riskmap.data import checks, convert, places
from riskmap.data.catalog import Catalog
from riskmap.data.files import Opened, fingerprint, open_rows
from riskmap.data.findings import Finding
from riskmap.data.matching import Match, match_fields, unit_words
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.errors import DataError, RiskmapError
from riskmap.levels import to_worst_high
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

ORIGIN_COLUMNS = ("数据性质", "synthetic")
"""Columns in which a delivery says what kind of data it is; what calls itself synthetic is called so on every product."""

TOTAL_WORDS = ("合计", "总计", "小计", "共计", "total")


@dataclass(frozen=True)
class Source:
    """Where a layer came from and what became of its rows: a row of the ``sources`` layer."""

    layer: str
    file: str
    sublayer: str | None
    sha256: str
    encoding: str | None
    crs_in: str | None
    crs_out: str | None
    rows_in: int
    rows_filtered: int
    rows_reported: int
    rows_out: int
    mapping: str


@dataclass(frozen=True, eq=False)
class Layer:
    """A prepared layer of rows, and how many levels its ``level`` column counts (None: it has none)."""

    frame: pd.DataFrame
    source: Source
    findings: tuple[Finding, ...]
    levels: int | None = None
    synthetic: bool = False


def prepare_rows(
    path: Path, spec: InputSpec, layer: LayerSpec, *, crs: pyproj.CRS | None, area: places.Area | None, catalog: Catalog
) -> Layer:
    """Prepare a vector or table layer.

    Parameters
    ----------
    path : Path
        The file, already resolved.
    spec : InputSpec
        What the project says of it.
    layer : LayerSpec
    crs : CRS, optional
        System of the result; the file's own when None.
    area : Area, optional
        To tell a wrong zone.
    catalog : Catalog

    Raises
    ------
    RiskmapError
        What cannot be read honestly; see :mod:`riskmap.data.places` and :mod:`riskmap.data.matching`.
    """
    opened = open_rows(path, spec, layer.id)
    try:
        return _prepared(opened, path, spec, layer, crs, area, catalog)
    except RiskmapError as error:
        error.file, error.layer = error.file or spec.path, error.layer or layer.id
        raise


def _prepared(
    opened: Opened, path: Path, spec: InputSpec, layer: LayerSpec, crs: Any, area: Any, catalog: Catalog
) -> Layer:
    frame = opened.frame
    geometry = frame.geometry.name if hasattr(frame, "geometry") else None
    columns = [str(c) for c in frame.columns if c != geometry]
    matches, findings = match_fields(columns, layer, spec.fields, catalog=catalog, file=path.name)
    frame, dropped = _without_totals(frame, layer, matches)
    findings += dropped
    keys = _keys(frame, layer, matches)
    findings += opened.findings
    crs_in = None
    if geometry is None:
        frame, noted = _placed(frame, spec, layer, keys, columns, catalog, path)
        findings += noted
    values, noted, levels = _converted(frame, layer, spec, matches, keys, catalog)
    findings += noted
    if hasattr(values, "geometry"):
        values, noted = places.checked_system(values, spec.crs, layer, path.name)
        findings += noted
        crs_in = name(values.crs)
        values, noted = places.whole_geometries(values, layer, keys, path.name)
        findings += noted
        values = places.reproject(values, crs) if crs is not None else values
        if area is not None and layer.id != "boundary":
            places.require_in_area(values, area, layer, path.name)
        findings += checks.check(values, layer, keys, area)
    kept = len(values)
    source = Source(
        layer.id,
        spec.path,
        opened.sub,
        fingerprint(path),
        opened.encoding.name if opened.encoding else None,
        crs_in,
        name(crs if crs is not None else values.crs) if hasattr(values, "geometry") else None,
        opened.rows_in_file,
        opened.rows_in_file - len(opened.frame),
        len(opened.frame) - kept,
        kept,
        json.dumps({f: m.column for f, m in matches.items()}, ensure_ascii=False),
    )
    return Layer(
        values.reset_index(drop=True),
        source,
        tuple(f.at(layer=layer.id, file=f.file or path.name) for f in findings),
        levels,
        _says_synthetic(frame),
    )


def _says_synthetic(frame: pd.DataFrame) -> bool:
    """Tell whether any row says of itself that it is made up."""
    told = [frame[c].astype(str) for c in ORIGIN_COLUMNS if c in frame.columns]
    return any(bool(column.str.contains("合成|synthetic|yes", case=False).any()) for column in told)


def _without_totals(
    frame: pd.DataFrame, layer: LayerSpec, matches: dict[str, Match]
) -> tuple[pd.DataFrame, list[Finding]]:
    """Take out the row that sums up the others: counted as data it would double every total."""
    findings = []
    for field in ("name", "id", "code"):
        if field not in matches:
            continue
        words = frame[matches[field].column].map(lambda v: str(v).strip().lower(), na_action="ignore")
        total = words.isin(TOTAL_WORDS)
        for row in frame.index[total]:
            message = Text(
                f"第 {row + 1} 行是“{words[row]}”行，不是对象，已除外",
                f"row {row + 1} is a total ({words[row]}), not an object; left out",
            )
            findings.append(Finding(layer.id, "warning", "ROW_TOTAL", message, row=str(row + 1)))
        frame = frame[~total]
    return frame, findings


def _keys(frame: pd.DataFrame, layer: LayerSpec, matches: dict[str, Match]) -> pd.Series:
    """Name each row by its key where the layer has one, else by its number from 1."""
    import pandas as pd

    numbers = pd.Series([str(i + 1) for i in frame.index], index=frame.index, dtype=object)
    if layer.key is None or layer.key not in matches:
        return numbers
    keys = frame[matches[layer.key].column]
    return keys.map(str, na_action="ignore").where(keys.notna(), numbers).astype(object)


def _placed(
    frame: pd.DataFrame,
    spec: InputSpec,
    layer: LayerSpec,
    keys: pd.Series,
    columns: list[str],
    catalog: Catalog,
    path: Path,
) -> tuple[pd.DataFrame, list[Finding]]:
    """Make points of a table with coordinate columns; leave a plain table as it is where the layer allows one."""
    if "point" in layer.geometry:
        xy = places.point_columns(columns, spec.fields, catalog)
        if xy is not None:
            return places.points_of(frame, xy, spec.crs, layer, keys, catalog, path.name)
    places.require_geometry(frame, layer, path.name)
    return frame, []


def _converted(
    frame: pd.DataFrame, layer: LayerSpec, spec: InputSpec, matches: dict[str, Match], keys: pd.Series, catalog: Catalog
) -> tuple[pd.DataFrame, list[Finding], int | None]:
    """Give our columns, converted, then the file's other columns as they are."""
    findings: list[Finding] = []
    levels = None
    taken = {m.column for m in matches.values()}
    units = unit_words(catalog)
    out = frame.drop(columns=[c for c in frame.columns if c in taken or c in layer.fields])
    ours: dict[str, pd.Series] = {}
    for field, match in matches.items():
        wanted = layer.fields[field]
        if wanted.type == "level":
            ours[field], levels, noted = _levels(frame[match.column], layer, spec, keys, catalog)
        else:
            ours[field], noted = convert.column(frame[match.column], wanted, unit=match.unit, units=units, keys=keys)
        findings += [f.at(field=field) for f in noted]
        if wanted.unique:
            findings += _duplicates(ours[field], field)
    for position, (field, values) in enumerate(ours.items()):
        out.insert(position, field, values)
    return out, findings, levels


def _levels(
    cells: pd.Series, layer: LayerSpec, spec: InputSpec, keys: pd.Series, catalog: Catalog
) -> tuple[pd.Series, int | None, list[Finding]]:
    """Read a level column so that the highest number is the worst."""
    words = catalog.facts("levels").tables["words"].rows
    values, count, findings = convert.levels(cells, words, keys)
    for row in (r for r in words if "instead_of" in r):
        again = cells.map(lambda v, word=row["word"]: str(v).strip() == word, na_action="ignore").eq(True)
        if again.any():
            message = Text(
                f"{int(again.sum())} 行的等级写的是“{row['word']}”，四色里没有，按“{row['instead_of']}”处理",
                f"{int(again.sum())} rows say {row['word']}, which is none of the four colours; taken as {row['instead_of']}",
            )
            findings.append(Finding(layer.id, "warning", "LEVEL_GREEN", message, rows=int(again.sum())))
    if count is None and values.notna().any():
        if spec.levels is None:
            raise DataError(
                Text(
                    f"数字等级 {sorted(values.dropna().unique())} 没有说明哪一端最坏",
                    f"numeric levels {sorted(values.dropna().unique())} without saying which end is worst",
                ),
                remedy=Text(
                    "写明 levels: {count: 5, worst: high_code} 或 low_code",
                    "say levels: {count: 5, worst: high_code} or low_code",
                ),
                layer=layer.id,
                field="level",
            )
        count = spec.levels.count
        wrong = values.notna() & ~values.isin(range(1, count + 1))
        if wrong.any():
            message = Text(
                f"等级 {values[wrong].iloc[0]:g} 不在 1–{count}",
                f"the level {values[wrong].iloc[0]:g} is not in 1-{count}",
            )
            findings.append(
                Finding(
                    layer.id, "error", "LEVEL_UNKNOWN", message, row=str(keys[wrong].iloc[0]), rows=int(wrong.sum())
                )
            )
        codes = to_worst_high(
            values.where(~wrong).fillna(0).to_numpy().astype(int), count=count, worst=spec.levels.worst
        )
        values = values.where(values.isna(), codes.astype(float))
    return values.astype("Int64"), count, findings


def _duplicates(values: pd.Series, field: str) -> list[Finding]:
    again = values.notna() & values.duplicated(keep=False)
    findings = []
    for value, rows in values[again].groupby(values[again], sort=True):
        numbers = ", ".join(str(i + 1) for i in rows.index)
        message = Text(f"编号 {value} 重复（第 {numbers} 行）", f"{value} stands more than once (rows {numbers})")
        findings.append(
            Finding(
                "",
                "error",
                "ID_DUPLICATE",
                message,
                Text("改正编号", "correct the ids"),
                row=str(value),
                field=field,
                rows=len(rows),
            )
        )
    return findings
