"""Safety risk points: LEC or LS scores to four colours, and the colour of an area by its points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields
from riskmap.crs import require_same
from riskmap.grid import Grid
from riskmap.levels import GENERAL, LARGER, LEVELS, LOW, MAJOR
from riskmap.overlay import rules
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

Rule = Literal["highest", "escalation"]


def lec_level(
    likelihood: pd.Series, exposure: pd.Series, consequence: pd.Series, *, constants: Mapping[str, Any] | None = None
) -> pd.Series:
    """Give the level of D = L x E x C: over 320 red, from 160 orange, from 70 yellow, else blue; 0 where a score is unknown.

    Examples
    --------
    >>> one = lambda v: pd.Series([v])
    >>> [int(lec_level(one(6), one(6), one(c))[0]) for c in (3, 7, 15)]  # D = 108, 252, 540
    [2, 3, 4]
    """
    known = rules.values("risk_points") if constants is None else constants
    d = (likelihood * exposure * consequence).astype(float).round(9)
    level = _from(d, known["lec_yellow_from"], known["lec_orange_from"], np.inf)
    return level.mask(d > known["lec_red_over"], MAJOR)


def ls_level(likelihood: pd.Series, severity: pd.Series, *, constants: Mapping[str, Any] | None = None) -> pd.Series:
    """Give the level of R = L x S: from 20 red, from 15 orange, from 9 yellow, else blue; 0 where a score is unknown."""
    known = rules.values("risk_points") if constants is None else constants
    r = (likelihood * severity).astype(float).round(9)
    return _from(r, known["ls_yellow_from"], known["ls_orange_from"], known["ls_red_from"])


def _from(score: pd.Series, yellow: float, orange: float, red: float) -> pd.Series:
    level = pd.Series(LOW, index=score.index)
    for bound, code in ((yellow, GENERAL), (orange, LARGER), (red, MAJOR)):
        level = level.mask(score >= bound, code)
    return level.where(score.notna(), 0).astype(int)


def levels(points: pd.DataFrame, *, constants: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Give each point's level and how it came about.

    Parameters
    ----------
    points : DataFrame
        ``level`` (4 red ... 1 blue) wins; else ``L, E, C``; else ``L, S``. NaN is unknown.

    Returns
    -------
    DataFrame
        On the caller's index: ``level`` (0 unknown), ``basis`` (given, LEC, LS or missing), ``score`` (D or R).
    """
    out = pd.DataFrame({fields.LEVEL: 0, "basis": None, "score": np.nan}, index=points.index).astype({"basis": object})
    numbers = {c: pd.to_numeric(points[c], errors="coerce") for c in ("L", "E", "C", "S") if c in points.columns}
    ways = []
    if {"L", "S"} <= set(numbers):
        ways.append(("LS", ls_level(numbers["L"], numbers["S"], constants=constants), numbers["L"] * numbers["S"]))
    if {"L", "E", "C"} <= set(numbers):
        score = numbers["L"] * numbers["E"] * numbers["C"]
        ways.append(("LEC", lec_level(numbers["L"], numbers["E"], numbers["C"], constants=constants), score))
    if fields.LEVEL in points.columns:
        ways.append(("given", pd.to_numeric(points[fields.LEVEL], errors="coerce").fillna(0).astype(int), None))
    for basis, level, score in ways:
        held = level > 0
        out.loc[held, fields.LEVEL] = level[held]
        out.loc[held, "basis"] = basis
        out.loc[held, "score"] = score[held] if score is not None else np.nan
    return out


def area_levels(counts: NDArray[Any], *, rule: Rule = "highest", escalate: int | None = None) -> NDArray[np.uint8]:
    """Give the level of areas by the points in them.

    Parameters
    ----------
    counts : (areas, 5) array
        Points of each level 0 ... 4.
    rule : {"highest", "escalation"}
        Highest point; or the same, and one colour more where ``escalate`` points or more have the highest colour.
    escalate : int, optional
        3 by house default.

    Returns
    -------
    uint8 array
        0 where an area holds no point of known level.

    Examples
    --------
    >>> area_levels(np.array([[0, 5, 0, 3, 0], [0, 5, 0, 2, 0]]), rule="escalation").tolist()
    [4, 3]
    """
    count = rules.values("risk_points")["escalate_count"] if escalate is None else escalate
    known = np.asarray(counts).copy()
    known[:, 0] = 0
    highest = np.where(known > 0, np.arange(len(LEVELS)), 0).max(axis=1)
    if rule == "escalation":
        many = known[np.arange(len(known)), highest] >= count
        highest = np.where(many & (highest > 0), np.minimum(highest + 1, MAJOR), highest)
    return highest.astype(np.uint8)


def count_by_cell(
    points: gpd.GeoDataFrame, level: pd.Series, grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count points by cell and level.

    Returns
    -------
    cells : (k,) array
        Flat indices of the cells that hold points, rising.
    counts : (k, 5) array
        Points of each level in them.
    """
    require_same(points.crs, grid.crs, what=Text("风险点与格网", "risk points and grid"))
    at = grid.locate(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    held = at >= 0
    cells, slot = np.unique(at[held], return_inverse=True)
    flat = slot * len(LEVELS) + level.to_numpy()[held]
    return cells, np.bincount(flat, minlength=len(cells) * len(LEVELS)).reshape(len(cells), len(LEVELS))


def count_columns(counts: NDArray[Any]) -> pd.DataFrame:
    """Give ``n_points, n_red, n_orange, n_yellow, n_blue, n_unknown`` of counts by level."""
    columns = {"n_points": counts.sum(axis=1)}
    columns |= {f"n_{fields.COLOURS[code]}": counts[:, code] for code in (MAJOR, LARGER, GENERAL, LOW, 0)}
    return pd.DataFrame(columns)
