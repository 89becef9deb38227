"""Where to build: exact choices of sites on a matrix of times, with the proven gap.

Four classical problems (Church and ReVelle 1974 for maximum coverage, Toregas and others 1971 for fewest sites, Hakimi
1964 for the median and the centre), solved as mixed-integer programmes by HiGHS. Pairs whose time is NaN or infinite
are not usable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, eye_array, hstack

from riskmap.errors import DataError, NetworkError
from riskmap.text import Text

HAIR = 1e-9
"""Times that exceed the limit by less are within it."""

GAP = 1e-9
"""Relative gap at which HiGHS may stop; the gap that it has proven is in the result."""


@dataclass(frozen=True, eq=False)
class Siting:
    """A choice of sites.

    Parameters
    ----------
    sites : list
        Column labels of ``times``, in their order; existing sites are among them.
    value : float
        Of the choice: demand covered, number of sites, demand times seconds, or seconds.
    bound : float
        No choice can be better than this.
    gap : float
        ``|value - bound| / max(|value|, 1)``; 0 when the choice is proven best.
    assignment : Series
        Site of each demand (row label -> column label), None where it is not served.
    unserved : Index
        Rows with demand that no site, chosen or not, can serve.
    """

    sites: list[Any]
    value: float
    bound: float
    gap: float
    assignment: pd.Series
    unserved: pd.Index


@dataclass(frozen=True, eq=False)
class _Problem:
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


def max_coverage(
    times: pd.DataFrame,
    demand: Any,
    *,
    p: int,
    limit_s: float,
    existing: Sequence[Any] = (),
    capacity: Any = None,
    time_limit_s: float | None = None,
) -> Siting:
    """Choose sites that cover the most demand within a limit.

    Parameters
    ----------
    times : DataFrame demand x sites
        Seconds; NaN and ``inf`` are not usable.
    demand : Series or sequence
        By row of ``times``; at least 0.
    p : int
        Number of sites, existing ones included.
    limit_s : float
        Inclusive.
    existing : sequence
        Column labels that are chosen in any case.
    capacity : Series or sequence, optional
        Most demand that a site takes; each row is then served whole, by one site.
    time_limit_s : float, optional
        After which HiGHS gives the best choice so far, with its gap.

    Raises
    ------
    DataError, NetworkError
        Input that does not fit together; fewer sites than existing ones.
    """
    problem = _checked(times, demand, existing, capacity, p)
    usable = problem.within(limit_s)
    if problem.capacity is not None:
        return _assigned(problem, usable, -problem.demand[:, None] * usable, p, time_limit_s, serve_all=False)
    some, rows = _patterns(usable[problem.demand > 0], problem.demand[problem.demand > 0])
    count, sites = len(rows), usable.shape[1]
    cost = np.concatenate((np.zeros(sites), -rows))
    covered = hstack([-csr_array(some.astype(float)), eye_array(count)]) if count else None
    limits = [] if covered is None else [LinearConstraint(covered, -np.inf, 0)]
    found = _solve(cost, limits, problem, p, extra=count, whole=False, time_limit_s=time_limit_s)
    chosen = found.x[:sites] > 0.5
    value = float(problem.demand[usable[:, chosen].any(axis=1)].sum())
    return _siting(problem, chosen, usable, value, -_bound(found))


def fewest_sites(
    times: pd.DataFrame,
    demand: Any,
    *,
    limit_s: float,
    existing: Sequence[Any] = (),
    time_limit_s: float | None = None,
) -> Siting:
    """Choose the fewest sites that cover all demand that can be covered within a limit.

    Parameters
    ----------
    times, demand, limit_s, existing, time_limit_s
        As in :func:`max_coverage`. Rows that no site covers are given as ``unserved``; they ask for no site.
    """
    problem = _checked(times, demand, existing, None, None)
    usable = problem.within(limit_s)
    needed, _ = _patterns(usable[problem.demand > 0], problem.demand[problem.demand > 0])
    needed = needed[needed.any(axis=1)]
    limits = [LinearConstraint(csr_array(needed.astype(float)), 1, np.inf)] if len(needed) else []
    found = _solve(np.ones(usable.shape[1]), limits, problem, None, extra=0, whole=False, time_limit_s=time_limit_s)
    chosen = found.x > 0.5
    # a whole number of sites: the bound rounds up
    return _siting(problem, chosen, usable, float(chosen.sum()), float(np.ceil(_bound(found) - 1e-6)))


def p_median(
    times: pd.DataFrame,
    demand: Any,
    *,
    p: int,
    existing: Sequence[Any] = (),
    capacity: Any = None,
    time_limit_s: float | None = None,
) -> Siting:
    """Choose sites with the least sum of demand times time to the site that serves it.

    Parameters
    ----------
    times, demand, p, existing, capacity, time_limit_s
        As in :func:`max_coverage`. Rows that no site reaches are given as ``unserved`` and left out of the sum.

    Raises
    ------
    NetworkError
        If ``p`` sites cannot serve all demand that some site reaches.
    """
    problem = _checked(times, demand, existing, capacity, p)
    usable = np.isfinite(problem.times)
    cost = np.where(usable, np.where(usable, problem.times, 0.0) * problem.demand[:, None], 0.0)
    return _assigned(problem, usable, cost, p, time_limit_s, serve_all=True)


def p_center(
    times: pd.DataFrame,
    demand: Any,
    *,
    p: int,
    existing: Sequence[Any] = (),
    time_limit_s: float | None = None,
) -> Siting:
    """Choose sites with the least largest time over rows with demand.

    Parameters
    ----------
    times, demand, p, existing, time_limit_s
        As in :func:`p_median`. The answer is one of the times: the least one at which ``p`` sites cover all, found by
        halving; each trial is a cover problem solved to the end.

    Raises
    ------
    NetworkError
        If ``p`` sites cannot serve all demand that some site reaches.
    """
    problem = _checked(times, demand, existing, None, p)
    wanted = (problem.demand > 0) & np.isfinite(problem.times).any(axis=1)
    steps = np.unique(problem.times[wanted & np.ones(len(wanted), bool)][np.isfinite(problem.times[wanted])])
    low, high, best = 0, len(steps) - 1, None
    while low <= high:
        middle = (low + high) // 2
        trial = _cover(problem, problem.times[wanted] <= steps[middle], time_limit_s)
        if trial is not None and trial.sum() <= p:
            best, high = trial, middle - 1
        else:
            low = middle + 1
    if len(steps) and best is None:
        raise _too_few(p)
    if best is None:
        best = np.zeros(len(problem.columns), dtype=bool)
        best[problem.existing] = True
    chosen = _filled(problem, best, p)
    usable = np.isfinite(problem.times)
    served = np.where(usable, problem.times, np.inf)[wanted][:, chosen].min(axis=1, initial=np.inf)
    value = float(served.max(initial=0.0))
    return _siting(problem, chosen, usable, value, value)


def curve(
    times: pd.DataFrame,
    demand: Any,
    *,
    limit_s: float,
    existing: Sequence[Any] = (),
    extra: int = 10,
    time_limit_s: float | None = None,
) -> pd.DataFrame:
    """Give what each further site adds to the demand covered; each row is the best choice of that many sites.

    Parameters
    ----------
    times, demand, limit_s, existing, time_limit_s
        As in :func:`max_coverage`.
    extra : int
        Most sites beyond the existing ones.

    Returns
    -------
    DataFrame
        ``added`` (0, 1, ...), ``covered``, ``gain`` over the row above, ``share`` of all demand, ``gap``, ``sites`` (the
        new ones). It ends when nothing more is gained.
    """
    total = float(np.sum(np.asarray(demand, dtype=float)))
    rows: list[dict[str, Any]] = []
    for added in range(min(extra, times.shape[1] - len(existing)) + 1):
        best = max_coverage(
            times, demand, p=len(existing) + added, limit_s=limit_s, existing=existing, time_limit_s=time_limit_s
        )
        gain = best.value - rows[-1]["covered"] if rows else 0.0
        if rows and gain <= 0:
            break
        new = [site for site in best.sites if site not in set(existing)]
        rows.append(
            {
                "added": added,
                "covered": best.value,
                "gain": gain,
                "share": best.value / total if total > 0 else np.nan,
                "gap": best.gap,
                "sites": new,
            }
        )
    return pd.DataFrame(rows)


def _checked(times: pd.DataFrame, demand: Any, existing: Sequence[Any], capacity: Any, p: int | None) -> _Problem:
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
    return _Problem(
        frame.index, frame.columns, np.where(np.isnan(values), np.inf, values), amount, np.unique(at).astype(int), room
    )


def _aligned(values: Any, index: pd.Index, name: str) -> NDArray[np.float64]:
    """Give numbers in the order of an index; a Series by its labels."""
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


def _patterns(usable: NDArray[np.bool_], demand: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Put rows together that the same sites cover: the programme shrinks and stays the same."""
    if not len(usable):
        return usable, demand
    some, which = np.unique(usable, axis=0, return_inverse=True)
    return some, np.bincount(which.ravel(), demand, minlength=len(some))


