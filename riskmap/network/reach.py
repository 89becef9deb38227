"""Who comes first to each of many places, in what time, and how many places and people are reached within a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.positions import Places
from riskmap.network.roads import RoadNetwork


@dataclass(frozen=True, eq=False)
class Reached:
    """First arrivals at places.

    Parameters
    ----------
    seconds : float array
        From the alarm, preparation included; ``inf`` where nobody comes.
    source : int array
        Position of the source that comes first, -1 where nobody comes.
    """

    seconds: NDArray[np.float64]
    source: NDArray[np.int64]


def first_arrivals(network: RoadNetwork, sources: Places, targets: Places, *, ready_s: float = 0.0) -> Reached:
    """Give who comes first to each target.

    Parameters
    ----------
    network : RoadNetwork
    sources, targets : Places
        Targets without a place are reached by nobody.
    ready_s : float
        Seconds before anyone leaves.
    """
    graph, numbers = network.graph.insert(sources)
    earliest = graph.earliest(numbers, np.full(len(numbers), float(ready_s)), np.inf)
    found = graph.arrival_by(earliest, targets)
    return Reached(found.seconds, found.source)


def summary(
    reached: Reached, routed: NDArray[np.bool_], people: pd.Series | None, *, limit_s: float
) -> dict[str, float]:
    """Count what is reached within a limit.

    Parameters
    ----------
    reached : Reached
    routed : bool array
        Which targets are on the network.
    people : Series, optional
        By target; NaN unknown, counted as such and never as 0.
    limit_s : float
        Inclusive.

    Returns
    -------
    dict
        ``targets``, ``within``, ``not_routed``, ``unreachable`` (on the network, but nobody comes), ``people``,
        ``people_within``, ``people_unknown``, ``worst_min`` (of those reached at all; NaN if none).
    """
    within, comes = reached.seconds <= limit_s + 1e-9, np.isfinite(reached.seconds)
    amount = np.full(len(routed), np.nan) if people is None else people.to_numpy(dtype=float, na_value=np.nan)
    return {
        "targets": len(routed),
        "within": int(within.sum()),
        "not_routed": int((~routed).sum()),
        "unreachable": int((routed & ~comes).sum()),
        "people": float(np.nansum(amount)) if people is not None else np.nan,
        "people_within": float(np.nansum(amount[within])) if people is not None else np.nan,
        "people_unknown": int(np.isnan(amount).sum()) if people is not None else 0,
        "worst_min": float(reached.seconds[comes].max() / 60.0) if comes.any() else np.nan,
    }
