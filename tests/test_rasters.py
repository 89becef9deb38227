"""Rasters as delivered: whichever way their rows and columns run, whatever they write for unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine

from riskmap.data.catalog import house
from riskmap.data.gridding import RasterLayer, look_at_raster, prepare_grid
from riskmap.data.places import Area
from riskmap.data.spec import InputSpec
from riskmap.grid import Grid

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) / 4
WEST, SOUTH, CELL = 600_000, 4_060_000, 10


def written(path: Path, values: np.ndarray, transform: Affine, **profile: Any) -> RasterLayer:
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
    with rasterio.open(
        path, "w", **{"driver": "GTiff", "crs": "EPSG:4548", **shape, **profile}, transform=transform
    ) as file:
        file.write(values, 1)
    return look_at_raster(path, InputSpec(path=path.name), house().layer("hazard_flood"))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("south_up", [False, True])
def test_rows_and_columns_may_run_either_way(tmp_path: Path, mirrored: bool, south_up: bool) -> None:
    values = VALUES[:, ::-1] if mirrored else VALUES
    values = values[::-1] if south_up else values
    west, dx = (WEST + 4 * CELL, -CELL) if mirrored else (WEST, CELL)
    north, dy = (SOUTH, CELL) if south_up else (SOUTH + 3 * CELL, -CELL)
    given = written(tmp_path / "水深.tif", values, Affine(dx, 0, west, 0, dy, north))
    raster = given.band.raster
    assert raster.values.tolist() == VALUES.tolist()
    assert raster.grid.bounds == (WEST, SOUTH, WEST + 4 * CELL, SOUTH + 3 * CELL)


def test_an_ascii_grid_with_its_own_nodata(tmp_path: Path) -> None:
    path = tmp_path / "水深.asc"
    path.write_text(
        "ncols 3\nnrows 2\nxllcorner 600000\nyllcorner 4060000\ncellsize 10\nNODATA_value -9999\n1 2 3\n4 -9999 6\n",
        encoding="ascii",
    )
    given = look_at_raster(path, InputSpec(path=path.name, crs="EPSG:4548"), house().layer("hazard_flood"))
    assert np.isnan(given.band.raster.values[1, 1])
    assert np.nansum(given.band.raster.values) == 16
    refused = look_at_raster(path, InputSpec(path=path.name), house().layer("hazard_flood"))
    assert [f.code for f in refused.findings if f.severity == "error"] == ["CRS_MISSING"]


def test_a_raster_of_nothing_but_unknown_is_an_error(tmp_path: Path) -> None:
    transform = Affine(CELL, 0, WEST, 0, -CELL, SOUTH + 3 * CELL)
    given = written(tmp_path / "a.tif", np.full_like(VALUES, -9999), transform, nodata=-9999)
    assert [f.code for f in given.findings if f.severity == "error"] == ["RASTER_EMPTY"]
    assert given.band is None


def test_the_largest_number_of_the_type_may_stand_for_no_data(tmp_path: Path) -> None:
    values = np.array([[1, 2, 255], [4, 5, 255]], dtype=np.uint8)
    place = Affine(CELL, 0, WEST, 0, -CELL, SOUTH)
    found = written(tmp_path / "a.tif", values, place).findings
    assert [f.severity for f in found if f.code == "NODATA_SUSPECTED"] == ["warning"]
    spread = np.array([[1, 200, 255], [4, 5, 255]], dtype=np.uint8)
    for name, cells, said in (("b.tif", spread, {}), ("c.tif", values, {"nodata": 255})):
        found = written(tmp_path / name, cells, place, **said).findings
        assert "NODATA_SUSPECTED" not in [f.code for f in found]


def test_a_raster_beside_the_area_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    written(path, VALUES, Affine(CELL, 0, WEST, 0, -CELL, SOUTH))
    area = Area(shapely.box(WEST + 1000, SOUTH, WEST + 1200, SOUTH + 200), pyproj.CRS.from_epsg(4548))
    found = look_at_raster(path, InputSpec(path=path.name), house().layer("hazard_flood"), area=area).findings
    assert [f.code for f in found if f.severity == "error"] == ["RASTER_ELSEWHERE"]


@pytest.mark.parametrize(
    ("content", "factor"),
    [("amount", 4.0), ("density_per_km2", 400e-6), ("density_per_m2", 400.0), ("value", 1.0)],
)
def test_what_a_cell_of_an_exposure_holds_decides_how_it_lands(tmp_path: Path, content: Any, factor: float) -> None:
    """Four cells of 10 m make one of 20 m: amounts add up, densities count its 400 m2, values are averaged."""
    path = tmp_path / "a.tif"
    written(path, VALUES[:2], Affine(CELL, 0, WEST, 0, -CELL, SOUTH + 2 * CELL))
    area = Area(shapely.box(WEST, SOUTH, WEST + 4 * CELL, SOUTH + 2 * CELL), pyproj.CRS.from_epsg(4548))
    grid = Grid.covering(area.bounds, 2 * CELL, area.crs, margin=0)
    spec = InputSpec(path=path.name, content=content)
    given = prepare_grid(path, spec, house().layer("exposure_fuel"), grid, area=area)
    means = VALUES[:2].reshape(2, 2, 2).mean(axis=(0, 2))
    assert given.raster.values[0].tolist() == pytest.approx((means * factor).tolist())
