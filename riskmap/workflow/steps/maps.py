"""The map step: both zoning maps as pages that open anywhere."""

from __future__ import annotations

from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Write the pages."""
    return Results()


STEP = Step("map", Text("地图网页", "map pages"), ("risk_zones",), (), ("maps",), ("name", "output"), run)
