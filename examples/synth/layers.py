"""From the invented place to files, first half: areas, people, hazards, nature, roads; and the facts to check."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from . import hazards
from .contents import Contents, Facts
from .country import Country
from .files import Writer
from .geohazards import reservoir_dams, tailings_dams
from .grids import degrees
from .people import value_produced
from .place import LONLAT
from .roads import underpasses, ways_frame

TOWNSHIP_COLUMNS = {"name": "名称", "code": "区划代码", "population": "常住人口"}
BUILDING_COLUMNS = {"households": "户数", "people": "人数", "floors": "层数", "use": "用途", "area_m2": "建筑面积"}


def write_areas(country: Country, contents: Contents, out: Writer) -> Facts:
    """Write boundary, townships, capacity, built-up areas."""
    place, outline, towns = country.land.place, country.land.outline, country.land.townships
    boundary = gpd.GeoDataFrame({"name": [place.name], "code": [place.code]}, geometry=[outline], crs=place.epsg)
    out.areas("boundary", boundary)
    out.shapes("townships", towns.rename(columns=TOWNSHIP_COLUMNS), place.epsg, "GBK")
    out.areas("capacity", _capacity(country, contents))
    built = gpd.GeoDataFrame(
        {"name": [t.name for t in country.towns], "kind": [t.kind for t in country.towns]},
        geometry=[t.area for t in country.towns],
        crs=place.epsg,
    )
    out.shapes("built_up", built, place.epsg, "UTF-8")
    table = towns.assign(km2=(towns.area / 1e6).round(3)).drop(columns="geometry")
    return {
        "boundary_km2": round(outline.area / 1e6, 3),
        "built_up_km2": round(built.area.sum() / 1e6, 3),
        "townships": table.to_dict("records"),
    }


def _capacity(country: Country, contents: Contents) -> gpd.GeoDataFrame:
    """Return an invented capacity to reduce disasters, 0-1, as the mean of three indicators; weaker at the rim."""
    towns = country.land.townships
    rng = country.land.place.stream("capacity")
    parts = pd.DataFrame({name: rng.uniform(0.3, 0.95, len(towns)) for name in ("救援力量", "物资保障", "基层防范")})
    parts.loc[towns.name.isin(contents.weak_townships)] *= 0.6
    parts = parts.round(3)
    mean = parts.mean(axis=1).round(3)
    return gpd.GeoDataFrame(
        {"code": towns.code, "name": towns.name, **parts, "value": mean}, geometry=towns.geometry, crs=towns.crs
    )


def write_people(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write villages, the population raster, buildings and value produced."""
    place, places, people = country.land.place, country.places, country.people
    table = {
        "村社代码": places.code,
        "村社名称": places.name,
        "所属镇街": [place.townships[t].name for t in places.town],
        "类型": places.kind.map({"village": "村", "community": "社区"}),
        "常住人口": places.people,
        "户数": places.households,
    }
    frame = gpd.GeoDataFrame(table, geometry=shapely.points(country.place_points()), crs=place.epsg)
    out.csv("villages.csv", frame, "gb18030")
    known = np.where(people.known, people.count, -1)
    tags = {"UNIT": "persons per cell", "CONTENT": "amount"}
    out.raster("exposure_population.tif", people.grid, known, "int32", -1, **tags)
    named = buildings.rename(columns=BUILDING_COLUMNS)[[*BUILDING_COLUMNS.values(), "geometry"]]
    out.zipped_shapefile("buildings.zip", named, LONLAT)
    facts = _people_facts(country, buildings)
    if place.gdp_10k_yuan:
        grid, value = value_produced(people, country.towns, country.land)
        tags = {"UNIT": "10^4 CNY per cell (万元)", "CONTENT": "amount"}
        out.raster("exposure_gdp.tif", grid, value, "float32", -9999, **tags)
        facts["exposure_gdp"] = {"sum_10k_yuan": float(value[value >= 0].sum())}
    return facts


def _people_facts(country: Country, buildings: gpd.GeoDataFrame) -> Facts:
    """Return rows and sums of villages, raster and buildings; the raster's sums go by cell centre."""
    place, places, people = country.land.place, country.places, country.people
    x, y = (v[people.count > 0] for v in people.grid.centres())
    towns = country.land.township_at(np.column_stack([x, y]))
    sums = np.bincount(towns, people.count[people.count > 0], minlength=len(place.townships))
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
            "clear_of_township_lines_m": place.clear_of_lines_m,
            "clear_of_boundary_m": place.clear_of_boundary_m,
            "by_township": {t.code: int(s) for t, s in zip(place.townships, sums, strict=True)},
        },
        "buildings": {
            "rows": len(buildings),
            "households": int(buildings.households.sum()),
            "people": int(buildings.people.sum()),
            "without_households": int((buildings.households == 0).sum()),
            "four_storeys_or_more": int((buildings.floors >= 4).sum()),
        },
    }


