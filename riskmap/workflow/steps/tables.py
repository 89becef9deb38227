"""The tables step: ``tables/ledger.xlsx`` and every sheet of it as CSV."""

from __future__ import annotations

import pandas as pd

from riskmap.output import tables
from riskmap.output.tables import Column, Sheet
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.indicators import INDICATORS, indicators
from riskmap.workflow.steps.ledger import COLOUR_NAMES, cards, ledger, responsibilities
from riskmap.workflow.steps.overlays import optional
from riskmap.workflow.steps.step import Step

LISTED_FROM = 2
"""The risk list holds what is yellow or worse; the ledger holds all."""

C = Column
NO, KIND, NAME = (
    C("no", Text("序号", "No."), 6),
    C("kind_name", Text("类别", "Kind"), 15),
    C("name", Text("名称", "Name"), 26),
)
ID, TOWN, VILLAGE = (
    C("id", Text("编号", "Id"), 16),
    C("township", Text("乡镇（街道）", "Township"), 12),
    C("village", Text("村（社区）", "Village"), 12),
)
COLOUR, LEVEL = C("colour_name", Text("颜色", "Colour"), 6), C("level_name", Text("等级", "Level"), 14)
PEOPLE = C("people", Text("涉及人数", "People"), 9, "#,##0")
PLACE, UNIT = (
    C("place", Text("位置（经度, 纬度或桩号）", "Place (lon, lat or station)"), 22),
    C("unit", Text("责任单位", "Responsible unit"), 20),
)
WARDEN, PHONE = C("warden", Text("监测人/网格员", "Warden"), 12), C("phone", Text("电话", "Phone"), 13)
BASIS, MEASURES = C("basis", Text("依据", "Basis"), 26), C("measures", Text("管控措施", "Measures"), 40)


def run(context: Context) -> Results:
    """Write the workbook and its CSV files."""
    sheets = _sheets(context)
    folder = context.folder / "tables"
    colours = {word: context.catalog.rgb(word) for word in ("red", "orange", "yellow", "blue")}
    files = [tables.write_workbook(sheets, folder / "ledger.xlsx", lang=context.lang, colours=colours)]
    files += [tables.write_csv(sheet, folder / f"{sheet.id}.csv", lang=context.lang) for sheet in sheets]
    results = Results(files=files, totals={"rows": {sheet.id: len(sheet.rows) for sheet in sheets}})
    results.rows["indicators"] = next(s.rows for s in sheets if s.id == "indicators")
    return results


def _sheets(context: Context) -> list[Sheet]:
    rows = ledger(context)
    wardens = optional(context, "wardens")
    exposed = optional(context, "geohazard_exposure")
    risky = rows[rows["level"].fillna(0) >= LISTED_FROM].reset_index(drop=True)
    inside = _origin(context)
    people = Text(
        "人数：隐患点为登记的威胁人数，高后果区为管道两侧 200 m 内，危险源为厂界外 500 m 内；空白为未知，不是 0。",
        "People: registered for geohazard points, within 200 m of pipelines, within 500 m of plants; blank is unknown, not 0.",
    )
    sheets = [
        Sheet(
            "ledger",
            _t("重大风险隐患台账", "Major-hazard ledger"),
            (NO, KIND, ID, NAME, COLOUR, LEVEL, TOWN, VILLAGE, PLACE, PEOPLE, UNIT, WARDEN, PHONE, BASIS),
            rows,
            inside + people,
        ),
        Sheet(
            "risk_list",
            _t("风险清单", "Risk list"),
            (NO, KIND, NAME, COLOUR, LEVEL, TOWN, PEOPLE, BASIS, MEASURES),
            risky,
            inside
            + _t(
                "黄色及以上；登记没有措施的，为通用建议。",
                "Yellow and worse; measures are general suggestions where the register states none.",
            ),
        ),
        Sheet(
            "responsibility_list",
            _t("责任清单", "Responsibility list"),
            RESPONSIBLE,
            responsibilities(rows, wardens),
            inside + _t("按乡镇（街道）、村（社区）汇总。", "By township and village."),
        ),
        Sheet(
            "warden_cards",
            _t("网格员工作卡", "Grid-warden cards"),
            CARD,
            cards(risky if len(risky) > 0 else rows, wardens, exposed),
            inside + _t("每人一页。", "A page each."),
            page_by="card",
        ),
        Sheet(
            "indicators",
            _t("规划指标", "Indicators"),
            INDICATOR,
            indicators(context),
            inside
            + _t(
                "每个数字注明图层和筛选条件，可在 riskmap.gpkg 中复核。",
                "Each figure names its layer and filter and can be counted again in riskmap.gpkg.",
            ),
        ),
    ]
    return sheets + _own_sheets(context, inside)


