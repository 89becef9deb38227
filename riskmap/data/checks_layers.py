"""Checks between layers: people counted two ways, codes of parents, ids that lead nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskmap import zonal
from riskmap.data.ledger import Ledger
from riskmap.data.registry import Together, register_between
from riskmap.text import Text


@register_between("CODE_PARENT", needs=("townships",))
def townships_of_the_county(t: Together) -> None:
    """Townships whose code does not begin like the boundary's."""
    boundary, look = t.frame("boundary"), t.look("townships")
    if "code" not in boundary or "code" not in look.frame or boundary["code"].isna().all():
        return
    # 370100 stands for all of 3701xx
    starts = {code[:6].removesuffix("00").removesuffix("00") for code in boundary["code"].dropna()}
    codes = look.frame["code"].astype("str")
    stray = codes.notna() & ~codes.str.startswith(tuple(starts), na=False)
    if stray.any():
        parent, wanted = Text("边界所在的行政区", "the boundary's district"), ", ".join(sorted(starts))
        look.ledger.rows("CODE_PARENT", stray, field="code", parent=parent, wanted=wanted, sample=codes[stray].iloc[0])


@register_between("CODE_PARENT", needs=("townships", "villages"))
def villages_of_townships(t: Together) -> None:
    """Villages whose code begins with no township's."""
    look = t.look("villages")
    if "code" not in look.frame:
        return
    known = t.frame("townships")["code"].astype("str")
    codes = look.frame["code"].astype("str")
    # codes that end in zeros stand for a whole district
    starts = tuple({code.removesuffix("000") for code in known.dropna()})
    stray = codes.notna() & ~codes.str.startswith(starts, na=False)
    if stray.any():
        parent = Text("任何一个乡镇", "any township")
        look.ledger.rows(
            "CODE_PARENT", stray, field="code", parent=parent, wanted="townships.code", sample=codes[stray].iloc[0]
        )


@register_between("POPULATION_DISAGREES", needs=("townships", "villages"))
def villages_against_townships(t: Together) -> None:
    """People of the townships and of their villages."""
    towns, villages = t.frame("townships"), t.frame("villages")
    if "population" not in towns or "population" not in villages or "code" not in villages:
        return
    # a code that ends in 000 stands for a whole district: its villages begin with the rest
    starts = towns["code"].astype("str").str.removesuffix("000")
    below = starts.map({start: _people_under(villages, start) for start in starts.dropna().unique()})
    known = _floats(towns["population"])
    _compare(t, "villages", towns, known, below, Text("乡镇", "townships"), Text("村", "villages"))


@register_between("POPULATION_DISAGREES", needs=("townships",))
def raster_against_townships(t: Together) -> None:
    """People of the townships and of the population raster's cells in them."""
    towns = t.frame("townships")
    if "exposure_population" not in t.cells_known or "population" not in towns:
        return
    cells = t.cells("exposure_population")
    units = zonal.unit_of_cells(towns, cells.grid)
    people = zonal.crosstab(cells.values, units, np.zeros(units.shape, dtype=np.int64), (len(towns) + 1, 1))[:-1, 0]
    known, found = _floats(towns["population"]), _floats(towns["population"]) * 0 + people
    _compare(t, "exposure_population", towns, known, found, Text("乡镇", "townships"), Text("栅格", "raster"))


def _people_under(villages: Any, start: str) -> float:
    """Give the known people of the villages whose code begins so, NaN when there are none."""
    below = villages["code"].astype("str").str.startswith(start, na=False)
    return float(_floats(villages["population"])[below].sum(min_count=1))


def _floats(values: Any) -> Any:
    return values.astype("Float64").astype(float)


def _compare(t: Together, layer: str, towns: Any, known: Any, found: Any, a: Text, b: Text) -> None:
    """Note where two counts of the same people differ by more than the tolerance."""
    both = known.notna() & found.notna()
    if not both.any() or not known[both].sum():
        return
    total, other = float(known[both].sum()), float(found[both].sum())
    diff = other / total - 1
    if abs(diff) <= t.limit("people_tolerance"):
        return
    relative = (found[both] / known[both].where(known[both] > 0) - 1).abs()
    worst = relative.idxmax() if relative.notna().any() else None
    text = Text("", "")
    if worst is not None:
        place = towns["name"].loc[worst]
        zh = f"；差得最多的是{place}：{known[worst]:,.0f} 与 {found[worst]:,.0f}"
        text = Text(zh, f"; worst in {place}: {known[worst]:,.0f} and {found[worst]:,.0f}")
    facts = {"a": total, "b": other, "difference": round(diff, 4)}
    values = {"a_title": a, "b_title": b, "a": total, "b": other, "diff": diff, "worst": text}
    Ledger(layer, t.files.get(layer, ""), findings=t.findings).note("POPULATION_DISAGREES", facts=facts, **values)


@register_between("INVENTORY_MISSING", needs=("hazchem_sources", "hazchem_inventory"))
def sources_without_inventory(t: Together) -> None:
    """Hazchem sources that no row of the inventory belongs to: they cannot be graded."""
    look, inventory = t.look("hazchem_sources"), t.frame("hazchem_inventory")
    if "source_id" in inventory:
        look.ledger.rows("INVENTORY_MISSING", ~look.frame["id"].isin(inventory["source_id"].dropna()), field="id")


REFERENCES = (
    ("hazchem_inventory", "source_id", "hazchem_sources", "id"),
    ("households", "village_code", "villages", "code"),
    ("households", "geohazard_id", "geohazard_points", "id"),
    ("wardens", "geohazard_id", "geohazard_points", "id"),
    ("wardens", "township", "townships", "name"),
)
"""Column of a layer -> the column of another in which its values stand."""


@register_between("REFERENCE_MISSING")
def references(t: Together) -> None:
    """Ids that are in no row of the layer they point to."""
    for layer, column, other, theirs in REFERENCES:
        if not t.has(layer, other) or column not in t.frame(layer) or theirs not in t.frame(other):
            continue
        look, known = t.look(layer), t.frame(other)[theirs].dropna()
        given = look.frame[column]
        lost = given.notna() & ~given.isin(known)
        if lost.any():
            look.ledger.rows(
                "REFERENCE_MISSING", lost, field=column, name=column, other=other, sample=str(given[lost].iloc[0])
            )
