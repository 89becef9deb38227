"""The totals of a build, counted along different ways that must agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields
from riskmap.errors import ConservationError
from riskmap.levels import LEVELS, ZONES
from riskmap.risk.units import SLIVER
from riskmap.risk.zoning import areas_by_code
from riskmap.text import Text

AREA_TOLERANCE = 1e-6
PEOPLE_TOLERANCE = 1e-9
"""Relative (contract 11.5, 11.6)."""


def add_up(
    *,
    zones: pd.DataFrame,
    controls: pd.DataFrame,
    units: pd.DataFrame | None,
    boundary_km2: float,
    levels: NDArray[np.uint8],
    control: NDArray[np.uint8],
    people: NDArray[np.float64] | None,
    inside: NDArray[np.bool_],
) -> dict[str, Any]:
    """Count areas by colour, zone and township from the polygons, people from the cells, and compare.

    Returns
    -------
    dict
        ``area_km2``: ``boundary``, ``by_level``, ``by_zone``, ``by_unit``; ``people``: ``inside``, ``by_level``,
        ``by_zone``, ``by_unit``, ``unknown_cells``; keys are text, for ``run.json``.

    Raises
    ------
    ConservationError
        Two ways of counting disagree: a bug of ours.
    """
    by_level = areas_by_code(zones, fields.LEVEL, len(LEVELS))
    by_zone = areas_by_code(controls, fields.ZONE, len(ZONES))
    area: dict[str, Any] = {"boundary": boundary_km2, "by_level": _keyed(by_level), "by_zone": _keyed(by_zone)}
    _agree("area by colour", by_level.sum(), "area of the boundary", boundary_km2, AREA_TOLERANCE)
    _agree("area by control zone", by_zone.sum(), "area of the boundary", boundary_km2, AREA_TOLERANCE)
    if units is not None:
        area["by_unit"] = _named(units, fields.AREA_KM2)
        _agree("area by township", sum(area["by_unit"].values()), "area of the boundary", boundary_km2, 2 * SLIVER)
        for level in range(len(LEVELS)):
            shared = float((units[fields.share_of(level)] * units[fields.AREA_KM2]).sum())
            _agree(
                f"area of level {level} by township",
                shared,
                "by colour",
                by_level[level],
                2 * SLIVER,
                scale=boundary_km2,
            )
    counted: dict[str, Any] = {"area_km2": area}
    if people is not None:
        counted["people"] = _people(units, levels, control, people, inside)
    return counted


def _people(
    units: pd.DataFrame | None,
    levels: NDArray[np.uint8],
    control: NDArray[np.uint8],
    people: NDArray[np.float64],
    inside: NDArray[np.bool_],
) -> dict[str, Any]:
    within = np.where(inside, people, np.nan)
    total = float(np.nansum(within))
    known = ~np.isnan(within)
    by_level = np.bincount(levels[known], within[known], minlength=len(LEVELS))
    by_zone = np.bincount(control[known], within[known], minlength=len(ZONES))
    out: dict[str, Any] = {
        "inside": total,
        "by_level": _keyed(by_level),
        "by_zone": _keyed(by_zone),
        "unknown_cells": int((inside & np.isnan(people)).sum()),
    }
    _agree("people by colour", by_level.sum(), "people inside the boundary", total, PEOPLE_TOLERANCE)
    _agree("people by control zone", by_zone.sum(), "people inside the boundary", total, PEOPLE_TOLERANCE)
    if units is not None:
        out["by_unit"] = _named(units, fields.PEOPLE)
        _agree(
            "people by township", sum(out["by_unit"].values()), "people inside the boundary", total, PEOPLE_TOLERANCE
        )
        for level in range(len(LEVELS)):
            shared = float(units[fields.people_of(level)].sum())
            _agree(
                f"people of level {level} by township",
                shared,
                "by colour",
                by_level[level],
                PEOPLE_TOLERANCE,
                scale=total,
            )
    return out


def _agree(what: str, a: float, other: str, b: float, tolerance: float, scale: float | None = None) -> None:
    size = max(abs(a), abs(b)) if scale is None else scale
    if abs(a - b) > tolerance * size:
        raise ConservationError(
            Text(f"不守恒：{what} {a!r} 与 {other} {b!r} 不符", f"{what} {a!r} disagrees with {other} {b!r}"),
            remedy=Text(
                "这是程序的错误，请把项目文件和 run.json 发给开发者",
                "this is a bug of ours; please send the project file and run.json",
            ),
        )


def _keyed(values: NDArray[Any]) -> dict[str, float]:
    return {str(code): float(v) for code, v in enumerate(values)}


def _named(units: pd.DataFrame, column: str) -> dict[str, float]:
    """Give a column by township code; units without a code by name; rows of one code are parts of one unit."""
    codes = units[fields.CODE].where(units[fields.CODE].notna(), units[fields.NAME])
    return {str(code): float(v) for code, v in units[column].groupby(codes, sort=False).sum().items()}
