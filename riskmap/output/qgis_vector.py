"""Styles of vector layers for QGIS (QML) and for others (SLD 1.1), from the house's styles."""

from __future__ import annotations

from typing import Any

from riskmap.data.spec import FieldSpec
from riskmap.output.qgis_xml import Element, colour, mm, node, options, text_of
from riskmap.output.symbology import OPEN, Swatch, Symbology
from riskmap.text import Lang

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
VERSION = "3.22.0"
FONT = "Microsoft YaHei"
"""Of labels; QGIS takes another where a machine lacks it."""

KINDS = {"point": "marker", "line": "line", "polygon": "fill"}
HATCH = "#8a949d"
"""Lines of unknown ground."""

DIAGONALS = {"none": "b_diagonal", "hatch": "vertical"}
"""QGIS fills of open patterns."""


def qml(drawn: Symbology, fields: dict[str, FieldSpec], columns: tuple[str, ...], lang: Lang) -> str:
    """Give the QML of a layer: symbols, labels, and what its fields are called.

    Parameters
    ----------
    drawn : Symbology
    fields : dict
        Declared fields of the layer.
    columns : tuple of str
        Columns that the layer has.
    lang : {"zh", "en"}
    """
    attributes = {
        "version": VERSION,
        "styleCategories": "Symbology|Labeling|Fields|Forms",
        "labelsEnabled": _labelled(drawn, columns),
    }
    return text_of(node("qgis", attributes, *qml_parts(drawn, fields, columns, lang)), DOCTYPE)


def qml_parts(drawn: Symbology, fields: dict[str, FieldSpec], columns: tuple[str, ...], lang: Lang) -> list[Element]:
    """Give the elements of a QML, which a project file holds in the same form."""
    parts = [_renderer(drawn, lang)]
    if _labelled(drawn, columns) == "1":
        parts.append(_labelling(drawn))
    aliases = [
        node("alias", {"field": c, "index": i, "name": fields[c].title.pick(lang)})
        for i, c in enumerate(columns)
        if c in fields
    ]
    widgets = [_widget(c, fields[c], lang) for c in columns if c in fields and fields[c].domain]
    parts += [node("fieldConfiguration", {}, *widgets), node("aliases", {}, *aliases)]
    # zero is what QGIS itself writes for polygons, lines and points alike
    return [*parts, node("layerGeometryType", text={"point": "0", "line": "1", "polygon": "2"}[drawn.style.geometry])]


def _labelled(drawn: Symbology, columns: tuple[str, ...]) -> str:
    return "1" if drawn.style.symbol.label in columns else "0"


def _widget(column: str, field: FieldSpec, lang: Lang) -> Element:
    """Show the title of a category in place of its code."""
    entries = [
        node(
            "Option",
            {"type": "Map"},
            node("Option", {"type": "QString", "name": known.title.pick(lang), "value": value}),
        )
        for value, known in field.domain.items()
    ]
    config = node("Option", {"type": "Map"}, node("Option", {"type": "List", "name": "map"}, *entries))
    return node("field", {"name": column}, node("editWidget", {"type": "ValueMap"}, node("config", {}, config)))


def _renderer(drawn: Symbology, lang: Lang) -> Element:
    look = {"enableorderby": "0", "forceraster": "0", "symbollevels": "0"}
    if not drawn.swatches:
        return node("renderer-v2", look | {"type": "singleSymbol"}, node("symbols", {}, _symbol("0", drawn, None)))
    categories = [
        node(
            "category",
            {
                "symbol": i,
                "value": _value(swatch),
                "label": swatch.named(lang),
                "render": "true",
                "type": _type(swatch),
            },
        )
        for i, swatch in enumerate(drawn.swatches)
    ]
    symbols = [_symbol(str(i), drawn, swatch) for i, swatch in enumerate(drawn.swatches)]
    attributes = look | {"type": "categorizedSymbol", "attr": drawn.style.field or ""}
    return node("renderer-v2", attributes, node("categories", {}, *categories), node("symbols", {}, *symbols))


def _value(swatch: Swatch) -> str:
    return str(swatch.value)


def _type(swatch: Swatch) -> str:
    return "long" if isinstance(swatch.value, int) else "string"


def _symbol(name: str, drawn: Symbology, swatch: Swatch | None) -> Element:
    kind = KINDS[drawn.style.geometry]
    opacity = drawn.style.symbol.opacity if kind != "marker" else 1.0
    attributes = {"name": name, "type": kind, "alpha": f"{opacity:g}", "clip_to_extent": "1", "force_rhr": "0"}
    layers = {"marker": _marker, "line": _line, "fill": _fill}[kind](drawn, swatch)
    return node("symbol", attributes, *(_layer(name, values) for name, values in layers))


