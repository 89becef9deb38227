"""Many searches as blocks of stations: in turn here, or wherever a mapper takes them (processes, a Dask cluster)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap.network.graph import Graph
from riskmap.network.positions import Places

Mapper = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]
"""``mapper(function, arguments)`` gives ``function(*arguments)`` for each, in order."""

BLOCK = 32
"""Most stations in a block: enough work to be worth sending the network along."""

CELLS = 4_000_000
"""Most times (stations x places) that a block gives: 32 MB."""


def in_turn(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Work on one block after the other, here."""
    for given in arguments:
        yield function(*given)


def arrivals(
    graph: Graph, sources: NDArray[np.int64], places: Places, *, limit_s: float, mapper: Mapper | None = None
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Give the arrival at places from each source by itself.

    Parameters
    ----------
    graph : Graph
        With the sources inserted.
    sources : int array
        Node numbers.
    places : Places
        Of the graph before insertion.
    limit_s : float
        Searches end here; inclusive.
    mapper : callable, optional
        Works on the blocks; the results are the same wherever that is.

    Yields
    ------
    int
        Position of the source.
    float array (places)
        Seconds; ``inf`` beyond the limit and where there is no way.
    """
    step = int(np.clip(CELLS // max(len(places), 1), 1, BLOCK))
    begins = range(0, len(sources), step)
    blocks = ((graph, sources[begin : begin + step], places, limit_s) for begin in begins)
    for begin, block in zip(begins, (mapper or in_turn)(_block, blocks), strict=True):
        for offset, row in enumerate(block):
            yield begin + offset, row


def _block(graph: Graph, sources: NDArray[np.int64], places: Places, limit_s: float) -> NDArray[np.float64]:
    rows = np.empty((len(sources), len(places)))
    for position, seconds in graph.seconds_from_each(sources, limit_s):
        rows[position] = graph.arrival(seconds, places)
    return rows
