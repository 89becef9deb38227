"""Stacks of a sheet: legend with areas and people, overlays, township table, index map, notes, below each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from riskmap.levels import UNKNOWN
from riskmap.output import printmap_hatch as hatch
from riskmap.output.printmap_fonts import CAP, MM_PER_PT
from riskmap.output.printmap_map import HATCH_MM, paint_line, paint_pattern, path_of
from riskmap.output.printmap_overlays import DASHES, colour_of, stamp, visible
from riskmap.output.printmap_paper import INK, MUTED, Sheet, one_line
from riskmap.output.symbology import NO_CLASS, Symbology, symbology, unknown
from riskmap.output.webmap_page import Page
from riskmap.output.webmap_view import CODED, coded_classes, legend_rows, township_table
from riskmap.output.webmap_words import word
from riskmap.text import Lang

if TYPE_CHECKING:
    from riskmap.data.catalog import Catalog
    from riskmap.output.printmap_plate import Plate
    from riskmap.output.printmap_template import Item

Box = tuple[float, float, float, float]
GAP_MM = 4.5
"""Between the items of a stack, on A3."""
INDEX_MM = 34.0
BETWEEN = 0.35
"""Lines left free between two notes."""
RANK_MM, SQUARE_MM, LONGEST_NAME_MM = 5.2, 2.9, 34.0
"""Of the township table: where the names begin, the side of a level's square, where long names are cut."""
LEAST_ROWS = 3
"""A township table with fewer rows is left out."""


@dataclass(frozen=True)
class Piece:
    """An item of a stack: how high it is and how it is drawn from a top."""

    height: float
    draw: Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Stack:
    """What the items of a stack are drawn from."""

    sheet: Sheet
    plate: Plate
    catalog: Catalog
    lang: Lang
    left: float
    right: float

    @property
    def width(self) -> float:
        """Width in millimetres."""
        return self.right - self.left

    @property
    def page(self) -> Page:
        """The page that the sheet shares."""
        return self.plate.page

    def draw(self, items: tuple[Item, ...], top: float, bottom: float) -> None:
        """Draw the items; the township table takes the room that the others leave, notes shrink before they are cut."""
        gap = GAP_MM * self.sheet.factor
        room = bottom - top - gap * (len(items) - 1)
        pieces: dict[str, Piece | None] = {
            item: FIXED[item](self) for item in items if item not in ("townships", "notes")
        }
        room -= sum(piece.height if piece else -gap for piece in pieces.values())
        if "notes" in items:
            least = 0.0 if "townships" not in items else self._table_height(LEAST_ROWS)
            pieces["notes"] = notes(self, max(room - least, 0))
            room -= pieces["notes"].height if pieces["notes"] else -gap
        if "townships" in items:
            pieces["townships"] = townships(self, room)
        y = top
        for item in items:
            piece = pieces[item]
            if piece is not None:
                # notes stand at the foot of the sheet, whatever is above them
                piece.draw(bottom - piece.height if item == "notes" else y)
                y += piece.height + gap

    def _table_height(self, rows: int) -> float:
        return heading_mm(self.sheet) + (rows + 2) * self.sheet.line_mm("body")

    def heading(self, words: str, y: float) -> None:
        """Write the heading of an item."""
        self.sheet.text(self.left, y + self.sheet.pt("heading") * MM_PER_PT, words, "heading", bold=True)


def heading_mm(sheet: Sheet) -> float:
    """Give the height of an item's heading."""
    return sheet.line_mm("heading", 1.55)


# ---- totals and legend


def totals(stack: Stack) -> Piece | None:
    """Key figures: label over value, side by side."""
    sheet, figures = stack.sheet, stack.page.totals
    if not figures:
        return None
    height = sheet.line_mm("small") + sheet.line_mm("headline", 1.3)

    def draw(y: float) -> None:
        for i, (label, value) in enumerate(figures):
            x = stack.left + i * stack.width / max(len(figures), 2)
            sheet.text(x, y + sheet.pt("small") * MM_PER_PT, label.pick(stack.lang), "small", colour=MUTED)
            sheet.text(x, y + height - 1.0 * sheet.factor, value, "headline", bold=True)

    return Piece(height, draw)


