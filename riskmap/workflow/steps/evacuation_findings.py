"""What deserves a look in an evacuation: who has no place and why, who has to leave early, single ways in, closures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.findings import Finding
from riskmap.network.evacuation_legs import NAMELESS
from riskmap.text import Text
from riskmap.workflow.steps.evacuation_layers import closures, taking_part, unplaced

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.workflow.evacuation_options import EvacuationScenario
    from riskmap.workflow.steps.evacuation_solved import Solved

PLAN = "evacuation_plan"
MODES = {"walk": Text("（步行）", " on foot"), "vehicle": Text("（乘车）", " by vehicle")}
REASONS = {
    "not_routed": (
        Text("离道路太远或在孤立路段上", "too far from any road, or on a road cut off from the rest"),
        Text("补上通到它的道路", "add the road that leads there"),
    ),
    "no_exit": (
        Text("灾害发生后没有路能离开危险区", "no road leads out of the zone"),
        Text("补上道路，或另行组织转移", "add the road, or arrange for them apart"),
    ),
    "no_shelter": (
        Text(
            "没有一处避难场所可用：都在危险区内、容量未知或为 0、未接入路网",
            "no shelter may be used: all are in the hazard, of unknown or no room, or on no road",
        ),
        Text(
            "增设避难场所，或补上容量（见 evacuation_shelters.unusable）",
            "open one, or fill in their room (see evacuation_shelters.unusable)",
        ),
    ),
    "cut_off": (
        Text("到任何避难场所的路都被危险区切断", "hazard zones cut every road to a shelter"),
        Text("在这一侧增设避难场所", "open a shelter on this side"),
    ),
    "too_far": (
        Text("最近的避难场所超出最长用时", "the nearest shelter is beyond the longest way"),
        Text("增设避难场所，或安排车辆", "open a shelter nearer by, or send vehicles"),
    ),
    "full": (Text("可达的避难场所已满", "the shelters within reach are full"), Text("扩容或增设避难场所", "add room")),
}


def unknown_people(scenario: EvacuationScenario, origins: gpd.GeoDataFrame) -> list[Finding]:
    """Name the origins whose people are unknown: they are not in the plan."""
    unknown = origins[origins["people"].isna()]
    if not len(unknown):
        return []
    ids = unknown["id"].astype(str).tolist()
    shown = "、".join(ids[:5]) + (" …" if len(ids) > 5 else "")
    message = Text(
        f"情景 {scenario.id}：{len(ids)} 处人数未知，未列入方案：{shown}",
        f"scenario {scenario.id}: the people of {len(ids)} origins are unknown; not in the plan: {shown.replace('、', ', ')}",
    )
    remedy = Text("补上人数；未知不是 0", "fill in the people; unknown is not 0")
    return [Finding(PLAN, "warning", "PEOPLE_UNKNOWN", message, remedy, row=scenario.id, rows=len(ids))]


def findings(solved: Solved) -> list[Finding]:
    """Say who has no place and why, who has to leave before the hazard strikes, and which way in is the only one."""
    found = []
    for _, row in unplaced(solved).iterrows():
        why, remedy = REASONS[row["reason"]]
        message = Text("{s}：{n:,.0f} 人没有去处：{w}", "{s}: {n:,.0f} people have no place: {w}")
        found.append(
            Finding(
                PLAN,
                "warning",
                f"UNPLACED_{row['reason'].upper()}",
                Text(row["name"] or row["id"], row["name"] or row["id"])
                + Text(" ", " ")
                + message.format(s=_who(solved), n=row["people"], w=why),
                remedy,
                row=str(row["id"]),
                geometry=row["geometry"],
            )
        )
    return found + _notes(solved)


def _who(solved: Solved) -> Text:
    """Name the part of a scenario: those on foot and those in vehicles are planned apart."""
    return solved.title + MODES[solved.mode]


def _notes(solved: Solved) -> list[Finding]:
    found = []
    origins = taking_part(solved.origins).reset_index(drop=True)
    placed = origins["people"].to_numpy(dtype=float) - solved.plan.assignment.unplaced.to_numpy()
    early = origins[solved.plan.times.early & (placed > 0)]
    if len(early):
        names = "、".join(early["name"].astype(str)[:5]) + (" …" if len(early) > 5 else "")
        message = Text(
            f"{_who(solved).zh}：{len(early)} 处 {placed[early.index].sum():,.0f} 人在灾害发生后没有符合规则的出路，必须提前转移：{names}",
            f"{_who(solved).en}: {placed[early.index].sum():,.0f} people of {len(early)} origins have no way out by the rules once the hazard strikes and must leave before: {names.replace('、', ', ')}",
        )
        remedy = Text("路线按提前转移给出", "their routes are for leaving early")
        found.append(Finding(PLAN, "warning", "LEAVE_EARLY", message, remedy, row=solved.scenario.id, rows=len(early)))
    single = origins[(solved.hanging >= 0) & ~origins["id"].isin(solved.handed_on).to_numpy()]
    if len(single):
        names = "、".join(single["name"].astype(str)[:5]) + (" …" if len(single) > 5 else "")
        message = Text(
            f"{_who(solved).zh}：{len(single)} 处只有一条进出道路：{names}",
            f"{_who(solved).en}: {len(single)} origins have a single way in and out: {names.replace('、', ', ')}",
        )
        found.append(Finding(PLAN, "note", "SINGLE_ACCESS", message, row=solved.scenario.id, rows=len(single)))
    if solved.wanted is not None:
        place = _place(solved, solved.wanted.node)
        message = Text(
            f"{_who(solved).zh}：在此处增设避难场所，{solved.wanted.people:,.0f} 名没有去处的人能在时限内到达",
            f"{_who(solved).en}: a shelter here would be in reach of {solved.wanted.people:,.0f} people without a place",
        )
        found.append(Finding(PLAN, "note", "SHELTER_WANTED", message, row=solved.scenario.id, geometry=place))
    return found + _closing(solved)


def _closing(solved: Solved) -> list[Finding]:
    """Name the road whose closing speeds everyone up, where people choose their own way."""
    rows = closures(solved)
    if not len(rows):
        return []
    best = rows.iloc[0]
    name = Text(best["name"], best["name"]) if best["name"] else NAMELESS
    message = Text(
        f"{_who(solved).zh}：各走最快的路时，封掉{name.zh}一段 {best['length_m']:,.0f} 米（{best['people']:,.0f} 人走此路）"
        f"反而让大家总用时少 {best['saved_share']:.1%}",
        f"{_who(solved).en}: where everyone takes their fastest way, closing {best['length_m']:,.0f} m of {name.en}"
        f" (taken by {best['people']:,.0f} people) saves {best['saved_share']:.1%} of the time of all together",
    )
    remedy = Text(
        "按方案引导；放行时可封此段，先实地核实", "lead people by the plan; where they are not led, consider closing it"
    )
    where = best["geometry"]
    row = solved.scenario.id
    return [
        Finding("helpful_closures", "note", "CLOSURE_HELPS", message, remedy, row=row, rows=len(rows), geometry=where)
    ]


def _place(solved: Solved, node: int) -> Any:
    import shapely

    graph = solved.ways.graph
    if node < len(solved.ways.network.xy):
        return shapely.Point(solved.ways.network.xy[node])
    edge = int(np.flatnonzero(graph.tail == node)[0])
    line = solved.ways.network.lines[solved.ways.base[edge]]
    return shapely.line_interpolate_point(line, graph.share_from[edge], normalized=True)
