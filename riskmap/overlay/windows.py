"""The sliding window: the most households that any stretch of a given length has beside it, exactly, not by steps."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskmap.overlay.chainage import Floats


@dataclass(frozen=True, eq=False)
class Windows:
    """Every different set of objects that a window can hold, by the window's start.

    Attributes
    ----------
    start : (k,) array
        Start of the window along the course, m, rising.
    households, tall : (k,) arrays
        Households in it, and those in buildings tall enough for class 4.
    first, last : (k,) arrays
        From the first to the last object in it; ``first > last`` where it holds none. Both never fall.
    tall_first, tall_last : (k,) arrays
        The same for the tall buildings.
    """

    start: Floats
    households: Floats
    tall: Floats
    first: Floats
    last: Floats
    tall_first: Floats
    tall_last: Floats

    def only(self, kept: NDArray[np.bool_]) -> Windows:
        """Give some of the windows."""
        return Windows(**{f.name: getattr(self, f.name)[kept] for f in fields(self)})


def slide(
    start: Floats,
    stop: Floats,
    households: Floats,
    tall: Floats,
    window_m: float,
    owner: NDArray[np.int64] | None = None,
) -> Windows:
    """Slide a window along a course.

    Parameters
    ----------
    start, stop : (n,) arrays
        Where the objects stand, m along the course.
    households, tall : (n,) arrays
        What each holds.
    window_m : float
        Length of the window; an object at either end is in it.
    owner : (n,) int array, optional
        Object of each row; one that stands at several places counts once in a window that holds several of them. Each row
        is an object by default.

    Notes
    -----
    A window from x holds the objects that begin by x + window and do not end before x. That set changes only where an object
    enters (start - window) or has just left (stop), so those places and one between each two of them see every set there is.
    """
    events = np.unique(np.concatenate([start - window_m, stop]))
    at = np.sort(np.concatenate([events, (events[1:] + events[:-1]) / 2]))
    enter, leave, one = _stays(start, stop, np.arange(len(start)) if owner is None else owner, window_m)
    inside, inside_tall = (
        _total(np.sort(enter), enter, amount[one], at + window_m, "right")
        - _total(np.sort(leave), leave, amount[one], at, "left")
        for amount in (households, tall)
    )
    high = tall > 0
    first, last = _ends(start, stop, at, window_m)
    tall_first, tall_last = _ends(start[high], stop[high], at, window_m)
    return Windows(at, inside, inside_tall, first, last, tall_first, tall_last)


def _stays(
    start: Floats, stop: Floats, owner: NDArray[np.int64], window_m: float
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Join the places of one object that a window can hold together: from, to, and one of the rows joined."""
    if len(np.unique(owner)) == len(owner):
        return start, stop, np.arange(len(start))
    order = np.lexsort((start, owner))
    start, stop, owner = start[order], stop[order], owner[order]
    stays: list[tuple[float, float, int]] = []
    for n in range(len(order)):
        if n and owner[n] == owner[n - 1] and start[n] - window_m <= stays[-1][1]:
            stays[-1] = (stays[-1][0], max(stays[-1][1], stop[n]), stays[-1][2])
        else:
            stays.append((start[n], stop[n], order[n]))
    enter, leave, one = zip(*stays, strict=True)
    return np.array(enter), np.array(leave), np.array(one)


def _total(edges: Floats, place: Floats, amount: Floats, x: Floats, side: Literal["left", "right"]) -> Floats:
    """Give the amount of the objects whose place is at most (``right``) or below (``left``) each x."""
    running = np.concatenate([[0.0], np.cumsum(amount[np.argsort(place, kind="stable")])])
    return running[np.searchsorted(edges, x, side=side)]


def _ends(start: Floats, stop: Floats, at: Floats, window_m: float) -> tuple[Floats, Floats]:
    """Give the first start among the objects not yet left, and the last stop among those already entered."""
    if not len(start):
        return np.full(len(at), np.inf), np.full(len(at), -np.inf)
    by_stop, by_start = np.argsort(stop, kind="stable"), np.argsort(start, kind="stable")
    earliest = np.append(np.minimum.accumulate(start[by_stop][::-1])[::-1], np.inf)
    latest = np.concatenate([[-np.inf], np.maximum.accumulate(stop[by_start])])
    first = earliest[np.searchsorted(stop[by_stop], at, side="left")]
    last = latest[np.searchsorted(start[by_start], at + window_m, side="right")]
    empty = (first > at + window_m) | (last < at)
    return np.where(empty, np.inf, first), np.where(empty, -np.inf, last)


def areas(first: Floats, last: Floats, qualifies: NDArray[np.bool_], margin_m: float, length: float) -> Floats:
    """Give the areas of the windows that qualify, from the margin before the first to the margin after the last object.

    Returns
    -------
    (k, 2) array
        Disjoint, rising, cut to the course.
    """
    if not qualifies.any():
        return np.empty((0, 2))
    low = np.maximum(first[qualifies] - margin_m, 0.0)
    high = np.minimum(last[qualifies] + margin_m, length)
    return union(np.column_stack([low, high]))


def union(intervals: Floats, gap_m: float = 0.0) -> Floats:
    """Join intervals that overlap or lie within ``gap_m``; disjoint and rising."""
    if not len(intervals):
        return intervals.reshape(0, 2)
    ordered = intervals[np.argsort(intervals[:, 0], kind="stable")]
    reached = np.maximum.accumulate(ordered[:, 1])
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:, 0] > reached[:-1] + gap_m + 1e-9]))
    return np.column_stack([ordered[begins, 0], reached[np.append(begins[1:] - 1, len(ordered) - 1)]])


def settlements(
    start: Floats, stop: Floats, households: Floats, gap_m: float, owner: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Give the runs of dwellings without a break of more than ``gap_m`` along the line, and the households of each."""
    if not len(start):
        return np.empty((0, 2)), np.empty(0)
    runs = union(np.column_stack([start, stop]), gap_m)
    of = np.searchsorted(runs[:, 0], start, side="right") - 1
    # a dwelling that the line passes twice is one dwelling
    _, once = np.unique(np.column_stack([of, owner]), axis=0, return_index=True)
    return runs, np.bincount(of[once], households[once], minlength=len(runs)).astype(float, copy=False)


def largest(windows: Windows, low: Floats, high: Floats, margin_m: float) -> Floats:
    """Give for each stretch the most households of any window whose area reaches into it; 0 where none does."""
    held = np.isfinite(windows.first)
    if not held.any() or not len(low):
        return np.zeros(len(low))
    # first and last never fall along the windows, so the windows of a stretch stand side by side
    begin = np.searchsorted(windows.last[held] + margin_m, low, side="right")
    end = np.searchsorted(windows.first[held] - margin_m, high, side="left")
    counts = windows.households[held]
    return np.array([counts[a:b].max() if a < b else 0.0 for a, b in zip(begin, end, strict=True)])
