"""The steps of a build, in order. A step reads named layers and gives named layers."""

from __future__ import annotations

from riskmap.workflow.steps import (
    assets,
    cards,
    chains,
    change,
    checks,
    coverage,
    dams,
    evacuation,
    geohazards,
    hazchem,
    maps,
    network,
    overlay_totals,
    pipelines,
    plan,
    qgis,
    reach,
    risk,
    risk_points,
    sensitivity,
    sheets,
    siting,
    snapping,
    tables,
    zones,
)
from riskmap.workflow.steps.step import Step

STEPS: tuple[Step, ...] = (
    checks.STEP,
    assets.STEP,
    risk.STEP,
    zones.STEP,
    sensitivity.STEP,
    change.STEP,
    network.STEP,
    snapping.STEP,
    coverage.STEP,
    siting.STEP,
    reach.STEP,
    geohazards.STEP,
    dams.STEP,
    pipelines.STEP,
    hazchem.STEP,
    risk_points.STEP,
    overlay_totals.STEP,
    evacuation.STEP,
    chains.STEP,
    plan.STEP,
    tables.STEP,
    cards.STEP,
    maps.STEP,
    sheets.STEP,
    qgis.STEP,
)
"""After the imports, which the inputs of the project make."""

__all__ = ["STEPS", "Step"]
