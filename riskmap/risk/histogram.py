"""Class limits of more scores than memory holds: order statistics from a streaming histogram, exact after a second look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.risk import classify
from riskmap.text import Text

BINS = 1 << 18
"""Of equal width over the range that scores can have: one look knows each order statistic to 1/262,144 of that range."""

SCHEMES = ("natural_breaks", "quantile", "equal_interval", "std_mean")

CHUNK = 1 << 16
"""Scores that are looked at at once: their bins stay in the processor's cache."""

FEW = 64
"""Distinct scores up to which each is known: with fewer than there are classes, each is a class of its own."""

HELD = 1 << 21
"""Selected scores that are kept one by one before they are counted by value."""


@dataclass(eq=False)
class Histogram:
    """Counts of scores in equal bins, added block by block.

    Parameters
    ----------
    low, high : float
        Range that no score leaves.
    counts : int64 array
    least, most : float
        Smallest and largest score seen.
    total, squares : float
        Sums of the distances from the middle of the range and of their squares, for mean and deviation.
    distinct : float32 array or None
        The scores seen, each once and ascending; None when there are more than :data:`FEW`.
    """

    low: float
    high: float
    counts: NDArray[np.int64]
    least: float = float("inf")
    most: float = float("-inf")
    total: float = 0.0
    squares: float = 0.0
    distinct: NDArray[np.float32] | None = field(default_factory=lambda: np.zeros(0, np.float32))

    @classmethod
    def over(cls, low: float, high: float, bins: int = BINS) -> Histogram:
        """Give an empty histogram."""
        return cls(low, high, np.zeros(bins, dtype=np.int64))

    @property
    def width(self) -> float:
        """Width of a bin: no order statistic taken from the histogram alone is further off."""
        return (self.high - self.low) / len(self.counts)

    @property
    def count(self) -> int:
        """Scores seen."""
        return int(self.counts.sum())

    def add(self, scores: NDArray[np.float32]) -> None:
        """Count the known scores of a block."""
        found = []
        for known in _known_in_chunks(scores):
            low, high = known.min(), known.max()
            self.least, self.most = min(self.least, float(low)), max(self.most, float(high))
            if self.distinct is not None:
                seen = np.unique(np.append(self.distinct, low if low == high else known))
                self.distinct = seen if len(seen) <= FEW else None
            found.append(self.bins_of(known))
            from_middle = known - np.float64((self.low + self.high) / 2)
            self.total += float(from_middle.sum())
            # no dot product: its threads would get into the way of those that read
            self.squares += float(np.square(from_middle, out=from_middle).sum())
        if found:
            self.counts += np.bincount(np.concatenate(found), minlength=len(self.counts))

    def bins_of(self, known: NDArray[np.float32]) -> NDArray[np.int32]:
        """Give the bin of each known score; in float32, which keeps their order and so the order of the bins."""
        if self.width <= 0:
            return np.zeros(known.shape, dtype=np.int32)
        at = (known - np.float32(self.low)) * np.float32(1.0 / self.width)
        return np.clip(at, 0, len(self.counts) - 1, out=at).astype(np.int32)

    def order_statistics(self, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the scores of given ranks from 0, each within a bin's width; the first and the last exactly."""
        below = np.cumsum(self.counts)
        at = np.searchsorted(below, ranks, side="right")
        values = np.clip(self.low + (at + 0.5) * self.width, self.least, self.most)
        values[ranks == 0], values[ranks == below[-1] - 1] = self.least, self.most
        return values


@dataclass(eq=False)
class Selection:
    """The scores of the bins that hold the wanted ranks, counted by value in a second look: exact order statistics.

    Parameters
    ----------
    histogram : Histogram
        Of all scores.
    ranks : int64 array
        Ascending, from 0.
    """

    histogram: Histogram
    ranks: NDArray[np.int64]
    _held: list[NDArray[np.float32]] = field(default_factory=list)
    _values: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    _counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        below = np.cumsum(self.histogram.counts)
        self._bins = np.unique(np.searchsorted(below, self.ranks, side="right"))
        self._before = below[self._bins] - self.histogram.counts[self._bins]
        self._wanted = np.zeros(len(below), dtype=bool)
        self._wanted[self._bins] = True

    def among(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the scores of a block that lie in the wanted bins."""
        found = [known[self._wanted[self.histogram.bins_of(known)]] for known in _known_in_chunks(scores)]
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def add(self, selected: NDArray[np.float32]) -> None:
        """Count what :meth:`among` gave of a block; the same blocks as before, in any order."""
        self._held.append(selected)
        if sum(map(len, self._held)) > HELD:
            self._settle()

    def _settle(self) -> None:
        """Count the scores that are held by value, with those counted before."""
        seen, counts = np.unique(np.concatenate([*self._held, self._values[:0]]), return_counts=True)
        self._held.clear()
        self._values, inverse = np.unique(np.concatenate([self._values, seen]), return_inverse=True)
        self._counts = np.bincount(inverse, np.concatenate([self._counts, counts])).astype(np.int64)

    def order_statistics(self, ranks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give the scores of ranks among those asked for, exactly."""
        self._settle()
        owner = np.searchsorted(self._bins, self.histogram.bins_of(self._values))
        # rank of the first cell with each value: those of bins before, and of smaller values of the same bin
        inside = np.cumsum(self._counts) - self._counts
        first = np.searchsorted(owner, np.arange(len(self._bins)))
        start = self._before[owner] + inside - inside[first][owner]
        return self._values[np.searchsorted(start, ranks, side="right") - 1].astype(np.float64)


def _known_in_chunks(scores: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Give the known scores of a block, a cacheful at a time; no empty ones."""
    flat = scores.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        known = part[~np.isnan(part)]
        if known.size:
            yield known


def ranks_for(count: int, *, scheme: classify.Scheme, k: int = 4) -> NDArray[np.int64]:
    """Give the ranks, from 0 and ascending, of the scores that a scheme needs of ``count`` sorted ones."""
    if scheme == "natural_breaks":
        return np.linspace(0, count - 1, min(count, classify.JENKS_VALUES)).round().astype(np.int64)
    if scheme == "quantile":
        down = np.floor(_quantile_places(count, k)).astype(np.int64)
        return np.unique(np.concatenate([down, np.minimum(down + 1, count - 1)]))
    return np.zeros(0, dtype=np.int64)


def breaks(
    histogram: Histogram, *, scheme: classify.Scheme, k: int = 4, selection: Selection | None = None
) -> NDArray[np.float64]:
    """Give the upper limits of ``k`` classes, as :func:`classify.breaks` would from all the scores.

    Parameters
    ----------
    histogram : Histogram
    scheme : {"natural_breaks", "quantile", "equal_interval", "std_mean"}
    k : int
    selection : Selection, optional
        From a second look: then the order statistics, and with them the limits, are exact. Without it each order statistic is
        within a bin's width (:attr:`Histogram.width`) of the exact one.

    Returns
    -------
    float64 array
        Ascending, the last the largest score.

    Raises
    ------
    DataError
        No score was counted, or the scheme does not exist.
    """
    count = histogram.count
    if not count or scheme not in SCHEMES:
        raise DataError(
            Text(f"不能按 {scheme!r} 对 {count} 个值分级", f"cannot class {count} values by {scheme!r}"),
            remedy=Text("、".join(SCHEMES), ", ".join(SCHEMES)),
        )
    if histogram.distinct is not None and classify.too_few(len(histogram.distinct), scheme, k):
        return histogram.distinct.astype(np.float64) + 0.0  # -0 is 0
    statistics = (selection or histogram).order_statistics
    if scheme == "natural_breaks":
        return classify.natural_limits(statistics(ranks_for(count, scheme=scheme, k=k)) + 0.0, k)
    if scheme == "quantile":
        # linear between neighbouring ranks, as of all values
        at = _quantile_places(count, k)
        down = np.floor(at).astype(np.int64)
        lower, upper = statistics(down), statistics(np.minimum(down + 1, count - 1))
        inner = lower + (upper - lower) * (at - down)
    elif scheme == "equal_interval":
        inner = histogram.least + (histogram.most - histogram.least) * np.arange(1, k) / k
    else:
        mean = histogram.total / count
        deviation = np.sqrt(max(histogram.squares - count * mean**2, 0.0) / max(count - 1, 1))
        inner = (histogram.low + histogram.high) / 2 + mean + deviation * classify.multiples(k)
    return classify.with_ends(inner, histogram.least, histogram.most, scheme)


def _quantile_places(count: int, k: int) -> NDArray[np.float64]:
    return np.arange(1, k) / k * (count - 1)
