"""What is written is what is read, in a file and on a real server; readers see whole layers only."""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from riskmap.data.database import Database
from riskmap.data.findings import Finding, to_frame
from riskmap.errors import DataError, OutputError
from riskmap.text import Text

KINDS = ("gpkg", "postgis")


@pytest.fixture(params=KINDS)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "gpkg":
        return Database(tmp_path / "应急 数据库.gpkg")
    return Database(request.getfixturevalue("postgis"))


@pytest.fixture(scope="module", params=KINDS)
def one_for_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database that many frames are written to in turn."""
    if request.param == "gpkg":
        yield Database(tmp_path_factory.mktemp("db") / "all.gpkg", scratch=True)
    else:
        yield Database(request.getfixturevalue("postgis_server") + "?schema=awkward")


def plain(column: pd.Series) -> list[Any]:
    """Give cells as plain Python values, None where missing: what must not change on the way."""
    cells = column.astype(object).tolist()
    return [None if v is None or v is pd.NaT or v is pd.NA or v != v else v for v in cells]  # noqa: PLR0124


LETTERS = st.one_of(
    st.sampled_from(["临淄区", "🚒", "", "=1+1", "NULL", "null", "nan", '"', "'", ",", "\\N", "\\.", "\n", "\r\n", "\t", " ", "%s", "${x}"]),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12),
)  # fmt: skip
WHOLE = st.integers(-(2**63), 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
DAYS = st.dates(datetime.date(1, 1, 1), datetime.date(9999, 12, 31))
TIMES = st.datetimes(pd.Timestamp(1678, 1, 1).to_pydatetime(), pd.Timestamp(2200, 1, 1).to_pydatetime()).map(
    lambda t: t.replace(microsecond=t.microsecond // 1000 * 1000)
)
TYPES: dict[str, tuple[Any, Any]] = {
    "text": (LETTERS, lambda v: pd.array(v, dtype="str")),
    "whole": (WHOLE, lambda v: pd.array(v, dtype="Int64")),
    "number": (NUMBERS, lambda v: np.array([np.nan if x is None else x for x in v], dtype=float)),
    "truth": (st.booleans(), lambda v: pd.array(v, dtype="boolean")),
    "day": (DAYS, lambda v: np.array(v, dtype=object)),
    "time": (TIMES, lambda v: pd.array(v, dtype="datetime64[ms]")),
}
NAMES = st.lists(
    st.one_of(
        st.sampled_from(["人口数", "设计最大量(t)", "fid", "geom", "Geometry", "select", "a b", 'a"b', "🚒", "户数/户"]),
        st.text("区县乡镇编号abcXYZ_ ", min_size=1, max_size=20).filter(lambda s: s.strip() == s),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda s: s.lower(),
)  # fmt: skip
COORDINATES = st.floats(-1e7, 1e7).map(lambda v: round(v, 3))
SHAPES: dict[str, Any] = {
    "point": st.builds(Point, COORDINATES, COORDINATES),
    "point z": st.builds(Point, COORDINATES, COORDINATES, COORDINATES),
    "mixed z": st.one_of(st.builds(Point, COORDINATES, COORDINATES), st.builds(Point, COORDINATES, COORDINATES, COORDINATES)),
    "line": st.builds(lambda a, b: LineString([a, b]), *[st.tuples(COORDINATES, COORDINATES)] * 2),
    "polygon": st.builds(lambda x, y: box(x, y, x + 10, y + 5), COORDINATES, COORDINATES),
}  # fmt: skip


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    n = draw(st.integers(0, 4))
    columns = {}
    for name in draw(NAMES):
        kind = draw(st.sampled_from(list(TYPES)))
        values, make = TYPES[kind]
        cells = draw(st.lists(st.none() | values, min_size=n, max_size=n))
        if kind == "day" and not any(cells):
            continue  # a column of nothing but NULL has no type of its own
        columns[name] = make(cells)
    frame = pd.DataFrame(columns, index=range(n))
    shape = draw(st.sampled_from([None, *SHAPES]))
    if shape is None:
        return frame if len(frame.columns) else frame.assign(a=pd.array([1] * n, dtype="Int64"))
    shapes = draw(st.lists(st.none() | SHAPES[shape], min_size=n, max_size=n))
    crs = draw(st.sampled_from(["EPSG:4490", "EPSG:4548", "EPSG:4525"]))
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs=crs, index=frame.index))


def assert_same(read: pd.DataFrame, written: pd.DataFrame) -> None:
    spatial = isinstance(written, gpd.GeoDataFrame)
    names = [c for c in written.columns if not spatial or c != written.geometry.name]
    assert [c for c in read.columns if not spatial or c != read.geometry.name] == names
    for name in names:
        assert plain(read[name]) == plain(written[name]), name
        if len(written):
            assert read[name].dtype == written[name].dtype, name
    if spatial:
        assert read.crs == written.crs
        assert shapely.to_wkb(read.geometry.to_numpy()).tolist() == shapely.to_wkb(written.geometry.to_numpy()).tolist()


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames())
def test_awkward_frames_come_back_equal(one_for_all: Database, frame: pd.DataFrame) -> None:
    before = frame.copy()
    assert one_for_all.write("awkward", frame) == []
    pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before))
    assert_same(one_for_all.read("awkward"), frame)


def villages(n: int = 50) -> gpd.GeoDataFrame:
    rows = {
        "code": pd.array([f"37030510{i:04d}" for i in range(n)], dtype="str"),
        "name": pd.array([f"示例村{i}" for i in range(n)], dtype="str"),
        "population": pd.array([None if i % 7 == 3 else 100 + i for i in range(n)], dtype="Int64"),
    }
    shapes = [Point(600_000 + 100 * (i % 10), 4_060_000 + 100 * (i // 10)) for i in range(n)]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4548")


def test_a_layer_is_replaced_whole(db: Database) -> None:
    db.write("villages", villages(50))
    db.write("villages", villages(3).drop(columns="population"))
    assert_same(db.read("villages"), villages(3).drop(columns="population"))
    assert db.layers() == ["villages"]
    assert db.columns("villages") == ["code", "name"]
    db.drop("villages")
    db.drop("villages")
    assert db.layers() == []
    with pytest.raises(DataError, match="villages"):
        db.read("villages")


def test_bbox_and_where_give_what_filtering_the_whole_layer_gives(db: Database) -> None:
    whole = villages()
    db.write("villages", whole)
    window = (600_150, 4_060_050, 600_450, 4_060_250)
    inside = whole[whole.intersects(box(*window))].reset_index(drop=True)
    assert 0 < len(inside) < len(whole)
    assert_same(db.read("villages", bbox=window), inside)
    many = whole[(whole["population"] > 120).fillna(False)].reset_index(drop=True)
    assert_same(db.read("villages", where="population > 120"), many)
    both = inside[inside["name"].isin(["示例村2", "示例村12"])].reset_index(drop=True)
    assert_same(db.read("villages", bbox=window, where="name IN ('示例村2', '示例村12')"), both)
    assert len(db.read("villages", where="population IS NULL")) == 7


def test_no_window_holds_what_has_no_place(db: Database) -> None:
    shapes = gpd.GeoSeries.from_wkt(["POINT (1 2)", "POINT EMPTY", None], crs="EPSG:4490")
    db.write("villages", gpd.GeoDataFrame({"name": ["甲", "乙", "丙"]}, geometry=shapes))
    assert db.read("villages", bbox=(-5, -5, 5, 5))["name"].tolist() == ["甲"]


def test_a_condition_that_cannot_be_evaluated_names_the_columns(db: Database) -> None:
    db.write("villages", villages(3))
    for where in ("no_such_column > 1", "population >"):
        with pytest.raises(DataError, match="population") as caught:
            db.read("villages", where=where)
        assert caught.value.code == "WHERE_INVALID"


def test_m_values_are_dropped_with_a_finding(db: Database) -> None:
    shapes = shapely.from_wkt(["POINT ZM (1 2 3 4)", "POINT Z (1 2 3)", "POINT M (1 2 4)"])
    found = db.write("pipelines", gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=shapes, crs="EPSG:4490"))
    assert [(f.code, f.rows) for f in found] == [("GEOM_MEASURE", 2)]
    back = db.read("pipelines")
    assert not shapely.has_m(back.geometry.to_numpy()).any()
    assert back.geometry.iloc[0].z == 3


def test_single_and_multi_parts_become_one_type(db: Database) -> None:
    square = box(0, 0, 1, 1)
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[square, MultiPolygon([square, box(2, 2, 3, 3)])], crs=4548)
    db.write("built_up", frame)
    assert set(db.read("built_up").geom_type) == {"MultiPolygon"}
    assert db.read("built_up").geom_equals(frame.geometry).all()


def test_findings_of_any_kind_of_place_and_of_none(db: Database) -> None:
    message = Text("错", "wrong")
    findings = [
        Finding("a", "error", "A", message, geometry=Point(1, 2)),
        Finding("a", "note", "B", message, geometry=Polygon([(0, 0), (1, 0), (1, 1)])),
        Finding("b", "warning", "C", message),
    ]
    db.write("findings", to_frame(findings, "EPSG:4548"))
    stored = db.findings()
    assert stored["severity"].tolist() == ["error", "note", "warning"]
    assert stored.geometry.isna().tolist() == [False, False, True]


def test_several_layers_all_or_none(db: Database) -> None:
    db.write("villages", villages(2))
    with pytest.raises(DataError, match="Name"), db.transaction():  # noqa: PT012 (all of it is one transaction)
        db.write("villages", villages(9))
        db.write("shelters", villages(4))
        db.write("facilities", pd.DataFrame({"name": [1], "Name": [2]}))
    assert db.layers() == ["villages"]
    assert len(db.read("villages")) == 2
    with db.transaction():
        db.write("villages", villages(9))
        db.write("shelters", villages(4))
        assert len(db.read("shelters")) == 4
    assert db.layers() == ["shelters", "villages"]


def test_what_no_database_stores_is_refused_by_name(db: Database) -> None:
    for column, values in {
        "清单": [[1], [2]],
        "字节": [b"a", b"b"],
        "空字符": ["a\0b", "c"],
        "太大": np.array([2**64 - 1, 1], dtype=np.uint64),
    }.items():
        with pytest.raises(DataError) as caught:
            db.write("villages", pd.DataFrame({column: values}))
        assert caught.value.field == column
    with pytest.raises(DataError, match="Name"):
        db.write("villages", pd.DataFrame({"name": [1], "Name": [2]}))
    assert db.layers() == []


def test_the_dictionary_says_what_columns_mean_in_chinese(db: Database) -> None:
    db.write("villages", villages(2))
    db.write("fire_stations", gpd.GeoDataFrame({"id": ["1"], "kind": ["small"]}, geometry=[Point(0, 0)], crs=4548))
    db.write_dictionary({"villages": {"population": "常住人口"}})
    words = db.read("dictionary").set_index(["layer", "field"])
    assert words.loc[("villages", "population"), ["title_zh", "source_column"]].tolist() == ["人口", "常住人口"]
    domains = db.read("domains")
    known = domains[domains["domain"] == "fire_stations.kind"].set_index("value")["title_zh"]
    assert set(known.index) >= {"special", "first_class", "second_class", "small", "township", "enterprise"}


def rows_of(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_geopackage_that_qgis_3_22_opens(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    db = Database(path)
    db.write("villages", villages())
    db.write("hazchem_inventory", pd.DataFrame({"source_id": ["a"], "quantity_t": [1.5]}))
    assert rows_of(path, "PRAGMA application_id") == [(0x47504B47,)]
    ((version,),) = rows_of(path, "PRAGMA user_version")
    assert version in (10200, 10300)
    assert rows_of(path, "PRAGMA integrity_check") == [("ok",)]
    kinds = dict(rows_of(path, "SELECT table_name, data_type FROM gpkg_contents"))
    assert kinds == {"villages": "features", "hazchem_inventory": "attributes"}
    assert rows_of(path, "SELECT count(*) FROM rtree_villages_geom") == [(50,)]
    titles = dict(rows_of(path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'villages'"))
    assert titles["population"] == "人口"
    srs = rows_of(path, "SELECT organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id > 0")
    assert (4548,) in srs


def test_the_spatial_index_answers_a_bbox(tmp_path: Path, postgis: str) -> None:
    import psycopg

    Database(postgis).write("villages", villages(2000))
    base, _, schema = postgis.partition("?schema=")
    with psycopg.connect(base) as connection:
        (kind,) = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexdef LIKE '%%gist%%'", (schema,)
        ).fetchone()
        assert "villages" in kind
        comment = connection.execute(
            "SELECT col_description(c.oid, 4) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relname = 'villages'",
            (schema,),
        ).fetchone()
    assert comment[0].startswith("人口")


def test_same_layers_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        db = Database(tmp_path / f"{name}.gpkg")
        db.write("villages", villages())
        db.write_dictionary({})
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_long_names_are_cut_by_the_server_and_come_back_whole(db: Database) -> None:
    long = [
        "重大危险源所在企业的统一社会信用代码与注册地址第一部分",
        "重大危险源所在企业的统一社会信用代码与注册地址第二部分",
    ]
    frame = pd.DataFrame({name: pd.array([str(i)], dtype="str") for i, name in enumerate(long)})
    db.write("facilities", frame)
    assert_same(db.read("facilities"), frame)


def test_layers_of_others_are_not_ours(postgis: str) -> None:
    import psycopg

    db = Database(postgis)
    db.write("villages", villages(1))
    base, _, schema = postgis.partition("?schema=")
    with psycopg.connect(base) as connection:
        connection.execute(f'CREATE TABLE "{schema}".theirs (a int)')
    assert db.layers() == ["villages"]


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(OutputError, match=r"ann@127\.0\.0\.1") as caught:
        Database("postgresql://ann:secret@127.0.0.1:1/db").layers()
    assert "secret" not in str(caught.value)


def test_a_layer_whose_table_a_killed_process_took_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    db = Database(path, scratch=True)
    db.write("villages", villages(3))
    db.write("shelters", villages(4))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE villages")
    db.mend()
    assert db.layers() == ["shelters"]
    db.write("villages", villages(5))
    assert len(db.read("villages")) == 5
    path.write_bytes(path.read_bytes()[:5000])
    db.mend()
    assert not path.exists()
