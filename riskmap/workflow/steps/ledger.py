"""The rows of the ledger: every point of all overlays in one form, and the lists made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.crs import LONLAT
from riskmap.text import Text, join
from riskmap.workflow.context import Context
from riskmap.workflow.steps.overlays import optional

KINDS = {
    "geohazard": Text("地质灾害隐患点", "geohazard point"),
    "pipeline": Text("管道高后果区", "pipeline high-consequence area"),
    "hazchem": Text("重大危险源", "hazchem source"),
    "risk_point": Text("安全风险点", "risk point"),
    "tailings": Text("尾矿库", "tailings dam"),
}
COLOUR_NAMES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝", "none": "—"}
ABOVE = {
    True: Text("头顶库", "above people"),
    False: Text("不是头顶库", "not above people"),
    None: Text("是否头顶库未知", "unknown whether above people"),
}
COLUMNS = [
    "kind",
    "id",
    "name",
    "level",
    "colour",
    "level_name",
    "township",
    "village",
    "place",
    "people",
    "unit",
    "warden",
    "phone",
    "basis",
    "measures",
]


def ledger(context: Context) -> pd.DataFrame:
    """Give the major-hazard ledger: all points of the overlays, the worst first, then by people."""
    parts = [
        p
        for p in (
            _geohazards(context),
            _pipelines(context),
            _hazchem(context),
            _risk_points(context),
            _tailings(context),
        )
        if p is not None and len(p)
    ]
    if not parts:
        return pd.DataFrame(columns=["no", *COLUMNS, "kind_name", "colour_name"])
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.sort_values(
        ["level", "people", "kind", "id"], ascending=[False, False, True, True], na_position="last", ignore_index=True
    )
    rows["measures"] = rows["measures"].where(rows["measures"].notna(), _suggested(context, rows))
    rows["kind_name"] = rows["kind"].map({k: t.pick(context.lang) for k, t in KINDS.items()})
    rows["colour_name"] = rows["colour"].map(COLOUR_NAMES) if context.lang == "zh" else rows["colour"]
    rows.insert(0, "no", np.arange(1, len(rows) + 1))
    return rows


def _frame(kind: str, source: pd.DataFrame, geometry: Any, **columns: Any) -> pd.DataFrame:
    where = geometry.representative_point().to_crs(LONLAT)
    place = [f"{p.x:.5f}, {p.y:.5f}" for p in where]
    given = {c: columns.get(c) for c in COLUMNS} | {"kind": kind, "place": columns.get("place", place)}
    return pd.DataFrame(given, index=source.index)[COLUMNS].astype({"people": "float64"}, errors="ignore")


def _geohazards(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "geohazard_exposure")
    if rows is None:
        return None
    return _frame(
        "geohazard", rows, rows.geometry, id=rows["id"], name=rows[fields.NAME], level=rows["level"], colour=rows["colour"],
        level_name=rows["level_name"], township=rows["township"], village=rows["village"], people=_number(rows["people"]),
        warden=rows["warden"], phone=rows["warden_phone"], unit=rows["township"],
        basis=["险情" + ("未知" if pd.isna(g) else ("特大型", "大型", "中型", "小型")[int(g) - 1]) for g in rows["grade"]],
    )  # fmt: skip


def _pipelines(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "pipeline_hca")
    if rows is None:
        return None
    rows = rows[(rows["grade"] > 0)]
    mark = np.where(rows["usable"].to_numpy(bool), "", "（位置仅示意）")
    return _frame(
        "pipeline", rows, rows.geometry, id=rows["pipeline_id"] + " " + rows["from_station"], name=rows["name"] + mark,
        level=rows["level"], colour=rows["colour"], level_name=rows["level_name"], township=rows["township"],
        place=rows["from_station"] + "–" + rows["to_station"], people=_number(rows["people"]), basis=rows["criterion"],
    )  # fmt: skip


def _hazchem(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "hazchem_grades")
    if rows is None:
        return None
    basis = [
        "未评估" if pd.isna(g) else f"S={s:.3g}" + ("" if not g else f"，α={a:g}，R={r:.3g}")
        for g, s, a, r in zip(rows["grade"], rows["s"], rows["alpha"], rows["r"], strict=True)
    ]
    return _frame(
        "hazchem", rows, rows.geometry, id=rows["id"], name=rows["name"], level=rows["level"], colour=rows["colour"],
        level_name=rows["level_name"], township=rows["township"], people=_number(rows["people_500m"]), unit=rows["enterprise"], basis=basis,
    )  # fmt: skip


def _risk_points(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "risk_point_levels")
    if rows is None:
        return None
    given = {c: rows[c] for c in ("unit", "measures") if c in rows.columns}
    return _frame(
        "risk_point", rows, rows.geometry, id=rows["id"], name=rows["name"], level=rows["level"], colour=rows["colour"],
        level_name=rows["level_name"], township=rows["township"], people=np.nan, basis=rows["basis"], **given,
    )  # fmt: skip


def _tailings(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "overhead_dams")
    if rows is None:
        return None
    people = np.fmax(_number(rows["people_below"]), _deciding(rows))
    return _frame(
        "tailings", rows, rows.geometry, id=rows["id"], name=rows["name"], level=rows["level"], colour=rows["colour"],
        level_name=[ABOVE.get(a, ABOVE[None]).pick(context.lang) for a in rows["overhead"].astype(object).where(rows["overhead"].notna(), None)],
        township=rows["township"], people=people,
        basis=[_why_above(*row).pick(context.lang) for row in zip(rows["people_lower_within_1km"], rows["people_within_1km"], rows["people_below"], rows["within_m"], strict=True)],
    )  # fmt: skip


def _deciding(dams: pd.DataFrame) -> Any:
    """Give the count that decides on each dam: those lower where the terrain is known, else all nearby."""
    lower = _number(dams["people_lower_within_1km"])
    return np.where(np.isnan(lower), _number(dams["people_within_1km"]), lower)


def _why_above(lower: Any, near: Any, registered: Any, metres: float) -> Text:
    """Say what is known of the people below a dam."""
    parts = []
    if pd.notna(near):
        parts.append(Text(f"{metres:g} m 内 {near:.0f} 人", f"{near:.0f} people within {metres:g} m"))
    if pd.notna(lower):
        parts.append(Text(f"其中低于坝 {lower:.0f} 人", f"{lower:.0f} of them lower"))
    if pd.notna(registered):
        parts.append(Text(f"登记下游 {registered:.0f} 人", f"{registered:.0f} registered below"))
    return join(parts, "，", ", ") if parts else Text("周边人口未知", "people nearby unknown")


def _number(values: pd.Series) -> Any:
    return pd.to_numeric(values, errors="coerce").astype("Float64").to_numpy(float, na_value=np.nan)


def _suggested(context: Context, rows: pd.DataFrame) -> pd.Series:
    """Give the house's measures by kind and level, for points whose register states none."""
    table = {(r["kind"], r["level"]): r[context.lang] for r in context.fact_table("ledger", "measures")}
    return pd.Series(
        [table.get((k, n)) for k, n in zip(rows["kind"], rows["level"], strict=True)], index=rows.index, dtype=object
    )


