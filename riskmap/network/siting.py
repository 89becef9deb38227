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
from scipy.optimize import LinearConstraint
from scipy.sparse import coo_array, csr_array, eye_array, hstack

from riskmap.network.median import least_cost
from riskmap.network.programme import GAP, Problem, bound_of, checked, gap_of, patterns, solve, too_few


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
    problem = checked(times, demand, existing, capacity, p)
    usable = problem.within(limit_s)
    if problem.capacity is not None:
        return _assigned(problem, usable, -problem.demand[:, None] * usable, p, time_limit_s, serve_all=False)
    chosen, value, bound = _most_covered(_Open.of(problem, usable), p - len(problem.existing), time_limit_s)
    return _siting(problem, chosen, usable, value, bound)


@dataclass(frozen=True, eq=False)
class _Open:
    """What existing sites leave to cover: only that is asked about.

    ``chosen``: existing columns; ``base``: demand that they cover; ``free``: the other columns; ``some`` and ``amount``:
    which of these cover the rest, rows of the same sites put together, and their demand.
    """

    chosen: NDArray[np.bool_]
    base: float
    free: NDArray[np.int64]
    some: NDArray[np.bool_]
    amount: NDArray[np.float64]

    @classmethod
    def of(cls, problem: Problem, usable: NDArray[np.bool_]) -> _Open:
        """Give what is left of a problem."""
        chosen = np.zeros(len(problem.columns), dtype=bool)
        chosen[problem.existing] = True
        done = usable[:, chosen].any(axis=1)
        free = np.flatnonzero(~chosen)
        left = np.flatnonzero(~done & (problem.demand > 0))
        left = left[usable[np.ix_(left, free)].any(axis=1)]  # what nobody can cover asks for nothing
        some, amount = patterns(usable[np.ix_(left, free)], problem.demand[left])
        return cls(chosen, float(problem.demand[done].sum()), free, some, amount)


def _most_covered(task: _Open, new: int, time_limit_s: float | None) -> tuple[NDArray[np.bool_], float, float]:
    """Give the best choice of ``new`` sites beside the existing ones, the demand covered and the proven bound.

    Only sites that can be among the best are asked about: one whose own gain, with the largest gains of others, falls
    short of a choice at hand cannot.
    """
    chosen = task.chosen.copy()
    if not new or not len(task.amount):
        chosen[task.free[:new]] = True
        return chosen, task.base, task.base
    kept = _promising(task.some, task.amount, new)
    some, amount = patterns(task.some[:, kept], task.amount)
    sites, count = len(kept), len(amount)
    covered = hstack([-csr_array(some, dtype=float), eye_array(count)])
    found = solve(
        np.concatenate((np.zeros(sites), -amount)),
        [LinearConstraint(covered, -np.inf, 0)],
        sites,
        p=new,
        extra=count,
        time_limit_s=time_limit_s,
    )
    taken = kept[found.x[:sites] > 0.5]
    chosen[task.free[taken]] = True
    value = task.base + float(task.amount[task.some[:, taken].any(axis=1)].sum())
    return chosen, value, task.base - bound_of(found)


def _promising(usable: NDArray[np.bool_], demand: NDArray[np.float64], new: int) -> NDArray[np.int64]:
    """Give the columns that can be among the best ``new``; at least that many."""
    if new >= usable.shape[1] or not new:
        return np.arange(usable.shape[1])
    covers = csr_array(usable, dtype=float)
    gain = demand @ covers
    order = np.argsort(-gain, kind="stable")
    open_rows, at_hand = np.ones(len(demand), dtype=bool), 0.0
    for _ in range(new):  # a greedy choice
        step = (demand * open_rows) @ covers
        at_hand += step.max()
        open_rows &= ~usable[:, step.argmax()]
    largest = gain[order[: new - 1]].sum()
    best = np.where(np.isin(np.arange(len(gain)), order[: new - 1]), largest + gain[order[new - 1]], gain + largest)
    kept = best >= at_hand * (1 - GAP)
    kept[order[:new]] = True
    return np.flatnonzero(kept)


