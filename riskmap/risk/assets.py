"""Risk for one kind of asset, R = H x E x V x (1 - C), by cell and by township."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.grid import Grid
from riskmap.levels import LEVELS, UNKNOWN
from riskmap.risk.compose import Method, Missing
from riskmap.risk.normalise import Scale
from riskmap.risk.recipe import LayerPart, Recipe
from riskmap.risk.units import level_columns, level_rules

if TYPE_CHECKING:
    import geopandas as gpd

HAZARD = "hazard"
"""Name under which the combined hazard enters the product."""


@dataclass(frozen=True, eq=False)
class AssetRecipe:
    """The two stages of an asset's risk: hazards weighed for this asset, then times what is exposed and how it withstands.

    Parameters
    ----------
    hazard : Recipe
        Weighted sum of the hazards.
    factors : Recipe
        ``product`` or ``power`` of ``hazard``, the exposure, and where there are ones the vulnerability and the capacity.
    """

    hazard: Recipe
    factors: Recipe

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers that enter either stage."""
        return (*self.hazard.weights, *(layer for layer in self.factors.weights if layer != HAZARD))

    def score(self, raw: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Give the risk of some cells, float32, NaN unknown; ``raw`` as in :meth:`Recipe.score`."""
        return self.factors.score({**raw, HAZARD: self.hazard.score(raw)})

    def parts(self, raw: Mapping[str, NDArray[Any]]) -> dict[str, LayerPart]:
        """Give what each hazard brings to the combined hazard, and each factor to the product, by layer."""
        return self.hazard.parts(raw) | self.factors.parts({**raw, HAZARD: self.hazard.score(raw)})

    def as_record(self) -> dict[str, Any]:
        """Give both stages as plain values."""
        return {"hazard": self.hazard.as_record(), "factors": self.factors.as_record()}


def asset_recipe(
    hazard: Recipe,
    scales: Mapping[str, Scale],
    *,
    exponents: Mapping[str, float] | None = None,
    reducing: str | None = None,
) -> AssetRecipe:
    """Put the two stages together.

    Parameters
    ----------
    hazard : Recipe
        Of the hazards; its score, 0-1, enters as it is.
    scales : mapping of layer -> Scale
        Exposure, vulnerability and capacity.
    exponents : mapping of factor -> float, optional
        Of ``hazard`` and of each layer of ``scales``: the power form; plain product without.
    reducing : str, optional
        The capacity layer, which enters as 1 - x.
    """
    names = (HAZARD, *scales)
    weights = {name: float((exponents or {}).get(name, 1.0)) for name in names}
    method: Method = "power" if exponents else "product"
    # a missing factor cannot be renormalised away in a product
    missing: Missing = "conservative" if hazard.missing == "conservative" else "unknown"
    every = {HAZARD: Scale("none", 0.0, 1.0), **scales}
    return AssetRecipe(hazard, Recipe(every, weights, method, missing, frozenset({reducing} if reducing else ())))


def asset_units(
    asset: str,
    levels: NDArray[np.uint8],
    five: NDArray[np.uint8] | None,
    amounts: NDArray[np.float64] | None,
    *,
    townships: gpd.GeoDataFrame,
    boundary: Any,
    inside: NDArray[np.bool_],
    grid: Grid,
) -> gpd.GeoDataFrame:
    """Give an asset's risk by township: level by three rules, area shares by covered ground, amounts by cell.

    Parameters
    ----------
    asset : str
        Kind of asset, such as ``population``.
    levels : uint8 array
        Four levels, 0 unknown.
    five : uint8 array, optional
        Five levels beside them.
    amounts : float array, optional
        What is exposed, per cell, NaN unknown.
    townships : GeoDataFrame
        ``name``, ``code``.
    boundary : shapely geometry
    inside : bool array
    grid : Grid

    Returns
    -------
    GeoDataFrame
        A row for each township and one for ground in none: ``asset``, the columns of ``risk_units``, amounts in place of
        people, ``five_level`` where there are five.
    """
    import geopandas as gpd

    ordered = zonal.by_code(townships)
    cut, rest = zonal.partition(ordered, boundary)
    parts = np.append(cut, rest)
    shown = np.where(inside, levels, 0).astype(np.uint8)[zonal.nearest_inside(inside)]
    area = zonal.covered_area(shown, parts, grid, count=len(LEVELS)) / 1e6
    columns = level_columns(area, _amounts(levels, amounts, inside, ordered, grid), what="amount")
    columns["five_level"] = pd.array([pd.NA] * len(parts), dtype="Int64")
    if five is not None:
        by_five = zonal.covered_area(five[zonal.nearest_inside(inside)], parts, grid, count=6) / 1e6
        columns["five_level"] = pd.array(level_rules(by_five)[fields.LEVEL], dtype="Int64")
    frame = gpd.GeoDataFrame(
        {
            "asset": asset,
            fields.NAME: [*ordered[fields.NAME], fields.UNASSIGNED],
            fields.CODE: [*ordered[fields.CODE], None],
        }
        | columns,
        geometry=parts,
        crs=townships.crs,
    )
    known = area[:, UNKNOWN + 1 :].sum(axis=1) + frame["amount"].fillna(0).to_numpy()
    stays = np.append(np.ones(len(ordered), bool), known[-1] > 0)
    return frame[stays].reset_index(drop=True)


def _amounts(
    levels: NDArray[np.uint8],
    amounts: NDArray[np.float64] | None,
    inside: NDArray[np.bool_],
    townships: gpd.GeoDataFrame,
    grid: Grid,
) -> NDArray[np.float64]:
    shape = (len(townships) + 1, len(LEVELS))
    if amounts is None:
        return np.full(shape, np.nan)
    units = zonal.unit_of_cells(townships, grid)
    return zonal.crosstab(amounts[inside], units[inside], levels[inside], shape)


def stacked(frames: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put the tables of several assets under each other."""
    import geopandas as gpd

    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=frames[0].crs)
