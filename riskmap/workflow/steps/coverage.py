"""The coverage step: the five-minute fire circle on the road network, with denominators, gaps and responsibility areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from riskmap.data.findings import Finding
from riskmap.grid import Raster
from riskmap.network import circles
from riskmap.network.arcs import HAIR_S
from riskmap.network.certificate import Certificate, certify
from riskmap.network.coverage import Coverage, Share, coverage
from riskmap.text import Text
from riskmap.workflow.context import Context, GridResult, Results
from riskmap.workflow.steps.network import TABLES, fire_network, walls_of
from riskmap.workflow.steps.overlays import about
from riskmap.workflow.steps.snapping import limit_m, snap_layer
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

KEY_UNITS = (
    "key_fire_unit",
    "school",
    "nursery",
    "hospital",
    "medical_centre",
    "care_home",
    "shopping_centre",
    "assembly",
)
"""Kinds of facilities that count as key units: key fire units, and places with many people."""

SEED = 5
"""Of the points that prove the drawn areas."""

TITLES = {
    "built_up": Text("建成区面积", "built-up area"),
    "built_up_people": Text("建成区人口", "people in the built-up area"),
    "people": Text("全域人口", "all people"),
    "people_by_road": Text("全域人口（按最近道路到达）", "all people, by arrival at the nearest road"),
    "key_units": Text("重点单位", "key units"),
    "key_unit_people": Text("重点单位人数", "people in key units"),
    "hazchem_sources": Text("危化品重大危险源", "hazardous-chemical sources"),
    "buildings": Text("建筑", "buildings"),
    "roads": Text("道路里程", "road length"),
    "people_second": Text("至少两个站可及的人口", "people whom at least two stations reach"),
    "people_third": Text("至少三个站可及的人口", "people whom at least three stations reach"),
    "roads_second": Text("至少两个站可及的道路", "road that at least two stations reach"),
    "roads_third": Text("至少三个站可及的道路", "road that at least three stations reach"),
}
"""What is counted, as readers see it."""


@dataclass(frozen=True, eq=False)
class Circle:
    """The fire circle in both readings, and the stations that are not routed.

    ``strict``: the limit includes turnout. ``loose``: the whole limit is driven.
    """

    strict: Coverage
    loose: Coverage
    stations: gpd.GeoDataFrame
    left_out: gpd.GeoDataFrame


def run(context: Context) -> Results:
    """Give pieces, arrivals, areas, gaps, responsibility areas, the figures and the grid of minutes."""
    results = Results()
    circle = fire_circle(context)
    people = _people_inside(context) if context.has("exposure_population") else None
    built_up = _built_up_inside(context) if context.has("built_up") else None
    cells = circles.cells(circle.strict, context.grid, context.inside, mapper=context.over)
    summary = _summary(context, circle, people, built_up, cells)
    results.rows = {
        "fire_coverage": _by_street(circle.strict, circle.strict.pieces),
        "fire_arrivals": _by_street(circle.strict, circle.strict.arrivals_by_road),
        "fire_areas": circle.strict.areas,
        "fire_summary": summary,
        "fire_responsibility": _responsibility(context, circle, cells, people, built_up),
    }
    if built_up is not None:
        small = float(context.fact("fire", "small_gap_ha")) * 1e4
        results.rows["fire_gaps"] = circles.gaps(circle.strict, built_up, people, small_m2=small)
    grids = {"fire_minutes": (cells.minutes, "min"), "fire_depth": (cells.depth(circle.strict.limit_s), "1")}
    for layer, (raster, unit) in grids.items():
        results.grids[layer] = GridResult(raster, context.catalog.layer(layer).title, unit=unit)
    proof = certify(circle.strict, points=int(context.fact("fire", "certificate_points")), seed=SEED)
    results.findings = (
        _findings(circle, results.rows["fire_responsibility"]) + _unproved(proof) + _too_late(context, circle)
    )
    results.totals = _totals(circle, summary) | {"certificate": proof.figures, "seed": SEED}
    return results


def _people_inside(context: Context) -> Raster:
    """Give the people of the county's cells; the grid holds neighbours too."""
    people = context.cells("exposure_population")
    return Raster(people.grid, np.where(context.inside, people.values, 0.0))


