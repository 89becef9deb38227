"""The wizard of ``riskmap init``: which layer a file is, and what it does not say of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from riskmap.data import matching
from riskmap.data.catalog import FAMILY, house
from riskmap.data.describe import Part, describe
from riskmap.data.spec import near
from riskmap.data.starting import deliveries
from riskmap.data.systems import declared_system
from riskmap.errors import RiskmapError, SpecError
from riskmap.text import Text

OWN_NAME = re.compile(r"(hazard|exposure|vulnerability)_[^\W\d_]+(?:_[^\W\d_]+)*")
"""Layers of which there is one for each kind, under any name."""

SINGLE_BYTE_TABLES = (".csv", ".txt", ".shp")


@dataclass(frozen=True)
class Question:
    """What a file does not say of itself and nobody may guess.

    Parameters
    ----------
    title : Text
    write : str
        How an answer looks in the project file.
    choices : tuple of (Text, dict)
        The possible answers and what each puts into the project file; none where the answer is free text.
    """

    title: Text
    write: str
    choices: tuple[tuple[Text, dict[str, Any]], ...] = ()


def _levels(count: int, worst: str) -> dict[str, Any]:
    return {"levels": {"count": count, "worst": worst}}


QUESTIONS = {
    "fields": Question(
        Text("哪一列是必填字段（如 name=村名）", "which columns are the fields it must have (such as name=VILLAGE)"),
        "fields: {name: 村名}",
    ),
    "crs": Question(Text("坐标系（如 EPSG:4490）", "coordinate system (such as EPSG:4490)"), "crs: EPSG:4490"),
    "levels": Question(
        Text("等级有几级、哪头最重", "levels: how many, which end is worst"),
        "levels: {count: 5, worst: high_code}",
        (
            (Text("5 级，5 最重", "five levels, 5 is the worst"), _levels(5, "high_code")),
            (Text("5 级，1 最重", "five levels, 1 is the worst"), _levels(5, "low_code")),
            (Text("4 级，4 最重", "four levels, 4 is the worst"), _levels(4, "high_code")),
            (Text("4 级，1 最重", "four levels, 1 is the worst"), _levels(4, "low_code")),
            (Text("不是等级，是测量值", "not levels but measured values"), {"content": "value"}),
        ),
    ),
    "content": Question(
        Text("栅格的值是什么", "what the cells hold"),
        "content: amount",
        (
            (
                Text("每格的总量（如每格多少人）", "the amount in the cell, such as people per cell"),
                {"content": "amount"},
            ),
            (Text("每平方公里的密度", "a density per square kilometre"), {"content": "density_per_km2"}),
            (Text("每平方米的密度", "a density per square metre"), {"content": "density_per_m2"}),
        ),
    ),
}

EVERYWHERE = {"id", "name", "code", "kind", "level"}
"""Fields that tables of any kind have: alone they tell nothing of what a file is."""

NO_REASON = Text("", "")
BY_NAME, BY_COLUMNS, BY_USER = (
    Text("按文件名", "by its name"),
    Text("按列", "by its columns"),
    Text("您说的", "as you say"),
)


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
    seen : Part or None
        What the file holds; None when it could not be read.
    several : bool
        The file holds other layers beside this one.
    """

    path: str
    part: str | None
    layer: str | None
    others: tuple[str, ...] = ()
    why: Text = NO_REASON
    said: dict[str, Any] = field(default_factory=dict, hash=False)
    asks: tuple[str, ...] = ()
    seen: Part | None = None
    several: bool = False

    @property
    def name(self) -> str | None:
        """Name of the area, when the file is the boundary and holds one area."""
        if self.seen is None or self.layer != "boundary" or self.seen.rows != 1:
            return None
        mapped = _mapping(self.seen, "boundary")[1].get("name")
        return next((c.samples[0] for c in self.seen.columns if c.name == mapped and c.samples), None)

    @property
    def hint(self) -> Text | None:
        """What helps to answer: how the coordinates look where the system is missing."""
        return self.seen.looks if self.seen else None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file."""
        return tuple(c.name for c in self.seen.columns) if self.seen else ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """Fields that the layer must have and no column is known to be."""
        if not self.layer or self.seen is None or self.seen.geometry == "raster":
            return ()
        known = {*_mapping(self.seen, self.layer)[1], *self.said.get("fields", {})}
        required = [f for f, spec in house().layer(self.layer).fields.items() if spec.required]
        groups = house().layer(self.layer).any_of
        if groups and not any(known.issuperset(group) for group in groups):
            required += groups[0]
        return tuple(f for f in dict.fromkeys(required) if f not in known)

    @property
    def wanted(self) -> str:
        """What the layer lacks, in words for the question: ``level | value`` where one of several would do."""
        groups = house().layer(self.layer).any_of if self.layer else ()
        first, either = (groups[0] if groups else ()), " | ".join("+".join(group) for group in groups)
        shown = [either if field in first else field for field in self.lacks]
        return ", ".join(dict.fromkeys(shown))

    def as_json(self) -> dict[str, Any]:
        """Give the document that ``init --format json`` prints of a file."""
        why = {"zh": self.why.zh, "en": self.why.en}
        taken = {"layer": self.layer, "could_be": list(self.others), "open": list(self.asks)}
        return {"file": self.path, "part": self.part, **taken, "why": why}


def look(root: Path) -> list[Guess]:
    """Look at every file below a folder, and guess what it is; a layer is guessed once, names before columns."""
    guesses = []
    for path in deliveries(root):
        shown = path.relative_to(root).as_posix()
        try:
            parts = describe(path).parts
        except RiskmapError as error:
            guesses.append(Guess(shown, None, None, why=error.message))
            continue
        guesses += [_guess(path, shown, part, several=len(parts) > 1) for part in parts]
    settled: dict[int, Guess] = {}
    taken: dict[str, str] = {}
    for n in sorted(range(len(guesses)), key=lambda n: (guesses[n].why is BY_COLUMNS, "fields" in guesses[n].asks, n)):
        guess = guesses[n]
        if guess.layer in taken:
            guess = _freed(guess, taken[guess.layer])
        elif guess.layer:
            taken[guess.layer] = guess.path
        settled[n] = guess
    return [settled[n] for n in range(len(guesses))]


def _freed(guess: Guess, other: str) -> Guess:
    """Give a guess without its layer, which another file stands for."""
    why = Text(f"{other} 已作为 {guess.layer}", f"{other} stands for {guess.layer}")
    return replace(guess, layer=None, others=(str(guess.layer), *guess.others), why=why, said={}, asks=())


def _guess(path: Path, shown: str, part: Part, *, several: bool) -> Guess:
    fits = [c.layer.replace("…", FAMILY) for c in part.candidates]
    named = [layer for layer in _named(f"{path.stem} {part.name or ''}") if _drawn(part, layer)]
    if named:
        layer, why = named[0], BY_NAME
    elif telling := [layer for layer in fits if FAMILY not in layer and set(_mapping(part, layer)[1]) - EVERYWHERE]:
        layer, why = telling[0], BY_COLUMNS
    else:
        why = Text("看不出是什么", "not recognised")
        return Guess(shown, part.name, None, tuple(fits), why, seen=part, several=several)
    others = tuple(f for f in fits if f != _family(layer))
    return _as_layer(Guess(shown, part.name, None, others, seen=part, several=several), part, layer, why)


def _as_layer(guess: Guess, part: Part, layer: str, why: Text) -> Guess:
    said = _said(guess.path, part, several=guess.several)
    return replace(guess, layer=layer, why=why, said=said, asks=_asks(part, layer))


def put_right(guesses: Sequence[Guess], number: int, layer: str) -> list[Guess]:
    """Give the guesses with one set by the user; another file that stood for the layer is no longer used.

    Parameters
    ----------
    guesses : sequence of Guess
    number : int
        From 1.
    layer : str
        Input id; ``-`` leaves the file out.

    Raises
    ------
    SpecError
        No such number or layer, or the layer cannot have this geometry.
    """
    if not 1 <= number <= len(guesses):
        raise SpecError(Text(f"没有第 {number} 个文件", f"there is no file {number}"))
    guess, changed = guesses[number - 1], list(guesses)
    if layer == "-":
        left = Text("没有采用", "left out")
        changed[number - 1] = replace(guess, layer=None, others=(), why=left, said={}, asks=())
        return changed
    spec = house().layer(layer)
    if guess.seen is None or spec.role != "input" or not _drawn(guess.seen, layer):
        holds = guess.seen.geometry or "table" if guess.seen else "?"
        kinds = ", ".join(spec.geometry)
        raise SpecError(
            Text(
                f"{guess.path}（{holds}）不能作为 {layer}（{kinds}）",
                f"{guess.path} ({holds}) can't be {layer} ({kinds})",
            )
        )
    for n, other in enumerate(guesses):
        if other.layer == layer:
            changed[n] = _freed(other, guess.path)
    changed[number - 1] = _as_layer(guess, guess.seen, layer, BY_USER)
    return changed


def _drawn(part: Part, layer: str) -> bool:
    """Tell whether a layer may have the geometry of a file."""
    kinds = {"point", "table"} if "x" in part.facts else set((part.geometry or "table").split("/"))
    return bool(kinds & set(house().layer(layer).geometry))


def _mapping(part: Part, layer: str) -> tuple[bool, dict[str, str]]:
    """Give whether the fields that a layer must have are all there, and the column of each field that is."""
    if part.geometry == "raster":
        return True, {}
    names, wanted = [c.name for c in part.columns], house().layer(layer)
    return matching.candidates_for(names, wanted, above=part.above, cut_names=part.cut_names)


def _named(words: str) -> list[str]:
    """Give the layers whose words a file name holds, the longest word first; a name such as ``hazard_goaf`` is the layer itself."""
    text = words.lower()
    rows = house().facts("filenames").tables["words"].rows
    hits = [(len(w), row["layer"]) for row in rows for w in row["words"] if w in text]
    layers = list(dict.fromkeys(layer for _, layer in sorted(hits, key=lambda h: -h[0])))
    own = OWN_NAME.match(text)
    if own is None or any(layer.startswith(f"{own[1]}_") for layer in layers):
        return layers
    return [own[0], *layers]


def _family(layer: str) -> str:
    own = OWN_NAME.match(layer)
    return layer if own is None else f"{own[1]}_{FAMILY}"


def _said(path: str, part: Part, *, several: bool) -> dict[str, Any]:
    """Give what the project file should state; columns that are known by their names need no word, and keep their units."""
    said: dict[str, Any] = {}
    if several and part.name:
        said["layer"] = part.name
    lettered = Path(path).suffix.lower() in SINGLE_BYTE_TABLES
    if part.encoding and lettered and part.encoding.upper() not in ("UTF-8", "UTF-8-SIG", "ASCII"):
        said["encoding"] = part.encoding
    return said


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
        if whole or _numbers(part, mapping.get("level")):
            asks.append("levels")
    return tuple(asks)


def _numbers(part: Part, column: str | None) -> bool:
    """Tell whether a column holds levels as numbers, which do not say which end is worst."""
    return any(c.name == column and c.type != "text" for c in part.columns)


def answered(guess: Guess, key: str, answer: str) -> Guess:
    """Put an answer to a question into what the project file says of a file.

    Parameters
    ----------
    guess : Guess
    key : str
        Of ``QUESTIONS``.
    answer : str
        The number of a choice, a coordinate system, or pairs ``field=column``.

    Raises
    ------
    RiskmapError
        The answer is none.
    """
    if choices := QUESTIONS[key].choices:
        if not (answer.isdecimal() and 1 <= int(answer) <= len(choices)):
            raise SpecError(Text(f"请写 1 到 {len(choices)} 的数字", f"write a number from 1 to {len(choices)}"))
        said = choices[int(answer) - 1][1]
    elif key == "crs":
        said = {"crs": f"EPSG:{answer}" if answer.isdecimal() else answer}
        declared_system(said["crs"], house().layer(str(guess.layer)), guess.path)
    else:
        said = {"fields": guess.said.get("fields", {}) | _pairs(guess, answer)}
    told = replace(guess, said=guess.said | said)
    open_still = key == "fields" and bool(told.lacks)
    asks = guess.asks if open_still else tuple(a for a in guess.asks if a != key)
    named = said.get("fields", {}).get("level")
    if str(guess.layer).startswith("hazard_") and "levels" not in asks and guess.seen and _numbers(guess.seen, named):
        asks += ("levels",)
    return replace(told, asks=asks)


def _pairs(guess: Guess, answer: str) -> dict[str, str]:
    """Read ``name=村名, code=代码``: fields of the layer, columns of the file."""
    pairs: dict[str, str] = {}
    fields = list(house().layer(str(guess.layer)).fields)
    for part in filter(None, re.split(r"[,，;；]\s*", answer.strip())):
        ours, _, theirs = (word.strip() for word in part.partition("="))
        if ours not in fields:
            raise SpecError(Text(f"没有字段 {ours!r}", f"no field {ours!r}") + near(ours, fields))
        if theirs not in guess.columns:
            raise SpecError(
                Text(f"文件里没有列 {theirs!r}", f"the file has no column {theirs!r}")
                + near(theirs, list(guess.columns))
            )
        pairs[ours] = theirs
    return pairs


def area_name(guesses: Sequence[Guess], root: Path) -> str:
    """Give the name of the area that the boundary states, else the folder's."""
    return next((g.name for g in guesses if g.name), None) or root.resolve().name
