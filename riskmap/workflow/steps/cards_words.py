"""The words of a card: what hazard, whom to call, how long, what when the way is blocked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmap.data.catalog import FAMILY
from riskmap.output import cards
from riskmap.text import Lang, Text
from riskmap.workflow.context import Context
from riskmap.workflow.evacuation_speeds import slow_m_s
from riskmap.workflow.steps.evacuation_inputs import title_of

if TYPE_CHECKING:
    from riskmap.workflow.evacuation_options import EvacuationScenario
    from riskmap.workflow.steps.cards_layers import Layers

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

NO_PLACE = Text("还没有安排去处", "no place is arranged yet")
LEAVE_EARLY = Text(
    "按通知提前离开；动身前先打电话问清去哪里。来不及时，往图中斜线以外走",
    "Leave early, as you are told; before setting out ask by telephone where to. If there is no time, go out of the hatched ground",
)
WAIT = Text("往高处去，打电话，等人来接", "Go to higher ground, call, and wait to be fetched")
"""What is told to those for whom there is no place: they must not set out on a road that leads nowhere."""

SKETCH = Text("示意图仅供转移使用。", "The map is a sketch for this purpose only.")


def hazard_of(layers: Layers, scenario: EvacuationScenario, origin: pd.Series) -> Text:
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


def signal_of(context: Context, scenario: EvacuationScenario) -> Text:
    """Give the project's own signal, else the house's."""
    if scenario.signal is not None:
        return scenario.signal
    words = context.fact("evacuation", "signal")
    return Text(words["zh"], words["en"])


def whom_to_call(layers: Layers, origin: pd.Series) -> Text:
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


def minutes_of(row: pd.Series) -> Text:
    """Give how long the way takes, and its length."""
    km = float(row["length_m"]) / 1000
    minutes = int(np.ceil(float(row["slow_minutes"])))
    if row["mode"] == "vehicle":
        return Text(f"乘车约 {minutes} 分钟，{km:.1f} 公里", f"by vehicle about {minutes} min, {km:.1f} km")
    return Text(f"慢走约 {minutes} 分钟，{km:.1f} 公里", f"slow walk about {minutes} min, {km:.1f} km")


def backup_way(backup: pd.DataFrame, lang: Lang, fit: dict[str, Any]) -> list[str]:
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


def backup_lines(main: pd.Series, others: pd.DataFrame, unplaced: float) -> list[Text]:
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


def notes_of(context: Context, scenario: EvacuationScenario, main: pd.Series) -> list[Text]:
    """Give the small lines at the foot."""
    slow = slow_m_s(context, scenario)
    before = float(main["warning_min"]), float(main["preparation_min"])
    speed = Text(
        f"分钟数按慢行者 {slow:g} m/s 计，从出门算起；" if main["mode"] == "walk" else "分钟数为行车时间，从上车算起；",
        f"Minutes are those of a slow walker ({slow:g} m/s) from the door; "
        if main["mode"] == "walk"
        else "Minutes are those of the drive; ",
    )
    rest = Text(
        f"另需预警 {before[0]:g} 分钟、准备 {before[1]:g} 分钟。",
        f"add {before[0]:g} min of warning and {before[1]:g} min to get ready. ",
    )
    return [speed + rest + SKETCH, *synthetic_note(context)]


def synthetic_note(context: Context) -> list[Text]:
    """Give the note that stands on cards of invented data."""
    if not any(context.is_synthetic(layer) for layer in context.project.inputs):
        return []
    return [Text("合成示例数据，不得用于实际转移。", "Synthetic example data, not for real use.")]
