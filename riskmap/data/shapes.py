"""Geometries as delivered to geometries that can be used: of the layer's kind, whole, in the right order of axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data import rules
from riskmap.data.ledger import Ledger
from riskmap.data.positions import note_unplaced
from riskmap.data.spec import LayerSpec
from riskmap.data.systems import moved, swapped
from riskmap.errors import RiskmapError
from riskmap.text import Text, join

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

POINT, LINE, RING, POLYGON, MULTI_POINT, MULTI_LINE, MULTI_POLYGON, COLLECTION = range(8)
"""shapely type ids."""

KIND_OF = np.array(["point", "line", "line", "polygon", "point", "line", "polygon", "mixed"], dtype=object)
"""shapely type id -> geometry kind of the declarations."""

KIND_TEXT = {
    "point": Text("点", "point"),
    "line": Text("线", "line"),
    "polygon": Text("面", "polygon"),
    "mixed": Text("图形集合", "collection"),
    "raster": Text("栅格", "raster"),
    "table": Text("表", "table"),
}
DRAWN = ("point", "line", "polygon")


def in_axis_order(frame: gpd.GeoDataFrame, ledger: Ledger, system: Any = None) -> gpd.GeoDataFrame:
    """Exchange x and y of every geometry whose coordinates all make sense only so, in ``system`` or what the file says."""
    import shapely

    system = frame.crs if system is None else system
    if system is None or not len(frame):
        return frame
    shapes = frame.geometry.to_numpy()
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    right = ~swapped(xy[:, 0], xy[:, 1], system)
    turned = np.zeros(len(shapes), dtype=bool)
    turned[owner] = True
    turned[owner[right]] = False
    if not turned.any():
        return frame
    made = shapes.copy()
    made[turned] = moved(shapes[turned], lambda x, y: (y, x))
    code, marked = "LONLAT_SWAPPED" if system.is_geographic else "AXIS_SWAPPED", _series(turned, frame)
    ledger.rows(code, marked, columns=Text("图形", "the geometry"))
    ledger.changed(code, "geometry", *(_first_pairs(s[turned], frame.index[turned]) for s in (shapes, made)))
    return frame.set_geometry(made, crs=frame.crs)


def _first_pairs(shapes: Any, index: Any) -> pd.Series:
    """Give the first pair of coordinates of each geometry as text, for the record of changes."""
    import pandas as pd
    import shapely

    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    first = xy[np.unique(owner, return_index=True)[1]]
    return pd.Series([f"{x:.10g}, {y:.10g}" for x, y in first], index=index, dtype=object)


def whole(frame: gpd.GeoDataFrame, spec: LayerSpec, ledger: Ledger) -> gpd.GeoDataFrame:
    """Leave out rows without position, mend broken polygons, note other kinds of geometry; each with a finding.

    Parameters
    ----------
    frame : GeoDataFrame
    spec : LayerSpec
    ledger : Ledger
        Takes an error for geometries of a kind that the layer does not take.

    Raises
    ------
    DataError
        The layer takes no drawn shapes at all.
    """
    frame = _placed(frame, spec, ledger)
    frame = _single_kind(frame, ledger)
    frame = _without_measure(frame, ledger)
    kinds = KIND_OF[_types(frame)]
    takes = [k for k in spec.geometry if k in DRAWN]
    if not takes and len(frame):
        raise wrong_kind(spec, kinds[0], ledger.file)
    wrong = ~np.isin(kinds, takes)
    if wrong.any():
        wanted = join([KIND_TEXT[k] for k in takes])
        first = KIND_TEXT[kinds[wrong][0]]
        ledger.rows("GEOM_TYPE", _series(wrong, frame), wanted=wanted, kind=first)
        return frame
    return _mended(frame, kinds == "polygon", spec, ledger)


def wrong_kind(spec: LayerSpec, given: str, file: str) -> RiskmapError:
    """Give the error for a file of another kind than its layer takes: a raster of villages, points of heights."""
    wanted = join([KIND_TEXT[k] for k in spec.geometry])
    return rules.error("LAYER_KIND", file=file, layer=spec.id, given=KIND_TEXT[given], wanted=wanted)


def _types(frame: gpd.GeoDataFrame) -> Any:
    import shapely

    return shapely.get_type_id(frame.geometry.to_numpy())


def _series(mask: Any, frame: gpd.GeoDataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(mask, index=frame.index)


def _placed(frame: gpd.GeoDataFrame, spec: LayerSpec, ledger: Ledger) -> gpd.GeoDataFrame:
    """Leave out rows without geometry, and points at 0, 0."""
    import shapely

    shapes = frame.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    zero = np.zeros(len(shapes), dtype=bool)
    points = ~empty & (shapely.get_type_id(shapes) == POINT)
    zero[points] = (shapely.get_x(shapes[points]) == 0) & (shapely.get_y(shapes[points]) == 0)
    if not (empty | zero).any():
        return frame
    note_unplaced("GEOM_EMPTY", _series(empty, frame), frame, spec, ledger)
    note_unplaced("COORD_ZERO", _series(zero, frame), frame, spec, ledger)
    return frame[~(empty | zero)]


def _single_kind(frame: gpd.GeoDataFrame, ledger: Ledger) -> gpd.GeoDataFrame:
    """Make one multi-part geometry of a collection whose parts are of one kind, and one point of a multi-point."""
    import shapely

    shapes = frame.geometry.to_numpy()
    types = shapely.get_type_id(shapes)
    if not np.isin(types, (COLLECTION, MULTI_POINT)).any():
        return frame
    makers = {"point": shapely.multipoints, "line": shapely.multilinestrings, "polygon": shapely.multipolygons}
    made = shapes.copy()
    for at in np.flatnonzero(types == COLLECTION):
        parts = shapely.get_parts(shapely.get_parts(shapes[at]))
        kinds = set(KIND_OF[shapely.get_type_id(parts)])
        if len(kinds) == 1 and kinds <= set(makers):
            made[at] = makers[kinds.pop()](parts)
    ledger.rows("GEOM_COLLECTION", _series(made != shapes, frame))
    return _one_point(frame.set_geometry(made, crs=frame.crs), ledger)


def _one_point(frame: gpd.GeoDataFrame, ledger: Ledger) -> gpd.GeoDataFrame:
    """Give points for multi-points: a place is one point; of several the middle one stands for it, with a warning."""
    import shapely

    shapes = frame.geometry.to_numpy()
    many = shapely.get_type_id(shapes) == MULTI_POINT
    if not many.any():
        return frame
    made = shapes.copy()
    parts = np.zeros(len(shapes), dtype=int)
    parts[many] = shapely.get_num_geometries(shapes[many])
    made[parts == 1] = shapely.get_geometry(shapes[parts == 1], 0)
    made[parts > 1] = shapely.point_on_surface(shapes[parts > 1])
    several = _series(parts > 1, frame)
    if several.any():
        before = several[several].index.to_series().map(lambda label: frame.geometry[label].wkt)
        ledger.rows("GEOM_SEVERAL_POINTS", several, n=int(parts.max()))
        ledger.changed("GEOM_SEVERAL_POINTS", "geometry", before, _first_pairs(made[parts > 1], before.index))
    return frame.set_geometry(made, crs=frame.crs)


def _without_measure(frame: gpd.GeoDataFrame, ledger: Ledger) -> gpd.GeoDataFrame:
    """Drop M values: no layer has a use for them, and not every database stores them."""
    import shapely

    shapes = frame.geometry.to_numpy()
    measured = shapely.has_m(shapes)
    if not measured.any():
        return frame
    ledger.rows("GEOM_MEASURE", _series(measured, frame))
    return frame.set_geometry(drop_measure(shapes), crs=frame.crs)


def drop_measure(shapes: Any) -> Any:
    """Give geometries without their M values; Z stays."""
    import shapely

    made = np.asarray(shapes, dtype=object).copy()
    for deep in (False, True):
        chosen = shapely.has_m(made) & (shapely.has_z(made) == deep)
        if chosen.any():
            # a WKB of two or three dimensions has no room for M
            written = shapely.to_wkb(made[chosen], output_dimension=3 if deep else 2)
            made[chosen] = shapely.from_wkb(written)
    return made


def _mended(frame: gpd.GeoDataFrame, polygons: Any, spec: LayerSpec, ledger: Ledger) -> gpd.GeoDataFrame:
    """Repair polygons that cross themselves; leave out those that have no area."""
    import shapely

    shapes = frame.geometry.to_numpy()
    broken = np.zeros(len(shapes), dtype=bool)
    broken[polygons] = ~shapely.is_valid(shapes[polygons])
    flat = polygons & ~broken & (shapely.area(shapes) == 0)
    made = shapes.copy()
    for at in np.flatnonzero(broken):
        made[at] = polygons_of(shapely.make_valid(shapes[at]))
        flat[at] = made[at].is_empty
    mended = broken & ~flat
    if mended.any():
        _note_mended(frame, made, mended, ledger)
        frame = frame.set_geometry(made, crs=frame.crs)
    if flat.any():
        note_unplaced("GEOM_COLLAPSED", _series(flat, frame), frame, spec, ledger)
        frame = frame[~flat]
    return frame


def _note_mended(frame: gpd.GeoDataFrame, made: Any, mended: Any, ledger: Ledger) -> None:
    import geopandas as gpd
    import shapely

    old = gpd.GeoSeries(frame.geometry.to_numpy()[mended], index=frame.index[mended], crs=frame.crs)
    new = gpd.GeoSeries(made[mended], index=frame.index[mended], crs=frame.crs)
    before, after = (_square_km(s) for s in (old, new))
    why = str(shapely.is_valid_reason(old.iloc[0])).split("[")[0]
    facts = {"area_km2": [round(float(a), 6) for a in after[:100]]}
    values: dict[str, Any] = {"why": why, "before": float(before.sum()), "after": float(after.sum())}
    ledger.rows("GEOM_INVALID", _series(mended, frame), facts=facts, **values)
    ledger.changed("GEOM_INVALID", "geometry", before.map("{:.6f} km2".format), after.map("{:.6f} km2".format))


def _square_km(shapes: gpd.GeoSeries) -> pd.Series:
    """Give planar areas, of degrees on an equal-area projection."""
    if shapes.crs is not None and shapes.crs.is_geographic:
        shapes = shapes.to_crs("EPSG:6933")
    return shapes.area / 1e6


def polygons_of(geometry: Any) -> Any:
    """Give the polygon part of what make_valid made; lines and points that it shed have no area."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(geometry))
    areas = parts[np.isin(shapely.get_type_id(parts), (POLYGON, MULTI_POLYGON))]
    return shapely.union_all(areas) if len(areas) else shapely.Polygon()
