"""The siting step: where new fire stations cover most people, exactly, checked on the network afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.data.findings import Finding
from riskmap.errors import ConservationError, DataError
from riskmap.network import candidates, siting, split
from riskmap.network.coverage import Coverage
from riskmap.network.positions import Places
from riskmap.network.programme import HAIR
from riskmap.network.siting import Siting
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.steps.coverage import KEY_UNITS, fire_circle
from riskmap.workflow.steps.network import TABLES
from riskmap.workflow.steps.step import Step

if TYPE_CHECKING:
    import geopandas as gpd

CROWDED = (*KEY_UNITS, "prison", "transport_hub", "scenic_spot")
HAZMAT = ("hazchem_enterprise", "depot")
"""Kinds of facilities from which a station keeps its distance, as from hazardous-chemical sources."""

NEW = "N"
"""Ids of new sites begin with this: N1, N2, ... for junctions; those of the project's candidates keep theirs."""


@dataclass(frozen=True, eq=False)
class _Case:
    """A siting problem on the network.

    ``times``: seconds from dispatch, demand x (existing stations, then candidates); ``inf`` where nobody comes in the
    time that matters. ``demand``: people by row; ``places``: where the demand joins the network. ``every_place`` and
    ``turnout_s``: of the stations and candidates, in the order of the columns.
    """

    covering: Coverage
    times: pd.DataFrame
    demand: pd.Series
    places: Places
    sites: gpd.GeoDataFrame
    every_place: Places
    turnout_s: NDArray[np.float64]
    existing: list[str]
    refused: int
    unrouted: float


def run(context: Context) -> Results:
    """Give ``siting_sites`` and ``siting_curve``, and the figures of the choice."""
    results, spec = Results(), context.project.siting
    case = _case(context)
    if not len(case.sites):
        message = Text("没有可用的候选站址", "there is no candidate site")
        remedy = Text(
            "用 site_candidates 给出候选站址，或放宽 siting 的条件",
            "give site_candidates, or relax the conditions of siting",
        )
        results.findings.append(Finding("siting_sites", "warning", "SITES_NONE", message, remedy))
        return results
    steps, best = _solved(case, spec, context.project.fire.limit_s)
    new = [site for site in best.sites if site not in set(case.existing)]
    results.rows = {"siting_sites": _sites(case, best, new, steps, spec.problem), "siting_curve": _listed(steps)}
    beyond = float(case.demand[best.unserved].sum())
    results.findings = _findings(case, beyond)
    results.totals = {
        "problem": spec.problem,
        "within": "built_up" if _in_town(context) else "boundary",
        "candidates": len(case.sites),
        "candidates_refused": case.refused,
        "existing": len(case.existing),
        "new": len(new),
        "demand": float(case.demand.sum()),
        "demand_not_routed": case.unrouted,
        "demand_out_of_reach": beyond,
        "value": best.value,
        "bound": best.bound,
        "gap": best.gap,
    }
    return results


def _case(context: Context) -> _Case:
    spec, circle = context.project.siting, fire_circle(context)
    covering = circle.strict
    places, amount, unrouted = _demand(context, covering)
    sites, site_places, refused = _candidates(context, covering)
    limit = covering.limit_s if spec.problem in ("max_coverage", "fewest_sites") else np.inf
    turnout = np.concatenate((covering.turnout_s, np.full(len(sites), context.project.fire.turnout_s)))
    every = covering.places.joined(site_places)
    graph, numbers = covering.network.graph.insert(every)
    times = np.full((len(places), len(numbers)), np.inf)
    found = split.arrivals(graph, numbers, places, limit_s=limit - turnout.min(), mapper=context.over)
    for position, seconds in found:
        times[:, position] = seconds + turnout[position]
    existing = [str(label) for label in covering.labels]
    columns = pd.Index([*existing, *sites["site_id"]], tupleize_cols=False)
    frame = pd.DataFrame(times, columns=columns, copy=False)  # hundreds of megabytes in a city
    return _Case(covering, frame, pd.Series(amount), places, sites, every, turnout, existing, refused, unrouted)


def _in_town(context: Context) -> bool:
    """Tell whether people and candidates are those of the built-up area; else those within the boundary."""
    return context.project.siting.within == "built_up" and context.has("built_up")


