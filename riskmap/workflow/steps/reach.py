"""The reach step: the plans' other questions of time, such as rescue to red areas in two hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.errors import SpecError
from riskmap.network import reach, snapping
from riskmap.network.reach import Reached
from riskmap.network.roads import RoadNetwork
from riskmap.network.snapping import Snapped
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.network import TABLES, fire_network, network_of, walls_of
from riskmap.workflow.steps.snapping import ids_of, limit_m
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

CELLS = "risk_level"
"""A grid of levels that a question may ask about: every cell of the levels named is a target."""

PEOPLE_COLUMNS = ("people", "population", "threatened_people", "people_below", "capacity")
"""Where the people at a target stand, the first column that is there."""

POINT_LAYERS = (
    "fire_stations",
    "rescue_teams",
    "hospitals",
    "supplies",
    "shelters",
    "villages",
    "facilities",
    "geohazard_points",
    "hazchem_sources",
    "tailings_dams",
    "reservoirs",
    "risk_points",
    "buildings",
    "townships",
    "forest",
    "built_up",
)
"""Layers that a question may name; of polygons a point on each."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """The rows of a layer that a question speaks of: points, ids, names and people (None where the layer has none)."""

    layer: str
    points: gpd.GeoSeries
    ids: list[str]
    names: list[str | None]
    people: pd.Series | None


def run(context: Context) -> Results:
    """Give ``reach_results`` and ``reach_summary``; nothing where the project asks no question."""
    results = Results()
    networks: dict[Any, RoadNetwork] = {}
    rows, figures = [], []
    walls = walls_of(context) if context.project.reach else None
    for question in context.project.reach:
        missing = [layer for layer in (question.sources, question.to) if not context.has(layer)]
        if missing:
            results.findings.append(_absent(question, missing))
            continue
        key = (question.mode, tuple(sorted(question.speeds_kmh.items())))
        if key not in networks:
            networks[key] = _network(context, question)
        answer = _answer(context, question, networks[key], walls)
        rows.append(answer[0])
        figures.append(answer[1])
        results.findings += answer[2]
    if rows:
        results.rows = {
            "reach_results": pd.concat(rows, ignore_index=True),
            "reach_summary": pd.DataFrame(figures),
        }
    results.totals = {f["question"]: f for f in figures}
    return results


def _network(context: Context, question: Any) -> RoadNetwork:
    """Give the network of a question; fire engines drive as in the fire circle, but for speeds of the question's own."""
    if question.mode == "fire":
        return fire_network(context, question.speeds_kmh)
    return network_of(context, question.mode, speeds_kmh=question.speeds_kmh)


def _answer(
    context: Context, question: Any, network: RoadNetwork, walls: NDArray | None
) -> tuple[gpd.GeoDataFrame, dict[str, Any], list[Finding]]:
    """Answer one question: the results by target, the figures, and what deserves a look."""
    sources = _asked(context, question.sources, question.source_kinds)
    targets = _asked(context, question.to, question.kinds, question.levels, question.where)
    limit = limit_m(context, question.max_snap_m)
    joined = [
        snapping.snap(
            network,
            asked.points,
            layer=asked.layer,
            ids=asked.ids,
            max_distance_m=limit,
            barriers=walls,
            island_share=context.fact("fire", "island_share"),
        )
        for asked in (sources, targets)
    ]
    routed = np.flatnonzero(joined[0].routed)
    found = reach.first_arrivals(
        network, joined[0].places.take(routed), joined[1].places, ready_s=question.ready_min * 60
    )
    # who stands on an island is not routed, though a road lies near
    seconds = np.where(joined[1].routed, found.seconds, np.inf)
    found = Reached(seconds, np.where(np.isfinite(seconds), found.source, -1))
    frame = _frame(question, sources, targets, joined[1], routed, found)
    figures = reach.summary(found, joined[1].routed, targets.people, limit_s=question.limit_min * 60)
    head = {
        "question": question.id,
        "title_zh": question.title.zh,
        "title_en": question.title.en,
        "limit_min": question.limit_min,
        "ready_min": question.ready_min,
        "mode": question.mode,
        "sources": len(routed),
        "sources_left_out": len(sources.ids) - len(routed),
    }
    return frame, head | figures, _findings(question, head | figures)


def _frame(
    question: Any, sources: _Asked, targets: _Asked, joined: Snapped, routed: NDArray[np.int64], found: Reached
) -> gpd.GeoDataFrame:
    import geopandas as gpd

    comes = np.isfinite(found.seconds)
    by = np.full(len(targets.ids), None, dtype=object)
    by[comes] = np.array(sources.ids, dtype=object)[routed[found.source[comes]]]
    return gpd.GeoDataFrame(
        {
            "question": question.id,
            "layer": targets.layer,
            "id": targets.ids,
            "name": targets.names,
            "people": np.nan if targets.people is None else targets.people.to_numpy(dtype=float, na_value=np.nan),
            "source_id": by,
            "minutes": np.where(comes, found.seconds / 60.0, np.nan),
            "within": found.seconds <= question.limit_min * 60 + 1e-9,
            "outcome": joined.table["outcome"].to_numpy(),
        },
        geometry=targets.points.to_numpy(),
        crs=targets.points.crs,
    )


