"""Checks on the values of one layer: plausible amounts, codes and their parents, rows entered twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.crs import LONLAT, transformer
from riskmap.data.catalog import house
from riskmap.data.registry import Look, register
from riskmap.data.units import alternatives
from riskmap.text import Text

if TYPE_CHECKING:
    import pandas as pd

SLIP = 1e4
"""What a slip between persons and ten thousand persons multiplies by."""

FEWEST = 3
"""Fewer values show nothing usual."""

FAR_DEGREES = 0.005
"""Coordinates in the attributes that lie farther from the geometry (about 500 m) contradict it."""

PAIRS = (("jd", "wd"), ("lon", "lat"), ("lng", "lat"), ("经度", "纬度"))


@register("UNIT_SLIP", "POPULATION_SPARSE", layers=("townships", "exposure_population"), metric=True)
def density(look: Look) -> None:
    """People per km2 that no place has: the amount is in other units than it says."""
    if "population" not in look.frame or not (look.frame.geom_type.isin(("Polygon", "MultiPolygon"))).all():
        return
    people, km2 = look.frame["population"].astype("Float64").astype(float), look.frame.area / 1e6
    slipped = people / km2 > look.limit("max_people_per_km2")
    if slipped.any():
        _note_slip(look, slipped, float(people[slipped].iloc[0]), float(km2[slipped].iloc[0]), "max_people_per_km2")
        return
    total, area = float(people.sum()), float(km2.sum())
    if total / area > look.limit("max_people_per_km2_area"):
        _note_slip(look, people.notna(), total, area, "max_people_per_km2_area")
    elif people.notna().all() and 0 < total / area < look.limit("min_people_per_km2_area"):
        limit = look.limit("min_people_per_km2_area")
        look.ledger.note("POPULATION_SPARSE", field="population", value=total, km2=area, limit=limit)


def _note_slip(look: Look, rows: pd.Series, people: float, km2: float, limit: str) -> None:
    plain = people / SLIP
    values = {"value": people, "km2": km2, "density": people / km2, "limit": look.limit(limit)}
    facts = {"people_per_km2": round(people / km2), "suggested": round(plain)}
    look.ledger.rows("UNIT_SLIP", rows, field="population", plain=plain, instead=plain / km2, facts=facts, **values)


@register("UNIT_SUSPECTED")
def medians(look: Look) -> None:
    """Columns whose values are all in range, but typical of another unit."""
    for row in house().facts("plausible").tables["medians"].rows:
        if row["layer"] != look.spec.id or row["field"] not in look.frame:
            continue
        values = look.frame[row["field"]].astype("Float64").astype(float)
        values = values[values > 0]
        usual = float(values.median()) if len(values) >= FEWEST else np.nan
        if usual < row.get("below", -np.inf) or usual > row.get("above", np.inf):
            unit = look.spec.fields[row["field"]].unit
            look.ledger.note(
                "UNIT_SUSPECTED",
                field=row["field"],
                value=usual,
                looks=row["looks"],
                unit=unit,
                sample=row["sample"],
                rows_count=len(values),
            )


@register("UNIT_AREA", layers=("shelters",), metric=True)
def stated_areas(look: Look) -> None:
    """Areas in the attributes that are the drawn ones in another unit."""
    spec = look.spec.fields.get("area_m2")
    if spec is None or spec.unit is None or "area_m2" not in look.frame:
        return
    drawn = look.frame.area
    stated = look.frame["area_m2"].astype("Float64").astype(float)
    ratio = (stated / drawn.where(drawn > 0)).dropna()
    if len(ratio) < FEWEST or not ratio.median():
        return
    for word, factor in alternatives(spec.unit):
        # a usable area is less than the drawn one, but not by hundreds
        if 0.3 <= ratio.median() * factor <= 1.5:
            values: dict[str, Any] = {"stated": float(stated.median()), "drawn": float(drawn.median()), "looks": word}
            look.ledger.note("UNIT_AREA", field="area_m2", rows_count=len(ratio), unit=spec.unit, **values)
            return


@register("CODE_PROVINCE", layers=("boundary", "townships", "villages"))
def provinces(look: Look) -> None:
    """Codes whose first two digits are no province."""
    if "code" not in look.frame:
        return
    codes = look.frame["code"].astype("str")
    known = house().facts("codes").values["provinces"].value
    wrong = codes.str.fullmatch(r"\d+", na=False) & ~codes.str[:2].isin(known)
    if wrong.any():
        look.ledger.rows("CODE_PROVINCE", wrong, field="code", sample=codes[wrong].iloc[0])


@register("CODE_PARENT", layers=("townships", "villages"))
def same_county(look: Look) -> None:
    """Codes of another county than most of the layer's."""
    if "code" not in look.frame:
        return
    codes = look.frame["code"].astype("str")
    counties = codes.where(codes.str.fullmatch(r"\d{9}|\d{12}", na=False)).str[:6]
    if counties.nunique() < 2:
        return
    usual = counties.mode().iloc[0]
    # a city's layer has several counties; a stray one is a slip
    stray = counties.notna() & (counties != usual) & (counties.map(counties.value_counts()) <= 0.02 * len(counties))
    if stray.any():
        parent = Text("多数行所在的县", "the county of most rows")
        look.ledger.rows("CODE_PARENT", stray, field="code", parent=parent, wanted=usual, sample=codes[stray].iloc[0])


