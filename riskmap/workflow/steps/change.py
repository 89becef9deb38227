"""The change step: this run's levels beside those of an earlier one."""

from __future__ import annotations

from typing import Any

from riskmap.data.findings import Finding
from riskmap.data.rasters import read_grid
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.risk import change
from riskmap.text import Text
from riskmap.workflow import record
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Give ``risk_change`` and ``risk_changes`` against the output folder that ``risk.previous`` names."""
    results = Results()
    previous = context.project.risk.previous
    folder = context.loaded.folder / previous
    earlier_run = record.read_json(folder / record.RUN)
    if earlier_run is None:
        raise SpecError(
            Text(
                f"risk.previous：{previous} 里没有完整的 run.json", f"risk.previous: {previous} has no whole run.json"
            ),
            remedy=Text("写上一次成果的输出文件夹", "name the output folder of the earlier run"),
        )
    before, after = read_grid(folder / "grids" / "risk_level.tif"), context.cells("risk_level")
    people = context.cells("exposure_population").values if context.has("exposure_population") else None
    table = change.change_table(before, after, people)
    results.grids["risk_change"] = GridResult(
        Raster(context.grid, change.change(before, after).values), Text("风险等级变化", "Change of risk level"), 7
    )
    results.rows["risk_changes"] = table
    results.totals = {"previous": earlier_run["project"]["name"], "km2": change.summary(table)}
    results.findings += _comparability(context, earlier_run["totals"].get("risk", {}))
    return results


def _comparability(context: Context, earlier: dict[str, Any]) -> list[Finding]:
    """Warn where the two runs did not classify alike: then a change of colour need not be a change of risk."""
    now = context.totals["risk"]
    same = {"breaks": earlier.get("breaks") == now["breaks"], "recipe": _alike(earlier.get("recipe"), now["recipe"])}
    differing = [key for key, equal in same.items() if not equal]
    if not differing:
        return []
    message = Text(
        f"两次成果的{'、'.join({'breaks': '分级', 'recipe': '归一化、权重或方法'}[k] for k in differing)}不同：颜色的变化不一定是风险的变化",
        f"the two runs differ in {' and '.join({'breaks': 'breaks', 'recipe': 'scales, weights or method'}[k] for k in differing)}: a change of colour need not be a change of risk",
    )
    remedy = Text(
        "用 reference 或 classify: {fixed: […]} 固定上下限和分级",
        "fix bounds and breaks with a reference or classify: {fixed: [...]}",
    )
    return [Finding("risk_change", "warning", "CHANGE_NOT_COMPARABLE", message, remedy)]


def _alike(earlier: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    """Tell whether two recipes score alike: bounds stated this year that were last year's own are the same bounds."""
    plain = [
        recipe
        and recipe
        | {"scales": {n: s | {"method": s["method"].replace("min_max", "fixed")} for n, s in recipe["scales"].items()}}
        for recipe in (earlier, now)
    ]
    return plain[0] == plain[1]


STEP = Step(
    "change",
    Text("等级变化", "change of levels"),
    needs=("boundary", "risk_level"),
    takes=("exposure_population",),
    gives=("risk_change", "risk_changes"),
    options=("risk",),
    run=run,
    asked=lambda project: project.risk.previous is not None,
)
