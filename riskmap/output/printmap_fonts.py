"""Typefaces of the sheets: found before anything is drawn, measured, and checked for every character that is to be set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from riskmap.errors import OutputError
from riskmap.text import Text

HOUSE_FONT = ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf")
"""Package and file of the font that comes with the install (Noto Sans SC, SIL Open Font License 1.1)."""

MM_PER_PT = 25.4 / 72

CAP = 0.36
"""Half of the height of a figure or capital, in ems: a line's optical middle is this far above its baseline."""

NOT_FIRST = set("，。、；：！？）》】”’…—%‰°′″·,.;:!?)]}")
"""Characters that never begin a line."""
NOT_LAST = set("（《【“‘([{")
"""Characters that never end one."""

_WORD = re.compile(r"[0-9A-Za-zÀ-ɏ.,:;%°′″²³/+\-–_()\[\]#&'\"]+|\s+|.", re.DOTALL)


class MissingGlyphError(OutputError):
    """A sheet would have empty boxes in place of characters: no font at hand has them."""


@dataclass(frozen=True)
class Font:
    """One font file: which characters it has and how wide they are.

    Parameters
    ----------
    path : Path
    name : str
        Family name.
    advances : dict of int to float
        Character -> width in ems.
    """

    path: Path
    name: str
    advances: dict[int, float]


@dataclass(frozen=True)
class Typeface:
    """The fonts of a sheet in the order in which they are asked for a text; the last is the house font."""

    fonts: tuple[Font, ...]

    def font_of(self, text: str) -> Font:
        """Give the first font that has all characters of a text, else the house font."""
        return next((f for f in self.fonts if all(ord(c) in f.advances for c in text)), self.fonts[-1])

    def width_mm(self, text: str, size_pt: float) -> float:
        """Give the width of a line of text."""
        advances = self.font_of(text).advances
        return sum(advances.get(ord(c), 1.0) for c in text) * size_pt * MM_PER_PT

    def missing(self, text: str) -> list[str]:
        """Give the characters of a text that would be empty boxes: a text is set in one font."""
        advances = self.font_of(text).advances
        return [c for c in dict.fromkeys(text) if ord(c) not in advances and not c.isspace()]

    def require(self, texts: Iterable[str]) -> None:
        """Raise unless every character of every text can be set.

        Raises
        ------
        MissingGlyphError
            It names the characters, the texts and the fonts that were tried.
        """
        lacking = {text: found for text in texts if (found := self.missing(text))}
        if not lacking:
            return
        characters = list(dict.fromkeys(c for found in lacking.values() for c in found))
        shown = "、".join(f"{c}（U+{ord(c):04X}）" for c in characters[:12])
        where = "；".join(text[:30] for text in list(lacking)[:5])
        tried = "、".join(f.name for f in self.fonts)
        message = Text(
            f"打印图要用的字没有字形：{shown}；出现在：{where}；试过的字体：{tried}",
            f"no glyph for {shown} in the texts {where}; fonts tried: {tried}",
        )
        remedy = Text(
            "安装含这些字的字体，例如“全字库正宋体 TW-Sung”或“花园明朝 HanaMin”，在项目文件写 output.fonts: [字体文件]",
            "install a font that has them, for example HanaMin or TW-Sung, and say output.fonts: [font file] in the project file",
        )
        raise MissingGlyphError(message, remedy=remedy)

    def wrap(self, text: str, size_pt: float, width_mm: float) -> list[str]:
        """Break a text into lines no wider than ``width_mm``: between Chinese characters, around Latin words."""
        lines: list[str] = []
        line = ""
        for piece in self._pieces(text):
            if line and self.width_mm((line + piece).rstrip(), size_pt) > width_mm:
                lines.append(line.rstrip())
                line = ""
            line = (line + piece).lstrip() if not line else line + piece
        return [*lines, line.rstrip()] if line.strip() or not lines else lines

    def shortened(self, text: str, size_pt: float, width_mm: float) -> str:
        """Cut a text to one line; what is cut away is marked by an ellipsis."""
        if self.width_mm(text, size_pt) <= width_mm:
            return text
        while text and self.width_mm(text + "…", size_pt) > width_mm:
            text = text[:-1]
        return text + "…"

    def _pieces(self, text: str) -> list[str]:
        """Cut a text where a line may end."""
        pieces: list[str] = []
        for piece in _WORD.findall(text):
            if pieces and (piece[0] in NOT_FIRST or pieces[-1][-1] in NOT_LAST):
                pieces[-1] += piece
            else:
                pieces.append(piece)
        return pieces


def typeface(own: Iterable[Path] = ()) -> Typeface:
    """Give the typeface of the sheets: the fonts given, then the house font.

    Parameters
    ----------
    own : iterable of Path
        Font files of the reader's own (TTF or OTF), first choice first.

    Raises
    ------
    OutputError
        If a file is no font, or the house font was not installed.
    """
    return Typeface((*(_font(path) for path in own), _font(_house())))


def _house() -> Path:
    package, file = HOUSE_FONT
    try:
        return Path(str(resources.files(package).joinpath(file)))
    except ModuleNotFoundError as error:
        raise OutputError(
            Text("没有打印图用的中文字体", "the Chinese font of the sheets is not installed"),
            remedy=Text("pip install pylopdf-fonts-zh-cn", "pip install pylopdf-fonts-zh-cn"),
        ) from error


@cache
def _font(path: Path) -> Font:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        # opened here, because TTFont leaves a file open that it cannot read
        with path.open("rb") as stream, TTFont(stream, lazy=True, fontNumber=0) as file:
            widths, em = file["hmtx"].metrics, file["head"].unitsPerEm
            advances = {code: widths[glyph][0] / em for code, glyph in file.getBestCmap().items()}
            return Font(path, file["name"].getDebugName(1) or path.stem, advances)
    except (OSError, TTLibError, KeyError) as error:
        raise OutputError(
            Text(f"不是能用的字体文件：{error}", f"not a usable font file: {error}"),
            remedy=Text("改正 output.fonts", "correct output.fonts"),
            file=str(path),
        ) from error
