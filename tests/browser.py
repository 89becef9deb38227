"""Open pages in Chromium with every name unresolvable, and note what they ask for and what they complain about."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

READY = "window.riskmap !== undefined && window.riskmap.ready === true"


def require(condition: Any, reason: str) -> None:
    """Skip the test when something it needs is absent; fail where everything must be there.

    ``RISKMAP_REQUIRE_ALL=1`` turns the skip into a failure.
    """
    if condition:
        return
    if os.environ.get("RISKMAP_REQUIRE_ALL") == "1":
        pytest.fail(f"required here, but absent: {reason}", pytrace=False)
    pytest.skip(reason)


def executable() -> str | None:
    """Give the path of a Chromium: ``RISKMAP_CHROMIUM``, else one on the path, else playwright's own."""
    named = os.environ.get("RISKMAP_CHROMIUM")
    found = [named] if named else [shutil.which(name) for name in NAMES]
    for path in found:
        if path and Path(path).exists():
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        own = play.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a running browser; skip or fail (see :func:`require`) without one."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        require(False, "playwright is not installed")
        raise
    path = executable()
    require(path, "no Chromium found (set RISKMAP_CHROMIUM, or install chromium)")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """An open page and everything it asked for or complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def run(self, script: str, argument: Any = None) -> Any:
        """Give the value of a piece of the page's own JavaScript."""
        return self.page.evaluate(script, argument)

    def until(self, condition: str, *, seconds: float = 20.0) -> None:
        """Wait until a JavaScript condition holds.

        Playwright's own ``wait_for_function`` evaluates text inside the page, which the page's content policy forbids.
        """
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, f"not within {seconds} s: {condition}; complaints: {self.complaints()}"
            self.page.wait_for_timeout(20)

    def complaints(self) -> list[str]:
        """Give every request beside the page itself, every console error or warning, and every uncaught error."""
        return self.requests + self.console + self.errors


@contextmanager
def visit(
    browser: Browser, path: Path, *, width: int = 1600, height: int = 900, before: str = "", **context: Any
) -> Iterator[Visit]:
    """Open a file and wait until its map is fully drawn.

    Parameters
    ----------
    browser : Browser
    path : Path
    width, height : int
        Of the window, CSS pixels.
    before : str
        JavaScript that runs before the page's own.
    **context
        For ``browser.new_context``: ``color_scheme``, ``device_scale_factor``, ...
    """
    room = browser.new_context(viewport={"width": width, "height": height}, **context)
    try:
        page = room.new_page()
        seen = Visit(page)
        address = path.resolve().as_uri()
        page.on(
            "request", lambda r: None if r.url == address or r.url.startswith("data:") else seen.requests.append(r.url)
        )
        page.on("console", lambda m: seen.console.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: seen.errors.append(str(e)))
        if before:
            page.add_init_script(before)
        page.goto(address)
        seen.until(READY)
        yield seen
    finally:
        room.close()
