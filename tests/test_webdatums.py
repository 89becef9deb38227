"""GCJ-02 and BD-09: against values of other programs, and there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmap import webdatums


def test_values_that_other_programs_give() -> None:
    # the worked example of the widely used converters (coordtransform and its ports): the gate of Tian'anmen
    assert webdatums.to_gcj02(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    x, y = webdatums.to_bd09(116.404, 39.915)
    assert (float(x), float(y)) == pytest.approx((116.41662724378733, 39.922699552216216), abs=1e-9)


@given(st.floats(73, 136), st.floats(3, 54), st.sampled_from(["GCJ-02", "BD-09"]))
def test_there_and_back(lon: float, lat: float, web: webdatums.WebDatum) -> None:
    back = webdatums.FROM[web](*webdatums.TO[web](lon, lat))
    assert back == pytest.approx((lon, lat), abs=1e-9)
    again = webdatums.TO[web](*webdatums.FROM[web](lon, lat))
    assert again == pytest.approx((lon, lat), abs=1e-9)


def test_shifts_are_as_large_as_they_are_known_to_be() -> None:
    lon, lat = np.meshgrid(np.linspace(75, 135, 61), np.linspace(18, 53, 36))
    for web, least, most in (("GCJ-02", 30, 1000), ("BD-09", 200, 2500)):
        u, v = webdatums.TO[web](lon, lat)
        metres = np.hypot((u - lon) * 111_320 * np.cos(np.radians(lat)), (v - lat) * 110_574)
        assert metres.min() > least
        assert metres.max() < most


def test_unknown_stays_unknown() -> None:
    lon, _ = webdatums.from_bd09([np.nan, 118.3], [36.8, 36.8])
    assert np.isnan(lon[0])
    assert not np.isnan(lon[1])


@pytest.mark.parametrize(
    ("word", "web"),
    [
        ("GCJ02", "GCJ-02"),
        ("gcj-02", "GCJ-02"),
        ("火星坐标", "GCJ-02"),
        ("BD09", "BD-09"),
        ("百度坐标", "BD-09"),
        ("EPSG:4490", None),
        (4490, None),
    ],
)
def test_names(word: object, web: str | None) -> None:
    assert webdatums.named(word) == web
