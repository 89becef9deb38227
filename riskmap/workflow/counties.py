"""Many counties in one go: each is a build of its own, in processes of this machine or on a Dask cluster."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from riskmap.errors import RiskmapError, SpecError
from riskmap.text import Text
from riskmap.workflow.clusters import Mapper, workers


@dataclass(frozen=True, eq=False)
class County:
    """What became of one county.

    Parameters
    ----------
    project : Path
        Its project file.
    out : Path
    run : dict or None
        What stands in ``run.json``; None when the build stopped.
    error : Text or None
        Why it stopped.
    """

    project: Path
    out: Path
    run: dict[str, Any] | None
    error: Text | None


def build_each(
    projects: Iterable[str | Path], out: str | Path = "out", *, jobs: int = 1, dask: str | None = None, **options: Any
) -> list[County]:
    """Build several counties; one that stops does not stop the others.

    Parameters
    ----------
    projects : iterable of path
        Project files, each in a folder of its own name.
    out : path
        Each county's products go to the folder beneath it that is called like the project's folder.
    jobs : int
        Counties built at once, in processes of this machine.
    dask : str, optional
        Address of an existing Dask cluster whose workers see the same files; it builds the counties instead.
    **options
        As of :func:`riskmap.build`: ``only``, ``redo``, ``force``, ``lang``.

    Returns
    -------
    list of County
        In the order of the projects.

    Raises
    ------
    SpecError
        Two projects whose folders have one name: their products would overwrite each other.
    """
    files = [Path(project).resolve() for project in projects]
    names = [file.parent.name for file in files]
    for again in sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(
            Text(f"有几个项目的文件夹都叫 {again}", f"several projects stand in folders called {again}"),
            remedy=Text("给文件夹改名，或分别生成", "rename the folders, or build them one by one"),
        )
    targets = [Path(out).resolve() / name for name in names]
    with _mapper(jobs, dask) as mapper:
        return list(mapper(_one, ((f, t, options) for f, t in zip(files, targets, strict=True))))


@contextmanager
def _mapper(jobs: int, dask: str | None) -> Iterator[Mapper[County]]:
    if dask is not None:
        with workers(dask=dask) as mapper:
            yield mapper
        return
    # a fresh process for each worker: libraries that hold locks do not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda function, arguments: pool.map(function, *zip(*arguments, strict=True))


def _one(project: Path, out: Path, options: dict[str, Any]) -> County:
    from riskmap.workflow.build import build

    try:
        built = build(project, out, **options)
    except RiskmapError as error:
        return County(project, out, None, error.describe())
    return County(project, out, built.run, None)
