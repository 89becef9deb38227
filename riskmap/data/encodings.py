"""Which encoding a text file or an attribute table is in: found from its bytes, never assumed."""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass

import numpy as np

from riskmap.data import rules
from riskmap.data.findings import Finding
from riskmap.data.rules import finding

CHINESE = "GB18030"
"""Superset of GBK and GB2312: reads all three."""

BOMS = ((codecs.BOM_UTF8, "UTF-8-SIG"), (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"))

LANGUAGE_BYTES = {0x4D: "GBK"}
"""What byte 29 of a dBase table claims, where it claims something that decides (77: Chinese code page 936)."""

PAGES = {"65001": "UTF-8", "936": "GBK", "ANSI 936": "GBK", "CP936": "GBK", "54936": CHINESE}
"""Names of code pages as ``.cpg`` files write them -> Python's."""

SAMPLE = 1 << 16
"""Bytes of foreign text that are looked at to tell apart what is valid in two encodings."""

FEW_LETTERS = 4
"""Fewer hanzi tell nothing about how common they are."""


@dataclass(frozen=True)
class Encoding:
    """The encoding that was used.

    Parameters
    ----------
    name : str
        ``UTF-8``, ``GB18030``, ``UTF-16`` ... as said to the reader.
    how : {"declared", "bom", "bytes", "claimed", "ascii"}
        How it was found.
    contradicts : str, optional
        What the file itself claimed, when the bytes prove it wrong.
    rival : (str, str), optional
        A text of the file in this encoding and in the other one that its bytes also fit.
    strange : str, optional
        A text of the file, when most of its characters are rare ones: perhaps the encoding is another.
    """

    name: str
    how: str
    contradicts: str | None = None
    rival: tuple[str, str] | None = None
    strange: str | None = None

    def findings(self, layer: str, file: str) -> list[Finding]:
        """Say what a reader should know about how the encoding was found."""
        say = "GBK" if self.name == CHINESE else self.name
        if self.rival:
            sample, other = self.rival
            return [
                finding("ENCODING_AMBIGUOUS", layer, file=file, name=self.name, say=say, sample=sample, other=other)
            ]
        if self.strange:
            return [finding("ENCODING_DOUBTFUL", layer, file=file, name=self.name, sample=self.strange)]
        if self.contradicts:
            return [finding("ENCODING_CPG_WRONG", layer, file=file, claim=self.contradicts, name=self.name)]
        if self.how == "bytes":
            return [finding("ENCODING_GUESSED", layer, file=file, name=self.name, say=say)]
        return []


def detect(data: bytes, *, declared: str | None = None, claimed: str | None = None, file: str = "") -> Encoding:
    """Find the encoding of some bytes.

    Parameters
    ----------
    data : bytes
        All the text of the file: a later line may hold the only byte that tells.
    declared : str, optional
        What the project file says; it is checked against the bytes.
    claimed : str, optional
        What the file says of itself (a ``.cpg``, a language byte); bytes that contradict it win.
    file : str
        For the message.

    Raises
    ------
    DataError
        If the bytes are neither the declared encoding, nor UTF-8, nor GB18030, nor UTF-16.
    """
    if declared:
        return _declared(data, declared, file)
    marked = next((name for bom, name in BOMS if data.startswith(bom)), None)
    if marked:
        if not fits(data, marked):
            raise rules.error("ENCODING_UNREADABLE", file=file)
        return Encoding(marked, "bom")
    if data.isascii() and b"\0" not in data:
        return Encoding("UTF-8", "ascii")
    own = codecs_name(claimed) if claimed else None
    if own and own != "iso8859-1" and fits(data, own):
        return Encoding(own, "claimed")
    return _from_bytes(data, claimed, file)


def _declared(data: bytes, declared: str, file: str) -> Encoding:
    known = codecs_name(declared)
    if known is None:
        raise rules.error("ENCODING_NO_SUCH", file=file, claim=declared)
    if not fits(data, known):
        raise rules.error("ENCODING_DECLARED_WRONG", file=file, claim=declared)
    return Encoding(known, "declared")


def _from_bytes(data: bytes, claimed: str | None, file: str) -> Encoding:
    wide = _wide(data)
    if wide:
        return Encoding(wide, "bytes", claimed)
    valid = [name for name in ("UTF-8", CHINESE) if fits(data, name)]
    if not valid:
        raise rules.error("ENCODING_UNREADABLE", file=file)
    if len(valid) > 1:
        return _likelier(data, claimed)
    strange = _strange(data) if valid == [CHINESE] else None
    return Encoding(valid[0], "bytes", claimed, strange=strange)


def _strange(data: bytes) -> str | None:
    """Give a text of bytes that are valid GB18030, when most of its characters are none of common use; else None.

    Almost any bytes are valid GB18030: Big5, and letters of western code pages.
    """
    words = re.findall(r"[^\x00-\x7f]+", data[:SAMPLE].decode(CHINESE, "ignore"))
    letters = [c for word in words for c in word if c not in "　，。；：！？"]
    rare = sum(not common(c) for c in letters)
    if len(letters) < FEW_LETTERS or rare <= len(letters) / 3:
        return None
    return next(word for word in words if not all(map(common, word)))[:8]


def fits(data: bytes, name: str) -> bool:
    """Tell whether the bytes are valid text in an encoding."""
    try:
        data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def codecs_name(name: str) -> str | None:
    """Give Python's name of an encoding as a ``.cpg`` or a person writes it, None when it is none.

    GBK becomes its superset GB18030: files from spreadsheets hold characters that only that has.
    """
    text = name.strip()
    try:
        found = codecs.lookup(PAGES.get(text.upper(), text)).name
    except LookupError:
        return None
    chinese = ("gbk", "gb2312", "gb18030", "cp936", "hz")
    return CHINESE if found in chinese else {"utf-8": "UTF-8", "utf-8-sig": "UTF-8-SIG"}.get(found, found)


def _wide(data: bytes) -> str | None:
    """Give UTF-16 for text without a mark whose ASCII part has a zero beside every letter.

    Separators and ends of lines decide: zeros alone also stand in damaged UTF-8 and as padding behind it.
    """
    head = np.frombuffer(data[: SAMPLE // 2 * 2], dtype=np.uint8)
    head = head[: len(head) // 2 * 2]
    if len(head) < 4 or not (head == 0).any():
        return None
    pairs = head.reshape(-1, 2)
    marks, zeros = np.isin(pairs, list(b"\t\n\r,;")), pairs == 0
    beside = marks & zeros[:, ::-1] if marks.any() else zeros[:, ::-1]
    little, big = beside.sum(axis=0)
    if 2 * max(little, big) < marks.sum():
        return None
    name = "utf-16-le" if little > big else "utf-16-be"
    return name if fits(data, name) else None


def _likelier(data: bytes, claimed: str | None) -> Encoding:
    """Choose between UTF-8 and GB18030 for bytes that are valid in both.

    UTF-8 of hanzi, three bytes each, is as good as never valid by chance; one or two hanzi in GBK may look like two-byte
    letters of other scripts. Where UTF-8 gives no hanzi and GB18030 nothing but common ones, that is taken and told.
    """
    foreign = bytes(b for b in data[:SAMPLE] if b > 127 or b in b"\r\n,")
    readings = {name: foreign.decode(name, "ignore") for name in ("UTF-8", CHINESE)}
    hanzi = any("\u3000" <= c <= "\u9fff" for c in readings["UTF-8"])
    if hanzi or not all(common(c) for c in readings[CHINESE] if not c.isascii()):
        return Encoding("UTF-8", "bytes", claimed)
    sample, other = (readings[n].strip(",\r\n")[:8] for n in (CHINESE, "UTF-8"))
    return Encoding(CHINESE, "bytes", claimed, (sample, other))


def common(letter: str) -> bool:
    """Tell whether a character is one of the 7,445 of GB2312, hanzi and Chinese punctuation."""
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return "\u3000" <= letter <= "\u9fff" or letter in "（），。；：“”、·—…℃㎡"


def dbf_text(dbf: bytes) -> bytes:
    """Give field names and all distinct non-ASCII cells of a dBase table, joined: what an encoding is found from."""
    if len(dbf) < 32:
        return b""
    rows, header, width = struct.unpack("<IHH", dbf[4:12])
    names, columns, at, offset = [], [], 32, 1
    while at + 32 <= min(header, len(dbf)) and dbf[at] != 0x0D:
        kind, size = dbf[at + 11 : at + 12], dbf[at + 16]
        names.append(_whole(dbf[at : at + 11].split(b"\0")[0], 10))
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
        cells += [_whole(cell.rstrip(), size) for cell in np.unique(foreign.view(f"S{size}").ravel()).tolist()]
    return b"\n".join(names + cells)


def language_of(dbf: bytes) -> str | None:
    """Give the encoding that the language byte of a dBase table claims, None when it claims none that decides."""
    return LANGUAGE_BYTES.get(dbf[29]) if len(dbf) > 29 else None


def _whole(cell: bytes, width: int) -> bytes:
    """Drop the piece of a character that the field's width cut in two at the end of a cell."""
    if len(cell) < width:
        return cell
    # a few bytes of GB18030 may look like cut UTF-8, six do not
    for name, cuts in (("UTF-8", 4 if len(cell) > 5 else 1), (CHINESE, 4)):
        for cut in range(cuts):
            if fits(cell[: len(cell) - cut], name):
                return cell[: len(cell) - cut]
    return cell
