"""Templates of the sheets: where the title, the map, the legend and the rest stand; YAML in ``styles/sheets/``.

A template is drawn up for A3, once upright and once lying; on other papers everything grows or shrinks with the paper,
but no text below the template's smallest size.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from riskmap.data.catalog import folder
from riskmap.data.spec import Bilingual, Record, build, near, read_yaml
from riskmap.errors import SpecError
from riskmap.text import Text

Paper = Literal["A4", "A3", "A2", "A1", "A0"]
Orientation = Literal["auto", "landscape", "portrait"]
Block = Literal["title", "headline", "notice", "map", "stack", "imprint", "scale"]
Item = Literal["totals", "legend", "overlays", "townships", "index", "notes"]

Box = tuple[float, float, float, float]

A0_MM = (841, 1189)
"""ISO 216; each smaller paper is the larger one folded, rounded down."""
REFERENCE: Paper = "A3"


class Element(Record):
    """One block of a sheet.

    Parameters
    ----------
    block : str
        ``title`` (with the subtitle), ``headline`` (the sentence to remember), ``notice`` (internal use, or the map review
        number), ``map`` (with neatline, graticule and north arrow), ``scale`` (bar and ratio), ``imprint`` (system, height
        datum, sources, date, compiling unit, sheet number), ``stack`` (items below each other).
    box : (left, top, right, bottom)
        Millimetres on A3, from the upper left corner of the paper.
    items : tuple of str
        Of a stack: ``totals``, ``legend`` (with areas and people), ``overlays``, ``townships`` (ranked, as many as fit),
        ``index`` (where the sheet lies), ``notes`` (method, sources).
    """

    block: Block
    box: Box
    items: tuple[Item, ...] = ()
    align: Literal["left", "centre", "right"] = "left"


class Sizes(Record):
    """Sizes of text in points on A3."""

    title: float = 26
    subtitle: float = 9.5
    headline: float = 12
    figure: float = 19
    heading: float = 10
    body: float = 8.5
    small: float = 6.8
    label: float = 7.5
    smallest: float = 5.2


class MapLook(Record):
    """How the map frame is drawn; millimetres on A3."""

    neatline: Literal["double", "single", "none"] = "double"
    graticule: Literal["lines", "ticks", "none"] = "lines"
    north_arrow: Literal["top_right", "top_left", "none"] = "top_right"
    band_mm: float = Field(default=4.6, ge=0)
    margin_mm: float = Field(default=5.0, ge=0)
    hatches: bool = True


class Layout(Record):
    """Where everything stands on a paper that lies or stands upright."""

    orientation: Literal["landscape", "portrait"]
    elements: tuple[Element, ...]

    @property
    def upright(self) -> bool:
        """Whether the paper stands upright."""
        return self.orientation == "portrait"

    @property
    def map_box(self) -> Box:
        """The box of the map in millimetres on A3."""
        return next(e.box for e in self.elements if e.block == "map")


class Template(Record):
    """A family of layouts with one look; the one that shows the area largest is taken."""

    id: str
    title: Bilingual
    about: Bilingual | None = None
    sizes: Sizes = Sizes()
    map: MapLook = MapLook()
    layouts: tuple[Layout, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Format:
    """A paper and how the template's millimetres and points come out on it."""

    paper: Paper
    upright: bool

    @property
    def size_mm(self) -> tuple[int, int]:
        """Width and height ."""
        return paper_mm(self.paper, upright=self.upright)

    @property
    def factor(self) -> float:
        """What a length of the template grows by."""
        return paper_mm(self.paper, upright=False)[0] / paper_mm(REFERENCE, upright=False)[0]


def paper_mm(paper: Paper, *, upright: bool) -> tuple[int, int]:
    """Give width and height of a paper in millimetres.

    Examples
    --------
    >>> paper_mm("A3", upright=False), paper_mm("A0", upright=True)
    ((420, 297), (841, 1189))
    """
    narrow, wide = A0_MM
    for _ in range(int(paper[1:])):
        narrow, wide = wide // 2, narrow
    return (narrow, wide) if upright else (wide, narrow)


def template(name: str, *, beside: Path | None = None) -> Template:
    """Give a template: one of the house by its id, or a bureau's own YAML file.

    Parameters
    ----------
    name : str
        ``standard``, or the path of a file that ends in ``.yaml``.
    beside : Path, optional
        Folder from which a relative path starts.

    Raises
    ------
    SpecError
        Unknown name or key, with near matches; a sheet without a map; boxes off the paper.
    """
    house = {path.stem: path for path in sorted((folder("styles") / "sheets").glob("*.yaml"))}
    if name.endswith((".yaml", ".yml")):
        path = (beside or Path()) / name
    elif name in house:
        path = house[name]
    else:
        raise SpecError(Text(f"没有图幅模板 {name!r}", f"no sheet template {name!r}") + near(name, list(house)))
    read = build(Template, read_yaml(path), str(path))
    _check(read, path)
    return read


def _check(read: Template, path: Path) -> None:
    for number, layout in enumerate(read.layouts, 1):
        width, height = paper_mm(REFERENCE, upright=layout.upright)
        which = Text(f"第 {number} 个版式", f"layout {number}")
        if sum(e.block == "map" for e in layout.elements) != 1:
            raise SpecError(which + Text("要有一个 map，且只有一个", " needs exactly one map"), file=str(path))
        for element in layout.elements:
            left, top, right, bottom = element.box
            if not (0 <= left < right <= width and 0 <= top < bottom <= height):
                off = Text(
                    f"：{element.block} 的 box {element.box} 不在 {width} x {height} mm 的纸内",
                    f": the box {element.box} of {element.block} is not within {width} x {height} mm",
                )
                raise SpecError(which + off, file=str(path))


PAPERS: tuple[Paper, ...] = get_args(Paper)
