"""The land: outline, townships, rivers, reservoirs and heights. All invented."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from shapely import LineString, MultiLineString, Polygon
from shapely.affinity import rotate, scale

from .drawing import Coords, Field, chaikin, fractal, lattice, lines_of, noise, rounded, spline
from .place import Km, Place

NO_LINE = LineString()
"""A railway or motorway that the place has not."""


@dataclass
class Land:
    """Everything that is there before people come."""

    place: Place
    outline: Polygon
    townships: gpd.GeoDataFrame
    rivers: dict[str, LineString]
    rail: LineString
    motorway: LineString
    reservoirs: gpd.GeoDataFrame
    height: Field
    hilliness: Field

    def river_net(self) -> MultiLineString:
        """Return all rivers as one geometry."""
        return MultiLineString(list(self.rivers.values()))

    def obstacles(self) -> list[LineString]:
        """Return what streets keep off: railway, motorway, rivers."""
        return [line for line in (self.rail, self.motorway, *self.rivers.values()) if not line.is_empty]

    def township_at(self, points: Coords) -> np.ndarray:
        """Return the row number of the township of each point, -1 outside."""
        tree = shapely.STRtree(self.townships.geometry.values)
        which = np.full(len(points), -1)
        point, town = tree.query(shapely.points(points), predicate="within")
        which[point] = town
        return which

    def township_lines(self) -> MultiLineString:
        """Return the lines between townships and the outline itself."""
        return shapely.union_all(self.townships.boundary.values)


def draw_outline(place: Place) -> Polygon:
    """Draw an irregular outline of exactly the wanted area."""
    ring = place.metres([*place.outline_km, place.outline_km[0]])
    ring = chaikin(fractal(ring, place.stream("outline"), 5, 0.105), 1)
    polygon = Polygon(ring)
    if not polygon.is_valid:
        raise ValueError("the outline crosses itself: choose a smaller roughness")
    factor = np.sqrt(place.area_km2 * 1e6 / polygon.area)
    return rounded(scale(polygon, factor, factor, origin=place.centre))


def draw_townships(place: Place, outline: Polygon) -> gpd.GeoDataFrame:
    """Divide the outline into the townships: an exact coverage with shared vertices.

    Small Voronoi cells go to the nearest township seat, measured with a size factor and on a
    warped plane. The lines between different townships are then rounded once, as shared lines.
    """
    frame = lattice(outline.bounds, 100 * place.grain, 3000)
    rng = place.stream("townships")
    x, y = lattice(outline.bounds, place.unit_m, 3000).centres()
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points + rng.uniform(-0.38 * place.unit_m, 0.38 * place.unit_m, points.shape)
    warp = [frame.like(noise(frame, rng, 5000) * place.warp_m).at(*points.T) for _ in range(2)]
    seats = place.metres([t.seat_km for t in place.townships])
    size = np.array([t.size for t in place.townships])
    away = (
        np.hypot(points[:, :1] + warp[0][:, None] - seats[:, 0], points[:, 1:] + warp[1][:, None] - seats[:, 1]) / size
    )
    label = away.argmin(axis=1)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    owner = shapely.STRtree(shapely.points(points)).query(cells, predicate="contains")[1]
    blocks = [shapely.union_all(cells[label[owner] == k]) for k in range(len(place.townships))]
    faces = faces_of(soft_arcs(blocks, 0.12 * place.unit_m), outline)
    index = label[shapely.STRtree(shapely.points(points)).nearest(shapely.point_on_surface(faces))]
    merged = [shapely.coverage_union_all(faces[index == k]) for k in range(len(place.townships))]
    return gpd.GeoDataFrame(
        {
            "name": [t.name for t in place.townships],
            "code": [t.code for t in place.townships],
            "population": [int(t.people) for t in place.townships],
        },
        geometry=[rounded(g) for g in merged],
        crs=place.epsg,
    )


def soft_arcs(blocks: list[shapely.Geometry], tolerance: float) -> list[LineString]:
    """Return the rounded lines between neighbouring blocks, each once."""
    merged = shapely.line_merge(shapely.union_all([b.boundary for b in blocks]))
    return [LineString(chaikin(np.array(a.simplify(tolerance).coords), 2)) for a in lines_of(merged)]


def faces_of(arcs: list[LineString], outline: Polygon) -> np.ndarray:
    """Return the faces that the arcs cut out of the outline."""
    noded = shapely.union_all([*arcs, outline.exterior])  # not clipped first: cut ends would miss the outline by a hair
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return faces[shapely.contains_properly(outline.buffer(1), faces)]


def draw_rivers(place: Place, outline: Polygon) -> dict[str, LineString]:
    """Draw the rivers with small meanders, clipped to the outline, running down from the first point."""
    rng = place.stream("rivers")
    rivers = {}
    for name, points in place.rivers_km.items():
        course = fractal(spline(place.metres(points), 1100), rng, 3, 0.09)
        clipped = shapely.intersection(LineString(chaikin(course, 2)).simplify(4), outline)
        rivers[name] = rounded(max(lines_of(clipped), key=lambda g: g.length))
    return rivers


def smooth_line(place: Place, points: list[Km], outline: Polygon) -> LineString:
    """Return a smooth man-made line (railway, motorway) clipped to the outline; an empty one without points."""
    if not points:
        return NO_LINE
    clipped = shapely.intersection(LineString(spline(place.metres(points), 150)), outline)
    return rounded(max(lines_of(clipped), key=lambda g: g.length))


def draw_reservoirs(place: Place, rivers: dict[str, LineString]) -> gpd.GeoDataFrame:
    """Draw the reservoirs: each widens its river."""
    rng = place.stream("reservoirs")
    rows = []
    for pool in place.pools:
        a, b = (rivers[pool.river].interpolate(at) for at in (pool.start_m, pool.end_m))
        angle = np.degrees(np.arctan2(b.y - a.y, b.x - a.x))
        turn = np.linspace(0, 2 * np.pi, 25)[:-1]
        radius = 1 + 0.16 * rng.normal(size=24)
        ring = np.column_stack([np.cos(turn) * radius * pool.wide_m * 1.7, np.sin(turn) * radius * pool.wide_m * 0.8])
        blob = rotate(Polygon(chaikin(np.vstack([ring, ring[:1]]), 2)), angle, origin=(0, 0))
        shape = rounded(shapely.transform(blob, lambda c, a=a: np.add(c, (a.x, a.y))).buffer(0))
        rows.append({"name": pool.name, "geometry": shape})
    return gpd.GeoDataFrame(rows, columns=["name", "geometry"], geometry="geometry", crs=place.epsg)


def raise_heights(place: Place, outline: Polygon, rivers: dict[str, LineString]) -> tuple[Field, Field]:
    """Return heights in metres and a 0-1 measure of hilliness."""
    frame = lattice(outline.bounds, 100 * place.grain, 4000)
    rng = place.stream("heights")
    x, y = frame.centres()
    east, north = place.km(x, y)
    form = place.relief
    rise = np.clip((form.rise(east, north) + form.wobble_km * noise(frame, rng, 7000)) / form.spread_km, 0, 1)
    hills = rise * rise * (3 - 2 * rise)
    net = MultiLineString(list(rivers.values()))
    shapely.prepare(net)
    far = shapely.distance(shapely.points(x.ravel(), y.ravel()), net).reshape(x.shape)
    valley = 1 - np.exp(-((far / form.valley_m) ** 2))
    ridge, middle, small = form.waves_m
    relief = (
        0.55 * (1 - np.abs(noise(frame, rng, ridge)) / 2)
        + 0.3 * noise(frame, rng, middle) / 2
        + 0.12 * noise(frame, rng, small)
    )
    value = (
        form.floor(east, north)
        + hills * valley * np.clip(form.base_m + form.height_m * relief, 0, None)
        + form.ripple_m * noise(frame, rng, 1500)
    )
    return frame.like(value), frame.like(np.clip(hills * valley * 1.6, 0, 1))


def build_land(place: Place) -> Land:
    """Draw the whole land."""
    outline = draw_outline(place)
    townships = draw_townships(place, outline)
    outline = rounded(shapely.coverage_union_all(townships.geometry.values))
    rivers = draw_rivers(place, outline)
    height, hilliness = raise_heights(place, outline, rivers)
    return Land(
        place,
        outline,
        townships,
        rivers,
        smooth_line(place, place.rail_km, outline),
        smooth_line(place, place.motorway_km, outline.buffer(-40)),
        draw_reservoirs(place, rivers),
        height,
        hilliness,
    )
