"""Deriving every total again from the files that a build delivered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from riskmap import fields, zonal
from riskmap.data.database import Database
from riskmap.data.rasters import read_grid
from riskmap.errors import OutputError
from riskmap.levels import LEVELS, to_four
from riskmap.risk import classify
from riskmap.text import Text
from riskmap.workflow import record, verify_network, verify_overlays

TOLERANCE = 1e-6

AS_THEY_ARE = [float(level.code) for level in LEVELS[1:]]
"""The limits of levels that were compared and not classed."""


def verify(out: str | Path) -> dict[str, Any]:
    """Compare the files and totals of an output folder with its ``run.json``.

    Parameters
    ----------
    out : path

    Returns
    -------
    dict
        ``files`` (names) and ``totals``: name -> ``{"run": ..., "delivered": ...}``.

    Raises
    ------
    OutputError
        A file is missing or differs, or a total derived from the files differs from ``run.json``; with every difference.
    """
    folder = Path(out)
    run = record.read_json(folder / record.RUN)
    if run is None:
        raise OutputError(
            Text("没有完整的 run.json：构建没有完成", "no whole run.json: the build did not finish"),
            remedy=Text("再运行一次 riskmap build", "run riskmap build again"),
            file=str(folder),
        )
    wrong = _changed_files(folder, run["outputs"])
    totals = _totals(folder, run) if not wrong else {}
    wrong += [
        Text(
            f"{name}：run.json 为 {t['run']!r}，由文件得 {t['delivered']!r}",
            f"{name}: run.json says {t['run']!r}, the files give {t['delivered']!r}",
        )
        for name, t in totals.items()
        # an unknown total is null in run.json, and not compared
        if t["run"] is not None and abs(t["run"] - t["delivered"]) > TOLERANCE * max(abs(t["run"]), 1e-3)
    ]
    if wrong:
        raise OutputError(
            Text("\n  ".join(w.zh for w in wrong), "\n  ".join(w.en for w in wrong)),
            remedy=Text(
                "再运行一次 riskmap build；若是有意修改，另存到别处",
                "run riskmap build again; keep files that you changed on purpose elsewhere",
            ),
            file=str(folder),
        )
    return {"files": sorted(run["outputs"]), "totals": totals}


def _changed_files(folder: Path, outputs: dict[str, dict[str, Any]]) -> list[Text]:
    wrong = []
    for name, facts in sorted(outputs.items()):
        path = folder / name
        if not path.exists():
            wrong.append(Text(f"{name}：缺文件", f"{name}: the file is missing"))
        elif record.file_digest(path) != facts["sha256"]:
            wrong.append(Text(f"{name}：内容与 run.json 的记录不同", f"{name}: differs from what run.json records"))
    return wrong


def _totals(folder: Path, run: dict[str, Any]) -> dict[str, dict[str, float]]:
    database = Database(folder / "riskmap.gpkg")
    pairs = verify_network.pairs(database, run["totals"])
    if run["parameters"].get("output", {}).get("publish") != "public":
        # a public edition has the overlays without what is restricted
        pairs |= verify_overlays.pairs(database, run["totals"])
    if run["totals"].get("risk"):
        pairs |= _risk(folder, run["totals"]["risk"], database)
    recorded = run["totals"].get("zones")
    if recorded is not None:
        pairs |= _zones(folder, recorded, database)
    return {name: {"run": a, "delivered": b} for name, (a, b) in pairs.items()}


def _zones(folder: Path, recorded: dict[str, Any], database: Database) -> dict[str, tuple[float, float]]:
    pairs: dict[str, tuple[float, float]] = {}
    for product, column, key in (("risk_zones", fields.LEVEL, "by_level"), ("control_zones", fields.ZONE, "by_zone")):
        polygons = database.read(product)
        for code, km2 in recorded["area_km2"][key].items():
            pairs[f"area_km2.{key}.{code}"] = (
                km2,
                float(polygons.geometry[polygons[column] == int(code)].area.sum() / 1e6),
            )
    boundary = database.read("boundary")
    pairs["area_km2.boundary"] = (recorded["area_km2"]["boundary"], boundary.geometry.union_all().area / 1e6)
    if "people" in recorded:
        pairs |= _people(folder, recorded["people"], boundary)
    if "by_unit" in recorded["area_km2"]:
        units = database.read("risk_units")
        names = units[fields.CODE].fillna(units[fields.NAME])
        for unit, km2 in recorded["area_km2"]["by_unit"].items():
            pairs[f"area_km2.by_unit.{unit}"] = (km2, float(units[names == unit].area.sum() / 1e6))
        for unit, counted in recorded.get("people", {}).get("by_unit", {}).items():
            pairs[f"people.by_unit.{unit}"] = (counted, float(units.loc[names == unit, fields.PEOPLE].sum()))
    return pairs


def _risk(folder: Path, recorded: dict[str, Any], database: Database) -> dict[str, tuple[float, float]]:
    """Class the delivered scores again: no cell may fall elsewhere. A public edition may lack the scores."""
    pairs: dict[str, tuple[float, float]] = {}
    paths = [folder / "grids" / f"{grid}.tif" for grid in ("risk_score", "risk_level_raw")]
    if all(path.exists() for path in paths):
        score, raw = (read_grid(path).values for path in paths)
        again = classify.levels(score, np.array(recorded["breaks"]))
        if recorded["five_to_four"] is not None and recorded["breaks"] != AS_THEY_ARE:
            again = to_four(again, {int(five): four for five, four in recorded["five_to_four"].items()})
        pairs["risk.cells_classed_otherwise"] = (0, int((again != raw).sum()))
    if "merged_patches" in database.layers():
        pairs["risk.merged_patches"] = (recorded["merged_patches"], len(database.read("merged_patches")))
    return pairs


def _people(folder: Path, recorded: dict[str, Any], boundary: Any) -> dict[str, tuple[float, float]]:
    people = read_grid(folder / "grids" / "exposure_population.tif")
    inside = zonal.inside(boundary, people.grid)
    within = np.where(inside, people.values, np.nan)
    pairs = {"people.inside": (recorded["inside"], float(np.nansum(within)))}
    for key, grid in (("by_level", "risk_level"), ("by_zone", "control_zone")):
        codes = read_grid(folder / "grids" / f"{grid}.tif").values
        for code, counted in recorded[key].items():
            pairs[f"people.{key}.{code}"] = (counted, float(np.nansum(within[codes == int(code)])))
    return pairs
