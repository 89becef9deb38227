"""Points from the columns of a table: degrees, metres, degrees-minutes-seconds, in either order."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.data.cells import clean, is_text
from riskmap.data.ledger import Ledger
from riskmap.data.places import people_text
from riskmap.data.rules import listed
from riskmap.data.spec import InputSpec, LayerSpec
from riskmap.data.systems import declared_system, missing, swapped
from riskmap.data.units import fold
from riskmap.text import Text, plain

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

SEXAGESIMAL = re.compile(
    r"^(?P<before>[NSEW]|东经|西经|北纬|南纬)?"
    r"(?P<degrees>\d{1,3})(?:°|度|-|:|d)"
    r"(?:(?P<minutes>\d{1,2}(?:\.\d+)?)(?:'|′|’|分|-|:|m|$)"
    r"(?:(?P<seconds>\d{1,2}(?:\.\d+)?)(?:\"|″|”|''|′′|’’|秒|s)?)?)?"
    r"(?P<after>[NSEW])?$",
    re.IGNORECASE,
)
"""``118°18′30″``, ``118-18-30``, ``118:18:30.5``, ``118度18分30秒``, ``E118°18.5'``."""

BARE = re.compile(
    r"^([NSEW]|东经|西经|北纬|南纬)?\s*(\d{1,3})[.\s]+(\d{1,2})[.\s]+(\d{1,2}(?:\.\d+)?)\s*([NSEW])?$", re.IGNORECASE
)
"""``118 18 30.5``, ``118.18.30`` and ``118 18 30 E``: three numbers can only be degrees, minutes and seconds."""

PLAIN_DEGREES = re.compile(r"^(?:[NE]|东经|北纬)?(?P<number>\d{1,3}(?:\.\d+)?)(?:°|度)?(?:[NE])?$", re.IGNORECASE)
SOUTH_OR_WEST = ("s", "w", "南纬", "西经")


def point_columns(columns: list[str], spec: InputSpec) -> tuple[str, str] | None:
    """Give the names of the x and the y column of a table, None when it has none."""
    facts = house().facts("coordinates").values
    found = []
    for axis in ("x", "y"):
        words = [fold(spec.fields[axis])] if axis in spec.fields else [fold(w) for w in facts[f"{axis}_names"].value]
        hits = [c for word in words for c in columns if fold(c) == word]
        if not hits:
            return None
        found.append(hits[0])
    return found[0], found[1]


def points_of(
    table: pd.DataFrame, columns: tuple[str, str], spec: InputSpec, layer: LayerSpec, ledger: Ledger
) -> gpd.GeoDataFrame:
    """Make points of a table with coordinate columns.

    A row without readable coordinates, at 0, 0, or where no place can be, gets no position (its geometry is missing) and a
    finding. Pairs in the wrong order are put right, with a finding; the ranges leave no doubt which order is right.

    Raises
    ------
    MissingCRSError, CRSError
    """
    import geopandas as gpd

    x, y = (coordinates(table[c], ledger, c) for c in columns)
    if spec.crs is None:
        raise missing(x.to_numpy(), y.to_numpy(), layer, ledger.file)
    system = declared_system(spec.crs, layer, ledger.file)
    where = listed(list(columns))
    wrong = _series(swapped(x, y, system), x)
    if wrong.any():
        code = "LONLAT_SWAPPED" if system.is_geographic else "AXIS_SWAPPED"
        ledger.rows(code, wrong, columns=where)
        pairs = x[wrong].map("{:.10g}".format) + ", " + y[wrong].map("{:.10g}".format)
        turned = y[wrong].map("{:.10g}".format) + ", " + x[wrong].map("{:.10g}".format)
        ledger.changed(code, "+".join(columns), pairs, turned)
        x, y = x.where(~wrong, y), y.where(~wrong, x)
    zero = (x == 0) & (y == 0)
    impossible = _impossible(x, y, system) & ~zero
    for code, marked in (("COORD_ZERO", zero), ("COORD_IMPOSSIBLE", impossible)):
        note_unplaced(code, marked, table, layer, ledger, sample=_sample(x, y, marked))
    placed = x.notna() & y.notna() & ~zero & ~impossible
    geometry = gpd.GeoSeries.from_xy(x.where(placed), y.where(placed), crs=system)
    geometry[~placed.to_numpy()] = None
    # rows that a finding already speaks of are not told of again as having no geometry
    told = zero | impossible
    return gpd.GeoDataFrame(table[~told], geometry=geometry[~told.to_numpy()], crs=system)


