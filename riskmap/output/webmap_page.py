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
        Column, heading (without unit) and format of the table: ``percent`` (0-1), ``km2``, ``people``, ``level`` (one
        of the four risk levels, whatever the grids show), ``number``, ``minutes`` or ``text``.
    notes : tuple of Text
        System, cell size, dates, method, weights and what else a reader must know, one sentence each.
    totals : tuple of (Text, str)
        Key figures, ready to read.
    notice : Text
        The line that stays in sight on screen and paper; a reviewed map puts its approval number here.
    rank_by : str, optional
        Column by which the table is sorted at first, highest on top; by default ``share_red`` or ``people_red``
        when there is one, else the first column.
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
