"""From the invented district to files, second half: industry, services, dangers; and the facts to check."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from .chemicals import FULL_WIDTH, SUBSTANCES
from .common import LONLAT, METRIC, NOTE
from .country import Country
from .files import Writer, plain
from .hill_dangers import geohazard_points, households, wardens
from .industry import draw_pipelines, found_plants
from .land import grow_forest
from .layers import Facts, write_areas, write_hazards, write_nature, write_people, write_roads
from .names import DISTRICT, TOWNSHIPS
from .people import raise_buildings
from .roads import underpasses
from .services import SHELTER_M2, facilities, fire_stations, hospitals, shelters, teams_and_supplies

PIPE_COLUMNS = {
    "id": "管线编号",
    "name": "管线名称",
    "medium": "介质",
    "diameter_mm": "管径",
    "pressure_mpa": "设计压力",
    "year": "投产年份",
}
SOURCE_COLUMNS = {
    "id": "编号",
    "name": "名称",
    "enterprise": "企业名称",
    "park": "园区",
    "unit": "单元类型",
    "process": "重点监管工艺",
}
STATION_COLUMNS = {
    "id": "站编号",
    "name": "站名",
    "kind": "类别",
    "turnout_s": "出动时间(s)",
    "engines": "消防车(辆)",
    "people": "消防员(人)",
}
SHELTER_COLUMNS = {
    "id": "编号",
    "name": "名称",
    "town": "所属镇街",
    "kind": "类型",
    "effective_m2": "有效面积",
    "area_m2": "占地面积",
    "capacity": "容纳人数",
    "indoor": "室内",
}
FACILITY_COLUMNS = {"id": "编号", "name": "名称", "kind": "类别", "town": "所属镇街", "people": "人数"}
HOSPITAL_COLUMNS = {"id": "编号", "name": "名称", "kind": "类别", "people": "人员数", "beds": "床位数"}
TEAM_COLUMNS = {"id": "编号", "name": "名称", "kind": "类别", "people": "人数"}
STORE_COLUMNS = {"id": "编号", "name": "名称", "kind": "类别", "item": "物资", "stock": "库存", "unit": "单位"}
HOUSEHOLD_COLUMNS = {
    "village_code": "村代码",
    "head": "户主",
    "people": "人口",
    "phone": "电话",
    "slow_walkers": "行动不便人数",
}
WARDEN_COLUMNS = {
    "name": "姓名",
    "role": "职责",
    "phone": "电话",
    "town": "单位",
    "town_code": "镇街代码",
    "geohazard_id": "隐患点编号",
}


def write_pipelines(country: Country, out: Writer) -> Facts:
    """Write the pipelines; lengths are planar in EPSG:4548, measured on the file's own coordinates."""
    pipes = draw_pipelines(country)
    out.geojson("pipelines.geojson", pipes.rename(columns=PIPE_COLUMNS))
    km = pipes.to_crs(METRIC).length.groupby(pipes.medium, sort=False).sum() / 1000
    lines = pipes.medium.value_counts(sort=False).to_dict()
    return {"pipelines": {"rows": len(pipes), "km": km.round(3).to_dict(), "lines": lines}}


def write_plants(sources: gpd.GeoDataFrame, stock: pd.DataFrame, out: Writer) -> Facts:
    """Write hazchem sources and what they hold."""
    out.geopackage("hazchem_sources.gpkg", sources.rename(columns=SOURCE_COLUMNS), "EPSG:4549")
    rows, merges, wide = _inventory(stock)
    out.xlsx("hazchem_inventory.xlsx", "重大危险源物质清单", rows, merges, len(stock))
    threshold = stock.substance.map(lambda s: SUBSTANCES[s].threshold_t)
    s = (stock.quantity_t / threshold).groupby(stock.source_id).sum()
    facts = {
        "sources": len(sources),
        "enterprises": int(sources.enterprise.nunique()),
        "inventory_rows": len(stock),
        "quantity_total_t": round(float(stock.quantity_t.sum()), 1),
        "substances": int(stock.substance.nunique()),
        "aliased_rows": int((stock.substance != stock.written).sum()),
        "full_width_cells": wide,
        "rows_without_cas": int((stock.cas == "").sum()),
        "smallest_s": round(float(s.min()), 4),
        "largest_s": round(float(s.max()), 4),
        "sources_with_s_at_least_1": int((s >= 1).sum()),
        "key_processes": int(sources.process.replace("", np.nan).nunique()),
    }
    return {"hazchem": facts}


def _inventory(stock: pd.DataFrame) -> tuple[list[list[object]], list[str], int]:
    """Return the rows of the sheet, the merged cells, and how many amounts have full-width digits."""
    rows: list[list[object]] = [
        [f"{DISTRICT}重大危险源物质清单（{NOTE}）"] + [None] * 8,
        ["序号", "重大危险源", None, "危险物质", None, None, "存量", None, "数据性质"],
        [None, "危险源编号", "企业名称", "名称", "CAS号", "类别符号", "设计最大量(t)", "备注", None],
    ]
    merges = ["A1:I1", "A2:A3", "B2:C2", "D2:F2", "G2:H2", "I2:I3"]
    wide = 0
    for n, row in enumerate(stock.itertuples()):
        amount: object = row.quantity_t
        if n % 17 == 8:
            amount, wide = str(row.quantity_t).translate(FULL_WIDTH), wide + 1
        watched = "在线监测" if n % 9 == 4 else None
        held = [row.written, row.cas or None, row.group or None, amount, watched, NOTE]
        rows.append([n + 1, row.source_id, row.enterprise, *held])
    for _, group in stock.groupby("source_id", sort=False):
        first, last = group.index[0] + 4, group.index[-1] + 4
        if last > first:
            merges += [f"B{first}:B{last}", f"C{first}:C{last}"]
    return rows, merges, wide


