"""Fill a stack of a sheet with its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from riskmap.output import printmap_legend as legend
from riskmap.output import printmap_tables as tables
from riskmap.output.printmap_stack import Piece, Stack, heading_mm

if TYPE_CHECKING:
    from riskmap.output.printmap_template import Element, Item

GAP_MM = 4.5
"""Between the items of a stack, on A3."""
PLENTY_MM = 10_000.0
"""A height in which every item is drawn in full."""

FIXED: dict[str, Callable[[Stack], Piece | None]] = {
    "totals": legend.totals,
    "legend": legend.legend,
    "overlays": legend.overlays,
    "index": tables.index,
}
"""Items whose height does not depend on the room."""


def draw_stack(stack: Stack, items: tuple[Item, ...], top: float, bottom: float) -> None:
    """Draw the items; the township table takes the room that the others leave, notes shrink before they are cut.

    The index grows into room that is left.
    """
    pieces, room = _pieces(stack, items, bottom - top)
    index = pieces.get("index")
    if index is not None and room > 0 and not tables.has_sheets(stack.plate):
        pieces["index"] = tables.index(stack, index.height + room)
    y = top
    for item in items:
        piece = pieces[item]
        if piece is not None:
            # notes stand at the foot of the sheet, whatever is above them
            piece.draw(bottom - piece.height if item == "notes" else y)
            y += piece.height + GAP_MM * stack.sheet.factor


def place_index(stacks: dict[int, tuple[Stack, Element]]) -> dict[int, tuple[Item, ...]]:
    """Give the items of each stack; of several that offer the index a place, it stands in the one with most room for it."""
    offers = [number for number, (_, element) in stacks.items() if "index" in element.items]
    chosen = max(offers, key=lambda number: _spare(*stacks[number]), default=None)
    return {
        number: tuple(item for item in element.items if item != "index" or number == chosen)
        for number, (_, element) in stacks.items()
    }


def _spare(stack: Stack, element: Element) -> float:
    """Give the room that is left in a stack when all its items are drawn in full; below 0 when it is too low."""
    top, bottom = element.box[1] * stack.sheet.factor, element.box[3] * stack.sheet.factor
    plenty = PLENTY_MM * stack.sheet.factor
    return bottom - top - plenty + _pieces(stack, element.items, plenty, loosest=tables.TIGHTEST)[1]


def _pieces(
    stack: Stack, items: tuple[Item, ...], height: float, *, loosest: float = tables.LOOSEST
) -> tuple[dict[str, Piece | None], float]:
    """Give the items as they fit into a height, and the room that is left."""
    sheet = stack.sheet
    gap = GAP_MM * sheet.factor
    pieces: dict[str, Piece | None] = {item: FIXED[item](stack) for item in items if item in FIXED}
    room = height - gap * (len(items) - 1)
    room -= sum(piece.height if piece else -gap for piece in pieces.values())
    if "notes" in items:
        least = heading_mm(sheet) + (tables.LEAST_ROWS + 2) * sheet.line_mm("body") if "townships" in items else 0.0
        pieces["notes"] = tables.notes(stack, max(room - least, 0))
        room -= pieces["notes"].height if pieces["notes"] else -gap
    if "townships" in items:
        pieces["townships"] = tables.townships(stack, room, loosest=loosest)
        room -= pieces["townships"].height if pieces["townships"] else -gap
    return pieces, room
