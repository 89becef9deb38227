"""From a delivered file to a layer: columns matched, cells converted, places checked, in the project's system."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyproj

from riskmap.crs import FIRST_ZONE_LON, LAST_ZONE_LON, name, transformer, zone_of
from riskmap.data import checks, convert, nonrows, positions, rules, shapes, systems
from riskmap.data.files import Opened, fingerprint, open_rows
from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger, RowNames
from riskmap.data.matching import Matching, match_fields
from riskmap.data.passthrough import other_columns
from riskmap.data.places import PEOPLE, Area, reproject, require_in_area
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.errors import ConservationError, RiskmapError
from riskmap.frames import is_spatial
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

ORIGIN_COLUMNS = ("数据性质", "synthetic")
"""Columns in which a delivery says what kind of data it is; what calls itself synthetic is called so on every product."""

NAMING = ("name", "id", "code", "head", "substance")
"""Fields in which a line says that it is a total."""


@dataclass(frozen=True)
class Source:
    """Where a layer came from and what became of its rows: a row of the ``sources`` layer."""

    layer: str
    file: str
    sublayer: str | None
    sha256: str | None
    encoding: str | None
    crs_in: str | None
    crs_out: str | None
    rows_in: int | None
    rows_filtered: int
    rows_reported: int
    rows_out: int
    mapping: str


@dataclass(frozen=True, eq=False)
class Layer:
    """A prepared layer of rows.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame, optional
        None when an error left nothing that could be used.
    source : Source
    findings : tuple of Finding
        Where one is an error, the layer must not be used.
    repairs : DataFrame
        Every changed or dropped cell and row, with before and after.
    levels : int, optional
        How many levels its ``level`` column counts; None: it has none.
    synthetic : bool
        It says of itself that it is made up.
    """

    frame: pd.DataFrame | None
    source: Source
    findings: tuple[Finding, ...]
    repairs: pd.DataFrame
    levels: int | None = None
    synthetic: bool = False

    @property
    def errors(self) -> list[RiskmapError]:
        """What forbids to use the layer, as errors that may be raised."""
        return [rules.error_of(f) for f in self.findings if f.severity == "error"]


def prepare_rows(
    path: Path,
    spec: InputSpec,
    layer: LayerSpec,
    *,
    crs: pyproj.CRS | None = None,
    area: Area | None = None,
    limits: Mapping[str, Any] | None = None,
    zone: bool = False,
) -> Layer:
    """Prepare a vector or table layer; whatever is wrong with it is a finding.

    Parameters
    ----------
    path : Path
        The file, already resolved.
    spec : InputSpec
        What the project says of it.
    layer : LayerSpec
    crs : CRS, optional
        System of the result; the file's own when None.
    area : Area, optional
        To tell a wrong zone, a shift, and what lies outside.
    limits : mapping, optional
        The project's own limits of what is plausible.
    zone : bool
        Without ``crs``, bring a layer in degrees to the CGCS2000 zone of its middle, so that it can be measured.

    Returns
    -------
    Layer
        rows in = rows out + rows filtered + rows reported.
    """
    ledger = Ledger(layer.id, Path(spec.path).name)
    work = _Work(spec, layer, ledger, crs, area, limits or {}, zone)
    opened = work.attempt(lambda: open_rows(path, spec, layer.id))
    if opened is None:
        source = Source(layer.id, spec.path, spec.layer, _sha256(path), None, None, None, None, 0, 0, 0, "{}")
        return Layer(None, source, tuple(ledger.findings), ledger.repairs_frame())
    frame = work.prepared(opened)
    n_out = 0 if frame is None else len(frame)
    source = Source(
        layer.id,
        spec.path,
        opened.sub,
        _sha256(path),
        opened.encoding.name if opened.encoding else None,
        work.crs_in,
        work.crs_out,
        opened.rows_in_file,
        opened.rows_in_file - len(opened.frame),
        len(opened.frame) - n_out,
        n_out,
        json.dumps(work.matching.mapping, ensure_ascii=False),
    )
    if frame is not None and ledger.dropped != source.rows_reported:
        raise _lost(source, ledger)
    findings = tuple(_placed(f, frame) for f in ledger.findings)
    final = None if frame is None else frame.reset_index(drop=True)
    synthetic = _says_synthetic(opened.frame)
    return Layer(final, source, findings, ledger.repairs_frame(), work.levels, synthetic)


@dataclass(eq=False)
class _Work:
    """The moving parts of one preparation."""

    spec: InputSpec
    layer: LayerSpec
    ledger: Ledger
    crs: pyproj.CRS | None
    area: Area | None
    limits: Mapping[str, Any]
    zone: bool
    matching: Matching = dataclasses.field(default_factory=lambda: Matching({}, ()))
    levels: int | None = None
    crs_in: str | None = None
    crs_out: str | None = None

    def attempt(self, act: Callable[[], Any]) -> Any:
        """Do something; an error becomes a finding, and the result is None."""
        try:
            return act()
        except RiskmapError as error:
            self.ledger.extend([rules.finding_of(error, self.layer.id)])
            return None

    def prepared(self, opened: Opened) -> pd.DataFrame | None:
        """Give the frame, or None when it has no place that could be trusted."""
        frame, spatial = opened.frame, is_spatial(opened.frame)
        self.ledger.extend(opened.findings)
        geometry = frame.geometry.name if spatial else None
        columns = [str(c) for c in frame.columns if c != geometry]
        self.matching = match_fields(
            columns,
            self.layer,
            self.spec.fields,
            file=self.ledger.file,
            cut_names=opened.cut_names,
            headings=opened.headings,
        )
        self.ledger.extend(self.matching.findings)
        frame = self._rows_only(frame, spatial)
        values = self._converted(frame, geometry, opened.headings.repeated)
        placed = self.attempt(lambda: self._located(values, columns, spatial))
        if placed is None:
            return None
        if not len(placed):
            code = "ROWS_LOST" if opened.rows_in_file else "ROWS_NONE"
            self.ledger.note(code, n=opened.rows_in_file, rows_count=0)
        self._checked(placed)
        return placed

    def _checked(self, placed: pd.DataFrame) -> None:
        """Look at the layer, in metres where a check measures; what is found lies where the layer does."""
        crs = _zone_under(placed) if is_spatial(placed) and checks.needs_metres(self.layer) else None
        measured = placed if crs is None else reproject(placed, crs)
        known = len(self.ledger.findings)
        checks.check(measured, self.layer, self.ledger, self.area, self.limits)
        if crs is not None:
            back = transformer(crs, placed.crs)
            self.ledger.findings[known:] = [at_home(f, back) for f in self.ledger.findings[known:]]

    def _rows_only(self, frame: pd.DataFrame, spatial: bool) -> pd.DataFrame:
        """Take out the lines that are no rows."""
        mapping = self.matching.mapping
        named_by = [mapping[f] for f in NAMING if f in mapping]
        counted = {f: mapping[f] for f in (*PEOPLE, "households", "quantity_t") if f in mapping}
        return nonrows.taken_out(frame, named_by, counted, self.ledger, spatial=spatial)

    def _converted(
        self, frame: pd.DataFrame, geometry: str | None, repeated: Mapping[str, tuple[int, ...]]
    ) -> pd.DataFrame:
        """Give our columns, converted, then the file's other columns as they are."""
        ours: dict[str, pd.Series] = {}
        key = self.layer.key
        for field in sorted(self.matching.matches, key=lambda f: f != key):
            match, wanted = self.matching.matches[field], self.layer.fields[field]
            cells = frame[match.column]
            given = self.attempt(
                partial(convert.column, cells, wanted, self.ledger, field, unit=match.unit, said=self.spec.levels)
            )
            if given is not None:
                ours[field] = given[0]
                self.levels = given[1] if wanted.type == "level" else self.levels
            if match.column in repeated and field in ours:
                ours[field] = convert.counted_once(ours[field], wanted, repeated[match.column], self.ledger, field)
            if field == key and given is not None:
                self.ledger.names = RowNames(given[0])
        rest = frame.drop(columns=[m.column for m in self.matching.matches.values()])
        ordered = {f: ours[f] for f in self.matching.matches if f in ours}
        return other_columns(rest, ordered, geometry, self.ledger)

    def _located(self, values: pd.DataFrame, columns: list[str], spatial: bool) -> pd.DataFrame:
        """Give the rows with their places, in the system of the result; a plain table as it is where one will do."""
        if not spatial:
            xy = positions.point_columns(columns, self.spec) if "point" in self.layer.geometry else None
            if xy is None and not {"point", "table"} & set(self.layer.geometry):
                raise shapes.wrong_kind(self.layer, "table", self.ledger.file)
            if xy is None:
                positions.require_place(values, self.layer, self.ledger.file)
                return values
            values = positions.points_of(values, xy, self.spec, self.layer, self.ledger)
        else:
            values = self._shapes(values)
        values, self.crs_in = systems.in_stated_system(values, self.spec.crs, self.layer, self.ledger)
        values = shapes.whole(values, self.layer, self.ledger)
        crs = self.crs or (_zone_under(values) if self.zone else None)
        placed = values if crs is None else reproject(values, crs)
        self.crs_out = name(placed.crs)
        if self.area is not None and self.layer.id != "boundary":
            require_in_area(placed, self.area, self.layer, self.ledger.file, given=values)
        return placed

    def _shapes(self, values: pd.DataFrame) -> pd.DataFrame:
        """Put the axes of delivered geometries into order, by the system that is or will be stated."""
        stated = self.spec.crs
        system = None if stated is None else systems.declared_system(stated, self.layer, self.ledger.file)
        return shapes.in_axis_order(values, self.ledger, system)


