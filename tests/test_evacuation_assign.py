"""Assignment against linear programming, brute force and what people do today."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from riskmap.errors import DataError
from riskmap.network.evacuation import assign, nearest_shelter


def frame(seconds: np.ndarray) -> pd.DataFrame:
    rows, columns = seconds.shape
    return pd.DataFrame(seconds, index=[f"v{i}" for i in range(rows)], columns=[f"s{j}" for j in range(columns)])


def world(seed: int) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Random times with unusable pairs; room that is short in about half of the cases."""
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(1, 12), rng.integers(1, 7)
    seconds = rng.integers(0, 1000, (rows, columns)).astype(float)
    seconds[rng.random((rows, columns)) < 0.2] = np.inf
    times = frame(seconds)
    people = pd.Series(rng.integers(0, 60, rows), index=times.index)
    capacity = pd.Series(rng.integers(0, 120, columns), index=times.columns)
    return times, people, capacity


def best_by_linprog(times: pd.DataFrame, people: pd.Series, capacity: pd.Series) -> tuple[float, float]:
    """Place as many as possible, then at least person-seconds: two dense programmes, without any pricing."""
    seconds = times.to_numpy()
    o, s = np.nonzero(np.isfinite(seconds))
    if not len(o):
        return 0.0, 0.0
    rows = np.vstack(
        [[(o == i).astype(float) for i in range(len(people))], [(s == j).astype(float) for j in range(len(capacity))]]
    )
    limits = np.concatenate((people, capacity)).astype(float)
    most = -linprog(-np.ones(len(o)), A_ub=rows, b_ub=limits, method="highs").fun
    least = linprog(seconds[o, s], A_ub=rows, b_ub=limits, A_eq=np.ones((1, len(o))), b_eq=[most], method="highs").fun
    return most, least


@pytest.mark.parametrize("seed", range(120))
def test_equals_linprog_and_is_no_worse_than_the_nearest_shelter(seed: int) -> None:
    times, people, capacity = world(seed)
    found = assign(times, people, capacity)
    most, least = best_by_linprog(times, people, capacity)
    assert found.placed == pytest.approx(most, abs=1e-6)
    assert found.person_seconds == pytest.approx(least, rel=1e-9, abs=1e-6)
    assert (found.people.to_numpy() == np.rint(found.people.to_numpy())).all()
    today = nearest_shelter(times, people, capacity)
    sheltered = today.load.sum() - today.turned_away.sum()
    assert found.placed >= sheltered - 1e-6
    if today.turned_away.sum() == 0 and found.placed == sheltered:
        assert found.person_seconds == pytest.approx(today.person_seconds, rel=1e-9, abs=1e-6)


@given(st.integers(0, 10**9))
@settings(max_examples=60, deadline=None)
def test_capacity_is_never_exceeded_and_nobody_is_lost(seed: int) -> None:
    times, people, capacity = world(seed)
    for kept in (False, True):
        found = assign(times, people, capacity, keep_whole=kept)
        matrix = found.people.to_numpy()
        assert (matrix >= 0).all()
        assert (matrix.sum(axis=0) <= capacity.to_numpy() + 1e-6).all()
        assert np.allclose(matrix.sum(axis=1) + found.unplaced.to_numpy(), people)
        assert not matrix[np.isinf(times.to_numpy())].any()
        assert found.placed <= found.placed_bound + 1e-6
        assert found.person_seconds >= found.bound - 1e-6


def whole_by_hand(times: pd.DataFrame, people: pd.Series, capacity: pd.Series) -> tuple[float, float]:
    """Try every way to send each settlement to one shelter or nowhere."""
    best = (0.0, 0.0)
    seconds, need, room = times.to_numpy(), people.to_numpy(), capacity.to_numpy()
    for choice in itertools.product(range(-1, seconds.shape[1]), repeat=len(need)):
        load, cost, placed = np.zeros(len(room)), 0.0, 0.0
        for i, j in enumerate(choice):
            if j >= 0:
                load[j] += need[i]
                cost += need[i] * seconds[i, j] if need[i] else 0.0
                placed += need[i]
        if np.isfinite(cost) and (load <= room).all():
            best = max(best, (placed, -cost))
    return best[0], -best[1]


