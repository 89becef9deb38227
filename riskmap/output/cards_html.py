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
from riskmap.output.policy import sources
from riskmap.text import Lang, Text

MAP_SIZE = (182.0, 96.0)
"""Width and height of the sketch, millimetres."""

CLASSES = {"shelter": "go", "way": "way", "backup": "backup"}
"""Rows that look otherwise than the rest."""

STYLE = Markup("""
*{box-sizing:border-box}body{margin:0;background:#fff;color:#000;font-family:"Noto Sans SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
.card{width:182mm;margin:8mm auto;break-after:page}header{background:#000;color:#fff;display:flex;justify-content:space-between;align-items:baseline;padding:2mm 4mm}
header b{font-size:26pt}header span{font-size:13pt}h1{font-size:36pt;text-align:center;margin:3mm 0 3mm}.banner{background:#000;color:#fff;font-size:17pt;font-weight:700;text-align:center;padding:2mm;margin:0}
table{border-collapse:collapse;width:100%}th{width:30mm;font-size:15pt}th,td{border:.4mm solid #000;padding:1.4mm 3mm;text-align:left}
td{font-size:16pt}tr.big td{font-weight:700}tr.way td{font-size:13pt}tr.backup td{font-size:12pt}.key{font-size:10pt;margin:1.5mm 0 0}.key svg{width:12mm;height:3mm;display:inline-block;border:0;margin:0 1.5mm 0 3mm;vertical-align:middle}tr.go td{font-size:24pt;font-weight:700;border-width:1mm}tr.go small{display:block;font-size:20pt}svg{width:182mm;height:auto;border:.4mm solid #000;margin-top:2mm;display:block}
footer{font-size:9pt;color:#444;margin-top:2mm}header,.banner{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{size:A4 portrait;margin:12mm 14mm}@media print{.card{margin:0}}
.h{font-weight:700;paint-order:stroke;stroke:#fff;stroke-width:10px}
""")

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src {}"
"""A card runs no script and asks for nothing; its one style is named by its hash."""