def fewest_sites(
    times: pd.DataFrame,
    demand: Any,
    *,
    limit_s: float,
    existing: Sequence[Any] = (),
    time_limit_s: float | None = None,
) -> Siting:
    """Choose the fewest sites that cover all demand that can be covered within a limit.

    The arguments are those of :func:`max_coverage`. Rows that no site covers are ``unserved``; they ask for no site.
    """
    problem = checked(times, demand, existing, None, None)
    usable = problem.within(limit_s)
    needed, _ = patterns(usable[problem.demand > 0], problem.demand[problem.demand > 0])
    needed = needed[needed.any(axis=1)]
    limits = [LinearConstraint(csr_array(needed, dtype=float), 1, np.inf)] if len(needed) else []
    found = solve(np.ones(usable.shape[1]), limits, usable.shape[1], problem.existing, time_limit_s=time_limit_s)
    chosen = found.x > 0.5
    # a whole number of sites: the bound rounds up
    return _siting(problem, chosen, usable, float(chosen.sum()), float(np.ceil(bound_of(found) - 1e-6)))


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
    problem = checked(times, demand, existing, capacity, p)
    usable = np.isfinite(problem.times)
    if problem.capacity is None:
        chosen, bound = least_cost(problem, p, time_limit_s)
        served = (problem.demand > 0) & usable.any(axis=1)
        value = float(problem.demand[served] @ problem.times[np.ix_(served, chosen)].min(axis=1, initial=np.inf))
        return _siting(problem, chosen, usable, value, min(value, bound))
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
    problem = checked(times, demand, existing, None, p)
    nearest = problem.times.min(axis=1, initial=np.inf)
    wanted = (problem.demand > 0) & np.isfinite(nearest)
    # no choice is better than the worst of the least times; who already has a site that near asks for nothing
    least = nearest[wanted].max(initial=0.0)
    asking = wanted & (problem.times[:, problem.existing].min(axis=1, initial=np.inf) > least)
    open_times = problem.times[asking]
    steps = np.unique(np.concatenate(([least], open_times[np.isfinite(open_times) & (open_times > least)])))
    low, high, best = 0, len(steps) - 1, None
    while low <= high:
        middle = (low + high) // 2
        trial = _cover(problem, open_times <= steps[middle], time_limit_s)
        if trial is not None and trial.sum() <= p:
            best, high = trial, middle - 1
        else:
            low = middle + 1
    if best is None:
        raise too_few(p)
    chosen = _filled(best, p)
    usable = np.isfinite(problem.times)
    served = problem.times[np.ix_(wanted, chosen)].min(axis=1, initial=np.inf)
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
    problem = checked(times, demand, existing, None, None)
    total = float(problem.demand.sum())
    task = _Open.of(problem, problem.within(limit_s))
    rows: list[dict[str, Any]] = []
    for added in range(min(extra, len(task.free)) + 1):
        chosen, value, bound = _most_covered(task, added, time_limit_s)
        gain = value - rows[-1]["covered"] if rows else 0.0
        if rows and gain <= 0:
            break
        rows.append(
            {
                "added": added,
                "covered": value,
                "gain": gain,
                "share": value / total if total > 0 else np.nan,
                "gap": gap_of(value, bound),
                "sites": list(problem.columns[chosen & ~task.chosen]),
            }
        )
    return pd.DataFrame(rows)


def _assigned(
    problem: Problem,
    usable: NDArray[np.bool_],
    cost: NDArray[np.float64],
    p: int,
    time_limit_s: float | None,
    *,
    serve_all: bool,
) -> Siting:
    """Choose sites with capacities and the site of each row, which is served whole, at the least cost."""
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
        load = coo_array((problem.demand[row], (site, sites + np.arange(pairs))), shape=(sites, sites + pairs))
        limits.append(LinearConstraint(load.tocsr(), -np.inf, problem.capacity))
    found = solve(
        np.concatenate((np.zeros(sites), cost[row, site])),
        limits,
        sites,
        problem.existing,
        p=p,
        extra=pairs,
        whole=True,
        time_limit_s=time_limit_s,
    )
    chosen = found.x[:sites] > 0.5
    value, bound = float(found.fun), bound_of(found)
    taken = found.x[sites:] > 0.5
    by = np.full(len(problem.rows), None, dtype=object)
    by[row[taken]] = problem.columns.to_numpy()[site[taken]]
    sign = 1.0 if serve_all else -1.0
    return _siting(problem, chosen, usable, sign * value, sign * bound, pd.Series(by, index=problem.rows, dtype=object))


def _cover(problem: Problem, usable: NDArray[np.bool_], time_limit_s: float | None) -> NDArray[np.bool_] | None:
    """Give the fewest sites that cover all rows; None when some row has none."""
    needed, _ = patterns(usable, np.zeros(len(usable)))
    if not needed.any(axis=1).all():
        return None
    limits = [LinearConstraint(csr_array(needed, dtype=float), 1, np.inf)] if len(needed) else []
    found = solve(np.ones(usable.shape[1]), limits, usable.shape[1], problem.existing, time_limit_s=time_limit_s)
    return found.x > 0.5


def _filled(chosen: NDArray[np.bool_], p: int) -> NDArray[np.bool_]:
    """Add the first free sites until there are ``p``: more sites never make the largest time larger."""
    chosen = chosen.copy()
    free = np.flatnonzero(~chosen)
    chosen[free[: p - int(chosen.sum())]] = True
    return chosen


def _siting(
    problem: Problem,
    chosen: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    value: float,
    bound: float,
    assignment: pd.Series | None = None,
) -> Siting:
    at = np.flatnonzero(chosen)
    if assignment is None:
        times = np.where(usable[:, at], problem.times[:, at], np.inf)
        nearest = times.argmin(axis=1) if len(at) else np.zeros(len(times), dtype=int)
        served = np.isfinite(times.min(axis=1, initial=np.inf))
        by = np.full(len(problem.rows), None, dtype=object)
        by[served] = problem.columns.to_numpy()[at[nearest[served]]]
        assignment = pd.Series(by, index=problem.rows, dtype=object)
    unserved = problem.rows[(problem.demand > 0) & ~usable.any(axis=1)]
    return Siting(list(problem.columns[at]), value, bound, gap_of(value, bound), assignment, unserved)
