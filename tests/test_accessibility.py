"""An axe-core run over the delivered pages: nothing serious, in light and dark, with popup, presentation and phone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import Visit, chromium, require, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PAGES = ("risk-zoning", "control-zoning", "one-map", "fire-coverage", "evacuation")
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def axe() -> str:
    try:
        return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    except ModuleNotFoundError:
        require(False, "axe-playwright-python is not installed")
        raise


def findings(seen: Visit, axe: str) -> list[tuple[str, str, Any]]:
    """Give the serious findings of axe-core on what is shown now."""
    seen.page.evaluate(axe)
    told = seen.run("() => window.axe.run(document, {resultTypes: ['violations']})")
    assert told["passes"], "axe-core looked at nothing"
    return [
        (v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:4]])
        for v in told["violations"]
        if v["impact"] in GRAVE
    ]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_serious(browser: Browser, axe: str, threatened_out: Path, page: str, scheme: str) -> None:
    with visit(browser, threatened_out / "maps" / f"{page}.html", color_scheme=scheme, reduced_motion="reduce") as seen:
        assert findings(seen, axe) == []
        seen.run("() => window.riskmap.map.fire('click', {latlng: window.riskmap.map.getCenter()})")
        seen.until("() => document.querySelector('.leaflet-popup-content') !== null")
        assert findings(seen, axe) == []
        seen.page.keyboard.press("Escape")
        assert seen.run("() => document.querySelector('.leaflet-popup') === null")
        seen.page.click("#tool-present")
        seen.page.keyboard.press("PageDown")
        assert findings(seen, axe) == []
        assert not seen.complaints()


@pytest.mark.browser
def test_nothing_serious_on_a_phone(browser: Browser, axe: str, threatened_out: Path) -> None:
    with visit(browser, threatened_out / "maps" / "risk-zoning.html", width=390, height=800) as seen:
        assert findings(seen, axe) == []


@pytest.mark.browser
def test_the_yardstick_finds_faults(browser: Browser, axe: str, threatened_out: Path) -> None:
    with visit(browser, threatened_out / "maps" / "risk-zoning.html") as seen:
        seen.run("() => document.documentElement.removeAttribute('lang')")
        assert "html-has-lang" in {rule for rule, _, _ in findings(seen, axe)}
