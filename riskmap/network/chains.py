"""Single lines as chains of vertices in which one place has one key: what noding works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

KEY_M = 1e-3
"""Vertices in the same millimetre are one vertex: the difference is the files' rounding."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Single lines as chains of vertices, one after the other.

    Parameters
    ----------
    xy, key, part : arrays (vertices)
        Coordinates, place (vertices of one key are one place), and the part that the vertex belongs to.
    road, level, bridging : int arrays (parts)
        Row position of the road; its level, bridges and tunnels having levels of their own; 1 for a part that was put
        in to close a gap.
    """

    xy: NDArray[np.float64]
    key: NDArray[np.int64]
    part: NDArray[np.int64]
    road: NDArray[np.int64]
    level: NDArray[np.int64]
    bridging: NDArray[np.int64]

    @property
    def first(self) -> NDArray[np.bool_]:
        """Vertices that begin a part."""
        return np.concatenate(([True], self.part[1:] != self.part[:-1]))

    @property
    def last(self) -> NDArray[np.bool_]:
        """Vertices that end a part."""
        return np.concatenate((self.part[1:] != self.part[:-1], [True]))

    @property
    def places(self) -> int:
        """One more than the highest key."""
        return int(self.key.max()) + 1

    def neighbours(self, some: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Count the different places next to each place, on all parts or on some of them."""
        step = ~self.last[:-1] if some is None else ~self.last[:-1] & some[self.part[:-1]]
        a, b = self.key[:-1][step], self.key[1:][step]
        both = np.unique(np.concatenate((a * self.places + b, b * self.places + a)))
        return np.bincount(both // self.places, minlength=self.places)

    def components(self) -> int:
        """Count the parts of the network that hang together by shared vertices."""
        a, b = self.key[:-1][~self.last[:-1]], self.key[1:][~self.first[1:]]
        matrix = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(self.places, self.places))
        return int(connected_components(matrix, directed=False)[0])

    def lines(self) -> NDArray:
        """Give the parts as LineStrings."""
        return shapely.linestrings(self.xy, indices=self.part)


def parts_of(lines: NDArray, level: NDArray[np.int64]) -> tuple[Parts, NDArray[np.int64]]:
    """Give the vertices of all single lines, repeated ones left out, and the rows without any length."""
    single, road = shapely.get_parts(shapely.force_2d(lines), return_index=True)
    xy, part = shapely.get_coordinates(single, return_index=True)
    key = keys(xy)
    moved = np.concatenate(([True], (part[1:] != part[:-1]) | (key[1:] != key[:-1])))
    long = np.bincount(part[moved], minlength=len(single)) > 1
    kept = moved & long[part]
    number = np.cumsum(long) - 1
    xy, key, part = xy[kept], key[kept], number[part[kept]]
    # one place has one pair of coordinates, so that lines that lie on one another are equal
    _, where, back = np.unique(key, return_index=True, return_inverse=True)
    parts = Parts(xy[where[back]], key, part, road[long], level[road[long]], np.zeros(long.sum(), dtype=np.int64))
    return parts, np.setdiff1d(np.arange(len(lines)), road[long])


def keys(xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give one number for each place: vertices of the same millimetre have the same, sorted from west to east."""
    if not len(xy):
        return np.empty(0, dtype=np.int64)
    cells = np.round((xy - xy.min(axis=0)) / KEY_M).astype(np.int64)
    return np.unique(cells[:, 0] << 32 | cells[:, 1], return_inverse=True)[1]


def with_vertices(
    parts: Parts, part: NDArray[np.int64], at_m: NDArray[np.float64], xy: NDArray[np.float64], key: NDArray[np.int64]
) -> Parts:
    """Put vertices into parts, each at its distance along the part."""
    step = np.hypot(*np.diff(parts.xy, axis=0, prepend=parts.xy[:1]).T)
    run = np.cumsum(np.where(parts.first, 0.0, step))
    along = run - run[parts.first][parts.part]
    every_part = np.concatenate((parts.part, part))
    order = np.lexsort((np.arange(len(every_part)), np.concatenate((along, at_m)), every_part))
    grown = replace(
        parts,
        xy=np.concatenate((parts.xy, xy))[order],
        key=np.concatenate((parts.key, key))[order],
        part=every_part[order],
    )
    again = np.concatenate(([False], (grown.key[1:] == grown.key[:-1]) & (grown.part[1:] == grown.part[:-1])))
    return replace(grown, xy=grown.xy[~again], key=grown.key[~again], part=grown.part[~again])


def merged(parts: Parts, pairs: NDArray[np.int64]) -> Parts:
    """Make one place of vertices that touch; the place of the lowest key stands for all."""
    if not len(pairs):
        return parts
    count = parts.places
    label = connected_components(
        coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(count, count)), directed=False
    )[1]
    lowest = np.full(label.max() + 1, count)
    np.minimum.at(lowest, label, np.arange(count))
    key = lowest[label[parts.key]]
    place = np.zeros((count, 2))
    place[parts.key] = parts.xy
    kept = np.concatenate(([True], (key[1:] != key[:-1]) | (parts.part[1:] != parts.part[:-1])))
    # a part that shrank to one place keeps its two ends
    kept |= np.bincount(parts.part[kept], minlength=len(parts.road))[parts.part] < 2
    return replace(parts, xy=place[key][kept], key=key[kept], part=parts.part[kept])
