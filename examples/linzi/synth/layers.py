"""From the invented district to the files of ``data/``: names of columns, forms, and the facts to check."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from . import hazards
from .chemicals import FULL_WIDTH, SUBSTANCES
from .common import LONLAT, METRIC, stream, to_lonlat
from .country import Country
from .files import Writer
from .grids import degrees
from .hill_dangers import dams, geohazard_points, households, wardens
from .industry import draw_pipelines, found_plants
from .land import grow_forest
from .names import DISTRICT, DISTRICT_CODE, TOWNSHIPS
from .people import CLEAR_OF_BOUNDARY_M, CLEAR_OF_LINES_M, raise_buildings, value_produced
from .roads import underpasses, ways_frame
from .services import facilities, fire_stations, hospitals, shelters, teams_and_supplies

Facts = dict[str, Any]


def write_areas(country: Country, out: Writer) -> Facts:
    """Write boundary, townships, capacity, built-up areas."""
    land = country.land
    boundary = gpd.GeoDataFrame({"name": [DISTRICT], "code": [DISTRICT_CODE]}, geometry=[land.outline], crs=METRIC)
    out.geopackage("boundary.gpkg", boundary, LONLAT)
    towns = land.townships
    out.shapefile("townships.shp", towns.rename(columns={"name": "名称", "code": "区划代码", "population": "常住人口"}), METRIC, "GBK", cpg=False)
    rng = stream("capacity")
    parts = pd.DataFrame({"救援力量": rng.uniform(0.3, 0.95, 12), "物资保障": rng.uniform(0.3, 0.9, 12), "基层防范": rng.uniform(0.35, 0.95, 12)}).round(3)
    parts.loc[towns.name.isin(["金山镇", "敬仲镇", "皇城镇"])] *= 0.6
    capacity = gpd.GeoDataFrame({"code": towns.code, "name": towns.name, **parts.round(3), "value": parts.mean(axis=1).round(3)}, geometry=towns.geometry, crs=METRIC)
    out.geopackage("capacity.gpkg", capacity, LONLAT)
    built = country.towns
    frame = gpd.GeoDataFrame({"name": [t.name for t in built], "kind": [t.kind for t in built]}, geometry=[t.area for t in built], crs=METRIC)
    out.shapefile("built_up.shp", frame, METRIC, "UTF-8", cpg=True)
    return {"boundary_km2": round(land.outline.area / 1e6, 3), "built_up_km2": round(frame.area.sum() / 1e6, 3),
            "townships": [{"name": t.name, "code": t.code, "population": int(t.population), "km2": round(t.geometry.area / 1e6, 3)} for t in towns.itertuples()]}


def write_people(country: Country, buildings: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write villages, the population raster, buildings and value produced."""
    places, people = country.places, country.people
    frame = gpd.GeoDataFrame(
        {"村社代码": places.code, "村社名称": places.name, "所属镇街": [TOWNSHIPS[t].name for t in places.town], "类型": places.kind.map({"village": "村", "community": "社区"}),
         "常住人口": places.people, "户数": places.households}, geometry=shapely.points(country.place_points()), crs=METRIC)
    out.csv("villages.csv", frame, "gb18030")
    out.raster("exposure_population.tif", people.grid, np.where(people.known, people.count, -1), "int32", -1, UNIT="persons per cell", CONTENT="amount")
    named = buildings.rename(columns={"households": "户数", "people": "人数", "floors": "层数", "use": "用途", "area_m2": "建筑面积"})
    out.zipped_shapefile("buildings.zip", named[["户数", "人数", "层数", "用途", "建筑面积", "geometry"]], LONLAT)
    grid, value = value_produced(people, country.towns, country.land)
    out.raster("exposure_gdp.tif", grid, value, "float32", -9999, UNIT="10^4 CNY per cell (万元)", CONTENT="amount")
    x, y = (v.ravel()[people.count.ravel() > 0] for v in people.grid.centres())
    sums = np.bincount(country.land.township_at(np.column_stack([x, y])), people.count[people.count > 0], minlength=12)
    return {
        "villages": {"rows": len(places), "villages": int((places.kind == "village").sum()), "communities": int((places.kind == "community").sum()),
                     "population": int(places.people.sum()), "households": int(places.households.sum())},
        "exposure_population": {"sum": int(people.count.sum()), "peopled_cells": int((people.count > 0).sum()), "max_cell": int(people.count.max()),
                                "shape": list(people.grid.shape), "clear_of_township_lines_m": CLEAR_OF_LINES_M, "clear_of_boundary_m": CLEAR_OF_BOUNDARY_M,
                                "by_township": {t.code: int(s) for t, s in zip(TOWNSHIPS, sums, strict=True)}},
        "exposure_gdp": {"sum_10k_yuan": float(value[value >= 0].sum())},
        "buildings": {"rows": len(buildings), "households": int(buildings.households.sum()), "people": int(buildings.people.sum()),
                      "without_households": int((buildings.households == 0).sum()), "four_storeys_or_more": int((buildings.floors >= 4).sum())}}


