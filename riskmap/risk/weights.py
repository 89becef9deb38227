"""Weights of the layers that a risk score combines."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from riskmap.errors import DataError
from riskmap.text import Text


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
    series = pd.Series(dict(weights), dtype=float)
    bad = [name for name, w in series.items() if not w >= 0]
    if bad or not series.sum() > 0:
        raise DataError(
            Text(
                f"权重不能为负，且至少一个为正：{dict(weights)}",
                f"weights are not negative and one is positive: {dict(weights)}",
            ),
            remedy=Text("改正项目文件里的 risk.weights", "correct risk.weights in the project file"),
        )
    # summed exactly, so that the order of the layers does not change a bit
    return series / math.fsum(series)


def equal(names: list[str]) -> pd.Series:
    """Give every layer the same weight.

    Examples
    --------
    >>> equal(["a", "b"]).tolist()
    [0.5, 0.5]
    """
    return given(dict.fromkeys(names, 1.0))
