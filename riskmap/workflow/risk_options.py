"""What a project file may say about the risk: strict records of ``risk`` and ``control``."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from riskmap.data.spec import Record
from riskmap.levels import FIVE_TO_FOUR

WEIGHT_METHODS = ("given", "file", "ahp", "equal", "entropy", "critic", "combination")
WEIGHTED_FAMILIES = ("hazard_", "exposure_", "vulnerability_", "asset_risk_", "asset_level_")
"""Layers of these families may carry weights; so may ``capacity``, which lowers the risk."""


def _weights(value: Any) -> Any:
    if isinstance(value, str):
        return {value: ()}
    if isinstance(value, dict) and not set(value) & {*WEIGHT_METHODS, "source", "author", "date", "rule", "shares"}:
        return {"given": value}
    return value


class WeightsSpec(Record):
    """Where weights come from: stated, a file, judgements, or the data; and who says so.

    ``equal``, ``entropy`` and ``critic`` take the layers they speak of; all hazards when the list is empty.
    """

    given: dict[str, float] | None = None
    file: str | None = None
    ahp: str | None = None
    equal: tuple[str, ...] | None = None
    entropy: tuple[str, ...] | None = None
    critic: tuple[str, ...] | None = None
    combination: tuple[Weights, ...] | None = Field(None, min_length=2)
    rule: Literal["product", "mean"] = "product"
    shares: tuple[float, ...] | None = None
    source: str | None = None
    author: str | None = None
    date: str | None = None

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        named = [m for m in WEIGHT_METHODS if getattr(self, m) is not None]
        if len(named) != 1:
            raise ValueError(f"exactly one of {', '.join(WEIGHT_METHODS)}; got {named or 'none'}")
        if self.shares is not None and len(self.shares) != len(self.combination or ()):
            raise ValueError("shares: one for each set of the combination")
        return self

    @property
    def method(self) -> str:
        """How the weights are found."""
        return next(m for m in WEIGHT_METHODS if getattr(self, m) is not None)

    def files(self) -> tuple[str, ...]:
        """Give the files that the weights come from."""
        own = [f for f in (self.file, self.ahp) if f is not None]
        return (*own, *(f for part in self.combination or () for f in part.files()))

    def named(self) -> tuple[str, ...]:
        """Give the layers that the project file itself names."""
        lists = (self.given or (), self.equal or (), self.entropy or (), self.critic or ())
        return (*(n for names in lists for n in names), *(n for part in self.combination or () for n in part.named()))


Weights = Annotated[WeightsSpec, BeforeValidator(_weights)]
"""A mapping of layer -> weight; ``equal``, ``entropy`` or ``critic``; ``{ahp: file}``, ``{file: file}``, ``{combination: [...]}``."""

WeightsSpec.model_rebuild()


class NormaliseSpec(Record):
    """How a layer's values become comparable numbers."""

    method: Literal["min_max", "half_one", "z_score", "rank", "fixed", "none"] = "min_max"
    bounds: tuple[float, float] | None = None
    layers: dict[str, NormaliseSpec] = {}

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if self.bounds is not None and not -math.inf < self.bounds[0] < self.bounds[1] < math.inf:
            raise ValueError("bounds are two numbers, the lower one first")
        if self.method == "fixed" and self.bounds is None:
            raise ValueError("fixed needs bounds: [low, high]")
        if self.method in ("z_score", "rank", "none") and self.bounds is not None:
            raise ValueError(f"{self.method} takes no bounds")
        return self

    def of(self, layer: str) -> NormaliseSpec:
        """Give what holds for a layer."""
        return self.layers.get(layer, self)


def _fixed(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"fixed"}:
        return {"scheme": "fixed", "limits": value["fixed"], "k": len(value["fixed"] or ())}
    return value


class ClassifySpec(Record):
    """How the score is cut: into the four levels, or into the census's five, which then take the four colours."""

    scheme: Literal["natural_breaks", "quantile", "equal_interval", "std_mean", "fixed"] = "natural_breaks"
    k: Literal[4, 5] = 4
    limits: tuple[float, ...] | None = None

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        if (self.scheme == "fixed") != (self.limits is not None):
            raise ValueError("limits belong to the scheme fixed, and fixed needs them")
        if self.limits is not None and len(self.limits) != self.k:
            raise ValueError(f"{len(self.limits)} limits for k = {self.k} classes")
        if self.limits is not None and not all(low < high for low, high in pairwise(self.limits)):
            raise ValueError("limits ascend: the upper limit of the lowest class first")
        return self


