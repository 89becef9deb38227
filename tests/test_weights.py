"""Weights: published judgement matrices, hand-worked entropy and CRITIC, and sets that say where they come from."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

from riskmap.cli import main
from riskmap.data.judgements import read_matrix, read_weights
from riskmap.errors import ConsistencyError, DataError, SpecError
from riskmap.risk import weights
from riskmap.risk.ahp import ratio


def upper(names: list[str], *judgements: float) -> pd.DataFrame:
    """Give a matrix of which only the upper half is filled in."""
    a = np.full((len(names), len(names)), np.nan)
    a[np.triu_indices(len(names), 1)] = judgements
    return pd.DataFrame(a, names, names)


DRINKS = upper(
    ["coffee", "wine", "tea", "beer", "sodas", "milk", "water"],
    *(9, 5, 2, 1, 1, 1 / 2, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 4, 1 / 3, 1 / 9),
    *(1 / 2, 1, 1 / 3, 2, 1 / 2, 1 / 3),
)
"""Saaty's relative consumption of drinks in the US (Notices of the AMS 60, 2013): CR .022."""

HOUSE = upper(
    ["size", "transport", "neighbourhood", "age", "yard", "modern", "condition", "financing"],
    *(5, 3, 7, 6, 6, 1 / 3, 1 / 4, 1 / 3, 5, 3, 3, 1 / 5, 1 / 7, 6, 3, 4, 6, 1 / 5),
    *(1 / 3, 1 / 4, 1 / 7, 1 / 8, 1 / 2, 1 / 5, 1 / 6, 1 / 5, 1 / 6, 1 / 2),
)
"""Saaty's house to buy (How to make a decision, EJOR 48, 1990): lambda 9.669, CI .238, CR .169."""


def test_published_matrix_that_is_consistent() -> None:
    result = weights.ahp(DRINKS)
    assert result.weights.round(3).tolist() == [0.177, 0.019, 0.042, 0.116, 0.190, 0.129, 0.327]
    assert round(result.cr, 3) == 0.022 and list(result.weights.index) == list(DRINKS.columns)


def test_published_matrix_that_is_not_and_its_published_revision() -> None:
    result = weights.ahp(HOUSE, max_cr=None)
    assert result.weights.round(3).tolist() == [0.173, 0.054, 0.188, 0.018, 0.031, 0.036, 0.167, 0.333]
    assert (round(result.lambda_max, 3), round(result.ci, 3), round(result.cr, 3)) == (9.669, 0.238, 0.169)
    worst = result.worst[0]
    assert (worst.row, worst.column, worst.given) == ("neighbourhood", "condition", 6)
    with pytest.raises(ConsistencyError, match=r"0\.169.*\n.*neighbourhood over condition: judged 6"):
        weights.ahp(HOUSE)
    revised = HOUSE.copy()
    revised.loc["neighbourhood", "condition"] = 1 / 2
    again = weights.ahp(revised)
    assert again.weights.round(3).tolist() == [0.175, 0.062, 0.103, 0.019, 0.034, 0.041, 0.221, 0.345]
    assert round(again.cr, 2) == 0.08


def positive(n: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(0.05, 5), min_size=n, max_size=n)


@each(st.integers(2, 9).flatmap(positive))
def test_consistent_judgements_give_back_their_weights(values: list[float]) -> None:
    w = np.array(values) / sum(values)
    result = weights.ahp(w[:, None] / w)
    assert result.weights.to_numpy() == pytest.approx(w) and result.cr == pytest.approx(0, abs=1e-9)
    assert result.lambda_max == pytest.approx(len(w)) and result.worst == ()