@register("ROW_DUPLICATE")
def whole_rows_twice(look: Look) -> None:
    """Rows that are wholly the same as an earlier one, geometry included."""
    if look.spec.id == "roads":
        return  # two-way streets come as twin rows
    plain = look.frame.drop(columns=[look.frame.geometry.name]) if look.spatial else look.frame
    if not len(plain.columns):
        return
    again = plain.duplicated()
    if again.any() and look.spatial:
        import shapely

        # only rows whose attributes repeat need their geometry compared
        repeated = plain.duplicated(keep=False)
        shapes = shapely.to_wkb(look.frame.geometry.to_numpy()[repeated])
        again = plain[repeated].assign(_shape=shapes).duplicated().reindex(look.frame.index, fill_value=False)
    look.ledger.rows("ROW_DUPLICATE", again)


@register("COORD_ATTRIBUTES")
def coordinate_attributes(look: Look) -> None:
    """Longitude and latitude columns that contradict the geometry; the geometry is used."""
    import pandas as pd

    moved = any(f.code in ("LONLAT_SWAPPED", "AXIS_SWAPPED", "CRS_CONVERTED") for f in look.ledger.findings)
    if not look.spatial or look.frame.crs is None or moved:
        return
    columns = {str(c).lower(): c for c in look.frame.columns}
    pair = next(((columns[a], columns[b]) for a, b in PAIRS if a in columns and b in columns), None)
    if pair is None or not (look.frame.geom_type == "Point").all():
        return
    lon, lat = (pd.to_numeric(look.frame[c], errors="coerce").astype("Float64").astype(float) for c in pair)
    to_degrees = transformer(look.frame.crs, LONLAT)
    x, y = to_degrees.transform(look.frame.geometry.x.to_numpy(), look.frame.geometry.y.to_numpy())
    given = lon.notna() & lat.notna() & (lon.abs() <= 180) & (lat.abs() <= 180)
    off = given & (_apart(lon, lat, x, y) > FAR_DEGREES)
    swapped = off & (_apart(lat, lon, x, y) <= FAR_DEGREES)
    for marked, way in (
        (swapped, Text("互换了", "are swapped")),
        (off & ~swapped, Text("与图形不符", "contradict the geometry")),
    ):
        look.ledger.rows("COORD_ATTRIBUTES", marked, x=pair[0], y=pair[1], way=way)


def _apart(a: Any, b: Any, x: Any, y: Any) -> Any:
    return np.maximum((a - x).abs(), (b - y).abs())
