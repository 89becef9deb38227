"""The steps of a build, in order. A step reads named layers and gives named layers."""

from __future__ import annotations

from riskmap.workflow.steps import maps, qgis, risk, sheets, zones
from riskmap.workflow.steps.step import Step

STEPS: tuple[Step, ...] = (risk.STEP, zones.STEP, maps.STEP, sheets.STEP, qgis.STEP)
"""After the imports, which the inputs of the project make."""

__all__ = ["STEPS", "Step"]
