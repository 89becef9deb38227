"""The figures of an evacuation, and the indicators of the shelters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmap.network import shelters
from riskmap.workflow.context import Context
from riskmap.workflow.steps.evacuation_inputs import zones_of
from riskmap.workflow.steps.evacuation_layers import hazard_m, slow_factor, taking_part, unplaced

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.workflow.steps.evacuation_solved import Solved


def figures(solved: Solved) -> dict[str, float]:
    """Give the figures of a scenario by name; minutes of walking are at the usual speed."""
    assignment, nearest, groups = solved.plan.assignment, solved.plan.nearest, solved.plan.groups
    here = ~solved.origins["id"].isin(solved.handed_on)
    people = solved.origins.loc[here, "people"].to_numpy(dtype=float)
    placed = assignment.placed
    made = {
        "people": float(people.sum()),
        "origins": float(len(people)),
        "placed": placed,
        "unplaced": float(people.sum() - placed),
        "early": float(sum(g.people for g in groups if solved.plan.times.early[g.origin])),
        "inside": float(sum(g.people for g in groups if hazard_m(solved, g.main) > 0)),
        "out_of_zone_m": max((hazard_m(solved, g.main) for g in groups), default=0.0),
        "person_minutes": assignment.person_seconds / 60,
        "mean_minutes": assignment.person_seconds / placed / 60 if placed else np.nan,
        "longest_minutes": max(
            ((g.main.seconds + solved.off_road_s[0][g.origin] + solved.off_road_s[1][g.shelter]) / 60 for g in groups),
            default=np.nan,
        ),
        "placed_bound": assignment.placed_bound,
        "gap": assignment.gap,
        "nearest_placed": float(nearest.load.sum() - nearest.turned_away.sum()),
        "nearest_turned_away": float(nearest.turned_away.sum()),
        "nearest_person_minutes": nearest.person_seconds / 60,
        "warning_min": solved.before_min[0],
        "preparation_min": solved.before_min[1],
        "usable_shelters": float((taking_part(solved.shelters)["unusable"].isna()).sum()),
        "usable_room": float(_usable_room(solved)),
    }
    made["longest_slow_minutes"] = made["longest_minutes"] * slow_factor(solved)
    if solved.emptying is not None:
        made["egress_min"] = solved.emptying.plan.egress_s / 60
        made["bound_min"] = solved.emptying.optimum.egress_s / 60
        made["total_min"] = made["egress_min"] + sum(solved.before_min)
    if solved.own is not None:
        made["own_choice_person_minutes"] = solved.own.choice.person_seconds / 60
        made["guided_person_minutes"] = solved.own.guided.person_seconds / 60
    for reason, rows in unplaced(solved).groupby("reason", sort=True):
        made[f"unplaced_{reason}"] = float(rows["people"].sum())
    if solved.wanted is not None:
        made["shelter_wanted_people"] = solved.wanted.people
    return made


def _usable_room(solved: Solved) -> float:
    rows = taking_part(solved.shelters)
    return rows.loc[rows["unusable"].isna(), "capacity"].sum()


TITLES = {
    "people": ("受威胁人数", "people threatened", "person"),
    "origins": ("转移起点", "origins", "1"),
    "placed": ("有去处的人", "people with a place", "person"),
    "unplaced": ("没有去处的人", "people without a place", "person"),
    "unplaced_not_routed": ("其中：未接入路网", "of them: on no road", "person"),
    "unplaced_no_exit": ("其中：危险区内无出路", "of them: no way out of the zone", "person"),
    "unplaced_no_shelter": ("其中：没有可用的避难场所", "of them: no shelter may be used", "person"),
    "unplaced_cut_off": ("其中：道路被切断", "of them: cut off", "person"),
    "unplaced_too_far": ("其中：距离过远", "of them: too far", "person"),
    "unplaced_full": ("其中：场所已满", "of them: shelters full", "person"),
    "early": ("必须提前转移的人", "people who must leave before the hazard strikes", "person"),
    "inside": ("从危险区内出发的人", "people who set out inside a zone", "person"),
    "out_of_zone_m": ("最远多少米才出危险区", "farthest way until out of the zone", "m"),
    "person_minutes": ("总用时", "person-minutes", "person min"),
    "mean_minutes": ("平均用时", "mean way", "min"),
    "longest_minutes": ("最长用时", "longest way", "min"),
    "longest_slow_minutes": ("最长用时（慢行者）", "longest way at a slow walker's speed", "min"),
    "placed_bound": ("最多能安置的人", "most people that can be placed", "person"),
    "gap": ("用时与最优的差距", "gap of the person-minutes to the least", "1"),
    "nearest_placed": ("各去最近场所：有去处的人", "everyone to the nearest shelter: people with a place", "person"),
    "nearest_turned_away": (
        "各去最近场所：挤不下的人",
        "everyone to the nearest shelter: people turned away",
        "person",
    ),
    "nearest_person_minutes": ("各去最近场所：总用时", "everyone to the nearest shelter: person-minutes", "person min"),
    "own_choice_person_minutes": (
        "各走最快的路（计拥堵，不含走到路边）：总用时",
        "everyone by their fastest way under congestion, on the roads alone: person-minutes",
        "person min",
    ),
    "guided_person_minutes": (
        "统一引导（计拥堵，不含走到路边）：总用时",
        "everyone led so that all together are fastest, on the roads alone: person-minutes",
        "person min",
    ),
    "egress_min": ("清空时间（本方案）", "clearance time of this plan", "min"),
    "bound_min": ("清空时间下限（任何方案）", "no plan is faster than", "min"),
    "warning_min": ("预警时间", "warning", "min"),
    "preparation_min": ("准备时间", "preparation", "min"),
    "total_min": ("从发出预警到全部到达", "from the alarm until all have arrived", "min"),
    "usable_shelters": ("可用避难场所", "usable shelters", "1"),
    "usable_room": ("可用容量", "usable room", "person"),
    "shelter_wanted_people": ("最需增设处可达的人", "people in reach of the shelter most wanted", "person"),
}
"""Figures in the order in which readers see them: zh, en, unit."""


LONGEST = (
    "longest_minutes",
    "longest_slow_minutes",
    "egress_min",
    "bound_min",
    "total_min",
    "out_of_zone_m",
    "warning_min",
    "preparation_min",
    "gap",
)
"""Figures of which the largest of the parts is the scenario's; the others add up, but for those of shelters and bounds."""

