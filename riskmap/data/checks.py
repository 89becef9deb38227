"""Running the checks of the registry, on one prepared layer or on all layers of a project together."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

# the modules that fill the registry
from riskmap.data import checks_geometry, checks_layers, checks_places, checks_values  # noqa: F401
from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger
from riskmap.data.places import Area
from riskmap.data.registry import BETWEEN, CHECKS, Check, Look, Together
from riskmap.data.spec import LayerSpec

if TYPE_CHECKING:
    import geopandas as gpd


def check(
    frame: gpd.GeoDataFrame,
    spec: LayerSpec,
    ledger: Ledger,
    area: Area | None = None,
    limits: Mapping[str, Any] | None = None,
) -> None:
    """Run every check that is for a layer; the findings go to the ledger.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Rows that stay in the layer, with the index of the delivery.
    spec : LayerSpec
    ledger : Ledger
    area : Area, optional
    limits : mapping, optional
        The project's own limits of what is plausible.
    """
    look = Look(frame, spec, ledger, area, limits or {})
    if not len(frame):
        return
    for each in _for_layer(spec):
        if look.metric or not each.metric:
            each.run(look)


def needs_metres(spec: LayerSpec) -> bool:
    """Tell whether a check for the layer measures lengths or areas."""
    return any(each.metric for each in _for_layer(spec))


def _for_layer(spec: LayerSpec) -> list[Check]:
    return [each for each in CHECKS if any(fnmatch.fnmatchcase(spec.id, pattern) for pattern in each.layers)]


def check_together(together: Together) -> list[Finding]:
    """Run every check between layers whose layers are there."""
    for each in BETWEEN:
        if together.has(*each.needs):
            each.run(together)
    return together.findings