def _origin(context: Context) -> Text:
    """Say that the sheets are internal, and that the data are made up where they say so of themselves."""
    if not any(context.is_synthetic(layer) for layer in context.project.inputs):
        return Text("内部资料。", "Internal. ")
    return Text(
        "内部资料。合成示例数据，不得用于实际工作。", "Internal. Synthetic example data, not for operational use. "
    )


def _own_sheets(context: Context, note: Text) -> list[Sheet]:
    """Give the sheets that copy a layer: areas, grades, disagreeing points, dams, compound points, domino pairs."""
    sheets = []
    for id, layer, title, columns, keep in OWN:
        frame = optional(context, layer)
        if frame is None or not len(frame):
            continue
        frame = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
        if keep is not None:
            frame = frame.query(keep, engine="python")
        if "colour" in frame.columns:
            frame = frame.assign(
                colour_name=frame["colour"].map(COLOUR_NAMES) if context.lang == "zh" else frame["colour"]
            )
        kept = tuple(c for c in columns if c.key in frame.columns)
        if len(frame):
            sheets.append(Sheet(id, title, kept, frame.reset_index(drop=True), note))
    return sheets


def _t(zh: str, en: str) -> Text:
    return Text(zh, en)


def _c(key: str, zh: str, en: str, width: float = 12.0, form: str = "General") -> Column:
    return Column(key, Text(zh, en), width, form)


