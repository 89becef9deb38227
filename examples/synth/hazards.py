"""Hazards: schematic fields that look like census deliveries. None of them is an assessment."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import shapely
from scipy.ndimage import distance_transform_edt, gaussian_filter

from .country import Country
from .drawing import Coords, Field, lattice, noise, rounded
from .forest import polygons_of
from .grids import Grid, degrees, metres, within
from .land import Land, faces_of, soft_arcs
from .place import Fault, Surface
from .settle import blob

GEOLOGY_WORDS = ["低", "中低", "中", "中高", "高"]
HOLE_KM2 = 2.0


def earthquake(land: Land, fault: Fault) -> tuple[Grid, np.ndarray]:
    """Return peak ground acceleration in g, 30 arc seconds, falling with the distance from a schematic fault."""
    place = land.place
    grid = degrees(place, land.outline, 30, "EPSG:4326", margin=2)
    x, y = grid.centres()
    east, north = place.km(x, y)
    turn = np.radians(fault.turn_degrees)
    to_fault = fault.east_km - east * np.cos(turn) + north * np.sin(turn)
    soft = land.height.like(noise(land.height, place.stream("site class"), 6000)).at(x, y)
    plain = 1 - np.clip(land.hilliness.at(x, y), 0, 1)
    value = fault.strength_g * np.exp(-to_fault / fault.decay_km) + fault.soft_g * plain + 0.006 * soft
    return grid, np.round(value, 4)


def geology(land: Land) -> gpd.GeoDataFrame:
    """Return areas of geohazard susceptibility in the five census words; they cover the place."""
    place, grain = land.place, land.place.grain
    frame = lattice(land.outline.bounds, 200 * grain, 1500)
    x, y = frame.centres()
    rng = place.stream("geology")
    slope = np.hypot(*np.gradient(land.height.values, land.height.step))
    steep = land.height.like(gaussian_filter(slope, 3)).at(x, y)
    score = 2.6 * steep + 0.32 * land.hilliness.at(x, y) + 0.10 * gaussian_filter(noise(frame, rng, 2200 * grain), 1)
    table = covering(land, gaussian_filter(score, 1.2), frame, [0.16, 0.36, 0.57, 0.73])
    return table.assign(word=[GEOLOGY_WORDS[k] for k in table.level])


def flood(
    country: Country, rivers: Mapping[str, float], underpasses: np.ndarray, step: int = 50
) -> tuple[Grid, np.ndarray]:
    """Return water depth in metres: rivers out of their banks, low ground of towns, flooded underpasses.

    ``rivers`` says how deep the water stands over the banks of each river.
    """
    land = country.land
    grid = metres(land.place, land.outline, step)
    x, y = grid.centres()
    rng = land.place.stream("flood")
    frame = Field(np.zeros(grid.shape), grid.west, grid.north, grid.step)
    hilly = land.hilliness.at(x, y)
    rough = 0.55 * noise(frame, rng, 1800) + 0.35 * noise(frame, rng, 600)
    depth = np.zeros(grid.shape)
    for name, full in rivers.items():
        channel = within(land.rivers[name].buffer(30 * step / 50), grid)
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
    return grid, np.where(within(land.outline.buffer(170 * land.place.grain), grid), depth, -9999.0)


def forest_fire(
    country: Country, forest: gpd.GeoDataFrame, hole: shapely.Geometry | None = None
) -> tuple[Grid, np.ndarray]:
    """Return forest-fire levels 1 (lowest) to 5; the piece of hills that nobody surveyed, if any, is 255."""
    land, grain = country.land, country.land.place.grain
    grid = degrees(land.place, land.outline, land.place.dem_seconds)
    x, y = grid.centres()
    wood = within(forest.union_all(), grid)
    away = distance_transform_edt(~wood) * (83.0 * land.place.dem_seconds / 3)
    slope = np.hypot(*np.gradient(land.height.values, land.height.step))
    steep = land.height.like(gaussian_filter(slope, 2)).at(x, y)
    rough = land.height.like(noise(land.height, land.place.stream("fuel"), 1100)).at(x, y)
    inside = np.digitize(steep * 2.2 + 0.20 * rough, [0.25, 0.55]) + 3
    level = np.where(wood, inside, np.where(away < 150 * grain, 3, np.where(away < 450 * grain, 2, 1)))
    if hole is not None:
        level = np.where(within(hole, grid), 255, level)
    return grid, np.where(within(land.outline.buffer(170 * grain), grid), level, 255)


def unsurveyed(country: Country) -> shapely.Polygon:
    """Return a patch of about 2 km2 in the hills, as far from people as can be."""
    land = country.land
    x, y = (v.ravel() for v in land.height.centres())
    good = shapely.contains_xy(land.outline.buffer(-1500).difference(land.township_lines().buffer(1200)), x, y) & (
        land.hilliness.at(x, y) > 0.35
    )
    points = np.column_stack([x, y])[good]
    away = shapely.distance(shapely.points(points), shapely.multipoints(country.place_points()))
    centre = tuple((points[away.argmax()] - land.place.centre) / 1000)
    return blob(land.place, centre, HOLE_KM2, land.place.stream("hole"), 1.1)


def meteorology(land: Land, mean: Surface) -> tuple[Grid, np.ndarray]:
    """Return a rainstorm-led hazard index 0-1, 30 arc seconds: a plane with noise on it."""
    place = land.place
    grid = degrees(place, land.outline, 30, margin=2)
    x, y = grid.centres()
    east, north = place.km(x, y)
    rough = land.height.like(noise(land.height, place.stream("rain"), 7000)).at(x, y)
    value = mean(east, north) + 0.06 * rough
    return grid, np.round(np.clip(value, 0, 1), 4)


def covering(land: Land, score: Coords, frame: Field, limits: list[float]) -> gpd.GeoDataFrame:
    """Return polygons that cover the place, numbered by the class of a score on a lattice."""
    label = np.digitize(score, limits)
    blocks = [shapely.union_all(polygons_of(label == k, frame)) for k in range(len(limits) + 1) if (label == k).any()]
    faces = faces_of(soft_arcs(blocks, 0.65 * frame.step), land.outline)
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    row = ((frame.north - inner[:, 1]) // frame.step).astype(int)
    found = label[row, ((inner[:, 0] - frame.west) // frame.step).astype(int)]
    table = gpd.GeoDataFrame({"level": found}, geometry=[rounded(f) for f in faces], crs=land.place.epsg)
    return table[table.area > 1].sort_values("level", ascending=False, kind="stable").reset_index(drop=True)
