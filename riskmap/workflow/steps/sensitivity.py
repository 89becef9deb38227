"""The sensitivity step: how sure each colour is, and which weight matters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields
from riskmap.errors import SpecError
from riskmap.grid import Raster
from riskmap.levels import LEVELS, to_four
from riskmap.risk import classify, sensitivity, zoning
from riskmap.text import Text
from riskmap.workflow import scoring
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
    raw = {layer: values[context.inside] for layer, values in scoring.raw_layers(context, recipe).items()}
    concentration = spec.concentration or context.fact("sensitivity", "concentration")
    found = sensitivity.monte_carlo(
        recipe,
        raw,
        lambda score: _grade(context, score),
        runs=spec.runs,
        seed=spec.seed,
        concentration=concentration,
        errors=spec.errors,
    )
    table = sensitivity.weight_changes(recipe, raw, lambda score: _grade(context, score))
    known = int((found.stability >= 0).sum())
    table["changed_km2"] = table["changed_share"] * known * context.grid.cell_area / 1e6
    results.rows["weight_sensitivity"] = table
    _give_grids(context, results, found)
    stable_from = context.fact("sensitivity", "stable_from")
    zones = _uncertain(context, found.stability, stable_from)
    results.rows["uncertain_zones"] = zones
    results.totals = {
        "seed": spec.seed,
        "runs": spec.runs,
        "concentration": concentration,
        "errors": dict(spec.errors),
        "stable_from": stable_from,
        "uncertain_km2": float(zones[fields.AREA_KM2].sum()),
        "mean_stability": float(np.nanmean(found.stability)) if known else None,
    }
    return results


def _grade(context: Context, score: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Give the four levels of scores with the breaks of the base."""
    told = context.totals["risk"]
    found = classify.levels(score, np.array(told["breaks"]))
    return to_four(found, scoring.five_to_four(context)) if len(told["breaks"]) > scoring.FOUR else found


def _give_grids(context: Context, results: Results, found: sensitivity.Sensitivity) -> None:
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
    return zones.assign(**{fields.AREA_KM2: zones.area / 1e6, "stability": mean})[
        [fields.AREA_KM2, "stability", "geometry"]
    ]


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
