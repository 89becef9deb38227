"""What the wheel holds, and that it works away from the checkout."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the checkout, so that no old build folder gets in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    wanted = [n for n in tracked.split("\0") if n and not n.startswith("tests/")]
    for name in wanted:
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(source)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {n for n in archive.namelist() if ".dist-info/" not in n}


def test_the_wheel_holds_all_declarations_and_no_more(wheel: Path) -> None:
    declared = {
        f"riskmap/{p.relative_to(ROOT).as_posix()}"
        for f in ("layers", "styles")
        for p in (ROOT / f).rglob("*")
        if p.suffix in (".yaml", ".csv")
    }
    assert len(declared) > 80
    assert {n for n in names(wheel) if n.startswith(("riskmap/layers/", "riskmap/styles/"))} == declared


def test_the_wheel_holds_every_module_and_asset(wheel: Path) -> None:
    package = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "riskmap").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert {
        n for n in names(wheel) if not n.startswith(("riskmap/layers/", "riskmap/styles/", "riskmap/examples/"))
    } == package
    assert "riskmap/py.typed" in package
    assert any(n.endswith("leaflet/LICENSE") for n in package)


def test_setup_cfg_lists_every_package() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = set(config["options"]["packages"].split())
    found = {".".join(p.parent.relative_to(ROOT).parts) for p in (ROOT / "riskmap").rglob("__init__.py")}
    assert listed == found | {"riskmap.layers", "riskmap.styles", "riskmap.examples"}


def test_declarations_load_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import riskmap; from riskmap.data.catalog import house; c = house();"
        "print(riskmap.__file__, len(c.layer_specs), len(c.style_specs), c.facts('zoning').id)"
    )
    result = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    where, layers, styles, topic = result.stdout.rsplit(maxsplit=3)
    assert str(tmp_path) in where
    assert int(layers) > 50
    assert int(styles) > 30
    assert topic == "zoning"


def test_an_example_comes_out_of_the_wheel_whole(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    for place in ("linzi", "haian", "hegang", "yonghe", "linjiang"):
        code = f"from riskmap.cli import main; main(['init', {str(tmp_path / place)!r}, '--example', {place!r}])"
        subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); {code}"],
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        source = ROOT / "examples" / place
        wanted = {p.relative_to(source) for p in source.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
        made = {p.relative_to(tmp_path / place) for p in (tmp_path / place).rglob("*") if p.is_file()}
        assert made == wanted, place
        for name in wanted:
            assert (tmp_path / place / name).read_bytes() == (source / name).read_bytes(), name


@pytest.mark.parametrize(("system", "folder"), [("Windows_NT", "Scripts"), ("", "bin")])
def test_a_wheel_is_made_on_windows_too(system: str, folder: str) -> None:
    """A wheelhouse for Windows must be made there, where an environment keeps its programs in another folder."""
    planned = subprocess.run(
        ["make", "-n", "wheel", f"OS={system}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert f".venv-build/{folder}/python -m build" in planned
