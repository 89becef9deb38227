"""Compose my own rasters: two hazards and people on one grid become a score and four levels; unknown stays unknown."""

import numpy as np

from riskmap.risk.classify import breaks
from riskmap.risk.compose import compose

rng = np.random.default_rng(1)
flood = rng.gamma(2.0, 0.3, (60, 80))
slope = rng.beta(2, 5, (60, 80))
people = rng.poisson(4, (60, 80)).astype(float)
flood[:5, :5] = np.nan  # nobody surveyed this corner

layers = {"flood": flood / np.nanmax(flood), "slope": slope / slope.max(), "people": people / people.max()}
score = compose(layers, weights={"flood": 0.5, "slope": 0.2, "people": 0.3}, method="weighted_sum")
limits = breaks(score[~np.isnan(score)], scheme="natural_breaks", k=4)
level = np.where(np.isnan(score), 0, np.searchsorted(limits, score) + 1)
print("upper limits", np.round(limits, 3), "cells by level", np.bincount(level.ravel().astype(int), minlength=5))
