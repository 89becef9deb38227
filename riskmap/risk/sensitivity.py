"""How sure a colour is: seeded runs with other weights and with the layers' declared errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.levels import LEVELS, to_four
from riskmap.risk import classify
from riskmap.risk.normalise import Scale
from riskmap.risk.recipe import Recipe
from riskmap.risk.weights import multiplied

WEIGHTED = ("weighted_sum", "geometric_mean", "power")
"""Methods in which weights matter."""

LEVELLED = ("levels", "codes")
"""Scales of layers that hold levels."""

FACTORS = (1.1, 0.9)
"""By which each weight is multiplied in turn."""

CHUNK = 1 << 16
"""Cells that all runs go through before the next ones: their layers stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Grading:
    """From scores to the four levels, with the breaks of the base.

    Parameters
    ----------
    limits : float64 array
        Upper limits of the classes.
    five_to_four : mapping, optional
        Where the classes are the census's five.
    """

    limits: NDArray[np.float64]
    five_to_four: Mapping[int, int] | None = None

    def __call__(self, score: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Give the levels 1-4 of scores, 0 unknown."""
        found = classify.levels(score, self.limits)
        return found if self.five_to_four is None else to_four(found, dict(self.five_to_four))


class Draw(NamedTuple):
    """One run: the weights, and for each layer with an error the number drawn for it."""

    weights: dict[str, float]
    errors: dict[str, float]


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
    grade: Grading,
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
    grade : Grading
        With the breaks of the base.
    runs : int
    seed : int
        The same seed gives the same numbers.
    concentration : float
        The weights are drawn from a Dirichlet distribution with mean at the chosen ones and this sum of parameters; a weight
        w then has the standard deviation sqrt(w (1 - w) / (concentration + 1)). Exponents of ``power`` vary likewise, the
        sum of their sizes kept; methods without weights have nothing to vary.
    errors : mapping of layer -> float, optional
        Of a layer of values the standard deviation of its error, in its own unit; of a layer of levels the chance that a
        level is one off (half up, half down). One error is drawn per layer and run: whether errors of neighbouring cells go
        together does not change how often a single cell changes colour.

    Returns
    -------
    Sensitivity
    """
    draws = _draws(recipe, runs, seed, concentration, {n: e for n, e in (errors or {}).items() if n in recipe.weights})
    size = next(iter(raw.values())).size
    probability = np.empty((len(LEVELS), size), dtype=np.float32)
    stability = np.empty(size, dtype=np.float32)
    for start in range(0, size, CHUNK):
        part = slice(start, start + CHUNK)
        some = {layer: raw[layer][part] for layer in recipe.weights}
        probability[:, part], stability[part] = _shares(recipe, some, grade, draws, errors or {})
    return Sensitivity(probability, stability)


def _shares(
    recipe: Recipe,
    raw: Mapping[str, NDArray[Any]],
    grade: Grading,
    draws: list[Draw],
    errors: Mapping[str, float],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the share of the runs in which some cells have each level, and that of the base."""
    fixed = {layer: recipe.scales[layer].apply(raw[layer]) for layer in recipe.weights}
    plain = _on_normalised(recipe)
    base = grade(recipe.score(raw))
    counts = np.zeros((len(LEVELS), base.size), dtype=np.uint32)
    kept = np.zeros(base.size, dtype=np.uint32)
    for draw in draws:
        disturbed = fixed | {
            layer: recipe.scales[layer].apply(_disturbed(raw[layer], recipe.scales[layer], errors[layer], drawn))
            for layer, drawn in draw.errors.items()
        }
        levels = grade(plain.with_weights(draw.weights).score(disturbed))
        for level in range(1, len(LEVELS)):
            counts[level] += levels == level
        kept += levels == base
    unknown = base == 0
    probability = (counts / len(draws)).astype(np.float32)
    probability[:, unknown] = np.nan
    return probability, np.where(unknown, np.nan, kept / len(draws)).astype(np.float32)


def _draws(recipe: Recipe, runs: int, seed: int, concentration: float, errors: Mapping[str, float]) -> list[Draw]:
    """Draw all runs before any cell is looked at, so that cells in blocks of any shape meet the same runs."""
    random = np.random.default_rng(seed)
    names = sorted(recipe.weights)
    drawn = []
    for _ in range(runs):
        weights = _drawn_weights(recipe, names, concentration, random)
        numbers = {
            layer: random.random() if recipe.scales[layer].method in LEVELLED else random.standard_normal()
            for layer in sorted(errors)
        }
        drawn.append(Draw(weights, numbers))
    return drawn


def weight_changes(recipe: Recipe, raw: Mapping[str, NDArray[Any]], grade: Grading) -> pd.DataFrame:
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
                # an exponent below 0 keeps its sign
                changed = multiplied(weights.abs(), layer, factor) * weights.abs().sum() * np.sign(weights)
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
    # exponents of ``power`` may be below 0: their sizes vary, their signs stay
    sizes = np.abs(weights)
    drawn = random.dirichlet(concentration * sizes / sizes.sum())
    # a weight of 0 would take the layer out, and with it its unknown cells
    drawn = np.maximum(drawn, np.finfo(float).tiny)
    drawn = drawn / drawn.sum() * sizes.sum() * np.sign(weights)
    return dict(zip(names, drawn.tolist(), strict=True))


def _disturbed(values: NDArray[Any], scale: Scale, error: float, drawn: float) -> NDArray[Any]:
    """Give a layer with the error drawn for it; unknown stays unknown."""
    if scale.method not in LEVELLED:
        return values.astype(np.float64) + error * drawn
    step = 1 if drawn < error / 2 else -1 if drawn > 1 - error / 2 else 0
    moved = np.clip(values.astype(np.int64) + step, 1, int(scale.high))
    return np.where(values == 0, 0, moved)
