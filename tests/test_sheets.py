"""The printed sheets: paper, real text in an embedded font, one picture for the cells, an atlas, and no empty boxes."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import county
import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
import yaml
from affine import Affine
from browser import require
from conftest import ROOT
from county import CRS
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from threats import threatened

import riskmap
from riskmap.crs import LONLAT
from riskmap.data.catalog import house
from riskmap.errors import OutputError, SpecError
from riskmap.grid import Grid
from riskmap.output import printmap, printmap_fonts, printmap_graticule, printmap_hatch, printmap_map
from riskmap.output.printmap import Plate, Printing
from riskmap.output.printmap_fonts import MissingGlyphError, typeface
from riskmap.output.printmap_template import PAPERS, paper_mm, template
from riskmap.output.webmap import Page
from riskmap.text import Text
from riskmap.workflow.project import load

POINTS_PER_MM = 72 / 25.4


def tool(*command: str) -> str:
    require(shutil.which(command[0]), f"{command[0]} is not installed (poppler-utils)")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def words(path: Path, page: int | None = None) -> str:
    """Give a PDF's text without white space."""
    pages = [] if page is None else ["-f", str(page), "-l", str(page)]
    return re.sub(r"\s+", "", tool("pdftotext", *pages, str(path), "-"))


def bare(**changes: object) -> Page:
    """Give a page of one township without cells."""
    units = gpd.GeoDataFrame(
        {"name": ["东镇"], "code": ["370305100"], "area_km2": [4.0]}, geometry=[shapely.box(600_000, 4_060_000, 602_000, 4_062_000)], crs=CRS
    )  # fmt: skip
    page = Page(Text("图", "Map"), Text("副", "sub"), Text("要点 3", "point 3"), (), (), (), units, (), (), ())
    return dataclasses.replace(page, **changes)


def made(page: Page, path: Path, **printing: object) -> Path:
    sheet = printmap.compose(Plate(page, "1"), printing=Printing(**printing), lang="zh", catalog=house())
    return printmap.save(sheet, path, title="t")


# ---- the delivered sheets


@pytest.mark.parametrize(("paper", "suffix"), [("A4", ""), ("A3", ""), ("A0", ""), ("A3", "-atlas")])
def test_paper_font_and_text(threatened_out: Path, paper: str, suffix: str) -> None:
    pdf = threatened_out / "print" / f"risk-zoning{suffix}-{paper}.pdf"
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", tool("pdfinfo", str(pdf)))
    wanted = sorted(mm * POINTS_PER_MM for mm in paper_mm(paper, upright=False))
    assert np.allclose(sorted(float(v) for v in size.groups()), wanted, atol=1)
    fonts = tool("pdffonts", str(pdf)).splitlines()[2:]
    assert fonts
    assert all("NotoSansSC" in line and line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts), fonts
    text = words(pdf)
    for part in (
        "示例县综合风险区划图",
        "比例尺1:",
        "重大风险",
        "内部使用，未经审核，不得公开",
        "EPSG:4548",
        "高程基准",
        "编制单位",
        "图号",
    ):
        assert part in text, part
    assert re.search(r"11[0-9]°[0-5]\d′([0-5]\d″)?E", text)
    assert "60′" not in text
    assert "60″" not in text


def test_the_cells_are_one_indexed_picture_with_a_rim_of_one_cell(threatened_out: Path) -> None:
    for paper in ("A4", "A0"):
        listed = tool("pdfimages", "-list", str(threatened_out / "print" / f"risk-zoning-{paper}.pdf")).splitlines()[2:]
        pictures = [line.split() for line in listed]
        assert [(p[2], p[3], p[4], p[5]) for p in pictures] == [("image", "22", "22", "index")], listed


def test_legend_areas_are_those_of_the_run(threatened_out: Path) -> None:
    area = json.loads((threatened_out / "run.json").read_text(encoding="utf-8"))["totals"]["zones"]["area_km2"][
        "by_level"
    ]
    text = words(threatened_out / "print" / "risk-zoning-A3.pdf")
    for level in "4321":
        assert f"{area[level]:.2f}" in text, level


