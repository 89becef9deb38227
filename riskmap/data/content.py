"""What a file really is, by its first bytes, whatever its ending says."""

from __future__ import annotations

from pathlib import Path

from riskmap.data import rules
from riskmap.data.spec import near
from riskmap.errors import RiskmapError
from riskmap.text import Text

HEAD = 4096

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SQLITE = b"SQLite format 3\0"
SIGNATURES: tuple[tuple[bytes, Text, Text], ...] = (
    (
        OLE,
        Text("旧版 Office 文件（.xls）", "an old Office file (.xls)"),
        Text("用表格软件打开，另存为 .xlsx", "open it in a spreadsheet program and save it as .xlsx"),
    ),
    (b"Rar!", Text(" RAR 压缩包", "a RAR archive"), Text("解压后再用，或改用 zip", "unpack it first, or use zip")),
    (
        b"7z\xbc\xaf\x27\x1c",
        Text(" 7z 压缩包", "a 7z archive"),
        Text("解压后再用，或改用 zip", "unpack it first, or use zip"),
    ),
    (b"%PDF", Text(" PDF", "a PDF"), Text("索取数据文件，不要图件", "ask for the data, not the drawing")),
    (
        b"AC10",
        Text(" DWG 图纸", "a DWG drawing"),
        Text("在 CAD 里另存为 DXF", "save it as DXF in the CAD program"),
    ),
)
"""First bytes -> what it is, what to do: formats that no reader here takes."""

WANTED: dict[str, tuple[bytes, ...]] = {
    ".shp": (b"\x00\x00\x27\x0a",),
    ".gpkg": (SQLITE,),
    ".zip": ZIP,
    ".gz": (b"\x1f\x8b",),
    ".xlsx": ZIP,
    ".xlsm": ZIP,
    ".xls": ZIP,
    ".et": ZIP,
    ".tif": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".tiff": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    ".fgb": (b"fgb",),
}
"""Ending -> the first bytes that such a file has."""

SHEETS = (".xlsx", ".xlsm", ".xls", ".et")
"""Endings of workbooks; what is old or of WPS under them is told by its first bytes."""

TEXTS = (".csv", ".tsv", ".txt")

LOOKS: tuple[tuple[bytes | tuple[bytes, ...], Text], ...] = (
    ((b"<!doctype html", b"<html"), Text("网页", "a web page")),
    (b"<?xml", Text(" XML", "XML")),
    (b"{", Text(" JSON", "JSON")),
    (ZIP, Text("压缩包或 xlsx", "a zip or an xlsx")),
    ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), Text(" GeoTIFF", "a GeoTIFF")),
    (SQLITE, Text(" SQLite 数据库", "an SQLite database")),
)
"""Beginnings, blanks and a mark aside, and what they are."""

ASK_AGAIN = Text("检查文件，向提供者重新索取", "check the file, ask its sender for it again")
SAVE_AGAIN = Text("用表格软件打开，另存为 .xlsx", "open it in a spreadsheet program and save it as .xlsx")
RENAME = Text("改成它真正的扩展名", "give it the ending that it really has")


def _beside(path: Path) -> Text:
    """Give the names in the folder that are like the one that is not there."""
    folder = path.parent
    return near(path.name, sorted(p.name for p in folder.iterdir())) if folder.is_dir() else Text("", "")


def require(path: Path, layer: str) -> None:
    """Raise unless the file is there, has content, and is what its ending says.

    Raises
    ------
    DataError
    """
    if not path.exists():
        raise rules.error("FILE_MISSING", file=str(path), layer=layer, hint=_beside(path))
    if path.is_dir():
        return
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise rules.error("FILE_UNREADABLE", file=path.name, layer=layer, why=error.strerror) from error
    if not head:
        raise rules.error("FILE_EMPTY", file=path.name, layer=layer)
    ending = path.suffix.lower()
    for magic, looks, do in SIGNATURES:
        if head.startswith(magic):
            raise _other(path, layer, looks, do)
    wanted = WANTED.get(ending)
    if wanted and not head.startswith(wanted):
        raise _other(path, layer, looks_like(head), SAVE_AGAIN if ending in SHEETS else ASK_AGAIN)
    if ending in TEXTS and head.startswith((*ZIP, SQLITE)):
        raise _other(path, layer, looks_like(head), RENAME)


def is_workbook(path: Path) -> bool:
    """Tell whether a file is an xlsx workbook, whatever its ending says: programs save them as ``.xls`` too."""
    if path.suffix.lower() not in SHEETS or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4).startswith(ZIP)


def _other(path: Path, layer: str, looks: Text, do: Text) -> RiskmapError:
    """Give the error for a file that is not what its ending says."""
    return rules.error("FILE_TYPE", file=path.name, layer=layer, ending=path.suffix.lower(), looks=looks, do=do)


def looks_like(head: bytes) -> Text:
    """Say what the first bytes of a file look like."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    for starts, looks in LOOKS:
        if start.startswith(starts) or head.startswith(starts):
            return looks
    if not any(head):
        return Text("全是 0 的空块", "nothing but zeros")
    return Text("另一种文件", "something else") if b"\0" in head else Text("文本", "plain text")
