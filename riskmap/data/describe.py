"""What a file is: format, layers, encoding, system, columns, and which of our layers it could be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.crs import name as crs_name
from riskmap.data import archives, content, matching, openstreetmap, rules
from riskmap.data.catalog import FAMILY, house
from riskmap.data.files import is_raster, rows_of
from riskmap.data.positions import degrees_of, point_columns
from riskmap.data.shapes import KIND_OF
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.data.systems import guess
from riskmap.data.vectors import layers_of
from riskmap.data.workbooks import sheets
from riskmap.frames import is_spatial
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = 3
MOST = 6
"""Layers that a file could be, named at most."""


@dataclass(frozen=True)
class Column:
    """A column of a file: its type and its first values."""

    name: str
    type: str
    samples: tuple[str, ...]
    missing: int


@dataclass(frozen=True)
class Candidate:
    """A layer that a file could be, and the columns that would be its fields."""

    layer: str
    title: Text
    mapping: dict[str, str]


@dataclass(frozen=True)
class Part:
    """One layer, sheet or variable of a file; ``above`` is the heading above a column, where a header has several rows."""

    name: str | None
    geometry: str | None
    rows: int | None
    crs: str | None
    looks: Text | None
    encoding: str | None
    columns: tuple[Column, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict, hash=False)
    cut_names: bool = False
    above: dict[str, str] = field(default_factory=dict, hash=False)
    try_crs: str | None = None
    """What one would write first for a missing system."""


@dataclass(frozen=True)
class Description:
    """What a file is."""

    file: str
    format: str
    parts: tuple[Part, ...]


def describe(path: Path, *, encoding: str | None = None) -> Description:
    """Look into a file.

    Parameters
    ----------
    path : Path
    encoding : str, optional
        Declared encoding of a text file or an attribute table.

    Raises
    ------
    DataError
    """
    content.require(path, "")
    parts: list[Part] = []
    forms = []
    with archives.everything(path) as found:
        for inner in found:
            content.require(inner, "")
            forms.append(inner.suffix.lower().lstrip("."))
            given = _raster_parts(inner) if is_raster(inner) else [_part(inner, n, encoding) for n in _names(inner)]
            prefix = f"{inner.name}: " if len(found) > 1 else ""
            parts += [replace(p, name=prefix + (p.name or "")) if prefix else p for p in given]
    packed = f" ({path.suffix.lower().lstrip('.')})" if archives.is_archive(path) else ""
    return Description(path.name, ", ".join(sorted(set(forms))) + packed, tuple(parts))


def _names(path: Path) -> list[str | None]:
    if content.is_workbook(path):
        return [name for name, _ in sheets(path)]
    if openstreetmap.is_osm(path):
        return list(openstreetmap.LAYERS)
    if path.suffix.lower() in (*content.TEXTS, ".shp", ".dbf"):
        return [None]
    return [name for name, _ in layers_of(path)]


def _part(path: Path, name: str | None, encoding: str | None) -> Part:
    spec = InputSpec(path=path.name, layer=name, encoding=encoding)
    opened = rows_of(path, name, spec, "")
    frame, spatial = opened.frame, is_spatial(opened.frame)
    geometry = frame.geometry.name if spatial else None
    columns = tuple(_column(frame[c], str(c)) for c in frame.columns if c != geometry)
    kinds = _kinds(frame) if spatial else ()
    crs = crs_name(frame.crs) if spatial and frame.crs is not None else None
    names = [c.name for c in columns]
    xy = None if spatial else point_columns(names, spec)
    looks, try_crs = (None, None) if crs else _looks(frame, xy)
    above, may_be = dict(opened.headings.above), kinds or (("point", "table") if xy else ("table",))
    found = tuple(_candidates(names, may_be, above, cut_names=opened.cut_names))
    facts = {"x": xy[0], "y": xy[1]} if xy else {}
    shown = opened.encoding.name if opened.encoding else None
    held, cut = "/".join(kinds) or None, opened.cut_names
    return Part(opened.sub or name, held, len(frame), crs, looks, shown, columns, found, facts, cut, above, try_crs)


def _looks(frame: Any, xy: tuple[str, str] | None) -> tuple[Text | None, str | None]:
    """Tell what the coordinates look like, of geometries or of the two columns that hold them."""
    if is_spatial(frame) and len(frame):
        west, south, east, north = frame.total_bounds
        return guess(np.array([west, east]), np.array([south, north]))
    if xy is None:
        return None, None
    return guess(*(_read(frame[c]) for c in xy))


def _read(cells: pd.Series) -> Any:
    """Give coordinates as numbers, degrees-minutes-seconds too."""
    import pandas as pd

    numbers = pd.to_numeric(cells, errors="coerce").astype("Float64")
    words = cells[numbers.isna() & cells.notna()].astype(str)
    return numbers.fillna(words.map(degrees_of).astype("Float64")).to_numpy(float, na_value=np.nan)


def _kinds(frame: Any) -> tuple[str, ...]:
    import shapely

    types = shapely.get_type_id(frame.geometry.to_numpy())
    return tuple(sorted(set(KIND_OF[types[types >= 0]])))


def _column(cells: pd.Series, name: str) -> Column:
    import pandas as pd

    samples = tuple(str(v)[:40] for v in cells.dropna().drop_duplicates().head(SAMPLES))
    kind = {"i": "integer", "f": "number", "b": "boolean", "M": "date"}.get(getattr(cells.dtype, "kind", "O"), "text")
    if kind == "text" and cells.notna().any() and pd.to_numeric(cells.dropna(), errors="coerce").notna().all():
        kind = "numbers as text"
    return Column(name, kind, samples, int(cells.isna().sum()))


def _candidates(names: list[str], kinds: tuple[str, ...], above: dict[str, str], *, cut_names: bool) -> list[Candidate]:
    """Give the layers whose required fields are all there, those with the most fields first."""
    found = []
    for id, spec in house().layer_specs.items():
        if spec.role != "input" or not set(kinds) & set(spec.geometry) or not spec.fields:
            continue
        fits, mapping = matching.candidates_for(names, spec, above=above, cut_names=cut_names)
        if fits and mapping:
            found.append((_score(spec, mapping), id, mapping, spec))
    found.sort(key=lambda f: (-f[0], f[1]))
    return [Candidate(id.replace(FAMILY, "…"), spec.title, mapping) for _, id, mapping, spec in found[:MOST]]


def _score(spec: LayerSpec, mapping: dict[str, str]) -> float:
    """Weigh a layer: fields found, those it requires twice, against those it lacks."""
    required = sum(spec.fields[f].required for f in mapping)
    return len(mapping) + required - 0.2 * (len(spec.fields) - len(mapping))


def _raster_parts(path: Path) -> tuple[Part, ...]:
    import rasterio

    from riskmap.data.rasters import variables_of

    parts = []
    variables: Iterable[str | None] = variables_of(path) or [None]
    for variable in variables:
        target = f'netcdf:"{path}":{variable}' if variable else path
        try:
            with rasterio.open(target) as source:
                crs = crs_name(source.crs.to_wkt()) if source.crs else None
                bounds = np.array(source.bounds)
                looks, try_crs = (None, None) if crs else guess(bounds[[0, 2]], bounds[[1, 3]])
                facts = {
                    "columns": source.width,
                    "rows": source.height,
                    "bands": source.count,
                    "type": source.dtypes[0],
                    "nodata": source.nodata,
                    "cell": [abs(source.transform.a), abs(source.transform.e)],
                    "bounds": bounds.tolist(),
                }
        except rasterio.errors.RasterioIOError as error:
            raise rules.error("FILE_UNREADABLE", file=path.name, why=error) from error
        told = (variable, "raster", None, crs, looks, None, (), _raster_candidates(), facts)
        parts.append(Part(*told, try_crs=try_crs))
    return tuple(parts)


def _raster_candidates() -> tuple[Candidate, ...]:
    specs = house().layer_specs.items()
    return tuple(
        Candidate(id.replace(FAMILY, "…"), s.title, {})
        for id, s in specs
        if s.role == "input" and "raster" in s.geometry
    )
