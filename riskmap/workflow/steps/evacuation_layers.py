"""The layers of an evacuation, from a solved scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.network import evacuation_legs
from riskmap.network.evacuation_plan import Group, Way
from riskmap.network.evacuation_ways import line_of
from riskmap.workflow.context import Context

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.workflow.steps.evacuation_solved import Solved

MAIN, BACKUP = "main", "backup"


def together(parts: list[Any]) -> Any:
    """Put the frames of several scenarios under one another."""
    import geopandas as gpd

    frame = pd.concat(parts, ignore_index=True)
    if "geometry" not in frame.columns:
        return frame
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=parts[0].crs)


def frames(context: Context, solved: Solved) -> dict[str, Any]:
    """Give the layers of a scenario by id."""
    made = {
        "evacuation_plan": plan_rows(solved),
        "evacuation_routes": _routes(context, solved),
        "evacuation_origins": _origins(solved),
        "evacuation_closures": _closures(solved),
        "evacuation_arrivals": _arrivals(solved),
        "evacuation_load": _load(solved),
        "helpful_closures": closures(solved),
    }
    return {layer: frame for layer, frame in made.items() if len(frame)}


def taking_part(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the rows that take part, in the order of the plan."""
    return frame[frame["routed"]]


def route_id(solved: Solved, group: Group, kind: str) -> str:
    """Give the id of a group's route."""
    origin = taking_part(solved.origins)["id"].iloc[group.origin]
    shelter = taking_part(solved.shelters)["id"].iloc[group.shelter]
    return f"{solved.scenario.id}-{origin}-{shelter}-{'A' if kind == MAIN else 'B'}"


def minutes_of(solved: Solved, group: Group, way: Way) -> float:
    """Give the minutes of a way with those from the settlement to its road and from the road to the shelter."""
    off_road = solved.off_road_s[0][group.origin] + solved.off_road_s[1][group.shelter]
    return (way.seconds + off_road) / 60


def slow_factor(solved: Solved) -> float:
    """Give by how much longer a slow walker takes; 1 in vehicles."""
    return 1.0 if np.isnan(solved.speed_m_s) else max(solved.speed_m_s / solved.slow_m_s, 1.0)


def hazard_m(solved: Solved, way: Way) -> float:
    """Give the metres of a way inside the zones."""
    edge = way.number // 2
    graph, base = solved.ways.graph, solved.ways.base[edge]
    share = np.ones(len(edge)) if graph.base is None else graph.share_to[edge] - graph.share_from[edge]
    return float((solved.ways.network.length_m[base] * share)[solved.ways.inside[edge]].sum())


def unplaced(solved: Solved) -> pd.DataFrame:
    """Give who has no place: ``id, name, people, reason, geometry``, those who join no road too."""
    origins = solved.origins
    people = origins["people"].to_numpy(dtype=float).copy()
    reason = np.full(len(origins), "not_routed", dtype=object)
    at = np.flatnonzero(origins["routed"].to_numpy())
    people[at], reason[at] = solved.plan.assignment.unplaced.to_numpy(), solved.reason.to_numpy(object)
    frame = origins[["id", "name", "geometry"]].assign(people=people, reason=reason)
    return frame[(people > 0) & ~frame["id"].isin(solved.handed_on).to_numpy()]


