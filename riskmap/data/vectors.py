"""Vector files of every format that GDAL reads, with the encoding and the system they really have."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import openstreetmap, rules, shapefiles
from riskmap.data.encodings import CHINESE, Encoding, codecs_name
from riskmap.data.findings import Finding
from riskmap.data.gdal import gdal_options
from riskmap.data.rules import listed
from riskmap.data.spec import near
from riskmap.errors import RiskmapError
from riskmap.frames import free_name

if TYPE_CHECKING:
    import pandas as pd

GEOMETRY = "geometry"
"""What the readers call the geometry, and what a delivery may call one of its columns."""

AS_WRITTEN = {"LIBKML_LAUNDER_FIELD_NAMES": "NO"}
"""Options that keep columns as the sender named them; GDAL makes ``______`` of the Chinese names in a KML."""


@dataclass(frozen=True, eq=False)
class Vector:
    """Features as they stand in a file.

    ``frame`` is a GeoDataFrame whose CRS is what the file says (None when it says nothing), or a DataFrame when the layer
    has no geometry.
    """

    frame: pd.DataFrame
    encoding: Encoding | None
    layer: str
    findings: tuple[Finding, ...] = ()


def read_vector(path: Path, *, sub: str | None = None, encoding: str | None = None, layer: str = "") -> Vector:
    """Read one layer of a vector file.

    Parameters
    ----------
    path : Path
        A file or a geodatabase folder; archives are opened by :mod:`riskmap.data.archives`.
    sub : str, optional
        Layer inside the file; needed when it holds several and none has the layer's id.
    encoding : str, optional
        Declared encoding of a shapefile's attribute table.
    layer : str
        Layer id.

    Raises
    ------
    DataError
        An unreadable file, no such layer, unknown encoding.
    """
    with _gdal_errors(path, layer), gdal_options(AS_WRITTEN):
        if openstreetmap.is_osm(path):
            frame, name, found = openstreetmap.read(path, layer, sub)
            return Vector(frame, None, name, found)
        if path.suffix.lower() == ".shp":
            with shapefiles.ready(path, encoding, layer) as shape:
                frame, found = _read(shape.path, None, shape.encoding.name, layer)
                return Vector(frame, shape.encoding, path.stem, (*shape.findings, *found))
        if path.suffix.lower() == ".dbf":
            return _read_table(path, encoding, layer)
        return _read_any(path, layer_name(path, sub, layer), encoding, layer)


def layers_of(path: Path) -> list[tuple[str, str | None]]:
    """Give name and geometry type (None: no geometry) of each layer of a vector file."""
    import pyogrio

    with _gdal_errors(path, ""), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # said again when the layer is read
        return [(str(n), None if t is None else str(t)) for n, t in pyogrio.list_layers(str(path))]


def layer_name(path: Path, sub: str | None, layer: str) -> str:
    """Give the layer to read: the one named, the one that is called like our layer, or the only one.

    Raises
    ------
    DataError
    """
    names = [n for n, _ in layers_of(path)]
    if sub is not None:
        if sub not in names:
            raise rules.error(
                "FILE_NO_LAYER", file=path.name, layer=layer, name=sub, names=listed(names), hint=near(sub, names)
            )
        return sub
    if layer in names:
        return layer
    if not names:
        raise rules.error("FILE_NO_TABLE", file=path.name, layer=layer)
    if len(names) > 1:
        raise rules.error("FILE_SEVERAL", file=path.name, layer=layer, n=len(names), names=listed(names))
    return names[0]


def _read_table(path: Path, declared: str | None, layer: str) -> Vector:
    """Read a dBase table that came without shapes."""
    encoding = shapefiles.encoding_of(path, declared)
    frame, found = _read(path, None, encoding.name, layer)
    return Vector(frame, encoding, path.stem, (*encoding.findings(layer, path.name), *found))


def _read_any(path: Path, name: str, declared: str | None, layer: str) -> Vector:
    """Read a layer of a format that should say its encoding itself; where it does not, it is Chinese."""
    try:
        frame, found = _read(path, name, None, layer)
        return Vector(frame, None, name, found)
    except UnicodeError:
        tried = codecs_name(declared) if declared else CHINESE
        if tried is None:
            raise rules.error("ENCODING_NO_SUCH", file=path.name, layer=layer, claim=declared) from None
    try:
        frame, found = _read(path, name, tried, layer)
    except UnicodeError as error:
        raise rules.error("ENCODING_UNREADABLE", file=path.name, layer=layer) from error
    encoding = Encoding(tried, "declared" if declared else "bytes")
    return Vector(frame, encoding, name, (*encoding.findings(layer, path.name), *found))


def _read(path: Path, name: str | None, encoding: str | None, layer: str) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Read a layer, and what GDAL remarked; through Arrow where that can carry it.

    Raises
    ------
    UnicodeError
        Text that is not in the encoding.
    """
    import pyogrio

    options = {"layer": name, "encoding": encoding, "datetime_as_string": True}
    renamed: dict[str, str] = {}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            quick = encoding is None or path.suffix.lower() in (".shp", ".dbf")
            if quick:
                frame, renamed = _through_arrow(path, options)
            else:
                frame = pyogrio.read_dataframe(str(path), **options)
        except NotImplementedError:  # curves: the other way makes lines of them
            frame = pyogrio.read_dataframe(str(path), **options)
    if not frame.columns.is_unique:
        raise rules.error(
            "HEADER_TWICE", file=path.name, names=listed(sorted(frame.columns[frame.columns.duplicated()]))
        )
    said = dict.fromkeys(str(w.message) for w in heard if issubclass(w.category, RuntimeWarning))
    found = [rules.finding("FILE_REMARK", layer, file=path.name, said=text) for text in said]
    found += [
        rules.finding("FIELD_RENAMED", layer, file=path.name, column=old, name=new, field=new)
        for old, new in renamed.items()
    ]
    return frame, tuple(found)


