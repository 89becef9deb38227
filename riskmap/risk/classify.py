"""Class limits of a continuous score, and the level of each value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.text import Text

Scheme = Literal["natural_breaks", "quantile", "equal_interval", "std_mean", "fixed"]
SCHEMES: tuple[str, ...] = get_args(Scheme)

JENKS_VALUES = 5_000
"""Natural breaks are searched among at most this many order statistics: the search is quadratic."""


def breaks(values: Any, *, scheme: Scheme, k: int = 4, limits: Sequence[float] | None = None) -> NDArray[np.float64]:
    """Give the upper limits of ``k`` classes.

    Parameters
    ----------
    values : array-like
        Scores of any shape; NaN is left out. They are rounded to float32 first, so that stored scores class again to the
        same levels.
    scheme : {"natural_breaks", "quantile", "equal_interval", "std_mean", "fixed"}
        ``natural_breaks`` is Fisher-Jenks on all values, or on 5,000 evenly spaced order statistics with both ends when
        there are more: no randomness. ``quantile`` and ``equal_interval`` as their names say. ``std_mean`` cuts at
        mean - s, mean, mean + s (k = 4) or at mean - s, mean - s/2, mean + s/2, mean + s (k = 5), s the sample standard
        deviation (standards 1.6). ``fixed`` takes ``limits``.
    k : int
        Number of classes.
    limits : list of float, optional
        For ``fixed``: the upper limits, ascending.

    Returns
    -------
    float64 array
        Ascending upper limits, the last the maximum (right-closed classes). Fewer than ``k`` when the values are not
        that different. ``fixed`` limits come back as given. Limits of ``std_mean`` may lie below all values: its lowest
        classes are empty then, and the others keep their distance from the mean.

    Raises
    ------
    DataError
        No value is known, or the arguments do not fit the scheme.

    References
    ----------
    Fisher, W. D. (1958), On grouping for maximum homogeneity, J. Am. Stat. Assoc. 53; through mapclassify.

    Examples
    --------
    >>> breaks([1, 2, 2, 3, 10, 11, 20, 21, 22], scheme="natural_breaks").tolist()
    [3.0, 11.0, 20.0, 22.0]
    """
    stored = np.asarray(values, dtype=np.float32).ravel()
    known = np.sort(stored[~np.isnan(stored)]).astype(np.float64) + 0.0  # -0 is 0
    if not len(known) or np.isinf(known).any():
        raise DataError(Text("没有已知的值或有无穷大，无法分级", "no known value to classify, or an infinite one"))
    if scheme == "fixed":
        return _fixed(limits)
    if scheme not in SCHEMES:
        raise DataError(
            Text(f"没有分级方法 {scheme!r}", f"no scheme {scheme!r}"),
            remedy=Text("、".join(SCHEMES), ", ".join(SCHEMES)),
        )
    if k < 1:
        raise DataError(Text(f"级数至少为 1，不是 {k}", f"at least 1 class, not {k}"))
    distinct = np.unique(known)
    if too_few(len(distinct), scheme, k):
        return distinct
    if scheme == "natural_breaks":
        return natural_limits(_order_statistics(known), k)
    return with_ends(_inner_limits(known, scheme, k), known[0], known[-1], scheme)


def too_few(distinct: int, scheme: Scheme, k: int) -> bool:
    """Tell whether so many distinct values are a class each: there is nothing to part into ``k``."""
    return distinct < k or (distinct == k and scheme == "natural_breaks")


def natural_limits(statistics: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Give the natural breaks of ascending order statistics, ends included.

    Values so rare that the statistics pass over them part nothing: where these hold no more than ``k``, they are the limits.
    """
    distinct = np.unique(statistics)
    if len(distinct) <= k:
        return distinct
    # compiles its search when imported, which takes seconds: only who needs it waits
    import mapclassify

    inner = np.asarray(mapclassify.FisherJenks(statistics, k=k).bins, float)[:-1]
    return with_ends(inner, statistics[0], statistics[-1], "natural_breaks")


def with_ends(inner: NDArray[np.float64], least: float, most: float, scheme: Scheme) -> NDArray[np.float64]:
    """Give the limits that part the values, ascending, the largest value as the last.

    A class of ``std_mean`` is told by its distance from the mean: where even the smallest value is less than s below it, the
    lowest class stays, empty, so that what lies more than s above the mean is still the highest.
    """
    parting = inner < most if scheme == "std_mean" else (inner >= least) & (inner < most)
    return np.unique(np.append(inner[parting], most))


def _inner_limits(known: NDArray[np.float64], scheme: Scheme, k: int) -> NDArray[np.float64]:
    """Give the limits between the classes of ascending values; some may coincide or lie beyond the values."""
    if scheme == "quantile":
        # as mapclassify.Quantiles, which warns where quantiles coincide; here they are merged and the build tells
        return np.quantile(known, np.arange(1, k) / k)
    if scheme == "equal_interval":
        return known[0] + (known[-1] - known[0]) * np.arange(1, k) / k
    return known.mean() + known.std(ddof=1) * multiples(k)


def levels(values: Any, limits: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Give the class of each value, 1 for the lowest; NaN is 0, unknown.

    Parameters
    ----------
    values : array-like
        Rounded to float32 as in :func:`breaks`.
    limits : float array
        Upper limits, right-closed; values above the last are in the last class. They are rounded to float32 like the
        values: a score of 0.2 is not above a limit of 0.2.

    Returns
    -------
    uint8 array of the same shape
        1 ... ``len(limits)``, 0 unknown.

    Examples
    --------
    >>> levels([0.1, 0.2, 0.21, 9.0, float("nan")], [0.2, 0.4, 0.6, 1.0]).tolist()
    [1, 1, 2, 4, 0]
    """
    scores = np.asarray(values, dtype=np.float32)
    # counting the limits below is several times faster than searching among so few
    found = np.ones(scores.shape, dtype=np.uint8)
    for limit in np.asarray(limits, dtype=np.float32)[:-1]:
        found += scores > limit
    found[np.isnan(scores)] = 0
    return found


def _order_statistics(ordered: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(ordered) <= JENKS_VALUES:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, JENKS_VALUES).round().astype(np.int64)]


def multiples(k: int) -> NDArray[np.float64]:
    """Give at how many standard deviations from the mean the classes of ``std_mean`` end.

    Raises
    ------
    DataError
        ``k`` is neither 4 nor 5.
    """
    known = {4: (-1.0, 0.0, 1.0), 5: (-1.0, -0.5, 0.5, 1.0)}
    if k not in known:
        raise DataError(Text(f"均值-标准差法只有 4 或 5 级，不是 {k}", f"std_mean has 4 or 5 classes, not {k}"))
    return np.array(known[k])


def _fixed(limits: Sequence[float] | None) -> NDArray[np.float64]:
    if limits is None or not len(limits) or sorted(set(limits)) != list(limits):
        raise DataError(
            Text(f"固定分级需要递增的上限，得到 {limits!r}", f"fixed classes need ascending limits, got {limits!r}"),
            remedy=Text(
                "例如 classify: {scheme: fixed, limits: [0.2, 0.4, 0.6, 1.0]}",
                "for example classify: {scheme: fixed, limits: [0.2, 0.4, 0.6, 1.0]}",
            ),
        )
    return np.asarray(limits, dtype=np.float64)