def plan_rows(solved: Solved) -> pd.DataFrame:
    """Give ``evacuation_plan``: one row for each origin and shelter, in the order of origins."""
    origins, shelters = taking_part(solved.origins), taking_part(solved.shelters)
    rows = []
    for number, group in enumerate(solved.plan.groups):
        minutes = minutes_of(solved, group, group.main)
        other, other_s, has_room = _backup_shelter(solved, group)
        last = np.nan if solved.emptying is None else solved.emptying.last_s[number] / 60
        rows.append(
            {
                "scenario": solved.scenario.id,
                "mode": solved.mode,
                "origin_id": origins["id"].iloc[group.origin],
                "origin": origins["name"].iloc[group.origin],
                "shelter_id": shelters["id"].iloc[group.shelter],
                "shelter": shelters["name"].iloc[group.shelter],
                "people": group.people,
                "minutes": minutes,
                "slow_minutes": minutes * slow_factor(solved),
                "last_minutes": max(last, minutes) if np.isfinite(last) else minutes,
                "warning_min": solved.before_min[0],
                "preparation_min": solved.before_min[1],
                "length_m": _length_m(solved, group, group.main),
                "via_hazard": hazard_m(solved, group.main) > 0,
                "early": bool(solved.plan.times.early[group.origin]),
                "route_id": route_id(solved, group, MAIN),
                "backup_route_id": None if group.backup is None else route_id(solved, group, BACKUP),
                "shared_m": group.shared_m,
                "backup_shelter_id": None if other is None else shelters["id"].iloc[other],
                "backup_shelter": None if other is None else shelters["name"].iloc[other],
                "backup_shelter_minutes": other_s / 60,
                "backup_shelter_room": has_room,
            }
        )
    return pd.DataFrame(rows)


def _backup_shelter(solved: Solved, group: Group) -> tuple[int | None, float, bool | None]:
    """Give the nearest other shelter that has room left for a group, else the nearest one; the seconds; whether it has room."""
    seconds = solved.plan.times.seconds.to_numpy()[group.origin].copy()
    seconds[group.shelter] = np.inf
    if not np.isfinite(seconds).any():
        return None, np.nan, None
    free = taking_part(solved.shelters)["capacity"].to_numpy(dtype=float)
    left = free - solved.plan.assignment.people.to_numpy().sum(axis=0)
    roomy = np.where(left >= group.people, seconds, np.inf)
    has_room = bool(np.isfinite(roomy).any())
    best = int((roomy if has_room else seconds).argmin())
    return best, float(seconds[best]), has_room


def _length_m(solved: Solved, group: Group, way: Way) -> float:
    origins, shelters = taking_part(solved.origins), taking_part(solved.shelters)
    return way.length_m + float(origins["off_road_m"].iloc[group.origin] + shelters["off_road_m"].iloc[group.shelter])


def _routes(context: Context, solved: Solved) -> gpd.GeoDataFrame:
    import geopandas as gpd

    narrow_m = float(context.fact("evacuation", "narrow_m"))
    origins, shelters = taking_part(solved.origins), taking_part(solved.shelters)
    rows, lines = [], []
    for group in solved.plan.groups:
        for kind, way in ((MAIN, group.main), (BACKUP, group.backup)):
            if way is None:
                continue
            words = evacuation_legs.in_words(evacuation_legs.legs(solved.ways, way.number))
            inside = hazard_m(solved, way)
            minutes = minutes_of(solved, group, way)
            rows.append(
                {
                    "id": route_id(solved, group, kind),
                    "scenario": solved.scenario.id,
                    "mode": solved.mode,
                    "origin_id": origins["id"].iloc[group.origin],
                    "origin": origins["name"].iloc[group.origin],
                    "shelter_id": shelters["id"].iloc[group.shelter],
                    "shelter": shelters["name"].iloc[group.shelter],
                    "kind": kind,
                    "people": group.people,
                    "minutes": minutes,
                    "slow_minutes": minutes * slow_factor(solved),
                    "length_m": _length_m(solved, group, way),
                    "via_hazard": inside > 0,
                    "hazard_m": inside,
                    "early": bool(solved.plan.times.early[group.origin]),
                    "shared_m": group.shared_m if kind == BACKUP else np.nan,
                    **_road_flags(solved, way, narrow_m),
                    "roads_zh": words.zh,
                    "roads_en": words.en,
                }
            )
            start = int(solved.ways.origins[group.origin])
            lines.append(line_of(solved.ways, way.number, start))
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=np.array(lines, dtype=object), crs=solved.origins.crs)


