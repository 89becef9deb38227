"""Siting against brute force over all choices, and on a street worked by hand."""

from __future__ import annotations

from itertools import combinations, pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, kron
from shapely.geometry import LineString, box

from riskmap.errors import DataError, NetworkError
from riskmap.network import candidates, siting
from riskmap.network.roads import RoadNetwork


def case(seed: int):
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(3, 12)), int(rng.integers(3, 8))
    times = pd.DataFrame(
        np.round(rng.uniform(10, 600, (rows, sites))),
        index=[f"d{i}" for i in range(rows)],
        columns=[f"s{j}" for j in range(sites)],
    )
    times = times.mask(rng.random(times.shape) < 0.2, np.inf).mask(rng.random(times.shape) < 0.05)
    demand = pd.Series(np.round(rng.uniform(0, 100, rows)), index=times.index)
    demand[rng.random(rows) < 0.1] = 0.0
    p = int(rng.integers(1, sites + 1))
    existing = list(rng.choice(times.columns, int(rng.integers(0, p + 1)), replace=False))
    return rng, times, demand, p, existing


def choices(times: pd.DataFrame, p: int, existing: list):
    for chosen in combinations(times.columns, p):
        if set(existing) <= set(chosen):
            yield list(chosen)


def best(times: pd.DataFrame) -> pd.Series:
    return times.fillna(np.inf).min(axis=1)


@pytest.mark.parametrize("seed", range(60))
def test_max_coverage_is_the_best_of_all_choices(seed: int) -> None:
    rng, times, demand, p, existing = case(seed)
    limit = float(rng.uniform(50, 500))
    found = siting.max_coverage(times, demand, p=p, limit_s=limit, existing=existing)
    brute = max(demand[best(times[c]) <= limit].sum() for c in choices(times, p, existing))
    assert found.value == pytest.approx(brute)
    assert found.bound == pytest.approx(brute)
    assert found.gap == 0.0
    assert len(found.sites) == p
    assert set(existing) <= set(found.sites)
    assert demand[best(times[found.sites]) <= limit].sum() == pytest.approx(found.value)
    served = found.assignment.dropna()
    assert all(times.loc[d, s] <= limit for d, s in served.items())


@pytest.mark.parametrize("seed", range(60))
def test_fewest_sites_is_the_smallest_cover(seed: int) -> None:
    rng, times, demand, _, existing = case(seed)
    limit = float(rng.uniform(100, 600))
    found = siting.fewest_sites(times, demand, limit_s=limit, existing=existing)
    coverable = (best(times) <= limit) & (demand > 0)
    brute = next(
        n
        for n in range(len(existing), times.shape[1] + 1)
        if any((best(times[c])[coverable] <= limit).all() for c in choices(times, n, existing))
    )
    assert (found.value, found.bound, len(found.sites)) == (brute, brute, brute)
    assert list(found.unserved) == list(times.index[(demand > 0) & ~coverable])


@pytest.mark.parametrize("seed", range(60))
def test_p_median_is_the_least_of_all_choices(seed: int) -> None:
    _, times, demand, p, existing = case(seed)
    reachable = (demand > 0) & np.isfinite(best(times))
    sums = [(demand * best(times[c]))[reachable].sum() for c in choices(times, p, existing)]
    brute = min(sums, default=np.inf)
    if np.isinf(brute):
        with pytest.raises(NetworkError):
            siting.p_median(times, demand, p=p, existing=existing)
        return
    found = siting.p_median(times, demand, p=p, existing=existing)
    assert found.value == pytest.approx(brute)
    assert found.bound == pytest.approx(brute, rel=1e-6)
    assert found.gap < 1e-6
    by_row = [demand[d] * times.loc[d, s] for d, s in found.assignment[reachable].items()]
    assert sum(by_row) == pytest.approx(found.value)


