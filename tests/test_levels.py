"""Levels: delivered codes of either direction, five levels to four colours."""

from __future__ import annotations

import numpy as np
import pytest

from riskmap.errors import DataError
from riskmap.levels import FIVE_TO_FOUR, LEVELS, ZONES, to_four, to_worst_high


def test_codes_index_their_own_records() -> None:
    assert [level.code for level in LEVELS] == [0, 1, 2, 3, 4]
    assert [level.colour for level in LEVELS] == ["none", "blue", "yellow", "orange", "red"]
    assert [zone.code for zone in ZONES] == [0, 1, 2, 3]
    assert not {zone.colour for zone in ZONES[1:]} & {level.colour for level in LEVELS}


@pytest.mark.parametrize("count", [4, 5])
def test_turning_twice_gives_the_codes_back(count: int) -> None:
    codes = np.arange(count + 1)
    turned = to_worst_high(codes, count=count, worst="low_code")
    assert turned.tolist() == [0, *range(count, 0, -1)]
    assert to_worst_high(turned, count=count, worst="low_code").tolist() == codes.tolist()
    assert to_worst_high(codes, count=count, worst="high_code").tolist() == codes.tolist()


@pytest.mark.parametrize("code", [6, -1, 255])
def test_strange_codes_do_not_wrap_round_to_a_level(code: int) -> None:
    with pytest.raises(DataError, match=str(code)):
        to_worst_high(np.array([1, code]), count=5, worst="low_code")
    with pytest.raises(DataError, match=str(code)):
        to_four(np.array([1, code]))


def test_the_direction_is_said_never_guessed() -> None:
    with pytest.raises(DataError, match="low_code"):
        to_worst_high(np.array([1]), count=5, worst="low")


def test_a_project_may_say_its_own_table() -> None:
    strict = {5: 4, 4: 4, 3: 3, 2: 2, 1: 1}
    assert to_four(np.array([[5, 4, 3], [2, 1, 0]]), strict).tolist() == [[4, 4, 3], [2, 1, 0]]
    assert to_four(np.array([0, 3], dtype=np.uint8)).dtype == np.uint8


@pytest.mark.parametrize(
    "table",
    [
        {k: v for k, v in FIVE_TO_FOUR.items() if k != 5},  # 高 would become "no data"
        {**FIVE_TO_FOUR, 5: 0},
        {**FIVE_TO_FOUR, 5: 1},  # 高 milder than 中高
        {**FIVE_TO_FOUR, 6: 4},
        {},
    ],
)
def test_a_table_that_would_hide_a_level_is_refused(table: dict[int, int]) -> None:
    with pytest.raises(DataError, match="five levels"):
        to_four(np.array([5]), table)
