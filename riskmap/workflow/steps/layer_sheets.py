"""The sheets of the ledger that copy a layer: areas, grades, disagreeing points, dams, compound points, domino pairs."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from riskmap.output.tables import Column, Sheet
from riskmap.text import Text
from riskmap.workflow.context import Context
from riskmap.workflow.steps.ledger import COLOUR_NAMES, spoken_levels
from riskmap.workflow.steps.ledger_columns import (
    COLOUR,
    HUNDREDTHS,
    ID,
    LEVEL,
    NAME,
    PEOPLE,
    TENTHS,
    TOWN,
    VILLAGE,
    WARDEN,
    WHOLE,
)
from riskmap.workflow.steps.ledger_columns import column as c
from riskmap.workflow.steps.overlays import optional

KM2, LIMIT = "#,##0.000", "0.0E+00"
INDICATIVE = Text(
    "筛查估算，仅供示意，不能代替定量风险评价。",
    "Screening estimates, indicative only, no substitute for a quantitative risk assessment.",
)
TOPICS = ("exposure", "geohazards", "dams", "pipelines", "hazchem", "risk_points", "chains")
"""Topics of facts behind the figures of the ledger."""

CONFIDENCE = {
    "standard": Text("标准原文", "standard"),
    "secondary": Text("二手资料", "secondary"),
    "recalled": Text("凭记忆，待核", "recalled"),
    "house": Text("本工具约定", "house"),
}


class LayerSheet(NamedTuple):
    """A sheet that copies the rows of a layer under a filter (pandas query), and what its note says of them."""

    id: str
    layer: str
    title: Text
    columns: tuple[Column, ...]
    keep: str | None = None
    note: Text = Text("", "")


LAYERS = (
    LayerSheet("plan", "plan_indicators", Text("规划目标对照", "Targets of the plan"), (
        c("name", "指标", "Indicator", 26), c("value", "数据给出", "The data give", 10, HUNDREDTHS), c("relation", "关系", "Relation", 5),
        c("target", "目标", "Target", 10, HUNDREDTHS), c("unit", "单位", "Unit", 7), c("verdict", "结论", "Verdict", 8), c("layer", "图层", "Layer", 14),
        c("filter", "筛选条件", "Filter", 24), c("measure", "统计方式", "Measure", 11), c("per", "除以", "Divided by", 16), c("unknown", "未知行数", "Unknown rows", 6),
        c("source", "目标来源", "Source", 30),
    )),
    LayerSheet("overlay_totals", "overlay_totals", Text("范围内合计（不重复）", "Inside all zones, counted once"), (
        c("kind", "范围", "Zones", 28), TOWN, c("zones", "范围个数", "Number of zones", 7, WHOLE), c("area_km2", "面积 (km²)", "Area (km2)", 9, KM2), c("people", "人数", "People", 9, WHOLE),
        c("people_unknown", "人口未知处数", "Places of unknown people", 8, WHOLE), c("households", "户数", "Households", 8, WHOLE), c("schools", "学校", "Schools", 7, WHOLE),
        c("hospitals", "医院和养老", "Hospitals, care homes", 8, WHOLE), c("key_units", "重点单位", "Key units", 7, WHOLE), c("road_km", "道路 (km)", "Roads (km)", 8, HUNDREDTHS),
        c("km2_red", "红 (km²)", "Red (km2)", 8, KM2), c("km2_orange", "橙 (km²)", "Orange (km2)", 8, KM2), c("km2_yellow", "黄 (km²)", "Yellow (km2)", 8, KM2),
        c("km2_blue", "蓝 (km²)", "Blue (km2)", 8, KM2), c("km2_unknown", "无数据 (km²)", "No data (km2)", 8, KM2),
    )),
    LayerSheet("hca", "pipeline_hca", Text("管道高后果区清单", "High-consequence areas"), (
        c("pipeline_id", "管道编号", "Pipeline", 10), NAME, c("medium", "介质", "Medium", 8), c("from_station", "起点桩号", "From", 10), c("to_station", "终点桩号", "To", 10),
        c("length_m", "长度 (m)", "Length (m)", 9, TENTHS), COLOUR, LEVEL, c("criterion", "识别依据", "Criterion", 36), c("households", "2 km 最大户数", "Households in 2 km", 8, WHOLE),
        c("location_class", "地区等级", "Class", 6), PEOPLE, TOWN, c("usable", "位置可用", "Usable", 6),
    ), "grade > 0", Text("GB 32167-2015 表 1（油）、表 2（气）；潜在影响半径 r = 0.099√(d²p)；人数为管道两侧 200 m 内。", "GB 32167-2015 tables 1 (oil) and 2 (gas); impact radius r = 0.099 sqrt(d2 p); people within 200 m of the line.")),
    LayerSheet("hazchem", "hazchem_grades", Text("重大危险源分级表", "Hazchem grades"), (
        ID, NAME, c("enterprise", "企业", "Enterprise", 20), c("s", "S", "S", 9, "0.000"), c("alpha", "α", "alpha", 5, "0.0"), c("r", "R", "R", 9, "0.00"),
        COLOUR, LEVEL, c("people_500m", "厂界外 500 m 人数", "People within 500 m", 9, WHOLE), c("conservative", "人口未知按最不利", "Conservative", 8),
        c("substances", "物质", "Substances", 30), TOWN,
    ), None, Text("GB 18218-2018：S = Σq/Q，S ≥ 1 构成重大危险源；R = αΣβq/Q，R ≥ 100 一级，≥ 50 二级，≥ 10 三级，其余四级。", "GB 18218-2018: S = sum q/Q, a major hazard from S = 1; R = alpha sum beta q/Q, grade 1 from 100, 2 from 50, 3 from 10, else 4. ")),
    LayerSheet("density", "geohazard_density", Text("乡镇隐患点密度", "Geohazard points by township"), (
        c("code", "代码", "Code", 12), NAME, c("area_km2", "面积 (km²)", "Area (km2)", 10, HUNDREDTHS), c("points", "隐患点", "Points", 8, WHOLE), c("people", "威胁人数", "Threatened people", 9, WHOLE),
        c("people_unknown_points", "人数未知的点", "Points of unknown people", 9, WHOLE), c("density", "每 100 km² 点数", "Points per 100 km2", 10, HUNDREDTHS), c("high", "高密度", "High", 8),
    )),
    LayerSheet("disagreements", "geohazard_exposure", Text("隐患点与网格颜色不一致清单", "Points unlike their cell"), (
        ID, NAME, COLOUR, LEVEL, c("cell_colour", "网格颜色", "Cell colour", 9), c("agreement", "方向", "Direction", 14), PEOPLE, TOWN,
    ), "agreement == 'point_worse' or agreement == 'cell_worse'"),
    LayerSheet("above_people", "geohazard_exposure", Text("人口上方的隐患点", "Points above people"), (
        ID, NAME, COLOUR, LEVEL, PEOPLE, c("zone_people", "影响范围内人数", "People in zone", 10, WHOLE), c("zone_people_below", "其中低于隐患点", "Of them lower", 10, WHOLE),
        TOWN, VILLAGE, c("nearest_road", "最近道路", "Nearest road", 14), c("road_m", "距道路 (m)", "To the road (m)", 8, WHOLE),
        c("shelter", "就近避难场所", "Nearest shelter", 18), c("shelter_m", "距场所 (m)", "To the shelter (m)", 9, WHOLE), WARDEN,
    ), "people > 0 or zone_people_below > 0"),
    LayerSheet("overhead_dams", "overhead_dams", Text("尾矿库（头顶库）清单", "Tailings dams above people"), (
        ID, NAME, c("grade", "等别", "Grade", 8), c("people_below", "登记下游人数", "Registered below", 10, WHOLE), c("within_m", "统计半径 (m)", "Radius (m)", 9, WHOLE),
        c("people_within_1km", "半径内人数", "People within it", 10, WHOLE), c("people_lower_within_1km", "其中低于坝的人数", "Of them lower than the dam", 10, WHOLE),
        c("people_unknown", "人口未知处数", "Places of unknown people", 9), c("overhead", "头顶库", "Above people", 8), TOWN,
    )),
    LayerSheet("compound", "compound_points", Text("灾害链复合点", "Compound points"), (
        c("rank", "排序", "Rank", 6), c("chain", "灾害链", "Chain", 20), c("first_layer", "灾害", "Hazard", 16), c("first_name", "灾害点", "Hazard point", 20),
        c("second_id", "编号", "Id", 14), c("second_name", "承灾体", "Object", 28), c("value", "强度或长度", "Value", 10, "#,##0.00"), c("unit", "单位", "Unit", 8), PEOPLE,
    )),
    LayerSheet("domino", "hazchem_domino", Text("多米诺关系", "Domino pairs"), (
        c("source_id", "危险源", "Source", 10), c("source_name", "危险源名称", "Name of the source", 30), c("other_id", "受影响危险源", "Other", 10), c("other_name", "受影响危险源名称", "Name of the other", 30),
        c("scenario", "情景", "Scenario", 14), c("effect", "影响", "Effect", 12), c("radius_m", "半径 (m)", "Radius (m)", 9, TENTHS), c("metres", "距离 (m)", "Distance (m)", 9, TENTHS),
        c("same_enterprise", "同一企业", "Same enterprise", 8),
    ), None, INDICATIVE),
    LayerSheet("targets", "hazchem_targets", Text("火灾爆炸范围内防护目标（筛查）", "Targets in fire and blast zones"), (
        c("target_id", "编号", "Id", 12), c("target_name", "目标", "Target", 20), c("kind", "类别", "Kind", 11), c("target", "防护目标类别", "Target class", 15),
        c("limit_new", "新建基准 (/年)", "Limit, new (per year)", 9, LIMIT), c("limit_in_service", "在役基准 (/年)", "Limit, in service (per year)", 9, LIMIT), PEOPLE,
        c("source_id", "危险源", "Source", 10), c("source_name", "危险源名称", "Name of the source", 24), c("scenario", "情景", "Scenario", 11), c("effect", "影响", "Effect", 10), c("metres", "距离 (m)", "Distance (m)", 8, WHOLE),
    ), "scenario != 'toxic'", INDICATIVE),
    LayerSheet("zone_routes", "hazchem_routes", Text("穿过火灾爆炸范围的转移路线（筛查）", "Evacuation routes through zones"), (
        c("route_id", "路线", "Route", 34), c("source_id", "危险源", "Source", 12), c("scenario", "情景", "Scenario", 14), c("effect", "影响", "Effect", 12),
        c("metres", "范围内长度 (m)", "Length inside (m)", 10, WHOLE),
    ), "scenario != 'toxic'", INDICATIVE),
    LayerSheet("risk_point_units", "risk_point_units", Text("乡镇安全风险点四色", "Risk points by township"), (
        c("code", "代码", "Code", 12), NAME, COLOUR, LEVEL, c("level_escalated", "按升级规则", "By the escalation rule", 10), c("n_points", "点数", "Points", 8, WHOLE), c("n_red", "红", "Red", 7, WHOLE),
        c("n_orange", "橙", "Orange", 7, WHOLE), c("n_yellow", "黄", "Yellow", 7, WHOLE), c("n_blue", "蓝", "Blue", 7, WHOLE), c("n_unknown", "等级未知", "Unknown", 8, WHOLE),
    )),
)  # fmt: skip

WHOLE_AREA = Text("全区", "whole area")
PROJECT = Text("项目改定", "set by the project")
VALUES = (
    c("topic", "主题", "Topic", 18), c("key", "名称", "Key", 22), c("value", "取值", "Value", 24), c("unit", "单位", "Unit", 10),
    c("clause", "条款", "Clause", 26), c("source", "来源", "Source", 50), c("confidence", "可信度", "Confidence", 12),
)  # fmt: skip


def layer_sheets(context: Context, note: Text) -> list[Sheet]:
    """Give the sheets of the layers that have rows."""
    sheets = []
    for one in LAYERS:
        frame = optional(context, one.layer)
        if frame is None or not len(frame):
            continue
        rows = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
        if one.keep is not None:
            rows = rows.query(one.keep, engine="python")
        if len(rows):
            said = spoken(context, one.layer, rows.reset_index(drop=True))
            sheets.append(
                Sheet(one.id, one.title, tuple(k for k in one.columns if k.key in said.columns), said, note + one.note)
            )
    return sheets


def values_sheet(context: Context, note: Text) -> Sheet:
    """Give the sheet of the values behind the figures: clause, source and confidence of each, and whether the project set it."""
    rows = []
    for use in (use for _, use in sorted(context.facts_known.items()) if use.topic in TOPICS):
        topic = context.catalog.facts(use.topic)
        told = topic.values.get(use.key) or topic.tables.get(use.key)
        value = "、".join(map(str, use.value)) if isinstance(use.value, list | tuple) else str(use.value)
        unit, clause = getattr(told, "unit", None), told.clause if told else None
        sure = PROJECT if use.overridden else CONFIDENCE[use.confidence]
        rows.append((topic.title.pick(context.lang), use.key, value, unit, clause, use.source, sure.pick(context.lang)))
    table = pd.DataFrame(rows, columns=[column.key for column in VALUES])
    said = Text("计算用到的取值；项目文件 facts 可以改定。", "Values used; a project can set them under facts.")
    return Sheet("values", Text("取值依据", "Values and their sources"), VALUES, table, note + said)


def spoken(context: Context, layer: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Give the words of categories, colours and levels in the language of the build; ``colour`` stays the code that is drawn."""
    said = rows.copy()
    if "colour" in said.columns:
        said["colour_name"] = said["colour"].map(COLOUR_NAMES) if context.lang == "zh" else said["colour"]
    if {"level", "level_name"} <= set(said.columns):
        said = spoken_levels(context, said)
    if layer == "overlay_totals":
        said["township"] = said["township"].fillna(WHOLE_AREA.pick(context.lang))
    if context.lang == "en" and "criterion_en" in said.columns:
        said["criterion"] = said["criterion_en"]
    fields = context.catalog.layer(layer).fields
    for name in said.columns.intersection(list(fields)).drop("colour", errors="ignore"):
        if fields[name].domain:
            words = {value: known.title.pick(context.lang) for value, known in fields[name].domain.items()}
            said[name] = said[name].map(lambda value, words=words: words.get(value, value))
    return said
