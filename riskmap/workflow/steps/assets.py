"""The assets step: risk for people, economy, crops, roads, buildings, as the census delivers it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.levels import to_four
from riskmap.risk import assets, classify
from riskmap.risk.assets import AssetRecipe
from riskmap.risk.recipe import Recipe
from riskmap.text import Text
from riskmap.workflow import scoring
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.risk_options import AssetSpec
from riskmap.workflow.scoring import Chosen
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Give ``asset_risk_*``, ``asset_level_*`` and ``asset_units`` for each kind of asset that the project names."""
    results = Results()
    tables = []
    for asset, spec in context.project.risk.assets.items():
        recipe, chosen = recipe_of(context, asset, spec)
        score = scoring.score_cells(context, recipe, recipe.layers)
        levels, five, limits = _classed(context, asset, spec, score, results.findings)
        _give_grids(context, results, asset, score, levels, five)
        if context.has("townships"):
            exposure = _exposure(spec, asset)
            tables.append(
                assets.asset_units(
                    asset,
                    levels,
                    five,
                    context.cells(exposure).values.astype(float) if context.levels_of(exposure) is None else None,
                    townships=context.rows("townships"),
                    boundary=context.boundary,
                    inside=context.inside,
                    grid=context.grid,
                )
            )
        results.totals[asset] = _totals(recipe, chosen, spec, limits)
        results.findings += _default_weights(asset, chosen)
    if tables:
        results.rows["asset_units"] = assets.stacked(tables)
    return results


def recipe_of(context: Context, asset: str, spec: AssetSpec) -> tuple[AssetRecipe, Chosen]:
    """Give an asset's recipe and where its weights come from."""
    chosen = scoring.choose(context, spec.weights, asset=asset)
    hazards = {layer: float(weight) for layer, weight in chosen.weights.items() if weight != 0}
    strange = [layer for layer in hazards if not layer.startswith("hazard_")]
    if strange:
        raise SpecError(
            Text(
                f"risk.assets.{asset}.weights 只给致灾因子定权，不含 {'、'.join(strange)}",
                f"risk.assets.{asset}.weights weigh hazards only, not {', '.join(strange)}",
            )
        )
    missing = context.project.risk.missing
    hazard = Recipe({layer: scoring.scale_of(context, layer) for layer in hazards}, hazards, "weighted_sum", missing)
    layers = [_exposure(spec, asset), *([spec.vulnerability] if spec.vulnerability else [])]
    if spec.capacity:
        layers.append(scoring.CAPACITY)
    scoring.require_imported(context, layers)
    scales = {layer: scoring.scale_of(context, layer) for layer in layers}
    powers = _exponents(spec, asset)
    reducing = scoring.CAPACITY if spec.capacity else None
    return assets.asset_recipe(hazard, scales, exponents=powers, reducing=reducing), chosen


def _exposure(spec: AssetSpec, asset: str) -> str:
    return spec.exposure or f"exposure_{asset}"


def _exponents(spec: AssetSpec, asset: str) -> dict[str, float]:
    """Give the exponents by layer; a factor that is not named enters as it is."""
    layer_of = {"hazard": assets.HAZARD, "exposure": _exposure(spec, asset), "vulnerability": spec.vulnerability}
    layer_of["capacity"] = scoring.CAPACITY
    return {layer: power for factor, power in spec.exponents.items() if (layer := layer_of[factor])}


def _classed(
    context: Context, asset: str, spec: AssetSpec, score: NDArray[np.float32], findings: list[Finding]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, NDArray[np.float64]]:
    own = spec.classify
    limits = classify.breaks(score, scheme=own.scheme, k=own.k, limits=list(own.limits) if own.limits else None)
    if len(limits) < own.k:
        message = Text(
            f"{asset}：分数只有 {len(limits)} 个不同的级，少于 {own.k}",
            f"{asset}: the scores make {len(limits)} classes, fewer than {own.k}",
        )
        findings.append(Finding(f"asset_level_{asset}", "warning", "FEWER_CLASSES", message, scoring.FEWER))
    limits = limits.astype(np.float32).astype(np.float64)
    found = classify.levels(score, limits)
    if own.k == scoring.FIVE:
        return to_four(found, scoring.five_to_four(context)), found, limits
    return found, None, limits


def _give_grids(
    context: Context,
    results: Results,
    asset: str,
    score: NDArray[np.float32],
    levels: NDArray[np.uint8],
    five: NDArray[np.uint8] | None,
) -> None:
    given: dict[str, tuple[NDArray[Any], int | None]] = {
        f"asset_risk_{asset}": (score, None),
        f"asset_level_{asset}": (levels, scoring.FOUR),
    }
    if five is not None:
        given[f"asset_five_level_{asset}"] = (five, scoring.FIVE)
    for layer, (values, count) in given.items():
        results.grids[layer] = GridResult(Raster(context.grid, values), context.catalog.layer(layer).title, count)


def _totals(recipe: AssetRecipe, chosen: Chosen, spec: AssetSpec, limits: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "weights": dict(recipe.hazard.weights),
        "weights_from": chosen.as_record(),
        "recipe": recipe.as_record(),
        "classify": spec.classify.scheme,
        "breaks": [float(b) for b in limits],
    }


def _default_weights(asset: str, chosen: Chosen) -> list[Finding]:
    if not chosen.house:
        return []
    message = Text(
        f"{asset} 没有给出各灾种权重：等权，是默认值，不是官方规定",
        f"no hazard weights are stated for {asset}: equal, a house default and not official",
    )
    remedy = Text("在 risk.assets 写明权重、来源和作者", "state weights with source and author under risk.assets")
    return [Finding(f"asset_risk_{asset}", "warning", "WEIGHTS_DEFAULT", message, remedy)]


STEP = Step(
    "assets",
    Text("分承灾体风险", "risk by kind of asset"),
    needs=("boundary", "hazard_*"),
    takes=("exposure_*", "vulnerability_*", "capacity", "townships"),
    gives=("asset_risk_*", "asset_level_*", "asset_five_level_*", "asset_units"),
    options=("risk", "facts"),
    run=run,
    asked=lambda project: bool(project.risk.assets),
)
