"""What a public edition shows: restricted layers blurred or left out by the table ``publishing`` in ``layers/facts``."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from riskmap.data.database import Database
from riskmap.data.findings import Finding
from riskmap.data.prepare import ORIGIN_COLUMNS
from riskmap.errors import SpecError
from riskmap.text import Text, join
from riskmap.workflow import record
from riskmap.workflow.context import Context

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

COUNT = "count"
"""Column of a blurred layer: how many features share the square."""


def is_public(context: Context) -> bool:
    """Tell whether the build is for the public."""
    return bool(context.project.output.publish == "public")


def released(context: Context, layer: str) -> Any:
    """Give a layer as this edition may show it: whole, blurred, or None where it is left out or was not made."""
    if not context.has(layer):
        return None
    frame = context.rows(layer)
    action, keep = action_on(context, layer)
    if action == "keep":
        return frame
    if action == "drop" or not hasattr(frame, "geometry"):
        return None
    return blurred(frame, context.fact("publishing", "cell_m"), keep)


def action_on(context: Context, layer: str) -> tuple[str, list[str]]:
    """Give what this edition does with a layer (``keep``, ``blur``, ``drop``) and the columns that a blurred one keeps."""
    if not is_public(context) or not _restricted(context, layer):
        return "keep", []
    for row in context.fact_table("publishing", "restricted"):
        if row["layer"] == layer:
            return row["action"], list(row.get("keep", ()))
    return "drop", []


def shown_whole(context: Context, layer: str) -> bool:
    """Tell whether a layer was made and this edition shows it as it is."""
    return context.has(layer) and action_on(context, layer)[0] == "keep"


def _restricted(context: Context, layer: str) -> bool:
    try:
        return bool(context.catalog.layer(layer).restricted)
    except SpecError:
        # tables about the build itself are declared nowhere
        return False


def blurred(frame: gpd.GeoDataFrame, cell_m: float, keep: list[str]) -> gpd.GeoDataFrame:
    """Move a layer's positions to the middles of squares and keep only some columns; a reshape.

    Parameters
    ----------
    frame : GeoDataFrame
        In a system in metres; rows without a geometry are left out.
    cell_m : float
        Side of the squares.
    keep : list of str
        Columns that stay.

    Returns
    -------
    GeoDataFrame
        One row for each square (each course of squares, for lines) and set of kept values, with ``count``; sorted, so that the
        order says nothing of the rows that went in.
    """
    import geopandas as gpd

    shapes = frame.geometry.to_numpy()
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    # where a layer came from stays said: synthetic data stay marked
    columns = [c for c in (*keep, *ORIGIN_COLUMNS) if c in frame.columns]
    coarse = frame.loc[there, columns].assign(_wkb=[shapely.to_wkb(_coarse(s, cell_m)) for s in shapes[there]])
    grouped = coarse.groupby([*columns, "_wkb"], dropna=False, sort=True).size().reset_index(name=COUNT)
    geometry = shapely.from_wkb(grouped.pop("_wkb").to_numpy())
    return gpd.GeoDataFrame(grouped, geometry=geometry, crs=frame.crs)


def _coarse(shape: Any, cell_m: float) -> Any:
    """Give the middle of the square of a point or polygon, or the course of squares of a line."""
    if shapely.get_dimensions(shape) != 1:
        middle = shapely.point_on_surface(shape)
        return shapely.Point(*_middles(np.array([[middle.x, middle.y]]), cell_m)[0])
    courses = []
    for part in shapely.get_parts(shape):
        xy = _middles(shapely.get_coordinates(shapely.segmentize(part, cell_m / 2)), cell_m)
        xy = xy[np.concatenate([[True], (np.diff(xy, axis=0) != 0).any(axis=1)])]
        if len(xy) > 1:
            courses.append(shapely.LineString(xy))
    return courses[0] if len(courses) == 1 else shapely.MultiLineString(courses)


def _middles(xy: Any, cell_m: float) -> Any:
    return (np.floor(xy / cell_m) + 0.5) * cell_m


def left_out(context: Context) -> list[Text]:
    """Say what a public edition does not show as it is; empty for an internal one."""
    if not is_public(context):
        return []
    names: dict[str, list[Text]] = {"drop": [], "blur": []}
    for layer in context.database.layers():
        action = action_on(context, layer)[0]
        if action in names:
            names[action].append(context.catalog.layer(layer).title)
    said = []
    if names["drop"]:
        gone = join(names["drop"])
        said.append(Text(f"公开版未收录：{gone.zh}。", f"Left out of the public edition: {gone.en}."))
    if names["blur"]:
        cell = context.fact("publishing", "cell_m")
        vague = join(names["blur"])
        said.append(
            Text(
                f"公开版位置模糊到 {cell:g} 米方格：{vague.zh}。",
                f"Positions blurred to squares of {cell:g} m in the public edition: {vague.en}.",
            )
        )
    return said


def findings(context: Context) -> list[Finding]:
    """Give what was left out as findings."""
    return [Finding("maps", "note", "PUBLIC_EDITION", text) for text in left_out(context)]


PUBLIC_FILES = ("maps/*.html", "print/*", "project.qgz")
"""Files of a public edition beside its database and grids. Whatever is not listed stays at home, also what later steps write:
lists, cards and ledgers hold names, telephone numbers and exact positions."""

GRID_FILES = (".tif", ".qml", ".sld")


def edition(context: Context, products: list[str]) -> tuple[Path, list[str]]:
    """Give the folder from which this edition is published, and its files; an internal one is the work folder whole.

    A public edition has a database of its own, without the restricted layers, and only files that show nothing else.
    """
    if not is_public(context):
        return context.folder, products
    folder = record.fresh_folder(context.folder / "public")
    names = [name for name in products if _is_public_file(context, name)]
    for name in names:
        record.copy(context.folder / name, folder / name)
    database = _public_database(context, folder)
    return folder, sorted([*names, database.name])


def withheld(context: Context, products: list[str]) -> list[Finding]:
    """Say which files of the build a public edition does not hold."""
    if not is_public(context):
        return []
    own = Path(context.database.name).name
    kept = sorted({name for name in products if not _is_public_file(context, name) and name != own})
    if not kept:
        return []
    message = Text(
        f"公开版不含文件：{'、'.join(kept)}", f"files that the public edition does not hold: {', '.join(kept)}"
    )
    return [Finding("maps", "note", "PUBLIC_EDITION_FILES", message)]


def _is_public_file(context: Context, name: str) -> bool:
    path = PurePosixPath(name)
    if path.parent.name == "grids" and path.suffix in GRID_FILES:
        return action_on(context, path.stem)[0] == "keep"
    return any(path.match(pattern) for pattern in PUBLIC_FILES)


def _public_database(context: Context, folder: Path) -> Path:
    # a fresh file: rows deleted from a database stay readable in its free pages
    path = folder / Path(context.database.name).name
    public = Database(path, scratch=True)
    for layer in context.database.layers():
        frame: pd.DataFrame | None = released(context, layer)
        if frame is not None:
            public.write(layer, frame)
    return path
