"""A hundred counties in one go (here two of one city): one that stops does not stop the others."""

import sys
import tempfile
from pathlib import Path

from riskmap.workflow.counties import build_each

HEGANG = Path(__file__).resolve().parents[1] / "hegang"

if __name__ == "__main__":
    out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    for number, project in enumerate([HEGANG / "luobei.yaml", HEGANG / "missing.yaml", HEGANG / "suibin.yaml"]):
        for county in build_each([project], out / str(number), only=["zones"]):
            if county.run is None:
                print(project.name, "stopped:", county.error.en.splitlines()[0])
            else:
                print(project.name, f"{county.run['totals']['zones']['people']['inside']:,.0f} people")
