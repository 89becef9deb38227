"""Scores and levels of rasters too large for memory, tile by tile, here or on a cluster.

The functions that work on a block are those that a county in memory uses, so that the cells hold the same bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.data import windows
from riskmap.data.windows import TileWriter, Window
from riskmap.errors import DataError
from riskmap.grid import Grid
from riskmap.levels import LEVELS, MAJOR, to_four
from riskmap.risk import blocks, classify, histogram
from riskmap.risk.assets import AssetRecipe
from riskmap.risk.blocks import Range
from riskmap.risk.compose import Method, Missing
from riskmap.risk.histogram import Histogram, Selection
from riskmap.risk.normalise import Scale, bounded_scale
from riskmap.risk.recipe import Recipe
from riskmap.risk.sensitivity import Grading, Sensitivity, monte_carlo
from riskmap.text import Text
from riskmap.workflow.clusters import Mapper, workers

SAMPLE_SHARE = 0.02
"""Of the tiles, from which bounds and breaks are taken when they are not given and an exact run is not asked for."""

GROUPS = 5
"""Parts of the sample that are left out in turn to see how far the breaks depend on it."""

SCORE, LEVEL, FIVE_LEVEL = "risk_score.tif", "risk_level.tif", "risk_five_level.tif"

Source = Literal["exact", "sample"]


@dataclass(frozen=True, eq=False)
class Tiled:
    """What a tiled run made and how exact it is.

    Parameters
    ----------
    score, level : Path
        COGs: float32 scores with NaN, uint8 levels with 0 for unknown.
    recipe : Recipe
        With the bounds that were used.
    breaks : float64 array
        Upper limits.
    breaks_error : float
        Twice the jackknife standard error of the least certain limit of a sampled run, NaN where the sample is too small to
        tell; 0 of exact runs and given breaks.
    cells : int array
        Cells of each level, unknown first.
    beyond : dict of layer -> int
        Cells beyond the bounds of a layer, which count as the nearer bound.
    """

    score: Path
    level: Path
    recipe: Recipe
    breaks: NDArray[np.float64]
    breaks_error: float
    cells: NDArray[np.int64]
    beyond: dict[str, int] = field(default_factory=dict)


class Block(NamedTuple):
    """One block worked on."""

    window: Window
    score: NDArray[np.float32]
    level: NDArray[np.uint8] | Any
    beyond: dict[str, int]


def compose_tiles(
    layers: Mapping[str, Path],
    out: Path,
    *,
    weights: Mapping[str, float],
    method: Method = "weighted_sum",
    missing: Missing = "unknown",
    scales: Mapping[str, Scale] | None = None,
    reducing: frozenset[str] = frozenset(),
    names: Mapping[str, str] | None = None,
    bounds_from: Source = "exact",
    breaks: Sequence[float] | None = None,
    breaks_from: Source = "exact",
    scheme: classify.Scheme = "natural_breaks",
    k: int = MAJOR,
    five_to_four: Mapping[int, int] | None = None,
    threads: int = 2,
    dask: str | None = None,
) -> Tiled:
    """Compose and class rasters of one grid in constant memory, and write ``risk_score.tif`` and ``risk_level.tif``.

    Parameters
    ----------
    layers : mapping of layer -> Path
        Rasters of one grid: values with NaN (or nodata), or uint8 levels with 0 unknown. Files in tiles of 512 are best.
    out : Path
        Folder.
    weights, method, missing, reducing, names
        As of :class:`riskmap.risk.recipe.Recipe`.
    scales : mapping of layer -> Scale, optional
        Of layers of levels, and of those whose bounds are given. Open ones (:attr:`Scale.is_open`) take their bounds from the
        range of the values; layers without a scale go from 0 to 1 over it.
    bounds_from : {"exact", "sample"}
        Where the ranges are looked for: in all tiles, or in at most 2 % of them.
    breaks : sequence of float, optional
        Upper limits. Without them they are found.
    breaks_from : {"exact", "sample"}
        Limits of all scores, from a histogram and a second look, or of the scores of the sample.
    scheme, k
        As in :func:`riskmap.risk.classify.breaks`.
    five_to_four : mapping, optional
        From five classes to the four levels: then ``risk_level.tif`` holds these, and ``risk_five_level.tif`` the classes.
    threads : int
    dask : str, optional
        Address of a Dask scheduler whose workers see the same files.

    Returns
    -------
    Tiled

    Raises
    ------
    DataError
        The grids differ, a layer has no known value, or the arguments do not fit.
    """
    paths = {layer: Path(layers[layer]).absolute() for layer in weights}
    grid = windows.common_grid(list(paths.values()))
    every, sample = windows.windows(grid), windows.sample_tiles(grid, SAMPLE_SHARE)
    with windows.environment(), workers(threads=threads, dask=dask) as mapper:
        fitted = _scales(paths, scales or {}, mapper, sample if bounds_from == "sample" else every)
        recipe = Recipe(fitted, dict(weights), method, missing, reducing, dict(names or {}))
        with _products(out, grid, five_to_four, threads) as products:
            if breaks is None and breaks_from == "exact":
                counted, beyond = _scored(paths, recipe, every, mapper, products.scores)
                limits, error = _exact_limits(counted, products.scores, every, threads, scheme, k), 0.0
                _graded(products, limits, every, threads)
            else:
                limits, error = _known_limits(paths, recipe, sample, mapper, breaks, scheme, k)
                beyond = _both(paths, recipe, limits, every, mapper, products)
    return Tiled(out / SCORE, out / LEVEL, recipe, limits, error, products.cells, beyond)


@dataclass(eq=False)
class Products:
    """The grids that are written, and how many cells have each level."""

    scores: TileWriter
    levels: TileWriter
    five: TileWriter | None
    five_to_four: Mapping[int, int] | None
    cells: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(LEVELS), dtype=np.int64))

    def grade(self, classes: NDArray[np.uint8], window: Window) -> None:
        """Write the classes of a window as levels; five of them as they are as well."""
        levels = classes
        if self.five is not None:
            self.five.write(classes, window)
            levels = to_four(classes, dict(self.five_to_four or {}))
        self.levels.write(levels, window)
        self.cells += [np.count_nonzero(levels == level.code) for level in LEVELS]


@contextlib.contextmanager
def _products(out: Path, grid: Grid, five_to_four: Mapping[int, int] | None, threads: int) -> Iterator[Products]:
    with contextlib.ExitStack() as opened:

        def writer(name: str, dtype: str, title: str) -> TileWriter:
            return opened.enter_context(TileWriter(out / name, grid, dtype, title=title, threads=threads))

        scores, levels = writer(SCORE, "float32", "综合风险指数"), writer(LEVEL, "uint8", "综合风险等级")
        five = writer(FIVE_LEVEL, "uint8", "综合风险五级") if five_to_four is not None else None
        yield Products(scores, levels, five, five_to_four)


def _scales(
    paths: Mapping[str, Path], known: Mapping[str, Scale], mapper: Mapper[Any], seen: list[Window]
) -> dict[str, Scale]:
    """Give each layer's scale: as given, or with the range over the windows for bounds."""
    scales = {layer: known.get(layer) or bounded_scale("min_max") for layer in paths}
    open_ones = {layer: path for layer, path in paths.items() if scales[layer].is_open}
    ranges = dict.fromkeys(open_ones, blocks.NO_RANGE)
    if open_ones:
        for found in mapper(_ranges, ((open_ones, window) for window in seen)):
            ranges = {layer: ranges[layer].joined(found[layer]) for layer in open_ones}
    for layer, seen_range in ranges.items():
        if not seen_range.known:
            raise DataError(Text("没有已知的值，无法归一化", "no known value to normalise"), layer=layer)
        scales[layer] = replace(scales[layer], low=seen_range.low, high=seen_range.high)
    return scales


