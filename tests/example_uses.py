"""Which example project file uses which key of the project file, which choice of it, and which input layer."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from riskmap.data.spec import InputSpec, Record, build, read_yaml
from riskmap.workflow.project import Project

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("linzi", "haian", "hegang", "yonghe", "linjiang")

Use = tuple[str, str, Any]
"""Name of the record, key, and a choice of it (None: the key itself)."""


def records() -> list[tuple[str, type[Record]]]:
    """Return every record of the project file with the path of the first key that takes it, from the whole inwards."""
    found: dict[type[Record], str] = {}
    waiting: list[tuple[str, type[Record]]] = [("", Project)]
    while waiting:
        where, record = waiting.pop(0)
        if record in found:
            continue
        found[record] = where
        for name, field in record.model_fields.items():
            key = field.alias or name.rstrip("_")
            path = f"{where}.{key}" if where else key
            waiting += [(path, inner) for inner in _records_in(field.annotation)]
    return [(where, record) for record, where in found.items()]


def _records_in(annotation: Any) -> list[type[Record]]:
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return [annotation]
    parts = typing.get_args(annotation)
    parts = parts[:1] if typing.get_origin(annotation) is typing.Annotated else parts
    return [record for part in parts for record in _records_in(part)]


@cache
def projects() -> dict[str, Project]:
    """Return all project files of the examples, the main one of each place first."""
    found = {}
    for place in PLACES:
        files = sorted((ROOT / "examples" / place).glob("*.yaml"), key=lambda p: (p.stem != "riskmap", p.stem))
        for file in files:
            data = read_yaml(file)
            if "inputs" in data:  # else it is a file beside a project: weights, a reference
                found[f"examples/{place}/{file.name}"] = build(Project, data, file.name)
    return found


def uses(value: Any) -> Iterator[Use]:
    """Give what a read project file states, its records within records too."""
    if isinstance(value, Record):
        for name in value.model_fields_set:
            field, stated = type(value).model_fields[name], getattr(value, name)
            record, key = type(value).__name__, field.alias or name.rstrip("_")
            yield record, key, None
            several = stated if isinstance(stated, tuple) else (stated,)
            yield from ((record, key, one) for one in several if one in choices(field.annotation))
            yield from uses(stated)
    elif isinstance(value, (tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from uses(one)


def choices(annotation: Any) -> tuple[Any, ...]:
    """Give the words that a key may take, if it takes words."""
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return ()
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return ()
    return tuple(word for part in typing.get_args(annotation) for word in choices(part))


@cache
def where_used() -> dict[Use, list[str]]:
    """Return, for each use, the project files that have it."""
    found: dict[Use, list[str]] = {}
    for file, project in projects().items():
        for use in dict.fromkeys(uses(project)):
            found.setdefault(use, []).append(file)
    return found


@cache
def layers_used() -> dict[str, list[str]]:
    """Return, for each layer that is an input somewhere, the project files that name it."""
    found: dict[str, list[str]] = {}
    for file, project in projects().items():
        for layer, given in project.inputs.items():
            assert isinstance(given, InputSpec)
            found.setdefault(layer, []).append(file)
    return found


def link(files: list[str] | None, *, from_folder: str = "") -> str:
    """Return a link to the first of some project files, in Markdown."""
    if not files:
        return ""
    place, name = files[0].split("/")[1:]
    shown = place if name == "riskmap.yaml" else f"{place}: {Path(name).stem}"
    return f"[{shown}]({from_folder}{files[0]})"
