"""The small county with everything that the maps can show: threats of each kind, roads, fire stations, a town."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
import yaml
from county import CELL, CRS, SIDE, SOUTH, WEST, county

SECRETS = ("秘坡甲", "QX-0001", "秘管乙", "GX-0002", "秘罐丙", "WX-0003", "秘员丁", "13900001234")
"""Names, ids and a telephone number of restricted layers; nothing else contains them."""

HOSTILE = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A0"


def place(column: float, row: float) -> tuple[float, float]:
    """Give x and y counted in cells from the south-western corner."""
    return WEST + column * CELL, SOUTH + row * CELL


def write(folder: Path, name: str, columns: dict[str, Any], shapes: list[Any]) -> str:
    gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(folder / "data" / f"{name}.gpkg")
    return f"data/{name}.gpkg"


def threatened(folder: Path, **changes: Any) -> Path:
    """Write the county and give its project file; ``changes`` replace top-level keys."""
    project = county(folder)
    told = yaml.safe_load(project.read_text(encoding="utf-8"))
    slopes = {
        "id": ["QX-0001", "QX-0009"],
        "name": ["秘坡甲", HOSTILE],
        "kind": ["landslide", "collapse"],
        "scale": ["small", "medium"],
        "threatened_people": [12, 40],
    }
    pipe = {
        "id": ["GX-0002"],
        "name": ["秘管乙"],
        "medium": ["natural_gas"],
        "diameter_mm": [406.0],
        "pressure_mpa": [4.0],
    }
    tank = {"id": ["WX-0003"], "name": ["秘罐丙"], "enterprise": [FORMULA]}
    pd.DataFrame({"source_id": ["WX-0003"], "substance": ["氨"], "quantity_t": [40.0]}).to_csv(
        folder / "data" / "inventory.csv", index=False
    )
    pd.DataFrame({"name": ["秘员丁"], "phone": ["13900001234"], "township": ["西镇"]}).to_csv(
        folder / "data" / "wardens.csv", index=False
    )
    spots = {
        "id": list("abcd"),
        "name": ["甲厂", "乙站", "丙店", "丁库"],
        "level": ["红", "橙", "黄", "蓝"],
        "sector": ["工贸"] * 4,
    }
    streets = [shapely.LineString([place(k, 0), place(k, SIDE)]) for k in range(1, SIDE, 2)]
    streets += [shapely.LineString([place(0, k), place(SIDE, k)]) for k in range(1, SIDE, 2)]
    streets = list(shapely.get_parts(shapely.node(shapely.union_all(streets))))
    told["inputs"] |= {
        "geohazard_points": write(folder, "slopes", slopes, [shapely.Point(place(3.3, 16.7)), shapely.Point(place(14.2, 5.1))]),
        "pipelines": {
            "path": write(folder, "pipes", pipe, [shapely.LineString([place(0.4, 3.7), place(19.6, 8.2)])]),
            "accuracy_m": 5,
        },
        "hazchem_sources": write(folder, "tanks", tank, [shapely.Point(place(12.6, 13.4))]),
        "hazchem_inventory": "data/inventory.csv",
        "wardens": "data/wardens.csv",
        "risk_points": write(
            folder, "spots", spots, [shapely.Point(place(*p)) for p in ((5.5, 5.5), (5.6, 9.5), (15.5, 15.5), (16.5, 3.5))]
        ),
        "fire_stations": write(
            folder, "stations", {"id": ["S1"], "name": ["一站"], "kind": ["first_class"], "engines": [4]},
            [shapely.Point(place(3, 3))],
        ),
        "shelters": write(
            folder, "shelters", {"id": ["B1"], "name": ["广场"], "kind": ["emergency"], "capacity": [300]},
            [shapely.Point(place(17.1, 17.2))],
        ),
        "roads": write(folder, "roads", {"highway": ["residential"] * len(streets)}, streets),
        "built_up": write(folder, "town", {"name": ["城区"]}, [shapely.box(*place(1, 1), *place(12, 12))]),
    }  # fmt: skip
    told |= changes
    project.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return project
