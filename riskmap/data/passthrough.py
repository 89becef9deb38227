"""The file's other columns: kept beside ours, under names and in types that a database takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskmap.data.cells import without_control
from riskmap.data.ledger import Ledger
from riskmap.data.rules import listed
from riskmap.frames import free_name

if TYPE_CHECKING:
    import pandas as pd

RESERVED = ("fid", "geom", "geometry", "ogc_fid", "rowid")
"""Column names that databases use themselves."""


def other_columns(rest: pd.DataFrame, ours: dict[str, pd.Series], geometry: str | None, ledger: Ledger) -> pd.DataFrame:
    """Give our columns first, then the other ones; none hides another.

    Parameters
    ----------
    rest : DataFrame
        Columns of the file that are no fields of the layer, with the geometry.
    ours : dict
        Field -> values.
    geometry : str, optional
        Name of the geometry column.
    ledger : Ledger
        Takes a finding for each column that had to be renamed.
    """
    import pandas as pd

    columns: dict[str, Any] = dict(ours)
    used = {name.lower() for name in ours} | set(RESERVED)
    mixed = []
    for name in rest.columns:
        if name == geometry:
            continue
        free = free_name(str(name), used)
        if free != name:
            ledger.note("FIELD_RENAMED", column=str(name), name=free, field=free)
        used.add(free.lower())
        columns[free], was_mixed = plain_column(rest[name])
        mixed += [free] if was_mixed else []
    if mixed:
        ledger.note("FIELD_TYPE", names=listed(mixed))
    frame = pd.DataFrame(columns, index=rest.index)
    if geometry is None:
        return frame
    import geopandas as gpd

    return gpd.GeoDataFrame(frame, geometry=rest[geometry].to_numpy(), crs=rest.crs)


def plain_column(cells: pd.Series) -> tuple[pd.Series, bool]:
    """Give a column as text, integers, floats or booleans, and whether it held several kinds of things."""
    import pandas as pd

    if cells.dtype != object:
        return without_control(cells), False
    kind = pd.api.types.infer_dtype(cells, skipna=True)
    types = {
        "string": "str",
        "empty": "str",
        "integer": "Int64",
        "floating": "Float64",
        "mixed-integer-float": "Float64",
    }
    types["boolean"] = "boolean"
    try:
        plain = cells.astype(types[kind]) if kind in types else None
    except (OverflowError, TypeError, ValueError):  # integers of more than 64 bits
        plain = None
    if plain is not None:
        return without_control(plain.astype(float) if kind in ("floating", "mixed-integer-float") else plain), False
    dates = kind in ("datetime", "date", "datetime64")
    return without_control(cells.map(_text, na_action="ignore").astype("str")), not dates


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
