"""Column names that several rooms share, with meaning and unit; every other name stands in ``layers/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from riskmap.errors import MissingFieldError
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

LEVEL = "level"  # 4 major ... 1 low, 0 unknown
LEVEL_NAME = "level_name"  # Chinese name of the level
COLOUR = "colour"  # red, orange, yellow, blue, none
ZONE = "zone"  # 3 key, 2 secondary key, 1 general, 0 unknown
ZONE_NAME = "zone_name"  # Chinese name of the control zone
REASON = "reason"  # why a control zone is what it is, Chinese
REASON_EN = "reason_en"  # the same in English
AREA_KM2 = "area_km2"  # planar in the project's system, from the zone polygons
PEOPLE = "people"  # persons, from the cells
NAME = "name"
CODE = "code"

COLOURS = ("unknown", "blue", "yellow", "orange", "red")
"""Suffix of the per-level columns of ``risk_units``, indexed by level."""

UNASSIGNED = "unassigned"
"""Name of the row of ``risk_units`` that holds ground in no township."""


def share_of(level: int) -> str:
    """Give the column of a level's share (0-1) of a unit's area, ``share_red`` for 4."""
    return f"share_{COLOURS[level]}"


def people_of(level: int) -> str:
    """Give the column of the people on a level's cells, ``people_red`` for 4."""
    return f"people_{COLOURS[level]}"


def require(frame: pd.DataFrame, columns: Iterable[str], *, layer: str, remedy: Text | None = None) -> None:
    """Raise unless a frame has some columns.

    Raises
    ------
    MissingFieldError
        Names all that are not there.
    """
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        said = Text(f"缺列 {'、'.join(absent)}", f"missing columns {', '.join(absent)}")
        raise MissingFieldError(said, layer=layer, remedy=remedy)
