"""Evacuation cards: one upright A4 page for a settlement or a household, legible as a black-and-white copy.

What has to be found in a hurry is large: where from, where to, how many minutes. Nothing is told by colour alone: the main
route is a thick line, the backup a dashed one, the hazard a hatch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskmap.output.printmap_fonts import Typeface
from riskmap.text import Lang, Text

BLACK = "#000000"
LEFT, RIGHT, TOP, BOTTOM = 14.0, 196.0, 12.0, 286.0
"""Margins of the page, millimetres."""

LABEL_MM = 30.0
"""Width of the column with the names of the rows."""

WAY_PT, BACKUP_PT = 13.0, 12.0
"""Size of the words of the way and of the lines for when it is blocked."""

WAY_LINES, BACKUP_LINES = 5, 4
"""Lines of the way and of the backup way at most: what is beyond them is left to the sketch map, which keeps its room."""

TEXT_MM = RIGHT - LEFT - LABEL_MM - 6
"""Width of the lines beside them."""

SEEN_MM = 0.1
"""Detail smaller than this is not seen on paper."""

CLEAR_MM = 14.0
"""No road name this near to where the way begins or ends."""

WORDS = {
    "title": Text("避险转移明白卡", "EVACUATION CARD"),
    "hazard": Text("什么灾害", "Hazard"),
    "people": Text("多少人", "People"),
    "signal": Text("听到什么", "Signal"),
    "call": Text("找谁", "Call"),
    "shelter": Text("去哪里", "Go to"),
    "way": Text("怎么走", "The way"),
    "backup": Text("走不通时", "If blocked"),
    "early": Text("必须在灾害发生前转移；灾害发生后这条路不能走", "LEAVE BEFORE IT STRIKES: this road is closed after"),
    "no_place": Text("还没有安排去处：先打电话问清", "NO PLACE IS ARRANGED YET: call first"),
    "here": Text("出发", "Start"),
    "scale": Text("示意图", "sketch"),
    "main": Text("主路线", "main route"),
    "spare": Text("备用路线", "backup route"),
    "danger": Text("危险区", "hazard"),
    "shared": Text("，{km:.1f} 公里与主路线相同", ", {km:.1f} km of it the main way"),
    "across": Text("图宽 {km:.1f} 公里，上为北", "{km:.1f} km across, north is up"),
    "on": Text("……以下看图", "… then as on the map"),
}


@dataclass(frozen=True)
class Placed:
    """Where places of the ground stand on paper: ``west, south`` at ``left, bottom``, ``per_mm`` metres a millimetre."""

    west: float
    south: float
    left: float
    bottom: float
    per_mm: float

    def point(self, point: Any) -> tuple[float, float]:
        """Give x and y of a point, millimetres from the left and from the top."""
        return self.left + (point.x - self.west) / self.per_mm, self.bottom - (point.y - self.south) / self.per_mm

    def shapes(self, shapes: list[Any], seen: float = SEEN_MM) -> list[Any]:
        """Give the single lines and polygons of shapes on paper, without detail smaller than is seen there."""
        import shapely

        origin, at = np.array([self.west, self.south]), np.array([self.left, self.bottom])
        flat = shapely.get_parts(shapely.force_2d(shapes)) if len(shapes) else np.empty(0, dtype=object)
        drawn = shapely.transform(flat, lambda xy: at + (xy - origin) / self.per_mm * (1, -1))
        return [shape for shape in shapely.simplify(drawn, seen) if not shape.is_empty]


@dataclass(frozen=True, eq=False)
class Sketch:
    """What the sketch map shows, in one projected system.

    Parameters
    ----------
    roads, hazards, main, backup : lists of shapely geometries
        Streets, zones, and the routes.
    start : Point
    shelters : list of (name, Point)
    names : list of (name, Point)
        Roads on the main route.
    least_m : float
        Ground that is shown at least, east to west and south to north, metres.
    """

    roads: list[Any]
    hazards: list[Any]
    main: list[Any]
    backup: list[Any]
    start: Any
    shelters: list[tuple[str, Any]]
    names: list[tuple[str, Any]] = field(default_factory=list)
    least_m: float = 200.0

    def placed(self, box: tuple[float, float, float, float]) -> Placed:
        """Give the sketch's places in a box on paper: left, top, right, bottom, millimetres."""
        west, south, east, _ = self.window(box[2] - box[0], box[3] - box[1])
        return Placed(west, south, box[0], box[3], (east - west) / (box[2] - box[0]))

    def window(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Give west, south, east, north of the routes with a margin, in the shape of a box."""
        import shapely

        shown = [*self.main, *self.backup, self.start, *(point for _, point in self.shelters)]
        west, south, east, north = shapely.total_bounds(shown)
        span_x, span_y = max(east - west, self.least_m) * 1.25, max(north - south, self.least_m) * 1.25
        per_mm = max(span_x / width, span_y / height)
        x, y = (west + east) / 2, (south + north) / 2
        return x - per_mm * width / 2, y - per_mm * height / 2, x + per_mm * width / 2, y + per_mm * height / 2


@dataclass(frozen=True, eq=False)
class Card:
    """One card, its texts in the language of the build.

    Parameters
    ----------
    place : str
        Settlement or head of the household: the largest words of the page.
    subtitle : str
        Township and village.
    people : str
        One line.
    hazard, signal, call : str
    shelter : str
    minutes : str
        Such as ``约 61 分钟``.
    way : str
        Turn by turn.
    backup : tuple of str
        Lines.
    banner : str
        White on black above all rows; may be empty.
    notes : tuple of str
        Small lines at the foot.
    sketch : Sketch
    """

    place: str
    subtitle: str
    hazard: str
    people: str
    signal: str
    call: str
    shelter: str
    minutes: str
    way: str
    backup: tuple[str, ...]
    banner: str
    notes: tuple[str, ...]
    sketch: Sketch


def within(way: str, *, type: Typeface, points: float, lines: int, lang: Lang, before: str = "") -> str:
    """Give a way turn by turn, cut after a turn so that it stands in some lines of a card; the map tells the rest.

    Parameters
    ----------
    way : str
        Turns with semicolons between them.
    type : Typeface
    points : float
        Size of the words.
    lines : int
    lang : {"zh", "en"}
    before : str
        Words that stand before the way.
    """
    mark, end = Text("；", "; ").pick(lang), WORDS["on"].pick(lang)
    turns = way.split(mark)
    for count in range(len(turns), 0, -1):
        text = before + mark.join(turns[:count]) + ("" if count == len(turns) else end)
        if len(type.wrap(text, points, TEXT_MM)) <= lines:
            return text
    return before + end
