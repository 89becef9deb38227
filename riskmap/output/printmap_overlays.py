"""Points, lines and polygons on a sheet, and names that do not run into each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap.output import printmap_hatch as hatch
from riskmap.output.printmap_fonts import MM_PER_PT
from riskmap.output.printmap_map import HATCH_MM, Window, in_system, paint_line, paint_pattern, path_of
from riskmap.output.printmap_paper import Sheet
from riskmap.output.symbology import NO_CLASS, OPEN, Symbology, symbology
from riskmap.output.webmap_page import VectorLayer
from riskmap.output.webmap_words import is_missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from riskmap.data.catalog import Catalog

DASHES: dict[str, tuple[float, ...]] = {"lines": (7, 3.5), "dots": (2, 3)}
"""A line's pattern in black and white: dashes; the gravest class (``cross``) is broader instead."""
BROADER = 1.4

MOST_LABELS = 60
"""Of one layer."""
LEAST_SIZE = 0.55
"""Share of its size that a symbol keeps where symbols crowd."""


def visible(layers: tuple[VectorLayer, ...]) -> tuple[VectorLayer, ...]:
    """Give the layers that a sheet shows: those that the page shows at first."""
    return tuple(layer for layer in layers if layer.visible and layer.drawn and len(layer.frame))


def paint_layers(sheet: Sheet, axes: Axes, view: Window, layers: tuple[VectorLayer, ...], catalog: Catalog) -> None:
    """Draw layers over the cells: polygons, then lines, then points."""
    for rank, kind in enumerate(("polygon", "line", "point")):
        for place, layer in enumerate(layers):
            drawn = symbology(layer.style, catalog)
            shapes = np.asarray(in_system(layer.frame, view.crs).geometry.to_numpy())
            numbers = _numbers(layer, drawn)
            # classes in the order of the style, the first painted last: the gravest lies on top
            for number in [NO_CLASS, *reversed(range(len(drawn.swatches)))]:
                of_kind = _of_kind(shapes[numbers == number], kind, layer.style.geometry)
                if len(of_kind):
                    zorder = (2.2, 3.0, 3.5)[rank] + 0.01 * place
                    PAINTERS[kind](sheet, axes, view, drawn, number, of_kind, zorder)


def _numbers(layer: VectorLayer, drawn: Symbology) -> NDArray[np.int32]:
    if not drawn.swatches:
        return np.full(len(layer.frame), NO_CLASS, dtype=np.int32)
    return drawn.classify(layer.frame[layer.style.field])


def _of_kind(shapes: NDArray[Any], kind: str, declared: str) -> NDArray[Any]:
    """Give the geometries of one dimension; a point style draws a point inside whatever it meets."""
    shapes = shapes[~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)]
    if declared == "point":
        return (
            np.where(shapely.get_dimensions(shapes) > 0, shapely.point_on_surface(shapes), shapes)
            if kind == "point"
            else shapes[:0]
        )
    return shapes[shapely.get_dimensions(shapes) == {"point": 0, "line": 1, "polygon": 2}[kind]]


def colour_of(drawn: Symbology, number: int) -> str:
    """Give the colour of a class, or of a feature without one."""
    return drawn.swatches[number].rgb if number != NO_CLASS else drawn.fill or drawn.stroke


def paint_polygons(
    sheet: Sheet, axes: Axes, view: Window, drawn: Symbology, number: int, shapes: NDArray[Any], zorder: float
) -> None:
    """Fill and outline polygons; classes get their pattern over the colour."""
    from matplotlib.patches import PathPatch

    symbol = drawn.style.symbol
    swatch = drawn.swatches[number] if number != NO_CLASS else None
    if (swatch and swatch.pattern not in OPEN) or (not swatch and drawn.fill):
        patch = PathPatch(path_of(shapes), fc=colour_of(drawn, number), ec="none", alpha=symbol.opacity, zorder=zorder)
        axes.add_patch(patch)
    if swatch and swatch.pattern != "solid":
        spacing = HATCH_MM[swatch.pattern] * sheet.factor * view.denominator / 1000
        for shape in shapely.clip_by_rect(shapes, *view.ground):
            lines, dots = hatch.over_shape(shape, swatch.pattern, spacing)
            paint_pattern(sheet, axes, lines, dots, hatch.ink(swatch.rgb, swatch.pattern), zorder=zorder + 0.003)
    if symbol.width > 0:
        paint_line(sheet, axes, shapes, drawn.stroke, symbol.width, symbol.dash, zorder=zorder + 0.005, casing=None)


