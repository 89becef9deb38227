"""High-consequence areas against a sampler that walks every metre, and both sides of every limit of the two tables."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, box

from riskmap.errors import CRSError, MissingFieldError
from riskmap.overlay import belts, paths, pipelines
from riskmap.overlay.pipelines import high_consequence_areas, identify, potential_impact_radius_m
from riskmap.workflow.steps import pipelines as step

CRS = "EPSG:4548"
EAST, NORTH = 500_000.0, 4_060_000.0


def line(
    *points: tuple[float, float], medium: str = "crude_oil", mm: float = 508.0, mpa: float = 6.0
) -> gpd.GeoDataFrame:
    shape = LineString([(EAST + x, NORTH + y) for x, y in points])
    return frame([shape], id=["A"], medium=[medium], diameter_mm=[mm], pressure_mpa=[mpa])


def frame(shapes: list[Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def points(xy: list[tuple[float, float]], **columns: list[Any]) -> gpd.GeoDataFrame:
    return frame([Point(EAST + x, NORTH + y) for x, y in xy], **columns)


STRAIGHT = line((0, 0), (10_000, 0))
GAS = line((0, 0), (10_000, 0), medium="natural_gas")


def areas(lines: gpd.GeoDataFrame, **around: Any) -> list[tuple[int, float, float]]:
    given = high_consequence_areas(lines, **({"buildings": None, "facilities": None} | around))
    held = given[given["grade"] > 0]
    return [(g, round(a, 3), round(b, 3)) for g, a, b in zip(held["grade"], held["from_m"], held["to_m"], strict=True)]


# --- impact radius


@pytest.mark.parametrize(
    ("mm", "mpa", "metres"),
    [(1422, 12, 487.7), (1219, 12, 418.1), (1016, 10, 318.1), (813, 10, 254.5), (762, 6.9, 198.2), (711, 6.3, 176.7),
     (610, 6.3, 151.6), (508, 4.0, 100.6), (406.4, 4.0, 80.5), (273, 1.6, 34.2)],
)  # fmt: skip
def test_radius_of_the_fact_sheet(mm: float, mpa: float, metres: float) -> None:
    assert potential_impact_radius_m(mm, mpa) == pytest.approx(metres, abs=0.05)


def test_radius_of_the_published_american_example() -> None:
    # 30 in, 1,000 psig: 0.69 x sqrt(1000 x 30^2) = 654.6 ft
    assert potential_impact_radius_m(30 * 25.4, 6.894757) == pytest.approx(654.6 * 0.3048, rel=0.008)
    assert np.isnan(potential_impact_radius_m([np.nan, 500], [6, 6])[0])
    with pytest.raises(ValueError, match="negative"):
        potential_impact_radius_m(-1, 6)


# --- households


def homes(*rows: tuple[float, float, int], floors: int = 2) -> gpd.GeoDataFrame:
    return points([(x, y) for x, y, _ in rows], households=[n for *_, n in rows], floors=[floors] * len(rows))


@pytest.mark.parametrize(("table", "lines"), [("oil", STRAIGHT), ("gas", GAS)])
def test_a_hundred_households_in_two_kilometres(table: str, lines: gpd.GeoDataFrame) -> None:
    # spread out, so that no settlement of 50 makes oil row c
    spread = [(3000 + 200 * k, 150 * (-1) ** k, 10) for k in range(10)]
    assert areas(lines, buildings=homes(*spread)) == [(2, 2800.0, 5000.0)]
    assert areas(lines, buildings=homes(*spread[:-1], (4800, 150, 9))) == []


@pytest.mark.parametrize(("x", "found"), [(5000.0, True), (5000.01, False)])
def test_the_window_is_two_kilometres_long(x: float, found: bool) -> None:
    two = homes((3000, 0, 40), (x, 0, 60))
    assert bool(areas(GAS, buildings=two)) is found


@pytest.mark.parametrize(("y", "found"), [(200.0, True), (-200.0, True), (200.01, False)])
def test_the_belt_is_two_hundred_metres_wide(y: float, found: bool) -> None:
    assert bool(areas(GAS, buildings=homes((3000, y, 100)))) is found


def test_only_the_households_that_made_the_window_make_the_area() -> None:
    # 60 + 40 in one window; another 30 too far off to be in any window of 100
    given = areas(GAS, buildings=homes((3000, 0, 60), (4500, 0, 40), (6000, 0, 30)))
    assert given == [(2, 2800.0, 4700.0)]


@pytest.mark.parametrize(("households", "found"), [(49, 0), (50, 2)])
def test_a_settlement_of_fifty_beside_an_oil_line(households: int, found: int) -> None:
    cluster = homes((5000, 50, households - 20), (5090, 80, 20))
    given = areas(STRAIGHT, buildings=cluster)
    assert given == ([(found, 4800.0, 5290.0)] if found else [])
    assert areas(GAS, buildings=cluster) == []


@pytest.mark.parametrize(
    ("floors", "tall", "low", "grade"),
    [(4, 100, 0, 3), (4, 100, 100, 3), (4, 100, 101, 2), (3, 100, 0, 2), (4, 99, 0, 2)],
)
def test_tall_buildings_make_class_four(floors: int, tall: int, low: int, grade: int) -> None:
    town = pd.concat([homes((5000, 0, tall), floors=floors), homes((5000, 100, low), floors=1)])
    more = homes((5000, 100, 1), floors=1) if tall == 99 else None
    town = gpd.GeoDataFrame(pd.concat([town, more]) if more is not None else town, crs=CRS)
    given = high_consequence_areas(GAS, buildings=town, facilities=None)
    assert given["grade"].max() == grade
    assert given["location_class"].max() == grade + 1


def test_location_class_of_the_rest() -> None:
    for households, number in ((15, 1), (16, 2), (99, 2)):
        given = high_consequence_areas(GAS, buildings=homes((5000, 0, households)), facilities=None)
        assert (given["location_class"].tolist(), given["households"].tolist()) == ([number], [households])


def test_a_dwelling_without_households_counts_as_one_and_a_shed_as_none() -> None:
    xy = [(5000.0, 0.0)] * 3
    town = points(xy, households=[99, None, None], use=["dwelling", "dwelling", "farm"])
    assert areas(GAS, buildings=town) == [(2, 4800.0, 5200.0)]
    assert areas(GAS, buildings=town.assign(use=["dwelling", "farm", "farm"])) == []


def test_an_outline_counts_from_its_nearest_wall_and_takes_up_its_length() -> None:
    house = frame([box(EAST + 5000, NORTH + 190, EAST + 5100, NORTH + 260)], households=[100])
    assert areas(GAS, buildings=house) == [(2, 4800.0, 5300.0)]
    assert areas(GAS, buildings=house.translate(0, 10.01).to_frame("geometry").assign(households=100)) == []


def test_without_buildings_villages_stand_for_them_and_without_both_nothing_is_said() -> None:
    village = points([(5000, 100)], name=["甲村"], households=[120])
    given = high_consequence_areas(GAS, buildings=None, facilities=None, villages=village)
    assert given["households"].tolist() == [0, 120, 0]
    for villages in (None, village.assign(households=np.nan), village.drop(columns="households")):
        none = high_consequence_areas(GAS, buildings=None, facilities=None, villages=villages)
        assert none["households"].isna().all()
        assert none["location_class"].isna().all()


# --- places, sites, roads, water


def facility(kind: str, x: float, y: float, people: float | None = None) -> gpd.GeoDataFrame:
    return points([(x, y)], kind=[kind], name=["甲"], people=[people])


@pytest.mark.parametrize(
    ("mm", "mpa", "y", "grade"),
    [
        (1016, 10.0, 318.0, 2), (1016, 10.0, 318.2, 0),  # row c: 318.1 m
        (762, 10.0, 200.0, 2), (762, 10.0, 200.1, 0),  # exactly 762 mm is not more than 762
        (1016, 6.9, 200.0, 2), (1016, 6.9, 250.0, 0),
        (219.1, 1.0, 21.6, 1), (219.1, 1.0, 21.8, 0),  # row d: 21.69 m
        (273, 1.0, 200.0, 2), (219.1, 1.6, 200.0, 2),
        (508, 4.0, 200.0, 2), (np.nan, np.nan, 200.0, 2),  # row e; unknown sizes too
    ],
)  # fmt: skip
def test_specific_places_beside_gas_lines(mm: float, mpa: float, y: float, grade: int) -> None:
    lines = line((0, 0), (10_000, 0), medium="natural_gas", mm=mm, mpa=mpa)
    given = areas(lines, facilities=facility("school", 5000, y))
    assert given == ([(grade, 4800.0, 5200.0)] if grade else [])


@pytest.mark.parametrize(("people", "found"), [(29, False), (30, True), (None, True)])
def test_gathering_places_count_from_thirty_people(people: float | None, found: bool) -> None:
    assert bool(areas(GAS, facilities=facility("scenic_spot", 5000, 0, people))) is found
    assert not areas(GAS, facilities=facility("government", 5000, 0, people))


def test_flammable_sites() -> None:
    assert areas(GAS, facilities=facility("fuel_station", 5000, 200)) == [(3, 4800.0, 5200.0)]
    assert areas(GAS, facilities=facility("fuel_station", 5000, 201)) == []
    assert areas(STRAIGHT, facilities=facility("fuel_station", 5000, 50)) == [(1, 4800.0, 5200.0)]
    assert areas(STRAIGHT, facilities=facility("fuel_station", 5000, 51)) == []
    # row f speaks of places outside class 3: there only row b stands
    town = homes((5000, 0, 100))
    given = high_consequence_areas(GAS, buildings=town, facilities=facility("fuel_station", 5000, 100))
    assert given["grade"].max() == 2


@pytest.mark.parametrize(
    ("layer", "column", "kind", "grade", "half"),
    [
        ("roads", "highway", "motorway", 1, 50.0),
        ("roads", "class", "provincial", 1, 50.0),
        ("roads", "highway", "residential", 0, 0),
        ("barriers", "kind", "rail", 1, 50.0),
        ("water", "kind", "river", 3, 200.0),
        ("water", "kind", "canal", 0, 0),
        ("reserves", "kind", "wetland", 2, 200.0),
        ("reserves", "kind", "water_source", 3, 200.0),
    ],
)
def test_what_an_oil_line_crosses(layer: str, column: str, kind: str, grade: int, half: float) -> None:
    across = frame([LineString([(EAST + 5000, NORTH - 900), (EAST + 5000, NORTH + 900)])], **{column: [kind]})
    given = areas(STRAIGHT, **{layer: across})
    assert given == ([(grade, 5000 - half, 5000 + half)] if grade else [])
    assert areas(GAS, **{layer: across}) == []


def test_small_reservoirs_and_local_reserves_do_not_count_unknown_ones_do() -> None:
    pool = box(EAST + 5000, NORTH + 100, EAST + 5400, NORTH + 500)
    for grade, found in (("small", False), ("medium", True), (None, True)):
        assert bool(areas(STRAIGHT, water=frame([pool], kind=["reservoir"], grade=[grade]))) is found
    for grade, found in (("county", False), ("national", True), (None, True)):
        assert bool(areas(STRAIGHT, reserves=frame([pool], kind=["forest"], grade=[grade]))) is found


def test_built_up_ground_is_class_three() -> None:
    town = frame([box(EAST + 5000, NORTH + 100, EAST + 6000, NORTH + 500)], name=["城区"])
    # the corner reaches sqrt(200^2 - 100^2) = 173.205 m beyond
    assert areas(GAS, built_up=town) == [(2, 4826.795, 6173.205)]


# --- merging, pieces, conservation


@pytest.mark.parametrize(("gap", "count"), [(50.0, 1), (50.01, 2), (0.0, 1)])
def test_areas_fifty_metres_apart_are_one(gap: float, count: int) -> None:
    two = pd.concat([facility("school", 3000, 0), facility("school", 3400 + gap, 0)])
    assert len(areas(GAS, facilities=gpd.GeoDataFrame(two, crs=CRS))) == count


def test_merged_areas_have_the_highest_grade_and_all_criteria() -> None:
    around = {
        "buildings": homes((5000, 0, 100)),
        "water": frame([LineString([(EAST + 5300, NORTH - 900), (EAST + 5300, NORTH + 900)])], kind=["river"]),
    }
    given = high_consequence_areas(STRAIGHT, facilities=None, **around)
    held = given[given["grade"] > 0]
    assert held[["from_m", "to_m", "grade"]].to_numpy() == pytest.approx(np.array([[4800.0, 5500.0, 3]]))
    assert held["criterion_en"].iloc[0].startswith("water source")
    assert "class-3" in held["criterion_en"].iloc[0]
    causes = identify(STRAIGHT, facilities=None, **around).causes
    assert sorted(causes["grade"]) == [2, 2, 3]


def test_pieces_say_where_they_are() -> None:
    given = high_consequence_areas(STRAIGHT, buildings=homes((5000, 0, 100)), facilities=None)
    assert given["from_station"].tolist() == ["K0+000", "K4+800", "K5+200"]
    assert given["to_station"].tolist() == ["K4+800", "K5+200", "K10+000"]
    assert given["colour"].tolist() == ["none", "orange", "none"]
    assert given["level"].tolist() == [0, 3, 0]


@pytest.mark.parametrize(("accuracy", "usable"), [(None, False), (50.0, True), (50.1, False)])
def test_a_line_of_unknown_accuracy_is_marked(accuracy: float | None, usable: bool) -> None:
    given = high_consequence_areas(STRAIGHT, buildings=None, facilities=None, accuracy_m=accuracy)
    assert given["usable"].tolist() == [usable]
    own = high_consequence_areas(
        STRAIGHT.assign(accuracy_m=[10.0]), buildings=None, facilities=None, accuracy_m=accuracy
    )
    assert own["usable"].tolist() == [True]


def test_media_that_the_standard_does_not_cover_are_not_assessed() -> None:
    given = high_consequence_areas(
        line((0, 0), (9000, 0), medium="hydrogen"), buildings=homes((5000, 0, 500)), facilities=None
    )
    assert given["status"].tolist() == ["not_covered"]
    assert given["grade"].tolist() == [0]
    assert given["households"].isna().all()


def test_beyond_the_boundary_nothing_is_assessed_and_chainage_is_geodesic() -> None:
    lines = line((0, 0), (40_000, 0), medium="natural_gas")
    county = box(EAST + 20_000, NORTH - 5_000, EAST + 30_000, NORTH + 5_000)
    town = homes((25_000, 0, 100), (5_000, 0, 500))
    given = high_consequence_areas(lines, buildings=town, facilities=None, boundary=county)
    assert given["status"].tolist() == ["outside_area", "assessed", "assessed", "assessed", "outside_area"]
    assert given["grade"].tolist() == [0, 0, 2, 0, 0]
    # beside the central meridian the grid is 1 within the hair of a metre; 20 km outside are geodesic
    ends = gpd.GeoSeries.from_xy([EAST, EAST + 20_000], [NORTH, NORTH], crs=CRS).to_crs(4490)
    outside = ends.crs.get_geod().inv(ends.x[0], ends.y[0], ends.x[1], ends.y[1])[2]
    assert given["to_m"].iloc[0] == pytest.approx(outside, abs=1e-6)
    assert abs(outside - 20_000) > 0.01
    assert given["to_m"].iloc[3] - given["from_m"].iloc[1] == pytest.approx(10_000, abs=1e-6)


def test_an_area_ends_at_the_boundary() -> None:
    county = box(EAST, NORTH - 5_000, EAST + 5_100, NORTH + 5_000)
    given = high_consequence_areas(GAS, buildings=homes((5_000, 0, 100)), facilities=None, boundary=county)
    assert given["grade"].tolist() == [0, 2, 0]
    assert given["to_m"].iloc[1] == pytest.approx(5_100)
    assert given["status"].iloc[2] == "outside_area"


def test_systems_must_agree_and_be_metric() -> None:
    with pytest.raises(CRSError):
        high_consequence_areas(GAS.to_crs(4490), buildings=None, facilities=None)
    with pytest.raises(CRSError):
        high_consequence_areas(GAS, buildings=homes((0, 0, 1)).to_crs(4547), facilities=None)


def test_inputs_are_left_alone() -> None:
    town, school = homes((5000, 0, 100)), facility("school", 3000, 0)
    before = [f.copy() for f in (GAS, town, school)]
    high_consequence_areas(GAS, buildings=town, facilities=school)
    for was, now in zip(before, (GAS, town, school), strict=True):
        pd.testing.assert_frame_equal(was, now)


# --- the sampler


def walk(shape: LineString) -> tuple[np.ndarray, np.ndarray]:
    metres = np.arange(0, shape.length, 1.0)
    return metres, shapely.get_coordinates(shapely.line_interpolate_point(shape, metres))


def stands(metres: np.ndarray, xy: np.ndarray, home: Point, within: float) -> list[float]:
    """Positions of a building: the nearest metre of every run of metres that lie within the belt."""
    away = np.hypot(xy[:, 0] - home.x, xy[:, 1] - home.y)
    near = np.flatnonzero(away <= within)
    if not len(near):
        return []
    passes = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
    return [float(metres[p[away[p].argmin()]]) for p in passes]


def sampled(shape: LineString, town: gpd.GeoDataFrame, limit: int) -> np.ndarray:
    """Grade of each metre by walking: windows from every metre, counted building by building."""
    metres, xy = walk(shape)
    found = np.zeros(len(metres), bool)
    at = [(s, n) for n, home in enumerate(town.geometry) for s in stands(metres, xy, home, 200.0)]
    if not at:
        return found
    place, home = np.array(at).T
    held = town["households"].to_numpy()
    for x in np.arange(-2000.0, shape.length, 1.0):
        mine = (place >= x) & (place <= x + 2000.0)
        # a line that comes back passes a home twice: it is one home all the same
        if held[np.unique(home[mine]).astype(int)].sum() >= limit:
            found |= (metres >= place[mine].min() - 200) & (metres <= place[mine].max() + 200)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_areas_are_those_of_a_walk_along_the_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turns = np.cumsum(rng.normal(0, 0.9, 14))
    steps = rng.uniform(300, 900, 14)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
    xy = np.array([EAST, NORTH]) + np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    shape = LineString(xy)
    along = shapely.get_coordinates(shapely.line_interpolate_point(shape, rng.uniform(0, 1, 260), normalized=True))
    spots = along + rng.normal(0, 160, along.shape)
    town = frame([Point(p) for p in spots], households=rng.integers(1, 4, 260).tolist())
    lines = frame([shape], id=["A"], medium=["natural_gas"], diameter_mm=[508.0], pressure_mpa=[6.0])
    given = high_consequence_areas(lines, buildings=town, facilities=None)
    # the walk stands up to half a metre beside the exact place: windows at the limit may differ, so try its neighbours
    walked = {limit: sampled(shape, town, limit) for limit in (97, 100, 103)}
    metres = np.arange(0, shape.length, 1.0)
    marked = np.zeros(len(metres), bool)
    for a, b in given.loc[given["grade"] > 0, ["from_m", "to_m"]].to_numpy():
        marked |= (metres >= a) & (metres <= b)

    def grown(mask: np.ndarray, by: int) -> np.ndarray:
        return np.convolve(mask, np.ones(2 * by + 1), "same") > 0.5

    assert walked[100].any() or not marked.any()
    assert not (marked & ~grown(walked[97], 27)).any()
    assert not (walked[103] & ~grown(marked, 2)).any()
    assert (marked ^ walked[100]).mean() < 0.02


def test_the_walks_see_areas_and_their_ends() -> None:
    """The seeds above must hold both kinds of metres, or the comparison says nothing."""
    shares = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        turns = np.cumsum(rng.normal(0, 0.9, 14))
        steps = rng.uniform(300, 900, 14)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
        shape = LineString(np.array([EAST, NORTH]) + np.vstack([[0, 0], np.cumsum(steps, axis=0)]))
        along = shapely.get_coordinates(shapely.line_interpolate_point(shape, rng.uniform(0, 1, 260), normalized=True))
        spots = along + rng.normal(0, 160, along.shape)
        town = frame([Point(p) for p in spots], households=rng.integers(1, 4, 260).tolist())
        shares.append(sampled(shape, town, 100).mean())
    assert sum(0.05 < s < 0.95 for s in shares) >= 4, shares


def test_a_line_that_comes_back_passes_a_building_twice() -> None:
    hairpin = line((0, 0), (5_000, 0), (5_000, 250), (0, 250), medium="natural_gas")
    given = areas(hairpin, buildings=homes((1_000, 125, 100)))
    assert given == [(2, 800.0, 1_200.0), (2, 9_050.0, 9_450.0)]


@pytest.mark.parametrize("seed", range(4))
def test_stretches_along_roads_are_those_of_a_walk(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    xy = np.array([EAST, NORTH]) + np.cumsum(rng.normal([400, 0], 300, (12, 2)), axis=0)
    shape = LineString(xy)
    roads = frame(
        [LineString(np.array([EAST + 2000, NORTH]) + np.cumsum(rng.normal(0, 500, (5, 2)), axis=0)) for _ in range(6)],
        highway=["motorway"] * 6,
    )
    lines = frame([shape], id=["A"], medium=["crude_oil"], diameter_mm=[508.0], pressure_mpa=[6.0])
    causes = identify(lines, facilities=None, buildings=None, roads=roads).causes
    metres, walked = walk(shape)
    near = shapely.distance(shapely.points(walked), roads.geometry.union_all()) <= 50
    marked = np.zeros(len(metres), bool)
    for a, b in causes[["from_m", "to_m"]].to_numpy():
        marked |= (metres >= a - 1e-6) & (metres <= b + 1e-6)
    assert near.any()
    assert np.array_equal(marked, near)


coordinate = st.floats(-20_000, 20_000, allow_nan=False).map(lambda v: round(v, 3))
vertices = st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=8, unique=True)


@settings(deadline=None, max_examples=60)
@given(vertices, st.lists(st.tuples(coordinate, coordinate, st.integers(0, 150)), max_size=12))
def test_pieces_add_up_and_a_reversed_line_has_the_mirrored_pieces(
    xy: list[tuple[float, float]], town: list[tuple[float, float, int]]
) -> None:
    lines = line(*xy, medium="natural_gas")
    buildings = homes(*town) if town else None
    given = high_consequence_areas(lines, buildings=buildings, facilities=None)
    whole = float(lines.length.iloc[0])
    assert given["length_m"].sum() == pytest.approx(whole, rel=1e-9)
    assert given.length.sum() == pytest.approx(whole, rel=1e-9)
    assert (given["from_m"].to_numpy()[1:] == given["to_m"].to_numpy()[:-1]).all()
    back = high_consequence_areas(lines.set_geometry(lines.geometry.reverse()), buildings=buildings, facilities=None)
    assert back["grade"].tolist() == given["grade"].tolist()[::-1]
    assert whole - back["to_m"].to_numpy()[::-1] == pytest.approx(given["from_m"].to_numpy(), abs=1e-4)


# --- windows across the ends of parts and rows


def gas(*shapes: Any, **columns: list[Any]) -> gpd.GeoDataFrame:
    names = [chr(65 + n) for n in range(len(shapes))]
    whole = {"id": names, "medium": ["natural_gas"] * len(shapes), "diameter_mm": 508.0, "pressure_mpa": 6.0}
    return frame(list(shapes), **(whole | columns))


def bend(*xy: tuple[float, float]) -> LineString:
    return LineString([(EAST + x, NORTH + y) for x, y in xy])


TWO_TOWNS = ((4_500.0, 50.0, 60), (5_500.0, -50.0, 60))
SPLITS = {
    "one row": [bend((0, 0), (10_000, 0))],
    "two rows": [bend((0, 0), (5_000, 0)), bend((5_000, 0), (10_000, 0))],
    "two rows, one drawn the other way": [bend((5_000, 0), (0, 0)), bend((5_000, 0), (10_000, 0))],
    "parts a centimetre apart": [MultiLineString([bend((0, 0), (5_000, 0)), bend((5_000.01, 0), (10_000, 0))])],
    "rows a metre apart": [bend((0, 0), (5_000, 0)), bend((5_001, 0), (10_000, 0))],
    "three rows, a short one between": [bend((0, 0), (4_990, 0)), bend((5_030, 0), (4_990, 0)), bend((5_030, 0), (10_000, 0))],
    "a branch of three rows": [bend((0, 0), (5_000, 0)), bend((5_000, 0), (10_000, 0)), bend((5_000, 0), (5_000, 4_000))],
    "a branch of three parts": [MultiLineString([bend((0, 0), (5_000, 0)), bend((5_000, 0), (10_000, 0)), bend((5_000, 0), (5_000, 4_000))])],
    "a branch from the middle": [bend((0, 0), (10_000, 0)), bend((5_000, 0), (5_000, 4_000))],
}  # fmt: skip


@pytest.mark.parametrize("how", SPLITS)
def test_two_towns_a_kilometre_apart_are_class_three_however_the_line_is_delivered(how: str) -> None:
    found = identify(gas(*SPLITS[how]), buildings=homes(*TWO_TOWNS), facilities=None)
    held = found.pieces[found.pieces["grade"] > 0]
    east = held.geometry.bounds[["minx", "maxx"]].to_numpy() - EAST
    assert (east.min(), east.max()) == pytest.approx((4_300, 5_700), abs=1)
    assert held["households"].tolist() == [120] * len(held)
    assert set(held["location_class"]) == {3}
    assert held["grade"].tolist() == [2] * len(held)
    straight = held[held.geometry.bounds["maxy"] < NORTH + 1]
    assert straight.length.sum() == pytest.approx(1_400, abs=1.1)
    gaps = [g.metres for g in found.joined.gaps]
    assert gaps == pytest.approx({"parts a centimetre apart": [0.01], "rows a metre apart": [1.0]}.get(how, []))


def test_a_bridged_gap_and_a_crowded_branch_are_findings() -> None:
    lines = gas(*SPLITS["rows a metre apart"])
    told = step.join_findings(lines, identify(lines, buildings=None, facilities=None), 1.0)
    assert [(f.code, f.named) for f in told] == [("GAP_BRIDGED", ("A–B 1 m",))]
    touching = gas(*SPLITS["two rows"])
    assert step.join_findings(touching, identify(touching, buildings=None, facilities=None), 1.0) == []
    # a net of streets: more ways out of a branch than are followed
    streets = [bend((0, 300 * n), (1_500, 300 * n)) for n in range(6)]
    streets += [bend((300 * n, 0), (300 * n, 1_500)) for n in range(6)]
    blocks = [
        bend(a, b)
        for street in streets
        for a, b in pairwise([(x - EAST, y - NORTH) for x, y in street.segmentize(300).coords])
    ]
    net = gas(*blocks, id=[f"N{n:02d}" for n in range(len(blocks))])
    found = identify(net, buildings=homes((0, 0, 100)), facilities=None)
    assert [f.code for f in step.join_findings(net, found, 1.0)] == ["BRANCHES_MANY"]
    assert found.pieces["length_m"].sum() == pytest.approx(18_000)


def test_rows_further_apart_or_of_the_other_table_do_not_join() -> None:
    west, east = bend((0, 0), (5_000, 0)), bend((5_000, 0), (10_000, 0))
    for lines in (
        gas(west, bend((5_001.01, 0), (10_000, 0))),
        gas(west, east, medium=["natural_gas", "crude_oil"], id=["A", "B"]),
        gas(west, east, medium=["natural_gas", "hydrogen"], id=["A", "B"]),
    ):
        given = high_consequence_areas(lines, buildings=homes(*TWO_TOWNS), facilities=None)
        assert "class-3 location" not in " ".join(given["criterion_en"].dropna())


def test_towns_on_two_arms_are_not_in_one_window_with_a_third() -> None:
    # 40 + 40 on any way through the branch, 120 on all three arms together
    arms = [bend((0, 0), (x, y)) for x, y in ((-4_000, 0), (4_000, 0), (0, 4_000))]
    town = homes((-900, 10, 40), (900, 10, 40), (10, 900, 40))
    given = high_consequence_areas(gas(*arms), buildings=town, facilities=None)
    assert given["grade"].tolist() == [0, 0, 0]
    assert given["households"].tolist() == [80, 80, 80]


def test_a_home_in_a_bend_or_at_a_joint_is_one_home() -> None:
    town = homes((1_000, 60, 60))
    hairpin = bend((0, 0), (1_100, 0), (1_100, 120), (0, 120))
    rows = [bend((0, 0), (1_000, 0)), bend((1_000, 0), (3_000, 0))]
    for lines in (gas(hairpin), gas(*rows), gas(bend((0, 0), (1_000, 0), (1_000, 200), (0, 200), (0, 0)))):
        given = high_consequence_areas(lines, buildings=town, facilities=None)
        assert given["households"].max() == 60
        assert given["grade"].max() == 0


def test_windows_go_on_through_the_seam_of_a_ring() -> None:
    ring = [bend((0, 0), (3_000, 0), (3_000, 3_000), (0, 3_000), (0, 0))]
    town = homes((500, 0, 60), (0, 500, 60))
    for lines in (gas(*ring), gas(bend((0, 0), (3_000, 0), (3_000, 3_000)), bend((0, 0), (0, 3_000), (3_000, 3_000)))):
        given = high_consequence_areas(lines, buildings=town, facilities=None)
        assert given.loc[given["grade"] > 0, "length_m"].sum() == pytest.approx(1_400)


def test_margins_settlements_and_areas_go_on_across_joints() -> None:
    oil = {"medium": ["crude_oil", "crude_oil"], "id": ["A", "B"]}
    rows = [bend((0, 0), (5_000, 0)), bend((5_000, 0), (10_000, 0))]
    # a depot 50 m beside the line and 100 m before the joint: its area reaches 100 m into the next row
    given = high_consequence_areas(gas(*rows, **oil), buildings=None, facilities=facility("depot", 4_900, 40))
    assert given["length_m"].tolist() == pytest.approx([4_700, 300, 100, 4_900])
    assert given["grade"].tolist() == [0, 1, 1, 0]
    # 30 + 30 households 60 m apart on both sides of a joint are one settlement of 50
    given = high_consequence_areas(
        gas(*rows, **oil), buildings=homes((4_970, 20, 30), (5_030, 20, 30)), facilities=None
    )
    assert given["grade"].tolist() == [0, 2, 2, 0]
    # a river area and a depot area 40 m apart on two rows are managed as one, with the higher grade
    river = frame([LineString([(EAST + 4_780, NORTH - 900), (EAST + 4_780, NORTH + 900)])], kind=["river"])
    depot = facility("depot", 5_220, 40)
    given = high_consequence_areas(gas(*rows, **oil), buildings=None, facilities=depot, water=river)
    assert given["grade"].tolist() == [0, 3, 3, 0]
    assert given["to_m"].tolist() == pytest.approx([4_580, 5_000, 420, 5_000])


def joined(*ways: LineString) -> LineString:
    """Give ways as one line, each turned so that it begins where the last one ended."""
    xy = list(ways[0].coords)
    for way in ways[1:]:
        more = list(way.coords)
        xy += more[1:] if more[0] == xy[-1] else more[::-1][1:]
    return LineString(xy)


def net(side: int, edge_m: float) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give a square net of pipelines, a row for every edge, and dwellings beside it."""
    places = [(i * edge_m, j * edge_m) for i in range(side) for j in range(side)]
    rows = [bend((x, y), to) for x, y in places for to in ((x + edge_m, y), (x, y + edge_m)) if to in places]
    rng = np.random.default_rng(side)
    spots = rng.uniform(0, (side - 1) * edge_m, (300, 2))
    return gas(*rows), homes(*[(x, y, 3) for x, y in spots])


