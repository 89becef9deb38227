"""A delivered page in Firefox, where one is installed: drawn in the palette's colours, also without ``DecompressionStream``."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser import require
from PIL import Image

from riskmap.data.catalog import house

LEAST = 10_000
"""Dots of each colour; the small county has tens of thousands of each."""

STAGE = (520, 100, 1280, 860)
"""Of the picture: the map without the panel, whose legend has the same colours."""

SECONDS = 8.0


class _Slow(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(SECONDS)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow_address() -> Iterator[str]:
    """Give an address that answers late: Firefox photographs a page when everything in it has been answered."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/late"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.browser
@pytest.mark.parametrize("old", [False, True])
def test_firefox_draws_the_colours(threatened_out: Path, tmp_path: Path, old: bool) -> None:
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    require(firefox, "Firefox is not installed")
    picture, profile, frame = tmp_path / "page.png", tmp_path / "profile", tmp_path / "frame.html"
    profile.mkdir()
    if old:
        # what Firefox lacked before version 113
        setting = 'user_pref("dom.compression_streams.enabled", false);\n'
        (profile / "user.js").write_text(setting, encoding="utf-8")
    page = (threatened_out / "maps" / "risk-zoning.html").resolve().as_uri()
    with slow_address() as late:
        frame.write_text(
            f'<style>body {{ margin: 0 }} iframe {{ width: 1600px; height: 900px; border: 0 }}</style><iframe src="{page}"></iframe><img src="{late}">',
            encoding="utf-8",
        )
        subprocess.run(
            [firefox, "--headless", "--no-remote", "--profile", str(profile), "--window-size", "1600,900", "--screenshot", str(picture), frame.as_uri()],
            check=True, capture_output=True, timeout=120, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"},
        )  # fmt: skip
    with Image.open(picture) as seen:
        colours = {rgb: count for count, rgb in seen.convert("RGB").crop(STAGE).getcolors(1 << 24)}
    for word in ("red", "orange", "yellow", "blue"):
        rgb = house().rgb(word)
        assert colours.get(tuple(int(rgb[i : i + 2], 16) for i in (1, 3, 5)), 0) > LEAST, word