def _scored(
    paths: Mapping[str, Path],
    recipe: Recipe,
    every: list[Window],
    mapper: Mapper[Any],
    scores: TileWriter,
) -> tuple[Histogram, dict[str, int]]:
    """Write all scores, and count them."""
    counted = Histogram.over(*recipe.score_range())
    beyond: dict[str, int] = {}
    for block in mapper(score_block, ((paths, recipe, None, window) for window in every)):
        scores.write(block.score, block.window)
        counted.add(block.score)
        beyond = _added(beyond, block.beyond)
    scores.settle()
    return counted, beyond


def _exact_limits(
    counted: Histogram, scores: TileWriter, every: list[Window], threads: int, scheme: classify.Scheme, k: int
) -> NDArray[np.float64]:
    """Look at the scores again for the order statistics that the scheme needs: the limits of all scores, to the last bit."""
    ranks = histogram.ranks_for(counted.count, scheme=scheme, k=k)
    selection = Selection(counted, ranks) if len(ranks) else None
    if selection:
        # the scores lie beside this process: no cluster is asked
        with workers(threads=threads) as here:
            for selected in here(lambda window: selection.among(scores.read(window)), ((w,) for w in every)):
                selection.add(selected)
    return _rounded(histogram.breaks(counted, scheme=scheme, k=k, selection=selection))


