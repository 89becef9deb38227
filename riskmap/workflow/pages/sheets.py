"""The maps as sheets: what is printed around them, and the atlas of townships."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from riskmap import fields
from riskmap.crs import name as crs_name
from riskmap.levels import LEVELS, ZONES
from riskmap.output.printmap import Contents, Plate
from riskmap.output.webmap import LegendRow, Page
from riskmap.output.webmap_words import area, percent
from riskmap.risk.control_units import SUFFIXES
from riskmap.text import Text, plain
from riskmap.workflow.context import Context

if TYPE_CHECKING:
    from riskmap.workflow.pages.subjects import Subject


def plate(context: Context, subject: Subject, number: str) -> Plate:
    """Give the sheet of a subject."""
    return Plate(subject.page(context), number, context.boundary_frame.geometry, imprint(context))


def imprint(context: Context) -> tuple[tuple[Text, Text], ...]:
    """Give what every sheet says of itself at its foot; what the project does not state is said to be not stated."""
    project = context.project
    unstated = Text("未注明", "not stated")
    system = plain(f"{context.crs.name}（{crs_name(context.crs)}）")
    lines = [
        (Text("坐标系", "System"), Text(system.zh, system.zh.replace("（", " (").replace("）", ")"))),
        (Text("高程基准", "Height datum"), project.height_datum or unstated),
        (Text("资料日期", "Data of"), project.data_date or unstated),
        (Text("编制单位", "Compiled by"), project.output.compiled_by or unstated),
    ]
    if project.credits is not None:
        lines.append((Text("资料来源", "Sources"), project.credits))
    return tuple(lines)


def atlas(context: Context, subject: Subject, number: str) -> list[Plate]:
    """Give one sheet for each township, by code: its own figures, the rest of the map veiled."""
    page = subject.page(context)
    units = page.units.sort_values(fields.CODE, kind="stable").reset_index(drop=True)
    numbers = [(str(code), f"{number}-{i:02d}") for i, code in enumerate(units[fields.CODE], 1)]
    return [
        Plate(
            _of_unit(page, unit),
            sheet,
            context.boundary_frame.geometry,
            imprint(context),
            focus=code,
            sheets=tuple((c, n.partition("-")[2]) for c, n in numbers),
        )
        for (_, unit), (code, sheet) in zip(units.iterrows(), numbers, strict=True)
    ]


def _of_unit(page: Page, unit: Any) -> Page:
    """Give the page of one township: its name in the title, its own legend, headline and figures."""
    name = str(unit[fields.NAME])
    rows = _legend(page, unit)
    totals: list[tuple[Text, str]] = []
    if fields.AREA_KM2 in unit.index:
        totals.append((Text("面积", "Area"), f"{unit[fields.AREA_KM2]:,.2f} km²"))
    if fields.PEOPLE in unit.index and page.legend and page.legend[0].people is not None:
        totals.append((Text("人口", "People"), f"{unit[fields.PEOPLE]:,.0f}"))
    return dataclasses.replace(
        page,
        title=Text(f"{page.title.zh} · {name}", f"{page.title.en} · {name}"),
        headline=_headline(page, rows) if rows else plain(name),
        legend=rows,
        totals=tuple(totals) or page.totals,
        explanation=None,
    )


def _legend(page: Page, unit: Any) -> tuple[LegendRow, ...]:
    """Give the figures of a township by class of the first grid."""
    rows = []
    for row in page.legend:
        level = page.grids[0].style.id == "risk_level"
        share = fields.share_of(row.value) if level else f"share_{SUFFIXES[row.value]}"
        people = fields.people_of(row.value) if level else f"people_{SUFFIXES[row.value]}"
        if share not in unit.index:
            return ()
        counted = None if row.people is None else float(unit[people])
        rows.append(LegendRow(row.value, float(unit[share] * unit[fields.AREA_KM2]), float(unit[share]), counted))
    return tuple(rows)


def _headline(page: Page, rows: tuple[LegendRow, ...]) -> Text:
    worst = rows[0]
    name = (LEVELS if page.grids[0].style.id == "risk_level" else ZONES)[worst.value].name
    line = Text(
        f"{name.zh} {area(worst.area_km2)} km²，占 {percent(worst.share)}",
        f"{name.en}: {area(worst.area_km2)} km², {percent(worst.share)} of the township",
    )
    if worst.people is None:
        return line
    return line + Text(f"，居住 {worst.people:,.0f} 人", f", home to {worst.people:,.0f} people")


def contents(context: Context, subject: Subject, plates: list[Plate]) -> Contents:
    """Give the page at the front of an atlas."""
    whole = plate(context, subject, plates[0].number.partition("-")[0])
    return Contents(dataclasses.replace(whole, sheets=plates[0].sheets))