def test_an_atlas_has_contents_and_a_sheet_for_each_township(threatened_out: Path) -> None:
    pdf = threatened_out / "print" / "risk-zoning-atlas-A3.pdf"
    assert re.search(r"Pages:\s+3", tool("pdfinfo", str(pdf)))
    front, west, east = (words(pdf, page) for page in (1, 2, 3))
    for part in ("西镇", "东<b>镇</b>", "1-01", "1-02"):
        assert part in front, part
    assert "综合风险区划图·西镇" in west
    assert "综合风险区划图·东<b>镇</b>" in east
    assert "图号1-01" in west
    assert "图号1-02" in east


def test_the_whole_area_has_a_map_of_the_townships_by_their_numbers_however_long_the_notes(tmp_path: Path) -> None:
    sheet = bare(unit_columns=(("area_km2", Text("面积", "Area"), "km2"),))
    assert "乡镇位置（编号同乡镇表）" in words(made(sheet, tmp_path / "room.pdf"))
    long = tuple(Text(f"说明 {n} " + "字" * 300, "x") for n in range(40))
    full = words(made(dataclasses.replace(sheet, notes=long), tmp_path / "full.pdf"))
    assert "乡镇位置（编号同乡镇表）" in full
    assert "说明0" in full


def test_png_has_the_paper_s_size(threatened_out: Path) -> None:
    with Image.open(threatened_out / "print" / "risk-zoning-A3.png") as picture:
        assert sorted(picture.size) == pytest.approx(sorted(round(mm / 25.4 * 150) for mm in (420, 297)), abs=2)
        assert picture.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        colours = {rgb for _, rgb in picture.convert("RGB").getcolors(1 << 24)}
    for word in ("red", "orange", "yellow", "blue"):
        rgb = house().rgb(word)
        assert tuple(int(rgb[i : i + 2], 16) for i in (1, 3, 5)) in colours, word


# ---- glyphs


def test_the_font_comes_with_the_install_and_has_the_national_standard() -> None:
    font = typeface().fonts[-1]
    assert "site-packages" in font.path.parts
    gb2312 = [
        bytes([a, b]).decode("gb2312")
        for a in range(0xB0, 0xF8)
        for b in range(0xA1, 0xFF)
        if (a, b) < (0xD7, 0xFA) or a > 0xD7
    ]
    assert len(gb2312) == 6763
    assert not typeface().missing("".join(gb2312))
    assert not typeface().missing("Ⅰ Ⅱ Ⅲ Ⅳ ° ′ ″ m² km² ×")


def test_a_missing_glyph_stops_before_anything_is_drawn(tmp_path: Path) -> None:
    units = bare().units.assign(name="\ue123镇")
    with pytest.raises(MissingGlyphError) as caught:
        made(bare(units=units), tmp_path / "x.pdf")
    said = str(caught.value)
    assert "U+E123" in said
    assert "Noto Sans SC" in said
    assert "output.fonts" in said
    assert not list(tmp_path.iterdir())


def test_a_name_that_no_font_can_write_stops_a_build_and_writes_no_sheet(tmp_path: Path) -> None:
    project = threatened(tmp_path, name={"zh": "\ue123县", "en": "x"})
    with pytest.raises(OutputError, match="U\\+E123"):
        riskmap.build(project, tmp_path / "out", only=["print"])
    assert not list((tmp_path / "out").glob("print/*"))


def test_a_font_of_one_s_own_and_one_that_is_none(tmp_path: Path) -> None:
    font = typeface().fonts[-1].path
    assert len(typeface([font]).fonts) == 2
    wrong = tmp_path / "none.ttf"
    wrong.write_bytes(b"no font")
    with pytest.raises(OutputError, match=r"output\.fonts"):
        typeface([wrong])


def test_lines_break_where_chinese_lines_may() -> None:
    face = typeface()
    text = "方法 weighted_sum；权重（洪涝 0.20，地震 0.15）。颜色只能在本区域内比较。"
    lines = face.wrap(text, 8, 30)
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert face.width_mm(line, 8) <= 30
        assert line[0] not in printmap_fonts.NOT_FIRST
        assert line[-1] not in printmap_fonts.NOT_LAST