def _graded(products: Products, limits: NDArray[np.float64], every: list[Window], threads: int) -> None:
    """Write the levels of scores that were written."""
    with workers(threads=threads) as here:
        found = here(lambda window: blocks.levels(products.scores.read(window), limits), ((w,) for w in every))
        for classes, window in zip(found, every, strict=True):
            products.grade(classes, window)


def _known_limits(
    paths: Mapping[str, Path],
    recipe: Recipe,
    sample: list[Window],
    mapper: Mapper[Any],
    breaks: Sequence[float] | None,
    scheme: classify.Scheme,
    k: int,
) -> tuple[NDArray[np.float64], float]:
    """Give limits before the scores are written: as given, or from the sample with its jackknife error."""
    if breaks is not None:
        return _rounded(classify.breaks([0.0], scheme="fixed", limits=list(breaks))), 0.0
    tiles = [b.score.ravel() for b in mapper(score_block, ((paths, recipe, None, window) for window in sample))]
    limits = classify.breaks(np.concatenate(tiles), scheme=scheme, k=k)
    without = []
    for group in range(min(GROUPS, len(tiles))):
        kept = [tile for number, tile in enumerate(tiles) if number % GROUPS != group]
        if kept:
            found = classify.breaks(np.concatenate(kept), scheme=scheme, k=k)
            if len(found) == len(limits):
                without.append(found)
    if len(without) < 2:
        return _rounded(limits), float("nan")
    n = len(without)
    spread = np.sqrt((n - 1) / n * ((np.array(without) - np.mean(without, axis=0)) ** 2).sum(axis=0))
    return _rounded(limits), float(2 * spread[:-1].max(initial=0.0))


def _both(
    paths: Mapping[str, Path],
    recipe: Recipe,
    limits: NDArray[np.float64],
    every: list[Window],
    mapper: Mapper[Any],
    products: Products,
) -> dict[str, int]:
    """Write scores and levels in one pass."""
    beyond: dict[str, int] = {}
    blocks_done: Iterator[Block] = mapper(score_block, ((paths, recipe, limits, window) for window in every))
    for block in blocks_done:
        products.scores.write(block.score, block.window)
        products.grade(block.level, block.window)
        beyond = _added(beyond, block.beyond)
    return beyond


def score_block(
    paths: Mapping[str, Path], recipe: Recipe | AssetRecipe, limits: NDArray[np.float64] | None, window: Window
) -> Block:
    """Read a window of every layer and give its scores, and its levels where the limits are known."""
    raw = {layer: windows.read_window(path, window) for layer, path in paths.items()}
    if isinstance(recipe, Recipe):
        blocks.require_levels(recipe, raw)
    score = blocks.score(recipe, raw)
    level = None if limits is None else blocks.levels(score, limits)
    beyond = blocks.beyond(recipe, raw) if isinstance(recipe, Recipe) else {}
    return Block(window, score, level, beyond)


def sensitivity_block(
    paths: Mapping[str, Path], recipe: Recipe, grade: Grading, drawn: Mapping[str, Any], window: Window
) -> tuple[Window, Sensitivity]:
    """Read a window of every layer and give in how many of the runs its cells have which level, in the window's shape."""
    raw = {layer: windows.read_window(path, window).ravel() for layer, path in paths.items()}
    found = monte_carlo(recipe, raw, grade, **drawn)
    shape = (window.height, window.width)
    return window, Sensitivity(found.probability.reshape(-1, *shape), found.stability.reshape(shape))


def _ranges(paths: Mapping[str, Path], window: Window) -> dict[str, Range]:
    return {layer: blocks.value_range(windows.read_window(path, window)) for layer, path in paths.items()}


def _rounded(limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give limits as float32 holds them, like the scores."""
    return limits.astype(np.float32).astype(np.float64)


def _added(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {layer: a.get(layer, 0) + count for layer, count in b.items()}
