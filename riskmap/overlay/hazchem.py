"""Major hazard installations after GB 18218-2018: S, alpha, R and grade; screening of consequences beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmap.errors import DataError, MissingFieldError
from riskmap.overlay import rules, substances
from riskmap.overlay.consequences import (
    Fireball,
    VapourCloud,
    fireball,
    thermal_flux_w_m2,
    tnt_overpressure,
    vapour_cloud,
)
from riskmap.text import Text, join

if TYPE_CHECKING:
    from riskmap.overlay.substances import Substances

__all__ = [
    "Fireball",
    "Graded",
    "VapourCloud",
    "alpha",
    "fireball",
    "grade",
    "grade_of",
    "matched",
    "thermal_flux_w_m2",
    "tnt_overpressure",
    "vapour_cloud",
]

DIGITS = 9
"""Sums are compared with limits after rounding to so many digits: 0.1 + 0.2 + 0.7 is a major hazard."""


@dataclass(frozen=True, eq=False)
class Graded:
    """A graded unit.

    Attributes
    ----------
    s : float
        Sum of q / Q.
    alpha : float
        Exposure factor.
    r : float
        alpha x sum of beta q / Q; NaN when S < 1, for then it is no major hazard.
    grade : int
        1 the most severe ... 4; 0 not a major hazard.
    conservative : bool
        People were unknown and the largest alpha was taken.
    items : DataFrame
        Each inventory row with the substance found, Q, ratio and beta.
    """

    s: float
    alpha: float
    r: float
    grade: int
    conservative: bool
    items: pd.DataFrame


def grade(
    inventory: pd.DataFrame,
    *,
    people_500m: float | None,
    known: Substances | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Graded:
    """Grade one unit: S = sum q/Q; when S >= 1, R = alpha x sum(beta q/Q) and grade 1 (R >= 100), 2 (50), 3 (10) or 4.

    Parameters
    ----------
    inventory : DataFrame
        Columns ``substance`` and/or ``cas``, ``quantity_t`` (design maximum, t), optionally ``class`` (symbol of table 2,
        which does alone where neither name nor number is known).
    people_500m : float or None
        Residents within 500 m outside the plant boundary; None or NaN is unknown and takes alpha 2.0.
    known : Substances, optional
        The house's tables by default.
    constants : mapping, optional
        Values of the topic ``hazchem``.

    Raises
    ------
    DataError
        An empty inventory, an unmatched row (with near matches), an unknown or negative quantity; all rows named.

    References
    ----------
    GB 18218-2018, 4.2 and 4.3; SAWS Order 40, annex 1.

    Examples
    --------
    >>> import pandas as pd
    >>> unit = grade(pd.DataFrame({"substance": ["液氨"], "quantity_t": [60.0]}), people_500m=120)
    >>> unit.s, unit.alpha, unit.r, unit.grade
    (6.0, 2.0, 24.0, 3)
    """
    constants = rules.values("hazchem") if constants is None else constants
    items = matched(inventory, known=known)
    s = float(items["ratio"].sum())
    factor, conservative = alpha(people_500m, constants=constants)
    if round(s, DIGITS) < 1:
        return Graded(s, factor, math.nan, 0, conservative, items)
    r = factor * float((items["beta"] * items["ratio"]).sum())
    return Graded(s, factor, r, grade_of(r, constants=constants), conservative, items)


def grade_of(r: float, *, constants: Mapping[str, Any] | None = None) -> int:
    """Give the grade of R, 1 ... 4; lower bounds are inclusive.

    Examples
    --------
    >>> [grade_of(r) for r in (100, 99.9, 50, 49.9, 10, 9.9)]
    [1, 2, 2, 3, 3, 4]
    """
    lower = (rules.values("hazchem") if constants is None else constants)["grade_r"]
    return next((n for n, bound in enumerate(lower, 1) if round(r, DIGITS) >= bound), len(lower) + 1)


def alpha(people: float | None, *, constants: Mapping[str, Any] | None = None) -> tuple[float, bool]:
    """Give the exposure factor of a number of residents, and whether it is the conservative one of unknown people.

    Examples
    --------
    >>> [alpha(n)[0] for n in (0, 1, 29, 30, 49, 50, 99, 100, None)]
    [0.5, 1.0, 1.0, 1.2, 1.2, 1.5, 1.5, 2.0, 2.0]
    """
    constants = rules.values("hazchem") if constants is None else constants
    if people is None or pd.isna(people):
        return float(constants["alpha_unknown"]), True
    if people < 0:
        raise ValueError(f"people must not be negative, got {people!r}")
    # a part of a person is a person: half a share of a cell is not "nobody"
    whole = math.ceil(round(people, 6))
    bounds = zip(constants["alpha_people"], constants["alpha"], strict=True)
    return next(float(a) for lower, a in bounds if whole >= lower), False


def matched(inventory: pd.DataFrame, *, known: Substances | None = None) -> pd.DataFrame:
    """Find each row's substance.

    Returns
    -------
    DataFrame
        On the caller's index: ``name, cas, symbol, table, quantity_t, threshold_t, ratio, beta, confidence`` and ``doubt``
        (a Text where name and number do not both stand for the substance taken, else None).

    Raises
    ------
    DataError
        See :func:`grade`.
    """
    known = substances.house() if known is None else known
    _require_columns(inventory)
    rows, wrong = [], []
    for label, row in inventory.iterrows():
        try:
            found = known.find(_text(row, "substance"), _text(row, "cas"), _text(row, "class"))
            quantity = _quantity(row["quantity_t"])
        except DataError as error:
            wrong.append((label, error))
            continue
        ratio = quantity / found.q_t
        cas = found.cas[0] if found.cas else None
        rows.append(
            (
                found.name,
                cas,
                found.symbol,
                found.table,
                quantity,
                found.q_t,
                ratio,
                found.beta,
                found.confidence,
                known.doubt(_text(row, "substance"), _text(row, "cas"), found),
            )
        )
    if wrong:
        raise _complaint(wrong)
    columns = ["name", "cas", "symbol", "table", "quantity_t", "threshold_t", "ratio", "beta", "confidence", "doubt"]
    return pd.DataFrame(rows, columns=columns, index=inventory.index)


def _require_columns(inventory: pd.DataFrame) -> None:
    if not {"substance", "cas", "class"} & set(inventory.columns):
        raise MissingFieldError(
            Text(
                "清单里没有 substance、cas 或 class 列", "the inventory has none of the columns substance, cas, class"
            ),
            field="substance",
        )
    if "quantity_t" not in inventory.columns:
        raise MissingFieldError(
            Text("清单里没有 quantity_t 列", "the inventory has no column quantity_t"), field="quantity_t"
        )
    if not len(inventory):
        raise DataError(
            Text("没有存量记录：未评估，不当作 0", "no inventory rows: not assessed, not 0"),
            remedy=Text("补充物质清单", "add the unit's inventory"),
        )


def _text(row: pd.Series, column: str) -> str | None:
    value = row.get(column)
    if value is None or pd.isna(value):
        return None
    # a spreadsheet hands over 7664417 as a number: named in the message, not taken for a blank
    return (f"{value:.0f}" if isinstance(value, float) else str(value)).strip() or None


def _quantity(value: Any) -> float:
    try:
        number = np.nan if value is None or value is pd.NA else float(value)
    except (TypeError, ValueError):
        raise DataError(
            Text(f"数量 {value!r} 不是数", f"the quantity {value!r} is no number"),
            remedy=Text("只写数，单位是吨", "give the number alone, in tonnes"),
            field="quantity_t",
        ) from None
    if np.isnan(number):
        raise DataError(Text("数量未知，不当作 0", "the quantity is unknown, not 0"), field="quantity_t")
    if np.isinf(number):
        raise DataError(Text("数量为无穷大", "the quantity is infinite"), field="quantity_t")
    if number < 0:
        raise DataError(Text(f"数量 {number:g} t 为负", f"the quantity {number:g} t is negative"), field="quantity_t")
    return number


def _complaint(wrong: list[tuple[Any, DataError]]) -> DataError:
    """Make one error of all rows that could not be used."""
    texts = [Text(f"第 {label} 行：", f"row {label}: ") + error.message for label, error in wrong]
    first = wrong[0][1]
    return DataError(
        join(texts, "；", "; "),
        remedy=first.remedy or Text("改正后再评估", "correct it, then assess again"),
        layer="hazchem_inventory",
        row=str(wrong[0][0]),
        field=first.field or "substance",
    )
