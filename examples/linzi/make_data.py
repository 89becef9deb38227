"""Rebuild data/ and facts.json of the Linzi example: seeded, offline, the same bytes each time.

Needs geopandas, pyogrio, rasterio, shapely, openpyxl, scipy and numpy. Run: python make_data.py
Names, codes and totals are real; every position and shape is invented (README.md tells which is which).
"""

from __future__ import annotations

import json
from pathlib import Path

from synth.answers import write_all
from synth.common import SEED
from synth.country import build_country
from synth.files import Writer

HERE = Path(__file__).resolve().parent


def make(folder: Path) -> None:
    """Build the district and write its files into ``folder``."""
    facts = {"seed": SEED, **write_all(build_country(), Writer(folder / "data"))}
    text = json.dumps(facts, ensure_ascii=False, indent=1)
    (folder / "facts.json").write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(HERE)
