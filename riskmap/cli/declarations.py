"""``riskmap layers`` and ``riskmap styles``: what is declared."""

from __future__ import annotations

from typing import Any

import click

from riskmap.cli.group import Group
from riskmap.cli.terminal import format_option, lang_option, language, say, show_json, table


@click.group(cls=Group)
def layers() -> None:
    """What each layer must hold: columns, units, names they go by."""


@click.group(cls=Group)
def styles() -> None:
    """How each layer is drawn."""


@layers.command("list")
@lang_option
@format_option
def layers_list(lang: Any, form: str) -> None:
    """List all layers."""
    from riskmap.data.catalog import house

    specs = house().layer_specs
    if form == "json":
        _json(
            [
                {"id": i, "role": s.role, "geometry": s.geometry, "title": {"zh": s.title.zh, "en": s.title.en}}
                for i, s in specs.items()
            ]
        )
        return
    rows = [
        [i, s.role, "/".join(s.geometry), s.title.pick(language()).replace("{kind}", "*")] for i, s in specs.items()
    ]
    click.echo(table(["id", "role", "geometry", "title"], rows, "llll"))


@layers.command("show")
@click.argument("id")
@lang_option
@format_option
def layers_show(id: str, lang: Any, form: str) -> None:
    """Show one layer, for example ``riskmap layers show geohazard_points``."""
    from riskmap.data.catalog import house

    spec = house().layer(id)
    if form == "json":
        _json(spec.model_dump(mode="json"))
        return
    lang = language()
    click.echo(f"{spec.id}  {spec.title.pick(lang)}  ({'/'.join(spec.geometry)})")
    if spec.about:
        click.echo(spec.about.pick(lang))
    rows = []
    for name, f in spec.fields.items():
        names = ", ".join(a.name + (f" [{a.unit}]" if a.unit else "") for a in f.aliases)
        words = ", ".join(v.title.pick(lang) for v in f.domain.values())
        rows.append([name + (" *" if f.required else ""), f.type, f.unit or "", f.title.pick(lang), words or names])
    if rows:
        click.echo("\n" + table(["field", "type", "unit", "title", "also called / values"], rows, "lllll"))
        say("* 必填", "* required")


@layers.command("check")
@lang_option
@format_option
def layers_check(lang: Any, form: str) -> None:
    """Check all declarations and facts; exit code 5 names file, key path and the nearest known key."""
    from riskmap.data.catalog import house

    catalog = house()
    count, topics = len(catalog.layer_specs), [catalog.facts(topic) for topic in catalog.topics()]
    if form == "json":
        _json({"layers": count, "topics": len(topics)})
        return
    say(
        f"{count} 个图层、{len(topics)} 组数值，没有问题",
        f"{count} layers and {len(topics)} topics of facts, all sound",
    )


@styles.command("list")
@lang_option
@format_option
def styles_list(lang: Any, form: str) -> None:
    """List all styles."""
    from riskmap.data.catalog import house

    specs = house().style_specs
    if form == "json":
        _json(
            [
                {"id": i, "layer": s.layer, "geometry": s.geometry, "title": {"zh": s.title.zh, "en": s.title.en}}
                for i, s in specs.items()
            ]
        )
        return
    click.echo(
        table(
            ["id", "layer", "geometry", "title"],
            [[i, s.layer, s.geometry, s.title.pick(language())] for i, s in specs.items()],
            "llll",
        )
    )


@styles.command("show")
@click.argument("id")
@lang_option
@format_option
def styles_show(id: str, lang: Any, form: str) -> None:
    """Show one style with its colours."""
    from riskmap.data.catalog import house

    catalog = house()
    spec = catalog.style(id)
    if form == "json":
        _json(spec.model_dump(mode="json") | {"rgb": {c.colour: catalog.rgb(c.colour) for c in spec.classes}})
        return
    click.echo(f"{spec.id}  {spec.title.pick(language())}  ({spec.layer}, {spec.geometry})")
    rows = [
        [c.value, c.roman, c.label.pick(language()), c.colour, catalog.rgb(c.colour), c.pattern] for c in spec.classes
    ]
    if rows:
        click.echo("\n" + table(["value", "", "label", "colour", "rgb", "pattern"], rows, "llllll"))


@styles.command("check")
@lang_option
@format_option
def styles_check(lang: Any, form: str) -> None:
    """Check all styles: colours, and that each one's layer and field are declared."""
    from riskmap.data.catalog import house

    catalog = house()
    catalog.check_styles()
    if form == "json":
        _json({"styles": len(catalog.style_specs)})
        return
    say(f"{len(catalog.style_specs)} 个样式，没有问题", f"{len(catalog.style_specs)} styles, all sound")


def _json(value: Any) -> None:

    show_json(value)


COMMANDS = (layers, styles)
