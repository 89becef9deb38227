"""Who goes to which shelter: as many people as possible find a place, and then they walk as little as possible.

Transport problems, solved exactly by HiGHS. Pairs are priced in as they are needed, so that 5,000 settlements and 500
shelters are as exact as a hand-worked table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.network.evacuation_transport import Pairs, divisible, whole
from riskmap.text import Text

WHOLE_S = 1e-9
"""Persons nearer than this to a whole number are that number."""


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who goes where.

    Parameters
    ----------
    people : DataFrame
        People by origin (rows) and shelter (columns).
    unplaced : Series
        People without a place, by origin.
    person_seconds : float
        Sum of people times seconds.
    placed_bound : float
        No assignment places more people; equal to the people placed unless settlements were kept whole.
    bound : float
        No assignment that places as many people has fewer person-seconds.
    """

    people: pd.DataFrame
    unplaced: pd.Series
    person_seconds: float
    placed_bound: float
    bound: float

    @property
    def placed(self) -> float:
        """People with a place."""
        return float(self.people.to_numpy().sum())

    @property
    def gap(self) -> float:
        """Share by which the person-seconds may exceed the least that is possible; 0 when proven least."""
        excess = self.person_seconds - self.bound
        return max(0.0, excess / self.bound) if self.bound > 0 else 0.0


def assign(
    times: pd.DataFrame,
    people: pd.Series,
    capacity: pd.Series,
    *,
    keep_whole: bool | Iterable[Any] = False,
    limit_s: float = np.inf,
) -> Assignment:
    """Give everyone a place in a shelter.

    As many people as possible are placed first; among all such assignments the person-seconds are least.

    Parameters
    ----------
    times : DataFrame or array, origins x shelters
        Seconds; a pair with NaN or ``inf`` is not usable.
    people : Series by origin, or array
        People, at least 0; may be split among shelters.
    capacity : Series by shelter, or array
        Places, at least 0; ``inf`` has no limit.
    keep_whole : bool or labels of origins
        Origins whose people all go to one shelter or have no place. What could not be proven best is in ``bound``.
    limit_s : float
        Pairs farther than this are not usable; inclusive.

    Raises
    ------
    DataError
        Labels that do not match, unknown or negative people or places.

    Notes
    -----
    Where people and places are whole numbers, so is every part of the result.
    """
    times, need, places = checked(times, people, capacity)
    seconds = times.to_numpy(dtype=float)
    origin, shelter = np.nonzero(np.isfinite(seconds) & (seconds <= limit_s))
    pairs = Pairs(origin, shelter, seconds[origin, shelter], need, places)
    kept = _kept(times.index, keep_whole)
    solved = whole(pairs, kept) if kept.any() else divisible(pairs)
    amount = solved.amount
    if _integral(need) and _integral(places):
        amount = np.rint(amount)
    matrix = np.zeros(seconds.shape)
    matrix[origin, shelter] = np.where(amount > WHOLE_S, amount, 0.0)
    total = float(matrix[origin, shelter] @ pairs.seconds)
    placed = float(matrix.sum())
    unplaced = np.maximum(need - matrix.sum(axis=1), 0.0)
    return Assignment(
        pd.DataFrame(matrix, index=times.index, columns=times.columns),
        pd.Series(np.where(unplaced > WHOLE_S, unplaced, 0.0), index=times.index, name="people"),
        total,
        placed if solved.placed_bound is None else max(placed, solved.placed_bound),
        total if solved.bound is None else min(total, solved.bound),
    )


@dataclass(frozen=True, eq=False)
class Nearest:
    """Everyone at the nearest shelter, whether it has room or not: what people do without a plan.

    Parameters
    ----------
    shelter : Series by origin
        Label of the nearest shelter; missing where none is reached.
    load : Series by shelter
        People who come.
    turned_away : Series by shelter
        People beyond its capacity.
    unreached : float
        People who reach no shelter.
    person_seconds : float
        Of all who reach one, those who are turned away too.
    """

    shelter: pd.Series
    load: pd.Series
    turned_away: pd.Series
    unreached: float
    person_seconds: float


