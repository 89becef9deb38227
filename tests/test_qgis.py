"""The QGIS project: what it says, and what real QGIS shows where it is installed (``make qgis``)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from conftest import ROOT
from county import CELL

from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.levels import LEVELS
from riskmap.output import qgis, qgis_raster
from riskmap.output.qgis import GridEntry, Group, VectorEntry
from riskmap.output.symbology import symbology
from riskmap.text import Text

PICTURE = ROOT / "out" / "qgis"


def project_text(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["project.qgs"]
        assert archive.infolist()[0].date_time == qgis.NO_CLOCK
        return archive.read("project.qgs").decode()


def test_every_table_and_grid_is_in_the_project_once(threatened_out: Path) -> None:
    root = ET.fromstring(project_text(threatened_out / "project.qgz"))
    ids = [layer.findtext("id") for layer in root.iter("maplayer")]
    assert len(set(ids)) == len(ids)
    assert all(len(i) > 10 for i in ids)
    assert [n.get("id") for n in root.iter("layer-tree-layer")] == ids
    sources = " ".join(layer.findtext("datasource") for layer in root.iter("maplayer"))
    told = {"findings", "sources", "runs", "grids", "layer_styles", "repairs", "dictionary", "domains"}
    tables = set(Database(threatened_out / "riskmap.gpkg").layers()) - told
    assert set(re.findall(r"layername=(\w+)", sources)) == tables
    assert set(re.findall(r"\./grids/(\w+)\.tif", sources)) == {p.stem for p in threatened_out.glob("grids/*.tif")}
    assert all(layer.find("srs") is None or layer.find(".//wkt").text for layer in root.iter("maplayer"))


def test_names_are_chinese_and_results_stand_for_what_was_delivered(threatened_out: Path) -> None:
    root = ET.fromstring(project_text(threatened_out / "project.qgz"))
    checked = {n.get("name"): n.get("checked") for n in root.iter("layer-tree-layer")}
    assert checked["地质灾害隐患点叠加"] == "Qt::Checked"
    assert checked["地质灾害隐患点"] == "Qt::Unchecked"
    assert checked["综合风险等级"] == "Qt::Checked"
    aliases = {a.get("name") for a in root.iter("alias")}
    assert {"隐患点编号", "威胁人数", "区划代码"} & aliases


def test_styles_of_the_database_are_those_of_the_palette(threatened_out: Path) -> None:
    styles = Database(threatened_out / "riskmap.gpkg").read("layer_styles").set_index("f_table_name")
    assert styles["useAsDefault"].astype(bool).all()
    qml = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", styles.loc["risk_zones", "styleQML"]))
    colours = {
        c.get("value"): qml.find(f".//symbol[@name='{c.get('symbol')}']//Option[@name='color']").get("value")
        for c in qml.iter("category")
    }
    for level in LEVELS[1:]:
        rgb = house().rgb(level.colour)
        assert colours[str(level.code)].startswith(",".join(str(int(rgb[i : i + 2], 16)) for i in (1, 3, 5)))
    for sld in styles["styleSLD"]:
        ET.fromstring(sld)


def test_same_project_same_bytes(tmp_path: Path) -> None:
    import pyproj

    crs = pyproj.CRS.from_epsg(4548)
    drawn = symbology(house().style("risk_zones"), house())
    ramp = qgis_raster.of_classes(symbology(house().style("risk_level"), house()), "zh")
    entries = (
        VectorEntry("risk_zones", Text("区", "z"), crs, "Polygon", ("level",), {}, drawn),
        GridEntry("risk_level", Text("级", "l"), crs, ramp),
    )
    groups = (Group(Text("组", "g"), entries),)
    made = [
        qgis.write_project(
            tmp_path / name / "project.qgz",
            title=Text('<图> & "库"', "t"), groups=groups, crs=crs, bounds=(0, 0, 1, 1), database="riskmap.gpkg", lang="zh",
        ).read_bytes()
        for name in "ab"
    ]  # fmt: skip
    assert made[0] == made[1]


def test_a_ramp_has_as_many_colours_as_levels() -> None:
    for count in (1, 4, 5, 9):
        entries = qgis_raster.of_levels(count, "zh").entries
        assert len({e.rgb for e in entries}) == count
    assert qgis_raster.of_levels(5, "zh").entries[-1].rgb == qgis_raster.RAMP[-1]


# ---- real QGIS


def look(out: Path, places: list[str]) -> dict[str, Any]:
    """Open a project in the QGIS of this machine; skip without one (it is no package of PyPI)."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    probe = [python or "python3", "-c", "import qgis.core"]
    if python is None or subprocess.run(probe, capture_output=True, check=False, env={}).returncode:
        pytest.skip("QGIS is not installed (make qgis installs it on Debian as root)")
    PICTURE.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [python, str(ROOT / "tests" / "qgis_look.py"), str(out), str(PICTURE / f"{out.parent.name[:20]}.png"), *places],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(out.parent), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    answer = [line for line in run.stdout.splitlines() if line.startswith("JSON")]
    assert answer, run.stderr
    return json.loads(answer[-1][4:])


def test_real_qgis_opens_it_coloured_grouped_and_in_chinese(threatened_out: Path) -> None:
    with rasterio.open(threatened_out / "grids" / "risk_level.tif") as source:
        codes, transform = source.read(1), source.transform
    rng = np.random.default_rng(5)
    cells = [(int(r), int(c)) for r, c in rng.integers(0, 20, (40, 2))]
    wanted, places = {}, []
    for row, column in cells:
        x, y = transform @ (column + 0.5, row + 0.5)
        code = int(codes[row, column])
        for name in ("综合风险等级", "综合风险区划") if code else ("综合风险等级",):
            places.append(f"{name}:{x},{y}")
            wanted[places[-1]] = house().rgb(LEVELS[code].colour) if code else "#ffffff"
    seen = look(threatened_out, places)
    assert seen["opened"]
    assert seen["crs"] == "EPSG:4548"
    assert seen["title"] == "示例县安全风险数据库"
    assert {"行政区", "风险与隐患", "消防救援", "综合区划"} <= set(seen["groups"])
    assert all(layer["valid"] for layer in seen["layers"].values())
    assert all(layer["crs"] == "EPSG:4548" for layer in seen["layers"].values() if layer["renderer"])
    assert seen["layers"]["综合风险等级"]["classes"]["4"] == ["Ⅰ 重大风险", house().rgb("red")]
    assert seen["layers"]["地质灾害隐患点叠加"]["aliases"]["name"] == "名称"
    assert seen["layers"]["乡镇街道"]["labels"]
    assert seen["alone"] == {
        "valid": True,
        "renderer": "categorizedSymbol",
        "classes": seen["alone"]["classes"] | {str(n): house().rgb(LEVELS[n].colour) for n in (1, 2, 3, 4)},
    }
    # styles draw zones at their own opacity over white; cells are drawn whole
    opacity = house().style("risk_zones").symbol.opacity
    for place, rgb in wanted.items():
        got = [int(seen["at"][place][i : i + 2], 16) for i in (1, 3, 5)]
        full = np.array([int(rgb[i : i + 2], 16) for i in (1, 3, 5)])
        share = opacity if place.startswith("综合风险区划:") else 1.0
        assert np.abs(got - (full * share + 255 * (1 - share))).max() <= 2, (place, rgb, seen["at"][place])
    assert CELL == 100
