"""The transport problem behind the assignment: place as many as possible, then at least cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from riskmap.errors import DataError
from riskmap.text import Text

FIRST_PAIRS = 8
"""Nearest shelters of each origin with which pricing begins."""

MORE_PAIRS = 4
"""Pairs of one origin that are priced in at once."""

PRICE_S = 1e-7
"""A pair that would save less than this per person stays out: the tolerance of the solver."""

WHOLE_NODES = 20_000
"""Branches that are looked at when settlements are kept whole; a count, not a clock, so that every run gives the same."""

WHOLE_GAP = 1e-4
"""Share of the least person-seconds within which a whole assignment counts as least."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Usable pairs of an origin and a shelter.

    Parameters
    ----------
    origin, shelter : int arrays (pairs)
        Positions; sorted by origin.
    seconds : float array (pairs)
    people : float array (origins)
    capacity : float array (shelters)
        ``inf`` has no limit.
    """

    origin: NDArray[np.int64]
    shelter: NDArray[np.int64]
    seconds: NDArray[np.float64]
    people: NDArray[np.float64]
    capacity: NDArray[np.float64]

    def nearest(self, count: int) -> NDArray[np.bool_]:
        """Mark the pairs with the nearest shelters of each origin."""
        order = np.lexsort((self.shelter, self.seconds, self.origin))
        sorted_origin = self.origin[order]
        first = np.searchsorted(sorted_origin, sorted_origin)
        mark = np.zeros(len(order), dtype=bool)
        mark[order] = np.arange(len(order)) - first < count
        return mark


@dataclass(frozen=True, eq=False)
class Solved:
    """People by pair; bounds where the amounts are not proven best."""

    amount: NDArray[np.float64]
    placed_bound: float | None = None
    bound: float | None = None


def divisible(pairs: Pairs) -> Solved:
    """Solve for people who may be split among shelters: exact."""
    if not len(pairs.origin) or not pairs.people.sum():
        return Solved(np.zeros(len(pairs.origin)))
    used = pairs.nearest(FIRST_PAIRS)
    amount, unplaced, used = _priced(pairs, np.zeros(len(pairs.origin)), 1.0, None, used)
    amount, _, _ = _priced(pairs, pairs.seconds, 0.0, max(unplaced, 0.0), used)
    return Solved(amount)


def _priced(
    pairs: Pairs, cost: NDArray[np.float64], unplaced_cost: float, unplaced: float | None, used: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], float, NDArray[np.bool_]]:
    """Solve over some pairs and add those that would lower the cost, until none would.

    Parameters
    ----------
    pairs : Pairs
    cost : float array (pairs)
        Per person.
    unplaced_cost : float
        Per person without a place.
    unplaced : float, optional
        Most people who may stay without a place.
    used : bool array (pairs)
        Pairs to begin with.
    """
    used = used.copy()
    while True:
        columns = np.flatnonzero(used)
        found = _solve(pairs, columns, cost[columns], unplaced_cost, unplaced)
        by_origin, by_shelter = found.eqlin.marginals, found.ineqlin.marginals[: len(pairs.capacity)]
        saving = by_origin[pairs.origin] + by_shelter[pairs.shelter] - cost
        wanted = np.flatnonzero(~used & (saving > PRICE_S))
        if not len(wanted):
            amount = np.zeros(len(pairs.origin))
            amount[columns] = found.x[: len(columns)]
            return amount, float(found.x[len(columns) :].sum()), used
        order = wanted[np.lexsort((wanted, -saving[wanted], pairs.origin[wanted]))]
        origin = pairs.origin[order]
        used[order[np.arange(len(order)) - np.searchsorted(origin, origin) < MORE_PAIRS]] = True


def _solve(
    pairs: Pairs, columns: NDArray[np.int64], cost: NDArray[np.float64], unplaced_cost: float, unplaced: float | None
) -> Any:
    """Solve the transport problem over some pairs, with one more variable an origin: its people without a place."""
    origins, shelters, count = len(pairs.people), len(pairs.capacity), len(columns)
    every = np.arange(origins)
    from_origin = sparse.coo_array(
        (
            np.ones(count + origins),
            (np.concatenate((pairs.origin[columns], every)), np.arange(count + origins)),
        ),
        shape=(origins, count + origins),
    )
    limited = np.isfinite(pairs.capacity)
    rows, at = pairs.shelter[columns], np.arange(count)
    places = np.where(limited, pairs.capacity, pairs.people.sum())
    limit = [places]
    if unplaced is not None:
        rows, at = np.concatenate((rows, np.full(origins, shelters))), np.concatenate((at, count + every))
        limit.append(np.array([unplaced]))
    height = shelters + (unplaced is not None)
    to_shelter = sparse.coo_array((np.ones(len(rows)), (rows, at)), shape=(height, count + origins))
    found = linprog(
        np.concatenate((cost, np.full(origins, unplaced_cost))),
        A_ub=to_shelter.tocsr(),
        b_ub=np.concatenate(limit),
        A_eq=from_origin.tocsr(),
        b_eq=pairs.people,
        method="highs-ds",
    )
    return _successful(found)


def _successful(found: Any) -> Any:
    if found.x is None:
        raise DataError(
            Text(f"分配求解失败：{found.message}", f"the assignment could not be solved: {found.message}"),
            remedy=Text("检查人数和容量的数值是否过大", "check people and capacities for numbers far too large"),
        )
    return found


def whole(pairs: Pairs, kept: NDArray[np.bool_]) -> Solved:
    """Solve with some origins kept together.

    Parameters
    ----------
    pairs : Pairs
    kept : bool array (origins)

    Notes
    -----
    The bounds are those of the problem in which everyone may be split, or those that the search proved, whichever are
    tighter; both speak of as many people placed as the result places.
    """
    if not len(pairs.origin) or not pairs.people.sum():
        return Solved(np.zeros(len(pairs.origin)))
    relaxed = divisible(pairs)
    placing = -np.where(kept[pairs.origin], pairs.people[pairs.origin], 1.0)
    most = _successful(_branch(pairs, kept, placing, None))
    placed = _placed(pairs, kept, most.x)
    placed_bound = min(float(relaxed.amount.sum()), float(-most.mip_dual_bound))
    weight = np.where(kept[pairs.origin], pairs.people[pairs.origin], 1.0)
    best = _branch(pairs, kept, pairs.seconds * weight, placed)
    bound = _cheapest(pairs, placed)
    if best.x is None:  # the search ended without one of its own: the first one places as many
        return Solved(most.x * weight, placed_bound, bound)
    return Solved(best.x * weight, placed_bound, max(float(best.mip_dual_bound), bound))


def _placed(pairs: Pairs, kept: NDArray[np.bool_], x: NDArray[np.float64]) -> float:
    """Give the people that a solution places, free of the solver's rounding."""
    share = np.where(kept[pairs.origin], np.rint(x), x)
    return float(share @ np.where(kept[pairs.origin], pairs.people[pairs.origin], 1.0))


