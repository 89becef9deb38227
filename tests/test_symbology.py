"""What a drawer gets of a style, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskmap.data.catalog import house
from riskmap.data.spec import StyleClass, StyleSpec, Symbol
from riskmap.errors import SpecError
from riskmap.output.symbology import rgba, symbology
from riskmap.text import Text


def style(*classes: StyleClass, **symbol: object) -> StyleSpec:
    return StyleSpec(
        id="s",
        layer="l",
        title=Text("图", "map"),
        geometry="point",
        field="v",
        classes=classes,
        symbol=Symbol(**symbol),
    )


def test_levels_have_the_colours_of_the_palette() -> None:
    catalog = house()
    drawn = symbology(catalog.style("risk_level"), catalog)
    assert [(s.value, s.rgb) for s in drawn.swatches[:4]] == [
        (4, catalog.rgb("red")),
        (3, catalog.rgb("orange")),
        (2, catalog.rgb("yellow")),
        (1, catalog.rgb("blue")),
    ]
    assert drawn.of(4.0).roman == "Ⅰ"
    assert drawn.of(7) is None


def test_values_meet_classes_whatever_their_type() -> None:
    drawn = symbology(
        style(
            StyleClass(value=3, label=Text("三", "three"), colour="red"),
            StyleClass(value="oil", label=Text("油", "oil"), colour="blue"),
        ),
        house(),
    )
    values = [3, 3.0, np.uint8(3), "3", "oil", None, float("nan"), pd.NA, 3.5]
    assert drawn.classify(values).tolist() == [0, 0, 0, -1, 1, -1, -1, -1, -1]
    assert drawn.classify(pd.Series([3, None], dtype="Int64")).tolist() == [0, -1]


def test_unknown_is_never_a_colour_of_the_table() -> None:
    catalog = house()
    table = symbology(catalog.style("risk_level"), catalog).colour_table()
    assert table.shape == (256, 4)
    assert tuple(table[4]) == rgba(catalog.rgb("red"))
    assert table[[0, 5, 255], 3].tolist() == [0, 0, 0]
    solid = symbology(style(StyleClass(value=0, label=Text("无", "none"), colour="none", pattern="solid")), catalog)
    assert solid.colour_table()[0, 3] == 0


def test_stroke_and_fill() -> None:
    catalog = house()
    drawn = symbology(style(colour="ink"), catalog)
    assert (drawn.stroke, drawn.fill) == (catalog.rgb("ink"), None)
    assert symbology(style(fill="red"), catalog).fill == catalog.rgb("red")


def test_a_colour_that_is_not_there() -> None:
    with pytest.raises(SpecError, match="did you mean 'red'"):
        symbology(style(colour="redd"), house())
