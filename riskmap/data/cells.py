"""Text cells as typed to text as meant: full-width digits, blanks, control characters, what spreadsheets leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from riskmap.data.encodings import CHINESE, common
from riskmap.data.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

WIDE = {0xFF00 + i: 0x20 + i for i in (0x0B, 0x0D, 0x0E, *range(0x10, 0x1A), *range(0x21, 0x3B), *range(0x41, 0x5B))}
"""Full-width digits, letters, ``＋ － ．`` -> half-width; other full-width punctuation belongs to how a name is written."""
WIDE[0x3000] = 0x20

WIDE_CELL = "[０-９Ａ-Ｚａ-ｚ＋－．\u3000]"
CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\ufeff]"
"""Characters that show nothing and that databases or readers stumble over."""

HIGH_CONTROL = "[\x80-\x9f]"
"""The second row of control characters; in text that was read in the wrong encoding they stand for bytes of hanzi."""

BROKEN = "\ufffd|锟斤拷|烫烫烫"
"""What is left of text that was read in the wrong encoding and saved."""

ERROR = r"^#(REF|N/A|DIV/0|VALUE|NAME|NULL|NUM)[!?]?$"
RUN = r"^[=@\t\r]|^[+-]"
SIGNED = r"^[+-][\d.,\s()-]*$"
"""Signed numbers and telephone numbers, which no spreadsheet runs."""

AS_TEXT = r"""^(?:="(?P<quoted>[^"]*)"|'(?P<marked>[-=+@\d\t\r].*))$"""
"""What programs write so that a spreadsheet takes a cell for text: ``="0371"``, ``'0371``."""

MARKUP = r"<[A-Za-z/!]"
PROBED = 2000
"""Distinct texts of a column that are looked at for mojibake."""


def is_text(cells: pd.Series) -> bool:
    """Tell whether a column holds text, or a mixture that may hold some."""
    return cells.dtype == object or str(cells.dtype) in ("string", "str")


def clean(cells: pd.Series, ledger: Ledger, field: str) -> pd.Series:
    """Give cells without what typing and saving left in them; empty text is missing.

    Parameters
    ----------
    cells : Series
        As delivered. Columns that hold no text are given back as they are.
    ledger : Ledger
        Takes a finding and the changed cells of each kind of change.
    field : str

    Returns
    -------
    Series
        ``str`` where all cells are text, else object.
    """
    if not is_text(cells):
        return cells
    strings = cells.map(lambda v: isinstance(v, str)) if cells.dtype == object else cells.notna()
    if not strings.all() and (~strings & cells.notna()).any():
        text = clean(cells[strings].astype("str"), ledger, field)
        return cells.astype(object).where(~strings, text.astype(object).reindex(cells.index)).where(cells.notna(), None)
    text = cells.astype("str")
    text = _without(text, CONTROL, "TEXT_CONTROL", ledger, field)
    high = text.str.contains(HIGH_CONTROL, regex=True, na=False)
    if high.any():
        sound = text[high][text[high].map(unmangled).isna()]
        text = _put(text, _without(sound, HIGH_CONTROL, "TEXT_CONTROL", ledger, field))
    wide = text.str.contains(WIDE_CELL, regex=True, na=False)
    if wide.any():
        narrow = text[wide].map(lambda v: v.translate(WIDE)).astype("str")
        # a blank at either end is the next step's
        other = narrow.str.strip() != text[wide].str.strip()
        _changed(text, narrow[other], "TEXT_FULLWIDTH", ledger, field)
        text = _put(text, narrow)
    text = _unmarked(text, ledger, field)
    stripped = text.str.strip()
    _changed(text, stripped[(stripped != text) & text.notna() & (stripped != "")], "TEXT_BLANK", ledger, field)
    text = stripped.mask(stripped == "")
    wrong = text.str.match(ERROR, na=False)
    if wrong.any():
        ledger.rows("CELL_ERROR", wrong, field=field, sample=text[wrong].iloc[0])
        ledger.changed("CELL_ERROR", field, text[wrong])
        text = text.mask(wrong)
    return text


