"""The layers that the cards read, each once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely

from riskmap.output.printmap_fonts import typeface
from riskmap.workflow.context import Context
from riskmap.workflow.steps.evacuation_inputs import ground_of

if TYPE_CHECKING:
    from riskmap.workflow.evacuation_options import EvacuationScenario


class Layers:
    """The layers of a build, each read once, and the typeface of the cards."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.type = typeface(context.loaded.folder / font for font in context.project.output.fonts)
        self._read: dict[str, Any] = {}
        self._ground: dict[str, shapely.STRtree] = {}

    def has(self, layer: str) -> bool:
        """Tell whether a layer was made."""
        return self.context.has(layer)

    def rows(self, layer: str) -> Any:
        """Give the rows of a layer."""
        if layer not in self._read:
            self._read[layer] = self.context.rows(layer)
        return self._read[layer]

    @cached_property
    def households(self) -> pd.DataFrame:
        """The list of households; empty where there is none."""
        return self.rows("households") if self.has("households") else pd.DataFrame()

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the streets."""
        return shapely.STRtree(self.rows("network_edges").geometry.to_numpy())

    def ground(self, scenario: EvacuationScenario) -> shapely.STRtree:
        """Index of the ground of a scenario's hazard."""
        if scenario.id not in self._ground:
            self._ground[scenario.id] = shapely.STRtree(shapely.get_parts(ground_of(self.context, scenario)))
        return self._ground[scenario.id]
