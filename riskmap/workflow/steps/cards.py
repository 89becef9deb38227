"""The cards step: an evacuation card for every settlement that has to move, and for every household on the list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap.data.findings import Finding
from riskmap.output import cards, cards_html, cards_pdf
from riskmap.output.cards import Card, Sketch
from riskmap.output.filenames import file_stem
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.cards_homes import homes_by_group, household_card, households_of, numbers
from riskmap.workflow.steps.cards_layers import Layers
from riskmap.workflow.steps.cards_words import (
    LEAVE_EARLY,
    NO_PLACE,
    SKETCH,
    WAIT,
    backup_lines,
    backup_way,
    hazard_of,
    minutes_of,
    notes_of,
    signal_of,
    synthetic_note,
    whom_to_call,
)
from riskmap.workflow.steps.evacuation_findings import REASONS
from riskmap.workflow.steps.evacuation_inputs import scenarios
from riskmap.workflow.steps.evacuation_tables import write as write_tables
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.workflow.evacuation_options import EvacuationScenario

ROADS_SHOWN = 4000
WITHOUT_PLACE_M = 1500.0
"""Ground that the sketch map of people without a place shows."""

SHOWN_MM = ((182.0, 80.0), (182.0, 150.0))
"""Shapes of the lowest and of the highest sketch map: the ground of both is cut out."""


def run(context: Context) -> Results:
    """Write the cards as PDF and HTML, and the routes as a workbook."""
    results = Results()
    layers = Layers(context)
    origins = layers.rows("evacuation_origins")
    # no plan: nobody has a place
    plan = layers.rows("evacuation_plan") if layers.has("evacuation_plan") else pd.DataFrame()
    written = {"settlements": 0, "households": 0, "without_place": 0}
    taken: set[str] = set()
    for scenario in scenarios(context):
        here = origins[origins["scenario"] == scenario.id]
        lost = 0
        for _, origin in here.iterrows():
            stem = file_stem(scenario.id, str(origin["id"]), str(origin["name"]), taken=taken)
            if origin["placed"] > 0:
                groups = plan[(plan["scenario"] == scenario.id) & (plan["origin_id"] == origin["id"])]
                groups = groups.sort_values("people", ascending=False, kind="stable")
                card = _card(layers, scenario, origin, groups, 0)
                homes = _home_cards(layers, scenario, origin, groups, card, here)
            else:
                card = _card_without_place(layers, scenario, origin)
                listed = households_of(layers.households, origin, here)
                homes = [household_card(card, home, context.lang) for _, home in listed.iterrows()]
                lost += len(homes)
                written["without_place"] += 1
            for name, made in ((stem, [card]), (f"{stem}-户" if context.lang == "zh" else f"{stem}-households", homes)):
                results.files += _written(layers, made, name, card.place) if made else []
            written["settlements"] += 1
            written["households"] += len(homes)
        results.findings += _households_without_place(scenario, lost)
    results.files += write_tables(context)
    results.totals = written
    return results


def _households_without_place(scenario: EvacuationScenario, many: int) -> list[Finding]:
    """Name the households for which there is no place: their cards say so."""
    if not many:
        return []
    message = Text(
        f"情景 {scenario.id}：名单上 {many} 户没有去处，明白卡上写明了",
        f"scenario {scenario.id}: {many} households on the list have no place to go to; their cards say so",
    )
    remedy = Text("先按 evacuation_plan 的提示解决去处", "first find them a place, as evacuation_plan's findings say")
    return [Finding("households", "warning", "HOUSEHOLDS_WITHOUT_PLACE", message, remedy, row=scenario.id, rows=many)]


def _written(layers: Layers, made: list[Card], name: str, place: str) -> list[Path]:
    lang, folder = layers.context.lang, layers.context.folder / "cards"
    title = f"{cards.WORDS['title'].pick(lang)} {place}"
    return [
        cards_pdf.write_pdf(made, folder / f"{name}.pdf", type=layers.type, lang=lang, title=title),
        cards_html.write_html(made, folder / f"{name}.html", lang=lang, title=title),
    ]


def _card(layers: Layers, scenario: EvacuationScenario, origin: pd.Series, groups: pd.DataFrame, number: int) -> Card:
    """Give the card of the people of a settlement who go to one shelter; the first group's names the others too."""
    context = layers.context
    lang = context.lang
    main = groups.iloc[number]
    routes = layers.rows("evacuation_routes")
    routes = routes[routes["origin_id"].eq(origin["id"]) & routes["scenario"].eq(scenario.id)]
    way = routes[routes["id"] == main["route_id"]].iloc[0]
    backup = routes[routes["id"] == main["backup_route_id"]]
    others = groups.iloc[1:] if number == 0 else groups.iloc[:0]
    directions = str(way[f"roads_{lang}"])
    fit: dict[str, Any] = {"type": layers.type, "lang": lang}
    return Card(
        **_head(layers, scenario, origin),
        shelter=str(main["shelter"]),
        minutes=minutes_of(main).pick(lang),
        way=cards.within(directions, points=cards.WAY_PT, lines=cards.WAY_LINES, **fit),
        backup=(
            *backup_way(backup, lang, fit),
            *(line.pick(lang) for line in backup_lines(main, others, float(origin["unplaced"]))),
        ),
        banner=cards.WORDS["early"].pick(lang) if main["early"] else "",
        notes=tuple(note.pick(lang) for note in notes_of(context, scenario, main)),
        sketch=_sketch(layers, scenario, origin, routes, main),
    )


