"""Only major hazards: an inventory in, S, R and the grade out, with screening radii."""

import pandas as pd

from riskmap.overlay.hazchem import fireball, grade, vapour_cloud

inventory = pd.DataFrame({"substance": ["液氨", "液氯", "甲醇"], "quantity_t": [120.0, 30.0, 900.0]})
graded = grade(inventory, people_500m=64)
print("S", round(graded.s, 2), "alpha", graded.alpha, "R", round(graded.r, 2), "grade", graded.grade)
print("fireball of 50 t:", round(fireball(50_000).radius_m, 1), "m")
print("vapour cloud of 50 t of LPG, deaths to:", round(vapour_cloud(50_000, heat_mj_kg=46.5).death_m, 1), "m")
