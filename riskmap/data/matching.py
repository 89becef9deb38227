"""Which column of a delivery is which field of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from riskmap.data import rules
from riskmap.data.encodings import CHINESE
from riskmap.data.findings import Finding, Severity
from riskmap.data.headings import PLAIN, Headings
from riskmap.data.rules import NONE, finding, listed
from riskmap.data.spec import FieldSpec, LayerSpec, near
from riskmap.data.units import fold, same_kind, split
from riskmap.text import Text

CUT = 10
"""Bytes of a field name that a dBase table keeps."""

MANY = 60
"""Columns that a message lists at most."""

PLACES = ("x", "y")
"""Columns of coordinates, which a project may declare beside the fields."""


@dataclass(frozen=True)
class Match:
    """One field's column in the file, the unit that the file uses (None: the layer's own), and how it was found."""

    column: str
    unit: str | None
    how: str


@dataclass(frozen=True, eq=False)
class Matching:
    """The fields that were found, and every complaint about those that were not."""

    matches: dict[str, Match]
    findings: tuple[Finding, ...]

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> column of the file."""
        return {field: match.column for field, match in self.matches.items()}


def match_fields(
    columns: list[str],
    spec: LayerSpec,
    declared: dict[str, str],
    *,
    file: str = "",
    cut_names: bool = False,
    headings: Headings = PLAIN,
) -> Matching:
    """Find the column of each field.

    A declared column wins, then a column with the field's own id, then the titles and aliases of the declaration, then a
    heading with a unit, as in ``威胁财产(万元)``, then a heading together with the one above it, then a name that a shapefile
    cut at ten bytes. Columns that are empty come last.

    Parameters
    ----------
    columns : list of str
        Headings of the file.
    spec : LayerSpec
    declared : dict
        Field -> column, from the project file.
    file : str
        For messages.
    cut_names : bool
        The columns come from a shapefile.
    headings : Headings
        What the delivery says of its columns beside their names.

    Returns
    -------
    Matching
        Its findings are errors where a declared column or a required field is not there, or where several columns claim
        a required field; they list the candidates.
    """
    matches: dict[str, Match] = {}
    findings: list[Finding] = []
    place: dict[str, Any] = {"layer": spec.id, "file": file}
    for field in declared:
        if field not in spec.fields and field not in PLACES:
            hint, known = near(field, list(spec.fields)), listed(list(spec.fields), MANY)
            findings.append(finding("FIELD_UNKNOWN", name=field, hint=hint, columns=known, field=field, **place))
    for field in (f for f in spec.fields if f in declared):
        found = _declared(declared[field], columns, spec.fields[field])
        if found is None:
            hint, known = near(declared[field], columns), listed(columns, MANY)
            findings.append(
                finding("FIELD_NOT_IN_FILE", column=declared[field], hint=hint, columns=known, field=field, **place)
            )
        else:
            matches[field] = found
    claimed = {declared[f] for f in declared if f in spec.fields or f in PLACES}
    for field, wanted in spec.fields.items():
        if field in declared:
            continue
        taken = {m.column for m in matches.values()} | {c for c in columns if c in claimed}
        candidates, noted = _candidates(field, wanted, [c for c in columns if c not in taken], headings, cut_names)
        if len(candidates) == 1:
            matches[field] = candidates[0]
            findings += [f.at(**place, field=field) for f in noted]
        elif candidates:
            names = listed([m.column if m.how != "cut" else f"{m.column} ({m.unit})" for m in candidates])
            severity: Severity = "error" if wanted.required else "warning"
            findings.append(
                finding("FIELD_AMBIGUOUS", severity=severity, name=field, columns=names, field=field, **place)
            )
        elif wanted.required:
            findings.append(_missing(field, wanted, columns).at(**place))
    matches = {field: matches[field] for field in spec.fields if field in matches}
    matches, noted = _in_stated_units(matches, spec, headings)
    findings += [f.at(**place) for f in noted]
    findings += [f.at(**place) for f in _missing_group(spec, matches, columns, findings)]
    return Matching(matches, tuple(findings))


def require(matching: Matching) -> dict[str, Match]:
    """Give the matches, or raise the first complaint that is an error.

    Raises
    ------
    MissingFieldError
    """
    for found in matching.findings:
        if found.severity == "error":
            raise rules.error_of(found)
    return matching.matches


def _declared(column: str, columns: list[str], wanted: FieldSpec) -> Match | None:
    """Give the column that a project names; one of the field's own aliases keeps the unit that it implies."""
    hits = [c for c in columns if c == column] or [c for c in columns if fold(c) == fold(column)]
    return Match(hits[0], split(hits[0])[1] or _words(wanted).get(fold(hits[0])), "declared") if hits else None


def _candidates(
    field: str, wanted: FieldSpec, columns: list[str], headings: Headings, cut_names: bool
) -> tuple[list[Match], list[Finding]]:
    """Give the columns that may be a field, all by the first way that finds any; empty ones only where no other may."""
    for free in ([c for c in columns if c not in headings.weak], columns):
        matches = _named(field, wanted, free, headings)
        found: list[Finding] = []
        if not matches and cut_names:
            matches, found = _uncut(wanted, free)
        if matches:
            return matches, found
    return [], []


