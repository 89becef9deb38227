"""The delivered pages of Linzi and of the small county, in a browser that can reach nothing."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import county
import numpy as np
import pytest
import rasterio
from browser import chromium, visit
from conftest import ROOT
from pyproj import Transformer

import riskmap
from riskmap.data.database import Database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

POINTS = 1000
CLICKS = 20
HAIR = 0.02
"""Points nearer to a cell's edge than this share of the cell are left out: degrees are rounded."""

AT = "points => points.map(p => { const a = window.riskmap.at(p[0], p[1]); return a === null ? -1 : a.level; })"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def linzi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return riskmap.build(ROOT / "examples" / "linzi" / "riskmap.yaml", tmp_path_factory.mktemp("linzi") / "out").out


def places(tif: Path, inside: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give random lon/lat over a grid's extent, and the code of each one's cell (-1 outside the area)."""
    with rasterio.open(tif) as source:
        codes, transform = source.read(1), source.transform
        to_lonlat = Transformer.from_crs(source.crs, "EPSG:4490", always_xy=True)
    rng = np.random.default_rng(seed)
    rows, columns = (rng.integers(0, n, POINTS) for n in codes.shape)
    offset = rng.uniform(HAIR, 1 - HAIR, (2, POINTS))
    x, y = transform.a * (columns + offset[0]) + transform.c, transform.e * (rows + offset[1]) + transform.f
    wanted = np.where(inside[rows, columns], codes[rows, columns].astype(int), -1)
    return np.column_stack(to_lonlat.transform(x, y)), wanted


def inside_of(out: Path) -> np.ndarray:
    """Give the cells whose centre the boundary holds, by shapely alone."""
    import shapely

    boundary = Database(out / "riskmap.gpkg").read("boundary").geometry.union_all()
    with rasterio.open(out / "grids" / "risk_level.tif") as source:
        t = source.transform
        x = t.c + t.a * (np.arange(source.width) + 0.5)
        y = t.f + t.e * (np.arange(source.height) + 0.5)
    return shapely.contains_xy(boundary, *np.meshgrid(x, y))


@pytest.mark.parametrize(("page", "grid"), [("risk-zoning", "risk_level"), ("control-zoning", "control_zone")])
def test_a_thousand_places_answer_as_the_geotiff_does(browser: Browser, linzi: Path, page: str, grid: str) -> None:
    lonlat, wanted = places(linzi / "grids" / f"{grid}.tif", inside_of(linzi), seed=7)
    assert {-1, 1, 2, 3} <= set(wanted.tolist())
    with visit(browser, linzi / "maps" / f"{page}.html") as seen:
        answered = np.array(seen.run(AT, lonlat.tolist()))
        assert (answered == wanted).all()
        assert not seen.complaints()


def test_clicks_say_the_level_of_the_geotiff(browser: Browser, linzi: Path) -> None:
    names = {0: "无数据", 1: "低风险", 2: "一般风险", 3: "较大风险", 4: "重大风险"}
    answered = 0
    with (
        rasterio.open(linzi / "grids" / "risk_level.tif") as source,
        visit(browser, linzi / "maps" / "risk-zoning.html", reduced_motion="reduce") as seen,
    ):
        codes, to_grid = source.read(1), Transformer.from_crs("EPSG:4490", source.crs, always_xy=True)
        area = inside_of(linzi)
        box = seen.run("() => window.riskmap.map.getContainer().getBoundingClientRect().toJSON()")
        rng = np.random.default_rng(3)
        for _ in range(CLICKS):
            seen.page.mouse.click(
                box["x"] + box["width"] * rng.uniform(0.3, 0.6), box["y"] + box["height"] * rng.uniform(0.1, 0.9)
            )
            seen.until("() => document.querySelector('.leaflet-popup-content') !== null")
            popup = seen.page.locator(".leaflet-popup-content").last.inner_text()
            # the map may still be moving from the last popup: the popup itself says which place was clicked
            lon, lat = (float(v) for v in re.search(r"([\d.]+)°E\s+([\d.]+)°N", popup).groups())
            column, row = ~source.transform @ to_grid.transform(lon, lat)
            if not HAIR < row % 1 < 1 - HAIR or not HAIR < column % 1 < 1 - HAIR:
                continue
            cell = int(row), int(column)
            inside = 0 <= row < area.shape[0] and 0 <= column < area.shape[1] and area[cell]
            assert (names[int(codes[cell])] if inside else "本区域之外") in popup
            answered += inside
            seen.page.keyboard.press("Escape")
            seen.until("() => document.querySelector('.leaflet-popup-content') === null")
        assert not seen.complaints()
    assert answered >= CLICKS // 2


def test_the_note_says_what_a_reader_must_know(browser: Browser, linzi: Path) -> None:
    with visit(browser, linzi / "maps" / "risk-zoning.html") as seen:
        text = seen.run("() => document.body.textContent")
    for part in (
        "EPSG:4548",
        "100 m",
        "加权求和",
        "洪涝危险性 0.20",
        "项目给定",
        "自然断点",
        "合成示例",
        "内部使用，未经审核，不得公开",
        "649,160",
        "668.39",
    ):
        assert part in text, part


def test_the_page_s_totals_are_the_run_s(browser: Browser, linzi: Path) -> None:
    units = Database(linzi / "riskmap.gpkg").read("risk_units")
    with visit(browser, linzi / "maps" / "risk-zoning.html") as seen:
        text = seen.run("() => document.body.textContent")
    for name in units["name"]:
        assert name in text
    assert f"{units['people_red'].sum():,.0f}" in text


def test_popups_speak_the_readers_language(threatened_out: Path) -> None:
    """No code of the database and no raw unit in what a click says."""
    unsaid = set()
    for path in sorted((threatened_out / "maps").glob("*.html")):
        blocks = dict(re.findall(r'octet-stream" id="([^"]+)">\s*([^<]*)</script>', path.read_text(encoding="utf-8")))
        told = {
            key: json.loads(gzip.decompress(base64.b64decode(blocks[key])))
            for key in blocks
            if re.match("page|vector", key)
        }
        for number, layer in enumerate(told["page"]["vectors"]):
            for label, texts in told[f"vector-{number}"]["popup"]:
                assert not re.search(r"km2|person|household|\(min\)|\(s\)", label), (path.name, layer["id"], label)
                codes = {text for text in texts if re.fullmatch(r"[a-z]+(_[a-z]+)+|[a-z]{4,}", text)}
                unsaid.update((layer["id"], label, code) for code in codes)
    assert unsaid == set()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_hostile_names_stay_text(browser: Browser, tmp_path: Path, lang: str) -> None:
    out = riskmap.build(county.county(tmp_path), tmp_path / "out", lang=lang).out
    for page in ("risk-zoning", "control-zoning"):
        with visit(browser, out / "maps" / f"{page}.html") as seen:
            assert "东<b>镇</b>" in seen.run("() => document.body.textContent")
            assert seen.run("() => [...document.querySelectorAll('b')].every(b => !b.textContent.includes('镇'))")
            assert seen.run("() => document.documentElement.lang").startswith(lang)
            assert not seen.complaints()


@pytest.mark.parametrize("width", [1120, 1500, 1920])
def test_a_long_title_leaves_the_headline_its_room(browser: Browser, tmp_path: Path, width: int) -> None:
    name = {"zh": "示例县", "en": "Example County after the flood works and the relocation of its villages"}
    out = riskmap.build(county.county(tmp_path, name=name), tmp_path / "out", only=["map"], lang="en").out
    with visit(browser, out / "maps" / "risk-zoning.html", width=width) as seen:
        boxes = {css: seen.page.locator(css).bounding_box() for css in ("header", "h1", "header .headline", ".tools")}
    assert boxes["header .headline"]["x"] + boxes["header .headline"]["width"] <= boxes[".tools"]["x"]
    assert boxes["h1"]["x"] + boxes["h1"]["width"] <= boxes["header .headline"]["x"]
    assert boxes["header"]["height"] < 170
