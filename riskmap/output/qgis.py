"""Open in QGIS already coloured: styles in the database, style files beside the grids, and a project with groups.

Written by hand, without QGIS. What silently fails otherwise and is heeded here: layer ids have more than ten characters,
systems carry their WKT, and the project says that it has a system at all.
"""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from riskmap.errors import OutputError
from riskmap.output import qgis_raster, qgis_vector
from riskmap.output.qgis_raster import Ramp
from riskmap.output.qgis_xml import Element, node, spatial_reference, text_of
from riskmap.output.symbology import Symbology
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    from riskmap.data.spec import FieldSpec

NO_CLOCK = (1980, 1, 1, 0, 0, 0)
"""Date of the entries of a project file; the earliest that zip knows."""
STYLED = "2000-01-01T00:00:00.000Z"
"""Date of a style in the database, where QGIS wants one."""

Geometry = Literal["Point", "LineString", "Polygon", "NoGeometry"]


@dataclass(frozen=True, eq=False)
class VectorEntry:
    """A table of the database.

    Parameters
    ----------
    id : str
        Table name.
    title : Text
    crs : system or None
    geometry : str
        What the table holds, ``NoGeometry`` for plain tables.
    columns : tuple of str
    fields : dict
        Declared fields.
    drawn : Symbology, optional
        None leaves it to QGIS.
    visible : bool
    mixed : bool
        Whether the table holds geometries of several kinds; each kind is a layer of its own.
    """

    id: str
    title: Text
    crs: Any
    geometry: Geometry
    columns: tuple[str, ...]
    fields: dict[str, FieldSpec]
    drawn: Symbology | None = None
    visible: bool = False
    mixed: bool = False


@dataclass(frozen=True, eq=False)
class GridEntry:
    """A grid beside the database."""

    id: str
    title: Text
    crs: Any
    ramp: Ramp
    visible: bool = False


Entry = VectorEntry | GridEntry


@dataclass(frozen=True, eq=False)
class Group:
    """A group of the layer tree, its layers from the top down."""

    title: Text
    entries: tuple[Entry, ...]
    expanded: bool = True


def layer_styles(entries: tuple[VectorEntry, ...], lang: Lang) -> pd.DataFrame:
    """Give the ``layer_styles`` table, from which QGIS takes the look of each table of a GeoPackage.

    Parameters
    ----------
    entries : tuple of VectorEntry
        Those without a symbology are left out.
    lang : {"zh", "en"}
    """
    rows: list[dict[str, Any]] = []
    for entry in entries:
        if entry.drawn is None or entry.geometry == "NoGeometry" or entry.id in [row["f_table_name"] for row in rows]:
            continue
        rows.append(
            {
                "f_table_catalog": "",
                "f_table_schema": "",
                "f_table_name": entry.id,
                "f_geometry_column": "geom",
                "styleName": entry.title.pick(lang),
                "styleQML": qgis_vector.qml(entry.drawn, entry.fields, entry.columns, lang),
                "styleSLD": qgis_vector.sld(entry.drawn, lang),
                "useAsDefault": True,
                "description": "riskmap",
                "owner": "",
                "ui": "",
                "update_time": STYLED,
            }
        )
    return pd.DataFrame(rows)


def write_grid_styles(entry: GridEntry, grid: Path) -> list[Path]:
    """Write ``.qml`` and ``.sld`` beside a grid, under its name."""
    texts = {".qml": qgis_raster.qml(entry.ramp), ".sld": qgis_raster.sld(entry.ramp, entry.id)}
    return [_write(grid.with_suffix(suffix), text.encode()) for suffix, text in texts.items()]


