"""Why a cell has its colour, for the page's script: each layer in few rounded values, so that a click needs no server."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap.output.symbology import CODES
from riskmap.output.webmap_page import Explanation
from riskmap.text import Lang

MOST_BYTES = 8_000_000
"""Of all arrays of a page, as they stand in the file."""

DIGITS = (4, 3, 2, 1)
"""Significant digits to which values are rounded, the most that give few enough different ones."""

UNKNOWN_CODE = CODES - 1

Blocks = list[tuple[str, bytes]]


def why_parts(explanation: Explanation, inside: NDArray[np.bool_], lang: Lang) -> tuple[dict[str, Any] | None, Blocks]:
    """Give what the script is told of the explanation, and the packed arrays.

    Parameters
    ----------
    explanation : Explanation
    inside : bool array
        Cells of the area; the others are unknown.
    lang : {"zh", "en"}

    Returns
    -------
    dict or None
        None when the arrays would be larger than 8 MB even with one digit.
    list of (str, bytes)
    """
    for most in DIGITS:
        told, blocks = _parts(explanation, inside, lang, most)
        # a quick compression is never smaller than the thorough one that is written; base64 takes 4 bytes for 3
        if sum(len(zlib.compress(data, 1)) for _, data in blocks) * 4 / 3 <= MOST_BYTES:
            return told, blocks
    return None, []


def _parts(explanation: Explanation, inside: NDArray[np.bool_], lang: Lang, most: int) -> tuple[dict[str, Any], Blocks]:
    blocks: Blocks = []
    factors = []
    for number, factor in enumerate(explanation.factors):
        codes, values = coded(np.where(inside, factor.raw, np.nan), most)
        blocks.append((f"why-{number}", codes.tobytes()))
        factors.append(
            {
                "title": factor.title.pick(lang),
                "unit": factor.unit.pick(lang) if factor.unit else "",
                "weight": round(factor.weight, 4),
                "raw": values,
                "normalised": _means(codes, factor.normalised, len(values)),
                "part": _means(codes, factor.part, len(values)) if explanation.sums else None,
            }
        )
    told: dict[str, Any] = {
        "factors": factors,
        "contributions": explanation.sums,
        "intervals": {
            level: [None if limit is None else round(limit, 4) for limit in limits]
            for level, limits in explanation.intervals.items()
        },
    }
    codes, values = coded(np.where(inside, explanation.score, np.nan), most)
    blocks.append(("why-score", codes.tobytes()))
    blocks.append(("why-before", np.where(inside, explanation.before_merge, 0).astype(np.uint8).tobytes()))
    told["score"] = values
    if explanation.people is not None:
        codes, values = coded(np.where(inside, explanation.people, np.nan), most)
        blocks.append(("why-people", codes.tobytes()))
        told["people"] = values
    return told, blocks


def coded(values: NDArray[np.floating], most: int) -> tuple[NDArray[np.uint8], list[float]]:
    """Round values to so few digits that a byte numbers them.

    Parameters
    ----------
    values : float array
        NaN unknown.
    most : int
        Significant digits at most.

    Returns
    -------
    uint8 array
        Position in the list; 255 unknown.
    list of float
        Ascending.

    Examples
    --------
    >>> codes, kept = coded(np.array([0.12345, 7.0, np.nan]), 3)
    >>> codes.tolist(), kept
    ([0, 1, 255], [0.123, 7.0])
    """
    known = ~np.isnan(values)
    for digits in range(most, 0, -1):
        kept, place = np.unique(rounded(values[known], digits), return_inverse=True)
        if len(kept) < UNKNOWN_CODE:
            codes = np.full(values.shape, UNKNOWN_CODE, dtype=np.uint8)
            codes[known] = place
            return codes, [float(v) for v in kept]
    # very many magnitudes: bins of equal numbers of cells, each named by its middle
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, UNKNOWN_CODE - 1)))
    codes = np.full(values.shape, UNKNOWN_CODE, dtype=np.uint8)
    place = np.clip(np.searchsorted(edges, values[known], side="right") - 1, 0, max(len(edges) - 2, 0))
    codes[known] = place
    middles = (edges[:-1] + edges[1:]) / 2 if len(edges) > 1 else edges
    return codes, [float(v) for v in rounded(middles, 2)]


def rounded(values: NDArray[np.floating], digits: int) -> NDArray[np.float64]:
    """Round to significant digits.

    Examples
    --------
    >>> rounded(np.array([0.012345, 98765.0, 0.0]), 2).tolist()
    [0.012, 99000.0, 0.0]
    """
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(values))))
    # through text-like steps: dividing by 10**-p would leave 0.30000000000000004
    scale = digits - 1 - power
    up = np.round(values * 10.0 ** np.maximum(scale, 0) / 10.0 ** np.maximum(-scale, 0))
    return np.asarray(up / 10.0 ** np.maximum(scale, 0) * 10.0 ** np.maximum(-scale, 0))


def _means(codes: NDArray[np.uint8], values: NDArray[np.floating], count: int) -> list[float | None]:
    """Give the mean of values over the cells of each code; None where none is known."""
    known = (codes != UNKNOWN_CODE) & ~np.isnan(values)
    total = np.bincount(codes[known], values[known], minlength=count)
    number = np.bincount(codes[known], minlength=count)
    return [round(float(t / n), 4) if n else None for t, n in zip(total, number, strict=True)]