@settings(deadline=None, max_examples=40)
@each(st.integers(0, 2**32 - 1))
def test_eigenvector_against_the_power_method(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 8))
    a = np.eye(n)
    for i, j in zip(*np.triu_indices(n, 1), strict=True):
        a[i, j] = rng.choice([*range(1, 10), *(1 / k for k in range(2, 10))])
        a[j, i] = 1 / a[i, j]
    w = np.full(n, 1 / n)
    for _ in range(2000):
        w = a @ w / (a @ w).sum()
    result = weights.ahp(a, max_cr=None)
    assert result.weights.to_numpy() == pytest.approx(w, rel=1e-6)
    assert result.lambda_max == pytest.approx(float((a @ w / w).mean()), rel=1e-6)
    assert result.cr >= 0


@settings(deadline=None, max_examples=30)
@each(st.integers(0, 2**32 - 1))
def test_incomplete_matrices(seed: int) -> None:
    """Consistent judgements with pairs left out give back the weights; otherwise no completion has a smaller eigenvalue."""
    rng = np.random.default_rng(seed)
    n = 5
    w = rng.uniform(0.1, 1, n)
    noise = np.exp(rng.normal(0, 0.4, (n, n)))
    for disturbed in (False, True):
        a = w[:, None] / w * (noise if disturbed else 1.0)
        a = np.triu(a, 1)
        a[a == 0] = np.nan
        a[0, 2] = a[1, 3] = np.nan
        result = weights.ahp(a, max_cr=None)
        assert result.missing == 2
        if not disturbed:
            assert result.weights.to_numpy() == pytest.approx(w / w.sum(), rel=1e-6) and result.cr == pytest.approx(
                0, abs=1e-9
            )
            continue
        for _ in range(20):
            tried = a.copy()
            tried[0, 2], tried[1, 3] = np.exp(rng.normal(np.log(w[0] / w[2]), 1)), np.exp(rng.normal(0, 1))
            assert weights.ahp(tried, max_cr=None).lambda_max >= result.lambda_max - 1e-7


def test_random_index_of_incomplete_matrices_is_about_what_random_matrices_have() -> None:
    """The published rule (1 - 2m / ((n-1)(n-2))) RI, against a seeded simulation."""
    rng = np.random.default_rng(1)
    scale = [*range(1, 10), *(1 / k for k in range(2, 10))]
    found = []
    for _ in range(400):
        a = np.full((4, 4), np.nan)
        a[np.triu_indices(4, 1)] = rng.choice(scale, 6)
        a[0, 1] = np.nan
        found.append(weights.ahp(a, max_cr=None).cr)
    assert np.mean(found) == pytest.approx(1, abs=0.1)


def test_a_tree_of_judgements_cannot_contradict_itself() -> None:
    a = upper(["a", "b", "c", "d"], 2, np.nan, np.nan, 3, np.nan, 5)
    result = weights.ahp(a)
    assert result.cr == 0 and result.weights["a"] / result.weights["d"] == pytest.approx(30)


def test_one_and_two_items() -> None:
    assert weights.ahp([[1.0]]).weights.tolist() == [1] and weights.ahp([[1, 4], [0.25, 1]]).cr == 0
    assert weights.ahp([[1, 4], [0.25, 1]]).weights.tolist() == pytest.approx([0.8, 0.2])


def test_rounded_reciprocals_are_the_same_judgement() -> None:
    typed = [[1, 3, 7], [0.33, 1, 3], [0.14, 0.33, 1]]
    exact = [[1, 3, 7], [1 / 3, 1, 3], [1 / 7, 1 / 3, 1]]
    assert weights.ahp(typed).weights.tolist() == weights.ahp(exact).weights.tolist()


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        ([[1, 2]], "square"),
        ([[1, 3], [3, 1]], "reciprocal"),
        ([[1, -3], [-1 / 3, 1]], "positive"),
        ([[2, 3], [1 / 3, 1]], "positive"),
        ([[1, math.inf], [np.nan, 1]], "positive"),
        (pd.DataFrame([[1, 2], [0.5, 1]], ["a", "b"], ["a", "c"]), "differ"),
        (pd.DataFrame([[1, 2], [0.5, 1]], ["a", "a"], ["a", "a"]), "repeat"),
        (upper(["a", "b", "c"], np.nan, np.nan, 3), "links b, c"),
    ],
)
def test_matrices_that_do_not_fit(matrix: object, says: str) -> None:
    with pytest.raises(DataError, match=says):
        weights.ahp(matrix)


