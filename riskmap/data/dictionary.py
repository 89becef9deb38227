"""The data dictionary of a database: what its columns mean, in both languages, and the values that a column may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from riskmap.data.catalog import house
from riskmap.data.spec import FieldSpec, LayerSpec
from riskmap.errors import SpecError

if TYPE_CHECKING:
    import pandas as pd

DICTIONARY = (
    "layer",
    "field",
    "title_zh",
    "title_en",
    "type",
    "unit",
    "required",
    "min",
    "max",
    "domain",
    "source_column",
)
DOMAINS = ("domain", "value", "title_zh", "title_en", "aliases")


def declared(id: str) -> LayerSpec | None:
    """Give the declaration of a table, None for one that no file declares."""
    try:
        return house().layer(id)
    except SpecError:
        return None


def domain_name(id: str, field: str, spec: FieldSpec | None) -> str | None:
    """Give the name of a column's list of values, None where it may hold anything."""
    return f"{id}.{field}" if spec and spec.domain else None


def frames(columns: Mapping[str, list[str]], mappings: Mapping[str, Mapping[str, str]]) -> dict[str, pd.DataFrame]:
    """Give the tables ``dictionary`` and ``domains`` of a database.

    Parameters
    ----------
    columns : mapping
        Table -> its columns, without geometry.
    mappings : mapping
        Layer -> field -> column of the delivery, where one is known.
    """
    words: list[tuple[Any, ...]] = []
    values: list[tuple[Any, ...]] = []
    for id in sorted(columns):
        layer = declared(id)
        for column in columns[id]:
            spec = layer.fields.get(column) if layer else None
            given = mappings.get(id, {}).get(column)
            words.append(_word(id, column, spec, given))
            for value, said in (spec.domain if spec else {}).items():
                titles = (said.title.zh, said.title.en, "、".join(said.aliases) or None)
                values.append((domain_name(id, column, spec), value, *titles))
    return {"dictionary": _frame(words, DICTIONARY), "domains": _frame(values, DOMAINS)}


def _word(id: str, column: str, spec: FieldSpec | None, given: str | None) -> tuple[Any, ...]:
    if spec is None:  # a column of the delivery that no declaration knows
        return (id, column, column, column, None, None, False, None, None, None, given or column)
    domain = domain_name(id, column, spec)
    return (
        id,
        column,
        spec.title.zh,
        spec.title.en,
        spec.type,
        spec.unit,
        spec.required,
        spec.min,
        spec.max,
        domain,
        given,
    )


def _frame(rows: list[tuple[Any, ...]], names: tuple[str, ...]) -> pd.DataFrame:
    import pandas as pd

    types = {"required": "boolean", "min": "float64", "max": "float64"}
    cells = list(zip(*rows, strict=True)) or [()] * len(names)
    return pd.DataFrame({n: pd.Series(c, dtype=types.get(n, "str")) for n, c in zip(names, cells, strict=True)})