def _road_flags(solved: Solved, way: Way, narrow_m: float) -> dict[str, Any]:
    """Give the narrowest known width, the bridges and tunnels, and the metres where the road is narrow or penalised."""
    edge = way.number // 2
    base = solved.ways.base[edge]
    roads = solved.ways.network.attributes.iloc[base]
    width = np.full(len(base), np.nan)
    if "width_m" in roads.columns:
        width = pd.to_numeric(roads["width_m"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    known = width[width > 0]
    return {
        "width_m": float(known.min()) if len(known) else np.nan,
        "narrow": bool((known < narrow_m).any()) if len(known) else None,
        "bridges": int(roads["bridge"].astype(bool).sum()),
        "tunnels": int(roads["tunnel"].astype(bool).sum()),
        "beside_hazard": bool(solved.ways.penalised[base].any()),
    }


def _origins(solved: Solved) -> gpd.GeoDataFrame:
    origins = solved.origins
    at = np.flatnonzero(origins["routed"].to_numpy())
    count = len(origins)
    unplaced = origins["people"].to_numpy(dtype=float).copy()
    unplaced[at] = solved.plan.assignment.unplaced.to_numpy()
    reason = np.full(count, "not_routed", dtype=object)
    reason[at] = solved.reason.to_numpy(object)
    early = np.zeros(count, dtype=bool)
    early[at] = solved.plan.times.early
    nearest = np.full(count, np.nan)
    nearest[at] = np.where(np.isfinite(solved.plan.times.nearest_s), solved.plan.times.nearest_s / 60, np.nan)
    single = np.full(count, None, dtype=object)
    road = np.full(count, None, dtype=object)
    single[at] = solved.hanging >= 0
    road[at] = [_road_name(solved, edge) for edge in solved.hanging]
    columns = ["id", "layer", "name", "village", "village_code", "township", "people", "geometry"]
    rows = origins[columns].assign(
        scenario=solved.scenario.id,
        mode=solved.mode,
        placed=origins["people"].to_numpy(dtype=float) - unplaced,
        unplaced=unplaced,
        reason=reason,
        early=early,
        nearest_min=nearest,
        single_access=pd.array(single, dtype="boolean"),
        access_road=road,
        off_road_m=origins["off_road_m"],
    )
    return rows[~rows["id"].isin(solved.handed_on)]


def _road_name(solved: Solved, edge: int) -> str | None:
    return None if edge < 0 else _named(solved, edge) or evacuation_legs.NAMELESS.zh


def _named(solved: Solved, edge: int) -> str | None:
    """Give the name of the road that an edge of the graph is a part of."""
    name = solved.ways.network.attributes.iloc[solved.ways.base[edge]].get("name")
    return name if isinstance(name, str) and name else None


def shelter_rows(parts: list[Solved]) -> gpd.GeoDataFrame:
    """Give ``evacuation_shelters`` of a scenario: one row a shelter, the people of all its parts."""
    frame = _shelters(parts[0])
    for part in parts[1:]:
        more = _shelters(part)
        for column in ("assigned", "nearest_load", "nearest_turned_away"):
            frame[column] = frame[column] + more[column]
        frame["free"] = frame["free"] - more["assigned"]
    return frame


def _shelters(solved: Solved) -> gpd.GeoDataFrame:
    shelters = solved.shelters
    at = np.flatnonzero(shelters["routed"].to_numpy())
    assigned, load, away = (np.zeros(len(shelters)) for _ in range(3))
    assigned[at] = solved.plan.assignment.people.to_numpy().sum(axis=0)
    load[at] = solved.plan.nearest.load.to_numpy()
    away[at] = solved.plan.nearest.turned_away.to_numpy()
    unusable = shelters["unusable"].where(shelters["unusable"].notna() | shelters["routed"], "not_routed")
    room = shelters["capacity"].where(unusable.isna(), 0.0).fillna(0.0)
    columns = ["id", "name", "capacity", "basis", "radius_m", "geometry"]
    return shelters[columns].assign(
        scenario=solved.scenario.id,
        unusable=unusable,
        assigned=assigned,
        free=room - assigned,
        nearest_load=load,
        nearest_turned_away=away,
    )


def _closures(solved: Solved) -> gpd.GeoDataFrame:
    """Give the pieces of streets that zones close, slow or penalise, and why."""
    import geopandas as gpd

    edges, zones = solved.cut.tables.edges, solved.hazard.zones
    piece, zone = solved.cut.piece, solved.cut.zone
    first = np.concatenate(([True], piece[1:] != piece[:-1])) if len(piece) else np.zeros(0, dtype=bool)
    rows, why = edges.iloc[piece[first]], zones.iloc[zone[first]]
    return gpd.GeoDataFrame(
        {
            "scenario": solved.scenario.id,
            "mode": solved.mode,
            "street": rows["street"].to_numpy(),
            "name": rows["name"].to_numpy(object) if "name" in rows.columns else None,
            "hazard": why["hazard"].to_numpy(object),
            "hazard_layer": why["layer"].to_numpy(object),
            "zone_id": why["id"].to_numpy(object),
            "action": why["action"].to_numpy(object),
            "exit": why["exit"].to_numpy(object),
            "length_m": rows["length_m"].to_numpy(),
        },
        geometry=rows.geometry.to_numpy(),
        crs=edges.crs,
    )


def _arrivals(solved: Solved) -> pd.DataFrame:
    """Give how many have arrived by each minute of walking, by the plan and at best."""
    if solved.emptying is None:
        return pd.DataFrame()
    plan, best = solved.emptying.plan, solved.emptying.optimum
    steps = range(max(plan.egress, best.egress) + 1)
    both = [found.arrivals.cumsum().reindex(steps).ffill().to_numpy() for found in (plan, best)]
    return pd.DataFrame(
        {
            "scenario": solved.scenario.id,
            "mode": solved.mode,
            "minute": np.array(steps) * plan.step_s / 60,
            "arrived": both[0],
            "arrived_at_best": both[1],
        }
    )


def _load(solved: Solved) -> gpd.GeoDataFrame:
    """Give the roads that the plan uses, with the people and the minutes in use."""
    import geopandas as gpd

    if solved.emptying is None or not len(solved.emptying.load):
        return gpd.GeoDataFrame()
    load, arcs = solved.emptying.load, solved.ways.early
    keys = pd.Series(arcs.number, index=pd.MultiIndex.from_arrays([arcs.tail, arcs.head])).sort_index(kind="stable")
    keys = keys[~keys.index.duplicated()]
    number = keys.reindex(pd.MultiIndex.from_frame(load[["tail", "head"]])).to_numpy()
    base: NDArray[np.int64] = solved.ways.base[number // 2]
    streets = pd.DataFrame(
        {
            "edge": base,
            "people": load["people"].to_numpy(),
            "from_min": load["from_min"].to_numpy(),
            "to_min": load["to_min"].to_numpy(),
        }
    )
    # the parts of a street that a settlement or a shelter divides are one street: the fullest counts
    used = streets.groupby("edge", sort=True).agg({"people": "max", "from_min": "min", "to_min": "max"}).reset_index()
    roads = solved.ways.network.attributes.iloc[used["edge"]]
    return gpd.GeoDataFrame(
        {
            "scenario": solved.scenario.id,
            "mode": solved.mode,
            "street": roads["street"].to_numpy(),
            "name": roads["name"].to_numpy(object) if "name" in roads.columns else None,
            **{c: used[c].to_numpy() for c in ("people", "from_min", "to_min")},
        },
        geometry=shapely.force_2d(solved.ways.network.lines[used["edge"]]),
        crs=solved.origins.crs,
    )


def closures(solved: Solved) -> gpd.GeoDataFrame:
    """Give ``helpful_closures``: roads whose closing speeds everyone up, the best first."""
    import geopandas as gpd

    if solved.own is None or not len(solved.own.closures):
        return gpd.GeoDataFrame()
    found, now = solved.own.closures, solved.own.choice.person_seconds
    lines = [line_of(solved.ways, number, -1) for number in found["arcs"]]
    names = [next((n for n in (_named(solved, a // 2) for a in number) if n), None) for number in found["arcs"]]
    return gpd.GeoDataFrame(
        {
            "scenario": solved.scenario.id,
            "mode": solved.mode,
            "name": names,
            "people": found["people"].to_numpy(),
            "saved_share": found["saved"].to_numpy(),
            "saved_person_minutes": (now - found["person_seconds"].to_numpy()) / 60,
            "length_m": [line.length for line in lines],
        },
        geometry=lines,
        crs=solved.origins.crs,
    )
