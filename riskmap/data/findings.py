"""What a check or a repair has to say about one place in the data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

NAMED = 100
"""Rows that one finding names; every changed or dropped row stands in the layer ``repairs``."""

SHOWN = 10
"""Row names in the ``row_id`` of the findings layer."""


@dataclass(frozen=True)
class Finding:
    """One finding; errors stop the steps that need the layer, warnings and notes do not.

    Parameters
    ----------
    layer : str
        Layer id.
    severity : {"error", "warning", "note"}
    code : str
        Stable name of the rule, such as ``CRS_MISSING``.
    message : Text
        What is wrong, with both sides of the disagreement.
    remedy : Text, optional
        What to do, or what was done.
    row : str, optional
        The row's key, or its number from 1 without the header, when it speaks of one row.
    field : str, optional
    file : str, optional
    rows : int
        How many rows it speaks of.
    geometry : shapely geometry, optional
        Where, in the system of the project.
    facts : mapping
        The figures of the message, for programs.
    named : tuple of str
        The first rows it speaks of, by key or number.
    dropped : int
        How many rows were left out because of it.
    labels : tuple
        Index labels of ``named`` in the frame that was checked; not stored.
    """

    layer: str
    severity: Severity
    code: str
    message: Text
    remedy: Text | None = None
    row: str | None = None
    field: str | None = None
    file: str | None = None
    rows: int = 1
    geometry: Any = None
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    named: tuple[str, ...] = ()
    dropped: int = 0
    labels: tuple[Any, ...] = dataclasses.field(default=(), compare=False, repr=False)

    def at(self, **places: Any) -> Finding:
        """Give the same finding with more places filled in."""
        return replace(self, **places)

    def as_json(self) -> dict[str, Any]:
        """Give the finding as the object that ``--format json`` prints."""
        remedy = self.remedy or Text("", "")
        return {
            "layer": self.layer,
            "row": self.row,
            "field": self.field,
            "severity": self.severity,
            "code": self.code,
            "message": {"zh": self.message.zh, "en": self.message.en},
            "remedy": {"zh": remedy.zh, "en": remedy.en},
            "file": self.file,
            "rows": self.rows,
            "rows_named": list(self.named),
            "dropped": self.dropped,
            "facts": dict(self.facts),
        }


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """Give findings by layer, then errors first, then code and row: the same order on every run."""
    return sorted(
        findings,
        key=lambda f: (f.layer, SEVERITIES.index(f.severity), f.code, f.field or "", f.row or "", f.message.en),
    )


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Give the number of findings by severity."""
    found = list(findings)
    return {s: sum(f.severity == s for f in found) for s in SEVERITIES}


def strict(findings: Iterable[Finding]) -> list[Finding]:
    """Give the findings with every warning made an error."""
    return [f.at(severity="error") if f.severity == "warning" else f for f in findings]


def to_frame(findings: Iterable[Finding], crs: Any) -> gpd.GeoDataFrame:
    """Give the ``findings`` layer: one row a finding, geometry where it has a place."""
    import geopandas as gpd
    import pandas as pd

    ordered = sort(findings)
    texts = {
        "layer": [f.layer for f in ordered],
        "row_id": [_row_id(f) for f in ordered],
        "field": [f.field for f in ordered],
        "severity": [f.severity for f in ordered],
        "code": [f.code for f in ordered],
        "message_zh": [f.message.zh for f in ordered],
        "message_en": [f.message.en for f in ordered],
        "remedy_zh": [f.remedy.zh if f.remedy else None for f in ordered],
        "remedy_en": [f.remedy.en if f.remedy else None for f in ordered],
        "file": [f.file for f in ordered],
    }
    columns: dict[str, Any] = {name: pd.array(values, dtype="str") for name, values in texts.items()}
    columns["rows"] = pd.array([f.rows for f in ordered], dtype="Int64")
    columns["dropped"] = pd.array([f.dropped for f in ordered], dtype="Int64")
    return gpd.GeoDataFrame(columns, geometry=[f.geometry for f in ordered], crs=crs)


def _row_id(finding: Finding) -> str | None:
    """Give the row's key, or the first keys of several rows."""
    if finding.row is not None or not finding.named:
        return finding.row
    more = " …" if finding.rows > SHOWN else ""
    return ", ".join(finding.named[:SHOWN]) + more
