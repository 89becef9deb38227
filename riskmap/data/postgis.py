"""Layers in a PostGIS schema, with the same calls as a GeoPackage."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from riskmap.data import rules
from riskmap.data.columns import geometry_type, promoted
from riskmap.data.dictionary import declared
from riskmap.errors import OutputError
from riskmap.frames import is_spatial
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd
    import psycopg

LONGEST = 63
"""Bytes that PostgreSQL keeps of a name: 21 hanzi."""

KEY, GEOMETRY = "fid", "geom"
OURS = "riskmap"
"""Key of the comment by which our tables are known."""

FIRST_OWN_SRID, LAST_OWN_SRID = 990_000, 998_999
"""Numbers for systems that the server does not know."""


def is_url(text: Any) -> bool:
    """Tell whether a database is named by a URL."""
    return isinstance(text, str) and text.startswith(("postgresql://", "postgres://"))


def without_password(url: str) -> str:
    """Give a database URL as it may be printed and stored.

    Examples
    --------
    >>> without_password("postgresql://ann:secret@host/db?schema=linzi")
    'postgresql://ann@host/db?schema=linzi'
    """
    if not is_url(url):
        return url
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != "password"], safe="/:")
    return urlunsplit((parts.scheme, user.split(":")[0] + at + host, parts.path, query, ""))


class PostGIS:
    """A schema of a PostgreSQL database with PostGIS; see :class:`riskmap.data.database.Database`.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database?schema=linzi``; the schema is ``public`` when none is named and made when it is
        not there.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = parse_qsl(parts.query)
        self.schema = next((unquote(v) for k, v in options if k == "schema"), "public")
        query = urlencode([(k, v) for k, v in options if k != "schema"], quote_via=quote)
        self._url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        self.name = without_password(url)
        self._connection: psycopg.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write several layers, all or none."""
        if self._connection is not None:
            yield
            return
        with self._connected():
            yield

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        """Give the connection of the running transaction, or one of its own that is committed at the end."""
        if self._connection is not None:
            yield self._connection
            return
        psycopg = _driver()
        try:
            with psycopg.connect(self._url) as connection:
                self._connection = connection
                self._prepare(connection)
                yield connection
        except psycopg.Error as error:
            raise OutputError(
                Text(f"数据库出错：{error}", f"the database says: {error}"),
                remedy=Text(
                    "检查地址、用户、权限和磁盘空间，以及是否装有 PostGIS",
                    "check address, user, rights and disk space, and that PostGIS is installed",
                ),
                file=self.name,
            ) from error
        finally:
            self._connection = None

    def _prepare(self, connection: psycopg.Connection) -> None:
        from psycopg import sql

        known = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self.schema,)).fetchone()
        if not known:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(self.schema)))
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone():
            connection.execute("CREATE EXTENSION postgis")

    def write(self, id: str, frame: pd.DataFrame) -> None:
        """Write a layer whole; the frame is :func:`riskmap.data.columns.storable`."""
        from psycopg import sql

        spatial = is_spatial(frame)
        frame = promoted(frame) if spatial else frame
        columns = [c for c in frame.columns if not spatial or c != frame.geometry.name]
        short = dict(zip(columns, _short_names(columns), strict=True))
        with self._connected() as connection:
            srid = _srid(connection, frame.crs) if spatial else None
            fresh = sql.Identifier(self.schema, f"{id}__new")
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(fresh))
            parts = [sql.SQL("{} bigint PRIMARY KEY").format(sql.Identifier(_key(short.values())))]
            parts += [sql.SQL("{} {}").format(sql.Identifier(short[c]), sql.SQL(_type(frame[c]))) for c in columns]
            if spatial:
                parts.append(
                    sql.SQL("{} {}").format(sql.Identifier(_place(short.values())), sql.SQL(_shape(frame, srid)))
                )
            connection.execute(sql.SQL("CREATE TABLE {} ({})").format(fresh, sql.SQL(", ").join(parts)))
            with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(fresh)) as copy:
                copy.write(_csv(frame, columns, srid))
            if spatial:
                place = sql.Identifier(_place(short.values()))
                connection.execute(sql.SQL("CREATE INDEX ON {} USING gist ({})").format(fresh, place))
            self._comment(connection, id, short)
            table = sql.Identifier(self.schema, id)
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(fresh, sql.Identifier(id)))
            connection.execute(sql.SQL("ANALYZE {}").format(table))

    def _comment(self, connection: psycopg.Connection, id: str, short: dict[str, str]) -> None:
        """Say whose the table is and what its columns are called in full and in Chinese."""
        from psycopg import sql

        layer, fresh = declared(id), sql.Identifier(self.schema, f"{id}__new")
        cut = {s: c for c, s in short.items() if s != c}
        about = {OURS: layer.title.zh if layer else id, "columns": cut}
        said = sql.Literal(json.dumps(about, ensure_ascii=False))
        connection.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(fresh, said))
        for column, name in short.items():
            spec = layer.fields.get(column) if layer else None
            title = f"{spec.title.zh} / {spec.title.en}" if spec else column
            place = sql.SQL("{}.{}").format(fresh, sql.Identifier(name))
            connection.execute(sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, sql.Literal(title)))

    def read(self, id: str, bbox: Any, where: str | None) -> pd.DataFrame:
        """Read a layer; see :meth:`riskmap.data.database.Database.read`."""
        from psycopg import errors, sql

        with self._connected() as connection:
            kinds = self._kinds(connection, id)
            place = next((n for n, t in kinds.items() if t == "geometry"), None)
            names = [n for n in kinds if n not in (place, next(iter(kinds)))]
            shown: list[sql.Composable] = [sql.Identifier(next(iter(kinds))), *(sql.Identifier(n) for n in names)]
            if place:
                shown.append(sql.SQL("ST_AsEWKB({})").format(sql.Identifier(place)))
            wishes = [sql.SQL("({})").format(sql.SQL(where))] if where else []
            if bbox is not None and place:
                box = sql.SQL("ST_MakeEnvelope({}, ST_SRID({}))").format(
                    sql.SQL(", ").join(map(sql.Literal, bbox)), sql.Identifier(place)
                )
                wishes.append(sql.SQL("ST_Intersects({}, {})").format(sql.Identifier(place), box))
            query = sql.SQL("COPY (SELECT {} FROM {} {} ORDER BY 1) TO STDOUT (FORMAT csv)").format(
                sql.SQL(", ").join(shown),
                sql.Identifier(self.schema, id),
                sql.SQL("WHERE {}").format(sql.SQL(" AND ").join(wishes)) if wishes else sql.SQL(""),
            )
            try:
                with connection.cursor().copy(query) as copy:
                    data = b"".join(bytes(part) for part in copy)
            except (errors.SyntaxError, errors.UndefinedColumn, errors.DataError, errors.UndefinedFunction) as error:
                raise rules.error(
                    "WHERE_INVALID", file=self.name, layer=id, why=error, names=rules.listed(names, 40)
                ) from error
            frame = _frame(data, {n: kinds[n] for n in names}, spatial=place is not None)
            frame = frame.rename(columns=self._full_names(connection, id))
            return self._located(connection, frame, id, place) if place else frame

    def _located(self, connection: psycopg.Connection, frame: pd.DataFrame, id: str, place: str) -> pd.DataFrame:
        """Make geometries of the last column, in the system that the server knows them in."""
        import geopandas as gpd
        import shapely
        from psycopg import sql

        query = sql.SQL("SELECT ST_SRID({0}) FROM {1} WHERE {0} IS NOT NULL LIMIT 1")
        found = connection.execute(query.format(sql.Identifier(place), sql.Identifier(self.schema, id))).fetchone()
        srid = found[0] if found else self._declared_srid(connection, id, place)
        shapes = shapely.from_wkb(frame["_shape"].str.removeprefix("\\x").to_numpy(dtype=object, na_value=None))
        plain = frame.drop(columns="_shape")
        return gpd.GeoDataFrame(plain, geometry=shapely.set_srid(shapes, 0), crs=_system(connection, srid))

    def _declared_srid(self, connection: psycopg.Connection, id: str, place: str) -> int:
        query = "SELECT srid FROM geometry_columns WHERE f_table_schema = %s AND f_table_name = %s AND f_geometry_column = %s"
        found = connection.execute(query, (self.schema, id, place)).fetchone()
        return found[0] if found else 0

    def _kinds(self, connection: psycopg.Connection, id: str) -> dict[str, str]:
        """Give the columns of a table with their types, in order; the first is the key."""
        query = """SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
            WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
        return dict(connection.execute(query, (self.schema, id)).fetchall())

    def _about(self, connection: psycopg.Connection) -> dict[str, dict[str, Any]]:
        """Give the comments of our tables by table."""
        query = """SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"""
        found = {}
        for table, said in connection.execute(query, (self.schema,)).fetchall():
            if said and said.startswith("{") and f'"{OURS}"' in said:
                found[table] = json.loads(said)
        return found

    def _full_names(self, connection: psycopg.Connection, id: str) -> dict[str, str]:
        return self._about(connection).get(id, {}).get("columns", {})

    def layers(self) -> list[str]:
        """Give the ids of all layers that riskmap wrote into the schema, sorted."""
        with self._connected() as connection:
            return sorted(self._about(connection))

    def columns(self, id: str) -> list[str]:
        """Give the attribute columns of a layer, in order."""
        with self._connected() as connection:
            full, kinds = self._full_names(connection, id), self._kinds(connection, id)
            return [full.get(n, n) for n, t in list(kinds.items())[1:] if t != "geometry"]

    def drop(self, id: str) -> None:
        """Remove a layer; nothing happens when it is not there."""
        from psycopg import sql

        if id in self.layers():
            with self._connected() as connection:
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(self.schema, id)))


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise OutputError(
            Text("没有安装 PostgreSQL 的驱动程序", "the PostgreSQL driver is not installed"),
            remedy=Text("pip install riskmap[postgis]", "pip install riskmap[postgis]"),
        ) from error
    return psycopg


