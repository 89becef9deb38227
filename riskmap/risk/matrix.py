"""Likelihood and consequence: the LS matrix and the LEC score of safety risk points, and their levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.text import Text

LS_STEPS = (1, 2, 3, 4, 5)


def lec(likelihood: Any, exposure: Any, consequence: Any) -> Any:
    """Give D = L x E x C.

    Parameters
    ----------
    likelihood, exposure, consequence : float, array or Series
        Scores of the LEC tables (facts ``matrix``), for example L 6 quite possible, E 6 daily, C 15 one death; NaN unknown.

    Returns
    -------
    float, array or Series
        The kind that came in; NaN where a score is unknown.

    Raises
    ------
    DataError
        A score that the tables do not have.

    Examples
    --------
    >>> lec(6.0, 6.0, 7.0)
    252.0
    """
    scores = {row["factor"]: row["scores"] for row in _table("lec_scores")}
    for factor, values in (("L", likelihood), ("E", exposure), ("C", consequence)):
        _require(factor, values, scores[factor])
    return likelihood * exposure * consequence


def ls(likelihood: Any, severity: Any) -> Any:
    """Give R = L x S, both whole numbers 1-5; arguments, errors and result like :func:`lec`.

    Examples
    --------
    >>> ls(3, 5)
    15
    """
    _require("L", likelihood, LS_STEPS)
    _require("S", severity, LS_STEPS)
    return likelihood * severity


def levels(scores: Any, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    """Give the level of each score by a table of lower limits.

    Parameters
    ----------
    scores : array-like
        NaN unknown.
    rows : sequence of mapping
        ``level`` with ``from`` (inclusive) or ``above`` (exclusive), any order.

    Returns
    -------
    uint8 array
        The highest level whose limit is reached; 0 unknown.
    """
    scores = np.asarray(scores, dtype=float)
    found = np.zeros(scores.shape, dtype=np.uint8)
    for row in sorted(rows, key=lambda row: row["level"]):
        reached = scores > row["above"] if "above" in row else scores >= row["from"]
        found[reached] = row["level"]
    return found


def ls_levels(scores: Any) -> NDArray[np.uint8]:
    """Give the four levels of LS scores by the house's table; NaN is 0.

    Examples
    --------
    >>> ls_levels([25, 16, 10, 8, float("nan")]).tolist()
    [4, 3, 2, 1, 0]
    """
    return levels(scores, _table("ls"))


def lec_levels(scores: Any) -> NDArray[np.uint8]:
    """Give the four levels of LEC scores by the house's table; NaN is 0.

    Examples
    --------
    >>> lec_levels([321, 320, 160, 108, 69.9, 18]).tolist()
    [4, 3, 3, 2, 1, 1]
    """
    return levels(scores, _table("lec"))


def point_levels(points: pd.DataFrame) -> pd.Series:
    """Give the level of safety risk points: stated, else by L, E and C, else by L and S.

    Parameters
    ----------
    points : DataFrame
        ``level`` (0 or NaN unknown), or ``L``, ``E``, ``C``, or ``L``, ``S``; each where it is known.

    Returns
    -------
    Series of uint8
        On the caller's index; 0 unknown.
    """
    stated = points["level"].fillna(0).to_numpy(np.uint8) if "level" in points else np.zeros(len(points), np.uint8)
    found = stated.copy()
    for columns, score, graded in ((("L", "E", "C"), lec, lec_levels), (("L", "S"), ls, ls_levels)):
        if not set(columns) <= set(points.columns):
            continue
        # a point with the scores of the other method is not looked at by this one
        whole = (found == 0) & points[list(columns)].notna().all(axis=1).to_numpy()
        factors = [points[c].to_numpy(float)[whole] for c in columns]
        found[whole] = graded(score(*factors))
    return pd.Series(found, index=points.index, name="level")


@cache
def _table(name: str) -> tuple[dict[str, Any], ...]:
    from riskmap.data.catalog import house

    return house().facts("matrix").tables[name].rows


def _require(factor: str, values: Any, allowed: Sequence[float]) -> None:
    x = np.asarray(values, dtype=float)
    strange = ~np.isnan(x) & ~np.isin(x, allowed)
    if strange.any():
        raise DataError(
            Text(
                f"{factor} = {x[strange].flat[0]:g} 不在 {list(allowed)} 之中",
                f"{factor} = {x[strange].flat[0]:g} is none of {list(allowed)}",
            ),
            field=factor,
        )
