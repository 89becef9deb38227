"""Deriving the totals of the overlays and of the evacuation plan again from the layers that a build delivered."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskmap.data.database import Database
from riskmap.overlay import pipelines
from riskmap.workflow.verify_network import Derive, Pairs, derived


def pairs(database: Database, totals: dict[str, Any]) -> Pairs:
    """Give the totals of geohazards, pipelines, hazchem, evacuation and chains, as far as their layers were delivered."""
    return derived(database, totals, DERIVED)


def _geohazards(database: Database, said: dict[str, Any]) -> Pairs:
    rows = database.read("geohazard_exposure")
    inside = rows[rows["inside"].astype(bool)]
    return {
        "points": (said["points"], len(rows)),
        "points_inside": (said["points_inside"], len(inside)),
        "people": (said["people"], float(rows["people"].sum())),
        "people_unknown_points": (said["people_unknown_points"], int(rows["people"].isna().sum())),
    } | _counts("by_grade", said["by_grade"], inside["grade"])


def _pipelines(database: Database, said: dict[str, Any]) -> Pairs:
    rows = database.read("pipeline_hca")
    inside = rows[rows["status"] != pipelines.OUTSIDE]
    usable = inside["usable"].astype(bool)
    found: Pairs = {
        "lines": (said["lines"], rows["pipeline_id"].nunique()),
        "km_rows_inside": (said["km_rows_inside"], float(inside["length_m"].sum() / 1e3)),
        "km_once_inside": (said["km_once_inside"], float(inside.geometry.union_all().length / 1e3)),
        "causes": (said["causes"], len(database.read("pipeline_hca_causes"))),
    } | _counts("areas", said["areas"], inside.loc[usable, "grade"])
    for name, kept in (("usable", inside[usable]), ("not_usable", inside[~usable])):
        grades = [int(grade) for grade in said["km_by_grade"][name]]
        for grade, metres in pipelines.lengths_once(kept, "grade", grades).items():
            found[f"km_by_grade.{name}.{grade}"] = (said["km_by_grade"][name][str(grade)], metres / 1e3)
    return found


def _hazchem(database: Database, said: dict[str, Any]) -> Pairs:
    rows, items = database.read("hazchem_grades"), database.read("hazchem_items")
    return {
        "sources": (said["sources"], len(rows)),
        "not_assessed": (said["not_assessed"], int(rows["grade"].isna().sum())),
        "inventory_rows_matched": (said["inventory_rows_matched"], len(items)),
        "quantity_t": (said["quantity_t"], float(items["quantity_t"].sum())),
    } | _counts("by_grade", said["by_grade"], rows["grade"])


def _evacuate(database: Database, said: dict[str, Any]) -> Pairs:
    """Give people and person-minutes of each scenario and way of travel; ``all`` is all ways of travel."""
    found: Pairs = {}
    origins, plan = database.read("evacuation_origins"), database.read("evacuation_plan")
    plan = plan.assign(person_minutes=plan["people"] * plan["minutes"])
    for scenario, by_mode in said.items():
        for mode, figures in by_mode.items():
            left, gone = (
                rows[(rows["scenario"] == scenario) & ((rows["mode"] == mode) | (mode == "all"))]
                for rows in (origins, plan)
            )
            derived = {
                "origins": len(left),
                "people": left["people"].sum(),
                "unplaced": left["unplaced"].sum(),
                "placed": gone["people"].sum(),
                "person_minutes": gone["person_minutes"].sum(),
            }
            found |= {f"{scenario}.{mode}.{name}": (figures[name], float(v)) for name, v in derived.items()}
    return found


def _chains(database: Database, said: dict[str, Any]) -> Pairs:
    rows = database.read("compound_points")
    return {"points": (said["points"], len(rows))} | _counts("by_chain", said["by_chain"], rows["chain"])


def _counts(name: str, said: dict[str, Any], values: pd.Series) -> Pairs:
    """Give how often each value stands in a column."""
    counted = values.dropna().map(lambda v: v if isinstance(v, str) else str(int(v))).value_counts()
    return {f"{name}.{value}": (count, int(counted.get(value, 0))) for value, count in said.items()}


DERIVED: dict[str, tuple[tuple[str, ...], Derive]] = {
    "geohazards": (("geohazard_exposure",), _geohazards),
    "pipelines": (("pipeline_hca", "pipeline_hca_causes"), _pipelines),
    "hazchem": (("hazchem_grades", "hazchem_items"), _hazchem),
    "evacuate": (("evacuation_origins", "evacuation_plan"), _evacuate),
    "chains": (("compound_points",), _chains),
}
"""Step -> the layers that its totals are derived from, and how."""
