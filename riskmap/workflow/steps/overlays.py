"""What the overlay steps share: where people are, and a topic's facts with their use remembered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from riskmap.data.findings import NAMED, Finding, Severity
from riskmap.data.rules import listed
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

SHOWN = 8
"""Rows that the sentence of a finding names."""


def facts_of(context: Context, topic: str) -> dict[str, Any]:
    """Give all values of a topic, the project's where it sets one; each counts as used."""
    return {key: context.fact(topic, key) for key in context.catalog.facts(topic).values}


def about(
    layer: str,
    severity: Severity,
    code: str,
    text: Text,
    names: Iterable[Any],
    remedy: Text | None = None,
    field: str | None = None,
) -> list[Finding]:
    """Say something of several rows: their number and the first names after the text; nothing of no rows."""
    every = tuple(str(n) for n in names)
    if not every:
        return []
    told = Text("{t}（{n} 处：{l}）", "{t} ({n}: {l})").format(t=text, n=len(every), l=listed(every, SHOWN))
    return [Finding(layer, severity, code, told, remedy, field=field, rows=len(every), named=every[:NAMED])]


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
    from riskmap import zonal

    if not context.has("townships"):
        return None
    rows = zonal.by_code(context.rows("townships"))
    ground, _ = zonal.partition(rows, context.boundary)
    return rows, list(ground)


def township_at(context: Context, points: Any) -> Any:
    """Give the name of the township that holds each point; missing in none."""
    import numpy as np
    import pandas as pd

    from riskmap import fields, zonal

    given = townships(context)
    names = pd.Series(None, index=points.index, dtype=object)
    if given is not None and len(points):
        rows, ground = given
        unit = zonal.first_holding(np.asarray(ground, object), points.to_numpy())
        names[unit >= 0] = rows[fields.NAME].to_numpy(object)[unit[unit >= 0]]
    return names
