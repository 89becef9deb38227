"""Digests of frames: the same content gives the same digest, whatever wrote it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.columns import storable

if TYPE_CHECKING:
    import pandas as pd


def frame_digest(frame: pd.DataFrame) -> str:
    """Give the sha256 of a frame's columns, types, values and geometry, in row order.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        It is brought to the types that databases keep first, so that a frame and what a database gives back agree.
    """
    import shapely

    plain, _ = storable(frame)
    hasher = hashlib.sha256(f"{len(plain)}\0".encode())
    for name in plain.columns:
        column = plain[name]
        hasher.update(f"{name}\0{column.dtype}\0".encode())
        if str(column.dtype) == "geometry":
            hasher.update(str(plain.crs.to_wkt() if plain.crs else None).encode())
            _update(hasher, shapely.to_wkb(column.to_numpy(), include_srid=False), binary=True)
        elif column.dtype.kind in "ifbM":
            missing = column.isna().to_numpy()
            hasher.update(np.packbits(missing).tobytes())
            known = column.to_numpy().view("int64") if column.dtype.kind == "M" else _filled(column)
            hasher.update(np.where(missing, known.dtype.type(0), known).tobytes())
        else:
            _update(hasher, column.map(str, na_action="ignore").to_numpy(dtype=object), binary=False)
    return hasher.hexdigest()


def _filled(column: pd.Series) -> Any:
    """Give numbers or truth values without missing ones."""
    return column.fillna(column.dtype.type(0)).to_numpy(dtype=column.dtype.type)


def _update(hasher: Any, values: Any, *, binary: bool) -> None:
    """Take in texts or byte strings: which are missing, their lengths, their bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pa.array(values, type=pa.large_binary() if binary else pa.large_string(), from_pandas=True)
    hasher.update(np.packbits(np.asarray(cells.is_null())).tobytes())
    filled = pc.fill_null(cells, b"" if binary else "")
    _, offsets, data = filled.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[filled.offset : filled.offset + len(filled) + 1]
    hasher.update(np.diff(places).tobytes())
    if data is not None and len(places):
        hasher.update(memoryview(data)[places[0] : places[-1]])
