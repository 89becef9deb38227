"""The hazchem step: grades after GB 18218, screening zones, protected targets, sources that may set off each other."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.data.findings import Finding
from riskmap.errors import RiskmapError
from riskmap.levels import LEVELS
from riskmap.overlay import exposure, hazchem, substances, zones
from riskmap.overlay.hazchem import Graded
from riskmap.text import Text
from riskmap.workflow.context import Context, FactUse, Results
from riskmap.workflow.steps.overlays import AROUND, about, facts_of, optional, people, township_at
from riskmap.workflow.steps.step import Step

LAYER = "hazchem_grades"
TARGETS = ("facilities", "shelters", "villages")
NAMES = {0: "不构成重大危险源", 1: "一级重大危险源", 2: "二级重大危险源", 3: "三级重大危险源", 4: "四级重大危险源"}
NOT_ASSESSED = "未评估"
SHARE_DIGITS = 1e-3
"""A ring drawn with corners misses so much of itself."""


def run(context: Context) -> Results:
    """Give ``hazchem_grades``, ``hazchem_items``, ``hazchem_zones``, ``hazchem_targets`` and ``hazchem_domino``."""
    results = Results()
    known = facts_of(context, "hazchem")
    sources = context.rows("hazchem_sources").sort_values("id", kind="stable").reset_index(drop=True)
    where = people(context, LAYER, results.findings)
    around = _residents(context, sources, where, known, results.findings)
    graded, items = _graded(context, sources, around, known, results.findings)
    table = _grades(context, sources, around, graded)
    results.findings += _sensitivity(context, sources, where, graded, known)
    results.rows[LAYER] = table
    results.rows["hazchem_items"] = items
    drawn = zones.consequence_zones(
        sources, items, effects=context.catalog.fact_rows(known["effects"]), constants=known
    )
    if len(drawn) and where is not None:
        drawn[fields.PEOPLE] = exposure.people_in(drawn, where)[fields.PEOPLE]
    results.rows["hazchem_zones"] = drawn
    results.findings += _not_drawn(sources, drawn)
    rows = context.fact_table("hazchem", "targets")
    results.rows["hazchem_targets"] = zones.targets(drawn, sources, _objects(context, sources.crs), table=rows)
    results.rows["hazchem_domino"] = zones.domino(drawn, sources, constants=known)
    results.totals |= _totals(table, items, results)
    return results


def _residents(
    context: Context, sources: Any, where: Any, known: dict[str, Any], findings: list[Finding]
) -> pd.DataFrame:
    """Count residents within 500 m of each plant; say what stands for the boundary of point sources."""
    default = context.project.hazchem.plant_radius_m
    plant = zones.plant_radius_m(sources, default)
    points = sources.geom_type.isin(["Point", "MultiPoint"])
    stated = sources["plant_radius_m"].notna() if "plant_radius_m" in sources.columns else points & False
    if points.any():
        message = Text(
            "{n} 个危险源只有点位：厂界按点外 plant_radius_m 计（{k} 个给出，其余取 {d:g} m），再向外 {w:g} m 统计常住人口",
            "{n} sources are points: the plant boundary is plant_radius_m from the point ({k} state it, {d:g} m for the rest), and residents are counted {w:g} m beyond",
        ).format(n=int(points.sum()), k=int((points & stated).sum()), d=default, w=known["residents_within_m"])
        remedy = Text("补厂区面或 plant_radius_m", "give plant polygons or plant_radius_m")
        findings.append(Finding("hazchem_sources", "warning", "PLANT_POINT", message, remedy, rows=int(points.sum())))
    counted = zones.residents(sources, where, within_m=known["residents_within_m"], plant_m=plant)
    share = pd.Series(np.nan, index=sources.index)
    if where is not None:
        share = zones.known_share(sources, where, context.boundary, within_m=known["residents_within_m"], plant_m=plant)
    # an unknown dwelling beside a plant may hold the hundredth resident
    vague = (counted["unknown"] > 0) | (share < 1 - SHARE_DIGITS)
    blind = share < 1 - known["ring_unknown_share"] - SHARE_DIGITS
    whole = np.ceil(counted[fields.PEOPLE].round(6))
    # "nobody" must be known of the whole ring: alpha 0.5 of ground without data would be the mildest
    nobody = vague & (whole == 0) & ~blind
    findings += _ring_findings(sources["id"], vague & ~blind & ~nobody, nobody, blind)
    return counted.assign(people=whole.mask(nobody | blind), known_share=share)


def _ring_findings(ids: pd.Series, part: pd.Series, nobody: pd.Series, blind: pd.Series) -> list[Finding]:
    """Say around which plants people are known of a part of the ring only, nobody is in that part, or hardly any is known."""
    remedy = Text(
        "补县界外或空白处的人口（邻县数据），或核实周边常住人口",
        "add people beyond the county line or on the blank ground, or find out who lives there",
    )
    some = Text(
        "厂界外 500 m 环内有人口未知的地方（县界外或空白），人数只是下限，α 只按已知部分取",
        "part of the ring around the plant has no people data (beyond the county line or blank): the count is a lower bound and alpha is of the known part",
    )
    none = Text(
        "厂界外 500 m 环内已知部分无人，但有人口未知的地方（县界外或空白），不能当作无人：人数按未知，α 取 2.0",
        "nobody lives in the known part of the ring around the plant, but part of it has no people data (beyond the county line or blank): residents are unknown, alpha is 2.0",
    )
    most = Text(
        "厂界外 500 m 环大部分没有人口数据，人数按未知，α 取 2.0",
        "most of the ring around the plant has no people data: residents are unknown, alpha is 2.0",
    )
    return [
        *about("hazchem_sources", "warning", "RESIDENTS_UNKNOWN", some, ids[part], remedy),
        *about("hazchem_sources", "warning", "RESIDENTS_UNKNOWN", none, ids[nobody], remedy),
        *about("hazchem_sources", "warning", "RESIDENTS_BEYOND_DATA", most, ids[blind], remedy),
    ]


def _graded(
    context: Context, sources: Any, around: pd.DataFrame, known: dict[str, Any], findings: list[Finding]
) -> tuple[list[Graded | None], pd.DataFrame]:
    files = {f: context.catalog.fact_rows(known[f]) for f in ("table_1", "table_2", "table_3", "table_4", "gases")}
    own = [substance.row() for substance in context.project.hazchem.substances]
    tables = substances.Substances(**files, own=own)
    inventory = (
        context.rows("hazchem_inventory")
        if context.has("hazchem_inventory")
        else pd.DataFrame(columns=["source_id", "substance", "quantity_t"])
    )
    inventory = inventory.set_axis(np.arange(1, len(inventory) + 1))
    graded: list[Graded | None] = []
    items = []
    for source, n in zip(sources["id"], around[fields.PEOPLE], strict=True):
        mine = inventory[inventory["source_id"] == source]
        try:
            one = hazchem.grade(mine, people_500m=n, known=tables, constants=known)
        except RiskmapError as error:
            graded.append(None)
            code = "SUBSTANCE_UNMATCHED" if len(mine) else "INVENTORY_ABSENT"
            message = Text(f"{source} 未评估：", f"{source} not assessed: ") + error.message
            findings.append(
                Finding("hazchem_inventory", "warning", code, message, error.remedy, row=str(source), field=error.field)
            )
            continue
        graded.append(one)
        items.append(one.items.assign(source_id=source, row=one.items.index))
        findings += _doubts(source, one)
    strange = sorted(set(inventory["source_id"].dropna()) - set(sources["id"]))
    if strange:
        message = Text(
            f"存量表里有 {len(strange)} 个编号不在危险源图层中：{'、'.join(strange[:8])}",
            f"{len(strange)} ids of the inventory are no source: {', '.join(strange[:8])}",
        )
        remedy = Text(
            "改正编号，或在 hazchem_sources 补上这些危险源", "correct the ids, or add these sources to hazchem_sources"
        )
        findings.append(Finding("hazchem_inventory", "warning", "SOURCE_UNKNOWN", message, remedy, rows=len(strange)))
    return graded, _listed(context, items)


ITEM_COLUMNS = [
    "source_id", "row", "name", "cas", "symbol", "table", "quantity_t", "threshold_t", "ratio", "beta", "confidence",
]  # fmt: skip


def _listed(context: Context, items: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the matched rows of all sources together; values of less than standard confidence count as used."""
    listed = pd.concat(items, ignore_index=True)[ITEM_COLUMNS] if items else pd.DataFrame(columns=ITEM_COLUMNS)
    for name, rows in listed[listed["confidence"] != "standard"].groupby("name", sort=True):
        beta, sure = float(rows["beta"].iloc[0]), str(rows["confidence"].iloc[0])
        use = FactUse("hazchem", f"beta {name}", beta, sure, "layers/facts/gb18218_*.csv", overridden=False)
        context.used[use.topic, use.key] = use
    return listed


