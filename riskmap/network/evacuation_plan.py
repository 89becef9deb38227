"""Who walks where on which way: times over open roads, places in shelters, a main way and a backup for each group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.network.evacuation_assignment import Assignment, Nearest, assign, nearest_shelter
from riskmap.network.evacuation_search import OpenArcs, Scratch, follow, least_seconds, least_shared, to_target
from riskmap.network.evacuation_ways import Ways, unpenalised

REASONS = ("not_routed", "no_exit", "no_shelter", "cut_off", "too_far", "full")
"""Why people have no place: their settlement joins no road; the exit rule lets nobody out; no shelter may be used at all;
no open road leads to a shelter; every shelter is beyond the limit; those within it are full."""


@dataclass(frozen=True, eq=False)
class Times:
    """Seconds from origins to shelters.

    Parameters
    ----------
    seconds : DataFrame, origins x shelters
        With the way from the settlement to its road and from the road to the shelter; ``inf`` beyond the limit.
    early : bool array (origins)
        No way out as the exit rule has it: the seconds are those of leaving before the hazard strikes.
    nearest_s : float array (origins)
        To the nearest shelter, however far; ``inf`` where no open road leads to one.
    hurried : bool array (origins, shelters)
        The way that keeps off penalised roads is beyond the limit: the seconds are those of the way that does not.
    """

    seconds: pd.DataFrame
    early: NDArray[np.bool_]
    nearest_s: NDArray[np.float64]
    hurried: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Way:
    """A way over the roads: numbers of its arcs in the graph (``2 * edge + direction``), seconds and metres on the road."""

    number: NDArray[np.int64]
    seconds: float
    length_m: float


@dataclass(frozen=True, eq=False)
class Group:
    """People of one origin who go to one shelter.

    Parameters
    ----------
    origin, shelter : int
        Positions.
    people : float
    main : Way
    backup : Way or None
        The way to the same shelter that shares the least road with the main one; None when there is no other.
    shared_m : float
        Metres that both have in common.
    """

    origin: int
    shelter: int
    people: float
    main: Way
    backup: Way | None
    shared_m: float


@dataclass(frozen=True, eq=False)
class Plan:
    """Times, the assignment, what people do without it, and the groups with their ways."""

    times: Times
    assignment: Assignment
    nearest: Nearest
    groups: list[Group]


@dataclass(frozen=True)
class Limits:
    """Longest way (s), and how much longer the backup may take than that."""

    way_s: float
    backup_factor: float = 1.5


def plan(
    ways: Ways,
    people: pd.Series,
    capacity: pd.Series,
    off_road_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    limits: Limits,
    keep_whole: bool | Iterable[Any] = False,
) -> Plan:
    """Plan an evacuation.

    Parameters
    ----------
    ways : Ways
    people : Series by origin
        In the order of ``ways.origins``.
    capacity : Series by shelter
        In the order of ``ways.shelters``; 0 for those that may not be used.
    off_road_s : two float arrays
        Seconds from each origin to its road, and from the road to each shelter.
    limits : Limits
    keep_whole : bool or labels of origins
        See :func:`riskmap.network.evacuation.assign`.
    """
    usable = capacity.to_numpy() > 0
    found = times(ways, people.index, capacity.index, usable, off_road_s, limits.way_s)
    assignment = assign(found.seconds, people, capacity, keep_whole=keep_whole)
    nearest = nearest_shelter(found.seconds, people, capacity)
    groups = _groups(ways, assignment, found, limits)
    return Plan(found, assignment, nearest, groups)


def times(
    ways: Ways,
    origins: pd.Index,
    shelters: pd.Index,
    usable: NDArray[np.bool_],
    off_road_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    limit_s: float,
) -> Times:
    """Give the seconds from every origin to every usable shelter within the limit."""
    seconds, hurried = _matrix(ways.arcs, ways, usable, off_road_s, limit_s)
    targets = ways.shelters[usable]
    nearest = _to_any(ways.arcs, targets)[ways.origins]
    early = ~np.isfinite(nearest)
    if early.any():
        leaving = _to_any(ways.early, targets)[ways.origins]
        early &= np.isfinite(leaving)
        nearest = np.where(early, leaving, nearest)
    if early.any():
        leaving_s, in_haste = _matrix(ways.early, ways, usable, off_road_s, limit_s)
        seconds[early], hurried[early] = leaving_s[early], in_haste[early]
    # a careful way round penalised roads may take longer than the direct one that the limit then asks for
    nearest = np.minimum(nearest + off_road_s[0], seconds.min(axis=1, initial=np.inf))
    return Times(pd.DataFrame(seconds, index=origins, columns=shelters), early, nearest, hurried)


def _matrix(
    arcs: OpenArcs,
    ways: Ways,
    usable: NDArray[np.bool_],
    off_road_s: tuple[NDArray[np.float64], NDArray[np.float64]],
    limit_s: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give the seconds within the limit, and for which pairs only a way over penalised roads is within it."""
    seconds = np.full((len(ways.origins), len(ways.shelters)), np.inf)
    hurried = np.zeros(seconds.shape, dtype=bool)
    plain = unpenalised(arcs)
    for column in np.flatnonzero(usable):
        target, off_road = ways.shelters[[column]], off_road_s[0] + off_road_s[1][column]
        seconds[:, column] = _within(arcs, target, ways.origins, off_road, limit_s)
        if plain is not None:
            direct = _within(plain, target, ways.origins, off_road, limit_s)
            hurried[:, column] = np.isinf(seconds[:, column]) & np.isfinite(direct)
            seconds[hurried[:, column], column] = direct[hurried[:, column]]
    return seconds, hurried


