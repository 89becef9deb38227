"""The whole calculation of a score as one value: what any part of an area needs to be scored like the rest.

A recipe is fitted once to the whole area and then applied to blocks of cells, in this process or on a cluster: each cell
depends on nothing but its own values, so that blocks of any shape give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskmap.risk import compose
from riskmap.risk.normalise import Scale

MAXIMUM = "maximum"


class LayerPart(NamedTuple):
    """What one layer brings to the score of some cells: as delivered, normalised, and as it enters the combination."""

    raw: NDArray[Any]
    normalised: NDArray[np.float64]
    contribution: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Recipe:
    """Scales, weights and method of a score.

    Parameters
    ----------
    scales : mapping of layer -> Scale
        The layers that enter.
    weights : mapping of layer -> float
        Summing to 1, or exponents for ``power``; 1 each for methods without weights.
    method, missing : str
        As in :func:`riskmap.risk.compose.compose`, with one addition: under ``maximum`` with ``missing="unknown"`` a cell that
        already has the worst value there is stays at it, whatever the unknown layers hold, so that any red stays red.
    reducing : frozenset of str
        Layers that enter as 1 - x.
    names : mapping of layer -> str
        Other names under which layers enter the combination (``likelihood`` and ``consequence`` of ``matrix``).
    """

    scales: Mapping[str, Scale]
    weights: Mapping[str, float]
    method: compose.Method = "weighted_sum"
    missing: compose.Missing = "unknown"
    reducing: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    def score(self, raw: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Give the score of some cells.

        Parameters
        ----------
        raw : mapping of layer -> array
            Values as delivered, NaN (level 0) unknown, all of one shape.

        Returns
        -------
        float32 array
            NaN unknown.
        """
        layers = self._normalised(raw)
        score = compose.compose(layers, **self._arguments())
        if self.method == MAXIMUM and self.missing == "unknown":
            known = compose.compose(layers, **(self._arguments() | {"missing": "renormalise"}))
            top = max(scale.worst for scale in self.scales.values())
            score = np.where(known >= top, known, score)
        return score.astype(np.float32)

    def parts(self, raw: Mapping[str, NDArray[Any]]) -> dict[str, LayerPart]:
        """Give what each layer brings to the score of some cells, by layer in the order of the weights."""
        layers = self._normalised(raw)
        brought = compose.contributions(layers, **self._arguments())
        return {
            layer: LayerPart(np.asarray(raw[layer]), layers[self._name(layer)], brought[self._name(layer)])
            for layer in self.weights
            if self._name(layer) in brought
        }

    def with_weights(self, weights: Mapping[str, float]) -> Recipe:
        """Give the same recipe with other weights."""
        return replace(self, weights=dict(weights))

    def unknown(self, raw: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Tell in which cells at least one layer that enters is unknown."""
        layers = self._normalised(raw)
        return np.any([np.isnan(layers[self._name(layer)]) for layer in self.weights], axis=0)

    def score_range(self) -> tuple[float, float]:
        """Give the bounds that no score leaves: every method rises with each layer, and falls with reducing ones."""
        ends = []
        for best in (True, False):
            corner = {}
            for layer, scale in self.scales.items():
                lowest = best != (layer in self.reducing or self.weights.get(layer, 1.0) < 0)
                corner[layer] = np.array([scale.best if lowest else scale.worst])
            named = {self._name(layer): corner[layer] for layer in self.weights}
            ends.append(float(compose.compose(named, **self._arguments()).item()))
        return min(ends), max(ends)

    def as_record(self) -> dict[str, Any]:
        """Give all numbers of the recipe as plain values, for ``run.json`` and for doing it again."""
        return {
            "method": self.method,
            "missing": self.missing,
            "weights": {layer: float(weight) for layer, weight in self.weights.items()},
            "scales": {layer: scale.as_record() for layer, scale in self.scales.items()},
            "reducing": sorted(self.reducing),
            "names": dict(self.names),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], ordered: Mapping[str, NDArray[np.float64]] | None = None) -> Recipe:
        """Make the recipe that :meth:`as_record` described.

        Parameters
        ----------
        record : mapping
        ordered : mapping of layer -> float array, optional
            Ascending known values of the layers normalised by rank, which no record can hold.
        """
        scales = {
            layer: Scale(**{**numbers, "table": tuple(numbers.get("table", ()))})
            for layer, numbers in record["scales"].items()
        }
        for layer, values in (ordered or {}).items():
            scales[layer] = replace(scales[layer], ordered=values)
        return cls(
            scales,
            dict(record["weights"]),
            record["method"],
            record["missing"],
            frozenset(record["reducing"]),
            dict(record["names"]),
        )

    def _name(self, layer: str) -> str:
        return self.names.get(layer, layer)

    def _normalised(self, raw: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float64]]:
        return {self._name(layer): self.scales[layer].apply(raw[layer]) for layer in self.weights}

    def _worst(self, layer: str) -> float:
        """Give the value of a layer, as it enters, that makes the score worst: under an exponent below 0 the smallest."""
        falls = self.weights.get(layer, 1.0) < 0
        if layer in self.reducing:
            return 0.0 if falls else 1.0
        return self.scales[layer].best if falls else self.scales[layer].worst

    def _arguments(self) -> dict[str, Any]:
        named = {self._name(layer): weight for layer, weight in self.weights.items()}
        worst = {}
        if self.missing == "conservative":
            worst = {self._name(layer): self._worst(layer) for layer in self.scales}
        return {
            "weights": None if self.method == "matrix" else named,
            "method": self.method,
            "missing": self.missing,
            "reducing": frozenset(self._name(layer) for layer in self.reducing),
            "worst": worst,
        }