def _doubts(source: str, one: Graded) -> list[Finding]:
    """Say which rows were taken for a substance that their name or their number does not stand for."""
    remedy = Text(
        "核对：溶液、混合物常登记纯物质的 CAS 号；不是该物质的，改正，或在项目文件 hazchem.substances 里写明",
        "check: solutions often bear the number of the pure substance; correct the row, or declare it under hazchem.substances",
    )
    return [
        Finding(
            "hazchem_inventory", "warning", "SUBSTANCE_DOUBT",
            Text(f"{source} 第 {row} 行：", f"{source}, row {row}: ") + doubt, remedy, row=str(row), field="cas",
        )
        for row, doubt in one.items["doubt"].items()
        if doubt is not None
    ]  # fmt: skip


def _grades(context: Context, sources: Any, around: pd.DataFrame, graded: list[Graded | None]) -> gpd.GeoDataFrame:
    level = [0 if g is None or not g.grade else 5 - g.grade for g in graded]
    frame = pd.DataFrame(
        {
            "id": sources["id"],
            fields.NAME: sources[fields.NAME],
            "enterprise": sources.get("enterprise"),
            "s": [np.nan if g is None else g.s for g in graded],
            "alpha": [np.nan if g is None else g.alpha for g in graded],
            "r": [np.nan if g is None else g.r for g in graded],
            "grade": pd.array([None if g is None else g.grade for g in graded], dtype="Int64"),
            fields.LEVEL: level,
            fields.LEVEL_NAME: [NOT_ASSESSED if g is None else NAMES[g.grade] for g in graded],
            fields.COLOUR: [LEVELS[n].colour for n in level],
            "people_500m": around[fields.PEOPLE].astype("Int64"),
            "known_share": around["known_share"],
            "conservative": pd.array([None if g is None else g.conservative for g in graded], dtype="boolean"),
            "substances": [None if g is None else "、".join(dict.fromkeys(g.items["name"])) for g in graded],
            "township": township_at(context, sources.geometry.representative_point()),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=sources.geometry, crs=sources.crs)


def _sensitivity(
    context: Context, sources: Any, where: Any, graded: list[Graded | None], known: dict[str, Any]
) -> list[Finding]:
    """Say which point sources would grade worse if their plant were wide: their radius is not known."""
    if where is None:
        return []
    wide = zones.plant_radius_m(sources, max(known["plant_radius_check_m"], context.project.hazchem.plant_radius_m))
    counted = zones.residents(sources, where, within_m=known["residents_within_m"] + wide.max(), plant_m=wide * 0)
    worse = []
    for source, one, n, radius in zip(sources["id"], graded, counted[fields.PEOPLE], wide, strict=True):
        if one is None or not one.grade or radius == 0:
            continue
        factor, _ = hazchem.alpha(n, constants=known)
        if hazchem.grade_of(one.r / one.alpha * factor, constants=known) < one.grade:
            worse.append(source)
    if not worse:
        return []
    message = Text(
        f"若厂区半径为 {wide.max():g} m，{len(worse)} 个点状危险源的级别会更重：{'、'.join(worse[:8])}",
        f"with a plant radius of {wide.max():g} m, {len(worse)} point sources would have a worse grade: {', '.join(worse[:8])}",
    )
    return [Finding(LAYER, "note", "GRADE_SENSITIVE", message, rows=len(worse))]


def _not_drawn(sources: Any, drawn: Any) -> list[Finding]:
    rest = sources["id"][~sources["id"].isin(drawn["source_id"])].tolist()
    note = Text(
        "影响范围为筛查估算，仅供示意，不能代替定量风险评价",
        "zones are screening estimates, indicative only, no substitute for a quantitative assessment",
    )
    found = [Finding("hazchem_zones", "note", "INDICATIVE", note)]
    if rest:
        message = Text(
            f"{len(rest)} 个危险源没有适用的筛查模型（液体、固体或未评估），未画范围：{'、'.join(rest[:8])}",
            f"{len(rest)} sources have no screening model (liquids, solids or not assessed); no zone drawn: {', '.join(rest[:8])}",
        )
        found.append(Finding("hazchem_zones", "note", "ZONE_NOT_MODELLED", message, rows=len(rest)))
    return found


def _objects(context: Context, crs: Any) -> gpd.GeoDataFrame:
    """Put facilities, shelters and villages side by side as protected targets."""
    parts = []
    for layer, kind, number in (
        ("facilities", None, "people"),
        ("shelters", "shelter", "capacity"),
        ("villages", "village", "population"),
    ):
        frame = optional(context, layer)
        if frame is None or not len(frame):
            continue
        key = "id" if "id" in frame.columns else "code" if "code" in frame.columns else fields.NAME
        parts.append(
            pd.DataFrame(
                {
                    "layer": layer,
                    "id": frame[key].to_numpy(object),
                    fields.NAME: frame[fields.NAME].to_numpy(object),
                    "kind": frame["kind"].to_numpy(object) if kind is None else kind,
                    fields.PEOPLE: pd.to_numeric(frame[number], errors="coerce").to_numpy(float, na_value=np.nan)
                    if number in frame.columns
                    else np.nan,
                    "geometry": frame.geometry.to_numpy(),
                }
            )
        )
    columns = ["layer", "id", fields.NAME, "kind", fields.PEOPLE, "geometry"]
    return gpd.GeoDataFrame(
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns), geometry="geometry", crs=crs
    )


def _totals(table: gpd.GeoDataFrame, items: pd.DataFrame, results: Results) -> dict[str, Any]:
    return {
        "sources": len(table),
        "by_grade": {str(g): int((table["grade"] == g).sum()) for g in (1, 2, 3, 4, 0)},
        "not_assessed": int(table["grade"].isna().sum()),
        "inventory_rows_matched": len(items),
        "quantity_t": float(items["quantity_t"].sum()),
        "targets": len(results.rows["hazchem_targets"]),
        "domino_pairs": len(results.rows["hazchem_domino"]),
    }


STEP = Step(
    "hazchem",
    Text("重大危险源分级与影响范围", "hazchem sources"),
    needs=("boundary", "hazchem_sources"),
    takes=("hazchem_inventory", *dict.fromkeys((*AROUND, *TARGETS)), "townships"),
    gives=(LAYER, "hazchem_items", "hazchem_zones", "hazchem_targets", "hazchem_domino"),
    options=("exposure", "hazchem", "facts"),
    run=run,
)
