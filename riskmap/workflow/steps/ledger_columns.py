"""The columns of the ledger's sheets: headings, widths and number formats. A sheet of 170 characters prints at 7.5 pt on A4."""

from __future__ import annotations

from riskmap.output.tables import Column
from riskmap.text import Text

WHOLE, TENTHS, HUNDREDTHS = "#,##0", "#,##0.0", "#,##0.##"


def column(key: str, zh: str, en: str, width: float = 12.0, form: str = "General") -> Column:
    """Give a column with its heading in both languages."""
    return Column(key, Text(zh, en), width, form)


NO, KIND, NAME = (
    column("no", "序号", "No.", 5),
    column("kind_name", "类别", "Kind", 11),
    column("name", "名称", "Name", 20),
)
ID, TOWN, VILLAGE = (
    column("id", "编号", "Id", 14),
    column("township", "乡镇（街道）", "Township", 10),
    column("village", "村（社区）", "Village", 10),
)
COLOUR, LEVEL = column("colour_name", "颜色", "Colour", 6), column("level_name", "等级", "Level", 11)
PEOPLE = column("people", "涉及人数", "People", 9, WHOLE)
PLACE = column("place", "位置（经度, 纬度或桩号）", "Place (lon, lat or station)", 13)
UNIT = column("unit", "责任单位", "Responsible unit", 16)
WARDEN, PHONE = column("warden", "监测人/网格员", "Warden", 11), column("phone", "电话", "Phone", 12)
BASIS, MEASURES = column("basis", "依据", "Basis", 22), column("measures", "管控措施", "Measures", 40)

LEDGER = (NO, KIND, ID, NAME, COLOUR, LEVEL, TOWN, VILLAGE, PLACE, PEOPLE, UNIT, WARDEN, PHONE, BASIS)
RISKS = (NO, KIND, NAME, COLOUR, LEVEL, TOWN, PEOPLE, UNIT, BASIS, MEASURES)
RESPONSIBLE = (
    TOWN, VILLAGE, column("points", "点数", "Points", 7), column("n_red", "红", "Red", 6), column("n_orange", "橙", "Orange", 7),
    column("n_yellow", "黄", "Yellow", 7), column("n_blue", "蓝", "Blue", 6),
    column("people", "各点人数相加（可能重复）", "People, added point by point", 12, WHOLE),
    column("people_unknown", "人数未知的点", "Points of unknown people", 9),
    column("wardens", "责任人（网格员）及电话", "Wardens", 28), column("listed", "所辖风险", "Risks", 56),
)  # fmt: skip
CARD = (
    TOWN, WARDEN, PHONE, NAME, KIND, COLOUR, PEOPLE, PLACE, column("shelter", "就近避难场所", "Nearest shelter", 18), MEASURES,
)  # fmt: skip
INDICATOR = (
    column("name", "指标", "Indicator", 36), column("value", "数值", "Value", 12, HUNDREDTHS), column("unit", "单位", "Unit", 7),
    column("unknown_rows", "数值未知的行数", "Rows of unknown value", 9), column("layer", "图层", "Layer", 20),
    column("filter", "筛选条件", "Filter", 38), column("measure", "统计方式", "Measure", 17),
)  # fmt: skip