def _by_street(covering: Coverage, pieces: pd.DataFrame) -> pd.DataFrame:
    """Give pieces with the numbers that their streets have in ``network_edges``, and whether people join them there."""
    network, row = covering.network, pieces["edge"].to_numpy()
    frontage = np.ones(len(network.length_m), dtype=bool) if network.frontage is None else network.frontage
    return pieces.assign(edge=network.attributes["edge"].to_numpy()[row], frontage=frontage[row])


def _built_up_inside(context: Context) -> gpd.GeoDataFrame | None:
    """Give the built-up ground inside the boundary; None when all of it lies outside."""
    rows = context.rows("built_up")
    rows = rows.set_geometry(rows.geometry.make_valid()).clip(context.boundary, keep_geom_type=True, sort=True)
    return rows if len(rows) else None


def fire_circle(context: Context) -> Circle:
    """Give what the routed stations reach, in both readings."""
    spec = context.project.fire
    network, walls = fire_network(context), walls_of(context)
    snapped = snap_layer(context, network, "fire_stations", walls)
    stations = context.rows("fire_stations")[snapped.routed].reset_index(drop=True)
    common: dict[str, Any] = {
        "depth_m": float(context.fact("fire", "depth_m") if spec.depth_m is None else spec.depth_m),
        "barriers": walls,
        "max_snap_m": limit_m(context),
    }
    strict = coverage(network, stations, limit_s=spec.limit_s, turnout_s=spec.turnout_s, **common)
    bare = stations.drop(columns=[c for c in ("turnout_s",) if c in stations.columns])
    loose = coverage(network, bare, limit_s=spec.limit_s, turnout_s=0.0, **common)
    return Circle(strict, loose, stations, snapped.table[~snapped.routed])


def _summary(
    context: Context, circle: Circle, people: Raster | None, built_up: Any, cells: circles.Cells
) -> pd.DataFrame:
    """Give a row for each reading, measure and depth."""
    spec, rows = context.project.fire, []
    for reading, covering in (("strict", circle.strict), ("loose", circle.loose)):
        depth = covering.depth_m
        shares: list[tuple[str, float | None, Share]]
        shares = [(measure, None, share) for measure, share in _by_place(context, covering, people, cells)]
        if reading == "strict":
            shares += [(measure, None, share) for measure, share in _by_number(covering, people, cells)]
        for deep in (depth, depth / 2, depth * 2) if reading == "strict" else (depth,):
            shares += [(measure, deep, share) for measure, share in _by_ground(covering, people, built_up, deep)]
        for measure, at, share in shares:
            rows.append(
                {
                    "reading": reading,
                    "measure": measure,
                    "title_zh": TITLES[measure].zh,
                    "title_en": TITLES[measure].en,
                    "depth_m": np.nan if at is None else at,
                    "covered": share.covered,
                    "total": share.total,
                    "unit": share.unit,
                    "share": float(share),
                    "unknown": share.unknown,
                    "speed_source": "project" if spec.speeds_kmh else "house",
                    "turnout_s": spec.turnout_s if reading == "strict" else 0.0,
                    "driving_s": spec.limit_s - spec.turnout_s if reading == "strict" else spec.limit_s,
                    "limit_s": spec.limit_s,
                    "stations": len(circle.stations),
                    "stations_left_out": len(circle.left_out),
                }
            )
    order = {measure: n for n, measure in enumerate(TITLES)}
    frame = pd.DataFrame(rows)
    return frame.sort_values("measure", key=lambda c: c.map(order), kind="stable", ignore_index=True).sort_values(
        "reading", key=lambda c: c != "strict", kind="stable", ignore_index=True
    )


