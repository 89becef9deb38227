"""Fill a stack of a sheet with its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from riskmap.output import printmap_legend as legend
from riskmap.output import printmap_tables as tables
from riskmap.output.printmap_stack import Piece, Stack, heading_mm

if TYPE_CHECKING:
    from riskmap.output.printmap_template import Item

GAP_MM = 4.5
"""Between the items of a stack, on A3."""

FIXED: dict[str, Callable[[Stack], Piece | None]] = {
    "totals": legend.totals,
    "legend": legend.legend,
    "overlays": legend.overlays,
    "index": tables.index,
}
"""Items whose height does not depend on the room."""


def draw_stack(stack: Stack, items: tuple[Item, ...], top: float, bottom: float) -> None:
    """Draw the items; the township table takes the room that the others leave, notes shrink before they are cut.

    Where no atlas needs the index, it is drawn only on room that is left.
    """
    sheet = stack.sheet
    gap = GAP_MM * sheet.factor
    pieces: dict[str, Piece | None] = {item: FIXED[item](stack) for item in items if item in FIXED}
    spare = None if tables.has_sheets(stack.plate) else pieces.pop("index", None)
    if "index" in items:
        pieces.setdefault("index")
    room = bottom - top - gap * (len(items) - 1)
    room -= sum(piece.height if piece else -gap for piece in pieces.values())
    if "notes" in items:
        least = heading_mm(sheet) + (tables.LEAST_ROWS + 2) * sheet.line_mm("body") if "townships" in items else 0.0
        pieces["notes"] = tables.notes(stack, max(room - least, 0))
        room -= pieces["notes"].height if pieces["notes"] else -gap
    if "townships" in items:
        pieces["townships"] = tables.townships(stack, room)
        room -= pieces["townships"].height if pieces["townships"] else -gap
    if spare is not None and room >= spare.height + gap:
        pieces["index"] = tables.index(stack, room - gap)
    y = top
    for item in items:
        piece = pieces[item]
        if piece is not None:
            # notes stand at the foot of the sheet, whatever is above them
            piece.draw(bottom - piece.height if item == "notes" else y)
            y += piece.height + gap
