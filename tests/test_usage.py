"""The headline functions take what people have at hand: arrays, lists, frames, series, mappings."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import riskmap
from riskmap.data.database import Database
from riskmap.errors import DataError, NetworkError
from riskmap.network import evacuation, siting
from riskmap.network.roads import RoadNetwork
from riskmap.overlay import hazchem, pipelines
from riskmap.risk import classify, compose, weights

METRIC = "EPSG:4548"


@pytest.mark.parametrize(
    "room",
    [
        "data.database",
        "network.coverage",
        "network.evacuation",
        "network.roads",
        "network.siting",
        "overlay.hazchem",
        "overlay.pipelines",
        "risk.classify",
        "risk.compose",
        "risk.weights",
    ],
)
def test_import_riskmap_is_enough(room: str) -> None:
    # asked of the lists: an attribute may be there only because another test imported the module
    house, name = room.split(".")
    assert house in riskmap.__all__
    assert name in getattr(riskmap, house).__all__


def test_judgements_with_named_columns_only() -> None:
    judged = [[1, 3, 5], [1 / 3, 1, 3], [1 / 5, 1 / 3, 1]]
    named = weights.ahp(pd.DataFrame(judged, columns=["flood", "quake", "fire"])).weights
    assert named.index.tolist() == ["flood", "quake", "fire"]
    assert named.tolist() == weights.ahp(judged).weights.tolist()


def test_weights_of_ahp_go_into_compose_as_they_are() -> None:
    layers = {"a": np.array([[0.2, 1.0]]), "b": np.array([[0.4, 0.5]])}
    given = weights.ahp(pd.DataFrame([[1, 3], [1 / 3, 1]], list("ab"), list("ab"))).weights
    assert compose.compose(layers, weights=given) == pytest.approx(np.array([[0.25, 0.875]]))
    assert compose.compose(layers, weights={}, method="maximum").tolist() == [[0.4, 1.0]]
    with pytest.raises(DataError, match="no layer has a weight"):
        compose.compose(layers, weights={"a": 0}, method="product")


def test_limits_as_an_array_and_classes_that_cannot_be() -> None:
    assert classify.breaks([1, 9], scheme="fixed", limits=np.array([5.0, 9.0])).tolist() == [5.0, 9.0]
    with pytest.raises(DataError, match="at least 1 class"):
        classify.breaks([1, 2, 3], scheme="quantile", k=0)
    with pytest.raises(DataError, match="infinite"):
        classify.breaks([1, 2, np.inf], scheme="quantile")


def test_an_inventory_of_classes_alone() -> None:
    unit = hazchem.grade(pd.DataFrame({"class": ["W2"], "quantity_t": [100.0]}), people_500m=0)
    assert (unit.s, unit.r, unit.grade) == (10.0, 7.5, 4)


def test_radius_on_the_callers_index() -> None:
    radius = pipelines.potential_impact_radius_m(pd.Series([711.0, None], ["x", "y"]), pd.Series([6.3, 10], ["x", "y"]))
    assert radius.index.tolist() == ["x", "y"]
    assert radius["x"] == pytest.approx(0.099 * 711 * 6.3**0.5)
    assert np.isnan(radius["y"])


def test_a_pipeline_whose_size_is_none() -> None:
    line = gpd.GeoDataFrame(
        {"id": ["P"], "name": ["P"], "medium": ["natural_gas"], "diameter_mm": [None], "pressure_mpa": [None]},
        geometry=[shapely.LineString([(500_000, 4_000_000), (505_000, 4_000_000)])],
        crs=METRIC,
    )
    school = gpd.GeoDataFrame({"kind": ["school"]}, geometry=[shapely.Point(502_500, 4_000_040)], crs=METRIC)
    pieces = pipelines.high_consequence_areas(line, buildings=None, facilities=school)
    assert pieces.length.sum() == pytest.approx(5000)
    assert pieces["grade"].max() > 0


def test_no_roads_is_said() -> None:
    with pytest.raises(NetworkError, match="no roads"):
        RoadNetwork.from_frame(gpd.GeoDataFrame({"highway": []}, geometry=[], crs=METRIC))


def test_people_and_places_as_mappings() -> None:
    times = pd.DataFrame([[10, 20], [30, 5]], index=["o1", "o2"], columns=["s1", "s2"])
    # not in the order of the table
    made = evacuation.assign(times, {"o2": 50, "o1": 100}, {"s2": 100, "s1": 80})
    assert made.people.loc["o1"].tolist() == [80, 20]
    assert made.person_seconds == 80 * 10 + 20 * 20 + 50 * 5
    assert siting.p_median(times, {"o2": 1, "o1": 2}, p=1).value == 2 * 20 + 1 * 5


@pytest.mark.parametrize("exits", [["x"], ("x",), {"x"}, "x", pd.Index(["x"]), np.array(["x"]), {"x": 99.0}])
def test_exits_of_every_kind(exits: object) -> None:
    edges = pd.DataFrame({"tail": ["a", "b"], "head": ["b", "x"], "steps": [1, 1], "capacity": [10, 5]})
    assert evacuation.clearance(edges, {"a": 20}, exits).egress == 5


def test_an_exit_whose_id_is_a_tuple() -> None:
    edges = pd.DataFrame({"tail": [(0, 0)], "head": [(0, 1)], "steps": [1], "capacity": [10]})
    assert evacuation.clearance(edges, {(0, 0): 20}, (0, 1)).egress == 2


def test_a_bbox_as_a_list_or_an_array_and_no_findings_yet(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "a.gpkg"))
    places = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=gpd.points_from_xy([0, 10], [0, 10]), crs=METRIC)
    database.write("villages", places)
    assert database.read("villages", bbox=[5, 5, 20, 20])["name"].tolist() == ["b"]
    assert len(database.read("villages", bbox=places.total_bounds)) == 2
    assert len(database.findings()) == 0
    assert {"layer", "severity", "code"} <= set(database.findings().columns)
