"""Formats that departments send, archives, and files that are not what they say."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from conftest import shared
from shapely import LineString, Point, box
from test_encodings import dbf

from riskmap.data import shapefiles
from riskmap.data.catalog import house
from riskmap.data.describe import describe
from riskmap.data.files import Opened, fingerprint, is_raster, open_rows
from riskmap.data.matching import match_fields
from riskmap.data.prepare import prepare_rows
from riskmap.data.spec import InputSpec
from riskmap.errors import DataError


def opened(path: Path, ours: str = "villages", **said: object) -> Opened:
    return open_rows(path, InputSpec.model_validate({"path": path.name, **said}), ours)


def frame() -> gpd.GeoDataFrame:
    names = {"名称": ["芝河", "桑壁", None], "人口": pd.array([12, None, 5], dtype="Int32")}
    return gpd.GeoDataFrame(names, geometry=[Point(118.1, 36.8), Point(118.2, 36.9), Point(118.3, 37.0)], crs=4490)


FORMATS = {
    "shp": "ESRI Shapefile",
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "fgb": "FlatGeobuf",
    "gdb": "OpenFileGDB",
}


@pytest.mark.parametrize("ending", FORMATS)
def test_vector_formats_keep_names_values_and_nulls(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"村庄.{ending}"
    options = {"SPATIAL_INDEX": "NO"} if ending == "fgb" else {}
    given = frame().to_crs(4326) if ending == "geojson" else frame()
    pyogrio.write_dataframe(given, path, driver=FORMATS[ending], **options)
    got = opened(path).frame
    assert got["名称"].astype(object).where(got["名称"].notna(), None).tolist() == ["芝河", "桑壁", None]
    assert got["人口"].astype("Float64").tolist()[0] == 12
    assert got.geometry.x.tolist() == pytest.approx([118.1, 118.2, 118.3])
    assert got["人口"].isna().tolist() == [False, True, False]


def test_mapinfo_without_a_code_page_is_chinese_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.tab"
    pyogrio.write_dataframe(
        frame().rename(columns={"名称": "mc", "人口": "rk"}), path, driver="MapInfo File", encoding="GBK"
    )
    got = opened(path)
    assert got.frame["mc"].tolist()[:2] == ["芝河", "桑壁"]
    assert [f.code for f in got.findings] == ["ENCODING_GUESSED"]


def test_kml(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    pyogrio.write_dataframe(frame().rename(columns={"名称": "Name"}).to_crs(4326), path, driver="KML")
    got = opened(path).frame
    assert got["Name"].tolist()[:2] == ["芝河", "桑壁"]
    assert got.crs == "EPSG:4326"


def test_chinese_names_in_a_kml_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    data = "".join(
        f'<Data name="{k}"><value>{v}</value></Data>' for k, v in {"编号": "S1", "名称": "一中", "容量": 9}.items()
    )
    place = f"<Placemark><ExtendedData>{data}</ExtendedData><Point><coordinates>118.3,36.8</coordinates></Point></Placemark>"
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{place}</Document></kml>', encoding="utf-8")
    got = opened(path).frame
    assert [str(got[c][0]) for c in ("编号", "名称", "容量")] == ["S1", "一中", "9"]


def test_dxf_points_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.dxf"
    drawing = gpd.GeoDataFrame({"Layer": ["0", "0"]}, geometry=[Point(1, 2), LineString([(0, 0), (5, 5)])])
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.write_dataframe(drawing, path, driver="DXF")
    got = opened(path).frame
    assert got.crs is None
    assert set(got.geom_type) == {"Point", "LineString"}


class _Packed(zipfile.ZipInfo):
    """A member whose name is written in bytes of a code page, without the UTF-8 flag."""

    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 (the library's name)
        return self.raw, self.flag_bits & ~0x800


def zipped(folder: Path, target: Path, *, encoding: str = "utf-8") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = part.relative_to(folder).as_posix()
            if encoding == "utf-8":
                archive.write(part, name)
            else:  # as Windows packs it: bytes of the code page, no UTF-8 flag
                info = _Packed(name)
                info.raw = name.encode(encoding)
                archive.writestr(info, part.read_bytes())
    return target


@pytest.mark.parametrize("ending", ["shp", "gdb", "gpkg"])
def test_zipped_vectors(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "in" / "下一层"
    folder.mkdir(parents=True)
    pyogrio.write_dataframe(frame(), folder / f"村庄.{ending}", driver=FORMATS[ending])
    got = opened(zipped(tmp_path / "in", tmp_path / "a.zip")).frame
    assert len(got) == 3
    assert got.crs == "EPSG:4490"


def test_member_names_in_the_code_page_of_chinese_windows(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    pyogrio.write_dataframe(frame(), folder / "村庄.shp", driver="ESRI Shapefile")
    got = opened(zipped(folder, tmp_path / "a.zip", encoding="gbk"))
    assert (got.sub, len(got.frame)) == ("村庄", 3)


def test_a_zip_of_several_datasets_needs_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "说明.pdf").write_bytes(b"x")
    (folder / "villages.csv").write_text("名称,lon,lat\na,118,36\n", encoding="utf-8")
    (folder / "roads.csv").write_text("名称,lon,lat\nb,118,36\n", encoding="utf-8")
    path = zipped(folder, tmp_path / "a.zip")
    assert opened(path).frame["名称"].tolist() == ["a"], "the one called like the layer"
    assert opened(path, "facilities", layer="roads.csv").frame["名称"].tolist() == ["b"]
    with pytest.raises(DataError, match=r"roads\.csv") as caught:
        opened(path, "facilities")
    assert caught.value.code == "FILE_SEVERAL"


@pytest.mark.parametrize("member", ["../../out.csv", "/etc/out.csv", "C:\\out.csv", "..\\out.csv", "a/../../out.csv"])
def test_members_outside_the_folder(tmp_path: Path, member: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
        archive.writestr(zipfile.ZipInfo(member), "x")
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "ZIP_PATH"


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from riskmap.data import archives

    monkeypatch.setattr(archives, "SMALL", 1 << 20)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (8 << 20))
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "ZIP_TOO_LARGE"


def test_locked_and_damaged_and_empty_archives(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    raw = bytearray(path.read_bytes())
    for at in (raw.find(b"PK\x03\x04") + 6, raw.find(b"PK\x01\x02") + 8):
        raw[at] |= 1
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "ZIP_LOCKED"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.docx", "x")
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "ZIP_NOTHING"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n" + "1,2\n" * 50)
    whole = path.read_bytes()
    start = whole.find(b"a,b\n")
    path.write_bytes(whole[: start + 9] + b"X" + whole[start + 10 :])  # one byte flipped: the checksum tells
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "FILE_TRUNCATED"


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("a.shp", b"<!DOCTYPE html><html>", "FILE_TYPE", "web page"),
        ("a.gpkg", b"\xef\xbb\xbf<html>", "FILE_TYPE", "web page"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "FILE_TYPE", "old Office"),
        ("a.zip", b"Rar!\x1a\x07", "FILE_TYPE", "RAR"),
        ("a.tif", b"\0" * 100, "FILE_TYPE", "zeros"),
        ("a.dxf", b"AC1027", "FILE_TYPE", "DWG"),
        ("a.gpkg", b"", "FILE_EMPTY", "0 bytes"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"ty', "FILE_UNREADABLE", "cannot be read"),
        ("a.gpkg", b"SQLite format 3\0" + b"\1" * 2000, "FILE_UNREADABLE", "cannot be read"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path: Path, name: str, content: bytes, code: str, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        opened(path)
    assert caught.value.code == code
    assert caught.value.remedy is not None


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        opened(tmp_path / "none.shp")
    (tmp_path / "县界.shp").touch()
    (tmp_path / "roads.csv").touch()
    with pytest.raises(DataError, match=r"does not exist; did you mean '县界.shp'\?"):
        opened(tmp_path / "县界线.shp")


def shapefile(folder: Path, **options: str) -> Path:
    pyogrio.write_dataframe(frame(), folder / "a.shp", driver="ESRI Shapefile", **options)
    return folder / "a.shp"


def test_a_lost_shx_is_rebuilt_in_a_copy(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    index = path.with_suffix(".shx").read_bytes()
    assert shapefiles.index_of(path.read_bytes()) == index
    path.with_suffix(".shx").unlink()
    before = sorted(tmp_path.iterdir())
    got = opened(path)
    assert len(got.frame) == 3
    assert [f.code for f in got.findings] == ["FILE_SIDECAR"]
    assert sorted(tmp_path.iterdir()) == before


def test_a_lost_dbf_and_a_cut_shp_are_errors(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "FILE_TRUNCATED"
    path.write_bytes(whole)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "FILE_PART_MISSING"


@pytest.mark.parametrize("upper", [".CPG", ".DBF", ".SHX"])
def test_endings_in_capitals(tmp_path: Path, upper: str) -> None:
    path = shapefile(tmp_path, encoding="GBK")
    path.with_suffix(upper.lower()).rename(path.with_suffix(upper))
    assert opened(path).frame["名称"].tolist()[:2] == ["芝河", "桑壁"]


def test_the_language_byte_is_a_claim(tmp_path: Path) -> None:
    path = shapefile(tmp_path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = 0
    path.with_suffix(".dbf").write_bytes(table)
    assert [f.code for f in opened(path).findings] == ["ENCODING_GUESSED"]
    table[29] = 0x4D
    path.with_suffix(".dbf").write_bytes(table)
    assert not opened(path).findings
    assert opened(path).frame["名称"].iloc[0] == "芝河"


def test_cells_and_names_cut_in_the_middle_of_a_character(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    name, cell = "受威胁人数".encode()[:10], "芝河镇人民政府".encode()[:10]
    path.with_suffix(".dbf").write_bytes(dbf([(name, 10)], [[cell], [b"ok"], [b""]]))
    source = path.with_suffix(".dbf").read_bytes()
    got = opened(path).frame
    assert got.columns.tolist() == ["受威胁", "geometry"]
    assert got["受威胁"].tolist()[:2] == ["芝河镇", "ok"]
    assert path.with_suffix(".dbf").read_bytes() == source


def test_curves_become_lines(tmp_path: Path) -> None:
    import sqlite3

    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(
        gpd.GeoDataFrame({"a": [1]}, geometry=[LineString([(0, 0), (1, 1)])], crs=4548),
        path,
        layer="a",
        geometry_type="Unknown",
    )
    # CIRCULARSTRING (0 0, 1 1, 2 0) as GeoPackage writes it
    wkb = struct.pack("<BII6d", 1, 8, 3, 0, 0, 1, 1, 2, 0)
    head = b"GP\0\x01" + struct.pack("<i", 4548)
    with sqlite3.connect(path) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{trigger}"')
        db.execute("UPDATE a SET geom = ?", (head + wkb,))
    db.close()
    got = opened(path, "roads").frame
    assert got.geom_type.tolist() == ["LineString"]
    assert got.length.iloc[0] == pytest.approx(np.pi, rel=1e-3)


def test_several_layers_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for name in ("甲", "乙"):
        pyogrio.write_dataframe(frame(), path, layer=name)
    with pytest.raises(DataError, match="2 layers"):
        opened(path)
    assert opened(path, layer="甲").sub == "甲"
    pyogrio.write_dataframe(frame().iloc[:1], path, layer="villages")
    assert len(opened(path).frame) == 1
    with pytest.raises(DataError, match="no layer or sheet"):
        opened(path, layer="丙")


def test_a_table_without_geometry_in_a_vector_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(
        pd.DataFrame({"名称": ["a"], "lon": [118.0], "lat": [36.0]}), path, layer="t", driver="GPKG"
    )
    got = opened(path).frame
    assert not isinstance(got, gpd.GeoDataFrame)
    assert got["lon"].tolist() == [118.0]


def test_where_on_a_vector_file(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(frame(), path, layer="a")
    got = opened(path, where="人口 > 6 AND 名称 = '芝河'")
    assert (len(got.frame), got.rows_in_file) == (1, 3)
    assert isinstance(got.frame, gpd.GeoDataFrame)


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".shp"])
def test_a_column_called_geometry_is_kept(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [118.3, 36.8]}}
    given = {"type": "FeatureCollection", "features": [feature | {"properties": {"name": "甲", "geometry": "沟口"}}]}
    if ending == ".geojson":
        path.write_text(json.dumps(given), encoding="utf-8")
    else:
        frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[Point(118.3, 36.8)], crs="EPSG:4490").rename_geometry("g")
        pyogrio.write_dataframe(frame.assign(geometry="沟口")[["name", "geometry", "g"]], path, encoding="UTF-8")
    given_ = opened(path)
    assert given_.frame["geometry_2"].tolist() == ["沟口"]
    assert given_.frame.geometry.iloc[0].wkt == "POINT (118.3 36.8)"
    assert [f.code for f in given_.findings if f.code == "FIELD_RENAMED"] == ["FIELD_RENAMED"]


def test_a_table_of_an_old_database(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"名称": ["芝河镇"], "人口": [12]}, geometry=[Point(1, 1)], crs="EPSG:4490")
    pyogrio.write_dataframe(frame, tmp_path / "a.shp", encoding="GBK")
    for ending in (".shp", ".shx", ".prj", ".cpg"):
        (tmp_path / f"a{ending}").unlink()
    table = opened(tmp_path / "a.dbf")
    assert table.frame.to_numpy().tolist() == [["芝河镇", 12]]
    assert table.encoding.name == "GB18030"


def test_columns_that_a_placemark_brings_give_way_to_the_senders(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"编号": ["7"], "名称": ["甲"]}, geometry=[Point(118.3, 36.8)], crs="EPSG:4326")
    pyogrio.write_dataframe(frame, tmp_path / "a.kml", driver="LIBKML")
    given_ = opened(tmp_path / "a.kml", "shelters")
    columns = [c for c in given_.frame.columns if c != "geometry"]
    taken = match_fields(columns, house().layer("shelters"), {}, headings=given_.headings).mapping
    assert (taken["id"], taken["name"]) == ("编号", "名称")
    bare = match_fields(["id", "Name"], house().layer("shelters"), {}, headings=given_.headings).mapping
    assert (bare["id"], bare["name"]) == ("id", "Name")


def test_a_file_of_another_kind_than_the_layer(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    frame().to_file(tmp_path / "a.gpkg")
    for file, layer, kind in (("a.tif", "villages", "a raster"), ("a.gpkg", "dem", "a point")):
        found = prepare_rows(tmp_path / file, InputSpec(path=file), house().layer(layer)).findings
        told = [f for f in found if f.severity == "error"]
        assert [f.code for f in told] == ["LAYER_KIND"]
        assert kind in told[0].message.en


def test_lengths_that_a_damaged_file_states_wrongly_are_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.fgb"
    pyogrio.write_dataframe(frame(), path, driver="FlatGeobuf")
    data = bytearray(path.read_bytes())
    at = data.index("芝河".encode())
    data[at - 4 : at] = struct.pack("<I", 4000)  # the length of the text before it
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        opened(path)
    assert caught.value.code == "FILE_UNREADABLE"


def test_a_zip_with_a_member_of_no_name(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "名称,人口\n甲,1\n")
        archive.writestr("x", b"")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"x", b"\0"))
    assert len(opened(path).frame) == 1


def test_fingerprints_of_folders_and_parts(tmp_path: Path) -> None:
    path = shapefile(tmp_path)
    first = fingerprint(path)
    shutil.copy(path, tmp_path / "other.shp")
    assert fingerprint(path) == first, "other files beside it do not count"
    path.with_suffix(".prj").write_text("x", encoding="ascii")
    assert fingerprint(path) != first
    pyogrio.write_dataframe(frame(), tmp_path / "a.gdb", driver="OpenFileGDB")
    assert len(fingerprint(tmp_path / "a.gdb")) == 64


def test_rasters_by_ending() -> None:
    assert is_raster(Path("a.TIF"))
    assert is_raster(Path("a.nc"))
    assert not is_raster(Path("a.gpkg"))


def test_a_file_is_known_by_the_upper_of_two_header_rows_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.append(["编号", "名称", "灾种", "经度", "纬度", "威胁对象", None])
    page.append([None, None, None, None, None, "人数", "户数"])
    page.append(["1", "甲", "滑坡", "118°18′", "36°48′30″", 12, 3])
    for cells in ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:E2", "F1:G1"):
        page.merge_cells(cells)
    book.save(tmp_path / "a.xlsx")
    part = describe(tmp_path / "a.xlsx").parts[0]
    assert part.looks is not None
    assert "degrees" in part.looks.en
    best = part.candidates[0]
    assert (best.layer, best.mapping["threatened_people"]) == ("geohazard_points", "人数")


def test_describe(tmp_path: Path) -> None:
    path = tmp_path / "隐患点.csv"
    path.write_text("yhdbh,yhdmc,yhdlx,wxrsr,经度,纬度\n1,a,滑坡,3,118.1,36.8\n2,b,崩塌,,118.2,36.9\n", encoding="gbk")
    told = describe(path)
    (part,) = told.parts
    assert (part.encoding, part.rows, part.facts) == ("GB18030", 2, {"x": "经度", "y": "纬度"})
    assert part.candidates[0].layer == "geohazard_points"
    assert part.candidates[0].mapping["threatened_people"] == "wxrsr"
    assert {c.name: c.missing for c in part.columns}["wxrsr"] == 1


def test_describe_a_zip_of_several(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("名称,x\n甲,1\n", encoding="utf-8")
    (folder / "b.csv").write_text("名称,y\n乙,1\n", encoding="utf-8")
    told = describe(zipped(folder, tmp_path / "a.zip"))
    assert [p.name for p in told.parts] == ["a.csv: ", "b.csv: "]
    assert told.format == "csv (zip)"


def test_real_files_of_the_open_data() -> None:
    data = shared() / "data"
    chongqing = opened(data / "tables" / "chongqing_区县界_gbk_dbf.zip", "boundary")
    assert chongqing.encoding is not None
    assert chongqing.encoding.name == "GB18030"
    assert (len(chongqing.frame), chongqing.frame["NAME"].iloc[0]) == (38, "奉节县")
    shenzhen = opened(data / "tables" / "shenzhen_区_noprj.zip", "boundary")
    assert shenzhen.frame.crs is None
    assert shenzhen.frame["qh"].tolist()[:2] == ["罗湖", "福田"]
    edges = opened(data / "roads" / "jinan_original_shp.zip", "roads", layer="edges")
    assert len(edges.frame) == 28_597
    plants = opened(data / "facilities" / "wri_power_plants_china.csv.gz", "facilities")
    assert len(plants.frame) == 3137
    census = opened(data / "population" / "census2020_population.csv", "townships")
    assert (len(census.frame), census.encoding.name) == (2990, "UTF-8-SIG")
    assert census.frame["CODE"].iloc[0].isdigit()


@pytest.mark.skipif(os.name == "nt", reason="rights are otherwise on Windows")
def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.shp").mkdir()
    with pytest.raises(DataError):
        opened(tmp_path / "a.shp")


def test_boxes_of_geometry_are_kept_exactly(tmp_path: Path) -> None:
    shape = shapely.segmentize(box(118.123456789, 36.8, 118.2, 36.9), 0.01)
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs=4490), path, layer="a")
    assert opened(path, "built_up").frame.geometry.iloc[0].equals_exact(shape, 0)


@pytest.mark.filterwarnings("ignore")  # GDAL has much to say of damaged files
@pytest.mark.parametrize("seed", range(8))
def test_damaged_files_are_findings_never_a_crash(tmp_path: Path, seed: int) -> None:
    """Bytes of a sound delivery changed at random: what comes out is rows that add up, or errors in words."""
    chance = random.Random(seed)
    sound = tmp_path / "sound"
    sound.mkdir()
    given = frame().rename(columns={"名称": "name", "人口": "rk"})
    pyogrio.write_dataframe(given, sound / "a.shp", encoding="GBK")
    pyogrio.write_dataframe(given.to_crs(4326), sound / "a.geojson")
    given.drop(columns="geometry").assign(lon=118.3, lat=36.8).to_csv(sound / "a.csv", encoding="gb18030")
    given.drop(columns="geometry").to_excel(sound / "a.xlsx")
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(sound, folder)
        hurt = chance.choice(sorted(p for p in folder.iterdir() if p.suffix != ".shx"))
        data = bytearray(hurt.read_bytes())
        for _ in range(chance.choice([1, 4, 30])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        hurt.write_bytes(data[: chance.choice([len(data), len(data), len(data) // 2])])
        file = hurt.name if hurt.suffix in (".geojson", ".csv", ".xlsx") else "a.shp"
        rows = prepare_rows(folder / file, InputSpec(path=file), house().layer("villages"))
        assert rows.errors or rows.source.rows_in == rows.source.rows_reported + rows.source.rows_out
        assert all(f.message.zh for f in rows.findings)
