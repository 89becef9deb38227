"""Telling a frame with geometry from one without, and naming columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    import geopandas as gpd


def is_spatial(frame: Any) -> TypeGuard[gpd.GeoDataFrame]:
    """Tell whether a frame has geometry; a plain frame may well have a column of that name."""
    import geopandas as gpd

    return isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name is not None


def free_name(name: str, used: set[str]) -> str:
    """Give a column name that differs in more than case from those in use (lower case)."""
    free, number = name, 2
    while free.lower() in used:
        free, number = f"{name}_{number}", number + 1
    return free