def test_without_a_random_index_nothing_is_called_consistent() -> None:
    n = 16
    assert math.isnan(weights.ahp(np.ones((n, n)), max_cr=None).cr)
    with pytest.raises(DataError, match="no random index"):
        weights.ahp(np.ones((n, n)))


# --- from the data


def test_entropy_hand_worked() -> None:
    """Three places; a is even, b in one place only, c in halves."""
    table = pd.DataFrame({"a": [0.5, 0.5, 0.5], "b": [0.0, 0.0, 1.0], "c": [1.0, 0.0, 1.0]})
    e_c = math.log(2) / math.log(3)
    total = 0 + 1 + (1 - e_c)
    assert weights.entropy(table).tolist() == pytest.approx([0, 1 / total, (1 - e_c) / total])
    assert weights.entropy(table * [3, 0.1, 7]).tolist() == pytest.approx(weights.entropy(table).tolist())
    with_gap = pd.concat([table, pd.DataFrame({"a": [0.1], "b": [np.nan], "c": [9.0]})], ignore_index=True)
    assert weights.entropy(with_gap).tolist() == pytest.approx(weights.entropy(table).tolist())


def test_critic_hand_worked() -> None:
    """b repeats a, c runs against both: sigma is equal, so conflict alone decides: a and b 2, c 4."""
    table = pd.DataFrame({"a": [0.0, 0.5, 1.0], "b": [10.0, 15.0, 20.0], "c": [3.0, 2.0, 1.0]})
    assert weights.critic(table).tolist() == pytest.approx([0.25, 0.25, 0.5])
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.random((50, 4)) ** [1, 2, 3, 4], columns=list("abcd"))
    scaled = (frame - frame.min()) / (frame.max() - frame.min())
    expected = scaled.std() * (1 - scaled.corr()).sum()
    assert weights.critic(frame).tolist() == pytest.approx((expected / expected.sum()).tolist())


@pytest.mark.parametrize("method", [weights.entropy, weights.critic])
def test_data_that_say_nothing(method: object) -> None:
    with pytest.raises(DataError, match="same everywhere"):
        method(pd.DataFrame({"a": [1.0, 1.0, 1.0], "b": [0.0, 0.0, 0.0]}))
    with pytest.raises(DataError, match="two rows"):
        method(pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 2.0]}))
    found = method(pd.DataFrame({"a": [0.1, 0.1, 0.1], "b": [0.0, 0.5, 1.0]}))
    assert found.tolist() == [0, 1]


def test_entropy_takes_no_negative_indicator() -> None:
    with pytest.raises(DataError, match="not negative"):
        weights.entropy(pd.DataFrame({"a": [-1.0, 1.0]}))


@settings(max_examples=30)
@each(st.integers(0, 2**32 - 1), st.sampled_from(["entropy", "critic"]))
def test_order_of_rows_and_columns_does_not_matter(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.random((20, 4)), columns=list("abcd"))
    found = getattr(weights, method)(frame)
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    shuffled = frame.sample(frac=1, random_state=1)[list("cadb")]
    assert getattr(weights, method)(shuffled)[list("abcd")].tolist() == pytest.approx(found.tolist())