def _unmarked(text: pd.Series, ledger: Ledger, field: str) -> pd.Series:
    """Take off the marks that only tell a spreadsheet that a cell is text."""
    marked = text.str.match(AS_TEXT, na=False)
    if not marked.any():
        return text
    parts = text[marked].str.extract(AS_TEXT)
    plain = parts["quoted"].fillna(parts["marked"]).astype("str")
    _changed(text, plain, "TEXT_MARKED", ledger, field)
    return _put(text, plain)


def look_at_text(text: pd.Series, ledger: Ledger, field: str) -> None:
    """Note texts that are broken, mojibake, markup, or that a spreadsheet would run; nothing is changed."""
    if not is_text(text):
        return
    strings = text.where(text.map(lambda v: isinstance(v, str))) if text.dtype == object else text
    strings = strings.astype("str")
    broken = strings.str.contains(BROKEN, regex=True, na=False)
    if broken.any():
        ledger.rows("TEXT_BROKEN", broken, field=field, sample=strings[broken].iloc[0])
    run = strings.str.contains(RUN, regex=True, na=False)
    if run.any():
        ledger.rows("CELL_FORMULA", run & ~strings.str.match(SIGNED, na=False), field=field)
    ledger.rows("TEXT_MARKUP", strings.str.contains(MARKUP, regex=True, na=False), field=field)
    _note_mojibake(strings, ledger, field)


def _note_mojibake(text: pd.Series, ledger: Ledger, field: str) -> None:
    foreign = text[text.str.contains("[^\x00-\x7f]", regex=True, na=False)]
    for value in foreign.drop_duplicates().head(PROBED):
        meant = unmangled(value)
        if meant:
            odd = text.map(lambda v: bool(unmangled(v)), na_action="ignore").fillna(False).astype(bool)
            ledger.rows("TEXT_MOJIBAKE", odd, field=field, sample=value, other=meant)
            return


def unmangled(text: str) -> str | None:
    """Give what a text said before it was read in the wrong encoding, None when it looks right as it is.

    Examples
    --------
    >>> unmangled("鑺濇渤"), unmangled("芝河镇")
    ('芝河', None)
    """
    letters = [c for c in text if not c.isascii()]
    if len(letters) < 2 or all(common(c) for c in letters):
        return None
    for wrong, right in ((CHINESE, "UTF-8"), ("latin-1", CHINESE), ("cp1252", CHINESE), ("latin-1", "UTF-8")):
        try:
            meant = text.encode(wrong).decode(right)
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        hanzi = [c for c in meant if not c.isascii()]
        if hanzi and all(common(c) for c in hanzi):
            return meant
    return None


def without_control(text: pd.Series) -> pd.Series:
    """Give text without control characters: what a database cannot store."""
    if not is_text(text) or text.dtype == object:
        return text
    marked = text.str.contains(CONTROL, regex=True, na=False)
    return text.str.replace(CONTROL, "", regex=True) if marked.any() else text


def _without(text: pd.Series, pattern: str, code: str, ledger: Ledger, field: str) -> pd.Series:
    marked = text.str.contains(pattern, regex=True, na=False)
    if not marked.any():
        return text
    kept = text[marked].str.replace(pattern, "", regex=True)
    _changed(text, kept, code, ledger, field)
    return _put(text, kept)


def _changed(text: pd.Series, new: pd.Series, code: str, ledger: Ledger, field: str) -> None:
    """Note cells that get new content."""
    if len(new):
        ledger.rows(code, _mask(text, new.index), field=field)
        ledger.changed(code, field, text.loc[new.index], new)


def _put(text: pd.Series, new: pd.Series) -> pd.Series:
    """Give a copy with some cells replaced."""
    changed = text.copy()
    changed.loc[new.index] = new
    return changed


def _mask(series: pd.Series, labels: Any) -> pd.Series:
    import pandas as pd

    marked = pd.Series(data=False, index=series.index)
    marked.loc[labels] = True
    return marked
