"""What the forestry's plots say of Linjiang's woods: how much lies on the ground that can burn."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from synth.contents import Facts
from synth.country import Country
from synth.drawing import noise
from synth.files import Writer
from synth.grids import degrees, within

FUEL_SECONDS = 12
UNKNOWN = 255


def fuel(country: Country, forest: gpd.GeoDataFrame, out: Writer) -> Facts:
    """Write the mean dry fuel on the ground, t/ha in whole numbers: 0 outside woods, little where people gather wood."""
    land, place = country.land, country.land.place
    grid = degrees(place, land.outline, FUEL_SECONDS)
    x, y = grid.centres()
    wood = within(forest.union_all(), grid)
    homes = shapely.distance(shapely.points(x, y), shapely.multipoints(country.place_points())) / 1000
    rough = land.height.like(noise(land.height, place.stream("dry fuel"), 4000)).at(x, y)
    tonnes = 14 + 5 * rough - 9 * np.exp(-homes / 1.2)
    tonnes = np.where(wood, np.clip(np.round(tonnes), 1, 40), 0)
    known = within(land.outline.buffer(1500), grid)
    out.raster("exposure_fuel.tif", grid, np.where(known, tonnes, UNKNOWN), "uint8", UNKNOWN, UNIT="t/ha, mean")
    inside = wood & within(land.outline, grid)
    return {"fuel": {"mean_t_ha_in_forest": round(float(tonnes[inside].mean()), 2), "max_t_ha": int(tonnes.max())}}
