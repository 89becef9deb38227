"""The step of tailings dams: which stand above people, by count, by register or by statement."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from riskmap.data.findings import Finding, Severity
from riskmap.overlay import dams
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.overlays import AROUND, about, facts_of, people, township_at
from riskmap.workflow.steps.step import Step

LAYER = "overhead_dams"
UNKNOWN = Text(
    "周边人口、登记人数和登记结论都没有，不能判定是不是头顶库",
    "neither people nearby, register nor statement is known: it is not known whether they stand above people",
)
DENIED = Text(
    "登记为不是头顶库，但附近有居民或登记有下游人数，按头顶库列出",
    "stated as not above people, but people live nearby or are registered below: listed as above people",
)
LEAST = Text("周边有人口未知的地方，人数只是下限", "places nearby have unknown people: the count is a lower bound")


def run(context: Context) -> Results:
    """Give ``overhead_dams``."""
    results = Results()
    rows = context.rows("tailings_dams")
    where = people(context, LAYER, results.findings)
    dem = context.cells("dem") if context.has("dem") else None
    made = dams.overhead_dams(rows, where, dem, **facts_of(context, "dams"))
    township = township_at(context, rows.geometry.representative_point())
    if "township" in rows.columns:
        township = township.where(township.notna(), rows["township"])
    made = made.assign(township=township, inside=rows.intersects(context.boundary))
    results.rows[LAYER] = made[[*[c for c in made.columns if c != "geometry"], "geometry"]]
    results.findings += _findings(made)
    results.totals = _totals(made, where)
    return results


def _findings(made: gpd.GeoDataFrame) -> list[Finding]:
    above, stated = made["overhead"], made["stated_overhead"]
    found = []
    severity: Severity
    for code, severity, rows, text in (
        ("OVERHEAD_UNKNOWN", "warning", above.isna(), UNKNOWN),
        ("OVERHEAD_STATED", "warning", above.eq(True) & stated.eq(False), DENIED),
        ("PEOPLE_UNKNOWN", "note", made["people_unknown"] > 0, LEAST),
    ):
        found += about("tailings_dams", severity, code, text, made["id"][rows.fillna(False).to_numpy(bool)])
    return found


def _totals(made: gpd.GeoDataFrame, where: Any) -> dict[str, Any]:
    inside = made[made["inside"]]
    return {
        "dams": len(made),
        "dams_inside": len(inside),
        "overhead": int(inside["overhead"].eq(True).sum()),
        "overhead_unknown": int(inside["overhead"].isna().sum()),
        "people_from": where.source if where else None,
    }


STEP = Step(
    "dams",
    Text("尾矿库（头顶库）", "tailings dams"),
    needs=("boundary", "tailings_dams"),
    takes=(*AROUND, "dem", "townships"),
    gives=(LAYER,),
    options=("exposure", "facts"),
    run=run,
)
