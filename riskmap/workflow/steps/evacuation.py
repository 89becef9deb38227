"""The evacuation step: threatened people to shelters with room, on roads that the hazard does not cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.errors import ConservationError
from riskmap.network import snapping
from riskmap.network.access import access
from riskmap.network.evacuation_congestion import Curve, OwnChoice, own_choice
from riskmap.network.evacuation_empty import capacity_per_s, emptying
from riskmap.network.evacuation_plan import Limits, Plan, most_wanted, plan, reasons
from riskmap.network.evacuation_ways import Ways, ways
from riskmap.network.evacuation_zones import Cut, ExitLimits, cut_streets
from riskmap.network.roads import RoadNetwork
from riskmap.network.snapping import Snapped
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.evacuation_options import EvacuationScenario
from riskmap.workflow.evacuation_speeds import slow_m_s, walk_m_s
from riskmap.workflow.steps.evacuation_figures import by_mode, shelter_layers, summary
from riskmap.workflow.steps.evacuation_findings import findings, unknown_people
from riskmap.workflow.steps.evacuation_inputs import (
    Hazard,
    hazard_of,
    missing,
    origins_of,
    scenarios,
    shelters_of,
    title_of,
)
from riskmap.workflow.steps.evacuation_layers import frames as frames_of
from riskmap.workflow.steps.evacuation_layers import shelter_rows, taking_part, together
from riskmap.workflow.steps.evacuation_solved import Solved
from riskmap.workflow.steps.network import TABLES, speed_table, street_tables, walls_of
from riskmap.workflow.steps.snapping import limit_m
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

KMH = 3.6
HOUR_S = 3600.0


def run(context: Context) -> Results:
    """Give the plan, its routes and figures for every scenario, and the figures of the shelters."""
    results = Results()
    frames: dict[str, list[Any]] = {}
    for scenario in scenarios(context):
        absent = missing(context, scenario)
        if absent:
            message = Text(
                f"情景 {scenario.id} 缺 {'、'.join(absent)}，未计算",
                f"scenario {scenario.id} needs {', '.join(absent)}; not computed",
            )
            remedy = Text(
                "在 inputs 补上这些图层，或从 evacuation.scenarios 去掉此情景",
                "add these layers to inputs, or take the scenario out of evacuation.scenarios",
            )
            results.findings.append(
                Finding("evacuation_plan", "warning", "SCENARIO_SKIPPED", message, remedy, row=scenario.id)
            )
            continue
        parts = parts_of(context, scenario, results.findings)
        if not parts:
            continue
        _require_everyone(parts)
        for solved in parts:
            for layer, frame in frames_of(context, solved).items():
                frames.setdefault(layer, []).append(frame)
            results.findings += findings(solved)
        frames.setdefault("evacuation_shelters", []).append(shelter_rows(parts))
        frames.setdefault("evacuation_summary", []).append(summary(parts))
        results.totals[scenario.id] = by_mode(parts)
    results.rows = {layer: together(parts) for layer, parts in frames.items()}
    results.rows |= shelter_layers(context)
    return results


def parts_of(context: Context, scenario: EvacuationScenario, found: list[Finding]) -> list[Solved]:
    """Give the parts of a scenario: as it says and, for those who would have too far to walk, in vehicles."""
    hazard = hazard_of(context, scenario)
    origins = origins_of(context, scenario, hazard)
    found += hazard.findings
    found += unknown_people(scenario, origins)
    origins = origins[origins["people"] > 0].reset_index(drop=True)
    if not len(origins):
        message = Text(f"情景 {scenario.id} 没有受威胁的人", f"nobody is threatened in scenario {scenario.id}")
        found.append(Finding("evacuation_plan", "note", "NOBODY_THREATENED", message, row=scenario.id))
        return []
    first = solve(context, scenario, hazard, origins, None)
    far = first.reason.index[(first.reason == "too_far").to_numpy()]
    if scenario.mode == "vehicle" or not scenario.vehicles or not len(far):
        return [first]
    driven = scenario.model_copy(update={"mode": "vehicle"})
    taken = shelter_rows([first])["assigned"]
    second = solve(context, driven, hazard_of(context, driven), origins.loc[far].reset_index(drop=True), taken)
    return [_walking(first, frozenset(origins.loc[far, "id"])), second]


def _require_everyone(parts: list[Solved]) -> None:
    """Raise unless everybody of a scenario's origins has a place or is named as without one, in one of its parts.

    Raises
    ------
    ConservationError
    """
    people = float(parts[0].origins["people"].sum())
    whole = by_mode(parts)["all"]
    counted = whole["placed"] + whole["unplaced"]
    if abs(counted - people) > 1e-6 * max(people, 1.0):
        raise ConservationError(
            Text(
                f"情景 {parts[0].scenario.id}：起点合计 {people:,.3f} 人，方案里 {counted:,.3f} 人",
                f"scenario {parts[0].scenario.id}: {people:,.3f} people at the origins, {counted:,.3f} in the plan",
            ),
            layer="evacuation_plan",
        )


def _walking(solved: Solved, handed_on: frozenset[str]) -> Solved:
    """Give a part without those who go by vehicle."""
    here = ~taking_part(solved.origins)["id"].isin(handed_on).to_numpy()
    unplaced = np.where(here, solved.plan.assignment.unplaced.to_numpy(), 0.0)
    wanted = most_wanted(solved.ways, unplaced, solved.plan.times.early, solved.limit_s) if unplaced.any() else None
    return replace(solved, handed_on=handed_on, wanted=wanted)


def solve(
    context: Context,
    scenario: EvacuationScenario,
    hazard: Hazard,
    origins: gpd.GeoDataFrame,
    taken: pd.Series | None,
) -> Solved:
    """Solve a scenario in its mode of travel.

    Parameters
    ----------
    context : Context
    scenario : EvacuationScenario
    hazard : Hazard
    origins : GeoDataFrame
        With known people, above 0.
    taken : Series, optional
        Places of shelters that are taken already, on the shelters' index.
    """
    shelters = shelters_of(context, hazard)
    if taken is not None:
        shelters["capacity"] = shelters["capacity"] - taken.to_numpy()
        full = shelters["unusable"].isna() & (shelters["capacity"] <= 0)
        shelters.loc[full, "unusable"] = "full"
    cut = cut_streets(street_tables(context), hazard.zones)
    speed, network = _network(context, scenario, cut)
    snapped = [
        _snapped(context, network, name, frame) for name, frame in (("origins", origins), ("shelters", shelters))
    ]
    origins, shelters = (
        frame.assign(
            routed=s.routed, outcome=s.table["outcome"].to_numpy(), off_road_m=s.table["distance_m"].to_numpy()
        )
        for frame, s in zip((origins, shelters), snapped, strict=True)
    )
    places = [s.places.take(np.flatnonzero(s.routed)) for s in snapped]
    roads = ways(network, cut, hazard.zones, *places, limits=_exit_limits(context, scenario), depths=hazard.depths)
    walk = walk_m_s(context, scenario)
    off_road = (places[0].distance_m / walk, places[1].distance_m / walk)
    people, capacity = _people(origins), _capacity(shelters)
    limits = Limits(_limit_s(context, scenario), float(context.fact("evacuation", "backup_factor")))
    made = plan(roads, people, capacity, off_road, limits=limits, keep_whole=context.project.evacuation.keep_whole)
    full = shelters.loc[shelters["routed"], "unusable"].eq("full").to_numpy()
    reason = reasons(roads, made.times, made.assignment.unplaced, capacity, full)
    unplaced = made.assignment.unplaced.to_numpy()
    wanted = most_wanted(roads, unplaced, made.times.early, limits.way_s) if unplaced.sum() > 0 else None
    step_s = context.project.evacuation.step_s or float(context.fact("evacuation", "step_s"))
    per_s = _per_s(context, scenario, network)
    empty = emptying(roads, made, capacity, off_road, per_s, step_s=step_s)
    return Solved(
        scenario, title_of(scenario), hazard, cut, roads, origins, shelters, made, reason, wanted, empty,
        _hanging(roads), speed, slow_m_s(context, scenario), limits.way_s, _before(context, scenario), off_road,
        _own_choice(context, roads, made, per_s),
    )  # fmt: skip


def _own_choice(context: Context, roads: Ways, made: Plan, per_s: NDArray[np.float64]) -> OwnChoice | None:
    share, power, minutes, least, most = (
        float(context.fact("evacuation", key))
        for key in ("delay_share", "delay_power", "set_out_min", "closure_saving", "closures_tried")
    )
    return own_choice(roads, made, per_s, Curve(share, power, 60 * minutes), most_tried=int(most), least_share=least)


def _network(context: Context, scenario: EvacuationScenario, cut: Cut) -> tuple[float, RoadNetwork]:
    """Give the speed on foot (m/s, NaN in vehicles) and the network of pieces of streets."""
    if scenario.mode == "vehicle":
        table = speed_table(context, "car")
        night = float(context.fact("evacuation", "night_factor")) if scenario.night else 1.0
        factor = context.fact("speeds", "factor_by_hour") * night
        return float("nan"), RoadNetwork.from_streets(cut.tables, table, factor=factor)
    speed = walk_m_s(context, scenario)
    table = speed_table(context, "pedestrian")
    table = type(table)(
        table.mode, {k: v * speed for k, v in table.kmh.items()}, table.known, table.no_frontage
    )  # the table is for 1 m/s
    network = RoadNetwork.from_streets(cut.tables, table)
    return speed, _uphill(context, network)


def _uphill(context: Context, network: RoadNetwork) -> RoadNetwork:
    """Give the network with the seconds that walking on slopes takes, where slopes are known."""
    if "slope" not in network.attributes.columns:
        return network
    rows = context.fact_table("evacuation", "slopes")
    slope = np.nan_to_num(network.attributes["slope"].to_numpy(dtype=float, na_value=np.nan))
    factor = np.array([row["factor"] for row in rows])
    by = factor[np.minimum(np.searchsorted([row["up_to"] for row in rows], slope), len(rows) - 1)]
    graph = replace(network.graph, forward_s=network.graph.forward_s / by, backward_s=network.graph.backward_s / by)
    return replace(network, graph=graph)


def _snapped(context: Context, network: RoadNetwork, layer: str, frame: gpd.GeoDataFrame) -> Snapped:
    points = frame.geometry.where(frame.geom_type == "Point", frame.geometry.representative_point())
    return snapping.snap(
        network,
        points,
        layer=layer,
        ids=frame["id"].astype(str).to_numpy(),
        max_distance_m=limit_m(context),
        barriers=walls_of(context),
        island_share=context.fact("fire", "island_share"),
    )


def _people(origins: gpd.GeoDataFrame) -> pd.Series:
    taking = origins[origins["routed"]]
    return pd.Series(taking["people"].to_numpy(dtype=float), index=taking.index, name="people")


def _capacity(shelters: gpd.GeoDataFrame) -> pd.Series:
    taking = shelters[shelters["routed"]]
    room = taking["capacity"].where(taking["unusable"].isna(), 0.0).fillna(0.0)
    return pd.Series(room.to_numpy(dtype=float), index=taking.index, name="capacity")


def _exit_limits(context: Context, scenario: EvacuationScenario) -> ExitLimits:
    return ExitLimits(
        along_degrees=float(context.fact("evacuation", "along_degrees")),
        downwind_degrees=float(context.fact("evacuation", "downwind_degrees")),
        depth_tolerance_m=float(context.fact("evacuation", "depth_tolerance_m")),
        wind_from_degrees=scenario.wind_from_degrees,
    )


def _limit_s(context: Context, scenario: EvacuationScenario) -> float:
    own = context.project.evacuation.max_minutes
    key = "max_walk_min" if scenario.mode == "walk" else "max_drive_min"
    return 60.0 * (float(context.fact("evacuation", key)) if own is None else own)


def _before(context: Context, scenario: EvacuationScenario) -> tuple[float, float]:
    """Give the minutes of warning and of preparation."""
    own = {"warning_min": scenario.warning_min, "preparation_min": scenario.preparation_min}
    warning, preparation = (
        float(context.fact("evacuation", key)) if given is None else given for key, given in own.items()
    )
    return warning, preparation


def _per_s(context: Context, scenario: EvacuationScenario, network: RoadNetwork) -> NDArray[np.float64]:
    lane = context.fact("evacuation", "lane_veh_h") * context.fact("evacuation", "people_per_vehicle") / HOUR_S
    per_m = float(context.fact("evacuation", "flow_per_m_s")) if scenario.mode == "walk" else None
    table = context.fact_table("evacuation", "roads")
    return capacity_per_s(network.attributes, table, person_per_m_s=per_m, person_per_lane_s=lane)


def _hanging(roads: Ways) -> NDArray[np.int64]:
    """Give for each origin the edge of the graph on which it hangs, -1 for none; hazards aside."""
    graph = roads.graph
    base = roads.base
    share = np.ones(len(graph)) if graph.base is None else graph.share_to - graph.share_from
    found = access(graph.nodes, graph.tail, graph.head, roads.network.length_m[base] * share)
    return found.hangs_on[roads.origins]


STEP = Step(
    "evacuate",
    Text("转移安置", "evacuation"),
    needs=("boundary", "network_edges", "network_nodes", "shelters"),
    takes=(
        *TABLES, "barriers", "villages", "townships", "geohazard_points", "geohazard_zones", "hazchem_zones",
        "hazchem_sources", "hazard_*", "risk_level", "exposure_population", "dem", "pipelines",
        "power_lines", "faults",
    ),
    gives=(
        "evacuation_plan", "evacuation_routes", "evacuation_origins", "evacuation_shelters", "evacuation_closures",
        "evacuation_summary", "evacuation_arrivals", "evacuation_load", "helpful_closures", "shelter_units",
        "shelter_faults",
    ),
    options=("network", "fire", "evacuation", "facts"),
    run=run,
)  # fmt: skip