def _through_arrow(path: Path, options: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Read a layer through Arrow; a column that is called like the geometry gets another name, which is told.

    Arrow takes over the bytes of a file without looking at them: text that is none, and lengths that a damaged file
    states wrongly, are looked for before anything goes there.
    """
    import geopandas as gpd
    import pyarrow as pa
    import pyogrio
    import shapely

    meta, table = pyogrio.read_arrow(str(path), **options)
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error):
            raise UnicodeError(str(error)) from error
        raise ValueError(str(error)) from error
    place = meta["geometry_name"] or "wkb_geometry"
    shapes = None
    if place in table.column_names:
        shapes = shapely.from_wkb(table.column(place).to_numpy())
        table = table.drop_columns([place])
    frame = table.to_pandas(types_mapper=nullable().get)
    if shapes is None:
        return frame, {}
    free = free_name(GEOMETRY, {str(c).lower() for c in frame.columns})
    renamed = {GEOMETRY: free} if GEOMETRY in frame.columns else {}
    return gpd.GeoDataFrame(frame.rename(columns=renamed), geometry=shapes, crs=meta["crs"]), renamed


def nullable() -> dict[Any, Any]:
    """Give the pandas type of each Arrow type whose NULLs numpy would turn into floats."""
    import pandas as pd
    import pyarrow as pa

    return {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }


@contextmanager
def _gdal_errors(path: Path, layer: str) -> Iterator[None]:
    """Turn what GDAL and the file system complain about into our errors."""
    from pyogrio.errors import CRSError, DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError
    from shapely.errors import ShapelyError

    gdal = (DataSourceError, DataLayerError, FeatureError, FieldError, GeometryError, CRSError)
    try:
        yield
    except RiskmapError:
        raise
    except UnicodeDecodeError as error:
        raise rules.error("ENCODING_UNREADABLE", file=path.name, layer=layer) from error
    # pyogrio runs into UnboundLocalError where GDAL cannot write down a system that it read
    except (*gdal, ShapelyError, OSError, ValueError, UnboundLocalError) as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error) from error
