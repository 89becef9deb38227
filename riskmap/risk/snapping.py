"""Zone edges that run along a township line, moved onto it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.risk.patches import Merged, merge_patches


def snap_to_units(
    codes: NDArray[np.uint8],
    units: NDArray[np.integer],
    width_cells: float,
    *,
    people: NDArray[np.float64] | None = None,
    holds: NDArray[np.bool_] | None = None,
    keep_people: float = 10.0,
) -> Merged:
    """Give codes in which no zone reaches over a unit's line by a strip narrower than the width.

    A zone that follows a township line without keeping to it leaves strips: pieces of one code within one unit that lie
    wholly near the unit's line. Each takes the code of the neighbour in its own unit with the longest shared border, by the
    rules of :func:`riskmap.risk.patches.merge_patches`: people and settlements never sink to a lower code. A unit that is
    all strip, narrower than twice the width, stays as it is.

    Parameters
    ----------
    codes : uint8 array (ny, nx)
        0 unknown or outside; those neither move nor receive.
    units : integer array (ny, nx)
        Unit of each cell, -1 in none.
    width_cells : float
        Pieces whose cells all lie nearer to another unit than this, in cells, are strips.
    people, holds, keep_people
        As in :func:`riskmap.risk.patches.merge_patches`.

    Returns
    -------
    Merged
        The codes, and one row of ``log`` for each strip.
    """
    from scipy import ndimage

    snapped, logs = codes.copy(), []
    assigned = units >= 0
    reach = int(np.ceil(width_cells)) + 1
    for unit, box in enumerate(ndimage.find_objects(units + 1)):
        if box is None:
            continue
        # as far beyond the unit as a line may count, so that its neighbours are seen
        window = tuple(
            slice(max(s.start - reach, 0), min(s.stop + reach, n)) for s, n in zip(box, codes.shape, strict=True)
        )
        mine = units[window] == unit
        others = assigned[window] & ~mine
        if not others.any():
            continue
        near = ndimage.distance_transform_edt(~others) <= width_cells
        if not (mine & ~near & (codes[window] > 0)).any():
            continue
        merged = merge_patches(
            np.where(mine, codes[window], 0).astype(np.uint8),
            min_cells=0,
            people=None if people is None else people[window],
            holds=None if holds is None else holds[window],
            keep_people=keep_people,
            thin=near,
        )
        snapped[window][mine] = merged.codes[mine]
        row, column = np.divmod(merged.log["first"].to_numpy(), mine.shape[1])
        first = (row + window[0].start) * codes.shape[1] + column + window[1].start
        logs.append(merged.log.assign(first=first))
    nothing = merge_patches(np.zeros((1, 1), np.uint8), min_cells=0).log
    return Merged(snapped, pd.concat([nothing, *logs], ignore_index=True))
