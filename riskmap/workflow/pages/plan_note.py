"""What a map's note says of the plan's targets."""

from __future__ import annotations

from riskmap.text import Text, join, plain
from riskmap.workflow.context import Context

LAYER = "plan_indicators"


def plan_note(context: Context) -> tuple[Text, ...]:
    """Say how many targets are met, and which are not; nothing when the build counted none."""
    if not context.has(LAYER):
        return ()
    table = context.rows(LAYER)
    table = table[table["relation"].notna()]  # figures without a target are met by none
    if not len(table):
        return ()
    met, short, untold = (int((table["met"] == 1).sum()), table[table["met"] == 0], int(table["met"].isna().sum()))
    line = Text(
        f"规划目标 {len(table)} 项：达到 {met}，未达到 {len(short)}，无法判断 {untold}。",
        f"{len(table)} targets of the plan: {met} met, {len(short)} not met, {untold} can't be told.",
    )
    if not len(short):
        return (line,)
    said = [f"{r.name} {r.value:,.4g} {r.unit}（{r.relation}{r.target:,.4g}）" for r in short.itertuples(index=False)]
    return (line + Text("未达到：", " Not met: ") + join([plain(one) for one in said]) + Text("。", "."),)