Classify = Annotated[ClassifySpec, BeforeValidator(_fixed)]
"""A scheme and k, or ``{fixed: [upper limits]}``."""


class MatrixSpec(Record):
    """Which layers of levels 1-5 are the axes of the matrix method."""

    likelihood: str
    consequence: str

    @model_validator(mode="after")
    def _two_layers(self) -> Self:
        if self.likelihood == self.consequence:
            raise ValueError("likelihood and consequence are two layers")
        return self


class AssetSpec(Record):
    """Risk for one kind of asset: R = H x E x V x (1 - C), H the hazards as they are weighed for it."""

    weights: Weights = WeightsSpec(equal=())
    exposure: str | None = None
    vulnerability: str | None = None
    capacity: bool = False
    method: Literal["product", "power"] = "product"
    exponents: dict[Literal["hazard", "exposure", "vulnerability", "capacity"], float] = {}
    classify: Classify = ClassifySpec()

    @model_validator(mode="after")
    def _exponents_fit(self) -> Self:
        if bool(self.exponents) != (self.method == "power"):
            raise ValueError("exponents belong to the method power, and power needs them")
        return self


class SensitivitySpec(Record):
    """How sure the colours are: seeded runs with other weights and with the layers' declared errors."""

    runs: int = Field(200, ge=10, le=10_000)
    seed: int = 1
    concentration: float | None = Field(None, gt=0)
    errors: dict[str, Annotated[float, Field(gt=0)]] = {}


class RiskSpec(Record):
    """The comprehensive risk: layers, weights, method, classes, smallest patch."""

    method: Literal["weighted_sum", "maximum", "product", "geometric_mean", "power", "matrix"] = "weighted_sum"
    weights: Weights = WeightsSpec(equal=())
    matrix: MatrixSpec | None = None
    normalise: NormaliseSpec = NormaliseSpec()
    missing: Literal["unknown", "renormalise", "conservative"] = "unknown"
    classify: Classify = ClassifySpec()
    five_to_four: dict[int, int] | None = None
    assets: dict[str, AssetSpec] = {}
    min_zone_ha: float | None = Field(default=None, ge=0)
    keep_people: float | None = Field(None, ge=0)
    snap_to_townships_m: float | None = Field(None, gt=0)
    sensitivity: SensitivitySpec | None = None
    previous: str | None = None

    @field_validator("five_to_four")
    @classmethod
    def _five_to_four_fits(cls, value: dict[int, int] | None) -> dict[int, int] | None:
        if value is None:
            return None
        colours = [value[five] for five in sorted(value)]
        if set(value) != set(FIVE_TO_FOUR) or not set(colours) <= {1, 2, 3, 4} or colours != sorted(colours):
            raise ValueError("give each of 1-5 one of 1-4, never lower for a higher code")
        return value

    @model_validator(mode="after")
    def _method_fits(self) -> Self:
        if (self.method == "matrix") != (self.matrix is not None):
            raise ValueError("matrix: {likelihood, consequence} belongs to the method matrix, which needs it")
        if self.missing == "renormalise" and self.method in ("product", "power", "matrix"):
            raise ValueError(f"missing: renormalise does not go with the method {self.method}")
        scales = [self.normalise.method, *(spec.method for spec in self.normalise.layers.values())]
        if "z_score" in scales and self.method in ("product", "power", "geometric_mean"):
            raise ValueError(f"z_score gives negative values, which the method {self.method} cannot take")
        return self

    def files(self) -> tuple[str, ...]:
        """Give the files that the risk depends on besides the inputs."""
        return (*self.weights.files(), *(f for asset in self.assets.values() for f in asset.weights.files()))


class ControlSpec(Record):
    """Prevention-and-control zoning: a rule table of one's own, the smallest patch."""

    rules: tuple[dict[str, Any], ...] | None = None
    min_zone_ha: float | None = Field(default=None, ge=0)
