"""How sure a colour is: seeded runs with other weights and with the layers' declared errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.levels import LEVELS
from riskmap.risk.normalise import Scale
from riskmap.risk.recipe import Recipe
from riskmap.risk.weights import multiplied

WEIGHTED = ("weighted_sum", "geometric_mean", "power")
"""Methods in which weights matter."""

FACTORS = (1.1, 0.9)
"""By which each weight is multiplied in turn."""

Grade = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Shares of the runs, cell by cell.

    Parameters
    ----------
    probability : float32 array (5, cells)
        Of each level, indexed by it; row 0 is not used. NaN where the score is unknown.
    stability : float32 array (cells)
        Share of the runs with the level of the base; NaN where that is unknown.
    """

    probability: NDArray[np.float32]
    stability: NDArray[np.float32]


def monte_carlo(
    recipe: Recipe,
    raw: Mapping[str, NDArray[Any]],
    grade: Grade,
    *,
    runs: int = 200,
    seed: int = 1,
    concentration: float = 100.0,
    errors: Mapping[str, float] | None = None,
) -> Sensitivity:
    """Give how often each cell has each level when weights and layers vary, with the base's scales and breaks kept.

    Parameters
    ----------
    recipe : Recipe
        Of the base.
    raw : mapping of layer -> array (cells)
        As delivered.
    grade : callable
        Score -> levels 1-4, 0 unknown, with the breaks of the base.
    runs : int
    seed : int
        The same seed gives the same numbers.
    concentration : float
        The weights are drawn from a Dirichlet distribution with mean at the chosen ones and this sum of parameters; a weight
        w then has the standard deviation sqrt(w (1 - w) / (concentration + 1)). Exponents of ``power`` vary likewise, their
        sum kept; methods without weights have nothing to vary.
    errors : mapping of layer -> float, optional
        Of a layer of values the standard deviation of its error, in its own unit; of a layer of levels the chance that a
        level is one off (half up, half down). One error is drawn per layer and run: whether errors of neighbouring cells go
        together does not change how often a single cell changes colour.

    Returns
    -------
    Sensitivity
    """
    random = np.random.default_rng(seed)
    names = sorted(recipe.weights)
    fixed = {layer: recipe.scales[layer].apply(raw[layer]) for layer in names}
    plain = _on_normalised(recipe)
    base = grade(recipe.score(raw))
    counts = np.zeros((len(LEVELS), base.size), dtype=np.uint32)
    kept = np.zeros(base.size, dtype=np.uint32)
    for _ in range(runs):
        drawn = _drawn_weights(recipe, names, concentration, random)
        disturbed = fixed | {
            layer: recipe.scales[layer].apply(_disturbed(raw[layer], recipe.scales[layer], errors[layer], random))
            for layer in sorted(errors or {})
            if layer in fixed
        }
        levels = grade(plain.with_weights(drawn).score(disturbed))
        for level in range(1, len(LEVELS)):
            counts[level] += levels == level
        kept += levels == base
    unknown = base == 0
    probability = (counts / runs).astype(np.float32)
    probability[:, unknown] = np.nan
    return Sensitivity(probability, np.where(unknown, np.nan, kept / runs).astype(np.float32))


def weight_changes(recipe: Recipe, raw: Mapping[str, NDArray[Any]], grade: Grade) -> pd.DataFrame:
    """Give the share of known cells that change colour when each weight is multiplied by 1.1 and by 0.9.

    Parameters
    ----------
    recipe, raw, grade
        As in :func:`monte_carlo`.

    Returns
    -------
    DataFrame
        ``layer``, ``weight`` (after the change), ``factor``, ``changed_share``; the others are rescaled so that the sum stays.
        Empty for methods without weights and for a single layer.
    """
    columns = ["layer", "weight", "factor", "changed_share"]
    rows = []
    base = grade(recipe.score(raw))
    known = base > 0
    weights = pd.Series(recipe.weights, dtype=float)
    normalised = {layer: recipe.scales[layer].apply(raw[layer]) for layer in recipe.weights}
    if recipe.method in WEIGHTED and len(weights) > 1 and known.any():
        for layer in weights.index:
            for factor in FACTORS:
                changed = multiplied(weights, layer, factor) * weights.sum()
                levels = grade(_on_normalised(recipe).with_weights(changed.to_dict()).score(normalised))
                rows.append((layer, float(changed[layer]), factor, float((levels != base)[known].mean())))
    return pd.DataFrame(rows, columns=columns)


def _on_normalised(recipe: Recipe) -> Recipe:
    """Give the recipe that takes layers which are normalised already."""
    scales = {layer: Scale("none", 0.0, scale.worst) for layer, scale in recipe.scales.items()}
    return replace(recipe, scales=scales)


def _drawn_weights(
    recipe: Recipe, names: list[str], concentration: float, random: np.random.Generator
) -> dict[str, float]:
    weights = np.array([recipe.weights[name] for name in names])
    if recipe.method not in WEIGHTED or len(names) < 2:
        return dict(recipe.weights)
    total = weights.sum()
    drawn = random.dirichlet(concentration * weights / total)
    # a weight of 0 would take the layer out, and with it its unknown cells
    drawn = np.maximum(drawn, np.finfo(float).tiny)
    return dict(zip(names, (drawn / drawn.sum() * total).tolist(), strict=True))


def _disturbed(values: NDArray[Any], scale: Scale, error: float, random: np.random.Generator) -> NDArray[Any]:
    """Give a layer with an error drawn for it; unknown stays unknown."""
    if scale.method not in ("levels", "codes"):
        return values.astype(np.float64) + error * random.standard_normal()
    chance = random.random()
    step = 1 if chance < error / 2 else -1 if chance > 1 - error / 2 else 0
    moved = np.clip(values.astype(np.int64) + step, 1, int(scale.high))
    return np.where(values == 0, 0, moved)
