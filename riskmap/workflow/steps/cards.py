"""The cards step: an evacuation card for every settlement that has to move, and for every household on the list."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap.data.catalog import FAMILY
from riskmap.data.findings import Finding
from riskmap.output import cards, cards_html, cards_pdf
from riskmap.output.cards import Card, Sketch
from riskmap.output.filenames import file_stem
from riskmap.output.printmap_fonts import typeface
from riskmap.text import Lang, Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.evacuation_speeds import slow_m_s
from riskmap.workflow.steps.cards_homes import homes_by_group, household_card, households_of, numbers
from riskmap.workflow.steps.evacuation_inputs import ground_of, scenarios, title_of
from riskmap.workflow.steps.evacuation_tables import write as write_tables
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

    from riskmap.workflow.evacuation_options import EvacuationScenario

ROADS_SHOWN = 4000
SHOWN_MM = ((182.0, 80.0), (182.0, 150.0))
"""Shapes of the lowest and of the highest sketch map: the ground of both is cut out."""

LITTLE_M = 100.0
"""Fewer metres that the backup way shares with the main one are not worth a word."""

HAZARDS = {
    "landslide": Text("滑坡", "landslide"),
    "collapse": Text("崩塌", "rock fall"),
    "debris_flow": Text("泥石流", "debris flow"),
    "subsidence": Text("地面塌陷", "subsidence"),
    "ground_fissure": Text("地裂缝", "ground fissure"),
    "unstable_slope": Text("不稳定斜坡", "unstable slope"),
    "geohazard_zones": Text("地质灾害", "geohazard"),
    "hazard_flood": Text("洪水", "flood"),
    "hazchem_zones": Text("危险化学品泄漏", "hazchem release"),
    "risk_level": Text("红色风险区", "red zone"),
}


class _Layers:
    """The layers of a build, each read once, and the typeface of the cards."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.type = typeface(context.loaded.folder / font for font in context.project.output.fonts)
        self._read: dict[str, Any] = {}
        self._ground: dict[str, shapely.STRtree] = {}

    def has(self, layer: str) -> bool:
        """Tell whether a layer was made."""
        return self.context.has(layer)

    def rows(self, layer: str) -> Any:
        """Give the rows of a layer."""
        if layer not in self._read:
            self._read[layer] = self.context.rows(layer)
        return self._read[layer]

    @cached_property
    def households(self) -> pd.DataFrame:
        """The list of households; empty where there is none."""
        return self.rows("households") if self.has("households") else pd.DataFrame()

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the streets."""
        return shapely.STRtree(self.rows("network_edges").geometry.to_numpy())

    def ground(self, scenario: EvacuationScenario) -> shapely.STRtree:
        """Index of the ground of a scenario's hazard."""
        if scenario.id not in self._ground:
            self._ground[scenario.id] = shapely.STRtree(shapely.get_parts(ground_of(self.context, scenario)))
        return self._ground[scenario.id]


def run(context: Context) -> Results:
    """Write the cards as PDF and HTML, and the routes as a workbook."""
    results = Results()
    layers = _Layers(context)
    origins = layers.rows("evacuation_origins")
    # no plan: nobody has a place
    plan = layers.rows("evacuation_plan") if layers.has("evacuation_plan") else pd.DataFrame()
    written = {"settlements": 0, "households": 0}
    taken: set[str] = set()
    for scenario in scenarios(context):
        here = origins[origins["scenario"] == scenario.id]
        for _, origin in here[here["placed"] > 0].iterrows():
            groups = plan[(plan["scenario"] == scenario.id) & (plan["origin_id"] == origin["id"])]
            groups = groups.sort_values("people", ascending=False, kind="stable")
            card = _card(layers, scenario, origin, groups, 0)
            homes = _home_cards(layers, scenario, origin, groups, card, here)
            stem = file_stem(scenario.id, str(origin["id"]), str(origin["name"]), taken=taken)
            for name, made in ((stem, [card]), (f"{stem}-户" if context.lang == "zh" else f"{stem}-households", homes)):
                results.files += _written(layers, made, name, card.place) if made else []
            written["settlements"] += 1
            written["households"] += len(homes)
        results.findings += _without_card(layers, scenario, here)
    results.files += write_tables(context)
    results.totals = written
    return results


