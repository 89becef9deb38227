"""Run as a program: build a project in processes that are killed; ``python killing.py PROJECT OUT``.

Reads a number of seconds a line, builds in a fork that is killed after so long, and prints whether it was and how long it
lived. The libraries are loaded once, so that the time to death is the build's own.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time

import riskmap

LOADED = (
    "riskmap.workflow.build",
    "geopandas",
    "pyogrio",
    "rasterio.features",
    "exactextract",
    "mapclassify",
    "openpyxl",
)
"""What a build imports as it goes."""


def killed(project: str, out: str, seconds: float) -> bool:
    """Build in a fork and kill it after some time, unless it is done."""
    child = os.fork()
    if child == 0:
        try:
            riskmap.build(project, out)
            os._exit(0)
        except BaseException as error:  # a fork must not return into the parent's code
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
    killer = threading.Timer(seconds, os.kill, (child, signal.SIGKILL))
    killer.start()
    _, status = os.waitpid(child, 0)
    killer.cancel()
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status) != 0:
        sys.exit("a build failed by itself")
    return False


if __name__ == "__main__":
    for module in LOADED:
        importlib.import_module(module)
    for moment in sys.stdin:
        begun = time.perf_counter()
        print(killed(sys.argv[1], sys.argv[2], float(moment)), round(time.perf_counter() - begun, 3), flush=True)
