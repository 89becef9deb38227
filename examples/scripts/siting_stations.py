"""Only siting: a matrix of times from any router, exact answers with their proven gap."""

import numpy as np
import pandas as pd

from riskmap.network.siting import fewest_sites, max_coverage

rng = np.random.default_rng(7)
demand = pd.DataFrame(rng.uniform(0, 10_000, (80, 2)), columns=["x", "y"])
sites = demand.sample(15, random_state=7)
metres = np.hypot(demand.x.to_numpy()[:, None] - sites.x.to_numpy(), demand.y.to_numpy()[:, None] - sites.y.to_numpy())
times = pd.DataFrame(metres / 10.0, columns=[f"S{k}" for k in range(15)])
people = pd.Series(rng.integers(50, 900, 80))

best = max_coverage(times, people, p=4, limit_s=240)
print("four stations:", sorted(best.sites), f"cover {best.value / people.sum():.1%}, gap {best.gap:.1%}")
print("all within 480 s need", len(fewest_sites(times, people, limit_s=480).sites), "stations")