def legend(stack: Stack) -> Piece | None:
    """Classes of the grid: swatch as on the map, numeral, name, area, share, people."""
    page, sheet = stack.page, stack.sheet
    if not page.grids:
        return None
    layer = page.grids[0]
    drawn = symbology(layer.style, stack.catalog)
    swatches = {s.value: s for s in drawn.swatches}
    swatches.setdefault(UNKNOWN, unknown(stack.catalog))
    some_unknown = bool((layer.raster.values[layer.inside] == UNKNOWN).any())
    listed = [s for s in swatches.values() if s.value != UNKNOWN or some_unknown]
    rows = legend_rows(page.legend, [{"value": s.value} for s in listed])
    step, bar = sheet.line_mm("body", 1.85), 3.0 * sheet.factor
    height = heading_mm(sheet) + bar + sheet.line_mm("small", 2.0) + step * len(listed)

    def draw(y: float) -> None:
        stack.heading(layer.style.title.pick(stack.lang), y)
        y += heading_mm(sheet)
        if page.legend:
            _share_bar(stack, y, bar, [(s.rgb, r) for s, r in zip(listed, rows, strict=True) if s.pattern != "none"])
        y += bar + sheet.line_mm("small", 1.5)
        columns = _columns(stack) if page.legend else ()
        for key, x in columns:
            unit = {"area": " km²", "people": word("unit_people", stack.lang) and " " + word("unit_people", stack.lang)}
            sheet.text(x, y, word(key, stack.lang) + unit.get(key, ""), "small", colour=MUTED, align="right")
        y += sheet.line_mm("small", 0.5)
        for swatch, row in zip(listed, rows, strict=True):
            base = y + step / 2 + sheet.pt("body") * MM_PER_PT * CAP
            cell = (stack.left, y + step * 0.12, stack.left + 9.5 * sheet.factor, y + step * 0.88)
            paint_swatch(sheet, cell, swatch.rgb, "none" if swatch.value == UNKNOWN else swatch.pattern)
            sheet.text(stack.left + 11.5 * sheet.factor, base, swatch.roman, "body", bold=True)
            sheet.text(stack.left + 16.5 * sheet.factor, base, swatch.label.pick(stack.lang), "body")
            for key, x in columns:
                sheet.text(x, base, row[key], "body", align="right")
            y += step

    return Piece(height, draw)


def _columns(stack: Stack) -> tuple[tuple[str, float], ...]:
    """Give the right edges of the figures of the legend."""
    k = stack.sheet.factor
    return (("area", stack.right - 33 * k), ("share", stack.right - 20 * k), ("people", stack.right))


def _share_bar(stack: Stack, y: float, height: float, classes: list[tuple[str, dict[str, Any]]]) -> None:
    x = stack.left
    for rgb, row in classes:
        width = stack.width * float(row["width"].rstrip("%")) / 100
        stack.sheet.rectangle(x, y, x + width, y + height, fill=rgb)
        x += width
    stack.sheet.rectangle(stack.left, y, stack.right, y + height, edge=INK, mm=0.1)


def paint_swatch(sheet: Sheet, cell: Box, rgb: str, pattern: str) -> None:
    """Draw a class as the map has it: colour, and pattern at the map's own spacing."""
    left, top, right, bottom = cell
    sheet.rectangle(*cell, fill="white" if pattern == "none" else rgb)
    spacing = HATCH_MM.get(pattern, 1.0) * sheet.factor
    # the desk's y runs down: turned over, lines rise to the same side as on the map
    lines, dots = hatch.over_shape(shapely.box(left, -bottom, right, -top), pattern, spacing)
    paint_pattern(sheet, sheet.desk, lines * (1, -1), dots * (1, -1), hatch.ink(rgb, pattern), zorder=1.5)
    sheet.rectangle(*cell, edge=INK, mm=0.12, zorder=1.6)


# ---- overlays


