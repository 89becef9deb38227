"""Bringing layers of different units to comparable numbers before they are combined."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["min_max", "half_one", "z_score", "rank", "fixed", "none"]


def normalise(
    values: NDArray[Any], *, method: Method = "min_max", bounds: tuple[float, float] | None = None
) -> NDArray[np.float64]:
    """Give normalised values; NaN stays NaN.

    Parameters
    ----------
    values : float array
    method : {"min_max", "half_one", "z_score", "rank", "fixed", "none"}
        ``min_max``: (x - min) / (max - min), 0-1; a layer of one value gives 0. ``half_one``: 0.5 + 0.5 min_max, the
        census's 0.5-1 scale (recalled, standards 1.4). ``z_score``: (x - mean) / s, population s. ``rank``: mean rank of
        ties, from 0 to 1. ``fixed``: min_max with given bounds, cut to 0-1. ``none``: unchanged.
    bounds : (low, high), optional
        For ``fixed``, and instead of the values' own for ``min_max`` and ``half_one``.

    Returns
    -------
    float64 array of the same shape
    """
    x = np.asarray(values, dtype=np.float64)
    if method == "none":
        return x
    if method == "z_score":
        spread = np.nanstd(x)
        return (x - np.nanmean(x)) / spread if spread > 0 else x * 0.0
    if method == "rank":
        return _ranks(x)
    low, high = bounds or (np.nanmin(x), np.nanmax(x))
    share = np.clip((x - low) / (high - low), 0.0, 1.0) if high > low else x * 0.0
    return 0.5 + 0.5 * share if method == "half_one" else share


def normalise_levels(levels: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """Give (level - 1) / (count - 1) for levels 1 ... count, NaN for level 0 (unknown)."""
    share = (np.asarray(levels, dtype=np.float64) - 1.0) / (count - 1.0)
    return np.where(np.asarray(levels) == 0, np.nan, share)


def _ranks(x: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    known = ~np.isnan(x)
    out = np.full(x.shape, np.nan)
    n = int(known.sum())
    out[known] = (rankdata(x[known]) - 1.0) / (n - 1.0) if n > 1 else 0.0
    return out
