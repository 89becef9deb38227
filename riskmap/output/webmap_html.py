"""One HTML file whole in itself: folium's map in our page, everything inlined, nothing outside named.

The page carries a content policy that lets only its own scripts and styles run, each named by its hash; so it has no
inline event handlers, no style attributes, and no way to ask for anything over a network.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import Any

import folium
import jinja2
from folium.template import Template
from markupsafe import Markup, escape

from riskmap.errors import OutputError
from riskmap.output.policy import sources
from riskmap.output.webmap_words import ASSETS, words
from riskmap.text import Lang, Text

SCRIPTS = (
    "codec.js",
    "canvas.js",
    "grid.js",
    "vector.js",
    "units.js",
    "dom.js",
    "ground.js",
    "why.js",
    "compare.js",
    "panel.js",
    "search.js",
    "sheet.js",
    "page.js",
)
"""The page's own scripts, in the order in which they need each other."""

ONLINE_SCRIPT = "basemap.js"
"""Only in pages that offer an online basemap, which the project file has to ask for."""

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src {images}; script-src {scripts}; style-src {styles}"
IMAGES = "data:"
ONLINE_IMAGES = "data: " + " ".join(f"https://t{n}.tianditu.gov.cn" for n in range(8))
POLICY_PLACE = "@content-policy@"

CREDIT_LINK = '<a href="https://leafletjs.com" title="A JavaScript library for interactive maps">'
"""Leaflet's link to its own site, the one outside address in its code; the page does not show the credit control."""

REFERRING = {
    "src",
    "href",
    "srcset",
    "data",
    "poster",
    "action",
    "formaction",
    "xlink:href",
    "background",
    "manifest",
    "ping",
}
"""Attributes by which an element asks for something else."""

RUNNING_TYPES = {"", "module", "text/javascript", "application/javascript"}
"""Types of script elements that run; the others are inert data."""

_NUMBER = re.compile(r"((?<![A-Za-z\d])\d+(?:[,.]\d+)*(?:\s?%)?)")


class _Figure(folium.Figure):
    """The page around folium's map: our template in the place of branca's."""

    def __init__(self, view: dict[str, Any], lang: Lang) -> None:
        super().__init__()
        self.view = view
        self.lang = lang
        self._template = _environment(lang).get_template("page.html.j2")


class _Start(folium.MacroElement):
    """Hand folium's map to the page's script."""

    _template = Template("{% macro script(this, kwargs) %}riskmapPage({{ this._parent.get_name() }});{% endmacro %}")


def document(view: dict[str, Any], lang: Lang, *, centre: tuple[float, float]) -> str:
    """Give the whole HTML file.

    Parameters
    ----------
    view : dict
        What the template shows; ``blocks`` are (id, bytes) pairs of packed data.
    lang : {"zh", "en"}
    centre : (float, float)
        Longitude and latitude where the map starts before it fits the area.

    Raises
    ------
    OutputError
        If anything in the file would ask for something outside it.
    """
    lon, lat = centre
    world = folium.Map(
        location=(lat, lon), tiles=None, zoom_start=10, zoom_control=False,
        attribution_control=False, zoom_snap=0.1, wheel_px_per_zoom_level=100, max_zoom=19, min_zoom=5,
        double_click_zoom=False,
        fade_animation=False,  # a popup answers, and goes, at once
    )  # fmt: skip
    world.default_js, world.default_css = [], []
    figure = _Figure(view, lang)
    world.add_child(_Start())
    figure.add_child(world)
    _number(figure)
    html = figure.render().replace("\r\n", "\n")
    reading = read_back(html)
    if reading.outside:
        raise OutputError(
            Text(
                f"网页引用了文件之外的内容：{'；'.join(reading.outside)}",
                f"the page refers to things outside itself: {'; '.join(reading.outside)}",
            ),
            remedy=Text("改为内嵌", "inline them"),
        )
    images = ONLINE_IMAGES if view["online"] else IMAGES
    policy = POLICY.format(images=images, scripts=sources(reading.scripts), styles=sources(reading.styles))
    return html.replace(POLICY_PLACE, policy, 1)


