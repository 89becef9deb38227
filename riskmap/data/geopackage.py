"""Layers in a GeoPackage: a file that is replaced whole, that QGIS 3.22 opens, and whose bytes depend on its content."""

from __future__ import annotations

import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from riskmap.data import rules
from riskmap.data.columns import geometry_type, promoted
from riskmap.data.dictionary import declared, domain_name
from riskmap.data.gdal import gdal_options
from riskmap.data.vectors import nullable
from riskmap.errors import DataError, OutputError
from riskmap.frames import is_spatial
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

NO_CLOCK = "2000-01-01T00:00:00.000Z"
"""Written where GeoPackage wants a date of change: the same input gives the same bytes; times are in run.json."""

OPTIONS = {"OGR_CURRENT_DATE": NO_CLOCK, "OGR_SQLITE_SYNCHRONOUS": "OFF"}
"""For GDAL while it writes: no clock, and no waiting for the disk after each table; :func:`_settle` waits once."""

CONTAINER = "1.2"
"""QGIS 3.22 warns of newer containers."""

SIDECARS = ("-wal", "-shm", "-journal")

SCHEMA = """
CREATE TABLE IF NOT EXISTS gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT,
  description TEXT, mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL,
  value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
  definition TEXT NOT NULL, scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""
"""Tables of the schema extension of GeoPackage: QGIS shows column titles and value lists from them."""


class GeoPackage:
    """A GeoPackage file; see :class:`riskmap.data.database.Database`.

    Parameters
    ----------
    path : Path
        Made on the first write.
    scratch : bool
        The file is a working copy of ours that nobody else reads: tables are written in place. Else each transaction works
        on a copy and renames it over the file, so that readers see the old file or the new one, never anything between.
    """

    def __init__(self, path: Path, *, scratch: bool = False) -> None:
        self.path = path
        self.name = path.name
        self._scratch = scratch
        # the file that a transaction writes to; None outside of one
        self._working: Path | Any = path if scratch else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write several layers, all or none.

        Raises
        ------
        OutputError
            Another riskmap writes to the file, a program has it open, no room, no rights.
        """
        if self._working is not None:
            yield
            return
        with writing(self.path), _locked(self.path):
            beside = self.path.with_name(f".new-{self.path.name}")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _remove(beside)
            if self.path.exists():
                require_closed(self.path)
                _require_container(self.path)
                shutil.copyfile(self.path, beside)
            self._working = beside
            try:
                yield
                if beside.exists():
                    _settle(beside)
                    beside.replace(self.path)
            finally:
                self._working = None
                _remove(beside)

    def write(self, id: str, frame: pd.DataFrame) -> None:
        """Write a layer whole; the frame is :func:`riskmap.data.columns.storable`."""
        import pyogrio

        with self.transaction():
            target = self._working
            spatial = is_spatial(frame)
            options: dict[str, Any] = {}
            if spatial:
                frame = promoted(frame)
                own = {str(c).lower() for c in frame.columns if c != frame.geometry.name}
                # GDAL looks for the geometry by name, whatever its case, and a column of ours may have that name
                frame = frame.rename_geometry(_free("geom", own))
                options = {"geometry_type": geometry_type(frame), "promote_to_multi": False}
            if not target.exists():
                options["dataset_options"] = {"VERSION": CONTAINER}
            with writing(self.path, id), gdal_options(OPTIONS), warnings.catch_warnings():
                # findings of tables are nowhere: a layer without a system is meant
                warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
                pyogrio.write_dataframe(
                    frame,
                    target,
                    layer=id,
                    driver="GPKG",
                    append=False,
                    layer_options=_layer_options(id, frame),
                    use_arrow=True,
                    **options,
                )
                _require_rows(target, id, len(frame))
                _describe(target, id, [c for c in frame.columns if not spatial or c != frame.geometry.name])

    def read(self, id: str, bbox: Any, where: str | None) -> pd.DataFrame:
        """Read a layer; see :meth:`riskmap.data.database.Database.read`."""
        import pandas as pd
        import pyogrio

        try:
            frame = pyogrio.read_dataframe(
                self._working or self.path,
                layer=id,
                bbox=bbox,
                where=where,
                fid_as_index=True,
                use_arrow=True,
                arrow_to_pandas_kwargs={"types_mapper": nullable().get},
            )
        except (ValueError, OSError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            if where is None:
                raise rules.error("FILE_UNREADABLE", file=self.path.name, layer=id, why=error) from error
            names = rules.listed(self.columns(id), 40)
            raise rules.error("WHERE_INVALID", file=self.path.name, layer=id, why=error, names=names) from error
        if bbox is not None and is_spatial(frame):
            # GDAL takes an empty point for one at 0, 0
            frame = frame[~(frame.geometry.is_empty | frame.geometry.isna())]
        frame = frame.sort_index().reset_index(drop=True)
        for name in frame.columns[frame.dtypes.map(lambda t: getattr(t, "kind", "") == "i")]:
            frame[name] = frame[name].astype("Int64")
        return frame if is_spatial(frame) else pd.DataFrame(frame)

    def layers(self) -> list[str]:
        """Give the ids of all layers, sorted; none for a file that was not finished."""
        path = self._working or self.path
        if not path.exists():
            return []
        try:
            with closing(sqlite3.connect(path)) as connection:
                return sorted(name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents"))
        except sqlite3.DatabaseError as error:
            if self._scratch:
                return []
            raise rules.error("FILE_UNREADABLE", file=path.name, why=error) from error

    def columns(self, id: str) -> list[str]:
        """Give the attribute columns of a layer, in order."""
        with closing(sqlite3.connect(self._working or self.path)) as connection:
            geometry = _geometry_column(connection, id)
            rows = connection.execute(f"PRAGMA table_info({_quoted(id)})").fetchall()
        return [name for _, name, _, _, _, key in rows if not key and name != geometry]

    def drop(self, id: str) -> None:
        """Remove a layer; nothing happens when it is not there."""
        if id not in self.layers():
            return
        with (
            self.transaction(),
            writing(self.path, id),
            closing(sqlite3.connect(self._working)) as connection,
            connection,
        ):
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")  # Python begins none by itself for DROP
            _drop(connection, id)

    def settle(self) -> None:
        """Wait until what was written is on the disk."""
        if self._scratch and self.path.exists():
            with writing(self.path):
                _settle(self.path)

    def mend(self) -> None:
        """Make good what a killed process left: layers without a table are forgotten, a file that is not whole is removed.

        SQLite itself takes back the transaction that was under way.
        """
        if not self._scratch or not self.path.exists():
            return
        try:
            with closing(sqlite3.connect(self.path)) as connection, connection:
                whole = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
                known = "SELECT table_name FROM gpkg_contents WHERE table_name NOT IN (SELECT name FROM sqlite_master)"
                connection.execute("BEGIN")
                for (id,) in connection.execute(known).fetchall():
                    _drop(connection, id)
        except sqlite3.DatabaseError:
            whole = False
        if not whole:
            _remove(self.path)


def _drop(connection: sqlite3.Connection, id: str) -> None:
    """Remove a table with its spatial index and all that is said about it."""
    geometry = _geometry_column(connection, id)
    if geometry is not None:
        connection.execute(f"DROP TABLE IF EXISTS {_quoted(f'rtree_{id}_{geometry}')}")
    connection.execute(f"DROP TABLE IF EXISTS {_quoted(id)}")
    ours = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in ("contents", "geometry_columns", "extensions", "ogr_contents", "data_columns"):
        if f"gpkg_{table}" in ours:
            connection.execute(f"DELETE FROM gpkg_{table} WHERE lower(table_name) = lower(?)", (id,))


def require_closed(path: Path) -> None:
    """Raise when another program has a GeoPackage open; take in a write-ahead log that a closed one left behind.

    A log that stays beside the file would be played into whatever is renamed to its place, and ruin it.

    Raises
    ------
    OutputError
    """
    if not any(path.with_name(path.name + s).exists() for s in SIDECARS):
        return
    try:
        with closing(sqlite3.connect(path, timeout=0.2)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        free = mode == "delete" and not path.with_name(path.name + "-wal").exists()
    except sqlite3.DatabaseError:
        free = False
    if not free:
        raise OutputError(
            Text(
                "另一个程序（多半是 QGIS）打开着这个数据库", "another program, most likely QGIS, has this database open"
            ),
            remedy=Text("在那个程序里关闭它，再运行一次", "close it there, then run again"),
            file=str(path),
        )


@contextmanager
def writing(path: Path, id: str | None = None) -> Iterator[None]:
    """Turn what goes wrong while a database is written into one clear error.

    Raises
    ------
    OutputError
    """
    import pyogrio

    kinds = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError)
    try:
        yield
    except (OutputError, DataError):
        raise
    except (*kinds, sqlite3.Error, OSError) as error:
        raise OutputError(
            Text(f"写不了数据库：{error}", f"the database cannot be written: {error}"),
            remedy=Text(
                "关闭打开它的程序，检查磁盘空间和权限",
                "close the programs that have it open; check disk space and rights",
            ),
            file=str(path),
            layer=id,
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a database for one writer; the lock dies with its process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(path.with_name(f".{path.name}.lock")).acquire(timeout=0):
            yield
    except Timeout as error:
        raise OutputError(
            Text("另一个 riskmap 正在写这个数据库", "another riskmap is writing to this database"),
            remedy=Text("等它结束", "wait for it to finish"),
            file=str(path),
        ) from error


def _settle(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    for name in (path.name, *(path.name + s for s in SIDECARS)):
        path.with_name(name).unlink(missing_ok=True)


def _require_container(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM gpkg_contents")
    except sqlite3.DatabaseError as error:
        raise rules.error("FILE_UNREADABLE", file=str(path), why=error) from error


def _require_rows(path: Path, id: str, wanted: int) -> None:
    """Raise when fewer rows arrived than were sent: a full disk is not always an error to GDAL."""
    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute(f"SELECT count(*) FROM {_quoted(id)}").fetchone()
    if rows != wanted:
        raise OSError(f"{rows} of {wanted} rows were stored")


def _layer_options(id: str, frame: pd.DataFrame) -> dict[str, str]:
    """Give GDAL's options: titles, a spatial index, and names of key and geometry that no column has."""
    used = {str(c).lower() for c in frame.columns}
    layer = declared(id)
    options = {"IDENTIFIER": id, "DESCRIPTION": layer.title.zh if layer else id, "FID": _free("fid", used)}
    if is_spatial(frame):
        options |= {"SPATIAL_INDEX": "YES", "GEOMETRY_NAME": frame.geometry.name}
    return options


def _free(name: str, used: set[str]) -> str:
    """Give a column name that is not taken."""
    number, free = 1, name
    while free in used:
        number, free = number + 1, f"{name}_{number}"
    return free


def _describe(path: Path, id: str, columns: list[str]) -> None:
    """Write titles and value lists of a layer's columns, where it is declared."""
    layer = declared(id)
    if layer is None:
        return
    rows, lists, seen = [], [], set()
    for column in columns:
        spec = layer.fields.get(column)
        if spec is None:
            continue
        title = spec.title.zh if spec.title.zh not in seen else column
        seen.add(title)
        about = spec.title.en + (f" [{spec.unit}]" if spec.unit else "")
        rows.append((id, column, title, title, about, None, domain_name(id, column, spec)))
        lists += [(domain_name(id, column, spec), "enum", v, d.title.zh) for v, d in spec.domain.items()]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(SCHEMA)
        connection.execute("DELETE FROM gpkg_data_columns WHERE table_name = ?", (id,))
        connection.executemany("INSERT INTO gpkg_data_columns VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.executemany(
            "INSERT OR REPLACE INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
            " VALUES (?, ?, ?, ?)",
            lists,
        )
        for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
            known = connection.execute("SELECT 1 FROM gpkg_extensions WHERE table_name = ?", (table,)).fetchone()
            if not known:
                connection.execute(
                    "INSERT INTO gpkg_extensions VALUES (?, NULL, 'gpkg_schema', ?, 'read-write')",
                    (table, "http://www.geopackage.org/spec121/#extension_schema"),
                )


def _geometry_column(connection: sqlite3.Connection, id: str) -> str | None:
    found = connection.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", (id,)
    ).fetchone()
    return found[0] if found else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
