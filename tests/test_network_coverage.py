"""Coverage: cut exactly at the limit, drawn no farther than reached, counted with its denominators. 10 m a second."""

from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from affine import Affine
from shapely.geometry import LineString, MultiLineString, Point, box
from test_network_reach import as_networkx, random_world, with_place

from riskmap.crs import parse
from riskmap.errors import CRSMismatchError, DataError, NetworkError
from riskmap.grid import Grid, Raster
from riskmap.network import areas, circles, cutting
from riskmap.network.coverage import coverage
from riskmap.network.roads import RoadNetwork

CRS = parse("EPSG:4548")
SPEEDS = {"primary": 36.0, "motorway": 36.0}


def line(*xy: tuple[float, float]) -> LineString:
    return LineString(xy)


def frame(shapes: list, **columns) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def network(lines: list, **columns) -> RoadNetwork:
    columns.setdefault("highway", ["primary"] * len(lines))
    return RoadNetwork.from_frame(frame(lines, **columns), speeds_kmh=SPEEDS)


def stations(*xy: tuple[float, float], **columns) -> gpd.GeoDataFrame:
    columns.setdefault("id", [f"S{i + 1}" for i in range(len(xy))])
    return frame([Point(p) for p in xy], **columns)


STREET = network([line((0, 0), (10_000, 0))])


