"""Which column of a delivery is which field of a layer."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from riskmap.data.catalog import Catalog
from riskmap.data.findings import Finding
from riskmap.data.spec import LayerSpec, near
from riskmap.errors import MissingFieldError
from riskmap.text import Text

UNIT_IN_NAME = re.compile(r"^(?P<name>.*?)[(\[（/](?P<unit>[^()\[\]（）]*)[)\]）]?$")


@dataclass(frozen=True)
class Match:
    """One field's column in the file, and the unit that the file uses (None: the layer's own)."""

    column: str
    unit: str | None
    how: str


def fold(name: str) -> str:
    """Give a name as it is compared: full-width to half-width, no blanks, lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).lower()


def match_fields(
    columns: list[str], spec: LayerSpec, declared: dict[str, str], *, catalog: Catalog, file: str = ""
) -> tuple[dict[str, Match], list[Finding]]:
    """Find the column of each field.

    A declared column wins, then a column with the field's own id, then the titles and aliases of the declaration. A unit
    in the heading, as in ``威胁财产(万元)``, goes with the column.

    Parameters
    ----------
    columns : list of str
        Headings of the file.
    spec : LayerSpec
    declared : dict
        Field -> column, from the project file.
    catalog : Catalog
        Knows the units.
    file : str
        For messages.

    Returns
    -------
    dict
        Field -> Match, for the fields that were found.
    list of Finding

    Raises
    ------
    MissingFieldError
        A declared column or a required field is not there, or several columns claim a required field; with candidates.
    """
    _known_fields(spec, declared, file)
    units = unit_words(catalog)
    matches: dict[str, Match] = {}
    findings: list[Finding] = []
    for field, wanted in spec.fields.items():
        if field in declared:
            matches[field] = _declared(field, declared[field], columns, spec, units, file)
            continue
        found = _candidates(
            field, columns, spec, units, taken={m.column for m in matches.values()} | set(declared.values())
        )
        if len(found) == 1:
            matches[field] = found[0]
        elif found:
            findings.append(_ambiguous(field, found, spec, file, required=wanted.required))
        elif wanted.required:
            raise _missing(field, columns, spec, file)
    _require_any(spec, matches, columns, file)
    return matches, findings


def unit_words(catalog: Catalog) -> dict[str, tuple[str, float]]:
    """Give every word for a unit -> (base unit, factor to it)."""
    words: dict[str, tuple[str, float]] = {}
    for row in catalog.facts("units").tables["units"].rows:
        for word in (row["unit"], *row["aliases"]):
            words[fold(word)] = (row["of"], float(row["factor"]))
    return words


def _known_fields(spec: LayerSpec, declared: dict[str, str], file: str) -> None:
    for field in declared:
        if field not in spec.fields and field not in ("x", "y"):
            raise MissingFieldError(
                Text(f"图层没有字段 {field!r}", f"the layer has no field {field!r}") + near(field, list(spec.fields)),
                remedy=Text(f"字段：{'、'.join(spec.fields)}", f"fields: {', '.join(spec.fields)}"),
                file=file,
                layer=spec.id,
                field=field,
            )


def _declared(
    field: str, column: str, columns: list[str], spec: LayerSpec, units: dict[str, tuple[str, float]], file: str
) -> Match:
    for name in columns:
        if fold(name) == fold(column):
            return Match(name, _unit_of(field, name, spec, units), "declared")
    raise MissingFieldError(
        Text(f"文件没有列 {column!r}", f"the file has no column {column!r}") + near(column, columns),
        remedy=Text(f"文件里的列：{'、'.join(columns)}", f"columns of the file: {', '.join(columns)}"),
        file=file,
        layer=spec.id,
        field=field,
    )


def _candidates(
    field: str, columns: list[str], spec: LayerSpec, units: dict[str, tuple[str, float]], taken: set[str]
) -> list[Match]:
    wanted = spec.fields[field]
    own = [c for c in columns if fold(c) == fold(field) and c not in taken]
    if own:
        return [Match(own[0], _unit_of(field, own[0], spec, units), "id")]
    words = {fold(wanted.title.zh), fold(wanted.title.en), *(fold(a.name) for a in wanted.aliases)}
    free = [c for c in columns if c not in taken]
    named = [c for c in free if fold(c) in words]
    if not named and wanted.unit is not None:
        named = [c for c in free if fold(_bare(c, units)) in words]
    return [Match(c, _unit_of(field, c, spec, units), "alias") for c in named]


def _bare(column: str, units: dict[str, tuple[str, float]]) -> str:
    """Give a heading without its unit: ``威胁财产(万元)`` -> ``威胁财产``."""
    parts = UNIT_IN_NAME.match(unicodedata.normalize("NFKC", column).strip())
    return parts["name"] if parts and fold(parts["unit"]) in units else column


def _unit_of(field: str, column: str, spec: LayerSpec, units: dict[str, tuple[str, float]]) -> str | None:
    """Give the unit that a heading names, else the one its alias carries."""
    parts = UNIT_IN_NAME.match(unicodedata.normalize("NFKC", column).strip())
    if parts and fold(parts["unit"]) in units:
        return parts["unit"]
    for alias in spec.fields[field].aliases:
        if fold(alias.name) == fold(column):
            return alias.unit
    return None


def _ambiguous(field: str, found: list[Match], spec: LayerSpec, file: str, *, required: bool) -> Finding:
    names_zh, names_en = "、".join(m.column for m in found), ", ".join(m.column for m in found)
    message = Text(f"字段 {field} 有多个候选列：{names_zh}", f"several columns could be {field}: {names_en}")
    remedy = Text(f"写明 fields: {{{field}: …}}", f"say fields: {{{field}: ...}}")
    if required:
        raise MissingFieldError(message, remedy=remedy, file=file, layer=spec.id, field=field)
    return Finding(spec.id, "warning", "FIELD_AMBIGUOUS", message, remedy, field=field, file=file)


def _missing(field: str, columns: list[str], spec: LayerSpec, file: str) -> MissingFieldError:
    title = spec.fields[field].title
    aliases = [a.name for a in spec.fields[field].aliases]
    return MissingFieldError(
        Text(f"缺必填字段 {field}（{title.zh}）", f"the required field {field} ({title.en}) is missing")
        + near(field, columns),
        remedy=Text(
            f"写明 fields: {{{field}: 列名}}；文件里的列：{'、'.join(columns)}；可自动识别：{'、'.join(aliases)}",
            f"say fields: {{{field}: column}}; columns of the file: {', '.join(columns)}; recognised names: {', '.join(aliases)}",
        ),
        file=file,
        layer=spec.id,
        field=field,
    )


def _require_any(spec: LayerSpec, matches: dict[str, Match], columns: list[str], file: str) -> None:
    """Raise unless one of the alternative groups of fields is there as a whole."""
    if not spec.any_of or any(all(f in matches for f in group) for group in spec.any_of):
        return
    groups = " | ".join("+".join(group) for group in spec.any_of)
    raise MissingFieldError(
        Text(f"至少要有其中一组字段：{groups}", f"one of these groups of fields is needed: {groups}"),
        remedy=Text(
            f"文件里的列：{'、'.join(columns)}；用 fields: 指明",
            f"columns of the file: {', '.join(columns)}; name them with fields:",
        ),
        file=file,
        layer=spec.id,
        field=spec.any_of[0][0],
    )
