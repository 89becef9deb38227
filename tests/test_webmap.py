"""The web page: what it refuses, and what it does in a browser that can reach nothing."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from browser import Visit, chromium, visit
from PIL import Image, ImageColor

from riskmap.crs import LONLAT, transformer
from riskmap.data.catalog import house
from riskmap.data.spec import StyleClass, StyleSpec, Symbol
from riskmap.errors import MissingCRSError, OutputError
from riskmap.grid import Grid, Raster
from riskmap.output import relief, webmap_html
from riskmap.output.webmap import Comparison, GridLayer, LegendRow, Page, VectorLayer, write
from riskmap.output.webmap_grid import fit
from riskmap.output.webmap_html import packed, read_back
from riskmap.output.webmap_vector import strips, unit_record
from riskmap.output.webmap_words import ASSETS, words
from riskmap.text import Text, plain
from riskmap.zonal import unit_of_cells

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CRS = pyproj.CRS.from_epsg(4548)
WEST, NORTH, CELL = 610_000.0, 4_080_000.0, 100.0
ROWS, COLUMNS = 150, 200
EVIL = "<script>window.alerted=1</script>"
EVIL_END = "</script><img src=x onerror='window.alerted=2'>"
NAMES = ("东镇", "西镇", EVIL, "北街道")

ZONES = StyleSpec(
    id="control_zone",
    layer="control_zone",
    title=Text("防治区", "Control zones"),
    geometry="raster",
    classes=(
        StyleClass(value=2, label=Text("重点", "key"), colour="ink"),
        StyleClass(value=1, label=Text("一般", "general"), colour="grey"),
    ),
)
POINTS = StyleSpec(
    id="geohazard_points",
    layer="geohazard_points",
    title=Text("隐患点", "Geohazards"),
    geometry="point",
    symbol=Symbol(shape="triangle"),
)
LINES = StyleSpec(
    id="pipelines",
    layer="pipelines",
    title=Text("管道", "Pipelines"),
    geometry="line",
    symbol=Symbol(width=3, dash=(6, 3)),
)
AREAS = StyleSpec(
    id="parks", layer="parks", title=Text("园区", "Parks"), geometry="polygon", symbol=Symbol(fill="grey", opacity=0.3)
)


def at(column: float, row: float) -> tuple[float, float]:
    """Give x and y of a place counted in cells from the north-western corner."""
    return WEST + column * CELL, NORTH - row * CELL


def cells(west: float, north: float, east: float, south: float) -> shapely.Polygon:
    return shapely.box(*at(west, south), *at(east, north))


def small_world() -> Page:
    """200 x 150 cells of 100 m: four quarters of an ellipse, a hole of unknown cells, a corner in no township."""
    grid = Grid((ROWS, COLUMNS), Affine(CELL, 0, WEST, 0, -CELL, NORTH), CRS)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    inside = ((columns + 0.5 - 100) / 98) ** 2 + ((rows + 0.5 - 75) / 73) ** 2 < 1
    values = (1 + (columns // 10 + rows // 10) % 4).astype(np.uint8)
    values[40:60, 120:150] = 0
    quarters = [cells(0, 0, 100, 75), cells(100, 0, 200, 75), cells(0, 75, 100, 150), cells(100, 75, 180, 150)]
    units = gpd.GeoDataFrame(
        {
            "name": NAMES,
            "code": ["370305104", "370305103", "370305102", "370305101"],
            "level": [4, 3, 2, 1],
            "share_red": [0.1, 0.4, 0.2, np.nan],
            "people": [1000.0, 20_000.0, 0.0, 3.0],
        },
        geometry=quarters,
        crs=CRS,
    )
    areas = [(k, float(((values == k) & inside).sum() * 0.01)) for k in (4, 3, 2, 1, 0)]
    total = sum(area for _, area in areas)
    points = gpd.GeoDataFrame(
        {"name": [EVIL_END, "青石岭滑坡"], "kind": ["landslide", "collapse"], "threatened_people": [12, None]},
        geometry=[shapely.Point(at(50.5, 40.5)), shapely.Point(at(150.5, 100.5))],
        crs=CRS,
    )
    pipes = gpd.GeoDataFrame(
        {"name": ["输油一线"]}, geometry=[shapely.LineString([at(10, 80), at(190, 82)])], crs=CRS
    ).to_crs(4326)
    parks = gpd.GeoDataFrame({"name": ["化工园"]}, geometry=[cells(60, 90, 80, 110)], crs=CRS)
    return Page(
        title=Text("小县综合风险区划图", "Small county risk map"),
        subtitle=Text("合成数据", "synthetic"),
        headline=Text("重大风险 12.5 km²", "Major risk 12.5 km²"),
        grids=(
            GridLayer(house().style("risk_level"), Raster(grid, values), inside),
            GridLayer(ZONES, Raster(grid, (values > 2).astype(np.uint8) + (values > 0)), inside),
        ),
        vectors=(
            VectorLayer(AREAS, parks, popup=(("name", Text("名称", "Name")),), drawn=False),
            VectorLayer(LINES, pipes, popup=(("name", Text("名称", "Name")),), search="name", visible=False),
            VectorLayer(
                POINTS,
                points,
                popup=(
                    ("name", Text("名称", "Name")),
                    ("kind", Text("类型", "Kind")),
                    ("threatened_people", Text("威胁人数", "People")),
                ),
                search="name",
            ),
        ),
        legend=tuple(LegendRow(k, area, area / total, None) for k, area in areas),
        units=units,
        unit_columns=(
            ("level", Text("等级", "Level"), "level"),
            ("share_red", Text("红", "Red"), "percent"),
            ("people", Text("人口", "People"), "people"),
        ),
        notes=(Text("坐标系 EPSG:4548", "System EPSG:4548"), plain(EVIL)),
        totals=((Text("面积", "Area"), "112 km²"),),
    )


@pytest.fixture(scope="module")
def world() -> Page:
    return small_world()


@pytest.fixture(scope="module")
def file(world: Page, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(world, tmp_path_factory.mktemp("页面 带空格") / "区划.html", lang="zh", catalog=house())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Visit]:
    with visit(browser, file, reduced_motion="reduce") as seen:
        yield seen
        assert seen.complaints() == []


def lonlat(x: Any, y: Any) -> tuple[Any, Any]:
    return transformer(CRS, LONLAT).transform(x, y)


def asked(page: Visit, lon: Any, lat: Any) -> list[Any]:
    return page.run("([lon, lat]) => lon.map((l, i) => window.riskmap.at(l, lat[i]))", [list(lon), list(lat)])


def pixels(page: Visit, places: list[tuple[float, float]]) -> list[tuple[int, int, int, int]]:
    """Give red, green, blue and opacity of the canvas over places (column, row) of the grid."""
    lon, lat = lonlat(*np.array([at(*place) for place in places]).T)
    page.until("window.riskmap.painted()")
    found = page.run(
        """([lon, lat]) => {
          const map = window.riskmap.map, canvas = document.querySelector(".leaflet-pane canvas");
          const frame = canvas.getBoundingClientRect(), stage = map.getContainer().getBoundingClientRect();
          const copy = document.createElement("canvas");
          copy.width = canvas.width;
          copy.height = canvas.height;
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          const data = context.getImageData(0, 0, copy.width, copy.height).data;
          return lon.map((l, i) => {
            const p = map.latLngToContainerPoint([lat[i], l]);
            const x = Math.floor(p.x + stage.left - frame.left), y = Math.floor(p.y + stage.top - frame.top);
            return Array.from(data.slice(4 * (y * canvas.width + x), 4 * (y * canvas.width + x) + 4));
          });
        }""",
        [list(lon), list(lat)],
    )
    return [tuple(four) for four in found]


def bare(page: Visit) -> None:
    """Leave only the cells on the map."""
    page.page.uncheck("#boundaries")
    page.page.uncheck("input[data-vector='2']")


def click(page: Visit, column: float, row: float) -> str:
    """Click on a place of the grid and give the text of the popup."""
    page.page.click("#whole")
    page.until("!document.querySelector('.leaflet-popup')")
    lon, lat = lonlat(*at(column, row))
    x, y = page.run(
        """([lon, lat]) => {
          const map = window.riskmap.map, stage = map.getContainer().getBoundingClientRect();
          const p = map.latLngToContainerPoint([lat, lon]);
          return [p.x + stage.left, p.y + stage.top];
        }""",
        [float(lon), float(lat)],
    )
    page.page.mouse.click(x, y)
    return page.page.inner_text(".leaflet-popup-content")


# ---- the file


def test_same_page_same_bytes(world: Page, file: Path, tmp_path: Path) -> None:
    again = write(small_world(), tmp_path / "again.html", lang="zh", catalog=house())
    assert again.read_bytes() == file.read_bytes()


def test_policy_names_each_script_and_nothing_is_outside(file: Path) -> None:
    html = file.read_text(encoding="utf-8")
    reading = read_back(html)
    assert reading.outside == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "unsafe" not in policy
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")
    for kind, texts in (("script-src", reading.scripts), ("style-src", reading.styles)):
        allowed = re.search(rf"{kind} ([^;]*)", policy)[1].split()
        wanted = {f"'sha256-{base64.b64encode(hashlib.sha256(t.encode()).digest()).decode()}'" for t in texts}
        assert set(allowed) == wanted
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", html)
    assert EVIL not in html


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="a.css">',
        '<img src="pictures/a.png">',
        '<img srcset="//example.org/a.png 2x">',
        "<style>body{background:url('a.png')}</style>",
        '<style>@import "a.css";</style>',
        "<iframe></iframe>",
        '<base href="https://example.org">',
        '<p onclick="go()">a</p>',
        '<p style="color:red">a</p>',
        '<meta http-equiv="refresh" content="1">',
    ],
)
def test_what_counts_as_outside(html: str) -> None:
    assert read_back(html).outside


def test_within() -> None:
    html = '<a href="#x">a</a><img src="data:,"><style>p{background:url(data:,)} /* url(a.png) */</style><p>https://a.b</p>'
    assert read_back(html).outside == []


def test_a_page_that_asks_for_something_is_refused(
    world: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = webmap_html.Template(
        "{% macro header(this, kwargs) %}<script src='https://example.org/a.js'></script>{% endmacro %}"
    )
    monkeypatch.setattr(webmap_html._Start, "_template", asking)
    with pytest.raises(OutputError, match=r"example\.org"):
        write(world, tmp_path / "a.html", lang="zh", catalog=house())
    assert not (tmp_path / "a.html").exists()


def test_packing_is_the_same_on_every_system() -> None:
    zipped = base64.b64decode(packed(b"abc"))
    assert zipped[4:8] == bytes(4)
    assert zipped[9] == 255


def test_vendored_files_are_those_of_the_list() -> None:
    listed = re.findall(
        r"^    ([0-9a-f]{64})  (\S+)$", (ASSETS / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(listed) >= 8
    for digest, name in listed:
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


def test_every_word_is_in_both_languages_and_used() -> None:
    used = "".join(p.read_text(encoding="utf-8") for p in [*ASSETS.glob("*.js"), *ASSETS.glob("*.j2")])
    used += "".join(p.read_text(encoding="utf-8") for p in ASSETS.parent.glob("*map*.py"))
    for key, text in words().items():
        assert text.zh, key
        assert text.en or key == "unit_people", key
        assert re.search(rf"\b{key.removesuffix('_hint')}\b", used), f"{key} is used nowhere"


def test_own_scripts_keep_to_old_javascript() -> None:
    for script in ASSETS.glob("*.js"):
        assert not re.search(r"\?\.[a-zA-Z(\[]|\?\?|innerHTML|eval\(|document\.write", script.read_text()), script.name


# ---- what cannot be drawn


def changed(page: Page, **values: Any) -> Page:
    return dataclasses.replace(page, **values)


def test_refusals(world: Page, tmp_path: Path) -> None:
    risk = world.grids[0]
    beyond = Raster(risk.raster.grid, np.full((ROWS, COLUMNS), 9, np.uint8))
    wrong_type = Raster(risk.raster.grid, risk.raster.values.astype(float))
    lost = VectorLayer(POINTS, world.vectors[2].frame, popup=(("depth", plain("depth")),))
    cases = [
        (changed(world, grids=(GridLayer(risk.style, beyond, risk.inside),)), r"\[9\]"),
        (changed(world, grids=(GridLayer(risk.style, wrong_type, risk.inside),)), "float64"),
        (changed(world, vectors=(lost,)), "depth"),
        (changed(world, unit_columns=(("depth", plain("d"), "km2"),)), "depth"),
        (changed(world, unit_columns=(("people", plain("d"), "miles"),)), "miles"),
    ]
    for page, match in cases:
        with pytest.raises(OutputError, match=match):
            write(page, tmp_path / "a.html", lang="en", catalog=house())
    nowhere = VectorLayer(POINTS, gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)]))
    with pytest.raises(MissingCRSError):
        write(changed(world, vectors=(nowhere,)), tmp_path / "a.html", lang="en", catalog=house())
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError, match="written"):
        write(world, tmp_path / "folder.html", lang="en", catalog=house())


def test_mapping_is_exact_and_a_grid_too_wide_is_refused() -> None:
    county = Grid((1020, 1324), Affine(30, 0, 600_000, 0, -30, 4_090_000), CRS)
    mapping = fit(county)
    assert mapping.residual < 1e-4
    rng = np.random.default_rng(1)
    columns, rows = rng.uniform(0, 1324, 1000), rng.uniform(0, 1020, 1000)
    column, row = mapping(*lonlat(600_000 + 30 * columns, 4_090_000 - 30 * rows))
    assert max(np.abs(column - columns).max(), np.abs(row - rows).max()) < 1e-4
    province = Grid((20_000, 20_000), Affine(30, 0, 200_000, 0, -30, 4_400_000), CRS)
    with pytest.raises(OutputError, match="too wide"):
        fit(province)


def test_strips_by_hand() -> None:
    ring = [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)]
    hole = [(1, 1), (1, 2), (2, 2), (1, 1)]
    shapes = np.array(
        [
            shapely.Polygon(ring, [hole]),
            None,
            shapely.MultiPoint([(1, 1), (2, 3)]),
            shapely.Point(),
            shapely.GeometryCollection([shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])]),
        ],
        dtype=object,
    )
    cut = strips(shapes)
    assert cut["dimension"] == [2, -1, 0, 0, 1]
    assert cut["strips"] == [2, 0, 2, 0, 1]
    assert cut["sizes"] == [5, 4, 1, 1, 2]
    xy = np.cumsum(np.array(cut["xy"]).reshape(-1, 2), axis=0) / 1e6
    assert xy.tolist() == [*map(list, ring + hole), [1, 1], [2, 3], [0, 0], [1, 1]]


def test_outlines_are_simplified_as_a_coverage() -> None:
    wiggle = np.linspace(0, 30_000, 15_000)
    border = np.column_stack([600_000 + 40 * np.sin(wiggle / 300) + 3 * np.sin(wiggle), 4_000_000 + wiggle])
    left = shapely.Polygon([*border, (590_000, 4_030_000), (590_000, 4_000_000)])
    right = shapely.Polygon([*border, (610_000, 4_030_000), (610_000, 4_000_000)])
    units = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[left, right], crs=CRS)
    full, less = unit_record(units, None), unit_record(units, 50.0)
    assert sum(less["sizes"]) < sum(full["sizes"]) / 4
    xy = np.cumsum(np.array(less["xy"]).reshape(-1, 2), axis=0)
    first, second = (set(map(tuple, part)) for part in np.split(xy[: sum(less["sizes"][:2])], [less["sizes"][0]]))
    # everything but the two outer corners of each is shared
    assert len(first ^ second) == 4


# ---- in the browser


@pytest.mark.browser
def test_opens_alone_in_both_languages(browser: Browser, world: Page, file: Path, tmp_path: Path) -> None:
    english = write(world, tmp_path / "english.html", lang="en", catalog=house())
    for path, tag, title, red in (
        (file, "zh-CN", "小县综合风险区划图", "重大风险"),
        (english, "en", "Small county risk map", "Major risk"),
    ):
        with visit(browser, path) as seen:
            assert seen.complaints() == []
            assert seen.run("document.documentElement.lang") == tag
            assert seen.page.inner_text("h1") == title
            assert red in seen.page.inner_text("#legend-0")
            assert seen.run("window.riskmap.layers.map(l => l.id)") == [
                "risk_level",
                "control_zone",
                "parks",
                "pipelines",
                "geohazard_points",
            ]
            words_of_page = seen.page.inner_text("body")
            assert bool(re.search("图例|图层|乡镇界", words_of_page)) == (tag == "zh-CN")


@pytest.mark.browser
@pytest.mark.parametrize("before", ["", "delete window.DecompressionStream"], ids=["native", "fallback inflate"])
def test_at_agrees_with_the_grid(browser: Browser, world: Page, file: Path, before: str) -> None:
    layer = world.grids[0]
    values, inside = layer.raster.values, layer.inside
    units = world.units.sort_values("code").reset_index(drop=True)
    unit = unit_of_cells(units, layer.raster.grid)
    rng = np.random.default_rng(5)
    columns, rows = rng.uniform(-20, COLUMNS + 20, 20_000), rng.uniform(-20, ROWS + 20, 20_000)
    lon, lat = lonlat(WEST + CELL * columns, NORTH - CELL * rows)
    with visit(browser, file, before=before) as seen:
        answers = asked(seen, lon, lat)
        assert seen.complaints() == []
    on_grid = (columns >= 0) & (columns < COLUMNS) & (rows >= 0) & (rows < ROWS)
    met = set()
    for column, row, known, answer in zip(columns, rows, on_grid, answers, strict=True):
        cell = (int(row), int(column))
        if not known or not inside[cell]:
            assert answer is None
            continue
        assert answer["level"] == values[cell]
        assert answer["unit"] == (None if unit[cell] < 0 else units["name"][unit[cell]])
        met.add((answer["level"], answer["name"]))
    assert met == {(4, "重大风险"), (3, "较大风险"), (2, "一般风险"), (1, "低风险"), (0, "无数据")}


@pytest.mark.browser
def test_places_far_away_are_outside(page: Visit) -> None:
    assert asked(page, [0, -61.7, 118.3, 500, float("nan")], [0, -36.8, -80, 36.8, 36.8]) == [None] * 5


@pytest.mark.browser
def test_every_pixel_has_the_colour_of_its_cell_and_of_the_legend(page: Visit, world: Page) -> None:
    bare(page)
    rng = np.random.default_rng(2)
    values = world.grids[0].raster.values
    rows, columns = np.nonzero(world.grids[0].inside & (values > 0))
    chosen = rng.choice(len(rows), 600, replace=False)
    # a tenth of a cell from the edge is less than a pixel here
    places = [(columns[i] + rng.uniform(0.3, 0.7), rows[i] + rng.uniform(0.3, 0.7)) for i in chosen]
    colours = {
        int(value): tuple(int(part) for part in re.findall(r"\d+", colour))
        for value, colour in page.run(
            """Array.from(document.querySelectorAll("#legend-0 .swatch"), s =>
               [s.dataset.class.split("-")[1], getComputedStyle(s).backgroundColor])"""
        )
    }
    for (column, row), found in zip(places, pixels(page, places), strict=True):
        assert found == (*colours[values[int(row), int(column)]], 255)


@pytest.mark.browser
def test_unknown_is_a_grey_hatch_and_outside_is_clear(page: Visit) -> None:
    bare(page)
    unknown = set(pixels(page, [(121 + i / 5, 42 + j / 5) for i in range(100) for j in range(60)]))
    assert len(unknown) == 2
    assert (0, 0, 0, 0) in unknown
    red, green, blue, _ = max(unknown)
    assert red == green == blue
    assert set(pixels(page, [(0.5, 0.5), (199.5, 149.5)])) == {(0, 0, 0, 0)}


@pytest.mark.browser
def test_what_a_move_adds_is_painted_as_the_whole_would_be(browser: Browser, world: Page, tmp_path: Path) -> None:
    """Dashes, patterns, symbols and edges of a map that was dragged, dot by dot, against the same view painted at once."""
    rng = np.random.default_rng(3)
    starts = rng.uniform((0, 0), (COLUMNS, ROWS), (40, 2))
    steps = np.cumsum(np.concatenate([starts[:, None], rng.normal(0, 25, (40, 12, 2))], axis=1), axis=1)
    roads = gpd.GeoDataFrame(
        geometry=list(shapely.linestrings(np.column_stack(at(*steps.reshape(-1, 2).T)).reshape(steps.shape))), crs=CRS
    )
    page = changed(world, vectors=(*world.vectors[:1], VectorLayer(LINES, roads), *world.vectors[2:]))
    with visit(
        browser, write(page, tmp_path / "moved.html", lang="zh", catalog=house()), device_scale_factor=1.25
    ) as seen:
        seen.page.click("#tool-pattern")
        seen.run("() => window.riskmap.map.setZoom(window.riskmap.map.getZoom() + 1.3, {animate: false})")
        for across, down in ((90, 0), (0, -150), (-260, 333), (1, 1), (17, -400)):
            seen.until("window.riskmap.painted()")
            seen.run(f"() => window.riskmap.map.panBy([{across}, {down}], {{animate: false}})")
        keep = """(name) => {
          const canvas = document.querySelector(".leaflet-pane canvas");
          window[name] = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        }"""
        differ = (
            "([a, b]) => window[a].reduce((n, v, i) => n + (Math.abs(v - window[b][i]) > 64), 0) / window[a].length"
        )
        for name in ("moved", "unpatterned", "anew"):
            seen.until("window.riskmap.painted()")
            seen.run(keep, name)
            seen.page.click("#tool-pattern")
        assert seen.run(differ, ["moved", "unpatterned"]) > 0.05
        assert seen.run(differ, ["moved", "anew"]) < 1e-4  # the edges of lines differ by shades
        assert not seen.errors


@pytest.mark.browser
def test_overlapping_polygons_cover_and_their_holes_do_not(browser: Browser, world: Page, tmp_path: Path) -> None:
    hollow = shapely.difference(cells(40, 50, 80, 90), cells(50, 60, 60, 70))
    # given the other way round, as shapefiles have it
    zones = [shapely.orient_polygons(hollow, exterior_cw=True), cells(70, 50, 110, 90), cells(105, 50, 130, 90)]
    zones[2] = zones[2].reverse()
    frame = gpd.GeoDataFrame({"name": list("abc")}, geometry=zones, crs=CRS)
    plain_world = changed(world, vectors=(VectorLayer(AREAS, frame),), coloured=False)
    path = write(plain_world, tmp_path / "zones.html", lang="zh", catalog=house())
    with visit(browser, path) as seen:
        seen.page.uncheck("#boundaries")
        ground, hole, first, both, second, both_again = pixels(
            seen, [(30, 70), (55, 65), (45, 80), (75, 70), (90, 70), (107, 70)]
        )
        assert hole == ground
        assert first == both == second == both_again != ground
        assert not seen.complaints()


@pytest.mark.browser
def test_class_switch_and_pattern(page: Visit) -> None:
    bare(page)
    red, orange = (65.5, 55.5), (55.5, 55.5)
    assert asked(page, *zip(lonlat(*at(*red)), strict=True))[0]["level"] == 4
    before = pixels(page, [red, orange])
    page.page.uncheck("#legend-0 input[data-value='4']")
    assert pixels(page, [red, orange]) == [(0, 0, 0, 0), before[1]]
    assert asked(page, *zip(lonlat(*at(*red)), strict=True))[0]["level"] == 4
    page.page.check("#legend-0 input[data-value='4']")
    page.page.click("#tool-pattern")
    patch = set(pixels(page, [(61 + i / 5, 51 + j / 5) for i in range(40) for j in range(40)]))
    assert len(patch) == 2
    assert before[0] in patch
    assert page.run("document.querySelector('#legend-0 .swatch').style.backgroundImage").startswith('url("data:')


@pytest.mark.browser
def test_click_tells_class_township_and_features(page: Visit) -> None:
    text = click(page, 150.5, 100.5)
    for part in ("Ⅲ\n一般风险", "北街道", "°E", "青石岭滑坡", "崩塌", "威胁人数\n—", "防治区\n一般", "人口\n3 人"):
        assert part in text, part
    assert "化工园" in click(page, 70, 95)
    assert "不属于任何乡镇" in click(page, 185.5, 90.5)
    assert "本区域之外" in click(page, 10, 145)


@pytest.mark.browser
def test_a_popup_begins_with_what_was_clicked_at_and_has_no_empty_part(
    browser: Browser, world: Page, tmp_path: Path
) -> None:
    named = (("name", plain("名称")), ("kind", plain("类型")))
    place = shapely.Point(at(50.5, 40.5))
    many = gpd.GeoDataFrame({"name": ["甲"] * 9, "kind": "landslide"}, geometry=[place] * 9, crs=CRS)
    silent = VectorLayer(
        dataclasses.replace(LINES, id="silent")
        if dataclasses.is_dataclass(LINES)
        else LINES.model_copy(update={"id": "silent"}),
        many,
        drawn=False,
    )
    page = changed(world, vectors=(silent, VectorLayer(POINTS, many, popup=named)))
    with visit(
        browser, write(page, tmp_path / "hits.html", lang="zh", catalog=house()), reduced_motion="reduce"
    ) as seen:
        text = click(seen, 50.5, 40.5)
        sections = seen.run("[...document.querySelectorAll('.card section')].map(s => s.querySelectorAll('dd').length)")
        assert sections == [2]
        assert text.index("甲") < text.index("东镇" if "东镇" in text else "人口")
        assert "另有" not in text


@pytest.mark.browser
def test_names_are_text_and_never_markup(page: Visit) -> None:
    assert EVIL in page.page.inner_text("#units")
    assert EVIL in page.page.text_content("#notes")
    page.page.fill("#search", "<")
    assert page.page.locator("#found li").count() == 2
    page.page.click("#found li:has-text('img src=x')")
    assert EVIL_END in page.page.inner_text(".leaflet-popup-content")
    page.page.fill("#search", "script>w")
    page.page.keyboard.press("Enter")
    assert page.run("document.querySelectorAll('main img, aside img, aside script, main script').length") == 0
    assert page.run("window.alerted") is None


@pytest.mark.browser
def test_search_by_keyboard(page: Visit) -> None:
    page.page.fill("#search", "东")
    page.page.keyboard.press("ArrowDown")
    assert page.page.get_attribute("#found li", "aria-selected") == "true"
    page.page.keyboard.press("Enter")
    assert "东镇" in page.page.inner_text("#units tr.picked")
    # a hidden layer is shown when one of its features is looked for
    page.page.fill("#search", "输油")
    page.page.keyboard.press("Enter")
    assert page.page.is_checked("input[data-vector='1']")
    assert page.run("window.riskmap.layers[3].visible")
    assert "输油一线" in page.page.inner_text(".leaflet-popup-content")
    page.page.fill("#search", "没有的")
    assert page.page.inner_text("#found") == "没有找到"
    page.page.keyboard.press("Escape")
    assert page.page.is_hidden("#found")


@pytest.mark.browser
def test_table_ranks_sorts_and_zooms(page: Visit) -> None:
    def names() -> list[str]:
        return page.run("Array.from(document.querySelectorAll('#units tbody th'), th => th.textContent)")

    assert names() == ["西镇", EVIL, "东镇", "北街道"]
    page.page.click("#units thead button[data-column='2']")
    assert names() == ["西镇", "东镇", "北街道", EVIL]
    page.page.click("#units thead button[data-column='2']")
    assert names() == [EVIL, "北街道", "东镇", "西镇"]
    page.page.click("#units thead button[data-column='1']")
    page.page.click("#units thead button[data-column='1']")
    assert names() == ["东镇", EVIL, "西镇", "北街道"]  # what is unknown stays last
    zoom = page.run("window.riskmap.map.getZoom()")
    page.page.click("#units tbody tr:nth-child(3) button")
    page.until(f"window.riskmap.map.getZoom() > {zoom}")
    assert page.page.get_attribute("#units tbody tr:nth-child(3) button", "aria-pressed") == "true"
    lon, lat = lonlat(*at(150, 37))
    assert page.run("([lat, lon]) => window.riskmap.map.getBounds().contains([lat, lon])", [float(lat), float(lon)])
    page.page.keyboard.press("Escape")
    page.until(f"window.riskmap.map.getZoom() == {zoom}")


@pytest.mark.browser
def test_the_other_grid_and_none(page: Visit) -> None:
    lon, lat = lonlat(*at(65.5, 55.5))
    page.page.check("input[name=grid][value='1']")
    assert asked(page, [lon], [lat])[0] | {"layer": "control_zone", "level": 2} == asked(page, [lon], [lat])[0]
    assert page.page.is_visible("#legend-1")
    assert page.page.is_hidden("#legend-0")
    page.page.check("input[name=grid][value='-1']")
    bare(page)
    # the quiet ground, which no class of the map has for a colour
    assert pixels(page, [(65.5, 55.5)]) == [(*ImageColor.getrgb(relief.FLAT_LIGHT), 255)]
    assert asked(page, [lon], [lat])[0]["layer"] == "risk_level"


@pytest.mark.browser
def test_keyboard(page: Visit) -> None:
    page.page.keyboard.press("Tab")
    assert page.run("document.activeElement.className") == "skip"
    page.page.keyboard.press("p")
    assert page.page.is_hidden("#panel")
    assert page.page.is_visible("#short-legend")
    page.page.keyboard.press("Escape")
    assert page.page.is_visible("#panel")
    page.page.focus(".folium-map")
    page.page.keyboard.press("Enter")
    assert page.page.is_visible(".leaflet-popup")
    page.page.keyboard.press("Escape")
    page.until("!document.querySelector('.leaflet-popup')")
    page.page.fill("#search", "p")
    assert page.page.is_visible("#panel")
    assert (
        page.run(
            """Array.from(document.querySelectorAll("button, input, [role=application], [role=listbox]"))
           .filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label"))).length"""
        )
        == 0
    )


