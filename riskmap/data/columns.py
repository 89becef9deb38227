"""Frames as any of our databases stores them: a few column types, names that differ, no M values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger
from riskmap.data.passthrough import plain_column
from riskmap.data.shapes import drop_measure
from riskmap.errors import DataError
from riskmap.frames import is_spatial
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

LARGEST = 2**63 - 1


def storable(frame: pd.DataFrame, id: str = "") -> tuple[pd.DataFrame, list[Finding]]:
    """Give a frame in the types that every database keeps, and what was lost on the way.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
    id : str
        Layer id, for the messages.

    Returns
    -------
    DataFrame or GeoDataFrame
        Row order kept, index 0, 1, ...; integers as Int64, floats as float64, truth as boolean, text and categories as
        str, dates as ``datetime.date``, times as datetime64[ms] (those with a zone in UTC). NaN is NULL.
    list of Finding
        M values that were dropped.

    Raises
    ------
    DataError
        Names that differ only in case, text with a NUL, integers beyond 64 bits, columns of other things.
    """
    import pandas as pd

    geometry = frame.geometry.name if is_spatial(frame) else None
    _refuse_clashes([str(c) for c in frame.columns if c != geometry], id)
    columns = {str(c): _column(frame[c], str(c), id) for c in frame.columns if c != geometry}
    plain = pd.DataFrame(columns, index=frame.index).reset_index(drop=True)
    if geometry is None:
        return plain, []
    import geopandas as gpd
    import shapely

    shapes, findings = frame.geometry.to_numpy(), []
    measured = shapely.has_m(shapes)
    if measured.any():
        ledger = Ledger(id, "")
        ledger.rows("GEOM_MEASURE", pd.Series(measured))
        shapes, findings = drop_measure(shapes), ledger.findings
    return gpd.GeoDataFrame(plain, geometry=shapes, crs=frame.crs), findings


def _refuse_clashes(names: list[str], id: str) -> None:
    known: dict[str, str] = {}
    for name in names:
        if name and name.lower() not in known:
            known[name.lower()] = name
            continue
        other = known.get(name.lower(), "")
        raise DataError(
            Text(
                f"列名 {name!r} 与 {other!r} 只差大小写", f"the column names {name!r} and {other!r} differ only in case"
            )
            if name
            else Text("有一列没有名字", "a column has no name"),
            remedy=Text("改名", "rename it"),
            layer=id,
            field=name,
        )


def _column(values: pd.Series, name: str, id: str) -> Any:
    import pandas as pd

    types = pd.api.types
    if types.is_bool_dtype(values):
        return values.astype("boolean")
    if types.is_integer_dtype(values):
        if types.is_unsigned_integer_dtype(values) and values.max() > LARGEST:
            raise _unstorable(name, id, values.max())
        return values.astype("Int64")
    if types.is_float_dtype(values):
        return values.astype("Float64").astype(float)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[ms]")
    if types.is_datetime64_dtype(values):
        return values.astype("datetime64[ms]")
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    return _text_or_dates(values, name, id)


def _text_or_dates(values: pd.Series, name: str, id: str) -> Any:
    import pandas as pd

    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind == "date":
        return values.where(values.notna(), None).astype(object)
    if kind in ("bytes", "complex", "period", "timedelta", "interval"):
        raise _unstorable(name, id, kind)
    if kind == "mixed" and values.map(lambda v: isinstance(v, (list, dict, tuple, set, np.ndarray))).any():
        raise _unstorable(name, id, "list")
    if values.dtype == object and kind in ("datetime", "datetime64"):
        return pd.to_datetime(values).astype("datetime64[ms]")
    text = values if str(values.dtype) == "str" else plain_column(values.astype(object))[0]
    if str(text.dtype) == "str" and text.str.contains("\0", regex=False, na=False).any():
        raise _unstorable(name, id, "NUL")
    return text


def _unstorable(name: str, id: str, what: Any) -> DataError:
    return DataError(
        Text(f"列 {name} 含有数据库存不了的值（{what}）", f"the column {name} holds what no database stores ({what})"),
        remedy=Text("转成文字或数", "make it text or numbers"),
        layer=id,
        field=name,
    )


def geometry_type(frame: gpd.GeoDataFrame) -> str:
    """Give the one type of a layer's geometries; layers of several kinds (findings) are of unknown type."""
    import shapely

    types = set(np.unique(shapely.get_type_id(frame.geometry.to_numpy())).tolist()) - {-1}
    kinds = {NAMES[t].removeprefix("Multi") for t in types if t in NAMES}
    if len(kinds) != 1 or not types <= set(NAMES):
        return "Unknown"
    many = "Multi" if any(NAMES[t].startswith("Multi") for t in types) else ""
    return many + kinds.pop() + (" Z" if frame.has_z.any() else "")


NAMES = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
"""shapely type id -> name."""


def promoted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make all geometries of a layer multi-part when one is: a GeoPackage layer has one type."""
    import shapely

    shapes = frame.geometry.to_numpy()
    types = shapely.get_type_id(shapes)
    single, multi = np.isin(types, (0, 1, 3)), np.isin(types, (4, 5, 6))
    if not multi.any() or not single.any():
        return frame
    makers = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
    made = shapes.copy()
    for kind, make in makers.items():
        if (types == kind).any() and (types == kind + (4 if kind < 2 else 3)).any():
            made[types == kind] = [make([g]) for g in shapes[types == kind]]
    return frame.set_geometry(made, crs=frame.crs)
