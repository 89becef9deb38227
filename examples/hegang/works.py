"""Hegang after its flood works and the relocation: water behind three new dikes, and people moved to the county towns."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from shapely.ops import substring
from synth.contents import Facts
from synth.country import Country
from synth.drawing import shares
from synth.files import Writer
from synth.grids import metres, within
from synth.place import Km

DIKES: dict[str, tuple[str, Km, Km]] = {
    "鹤立河城区堤": ("鹤立河", (-62.0, -29.0), (-53.0, -52.0)),
    "黑龙江名山堤": ("黑龙江", (-8.0, 22.0), (18.0, -5.0)),
    "松花江绥滨堤": ("松花江", (18.0, -55.0), (66.0, -48.0)),
}
"""Invented dikes: the river, and from where to where they stand beside it."""
LOWER_M = 2.0
BEHIND_M = 2500.0
MOVED_FROM_M = 1.5
TOWNS = {"230421": "230421100", "230422": "230422100"}
"""The county town that takes the people of each county's flooded villages: 凤翔镇 and 绥滨镇."""


def after_works(country: Country, out: Writer) -> Facts:
    """Write depths, people and villages as they are to be after the works, and say what was changed."""
    depth, told = _flood(country, out)
    return {"after_works": told | _relocation(country, depth, out)}


def _flood(country: Country, out: Writer) -> tuple[np.ndarray, Facts]:
    """Write the depths: 2 m less behind the dikes, the river bed aside. Give those of today."""
    land = country.land
    with rasterio.open(out.folder / "hazard_flood.tif") as today:
        depth, step = today.read(1).astype(float), round(today.res[0])
    grid = metres(land.place, land.outline, step)
    lower = depth.copy()
    for river, start, end in DIKES.values():
        line = land.rivers[river]
        a, b = sorted(line.project(shapely.Point(p)) for p in land.place.metres([start, end]))
        behind = substring(line, a, b).buffer(BEHIND_M, cap_style="flat").difference(line.buffer(step))
        lower = np.where(within(behind, grid) & (depth > 0), depth - LOWER_M, lower)
    lower = np.where(depth < 0, depth, np.where(lower < 0.05, 0, np.round(lower / 0.05) * 0.05))
    out.raster("hazard_flood_after.tif", grid, lower, "float32", -9999, UNIT="m of water", STATE="after the works")
    wet = [int((d > 0).sum()) for d in (depth, lower)]
    return depth, {"wet_cells": wet[0], "wet_cells_after": wet[1], "shallower_cells": int((lower < depth - 0.01).sum())}


def _relocation(country: Country, depth: np.ndarray, out: Writer) -> Facts:
    """Write people and villages: those of villages under deep water live in the county town, shared out as it is peopled."""
    land, people, places = country.land, country.people, country.places
    row, column = metres(land.place, land.outline, 250).index(places.x.to_numpy(), places.y.to_numpy())
    county = np.array([land.place.townships[t].code[:6] for t in places.town])
    moved = (depth[row, column] >= MOVED_FROM_M) & (places.kind == "village").to_numpy() & np.isin(county, list(TOWNS))
    count = people.count.copy()
    living = places.assign(population=places.people, houses=places.households)
    for code, town in TOWNS.items():
        mine = moved & (county == code)
        number, homes = int(places.people[mine].sum()), int(places.households[mine].sum())
        count[np.isin(people.owner, np.flatnonzero(mine))] = 0
        takes = np.flatnonzero(places.code.str.startswith(town).to_numpy() & (places.kind == "community").to_numpy())
        cells = np.isin(people.owner, takes) & (people.count > 0)
        count[cells] += shares(number, people.count[cells])
        # the communities get what their cells got
        for home in takes:
            own = people.owner == home
            living.loc[home, "population"] += int(count[own].sum() - people.count[own].sum())
        living.loc[takes, "houses"] += shares(homes, places.people[takes])
    tags = {"UNIT": "persons per cell", "CONTENT": "amount", "STATE": "after the relocation"}
    out.raster("exposure_population_after.tif", people.grid, np.where(people.known, count, -1), "int32", -1, **tags)
    stay = living[~moved]
    table = {
        "村社代码": stay.code,
        "村社名称": stay.name,
        "常住人口": stay.population,
        "户数": stay.houses,
    }
    points = gpd.GeoSeries(shapely.points(stay[["x", "y"]].to_numpy()), index=stay.index, crs=land.place.epsg)
    out.csv("villages_after.csv", gpd.GeoDataFrame(pd.DataFrame(table), geometry=points), "gb18030")
    return {
        "villages_moved": places.name[moved].tolist(),
        "people_moved": int(places.people[moved].sum()),
        "population": int(count.sum()),
    }
