"""What the page's template shows beside the map: the legend with its figures and the township table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from riskmap.data.catalog import Catalog
from riskmap.levels import UNKNOWN
from riskmap.output.symbology import Swatch, symbology
from riskmap.output.webmap_page import LegendRow, Page
from riskmap.output.webmap_words import FORMATS, MISSING, area, formatted, is_missing, percent, whole, word
from riskmap.text import Lang

if TYPE_CHECKING:
    import geopandas as gpd

RANKING = ("share_red", "people_red")
CODED = {"level": "risk_level", "zone": "control_zone"}
"""Formats of columns that hold a class, and the style that says which."""

TABLE_FORMATS = (*FORMATS, *CODED, "text")


def view(page: Page, units: gpd.GeoDataFrame, told: dict[str, Any], catalog: Catalog, lang: Lang) -> dict[str, Any]:
    """Give what the template shows, every text in one language and every number written out.

    Parameters
    ----------
    page : Page
    units : GeoDataFrame
        The page's townships in the order in which the script numbers them.
    told : dict
        What the script is told: descriptions of ``grids`` and ``vectors``, and the classes that tables ``coded``.
    catalog : Catalog
        Gives the colour of the bars under shares.
    lang : {"zh", "en"}
    """
    grids = told["grids"]
    # unknown ground is in a legend only where there is some
    listed = [[c for c in grid["classes"] if c["value"] != UNKNOWN or grid["unknown"]] for grid in grids]
    return {
        "lang": lang,
        "title": page.title.pick(lang),
        "subtitle": page.subtitle.pick(lang),
        "headline": page.headline.pick(lang),
        "notice": page.notice.pick(lang),
        "notes": [note.pick(lang) for note in page.notes],
        "totals": [(label.pick(lang), value) for label, value in page.totals],
        "grids": grids,
        "vectors": told["vectors"],
        "coded": told["coded"],
        "units": len(units) > 0,
        "coloured": page.coloured,
        "online": page.online,
        # a legend without figures is a list of colours only
        "figured": len(page.legend) > 0,
        "comparison": _comparison(page, listed[0], lang) if grids and page.comparison else None,
        "legends": listed[1:],
        "legend": legend_rows(page.legend, listed[0]) if grids else [],
        "table": township_table(page, units, told["coded"], catalog, lang)
        if len(units) and page.unit_columns
        else None,
    }


def legend_rows(rows: tuple[LegendRow, ...], classes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the classes of the first grid with their figures, written out, and where each stands in the bar of shares."""
    figures = {row.value: row for row in rows}
    start, out = 0.0, []
    for swatch in classes:
        row = figures.get(swatch["value"])
        share = row.share if row else 0.0
        written = {
            "area": area(row.area_km2) if row else MISSING,
            "share": percent(row.share) if row else MISSING,
            "people": MISSING if row is None or is_missing(row.people) else whole(row.people or 0.0),
            "start": f"{start:.3%}",
            "width": f"{share:.3%}",
        }
        out.append(swatch | written)
        start += share
    return out


def _comparison(page: Page, classes: list[dict[str, Any]], lang: Lang) -> dict[str, Any]:
    """Give the areas of two runs side by side, with what changed."""
    comparison = page.comparison
    assert comparison is not None  # noqa: S101  only called with one
    named = {c["value"]: c for c in classes}
    rows = []
    for value, before, now in comparison.areas_km2:
        if value in named:
            change = now - before
            signed = "0" if abs(change) < 0.005 else f"{'+' if change > 0 else '−'}{area(abs(change))}"
            rows.append(named[value] | {"before": area(before), "now": area(now), "change": signed})
    return {"rows": rows, "before": comparison.before.pick(lang), "now": comparison.now.pick(lang)}


def township_table(
    page: Page, units: gpd.GeoDataFrame, coded: dict[str, list[dict[str, Any]]], catalog: Catalog, lang: Lang
) -> dict[str, Any]:
    """Give the headings and rows of the township table, in the order of the ranking."""
    listed = [column for column, _, _ in page.unit_columns]
    rank_by = page.rank_by or next((column for column in RANKING if column in listed), listed[0])
    colours = catalog.palette.colours
    columns = []
    for column, heading, form in page.unit_columns:
        unit = FORMATS[form][1] if form in FORMATS else ""
        # share_red is a bar in red
        colour = colours.get(column.rsplit("_", 1)[-1]) if form == "percent" else None
        columns.append(
            {
                "heading": heading.pick(lang),
                "unit": word(unit, lang) if unit else "",
                "format": form,
                "ranked": column == rank_by,
                "tint": colour.rgb if colour else "",
            }
        )
    named = {form: {c["value"]: c for c in classes} for form, classes in coded.items()}
    rows = [
        {
            "unit": place,
            "name": str(unit["name"]),
            "cells": [_cell(unit[column], form, named, lang) for column, _, form in page.unit_columns],
            "rank": _rank(unit[rank_by]),
        }
        for place, (_, unit) in enumerate(units.iterrows())
    ]
    return {"columns": columns, "rows": sorted(rows, key=lambda row: -row["rank"])}


def _cell(value: Any, form: str, named: dict[str, dict[Any, dict[str, Any]]], lang: Lang) -> dict[str, Any]:
    """Give one cell: its text, what it sorts by, the class of a level or zone and the length of the bar of a share."""
    cell: dict[str, Any] = {"text": formatted(value, form, lang), "sort": "", "title": "", "level": None, "bar": ""}
    if is_missing(value):
        return cell
    if form == "text":
        return cell | {"sort": str(value)}
    cell["sort"] = repr(float(value))
    if form == "percent":
        cell["bar"] = f"{min(max(float(value), 0.0), 1.0):.2%}"
    if form in named and int(value) in named[form]:
        known = named[form][int(value)]
        cell |= {"text": known["roman"] or known["label"], "title": known["label"], "level": int(value)}
    return cell


def _rank(value: Any) -> float:
    """Give the number that a value is ranked by; unknown and text go last."""
    try:
        ranked = float(value)
    except (TypeError, ValueError):
        return -math.inf
    return -math.inf if math.isnan(ranked) else ranked


def coded_classes(catalog: Catalog, lang: Lang) -> dict[str, list[dict[str, Any]]]:
    """Give the classes that columns of the township table may hold, also where no grid shows them."""
    coded = {}
    for form, style in CODED.items():
        known = symbology(catalog.style(style), catalog).swatches if style in catalog.style_specs else ()
        coded[form] = swatch_records((s for s in known if s.value != UNKNOWN), lang)
    return coded


def swatch_records(swatches: Iterable[Swatch], lang: Lang) -> list[dict[str, Any]]:
    """Give classes as the script and the template take them."""
    return [
        {"value": s.value, "label": s.label.pick(lang), "rgb": s.rgb, "roman": s.numeral(lang), "pattern": s.pattern}
        for s in swatches
    ]
