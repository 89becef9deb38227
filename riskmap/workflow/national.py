"""The two risk grids of an area too large for memory, from a project file whose rasters lie on one grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from riskmap.data import windows
from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.errors import DataError, SpecError
from riskmap.levels import LEVELS
from riskmap.risk import normalise
from riskmap.risk.normalise import Scale
from riskmap.text import Text
from riskmap.workflow import record, scoring
from riskmap.workflow.context import Context
from riskmap.workflow.project import Loaded, load
from riskmap.workflow.risk_options import WEIGHTED_FAMILIES, NormaliseSpec, WeightsSpec
from riskmap.workflow.scoring import Chosen
from riskmap.workflow.tiles import Source, Tiled, compose_tiles

GRIDS = (*WEIGHTED_FAMILIES, scoring.CAPACITY)
"""Layers that may enter the score, and so are read as rasters."""


def compose_project(
    project: str | Path,
    out: str | Path,
    *,
    bounds_from: Source = "exact",
    breaks_from: Source = "exact",
    jobs: int = 2,
    dask: str | None = None,
) -> dict[str, Any]:
    """Compose and class the rasters that a project weighs, window by window.

    Unlike a build it lands nothing: the rasters are delivered on one grid already, levels as uint8 with the worst highest and
    0 unknown. There are no zones and no patch merge; townships are counted from the level grid
    (:func:`riskmap.data.windows.covered_area`).

    Parameters
    ----------
    project : path
        Its ``risk`` says method, weights, ``missing``, ``normalise`` and ``classify``, as for a build; but for weights from the
        data (entropy, critic), normalisation by z_score or rank, and a shared reference, which ask for the whole area at once.
    out : path
        Folder for ``risk_score.tif``, ``risk_level.tif``, with five classes ``risk_five_level.tif``, and ``run.json``.
    bounds_from, breaks_from, jobs, dask
        As in :func:`riskmap.workflow.tiles.compose_tiles`.

    Returns
    -------
    dict
        What ``run.json`` holds: recipe, where its weights come from, breaks and their error, cells by level, cells beyond the
        bounds, findings (fewer classes than asked for).

    Raises
    ------
    SpecError, DataError
        The project asks for something that needs the whole area in memory.
    """
    loaded = load(project, house())
    context = _delivered(loaded, Path(out))
    spec = loaded.project.risk
    _require_streamable(loaded)
    recipe, chosen = scoring.recipe_for(context, _scales(context))
    paths = {layer: loaded.path_of(layer) for layer in recipe.weights}
    _require_readable(context, paths)
    folder = Path(out)
    limits = scoring.stated_limits(context, recipe)
    in_five = spec.classify.k == scoring.FIVE and not scoring.on_levels(recipe) and recipe.method != "matrix"
    with record.locked(folder):
        made = compose_tiles(
            paths,
            folder,
            weights=recipe.weights,
            method=recipe.method,
            missing=recipe.missing,
            scales=recipe.scales,
            reducing=recipe.reducing,
            names=recipe.names,
            bounds_from=bounds_from,
            breaks=None if limits is None else limits.tolist(),
            breaks_from=breaks_from,
            scheme=spec.classify.scheme,
            k=spec.classify.k,
            five_to_four=scoring.five_to_four(context) if in_five else None,
            threads=jobs,
            dask=dask,
        )
        found = [] if limits is not None else scoring.fewer_classes(context, made.breaks)
        told = _told(context, made, chosen, in_five) | {"findings": [finding.as_json() for finding in found]}
        record.write_json(told, folder / record.RUN)
    return told


def _delivered(loaded: Loaded, folder: Path) -> Context:
    """Give what the risk step would see if the rasters had been imported: they lie on one grid already."""
    levels = {layer: given.levels and given.levels.count for layer, given in loaded.project.inputs.items()}
    known = {layer: {"levels": count} for layer, count in levels.items() if layer.startswith(GRIDS)}
    # nothing is written to the database, and nothing read
    return Context(loaded, house(), folder, "zh", Database(folder / "riskmap.gpkg"), grids_known=known)


def _require_streamable(loaded: Loaded) -> None:
    """Raise where a project asks for what only the whole area in memory can tell."""
    spec = loaded.project.risk
    asked = sorted(_methods(spec.weights) & {"entropy", "critic"})
    if asked or loaded.project.reference is not None:
        what = asked[0] if asked else "reference"
        raise SpecError(
            Text(f"逐块合成不支持 {what}", f"composing by windows cannot do {what}"),
            remedy=Text(
                "把权重、上下限和分级写明：risk.weights，normalise 和 classify 用 fixed",
                "state weights, bounds and breaks: risk.weights, and fixed for normalise and classify",
            ),
            file=loaded.file.name,
        )


def _require_readable(context: Context, paths: dict[str, Path]) -> None:
    """Raise where a raster of levels is not of bytes, or one of values is and has cells without data: a byte has no NaN."""
    for layer, path in paths.items():
        as_levels, (codes, has_nodata) = context.levels_of(layer) is not None, windows.kind_of(path)
        if as_levels == codes or not (as_levels or has_nodata):
            continue
        raise DataError(
            Text("逐块合成时等级栅格用 uint8", "composing by windows takes levels as uint8")
            if as_levels
            else Text(
                "逐块合成时有无数据格的数值栅格不能是 uint8",
                "composing by windows takes values with nodata not as uint8",
            ),
            remedy=Text("转换类型（gdal_translate -ot）", "convert it (gdal_translate -ot)"),
            file=path.name,
            layer=layer,
        )


def _methods(weights: WeightsSpec) -> set[str]:
    return {weights.method}.union(*(_methods(part) for part in weights.combination or ()))


def _scales(context: Context) -> dict[str, Scale]:
    """Give the scales of all layers of values, open where their bounds are to be found."""
    scales = {}
    for layer, told in context.grids_known.items():
        given = context.project.inputs[layer].levels
        if given is not None and given.worst != "high_code":
            raise SpecError(
                Text("逐块合成要求高码最坏", "composing by windows wants the worst level highest"),
                remedy=Text("先用 riskmap build 转换", "convert it with riskmap build first"),
                layer=layer,
            )
        asked = context.project.risk.normalise.of(layer)
        if told["levels"] is None:
            scales[layer] = scoring.own_scale(context, layer) or _bounded(layer, asked)
    return scales


def _bounded(layer: str, asked: NormaliseSpec) -> Scale:
    try:
        return normalise.bounded_scale(asked.method, asked.bounds)
    except DataError as error:
        error.layer = layer
        raise


def _told(context: Context, made: Tiled, chosen: Chosen, in_five: bool) -> dict[str, Any]:
    loaded = context.loaded
    return {
        "riskmap": record.versions()["riskmap"],
        "project": {"file": loaded.file.name, "name": loaded.project.name.en},
        "recipe": made.recipe.as_record(),
        "weights_from": chosen.as_record(),
        "classify": loaded.project.risk.classify.scheme,
        "breaks": [float(b) for b in made.breaks],
        "breaks_error": None if made.breaks_error != made.breaks_error else made.breaks_error,
        "five_to_four": scoring.five_to_four(context) if in_five else None,
        "cells": {level.colour: int(n) for level, n in zip(LEVELS, made.cells, strict=True)},
        "beyond_bounds": made.beyond,
        "versions": record.versions(),
    }
