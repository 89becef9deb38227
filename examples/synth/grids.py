"""Regular grids of the rasters: degrees or metres, and the centres of their cells in the place's metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine

from .drawing import Coords
from .place import LONLAT, Place


@dataclass(frozen=True)
class Grid:
    """A north-up grid: corner, cell size, shape (rows, columns) and coordinate system."""

    west: float
    north: float
    step: float
    shape: tuple[int, int]
    crs: str
    place: Place

    @property
    def transform(self) -> Affine:
        """Return the affine transform of the upper left corner."""
        return Affine(self.step, 0, self.west, 0, -self.step, self.north)

    def native_centres(self) -> tuple[Coords, Coords]:
        """Return x and y of cell centres in the grid's own system."""
        rows, cols = self.shape
        return np.meshgrid(
            self.west + self.step * (np.arange(cols) + 0.5), self.north - self.step * (np.arange(rows) + 0.5)
        )

    def centres(self) -> tuple[Coords, Coords]:
        """Return x and y of cell centres in the place's metres."""
        x, y = self.native_centres()
        return (x, y) if self.crs == self.place.epsg else self.place.to_metric(x, y)

    def index(self, x: Coords, y: Coords) -> tuple[np.ndarray, np.ndarray]:
        """Return row and column of points given in the place's metres."""
        if self.crs != self.place.epsg:
            x, y = self.place.to_lonlat(x, y)
        return np.floor((self.north - y) / self.step).astype(int), np.floor((x - self.west) / self.step).astype(int)


def degrees(place: Place, area: shapely.Geometry, seconds: int, crs: str = LONLAT, margin: int = 3) -> Grid:
    """Return a grid of so many arc seconds around an area, aligned to whole degrees."""
    per = 3600 // seconds
    x, y = shapely.get_coordinates(shapely.box(*area.bounds)).T
    lon, lat = place.to_lonlat(x, y)
    west, south = int(np.floor(lon.min() * per)) - margin, int(np.floor(lat.min() * per)) - margin
    east, north = int(np.ceil(lon.max() * per)) + margin, int(np.ceil(lat.max() * per)) + margin
    return Grid(west / per, north / per, 1 / per, (north - south, east - west), crs, place)


def metres(place: Place, area: shapely.Geometry, step: int, margin: int = 4) -> Grid:
    """Return a grid of square cells in the place's metres around an area, edges on multiples of ``step``."""
    west, south, east, north = (round(v / step) for v in area.bounds)
    return Grid(
        (west - margin) * step,
        (north + margin) * step,
        step,
        (north - south + 2 * margin, east - west + 2 * margin),
        place.epsg,
        place,
    )


def within(area: shapely.Geometry, grid: Grid) -> np.ndarray:
    """Return which cell centres lie in an area."""
    shapely.prepare(area)
    return shapely.contains_xy(area, *grid.centres())
