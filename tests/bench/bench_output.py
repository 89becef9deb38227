"""Pages of a 1.35-million-cell county: bytes, first drawing, click, pan and zoom, beside a plain folium page of 10,000 cells.

Run on an idle machine: ``make bench``. Timings are medians of three openings in Chromium without a GPU.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine

sys.path.insert(0, str(Path(__file__).parent.parent))
from browser import chromium, visit
from test_webmap import CRS, LINES, POINTS, small_world

from riskmap.data.catalog import house
from riskmap.grid import Grid, Raster
from riskmap.output import printmap
from riskmap.output.printmap import Plate, Printing
from riskmap.output.webmap import Explanation, Factor, GridLayer, Page, VectorLayer, write
from riskmap.text import plain

ROWS, COLUMNS, CELL = 1020, 1324, 30
OPENINGS = 3


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    """Cells alone; with the explanation of five hazards; with 10,000 points and 5,000 km of roads."""
    rng = np.random.default_rng(0)
    grid = Grid((ROWS, COLUMNS), Affine(CELL, 0, 600_000, 0, -CELL, 4_090_000), CRS)
    hazards = [_smooth(rng) for _ in range(5)]
    score = np.mean(hazards, axis=0)
    breaks = np.quantile(score, [0.4, 0.7, 0.9, 1.0])
    levels = (np.searchsorted(breaks, score) + 1).clip(1, 4).astype(np.uint8)
    world = small_world()
    inside = np.ones(levels.shape, bool)
    cells = dataclasses.replace(
        world, grids=(GridLayer(world.grids[0].style, Raster(grid, levels), inside),), vectors=()
    )
    factors = tuple(Factor(plain(f"危险性 {k}"), None, h, h, h * 0.2, 0.2) for k, h in enumerate(hazards))
    limits = {1: (None, breaks[0]), 2: (breaks[0], breaks[1]), 3: (breaks[1], breaks[2]), 4: (breaks[2], breaks[3])}
    people = rng.poisson(3, levels.shape).astype(float)
    explained = dataclasses.replace(cells, explanation=Explanation(True, factors, score, limits, levels, people))
    x, y = rng.uniform(601_000, 639_000, 10_000), rng.uniform(4_061_000, 4_089_000, 10_000)
    points = gpd.GeoDataFrame(
        {"name": [f"{i} 号" for i in range(10_000)], "kind": "landslide"}, geometry=gpd.points_from_xy(x, y), crs=CRS
    )
    starts = rng.uniform((601_000, 4_061_000), (637_000, 4_087_000), (2_500, 2))
    steps = np.cumsum(rng.normal(0, 100, (2_500, 20, 2)), axis=1)
    roads = gpd.GeoDataFrame(geometry=list(shapely.linestrings(starts[:, None] + steps)), crs=CRS)
    assert roads.length.sum() > 5_000_000
    shown = VectorLayer(POINTS, points, popup=(("name", plain("n")), ("kind", plain("k"))), search="name")
    crowded = dataclasses.replace(cells, vectors=(VectorLayer(LINES, roads), shown))
    return {"cells": cells, "explained": explained, "crowded": crowded}


def _smooth(rng: np.random.Generator) -> np.ndarray:
    """Give a field between 0 and 1 with hills of many sizes and some noise."""
    field = np.zeros((ROWS, COLUMNS))
    for size in (8, 32, 128):
        coarse = rng.random((ROWS // size + 2, COLUMNS // size + 2))
        field += np.kron(coarse, np.ones((size, size)))[:ROWS, :COLUMNS] * size
    field += rng.random(field.shape) * 4
    return (field - field.min()) / np.ptp(field)


MOVED = """async (move) => {
  const map = window.riskmap.map, turn = new MessageChannel(), start = performance.now();
  let last = start, stall = 0, on = true;
  turn.port1.onmessage = () => {
    const now = performance.now();
    stall = Math.max(stall, now - last);
    last = now;
    if (on) turn.port2.postMessage(0);
  };
  turn.port2.postMessage(0);
  if (move === "zoom") map.setZoom(map.getZoom() + 1, {animate: false});
  else map.panBy([120, 40], {animate: false});
  while (!window.riskmap.painted()) await new Promise((done) => setTimeout(done, 0));
  on = false;
  stall = Math.max(stall, performance.now() - last);
  return {[move]: performance.now() - start, [move + " stall"]: stall};
}"""
"""Move the map; give the milliseconds until it is painted, and the longest time in which the page answered nothing."""


CLICK = """() => new Promise(done => {
  const map = window.riskmap.map, t = performance.now();
  map.fire("click", {latlng: map.getCenter()});
  const wait = () => {
    const popup = document.querySelector(".leaflet-popup-content");
    const whole = popup && (!document.getElementById("why-0") || popup.querySelector(".chain"));
    if (whole) done(performance.now() - t); else requestAnimationFrame(wait);
  };
  wait();
})"""


def measured(browser: Any, file: Path) -> dict[str, float]:
    """Open a page three times and give the medians, milliseconds."""
    rows = []
    for _ in range(OPENINGS):
        with visit(browser, file) as seen:
            row = {"drawn": seen.run("window.riskmap.drawn")}
            row["first click"] = seen.run(CLICK)
            seen.run("() => window.riskmap.map.closePopup()")
            row["click"] = seen.run(CLICK)
            seen.run("() => window.riskmap.map.closePopup()")
            row |= seen.run(MOVED, "pan") | seen.run(MOVED, "zoom")
            assert not seen.complaints()
            rows.append(row)
    return {key: median(row[key] for row in rows) for key in rows[0]}


@pytest.mark.parametrize("name", ["cells", "explained", "crowded"])
def test_page(browser: Any, pages: dict[str, Page], tmp_path: Path, name: str) -> None:
    started = time.perf_counter()
    file = write(pages[name], tmp_path / "page.html", lang="zh", catalog=house())
    seconds = time.perf_counter() - started
    found = measured(browser, file)
    baseline = folium_page(browser, tmp_path)
    told = ", ".join(f"{key} {value:.0f} ms" for key, value in found.items())
    print(
        f"\n{name}: {file.stat().st_size / 1e6:.2f} MB, written in {seconds:.1f} s, {told}; "
        f"drawn {baseline / found['drawn']:.1f} times as fast as folium's 10,000 polygons ({baseline:.0f} ms)"
    )
    assert file.stat().st_size <= {"cells": 1e6, "explained": 9e6, "crowded": 8e6}[name]


def folium_page(browser: Any, folder: Path) -> float:
    """Give the milliseconds until folium's own page of 10,000 square polygons has drawn, its scripts from this page's assets."""
    from riskmap.output.webmap_words import ASSETS

    x, y = (side.ravel() for side in np.meshgrid(118 + np.arange(100) / 500, 36 + np.arange(100) / 500))
    squares = shapely.box(x, y, x + 0.002, y + 0.002)
    world = folium.Map(location=(36.1, 118.1), tiles=None, zoom_start=11, prefer_canvas=True)
    world.default_js, world.default_css = [], []
    folium.GeoJson(gpd.GeoDataFrame(geometry=squares, crs=4326).to_json()).add_to(world)
    leaflet = (ASSETS / "leaflet" / "leaflet.js").read_text(encoding="utf-8")
    html = world.get_root().render().replace("<head>", f"<head><script>{leaflet}</script>", 1)
    file = folder / "folium.html"
    file.write_text(
        html.replace("</html>", "<script>window.riskmap = {ready: true, drawn: performance.now()};</script></html>"),
        encoding="utf-8",
    )
    times = []
    for _ in range(OPENINGS):
        with visit(browser, file) as seen:
            times.append(seen.run("window.riskmap.drawn"))
    return median(times)


@pytest.mark.parametrize("paper", ["A3", "A0"])
def test_sheet(pages: dict[str, Page], tmp_path: Path, paper: str) -> None:
    started = time.perf_counter()
    sheet = printmap.compose(Plate(pages["crowded"], "1"), printing=Printing(paper), lang="zh", catalog=house())
    file = printmap.save(sheet, tmp_path / "sheet.pdf", title="t")
    print(f"\n{paper} PDF: {file.stat().st_size / 1e6:.2f} MB in {time.perf_counter() - started:.1f} s")
