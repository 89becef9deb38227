"""What the overlay steps share: where people are, and a topic's facts with their use remembered."""

from __future__ import annotations

from typing import Any

from riskmap.data.findings import Finding
from riskmap.overlay import exposure
from riskmap.overlay.exposure import Settled
from riskmap.text import Text
from riskmap.workflow.context import Context

PEOPLE_FROM = {
    "buildings": Text("房屋", "buildings"),
    "raster": Text("人口格网", "population cells"),
    "villages": Text("村和社区", "villages"),
}
AROUND = ("buildings", "exposure_population", "villages")
"""Layers from which people may be counted."""


def facts_of(context: Context, topic: str) -> dict[str, Any]:
    """Give all values of a topic, the project's where it sets one; each counts as used."""
    return {key: context.fact(topic, key) for key in context.catalog.facts(topic).values}


def optional(context: Context, layer: str) -> Any:
    """Read a layer where it is there, else None."""
    return context.rows(layer) if context.has(layer) else None


def people(context: Context, layer: str, findings: list[Finding]) -> Settled | None:
    """Choose where people are counted, and say so in a finding of ``layer``."""
    cells = context.cells("exposure_population") if context.has("exposure_population") else None
    where = exposure.settled(
        buildings=optional(context, "buildings"),
        cells=cells,
        villages=optional(context, "villages"),
        prefer=context.project.exposure.people,
        constants=facts_of(context, "exposure"),
    )
    if where is None:
        text = Text("没有可统计的人口数据，范围内人数未知", "no layer states people: those inside zones are unknown")
        remedy = Text(
            "补充 exposure_population、buildings（人数）或 villages",
            "add exposure_population, buildings with people, or villages",
        )
        findings.append(Finding(layer, "warning", "PEOPLE_SOURCE", text, remedy))
        return None
    words = PEOPLE_FROM[where.source]
    text = Text("范围内人口按{s}统计，未知 {n} 处", "people inside zones are counted from {s}; {n} places unknown")
    findings.append(Finding(layer, "note", "PEOPLE_SOURCE", text.format(s=words, n=where.unknown)))
    return where


def townships(context: Context) -> Any:
    """Give the townships by code and the ground of each inside the boundary; None where there are none."""
    from riskmap import fields, zonal

    if not context.has("townships"):
        return None
    rows = context.rows("townships").sort_values(fields.CODE, kind="stable").reset_index(drop=True)
    ground, _ = zonal.partition(rows, context.boundary)
    return rows, list(ground)


def township_at(context: Context, points: Any) -> Any:
    """Give the name of the township that holds each point; missing in none."""
    import numpy as np
    import pandas as pd
    import shapely

    given = townships(context)
    names = pd.Series(None, index=points.index, dtype=object)
    if given is not None and len(points):
        rows, ground = given
        at, unit = shapely.STRtree(np.asarray(ground, object)).query(points.to_numpy(), predicate="intersects")
        first = pd.DataFrame({"at": at, "unit": unit}).sort_values(["at", "unit"]).drop_duplicates("at")
        names.iloc[first["at"].to_numpy()] = rows["name"].to_numpy(object)[first["unit"]]
    return names
