"""The risk step: hazards and exposures to a score, levels, and levels without small patches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import zonal
from riskmap.data.findings import Finding, Severity
from riskmap.grid import Raster
from riskmap.levels import to_four
from riskmap.risk import classify, patches, snapping
from riskmap.risk.recipe import Recipe
from riskmap.text import Text
from riskmap.workflow import reference, scoring
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.scoring import Chosen
from riskmap.workflow.steps.step import Step

HECTARE = 1e4

LAYERS = ("hazard_*", "exposure_*", "vulnerability_*", "capacity", "asset_risk_*", "asset_level_*")
"""Layers that may enter the score."""


class Classed(NamedTuple):
    """Levels of a score, the five levels beside them where there are five, and the upper limits of the classes."""

    levels: NDArray[np.uint8]
    five: NDArray[np.uint8] | None
    limits: NDArray[np.float64]


def run(context: Context) -> Results:
    """Give ``risk_score``, ``risk_level_raw``, ``risk_level`` and the record of the patch merge."""
    results = Results()
    shared = reference.of(context)
    recipe, chosen = scoring.recipe_for(context, shared.scale() if shared else None)
    if shared:
        chosen = reference.joined(shared, chosen, context.project.reference)
        recipe = recipe.with_weights(shared.weights)
    reference.require_joinable(context, dict(recipe.scales))
    raw = scoring.raw_layers(context, recipe)
    score = scoring.score_cells(context, recipe, recipe.weights)
    classed = classes(context, recipe, score, raw, shared, results.findings)
    merged = merge(context, classed.levels, context.project.risk.min_zone_ha)
    snapped = _snapped(context, merged.codes)
    results.findings += [
        *_weight_findings(context, chosen),
        *_missing_findings(context, recipe, raw, score),
        *_scale_findings(context, recipe, raw),
    ]
    _give_grids(context, results, score, classed, snapped.codes if snapped else merged.codes)
    log = patches.log_frame(merged.log, "risk_level", context.grid)
    if snapped:
        log = pd.concat([log, patches.log_frame(snapped.log, "township_edge", context.grid)], ignore_index=True)
    results.rows["merged_patches"] = log
    results.totals = _totals(context, recipe, chosen, classed, log)
    return results


def classes(
    context: Context,
    recipe: Recipe,
    score: NDArray[np.float32],
    raw: dict[str, Any],
    shared: reference.Reference | None,
    findings: list[Finding],
) -> Classed:
    """Cut the score of the area into levels."""
    limits = scoring.stated_limits(context, recipe)
    if limits is not None and (scoring.on_levels(recipe) or recipe.method == "matrix"):
        five = _worst_of_five(context, recipe, raw, score) if scoring.on_levels(recipe) else None
        return Classed(classify.levels(score, limits), five, limits)
    limits = np.array(shared.breaks) if shared else _limits(context, score, findings)
    found = classify.levels(score, limits)
    if context.project.risk.classify.k == scoring.FIVE:
        return Classed(to_four(found, scoring.five_to_four(context)), found, limits)
    return Classed(found, None, limits)


def _worst_of_five(
    context: Context, recipe: Recipe, raw: dict[str, Any], score: NDArray[np.float32]
) -> NDArray[np.uint8] | None:
    """Give the worst of the five levels where all layers came with five, kept beside the four colours."""
    if any(context.levels_of(layer) != scoring.FIVE for layer in recipe.weights):
        return None
    worst = np.max([raw[layer] for layer in recipe.weights], axis=0).astype(np.uint8)
    return np.where(np.isnan(score), 0, worst).astype(np.uint8)


def _limits(context: Context, score: NDArray[np.float32], findings: list[Finding]) -> NDArray[np.float64]:
    """Give the upper limits, rounded to float32 like the scores, so that anyone's comparison gives the same level."""
    spec = context.project.risk.classify
    limits = classify.breaks(score, scheme=spec.scheme, k=spec.k, limits=list(spec.limits) if spec.limits else None)
    findings += scoring.fewer_classes(context, limits)
    return limits.astype(np.float32).astype(np.float64)


