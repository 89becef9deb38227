"""Checking and importing deliveries: one file, or all that a project names. Checking writes nothing."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from riskmap.crs import zone_of
from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.data.checks import check_together
from riskmap.data.database import Database
from riskmap.data.findings import Finding, sort, strict, to_frame
from riskmap.data.gridding import GridLayer, RasterLayer, holds_raster, look_at_raster
from riskmap.data.ledger import Ledger
from riskmap.data.places import Area
from riskmap.data.prepare import Layer, Source, prepare_rows
from riskmap.data.rasters import GridFact, grids_frame, write_cog
from riskmap.data.registry import Together
from riskmap.data.spec import InputSpec
from riskmap.errors import OutputError, OutputExistsError, RiskmapError, SpecError
from riskmap.frames import is_spatial
from riskmap.grid import Grid, Raster
from riskmap.levels import to_worst_high
from riskmap.text import Text
from riskmap.workflow.context import system_of
from riskmap.workflow.inputs import Place, in_system, prepared, sources_frame
from riskmap.workflow.project import Loaded, load

COUNTED = ("person", "household", "t", "CNY")
"""Units of the fields whose sums are told, to be compared with what a plan or a covering letter says."""


@dataclass(frozen=True, eq=False)
class Checked:
    """What was found in one file.

    Parameters
    ----------
    file, layer : str
    source : Source
        Rows in and out, encoding, systems, columns taken.
    findings : list of Finding
    repairs : DataFrame
        Every changed or dropped cell and row.
    totals : dict
        Sums of the fields that count people, households, tonnes, money.
    frame : DataFrame, optional
        The layer, when nothing forbids to use it.
    cells : bool
        The file is a raster: its rows are cells.
    """

    file: str
    layer: str
    source: Source
    findings: list[Finding]
    repairs: pd.DataFrame
    totals: dict[str, float]
    frame: Any = None
    cells: bool = False

    @property
    def failure(self) -> RiskmapError | None:
        """What forbids to use the file, None when nothing does."""
        return rules.worst(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Give the document that ``check --format json`` prints."""
        source = dataclasses.asdict(self.source)
        return {
            "file": self.file,
            "layer": self.layer,
            "rows": source["rows_in"],
            "unit": "cells" if self.cells else "rows",
            **{k: source[k] for k in ("rows_in", "rows_filtered", "rows_reported", "rows_out")},
            **{k: source[k] for k in ("sublayer", "encoding", "crs_in", "sha256")},
            "mapping": json.loads(source["mapping"]),
            "totals": self.totals,
            "findings": [f.as_json() for f in self.findings],
            "repairs": self.repairs.astype(object).where(self.repairs.notna(), None).to_dict("records"),
        }


