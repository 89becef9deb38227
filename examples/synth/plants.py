"""Hazardous-chemical plants, the sources in them and what they hold; every position is invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from .chemicals import ALIASES, FULL_WIDTH, MIXES, PROCESSES, SUBSTANCES
from .country import Country
from .drawing import Coords, shares, spread_out
from .names import COMPANY_WORDS
from .place import Place
from .settle import random_points


@dataclass(frozen=True)
class Industry:
    """How many enterprises and sources there are, and what the parks hold.

    ``parks`` gives for each park of the place how many enterprises with sources it has and their kind of mix.
    """

    all_enterprises: int
    sources: int
    parks: Sequence[tuple[int, str]]
    with_process: int
    process_mixes: Sequence[str] = ("petrochemical", "fine")
    processes: int = len(PROCESSES)

    @property
    def enterprises(self) -> int:
        """Enterprises that have major hazard sources."""
        return sum(count for count, _ in self.parks)


def company_names(place: Place, count: int) -> list[str]:
    """Return invented company names; each begins with 示例."""
    first, trade = COMPANY_WORDS
    names = [f"示例{a}{b}{t}有限公司" for t in trade for a in first for b in ("", "新")]
    return [str(n) for n in place.stream("companies").permutation(names)[:count]]


def found_plants(country: Country, industry: Industry) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the major hazard sources of the enterprises and what they hold.

    Each source holds enough for S = sum(q / Q) >= 1, for each of them is a major hazard.
    """
    place = country.land.place
    rng = place.stream("plants")
    names = company_names(place, industry.all_enterprises)[: industry.enterprises]
    per_plant = shares(industry.sources, rng.gamma(1.6, 1.0, industry.enterprises), least=1)
    parks = np.repeat(np.arange(len(industry.parks)), [count for count, _ in industry.parks])
    sites = np.vstack([_sites(country, p, count, rng) for p, (count, _) in enumerate(industry.parks)])
    rows: list[tuple[object, ...]] = []
    stock: list[tuple[object, ...]] = []
    for k, name in enumerate(names):
        mix = industry.parks[parks[k]][1]
        watched = k < industry.with_process and mix in industry.process_mixes
        process = PROCESSES[k % industry.processes] if watched else ""
        for n in range(per_plant[k]):
            source = f"WXY{len(rows) + 1:03d}"
            unit = str(rng.choice(["罐区", "装置区", "仓库"], p=[0.5, 0.35, 0.15]))
            turn = 2 * np.pi * (n + rng.uniform(-0.2, 0.2)) / per_plant[k]
            spot = sites[k] + (12 + 9 * per_plant[k]) * np.array([np.cos(turn), np.sin(turn)])
            park, point = place.parks[parks[k]].name, shapely.Point(np.round(spot, 2))
            rows.append((source, f"{name}{n + 1}号{unit}", name, park, unit, process, point))
            stock += [(source, name, *held) for held in _stock(MIXES[mix], rng)]
    columns = ["id", "name", "enterprise", "park", "unit", "process", "geometry"]
    sources = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=place.epsg)
    held = ["source_id", "enterprise", "substance", "written", "cas", "group", "quantity_t"]
    return sources, pd.DataFrame(stock, columns=held)


def _sites(country: Country, park: int, count: int, rng: np.random.Generator) -> Coords:
    """Return plant sites inside a park, apart from each other and off its streets."""
    name = country.land.place.parks[park].name
    area = next(t.area for t in country.towns if t.name == name)
    free = area.buffer(-110).difference(
        shapely.union_all([g.buffer(45) for g in country.streets() if g.intersects(area)])
    )
    points = random_points(free, 12_000, rng)
    kept = spread_out(points, 175, count)
    if len(kept) < count:
        raise ValueError(f"{name}: room for {len(kept)} of {count} plants")
    return points[kept]


def _stock(held: list[str], rng: np.random.Generator) -> list[tuple[str, str, str, str, float]]:
    """Return what one unit holds: substance, name as written, CAS, class, tonnes."""
    number = int(rng.choice([1, 2, 3, 4], p=[0.42, 0.32, 0.17, 0.09]))
    chosen = [SUBSTANCES[str(n)] for n in rng.choice(held, number, replace=False)]
    ratio = float(np.exp(rng.uniform(np.log(1.15), np.log(95))))
    part = rng.dirichlet(np.full(number, 1.5))
    tonnes = [min(round(s.threshold_t * ratio * p, 1) + 0.1, s.cap_t) for s, p in zip(chosen, part, strict=True)]
    total = sum(t / s.threshold_t for t, s in zip(tonnes, chosen, strict=True))
    if total < 1.02:  # a cap cut it below the limit of a major hazard
        tonnes[0] = round(tonnes[0] + (1.05 - total) * chosen[0].threshold_t + 0.1, 1)
    return [
        (s.name, ALIASES[s.name] if s.name in ALIASES and rng.random() < 0.22 else s.name, s.cas, s.group, round(t, 1))
        for s, t in zip(chosen, tonnes, strict=True)
    ]


def as_listed(stock: pd.DataFrame) -> pd.DataFrame:
    """Return the inventory as a sheet lists it: everyday names, some amounts in full-width digits, remarks."""
    amounts: list[object] = [
        str(q).translate(FULL_WIDTH) if n % 17 == 8 else q for n, q in enumerate(stock.quantity_t.tolist())
    ]
    return stock.assign(
        cas=pd.Series([c or None for c in stock.cas], index=stock.index, dtype=object),
        group=pd.Series([g or None for g in stock.group], index=stock.index, dtype=object),
        amount=pd.Series(amounts, index=stock.index, dtype=object),
        remark=pd.Series(
            ["在线监测" if n % 9 == 4 else None for n in range(len(stock))], index=stock.index, dtype=object
        ),
    )
