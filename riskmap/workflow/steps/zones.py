"""The zones step: risk zones, township statistics and control zones, with totals that must add up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.data.findings import Finding
from riskmap.grid import Raster
from riskmap.levels import ZONES
from riskmap.risk import control, patches, units, zoning
from riskmap.risk.control_units import control_units
from riskmap.text import Text
from riskmap.workflow import totals
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.risk import merge
from riskmap.workflow.steps.step import Step

UNITS = (("boundary", "county_units"), ("townships", "risk_units"), ("villages", "village_units"))
"""Layers of units from the top down, and the product of each."""


def run(context: Context) -> Results:
    """Give ``risk_zones``, ``risk_units``, ``control_zone`` and ``control_zones``, and check that areas and people add up."""
    results = Results()
    levels = context.cells("risk_level").values
    people = context.cells("exposure_population").values if context.has("exposure_population") else None
    zones = zoning.risk_zones(levels, context.inside, context.boundary, context.grid, along=_snap_lines(context))
    results.rows["risk_zones"] = zones
    if people is not None:
        results.findings += _unknown_people(context, people)
    _give_units(context, results, zones, levels, people)
    codes, controls = _control(context, levels, results)
    if "risk_units" in results.rows:
        results.rows["control_units"] = control_units(
            controls, results.rows["risk_units"], codes=codes, people=people, inside=context.inside, grid=context.grid
        )
    results.totals = totals.add_up(
        zones=zones,
        controls=controls,
        units=results.rows.get("risk_units"),
        boundary_km2=context.boundary.area / 1e6,
        levels=levels,
        control=codes,
        people=people,
        inside=context.inside,
    )
    if people is not None:
        results.totals["people"]["outside"] = _outside(context, people)
    return results


def _snap_lines(context: Context) -> NDArray[Any] | None:
    """Give the townships along whose lines zones end, where the project asks for it."""
    if context.project.risk.snap_to_townships_m is None or not context.has("townships"):
        return None
    parts, rest = zonal.partition(zonal.by_code(context.rows("townships")), context.boundary)
    return np.append(parts, rest)


def _give_units(
    context: Context, results: Results, zones: Any, levels: NDArray[np.uint8], people: NDArray[np.float64] | None
) -> None:
    """Give the figures of townships, of villages where they come as polygons, and of the county or counties."""
    above = context.boundary_frame
    for layer, product in UNITS:
        if not context.has(layer):
            continue
        rows = above if layer == "boundary" else context.rows(layer)
        if not {fields.NAME, fields.CODE} <= set(rows.columns) or not rows.geom_type.str.endswith("Polygon").all():
            continue
        found = units.risk_units(
            zones,
            rows,
            context.boundary,
            levels=levels,
            people=people,
            inside=context.inside,
            grid=context.grid,
        )
        if layer == "townships":
            results.findings += _unassigned(found)
        elif layer == "villages":
            found.insert(2, "parent", units.parents(found, above))
        if layer != "boundary":
            above = rows
        results.rows[product] = found


def _control(context: Context, levels: NDArray[np.uint8], results: Results) -> tuple[NDArray[np.uint8], Any]:
    own = context.project.control.rules
    table = control.rules(own if own is not None else context.fact_table("zoning", "control_rules"))
    capacity = _capacity(context, results.findings)
    density = _density(context, results.findings)
    decided, fired = control.decide(table, levels, capacity, density)
    own_ha = context.project.control.min_zone_ha
    merged = merge(context, decided, context.project.risk.min_zone_ha if own_ha is None else own_ha)
    zones = control.control_zones(merged.codes, fired, table, context.inside, context.boundary, context.grid)
    results.grids["control_zone"] = GridResult(
        Raster(context.grid, merged.codes), Text("综合防治区", "Control zone"), len(ZONES) - 1
    )
    results.grids["control_rule"] = GridResult(
        Raster(context.grid, fired), Text("防治区划规则号", "Number of the control rule"), len(table)
    )
    results.rows["control_zones"] = zones
    results.rows["merged_patches_control"] = patches.log_frame(merged.log, "control_zone", context.grid)
    return merged.codes, zones


def _capacity(context: Context, findings: list[Finding]) -> NDArray[np.int8] | None:
    """Give the capacity class of each cell, None (and a note) when there is no capacity layer."""
    if not context.has("capacity"):
        message = Text(
            "没有 capacity（减灾能力）图层：防治区划按不含减灾能力的规则",
            "no capacity layer: the control zoning uses the rules without it",
        )
        findings.append(Finding("control_zones", "note", "CAPACITY_ABSENT", message))
        return None
    lower = [context.fact("zoning", "capacity_weak_below"), context.fact("zoning", "capacity_strong_from")]
    found = control.classes(context.cells("capacity").values, lower)
    holes = context.inside & (found == control.UNKNOWN_CLASS)
    if holes.any():
        km2 = float(holes.sum()) * context.grid.cell_area / 1e6
        message = Text(
            f"边界内有 {km2:.2f} km² 减灾能力未知：这些格子按不含减灾能力的规则，防治区可能偏轻",
            f"capacity is unknown on {km2:.2f} km2 inside the boundary: the rules without it decide there, perhaps too mildly",
        )
        remedy = Text("补全 capacity 图层", "complete the capacity layer")
        findings.append(Finding("capacity", "warning", "CAPACITY_UNKNOWN", message, remedy, rows=int(holes.sum())))
    return found


def _density(context: Context, findings: list[Finding]) -> NDArray[np.int8] | None:
    """Give the class of geohazard points per 100 km2 of each cell's township, None (and a note) when it is not known."""
    if not (context.has("geohazard_points") and context.has("townships")):
        message = Text(
            "没有地质灾害隐患点或乡镇图层：防治区划不含隐患密度",
            "no geohazard points or townships: the control zoning leaves their density out",
        )
        findings.append(Finding("control_zones", "note", "DENSITY_ABSENT", message))
        return None
    townships = zonal.by_code(context.rows("townships"))
    cut, _ = zonal.partition(townships, context.boundary)
    unit = zonal.unit_of_cells(townships, context.grid)
    _, _, density = zonal.points_per_100_km2(cut, context.rows("geohazard_points").geometry.to_numpy())
    return control.classes(
        np.append(density, np.nan)[unit],
        [context.fact("zoning", "density_medium_from"), context.fact("zoning", "density_high_from")],
    )