def _layer(name: str, values: dict[str, str]) -> Element:
    old = [node("prop", {"k": key, "v": value}) for key, value in values.items()]
    # QGIS before 3.18 reads the props, later ones the options
    return node("layer", {"class": name, "enabled": "1", "locked": "0", "pass": "0"}, options(values), *old)


def _marker(drawn: Symbology, swatch: Swatch | None) -> list[tuple[str, dict[str, str]]]:
    symbol = drawn.style.symbol
    inside = swatch.rgb if swatch else drawn.fill or drawn.stroke
    if swatch is not None and swatch.pattern == "none":
        inside = "#ffffff"
    bare = symbol.shape == "cross"
    shape = "cross_fill" if bare else symbol.shape
    edge = {"outline_style": "solid", "outline_width_unit": "MM", "size_unit": "MM", "name": shape}
    light = colour("#ffffff")
    around = {"color": light, "outline_color": light, "outline_width": mm(3), "size": mm(2 * symbol.radius)}
    own = {
        "color": colour(inside),
        "outline_color": colour(drawn.stroke),
        "outline_width": mm(symbol.width),
        "size": mm(2 * symbol.radius),
    }
    return [("SimpleMarker", edge | around), ("SimpleMarker", edge | own)]


def _line(drawn: Symbology, swatch: Swatch | None) -> list[tuple[str, dict[str, str]]]:
    symbol = drawn.style.symbol
    join = {"line_style": "solid", "capstyle": "round", "joinstyle": "round", "line_width_unit": "MM"}
    layers = []
    edge = drawn.fill or ("#ffffff" if symbol.width >= 2 else None)
    if edge is not None:
        layers.append(("SimpleLine", join | {"line_color": colour(edge), "line_width": mm(symbol.width + 2)}))
    own = join | {"line_color": colour(swatch.rgb if swatch else drawn.stroke), "line_width": mm(symbol.width)}
    if symbol.dash:
        dashes = ";".join(mm(d) for d in symbol.dash)
        own |= {"use_custom_dash": "1", "customdash": dashes, "customdash_unit": "MM", "capstyle": "flat"}
    return [*layers, ("SimpleLine", own)]


