"""From road lines to a network: every rule on a street drawn by hand. 36 km/h is 10 m a second."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, MultiLineString, Point, box

from riskmap.errors import CRSError, DataError, MissingCRSError, MissingFieldError, NetworkError
from riskmap.network.roads import RoadNetwork
from riskmap.network.speeds import SpeedTable, directions
from riskmap.network.streets import tables

CRS = "EPSG:4548"
X, Y = 500_000.0, 4_070_000.0
SPEEDS = {"primary": 36.0, "residential": 18.0}


def line(*xy: tuple[float, float]) -> LineString:
    return LineString([(X + x, Y + y) for x, y in xy])


def at(x: float, y: float) -> gpd.GeoSeries:
    return gpd.GeoSeries([Point(X + x, Y + y)], crs=CRS)


def roads(lines: list, **columns: list) -> gpd.GeoDataFrame:
    columns.setdefault("highway", ["primary"] * len(lines))
    return gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)


def network(lines: list, **columns) -> RoadNetwork:
    return RoadNetwork.from_frame(roads(lines, **columns), speeds_kmh=SPEEDS)


def seconds(net: RoadNetwork, one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(net.times(at(*one), at(*other)).iloc[0, 0])


CROSS = [line((0, 0), (100, 0)), line((50, -50), (50, 50))]


class TestMeeting:
    def test_shared_vertices_join(self) -> None:
        net = network([line((0, 0), (50, 0), (100, 0)), line((50, 0), (50, 80))])
        assert len(net.ids) == 4
        assert len(net.edges) == 3
        assert seconds(net, (0, 0), (50, 80)) == pytest.approx(13.0)

    def test_a_bend_is_no_junction(self) -> None:
        net = network([line((0, 0), (50, 0), (50, 80))])
        assert (len(net.ids), len(net.edges)) == (2, 1)

    def test_an_end_that_touches_joins_within_a_tenth_of_a_metre(self) -> None:
        assert seconds(network([line((0, 0), (100, 0)), line((50, 0.09), (50, 80))]), (0, 0), (50, 80)) == (
            pytest.approx(13.0, abs=0.02)
        )
        assert np.isinf(seconds(network([line((0, 0), (100, 0)), line((50, 0.11), (50, 80))]), (0, 0), (50, 80)))

    def test_an_end_near_a_vertex_joins_that_vertex(self) -> None:
        net = network([line((0, 0), (50, 0), (100, 0)), line((50.05, 0.05), (50, 80))])
        assert (len(net.ids), len(net.edges)) == (4, 3)
        net = network([line((0, 0), (50, 0)), line((50.05, 0), (100, 0)), line((50, -0.05), (50, -9))])
        assert (len(net.ids), len(net.edges)) == (4, 3)

    def test_roads_that_only_cross_on_the_drawing_do_not_meet(self) -> None:
        made = tables(roads(CROSS))
        assert len(made.edges) == 2
        assert [p.coords[0] for p in made.streets.crossings] == [(X + 50, Y)]

    def test_roads_that_cross_meet_when_the_caller_says_so(self) -> None:
        net = RoadNetwork.from_frame(roads(CROSS), speeds_kmh=SPEEDS, node_crossings=True)
        assert len(net.ids) == 5
        assert seconds(net, (0, 0), (50, 50)) == pytest.approx(10.0)

    @pytest.mark.parametrize(
        "levels", [{"bridge": ["yes", None]}, {"tunnel": [None, True]}, {"layer": [0, 1]}, {"bridge": [True, True]}]
    )
    def test_bridges_tunnels_and_levels_never_meet_by_crossing(self, levels: dict) -> None:
        net = RoadNetwork.from_frame(roads(CROSS, **levels), speeds_kmh=SPEEDS, node_crossings=True)
        assert len(net.edges) == 2
        assert not len(tables(roads(CROSS, **levels)).streets.crossings)  # nothing to report either

    def test_roads_of_one_upper_level_meet_like_those_on_the_ground(self) -> None:
        for levels, streets in (({}, 4), ({"bridge": ["yes", None]}, 2)):
            frame = roads(CROSS, layer=[1, 1], **levels)
            assert len(tables(frame, node_crossings=True).edges) == streets
            assert len(tables(frame).streets.crossings) == (streets == 4)

    def test_a_vertex_shared_on_the_way_over_a_bridge_is_no_junction(self) -> None:
        lines = [line((0, 0), (50, 0), (100, 0)), line((50, -50), (50, 0), (50, 50))]
        assert len(network(lines, bridge=["yes", "no"]).edges) == 2
        assert len(network(lines, bridge=["no", "no"]).edges) == 4

    def test_a_bridge_meets_the_roads_at_its_ends(self) -> None:
        lines = [line((0, 0), (50, 0)), line((50, 0), (80, 0)), line((80, 0.05), (120, 0)), line((65, -5), (65, 0.05))]
        net = network(lines, bridge=[None, "yes", None, None])
        assert seconds(net, (0, 0), (120, 0)) == pytest.approx(12.0, abs=0.02)
        assert np.isinf(seconds(net, (65, -5), (0, 0)))  # a road that ends below the bridge does not go up

    def test_a_bridge_in_two_pieces_passes_over_the_road_at_their_seam(self) -> None:
        ramps = [line((0, 0), (20, 0)), line((80, 0), (100, 0))]
        over = [line((20, 0), (50, 0)), line((50, 0), (80, 0)), line((50, -50), (50, 50))]
        net = network(ramps + over, bridge=[None, None, "yes", "yes", None])
        assert seconds(net, (0, 0), (100, 0)) == pytest.approx(10.0)
        assert np.isinf(seconds(net, (0, 0), (50, 50)))
        # drawn once each way it still ends on the road that it comes down to
        down = [line((0, 0), (20, 0)), line((20, 0), (50, 0)), line((50, 0), (20, 0)), line((50, -50), (50, 50))]
        net = network(down, bridge=[None, "yes", "yes", None])
        assert seconds(net, (0, 0), (50, 50)) == pytest.approx(10.0)
        # two bridges come down where a road of the ground begins, five centimetres off
        fork = [line((0, 10), (20, 10)), line((20, 10), (50, 0)), line((20, -10), (50, 0)), line((50.05, 0), (90, 0))]
        net = network(fork, bridge=[None, "yes", "yes", None])
        assert np.isfinite(seconds(net, (0, 10), (90, 0)))

    def test_a_two_way_street_drawn_twice_is_one_edge(self) -> None:
        there = line((0, 0), (50, 10), (100, 0))
        net = network([there, there.reverse()], oneway=["yes", "yes"])
        assert len(net.edges) == 1
        assert net.edges["direction"].tolist() == ["both"]
        assert network([there, there], oneway=["yes", "yes"]).edges["direction"].tolist() == ["forward"]
        assert net.length_m.sum() == pytest.approx(there.length)

    def test_a_road_drawn_over_part_of_another_counts_once(self) -> None:
        net = network([line((0, 0), (50, 0), (100, 0)), line((50, 0), (100, 0), (150, 0))])
        assert net.length_m.sum() == pytest.approx(150.0)
        assert seconds(net, (0, 0), (150, 0)) == pytest.approx(15.0)

    def test_roads_without_length_are_named_and_have_no_street(self) -> None:
        made = tables(roads([line((0, 0), (10, 0)), line((5, 5), (5, 5)), None, MultiLineString()]))
        assert made.streets.empty.tolist() == [1, 2, 3]
        assert len(made.edges) == 1

    def test_a_loop_is_an_edge_from_a_junction_to_itself(self) -> None:
        net = network([line((0, 0), (10, 0)), line((10, 0), (20, 10), (30, 0), (20, -10), (10, 0))])
        loop = net.edges[net.edges["u"] == net.edges["v"]]
        assert len(loop) == 1
        # half-way round the loop, either way
        assert seconds(net, (0, 0), (30, 0)) == pytest.approx(1 + 2 * np.hypot(10, 10) / 10)

    def test_lines_of_several_parts(self) -> None:
        both = MultiLineString([line((0, 0), (50, 0)), line((50, 0), (50, 50))])
        net = network([both])
        assert seconds(net, (0, 0), (50, 50)) == pytest.approx(10.0)
        assert net.edges["road"].tolist() == [0, 0]

    def test_parallel_streets_between_two_junctions_both_stay(self) -> None:
        net = network([line((0, 0), (100, 0)), line((0, 0), (50, 50), (100, 0)), line((-9, 0), (0, 0))])
        assert len(net.edges) == 3
        assert seconds(net, (0, 0), (100, 0)) == pytest.approx(10.0)

    def test_row_order_does_not_matter(self) -> None:
        rng = np.random.default_rng(3)
        lines = [line(*rng.uniform(0, 300, (3, 2))) for _ in range(30)]
        one = RoadNetwork.from_frame(roads(lines), node_crossings=True)
        other = RoadNetwork.from_frame(roads(lines[::-1]), node_crossings=True)
        assert len(one.edges) == len(other.edges) > 100
        np.testing.assert_allclose(one.xy, other.xy)
        np.testing.assert_allclose(one.reach(0), other.reach(0))

    def test_the_roads_are_not_changed(self) -> None:
        frame = roads([line((0, 0), (100, 0)), line((50, 0.05), (50, 80))], oneway=["no", None])
        kept = frame.copy()
        RoadNetwork.from_frame(frame)
        pd.testing.assert_frame_equal(frame, kept)


class TestGaps:
    LINES = [line((0, 0), (100, 0)), line((50, 3), (50, 80))]

    def test_a_gap_is_reported_and_stays_open(self) -> None:
        made = tables(roads(self.LINES), report_gaps_m=5.0)
        assert [round(g.length, 9) for g in made.streets.gaps] == [3.0]
        assert made.streets.gap_roads.tolist() == [1]
        assert np.isinf(seconds(network(self.LINES), (0, 0), (50, 80)))

    def test_a_gap_is_closed_by_choice(self) -> None:
        net = RoadNetwork.from_frame(roads(self.LINES), speeds_kmh=SPEEDS, close_gaps_m=5.0)
        assert seconds(net, (0, 0), (50, 80)) == pytest.approx(13.0)
        assert net.edges.loc[net.edges["closes_gap"], "length_m"].tolist() == [pytest.approx(3.0)]
        wide = RoadNetwork.from_frame(roads(self.LINES), speeds_kmh=SPEEDS, close_gaps_m=2.0)
        assert not wide.edges["closes_gap"].any()

    def test_two_dead_ends_that_face_each_other(self) -> None:
        lines = [line((0, 0), (50, 0)), line((53, 0), (100, 0))]
        net = RoadNetwork.from_frame(roads(lines), speeds_kmh=SPEEDS, close_gaps_m=5.0)
        assert len(net.edges) == 3
        assert seconds(net, (0, 0), (100, 0)) == pytest.approx(10.0)

    def test_a_short_stub_is_no_gap(self) -> None:
        made = tables(roads([line((0, 0), (50, 0), (100, 0)), line((50, 0), (50, 4))]), report_gaps_m=5.0)
        assert not len(made.streets.gaps)

    def test_no_gap_is_closed_onto_a_bridge(self) -> None:
        frame = roads(self.LINES, bridge=["yes", None])
        assert not RoadNetwork.from_frame(frame, close_gaps_m=5.0).edges["closes_gap"].any()


class TestDirections:
    @pytest.mark.parametrize(
        ("word", "way"),
        [
            ("yes", 1), ("no", 0), ("-1", -1), (-1, -1), (-1.0, -1), (1, 1), (1.0, 1), (0, 0), (True, 1), (False, 0),
            ("true", 1), ("1", 1), ("0", 0), ("reverse", -1), ("reversible", 0), ("F", 1), ("T", -1), ("B", 0),
            ("FT", 1), ("TF", -1), ("单向", 1), ("双向", 0), ("是", 1), ("否", 0), ("逆向", -1), ("反向", -1), (" YES ", 1),
            (None, 0), (np.nan, 0), (pd.NA, 0), ("", 0),
        ],
    )  # fmt: skip
    def test_every_spelling(self, word: object, way: int) -> None:
        frame = pd.DataFrame({"oneway": pd.Series([word], dtype=object)})
        assert directions(frame, ["primary"]).tolist() == [way]

    def test_an_unknown_word_is_an_error_with_the_word(self) -> None:
        with pytest.raises(DataError, match="perhaps"):
            network(CROSS, oneway=["perhaps", "no"])

    def test_motorways_and_roundabouts_are_one_way_where_nothing_is_said(self) -> None:
        frame = pd.DataFrame({"oneway": [None, "no", None, None], "junction": [None, None, "roundabout", None]})
        assert directions(frame, ["motorway", "motorway", "primary", "primary"]).tolist() == [1, 0, 1, 0]

    def test_a_one_way_street_is_driven_forward_only(self) -> None:
        net = network([line((0, 0), (100, 0)), line((0, 50), (100, 50))], oneway=["yes", "-1"])
        assert seconds(net, (20, 0), (80, 0)) == pytest.approx(6.0)
        assert np.isinf(seconds(net, (80, 0), (20, 0)))
        assert seconds(net, (80, 50), (20, 50)) == pytest.approx(6.0)

    def test_one_way_rules_may_be_ignored_but_not_on_divided_roads(self) -> None:
        lines = [
            line((0, 0), (100, 0)),  # a lone one-way street
            line((0, 500), (100, 500)),  # two carriageways of one road
            line((100, 512), (0, 512)),
            line((0, 900), (100, 900)),  # a motorway
        ]
        frame = roads(lines, highway=["primary", "primary", "primary", "motorway"], oneway=["yes"] * 4)
        net = RoadNetwork.from_frame(frame, obey_oneway=False)
        assert np.isfinite(net.graph.backward_s).tolist() == [True, False, False, False]
        walking = RoadNetwork.from_frame(frame, mode="pedestrian")
        assert np.isfinite(walking.graph.backward_s).all()
        assert len(walking.edges) == 3


class TestSpeeds:
    def test_class_table_and_own_speeds(self) -> None:
        frame = roads([line((0, 0), (100, 0)), line((100, 0), (200, 0))], highway=["primary", "residential"])
        assert RoadNetwork.from_frame(frame).edges["kmh"].tolist() == [40.0, 20.0]
        assert RoadNetwork.from_frame(frame, speeds_kmh={"primary": 72}).edges["kmh"].tolist() == [72.0, 20.0]
        assert RoadNetwork.from_frame(frame, mode="pedestrian").edges["kmh"].tolist() == [3.6, 3.6]

    def test_closed_classes_have_no_edge(self) -> None:
        frame = roads([line((0, 0), (100, 0)), line((100, 0), (200, 0))], highway=["primary", "steps"])
        assert len(RoadNetwork.from_frame(frame).edges) == 1
        with pytest.raises(NetworkError):
            RoadNetwork.from_frame(frame[frame["highway"] == "steps"])

    def test_limits_hold_speeds_down_or_replace_them(self) -> None:
        frame = roads([line((0, 0), (100, 0))] * 1, maxspeed_kmh=[80.0])
        assert RoadNetwork.from_frame(frame).edges["kmh"].tolist() == [40.0]
        assert RoadNetwork.from_frame(frame, maxspeed="use").edges["kmh"].tolist() == [80.0]
        slow = roads([line((0, 0), (100, 0)), line((0, 9), (9, 9))], maxspeed_kmh=[20.0, None])
        assert RoadNetwork.from_frame(slow).edges["kmh"].tolist() == [20.0, 40.0]
        assert RoadNetwork.from_frame(slow, maxspeed="ignore", factor=0.8).edges["kmh"].tolist() == [32.0, 32.0]

    def test_surface_and_slope(self) -> None:
        frame = roads([line((0, 0), (100, 0)), line((0, 9), (9, 9))], surface=["unpaved", None], slope=[0.0, 0.08])
        made = tables(frame)
        net = RoadNetwork.from_streets(
            made,
            SpeedTable.of("fire"),
            unpaved_cap_kmh=15.0,
            slopes=[{"up_to": 0.06, "factor": 1.0}, {"up_to": 9, "factor": 0.8}],
        )
        assert net.edges["kmh"].tolist() == [15.0, 32.0]

    def test_blank_and_strange_classes_take_the_speed_of_unknown_roads(self) -> None:
        frame = roads([line((0, 0), (9, 0)), line((0, 9), (9, 9))], highway=[None, "yellow brick"])
        assert RoadNetwork.from_frame(frame).edges["kmh"].tolist() == [20.0, 20.0]

    def test_department_classes(self) -> None:
        frame = gpd.GeoDataFrame({"class": ["national", "village"]}, geometry=CROSS, crs=CRS)
        assert RoadNetwork.from_frame(frame).edges["kmh"].tolist() == [40.0, 25.0]
        with pytest.raises(MissingFieldError):
            RoadNetwork.from_frame(frame.drop(columns="class"))

    def test_wrong_speeds_and_ways_of_travel(self) -> None:
        with pytest.raises(DataError, match="bicycle"):
            RoadNetwork.from_frame(roads(CROSS), mode="bicycle")
        with pytest.raises(DataError):
            RoadNetwork.from_frame(roads(CROSS), speeds_kmh={"primary": -3})


class TestTurns:
    """A cross of four roads 0 west, 1 east, 2 south, 3 north of (0, 0), each 100 m."""

    LINES = [line((-100, 0), (0, 0)), line((0, 0), (100, 0)), line((0, -100), (0, 0)), line((0, 0), (0, 100))]

    def net(self, *rules: tuple[int, int, str]) -> RoadNetwork:
        turns = pd.DataFrame(rules, columns=["from_road", "to_road", "rule"])
        return RoadNetwork.from_frame(roads(self.LINES), speeds_kmh=SPEEDS, turns=turns)

    def test_a_forbidden_turn_is_not_taken(self) -> None:
        net = self.net((0, 3, "no"))
        assert seconds(net, (-100, 0), (100, 0)) == pytest.approx(20.0)
        assert seconds(net, (-50, 0), (0, 50)) == pytest.approx(5 + 20 + 5)  # on, turn at the far end, and back
        assert seconds(net, (0, 50), (-50, 0)) == pytest.approx(10.0)  # the other way is free
        # nodes from west to east: 0 west, 1 south, 2 middle, 3 north, 4 east; north is reached after turning at an end
        assert net.reach(at(-50, 0)).to_dict() == pytest.approx({0: 5.0, 1: 15.0, 2: 5.0, 3: 35.0, 4: 15.0})
        route = net.route(Point(X - 50, Y), Point(X, Y + 50))
        assert route.seconds == pytest.approx(30.0)

    def test_only_one_turn_allowed(self) -> None:
        net = self.net((0, 1, "only"))
        assert seconds(net, (-50, 0), (50, 0)) == pytest.approx(10.0)
        assert seconds(net, (-50, 0), (0, -50)) == pytest.approx(30.0)

    def test_reversed_network_keeps_the_turns(self) -> None:
        net = self.net((0, 3, "no"), (2, 1, "no"))
        places = [(-50.0, 0.0), (50.0, 0.0), (0.0, -50.0), (0.0, 50.0)]
        points = gpd.GeoSeries([Point(X + x, Y + y) for x, y in places], crs=CRS)
        there = net.times(points, points).to_numpy()
        back = net.reversed().times(points, points).to_numpy()
        np.testing.assert_allclose(there, back.T)
        assert there[0, 3] == pytest.approx(30.0)

    def test_the_id_column_names_the_roads(self) -> None:
        frame = roads(self.LINES, id=["w", "e", "s", "n"])
        turns = pd.DataFrame([("w", "n", "no")], columns=["from_road", "to_road", "rule"])
        net = RoadNetwork.from_frame(frame, speeds_kmh=SPEEDS, turns=turns)
        assert seconds(net, (-50, 0), (0, 50)) == pytest.approx(30.0)
        with pytest.raises(MissingFieldError):
            RoadNetwork.from_frame(frame, turns=turns.drop(columns="rule"))


class TestClosures:
    def closed(self, *boxes: tuple[float, float, float, float]) -> gpd.GeoSeries:
        return gpd.GeoSeries([box(X + a, Y + b, X + c, Y + d) for a, b, c, d in boxes], crs=CRS)

    def test_a_street_ends_at_the_border_of_a_closed_area(self) -> None:
        frame = roads([line((0, 0), (100, 0)), line((100, 0), (200, 0))])
        net = RoadNetwork.from_frame(frame, speeds_kmh=SPEEDS, closures=self.closed((40, -9, 60, 9)))
        assert np.isinf(seconds(net, (0, 0), (100, 0)))
        assert seconds(net, (0, 0), (40, 0)) == pytest.approx(4.0)
        assert seconds(net, (200, 0), (60, 0)) == pytest.approx(14.0)
        assert net.length_m.sum() == pytest.approx(180.0)

    def test_one_way_streets_keep_their_direction(self) -> None:
        frame = roads([line((100, 0), (0, 0))], oneway=["yes"])
        net = RoadNetwork.from_frame(frame, speeds_kmh=SPEEDS, closures=self.closed((40, -9, 60, 9)))
        assert seconds(net, (90, 0), (70, 0)) == pytest.approx(2.0)
        assert np.isinf(seconds(net, (70, 0), (90, 0)))

    def test_a_closed_junction_and_turns_elsewhere(self) -> None:
        turns = pd.DataFrame([(0, 3, "no")], columns=["from_road", "to_road", "rule"])
        far = RoadNetwork.from_frame(
            roads(TestTurns.LINES), speeds_kmh=SPEEDS, turns=turns, closures=self.closed((-80, -9, -60, 9))
        )
        assert seconds(far, (-50, 0), (0, 50)) == pytest.approx(30.0)
        here = RoadNetwork.from_frame(
            roads(TestTurns.LINES), speeds_kmh=SPEEDS, turns=turns, closures=self.closed((-9, -9, 9, 9))
        )
        assert np.isinf(seconds(here, (-50, 0), (0, 50)))
        assert len(here.edges) == 4


class TestSystems:
    def test_degrees_and_no_system_are_refused(self) -> None:
        with pytest.raises(CRSError):
            RoadNetwork.from_frame(roads(CROSS).to_crs(4490))
        with pytest.raises(MissingCRSError):
            RoadNetwork.from_frame(roads(CROSS).set_crs(None, allow_override=True))
