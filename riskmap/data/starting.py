"""How a project starts: an example copied, or one's own folder looked through and a project file written."""

from __future__ import annotations

import shutil
from pathlib import Path

from riskmap.data.archives import ENDINGS, OSM, SETS
from riskmap.data.catalog import folder
from riskmap.data.content import SHEETS, TEXTS
from riskmap.data.files import RASTERS
from riskmap.errors import OutputError, SpecError
from riskmap.text import Text

SUFFIXES = (*RASTERS, *SHEETS, *TEXTS, *SETS, *OSM, *ENDINGS)
PROJECT = "riskmap.yaml"
LEFT_BY_WINDOWS = ("thumbs.db", "desktop.ini")
DEEPEST = 3
"""Folders below the user's that are looked into."""


def examples() -> list[str]:
    """Give the names of the example places that are installed."""
    return sorted(path.parent.name for path in folder("examples").glob(f"*/{PROJECT}"))


def copy_example(name: str, target: Path, *, force: bool = False) -> Path:
    """Copy an example place into a folder, and give its project file.

    Raises
    ------
    SpecError
        No such example.
    OutputError
        A project stands there already and ``force`` is not said.
    """
    if name not in examples():
        raise SpecError(
            Text(
                f"没有示例 {name!r}；有：{'、'.join(examples())}",
                f"no example {name!r}; there are {', '.join(examples())}",
            )
        )
    refuse_project(target, force=force)
    shutil.copytree(
        folder("examples") / name,
        target,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("*.py", "__pycache__", "out"),
    )
    return target / PROJECT


def refuse_project(target: Path, *, force: bool) -> None:
    """Raise when a folder holds a project file already.

    Raises
    ------
    OutputError
    """
    if (target / PROJECT).exists() and not force:
        raise OutputError(
            Text("这里已经有项目文件，不覆盖", "there is a project file already; it is not overwritten"),
            remedy=Text("换一个文件夹，或加 --force 覆盖", "name another folder, or say --force to overwrite it"),
            file=(target / PROJECT).as_posix(),
        )


def deliveries(root: Path) -> list[Path]:
    """Give the files below a folder that may hold data, in order; parts of a shapefile count once; none in a new folder."""
    found = [p for p in _files(root) if p.suffix.lower() in SUFFIXES]
    return [path for path in found if path.is_file() or path.suffix.lower() == ".gdb"]


def passed_over(root: Path) -> list[str]:
    """Give the files below a folder that are of no kind that is read, and no part of one that is (``.dbf`` of a ``.shp``)."""
    read = deliveries(root)
    parts = {(path.parent, path.stem.lower()) for path in read} | {(path.parent, path.name.lower()) for path in read}
    left = []
    for path in _files(root):
        stems = {path.name.lower().rsplit(".", n)[0] for n in (1, 2)}
        ours = path in read or path.name == PROJECT or any((path.parent, stem) in parts for stem in stems)
        if path.is_file() and not ours and path.name.lower() not in LEFT_BY_WINDOWS:
            left.append(path.relative_to(root).as_posix())
    return left


def _files(root: Path) -> list[Path]:
    """Give what lies below a folder, but for hidden files, our outputs and the insides of ``.gdb`` folders."""
    found = []
    for path in sorted(root.rglob("*")):
        steps = path.relative_to(root).parts
        hidden = any(step.startswith((".", "~$")) or step == "out" for step in steps)
        inside_gdb = any(step.lower().endswith(".gdb") for step in steps[:-1])
        if len(steps) <= DEEPEST + 1 and not hidden and not inside_gdb:
            found.append(path)
    return found


def write_project(text: str, target: Path, *, force: bool = False) -> Path:
    """Write the project file of a folder.

    Raises
    ------
    OutputError
    """
    refuse_project(target, force=force)
    path = target / PROJECT
    target.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