def merge(context: Context, codes: NDArray[np.uint8], given_ha: float | None) -> patches.Merged:
    """Merge patches below the project's smallest zone, keeping people and settlements out of lower colours."""
    return patches.merge_patches(
        codes, min_cells=min_zone_ha(context, given_ha) * HECTARE / context.grid.cell_area, **protection(context)
    )


def protection(context: Context) -> dict[str, Any]:
    """Give what may not sink to a lower colour: people, settlements and points by cell, and how many people count."""
    keep = context.project.risk.keep_people
    return {
        "people": context.cells("exposure_population").values if context.has("exposure_population") else None,
        "holds": _holds(context),
        "keep_people": context.fact("zoning", "keep_people") if keep is None else keep,
    }


def min_zone_ha(context: Context, given_ha: float | None) -> float:
    """Give the smallest zone that stays, hectares."""
    return float(context.fact("zoning", "min_zone_ha") if given_ha is None else given_ha)


def _holds(context: Context) -> NDArray[np.bool_]:
    """Mark cells with a settlement, a geohazard point or a hazchem source."""
    marked = np.zeros(context.grid.shape[0] * context.grid.shape[1], dtype=bool)
    for layer in ("villages", "geohazard_points", "hazchem_sources"):
        if context.has(layer):
            shapes = context.rows(layer).geometry
            # a settlement drawn as a polygon is held in every cell that it touches
            drawn = shapes[shapes.geom_type != "Point"]
            marked |= context.grid.burn(drawn, [1] * len(drawn), touched=True).ravel() > 0
            points = shapes[shapes.geom_type == "Point"]
            at = context.grid.locate(points.x.to_numpy(), points.y.to_numpy())
            marked[at[at >= 0]] = True
    return zonal.moved_inside(marked.reshape(context.grid.shape), context.inside)


def _snapped(context: Context, codes: NDArray[np.uint8]) -> patches.Merged | None:
    """Move zone edges that run along a township line onto it, where the project asks for it."""
    width_m = context.project.risk.snap_to_townships_m
    if width_m is None or not context.has("townships"):
        return None
    units = zonal.unit_of_cells(zonal.by_code(context.rows("townships")), context.grid)
    units = np.where(context.inside, units, zonal.UNASSIGNED)
    return snapping.snap_to_units(codes, units, width_m / context.grid.cell_size[0], **protection(context))


def _give_grids(
    context: Context, results: Results, score: NDArray[np.float32], classed: Classed, codes: NDArray[np.uint8]
) -> None:
    grid = context.grid
    given: dict[str, tuple[NDArray[Any], Text, int | None]] = {
        "risk_score": (score, Text("综合风险指数", "Comprehensive risk score"), None),
        "risk_level_raw": (
            classed.levels,
            Text("综合风险等级（合并前）", "Comprehensive risk level before the merge"),
            scoring.FOUR,
        ),
        "risk_level": (codes, Text("综合风险等级", "Comprehensive risk level"), scoring.FOUR),
    }
    if classed.five is not None:
        given["risk_five_level"] = (classed.five, Text("综合风险五级", "Comprehensive risk in five levels"), 5)
    for layer, (values, title, levels) in given.items():
        results.grids[layer] = GridResult(Raster(grid, values), title, levels)


def _totals(context: Context, recipe: Recipe, chosen: Chosen, classed: Classed, log: pd.DataFrame) -> dict[str, Any]:
    spec = context.project.risk
    lowered = log["to_code"] < log["from_code"]
    return {
        "weights": {layer: float(weight) for layer, weight in recipe.weights.items()},
        "weights_source": "house default" if chosen.house else "project",
        "weights_from": chosen.as_record(),
        "method": spec.method,
        "missing": spec.missing,
        "normalise": spec.normalise.method,
        "classify": spec.classify.scheme,
        "breaks": [float(b) for b in classed.limits],
        # the levels that a maximum compares are colours already
        "five_to_four": scoring.five_to_four(context)
        if classed.five is not None and not scoring.on_levels(recipe)
        else None,
        "recipe": recipe.as_record(),
        "min_zone_ha": min_zone_ha(context, spec.min_zone_ha),
        "merged_patches": len(log),
        "people_in_lower_colour": float(log.loc[lowered, "people"].sum()),
    }


