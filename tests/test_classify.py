"""Class limits against mapclassify and brute force, and levels that stay what they were."""

from __future__ import annotations

import itertools

import mapclassify
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmap.errors import DataError
from riskmap.risk.classify import JENKS_VALUES, breaks, levels

NUMBERS = st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=60)
SCHEMES = ("natural_breaks", "quantile", "equal_interval", "std_mean")


def within(groups: list[np.ndarray]) -> float:
    return sum(((g - g.mean()) ** 2).sum() for g in groups)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 40), min_size=5, max_size=11, unique=True))
def test_natural_breaks_are_the_best_of_all_groupings(numbers: list[int]) -> None:
    values = np.sort(np.array(numbers, dtype=float))
    limits = breaks(numbers, scheme="natural_breaks", k=4)
    found = np.split(values, np.searchsorted(values, limits[:-1], side="right"))
    best = min(within(np.split(values, cut)) for cut in itertools.combinations(range(1, len(values)), 3))
    assert within(found) == pytest.approx(best)
    assert limits[-1] == values[-1]


@pytest.mark.parametrize("k", [4, 5])
def test_against_mapclassify(k: int) -> None:
    values = np.random.default_rng(7).gamma(2, 1, 3000).astype(np.float32)
    oracle = values.astype(float)
    assert breaks(values, scheme="natural_breaks", k=k) == pytest.approx(
        mapclassify.FisherJenks(np.sort(oracle), k=k).bins
    )
    assert breaks(values, scheme="quantile", k=k) == pytest.approx(mapclassify.Quantiles(oracle, k=k).bins)
    assert breaks(values, scheme="equal_interval", k=k) == pytest.approx(mapclassify.EqualInterval(oracle, k=k).bins)
    multiples = {4: [-1, 0, 1], 5: [-1, -0.5, 0.5, 1]}[k]
    assert breaks(values, scheme="std_mean", k=k) == pytest.approx(
        mapclassify.StdMean(oracle, multiples=multiples).bins
    )


def test_standard_deviation_hand_worked() -> None:
    values = [2, 4, 4, 4, 5, 5, 7, 9]  # mean 5, sample deviation sqrt(32 / 7)
    s = (32 / 7) ** 0.5
    assert breaks(values, scheme="std_mean", k=4).tolist() == pytest.approx([5 - s, 5, 5 + s, 9])
    assert breaks(values, scheme="std_mean", k=5).tolist() == pytest.approx([5 - s, 5 - s / 2, 5 + s / 2, 5 + s, 9])
    with pytest.raises(DataError, match="4 or 5"):
        breaks(values, scheme="std_mean", k=3)


@pytest.mark.parametrize("k", [4, 5])
def test_more_than_a_deviation_above_the_mean_is_the_highest_class_however_skewed(k: int) -> None:
    values = np.array([0.0] * 8 + [0.1] * 8 + [0.2] * 8 + [0.3] * 4 + [4.0, 5.0])  # mean - s is below them all
    mean, s = values.mean(), values.std(ddof=1)
    limits = breaks(values, scheme="std_mean", k=k)
    assert limits[0] == pytest.approx(mean - s, rel=1e-6) and limits[0] < values.min()
    found = levels(values, limits)
    assert found[values > mean + s].tolist() == [k, k]
    assert set(found[values <= mean + s / 2]) == {4: {2}, 5: {3}}[k]
    flat = np.sort(-values)  # and the other way round the highest class is empty, not shifted
    assert levels(flat, breaks(flat, scheme="std_mean", k=k)).max() == 3


@given(NUMBERS, st.sampled_from(SCHEMES), st.randoms(use_true_random=False))
def test_properties_of_limits(numbers: list[float], scheme: str, random: object) -> None:
    limits = breaks(numbers, scheme=scheme, k=4)
    assert 1 <= len(limits) <= 4 and (np.diff(limits) > 0).all()
    assert limits[-1] == np.float32(max(numbers))
    shuffled = list(numbers)
    random.shuffle(shuffled)
    assert breaks([*shuffled, float("nan")], scheme=scheme, k=4).tobytes() == limits.tobytes()
    found = levels(numbers, limits)
    assert found.min() >= 1 and found.max() <= len(limits)
    order = np.argsort(numbers, kind="stable")
    assert (np.diff(found[order].astype(int)) >= 0).all()


@given(NUMBERS, st.sampled_from(SCHEMES))
def test_stored_scores_class_again_to_the_same_levels(numbers: list[float], scheme: str) -> None:
    scores = np.array(numbers) / 3.0  # float64 that float32 cannot hold
    limits = breaks(scores, scheme=scheme, k=4)
    assert np.array_equal(levels(scores.astype(np.float32), limits), levels(scores, limits))
    assert np.array_equal(levels(scores, limits.astype(np.float32)), levels(scores, limits))


def test_right_closed_and_unknown() -> None:
    assert levels([0.0, 0.2, 0.2000001, 0.4, 0.6, 1.0, 1.5, np.nan], [0.2, 0.4, 0.6, 1.0]).tolist() == [
        1,
        1,
        2,
        2,
        3,
        4,
        4,
        0,
    ]


def test_large_samples_take_evenly_spaced_order_statistics() -> None:
    values = np.random.default_rng(3).normal(size=4 * JENKS_VALUES).astype(np.float32)
    at = np.linspace(0, len(values) - 1, JENKS_VALUES).round().astype(int)
    sample = np.sort(values)[at].astype(float)
    assert sample[0] == values.min() and sample[-1] == values.max()
    expected = mapclassify.FisherJenks(sample, k=4).bins
    assert breaks(values, scheme="natural_breaks") == pytest.approx(expected)
    assert breaks(values[::-1], scheme="natural_breaks").tobytes() == breaks(values, scheme="natural_breaks").tobytes()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_few_distinct_values_give_few_limits(scheme: str) -> None:
    assert breaks([3, 3, 1, 1, 1], scheme=scheme).tolist() == [1, 3]
    assert breaks([7.0], scheme=scheme).tolist() == [7]


def test_coinciding_quantiles_are_one_limit() -> None:
    assert breaks([0] * 7 + [1, 2, 3], scheme="quantile").tolist() == [0, 0.75, 3]


def test_four_distinct_values_are_still_cut_by_the_scheme() -> None:
    assert breaks([0, 1, 2, 10], scheme="equal_interval").tolist() == [2.5, 5, 7.5, 10]
    assert breaks([0, 1, 2, 10], scheme="natural_breaks").tolist() == [0, 1, 2, 10]


def test_fixed_limits_are_last_years() -> None:
    limits = [0.2, 0.4, 0.6, 1.0]
    assert breaks([0.9], scheme="fixed", limits=limits).tolist() == limits
    for wrong in ([], None, [0.4, 0.2], [0.2, 0.2, 1.0]):
        with pytest.raises(DataError, match="ascending"):
            breaks([0.9], scheme="fixed", limits=wrong)


def test_nothing_to_classify_and_unknown_schemes() -> None:
    with pytest.raises(DataError, match="no known value"):
        breaks([np.nan], scheme="quantile")
    with pytest.raises(DataError, match="no scheme"):
        breaks([1.0, 2.0], scheme="jenks")
