"""Builds of the examples' project files, and what tests read from them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
import yaml

import riskmap
from riskmap.data.database import Database
from riskmap.network.roads import RoadNetwork
from riskmap.workflow.build import Built


def build_in(place: Path, name: str, folder: Path, *steps: str, **changes: object) -> Built:
    """Build a project file of a place, or a copy of it with other keys beside the same data, in a folder of its own."""
    file = place / f"{name}.yaml"
    folder.mkdir(parents=True, exist_ok=True)
    if changes:
        project = yaml.safe_load(file.read_text("utf-8")) | changes
        for layer, given in project["inputs"].items():
            spec = given if isinstance(given, dict) else {"path": given}
            project["inputs"][layer] = spec | {"path": str(place / spec["path"])}
        file = folder / "other.yaml"
        file.write_text(yaml.safe_dump(project, allow_unicode=True), "utf-8")
    return riskmap.build(file, folder / "out", only=steps)


def rows(made: Built, layer: str) -> gpd.GeoDataFrame:
    """Return a layer of a build."""
    return Database(made.out / "riskmap.gpkg").read(layer)


def grid(made: Built, name: str) -> np.ndarray:
    """Return a grid of a build, NaN where it knows nothing."""
    with rasterio.open(made.out / "grids" / f"{name}.tif") as file:
        return file.read(1, masked=True).astype(float).filled(np.nan)


def longest_drive_min(made: Built, network: RoadNetwork) -> float:
    """Return the longest drive in minutes, from the stations and new sites of a build to the node nearest to each peopled cell."""
    stations = pd.concat([rows(made, "fire_stations").geometry, rows(made, "siting_sites").geometry])
    seconds = network.reach(gpd.GeoDataFrame(geometry=stations.to_numpy(), crs=stations.crs), limit_s=np.inf)
    nodes = gpd.GeoSeries(shapely.points(network.xy), crs=stations.crs)
    with rasterio.open(made.out / "grids" / "exposure_population.tif") as file:
        people, transform = file.read(1), file.transform
    row, column = np.nonzero(np.nan_to_num(people) > 0)
    x, y = transform @ (column + 0.5, row + 0.5)
    found = nodes.sindex.nearest(shapely.points(x, y), return_all=False)[1]
    return float(np.nanmax(seconds.reindex(network.ids[found]))) / 60
