"""Single blocks around the map of a sheet: title, headline, notice, scale, imprint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from riskmap.output import printmap_graticule as geography
from riskmap.output.printmap_fonts import MM_PER_PT, NOT_FIRST
from riskmap.output.printmap_paper import INK, MUTED, RULE, Sheet, one_line
from riskmap.output.webmap_words import word

if TYPE_CHECKING:
    from riskmap.output.printmap_map import Window
    from riskmap.output.printmap_plate import Plate
    from riskmap.output.printmap_template import Element
    from riskmap.text import Lang

Box = tuple[float, float, float, float]

LABEL_GAP_MM = 1.2
"""Between a label of the imprint and what it says, on A3."""

_NUMBER = re.compile(r"((?<![A-Za-z\d])\d+(?:[,.]\d+)*(?:\s?%)?)")


def title(sheet: Sheet, box: Box, plate: Plate, lang: Lang, element: Element) -> None:
    """Write the title as large as it fits, and the subtitle under it."""
    del element
    words, under = one_line(plate.page.title.pick(lang)), one_line(plate.page.subtitle.pick(lang))
    left, top, right, _ = box
    size = sheet.sizes.title
    while size > sheet.sizes.heading and sheet.type.width_mm(words, sheet.pt(size)) > right - left:
        size -= 0.5
    y = top + sheet.pt(sheet.sizes.title) * MM_PER_PT * 0.95
    sheet.text(left, y, words, size, bold=True)
    under = sheet.type.shortened(under, sheet.pt("subtitle"), right - left)
    sheet.text(left, y + sheet.line_mm("subtitle", 1.75), under, "subtitle", colour=MUTED)


def headline(sheet: Sheet, box: Box, plate: Plate, lang: Lang, element: Element) -> None:
    """Write the sentence to remember with its figures large, on one line."""
    left, _, right, bottom = box
    parts = [p.strip() for p in _NUMBER.split(one_line(plate.page.headline.pick(lang))) if p.strip()]
    shrink = 1.0
    while shrink > 0.4 and sum(_widths(sheet, parts, shrink)) > right - left:
        shrink -= 0.03
    widths = _widths(sheet, parts, shrink)
    x = {"left": left, "right": right - sum(widths), "centre": (left + right - sum(widths)) / 2}[element.align]
    for part, width in zip(parts, widths, strict=True):
        y = bottom - sheet.line_mm("headline", 0.5)
        sheet.text(x, y, part, _headline_size(sheet, part) * shrink, bold=bool(_NUMBER.fullmatch(part)))
        x += width


def _headline_size(sheet: Sheet, part: str) -> float:
    return sheet.sizes.figure if _NUMBER.fullmatch(part) else sheet.sizes.headline


def _widths(sheet: Sheet, parts: list[str], shrink: float) -> list[float]:
    """Give how far each part of a headline moves the next one: its width, and a gap unless punctuation follows."""
    gaps = [1.3 * sheet.factor * (following[0] not in NOT_FIRST) for following in parts[1:]] + [0.0]
    sizes = [sheet.pt(_headline_size(sheet, part) * shrink) for part in parts]
    return [sheet.type.width_mm(p, size) + gap for p, size, gap in zip(parts, sizes, gaps, strict=True)]


def notice(sheet: Sheet, box: Box, plate: Plate, lang: Lang, element: Element) -> None:
    """Write the line that stays in sight: internal use, or the map review number; its parts on lines of their own."""
    left, top, right, _ = box
    x = {"left": left, "right": right, "centre": (left + right) / 2}[element.align]
    for i, line in enumerate(one_line(plate.page.notice.pick(lang)).split(" · ")):
        size = sheet.sizes.body
        while size > sheet.sizes.smallest and sheet.type.width_mm(line, sheet.pt(size)) > right - left:
            size -= 0.2
        y = top + sheet.pt("body") * MM_PER_PT + i * sheet.line_mm("body")
        sheet.text(x, y, line, size, bold=True, align=element.align)


def scale(sheet: Sheet, box: Box, view: Window, lang: Lang, element: Element) -> None:
    """Draw the scale bar in four parts, with the ratio before it."""
    del element
    left, top, right, _ = box
    ratio = f"1:{view.denominator:,.0f}".replace(",", " ")
    y = top + sheet.line_mm("small", 1.0) + 3.2 * sheet.factor
    width = sheet.text(left, y, word("scale", lang) + " " + ratio, "heading", bold=True)
    start = left + width + 7 * sheet.factor
    metres = geography.bar_metres(view.denominator, min(70 * sheet.factor, right - start - 14 * sheet.factor))
    whole = metres * 1000 / view.denominator
    thick = 1.5 * sheet.factor
    for i in range(4):
        filled = INK if i % 2 == 0 else "white"
        sheet.rectangle(start + i * whole / 4, y - thick, start + (i + 1) * whole / 4, y, fill=filled, edge=INK, mm=0.2)
    for share in (0, 0.25, 0.5, 1):
        text = "0" if not share else geography.length(metres * share)
        sheet.text(start + whole * share, y - thick - 1.1 * sheet.factor, text, "small", align="centre")


def imprint(sheet: Sheet, box: Box, plate: Plate, lang: Lang, element: Element) -> None:
    """Write system, datum, sources, date and compiling unit in lines, the sheet number at the end of the last."""
    del element
    left, top, right, bottom = box
    gap = 6 * sheet.factor
    number = f"{word('sheet_number', lang)} {plate.number}" if plate.number else ""
    sheet.rule(left, top, right, top, mm=0.2, colour=RULE)
    size = sheet.sizes.small
    while True:
        lines = _imprint_lines(sheet, plate, lang, size, right - left, gap, number)
        step = sheet.line_mm(size, 1.45)
        if len(lines) * step <= bottom - top or sheet.pt(size) <= sheet.sizes.smallest:
            break
        size -= 0.2
    for i, line in enumerate(lines):
        x, y = left, top + (i + 0.95) * step
        for label, value in line:
            x += sheet.text(x, y, label, size, colour=MUTED) + LABEL_GAP_MM * sheet.factor
            x += sheet.text(x, y, value, size) + gap
    if number:
        sheet.text(right, top + (len(lines) - 0.05) * step, number, size, bold=True, align="right")


def _imprint_lines(
    sheet: Sheet, plate: Plate, lang: Lang, size: float, width: float, gap: float, number: str
) -> list[list[tuple[str, str]]]:
    """Give the pairs of label and value of each line, so that the last leaves room for the number."""
    lines: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    points = sheet.pt(size)
    for label, value in plate.imprint:
        pair = (one_line(label.pick(lang)), one_line(value.pick(lang)))
        start = sheet.type.width_mm(pair[0], points) + LABEL_GAP_MM * sheet.factor
        long = start + sheet.type.width_mm(pair[1], points)
        if used and used + long > width:
            lines.append([])
            used = 0.0
        lines[-1].append((pair[0], sheet.type.shortened(pair[1], points, width - start)))
        used += long + gap
    if number and used + sheet.type.width_mm(number, points) > width:
        lines.append([])
    return lines
