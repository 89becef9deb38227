"""The wizard of ``riskmap init``: which layer a file is, what it does not say of itself, and the project file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from riskmap.data import matching
from riskmap.data.catalog import FAMILY, house
from riskmap.data.describe import Part, describe
from riskmap.data.starting import deliveries
from riskmap.errors import RiskmapError
from riskmap.text import Text

SINGLE_BYTE_TABLES = (".csv", ".txt", ".shp")
QUESTIONS = {
    "fields": Text(
        "哪一列是必填字段（如 name=村名）", "which columns are the fields it must have (such as name=VILLAGE)"
    ),
    "crs": Text("坐标系（如 EPSG:4490）", "coordinate system (such as EPSG:4490)"),
    "levels": Text(
        "等级：几级、哪头最重（如 5:high_code）", "levels: how many, which end is worst (such as 5:high_code)"
    ),
    "content": Text(
        "栅格的值是什么（amount 每格总量，density_per_km2 每平方公里）",
        "what the cells hold (amount per cell, or density_per_km2)",
    ),
}


NO_REASON = Text("", "")
BY_NAME, BY_COLUMNS = Text("按文件名", "by its name"), Text("按列", "by its columns")


@dataclass(frozen=True)
class Guess:
    """What a file or a layer in it could be.

    Parameters
    ----------
    path : str
        Relative to the user's folder.
    part : str or None
        Layer, sheet or variable inside the file.
    layer : str or None
        The best guess; None where nothing fits.
    others : tuple of str
        Layers that it could be as well.
    why : Text
        On what the guess rests, or why there is none.
    said : dict
        What the file says of itself, for the project file.
    asks : tuple of str
        What only the user knows: keys of ``QUESTIONS``.
    hint : Text or None
        What the coordinates look like, where the system is missing.
    name : str or None
        Name of the area, when the file is the boundary.
    columns : tuple of str
        Columns of the file.
    """

    path: str
    part: str | None
    layer: str | None
    others: tuple[str, ...] = ()
    why: Text = NO_REASON
    said: dict[str, Any] = field(default_factory=dict, hash=False)
    asks: tuple[str, ...] = ()
    hint: Text | None = None
    name: str | None = None
    columns: tuple[str, ...] = ()


def look(root: Path) -> list[Guess]:
    """Look at every file below a folder, and guess what it is; a layer is guessed once, names before columns."""
    guesses = []
    for path in deliveries(root):
        shown = path.relative_to(root).as_posix()
        try:
            parts = describe(path).parts
        except RiskmapError as error:
            guesses.append(Guess(shown, None, None, why=error.describe()))
            continue
        guesses += [_guess(path, shown, part, several=len(parts) > 1) for part in parts]
    settled: dict[int, Guess] = {}
    taken: dict[str, str] = {}
    for n in sorted(range(len(guesses)), key=lambda n: (guesses[n].why is BY_COLUMNS, "fields" in guesses[n].asks, n)):
        guess = guesses[n]
        if guess.layer in taken:
            why = Text(f"{taken[guess.layer]} 已作为 {guess.layer}", f"{taken[guess.layer]} stands for {guess.layer}")
            guess = replace(guess, layer=None, others=(guess.layer, *guess.others), why=why, asks=())
        elif guess.layer:
            taken[guess.layer] = guess.path
        settled[n] = guess
    return [settled[n] for n in range(len(guesses))]


def _guess(path: Path, shown: str, part: Part, *, several: bool) -> Guess:
    fits = [c.layer.replace("…", FAMILY) for c in part.candidates]
    named = [layer for layer in _named(f"{path.stem} {part.name or ''}") if _drawn(part, layer)]
    if named:
        layer, why = named[0], BY_NAME
    elif fits and FAMILY not in fits[0] and part.geometry != "raster":
        layer, why = fits[0], BY_COLUMNS
    else:
        return Guess(shown, part.name, None, tuple(fits), Text("看不出是什么", "not recognised"))
    return Guess(
        shown,
        part.name,
        layer,
        tuple(f for f in fits if f != _family(layer)),
        why,
        _said(path, part, layer, several=several),
        _asks(part, layer),
        part.looks,
        _area_name(part) if layer == "boundary" else None,
        tuple(c.name for c in part.columns),
    )


def _drawn(part: Part, layer: str) -> bool:
    """Tell whether a layer may have the geometry of a file."""
    kinds = {"point", "table"} if "x" in part.facts else set((part.geometry or "table").split("/"))
    return bool(kinds & set(house().layer(layer).geometry))


def _mapping(part: Part, layer: str) -> tuple[bool, dict[str, str]]:
    """Give whether the fields that a layer must have are all there, and the column of each field that is."""
    if part.geometry == "raster":
        return True, {}
    return matching.candidates_for([c.name for c in part.columns], house().layer(layer), cut_names=False)


def _named(words: str) -> list[str]:
    """Give the layers whose words a file name holds, the longest word first."""
    text = words.lower()
    rows = house().facts("filenames").tables["words"].rows
    hits = [(len(w), row["layer"]) for row in rows for w in row["words"] if w in text]
    return list(dict.fromkeys(layer for _, layer in sorted(hits, key=lambda h: -h[0])))


def _family(layer: str) -> str:
    for stem in ("hazard", "exposure"):
        if layer.startswith(f"{stem}_"):
            return f"{stem}_{FAMILY}"
    return layer


def _said(path: Path, part: Part, layer: str, *, several: bool) -> dict[str, Any]:
    """Give what the project file should state: layer inside the file, encoding, columns under other names."""
    said: dict[str, Any] = {}
    if several and part.name:
        said["layer"] = part.name
    if part.encoding and path.suffix.lower() in SINGLE_BYTE_TABLES and part.encoding.upper() not in ("UTF-8", "ASCII"):
        said["encoding"] = part.encoding
    fields = {ours: theirs for ours, theirs in _mapping(part, layer)[1].items() if ours != theirs}
    return said | ({"fields": fields} if fields else {})


def _asks(part: Part, layer: str) -> tuple[str, ...]:
    """Give what a file does not say and nobody may guess."""
    fits, mapping = _mapping(part, layer)
    asks = [] if fits else ["fields"]
    placed = part.geometry is not None or "x" in part.facts
    if placed and part.crs is None:
        asks.append("crs")
    if part.geometry == "raster" and layer.startswith("exposure_"):
        asks.append("content")
    if layer.startswith("hazard_"):
        whole = part.geometry == "raster" and str(part.facts.get("type", "")).startswith(("uint8", "int8"))
        column = next((c for c in part.columns if c.name == mapping.get("level")), None)
        if whole or (column is not None and column.type != "text"):
            asks.append("levels")
    return tuple(asks)


def _area_name(part: Part) -> str | None:
    mapping = _mapping(part, "boundary")[1]
    column = next((c for c in part.columns if c.name == mapping.get("name")), None)
    return column.samples[0] if column is not None and column.samples else None


def answered(guess: Guess, key: str, answer: str) -> Guess:
    """Put an answer to a question into what the project file says of a file."""
    value: Any = answer
    if key == "levels":
        count, _, worst = answer.partition(":")
        value = {"count": int(count), "worst": worst}
    elif key == "fields":
        pairs = dict(pair.strip().split("=", 1) for pair in answer.split(",") if "=" in pair)
        value = guess.said.get("fields", {}) | pairs
    return replace(guess, said=guess.said | {key: value}, asks=tuple(a for a in guess.asks if a != key))


def project_text(guesses: Sequence[Guess], *, name: str, cell_size_m: int = 100) -> str:
    """Give the text of a project file: what was recognised, what is open, and equal weights to begin with."""
    lines = [
        "# 由 riskmap init 生成；逐行核对后再用 / written by riskmap init: read it line by line before use",
        "schema: 1",
        f"name: {_flow(name)}",
        f"cell_size_m: {cell_size_m}",
        "inputs:" if any(guess.layer for guess in guesses) else "inputs: {}",
    ]
    for guess in sorted((g for g in guesses if g.layer), key=lambda g: str(g.layer)):
        said = {"path": guess.path} | guess.said
        lines.append(f"  {guess.layer}: {_flow(said)}")
        for key in guess.asks:
            hint = f"; {guess.hint.zh} / {guess.hint.en}" if key == "crs" and guess.hint else ""
            hint = (
                f"; {', '.join(_required(str(guess.layer)))} <- {', '.join(guess.columns)}" if key == "fields" else hint
            )
            lines.append(f"    # ? {key}: {QUESTIONS[key].zh} / {QUESTIONS[key].en}{hint}")
    unknown = [g for g in guesses if not g.layer]
    if unknown:
        lines.append("# 未用的文件 / files that are not used:")
        lines += [f"#   {g.path}{f' [{g.part}]' if g.part else ''}: {g.why.zh} / {g.why.en}" for g in unknown]
    weighted = [str(g.layer) for g in guesses if g.layer and g.layer.startswith(("hazard_", "exposure_population"))]
    if weighted:
        lines += ["risk:", "  weights:                # 先等权，请按本地规定改 / equal to begin with: set your own"]
        lines += [f"    {layer}: {1 / len(weighted):.4f}" for layer in sorted(weighted)]
    return "\n".join([*lines, "output: {lang: zh, publish: internal}", ""])


def _required(layer: str) -> list[str]:
    return [name for name, spec in house().layer(layer).fields.items() if spec.required]


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()
