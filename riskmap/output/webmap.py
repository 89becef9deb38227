"""Write a web page that works from a USB stick: the coloured grid, the overlays, the figures and the notes in one file.

The grid is drawn from its class codes, not from a picture: one array gives the drawing, the answer to a click, the
class switches and the patterns, with exact cell edges at every zoom. Where a screen pixel is larger than a cell, it
shows the cell under its middle.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.crs import parse
from riskmap.data.catalog import Catalog
from riskmap.data.spec import Symbol
from riskmap.errors import OutputError
from riskmap.levels import UNKNOWN
from riskmap.output import relief
from riskmap.output.symbology import symbology, unknown
from riskmap.output.webmap_grid import OUTSIDE, area_bounds, codes_of, fit, unit_cells
from riskmap.output.webmap_html import document
from riskmap.output.webmap_page import (
    INTERNAL_USE,
    Comparison,
    Explanation,
    Factor,
    GridLayer,
    LegendRow,
    Nearest,
    Page,
    VectorLayer,
)
from riskmap.output.webmap_vector import answer_record, lonlat, unit_record, vector_record
from riskmap.output.webmap_view import TABLE_FORMATS, coded_classes, swatch_records, view
from riskmap.output.webmap_why import Blocks, why_parts
from riskmap.output.webmap_words import words
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "INTERNAL_USE",
    "Comparison",
    "Explanation",
    "Factor",
    "GridLayer",
    "LegendRow",
    "Nearest",
    "Page",
    "VectorLayer",
    "render",
    "write",
]


def write(page: Page, path: Path, *, lang: Lang, catalog: Catalog) -> Path:
    """Write a page to one HTML file; writing the same page again gives the same bytes.

    Parameters
    ----------
    page : Page
    path : Path
        Its folder is made when missing.
    lang : {"zh", "en"}
    catalog : Catalog
        Says what the colours of the styles are and what the values of category fields are called.

    Raises
    ------
    OutputError
        If the page cannot be drawn exactly (a grid too wide, codes without a class, columns that are not there), if
        it would ask for anything outside its own file, or if the file cannot be written.
    MissingCRSError
        If a frame does not state its system.
    """
    html = render(page, lang=lang, catalog=catalog)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(html.encode("utf-8", errors="replace"))
    except OSError as error:
        raise OutputError(
            Text(f"网页写不进去：{error.strerror}", f"the page cannot be written: {error.strerror}"),
            remedy=Text(
                "关闭打开它的程序，检查文件夹权限", "close the program that has it open, check the folder's rights"
            ),
            file=str(path),
        ) from error
    return path


def render(page: Page, *, lang: Lang, catalog: Catalog) -> str:
    """Give the HTML text of a page; see :func:`write`."""
    units = _sorted_units(page)
    grids = [_grid_record(layer, catalog, lang) for layer in page.grids]
    vectors = [_vector_parts(layer, catalog, lang) for layer in page.vectors]
    blocks = [(f"grid-{i}", codes_of(layer).tobytes()) for i, layer in enumerate(page.grids)]
    blocks += [(f"vector-{i}", _json(record)) for i, (_, record) in enumerate(vectors)]
    told: dict[str, Any] = {
        "lang": lang,
        "words": {key: text.pick(lang) for key, text in words().items()},
        "bounds": _bounds(page, units),
        "grids": grids,
        "coloured": page.coloured,
        "online": page.online,
        "coded": coded_classes(catalog, lang),
        "vectors": [description for description, _ in vectors],
        "units": None,
    }
    if len(units):
        told["units"] = _unit_parts(units, page, catalog, blocks)
    told |= _ground(page, blocks) | _answers(page, catalog, lang, blocks) | _comparison(page, catalog, lang, blocks)
    blocks.append(("page", _json(told)))
    shown = view(page, units, told, catalog, lang) | {"blocks": blocks}
    west, south, east, north = told["bounds"]
    return document(shown, lang, centre=((west + east) / 2, (south + north) / 2))


def _ground(page: Page, blocks: Blocks) -> dict[str, Any]:
    """Give the tones of the ground, which a map without colours shows."""
    ground: dict[str, Any] = {"light": relief.FLAT_LIGHT, "dark": relief.FLAT_DARK, "relief": None}
    if page.relief is not None and page.grids:
        shaded = relief.shade(page.relief, page.grids[0].inside)
        blocks.append(("relief", shaded.tones.tobytes()))
        rows, columns = shaded.grid.shape
        ground["relief"] = {
            "rows": rows,
            "columns": columns,
            "mapping": fit(shaded.grid).record(),
            "light": relief.colours(relief.LIGHT),
            "dark": relief.colours(relief.DARK),
        }
    return {"ground": ground}


def _answers(page: Page, catalog: Catalog, lang: Lang, blocks: Blocks) -> dict[str, Any]:
    """Give what a click answers beside the class: why, and what is nearest."""
    told: dict[str, Any] = {"why": None, "why_left_out": False, "answers": []}
    if page.explanation is not None and page.grids:
        told["why"], arrays = why_parts(page.explanation, page.grids[0].inside, lang)
        told["why_left_out"] = told["why"] is None
        blocks += arrays
    places = {layer.style.id: number for number, layer in enumerate(page.vectors)}
    for asked in page.answers:
        # a layer with nothing in the area is not on the page
        if asked.layer not in places:
            continue
        number = places[asked.layer]
        blocks.append(
            (f"answer-{len(told['answers'])}", _json(answer_record(page.vectors[number], asked, catalog, lang)))
        )
        told["answers"].append(
            {
                "vector": number,
                "question": asked.question.pick(lang),
                "found": asked.found.pick(lang),
                "none": asked.none.pick(lang),
                "reach": asked.reach_m,
            }
        )
    return told


def _comparison(page: Page, catalog: Catalog, lang: Lang, blocks: Blocks) -> dict[str, Any]:
    """Give the other run that the slider shows."""
    if page.comparison is None:
        return {"comparison": None}
    blocks.append(("before", codes_of(page.comparison.layer).tobytes()))
    record = _grid_record(page.comparison.layer, catalog, lang)
    return {
        "comparison": {
            "grid": record,
            "before": page.comparison.before.pick(lang),
            "now": page.comparison.now.pick(lang),
        }
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
        "utf-8", errors="replace"
    )


def _sorted_units(page: Page) -> gpd.GeoDataFrame:
    """Give the townships by code, in the system of the first grid when there is one."""
    if not len(page.units):
        return page.units
    wanted = ["name", "code", *(column for column, _, _ in page.unit_columns)]
    wanted += [] if page.rank_by is None else [page.rank_by]
    missing = [column for column in wanted if column not in page.units.columns]
    formats = [form for _, _, form in page.unit_columns if form not in TABLE_FORMATS]
    if missing or formats:
        raise OutputError(
            Text(
                f"乡镇表缺列 {missing}，不认识的格式 {formats}（可用 {list(TABLE_FORMATS)}）",
                f"the townships lack the columns {missing}; unknown formats {formats} (known: {list(TABLE_FORMATS)})",
            )
        )
    parse(page.units.crs, layer="townships")
    ordered = page.units.sort_values("code", kind="stable").reset_index(drop=True)
    return ordered.to_crs(page.grids[0].raster.grid.crs) if page.grids else ordered


def _bounds(page: Page, units: gpd.GeoDataFrame) -> list[float]:
    """Give west, south, east, north of what the page is about, degrees: the area, else the townships, else the vectors."""
    boxes: list[Any] = [area_bounds(layer) for layer in page.grids[:1] if layer.inside.any()]
    if not boxes:
        frames = [units] if len(units) else [layer.frame for layer in page.vectors]
        boxes = [lonlat(frame).total_bounds for frame in frames if len(frame)]
    sides = np.array([box for box in boxes if np.isfinite(box).all()])
    if not len(sides):
        raise OutputError(Text("没有可画的内容", "there is nothing to draw"))
    return [*sides[:, :2].min(axis=0).round(6).tolist(), *sides[:, 2:].max(axis=0).round(6).tolist()]


def _grid_record(layer: GridLayer, catalog: Catalog, lang: Lang) -> dict[str, Any]:
    drawn = symbology(layer.style, catalog)
    # whatever the style says of unknown ground, it is never a colour
    named = [replace(s, pattern="none") if s.value == UNKNOWN else s for s in drawn.swatches]
    swatches = named if drawn.of(UNKNOWN) else [*named, unknown(catalog)]
    rows, columns = layer.raster.grid.shape
    return {
        "id": layer.style.id,
        "title": layer.style.title.pick(lang),
        "rows": rows,
        "columns": columns,
        "outside": OUTSIDE,
        "unknown": bool((layer.raster.values[layer.inside] == UNKNOWN).any()),
        "mapping": fit(layer.raster.grid).record(),
        "classes": swatch_records(swatches, lang),
    }


def _vector_parts(layer: VectorLayer, catalog: Catalog, lang: Lang) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what the panel says of a layer, and its features."""
    drawn = symbology(layer.style, catalog)
    symbol = layer.style.symbol
    description = {
        "id": layer.style.id,
        "title": layer.style.title.pick(lang),
        "geometry": layer.style.geometry,
        "visible": layer.visible and layer.drawn,
        "drawn": layer.drawn,
        "classes": swatch_records(drawn.swatches, lang),
        "stroke": drawn.stroke,
        "fill": drawn.fill,
        "width": symbol.width,
        "opacity": symbol.opacity,
        "dash": list(symbol.dash),
        "radius": symbol.radius,
        "shape": symbol.shape,
    }
    return description, vector_record(layer, drawn, catalog, lang)


def _unit_parts(
    units: gpd.GeoDataFrame, page: Page, catalog: Catalog, blocks: list[tuple[str, bytes]]
) -> dict[str, Any]:
    """Give the outlines and names of the townships; the township of each cell goes to the blocks."""
    record: dict[str, Any] = {"bytes": 0, "none": 0}
    half_cell = None
    if page.grids:
        cells = unit_cells(units, page.grids[0])
        blocks.append(("unit-cells", cells.tobytes()))
        record = {"bytes": cells.itemsize, "none": int(np.iinfo(cells.dtype).max)}
        half_cell = min(page.grids[0].raster.grid.cell_size) / 2
    pens = {"inner": _pen("townships", catalog), "outer": _pen("boundary", catalog)}
    return record | pens | {"codes": [str(code) for code in units["code"]]} | unit_record(units, half_cell)


def _pen(style: str, catalog: Catalog) -> dict[str, Any]:
    """Give colour, width and dash of the lines of a style; ink where a catalogue does not declare it."""
    symbol = catalog.style_specs[style].symbol if style in catalog.style_specs else Symbol()
    return {"colour": catalog.rgb(symbol.colour), "width": symbol.width, "dash": list(symbol.dash)}
