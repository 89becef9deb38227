"""Plug into xarray: labelled cubes go in as they are, and come back labelled."""

import numpy as np
import xarray as xr

from riskmap.risk.compose import compose

axes = {"y": np.arange(40)[::-1] * 100.0, "x": np.arange(50) * 100.0}
rng = np.random.default_rng(3)
cube = xr.Dataset({name: (("y", "x"), rng.random((40, 50))) for name in ("flood", "quake", "people")}, coords=axes)

weights = {"flood": 0.4, "quake": 0.2, "people": 0.4}
score = xr.DataArray(
    compose({name: cube[name].to_numpy() for name in weights}, weights=weights, method="weighted_sum"),
    coords=cube.coords,
    name="risk",
)
expected = sum(cube[name] * weight for name, weight in weights.items())
print("the same as xarray's own sum:", bool(np.allclose(score, expected)), "highest at", score.argmax(...)["x"].item())
