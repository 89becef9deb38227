"""Whether a layer lies beside a control layer as a whole, and by which shift: GCJ-02, BD-09, or another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from riskmap import webdatums
from riskmap.crs import LONLAT, transformer

SAMPLES = 2000
"""Points along the outlines that are compared."""

FEWEST = 12
"""Fewer points show no common shift."""

CODES: dict[webdatums.WebDatum, str] = {"GCJ-02": "CRS_GCJ02_SUSPECTED", "BD-09": "CRS_BD09_SUSPECTED"}

ROUNDS = 40
SETTLED_M = 0.01


@dataclass(frozen=True)
class Shift:
    """A shift that brings a layer onto its control.

    Parameters
    ----------
    code : str
        Rule that names it.
    metres : float
        Length of the mean shift.
    east, north : float
        From the control to the layer, metres.
    before, after : float
        Median distance to the control as delivered, and with the shift taken back, metres.
    """

    code: str
    metres: float
    east: float
    north: float
    before: float
    after: float


def suspected(
    points: NDArray[np.float64], control: Any, crs: pyproj.CRS, *, least_m: float, rest: float, free: bool = True
) -> Shift | None:
    """Give the shift that a layer seems to have, None when it lies where it should or no shift explains it.

    Parameters
    ----------
    points : (n, 2) array
        Points of the layer in a projected system in metres, :func:`along` its outlines or its own points.
    control : shapely geometry
        Lines or points of the control layer, in the same system.
    crs : CRS
    least_m : float
        Median distance up to which the layer lies right.
    rest : float
        Share of the median distance that may be left when the shift is taken back.
    free : bool
        Also look for a shift of any direction; only outlines carry enough to tell it.

    Notes
    -----
    Three hypotheses are compared by the median distance to the control: as delivered, GCJ-02 taken for true positions,
    BD-09 likewise. Only where neither explains the distance, a translation is fitted by going to the nearest points again
    and again (iterated closest points with the median, which bears parts that have no counterpart).
    """
    if len(points) < FEWEST:
        return None
    before = float(np.median(_distances(points, control)))
    if before < least_m:
        return None
    best: Shift | None = None
    for web, code in CODES.items():
        moved = _from_web(points, crs, web)
        after = float(np.median(_distances(moved, control)))
        if after <= rest * before and (best is None or after < best.after):
            east, north = (points - moved).mean(axis=0)
            best = Shift(code, float(np.hypot(east, north)), float(east), float(north), before, after)
    return best or (_free(points, control, before, rest) if free else None)


def measured_at(points: NDArray[np.float64], found: Shift, crs: pyproj.CRS) -> Shift:
    """Give a shift with its mean length at other points: that of web maps differs from place to place."""
    web = {code: name for name, code in CODES.items()}.get(found.code)
    if web is None:
        return found
    east, north = (points - _from_web(points, crs, web)).mean(axis=0)
    return replace(found, metres=float(np.hypot(east, north)), east=float(east), north=float(north))


def along(geometry: Any, samples: int = SAMPLES) -> NDArray[np.float64]:
    """Give points at even distances along lines, shape (n, 2)."""
    import shapely

    lines = [g for g in shapely.get_parts(geometry) if g.length > 0]
    step = sum(g.length for g in lines) / samples
    # the count is rounded first: a length that is a multiple of the step must not give one point more on some machines
    shares = [(np.arange(n) + 0.5) / n for n in (max(1, round(g.length / step)) for g in lines)]
    places = [shapely.line_interpolate_point(g, at, normalized=True) for g, at in zip(lines, shares, strict=True)]
    return shapely.get_coordinates(np.concatenate(places)) if places else np.empty((0, 2))


def _distances(points: NDArray[np.float64], control: Any) -> NDArray[np.float64]:
    import shapely

    tree = shapely.STRtree(_pieces(control))
    _, found = tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)
    return found


def _pieces(control: Any) -> Any:
    """Cut long lines into their segments: the index then finds the nearest one fast."""
    import shapely

    parts = shapely.get_parts(control)
    if not len(parts) or parts[0].geom_type == "Point":
        return parts
    pairs = []
    for part in parts:
        xy = shapely.get_coordinates(part)
        pairs.append(np.stack([xy[:-1], xy[1:]], axis=1))
    return shapely.linestrings(np.concatenate(pairs))


def _from_web(points: NDArray[np.float64], crs: pyproj.CRS, web: webdatums.WebDatum) -> NDArray[np.float64]:
    """Give where points would be if their coordinates were of a web map."""
    lon, lat = transformer(crs, LONLAT).transform(points[:, 0], points[:, 1])
    return np.column_stack(transformer(LONLAT, crs).transform(*webdatums.FROM[web](lon, lat)))


def _free(points: NDArray[np.float64], control: Any, before: float, rest: float) -> Shift | None:
    """Fit a translation to the control."""
    import shapely

    pieces = _pieces(control)
    tree = shapely.STRtree(pieces)
    shift = np.zeros(2)
    for _ in range(ROUNDS):
        moved = shapely.points(points - shift)
        at, found = tree.query_nearest(moved, return_distance=True, all_matches=False)
        nearest = shapely.shortest_line(moved[at[0]], pieces[at[1]])
        ends = shapely.get_coordinates(nearest).reshape(-1, 2, 2)
        step = (ends[:, 0] - ends[:, 1])[found <= np.quantile(found, 0.8)].mean(axis=0)
        shift = shift + step
        if np.hypot(*step) < SETTLED_M:
            break
    after = float(np.median(_distances(points - shift, control)))
    metres = float(np.hypot(*shift))
    if after > rest * before or metres < before / 2:
        return None
    return Shift("CRS_SHIFT_SUSPECTED", metres, float(shift[0]), float(shift[1]), before, after)