def packed(data: bytes) -> str:
    """Compress data and write it in base64, the same on every machine."""
    zipped = gzip.compress(data, 9, mtime=0)
    # byte 9 names the operating system; 255 is "unknown"
    return base64.b64encode(zipped[:9] + b"\xff" + zipped[10:]).decode("ascii")


def _number(element: Any) -> None:
    """Replace the random ids of a tree of folium elements by their order, so that each writing gives the same bytes."""
    for i, member in enumerate(_tree(element)):
        member._id = str(i)  # noqa: SLF001  branca offers no other way


def _tree(element: Any) -> Iterator[Any]:
    yield element
    for child in element._children.values():  # noqa: SLF001
        yield from _tree(child)


class Reading(HTMLParser):
    """What a browser would run, apply and ask for in an HTML text."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.outside: list[str] = []
        self._open: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element asks for, and whether its text runs."""
        given = {name: (value or "").strip() for name, value in attrs}
        for name, value in given.items():
            if (name in REFERRING and not _within(value)) or name.startswith("on") or name == "style":
                self.outside.append(f"<{tag} {name}={value[:80]!r}>")
        if tag in ("base", "iframe", "object", "embed") or given.get("http-equiv", "").lower() == "refresh":
            self.outside.append(f"<{tag}>")
        running = tag == "script" and given.get("type", "").lower() in RUNNING_TYPES
        self._open = self.scripts if running else self.styles if tag == "style" else None
        if self._open is not None:
            self._open.append("")

    def handle_data(self, data: str) -> None:
        """Gather the text of scripts and styles."""
        if self._open is not None:
            self._open[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """End the text of a script or style, and look through a style."""
        if tag == "style" and self._open is self.styles:
            self.outside += [f"<style> {found[:80]}" for found in _asked(self.styles[-1])]
        self._open = None


def read_back(html: str) -> Reading:
    """Read an HTML text as a browser would."""
    reading = Reading()
    reading.feed(html)
    reading.close()
    return reading


def _within(address: str) -> bool:
    return not address or address.startswith(("#", "data:"))


def _asked(css: str) -> list[str]:
    """Give the imports and the addresses of a style sheet that lie outside it."""
    plain = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    urls = re.findall(r"url\(\s*['\"]?([^'\")]*)", plain, flags=re.IGNORECASE)
    return [url for url in urls if not _within(url)] + re.findall(r"@import[^;]*", plain, flags=re.IGNORECASE)


@cache
def _environment(lang: Lang) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {
        "word": {key: text.pick(lang) for key, text in words().items()},
        "asset": _asset,
        "policy_place": POLICY_PLACE,
    }
    environment.filters |= {"figures": figures, "packed": packed}
    return environment


def figures(sentence: str) -> Markup:
    """Set the numbers of a sentence apart, so that the page can draw them large.

    Examples
    --------
    >>> figures("red: 61.2 km2 <8.6%>")
    Markup('red: <b>61.2</b> km2 &lt;<b>8.6%</b>&gt;')
    """
    parts = _NUMBER.split(sentence)
    return Markup("").join(Markup("<b>{}</b>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


@cache
def _asset(name: str) -> Markup:
    """Give the text of a script, style or licence as it goes into the page."""
    if name.startswith("own scripts"):
        scripts = (ONLINE_SCRIPT, *SCRIPTS) if name.endswith("online") else SCRIPTS
        body = "\n".join((ASSETS / script).read_text(encoding="utf-8") for script in scripts)
        return Markup(f'(function () {{\n"use strict";\n{body}\n}})();')  # noqa: S704  our own files
    text = (ASSETS / name).read_text(encoding="utf-8").replace(CREDIT_LINK, "<a>")
    text = re.sub(r"//# sourceMappingURL=\S+\s*$", "", text)
    return Markup(re.sub(r"url\(images/([\w-]+\.png)\)", _inline_image, text))  # noqa: S704  vendored files


def _inline_image(found: re.Match[str]) -> str:
    image = (ASSETS / "leaflet" / "images" / found[1]).read_bytes()
    return f"url(data:image/png;base64,{base64.b64encode(image).decode('ascii')})"
