"""What a build leaves on disk beside its products: the state of the work folder, the publication, ``run.json``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

import riskmap
from riskmap.data.geopackage import require_closed
from riskmap.errors import OutputError, OutputExistsError
from riskmap.text import Text

WORK = ".riskmap"
"""Hidden folder inside the output folder: steps work here, finished files are published from here."""

RUN = "run.json"

FULL = (errno.ENOSPC, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, getattr(errno, "EDQUOT", -1))
"""What the system says when files cannot be written; other errors are bugs of ours."""


def locked(out: Path) -> AbstractContextManager[Any]:
    """Hold an output folder for one build; the lock belongs to the operating system and dies with its process.

    Raises
    ------
    OutputError
        Another build holds it, or the folder cannot be written.
    """
    try:
        (out / WORK).mkdir(parents=True, exist_ok=True)
        return FileLock(out / WORK / "lock").acquire(timeout=0)
    except Timeout as error:
        raise OutputError(
            Text("另一个 riskmap 正在写这个文件夹", "another riskmap is writing to this folder"),
            remedy=Text("等它结束，或用另一个 --out", "wait for it to finish, or use another --out"),
            file=str(out),
        ) from error
    except OSError as error:
        raise OutputError(
            Text(f"输出文件夹不能写：{error.strerror}", f"the output folder cannot be written: {error.strerror}"),
            remedy=Text("检查权限和磁盘空间，或换一个 --out", "check rights and disk space, or use another --out"),
            file=str(out),
        ) from error


def work_folder(out: Path, *, fresh: bool) -> Path:
    """Give the folder in which steps work, emptied when ``fresh``."""
    folder = out / WORK / "work"
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    for sub in ("grids", "maps", "print"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    return folder


def fresh_folder(folder: Path) -> Path:
    """Give an empty folder of ours."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def copy(source: Path, target: Path) -> Path:
    """Copy a file of ours within the work folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def forget_work(out: Path) -> None:
    """Remove the work folder of a build: nothing of what a public edition leaves out stays beside it."""
    shutil.rmtree(out / WORK / "work", ignore_errors=True)


def remove(path: Path) -> None:
    """Remove a file of ours, if it is there."""
    path.unlink(missing_ok=True)


def write_json(value: Any, path: Path) -> Path:
    """Write JSON whole or not at all: beside its place first, then renamed."""
    beside = _staged(path)
    with _told(path):
        beside.write_text(
            json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False, default=_plain) + "\n", encoding="utf-8"
        )
        beside.replace(path)
    return path


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table of the work folder (Arrow)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_feather(path)
    return path


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of the work folder."""
    return pd.read_feather(path)


def write_yaml(value: Any, path: Path, *, heading: str) -> Path:
    """Write YAML under a line of comment, whole or not at all like :func:`write_json`."""
    import yaml

    beside = _staged(path)
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=120)
    with _told(path):
        beside.write_text(f"# {heading}\n{text}", encoding="utf-8")
        beside.replace(path)
    return path


def read_json(path: Path) -> Any:
    """Read JSON, None when the file is not there or not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def without_nan(value: Any) -> Any:
    """Give a record with null for numbers that are unknown or infinite: JSON has no NaN, strict readers refuse it."""
    if isinstance(value, dict):
        return {key: without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(v) for v in value]
    if isinstance(value, (float, np.floating)) and not np.isfinite(value):
        return None
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, Path):
        return value.as_posix()
    return str(value)


def file_digest(path: Path) -> str:
    """Give the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: Any) -> str:
    """Give the sha256 of plain values."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def array_digest(values: Any) -> str:
    """Give a digest of an array's type, shape and values."""
    return hashlib.sha256(f"{values.dtype}{values.shape}".encode() + np.ascontiguousarray(values).tobytes()).hexdigest()


@cache
def code_digest() -> str:
    """Give a digest of the code and the declarations: a changed program redoes its steps."""
    from riskmap.data.catalog import folder

    hasher = hashlib.sha256()
    for root in (Path(riskmap.__file__).parent, folder("layers"), folder("styles")):
        for path in sorted(p for p in root.rglob("*") if p.is_file() and p.suffix not in (".pyc", ".pyo")):
            hasher.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return hasher.hexdigest()


MODULES = (
    "exactextract",
    "geopandas",
    "mapclassify",
    "numpy",
    "pandas",
    "pyogrio",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
)


@cache
def versions() -> dict[str, str]:
    """Give the versions that may change a result."""
    import platform
    from importlib.metadata import version

    import pyogrio
    import pyproj
    import rasterio
    import shapely

    gdal = {"gdal (rasterio)": rasterio.__gdal_version__, "gdal (pyogrio)": pyogrio.__gdal_version_string__}
    libraries = {"proj": pyproj.proj_version_str, "geos": shapely.geos_version_string}
    found = {module: version(module) for module in MODULES}
    return {"riskmap": riskmap.__version__, "python": platform.python_version(), **found, **gdal, **libraries}