def paint_lines(
    sheet: Sheet, axes: Axes, view: Window, drawn: Symbology, number: int, shapes: NDArray[Any], zorder: float
) -> None:
    """Draw lines with their edge; classes are dashed or broader, so that grey copies tell them apart."""
    del view
    symbol = drawn.style.symbol
    pattern = drawn.swatches[number].pattern if number != NO_CLASS else "solid"
    colour = drawn.stroke if number == NO_CLASS else drawn.swatches[number].rgb
    casing = drawn.fill or ("white" if symbol.width >= 2 else None)
    width = symbol.width * (BROADER if pattern == "cross" else 1)
    paint_line(
        sheet, axes, shapes, colour, width, symbol.dash or DASHES.get(pattern, ()), zorder=zorder, casing=casing,
        opacity=symbol.opacity,
    )  # fmt: skip


def paint_points(
    sheet: Sheet, axes: Axes, view: Window, drawn: Symbology, number: int, shapes: NDArray[Any], zorder: float
) -> None:
    """Draw points as symbols with a light edge; where they crowd they are smaller."""
    xy = shapely.get_coordinates(shapes)
    scale = crowding(xy, drawn.style.symbol.radius * sheet.pixel() * MM_PER_PT * view.denominator / 1000)
    stamp(axes, xy, drawn, number, sheet.pixel() * scale, zorder)


def crowding(xy: NDArray[np.float64], radius: float) -> float:
    """Give what symbols of a radius shrink to: their usual distance decides."""
    if len(xy) < 2:
        return 1.0
    from scipy.spatial import cKDTree

    nearest = np.median(cKDTree(xy).query(xy, k=2)[0][:, 1])
    return float(np.clip(nearest / (2 * radius), LEAST_SIZE, 1.0)) if radius > 0 else 1.0


def stamp(axes: Axes, xy: NDArray[np.float64], drawn: Symbology, number: int, px: float, zorder: float) -> None:
    """Draw the symbol of a class at places; ``px`` is a CSS pixel in points."""
    symbol = drawn.style.symbol
    shape = symbol_path(symbol.shape, symbol.radius)
    size = 2 * np.abs(shape.vertices).max() * px
    bare = symbol.shape == "cross"
    colour = colour_of(drawn, number)
    unknown = number != NO_CLASS and drawn.swatches[number].pattern == "none"
    width = 3 if bare else symbol.width
    look: dict[str, Any] = {"marker": shape, "ms": size, "ls": "none", "clip_on": True}
    axes.plot(*xy.T, mfc="white", mec="white", mew=(width + 2.4) * px, zorder=zorder, **look)
    face = "none" if bare else "white" if unknown else colour
    axes.plot(*xy.T, mfc=face, mec=colour if bare else drawn.stroke, mew=width * px, zorder=zorder + 0.002, **look)


def symbol_path(shape: str, r: float) -> Any:
    """Give the outline of a point symbol around 0, 0, as the pages draw it (y up)."""
    from matplotlib.path import Path

    if shape == "circle":
        circle = Path.unit_circle()
        return Path(np.asarray(circle.vertices) * r, circle.codes)
    if shape == "cross":
        return Path([(-r, 0), (r, 0), (0, -r), (0, r)], [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO])
    corners = {
        "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        "triangle": [(0, 1.15), (1.05, -0.75), (-1.05, -0.75)],
        "diamond": [(0, 1.2), (1.2, 0), (0, -1.2), (-1.2, 0)],
    }[shape]
    closed = [*corners, corners[0]]
    return Path([(x * r, y * r) for x, y in closed], [Path.MOVETO, *[Path.LINETO] * (len(corners) - 1), Path.CLOSEPOLY])


