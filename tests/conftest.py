"""What several tests share: the open data where it is present, and small worlds worked out by hand."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import servers
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

# a busy machine is slow, not wrong
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

collect_ignore = [
    "qgis_look.py"
]  # a script for the system's Python, where QGIS is: the doctest collector would import it


def shared() -> Path:
    """Give the folder of open data beside the checkout, or skip the test: it is not part of the project."""
    common = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    for root in [ROOT, *([Path(common).parent] if common else [])]:
        if (root.parent / "shared" / "data").is_dir():
            return root.parent / "shared"
    pytest.skip("the open data folder is not beside this checkout")


@pytest.fixture(scope="session")
def threatened_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the output folder of the small county with threats of every kind; tests leave it as it is."""
    from threats import threatened

    import riskmap

    folder = tmp_path_factory.mktemp("threatened")
    one = {"maps": ["risk-zoning"], "formats": ["pdf"]}
    printed = ["A3", {"paper": "A4", **one}, {"paper": "A0", **one}, {"paper": "A3", "atlas": True, **one}]
    return riskmap.build(threatened(folder, output={"print": printed}), folder / "out").out


@pytest.fixture
def jinan() -> Path:
    """The project file of the Jinan core districts, built from real files."""
    return shared() / "projects" / "jinan" / "riskmap.yaml"


@pytest.fixture(scope="session")
def postgis_server() -> Iterator[str]:
    """The URL of a PostgreSQL server with PostGIS, started for this run of the tests."""
    with servers.postgis() as url:
        yield url


@pytest.fixture
def postgis(postgis_server: str) -> str:
    """The URL of an empty schema on the server."""
    return f"{postgis_server}?schema=区_{next(NUMBERS)}"


NUMBERS = itertools.count()
