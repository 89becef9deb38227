"""Vector files of every format that GDAL reads, with the encoding and the system they really have."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from riskmap.data.encodings import Encoding, dbf_text, detect
from riskmap.data.findings import Finding
from riskmap.data.spec import near
from riskmap.errors import DataError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True, eq=False)
class Vector:
    """Features as they stand in a file.

    ``frame`` is a GeoDataFrame whose CRS is what the file says (None when it says nothing).
    """

    frame: pd.DataFrame
    encoding: Encoding | None
    layer: str
    findings: tuple[Finding, ...] = ()


def read_vector(
    path: Path, *, sub: str | None = None, encoding: str | None = None, where: str | None = None, layer: str = ""
) -> Vector:
    """Read one layer of a vector file or of a zip that holds one.

    Parameters
    ----------
    path : Path
    sub : str, optional
        Layer inside the file; needed when it holds several.
    encoding : str, optional
        Declared encoding of a shapefile's attribute table.
    where : str, optional
        SQL condition on the file's own columns; evaluated by GDAL.
    layer : str
        Layer id for messages.

    Raises
    ------
    DataError
        Empty, truncated or mistyped file, a zip member outside its folder, no such layer, unknown encoding.
    """
    import pyogrio

    require_content(path, layer)
    source = _inside_zip(path, layer) if path.suffix.lower() == ".zip" else str(path)
    table = _attribute_table(path, source)
    found = _shapefile_encoding(table, encoding, path, layer) if table else None
    # a lost .shx is made again in memory; inside a zip nothing can be written and GDAL would give up
    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None if source.startswith("/vsizip/") else "YES"})
    try:
        name = _layer_name(source, sub, path, layer)
        frame = pyogrio.read_dataframe(
            source,
            layer=name,
            encoding=found.name if found else None,
            where=where,
            use_arrow=found is None,
            datetime_as_string=True,
        )
    except DataError:
        raise
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.GeometryError,
        ValueError,
    ) as error:
        raise DataError(
            Text(f"GDAL 读不了：{error}", f"GDAL cannot read it: {error}"),
            remedy=Text(
                "检查文件是否完整、类型是否与扩展名相符", "check that the file is whole and of the type its ending says"
            ),
            file=path.name,
            layer=layer,
        ) from error
    return Vector(frame, found, name, tuple(_encoding_findings(found, path, layer)))


def require_content(path: Path, layer: str) -> None:
    """Raise unless the file exists and is not empty.

    Raises
    ------
    DataError
    """
    if not path.exists():
        raise DataError(
            Text("文件不存在", "the file does not exist"),
            remedy=Text(
                "检查项目文件里的路径（相对于项目文件所在的文件夹）",
                "check the path in the project file (relative to its folder)",
            ),
            file=str(path),
            layer=layer,
        )
    if path.is_file() and path.stat().st_size == 0:
        raise DataError(
            Text("文件是 0 字节", "the file has 0 bytes"),
            remedy=Text("重新拷贝", "copy it again"),
            file=path.name,
            layer=layer,
        )


def _layer_name(source: str, sub: str | None, path: Path, layer: str) -> str:
    import pyogrio

    names = [str(n) for n in pyogrio.list_layers(source)[:, 0]]
    if sub is not None:
        if sub not in names:
            raise DataError(
                Text(f"没有图层 {sub!r}，有：{'、'.join(names)}", f"no layer {sub!r}; there are {', '.join(names)}")
                + near(sub, names),
                file=path.name,
                layer=layer,
            )
        return sub
    if layer in names:
        return layer
    if len(names) != 1:
        raise DataError(
            Text(
                f"文件里有 {len(names)} 个图层：{'、'.join(names)}",
                f"the file has {len(names)} layers: {', '.join(names)}",
            ),
            remedy=Text("在项目文件里用 layer: 指明", "name one with layer: in the project file"),
            file=path.name,
            layer=layer,
        )
    return names[0]


def _inside_zip(path: Path, layer: str) -> str:
    """Give GDAL's name of a zip after looking at its members; nothing is unpacked to disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile as error:
        raise DataError(
            Text("压缩包不完整或不是 zip", "the archive is cut off or is not a zip"),
            remedy=Text("重新拷贝或重新压缩", "copy it or zip it again"),
            file=path.name,
            layer=layer,
        ) from error
    for member in members:
        parts = PurePosixPath(member.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in member:
            raise DataError(
                Text(f"压缩包成员 {member!r} 指向文件夹之外", f"the member {member!r} points outside the folder"),
                remedy=Text(
                    "不要使用此压缩包，向提供者索取原文件", "do not use this archive; ask its sender for the files"
                ),
                file=path.name,
                layer=layer,
            )
    return f"/vsizip/{path}"


def _attribute_table(path: Path, source: str) -> tuple[bytes, str | None] | None:
    """Give the bytes of a shapefile's .dbf and the text of its .cpg, None for other formats."""
    if source.startswith("/vsizip/"):
        with zipfile.ZipFile(path) as archive:
            names = {n.lower(): n for n in archive.namelist()}
            tables = [n for n in names if n.endswith(".dbf")]
            if len(tables) != 1:
                return None
            claim = names.get(tables[0].removesuffix(".dbf") + ".cpg")
            return archive.read(names[tables[0]]), archive.read(claim).decode("ascii", "replace") if claim else None
    if path.suffix.lower() != ".shp":
        return None
    parts = {p.suffix.lower(): p for p in path.parent.glob(f"{path.stem}.*") if p.stem == path.stem}
    if ".dbf" not in parts:
        return None
    claim_file = parts.get(".cpg")
    return parts[".dbf"].read_bytes(), claim_file.read_text("ascii", "replace") if claim_file else None


def _shapefile_encoding(table: tuple[bytes, str | None], declared: str | None, path: Path, layer: str) -> Encoding:
    data, claim = table
    try:
        return detect(dbf_text(data), declared=declared, claimed=claim.strip() if claim else None, file=path.name)
    except DataError as error:
        error.layer = layer
        raise


def _encoding_findings(found: Encoding | None, path: Path, layer: str) -> list[Finding]:
    if found is None or found.how in ("declared", "cpg", "ascii"):
        return []
    if found.contradicts:
        message = Text(
            f".cpg 写的是 {found.contradicts}，但字节是 {found.name}；按 {found.name} 读取",
            f".cpg says {found.contradicts}, but the bytes are {found.name}; read as {found.name}",
        )
        return [
            Finding(
                layer, "warning", "ENCODING_CPG_WRONG", message, Text("改正 .cpg", "correct the .cpg"), file=path.name
            )
        ]
    message = Text(f"没有 .cpg；由字节识别为 {found.name}", f"no .cpg; found to be {found.name} from the bytes")
    remedy = Text("补一个 .cpg，或写明 encoding: GBK", "add a .cpg, or say encoding: GBK")
    return [Finding(layer, "note", "ENCODING_GUESSED", message, remedy, file=path.name)]