@pytest.mark.parametrize("seed", range(60))
def test_p_center_is_the_least_largest_time(seed: int) -> None:
    _, times, demand, p, existing = case(seed)
    reachable = (demand > 0) & np.isfinite(best(times))
    brute = min((best(times[c])[reachable].max() for c in choices(times, p, existing)), default=np.inf)
    if np.isinf(brute):
        with pytest.raises(NetworkError):
            siting.p_center(times, demand, p=p, existing=existing)
        return
    found = siting.p_center(times, demand, p=p, existing=existing)
    if np.isnan(brute):  # nobody to serve
        assert found.value == 0.0
    else:
        assert found.value == pytest.approx(brute)
    assert len(found.sites) == p


@pytest.mark.parametrize("seed", range(25))
def test_capacities_hold_and_the_choice_is_the_best_under_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = pd.DataFrame(rng.uniform(10, 300, (5, 4)))
    demand, capacity = pd.Series(np.round(rng.uniform(5, 30, 5))), pd.Series(np.round(rng.uniform(20, 60, 4)))
    p, limit = int(rng.integers(1, 4)), 200.0
    brute_cover, brute_sum = 0.0, np.inf
    for chosen in combinations(range(4), p):
        for way in np.ndindex(*([p + 1] * 5)):  # p: not served
            by = [None if w == p else chosen[w] for w in way]
            load = [sum(demand[d] for d in range(5) if by[d] == s) for s in chosen]
            if any(load[i] > capacity[s] for i, s in enumerate(chosen)):
                continue
            if all(b is None or times.loc[d, b] <= limit for d, b in enumerate(by)):
                brute_cover = max(brute_cover, sum(demand[d] for d in range(5) if by[d] is not None))
            if None not in by:
                brute_sum = min(brute_sum, sum(demand[d] * times.loc[d, by[d]] for d in range(5)))
    found = siting.max_coverage(times, demand, p=p, limit_s=limit, capacity=capacity)
    assert found.value == pytest.approx(brute_cover)
    load = demand.groupby(found.assignment).sum()
    assert (load <= capacity[load.index] + 1e-9).all()
    if np.isinf(brute_sum):
        with pytest.raises(NetworkError):
            siting.p_median(times, demand, p=p, capacity=capacity)
    else:
        assert siting.p_median(times, demand, p=p, capacity=capacity).value == pytest.approx(brute_sum)


def by_pairs(times: np.ndarray, demand: np.ndarray, p: int, existing: list[int]) -> float:
    """Give the p-median with a variable for every pair of demand and site, as it stands in the textbooks."""
    rows, sites = times.shape
    pairs = rows * sites
    served = hstack((csr_array((rows, sites)), kron(eye_array(rows), np.ones((1, sites)))))
    opened = hstack((-kron(np.ones((rows, 1)), eye_array(sites)), eye_array(pairs)))
    number = np.concatenate((np.ones(sites), np.zeros(pairs)))
    low = np.zeros(sites + pairs)
    low[existing] = 1.0
    found = milp(
        np.concatenate((np.zeros(sites), (times * demand[:, None]).ravel())),
        integrality=number,
        bounds=Bounds(low, 1.0),
        constraints=[
            LinearConstraint(served.tocsr(), 1, 1),
            LinearConstraint(opened.tocsr(), -np.inf, 0),
            LinearConstraint(number[None, :], p, p),
        ],
        options={"mip_rel_gap": 1e-9},
    )
    return float(found.fun)


@pytest.mark.parametrize("seed", range(6))
def test_p_median_of_more_demands_equals_the_programme_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, sites, p = int(rng.integers(80, 160)), int(rng.integers(15, 35)), int(rng.integers(2, 7))
    homes, places = rng.uniform(0, 1000, (rows, 2)), rng.uniform(0, 1000, (sites, 2))
    times = np.hypot(*(homes[:, None] - places[None]).transpose(2, 0, 1))
    demand, existing = rng.integers(1, 50, rows).astype(float), list(range(seed % 3))
    found = siting.p_median(pd.DataFrame(times), demand, p=p, existing=existing)
    assert found.value == pytest.approx(by_pairs(times, demand, p, existing), rel=1e-8)
    assert found.gap == 0.0
    assert (demand * times[:, found.sites].min(axis=1)).sum() == pytest.approx(found.value)


