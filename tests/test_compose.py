"""Composition against plain numpy, and the properties that a risk score must have."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskmap.errors import DataError, RiskmapWarning
from riskmap.risk.compose import compose, contributions
from riskmap.risk.normalise import fit
from riskmap.risk.recipe import Recipe

NAMES = ("flood", "quake", "slide")
UNIT = st.floats(0, 1, width=32)
LAYERS = st.fixed_dictionaries(
    {n: hnp.arrays(np.float64, (3, 4), elements=UNIT | st.just(float("nan"))) for n in NAMES}
)
WEIGHTS = st.fixed_dictionaries({n: st.floats(0.05, 1) for n in NAMES}).map(
    lambda w: {n: v / sum(w.values()) for n, v in w.items()}
)
METHODS = ("weighted_sum", "maximum", "product", "geometric_mean", "power")


def plain(stack: np.ndarray, w: np.ndarray, method: str) -> np.ndarray:
    """Give the formula over the first axis, written down as in a textbook."""
    w = w[:, None, None]
    return {
        "weighted_sum": lambda: (stack * w).sum(0) / w.sum(),
        "maximum": lambda: stack.max(0),
        "product": lambda: stack.prod(0),
        "geometric_mean": lambda: np.prod(stack ** (w / w.sum()), axis=0),
        "power": lambda: np.prod(stack**w, axis=0),
    }[method]()


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS))
def test_unknown_in_any_layer_is_unknown(layers: dict, weights: dict, method: str) -> None:
    stack, w = np.stack([layers[n] for n in NAMES]), np.array([weights[n] for n in NAMES])
    expected = np.where(np.isnan(stack).any(0), np.nan, plain(np.nan_to_num(stack), w, method))
    assert compose(layers, weights=weights, method=method) == pytest.approx(expected, nan_ok=True)


@given(LAYERS, WEIGHTS, st.sampled_from(["weighted_sum", "maximum", "geometric_mean"]))
def test_renormalised_over_the_known(layers: dict, weights: dict, method: str) -> None:
    found = compose(layers, weights=weights, method=method, missing="renormalise")
    for at in itertools.product(range(3), range(4)):
        known = [n for n in NAMES if not np.isnan(layers[n][at])]
        if not known:
            assert np.isnan(found[at])
            continue
        column = np.array([layers[n][at] for n in known])[:, None, None]
        assert found[at] == pytest.approx(plain(column, np.array([weights[n] for n in known]), method).item())


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS))
def test_conservative_is_never_milder_than_any_truth(layers: dict, weights: dict, method: str) -> None:
    stack, w = np.stack([layers[n] for n in NAMES]), np.array([weights[n] for n in NAMES])
    found = compose(layers, weights=weights, method=method, missing="conservative")
    expected = plain(np.where(np.isnan(stack), 1.0, stack), w, method)
    expected[np.isnan(stack).all(0)] = np.nan
    assert found == pytest.approx(expected, nan_ok=True)


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS), st.permutations(NAMES))
def test_the_order_of_layers_does_not_change_a_bit(layers: dict, weights: dict, method: str, order: list[str]) -> None:
    a = compose(layers, weights=weights, method=method)
    b = compose({n: layers[n] for n in order}, weights={n: weights[n] for n in reversed(order)}, method=method)
    assert a.tobytes() == b.tobytes()


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS), st.sampled_from(NAMES), st.floats(0, 0.5))
def test_more_hazard_never_gives_less_risk(layers: dict, weights: dict, method: str, name: str, more: float) -> None:
    worse = layers | {name: np.minimum(layers[name] + more, 1.0)}
    a, b = (compose(some, weights=weights, method=method) for some in (layers, worse))
    assert (b[~np.isnan(a)] >= a[~np.isnan(a)] - 1e-12).all()


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS), st.sampled_from(["unknown", "conservative"]))
def test_contributions_make_the_score(layers: dict, weights: dict, method: str, missing: str) -> None:
    score = compose(layers, weights=weights, method=method, missing=missing)
    parts = np.stack(list(contributions(layers, weights=weights, method=method, missing=missing).values()))
    combined = {"weighted_sum": parts.sum(0), "maximum": parts.max(0)}.get(method, parts.prod(0))
    known = ~np.isnan(score)
    assert combined[known] == pytest.approx(score[known], abs=1e-15)


def test_hazard_exposure_vulnerability_and_capacity() -> None:
    one = {"hazard": 0.5, "exposure": 0.8, "vulnerability": 0.5, "capacity": 0.25}
    layers = {n: np.array([[v]]) for n, v in one.items()}
    assert compose(layers, method="product", reducing={"capacity"}).item() == pytest.approx(0.5 * 0.8 * 0.5 * 0.75)
    powers = {"hazard": 1.0, "exposure": 0.5, "vulnerability": 2.0, "capacity": 1.5}
    expected = 0.5 * 0.8**0.5 * 0.5**2 * 0.75**1.5
    assert compose(layers, weights=powers, method="power", reducing={"capacity"}).item() == pytest.approx(expected)
    without = {n: v for n, v in layers.items() if n != "capacity"} | {"capacity": np.array([[np.nan]])}
    assert compose(without, method="product", reducing={"capacity"}, missing="conservative").item() == pytest.approx(
        0.2
    )


def test_maximum_of_levels_keeps_any_red() -> None:
    layers = {"a": np.array([[1.0, 4, 2]]), "b": np.array([[3.0, 1, 2]])}
    assert compose(layers, method="maximum").tolist() == [[3, 4, 2]]


def test_matrix_is_likelihood_times_consequence() -> None:
    grid = np.array(list(itertools.product(range(1, 6), range(1, 6))), dtype=float)
    score = compose({"likelihood": grid[:, 0], "consequence": grid[:, 1]}, method="matrix")
    assert sorted(set(score.tolist())) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 20, 25]
    unknown = {"likelihood": np.array([np.nan, np.nan]), "consequence": np.array([2.0, np.nan])}
    assert np.isnan(compose(unknown, method="matrix")).all()
    assert compose(unknown, method="matrix", missing="conservative").tolist() == pytest.approx(
        [10, np.nan], nan_ok=True
    )


@pytest.mark.parametrize("bad", [0.0, 5.5, 6.0, -1.0])
def test_matrix_takes_nothing_but_1_to_5(bad: float) -> None:
    with pytest.raises(DataError, match="1-5"):
        compose({"likelihood": np.array([bad]), "consequence": np.array([1.0])}, method="matrix")
    with pytest.raises(DataError, match="likelihood and consequence"):
        compose({"likelihood": np.array([1.0]), "severity": np.array([1.0])}, method="matrix")


def test_series_keep_their_rows_and_must_agree_on_them() -> None:
    rows = ["x", "y"]
    layers = {"a": pd.Series([0.0, 1.0], rows), "b": pd.Series([1.0, 1.0], rows)}
    found = compose(layers, weights={"a": 0.25, "b": 0.75})
    pd.testing.assert_series_equal(found, pd.Series([0.75, 1.0], rows))
    with pytest.raises(DataError, match="index"):
        compose({"a": layers["a"], "b": layers["b"].iloc[::-1]}, weights={"a": 0.5, "b": 0.5})


def test_weights_that_do_not_sum_to_1_are_rescaled_aloud() -> None:
    layers = {"a": np.array([1.0]), "b": np.array([0.0])}
    with pytest.warns(RiskmapWarning, match="sum to 4"):
        assert compose(layers, weights={"a": 3, "b": 1}).item() == 0.75


def test_a_layer_of_weight_0_does_not_enter() -> None:
    layers = {"a": np.array([0.4]), "b": np.array([np.nan])}
    for method in METHODS:
        assert compose(layers, weights={"a": 1.0, "b": 0.0}, method=method).item() == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"weights": {"c": 1.0}}, "without data"),
        ({"weights": None}, "needs weights"),
        ({"weights": {"a": -1.0, "b": 2.0}}, "not negative"),
        ({"method": "mean"}, "no method"),
        ({"missing": "zero"}, "missing"),
        ({"method": "product", "missing": "renormalise"}, "renormalise"),
        ({"method": "power", "missing": "renormalise"}, "renormalise"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict, says: str) -> None:
    layers = {"a": np.array([0.1]), "b": np.array([0.2])}
    with pytest.raises(DataError, match=says):
        compose(layers, **({"weights": {"a": 0.5, "b": 0.5}} | arguments))


@pytest.mark.parametrize("method", ["geometric_mean", "power"])
def test_negative_values_under_a_power_are_refused_not_made_unknown(method: str) -> None:
    with pytest.raises(DataError, match="cannot take"):
        compose({"a": np.array([-0.5, 0.5])}, weights={"a": 1.0}, method=method)
    with pytest.raises(DataError, match="cannot take"):
        compose({"a": np.array([0.0])}, weights={"a": -1.0}, method="power")


@pytest.mark.parametrize("reducing", [frozenset(), frozenset({"b"})])
def test_conservative_takes_the_smallest_value_under_an_exponent_below_zero(reducing: frozenset[str]) -> None:
    scales = {"a": fit(np.array([0.0, 1.0]), method="half_one"), "b": fit(np.array([0.0, 1.0]), method="half_one")}
    recipe = Recipe(scales, {"a": 1.0, "b": -0.5}, "power", "conservative", reducing)
    steps = np.linspace(0, 1, 5)[:-1] if not reducing else np.linspace(0, 0.75, 4)
    truths = recipe.score({"a": np.full(len(steps), 0.4), "b": steps})
    if reducing:  # 1 - x may be 0, and 0 has no negative power
        with pytest.raises(DataError, match="cannot take"):
            recipe.score({"a": np.array([0.4]), "b": np.array([np.nan])})
    else:
        assert recipe.score({"a": np.array([0.4]), "b": np.array([np.nan])}).item() == truths.max()


def test_shapes_must_agree() -> None:
    with pytest.raises(DataError, match="shape"):
        compose({"a": np.zeros((2, 2)), "b": np.zeros((2, 3))}, method="maximum")
    with pytest.raises(DataError, match="no layers"):
        compose({}, method="maximum")


@given(LAYERS, WEIGHTS, st.sampled_from(METHODS))
def test_inputs_are_not_touched(layers: dict, weights: dict, method: str) -> None:
    before = {n: v.copy() for n, v in layers.items()}
    compose(layers, weights=weights, method=method, missing="conservative")
    assert all(np.array_equal(before[n], layers[n], equal_nan=True) for n in layers)