def _zone_under(frame: Any) -> pyproj.CRS | None:
    """Give the CGCS2000 zone of the middle of a layer in degrees, None where there is none."""
    if not frame.crs.is_geographic or not len(frame):
        return None
    west, _, east, _ = frame.total_bounds
    middle = (west + east) / 2
    return zone_of(middle) if FIRST_ZONE_LON - 1.5 <= middle <= LAST_ZONE_LON + 1.5 else None


def at_home(finding: Finding, way: pyproj.Transformer) -> Finding:
    """Give a finding with its place sent through a transformation."""
    import shapely

    if finding.geometry is None:
        return finding
    return finding.at(geometry=shapely.transform(finding.geometry, way.transform, interleaved=False))


def _sha256(path: Path) -> str | None:
    try:
        return fingerprint(path) if path.exists() else None
    except OSError:
        return None


def _placed(finding: Finding, frame: Any) -> Finding:
    """Fill in where the rows of a finding are."""
    import shapely

    if frame is None or finding.geometry is not None or not finding.labels or not is_spatial(frame):
        return finding
    labels = [label for label in finding.labels if label in frame.index]
    if not labels:
        return finding
    places = shapely.point_on_surface(frame.geometry.loc[labels].to_numpy())
    return replace(finding, geometry=places[0] if len(places) == 1 else shapely.multipoints(places))


def _lost(source: Source, ledger: Ledger) -> ConservationError:
    return ConservationError(
        Text(
            f"行数不守恒：少了 {source.rows_reported} 行，只报告了 {ledger.dropped} 行",
            f"{source.rows_reported} rows left the layer, {ledger.dropped} were reported",
        ),
        remedy=Text("这是程序的错误，请把文件发给开发者", "this is a bug of ours; please send us the file"),
        file=source.file,
        layer=source.layer,
    )


def _says_synthetic(frame: pd.DataFrame) -> bool:
    """Tell whether any row says of itself that it is made up."""
    told = [frame[c].astype("str") for c in ORIGIN_COLUMNS if c in frame.columns]
    return any(bool(column.str.contains("合成|synthetic|yes", case=False, na=False).any()) for column in told)
