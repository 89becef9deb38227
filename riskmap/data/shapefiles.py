"""The parts of a shapefile: which are there, what encoding the table is in, and a mended copy where GDAL needs one."""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from riskmap.data import rules
from riskmap.data.encodings import Encoding, dbf_text, detect, fits, language_of
from riskmap.data.findings import Finding

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
MAGIC = b"\x00\x00\x27\x0a"
"""First bytes of a .shp."""


@dataclass(frozen=True)
class Shapefile:
    """A shapefile ready for GDAL: its path (a mended copy where needed), its encoding, and what was mended."""

    path: Path
    encoding: Encoding
    findings: tuple[Finding, ...]


def parts_of(path: Path) -> dict[str, Path]:
    """Give the files of a shapefile by ending, whatever the case of their endings."""
    return {
        p.suffix.lower(): p for p in sorted(path.parent.iterdir()) if p.stem == path.stem and p.suffix.lower() in PARTS
    }


@contextmanager
def ready(path: Path, declared: str | None, layer: str) -> Iterator[Shapefile]:
    """Give a shapefile that GDAL can read without touching the source.

    A missing ``.shx`` is rebuilt, and characters that the table's width cut in two are taken off, in a temporary copy.

    Raises
    ------
    DataError
        Not a shapefile, no ``.dbf``, an encoding that the bytes contradict.
    """
    parts = parts_of(path)
    _require_whole(parts, path, layer)
    table = parts[".dbf"].read_bytes()
    encoding = encoding_of(parts[".dbf"], declared)
    findings = encoding.findings(layer, path.name)
    mended = _without_cut_characters(table) if encoding.name == "UTF-8" else table
    if ".shx" in parts and mended is table:
        yield Shapefile(path, encoding, tuple(findings))
        return
    if ".shx" not in parts:
        findings.append(rules.finding("FILE_SIDECAR", layer, file=path.name, part=".shx"))
    with tempfile.TemporaryDirectory(prefix="riskmap-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / f"{path.stem}.shp"
        for ending, part in parts.items():
            if ending != ".dbf":
                shutil.copyfile(part, copy.with_suffix(ending))
        copy.with_suffix(".dbf").write_bytes(mended)
        if ".shx" not in parts:
            copy.with_suffix(".shx").write_bytes(index_of(parts[".shp"].read_bytes()))
        yield Shapefile(copy, encoding, tuple(findings))


def encoding_of(path: Path, declared: str | None) -> Encoding:
    """Give the encoding of a dBase table, by what is declared, what the ``.cpg`` or the table claims, and its bytes.

    Raises
    ------
    DataError
    """
    table, page = path.read_bytes(), parts_of(path).get(".cpg")
    claim = page.read_text("ascii", "replace").strip() if page else language_of(table)
    return detect(dbf_text(table), declared=declared, claimed=claim or None, file=path.name)


def index_of(shapes: bytes) -> bytes:
    """Give the ``.shx`` of a ``.shp``: offset and length of each record, in 16-bit words."""
    records, at = [], 100
    while at + 8 <= len(shapes):
        words = struct.unpack(">i", shapes[at + 4 : at + 8])[0]
        if words < 2 or at + 8 + 2 * words > len(shapes):
            break
        records.append(struct.pack(">ii", at // 2, words))
        at += 8 + 2 * words
    head = bytearray(shapes[:100])
    head[24:28] = struct.pack(">i", (100 + 8 * len(records)) // 2)
    return bytes(head) + b"".join(records)


def _require_whole(parts: dict[str, Path], path: Path, layer: str) -> None:
    with parts[".shp"].open("rb") as shapes:
        head = shapes.read(28)
        shapes.seek(0, 2)
        size = shapes.tell()
    if not head.startswith(MAGIC):
        return  # the caller has looked at the content and says what it is
    stated = 2 * struct.unpack(">i", head[24:28])[0]
    if size < stated:
        why = f"{size:,} < {stated:,} bytes"
        raise rules.error("FILE_TRUNCATED", file=path.name, layer=layer, why=why)
    if ".dbf" not in parts:
        raise rules.error("FILE_PART_MISSING", file=path.name, layer=layer, part=".dbf")


def _without_cut_characters(table: bytes) -> bytes:
    """Blank out the piece of a UTF-8 character that is left at the end of a full cell or field name."""
    rows, header, width = struct.unpack("<IHH", table[4:12])
    rows = min(rows, (len(table) - header) // max(width, 1))
    body = np.frombuffer(table, dtype=np.uint8, count=rows * width, offset=header).reshape(rows, width)
    mended = bytearray(table)
    at, offset = 32, 1
    while at + 32 <= header and table[at] != 0x0D:
        size = table[at + 16]
        _blank_cut(mended, at, 11, b"\0")
        if table[at + 11 : at + 12] == b"C":
            for row in np.flatnonzero(body[:, offset + size - 1] > 127):
                _blank_cut(mended, header + int(row) * width + offset, size, b" ")
        offset += size
        at += 32
    return table if mended == table else bytes(mended)


def _blank_cut(table: bytearray, start: int, size: int, blank: bytes) -> None:
    cell = bytes(table[start : start + size]).split(b"\0")[0]
    if fits(cell, "UTF-8"):
        return
    for cut in range(1, 4):
        if fits(cell[:-cut], "UTF-8"):
            table[start + len(cell) - cut : start + len(cell)] = blank * cut
            return
