"""What a check or a repair has to say about one place in the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One finding; errors stop the steps that need the layer, warnings and notes do not.

    Parameters
    ----------
    layer : str
        Layer id.
    severity : {"error", "warning", "note"}
    code : str
        Stable name of the check, such as ``CRS_MISSING``.
    message : Text
        What is wrong, with both sides of the disagreement.
    remedy : Text, optional
        What to do, or what was done.
    row : str, optional
        The row's key, or its number from 1 without the header.
    field : str, optional
    file : str, optional
    rows : int
        How many rows it speaks of.
    geometry : shapely geometry, optional
        Where, in the system of the project.
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
            "rows": self.rows,
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


def to_frame(findings: Iterable[Finding], crs: Any) -> gpd.GeoDataFrame:
    """Give the ``findings`` layer: one row a finding, geometry where it has a place."""
    import geopandas as gpd

    ordered = sort(findings)
    columns: dict[str, list[Any]] = {
        "layer": [f.layer for f in ordered],
        "row_id": [f.row for f in ordered],
        "field": [f.field for f in ordered],
        "severity": [f.severity for f in ordered],
        "code": [f.code for f in ordered],
        "message_zh": [f.message.zh for f in ordered],
        "message_en": [f.message.en for f in ordered],
        "remedy_zh": [f.remedy.zh if f.remedy else None for f in ordered],
        "remedy_en": [f.remedy.en if f.remedy else None for f in ordered],
        "file": [f.file for f in ordered],
        "rows": [f.rows for f in ordered],
    }
    return gpd.GeoDataFrame(columns, geometry=[f.geometry for f in ordered], crs=crs)
