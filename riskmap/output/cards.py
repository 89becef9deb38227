"""Evacuation cards: one upright A4 page for a settlement or a household, legible as a black-and-white copy.

What has to be found in a hurry is large: where from, where to, how many minutes. Nothing is told by colour alone: the main
route is a thick line, the backup a dashed one, the hazard a hatch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.output.printmap_fonts import MM_PER_PT, Typeface
from riskmap.output.printmap_paper import Sheet, plain_matplotlib, save_pdf
from riskmap.output.printmap_template import Format, Sizes
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK = "#000000"
LEFT, RIGHT, TOP, BOTTOM = 14.0, 196.0, 12.0, 286.0
"""Margins of the page, millimetres."""

LABEL_MM = 30.0
"""Width of the column with the names of the rows."""

MAP_MOST_MM = 118.0
"""Height of the sketch map at most."""

KEY_MM = 7.0
"""Height of the key under the map."""

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
    "here": Text("出发", "Start"),
    "scale": Text("示意图", "sketch"),
    "main": Text("主路线", "main route"),
    "spare": Text("备用路线", "backup route"),
    "danger": Text("危险区", "hazard"),
}


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
    """

    roads: list[Any]
    hazards: list[Any]
    main: list[Any]
    backup: list[Any]
    start: Any
    shelters: list[tuple[str, Any]]
    names: list[tuple[str, Any]] = field(default_factory=list)

    def window(self, width: float, height: float) -> tuple[float, float, float, float]:
        """Give west, south, east, north of the routes with a margin, in the shape of a box."""
        import shapely

        shown = [*self.main, *self.backup, self.start, *(point for _, point in self.shelters)]
        west, south, east, north = shapely.total_bounds(shown)
        span_x, span_y = max(east - west, 200.0) * 1.25, max(north - south, 200.0) * 1.25
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
    hazard, people, signal, call : str
    shelter : str
    minutes : str
        Such as ``约 61 分钟``.
    way : str
        Turn by turn.
    backup : tuple of str
        Lines.
    early : bool
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
    early: bool
    notes: tuple[str, ...]
    sketch: Sketch


def write_pdf(cards: Iterable[Card], path: Path, *, type: Typeface, lang: Lang, title: str) -> Path:
    """Write cards as the pages of one PDF.

    Raises
    ------
    OutputError
        A character that no font has, or a file that cannot be written.
    """
    with plain_matplotlib():
        sheets = [_sheet(card, type, lang) for card in cards]
        type.require(text for sheet in sheets for text in sheet.texts())
        return save_pdf(sheets, path, title=title)


def compose(card: Card, *, type: Typeface, lang: Lang) -> Sheet:
    """Draw a card as a sheet."""
    with plain_matplotlib():
        return _sheet(card, type, lang)


def _sheet(card: Card, type: Typeface, lang: Lang) -> Sheet:
    sheet = Sheet(Format("A4", upright=True), type, Sizes())
    y = _head(sheet, card, lang)
    if card.early:
        y = _banner(sheet, WORDS["early"].pick(lang), y)
    for key, value, size, bold in (
        ("hazard", card.hazard, 15, False),
        ("people", card.people, 15, True),
        ("signal", card.signal, 15, True),
        ("call", card.call, 17, True),
    ):
        y = _row(sheet, WORDS[key].pick(lang), [(value, size, bold)], y)
    y = _row(sheet, WORDS["shelter"].pick(lang), [(card.shelter, 24, True), (card.minutes, 20, True)], y, heavy=True)
    y = _row(sheet, WORDS["way"].pick(lang), [(card.way, 13, False)], y)
    y = _row(sheet, WORDS["backup"].pick(lang), [(line, 12, False) for line in card.backup], y)
    foot = BOTTOM - 4.4 * sum(len(type.wrap(note, 8.5, RIGHT - LEFT)) for note in card.notes)
    bottom = min(foot - 3, y + MAP_MOST_MM)
    _map(sheet, card, (LEFT, y + 2, RIGHT, max(bottom, y + 30)), lang)
    _foot(sheet, card, foot)
    return sheet