def test_p_median_out_of_time_says_what_is_proven() -> None:
    rng = np.random.default_rng(3)
    homes, places = rng.uniform(0, 1000, (600, 2)), rng.uniform(0, 1000, (80, 2))
    times = pd.DataFrame(np.hypot(*(homes[:, None] - places[None]).transpose(2, 0, 1)))
    found = siting.p_median(times, np.ones(600), p=9, time_limit_s=1e-3)
    assert len(found.sites) == 9
    assert 0 <= found.bound <= siting.p_median(times, np.ones(600), p=9).value + 1e-6
    assert found.value >= found.bound


def test_who_is_not_served_has_no_site() -> None:
    times = pd.DataFrame([[10.0, 99.0], [99.0, np.inf]])
    assert siting.max_coverage(times, [1.0, 1.0], p=1, limit_s=20).assignment.tolist() == [0, None]


def test_by_hand() -> None:
    """Villages at 0, 1, 2, 3 km with 10, 1, 1, 10 people, sites at the villages, 100 s a kilometre."""
    place = np.arange(4)
    times = pd.DataFrame(100.0 * abs(place[:, None] - place[None, :]), index=list("abcd"), columns=list("ABCD"))
    people = pd.Series([10, 1, 1, 10], index=list("abcd"))
    assert siting.p_median(times, people, p=2).sites == ["A", "D"]
    assert siting.p_median(times, people, p=2).value == 200.0
    assert siting.p_center(times, people, p=1).value == 200.0
    assert siting.fewest_sites(times, people, limit_s=100.0).value == 2
    one = siting.max_coverage(times, people, p=1, limit_s=100.0)
    assert one.value == 12.0
    both = siting.max_coverage(times, people, p=2, limit_s=100.0, existing=["B"])
    assert (both.value, both.sites[0]) == (22.0, "B")
    steps = siting.curve(times, people, limit_s=0.0, existing=["B"])
    assert steps["covered"].tolist() == [1.0, 11.0, 21.0, 22.0]
    assert steps["gain"].tolist() == [0.0, 10.0, 10.0, 1.0]


def test_input_is_checked() -> None:
    times = pd.DataFrame([[1.0, 2.0]])
    for wrong in ({"p": 3}, {"p": 0, "existing": [0]}, {"p": 1, "existing": ["x"]}):
        with pytest.raises(DataError):
            siting.max_coverage(times, [1.0], limit_s=9, **wrong)
    for demand in ([1.0, 2.0], [np.nan], [-1.0]):
        with pytest.raises(DataError):
            siting.p_median(times, demand, p=1)


def test_demand_is_matched_by_label_not_by_order() -> None:
    times = pd.DataFrame([[10.0, 99.0], [99.0, 10.0]], index=["a", "b"], columns=["A", "B"])
    assert siting.max_coverage(times, pd.Series({"b": 5.0, "a": 1.0}), p=1, limit_s=20).sites == ["B"]


def test_candidates_are_junctions_from_which_one_gets_back() -> None:
    """A ring of streets, a street that leads into it one way, and one that leads out of it one way."""
    ring = [(0, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 0)]
    lines = [LineString(ends) for ends in pairwise(ring)]
    lines += [LineString([(-900, 0), (0, 0)]), LineString([(1000, 0), (1900, 0)])]
    frame = gpd.GeoDataFrame(
        {"highway": "residential", "oneway": ["no"] * 4 + ["yes"] * 2}, geometry=lines, crs="EPSG:4548"
    )
    network = RoadNetwork.from_frame(frame)
    found = candidates.junctions(network, box(-2000, -2000, 2000, 2000), spacing_m=500)
    assert sorted(map(tuple, network.xy[found].tolist())) == sorted(ring[:4])