def _fill(drawn: Symbology, swatch: Swatch | None) -> list[tuple[str, dict[str, str]]]:
    symbol = drawn.style.symbol
    inside = swatch.rgb if swatch else drawn.fill
    hatched = DIAGONALS[swatch.pattern] if swatch is not None and swatch.pattern in OPEN else None
    values = {
        "style": "no" if inside is None else hatched or "solid",
        "color": colour(HATCH if swatch and swatch.pattern == "none" else inside or "#ffffff"),
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    if symbol.width > 0:
        line = {"outline_style": "dash" if symbol.dash else "solid", "outline_color": colour(drawn.stroke)}
        return [("SimpleFill", values | line | {"outline_width": mm(symbol.width)})]
    # without an outline neighbours show white hairlines at small scales
    edge = "no" if hatched else "solid"
    return [("SimpleFill", values | {"outline_style": edge, "outline_color": values["color"], "outline_width": "0.1"})]


def _labelling(drawn: Symbology) -> Element:
    style = drawn.style
    text = {
        "fieldName": style.symbol.label,
        "isExpression": "0",
        "fontFamily": FONT,
        "fontSize": "9",
        "fontSizeUnit": "Point",
        "textColor": colour("#16202b"),
        "namedStyle": "Regular",
    }
    light = {"bufferDraw": "1", "bufferSize": "0.9", "bufferSizeUnits": "MM", "bufferColor": colour("#ffffff", 0.92)}
    # 6: beside a point, 1: over the middle of a polygon, 2: along a line
    where = {"point": "6", "line": "2", "polygon": "1"}[style.geometry]
    settings = node(
        "settings",
        {"calloutType": "simple"},
        node("text-style", text, node("text-buffer", light)),
        node(
            "placement", {"placement": where, "dist": "1.2", "distUnits": "MM", "centroidInside": "1", "priority": "5"}
        ),
        node("rendering", {"obstacle": "1", "scaleVisibility": "0", "drawLabels": "1"}),
    )
    return node("labeling", {"type": "simple"}, settings)


# ---- SLD

SLD = {
    "version": "1.1.0",
    "xmlns": "http://www.opengis.net/sld",
    "xmlns:ogc": "http://www.opengis.net/ogc",
    "xmlns:se": "http://www.opengis.net/se",
    "xmlns:xlink": "http://www.w3.org/1999/xlink",
}
MARKS = {"circle": "circle", "square": "square", "triangle": "triangle", "diamond": "square", "cross": "cross"}


def sld(drawn: Symbology, lang: Lang) -> str:
    """Give the SLD of a layer: one rule for each class, sizes in pixels."""
    rules = [_rule(drawn, swatch, lang) for swatch in drawn.swatches] or [_rule(drawn, None, lang)]
    feature = node("se:FeatureTypeStyle", {}, *rules)
    style = node("UserStyle", {}, node("se:Name", text=drawn.style.title.pick(lang)), feature)
    return text_of(
        node("StyledLayerDescriptor", SLD, node("NamedLayer", {}, node("se:Name", text=drawn.style.id), style))
    )


def _rule(drawn: Symbology, swatch: Swatch | None, lang: Lang) -> Element:
    rule = node("se:Rule", {}, node("se:Name", text=swatch.named(lang) if swatch else drawn.style.title.pick(lang)))
    if swatch is not None:
        wanted = [node("ogc:PropertyName", text=drawn.style.field), node("ogc:Literal", text=str(swatch.value))]
        test = (
            node("ogc:PropertyIsNull", {}, wanted[0])
            if swatch.value == ""
            else node("ogc:PropertyIsEqualTo", {}, *wanted)
        )
        rule.append(node("ogc:Filter", {}, test))
    rule.extend({"point": _sld_point, "line": _sld_line, "polygon": _sld_polygon}[drawn.style.geometry](drawn, swatch))
    return rule


def _parameters(values: dict[str, Any]) -> list[Element]:
    return [node("se:SvgParameter", {"name": key}, text=f"{value}") for key, value in values.items()]


def _stroke(rgb: str, width: float, dash: tuple[float, ...] = ()) -> Element:
    values: dict[str, Any] = {"stroke": rgb, "stroke-width": f"{width:g}", "stroke-linejoin": "round"}
    if dash:
        values["stroke-dasharray"] = " ".join(f"{d:g}" for d in dash)
    return node("se:Stroke", {}, *_parameters(values))


def _filled(rgb: str, opacity: float) -> Element:
    return node("se:Fill", {}, *_parameters({"fill": rgb} | ({"fill-opacity": f"{opacity:g}"} if opacity < 1 else {})))


def _sld_point(drawn: Symbology, swatch: Swatch | None) -> list[Element]:
    symbol = drawn.style.symbol
    inside = swatch.rgb if swatch else drawn.fill or drawn.stroke
    mark = node(
        "se:Mark",
        {},
        node("se:WellKnownName", text=MARKS[symbol.shape]),
        _filled("#ffffff" if swatch and swatch.pattern == "none" else inside, 1.0),
        _stroke(drawn.stroke, symbol.width),
    )
    graphic = [mark, node("se:Size", text=f"{2 * symbol.radius:g}")]
    if symbol.shape == "diamond":
        graphic.append(node("se:Rotation", {}, node("ogc:Literal", text="45")))
    return [node("se:PointSymbolizer", {}, node("se:Graphic", {}, *graphic))]


def _sld_line(drawn: Symbology, swatch: Swatch | None) -> list[Element]:
    symbol = drawn.style.symbol
    lines = []
    edge = drawn.fill or ("#ffffff" if symbol.width >= 2 else None)
    if edge is not None:
        lines.append(node("se:LineSymbolizer", {}, _stroke(edge, symbol.width + 2)))
    own = _stroke(swatch.rgb if swatch else drawn.stroke, symbol.width, symbol.dash)
    return [*lines, node("se:LineSymbolizer", {}, own)]


def _sld_polygon(drawn: Symbology, swatch: Swatch | None) -> list[Element]:
    symbol = drawn.style.symbol
    inside = swatch.rgb if swatch else drawn.fill
    parts = []
    if inside is not None and not (swatch and swatch.pattern in OPEN):
        parts.append(_filled(inside, symbol.opacity))
    if symbol.width > 0:
        parts.append(_stroke(drawn.stroke, symbol.width, symbol.dash))
    elif inside is not None:
        parts.append(_stroke(HATCH if swatch and swatch.pattern == "none" else inside, 0.4))
    return [node("se:PolygonSymbolizer", {}, *parts)]
