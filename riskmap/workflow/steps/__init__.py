"""The steps of a build, in order. A step reads named layers and gives named layers."""

from __future__ import annotations

from riskmap.workflow.steps import chains, geohazards, hazchem, maps, pipelines, risk, risk_points, tables, zones
from riskmap.workflow.steps.step import Step

STEPS: tuple[Step, ...] = (
    risk.STEP,
    zones.STEP,
    geohazards.STEP,
    pipelines.STEP,
    hazchem.STEP,
    risk_points.STEP,
    # steps that make evacuation_routes come before this line: chains reads them
    chains.STEP,
    tables.STEP,
    maps.STEP,
)
"""After the imports, which the inputs of the project make."""

__all__ = ["STEPS", "Step"]
