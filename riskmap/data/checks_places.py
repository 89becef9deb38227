"""Checks between layers about where things are, and the totals that a project declares."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskmap.data import shift
from riskmap.data.catalog import house
from riskmap.data.checks_geometry import note_shift
from riskmap.data.ledger import Ledger
from riskmap.data.registry import Together, register_between
from riskmap.data.spec import near
from riskmap.frames import is_spatial
from riskmap.text import Text

ON_ROADS = ("fire_stations", "hospitals", "shelters")
"""Layers of places that vehicles leave from or go to."""

SHIFTED = ("facilities", "fire_stations", "hospitals", "villages")
"""Layers of points that stand along roads, so that roads show a common shift."""

ENOUGH = 30
SLIPS = (1e4, 1e3, 100.0, 1e-2, 1e-3, 1e-4)
"""Factors that slips of units make."""

SLIP_TOLERANCE = 0.05


@register_between("OFF_NETWORK", needs=("roads",))
def off_the_roads(t: Together) -> None:
    """Stations, hospitals and shelters far from any road."""
    import shapely

    for layer in ON_ROADS:
        if not t.has(layer):
            continue
        look = t.look(layer)
        shapes = look.frame.geometry.to_numpy() if look.spatial else np.empty(0)
        if not len(shapes) or not len(t.frame("roads")):
            continue
        tree = shapely.STRtree(t.frame("roads").geometry.to_numpy())
        (at, _), metres = tree.query_nearest(shapes, return_distance=True, all_matches=False)
        far = np.zeros(len(shapes))
        far[at] = metres
        inside = shapely.intersects(t.area.geometry, shapes)  # roads beyond the area need not have been delivered
        off = inside & (far > t.limit("off_network_m"))
        if off.any():
            limit, farthest = float(t.limit("off_network_m")), float(far[off].max())
            look.ledger.rows("OFF_NETWORK", look.mark(off), limit=limit, far=farthest)


@register_between("CRS_GCJ02_SUSPECTED", "CRS_BD09_SUSPECTED", needs=("roads",))
def shifted_off_the_roads(t: Together) -> None:
    """Points that lie beside the roads by the shift of a web map."""
    import shapely

    for layer in SHIFTED:
        if not t.has(layer) or not hasattr(t.frame(layer), "geometry"):
            continue
        look = t.look(layer)
        shapes = look.frame.geometry.to_numpy()
        points = shapes[(shapely.get_type_id(shapes) == 0) & shapely.intersects(t.area.geometry, shapes)]
        if len(points) < ENOUGH:
            continue
        found = shift.suspected(
            shapely.get_coordinates(points),
            t.frame("roads").geometry.to_numpy(),
            t.area.crs,
            least_m=t.limit("shift_m"),
            rest=t.limit("shift_rest"),
            free=False,
        )
        if found is not None:
            note_shift(look, found, Text("道路", "the roads"), points[0])


@register_between("DECLARED_TOTAL", "DECLARED_TOTAL_SLIP", "DECLARED_TOTAL_UNKNOWN")
def declared_totals(t: Together) -> None:
    """Totals that the project declares, against what the data give."""
    for name, declared in sorted(t.declared.items()):
        layer, _, what = name.partition(".")
        ledger = Ledger(layer, t.files.get(layer, ""), findings=t.findings)
        found = total_of(t, layer, what)
        if found is None:
            ledger.note("DECLARED_TOTAL_UNKNOWN", name=name, hint=near(name, known_totals(t)), field=what)
            continue
        if abs(found - declared) <= t.limit("declared_tolerance") * abs(declared):
            continue
        ratio = found / declared if declared else np.inf
        slip = next((s for s in SLIPS if abs(ratio / s - 1) < SLIP_TOLERANCE), None)
        facts = {"declared": declared, "found": found}
        values: dict[str, Any] = {
            "name": name,
            "declared": float(declared),
            "found": float(found),
            "field": what,
            "facts": facts,
        }
        if slip:
            ledger.note("DECLARED_TOTAL_SLIP", factor=slip, **values)
        else:
            ledger.note("DECLARED_TOTAL", diff=ratio - 1, **values)


def total_of(t: Together, layer: str, what: str) -> float | None:
    """Give a total by name, None when it cannot be counted: ``rows``, ``area_km2``, ``length_km``, ``sum``, or a field."""
    if layer in t.cells_known:
        values = t.cells(layer).values
        return float(np.nansum(values)) if what == "sum" and values.dtype.kind == "f" else None
    if not t.has(layer):
        return None
    frame: Any = t.frame(layer)
    if what == "rows":
        return float(len(frame))
    if what in ("area_km2", "length_km") and what not in frame and is_spatial(frame):
        return float(frame.area.sum() / 1e6 if what == "area_km2" else frame.length.sum() / 1e3)
    if what not in frame or frame[what].dtype.kind not in "iuf":
        return None
    return float(frame[what].astype("Float64").astype(float).sum())


def known_totals(together: Together) -> list[str]:
    """Give the names that ``declared`` may use: counts, areas, lengths and sums of the layers that are there."""
    names = []
    for layer in sorted(together.rows_known):
        spec = house().layer(layer)
        numeric = [f for f, s in spec.fields.items() if s.type in ("integer", "number") and s.unit not in (None, "1")]
        names += [f"{layer}.{what}" for what in ("rows", "area_km2", "length_km", *numeric)]
    return names + [f"{layer}.sum" for layer in sorted(together.cells_known)]
