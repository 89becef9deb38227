"""Bringing layers of different units to comparable numbers before they are combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.text import Text

Method = Literal["min_max", "half_one", "z_score", "rank", "fixed", "none"]
METHODS: tuple[str, ...] = get_args(Method)
BOUNDED = ("min_max", "half_one", "fixed", "none")
"""Those that need no more of a layer than its bounds."""


@dataclass(frozen=True, eq=False)
class Scale:
    """How one layer's values become comparable numbers; fitted once, so that every part of an area is treated alike.

    Parameters
    ----------
    method : str
        One of :data:`METHODS`; ``levels``, which spreads levels over 0-1; or ``codes``, which keeps them as numbers.
    low, high : float
        Bounds: the values' own, those given, or 1 and the number of levels.
    mean, deviation : float
        For ``z_score``.
    table : tuple of int
        For ``codes``: what each level 1, 2, ... becomes.
    ordered : float array
        Ascending known values, for ``rank``.
    """

    method: str
    low: float
    high: float
    mean: float = 0.0
    deviation: float = 1.0
    table: tuple[int, ...] = ()
    ordered: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False)

    def apply(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Give the normalised values; NaN (level 0) is unknown and stays NaN."""
        x = np.asarray(values, dtype=np.float64)
        if self.method == "none":
            return x
        if self.method == "codes":
            return np.array([np.nan, *self.table])[np.asarray(values, dtype=np.int64)]
        if self.method == "levels":
            return np.where(x == 0, np.nan, (x - self.low) / (self.high - self.low))
        if self.method == "z_score":
            return (x - self.mean) / self.deviation if self.deviation > 0 else x * 0.0
        if self.method == "rank":
            return self._ranks(x)
        if self.high > self.low:
            share = x - self.low
            share /= self.high - self.low
            np.clip(share, 0.0, 1.0, out=share)
        else:
            share = x * 0.0
        return 0.5 + 0.5 * share if self.method == "half_one" else share

    @property
    def is_open(self) -> bool:
        """Tell whether the bounds are still to be found."""
        return np.isnan(self.low)

    @property
    def worst(self) -> float:
        """Normalised value of the worst known value."""
        return float(self.apply(np.array([self.high]))[0])

    @property
    def best(self) -> float:
        """Normalised value of the best known value."""
        return float(self.apply(np.array([self.low]))[0])

    def as_record(self) -> dict[str, Any]:
        """Give the numbers with which the normalisation can be done again by hand."""
        record: dict[str, Any] = {"method": self.method, "low": self.low, "high": self.high}
        if self.method == "z_score":
            record |= {"mean": self.mean, "deviation": self.deviation}
        if self.method == "codes":
            record["table"] = list(self.table)
        return record

    def _ranks(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        n = len(self.ordered)
        if n < 2:
            return x * 0.0
        below = np.searchsorted(self.ordered, x, side="left")
        up_to = np.searchsorted(self.ordered, x, side="right")
        ranks = np.clip((below + up_to - 1) / (2.0 * (n - 1)), 0.0, 1.0)
        return np.where(np.isnan(x), np.nan, ranks)


def fit(values: NDArray[Any], *, method: Method = "min_max", bounds: tuple[float, float] | None = None) -> Scale:
    """Fit a scale to the values of the whole area; arguments as of :func:`normalise`.

    Raises
    ------
    DataError
        No value is known, the method does not exist, or the bounds do not fit.
    """
    if method not in METHODS:
        raise DataError(
            Text(f"没有归一化方法 {method!r}", f"no normalisation {method!r}"),
            remedy=Text("、".join(METHODS), ", ".join(METHODS)),
        )
    x = np.asarray(values, dtype=np.float64).ravel()
    known = x[~np.isnan(x)]
    if not len(known):
        raise DataError(Text("没有已知的值，无法归一化", "no known value to normalise"))
    _check_bounds(method, bounds)
    low, high = bounds or (float(known.min()), float(known.max()))
    if method == "rank":
        return Scale(method, low, high, ordered=np.sort(known))
    if method == "z_score":
        return Scale(method, low, high, mean=float(known.mean()), deviation=float(known.std()))
    return Scale(method, float(low), float(high))


def bounded_scale(method: Method, bounds: tuple[float, float] | None = None) -> Scale:
    """Give a scale of stated bounds, or one whose bounds are found later, from the range of the values.

    Raises
    ------
    DataError
        The method needs more than bounds, or the bounds do not fit.
    """
    _check_bounds(method, bounds)
    if method not in BOUNDED:
        raise DataError(
            Text(f"归一化 {method} 要看全部的值", f"normalisation {method} needs all the values"),
            remedy=Text("、".join(BOUNDED), ", ".join(BOUNDED)),
        )
    low, high = (np.nan, np.nan) if bounds is None else map(float, bounds)
    return Scale(method, low, high)


def level_scale(count: int) -> Scale:
    """Give the scale of levels 1 ... ``count``: (level - 1) / (count - 1), level 0 unknown."""
    return Scale("levels", 1.0, float(count))


def code_scale(table: Mapping[int, int]) -> Scale:
    """Give the scale that turns levels 1 ... n into other whole numbers, level 0 unknown.

    Examples
    --------
    >>> code_scale({1: 1, 2: 1, 3: 2, 4: 3, 5: 4}).apply(np.array([5, 2, 0])).tolist()
    [4.0, 1.0, nan]
    """
    codes = tuple(table[level] for level in range(1, len(table) + 1))
    return Scale("codes", 1.0, float(len(codes)), table=codes)


def normalise(
    values: NDArray[Any], *, method: Method = "min_max", bounds: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """Give normalised values; NaN stays NaN.

    Parameters
    ----------
    values : float array
    method : {"min_max", "half_one", "z_score", "rank", "fixed", "none"}
        ``min_max``: (x - min) / (max - min), 0-1; a layer of one value gives 0. ``half_one``: 0.5 + 0.5 min_max, the
        census's 0.5-1 scale (recalled, standards 1.4). ``z_score``: (x - mean) / s, s the population standard deviation;
        one value gives 0. ``rank``: mean rank of ties, from 0 to 1. ``fixed``: min_max with given bounds, cut to 0-1.
        ``none``: unchanged.
    bounds : (low, high), optional
        Needed by ``fixed``; instead of the values' own for ``min_max`` and ``half_one``, cut likewise.

    Returns
    -------
    float64 array of the same shape

    Raises
    ------
    DataError
        No value is known, or the bounds do not fit.

    Examples
    --------
    >>> normalise(np.array([2.0, 3.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return fit(values, method=method, bounds=bounds).apply(values)


def normalise_levels(levels: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """Give (level - 1) / (count - 1) for levels 1 ... count, NaN for level 0 (unknown).

    Examples
    --------
    >>> normalise_levels(np.array([0, 1, 3, 5]), 5).tolist()
    [nan, 0.0, 0.5, 1.0]
    """
    return level_scale(count).apply(levels)


def _check_bounds(method: str, bounds: tuple[float, float] | None) -> None:
    # a bound without end would make all values alike
    fits = bounds is None or -np.inf < bounds[0] < bounds[1] < np.inf
    wanted = method == "fixed"
    allowed = method in ("fixed", "min_max", "half_one")
    if not fits or (wanted and bounds is None) or (bounds is not None and not allowed):
        raise DataError(
            Text(f"归一化 {method} 与上下限 {bounds} 不合", f"normalisation {method} does not fit the bounds {bounds}"),
            remedy=Text(
                "fixed 需要递增的 bounds: [低, 高]；z_score、rank、none 不用 bounds",
                "fixed needs ascending bounds: [low, high]; z_score, rank and none take none",
            ),
        )