def _within(
    arcs: OpenArcs,
    target: NDArray[np.int64],
    origins: NDArray[np.int64],
    off_road_s: NDArray[np.float64],
    limit_s: float,
) -> NDArray[np.float64]:
    """Give the seconds from origins to a target, those off the road too; ``inf`` beyond the limit."""
    seconds = to_target(arcs, target, limit_s).seconds[origins] + off_road_s
    return np.where(seconds > limit_s, np.inf, seconds)


def _to_any(arcs: OpenArcs, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    if not len(targets):
        return np.full(arcs.nodes, np.inf)
    return to_target(arcs, targets, np.inf).seconds


def _groups(ways: Ways, assignment: Assignment, found: Times, limits: Limits) -> list[Group]:
    """Give the groups in the order of origins and shelters, with their ways."""
    people = assignment.people.to_numpy()
    scratch = Scratch(ways.arcs.nodes)
    made: list[Group] = []
    both = [(arcs, unpenalised(arcs) if found.hurried.any() else None) for arcs in (ways.arcs, ways.early)]
    for shelter in np.flatnonzero(people.any(axis=0)):
        target = int(ways.shelters[shelter])
        going = np.flatnonzero(people[:, shelter] > 0)
        for (arcs, plain), early in zip(both, (False, True), strict=True):
            these = going[found.early[going] == early]
            if not len(these):
                continue
            tree = to_target(arcs, np.array([target]), limits.way_s)
            longest = limits.way_s * limits.backup_factor
            left = least_seconds(arcs, target, longest)
            hasty = found.hurried[:, shelter]
            direct = (
                tree if plain is None or not hasty[these].any() else to_target(plain, np.array([target]), limits.way_s)
            )
            for origin in these:
                start = int(ways.origins[origin])
                main = follow(arcs, direct if hasty[origin] else tree, start)
                other = least_shared(arcs, left, start, target, main, longest, scratch)
                shared = _shared_m(arcs, main, other)
                backup = None if np.array_equal(main, other) else _way(arcs, other)
                made.append(Group(int(origin), int(shelter), people[origin, shelter], _way(arcs, main), backup, shared))
    return sorted(made, key=lambda group: (group.origin, group.shelter))


def _way(arcs: OpenArcs, at: NDArray[np.int64]) -> Way:
    return Way(arcs.number[at], float(arcs.seconds[at].sum()), float(arcs.length_m[at].sum()))


def _shared_m(arcs: OpenArcs, main: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    return float(arcs.length_m[other][np.isin(arcs.number[other] // 2, arcs.number[main] // 2)].sum())


def reasons(
    ways: Ways, found: Times, unplaced: pd.Series, capacity: pd.Series, full: NDArray[np.bool_] | None = None
) -> pd.Series:
    """Say why people have no place, by origin; None where everyone has one.

    Parameters
    ----------
    ways : Ways
    found : Times
    unplaced : Series by origin
    capacity : Series by shelter
        0 for those that may not be used.
    full : bool array (shelters), optional
        Those whose places others have taken before.
    """
    lost = ~np.isfinite(found.nearest_s)
    graph = ways.graph
    outside = np.union1d(graph.tail[~ways.inside], graph.head[~ways.inside])
    trapped = ~np.isfinite(_to_any(ways.early, outside)[ways.origins])
    taken = ways.shelters[np.zeros(len(capacity), dtype=bool) if full is None else full]
    late = np.isfinite(_to_any(ways.early, taken)[ways.origins])
    none = lost & (not len(taken) and not (capacity.to_numpy() > 0).any())
    reason = np.select(
        [lost & late, lost & trapped, none, lost, ~np.isfinite(found.seconds.to_numpy()).any(axis=1)],
        ["full", "no_exit", "no_shelter", "cut_off", "too_far"],
        default="full",
    ).astype(object)
    reason[unplaced.to_numpy() <= 0] = None
    return pd.Series(reason, index=unplaced.index, name="reason")


@dataclass(frozen=True)
class Wanted:
    """Where a shelter would help most: a junction, and the people without a place who could reach it in time."""

    node: int
    people: float
    person_seconds: float


def most_wanted(ways: Ways, unplaced: NDArray[np.float64], early: NDArray[np.bool_], limit_s: float) -> Wanted | None:
    """Give the junction outside all zones that the most people without a place can reach within the limit.

    Of junctions that equally many reach, the one with the fewest person-seconds. None when nobody reaches any.
    """
    graph = ways.graph
    outside = np.zeros(ways.arcs.nodes, dtype=bool)
    outside[graph.tail[~ways.inside]] = outside[graph.head[~ways.inside]] = True
    people, burden = np.zeros(ways.arcs.nodes), np.zeros(ways.arcs.nodes)
    for arcs, these in ((ways.arcs.reversed(), ~early), (ways.early.reversed(), early)):
        for origin in np.flatnonzero(these & (unplaced > 0)):
            seconds = to_target(arcs, ways.origins[[origin]], limit_s).seconds
            near = np.isfinite(seconds) & outside
            people[near] += unplaced[origin]
            burden[near] += unplaced[origin] * seconds[near]
    if not people.any():
        return None
    best = np.lexsort((np.arange(len(people)), burden, -people))[0]
    return Wanted(int(best), float(people[best]), float(burden[best]))
