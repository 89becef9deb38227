"""How sure the colours are: against plain loops, known distributions and cases whose answer is certain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from riskmap.errors import SpecError
from riskmap.risk import classify, sensitivity
from riskmap.risk.normalise import code_scale, fit, level_scale
from riskmap.risk.recipe import Recipe
from riskmap.risk.sensitivity import CHUNK, Grading
from tests.worlds import built, grid_of, rows_of, small_county

RNG = np.random.default_rng(3)
RAW = {name: RNG.random(400) for name in ("a", "b", "c")} | {"d": RNG.integers(0, 6, 400).astype(np.uint8)}
RAW["a"][:7] = np.nan


def recipe(method: str = "weighted_sum", missing: str = "unknown") -> Recipe:
    scales = {name: fit(RAW[name]) for name in ("a", "b", "c")} | {"d": level_scale(5)}
    return Recipe(scales, {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}, method, missing)


GRADE = Grading(np.array([0.35, 0.5, 0.65, 1.0]))


@pytest.mark.parametrize("missing", ["unknown", "renormalise", "conservative"])
def test_shares_against_a_plain_loop(missing: str) -> None:
    """The same draws, then each run scored whole with its own weights by plain numpy."""
    one = recipe(missing=missing)
    found = sensitivity.monte_carlo(one, RAW, GRADE, runs=30, seed=9, concentration=50)
    rng = np.random.default_rng(9)
    x = np.stack(
        [(RAW[n] - np.nanmin(RAW[n])) / (np.nanmax(RAW[n]) - np.nanmin(RAW[n])) for n in "abc"]
        + [np.where(RAW["d"] == 0, np.nan, (RAW["d"] - 1.0) / 4)]
    )
    known = ~np.isnan(x)
    counts = np.zeros((5, 400))
    for _ in range(30):
        w = rng.dirichlet(50 * np.array([0.4, 0.3, 0.2, 0.1]))[:, None]
        if missing == "unknown":
            score = (w * x).sum(0)
        elif missing == "renormalise":
            score = np.nansum(w * x, axis=0) / (w * known).sum(0)
        else:
            score = (w * np.where(known, x, 1.0)).sum(0)
        level = np.where(
            np.isnan(score), 0, 1 + (score.astype(np.float32)[:, None] > GRADE.limits[:-1].astype(np.float32)).sum(1)
        )
        for code in range(1, 5):
            counts[code] += level == code
    # two sums in another order may fall on either side of a limit: hardly ever
    assert (np.abs(np.nan_to_num(found.probability[1:]) - counts[1:] / 30) > 1e-6).mean() < 1e-3
    assert np.isnan(found.stability[(~known).any(0)]).all() == (missing == "unknown")


def test_probabilities_sum_to_one_and_stability_is_that_of_the_base() -> None:
    one = recipe()
    found = sensitivity.monte_carlo(one, RAW, GRADE, runs=40, seed=2, errors={"b": 0.05, "d": 0.3})
    base = GRADE(one.score(RAW))
    known = base > 0
    np.testing.assert_allclose(found.probability[1:, known].sum(0), 1, atol=1e-6)
    np.testing.assert_array_equal(found.stability[known], found.probability[base[known], np.flatnonzero(known)])
    assert np.isnan(found.probability[1:, ~known]).all()


def test_blocks_of_any_shape_meet_the_same_runs() -> None:
    many = {name: np.resize(values, CHUNK + 999) for name, values in RAW.items()}
    whole = sensitivity.monte_carlo(recipe(), many, GRADE, runs=10, errors={"a": 0.1, "d": 0.5})
    for part in (slice(0, 17), slice(CHUNK - 5, CHUNK + 5), slice(400, 2400)):
        some = sensitivity.monte_carlo(
            recipe(), {n: v[part] for n, v in many.items()}, GRADE, runs=10, errors={"a": 0.1, "d": 0.5}
        )
        np.testing.assert_array_equal(some.probability[1:], whole.probability[1:, part])
        np.testing.assert_array_equal(some.stability, whole.stability[part])


def test_a_seed_decides_everything() -> None:
    first, again, other = (sensitivity.monte_carlo(recipe(), RAW, GRADE, runs=25, seed=s).stability for s in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert (np.nan_to_num(first) != np.nan_to_num(other)).any()


def test_weights_are_dirichlet_around_the_chosen() -> None:
    """With a single cell of 1 in one layer the score is that layer's weight: its distribution is a beta distribution."""
    scales = {name: fit(np.array([0.0, 1.0])) for name in "ab"}
    one = Recipe(scales, {"a": 0.3, "b": 0.7})
    raw = {"a": np.array([1.0]), "b": np.array([0.0])}
    for limit in (0.2, 0.3, 0.35):
        grade = Grading(np.array([limit, 1.0]))
        share = sensitivity.monte_carlo(one, raw, grade, runs=4000, concentration=100).probability[1, 0]
        expected = stats.beta(30, 70).cdf(limit)
        assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 4000))


def test_the_error_of_a_layer_is_normal_in_its_own_unit() -> None:
    scale = fit(np.array([0.0, 10.0]))
    one = Recipe({"a": scale}, {"a": 1.0})
    grade = Grading(np.array([0.5, 1.0]))
    share = sensitivity.monte_carlo(one, {"a": np.array([4.0])}, grade, runs=4000, errors={"a": 2.0}).probability[1, 0]
    assert share == pytest.approx(stats.norm.cdf((5 - 4) / 2), abs=0.03)


