"""Hazchem sources on the map: residents around a plant, screening zones, targets inside them, sources that set off others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap import fields
from riskmap.crs import require_same
from riskmap.landing import covered_cells
from riskmap.overlay import consequences, rules
from riskmap.overlay.exposure import ROUND_BY, Settled, people_in
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

ZONE_COLUMNS = ["source_id", "scenario", "effect", "radius_m", "substance", "mass_kg", "geometry"]


def plant_radius_m(sources: gpd.GeoDataFrame, wider_m: float = 0.0) -> pd.Series:
    """Give how far a plant's boundary lies from its geometry: 0 for polygons, the stated radius for points, else ``wider_m``."""
    points = shapely.get_dimensions(sources.geometry.to_numpy()) == 0
    stated = pd.Series(np.nan, index=sources.index)
    if "plant_radius_m" in sources.columns:
        stated = pd.to_numeric(sources["plant_radius_m"], errors="coerce").astype(float)
    return stated.fillna(wider_m).where(points, 0.0)


def residents(
    sources: gpd.GeoDataFrame, where: Settled | None, *, within_m: float, plant_m: pd.Series | None = None
) -> pd.DataFrame:
    """Count the residents within a distance outside each plant's boundary.

    Parameters
    ----------
    sources : GeoDataFrame
        Points or plant polygons, in a projected system.
    where : Settled, optional
        Where people are; None gives NaN.
    within_m : float
        From the plant's boundary.
    plant_m : Series, optional
        Distance of the boundary from the geometry; see :func:`plant_radius_m`.

    Returns
    -------
    DataFrame
        On the sources' index: ``people`` (NaN when not known), ``unknown`` places or cells in the ring.
    """
    if where is None:
        return pd.DataFrame({fields.PEOPLE: np.nan, "unknown": 0}, index=sources.index)
    plant = (plant_radius_m(sources) if plant_m is None else plant_m).to_numpy(float)
    if where.places is not None and (shapely.get_dimensions(where.places.geometry.to_numpy()) == 0).all():
        return _residents_at(sources, where.places, plant, within_m)
    around = rings(sources, within_m=within_m, plant_m=pd.Series(plant, index=sources.index))
    return people_in(around, where)[[fields.PEOPLE, "unknown"]]


def rings(sources: gpd.GeoDataFrame, *, within_m: float, plant_m: pd.Series) -> gpd.GeoDataFrame:
    """Draw the ground within a distance outside each plant's boundary; see :func:`residents`. Geometry only, on the index of the sources."""
    import geopandas as gpd

    shapes, plant = sources.geometry.to_numpy(), plant_m.to_numpy(float)
    ground = np.where(plant > 0, shapely.buffer(shapes, plant, quad_segs=2 * ROUND_BY), shapes)
    reach = shapely.buffer(shapes, plant + within_m, quad_segs=2 * ROUND_BY)
    return gpd.GeoDataFrame(geometry=shapely.difference(reach, ground), crs=sources.crs, index=sources.index)


def known_share(
    sources: gpd.GeoDataFrame, where: Settled, area: Any, *, within_m: float, plant_m: pd.Series
) -> pd.Series:
    """Give the share of the ring around each plant on which people data say anything, 0 ... 1.

    Parameters
    ----------
    sources, where, within_m, plant_m
        See :func:`residents`.
    area : geometry
        The area that was delivered; buildings and villages are not known beyond it.
    """
    around = rings(sources, within_m=within_m, plant_m=plant_m)
    if where.cells is not None:
        values = where.cells.values.ravel()
        cells = covered_cells(around, where.cells.grid)
        held = [
            float(share[~np.isnan(values[at].astype(float))].sum()) * where.cells.grid.cell_area for at, share in cells
        ]
        known = np.array(held, dtype=float)
    else:
        known = around.intersection(area).area.to_numpy()
    return pd.Series(np.minimum(known / around.area.to_numpy(), 1.0), index=sources.index)


def _residents_at(
    sources: gpd.GeoDataFrame, places: gpd.GeoDataFrame, plant: np.ndarray, within_m: float
) -> pd.DataFrame:
    """Count places by their exact distance: no circle drawn with corners."""
    require_same(sources.crs, places.crs, what=Text("危险源与人口", "sources and people"))
    shapes = sources.geometry.to_numpy()
    tree = shapely.STRtree(places.geometry.to_numpy())
    source, place = tree.query(shapes, predicate="dwithin", distance=plant + within_m + 1e-6)
    homes = places.geometry.to_numpy()[place]
    # on the plant's boundary is outside it; a point without a radius has no ground of its own
    outside = shapely.distance(shapes[source], homes) >= plant[source]
    outside &= ~shapely.contains_properly(shapes[source], homes) | (shapely.get_dimensions(shapes[source]) == 0)
    people = places[fields.PEOPLE].to_numpy(float)[place]
    counted = np.bincount(source, np.where(outside, np.nan_to_num(people), 0.0), minlength=len(sources))
    unknown = np.bincount(source, outside & np.isnan(people), minlength=len(sources)).astype(int)
    return pd.DataFrame({fields.PEOPLE: counted, "unknown": unknown}, index=sources.index)