class TestPieces:
    def test_the_cut_is_exactly_at_the_limit(self) -> None:
        """Station 1,000 m from the west end: 240 s of driving are 2,400 m east, and the end of the street west."""
        found = coverage(STREET, stations((1000, 30)), limit_s=300).pieces
        assert sorted(found["length_m"]) == pytest.approx([1000.0, 2400.0])
        east = found[found["length_m"] > 2000].iloc[0]
        assert (east["minutes_from"], east["minutes_to"]) == pytest.approx((1.0, 5.0))
        assert np.ravel(east.geometry.coords) == pytest.approx([1000, 0, 3400, 0])
        west = found[found["length_m"] < 2000].iloc[0]
        assert (west["minutes_from"], west["minutes_to"]) == pytest.approx((1.0, 1 + 100 / 60))
        assert np.ravel(west.geometry.coords) == pytest.approx([1000, 0, 0, 0])  # in the direction of travel

    def test_a_limit_that_is_no_number_is_refused(self) -> None:
        with pytest.raises(NetworkError, match="limit_s is NaN"):
            coverage(STREET, stations((1000, 30)), limit_s=float("nan"))

    def test_one_way_streets_are_covered_ahead_only(self) -> None:
        oneway = network([line((0, 0), (10_000, 0))], oneway=["yes"])
        found = coverage(oneway, stations((5000, 0)), limit_s=300).pieces
        assert len(found) == 1
        assert np.ravel(found.geometry.iloc[0].coords) == pytest.approx([5000, 0, 7400, 0])

    def test_two_stations_meet_where_both_come_at_once(self) -> None:
        """East leaves 60 s later: west drives 600 m more of the 3,000 m between them."""
        two = stations((1000, 0), (4000, 0), turnout_s=[60.0, 120.0])
        found = coverage(STREET, two, limit_s=300).pieces
        between = found[(found.geometry.bounds["minx"] >= 1000) & (found.geometry.bounds["maxx"] <= 4000)]
        assert dict(zip(between["station_id"], between["length_m"], strict=True)) == pytest.approx(
            {"S1": 1800.0, "S2": 1200.0}
        )
        np.testing.assert_allclose(between["minutes_to"], 4.0)

    def test_a_stations_own_turnout_wins_and_blanks_take_the_given(self) -> None:
        two = stations((1000, 0), (7000, 0), turnout_s=[None, 180.0])
        found = coverage(STREET, two, limit_s=300, turnout_s=240).pieces
        assert found.groupby("station_id")["length_m"].sum().to_dict() == pytest.approx({"S1": 1200.0, "S2": 2400.0})
        assert found.groupby("station_id")["minutes_from"].min().to_dict() == {"S1": 4.0, "S2": 3.0}

    def test_a_station_that_turns_out_too_late_covers_nothing(self) -> None:
        late = coverage(STREET, stations((1000, 0), turnout_s=[301.0]), limit_s=300)
        assert len(late.pieces) == len(late.areas) == 0
        assert late.roads == 0.0

    def test_streets_of_no_time_are_covered_whole(self) -> None:
        free = RoadNetwork.from_edges(
            [0, 1, 1, 2], [1, 0, 2, 1], [240.0, 240.0, 0.0, 0.0], xy=[(0, 0), (9, 0), (20, 0)]
        )
        found = coverage(free, [0], limit_s=300).pieces
        assert found["length_m"].sum() == pytest.approx(20.0)
        assert found["minutes_to"].max() == 5.0

    def test_a_network_without_coordinates_gives_shares_of_edges(self) -> None:
        plain = RoadNetwork.from_edges(["a"], ["b"], [480.0])
        covered = coverage(plain, ["a"], limit_s=300)
        assert covered.reached.high.tolist() == [0.5]
        assert "geometry" not in covered.pieces
        with pytest.raises(NetworkError, match="coordinates"):
            covered.areas  # noqa: B018

    @pytest.mark.parametrize("seed", range(60))
    def test_every_place_is_in_a_piece_exactly_when_the_oracle_reaches_it(self, seed: int) -> None:
        """Random graphs: a place's arrival by networkx, and by the piece that holds it."""
        rng, xy, tail, head, seconds = random_world(seed + 5000)
        net = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
        oracle = as_networkx(len(xy), tail, head, seconds)
        limit = float(rng.uniform(60, 260))
        edge = int(rng.choice(np.flatnonzero(tail != head)))
        u, v, share = int(tail[edge]), int(head[edge]), float(rng.uniform(0.1, 0.9))
        turnout = np.array([20.0, 45.0])
        spots = [Point(xy[u] + share * (xy[v] - xy[u])), Point(xy[int(tail[0])])]
        own = gpd.GeoDataFrame({"id": ["A", "B"], "turnout_s": turnout}, geometry=spots)
        covered = coverage(net, own, limit_s=limit)
        found = covered.reached
        for k in range(12):
            number = int(rng.integers(len(net.edges)))
            a, b = net.edges["u"].iloc[number], net.edges["v"].iloc[number]
            if a == b:
                continue
            at = float(rng.uniform(0.02, 0.98))
            graph = nx.MultiDiGraph(oracle)
            _with_two(graph, (u, v, share), (int(a), int(b), at))
            arrivals = []
            for start, late in (("station", turnout[0]), (int(tail[0]), turnout[1])):
                arrivals.append(nx.single_source_dijkstra_path_length(graph, start).get("place", np.inf) + late)
            holds = (found.edge == number) & (found.low <= at) & (at <= found.high)
            if min(arrivals) > limit + 1e-6:
                assert not holds.any(), k
            elif min(arrivals) < limit - 1e-6:
                assert holds.sum() == 1
                i = int(np.flatnonzero(holds)[0])
                part = (at - found.low[i]) / (found.high[i] - found.low[i])
                part = 1 - part if found.back[i] else part
                mine = found.begin_s[i] + part * (found.end_s[i] - found.begin_s[i])
                assert mine == pytest.approx(min(arrivals), abs=1e-6)
                assert arrivals[found.source[i]] == pytest.approx(min(arrivals), abs=1e-6)

    def test_cut_lines_are_those_of_shapely(self) -> None:
        rng = np.random.default_rng(4)
        lines = np.array([LineString(rng.uniform(0, 99, (int(rng.integers(2, 9)), 2))) for _ in range(200)], object)
        low, high = np.sort(rng.uniform(0, 1, (2, 200)), axis=0)
        low[:20], high[10:30] = 0.0, 1.0
        from shapely.ops import substring

        for cut, whole, a, b in zip(cutting.between(lines, low, high), lines, low, high, strict=True):
            assert shapely.equals_exact(cut, substring(whole, a, b, normalized=True), 1e-9)


