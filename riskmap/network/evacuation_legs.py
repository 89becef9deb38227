"""A way in words: along which road, how far, which turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.network.evacuation_ways import Ways
from riskmap.network.graph import BACKWARD
from riskmap.text import Text

STRAIGHT_DEGREES, BACK_DEGREES = 40.0, 155.0
"""A change of direction below the first is none; above the second one goes back."""

SHORT_M = 15.0
"""A nameless stretch this short between two roads is part of the crossing."""

CORNER_M = 100.0
"""A stretch of a nameless road shorter than this is no leg of its own."""

LOOK_M = 20.0
"""How far along a road its direction is taken."""

COMPASS = (
    Text("北", "north"), Text("东北", "north-east"), Text("东", "east"), Text("东南", "south-east"),
    Text("南", "south"), Text("西南", "south-west"), Text("西", "west"), Text("西北", "north-west"),
)  # fmt: skip
TURNS = {
    "left": Text("左转", "turn left"),
    "right": Text("右转", "turn right"),
    "back": Text("掉头", "turn back"),
    "straight": Text("直行", "go straight on"),
}
NAMELESS = Text("无名道路", "the unnamed road")


@dataclass(frozen=True)
class Leg:
    """A stretch of a way on one road.

    Parameters
    ----------
    name : str or None
    length_m : float
    turn : str or None
        left, right, straight or back, from the leg before; None for the first.
    bearing : float
        Direction at its beginning, degrees from north.
    """

    name: str | None
    length_m: float
    turn: str | None
    bearing: float


def legs(ways: Ways, number: NDArray[np.int64]) -> list[Leg]:
    """Give the legs of a way from the numbers of its arcs."""
    stretches = _stretches(ways, number)
    made: list[Leg] = []
    before = None
    for name, length, line in stretches:
        begin, end = _bearing(line, 0.0), _bearing(line, 1.0)
        turn = None if before is None else _turn(begin - before)
        made.append(Leg(name, length, turn, begin))
        before = end
    return made


def _stretches(ways: Ways, number: NDArray[np.int64]) -> list[tuple[str | None, float, Any]]:
    """Give name, metres and line of each run of one name; short nameless ones join the run before."""
    names = _names(ways)
    runs: list[tuple[str | None, list[NDArray]]] = []
    for edge, direction in zip(number // 2, number % 2, strict=True):
        base = ways.base[edge]
        line = ways.network.lines[base]
        if ways.graph.base is not None:
            ends = ways.graph.share_from[edge], ways.graph.share_to[edge]
            line = line if ends == (0.0, 1.0) else shapely.ops.substring(line, *ends, normalized=True)
        xy = shapely.get_coordinates(line)
        xy = xy[::-1] if direction == BACKWARD else xy
        name = names[base]
        short = name is None and shapely.length(line) < SHORT_M
        # on a road without a name a corner is all that tells where one is
        corner = name is None and runs and _is_corner(runs[-1][1][-1], xy)
        if runs and not corner and (runs[-1][0] == name or short):
            runs[-1][1].append(xy)
        else:
            runs.append((name, [xy]))
    lines = [(name, shapely.LineString(np.concatenate(parts))) for name, parts in _without_corners(runs)]
    return [(name, float(line.length), line) for name, line in lines]


def _without_corners(runs: list[tuple[str | None, list[NDArray]]]) -> list[tuple[str | None, list[NDArray]]]:
    """Join short stretches of nameless roads: who walks them sees where the road goes."""
    joined: list[tuple[str | None, list[NDArray]]] = []
    for name, parts in runs:
        metres = shapely.length(shapely.LineString(np.concatenate(parts)))
        if joined and name is None and joined[-1][0] is None and metres < CORNER_M:
            joined[-1][1].extend(parts)
        else:
            joined.append((name, parts))
    return joined


def _is_corner(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    change = _bearing(shapely.LineString(after), 0.0) - _bearing(shapely.LineString(before), 1.0)
    return _turn(change) != "straight"


def _names(ways: Ways) -> list[str | None]:
    attributes = ways.network.attributes
    if "name" not in attributes.columns:
        return [None] * len(attributes)
    return [str(v) if isinstance(v, str) and v.strip() else None for v in attributes["name"]]


def _bearing(line: Any, end: float) -> float:
    """Give the direction of a line at its beginning or end, degrees from north."""
    at = min(LOOK_M, line.length)
    one, other = (0.0, at) if end == 0 else (line.length - at, line.length)
    a, b = (shapely.get_coordinates(shapely.line_interpolate_point(line, m))[0] for m in (one, other))
    return float(np.degrees(np.arctan2(b[0] - a[0], b[1] - a[1])) % 360)


def _turn(change: float) -> str:
    change = (change + 180) % 360 - 180
    if abs(change) < STRAIGHT_DEGREES:
        return "straight"
    if abs(change) > BACK_DEGREES:
        return "back"
    return "right" if change > 0 else "left"


def in_words(made: list[Leg]) -> Text:
    """Give the legs as one text."""
    zh, en = [], []
    for leg in made:
        compass = COMPASS[round(leg.bearing / 45) % 8]
        metres = f"{round_m(leg.length_m):,.0f}"
        turn = TURNS.get(leg.turn or "", Text("", ""))
        if leg.turn is None:
            zh.append(f"{f'沿{leg.name}' if leg.name else ''}向{compass.zh}走 {metres} 米")
            en.append(f"{f'take {leg.name}' if leg.name else 'go'} {compass.en} for {metres} m")
        else:
            # a road without a name needs no words
            zh.append(f"{turn.zh}{f'，沿{leg.name}' if leg.name else ''}走 {metres} 米")
            en.append(f"{turn.en}{f' on {leg.name}' if leg.name else ''} for {metres} m")
    return Text("；".join(zh), "; ".join(en))


def round_m(metres: float) -> float:
    """Give metres as people say them: to 10, from 1,000 on to 50; never 0."""
    step = 50.0 if metres >= 1000 else 10.0
    return max(step * round(metres / step), 10.0)
