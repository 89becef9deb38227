"""A network from directed edges between nodes of the caller's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.crs import parse
from riskmap.errors import NetworkError
from riskmap.network.graph import Graph
from riskmap.text import Text


def from_edges(tail: Iterable[Any], head: Iterable[Any], seconds: Iterable[float], xy: Any, crs: Any) -> dict[str, Any]:
    """Give the parts of a network from directed edges; see ``RoadNetwork.from_edges``."""
    ids, coordinates = _nodes(xy)
    tails, heads = _column(tail), _column(head)
    cost = np.asarray(seconds if isinstance(seconds, np.ndarray) else list(seconds), dtype=float)
    if not len(tails) == len(heads) == len(cost):
        raise NetworkError(
            Text(
                f"tail、head、seconds 长度不同：{len(tails)}、{len(heads)}、{len(cost)}",
                f"tail, head and seconds differ in length: {len(tails)}, {len(heads)}, {len(cost)}",
            )
        )
    require_seconds(cost)
    if ids is None:
        ids = pd.Index(tails, tupleize_cols=False).append(pd.Index(heads, tupleize_cols=False)).unique()
    a, b = numbers_of(ids, tails), numbers_of(ids, heads)
    tail_n, head_n, forward, backward = paired(a, b, cost, len(ids))
    graph = Graph(len(ids), tail_n, head_n, forward, backward)
    if coordinates is None:
        length = np.full(len(graph), np.nan)
    else:
        length = np.hypot(*(coordinates[graph.tail] - coordinates[graph.head]).T)
    return {
        "ids": ids,
        "graph": graph,
        "xy": coordinates,
        "length_m": length,
        "crs": None if crs is None else parse(crs),
    }


def require_seconds(seconds: NDArray[np.float64]) -> None:
    """Raise unless all seconds are numbers of at least 0 (``inf``: closed)."""
    bad = np.flatnonzero(~(seconds >= 0))
    if len(bad):
        raise NetworkError(
            Text(
                f"{len(bad)} 条边的秒数缺失或为负，例如第 {bad[0] + 1} 条：{seconds[bad[0]]}",
                f"{len(bad)} edges have negative or missing seconds, such as number {bad[0] + 1}: {seconds[bad[0]]}",
            ),
            remedy=Text("不通的边给 inf", "give inf for edges that are closed"),
        )


def _column(values: Iterable[Any]) -> NDArray:
    """Give ids as an array of one dimension, ids that are tuples too."""
    if isinstance(values, (np.ndarray, pd.Series, pd.Index)):
        return np.asarray(values)
    return pd.Index(list(values), tupleize_cols=False).to_numpy()


def _nodes(xy: Any) -> tuple[pd.Index | None, NDArray[np.float64] | None]:
    """Give ids and coordinates from what the caller has."""
    if xy is None:
        return None, None
    if isinstance(xy, pd.DataFrame):
        return xy.index, xy[["x", "y"]].to_numpy(dtype=float)
    if isinstance(xy, Mapping):
        return pd.Index(list(xy), tupleize_cols=False), np.array(list(xy.values()), dtype=float).reshape(-1, 2)
    coordinates = np.asarray(xy, dtype=float).reshape(-1, 2)
    return pd.RangeIndex(len(coordinates)), coordinates


def numbers_of(ids: pd.Index, wanted: NDArray) -> NDArray[np.int64]:
    """Give the number of each node id.

    Raises
    ------
    NetworkError
        For ids that are not there.
    """
    if isinstance(ids, pd.RangeIndex) and wanted.dtype.kind in "iu":
        numbers = np.where((wanted >= 0) & (wanted < len(ids)), wanted, -1).astype(np.int64)
    else:
        numbers = ids.get_indexer(pd.Index(wanted, tupleize_cols=False)).astype(np.int64)
    if (numbers < 0).any():
        strange = list(pd.unique(pd.Series(wanted[numbers < 0])))
        raise NetworkError(
            Text(
                f"这些节点没有坐标：{', '.join(map(repr, strange[:5]))}（共 {len(strange)} 个）",
                f"nodes without coordinates: {', '.join(map(repr, strange[:5]))} ({len(strange)} in all)",
            ),
            remedy=Text("xy 是数组时，编号从 0 起为其行号", "where xy is an array the ids are its row numbers, from 0"),
        )
    return numbers


def paired(
    tail: NDArray[np.int64], head: NDArray[np.int64], seconds: NDArray[np.float64], nodes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Join directed edges between the same two nodes into one edge each, with the least seconds either way.

    Returns
    -------
    tail, head, forward_s, backward_s
        Sorted by node numbers, the tail's number not above the head's.
    """
    is_open = np.isfinite(seconds)
    tail, head, seconds = tail[is_open], head[is_open], seconds[is_open]
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    keys = low * nodes + high
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    if not len(keys):
        return tail, head, seconds, seconds
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    along = (tail <= head)[order]
    sorted_s = seconds[order]
    forward = np.minimum.reduceat(np.where(along, sorted_s, np.inf), first)
    backward = np.minimum.reduceat(np.where(along, np.inf, sorted_s), first)
    return low[order[first]], high[order[first]], forward, backward