def write_project(
    path: Path, *, title: Text, groups: tuple[Group, ...], crs: Any, bounds: Any, database: str, lang: Lang
) -> Path:
    """Write a QGIS project.

    Parameters
    ----------
    path : Path
        ``project.qgz``.
    title : Text
    groups : tuple of Group
        From the top down.
    crs : projected system
    bounds : (west, south, east, north)
        What the map shows at first, in ``crs``.
    database : str
        File name of the GeoPackage, beside the project.
    lang : {"zh", "en"}

    Returns
    -------
    Path
        The same project gives the same bytes.
    """
    text = project(title=title, groups=groups, crs=crs, bounds=bounds, database=database, lang=lang)
    entry = zipfile.ZipInfo(path.with_suffix(".qgs").name, date_time=NO_CLOCK)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 0
    entry.external_attr = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(entry, text.encode(), compresslevel=9)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def project(*, title: Text, groups: tuple[Group, ...], crs: Any, bounds: Any, database: str, lang: Lang) -> str:
    """Give the text of a project file; see :func:`write_project`."""
    tree = node("layer-tree-group", {}, node("customproperties"), *(_group(g, database, lang) for g in groups))
    layers = [_layer(entry, database, lang) for group in groups for entry in group.entries]
    order = node("layerorder", {}, *(node("layer", {"id": _id(e)}) for g in groups for e in g.entries))
    sides = zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True)
    canvas = node(
        "mapcanvas",
        {"name": "theMapCanvas", "annotationsVisible": "1"},
        node("units", text="meters"),
        node("extent", {}, *(node(side, text=f"{value:.3f}") for side, value in sides)),
        node("rotation", text="0"),
        node("destinationsrs", {}, spatial_reference(crs)),
        node("rendermaptile", text="0"),
    )
    properties = node(
        "properties",
        {},
        node("Paths", {}, node("Absolute", {"type": "bool"}, text="false")),
        node("SpatialRefSys", {}, node("ProjectionsEnabled", {"type": "int"}, text="1")),
        node("Gui", {}, *(node(f"CanvasColor{c}Part", {"type": "int"}, text="255") for c in ("Red", "Green", "Blue"))),
    )
    root = node(
        "qgis",
        {"version": qgis_vector.VERSION, "projectname": title.pick(lang)},
        node("title", text=title.pick(lang)),
        node("projectCrs", {}, spatial_reference(crs)),
        tree,
        canvas,
        node("projectlayers", {}, *layers),
        order,
        properties,
    )
    return text_of(root, qgis_vector.DOCTYPE)


def _id(entry: Entry) -> str:
    """Give a layer's id in the project: QGIS drops ids of ten characters or fewer; never random."""
    name = f"{entry.id}_{entry.geometry}" if isinstance(entry, VectorEntry) and entry.mixed else entry.id
    return f"{name}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _source(entry: Entry, database: str) -> str:
    if isinstance(entry, GridEntry):
        return f"./grids/{entry.id}.tif"
    kind = f"|geometrytype={entry.geometry}" if entry.mixed else ""
    return f"./{database}|layername={entry.id}{kind}"


def _provider(entry: Entry) -> str:
    return "gdal" if isinstance(entry, GridEntry) else "ogr"


def _group(group: Group, database: str, lang: Lang) -> Element:
    leaves = [
        node(
            "layer-tree-layer",
            {
                "id": _id(entry),
                "name": entry.title.pick(lang),
                "source": _source(entry, database),
                "providerKey": _provider(entry),
                "checked": "Qt::Checked" if entry.visible else "Qt::Unchecked",
                "expanded": "1" if entry.visible else "0",
                "legend_exp": "",
                "patch_size": "-1,-1",
            },
            node("customproperties"),
        )
        for entry in group.entries
    ]
    attributes = {"name": group.title.pick(lang), "checked": "Qt::Checked", "expanded": "1" if group.expanded else "0"}
    return node("layer-tree-group", attributes, node("customproperties"), *leaves)


def _layer(entry: Entry, database: str, lang: Lang) -> Element:
    common = [
        node("id", text=_id(entry)),
        node("datasource", text=_source(entry, database)),
        node("layername", text=entry.title.pick(lang)),
        node("provider", {"encoding": "UTF-8"}, text=_provider(entry)),
    ]
    if entry.crs is not None:
        common.append(node("srs", {}, spatial_reference(entry.crs)))
    look = {"autoRefreshEnabled": "0", "refreshOnNotifyEnabled": "0", "hasScaleBasedVisibilityFlag": "0"}
    if isinstance(entry, GridEntry):
        return node(
            "maplayer", look | {"type": "raster"}, *common, qgis_raster.pipe(entry.ramp), node("blendMode", text="0")
        )
    kind = {"Point": "Point", "LineString": "Line", "Polygon": "Polygon", "NoGeometry": "No geometry"}[entry.geometry]
    attributes = look | {
        "type": "vector",
        "geometry": kind,
        "wkbType": entry.geometry,
        "readOnly": "0",
        "simplifyMaxScale": "1",
    }
    parts: list[Element] = []
    if entry.drawn is not None:
        parts = qgis_vector.qml_parts(entry.drawn, entry.fields, entry.columns, lang)
        attributes["labelsEnabled"] = "1" if entry.drawn.style.symbol.label in entry.columns else "0"
    return node("maplayer", attributes, *common, *parts)


def _write(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        Text(f"写不进去：{error.strerror}", f"it cannot be written: {error.strerror}"),
        remedy=Text(
            "关闭打开它的程序（QGIS），检查文件夹权限",
            "close the program that has it open (QGIS), check the folder's rights",
        ),
        file=str(path),
    )
