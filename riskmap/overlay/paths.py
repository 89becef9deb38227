"""Paths: the ways along connected pipelines on which windows slide, across the ends of parts and rows and through branches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from scipy.cluster.hierarchy import DisjointSet

from riskmap.overlay.belts import HAIR_M
from riskmap.overlay.chainage import Course, Floats

WAYS_PER_BRANCH = 16
"""Ways out of one branch that are followed; a net of streets has thousands within two kilometres."""


class Leg(NamedTuple):
    """A stretch of a course in a path; ``start > stop`` where the path runs against the chainage."""

    course: int
    start: float
    stop: float


class Gap(NamedTuple):
    """Ends of two courses that were taken as joined although they lie apart, m."""

    one: int
    other: int
    metres: float


@dataclass(frozen=True, eq=False)
class Path:
    """A way along one or several courses.

    Attributes
    ----------
    course : Course
        The way itself; its chainage is its length.
    legs : tuple of Leg
    offsets : (legs,) array
        Where each leg begins on the way, m.
    through : array, optional
        Places of a branch on the way: it is there for the windows that hold one of them. None: for all windows.
    open_ends : pair of bool
        Whether the way ends at a branch: windows that hold that end are those of the ways through the branch.
    """

    course: Course
    legs: tuple[Leg, ...]
    offsets: Floats
    through: Floats | None = None
    open_ends: tuple[bool, bool] = (False, False)

    def serves(self, start: Floats, stop: Floats) -> Any:
        """Tell which windows (from, to) this way is there for."""
        if self.through is not None:
            return ((start[:, None] <= self.through) & (self.through <= stop[:, None])).any(axis=1)
        ahead = (stop < self.course.length) | (not self.open_ends[1])
        return ahead & ((start > 0) | (not self.open_ends[0]))

    def onto(self, course: int, spans: Floats) -> tuple[Floats, Any]:
        """Give spans of a course as spans of the path, and which span each came from; what the path leaves out is cut."""
        made, source = [np.empty((0, 2))], [np.empty(0, int)]
        for number, leg in enumerate(self.legs):
            if leg.course == course:
                on, held = self.onto_leg(number, spans)
                made.append(on)
                source.append(held)
        return np.vstack(made), np.concatenate(source)

    def onto_leg(self, number: int, spans: Floats) -> tuple[Floats, Any]:
        """Give spans of the course of one leg as :meth:`onto` does, as far as they lie on this leg."""
        leg, offset = self.legs[number], self.offsets[number]
        low, high = min(leg.start, leg.stop), max(leg.start, leg.stop)
        held = np.flatnonzero((spans[:, 0] <= high) & (spans[:, 1] >= low))
        cut = np.clip(spans[held], low, high)
        return offset + (cut - leg.start if leg.start <= leg.stop else leg.start - cut[:, ::-1]), held

    def back(self, spans: Floats) -> Iterator[tuple[int, Floats, Any]]:
        """Give spans of the path as spans of each course it uses: course, spans, which span each came from."""
        for leg, offset in zip(self.legs, self.offsets, strict=True):
            end = offset + abs(leg.stop - leg.start)
            held = np.flatnonzero((spans[:, 0] <= end) & (spans[:, 1] >= offset))
            cut = np.clip(spans[held], offset, end) - offset
            yield leg.course, (leg.start + cut if leg.start <= leg.stop else leg.start - cut[:, ::-1]), held


@dataclass(frozen=True, eq=False)
class Group:
    """Courses that are joined, and their paths by number."""

    courses: list[int]
    paths: dict[int, Path]

    @cached_property
    def of(self) -> dict[int, list[int]]:
        """The numbers of the paths of each course: in a net of thousands of courses each lies on few paths."""
        found: dict[int, list[int]] = {course: [] for course in self.courses}
        for number, path in self.paths.items():
            for course in dict.fromkeys(leg.course for leg in path.legs):
                found[course].append(number)
        return found


@dataclass(frozen=True, eq=False)
class Web:
    """Courses that touch, group by group.

    Attributes
    ----------
    groups : list of (courses, paths)
        Every course is in one group; its paths hold every stretch of the window's length that the group has.
    gaps : list of Gap
        Gaps that were bridged.
    crowded : list of int
        Courses at branches where not all ways were followed.
    """

    groups: list[tuple[list[int], list[Path]]]
    gaps: list[Gap] = field(default_factory=list)
    crowded: list[int] = field(default_factory=list)


def web(runs: Sequence[Course], family: Sequence[Any], *, gap_m: float, window_m: float, margin_m: float) -> Web:
    """Join courses of one family at ends that touch another course, and give the paths through them.

    Parameters
    ----------
    runs : sequence of Course
    family : sequence
        Of each course; only courses of the same family join, those of None never.
    gap_m : float
        Ends this near to another course touch it.
    window_m, margin_m : float
        Paths go as far beyond a branch as a window and its margin.

    Notes
    -----
    Where two ends meet the path goes on. Where three or more meet, or an end meets the middle of another course, every
    pair of ways through the branch is a path by itself. No path uses the same stretch twice within a window.
    """
    reach_m = window_m + margin_m
    ports, gaps = _ports(runs, family, gap_m)
    sections = [
        (course, a, b)
        for course in range(len(runs))
        for a, b in zip(ports.cuts[course][:-1], ports.cuts[course][1:], strict=True)
    ]
    net = _Net(sections, ports.node)
    made: list[Path] = []
    crowded: set[int] = set()
    for chain in net.chains():
        legs = [net.leg(*step) for step in chain]
        made.append(_path(runs, legs, open_ends=net.open_ends(chain)))
        if net.is_ring(chain):
            made.append(_path(runs, [*legs, *_first(legs, reach_m)], [len(legs)]))
    for branch in net.branches():
        ways, all_followed = net.ways(branch, reach_m)
        if not all_followed:
            crowded |= {sections[s][0] for s, _ in net.at[branch]}
        # a way that comes back to its branch and goes on is a path too
        made += [_path(runs, way, again) for way, again in ways if again]
        pairs = ((one, other) for n, (one, _) in enumerate(ways) for other, _ in ways[:n])
        made += [
            _path(runs, [*_turned(one), *other], [len(one)])
            for one, other in pairs
            if _repeats_after(one, other) >= window_m
        ]
    return Web(_grouped(ports.groups, made), gaps, sorted(crowded))


def _grouped(group_of: list[int], paths: list[Path]) -> list[tuple[list[int], list[Path]]]:
    members: dict[int, list[int]] = defaultdict(list)
    for course, group in enumerate(group_of):
        members[group].append(course)
    held: dict[int, list[Path]] = defaultdict(list)
    for path in paths:
        held[group_of[path.legs[0].course]].append(path)
    return [(courses, held[group]) for group, courses in members.items()]


def _path(
    runs: Sequence[Course], legs: list[Leg], marks: Sequence[int] = (), *, open_ends: tuple[bool, bool] = (False, False)
) -> Path:
    """Put legs one behind the other; a bridged gap is part of the way. ``marks`` are the legs that begin at its branch."""
    first = runs[legs[0].course]
    if len(legs) == 1 and (legs[0].start, legs[0].stop) == (0.0, first.length):
        return Path(Course(-1, first.xy, first.s, first.s, first.inside), tuple(legs), np.zeros(1), None, open_ends)
    parts = []
    for leg in legs:
        xy = shapely.get_coordinates(runs[leg.course].cut(min(leg.start, leg.stop), max(leg.start, leg.stop)))
        parts.append(xy if leg.start <= leg.stop else xy[::-1])
    xy = np.vstack(parts)
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    begins = s[np.cumsum([0, *(len(p) for p in parts[:-1])])]
    new = np.concatenate([[True], np.diff(s) > 0])
    course = Course(-1, xy[new], s[new], s[new], np.ones(int(new.sum()) - 1, bool))
    return Path(course, tuple(legs), begins, begins[list(marks)] if len(marks) else None, open_ends)


def _turned(way: list[Leg]) -> list[Leg]:
    return [Leg(leg.course, leg.stop, leg.start) for leg in reversed(way)]


def _repeats_after(one: list[Leg], other: list[Leg]) -> float:
    """Give the least way between two passes of the same place by two ways out of one branch, m; inf where they share none."""
    least = math.inf
    for a, walked_a in _walked(one):
        for b, walked_b in _walked(other):
            low = max(min(a.start, a.stop), min(b.start, b.stop))
            high = min(max(a.start, a.stop), max(b.start, b.stop))
            if a.course == b.course and high - low > HAIR_M:
                least = min(least, *(walked_a + abs(x - a.start) + walked_b + abs(x - b.start) for x in (low, high)))
    return least


def _walked(way: list[Leg]) -> Iterator[tuple[Leg, float]]:
    """Give each leg and the way to its start."""
    walked = 0.0
    for leg in way:
        yield leg, walked
        walked += abs(leg.stop - leg.start)


def _first(way: list[Leg], metres: float) -> list[Leg]:
    """Give the first metres of a way."""
    kept = []
    for leg in way:
        length = min(abs(leg.stop - leg.start), metres)
        if length <= 0:
            break
        kept.append(Leg(leg.course, leg.start, leg.start + np.sign(leg.stop - leg.start) * length))
        metres -= length
    return kept


@dataclass(frozen=True, eq=False)
class _Ports:
    """Where courses are cut (rising, both ends among them), the node of each cut, and the group of each course."""

    cuts: list[list[float]]
    node: dict[tuple[int, float], Any]
    groups: list[int]


def _ports(runs: Sequence[Course], family: Sequence[Any], gap_m: float) -> tuple[_Ports, list[Gap]]:
    """Find where ends touch."""
    cuts = [{0.0, run.length} for run in runs]
    same: DisjointSet = DisjointSet((c, s) for c, run in enumerate(runs) for s in sorted(cuts[c]))
    groups: DisjointSet = DisjointSet(range(len(runs)))
    gaps: dict[tuple[int, int], float] = {}
    for (one, at), (other, s), metres in _touching(runs, family, gap_m):
        cuts[other].add(s)
        same.add((other, s))
        if metres > HAIR_M and not same.connected((one, at), (other, s)):
            pair = (min(one, other), max(one, other))
            gaps[pair] = max(gaps.get(pair, 0.0), metres)
        same.merge((one, at), (other, s))
        groups.merge(one, other)
    rising = [sorted(c) for c in cuts]
    roots = {port: same[port] for port in same}
    first: dict[int, int] = {}
    group_of = [first.setdefault(groups[c], c) for c in range(len(runs))]
    return _Ports(rising, roots, group_of), [Gap(a, b, m) for (a, b), m in sorted(gaps.items())]


def _touching(
    runs: Sequence[Course], family: Sequence[Any], gap_m: float
) -> Iterator[tuple[tuple[int, float], tuple[int, float], float]]:
    """Give each end, a place of a course that it touches, and how far apart they are; nearest first."""
    courses = np.array([c for c, f in enumerate(family) if f is not None], int)
    if not len(courses):
        return
    lines = np.array([shapely.linestrings(runs[c].xy) for c in courses], object)
    ends = [(int(c), s) for c in courses for s in (0.0, runs[c].length)]
    spots = shapely.points([runs[c].xy[0 if s == 0.0 else -1] for c, s in ends])
    found = []
    for a, b in shapely.STRtree(spots).query(spots, predicate="dwithin", distance=gap_m + HAIR_M).T.tolist():
        if a < b and family[ends[a][0]] == family[ends[b][0]]:
            found.append((float(shapely.distance(spots[a], spots[b])), ends[a], ends[b]))
    for a, k in shapely.STRtree(lines).query(spots, predicate="dwithin", distance=gap_m + HAIR_M).T.tolist():
        course = int(courses[k])
        s = float(shapely.line_locate_point(lines[k], spots[a]))
        middle = gap_m < s < runs[course].length - gap_m
        if course != ends[a][0] and family[course] == family[ends[a][0]] and middle:
            found.append((float(shapely.distance(spots[a], lines[k])), ends[a], (course, s)))
    for metres, one, other in sorted(found):
        yield one, other, metres


class _Net:
    """Sections of courses between nodes."""

    def __init__(self, sections: list[tuple[int, float, float]], node: dict[tuple[int, float], Any]) -> None:
        self.sections = sections
        self.ends = [(node[c, a], node[c, b]) for c, a, b in sections]
        self.at: dict[Any, list[tuple[int, int]]] = defaultdict(list)
        for number, ends in enumerate(self.ends):
            for side in (0, 1):
                self.at[ends[side]].append((number, side))

    def leg(self, number: int, side: int) -> Leg:
        """Give a section as it is walked from one of its ends."""
        course, a, b = self.sections[number]
        return Leg(course, a, b) if side == 0 else Leg(course, b, a)

    def is_ring(self, chain: list[tuple[int, int]]) -> bool:
        """Tell whether a chain ends where it begins, at no branch."""
        begin, end = self._ends_of(chain)
        return begin == end and len(self.at[begin]) == 2

    def open_ends(self, chain: list[tuple[int, int]]) -> tuple[bool, bool]:
        """Tell which ends of a chain are branches."""
        begin, end = self._ends_of(chain)
        return len(self.at[begin]) > 2, len(self.at[end]) > 2

    def _ends_of(self, chain: list[tuple[int, int]]) -> tuple[Any, Any]:
        (first, side), (last, way) = chain[0], chain[-1]
        return self.ends[first][side], self.ends[last][1 - way]

    def branches(self) -> list[Any]:
        """Give the nodes where three or more sections meet."""
        return [node for node, here in self.at.items() if len(here) > 2]

    def chains(self) -> Iterator[list[tuple[int, int]]]:
        """Give the longest ways without a branch; every section is in one of them."""
        done: set[int] = set()
        for number in range(len(self.sections)):
            if number in done:
                continue
            done.add(number)
            ahead = self._onwards(number, 0, done)
            behind = [(n, 1 - side) for n, side in reversed(self._onwards(number, 1, done))]
            yield [*behind, (number, 0), *ahead]

    def _onwards(self, number: int, side: int, done: set[int]) -> list[tuple[int, int]]:
        made = []
        while len(here := self.at[self.ends[number][1 - side]]) == 2:
            following = next((step for step in here if step != (number, 1 - side)), None)
            if following is None or following[0] in done:
                break
            number, side = following
            done.add(number)
            made.append(following)
        return made

    def ways(self, node: Any, reach_m: float) -> tuple[list[tuple[list[Leg], list[int]]], bool]:
        """Give the ways out of a node as far as the reach, with the legs that begin at it again; and whether these are all."""
        found: list[tuple[list[Leg], list[int]]] = []
        todo = [([step], 0.0) for step in reversed(self.at[node])]
        while todo and len(found) < WAYS_PER_BRANCH:
            way, walked = todo.pop()
            number, side = way[-1]
            walked += self.sections[number][2] - self.sections[number][1]
            used = {n for n, _ in way}
            following = [step for step in self.at[self.ends[number][1 - side]] if step[0] not in used]
            if walked < reach_m and following:
                todo += [([*way, step], walked) for step in reversed(following)]
                continue
            legs = _first([self.leg(*step) for step in way], reach_m)
            again = [n for n, (s, begin) in enumerate(way) if n and self.ends[s][begin] == node]
            found.append((legs, [n for n in again if n < len(legs)]))
        return found, not todo
