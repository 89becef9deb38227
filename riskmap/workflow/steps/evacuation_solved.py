"""A solved part of an evacuation: what its layers and figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.evacuation_congestion import OwnChoice
from riskmap.network.evacuation_empty import Emptying
from riskmap.network.evacuation_plan import Plan, Wanted
from riskmap.network.evacuation_ways import Ways
from riskmap.network.evacuation_zones import Cut
from riskmap.text import Text
from riskmap.workflow.evacuation_options import EvacuationScenario
from riskmap.workflow.steps.evacuation_inputs import Hazard

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class Solved:
    """A scenario with everything that its layers are made of.

    Parameters
    ----------
    scenario : EvacuationScenario
    title : Text
    hazard : Hazard
    cut : Cut
    ways : Ways
    origins, shelters : GeoDataFrame
        All of them; ``routed`` says which take part.
    plan : Plan
        Of those that take part, in their order.
    reason : Series
        By origin that takes part.
    wanted : Wanted or None
    emptying : Emptying or None
    speed_m_s, slow_m_s : float
        On foot; NaN in vehicles.
    before_min : (float, float)
        Warning and preparation.
    off_road_s : two float arrays
        Seconds from each origin to its road, and from the road to each shelter.
    own : OwnChoice or None
        The plan's people on the ways that they would choose.
    handed_on : frozenset of str
        Ids of origins for which every shelter is too far to walk: they go by vehicle, in another part of the scenario.
    """

    scenario: EvacuationScenario
    title: Text
    hazard: Hazard
    cut: Cut
    ways: Ways
    origins: gpd.GeoDataFrame
    shelters: gpd.GeoDataFrame
    plan: Plan
    reason: pd.Series
    wanted: Wanted | None
    emptying: Emptying | None
    hanging: NDArray[np.int64]
    speed_m_s: float
    slow_m_s: float
    limit_s: float
    before_min: tuple[float, float]
    off_road_s: tuple[NDArray[np.float64], NDArray[np.float64]]
    own: OwnChoice | None = None
    handed_on: frozenset[str] = frozenset()

    @property
    def mode(self) -> str:
        """On foot (walk) or in vehicles (vehicle)."""
        return self.scenario.mode