def responsibilities(rows: pd.DataFrame, wardens: pd.DataFrame | None) -> pd.DataFrame:
    """Give the responsibility list: a row per township and village, points by colour, people, wardens."""
    columns = [
        "township",
        "village",
        "points",
        "n_red",
        "n_orange",
        "n_yellow",
        "n_blue",
        "people",
        "wardens",
        "listed",
    ]
    if not len(rows):
        return pd.DataFrame(columns=columns)
    keyed = rows.assign(township=rows["township"].fillna("—"), village=rows["village"].fillna(""))
    made = []
    for (town, village), part in keyed.groupby(["township", "village"], sort=True):
        counts = {f"n_{c}": int((part["colour"] == c).sum()) for c in ("red", "orange", "yellow", "blue")}
        names = "、".join(part["name"].astype(str).head(12)) + (f" 等 {len(part)} 处" if len(part) > 12 else "")
        made.append(
            {
                "township": town,
                "village": village,
                "points": len(part),
                **counts,
                "people": part["people"].sum(min_count=1),
                "wardens": _wardens(wardens, town),
                "listed": names,
            }
        )
    return pd.DataFrame(made, columns=columns)


def _wardens(wardens: pd.DataFrame | None, town: str) -> str | None:
    if wardens is None or "township" not in wardens.columns:
        return None
    mine = wardens[wardens["township"] == town]
    phones = mine["phone"] if "phone" in mine.columns else pd.Series("", index=mine.index)
    return "；".join(f"{n} {p}" for n, p in zip(mine["name"], phones.fillna(""), strict=True)) or None


def cards(rows: pd.DataFrame, wardens: pd.DataFrame | None, shelters: pd.DataFrame | None) -> pd.DataFrame:
    """Give the grid-warden cards: a block of rows per warden (or township without one), a row per point."""
    columns = [
        "card",
        "township",
        "warden",
        "phone",
        "name",
        "kind_name",
        "colour",
        "colour_name",
        "people",
        "place",
        "shelter",
        "measures",
    ]
    near = {} if shelters is None else dict(zip(shelters["id"], shelters["shelter"], strict=True))
    made = []
    for town, part in rows.assign(township=rows["township"].fillna("—")).groupby("township", sort=True):
        own = wardens[wardens["township"] == town] if wardens is not None and "township" in wardens.columns else None
        people = (
            [("", "")]
            if own is None or not len(own)
            else list(zip(own["name"], own.get("phone", pd.Series("", index=own.index)), strict=True))
        )
        for name, phone in people:
            held = part
            if own is not None and "geohazard_id" in own.columns:
                point = own.loc[own["name"] == name, "geohazard_id"].dropna().tolist()
                held = part[part["id"].isin(point)] if point else part
            for row in held.itertuples():
                made.append(
                    (
                        f"{town} {name}".strip(),
                        town,
                        name,
                        phone,
                        row.name,
                        row.kind_name,
                        row.colour,
                        row.colour_name,
                        row.people,
                        row.place,
                        near.get(row.id),
                        row.measures,
                    )
                )
    return pd.DataFrame(made, columns=columns)
