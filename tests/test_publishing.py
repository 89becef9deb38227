"""A public edition: what is restricted is blurred or gone from every file, and the build says so."""

from __future__ import annotations

import base64
import gzip
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from county import CRS
from threats import SECRETS, place, threatened

import riskmap
from riskmap.data.catalog import house
from riskmap.data.database import Database
from riskmap.errors import SpecError

PUBLIC = {"publish": "public", "map_review_number": "鲁S（2026）001号", "print": [{"paper": "A4", "formats": ["pdf"]}]}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> riskmap.workflow.build.Built:
    folder = tmp_path_factory.mktemp("public")
    return riskmap.build(threatened(folder, output=PUBLIC), folder / "out")


def readable(path: Path) -> Iterator[bytes]:
    """Give what a reader can dig out of a file: its bytes, and those of what is packed in it."""
    data = path.read_bytes()
    yield data
    if path.suffix in (".qgz", ".xlsx"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name)
    if path.suffix == ".html":
        for block in re.findall(rb'type="application/octet-stream"[^>]*>([^<]+)<', data):
            yield gzip.decompress(base64.b64decode(block))


def test_nothing_restricted_is_in_any_file(public: riskmap.workflow.build.Built) -> None:
    files = [p for p in public.out.rglob("*") if p.is_file()]
    assert {"risk-zoning.html", "one-map.html", "riskmap.gpkg", "project.qgz", "run.json"} <= {p.name for p in files}
    for path in files:
        for data in readable(path):
            for secret in SECRETS:
                for encoding in ("utf-8", "utf-16-le", "unicode-escape", "gbk"):
                    assert secret.encode(encoding) not in data, (path, secret)


def test_the_secrets_are_in_an_internal_edition(tmp_path: Path) -> None:
    out = riskmap.build(threatened(tmp_path), tmp_path / "out", only=["map"]).out
    found = b"".join(data for name in ("one-map", "risk-zoning") for data in readable(out / "maps" / f"{name}.html"))
    assert all(secret.encode() in found for secret in ("秘坡甲", "秘管乙", "秘罐丙"))


def test_positions_are_middles_of_squares_and_lists_stay_at_home(public: riskmap.workflow.build.Built) -> None:
    database = Database(public.out / "riskmap.gpkg")
    cell = house().facts("publishing").values["cell_m"].value
    points = database.read("geohazard_points")
    assert list(points["count"]) == [1, 1]
    assert set(points.columns) == {"kind", "scale", "count", "geometry"}
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    assert (np.abs(xy / cell % 1 - 0.5) < 1e-9).all()
    exact = np.array([place(3.3, 16.7), place(14.2, 5.1)])
    assert np.abs(xy[:, None] - exact[None]).max(axis=2).min() > 50
    restricted = {layer for layer, spec in house().layer_specs.items() if spec.restricted}
    blurred = {row["layer"] for row in house().facts("publishing").tables["restricted"].rows if row["action"] == "blur"}
    assert set(database.layers()) & restricted <= blurred
    assert not list(public.out.glob("tables/*"))
    assert not list(public.out.glob("cards/*"))
    assert not (public.out / ".riskmap" / "work").exists()


def test_no_line_begins_at_a_threatened_place_and_no_shelter_is_said_to_lie_in_a_zone(
    public: riskmap.workflow.build.Built,
) -> None:
    database = Database(public.out / "riskmap.gpkg")
    kept = {layer for layer in database.layers() if layer.startswith(("evacuation_", "shelter_"))}
    assert kept <= {"evacuation_summary", "shelter_units"}, "sums only"
    assert "shelters" in database.layers()


def test_every_restricted_layer_has_its_line_or_is_dropped(public: riskmap.workflow.build.Built) -> None:
    said = [f.message.zh for f in public.findings if f.code.startswith("PUBLIC_EDITION")]
    assert any("危险化学品存量" in text and "未收录" in text for text in said)
    assert any("地质灾害隐患点" in text and "2000 米" in text for text in said)
    assert any("tables/ledger.xlsx" in text for text in said)
    page = (public.out / "maps" / "risk-zoning.html").read_text(encoding="utf-8")
    assert "公开版未收录" in page
    assert "审图号：鲁S（2026）001号" in page
    assert "不得公开" not in page


def test_the_public_edition_is_whole(public: riskmap.workflow.build.Built) -> None:
    from riskmap.workflow.verify import verify

    assert verify(public.out)["totals"]
    listed = {name for name, _ in pyogrio.list_layers(public.out / "riskmap.gpkg")}
    with zipfile.ZipFile(public.out / "project.qgz") as archive:
        project = archive.read("project.qgs").decode()
    assert set(re.findall(r"layername=(\w+)", project)) <= listed
    assert set(re.findall(r"\./grids/(\w+)\.tif", project)) <= {p.stem for p in public.out.glob("grids/*.tif")}
    assert Database(public.out / "riskmap.gpkg").read("risk_zones").crs == CRS


def test_without_a_review_number_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="map_review_number"):
        riskmap.build(threatened(tmp_path, output={"publish": "public"}), tmp_path / "out")
    with pytest.raises(SpecError, match="map_review_number"):
        riskmap.build(threatened(tmp_path, output={"publish": "public", "map_review_number": "  "}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_public_edition_asks_for_no_tiles(tmp_path: Path) -> None:
    project = threatened(tmp_path, output=PUBLIC | {"online_basemap": "tianditu"})
    with pytest.raises(SpecError, match="online"):
        riskmap.build(project, tmp_path / "out")


def test_a_public_edition_is_never_sent_to_a_server(tmp_path: Path) -> None:
    project = threatened(tmp_path, output=PUBLIC, database="postgresql://gis@localhost/db")
    with pytest.raises(SpecError, match="database"):
        riskmap.build(project, tmp_path / "out")
