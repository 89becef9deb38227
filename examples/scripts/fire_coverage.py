"""Only fire coverage: roads and stations of any file, no project."""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from riskmap.network.coverage import coverage
from riskmap.network.roads import RoadNetwork

DATA = Path(__file__).resolve().parents[1] / "yonghe" / "data"

roads = gpd.read_file(DATA / "roads.zip").to_crs("EPSG:4546")
table = pd.read_csv(DATA / "fire_stations.csv")
stations = gpd.GeoDataFrame(
    {"id": table["站编号"]}, geometry=gpd.points_from_xy(table["经度"], table["纬度"]), crs="EPSG:4490"
).to_crs("EPSG:4546")
built_up = gpd.read_file(DATA / "built_up.zip").to_crs("EPSG:4546")

covered = coverage(RoadNetwork.from_frame(roads, mode="fire"), stations, limit_s=300, turnout_s=60)
print("pieces of road", len(covered.pieces), "share of the built-up area", round(float(covered.share(built_up)), 3))
