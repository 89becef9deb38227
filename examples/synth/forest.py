"""Forest patches of an exact total area, and polygons of cell masks."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from rasterio.features import shapes
from rasterio.transform import from_origin
from shapely import Point, Polygon
from shapely.geometry import shape as to_shape

from .drawing import Field, chaikin, noise, rounded
from .land import Land

LEAST_M2 = 6e4


def polygons_of(mask: np.ndarray, field: Field) -> list[Polygon]:
    """Return the polygons of true cells of a mask on the lattice of ``field``."""
    transform = from_origin(field.west, field.north, field.step, field.step)
    found = shapes(mask.astype("uint8"), mask=mask, transform=transform)
    return [to_shape(geometry) for geometry, _ in found]


def grow_forest(land: Land, settled: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return forest patches of exactly ``forest_ha`` in all: hill woods and a few belts by the rivers."""
    place, grain = land.place, land.place.grain
    rng = place.stream("forest")
    wood = (
        0.8 * land.hilliness.values
        + 0.16 * noise(land.height, rng, 1500 * grain)
        + 0.20 * noise(land.height, rng, 520 * grain)
    )
    x, y = land.height.centres()
    inside = shapely.contains_xy(land.outline, x, y)
    belt = (
        land.river_net()
        .buffer(110)
        .difference(land.river_net().buffer(45))
        .intersection(shapely.union_all([Point(p).buffer(2400) for p in _belts(land)]))
    )
    free = land.outline.buffer(-5).difference(settled).difference(shapely.union_all(land.reservoirs.buffer(30).values))
    target = place.forest_ha * 1e4
    low, high = (0.0 if target < 0.4 * land.outline.area else -1.0), 2.0
    for _ in range(14):  # a level of suitability that leaves a little to grow
        level = (low + high) / 2
        patches = _patches((wood > level) & inside, land)
        area = shapely.union_all([*patches, belt]).intersection(free).area
        low, high = (level, high) if area > target else (low, level)
    return _exact_forest(land, shapely.union_all([*patches, belt]), free, target)


def _belts(land: Land) -> np.ndarray:
    points = land.place.forest_belts_km
    return land.place.metres(points) if points else np.empty((0, 2))


def _patches(mask: np.ndarray, land: Land) -> list[shapely.Geometry]:
    grain = land.place.grain
    soft = [_soft(p.buffer(45 * grain).buffer(-60 * grain), 75 * grain) for p in polygons_of(mask, land.height)]
    return [p for p in soft if p.area > LEAST_M2 * grain**2]


def _soft(shape: shapely.Geometry, tolerance: float) -> shapely.Geometry:
    """Return a shape without the steps of the cells it came from."""
    parts = []
    for part in shapely.get_parts(shape.simplify(tolerance)):
        rings = [chaikin(np.array(r.coords), 2) for r in (part.exterior, *part.interiors)]
        parts.append(Polygon(rings[0], rings[1:]).buffer(0))
    return shapely.union_all(parts)


def _exact_forest(land: Land, wood: shapely.Geometry, free: shapely.Geometry, target: float) -> gpd.GeoDataFrame:
    """Move the forest edge by centimetres until the total is right to a few square metres."""
    grain = land.place.grain
    low, high = -30.0 * grain, 30.0 * grain
    for _ in range(45):
        middle = (low + high) / 2
        grown = rounded(wood.buffer(middle, join_style="mitre").intersection(free))
        low, high = (middle, high) if grown.area < target else (low, middle)
    parts = [p for p in shapely.get_parts(grown) if p.geom_type == "Polygon"]
    parts.sort(key=lambda p: -p.area)
    names = [f"示例林地{i + 1:03d}" for i in range(len(parts))]
    return gpd.GeoDataFrame({"name": names}, geometry=parts, crs=land.place.epsg)