def test_a_level_is_one_off_with_the_stated_chance() -> None:
    one = Recipe({"a": code_scale({1: 1, 2: 2, 3: 3, 4: 4})}, {"a": 1.0}, "maximum")
    grade = Grading(np.array([1.0, 2.0, 3.0, 4.0]))
    raw = {"a": np.array([1, 2, 4, 0], np.uint8)}
    share = sensitivity.monte_carlo(one, raw, grade, runs=4000, errors={"a": 0.4}).probability
    np.testing.assert_allclose(share[1:, 1], [0.2, 0.6, 0.2, 0], atol=0.03)
    np.testing.assert_allclose(share[1:, 0], [0.8, 0.2, 0, 0], atol=0.03)
    np.testing.assert_allclose(share[1:, 2], [0, 0, 0.2, 0.8], atol=0.03)
    assert np.isnan(share[1:, 3]).all()


def test_nothing_varies_where_nothing_can() -> None:
    one = Recipe({"a": fit(RAW["b"])}, {"a": 1.0})
    assert (sensitivity.monte_carlo(one, {"a": RAW["b"]}, GRADE, runs=10).stability == 1).all()
    product = recipe("product")
    assert np.nanmin(sensitivity.monte_carlo(product, RAW, GRADE, runs=10).stability) == 1


def test_each_weight_multiplied_in_turn_hand_worked() -> None:
    scales = {name: fit(np.array([0.0, 1.0])) for name in "ab"}
    one = Recipe(scales, {"a": 0.5, "b": 0.5})
    raw = {"a": np.array([1.0, 0.0, 0.0, np.nan]), "b": np.array([0.0, 1.0, 0.0, 1.0])}
    grade = Grading(np.array([0.52, 1.0]))
    # a x 1.1 -> 0.55 and 0.45: the first cell passes 0.52; a x 0.9 -> 0.45 and 0.55: the second does
    table = sensitivity.weight_changes(one, raw, grade)
    assert table["changed_share"].tolist() == pytest.approx([1 / 3] * 4)
    assert table[["layer", "factor"]].values.tolist() == [["a", 1.1], ["a", 0.9], ["b", 1.1], ["b", 0.9]]
    assert table["weight"].tolist() == pytest.approx([0.55, 0.45, 0.55, 0.45])


def test_a_build_with_sensitivity(tmp_path: Path) -> None:
    file = small_county(tmp_path, {"sensitivity": {"runs": 20, "errors": {"hazard_flood": 0.3, "hazard_geology": 0.2}}})
    made = built(file, tmp_path / "out", "sensitivity")
    told = made.run["totals"]["sensitivity"]
    assert (told["runs"], told["seed"], told["concentration"]) == (20, 1, 100)
    assert made.run["seeds"]["sensitivity"] == 1
    stability = grid_of(made, "colour_stability")
    probability = np.stack([grid_of(made, f"colour_probability_{c}") for c in ("blue", "yellow", "orange", "red")])
    raw = grid_of(made, "risk_level_raw")
    known = raw > 0
    np.testing.assert_allclose(probability[:, known].sum(0), 1, atol=1e-6)
    np.testing.assert_array_equal(
        stability[known], np.take_along_axis(probability, raw.astype(int)[None] - 1, 0)[0][known]
    )
    assert np.isnan(stability[~known]).all()
    zones = rows_of(made, "uncertain_zones")
    cells = (stability < 0.8).sum()
    # the outer cells are cut by the boundary or stretched to it
    assert zones.area.sum() / 1e4 == pytest.approx(cells, rel=0.1)
    assert (zones["stability"] < 0.8).all()
    assert len(rows_of(made, "weight_sensitivity")) == 6
    assert (
        (rows_of(made, "weight_sensitivity")["changed_share"] >= 0)
        & (rows_of(made, "weight_sensitivity")["changed_share"] < 0.5)
    ).all()


def test_errors_of_layers_that_do_not_enter_are_refused(tmp_path: Path) -> None:
    file = small_county(tmp_path, {"sensitivity": {"errors": {"exposure_gdp": 0.3}}})
    with pytest.raises(SpecError, match="do not enter"):
        built(file, tmp_path / "out", "sensitivity")


def test_the_chance_of_a_level_being_one_off_is_at_most_one(tmp_path: Path) -> None:
    file = small_county(tmp_path, {"sensitivity": {"errors": {"hazard_geology": 1.7}}})
    with pytest.raises(SpecError, match="chance of being one off, at most 1"):
        built(file, tmp_path / "out", "sensitivity")


def test_five_levels_are_graded_to_four() -> None:
    table = {5: 4, 4: 3, 3: 2, 2: 1, 1: 1}
    grade = Grading(np.array([0.2, 0.4, 0.6, 0.8, 1.0]), table)
    assert grade(np.array([0.1, 0.3, 0.5, 0.7, 0.9, np.nan], np.float32)).tolist() == [1, 1, 2, 3, 4, 0]
    assert classify.levels([0.3], grade.limits).tolist() == [2]


def test_an_exponent_below_zero_keeps_its_sign() -> None:
    """R = b c^-1: a layer that lowers the risk by its exponent still does in every run, and sizes sum as before."""
    scales = {name: fit(RAW[name], method="half_one") for name in ("b", "c")}
    one = Recipe(scales, {"b": 1.0, "c": -1.0}, "power")
    grade = Grading(np.quantile(one.score(RAW), [0.25, 0.5, 0.75, 1.0]))
    found = sensitivity.monte_carlo(one, RAW, grade, runs=20)
    np.testing.assert_allclose(found.probability[1:].sum(axis=0), 1, atol=1e-6)
    assert 0.5 < found.stability.mean() < 1
    table = sensitivity.weight_changes(one, RAW, grade)
    assert table["weight"].round(9).tolist() == [1.1, 0.9, -1.1, -0.9]
