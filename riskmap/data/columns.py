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
    folded = [n.lower() for n in names]
    for name in names:
        if not name or folded.count(name.lower()) > 1:
            raise DataError(
                Text(
                    f"列名 {name!r} 为空或与另一列只差大小写",
                    f"the column name {name!r} is empty or differs only in case",
                ),
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
