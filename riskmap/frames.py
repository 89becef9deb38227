"""Telling a frame with geometry from one without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import geopandas as gpd


def is_spatial(frame: Any) -> TypeGuard[gpd.GeoDataFrame]:
    """Tell whether a frame has geometry; a plain frame may well have a column of that name."""
    import geopandas as gpd

    return isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None
