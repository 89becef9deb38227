"""What changed between two runs of the same area."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.grid import Raster
from riskmap.levels import LEVELS, MAJOR
from riskmap.text import Text

UNCHANGED = MAJOR
"""Code of cells whose level is the same; 1 more for each level up, 1 less for each level down, 0 unknown in either run."""


def change(before: Raster, after: Raster) -> Raster:
    """Give by how many levels each cell changed.

    Parameters
    ----------
    before, after : Raster
        Levels 0-4 on grids of one system, cell size and origin. Their extents may differ.

    Returns
    -------
    Raster
        uint8 on the grid of ``after``: 4 unchanged, 5-7 worse, 1-3 milder, 0 where either is unknown.

    Raises
    ------
    DataError
        The lattices differ: cells of one are not cells of the other.
    """
    earlier = aligned(before, after).astype(np.int16)
    later = after.values.astype(np.int16)
    code = np.where((earlier > 0) & (later > 0), later - earlier + UNCHANGED, 0)
    return Raster(after.grid, code.astype(np.uint8))


def change_table(before: Raster, after: Raster, people: NDArray[np.float64] | None = None) -> pd.DataFrame:
    """Give how many cells, how much ground and how many people went from which level to which.

    Parameters
    ----------
    before, after : Raster
        As in :func:`change`.
    people : float array, optional
        Persons per cell of ``after``, NaN unknown.

    Returns
    -------
    DataFrame
        ``from_level, to_level, cells, area_km2, people`` for pairs that occur among cells known in either run, the worst new
        level first; people NaN where not given.
    """
    earlier = aligned(before, after)
    either = (earlier > 0) | (after.values > 0)
    counted = np.full(after.values.shape, np.nan) if people is None else people
    frame = pd.DataFrame(
        {"from_level": earlier[either], "to_level": after.values[either], "people": counted[either]}
    ).astype({"from_level": int, "to_level": int})
    grouped = frame.groupby(["from_level", "to_level"], as_index=False).agg(
        cells=("people", "size"), people=("people", lambda p: p.sum(min_count=1))
    )
    grouped["area_km2"] = grouped["cells"] * after.grid.cell_area / 1e6
    ordered = grouped.sort_values(["to_level", "from_level"], ascending=[False, False], ignore_index=True)
    return ordered[["from_level", "to_level", "cells", "area_km2", "people"]]


def aligned(before: Raster, after: Raster) -> NDArray[np.uint8]:
    """Give the levels of an earlier run on the grid of a later one, 0 where it did not reach.

    Raises
    ------
    DataError
        The lattices differ.
    """
    a, b = before.grid, after.grid
    column, row = (b.transform.c - a.transform.c) / a.transform.a, (b.transform.f - a.transform.f) / a.transform.e
    whole = abs(column - round(column)) < 1e-6 and abs(row - round(row)) < 1e-6
    if a.crs != b.crs or a.cell_size != b.cell_size or not whole:
        raise DataError(
            Text(
                f"两次成果的格网不同：{a.crs.name} {a.cell_size} 与 {b.crs.name} {b.cell_size}",
                f"the grids of the two runs differ: {a.crs.name} {a.cell_size} and {b.crs.name} {b.cell_size}",
            ),
            remedy=Text(
                "用同一坐标系和格距重做其中一次", "build one of them again in the other's system and cell size"
            ),
        )
    column, row = round(column), round(row)
    moved = np.zeros(b.shape, dtype=np.uint8)
    top, left = max(0, -row), max(0, -column)
    bottom, right = min(b.shape[0], a.shape[0] - row), min(b.shape[1], a.shape[1] - column)
    if bottom > top and right > left:
        moved[top:bottom, left:right] = before.values[top + row : bottom + row, left + column : right + column]
    return moved


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Give km2 that got worse, milder, stayed, or cannot be compared."""
    known = (table["from_level"] > 0) & (table["to_level"] > 0)
    step = np.sign(table["to_level"] - table["from_level"]).where(known, len(LEVELS))
    return {
        word: float(table.loc[step == code, "area_km2"].sum())
        for word, code in (("worse", 1), ("milder", -1), ("unchanged", 0), ("not_comparable", len(LEVELS)))
    }
