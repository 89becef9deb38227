"""Merging of small patches, so that zones can be read and no person is hidden in a lower colour."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.grid import Grid

FOUR_NEIGHBOURS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
"""Cells that share an edge belong to one patch; a corner joins nothing."""


@dataclass(frozen=True, eq=False)
class Merged:
    """Codes after the merge, and one row of ``log`` for each merge (from, to, cells, people, row, column)."""

    codes: NDArray[np.uint8]
    log: pd.DataFrame


def merge_patches(
    codes: NDArray[np.uint8],
    *,
    min_cells: float,
    people: NDArray[np.float64] | None = None,
    holds: NDArray[np.bool_] | None = None,
    keep_people: float = 10.0,
    thin: NDArray[np.bool_] | None = None,
) -> Merged:
    """Merge patches smaller than ``min_cells`` into the neighbour with which they share the longest border.

    The smallest patch goes first; of equal ones that of the lowest code (so that the worse colour is what stays), then the
    northernmost, then the westernmost. A patch that holds a settlement or a point (``holds``), or more than ``keep_people``
    people, never takes a lower code, whatever code it came to by earlier merges; it goes to a neighbour of a higher code or
    stays as it is, until a neighbour changes.
    Equal borders go to the higher code. A merged patch that is still small is looked at again. Unknown cells (code 0)
    neither merge nor receive.

    Parameters
    ----------
    codes : uint8 array (ny, nx)
        Higher is worse, 0 unknown or outside.
    min_cells : float
        Smallest patch, in cells, that stays.
    people : float array (ny, nx), optional
        NaN counts as nobody known.
    holds : bool array (ny, nx), optional
        Cells with a settlement, a geohazard point or a hazchem source.
    keep_people : float
    thin : bool array (ny, nx), optional
        A patch that lies wholly in these cells counts as small whatever its size (:mod:`riskmap.risk.snapping`).

    Returns
    -------
    Merged
    """
    regions = _Regions(codes, people, holds, keep_people, min_cells, thin)
    queue = [regions.turn(patch) for patch in range(len(regions.cells)) if regions.is_small(patch)]
    heapq.heapify(queue)
    waiting: set[int] = set()
    log: list[tuple[int, int, int, float, int]] = []
    while queue:
        size, _, _, patch = heapq.heappop(queue)
        if regions.parent[patch] != patch or regions.cells[patch] != size or not regions.is_small(patch):
            continue  # merged meanwhile, grown and queued anew, or grown large while it waited
        target = regions.neighbour(patch)
        if target is None:
            waiting.add(patch)
            continue
        freed = waiting & regions.borders(patch).keys()
        log.append((regions.code[patch], regions.code[target], size, regions.people[patch], regions.first[patch]))
        joined = regions.join(patch, target)
        if regions.is_small(joined):
            freed.add(joined)
        waiting -= freed
        for region in freed:
            heapq.heappush(queue, regions.turn(region))
    columns = ["from_code", "to_code", "cells", "people", "first"]
    # stated types: a record without a merge has them too
    table = pd.DataFrame(log, columns=columns).astype({c: float if c == "people" else np.int64 for c in columns})
    return Merged(regions.painted(), table)


def log_frame(log: pd.DataFrame, what: str, grid: Grid) -> pd.DataFrame:
    """Give the record of a patch merge as a table: product, area, people, from, to, and where."""
    x, y = grid.centres()
    row, column = np.divmod(log["first"].to_numpy(), grid.shape[1])
    return pd.DataFrame(
        {
            "product": what,
            "from_code": log["from_code"].astype(int),
            "to_code": log["to_code"].astype(int),
            "area_km2": log["cells"] * grid.cell_area / 1e6,
            "people": log["people"].astype(float),
            "x": x[column],
            "y": y[row],
        }
    )


class _Regions:
    """Patches as a union-find forest over the labels of the first look."""

    def __init__(
        self,
        codes: NDArray[np.uint8],
        people: NDArray[np.float64] | None,
        holds: NDArray[np.bool_] | None,
        keep_people: float,
        min_cells: float,
        thin: NDArray[np.bool_] | None,
    ) -> None:
        self._codes = codes
        self._keep_people = keep_people
        self._min_cells = min_cells
        self.labels, code = _label(codes)
        flat = self.labels.ravel()
        n = len(code)
        inside = flat >= 0
        self.code: list[int] = code.tolist()
        self.cells: list[int] = np.bincount(flat[inside], minlength=n).tolist()
        counted = np.zeros(flat.shape) if people is None else np.nan_to_num(people.ravel())
        self.people: list[float] = np.bincount(flat[inside], counted[inside], minlength=n).tolist()
        held = np.zeros(n, dtype=bool)
        if holds is not None:
            held[flat[inside & holds.ravel()]] = True
        self.held: list[bool] = held.tolist()
        first = np.full(n, flat.size, dtype=np.int64)
        np.minimum.at(first, flat[inside], np.flatnonzero(inside))
        self.first: list[int] = first.tolist()
        self.thick: list[int] = self.cells.copy()
        if thin is not None:
            self.thick = np.bincount(flat[inside & ~thin.ravel()], minlength=n).tolist()
        self.parent: list[int] = list(range(n))
        self._members: dict[int, list[int]] = {}
        self._starts, self._others, self._edges = _borders(self.labels, n)

    def is_small(self, region: int) -> bool:
        """Tell whether a region is below the smallest patch, or nothing but thin."""
        return self.cells[region] < self._min_cells or self.thick[region] == 0

    def turn(self, region: int) -> tuple[int, int, int, int]:
        """Give the place of a region in the queue: smallest first, then lowest code, then from the north-west."""
        return self.cells[region], self.code[region], self.first[region], region

    def find(self, patch: int) -> int:
        """Give the region that a patch belongs to now."""
        parent = self.parent
        while parent[patch] != patch:
            parent[patch] = parent[parent[patch]]
            patch = parent[patch]
        return patch

    def borders(self, patch: int) -> dict[int, int]:
        """Give the shared border with each neighbouring region, in cell edges."""
        found: dict[int, int] = {}
        for member in self._members.get(patch, [patch]):
            for i in range(self._starts[member], self._starts[member + 1]):
                other = self.find(self._others[i])
                if other != patch:
                    found[other] = found.get(other, 0) + self._edges[i]
        return found

    def neighbour(self, patch: int) -> int | None:
        """Give the region that the patch may merge into: longest border, then higher code, then the earlier one."""
        protected = self.held[patch] or self.people[patch] > self._keep_people
        lowest = self.code[patch] if protected else 0
        allowed = [
            (edges, self.code[r], -self.first[r], r)
            for r, edges in self.borders(patch).items()
            if self.code[r] >= lowest
        ]
        return max(allowed)[3] if allowed else None

    def join(self, patch: int, target: int) -> int:
        """Give the patch the target's code and unite it with every neighbour of that code."""
        code = self.code[target]
        alike = [r for r in self.borders(patch) if self.code[r] == code]
        group = [patch, *alike]
        root = max(alike, key=lambda r: self.cells[r])
        members = self._members.setdefault(root, [root])
        for region in group:
            self.parent[region] = root
            if region != root:  # the largest one's list is only ever appended to
                members += self._members.pop(region, [region])
        self.cells[root] = sum(self.cells[r] for r in group)
        self.thick[root] = sum(self.thick[r] for r in group)
        self.people[root] = sum(self.people[r] for r in group)
        self.held[root] = any(self.held[r] for r in group)
        self.first[root] = min(self.first[r] for r in group)
        return root

    def painted(self) -> NDArray[np.uint8]:
        """Give the codes of the cells as they are now."""
        lookup = np.array([self.code[self.find(p)] for p in range(len(self.parent))] + [0], dtype=np.uint8)
        return np.where(self.labels >= 0, lookup[self.labels], self._codes).astype(np.uint8)


