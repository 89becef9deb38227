"""Cells as delivered to values as declared. Every change is a finding, and every changed cell is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskmap.data.catalog import house
from riskmap.data.cells import clean, look_at_text
from riskmap.data.codes import as_text, codes, dates, note_duplicates
from riskmap.data.ledger import Ledger
from riskmap.data.numbers import numbers
from riskmap.data.spec import FieldSpec, LevelsSpec
from riskmap.data.words import booleans, categories, levels

if TYPE_CHECKING:
    import pandas as pd


def column(
    cells: pd.Series,
    spec: FieldSpec,
    ledger: Ledger,
    field: str,
    *,
    unit: str | None = None,
    said: LevelsSpec | None = None,
) -> tuple[pd.Series, int | None]:
    """Turn the cells of one column into the declared type.

    Parameters
    ----------
    cells : Series
        As delivered: text, numbers, missing.
    spec : FieldSpec
    ledger : Ledger
        Takes findings and changed cells.
    field : str
        For the findings.
    unit : str, optional
        Unit of the delivery where it differs from the layer's.
    said : LevelsSpec, optional
        What numeric levels mean.

    Returns
    -------
    Series
        Same index; missing stays missing, never 0. Types: ``str`` (text, code, date, category), Int64 (integer, level),
        float64 (number, share), boolean.
    int or None
        How many levels a level column counts.
    """
    text, count = clean(cells, ledger, field), None
    if spec.type in ("integer", "number", "share"):
        values = numbers(text, spec, unit, ledger, field)
    elif spec.type == "code":
        values = codes(text, spec, ledger, field)
    elif spec.type == "date":
        values = dates(text, ledger, field)
    elif spec.type == "category":
        values = categories(text, spec, ledger, field)
    elif spec.type == "boolean":
        values = booleans(text, spec, ledger, field)
    elif spec.type == "level":
        values, count = levels(text, said, ledger, field, spec.stand_ins)
    else:
        values = as_text(text)
        if spec.unique:
            note_duplicates(values, ledger, field)
    if spec.type in ("text", "code"):
        look_at_text(values, ledger, field)
    if spec.required:
        ledger.rows("FIELD_NULL", values.isna(), field=field)
    return values, count


def counted_once(values: pd.Series, spec: FieldSpec, labels: tuple[int, ...], ledger: Ledger, field: str) -> pd.Series:
    """Give an amount without the cells that only repeat one merged over several rows; other values stay repeated.

    Filled into each row, 400 t in a cell merged over two rows would be 800 t; what each row has of them is unknown.
    """
    if spec.unit not in house().facts("units").values["amounts"].value:
        return values
    again = values.index.isin(labels) & values.notna()
    if not again.any():
        return values
    ledger.rows("CELLS_SHARED", again, field=field, sample=f"{values[again].iloc[0]:,.10g}")
    ledger.changed("CELLS_SHARED", field, values[again])
    return values.mask(again)
