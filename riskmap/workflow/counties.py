"""Many counties in one go: each is a build of its own, in processes of this machine or on a Dask cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riskmap.errors import RiskmapError, SpecError
from riskmap.text import Text
from riskmap.workflow.clusters import workers
from riskmap.workflow.record import without_nan

USUAL = "riskmap"
"""Stem of a project file that its folder names well enough."""


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

    @property
    def name(self) -> str:
        """The folder of its products."""
        return self.out.name

    def as_json(self) -> dict[str, Any]:
        """Give the document that ``build A B --format json`` prints of a county."""
        error = None if self.error is None else asdict(self.error)
        run = without_nan(self.run or {})
        told = {key: run.get(key) for key in ("totals", "findings", "seconds")}
        return {"project": self.project.as_posix(), "out": self.out.as_posix(), "error": error} | told


def build_each(
    projects: Iterable[str | Path],
    out: str | Path = "out",
    *,
    jobs: int = 1,
    dask: str | None = None,
    progress: Callable[[float, Text], None] | None = None,
    **options: Any,
) -> list[County]:
    """Build several counties; one that stops does not stop the others, and a second run redoes only what changed.

    Parameters
    ----------
    projects : iterable of path
        Project files.
    out : path
        Each county's products go to the folder beneath it that is called like the project's folder; of a project file that
        is not called ``riskmap.yaml`` it is ``folder-file``, since several may stand in one folder.
    jobs : int
        Counties built at once, in processes of this machine.
    dask : str, optional
        Address of an existing Dask cluster whose workers see the same files; it builds the counties instead.
    progress : callable, optional
        Called as each county is finished with the share done (0-1) and what became of it; on a Dask cluster in the order
        of the projects.
    **options
        As of :func:`riskmap.build`: ``only``, ``redo``, ``force``, ``lang``.

    Returns
    -------
    list of County
        In the order of the projects.

    Raises
    ------
    SpecError
        A project is named twice, or two would write to one folder.
    """
    files = [Path(project).resolve() for project in projects]
    for file in sorted({f for f in files if files.count(f) > 1}):
        raise SpecError(
            Text(f"{file.as_posix()} 写了不止一次", f"{file.as_posix()} is named more than once"),
            remedy=Text("每个项目只写一次", "name each project once"),
        )
    names = [f.parent.name if f.stem == USUAL else f"{f.parent.name}-{f.stem}" for f in files]
    for again in sorted({name for name in names if names.count(name) > 1}):
        raise SpecError(
            Text(f"有几个项目的成果都会写进 {again}", f"several projects would write to a folder called {again}"),
            remedy=Text("给项目的文件夹改名，或分别生成", "rename the projects' folders, or build them one by one"),
        )
    work = [(file, Path(out).resolve() / name, options) for file, name in zip(files, names, strict=True)]
    found: dict[Path, County] = {}
    for county in _each(work, jobs, dask):
        found[county.out] = county
        if progress:
            what = Text("完成", "done") if county.run else Text("停止", "stopped")
            progress(len(found) / len(files), Text(f"{county.name}：{what.zh}", f"{county.name}: {what.en}"))
    return [found[folder] for _, folder, _ in work]


Work = tuple[Path, Path, dict[str, Any]]


def _each(work: list[Work], jobs: int, dask: str | None) -> Iterator[County]:
    if dask is not None:
        with workers(dask=dask) as mapper:
            yield from mapper(_one, work)
        return
    with _pool(jobs) as pool:
        with _deaf_to_interrupts():
            futures = {pool.submit(_one, *given): given for given in work}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                yield _alone(*futures[future])


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Give processes that end with this one, and with an interrupt: a hundred counties would else go on after Ctrl-C."""
    others = set(multiprocessing.active_children())
    # a fresh process for each worker: libraries that hold locks do not survive a fork
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_mind_the_parent)
    try:
        yield pool
    except BaseException:
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()  # what it had done of a county stays for the next run, as after any kill
        raise
    finally:
        pool.shutdown()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C from their first line: ours stops them, and says so once instead of each."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _mind_the_parent() -> None:
    """End this process when the one that started it is gone: a killed run would else leave its workers waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once more: what is ignored is not inherited on Windows
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _alone(project: Path, out: Path, options: dict[str, Any]) -> County:
    """Build a county with no other beside it: a process that dies takes the whole pool with it, guilty or not."""
    try:
        with _pool(1) as pool:
            with _deaf_to_interrupts():
                future = pool.submit(_one, project, out, options)
            return future.result()
    except BrokenProcessPool:
        died = Text("进程中断，可能是内存不足", "its process died, perhaps for want of memory")
        return County(project, out, None, died)


def _one(project: Path, out: Path, options: dict[str, Any]) -> County:
    from riskmap.workflow.build import build

    try:
        built = build(project, out, **options)
    except RiskmapError as error:
        return County(project, out, None, error.describe())
    except Exception as error:  # a bug of ours in one county is no reason to stop the others
        said = f"{type(error).__name__}: {error}"
        return County(project, out, None, Text(f"程序出错：{said}", f"a bug of ours: {said}"))
    return County(project, out, built.run, None)
