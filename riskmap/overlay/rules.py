"""The house's values for this room, for callers who bring none of their own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from riskmap.data.catalog import house


@cache
def values(topic: str) -> Mapping[str, Any]:
    """Give the house's values of a topic by key (``layers/facts/<topic>.yaml``), read once."""
    return MappingProxyType({key: fact.value for key, fact in house().facts(topic).values.items()})


@cache
def table(topic: str, key: str) -> tuple[dict[str, Any], ...]:
    """Give the rows of a table of a topic, read once."""
    return house().facts(topic).tables[key].rows


@cache
def rows(file: str) -> tuple[dict[str, str], ...]:
    """Give the rows of a CSV of facts, all values as text, read once."""
    return tuple(house().fact_rows(file))