# ---- geography


@given(st.integers(-180 * 3600, 180 * 3600))
def test_labels_mean_what_they_say(seconds: int) -> None:
    label = printmap_graticule.label(seconds, meridian=True)
    degrees, minutes, arc, side = re.fullmatch(r"(\d+)°(\d\d)′(?:(\d\d)″)?([EW])", label).groups()
    assert int(minutes) < 60
    assert int(arc or 0) < 60
    value = int(degrees) * 3600 + int(minutes) * 60 + int(arc or 0)
    assert value * (-1 if side == "W" else 1) == seconds


def test_graticule_lines_lie_where_the_projection_says() -> None:
    crs = pyproj.CRS.from_epsg(4548)
    window = (600_000, 4_060_000, 640_000, 4_090_000)
    to_lonlat = pyproj.Transformer.from_crs(crs, LONLAT, always_xy=True)
    lines = printmap_graticule.graticule(window, crs)
    assert {line.meridian for line in lines} == {True, False}
    for line in lines:
        at = (line.low, window[1]) if line.meridian else (window[0], line.low)
        lon, lat = to_lonlat.transform(*at)
        value = (lon if line.meridian else lat) * 3600
        assert printmap_graticule.label(round(value), meridian=line.meridian) == line.label
        assert abs(value - round(value)) < 0.05


@pytest.mark.parametrize("paper", PAPERS)
def test_the_ratio_is_true(paper: str) -> None:
    form = template("standard")
    plate = Plate(bare(), "1")
    sheet = printmap.compose(plate, printing=Printing(paper), lang="zh", catalog=house())
    layouts = [layout for layout in form.layouts if layout.upright == sheet.format.upright]
    views = [printmap_map.window(sheet, layout.map_box, plate, form.map) for layout in layouts]
    printed = next(t for t in sheet.texts() if "1:" in t)
    ratio = int(re.search(r"1:([\d ]+)", printed)[1].replace(" ", ""))
    assert ratio in [round(view.denominator) for view in views]
    for view in views:
        left, top, right, bottom = view.box
        west, south, east, north = view.ground
        assert (east - west) * 1000 / (right - left) == pytest.approx(view.denominator)
        assert (north - south) * 1000 / (bottom - top) == pytest.approx(view.denominator)


# ---- templates


