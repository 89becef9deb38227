"""Builds of the examples' project files, and what tests read from them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import yaml

import riskmap
from riskmap.data.database import Database
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