def _by_ground(covering: Coverage, people: Raster | None, built_up: Any, depth_m: float) -> list[tuple[str, Share]]:
    """Give the shares that count ground beside reached roads."""
    shares = []
    if built_up is not None:
        shares.append(("built_up", covering.share(built_up, depth_m=depth_m)))
    if people is not None:
        shares.append(("people", covering.share(people, depth_m=depth_m)))
    if built_up is not None and people is not None:
        shares.append(("built_up_people", covering.share(people, depth_m=depth_m, within=built_up)))
    return shares


def _by_place(
    context: Context, covering: Coverage, people: Raster | None, cells: circles.Cells
) -> list[tuple[str, Share]]:
    """Give the shares that count places whose road is reached in time."""
    shares = [("roads", covering.roads)]
    if people is not None:
        amount = people.values.ravel()[cells.at]
        in_time = covering.first_at(cells.places).seconds <= covering.limit_s + HAIR_S
        unknown = float(np.isnan(amount).sum())
        shares.append(("people_by_road", Share(np.nansum(amount[in_time]), np.nansum(amount), "person", unknown)))
    if context.has("facilities"):
        facilities = context.rows("facilities")
        key = facilities[facilities["kind"].isin(KEY_UNITS) & facilities.intersects(context.boundary)]
        shares.append(("key_units", covering.share(key)))
        if "people" in key.columns:
            shares.append(("key_unit_people", covering.share(key, weights="people")))
    for layer in ("hazchem_sources", "buildings"):
        if context.has(layer):
            rows = context.rows(layer)
            rows = rows[rows.intersects(context.boundary)]
            shares.append((layer, covering.share(rows.representative_point())))
    return [(measure, share) for measure, share in shares if share.total > 0]


def _by_number(covering: Coverage, people: Raster | None, cells: circles.Cells) -> list[tuple[str, Share]]:
    """Give the shares that a second and a third station reach in time too."""
    shares = []
    depth, length = covering.overlap, covering.network.length_m / 1e3
    km = length[depth.edge] * (depth.high - depth.low)
    amount = None if people is None else people.values.ravel()[cells.at]
    for count, name in ((2, "second"), (3, "third")):
        shares.append((f"roads_{name}", Share(km[depth.count >= count].sum(), length.sum(), "km")))
        if amount is not None:
            in_time = cells.ranked_s[count - 1] <= covering.limit_s + HAIR_S
            unknown = float(np.isnan(amount).sum())
            shares.append((f"people_{name}", Share(np.nansum(amount[in_time]), np.nansum(amount), "person", unknown)))
    return shares


def _responsibility(
    context: Context, circle: Circle, cells: circles.Cells, people: Raster | None, built_up: Any
) -> gpd.GeoDataFrame:
    norms = {row["kind"]: row["km2"] for row in context.fact_table("fire", "station_areas")}
    return circles.responsibility(
        circle.strict,
        cells,
        context.boundary,
        built_up=None if built_up is None else built_up.geometry.make_valid().union_all(),
        people=people,
        norms_km2=norms,
        winding=(context.fact("fire", "winding_low"), context.fact("fire", "winding_high")),
        stations=circle.stations,
    )


