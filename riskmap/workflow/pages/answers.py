"""What a click answers beside the colour: why, how many people, how long until the engine comes, how far the shelter is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from riskmap.data.spec import LayerSpec
from riskmap.data.units import written
from riskmap.output.webmap import Explanation, Factor, Nearest, VectorLayer
from riskmap.text import Text
from riskmap.workflow import publishing
from riskmap.workflow.context import Context
from riskmap.workflow.explain import chain

ENGINE_REACH_M = 300.0
"""How far from a road a click still takes the road's minutes; the sentence says the distance."""
CLICK_M = 2.0
SHELTER_REACH_M = 3000.0
"""How far from a settlement with a plan a click still takes its plan; the sentence names settlement and distance."""
ORIGINS = "evacuation_starts"
ARRIVALS = "fire_arrivals"


def explanation(context: Context) -> Explanation | None:
    """Give the chain behind each cell's level, as far as the risk step tells it."""
    told = context.totals.get("risk")
    if told is None or not {"risk_score", "risk_level_raw"} <= set(context.grids_known):
        return None
    factors = []
    for layer, found in chain(context).items():
        levels = context.levels_of(layer)
        declared = context.catalog.layer(layer)
        raw = np.where((found.raw == 0) & bool(levels), np.nan, found.raw.astype(float))
        weight = told["weights"][layer]
        factors.append(
            Factor(declared.title, _unit(declared, levels), raw, found.normalised, found.contribution, weight)
        )
    people = context.cells("exposure_population").values if context.has("exposure_population") else None
    score = context.cells("risk_score").values
    return Explanation(
        told["method"] == "weighted_sum" and told["missing"] != "renormalise",
        tuple(factors),
        score,
        intervals(told["breaks"], told["five_to_four"], float(np.nanmax(score, initial=-np.inf))),
        context.cells("risk_level_raw").values,
        people,
    )


def intervals(
    breaks: Sequence[float], five_to_four: Mapping[Any, int] | None, most: float
) -> dict[int, tuple[float | None, float | None]]:
    """Give the scores of each level: what it lies above, and its upper limit.

    Parameters
    ----------
    breaks : sequence of float
        Upper limits of the classes, ascending.
    five_to_four : mapping, optional
        Class -> level, where the classes are the census's five.
    most : float
        Largest score: above the last of stated limits the last class has no upper limit.

    Examples
    --------
    >>> intervals([0.1, 0.2, 0.5], None, 0.7)
    {1: (None, 0.1), 2: (0.1, 0.2), 3: (0.2, None)}
    >>> intervals([0.1, 0.2, 0.3, 0.4, 0.5], {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}, 0.5)
    {1: (None, 0.2), 2: (0.2, 0.3), 3: (0.3, 0.4), 4: (0.4, 0.5)}
    """
    # a record that was read back has its numbers as text
    level_of = {int(five): four for five, four in (five_to_four or {}).items()}
    found: dict[int, tuple[float | None, float | None]] = {}
    low: float | None = None
    for number, high in enumerate(breaks, 1):
        level = level_of.get(number, number)
        found[level] = (found[level][0] if level in found else low, high)
        low = high
    if np.float32(most) > np.float32(breaks[-1]):
        found[level] = (found[level][0], None)
    return found


def _unit(declared: LayerSpec, levels: int | None) -> Text | None:
    """Give what stands behind a raw value: the number of levels, or the unit where it is declared as one."""
    if levels:
        return Text(f"级（共 {levels} 级）", f"(of {levels} levels)")
    field = declared.fields.get("value")
    if field is None or field.unit is None or " or " in field.unit:
        return None
    return Text("人", "people") if field.unit == "person" else written(field.unit)


def answers(
    context: Context, layers: tuple[str, ...] = (ARRIVALS, ORIGINS)
) -> tuple[tuple[Nearest, ...], tuple[VectorLayer, ...]]:
    """Give the questions that this build can answer from some layers, and the layers, which only answer them."""
    asked: list[Nearest] = []
    silent: list[VectorLayer] = []
    if ARRIVALS in layers and context.has("fire_arrivals"):
        roads = context.rows("fire_arrivals")
        roads = roads[roads["frontage"].astype(bool)]
        # near enough for a click, and a third of the size
        roads = roads.assign(geometry=roads.simplify(CLICK_M))
        style = context.catalog.style("fire_coverage").model_copy(update={"id": ARRIVALS})
        silent.append(VectorLayer(style, roads, drawn=False))
        asked.append(_engine())
    if ORIGINS in layers and publishing.shown_whole(context, "evacuation_routes"):
        starts = origins(context)
        if len(starts):
            style = context.catalog.style("evacuation_routes")
            style = style.model_copy(update={"id": ORIGINS, "field": None, "classes": ()})
            silent.append(VectorLayer(style, starts, drawn=False))
            asked.append(_shelter())
    return tuple(asked), tuple(silent)


def _engine() -> Nearest:
    return Nearest(
        ARRIVALS,
        Text("消防车", "Fire engine"),
        Text(
            "约 {along} 分钟到（含出动；离最近的道路 {distance}）",
            "about {along} min, turnout included (nearest road {distance} away)",
        ),
        Text(
            f"{ENGINE_REACH_M:g} 米内没有消防车能到的道路",
            f"no road within {ENGINE_REACH_M:g} m that an engine gets to",
        ),
        ENGINE_REACH_M,
        between=("minutes_from", "minutes_to"),
    )


def _shelter() -> Nearest:
    return Nearest(
        ORIGINS,
        Text("避难场所", "Shelter"),
        Text(
            "{shelter}：从{origin}（{distance} 外）全程 {length}，路上 {minutes} 分钟",
            "{shelter}: from {origin} ({distance} away) {length}, {minutes} min on the way",
        ),
        Text(
            f"{SHELTER_REACH_M / 1000:g} 公里内没有排定转移路线的村",
            f"no settlement with an evacuation route within {SHELTER_REACH_M / 1000:g} km",
        ),
        SHELTER_REACH_M,
        columns=("shelter", "origin", "length", "minutes"),
    )


def origins(context: Context) -> gpd.GeoDataFrame:
    """Give where the main routes begin, with the names of the plan and where they lead."""
    routes = named_routes(context)
    routes = routes[routes["kind"].eq("main")].reset_index(drop=True)
    starts = shapely.get_point(shapely.get_geometry(routes.geometry.to_numpy(), 0), 0)
    far = routes["length_m"].to_numpy(float, na_value=np.nan)
    routes["length"] = ["—" if np.isnan(m) else f"{m / 1000:.1f} km" if m >= 1000 else f"{m:.0f} m" for m in far]
    return routes.set_geometry(starts, crs=routes.crs)[["origin", "shelter", "people", "length", "minutes", "geometry"]]


def named_routes(context: Context) -> gpd.GeoDataFrame:
    """Give the evacuation routes with the names of settlement and shelter that the plan states, else their ids."""
    routes = context.rows("evacuation_routes")
    routes = routes[routes.geometry.notna() & ~routes.geometry.is_empty].reset_index(drop=True)
    for end in ("origin", "shelter"):
        if end in routes.columns:
            continue
        names = routes[f"{end}_id"].astype("string")
        if context.has("evacuation_plan"):
            plan = context.rows("evacuation_plan").drop_duplicates(f"{end}_id").set_index(f"{end}_id")
            names = routes[f"{end}_id"].map(plan[end]).fillna(names)
        routes[end] = names
    return routes
