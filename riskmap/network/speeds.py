"""How fast and which way roads are travelled: speeds by class, caps, factors, one-way words of every spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.data.catalog import house
from riskmap.errors import DataError, MissingFieldError
from riskmap.text import Text

Mode = Literal["fire", "car", "pedestrian"]
Maxspeed = Literal["cap", "use", "ignore"]

CLASS_COLUMNS = ("highway", "class")
"""Where the class stands; the first one wins, the second fills its blanks."""

UNKNOWN_CLASS = "road"
"""Row of the speed table for roads whose class is blank or not in the table."""

KMH = 3.6
"""km/h in one m/s."""

BOTH, FORWARD, BACKWARD = 0, 1, -1

ONEWAY_BY_NATURE = ("motorway", "motorway_link")
"""Classes that OSM takes as one-way where nothing is said; roundabouts (``junction``) are too."""


@dataclass(frozen=True)
class SpeedTable:
    """Speeds of one way of travel.

    Parameters
    ----------
    mode : str
        Name of the way of travel.
    kmh : mapping
        Class -> km/h. A class that is known and not there is closed to this way of travel.
    known : frozenset
        Classes that the table speaks of, closed ones included.
    no_frontage : frozenset
        Classes that buildings and points do not join directly (motorways).
    """

    mode: str
    kmh: Mapping[str, float]
    known: frozenset[str]
    no_frontage: frozenset[str]

    @classmethod
    def of(
        cls, mode: str, rows: Iterable[Mapping[str, Any]] | None = None, speeds_kmh: Mapping[str, float] | None = None
    ) -> SpeedTable:
        """Make the table of a way of travel from rows of facts, with speeds of one's own put over them.

        Parameters
        ----------
        mode : str
            A column of the rows: ``fire``, ``car``, ``pedestrian``.
        rows : iterable of mappings, optional
            ``layers/facts/speeds.yaml``, table ``speeds``, by default.
        speeds_kmh : mapping, optional
            Class -> km/h; 0 closes a class.

        Raises
        ------
        DataError
            No such way of travel, or a speed that is no number of at least 0.
        """
        table = list(rows) if rows is not None else list(house().facts("speeds").tables["speeds"].rows)
        modes = sorted({k for row in table for k in row} - {"road", "frontage"})
        if mode not in modes:
            raise DataError(
                Text(
                    f"没有出行方式 {mode!r}，有 {'、'.join(modes)}",
                    f"no way of travel {mode!r}; there are {', '.join(modes)}",
                )
            )
        kmh = {row["road"]: row.get(mode) for row in table} | dict(speeds_kmh or {})
        bad = {k: v for k, v in kmh.items() if v is not None and not (np.isfinite(v) and v >= 0)}
        if bad:
            raise DataError(Text(f"速度不对：{bad!r}", f"wrong speeds: {bad!r}"), field="speeds_kmh")
        return cls(
            mode,
            {k: float(v) for k, v in kmh.items() if v},
            frozenset(kmh),
            frozenset(row["road"] for row in table if not row["frontage"]),
        )

    def of_classes(self, classes: Iterable[str | None]) -> NDArray[np.float64]:
        """Give km/h by class; 0 where it is closed, the speed of roads of unknown class where it is not known."""
        unknown = self.kmh.get(UNKNOWN_CLASS, 0.0)
        return np.array([self.kmh.get(c, 0.0) if c in self.known else unknown for c in classes], dtype=float)


def road_classes(roads: pd.DataFrame) -> pd.Series:
    """Give the class of each road, from ``highway``, else ``class``; None where both are blank.

    Raises
    ------
    MissingFieldError
        If there is neither column.
    """
    present = [c for c in CLASS_COLUMNS if c in roads.columns]
    if not present:
        raise MissingFieldError(
            Text("道路没有等级列 highway 或 class", "the roads have neither a highway nor a class column"),
            remedy=Text("指明道路等级列", "name the column of the road class"),
            layer="roads",
        )
    classes = roads[present[0]].astype(object)
    for column in present[1:]:
        classes = classes.where(classes.notna(), roads[column].astype(object))
    # osmnx gives a list where it has joined ways of several classes: the slowest to be honest is not known, take the first
    classes = classes.map(lambda c: c[0] if isinstance(c, list) and c else c)
    return classes.where(classes.notna() & (classes != ""), None)


def directions(roads: pd.DataFrame, classes: Sequence[str | None]) -> NDArray[np.int8]:
    """Give the way each road is open: 0 both ways, 1 along the line, -1 against it.

    Parameters
    ----------
    roads : DataFrame
        ``oneway`` in any spelling (yes, no, -1, true, 1, F, T, B, FT, TF, 单向, 双向, ...), blank for what the class
        says; ``junction`` where there is one. Roads that change direction by the hour count as open both ways.
    classes : sequence

    Raises
    ------
    DataError
        With every word that is not understood.
    """
    blank = np.isin(np.array([c or "" for c in classes], dtype=str), ONEWAY_BY_NATURE)
    if "junction" in roads.columns:
        blank |= roads["junction"].isin(["roundabout", "circular"]).to_numpy()
    by_nature = np.where(blank, FORWARD, BOTH).astype(np.int8)
    if "oneway" not in roads.columns:
        return by_nature
    words = _oneway_words()
    said = [None if _is_blank(v) else _word(v) for v in roads["oneway"]]
    strange = sorted({w for w in said if w is not None and w not in words})
    if strange:
        raise DataError(
            Text(f"看不懂的单行标记：{'、'.join(strange)}", f"one-way words not understood: {', '.join(strange)}"),
            remedy=Text("改为 yes、no 或 -1", "write yes, no or -1"),
            layer="roads",
            field="oneway",
        )
    return np.array([n if w is None else words[w] for w, n in zip(said, by_nature, strict=True)], dtype=np.int8)


def _is_blank(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or str(value).strip() == ""


def _word(value: Any) -> str:
    """Give a one-way mark as a word: 1.0 and True are what a file made of 1 and yes."""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return str(value).strip().lower()


@cache
def _oneway_words() -> dict[str, int]:
    """Give the direction of each word that the declaration of ``roads`` knows."""
    meaning = {"no": BOTH, "yes": FORWARD, "-1": BACKWARD, "reversible": BOTH}
    domain = house().layer("roads").fields["oneway"].domain
    return {w.lower(): meaning[value] for value, spec in domain.items() for w in (value, spec.title.zh, *spec.aliases)}


def travel_kmh(
    roads: pd.DataFrame,
    classes: Sequence[str | None],
    table: SpeedTable,
    *,
    maxspeed: Maxspeed = "cap",
    factor: float = 1.0,
    unpaved_cap_kmh: float | None = None,
    slopes: Sequence[Mapping[str, float]] = (),
) -> NDArray[np.float64]:
    """Give the speed on each road in km/h, 0 where it is closed to this way of travel.

    Parameters
    ----------
    roads : DataFrame
        Optional columns: ``maxspeed_kmh`` (blank: no limit known), ``surface`` (paved, unpaved, blank), ``slope`` (rise
        over length, without sign; NaN unknown).
    classes : sequence
    table : SpeedTable
    maxspeed : {"cap", "use", "ignore"}
        What a speed limit does: hold the class's speed down, stand in its place, or nothing.
    factor : float
        On all driving speeds (peak hours).
    unpaved_cap_kmh : float, optional
    slopes : rows of ``up_to`` and ``factor``
        On driving speeds where the slope is known.
    """
    kmh = table.of_classes(classes)
    if table.mode == "pedestrian":
        return kmh
    if maxspeed != "ignore" and "maxspeed_kmh" in roads.columns:
        limit = pd.to_numeric(roads["maxspeed_kmh"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        known = (limit > 0) & (kmh > 0)
        kmh = np.where(known, limit if maxspeed == "use" else np.fmin(kmh, limit), kmh)
    kmh = kmh * factor
    if unpaved_cap_kmh is not None and "surface" in roads.columns:
        kmh = np.where(roads["surface"].eq("unpaved").fillna(False), np.minimum(kmh, unpaved_cap_kmh), kmh)
    if len(slopes) and "slope" in roads.columns:
        slope = roads["slope"].to_numpy(dtype=float, na_value=np.nan)
        row = np.searchsorted([s["up_to"] for s in slopes], np.nan_to_num(slope))
        kmh = kmh * np.array([*(s["factor"] for s in slopes), slopes[-1]["factor"]])[row]
    return kmh