@pytest.mark.browser
def test_a_presentation_goes_from_view_to_view(page: Visit) -> None:
    ranked = page.run("[...document.querySelectorAll('#units tbody th')].map(e => e.textContent.trim())")
    page.page.keyboard.press("p")
    seen = []
    for _ in ranked:
        page.page.keyboard.press("PageDown")
        seen.append(page.run("document.getElementById('view-name').textContent"))
    assert seen == ranked
    page.page.keyboard.press("PageDown")
    assert page.run("document.getElementById('view-name').textContent") == ""
    page.page.keyboard.press("PageUp")
    assert page.run("document.getElementById('view-name').textContent") == ranked[-1]
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Escape")
    assert page.page.is_visible("#panel")


@pytest.mark.browser
def test_a_presentation_keeps_a_legend_and_tells_the_figures(page: Visit, world: Page) -> None:
    page.page.keyboard.press("p")
    assert page.page.is_visible("#layers li:not(.off) canvas.symbol")
    assert page.page.is_hidden("#layers input")
    assert page.page.is_visible("#short-0 b")
    page.page.keyboard.press("PageDown")
    first = page.run("document.getElementById('view-name').textContent")
    row = page.page.inner_text(f"#units tr:has-text('{first}')").split()
    assert row[-1] in page.page.inner_text("#view-facts")
    # the shares are of the whole area
    assert page.page.is_hidden("#short-0 b")
    # and the township lies below what is said of it
    west, _, _, north = world.units[world.units["name"] == first].to_crs(4326).total_bounds
    top = page.run(
        "([lat, lon]) => { const map = window.riskmap.map, stage = map.getContainer().getBoundingClientRect();"
        " return map.latLngToContainerPoint([lat, lon]).y + stage.top; }",
        [float(north), float(west)],
    )
    assert top > page.run("document.getElementById('view').getBoundingClientRect().bottom")
    page.page.keyboard.press("Escape")
    assert page.page.is_hidden("#view")


