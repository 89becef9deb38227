"""Where things are: coordinate columns, systems, axes, web-map datums, shifts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, Point, Polygon, box

from riskmap import webdatums
from riskmap.crs import zone_of
from riskmap.data import places, positions, shapes, shift, systems
from riskmap.data.catalog import house
from riskmap.data.ledger import Ledger
from riskmap.data.positions import degrees_of
from riskmap.data.prepare import prepare_rows
from riskmap.data.spec import InputSpec
from riskmap.errors import CRSError, DataError, MissingCRSError

VILLAGES = house().layer("villages")
ZONE = "EPSG:4548"


def ledger() -> Ledger:
    return Ledger("villages", "a.csv")


def points(table: dict[str, list[Any]], crs: str | None, **fields: str) -> tuple[gpd.GeoDataFrame, Ledger]:
    book, spec = ledger(), InputSpec(path="a.csv", crs=crs, fields=fields)
    frame = pd.DataFrame(table)
    columns = positions.point_columns(list(frame.columns), spec)
    assert columns is not None
    return positions.points_of(frame, columns, spec, VILLAGES, book), book


def codes(book: Ledger) -> list[str]:
    return sorted(f.code for f in book.findings)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("118°18′30″", 118 + 18 / 60 + 30 / 3600),
        ("118°18'30.5\"", 118 + 18 / 60 + 30.5 / 3600),
        ("118-18-30", 118 + 18 / 60 + 30 / 3600),
        ("118:18:30", 118 + 18 / 60 + 30 / 3600),
        ("118度18分30秒", 118 + 18 / 60 + 30 / 3600),
        ("E118°18′30″", 118 + 18 / 60 + 30 / 3600),
        ("东经118°18′30″", 118 + 18 / 60 + 30 / 3600),
        ("36°47’12”N", 36 + 47 / 60 + 12 / 3600),
        ("118°18.5′", 118 + 18.5 / 60),
        ("118 18 30", 118 + 18 / 60 + 30 / 3600),
        ("118.18.30", 118 + 18 / 60 + 30 / 3600),
        ("118 18 30E", 118 + 18 / 60 + 30 / 3600),
        ("36 47 12.5 N", 36 + 47 / 60 + 12.5 / 3600),
        ("东经 118 18 30", 118 + 18 / 60 + 30 / 3600),
        ("W 118 18 30", -(118 + 18 / 60 + 30 / 3600)),
        ("118.305°", 118.305),
        ("北纬36.8", 36.8),
        ("１１８°１８′３０″", 118 + 18 / 60 + 30 / 3600),
        ("118°60′00″", None),
        ("118-18-60", None),
        ("118-18-30-5", None),
        ("1181830", None),
        ("甲", None),
    ],
)
def test_degrees_minutes_seconds(text: str, degrees: float | None) -> None:
    got = degrees_of(text)
    assert np.isnan(got) if degrees is None else got == pytest.approx(degrees, abs=1e-12)


@given(
    st.integers(73, 135),
    st.integers(0, 59),
    st.integers(0, 59),
    st.sampled_from(["{}°{}′{}″", "{}-{}-{}", "{}度{}分{}秒", "{}:{}:{}"]),
)
def test_any_form_of_the_same_angle(d: int, m: int, s: int, form: str) -> None:
    assert degrees_of(form.format(d, m, s)) == pytest.approx(d + m / 60 + s / 3600, abs=1e-12)


def test_points_of_a_table() -> None:
    frame, book = points(
        {"名称": ["a", "b", "c"], "经度": ["118.3", "118°18′", None], "纬度": [36.8, 36.9, 37.0]}, "EPSG:4490"
    )
    assert frame.crs == "EPSG:4490"
    assert frame.geometry.x.tolist()[:2] == pytest.approx([118.3, 118.3])
    assert frame.geometry.isna().tolist() == [False, False, True]
    assert codes(book) == ["COORD_DMS"]


def test_declared_columns_and_none() -> None:
    frame, _ = points({"东": [118.3], "北": [36.8]}, "EPSG:4490", x="东", y="北")
    assert frame.geometry.iloc[0].equals(Point(118.3, 36.8))
    assert positions.point_columns(["名称", "经度"], InputSpec(path="a")) is None
    with pytest.raises(DataError, match="no coordinate columns"):
        positions.require_place(pd.DataFrame({"名称": []}), VILLAGES, "a.csv")


def test_every_pair_is_put_in_order_by_itself() -> None:
    frame, book = points({"lon": [118.3, 36.8, 118.4], "lat": [36.8, 118.3, 36.9]}, "EPSG:4490")
    assert frame.geometry.x.tolist() == [118.3, 118.3, 118.4]
    (swapped,) = book.findings
    assert (swapped.code, swapped.named) == ("LONLAT_SWAPPED", ("2",))
    told = book.repairs_frame()
    assert told[["row_id", "before", "after"]].to_numpy().tolist() == [["2", "36.8, 118.3", "118.3, 36.8"]]


@given(st.floats(73, 136), st.floats(3, 54))
def test_swapping_is_never_in_doubt(lon: float, lat: float) -> None:
    crs = pyproj.CRS("EPSG:4490")
    assert not systems.swapped(lon, lat, crs)
    assert systems.swapped(lat, lon, crs)


@pytest.mark.parametrize("prefix", [0, 39_000_000])
def test_surveyors_axes(prefix: int) -> None:
    crs = "EPSG:4548" if not prefix else "EPSG:4527"
    frame, book = points({"X": [4070000.0, 4071000.0], "Y": [prefix + 600000.0, prefix + 600100.0]}, crs)
    assert codes(book) == ["AXIS_SWAPPED"]
    assert frame.geometry.y.tolist() == [4070000.0, 4071000.0]


def test_zero_and_impossible_pairs_leave_the_layer_with_their_people() -> None:
    table = {"lon": [118.3, 0.0, 1183.0, 118.5], "lat": [36.8, 0.0, 36.8, 36.9], "population": [10, 20, 30, 40]}
    frame, book = points(table, "EPSG:4490")
    assert frame["population"].tolist() == [10, 40]
    assert {f.code: (f.dropped, f.facts["people_without_position"]) for f in book.findings} == {
        "COORD_ZERO": (1, 20.0),
        "COORD_IMPOSSIBLE": (1, 30.0),
    }
    assert book.dropped == 2
    assert book.repairs_frame()["before"].str.contains("population=").all()


@pytest.mark.parametrize(
    ("x", "y", "looks", "say"),
    [
        ([118.1, 118.4], [36.6, 37.0], "degrees", "EPSG:4490"),
        ([36.6, 37.0], [118.1, 118.4], "swapped", "EPSG:4490"),
        ([45.0, 46.0], [80.0, 82.0], "swapped", "EPSG:4490"),
        ([39_400_000, 39_500_000], [4_060_000, 4_070_000], "3-degree zone 39", "EPSG:4527"),
        ([20_400_000, 20_500_000], [4_060_000, 4_070_000], "6-degree zone 20", "EPSG:4498"),
        ([400_000, 500_000], [4_060_000, 4_070_000], "without prefix", "EPSG:45xx"),
        ([4_060_000, 4_070_000], [400_000, 500_000], "northing", "EPSG:45xx"),
        ([4_060_000, 4_070_000], [39_400_000, 39_500_000], "northing", "EPSG:4527"),
        ([1e9, 2e9], [1, 2], "no system", "EPSG:…"),
        ([], [], "no coordinates", "EPSG:4490"),
    ],
)
def test_what_numbers_look_like(x: list[float], y: list[float], looks: str, say: str) -> None:
    text, suggestion = systems.guess(np.array(x, float), np.array(y, float))
    assert looks in text.en
    assert suggestion == say


def frame_at(x: float, y: float, crs: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(x, y)], crs=crs)


def test_a_missing_system_says_what_the_numbers_look_like() -> None:
    with pytest.raises(MissingCRSError, match="look like degrees") as caught:
        systems.in_stated_system(frame_at(118.3, 36.8, None), None, VILLAGES, ledger())
    assert caught.value.code == "CRS_MISSING"
    assert "EPSG:4490" in caught.value.remedy.en


def test_the_declaration_wins_with_a_warning() -> None:
    book = ledger()
    frame, said = systems.in_stated_system(frame_at(118.3, 36.8, "EPSG:4326"), "EPSG:4490", VILLAGES, book)
    assert said == "EPSG:4490"
    assert frame.geometry.iloc[0].equals(Point(118.3, 36.8)), "nothing moves"
    assert codes(book) == ["CRS_OVERRIDDEN"]
    book = ledger()
    systems.in_stated_system(frame_at(118.3, 36.8, "EPSG:4490"), "EPSG:4490", VILLAGES, book)
    assert not book.findings
    systems.in_stated_system(frame_at(118.3, 36.8, "EPSG:4326"), "GCJ-02", VILLAGES, book)
    assert codes(book) == ["CRS_CONVERTED"], "a file of degrees cannot say GCJ-02 itself"


def test_a_table_is_no_layer_of_heights(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("村名,经度,纬度\n甲,118.3,36.8\n", encoding="utf-8")
    done = prepare_rows(tmp_path / "a.csv", InputSpec(path="a.csv", crs="EPSG:4490"), house().layer("dem"))
    assert [f.code for f in done.findings if f.severity == "error"] == ["LAYER_KIND"], "it does have coordinate columns"


def test_a_delivery_over_whose_old_datum_another_system_is_declared_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    frame_at(500000, 4070000, "EPSG:2380").to_file(path)  # Xian 80
    done = prepare_rows(path, InputSpec(path=str(path), crs="EPSG:4546"), VILLAGES)
    told = [f for f in done.findings if f.code == "CRS_OVERRIDDEN"]
    assert [f.severity for f in told] == ["warning"]
    assert "EPSG:2380" in told[0].message.en
    assert done.source.crs_in == "EPSG:4546"


@pytest.mark.parametrize("web", ["GCJ-02", "BD-09"])
def test_web_datums_are_converted_once_and_told(web: webdatums.WebDatum) -> None:
    lon, lat = webdatums.TO[web](118.3, 36.8)
    book = ledger()
    frame, said = systems.in_stated_system(frame_at(float(lon), float(lat), "EPSG:4490"), web, VILLAGES, book)
    assert said == web
    assert (frame.geometry.x.iloc[0], frame.geometry.y.iloc[0]) == pytest.approx((118.3, 36.8), abs=1e-9)
    assert codes(book) == ["CRS_CONVERTED"]
    assert 100 < book.findings[0].facts["moved_m"] < 2000


@pytest.mark.parametrize("code", ["EPSG:2434", "EPSG:2401", "EPSG:4214", "EPSG:2327", "EPSG:2390", "EPSG:4610"])
def test_old_datums_are_refused(code: str) -> None:
    crs = pyproj.CRS(code)
    at = (118.3, 36.8) if crs.is_geographic else (500_000, 4_070_000)
    with pytest.raises(CRSError, match="old datum"):
        systems.in_stated_system(frame_at(*at, crs), None, VILLAGES, ledger())


def test_an_old_datum_under_another_name_is_known_by_its_ellipsoid() -> None:
    wkt = pyproj.CRS("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +type=crs").to_wkt()
    with pytest.raises(CRSError, match="old datum"):
        systems.in_stated_system(frame_at(500_000, 4_070_000, wkt), None, VILLAGES, ledger())


def test_an_old_datum_with_stated_parameters_is_transformed_with_them() -> None:
    stated = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0 +units=m +type=crs"
    book = ledger()
    frame, _ = systems.in_stated_system(frame_at(500_000, 4_070_000, None), stated, VILLAGES, book)
    assert codes(book) == ["CRS_STATED_SHIFT"]
    lonlat = frame.to_crs("EPSG:4490").geometry.iloc[0]
    without = frame.set_crs("EPSG:4548", allow_override=True).to_crs("EPSG:4490").geometry.iloc[0]
    metres = pyproj.Geod(ellps="GRS80").inv(lonlat.x, lonlat.y, without.x, without.y)[2]
    assert 20 < metres < 300


@pytest.mark.parametrize(
    ("crs", "x", "y", "code"),
    [
        ("EPSG:4548", 39_500_000, 4_070_000, "CRS_ZONE_PREFIX"),
        ("EPSG:4527", 500_000, 4_070_000, "CRS_ZONE_PREFIX"),
        ("EPSG:4548", 118.3, 36.8, "CRS_CONTRADICTED"),
        ("EPSG:4490", 500_000, 4_070_000, "CRS_CONTRADICTED"),
        ("EPSG:4548", 500_000, 4_070_000, None),
        ("EPSG:4527", 39_500_000, 4_070_000, None),
        ("EPSG:3857", 13_170_000, 4_400_000, None),
        ("+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +ellps=GRS80 +type=crs", 1_200_000, 4_000_000, None),
        ("EPSG:32650", 500_000, 4_070_000, None),
    ],
)
def test_numbers_against_the_system(crs: str, x: float, y: float, code: str | None) -> None:
    def act() -> Any:
        return systems.in_stated_system(frame_at(x, y, crs), None, VILLAGES, ledger())

    if code is None:
        act()
        return
    with pytest.raises(CRSError) as caught:
        act()
    assert caught.value.code == code


AREA = places.Area(box(600_000, 4_060_000, 640_000, 4_090_000), pyproj.CRS(ZONE))


def test_a_wrong_zone_names_the_right_one() -> None:
    right = frame_at(620_000, 4_070_000, ZONE)
    places.require_in_area(right, AREA, VILLAGES, "a.shp", given=right)
    given_ = frame_at(620_000, 4_070_000, "EPSG:4547")
    with pytest.raises(CRSError, match="outside the area") as caught:
        places.require_in_area(given_.to_crs(ZONE), AREA, VILLAGES, "a.shp", given=given_)
    assert "EPSG:4548" in caught.value.remedy.en
    degrees = frame_at(110.5, 36.8, "EPSG:4490")
    with pytest.raises(DataError) as elsewhere:
        places.require_in_area(degrees.to_crs(ZONE), AREA, VILLAGES, "a.shp", given=degrees)
    assert elsewhere.value.code == "LAYER_ELSEWHERE"
    neighbour = frame_at(650_000, 4_070_000, ZONE)
    places.require_in_area(neighbour, AREA, VILLAGES, "a.shp", given=neighbour)


def test_vector_axes_are_put_right_where_all_of_a_shape_agrees() -> None:
    book = ledger()
    half = LineString([(36.8, 118.3), (118.4, 36.9)])
    shapes_ = [Point(36.8, 118.3, 55), Point(118.4, 36.9), half, None]
    turned = shapes.in_axis_order(gpd.GeoDataFrame(geometry=shapes_, crs="EPSG:4490"), book)
    assert turned.geometry.iloc[0].wkt == "POINT Z (118.3 36.8 55)"
    assert turned.geometry.iloc[1:3].tolist() == shapes_[1:3]
    assert turned.geometry.iloc[3] is None
    assert [(f.code, f.named) for f in book.findings] == [("LONLAT_SWAPPED", ("1",))]
    assert book.repairs_frame()[["row_id", "before", "after"]].to_numpy().tolist() == [
        ["1", "36.8, 118.3", "118.3, 36.8"]
    ]
    right = gpd.GeoDataFrame(geometry=[Point(118.4, 36.9)], crs="EPSG:4490")
    assert shapes.in_axis_order(right, ledger()) is right


def test_a_place_is_one_point() -> None:
    single, several = shapely.MultiPoint([(1, 2, 7)]), shapely.MultiPoint([(0, 0.5), (9, 1), (30, 2)])
    frame, book = whole([single, several, Point(5, 5)], "geohazard_points")
    assert [g.wkt for g in frame.geometry] == ["POINT Z (1 2 7)", "POINT (9 1)", "POINT (5 5)"]
    assert [(f.code, f.severity, f.named) for f in book.findings] == [("GEOM_SEVERAL_POINTS", "warning", ("2",))]
    assert book.repairs_frame()["before"].tolist() == [several.wkt]


def test_rows_of_another_zone_are_named() -> None:
    book = Ledger("villages", "a.csv")
    spec = house().layer("villages")

    def of(x: list[float], crs: str) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(geometry=[Point(v, 4_070_000) for v in x], crs=crs)

    for x, crs, zones in (
        ([37_500_500, 38_300_600], "EPSG:4525", "38"),
        ([500_500, 37_500_500], "EPSG:4546", "37"),
        ([37_500_500, 500_500], "EPSG:4525", "-"),
    ):
        with pytest.raises(CRSError, match=f"prefix {zones}: 1 row: 2") as caught:
            systems.in_stated_system(of(x, crs), None, spec, book)
        assert caught.value.code == "CRS_ZONES_MIXED"
    with pytest.raises(CRSError) as other:
        systems.in_stated_system(of([38_300_600, 38_300_700], "EPSG:4525"), None, spec, book)
    assert (other.value.code, "EPSG:4526" in other.value.remedy.en) == ("CRS_ZONE_PREFIX", True)
    # a province in one system reaches beyond its zone
    assert len(systems.in_stated_system(of([-20_000, 1_010_000], "EPSG:4547"), None, spec, book)[0]) == 2


def test_heights_stay_when_a_web_datum_is_taken_back() -> None:
    frame = gpd.GeoDataFrame(geometry=[Point(118.3, 36.8, 55), Point(118.4, 36.9)], crs="EPSG:4490")
    back, _ = systems.in_stated_system(frame, "GCJ-02", house().layer("villages"), ledger())
    assert back.geometry.iloc[0].z == 55
    assert not back.geometry.iloc[1].has_z


def whole(geometry: list[Any], layer: str = "hazard_flood", **columns: Any) -> tuple[gpd.GeoDataFrame, Ledger]:
    book = Ledger(layer, "a.gpkg")
    return shapes.whole(gpd.GeoDataFrame(columns, geometry=geometry, crs=ZONE), house().layer(layer), book), book


def test_broken_polygons_are_mended_with_their_areas() -> None:
    bow = Polygon([(0, 0), (3000, 3000), (3000, 0), (0, 3000)])
    frame, book = whole([bow, box(0, 0, 1000, 1000)])
    assert frame.geometry.is_valid.all()
    assert frame.geometry.area.iloc[0] == pytest.approx(4.5e6)
    assert book.findings[0].facts["area_km2"] == [4.5]
    assert book.repairs_frame()["after"].tolist() == ["4.500000 km2"]


def test_polygons_without_area_are_left_out() -> None:
    flat = Polygon([(0, 0), (10, 0), (20, 0)])
    spike = Polygon([(0, 0), (10, 0), (0, 0), (0, 0)])
    frame, book = whole([flat, box(0, 0, 9, 9), spike])
    assert len(frame) == 1
    assert [(f.code, f.dropped) for f in book.findings] == [("GEOM_COLLAPSED", 2)]


def test_kinds_of_geometry() -> None:
    _, book = whole([box(0, 0, 9, 9), Point(1, 1)])
    assert [(f.code, f.severity, f.named) for f in book.findings] == [("GEOM_TYPE", "error", ("2",))]
    same = shapely.GeometryCollection([box(0, 0, 9, 9), shapely.MultiPolygon([box(20, 0, 29, 9)])])
    frame, book = whole([same])
    assert frame.geometry.iloc[0].geom_type == "MultiPolygon"
    assert frame.geometry.area.iloc[0] == 162
    assert codes(book) == ["GEOM_COLLECTION"]


def test_measures_go_and_heights_stay() -> None:
    given_ = [shapely.from_wkt("POINT M (1 2 3)"), shapely.from_wkt("POINT ZM (1 2 3 4)"), Point(5, 6)]
    frame, book = whole(given_, "villages", name=["a", "b", "c"])
    assert frame.geometry.to_wkt().tolist() == ["POINT (1 2)", "POINT Z (1 2 3)", "POINT (5 6)"]
    assert [(f.code, f.named) for f in book.findings] == [("GEOM_MEASURE", ("1", "2"))]


def outline(side: int = 20_000) -> Polygon:
    """A county with a wiggling line, in metres of the zone."""
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    r = side / 2 * (1 + 0.15 * np.sin(5 * t) + 0.08 * np.sin(17 * t))
    return Polygon(np.column_stack([620_000 + r * np.cos(t), 4_075_000 + r * np.sin(t)]))


def suspect(moved: Any, **options: Any) -> shift.Shift | None:
    control = outline().boundary
    return shift.suspected(shift.along(moved), control, pyproj.CRS(ZONE), least_m=40, rest=0.35, **options)


def webbed(geometry: Any, web: webdatums.WebDatum) -> Any:
    to_degrees = pyproj.Transformer.from_crs(ZONE, "EPSG:4490", always_xy=True)

    def move(xy: np.ndarray) -> np.ndarray:
        lon, lat = to_degrees.transform(xy[:, 0], xy[:, 1])
        return np.column_stack(to_degrees.transform(*webdatums.TO[web](lon, lat), direction="INVERSE"))

    return shapely.transform(geometry, move)


@pytest.mark.parametrize(("web", "code"), [("GCJ-02", "CRS_GCJ02_SUSPECTED"), ("BD-09", "CRS_BD09_SUSPECTED")])
def test_web_map_shifts_are_named(web: webdatums.WebDatum, code: str) -> None:
    moved = webbed(outline().boundary, web)
    found = suspect(moved)
    assert found is not None
    assert found.code == code
    assert found.after < 1
    # the mean distance between the lines as delivered and as they should be
    truth = np.hypot(*(shift.along(moved) - shift.along(outline().boundary)).mean(axis=0))
    assert found.metres == pytest.approx(truth, rel=0.03)


@pytest.mark.parametrize(("dx", "dy"), [(90, -60), (-120, 0), (0, 80), (-300, 400)])
def test_other_shifts_are_measured(dx: float, dy: float) -> None:
    found = suspect(shapely.transform(outline().boundary, lambda xy: xy + np.array([dx, dy])))
    assert found is not None
    assert found.code == "CRS_SHIFT_SUSPECTED"
    assert (found.east, found.north) == pytest.approx((dx, dy), abs=5)


def test_where_it_should_be_nothing_is_suspected() -> None:
    rng = np.random.default_rng(1)
    assert suspect(outline().boundary) is None
    rough = shapely.transform(outline().boundary, lambda xy: xy + rng.normal(0, 25, xy.shape))
    assert suspect(rough) is None


def test_another_shape_is_no_shift() -> None:
    assert suspect(box(612_000, 4_067_000, 628_000, 4_083_000).boundary) is None


def test_too_few_points_tell_nothing() -> None:
    assert shift.suspected(np.array([[0.0, 0.0]]), outline().boundary, pyproj.CRS(ZONE), least_m=1, rest=0.5) is None


def test_nothing_is_reprojected_twice() -> None:
    frame = frame_at(620_000, 4_070_000, ZONE)
    again = places.reproject(frame, zone_of(117.5))
    assert again.geometry.iloc[0].equals_exact(frame.geometry.iloc[0], 0)
