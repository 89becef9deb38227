"""The legend of a sheet: classes with their figures, symbols of the layers over the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from riskmap.levels import UNKNOWN
from riskmap.output import printmap_hatch as hatch
from riskmap.output.printmap_fonts import CAP, MM_PER_PT
from riskmap.output.printmap_map import HATCH_MM, paint_line, paint_pattern, path_of
from riskmap.output.printmap_overlays import DASHES, colour_of, stamp, visible
from riskmap.output.printmap_paper import INK, MUTED, Sheet, one_line
from riskmap.output.printmap_stack import Box, Piece, Stack, heading_mm
from riskmap.output.symbology import NO_CLASS, OPEN, Symbology, symbology, unknown
from riskmap.output.webmap_view import legend_rows
from riskmap.output.webmap_words import word

MOST_ACROSS = 4
"""Key figures side by side at most."""


def totals(stack: Stack) -> Piece | None:
    """Key figures: label over value, as many side by side as their labels have room, at most four."""
    sheet, figures = stack.sheet, stack.page.totals
    if not figures:
        return None
    height = sheet.line_mm("small") + sheet.line_mm("headline", 1.3)
    labels = [one_line(label.pick(stack.lang)) for label, _ in figures]
    longest = max(sheet.type.width_mm(label, sheet.pt("small")) for label in labels) + 3 * sheet.factor
    across = max(1, min(MOST_ACROSS, int(stack.width / longest), max(len(figures), 2)))

    def draw(y: float) -> None:
        for i, (label, (_, value)) in enumerate(zip(labels, figures, strict=True)):
            x, top = stack.left + i % across * stack.width / across, y + i // across * height
            fitting = sheet.type.shortened(label, sheet.pt("small"), stack.width / across)
            sheet.text(x, top + sheet.pt("small") * MM_PER_PT, fitting, "small", colour=MUTED)
            sheet.text(x, top + height - 1.0 * sheet.factor, value, "headline", bold=True)

    return Piece(-(-len(figures) // across) * height, draw)


def legend(stack: Stack) -> Piece | None:
    """Classes of the grid: swatch as on the map, numeral, name, area, share, people."""
    page, sheet = stack.page, stack.sheet
    if not page.grids or not page.coloured:
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
            sheet.text(stack.left + 11.5 * sheet.factor, base, swatch.numeral(stack.lang), "body", bold=True)
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
        samples += [(drawn, i, s.named(stack.lang), True) for i, s in enumerate(drawn.swatches) if i in met]
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
            fill = "white" if pattern in OPEN else colour_of(drawn, number)
            sheet.desk.add_patch(filled(box, fill, symbol.opacity))
        if number != NO_CLASS and pattern != "solid":
            lines, dots = hatch.over_shape(box, pattern, HATCH_MM[pattern] * sheet.factor)
            paint_pattern(sheet, sheet.desk, lines, dots, hatch.ink(colour, pattern), zorder=1.7)
        if symbol.width > 0:
            paint_line(sheet, sheet.desk, [box], drawn.stroke, symbol.width, symbol.dash, zorder=2, casing=None)


def _stamp_down(sheet: Sheet, drawn: Symbology, number: int, middle: tuple[float, float], shrink: float) -> None:
    stamp(sheet.desk, np.array([middle]), drawn, number, sheet.pixel() * shrink, 2)


def filled(shape: Any, fill: str, opacity: float) -> Any:
    """Give a polygon as a filled patch of the desk."""
    from matplotlib.patches import PathPatch

    return PathPatch(path_of([shape]), fc=fill, ec="none", alpha=opacity, zorder=1.6)