def _demand(context: Context, covering: Coverage) -> tuple[Places, NDArray[np.float64], float]:
    """Give where the people of the cells join the network, how many they are, and how many have no road."""
    people, grid = context.cells("exposure_population").values.ravel(), context.grid
    wanted = context.inside.ravel() & (np.nan_to_num(people) > 0)
    if _in_town(context):
        wanted &= grid.burn(context.rows("built_up").geometry, [1] * len(context.rows("built_up"))).ravel() > 0
    at = np.flatnonzero(wanted)
    x, y = np.meshgrid(*grid.centres())
    places = covering.join(shapely.points(x.ravel()[at], y.ravel()[at]))
    found = places.found
    return places.take(found), people[at][found], float(people[at][~found].sum())


def _candidates(context: Context, covering: Coverage) -> tuple[gpd.GeoDataFrame, Places, int]:
    """Give the candidates that keep their distances, where they join the network, and how many were refused."""
    import geopandas as gpd

    network = covering.network
    if context.has("site_candidates"):
        given = context.rows("site_candidates")
        points = given.representative_point().to_numpy()
        places = covering.join(points)
        ids = given["id"].astype(str).to_numpy()
        names = given["name"].to_numpy() if "name" in given.columns else np.full(len(given), None)
        usable = places.found
    else:
        spacing = context.project.siting.spacing_m
        area = context.boundary
        if _in_town(context):
            area = context.rows("built_up").geometry.make_valid().union_all()
        spacing = float(context.fact("fire", "candidate_spacing_m")) if spacing is None else spacing
        numbers = candidates.junctions(network, area, spacing_m=spacing)
        points, places = shapely.points(network.xy[numbers]), Places.at_nodes(numbers)
        # a station of the county may be called N1 too
        new = NEW
        while any(str(label).startswith(new) for label in covering.labels):
            new += NEW
        ids = np.array([f"{new}{n + 1}" for n in range(len(numbers))], dtype=object)
        names, usable = np.full(len(numbers), None), np.ones(len(numbers), dtype=bool)
    allowed = usable & ~_refused(context, points)
    frame = gpd.GeoDataFrame({"site_id": ids, "name": names}, geometry=points, crs=network.crs)
    clash = sorted(set(ids) & {str(label) for label in covering.labels})
    if clash:
        raise DataError(
            Text(
                f"候选站址与消防站编号相同：{'、'.join(clash)}",
                f"candidates and stations share ids: {', '.join(clash)}",
            ),
            layer="site_candidates",
            field="id",
        )
    return frame[allowed].reset_index(drop=True), places.take(allowed), int((~allowed).sum())


def _refused(context: Context, points: NDArray) -> NDArray[np.bool_]:
    """Tell which candidates stand too near to places with crowds or to hazardous materials."""
    refused = np.zeros(len(points), dtype=bool)
    far_crowds = float(context.fact("fire", "from_crowds_m"))
    far_hazmat = float(context.fact("fire", "from_hazmat_m"))
    if context.has("facilities"):
        rows = context.rows("facilities")
        for kinds, metres in ((CROWDED, far_crowds), (HAZMAT, far_hazmat)):
            others = rows.geometry[rows["kind"].isin(kinds)].to_numpy()
            refused |= candidates.too_near(points, others, distance_m=metres)
    if context.has("hazchem_sources"):
        others = context.rows("hazchem_sources").geometry.to_numpy()
        refused |= candidates.too_near(points, others, distance_m=far_hazmat)
    return refused


def _solved(case: _Case, spec: Any, limit_s: float) -> tuple[pd.DataFrame, Siting]:
    """Solve the problem; give the curve, checked on the network, and the choice with all new sites."""
    common = {"existing": case.existing, "time_limit_s": spec.time_limit_s}
    p = min(len(case.existing) + spec.extra, case.times.shape[1])
    if spec.problem == "max_coverage":
        steps = siting.curve(case.times, case.demand, limit_s=limit_s, extra=spec.extra, **common)
        p = len(case.existing) + int(steps["added"].iloc[-1])
        best = siting.max_coverage(case.times, case.demand, p=p, limit_s=limit_s, **common)
    else:
        best = _other(case, spec.problem, p, limit_s, common)
        new = [site for site in best.sites if site not in set(case.existing)]
        covered = _on_network(case, new, limit_s)
        before = _on_network(case, [], limit_s)
        share = covered / case.demand.sum()
        steps = pd.DataFrame(
            [
                {
                    "added": 0,
                    "covered": before,
                    "gain": 0.0,
                    "share": before / case.demand.sum(),
                    "gap": 0.0,
                    "sites": [],
                },
                {
                    "added": len(new),
                    "covered": covered,
                    "gain": covered - before,
                    "share": share,
                    "gap": best.gap,
                    "sites": new,
                },
            ]
        )
    checked = [_on_network(case, sites, limit_s) for sites in steps["sites"]]
    if not np.allclose(checked, steps["covered"], rtol=1e-9, atol=1e-6):
        raise ConservationError(Text("选址结果与路网复核不符", "the choice of sites does not agree with the network"))
    return steps.assign(checked=checked), best


