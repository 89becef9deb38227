"""Where a registered danger stands: the nearest village, the slope above it."""

from __future__ import annotations

import numpy as np
import shapely

from .country import Country
from .drawing import spread_out
from .geohazards import Site


def site_at(country: Country, x: float, y: float, where: str = "") -> Site:
    """Return a site with its township and the nearest village of it."""
    town = int(country.land.township_at(np.array([[x, y]]))[0])
    own = country.places[country.places.town == town]
    near = own.iloc[int(np.hypot(own.x - x, own.y - y).to_numpy().argmin())]
    return Site(round(x, 2), round(y, 2), town, str(near["name"]), where)


def highest(country: Country, x: float, y: float, away: float) -> tuple[float, float]:
    """Return the highest place on a circle around a point, inside the place."""
    turn = np.linspace(0, 2 * np.pi, 37)[:-1]
    ring = np.column_stack([x + away * np.cos(turn), y + away * np.sin(turn)])
    ring = ring[country.land.township_at(ring) >= 0]
    east, north = ring[country.land.height.at(*ring.T).argmax()]
    return float(east), float(north)


def roadside(country: Country, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return places about 12 m beside roads outside the settlements, at least 250 m apart."""
    outside = shapely.difference(np.array(country.streets()), country.built.buffer(200))
    lines = [g for g in shapely.get_parts(outside) if g.geom_type == "LineString" and g.length > 60]
    length = shapely.length(lines)
    picked = rng.choice(len(lines), 40 * count, p=length / length.sum())
    spots = []
    for n in picked:
        middle = lines[n].interpolate(rng.uniform(0.2, 0.8), normalized=True)
        ahead = lines[n].interpolate(min(lines[n].length, lines[n].project(middle) + 5))
        step = np.array([ahead.x - middle.x, ahead.y - middle.y])
        spots.append(np.array([middle.x, middle.y]) + 12 * np.array([-step[1], step[0]]) / max(np.hypot(*step), 1e-6))
    kept = spread_out(np.array(spots), 250.0, count)
    if len(kept) < count:
        raise ValueError(f"only {len(kept)} of {count} places beside roads")
    return [(float(spots[k][0]), float(spots[k][1])) for k in kept]
