"""The rows of the ledger: every point of all overlays in one form, and the lists made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskmap import fields
from riskmap.crs import LONLAT
from riskmap.levels import LEVELS
from riskmap.text import Lang, Text, join
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
DANGER = tuple(
    Text(f"险情{zh}", f"danger {en}")
    for zh, en in (
        ("未知", "unknown"),
        ("特大型", "extra large"),
        ("大型", "large"),
        ("中型", "medium"),
        ("小型", "small"),
    )
)
SKETCH, NOT_ASSESSED = Text("（位置仅示意）", " (sketch only)"), Text("未评估", "not assessed")
BASIS = {
    "given": Text("登记等级", "stated level"),
    "LEC": Text("LEC 评分", "LEC score"),
    "LS": Text("LS 评分", "LS score"),
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
    # who is not registered as responsible: the township where it lies
    rows["unit"] = rows["unit"].where(rows["unit"].notna(), rows["township"])
    rows = _with_wardens(rows, optional(context, "wardens"))
    rows.insert(0, "no", np.arange(1, len(rows) + 1))
    return spoken_levels(context, rows)


def spoken_levels(context: Context, rows: pd.DataFrame) -> pd.DataFrame:
    """Give names of levels in the language of the build; layers carry the Chinese ones."""
    if context.lang == "zh":
        return rows
    return rows.assign(level_name=[LEVELS[int(n)].name.en if pd.notna(n) else None for n in rows[fields.LEVEL]])


def _with_wardens(rows: pd.DataFrame, wardens: pd.DataFrame | None) -> pd.DataFrame:
    """Let the first warden of the township stand where a point has none of its own."""
    if wardens is None or "township" not in wardens.columns:
        return rows
    known = wardens.assign(phone=_phones(wardens))[wardens["township"].notna() & ~_is_monitor(wardens)]
    first = known.drop_duplicates("township").set_index("township")
    blank = rows["warden"].isna()
    given = {c: rows["township"].map(first[of]) for c, of in (("warden", "name"), ("phone", "phone"))}
    return rows.assign(**{c: rows[c].mask(blank, names) for c, names in given.items()})


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
        warden=rows["warden"], phone=rows["warden_phone"],
        basis=[DANGER[0 if pd.isna(g) else int(g)].pick(context.lang) for g in rows["grade"]],
    )  # fmt: skip


def _pipelines(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "pipeline_hca")
    if rows is None:
        return None
    rows = rows[(rows["grade"] > 0)]
    mark = np.where(rows["usable"].to_numpy(bool), "", SKETCH.pick(context.lang))
    lines = context.rows("pipelines")
    owner = dict(zip(lines["id"], lines["enterprise"], strict=True)) if "enterprise" in lines.columns else {}
    return _frame(
        "pipeline", rows, rows.geometry, id=rows["pipeline_id"] + " " + rows["from_station"], name=rows["name"] + mark,
        level=rows["level"], colour=rows["colour"], level_name=rows["level_name"], township=rows["township"],
        place=rows["from_station"] + "–" + rows["to_station"], people=_number(rows["people"]),
        basis=rows["criterion" if context.lang == "zh" else "criterion_en"], unit=rows["pipeline_id"].map(owner),
    )  # fmt: skip


def _hazchem(context: Context) -> pd.DataFrame | None:
    rows = optional(context, "hazchem_grades")
    if rows is None:
        return None
    basis = [
        NOT_ASSESSED.pick(context.lang)
        if pd.isna(g)
        else f"S = {s:.3g}" + ("" if not g else f"; α = {a:g}; R = {r:.4g}")
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
        level_name=rows["level_name"], township=rows["township"], people=np.nan, basis=rows["basis"].map(BASIS).map(lambda t: t.pick(context.lang), na_action="ignore"), **given,
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


def _more(count: int) -> Text:
    return Text(f" 等 {count} 处", f" and others, {count} in all")


def responsibilities(rows: pd.DataFrame, wardens: pd.DataFrame | None, lang: Lang) -> pd.DataFrame:
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
        "people_unknown",
        "wardens",
        "listed",
    ]
    if not len(rows):
        return pd.DataFrame(columns=columns)
    keyed = rows.assign(township=rows["township"].fillna("—"), village=rows["village"].fillna(""))
    made = []
    for (town, village), part in keyed.groupby(["township", "village"], sort=True):
        counts = {f"n_{c}": int((part["colour"] == c).sum()) for c in ("red", "orange", "yellow", "blue")}
        names = "、".join(part["name"].astype(str).head(12)) + (_more(len(part)).pick(lang) if len(part) > 12 else "")
        made.append(
            {
                "township": town,
                "village": village,
                "points": len(part),
                **counts,
                "people": part["people"].sum(min_count=1),
                "people_unknown": int(part["people"].isna().sum()),
                "wardens": _wardens(wardens, town),
                "listed": names,
            }
        )
    return pd.DataFrame(made, columns=columns)


def _wardens(wardens: pd.DataFrame | None, town: str) -> str | None:
    if wardens is None or "township" not in wardens.columns:
        return None
    mine = wardens[wardens["township"] == town]
    return "；".join(f"{n} {p}".strip() for n, p in zip(mine["name"], _phones(mine), strict=True)) or None


def cards(
    rows: pd.DataFrame, wardens: pd.DataFrame | None, shelters: pd.DataFrame | None, listed_from: int
) -> pd.DataFrame:
    """Give the grid-warden cards, a block of rows per card and a row per point, by township.

    A monitor of geohazard points has a card of these, whatever their colour; every other warden one of the listed points of
    the township; a township without a warden a card without a name.
    """
    columns = ["card", "township", "warden", "phone", "name", "kind_name", "colour", "colour_name", "people", "place", "shelter", "measures"]  # fmt: skip
    listed = rows[rows["level"].fillna(0) >= listed_from]
    blocks = _monitored(rows, wardens)
    for town, part in (
        (listed if len(listed) else rows).assign(town=lambda r: r["township"].fillna("—")).groupby("town")
    ):
        blocks += [(town, name, phone, part) for name, phone in _of_town(wardens, town)]
    near = {} if shelters is None else dict(zip(shelters["id"], shelters["shelter"], strict=True))
    made = [
        held.assign(
            card=f"{town} {name} {n}".strip(), township=town, warden=name, phone=phone, shelter=held["id"].map(near)
        )
        for n, (town, name, phone, held) in enumerate(sorted(blocks, key=lambda b: (b[0], b[1])))
    ]
    return pd.concat(made, ignore_index=True)[columns] if made else pd.DataFrame(columns=columns)


def _of_town(wardens: pd.DataFrame | None, town: str) -> list[tuple[str, str]]:
    """Give name and phone of a township's wardens who are no monitors of a point; one without a name where there are none."""
    if wardens is None or "township" not in wardens.columns:
        return [("", "")]
    own = wardens[(wardens["township"] == town) & ~_is_monitor(wardens)]
    return list(zip(own["name"], _phones(own), strict=True)) or [("", "")]


def _monitored(rows: pd.DataFrame, wardens: pd.DataFrame | None) -> list[tuple[str, str, str, pd.DataFrame]]:
    """Give township, name, phone and points of each monitor."""
    if wardens is None or not _is_monitor(wardens).any():
        return []
    watching = wardens[_is_monitor(wardens)]
    blocks = []
    for (name, phone), own in watching.assign(phone=_phones(watching)).groupby(["name", "phone"], sort=True):
        held = rows[(rows["kind"] == "geohazard") & rows["id"].isin(own["geohazard_id"])]
        if len(held):
            blocks.append((str(held["township"].fillna("—").iloc[0]), name, phone, held))
    return blocks


def _is_monitor(wardens: pd.DataFrame) -> pd.Series:
    return wardens["geohazard_id"].notna() if "geohazard_id" in wardens.columns else pd.Series(False, wardens.index)


def _phones(wardens: pd.DataFrame) -> pd.Series:
    return wardens["phone"].fillna("") if "phone" in wardens.columns else pd.Series("", wardens.index)
