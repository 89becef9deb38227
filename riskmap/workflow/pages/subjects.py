"""The maps of a build, one subject each, for the web pages and the sheets alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from riskmap.output.webmap_page import Page
from riskmap.text import Text
from riskmap.workflow import publishing
from riskmap.workflow.context import Context
from riskmap.workflow.pages import evacuation, fire, one_map, zoning


@dataclass(frozen=True)
class Subject:
    """One map of a build.

    Parameters
    ----------
    name : str
        File name without suffix, as in ``output.print`` of the project.
    title : Text
    needs : tuple of tuple of str
        Layers without which there is no such map; of each inner tuple one is enough.
    page : callable
    whole : tuple of str
        Of these layers, those that make no sense when this edition blurs them.
    """

    name: str
    title: Text
    needs: tuple[tuple[str, ...], ...]
    page: Callable[[Context], Page]
    whole: tuple[str, ...] = ()

    def missing(self, context: Context) -> list[str]:
        """Give what the build lacks for this map."""
        found = {layer for group in self.needs for layer in group if context.has(layer)}
        found -= {layer for layer in self.whole if not publishing.shown_whole(context, layer)}
        return [" / ".join(group) for group in self.needs if not found & set(group)]


SUBJECTS: tuple[Subject, ...] = (
    Subject("risk-zoning", zoning.RISK, (("risk_level",), ("risk_zones",)), zoning.risk_page),
    Subject("control-zoning", zoning.CONTROL, (("control_zone",), ("control_zones",)), zoning.control_page),
    Subject("one-map", one_map.TITLE, (one_map.SUBJECT_LAYERS,), one_map.page),
    Subject("fire-coverage", fire.TITLE, (("fire_coverage", "fire_areas"),), fire.page),
    Subject("evacuation", evacuation.TITLE, (("evacuation_routes",),), evacuation.page, ("evacuation_routes",)),
)

LAYERS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            "risk_level",
            "risk_level_raw",
            "risk_score",
            "risk_zones",
            "risk_units",
            "control_zone",
            "control_zones",
            "control_units",
            "hazard_*",
            "exposure_*",
            "dem",
            "townships",
            zoning.UNCERTAIN,
            *(layer for part in (zoning, one_map, fire) for layer, _ in part.OVERLAYS),
            *(layer for layer, _ in (*evacuation.BELOW, *evacuation.ABOVE)),
            *one_map.SUBJECT_LAYERS,
            "risk_point_units",
            "fire_arrivals",
            "fire_areas",
            "fire_gaps",
            "fire_summary",
            "evacuation_plan",
            "evacuation_origins",
            "evacuation_routes",
            "evacuation_summary",
            "plan_indicators",
        )
    )
)
"""Layers that some map reads when they are there."""