@pytest.mark.browser
def test_patterns_stand_in_the_legend_of_lines(browser: Browser, world: Page, tmp_path: Path) -> None:
    style = house().style("evacuation_routes")
    routes = gpd.GeoDataFrame(
        {"kind": ["main", "backup"]},
        geometry=[shapely.LineString([at(20, k), at(180, k)]) for k in (50, 90)],
        crs=CRS,
    )
    page = changed(world, vectors=(VectorLayer(style, routes),))
    drawn = "[...document.querySelectorAll('#layers .classes canvas')].map(c => c.toDataURL())"
    with visit(browser, write(page, tmp_path / "routes.html", lang="zh", catalog=house())) as seen:
        before = seen.run(drawn)
        seen.page.click("#tool-pattern")
        after = seen.run(drawn)
        assert [b != a for b, a in zip(before, after, strict=True)] == [c.pattern != "solid" for c in style.classes]
        assert before != after


SAMPLED = """layer => {
  const canvas = document.querySelector(`#layers canvas[data-symbol='${layer}']`);
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext("2d");
  context.fillStyle = getComputedStyle(canvas).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  return Array.from(context.getImageData(36, 20, 1, 1).data);
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_seen_through_has_the_legend_s_colour(
    browser: Browser, world: Page, tmp_path: Path, scheme: str
) -> None:
    zones = gpd.GeoDataFrame({"name": ["a"]}, geometry=[cells(40, 50, 80, 90)], crs=CRS)
    page = changed(world, vectors=(VectorLayer(AREAS, zones),), coloured=False)
    with visit(browser, write(page, tmp_path / "a.html", lang="zh", catalog=house()), color_scheme=scheme) as seen:
        light, dark = (ImageColor.getrgb(rgb) for rgb in (relief.FLAT_LIGHT, relief.FLAT_DARK))
        boundary = "() => getComputedStyle(document.querySelector(\"[data-symbol='boundary']\")).backgroundColor"
        for grid, ground in (
            (-1, light if scheme == "light" else dark),
            (0, light),
            (-1, light if scheme == "light" else dark),
        ):
            seen.run("() => { document.getElementById('layers').open = true; }")
            seen.page.check(f"input[name=grid][value='{grid}']")
            assert seen.run(boundary) == "rgb({}, {}, {})".format(*ground)
        seen.page.uncheck("#boundaries")
        (on_map,) = pixels(seen, [(60, 70)])
        assert np.abs(np.subtract(on_map, seen.run(SAMPLED, "0:-1"))).max() <= 1
        assert not seen.complaints()


@pytest.mark.browser
def test_names_are_light_on_a_dark_ground_only(browser: Browser, file: Path) -> None:
    lightest = """() => {
      const canvas = document.querySelector(".leaflet-pane canvas");
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      let n = 0;
      for (let i = 0; i < data.length; i += 4) n += data[i] === 228 && data[i + 1] === 234 && data[i + 2] === 240;
      return n;
    }"""
    for scheme, grid, light in (("dark", -1, True), ("dark", 0, False), ("light", -1, False)):
        with visit(browser, file, color_scheme=scheme) as seen:
            seen.run("() => { document.getElementById('layers').open = true; }")
            seen.page.check(f"input[name=grid][value='{grid}']")
            seen.until("window.riskmap.painted()")
            assert (seen.run(lightest) > 20) == light, (scheme, grid)


@pytest.mark.browser
def test_two_runs_under_a_slider(browser: Browser, world: Page, tmp_path: Path) -> None:
    now = world.grids[0]
    milder = np.where(now.raster.values == 4, 1, now.raster.values).astype(np.uint8)
    areas = ((4, 0.0, 50.0), (3, 40.0, 40.0), (2, 30.0, 30.0), (1, 90.0, 40.0))
    other = Comparison(
        GridLayer(now.style, Raster(now.raster.grid, milder), now.inside), plain("2025"), plain("2026"), areas
    )
    file = write(changed(world, comparison=other, vectors=()), tmp_path / "two.html", lang="zh", catalog=house())
    red = next((c + 0.5, r + 0.5) for r in range(40, 110) for c in range(60, 140) if now.raster.values[r, c] == 4)
    with visit(browser, file, reduced_motion="reduce") as seen:
        assert seen.page.is_hidden("#compared")
        seen.page.click("#tool-compare")
        assert "+50.0" in seen.page.inner_text("#compared")
        assert "\u221250.0" in seen.page.inner_text("#compared")
        lon, lat = lonlat(*at(*red))
        share = seen.run(
            f"() => window.riskmap.map.latLngToContainerPoint([{lat}, {lon}]).x / window.riskmap.map.getSize().x * 100"
        )
        top = "() => document.elementsFromPoint(0, 0) && document.querySelector('.leaflet-before-pane').style.clip"
        clips = []
        for value in (share - 5, share + 5):
            seen.run(
                f"() => {{ const s = document.getElementById('swipe'); s.value = {value}; s.dispatchEvent(new Event('input')); }}"
            )
            clips.append(float(re.findall(r"(-?[\d.]+)px", seen.run(top))[1]))
        corner = seen.run("() => window.riskmap.map.containerPointToLayerPoint([0, 0]).x")
        width = seen.run("() => window.riskmap.map.getSize().x")
        at_red = corner + width * share / 100
        assert clips[0] < at_red < clips[1]
        # what the earlier run says stands in the popup while it is shown
        click(seen, *red)
        assert "2025" in seen.page.inner_text(".leaflet-popup-content")
        seen.page.click("#tool-compare")
        assert seen.page.is_hidden("#compared")
        assert not seen.complaints()


@pytest.mark.browser
def test_tianditu_is_off_and_its_key_is_in_no_file(browser: Browser, world: Page, file: Path, tmp_path: Path) -> None:
    assert "tianditu" not in file.read_text(encoding="utf-8").lower()
    online = write(changed(world, online=True), tmp_path / "online.html", lang="zh", catalog=house())
    html = online.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert re.findall(r"https?://[\w.*-]+", policy) == [f"https://t{n}.tianditu.gov.cn" for n in range(8)]
    # no other service: those of China are in GCJ-02, hundreds of metres off
    own = "".join(script.read_text(encoding="utf-8") for script in ASSETS.glob("*.js"))
    assert set(re.findall(r"https?://([\w.{}]+)", own)) == {"t{s}.tianditu.gov.cn", "www.w3.org"}
    with visit(browser, online) as seen:
        assert seen.requests == []
        seen.run("() => { document.getElementById('layers').open = true; }")
        seen.page.click("#basemap-switch")
        assert seen.requests == []
        tile = io.BytesIO()
        Image.new("RGB", (256, 256), (1, 200, 30)).save(tile, "PNG")
        seen.page.route(
            "https://*.tianditu.gov.cn/**",
            lambda route: route.fulfill(status=200, content_type="image/png", body=tile.getvalue()),
        )
        seen.page.fill("#basemap-key", "SECRETKEY")
        seen.page.click("#basemap-switch")
        seen.page.wait_for_timeout(700)
        # what "save page as" would write
        assert "SECRETKEY" not in seen.page.content()
        shown = Image.open(io.BytesIO(seen.page.screenshot())).convert("RGB").getcolors(1_000_000)
        assert {colour: n for n, colour in shown}.get((1, 200, 30), 0) > 50_000, "the tiles are painted"
        assert seen.requests
        assert all(re.match(r"https://t[0-7]\.tianditu\.gov\.cn/(vec|cva)_w/wmts\?", r) for r in seen.requests)
        assert all("tk=SECRETKEY" in r for r in seen.requests)
        assert "SECRETKEY" not in seen.run("() => JSON.stringify([localStorage, sessionStorage]) + document.cookie")
        assert not seen.errors


@pytest.mark.browser
def test_paper_is_one_sheet_and_leaves_no_trace(page: Visit) -> None:
    click(page, 65.5, 55.5)
    view = "[window.riskmap.map.getZoom(), window.riskmap.map.getCenter().lat, window.riskmap.map.getCenter().lng]"
    page.until("!window.riskmap.map._panAnim || !window.riskmap.map._panAnim._inProgress")
    before = page.run(view)
    pdf = page.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    width, height = (float(side) for side in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (420, 297)
    page.until("!document.documentElement.classList.contains('paper')")
    # to the pixel
    assert page.run(view) == pytest.approx(before, abs=3e-4)
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("document.body.scrollHeight <= 1047 && document.body.scrollWidth <= 1512")
    assert page.page.is_visible("#notes li")
    assert page.page.is_hidden("#search")
    assert page.run("document.querySelectorAll('.leaflet-popup').length") == 0
    assert page.page.is_visible(".notice")


@pytest.mark.browser
def test_dark_light_and_phone(browser: Browser, file: Path) -> None:
    def ground(seen: Visit) -> int:
        return int(re.findall(r"\d+", seen.run("getComputedStyle(document.body).backgroundColor"))[0])

    with visit(browser, file, color_scheme="dark") as seen:
        assert ground(seen) < 60
        seen.page.click("#tool-theme")
        assert ground(seen) > 200
    with visit(browser, file, width=390, height=844, is_mobile=True, has_touch=True, device_scale_factor=2) as seen:
        assert seen.run("document.documentElement.scrollWidth") == 390
        assert seen.page.is_visible(".notice")
        assert seen.complaints() == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (1024, 600), (1366, 768)])
@pytest.mark.parametrize("column", [60, 100, 140])
def test_an_answer_is_seen_whole(browser: Browser, file: Path, width: int, height: int, column: int) -> None:
    covered = """() => {
      const box = selector => document.querySelector(selector).getBoundingClientRect();
      const popup = box(".leaflet-popup-content-wrapper"), stage = box("#stage"), compass = box(".compass");
      const close = box(".leaflet-popup-close-button");
      return [popup.left >= stage.left && popup.right <= stage.right && popup.top >= stage.top && popup.bottom <= stage.bottom,
        compass.left < popup.right && compass.bottom > popup.top,
        document.elementFromPoint(close.left + close.width / 2, close.top + close.height / 2).closest("a,button,summary,#layers") === document.querySelector(".leaflet-popup-close-button")];
    }"""
    with visit(browser, file, width=width, height=height, has_touch=True, reduced_motion="reduce") as seen:
        click(seen, column, 30)
        seen.page.wait_for_timeout(600)
        assert seen.run(covered) == [True, False, True]


@pytest.mark.browser
def test_nothing_is_cut_off_on_a_small_projector(browser: Browser, file: Path) -> None:
    with visit(browser, file, width=1280, height=720) as seen:
        assert seen.run("document.documentElement.scrollWidth") == 1280
        assert (
            seen.run(
                """["#panel", "header", "footer", "#units"].filter(s => {
               const e = document.querySelector(s); return e.scrollWidth > e.clientWidth + 1; })"""
            )
            == []
        )


@pytest.mark.browser
def test_a_page_of_lines_alone(browser: Browser, world: Page, tmp_path: Path) -> None:
    empty = gpd.GeoDataFrame({"name": [], "code": []}, geometry=[], crs=CRS)
    page = changed(world, grids=(), legend=(), units=empty, unit_columns=(), vectors=world.vectors[1:2])
    with visit(browser, write(page, tmp_path / "lines.html", lang="zh", catalog=house())) as seen:
        assert asked(seen, [118.3], [36.8]) == [None]
        assert seen.complaints() == []


@pytest.mark.browser
def test_large_pages_are_small_and_quick(browser: Browser, world: Page, tmp_path: Path) -> None:
    """1.35 million cells, 10,000 points and 5,000 km of roads; the bounds are several times what was measured."""
    rng = np.random.default_rng(0)
    grid = Grid((1020, 1324), Affine(30, 0, 600_000, 0, -30, 4_090_000), CRS)
    smooth = np.kron(rng.integers(1, 5, (34, 45)), np.ones((30, 30)))[:1020, :1324].astype(np.uint8)
    noisy = np.where(rng.random(smooth.shape) < 0.05, rng.integers(0, 5, smooth.shape), smooth).astype(np.uint8)
    cells_only = changed(
        world, grids=(GridLayer(world.grids[0].style, Raster(grid, noisy), np.ones(noisy.shape, bool)),), vectors=()
    )
    x, y = rng.uniform(601_000, 639_000, 10_000), rng.uniform(4_061_000, 4_089_000, 10_000)
    points = gpd.GeoDataFrame(
        {"name": [f"{i} 号" for i in range(10_000)], "kind": "landslide"}, geometry=gpd.points_from_xy(x, y), crs=CRS
    )
    starts = rng.uniform((601_000, 4_061_000), (637_000, 4_087_000), (2_500, 2))
    steps = np.cumsum(rng.normal(0, 100, (2_500, 20, 2)), axis=1)
    roads = gpd.GeoDataFrame(geometry=list(shapely.linestrings(starts[:, None] + steps)), crs=CRS)
    assert roads.length.sum() > 5_000_000
    crowded = changed(
        cells_only,
        vectors=(
            VectorLayer(LINES, roads),
            VectorLayer(POINTS, points, popup=(("name", plain("n")), ("kind", plain("k"))), search="name"),
        ),
    )
    for page, most_bytes, most_ms in ((cells_only, 1_000_000, 2_000), (crowded, 8_000_000, 3_000)):
        file = write(page, tmp_path / "large.html", lang="zh", catalog=house())
        assert file.stat().st_size < most_bytes
        with visit(browser, file) as seen:
            assert seen.run("performance.now()") < most_ms
            assert seen.complaints() == []


NAMES_DRAWN = """
const fill = CanvasRenderingContext2D.prototype.fillText;
window.written = [];
CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
  window.written.push({ canvas: this.canvas, text: text, x: x, y: y, width: this.measureText(text).width, height: parseFloat(this.font.match(/([0-9.]+)px/)[1]) });
  return fill.apply(this, arguments);
};
"""
BOXES_AND_MARKS = """(places) => {
  const boxes = window.written.map((w) => {
    const on = w.canvas.getBoundingClientRect(), scale = on.width / w.canvas.width;
    return [w.text, on.left + w.x * scale, on.top + (w.y - w.height / 2) * scale, w.width * scale, w.height * scale];
  });
  const corner = window.riskmap.map.getContainer().getBoundingClientRect();
  const marks = places.map(([lon, lat]) => {
    const p = window.riskmap.map.latLngToContainerPoint([lat, lon]);
    return [corner.left + p.x, corner.top + p.y];
  });
  return [boxes, marks];
}"""


@pytest.mark.browser
def test_no_name_lies_on_a_mark(browser: Browser, world: Page, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    spots = [(50, 37.5), (150, 37.5), *rng.uniform((30, 70), (170, 135), (60, 2))]  # two in the middle of townships
    stations = gpd.GeoDataFrame(
        {"name": [f"第{n}号消防救援站" for n in range(len(spots))]},
        geometry=[shapely.Point(at(*spot)) for spot in spots],
        crs=CRS,
    )
    named = POINTS.model_copy(update={"symbol": POINTS.symbol.model_copy(update={"label": "name"})})
    page = changed(world, vectors=(VectorLayer(named, stations),))
    file = write(page, tmp_path / "names.html", lang="zh", catalog=house())
    with visit(browser, file, before=NAMES_DRAWN, reduced_motion="reduce") as seen:
        seen.until("window.riskmap.painted()")
        places = [lonlat(*at(*spot)) for spot in spots]
        boxes, marks = seen.run(BOXES_AND_MARKS, places)
    names = {box[0] for box in boxes}
    assert set(NAMES) <= names, "townships keep their names"
    assert 10 < len(names) - len(NAMES) < len(spots), "as many stations as there is room for"
    for text, west, north, width, height in boxes:
        inside = [i for i, (x, y) in enumerate(marks) if west < x < west + width and north < y < north + height]
        assert inside == [] or text in NAMES[2:], text  # there is no room for these two among so many
