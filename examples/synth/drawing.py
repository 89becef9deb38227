"""Smooth noise, line shaping and whole numbers that add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter, map_coordinates
from shapely import LineString

Coords = NDArray[np.float64]


@dataclass(frozen=True)
class Field:
    """A smooth surface on a square lattice in metres, row 0 in the north."""

    values: NDArray[np.float64]
    west: float
    north: float
    step: float

    def at(self, x: ArrayLike, y: ArrayLike) -> Coords:
        """Sample the surface linearly at points; beyond the edge the edge value holds."""
        rows = (self.north - np.asarray(y, float)) / self.step - 0.5
        cols = (np.asarray(x, float) - self.west) / self.step - 0.5
        return map_coordinates(self.values, [rows, cols], order=1, mode="nearest")

    def like(self, values: NDArray[np.float64]) -> Field:
        """Return other values on the same lattice."""
        return Field(values, self.west, self.north, self.step)

    def centres(self) -> tuple[Coords, Coords]:
        """Return x and y of every cell centre, as 2-D arrays."""
        rows, cols = self.values.shape
        x = self.west + self.step * (np.arange(cols) + 0.5)
        y = self.north - self.step * (np.arange(rows) + 0.5)
        return np.meshgrid(x, y)


def lattice(bounds: Sequence[float], step: float, margin: float) -> Field:
    """Return an empty lattice around ``bounds``, its edges on multiples of ``step``."""
    west, south = (np.floor((np.array(bounds[:2]) - margin) / step) * step).tolist()
    east, north = (np.ceil((np.array(bounds[2:]) + margin) / step) * step).tolist()
    shape = (round((north - south) / step), round((east - west) / step))
    return Field(np.zeros(shape), west, north, step)


def noise(field: Field, rng: np.random.Generator, wavelength: float) -> NDArray[np.float64]:
    """Return smooth noise of standard deviation 1 on the lattice of ``field``."""
    raw = gaussian_filter(rng.normal(size=field.values.shape), wavelength / field.step / 2.5, mode="reflect")
    return (raw - raw.mean()) / raw.std()


def fractal(coords: Coords, rng: np.random.Generator, rounds: int, rough: float) -> Coords:
    """Displace the middle of each segment sideways, again and again: natural edges."""
    for _ in range(rounds):
        step = np.diff(coords, axis=0)
        normal = np.column_stack([-step[:, 1], step[:, 0]])
        middle = coords[:-1] + step / 2 + normal * rng.normal(0, rough, len(step))[:, None]
        grown = np.empty((2 * len(coords) - 1, 2))
        grown[::2], grown[1::2] = coords, middle
        coords = grown
    return coords


def chaikin(coords: Coords, rounds: int) -> Coords:
    """Cut corners to round a line; both ends stay where they are."""
    for _ in range(rounds):
        if len(coords) < 3:
            return coords
        a, b = coords[:-1], coords[1:]
        cut = np.stack([a * 0.75 + b * 0.25, a * 0.25 + b * 0.75], axis=1).reshape(-1, 2)
        coords = np.vstack([coords[:1], cut[1:-1], coords[-1:]])
    return coords


def spline(coords: Coords, spacing: float) -> Coords:
    """Return a smooth curve through the points, with a vertex about every ``spacing`` metres."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(coords, axis=0).T))])
    return CubicSpline(along, coords)(np.linspace(0, along[-1], max(2, round(along[-1] / spacing))))


def resample(line: LineString, spacing: float) -> LineString:
    """Return the line with evenly spaced vertices, about ``spacing`` metres apart."""
    count = max(1, round(line.length / spacing))
    points = shapely.line_interpolate_point(line, np.linspace(0, 1, count + 1), normalized=True)
    return LineString(shapely.get_coordinates(points))


def shares(total: int, weights: ArrayLike, least: int = 0) -> NDArray[np.int64]:
    """Split a whole number by weights with largest remainders; the parts sum to it exactly."""
    weights = np.asarray(weights, float)
    want = (total - least * len(weights)) * weights / weights.sum()
    parts = np.floor(want).astype(np.int64)
    left = total - least * len(weights) - int(parts.sum())
    parts[np.argsort(parts - want, kind="stable")[:left]] += 1
    return parts + least


def spread_out(points: Coords, apart: ArrayLike, limit: int) -> list[int]:
    """Return indices of points, in the given order, that keep their distance from earlier ones."""
    apart = np.broadcast_to(np.asarray(apart, float), len(points))
    kept: list[int] = []
    for i, point in enumerate(points):
        if len(kept) == limit:
            break
        if not kept or np.hypot(*(points[kept] - point).T).min() >= apart[i]:
            kept.append(i)
    return kept


def rounded(geometry: shapely.Geometry, digits: int = 3) -> shapely.Geometry:
    """Round every vertex; equal vertices stay equal, so shared edges stay shared."""
    return shapely.transform(geometry, lambda c: np.round(c, digits))


def lines_of(geometry: shapely.Geometry) -> Iterable[LineString]:
    """Return the single lines of a line geometry."""
    return [g for g in getattr(geometry, "geoms", [geometry]) if isinstance(g, LineString) and not g.is_empty]


def vertices(coords: Coords) -> set[tuple[float, ...]]:
    """Return the places of a line's vertices."""
    return {tuple(c) for c in coords.tolist()}


def drawn_loosely(coords: Coords, kept: set[tuple[float, ...]], metres: float) -> LineString:
    """Draw a road with fewer vertices; its ends and those that it shares with others stay."""
    fixed = [k for k, c in enumerate(coords.tolist()) if k in (0, len(coords) - 1) or tuple(c) in kept]
    parts = [np.array(LineString(coords[a : b + 1]).simplify(metres).coords) for a, b in pairwise(fixed)]
    return LineString(np.vstack([parts[0], *[p[1:] for p in parts[1:]]]))
