"""The one catalogue of what is declared in ``layers/`` and ``styles/``."""

from __future__ import annotations

import csv
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import riskmap
from riskmap.data.spec import Facts, Kind, LayerSpec, Palette, Rule, RuleBook, StyleSpec, build, near, read_yaml
from riskmap.errors import SpecError
from riskmap.text import Text

FAMILY = "<kind>"
"""Stands for the open part of a family's id: ``hazard_<kind>`` serves ``hazard_flood``."""


def folder(name: str) -> Path:
    """Give the folder of declarations: inside the installed package, or beside it in a checkout."""
    package = Path(riskmap.__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


class Catalog:
    """All declarations, each read on first use.

    Parameters
    ----------
    layers, styles : Path, optional
        Folders of declarations; those of the installed package by default.
    """

    def __init__(self, layers: Path | None = None, styles: Path | None = None) -> None:
        self._layers = layers or folder("layers")
        self._styles = styles or folder("styles")
        self._topics: dict[str, Facts] = {}

    @cached_property
    def layer_specs(self) -> dict[str, LayerSpec]:
        """Every layer declaration by id, families under their ``_<kind>`` id."""
        return self._read_all(self._layers, LayerSpec, leave_out=("checks.yaml",))

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """What data is held to, by code."""
        path = self._layers / "checks.yaml"
        return build(RuleBook, read_yaml(path), str(path)).rules

    @cached_property
    def style_specs(self) -> dict[str, StyleSpec]:
        """Every style by id."""
        specs = self._read_all(self._styles, StyleSpec, leave_out=("palette.yaml",))
        for spec in specs.values():
            for colour in [c.colour for c in spec.classes] + [spec.symbol.colour, spec.symbol.fill]:
                if colour is not None:
                    self._known_colour(colour, spec.id)
        return specs

    @cached_property
    def palette(self) -> Palette:
        """The colours of the house."""
        path = self._styles / "palette.yaml"
        return build(Palette, read_yaml(path), str(path))

    def rgb(self, colour: str) -> str:
        """Give ``#rrggbb`` of a colour name."""
        return self.palette.colours[colour].rgb

    def layer(self, id: str) -> LayerSpec:
        """Give the declaration of a layer; a member of a family gets the family's, with its own title and bounds.

        Raises
        ------
        SpecError
            If no layer has that id; the message has near matches.
        """
        if id in self.layer_specs:
            return self.layer_specs[id]
        for family, spec in self.layer_specs.items():
            stem = family.removesuffix(FAMILY)
            if family != stem and id.startswith(stem) and len(id) > len(stem):
                return _member(spec, id, id.removeprefix(stem))
        known = [i for i in self.layer_specs if FAMILY not in i]
        raise SpecError(
            Text(f"没有图层 {id!r}", f"no layer {id!r}") + near(id, known),
            remedy=Text("图层用英文代号：riskmap layers list 列出全部", "riskmap layers list names them all"),
            layer=id,
        )

    def style(self, id: str) -> StyleSpec:
        """Give a style.

        Raises
        ------
        SpecError
        """
        if id not in self.style_specs:
            raise SpecError(Text(f"没有样式 {id!r}", f"no style {id!r}") + near(id, list(self.style_specs)))
        return self.style_specs[id]

    def check_styles(self) -> None:
        """Check that each style's layer and field are declared.

        Raises
        ------
        SpecError
        """
        for spec in self.style_specs.values():
            layer = self.layer(spec.layer)
            if spec.field and spec.geometry != "raster" and spec.field not in layer.fields:
                hint = near(spec.field, list(layer.fields))
                raise SpecError(
                    Text(
                        f"样式 {spec.id}：图层没有字段 {spec.field!r}",
                        f"style {spec.id}: the layer has no field {spec.field!r}",
                    )
                    + hint
                )

    def facts(self, topic: str) -> Facts:
        """Give the facts of a topic (``layers/facts/<topic>.yaml``).

        Raises
        ------
        SpecError
        """
        if topic not in self._topics:
            path = self._layers / "facts" / f"{topic}.yaml"
            if not path.exists():
                raise SpecError(Text(f"没有主题 {topic!r}", f"no topic {topic!r}") + near(topic, self.topics()))
            self._topics[topic] = build(Facts, read_yaml(path), str(path))
        return self._topics[topic]

    def fact_rows(self, topic: str) -> list[dict[str, str]]:
        """Give the rows of a table of facts (``layers/facts/<topic>.csv``), all values as text."""
        with (self._layers / "facts" / f"{topic}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def topics(self) -> list[str]:
        """Give the names of all topics of facts that are YAML."""
        return sorted(path.stem for path in (self._layers / "facts").glob("*.yaml"))

    def _read_all(self, directory: Path, model: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
        specs = {}
        for path in sorted(directory.glob("*.yaml")):
            if path.name in leave_out:
                continue
            spec = build(model, read_yaml(path), str(path))
            if spec.id.replace(f"_{FAMILY}", "") != path.stem:
                raise SpecError(
                    Text(f"id {spec.id!r} 与文件名不同", f"id {spec.id!r} differs from the file name"), file=str(path)
                )
            specs[spec.id] = spec
        return specs

    def _known_colour(self, colour: str, style: str) -> None:
        if colour not in self.palette.colours:
            hint = near(colour, list(self.palette.colours))
            raise SpecError(Text(f"样式 {style}：没有颜色 {colour!r}", f"style {style}: no colour {colour!r}") + hint)


def _member(family: LayerSpec, id: str, kind: str) -> LayerSpec:
    known = family.kinds.get(kind, Kind(title=Text(kind, kind.replace("_", " "))))
    title = family.title.format(kind=known.title)
    fields = dict(family.fields)
    if "value" in fields:
        fields["value"] = fields["value"].model_copy(update={"unit": known.unit, "min": known.min, "max": known.max})
    return family.model_copy(update={"id": id, "title": title, "fields": fields})


@cache
def house() -> Catalog:
    """Give the catalogue of the installed package."""
    return Catalog()
