"""Combining normalised layers into one score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.risk import weights as weighting
from riskmap.text import Text

Method = Literal["weighted_sum", "maximum", "product", "geometric_mean", "power"]
METHODS: tuple[str, ...] = get_args(Method)
Missing = Literal["unknown", "renormalise"]


def compose(
    layers: Mapping[str, Any],
    *,
    weights: Mapping[str, float] | None = None,
    method: Method = "weighted_sum",
    missing: Missing = "unknown",
) -> Any:
    """Combine layers cell by cell.

    Parameters
    ----------
    layers : mapping of name -> 2-D array or Series
        Same shape (or index); NaN is unknown. Layers without a weight do not enter.
    weights : mapping of name -> float, optional
        Needed by ``weighted_sum`` and ``geometric_mean`` (rescaled to sum 1) and ``power`` (exponents, as given).
    method : {"weighted_sum", "maximum", "product", "geometric_mean", "power"}
        With normalised layers x_i and weights w_i: sum(w_i x_i); max(x_i), of values or of levels; prod(x_i);
        prod(x_i ^ w_i) with rescaled weights; prod(x_i ^ w_i) with the exponents given.
    missing : {"unknown", "renormalise"}
        A cell unknown in any layer that enters is unknown; or, for ``weighted_sum``, ``geometric_mean`` and ``maximum``,
        the known layers stand for it, their weights rescaled. All unknown is NaN either way.

    Returns
    -------
    array or Series
        The kind that came in, float64.

    Raises
    ------
    DataError
        Shapes differ, a weighted layer is not there, or the method cannot renormalise.
    """
    chosen = _chosen(layers, weights, method)
    stack = np.stack([np.asarray(layers[name], dtype=np.float64) for name in chosen.index])
    if missing == "renormalise" and method in ("product", "power"):
        raise DataError(
            Text(f"方法 {method} 不能对缺失层重新归一", f"{method} has no weights to renormalise over missing layers"),
            remedy=Text("用 missing: unknown", "use missing: unknown"),
        )
    score = _combined(stack, chosen.to_numpy(), method)
    if missing == "unknown":
        score = np.where(np.isnan(stack).any(axis=0), np.nan, score)
    first = next(iter(layers.values()))
    return pd.Series(score, index=first.index) if isinstance(first, pd.Series) else score


def _chosen(layers: Mapping[str, Any], weights: Mapping[str, float] | None, method: Method) -> pd.Series:
    """Give the layers that enter, with their weights."""
    shapes = {name: np.shape(values) for name, values in layers.items()}
    if len(set(shapes.values())) != 1:
        raise DataError(Text(f"各层形状不同：{shapes}", f"the layers differ in shape: {shapes}"))
    if method not in METHODS:
        raise DataError(
            Text(f"没有方法 {method!r}", f"no method {method!r}"), remedy=Text("、".join(METHODS), ", ".join(METHODS))
        )
    if weights is None:
        if method not in ("maximum", "product"):
            raise DataError(Text(f"方法 {method} 需要权重", f"{method} needs weights"))
        return pd.Series(1.0, index=list(layers))
    absent = [name for name in weights if name not in layers]
    if absent:
        raise DataError(
            Text(f"有权重但没有数据的层：{'、'.join(absent)}", f"weighted layers without data: {', '.join(absent)}"),
            remedy=Text("补上输入，或去掉该权重", "add the input, or take the weight away"),
        )
    series = pd.Series({name: float(w) for name, w in weights.items()})
    return weighting.given(series[series > 0]) if method in ("weighted_sum", "geometric_mean") else series


def _combined(stack: NDArray[np.float64], weights: NDArray[np.float64], method: Method) -> NDArray[np.float64]:
    """Combine over the layers known in each cell; cells that no layer knows are NaN."""
    known = ~np.isnan(stack)
    shaped = weights.reshape(-1, *[1] * (stack.ndim - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        if method == "maximum":
            score = np.where(known, stack, -np.inf).max(axis=0)
        elif method == "product":
            score = np.where(known, stack, 1.0).prod(axis=0)
        elif method == "power":
            score = np.where(known, stack**shaped, 1.0).prod(axis=0)
        else:
            total = (known * shaped).sum(axis=0)
            if method == "weighted_sum":
                score = np.where(known, stack * shaped, 0.0).sum(axis=0) / total
            else:
                score = np.exp(np.where(known, np.log(stack) * shaped, 0.0).sum(axis=0) / total)
    return np.where(known.any(axis=0), score, np.nan)
