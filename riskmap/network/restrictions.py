"""Turn restrictions between roads become restrictions between streets: where the roads meet, or through others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from riskmap.errors import DataError, MissingFieldError
from riskmap.network.noding import Streets
from riskmap.text import Text

VIA_M = 1.0
"""The junction of a restriction that is given with a point lies within this distance of it."""

NONE = -1
COLUMNS = {"from_edge": np.int64, "via": np.int64, "through": object, "to_edge": np.int64, "rule": object}


def no_turns() -> pd.DataFrame:
    """Give the table of turn restrictions without any."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})


def streets_through(text: Any) -> list[int]:
    """Give the numbers of the streets between the first and the last one of a restriction."""
    return [int(number) for number in str(text).split()] if isinstance(text, str) else []


def between_streets(
    roads: pd.DataFrame, streets: Streets, turns: pd.DataFrame | None
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Give the restrictions between streets.

    Parameters
    ----------
    roads : DataFrame
    streets : Streets
        Of these roads.
    turns : DataFrame, optional
        ``from_road`` and ``to_road`` (values of the roads' ``id``, else of their index) and ``rule``: ``no`` forbids the
        turn, ``only`` all others; from a road to itself is turning round. Optional: ``via_road``, ids of the roads
        between the two, with blanks between them; points, where the first of them ends, for roads that meet twice.

    Returns
    -------
    DataFrame
        ``from_edge``, ``via`` (node at its end), ``through`` (numbers of the streets between the two, with blanks between
        them; empty where they meet), ``to_edge``, ``rule``.
    int array
        Row positions of the restrictions whose roads do not meet.

    Raises
    ------
    MissingFieldError
    """
    if turns is None or not len(turns):
        return no_turns(), np.empty(0, dtype=np.int64)
    absent = [c for c in ("from_road", "to_road", "rule") if c not in turns.columns]
    if absent:
        raise MissingFieldError(
            Text(f"转向限制缺列：{'、'.join(absent)}", f"turn restrictions lack columns: {', '.join(absent)}"),
            layer="turns",
        )
    label = roads["id"] if "id" in roads.columns else roads.index.to_series()
    ends = pd.DataFrame(
        {
            "road": label.to_numpy()[np.tile(streets.road, 2)],
            "edge": np.tile(streets.street, 2),
            "node": np.concatenate((streets.tail[streets.street], streets.head[streets.street])),
        }
    ).drop_duplicates()
    numbered = pd.DataFrame(turns.drop(columns="geometry", errors="ignore")).assign(turn=np.arange(len(turns)))
    if "via_road" not in numbered.columns:
        numbered["via_road"] = None
    through = numbered["via_road"].map(lambda v: isinstance(v, str) and v.strip() != "").to_numpy(dtype=bool)
    found = pd.concat(
        [_meeting(numbered[~through], ends), _passing(numbered[through], ends, streets)], ignore_index=True
    )
    found = _at_points(found, turns, streets)
    columns = list(COLUMNS)
    made = found[columns].drop_duplicates().sort_values(columns, ignore_index=True)
    return made.astype(COLUMNS), np.setdiff1d(np.arange(len(turns)), found["turn"].to_numpy(dtype=np.int64))


def _meeting(turns: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """Give the restrictions at the junctions where streets of both roads end."""
    arriving = turns.merge(ends, left_on="from_road", right_on="road")
    both = arriving.merge(ends, left_on=["to_road", "node"], right_on=["road", "node"], suffixes=("_from", "_to"))
    back = both["edge_from"] == both["edge_to"]
    # back along the same street: what a road to itself means, and, of a street drawn once each way, the one to the other
    meant = np.where(both["from_road"] == both["to_road"], back, ~back | (both["rule"] == "no"))
    both = both[meant.astype(bool)]
    return both.assign(from_edge=both["edge_from"], via=both["node"], to_edge=both["edge_to"], through="")


def _passing(turns: pd.DataFrame, ends: pd.DataFrame, streets: Streets) -> pd.DataFrame:
    """Give the restrictions that go through other roads, along the shortest way over these."""
    at = ends.groupby("road", sort=False).indices
    rows = []
    for _, turn in turns.iterrows():
        via = pd.concat([ends.iloc[at.get(road, [])] for road in turn["via_road"].split()])
        arriving, leaving = (ends.iloc[at.get(turn[road], [])] for road in ("from_road", "to_road"))
        for start, goal, way in _shortest(via["edge"].unique(), arriving["node"], leaving["node"], streets):
            rows += [
                {**turn, "from_edge": a, "via": start, "through": " ".join(map(str, way)), "to_edge": b}
                for a in arriving.loc[arriving["node"] == start, "edge"]
                for b in leaving.loc[leaving["node"] == goal, "edge"]
                if a not in way and b not in way
            ]
    return pd.DataFrame(rows, columns=[*turns.columns, "from_edge", "via", "through", "to_edge"])


def _shortest(
    edges: NDArray[np.int64], starts: pd.Series, goals: pd.Series, streets: Streets
) -> Iterator[tuple[int, int, list[int]]]:
    """Give beginning, end and streets of the shortest way over some streets, if there is one."""
    import networkx as nx

    graph = nx.Graph()
    for edge in edges.tolist():
        graph.add_edge(int(streets.tail[edge]), int(streets.head[edge]), edge=edge, length=streets.lines[edge].length)
    begin = sorted(set(starts.tolist()) & set(graph))
    if not begin:
        return
    length, path = nx.multi_source_dijkstra(graph, begin, weight="length")
    ends = [goal for goal in sorted(set(goals.tolist()) & set(length)) if len(path[goal]) > 1]
    if ends:
        goal = min(ends, key=lambda node: length[node])
        nodes = path[goal]
        yield nodes[0], goal, [graph[a][b]["edge"] for a, b in itertools.pairwise(nodes)]


def _at_points(found: pd.DataFrame, turns: pd.DataFrame, streets: Streets) -> pd.DataFrame:
    """Keep, of restrictions that are given with a point, those at the junction there."""
    if "geometry" not in turns.columns or not len(found):
        return found
    points = np.asarray(turns["geometry"].array, dtype=object)[found["turn"].to_numpy(dtype=np.int64)]
    away = shapely.distance(points, shapely.points(streets.xy[found["via"].to_numpy(dtype=np.int64)]))
    return found[~(away > VIA_M)]


def require_all(lost: NDArray[np.int64]) -> None:
    """Raise when turn restrictions speak of roads that do not meet in the data.

    Parameters
    ----------
    lost : int array
        Their row positions.

    Raises
    ------
    DataError
    """
    if len(lost):
        rows = ", ".join(str(r + 1) for r in lost[:5])
        raise DataError(
            Text(
                f"{len(lost)} 条转向限制的道路在数据里不相接：第 {rows} 行",
                f"{len(lost)} turn restrictions speak of roads that do not meet: row {rows}",
            ),
            remedy=Text("核对道路编号", "check the road ids"),
            layer="turn_restrictions",
        )


def renumbered(turns: pd.DataFrame, edges: pd.DataFrame, old: NDArray[np.int64]) -> pd.DataFrame:
    """Give turn restrictions after some streets were cut or taken away.

    Parameters
    ----------
    turns : DataFrame
    edges : DataFrame
        The streets of now: ``edge``, ``u``, ``v``.
    old : int array
        Number that each of them had; that of a street that was cut stands several times, or at another end.

    Returns
    -------
    DataFrame
        Restrictions whose street was cut off at the turn are gone, as are those through a street that was cut.
    """
    if not len(turns):
        return turns
    number: dict[tuple[int, int], int] = {}
    other: dict[tuple[int, int], int] = {}
    for row, (u, v) in enumerate(zip(edges["u"].tolist(), edges["v"].tolist(), strict=True)):
        number |= {(int(old[row]), u): row, (int(old[row]), v): row}
        other |= {(row, u): v, (row, v): u}
    now = edges["edge"].tolist()
    rows = []
    for first, via, through, last, rule in turns[list(COLUMNS)].itertuples(index=False):
        node, way = via, []
        for street in streets_through(through):
            row = number.get((street, node), NONE)
            way.append(row)
            node = other.get((row, node), NONE)
        ends = number.get((first, via), NONE), number.get((last, node), NONE)
        if NONE not in (*ends, *way):
            rows.append((now[ends[0]], via, " ".join(str(now[row]) for row in way), now[ends[1]], rule))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
