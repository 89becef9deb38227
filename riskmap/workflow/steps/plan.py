"""The plan step: the plan's targets beside what the data give, each with the layer and filter behind it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from riskmap.data.catalog import house
from riskmap.data.spec import build
from riskmap.errors import SpecError
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.plan_options import RELATIONS, CountSpec, TargetSpec
from riskmap.workflow.steps.step import Step

MET, MISSED, UNTOLD = Text("达到", "met"), Text("未达到", "not met"), Text("无法判断", "can't be told")
UNASKED = Text("无目标值", "no target")
NOT_A_NUMBER = float("nan")


class Counted(NamedTuple):
    """A number counted from rows, and how many of the rows do not state what was counted."""

    value: float
    unknown: int


def run(context: Context) -> Results:
    """Give ``plan_indicators``, and how many targets are met."""
    rows = [_row(context, target) for target in targets(context)]
    table = pd.DataFrame(rows).astype({"met": "Int64", "unknown": "Int64"}) if rows else None
    if table is None:
        return Results()
    tally = {
        "met": int((table["met"] == 1).sum()),
        "missed": int((table["met"] == 0).sum()),
        "untold": int((table["met"].isna() & table["relation"].notna()).sum()),
    }
    return Results(rows={"plan_indicators": table}, totals=tally)


def targets(context: Context) -> tuple[TargetSpec, ...]:
    """Give the project's targets, after those of the house whose layers are there and whose id the project leaves free."""
    own = context.project.plan
    taken = {target.id for target in own}
    common = [build(TargetSpec, row, "layers/facts/plan.yaml") for row in context.fact_table("plan", "targets")]
    return (*(t for t in common if t.id not in taken and all(map(context.has, t.layers))), *own)


def measure(rows: pd.DataFrame, what: str) -> Counted:
    """Count rows, add up lengths (km) or areas (ha) of their shapes, or sum, max, min, mean, distinct of a column.

    Nothing known of some rows gives NaN; no rows give 0, and NaN for max, min and mean.
    """
    if what == "count":
        return Counted(float(len(rows)), 0)
    if what in ("km", "ha"):
        sizes = rows.geometry.length / 1e3 if what == "km" else rows.geometry.area / 1e4
        return Counted(float(sizes.sum()), 0)
    how, column = what.split(":")
    if how == "distinct":
        return Counted(float(rows[column].nunique()), int(rows[column].isna().sum()))
    values = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    known = values[~np.isnan(values)]
    if not len(known):
        return Counted(0.0 if how == "sum" and not len(values) else NOT_A_NUMBER, len(values))
    return Counted(float(getattr(np, how)(known)), len(values) - len(known))


def judged(value: float, target: float, relation: str, what: str, unknown: int) -> bool | None:
    """Tell whether a target is met; None where rows that state nothing could turn the answer.

    Sums, counts and maxima only grow with what is not known (amounts are not negative), so a floor that is reached
    stays reached and a ceiling that is passed stays passed.
    """
    if math.isnan(value):
        return None
    met = {
        "at_least": value >= target or math.isclose(value, target, rel_tol=1e-9),
        "at_most": value <= target or math.isclose(value, target, rel_tol=1e-9),
        "equals": math.isclose(value, target, rel_tol=1e-6),
    }[relation]
    grows = not what.startswith(("mean", "min", "per"))
    certain = grows and ((relation == "at_least" and met) or (relation != "at_least" and value > target and not met))
    return met if not unknown or certain else None


def _row(context: Context, target: TargetSpec) -> dict[str, Any]:
    top = _counted(context, target)
    below = None if target.per is None else _counted(context, target.per)
    value = top.value * target.factor
    unknown = top.unknown
    what = target.measure
    if below is not None:
        value = value / below.value if below.value else NOT_A_NUMBER
        unknown, what = unknown + below.unknown, target.measure if not below.unknown else "per"
    relation = target.relation
    met = None if relation is None else judged(value, target.target, relation, what, unknown)
    verdict = UNASKED if relation is None else UNTOLD if met is None else MET if met else MISSED
    per = target.per
    return {
        "id": target.id,
        "name": target.name.pick(context.lang),
        "value": value,
        "relation": None if relation is None else RELATIONS[relation],
        "target": target.target,
        "unit": target.unit.pick(context.lang),
        "met": None if met is None else int(met),
        "verdict": verdict.pick(context.lang),
        "unknown": unknown,
        "layer": target.layer,
        "filter": target.where,
        "measure": target.measure,
        "per": None if per is None else "; ".join(filter(None, (per.layer, per.where, per.measure))),
        "source": target.source.pick(context.lang) or None,
    }


def _counted(context: Context, what: CountSpec) -> Counted:
    """Count in the database; NaN when the layer was not made, or came without a column that it may have."""
    if not context.has(what.layer):
        return Counted(NOT_A_NUMBER, 0)
    try:
        rows = context.database.read(what.layer, where=what.where)
        column = what.measure.partition(":")[2]
        if column and column not in rows.columns and column in context.catalog.layer(what.layer).fields:
            return Counted(NOT_A_NUMBER, len(rows))
        return measure(rows, what.measure)
    except (KeyError, ValueError, OSError) as error:
        raise SpecError(
            Text(
                f"plan：图层 {what.layer} 数不了（{what.where or '全部'}；{what.measure}）：{error}",
                f"plan: the layer {what.layer} can't be counted ({what.where or 'all rows'}; {what.measure}): {error}",
            ),
            remedy=Text(
                f"列名见 riskmap layers show {what.layer}", f"see the columns with riskmap layers show {what.layer}"
            ),
            layer=what.layer,
        ) from error


def _named(project: Any) -> tuple[str, ...]:
    """Give the layers that the targets speak of."""
    common = [build(TargetSpec, row, "plan.yaml") for row in house().facts("plan").tables["targets"].rows]
    return tuple(sorted({layer for target in (*common, *project.plan) for layer in target.layers}))


STEP = Step(
    "plan",
    Text("规划目标对照", "targets of the plan"),
    needs=("boundary",),
    takes=(),
    gives=("plan_indicators",),
    options=("plan", "output", "facts"),
    run=run,
    named=_named,
    speaks=True,
)