def _with_two(graph: nx.MultiDiGraph, station: tuple[int, int, float], place: tuple[int, int, float]) -> None:
    """Put the station and the place into the graph; on one edge, also the way between them."""
    original = nx.MultiDiGraph(graph)
    with_place(graph, "station", *station)
    for name, (u, v, share) in (("place", place),):
        for a, b, part in ((u, v, share), (v, u, 1 - share)):
            for data in (original.get_edge_data(a, b) or {}).values():
                graph.add_edge(a, name, weight=data["weight"] * part)
    (u, v, s), (a, b, p) = station, place
    if {u, v} == {a, b}:
        p = p if (a, b) == (u, v) else 1 - p
        for one, other, way in ((u, v, p - s), (v, u, s - p)):
            if way >= 0:
                for data in (original.get_edge_data(one, other) or {}).values():
                    graph.add_edge("station", "place", weight=data["weight"] * way)


class TestOverlap:
    def test_depth_and_what_is_lost_when_one_is_out(self) -> None:
        """Reach 400-5,400 m... cut: S1 at 2,000 covers 0-4,400, S2 at 4,000 covers 1,600-6,400."""
        covered = coverage(STREET, stations((2000, 0), (4000, 0)), limit_s=300)
        depth = covered.overlap
        metres = (depth.high - depth.low) * 10_000
        assert metres[depth.count == 2].sum() == pytest.approx(2800.0)
        assert covered.stations["reach_km"].to_dict() == pytest.approx({"S1": 4.4, "S2": 4.8})
        assert covered.stations["only_km"].to_dict() == pytest.approx({"S1": 1.6, "S2": 2.0})
        assert covered.stations["first_km"].to_dict() == pytest.approx({"S1": 3.0, "S2": 3.4})
        for out, rest in (("S1", (4000, 0)), ("S2", (2000, 0))):
            left = coverage(STREET, stations(rest), limit_s=300)
            lost = covered.pieces["length_m"].sum() - left.pieces["length_m"].sum()
            assert lost / 1e3 == pytest.approx(covered.stations.loc[out, "only_km"])

    def test_second_and_third_station(self) -> None:
        covered = coverage(STREET, stations((1000, 0), (3000, 0), (9000, 0), turnout_s=[0.0, 0.0, 0.0]), limit_s=300)
        places = covered.join(np.array([Point(2800, 0), Point(0, 5000)], dtype=object))
        seconds, by = covered.arrivals(places)
        np.testing.assert_allclose(seconds[:, 0], [20.0, 180.0, 620.0])
        assert by[:, 0].tolist() == [1, 0, 2]
        assert np.isinf(seconds[:, 1]).all()
        assert by[:, 1].tolist() == [-1, -1, -1]

    @pytest.mark.parametrize("seed", range(20))
    def test_depth_is_the_number_of_single_coverages(self, seed: int) -> None:
        rng, xy, tail, head, seconds = random_world(seed + 7000)
        net = RoadNetwork.from_edges(tail, head, seconds, xy=xy)
        nodes = [int(n) for n in rng.choice(np.unique(np.concatenate((tail, head))), 3, replace=False)]
        together, length = coverage(net, nodes, limit_s=150), net.length_m
        alone = [coverage(net, [n], limit_s=150) for n in nodes]
        depth = together.overlap
        metres = (depth.high - depth.low) * length[depth.edge]
        assert (metres * depth.count).sum() == pytest.approx(sum(a.pieces["length_m"].sum() for a in alone))
        assert metres.sum() == pytest.approx(together.pieces["length_m"].sum())


