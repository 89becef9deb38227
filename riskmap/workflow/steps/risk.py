"""The risk step: hazards and exposures to a score and four levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap import zonal
from riskmap.data.findings import Finding
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.levels import to_four
from riskmap.risk import classify, normalise, patches, weights
from riskmap.risk.compose import compose
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.step import Step

HECTARE = 1e4
FLAT_SHARE = 0.1
"""A layer that spans less of its declared range says little, and min-max would stretch it (contract 11.8)."""


def run(context: Context) -> Results:
    """Give ``risk_score``, ``risk_level_raw``, ``risk_level`` and the record of the patch merge."""
    results = Results()
    spec = context.project.risk
    chosen = layer_weights(context)
    if spec.method == "maximum" and all(context.levels_of(layer) for layer in chosen.index):
        # levels are compared as they are, so that any red stays red
        raw = np.max([_four_levels(context, layer) for layer in chosen.index], axis=0)
        limits = np.array([1.0, 2.0, 3.0, 4.0])
        raw[~context.inside] = 0
        score = np.where(raw == 0, np.nan, raw).astype(np.float32)
    else:
        results.findings += _weight_findings(context)
        score = risk_score(context, chosen, results.findings)
        limits = _limits(context, score, results.findings)
        raw = classify.levels(score, limits)
    merged = merge(context, raw, spec.min_zone_ha)
    grid = context.grid
    results.grids["risk_score"] = GridResult(Raster(grid, score), Text("综合风险指数", "Comprehensive risk score"))
    results.grids["risk_level_raw"] = GridResult(
        Raster(grid, raw), Text("综合风险等级（合并前）", "Comprehensive risk level before the merge"), 4
    )
    results.grids["risk_level"] = GridResult(
        Raster(grid, merged.codes), Text("综合风险等级", "Comprehensive risk level"), 4
    )
    results.rows["merged_patches"] = patches.log_frame(merged.log, "risk_level", grid)
    results.totals = {
        "weights": {layer: float(w) for layer, w in chosen.items()},
        "weights_source": "house default" if isinstance(spec.weights, str) else "project",
        "method": spec.method,
        "normalise": spec.normalise.method,
        "classify": spec.classify.scheme,
        "breaks": [float(b) for b in limits],
        "min_zone_ha": min_zone_ha(context, spec.min_zone_ha),
        "merged_patches": len(merged.log),
        "people_in_lower_colour": float(
            merged.log.loc[merged.log["to_code"] < merged.log["from_code"], "people"].sum()
        ),
    }
    return results


def layer_weights(context: Context) -> pd.Series:
    """Give the weights of the layers that enter, rescaled to sum 1 (as given for ``power``)."""
    spec = context.project.risk
    if isinstance(spec.weights, str):
        hazards = [layer for layer in context.grids_known if layer.startswith("hazard_")]
        return weights.equal(hazards)
    absent = [layer for layer in spec.weights if layer not in context.grids_known]
    if absent:
        raise SpecError(
            Text(
                f"有权重但没有读入的层：{'、'.join(absent)}",
                f"weighted layers that were not imported: {', '.join(absent)}",
            )
        )
    return pd.Series(spec.weights, dtype=float) if spec.method == "power" else weights.given(spec.weights)


def risk_score(context: Context, chosen: pd.Series, findings: list[Finding]) -> NDArray[np.float32]:
    """Give the score of each cell, float32, NaN outside the area and where it is unknown."""
    spec = context.project.risk
    layers = {layer: normalised(context, layer, findings) for layer in chosen.index}
    score = compose(
        layers,
        weights=None if spec.method in ("maximum", "product") else chosen.to_dict(),
        method=spec.method,
        missing=spec.missing,
    )
    if spec.missing == "renormalise":
        partly = np.any([np.isnan(v) for v in layers.values()], axis=0) & ~np.isnan(score) & context.inside
        if partly.any():
            message = Text(
                f"{int(partly.sum())} 个格子缺部分图层，按已知层重新归一",
                f"{int(partly.sum())} cells lack some layers; the known ones stand for them",
            )
            findings.append(Finding("risk_score", "warning", "RENORMALISED", message, rows=int(partly.sum())))
    return np.where(context.inside, score, np.nan).astype(np.float32)


def normalised(context: Context, layer: str, findings: list[Finding] | None = None) -> NDArray[np.float64]:
    """Give a layer's comparable numbers; bounds are taken over the area."""
    values = context.cells(layer).values
    levels = context.levels_of(layer)
    if levels:
        return normalise.normalise_levels(values, levels)
    spec = context.project.risk.normalise
    spec = spec.layers.get(layer, spec)
    within = np.where(context.inside, values, np.nan)
    if findings is not None and spec.bounds is None:
        findings += _range_findings(context, layer, within)
    return normalise.normalise(within, method=spec.method, bounds=spec.bounds)