def _card_without_place(layers: Layers, scenario: EvacuationScenario, origin: pd.Series) -> Card:
    """Give the card of people for whom there is no place: it says so, and whom to call."""
    context, lang = layers.context, layers.context.lang
    return Card(
        **_head(layers, scenario, origin),
        shelter=NO_PLACE.pick(lang),
        minutes=REASONS[origin["reason"]][0].pick(lang),
        way=LEAVE_EARLY.pick(lang),
        backup=(WAIT.pick(lang),),
        banner=cards.WORDS["no_place"].pick(lang),
        notes=tuple(note.pick(lang) for note in (SKETCH, *synthetic_note(context))),
        sketch=_drawn(layers, scenario, Sketch([], [], [], [], origin.geometry, [], least_m=WITHOUT_PLACE_M)),
    )


def _head(layers: Layers, scenario: EvacuationScenario, origin: pd.Series) -> dict[str, str]:
    """Give what a card says of the people and the hazard, wherever they go."""
    lang = layers.context.lang
    where = [v for v in (origin["township"], origin["village"]) if isinstance(v, str) and v != origin["name"]]
    return {
        "place": str(origin["name"]),
        "subtitle": " ".join(where),
        "hazard": hazard_of(layers, scenario, origin).pick(lang),
        "people": Text("{n:,.0f} 人", "{n:,.0f} people").format(n=float(origin["people"])).pick(lang),
        "signal": signal_of(layers.context, scenario).pick(lang),
        "call": whom_to_call(layers, origin).pick(lang),
    }


def _home_cards(
    layers: Layers,
    scenario: EvacuationScenario,
    origin: pd.Series,
    groups: pd.DataFrame,
    card: Card,
    here: pd.DataFrame,
) -> list[Card]:
    """Give the cards of an origin's households, those of each shelter together."""
    homes = households_of(layers.households, origin, here)
    if not len(homes):
        return []
    shelter = homes_by_group(numbers(homes, "people"), groups["people"].to_numpy(dtype=float))
    made = []
    for number in np.unique(shelter):
        own = card if number == 0 else _card(layers, scenario, origin, groups, int(number))
        if number == 0 and len(groups) > 1:
            own = replace(own, backup=own.backup[: len(own.backup) - len(groups) + 1])
        made += [household_card(own, home, layers.context.lang) for _, home in homes[shelter == number].iterrows()]
    return made


def _sketch(
    layers: Layers, scenario: EvacuationScenario, origin: pd.Series, routes: gpd.GeoDataFrame, main: pd.Series
) -> Sketch:
    lines = {
        kind: list(routes.geometry[routes["kind"].eq(kind) & routes["shelter_id"].eq(main["shelter_id"])])
        for kind in ("main", "backup")
    }
    return _drawn(
        layers, scenario, Sketch([], [], lines["main"], lines["backup"], origin.geometry, _ends(routes, main))
    )


def _drawn(layers: Layers, scenario: EvacuationScenario, plain: Sketch) -> Sketch:
    """Give a sketch with the streets and zones of its ground."""
    west, south, east, north = zip(*(plain.window(*shape) for shape in SHOWN_MM), strict=True)
    area = min(west), min(south), max(east), max(north)
    streets = layers.rows("network_edges")
    near = np.sort(layers.tree.query(shapely.box(*area)))
    roads = shapely.clip_by_rect(streets.geometry.to_numpy()[near][:ROADS_SHOWN], *area)
    ground = layers.ground(scenario)
    zones = shapely.clip_by_rect(ground.geometries[np.sort(ground.query(shapely.box(*area)))], *area)
    return replace(
        plain,
        roads=[road for road in roads if not road.is_empty],
        hazards=[zone for zone in shapely.get_parts(zones) if zone.geom_type == "Polygon" and not zone.is_empty],
        names=_names(streets.iloc[near], plain.main, shapely.box(*area)),
    )


def _ends(routes: gpd.GeoDataFrame, main: pd.Series) -> list[tuple[str, Any]]:
    line = routes.geometry[routes["id"] == main["route_id"]].iloc[0]
    return [(str(main["shelter"]), shapely.get_point(line, -1))]


def _names(streets: gpd.GeoDataFrame, main: list[Any], area: Any) -> list[tuple[str, Any]]:
    """Give the names of the roads of the main route, each once at the middle of its longest stretch."""
    if "name" not in streets.columns or not main:
        return []
    way = shapely.buffer(shapely.union_all(main), 1.0)
    named = streets[streets["name"].notna()]
    at = shapely.STRtree(named.geometry.to_numpy()).query(way)
    rows = named.iloc[np.sort(at)]
    held = shapely.length(shapely.intersection(rows.geometry.to_numpy(), way))
    rows = rows.assign(held=held)[held > 60].sort_values("held", ascending=False, kind="stable").drop_duplicates("name")
    middle = shapely.line_interpolate_point(rows.geometry.to_numpy(), 0.5, normalized=True)
    return [(str(n), p) for n, p in list(zip(rows["name"], middle, strict=True))[:5] if p.within(area)]


STEP = Step(
    "cards",
    Text("避险转移明白卡", "evacuation cards"),
    needs=("evacuation_origins", "evacuation_summary", "network_edges"),
    takes=(
        "evacuation_plan", "evacuation_routes", "geohazard_points", "geohazard_zones", "hazchem_zones", "households",
        "wardens", "hazard_*", "risk_level",
    ),
    gives=("cards", "tables/evacuation.xlsx"),
    options=("evacuation", "output", "facts"),
    run=run,
    speaks=True,
)  # fmt: skip