def _solve(
    cost: NDArray[np.float64],
    limits: list[LinearConstraint],
    problem: _Problem,
    p: int | None,
    *,
    extra: int,
    whole: bool,
    time_limit_s: float | None,
) -> Any:
    """Solve with one binary variable per site, then ``extra`` variables from 0 to 1."""
    sites = len(problem.columns)
    low, high = np.zeros(sites + extra), np.ones(sites + extra)
    low[problem.existing] = 1.0
    kinds = np.concatenate((np.ones(sites), np.full(extra, float(whole))))
    if p is not None:
        row = csr_array(np.concatenate((np.ones(sites), np.zeros(extra)))[None, :])
        limits = [*limits, LinearConstraint(row, p, p)]
    options = {"mip_rel_gap": GAP} | ({} if time_limit_s is None else {"time_limit": time_limit_s})
    found = milp(cost, integrality=kinds, bounds=Bounds(low, high), constraints=limits, options=options)
    if found.x is None:
        raise _too_few(p)
    return found


def _too_few(p: int | None) -> NetworkError:
    return NetworkError(
        Text(f"{p} 个站无法服务全部需求", f"{p} sites cannot serve all demand"),
        remedy=Text("增加 p 或容量，或增加候选点", "raise p or the capacities, or add candidates"),
    )


