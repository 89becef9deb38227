"""Together the example places use every capability: each key of the project file, each choice, each input layer."""

from __future__ import annotations

import pytest
from example_uses import choices, layers_used, projects, records, where_used

from riskmap.data.catalog import FAMILY, house

NOT_IN_AN_EXAMPLE = {
    ("OutputSpec", "fonts", None): "a font file of the reader's own machine",
    ("OutputSpec", "online_basemap", "tianditu"): "asks for a key and the internet; examples open offline",
}


def test_every_key_and_every_choice_stands_in_an_example() -> None:
    unused = []
    for _, record in records():
        for name, field in record.model_fields.items():
            key = field.alias or name.rstrip("_")
            wanted = [None, *(c for c in choices(field.annotation) if isinstance(c, str) and c != field.default)]
            unused += [(record.__name__, key, w) for w in wanted if (record.__name__, key, w) not in where_used()]
    assert set(unused) == set(NOT_IN_AN_EXAMPLE)


def test_every_input_layer_stands_in_an_example() -> None:
    named = layers_used()
    inputs = [spec.id for spec in house().layer_specs.values() if spec.role == "input"]
    unused = [id for id in inputs if not any(n == id or n.startswith(id.removesuffix(FAMILY)) for n in named)]
    assert len(inputs) > 25
    assert unused == []


@pytest.mark.parametrize("file", [f for f in projects() if not f.endswith("/riskmap.yaml")])
def test_every_further_project_file_is_told_of_on_its_page(file: str) -> None:
    from make_docs import ROOT

    folder, name = (ROOT / file).parent, (ROOT / file).name
    for page in ("README.md", "README.zh.md"):
        assert name in (folder / page).read_text(encoding="utf-8"), page
