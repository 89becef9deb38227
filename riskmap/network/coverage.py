"""What stations reach within a limit: pieces of road first, then areas beside them, and shares with their denominators."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.crs import require_same
from riskmap.errors import DataError, NetworkError
from riskmap.grid import Raster
from riskmap.landing import covered_cells
from riskmap.network import areas, pieces, split
from riskmap.network.arcs import HAIR_S, Earliest
from riskmap.network.graph import Graph
from riskmap.network.pieces import Depth, Pieces
from riskmap.network.positions import Places
from riskmap.network.roads import MAX_SNAP_M, RoadNetwork
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

MINUTE = 60.0
DEPTH_M = 75.0
"""House default of the street-side depth (contract 11.15); the step takes it from ``layers/facts/fire.yaml``."""

ANY_TIME_S = 1e9
"""Longer than any way."""


class Share(float):
    """A share (0-1) that knows what it is a share of.

    Parameters
    ----------
    covered, total : float
    unit : str
        km2, km, count, person.
    unknown : float
        What is left out of both, in the same unit: cells or rows whose amount is unknown count as rows.
    """

    covered: float
    total: float
    unit: str
    unknown: float

    def __new__(cls, covered: float, total: float, unit: str, unknown: float = 0.0) -> Self:
        """Make the share; NaN where there is nothing to cover."""
        share = super().__new__(cls, covered / total if total > 0 else float("nan"))
        share.covered, share.total, share.unit, share.unknown = float(covered), float(total), unit, float(unknown)
        return share


@dataclass(frozen=True, eq=False)
class Coverage:
    """What stations reach; see :func:`coverage`."""

    network: RoadNetwork
    places: Places
    graph: Graph
    nodes: NDArray[np.int64]
    labels: pd.Index
    turnout_s: NDArray[np.float64]
    limit_s: float
    depth_m: float
    barriers: NDArray | None
    max_snap_m: float
    in_time: Earliest
    reached: Pieces
    _drawn: dict[float, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def pieces(self) -> pd.DataFrame:
        """Pieces of road cut exactly at the limit, each once, with the station that comes first.

        Columns ``station_id``, ``minutes_from``, ``minutes_to`` (from dispatch, turnout included, in the direction of
        travel), ``length_m``, ``edge``, and the line, which runs in the direction of travel; no line in a network
        without coordinates.
        """
        return self._frame(self.reached)

    @cached_property
    def arrivals_by_road(self) -> pd.DataFrame:
        """All road that some station comes to, whenever that is, each stretch once; columns as of :attr:`pieces`."""
        return self._frame(pieces.first_arrivals(self.graph, self._earliest, ANY_TIME_S))

    def _frame(self, found: Pieces) -> pd.DataFrame:
        network = self.network
        frame = pd.DataFrame(
            {
                "station_id": self.labels[found.source].to_numpy(),
                "minutes_from": found.begin_s / MINUTE,
                "minutes_to": found.end_s / MINUTE,
                "length_m": (found.high - found.low) * network.length_m[found.edge],
                "edge": found.edge,
            }
        )
        if network.lines is None:
            return frame
        import geopandas as gpd

        return gpd.GeoDataFrame(frame, geometry=found.lines(network.lines), crs=network.crs)

    @cached_property
    def areas(self) -> gpd.GeoDataFrame:
        """Areas for drawing: the ground within ``depth_m`` of the pieces of each station, up to barriers.

        Columns ``station_id``, ``minutes`` (the limit), and the polygon; stations without any piece have no row.
        """
        return self.areas_at(self.depth_m)

    def areas_at(self, depth_m: float) -> gpd.GeoDataFrame:
        """Give the areas for another street-side depth in metres."""
        import geopandas as gpd

        if self.network.lines is None:
            raise NetworkError(
                Text("路网没有坐标，画不了范围", "the network has no coordinates: areas cannot be drawn"),
                remedy=Text("在 from_edges 里给出 xy", "give xy to from_edges"),
            )
        lines = self.pieces.geometry.to_numpy()
        open_side = self._frontage[self.reached.edge]
        shapes = areas.beside(
            lines[open_side], self.reached.source[open_side], len(self.labels), depth_m=depth_m, barriers=self.barriers
        )
        frame = gpd.GeoDataFrame(
            {"station_id": self.labels.to_numpy(), "minutes": self.limit_s / MINUTE},
            geometry=shapes,
            crs=self.network.crs,
        )
        return frame[~frame.geometry.is_empty].reset_index(drop=True)

    @property
    def _frontage(self) -> NDArray[np.bool_]:
        frontage = self.network.frontage
        return np.ones(len(self.network.length_m), dtype=bool) if frontage is None else frontage

    @cached_property
    def area(self) -> Any:
        """The areas of all stations as one geometry."""
        return shapely.union_all(self.areas.geometry.to_numpy())

    @cached_property
    def roads(self) -> Share:
        """Share of the road length that is reached, km; every street counts once."""
        return Share(self.pieces["length_m"].sum() / 1e3, self.network.length_m.sum() / 1e3, "km")

    def share(self, of: Any, *, weights: Any = None, depth_m: float | None = None, within: Any = None) -> Share:
        """Give how much of something is covered.

        Parameters
        ----------
        of : GeoDataFrame or GeoSeries of polygons, lines or points, or Raster of amounts
            Polygons count by area (km2) and lines by length (km) within the areas; points count when the place where
            they join the road is reached in time; the amount of a cell counts by the share of the cell within the
            areas.
        weights : column name or sequence, optional
            Amounts at points (people); points whose amount is unknown are left out of both sides. One each by default.
        depth_m : float, optional
            Another street-side depth.
        within : GeoDataFrame or GeoSeries of polygons, optional
            Count only the part of cells in here.

        Returns
        -------
        Share
            A number from 0 to 1 with ``covered``, ``total``, ``unit``, ``unknown``.

        Raises
        ------
        CRSMismatchError, MissingCRSError, DataError
        """
        if isinstance(of, Raster):
            return self._share_of_cells(of, depth_m, within)
        if not (of.crs is None and self.network.crs is None):
            require_same(of.crs, self.network.crs, what=Text("统计对象与路网", "what is counted and the road network"))
        shapes = of.geometry.to_numpy()
        kinds = set(np.unique(shapely.get_dimensions(shapes[~shapely.is_missing(shapes)])).tolist()) - {-1}
        if len(kinds) > 1:
            raise DataError(Text("点、线、面不能一起统计", "points, lines and polygons cannot be counted together"))
        if kinds == {0}:
            return self._share_of_points(of, shapes, weights)
        area = self._area_at(depth_m)
        whole = shapely.union_all(shapely.make_valid(shapes))
        covered = shapely.intersection(whole, area)
        if kinds == {1}:
            return Share(covered.length / 1e3, whole.length / 1e3, "km")
        return Share(covered.area / 1e6, whole.area / 1e6, "km2")

    def _share_of_points(self, of: Any, shapes: NDArray, weights: Any) -> Share:
        amount = np.ones(len(shapes))
        if weights is not None:
            column = of[weights] if isinstance(weights, str) else weights
            amount = pd.to_numeric(pd.Series(np.asarray(column, dtype=object)), errors="coerce").to_numpy(float)
        known = ~np.isnan(amount)
        in_time = self.graph.arrival(self.in_time.seconds, self.join(shapes[known])) <= self.limit_s + HAIR_S
        unit = "count" if weights is None else "person"
        return Share(amount[known][in_time].sum(), amount[known].sum(), unit, float((~known).sum()))

    def _share_of_cells(self, cells: Raster, depth_m: float | None, within: Any) -> Share:
        require_same(cells.grid.crs, self.network.crs, what=Text("人口格网与路网", "cells and road network"))
        area = self._area_at(depth_m)
        if within is None:
            unknown = float(np.isnan(cells.values).sum())
            return Share(amount_within(cells, area), float(np.nansum(cells.values)), "person", unknown)
        require_same(within.crs, self.network.crs, what=Text("范围与路网", "area and road network"))
        whole = shapely.union_all(shapely.make_valid(within.geometry.to_numpy()))
        covered = amount_within(cells, shapely.intersection(whole, area))
        unknown = float((np.isnan(cells.values) & (covered_share(cells, whole) > 0)).sum())
        return Share(covered, amount_within(cells, whole), "person", unknown)

    def _area_at(self, depth_m: float | None) -> Any:
        return self.area if depth_m in (None, self.depth_m) else self._areas_by_depth(depth_m)

    def _areas_by_depth(self, depth_m: float) -> Any:
        if depth_m not in self._drawn:
            self._drawn[depth_m] = shapely.union_all(self.areas_at(depth_m).geometry.to_numpy())
        return self._drawn[depth_m]

    def join(self, points: NDArray) -> Places:
        """Give where points join the network, within ``max_snap_m`` and not across barriers."""
        return self.network.join(points, max_distance_m=self.max_snap_m, barriers=self.barriers)

    @cached_property
    def _earliest(self) -> Earliest:
        """Arrivals without a limit."""
        return self.graph.earliest(self.nodes, self.turnout_s, np.inf)

    def first_at(self, places: Places) -> Earliest:
        """Give the earliest arrival (s from dispatch, beyond the limit too) at places, and the position of the station."""
        return self.graph.arrival_by(self._earliest, places)

    def seconds_at(self, points: NDArray) -> NDArray[np.float64]:
        """Give the earliest arrival (s from dispatch, beyond the limit too) at points; ``inf`` where none comes."""
        return self.first_at(self.join(points)).seconds

    def arrivals(
        self, places: Places, count: int = 3, *, mapper: split.Mapper | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Give the first arrivals at places by different stations; a mapper works on blocks of stations elsewhere.

        Returns
        -------
        float array (count, places)
            Seconds from dispatch, in rising order; ``inf`` where fewer stations come.
        int array (count, places)
            Position of the station, -1 where none.
        """
        seconds = np.full((count + 1, len(places)), np.inf)
        station = np.full((count + 1, len(places)), -1)
        for position, row in split.arrivals(self.graph, self.nodes, places, limit_s=np.inf, mapper=mapper):
            arrival = row + self.turnout_s[position]
            seconds[count], station[count] = arrival, np.where(np.isfinite(arrival), position, -1)
            order = np.argsort(seconds, axis=0, kind="stable")
            seconds, station = np.take_along_axis(seconds, order, 0), np.take_along_axis(station, order, 0)
        return seconds[:count], station[:count]

    @cached_property
    def overlap(self) -> Depth:
        """How many stations reach each stretch of road in time."""
        return self._by_each[0]

    @cached_property
    def _by_each(self) -> tuple[Any, ...]:
        return pieces.reached_by_each(self.graph, self.nodes, self.turnout_s, self.limit_s)

    @cached_property
    def stations(self) -> pd.DataFrame:
        """What each station does, by station id.

        Columns ``reach_km`` (road that it reaches in time), ``first_km`` (where it is the first), ``only_km`` (road
        that nobody reaches in time when it is out), ``turnout_s``.
        """
        depth, station, edge, low, high = self._by_each
        count, length = len(self.labels), self.network.length_m / 1e3
        only = depth.only >= 0
        columns = {
            "reach_km": np.bincount(station, (high - low) * length[edge], minlength=count),
            "first_km": np.bincount(self.reached.source, self.pieces["length_m"] / 1e3, minlength=count),
            "only_km": np.bincount(
                depth.only[only], ((depth.high - depth.low) * length[depth.edge])[only], minlength=count
            ),
            "turnout_s": self.turnout_s,
        }
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="station_id", tupleize_cols=False))