def _bound(found: Any) -> float:
    """Give the dual bound; a programme without whole variables left has none, and is solved to the end."""
    bound = getattr(found, "mip_dual_bound", None)
    return float(found.fun if bound is None else bound)


def _assigned(
    problem: _Problem,
    usable: NDArray[np.bool_],
    cost: NDArray[np.float64],
    p: int,
    time_limit_s: float | None,
    *,
    serve_all: bool,
) -> Siting:
    """Choose sites and the site of each row at the least cost; a row is served whole where sites have capacities."""
    wanted = (problem.demand > 0) & usable.any(axis=1)
    row, site = np.nonzero(usable & wanted[:, None])
    number, sites, pairs = np.cumsum(wanted) - 1, len(problem.columns), len(row)
    each = coo_array((np.ones(pairs), (number[row], sites + np.arange(pairs))), shape=(wanted.sum(), sites + pairs))
    opened = coo_array(
        (
            np.repeat([1.0, -1.0], pairs),
            (np.tile(np.arange(pairs), 2), np.concatenate((sites + np.arange(pairs), site))),
        ),
        shape=(pairs, sites + pairs),
    )
    limits = []
    if pairs:
        limits = [
            LinearConstraint(each.tocsr(), 1.0 if serve_all else 0.0, 1.0),
            LinearConstraint(opened.tocsr(), -np.inf, 0),
        ]
    if problem.capacity is not None and pairs:
        load = coo_array((problem.demand[row], (site, sites + np.arange(pairs))), shape=(sites, sites + pairs))
        limits.append(LinearConstraint(load.tocsr(), -np.inf, problem.capacity))
    found = _solve(
        np.concatenate((np.zeros(sites), cost[row, site])),
        limits,
        problem,
        p,
        extra=pairs,
        whole=problem.capacity is not None,
        time_limit_s=time_limit_s,
    )
    chosen = found.x[:sites] > 0.5
    value, bound = float(found.fun), _bound(found)
    if problem.capacity is None:
        # with the sites known, each row goes to its nearest
        nearest = np.where(usable, problem.times, np.inf)[:, chosen].min(axis=1, initial=np.inf)
        value = float(np.sum(problem.demand[wanted] * nearest[wanted]))
        return _siting(problem, chosen, usable, value, bound)
    taken = found.x[sites:] > 0.5
    by = pd.Series(None, index=problem.rows, dtype=object)
    by.iloc[row[taken]] = problem.columns.to_numpy()[site[taken]]
    sign = 1.0 if serve_all else -1.0
    return _siting(problem, chosen, usable, sign * value, sign * bound, by)


def _cover(problem: _Problem, usable: NDArray[np.bool_], time_limit_s: float | None) -> NDArray[np.bool_] | None:
    """Give the fewest sites that cover all rows; None when some row has none."""
    needed = np.unique(usable, axis=0)
    if not needed.any(axis=1).all():
        return None
    limits = [LinearConstraint(csr_array(needed.astype(float)), 1, np.inf)]
    found = _solve(np.ones(usable.shape[1]), limits, problem, None, extra=0, whole=False, time_limit_s=time_limit_s)
    return found.x > 0.5


def _filled(problem: _Problem, chosen: NDArray[np.bool_], p: int) -> NDArray[np.bool_]:
    """Add the first free sites until there are ``p``: more sites never make the largest time larger."""
    chosen = chosen.copy()
    free = np.flatnonzero(~chosen)
    chosen[free[: p - int(chosen.sum())]] = True
    return chosen


def _siting(
    problem: _Problem,
    chosen: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    value: float,
    bound: float,
    assignment: pd.Series | None = None,
) -> Siting:
    at = np.flatnonzero(chosen)
    if assignment is None:
        times = np.where(usable, problem.times, np.inf)[:, at]
        nearest = times.argmin(axis=1) if len(at) else np.zeros(len(times), dtype=int)
        served = np.isfinite(times.min(axis=1, initial=np.inf))
        assignment = pd.Series(None, index=problem.rows, dtype=object)
        assignment.iloc[np.flatnonzero(served)] = problem.columns.to_numpy()[at[nearest[served]]]
    unserved = problem.rows[(problem.demand > 0) & ~usable.any(axis=1)]
    gap = abs(value - bound) / max(abs(value), 1.0)
    return Siting(list(problem.columns[at]), value, bound, gap if gap > 1e-9 else 0.0, assignment, unserved)
