"""The checks step: what only shows when layers are looked at together, and the totals that the project declares."""

from __future__ import annotations

from riskmap.data.catalog import house
from riskmap.data.checks import check_together
from riskmap.data.registry import Together
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Give the findings of all checks between the layers that were imported without errors."""
    inputs = context.project.inputs
    tables = set(context.database.layers())
    together = Together(
        rows_known=[layer for layer in inputs if layer in tables],
        cells_known=[layer for layer in inputs if layer in context.grids_known],
        rows=context.rows,
        cells=context.cells,
        area=context.area,
        declared=context.project.declared,
        limits=context.limits,
        files={layer: spec.path for layer, spec in inputs.items()},
    )
    return Results(findings=check_together(together))


def _inputs() -> tuple[str, ...]:
    """Give all input layers, families as patterns."""
    return tuple(id.replace("<kind>", "*") for id, spec in house().layer_specs.items() if spec.role == "input")


STEP = Step(
    name="checks",
    title=Text("图层之间的检查", "checks between layers"),
    needs=("boundary",),
    takes=_inputs(),
    gives=(),
    options=("declared", "facts"),
    run=run,
    tolerant=True,
)
