"""Combining normalised layers into one score."""

from __future__ import annotations

import math
import warnings
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError, RiskmapWarning
from riskmap.risk import weights as weighting
from riskmap.text import Text

Method = Literal["weighted_sum", "maximum", "product", "geometric_mean", "power", "matrix"]
METHODS: tuple[str, ...] = get_args(Method)
Missing = Literal["unknown", "renormalise", "conservative"]
RESCALED = ("weighted_sum", "geometric_mean")
"""Methods whose weights are shares: rescaled to sum 1, and anew over the known layers."""

SUM_TOLERANCE = 1e-9
"""Weights that miss 1 by more are said to be rescaled."""

MATRIX_AXES = ("likelihood", "consequence")
MATRIX_STEPS = 5


def compose(
    layers: Mapping[str, Any],
    *,
    weights: Mapping[str, float] | None = None,
    method: Method = "weighted_sum",
    missing: Missing = "unknown",
    reducing: Collection[str] = (),
    worst: Mapping[str, float] | float = 1.0,
) -> Any:
    r"""Combine layers cell by cell.

    Parameters
    ----------
    layers : mapping of name -> 2-D array or Series
        Same shape (and index); NaN is unknown. Where weights are given, layers without one, or with 0, do not enter.
    weights : mapping of name -> float, optional
        Needed by ``weighted_sum`` and ``geometric_mean`` (rescaled to sum 1, with a warning when they did not) and ``power``
        (exponents, as given). The others take them only to choose layers.
    method : {"weighted_sum", "maximum", "product", "geometric_mean", "power", "matrix"}
        With layers :math:`x_i` and weights :math:`w_i`:

        - ``weighted_sum``: :math:`\sum_i w_i x_i`
        - ``maximum``: :math:`\max_i x_i`, of values or of levels (any red stays red)
        - ``product``: :math:`\prod_i x_i`, as in R = H E V, or R = H E V (1 - C) with ``reducing={"capacity"}``
        - ``geometric_mean``: :math:`\prod_i x_i^{w_i}` with rescaled weights
        - ``power``: :math:`\prod_i x_i^{w_i}` with the exponents given, as in R = H^a E^b V^c (1 - C)^d
        - ``matrix``: likelihood x consequence, both whole numbers 1-5 (the LS method; its classes: :mod:`riskmap.risk.matrix`)
    missing : {"unknown", "renormalise", "conservative"}
        A cell unknown in any layer that enters is unknown; or (``weighted_sum``, ``geometric_mean``, ``maximum``) the known
        layers stand for it, their weights rescaled; or an unknown layer counts as its worst. Unknown in all is NaN always.
    reducing : collection of str
        Layers 0-1 that lower the risk, such as mitigation capacity: they enter as 1 - x.
    worst : float or mapping of name -> float
        Worst value of a layer, as it enters, for ``conservative``: the largest, or under an exponent below 0 the smallest;
        5 for ``matrix``.

    Returns
    -------
    array or Series
        The kind that came in, float64.

    Raises
    ------
    DataError
        Shapes or indexes differ, a weighted layer is not there, the method cannot renormalise, or values do not fit it (a
        negative one under a root or power, a matrix score that is none of 1-5).

    References
    ----------
    R = H x E x V and its forms: standards 1.4. Likelihood x consequence: standards 2.

    Examples
    --------
    >>> compose({"flood": np.array([[0.2, 1.0]]), "quake": np.array([[0.4, np.nan]])}, weights={"flood": 0.5, "quake": 0.5})
    array([[0.3, nan]])
    """
    parts = _parts(layers, weights, method, missing, reducing, worst)
    score: NDArray[np.float64] | Any = None
    known: NDArray[np.bool_] | None = None
    for name, part in parts:
        filled = part
        if missing != "unknown":  # an unknown part makes the whole unknown by itself
            given = ~np.isnan(np.asarray(layers[name], dtype=np.float64))
            known = given if known is None else known | given
            filled = part if missing == "conservative" else np.where(given, part, _NEUTRAL[method])
        score = filled if score is None else _COMBINE[method](score, filled)
    result = score if known is None else np.where(known, score, np.nan)
    first = next(iter(layers.values()))
    return pd.Series(result, index=first.index) if isinstance(first, pd.Series) else result


def contributions(
    layers: Mapping[str, Any],
    *,
    weights: Mapping[str, float] | None = None,
    method: Method = "weighted_sum",
    missing: Missing = "unknown",
    reducing: Collection[str] = (),
    worst: Mapping[str, float] | float = 1.0,
) -> dict[str, NDArray[np.float64]]:
    """Give what each layer brings to the score of :func:`compose`, with the same arguments.

    Returns
    -------
    dict of name -> float64 array
        In the order in which they are combined (by name): the terms of the sum, the factors of the product, or what the
        maximum is taken of. NaN where the layer is unknown and nothing stands for it.
    """
    return dict(_parts(layers, weights, method, missing, reducing, worst))


_COMBINE: dict[str, Any] = {
    "weighted_sum": np.add,
    "maximum": np.maximum,
    "product": np.multiply,
    "geometric_mean": np.multiply,
    "power": np.multiply,
    "matrix": np.multiply,
}
_NEUTRAL = {"weighted_sum": 0.0, "maximum": -np.inf, "geometric_mean": 1.0}


