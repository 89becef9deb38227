"""How fast people walk, as the project says or else the facts."""

from __future__ import annotations

from riskmap.workflow.context import Context
from riskmap.workflow.evacuation_options import EvacuationScenario


def walk_m_s(context: Context, scenario: EvacuationScenario | None = None) -> float:
    """Give the usual speed on foot on the level, by night in a scenario by night."""
    own = context.project.evacuation.walk_m_s
    return _by_night(context, scenario) * (float(context.fact("evacuation", "walk_m_s")) if own is None else own)


def slow_m_s(context: Context, scenario: EvacuationScenario) -> float:
    """Give the speed of a slow walker, by night in a scenario by night."""
    own = context.project.evacuation.slow_walk_m_s
    return _by_night(context, scenario) * (float(context.fact("evacuation", "slow_walk_m_s")) if own is None else own)


def _by_night(context: Context, scenario: EvacuationScenario | None) -> float:
    return float(context.fact("evacuation", "night_factor")) if scenario is not None and scenario.night else 1.0