def _named(field: str, wanted: FieldSpec, columns: list[str], headings: Headings) -> list[Match]:
    """Give the columns that are called like a field: by its id, by its titles and aliases, with the heading above them."""
    own = [c for c in columns if fold(c) == fold(field)]
    if own:
        # of two columns that differ in case only, the one written like the field
        return [Match(c, split(c)[1], "id") for c in [c for c in own if c == field] or own]
    words = {fold(field): None} | _words(wanted)
    named = {c: fold(c) for c in columns if fold(c) in words}
    if not named and wanted.unit is not None:
        named = {c: fold(split(c)[0]) for c in columns if split(c)[1] is not None}
    named = {c: word for c, word in named.items() if word in words}
    if not named:
        named = {c: fold(headings.above[c] + split(c)[0]) for c in columns if headings.above.get(c)}
    return [Match(c, split(c)[1] or words[word], "alias") for c, word in named.items() if word in words]


def _in_stated_units(
    matches: dict[str, Match], spec: LayerSpec, headings: Headings
) -> tuple[dict[str, Match], list[Finding]]:
    """Give the columns that name no unit the one that stands above their table, where only one of that kind does."""
    found: list[Finding] = []
    for stated in dict.fromkeys(headings.stated):
        kind = [w for w in headings.stated if same_kind(w, stated)]
        takes = [
            field
            for field, match in matches.items()
            if (unit := spec.fields[field].unit) and same_kind(unit, stated) and not split(match.column)[1]
        ]
        if len(set(map(fold, kind))) > 1 or not takes:
            continue
        matches = matches | {field: replace(matches[field], unit=stated) for field in takes}
        names = listed([matches[field].column for field in takes])
        found.append(finding("UNIT_STATED", unit=stated, fields=names, field=takes[0]))
    return matches, found


def _words(wanted: FieldSpec) -> dict[str, str | None]:
    """Give the folded names that a field goes by -> the unit that a name implies."""
    titles = {fold(wanted.title.zh): None, fold(wanted.title.en): None}
    return titles | {fold(alias.name): alias.unit for alias in wanted.aliases}


def _uncut(wanted: FieldSpec, columns: list[str]) -> tuple[list[Match], list[Finding]]:
    """Give the columns whose names are aliases cut at ten bytes, in the table's encoding or the sender's.

    A name from which the unit was cut away, and that may have had several, is given once for each.
    """
    matches, found = [], []
    for column in columns:
        fitting = [a for a in wanted.aliases if fold(column) in {fold(c) for c in _cuts(a.name)}]
        units = {alias.unit or split(alias.name)[1]: alias.name for alias in fitting}
        matches += [Match(column, unit, "cut") for unit in units]
        found += [finding("FIELD_CUT", column=column, alias=name) for name in units.values()]
    return matches, found


def _cuts(name: str) -> set[str]:
    """Give what ten bytes leave of a longer name, in either encoding."""
    left = set()
    for encoding in (CHINESE, "UTF-8"):
        raw = name.encode(encoding)
        if len(raw) > CUT:
            left.add(raw[:CUT].decode(encoding, "ignore"))
    return left


def _missing(field: str, wanted: FieldSpec, columns: list[str]) -> Finding:
    return finding(
        "FIELD_MISSING",
        name=field,
        title=wanted.title,
        hint=_hint(field, wanted, columns),
        columns=listed(columns, MANY),
        aliases=listed([a.name for a in wanted.aliases], MANY),
        field=field,
    )


def _hint(field: str, wanted: FieldSpec, columns: list[str]) -> Text:
    """Give the columns that are nearly one of a field's names."""
    for word in (field, wanted.title.zh, *(a.name for a in wanted.aliases)):
        close = near(word, columns)
        if close != NONE:
            return close
    return NONE


def _missing_group(
    spec: LayerSpec, matches: dict[str, Match], columns: list[str], findings: list[Finding]
) -> list[Finding]:
    """Complain unless one of the alternative groups of fields is there as a whole."""
    if not spec.any_of or any(all(f in matches for f in group) for group in spec.any_of):
        return []
    fields = {f for group in spec.any_of for f in group}
    if any(f.field in fields and f.severity != "note" for f in findings):
        return []  # already told, more exactly
    groups = " | ".join("+".join(group) for group in spec.any_of)
    return [finding("FIELD_GROUP", groups=groups, columns=listed(columns, MANY), field=spec.any_of[0][0])]


def candidates_for(
    columns: list[str], spec: LayerSpec, *, above: Mapping[str, str] | None = None, cut_names: bool = False
) -> tuple[bool, dict[str, str]]:
    """Tell whether columns, some below another heading, satisfy what a layer requires, and which fields they would be."""
    matching = match_fields(columns, spec, {}, headings=Headings(above=above or {}), cut_names=cut_names)
    return not any(f.severity == "error" for f in matching.findings), matching.mapping