def coverage(
    network: RoadNetwork,
    stations: Any,
    *,
    limit_s: float,
    turnout_s: float = 60.0,
    depth_m: float = DEPTH_M,
    barriers: Any = None,
    max_snap_m: float = MAX_SNAP_M,
) -> Coverage:
    """Give what stations reach within a limit.

    Parameters
    ----------
    network : RoadNetwork
    stations : GeoDataFrame, or points or node ids as in :meth:`RoadNetwork.reach`
        Of a frame, ``id`` names the station (else the index) and ``turnout_s`` is its own turnout.
    limit_s : float
        From dispatch to arrival, turnout included; inclusive.
    turnout_s : float
        For stations that state none.
    depth_m : float
        Longest walk beside a reached road that still counts as covered, in areas.
    barriers : GeoSeries or array of shapely geometries, optional
        Lines and polygons that neither points nor areas cross.
    max_snap_m : float
        Longest way from a point to its road.

    Returns
    -------
    Coverage
        ``pieces`` and ``areas`` (frames), ``share(of)``, ``roads``, ``stations``, ``overlap``.

    Raises
    ------
    NetworkError
        Stations without a road (ask :func:`riskmap.network.snapping.snap` first where that may be); a limit of NaN.
    CRSMismatchError, MissingCRSError
    """
    if np.isnan(limit_s):
        raise NetworkError(
            Text("limit_s 是 NaN", "limit_s is NaN"), remedy=Text("写明时限（秒）", "state the limit in seconds")
        )
    walls = None if barriers is None else np.asarray(getattr(barriers, "array", barriers), dtype=object)
    places, labels = network.places(stations, max_snap_m=max_snap_m, barriers=walls)
    if isinstance(stations, pd.DataFrame) and "id" in stations.columns:
        labels = pd.Index(stations["id"])
    turnout = np.full(len(places), float(turnout_s))
    if isinstance(stations, pd.DataFrame) and "turnout_s" in stations.columns:
        own = pd.to_numeric(stations["turnout_s"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        turnout = np.where(np.isnan(own), turnout, own)
    graph, nodes = network.graph.insert(places)
    in_time = graph.earliest(nodes, turnout, limit_s)
    reached = pieces.first_arrivals(graph, in_time, limit_s)
    return Coverage(
        network, places, graph, nodes, labels, turnout, limit_s, depth_m, walls, max_snap_m, in_time, reached
    )


def amount_within(cells: Raster, area: Any) -> float:
    """Give the amount of cells within an area, each cell by the share of it that lies inside; unknown cells count 0."""
    return float(np.nansum(np.where(np.isnan(cells.values), 0.0, cells.values) * covered_share(cells, area)))


def covered_share(cells: Raster, area: Any) -> NDArray[np.float64]:
    """Give the share of each cell that lies within an area."""
    import geopandas as gpd

    share = np.zeros(cells.grid.shape)
    if not area.is_empty:
        frame = gpd.GeoDataFrame(geometry=[area], crs=cells.grid.crs)
        for at, part in covered_cells(frame, cells.grid):
            share.ravel()[at] = part
    return share
