"""Deriving the totals of the network steps again from the layers that a build delivered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import shapely

from riskmap.data.database import Database

Pairs = dict[str, tuple[float, float]]
"""Name -> what ``run.json`` says, what the layers give."""

Derive = Callable[[Database, dict[str, Any]], Pairs]


def pairs(database: Database, totals: dict[str, Any]) -> Pairs:
    """Give the totals of the network, the fire circle, siting and reach, as far as their layers were delivered.

    A public edition leaves restricted layers out; what only they tell cannot be derived from it.
    """
    return derived(database, totals, DERIVED)


def derived(database: Database, totals: dict[str, Any], by_step: dict[str, tuple[tuple[str, ...], Derive]]) -> Pairs:
    """Give the totals of the steps whose layers were all delivered."""
    found: Pairs = {}
    present = set(database.layers())
    for step, (layers, derive) in by_step.items():
        if totals.get(step) and present >= set(layers):
            found |= {f"{step}.{name}": both for name, both in derive(database, totals[step]).items()}
    return found


def _network(database: Database, said: dict[str, Any]) -> Pairs:
    edges, nodes = database.read("network_edges"), database.read("network_nodes")
    return {
        "km": (said["km"], float(edges.length.sum() / 1e3)),
        "streets": (said["streets"], len(edges)),
        "components": (said["components"], int(nodes["component"].nunique())),
    }


def _coverage(database: Database, said: dict[str, Any]) -> Pairs:
    strict = said["shares"]["strict"]
    found: Pairs = {
        "stations": (said["stations"], len(database.read("fire_responsibility"))),
        "roads_km": (strict["roads"]["covered"], float(database.read("fire_coverage").length.sum() / 1e3)),
    }
    told = database.read("fire_summary").drop_duplicates(["reading", "measure"]).set_index(["reading", "measure"])
    for reading, shares in said["shares"].items():
        for measure, share in shares.items():
            row = told.loc[(reading, measure)]
            for part in ("covered", "total"):
                found[f"{reading}.{measure}.{part}"] = (share[part], float(row[part]))
    if "built_up" in strict:
        inside = shapely.union_all(database.read("boundary").geometry.to_numpy())
        town = shapely.union_all(shapely.make_valid(database.read("built_up").geometry.to_numpy())).intersection(inside)
        area = shapely.union_all(database.read("fire_areas").geometry.to_numpy())
        found["built_up_km2"] = (strict["built_up"]["covered"], float(shapely.intersection(town, area).area / 1e6))
        found["built_up_total_km2"] = (strict["built_up"]["total"], float(town.area / 1e6))
    return found


def _siting(database: Database, said: dict[str, Any]) -> Pairs:
    found: Pairs = {"new": (said["new"], len(database.read("siting_sites")))}
    if said["problem"] == "max_coverage":
        found["value"] = (said["value"], float(database.read("siting_curve")["covered"].iloc[-1]))
    return found


def _reach(database: Database, said: dict[str, Any]) -> Pairs:
    rows = database.read("reach_results")
    found: Pairs = {}
    for question, figures in said.items():
        own = rows[rows["question"] == question]
        found[f"{question}.targets"] = (figures["targets"], len(own))
        found[f"{question}.within"] = (figures["within"], int(own["within"].sum()))
    return found


DERIVED: dict[str, tuple[tuple[str, ...], Derive]] = {
    "network": (("network_edges", "network_nodes"), _network),
    "coverage": (("fire_coverage", "fire_areas", "fire_responsibility", "fire_summary"), _coverage),
    "siting": (("siting_sites", "siting_curve"), _siting),
    "reach": (("reach_results",), _reach),
}
"""Step -> the layers that its totals are derived from, and how."""
