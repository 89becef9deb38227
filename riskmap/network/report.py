"""What a network is like, and what in its roads deserves a look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from riskmap.data.findings import Finding, Severity
from riskmap.network.streets import StreetTables
from riskmap.text import Text

LAYER = "roads"


def figures(tables: StreetTables) -> dict[str, Any]:
    """Give the figures of a network fresh from noding.

    Returns
    -------
    dict
        ``roads`` (rows), ``streets``, ``junctions``, ``km`` (every street once), ``drawn_km`` (as rows), ``components``
        (connected parts, one-way rules aside), ``components_by_shared_vertices`` (before ends were joined to roads that
        they touch), ``largest_share`` (of the junctions) and ``largest_km_share``, ``self_loops``, ``pieces_drawn_again``,
        ``touches``, ``crossings_not_joined``, ``gaps_open``, ``gaps_closed``, ``without_length``, ``oneway_km``, and
        ``km_by_class``.
    """
    edges, nodes, streets = tables.edges, tables.nodes, tables.streets
    size = np.bincount(nodes["component"])
    length = edges["length_m"].to_numpy(dtype=float)
    component_m = np.bincount(nodes["component"].to_numpy()[edges["u"].to_numpy()], length, minlength=len(size))
    classes = edges["road_class"].fillna("").replace("", "?")
    by_class = pd.Series(length / 1e3).groupby(classes.to_numpy()).sum().sort_index()
    return {
        "roads": tables.roads,
        "streets": len(edges),
        "junctions": len(nodes),
        "km": length.sum() / 1e3,
        "drawn_km": float(length[streets.street].sum() / 1e3),
        "components": len(size),
        "components_by_shared_vertices": streets.drawn_components,
        "largest_share": float(size[0] / size.sum()),
        "largest_km_share": float(component_m[0] / component_m.sum()),
        "self_loops": int((edges["u"] == edges["v"]).sum()),
        "pieces_drawn_again": len(streets.street) - len(edges),
        "touches": len(streets.touches),
        "crossings_not_joined": len(streets.crossings),
        "gaps_open": len(streets.gaps),
        "gaps_closed": int(streets.bridging.sum()),
        "without_length": len(streets.empty),
        "oneway_km": float(length[(edges["direction"] != "both").to_numpy()].sum() / 1e3),
        "km_by_class": {str(k): float(v) for k, v in by_class.items()},
    }


def findings(
    tables: StreetTables, roads: pd.DataFrame, *, slow_kmh: float, fast_kmh: float, known_classes: frozenset[str]
) -> list[Finding]:
    """Give what in the roads deserves a look: pieces cut off, gaps, crossings, odd speeds and classes.

    Parameters
    ----------
    tables : StreetTables
        Fresh from noding.
    roads : DataFrame
        The roads, for their speed limits.
    slow_kmh, fast_kmh : float
        Limits outside of these are suspicious.
    known_classes : frozenset
        Classes that the speed table speaks of.
    """
    found = [*_components(tables), *_drawing(tables), *_gaps(tables)]
    found += _speeds(roads, slow_kmh, fast_kmh)
    strange = ~tables.edges["road_class"].isin(known_classes)
    if len(tables.turns_lost):
        rows = ", ".join(str(r + 1) for r in tables.turns_lost[:5])
        message = Text(
            f"{len(tables.turns_lost)} 条转向限制的道路不相接，未用：第 {rows} 行",
            f"{len(tables.turns_lost)} turn restrictions speak of roads that do not meet; not used: row {rows}",
        )
        found.append(
            Finding(
                "turn_restrictions",
                "warning",
                "TURN_LOST",
                message,
                Text("核对道路编号", "check the road ids"),
                rows=len(tables.turns_lost),
            )
        )
    if strange.any():
        km = tables.edges.loc[strange, "length_m"].sum() / 1e3
        message = Text(
            f"{int(strange.sum())} 段路（{km:.1f} km）等级缺失或不认识，按“类别不明”的速度",
            f"{int(strange.sum())} streets ({km:.1f} km) have no class or an unknown one; they take the speed of unknown roads",
        )
        found.append(
            Finding(
                LAYER,
                "warning",
                "ROAD_CLASS_UNKNOWN",
                message,
                Text("补全道路等级", "fill in the classes"),
                rows=int(strange.sum()),
            )
        )
    return found


def turns_apart() -> Finding:
    """Give the note that roads of an OSM file came without its turn restrictions."""
    message = Text(
        "道路取自 OSM 文件，但没有读取其中的转向限制",
        "the roads come from an OSM file; its turn restrictions were not read",
    )
    remedy = Text(
        "在 inputs 里加 turn_restrictions，文件与 roads 相同",
        "add turn_restrictions to inputs, with the same file as the roads",
    )
    return Finding("turn_restrictions", "note", "TURNS_NOT_READ", message, remedy)


def _components(tables: StreetTables) -> list[Finding]:
    nodes = tables.nodes
    size = np.bincount(nodes["component"])
    if len(size) < 2:
        return []
    outside = nodes["component"].to_numpy() > 0
    # one point for each part that is cut off: its first junction
    first = nodes[outside].drop_duplicates("component").geometry
    drawn = tables.streets.drawn_components
    message = Text(
        f"路网分成 {len(size)} 个互不连通的部分（只按共用顶点是 {drawn} 个），最大的占路口的 {size[0] / size.sum():.2%}；另外 {len(size) - 1} 处与它断开",
        f"the network falls into {len(size)} parts that are not connected ({drawn} by shared vertices alone); the largest holds {size[0] / size.sum():.2%} of the junctions, {len(size) - 1} are cut off from it",
    )
    remedy = Text("核对这些地方的道路是否漏接", "check whether roads are missing there")
    place = shapely.MultiPoint(list(first))
    return [Finding(LAYER, "warning", "NETWORK_PARTS", message, remedy, rows=len(size) - 1, geometry=place)]


def _drawing(tables: StreetTables) -> list[Finding]:
    """Give notes on how the roads are drawn."""
    streets = tables.streets
    found = []
    if len(streets.empty):
        message = Text(
            f"{len(streets.empty)} 行道路没有长度，不成路段：第 {', '.join(str(r + 1) for r in streets.empty[:5])} 行",
            f"{len(streets.empty)} roads have no length and make no street: row {', '.join(str(r + 1) for r in streets.empty[:5])}",
        )
        found.append(Finding(LAYER, "note", "ROAD_WITHOUT_LENGTH", message, rows=len(streets.empty)))
    again = len(streets.street) - len(streets.lines)
    if again:
        message = Text(
            f"{again} 段路与别的路段完全重合（例如双向道路各画一条），只计一次",
            f"{again} pieces lie on others (two-way streets drawn once each way, for example) and count once",
        )
        found.append(Finding(LAYER, "note", "ROAD_DRAWN_AGAIN", message, rows=again))
    if len(streets.touches):
        message = Text(
            f"{len(streets.touches)} 处道路端点搭在另一条路上（0.1 m 内，没有共用顶点），已连接",
            f"{len(streets.touches)} road ends touch another road (within 0.1 m, without a shared vertex); they were joined",
        )
        place = shapely.MultiPoint(list(streets.touches))
        found.append(Finding(LAYER, "note", "ROAD_TOUCHES", message, rows=len(streets.touches), geometry=place))
    if len(streets.crossings):
        message = Text(
            f"{len(streets.crossings)} 处道路相交而没有共用顶点，按立体交叉处理，未连接",
            f"{len(streets.crossings)} crossings without a shared vertex; taken as one road over the other and not joined",
        )
        remedy = Text(
            "若多为平交，写明 network: {node_crossings: true}",
            "where most are crossings on the level, say network: {node_crossings: true}",
        )
        place = shapely.MultiPoint(list(streets.crossings))
        found.append(
            Finding(LAYER, "warning", "ROAD_CROSSINGS", message, remedy, rows=len(streets.crossings), geometry=place)
        )
    return found


def _gaps(tables: StreetTables) -> list[Finding]:
    streets = tables.streets
    found = []
    severity: Severity
    for lines, code, severity, zh, en in (
        (
            streets.gaps,
            "ROAD_GAPS",
            "warning",
            "{n} 处断头路离另一条路不到 {m:.1f} m，未连接",
            "{n} dead ends stop within {m:.1f} m of another road; not joined",
        ),
        (
            streets.lines[streets.bridging == 1],
            "ROAD_GAPS_CLOSED",
            "note",
            "按要求连接了 {n} 处缺口，最长 {m:.1f} m",
            "{n} gaps were closed as asked, the widest {m:.1f} m",
        ),
    ):
        if len(lines):
            message = Text(zh, en).format(n=len(lines), m=float(shapely.length(lines).max()))
            remedy = Text(
                "核对后用 network: {close_gaps_m: …} 连接，或改正道路",
                "check them, then say network: {close_gaps_m: ...} or correct the roads",
            )
            place = shapely.multilinestrings(list(lines))
            found.append(Finding(LAYER, severity, code, message, remedy, rows=len(lines), geometry=place))
    return found


def _speeds(roads: pd.DataFrame, slow_kmh: float, fast_kmh: float) -> list[Finding]:
    if "maxspeed_kmh" not in roads.columns:
        return []
    limit = pd.to_numeric(roads["maxspeed_kmh"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    odd = np.flatnonzero((limit < slow_kmh) | (limit > fast_kmh))
    if not len(odd):
        return []
    message = Text(
        f"{len(odd)} 行的限速低于 {slow_kmh:g} 或高于 {fast_kmh:g} km/h，例如第 {odd[0] + 1} 行 {limit[odd[0]]:g}",
        f"{len(odd)} speed limits are under {slow_kmh:g} or over {fast_kmh:g} km/h, such as {limit[odd[0]]:g} in row {odd[0] + 1}",
    )
    remedy = Text("核对单位和数值；0 按没有限速", "check unit and value; 0 counts as no limit")
    return [Finding(LAYER, "warning", "SPEED_SUSPICIOUS", message, remedy, field="maxspeed_kmh", rows=len(odd))]
