"""The whole invented place, built in order: land, settlements, people, roads."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import shapely

from .drawing import Coords
from .land import Land, build_land
from .network import Mesh, build_mesh, grow_roads
from .people import Population, settle_people, spread_people
from .place import Place
from .roads import Way, draw_ways, street_lines
from .settle import (
    Settlement,
    lay_streets,
    place_communities,
    place_towns,
    place_villages,
    village_settlements,
)


@dataclass
class Country:
    """Everything the layers are made from. Coordinates are metres in the place's system."""

    land: Land
    towns: list[Settlement]
    villages: list[Settlement]
    green: list[shapely.Polygon]
    places: pd.DataFrame
    people: Population
    mesh: Mesh
    ways: list[Way]

    @property
    def built(self) -> shapely.Geometry:
        """Return the ground of all settlements."""
        return shapely.union_all([p.area for p in self.towns + self.villages])

    def streets(self) -> list[shapely.LineString]:
        """Return lines of ordinary roads on the ground."""
        return street_lines(self.ways)

    def place_points(self) -> Coords:
        """Return where the villages and communities are, one row each."""
        return self.places[["x", "y"]].to_numpy()


def build_country(place: Place) -> Country:
    """Build the place from its description and its seed."""
    land = build_land(place)
    towns = place_towns(land)
    communities = place_communities(land, towns)
    wanted = place.settlements - sum(len(points) for points in communities.values())
    places = settle_people(communities, place_villages(land, towns, wanted), land)
    rural = places[places.kind == "village"]
    shapes = village_settlements(rural[["x", "y"]].to_numpy(), rural.people.to_numpy(), land)
    streets = lay_streets(towns + shapes, land)
    mesh = build_mesh(land, towns + shapes, streets)
    grow_roads(mesh, land, places[["x", "y"]].to_numpy(), places.town.to_numpy())
    ways = draw_ways(mesh, land, towns + shapes)
    people = spread_people(places, shapes, towns, streets.green, land)
    return Country(land, towns, shapes, streets.green, places, people, mesh, ways)
