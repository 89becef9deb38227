"""One database, in PostGIS or in a file: the same calls. Set RISKMAP_POSTGIS=postgresql://user@host/db?schema=x to use a server."""

import os
import tempfile
from pathlib import Path

import geopandas as gpd

from riskmap.data.database import Database

DATA = Path(__file__).resolve().parents[1] / "yonghe" / "data"

place = os.environ.get("RISKMAP_POSTGIS") or Path(tempfile.mkdtemp()) / "riskmap.gpkg"
towns = gpd.read_file(DATA / "townships.zip").rename(
    columns={"名称": "name", "区划代码": "code", "常住人口": "population"}
)
database = Database(place)
database.write("townships", towns[["name", "code", "population", "geometry"]])
back = database.read("townships")
print(
    len(back),
    "townships,",
    f"{back['population'].sum():,}",
    "people, in",
    "PostGIS" if "://" in str(place) else "a GeoPackage",
)
