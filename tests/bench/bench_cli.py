"""How long ``riskmap --help`` takes beside a bare click program: at most twice."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15
BARE = "import click\n@click.group()\ndef main():\n    'A bare program.'\n@main.command()\ndef build():\n    'Build.'\nmain(['--help'])\n"
OURS = "from riskmap.cli import main\nmain(['--help'])\n"


def seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return time.perf_counter() - start


def test_help_is_instant(benchmark, tmp_path: Path) -> None:
    seconds(BARE), seconds(OURS)
    pairs = [(seconds(BARE), seconds(OURS)) for _ in range(RUNS)]
    bare, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"\nriskmap --help {ours * 1e3:.0f} ms, bare click {bare * 1e3:.0f} ms, ratio {ours / bare:.2f} (at most 2)")
    benchmark.pedantic(seconds, args=(OURS,), rounds=5)
    assert ours / bare <= 2