def refuse_foreign(out: Path, products: Iterable[str], *, force: bool) -> None:
    """Raise when a file that riskmap did not write stands at a name that it would write.

    Raises
    ------
    OutputExistsError
    """
    previous = read_json(out / WORK / "published.json") or {}
    foreign = [name for name in (*products, RUN) if (out / name).exists() and name not in previous]
    if foreign and not force:
        raise OutputExistsError(
            Text(
                f"{out} 里已有不是本程序写的文件：{'、'.join(foreign)}",
                f"{out} has files at our names that riskmap did not write: {', '.join(foreign)}",
            ),
            remedy=Text(
                "换一个 --out，移走它们，或用 --force 覆盖",
                "use another --out, move them away, or overwrite with --force",
            ),
        )


def refuse_other_project(out: Path, project: str) -> None:
    """Raise when the folder that nobody named holds what another project file of the same folder built.

    Raises
    ------
    OutputExistsError
    """
    if not (out / WORK).exists():  # a foreign run.json is another matter
        return
    earlier = (read_json(out / RUN) or {"project": {"file": project}})["project"]["file"]
    if earlier != project:
        own = f"{out.as_posix()}-{Path(project).stem}"
        raise OutputExistsError(
            Text(
                f"{out.as_posix()} 里是 {earlier} 的成果，不是 {project} 的",
                f"{out.as_posix()} holds what was built from {earlier}, not from {project}",
            ),
            remedy=Text(f"用 --out 另给文件夹，如 --out {own}", f"name a folder with --out, such as --out {own}"),
        )


def refuse_open(out: Path) -> None:
    """Raise when another program has a published database open: what is renamed to its place would be ruined.

    Raises
    ------
    OutputError
    """
    for path in out.glob("*.gpkg"):
        if not path.name.startswith("."):
            require_closed(path)


def publish(work: Path, out: Path, products: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Bring finished files to their place: all are copied beside their places first, then all are renamed.

    A full disk or a file held by a program is met before anything was replaced. A process killed between two renames
    leaves a mixture that ``run.json``, which is written last, does not describe: ``verify`` names it and the next build
    finishes it.

    Parameters
    ----------
    work : Path
        Folder of the finished files.
    out : Path
        Output folder.
    products : iterable of str
        Paths relative to both, with forward slashes.

    Returns
    -------
    dict
        Product -> sha256 and size.

    Raises
    ------
    OutputError
        A file cannot be replaced, most often because a program has it open.
    """
    marker = out / WORK / "published.json"
    known = read_json(marker) or {}
    wanted: dict[str, Any] = {
        name: {"sha256": file_digest(work / name), "bytes": (work / name).stat().st_size} for name in sorted(products)
    }
    changed = [n for n, facts in wanted.items() if not _is_there(out / n, facts["sha256"])]
    try:
        for name in changed:
            _stage(work / name, out / name)
        refuse_open(out)
        for name in changed:
            _refuse_held(out / name)
        # from here on all of these names are ours, even if the power fails half-way
        write_json({**known, **wanted}, marker)
        for name in changed:
            with _told(out / name):
                _staged(out / name).replace(out / name)
    finally:
        for name in changed:
            _staged(out / name).unlink(missing_ok=True)
    for name in sorted(set(known) - set(wanted) - {RUN}):
        (out / name).unlink(missing_ok=True)
    write_json(wanted | {RUN: {}}, marker)
    return wanted


def _is_there(path: Path, sha256: str) -> bool:
    return path.exists() and file_digest(path) == sha256


def _staged(target: Path) -> Path:
    """Give the name beside its place under which a file waits to be renamed."""
    return target.with_name(f".new-{target.name}")


def _stage(source: Path, target: Path) -> None:
    """Copy a file beside its place, its bytes on the disk."""
    with _told(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, _staged(target))
        with _staged(target).open("rb+") as file:
            os.fsync(file.fileno())


def _refuse_held(target: Path) -> None:
    """Raise when Windows will not let a file be replaced because a program holds it."""
    if os.name == "nt" and target.exists():
        with _told(target):
            target.rename(target)


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Turn what the system says of a file into our error."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            Text(f"写不了：{error.strerror}", f"cannot be written: {error.strerror}"),
            remedy=Text(
                "关闭打开它的程序（QGIS、表格软件），检查磁盘空间和权限，再运行一次",
                "close the program that has it open (QGIS, a spreadsheet), check disk space and rights, then run again",
            ),
            file=str(target),
        ) from error


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """Turn a full disk, a file too large or missing rights, met anywhere in a build, into one clear error.

    Raises
    ------
    OutputError
    """
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OutputError(
            Text(f"写不了工作文件：{error.strerror}", f"working files cannot be written: {error.strerror}"),
            remedy=Text(
                "检查磁盘空间和权限，或换一个 --out；上一次的成果没有动",
                "check disk space and rights, or use another --out; the last products are untouched",
            ),
            file=error.filename or str(folder),
        ) from error
