"""The land: outline, townships, rivers, reservoirs, heights and forest. All invented."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from rasterio.features import shapes
from rasterio.transform import from_origin
from shapely import LineString, MultiLineString, Point, Polygon
from shapely.affinity import rotate, scale
from shapely.geometry import shape as to_shape

from .common import (
    CENTRE,
    METRIC,
    Coords,
    Field,
    chaikin,
    fractal,
    from_km,
    lattice,
    lines_of,
    noise,
    rounded,
    spline,
    stream,
)
from .names import TOWNSHIPS

AREA_KM2 = 668.39  # 9,156.95 ha of forest are 13.7 % of it
FOREST_HA = 9156.95
OUTLINE_KM = [
    (-2.3, 18.9),
    (1.3, 17.6),
    (3.6, 19.4),
    (7.2, 17.9),
    (8.0, 14.4),
    (10.7, 12.4),
    (9.7, 8.8),
    (11.2, 5.0),
    (10.1, 1.2),
    (11.4, -3.2),
    (9.1, -6.2),
    (9.9, -10.3),
    (7.0, -13.0),
    (6.6, -17.2),
    (3.1, -18.6),
    (0.2, -16.9),
    (-2.9, -18.9),
    (-5.4, -15.2),
    (-4.5, -12.6),
    (-7.9, -10.4),
    (-8.6, -6.6),
    (-10.9, -4.0),
    (-9.5, -0.6),
    (-11.3, 3.4),
    (-9.8, 7.2),
    (-11.1, 10.9),
    (-8.6, 13.5),
    (-8.9, 16.6),
    (-5.2, 16.3),
]
RIVERS_KM = {  # listed from the spring down, south to north
    "淄河": [
        (2.6, -20),
        (2.2, -16.5),
        (4.4, -13.2),
        (4.6, -9.4),
        (6.6, -6.2),
        (7.6, -2.2),
        (6.7, 1.6),
        (7.8, 5.6),
        (7.0, 9.4),
        (5.6, 13.0),
        (6.2, 16.4),
        (5.4, 20),
    ],
    "乌河": [
        (-3.4, -8.2),
        (-4.3, -5.4),
        (-5.6, -2.4),
        (-5.2, 0.8),
        (-6.3, 4.0),
        (-5.6, 7.6),
        (-6.9, 11.0),
        (-6.3, 14.0),
        (-7.4, 19),
    ],
    "运粮河": [(1.7, 9.2), (1.5, 11.4), (2.1, 13.6), (1.9, 15.8), (2.9, 19.5)],
}
RAIL_KM = [(-13, 0.4), (-8.5, 0.6), (-3.5, 1.9), (1.5, 2.2), (6.0, 1.3), (12.5, 2.4)]
MOTORWAY_KM = [(-13, 8.3), (-7.5, 9.0), (-2.0, 8.9), (3.5, 9.9), (8.0, 10.3), (13, 9.6)]


@dataclass
class Land:
    """Everything that is there before people come."""

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


def draw_outline() -> Polygon:
    """Draw an irregular outline of exactly the wanted area."""
    ring = from_km([*OUTLINE_KM, OUTLINE_KM[0]])
    ring = chaikin(fractal(ring, stream("outline"), 5, 0.105), 1)
    polygon = Polygon(ring)
    if not polygon.is_valid:
        raise ValueError("the outline crosses itself: choose a smaller roughness")
    factor = np.sqrt(AREA_KM2 * 1e6 / polygon.area)
    return rounded(scale(polygon, factor, factor, origin=CENTRE))


def draw_townships(outline: Polygon) -> gpd.GeoDataFrame:
    """Divide the outline into the twelve townships: an exact coverage with shared vertices.

    Small Voronoi cells go to the nearest township seat, measured with a size factor and on a
    warped plane. The lines between different townships are then rounded once, as shared lines.
    """
    frame = lattice(outline.bounds, 100, 3000)
    rng = stream("townships")
    x, y = lattice(outline.bounds, 500, 3000).centres()
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points + rng.uniform(-190, 190, points.shape)
    warp = [frame.like(noise(frame, rng, 5000) * 650).at(*points.T) for _ in range(2)]
    seats = from_km([t.seat_km for t in TOWNSHIPS])
    size = np.array([t.size for t in TOWNSHIPS])
    away = (
        np.hypot(points[:, :1] + warp[0][:, None] - seats[:, 0], points[:, 1:] + warp[1][:, None] - seats[:, 1]) / size
    )
    label = away.argmin(axis=1)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points)))
    owner = shapely.STRtree(shapely.points(points)).query(cells, predicate="contains")[1]
    blocks = [shapely.union_all(cells[label[owner] == k]) for k in range(len(TOWNSHIPS))]
    faces = faces_of(soft_arcs(blocks, 60), outline)
    index = label[shapely.STRtree(shapely.points(points)).nearest(shapely.point_on_surface(faces))]
    merged = [shapely.coverage_union_all(faces[index == k]) for k in range(len(TOWNSHIPS))]
    return gpd.GeoDataFrame(
        {
            "name": [t.name for t in TOWNSHIPS],
            "code": [t.code for t in TOWNSHIPS],
            "population": [t.people for t in TOWNSHIPS],
        },
        geometry=[rounded(g) for g in merged],
        crs=METRIC,
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


def draw_rivers(outline: Polygon) -> dict[str, LineString]:
    """Draw the rivers with small meanders, clipped to the outline, running south to north."""
    rng = stream("rivers")
    rivers = {}
    for name, points in RIVERS_KM.items():
        course = fractal(spline(from_km(points), 1100), rng, 3, 0.09)
        clipped = shapely.intersection(LineString(chaikin(course, 2)).simplify(4), outline)
        rivers[name] = rounded(max(lines_of(clipped), key=lambda g: g.length))
    return rivers


def smooth_line(points: list[tuple[float, float]], outline: Polygon) -> LineString:
    """Return a smooth man-made line (railway, motorway) clipped to the outline."""
    clipped = shapely.intersection(LineString(spline(from_km(points), 150)), outline)
    return rounded(max(lines_of(clipped), key=lambda g: g.length))


def draw_reservoirs(rivers: dict[str, LineString]) -> gpd.GeoDataFrame:
    """Draw two reservoirs: one that widens the Zi river, one above the spring of the Wu river."""
    rng = stream("reservoirs")
    zi, wu = rivers["淄河"], rivers["乌河"]
    places = [(zi.interpolate(5200), zi.interpolate(6400), 520), (Point(wu.coords[0]), wu.interpolate(700), 330)]
    rows = []
    for (a, b, wide), name in zip(places, ["示例龙湾水库", "示例牛角水库"], strict=True):
        angle = np.degrees(np.arctan2(b.y - a.y, b.x - a.x))
        turn = np.linspace(0, 2 * np.pi, 25)[:-1]
        radius = 1 + 0.16 * rng.normal(size=24)
        ring = np.column_stack([np.cos(turn) * radius * wide * 1.7, np.sin(turn) * radius * wide * 0.8])
        blob = rotate(Polygon(chaikin(np.vstack([ring, ring[:1]]), 2)), angle, origin=(0, 0))
        rows.append(
            {"name": name, "geometry": rounded(shapely.transform(blob, lambda c, a=a: np.add(c, (a.x, a.y))).buffer(0))}
        )
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=METRIC)


def raise_heights(outline: Polygon, rivers: dict[str, LineString]) -> tuple[Field, Field]:
    """Return heights in metres and a 0-1 measure of hilliness: plain in the north, hills in the south."""
    frame = lattice(outline.bounds, 100, 4000)
    rng = stream("heights")
    x, y = frame.centres()
    east, north = (x - CENTRE[0]) / 1000, (y - CENTRE[1]) / 1000
    rise = np.clip((-2.2 - north - 0.18 * np.abs(east) + 1.1 * noise(frame, rng, 7000)) / 8.5, 0, 1)
    hills = rise * rise * (3 - 2 * rise)
    net = MultiLineString(list(rivers.values()))
    shapely.prepare(net)
    far = shapely.distance(shapely.points(x.ravel(), y.ravel()), net).reshape(x.shape)
    valley = 1 - np.exp(-((far / 1500) ** 2))
    relief = (
        0.55 * (1 - np.abs(noise(frame, rng, 5200)) / 2)
        + 0.3 * noise(frame, rng, 2400) / 2
        + 0.12 * noise(frame, rng, 1000)
    )
    floor = 46 - 1.35 * north + 6.5 * np.clip(-north - 2, 0, None)
    value = floor + hills * valley * np.clip(60 + 330 * relief, 0, None) + 1.2 * noise(frame, rng, 1500)
    return frame.like(value), frame.like(np.clip(hills * valley * 1.6, 0, 1))


def build_land() -> Land:
    """Draw the whole land."""
    outline = draw_outline()
    townships = draw_townships(outline)
    outline = rounded(shapely.coverage_union_all(townships.geometry.values))
    rivers = draw_rivers(outline)
    height, hilliness = raise_heights(outline, rivers)
    return Land(
        outline,
        townships,
        rivers,
        smooth_line(RAIL_KM, outline),
        smooth_line(MOTORWAY_KM, outline.buffer(-40)),
        draw_reservoirs(rivers),
        height,
        hilliness,
    )


def polygons_of(mask: np.ndarray, field: Field) -> list[Polygon]:
    """Return the polygons of true cells of a mask on the lattice of ``field``."""
    transform = from_origin(field.west, field.north, field.step, field.step)
    found = shapes(mask.astype("uint8"), mask=mask, transform=transform)
    return [to_shape(geometry) for geometry, _ in found]


def grow_forest(land: Land, settled: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return forest patches of exactly ``FOREST_HA`` in all: hill woods and a few belts by the rivers."""
    rng = stream("forest")
    wood = 0.8 * land.hilliness.values + 0.16 * noise(land.height, rng, 1500) + 0.20 * noise(land.height, rng, 520)
    x, y = land.height.centres()
    inside = shapely.contains_xy(land.outline, x, y)
    belt = (
        land.river_net()
        .buffer(110)
        .difference(land.river_net().buffer(45))
        .intersection(
            shapely.union_all([Point(p).buffer(2400) for p in from_km([(6.9, 8.6), (6.0, 15.2), (-6.4, 11.5)])])
        )
    )
    free = land.outline.buffer(-5).difference(settled).difference(shapely.union_all(land.reservoirs.buffer(30).values))
    low, high = 0.0, 2.0
    target = FOREST_HA * 1e4
    for _ in range(14):  # a level of suitability that leaves a little to grow
        level = (low + high) / 2
        patches = [_soft(p.buffer(45).buffer(-60)) for p in polygons_of((wood > level) & inside, land.height)]
        area = shapely.union_all([p for p in patches if p.area > 6e4] + [belt]).intersection(free).area
        low, high = (level, high) if area > target else (low, level)
    return _exact_forest(shapely.union_all([p for p in patches if p.area > 6e4] + [belt]), free, target)


def _soft(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape without the steps of the cells it came from."""
    parts = []
    for part in shapely.get_parts(shape.simplify(75)):
        rings = [chaikin(np.array(r.coords), 2) for r in (part.exterior, *part.interiors)]
        parts.append(Polygon(rings[0], rings[1:]).buffer(0))
    return shapely.union_all(parts)


def _exact_forest(wood: shapely.Geometry, free: shapely.Geometry, target: float) -> gpd.GeoDataFrame:
    """Move the forest edge by centimetres until the total is right to a few square metres."""
    low, high = -30.0, 30.0
    for _ in range(45):
        middle = (low + high) / 2
        grown = rounded(wood.buffer(middle, join_style="mitre").intersection(free))
        low, high = (middle, high) if grown.area < target else (low, middle)
    parts = [p for p in shapely.get_parts(grown) if p.geom_type == "Polygon"]
    parts.sort(key=lambda p: -p.area)
    return gpd.GeoDataFrame({"name": [f"示例林地{i + 1:03d}" for i in range(len(parts))]}, geometry=parts, crs=METRIC)