def _write(sheet: Sheet, x: float, y: float, words: str, size: float, **look: Any) -> None:
    sheet.write(sheet.desk, x, y, words, size, **({"colour": BLACK} | look))


def _head(sheet: Sheet, card: Card, lang: Lang) -> float:
    sheet.rectangle(LEFT, TOP, RIGHT, TOP + 15, fill=BLACK)
    _write(sheet, LEFT + 4, TOP + 10.8, WORDS["title"].pick(lang), 27, colour="#ffffff", bold=True)
    width = RIGHT - LEFT - 8 - sheet.type.width_mm(WORDS["title"].pick(lang), 27)
    subtitle = sheet.type.shortened(card.subtitle, 14, width - 4)
    _write(sheet, RIGHT - 4, TOP + 10, subtitle, 14, colour="#ffffff", align="right")
    size = 38.0
    while sheet.type.width_mm(card.place, size) > RIGHT - LEFT and size > 18:
        size -= 2
    _write(sheet, (LEFT + RIGHT) / 2, TOP + 31, card.place, size, bold=True, align="centre")
    return TOP + 37


def _banner(sheet: Sheet, words: str, y: float) -> float:
    sheet.rectangle(LEFT, y, RIGHT, y + 11, fill=BLACK)
    size = 17.0
    while sheet.type.width_mm(words, size) > RIGHT - LEFT - 6:
        size -= 1
    _write(sheet, (LEFT + RIGHT) / 2, y + 7.7, words, size, colour="#ffffff", bold=True, align="centre")
    return y + 11


def _row(sheet: Sheet, name: str, texts: list[tuple[str, float, bool]], y: float, *, heavy: bool = False) -> float:
    """Set a row of the table; give where the next one begins."""
    width = RIGHT - LEFT - LABEL_MM - 6
    lines = [(line, size, bold) for text, size, bold in texts for line in sheet.type.wrap(text, size, width)]
    height = sum(size * MM_PER_PT * 1.36 for _, size, _ in lines) + 3.2
    sheet.rectangle(LEFT, y, RIGHT, y + height, edge=BLACK, mm=0.9 if heavy else 0.35, zorder=2.0 + heavy)
    sheet.rectangle(LEFT, y, LEFT + LABEL_MM, y + height, edge=BLACK, mm=0.35)
    _write(sheet, LEFT + LABEL_MM / 2, y + height / 2 + 1.9, name, 15, bold=True, align="centre")
    at = y + 1.4
    for line, size, bold in lines:
        at += size * MM_PER_PT * 1.36
        _write(sheet, LEFT + LABEL_MM + 3, at - size * MM_PER_PT * 0.28, line, size, bold=bold)
    return y + height


def _foot(sheet: Sheet, card: Card, y: float) -> None:
    for note in card.notes:
        for line in sheet.type.wrap(note, 8.5, RIGHT - LEFT):
            y += 4.2
            _write(sheet, LEFT, y, line, 8.5)


def _map(sheet: Sheet, card: Card, box: tuple[float, float, float, float], lang: Lang) -> None:
    """Draw the sketch map with its key, north arrow and scale."""
    sketch = card.sketch
    key, box = box, (box[0], box[1], box[2], box[3] - KEY_MM)
    width, height = box[2] - box[0], box[3] - box[1]
    west, south, east, north = sketch.window(width, height)
    axes = sheet.frame(box, zorder=2, facecolor="white")
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    for shape in sketch.hazards:
        _hatch(axes, shape)
    _lines(axes, sketch.roads, 0.7, "#9a9a9a", 1.0)
    for lines, points, dash in ((sketch.backup, 1.8, (0, (3.2, 2.0))), (sketch.main, 3.4, "solid")):
        _lines(axes, lines, points + 2.2, "white", 3.0)
        _lines(axes, lines, points, BLACK, 3.1, dash)
    per_mm = (east - west) / width
    middle = (west + east) / 2
    _mark(sheet, axes, (WORDS["here"].pick(lang), sketch.start), 12, middle, per_mm)
    axes.plot(sketch.start.x, sketch.start.y, "o", ms=9, mfc="white", mec=BLACK, mew=2.4, zorder=6)
    for shelter in sketch.shelters:
        axes.plot(shelter[1].x, shelter[1].y, "s", ms=10, mfc=BLACK, mec="white", mew=1.2, zorder=6)
        _mark(sheet, axes, shelter, 11, middle, per_mm)
    ends = [sketch.start, *(point for _, point in sketch.shelters)]
    for name, point in sketch.names:
        if min(point.distance(end) for end in ends) > CLEAR_MM * per_mm:
            sheet.write(axes, point.x, point.y, name, 8, colour=BLACK, halo=0.3, align="centre")
    _key(sheet, key, lang, bool(sketch.hazards), bool(sketch.backup), per_mm)