def consequence_zones(
    sources: gpd.GeoDataFrame,
    items: pd.DataFrame,
    *,
    effects: Iterable[Mapping[str, str]] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> gpd.GeoDataFrame:
    """Draw screening zones of each source: fireball, vapour cloud, toxic reach. Indicative only.

    Of the substances of a source the one that reaches farthest is drawn, scenario by scenario.

    Parameters
    ----------
    sources : GeoDataFrame
        With ``id``; points or polygons in a projected system.
    items : DataFrame
        Matched inventory: ``source_id, name, cas, quantity_t``.
    effects : iterable of mapping, optional
        Rows ``cas, fireball, heat_mj_kg, erpg2_mg_m3`` of ``layers/facts/substance_effects.csv``.
    constants : mapping, optional
        Values of the topic ``hazchem``.

    Returns
    -------
    GeoDataFrame
        ``source_id, scenario, effect, radius_m, substance, mass_kg, geometry``, the widest first within a source.
    """
    import geopandas as gpd

    known = rules.values("hazchem") if constants is None else constants
    table = {row["cas"]: row for row in (rules.rows(known["effects"]) if effects is None else effects)}
    shapes = dict(zip(sources["id"], sources.geometry, strict=True))
    best: dict[tuple[str, str, str], tuple[float, str, float]] = {}
    for item in items.itertuples():
        row = table.get(item.cas)
        if row is None or item.source_id not in shapes or not item.quantity_t > 0:
            continue
        for scenario, effect, radius, mass in reaches(row, item.quantity_t * 1000, known):
            key = (item.source_id, scenario, effect)
            best[key] = max(best.get(key, (0.0, "", 0.0)), (radius, item.name, mass))
    made = [
        (source, scenario, effect, radius, name, mass, shapes[source].buffer(radius, quad_segs=ROUND_BY))
        for (source, scenario, effect), (radius, name, mass) in best.items()
    ]
    frame = gpd.GeoDataFrame(pd.DataFrame(made, columns=ZONE_COLUMNS), geometry="geometry", crs=sources.crs)
    return frame.sort_values(
        ["source_id", "radius_m", "scenario", "effect"], ascending=[True, False, True, True], ignore_index=True
    )


def reaches(row: Mapping[str, str], stock_kg: float, known: Mapping[str, Any]) -> list[tuple[str, str, float, float]]:
    """Give scenario, effect, radius (m) and mass (kg) of everything that a stock of one substance may do."""
    found = []
    heat = float(row["heat_mj_kg"]) if row["heat_mj_kg"] else None
    if heat is not None:
        mass = stock_kg * known["cloud_share"]
        cloud = consequences.vapour_cloud(mass, heat_mj_kg=heat, constants=known)
        radii = {"death": cloud.death_m, "heavy": cloud.heavy_m, "light": cloud.light_m, "property": cloud.property_m}
        found += [("vapour_cloud", effect, radius, mass) for effect, radius in radii.items()]
    if row["fireball"] == "1":
        mass = stock_kg * known["fireball_share"]
        found.append(("fireball", "fireball", consequences.fireball(mass, constants=known).radius_m, mass))
        for effect in ("death", "second_degree", "first_degree"):
            found.append(("fireball", effect, consequences.burn_radius_m(mass, effect, constants=known), mass))
    if row["erpg2_mg_m3"]:
        mass = stock_kg * known["toxic_release_share"]
        rate = mass / known["toxic_release_s"]
        found.append(
            ("toxic", "toxic", consequences.toxic_reach_m(rate, float(row["erpg2_mg_m3"]), constants=known), mass)
        )
    return found


def targets(
    zones: gpd.GeoDataFrame,
    sources: gpd.GeoDataFrame,
    objects: gpd.GeoDataFrame,
    *,
    table: Sequence[Mapping[str, Any]] | None = None,
) -> gpd.GeoDataFrame:
    """List the protected targets inside the zones, with the individual-risk criteria of GB 36894.

    Parameters
    ----------
    zones, sources : GeoDataFrame
        See :func:`consequence_zones`.
    objects : GeoDataFrame
        ``layer, id, name, kind, people`` and geometry; of kinds that the table names.
    table : sequence of mapping, optional
        Rows ``kind, target, new, in_service``.

    Returns
    -------
    GeoDataFrame
        One row per target, source, scenario and the gravest effect that reaches it: ``layer, target_id, target_name, kind,
        target, limit_new, limit_in_service, people, source_id, source_name, scenario, effect, metres``, at the target.
    """
    import geopandas as gpd

    require_same(zones.crs, objects.crs, what=Text("影响范围与防护目标", "zones and targets"))
    classes = {row["kind"]: row for row in (rules.table("hazchem", "targets") if table is None else table)}
    held = objects[objects["kind"].isin(classes)].reset_index(drop=True)
    zone, at = shapely.STRtree(held.geometry.to_numpy()).query(zones.geometry.to_numpy(), predicate="intersects")
    shape_of = dict(zip(sources["id"], sources.geometry, strict=True))
    mine, there = zones.iloc[zone], held.iloc[at]
    kinds = [classes[k] for k in there["kind"]]
    origin = np.array([shape_of[s] for s in mine["source_id"]], dtype=object)
    frame = gpd.GeoDataFrame(
        {
            "layer": there["layer"].to_numpy(object),
            "target_id": there["id"].to_numpy(object),
            "target_name": there[fields.NAME].to_numpy(object),
            "kind": there["kind"].to_numpy(object),
            "target": [k["target"] for k in kinds],
            "limit_new": [float(k["new"]) for k in kinds],
            "limit_in_service": [float(k["in_service"]) for k in kinds],
            fields.PEOPLE: there[fields.PEOPLE].to_numpy(),
            "source_id": mine["source_id"].to_numpy(object),
            "source_name": mine["source_id"].map(_names(sources)).to_numpy(object),
            "scenario": mine["scenario"].to_numpy(object),
            "effect": mine["effect"].to_numpy(object),
            "metres": shapely.distance(origin, there.geometry.to_numpy()),
            "radius_m": mine["radius_m"].to_numpy(float),
        },
        geometry=there.geometry.to_numpy(),
        crs=zones.crs,
    )
    # the narrowest zone that still reaches is the gravest effect
    keys = ["layer", "target_id", "source_id", "scenario"]
    ordered = frame.sort_values([*keys, "radius_m", "effect"], kind="stable")
    return ordered.drop_duplicates(keys).drop(columns="radius_m").reset_index(drop=True)


def domino(
    zones: gpd.GeoDataFrame, sources: gpd.GeoDataFrame, *, constants: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """List pairs of sources of which one's damage zone touches the other.

    Returns
    -------
    DataFrame
        ``source_id, source_name, other_id, other_name, scenario, effect, radius_m, metres, same_enterprise``: the widest damage zone of the first that
        reaches the second; nearest pairs first.
    """
    known = rules.values("hazchem") if constants is None else constants
    damage = zones[zones["effect"].isin(known["domino_effects"])]
    damage = damage.sort_values(["source_id", "radius_m"], ascending=[True, False]).drop_duplicates("source_id")
    zone, other = shapely.STRtree(sources.geometry.to_numpy()).query(damage.geometry.to_numpy(), predicate="intersects")
    row_of = {source: n for n, source in enumerate(sources["id"])}
    first = np.array([row_of[s] for s in damage["source_id"].to_numpy()[zone]], dtype=int)
    apart = first != other
    zone, first, other = zone[apart], first[apart], other[apart]
    shapes, mine = sources.geometry.to_numpy(), damage.iloc[zone]
    owner = sources["enterprise"].to_numpy(object) if "enterprise" in sources.columns else np.full(len(sources), None)
    frame = pd.DataFrame(
        {
            "source_id": mine["source_id"].to_numpy(object),
            "source_name": mine["source_id"].map(_names(sources)).to_numpy(object),
            "other_id": sources["id"].to_numpy(object)[other],
            "other_name": sources["id"].map(_names(sources)).to_numpy(object)[other],
            "scenario": mine["scenario"].to_numpy(object),
            "effect": mine["effect"].to_numpy(object),
            "radius_m": mine["radius_m"].to_numpy(float),
            "metres": shapely.distance(shapes[first], shapes[other]),
            "same_enterprise": [a == b and isinstance(a, str) for a, b in zip(owner[first], owner[other], strict=True)],
        }
    )
    return frame.sort_values(["metres", "source_id", "other_id"], ignore_index=True)


def _names(sources: gpd.GeoDataFrame) -> pd.Series:
    """Give the names of sources by their id; missing where the layer has none."""
    names = sources[fields.NAME] if fields.NAME in sources.columns else pd.Series(None, sources.index, dtype=object)
    return pd.Series(names.to_numpy(object), index=sources["id"].to_numpy(object))
