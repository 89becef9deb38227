"""Siting problems as mixed-integer programmes: checked input, and HiGHS with what it has proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from riskmap.errors import DataError, NetworkError
from riskmap.text import Text

HAIR = 1e-9
"""Times that exceed the limit by less are within it."""

GAP = 1e-9
"""Relative gap at which HiGHS may stop; the gap that it has proven is in the result."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Checked input: times as an array, demand, existing sites by column, capacities."""

    rows: pd.Index
    columns: pd.Index
    times: NDArray[np.float64]
    demand: NDArray[np.float64]
    existing: NDArray[np.int64]
    capacity: NDArray[np.float64] | None

    def within(self, limit_s: float) -> NDArray[np.bool_]:
        """Which pairs are usable within a limit."""
        return self.times <= limit_s + HAIR


def checked(times: pd.DataFrame, demand: Any, existing: Sequence[Any], capacity: Any, p: int | None) -> Problem:
    """Check that the parts of a problem fit together.

    Raises
    ------
    DataError
        Unknown existing sites, a number of sites that cannot be, demand or capacities that do not match.
    """
    frame = times if isinstance(times, pd.DataFrame) else pd.DataFrame(np.asarray(times, dtype=float))
    amount = _aligned(demand, frame.index, "demand")
    at = frame.columns.get_indexer(pd.Index(list(existing), tupleize_cols=False))
    if (at < 0).any():
        strange = [repr(s) for s, i in zip(existing, at, strict=True) if i < 0]
        raise DataError(
            Text(
                f"existing 里的这些站不在 times 的列中：{'、'.join(strange)}",
                f"existing sites that are no columns of times: {', '.join(strange)}",
            )
        )
    if p is not None and not len(existing) <= p <= frame.shape[1]:
        raise DataError(
            Text(
                f"p = {p} 应在已有站数 {len(existing)} 与候选总数 {frame.shape[1]} 之间",
                f"p = {p} must lie between the existing sites, {len(existing)}, and all, {frame.shape[1]}",
            )
        )
    room = None if capacity is None else _aligned(capacity, frame.columns, "capacity")
    values = frame.to_numpy(dtype=float)
    missing = np.isnan(values)
    if missing.any():  # a copy of a large matrix only where it is needed
        values = np.where(missing, np.inf, values)
    return Problem(frame.index, frame.columns, values, amount, np.unique(at).astype(int), room)


def _aligned(values: Any, index: pd.Index, name: str) -> NDArray[np.float64]:
    """Give numbers in the order of an index; a Series or a mapping by its labels."""
    values = pd.Series(values) if isinstance(values, Mapping) else values
    series = values.reindex(index) if isinstance(values, pd.Series) else pd.Series(np.asarray(values, dtype=float))
    if len(series) != len(index) or series.isna().any() or (series < 0).any():
        raise DataError(
            Text(
                f"{name} 应与 times 对应，且不缺、不为负",
                f"{name} must match times, without blanks or negative numbers",
            ),
            field=name,
        )
    return series.to_numpy(dtype=float)


def patterns(usable: NDArray[np.bool_], demand: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Put rows together that the same sites cover: the programme shrinks and stays the same."""
    if not len(usable):
        return usable, demand
    # as bytes: comparing whole rows of many columns is slow
    which, first = pd.factorize(np.array([row.tobytes() for row in np.packbits(usable, axis=1)], dtype=object))
    begins = np.zeros(len(first), dtype=np.int64)
    begins[which[::-1]] = np.arange(len(usable))[::-1]
    return usable[begins], np.bincount(which, demand, minlength=len(first)).astype(float, copy=False)


def solve(
    cost: NDArray[np.float64],
    limits: list[LinearConstraint],
    sites: int,
    existing: NDArray[np.int64] | tuple[()] = (),
    *,
    p: int | None = None,
    extra: int = 0,
    whole: bool = False,
    time_limit_s: float | None = None,
) -> Any:
    """Solve with one binary variable per site, then ``extra`` variables from 0 to 1."""
    low, high = np.zeros(sites + extra), np.ones(sites + extra)
    low[np.asarray(existing, dtype=int)] = 1.0
    kinds = np.concatenate((np.ones(sites), np.full(extra, float(whole))))
    if p is not None:
        row = csr_array(np.concatenate((np.ones(sites), np.zeros(extra)))[None, :])
        limits = [*limits, LinearConstraint(row, p, p)]
    options = {"mip_rel_gap": GAP} | ({} if time_limit_s is None else {"time_limit": time_limit_s})
    found = milp(cost, integrality=kinds, bounds=Bounds(low, high), constraints=limits, options=options)
    if found.x is None:
        raise too_few(p)
    return found


def too_few(p: int | None) -> NetworkError:
    """Give the error for sites that cannot serve all demand."""
    return NetworkError(
        Text(f"{p} 个站无法服务全部需求", f"{p} sites cannot serve all demand"),
        remedy=Text("增加 p 或容量，或增加候选点", "raise p or the capacities, or add candidates"),
    )


def bound_of(found: Any) -> float:
    """Give the dual bound; a programme without whole variables left has none, and is solved to the end."""
    bound = getattr(found, "mip_dual_bound", None)
    return float(found.fun if bound is None else bound)


def gap_of(value: float, bound: float) -> float:
    """Give the relative gap between a value and what is proven; 0 within rounding."""
    gap = abs(value - bound) / max(abs(value), 1.0)
    return gap if gap > GAP else 0.0
