"""Print the maps: A4 to A0 as PDF with real text or as PNG, one sheet each or an atlas of townships.

A sheet shows what the web page shows: the same colours, legend, figures, symbols and notes. The patterns of the classes are
always printed, on the map and in the legend, because copies are often black and white.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from riskmap.errors import SpecError
from riskmap.output import printmap_map as mapping
from riskmap.output import printmap_panel as panel
from riskmap.output.printmap_contents import contents_sheets
from riskmap.output.printmap_fonts import typeface
from riskmap.output.printmap_items import draw_stack, place_index
from riskmap.output.printmap_overlays import Names, name_features, name_units, paint_layers, visible
from riskmap.output.printmap_paper import Sheet, plain_matplotlib, save_pdf, save_png
from riskmap.output.printmap_plate import Contents, Plate, Printing
from riskmap.output.printmap_stack import Stack
from riskmap.output.printmap_template import Element, Format, Layout, Template, template
from riskmap.output.webmap_words import word
from riskmap.text import Lang, Text

if TYPE_CHECKING:
    from riskmap.data.catalog import Catalog

__all__ = ["Contents", "Plate", "Printing", "compose", "save", "write_atlas"]

PNG_DPI = 150


def save(sheet: Sheet, path: Path, *, title: str, dpi: int = PNG_DPI) -> Path:
    """Write a composed sheet; the suffix of the path (``.pdf`` or ``.png``) says as what.

    Parameters
    ----------
    sheet : Sheet
    path : Path
        Its folder is made when missing.
    title : str
        Of the PDF document.
    dpi : int
        Of a PNG.

    Returns
    -------
    Path
        Writing the same sheet again gives the same bytes.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with plain_matplotlib():
        return save_png(sheet, path, dpi=dpi) if path.suffix == ".png" else save_pdf([sheet], path, title=title)


def write_atlas(
    plates: Iterable[Plate], path: Path, *, contents: Contents, printing: Printing, lang: Lang, catalog: Catalog
) -> Path:
    """Print plates as the pages of one PDF behind a page of contents; see :func:`compose`."""
    sheets = [
        *compose_contents(contents, printing=printing, lang=lang, catalog=catalog),
        *(compose(plate, printing=printing, lang=lang, catalog=catalog) for plate in plates),
    ]
    with plain_matplotlib():
        return save_pdf(sheets, path, title=contents.plate.page.title.pick(lang))


def compose(plate: Plate, *, printing: Printing, lang: Lang, catalog: Catalog) -> Sheet:
    """Lay out one sheet without writing it.

    Parameters
    ----------
    plate : Plate
    printing : Printing
        Paper, orientation, template, fonts.
    lang : {"zh", "en"}
    catalog : Catalog
        Gives the colours and the styles of the boundary lines.

    Raises
    ------
    MissingGlyphError
        If no font has a character that is to be set.
    OutputError
        If nothing says where the sheet lies.
    SpecError
        If there is no such template, or it is wrong.
    """
    form = template(printing.template, beside=printing.beside)
    layout = _layout(plate, form, printing)
    with plain_matplotlib():
        sheet = Sheet(Format(printing.paper, layout.upright), typeface(printing.fonts), form.sizes)
        view = mapping.window(sheet, layout.map_box, plate, form.map)
        _map(sheet, form, layout, view, plate, lang, catalog)
        _stacks(sheet, layout, plate, lang, catalog)
        for element in layout.elements:
            _block(sheet, element, view, plate, lang)
    sheet.type.require(sheet.texts())
    return sheet


def compose_contents(contents: Contents, *, printing: Printing, lang: Lang, catalog: Catalog) -> list[Sheet]:
    """Lay out the pages of contents of an atlas: title, the map of the sheets, the list of them."""
    form = template(printing.template, beside=printing.beside)
    layout = _layout(contents.plate, form, printing)
    with plain_matplotlib():
        return contents_sheets(
            contents, Format(printing.paper, layout.upright), typeface(printing.fonts), form.sizes, lang, catalog
        )


def _layout(plate: Plate, form: Template, printing: Printing) -> Layout:
    """Give the layout that shows the area largest, of the orientation asked for."""
    bounds = mapping.extent(plate)[1]
    wanted = [it for it in form.layouts if printing.orientation in ("auto", it.orientation)]
    if not wanted:
        raise SpecError(
            Text(
                f"模板 {form.id} 没有 {printing.orientation} 的版式",
                f"the template {form.id} has no layout that is {printing.orientation}",
            )
        )

    def least(layout: Layout) -> float:
        left, top, right, bottom = mapping.inner_box(layout.map_box, form.map)
        room = 2 * form.map.margin_mm
        return mapping.least_denominator(bounds, (right - left - room, bottom - top - room))

    return min(wanted, key=least)


def _map(
    sheet: Sheet, form: Template, layout: Layout, view: mapping.Window, plate: Plate, lang: Lang, catalog: Catalog
) -> None:
    axes = mapping.map_axes(sheet, view)
    layers = visible(plate.page.vectors)
    mapping.paint_cells(sheet, axes, view, plate, catalog, hatched=form.map.hatches)
    paint_layers(sheet, axes, view, layers, catalog)
    mapping.paint_outlines(sheet, axes, view, plate, catalog)
    if plate.focus is not None:
        mapping.veil(axes, view, plate.page.units, plate.focus)
    mapping.paint_neatline(sheet, axes, view, layout.map_box, form.map)
    mapping.paint_north(sheet, view, form.map, word("north", lang))
    names = Names(sheet, axes, view)
    names.keep_clear(mapping.north_box(sheet, view, form.map))
    name_units(names, view, plate.page.units, plate.focus)
    name_features(names, sheet, view, layers)


def _stacks(sheet: Sheet, layout: Layout, plate: Plate, lang: Lang, catalog: Catalog) -> None:
    stacks = {}
    for number, element in enumerate(layout.elements):
        if element.block == "stack":
            box = sheet.box(element.box)
            stacks[number] = (Stack(sheet, plate, catalog, lang, box[0], box[2]), element)
    for number, items in place_index(stacks).items():
        stack, element = stacks[number]
        box = sheet.box(element.box)
        draw_stack(stack, items, box[1], box[3])


def _block(sheet: Sheet, element: Element, view: mapping.Window, plate: Plate, lang: Lang) -> None:
    box = sheet.box(element.box)
    if element.block == "scale":
        panel.scale(sheet, box, view, lang, element)
    elif element.block not in ("map", "stack"):
        {"title": panel.title, "headline": panel.headline, "notice": panel.notice, "imprint": panel.imprint}[
            element.block
        ](sheet, box, plate, lang, element)
