"""Evacuation cards as one HTML file: the same words and sketch as on paper, no image and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from markupsafe import Markup, escape

from riskmap.errors import OutputError
from riskmap.output.cards import CLEAR_MM, WORDS, Card, Sketch
from riskmap.text import Lang, Text

MAP_SIZE = (182.0, 96.0)
"""Width and height of the sketch, millimetres."""

STYLE = Markup("""
*{box-sizing:border-box}body{margin:0;background:#fff;color:#000;font-family:"Noto Sans SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
.card{width:182mm;margin:8mm auto;break-after:page}header{background:#000;color:#fff;display:flex;justify-content:space-between;align-items:baseline;padding:2mm 4mm}
header b{font-size:26pt}header span{font-size:13pt}h1{font-size:36pt;text-align:center;margin:3mm 0 3mm}.early{background:#000;color:#fff;font-size:17pt;font-weight:700;text-align:center;padding:2mm;margin:0}
table{border-collapse:collapse;width:100%}th{width:30mm;font-size:15pt}th,td{border:.4mm solid #000;padding:1.4mm 3mm;text-align:left}
td{font-size:14pt}tr.go td{font-size:24pt;font-weight:700;border-width:1mm}tr.go small{display:block;font-size:20pt}svg{width:182mm;height:auto;border:.4mm solid #000;margin-top:2mm;display:block}
footer{font-size:9pt;color:#444;margin-top:2mm}header,.early{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{size:A4 portrait;margin:12mm 14mm}@media print{.card{margin:0}}
""")


def write_html(cards: Iterable[Card], path: Path, *, lang: Lang, title: str) -> Path:
    """Write cards below each other in one page.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    body = Markup("\n").join(_card(card, lang) for card in cards)
    code = "zh-CN" if lang == "zh" else "en"
    page = Markup(
        '<!DOCTYPE html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title><style>{}</style></head><body>\n{}\n</body></html>\n'
    ).format(code, title, STYLE, body)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(str(page).encode("utf-8"))
    except OSError as error:
        raise OutputError(
            Text(f"明白卡写不进去：{error.strerror}", f"the card cannot be written: {error.strerror}"),
            remedy=Text("关闭打开它的程序", "close the program that has it open"),
            file=str(path),
        ) from error
    return path


def _card(card: Card, lang: Lang) -> Markup:
    rows = [(key, escape(value)) for key, value in (
        ("hazard", card.hazard), ("people", card.people), ("signal", card.signal), ("call", card.call),
    )]  # fmt: skip
    rows.append(("shelter", Markup("{}<small>{}</small>").format(card.shelter, card.minutes)))
    rows.append(("way", escape(card.way)))
    rows.append(("backup", Markup("<br>").join(escape(line) for line in card.backup)))
    table = Markup("").join(
        Markup('<tr{}><th scope="row">{}</th><td>{}</td></tr>').format(
            Markup(' class="go"') if key == "shelter" else "", WORDS[key].pick(lang), value
        )
        for key, value in rows
    )
    early = Markup('<p class="early">{}</p>').format(WORDS["early"].pick(lang)) if card.early else Markup("")
    notes = Markup("<br>").join(escape(note) for note in card.notes)
    return Markup(
        '<section class="card"><header><b>{}</b><span>{}</span></header><h1>{}</h1>{}<table>{}</table>{}<footer>{}</footer></section>'
    ).format(WORDS["title"].pick(lang), card.subtitle, card.place, early, table, sketch_svg(card.sketch, lang), notes)


def sketch_svg(sketch: Sketch, lang: Lang) -> Markup:
    """Draw the sketch map as SVG, in tenths of a millimetre."""
    width, height = MAP_SIZE[0] * 10, MAP_SIZE[1] * 10
    west, _, east, north = sketch.window(*MAP_SIZE)
    scale = width / (east - west)

    def place(xy: Any) -> np.ndarray:
        xy = np.atleast_2d(xy)
        return np.column_stack(((xy[:, 0] - west) * scale, (north - xy[:, 1]) * scale))

    def paths(shapes: list[Any], look: Markup) -> Markup:
        drawn = " ".join(
            _path(part, place) for part in shapely.get_parts(shapely.force_2d(shapes)) if not part.is_empty
        )
        return Markup('<path d="{}" {}/>').format(drawn, look) if drawn else Markup("")

    def mark(point: Any, name: str, shape: Markup, size: int) -> Markup:
        (x, y), *_ = place((point.x, point.y)).round(0).astype(int)
        side, anchor = (-32, "end") if x > width / 2 else (32, "start")
        text = Markup('<text x="{}" y="{}" font-size="{}" class="h" text-anchor="{}">{}</text>').format(
            x + side, y + 14, size, anchor, name
        )
        return shape.format(x=x, y=y, left=x - 20, top=y - 20) + text

    ends = [sketch.start, *(point for _, point in sketch.shelters)]
    names = [(n, p) for n, p in sketch.names if min(p.distance(end) for end in ends) * scale > CLEAR_MM * 10]
    parts = [
        Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">').format(
            int(width), int(height), WORDS["scale"].pick(lang)
        ),
        Markup(
            '<defs><pattern id="z" width="22" height="22" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">'
            '<path d="M0 0V22" stroke="#8a8a8a" stroke-width="3"/></pattern></defs>'
            "<style>.h{font-weight:700;paint-order:stroke;stroke:#fff;stroke-width:10px}</style>"
        ),
        paths(sketch.hazards, Markup('fill="url(#z)" stroke="#8a8a8a" stroke-width="3"')),
        paths(sketch.roads, Markup('fill="none" stroke="#9a9a9a" stroke-width="3"')),
        paths(sketch.backup, Markup('fill="none" stroke="#fff" stroke-width="15"')),
        paths(sketch.backup, Markup('fill="none" stroke="#000" stroke-width="7" stroke-dasharray="26 16"')),
        paths(sketch.main, Markup('fill="none" stroke="#fff" stroke-width="22"')),
        paths(sketch.main, Markup('fill="none" stroke="#000" stroke-width="13" stroke-linejoin="round"')),
        *(
            Markup('<text x="{}" y="{}" font-size="30" class="h" text-anchor="middle">{}</text>').format(
                *place((point.x, point.y))[0].round(0).astype(int), name
            )
            for name, point in names
        ),
        mark(sketch.start, WORDS["here"].pick(lang), Markup('<circle cx="{x}" cy="{y}" r="17" fill="#fff" stroke="#000" stroke-width="9"/>'), 44),
        *(
            mark(point, name, Markup('<rect x="{left}" y="{top}" width="40" height="40" stroke="#fff" stroke-width="5"/>'), 40)
            for name, point in sketch.shelters
        ),
        Markup("</svg>"),
    ]  # fmt: skip
    return Markup("").join(parts)


def _path(part: Any, place: Any) -> str:
    rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
    drawn = []
    for ring in rings:
        xy = place(shapely.get_coordinates(ring)).round(0).astype(int)
        drawn.append("M" + "L".join(f"{x} {y}" for x, y in xy))
    return "".join(drawn)