def test_a_bureau_s_own_template(tmp_path: Path) -> None:
    own = (ROOT / "styles" / "sheets" / "standard.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(own.replace("hatches: true", "hatches: false"), encoding="utf-8")
    assert made(bare(), tmp_path / "x.pdf", template="own.yaml", beside=tmp_path).exists()
    (tmp_path / "bad.yaml").write_text(own.replace("box: [10, 9, 210, 27]", "box: [10, 9, 510, 27]"), encoding="utf-8")
    with pytest.raises(SpecError, match="510"):
        template("bad.yaml", beside=tmp_path)
    (tmp_path / "key.yaml").write_text(own.replace("neatline:", "neat_line:"), encoding="utf-8")
    with pytest.raises(SpecError, match="neat_line"):
        template("key.yaml", beside=tmp_path)
    with pytest.raises(SpecError, match="standard"):
        template("standart")


def test_sheets_are_the_same_bytes(tmp_path: Path) -> None:
    for suffix in (".pdf", ".png"):
        first, second = (made(bare(), tmp_path / f"{k}{suffix}").read_bytes() for k in "ab")
        assert first == second


def test_patterns_are_drawn_for_what_a_sheet_shows_and_lie_as_on_the_whole() -> None:
    grid = Grid((400, 900), Affine(100, 0, 600_000, 0, -100, 4_100_000), CRS)
    view = printmap_map.Window((0, 0, 100, 80), (640_030, 4_080_010, 645_000, 4_084_000), 50_000, pyproj.CRS(CRS))
    rows, columns = printmap_map.in_sight(grid, view)
    assert (rows, columns) == (slice(160, 200), slice(400, 450))
    marked = np.random.default_rng(1).random(grid.shape) < 0.5
    corner = grid.transform * Affine.translation(columns.start, rows.start)
    _, whole = printmap_hatch.over_cells(marked, grid.transform, "dots", 75.0)
    _, part = printmap_hatch.over_cells(marked[rows, columns], corner, "dots", 75.0)
    west, south, east, north = view.ground
    seen = whole[(whole[:, 0] > west) & (whole[:, 0] < east) & (whole[:, 1] > south) & (whole[:, 1] < north)]
    assert 1000 < len(seen) <= len(part) < len(whole) / 50
    assert set(map(tuple, seen.round(3).tolist())) <= set(map(tuple, part.round(3).tolist()))
    away = printmap_map.Window((0, 0, 100, 80), (0, 0, 10, 10), 50_000, pyproj.CRS(CRS))
    assert all(s.start == s.stop for s in printmap_map.in_sight(grid, away))


def test_holes_stay_open_and_overlaps_are_covered() -> None:
    square, hole, beside = shapely.box(0, 0, 4, 4), shapely.box(1, 1, 2, 2), shapely.box(3, 0, 7, 4)
    for turned in itertools.product((False, True), repeat=3):
        outer, inner, other = (s.reverse() if t else s for s, t in zip((square, hole, beside), turned, strict=True))
        hollow = shapely.Polygon(outer.exterior.coords, [list(inner.exterior.coords)])
        rings = printmap_map.path_of([hollow, other]).to_polygons()
        winding = [sum(_winding(ring, at) for ring in rings) for at in ((0.5, 2), (1.5, 1.5), (3.5, 2), (5, 2), (8, 2))]
        assert [w != 0 for w in winding] == [True, False, True, True, False]


def _winding(ring: np.ndarray, at: tuple[float, float]) -> int:
    angles = np.unwrap(np.arctan2(*(ring - at).T[::-1]))
    return round((angles[-1] - angles[0]) / (2 * np.pi))


def test_formulas_and_markup_are_set_as_they_are(tmp_path: Path) -> None:
    names = "$x^2$ <b> \\alpha =1+1"
    made(bare(title=Text(names, "x")), tmp_path / "x.pdf")
    assert "$x^2$<b>\\alpha=1+1" in words(tmp_path / "x.pdf")


@pytest.mark.parametrize(
    ("printings", "clash"),
    [
        (["A3", {"paper": "A3", "dpi": 300}], True),
        ([{"paper": "A3", "maps": ["risk-zoning"]}, {"paper": "A3", "maps": ["one-map"]}], False),
        ([{"paper": "A3", "maps": ["risk-zoning"]}, "A3"], True),
        (["A3", {"paper": "A3", "orientation": "landscape"}, {"paper": "A3", "atlas": True}, "A4"], False),
    ],
)
def test_no_printing_replaces_another_without_a_word(tmp_path: Path, printings: list[object], clash: bool) -> None:
    file = county.county(tmp_path)
    project = yaml.safe_load(file.read_text("utf-8"))
    project["output"] = project.get("output", {}) | {"print": printings}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), "utf-8")
    if clash:
        with pytest.raises(SpecError, match="writes the same files as one before it"):
            load(file, house())
    else:
        load(file, house())


def test_a_way_up_that_is_asked_for_stands_in_the_name(tmp_path: Path) -> None:
    file = county.county(tmp_path)
    project = yaml.safe_load(file.read_text("utf-8"))
    ways = [
        {"paper": "A4", "orientation": way, "formats": ["pdf"], "maps": ["risk-zoning"]}
        for way in ("landscape", "portrait")
    ]
    project["output"] = project.get("output", {}) | {"print": ways}
    file.write_text(yaml.safe_dump(project, allow_unicode=True), "utf-8")
    out = riskmap.build(file, tmp_path / "out", only=("print",)).out
    assert sorted(p.name for p in (out / "print").iterdir()) == [
        "risk-zoning-A4-landscape.pdf",
        "risk-zoning-A4-portrait.pdf",
    ]