class TestShares:
    covered = coverage(STREET, stations((2000, 0)), limit_s=300)  # 0 - 4,400 m

    def test_roads(self) -> None:
        assert self.covered.roads == pytest.approx(0.44)
        assert (self.covered.roads.covered, self.covered.roads.total) == pytest.approx((4.4, 10.0))
        assert self.covered.roads.unit == "km"

    def test_ground_within_the_depth(self) -> None:
        town = frame([box(1000, -100, 2000, 100)])
        assert self.covered.share(town) == pytest.approx(0.75)
        assert self.covered.share(town, depth_m=37.5) == pytest.approx(0.375)
        assert self.covered.share(town, depth_m=150) == 1.0
        share = self.covered.share(town)
        assert share.covered == pytest.approx(0.15)
        assert share.unit == "km2"

    def test_overlapping_ground_counts_once(self) -> None:
        assert self.covered.share(frame([box(0, -50, 100, 50)] * 2)).total == pytest.approx(0.01)

    def test_points_count_by_the_time_at_their_road(self) -> None:
        spots = [Point(4399, 200), Point(4401, 10), Point(4400, 0), Point(2000, 600)]
        units = frame(spots, people=[10, 20, None, 40])
        assert self.covered.share(units) == pytest.approx(0.5)
        people = self.covered.share(units, weights="people")
        assert (people.covered, people.total, people.unknown, people.unit) == (10.0, 70.0, 1.0, "person")

    def test_lines_within_the_areas(self) -> None:
        assert self.covered.share(frame([line((1000, 50), (2000, 50)), line((9000, 0), (9900, 0))])) == pytest.approx(
            1000 / 1900
        )

    def test_cells_count_by_the_ground_covered(self) -> None:
        grid = Grid((2, 2), Affine(100, 0, 1000, 0, -100, 100), CRS)  # 1000-1200 m, 100 m north and south of the road
        people = Raster(grid, np.array([[8.0, np.nan], [4.0, 0.0]]))
        share = self.covered.share(people)
        assert share.covered == pytest.approx(9.0)
        assert (share.total, share.unknown, share.unit) == (12.0, 1.0, "person")
        within = self.covered.share(people, within=frame([box(1000, 0, 1100, 100)]))
        assert (within.covered, within.total) == pytest.approx((6.0, 8.0))

    def test_nothing_to_cover_is_not_a_number(self) -> None:
        assert np.isnan(self.covered.share(frame([Point(0, 0)])[:0].set_geometry([], crs=CRS)))

    def test_kinds_and_systems_are_not_mixed(self) -> None:
        with pytest.raises(DataError):
            self.covered.share(frame([Point(0, 0), line((0, 0), (1, 1))]))
        with pytest.raises(CRSMismatchError):
            self.covered.share(frame([Point(0, 0)]).set_crs("EPSG:4549", allow_override=True))

    def test_coverage_grows_with_the_limit(self) -> None:
        town = frame([box(0, -500, 10_000, 500)])
        shares = [coverage(STREET, stations((3000, 0)), limit_s=s).share(town) for s in (60, 120, 300, 600, 1200)]
        assert shares == sorted(shares)
        assert shares[0] == 0.0


def seen_from(point: Point, roads: list, walls: list, depth_m: float) -> bool:
    """Tell whether some point of the roads is near enough and in sight, by walking along them metre by metre."""
    for road in roads:
        along = shapely.line_interpolate_point(road, np.arange(0, road.length + 0.5, 1.0))
        near = along[shapely.distance(along, point) <= depth_m]
        ways = shapely.linestrings([[(q.x, q.y), (point.x, point.y)] for q in near]) if len(near) else []
        hidden = np.zeros(len(near), dtype=bool)
        for wall in walls:
            hidden |= shapely.intersects(ways, wall)
        if (~hidden).any():
            return True
    return False


