"""From the invented place to files, second half: industry, services, dangers; and the facts to check."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from .chemicals import SUBSTANCES
from .contents import Contents, Facts
from .country import Country, build_country
from .files import Writer, plain
from .forest import grow_forest
from .geohazards import dangers_frame, households_frame, wardens
from .layers import write_areas, write_hazards, write_nature, write_people, write_roads
from .people import raise_buildings
from .pipelines import draw_pipelines
from .place import LONLAT, NOTE
from .plants import as_listed, company_names, found_plants
from .roads import underpasses
from .services import (
    Facility,
    facilities_frame,
    fire_stations,
    hazchem_enterprises,
    hospitals,
    near_people,
    teams_and_supplies,
)
from .shelters import M2_A_HEAD, shelters

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
    "geohazard_id": "隐患点编号",
}
WARDEN_COLUMNS = {
    "name": "姓名",
    "role": "职责",
    "phone": "电话",
    "town": "单位",
    "town_code": "镇街代码",
    "geohazard_id": "隐患点编号",
}


def write_pipelines(country: Country, contents: Contents, out: Writer) -> Facts:
    """Write the pipelines; lengths are planar in the place's system, measured on the file's own coordinates."""
    pipes = draw_pipelines(country, contents.pipes, contents.pipe_km)
    out.geojson("pipelines.geojson", pipes.rename(columns=PIPE_COLUMNS))
    km = pipes.to_crs(country.land.place.epsg).length.groupby(pipes.medium, sort=False).sum() / 1000
    lines = pipes.medium.value_counts(sort=False).to_dict()
    return {"pipelines": {"rows": len(pipes), "km": km.round(3).to_dict(), "lines": lines}}


def write_plants(country: Country, sources: gpd.GeoDataFrame, stock: pd.DataFrame, out: Writer) -> Facts:
    """Write hazchem sources and what they hold."""
    named = sources.rename(columns=SOURCE_COLUMNS)
    if out.compact:
        out.csv("hazchem_sources.csv", named, "gbk")
    else:
        out.geopackage("hazchem_sources.gpkg", named, "EPSG:4549")
    listed = as_listed(stock)
    rows, merges = _inventory(country.land.place.name, listed)
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
        "full_width_cells": sum(isinstance(a, str) for a in listed.amount),
        "rows_without_cas": int((stock.cas == "").sum()),
        "smallest_s": round(float(s.min()), 4),
        "largest_s": round(float(s.max()), 4),
        "sources_with_s_at_least_1": int((s >= 1).sum()),
        "key_processes": int(sources.process.replace("", np.nan).nunique()),
    }
    return {"hazchem": facts}


def _inventory(place: str, listed: pd.DataFrame) -> tuple[list[list[object]], list[str]]:
    """Return the rows of the sheet and the merged cells."""
    rows: list[list[object]] = [
        [f"{place}重大危险源物质清单（{NOTE}）"] + [None] * 8,
        ["序号", "重大危险源", None, "危险物质", None, None, "存量", None, "数据性质"],
        [None, "危险源编号", "企业名称", "名称", "CAS号", "类别符号", "设计最大量(t)", "备注", None],
    ]
    merges = ["A1:I1", "A2:A3", "B2:C2", "D2:F2", "G2:H2", "I2:I3"]
    for n, row in enumerate(listed.itertuples()):
        held = [row.written, row.cas, row.group, row.amount, row.remark, NOTE]
        rows.append([n + 1, row.source_id, row.enterprise, *held])
    for _, group in listed.groupby("source_id", sort=False):
        first, last = group.index[0] + 4, group.index[-1] + 4
        if last > first:
            merges += [f"B{first}:B{last}", f"C{first}:C{last}"]
    return rows, merges


def write_stations_and_shelters(country: Country, contents: Contents, out: Writer) -> Facts:
    """Write fire stations and shelters."""
    townships = country.land.place.townships
    stations = fire_stations(country, contents.stations)
    out.csv("fire_stations.csv", stations.rename(columns=STATION_COLUMNS), "utf-8-sig")
    refuge = shelters(country, contents.refuge)
    out.geojson("shelters.geojson", refuge[[*SHELTER_COLUMNS, "geometry"]].rename(columns=SHELTER_COLUMNS))
    effective = refuge.groupby("town", sort=False).effective_m2.sum()
    heads = {t.name: contents.refuge.heads.get(t.name, t.people) for t in townships if t.name in effective.index}
    a_head = {name: round(float(effective[name]) / people, 3) for name, people in heads.items()}
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
            "m2_per_resident": round(total / sum(heads.values()), 3),
            "m2_per_resident_by_township": a_head,
            "below_2_5_m2": [name for name, m2 in a_head.items() if m2 < M2_A_HEAD],
            "capacity_stated": int(refuge.capacity.sum()),
            "capacity_missing_rows": int(refuge.capacity.isna().sum()),
        },
    }


def write_facilities(
    country: Country, contents: Contents, buildings: gpd.GeoDataFrame, sources: gpd.GeoDataFrame | None, out: Writer
) -> Facts:
    """Write facilities, hospitals, rescue teams and supply stores."""
    place = country.land.place
    rng = place.stream("facilities")
    rows: list[Facility] = near_people(country, buildings, contents.services, rng)
    if sources is not None and contents.industry is not None:
        names = company_names(place, contents.industry.all_enterprises)
        rows += hazchem_enterprises(country, buildings, sources, names, rng)
    rows += [
        (f"{road or '乡村道路'}铁路桥涵{n + 1:02d}", "铁路桥涵", x, y, None)
        for n, (x, y, road) in enumerate(underpasses(country.ways, country.land.rail))
    ]
    spots = facilities_frame(country, rows)
    out.csv("facilities.csv", spots[[*FACILITY_COLUMNS, "geometry"]].rename(columns=FACILITY_COLUMNS), "gbk")
    out.csv("hospitals.csv", hospitals(country, spots).rename(columns=HOSPITAL_COLUMNS), "gbk")
    kinds = [kind for kind, count in contents.teams.items() for _ in range(count)]
    teams, stores = teams_and_supplies(country, kinds, contents.stores, contents.team_people)
    _sheet(out, place.name, "rescue_teams.xlsx", "救援队伍", teams.rename(columns=TEAM_COLUMNS))
    _sheet(out, place.name, "supplies.xlsx", "救灾物资", stores.rename(columns=STORE_COLUMNS))
    by_kind = spots.kind.value_counts(sort=False).to_dict()
    return {
        "facilities": {"rows": len(spots), "by_kind": by_kind, "people": int(spots.people.sum())},
        "rescue_teams": {"rows": len(teams), "people": int(teams.people.sum())},
        "supplies": {"rows": len(stores)},
    }


def _sheet(out: Writer, place: str, name: str, title: str, frame: gpd.GeoDataFrame) -> None:
    """Write points as a worksheet with a title row over the header."""
    table = plain(frame)
    width = len(table.columns)
    body = [[v.item() if hasattr(v, "item") else v for v in row] for row in table.itertuples(index=False)]
    head = [f"{place}{title}一览表（{NOTE}）", *[None] * (width - 1)]
    out.xlsx(name, title, [head, list(table.columns), *body], [f"A1:{chr(64 + width)}1"], len(table))


def write_dangers(country: Country, contents: Contents, out: Writer) -> Facts:
    """Write geohazard points, threatened households and wardens."""
    place = country.land.place
    points, facts = None, {}
    if contents.register is not None:
        dangers, sites, homes = contents.register(country)
        points = dangers_frame(country, dangers, sites)
        out.shapefile("地质灾害隐患点.shp", points, LONLAT, "GBK", cpg=False)
        households = households_frame(place, homes)
        columns = [c for c in HOUSEHOLD_COLUMNS if c != "geohazard_id" or households.geohazard_id.any()]
        out.csv("households.csv", households[columns].rename(columns=HOUSEHOLD_COLUMNS), "gbk")
        facts = {
            "geohazard_points": {
                "rows": len(points),
                "threatened_people": int(points.wxrsr.sum()),
                "threatened_households": int(points.wxhsh.sum()),
                "property_10k_yuan": round(float(points.wxccwy.sum()), 1),
                "by_kind": points.yhdlx.value_counts(sort=False).to_dict(),
            },
            "households": {"rows": len(households), "people": int(households.people.sum())},
        }
    people = wardens(place, points, contents.wardens_a_town)
    out.csv("wardens.csv", people.rename(columns=WARDEN_COLUMNS), "utf-8-sig")
    return {**facts, "wardens": {"rows": len(people)}}


def write_all(contents: Contents, country: Country, out: Writer) -> Facts:
    """Write every file and return the facts that tests check against."""
    place = contents.place
    forest = grow_forest(country.land, country.built.buffer(120)) if place.forest_ha else gpd.GeoDataFrame()
    buildings = raise_buildings(place, country.places, country.people, country.streets(), country.towns)
    sources, stock = found_plants(country, contents.industry) if contents.industry else (None, None)
    facts = {
        **write_areas(country, contents, out),
        **write_people(country, buildings, out),
        **write_hazards(country, contents, forest, out),
        **write_nature(country, contents, forest, out),
        **write_roads(country, out),
        **(write_pipelines(country, contents, out) if contents.pipes else {}),
        **(write_plants(country, sources, stock, out) if sources is not None else {}),
        **write_stations_and_shelters(country, contents, out),
        **write_facilities(country, contents, buildings, sources, out),
        **write_dangers(country, contents, out),
        **(contents.extra(country, buildings, out) if contents.extra else {}),
    }
    return {"rows": dict(sorted(out.rows.items())), **facts}


def make(contents: Contents, folder: Path, *, compact: bool = True) -> None:
    """Build a place and write its ``data/`` and ``facts.json`` into a folder."""
    country = build_country(contents.place)
    facts = {"seed": contents.place.seed, **write_all(contents, country, Writer(folder / "data", compact=compact))}
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (folder / "facts.json").write_text(text + "\n", encoding="utf-8", newline="\n")
