"""The pure functions that tiles of any size are made of: score, levels, ranges and histograms of a block of cells.

Each takes arrays and gives arrays or small sums that add up over blocks, so that a county in memory, a national raster by
windows and a cluster give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.risk import classify
from riskmap.risk.assets import AssetRecipe
from riskmap.risk.recipe import Recipe
from riskmap.text import Text

CHUNK = 1 << 17
"""Cells that are worked on at once: what a processor's cache holds of a handful of float64 layers."""


class Range(NamedTuple):
    """Smallest and largest known value and how many are known; of nothing known, +inf, -inf and 0."""

    low: float
    high: float
    known: int

    def joined(self, other: Range) -> Range:
        """Give the range of both."""
        return Range(min(self.low, other.low), max(self.high, other.high), self.known + other.known)


NO_RANGE = Range(float("inf"), float("-inf"), 0)


def value_range(values: NDArray[Any]) -> Range:
    """Give the range of a block; NaN is unknown."""
    if not values.size:
        return NO_RANGE
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(values, axis=None), np.fmax.reduce(values, axis=None)
    known = values.size - int(np.count_nonzero(np.isnan(values)))
    return Range(float(low), float(high), known) if known else NO_RANGE


def score(recipe: Recipe | AssetRecipe, raw: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Give the score of a block by a recipe, float32, NaN unknown: :meth:`Recipe.score`, a cacheful of cells at a time."""
    first = next(iter(raw.values()))
    flat = {layer: np.ascontiguousarray(values).reshape(-1) for layer, values in raw.items()}
    found = np.empty(first.size, dtype=np.float32)
    for start in range(0, first.size, CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = recipe.score({layer: values[part] for layer, values in flat.items()})
    return found.reshape(first.shape)


def levels(scores: NDArray[np.float32], limits: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Give the levels of a block: :func:`classify.levels`."""
    flat = np.ascontiguousarray(scores).reshape(-1)
    found = np.empty(flat.size, dtype=np.uint8)
    for start in range(0, flat.size, CHUNK):
        found[start : start + CHUNK] = classify.levels(flat[start : start + CHUNK], limits)
    return found.reshape(scores.shape)


def beyond(recipe: Recipe, raw: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    """Give how many cells of a block lie beyond the bounds of each layer's scale, and so count as the nearer bound."""
    found = {}
    for layer in recipe.weights:
        scale = recipe.scales[layer]
        if scale.method in ("min_max", "half_one", "fixed"):
            with np.errstate(invalid="ignore"):
                low, high = np.fmin.reduce(raw[layer], axis=None), np.fmax.reduce(raw[layer], axis=None)
            # most blocks lie within: then there is nothing to count
            inside = not (low < scale.low or high > scale.high)
            found[layer] = 0 if inside else int(((raw[layer] < scale.low) | (raw[layer] > scale.high)).sum())
    return found


def require_levels(recipe: Recipe, raw: Mapping[str, NDArray[Any]]) -> None:
    """Raise where a block holds codes beyond the declared levels, such as a nodata value that nobody declared.

    Raises
    ------
    DataError
    """
    for layer in recipe.weights:
        scale = recipe.scales[layer]
        if scale.method not in ("levels", "codes"):
            continue
        highest = raw[layer].max(initial=0)
        if highest > scale.high:
            raise DataError(
                Text(
                    f"等级栅格里有 {highest}，声明的是 1–{scale.high:.0f}",
                    f"the level raster holds {highest}, declared are 1-{scale.high:.0f}",
                ),
                remedy=Text(
                    "检查 levels.count，或在文件里声明无数据值", "check levels.count, or declare nodata in the file"
                ),
                layer=layer,
            )
