"""Prevention-and-control zoning: a table of rules over risk level, mitigation capacity and hidden-danger density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields
from riskmap.errors import SpecError
from riskmap.grid import Grid
from riskmap.levels import LEVELS, ZONES
from riskmap.risk.zoning import zone_polygons
from riskmap.text import Text, join

if TYPE_CHECKING:
    import geopandas as gpd

CAPACITY_CLASSES = ("weak", "medium", "strong")
DENSITY_CLASSES = ("low", "medium", "high")
UNKNOWN_CLASS = -1

NAMED_SHARE = 0.05
"""A rule that decided less than this share of a zone is not named in its reason, unless it is the largest."""


@dataclass(frozen=True)
class Rule:
    """One row of the rule table: zone, the values it asks for (empty: any), and the reason a leader reads."""

    zone: int
    risk: tuple[int, ...]
    capacity: tuple[int, ...]
    density: tuple[int, ...]
    reason: Text


def rules(rows: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Read the rule table.

    Raises
    ------
    SpecError
        A zone, level or class that does not exist, or a known risk level that no rule without further conditions takes.
    """
    table = tuple(_rule(number, row) for number, row in enumerate(rows, 1))
    for level in LEVELS[1:]:
        if not any(level.code in r.risk and not r.capacity and not r.density for r in table):
            raise SpecError(
                Text(
                    f"防治区划规则没有兜底：风险等级 {level.code} 没有无条件的一行",
                    f"the control rules leave level {level.code} without an unconditional row",
                ),
                remedy=Text("在表末为该等级加一行", "add a row for that level at the end"),
            )
    return table


def _rule(number: int, row: Mapping[str, Any]) -> Rule:
    unknown = set(row) - {"zone", "risk", "capacity", "density", "reason"}
    try:
        capacity = tuple(CAPACITY_CLASSES.index(c) for c in row.get("capacity", ()))
        density = tuple(DENSITY_CLASSES.index(c) for c in row.get("density", ()))
        rule = Rule(int(row["zone"]), tuple(row["risk"]), capacity, density, Text(**row["reason"]))
        # a row without a level would never hold, which nobody means
        known = bool(rule.risk) and set(rule.risk) <= {level.code for level in LEVELS[1:]}
        fits = not unknown and known and rule.zone == row["zone"] and 1 <= rule.zone < len(ZONES)
    except (KeyError, ValueError, TypeError):
        fits = False
    if not fits:
        raise SpecError(
            Text(
                f"防治区划规则第 {number} 行不合要求：{dict(row)}",
                f"row {number} of the control rules does not fit: {dict(row)}",
            ),
            remedy=Text(
                f"zone 1–3，risk 为 1–4 的列表，capacity 用 {CAPACITY_CLASSES}，density 用 {DENSITY_CLASSES}，reason {{zh, en}}",
                f"zone 1-3, risk a list of 1-4, capacity of {CAPACITY_CLASSES}, density of {DENSITY_CLASSES}, reason {{zh, en}}",
            ),
        )
    return rule


def classes(values: NDArray[np.float64], lower: Sequence[float]) -> NDArray[np.int8]:
    """Give class numbers from 0 by ascending lower limits (inclusive) of the classes above the first; NaN is -1.

    Values and limits are compared as float32, the precision of a stored grid: 0.7 in a file is not below a limit of 0.7.
    """
    found = np.searchsorted(np.asarray(lower, np.float32), np.asarray(values, np.float32), side="right")
    return np.where(np.isnan(values), UNKNOWN_CLASS, found).astype(np.int8)


def decide(
    table: Sequence[Rule], risk: NDArray[np.uint8], capacity: NDArray[np.int8] | None, density: NDArray[np.int8] | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give the zone of each cell and the number (from 1) of the rule that fired; 0 where the risk is unknown.

    Parameters
    ----------
    table : sequence of Rule
        The first that holds decides.
    risk : uint8 array
        Levels 0-4.
    capacity, density : int8 arrays, optional
        Class numbers, -1 unknown; None: the factor is not there and no condition on it holds.
    """
    fired = np.zeros(risk.shape, dtype=np.uint8)
    for number, rule in enumerate(table, 1):
        holds = (fired == 0) & np.isin(risk, rule.risk)
        for wanted, given in ((rule.capacity, capacity), (rule.density, density)):
            if wanted:
                holds &= np.isin(given, wanted) if given is not None else False
        fired[holds] = number
    zone_of_rule = np.array([0, *(rule.zone for rule in table)], dtype=np.uint8)
    return zone_of_rule[fired], fired


def control_zones(
    zones: NDArray[np.uint8],
    fired: NDArray[np.uint8],
    table: Sequence[Rule],
    inside: NDArray[np.bool_],
    boundary: Any,
    grid: Grid,
) -> gpd.GeoDataFrame:
    """Give the ``control_zones`` layer: polygons that tile the boundary, each with the reasons that made it.

    Parameters
    ----------
    zones : uint8 array
        Zone of each cell after the patch merge.
    fired : uint8 array
        Rule number of each cell before it.
    table : sequence of Rule
    inside : bool array
    boundary : shapely geometry
    grid : Grid
    """
    polygons = zone_polygons(zones, inside, boundary, grid)
    counted = _rules_in(polygons, fired, inside, grid, len(table))
    reasons = [_reason(int(code), row, table) for code, row in zip(polygons["code"], counted, strict=True)]
    columns = {
        fields.ZONE: polygons["code"],
        fields.ZONE_NAME: [ZONES[c].name.zh for c in polygons["code"]],
        fields.AREA_KM2: polygons.area / 1e6,
        fields.REASON: [r.zh for r in reasons],
        fields.REASON_EN: [r.en for r in reasons],
    }
    return polygons.drop(columns="code").assign(**columns)[[*columns, "geometry"]]


def _rules_in(
    polygons: gpd.GeoDataFrame, fired: NDArray[np.uint8], inside: NDArray[np.bool_], grid: Grid, count: int
) -> NDArray[np.float64]:
    """Give the number of cells of each rule in each polygon, shape (polygons, count + 1)."""
    owner = grid.burn(polygons.geometry, range(len(polygons)), fill=-1)
    known = inside & (owner >= 0)
    flat = owner[known].astype(np.int64) * (count + 1) + fired[known]
    return np.bincount(flat, minlength=len(polygons) * (count + 1)).reshape(len(polygons), count + 1).astype(float)


def _reason(zone: int, counted: NDArray[np.float64], table: Sequence[Rule]) -> Text:
    """Say which rules made a zone, the one with the largest share first."""
    if zone == 0:
        return Text("风险未知，未划分", "risk unknown, not zoned")
    total = counted.sum()
    order = [int(i) for i in np.argsort(-counted, kind="stable") if counted[i] > 0]
    named = [i for n, i in enumerate(order) if n == 0 or counted[i] >= NAMED_SHARE * total]
    parts = []
    for i in named:
        reason = table[i - 1].reason if i else Text("风险未知", "risk unknown")
        if i and table[i - 1].zone != zone:
            reason = reason + Text("，小斑块并入", ", small patch merged")
        share = f"{counted[i] / total:.0%}"
        parts.append(reason if len(named) == 1 else reason + Text(f"（{share}）", f" ({share})"))
    return (
        join(parts, zh="；", en="; ") if parts else Text("边界碎片，随邻区", "sliver at the boundary, as its neighbour")
    )
