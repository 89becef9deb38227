"""Screening formulas for fireballs, vapour clouds and toxic gas: indicative radii, never a substitute for a QRA.

The formulas are those of published accident-consequence cases (standards.md 4.2); the constants stand in
``layers/facts/hazchem.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from riskmap.overlay.rules import values

Burn = Literal["death", "second_degree", "first_degree"]

NEAREST_Z, FARTHEST_Z = 0.05, 14.5
"""Range of the scaled distance over which the overpressure formula falls and stays positive."""


@dataclass(frozen=True, slots=True)
class Fireball:
    """Radius (m) and duration (s) of a fireball."""

    radius_m: float
    duration_s: float


@dataclass(frozen=True, slots=True)
class VapourCloud:
    """TNT mass (kg) and radii (m) of a vapour-cloud explosion, by effect."""

    tnt_kg: float
    death_m: float
    heavy_m: float
    light_m: float
    property_m: float


def fireball(mass_kg: float, *, constants: Mapping[str, Any] | None = None) -> Fireball:
    """Give the fireball of a burning mass: R = 2.9 W^(1/3) m, t = 0.45 W^(1/3) s.

    Parameters
    ----------
    mass_kg : float
        Mass that burns, kg: the share of the stock that takes part, not the stock.
    constants : mapping, optional
        Values of the topic ``hazchem``; the house's by default.

    Examples
    --------
    >>> fireball(1000.0)
    Fireball(radius_m=29.0, duration_s=4.5)
    """
    known = _constants(constants)
    root = _positive(mass_kg, "mass_kg") ** (1 / 3)
    # 1000^(1/3) is 9.999999999999998 in binary: twelve digits are more than the formula knows
    return Fireball(
        float(f"{known['fireball_radius'] * root:.12g}"), float(f"{known['fireball_duration'] * root:.12g}")
    )


def vapour_cloud(
    mass_kg: float,
    *,
    heat_mj_kg: float,
    tnt_mj_kg: float | None = None,
    yield_factor: float | None = None,
    ground_factor: float | None = None,
    property_k: float | None = None,
    constants: Mapping[str, Any] | None = None,
) -> VapourCloud:
    """Give the radii of a vapour-cloud explosion by its TNT equivalent.

    W = ground x yield x mass x heat / tnt; death 13.6 (W/1000)^0.37; heavy and light injury where the overpressure falls
    to 44 and 17 kPa; property K W^(1/3) / (1 + (3175/W)^2)^(1/6).

    Parameters
    ----------
    mass_kg : float
        Mass in the cloud, kg.
    heat_mj_kg : float
        Heat of combustion.
    tnt_mj_kg, yield_factor, ground_factor, property_k : float, optional
        4.52 MJ/kg, 0.04, 1.8 and 5.6 by default.
    constants : mapping, optional
        Values of the topic ``hazchem``; the house's by default.
    """
    known = _constants(constants)
    tnt_mj_kg = known["tnt_mj_kg"] if tnt_mj_kg is None else tnt_mj_kg
    share = known["yield_factor"] if yield_factor is None else yield_factor
    ground = known["ground_factor"] if ground_factor is None else ground_factor
    k = known["property_k"] if property_k is None else property_k
    tnt = ground * share * _positive(mass_kg, "mass_kg") * _positive(heat_mj_kg, "heat_mj_kg") / tnt_mj_kg
    return VapourCloud(
        tnt,
        known["death_coefficient"] * (tnt / 1000) ** known["death_exponent"],
        overpressure_radius_m(tnt, known["heavy_kpa"], tnt_mj_kg=tnt_mj_kg, constants=known),
        overpressure_radius_m(tnt, known["light_kpa"], tnt_mj_kg=tnt_mj_kg, constants=known),
        k * tnt ** (1 / 3) / (1 + (3175 / tnt) ** 2) ** (1 / 6),
    )


def tnt_overpressure(
    tnt_kg: float, distance_m: float, *, tnt_mj_kg: float | None = None, constants: Mapping[str, Any] | None = None
) -> float:
    """Give the overpressure of a TNT mass at a distance, kPa.

    dP / P0 = 0.137 Z^-3 + 0.119 Z^-2 + 0.269 Z^-1 - 0.019 with Z = R / (E / P0)^(1/3).

    Notes
    -----
    Fitted for Z of about 0.06 to 10; beyond Z = 14.6 the formula turns negative and 0 is given.
    """
    known = _constants(constants)
    scaled = _positive(distance_m, "distance_m") / _scale_m(tnt_kg, tnt_mj_kg, known)
    return max(0.0, known["p0_kpa"] * _ratio(scaled))


def overpressure_radius_m(
    tnt_kg: float, kpa: float, *, tnt_mj_kg: float | None = None, constants: Mapping[str, Any] | None = None
) -> float:
    """Give the distance at which the overpressure of a TNT mass has fallen to ``kpa``, m."""
    from scipy.optimize import brentq

    known = _constants(constants)
    wanted = kpa / known["p0_kpa"]
    scaled = brentq(lambda z: _ratio(z) - wanted, NEAREST_Z, FARTHEST_Z, xtol=1e-12)
    return float(scaled) * _scale_m(tnt_kg, tnt_mj_kg, known)


def thermal_flux_w_m2(
    probability: float, duration_s: float, effect: Burn = "death", *, constants: Mapping[str, Any] | None = None
) -> float:
    """Give the heat flux that harms a given share of people, W/m2, from Pr = a + b ln(t q^(4/3)).

    Parameters
    ----------
    probability : float
        Share of people harmed, between 0 and 1; 0.5 is Pr = 5.
    duration_s : float
        How long they are exposed.
    effect : {"death", "second_degree", "first_degree"}
    constants : mapping, optional
        Values of the topic ``hazchem``; the house's by default.

    Raises
    ------
    ValueError
        For a probability that is not strictly between 0 and 1, or another effect.
    """
    from scipy.stats import norm

    if not 0 < probability < 1:
        raise ValueError(f"probability must lie between 0 and 1, got {probability!r}")
    if effect not in get_args(Burn):
        raise ValueError(f"effect must be one of {', '.join(get_args(Burn))}, got {effect!r}")
    a, b = _constants(constants)[f"probit_{effect}"]
    probit = 5 + float(norm.ppf(probability))
    return (math.exp((probit - a) / b) / _positive(duration_s, "duration_s")) ** 0.75


def fireball_flux_w_m2(radius_m: float, distance_m: float, *, constants: Mapping[str, Any] | None = None) -> float:
    """Give the heat flux at a distance from a fireball's centre: q0 R2 r (1 - 0.058 ln r) / (R2 + r2)^1.5, W/m2."""
    q0 = 1000 * _constants(constants)["fireball_flux_kw_m2"]
    r = _positive(distance_m, "distance_m")
    return q0 * radius_m**2 * r * (1 - 0.058 * math.log(r)) / (radius_m**2 + r**2) ** 1.5


