"""The road network as one immutable value: places on it, what is reached from them, and the way there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.crs import require_same
from riskmap.errors import NetworkError
from riskmap.network import assembly, exchange, naming, positions, restrictions, routes, split, streets, travel
from riskmap.network.graph import Graph, components
from riskmap.network.positions import Places
from riskmap.network.routes import Route
from riskmap.network.speeds import Maxspeed, SpeedTable
from riskmap.network.streets import StreetTables
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

MAX_SNAP_M = 500.0
"""Farthest that a point given to :meth:`RoadNetwork.reach` and its like is moved to a road unless told."""


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Roads as nodes and edges; made by :meth:`from_frame`, :meth:`from_edges` or :meth:`from_networkx`.

    Seconds are seconds of travel, lengths metres. An edge is open one way or both, with seconds for each.

    Parameters
    ----------
    ids : Index
        The caller's id of each node.
    graph : Graph
        Edges between node numbers (positions in ``ids``).
    xy : float array (nodes, 2) or None
    length_m : float array (edges), NaN where unknown
    given_lines : array of LineStrings or None
        From tail to head; straight between the nodes where None.
    crs : CRS or None
    mode : str
        The way of travel that the seconds are for.
    attributes : DataFrame
        Further columns of the edges, row by row.
    frontage : bool array or None
        Edges that points may be joined to; all when None.
    backwards : bool
        Whether the network is looked at from the target: see :meth:`reversed`.
    """

    ids: pd.Index
    graph: Graph
    xy: NDArray[np.float64] | Any
    length_m: NDArray[np.float64]
    given_lines: NDArray | None = None
    crs: Any = None
    mode: str = "fire"
    attributes: pd.DataFrame = field(default_factory=pd.DataFrame)
    frontage: NDArray[np.bool_] | None = None
    backwards: bool = False

    @classmethod
    def from_edges(
        cls,
        tail: Iterable[Any],
        head: Iterable[Any],
        seconds: Iterable[float],
        *,
        xy: Any = None,
        crs: Any = None,
    ) -> RoadNetwork:
        """Make a network from directed edges.

        Edges between the same two nodes are one edge (they would lie on the same straight line): with the least seconds
        each way, open both ways where both ways are given.

        Parameters
        ----------
        tail, head : iterables
            Ids of the nodes, of the caller's choice.
        seconds : iterable of float
            At least 0; ``inf`` for edges that are closed.
        xy : array (nodes, 2), or frame indexed by node id with columns ``x`` and ``y``, or mapping id -> (x, y), optional
            Coordinates in metres. With an array the node ids are its row numbers, from 0.
        crs : optional
            System of ``xy``.

        Raises
        ------
        NetworkError
            Negative or missing seconds, nodes without coordinates.
        """
        return cls(**assembly.from_edges(tail, head, seconds, xy, crs))

    @classmethod
    def from_frame(
        cls,
        roads: gpd.GeoDataFrame,
        *,
        speeds_kmh: Mapping[str, float] | None = None,
        mode: str = "fire",
        node_crossings: bool = False,
        close_gaps_m: float = 0.0,
        turns: pd.DataFrame | None = None,
        closures: gpd.GeoSeries | None = None,
        obey_oneway: bool = True,
        maxspeed: Maxspeed = "cap",
        factor: float = 1.0,
    ) -> RoadNetwork:
        """Make a network from road lines.

        Roads are joined at shared vertices and where the end of one touches another within 0.1 m. Roads that lie on
        one another, such as the two rows of a two-way street, become one edge.

        Parameters
        ----------
        roads : GeoDataFrame
            Lines in a projected system in metres, with ``highway`` (OSM) or ``class``. Optional: ``oneway`` (any
            spelling; blank is what the class says), ``maxspeed_kmh``, ``bridge``, ``tunnel``, ``layer``, ``surface``,
            ``slope``, ``junction``, ``name``, ``id``. Not changed.
        speeds_kmh : mapping, optional
            Class -> km/h, over the house's table (``layers/facts/speeds.yaml``); 0 closes a class.
        mode : {"fire", "car", "pedestrian"}
            Way of travel; on foot one-way rules do not count.
        node_crossings : bool
            Join also roads that cross without a shared vertex, but never bridges, tunnels or different levels.
        close_gaps_m : float
            Join dead ends this near to another road by a straight street; 0 closes none.
        turns : DataFrame, optional
            Turn restrictions; see :func:`riskmap.network.restrictions.between_streets`.
        closures : GeoSeries, optional
            Polygons that nobody passes.
        obey_oneway : bool
            False: one-way streets are open both ways, but for motorways and divided carriageways.
        maxspeed : {"cap", "use", "ignore"}
            What a speed limit does to the speed of the class.
        factor : float
            On all driving speeds (peak hours).

        Raises
        ------
        MissingFieldError, DataError, CRSError
            See :func:`riskmap.network.streets.tables`; turn restrictions of roads that do not meet.
        NetworkError
            No road is open to this way of travel.
        """
        made = streets.tables(roads, node_crossings=node_crossings, close_gaps_m=close_gaps_m, turns=turns)
        restrictions.require_all(made.turns_lost)
        if closures is not None:
            made = streets.without_closed(made, closures)
        speeds = SpeedTable.of(mode, speeds_kmh=speeds_kmh)
        return cls.from_streets(made, speeds, obey_oneway=obey_oneway, maxspeed=maxspeed, factor=factor)

    @classmethod
    def from_streets(
        cls, tables: StreetTables, speeds: SpeedTable, *, obey_oneway: bool = True, **travelling: Any
    ) -> RoadNetwork:
        """Make a network for one way of travel from streets that are noded already.

        Parameters
        ----------
        tables : StreetTables
        speeds : SpeedTable
        obey_oneway : bool
            As in :meth:`from_frame`.
        **travelling
            ``maxspeed``, ``factor``, ``unpaved_cap_kmh``, ``slopes``: see :func:`riskmap.network.speeds.travel_kmh`.

        Raises
        ------
        NetworkError
            No street is open to this way of travel.
        """
        return cls(**travel.from_streets(tables, speeds, obey_oneway=obey_oneway, **travelling))

    @classmethod
    def from_networkx(cls, graph: Any, *, seconds: str | None = None) -> RoadNetwork:
        """Make a network from a networkx graph, such as one of osmnx; see :func:`riskmap.network.exchange.parts`."""
        return cls(**exchange.parts(graph, seconds))

    def to_networkx(self) -> Any:
        """Give the network as a networkx MultiDiGraph; see :func:`riskmap.network.exchange.graph`."""
        return exchange.graph(self.ids, self.graph, self.xy, self.crs, self.edges)

    @cached_property
    def lines(self) -> NDArray | Any:
        """Lines of the edges, from tail to head; None in a network without coordinates."""
        if self.given_lines is not None or self.xy is None:
            return self.given_lines
        return shapely.linestrings(np.stack((self.xy[self.graph.tail], self.xy[self.graph.head]), axis=1))

    @cached_property
    def edges(self) -> pd.DataFrame:
        """The edges as a frame: ``u``, ``v`` (node ids), ``forward_s``, ``backward_s``, ``length_m``, further columns, geometry."""
        columns = {
            "u": self.ids[self.graph.tail],
            "v": self.ids[self.graph.head],
            "forward_s": self.graph.forward_s,
            "backward_s": self.graph.backward_s,
            "length_m": self.length_m,
        }
        frame = pd.DataFrame(columns | {c: self.attributes[c].to_numpy() for c in self.attributes.columns})
        if self.lines is None:
            return frame
        import geopandas as gpd

        return gpd.GeoDataFrame(frame, geometry=self.lines, crs=self.crs)

    @cached_property
    def component(self) -> NDArray[np.int64]:
        """Number of each node's component (one-way streets taken both ways): 0 has the most nodes, then 1, ..."""
        return components(len(self.ids), self.graph.tail, self.graph.head)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the lines that points may be joined to."""
        lines = naming.require_metres(self.lines, self.crs)
        nothing = np.array(None)
        return shapely.STRtree(lines if self.frontage is None else np.where(self.frontage, lines, nothing))

    def reversed(self) -> RoadNetwork:
        """Give the network looked at from the target: ``reach`` of it says who gets here, and in what time."""
        return replace(self, backwards=not self.backwards)

    def reach(
        self, sources: Any, *, limit_s: float = np.inf, start_s: Any = 0.0, max_snap_m: float = MAX_SNAP_M
    ) -> pd.Series:
        """Give the nodes that are reached within a limit from the nearest of several sources.

        Parameters
        ----------
        sources : node id, list of node ids, shapely point or points, array (n, 2) of coordinates, GeoSeries or frame
            Points are joined to the nearest edge. A start along an edge goes both ways where the edge is open both
            ways, else only the way it is open.
        limit_s : float
            Inclusive.
        start_s : float or one for each source
            Seconds already gone at the source; the limit counts them.

        Returns
        -------
        Series
            ``seconds`` by node id; a node that is not reached is absent.

        Raises
        ------
        NetworkError, CRSError
            Unknown node ids; points farther from a road than ``max_snap_m``, or of another system.
        """
        graph, numbers, _ = self._sources(sources, max_snap_m)
        start = np.broadcast_to(np.asarray(start_s, dtype=float), len(numbers))
        seconds = graph.at_nodes(graph.seconds_from(numbers, start, limit_s))[: len(self.ids)]
        reached = np.flatnonzero(np.isfinite(seconds))
        return pd.Series(
            seconds[reached], index=pd.Index(self.ids[reached], name="node", tupleize_cols=False), name="seconds"
        )

    def nearest(
        self, sources: Any, *, limit_s: float = np.inf, start_s: Any = 0.0, max_snap_m: float = MAX_SNAP_M
    ) -> pd.DataFrame:
        """Give for each node the source that comes first.

        Parameters
        ----------
        sources, limit_s, start_s, max_snap_m
            As in :meth:`reach`.

        Returns
        -------
        DataFrame
            Indexed by node id: ``source`` (node id, the frame's index, or the point's place in the list, from 0) and
            ``seconds``. A node that is not reached is absent.
        """
        graph, numbers, labels = self._sources(sources, max_snap_m)
        start = np.broadcast_to(np.asarray(start_s, dtype=float), len(numbers))
        first = graph.first(graph.earliest(numbers, start, limit_s))
        reached = np.flatnonzero(np.isfinite(first.seconds[: len(self.ids)]))
        return pd.DataFrame(
            {"source": labels[first.source[reached]], "seconds": first.seconds[reached]},
            index=pd.Index(self.ids[reached], name="node", tupleize_cols=False),
        )

    def times(
        self,
        origins: Any,
        targets: Any,
        *,
        limit_s: float = np.inf,
        max_snap_m: float = MAX_SNAP_M,
        mapper: split.Mapper | None = None,
    ) -> pd.DataFrame:
        """Give the seconds from each origin to each target; ``inf`` where there is no way within the limit.

        Parameters
        ----------
        origins, targets, limit_s, max_snap_m
            As the sources of :meth:`reach`; the fewer should be the origins (see :meth:`reversed`).
        mapper : callable, optional
            Works on blocks of origins elsewhere; see :mod:`riskmap.network.split`.

        Returns
        -------
        DataFrame
            One row an origin, one column a target.
        """
        graph, numbers, labels = self._sources(origins, max_snap_m)
        places, columns = self.places(targets, max_snap_m=max_snap_m)
        matrix = np.empty((len(numbers), len(places)))
        for row, seconds in split.arrivals(graph, numbers, places, limit_s=limit_s, mapper=mapper):
            matrix[row] = seconds
        matrix[matrix > limit_s] = np.inf
        return pd.DataFrame(matrix, index=labels, columns=columns)

    def route(self, origin: Any, target: Any, *, max_snap_m: float = MAX_SNAP_M) -> Route:
        """Give a fastest way between two places, as driven.

        Parameters
        ----------
        origin, target : node id or shapely point

        Raises
        ------
        UnreachableError
            If there is no way.
        NetworkError, CRSError
            As in :meth:`reach`.
        """
        ends = [self.places(place, max_snap_m=max_snap_m)[0] for place in (origin, target)]
        if any(len(place) != 1 for place in ends):
            raise NetworkError(Text("route 要一个起点和一个终点", "route takes one origin and one target"))
        return self.route_between(*(ends[::-1] if self.backwards else ends))

    def route_between(self, origin: Places, target: Places) -> Route:
        """Give a fastest way between two places on the network; see :meth:`route`."""
        return routes.fastest(self.graph, self.ids, self.lines, self.length_m, origin, target)

    def places(
        self, what: Any, *, max_snap_m: float = MAX_SNAP_M, barriers: NDArray | None = None
    ) -> tuple[Places, pd.Index]:
        """Give the places on the network of node ids or points, and a label for each.

        Parameters
        ----------
        what, max_snap_m
            As the sources of :meth:`reach`.
        barriers : array of shapely lines and polygons, optional
            Never crossed from a point to its road.

        Raises
        ------
        NetworkError, CRSError
        """
        points, labels = naming.points(what)
        if points is None:
            numbers, labels = naming.nodes(what, self.ids)
            return Places.at_nodes(numbers), labels
        if hasattr(what, "crs") and not (what.crs is None and self.crs is None):
            require_same(what.crs, self.crs, what=Text("点位与路网", "points and road network"))
        places = self.join(points, max_distance_m=max_snap_m, barriers=barriers)
        naming.require_found(places.found, labels, max_snap_m)
        return places, labels

    def join(self, points: NDArray, *, max_distance_m: float, barriers: NDArray | None = None) -> Places:
        """Give the place of each point on the nearest edge that no barrier separates from it.

        Parameters
        ----------
        points : array of shapely points
            In the network's system.
        max_distance_m : float
            Inclusive.
        barriers : array of shapely lines and polygons, optional

        Returns
        -------
        Places
            ``found`` is False for points without a road.
        """
        naming.require_points(points)
        line, distance = positions.nearest(
            points, self.tree.geometries, self.tree, max_distance_m=max_distance_m, barriers=barriers
        )
        return positions.along(points, self.lines, line, distance, np.stack((self.graph.tail, self.graph.head)))

    def _sources(self, sources: Any, max_snap_m: float) -> tuple[Graph, NDArray[np.int64], pd.Index]:
        """Give the graph with the sources as nodes, their numbers, and their labels."""
        places, labels = self.places(sources, max_snap_m=max_snap_m)
        graph, numbers = self.graph.insert(places)
        return (graph.reversed() if self.backwards else graph), numbers, labels
