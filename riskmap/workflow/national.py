"""The two risk grids of an area too large for memory, from a project file whose rasters lie on one grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from riskmap.data.catalog import house
from riskmap.data.spec import InputSpec
from riskmap.errors import SpecError
from riskmap.levels import LEVELS, MAJOR
from riskmap.risk import normalise, weights
from riskmap.risk.normalise import Scale
from riskmap.text import Text
from riskmap.workflow import record
from riskmap.workflow.project import Loaded, load
from riskmap.workflow.risk_options import RiskSpec
from riskmap.workflow.tiles import Source, Tiled, compose_tiles

PLAIN = ("min_max", "fixed", "half_one")
"""Normalisations that need no more of a layer than its bounds."""


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
        Its ``risk`` says method, weights (stated or equal), ``missing``, ``normalise`` (min_max, half_one or fixed) and
        ``classify`` (four levels).
    out : path
        Folder for ``risk_score.tif``, ``risk_level.tif`` and ``run.json``.
    bounds_from, breaks_from, jobs, dask
        As in :func:`riskmap.workflow.tiles.compose_tiles`.

    Returns
    -------
    dict
        What ``run.json`` holds: recipe, breaks and their error, cells by level, cells beyond the bounds.

    Raises
    ------
    SpecError
        The project asks for something that needs the whole area in memory.
    """
    loaded = load(project, house())
    spec = loaded.project.risk
    chosen = _weights(loaded)
    inputs = {layer: loaded.project.inputs[layer] for layer in chosen}
    on_levels = spec.method == "maximum" and all(given.levels for given in inputs.values())
    folder = Path(out)
    with record.locked(folder):
        made = compose_tiles(
            {layer: loaded.path_of(layer) for layer in chosen},
            folder,
            weights=chosen,
            method=spec.method,
            missing=spec.missing,
            scales=_scales(spec, inputs, on_levels),
            bounds_from=bounds_from,
            breaks=[float(level) for level in range(1, MAJOR + 1)] if on_levels else spec.classify.limits,
            breaks_from=breaks_from,
            scheme=spec.classify.scheme,
            k=spec.classify.k,
            threads=jobs,
            dask=dask,
        )
        told = _told(loaded, made)
        record.write_json(told, folder / record.RUN)
    return told


def _weights(loaded: Loaded) -> dict[str, float]:
    """Give the weights that need no look at the data."""
    spec = loaded.project.risk
    named = spec.weights.given
    if spec.weights.equal is not None:
        layers = spec.weights.equal or tuple(n for n in loaded.project.inputs if n.startswith("hazard_"))
        named = dict.fromkeys(sorted(layers), 1.0)
    if not named or spec.method == "matrix" or spec.classify.k != MAJOR or loaded.project.reference is not None:
        raise SpecError(
            Text(
                "逐块合成只支持写明的权重或等权、四级分级，不支持 matrix 和 reference",
                "composing by windows takes stated or equal weights and four levels, no matrix and no reference",
            ),
            remedy=Text(
                "先用 riskmap weights 求出权重并写进 risk.weights；上下限和分级用 fixed 写明",
                "find the weights with riskmap weights and state them in risk.weights; state bounds and breaks as fixed",
            ),
            file=loaded.file.name,
        )
    kept = {layer: float(weight) for layer, weight in named.items() if weight != 0}
    return kept if spec.method == "power" else {n: float(w) for n, w in weights.given(kept).items()}


def _scales(spec: RiskSpec, inputs: dict[str, InputSpec], on_levels: bool) -> dict[str, Scale]:
    """Give the scales that need no look at the data."""
    scales = {}
    for layer, given in inputs.items():
        asked = spec.normalise.of(layer)
        if given.levels is not None:
            if given.levels.worst != "high_code":
                raise SpecError(
                    Text("逐块合成要求高码最坏", "composing by windows wants the worst level highest"),
                    remedy=Text("先用 riskmap build 转换", "convert it with riskmap build first"),
                    layer=layer,
                )
            scales[layer] = _levels(given.levels.count, spec, on_levels)
        elif asked.method not in PLAIN or (asked.method == "half_one" and asked.bounds is None):
            raise SpecError(
                Text(
                    f"逐块合成不支持归一化 {asked.method}（half_one 要写明 bounds）",
                    f"composing by windows cannot normalise by {asked.method} (half_one needs bounds)",
                ),
                remedy=Text("改用 min_max 或 fixed", "use min_max or fixed"),
                layer=layer,
            )
        elif asked.bounds is not None:
            scales[layer] = Scale(asked.method, float(asked.bounds[0]), float(asked.bounds[1]))
    return scales


def _levels(count: int, spec: RiskSpec, on_levels: bool) -> Scale:
    if not on_levels:
        return normalise.level_scale(count)
    table = spec.five_to_four or {
        row["five"]: row["four"] for row in house().facts("levels").tables["five_to_four"].rows
    }
    return normalise.code_scale(table if count > MAJOR else {n: n for n in range(1, MAJOR + 1)})


def _told(loaded: Loaded, made: Tiled) -> dict[str, Any]:
    named = {level.colour: int(n) for level, n in zip(LEVELS, [*made.cells, *[0] * len(LEVELS)], strict=False)}
    return {
        "riskmap": record.versions()["riskmap"],
        "project": {"file": loaded.file.name, "name": loaded.project.name.en},
        "recipe": made.recipe.as_record(),
        "classify": loaded.project.risk.classify.scheme,
        "breaks": [float(b) for b in made.breaks],
        "breaks_error": None if made.breaks_error != made.breaks_error else made.breaks_error,
        "cells": named,
        "beyond_bounds": made.beyond,
        "versions": record.versions(),
    }
