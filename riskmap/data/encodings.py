"""Which encoding a text file or an attribute table is in: found from its bytes, never assumed."""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass

import numpy as np

from riskmap.errors import DataError
from riskmap.text import Text

CHINESE = "GB18030"
"""Superset of GBK and GB2312: reads all three."""


@dataclass(frozen=True)
class Encoding:
    """The encoding that was used.

    Parameters
    ----------
    name : str
        ``UTF-8``, ``GB18030``, ``UTF-16`` ... as said to the reader.
    how : {"declared", "bom", "bytes", "cpg", "ascii"}
        How it was found.
    contradicts : str, optional
        What the file itself claimed, when the bytes prove it wrong.
    """

    name: str
    how: str
    contradicts: str | None = None


def detect(data: bytes, *, declared: str | None = None, claimed: str | None = None, file: str = "") -> Encoding:
    """Find the encoding of some bytes.

    Parameters
    ----------
    data : bytes
        All the text of the file: a later line may hold the only byte that tells.
    declared : str, optional
        What the project file says; it is checked against the bytes.
    claimed : str, optional
        What the file says of itself (a ``.cpg``); bytes that contradict it win.
    file : str
        For the message.

    Raises
    ------
    DataError
        If the bytes are neither the declared encoding, nor UTF-8, nor GB18030.
    """
    if declared:
        name = _known(declared, file)
        if not fits(data, name):
            raise DataError(
                Text(f"项目声明编码 {declared}，但字节不符", f"declared as {declared}, but the bytes are not"),
                remedy=Text(
                    "去掉 encoding 让程序识别，或改正它", "leave encoding out to have it detected, or correct it"
                ),
                file=file,
            )
        return Encoding(name, "declared")
    for bom, name in ((codecs.BOM_UTF8, "UTF-8-SIG"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16")):
        if data.startswith(bom):
            return Encoding(name, "bom")
    if claimed and codecs_name(claimed) and fits(data, claimed):
        return Encoding(claimed, "cpg")
    if data.isascii():
        return Encoding("UTF-8", "ascii")
    for name in ("UTF-8", CHINESE):
        if fits(data, name):
            return Encoding(name, "bytes", claimed)
    raise DataError(
        Text("认不出文字编码（既非 UTF-8 也非 GB18030）", "unknown text encoding (neither UTF-8 nor GB18030)"),
        remedy=Text("在项目文件里写明 encoding", "say encoding: in the project file"),
        file=file,
    )


def fits(data: bytes, name: str) -> bool:
    """Tell whether the bytes are valid text in an encoding."""
    try:
        data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def codecs_name(name: str) -> str | None:
    """Give Python's name of an encoding as a ``.cpg`` or a person writes it, None when it is none."""
    text = name.strip()
    text = {"65001": "UTF-8", "936": "GBK", "ANSI 936": "GBK", "54936": CHINESE}.get(text, text)
    try:
        return codecs.lookup(text).name
    except LookupError:
        return None


def _known(name: str, file: str) -> str:
    found = codecs_name(name)
    if found is None:
        raise DataError(
            Text(f"没有编码 {name!r}", f"no encoding {name!r}"),
            remedy=Text("例如 UTF-8、GBK", "for example UTF-8, GBK"),
            file=file,
        )
    # GBK files from spreadsheets hold characters that only its superset has
    return CHINESE if found in ("gbk", "gb2312", "cp936") else found


def dbf_text(dbf: bytes) -> bytes:
    """Give field names and all distinct non-ASCII cells of a dBase table, joined: what an encoding is found from."""
    if len(dbf) < 32:
        return b""
    rows, header, width = struct.unpack("<IHH", dbf[4:12])
    names, columns, at, offset = [], [], 32, 1
    while at + 32 <= min(header, len(dbf)) and dbf[at] != 0x0D:
        kind, size = dbf[at + 11 : at + 12], dbf[at + 16]
        names.append(dbf[at : at + 11].split(b"\0")[0])
        if kind == b"C":
            columns.append((offset, size))
        offset += size
        at += 32
    rows = min(rows, (len(dbf) - header) // max(width, 1))
    body = np.frombuffer(dbf, dtype=np.uint8, count=rows * width, offset=header).reshape(rows, width)
    cells: list[bytes] = []
    for start, size in columns:
        part = body[:, start : start + size]
        foreign = np.ascontiguousarray(part[(part > 127).any(axis=1)])
        cells += [_whole(cell.rstrip()) for cell in np.unique(foreign.view(f"S{size}").ravel()).tolist()]
    return b"\n".join(names + cells)


def _whole(cell: bytes) -> bytes:
    """Drop a character that the field's width cut in two, if only its last bytes make the cell unreadable."""
    for cut in range(4):
        if any(fits(cell[: len(cell) - cut], name) for name in ("UTF-8", CHINESE)):
            return cell[: len(cell) - cut]
    return cell
