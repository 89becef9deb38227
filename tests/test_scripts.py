"""The scripts for library users run as they stand, and print what they should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPTS = ROOT / "examples" / "scripts"
PRINTED = {
    "ahp_weights.py": "CR 0.0032",
    "batch_counties.py": "hegang-luobei 206,072 people",
    "compose_rasters.py": "cells by level [  25",  # the unknown corner, 5 x 5
    "fire_coverage.py": "share of the built-up area 0.4",
    "hazchem_grade.py": "alpha 1.5",
    "network_on_osmnx.py": "route to 3: 270.0 s over [0, 1, 2, 3]",
    "only_hca.py": "in all 108.0",
    "siting_stations.py": "gap 0.0%",
    "to_postgis.py": "6 townships, 49,946 people, in a GeoPackage",
    "with_xarray.py": "own sum: True",
}


def test_every_script_is_tested() -> None:
    assert {p.name for p in SCRIPTS.glob("*.py")} == set(PRINTED)
    assert len(PRINTED) == 10


@pytest.mark.parametrize("name", sorted(PRINTED))
def test_a_script_prints_what_it_should(name: str, tmp_path: Path) -> None:
    settings = {k: v for k, v in os.environ.items() if k != "RISKMAP_POSTGIS"}
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / name)],
        cwd=tmp_path,
        env=settings | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert PRINTED[name] in done.stdout
