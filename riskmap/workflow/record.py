"""What a build leaves on disk beside its products: the state of the work folder, the publication, ``run.json``."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

import riskmap
from riskmap.errors import OutputError, OutputExistsError
from riskmap.text import Text

WORK = ".riskmap"
"""Hidden folder inside the output folder: steps work here, finished files are published from here."""

RUN = "run.json"


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
    for sub in ("grids", "maps"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    return folder


def remove(path: Path) -> None:
    """Remove a file of ours, if it is there."""
    path.unlink(missing_ok=True)


def write_json(value: Any, path: Path) -> Path:
    """Write JSON whole or not at all: beside its place first, then renamed."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(
        json.dumps(value, ensure_ascii=False, indent=1, sort_keys=False, default=_plain) + "\n", encoding="utf-8"
    )
    beside.replace(path)
    return path


def write_yaml(value: Any, path: Path, *, heading: str) -> Path:
    """Write YAML under a line of comment, whole or not at all like :func:`write_json`."""
    import yaml

    beside = path.with_name(path.name + ".new")
    text = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=120)
    beside.write_text(f"# {heading}\n{text}", encoding="utf-8")
    beside.replace(path)
    return path


def read_json(path: Path) -> Any:
    """Read JSON, None when the file is not there or not whole."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


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


def frame_digest(frame: pd.DataFrame) -> str:
    """Give a digest of a frame's columns, types, values and geometry, in row order."""
    hasher = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        hasher.update(f"{name}\0{column.dtype}\0".encode())
        if str(column.dtype) == "geometry":
            values = column.to_wkb().map(lambda b: b or b"", na_action=None)
        else:
            values = column.map(lambda v: repr(v).encode(), na_action=None)
        for value in values:
            hasher.update(len(value).to_bytes(8, "little") + value)
    return hasher.hexdigest()


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
    foreign = [name for name in products if (out / name).exists() and name not in previous]
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


def publish(work: Path, out: Path, products: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Bring finished files to their place: each is copied beside its place and renamed; unchanged ones stay.

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
    wanted = {
        name: {"sha256": file_digest(work / name), "bytes": (work / name).stat().st_size} for name in sorted(products)
    }
    # from here on all of these names are ours, even if the power fails half-way
    write_json({**known, **wanted}, marker)
    for name, facts in wanted.items():
        target = out / name
        if target.exists() and file_digest(target) == facts["sha256"]:
            continue
        _replace(work / name, target)
    for name in sorted(set(known) - set(wanted) - {RUN}):
        (out / name).unlink(missing_ok=True)
    write_json(wanted | {RUN: {}}, marker)
    return wanted


def _replace(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        shutil.copyfile(source, beside)
        beside.replace(target)
    except OSError as error:
        raise OutputError(
            Text(f"写不了：{error.strerror}", f"cannot be written: {error.strerror}"),
            remedy=Text(
                "关闭打开它的程序（QGIS、表格软件），检查磁盘空间和权限，再运行一次",
                "close the program that has it open (QGIS, a spreadsheet), check disk space and rights, then run again",
            ),
            file=str(target),
        ) from error