def merge(context: Context, codes: NDArray[np.uint8], given_ha: float | None) -> patches.Merged:
    """Merge patches below the project's smallest zone, keeping people and settlements out of lower colours."""
    keep = context.project.risk.keep_people
    return patches.merge_patches(
        codes,
        min_cells=min_zone_ha(context, given_ha) * HECTARE / context.grid.cell_area,
        people=context.cells("exposure_population").values if context.has("exposure_population") else None,
        holds=_holds(context),
        keep_people=context.fact("zoning", "keep_people") if keep is None else keep,
    )


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


def _four_levels(context: Context, layer: str) -> NDArray[np.uint8]:
    """Give a level grid in the four levels; census five-level codes by the table."""
    values = context.cells(layer).values
    if context.levels_of(layer) == 4:
        return values
    return to_four(values, {row["five"]: row["four"] for row in context.fact_table("levels", "five_to_four")})


def _limits(context: Context, score: NDArray[np.float32], findings: list[Finding]) -> NDArray[np.float64]:
    spec = context.project.risk.classify
    limits = classify.breaks(score, scheme=spec.scheme, k=spec.k, limits=list(spec.limits) if spec.limits else None)
    if len(limits) < spec.k:
        message = Text(
            f"分数只有 {len(limits)} 个不同的级，少于 {spec.k}",
            f"the scores make {len(limits)} classes, fewer than {spec.k}",
        )
        findings.append(Finding("risk_level", "warning", "FEWER_CLASSES", message))
    return limits


def _weight_findings(context: Context) -> list[Finding]:
    spec = context.project.risk
    if isinstance(spec.weights, str) or spec.method not in ("weighted_sum", "geometric_mean"):
        return []
    total = sum(spec.weights.values())
    if abs(total - 1.0) <= 1e-9:
        return []
    message = Text(f"权重之和是 {total:g}，已换算为 1", f"the weights sum to {total:g}; rescaled to 1")
    return [
        Finding("risk_score", "warning", "WEIGHTS_RESCALED", message, Text("改正 risk.weights", "correct risk.weights"))
    ]


def _range_findings(context: Context, layer: str, values: NDArray[np.float64]) -> list[Finding]:
    """Note a layer that is nearly flat over its declared range: min-max would stretch small differences to the full scale."""
    field = context.catalog.layer(layer).fields.get("value")
    # the upper bound of an amount is there to catch slips, it is no scale
    if (
        layer.startswith("exposure_")
        or field is None
        or field.min is None
        or field.max is None
        or np.isnan(values).all()
    ):
        return []
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if high - low >= FLAT_SHARE * (field.max - field.min):
        return []
    message = Text(
        f"取值 {low:.4g}–{high:.4g} 不到声明范围 {field.min:g}–{field.max:g} 的 {FLAT_SHARE:.0%}；归一化会放大微小差别",
        f"values {low:.4g}-{high:.4g} span under {FLAT_SHARE:.0%} of the declared {field.min:g}-{field.max:g}; normalising stretches small differences",
    )
    return [
        Finding(
            layer,
            "warning",
            "RANGE_FLAT",
            message,
            Text("考虑 normalise: {method: fixed, bounds: […]}", "consider normalise: {method: fixed, bounds: [...]}"),
        )
    ]


STEP = Step(
    "risk",
    Text("综合风险", "comprehensive risk"),
    needs=("boundary", "hazard_*"),
    takes=("exposure_*", "villages", "geohazard_points", "hazchem_sources"),
    gives=("risk_score", "risk_level_raw", "risk_level", "merged_patches"),
    options=("risk", "facts"),
    run=run,
)
