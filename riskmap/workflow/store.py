"""The work folder of a build: what each step gave, so that an unchanged step need not run again."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from riskmap.data.database import Database
from riskmap.data.digests import frame_digest
from riskmap.data.findings import Finding, to_frame
from riskmap.data.ledger import Ledger
from riskmap.data.postgis import is_url
from riskmap.data.rasters import GridFact, grids_frame, write_cog
from riskmap.text import Text
from riskmap.workflow import record
from riskmap.workflow.context import ABOUT_THE_BUILD, Context, FactUse, Results
from riskmap.workflow.inputs import sources_frame
from riskmap.workflow.steps.step import Step

STATE = "state.json"


def database_in(folder: Path) -> Database:
    """Give the work folder's database; one that a killed build left unfinished is begun anew."""
    database = Database(folder / "riskmap.gpkg", scratch=True)
    database.mend()
    return database


def matches(layer: str, pattern: str) -> bool:
    """Tell whether a layer is the one named, or of the family ``hazard_*``."""
    return fnmatch.fnmatchcase(layer, pattern)


def reads(step: Step, context: Context, failed: dict[str, Any]) -> list[str]:
    """Give the layers that a step will read: of those it names, the ones that are there or should have been.

    Of what a step only shows, and of all that a tolerant one reads, those that are sound.
    """
    known = {*context.grids_known, *(n for n in context.database.layers() if n not in ABOUT_THE_BUILD), *failed}
    firm = () if step.tolerant else (*step.needs, *step.takes)
    loose = (*step.needs, *step.takes, *step.shows)
    return sorted(
        layer
        for layer in known - set(step.gives)
        if any(matches(layer, wish) for wish in firm)
        or (layer not in failed and any(matches(layer, wish) for wish in loose))
    )


class State:
    """What every step gave, by step name; kept in the work folder, written after each step.

    Parameters
    ----------
    folder : Path
    steps : dict
        Step -> key, layers (with digest), grids, files, findings, facts, totals.
    tables : str, optional
        Digest of what the tables about the build were written from.
    """

    def __init__(self, folder: Path, steps: dict[str, dict[str, Any]], tables: str | None = None) -> None:
        self._folder = folder
        self._steps = steps
        self.tables = tables
        self._active: list[str] = []

    @classmethod
    def read(cls, folder: Path) -> State:
        """Read the state of a work folder; an unreadable one counts as empty, so that all steps run."""
        kept = record.read_json(folder / STATE) or {}
        return cls(folder, kept.get("steps", {}), kept.get("tables"))

    def valid(self, step: str, key: str, context: Context) -> bool:
        """Tell whether a step gave its layers from the same inputs, and they are still there."""
        kept = self._steps.get(step)
        if kept is None or kept["key"] != key:
            return False
        tables = set(context.database.layers())
        grids = all(context.grid_path(grid).exists() for grid in kept["grids"])
        files = all((self._folder / file).exists() for file in [*kept["files"], *kept["repairs"]])
        return grids and files and set(kept["rows"]) <= tables

    def recall(self, step: str, context: Context) -> None:
        """Make known again what a step gave."""
        kept = self._steps[step]
        context.grids_known.update(kept["grids"])
        context.totals[step] = kept["totals"]
        context.facts_known |= {(f["topic"], f["key"]): FactUse(**f) for f in kept["facts"]}
        self._active.append(step)

    def forget(self, step: str, context: Context) -> bool:
        """Remove what a step gave when it last ran; tell whether there was anything."""
        kept = self._steps.pop(step, None)
        if kept is None:
            return False
        self._write()
        for layer in kept["rows"]:
            context.database.drop(layer)
        for grid in kept["grids"]:
            record.remove(context.grid_path(grid))
        for file in [*kept["files"], *kept["repairs"]]:
            record.remove(self._folder / file)
        return True

    def keep(self, step: str, key: str, results: Results, context: Context) -> None:
        """Store what a step gave: rows in the database, cells as COGs; then note it as done."""
        for layer, frame in results.rows.items():
            context.database.write(layer, frame)
        grids = {}
        for grid, given in results.grids.items():
            path = context.grid_path(grid)
            write_cog(given.raster, path, title=given.title.zh)
            grids[grid] = {
                "title": dataclasses.asdict(given.title),
                "levels": given.levels,
                "unit": given.unit,
                "digest": record.array_digest(given.raster.values),
            }
        context.database.settle()
        repairs = []
        if results.repairs is not None and len(results.repairs):
            name = f"repairs/{step.removeprefix('import:')}.arrow"
            record.write_table(results.repairs, self._folder / name)
            repairs = [name]
        self._steps[step] = {
            "key": key,
            "rows": {layer: frame_digest(frame) for layer, frame in results.rows.items()},
            "grids": grids,
            "files": sorted(path.relative_to(self._folder).as_posix() for path in results.files),
            "repairs": repairs,
            "findings": [_kept_finding(f) for f in results.findings],
            "facts": [dataclasses.asdict(use) for _, use in sorted(context.used.items())],
            "totals": results.totals,
        }
        self._write()
        self.recall(step, context)

    def _write(self) -> None:
        record.write_json({"steps": self._steps, "tables": self.tables}, self._folder / STATE)

    def note_tables(self, digest: str | None) -> None:
        """Note from what the tables about the build were written; None while they are being written."""
        self.tables = digest
        self._write()

    def repairs(self) -> pd.DataFrame:
        """Give the changed cells and dropped rows of all steps of this build."""
        parts = [record.read_table(self._folder / f) for step in self._active for f in self._steps[step]["repairs"]]
        return pd.concat(parts, ignore_index=True) if parts else Ledger("", "").repairs_frame()

    def digest_of(self, layer: str) -> str | None:
        """Give the content digest of a layer as the last step that gave it left it."""
        for kept in self._steps.values():
            if layer in kept["rows"]:
                return kept["rows"][layer]
            if layer in kept["grids"]:
                return kept["grids"][layer]["digest"]
        return None

    def layers_given(self) -> set[str]:
        """Give all layers of rows and cells that the steps of this build gave."""
        return {layer for step in self._active for layer in (*self._steps[step]["rows"], *self._steps[step]["grids"])}

    def findings(self, step: str) -> list[Finding]:
        """Give the findings of a step."""
        return [_finding(kept) for kept in self._steps[step]["findings"]]

    def all_findings(self) -> list[Finding]:
        """Give the findings of all steps of this build."""
        return [finding for step in self._active for finding in self.findings(step)]

    def totals(self) -> dict[str, Any]:
        """Give the figures of the steps, imports left out."""
        return {
            step: self._steps[step]["totals"]
            for step in self._active
            if not step.startswith("import:") and self._steps[step]["totals"]
        }

    def sources(self) -> list[dict[str, Any]]:
        """Give where each imported layer came from."""
        return [self._steps[step]["totals"]["source"] for step in self._active if step.startswith("import:")]

    def grids(self) -> dict[str, dict[str, Any]]:
        """Give the grids of this build by id."""
        return {grid: facts for step in self._active for grid, facts in self._steps[step]["grids"].items()}

    def files(self) -> list[str]:
        """Give the other files that the steps wrote."""
        return [file for step in self._active for file in self._steps[step]["files"]]