def test_the_work_on_a_net_grows_with_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    onto = paths.Path.onto

    def counted(path: paths.Path, course: int, spans: Any) -> Any:
        asked.append(course)
        return onto(path, course, spans)

    monkeypatch.setattr(paths.Path, "onto", counted)
    calls = []
    for side in (4, 8):
        lines, town = net(side, 6_000)
        asked.clear()
        high_consequence_areas(lines, buildings=town, facilities=None)
        calls.append(len(asked) / len(lines))
    # each course asked every path of the net: four times as many on a net four times as long
    assert calls[1] < 1.6 * calls[0]


def test_a_search_in_blocks_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, town = net(3, 900)
    whole = high_consequence_areas(lines, buildings=town, facilities=None)
    assert (whole["grade"] > 0).any()
    monkeypatch.setattr(belts, "SEGMENTS_PER_BLOCK", 7)
    monkeypatch.setattr(belts, "OBJECTS_PER_BLOCK", 50)
    pd.testing.assert_frame_equal(high_consequence_areas(lines, buildings=town, facilities=None), whole)


@pytest.mark.parametrize("seed", range(2))
def test_areas_of_a_branched_line_are_those_of_walks_along_every_way(seed: int) -> None:
    rng = np.random.default_rng(40 + seed)
    arms = []
    for heading in np.array([0.2, 2.3, 4.4]) + rng.normal(0, 0.2, 3):
        turns = heading + np.cumsum(rng.normal(0, 0.3, 6))
        steps = rng.uniform(300, 700, 6)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
        arms.append(LineString(np.array([EAST, NORTH]) + np.vstack([[0, 0], np.cumsum(steps, axis=0)])))
    spots = np.vstack(
        [
            shapely.get_coordinates(shapely.line_interpolate_point(arm, rng.uniform(0, 1, 55) ** 2, normalized=True))
            for arm in arms
        ]
    )
    spots = spots + rng.normal(0, 140, spots.shape)
    town = frame([Point(p) for p in spots], households=rng.integers(1, 4, len(spots)).tolist())
    delivered = [arms[0].reverse(), *arms[1:]]
    given = high_consequence_areas(gas(*delivered), buildings=town, facilities=None)
    marked = given[given["grade"] > 0].geometry.union_all()
    ways = [joined(arms[a].reverse(), arms[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    # every way as a line by itself, which the walks above prove
    alone = high_consequence_areas(gas(ways[0]), buildings=town, facilities=None)
    for way in ways[1:]:
        alone = pd.concat([alone, high_consequence_areas(gas(way), buildings=town, facilities=None)])
    expected = alone[alone["grade"] > 0].geometry.union_all()
    assert marked.difference(expected.buffer(0.01)).length < 0.1
    assert expected.difference(marked.buffer(0.01)).length < 0.1
    assert given["households"].max() == alone["households"].max()
    walked = np.concatenate([sampled(way, town, 100) for way in ways])
    metres = shapely.points(np.vstack([walk(way)[1] for way in ways]))
    near = shapely.distance(metres, marked) < 1
    every = shapely.distance(metres, shapely.union_all(metres[walked])) < 1
    assert 0.05 < every.mean() < 0.95
    assert (near ^ every).mean() < 0.03


@settings(deadline=None, max_examples=15)
@example(27, [1], False)  # a school abreast of the second row, beyond the bend at which the first ends
@given(st.integers(0, 10_000), st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True), st.booleans())
def test_a_line_in_several_rows_has_the_areas_of_the_line_in_one(seed: int, at: list[int], turned: bool) -> None:
    rng = np.random.default_rng(seed)
    turns = np.cumsum(rng.normal(0, 0.7, 13))
    steps = rng.uniform(200, 600, 13)[:, None] * np.column_stack([np.cos(turns), np.sin(turns)])
    xy = np.array([EAST, NORTH]) + np.vstack([[0, 0], np.cumsum(steps, axis=0)])
    along = shapely.get_coordinates(
        shapely.line_interpolate_point(LineString(xy), rng.uniform(0, 1, 150), normalized=True)
    )
    around = {
        "buildings": frame([Point(p) for p in along + rng.normal(0, 120, along.shape)], households=rng.integers(1, 5, 150).tolist()),
        "facilities": frame([Point(p) for p in along[:4]], kind=["school", "hospital", "fuel_station", "depot"]),
    }  # fmt: skip
    cuts = [0, *sorted(at), 13]
    rows = [LineString(xy[a : b + 1]) for a, b in pairwise(cuts)]
    rows = [r.reverse() if turned and n % 2 else r for n, r in enumerate(rows)]
    whole = high_consequence_areas(gas(LineString(xy)), **around)
    apart = high_consequence_areas(gas(*rows), **around)
    for grade in (0, 1, 2, 3):
        one, other = (f[f["grade"] == grade].length.sum() for f in (whole, apart))
        assert other == pytest.approx(one, abs=0.01)
    assert apart["households"].max() == whole["households"].max()
    assert apart.length.sum() == pytest.approx(whole.length.sum(), rel=1e-9)


def test_coincident_lines_count_once() -> None:
    shape = LineString([(EAST, NORTH), (EAST + 10_000, NORTH)])
    half = LineString([(EAST + 10_000, NORTH), (EAST + 5_000, NORTH)])
    twin = frame([shape, shape, half], grade=[0, 3, 1])
    once = pipelines.lengths_once(twin, "grade", [3, 2, 1, 0])
    assert once == pytest.approx({3: 10_000.0, 2: 0.0, 1: 0.0, 0: 0.0})
    parts = MultiLineString([shape, half])
    assert pipelines.lengths_once(frame([parts, shape], grade=[1, 0]), "grade", [1, 0]) == pytest.approx(
        {1: 10_000.0, 0: 0.0}
    )


@pytest.mark.parametrize("column", ["id", "medium", "diameter_mm", "pressure_mpa"])
def test_a_column_that_is_not_there_is_named(column: str) -> None:
    with pytest.raises(MissingFieldError, match=rf"pipelines.*{column}"):
        high_consequence_areas(line((0, 0), (900, 0)).drop(columns=column), buildings=None, facilities=None)


def test_facilities_of_no_kind_are_not_passed_over() -> None:
    with pytest.raises(MissingFieldError, match=r"facilities.*kind"):
        high_consequence_areas(line((0, 0), (900, 0)), buildings=None, facilities=points([(5, 5)], people=[9]))