def _cheapest(pairs: Pairs, placed: float) -> float:
    """Give the least person-seconds at which as many people are placed when everyone may be split."""
    rest = max(float(pairs.people.sum()) - placed, 0.0)
    amount, _, _ = _priced(pairs, pairs.seconds, 0.0, rest, divisible(pairs).amount > 0)
    return float(amount @ pairs.seconds)


def _branch(pairs: Pairs, kept: NDArray[np.bool_], cost: NDArray[np.float64], placed: float | None) -> Any:
    """Search over shares (kept origins: 0 or 1 of all their people; others: people) at least cost."""
    together = kept[pairs.origin]
    weight = np.where(together, pairs.people[pairs.origin], 1.0)
    count = len(weight)
    at = np.arange(count)
    from_origin = sparse.coo_array((np.ones(count), (pairs.origin, at)), shape=(len(pairs.people), count))
    to_shelter = sparse.coo_array((weight, (pairs.shelter, at)), shape=(len(pairs.capacity), count))
    constraints = [
        LinearConstraint(from_origin.tocsr(), ub=np.where(kept, 1.0, pairs.people)),
        LinearConstraint(to_shelter.tocsr(), ub=np.where(np.isfinite(pairs.capacity), pairs.capacity, np.inf)),
    ]
    if placed is not None:
        constraints.append(LinearConstraint(sparse.csr_array(weight[None, :]), lb=placed * (1 - 1e-12)))
    return milp(
        cost,
        integrality=together.astype(int),
        bounds=Bounds(0, np.where(together, 1.0, pairs.people[pairs.origin])),
        constraints=constraints,
        options={"mip_rel_gap": 0.0 if placed is None else WHOLE_GAP, "node_limit": WHOLE_NODES},
    )
