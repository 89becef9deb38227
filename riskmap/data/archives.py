"""Datasets inside a zip: looked at before anything is unpacked, unpacked into a folder that goes away again."""

from __future__ import annotations

import gzip
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from riskmap.data import rules
from riskmap.data.rules import listed

ENDINGS = (".zip", ".gz")

LARGEST = 50 * 1024**3
"""Bytes that an archive may unpack to: more is a bomb or a mistake."""

RATIO = 1000
"""Deflate squeezes no real data harder than this; archives that claim so and unpack to more than ``SMALL`` are bombs."""

SMALL = 1024**3

SETS = (".shp", ".gdb", ".gpkg", ".geojson", ".json", ".kml", ".kmz", ".fgb", ".dxf", ".tab", ".mif", ".gml")
TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
RASTERS = (".tif", ".tiff", ".nc", ".asc", ".img")
OSM = (".osm", ".pbf")


def is_archive(path: Path) -> bool:
    """Tell whether a file is an archive that is opened first."""
    return path.is_file() and path.suffix.lower() in ENDINGS


@contextmanager
def opened(path: Path, wanted: str | None, layer: str) -> Iterator[tuple[Path, str | None]]:
    """Give the dataset that a path stands for, and which layer of it is wanted.

    Parameters
    ----------
    path : Path
        A file or folder; an archive is unpacked into a temporary folder for as long as the context lasts.
    wanted : str, optional
        Name of a dataset in the archive, or of a layer in the dataset.
    layer : str
        Layer id for messages.

    Raises
    ------
    DataError
        Cut-off, locked, oversized archives, members outside the folder, nothing or several things to read.
    """
    if not is_archive(path):
        yield path, wanted
        return
    with tempfile.TemporaryDirectory(prefix="riskmap-", ignore_cleanup_errors=True) as folder:
        if path.suffix.lower() == ".gz":
            yield _gunzip(path, Path(folder), layer), wanted
        else:
            _unzip(path, Path(folder), layer)
            yield _chosen(Path(folder), path, wanted, layer)


@contextmanager
def everything(path: Path) -> Iterator[list[Path]]:
    """Give all datasets that a path stands for: itself, or everything readable in an archive.

    Raises
    ------
    DataError
    """
    if path.suffix.lower() != ".zip" or not path.is_file():
        with opened(path, None, "") as (inner, _):
            yield [inner]
        return
    with tempfile.TemporaryDirectory(prefix="riskmap-", ignore_cleanup_errors=True) as folder:
        _unzip(path, Path(folder), "")
        found = datasets(Path(folder))
        if not found:
            _refuse_empty(Path(folder), path, "")
        yield found


def datasets(folder: Path) -> list[Path]:
    """Give what can be read in an unpacked folder, one path a dataset; the parts of a geodatabase are not looked at."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if any(parent in found for parent in path.parents) or path.name.startswith((".", "~$", "__MACOSX")):
            continue
        folder_set = path.is_dir() and path.suffix.lower() == ".gdb"
        file_set = path.is_file() and path.suffix.lower() in (*SETS, *TABLES, *RASTERS, *OSM)
        if (folder_set or file_set) and "__MACOSX" not in path.parts:
            found.append(path)
    return found


def _chosen(folder: Path, path: Path, wanted: str | None, layer: str) -> tuple[Path, str | None]:
    """Choose the dataset: the one named, the one of the layer's name, or the only one."""
    found = datasets(folder)
    if not found:
        _refuse_empty(folder, path, layer)
    if len(found) == 1:
        return found[0], wanted if wanted not in (found[0].name, found[0].stem) else None
    for name in (wanted, layer):
        hits = [p for p in found if name in (p.name, p.stem)]
        if len(hits) == 1:
            return hits[0], None
    names = listed([p.relative_to(folder).as_posix() for p in found])
    raise rules.error("FILE_SEVERAL", file=path.name, layer=layer, n=len(found), names=names)


def _refuse_empty(folder: Path, path: Path, layer: str) -> None:
    names = listed(sorted(p.name for p in folder.rglob("*") if p.is_file()))
    raise rules.error("ZIP_NOTHING", file=path.name, layer=layer, names=names)


def _gunzip(path: Path, folder: Path, layer: str) -> Path:
    target = folder / path.stem
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except (EOFError, OSError, zlib.error) as error:
        raise rules.error("FILE_TRUNCATED", file=path.name, layer=layer, why=error) from error
    return target


def _unzip(path: Path, folder: Path, layer: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename and not m.is_dir()]
            for member, parts in _safe(members, path, layer):
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise rules.error("FILE_TRUNCATED", file=path.name, layer=layer, why=error) from error
    except (NotImplementedError, OSError) as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error) from error


def _safe(members: list[zipfile.ZipInfo], path: Path, layer: str) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """Give the members with the parts of their paths; refuse what is dangerous to unpack."""
    safe = []
    for member in members:
        parts = _parts(_name_of(member))
        if parts is None:
            raise rules.error("ZIP_PATH", file=path.name, layer=layer, member=_name_of(member))
        if member.flag_bits & 0x1:
            raise rules.error("ZIP_LOCKED", file=path.name, layer=layer)
        safe.append((member, parts))
    size = sum(m.file_size for m in members)
    packed = sum(m.compress_size for m in members)
    if size > LARGEST or (size > SMALL and size > RATIO * packed):
        limit = LARGEST if size > LARGEST else RATIO * packed
        raise rules.error("ZIP_TOO_LARGE", file=path.name, layer=layer, size=_told(size), limit=_told(limit))
    return safe


def _name_of(member: zipfile.ZipInfo) -> str:
    """Give a member's name; without the UTF-8 flag it is in the code page of the Chinese Windows that packed it."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("UTF-8", "GB18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _parts(name: str) -> tuple[str, ...] | None:
    """Give the parts of a member's path inside the folder, None when it would leave it."""
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or ":" in name:
        return None
    return place.parts


def _told(size: float) -> str:
    return f"{size / 1024**3:.1f} GB"