def _asked(
    context: Context, layer: str, kinds: tuple[str, ...], levels: tuple[int, ...] = (), where: str | None = None
) -> _Asked:
    """Give the points of a layer, or of the cells of some levels."""
    if layer == CELLS:
        return _cells(context, levels)
    frame = context.database.read(layer, where=where)
    frame = _chosen(frame, layer, "kind", kinds)
    frame = _chosen(frame, layer, "level", levels).reset_index(drop=True)
    points = frame.geometry.where(frame.geom_type == "Point", frame.geometry.representative_point())
    column = next((c for c in PEOPLE_COLUMNS if c in frame.columns), None)
    given = frame["name"] if "name" in frame.columns else [None] * len(frame)
    names = [None if pd.isna(n) else str(n) for n in given]
    people = None if column is None else pd.to_numeric(frame[column], errors="coerce")
    return _Asked(layer, points, ids_of(context, layer, frame), names, people)


def _chosen(frame: gpd.GeoDataFrame, layer: str, column: str, values: tuple[Any, ...]) -> gpd.GeoDataFrame:
    if not values:
        return frame
    if column not in frame.columns:
        raise SpecError(
            Text(f"reach：图层 {layer} 没有 {column}", f"reach: the layer {layer} has no {column}"), layer=layer
        )
    return frame[frame[column].isin(values)]


def _cells(context: Context, levels: tuple[int, ...]) -> _Asked:
    """Give the cells of some levels, all known ones where none is named, with their people."""
    import geopandas as gpd

    values = context.cells(CELLS).values.ravel()
    at = np.flatnonzero(np.isin(values, levels or (1, 2, 3, 4)) & context.inside.ravel())
    x, y = np.meshgrid(*context.grid.centres())
    points = gpd.GeoSeries(shapely.points(x.ravel()[at], y.ravel()[at]), crs=context.crs)
    row, column = np.divmod(at, context.grid.shape[1])
    ids = [f"{r}-{c}" for r, c in zip(row, column, strict=True)]
    people = None
    if context.has("exposure_population"):
        people = pd.Series(context.cells("exposure_population").values.ravel()[at])
    return _Asked(CELLS, points, ids, [None] * len(ids), people)


def _absent(question: Any, missing: list[str]) -> Finding:
    message = Text(
        f"可达性问题 {question.id} 缺图层 {'、'.join(missing)}，未计算",
        f"the question {question.id} lacks the layers {', '.join(missing)}; not answered",
    )
    return Finding("reach_results", "note", "REACH_SKIPPED", message, row=question.id)


def _findings(question: Any, figures: dict[str, Any]) -> list[Finding]:
    if not (figures["targets"] and figures["sources"]):
        return [_empty(question, figures)]
    late = figures["targets"] - figures["within"]
    if not late:
        return []
    off, cut = figures["not_routed"], figures["unreachable"]
    message = Text(
        f"{question.title.zh}：{figures['targets']} 个对象中 {late} 个不能在 {question.limit_min:g} 分钟内到达（超时 {late - off - cut}，未接入 {off}，到不了 {cut}）",
        f"{question.title.en}: {late} of {figures['targets']} targets are not reached in {question.limit_min:g} minutes ({late - off - cut} later, {off} not routed, {cut} without a way)",
    )
    remedy = Text(
        "到不了的见 reach_results；增设力量，或核对道路和位置",
        "reach_results names them; add teams, or check roads and places",
    )
    return [Finding("reach_results", "warning", "REACH_LATE", message, remedy, row=question.id, rows=late)]


def _empty(question: Any, figures: dict[str, Any]) -> Finding:
    """Say that a question has nobody to ask about, or nobody who could come."""
    if not figures["targets"]:
        message = Text(
            f"{question.title.zh}：{question.to} 中没有符合条件的对象，问题没有答案",
            f"{question.title.en}: no row of {question.to} is meant; the question has no answer",
        )
    else:
        message = Text(
            f"{question.title.zh}：{question.sources} 中没有可出发的点（未接入路网 {figures['sources_left_out']}），{figures['targets']} 个对象都到不了",
            f"{question.title.en}: nobody sets out from {question.sources} ({figures['sources_left_out']} not routed); none of {figures['targets']} targets is reached",
        )
    remedy = Text("核对 kinds、source_kinds、levels 和 where", "check kinds, source_kinds, levels and where")
    return Finding("reach_results", "warning", "REACH_EMPTY", message, remedy, row=question.id)


def _named(project: Any) -> tuple[str, ...]:
    """Give the layers that the project's questions speak of."""
    asked = {layer for question in project.reach for layer in (question.sources, question.to)}
    people = ("exposure_population",) if CELLS in asked else ()
    return (*TABLES, "barriers", *people, *sorted(asked))


STEP = Step(
    "reach",
    Text("其他可达性问题", "other questions of reach"),
    needs=("boundary", "network_edges", "network_nodes"),
    takes=(*TABLES, "barriers", CELLS, "exposure_population", *POINT_LAYERS),
    gives=("reach_results", "reach_summary"),
    options=("network", "fire", "reach", "facts"),
    run=run,
    named=_named,
    asked=lambda project: bool(project.reach),
)