def _unknown_people(context: Context, people: NDArray[np.float64]) -> list[Finding]:
    unknown = int((np.isnan(people) & context.inside).sum())
    outside = _outside(context, people)
    findings = []
    if unknown:
        message = Text(
            f"边界内 {unknown} 个格子人口未知，未计入",
            f"{unknown} cells inside the boundary have unknown population; not counted",
        )
        remedy = Text("补上这些格子的人口；确无人的填 0", "fill in the people there; where nobody lives, write 0")
        findings.append(Finding("exposure_population", "warning", "PEOPLE_UNKNOWN", message, remedy, rows=unknown))
    if outside > 0.5:
        message = Text(
            f"{outside:,.0f} 人落在边界之外，未计入", f"{outside:,.0f} people fall outside the boundary; not counted"
        )
        findings.append(Finding("exposure_population", "note", "PEOPLE_OUTSIDE", message))
    return findings


def _outside(context: Context, people: NDArray[np.float64]) -> float:
    """Give the source's people beyond the boundary, in cells of the grid and beyond it."""
    return float(np.nansum(people[~context.inside])) + context.totals["import:exposure_population"]["outside_grid"]


def _unassigned(townships: Any) -> list[Finding]:
    rest = townships[townships[fields.CODE].isna() & (townships[fields.NAME] == fields.UNASSIGNED)]
    if not len(rest):
        return []
    km2, people = float(rest[fields.AREA_KM2].iloc[0]), float(rest[fields.PEOPLE].iloc[0])
    message = Text(
        f"边界内有 {km2:.3f} km²、{people:,.0f} 人不属于任何乡镇，列为 {fields.UNASSIGNED}",
        f"{km2:.3f} km2 and {people:,.0f} people inside the boundary are in no township; row {fields.UNASSIGNED}",
    )
    return [
        Finding(
            "townships",
            "warning",
            "UNITS_GAP",
            message,
            Text("核对乡镇界与行政区界", "check the township lines against the boundary"),
        )
    ]


STEP = Step(
    "zones",
    Text("风险区划与防治区划", "risk and control zoning"),
    needs=("boundary", "risk_level"),
    takes=("townships", "exposure_population", "capacity", "geohazard_points", "villages", "hazchem_sources"),
    gives=(
        "risk_zones",
        "risk_units",
        "village_units",
        "county_units",
        "control_zone",
        "control_rule",
        "control_zones",
        "control_units",
        "merged_patches_control",
    ),
    options=("risk", "control", "facts"),
    run=run,
)
