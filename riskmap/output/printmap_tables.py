"""The township table, the index map and the notes of a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from riskmap.output.printmap_fonts import CAP, MM_PER_PT
from riskmap.output.printmap_legend import filled
from riskmap.output.printmap_map import paint_line
from riskmap.output.printmap_paper import INK, MUTED, Sheet, one_line
from riskmap.output.printmap_stack import Box, Piece, Stack, heading_mm
from riskmap.output.webmap_view import CODED, coded_classes, township_table
from riskmap.output.webmap_words import word

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.output.printmap_plate import Plate

LEAST_INDEX_MM, INDEX_MM, HIGHEST_INDEX_MM = 20.0, 34.0, 62.0
"""Height of the index map: where little room is left, in an atlas, where there is plenty."""
BETWEEN = 0.35
"""Lines left free between two notes."""
RANK_MM, SQUARE_MM, LONGEST_NAME_MM = 5.2, 2.9, 34.0
"""Of the township table: where the names begin, the side of a level's square, where long names are cut."""
LEAST_ROWS = 3
"""A township table with fewer rows is left out."""
TIGHTEST, LOOSEST = 1.5, 1.95
"""Lines of text that a row of the table takes at least, and at most where there is room."""


def townships(stack: Stack, room: float, *, loosest: float = LOOSEST) -> Piece | None:
    """Give the ranked table: as many rows as fit, and how many are left out."""
    page, sheet, lang = stack.page, stack.sheet, stack.lang
    step = sheet.line_mm("body", TIGHTEST)
    head = heading_mm(sheet) + sheet.line_mm("small", 2.6)
    if not len(page.units) or not page.unit_columns or room < head + LEAST_ROWS * step:
        return None
    coded = coded_classes(stack.catalog, lang)
    table = township_table(page, _by_code(page.units), coded, stack.catalog, lang)
    fit = int((room - head) / step)
    step = min(max(step, (room - head) / len(table["rows"])), sheet.line_mm("body", loosest))
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


def _by_code(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return units.sort_values("code", kind="stable").reset_index(drop=True)


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


def index(stack: Stack, room: float = 0.0) -> Piece | None:
    """Give a small map of the townships: where this sheet lies and the numbers of their own sheets.

    The sheet of an area without an atlas has on it their numbers in the table, and it may be as high as there is room,
    but is never left out.
    """
    plate, sheet = stack.plate, stack.sheet
    if not len(plate.page.units) or not (has_sheets(plate) or plate.page.unit_columns):
        return None
    least = (INDEX_MM if has_sheets(plate) else LEAST_INDEX_MM) * sheet.factor
    height = min(max(least, room - heading_mm(sheet)), HIGHEST_INDEX_MM * sheet.factor)
    numbers = dict(plate.sheets) if has_sheets(plate) else _ranks(stack)

    def draw(y: float) -> None:
        stack.heading(word("index_map" if has_sheets(plate) else "index_ranks", stack.lang), y)
        top = y + heading_mm(sheet)
        draw_index(sheet, plate, (stack.left, top, stack.right, top + height), "smallest", numbers)

    return Piece(heading_mm(sheet) + height, draw)


def has_sheets(plate: Plate) -> bool:
    """Tell whether a sheet belongs to an atlas."""
    return plate.focus is not None or bool(plate.sheets)


def _ranks(stack: Stack) -> dict[str, str]:
    """Give the place of each township in the table, by its code."""
    units = _by_code(stack.page.units)
    table = township_table(stack.page, units, coded_classes(stack.catalog, stack.lang), stack.catalog, stack.lang)
    return {units["code"][row["unit"]]: str(rank) for rank, row in enumerate(table["rows"], 1)}


def draw_index(
    sheet: Sheet, plate: Plate, box: Box, size: str | float, numbers: dict[str, str], *, named: bool = False
) -> None:
    """Draw the townships into a box with a number in each, by their codes, the one in focus filled; with names, in its middle."""
    units = plate.page.units
    west, south, east, north = units.total_bounds
    left, top, right, bottom = box
    per_mm = max((east - west) / (right - left), (north - south) / (bottom - top))
    if named:
        left += (right - left - (east - west) / per_mm) / 2

    def to_desk(xy: Any) -> Any:
        return np.column_stack([left + (xy[:, 0] - west) / per_mm, top + (north - xy[:, 1]) / per_mm])

    for shape, code, name in zip(units.geometry, units["code"], units["name"], strict=True):
        moved = shapely.transform(shape, to_desk)
        sheet.desk.add_patch(filled(moved, "#c3ccd4" if code == plate.focus else "white", 1.0))
        paint_line(sheet, sheet.desk, [moved], INK, 0.6, (), zorder=1.8, casing=None)
        if code in numbers:
            circle = shapely.maximum_inscribed_circle(moved)
            middle = shapely.get_point(circle, 0)
            sheet.text(middle.x, middle.y + sheet.pt(size) * MM_PER_PT * CAP, numbers[code], size, align="centre")
            if named and sheet.type.width_mm(one_line(name), sheet.pt("body")) < 2 * circle.length:
                below = middle.y + sheet.line_mm(size, 0.6) + sheet.line_mm("body", 0.7)
                sheet.text(middle.x, below, one_line(name), "body", align="centre")
    whole = shapely.transform(units.geometry.union_all(), to_desk)
    paint_line(sheet, sheet.desk, [whole], INK, 1.6, (), zorder=1.9, casing=None)


def notes(stack: Stack, room: float) -> Piece | None:
    """Give method, sources and limits; smaller when there is little room, and never cut without saying so."""
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
