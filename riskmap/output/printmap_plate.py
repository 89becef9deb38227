"""What a printed sheet says beside the page it shares with the web map. Values only, no drawing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmap.output.printmap_template import Orientation, Paper
from riskmap.output.webmap_page import Page
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class Plate:
    """One sheet.

    Parameters
    ----------
    page : Page
        Title, headline, grids (the first is printed), visible vectors, legend, townships, notes: as on the web page.
    number : str
        Sheet number, such as ``1`` or ``A-03``.
    boundary : GeoSeries, optional
        The area; colours end exactly at its line. Without it they end at the edges of the cells.
    imprint : tuple of (Text, Text)
        Label and value: coordinate system, height datum, sources, date, compiling unit.
    focus : str, optional
        Code of the township that the sheet is about: the map is fitted to it and the rest is veiled.
    sheets : tuple of (str, str)
        Township code and number of its sheet, for the index map; empty when there is no atlas.
    """

    page: Page
    number: str = ""
    boundary: gpd.GeoSeries | None = None
    imprint: tuple[tuple[Text, Text], ...] = ()
    focus: str | None = None
    sheets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Contents:
    """The page at the front of an atlas: the whole area with the numbers of the sheets, and the list of them.

    Parameters
    ----------
    plate : Plate
        Of the whole area; its ``sheets`` are listed.
    """

    plate: Plate


@dataclass(frozen=True)
class Printing:
    """How sheets are printed.

    Parameters
    ----------
    paper : {"A4", "A3", "A2", "A1", "A0"}
    orientation : {"auto", "landscape", "portrait"}
        ``auto`` takes the one that shows the area larger.
    template : str
        Id of a template in ``styles/sheets/``, or a YAML file of one's own.
    beside : Path, optional
        Folder from which a template's relative path starts.
    fonts : tuple of Path
        Font files that are asked before the house font.
    """

    paper: Paper = "A3"
    orientation: Orientation = "auto"
    template: str = "standard"
    beside: Path | None = None
    fonts: tuple[Path, ...] = ()
