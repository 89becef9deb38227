"""A stack of a sheet: items below each other in a column, each with a heading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskmap.output.printmap_fonts import MM_PER_PT
from riskmap.output.printmap_paper import Sheet
from riskmap.output.webmap_page import Page
from riskmap.text import Lang

if TYPE_CHECKING:
    from riskmap.data.catalog import Catalog
    from riskmap.output.printmap_plate import Plate

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Piece:
    """An item of a stack: how high it is and how it is drawn from a top."""

    height: float
    draw: Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Stack:
    """What the items of a stack are drawn from."""

    sheet: Sheet
    plate: Plate
    catalog: Catalog
    lang: Lang
    left: float
    right: float

    @property
    def width(self) -> float:
        """Width in millimetres."""
        return self.right - self.left

    @property
    def page(self) -> Page:
        """The page that the sheet shares."""
        return self.plate.page

    def heading(self, words: str, y: float) -> None:
        """Write the heading of an item."""
        self.sheet.text(self.left, y + self.sheet.pt("heading") * MM_PER_PT, words, "heading", bold=True)


def heading_mm(sheet: Sheet) -> float:
    """Give the height of an item's heading."""
    return sheet.line_mm("heading", 1.55)
