"""From the invented district to files, first half: areas, people, hazards, nature, roads; and the facts to check."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from . import hazards
from .common import LONLAT, METRIC, stream, to_lonlat
from .country import Country
from .files import Writer
from .grids import degrees
from .hill_dangers import dams
from .names import DISTRICT, DISTRICT_CODE, TOWNSHIPS
from .people import CLEAR_OF_BOUNDARY_M, CLEAR_OF_LINES_M, value_produced
from .roads import underpasses, ways_frame

Facts = dict[str, Any]
TOWNSHIP_COLUMNS = {"name": "名称", "code": "区划代码", "population": "常住人口"}
BUILDING_COLUMNS = {"households": "户数", "people": "人数", "floors": "层数", "use": "用途", "area_m2": "建筑面积"}


def write_areas(country: Country, out: Writer) -> Facts:
    """Write boundary, townships, capacity, built-up areas."""
    outline, towns = country.land.outline, country.land.townships
    boundary = gpd.GeoDataFrame({"name": [DISTRICT], "code": [DISTRICT_CODE]}, geometry=[outline], crs=METRIC)
    out.geopackage("boundary.gpkg", boundary, LONLAT)
    out.shapefile("townships.shp", towns.rename(columns=TOWNSHIP_COLUMNS), METRIC, "GBK", cpg=False)
    out.geopackage("capacity.gpkg", _capacity(towns), LONLAT)
    built = gpd.GeoDataFrame(
        {"name": [t.name for t in country.towns], "kind": [t.kind for t in country.towns]},
        geometry=[t.area for t in country.towns],
        crs=METRIC,
    )
    out.shapefile("built_up.shp", built, METRIC, "UTF-8", cpg=True)
    table = towns.assign(km2=(towns.area / 1e6).round(3)).drop(columns="geometry")
    return {
        "boundary_km2": round(outline.area / 1e6, 3),
        "built_up_km2": round(built.area.sum() / 1e6, 3),
        "townships": table.to_dict("records"),
    }


def _capacity(towns: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return an invented capacity to reduce disasters, 0-1, as the mean of three indicators; weaker at the rim."""
    rng = stream("capacity")
    parts = pd.DataFrame({name: rng.uniform(0.3, 0.95, len(towns)) for name in ("救援力量", "物资保障", "基层防范")})
    parts.loc[towns.name.isin(["金山镇", "敬仲镇", "皇城镇"])] *= 0.6
    parts = parts.round(3)
    mean = parts.mean(axis=1).round(3)
    return gpd.GeoDataFrame(
        {"code": towns.code, "name": towns.name, **parts, "value": mean}, geometry=towns.geometry, crs=METRIC
    )


