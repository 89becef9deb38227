"""Frozen records of the declarations in ``layers/`` and ``styles/``, and strict reading of YAML into records."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from riskmap.errors import SpecError
from riskmap.text import Text

GeometryKind = Literal["point", "line", "polygon", "raster", "table"]
FieldType = Literal["text", "code", "integer", "number", "share", "date", "boolean", "category", "level"]
Confidence = Literal["standard", "secondary", "recalled", "house"]


def _bilingual(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


Bilingual = Annotated[Text, BeforeValidator(_bilingual)]
"""A ``{zh, en}`` mapping, or one string that serves both languages."""


class Record(BaseModel):
    """Base of all declarations: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Alias(Record):
    """Another name of a field in deliveries, perhaps with a unit of its own."""

    name: str
    unit: str | None = None


def _alias(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class DomainValue(Record):
    """One allowed value of a category field: its title and the words that mean it."""

    title: Bilingual
    aliases: tuple[str, ...] = ()


class FieldSpec(Record):
    """What a column is: type, unit, bounds, and the names it goes by in deliveries.

    ``stand_ins`` are level words of no scale that are taken for one that is, with a warning: green for blue.
    """

    title: Bilingual
    type: FieldType
    unit: str | None = None
    required: bool = False
    unique: bool = False
    min: float | None = None
    max: float | None = None
    digits: tuple[int, ...] = ()
    domain: dict[str, DomainValue] = {}
    stand_ins: dict[str, str] = {}
    aliases: tuple[Annotated[Alias, BeforeValidator(_alias)], ...] = ()
    note: Bilingual | None = None


class Kind(Record):
    """One known member of a family of layers, such as ``flood`` of ``hazard_<kind>``."""

    title: Bilingual
    unit: str | None = None
    min: float | None = None
    max: float | None = None


class LayerSpec(Record):
    """A layer: what it holds, in which geometry and columns."""

    id: str
    title: Bilingual
    role: Literal["input", "result"]
    geometry: tuple[GeometryKind, ...]
    about: Bilingual | None = None
    key: str | None = None
    fields: dict[str, FieldSpec] = {}
    any_of: tuple[tuple[str, ...], ...] = ()
    kinds: dict[str, Kind] = {}
    restricted: bool = False


class StyleClass(Record):
    """One class of a categorised style."""

    value: int | str
    label: Bilingual
    colour: str
    roman: str = ""
    pattern: Literal["solid", "lines", "cross", "dots", "none", "hatch"] = "solid"


class Symbol(Record):
    """How the features of a style are drawn; sizes in CSS pixels (1/96 inch)."""

    colour: str = "ink"
    fill: str | None = None
    width: float = 1.0
    opacity: float = 1.0
    dash: tuple[float, ...] = ()
    radius: float = 5.0
    shape: Literal["circle", "triangle", "square", "diamond", "cross"] = "circle"
    label: str | None = None


class StyleSpec(Record):
    """How a layer is drawn."""

    id: str
    layer: str
    title: Bilingual
    geometry: Literal["raster", "polygon", "line", "point"]
    field: str | None = None
    classes: tuple[StyleClass, ...] = ()
    symbol: Symbol = Symbol()


class Colour(Record):
    """One colour of the palette, as ``#rrggbb``, with its source."""

    rgb: Annotated[str, BeforeValidator(lambda v: v)]
    source: str
    confidence: Confidence


class Palette(Record):
    """The colours of the house: the one place that says what red is."""

    title: Bilingual
    colours: dict[str, Colour]


class LevelsSpec(Record):
    """What delivered level codes mean: how many there are and which end is the worst."""

    count: Literal[4, 5]
    worst: Literal["low_code", "high_code"]


class InputSpec(Record):
    """Where a layer's file is and what it does not say of itself."""

    path: str
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    fields: dict[str, str] = {}
    where: str | None = None
    levels: LevelsSpec | None = None
    content: Literal["amount", "density_per_km2", "density_per_m2", "value"] | None = None
    accuracy_m: float | None = None


class Fact(Record):
    """A threshold, speed or constant with its source."""

    value: Any
    source: str
    confidence: Confidence
    unit: str | None = None
    clause: str | None = None
    note: Bilingual | None = None


class FactTable(Record):
    """Rows of values that share a source; a project cannot replace one that is ``fixed``."""

    rows: tuple[dict[str, Any], ...]
    source: str
    confidence: Confidence
    fixed: bool = False
    clause: str | None = None
    note: Bilingual | None = None


class Rule(Record):
    """What data is held to: how grave a breach is, what the reader is told, and what to do about it."""

    severity: Literal["error", "warning", "note"]
    message: Bilingual
    remedy: Bilingual


class RuleBook(Record):
    """All rules by code."""

    title: Bilingual
    rules: dict[str, Rule]


class Facts(Record):
    """A topic of facts: single values and tables."""

    id: str
    title: Bilingual
    values: dict[str, Fact] = {}
    tables: dict[str, FactTable] = {}


R = TypeVar("R", bound=BaseModel)


# written in C where PyYAML was built with it: many times faster
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):
    """YAML without the surprises: a key stands once, and only true and false are booleans (``oneway: no`` is text)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping whose keys differ."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# words and codes stay as they are written: `no` is no boolean, `2020-12-31` no date, `0371` and `12:30` no numbers
_RESOLVED_OURSELVES = {f"tag:yaml.org,2002:{name}" for name in ("bool", "timestamp", "int", "float")}
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _RESOLVED_OURSELVES]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, _pattern, _first in (
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?((0|[1-9][0-9]*)\.[0-9]*|\.[0-9]+|[1-9][0-9]*(?=[eE]))([eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("float", r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$", "-+."),
):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first))


def read_yaml(path: Path) -> Any:
    """Read one YAML file.

    Raises
    ------
    SpecError
        If it is missing, not UTF-8, or not YAML; the message has line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader with fewer surprises)
    except FileNotFoundError as error:
        raise SpecError(Text("文件不存在", "the file does not exist"), file=str(path)) from error
    except UnicodeDecodeError as error:
        raise SpecError(
            Text("不是 UTF-8 编码", "it is not UTF-8"), remedy=Text("另存为 UTF-8", "save it as UTF-8"), file=str(path)
        ) from error
    except (yaml.YAMLError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise SpecError(
            Text(f"读不懂 {place}：{problem}", f"cannot be read at {place}: {problem}"),
            remedy=WRITTEN_SO if mark else None,
            file=str(path),
        ) from error


WRITTEN_SO = Text(
    "看这一行和上一行：缩进用空格，不用制表符；冒号用半角，后面空一格；引号和括号成对；同一个键只写一次",
    "look at this line and the one above: indent with spaces, no tabs; an ASCII colon and a space after each key;"
    " quotes and brackets closed; each key once",
)
"""What to do about text that is no YAML: the parser's own words tell a clerk nothing."""


def build(model: type[R], data: Any, file: str) -> R:
    """Make a record from what a YAML file said.

    Raises
    ------
    SpecError
        With every complaint: key path, what is wrong, and the nearest known key for an unknown one.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        complaints = [_complaint(model, item) for item in error.errors(include_url=False)]
        zh = "\n  ".join(c.zh for c in complaints)
        en = "\n  ".join(c.en for c in complaints)
        raise SpecError(Text(zh, en), file=file, remedy=Text("改正所列的键", "correct the keys listed")) from error


def _complaint(model: type[BaseModel], item: Any) -> Text:
    path = ".".join(str(part) for part in item["loc"])
    kind, given = item["type"], item.get("input")
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        hint = near(str(item["loc"][-1]), _keys_at(model, item["loc"][:-1]))
        return Text(f"{path}：没有这个键", f"{path}: no such key") + hint
    if kind == "missing":
        return Text(f"{path}：缺这个键", f"{path}: the key is missing")
    if kind == "literal_error":
        expected = item["ctx"]["expected"]
        hint = near(str(given), expected.replace("'", "").replace(" or ", ", ").split(", "))
        return Text(f"{path}：{given!r} 不在 {expected} 之中", f"{path}: {given!r} is none of {expected}") + hint
    return Text(f"{path}：{given!r} 不合要求（{item['msg']}）", f"{path}: {given!r} does not fit ({item['msg']})")


def near(word: str, known: list[str] | tuple[str, ...], *, cutoff: float = 0.6) -> Text:
    """Give ``; did you mean 'weights'?`` when one of the known words is close, else an empty text."""
    close = difflib.get_close_matches(word, known, n=3, cutoff=cutoff)
    if not close:
        return Text("", "")
    words = " / ".join(repr(c) for c in close)
    return Text(f"；是不是 {words}？", f"; did you mean {words}?")


def _keys_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Give the keys that the record at ``loc`` knows, by walking the annotations."""
    current: Any = model
    for part in loc:
        models = (
            _models_in(current.model_fields[part].annotation)
            if _is_model(current) and part in current.model_fields
            else []
        )
        if models:
            current = models[0]
    return list(current.model_fields) if _is_model(current) else []


def _is_model(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, BaseModel)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if _is_model(annotation):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]