@dataclass(frozen=True, eq=False)
class CheckedProject:
    """What was found in the files of a project, by file, and between them."""

    project: str
    files: list[Checked]
    between: list[Finding] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All findings."""
        return [f for checked in self.files for f in checked.findings] + self.between

    @property
    def failure(self) -> RiskmapError | None:
        """What would stop a build, None when nothing would."""
        return rules.worst(self.findings)

    def as_json(self) -> dict[str, Any]:
        """Give the document that ``check PROJECT --format json`` prints."""
        return {
            "project": self.project,
            "files": [checked.as_json() for checked in self.files],
            "findings": [f.as_json() for f in self.findings],
        }


def check_file(file: str | Path, layer: str, *, spec: InputSpec, area: Area | None = None) -> Checked:
    """Check one file as a layer; nothing is written.

    Parameters
    ----------
    file : path
    layer : str
        Input id.
    spec : InputSpec
        What is known of the file.
    area : Area, optional
        See :func:`area_of`.

    Notes
    -----
    Numeric levels without a direction are a note here: only a build has to know it.
    """
    declared, path = _input_layer(layer), Path(file)
    try:
        raster = "raster" in declared.geometry and holds_raster(path, spec, layer)
    except RiskmapError:
        raster = False
    given: Layer | RasterLayer
    if raster:
        given = look_at_raster(path, spec, declared, area=area)
    else:
        given = prepare_rows(path, spec, declared, crs=area.crs if area else None, area=area, zone=True)
    checked = _checked(given, path.name, spec.content)
    findings = [f.at(severity="note") if f.code == "LEVEL_DIRECTION" else f for f in checked.findings]
    return dataclasses.replace(checked, findings=findings)


def area_of(file: str | Path) -> Area:
    """Read the boundary to check against, in the CGCS2000 zone of its middle unless it is in metres.

    Raises
    ------
    RiskmapError
        The file cannot be used as a boundary.
    """
    path = Path(file)
    declared = house().layer("boundary")
    # any polygon will do to say where the area is: it needs no name
    unnamed = declared.model_copy(
        update={"fields": {k: f.model_copy(update={"required": False}) for k, f in declared.fields.items()}}
    )
    rows = prepare_rows(path, InputSpec(path=path.name), unnamed, zone=True)
    failure = rules.worst(rows.findings)
    if failure is not None or rows.frame is None:
        raise failure or rules.error("ROWS_NONE", file=path.name)
    return Area(rows.frame.geometry.union_all(), rows.frame.crs)


def _input_layer(layer: str) -> Any:
    spec = house().layer(layer)
    if spec.role != "input":
        raise SpecError(Text(f"{layer} 是结果图层，不是输入", f"{layer} is a result, not an input"), layer=layer)
    return spec


def _checked(given: Layer | GridLayer | RasterLayer, file: str, content: str | None = None) -> Checked:
    repairs = getattr(given, "repairs", None)
    frame = getattr(given, "frame", None)
    repairs = Ledger(given.source.layer, file).repairs_frame() if repairs is None else repairs
    totals = _totals(frame, given.source.layer) if isinstance(given, Layer) else _cell_totals(given, content)
    return Checked(
        file,
        given.source.layer,
        given.source,
        sort(given.findings),
        repairs,
        totals,
        frame,
        # a grid that was made of polygons has their fields, and counts them
        not isinstance(given, Layer) and given.source.mapping == "{}",
    )


def _totals(frame: Any, layer: str) -> dict[str, float]:
    if frame is None:
        return {}
    fields = house().layer(layer).fields
    counted = [f for f, s in fields.items() if f in frame and s.unit in COUNTED and s.type in ("integer", "number")]
    numbers = {f: frame[f].astype("Float64").astype(float) for f in counted}
    # a column without one number has no total: it is unknown, not 0
    return {f: float(n.sum()) for f, n in numbers.items() if n.notna().any() or not len(n)}


def _cell_totals(given: GridLayer | RasterLayer, content: str | None) -> dict[str, float]:
    """Give the sum of amounts, such as people per cell; values, and densities as delivered, have none."""
    if not given.source.layer.startswith("exposure_") or content == "value":
        return {}
    if isinstance(given, GridLayer):
        return {} if given.raster is None else {"value": float(np.nansum(given.raster.values)) + given.outside}
    if given.band is None or content not in (None, "amount"):
        return {}
    return {"value": float(np.nansum(given.band.raster.values))}


def check_project(file: str | Path, *, progress: Callable[[float, Text], None] | None = None) -> CheckedProject:
    """Check a project: its declaration, every input, what shows between inputs, declared totals; nothing is written.

    Raises
    ------
    SpecError
        The project file itself is wrong.
    """
    catalog = house()
    loaded = load(file, catalog)
    layers = sorted(loaded.project.inputs, key=lambda layer: layer != "boundary")
    given: dict[str, Layer | GridLayer] = {}
    place: Place | None = None
    for number, layer in enumerate(layers):
        if progress:
            progress(number / len(layers), Text(f"检查 {layer}", f"checking {layer}"))
        given[layer] = prepared(loaded, catalog, layer, place)
        if layer == "boundary":
            place = _place(loaded, given[layer])
            if place is None:
                break
    inputs = loaded.project.inputs
    files = [_checked(g, inputs[layer].path, inputs[layer].content) for layer, g in given.items()]
    between = [] if place is None else _between(loaded, given, place)
    if progress:
        progress(1.0, Text("完成", "done"))
    return CheckedProject(loaded.file.name, files, between)


def _place(loaded: Loaded, boundary: Any) -> Place | None:
    """Give where the project is, None when the boundary cannot be used."""
    if boundary.frame is None or boundary.errors or not len(boundary.frame):
        return None
    crs, shape = system_of(loaded, boundary.frame), boundary.frame.geometry.union_all()
    return Place(crs, Area(shape, crs), Grid.covering(shape.bounds, loaded.project.cell_size_m, crs))


def _between(loaded: Loaded, given: dict[str, Any], place: Place) -> list[Finding]:
    sound = {layer: g for layer, g in given.items() if not g.errors}
    rows = {layer: g.frame for layer, g in sound.items() if isinstance(g, Layer) and g.frame is not None}
    cells = {layer: g.raster for layer, g in sound.items() if isinstance(g, GridLayer) and g.raster is not None}
    together = Together(
        rows_known=list(rows),
        cells_known=list(cells),
        rows=rows.__getitem__,
        cells=cells.__getitem__,
        area=place.area,
        declared=loaded.project.declared,
        limits=loaded.project.facts.get("plausible", {}),
        files={layer: spec.path for layer, spec in loaded.project.inputs.items()},
    )
    return sort(check_together(together))


Answer = TypeVar("Answer", bound=Checked | CheckedProject)


def strictly(checked: Answer) -> Answer:
    """Give the same with every warning made an error."""
    if isinstance(checked, Checked):
        return dataclasses.replace(checked, findings=strict(checked.findings))
    files = [dataclasses.replace(f, findings=strict(f.findings)) for f in checked.files]
    return dataclasses.replace(checked, files=files, between=strict(checked.between))


def import_file(
    file: str | Path, layer: str, database: str | Path, *, spec: InputSpec, warnings: bool = False
) -> Checked:
    """Import one file into a database, whole or not at all.

    The database's ``boundary``, when it has one, gives area and system. Findings, changed cells, the source and the data
    dictionary are written with the layer.

    Parameters
    ----------
    file : path
    layer : str
        Input id.
    database : str or path
        GeoPackage file or PostgreSQL URL.
    spec : InputSpec
        What is known of the file.
    warnings : bool
        Treat warnings as errors.

    Returns
    -------
    Checked
        When its ``failure`` is not None, nothing was written.

    Raises
    ------
    OutputError
    """
    path, declared, db = Path(file), _input_layer(layer), Database(database)
    _refuse_foreign(db, layer)
    area = _stored_area(db) if layer != "boundary" else None
    crs = area.crs if area is not None else None
    if "raster" in declared.geometry and path.exists() and holds_raster(path, spec, layer):
        return _import_raster(look_at_raster(path, spec, declared, area=area), path, db, spec, warnings=warnings)
    rows = prepare_rows(path, spec, declared, crs=crs, area=area)
    if layer == "boundary" and rows.frame is not None and rows.frame.crs.is_geographic:
        west, _, east, _ = rows.frame.total_bounds
        rows = in_system(rows, zone_of((west + east) / 2))
    checked = _checked(rows, path.name)
    checked = strictly(checked) if warnings else checked
    if checked.failure is None and rows.frame is not None:
        with db.transaction():
            _store(db, layer, rows, checked)
    return checked


def _refuse_foreign(db: Database, layer: str) -> None:
    """Raise when the database is another program's and holds a layer of this name: a write would replace it whole."""
    known = db.layers()
    if layer in known and "sources" not in known:
        raise OutputExistsError(
            Text(
                f"库里已有不是本程序写的图层 {layer}，没有改动",
                f"it holds a layer {layer} that riskmap did not write; it was left alone",
            ),
            remedy=Text("换一个 --db", "use another --db"),
            file=db.path.name if db.path else None,
            layer=layer,
        )


