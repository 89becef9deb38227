"""Totals: they agree for a sound build, and any slip is caught."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds import hand_world

from riskmap.errors import ConservationError
from riskmap.risk import control
from riskmap.risk.units import risk_units
from riskmap.workflow import totals

RULES = [{"zone": z, "risk": [r], "reason": {"zh": "x", "en": "x"}} for r, z in ((4, 3), (3, 2), (2, 1), (1, 1))]


def counted(**changes: object) -> dict:
    world = hand_world()
    table = control.rules(RULES)
    zone, fired = control.decide(table, world["levels"], None, None)
    given = {
        "zones": world["zones"],
        "controls": control.control_zones(zone, fired, table, world["inside"], world["boundary"], world["grid"]),
        "units": risk_units(**world),
        "boundary_km2": 10.0,
        "levels": world["levels"],
        "control": zone,
        "people": world["people"],
        "inside": world["inside"],
    }
    return totals.add_up(**(given | {k: v(given[k]) for k, v in changes.items()}))


def test_hand_worked_totals() -> None:
    told = counted()
    assert told["area_km2"]["by_level"] == pytest.approx({"0": 1, "1": 3, "2": 3, "3": 2, "4": 1})
    assert told["area_km2"]["by_zone"] == pytest.approx({"0": 1, "1": 6, "2": 2, "3": 1})
    assert told["area_km2"]["by_unit"] == pytest.approx({"370305001": 4, "370305002": 4, "unassigned": 2})
    assert told["people"]["inside"] == 2555 and told["people"]["unknown_cells"] == 1
    assert told["people"]["by_level"] == pytest.approx({"0": 40, "1": 1520, "2": 350, "3": 640, "4": 5})
    assert told["people"]["by_zone"] == pytest.approx({"0": 40, "1": 1870, "2": 640, "3": 5})
    assert told["people"]["by_unit"] == pytest.approx({"370305001": 495, "370305002": 700, "unassigned": 1360})


def smaller(column: str) -> object:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{column: frame[column] * (1 - 1e-4)})

    return change


def one_cell_red(levels: np.ndarray) -> np.ndarray:
    wrong = levels.copy()
    wrong[0, 4] = 4
    return wrong


@pytest.mark.parametrize(
    "changes",
    [
        {"zones": smaller("area_km2")},
        {"controls": smaller("area_km2")},
        {"units": smaller("area_km2")},
        {"units": smaller("share_red")},
        {"units": smaller("people_blue")},
        {"units": smaller("people")},
        {"boundary_km2": lambda km2: km2 * 1.00001},
        {"levels": one_cell_red},
        {"units": lambda frame: frame.iloc[:2]},  # the unassigned row dropped
    ],
)
def test_a_slip_of_any_kind_stops_the_build(changes: dict) -> None:
    with pytest.raises(ConservationError, match="disagrees"):
        counted(**changes)


def test_rows_of_one_code_are_one_unit_and_units_without_a_code_keep_their_name() -> None:
    """An enclave delivered as a second row with the same code, and a township without a code."""
    told = counted(units=lambda frame: frame.assign(code=["370305001", "370305001", None]))
    assert told["area_km2"]["by_unit"] == pytest.approx({"370305001": 8, "unassigned": 2})
    told = counted(units=lambda frame: frame.assign(code=["370305001", None, None]))
    assert told["area_km2"]["by_unit"] == pytest.approx({"370305001": 4, "乙": 4, "unassigned": 2})


def test_without_people_only_areas_are_counted() -> None:
    assert set(counted(people=lambda _: None)) == {"area_km2"}