def _kept_finding(finding: Finding) -> dict[str, Any]:
    kept = dataclasses.asdict(finding.at(labels=(), facts={}))
    kept["facts"] = dict(finding.facts)
    kept["geometry"] = None if finding.geometry is None else shapely.to_wkt(finding.geometry, rounding_precision=3)
    return kept


def _finding(kept: dict[str, Any]) -> Finding:
    texts = {k: Text(**kept[k]) if kept[k] else None for k in ("message", "remedy")}
    geometry = shapely.from_wkt(kept["geometry"]) if kept["geometry"] else None
    return Finding(**{**kept, **texts, "geometry": geometry, "named": tuple(kept["named"]), "labels": ()})


def write_tables(context: Context, state: State, findings: list[Finding]) -> None:
    """Write the tables about the build into the database, where something in them changed."""
    parameters = context.loaded.parameters()
    facts = [dataclasses.asdict(use) for _, use in sorted(context.facts_known.items())]
    kept = [_kept_finding(f) for f in findings]
    layers = {layer: state.digest_of(layer) for layer in sorted(state.layers_given())}
    digest = record.digest(parameters, facts, kept, layers, state.sources(), record.versions(), record.code_digest())
    database = context.database
    if state.tables == digest and set(ABOUT_THE_BUILD) <= set(database.layers()):
        return
    state.note_tables(None)
    sources = state.sources()
    database.write("findings", to_frame(findings, context.crs))
    database.write("repairs", state.repairs())
    database.write("sources", sources_frame(sources))
    database.write("runs", _runs_frame(parameters, facts))
    grids = [GridFact(g, Text(**f["title"]), f["levels"], f["unit"]) for g, f in state.grids().items()]
    database.write("grids", grids_frame(grids, context.crs, context.project.cell_size_m))
    database.write_dictionary({s["layer"]: json.loads(s["mapping"]) for s in sources})
    state.note_tables(digest)


def deliver(context: Context, state: State, out: Path) -> None:
    """Bring all tables to the server that the project names, all or none; nothing is sent when nothing changed.

    Raises
    ------
    OutputError
    """
    url = context.project.database
    if not is_url(url):
        return
    remote, marker = Database(url), out / record.WORK / "server.json"
    sent, layers = {"database": remote.name, "tables": state.tables}, context.database.layers()
    if record.read_json(marker) == sent and remote.layers() == layers:
        return
    with remote.transaction():
        for layer in layers:
            remote.write(layer, context.database.read(layer))
        for layer in set(remote.layers()) - set(layers):
            remote.drop(layer)
    record.write_json(sent, marker)


def _runs_frame(parameters: dict[str, Any], facts: list[dict[str, Any]]) -> pd.DataFrame:
    """Give the ``runs`` layer: parameters, versions, and the built-in values that were used."""
    rows = [("parameter", key, json.dumps(value, ensure_ascii=False), None, None) for key, value in parameters.items()]
    rows += [("version", key, value, None, None) for key, value in record.versions().items()]
    rows += [("fact", f"{f['topic']}.{f['key']}", str(f["value"]), f["source"], f["confidence"]) for f in facts]
    return pd.DataFrame(sorted(rows), columns=["topic", "name", "value", "source", "confidence"]).astype("str")


def products(context: Context, state: State) -> list[str]:
    """Give the files to publish, relative to the work folder."""
    return sorted([context.database.name, *(f"grids/{grid}.tif" for grid in state.grids()), *state.files()])