RESPONSIBLE = (
    TOWN, VILLAGE, _c("points", "点数", "Points", 7), _c("n_red", "红", "Red", 6), _c("n_orange", "橙", "Orange", 6),
    _c("n_yellow", "黄", "Yellow", 6), _c("n_blue", "蓝", "Blue", 6), PEOPLE, _c("wardens", "责任人（网格员）及电话", "Wardens", 34), _c("listed", "所辖风险", "Risks", 60),
)  # fmt: skip
CARD = (
    TOWN, WARDEN, PHONE, NAME, KIND, COLOUR, PEOPLE, PLACE, _c("shelter", "就近避难场所", "Nearest shelter", 18), MEASURES,
)  # fmt: skip
INDICATOR = (
    _c("name", "指标", "Indicator", 34), _c("value", "数值", "Value", 12, "#,##0.##"), _c("unit", "单位", "Unit", 8),
    _c("layer", "图层", "Layer", 22), _c("filter", "筛选条件", "Filter", 36), _c("measure", "统计方式", "Measure", 16),
)  # fmt: skip
M = "#,##0.0"
OWN: tuple[tuple[str, str, Text, tuple[Column, ...], str | None], ...] = (
    ("plan", "plan_indicators", _t("规划目标对照", "Targets of the plan"), (
        _c("name", "指标", "Indicator", 34), _c("value", "数据给出", "The data give", 12, "#,##0.##"), _c("relation", "关系", "Relation", 6), _c("target", "目标", "Target", 12, "#,##0.##"),
        _c("unit", "单位", "Unit", 10), _c("verdict", "结论", "Verdict", 10), _c("layer", "图层", "Layer", 20), _c("filter", "筛选条件", "Filter", 36), _c("measure", "统计方式", "Measure", 18),
        _c("per", "除以", "Divided by", 24), _c("unknown", "未知行数", "Unknown rows", 8), _c("source", "目标来源", "Source", 50),
    ), None),
    ("hca", "pipeline_hca", _t("管道高后果区清单", "High-consequence areas"), (
        _c("pipeline_id", "管道编号", "Pipeline", 12), NAME, _c("from_station", "起点桩号", "From", 12), _c("to_station", "终点桩号", "To", 12),
        _c("length_m", "长度 (m)", "Length (m)", 10, M), COLOUR, LEVEL, _c("criterion", "识别依据", "Criterion", 40), _c("households", "2 km 最大户数", "Households in 2 km", 10),
        _c("location_class", "地区等级", "Class", 7), PEOPLE, TOWN, _c("usable", "位置可用", "Usable", 8),
    ), "grade > 0"),
    ("hazchem", "hazchem_grades", _t("重大危险源分级表", "Hazchem grades"), (
        ID, NAME, _c("enterprise", "企业", "Enterprise", 26), _c("s", "S", "S", 9, "0.000"), _c("alpha", "α", "alpha", 6, "0.0"), _c("r", "R", "R", 9, "0.00"),
        COLOUR, LEVEL, _c("people_500m", "厂界外 500 m 人数", "People within 500 m", 10, "#,##0"), _c("conservative", "人口未知按最不利", "Conservative", 9), _c("substances", "物质", "Substances", 34), TOWN,
    ), None),
    ("disagreements", "geohazard_exposure", _t("隐患点与网格颜色不一致清单", "Points that disagree with their cell"), (
        ID, NAME, COLOUR, LEVEL, _c("cell_colour", "网格颜色", "Cell colour", 9), _c("agreement", "方向", "Direction", 14), PEOPLE, TOWN,
    ), "agreement == 'point_worse' or agreement == 'cell_worse'"),
    ("above_people", "geohazard_exposure", _t("人口上方的隐患点", "Points above people"), (
        ID, NAME, COLOUR, LEVEL, PEOPLE, _c("zone_people", "影响范围内人数", "People in zone", 10, "#,##0"), _c("zone_people_below", "其中低于隐患点", "Of them lower", 10, "#,##0"), TOWN, VILLAGE,
        _c("shelter", "就近避难场所", "Nearest shelter", 20), _c("shelter_m", "距离 (m)", "Metres", 9, "#,##0"), WARDEN,
    ), "people > 0 or zone_people_below > 0"),
    ("overhead_dams", "overhead_dams", _t("尾矿库（头顶库）清单", "Tailings dams above people"), (
        ID, NAME, _c("grade", "等别", "Grade", 8), _c("people_below", "登记下游人数", "Registered below", 10, "#,##0"), _c("within_m", "统计半径 (m)", "Radius (m)", 9, "#,##0"), _c("people_within_1km", "半径内人数", "People within it", 10, "#,##0"),
        _c("people_lower_within_1km", "其中低于坝的人数", "Of them lower than the dam", 10, "#,##0"), _c("people_unknown", "人口未知处数", "Places of unknown people", 9), _c("overhead", "头顶库", "Above people", 8), TOWN,
    ), None),
    ("compound", "compound_points", _t("灾害链复合点", "Compound points"), (
        _c("rank", "排序", "Rank", 6), _c("chain", "灾害链", "Chain", 20), _c("first_layer", "灾害", "Hazard", 18), _c("first_name", "灾害点", "Hazard point", 20),
        _c("second_id", "编号", "Id", 14), _c("second_name", "承灾体", "Object", 28), _c("value", "强度或长度", "Value", 10, "#,##0.00"), _c("unit", "单位", "Unit", 8), PEOPLE,
    ), None),
    ("domino", "hazchem_domino", _t("多米诺关系", "Domino pairs"), (
        _c("source_id", "危险源", "Source", 12), _c("other_id", "受影响危险源", "Other", 12), _c("scenario", "情景", "Scenario", 16), _c("effect", "影响", "Effect", 12),
        _c("radius_m", "半径 (m)", "Radius", 10, M), _c("metres", "距离 (m)", "Metres", 10, M), _c("same_enterprise", "同一企业", "Same enterprise", 9),
    ), None),
    ("targets", "hazchem_targets", _t("火灾爆炸范围内防护目标（筛查）", "Targets in fire and blast zones"), (
        _c("target_id", "编号", "Id", 14), _c("target_name", "目标", "Target", 26), _c("kind", "类别", "Kind", 14), _c("target", "防护目标类别", "Target class", 16), _c("limit_new", "新建基准 (/年)", "Limit, new", 11, "0.0E+00"),
        _c("limit_in_service", "在役基准 (/年)", "Limit, in service", 11, "0.0E+00"), PEOPLE, _c("source_id", "危险源", "Source", 12), _c("scenario", "情景", "Scenario", 14), _c("effect", "影响", "Effect", 12), _c("metres", "距离 (m)", "Metres", 9, "#,##0"),
    ), "scenario != 'toxic'"),
)  # fmt: skip

STEP = Step(
    "tables",
    Text("台账和清单", "tables"),
    needs=("boundary",),
    takes=tuple(dict.fromkeys((*(one.layer for one in INDICATORS), *(own[1] for own in OWN), "wardens"))),
    gives=("indicators", "tables/ledger.xlsx"),
    options=("name", "output", "facts"),
    run=run,
    speaks=True,
)
