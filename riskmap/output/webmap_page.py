"""What a web page shows: grids, vector layers, legend figures, townships and notes. Values only, no drawing."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from riskmap.data.spec import StyleSpec
from riskmap.grid import Raster
from riskmap.text import Text

INTERNAL_USE = Text(
    "内部使用，未经审核，不得公开",
    "内部使用，未经审核，不得公开 (internal use only; not reviewed, not for publication)",
)
"""The line of a map without an approval number (审图号)."""


@dataclass(frozen=True, eq=False)
class GridLayer:
    """One coloured grid.

    Parameters
    ----------
    style : StyleSpec
        Classes by code, and the title; ``style.id`` is the layer's id on the page.
    raster : Raster
        uint8 codes, 0 unknown; every other code has a class in the style.
    inside : bool array of the grid's shape
        Cells of the area. The others are transparent.
    """

    style: StyleSpec
    raster: Raster
    inside: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class VectorLayer:
    """Points, lines or polygons drawn over the grid.

    Parameters
    ----------
    style : StyleSpec
        ``style.field`` names the column that the classes colour by. A style for points draws a point
        inside whatever other geometry it meets.
    frame : GeoDataFrame
        In any stated coordinate system; rows without a geometry are not drawn.
    popup : tuple of (str, Text)
        Columns that a click shows, with their labels.
    search : str, optional
        Column whose text the search box finds.
    visible : bool
        Whether the layer is drawn at first.
    drawn : bool
        False: the layer is never drawn and has no switch; it only answers clicks and searches. For zones whose
        cells the grid already shows.
    """

    style: StyleSpec
    frame: gpd.GeoDataFrame
    popup: tuple[tuple[str, Text], ...] = ()
    search: str | None = None
    visible: bool = True
    drawn: bool = True


@dataclass(frozen=True, eq=False)
class LegendRow:
    """Figures of one class of the first grid.

    Parameters
    ----------
    value : int
        Code of the class.
    area_km2 : float
    share : float
        Of the area, 0-1.
    people : float, optional
        None when not known.
    """

    value: int
    area_km2: float
    share: float
    people: float | None


@dataclass(frozen=True, eq=False)
class Factor:
    """One layer behind a score.

    Parameters
    ----------
    title : Text
    unit : Text, optional
        Of the raw values.
    raw : float array of the grid's shape
        As delivered, NaN unknown.
    normalised : float array of the grid's shape
    part : float array of the grid's shape
        What the layer brings to the score: a term of a sum, a factor of a product.
    weight : float
    """

    title: Text
    unit: Text | None
    raw: NDArray[np.floating]
    normalised: NDArray[np.floating]
    part: NDArray[np.floating]
    weight: float


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why each cell of the first grid has its level: the page shows it rounded, and says so.

    Parameters
    ----------
    sums : bool
        Whether the parts of the layers add up to the score, each a function of its layer alone: then they are shown.
    factors : tuple of Factor
    score : float array
        NaN unknown.
    intervals : dict of int to (float or None, float or None)
        Level -> the score that it lies above and its upper limit; None where there is no such limit.
    before_merge : uint8 array
        Levels before small patches were merged.
    people : float array, optional
        Persons per cell.
    """

    sums: bool
    factors: tuple[Factor, ...]
    score: NDArray[np.floating]
    intervals: dict[int, tuple[float | None, float | None]]
    before_merge: NDArray[np.uint8]
    people: NDArray[np.floating] | None = None


@dataclass(frozen=True)
class Nearest:
    """A question that a click answers by the nearest feature of a layer: how long the engine, how far the shelter.

    Parameters
    ----------
    layer : str
        Id of the style of one of the page's vector layers.
    question : Text
    found : Text
        With ``{column}`` for the columns of the layer named in ``columns``, ``{distance}`` for how far the feature is, and
        ``{along}`` for the value between the two columns ``between``, read along a line to the point nearest to the click.
    none : Text
        Said when nothing is within reach.
    reach_m : float
    columns : tuple of str
    between : (str, str), optional
    """

    layer: str
    question: Text
    found: Text
    none: Text
    reach_m: float
    columns: tuple[str, ...] = ()
    between: tuple[str, str] | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Another run to set beside the first grid, under a slider.

    Parameters
    ----------
    layer : GridLayer
        Of the same style; its cells may be others.
    before, now : Text
        What the two sides are called.
    areas_km2 : tuple of (int, float, float)
        Code, area before, area now, the worst first.
    """

    layer: GridLayer
    before: Text
    now: Text
    areas_km2: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, eq=False)
class Page:
    """Everything that one page says.

    Parameters
    ----------
    title, subtitle, headline : Text
        The headline is the sentence to remember; its numbers are set large.
    grids : tuple of GridLayer
        The first is shown and answers clicks; the page can switch to the others.
    vectors : tuple of VectorLayer
    legend : tuple of LegendRow
        Figures of the first grid.
    units : GeoDataFrame
        Townships: ``name``, ``code``, geometry and the columns of the table; may be empty.
    unit_columns : tuple of (str, Text, str)
        Column, heading (without unit) and format of the table: ``percent`` (0-1), ``km2``, ``people``, ``count``, ``level`` (one
        of the four risk levels, whatever the grids show), ``zone`` (a control zone), ``number``, ``minutes`` or ``text``.
    notes : tuple of Text
        System, cell size, dates, method, weights and what else a reader must know, one sentence each.
    totals : tuple of (Text, str)
        Key figures, ready to read.
    notice : Text
        The line that stays in sight on screen and paper; a reviewed map puts its approval number here.
    rank_by : str, optional
        Column by which the table is sorted at first, highest on top; by default ``share_red`` or ``people_red``
        when there is one, else the first column.
    coloured : bool
        Whether the first grid is shown at first; else the ground is plain and the reader switches a grid on.
    relief : Raster, optional
        Heights in metres (NaN unknown), on the cells of the first grid when there is one: the ground of a map without colours
        is shaded by them.
    explanation : Explanation, optional
        Why the cells of the first grid have their level.
    answers : tuple of Nearest
    comparison : Comparison, optional
    online : bool
        Whether the page offers Tianditu's tiles as a basemap, to readers who type in a key; without it the page can ask for
        nothing outside itself.
    """

    title: Text
    subtitle: Text
    headline: Text
    grids: tuple[GridLayer, ...]
    vectors: tuple[VectorLayer, ...]
    legend: tuple[LegendRow, ...]
    units: gpd.GeoDataFrame
    unit_columns: tuple[tuple[str, Text, str], ...]
    notes: tuple[Text, ...]
    totals: tuple[tuple[Text, str], ...]
    notice: Text = INTERNAL_USE
    rank_by: str | None = None
    coloured: bool = True
    relief: Raster | None = None
    explanation: Explanation | None = None
    answers: tuple[Nearest, ...] = ()
    comparison: Comparison | None = None
    online: bool = False
