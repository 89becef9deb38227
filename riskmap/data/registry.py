"""The one registry of checks: what a check looks at, on one layer or between layers, and the list of all of them.

A check marks rows or measures something; severity, words and remedy stand under its code in ``layers/checks.yaml``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from riskmap.data.catalog import house
from riskmap.data.findings import Finding
from riskmap.data.ledger import Ledger, RowNames
from riskmap.data.places import Area
from riskmap.data.spec import LayerSpec
from riskmap.frames import is_spatial
from riskmap.grid import Raster

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Look:
    """What a check looks at: a layer in the project's system, and the area.

    Parameters
    ----------
    frame : DataFrame or GeoDataFrame
        Rows that stay in the layer, with the index of the delivery.
    spec : LayerSpec
    ledger : Ledger
        Takes the findings.
    area : Area, optional
    limits : mapping
        The project's own limits of what is plausible, by name.
    """

    frame: gpd.GeoDataFrame
    spec: LayerSpec
    ledger: Ledger
    area: Area | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)

    def limit(self, name: str) -> Any:
        """Give a limit of what is plausible: the project's, else the house's (``layers/facts/plausible.yaml``)."""
        return self.limits.get(name, house().facts("plausible").values[name].value)

    def mark(self, rows: Any) -> pd.Series:
        """Give a boolean array as a Series on the frame's index."""
        import pandas as pd

        return pd.Series(rows, index=self.frame.index)

    @property
    def spatial(self) -> bool:
        """Whether the layer has geometry."""
        return is_spatial(self.frame)

    @property
    def metric(self) -> bool:
        """Whether the layer has geometry in metres."""
        return self.spatial and self.frame.crs is not None and self.frame.crs.is_projected


Run = Callable[[Look], None]


@dataclass(frozen=True)
class Check:
    """A check: the codes it may find, the layers it is for (patterns), whether it needs metres, and what it does."""

    codes: tuple[str, ...]
    layers: tuple[str, ...]
    metric: bool
    run: Run


CHECKS: list[Check] = []
"""Filled by ``checks_values`` and ``checks_geometry``."""


def register(*codes: str, layers: tuple[str, ...] = ("*",), metric: bool = False) -> Callable[[Run], Run]:
    """Enter a check into the registry.

    Parameters
    ----------
    *codes : str
        Rules of ``layers/checks.yaml`` that it may find broken.
    layers : tuple of str
        Ids or patterns (``hazard_*``).
    metric : bool
        It needs geometry in a projected system.
    """

    def enter(run: Run) -> Run:
        CHECKS.append(Check(codes, layers, metric, run))
        return run

    return enter


@dataclass(eq=False)
class Together:
    """All layers of a project, each read when a check asks for it.

    Parameters
    ----------
    rows_known, cells_known : collections of str
        Ids of the layers of rows and of cells that may be used.
    rows : callable
        Id -> frame, in the project's system.
    cells : callable
        Id -> Raster on the project's grid.
    area : Area
    declared : mapping
        Name (``townships.population``) -> what the project says it is.
    limits : mapping
        The project's own limits of what is plausible.
    files : mapping
        Id -> file, for the findings.
    """

    rows_known: Collection[str]
    cells_known: Collection[str]
    rows: Callable[[str], pd.DataFrame]
    cells: Callable[[str], Raster]
    area: Area
    declared: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _frames: dict[str, Any] = field(default_factory=dict)

    def has(self, *layers: str) -> bool:
        """Tell whether all of these layers of rows may be used."""
        return all(layer in self.rows_known for layer in layers)

    def frame(self, layer: str) -> Any:
        """Give a layer of rows, read once."""
        if layer not in self._frames:
            self._frames[layer] = self.rows(layer)
        return self._frames[layer]

    def limit(self, name: str) -> Any:
        """Give a limit of what is plausible: the project's, else the house's."""
        return self.limits.get(name, house().facts("plausible").values[name].value)

    def look(self, layer: str) -> Look:
        """Give a view of one layer whose findings are collected here."""
        spec, frame = house().layer(layer), self.frame(layer)
        names = RowNames(frame[spec.key]) if spec.key in frame.columns else RowNames()
        ledger = Ledger(layer, self.files.get(layer, ""), names, findings=self.findings)
        return Look(frame, spec, ledger, self.area, self.limits)


RunBetween = Callable[[Together], None]


@dataclass(frozen=True)
class CrossCheck:
    """A check between layers: the codes it may find, the layers without which it does not run, what it does."""

    codes: tuple[str, ...]
    needs: tuple[str, ...]
    run: RunBetween


BETWEEN: list[CrossCheck] = []
"""Filled by ``checks_layers`` and ``checks_together``."""


def register_between(*codes: str, needs: tuple[str, ...] = ()) -> Callable[[RunBetween], RunBetween]:
    """Enter a check between layers into the registry."""

    def enter(run: RunBetween) -> RunBetween:
        BETWEEN.append(CrossCheck(codes, needs, run))
        return run

    return enter
