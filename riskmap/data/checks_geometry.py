"""Checks on the shapes of one layer: where they are, how they fit together, what is drawn twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskmap.crs import require_same
from riskmap.data import shift
from riskmap.data.registry import Look, register
from riskmap.data.rules import listed
from riskmap.text import Text

POINTS = (
    "geohazard_points",
    "villages",
    "hazchem_sources",
    "fire_stations",
    "shelters",
    "risk_points",
    "tailings_dams",
    "facilities",
    "hospitals",
    "rescue_teams",
    "supplies",
    "reservoirs",
    "buildings",
)
"""Layers of places that are counted in figures of the area."""

TILES = ("townships", "capacity", "hazard_*")
"""Layers whose polygons share no ground."""

CENTIMETRES = 2


@register("OUTSIDE_AREA", layers=POINTS)
def outside_area(look: Look) -> None:
    """Rows outside the boundary: they stay in the layer and are not counted in figures of the area."""
    import shapely

    if look.area is None or not look.spatial:
        return
    require_same(look.frame.crs, look.area.crs, what=Text("图层与区域", "layer and area"))
    shapely.prepare(look.area.geometry)
    look.ledger.rows("OUTSIDE_AREA", look.mark(~shapely.intersects(look.area.geometry, look.frame.geometry.to_numpy())))


@register("CRS_GCJ02_SUSPECTED", "CRS_BD09_SUSPECTED", "CRS_SHIFT_SUSPECTED", layers=("townships",), metric=True)
def shifted(look: Look) -> None:
    """Units whose common outline lies beside the boundary by a shift."""
    import shapely

    if look.area is None:
        return
    outline = shapely.boundary(shapely.union_all(look.frame.geometry.to_numpy()))
    control = shapely.boundary(look.area.geometry)
    found = shift.suspected(
        shift.along(outline),
        control,
        look.area.crs,
        least_m=look.limit("shift_m"),
        rest=look.limit("shift_rest"),
    )
    if found is not None:
        # the shift of web maps differs from place to place: told for the middles of the units
        middles = shapely.get_coordinates(shapely.centroid(look.frame.geometry.to_numpy()))
        found = shift.measured_at(middles, found, look.area.crs)
        note_shift(look, found, Text("行政区边界", "the boundary"), control.representative_point())


def note_shift(look: Look, found: shift.Shift, control: Text, place: Any = None) -> None:
    """Note a suspected shift."""
    values = {"shift_m": round(found.metres), "rest_m": round(found.after), "dx": found.east, "dy": found.north}
    facts = {**values, "dx": round(found.east, 1), "dy": round(found.north, 1)}
    look.ledger.note(found.code, control=control, geometry=place, facts=facts, rows_count=len(look.frame), **values)


@register("SAME_POSITION", layers=POINTS[:-1])
def same_position(look: Look) -> None:
    """Different rows at one position, to the centimetre: perhaps one thing entered twice."""
    import pandas as pd
    import shapely

    shapes = look.frame.geometry.to_numpy() if look.spatial else np.empty(0)
    points = shapely.get_type_id(shapes) == 0
    if not points.any():
        return
    digits = CENTIMETRES if look.metric else CENTIMETRES + 5
    xy = shapely.get_coordinates(shapes[points]).round(digits)
    pairs = pd.DataFrame(xy, columns=["x", "y"], index=look.frame.index[points])
    again = pairs.duplicated(keep=False).reindex(look.frame.index, fill_value=False)
    if again.any():
        look.ledger.rows("SAME_POSITION", again, n=len(pairs[again[points]].drop_duplicates()))


@register("SAME_LINE", layers=("pipelines", "roads", "barriers"))
def same_line(look: Look) -> None:
    """Lines drawn twice, either way round: their length counts once in totals."""
    again = _twins(look)
    # a road network often has one row per direction
    severity = "note" if look.spec.id == "roads" else None
    look.ledger.rows("SAME_LINE", again, severity=severity)


@register("GEOM_DUPLICATE", layers=("townships", "villages", "buildings", "built_up", "shelters", "capacity", "water"))
def same_shape(look: Look) -> None:
    """Polygons that stand twice."""
    import shapely

    if look.spatial and (shapely.get_dimensions(look.frame.geometry.to_numpy()) == 2).any():
        areal = shapely.get_dimensions(look.frame.geometry.to_numpy()) == 2
        look.ledger.rows("GEOM_DUPLICATE", _twins(look) & areal)


def _twins(look: Look) -> Any:
    """Mark the rows whose geometry, normalised, stands more than once."""
    import pandas as pd
    import shapely

    if not look.spatial:
        return look.mark(np.zeros(len(look.frame), dtype=bool))
    shapes = look.frame.geometry.to_numpy()
    # equal shapes have equal bounds; only those are normalised
    near = pd.DataFrame(shapely.bounds(shapes)).duplicated(keep=False).to_numpy()
    again = np.zeros(len(shapes), dtype=bool)
    if near.any():
        again[near] = pd.Series(shapely.to_wkb(shapely.normalize(shapes[near]))).duplicated(keep=False).to_numpy()
    return look.mark(again)


@register("GEOM_NO_LENGTH", layers=("roads", "pipelines", "barriers"))
def without_length(look: Look) -> None:
    """Lines whose ends are one point."""
    import shapely

    shapes = look.frame.geometry.to_numpy()
    look.ledger.rows("GEOM_NO_LENGTH", look.mark(shapely.length(shapes) == 0) & (shapely.get_dimensions(shapes) == 1))


@register("GEOM_SLIVER", layers=("townships", "capacity", "built_up", "hazard_*", "forest"), metric=True)
def slivers(look: Look) -> None:
    """Polygons with a part that is narrow for its length: what a cut leaves behind."""
    import shapely

    shapes = look.frame.geometry.to_numpy()
    parts, owner = shapely.get_parts(shapes, return_index=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = 2 * shapely.area(parts) / shapely.length(parts)
    thin = (shapely.get_dimensions(parts) == 2) & (width < look.limit("sliver_width_m"))
    if thin.any():
        rows = np.isin(np.arange(len(shapes)), owner[thin])
        km2, narrow = float(shapely.area(parts[thin]).sum() / 1e6), float(width[thin].mean())
        look.ledger.rows("GEOM_SLIVER", look.mark(rows), km2=km2, width_m=narrow)


def _may_overlap(shapes: Any, least_m2: float) -> tuple[Any, Any]:
    """Give the pairs of polygons that may share more ground than ``least_m2``.

    Their boxes must, and of polygons that fit together edge to edge, which most do, the edges tell that they share none.
    """
    import shapely

    a, b = shapely.STRtree(shapes).query(shapes)
    a, b = a[a < b], b[a < b]
    boxes = shapely.bounds(shapes)
    sides = np.minimum(boxes[a, 2:], boxes[b, 2:]) - np.maximum(boxes[a, :2], boxes[b, :2])
    large = np.clip(sides, 0, None).prod(axis=1) > least_m2
    a, b = a[large], b[large]
    if not len(a):
        return a, b
    odd = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    return a[odd[a] | odd[b]], b[odd[a] | odd[b]]


@register("TOPOLOGY_OVERLAP", layers=TILES, metric=True)
def overlaps(look: Look) -> None:
    """Units that reach into each other: their common ground goes to the first code."""
    import shapely

    shapes = look.frame.geometry.to_numpy()
    if (shapely.get_dimensions(shapes) != 2).any():
        return
    a, b = _may_overlap(shapes, look.limit("overlap_m2"))
    common = shapely.intersection(shapes[a], shapes[b])
    large = shapely.area(common) > look.limit("overlap_m2")
    if not large.any():
        return
    a, b, common = a[large], b[large], common[large]
    names = look.ledger.names.of(look.frame.index)
    order = np.argsort(-shapely.area(common), kind="stable")
    pairs = listed([f"{names[a[k]]}×{names[b[k]]}" for k in order], 5)
    # ground that three units claim counts as often as it is claimed too much
    km2 = float((shapely.area(shapes).sum() - shapely.area(shapely.union_all(shapes))) / 1e6)
    rows = np.isin(np.arange(len(shapes)), np.concatenate([a, b]))
    place = shapely.union_all(common)
    facts = {"overlap_km2": round(km2, 3)}
    look.ledger.rows("TOPOLOGY_OVERLAP", look.mark(rows), km2=km2, pairs=pairs, geometry=place, facts=facts)


@register("TOPOLOGY_GAP", layers=("townships",), metric=True)
def gaps(look: Look) -> None:
    """Ground of the area in no unit; where no area is given, ground that units surround."""
    import shapely

    taken = look.frame.geometry.union_all()
    whole = (
        look.area.geometry
        if look.area
        else shapely.union_all(shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(taken))))
    )
    rest = whole.difference(taken)
    holes = [g for g in shapely.get_parts(rest) if g.area > look.limit("gap_m2")]
    if holes:
        km2 = sum(g.area for g in holes) / 1e6
        place = shapely.multipolygons([g for g in holes if g.geom_type == "Polygon"])
        look.ledger.note("TOPOLOGY_GAP", n=len(holes), km2=km2, geometry=place, facts={"gap_km2": round(km2, 3)})
