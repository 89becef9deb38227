"""The steps of a build, in order. A step reads named layers and gives named layers."""

from __future__ import annotations

from riskmap.workflow.steps import checks, maps, risk, zones
from riskmap.workflow.steps.step import Step

STEPS: tuple[Step, ...] = (checks.STEP, risk.STEP, zones.STEP, maps.STEP)
"""After the imports, which the inputs of the project make."""

__all__ = ["STEPS", "Step"]
