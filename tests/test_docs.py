"""Pages that are made from the code are up to date; links and commands in the others are there."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from riskmap.data.catalog import house
from riskmap.workflow.project import load

sys.path.insert(0, str(Path(__file__).parent))
import make_docs

PAGES = sorted(
    p
    for p in (
        *ROOT.glob("*.md"),
        *ROOT.glob("layers/*.md"),
        *ROOT.glob("styles/*.md"),
        *(ROOT / "examples").glob("*/*.md"),
    )
)


@pytest.mark.parametrize("path", sorted(make_docs.pages()), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_made_pages_are_not_stale(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == make_docs.pages()[path], "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in ("API.md", "CLI.md")], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_commands_in_pages_are_commands(page: Path) -> None:
    from riskmap.cli import main

    for name in re.findall(
        r"riskmap ([a-z]+)(?= [A-Za-z./\u4e00-\u9fff-])",
        " ".join(re.findall(r"`{1,3}([^`]+)`", page.read_text(encoding="utf-8"))),
    ):
        assert name in main.commands, name


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "PROJECT.md"])
def test_project_files_in_pages_are_project_files(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = [block for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL) if block.startswith("schema:")]
    assert len(shown) == 1
    (tmp_path / "riskmap.yaml").write_text(shown[0], encoding="utf-8")
    load(tmp_path / "riskmap.yaml", house())


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in ("API.md", "CLI.md")], ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_codes_of_findings_in_pages_are_raised(page: Path) -> None:
    """The guide once told of codes that no check gives."""
    told = set(re.findall(r"`([A-Z]{3,}(?:_[A-Z]+)+)`", page.read_text(encoding="utf-8")))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "riskmap").rglob("*.py"))
    raised = {name for name in told if name in house().rules or f'"{name}"' in code}
    assert {name for name in told - raised if not name.startswith("RISKMAP_")} == set()


def test_every_formula_names_code_that_is_there() -> None:
    text = (ROOT / "METHODS.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| `((?:risk|overlay|network|workflow)\.[\w.]+)` \|", text)
    assert len(rows) > 20
    for name in rows:
        found = _resolved(f"riskmap.{name}".split("."))
        assert found is not None, name


def _resolved(parts: list[str]) -> object | None:
    """Give the module, or what a module holds, of a dotted name."""
    for cut in range(len(parts), 1, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found
    return None