class TestAreas:
    def test_a_block_keeps_its_hole_and_far_stations_their_islands(self) -> None:
        ring = [line((0, 0), (400, 0), (400, 400), (0, 400), (0, 0)), line((5000, 0), (5200, 0))]
        covered = coverage(network(ring), stations((200, 0), (5100, 0)), limit_s=300)
        first = covered.areas.geometry.iloc[0]
        assert first.geom_type == "Polygon"
        assert first.interiors[0].envelope.area == pytest.approx(250.0**2)
        assert covered.area.geom_type == "MultiPolygon"
        assert covered.areas["station_id"].tolist() == ["S1", "S2"]
        assert covered.areas["minutes"].tolist() == [5.0, 5.0]

    def test_an_area_lies_within_the_depth(self) -> None:
        covered = coverage(STREET, stations((2000, 0)), limit_s=300)
        exact = line((0, 0), (4400, 0)).buffer(75, quad_segs=512)
        assert exact.buffer(1e-6).contains(covered.area)
        assert covered.area.area == pytest.approx(exact.area, rel=1e-3)

    @pytest.mark.parametrize("seed", range(12))
    def test_nothing_behind_a_barrier_and_everything_in_sight(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        roads = [line(*rng.uniform(0, 300, (3, 2))) for _ in range(2)]
        walls = [line(*rng.uniform(-50, 350, (int(rng.integers(2, 5)), 2))) for _ in range(3)]
        walls.append(shapely.boundary(box(*np.sort(rng.uniform(0, 300, (2, 2)), axis=0).ravel())))
        area = areas.beside(
            np.array(roads, dtype=object), np.zeros(2, int), 1, depth_m=60.0, barriers=np.array(walls, dtype=object)
        )[0]
        points = shapely.points(rng.uniform(-60, 360, (500, 2)))
        inside = shapely.contains(area, points)
        margin = shapely.boundary(area)
        for point, drawn in zip(points, inside, strict=True):
            near_edge = shapely.distance(point, margin) < 1.0
            if drawn and not near_edge:
                assert seen_from(point, roads, walls, 60.0), point
        sights = [p for p, d in zip(points, inside, strict=True) if not d and seen_from(p, roads, walls, 57.0)]
        assert len(sights) <= 0.02 * len(points)  # slits between the points that are looked from

    def test_polygons_are_barriers_by_their_border(self) -> None:
        lake = np.array([box(100, 20, 200, 60)], dtype=object)
        area = areas.beside(np.array([line((0, 0), (300, 0))], object), np.zeros(1, int), 1, depth_m=75, barriers=lake)[
            0
        ]
        assert not area.intersects(Point(150, 40))
        assert not area.contains(Point(150, 70))
        assert area.contains(Point(250, 40))

    def test_nobody_steps_off_bridges_tunnels_and_motorways(self) -> None:
        lines = [line((0, 0), (1000, 0)), line((1000, 0), (1500, 0)), line((1500, 0), (2000, 0))]
        for columns in ({"bridge": [None, "yes", None]}, {"highway": ["primary", "motorway", "primary"]}):
            covered = coverage(network(lines, **columns), stations((100, 0)), limit_s=300)
            assert covered.pieces["length_m"].sum() == pytest.approx(2000.0)
            assert not covered.area.intersects(Point(1250, 0))
            assert covered.area.intersects(Point(1750, 0))

    def test_coverage_takes_barriers_for_stations_and_areas(self) -> None:
        two = network([line((0, 0), (1000, 0)), line((0, 100), (1000, 100)), line((0, 0), (0, 100))])
        river = gpd.GeoSeries([line((50, 60), (1000, 60))], crs=CRS)
        at = stations((500, 70))
        free, held = coverage(two, at, limit_s=300), coverage(two, at, limit_s=300, barriers=river)
        assert free.places.distance_m[0] == held.places.distance_m[0] == 30.0
        south = coverage(two, stations((500, 55)), limit_s=300, barriers=river)
        assert south.places.distance_m[0] == 55.0  # the nearer road lies across the river
        assert free.area.contains(Point(500, 58))
        assert held.area.intersection(box(400, 0, 600, 59.9)).area == pytest.approx(200 * 59.9, rel=1e-3)


class TestGround:
    grid = Grid((10, 50), Affine(100, 0, 0, 0, -100, 500), CRS)

    def cells(self, covered):
        return circles.cells(covered, self.grid, np.ones(self.grid.shape, dtype=bool))

    def test_minutes_of_cells_by_hand(self) -> None:
        covered = coverage(STREET, stations((1050, 0)), limit_s=300, max_snap_m=300)
        minutes = self.cells(covered).minutes.values
        assert minutes[4, 10] == pytest.approx(1.0)
        assert minutes[4, 40] == pytest.approx(1 + 300 / 60)  # 3,000 m: beyond the limit, but known
        assert np.isnan(minutes[0, 10])  # 450 m from the road

    def test_gaps_and_cover_add_up_and_count_people(self) -> None:
        covered = coverage(STREET, stations((1000, 0)), limit_s=300, max_snap_m=300)
        towns = frame([box(3000, -100, 4000, 100), box(0, 300, 20, 320), box(0, 360, 20, 380)], name=["东", "小", "小"])
        people = Raster(self.grid, np.full(self.grid.shape, 2.0))
        open_ground = circles.gaps(covered, towns, people, small_m2=1000.0)
        share = covered.share(towns)
        assert open_ground["area_km2"].sum() + share.covered == pytest.approx(share.total, rel=1e-9)
        assert open_ground["area_km2"].is_monotonic_decreasing
        assert open_ground["name"].tolist() == ["东", "小", "小"]
        cell_people = 2.0 * open_ground.geometry.area.sum() / 1e4
        assert open_ground["population"].sum() == pytest.approx(cell_people, rel=1e-9)
        first = open_ground.iloc[0]
        assert first["minutes"] > 5.0
        assert first["parts"] == 1

    def test_small_gaps_stand_together(self) -> None:
        covered = coverage(STREET, stations((1000, 0)), limit_s=300, max_snap_m=300)
        town = frame([shapely.union_all([box(x, 200, x + 5, 205) for x in (0, 20, 40)] + [box(0, 300, 100, 400)])])
        found = circles.gaps(covered, town, small_m2=100.0)
        assert found["parts"].tolist() == [1, 3]
        assert found["population"].isna().all()
        nothing = circles.gaps(covered, frame([box(1000, -10, 1100, 10)]))
        assert len(nothing) == 0
        assert nothing.crs == CRS

    def test_responsibility_goes_by_time_and_tiles_the_boundary(self) -> None:
        """S2 leaves 60 s later, so the border lies 300 m nearer to it than the middle between them."""
        two = stations((1000, 0), (4000, 0), turnout_s=[60.0, 120.0], name=["西", "东"], kind=["special", "small"])
        covered = coverage(STREET, two, limit_s=300, max_snap_m=300)
        people = Raster(self.grid, np.full(self.grid.shape, 1.0))
        boundary = box(0, -500, 5000, 500)
        found = circles.responsibility(
            covered,
            self.cells(covered),
            boundary,
            built_up=box(0, -100, 5000, 100),
            people=people,
            norms_km2={"special": 7.0, "small": 2.0},
            winding=(1.3, 1.5),
            stations=two,
        )
        assert found["area_km2"].tolist() == pytest.approx([2.8, 2.2])
        assert found["built_up_km2"].tolist() == pytest.approx([0.56, 0.44])
        assert found["population"].tolist() == pytest.approx([280.0, 220.0])
        assert found["ratio"].tolist() == pytest.approx([0.08, 0.22])
        assert shapely.union_all(found.geometry).area == pytest.approx(boundary.area)
        # 10 m/s for 240 s and 180 s: S = 2.4 and 1.8 km
        np.testing.assert_allclose(found["formula_high_km2"], [2 * (2.4 / 1.3) ** 2, 2 * (1.8 / 1.3) ** 2])
        np.testing.assert_allclose(found["formula_low_km2"], [2 * (2.4 / 1.5) ** 2, 2 * (1.8 / 1.5) ** 2])
        # S1 alone reaches 0-2,200 m (S2 comes from 2,200), S2 alone 3,400-5,000 m; cells within 300 m of the road
        assert found["only_people"].tolist() == pytest.approx([22 * 6.0, 16 * 6.0])

    def test_a_station_that_is_first_nowhere_stays_in_the_list(self) -> None:
        two = stations((1000, 0), (1000, 0), turnout_s=[60.0, 120.0])
        covered = coverage(STREET, two, limit_s=300, max_snap_m=300)
        found = circles.responsibility(
            covered,
            self.cells(covered),
            box(0, -500, 5000, 500),
            norms_km2={},
            winding=(1.3, 1.5),
            stations=two,
        )
        assert found["area_km2"].tolist() == [5.0, 0.0]
        assert found["norm_km2"].isna().all()
        assert found["population"].isna().all()


def test_multilines_and_no_mutation() -> None:
    at = stations((1000, 30), turnout_s=[None])
    kept = at.copy()
    covered = coverage(network([MultiLineString([[(0, 0), (900, 0)], [(900, 0), (2000, 0)]])]), at, limit_s=300)
    assert covered.pieces["length_m"].sum() == pytest.approx(2000.0)
    assert at.equals(kept)
