"""What a drawer needs of a style: the colour, label and pattern of each class, in the forms that drawing takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmap.data.catalog import Catalog
from riskmap.data.spec import StyleSpec, near
from riskmap.errors import SpecError
from riskmap.levels import LEVELS, UNKNOWN
from riskmap.text import Lang, Text

NO_CLASS = -1
"""Class number of a value that no class of the style names."""

OPEN = ("none", "hatch")
"""Patterns on no ground of their own: what is under them is seen."""

CODES = 256
"""Number of codes that a uint8 grid can hold."""

_HEX = re.compile("#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Swatch:
    """One class of a style, ready to draw.

    Parameters
    ----------
    value : int or str
        The value of the data that it stands for.
    label : Text
        What the legend calls it.
    rgb : str
        ``#rrggbb``.
    roman : str
        Roman numeral that repeats the colour for black-and-white copies; may be empty.
    pattern : {"solid", "lines", "cross", "dots", "none", "hatch"}
        Drawn over the colour on request; ``none`` is the hatch of unknown ground, which has no colour; ``hatch`` is thin upright
        lines in the class's colour that let the colours under them be seen.
    """

    value: int | str
    label: Text
    rgb: str
    roman: str
    pattern: str

    def numeral(self, lang: Lang) -> str:
        """Give the numeral to set before the label; none before a label that has it already."""
        return "" if self.roman in self.label.pick(lang) else self.roman

    def named(self, lang: Lang) -> str:
        """Give numeral and label."""
        return f"{self.numeral(lang)} {self.label.pick(lang)}".strip()


@dataclass(frozen=True, slots=True)
class Symbology:
    """A style with its colour names looked up.

    Parameters
    ----------
    style : StyleSpec
        Sizes, shape, dash and opacity are in ``style.symbol``.
    swatches : tuple of Swatch
        In the order of the style.
    stroke : str
        ``#rrggbb`` of lines, of outlines, and of points without a class.
    fill : str, optional
        ``#rrggbb`` inside polygons and points without a class; None draws no inside.
    """

    style: StyleSpec
    swatches: tuple[Swatch, ...]
    stroke: str
    fill: str | None

    def of(self, value: Any) -> Swatch | None:
        """Give the class of a value, None where no class names it."""
        number = self.classify([value])[0]
        return None if number == NO_CLASS else self.swatches[number]

    def classify(self, values: Iterable[Any]) -> NDArray[np.int32]:
        """Give the class number of each value: its position in ``swatches``, -1 where no class names it.

        Numbers match whatever their type (``3``, ``3.0``); None and NaN match nothing.
        """
        numbers: dict[int | str | None, int] = {swatch.value: i for i, swatch in enumerate(self.swatches)}
        return np.array([numbers.get(_key(value), NO_CLASS) for value in values], dtype=np.int32)

    def colour_table(self) -> NDArray[np.uint8]:
        """Give red, green, blue and opacity of each uint8 code, shape ``(256, 4)``.

        Unknown ground, codes without a class and classes without a colour (pattern ``none``) are transparent.
        """
        table = np.zeros((CODES, 4), dtype=np.uint8)
        for swatch in self.swatches:
            if isinstance(swatch.value, int) and swatch.value != UNKNOWN and swatch.pattern not in OPEN:
                table[swatch.value] = rgba(swatch.rgb)
        return table


def symbology(style: StyleSpec, catalog: Catalog) -> Symbology:
    """Look up the colours of a style.

    Parameters
    ----------
    style : StyleSpec
    catalog : Catalog
        Its palette says what the colour names are.

    Raises
    ------
    SpecError
        If the palette has no colour of a name that the style uses.
    """
    swatches = tuple(
        Swatch(c.value, c.label, _rgb(c.colour, style, catalog), c.roman, c.pattern) for c in style.classes
    )
    symbol = style.symbol
    fill = None if symbol.fill is None else _rgb(symbol.fill, style, catalog)
    return Symbology(style, swatches, _rgb(symbol.colour, style, catalog), fill)


def unknown(catalog: Catalog) -> Swatch:
    """Give the class of unknown ground, for grids whose style does not name it."""
    return Swatch(UNKNOWN, LEVELS[UNKNOWN].name, catalog.rgb(LEVELS[UNKNOWN].colour), "", "none")


def rgba(rgb: str, opacity: float = 1.0) -> tuple[int, int, int, int]:
    """Give red, green, blue and opacity, each 0-255, of ``#rrggbb``.

    Examples
    --------
    >>> rgba("#ff8c00", 0.5)
    (255, 140, 0, 128)
    """
    red, green, blue = (int(rgb[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, round(255 * opacity)


def _rgb(colour: str, style: StyleSpec, catalog: Catalog) -> str:
    known = catalog.palette.colours
    if colour not in known:
        message = Text(f"样式 {style.id}：没有颜色 {colour!r}", f"style {style.id}: no colour {colour!r}")
        raise SpecError(message + near(colour, list(known)))
    rgb = known[colour].rgb.lower()
    if not _HEX.fullmatch(rgb):
        raise SpecError(Text(f"颜色 {colour}：{rgb!r} 不是 #rrggbb", f"colour {colour}: {rgb!r} is not #rrggbb"))
    return rgb


def _key(value: Any) -> int | str | None:
    """Give the form in which a value of the data meets the values of classes."""
    if isinstance(value, str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if math.isfinite(number) and number.is_integer() else None