@pytest.mark.parametrize("seed", range(40))
def test_whole_settlements_equal_brute_force(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    rows, columns = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    seconds = rng.integers(1, 100, (rows, columns)).astype(float)
    seconds[rng.random((rows, columns)) < 0.15] = np.inf
    times = frame(seconds)
    people = pd.Series(rng.integers(0, 40, rows), index=times.index)
    capacity = pd.Series(rng.integers(0, 90, columns), index=times.columns)
    found = assign(times, people, capacity, keep_whole=True)
    placed, cost = whole_by_hand(times, people, capacity)
    assert found.placed == pytest.approx(placed, abs=1e-6)
    assert found.person_seconds == pytest.approx(cost, rel=2e-4, abs=1e-6)
    assert ((found.people > 0).sum(axis=1) <= 1).all()
    assert found.gap >= 0


def test_one_settlement_kept_whole_among_others_that_may_be_split() -> None:
    # v0 (30) stays together, so that s0 (40) holds it and 10 of v1; v1 may be split
    times = frame(np.array([[10.0, 50.0], [20.0, 30.0]]))
    people = pd.Series([30, 30], index=times.index)
    capacity = pd.Series([40, 25], index=times.columns)
    found = assign(times, people, capacity, keep_whole=["v0"])
    assert found.people.loc["v0"].tolist() == [30, 0]
    assert found.people.loc["v1"].tolist() == [10, 20]
    assert found.person_seconds == 30 * 10 + 10 * 20 + 20 * 30


def test_the_walk_limit_leaves_people_without_a_place() -> None:
    times = frame(np.array([[100.0, 900.0], [901.0, 2000.0]]))
    found = assign(times, pd.Series([5, 7], index=times.index), pd.Series([3, 9], index=times.columns), limit_s=900)
    assert found.unplaced.tolist() == [0, 7]
    assert found.people.loc["v0"].tolist() == [3, 2]


def test_a_capacity_without_limit_takes_everyone() -> None:
    times = frame(np.array([[5.0, 9.0], [7.0, np.nan]]))
    found = assign(times, pd.Series([4, 6], index=times.index), pd.Series([np.inf, 0], index=times.columns))
    assert found.unplaced.sum() == 0
    assert found.person_seconds == 4 * 5 + 6 * 7


def test_many_settlements_are_as_exact_as_few() -> None:
    """Pricing must not leave a useful pair out: compare with the dense programme on a case with hundreds of pairs."""
    rng = np.random.default_rng(7)
    times = frame(rng.integers(1, 5000, (60, 40)).astype(float))
    people = pd.Series(rng.integers(1, 200, 60), index=times.index)
    capacity = pd.Series(rng.integers(1, 160, 40), index=times.columns)
    found = assign(times, people, capacity)
    most, least = best_by_linprog(times, people, capacity)
    assert (found.placed, found.person_seconds) == (pytest.approx(most), pytest.approx(least))


@pytest.mark.parametrize(
    ("people", "capacity"), [([1, -1], [1, 1]), ([1, np.nan], [1, 1]), ([1, 1], [np.nan, 1]), ([1, np.inf], [1, 1])]
)
def test_unknown_numbers_are_refused(people: list[float], capacity: list[float]) -> None:
    times = frame(np.ones((2, 2)))
    with pytest.raises(DataError):
        assign(times, pd.Series(people, index=times.index), pd.Series(capacity, index=times.columns))


def test_labels_that_do_not_match_are_refused() -> None:
    times = frame(np.ones((2, 1)))
    with pytest.raises(DataError, match="x9"):
        assign(times, pd.Series([1, 2], index=["v0", "x9"]), pd.Series([9], index=times.columns))


def test_arrays_are_taken_in_their_order() -> None:
    found = assign(np.array([[1.0, 2.0]]), [3], [2, 5])
    assert found.people.to_numpy().tolist() == [[2, 1]]
