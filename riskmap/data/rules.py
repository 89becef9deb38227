"""The registry of rules: every code with its severity, its words and its remedy (``layers/checks.yaml``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from riskmap import errors
from riskmap.data.catalog import house
from riskmap.data.findings import Finding, Severity
from riskmap.data.spec import Rule
from riskmap.errors import RiskmapError
from riskmap.text import Text

KINDS: tuple[tuple[str, type[RiskmapError]], ...] = (
    ("CRS_MISSING", errors.MissingCRSError),
    ("CRS_", errors.CRSError),
    ("FIELD_MISSING", errors.MissingFieldError),
    ("FIELD_", errors.MissingFieldError),
    ("GEOM_", errors.GeometryError),
    ("UNIT_", errors.UnitError),
    ("", errors.DataError),
)
"""Beginning of a code -> class of the error that a breach raises; the first that fits."""


def rule(code: str) -> Rule:
    """Give the rule of a code.

    Raises
    ------
    KeyError
        If no rule has that code.
    """
    return house().rules[code]


def finding(
    code: str,
    layer: str = "",
    *,
    severity: Severity | None = None,
    row: str | None = None,
    field: str | None = None,
    file: str | None = None,
    facts: dict[str, Any] | None = None,
    rows_count: int = 1,
    geometry: Any = None,
    **values: Any,
) -> Finding:
    """Give a finding in the words of its rule.

    Parameters
    ----------
    code : str
    layer : str
    severity : str, optional
        Where it differs from the rule's.
    row, field, file : str, optional
    facts : dict, optional
        Figures for programs.
    rows_count : int
        How many rows it speaks of.
    geometry : shapely geometry, optional
    **values
        Fill the placeholders of message and remedy.
    """
    said = rule(code)
    return Finding(
        layer,
        severity or said.severity,
        code,
        said.message.format(**values),
        said.remedy.format(**values),
        row=row,
        field=field,
        file=file,
        rows=rows_count,
        geometry=geometry,
        facts=facts or {},
    )


def error(
    code: str,
    *,
    file: str | None = None,
    layer: str | None = None,
    row: int | str | None = None,
    field: str | None = None,
    **values: Any,
) -> RiskmapError:
    """Give the error that a breach of a rule raises, in the rule's words."""
    said = rule(code)
    return kind_of(code)(
        said.message.format(**values),
        remedy=said.remedy.format(**values),
        file=file,
        layer=layer,
        row=row,
        field=field,
        code=code,
    )


def kind_of(code: str) -> type[RiskmapError]:
    """Give the class of the errors of a code."""
    return next(kind for start, kind in KINDS if code.startswith(start))


def finding_of(failure: RiskmapError, layer: str) -> Finding:
    """Give an error as a finding."""
    return Finding(
        failure.layer or layer,
        "error",
        failure.code or type(failure).__name__,
        failure.message,
        failure.remedy,
        row=None if failure.row is None else str(failure.row),
        field=failure.field,
        file=failure.file,
    )


def error_of(found: Finding) -> RiskmapError:
    """Give the error that a finding of severity error stands for."""
    return kind_of(found.code)(
        found.message,
        remedy=found.remedy,
        file=found.file,
        layer=found.layer or None,
        row=found.row,
        field=found.field,
        code=found.code,
    )


def listed(names: list[str] | tuple[str, ...], limit: int = 12) -> Text:
    """Give names as a list in each language, the first ones of many."""
    more = "…" if len(names) > limit else ""
    shown = [str(n) for n in names[:limit]]
    return Text("、".join(shown) + more, ", ".join(shown) + more)


NONE = Text("", "")


def worst(findings: Iterable[Finding]) -> RiskmapError | None:
    """Give the error that decides what becomes of a file: one of the coordinate system first, then any; None without."""
    raised = [error_of(f) for f in findings if f.severity == "error"]
    return next((e for e in raised if isinstance(e, errors.CRSError)), raised[0] if raised else None)
