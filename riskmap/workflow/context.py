"""What a step sees: the project, the layers made so far, the facts, and where to put findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from riskmap import zonal
from riskmap.crs import LONLAT, parse, require_metric, require_true_areas, zone_of
from riskmap.data.catalog import Catalog
from riskmap.data.database import Database
from riskmap.data.findings import Finding
from riskmap.data.places import Area
from riskmap.data.rasters import read_grid
from riskmap.data.windows import windows
from riskmap.errors import DataError, RiskmapError
from riskmap.grid import Grid, Raster
from riskmap.text import Lang, Text
from riskmap.workflow.clusters import workers
from riskmap.workflow.project import Loaded

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyproj

ABOUT_THE_BUILD = ("findings", "repairs", "sources", "runs", "grids", "dictionary", "domains")
"""Tables that the end of a build writes; they stand in the database beside the layers, and no step reads them."""


@dataclass(frozen=True)
class FactUse:
    """A value that was used: where it stands, how sure it is, and whether the project set it."""

    topic: str
    key: str
    value: Any
    confidence: str
    source: str
    overridden: bool


@dataclass(frozen=True, eq=False)
class GridResult:
    """A grid that a step gives: title for readers, and how many levels it counts (None: values)."""

    raster: Raster
    title: Text
    levels: int | None = None
    unit: str | None = None


@dataclass(eq=False)
class Results:
    """What a step gives: rows and grids by layer id, findings, figures for ``run.json``, files it wrote, changed cells."""

    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    grids: dict[str, GridResult] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    totals: dict[str, Any] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    repairs: pd.DataFrame | None = None


@dataclass(eq=False)
class Context:
    """Everything a step may read. Steps read layers by id and write none themselves; the build stores what they give.

    ``jobs`` threads, or the Dask cluster at the address ``dask``, work on blocks of cells; the results are the same.
    """

    loaded: Loaded
    catalog: Catalog
    folder: Path
    lang: Lang
    database: Database
    used: dict[tuple[str, str], FactUse] = field(default_factory=dict)
    facts_known: dict[tuple[str, str], FactUse] = field(default_factory=dict)
    grids_known: dict[str, dict[str, Any]] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    jobs: int = 1
    dask: str | None = None
    failed: dict[str, list[RiskmapError]] = field(default_factory=dict)

    @property
    def project(self) -> Any:
        """The project record."""
        return self.loaded.project

    def has(self, layer: str) -> bool:
        """Tell whether a layer of rows or cells has been made."""
        return layer not in self.failed and (layer in self.grids_known or layer in self.database.layers())

    def rows(self, layer: str) -> Any:
        """Read a layer of rows."""
        return self.database.read(layer)

    def grid_path(self, layer: str) -> Path:
        """Give the path of a grid in the work folder."""
        return self.folder / "grids" / f"{layer}.tif"

    def cells(self, layer: str) -> Raster:
        """Read a layer of cells."""
        return read_grid(self.grid_path(layer))

    def over_blocks(self, function: Callable[..., Any], *given: Any) -> Iterator[Any]:
        """Call ``function(*given, window)`` for each window of the project's grid, here or on the cluster, in order."""
        yield from self.over(function, ((*given, window) for window in windows(self.grid)))

    def over(self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Call ``function(*given)`` for each of the arguments, here or on the cluster, in order."""
        with workers(threads=self.jobs, dask=self.dask) as mapper:
            yield from mapper(function, arguments)

    def levels_of(self, layer: str) -> int | None:
        """Give how many levels a grid counts; None for values."""
        return self.grids_known[layer]["levels"]

    def is_synthetic(self, layer: str) -> bool:
        """Tell whether a layer's delivery says of itself that it is made up."""
        return bool(self.totals.get(f"import:{layer}", {}).get("synthetic"))

    def fact(self, topic: str, key: str) -> Any:
        """Give a fact's value, the project's where it sets one, and remember that it was used."""
        fact = self.catalog.facts(topic).values[key]
        overrides: Mapping[str, Any] = self.project.facts.get(topic, {})
        use = FactUse(topic, key, overrides.get(key, fact.value), fact.confidence, fact.source, key in overrides)
        self.used[topic, key] = use
        return use.value

    @property
    def limits(self) -> Mapping[str, Any]:
        """The project's own limits of what is plausible in data."""
        return self.project.facts.get("plausible", {})

    def uncertain_facts(self) -> list[FactUse]:
        """Give the values of less than standard confidence that the steps so far used and the project did not set."""
        uses = [use for _, use in sorted(self.facts_known.items())]
        return [use for use in uses if use.confidence != "standard" and not use.overridden]

    def fact_table(self, topic: str, key: str) -> tuple[dict[str, Any], ...]:
        """Give the rows of a table of facts, the project's where it has one, and remember that it was used."""
        table = self.catalog.facts(topic).tables[key]
        own = self.project.facts.get(topic, {}).get(key)
        rows = table.rows if own is None else tuple(own)
        use = FactUse(topic, key, f"{len(rows)} rows", table.confidence, table.source, own is not None)
        self.used[topic, key] = use
        return rows

    @cached_property
    def boundary_frame(self) -> gpd.GeoDataFrame:
        """The imported boundary, in the project's system."""
        return self.database.read("boundary")

    @property
    def crs(self) -> pyproj.CRS:
        """The project's system."""
        return self.boundary_frame.crs

    @cached_property
    def boundary(self) -> Any:
        """The boundary as one geometry, in the project's system."""
        return self.boundary_frame.geometry.union_all()

    @cached_property
    def area(self) -> Area:
        """The boundary with its system."""
        return Area(self.boundary, self.crs)

    @cached_property
    def grid(self) -> Grid:
        """The project's grid over the boundary."""
        return Grid.covering(self.boundary.bounds, self.project.cell_size_m, self.crs)

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Cells whose centre lies in the boundary."""
        cells = zonal.inside(self.boundary_frame, self.grid)
        if not cells.any():
            raise DataError(
                Text(
                    f"边界内没有一个 {self.project.cell_size_m:g} m 的格子",
                    f"the boundary holds no cell of {self.project.cell_size_m:g} m",
                ),
                remedy=Text("减小 cell_size_m，或检查边界", "make cell_size_m smaller, or check the boundary"),
                layer="boundary",
            )
        return cells


def system_of(loaded: Loaded, boundary: gpd.GeoDataFrame) -> pyproj.CRS:
    """Give the system that the project asks for, else the CGCS2000 3-degree zone of the boundary's middle."""
    if loaded.project.crs:
        crs = parse(loaded.project.crs, file=loaded.file.name)
    else:
        west, _, east, _ = boundary.to_crs(LONLAT).total_bounds
        crs = zone_of((west + east) / 2)
    require_metric(crs, what=Text("项目坐标系", "the project's system"))
    require_true_areas(crs, boundary.to_crs(LONLAT).total_bounds, what=Text("项目坐标系", "the project's system"))
    return crs
