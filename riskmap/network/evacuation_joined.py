"""Roads that follow one another without a choice, joined: the same plans on far fewer edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.evacuation_queue import HAIR


@dataclass(frozen=True, eq=False)
class Chain:
    """Roads one after the other, from a node where there is a choice to the next.

    Parameters
    ----------
    tail, head : node
    seconds, capacity : float arrays (roads)
    row : int array (roads)
        Positions in the frame of edges; of parallel ones that of the fastest.
    """

    tail: Any
    head: Any
    seconds: NDArray[np.float64]
    capacity: NDArray[np.float64]
    row: NDArray[np.int64]


def chains(edges: pd.DataFrame, special: set[Any]) -> Iterator[Chain]:
    """Give the chains of a network, in the order of their nodes.

    Parameters
    ----------
    edges : DataFrame
        ``tail, head, seconds, capacity``; of parallel edges the capacities add up at the least seconds.
    special : set
        Nodes that stay: where people set out or arrive.
    """
    ordered = edges.assign(row=np.arange(len(edges))).sort_values(["tail", "head", "seconds"], kind="stable")
    merged = ordered.groupby(["tail", "head"], sort=True).agg(
        seconds=("seconds", "first"), capacity=("capacity", "sum"), row=("row", "first")
    )
    onward: dict[Any, dict[Any, tuple[float, float, int]]] = {}
    beside: dict[Any, set[Any]] = {}
    for (tail, head), *road in zip(merged.index, merged["seconds"], merged["capacity"], merged["row"], strict=True):
        if tail != head:
            onward.setdefault(tail, {})[head] = tuple(road)
            beside.setdefault(tail, set()).add(head)
            beside.setdefault(head, set()).add(tail)
    stays = {n for n, others in beside.items() if len(others) != 2 or n in special}
    for tail in sorted(stays):
        for head in sorted(onward.get(tail, {})):
            chain, before, node = [onward[tail][head]], tail, head
            while node not in stays:
                (after,) = beside[node] - {before}
                if after not in onward.get(node, {}):
                    break
                chain.append(onward[node][after])
                before, node = node, after
            if node in stays and node != tail:
                yield Chain(tail, node, *(np.array(values) for values in zip(*chain, strict=True)))


def contracted(edges: pd.DataFrame, special: set[Any], step_s: float) -> pd.DataFrame:
    """Join roads for the bound.

    Parameters
    ----------
    edges, special
        See :func:`chains`.
    step_s : float

    Returns
    -------
    DataFrame
        ``tail, head, steps, capacity``. The steps are rounded down before and from the narrowest road on by themselves,
        so that every plan on the roads is one on the joined roads and no later.
    """
    rows = []
    for chain in chains(edges, special):
        narrow = int(np.argmin(chain.capacity))
        parts = (chain.seconds[:narrow], chain.seconds[narrow:])
        steps = sum(int(np.floor(part.sum() / step_s + HAIR)) for part in parts)
        rows.append((chain.tail, chain.head, steps, chain.capacity[narrow]))
    return pd.DataFrame(rows, columns=["tail", "head", "steps", "capacity"])
