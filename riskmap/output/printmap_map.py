"""The map of a sheet: its scale and window, the coloured cells with their patterns, outlines, neatline and graticule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine

from riskmap.crs import same
from riskmap.errors import OutputError
from riskmap.grid import Grid, Raster
from riskmap.levels import UNKNOWN
from riskmap.output import printmap_graticule as geography
from riskmap.output import printmap_hatch as hatch
from riskmap.output import relief
from riskmap.output.printmap_fonts import CAP, MM_PER_PT
from riskmap.output.printmap_paper import INK, Sheet
from riskmap.output.printmap_plate import Plate
from riskmap.output.printmap_template import MapLook
from riskmap.output.symbology import Swatch, symbology
from riskmap.text import Text
from riskmap.zonal import nearest_inside

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

    from riskmap.data.catalog import Catalog

HATCH_MM = {"lines": 1.7, "cross": 2.1, "dots": 1.5, "none": 1.3, "hatch": 1.7}
"""Distance of the lines or dots of a pattern on A3."""
HATCH_LINE_MM = 0.13
DOT_MM = 0.42
VEIL = 0.68
"""How much of the paper covers what a township's sheet is not about."""


@dataclass(frozen=True, eq=False)
class Window:
    """Where a map lies on its sheet.

    Parameters
    ----------
    box : (left, top, right, bottom)
        Of the inner neatline, millimetres on the paper.
    ground : (west, south, east, north)
        Of the same, metres of ``crs``.
    denominator : float
        Of the map scale.
    """

    box: tuple[float, float, float, float]
    ground: tuple[float, float, float, float]
    denominator: float
    crs: Any

    def place(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Give millimetres on the paper of a place on the ground."""
        per_mm = self.denominator / 1000
        return self.box[0] + (x - self.ground[0]) / per_mm, self.box[3] - (y - self.ground[1]) / per_mm


def extent(plate: Plate) -> tuple[Any, tuple[float, float, float, float]]:
    """Give system and bounds of what a sheet is about, metres."""
    page = plate.page
    units = page.units
    crs = page.grids[0].raster.grid.crs if page.grids else units.crs
    if crs is None:
        raise OutputError(
            Text("打印图没有格网也没有乡镇，不知道画哪里", "a sheet needs a grid or townships to know where it is")
        )
    if plate.focus is not None:
        bounds = units.loc[(units["code"] == plate.focus).to_numpy()].to_crs(crs).total_bounds
    elif plate.boundary is not None:
        bounds = plate.boundary.to_crs(crs).total_bounds
    elif len(units):
        bounds = units.to_crs(crs).total_bounds
    else:
        bounds = page.grids[0].raster.grid.bounds
    west, south, east, north = (float(side) for side in bounds)
    return crs, (west, south, east, north)


def least_denominator(bounds: tuple[float, float, float, float], size_mm: tuple[float, float]) -> float:
    """Give the denominator at which bounds (metres) just fit into a box."""
    west, south, east, north = bounds
    return 1000 * max((east - west) / size_mm[0], (north - south) / size_mm[1])


def inner_box(box: tuple[float, float, float, float], look: MapLook) -> tuple[float, float, float, float]:
    """Give the box inside the band of a neatline, in the units of ``box`` on A3."""
    band = look.band_mm if look.neatline == "double" else 0.0
    return box[0] + band, box[1] + band, box[2] - band, box[3] - band


def window(sheet: Sheet, box: tuple[float, float, float, float], plate: Plate, look: MapLook) -> Window:
    """Fit the area of a plate into a box of the template at a round scale, in the middle."""
    crs, bounds = extent(plate)
    inner = sheet.box(inner_box(box, look))
    width, height = inner[2] - inner[0], inner[3] - inner[1]
    room = 2 * look.margin_mm * sheet.factor
    denominator = geography.round_scale(least_denominator(bounds, (width - room, height - room)))
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    half = width * denominator / 2000, height * denominator / 2000
    return Window(inner, (x - half[0], y - half[1], x + half[0], y + half[1]), denominator, crs)


def map_axes(sheet: Sheet, view: Window) -> Axes:
    """Give axes over the window, in metres."""
    west, south, east, north = view.ground
    axes = sheet.frame(view.box, zorder=2, facecolor="white")
    axes.set(xlim=(west, east), ylim=(south, north))
    axes.axis("off")
    return axes


def paint_ground(axes: Axes, view: Window, plate: Plate) -> None:
    """Paint the pale ground of a map without colours: the relief where heights are known, one tone elsewhere."""
    from matplotlib.patches import PathPatch

    page = plate.page
    area = plate.boundary if plate.boundary is not None else page.units.geometry if len(page.units) else None
    outline = None if area is None else path_of([in_system(area, view.crs).union_all()])
    if outline is not None:
        axes.add_patch(PathPatch(outline, fc=relief.FLAT_LIGHT, ec="none", zorder=0.8))
    if page.relief is None or not page.grids:
        return
    inside = page.grids[0].inside
    whole = Raster(page.relief.grid, page.relief.values[nearest_inside(inside)])
    shaded = relief.shade(whole, np.ones(inside.shape, dtype=bool) if outline is not None else inside)
    west, south, east, north = shaded.grid.bounds
    image = axes.imshow(
        shaded.picture(), extent=(west, east, south, north), interpolation="none", zorder=0.9, aspect="auto"
    )
    axes.set(xlim=(view.ground[0], view.ground[2]), ylim=(view.ground[1], view.ground[3]))
    if outline is not None:
        image.set_clip_path(outline, transform=axes.transData)


def paint_cells(sheet: Sheet, axes: Axes, view: Window, plate: Plate, catalog: Catalog, *, hatched: bool) -> None:
    """Paint the first grid as one picture of its cells, cut at the boundary, with the patterns of its classes."""
    if not plate.page.grids or not plate.page.coloured:
        paint_ground(axes, view, plate)
        return
    layer = plate.page.grids[0]
    grid = layer.raster.grid
    # cells whose middle lies outside carry the colour of the nearest inside, up to the line, as the zone polygons do
    codes = layer.raster.values if plate.boundary is None else layer.raster.values[nearest_inside(layer.inside)]
    shown = np.ones(codes.shape, dtype=bool) if plate.boundary is not None else layer.inside
    drawn = symbology(layer.style, catalog)
    west, south, east, north = grid.bounds
    picture = np.full((*codes.shape, 3), 255, dtype=np.uint8)
    table = drawn.colour_table()
    coloured = shown & (table[codes, 3] > 0)
    picture[coloured] = table[codes[coloured], :3]
    image = axes.imshow(picture, extent=(west, east, south, north), interpolation="none", zorder=1, aspect="auto")
    axes.set(xlim=(view.ground[0], view.ground[2]), ylim=(view.ground[1], view.ground[3]))
    area = None if plate.boundary is None else plate.boundary.to_crs(view.crs).union_all()
    if area is not None:
        image.set_clip_path(path_of([area]), transform=axes.transData)
    named = {s.value for s in drawn.swatches}
    classes = [s for s in drawn.swatches if hatched or s.pattern == "none"]
    if UNKNOWN not in named:
        classes.append(Swatch(UNKNOWN, Text("", ""), "#ffffff", "", "none"))
    rows, columns = in_sight(grid, view)
    shown, codes = shown[rows, columns], codes[rows, columns]
    corner = grid.transform * Affine.translation(columns.start, rows.start)
    for swatch in classes if shown.size else ():
        pattern = "none" if swatch.value == UNKNOWN else swatch.pattern
        spacing = _spacing(sheet, view, pattern)
        lines, dots = hatch.over_cells(shown & (codes == swatch.value), corner, pattern, spacing)
        artists = paint_pattern(sheet, axes, lines, dots, hatch.ink(swatch.rgb, pattern), zorder=1.2)
        for artist in artists if area is not None else ():
            artist.set_clip_path(path_of([area]), transform=axes.transData)


def in_sight(grid: Grid, view: Window) -> tuple[slice, slice]:
    """Give the rows and columns of the cells that a map shows: a sheet of one township is not drawn for the whole county."""
    west, south, east, north = view.ground
    height, width = grid.shape
    column = np.array([west - grid.transform.c, east - grid.transform.c]) / grid.transform.a
    row = np.array([north - grid.transform.f, south - grid.transform.f]) / grid.transform.e
    first, last = np.floor([row[0], column[0]]).astype(int), np.ceil([row[1], column[1]]).astype(int)
    first, last = np.clip(first, 0, [height, width]), np.clip(last, 0, [height, width])
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


def _spacing(sheet: Sheet, view: Window, pattern: str) -> float:
    """Give the distance of a pattern's lines on the ground, metres."""
    return HATCH_MM.get(pattern, 1.0) * sheet.factor * view.denominator / 1000


def paint_pattern(sheet: Sheet, axes: Axes, lines: Any, dots: Any, colour: str, *, zorder: float) -> list[Any]:
    """Draw the lines and dots of a pattern on some axes."""
    from matplotlib.collections import LineCollection

    made: list[Any] = []
    if len(lines):
        made.append(
            LineCollection(lines, colors=colour, linewidths=sheet.stroke(HATCH_LINE_MM), zorder=zorder, capstyle="butt")
        )
        axes.add_collection(made[-1], autolim=False)
    if len(dots):
        made += axes.plot(dots[:, 0], dots[:, 1], "o", ms=sheet.stroke(DOT_MM), mfc=colour, mec="none", zorder=zorder)
    return made


def paint_outlines(sheet: Sheet, axes: Axes, view: Window, plate: Plate, catalog: Catalog) -> None:
    """Draw the lines between the townships and the boundary, cased in white as on the pages."""
    units = plate.page.units
    frames: list[tuple[str, Any]] = []
    if len(units):
        frames.append(("townships", units.to_crs(view.crs).geometry))
    outer = plate.boundary.to_crs(view.crs) if plate.boundary is not None else None
    if outer is None and len(units):
        outer = units.to_crs(view.crs).geometry
    if outer is not None:
        frames.append(("boundary", [outer.union_all()]))
    for style, shapes in frames:
        symbol = catalog.style(style).symbol
        paint_line(sheet, axes, shapes, catalog.rgb(symbol.colour), symbol.width, symbol.dash, zorder=2.6)


def paint_line(
    sheet: Sheet, axes: Axes, shapes: Any, colour: str, width: float, dash: tuple[float, ...], *,
    zorder: float, casing: str | None = "white", opacity: float = 1.0,
) -> None:  # fmt: skip
    """Draw lines or the edges of polygons, with a casing under them; width and dash in CSS pixels."""
    from matplotlib.collections import LineCollection

    strips = [xy for shape in shapes for xy in strip_coordinates(shape)]
    px = sheet.pixel()
    if casing is not None:
        axes.add_collection(
            LineCollection(
                strips,
                colors=casing,
                linewidths=(width + 2) * px,
                zorder=zorder,
                alpha=0.85,
                capstyle="round",
                joinstyle="round",
            ),
            autolim=False,
        )
    pattern = (0, [d / max(width, 0.1) for d in dash]) if dash else "solid"
    axes.add_collection(
        LineCollection(
            strips, colors=colour, linewidths=width * px, linestyles=[pattern], zorder=zorder + 0.01, alpha=opacity,
            capstyle="butt" if dash else "round", joinstyle="round",
        ),
        autolim=False,
    )  # fmt: skip


def strip_coordinates(shape: Any) -> list[Any]:
    """Give the coordinates of the lines, or of the rings of the polygons, of a geometry."""
    if shape is None or shape.is_empty:
        return []
    lines = shapely.get_parts(shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape)
    return [shapely.get_coordinates(line) for line in shapely.get_parts(lines) if shapely.get_dimensions(line) == 1]


def path_of(shapes: Any) -> Any:
    """Give polygons as one matplotlib path, holes and all.

    Paper fills by winding: outer rings go one way and holes the other, whatever way they were delivered, so that holes stay
    open and overlaps are covered.
    """
    from matplotlib.path import Path

    vertices, codes = [], []
    for shape in shapely.orient_polygons(np.asarray(shapes, dtype=object)):
        for ring in strip_coordinates(shape):
            vertices.append(ring)
            codes += [Path.MOVETO, *[Path.LINETO] * (len(ring) - 2), Path.CLOSEPOLY]
    return Path(np.concatenate(vertices) if vertices else np.empty((0, 2)), codes)


def veil(axes: Axes, view: Window, units: gpd.GeoDataFrame, focus: str) -> None:
    """Lighten everything but one township."""
    from matplotlib.patches import PathPatch

    chosen = units.loc[(units["code"] == focus).to_numpy()].to_crs(view.crs).geometry.union_all()
    around = shapely.box(*view.ground).difference(chosen)
    axes.add_patch(PathPatch(path_of([around]), fc="white", ec="none", alpha=VEIL, zorder=2.7))
    axes.add_patch(PathPatch(path_of([chosen]), fc="none", ec=INK, lw=1.6, zorder=2.8))


def paint_neatline(
    sheet: Sheet, axes: Axes, view: Window, box: tuple[float, float, float, float], look: MapLook
) -> None:
    """Draw the frame of the map and, where they are wanted, meridians and parallels with their labels."""
    left, top, right, bottom = view.box
    if look.neatline != "none":
        sheet.rectangle(left, top, right, bottom, edge=INK, mm=0.22, zorder=6)
    if look.neatline == "double":
        sheet.rectangle(*sheet.box(box), edge=INK, mm=0.55, zorder=6)
    if look.graticule == "none":
        return
    for line in geography.graticule(view.ground, view.crs):
        if look.graticule == "lines":
            axes.plot(*line.xy.T, color=INK, lw=sheet.stroke(0.09), alpha=0.45, zorder=2.5)
        if look.neatline == "double":
            _label_line(sheet, view, line, look.band_mm * sheet.factor)


def _label_line(sheet: Sheet, view: Window, line: geography.GraticuleLine, band: float) -> None:
    """Write the label of a line into the band on both sides, with ticks across it; none in the corners."""
    left, top, right, bottom = view.box
    half = sheet.pt("small") * CAP * MM_PER_PT
    corner = sheet.type.width_mm(line.label, sheet.pt("small")) * 0.6
    if line.meridian:
        for x, edge, out in ((line.low, bottom, band), (line.high, top, -band)):
            at = view.place(x, 0)[0]
            if left + corner < at < right - corner:
                _tick(sheet, at, edge, at, edge + out)
                sheet.text(at, edge + out / 2 + half, line.label, "small", align="centre", plate=True)
        return
    for y, edge, out in ((line.low, left, -band), (line.high, right, band)):
        at = view.place(0, y)[1]
        if top + corner < at < bottom - corner:
            _tick(sheet, edge, at, edge + out, at)
            sheet.text(edge + out / 2 + half, at, line.label, "small", align="centre", turned=90, plate=True)


def _tick(sheet: Sheet, x0: float, y0: float, x1: float, y1: float) -> None:
    sheet.rule(x0, y0, x1, y1, mm=0.16, colour=INK)


def north_box(sheet: Sheet, view: Window, look: MapLook) -> tuple[float, float, float, float]:
    """Give the box of the north arrow, millimetres on the paper; empty where there is none."""
    left, top, right, _ = view.box
    if look.north_arrow == "none":
        return left, top, left, top
    k = sheet.factor
    start = right - 15 * k if look.north_arrow == "top_right" else left + 3 * k
    return start, top + 3 * k, start + 12 * k, top + 24 * k


def paint_north(sheet: Sheet, view: Window, look: MapLook, words: str) -> None:
    """Draw the north arrow in a corner of the map."""
    from matplotlib.patches import Polygon

    if look.north_arrow == "none":
        return
    left, top, right, bottom = north_box(sheet, view, look)
    k, centre = sheet.factor * 0.42, (left + right) / 2
    sheet.rectangle(left, top, right, bottom, fill="white", zorder=5.5)
    corners = np.array([(0, 1), (9, 32), (0, 25), (-9, 32)]) * k + (centre, top + sheet.factor)
    sheet.desk.add_patch(Polygon(corners, closed=True, fc=INK, ec="none", zorder=6))
    sheet.text(centre, bottom - 1.2 * sheet.factor, words, "heading", bold=True, align="centre")


def in_system(frame: Any, crs: Any) -> Any:
    """Give a frame or a series of geometries in the map's system."""
    return frame if same(frame.crs, crs) else frame.to_crs(crs)
