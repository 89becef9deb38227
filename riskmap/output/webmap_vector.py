"""Vectors for the page's script: longitude and latitude as whole millionths of a degree, in strips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.crs import LONLAT, parse
from riskmap.data.catalog import Catalog
from riskmap.data.spec import FieldSpec
from riskmap.errors import OutputError, SpecError
from riskmap.output.symbology import Symbology
from riskmap.output.webmap_page import Nearest, VectorLayer
from riskmap.output.webmap_words import MISSING, cell_text
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    import geopandas as gpd

STEPS_PER_DEGREE = 1_000_000
"""Coordinates are rounded to 1e-6 degree, 0.1 m."""

MANY_VERTICES = 20_000
"""Township outlines with more vertices are simplified, together, to half a cell."""


def lonlat(frame: gpd.GeoDataFrame, layer: str | None = None) -> gpd.GeoDataFrame:
    """Give the rows that have a geometry, in longitude and latitude.

    Raises
    ------
    MissingCRSError
        If the frame does not state its system.
    """
    parse(frame.crs, layer=layer)
    drawn = frame.loc[(frame.geometry.notna() & ~frame.geometry.is_empty).to_numpy()]
    return drawn.to_crs(LONLAT)


def strips(shapes: NDArray[Any]) -> dict[str, Any]:
    """Cut geometries into strips of vertices: a point, a line, or a ring of a polygon each.

    Parameters
    ----------
    shapes : array of geometries
        In degrees; points, lines, polygons or collections of them. Of a collection the parts of the highest
        dimension are taken.

    Returns
    -------
    dict
        ``dimension`` (0, 1, 2) and ``strips`` (their number) of each geometry, ``sizes`` (vertices) of each strip,
        and ``xy``: the differences between successive vertices, x and y in turn, in millionths of a degree.
    """
    dimension = shapely.get_dimensions(shapes)
    owners = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    shapes = shapes[owners]
    while (shapely.get_type_id(shapes) > shapely.GeometryType.POLYGON).any():
        shapes, origin = shapely.get_parts(shapes, return_index=True)
        owners = owners[origin]
        keep = (shapely.get_dimensions(shapes) == dimension[owners]) & ~shapely.is_empty(shapes)
        shapes, owners = shapes[keep], owners[keep]
    areal = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    # outer rings one way and holes the other: so the page fills what any of several overlapping polygons covers
    rings, origin = shapely.get_rings(shapely.orient_polygons(shapes[areal]), return_index=True)
    pieces = np.concatenate([shapes[~areal], rings])
    owners = np.concatenate([owners[~areal], owners[areal][origin]])
    order = np.argsort(owners, kind="stable")
    pieces, owners = pieces[order], owners[order]
    steps = np.round(shapely.get_coordinates(pieces) * STEPS_PER_DEGREE).astype(np.int64)
    return {
        "dimension": dimension.tolist(),
        "strips": np.bincount(owners, minlength=len(dimension)).tolist(),
        "sizes": shapely.get_num_coordinates(pieces).tolist(),
        "xy": np.diff(steps, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel().tolist(),
    }


def vector_record(layer: VectorLayer, drawn: Symbology, catalog: Catalog, lang: Lang) -> dict[str, Any]:
    """Give everything that the script needs to draw, find and describe the features of a layer.

    Raises
    ------
    OutputError
        If the frame lacks a column that the style or the layer names.
    MissingCRSError
    """
    style = layer.style
    wanted = [
        style.field if style.classes else None,
        style.symbol.label,
        layer.search,
        *(column for column, _ in layer.popup),
    ]
    missing = [column for column in wanted if column is not None and column not in layer.frame.columns]
    if missing:
        raise OutputError(
            Text(f"网页要用的列 {missing} 不在数据里", f"the page needs the columns {missing}, which the data lacks"),
            layer=style.layer,
        )
    frame = lonlat(layer.frame, style.layer)
    shapes = frame.geometry.to_numpy()
    if style.geometry == "point":
        shapes = np.where(shapely.get_dimensions(shapes) > 0, shapely.point_on_surface(shapes), shapes)
    fields = _fields(catalog, style.layer)
    record = strips(shapes)
    record["classes"] = drawn.classify(frame[style.field]).tolist() if style.classes else None
    record["popup"] = [
        [label.pick(lang), _texts(frame[column], fields.get(column), lang)] for column, label in layer.popup
    ]
    for purpose, column in (("search", layer.search), ("labels", style.symbol.label)):
        texts = [] if column is None else _texts(frame[column], fields.get(column), lang)
        # what has no name is neither found nor labelled
        record[purpose] = ["" if text == MISSING else text for text in texts] or None
    return record


def answer_record(layer: VectorLayer, asked: Nearest, catalog: Catalog, lang: Lang) -> dict[str, Any]:
    """Give the values from which a question is answered, feature by feature as :func:`vector_record` has them.

    Raises
    ------
    OutputError
        If the frame lacks a column.
    """
    frame = lonlat(layer.frame, layer.style.layer)
    missing = [c for c in (*asked.columns, *(asked.between or ())) if c not in frame.columns]
    if missing:
        raise OutputError(
            Text(f"网页要用的列 {missing} 不在数据里", f"the page needs the columns {missing}, which the data lacks"),
            layer=layer.style.layer,
        )
    fields = _fields(catalog, layer.style.layer)
    ends = [frame[c].astype(float).round(3) for c in asked.between or ()]
    return {
        "values": {column: _texts(frame[column], fields.get(column), lang) for column in asked.columns},
        "between": [[None if np.isnan(v) else float(v) for v in end] for end in ends] or None,
    }


def _fields(catalog: Catalog, layer: str) -> dict[str, FieldSpec]:
    """Give the declared fields of a layer; a layer that nothing declares has none."""
    try:
        return catalog.layer(layer).fields
    except SpecError:
        return {}


def _texts(column: Any, field: FieldSpec | None, lang: Lang) -> list[str]:
    titles = {value: known.title.pick(lang) for value, known in field.domain.items()} if field else {}
    return [titles[value] if isinstance(value, str) and value in titles else cell_text(value, lang) for value in column]


def unit_record(units: gpd.GeoDataFrame, tolerance_m: float | None) -> dict[str, Any]:
    """Give names, outlines and label places of townships, and the outline of all of them together.

    Parameters
    ----------
    units : GeoDataFrame
        Polygons in a projected system.
    tolerance_m : float, optional
        Detail that may go when the outlines have many vertices; None keeps all.
    """
    import geopandas as gpd

    shapes = shapely.make_valid(units.geometry.to_numpy())
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    tiling = bool(shapely.coverage_is_valid(shapes[there]))
    if tolerance_m is not None and shapely.get_num_coordinates(shapes).sum() > MANY_VERTICES:
        # each on its own leaves slivers between neighbours, which draw as double lines
        simplify = shapely.coverage_simplify if tiling else shapely.simplify
        simpler = simplify(shapes[there], tolerance_m)
        shapes[there] = np.where(shapely.is_empty(simpler), shapes[there], simpler)
    whole = shapely.coverage_union_all(shapes[there]) if tiling else shapely.union_all(shapes)
    circles = shapely.maximum_inscribed_circle(shapes[there])
    outlines = gpd.GeoSeries([*shapes, whole], crs=units.crs).to_crs(LONLAT).to_numpy()
    centres = gpd.GeoSeries(shapely.get_point(circles, 0), crs=units.crs).to_crs(LONLAT)
    places = np.full((len(units), 2), np.nan)
    places[there] = np.column_stack([centres.x, centres.y])
    return strips(outlines) | {
        "names": [cell_text(name, "zh") for name in units["name"]],
        "places": [None if np.isnan(place).any() else place.round(6).tolist() for place in places],
    }