def burn_radius_m(mass_kg: float, effect: Burn, *, constants: Mapping[str, Any] | None = None) -> float:
    """Give how far a fireball harms people by heat, m; never less than the fireball itself."""
    from scipy.optimize import brentq

    known = _constants(constants)
    ball = fireball(mass_kg, constants=known)
    wanted = thermal_flux_w_m2(known["effect_probability"], ball.duration_s, effect, constants=known)
    far = 1e3 * ball.radius_m
    # the flux falls from 0.71 R outwards; inside the ball nobody is spared
    if fireball_flux_w_m2(ball.radius_m, ball.radius_m, constants=known) <= wanted:
        return ball.radius_m
    return float(
        brentq(lambda r: fireball_flux_w_m2(ball.radius_m, r, constants=known) - wanted, ball.radius_m, far, xtol=1e-6)
    )


def toxic_reach_m(release_kg_s: float, limit_mg_m3: float, *, constants: Mapping[str, Any] | None = None) -> float:
    """Give how far a toxic gas reaches at a limit of concentration (Dow exposure index): 6551 sqrt(AQ / limit), m, at most 10 km.

    Parameters
    ----------
    release_kg_s : float
        Airborne quantity, kg/s.
    limit_mg_m3 : float
        ERPG-2 of the gas.
    constants : mapping, optional
        Values of the topic ``hazchem``; the house's by default.
    """
    known = _constants(constants)
    reach = known["toxic_coefficient"] * math.sqrt(_positive(release_kg_s, "release_kg_s") / limit_mg_m3)
    return min(reach, float(known["toxic_cap_m"]))


def _constants(given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return values("hazchem") if given is None else given


def _ratio(scaled: float) -> float:
    return 0.137 / scaled**3 + 0.119 / scaled**2 + 0.269 / scaled - 0.019


def _scale_m(tnt_kg: float, tnt_mj_kg: float | None, known: Mapping[str, Any]) -> float:
    """Give (E / P0)^(1/3) in metres, E in J and P0 in Pa."""
    heat = known["tnt_mj_kg"] if tnt_mj_kg is None else tnt_mj_kg
    return (_positive(tnt_kg, "tnt_kg") * heat * 1e6 / (known["p0_kpa"] * 1e3)) ** (1 / 3)


def _positive(value: float, name: str) -> float:
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value!r}")
    return float(value)