def overlays(stack: Stack) -> Piece | None:
    """Symbols of the layers over the grid and of the lines of the townships, in as many columns as there is room for."""
    sheet = stack.sheet
    samples: list[tuple[Symbology, int, str, bool]] = []
    for layer in visible(stack.page.vectors):
        drawn = symbology(layer.style, stack.catalog)
        if not drawn.swatches:
            samples.append((drawn, NO_CLASS, layer.style.title.pick(stack.lang), False))
            continue
        samples.append((drawn, -2, layer.style.title.pick(stack.lang), False))
        met = set(drawn.classify(layer.frame[layer.style.field]).tolist())
        samples += [
            (drawn, i, " ".join(filter(None, (s.roman, s.label.pick(stack.lang)))), True)
            for i, s in enumerate(drawn.swatches)
            if i in met
        ]
    for style in ("boundary", "townships") if len(stack.page.units) or stack.plate.boundary is not None else ():
        spec = stack.catalog.style(style)
        samples.append((symbology(spec, stack.catalog), NO_CLASS, spec.title.pick(stack.lang), False))
    if not samples:
        return None
    step = sheet.line_mm("body", 1.5)
    widest = max(sheet.type.width_mm(text, sheet.pt("body")) + 4 * sheet.factor * inset for *_, text, inset in samples)
    columns = max(1, min(3, int(stack.width / (widest + 15 * sheet.factor))))
    per_column = -(-len(samples) // columns)

    def draw(y: float) -> None:
        stack.heading(word("legend", stack.lang), y)
        y += heading_mm(sheet)
        for i, (drawn, number, text, inset) in enumerate(samples):
            x = stack.left + (i // per_column) * stack.width / columns + 4 * sheet.factor * inset
            middle = y + (i % per_column + 0.5) * step
            if number != -2:
                paint_sample(
                    sheet,
                    drawn,
                    number,
                    (x, middle - 1.7 * sheet.factor, x + 9.5 * sheet.factor, middle + 1.7 * sheet.factor),
                )
            indent = 0 if number == -2 else 11.5 * sheet.factor
            sheet.text(x + indent, middle + sheet.pt("body") * MM_PER_PT * CAP, text, "body")

    return Piece(heading_mm(sheet) + per_column * step, draw)


def paint_sample(sheet: Sheet, drawn: Symbology, number: int, cell: Box) -> None:
    """Draw the symbol of a layer, or of one of its classes, in a cell of the legend."""
    left, top, right, bottom = cell
    middle = ((left + right) / 2, (top + bottom) / 2)
    symbol = drawn.style.symbol
    colour = drawn.stroke if number == NO_CLASS else drawn.swatches[number].rgb
    pattern = drawn.swatches[number].pattern if number != NO_CLASS else "solid"
    line = drawn.style.geometry == "line" or (drawn.style.id in ("boundary", "townships"))
    if drawn.style.geometry == "point":
        shrink = min(1.0, 1.6 * sheet.factor / (symbol.radius * sheet.pixel() * MM_PER_PT))
        _stamp_down(sheet, drawn, number, middle, shrink)
    elif line:
        casing = drawn.fill or ("white" if symbol.width >= 2 else None)
        dash = symbol.dash or DASHES.get(pattern, ())
        shape = shapely.LineString([(left, middle[1]), (right, middle[1])])
        paint_line(sheet, sheet.desk, [shape], colour, symbol.width, dash, zorder=2, casing=casing)
    else:
        box = shapely.box(left + 1 * sheet.factor, top, right - 1 * sheet.factor, bottom)
        if number != NO_CLASS or drawn.fill:
            fill = "white" if pattern == "none" else colour_of(drawn, number)
            sheet.desk.add_patch(_patch(box, fill, symbol.opacity))
        if number != NO_CLASS and pattern != "solid":
            lines, dots = hatch.over_shape(box, pattern, HATCH_MM[pattern] * sheet.factor)
            paint_pattern(sheet, sheet.desk, lines, dots, hatch.ink(colour, pattern), zorder=1.7)
        if symbol.width > 0:
            paint_line(sheet, sheet.desk, [box], drawn.stroke, symbol.width, symbol.dash, zorder=2, casing=None)


def _stamp_down(sheet: Sheet, drawn: Symbology, number: int, middle: tuple[float, float], shrink: float) -> None:
    stamp(sheet.desk, np.array([middle]), drawn, number, sheet.pixel() * shrink, 2)


def _patch(shape: Any, fill: str, opacity: float) -> Any:
    from matplotlib.patches import PathPatch

    return PathPatch(path_of([shape]), fc=fill, ec="none", alpha=opacity, zorder=1.6)


# ---- townships, index, notes


def townships(stack: Stack, room: float) -> Piece | None:
    """The ranked table: as many rows as fit, and how many are left out."""
    page, sheet, lang = stack.page, stack.sheet, stack.lang
    step = sheet.line_mm("body", 1.5)
    head = heading_mm(sheet) + sheet.line_mm("small", 2.6)
    if not len(page.units) or not page.unit_columns or room < head + LEAST_ROWS * step:
        return None
    units = page.units.sort_values("code", kind="stable").reset_index(drop=True)
    coded = coded_classes(stack.catalog, lang)
    table = township_table(page, units, coded, stack.catalog, lang)
    fit = int((room - head) / step)
    rows = table["rows"] if len(table["rows"]) <= fit else table["rows"][: fit - 1]
    left_out = len(table["rows"]) - len(rows)
    size, edges = _table_edges(stack, table)
    rgb = {form: {c["value"]: c["rgb"] for c in classes} for form, classes in coded.items()}

    def draw(y: float) -> None:
        stack.heading(word("townships", lang), y)
        y += heading_mm(sheet) + sheet.line_mm("small", 1.0)
        for column, edge in zip(table["columns"], edges, strict=True):
            sheet.text(edge, y, column["heading"], "small", colour=MUTED, align="right")
            sheet.text(edge, y + sheet.line_mm("small", 1.15), column["unit"], "small", colour=MUTED, align="right")
        y += sheet.line_mm("small", 1.6)
        sheet.rule(stack.left, y, stack.right, y, mm=0.25, colour=INK)
        for rank, row in enumerate(rows, 1):
            forms = [rgb.get(column["format"], {}) for column in table["columns"]]
            _table_row(stack, row, rank, (y, step), size, edges, forms)
            y += step
            sheet.rule(stack.left, y, stack.right, y, mm=0.08)
        if left_out:
            text = word("unprinted", lang).format(n=left_out)
            sheet.text(stack.left, y + step * 0.7, text, "small", colour=MUTED)

    return Piece(head + (len(rows) + bool(left_out)) * step, draw)


def _table_row(
    stack: Stack, row: dict[str, Any], rank: int, line: tuple[float, float], size: float, edges: list[float],
    colours: list[dict[Any, str]],
) -> None:  # fmt: skip
    """Write one row of the township table; ``line`` is its top and its height."""
    sheet, k = stack.sheet, stack.sheet.factor
    middle = line[0] + line[1] / 2
    base = middle + sheet.pt(size) * MM_PER_PT * CAP
    sheet.text(stack.left + 3.6 * k, base, str(rank), "small", colour=MUTED, align="right")
    name = sheet.type.shortened(one_line(row["name"]), sheet.pt(size), LONGEST_NAME_MM * k)
    sheet.text(stack.left + RANK_MM * k, base, name, size)
    for cell, edge, rgb in zip(row["cells"], edges, colours, strict=True):
        words = one_line(cell["text"])
        sheet.text(edge, base, words, size, align="right")
        if cell["level"] is not None:
            x, half = edge - sheet.type.width_mm(words, sheet.pt(size)) - SQUARE_MM * 1.4 * k, SQUARE_MM * k / 2
            sheet.rectangle(x, middle - half, x + 2 * half, middle + half, fill=rgb[cell["level"]], edge=INK, mm=0.1)


def _table_edges(stack: Stack, table: dict[str, Any]) -> tuple[float, list[float]]:
    """Give the size of the text and the right edge of each column: names and figures at their widest must fit."""
    sheet = stack.sheet
    size = sheet.sizes.body
    while True:
        names, wide = _table_widths(sheet, table, size)
        gap = (stack.width - names - sum(wide)) / len(wide)
        if gap >= 1.4 * sheet.factor or sheet.pt(size) <= sheet.sizes.smallest:
            break
        size -= 0.2
    edges = [stack.right]
    for width in wide[:0:-1]:
        edges.append(edges[-1] - width - gap)
    return size, edges[::-1]


def _table_widths(sheet: Sheet, table: dict[str, Any], size: float) -> tuple[float, list[float]]:
    """Give the width of the names with their ranks, and of each column, at a size of text."""
    wide = []
    for i, column in enumerate(table["columns"]):
        own = max(sheet.type.width_mm(one_line(row["cells"][i]["text"]), sheet.pt(size)) for row in table["rows"])
        own += SQUARE_MM * 1.5 * sheet.factor if column["format"] in CODED else 0
        heads = [sheet.type.width_mm(t, sheet.pt("small")) for t in (column["heading"], column["unit"])]
        wide.append(max(own, *heads))
    longest = max(sheet.type.width_mm(one_line(row["name"]), sheet.pt(size)) for row in table["rows"])
    return RANK_MM * sheet.factor + min(longest, LONGEST_NAME_MM * sheet.factor), wide


def index(stack: Stack) -> Piece | None:
    """A small map of the townships: where this sheet lies, and the numbers of the townships' own sheets."""
    plate, sheet = stack.plate, stack.sheet
    if not len(plate.page.units) or (plate.focus is None and not plate.sheets):
        return None
    height = INDEX_MM * sheet.factor

    def draw(y: float) -> None:
        stack.heading(word("index_map", stack.lang), y)
        top = y + heading_mm(sheet)
        draw_index(sheet, plate, (stack.left, top, stack.right, top + height), "smallest")

    return Piece(heading_mm(sheet) + height, draw)


def draw_index(sheet: Sheet, plate: Plate, box: Box, size: str | float) -> None:
    """Draw the townships into a box with the numbers of their sheets, the one in focus filled."""
    units = plate.page.units
    numbers = dict(plate.sheets)
    west, south, east, north = units.total_bounds
    left, top, right, bottom = box
    per_mm = max((east - west) / (right - left), (north - south) / (bottom - top))

    def to_desk(xy: Any) -> Any:
        return np.column_stack([left + (xy[:, 0] - west) / per_mm, top + (north - xy[:, 1]) / per_mm])

    for shape, code in zip(units.geometry, units["code"], strict=True):
        moved = shapely.transform(shape, to_desk)
        sheet.desk.add_patch(_patch(moved, "#c3ccd4" if code == plate.focus else "white", 1.0))
        paint_line(sheet, sheet.desk, [moved], INK, 0.6, (), zorder=1.8, casing=None)
        if code in numbers:
            middle = shapely.get_point(shapely.maximum_inscribed_circle(moved), 0)
            sheet.text(middle.x, middle.y + sheet.pt(size) * MM_PER_PT * CAP, numbers[code], size, align="centre")
    whole = shapely.transform(units.geometry.union_all(), to_desk)
    paint_line(sheet, sheet.desk, [whole], INK, 1.6, (), zorder=1.9, casing=None)


def notes(stack: Stack, room: float) -> Piece | None:
    """Method, sources and limits; smaller when there is little room, and never cut without saying so."""
    sheet, lang = stack.sheet, stack.lang
    sentences = [one_line(note.pick(lang)) for note in stack.page.notes]
    if not sentences:
        return None
    size = sheet.sizes.small
    room -= heading_mm(sheet)
    while True:
        wrapped = [sheet.type.wrap(sentence, sheet.pt(size), stack.width) for sentence in sentences]
        step = sheet.line_mm(size, 1.36)
        if _notes_mm(wrapped, step) <= room or sheet.pt(size - 0.2) <= sheet.sizes.smallest:
            break
        size -= 0.2
    shown = len(wrapped)
    while shown and _notes_mm(wrapped[:shown], step) + (shown < len(wrapped)) * step > room:
        shown -= 1
    if shown < len(wrapped):
        wrapped = [*wrapped[:shown], [word("more_notes", lang).format(n=len(wrapped) - shown)]]

    def draw(y: float) -> None:
        stack.heading(word("notes", lang), y)
        y += heading_mm(sheet) + 0.8 * step
        for lines in wrapped:
            for i, line in enumerate(lines):
                sheet.text(stack.left, y + i * step, line, size, colour=MUTED)
            y += (len(lines) + BETWEEN) * step

    return Piece(heading_mm(sheet) + _notes_mm(wrapped, step), draw)


def _notes_mm(wrapped: list[list[str]], step: float) -> float:
    return (sum(map(len, wrapped)) + BETWEEN * len(wrapped)) * step


FIXED: dict[str, Callable[[Stack], Piece | None]] = {
    "totals": totals,
    "legend": legend,
    "overlays": overlays,
    "index": index,
}