def _type(column: pd.Series) -> str:
    kind = column.dtype.kind
    if kind == "O" and str(column.dtype) == "object":
        return "date"
    return {"i": "bigint", "f": "double precision", "b": "boolean", "M": "timestamp(3)"}.get(kind, "text")


def _shape(frame: Any, srid: int | None) -> str:
    """Give the type of the geometry column; one that takes both two and three dimensions has no type of its own."""
    if frame.has_z.any():
        return "geometry"
    kind = geometry_type(frame)
    return f"geometry({'Geometry' if kind == 'Unknown' else kind}, {srid})"


def _short_names(names: list[str]) -> list[str]:
    """Give names of at most 63 bytes, all different."""
    short: list[str] = []
    for name in names:
        raw = name.encode()
        cut = name if len(raw) <= LONGEST else raw[: LONGEST - 4].decode(errors="ignore")
        free, number = cut, 2
        while free in short:
            free, number = f"{cut}_{number}", number + 1
        short.append(free)
    return short


def _key(used: Any) -> str:
    return _free(KEY, used)


def _place(used: Any) -> str:
    return _free(GEOMETRY, used)


def _free(name: str, used: Any) -> str:
    taken, number, free = {str(u).lower() for u in used}, 1, name
    while free in taken:
        number, free = number + 1, f"{name}_{number}"
    return free