def write_stations_and_shelters(country: Country, out: Writer) -> Facts:
    """Write fire stations and shelters."""
    stations = fire_stations(country)
    out.csv("fire_stations.csv", stations.rename(columns=STATION_COLUMNS), "utf-8-sig")
    refuge = shelters(country)
    out.geojson("shelters.geojson", refuge[[*SHELTER_COLUMNS, "geometry"]].rename(columns=SHELTER_COLUMNS))
    effective = refuge.groupby("town", sort=False).effective_m2.sum()
    a_head = {t.name: round(float(effective[t.name]) / t.people, 3) for t in TOWNSHIPS}
    total = int(refuge.effective_m2.sum())
    return {
        "fire_stations": {
            "rows": len(stations),
            "engines": int(stations.engines.sum()),
            "firefighters": int(stations.people.sum()),
            "by_kind": stations.kind.value_counts(sort=False).to_dict(),
        },
        "shelters": {
            "rows": len(refuge),
            "effective_m2": total,
            "m2_per_resident": round(total / sum(t.people for t in TOWNSHIPS), 3),
            "m2_per_resident_by_township": a_head,
            "below_2_5_m2": [name for name, m2 in a_head.items() if m2 < SHELTER_M2],
            "capacity_stated": int(refuge.capacity.sum()),
            "capacity_missing_rows": int(refuge.capacity.isna().sum()),
        },
    }


def write_facilities(country: Country, buildings: gpd.GeoDataFrame, sources: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write facilities, hospitals, rescue teams and supply stores."""
    spots = facilities(country, buildings, sources, underpasses(country.ways, country.land.rail))
    out.csv("facilities.csv", spots[[*FACILITY_COLUMNS, "geometry"]].rename(columns=FACILITY_COLUMNS), "gbk")
    out.csv("hospitals.csv", hospitals(spots).rename(columns=HOSPITAL_COLUMNS), "gbk")
    teams, stores = teams_and_supplies(country)
    _sheet(out, "rescue_teams.xlsx", "救援队伍", teams.rename(columns=TEAM_COLUMNS))
    _sheet(out, "supplies.xlsx", "救灾物资", stores.rename(columns=STORE_COLUMNS))
    kinds = spots.kind.value_counts(sort=False).to_dict()
    return {
        "facilities": {"rows": len(spots), "by_kind": kinds, "people": int(spots.people.sum())},
        "rescue_teams": {"rows": len(teams), "people": int(teams.people.sum())},
        "supplies": {"rows": len(stores)},
    }


def _sheet(out: Writer, name: str, title: str, frame: gpd.GeoDataFrame) -> None:
    """Write points as a worksheet with a title row over the header."""
    table = plain(frame)
    width = len(table.columns)
    body = [[v.item() if hasattr(v, "item") else v for v in row] for row in table.itertuples(index=False)]
    head = [f"{DISTRICT}{title}一览表（{NOTE}）", *[None] * (width - 1)]
    out.xlsx(name, title, [head, list(table.columns), *body], [f"A1:{chr(64 + width)}1"], len(table))


def write_dangers(country: Country, out: Writer) -> Facts:
    """Write geohazard points, threatened households and wardens."""
    points = geohazard_points(country)
    out.shapefile("地质灾害隐患点.shp", points, LONLAT, "GBK", cpg=False)
    homes = households(country)
    out.csv("households.csv", homes.rename(columns=HOUSEHOLD_COLUMNS), "gbk")
    people = wardens(points)
    out.csv("wardens.csv", people.rename(columns=WARDEN_COLUMNS), "utf-8-sig")
    return {
        "geohazard_points": {
            "rows": len(points),
            "threatened_people": int(points.wxrsr.sum()),
            "threatened_households": int(points.wxhsh.sum()),
            "property_10k_yuan": float(points.wxccwy.sum()),
            "by_kind": points.yhdlx.value_counts(sort=False).to_dict(),
        },
        "households": {"rows": len(homes), "people": int(homes.people.sum())},
        "wardens": {"rows": len(people)},
    }


def write_all(country: Country, out: Writer) -> Facts:
    """Write every file and return the facts that tests check against."""
    forest = grow_forest(country.land, country.built.buffer(120))
    buildings = raise_buildings(country.places, country.people, country.streets(), country.towns)
    sources, stock = found_plants(country)
    facts = {
        **write_areas(country, out),
        **write_people(country, buildings, out),
        **write_hazards(country, forest, out),
        **write_nature(country, forest, out),
        **write_roads(country, out),
        **write_pipelines(country, out),
        **write_plants(sources, stock, out),
        **write_stations_and_shelters(country, out),
        **write_facilities(country, buildings, sources, out),
        **write_dangers(country, out),
    }
    return {"rows": dict(sorted(out.rows.items())), **facts}
