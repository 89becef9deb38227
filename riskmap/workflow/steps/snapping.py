"""The snapping step: how every point joins the road network, or why it does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskmap.data.findings import Finding
from riskmap.network import snapping
from riskmap.network.roads import RoadNetwork
from riskmap.network.snapping import Snapped
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.network import TABLES, fire_network, network_of, walls_of
from riskmap.workflow.steps.step import Step

BY_MODE = {
    "fire": ("fire_stations", "facilities", "hazchem_sources", "tailings_dams"),
    "car": ("rescue_teams", "hospitals", "supplies"),
    "pedestrian": ("villages", "shelters", "geohazard_points"),
}
"""Layers whose points are joined, and the way of travel whose roads count for them."""


def run(context: Context) -> Results:
    """Give ``snapping`` and a finding for every point inside the boundary that is not routed."""
    results = Results()
    tables, walls = [], walls_of(context)
    for mode, layers in BY_MODE.items():
        present = [layer for layer in layers if context.has(layer)]
        if not present:
            continue
        network = fire_network(context) if mode == "fire" else network_of(context, mode)
        for layer in present:
            snapped = snap_layer(context, network, layer, walls)
            tables.append(snapped.table.assign(mode=mode))
            results.findings += _findings(context, network, snapped)
            results.totals[layer] = {k: int(v) for k, v in snapped.table["outcome"].value_counts().items()}
    if tables:
        results.rows["snapping"] = pd.concat(tables, ignore_index=True)
    return results


def snap_layer(
    context: Context, network: RoadNetwork, layer: str, walls: Any, max_distance_m: float | None = None
) -> Snapped:
    """Join the points of a layer to a network; polygons by a point on them."""
    frame = context.rows(layer)
    points = frame.geometry.where(frame.geom_type == "Point", frame.geometry.representative_point())
    return snapping.snap(
        network,
        points,
        layer=layer,
        ids=ids_of(context, layer, frame),
        max_distance_m=limit_m(context, max_distance_m),
        barriers=walls,
        island_share=context.fact("fire", "island_share"),
    )


def limit_m(context: Context, given: float | None = None) -> float:
    """Give the farthest that a point is moved to a road, metres."""
    if given is not None:
        return given
    own = context.project.fire.max_snap_m
    return float(context.fact("fire", "snap_limit_m") if own is None else own)


def ids_of(context: Context, layer: str, frame: pd.DataFrame) -> list[str]:
    """Give the key of each row as text, else its number from 1."""
    key = context.catalog.layer(layer).key
    numbers = [str(i + 1) for i in range(len(frame))]
    if key is None or key not in frame.columns:
        return numbers
    return [n if pd.isna(v) else str(v) for v, n in zip(frame[key], numbers, strict=True)]


def _findings(context: Context, network: RoadNetwork, snapped: Snapped) -> list[Finding]:
    """Give findings for points inside the boundary; those outside, where there need be no roads, are counted in a note."""
    inside = (
        snapped.table.intersects(context.boundary).to_numpy() | (snapped.table["outcome"] == "no_position").to_numpy()
    )
    limit = limit_m(context)
    found = snapping.findings(
        network, Snapped(snapped.table[inside], snapped.places.take(np.flatnonzero(inside))), max_distance_m=limit
    )
    outside = int((~inside & ~snapped.routed).sum())
    if outside:
        message = Text(f"边界外有 {outside} 个点未接入路网", f"{outside} points outside the boundary are not routed")
        found.append(Finding(snapped.table["layer"].iloc[0], "note", "SNAP_OUTSIDE", message, rows=outside))
    return found


STEP = Step(
    "snapping",
    Text("点位接入路网", "points on the road network"),
    needs=("boundary", "network_edges", "network_nodes"),
    takes=(*TABLES, "barriers", *(layer for layers in BY_MODE.values() for layer in layers)),
    gives=("snapping",),
    options=("network", "fire", "facts"),
    run=run,
)
