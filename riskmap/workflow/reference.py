"""The shared reference of neighbouring areas: without it their colours do not mean the same."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from riskmap.crs import name as crs_name
from riskmap.crs import same
from riskmap.data.spec import Record, build, read_yaml
from riskmap.errors import SpecError
from riskmap.risk.normalise import Scale
from riskmap.text import Text
from riskmap.workflow import record
from riskmap.workflow.context import Context
from riskmap.workflow.risk_options import NormaliseSpec
from riskmap.workflow.scoring import SHARES, Chosen

HEADING = "riskmap 共用参考（坐标系、格网、归一化上下限、权重、分级）：相邻各县用同一份，不要手改 / shared by neighbours, do not edit"
FROM_DATA = ("equal", "entropy", "critic")
UNWEIGHTED = ("maximum", "product", "matrix")


class Reference(Record):
    """What the first build fixed for all that join it."""

    schema_: Literal[1] = Field(alias="schema")
    first: str
    crs: str
    cell_size_m: float
    origin: tuple[float, float]
    method: str
    missing: str
    weights: dict[str, float]
    scales: dict[str, dict[str, Any]]
    scheme: str
    breaks: tuple[float, ...]
    k: int

    def scale(self) -> dict[str, Scale]:
        """Give the scales by layer."""
        return {
            layer: Scale(**{**numbers, "table": tuple(numbers.get("table", ()))})
            for layer, numbers in self.scales.items()
        }


def of(context: Context) -> Reference | None:
    """Read the reference of a project; None when it names none or its file has not been written yet.

    Raises
    ------
    SpecError
        The file is wrong, or the project does not fit it; with both sides.
    """
    if context.project.reference is None:
        return None
    path = context.loaded.folder / context.project.reference
    if not path.exists():
        return None
    found = build(Reference, read_yaml(path), path.name)
    risk = context.project.risk
    ours = {
        "crs": crs_name(context.crs),
        "cell_size_m": context.project.cell_size_m,
        "method": risk.method,
        "missing": risk.missing,
        "scheme": risk.classify.scheme,
        "k": risk.classify.k,
    }
    for key, mine in ours.items():
        theirs = getattr(found, key)
        if mine != theirs and not (key == "crs" and same(context.crs, theirs)):
            _refuse(key, theirs, mine, path.name)
    # breaks are kept as float32 holds them, like the scores
    if risk.classify.limits is not None and not np.array_equal(
        np.array(risk.classify.limits, np.float32), np.array(found.breaks, np.float32)
    ):
        _refuse("breaks", found.breaks, risk.classify.limits, path.name)
    _require_same_scales(found, risk.normalise, path.name)
    return found


def _require_same_scales(reference: Reference, normalise: NormaliseSpec, file: str) -> None:
    """Raise where the project asks for another normalisation of a layer than the reference has."""
    for layer, scale in reference.scales.items():
        asked = normalise.of(layer)
        shared = layer.startswith(SHARES) and layer not in normalise.layers
        if scale["method"] in ("levels", "codes") or shared:
            continue
        theirs = (scale["low"], scale["high"])
        if asked.method != scale["method"] or (asked.bounds is not None and asked.bounds != theirs):
            given = f"{scale['method']} {theirs[0]:g}-{theirs[1]:g}"
            _refuse(f"normalise.{layer}", given, f"{asked.method} {asked.bounds or ''}".strip(), file)


def joined(reference: Reference, chosen: Chosen, file: str) -> Chosen:
    """Give the weights of the reference; stated weights must be the same.

    Raises
    ------
    SpecError
        The project states other weights.
    """
    stated = {layer: weight for layer, weight in chosen.weights.items() if weight != 0}
    same_layers = stated.keys() == reference.weights.keys()
    alike = same_layers and (
        reference.method in UNWEIGHTED
        or all(math.isclose(weight, reference.weights[layer], rel_tol=1e-9) for layer, weight in stated.items())
    )
    if alike:
        # the first area itself, built again, gives the same bytes
        return chosen
    if chosen.method not in FROM_DATA or not same_layers:
        _refuse("weights", reference.weights, stated, file)
    return replace(chosen, weights=pd.Series(reference.weights), source=chosen.source or file)


def write_first(context: Context) -> None:
    """Write the reference of a project that names one and is the first to build with it."""
    if context.project.reference is None or "risk" not in context.totals:
        return
    path = context.loaded.folder / context.project.reference
    if path.exists():
        return
    told = context.totals["risk"]
    recipe = told["recipe"]
    content = {
        "schema": 1,
        "first": context.project.name.zh,
        "crs": crs_name(context.crs),
        "cell_size_m": context.project.cell_size_m,
        # the grid's lines are on multiples of the cell size
        "origin": [0.0, 0.0],
        "method": recipe["method"],
        "missing": recipe["missing"],
        "weights": recipe["weights"],
        "scales": recipe["scales"],
        "scheme": told["classify"],
        "breaks": told["breaks"],
        "k": context.project.risk.classify.k,
    }
    record.write_yaml(content, path, heading=HEADING)


def require_joinable(context: Context, scales: dict[str, Scale]) -> None:
    """Raise where a project names a reference but its normalisation cannot be shared.

    Raises
    ------
    SpecError
        A layer is normalised by rank: ranks compare places of one area only.
    """
    ranked = [layer for layer, scale in scales.items() if scale.method == "rank"]
    if context.project.reference is not None and ranked:
        raise SpecError(
            Text(
                f"{'、'.join(ranked)} 按秩归一化，不能与邻县共用参考",
                f"{', '.join(ranked)} are normalised by rank, which neighbours cannot share",
            ),
            remedy=Text("改用 min_max 或 fixed", "use min_max or fixed"),
        )


def _refuse(key: str, theirs: Any, mine: Any, file: str) -> None:
    raise SpecError(
        Text(
            f"与共用参考不符：{key} 参考为 {theirs}，本项目为 {mine}",
            f"does not fit the shared reference: {key} is {theirs} there and {mine} here",
        ),
        remedy=Text(
            "改成与参考一致，或去掉 reference（则不能与邻县拼接）",
            "make it the same, or take reference away (then the maps cannot be joined)",
        ),
        file=file,
        field=key,
    )
