"""How callers name places: by node id, as points, or as frames of points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.crs import require_metric
from riskmap.errors import NetworkError
from riskmap.text import Text


def points(what: Any) -> tuple[NDArray | None, pd.Index]:
    """Give the points that the caller means, and a label for each; None where node ids are meant."""
    if hasattr(what, "geometry") and hasattr(what, "crs"):
        return what.geometry.to_numpy(), what.index
    if isinstance(what, shapely.Geometry):
        return np.array([what], dtype=object), pd.RangeIndex(1)
    if isinstance(what, np.ndarray) and what.ndim == 2 and what.shape[1] == 2:
        return shapely.points(what.astype(float)), pd.RangeIndex(len(what))
    # lists, arrays of numpy, pandas and geopandas
    if isinstance(what, (Sequence, np.ndarray, pd.api.extensions.ExtensionArray, pd.Series)):
        values = list(what) if isinstance(next(iter(what), None), shapely.Geometry) else []
        if values and all(isinstance(v, shapely.Geometry) for v in values):
            labels = what.index if isinstance(what, pd.Series) else pd.RangeIndex(len(values))
            return np.array(values, dtype=object), labels
    return None, pd.Index([])


def nodes(what: Any, ids: pd.Index) -> tuple[NDArray[np.int64], pd.Index]:
    """Give the numbers of nodes named by one id or several, and the ids; a tuple may be one id itself.

    Raises
    ------
    NetworkError
        For ids that the network does not know.
    """
    single = (
        not isinstance(what, Iterable) or isinstance(what, (str, bytes)) or (isinstance(what, tuple) and what in ids)
    )
    wanted = pd.Index([what] if single else list(what), tupleize_cols=False)
    numbers = ids.get_indexer(wanted).astype(np.int64)
    if (numbers < 0).any():
        strange = [repr(i) for i in wanted[numbers < 0]]
        raise NetworkError(
            Text(
                f"路网里没有这些节点：{'、'.join(strange[:5])}",
                f"no such nodes in the network: {', '.join(strange[:5])}",
            ),
            remedy=Text("用节点编号，或 shapely 的点", "give node ids, or shapely points"),
        )
    return numbers, wanted


def require_metres(lines: NDArray | None, crs: Any) -> NDArray:
    """Give the lines of a network to which points can be joined.

    Raises
    ------
    NetworkError
        A network without coordinates.
    CRSError
        Coordinates in degrees, such as those of an osmnx graph before it was projected.
    """
    if lines is None:
        raise NetworkError(
            Text("路网没有坐标，不能用点位", "the network has no coordinates: points cannot be joined to it"),
            remedy=Text("用节点编号，或在 from_edges 里给出 xy", "use node ids, or give xy to from_edges"),
        )
    if crs is not None:
        require_metric(crs, what=Text("接入点位的路网", "a network that points are joined to"))
    return lines


def require_found(found: NDArray[np.bool_], labels: pd.Index, max_snap_m: float) -> None:
    """Raise unless every point has a road, with the labels of those that have none."""
    if found.all():
        return
    far = [str(label) for label in labels[~found]]
    raise NetworkError(
        Text(
            f"{len(far)} 个点在 {max_snap_m:g} m 内没有道路：{'、'.join(far[:5])}",
            f"{len(far)} points have no road within {max_snap_m:g} m: {', '.join(far[:5])}",
        ),
        remedy=Text("检查点位和坐标系，或加大距离", "check the points and their system, or allow more distance"),
    )


def require_points(shapes: NDArray) -> None:
    """Raise unless all shapes are single points; missing ones may be.

    Raises
    ------
    NetworkError
    """
    other = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (-1, shapely.GeometryType.POINT)))
    if len(other):
        kind = shapes[other[0]].geom_type
        raise NetworkError(
            Text(
                f"接入路网的要是单个的点，第 {other[0] + 1} 个是 {kind}（共 {len(other)} 个不是点）",
                f"single points are joined to roads; number {other[0] + 1} is a {kind} ({len(other)} are no points)",
            ),
            remedy=Text("先取代表点（representative_point）", "take representative_point() of them first"),
        )
