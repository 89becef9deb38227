"""What happened to the rows of one layer: findings, and every changed or dropped cell with before and after."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data import rules
from riskmap.data.findings import NAMED, Finding
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

LISTED = 5
"""Rows that a message names."""

COLUMNS = ("layer", "file", "row_id", "field", "code", "before", "after")
"""Of the ``repairs`` layer."""


class RowNames:
    """How rows are named to readers: by their key, else by their number from 1.

    Parameters
    ----------
    keys : Series, optional
        Key of each row on the frame's index, missing where it has none.
    """

    def __init__(self, keys: pd.Series | None = None) -> None:
        self._keys = keys

    def of(self, labels: Any) -> list[str]:
        """Give the names of rows by index label."""
        numbers = [str(int(label) + 1) for label in labels]
        if self._keys is None:
            return numbers
        keys = self._keys.reindex(labels)
        return [n if missing else str(k) for k, missing, n in zip(keys, keys.isna(), numbers, strict=True)]


@dataclass(frozen=True, eq=False)
class Repairs:
    """Changed cells of one column, or dropped rows: index labels, what stood there, what stands there now."""

    code: str
    field: str | None
    labels: Any
    before: list[str | None]
    after: list[str | None]


@dataclass(eq=False)
class Ledger:
    """Collects what is found and changed while one layer is prepared.

    Parameters
    ----------
    layer, file : str
        Where, for every finding.
    names : RowNames
    """

    layer: str
    file: str
    names: RowNames = field(default_factory=RowNames)
    findings: list[Finding] = field(default_factory=list)
    repairs: list[Repairs] = field(default_factory=list)

    def note(self, code: str, *, facts: dict[str, Any] | None = None, **values: Any) -> None:
        """Note something about the layer as a whole; ``field``, ``row`` and ``rows_count`` may be given."""
        self.findings.append(rules.finding(code, self.layer, file=self.file, facts=facts, **values))

    def rows(
        self,
        code: str,
        mask: pd.Series,
        *,
        field: str | None = None,
        dropped: bool = False,
        facts: dict[str, Any] | None = None,
        geometry: Any = None,
        **values: Any,
    ) -> None:
        """Note something about the marked rows, if any; ``{rows}`` of the rule's message lists the first ones.

        Parameters
        ----------
        code : str
        mask : Series of bool
            On the index of the frame.
        field : str, optional
        dropped : bool
            The rows were left out because of it.
        facts : dict, optional
        geometry : shapely geometry, optional
            Where; the rows' own places by default.
        **values
            Fill the placeholders; ``severity`` overrides the rule's.
        """
        marked = mask.to_numpy(dtype=bool, na_value=False) if hasattr(mask, "to_numpy") else np.asarray(mask)
        labels = mask.index[marked]
        n = len(labels)
        if not n:
            return
        first = tuple(labels[:NAMED])
        named = tuple(self.names.of(labels[:NAMED]))
        found = rules.finding(
            code, self.layer, file=self.file, field=field, facts=facts, rows=rows_text(named, n), rows_count=n, **values
        )
        row = named[0] if n == 1 else None
        self.findings.append(
            found.at(row=row, named=named, dropped=n if dropped else 0, labels=first, geometry=geometry)
        )

    def changed(self, code: str, field: str | None, before: pd.Series, after: pd.Series | None = None) -> None:
        """Record changed cells, row by row; without ``after`` the cells became unknown or the rows were left out."""
        if len(before):
            new: list[str | None] = [None] * len(before) if after is None else [told(v) for v in after]
            self.repairs.append(Repairs(code, field, before.index, [told(v) for v in before], new))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take over findings that were made elsewhere, with this layer and file filled in."""
        self.findings += [f.at(layer=f.layer or self.layer, file=f.file or self.file) for f in findings]

    @property
    def dropped(self) -> int:
        """How many rows were left out so far."""
        return sum(f.dropped for f in self.findings)

    def repairs_frame(self) -> pd.DataFrame:
        """Give the rows of the ``repairs`` layer."""
        import pandas as pd

        parts: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for r in self.repairs:
            n = len(r.labels)
            parts["layer"] += [self.layer] * n
            parts["file"] += [self.file] * n
            parts["row_id"] += self.names.of(r.labels)
            parts["field"] += [r.field] * n
            parts["code"] += [r.code] * n
            parts["before"] += r.before
            parts["after"] += r.after
        return pd.DataFrame({name: pd.array(values, dtype="str") for name, values in parts.items()})


def told(value: Any) -> str | None:
    """Give a cell as text, None when it is missing."""
    import pandas as pd

    if value is None or pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = str(value)
    return text if text.isprintable() else "".join(_shown(c) for c in text)


def _shown(letter: str) -> str:
    """Give a character that shows nothing by its number: a database refuses some, and a reader sees none."""
    hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter not in "\t\n\r"
    return letter.encode("unicode_escape").decode() if hidden else letter


def rows_text(named: tuple[str, ...], n: int) -> Text:
    """Give ``3 rows: a, b, c`` in both languages."""
    shown, more = list(named[:LISTED]), " …" if n > LISTED else ""
    unit = "row" if n == 1 else "rows"
    return Text(f"{n} 行：{'、'.join(shown)}{more}", f"{n} {unit}: {', '.join(shown)}{more}")
