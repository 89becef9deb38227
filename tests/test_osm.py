"""OpenStreetMap files: the same small town as XML and as PBF, roads and facilities by their tags."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import geopandas as gpd
import osmium
import pytest
from shapely.geometry import Point

from riskmap.data.catalog import house
from riskmap.data.files import open_rows
from riskmap.data.prepare import prepare_rows
from riskmap.data.spec import InputSpec
from riskmap.errors import DataError
from riskmap.network.roads import RoadNetwork

NODES = {
    1: (118.30, 36.80, {}),
    2: (118.31, 36.80, {}),
    3: (118.31, 36.81, {"amenity": "school", "name": "临淄中学"}),
    4: (118.30, 36.81, {}),
    5: (118.32, 36.82, {"amenity": "bench"}),
    6: (118.33, 36.82, {"amenity": "fire_station", "name": "特勤站"}),
    7: (118.34, 36.82, {"power": "substation"}),
}
WAYS = {
    10: (
        [1, 2, 3],
        {
            "highway": "primary",
            "name": "人民路",
            "oneway": "-1",
            "maxspeed": "60",
            "bridge": "viaduct",
            "layer": "1",
            "width": "12.5",
        },
    ),
    11: ([3, 4], {"highway": "residential"}),
    12: ([4, 1], {"waterway": "river", "name": "淄河"}),
    13: ([1, 2, 3, 4, 1], {"amenity": "hospital", "name": "区医院", "building": "yes"}),
}


def xml(path: Path) -> Path:
    tags = lambda t: "".join(f'<tag k="{k}" v="{v}"/>' for k, v in t.items())  # noqa: E731
    nodes = [f'<node id="{i}" lon="{x}" lat="{y}" version="1">{tags(t)}</node>' for i, (x, y, t) in NODES.items()]
    ways = [
        f'<way id="{i}" version="1">{"".join(f"<nd ref={chr(34)}{n}{chr(34)}/>" for n in ns)}{tags(t)}</way>'
        for i, (ns, t) in WAYS.items()
    ]
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{"".join(nodes + ways)}</osm>', encoding="utf-8"
    )
    return path


def varint(n: int) -> bytes:
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def zigzag(n: int) -> bytes:
    return varint((n << 1) ^ (n >> 63) if n < 0 else n << 1)


def part(number: int, value: bytes | int) -> bytes:
    """One field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def pbf(path: Path) -> Path:
    """The same as PBF, by the format's description: a header blob and one block of nodes and ways."""
    strings = [""]

    def number(text: str) -> int:
        if text not in strings:
            strings.append(text)
        return strings.index(text)

    def tagged(tags: dict[str, str]) -> bytes:
        keys = b"".join(varint(number(k)) for k in tags)
        values = b"".join(varint(number(v)) for v in tags.values())
        return (part(2, keys) + part(3, values)) if tags else b""

    def node(i: int) -> bytes:
        x, y, tags = NODES[i]
        lat, lon = round(y * 1e7), round(x * 1e7)
        return part(
            1, (varint(1 << 3) + zigzag(i) + tagged(tags) + varint(8 << 3) + zigzag(lat) + varint(9 << 3) + zigzag(lon))
        )

    def way(i: int) -> bytes:
        refs, tags = WAYS[i]
        steps = b"".join(zigzag(b - a) for a, b in zip([0, *refs[:-1]], refs, strict=True))
        return part(3, part(1, i) + tagged(tags) + part(8, steps))

    groups = part(2, b"".join(node(i) for i in NODES)) + part(2, b"".join(way(i) for i in WAYS))
    table = part(1, b"".join(part(1, s.encode()) for s in strings))
    header = part(4, b"OsmSchema-V0.6") + part(4, b"DenseNodes")
    out = b""
    for kind, content in (("OSMHeader", header), ("OSMData", table + groups)):
        blob = part(2, len(content)) + part(3, zlib.compress(content))
        head = part(1, kind.encode()) + part(3, len(blob))
        out += struct.pack(">I", len(head)) + head + blob
    path.write_bytes(out)
    return path


