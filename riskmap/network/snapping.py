"""How points join the road network: how far each is moved, to which side and component, or why it is not routed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.crs import require_same
from riskmap.data.findings import Finding
from riskmap.network.positions import Places
from riskmap.network.roads import RoadNetwork
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

ON_ROAD_M = 0.01
"""A point this near to a road's line is on neither side."""

PROBE_M = 0.05
"""Step along a line that gives its direction at a place."""

REASONS = {
    "far": Text("离最近的道路超过 {limit:g} m", "farther than {limit:g} m from any road"),
    "barrier": Text(
        "{limit:g} m 内的道路都隔着阻隔（河、铁路、高速等）",
        "every road within {limit:g} m lies across a barrier (river, railway, expressway)",
    ),
    "island": Text(
        "最近的道路属于与主路网不连通的第 {component} 片（占全网 {share:.2%}）",
        "the nearest road is in component {component}, cut off from the rest ({share:.2%} of the network)",
    ),
    "no_position": Text("没有位置", "no position"),
}
REMEDIES = {
    "far": Text("核对点位，或补上通到它的道路", "check the point, or add the road that leads to it"),
    "barrier": Text("补上桥、通道等道路，或核对阻隔", "add the bridge or passage to the roads, or check the barrier"),
    "island": Text("补上断开处的道路，或核对路网", "add the missing road, or check the network there"),
    "no_position": Text("补上坐标", "give its coordinates"),
}


@dataclass(frozen=True, eq=False)
class Snapped:
    """Points joined to a network.

    Parameters
    ----------
    table : GeoDataFrame
        One row a point, on the points' index: ``layer``, ``id``, ``distance_m`` (NaN where there is no road),
        ``side`` (left or right of the road's line, on), ``component`` (0 the largest; -1 none), ``edge`` (-1 none),
        ``routed``, ``outcome`` (joined, far, barrier, island, no_position), the point.
    places : Places
        Of all points; use those that are routed.
    """

    table: gpd.GeoDataFrame
    places: Places

    @property
    def routed(self) -> NDArray[np.bool_]:
        """Which points are routed."""
        return self.table["routed"].to_numpy(dtype=bool)


def snap(
    network: RoadNetwork,
    points: gpd.GeoSeries,
    *,
    layer: str,
    ids: Any,
    max_distance_m: float,
    barriers: NDArray | None = None,
    island_share: float = 0.01,
) -> Snapped:
    """Join points to the nearest road that no barrier separates from them.

    Parameters
    ----------
    network : RoadNetwork
    points : GeoSeries
        In the network's system.
    layer : str
        Their layer id, for the table.
    ids : sequence of str
        One for each point.
    max_distance_m : float
        Points farther from every road are not routed.
    barriers : array of shapely lines and polygons, optional
    island_share : float
        A component with a smaller share of the network's length is an island: points on it are not routed.

    Raises
    ------
    CRSMismatchError, MissingCRSError
    """
    import geopandas as gpd

    require_same(points.crs, network.crs, what=Text("点位与路网", "points and road network"))
    shapes = points.to_numpy()
    nowhere = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    places = network.join(shapes, max_distance_m=max_distance_m, barriers=barriers)
    across = np.zeros(len(shapes), dtype=bool)
    lost = np.flatnonzero(~places.found & ~nowhere)
    if barriers is not None and len(lost):
        across[lost] = network.join(shapes[lost], max_distance_m=max_distance_m).found
    component = np.where(places.edge >= 0, network.component[network.graph.tail[places.edge]], -1)
    small = (component >= 0) & (component_shares(network) < island_share)[component]
    outcome = np.select(
        [nowhere, across, ~places.found, small], ["no_position", "barrier", "far", "island"], default="joined"
    )
    table = gpd.GeoDataFrame(
        {
            "layer": layer,
            "id": np.asarray(ids, dtype=object),
            "distance_m": np.where(places.found, places.distance_m, np.nan),
            "side": _sides(network, shapes, places),
            "component": component,
            "edge": places.edge,
            "routed": outcome == "joined",
            "outcome": outcome.astype(object),
        },
        index=points.index,
        geometry=shapes,
        crs=points.crs,
    )
    return Snapped(table, places)


def component_shares(network: RoadNetwork) -> NDArray[np.float64]:
    """Give each component's share of the length of the network."""
    length = np.bincount(
        network.component[network.graph.tail], network.length_m, minlength=int(network.component.max()) + 1
    )
    return length / length.sum()


def _sides(network: RoadNetwork, points: NDArray, places: Places) -> NDArray[np.object_]:
    """Tell on which side of its road's line each point lies, looking along the line."""
    side = np.full(len(points), None, dtype=object)
    at = np.flatnonzero(places.found)
    lines = network.lines[places.edge[at]]
    metres = places.share[at] * shapely.length(lines)
    back = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(metres - PROBE_M, 0)))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, metres + PROBE_M))
    (dx, dy), (px, py) = (ahead - back).T, (shapely.get_coordinates(points[at]) - back).T
    left = dx * py - dy * px > 0
    side[at] = np.where(places.distance_m[at] <= ON_ROAD_M, "on", np.where(left, "left", "right"))
    return side


def findings(network: RoadNetwork, snapped: Snapped, *, max_distance_m: float) -> list[Finding]:
    """Give a warning for every point that is not routed, with the reason."""
    shares = component_shares(network)
    found = []
    for _, row in snapped.table[~snapped.table["routed"]].iterrows():
        outcome, component = row["outcome"], row["component"]
        message = REASONS[outcome].format(
            limit=max_distance_m, component=component, share=shares[component] if component >= 0 else 0.0
        )
        found.append(
            Finding(
                row["layer"],
                "warning",
                f"SNAP_{outcome.upper()}",
                Text(f"未接入路网：{message.zh}", f"not routed: {message.en}"),
                REMEDIES[outcome],
                row=None if row["id"] is None else str(row["id"]),
                geometry=row["geometry"],
            )
        )
    return found