PAINTERS = {"polygon": paint_polygons, "line": paint_lines, "point": paint_points}


class Names:
    """Names on a map, written where there is room, the first ones first."""

    def __init__(self, sheet: Sheet, axes: Axes, view: Window) -> None:
        self._sheet, self._axes, self._view = sheet, axes, view
        self._taken: list[tuple[float, float, float, float]] = []

    def keep_clear(self, box: tuple[float, float, float, float]) -> None:
        """Let no name stand in a box (millimetres on the paper)."""
        self._taken.append(box)

    def write(
        self, words: str, x: float, y: float, size: str | float, *, bold: bool = False, aside_mm: float = 0
    ) -> bool:
        """Write a name in the middle of a place, or beside it; tells whether it fitted."""
        points = self._sheet.pt(size)
        width, height = self._sheet.type.width_mm(words, points), points * MM_PER_PT
        at_x, at_y = self._view.place(x, y)
        per_mm = self._view.denominator / 1000
        tries = (
            [(-width / 2, 0.0)]
            if not aside_mm
            else [
                (aside_mm, 0.0),
                (-aside_mm - width, 0.0),
                (-width / 2, -aside_mm - height / 2),
                (-width / 2, aside_mm + height / 2),
            ]
        )
        left, top, right, bottom = self._view.box
        for dx, dy in tries:
            box = (at_x + dx - 0.4, at_y + dy - height * 0.6, at_x + dx + width + 0.4, at_y + dy + height * 0.6)
            if (
                box[0] < left
                or box[1] < top
                or box[2] > right
                or box[3] > bottom
                or any(_meet(box, t) for t in self._taken)
            ):
                continue
            self._taken.append(box)
            self._sheet.write(
                self._axes,
                x + dx * per_mm,
                y - (dy + height * 0.36) * per_mm,
                words,
                points,
                bold=bold,
                halo=0.13,
                zorder=4,
            )
            return True
        return False


def _meet(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def name_units(names: Names, view: Window, units: Any, focus: str | None) -> None:
    """Write the names of the townships, the one that the sheet is about first, then the large ones."""
    if not len(units):
        return
    placed = in_system(units, view.crs)
    circles = shapely.maximum_inscribed_circle(shapely.make_valid(placed.geometry.to_numpy()))
    middles = shapely.get_point(circles, 0)
    order = np.argsort(-placed.area.to_numpy(), kind="stable")
    for i in sorted(order, key=lambda i: focus is not None and placed["code"].iloc[i] != focus):
        bold = focus is None or placed["code"].iloc[i] == focus
        names.write(str(placed["name"].iloc[i]), middles[i].x, middles[i].y, "body", bold=bold)


def name_features(names: Names, sheet: Sheet, view: Window, layers: tuple[VectorLayer, ...]) -> None:
    """Write the names of features whose style asks for them, beside their symbols."""
    for layer in layers:
        column = layer.style.symbol.label
        if column is None:
            continue
        frame = in_system(layer.frame, view.crs)
        shapes = frame.geometry.to_numpy()
        anchors = np.where(shapely.get_dimensions(shapes) > 0, shapely.point_on_surface(shapes), shapes)
        aside = (layer.style.symbol.radius + 2.5) * sheet.pixel() * MM_PER_PT if layer.style.geometry == "point" else 0
        written = 0
        for words, anchor in zip(frame[column], anchors, strict=True):
            if written < MOST_LABELS and not is_missing(words) and anchor is not None and not anchor.is_empty:
                written += names.write(str(words), anchor.x, anchor.y, "label", aside_mm=aside)