def _label(codes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the patch number of each cell (-1 where the code is 0) and the code of each patch."""
    from scipy import ndimage

    labels = np.full(codes.shape, -1, dtype=np.int64)
    patch_codes: list[NDArray[np.int64]] = []
    count = 0
    for code in np.unique(codes[codes > 0]):
        found, n = ndimage.label(codes == code, structure=FOUR_NEIGHBOURS)
        labels = np.where(found > 0, found + (count - 1), labels)
        patch_codes.append(np.full(n, code, dtype=np.int64))
        count += n
    return labels, np.concatenate(patch_codes) if patch_codes else np.zeros(0, dtype=np.int64)


def _borders(labels: NDArray[np.int64], n: int) -> tuple[list[int], list[int], list[int]]:
    """Give who borders whom and along how many cell edges, as compressed rows: starts, others, edges."""
    pairs = [(labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])]
    a = np.concatenate([left.ravel() for left, _ in pairs])
    b = np.concatenate([right.ravel() for _, right in pairs])
    differ = (a != b) & (a >= 0) & (b >= 0)
    a, b = np.concatenate([a[differ], b[differ]]), np.concatenate([b[differ], a[differ]])
    keys, edges = np.unique(a * max(n, 1) + b, return_counts=True)
    rows = keys // max(n, 1)
    starts = np.searchsorted(rows, np.arange(n + 1))
    return starts.tolist(), (keys % max(n, 1)).tolist(), edges.tolist()