def _findings(circle: Circle, ground: gpd.GeoDataFrame) -> list[Finding]:
    """Say which stations are left out, and which answer for more built-up ground than the standard has for their kind."""
    found = []
    if len(circle.left_out):
        ids = "、".join(circle.left_out["id"].astype(str))
        message = Text(
            f"{len(circle.left_out)} 个消防站未接入路网，未计入覆盖：{ids}",
            f"{len(circle.left_out)} stations are not routed and not counted: {ids.replace('、', ', ')}",
        )
        found.append(
            Finding(
                "fire_coverage",
                "warning",
                "STATIONS_LEFT_OUT",
                message,
                Text("见图层 snapping 的原因", "the layer snapping says why"),
                rows=len(circle.left_out),
            )
        )
    large = ground[ground["ratio"] > 1]
    for _, row in large.iterrows():
        # without the built-up area the whole ground is compared
        told = Text("责任区建成区", "of built-up ground"), row["built_up_km2"]
        what, km2 = (Text("责任区", "of ground"), row["area_km2"]) if np.isnan(told[1]) else told
        message = Text(
            f"{what.zh} {km2:.1f} km²，超过标准 {row['norm_km2']:g} km²",
            f"answers for {km2:.1f} km2 {what.en}; the standard has {row['norm_km2']:g} km2",
        )
        found.append(Finding("fire_responsibility", "note", "STATION_AREA_OVER", message, row=str(row["station_id"])))
    return found


def _too_late(context: Context, circle: Circle) -> list[Finding]:
    """Say which stations spend the whole limit on turnout: they reach nothing, whatever the roads."""
    fire, stations = context.project.fire, circle.stations
    own = stations["turnout_s"] if "turnout_s" in stations.columns else pd.Series(np.nan, index=stations.index)
    late = stations["id"][pd.to_numeric(own, errors="coerce").fillna(fire.turnout_s) >= fire.limit_s].astype(str)
    text = Text(
        f"接警出动的时间不少于时限 {fire.limit_s:g} 秒，什么也到不了",
        f"turnout takes the whole limit of {fire.limit_s:g} s: nothing is reached",
    )
    remedy = Text(
        "核对 fire.limit_s、fire.turnout_s 和 turnout_s 列",
        "check fire.limit_s, fire.turnout_s and the column turnout_s",
    )
    return about("fire_coverage", "warning", "TURNOUT_OVER_LIMIT", text, late, remedy)


def _unproved(proof: Certificate) -> list[Finding]:
    """Say where the drawn area promises more than the network gives; that is a fault of ours, not of the data."""
    failed = proof.points[~proof.passed]
    if not len(failed):
        return []
    message = Text(
        f"覆盖面抽查 {len(proof.points)} 点，{len(failed)} 点在时限内到不了",
        f"{len(failed)} of {len(proof.points)} points sampled in the drawn areas are not reached in time",
    )
    remedy = Text(
        "请把项目文件和数据发给 riskmap 的维护者", "send the project and its data to the maintainers of riskmap"
    )
    place = shapely.MultiPoint(list(failed))
    return [Finding("fire_areas", "error", "AREA_UNPROVED", message, remedy, rows=len(failed), geometry=place)]


def _totals(circle: Circle, summary: pd.DataFrame) -> dict[str, Any]:
    depth = circle.strict.depth_m
    shown = summary[summary["depth_m"].isna() | (summary["depth_m"] == depth)]
    readings = {
        reading: {
            row["measure"]: {k: row[k] for k in ("covered", "total", "unit", "share")} for _, row in rows.iterrows()
        }
        for reading, rows in shown.groupby("reading", sort=True)
    }
    overlap = circle.strict.overlap
    km = circle.strict.network.length_m[overlap.edge] * (overlap.high - overlap.low) / 1e3
    return {
        "stations": len(circle.stations),
        "stations_left_out": len(circle.left_out),
        "depth_m": depth,
        "shares": readings,
        "km_by_number_of_stations": {str(n): float(km[overlap.count == n].sum()) for n in np.unique(overlap.count)},
    }


STEP = Step(
    "coverage",
    Text("消防覆盖", "fire coverage"),
    needs=("boundary", "network_edges", "network_nodes", "fire_stations"),
    takes=(*TABLES, "barriers", "built_up", "exposure_population", "facilities", "hazchem_sources", "buildings"),
    gives=(
        "fire_coverage",
        "fire_arrivals",
        "fire_areas",
        "fire_gaps",
        "fire_responsibility",
        "fire_summary",
        "fire_minutes",
        "fire_depth",
    ),
    options=("network", "fire", "facts"),
    run=run,
)
