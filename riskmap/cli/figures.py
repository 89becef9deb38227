"""What the single steps of the network say on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli.terminal import language, say, table
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

    from riskmap.workflow.build import Built


AREAS = {"built_up": Text("建成区内", "in the built-up area"), "boundary": Text("全域", "in the whole area")}
"""Whose people a choice of sites counts, as readers see it."""


def _rows(built: Built, layer: str) -> pd.DataFrame | None:
    from riskmap.data.database import Database

    database = Database(built.out / "riskmap.gpkg")
    return database.read(layer) if layer in database.layers() else None


def _network(built: Built, totals: dict[str, Any]) -> None:
    say(
        f"\n路网：{totals['roads']:,} 行道路成为 {totals['streets']:,} 个路段、{totals['junctions']:,} 个路口，"
        f"{totals['km']:,.1f} km；互不连通的部分 {totals['components']} 个，最大的占里程 {totals['largest_km_share']:.2%}",
        f"\nnetwork: {totals['roads']:,} roads became {totals['streets']:,} streets between {totals['junctions']:,} "
        f"junctions, {totals['km']:,.1f} km, in {totals['components']} parts; the largest holds "
        f"{totals['largest_km_share']:.2%} of the length",
    )


def _coverage(built: Built, totals: dict[str, Any]) -> None:
    rows = _rows(built, "fire_summary")
    if rows is None:
        return
    lang, depth = language(), totals["depth_m"]
    shown = rows[rows["depth_m"].isna() | (rows["depth_m"] == depth)]
    loose = shown[shown["reading"] == "loose"].set_index("measure")["share"]
    strict = shown[shown["reading"] == "strict"]
    first = strict.iloc[0]
    own = first["speed_source"] == "project"
    say(
        f"\n消防覆盖：时限 {first['limit_s']:g} s，含出动（默认 {first['turnout_s']:g} s）；"
        f"{totals['stations']} 个站，未接入 {totals['stations_left_out']} 个；街侧深度 {depth:g} m；"
        f"车速{'由项目给定' if own else '为按等级的规划值，不是实测'}",
        f"\nfire cover: limit {first['limit_s']:g} s with turnout ({first['turnout_s']:g} s by default); "
        f"{totals['stations']} stations, {totals['stations_left_out']} not routed; street-side depth {depth:g} m; "
        f"speeds {'of the project' if own else 'by road class, planned and not measured'}",
    )
    heads = (
        ["统计对象", "覆盖", "总量", "单位", "占比", "不扣出动"]
        if lang == "zh"
        else ["measure", "covered", "total", "unit", "share", "all driven"]
    )
    click.echo(table(heads, [_measure(row, loose, lang) for _, row in strict.iterrows()], "lrrlrr"))
    _depths(rows[(rows["reading"] == "strict") & (rows["measure"] == "built_up")])


def _measure(row: pd.Series, loose: pd.Series, lang: str) -> list[str]:
    from riskmap.data.units import written

    digits = 1 if row["unit"] in ("km", "km2") else 0
    return [
        row[f"title_{lang}"],
        f"{row['covered']:,.{digits}f}",
        f"{row['total']:,.{digits}f}",
        written(row["unit"]).zh if lang == "zh" else row["unit"],
        f"{row['share']:.1%}",
        f"{loose[row['measure']]:.1%}" if row["measure"] in loose.index else "-",
    ]


def _depths(rows: pd.DataFrame) -> None:
    """Print how the share of the built-up area depends on the walk beside the road."""
    if not len(rows):
        return
    each = rows.sort_values("depth_m")
    shares = "，".join(f"{d:g} m {s:.1%}" for d, s in zip(each["depth_m"], each["share"], strict=True))
    say(
        f"建成区覆盖率随街侧深度：{shares}",
        f"built-up share by street-side depth: {shares.replace('，', ', ')}",
    )


def _siting(built: Built, totals: dict[str, Any]) -> None:
    rows = _rows(built, "siting_curve")
    if rows is None:
        return
    say(
        f"\n选址：候选 {totals['candidates']:,} 个；占比以{AREAS[totals['within']].zh} {totals['demand']:,.0f} 人计，"
        f"另有 {totals['demand_not_routed']:,.0f} 人附近没有道路，不计",
        f"\nsiting: {totals['candidates']:,} candidates; share of {totals['demand']:,.0f} people "
        f"{AREAS[totals['within']].en}; {totals['demand_not_routed']:,.0f} more have no road and are not counted",
    )
    heads = (
        ["增设站数", "覆盖人口", "新增", "占比", "已证明差距"]
        if language() == "zh"
        else ["new stations", "people covered", "gain", "share", "proven gap"]
    )
    lines = [
        [f"{r['added']}", f"{r['covered']:,.0f}", f"{r['gain']:,.0f}", f"{r['share']:.1%}", f"{r['gap']:.2%}"]
        for _, r in rows.iterrows()
    ]
    click.echo(table(heads, lines, "rrrrr"))
    n, minutes = totals["new"], totals["value"] / 60.0
    if totals["problem"] == "p_center":
        say(
            f"增设 {n} 站后，最远的人等车 {minutes:.1f} 分钟（从接警算起）",
            f"with {n} new stations whoever lives farthest waits {minutes:.1f} min from dispatch",
        )
    elif totals["problem"] == "p_median":
        mean = minutes / totals["demand"]
        say(
            f"增设 {n} 站后，人均等车 {mean:.1f} 分钟（从接警算起）",
            f"with {n} new stations the mean wait of all people is {mean:.1f} min from dispatch",
        )


def _reach(built: Built, totals: dict[str, Any]) -> None:
    rows = _rows(built, "reach_summary")
    if rows is None:
        return
    import pandas as pd

    lang = language()
    heads = (
        ["问题", "时限 min", "对象", "时限内", "未接入", "到不了", "最长 min"]
        if lang == "zh"
        else ["question", "limit min", "targets", "in time", "not routed", "out of reach", "longest min"]
    )
    lines = [
        [
            r[f"title_{lang}"],
            f"{r['limit_min']:g}",
            f"{r['targets']:,}",
            f"{r['within']:,}",
            f"{r['not_routed']:,}",
            f"{r['unreachable']:,}",
            "-" if pd.isna(r["worst_min"]) else f"{r['worst_min']:.1f}",
        ]
        for _, r in rows.iterrows()
    ]
    click.echo("\n" + table(heads, lines, "lrrrrrr"))


def _evacuation(built: Built, totals: dict[str, Any]) -> None:
    rows = _rows(built, "evacuation_summary")
    if rows is None:
        return
    for _, every in rows[rows["mode"] == "all"].groupby("scenario", sort=False):
        told = every.set_index("measure")["value"].to_dict()
        title = every.iloc[0][f"scenario_{language()}"]
        say(
            f"\n{title}：受威胁 {told['people']:,.0f} 人，{told['origins']:,.0f} 个起点合计 {told['placed'] + told['unplaced']:,.0f}："
            f"有去处 {told['placed']:,.0f}，没有 {told['unplaced']:,.0f}；须在灾害前离开 {told['early']:,.0f}；"
            f"各去最近场所会有 {told['nearest_turned_away']:,.0f} 人挤不下",
            f"\n{title}: {told['people']:,.0f} people threatened, {told['origins']:,.0f} origins sum to "
            f"{told['placed'] + told['unplaced']:,.0f}: {told['placed']:,.0f} with a place, {told['unplaced']:,.0f} without; "
            f"{told['early']:,.0f} must leave before it strikes; {told['nearest_turned_away']:,.0f} would be turned away "
            "if all went to the nearest shelter",
        )
        if "egress_min" in told:
            say(
                f"路上：没有方案快于 {told['bound_min']:,.0f} 分钟，本方案 {told['egress_min']:,.0f} 分钟；"
                f"加预警 {told['warning_min']:g}、准备 {told['preparation_min']:g}，从发出预警到全部到达 {told['total_min']:,.0f} 分钟",
                f"on the way: no plan is faster than {told['bound_min']:,.0f} min, this one takes {told['egress_min']:,.0f}; "
                f"with {told['warning_min']:g} of warning and {told['preparation_min']:g} to get ready, all are there "
                f"{told['total_min']:,.0f} min after the alarm",
            )


SHOWN: dict[str, Callable[[Built, dict[str, Any]], None]] = {
    "network": _network,
    "coverage": _coverage,
    "siting": _siting,
    "evacuate": _evacuation,
    "reach": _reach,
}


def show(built: Built, names: tuple[str, ...]) -> None:
    """Print the figures of the steps named, where they were done."""
    for name in names:
        totals = built.run["totals"].get(name)
        if name in SHOWN and totals:
            SHOWN[name](built, totals)
