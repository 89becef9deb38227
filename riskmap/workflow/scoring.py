"""From what the project file asks for to a recipe: which layers enter, with which weights, on which scales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.data.judgements import read_matrix, read_weights
from riskmap.data.spec import near
from riskmap.errors import DataError, RiskmapError, SpecError
from riskmap.levels import FIVE_TO_FOUR, LEVELS, MAJOR
from riskmap.risk import normalise, weights
from riskmap.risk.assets import AssetRecipe
from riskmap.risk.normalise import Scale
from riskmap.risk.recipe import Recipe
from riskmap.text import Text, join, plain
from riskmap.workflow import tiles
from riskmap.workflow.context import Context
from riskmap.workflow.risk_options import WeightsSpec

CAPACITY = "capacity"
SHARES = (CAPACITY, "vulnerability_")
"""Layers that are declared as shares 0-1 and enter as they are, unless the project says otherwise."""

FLAT_SHARE = 0.1
"""A layer that spans less of its declared range says little, and min-max would stretch it (contract 11.8)."""

FOUR, FIVE = 4, 5

METHOD_NAMES = {
    "given": Text("项目给定", "given by the project"),
    "file": Text("权重文件", "weight file"),
    "ahp": Text("层次分析法", "AHP"),
    "equal": Text("等权", "equal weights"),
    "entropy": Text("熵权法", "entropy"),
    "critic": Text("CRITIC 法", "CRITIC"),
    "combination": Text("组合赋权", "combined weights"),
}


@dataclass(frozen=True, eq=False)
class Chosen:
    """Weights with where they come from; ``house`` says that nobody stated them."""

    weights: pd.Series
    method: str
    source: str | None = None
    author: str | None = None
    date: str | None = None
    house: bool = False
    consistency_ratio: float | None = None

    def note(self) -> Text:
        """Say on a product where the weights come from."""
        if self.house:
            return Text("（默认等权，非官方规定）", " (equal by house default, not official)")
        parts = [METHOD_NAMES[self.method]]
        if self.consistency_ratio is not None:
            parts.append(Text(f"CR {self.consistency_ratio:.3f}", f"CR {self.consistency_ratio:.3f}"))
        parts.append(plain(self.source) if self.source else Text("来源未注明", "source not stated"))
        parts += [plain(text) for text in (self.author, self.date) if text]
        return Text(f"（{'，'.join(p.zh for p in parts)}）", f" ({', '.join(p.en for p in parts)})")

    def as_record(self) -> dict[str, Any]:
        """Give source, author and method for ``run.json``."""
        note = self.note()
        return {
            "method": self.method,
            "source": self.source,
            "author": self.author,
            "date": self.date,
            "house_default": self.house,
            "consistency_ratio": self.consistency_ratio,
            "note": {"zh": note.zh[1:-1], "en": note.en[2:-1]},
        }


def hazards(context: Context) -> list[str]:
    """Give the hazard layers that were imported."""
    return sorted(layer for layer in context.grids_known if layer.startswith("hazard_"))


def choose(context: Context, spec: WeightsSpec, *, asset: str | None = None, exponents: bool = False) -> Chosen:
    """Find the weights that a project asks for.

    Parameters
    ----------
    context : Context
    spec : WeightsSpec
    asset : str, optional
        Kind of asset, for weight files that tell kinds apart.
    exponents : bool
        The given numbers are exponents: not rescaled.

    Raises
    ------
    RiskmapError
        A layer was not imported, judgements contradict each other, the data carry no weights.
    """
    stated: dict[str, Any] = {"source": spec.source, "author": spec.author, "date": spec.date}
    if spec.given is not None:
        found = pd.Series(spec.given, dtype=float) if exponents else weights.given(spec.given)
        return _checked(context, Chosen(found, "given", **stated))
    if spec.file is not None:
        return _checked(context, _from_file(context, spec.file, asset))
    if spec.ahp is not None:
        return _checked(context, _from_judgements(context, spec.ahp, stated))
    if spec.combination is not None:
        sets = [choose(context, part, asset=asset).weights for part in spec.combination]
        found = weights.combine(sets, rule=spec.rule, shares=spec.shares)
        return Chosen(found, "combination", **stated)
    layers = list(getattr(spec, spec.method)) or hazards(context)
    require_imported(context, layers)
    if spec.method == "equal":
        return Chosen(weights.equal(layers), "equal", **stated, house=not (spec.source or spec.author))
    values = {layer: scale_of(context, layer).apply(context.cells(layer).values)[context.inside] for layer in layers}
    measure = weights.entropy if spec.method == "entropy" else weights.critic
    return Chosen(measure(pd.DataFrame(values)), spec.method, **stated)


def _from_file(context: Context, file: str, asset: str | None) -> Chosen:
    read = read_weights(context.loaded.folder / file)
    stated = read.by_asset.get(asset, read.weights) if asset else read.weights
    if not stated:
        raise SpecError(
            Text(f"权重文件没有{asset or '综合'}的权重", f"the weight file has no weights for {asset or 'the whole'}"),
            file=file,
        )
    return Chosen(weights.given(stated), "file", read.source, read.author, read.date)


def _from_judgements(context: Context, file: str, stated: dict[str, Any]) -> Chosen:
    try:
        matrix = read_matrix(context.loaded.folder / file)
        names = [_layer_called(context, name) for name in matrix.index]
        renamed = dict(zip(matrix.index, names, strict=True))
        result = weights.ahp(
            matrix.set_axis(names).set_axis([renamed.get(c, c) for c in matrix.columns], axis=1),
            max_cr=context.fact("weights", "max_consistency_ratio"),
        )
    except RiskmapError as error:
        error.file = error.file or file
        raise
    stated = stated | {"source": stated["source"] or file}
    return Chosen(result.weights, "ahp", **stated, consistency_ratio=result.cr)


def _layer_called(context: Context, name: str) -> str:
    """Give the imported layer of that id, or of that title (``洪涝``, ``洪涝危险性``)."""
    known = list(context.grids_known)
    if name in known:
        return name
    for layer in known:
        title = context.catalog.layer(layer).title
        family = next((s for f, s in context.catalog.layer_specs.items() if layer.startswith(f.split("<")[0])), None)
        kind = family.kinds.get(layer.split("_", 1)[-1]) if family else None
        words = {title.zh, title.en, *((kind.title.zh, kind.title.en) if kind else ())}
        if name in words:
            return layer
    raise SpecError(
        Text(f"判断矩阵里的 {name!r} 不是读入的图层", f"{name!r} of the judgement matrix is no imported layer")
        + near(name, known)
    )


def _checked(context: Context, chosen: Chosen) -> Chosen:
    require_imported(context, list(chosen.weights.index))
    return chosen


def require_imported(context: Context, layers: Sequence[str]) -> None:
    """Raise when a layer that is to enter was not imported, or there is none at all.

    Raises
    ------
    SpecError
    """
    absent = [layer for layer in layers if layer not in context.grids_known]
    if absent or not layers:
        raise SpecError(
            Text(
                f"有权重但没有读入的层：{'、'.join(absent) or '（一个也没有）'}",
                f"weighted layers that were not imported: {', '.join(absent) or '(none at all)'}",
            )
            + (near(absent[0], list(context.grids_known)) if absent else Text("", ""))
        )


def own_scale(context: Context, layer: str) -> Scale | None:
    """Give the scale of a layer of levels or of shares, which mean the same everywhere; None for other values."""
    levels = context.levels_of(layer)
    if levels:
        return normalise.level_scale(levels)
    if layer.startswith(SHARES) and layer not in context.project.risk.normalise.layers:
        # stretching shares would make the best township perfect
        return Scale("fixed", 0.0, 1.0)
    return None


def scale_of(context: Context, layer: str) -> Scale:
    """Give the scale of a layer over the area."""
    own = own_scale(context, layer)
    if own is not None:
        return own
    spec = context.project.risk.normalise.of(layer)
    within = np.where(context.inside, context.cells(layer).values, np.nan)
    try:
        return normalise.fit(within, method=spec.method, bounds=spec.bounds)
    except DataError as error:
        error.layer = error.layer or layer
        raise


def five_to_four(context: Context) -> dict[int, int]:
    """Give the table from census five levels to the four: the project's, else the house's."""
    own = context.project.risk.five_to_four
    if own is not None:
        return own
    table = {row["five"]: row["four"] for row in context.fact_table("levels", "five_to_four")}
    if set(table) != set(FIVE_TO_FOUR) or not set(table.values()) <= set(range(1, FOUR + 1)):
        raise SpecError(
            Text(
                f"levels.five_to_four 应为 1–5 各给 1–4：{table}",
                f"levels.five_to_four gives each of 1-5 one of 1-4: {table}",
            ),
            remedy=Text("改正 facts.levels.five_to_four", "correct facts.levels.five_to_four"),
        )
    return table


def code_scale_of(context: Context, layer: str, count: int) -> Scale:
    """Give the scale that keeps a layer's levels as numbers: as four levels, or as the five that were delivered.

    Raises
    ------
    SpecError
        Five levels are asked of a layer that has another number of them.
    """
    levels = context.levels_of(layer)
    if count == FOUR:
        return normalise.code_scale(five_to_four(context) if levels == FIVE else {n: n for n in range(1, FOUR + 1)})
    if levels != FIVE:
        raise SpecError(
            Text(f"{layer} 不是五级图层", f"{layer} is no layer of five levels"),
            remedy=Text("matrix 的两轴都要 1–5 级", "both axes of the matrix are levels 1-5"),
            layer=layer,
        )
    return normalise.code_scale({n: n for n in FIVE_TO_FOUR})


def recipe_for(context: Context, scales: dict[str, Scale] | None = None) -> tuple[Recipe, Chosen]:
    """Give the recipe of the comprehensive score, and where its weights come from.

    Parameters
    ----------
    context : Context
    scales : dict of layer -> Scale, optional
        Scales of a shared reference; they take the place of those of the area.
    """
    spec = context.project.risk
    if spec.method == "matrix":
        axes = {spec.matrix.likelihood: "likelihood", spec.matrix.consequence: "consequence"}
        require_imported(context, list(axes))
        chosen = Chosen(pd.Series(1.0, index=list(axes)), "given", source="likelihood x consequence")
        found = {layer: code_scale_of(context, layer, FIVE) for layer in axes}
        return Recipe(found, dict.fromkeys(axes, 1.0), "matrix", spec.missing, names=axes), chosen
    chosen = choose(context, spec.weights, exponents=spec.method == "power")
    layers = [layer for layer, weight in chosen.weights.items() if weight != 0]
    if spec.method == "maximum" and all(context.levels_of(layer) for layer in layers):
        found = {layer: code_scale_of(context, layer, FOUR) for layer in layers}
    else:
        found = {layer: (scales or {}).get(layer) or scale_of(context, layer) for layer in layers}
    kept = {layer: float(chosen.weights[layer]) for layer in layers}
    if spec.method in ("maximum", "product"):
        kept = dict.fromkeys(layers, 1.0)
    reducing = frozenset(layer for layer in layers if layer == CAPACITY)
    return Recipe(found, kept, spec.method, spec.missing, reducing), chosen


def recipe_again(context: Context) -> Recipe:
    """Give the recipe that the risk step used, from what it left in the totals."""
    record = context.totals["risk"]["recipe"]
    ordered = {}
    for layer, numbers in record["scales"].items():
        if numbers["method"] == "rank":
            ordered[layer] = scale_of(context, layer).ordered
    return Recipe.from_record(record, ordered)


def on_levels(recipe: Recipe) -> bool:
    """Tell whether a score is itself a level: the maximum of levels needs no classes."""
    return recipe.method == "maximum" and all(scale.method == "codes" for scale in recipe.scales.values())


def stated_limits(context: Context, recipe: Recipe) -> NDArray[np.float64] | None:
    """Give the upper limits of the classes where the method or the project states them; None where the scores do."""
    if on_levels(recipe):
        # levels are compared as they are, so that any red stays red
        return np.arange(1.0, MAJOR + 1)
    if recipe.method == "matrix":
        rows = sorted(context.fact_table("matrix", "ls"), key=lambda row: row["level"])
        # whole numbers: up to one below the next level's lower limit
        return np.array([*(row["from"] - 1.0 for row in rows[1:]), 25.0])
    stated = context.project.risk.classify.limits
    return None if stated is None else np.asarray(stated, dtype=np.float64)


FEWER = Text(
    "减小 risk.classify.k，或换分级方法、补图层", "lower risk.classify.k, or take another scheme or more layers"
)


def fewer_classes(context: Context, limits: NDArray[np.float64]) -> list[Finding]:
    """Tell of scores that make fewer classes than asked for, and which levels there are not."""
    k = context.project.risk.classify.k
    if len(limits) >= k:
        return []
    table = five_to_four(context) if k == FIVE else {n: n for n in range(1, k + 1)}
    reached = {table[number] for number in range(1, len(limits) + 1)}
    named = join([level.name for level in LEVELS[1:] if level.code not in reached])
    message = Text(
        f"分数只有 {len(limits)} 个不同的级，少于 {k}",
        f"the scores make {len(limits)} classes, fewer than {k}",
    )
    if named.zh:
        message += Text(f"；没有{named.zh}", f"; there is no {named.en}")
    return [Finding("risk_level", "warning", "FEWER_CLASSES", message, FEWER)]


def raw_layers(context: Context, recipe: Recipe) -> dict[str, Any]:
    """Read the layers that a recipe takes."""
    return {layer: context.cells(layer).values for layer in recipe.weights}


def score_cells(context: Context, recipe: Recipe | AssetRecipe, layers: Iterable[str]) -> NDArray[np.float32]:
    """Give the score of the area's cells by a recipe, block by block; NaN outside the area.

    Parameters
    ----------
    context : Context
    recipe : Recipe or AssetRecipe
    layers : iterable of str
        Those that the recipe takes.
    """
    paths = {layer: context.grid_path(layer).absolute() for layer in layers}
    score = np.empty(context.grid.shape, dtype=np.float32)
    for block in context.over_blocks(tiles.score_block, paths, recipe, None):
        score[block.window.slices] = block.score
    return np.where(context.inside, score, np.float32(np.nan))


def range_findings(context: Context, layer: str) -> list[Finding]:
    """Note a layer that is nearly flat over its declared range: min-max would stretch small differences to the full scale."""
    field = context.catalog.layer(layer).fields.get("value")
    # the upper bound of an amount is there to catch slips, it is no scale
    counted = layer.startswith(("exposure_", "asset_")) or context.levels_of(layer)
    bounded = context.project.risk.normalise.of(layer).bounds is not None
    if counted or bounded or field is None or field.min is None or field.max is None:
        return []
    within = context.cells(layer).values[context.inside]
    low, high = float(np.nanmin(within)), float(np.nanmax(within))
    if high - low >= FLAT_SHARE * (field.max - field.min):
        return []
    message = Text(
        f"取值 {low:.4g}–{high:.4g} 不到声明范围 {field.min:g}–{field.max:g} 的 {FLAT_SHARE:.0%}；归一化会放大微小差别",
        f"values {low:.4g}-{high:.4g} span under {FLAT_SHARE:.0%} of the declared {field.min:g}-{field.max:g}; normalising stretches small differences",
    )
    remedy = Text("考虑 normalise: {method: fixed, bounds: […]}", "consider normalise: {method: fixed, bounds: [...]}")
    return [Finding(layer, "warning", "RANGE_FLAT", message, remedy)]
