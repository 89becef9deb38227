"""The routes and figures of an evacuation as a workbook and CSV files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from riskmap.data.units import written
from riskmap.output import tables
from riskmap.output.tables import Column, Sheet
from riskmap.text import Text
from riskmap.workflow.context import Context

C = Column
PLAN = (
    C("scenario", Text("情景", "Scenario"), 10), C("mode", Text("方式", "Mode"), 8), C("origin", Text("转移起点", "Origin"), 20),
    C("people", Text("人数", "People"), 9, "#,##0"), C("shelter", Text("避难场所", "Shelter"), 26),
    C("minutes", Text("分钟", "Minutes"), 8, "0.0"), C("slow_minutes", Text("慢行分钟", "Slow minutes"), 9, "0.0"),
    C("last_minutes", Text("最后到达", "Last arrival"), 9, "0.0"), C("length_m", Text("路程 (m)", "Length (m)"), 10, "#,##0"),
    C("early", Text("只能提前", "Only early"), 9), C("shared_m", Text("与备用共用 (m)", "Shared (m)"), 12, "#,##0"),
    C("backup_shelter", Text("备用场所", "Backup shelter"), 26),
)  # fmt: skip
ROUTES = (
    C("id", Text("路线编号", "Route"), 26), C("origin", Text("转移起点", "Origin"), 18), C("shelter", Text("避难场所", "Shelter"), 24),
    C("kind", Text("类别", "Kind"), 8), C("minutes", Text("分钟", "Minutes"), 8, "0.0"), C("slow_minutes", Text("慢行分钟", "Slow minutes"), 9, "0.0"),
    C("length_m", Text("路程 (m)", "Length (m)"), 10, "#,##0"), C("width_m", Text("最窄 (m)", "Narrowest (m)"), 9, "0.0"),
    C("hazard_m", Text("出危险区 (m)", "To leave zones (m)"), 10, "#,##0"), C("narrow", Text("有窄路", "Narrow road"), 8), C("bridges", Text("桥", "Bridges"), 6), C("early", Text("只能提前", "Only early"), 9),
)  # fmt: skip
LEFT_OUT = (
    C("scenario", Text("情景", "Scenario"), 10), C("name", Text("名称", "Name"), 22), C("township", Text("乡镇", "Township"), 14),
    C("unplaced", Text("没有去处的人", "Without a place"), 12, "#,##0"), C("reason", Text("原因", "Reason"), 14),
    C("nearest_min", Text("到最近场所 (min)", "To the nearest (min)"), 12, "0"), C("single_access", Text("单一进出路", "Single access"), 10),
)  # fmt: skip
FIGURES = (
    C("scenario", Text("情景", "Scenario"), 10), C("mode", Text("方式", "Mode"), 8), C("title_zh", Text("指标", "Figure"), 34),
    C("value", Text("数值", "Value"), 14, "#,##0.0"), C("unit", Text("单位", "Unit"), 12),
)  # fmt: skip


def write(context: Context) -> list[Path]:
    """Write ``tables/evacuation.xlsx`` and every sheet of it as CSV."""
    lang = context.lang
    directions = C(f"roads_{lang}", Text("走法", "Directions"), 70)
    origins = context.rows("evacuation_origins")
    sheets = []
    planned, routes = (
        context.rows(layer) if context.has(layer) else pd.DataFrame()
        for layer in ("evacuation_plan", "evacuation_routes")
    )
    for id, layer, title, columns, frame in (
        ("evacuation_plan", "evacuation_plan", Text("转移安置方案", "Evacuation plan"), PLAN, planned),
        ("evacuation_routes", "evacuation_routes", Text("转移路线表", "Routes"), (*ROUTES, directions), routes),
        ("evacuation_left_out", "evacuation_origins", Text("没有去处的人", "Without a place"), LEFT_OUT, origins[origins["unplaced"] > 0]),
        ("evacuation_figures", "evacuation_summary", Text("指标", "Figures"), FIGURES, context.rows("evacuation_summary")),
    ):  # fmt: skip
        rows = pd.DataFrame(frame.drop(columns="geometry", errors="ignore")).reset_index(drop=True)
        fields = context.catalog.layer(layer).fields
        for column in ("mode", "kind", "reason"):
            if column in rows.columns:
                words = {v: spec.title.pick(lang) for v, spec in fields[column].domain.items()}
                rows[column] = rows[column].map(words)
        if id == "evacuation_figures":
            rows["title_zh"] = rows[f"title_{lang}"]
            rows["unit"] = rows["unit"].map(lambda unit: written(unit).pick(lang))
        if len(rows):
            sheets.append(Sheet(id, title, columns, rows))
    folder = context.folder / "tables"
    files = [tables.write_workbook(sheets, folder / "evacuation.xlsx", lang=lang, colours={})]
    return files + [tables.write_csv(sheet, folder / f"{sheet.id}.csv", lang=lang) for sheet in sheets]
