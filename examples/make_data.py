"""Make ``data/`` and ``facts.json`` of example places again: seeded, offline, the same bytes each time.

Run: python examples/make_data.py [NAME ...]. Needs what riskmap needs. Names, codes and totals are real; every position
and shape is invented (the README of each place tells which is which).
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACES = ("linzi", "haian", "hegang", "yonghe", "linjiang")


def make_place(name: str, folder: Path) -> None:
    """Write the data of one example place into a folder."""
    sys.path[:0] = [] if str(HERE) in sys.path else [str(HERE)]
    from synth.answers import make

    contents = getattr(import_module(f"{name}.place"), f"{name.upper()}_CONTENTS")
    make(contents, folder, compact=name != "linzi")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PLACES:
        make_place(wanted, HERE / wanted)