def _without_card(layers: _Layers, scenario: EvacuationScenario, here: pd.DataFrame) -> list[Finding]:
    """Name the households for which there is no place, and so no card."""
    many = sum(
        len(households_of(layers.households, origin, here)) for _, origin in here[here["placed"] <= 0].iterrows()
    )
    if not many:
        return []
    message = Text(
        f"情景 {scenario.id}：名单上 {many} 户所在的起点没有去处，未出明白卡",
        f"scenario {scenario.id}: {many} households on the list have no place to go to and get no card",
    )
    remedy = Text("先按 evacuation_plan 的提示解决去处", "first find them a place, as evacuation_plan's findings say")
    return [Finding("households", "warning", "HOUSEHOLDS_WITHOUT_CARD", message, remedy, row=scenario.id, rows=many)]


def _written(layers: _Layers, made: list[Card], name: str, place: str) -> list[Path]:
    lang, folder = layers.context.lang, layers.context.folder / "cards"
    title = f"{cards.WORDS['title'].pick(lang)} {place}"
    return [
        cards_pdf.write_pdf(made, folder / f"{name}.pdf", type=layers.type, lang=lang, title=title),
        cards_html.write_html(made, folder / f"{name}.html", lang=lang, title=title),
    ]


def _card(layers: _Layers, scenario: EvacuationScenario, origin: pd.Series, groups: pd.DataFrame, number: int) -> Card:
    """Give the card of the people of a settlement who go to one shelter; the first group's names the others too."""
    context = layers.context
    lang = context.lang
    main = groups.iloc[number]
    routes = layers.rows("evacuation_routes")
    routes = routes[routes["origin_id"].eq(origin["id"]) & routes["scenario"].eq(scenario.id)]
    way = routes[routes["id"] == main["route_id"]].iloc[0]
    backup = routes[routes["id"] == main["backup_route_id"]]
    others = groups.iloc[1:] if number == 0 else groups.iloc[:0]
    where = [v for v in (origin["township"], origin["village"]) if isinstance(v, str) and v != origin["name"]]
    directions = str(way[f"roads_{lang}"])
    fit: dict[str, Any] = {"type": layers.type, "lang": lang}
    return Card(
        place=str(origin["name"]),
        subtitle=" ".join(where),
        hazard=_hazard(layers, scenario, origin).pick(lang),
        people=Text("{n:,.0f} 人", "{n:,.0f} people").format(n=float(origin["people"])).pick(lang),
        signal=_signal(context, scenario).pick(lang),
        call=_call(layers, origin).pick(lang),
        shelter=str(main["shelter"]),
        minutes=_minutes(main).pick(lang),
        way=cards.within(directions, points=cards.WAY_PT, lines=cards.WAY_LINES, **fit),
        backup=(
            *_backup_way(backup, lang, fit),
            *(line.pick(lang) for line in _backup(main, others, float(origin["unplaced"]))),
        ),
        early=bool(main["early"]),
        notes=tuple(note.pick(lang) for note in _notes(context, scenario, main)),
        sketch=_sketch(layers, scenario, origin, routes, main),
    )


