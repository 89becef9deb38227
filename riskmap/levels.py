"""The four levels of risk and the three control zones: numbers, colours and words (contract of the house)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmap.errors import DataError
from riskmap.text import Text

UNKNOWN, LOW, GENERAL, LARGER, MAJOR = 0, 1, 2, 3, 4
"""Levels; 4 is the worst, 0 is unknown and is never a colour."""


@dataclass(frozen=True, slots=True)
class Level:
    """One level: its number, colour word and name."""

    code: int
    colour: str
    name: Text


LEVELS: tuple[Level, ...] = (
    Level(UNKNOWN, "none", Text("无数据", "no data")),
    Level(LOW, "blue", Text("低风险", "low risk")),
    Level(GENERAL, "yellow", Text("一般风险", "general risk")),
    Level(LARGER, "orange", Text("较大风险", "larger risk")),
    Level(MAJOR, "red", Text("重大风险", "major risk")),
)
"""Indexed by level code."""

ZONES: tuple[Level, ...] = (
    Level(0, "none", Text("无数据", "no data")),
    Level(1, "zone_general", Text("一般防治区", "general control zone")),
    Level(2, "zone_secondary", Text("次重点防治区", "secondary key control zone")),
    Level(3, "zone_key", Text("重点防治区", "key control zone")),
)
"""Control zones, indexed by zone code; their colours are not the four risk colours, which would say something else."""

FIVE_TO_FOUR: dict[int, int] = {5: 4, 4: 3, 3: 2, 2: 1, 1: 1}
"""Census five-level codes (5 high ... 1 low) to the four colours; a project may say otherwise."""


def to_worst_high(codes: NDArray[np.integer], *, count: int, worst: str) -> NDArray[np.uint8]:
    """Turn delivered level codes so that the highest number is the worst.

    Parameters
    ----------
    codes : integer array
        1 ... ``count``; 0 unknown.
    count : int
        Number of levels of the delivery, 4 or 5.
    worst : {"high_code", "low_code"}
        Which end of the delivered codes is the worst. Deliveries disagree, so nothing guesses it.

    Returns
    -------
    uint8 array
        1 best ... ``count`` worst, 0 unknown.

    Raises
    ------
    DataError
        A code outside 0 ... ``count``, or an end that is neither.

    Examples
    --------
    >>> to_worst_high(np.array([1, 5, 0]), count=5, worst="low_code").tolist()
    [5, 1, 0]
    """
    codes = np.asarray(codes)
    if worst not in ("high_code", "low_code"):
        raise DataError(
            Text(f"worst 是 high_code 或 low_code，不是 {worst!r}", f"worst is high_code or low_code, not {worst!r}")
        )
    _require_within(codes, count)
    turned = codes if worst == "high_code" else count + 1 - codes
    return np.where(codes == UNKNOWN, UNKNOWN, turned).astype(np.uint8)


def to_four(codes: NDArray[np.integer], table: dict[int, int] | None = None) -> NDArray[np.uint8]:
    """Map census five-level codes (5 worst, 0 unknown) to the four levels by a table.

    Parameters
    ----------
    codes : integer array
        0-5.
    table : mapping of int -> int, optional
        For each of the five codes one of the four levels, not falling as the code rises; :data:`FIVE_TO_FOUR` by default.

    Returns
    -------
    uint8 array
        1-4, 0 unknown.

    Raises
    ------
    DataError
        The table leaves out a code, or would colour a worse code more mildly than a better one.

    Examples
    --------
    >>> to_four(np.array([5, 4, 3, 2, 1, 0])).tolist()
    [4, 3, 2, 1, 1, 0]
    """
    table = FIVE_TO_FOUR if table is None else table
    colours = [table.get(five, UNKNOWN) for five in sorted(FIVE_TO_FOUR)]
    if (
        set(table) != set(FIVE_TO_FOUR)
        or not set(colours) <= {LOW, GENERAL, LARGER, MAJOR}
        or colours != sorted(colours)
    ):
        raise DataError(
            Text(f"五级到四色的对照表不合要求：{table}", f"the table from five levels to four does not fit: {table}"),
            remedy=Text(
                "五个代码 1–5 各对应 1–4，代码越大等级不得越低",
                "give each of 1-5 one of 1-4, never lower for a higher code",
            ),
        )
    codes = np.asarray(codes)
    _require_within(codes, max(FIVE_TO_FOUR))
    return np.array([UNKNOWN, *colours], dtype=np.uint8)[codes]


def _require_within(codes: NDArray[np.integer], count: int) -> None:
    """Raise when a level code is none of 0 ... ``count``: it must not wrap round to another level."""
    strange = (codes < 0) | (codes > count)
    if strange.any():
        code = int(codes[strange].flat[0])
        raise DataError(
            Text(f"等级代码 {code} 不在 0–{count} 之内", f"level code {code} is not within 0-{count}"),
            remedy=Text("核对 levels.count", "check levels.count"),
        )
