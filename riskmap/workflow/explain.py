"""Why a place has its colour: every number from the delivered layers to the level, done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from riskmap import fields, zonal
from riskmap.crs import LONLAT, transformer
from riskmap.data import windows
from riskmap.data.catalog import Catalog, house
from riskmap.data.database import Database
from riskmap.data.rasters import read_grid
from riskmap.data.windows import TILE, Window
from riskmap.errors import DataError, OutputError
from riskmap.grid import Grid
from riskmap.levels import LEVELS, to_four
from riskmap.risk import classify, control
from riskmap.risk.assets import HAZARD, AssetRecipe
from riskmap.risk.compose import RESCALED
from riskmap.risk.recipe import LayerPart, Recipe
from riskmap.text import Text
from riskmap.workflow import record, scoring
from riskmap.workflow.context import Context
from riskmap.workflow.project import Loaded, load

TILES = 128
"""Tiles of grids that are remembered while many places are explained."""


def explain(project: str | Path, lon: float, lat: float, out: str | Path | None = None) -> dict[str, Any]:
    """Give the chain of numbers behind the colour of a place, from the files that a build delivered.

    Parameters
    ----------
    project : path
        The project file.
    lon, lat : float
        Degrees, EPSG:4490 (EPSG:4326 taken as equal).
    out : path, optional
        Output folder of the build; ``out/<folder of the project file>`` by default.

    Returns
    -------
    dict
        The keys of contract 11.4: ``level``, ``score``, ``breaks``, ``zone``, ``reason``, ``merged``, ``layers`` (each with
        ``layer``, ``raw``, ``normalised``, ``weight``, ``contribution``), ``method``, ``probability`` where sensitivity was
        run; besides them ``level_raw``, ``five_level``, ``interval`` (the class that the score is in: above the first, up to
        the second number, None where there is no such limit), ``combined`` (how the contributions make the score), the place, its township, the control rule and
        what it looked at, and the chain of each kind of asset.

    Raises
    ------
    DataError
        The place is outside the area.
    OutputError
        There is no build, or its grids do not give the score that they hold.
    """
    return Explainer.of(project, out).at(lon, lat)


def chain(context: Context) -> dict[str, LayerPart]:
    """Give for all cells what each layer brings to the score, for popups: raw, normalised and contribution, by layer.

    Parameters
    ----------
    context : Context
        Of a build whose risk step is done.
    """
    recipe = scoring.recipe_again(context)
    return recipe.parts(scoring.raw_layers(context, recipe))


@dataclass(eq=False)
class Explainer:
    """What a build left in its output folder, opened once to explain many places.

    Parameters
    ----------
    loaded : Loaded
        The project.
    folder : Path
        Output folder of the build.
    catalog : Catalog
    """

    loaded: Loaded
    folder: Path
    catalog: Catalog

    @classmethod
    def of(cls, project: str | Path, out: str | Path | None = None) -> Explainer:
        """Open the output of a project; arguments and errors as of :func:`explain`."""
        catalog = house()
        loaded = load(project, catalog)
        return cls(loaded, Path(out) if out is not None else Path("out") / loaded.folder.name, catalog)

    @cached_property
    def run(self) -> dict[str, Any]:
        """What ``run.json`` tells."""
        found = record.read_json(self.folder / record.RUN)
        if found is None or "risk" not in found["totals"]:
            raise OutputError(
                Text("没有完成的成果", "there is no finished build"),
                remedy=Text("先运行 riskmap build", "run riskmap build first"),
                file=str(self.folder),
            )
        return found

    @cached_property
    def database(self) -> Database:
        """The delivered database."""
        return Database(self.folder / "riskmap.gpkg")

    @cached_property
    def boundary(self) -> Any:
        """Rows of the area."""
        return self.database.read("boundary")

    @cached_property
    def grid(self) -> Grid:
        """Grid of the delivered levels."""
        return windows.grid_of(self._path("risk_level"))

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Cells of the area."""
        return zonal.inside(self.boundary, self.grid)

    @cached_property
    def _units(self) -> Any:
        return self.database.read("risk_units") if "risk_units" in self.database.layers() else None

    @cached_property
    def _rules(self) -> tuple[control.Rule, ...]:
        project, house = self.loaded.project, self.catalog.facts("zoning").tables["control_rules"].rows
        return control.rules(project.control.rules or project.facts.get("zoning", {}).get("control_rules") or house)

    @cached_property
    def _nearest(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        return zonal.nearest_inside(self.inside)

    def _path(self, layer: str) -> Path:
        return self.folder / "grids" / f"{layer}.tif"

    def _raw(self, layers: Iterable[str], cell: tuple[int, int]) -> dict[str, NDArray[Any]]:
        """Read one cell of some grids, as arrays of one value."""
        (top, row), (left, column) = divmod(cell[0], TILE), divmod(cell[1], TILE)
        return {layer: self._tile(layer, top, left)[row, column].reshape(1) for layer in layers}

    @cached_property
    def _tile(self) -> Callable[[str, int, int], NDArray[Any]]:
        """A reader of tiles of grids that remembers some."""
        ny, nx = self.grid.shape

        def read(layer: str, top: int, left: int) -> NDArray[Any]:
            row, column = top * TILE, left * TILE
            window = Window(row, column, min(TILE, ny - row), min(TILE, nx - column))
            return windows.read_window(self._path(layer), window)

        return lru_cache(maxsize=TILES)(read)

    def has(self, layer: str) -> bool:
        """Tell whether the build delivered a grid."""
        return f"grids/{layer}.tif" in self.run["outputs"]

    def _value(self, layer: str, cell: tuple[int, int]) -> Any:
        """Give a grid's value in a cell as a plain number; None for unknown, or where there is no such grid."""
        if not self.has(layer):
            return None
        value = self._raw([layer], cell)[layer].item()
        return None if value != value else value  # noqa: PLR0124 (NaN)

    def at(self, lon: float, lat: float) -> dict[str, Any]:
        """Give the chain of a place; arguments, result and errors as of :func:`explain`."""
        told = self.run["totals"]["risk"]
        x, y = transformer(LONLAT, self.grid.crs).transform(lon, lat)
        cell = self._cell_of(x, y, lon, lat)
        recipe = self._whole
        raw = self._raw(recipe.weights, cell)
        score = recipe.score(raw)
        raw_level, five = self._levels(score, told)
        self._require_equal(cell, score, raw_level)
        level = int(self._value("risk_level", cell))
        return {
            "lon": lon,
            "lat": lat,
            "x": x,
            "y": y,
            "township": self._township(x, y),
            "people": self._value("exposure_population", cell),
            "level": level,
            "colour": LEVELS[level].colour,
            "level_raw": raw_level,
            **({"five_level": five} if five is not None else {}),
            "merged": level != raw_level,
            "score": None if np.isnan(score[0]) else float(score[0]),
            "breaks": told["breaks"],
            "interval": _interval(score[0], told["breaks"]),
            "method": told["method"],
            "missing": told["missing"],
            "combined": COMBINED[recipe.method],
            "weights_from": told["weights_from"],
            "layers": rows_of(recipe, raw),
            **self._control(cell),
            **self._probability(cell),
            **self._assets(cell),
        }

    def _cell_of(self, x: float, y: float, lon: float, lat: float) -> tuple[int, int]:
        """Give row and column of the place's cell; on the border, of the nearest cell that belongs to the area."""
        here = shapely.Point(x, y)
        flat = int(self.grid.locate(np.array([x]), np.array([y]))[0])
        if flat < 0 or not self.boundary.geometry.intersects(here).any():
            raise DataError(
                Text(f"{lon:g}, {lat:g} 不在区域内", f"{lon:g}, {lat:g} is outside the area"),
                remedy=Text("先经度后纬度，单位为度", "longitude first, then latitude, in degrees"),
            )
        row, column = divmod(flat, self.grid.shape[1])
        rows, columns = self._nearest
        return int(rows[row, column]), int(columns[row, column])

    @cached_property
    def _whole(self) -> Recipe:
        return self._recipe(self.run["totals"]["risk"]["recipe"])

    def _recipe(self, told: Mapping[str, Any]) -> Recipe:
        ordered = {}
        for layer, numbers in told["scales"].items():
            if numbers["method"] == "rank":
                values = read_grid(self._path(layer)).values[self.inside].astype(np.float64)
                ordered[layer] = np.sort(values[~np.isnan(values)])
        return Recipe.from_record(told, ordered)

    def _levels(self, score: NDArray[np.float32], told: Mapping[str, Any]) -> tuple[int, int | None]:
        """Give the level before the merge, and the five level beside it where there is one."""
        found = int(classify.levels(score, np.array(told["breaks"]))[0])
        if told["five_to_four"] is None:
            return found, None
        return int(to_four(np.array([found]), {int(k): v for k, v in told["five_to_four"].items()})[0]), found

    def _require_equal(self, cell: tuple[int, int], score: NDArray[np.float32], level: int) -> None:
        """Raise when the delivered grids do not give the score and level that stand in them."""
        held = self._raw(("risk_score", "risk_level_raw"), cell)
        stored = held["risk_score"][0]
        same = stored == score[0] or (np.isnan(stored) and np.isnan(score[0]))
        if not same or int(held["risk_level_raw"][0]) != level:
            raise OutputError(
                Text(
                    f"由各图层得 {score[0]!r}（等级 {level}），栅格里是 {stored!r}",
                    f"the layers give {score[0]!r} (level {level}), the grid holds {stored!r}",
                ),
                remedy=Text("再运行一次 riskmap build", "run riskmap build again"),
                file=str(self.folder),
            )

    def _township(self, x: float, y: float) -> dict[str, Any] | None:
        if self._units is None:
            return None
        units = self._units
        here = units[units.geometry.intersects(shapely.Point(x, y))]
        if not len(here):
            return None
        return {"name": here[fields.NAME].iloc[0], "code": here[fields.CODE].iloc[0]}

    def _control(self, cell: tuple[int, int]) -> dict[str, Any]:
        """Give the control zone, the rule that fired, and whether the patch merge changed the zone."""
        if not self.has("control_rule"):
            return {}
        number, zone = int(self._value("control_rule", cell)), int(self._value("control_zone", cell))
        rule = self._rules[number - 1] if number else None
        reason = rule.reason if rule else Text("风险未知", "risk unknown")
        return {
            "zone": zone,
            "reason": {"zh": reason.zh, "en": reason.en},
            "rule": number,
            "zone_merged": bool(rule and rule.zone != zone),
            "capacity": self._value("capacity", cell),
        }

    def _probability(self, cell: tuple[int, int]) -> dict[str, Any]:
        if not self.has("colour_stability"):
            return {}
        by_colour = {level.colour: self._value(f"colour_probability_{level.colour}", cell) for level in LEVELS[1:]}
        return {"probability": by_colour, "stability": self._value("colour_stability", cell)}

    def _assets(self, cell: tuple[int, int]) -> dict[str, Any]:
        """Give the chain of each kind of asset: the hazards to the combined hazard, then the product."""
        chains = {}
        for asset, told in self.run["totals"].get("assets", {}).items():
            recipe = AssetRecipe(self._recipe(told["recipe"]["hazard"]), self._recipe(told["recipe"]["factors"]))
            raw = self._raw(recipe.layers, cell)
            score = recipe.score(raw)
            with_hazard = {**raw, HAZARD: recipe.hazard.score(raw)}
            chains[asset] = {
                "score": None if np.isnan(score[0]) else float(score[0]),
                "level": int(self._value(f"asset_level_{asset}", cell)),
                "breaks": told["breaks"],
                "hazard": {
                    "method": recipe.hazard.method,
                    "weights_from": told["weights_from"],
                    "layers": rows_of(recipe.hazard, raw),
                },
                "method": recipe.factors.method,
                "layers": rows_of(recipe.factors, with_hazard),
            }
        return {"assets": chains} if chains else {}


COMBINED = {
    "weighted_sum": "sum of the contributions",
    "maximum": "largest contribution",
    "product": "product of the contributions",
    "geometric_mean": "product of the contributions",
    "power": "product of the contributions",
    "matrix": "product of the contributions",
}


def _interval(score: np.float32, breaks: list[float]) -> list[float | None] | None:
    """Give the limits between which a score is: above the first, up to the second; None where there is no such limit."""
    if np.isnan(score):
        return None
    number = int(classify.levels(np.array([score]), np.array(breaks))[0])
    # stated limits may end below the largest score, which is in the last class all the same
    beyond = score > np.float32(breaks[-1])
    return [breaks[number - 2] if number > 1 else None, None if beyond else breaks[number - 1]]


def rows_of(recipe: Recipe, raw: Mapping[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """Give the chain of one cell as plain rows, in the order in which the contributions are combined.

    Parameters
    ----------
    recipe : Recipe
    raw : mapping of layer -> array of one value

    Returns
    -------
    list of dict
        ``layer, raw, normalised, weight, contribution``; None where unknown. ``weight`` is the one that was used here: with
        ``missing: renormalise`` it is the layer's share among the known ones.
    """
    parts = recipe.parts(raw)
    known = sum(recipe.weights[layer] for layer, part in parts.items() if not np.isnan(part.normalised[0]))
    anew = recipe.missing == "renormalise" and recipe.method in RESCALED and known > 0
    rows = []
    for layer in sorted(parts, key=lambda layer: recipe.names.get(layer, layer)):
        part = parts[layer]
        unknown = np.isnan(part.normalised[0])
        weight = recipe.weights[layer] / known if anew else recipe.weights[layer]
        rows.append(
            {
                "layer": layer,
                "raw": None if unknown else part.raw[0].item(),
                "normalised": None if unknown else float(part.normalised[0]),
                "weight": 0.0 if anew and unknown else float(weight),
                "contribution": None if np.isnan(part.contribution[0]) else float(part.contribution[0]),
            }
        )
    return rows
