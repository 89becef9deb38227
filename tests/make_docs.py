"""Write the pages that are made from the code: CLI.md, API.md, and the tables of METHODS.md, PROJECT.md, layers/README.md, styles/README.md.

Run: python tests/make_docs.py (or ``make docs``). ``test_docs.py`` fails when a page is stale.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import typing
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- made by tests/make_docs.py -->", "<!-- end of what make_docs.py made -->"
DOMAINS = ("riskmap.data", "riskmap.risk", "riskmap.overlay", "riskmap.network", "riskmap.output", "riskmap.workflow")
GROUND = ("crs", "errors", "fields", "grid", "landing", "levels", "text", "zonal")


def cli_page() -> str:
    """Return the reference of all commands, from their own help."""
    from riskmap.cli import main

    lines = ["# Commands", "", "Made from `--help` by `make docs`; a test fails when it is stale.", ""]
    for path, command in _commands(main, ("riskmap",)):
        with click.Context(command, info_name=" ".join(path), terminal_width=100, max_content_width=100) as context:
            help_text = command.get_help(context)
        lines += [f"## {' '.join(path)}", "", "```", help_text.rstrip(), "```", ""]
    return "\n".join(lines)


def _commands(group: click.Command, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], click.Command]]:
    found = [(path, group)]
    if isinstance(group, click.Group):
        for name in sorted(group.commands):
            found += _commands(group.commands[name], (*path, name))
    return found


def api_page() -> str:
    """Return the reference of public functions and classes: signature and first paragraph of the docstring."""
    lines = ["# Python interface", "", "Made from docstrings by `make docs`; a test fails when it is stale.", ""]
    modules = [f"riskmap.{name}" for name in GROUND]
    for room in DOMAINS:
        package = importlib.import_module(room)
        modules += [f"{room}.{m.name}" for m in pkgutil.iter_modules(package.__path__) if not m.ispkg]
    for name in modules:
        module = importlib.import_module(name)
        lines += [f"## {name}", "", _first(module.__doc__), ""]
        for key, value in _public(module):
            lines += _entry(key, value)
    return "\n".join(lines).rstrip() + "\n"


def _public(module: Any) -> list[tuple[str, Any]]:
    members = inspect.getmembers(module, lambda v: inspect.isfunction(v) or inspect.isclass(v))
    return [(n, v) for n, v in members if not n.startswith("_") and v.__module__ == module.__name__]


def _entry(name: str, value: Any) -> list[str]:
    if inspect.isclass(value):
        methods = [
            f"  - `.{n}{_signature(v)}`: {_first(v.__doc__)}"
            for n, v in sorted(vars(value).items())
            if inspect.isfunction(v) and not n.startswith("_") and v.__doc__
        ]
        return [f"- **`{name}`**: {_first(value.__doc__)}", *methods, ""]
    return [f"- **`{name}{_signature(value)}`**: {_first(value.__doc__)}", ""]


def _signature(function: Any) -> str:
    parameters = [p.replace(annotation=p.empty) for p in inspect.signature(function).parameters.values()]
    shown = str(inspect.Signature(parameters))
    return re.sub(r" at 0x[0-9a-f]+", "", shown) if len(shown) < 160 else "(...)"


def _first(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def values_table() -> str:
    """Return every built-in value: value, unit, confidence, clause, source."""
    from riskmap.data.catalog import house

    lines = []
    for topic in house().topics():
        facts = house().facts(topic)
        if facts.values:
            lines += [
                f"### {topic}: {facts.title.en} {facts.title.zh}",
                "",
                "| key | value | unit | confidence | source and clause |",
                "| --- | --- | --- | --- | --- |",
            ]
            for key, fact in facts.values.items():
                source = f"{fact.source}{f'; {fact.clause}' if fact.clause else ''}"
                lines.append(
                    f"| `{key}` | {_cell(fact.value)} | {fact.unit or ''} | {fact.confidence} | {_cell(source)} |"
                )
            lines.append("")
        if facts.tables:
            if not facts.values:
                lines += [f"### {topic}: {facts.title.en} {facts.title.zh}", ""]
            lines += ["| table | rows | confidence | source and clause |", "| --- | --- | --- | --- |"]
            for key, table in facts.tables.items():
                source = f"{table.source}{f'; {table.clause}' if table.clause else ''}"
                lines.append(f"| `{key}` | {len(table.rows)} | {table.confidence} | {_cell(source)} |")
            lines.append("")
    return "\n".join(lines).rstrip()


def layers_table() -> str:
    """Return all declared layers: id, role, geometry, title, required fields, and an example that has it as input."""
    from example_uses import layers_used, link

    from riskmap.data.catalog import FAMILY, house

    lines = ["| id | role | geometry | title | required fields | see |", "| --- | --- | --- | --- | --- | --- |"]
    for id, spec in house().layer_specs.items():
        required = ", ".join(f"`{n}`" for n, f in spec.fields.items() if f.required)
        family = id.removesuffix(FAMILY)
        named = [f for n, f in layers_used().items() if n == id or (n.startswith(family) and family != id)]
        lines.append(
            f"| `{id}` | {spec.role} | {', '.join(spec.geometry)} | {spec.title.zh} {spec.title.en} | {required} | "
            f"{link(named[0] if named else None, from_folder='../')} |"
        )
    return "\n".join(lines)


def styles_table() -> str:
    """Return all styles: id, layer, field, classes."""
    from riskmap.data.catalog import house

    lines = ["| id | layer | field | classes |", "| --- | --- | --- | --- |"]
    for id, spec in house().style_specs.items():
        classes = ", ".join(f"{c.value} {c.label.zh}" for c in spec.classes)
        lines.append(f"| `{id}` | `{spec.layer}` | {f'`{spec.field}`' if spec.field else ''} | {_cell(classes)} |")
    return "\n".join(lines)


def project_tables() -> str:
    """Return every key of the project file, section by section: what it takes and its default."""
    from example_uses import link, records, where_used

    lines: list[str] = []
    for where, record in records():
        lines += [f"### {where or 'the file'}", "", _first(record.__doc__), ""]
        lines += ["| key | takes | default | see |", "| --- | --- | --- | --- |"]
        for name, field in record.model_fields.items():
            key = field.alias or name.rstrip("_")
            limits = [f"{sign} {limit:g}" for m in field.metadata for sign, limit in _limits(m)]
            takes = ", ".join([_takes(field.annotation), *limits])
            see = link(where_used().get((record.__name__, key, None)))
            lines.append(f"| `{key}` | {_cell(takes)} | {_cell(_default(field))} | {see} |")
        lines.append("")
    return "\n".join([*lines, *_choices()])


def _choices() -> list[str]:
    """Return the table of choices, each with an example project file that makes it."""
    from example_uses import choices, link, records, where_used

    lines = ["### Choices and examples of them", "", "| key | choice | see |", "| --- | --- | --- |"]
    for where, record in records():
        for name, field in record.model_fields.items():
            key = field.alias or name.rstrip("_")
            words = [word for word in choices(field.annotation) if isinstance(word, str)]
            for word in words:
                usual = "default" if word == field.default else ""
                see = link(where_used().get((record.__name__, key, word))) or usual
                lines.append(f"| `{where}.{key}` | `{word}` | {see} |")
    return lines


def _limits(constraint: Any) -> list[tuple[str, float]]:
    signs = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
    return [(sign, getattr(constraint, key)) for key, sign in signs if getattr(constraint, key, None) is not None]


def _default(field: Any) -> str:
    if field.is_required():
        return "**required**"
    value = field.default
    if isinstance(value, (str, bool, int, float)):
        return f"`{str(value).lower() if isinstance(value, bool) else value}`"
    return ""


def _inner(annotation: Any) -> tuple[Any, ...]:
    """Return the parts of an annotation without None and without what only validates."""
    parts = typing.get_args(annotation)
    parts = parts[:1] if typing.get_origin(annotation) is typing.Annotated else parts
    return tuple(part for part in parts if part not in (type(None), Ellipsis))


def _takes(annotation: Any) -> str:
    """Say in words what a key takes."""
    from riskmap.data.spec import Record
    from riskmap.text import Text

    origin, inner = typing.get_origin(annotation), _inner(annotation)
    plain = {str: "text", float: "number", int: "whole number", bool: "true or false", Text: "text, or {zh, en}"}
    if annotation in plain:
        return plain[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, Record):
        return "the keys below"
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        pair = len(typing.get_args(annotation)) == 2 and Ellipsis not in typing.get_args(annotation)
        return f"two of: {_takes(inner[0])}" if pair else f"list of: {_takes(inner[0])}"
    if origin is dict:
        return f"mapping of names to: {_takes(inner[1])}"
    return " or ".join(dict.fromkeys(map(_takes, inner))) if inner else "anything"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def filled(text: str, made: str) -> str:
    """Return a page with its made part replaced."""
    return re.sub(
        re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: f"{BEGIN}\n\n{made}\n\n{END}", text, flags=re.DOTALL
    )


def pages() -> dict[Path, str]:
    """Return every page that is made, by path."""
    made = {ROOT / "CLI.md": cli_page(), ROOT / "API.md": api_page()}
    for path, part in (
        (ROOT / "METHODS.md", values_table()),
        (ROOT / "PROJECT.md", project_tables()),
        (ROOT / "layers" / "README.md", layers_table()),
        (ROOT / "styles" / "README.md", styles_table()),
    ):
        made[path] = filled(path.read_text(encoding="utf-8"), part)
    return made


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8", newline="\n")