def _other(case: _Case, problem: str, p: int, limit_s: float, common: dict[str, Any]) -> Siting:
    if problem == "fewest_sites":
        return siting.fewest_sites(case.times, case.demand, limit_s=limit_s, **common)
    solve = siting.p_median if problem == "p_median" else siting.p_center
    return solve(case.times, case.demand, p=p, **common)


def _on_network(case: _Case, new: list[str], limit_s: float) -> float:
    """Give the people that the stations and new sites reach in time, by one search over the network."""
    chosen = case.times.columns.isin([*case.existing, *new])
    graph, numbers = case.covering.network.graph.insert(case.every_place.take(chosen))
    seconds = graph.arrival(graph.seconds_from(numbers, case.turnout_s[chosen], limit_s), case.places)
    return float(case.demand.to_numpy()[seconds <= limit_s + HAIR].sum())


def _sites(case: _Case, best: Siting, new: list[str], steps: pd.DataFrame, problem: str) -> gpd.GeoDataFrame:
    """Give the new sites of the choice, in the order of the curve on which they appear."""
    served = case.demand.groupby(best.assignment.to_numpy()).sum()
    first = {site: int(row["added"]) for _, row in steps[::-1].iterrows() for site in row["sites"]}
    frame = case.sites[case.sites["site_id"].isin(new)]
    frame = frame.assign(
        rank=frame["site_id"].map(first).astype("int64"),
        demand=frame["site_id"].map(served).fillna(0.0).astype(float),
        problem=problem,
        gap=best.gap,
    )
    columns = ["site_id", "name", "rank", "demand", "problem", "gap", "geometry"]
    return frame[columns].sort_values(["rank", "site_id"], kind="stable", ignore_index=True)


def _listed(steps: pd.DataFrame) -> pd.DataFrame:
    return steps.assign(sites=steps["sites"].map(", ".join))


def _findings(case: _Case, beyond: float) -> list[Finding]:
    found = []
    if beyond > 0:
        message = Text(
            f"{beyond:,.0f} 人不在任何现有站或候选站址的服务范围内，选址无法顾及",
            f"{beyond:,.0f} people are beyond every station and candidate; no choice of sites serves them",
        )
        found.append(Finding("siting_sites", "note", "SITING_DEMAND_BEYOND", message))
    if case.refused:
        message = Text(
            f"{case.refused} 个候选站址未采用：离人员密集场所或危险品场所太近，或没有道路",
            f"{case.refused} candidates are not used: too near to crowds or hazardous materials, or without a road",
        )
        found.append(Finding("siting_sites", "note", "SITES_REFUSED", message, rows=case.refused))
    if case.unrouted > 0:
        message = Text(
            f"{case.unrouted:,.0f} 人所在格子附近没有道路，选址未计入",
            f"{case.unrouted:,.0f} people live in cells without a road; not counted in the siting",
        )
        remedy = Text("补上通往这些地方的道路", "add the roads that lead there")
        found.append(Finding("siting_sites", "warning", "SITING_DEMAND_NOT_ROUTED", message, remedy))
    return found


STEP = Step(
    "siting",
    Text("消防站选址", "siting of fire stations"),
    needs=("boundary", "network_edges", "network_nodes", "fire_stations", "exposure_population"),
    takes=(*TABLES, "barriers", "built_up", "facilities", "hazchem_sources", "site_candidates"),
    gives=("siting_sites", "siting_curve"),
    options=("network", "fire", "siting", "facts"),
    run=run,
)
