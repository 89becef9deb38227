"""Weights from judgements: the consistency ratio, and which judgement disturbs it most."""

import pandas as pd

from riskmap.risk.weights import ahp

names = ["flood", "landslide", "wildfire"]
judged = ahp(pd.DataFrame([[1, 3, 5], [1 / 3, 1, 2], [1 / 5, 1 / 2, 1]], names, names))
print(judged.weights.round(3).to_dict(), "CR", round(judged.cr, 4))

careless = ahp(pd.DataFrame([[1, 3, 1 / 5], [1 / 3, 1, 2], [5, 1 / 2, 1]], names, names), max_cr=None)
print("CR", round(careless.cr, 2), "most inconsistent:", careless.worst)
