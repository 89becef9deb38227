"""The page of contents of an atlas: which sheet shows which township, and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskmap.output.printmap_fonts import CAP, MM_PER_PT, Typeface
from riskmap.output.printmap_paper import INK, MUTED, RULE, Sheet, one_line
from riskmap.output.printmap_plate import Contents
from riskmap.output.printmap_tables import draw_index
from riskmap.output.printmap_template import Format, Sizes
from riskmap.output.webmap_view import CODED, coded_classes, township_table
from riskmap.output.webmap_words import word
from riskmap.text import Lang

if TYPE_CHECKING:
    from riskmap.data.catalog import Catalog

MARGIN_MM = 14.0
TOP_MM = 40.0
FOOT_MM = 16.0
UPRIGHT_LIST = 0.45
"""Share of an upright page that the list takes at most."""


def contents_sheets(
    contents: Contents, format: Format, type: Typeface, sizes: Sizes, lang: Lang, catalog: Catalog
) -> list[Sheet]:
    """Give as many pages as the list of sheets takes."""
    plate = contents.plate
    page = plate.page
    units = page.units.sort_values("code", kind="stable").reset_index(drop=True)
    table: dict[str, Any] = {
        "columns": [],
        "rows": [{"unit": i, "name": n, "cells": []} for i, n in enumerate(units["name"])],
    }
    if page.unit_columns:
        table = township_table(page, units, coded_classes(catalog, lang), catalog, lang)
    numbers = dict(plate.sheets)
    rows = [
        ("-".join(filter(None, (plate.number, numbers.get(str(units["code"].iloc[row["unit"]]), "")))), row)
        for row in sorted(table["rows"], key=lambda row: row["unit"])
    ]
    first = Sheet(format, type, sizes)
    step = first.line_mm("body", 1.7)
    width, height = format.size_mm
    # on upright paper the map stands below the list, else beside it
    listed = (height - (TOP_MM + FOOT_MM) * first.factor) * (UPRIGHT_LIST if format.upright else 1.0)
    fit = int(listed / step) - 2
    sheets: list[Sheet] = []
    for start in range(0, len(rows), fit):
        sheet = first if not sheets else Sheet(format, type, sizes)
        _title(sheet, contents, lang)
        left, right = MARGIN_MM * sheet.factor, width - MARGIN_MM * sheet.factor
        top, gap, foot = TOP_MM * sheet.factor, 8 * sheet.factor, height - FOOT_MM * sheet.factor
        middle = right if format.upright else left + (right - left) * 0.46
        below = top + (len(rows[start : start + fit]) + 2) * step + gap
        box = (left, below, right, foot) if format.upright else (middle + gap, top, right, foot)
        forms = [
            {c["value"]: c["rgb"] for c in coded_classes(catalog, lang).get(k["format"], ())} for k in table["columns"]
        ]
        _list(sheet, rows[start : start + fit], table, forms, (left, top, middle), lang, step)
        draw_index(sheet, plate, box, "heading", dict(plate.sheets), named=True)
        sheet.type.require(sheet.texts())
        sheets.append(sheet)
    return sheets


def _title(sheet: Sheet, contents: Contents, lang: Lang) -> None:
    page = contents.plate.page
    left = MARGIN_MM * sheet.factor
    y = 22 * sheet.factor
    sheet.text(left, y, one_line(page.title.pick(lang)) + word("atlas", lang), "title", bold=True)
    under = f"{page.subtitle.pick(lang)} · {page.notice.pick(lang)}"
    sheet.text(left, y + sheet.line_mm("subtitle", 1.8), one_line(under), "subtitle", colour=MUTED)


def _list(
    sheet: Sheet,
    rows: list[tuple[str, dict[str, Any]]],
    table: dict[str, Any],
    colours: list[dict[Any, str]],
    box: tuple[float, float, float],
    lang: Lang,
    step: float,
) -> None:
    """Write number, name and figures of each sheet, line by line."""
    left, y, right = box
    k = sheet.factor
    names = left + 16 * k
    share = (right - names) * 0.62 / max(len(table["columns"]), 1)
    edges = [right - share * i for i in range(len(table["columns"]))][::-1]
    sheet.text(left, y, word("sheet_number", lang), "small", colour=MUTED)
    sheet.text(names, y, word("township", lang), "small", colour=MUTED)
    for column, edge in zip(table["columns"], edges, strict=True):
        sheet.text(edge, y, column["heading"], "small", colour=MUTED, align="right")
        sheet.text(edge, y + sheet.line_mm("small", 1.1), column["unit"], "small", colour=MUTED, align="right")
    y += sheet.line_mm("small", 1.8)
    sheet.rule(left, y, right, y, mm=0.3, colour=INK)
    for number, row in rows:
        base = y + step / 2 + sheet.pt("body") * MM_PER_PT * CAP
        sheet.text(left, base, number, "body", bold=True)
        room = (edges[0] if edges else right) - names - 14 * k
        sheet.text(names, base, sheet.type.shortened(one_line(row["name"]), sheet.pt("body"), room), "body")
        for cell, edge, column, rgb in zip(row["cells"], edges, table["columns"], colours, strict=True):
            sheet.text(edge, base, one_line(cell["text"]), "body", align="right")
            if column["format"] in CODED and cell["level"] is not None:
                x = edge - sheet.type.width_mm(one_line(cell["text"]), sheet.pt("body")) - 4.2 * k
                sheet.rectangle(
                    x,
                    y + step / 2 - 1.5 * k,
                    x + 3 * k,
                    y + step / 2 + 1.5 * k,
                    fill=rgb[cell["level"]],
                    edge=INK,
                    mm=0.1,
                )
        y += step
        sheet.rule(left, y, right, y, mm=0.08, colour=RULE)
