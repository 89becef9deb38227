"""Evacuation cards as PDF, one upright A4 page each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.output.cards import (
    BACKUP_PT,
    BLACK,
    BOTTOM,
    CLEAR_MM,
    LABEL_MM,
    LEFT,
    RIGHT,
    TEXT_MM,
    TOP,
    WAY_PT,
    WORDS,
    Card,
    Sketch,
)
from riskmap.output.printmap_fonts import MM_PER_PT, Typeface
from riskmap.output.printmap_paper import Sheet, plain_matplotlib, save_pdf
from riskmap.output.printmap_template import Format, Sizes
from riskmap.text import Lang

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

HEAD_MM, BANNER_MM = TOP + 37, 11.0
"""Where the table begins, and the height of the banner over it."""

TITLE_PT, PEOPLE_PT, LEADING = 27.0, 18.0, 1.36
"""Sizes of words that stand for themselves, and the distance of lines in sizes."""

LARGEST_PLACE_PT, LEAST_PLACE_PT = 38.0, 16.0
"""Sizes of the name at the head: what is still wider than the page in the least is cut."""

MAIN, SPARE = (3.4, "solid"), (1.8, (0, (3.2, 2.0)))
"""Width (points) and dashes of the main and the backup way."""

KEY_MM = 7.0
"""Height of the key under the map."""


def write_pdf(cards: Sequence[Card], path: Path, *, type: Typeface, lang: Lang, title: str) -> Path:
    """Write cards as the pages of one PDF.

    Cards one after another that differ in place, subtitle and people only, as those of the households of a settlement do,
    are drawn once; the words that differ are set anew on each page.

    Raises
    ------
    OutputError
        A character that no font has, or a file that cannot be written.
    """
    type.require(words for card in cards for words in _words(card))
    type.require(text.pick(lang) for text in WORDS.values())
    with plain_matplotlib():
        return save_pdf(_sheets(cards, type, lang), path, title=title)


def _words(card: Card) -> list[str]:
    told = [v for f in fields(card) for v in _strings(getattr(card, f.name))]
    return [*told, *(name for name, _ in (*card.sketch.shelters, *card.sketch.names))]


def _strings(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value) if isinstance(value, tuple) else []


def _sheets(cards: Sequence[Card], type: Typeface, lang: Lang) -> Iterator[Sheet]:
    """Give a sheet for each card; it is the same sheet again where only its own words differ."""
    sheet, drawn = None, None
    own: list[Any] = []
    for card in cards:
        for artist in own:
            artist.remove()
        if sheet is None or drawn is None or not _alike(card, drawn):
            sheet, drawn = _common(card, type, lang), card
            setattr(sheet.desk, "draw", _drawn_once(sheet.desk.draw))  # noqa: B010
            desk = sheet.frame((0, 0, *sheet.format.size_mm), zorder=11, facecolor="none")
            desk.set(xlim=sheet.desk.get_xlim(), ylim=sheet.desk.get_ylim())
            desk.axis("off")
        own = _own(sheet, desk, card, lang)
        yield sheet


def _drawn_once(draw: Callable[[Any], None]) -> Callable[[Any], None]:
    """Give a method that draws into a PDF once and after that repeats what it wrote: setting text is what takes time.

    Fonts, hatches and states go by names of the whole file, so that what is written for one page holds for the next.
    """
    kept: dict[Any, bytes] = {}

    def draw_again(renderer: Any) -> None:
        renderer.finalize()  # back to the state in which a page begins
        pdf = renderer.file
        if pdf not in kept:
            written: list[bytes] = []
            write = pdf.write

            def write_and_keep(data: bytes) -> None:
                written.append(data)
                write(data)

            pdf.write = write_and_keep
            try:
                draw(renderer)
                renderer.finalize()
            finally:
                del pdf.write
            kept[pdf] = b"".join(written)
        else:
            pdf.write(kept[pdf])

    return draw_again


def _alike(card: Card, other: Card) -> bool:
    return card.sketch is other.sketch and all(
        getattr(card, f.name) == getattr(other, f.name)
        for f in fields(card)
        if f.name not in ("place", "subtitle", "people", "sketch")
    )


def _common(card: Card, type: Typeface, lang: Lang) -> Sheet:
    """Draw all of a card but place, subtitle and people."""
    sheet = Sheet(Format("A4", upright=True), type, Sizes())
    sheet.rectangle(LEFT, TOP, RIGHT, TOP + 15, fill=BLACK)
    _write(sheet, LEFT + 4, TOP + 10.8, WORDS["title"].pick(lang), TITLE_PT, colour="#ffffff", bold=True)
    y = HEAD_MM
    if card.banner:
        y = _banner(sheet, card.banner, y)
    y = _row(sheet, WORDS["people"].pick(lang), [("", PEOPLE_PT, True)], y)
    for key, value, size in (("hazard", card.hazard, 17), ("signal", card.signal, 16), ("call", card.call, 18)):
        y = _row(sheet, WORDS[key].pick(lang), [(value, size, True)], y)
    y = _row(sheet, WORDS["shelter"].pick(lang), [(card.shelter, 24, True), (card.minutes, 20, True)], y, heavy=True)
    y = _row(sheet, WORDS["way"].pick(lang), [(card.way, WAY_PT, False)], y)
    y = _row(sheet, WORDS["backup"].pick(lang), [(line, BACKUP_PT, False) for line in card.backup], y)
    foot = BOTTOM - 4.4 * sum(len(type.wrap(note, 8.5, RIGHT - LEFT)) for note in card.notes)
    _map(sheet, card, (LEFT, y + 2, RIGHT, foot - 3), lang)
    _foot(sheet, card, foot)
    return sheet


def _own(sheet: Sheet, desk: Axes, card: Card, lang: Lang) -> list[Artist]:
    """Set place, subtitle and people; give what was drawn."""
    room = RIGHT - LEFT - 12 - sheet.type.width_mm(WORDS["title"].pick(lang), TITLE_PT)
    subtitle = sheet.type.shortened(card.subtitle, 14, room)
    sheet.write(desk, RIGHT - 4, TOP + 10, subtitle, 14, colour="#ffffff", align="right")
    place, size = head_line(card.place, sheet.type)
    sheet.write(desk, (LEFT + RIGHT) / 2, TOP + 31, place, size, colour=BLACK, bold=True, align="centre")
    y = HEAD_MM + (BANNER_MM if card.banner else 0.0)
    people = sheet.type.shortened(card.people, PEOPLE_PT, TEXT_MM)
    x = LEFT + LABEL_MM + 3
    sheet.write(desk, x, y + _first_line(PEOPLE_PT), people, PEOPLE_PT, colour=BLACK, bold=True)
    return list(desk.texts)


def head_line(place: str, type: Typeface) -> tuple[str, float]:
    """Give the name at the head of a card, within the margins, and its size in points."""
    size = LARGEST_PLACE_PT
    while type.width_mm(place, size) > RIGHT - LEFT and size > LEAST_PLACE_PT:
        size -= 2
    return type.shortened(place, size, RIGHT - LEFT), size


def _write(sheet: Sheet, x: float, y: float, words: str, size: float, **look: Any) -> None:
    sheet.write(sheet.desk, x, y, words, size, **({"colour": BLACK} | look))


def _banner(sheet: Sheet, words: str, y: float) -> float:
    sheet.rectangle(LEFT, y, RIGHT, y + BANNER_MM, fill=BLACK)
    size = 17.0
    while sheet.type.width_mm(words, size) > RIGHT - LEFT - 6:
        size -= 1
    _write(sheet, (LEFT + RIGHT) / 2, y + 7.7, words, size, colour="#ffffff", bold=True, align="centre")
    return y + BANNER_MM


def _row(sheet: Sheet, name: str, texts: list[tuple[str, float, bool]], y: float, *, heavy: bool = False) -> float:
    """Set a row of the table; give where the next one begins."""
    lines = [(line, size, bold) for text, size, bold in texts for line in sheet.type.wrap(text, size, TEXT_MM)]
    height = sum(size * MM_PER_PT * LEADING for _, size, _ in lines) + 3.2
    sheet.rectangle(LEFT, y, RIGHT, y + height, edge=BLACK, mm=0.9 if heavy else 0.35, zorder=2.0 + heavy)
    sheet.rectangle(LEFT, y, LEFT + LABEL_MM, y + height, edge=BLACK, mm=0.35)
    _write(sheet, LEFT + LABEL_MM / 2, y + height / 2 + 1.9, name, 15, bold=True, align="centre")
    at = y
    for line, size, bold in lines:
        if line:
            _write(sheet, LEFT + LABEL_MM + 3, at + _first_line(size), line, size, bold=bold)
        at += size * MM_PER_PT * LEADING
    return y + height


def _first_line(size: float) -> float:
    """Give how far under the upper edge of a row the first line stands."""
    return 1.4 + size * MM_PER_PT * (LEADING - 0.28)


def _foot(sheet: Sheet, card: Card, y: float) -> None:
    for note in card.notes:
        for line in sheet.type.wrap(note, 8.5, RIGHT - LEFT):
            y += 4.2
            _write(sheet, LEFT, y, line, 8.5)


def _map(sheet: Sheet, card: Card, box: tuple[float, float, float, float], lang: Lang) -> None:
    """Draw the sketch map with its key, north arrow and scale."""
    sketch = card.sketch
    key, box = box, (box[0], box[1], box[2], box[3] - KEY_MM)
    place = sketch.placed(box)
    sheet.rectangle(*box, fill="white", edge=BLACK, mm=0.3, zorder=0.4)
    _paint(sheet, place.shapes(sketch.hazards), box, fc="none", ec="#8a8a8a", hatch="////", lw=0.8, zorder=0.5)
    _paint(sheet, place.shapes(sketch.roads), box, fc="none", ec="#9a9a9a", lw=0.7, capstyle="round", zorder=1.0)
    for lines, points, dash in ((sketch.backup, *SPARE), (sketch.main, *MAIN)):
        drawn = place.shapes(lines)
        _paint(sheet, drawn, box, fc="none", ec="white", lw=points + 2.2, capstyle="round", zorder=3.0)
        _paint(sheet, drawn, box, fc="none", ec=BLACK, lw=points, ls=dash, capstyle="round", zorder=3.1)
    start, *ends = [place.point(point) for point in (sketch.start, *(p for _, p in sketch.shelters))]
    _mark(sheet, WORDS["here"].pick(lang), start, 12, box)
    sheet.desk.plot(*start, "o", ms=9, mfc="white", mec=BLACK, mew=2.4, zorder=6)
    for (name, _), at in zip(sketch.shelters, ends, strict=True):
        sheet.desk.plot(*at, "s", ms=10, mfc=BLACK, mec="white", mew=1.2, zorder=6)
        _mark(sheet, name, at, 11, box)
    for name, point in sketch.names:
        x, y = place.point(point)
        if min(np.hypot(x - a, y - b) for a, b in (start, *ends)) > CLEAR_MM and _inside(x, y, box):
            _write(sheet, x, y, name, 8, halo=0.3, align="centre")
    _key(sheet, key, lang, sketch, place.per_mm)


def _inside(x: float, y: float, box: tuple[float, float, float, float]) -> bool:
    return box[0] < x < box[2] and box[1] < y < box[3]


def _mark(sheet: Sheet, name: str, at: tuple[float, float], points: float, box: tuple[float, ...]) -> None:
    """Name a place on the side where the map has room."""
    left = at[0] > (box[0] + box[2]) / 2
    x = at[0] + (-3.2 if left else 3.2)
    _write(sheet, x, at[1] + 1.2, name, points, bold=True, halo=0.3, align="right" if left else "left")


def _paint(sheet: Sheet, shapes: list[Any], box: tuple[float, float, float, float], **look: Any) -> None:
    """Draw lines or polygons, millimetres on the sheet, as one path that ends at the edge of a box."""
    from matplotlib.patches import PathPatch, Rectangle

    from riskmap.output.printmap_map import path_of

    lines = [shape for shape in shapes if shape.geom_type == "LineString"]
    path = _line_path(lines) if lines else path_of(shapes)
    if not len(path.vertices):
        return
    patch = PathPatch(path, joinstyle="round", **look)
    sheet.desk.add_artist(patch)
    edge = Rectangle((box[0], box[1]), box[2] - box[0], box[3] - box[1], transform=sheet.desk.transData)
    patch.set_clip_path(edge)


def _line_path(lines: list[Any]) -> Any:
    """Give lines as one matplotlib path."""
    import shapely
    from matplotlib.path import Path as Outline

    xy, line = shapely.get_coordinates(lines, return_index=True)
    codes = np.where(np.diff(line, prepend=-1) != 0, Outline.MOVETO, Outline.LINETO)
    return Outline(xy, codes)


def _key(sheet: Sheet, box: tuple[float, float, float, float], lang: Lang, sketch: Sketch, per_mm: float) -> None:
    """Set the key, the scale bar and the north arrow over the lower and upper edge of the map."""
    from matplotlib.patches import Rectangle

    from riskmap.output.printmap_graticule import bar_metres, length

    x, y = box[0] + 2, box[3] - 3.2
    sheet.rectangle(box[0], box[3] - KEY_MM, box[2], box[3], fill="white", edge=BLACK, mm=0.3, zorder=6)
    shown = [("main", *MAIN)] * bool(sketch.main) + [("spare", *SPARE)] * bool(sketch.backup)
    for words, points, dash in shown:
        sheet.desk.plot([x, x + 10], [y, y], color=BLACK, lw=points, ls=dash, zorder=7)
        _write(sheet, x + 12, y + 1.2, WORDS[words].pick(lang), 9.5, zorder=9)
        x += 14 + sheet.type.width_mm(WORDS[words].pick(lang), 9.5) + 4
    if sketch.hazards:
        patch = Rectangle((x, y - 2), 9, 4, fc="white", ec="#8a8a8a", hatch="////", lw=0.8, zorder=7)
        sheet.desk.add_artist(patch)
        _write(sheet, x + 11, y + 1.2, WORDS["danger"].pick(lang), 9.5, zorder=9)
    metres = bar_metres(per_mm * 1000, 32.0)
    bar = metres / per_mm
    sheet.desk.plot([box[2] - 4 - bar, box[2] - 4], [y + 1.2, y + 1.2], color=BLACK, lw=2.2, zorder=7)
    _write(sheet, box[2] - 4 - bar / 2, y - 0.2, length(metres), 8, align="centre", zorder=9)
    top = box[1] + 3
    sheet.desk.fill([box[2] - 8, box[2] - 5.5, box[2] - 3], [top + 9, top, top + 9], fc=BLACK, ec=BLACK, zorder=7)
    _write(sheet, box[2] - 5.5, top + 13.5, "N" if lang == "en" else "北", 10, bold=True, align="centre", zorder=9)
