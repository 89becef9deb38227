"""The households on the list: whose they are, which shelter each goes to, and their cards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmap.output.cards import Card
from riskmap.text import Lang, Text

HALF = 0.5
"""A household may exceed the room of a group by less than one person: shares of people are not whole."""


def households_of(homes: pd.DataFrame, origin: pd.Series, origins: pd.DataFrame) -> pd.DataFrame:
    """Give the households of an origin, so that no household has the cards of two.

    Those that name a threatened point belong to it; the others of a village to the village, or where only points have to
    move, to each of its points.

    Parameters
    ----------
    homes : DataFrame
        The whole list; may be empty.
    origin : Series
    origins : DataFrame
        All of the scenario.
    """
    if not len(homes):
        return homes
    tied = homes["geohazard_id"].astype(object) if "geohazard_id" in homes.columns else pd.Series(None, homes.index)
    villages = origins[origins["layer"].eq("villages")]
    moves = villages["village_code"].eq(origin["village_code"]) | villages["village"].eq(origin["village"])
    if origin["layer"] == "geohazard_points" and (tied.eq(origin["id"]).any() or moves.any()):
        return homes[tied.eq(origin["id"])]
    free = homes[~tied.isin(origins["id"])]
    for column, value in (("village_code", origin["village_code"]), ("village", origin["village"])):
        if column in homes.columns and isinstance(value, str):
            found = free[free[column].astype(object).eq(value)]
            if len(found):
                return found
    return homes.iloc[:0]


def homes_by_group(people: NDArray[np.float64], room: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the group of a settlement's people that each household goes with, in the order of the list.

    A household goes whole with the first group that has room left for it, else with that which has the most.

    Parameters
    ----------
    people : float array (households)
        NaN unknown: counted as the mean of the others, 1 where all are unknown.
    room : float array (groups)
        People of each group.
    """
    mean = np.nanmean(people) if np.isfinite(people).any() else 1.0
    left = room.copy()
    group = np.zeros(len(people), dtype=np.int64)
    for home, many in enumerate(np.where(np.isnan(people), mean, people)):
        fits = np.flatnonzero(left >= many - HALF)
        group[home] = fits[0] if len(fits) else int(left.argmax())
        left[group[home]] -= many
    return group


def numbers(homes: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Give a column of the list as numbers; NaN unknown."""
    if column not in homes.columns:
        return np.full(len(homes), np.nan)
    return pd.to_numeric(homes[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def household_card(card: Card, home: pd.Series, lang: Lang) -> Card:
    """Give the card of one household: the settlement's, with the household's own head and people."""

    def number(column: str) -> float:
        value = home.get(column)
        return float("nan") if value is None or pd.isna(value) else float(value)

    people, slow = number("people"), number("slow_walkers")
    zh, en = ("人数未知", "people unknown") if np.isnan(people) else (f"{people:.0f} 人", f"{people:.0f} people")
    if slow > 0:
        zh, en = f"{zh}，其中行动不便 {slow:.0f} 人", f"{en}, {slow:.0f} of them walk slowly"
    head = home.get("head")
    phone = home.get("phone")
    name = str(head) if isinstance(head, str) else Text("（户主）", "(head)").pick(lang)
    place = Text(f"{name} 家", f"Household of {name}").pick(lang)
    subtitle = " ".join(p for p in (card.subtitle, card.place, phone if isinstance(phone, str) else "") if p)
    return replace(card, place=place, subtitle=subtitle, people=Text(zh, en).pick(lang))
