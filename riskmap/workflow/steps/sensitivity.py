"""The sensitivity step: how sure each colour is, and which weight matters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.levels import LEVELS
from riskmap.risk import sensitivity, zoning
from riskmap.risk.recipe import Recipe
from riskmap.risk.sensitivity import Grading, Sensitivity
from riskmap.text import Text, join
from riskmap.workflow import scoring, tiles
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.risk import LAYERS
from riskmap.workflow.steps.step import Step

UNCERTAIN = 1


def run(context: Context) -> Results:
    """Give the probability of each colour, its stability, ``uncertain_zones`` and ``weight_sensitivity``, where asked for."""
    results = Results()
    spec = context.project.risk.sensitivity
    recipe = scoring.recipe_again(context)
    strange = set(spec.errors) - set(recipe.weights)
    if strange:
        raise SpecError(
            Text(
                f"risk.sensitivity.errors 里的 {'、'.join(sorted(strange))} 没有参加合成",
                f"risk.sensitivity.errors names {', '.join(sorted(strange))}, which do not enter the score",
            )
        )
    chances = [n for n, e in spec.errors.items() if recipe.scales[n].method in sensitivity.LEVELLED and e > 1]
    if chances:
        raise SpecError(
            Text(
                f"risk.sensitivity.errors 里 {'、'.join(chances)} 是等级图层：误差是差一级的概率，不大于 1",
                f"risk.sensitivity.errors: {', '.join(chances)} holds levels, whose error is the chance of being one off, at most 1",
            )
        )
    grade, concentration = _grading(context), spec.concentration or context.fact("sensitivity", "concentration")
    drawn = {"runs": spec.runs, "seed": spec.seed, "concentration": concentration, "errors": dict(spec.errors)}
    found = _shares(context, recipe, grade, drawn)
    raw = {layer: values[context.inside] for layer, values in scoring.raw_layers(context, recipe).items()}
    table = sensitivity.weight_changes(recipe, raw, grade)
    known = int((found.stability >= 0).sum())
    table["changed_km2"] = table["changed_share"] * known * context.grid.cell_area / 1e6
    results.rows["weight_sensitivity"] = table
    _give_grids(context, results, found)
    stable_from = context.fact("sensitivity", "stable_from")
    zones = _uncertain(context, found.stability, stable_from)
    results.rows["uncertain_zones"] = zones
    results.totals = {
        **drawn,
        "stable_from": stable_from,
        "uncertain_km2": float(zones[fields.AREA_KM2].sum()),
        "mean_stability": float(np.nanmean(found.stability)) if known else None,
    }
    return results


def notes(context: Context) -> tuple[Text, ...]:
    """Say on a map what its hatch means and how it was found; nothing where sensitivity was not run."""
    told = context.totals.get("sensitivity")
    if told is None:
        return ()
    share = told["uncertain_km2"] / context.totals["zones"]["area_km2"]["boundary"]
    errors = join([context.catalog.layer(layer).title for layer in told["errors"]])
    also = Text(f"和 {errors.zh} 的误差", f" and with the errors of {errors.en}") if told["errors"] else Text("", "")
    return (
        Text(
            f"竖线处等级不确定（占 {share:.1%}）：随机改变权重（狄利克雷分布，集中度 {told['concentration']:g}）{also.zh}"
            f" {told['runs']} 次，颜色不变的不到 {told['stable_from']:.0%}。",
            f"Ground under upright lines ({share:.1%}) has an uncertain colour: of {told['runs']} runs with other weights (Dirichlet, "
            f"concentration {told['concentration']:g}){also.en}, fewer than {told['stable_from']:.0%} gave the same.",
        ),
    )


def _grading(context: Context) -> Grading:
    """Give how the base was cut into levels."""
    told = context.totals["risk"]
    table = told["five_to_four"]
    return Grading(np.array(told["breaks"]), table and {int(five): four for five, four in table.items()})


def _shares(context: Context, recipe: Recipe, grade: Grading, drawn: dict[str, Any]) -> Sensitivity:
    """Give the shares of the runs for the cells of the area, block by block."""
    paths = {layer: context.grid_path(layer).absolute() for layer in recipe.weights}
    probability = np.empty((len(LEVELS), *context.grid.shape), dtype=np.float32)
    stability = np.empty(context.grid.shape, dtype=np.float32)
    for window, found in context.over_blocks(tiles.sensitivity_block, paths, recipe, grade, drawn):
        probability[:, *window.slices], stability[window.slices] = found.probability, found.stability
    return Sensitivity(probability[:, context.inside], stability[context.inside])


def _give_grids(context: Context, results: Results, found: Sensitivity) -> None:
    given = {f"colour_probability_{level.colour}": found.probability[level.code] for level in LEVELS[1:]}
    given["colour_stability"] = found.stability
    for layer, values in given.items():
        cells = np.full(context.grid.shape, np.nan, dtype=np.float32)
        cells[context.inside] = values
        title = context.catalog.layer(layer).title
        results.grids[layer] = GridResult(Raster(context.grid, cells), title, None, "share")


def _uncertain(context: Context, stability: NDArray[np.float32], stable_from: float) -> Any:
    """Give the zones of cells whose colour is less stable than the limit, with their mean stability."""
    cells = np.full(context.grid.shape, np.nan)
    cells[context.inside] = stability
    marked = np.where(cells < np.float32(stable_from), UNCERTAIN, 0).astype(np.uint8)
    zones = zoning.zone_polygons(marked, context.inside, context.boundary, context.grid)
    zones = zones[zones["code"] == UNCERTAIN].reset_index(drop=True)
    owner = context.grid.burn(zones.geometry, range(len(zones)), fill=-1)
    held = (owner >= 0) & ~np.isnan(cells) & (marked == UNCERTAIN)
    sums = np.bincount(owner[held], cells[held], minlength=len(zones))
    counts = np.bincount(owner[held], minlength=len(zones))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / counts
    columns = {"kind": "uncertain", fields.AREA_KM2: zones.area / 1e6, "stability": mean}
    return zones.assign(**columns)[[*columns, "geometry"]]


STEP = Step(
    "sensitivity",
    Text("等级稳定性", "stability of the colours"),
    needs=("boundary", "risk_score"),
    takes=(*LAYERS, "risk_level_raw"),
    gives=("colour_probability_*", "colour_stability", "uncertain_zones", "weight_sensitivity"),
    options=("risk", "facts", "reference"),
    run=run,
    asked=lambda project: project.risk.sensitivity is not None,
)
