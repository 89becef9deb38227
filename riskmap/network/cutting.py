"""Parts of lines between two shares of their length, many at once."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

HAIR = 1e-11
"""Share of a line's length that is rounding."""


def between(lines: NDArray, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray:
    """Give the part of each line from one share of its length to another.

    Parameters
    ----------
    lines : array of LineStrings
    low, high : float arrays
        Shares, ``0 <= low < high <= 1``.

    Returns
    -------
    array of LineStrings
        In the direction of the lines; whole lines are given as they are.
    """
    result = lines.copy()
    cut = np.flatnonzero((low > 0) | (high < 1))
    if not len(cut):
        return result
    lines, low, high = lines[cut], low[cut], high[cut]
    xy, line = shapely.get_coordinates(lines, return_index=True)
    first = np.concatenate(([True], line[1:] != line[:-1]))
    run = np.cumsum(np.where(first, 0.0, np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)))
    run -= run[first][line]
    length = shapely.length(lines)
    # a vertex at a cut is the cut: sums of steps differ from the length by rounding
    inner = (run > (low[line] + HAIR) * length[line]) & (run < (high[line] - HAIR) * length[line])
    begin = shapely.get_coordinates(shapely.line_interpolate_point(lines, low, normalized=True))
    end = shapely.get_coordinates(shapely.line_interpolate_point(lines, high, normalized=True))
    number = np.arange(len(lines))
    part = np.concatenate((number, line[inner], number))
    order = np.argsort(part, kind="stable")
    result[cut] = shapely.linestrings(np.concatenate((begin, xy[inner], end))[order], indices=part[order])
    return result