def nearest_shelter(times: pd.DataFrame, people: pd.Series, capacity: pd.Series, *, limit_s: float = np.inf) -> Nearest:
    """Send everyone to the nearest shelter; of equally near ones the first.

    Parameters
    ----------
    times, people, capacity, limit_s
        As in :func:`assign`.

    Raises
    ------
    DataError
    """
    times, need, places = checked(times, people, capacity)
    seconds = times.to_numpy(dtype=float)
    usable = np.where(np.isfinite(seconds) & (seconds <= limit_s), seconds, np.inf)
    best = usable.argmin(axis=1) if usable.shape[1] else np.zeros(len(usable), dtype=np.int64)
    reached = np.isfinite(usable.min(axis=1, initial=np.inf))
    load = np.bincount(best[reached], need[reached], minlength=len(places))
    labels = np.full(len(best), None, dtype=object)
    labels[reached] = times.columns.to_numpy(dtype=object)[best[reached]]
    return Nearest(
        pd.Series(labels, index=times.index, name="shelter"),
        pd.Series(load, index=times.columns, name="people"),
        pd.Series(np.maximum(load - places, 0.0), index=times.columns, name="people"),
        float(need[~reached].sum()),
        float(need[reached] @ usable[reached, best[reached]]),
    )


def checked(times: Any, people: Any, capacity: Any) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
    """Give times as a frame, and people and places in its order.

    Raises
    ------
    DataError
        Labels that do not match, unknown or negative numbers.
    """
    frame = times if isinstance(times, pd.DataFrame) else pd.DataFrame(np.atleast_2d(np.asarray(times, dtype=float)))
    if (frame.to_numpy(dtype=float) < 0).any():
        raise DataError(Text("用时有负数", "negative times"), field="times")
    need = _ordered(people, frame.index, "people", Text("起点", "origins"))
    places = _ordered(capacity, frame.columns, "capacity", Text("避难场所", "shelters"))
    if np.isinf(need).any():
        raise DataError(Text("人数无穷大", "an infinite number of people"), field="people")
    return frame, need, places


def _ordered(values: Any, labels: pd.Index, field: str, what: Text) -> NDArray[np.float64]:
    """Give values in the order of labels; a Series or a mapping by its own."""
    values = pd.Series(values, dtype=float) if isinstance(values, Mapping) else values
    if isinstance(values, pd.Series):
        if not values.index.is_unique or not labels.is_unique or set(values.index) != set(labels):
            odd = sorted(map(str, set(values.index) ^ set(labels)))[:5]
            raise DataError(
                Text(
                    f"{what.zh}的编号与用时表不一致：{'、'.join(odd) or '有重复'}",
                    f"labels of the {what.en} differ from the table of times: {', '.join(odd) or 'repeated'}",
                ),
                field=field,
            )
        values = values.reindex(labels)
    numbers = np.asarray(values, dtype=float).ravel()
    if len(numbers) != len(labels):
        raise DataError(
            Text(
                f"{what.zh} {len(labels)} 个，给了 {len(numbers)} 个数",
                f"{len(labels)} {what.en}, but {len(numbers)} numbers",
            ),
            field=field,
        )
    bad = ~(numbers >= 0)
    if bad.any():
        raise DataError(
            Text(
                f"{int(bad.sum())} 个{what.zh}的数未知或为负，例如 {labels[bad][0]}",
                f"{int(bad.sum())} {what.en} have unknown or negative numbers, such as {labels[bad][0]}",
            ),
            remedy=Text("未知不是 0：先补上数，或单独安排", "unknown is not 0: fill it in, or arrange for it apart"),
            field=field,
        )
    return numbers


def _kept(labels: pd.Index, keep_whole: bool | Iterable[Any]) -> NDArray[np.bool_]:
    if isinstance(keep_whole, bool):
        return np.full(len(labels), keep_whole)
    return np.asarray(labels.isin(list(keep_whole)))


def _integral(values: NDArray[np.float64]) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.rint(finite)).all())
