"""The step of the overlays' totals: what is inside all zones of one kind together, counted once, by township."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd

from riskmap import fields
from riskmap.overlay import exposure, zones
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.overlays import AROUND, facts_of, optional, people, townships
from riskmap.workflow.steps.step import Step

LAYER = "overlay_totals"
GEOHAZARD, PIPELINE, SKETCHED, PLANT, ACCIDENT, ALL = (
    "geohazard_zones",
    "pipeline_hca",
    "pipeline_hca_sketch",
    "plant_500m",
    "fire_and_blast",
    "all",
)
COUNTS = ("zones", "people_unknown", "schools", "hospitals", "key_units")


def run(context: Context) -> Results:
    """Give ``overlay_totals``: a row per kind of zone, and one per kind and township."""
    results = Results()
    ground = _ground(context)
    if not ground:
        return results
    # ground under zones of several kinds counts once in "all"; lines that are sketches stay apart
    sure = [frame for kind, frame in ground.items() if kind != SKETCHED]
    if sure:
        ground[ALL] = gpd.GeoDataFrame(pd.concat(sure, ignore_index=True), crs=context.crs)
    sources = {
        "people": people(context, LAYER, results.findings),
        "facilities": optional(context, "facilities"),
        "roads": optional(context, "roads"),
        "levels": context.cells("risk_level") if context.has("risk_level") else None,
        "constants": facts_of(context, "exposure"),
    }
    given = townships(context)
    rows, units = given if given is not None else (pd.DataFrame({fields.NAME: [], fields.CODE: []}), [])
    tables = []
    for kind, frame in ground.items():
        told = exposure.exposed_once(frame, units, **sources)
        places = {"township": [None, *rows[fields.NAME]], "code": [None, *rows[fields.CODE]]}
        tables.append(pd.concat([pd.DataFrame({"kind": kind, **places}), told], axis=1))
    together = pd.concat(tables, ignore_index=True)
    table = together.assign(people_unknown=together["unknown"]).drop(columns=["unknown", "cell_level"], errors="ignore")
    table = table[table["township"].isna() | (table["zones"] > 0)].reset_index(drop=True)
    results.rows[LAYER] = table.astype(dict.fromkeys(COUNTS, "Int64"))
    whole = table[table["township"].isna()].set_index("kind")
    results.totals = {"people_once": {kind: _number(n) for kind, n in whole[fields.PEOPLE].items()}}
    return results


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _ground(context: Context) -> dict[str, gpd.GeoDataFrame]:
    """Give the zones of each kind that has any inside the boundary, cut to it: what lies beyond is no figure of this area."""
    found: dict[str, gpd.GeoDataFrame] = {}
    slides = optional(context, "geohazard_zones")
    if slides is not None:
        found[GEOHAZARD] = slides[["geometry"]]
    pieces = optional(context, "pipeline_hca")
    if pieces is not None:
        belt = float(context.fact("pipelines", "belt_m"))
        for kind, usable in ((PIPELINE, True), (SKETCHED, False)):
            held = pieces[(pieces["grade"] > 0) & (pieces["usable"].astype(bool) == usable)]
            found[kind] = held.set_geometry(held.buffer(belt, quad_segs=exposure.ROUND_BY))[["geometry"]]
    if context.has("hazchem_grades"):
        sources = context.rows("hazchem_sources")
        plant = zones.plant_radius_m(sources, context.project.hazchem.plant_radius_m)
        within = float(context.fact("hazchem", "residents_within_m"))
        found[PLANT] = zones.rings(sources, within_m=within, plant_m=plant)
    drawn = optional(context, "hazchem_zones")
    if drawn is not None:
        found[ACCIDENT] = drawn.loc[drawn["scenario"] != "toxic", ["geometry"]]
    inside = {kind: frame[frame.intersects(context.boundary)] for kind, frame in found.items()}
    return {
        kind: gpd.GeoDataFrame(geometry=frame.intersection(context.boundary), crs=context.crs)
        for kind, frame in inside.items()
        if len(frame)
    }


STEP = Step(
    LAYER,
    Text("叠加合计", "totals of the overlays"),
    needs=("boundary",),
    takes=(*AROUND, "geohazard_zones", "pipeline_hca", "hazchem_sources", "hazchem_grades", "hazchem_zones", "risk_level",
           "facilities", "roads", "townships"),
    gives=(LAYER,),
    options=("exposure", "hazchem", "facts"),
    run=run,
)  # fmt: skip
