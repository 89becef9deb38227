"""Coordinate systems: published vector of the national system, comparison, refusal."""

from __future__ import annotations

import pyproj
import pytest

from riskmap import crs
from riskmap.errors import CRSError, CRSMismatchError, MissingCRSError
from riskmap.text import Text


@pytest.mark.parametrize(
    ("lon", "epsg"), [(126.92, 4551), (113.85, 4547), (116.8, 4548), (118.3, 4548), (75.0, 4534), (135.0, 4554)]
)
def test_zone_of_places_of_the_fact_sheet(lon: float, epsg: int) -> None:
    assert crs.zone_of(lon).to_epsg() == epsg


@pytest.mark.parametrize("lon", [73.0, 137.0, 0.0, -118.0])
def test_no_zone_outside_the_country(lon: float) -> None:
    with pytest.raises(CRSError, match="no CGCS2000"):
        crs.zone_of(lon)


def test_published_coordinates_of_linjiang() -> None:
    east, north = crs.transformer(4490, crs.zone_of(126.92)).transform(126.92, 41.81)
    assert (east, north) == pytest.approx((576449.397, 4630942.506), abs=1e-3)


def test_same_looks_at_the_system_not_at_its_spelling() -> None:
    assert crs.same("EPSG:4548", pyproj.CRS.from_epsg(4548).to_wkt())
    assert not crs.same(4490, 4326)
    assert not crs.same(4548, 4549)


def test_a_missing_or_wrong_name_is_an_error_with_a_remedy() -> None:
    with pytest.raises(MissingCRSError) as missing:
        crs.parse(None, file="a.shp", layer="roads")
    assert "a.shp" in str(missing.value) and "roads" in str(missing.value)
    with pytest.raises(CRSError, match="EPSG:99999999"):
        crs.parse("EPSG:99999999")


def test_inputs_of_different_systems_never_meet() -> None:
    what = Text("甲与乙", "a and b")
    crs.require_same(4548, "EPSG:4548", what=what)
    with pytest.raises(CRSMismatchError, match="EPSG:4548 differs from EPSG:4549"):
        crs.require_same(4548, 4549, what=what)
    with pytest.raises(MissingCRSError):
        crs.require_same(4548, None, what=what)


@pytest.mark.parametrize("epsg", [4490, 2229])  # degrees; US survey feet
def test_areas_need_metres(epsg: int) -> None:
    with pytest.raises(CRSError, match="metres"):
        crs.require_metric(epsg, what=Text("格网", "grid"))


def test_short_names() -> None:
    assert crs.name(4548) == "EPSG:4548"
    local = "+proj=tmerc +lat_0=0 +lon_0=117.3 +k=1 +x_0=500000 +ellps=GRS80 +units=m +type=crs"
    assert crs.name(local)


@pytest.mark.parametrize(
    ("code", "true"),
    [
        ("EPSG:4548", True),
        ("EPSG:4549", True),
        ("EPSG:4509", True),
        ("EPSG:32650", True),
        ("EPSG:3857", False),
        ("EPSG:4534", False),
    ],
)
def test_a_system_that_distorts_areas_is_refused(code: str, true: bool) -> None:
    bounds = (118.1, 36.6, 118.5, 37.0)
    if true:
        crs.require_true_areas(code, bounds, what=Text("区", "area"))
    else:
        with pytest.raises(CRSError, match="distorted"):
            crs.require_true_areas(code, bounds, what=Text("区", "area"))