def _weight_findings(context: Context, chosen: Chosen) -> list[Finding]:
    spec = context.project.risk
    found = []
    if chosen.house:
        message = Text(
            f"没有给出权重：{len(chosen.weights)} 个致灾因子等权，是默认值，不是官方规定",
            f"no weights are stated: {len(chosen.weights)} hazards weigh the same, a house default and not official",
        )
        remedy = Text("在 risk.weights 写明权重、来源和作者", "state risk.weights with their source and author")
        found.append(Finding("risk_score", "warning", "WEIGHTS_DEFAULT", message, remedy))
    total = sum((spec.weights.given or {}).values())
    if spec.weights.given and spec.method in ("weighted_sum", "geometric_mean") and abs(total - 1.0) > 1e-9:
        message = Text(f"权重之和是 {total:g}，已换算为 1", f"the weights sum to {total:g}; rescaled to 1")
        remedy = Text("改正 risk.weights", "correct risk.weights")
        found.append(Finding("risk_score", "warning", "WEIGHTS_RESCALED", message, remedy))
    return found


def _missing_findings(
    context: Context, recipe: Recipe, raw: dict[str, Any], score: NDArray[np.float32]
) -> list[Finding]:
    """Say how many cells lack a layer, and what the project does about them."""
    partly = recipe.unknown(raw) & context.inside
    if not partly.any():
        return []
    cells, unknown = int(partly.sum()), int((np.isnan(score) & context.inside).sum())
    code, done = {
        "unknown": ("CELLS_UNKNOWN", Text(f"其中 {unknown} 格为无数据", f"{unknown} of them are no data")),
        "renormalise": ("RENORMALISED", Text("按已知层重新归一", "the known ones stand for them")),
        "conservative": ("CONSERVATIVE", Text("缺的层按最坏计", "a missing layer counts as its worst")),
    }[recipe.missing]
    message = Text(f"{cells} 个格子缺部分图层，", f"{cells} cells lack some layers; ") + done
    severity: Severity = "note" if recipe.missing == "unknown" else "warning"
    remedy = Text(
        "在这些格子补上缺的图层，或用 risk.missing 写明怎样处理",
        "complete the layers there, or say with risk.missing what to do",
    )
    return [Finding("risk_score", severity, code, message, remedy, rows=cells)]


def _scale_findings(context: Context, recipe: Recipe, raw: dict[str, Any]) -> list[Finding]:
    """Note layers that are nearly flat, and values beyond bounds that were given or shared."""
    found = []
    for layer, scale in recipe.scales.items():
        found += scoring.range_findings(context, layer)
        if scale.method not in ("min_max", "half_one", "fixed"):
            continue
        beyond = ((raw[layer] < scale.low) | (raw[layer] > scale.high)) & context.inside
        # the area's own bounds are float64 of float32 values: nothing lies beyond them
        if beyond.any():
            message = Text(
                f"{int(beyond.sum())} 个格子的值在归一化上下限 {scale.low:g}–{scale.high:g} 之外，按端点计",
                f"{int(beyond.sum())} cells lie beyond the bounds {scale.low:g}-{scale.high:g} and count as the nearer one",
            )
            found.append(Finding(layer, "note", "BEYOND_BOUNDS", message, rows=int(beyond.sum())))
    return found


STEP = Step(
    "risk",
    Text("综合风险", "comprehensive risk"),
    needs=("boundary", "hazard_*"),
    takes=(*LAYERS[1:], "townships", "villages", "geohazard_points", "hazchem_sources"),
    gives=("risk_score", "risk_level_raw", "risk_level", "risk_five_level", "merged_patches"),
    options=("risk", "facts", "reference"),
    run=run,
)
