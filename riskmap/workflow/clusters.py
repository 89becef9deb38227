"""Where blocks are worked on: threads of this machine, or an existing Dask cluster."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from riskmap.errors import DataError
from riskmap.text import Text

T = TypeVar("T")
AHEAD = 2
"""Blocks under way for each worker: one is worked on while the next is fetched. Bounds the memory."""

Mapper = Callable[[Callable[..., T], Iterable[tuple[Any, ...]]], Iterator[T]]
"""``mapper(function, arguments)`` gives ``function(*arguments)`` for each, in order, few at a time."""


@contextlib.contextmanager
def workers(*, threads: int = 2, dask: str | None = None) -> Iterator[Mapper[Any]]:
    """Give a mapper over blocks.

    Parameters
    ----------
    threads : int
        Of this machine; numpy and GDAL work beside each other.
    dask : str, optional
        Address of a scheduler, ``tcp://host:8786``. Its workers must have riskmap and see the same files.

    Raises
    ------
    DataError
        The cluster cannot be reached, or dask is not installed.
    """
    if dask is None:
        with ThreadPoolExecutor(threads) as pool:
            yield lambda function, arguments: _ordered(pool.submit, function, arguments, threads * AHEAD)
        return
    with _client(dask) as client:
        ahead = max(1, sum(client.nthreads().values())) * AHEAD

        def submit(function: Callable[..., Any], *given: Any) -> Any:
            # the same block may be asked for twice in one run, and files change between runs: nothing is cached
            return client.submit(function, *given, pure=False)

        yield lambda function, arguments: _ordered(submit, function, arguments, ahead)


def _ordered(
    submit: Callable[..., Any], function: Callable[..., T], arguments: Iterable[tuple[Any, ...]], ahead: int
) -> Iterator[T]:
    waiting: deque[Any] = deque()
    for given in arguments:
        waiting.append(submit(function, *given))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise DataError(
            Text("没有安装 dask", "dask is not installed"),
            remedy=Text("pip install riskmap[dask]", "pip install riskmap[dask]"),
        ) from error
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise DataError(
            Text(f"连不上 Dask 集群 {address}", f"the Dask cluster {address} cannot be reached"),
            remedy=Text("检查地址和防火墙", "check the address and the firewall"),
        ) from error
    with client:
        yield client
