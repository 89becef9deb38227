"""The patch merge against a slow, plain re-implementation, and what it must never do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from riskmap.crs import parse
from riskmap.grid import Grid
from riskmap.risk.patches import log_frame, merge_patches

KEEP = 10.0


def flood(codes: NDArray[np.uint8], start: tuple[int, int]) -> set[tuple[int, int]]:
    """Give the cells joined to one by edges through cells of the same code."""
    found, todo = {start}, [start]
    while todo:
        r, c = todo.pop()
        for at in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
            if (
                0 <= at[0] < codes.shape[0]
                and 0 <= at[1] < codes.shape[1]
                and at not in found
                and codes[at] == codes[start]
            ):
                found.add(at)
                todo.append(at)
    return found


def patches_of(codes: NDArray[np.uint8]) -> list[set[tuple[int, int]]]:
    seen: set[tuple[int, int]] = set()
    out = []
    for at in np.ndindex(codes.shape):
        if codes[at] and at not in seen:
            out.append(flood(codes, at))
            seen |= out[-1]
    return out


def slow_merge(
    codes: NDArray[np.uint8], min_cells: float, people: NDArray[np.float64], holds: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], list[tuple[int, int, int, float]]]:
    """The rule as the docstring of :func:`merge_patches` says it, looking at everything anew after each merge."""
    codes = codes.copy()
    log = []
    stuck: set[frozenset[tuple[int, int]]] = set()
    while True:
        small = [p for p in patches_of(codes) if len(p) < min_cells and frozenset(p) not in stuck]
        if not small:
            return codes, log
        patch = min(small, key=lambda p: (len(p), int(codes[min(p)]), min(p)))
        at = tuple(np.array(sorted(patch)).T)
        lowest = codes[min(patch)] if holds[at].any() or np.nansum(people[at]) > KEEP else 0
        border: dict[tuple[int, int], int] = {}
        for r, c in patch:
            for other in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                inside = 0 <= other[0] < codes.shape[0] and 0 <= other[1] < codes.shape[1]
                if inside and other not in patch and codes[other]:
                    first = min(flood(codes, other))
                    border[first] = border.get(first, 0) + 1
        allowed = [
            (n, int(codes[first]), (-first[0], -first[1])) for first, n in border.items() if codes[first] >= lowest
        ]
        if not allowed:
            stuck.add(frozenset(patch))
            continue
        to = max(allowed)[1]
        log.append((int(codes[at][0]), to, len(patch), float(np.nansum(people[at]))))
        codes[at] = to
        stuck.clear()  # a neighbour may have changed


@st.composite
def worlds(draw: st.DrawFn) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_], int]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    codes = rng.choice(draw(st.sampled_from([[1, 2], [1, 2, 3, 4], [0, 1, 2, 3, 4], [0, 1, 4]])), shape).astype(
        np.uint8
    )
    people = rng.choice([0.0, 0.0, 3.0, 20.0, np.nan], shape)
    holds = rng.random(shape) < draw(st.sampled_from([0.0, 0.1]))
    return codes, people, holds, draw(st.integers(1, 9))


def protected(
    codes: NDArray[np.uint8], people: NDArray[np.float64], holds: NDArray[np.bool_]
) -> list[set[tuple[int, int]]]:
    out = []
    for patch in patches_of(codes):
        at = tuple(np.array(sorted(patch)).T)
        if holds[at].any() or np.nansum(people[at]) > KEEP:
            out.append(patch)
    return out


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_same_as_the_plain_rule(world: tuple) -> None:
    codes, people, holds, min_cells = world
    slow, steps = slow_merge(codes, min_cells, people, holds)
    fast = merge_patches(codes, min_cells=min_cells, people=people, holds=holds, keep_people=KEEP)
    assert fast.codes.tolist() == slow.tolist()
    logged = list(fast.log[["from_code", "to_code", "cells", "people"]].itertuples(index=False, name=None))
    assert logged == steps


@settings(deadline=None, max_examples=150)
@given(worlds())
def test_what_it_must_never_do(world: tuple) -> None:
    codes, people, holds, min_cells = world
    before = codes.copy()
    merged = merge_patches(codes, min_cells=min_cells, people=people, holds=holds, keep_people=KEEP)
    assert (codes == before).all() and merged.codes.dtype == np.uint8
    assert ((merged.codes == 0) == (codes == 0)).all()  # unknown neither merges nor receives
    for patch in protected(codes, people, holds):
        at = tuple(np.array(sorted(patch)).T)
        assert (merged.codes[at] >= codes[at]).all()  # no settlement, no group of people in a lower colour
    # a small patch stays only where it may go nowhere, or is an island
    for patch in patches_of(merged.codes):
        if len(patch) < min_cells:
            around = {
                (r + dr, c + dc)
                for r, c in patch
                for dr, dc in ((1, 0), (-1, 0), (0, 1), (0, -1))
                if 0 <= r + dr < codes.shape[0] and 0 <= c + dc < codes.shape[1]
            } - patch
            mine = merged.codes[min(patch)]
            assert all(merged.codes[a] < mine for a in around if merged.codes[a])
    # every lowered person stands in the record
    lowered = merged.codes < codes
    told = merged.log[merged.log["to_code"] < merged.log["from_code"]]
    assert np.nansum(people[lowered]) <= told["people"].sum() + 1e-9
    again = merge_patches(codes, min_cells=min_cells, people=people, holds=holds, keep_people=KEEP)
    assert again.codes.tobytes() == merged.codes.tobytes() and again.log.equals(merged.log)


def merged(rows: list[str], min_cells: float, **given: NDArray) -> list[str]:
    codes = np.array([[int(c) for c in row] for row in rows], dtype=np.uint8)
    return ["".join(map(str, row)) for row in merge_patches(codes, min_cells=min_cells, **given).codes.tolist()]


def test_hand_worked() -> None:
    assert merged(["11111", "11411", "11111"], 2) == ["11111", "11111", "11111"]
    assert merged(["1133", "1233", "1133"], 2) == ["1133", "1133", "1133"]  # three edges to blue, one to orange
    assert merged(["12", "12", "32"], 2) == ["12", "12", "22"]  # one edge each: the worse colour
    assert merged(["1004"], 2) == ["1004"]  # islands stay


def test_people_and_settlements_are_not_lowered() -> None:
    lone = ["111", "141", "111"]
    here = np.zeros((3, 3))
    here[1, 1] = 10.5
    assert merged(lone, 2, people=here) == lone
    here[1, 1] = 10.0  # not more than keep_people
    assert merged(lone, 2, people=here)[1] == "111"
    village = np.zeros((3, 3), dtype=bool)
    village[1, 1] = True
    assert merged(lone, 2, holds=village) == lone
    assert merged(["333", "313", "333"], 2, holds=village)[1] == "333"  # upwards it may go
    # longer border to blue, but the village goes to the shorter one with red
    assert merged(["1144", "1344", "1114"], 2, holds=np.eye(3, 4, dtype=bool)) == ["1144", "1444", "1114"]


def test_a_settlement_that_rose_with_its_patch_does_not_sink_again() -> None:
    """The village's blue cell goes up to yellow; the yellow patch of two, still small, may not take it down to blue."""
    village = np.array([[False, False, False, False, True]])
    assert merged(["11121"], 3, holds=village) == ["11122"]


def test_a_patch_that_grew_large_while_it_waited_stays() -> None:
    """Orange with two villages waits (no worse neighbour) while it grows from three cells to seven; then red is beside it."""
    villages = np.array([[True, True, False, True], [False, False, False, False]])
    assert merged(["3224", "2322"], 5, holds=villages) == ["3334", "3333"]


def test_the_record_says_where_in_metres() -> None:
    grid = Grid((3, 3), Affine(100, 0, 5000, 0, -100, 9000), parse(4548))
    log = merge_patches(
        np.array([[1, 1, 1], [1, 1, 4], [1, 1, 1]], np.uint8), min_cells=2, people=np.full((3, 3), 2.0)
    ).log
    row = log_frame(log, "risk_level", grid).iloc[0]
    assert row.to_dict() == {
        "product": "risk_level",
        "from_code": 4,
        "to_code": 1,
        "area_km2": 0.01,
        "people": 2.0,
        "x": 5250.0,
        "y": 8850.0,
    }
    nothing = log_frame(merge_patches(np.ones((2, 2), np.uint8), min_cells=2).log, "risk_level", grid)
    assert len(nothing) == 0 and isinstance(nothing, pd.DataFrame)
