"""A small county on disk whose answers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
import yaml
from affine import Affine

CRS = "EPSG:4548"
WEST, SOUTH, CELL = 600_000, 4_060_000, 100
SIDE = 20  # cells


def raster(path: Path, values: np.ndarray, *, nodata: float | None = None, crs: str | None = CRS) -> Path:
    """Write values (row 0 north) as a GeoTIFF whose lower left corner is the county's."""
    transform = Affine(CELL, 0, WEST, 0, -CELL, SOUTH + values.shape[0] * CELL)
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype,
    }
    with rasterio.open(path, "w", **profile, crs=crs, transform=transform, nodata=nodata) as file:
        file.write(values, 1)
    return path


def hazards() -> dict[str, np.ndarray]:
    """Two hazards on the county's 20 x 20 cells: levels rising to the north, metres of water rising to the east."""
    geology = np.repeat(np.array([5, 4, 3, 2, 1], np.uint8), 4)[:, None] * np.ones(SIDE, np.uint8)
    flood = np.ones((SIDE, 1), np.float32) * np.linspace(0, 3.8, SIDE, dtype=np.float32)
    flood[10, 3] = -9999.0
    return {"geology": geology, "flood": flood}


def people() -> np.ndarray:
    """Three people in every cell, 500 in one."""
    counted = np.full((SIDE, SIDE), 3, np.int32)
    counted[2, 17] = 500
    return counted


def county(folder: Path, **changes: Any) -> Path:
    """Write a county of 20 x 20 cells in two townships, and give its project file.

    Parameters
    ----------
    folder : Path
    **changes
        Top-level keys of the project file to replace; None takes a key away.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    east, north, middle = WEST + SIDE * CELL, SOUTH + SIDE * CELL, WEST + SIDE * CELL // 2
    square = shapely.box(WEST, SOUTH, east, north)
    gpd.GeoDataFrame({"name": ["示例县"], "code": ["370305"]}, geometry=[square], crs=CRS).to_file(
        data / "boundary.gpkg"
    )
    halves = [shapely.box(WEST, SOUTH, middle, north), shapely.box(middle, SOUTH, east, north)]
    towns = {"名称": ["西镇", "东<b>镇</b>"], "区划代码": ["370305100", "370305101"]}
    gpd.GeoDataFrame(towns, geometry=halves, crs=CRS).to_file(data / "townships.gpkg")
    made = hazards()
    raster(data / "geology.tif", made["geology"], nodata=255)
    raster(data / "flood.tif", made["flood"], nodata=-9999.0)
    raster(data / "people.tif", people(), nodata=-1)
    spots = [shapely.Point(WEST + 1550, SOUTH + 250), shapely.Point(WEST + 250, SOUTH + 1750)]
    villages = {
        "name": ["</script><script>alert(1)</script>", "=cmd|' /C calc'!A0"],
        "code": ["370305101001", "370305100001"],
        "population": [600, 300],
    }
    gpd.GeoDataFrame(villages, geometry=spots, crs=CRS).to_file(data / "villages.gpkg")
    project: dict[str, Any] = {
        "schema": 1,
        "name": {"zh": "示例县", "en": "Example County"},
        "crs": CRS,
        "cell_size_m": CELL,
        "inputs": {
            "boundary": "data/boundary.gpkg",
            "townships": "data/townships.gpkg",
            "villages": "data/villages.gpkg",
            "hazard_geology": {"path": "data/geology.tif", "levels": {"count": 5, "worst": "high_code"}},
            "hazard_flood": "data/flood.tif",
            "exposure_population": {"path": "data/people.tif", "content": "amount"},
        },
        "risk": {"weights": {"hazard_geology": 0.5, "hazard_flood": 0.5}, "min_zone_ha": 4},
    }
    project = {k: v for k, v in (project | changes).items() if v is not None}
    file = folder / "riskmap.yaml"
    file.write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file