def _parts(
    layers: Mapping[str, Any],
    weights: Mapping[str, float] | None,
    method: Method,
    missing: Missing,
    reducing: Collection[str],
    worst: Mapping[str, float] | float,
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Give name and contribution of each layer that enters, by name: the order of the mapping must not matter."""
    chosen = _chosen(layers, weights, method, missing)
    total = _known_weight(layers, chosen) if missing == "renormalise" and method in RESCALED else None
    for name in sorted(chosen):
        x = np.asarray(layers[name], dtype=np.float64)
        if method == "matrix":
            _require_steps(name, x)
        if name in reducing:
            x = 1.0 - x
        if missing == "conservative":
            top = worst.get(name, 1.0) if isinstance(worst, Mapping) else worst
            x = np.where(np.isnan(x), MATRIX_STEPS if method == "matrix" else top, x)
        weight = chosen[name] if total is None else chosen[name] / total
        yield name, _part(name, x, weight, method)


def _part(name: str, x: NDArray[np.float64], weight: Any, method: Method) -> NDArray[np.float64]:
    if method == "weighted_sum":
        return x * weight
    if method not in ("geometric_mean", "power"):
        return x
    if (x < 0).any() or (np.any(np.less(weight, 0)) and (x == 0).any()):
        raise DataError(
            Text(
                f"{name} 有不适合 {method} 的值（负数，或负指数下的 0）", f"{name} has values that {method} cannot take"
            ),
            remedy=Text(
                "换一种归一化（min_max、half_one）或方法", "use another normalisation (min_max, half_one) or method"
            ),
            layer=name,
        )
    return x**weight


def _known_weight(layers: Mapping[str, Any], chosen: Mapping[str, float]) -> NDArray[np.float64]:
    """Give the weights of the layers known in each cell, added up by name; NaN where none is."""
    total: Any = 0.0
    for name in sorted(chosen):
        total = total + np.where(np.isnan(np.asarray(layers[name], dtype=np.float64)), 0.0, chosen[name])
    return np.where(total > 0, total, np.nan)


def _require_steps(name: str, x: NDArray[np.float64]) -> None:
    strange = ~np.isnan(x) & ((x < 1) | (x > MATRIX_STEPS) | (x != np.round(x)))
    if strange.any():
        raise DataError(
            Text(
                f"{name} 应是 1–{MATRIX_STEPS} 的整数，得到 {x[strange].flat[0]:g}",
                f"{name} should be whole numbers 1-{MATRIX_STEPS}, got {x[strange].flat[0]:g}",
            ),
            layer=name,
        )


def _chosen(
    layers: Mapping[str, Any], weights: Mapping[str, float] | None, method: Method, missing: Missing
) -> dict[str, float]:
    """Give the layers that enter, with their weights."""
    _check_method(method, missing)
    _check_alike(layers)
    if method == "matrix":
        return dict.fromkeys(_matrix_axes(layers), 1.0)
    if weights is None or not len(weights):
        if method in (*RESCALED, "power"):
            raise DataError(Text(f"方法 {method} 需要权重", f"{method} needs weights"))
        return dict.fromkeys(layers, 1.0)
    absent = [name for name in weights.keys() if name not in layers]  # noqa: SIM118  a Series iterates its values
    if absent:
        raise DataError(
            Text(f"有权重但没有数据的层：{'、'.join(absent)}", f"weighted layers without data: {', '.join(absent)}"),
            remedy=Text("补上输入，或去掉该权重", "add the input, or take the weight away"),
        )
    stated = {name: float(w) for name, w in weights.items() if w != 0}
    if method not in RESCALED:
        if not stated:
            raise DataError(Text("没有权重不为 0 的层", "no layer has a weight other than 0"))
        return stated
    rescaled, total = weighting.rescaled(stated), math.fsum(stated.values())
    if abs(total - 1.0) > SUM_TOLERANCE:
        message = Text(f"权重之和是 {total:g}，已换算为 1", f"the weights sum to {total:g}; rescaled to 1")
        warnings.warn(str(message), RiskmapWarning, stacklevel=5)
    return rescaled


def _check_method(method: str, missing: str) -> None:
    for value, known, zh, en in (
        (method, METHODS, "方法", "method"),
        (missing, get_args(Missing), "缺失处理", "treatment of missing data"),
    ):
        if value not in known:
            raise DataError(
                Text(f"没有{zh} {value!r}", f"no {en} {value!r}"), remedy=Text("、".join(known), ", ".join(known))
            )
    if missing == "renormalise" and method not in _NEUTRAL:
        raise DataError(
            Text(f"方法 {method} 不能对缺失层重新归一", f"{method} has no weights to renormalise over missing layers"),
            remedy=Text("用 missing: unknown 或 conservative", "use missing: unknown or conservative"),
        )


def _check_alike(layers: Mapping[str, Any]) -> None:
    if not layers:
        raise DataError(Text("没有图层可合成", "no layers to combine"))
    shapes = {name: np.shape(values) for name, values in layers.items()}
    if len(set(shapes.values())) != 1:
        raise DataError(Text(f"各层形状不同：{shapes}", f"the layers differ in shape: {shapes}"))
    rows = [values.index for values in layers.values() if isinstance(values, pd.Series)]
    if any(not index.equals(rows[0]) for index in rows):
        raise DataError(
            Text("各层的行索引不同", "the layers differ in index"),
            remedy=Text("先按同一索引对齐（reindex）", "align them first (reindex)"),
        )


def _matrix_axes(layers: Mapping[str, Any]) -> list[str]:
    if set(layers) != set(MATRIX_AXES):
        raise DataError(
            Text(
                f"matrix 需要 likelihood 与 consequence 两层，得到 {list(layers)}",
                f"matrix takes the layers likelihood and consequence, got {list(layers)}",
            )
        )
    return list(MATRIX_AXES)
