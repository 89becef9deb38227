"""Lines of a table that are no rows: totals, notes under the table, the header once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data.cells import is_text
from riskmap.data.headings import FORM_FIELD
from riskmap.data.ledger import Ledger
from riskmap.data.positions import row_texts
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

TOTAL = r"^(全[省市县区乡镇]|本[页表])?(合计|总计|小计|共计|总数)[:：]?$|^(sub|grand)?total[:：]?$"
HINT = "[计总]|(?i:total)"
"""What every word for a total has: one look tells that a column has none."""

NOTE = r"^(注|备注|说明|填表|制表|审核|填报|数据来源|资料来源|来源|单位负责人|note|source)\W*"
FIRST = 2
"""Leading columns in which a total is looked for where the name is empty."""


def taken_out(
    table: pd.DataFrame, named_by: list[str], counted: dict[str, str], ledger: Ledger, *, spatial: bool
) -> pd.DataFrame:
    """Give a table without the lines that are no rows; counted as rows they would double every total.

    Parameters
    ----------
    table : DataFrame
        As delivered.
    named_by : list of str
        Columns that name a row.
    counted : dict
        Field -> column of amounts, which a total line may be compared with.
    ledger : Ledger
        Takes a finding for each kind, with the lines left out.
    spatial : bool
        The rows have geometry: then only totals are looked for.
    """
    if not spatial:
        table = _without(table, _headers(table), "ROW_HEADER", ledger)
        notes, word = _notes(table)
        table = _without(table, notes, "ROW_NOTE", ledger, word=word)
    totals, word = _totals(table, named_by)
    if not totals.any():
        return table
    return _without(table, totals, "ROW_TOTAL", ledger, word=word, sums=_sums(table, totals, counted))


def _without(table: pd.DataFrame, marked: Any, code: str, ledger: Ledger, **values: Any) -> pd.DataFrame:
    if not marked.any():
        return table
    ledger.rows(code, marked, dropped=True, **values)
    ledger.changed(code, None, row_texts(table[marked]))
    return table[~marked]


def _words(cells: pd.Series) -> pd.Series:
    """Give the text cells of a column, missing where they are no text."""
    if not is_text(cells):
        return cells.map(lambda _: None).astype("str")
    text = cells.where(cells.map(lambda v: isinstance(v, str))) if cells.dtype == object else cells
    return text.astype("str")


def _totals(table: pd.DataFrame, named_by: list[str]) -> tuple[pd.Series, str]:
    """Mark the lines whose name is a word for a total, or that have no name and begin with one."""
    marked, word = _nothing(table), ""
    unnamed = table[named_by].isna().all(axis=1) if named_by else ~marked
    plain = [c for c in table.columns if str(table[c].dtype) != "geometry"]
    for column in dict.fromkeys([*named_by, *plain[:FIRST]]):
        words = _words(table[column])
        if not words.str.contains(HINT, regex=True, na=False).any():
            continue
        words = words.str.replace(r"\s", "", regex=True).str.lower()
        found = words.str.match(TOTAL, na=False) & (unnamed | (column in named_by))
        if found.any():
            word = word or str(words[found].iloc[0])
            marked |= found
    return marked, word


def _sums(table: pd.DataFrame, totals: pd.Series, counted: dict[str, str]) -> Text:
    """Say where one total line and the sum of the rows differ."""
    import pandas as pd

    if totals.sum() != 1:
        return Text("", "")
    for field, column in counted.items():
        numbers = pd.to_numeric(table[column], errors="coerce").astype("Float64").astype(float)
        said, found = float(numbers[totals].iloc[0]), float(numbers[~totals].sum())
        if not np.isnan(said) and said != found:
            zh = f"；合计行的 {column} 为 {said:,.10g}，各行之和为 {found:,.10g}"
            return Text(zh, f"; its {field} is {said:,.10g}, the rows add up to {found:,.10g}")
    return Text("", "")


def _notes(table: pd.DataFrame) -> tuple[pd.Series, str]:
    """Mark the lines whose only cell is a note, and those of the form under the table: ``填表人：张三``."""
    filled = table.notna().sum(axis=1)
    single = filled == 1
    marked, word = _nothing(table), ""
    few = (filled > 1) & (2 * filled <= len(table.columns))
    if few.any():
        forms = table[few].map(lambda v: bool(FORM_FIELD.match(str(v))), na_action="ignore")
        found = forms.isna() | forms.eq(other=True)
        marked.loc[found.index[found.all(axis=1)]] = True
        word = str(table[marked].bfill(axis=1).iloc[0, 0])[:12] if marked.any() else ""
    if single.any():
        lines = table[single].bfill(axis=1).iloc[:, 0].map(str)
        found = lines.str.lower().str.match(NOTE, na=False)
        marked.loc[lines.index[found]] = True
        word = str(lines[found].iloc[0])[:12] if found.any() else word
    return marked, word


def _headers(table: pd.DataFrame) -> pd.Series:
    """Mark the lines whose cells are the headings."""
    same = np.zeros(len(table), dtype=int)
    for column in table.columns:
        if is_text(table[column]):
            same += (table[column] == column).fillna(False).to_numpy(dtype=bool)
    filled = table.notna().sum(axis=1).to_numpy()
    return _nothing(table) | ((same >= 2) & (same == filled))


def _nothing(table: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(data=False, index=table.index)