def test_combinations() -> None:
    a, b = pd.Series({"x": 0.5, "y": 0.3, "z": 0.2}), pd.Series({"z": 0.2, "x": 0.2, "y": 0.6})
    assert weights.combine([a, b]).tolist() == pytest.approx([0.1 / 0.32, 0.18 / 0.32, 0.04 / 0.32])
    assert weights.combine([a, b], rule="mean").tolist() == pytest.approx([0.35, 0.45, 0.2])
    assert weights.combine([a, b], rule="mean", shares=[3, 1]).tolist() == pytest.approx([0.425, 0.375, 0.2])
    with pytest.raises(DataError, match="different layers"):
        weights.combine([a, b.drop("x")])
    with pytest.raises(DataError):
        weights.combine([pd.Series({"x": 1.0, "y": 0.0}), pd.Series({"x": 0.0, "y": 1.0})])


@each(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 30))
def test_one_weight_multiplied_the_others_keep_their_ratio(x: float, y: float, z: float, factor: float) -> None:
    w = weights.given({"x": x, "y": y, "z": z})
    changed = weights.multiplied(w, "x", factor)
    assert changed.sum() == pytest.approx(1) and changed["x"] == pytest.approx(min(1, w["x"] * factor))
    assert changed["y"] * w["z"] == pytest.approx(changed["z"] * w["y"], abs=1e-12)
    assert weights.multiplied(pd.Series({"x": 1.0}), "x", factor).tolist() == [1]


@pytest.mark.parametrize("wrong", [{"a": -0.1, "b": 1}, {"a": 0.0}, {}, {"a": math.nan, "b": 1}, {"a": math.inf}])
def test_stated_weights_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(DataError, match="not negative"):
        weights.given(wrong)


# --- files


def test_a_matrix_from_csv_and_xlsx(tmp_path: Path) -> None:
    rows = [["", "洪涝", "地震", "地质"], ["洪涝", "1", "1/2", "３"], ["地震", "", "1", "5"], ["地质", "", "", ""]]
    file = tmp_path / "判断矩阵.csv"
    file.write_bytes("\n".join(",".join(row) for row in rows).encode("gb18030"))
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([None if cell == "" else cell for cell in row])
    book.save(tmp_path / "判断矩阵.xlsx")
    expected = weights.ahp(upper(["洪涝", "地震", "地质"], 0.5, 3, 5)).weights
    for name in ("判断矩阵.csv", "判断矩阵.xlsx"):
        pd.testing.assert_series_equal(weights.ahp(read_matrix(tmp_path / name)).weights, expected)


def test_a_fraction_that_a_spreadsheet_took_for_a_date_is_named(tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text(",a,b\na,1,3-Jan\nb,,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="a over b: 3-Jan") as caught:
        read_matrix(file)
    assert "text" in caught.value.remedy.en


def test_weight_files_say_who_and_where_from(tmp_path: Path) -> None:
    file = tmp_path / "weights.yaml"
    file.write_text(
        "source: 专家会议纪要\nauthor: 张三\nweights: {hazard_flood: 0.6, hazard_geology: 0.4}\n", encoding="utf-8"
    )
    read = read_weights(file)
    assert (read.author, read.weights["hazard_flood"]) == ("张三", 0.6)
    file.write_text("weights: {hazard_flood: 1}\n", encoding="utf-8")
    with pytest.raises(SpecError, match="author"):
        read_weights(file)


def test_a_ratio_that_rounds_to_one_is_written_one() -> None:
    assert [ratio(v) for v in (0.9999, 1.0001, 3.0, 1 / 3)] == ["1", "1", "3", "1/3"]


def test_a_matrix_that_does_not_fit_is_named_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "判断.csv"
    file.write_text(",A,B\nA,1,2\nC,,1\n", "utf-8")
    result = CliRunner().invoke(main, ["weights", str(file), "--lang", "en"])
    assert result.exit_code == 3
    assert "判断.csv" in result.stderr


@pytest.mark.parametrize("matrix", [[[1, "a"], ["b", 1]], pd.DataFrame([[1, "1/2"], [2, 1]])])
def test_judgements_that_are_no_numbers_are_refused_with_what_to_write(matrix: object) -> None:
    with pytest.raises(DataError, match="holds what is no number") as refused:
        weights.ahp(matrix)
    assert refused.value.remedy is not None
