"""Small worlds worked out by hand that several tests share."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine

from riskmap.crs import parse
from riskmap.grid import Grid
from riskmap.risk import zoning

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
