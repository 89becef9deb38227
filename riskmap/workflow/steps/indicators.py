"""The plan's indicators: each is a measure of one layer under one filter, so that anybody can count it again."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskmap.text import Lang, Text
from riskmap.workflow.context import Context


@dataclass(frozen=True)
class Indicator:
    """An indicator: layer, SQL filter on its columns (None: all rows), and ``count``, ``sum:column`` or ``share:column`` (per cent of the whole layer)."""

    name: Text
    unit: Text
    layer: str
    where: str | None
    measure: str


KM, PLACES, PEOPLE, KM2 = Text("km", "km"), Text("处", "places"), Text("人", "people"), Text("km²", "km2")
PERCENT = Text("%", "%")
ROMAN = {3: "Ⅲ", 2: "Ⅱ", 1: "Ⅰ"}


def _once(zh: str, en: str, kind: str) -> Indicator:
    """Give the indicator of the people inside all zones of one kind, each counted once."""
    return Indicator(Text(zh, en), PEOPLE, "overlay_totals", f"kind = '{kind}' AND township IS NULL", "sum:people")


INDICATORS: tuple[Indicator, ...] = (
    *(
        Indicator(Text(f"{ROMAN[g]} 级高后果区管道长度", f"pipeline in areas of grade {ROMAN[g]}"), KM, "pipeline_km", f"grade = {g} AND usable = 1", "sum:km")
        for g in (3, 2, 1)
    ),
    Indicator(Text("油气管道总长（区内，重合计一次）", "pipelines inside, shared ground once"), KM, "pipeline_km", None, "sum:km"),
    Indicator(Text("位置不可用于识别的管道长度", "pipeline not usable for identification"), KM, "pipeline_km", "usable = 0", "sum:km"),
    *(
        Indicator(Text(f"{ROMAN[g]} 级高后果区处数", f"areas of grade {ROMAN[g]}"), PLACES, "pipeline_hca", f"grade = {g} AND usable = 1", "count")
        for g in (3, 2, 1)
    ),
    Indicator(Text("地质灾害隐患点（区内）", "geohazard points inside"), PLACES, "geohazard_exposure", "inside = 1", "count"),
    Indicator(Text("登记的受威胁人数", "registered threatened people"), PEOPLE, "geohazard_exposure", "inside = 1", "sum:people"),
    _once("地质灾害影响范围内人数（区内）", "people within geohazard zones, inside", "geohazard_zones"),
    _once("高后果区管道两侧 200 m 内人数（区内）", "people within 200 m of high-consequence areas, inside", "pipeline_hca"),
    _once("危险源厂界外 500 m 内人数（区内）", "people within 500 m of plants, inside", "plant_500m"),
    _once("危险源火灾爆炸范围内人数（筛查）", "people in fire and blast zones (screening)", "fire_and_blast"),
    _once("以上范围内人数合计（不重复）", "people in any of these, once", "all"),
    Indicator(Text("威胁人数未知的隐患点", "points of unknown people"), PLACES, "geohazard_exposure", "inside = 1 AND people IS NULL", "count"),
    Indicator(Text("隐患点重于所在网格颜色", "points worse than their cell"), PLACES, "geohazard_exposure", "agreement = 'point_worse'", "count"),
    Indicator(Text("隐患点轻于所在网格颜色", "points better than their cell"), PLACES, "geohazard_exposure", "agreement = 'cell_worse'", "count"),
    *(
        Indicator(Text(f"{w}级重大危险源", f"major hazards of grade {g}"), PLACES, "hazchem_grades", f"grade = {g}", "count")
        for g, w in ((1, "一"), (2, "二"), (3, "三"), (4, "四"))
    ),
    Indicator(Text("不构成重大危险源", "not a major hazard"), PLACES, "hazchem_grades", "grade = 0", "count"),
    Indicator(Text("未评估的危险源", "sources not assessed"), PLACES, "hazchem_grades", "grade IS NULL", "count"),
    Indicator(Text("火灾爆炸影响范围内的防护目标（按危险源计）", "targets in fire and blast zones, by source"), PLACES, "hazchem_targets", "scenario <> 'toxic'", "count"),
    Indicator(Text("可能引发多米诺的危险源对", "domino pairs"), PLACES, "hazchem_domino", None, "count"),
    Indicator(Text("头顶库（区内）", "tailings dams above people, inside"), PLACES, "overhead_dams", "overhead = 1 AND inside = 1", "count"),
    Indicator(Text("是否头顶库未知的尾矿库（区内）", "tailings dams of which it is unknown, inside"), PLACES, "overhead_dams", "overhead IS NULL AND inside = 1", "count"),
    *(
        Indicator(Text(f"{zh}色安全风险点", f"{en} risk points"), PLACES, "risk_point_levels", f"level = {n}", "count")
        for n, zh, en in ((4, "红", "red"), (3, "橙", "orange"), (2, "黄", "yellow"), (1, "蓝", "blue"))
    ),
    *(
        Indicator(Text(f"{zh}色风险区面积", f"{en} area"), KM2, "risk_zones", f"level = {n}", "sum:area_km2")
        for n, zh, en in ((4, "红", "red"), (3, "橙", "orange"), (2, "黄", "yellow"), (1, "蓝", "blue"))
    ),
    *(
        Indicator(Text(f"{zh}占比", f"{en}, share"), PERCENT, "risk_zones", f"level = {n}", "share:area_km2")
        for n, zh, en in ((4, "红色风险区", "red area"), (3, "橙色风险区", "orange area"), (2, "黄色风险区", "yellow area"), (1, "蓝色风险区", "blue area"), (0, "无数据区", "ground without data"))
    ),
    Indicator(Text("红色区人口", "people in red"), PEOPLE, "risk_units", None, "sum:people_red"),
    Indicator(Text("复合灾害点", "compound points"), PLACES, "compound_points", None, "count"),
)  # fmt: skip


def indicators(context: Context) -> pd.DataFrame:
    """Count the indicators whose layer was made: ``name, value, unit, unknown_rows, layer, filter, measure``."""
    rows = []
    for one in INDICATORS:
        if context.has(one.layer):
            held = context.database.read(one.layer, where=one.where)
            every = context.database.read(one.layer) if one.measure.startswith("share:") else held
            told = (
                one.name.pick(context.lang),
                count(held, one, every),
                one.unit.pick(context.lang),
                unknown(held, one),
            )
            rows.append((*told, one.layer, one.where, one.measure))
    columns = ["name", "value", "unit", "unknown_rows", "layer", "filter", "measure"]
    return pd.DataFrame(rows, columns=columns).astype({"unknown_rows": "Int64"})


def whole_people(counted: pd.DataFrame, lang: Lang) -> pd.DataFrame:
    """Round people to whole ones for print; cells that a line cuts hold parts of a person."""
    people = counted["unit"] == PEOPLE.pick(lang)
    return counted.assign(value=counted["value"].mask(people, counted["value"].round()))


def unknown(rows: pd.DataFrame, one: Indicator) -> int | None:
    """Give how many rows of a sum have no figure, so that the sum is a lower bound; None for what is no sum."""
    return int(rows[one.measure.removeprefix("sum:")].isna().sum()) if one.measure.startswith("sum:") else None


def count(rows: pd.DataFrame, one: Indicator, every: pd.DataFrame) -> float:
    """Measure the rows that an indicator's filter kept; the sum of no rows is 0, of rows that are all unknown NaN.

    ``every`` are all rows of the layer, of which a share is taken, per cent.
    """
    if one.measure == "count":
        return float(len(rows))
    how, column = one.measure.split(":")
    if how == "share":
        whole = _sum(every[column])
        return 100 * _sum(rows[column]) / whole if whole else float("nan")
    return _sum(rows[column])


def _sum(values: pd.Series) -> float:
    known = pd.to_numeric(values, errors="coerce").astype("Float64")
    total = known.sum(min_count=min(len(known), 1))
    return float("nan") if pd.isna(total) else float(total)
