"""Hazards: schematic fields that look like census deliveries. None of them is an assessment."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import distance_transform_edt, gaussian_filter

from .common import CENTRE, METRIC, Field, lattice, noise, rounded, stream
from .country import Country
from .grids import Grid, degrees, metres, within
from .land import Land, faces_of, polygons_of, soft_arcs
from .settle import blob

GEOLOGY_WORDS = ["低", "中低", "中", "中高", "高"]
HOLE_KM2 = 2.0


def earthquake(land: Land) -> tuple[Grid, np.ndarray]:
    """Return peak ground acceleration in g, 30 arc seconds, rising towards the fault zone in the east.

    The plan puts the district at the western edge of the Tan-Lu fault zone, so the zone lies east of it.
    """
    grid = degrees(land.outline, 30, "EPSG:4326", margin=2)
    x, y = grid.centres()
    east, north = (x - CENTRE[0]) / 1000, (y - CENTRE[1]) / 1000
    to_fault = 26.0 - east * np.cos(np.radians(14)) + north * np.sin(np.radians(14))  # km to a schematic trace NNE
    soft = land.height.like(noise(land.height, stream("site class"), 6000)).at(x, y)
    plain = 1 - np.clip(land.hilliness.at(x, y), 0, 1)
    value = 0.30 * np.exp(-to_fault / 34) + 0.018 * plain + 0.006 * soft
    return grid, np.round(value, 4)


def geology(land: Land) -> gpd.GeoDataFrame:
    """Return areas of geohazard susceptibility in the five census words; they cover the district."""
    frame = lattice(land.outline.bounds, 200, 1500)
    x, y = frame.centres()
    rng = stream("geology")
    slope = np.hypot(*np.gradient(land.height.values, land.height.step))
    steep = land.height.like(gaussian_filter(slope, 3)).at(x, y)
    score = 2.6 * steep + 0.32 * land.hilliness.at(x, y) + 0.10 * gaussian_filter(noise(frame, rng, 2200), 1)
    label = np.digitize(gaussian_filter(score, 1.2), [0.16, 0.36, 0.57, 0.73])
    blocks = [shapely.union_all(polygons_of(label == k, frame)) for k in range(5) if (label == k).any()]
    faces = faces_of(soft_arcs(blocks, 130), land.outline)
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    found = label[
        ((frame.north - inner[:, 1]) // frame.step).astype(int), ((inner[:, 0] - frame.west) // frame.step).astype(int)
    ]
    table = gpd.GeoDataFrame({"level": found}, geometry=[rounded(f) for f in faces], crs=METRIC)
    table = table[table.area > 1].sort_values("level", ascending=False, kind="stable").reset_index(drop=True)
    return table.assign(word=[GEOLOGY_WORDS[k] for k in table.level])


def flood(country: Country, underpasses: np.ndarray) -> tuple[Grid, np.ndarray]:
    """Return water depth in metres on 50 m cells: rivers out of their banks, low ground, flooded underpasses."""
    land = country.land
    grid = metres(land.outline, 50)
    x, y = grid.centres()
    rng = stream("flood")
    frame = Field(np.zeros(grid.shape), grid.west, grid.north, grid.step)
    hilly = land.hilliness.at(x, y)
    rough = 0.55 * noise(frame, rng, 1800) + 0.35 * noise(frame, rng, 600)
    depth = np.zeros(grid.shape)
    for name, full in (("淄河", 2.5), ("乌河", 1.7), ("运粮河", 1.4)):
        channel = within(land.rivers[name].buffer(30), grid)
        away = distance_transform_edt(~channel) * grid.step
        fall = np.where(hilly > 0.1, 0.012, 0.0030)
        depth = np.maximum(depth, full - fall * away + np.where(away < 60, 0.9, rough * np.clip(1 - hilly * 4, 0, 1)))
    puddle = 0.5 * (noise(frame, rng, 1000) - 1.75)
    town = within(shapely.union_all([p.area for p in country.towns if p.kind in ("town", "seat")]), grid)
    depth = np.maximum(depth, np.where(town, puddle, -1))
    for px, py in underpasses:
        depth = np.maximum(depth, rng.uniform(0.7, 1.9) * (1 - np.hypot(x - px, y - py) / 130))
    for pool in land.reservoirs.geometry:
        depth = np.where(within(pool, grid), 6.0, depth)
    depth = np.where(depth < 0.05, 0, np.round(np.clip(depth, 0, 6) / 0.05) * 0.05)
    return grid, np.where(within(land.outline.buffer(170), grid), depth, -9999.0)


def forest_fire(country: Country, forest: gpd.GeoDataFrame) -> tuple[Grid, np.ndarray, shapely.Polygon]:
    """Return forest-fire levels 1 (lowest) to 5, and the piece of hills that nobody surveyed (255)."""
    land = country.land
    grid = degrees(land.outline, 3)
    x, y = grid.centres()
    wood = within(forest.union_all(), grid)
    away = distance_transform_edt(~wood) * 83.0
    slope = np.hypot(*np.gradient(land.height.values, land.height.step))
    steep = land.height.like(gaussian_filter(slope, 2)).at(x, y)
    rough = land.height.like(noise(land.height, stream("fuel"), 1100)).at(x, y)
    inside = np.digitize(steep * 2.2 + 0.20 * rough, [0.25, 0.55]) + 3
    level = np.where(wood, inside, np.where(away < 150, 3, np.where(away < 450, 2, 1)))
    hole = _unsurveyed(country)
    level = np.where(within(hole, grid), 255, level)
    return grid, np.where(within(land.outline.buffer(170), grid), level, 255), hole


def _unsurveyed(country: Country) -> shapely.Polygon:
    """Return a patch of about 2 km2 in the hills, as far from people as can be."""
    land = country.land
    x, y = (v.ravel() for v in land.height.centres())
    good = shapely.contains_xy(land.outline.buffer(-1500).difference(land.township_lines().buffer(1200)), x, y) & (
        land.hilliness.at(x, y) > 0.35
    )
    points = np.column_stack([x, y])[good]
    away = shapely.distance(shapely.points(points), shapely.multipoints(country.place_points()))
    return blob(tuple((points[away.argmax()] - CENTRE) / 1000), HOLE_KM2, stream("hole"), 1.1)


def meteorology(land: Land) -> tuple[Grid, np.ndarray]:
    """Return a rainstorm-led hazard index 0-1, 30 arc seconds, higher over the south-eastern hills."""
    grid = degrees(land.outline, 30, margin=2)
    x, y = grid.centres()
    east, north = (x - CENTRE[0]) / 1000, (y - CENTRE[1]) / 1000
    rough = land.height.like(noise(land.height, stream("rain"), 7000)).at(x, y)
    value = 0.50 - 0.011 * north + 0.008 * east + 0.06 * rough
    return grid, np.round(np.clip(value, 0, 1), 4)