OF_PARTS = ("usable_shelters", "usable_room", "mean_minutes", "shelter_wanted_people")
"""Figures that only a part has."""


def by_mode(parts: list[Solved]) -> dict[str, dict[str, float]]:
    """Give the figures of a scenario's parts by mode, and those of the whole under ``all``."""
    made = {part.mode: figures(part) for part in parts}
    whole: dict[str, float] = {}
    for key in TITLES:
        values = [figure[key] for figure in made.values() if key in figure]
        if not values or key in OF_PARTS:
            continue
        known = [v for v in values if not np.isnan(v)]
        whole[key] = (max(known) if known else np.nan) if key in LONGEST else float(sum(values))
    return made | {"all": whole}


def summary(parts: list[Solved]) -> pd.DataFrame:
    """Give ``evacuation_summary``: one row for each figure, of the whole scenario (``all``) and of its parts."""
    solved, made = parts[0], by_mode(parts)
    rows = [
        (solved.scenario.id, solved.title.zh, solved.title.en, mode, key, *TITLES[key][:2], figure[key], TITLES[key][2])
        for mode, figure in reversed(list(made.items()))
        for key in TITLES
        if key in figure
    ]
    columns = ["scenario", "scenario_zh", "scenario_en", "mode", "measure", "title_zh", "title_en", "value", "unit"]
    return pd.DataFrame(rows, columns=columns)


def shelter_layers(context: Context) -> dict[str, Any]:
    """Give ``shelter_units`` and ``shelter_faults``."""
    rows = context.rows("shelters")
    table = context.fact_table("evacuation", "shelter_m2")
    held = shelters.room(rows, table)
    made: dict[str, Any] = {}
    if context.has("townships"):
        units = context.rows("townships")
        residents = pd.to_numeric(units["population"], errors="coerce") if "population" in units.columns else np.nan
        residents = pd.Series(residents, index=units.index).astype("Float64").astype(float)
        wanted = float(context.fact("evacuation", "plan_m2_per_resident"))
        figures = shelters.by_unit(rows, units, residents, wanted_m2=wanted)
        figures["people_beyond"] = _beyond(context, rows, held, units)
        made["shelter_units"] = units[["geometry"]].join(figures)
    faults = _faults(context, rows)
    if len(faults):
        made["shelter_faults"] = faults
    return made


def _beyond(context: Context, rows: gpd.GeoDataFrame, held: pd.DataFrame, units: gpd.GeoDataFrame) -> pd.Series:
    """Count the village people beyond the radius of every shelter, by township; NaN without villages."""
    import shapely

    if not context.has("villages"):
        return pd.Series(np.nan, index=units.index)
    villages = context.rows("villages")
    beyond = shelters.beyond_radius(villages.geometry, rows.geometry, held["radius_m"]).to_numpy()
    people = pd.to_numeric(villages["population"], errors="coerce").astype("Float64").astype(float)
    inner = villages.geometry.representative_point().to_numpy()
    at, unit = shapely.STRtree(units.geometry.to_numpy()).query(inner, predicate="intersects")
    first = pd.DataFrame({"at": at, "unit": unit}).sort_values(["at", "unit"]).drop_duplicates("at")
    count = np.nan_to_num(people.to_numpy()[first["at"]]) * beyond[first["at"]]
    return pd.Series(np.bincount(first["unit"], count, minlength=len(units)), index=units.index)


def _faults(context: Context, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    reasons = {row["layer"]: row for row in context.fact_table("evacuation", "shelter_avoid")}
    avoided = {}
    for layer, row in reasons.items():
        if not context.has(layer):
            continue
        if layer.startswith("hazard_"):
            zones = zones_of(context, layer, None).zones
            avoided[layer] = zones.geometry[zones["action"] != "penalised"]
        else:
            shapes = context.rows(layer).geometry
            shapes = shapes[shapes.notna() & ~shapes.is_empty]
            lines = shapes.geom_type.str.contains("Line")
            avoided[layer] = shapes.where(~lines, shapes.buffer(float(row.get("near_m", 0))))
    found = shelters.in_wrong_place(rows, avoided)
    words = [reasons[layer] for layer in found["layer"]]
    return gpd.GeoDataFrame(
        {
            "id": rows["id"].reindex(found["shelter"]).to_numpy(),
            "name": rows["name"].reindex(found["shelter"]).to_numpy(),
            "fault_layer": found["layer"],
            "share": found["share"],
            "reason_zh": [row["zh"] for row in words],
            "reason_en": [row["en"] for row in words],
        },
        geometry=rows.geometry.reindex(found["shelter"]).to_numpy(),
        crs=rows.crs,
    )
