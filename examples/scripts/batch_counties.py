"""A hundred counties in one go (here two of one city): one that stops does not stop the others."""

import sys
import tempfile
from pathlib import Path

from riskmap.workflow.counties import build_each

HEGANG = Path(__file__).resolve().parents[1] / "hegang"

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    projects = [HEGANG / f"{name}.yaml" for name in ("luobei", "missing", "suibin")]
    for county in build_each(projects, out, jobs=2, only=["zones"]):
        if county.run is None:
            print(county.name, "stopped:", county.error.en.splitlines()[0])
        else:
            print(county.name, f"{county.run['totals']['zones']['people']['inside']:,.0f} people")
