"""Turn restrictions of OpenStreetMap files: relations, whose members GDAL does not give."""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.data.findings import Finding
from riskmap.data.rules import finding, listed

if TYPE_CHECKING:
    import geopandas as gpd

FORMATS = {".osm": "osm", ".pbf": "pbf"}
CRS = "EPSG:4326"


class _Relation(NamedTuple):
    """A restriction: ways it comes from and goes to, ways or node between them, and the tag's word."""

    number: int
    comes: list[int]
    through: list[int]
    nodes: list[int]
    goes: list[int]
    word: str


def read(path: Path) -> tuple[gpd.GeoDataFrame, tuple[Finding, ...]]:
    """Read the restriction relations of an OSM file.

    Parameters
    ----------
    path : Path
        ``.osm`` or ``.osm.pbf``.

    Returns
    -------
    GeoDataFrame
        Rows of the layer ``turn_restrictions``, one for each pair of roads: ``from_road``, ``via_road``, ``to_road``
        (``w`` and the way's number, as the roads of the file are called), ``rule`` (the tag's word) and the point where
        the restriction begins. What holds only at times, or for other vehicles than cars and engines, is left out.
    tuple of Finding

    Raises
    ------
    DataError
        The file cannot be read.
    """
    import geopandas as gpd
    import pandas as pd
    import shapely

    taken, left = _relations(path)
    junction = _junctions(path, taken)
    rows = []
    for relation in taken:
        via = junction.get(relation.number)
        if via is None:
            left["incomplete"] += 1
            continue
        through = " ".join(f"w{way}" for way in relation.through) or None
        rows += [
            (f"w{a}", through, f"w{b}", relation.word, shapely.Point(via))
            for a in relation.comes
            for b in relation.goes
        ]
    frame = pd.DataFrame(rows, columns=["from_road", "via_road", "to_road", "rule", "geometry"])
    found = [finding("OSM_SELECTED", "turn_restrictions", file=path.name, n=len(frame), tag="type=restriction")]
    if left:
        counts = listed([f"{reason} {n}" for reason, n in sorted(left.items())])
        total = sum(left.values())
        found.append(
            finding("OSM_RESTRICTIONS_LEFT", "turn_restrictions", file=path.name, n=total, why=counts, rows_count=total)
        )
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS), tuple(found)


@contextmanager
def _objects(path: Path, kinds: Any, ids: list[int] | None = None) -> Iterator[Any]:
    """Give the objects of some kinds, some of them where ids are given."""
    import osmium

    # handed over as bytes: a name outside ASCII would not open everywhere
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        source = osmium.FileProcessor(osmium.io.FileBuffer(content, FORMATS[path.suffix.lower()]), kinds)
        try:
            yield source if ids is None else source.with_filter(osmium.filter.IdFilter(ids))
        except RuntimeError as error:
            raise rules.error("FILE_UNREADABLE", file=path.name, layer="turn_restrictions", why=error) from error


def _relations(path: Path) -> tuple[list[_Relation], Counter[str]]:
    """Give the restrictions that hold for cars, and how many others there are, by reason."""
    from osmium.osm import RELATION

    facts = house().facts("openstreetmap").tables
    keys = [row["key"] for row in facts["restriction_keys"].rows]
    free = {row["vehicle"] for row in facts["restriction_exempt"].rows}
    taken, left = [], Counter[str]()
    with _objects(path, RELATION) as objects:
        for relation in objects:
            tags = dict(relation.tags)
            if tags.get("type") != "restriction":
                continue
            word = next((tags[key] for key in keys if key in tags), None)
            members = [(member.type, member.ref, member.role) for member in relation.members]
            roles = {
                role: [ref for kind, ref, name in members if name == role and kind == "w"]
                for role in ("from", "via", "to")
            }
            nodes = [ref for kind, ref, name in members if name == "via" and kind == "n"]
            reason = _reason(tags, word, free)
            if reason is None and not (roles["from"] and roles["to"] and (roles["via"] or nodes)):
                reason = "incomplete"
            if reason is None:
                taken.append(_Relation(relation.id, roles["from"], roles["via"], nodes, roles["to"], str(word)))
            else:
                left[reason] += 1
    return taken, left


def _reason(tags: Mapping[str, str], word: str | None, free: set[str]) -> str | None:
    """Give why a restriction does not hold for cars at all times; None where it does."""
    if word is None:
        return "at times" if any(key.endswith(":conditional") for key in tags) else "other vehicles"
    if any(key in tags for key in ("day_on", "day_off", "hour_on", "hour_off")):
        return "at times"
    if free & {part.strip() for part in tags.get("except", "").split(";")}:
        return "other vehicles"
    return None if word.startswith(("no_", "only_")) else "unknown word"


def _junctions(path: Path, relations: list[_Relation]) -> dict[int, tuple[float, float]]:
    """Give where each restriction begins: at its node, else where it leaves the first way for the ones between."""
    from osmium.osm import NODE, WAY

    wanted = sorted({way for relation in relations if not relation.nodes for way in relation.comes + relation.through})
    ends: dict[int, set[int]] = {}
    if wanted:
        with _objects(path, WAY, wanted) as objects:
            for way in objects:
                ends[way.id] = {node.ref for node in way.nodes}
    node = {relation.number: relation.nodes[0] for relation in relations if relation.nodes}
    for relation in relations:
        between = set().union(*(ends.get(way, set()) for way in relation.through))
        shared = [end for way in relation.comes for end in sorted(ends.get(way, set()) & between)]
        if relation.number not in node and shared:
            node[relation.number] = shared[0]
    places: dict[int, tuple[float, float]] = {}
    if node:
        with _objects(path, NODE, sorted(set(node.values()))) as objects:
            for place in objects:
                if place.location.valid():
                    places[place.id] = (place.location.lon, place.location.lat)
    return {relation: places[end] for relation, end in node.items() if end in places}
