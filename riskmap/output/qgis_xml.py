"""Building blocks of QGIS's XML: elements, options, colours, the description of a coordinate system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from riskmap.output.symbology import rgba

Element = ET.Element

MM_PER_PX = 25.4 / 96
"""Styles count in CSS pixels, QGIS in millimetres."""


def node(tag: str, attributes: Mapping[str, Any] | None = None, *children: Element, text: str | None = None) -> Element:
    """Give an element; values become text, escaping is the writer's."""
    made = ET.Element(tag, {key: str(value) for key, value in (attributes or {}).items()})
    made.extend(children)
    made.text = None if text is None else clean(text)
    return made


def clean(text: str) -> str:
    """Give a text without the characters that XML cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)


def options(values: Mapping[str, Any]) -> Element:
    """Give QGIS's map of options."""
    entries = [node("Option", {"name": key, "type": "QString", "value": value}) for key, value in values.items()]
    return node("Option", {"type": "Map"}, *entries)


def colour(rgb: str, opacity: float = 1.0) -> str:
    """Give a colour as QGIS writes it: ``230,0,0,255``."""
    return ",".join(str(part) for part in rgba(rgb, opacity))


def mm(px: float) -> str:
    """Give CSS pixels as millimetres."""
    return f"{px * MM_PER_PX:.4g}"


def text_of(element: Element, doctype: str = "") -> str:
    """Give an element as text."""
    ET.indent(element, " ")
    return doctype + ET.tostring(element, encoding="unicode")


def spatial_reference(crs: Any) -> Element:
    """Describe a system: QGIS needs the WKT and a number of its own beside the authority's code, else it knows none."""
    epsg = crs.to_epsg()
    values = {
        "wkt": crs.to_wkt("WKT2_2019"),
        "srsid": epsg or 0,
        "srid": epsg or 0,
        "authid": f"EPSG:{epsg}" if epsg else "",
        "description": crs.name,
        "geographicflag": "false" if crs.is_projected else "true",
    }
    entries = [node(key, text=str(value)) for key, value in values.items()]
    return node("spatialrefsys", {"nativeFormat": "Wkt"}, *entries)