def _home_cards(
    layers: _Layers,
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


def _hazard(layers: _Layers, scenario: EvacuationScenario, origin: pd.Series) -> Text:
    """Give the kind of a threatened point, else that of the layer; a kind that nobody declared goes by the scenario."""
    if origin["layer"] == "geohazard_points":
        points = layers.rows("geohazard_points")
        kind = points.loc[points["id"].astype(str) == str(origin["id"]), "kind"]
        if len(kind) and kind.iloc[0] in HAZARDS:
            return HAZARDS[kind.iloc[0]]
    if scenario.hazard in HAZARDS:
        return HAZARDS[scenario.hazard]
    kind = layers.context.catalog.layer_specs[f"hazard_{FAMILY}"].kinds.get(scenario.hazard.removeprefix("hazard_"))
    return title_of(scenario) if kind is None else kind.title


def _signal(context: Context, scenario: EvacuationScenario) -> Text:
    if scenario.signal is not None:
        return scenario.signal
    words = context.fact("evacuation", "signal")
    return Text(words["zh"], words["en"])


def _call(layers: _Layers, origin: pd.Series) -> Text:
    """Give the warden of the point, else of the village, else of the township; then whom the project names.

    Where the first of them has no phone, the next one stands beside.
    """
    lines = []
    if layers.has("wardens"):
        wardens = layers.rows("wardens")
        phones = wardens["phone"].notna() if "phone" in wardens.columns else pd.Series(False, wardens.index)
        for column, value in (
            ("geohazard_id", origin["id"]),
            ("village", origin["village"]),
            ("township", origin["township"]),
        ):
            if column in wardens.columns and isinstance(value, str):
                found = wardens[wardens[column].astype(object).eq(value)]
                if len(found):
                    at = phones[found.index].idxmax()  # the first with a phone
                    row = found.loc[at]
                    lines.append(" ".join(str(row[c]) for c in ("name", "phone") if c in row and pd.notna(row[c])))
                    if phones[at]:
                        break
    own = layers.context.project.evacuation.call
    text = Text("、".join(lines), ", ".join(lines))
    if own is not None:
        text = Text(f"{text.zh}　{own.zh}".strip("　"), f"{text.en}  {own.en}".strip())
    return text if text.zh else Text("（村里填写：联系人、电话）", "(to be filled in: name and phone)")


def _minutes(row: pd.Series) -> Text:
    km = float(row["length_m"]) / 1000
    minutes = int(np.ceil(float(row["slow_minutes"])))
    if row["mode"] == "vehicle":
        return Text(f"乘车约 {minutes} 分钟，{km:.1f} 公里", f"by vehicle about {minutes} min, {km:.1f} km")
    return Text(f"慢走约 {minutes} 分钟，{km:.1f} 公里", f"slow walk about {minutes} min, {km:.1f} km")


def _backup_way(backup: pd.DataFrame, lang: Lang, fit: dict[str, Any]) -> list[str]:
    """Give the backup way in words, or that there is none."""
    if not len(backup):
        none = Text(
            "没有第二条路：路断时原地往高处等待救援，并打电话",
            "There is no second way: if it is cut, wait on higher ground and call",
        )
        return [none.pick(lang)]
    row = backup.iloc[0]
    minutes = int(np.ceil(float(row["slow_minutes"])))
    shared = (
        cards.WORDS["shared"].pick(lang).format(km=float(row["shared_m"]) / 1000) if row["shared_m"] >= LITTLE_M else ""
    )
    before = Text(f"备用路线（约 {minutes} 分钟{shared}）：", f"Backup way (about {minutes} min{shared}): ").pick(lang)
    way = str(row[f"roads_{lang}"])
    return [cards.within(way, points=cards.BACKUP_PT, lines=cards.BACKUP_LINES, before=before, **fit)]


def _backup(main: pd.Series, others: pd.DataFrame, unplaced: float) -> list[Text]:
    """Give the lines on the backup shelter, on those who have no place, and last one on each other shelter."""
    lines = []
    if isinstance(main["backup_shelter"], str):
        minutes = int(
            np.ceil(float(main["backup_shelter_minutes"]) * float(main["slow_minutes"]) / float(main["minutes"]))
        )
        lines.append(
            Text(
                f"备用场所：{main['backup_shelter']}（约 {minutes} 分钟{'' if main['backup_shelter_room'] else '，可能已满'}）",
                f"Backup shelter: {main['backup_shelter']} (about {minutes} min{'' if main['backup_shelter_room'] else ', may be full'})",
            )
        )
    if unplaced > 0:
        lines.append(
            Text(
                f"还有 {unplaced:,.0f} 人没有安排去处：出发前先打电话问清",
                f"There is no place yet for {unplaced:,.0f} of the people: call before setting out",
            )
        )
    for _, other in others.iterrows():
        lines.append(
            Text(
                f"其中 {float(other['people']):,.0f} 人去 {other['shelter']}",
                f"{float(other['people']):,.0f} of the people go to {other['shelter']}",
            )
        )
    return lines


def _notes(context: Context, scenario: EvacuationScenario, main: pd.Series) -> list[Text]:
    slow = slow_m_s(context, scenario)
    before = float(main["warning_min"]), float(main["preparation_min"])
    speed = Text(
        f"分钟数按慢行者 {slow:g} m/s 计，从出门算起；" if main["mode"] == "walk" else "分钟数为行车时间，从上车算起；",
        f"Minutes are those of a slow walker ({slow:g} m/s) from the door; "
        if main["mode"] == "walk"
        else "Minutes are those of the drive; ",
    )
    rest = Text(
        f"另需预警 {before[0]:g} 分钟、准备 {before[1]:g} 分钟。示意图仅供转移使用。",
        f"add {before[0]:g} min of warning and {before[1]:g} min to get ready. The map is a sketch for this purpose only.",
    )
    notes = [speed + rest]
    if any(context.is_synthetic(layer) for layer in context.project.inputs):
        notes.append(Text("合成示例数据，不得用于实际转移。", "Synthetic example data, not for real use."))
    return notes


def _sketch(
    layers: _Layers, scenario: EvacuationScenario, origin: pd.Series, routes: gpd.GeoDataFrame, main: pd.Series
) -> Sketch:
    lines = {
        kind: list(routes.geometry[routes["kind"].eq(kind) & routes["shelter_id"].eq(main["shelter_id"])])
        for kind in ("main", "backup")
    }
    plain = Sketch([], [], lines["main"], lines["backup"], origin.geometry, _ends(routes, main))
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
        names=_names(streets.iloc[near], lines["main"], shapely.box(*area)),
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
