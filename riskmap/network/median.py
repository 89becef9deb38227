"""The p-median of many demands, exactly: a small programme over the sites, told bit by bit what the demands cost.

With a variable for every pair of demand and site a city's problem has tens of millions of them. Here (Benders 1962, as
used for the median by Duran-Mateluna and others 2023) the programme has the sites and one cost for each group of
demands. Each choice of sites, whole or in shares, gives one more inequality for every group: no choice costs less.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, hstack, vstack

from riskmap.network.programme import GAP, Problem, bound_of, patterns, too_few

GROUPS = 64
"""Most groups of demands."""

ROUNDS = 500
"""Most rounds in shares; after them whole sites are asked for in any case."""

CLOSE = 1e-7
"""Relative distance between bound and cost at which the rounds in shares end."""

FULL = 1 - 1e-9
"""Shares of sites that add up to this are one site."""


@dataclass(frozen=True, eq=False)
class _Pairs:
    """What each demand could save: the new sites that are nearer than the existing ones, the nearest first.

    ``row`` (position among the demands), ``site`` (position among the free sites) and ``seconds`` by pair; ``first``,
    where a row begins; ``weight``, ``limit`` (seconds to the nearest existing site, ``inf`` where there is none) and
    ``group`` by row. Weights are shares of the demand: costs are mean seconds, numbers that HiGHS likes.
    """

    row: NDArray[np.int64]
    site: NDArray[np.int64]
    seconds: NDArray[np.float64]
    first: NDArray[np.int64]
    weight: NDArray[np.float64]
    limit: NDArray[np.float64]
    group: NDArray[np.int64]
    sites: int

    @classmethod
    def of(cls, problem: Problem, free: NDArray[np.int64]) -> _Pairs:
        """Give the pairs of a problem for its free sites."""
        limit = problem.times[:, problem.existing].min(axis=1, initial=np.inf)
        near = problem.times[:, free]
        usable = near < limit[:, None]
        kept = np.flatnonzero((problem.demand > 0) & (np.isfinite(limit) | usable.any(axis=1)))
        usable, near = usable[kept], near[kept]
        row, site = np.nonzero(usable)
        seconds = near[usable]
        order = np.lexsort((site, seconds, row))
        row, site, seconds = row[order], site[order], seconds[order]
        first = np.searchsorted(row, np.arange(len(kept) + 1))
        # neighbours in one group: its inequality then speaks of few sites
        nearest = np.full(len(kept), -1)
        some = first[:-1] < first[1:]
        nearest[some] = site[first[:-1][some]]
        rank = np.argsort(np.argsort(nearest, kind="stable"), kind="stable")
        group = rank * GROUPS // max(len(kept), 1)
        weight = problem.demand[kept] / problem.demand[kept].sum() if len(kept) else np.empty(0)
        return cls(row, site, seconds, first, weight, limit[kept], group, len(free))

    def cost(self, share: NDArray[np.float64]) -> tuple[float, csr_array, NDArray[np.float64]]:
        """Give the cost of sites taken in shares, and for each group an inequality that no choice falls short of.

        Returns
        -------
        float
        sparse array (groups, sites), float array (groups)
            ``a`` and ``b`` of ``cost of the group >= b - a @ shares``; equal at these shares.
        """
        taken = share[self.site]
        total = np.cumsum(taken)
        before = np.concatenate(([0.0], total))[self.first[:-1]]
        so_far = total - before[self.row]
        # the demand goes as far as the site at which its shares add up to one
        enough = so_far - taken < FULL
        last = np.bincount(self.row, enough, minlength=len(self.weight)).astype(np.int64)
        farthest = np.full(len(self.weight), np.nan)
        some = np.flatnonzero(last > 0)
        at = self.first[:-1][some] + last[some] - 1
        farthest[some] = np.where(so_far[at] >= FULL, self.seconds[at], self.limit[some])
        farthest[last == 0] = self.limit[last == 0]
        # shares of a demand without existing site add up to one but for rounding
        lost = np.isinf(farthest)
        farthest[lost] = self.seconds[np.maximum(self.first[1:][lost] - 1, 0)]
        saved = np.maximum(farthest[self.row] - self.seconds, 0.0) * self.weight[self.row]
        used = saved > 0
        slope = csr_array((saved[used], (self.group[self.row[used]], self.site[used])), shape=(GROUPS, self.sites))
        level = np.bincount(self.group, self.weight * farthest, minlength=GROUPS).astype(float)
        return float(level.sum() - (slope @ share).sum()), slope, level

    def of_choice(self, chosen: NDArray[np.bool_]) -> float:
        """Give the cost of whole sites; ``inf`` where some demand is left without."""
        seconds = np.where(chosen[self.site], self.seconds, np.inf)
        nearest = self.limit.copy()
        some = self.first[:-1] < self.first[1:]
        if len(seconds):
            nearest[some] = np.minimum(nearest[some], np.minimum.reduceat(seconds, self.first[:-1][some]))
        return float(self.weight @ nearest) if np.isfinite(nearest).all() else np.inf

    def covers(self) -> csr_array:
        """Give, for demands without existing site, the sites of which at least one is needed."""
        alone = np.isinf(self.limit)
        needed = np.zeros((int(alone.sum()), self.sites), dtype=bool)
        number = np.cumsum(alone) - 1
        pair = alone[self.row]
        needed[number[self.row[pair]], self.site[pair]] = True
        return csr_array(patterns(needed, np.ones(len(needed)))[0].astype(float))


def least_cost(problem: Problem, p: int, time_limit_s: float | None) -> tuple[NDArray[np.bool_], float]:
    """Give the sites of least demand times seconds, and the sum below which no choice comes.

    Raises
    ------
    NetworkError
        If no choice of ``p`` sites serves all demand that some site reaches.
    """
    chosen = np.zeros(len(problem.columns), dtype=bool)
    chosen[problem.existing] = True
    demand = float(problem.demand[(problem.demand > 0) & np.isfinite(problem.times).any(axis=1)].sum())
    free, new = np.flatnonzero(~chosen), p - len(problem.existing)
    pairs = _Pairs.of(problem, free)
    if not new or not len(pairs.row):
        chosen[free[:new]] = True
        value = pairs.of_choice(np.zeros(len(free), dtype=bool))
        if np.isinf(value):
            raise too_few(p)
        return chosen, value * demand
    master = _Master(pairs, new, np.inf if time_limit_s is None else time.monotonic() + time_limit_s)
    master.in_shares()
    taken, bound = master.whole()
    if taken is None:
        raise too_few(p)
    chosen[free[taken]] = True
    return chosen, bound * demand


class _Master:
    """The programme over the sites, which grows by inequalities."""

    def __init__(self, pairs: _Pairs, new: int, until: float) -> None:
        self.pairs, self.new, self.until = pairs, new, until
        self.cover = pairs.covers()
        self.slopes: list[csr_array] = []
        self.levels: list[NDArray[np.float64]] = []
        self.best: NDArray[np.bool_] | None = None
        self.value, self.bound = np.inf, 0.0
        self.may = np.ones(pairs.sites)
        self.learn(np.full(pairs.sites, new / pairs.sites))

    def learn(self, share: NDArray[np.float64]) -> float:
        """Take in the inequalities of a choice; give its cost."""
        cost, slope, level = self.pairs.cost(share)
        self.slopes.append(slope)
        self.levels.append(level)
        return cost

    def judge(self, share: NDArray[np.float64]) -> None:
        """Keep the largest shares as whole sites where that is the best choice so far."""
        chosen = np.zeros(self.pairs.sites, dtype=bool)
        chosen[np.argsort(-share, kind="stable")[: self.new]] = True
        value = self.pairs.of_choice(chosen)
        if value < self.value:
            self.best, self.value = chosen, value

    def limits(self) -> tuple[csr_array, NDArray[np.float64]]:
        """Give the inequalities as ``a @ (shares, costs) >= b``."""
        costs = csr_array(np.tile(np.eye(GROUPS), (len(self.slopes), 1)))
        rows = hstack((vstack(self.slopes), costs))
        if self.cover.shape[0]:
            empty = csr_array((self.cover.shape[0], GROUPS))
            rows = vstack((rows, hstack((self.cover, empty))))
        return rows.tocsr(), np.concatenate((*self.levels, np.ones(self.cover.shape[0])))

    def in_shares(self) -> None:
        """Ask for sites in shares until bound and cost agree; sites that cannot be among the best are then left out."""
        sites = self.pairs.sites
        objective = np.concatenate((np.zeros(sites), np.ones(GROUPS)))
        exactly = np.concatenate((np.ones(sites), np.zeros(GROUPS)))[None, :]
        inside: NDArray[np.float64] | None = None
        for _ in range(ROUNDS):
            rows, levels = self.limits()
            box = [(0, 1)] * sites + [(0, None)] * GROUPS
            found = linprog(objective, -rows, -levels, exactly, [self.new], box, method="highs")
            if found.x is None:
                return
            share, self.bound = found.x[:sites], max(self.bound, float(found.fun))
            self.judge(share)
            # half way to the last place: the corners of the programme alone go to and fro
            asked = share if inside is None else 0.5 * (share + inside)
            cost = self.learn(asked)
            if asked is not share and cost <= found.fun + CLOSE * abs(found.fun):
                cost = self.learn(share)
            inside = asked
            if cost <= found.fun + CLOSE * abs(found.fun) or time.monotonic() > self.until:
                dear = found.fun + np.asarray(found.lower.marginals)[:sites] > self.value * (1 + GAP)
                self.may[dear] = 0.0
                return

    def whole(self) -> tuple[NDArray[np.bool_] | None, float]:
        """Ask for whole sites until bound and cost agree; give the choice and the bound."""
        sites = self.pairs.sites
        objective = np.concatenate((np.zeros(sites), np.ones(GROUPS)))
        exactly = np.concatenate((np.ones(sites), np.zeros(GROUPS)))[None, :]
        kinds = np.concatenate((np.ones(sites), np.zeros(GROUPS)))
        box = Bounds(np.zeros(sites + GROUPS), np.concatenate((self.may, np.full(GROUPS, np.inf))))
        while True:
            rows, levels = self.limits()
            limits = [LinearConstraint(rows, levels, np.inf), LinearConstraint(exactly, self.new, self.new)]
            options: dict[str, Any] = {"mip_rel_gap": GAP}
            if np.isfinite(self.until):
                options["time_limit"] = max(self.until - time.monotonic(), 1.0)
            found = milp(objective, integrality=kinds, bounds=box, constraints=limits, options=options)
            if found.x is None:
                return self.best, self.bound
            bound = self.bound = max(self.bound, bound_of(found))
            share = np.round(found.x[:sites])
            self.judge(share)
            cost = self.learn(share)
            if self.value <= bound + GAP * max(abs(bound), 1.0) or time.monotonic() > self.until:
                return self.best, min(bound, self.value)
            if cost <= found.fun + GAP * max(abs(cost), 1.0):  # nothing was learned: rounding is all that is left
                return self.best, min(bound, self.value)
