"""Fill the tables "what the plan asks, what the data give" in the READMEs of the example places from finished builds.

Run: python examples/plan_tables.py NAME OUT_DIR. A test compares the READMEs with a fresh build.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.data.spec import build
from riskmap.workflow.plan_options import TargetSpec
from riskmap.workflow.project import load

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- plan: written by plan_tables.py -->", "<!-- plan: end -->"
HEAD = {
    "zh": "| 规划目标 | 目标 | 数据给出 | 达到 | 由什么数出 |\n| --- | --- | --- | --- | --- |",
    "en": "| the plan's target | target | the data give | met | counted from |\n| --- | --- | --- | --- | --- |",
}
VERDICT = {"zh": {1: "是", 0: "**否**", None: "无法判断"}, "en": {1: "yes", 0: "**no**", None: "can't be told"}}
UNASKED = "–"


def table(project_file: Path, rows: pd.DataFrame, lang: str) -> str:
    """Return the table in Markdown, in one language, from the rows of ``plan_indicators``."""
    own = load(project_file, house()).project.plan
    common = [build(TargetSpec, row, "plan.yaml") for row in house().facts("plan").tables["targets"].rows]
    spec = {t.id: t for t in (*common, *own)}
    lines = [HEAD[lang]]
    for row in rows.itertuples(index=False):
        target = spec[row.id]
        unasked = pd.isna(row.relation)
        met = UNASKED if unasked else VERDICT[lang][None if pd.isna(row.met) else int(row.met)]
        value = "" if pd.isna(row.value) else f"{row.value:,.2f}".rstrip("0").rstrip(".")
        unit = target.unit.pick(lang)
        value = f"{value} {unit}" if unasked and value else value  # no target beside it that says the unit
        asked = UNASKED if unasked else f"{row.relation} {row.target:,g} {unit}"
        counted = f"`{row.layer}`" + ("" if pd.isna(row.filter) else f" `{row.filter}`") + f" `{row.measure}`"
        lines.append(f"| {target.name.pick(lang)} | {asked} | {value} | {met} | {counted} |")
    return "\n".join(lines)


def filled(text: str, made: str) -> str:
    """Return a README with its table replaced."""
    return re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n{made}\n{END}", text, flags=re.DOTALL)


def update(name: str, out: Path) -> None:
    """Fill both READMEs of a place."""
    rows = Database(out / "riskmap.gpkg").read("plan_indicators")
    for lang, file in (("zh", "README.zh.md"), ("en", "README.md")):
        readme = HERE / name / file
        made = filled(readme.read_text(encoding="utf-8"), table(HERE / name / "riskmap.yaml", rows, lang))
        readme.write_text(made, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    update(sys.argv[1], Path(sys.argv[2]))
