"""The tables step: ``tables/ledger.xlsx`` and every sheet of it as CSV."""

from __future__ import annotations

import pandas as pd

from riskmap.output import tables
from riskmap.output.tables import Sheet
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.indicators import INDICATORS, indicators, whole_people
from riskmap.workflow.steps.layer_sheets import LAYERS, layer_sheets, values_sheet
from riskmap.workflow.steps.ledger import cards, ledger, responsibilities
from riskmap.workflow.steps.ledger_columns import CARD, INDICATOR, LEDGER, RESPONSIBLE, RISKS
from riskmap.workflow.steps.overlays import optional
from riskmap.workflow.steps.step import Step

LEDGERS = ("geohazard_exposure", "pipeline_hca", "pipelines", "hazchem_grades", "risk_point_levels", "overhead_dams")
"""Layers whose rows make the ledger."""

PEOPLE_NOTE = Text(
    "人数：隐患点为登记的威胁人数，高后果区为管道两侧 200 m 内，危险源为厂界外 500 m 内；空白为未知，不是 0。未登记责任单位的，写所在乡镇。同一人可在几处范围内，各行不能相加，不重复的合计见“范围内合计”。",
    "People: registered for geohazard points, within 200 m of pipelines, within 500 m of plants; blank is unknown, not 0. Where no unit is registered its township stands. One person may be in several zones: rows do not add up, see the totals that count once.",
)
RISK_NOTE = Text(
    "黄色及以上；登记没有措施的，为通用建议。",
    "Yellow and worse; measures are general suggestions where the register states none.",
)
RESPONSIBLE_NOTE = Text(
    "按乡镇（街道）、村（社区）汇总。人数为各点相加，同一人可能计入几次；不重复的人数见“范围内合计”。",
    "By township and village. People are added point by point, one person perhaps several times; see the totals that count once.",
)
INDICATOR_NOTE = Text(
    "每个数字注明图层和筛选条件，可在 riskmap.gpkg 中复核（count 行数，sum 求和，share 占图层全部的百分比）；有数值未知的行时，合计只是下限。",
    "Each figure names its layer and filter and can be counted again in riskmap.gpkg (count rows, sum, share in per cent of the whole layer); with rows of unknown value a sum is a lower bound.",
)


def run(context: Context) -> Results:
    """Write the workbook and its CSV files."""
    counted = indicators(context)
    sheets = _sheets(context, counted)
    folder = context.folder / "tables"
    colours = {word: context.catalog.rgb(word) for word in ("red", "orange", "yellow", "blue")}
    files = [tables.write_workbook(sheets, folder / "ledger.xlsx", lang=context.lang, colours=colours)]
    files += [tables.write_csv(sheet, folder / f"{sheet.id}.csv", lang=context.lang) for sheet in sheets]
    results = Results(files=files, totals={"rows": {sheet.id: len(sheet.rows) for sheet in sheets}})
    results.rows["indicators"] = counted
    return results


def _sheets(context: Context, counted: pd.DataFrame) -> list[Sheet]:
    rows, lang = ledger(context), context.lang
    wardens = optional(context, "wardens")
    from_level = int(context.fact("ledger", "listed_from"))
    risky = rows[rows["level"].fillna(0) >= from_level].reset_index(drop=True)
    inside = _origin(context)
    sheets = [
        Sheet(
            "ledger",
            Text("重大风险隐患台账", "Major-hazard ledger"),
            LEDGER,
            rows,
            inside + _counted(rows) + PEOPLE_NOTE,
        ),
        Sheet("risk_list", Text("风险清单", "Risk list"), RISKS, risky, inside + _counted(risky) + RISK_NOTE),
        Sheet(
            "responsibility_list",
            Text("责任清单", "Responsibility list"),
            RESPONSIBLE,
            responsibilities(rows, wardens, lang),
            inside + RESPONSIBLE_NOTE,
            total=("points", "n_red", "n_orange", "n_yellow", "n_blue", "people", "people_unknown"),
        ),
        Sheet(
            "warden_cards",
            Text("网格员工作卡", "Grid-warden cards"),
            CARD,
            cards(rows, wardens, optional(context, "geohazard_exposure"), from_level),
            inside + Text("每张卡一页。", "A page for each card."),
            page_by="card",
        ),
        Sheet(
            "indicators",
            Text("规划指标", "Indicators"),
            INDICATOR,
            whole_people(counted, lang),
            inside + INDICATOR_NOTE,
        ),
    ]
    return [*sheets, *layer_sheets(context, inside), values_sheet(context, inside)]


def _counted(rows: pd.DataFrame) -> Text:
    """Say how many points a list has, by colour."""
    n = {colour: int((rows["colour"] == colour).sum()) for colour in ("red", "orange", "yellow", "blue")}
    rest = len(rows) - sum(n.values())
    return Text(
        f"共 {len(rows)} 处：红 {n['red']}、橙 {n['orange']}、黄 {n['yellow']}、蓝 {n['blue']}"
        + (f"、未评估或不构成 {rest}。" if rest else "。"),
        f"{len(rows)} in all: {n['red']} red, {n['orange']} orange, {n['yellow']} yellow, {n['blue']} blue"
        + (f", {rest} not assessed or none. " if rest else ". "),
    )


def _origin(context: Context) -> Text:
    """Say that the sheets are internal, and that the data are made up where they say so of themselves."""
    if not any(context.is_synthetic(layer) for layer in context.project.inputs):
        return Text("内部资料。", "Internal. ")
    return Text(
        "内部资料。合成示例数据，不得用于实际工作。", "Internal. Synthetic example data, not for operational use. "
    )


STEP = Step(
    "tables",
    Text("台账和清单", "tables"),
    needs=("boundary",),
    takes=tuple(
        dict.fromkeys((*(one.layer for one in INDICATORS), *(one.layer for one in LAYERS), *LEDGERS, "wardens"))
    ),
    gives=("indicators", "tables/ledger.xlsx"),
    options=("name", "output", "facts"),
    run=run,
    speaks=True,
)
