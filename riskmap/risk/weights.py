"""Weights of the layers that a risk score combines: stated, judged, or taken from the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from riskmap.errors import DataError
from riskmap.risk.ahp import Ahp, Judgement, ahp
from riskmap.text import Text

__all__ = ["Ahp", "Judgement", "ahp", "combine", "critic", "entropy", "equal", "given", "multiplied"]


def given(weights: Mapping[str, float]) -> pd.Series:
    """Give stated weights, rescaled to sum 1.

    Parameters
    ----------
    weights : mapping
        Layer -> weight, not negative, at least one positive.

    Returns
    -------
    Series
        Indexed by layer, in the order given.

    Raises
    ------
    DataError
    """
    return pd.Series(rescaled(weights), dtype=float)


def rescaled(weights: Mapping[str, float]) -> dict[str, float]:
    """Give stated weights, rescaled to sum 1, as a plain mapping; see :func:`given`."""
    stated = {name: float(weight) for name, weight in weights.items()}
    # summed exactly, so that the order of the layers does not change a bit
    total = math.fsum(stated.values())
    if not all(0 <= weight < math.inf for weight in stated.values()) or not total > 0:
        raise DataError(
            Text(
                f"权重不能为负，且至少一个为正：{dict(weights)}",
                f"weights are not negative and one is positive: {dict(weights)}",
            ),
            remedy=Text("改正项目文件里的 risk.weights", "correct risk.weights in the project file"),
        )
    return {name: weight / total for name, weight in stated.items()}


def equal(names: Sequence[str]) -> pd.Series:
    """Give every layer the same weight.

    Examples
    --------
    >>> equal(["a", "b"]).tolist()
    [0.5, 0.5]
    """
    return given(dict.fromkeys(names, 1.0))


def entropy(indicators: pd.DataFrame) -> pd.Series:
    r"""Give weights by the information entropy of the indicators: the more unevenly one is spread, the more it weighs.

    Parameters
    ----------
    indicators : DataFrame
        Rows are alternatives (cells, townships), columns indicators, normalised to one direction and not negative. Rows with
        a NaN are left out.

    Returns
    -------
    Series
        Indexed by column, sum 1. An indicator that is the same everywhere weighs 0.

    Raises
    ------
    DataError
        Fewer than two whole rows, a negative value, or all indicators the same everywhere.

    Notes
    -----
    :math:`p_{ij} = x_{ij} / \sum_i x_{ij}`, :math:`e_j = -\frac{1}{\ln n} \sum_i p_{ij} \ln p_{ij}` with 0 ln 0 = 0, and
    :math:`w_j = (1 - e_j) / \sum_k (1 - e_k)` (Shannon 1948; standards 1.4).

    Examples
    --------
    >>> entropy(pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, 0.0]})).tolist()
    [0.0, 1.0]
    """
    x = _whole_rows(indicators)
    if (x < 0).to_numpy().any():
        raise DataError(
            Text("熵权法的指标不能为负", "indicators of the entropy method are not negative"),
            remedy=Text("先归一化到 0–1", "normalise them to 0-1 first"),
        )
    share = x / x.sum().where(x.sum() > 0, 1.0)
    logs = np.log(share.where(share > 0, 1.0))
    spread = 1.0 + (share * logs).sum() / math.log(len(x))
    # a flat or empty column carries no information, rounding must not give it a weight
    return _informative(spread.where(x.max() > x.min(), 0.0))


def critic(indicators: pd.DataFrame) -> pd.Series:
    r"""Give weights by contrast and conflict (CRITIC): an indicator weighs more that varies and that others do not repeat.

    Parameters
    ----------
    indicators : DataFrame
        As in :func:`entropy`; each column is brought to 0-1 by min-max first.

    Returns
    -------
    Series
        Indexed by column, sum 1.

    Raises
    ------
    DataError
        Fewer than two whole rows, or all indicators the same everywhere.

    Notes
    -----
    :math:`w_j \propto \sigma_j \sum_k (1 - r_{jk})`, with standard deviation :math:`\sigma_j` and correlation
    :math:`r_{jk}` (Diakoulaki, D., Mavrotas, G., Papayannakis, L. 1995, Comput. Oper. Res. 22).
    """
    x = _whole_rows(indicators)
    width = x.max() - x.min()
    x = (x - x.min()) / width.where(width > 0, 1.0)
    varies = width > 0
    conflict = pd.Series(0.0, index=x.columns)
    if varies.any():
        centred = x.loc[:, varies] - x.loc[:, varies].mean()
        unit = centred / np.sqrt((centred**2).sum())
        correlation = unit.T @ unit
        # against itself every indicator counts 0; against one that never varies there is no conflict to count
        conflict[varies] = (1.0 - correlation).clip(lower=0.0).sum(axis=1)
    information = x.std(ddof=1) * conflict
    if varies.sum() == 1:
        information[varies] = 1.0
    return _informative(information)


def combine(
    sets: Sequence[pd.Series], *, rule: Literal["product", "mean"] = "product", shares: Sequence[float] | None = None
) -> pd.Series:
    """Combine several sets of weights for the same layers, such as AHP with entropy.

    Parameters
    ----------
    sets : sequence of Series
        Weights by layer.
    rule : {"product", "mean"}
        Multiplied layer by layer and rescaled, or the mean with ``shares``.
    shares : sequence of float, optional
        What each set counts in the mean; equal by default.

    Raises
    ------
    DataError
        The sets speak of different layers, or nothing is left.
    """
    names = list(sets[0].index)
    if any(set(s.index) != set(names) for s in sets):
        raise DataError(
            Text(
                f"要合并的各组权重图层不同：{[list(s.index) for s in sets]}",
                f"the sets of weights speak of different layers: {[list(s.index) for s in sets]}",
            )
        )
    table = pd.DataFrame({str(number): s.reindex(names) for number, s in enumerate(sets)})
    if rule == "product":
        return given(table.prod(axis=1).to_dict())
    stated = shares if shares is not None else [1.0] * len(sets)
    counts = given({str(number): share for number, share in enumerate(stated)})
    return given((table * counts).sum(axis=1).to_dict())


def multiplied(weights: pd.Series, name: str, factor: float) -> pd.Series:
    """Multiply one weight, at most up to 1, and rescale the others so that the sum stays 1.

    Examples
    --------
    >>> multiplied(pd.Series({"a": 0.5, "b": 0.25, "c": 0.25}), "a", 1.1).round(3).tolist()
    [0.55, 0.225, 0.225]
    """
    changed = weights / math.fsum(weights)
    rest = 1.0 - changed[name]
    target = min(1.0, changed[name] * factor)
    if rest <= 0:
        return changed
    changed = changed * (1.0 - target) / rest
    changed[name] = target
    return changed


def _whole_rows(indicators: pd.DataFrame) -> pd.DataFrame:
    rows = indicators.astype(float).dropna()
    if len(rows) < 2:
        raise DataError(
            Text("至少要有两行各指标都已知", "at least two rows with all indicators known are needed"),
            remedy=Text("检查缺失值，或改用别的定权方法", "check the missing values, or choose another method"),
        )
    return rows


def _informative(information: pd.Series) -> pd.Series:
    if not information.sum() > 0:
        raise DataError(
            Text("各指标处处相同，不能由数据定权", "the indicators are the same everywhere: no weights in the data"),
            remedy=Text("用给定权重、等权或层次分析法", "state weights, or use equal ones or AHP"),
        )
    return given(information.clip(lower=0.0).to_dict())