def _csv(frame: pd.DataFrame, columns: list[str], srid: int | None) -> bytes:
    """Give the rows as PostgreSQL reads them: NULL is nothing at all, an empty text is two quotation marks."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import shapely

    cells = [pa.array(np.arange(1, len(frame) + 1))]
    cells += [pa.array(frame[c], from_pandas=True) for c in columns]
    if srid is not None:
        shapes = shapely.to_wkb(shapely.set_srid(frame.geometry.to_numpy(), srid), hex=True, include_srid=True)
        cells.append(pa.array(shapes, type=pa.large_string(), from_pandas=True))
    table = pa.Table.from_arrays(cells, names=[str(i) for i in range(len(cells))])
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pyarrow.csv.write_csv(table, buffer, options)
    return buffer.getvalue()


def _frame(data: bytes, kinds: dict[str, str], *, spatial: bool) -> pd.DataFrame:
    """Read what PostgreSQL wrote: the key first, then the columns, then the geometry."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.csv

    types = {
        "int8": pa.int64(),
        "float8": pa.float64(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("ms"),
    }
    arrow = {"_key": pa.int64()} | {n: types.get(t, pa.large_string()) for n, t in kinds.items()}
    if spatial:
        arrow["_shape"] = pa.large_string()
    if not data:
        table = pa.Table.from_arrays([pa.array([], type=t) for t in arrow.values()], names=list(arrow))
    else:
        table = pyarrow.csv.read_csv(
            io.BytesIO(data),
            pyarrow.csv.ReadOptions(column_names=list(arrow), block_size=max(len(data) + 1, 1 << 16)),
            pyarrow.csv.ParseOptions(newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                column_types=arrow,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    return table.drop_columns(["_key"]).to_pandas(types_mapper=nullable.get)


def _srid(connection: psycopg.Connection, crs: Any) -> int:
    """Give the server's number of a system, entering one that it does not know."""
    if crs is None:
        return 0
    epsg = crs.to_epsg()
    if epsg and connection.execute("SELECT 1 FROM spatial_ref_sys WHERE srid = %s", (epsg,)).fetchone():
        return epsg
    wkt, proj = crs.to_wkt(), crs.to_proj4()
    found = connection.execute("SELECT srid FROM spatial_ref_sys WHERE srtext = %s", (wkt,)).fetchone()
    if found:
        return found[0]
    query = "SELECT coalesce(max(srid) + 1, %s) FROM spatial_ref_sys WHERE srid BETWEEN %s AND %s"
    ((srid,),) = connection.execute(query, (FIRST_OWN_SRID, FIRST_OWN_SRID, LAST_OWN_SRID)).fetchall()
    insert = "INSERT INTO spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text) VALUES (%s, %s, %s, %s, %s)"
    connection.execute(insert, (srid, OURS, srid, wkt, proj))
    return srid


def _system(connection: psycopg.Connection, srid: int) -> Any:
    import pyproj

    if not srid:
        return None
    query = "SELECT auth_name, srtext FROM spatial_ref_sys WHERE srid = %s"
    ((name, wkt),) = connection.execute(query, (srid,)).fetchall()
    return pyproj.CRS.from_epsg(srid) if name == "EPSG" else pyproj.CRS.from_wkt(wkt)
