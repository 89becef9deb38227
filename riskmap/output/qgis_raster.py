"""Styles of grids for QGIS (QML) and for others (SLD): classes by their colours, values by a ramp."""

from __future__ import annotations

from dataclasses import dataclass

from riskmap.levels import UNKNOWN
from riskmap.output.qgis_vector import DOCTYPE, SLD, VERSION
from riskmap.output.qgis_xml import Element, node, text_of
from riskmap.output.symbology import Symbology
from riskmap.text import Lang

RAMP = ("#f5f1e3", "#e3c98a", "#cf8f3c", "#9c4f1e", "#54210d")
"""Five pale to dark browns for values and for levels without a style: none of them is a risk colour."""

NOT_SHOWN = 0


@dataclass(frozen=True)
class Entry:
    """One colour of a grid.

    Parameters
    ----------
    value : float
    rgb : str
        ``#rrggbb``.
    label : str
    """

    value: float
    rgb: str
    label: str


@dataclass(frozen=True)
class Ramp:
    """How a grid is coloured.

    Parameters
    ----------
    entries : tuple of Entry
        Ascending.
    classes : bool
        Whether each value is a class of its own; else colours run from one entry to the next.
    """

    entries: tuple[Entry, ...]
    classes: bool


def of_classes(drawn: Symbology, lang: Lang) -> Ramp:
    """Give the colours of a grid that has a style; unknown cells are not drawn."""
    entries = [
        Entry(int(s.value), s.rgb, s.named(lang))
        for s in drawn.swatches
        if isinstance(s.value, int) and s.value != UNKNOWN
    ]
    return Ramp(tuple(sorted(entries, key=lambda e: e.value)), classes=True)


def of_levels(count: int, lang: Lang, *, numbers: bool = False) -> Ramp:
    """Give the colours of delivered levels, 1 to ``count``, which are no risk colours; ``numbers`` that are no levels stay bare."""
    named = "{}" if numbers else {"zh": "{} 级", "en": "level {}"}[lang]
    steps = [i / max(count - 1, 1) for i in range(count)]
    return Ramp(tuple(Entry(i, _between(step), named.format(i)) for i, step in enumerate(steps, 1)), classes=True)


def _between(share: float) -> str:
    """Give the colour at a share (0-1) of the ramp."""
    place = share * (len(RAMP) - 1)
    low = min(int(place), len(RAMP) - 2)
    ends = [[int(RAMP[low + i][k : k + 2], 16) for k in (1, 3, 5)] for i in (0, 1)]
    mixed = [round(a + (place - low) * (b - a)) for a, b in zip(*ends, strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def of_values(low: float, high: float) -> Ramp:
    """Give a ramp between two values."""
    high = high if high > low else low + 1.0
    steps = [low + (high - low) * i / (len(RAMP) - 1) for i in range(len(RAMP))]
    return Ramp(tuple(Entry(v, rgb, f"{v:.4g}") for v, rgb in zip(steps, RAMP, strict=True)), classes=False)


def qml(ramp: Ramp) -> str:
    """Give the QML that stands beside a grid under the same name."""
    attributes = {"version": VERSION, "styleCategories": "AllStyleCategories"}
    return text_of(node("qgis", attributes, pipe(ramp)), DOCTYPE)


def pipe(ramp: Ramp) -> Element:
    """Give the element that a project file holds in the same form."""
    look = {"band": "1", "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    if ramp.classes:
        entries = [
            node("paletteEntry", {"value": f"{e.value:g}", "color": e.rgb, "label": e.label, "alpha": "255"})
            for e in ramp.entries
        ]
        renderer = node("rasterrenderer", look | {"type": "paletted"}, node("colorPalette", {}, *entries))
    else:
        low, high = ramp.entries[0].value, ramp.entries[-1].value
        items = [
            node("item", {"value": f"{e.value:.9g}", "color": e.rgb, "label": e.label, "alpha": "255"})
            for e in ramp.entries
        ]
        limits = {"minimumValue": f"{low:.9g}", "maximumValue": f"{high:.9g}"}
        shader = {"colorRampType": "INTERPOLATED", "classificationMode": "1", "clip": "0"}
        made = node("rastershader", {}, node("colorrampshader", shader | limits, *items))
        limits = {"classificationMin": limits["minimumValue"], "classificationMax": limits["maximumValue"]}
        renderer = node("rasterrenderer", look | limits | {"type": "singlebandpseudocolor"}, made)
    return node("pipe", {}, renderer)


def sld(ramp: Ramp, name: str) -> str:
    """Give the SLD of a grid."""
    entries = [
        node("se:ColorMapEntry", {"color": e.rgb, "quantity": f"{e.value:.9g}", "label": e.label, "opacity": "1"})
        for e in ramp.entries
    ]
    if ramp.classes:
        # codes below the first class are unknown
        entries.insert(
            0, node("se:ColorMapEntry", {"color": "#ffffff", "quantity": NOT_SHOWN, "label": "", "opacity": "0"})
        )
    colours = node("se:ColorMap", {"type": "values" if ramp.classes else "ramp"}, *entries)
    rule = node("se:Rule", {}, node("se:RasterSymbolizer", {}, colours))
    style = node("UserStyle", {}, node("se:Name", text=name), node("se:FeatureTypeStyle", {}, rule))
    return text_of(node("StyledLayerDescriptor", SLD, node("NamedLayer", {}, node("se:Name", text=name), style)))
