"""Why this colour: the chain that ``explain`` tells is done again by hand, from its own numbers and nothing else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from riskmap.cli import main
from riskmap.crs import LONLAT, transformer
from riskmap.data.rasters import read_grid
from riskmap.errors import DataError, OutputError
from riskmap.workflow.explain import Explainer, explain
from tests.worlds import METRIC, built, grid_of, small_county

RISKS = {
    "given": {
        "weights": {"hazard_flood": 0.5, "hazard_earthquake": 0.2, "hazard_geology": 0.3},
        "assets": {
            "population": {"capacity": True},
            "gdp": {"method": "power", "exponents": {"hazard": 0.5, "exposure": 0.3}},
        },
        "sensitivity": {"runs": 20},
    },
    "renormalise": {
        "missing": "renormalise",
        "normalise": {"method": "rank"},
        "classify": {"scheme": "quantile", "k": 5},
    },
    "geometric": {"method": "geometric_mean", "normalise": {"method": "half_one"}, "missing": "conservative"},
    "power": {"method": "power", "weights": {"hazard_flood": 0.5, "exposure_population": 1.5, "capacity": 2}},
    "maximum": {"method": "maximum", "weights": {"hazard_flood": 1, "hazard_geology": 1}},
    "product": {"method": "product", "weights": {"hazard_flood": 1, "hazard_earthquake": 1, "exposure_gdp": 1}},
    "five asked, four found": {"weights": {"hazard_geology": 1}, "classify": {"scheme": "quantile", "k": 5}},
    "beyond": {"classify": {"fixed": [0.3, 0.4, 0.45, 0.5]}},
    "z_score": {"normalise": {"method": "z_score"}, "classify": {"scheme": "std_mean", "k": 4}},
}


@pytest.fixture(scope="module", params=RISKS)
def county(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict]:
    folder = tmp_path_factory.mktemp(request.param)
    file = small_county(folder, RISKS[request.param])
    built(file, folder / "out", "risk", "zones", "assets", "sensitivity")
    return file, folder / "out", RISKS[request.param]


def score_by_hand(told: dict) -> float | None:
    """Combine the contributions as the words say, in float64, rounded to float32 at the end."""
    parts = [row["contribution"] for row in told["layers"]]
    known = [p for p in parts if p is not None]
    if told["missing"] == "renormalise":
        parts = known
    if not parts or None in parts:
        return None
    if told["combined"] == "sum of the contributions":
        total = 0.0
        for p in parts:
            total += p
    elif told["combined"] == "product of the contributions":
        total = math.prod(parts)
    else:
        total = max(parts)
    return float(np.float32(total))


def contribution_by_hand(row: dict, method: str) -> float | None:
    x = row["normalised"]
    if x is None:
        return None
    x = 1 - x if row["layer"] == "capacity" else x
    return (
        x * row["weight"]
        if method == "weighted_sum"
        else x ** row["weight"]
        if method in ("power", "geometric_mean")
        else x
    )


def level_by_hand(score: float | None, breaks: list[float]) -> int:
    return 0 if score is None else 1 + sum(score > limit for limit in breaks[:-1])


def test_five_hundred_cells_by_hand(county: tuple[Path, Path, dict]) -> None:
    file, out, _ = county
    explainer = Explainer.of(file, out)
    grid = read_grid(out / "grids" / "risk_level.tif").grid
    x, y = np.meshgrid(*grid.centres())
    cells = np.flatnonzero(explainer.inside)
    rng = np.random.default_rng(5)
    cells = rng.choice(cells, 500, replace=False)
    lon, lat = transformer(METRIC, LONLAT).transform(x.flat[cells], y.flat[cells])
    delivered = {
        n: read_grid(out / "grids" / f"{n}.tif").values.flat[cells]
        for n in ("risk_level", "risk_level_raw", "risk_score", "control_zone")
    }
    run = json.loads((out / "run.json").read_text("utf-8"))
    seen = set()
    for n in range(len(cells)):
        told = explainer.at(lon[n], lat[n])
        for row in told["layers"]:
            expected = contribution_by_hand(row, told["method"])
            if expected is not None:
                assert row["contribution"] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        score = score_by_hand(told)
        stored = delivered["risk_score"][n]
        assert (score is None and np.isnan(stored)) or score == stored
        assert told["score"] == score
        found = level_by_hand(score, told["breaks"])
        if "five_level" in told:
            assert told["five_level"] == found
            found = run["totals"]["risk"]["five_to_four"][str(found)] if found else 0
        assert found == told["level_raw"] == delivered["risk_level_raw"][n]
        assert told["level"] == delivered["risk_level"][n]
        assert told["merged"] == (told["level"] != told["level_raw"])
        assert told["zone"] == delivered["control_zone"][n]
        if score is not None:
            low, high = told["interval"]
            assert (low is None or score > low) and (high is None or score <= high)
        seen.add(found)
    assert len(seen) >= min(4, len(run["totals"]["risk"]["breaks"]) - 1)


def test_normalised_values_by_hand(tmp_path: Path) -> None:
    """min-max over the area, levels as (level - 1) / (k - 1): from the delivered layers, not from the recipe."""
    file = small_county(tmp_path, {"weights": {"hazard_flood": 0.6, "hazard_geology": 0.4}})
    made = built(file, tmp_path / "out", "risk")
    explainer = Explainer.of(file, tmp_path / "out")
    flood = np.where(explainer.inside, grid_of(made, "hazard_flood"), np.nan)
    low, high = np.nanmin(flood), np.nanmax(flood)
    told = explainer.at(*transformer(METRIC, LONLAT).transform(601_000.0, 4_051_000.0))
    by_layer = {row["layer"]: row for row in told["layers"]}
    row = by_layer["hazard_flood"]
    assert row["normalised"] == pytest.approx((row["raw"] - float(low)) / (float(high) - float(low)), rel=1e-12)
    row = by_layer["hazard_geology"]
    assert row["normalised"] == (row["raw"] - 1) / 4
    lower, upper = told["interval"]
    assert (lower is None or told["score"] > lower) and told["score"] <= upper


def test_the_rule_that_fired_is_the_one_of_the_table(tmp_path: Path) -> None:
    rules = [
        {"risk": [4], "zone": 3, "reason": {"zh": "红", "en": "red"}},
        {"risk": [1, 2, 3], "zone": 1, "reason": {"zh": "其余", "en": "rest"}},
    ]
    file = small_county(tmp_path, control={"rules": rules, "min_zone_ha": 0})
    made = built(file, tmp_path / "out", "risk", "zones")
    levels = grid_of(made, "risk_level")
    explainer = Explainer.of(file, tmp_path / "out")
    grid = read_grid(made.out / "grids" / "risk_level.tif").grid
    x, y = np.meshgrid(*grid.centres())
    for level, rule, reason in ((4, 1, "red"), (2, 2, "rest")):
        cell = np.flatnonzero((levels == level) & explainer.inside)[0]
        told = explainer.at(*transformer(METRIC, LONLAT).transform(x.flat[cell], y.flat[cell]))
        assert (told["rule"], told["reason"]["en"], told["zone_merged"]) == (rule, reason, False)


def test_chains_of_assets_add_up(tmp_path: Path) -> None:
    file, out = small_county(tmp_path, RISKS["given"]), tmp_path / "out"
    built(file, out, "risk", "assets")
    told = explain(file, *transformer(METRIC, LONLAT).transform(602_000.0, 4_052_000.0), out)
    for asset, chain in told["assets"].items():
        hazard = np.float32(sum(row["contribution"] for row in chain["hazard"]["layers"]))
        rows = {row["layer"]: row for row in chain["layers"]}
        assert rows["hazard"]["raw"] == hazard
        expected = math.prod(contribution_by_hand(row, chain["method"]) for row in chain["layers"])
        assert chain["score"] == pytest.approx(expected, rel=1e-6), asset
        assert chain["level"] == level_by_hand(chain["score"], chain["breaks"])


def test_outside_is_said_and_so_is_a_missing_build(tmp_path: Path) -> None:
    file = small_county(tmp_path)
    with pytest.raises(OutputError, match="no finished build"):
        explain(file, 118.1, 36.6, tmp_path / "nothing")
    built(file, tmp_path / "out", "risk")
    with pytest.raises(DataError, match="outside the area"):
        explain(file, 36.6, 118.1, tmp_path / "out")


def test_grids_that_were_tampered_with_are_not_explained_away(tmp_path: Path) -> None:
    import rasterio

    file = small_county(tmp_path)
    built(file, tmp_path / "out", "risk")
    with rasterio.open(tmp_path / "out" / "grids" / "risk_score.tif") as source:
        profile, values = source.profile, source.read(1)
    with rasterio.open(tmp_path / "out" / "grids" / "risk_score.tif", "w", **(profile | {"driver": "GTiff"})) as target:
        target.write(values + np.float32(0.01), 1)
    with pytest.raises(OutputError, match="the grid holds"):
        explain(file, *transformer(METRIC, LONLAT).transform(602_000.0, 4_052_000.0), tmp_path / "out")


def test_the_command_tells_the_same(tmp_path: Path) -> None:
    file = small_county(tmp_path, {"sensitivity": {"runs": 20}})
    built(file, tmp_path / "out", "risk", "zones", "sensitivity")
    lon, lat = transformer(METRIC, LONLAT).transform(602_000.0, 4_052_000.0)
    arguments = ["explain", str(file), f"{lon},{lat}", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*arguments, "--format", "json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert {"level", "score", "breaks", "zone", "reason", "merged", "layers", "method", "probability"} <= set(told)
    assert set(told["layers"][0]) == {"layer", "raw", "normalised", "weight", "contribution"}
    assert sum(told["probability"].values()) == pytest.approx(1, abs=1e-6)
    text = CliRunner().invoke(main, [*arguments, "--lang", "en"])
    assert text.exit_code == 0
    assert f"{told['score']:.6g}" in text.stdout
