"""Normalisation: formulas, unknown values, parts of an area treated as the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import rankdata, zscore

from riskmap.errors import DataError
from riskmap.risk import normalise as n

VALUES = hnp.arrays(np.float64, (4, 5), elements=st.floats(-1e3, 1e3, width=32) | st.just(float("nan"))).filter(
    lambda a: (~np.isnan(a)).sum() >= 2
)
UNBOUND = ("min_max", "half_one", "z_score", "rank", "none")


def test_hand_worked() -> None:
    x = np.array([2.0, np.nan, 4.0, 6.0, 4.0])
    assert n.normalise(x).tolist() == pytest.approx([0, np.nan, 0.5, 1, 0.5], nan_ok=True)
    assert n.normalise(x, method="half_one").tolist() == pytest.approx([0.5, np.nan, 0.75, 1, 0.75], nan_ok=True)
    assert n.normalise(x, method="fixed", bounds=(3, 5)).tolist() == pytest.approx(
        [0, np.nan, 0.5, 1, 0.5], nan_ok=True
    )
    assert n.normalise(x, method="rank").tolist() == pytest.approx([0, np.nan, 0.5, 1, 0.5], nan_ok=True)
    assert n.normalise(x, bounds=(0, 8)).tolist() == pytest.approx([0.25, np.nan, 0.5, 0.75, 0.5], nan_ok=True)


@given(VALUES)
def test_against_scipy(x: np.ndarray) -> None:
    known = x[~np.isnan(x)]
    if np.ptp(known) > 1e-3:
        assert n.normalise(x, method="z_score")[~np.isnan(x)] == pytest.approx(zscore(known), abs=1e-9)
    expected = (rankdata(known) - 1) / (len(known) - 1)
    assert n.normalise(x, method="rank")[~np.isnan(x)] == pytest.approx(expected)


@given(VALUES, st.sampled_from(UNBOUND))
def test_parts_are_treated_as_the_whole_and_order_is_kept(x: np.ndarray, method: str) -> None:
    scale = n.fit(x, method=method)
    whole = scale.apply(x)
    assert np.array_equal(np.vstack([scale.apply(x[:2]), scale.apply(x[2:])]), whole, equal_nan=True)
    assert np.array_equal(np.isnan(whole), np.isnan(x))
    order = np.argsort(x[~np.isnan(x)], kind="stable")
    assert (np.diff(whole[~np.isnan(x)][order]) >= 0).all()
    assert scale.worst == pytest.approx(np.nanmax(whole))
    if method in ("min_max", "half_one", "rank"):
        assert np.nanmin(whole) >= (0.5 if method == "half_one" else 0) and np.nanmax(whole) <= 1


@pytest.mark.parametrize(
    ("method", "flat"), [("min_max", 0.0), ("half_one", 0.5), ("z_score", 0.0), ("rank", 0.5), ("none", 7.0)]
)
def test_a_flat_layer_says_nothing(method: str, flat: float) -> None:
    assert n.normalise(np.array([7.0, 7.0, np.nan]), method=method).tolist() == pytest.approx(
        [flat, flat, np.nan], nan_ok=True
    )


@pytest.mark.parametrize("count", [4, 5])
def test_levels(count: int) -> None:
    levels = np.arange(count + 1, dtype=np.uint8)
    assert n.normalise_levels(levels, count).tolist() == pytest.approx(
        [np.nan, *(i / (count - 1) for i in range(count))], nan_ok=True
    )
    assert n.level_scale(count).worst == 1


@pytest.mark.parametrize(
    ("method", "bounds"),
    [
        ("fixed", None),
        ("fixed", (2, 2)),
        ("fixed", (3, 2)),
        ("min_max", (5, 1)),
        ("z_score", (0, 1)),
        ("rank", (0, 1)),
        ("none", (0, 1)),
        ("median", None),
    ],
)
def test_bounds_and_methods_must_fit(method: str, bounds: tuple[float, float] | None) -> None:
    with pytest.raises(DataError):
        n.normalise(np.array([1.0, 2.0]), method=method, bounds=bounds)


def test_nothing_known_is_an_error_not_a_zero() -> None:
    with pytest.raises(DataError, match="no known value"):
        n.normalise(np.array([np.nan, np.nan]))


def test_the_record_suffices_to_do_it_again() -> None:
    x = np.array([1.0, 4.0, 10.0])
    scale = n.fit(x, method="z_score")
    record = scale.as_record()
    assert (x - record["mean"]) / record["deviation"] == pytest.approx(scale.apply(x))
    assert n.Scale(**n.fit(x).as_record()).apply(x).tolist() == n.normalise(x).tolist()