def note_unplaced(
    code: str, marked: pd.Series, table: pd.DataFrame, layer: LayerSpec, ledger: Ledger, **values: Any
) -> None:
    """Note rows that leave the layer because they have no position, with the people they stand for."""
    if not marked.any():
        return
    zh, en, people = people_text(table[marked.to_numpy()], layer)
    facts = {} if people is None else {"people_without_position": people}
    ledger.rows(code, marked, dropped=True, people=Text(zh, en), facts=facts, **values)
    ledger.changed(code, None, row_texts(table[marked.to_numpy()]))


def row_texts(rows: pd.DataFrame) -> pd.Series:
    """Give each row as text, for the record of what was left out."""
    import pandas as pd

    plain_columns = [c for c in rows.columns if str(rows[c].dtype) != "geometry"]
    texts = [
        "; ".join(f"{c}={v}" for c, v in zip(plain_columns, row, strict=True) if v is not None and not pd.isna(v))
        for row in rows[plain_columns].itertuples(index=False, name=None)
    ]
    return pd.Series(texts, index=rows.index, dtype=object)


def _series(mask: Any, like: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.Series(mask, index=like.index)


def _sample(x: pd.Series, y: pd.Series, marked: pd.Series) -> Text:
    return plain(f"{x[marked].iloc[0]:.10g}, {y[marked].iloc[0]:.10g}" if marked.any() else "")


def _impossible(x: pd.Series, y: pd.Series, system: Any) -> pd.Series:
    """Tell which pairs are no place on Earth, where most of the others are; all of them are a question of the system."""
    if system.is_geographic:
        bad = (x.abs() > 180) | (y.abs() > 90)
    else:
        bad = (x.abs() > 5e7) | (y.abs() > 2e7) | ((x.abs() <= 180) & (y.abs() <= 90) & (x != 0) & (y != 0))
    given = x.notna() & y.notna()
    return bad & given if bad[given].mean() < 0.5 else bad & False


def coordinates(cells: pd.Series, ledger: Ledger, column: str) -> pd.Series:
    """Give a column of coordinates as numbers; degrees, minutes and seconds become degrees."""
    import pandas as pd

    text = clean(cells, ledger, column)
    values = pd.to_numeric(text, errors="coerce").astype("Float64").astype(float)
    values = values.where(np.isfinite(values))
    odd = values.isna() & text.notna()
    if not odd.any() or not is_text(text):
        return values
    words = text[odd].astype("str")
    read = {word: degrees_of(word) for word in words.unique()}
    found = words.map(read).astype(float)
    for code, marked in (("COORD_DMS", found.notna()), ("COORD_UNREADABLE", found.isna())):
        if marked.any():
            named = odd & marked.reindex(odd.index, fill_value=False)
            ledger.rows(code, named, field=column, sample=words[marked].iloc[0])
            ledger.changed(code, column, words[marked], found[marked].round(9))
    values = values.copy()
    values.loc[words.index] = found
    return values


def degrees_of(text: str) -> float:
    """Give the degrees that a text says, NaN when it says none.

    Examples
    --------
    >>> degrees_of("118°18′30″"), round(degrees_of("E118-18-30"), 6), degrees_of("118°75′")
    (118.30833333333334, 118.308333, nan)
    """
    # NFKC makes ″ two ′; quotation marks of all kinds stand for minutes and seconds
    word = unicodedata.normalize("NFKC", text).strip().replace("º", "°").replace("˚", "°")
    bare = BARE.match(word)
    word = "{}{}:{}:{}{}".format(*bare.groups("")) if bare else re.sub(r"\s", "", word)
    plain_number = PLAIN_DEGREES.match(word)
    if plain_number:
        return float(plain_number["number"])
    parts = SEXAGESIMAL.match(word)
    if not parts:
        return float("nan")
    degrees, minutes, seconds = (float(parts[k] or 0) for k in ("degrees", "minutes", "seconds"))
    if minutes >= 60 or seconds >= 60 or degrees > 180:
        return float("nan")
    west = (parts["before"] or parts["after"] or "").lower() in SOUTH_OR_WEST
    return (-1 if west else 1) * (degrees + minutes / 60 + seconds / 3600)


def require_place(table: pd.DataFrame, spec: LayerSpec, file: str) -> None:
    """Raise when a layer that needs places came as a table without coordinate columns.

    Raises
    ------
    DataError
    """
    if "table" not in spec.geometry:
        names = listed([str(c) for c in table.columns], 60)
        raise rules.error("TABLE_NO_PLACE", file=file, layer=spec.id, columns=names)
