"""Small worlds worked out by hand that several tests share."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
import yaml
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from riskmap.crs import parse
from riskmap.data.database import Database
from riskmap.data.rasters import read_grid
from riskmap.grid import Grid
from riskmap.risk import zoning
from riskmap.workflow.build import Built, build

METRIC = parse("EPSG:4548")


def hand_world() -> dict:
    """Ten cells of 1 km in a row of two: townships A (4 cells), B (overlaps A, 6 cells), and 2 km2 in no township.

    columns      0  1  2  3  4
    north row    4  2  2  0  1
    south row    1  2  3  3  1
    """
    grid = Grid((2, 5), Affine(1000, 0, 0, 0, -1000, 2000), METRIC)
    levels = np.array([[4, 2, 2, 0, 1], [1, 2, 3, 3, 1]], np.uint8)
    boundary = shapely.box(0, 0, 5000, 2000)
    inside = np.ones((2, 5), dtype=bool)
    people = np.array([[5.0, 10, 20, 40, 80], [160, 320, np.nan, 640, 1280]])
    townships = gpd.GeoDataFrame(
        {"name": ["乙", "甲"], "code": ["370305002", "370305001"]},
        geometry=[shapely.box(1500, 0, 4000, 2000), shapely.box(0, 0, 2000, 2000)],
        crs=METRIC,
    )
    zones = zoning.risk_zones(levels, inside, boundary, grid)
    return {
        "zones": zones,
        "townships": townships,
        "boundary": boundary,
        "levels": levels,
        "people": people,
        "inside": inside,
        "grid": grid,
    }


SIDE = 100.0
ORIGIN = (600_000.0, 4_050_000.0)
"""South-west corner of the small county, EPSG:4548."""


def small_county(folder: Path, risk: dict | None = None, *, seed: int = 1, shift: float = 0.0, **more: object) -> Path:
    """Write a county of 4 x 3 km with three hazards, people, GDP, capacity and two townships, and its project file.

    The flood layer lacks a corner, geology comes in five levels, a village lies in each township.

    Parameters
    ----------
    folder : Path
    risk : dict, optional
        The project's ``risk``.
    seed : int
        Of the random layers.
    shift : float
        Metres to the east, for a neighbour.
    more : object
        Further keys of the project file.
    """
    rng = np.random.default_rng(seed)
    west, south = ORIGIN[0] + shift, ORIGIN[1]
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    boundary = shapely.box(west + 20, south + 30, west + 4020, south + 3030)
    _rows({"name": ["小县"], "code": ["370399"]}, [boundary], data / "boundary.gpkg")
    middle = west + 2217
    halves = [
        shapely.box(west - 100, south - 100, middle, south + 3200),
        shapely.box(middle, south - 100, west + 4200, south + 3200),
    ]
    _rows({"name": ["甲镇", "乙镇"], "code": ["370399100", "370399101"]}, halves, data / "townships.gpkg")
    points = [shapely.Point(west + 700, south + 900), shapely.Point(west + 3300, south + 2100)]
    _rows(
        {"name": ["东村", "西村"], "code": ["370399100001", "370399101001"], "population": [120, 80]},
        points,
        data / "villages.gpkg",
    )
    _rows({"name": ["甲镇", "乙镇"], "value": [0.3, 0.8]}, halves, data / "capacity.gpkg")
    grid = Grid((33, 43), Affine(SIDE, 0, west - 100, 0, -SIDE, south + 3200), METRIC)
    flood = _smooth(rng, grid.shape) * 3
    flood[:6, :6] = np.nan
    _raster(flood, grid, data / "flood.tif")
    _raster(0.05 + 0.3 * _smooth(rng, grid.shape), grid, data / "quake.tif")
    geology = (1 + np.floor(5 * _smooth(rng, grid.shape)).clip(0, 4)).astype(np.uint8)
    _raster(geology, grid, data / "geology.tif")
    _raster(np.round(30 * _smooth(rng, grid.shape) ** 3), grid, data / "people.tif")
    _raster(1e5 * _smooth(rng, grid.shape) ** 2, grid, data / "gdp.tif")
    project = {
        "schema": 1,
        "name": {"zh": "小县", "en": "Small county"},
        "crs": "EPSG:4548",
        "cell_size_m": SIDE,
        "inputs": {
            "boundary": "data/boundary.gpkg",
            "townships": "data/townships.gpkg",
            "villages": "data/villages.gpkg",
            "capacity": "data/capacity.gpkg",
            "hazard_flood": "data/flood.tif",
            "hazard_earthquake": "data/quake.tif",
            "hazard_geology": {"path": "data/geology.tif", "levels": {"count": 5, "worst": "high_code"}},
            "exposure_population": {"path": "data/people.tif", "content": "amount"},
            "exposure_gdp": {"path": "data/gdp.tif", "content": "amount"},
        },
        "risk": {"min_zone_ha": 4} | (risk or {}),
        **more,
    }
    file = folder / "riskmap.yaml"
    file.write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def _smooth(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Give a smooth random field from 0 to 1."""
    field = gaussian_filter(rng.standard_normal(shape), 3)
    return (field - field.min()) / (field.max() - field.min())


def _rows(columns: dict[str, list], shapes: list, path: Path) -> None:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=METRIC).to_file(path, layer=path.stem, driver="GPKG")


def _raster(values: NDArray, grid: Grid, path: Path) -> None:
    levels = values.dtype == np.uint8
    profile = {
        "driver": "GTiff",
        "height": grid.shape[0],
        "width": grid.shape[1],
        "count": 1,
        "transform": grid.transform,
    }
    kind = {"dtype": "uint8", "nodata": 0} if levels else {"dtype": "float32", "nodata": -9999.0}
    with rasterio.open(path, "w", crs="EPSG:4548", **profile, **kind) as file:
        file.write(values if levels else np.nan_to_num(values, nan=-9999.0).astype(np.float32), 1)


def built(file: Path, out: Path, *only: str) -> Built:
    """Build some steps of a project."""
    return build(file, out, only=only)


def grid_of(made: Built, layer: str) -> NDArray:
    """Read a grid of a build."""
    return read_grid(made.out / "grids" / f"{layer}.tif").values


def rows_of(made: Built, layer: str) -> gpd.GeoDataFrame:
    """Read a layer of a build."""
    return Database(made.out / "riskmap.gpkg").read(layer)
