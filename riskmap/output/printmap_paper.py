"""A sheet of paper to draw on: millimetres from the upper left corner, real text in one typeface, saved the same each time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.errors import OutputError
from riskmap.output.printmap_fonts import MM_PER_PT, Typeface
from riskmap.output.printmap_template import Format, Sizes
from riskmap.text import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, RULE = "#16202b", "#4d5b68", "#aab4bd"
"""Text, second text and thin lines, as on the pages."""

BOLD_EM = 0.014
"""Width of the stroke that makes a heading heavier, in ems: the typeface that comes with the install has one weight."""

MM_PER_INCH = 25.4


class Sheet:
    """A sheet in the making.

    Parameters
    ----------
    format : Format
        Paper and orientation.
    type : Typeface
    sizes : Sizes
        Of text, on A3.
    """

    def __init__(self, format: Format, type: Typeface, sizes: Sizes) -> None:
        from matplotlib.figure import Figure

        self.format = format
        self.type = type
        self.sizes = sizes
        width, height = format.size_mm
        self.figure: Figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="white")
        self.desk: Axes = self.figure.add_axes((0, 0, 1, 1), zorder=10, facecolor="none")
        self.desk.set(xlim=(0, width), ylim=(height, 0))
        self.desk.axis("off")

    @property
    def factor(self) -> float:
        """What a millimetre of the template is on this paper."""
        return self.format.factor

    def pt(self, size: str | float) -> float:
        """Give a size of text on this paper, points, never below the smallest that can be read."""
        wanted = getattr(self.sizes, size) if isinstance(size, str) else size
        return max(wanted * self.factor, self.sizes.smallest)

    def line_mm(self, size: str | float, leading: float = 1.42) -> float:
        """Give the distance of two lines of text."""
        return self.pt(size) * MM_PER_PT * leading

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """Give a box of the template in millimetres on this paper."""
        left, top, right, bottom = (side * self.factor for side in box)
        return left, top, right, bottom

    def frame(self, box: tuple[float, float, float, float], **look: Any) -> Axes:
        """Give axes that fill a box (millimetres on this paper)."""
        width, height = self.format.size_mm
        left, top, right, bottom = box
        place = (left / width, 1 - bottom / height, (right - left) / width, (bottom - top) / height)
        return self.figure.add_axes(place, **look)

    def text(
        self, x: float, y: float, words: str, size: str | float, *,
        colour: str = INK, bold: bool = False, align: str = "left", turned: float = 0, plate: bool = False,
    ) -> float:  # fmt: skip
        """Set a line of text with its baseline at ``y``; give its width in millimetres.

        ``plate`` puts white paper behind it, where it stands across a line.
        """
        points = self.pt(size)
        self.write(
            self.desk, x, y, words, points, colour=colour, bold=bold, align=align, turned=turned,
            zorder=5 if plate else 8, halo=0.3 if plate else 0,
        )  # fmt: skip
        return self.type.width_mm(one_line(words), points)

    def write(
        self, axes: Axes, x: float, y: float, words: str, points: float, *,
        colour: str = INK, bold: bool = False, halo: float = 0.0, align: str = "left", turned: float = 0,
        zorder: float = 5.0,
    ) -> None:  # fmt: skip
        """Set a line of text at a place of some axes, perhaps with a light edge of ``halo`` ems around it.

        Edge and weight are outlines under the text, which itself stays text: it is found and copied once.
        """
        from matplotlib.font_manager import FontProperties
        from matplotlib.patheffects import Stroke

        words = one_line(words)
        look: dict[str, Any] = {
            "fontproperties": FontProperties(fname=str(self.type.font_of(words).path), size=points),
            "ha": {"centre": "center"}.get(align, align),
            "va": "baseline",
            "rotation": turned,
            "rotation_mode": "anchor",
            # a name with dollar signs is a name, not a formula
            "parse_math": False,
            "clip_on": False,
        }
        for width, ink, order in ((halo, "white", zorder), (BOLD_EM if bold else 0, colour, zorder + 0.1)):
            if width:
                under = axes.text(x, y, words, color=ink, zorder=order, **look)
                under.set_path_effects([Stroke(linewidth=2 * width * points, foreground=ink, joinstyle="round")])
        axes.text(x, y, words, color=colour, zorder=zorder + 0.2, **look)

    def rule(self, x0: float, y0: float, x1: float, y1: float, *, mm: float = 0.15, colour: str = RULE) -> None:
        """Draw a straight line of a width in millimetres on A3."""
        self.desk.plot([x0, x1], [y0, y1], color=colour, lw=self.stroke(mm), solid_capstyle="butt")

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, *,
        fill: str = "none", edge: str = "none", mm: float = 0.15, zorder: float = 1.0,
    ) -> None:  # fmt: skip
        """Draw a rectangle."""
        from matplotlib.patches import Rectangle

        patch = Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fc=fill,
            ec=edge,
            lw=self.stroke(mm),
            zorder=zorder,
            joinstyle="miter",
        )
        self.desk.add_artist(patch)  # the limits of the paper stay as they are

    def stroke(self, mm: float) -> float:
        """Give a line width in points from millimetres on A3; thin lines grow less than the paper."""
        return mm / MM_PER_PT * max(self.factor, 1) ** 0.75

    def pixel(self) -> float:
        """Give the points of one CSS pixel of the styles (1/96 inch) on this paper."""
        return 0.75 * self.factor**0.75

    def texts(self) -> list[str]:
        """Give every text that stands on the sheet."""
        from matplotlib.text import Text as Drawn

        return [drawn.get_text() for drawn in self.figure.findobj(Drawn) if drawn.get_text()]


def one_line(words: str) -> str:
    """Give a text with all its white space, line ends too, as single blanks."""
    return " ".join(words.split())


@contextmanager
def plain_matplotlib() -> Iterator[None]:
    """Draw by matplotlib's own defaults, whatever the reader's matplotlibrc says, and with fonts that any viewer shows.

    Type 3: embedding the CFF outlines of Noto as Type 42 gives files in which MuPDF and others show no text at all.
    """
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "pdf.fonttype": 3,
                "pdf.compression": 9,
                "path.simplify": False,
                "text.hinting": "none",
            }
        )
        yield


def save_pdf(sheets: Iterable[Sheet], path: Path, *, title: str) -> Path:
    """Write sheets as the pages of one PDF, without a clock."""
    from matplotlib.backends.backend_pdf import PdfPages

    with _writing(path), PdfPages(path, metadata={"Title": title, "CreationDate": None}) as pages:
        for sheet in sheets:
            pages.savefig(sheet.figure)
    return path


def save_png(sheet: Sheet, path: Path, *, dpi: int) -> Path:
    """Write a sheet as a PNG, its resolution stated in the file."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with _writing(path):
        FigureCanvasAgg(sheet.figure)
        sheet.figure.savefig(path, dpi=dpi, metadata={"Software": None})
    return path


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(
            Text(f"打印图写不进去：{error.strerror}", f"the sheet cannot be written: {error.strerror}"),
            remedy=Text(
                "关闭打开它的程序，检查文件夹权限", "close the program that has it open, check the folder's rights"
            ),
            file=str(path),
        ) from error
