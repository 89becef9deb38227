"""OpenStreetMap files (``.osm``, ``.osm.pbf``): the features and tags that are rows and fields of a layer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import osm_restrictions, rules
from riskmap.data.catalog import house
from riskmap.data.findings import Finding
from riskmap.data.rules import finding, listed

if TYPE_CHECKING:
    import geopandas as gpd

ENDINGS = (".osm", ".pbf")
LAYERS = ("points", "lines", "multilinestrings", "multipolygons", "other_relations")

SETTINGS = """[general]
closed_ways_are_polygons=aeroway,amenity,boundary,building,craft,geological,historic,landuse,leisure,military,natural,office,place,shop,sport,tourism,power
attribute_name_laundering=no
{sections}"""
"""Of GDAL's OSM driver: the tags that become columns; the rest stays in ``other_tags``."""


def is_osm(path: Path) -> bool:
    """Tell whether a file is read as OpenStreetMap data, by its ending."""
    return path.is_file() and path.suffix.lower() in ENDINGS


def read(path: Path, layer: str, sub: str | None) -> tuple[gpd.GeoDataFrame, str, tuple[Finding, ...]]:
    """Read the features of an OSM file that are rows of a layer.

    Parameters
    ----------
    path : Path
    layer : str
        Layer id; the fact table ``openstreetmap.tags`` says which tags it takes.
    sub : str, optional
        One of GDAL's own layers (``points``, ``lines``, ...); read whole where the layer takes nothing from it.

    Returns
    -------
    GeoDataFrame
        Columns named as our fields; outlines of facilities become a point within.
    str
        The GDAL layers read.
    tuple of Finding

    Raises
    ------
    DataError
        The layer takes nothing from OSM files and no ``sub`` is given.
    """
    import pandas as pd

    if layer == "turn_restrictions":
        frame, remarks = osm_restrictions.read(path)
        return frame, "restrictions", remarks
    wanted = next((row for row in house().facts("openstreetmap").tables["tags"].rows if row["layer"] == layer), None)
    # roads read from "lines" by name are roads all the same: their one-way and bridge tags must not be lost
    if sub is not None and (wanted is None or sub not in wanted["from"]):
        return _layer(path, sub, [], None), sub, ()
    if wanted is None:
        raise rules.error("FILE_SEVERAL", file=path.name, layer=layer, n=len(LAYERS), names=listed(LAYERS))
    keys = wanted["keys"]
    tags = sorted({*keys, *wanted["fields"].values()})
    tagged = " OR ".join(f'"{key}" IS NOT NULL' for key in keys)
    frames = []
    for source in wanted["from"] if sub is None else (sub,):
        frame = _layer(path, source, tags, tagged)
        frames.append(_as_points(frame) if source == "multipolygons" else frame.assign(id=_ids(frame, source)))
    frame = pd.concat(frames, ignore_index=True)
    if layer == "facilities":
        frame["kind"] = _kinds(frame)
        frame = frame[frame["kind"].notna()]
    elif "values" in wanted:
        frame = frame[frame[keys[0]].isin(wanted["values"])]
    columns = {tag: field for field, tag in wanted["fields"].items()}
    own = ["id", *(["kind"] if layer == "facilities" else [])]
    if "id" not in house().layer(layer).fields:
        columns["id"] = "osm_id"
    frame = frame[[*own, *wanted["fields"].values(), "geometry"]].rename(columns=columns).reset_index(drop=True)
    found = finding("OSM_SELECTED", layer, file=path.name, n=len(frame), tag=listed(keys), rows_count=len(frame))
    return frame, "+".join(wanted["from"] if sub is None else (sub,)), (found,)


def _layer(path: Path, source: str, tags: list[str], where: str | None) -> gpd.GeoDataFrame:
    """Read one of GDAL's layers with the tags as columns."""
    import pyogrio

    with tempfile.TemporaryDirectory(prefix="riskmap-", ignore_cleanup_errors=True) as folder:
        options: dict[str, Any] = {}
        if tags:
            section = "[{}]\nosm_id=yes\nattributes={}\n"
            settings = Path(folder) / "osmconf.ini"
            sections = "".join(section.format(name, ",".join(tags)) for name in LAYERS)
            settings.write_text(SETTINGS.format(sections=sections), encoding="utf-8")
            options["CONFIG_FILE"] = str(settings)
        return pyogrio.read_dataframe(str(path), layer=source, where=where, **options)


def _ids(frame: gpd.GeoDataFrame, source: str) -> Any:
    """Give ids that say what they number: ``n12`` a node, ``w12`` a way."""
    return ("n" if source == "points" else "w") + frame["osm_id"].astype("str")


def _as_points(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give a point within each outline; the id is a way's or a relation's."""
    way = frame["osm_way_id"].notna()
    ids = ("w" + frame["osm_way_id"].astype("str")).where(way, "r" + frame["osm_id"].astype("str"))
    return frame.assign(id=ids, geometry=frame.geometry.representative_point())


def _kinds(frame: gpd.GeoDataFrame) -> Any:
    """Give the kind of facility that the first fitting tag says, missing where none does."""
    import pandas as pd

    kinds = pd.Series(None, index=frame.index, dtype="str")
    for row in house().facts("openstreetmap").tables["kinds"].rows:
        kinds = kinds.mask(kinds.isna() & (frame[row["key"]] == row["value"]), row["kind"])
    return kinds