def write_hazards(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the five hazards and the heights."""
    land = country.land
    grid, pga = hazards.earthquake(land)
    out.raster("hazard_earthquake.tif", grid, pga, "float32", -9999, UNIT="g (peak ground acceleration)", ORIGIN="schematic, rising towards the Tan-Lu fault zone in the east")
    geology = hazards.geology(land)
    out.shapefile("hazard_geology.shp", geology.drop(columns="level").rename(columns={"word": "危险等级"}), METRIC, "GBK", cpg=False)
    low = [(x, y) for x, y, _ in underpasses(country.ways, land.rail)][::2]
    grid, depth = hazards.flood(country, np.array(low))
    out.raster("hazard_flood.tif", grid, depth, "float32", -9999, UNIT="m of water")
    wet = depth[depth > 0].size
    grid, level, hole = hazards.forest_fire(country, forest)
    out.raster("hazard_forest_fire.tif", grid, level, "uint8", 255, UNIT="level 1 (lowest) to 5 (highest)")
    grid, index = hazards.meteorology(land)
    out.raster("hazard_meteorology.tif", grid, index, "float32", -9999, UNIT="index 0-1")
    grid = degrees(land.outline, 3, margin=6)
    out.raster("dem.tif", grid, np.round(land.height.at(*grid.centres())), "int16", -32768, UNIT="m")
    lon, lat = to_lonlat(hole.centroid.x, hole.centroid.y)
    return {"hazard_earthquake": {"min": float(np.float32(pga.min())), "max": float(np.float32(pga.max()))},
            "hazard_geology": {"rows": len(geology), "km2": {w: round(a / 1e6, 3) for w, a in geology.area.groupby(geology.word, sort=False).sum().items()}},
            "hazard_flood": {"wet_cells": int(wet), "max_m": float(depth.max()), "flooded_underpasses": len(low)},
            "hazard_forest_fire": {"unknown_hole_km2": round(hole.area / 1e6, 3), "unknown_hole_lonlat": [round(float(lon), 4), round(float(lat), 4)]}}


def write_nature(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write forest, water, dams and barriers."""
    land = country.land
    out.geopackage("forest.gpkg", forest.assign(kind="林地"), LONLAT)
    rivers = gpd.GeoDataFrame({"name": list(land.rivers), "kind": "river"}, geometry=list(land.rivers.values()), crs=METRIC)
    water = pd.concat([rivers, land.reservoirs.assign(kind="reservoir")], ignore_index=True)
    out.geojson("water.geojson", water)
    reservoirs, tailings = dams(country)
    out.geopackage("reservoirs.gpkg", reservoirs, LONLAT)
    out.geopackage("tailings_dams.gpkg", tailings, LONLAT)
    lines = [*land.rivers.values(), land.rail, land.motorway]
    barriers = gpd.GeoDataFrame({"name": [*land.rivers, "铁路（示意）", "青银高速（示意）"], "kind": ["river"] * 3 + ["rail", "expressway"]}, geometry=lines, crs=METRIC)
    out.geopackage("barriers.gpkg", barriers, LONLAT)
    return {"forest": {"rows": len(forest), "ha": round(forest.area.sum() / 1e4, 2), "share_of_district": round(forest.area.sum() / land.outline.area, 4)},
            "water": {"rivers_km": {n: round(g.length / 1e3, 3) for n, g in land.rivers.items()}, "reservoirs_km2": round(land.reservoirs.area.sum() / 1e6, 3)}}


def write_roads(country: Country, out: Writer) -> Facts:
    """Write the roads."""
    frame = ways_frame(country.ways)
    out.shapefile("roads.shp", frame, LONLAT, "UTF-8", cpg=True)
    length = frame.length.groupby(frame.highway).sum() / 1000
    return {"roads": {"rows": len(frame), "km": round(frame.length.sum() / 1000, 2), "km_by_class": {k: round(v, 2) for k, v in length.items()},
                      "oneway": frame.oneway.value_counts().to_dict(), "bridges": int((frame.bridge == "yes").sum()), "tunnels": int((frame.tunnel == "yes").sum()),
                      "weak_components": _components(frame), "vertices": int(shapely.get_num_coordinates(frame.geometry.values).sum())}}


def _components(roads: gpd.GeoDataFrame) -> int:
    """Return the number of networks that share no vertex, directions forgotten."""
    coords, way = shapely.get_coordinates(roads.geometry.values, return_index=True)
    _, node = np.unique(coords.round(3), axis=0, return_inverse=True)
    pairs = coo_matrix((np.ones(len(way)), (way, len(roads) + node)), shape=(len(roads) + node.max() + 1,) * 2)
    return int(connected_components(pairs, directed=False)[0])


def write_industry(country: Country, sources: gpd.GeoDataFrame, stock: pd.DataFrame, out: Writer) -> Facts:
    """Write pipelines, hazchem sources and their inventory."""
    pipes = draw_pipelines(country)
    out.geojson("pipelines.geojson", pipes.rename(columns={"id": "管线编号", "name": "管线名称", "medium": "介质", "diameter_mm": "管径", "pressure_mpa": "设计压力", "year": "投产年份"}))
    out.geopackage("hazchem_sources.gpkg", sources.rename(columns={"id": "编号", "name": "名称", "enterprise": "企业名称", "park": "园区", "unit": "单元类型", "process": "重点监管工艺"}), "EPSG:4549")
    rows, merges, wide = _inventory(stock)
    out.xlsx("hazchem_inventory.xlsx", "重大危险源物质清单", rows, merges, len(stock))
    ratio = (stock.quantity_t / stock.substance.map(lambda s: SUBSTANCES[s].threshold_t)).groupby(stock.source_id).sum()
    metric = pipes.to_crs(METRIC)
    km = metric.length.groupby(pipes.medium, sort=False).sum() / 1000
    return {"pipelines": {"rows": len(pipes), "km": {k: round(v, 3) for k, v in km.items()}, "lines": pipes.medium.value_counts(sort=False).to_dict()},
            "hazchem": {"sources": len(sources), "enterprises": int(sources.enterprise.nunique()), "inventory_rows": len(stock), "quantity_total_t": round(float(stock.quantity_t.sum()), 1),
                        "substances": int(stock.substance.nunique()), "aliased_rows": int((stock.substance != stock.written).sum()), "full_width_cells": wide,
                        "rows_without_cas": int((stock.cas == "").sum()), "smallest_s": round(float(ratio.min()), 4), "largest_s": round(float(ratio.max()), 4),
                        "sources_with_s_at_least_1": int((ratio >= 1).sum()), "key_processes": int(sources.process.replace("", np.nan).nunique())}}


def _inventory(stock: pd.DataFrame) -> tuple[list[list[object]], list[str], int]:
    """Return the rows of the sheet, the merged cells, and how many amounts have full-width digits."""
    rows: list[list[object]] = [[f"{DISTRICT}重大危险源物质清单（合成示例）"] + [None] * 8,
                                ["序号", "重大危险源", None, "危险物质", None, None, "存量", None, "数据性质"],
                                [None, "危险源编号", "企业名称", "名称", "CAS号", "类别符号", "设计最大量(t)", "备注", None]]
    merges = ["A1:I1", "A2:A3", "B2:C2", "D2:F2", "G2:H2", "I2:I3"]
    wide = 0
    for n, row in enumerate(stock.itertuples()):
        amount: object = row.quantity_t
        if n % 17 == 8:
            amount, wide = str(row.quantity_t).translate(FULL_WIDTH), wide + 1
        rows.append([n + 1, row.source_id, row.enterprise, row.written, row.cas or None, row.group or None, amount, "在线监测" if n % 9 == 4 else None, "合成示例"])
    for _, group in stock.groupby("source_id", sort=False):
        first, last = group.index[0] + 4, group.index[-1] + 4
        if last > first:
            merges += [f"B{first}:B{last}", f"C{first}:C{last}"]
    return rows, merges, wide


def write_services(country: Country, buildings: gpd.GeoDataFrame, sources: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write fire stations, shelters, facilities, hospitals, teams and supplies."""
    stations = fire_stations(country)
    out.csv("fire_stations.csv", stations.rename(columns={"id": "站编号", "name": "站名", "kind": "类别", "turnout_s": "出动时间(s)", "engines": "消防车(辆)", "people": "消防员(人)"}), "utf-8-sig")
    refuge = shelters(country)
    columns = {"id": "编号", "name": "名称", "town": "所属镇街", "kind": "类型", "effective_m2": "有效面积", "area_m2": "占地面积", "capacity": "容纳人数", "indoor": "室内"}
    out.geojson("shelters.geojson", refuge[[*columns, "geometry"]].rename(columns=columns))
    spots = facilities(country, buildings, sources, underpasses(country.ways, country.land.rail))
    columns = {"id": "编号", "name": "名称", "kind": "类别", "town": "所属镇街", "people": "人数"}
    out.csv("facilities.csv", spots[[*columns, "geometry"]].rename(columns=columns), "gbk")
    out.csv("hospitals.csv", hospitals(spots).rename(columns={"id": "编号", "name": "名称", "kind": "级别", "people": "人员数", "beds": "床位数"}), "gbk")
    teams, stores = teams_and_supplies(country)
    _sheet(out, "rescue_teams.xlsx", "救援队伍", teams.rename(columns={"id": "编号", "name": "名称", "kind": "类别", "people": "人数"}))
    _sheet(out, "supplies.xlsx", "救灾物资", stores.rename(columns={"id": "编号", "name": "名称", "kind": "类别", "stock": "库存", "unit": "单位"}))
    need = refuge.groupby("town", sort=False).effective_m2.sum()
    ratio = {t.name: round(float(need[t.name]) / t.people, 3) for t in TOWNSHIPS}
    total = int(refuge.effective_m2.sum())
    return {"fire_stations": {"rows": len(stations), "engines": int(stations.engines.sum()), "firefighters": int(stations.people.sum()), "by_kind": stations.kind.value_counts(sort=False).to_dict()},
            "shelters": {"rows": len(refuge), "effective_m2": total, "m2_per_resident": round(total / sum(t.people for t in TOWNSHIPS), 3), "m2_per_resident_by_township": ratio,
                         "below_2_5_m2": [k for k, v in ratio.items() if v < 2.5], "capacity_stated": int(refuge.capacity.sum()), "capacity_missing_rows": int(refuge.capacity.isna().sum())},
            "facilities": {"rows": len(spots), "by_kind": spots.kind.value_counts(sort=False).to_dict(), "people": int(spots.people.sum())},
            "rescue_teams": {"rows": len(teams), "people": int(teams.people.sum())}, "supplies": {"rows": len(stores)}}


def _sheet(out: Writer, name: str, title: str, frame: gpd.GeoDataFrame) -> None:
    """Write points as a worksheet with a title row over the header."""
    lonlat = frame.geometry.to_crs(LONLAT)
    table = pd.DataFrame(frame.drop(columns="geometry")).assign(经度=lonlat.x.round(6), 纬度=lonlat.y.round(6), 数据性质="合成示例")
    width = len(table.columns)
    rows = [[f"{DISTRICT}{title}一览表（合成示例）"] + [None] * (width - 1), list(table.columns), *[[v.item() if hasattr(v, "item") else v for v in r] for r in table.itertuples(index=False)]]
    out.xlsx(name, title, rows, [f"A1:{chr(64 + width)}1"], len(table))


def write_dangers(country: Country, out: Writer) -> Facts:
    """Write geohazard points, threatened households and wardens."""
    points = geohazard_points(country)
    out.shapefile("地质灾害隐患点.shp", points, LONLAT, "GBK", cpg=False)
    homes = households(country)
    out.csv("households.csv", homes.rename(columns={"village_code": "村代码", "head": "户主", "people": "人口", "phone": "电话", "slow_walkers": "行动不便人数"}), "gbk")
    people = wardens(points)
    out.csv("wardens.csv", people.rename(columns={"name": "姓名", "role": "职责", "phone": "电话", "town": "单位", "town_code": "镇街代码", "geohazard_id": "隐患点编号"}), "utf-8-sig")
    return {"geohazard_points": {"rows": len(points), "threatened_people": int(points.wxrsr.sum()), "threatened_households": int(points.wxhsh.sum()), "property_10k_yuan": float(points.wxccwy.sum()),
                                 "by_kind": points.yhdlx.value_counts(sort=False).to_dict()},
            "households": {"rows": len(homes), "people": int(homes.people.sum())}, "wardens": {"rows": len(people)}}


def write_all(country: Country, out: Writer) -> Facts:
    """Write every file and return the facts that tests check against."""
    forest = grow_forest(country.land, country.built.buffer(120))
    buildings = raise_buildings(country.places, country.people, country.streets(), country.towns)
    sources, stock = found_plants(country)
    facts: Facts = {}
    for part in (write_areas(country, out), write_people(country, buildings, out), write_hazards(country, forest, out), write_nature(country, forest, out), write_roads(country, out),
                 write_industry(country, sources, stock, out), write_services(country, buildings, sources, out), write_dangers(country, out)):
        facts |= part
    return {"rows": dict(sorted(out.rows.items())), **facts}
