"""Only high-consequence areas: pipelines and buildings in, graded pieces with stations out."""

from pathlib import Path

import geopandas as gpd

from riskmap.overlay.pipelines import high_consequence_areas, potential_impact_radius_m

DATA = Path(__file__).resolve().parents[1] / "haian" / "data"
MEDIA = {"天然气": "natural_gas", "成品油": "product_oil"}

pipelines = gpd.read_file(DATA / "pipelines.geojson").to_crs("EPSG:4549")
names = {"管线编号": "id", "管线名称": "name", "介质": "medium", "管径": "diameter_mm", "设计压力": "pressure_mpa"}
pipelines = pipelines.rename(columns=names)
pipelines["medium"] = pipelines["medium"].map(MEDIA)
buildings = (
    gpd.read_file(DATA / "buildings.zip").to_crs("EPSG:4549").rename(columns={"户数": "households", "层数": "floors"})
)

areas = high_consequence_areas(pipelines, buildings=buildings, facilities=None, accuracy_m=10.0)
km = areas.length.groupby(areas["grade"]).sum() / 1000
print("km by grade", km.round(2).to_dict(), "in all", round(float(km.sum()), 3))
print("radius of 1016 mm at 10 MPa:", round(float(potential_impact_radius_m(1016, 10)), 1), "m")