def write_hazards(country: Country, contents: Contents, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the hazards and the heights."""
    land, place = country.land, country.land.place
    grid, pga = hazards.earthquake(land, contents.fault)
    side = "east" if contents.fault.east_km > 0 else "west"
    tags = {"UNIT": "g (peak ground acceleration)", "ORIGIN": f"schematic, rising towards {contents.title} ({side})"}
    out.raster("hazard_earthquake.tif", grid, pga, "float32", -9999, **tags)
    geology = hazards.geology(land)
    words = geology.drop(columns="level").rename(columns={"word": "危险等级"})
    out.shapes("hazard_geology", words, place.epsg, "GBK")
    low = [(x, y) for x, y, _ in underpasses(country.ways, land.rail)][::2]
    grid, depth = hazards.flood(country, contents.flood_m, np.array(low).reshape(-1, 2), contents.flood_step_m)
    out.raster("hazard_flood.tif", grid, depth, "float32", -9999, UNIT="m of water")
    km2 = (geology.area.groupby(geology.word, sort=False).sum() / 1e6).round(3)
    facts: Facts = {
        "hazard_earthquake": {"min": round(float(pga.min()), 4), "max": round(float(pga.max()), 4)},
        "hazard_geology": {"rows": len(geology), "km2": km2.to_dict()},
        "hazard_flood": {
            "wet_cells": int((depth > 0).sum()),
            "max_m": float(depth.max()),
            "flooded_underpasses": len(low),
        },
    }
    if len(forest):
        hole = hazards.unsurveyed(country) if contents.unsurveyed else None
        grid, level = hazards.forest_fire(country, forest, hole)
        out.raster("hazard_forest_fire.tif", grid, level, "uint8", 255, UNIT="level 1 (lowest) to 5 (highest)")
        if hole is not None:
            lonlat = [round(float(v), 4) for v in place.to_lonlat(hole.centroid.x, hole.centroid.y)]
            facts["hazard_forest_fire"] = {
                "unknown_hole_km2": round(hole.area / 1e6, 3),
                "unknown_hole_lonlat": lonlat,
            }
    grid, index = hazards.meteorology(land, contents.rain)
    out.raster("hazard_meteorology.tif", grid, index, "float32", -9999, UNIT="index 0-1")
    grid = degrees(place, land.outline, place.dem_seconds, margin=6)
    out.raster("dem.tif", grid, np.round(land.height.at(*grid.centres())), "int16", -32768, UNIT="m")
    return facts


def write_nature(country: Country, contents: Contents, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write forest, water, dams and barriers."""
    land, place = country.land, country.land.place
    facts: Facts = {}
    if len(forest):
        out.areas("forest", forest.assign(kind="林地"))
        facts["forest"] = {
            "rows": len(forest),
            "ha": round(forest.area.sum() / 1e4, 2),
            "share_of_district": round(forest.area.sum() / land.outline.area, 4),
        }
    rivers = gpd.GeoDataFrame({"name": list(land.rivers), "kind": "river"}, geometry=list(land.rivers.values()))
    rivers = rivers.set_crs(place.epsg)
    pools = [land.reservoirs.assign(kind="reservoir")] if len(land.reservoirs) else []
    out.geojson("water.geojson", pd.concat([rivers, *pools], ignore_index=True))
    if pools:
        out.points("reservoirs", reservoir_dams(country))
    if contents.tailings:
        out.points("tailings_dams", tailings_dams(country, contents.tailings))
    out.areas("barriers", _barriers(country))
    facts["water"] = {
        "rivers_km": {n: round(g.length / 1e3, 3) for n, g in land.rivers.items()},
        "reservoirs_km2": round(land.reservoirs.area.sum() / 1e6, 3),
    }
    return facts


def _barriers(country: Country) -> gpd.GeoDataFrame:
    """Return rivers, railway and motorway as lines that fire engines pass on bridges only."""
    land, place = country.land, country.land.place
    rows = [(name, "river", line) for name, line in land.rivers.items()]
    if not land.rail.is_empty:
        rows.append(("铁路（示意）", "rail", land.rail))
    if not land.motorway.is_empty:
        rows.append((f"{place.motorway}（示意）", "expressway", land.motorway))
    return gpd.GeoDataFrame(rows, columns=["name", "kind", "geometry"], geometry="geometry", crs=place.epsg)


def write_roads(country: Country, out: Writer) -> Facts:
    """Write the roads."""
    frame = ways_frame(country.ways, country.land)
    out.shapes("roads", frame, LONLAT, "UTF-8")
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