@pytest.fixture(params=["osm", "osm.pbf"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return (xml if request.param == "osm" else pbf)(tmp_path / f"town.{request.param}")


def test_roads(town: Path) -> None:
    rows = prepare_rows(town, InputSpec(path=town.name), house().layer("roads"))
    assert not rows.errors
    frame = rows.frame.set_index("id").sort_index()
    assert frame["highway"].tolist() == ["primary", "residential"]
    first = frame.loc["w10"]
    assert (first["name"], first["oneway"], first["maxspeed_kmh"]) == ("人民路", "-1", 60.0)
    assert (bool(first["bridge"]), first["layer"], first["width_m"]) == (True, 1, 12.5)
    assert list(first.geometry.coords) == [(118.30, 36.80), (118.31, 36.80), (118.31, 36.81)]
    assert rows.source.crs_in == "EPSG:4326"
    assert "OSM_SELECTED" in {f.code for f in rows.findings}


def test_roads_read_by_the_name_of_the_layer_keep_their_tags(town: Path) -> None:
    named = prepare_rows(town, InputSpec(path=town.name, layer="lines"), house().layer("roads"))
    plain = prepare_rows(town, InputSpec(path=town.name), house().layer("roads"))
    assert named.frame.equals(plain.frame)


def test_facilities_are_points_of_known_kinds(town: Path) -> None:
    rows = prepare_rows(town, InputSpec(path=town.name), house().layer("facilities"))
    assert not rows.errors
    kinds = rows.frame.set_index("id")["kind"].to_dict()
    assert kinds == {"n3": "school", "n7": "substation", "w13": "hospital"}
    assert set(rows.frame.geom_type) == {"Point"}


def test_fire_stations(town: Path) -> None:
    rows = prepare_rows(town, InputSpec(path=town.name), house().layer("fire_stations"))
    assert rows.frame[["id", "name"]].to_numpy().tolist() == [["n6", "特勤站"]]


def test_other_layers_name_one_of_the_formats_own(town: Path) -> None:
    with pytest.raises(DataError, match="multipolygons"):
        open_rows(town, InputSpec(path=town.name), "water")
    lines = open_rows(town, InputSpec(path=town.name, layer="lines", where="waterway = 'river'"), "water")
    assert lines.frame["name"].tolist() == ["淄河"]


PLACES = {1: (118.30, 36.8), 2: (118.301, 36.8), 3: (118.302, 36.8), 4: (118.301, 36.801), 5: (118.302, 36.801)}
STREETS = {20: [1, 2], 21: [2, 3], 22: [2, 4], 23: [3, 5]}
RELATIONS = {
    1: ("w20:from n2:via w22:to", {"type": "restriction", "restriction": "no_left_turn"}),
    2: ("w20:from w21:via w23:to", {"type": "restriction", "restriction": "only_left_turn"}),
    3: ("w20:from w22:to n2:via", {"type": "restriction", "restriction:conditional": "no_left_turn @ (07:00-09:00)"}),
    4: ("w20:from n2:via w22:to", {"type": "restriction", "restriction:hgv": "no_left_turn"}),
    5: ("w20:from n2:via w22:to", {"type": "restriction", "restriction": "no_left_turn", "except": "psv;emergency"}),
    6: ("w20:from w22:to", {"type": "restriction", "restriction": "no_left_turn"}),
    7: ("w20:from w20:to n2:via", {"type": "restriction", "restriction:motorcar": "no_u_turn"}),
    8: ("w20:from n99:via w22:to", {"type": "restriction", "restriction": "no_left_turn"}),
    9: ("w20:outer", {"type": "multipolygon"}),
}


def crossing(path: Path) -> Path:
    """A crossing with restrictions, as XML, or as PBF by the library's own writer."""
    kinds = {"n": "node", "w": "way"}
    text = '<osm version="0.6">' + "".join(
        f'<node id="{i}" lon="{x}" lat="{y}" version="1"/>' for i, (x, y) in PLACES.items()
    )
    for i, nodes in STREETS.items():
        text += f'<way id="{i}" version="1">' + "".join(f'<nd ref="{n}"/>' for n in nodes)
        text += '<tag k="highway" v="residential"/></way>'
    for i, (members, tags) in RELATIONS.items():
        text += f'<relation id="{i}" version="1">'
        for member, role in (m.split(":") for m in members.split()):
            text += f'<member type="{kinds[member[0]]}" ref="{member[1:]}" role="{role}"/>'
        text += "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()) + "</relation>"
    written = path.with_name("路口.osm")
    written.write_text(text + "</osm>", encoding="utf-8")
    if path.suffix == ".pbf":
        with osmium.SimpleWriter(str(path)) as writer:
            for thing in osmium.FileProcessor(str(written)):
                writer.add(thing)
        return path
    return written


@pytest.mark.parametrize("name", ["town.osm", "town.osm.pbf"])
def test_turn_restrictions(name: str, tmp_path: Path) -> None:
    path = crossing(tmp_path / name)
    rows = prepare_rows(path, InputSpec(path=path.name), house().layer("turn_restrictions"))
    assert not rows.errors
    frame = rows.frame.astype(object).where(rows.frame.notna(), None)
    assert frame[["from_road", "via_road", "to_road", "rule"]].to_numpy().tolist() == [
        ["w20", None, "w22", "no"],
        ["w20", "w21", "w23", "only"],
        ["w20", None, "w20", "no"],
    ]
    assert {(point.x, point.y) for point in frame.geometry} == {PLACES[2]}
    left = next(f for f in rows.findings if f.code == "OSM_RESTRICTIONS_LEFT")
    assert left.rows == 5
    assert "at times 1, incomplete 2, other vehicles 2" in left.message.en
    roads = prepare_rows(path, InputSpec(path=path.name), house().layer("roads")).frame.to_crs("EPSG:4548")
    free = RoadNetwork.from_frame(roads)
    net = RoadNetwork.from_frame(roads, turns=rows.frame.to_crs("EPSG:4548"))
    west, north, far = gpd.GeoSeries([Point(PLACES[n]) for n in (1, 4, 5)], crs="EPSG:4326").to_crs("EPSG:4548")
    assert free.times([west], [north, far]).notna().all(axis=None)
    assert free.route(west, north).seconds < net.route(west, north).seconds  # by way of a turn at the far end
    assert free.route(west, far).seconds == pytest.approx(net.route(west, far).seconds)


@pytest.mark.parametrize(
    ("name", "content"), [("cut.osm", b'<osm version="0.6"><relation id="1"'), ("cut.pbf", b"\0\0\0\x0d")]
)
def test_a_broken_file_of_restrictions_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    rows = prepare_rows(tmp_path / name, InputSpec(path=name), house().layer("turn_restrictions"))
    assert [error.code for error in rows.errors] == ["FILE_UNREADABLE"]