def write_people(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write villages, the population raster, buildings and value produced."""
    places, people = country.places, country.people
    table = {
        "村社代码": places.code,
        "村社名称": places.name,
        "所属镇街": [TOWNSHIPS[t].name for t in places.town],
        "类型": places.kind.map({"village": "村", "community": "社区"}),
        "常住人口": places.people,
        "户数": places.households,
    }
    frame = gpd.GeoDataFrame(table, geometry=shapely.points(country.place_points()), crs=METRIC)
    out.csv("villages.csv", frame, "gb18030")
    known = np.where(people.known, people.count, -1)
    tags = {"UNIT": "persons per cell", "CONTENT": "amount"}
    out.raster("exposure_population.tif", people.grid, known, "int32", -1, **tags)
    named = buildings.rename(columns=BUILDING_COLUMNS)[[*BUILDING_COLUMNS.values(), "geometry"]]
    out.zipped_shapefile("buildings.zip", named, LONLAT)
    grid, value = value_produced(people, country.towns, country.land)
    tags = {"UNIT": "10^4 CNY per cell (万元)", "CONTENT": "amount"}
    out.raster("exposure_gdp.tif", grid, value, "float32", -9999, **tags)
    return {**_people_facts(country, buildings), "exposure_gdp": {"sum_10k_yuan": float(value[value >= 0].sum())}}


def _people_facts(country: Country, buildings: gpd.GeoDataFrame) -> Facts:
    """Return rows and sums of villages, raster and buildings; the raster's sums go by cell centre."""
    places, people = country.places, country.people
    x, y = (v[people.count > 0] for v in people.grid.centres())
    towns = country.land.township_at(np.column_stack([x, y]))
    sums = np.bincount(towns, people.count[people.count > 0], minlength=len(TOWNSHIPS))
    return {
        "villages": {
            "rows": len(places),
            "villages": int((places.kind == "village").sum()),
            "communities": int((places.kind == "community").sum()),
            "population": int(places.people.sum()),
            "households": int(places.households.sum()),
        },
        "exposure_population": {
            "sum": int(people.count.sum()),
            "peopled_cells": int((people.count > 0).sum()),
            "max_cell": int(people.count.max()),
            "shape": list(people.grid.shape),
            "clear_of_township_lines_m": CLEAR_OF_LINES_M,
            "clear_of_boundary_m": CLEAR_OF_BOUNDARY_M,
            "by_township": {t.code: int(s) for t, s in zip(TOWNSHIPS, sums, strict=True)},
        },
        "buildings": {
            "rows": len(buildings),
            "households": int(buildings.households.sum()),
            "people": int(buildings.people.sum()),
            "without_households": int((buildings.households == 0).sum()),
            "four_storeys_or_more": int((buildings.floors >= 4).sum()),
        },
    }


def write_hazards(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the five hazards and the heights."""
    land = country.land
    grid, pga = hazards.earthquake(land)
    tags = {"UNIT": "g (peak ground acceleration)", "ORIGIN": "schematic, rising towards the Tan-Lu fault zone (east)"}
    out.raster("hazard_earthquake.tif", grid, pga, "float32", -9999, **tags)
    geology = hazards.geology(land)
    words = geology.drop(columns="level").rename(columns={"word": "危险等级"})
    out.shapefile("hazard_geology.shp", words, METRIC, "GBK", cpg=False)
    low = [(x, y) for x, y, _ in underpasses(country.ways, land.rail)][::2]
    grid, depth = hazards.flood(country, np.array(low))
    out.raster("hazard_flood.tif", grid, depth, "float32", -9999, UNIT="m of water")
    grid, level, hole = hazards.forest_fire(country, forest)
    out.raster("hazard_forest_fire.tif", grid, level, "uint8", 255, UNIT="level 1 (lowest) to 5 (highest)")
    grid, index = hazards.meteorology(land)
    out.raster("hazard_meteorology.tif", grid, index, "float32", -9999, UNIT="index 0-1")
    grid = degrees(land.outline, 3, margin=6)
    out.raster("dem.tif", grid, np.round(land.height.at(*grid.centres())), "int16", -32768, UNIT="m")
    lonlat = [round(float(v), 4) for v in to_lonlat(hole.centroid.x, hole.centroid.y)]
    km2 = (geology.area.groupby(geology.word, sort=False).sum() / 1e6).round(3)
    return {
        "hazard_earthquake": {"min": round(float(pga.min()), 4), "max": round(float(pga.max()), 4)},
        "hazard_geology": {"rows": len(geology), "km2": km2.to_dict()},
        "hazard_flood": {
            "wet_cells": int((depth > 0).sum()),
            "max_m": float(depth.max()),
            "flooded_underpasses": len(low),
        },
        "hazard_forest_fire": {"unknown_hole_km2": round(hole.area / 1e6, 3), "unknown_hole_lonlat": lonlat},
    }


def write_nature(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write forest, water, dams and barriers."""
    land = country.land
    out.geopackage("forest.gpkg", forest.assign(kind="林地"), LONLAT)
    rivers = gpd.GeoDataFrame({"name": list(land.rivers), "kind": "river"}, geometry=list(land.rivers.values()))
    rivers = rivers.set_crs(METRIC)
    out.geojson("water.geojson", pd.concat([rivers, land.reservoirs.assign(kind="reservoir")], ignore_index=True))
    reservoirs, tailings = dams(country)
    out.geopackage("reservoirs.gpkg", reservoirs, LONLAT)
    out.geopackage("tailings_dams.gpkg", tailings, LONLAT)
    names = [*land.rivers, "铁路（示意）", "青银高速（示意）"]
    lines = [*land.rivers.values(), land.rail, land.motorway]
    kinds = ["river"] * len(land.rivers) + ["rail", "expressway"]
    barriers = gpd.GeoDataFrame({"name": names, "kind": kinds}, geometry=lines, crs=METRIC)
    out.geopackage("barriers.gpkg", barriers, LONLAT)
    return {
        "forest": {
            "rows": len(forest),
            "ha": round(forest.area.sum() / 1e4, 2),
            "share_of_district": round(forest.area.sum() / land.outline.area, 4),
        },
        "water": {
            "rivers_km": {n: round(g.length / 1e3, 3) for n, g in land.rivers.items()},
            "reservoirs_km2": round(land.reservoirs.area.sum() / 1e6, 3),
        },
    }


def write_roads(country: Country, out: Writer) -> Facts:
    """Write the roads."""
    frame = ways_frame(country.ways)
    out.shapefile("roads.shp", frame, LONLAT, "UTF-8", cpg=True)
    length = frame.length.groupby(frame.highway).sum() / 1000
    facts = {
        "rows": len(frame),
        "km": round(frame.length.sum() / 1000, 2),
        "km_by_class": length.round(2).to_dict(),
        "oneway": frame.oneway.value_counts().to_dict(),
        "bridges": int((frame.bridge == "yes").sum()),
        "tunnels": int((frame.tunnel == "yes").sum()),
        "weak_components": _components(frame),
        "vertices": int(shapely.get_num_coordinates(frame.geometry.values).sum()),
    }
    return {"roads": facts}


def _components(roads: gpd.GeoDataFrame) -> int:
    """Return the number of networks that share no vertex, directions forgotten."""
    coords, way = shapely.get_coordinates(roads.geometry.values, return_index=True)
    _, node = np.unique(coords.round(3), axis=0, return_inverse=True)
    size = len(roads) + int(node.max()) + 1
    pairs = coo_matrix((np.ones(len(way)), (way, len(roads) + node)), shape=(size, size))
    return int(connected_components(pairs, directed=False)[0])