def _import_raster(seen: RasterLayer, path: Path, db: Database, spec: InputSpec, *, warnings: bool) -> Checked:
    """Write a raster as a COG into the folder ``grids`` beside a GeoPackage, and list it there."""
    if db.path is None:
        raise OutputError(
            Text("栅格放在 GeoPackage 旁边，不进 PostgreSQL", "rasters lie beside a GeoPackage, not in PostgreSQL"),
            remedy=Text("--db 写一个 .gpkg 文件", "name a .gpkg file with --db"),
            file=db.name,
        )
    checked = _checked(seen, path.name, spec.content)
    checked = strictly(checked) if warnings else checked
    if checked.failure is not None or seen.band is None:
        return checked
    declared, raster, count = house().layer(checked.layer), seen.band.raster, None
    if spec.levels is not None:
        count = spec.levels.count
        codes = np.where(np.isnan(raster.values), 0, raster.values).astype(np.int64)
        raster = Raster(raster.grid, to_worst_high(codes, count=count, worst=spec.levels.worst))
    listed = GridFact(checked.layer, declared.title, count, None if count else declared.fields["value"].unit)
    with db.transaction():
        _put(db, "grids", checked.layer, grids_frame([listed], raster.grid.crs, raster.grid.cell_size[0]), key="id")
        _put(db, "findings", checked.layer, to_frame(checked.findings, None))
        _put(db, "sources", checked.layer, sources_frame([dataclasses.asdict(checked.source)]))
        write_cog(raster, db.grid_path(checked.layer), title=declared.title.zh)
    return checked


def _stored_area(db: Database) -> Area | None:
    if "boundary" not in db.layers():
        return None
    boundary = db.read("boundary")
    return Area(boundary.geometry.union_all(), boundary.crs)


def _store(db: Database, layer: str, rows: Layer, checked: Checked) -> None:
    """Write a layer and what is said about it, in place of what stood there."""
    findings = [*checked.findings, *db.write(layer, rows.frame)]
    crs = rows.frame.crs if is_spatial(rows.frame) else None
    _put(db, "findings", layer, to_frame(findings, crs))
    _put(db, "repairs", layer, checked.repairs)
    _put(db, "sources", layer, sources_frame([dataclasses.asdict(checked.source)]))
    sources = db.read("sources")
    db.write_dictionary({s.layer: json.loads(s.mapping) for s in sources.itertuples()})


def _put(db: Database, table: str, layer: str, frame: Any, key: str = "layer") -> None:
    """Replace the rows of one layer in a table about all of them."""
    if table in db.layers():
        kept = db.read(table)
        kept = kept[kept[key] != layer]
        crs = getattr(kept, "crs", None) or getattr(frame, "crs", None)
        if crs is not None:
            frame, kept = (f.set_crs(crs) if f.crs is None else f.to_crs(crs) for f in (frame, kept))
        frame = pd.concat([kept, frame[kept.columns]], ignore_index=True) if len(kept) else frame
    db.write(table, frame)