def _mark(sheet: Sheet, axes: Axes, named: tuple[str, Any], points: float, middle: float, per_mm: float) -> None:
    """Name a place on the side where the map has room."""
    name, point = named
    left = point.x > middle
    x, y = point.x + (-1 if left else 1) * 3.2 * per_mm, point.y - 1.2 * per_mm
    sheet.write(axes, x, y, name, points, colour=BLACK, bold=True, halo=0.3, align="right" if left else "left")


def _lines(axes: Axes, lines: list[Any], points: float, colour: str, zorder: float, dash: Any = "solid") -> None:
    import shapely
    from matplotlib.collections import LineCollection

    parts = shapely.get_parts(shapely.force_2d(lines)) if len(lines) else []
    coordinates = [shapely.get_coordinates(part) for part in parts if not part.is_empty]
    axes.add_collection(
        LineCollection(
            coordinates, linewidths=points, colors=colour, linestyles=[dash], zorder=zorder, capstyle="round"
        ),
        autolim=False,
    )


def _hatch(axes: Axes, shape: Any) -> None:
    from matplotlib.patches import PathPatch

    from riskmap.output.printmap_map import path_of

    outline = path_of([shape])
    if outline is not None:
        axes.add_patch(PathPatch(outline, fc="none", ec="#8a8a8a", hatch="////", lw=0.8, zorder=0.5))


def _key(
    sheet: Sheet, box: tuple[float, float, float, float], lang: Lang, hazards: bool, backup: bool, per_mm: float
) -> None:
    """Set the key, the scale bar and the north arrow over the lower and upper edge of the map."""
    from matplotlib.patches import Rectangle

    from riskmap.output.printmap_graticule import bar_metres, length

    x, y = box[0] + 2, box[3] - 3.2
    sheet.rectangle(box[0], box[3] - KEY_MM, box[2], box[3], fill="white", edge=BLACK, mm=0.3, zorder=6)
    for words, points, dash in (("main", 3.4, "solid"), *((("spare", 1.8, (0, (3.2, 2.0))),) if backup else ())):
        sheet.desk.plot([x, x + 10], [y, y], color=BLACK, lw=points, ls=dash, zorder=7)
        _write(sheet, x + 12, y + 1.2, WORDS[words].pick(lang), 9.5, zorder=9)
        x += 14 + sheet.type.width_mm(WORDS[words].pick(lang), 9.5) + 4
    if hazards:
        patch = Rectangle((x, y - 2), 9, 4, fc="white", ec="#8a8a8a", hatch="////", lw=0.8, zorder=7)
        sheet.desk.add_patch(patch)
        _write(sheet, x + 11, y + 1.2, WORDS["danger"].pick(lang), 9.5, zorder=9)
    metres = bar_metres(per_mm * 1000, 32.0)
    bar = metres / per_mm
    sheet.desk.plot([box[2] - 4 - bar, box[2] - 4], [y + 1.2, y + 1.2], color=BLACK, lw=2.2, zorder=7)
    _write(sheet, box[2] - 4 - bar / 2, y - 0.2, length(metres), 8, align="centre", zorder=9)
    top = box[1] + 3
    sheet.desk.fill([box[2] - 8, box[2] - 5.5, box[2] - 3], [top + 9, top, top + 9], fc=BLACK, ec=BLACK, zorder=7)
    _write(sheet, box[2] - 5.5, top + 13.5, "N" if lang == "en" else "北", 10, bold=True, align="centre", zorder=9)