def write_html(cards: Iterable[Card], path: Path, *, lang: Lang, title: str) -> Path:
    """Write cards below each other in one page.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    numbers: dict[int, int] = {}
    body = Markup("\n").join(_card(card, lang, numbers) for card in cards)
    code = "zh-CN" if lang == "zh" else "en"
    policy = POLICY.format(sources([STYLE]))
    page = Markup(
        '<!DOCTYPE html>\n<html lang="{}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{}">'
        "<title>{}</title><style>{}</style></head><body>\n{}\n</body></html>\n"
    ).format(code, policy, title, STYLE, body)
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


def _card(card: Card, lang: Lang, numbers: dict[int, int]) -> Markup:
    """Give a card; a sketch map that an earlier one has (``numbers`` by identity) is taken from there."""
    again = id(card.sketch) in numbers
    number = numbers.setdefault(id(card.sketch), len(numbers) + 1)
    sketch = sketch_again(number, lang) if again else sketch_svg(card.sketch, lang, number)
    rows = [(key, escape(value)) for key, value in (
        ("people", card.people), ("hazard", card.hazard), ("signal", card.signal), ("call", card.call),
    )]  # fmt: skip
    rows.append(("shelter", Markup("{}<small>{}</small>").format(card.shelter, card.minutes)))
    rows.append(("way", escape(card.way)))
    rows.append(("backup", Markup("<br>").join(escape(line) for line in card.backup)))
    table = Markup("").join(
        Markup('<tr{}><th scope="row">{}</th><td>{}</td></tr>').format(
            Markup(' class="{}"').format(CLASSES.get(key, "big")), WORDS[key].pick(lang), value
        )
        for key, value in rows
    )
    banner = Markup('<p class="banner">{}</p>').format(card.banner) if card.banner else Markup("")
    notes = Markup("<br>").join(escape(note) for note in card.notes)
    return Markup(
        '<section class="card"><header><b>{}</b><span>{}</span></header><h1>{}</h1>{}<table>{}</table>{}{}<footer>{}</footer></section>'
    ).format(
        WORDS["title"].pick(lang), card.subtitle, card.place, banner, table, sketch, _key(card.sketch, lang), notes
    )


def sketch_again(number: int, lang: Lang) -> Markup:
    """Give the sketch map of a number once more."""
    return Markup('{}<use href="#m{}"/></svg>').format(_opening(lang), number)


def _opening(lang: Lang) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">').format(
        int(MAP_SIZE[0] * 10), int(MAP_SIZE[1] * 10), WORDS["scale"].pick(lang)
    )


def sketch_svg(sketch: Sketch, lang: Lang, number: int) -> Markup:
    """Draw the sketch map as SVG, in tenths of a millimetre; its parts go by a number, so that they can be shown again."""
    width, height = MAP_SIZE[0] * 10, MAP_SIZE[1] * 10
    placed = sketch.placed((0.0, 0.0, width, height))

    def paths(shapes: list[Any], look: Markup) -> Markup:
        drawn = "".join(_path(part) for part in placed.shapes(shapes, seen=1.0))
        return Markup('<path d="{}" {}/>').format(drawn, look) if drawn else Markup("")

    def mark(at: tuple[float, float], name: str, shape: Markup, size: int) -> Markup:
        x, y = round(at[0]), round(at[1])
        side, anchor = (-32, "end") if x > width / 2 else (32, "start")
        text = Markup('<text x="{}" y="{}" font-size="{}" class="h" text-anchor="{}">{}</text>').format(
            x + side, y + 14, size, anchor, name
        )
        return shape.format(x=x, y=y, left=x - 20, top=y - 20) + text

    start, *ends = [placed.point(point) for point in (sketch.start, *(p for _, p in sketch.shelters))]
    names = [(name, placed.point(point)) for name, point in sketch.names]
    clear = [(n, at) for n, at in names if min(np.hypot(*np.subtract(at, e)) for e in (start, *ends)) > CLEAR_MM * 10]
    parts = [
        _opening(lang),
        Markup(
            '<defs><pattern id="z" width="22" height="22" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">'
            '<path d="M0 0V22" stroke="#8a8a8a" stroke-width="3"/></pattern></defs>'
        ),
        Markup('<g id="m{}">').format(number),
        paths(sketch.hazards, Markup('fill="url(#z)" stroke="#8a8a8a" stroke-width="3"')),
        paths(sketch.roads, Markup('fill="none" stroke="#9a9a9a" stroke-width="3"')),
        paths(sketch.backup, Markup('fill="none" stroke="#fff" stroke-width="15"')),
        paths(sketch.backup, Markup('fill="none" stroke="#000" stroke-width="7" stroke-dasharray="26 16"')),
        paths(sketch.main, Markup('fill="none" stroke="#fff" stroke-width="22"')),
        paths(sketch.main, Markup('fill="none" stroke="#000" stroke-width="13" stroke-linejoin="round"')),
        *(
            Markup('<text x="{}" y="{}" font-size="30" class="h" text-anchor="middle">{}</text>').format(
                round(x), round(y), name
            )
            for name, (x, y) in clear
        ),
        mark(start, WORDS["here"].pick(lang), Markup('<circle cx="{x}" cy="{y}" r="17" fill="#fff" stroke="#000" stroke-width="9"/>'), 44),
        *(
            mark(at, name, Markup('<rect x="{left}" y="{top}" width="40" height="40" stroke="#fff" stroke-width="5"/>'), 40)
            for (name, _), at in zip(sketch.shelters, ends, strict=True)
        ),
        Markup("</g></svg>"),
    ]  # fmt: skip
    return Markup("").join(parts)


def _key(sketch: Sketch, lang: Lang) -> Markup:
    """Say what the lines of the sketch map are, and how wide it is."""
    line = Markup(
        '<svg viewBox="0 0 120 30"><path d="M4 15H116" stroke="#000" stroke-width="{}" stroke-dasharray="{}"/></svg>{}'
    )
    shown = [("main", 13, "none")] * bool(sketch.main) + [("spare", 7, "26 16")] * bool(sketch.backup)
    parts = [line.format(width, dash, WORDS[words].pick(lang)) for words, width, dash in shown]
    if sketch.hazards:
        box = Markup(
            '<svg viewBox="0 0 120 30"><rect width="120" height="30" fill="url(#z)" stroke="#8a8a8a"/></svg>{}'
        )
        parts.append(box.format(WORDS["danger"].pick(lang)))
    west, _, east, _ = sketch.window(*MAP_SIZE)
    parts.append(escape(WORDS["across"].pick(lang).format(km=(east - west) / 1000)))
    return Markup('<p class="key">{}</p>').format(Markup(" ").join(parts))


def _path(part: Any) -> str:
    rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
    drawn = []
    for ring in rings:
        xy = shapely.get_coordinates(ring).round(0).astype(int).tolist()
        drawn.append("M" + "L".join(f"{x} {y}" for x, y in xy))
    return "".join(drawn)
