"""Where the rows of a delivery are: points from columns, plausible systems, whole geometries, one target system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from riskmap.crs import name, parse, same
from riskmap.data.catalog import Catalog
from riskmap.data.findings import Finding
from riskmap.data.matching import fold
from riskmap.data.spec import LayerSpec
from riskmap.errors import CRSError, DataError, GeometryError, MissingCRSError
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

KIND_OF = {0: "point", 1: "line", 2: "line", 3: "polygon", 4: "point", 5: "line", 6: "polygon"}
"""shapely type id -> geometry kind of the declarations."""


@dataclass(frozen=True)
class Area:
    """The project's area as one geometry in the project's system: tells a wrong system from a right one."""

    geometry: Any
    crs: pyproj.CRS

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        return self.geometry.bounds


def point_columns(columns: list[str], declared: dict[str, str], catalog: Catalog) -> tuple[str, str] | None:
    """Give the names of the x and the y column of a table, None when it has none."""
    facts = catalog.facts("coordinates").values
    found = []
    for axis in ("x", "y"):
        words = [fold(declared[axis])] if axis in declared else [fold(w) for w in facts[f"{axis}_names"].value]
        hits = [c for word in words for c in columns if fold(c) == word]
        if not hits:
            return None
        found.append(hits[0])
    return found[0], found[1]


def points_of(
    table: pd.DataFrame,
    columns: tuple[str, str],
    crs: Any,
    spec: LayerSpec,
    keys: pd.Series,
    catalog: Catalog,
    file: str,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make points of a table with coordinate columns.

    A row without readable coordinates, or at 0, 0, gets no position (its geometry is missing). Longitudes and latitudes in
    each other's columns are put right, with a finding, when every row agrees.
    """
    import geopandas as gpd
    import pandas as pd

    from riskmap.data.convert import clean

    if crs is None:
        raise _missing_crs(table[list(columns)].apply(pd.to_numeric, errors="coerce"), spec, file)
    system = parse(crs, file=file, layer=spec.id)
    findings: list[Finding] = []
    x, y = (pd.to_numeric(clean(table[c], keys, findings), errors="coerce") for c in columns)
    if _swapped(x, y, system, catalog):
        x, y = y, x
        code = "LONLAT_SWAPPED" if system.is_geographic else "AXIS_SWAPPED"
        message = Text(
            f"列 {columns[0]} 与 {columns[1]} 的内容互换了（按取值范围判断），已换回",
            f"the columns {columns[0]} and {columns[1]} hold each other's values (by their range); put right",
        )
        findings.append(
            Finding(
                spec.id,
                "warning",
                code,
                message,
                Text("请数据提供者改正列名", "ask the sender to correct the headings"),
                rows=len(table),
            )
        )
    zero = (x == 0) & (y == 0)
    for row in table.index[zero]:
        message = Text("坐标为 0,0：没有位置，不画在几内亚湾", "coordinates 0,0: no position")
        findings.append(
            Finding(
                spec.id, "warning", "COORD_ZERO", message, Text("补坐标", "add the coordinates"), row=str(keys[row])
            )
        )
    placed = x.notna() & y.notna() & ~zero
    geometry = gpd.GeoSeries.from_xy(x.where(placed), y.where(placed), crs=system)
    geometry[~placed.to_numpy()] = None
    return gpd.GeoDataFrame(table, geometry=geometry, crs=system), findings


def _swapped(x: pd.Series, y: pd.Series, system: pyproj.CRS, catalog: Catalog) -> bool:
    """Tell whether every placed row makes sense only with x and y exchanged."""
    placed = x.notna() & y.notna() & ~((x == 0) & (y == 0))
    x, y = x[placed], y[placed]
    if not len(x):
        return False
    if system.is_geographic:
        facts = catalog.facts("coordinates").values
        lon, lat = facts["lon_range"].value, facts["lat_range"].value
        # 73-136 and 3-54 do not meet, so a pair in range one way round is out of range the other way
        return bool(y.between(*lon).all() and x.between(*lat).all())
    # northings of the country are 1,800-5,950 km, eastings without prefix below 1,000 km
    return bool(x.between(1.8e6, 6.0e6).all() and (y.between(1e5, 9e5).all() or y.between(13e6, 46e6).all()))


def checked_system(
    frame: gpd.GeoDataFrame, declared: str | None, spec: LayerSpec, file: str
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Give the frame in the system it is really in, or refuse.

    Raises
    ------
    MissingCRSError
        Neither the file nor the project says one; with what the numbers look like.
    CRSError
        The numbers contradict the system, or the datum has no public transformation.
    """
    findings: list[Finding] = []
    if frame.crs is None and declared is None:
        raise _missing_crs(frame.bounds[["minx", "miny"]], spec, file)
    if declared is not None:
        system = parse(declared, file=file, layer=spec.id)
        if frame.crs is not None and not same(frame.crs, system):
            message = Text(
                f"文件写的坐标系是 {name(frame.crs)}，项目写的是 {name(system)}；按项目",
                f"the file says {name(frame.crs)}, the project {name(system)}; the project's is used",
            )
            findings.append(Finding(spec.id, "warning", "CRS_OVERRIDDEN", message, file=file))
        frame = frame.set_crs(system, allow_override=True)
    _refuse_old_datum(frame.crs, spec, file)
    _refuse_impossible(frame, spec, file)
    return frame, findings


def _missing_crs(coordinates: Any, spec: LayerSpec, file: str) -> MissingCRSError:
    x, y = coordinates.iloc[:, 0].dropna(), coordinates.iloc[:, 1].dropna()
    looks, suggestion = guess(x.to_numpy(float), y.to_numpy(float))
    return MissingCRSError(
        Text("没有坐标系", "no coordinate system") + Text("；", "; ") + looks,
        remedy=Text(
            f"向提供者核实后写明 crs，例如 crs: {suggestion}",
            f"ask the sender, then say crs, for example crs: {suggestion}",
        ),
        file=file,
        layer=spec.id,
    )


def guess(x: Any, y: Any) -> tuple[Text, str]:
    """Say what coordinates look like, and the system one would try first."""
    if not len(x):
        return Text("没有坐标可看", "there are no coordinates to look at"), "EPSG:4490"
    lo, hi = float(np.nanmin(x)), float(np.nanmax(x))
    if lo >= -180 and hi <= 180 and np.nanmin(y) >= -90 and np.nanmax(y) <= 90:
        return Text("数值像经纬度（度），基准未知", "the numbers look like degrees; the datum is unknown"), "EPSG:4490"
    if np.nanmin(x) >= 3 and np.nanmax(x) <= 54 and np.nanmin(y) >= 73 and np.nanmax(y) <= 136:
        return Text("数值像纬度、经度（次序颠倒）", "the numbers look like latitude, longitude (swapped)"), "EPSG:4490"
    prefix = int(lo // 1e6)
    if 25 <= prefix <= 45:
        return Text(
            f"数值像 3 度带第 {prefix} 带（带号在前）", f"the numbers look like 3-degree zone {prefix} with prefix"
        ), f"EPSG:{4513 + prefix - 25}"
    if 13 <= prefix <= 23:
        return Text(
            f"数值像 6 度带第 {prefix} 带（带号在前）", f"the numbers look like 6-degree zone {prefix} with prefix"
        ), f"EPSG:{4491 + prefix - 13}"
    if 1.8e6 <= lo <= 6e6:
        return Text("数值像北、东次序（X 为北）", "the numbers look like northing, easting (axes swapped)"), "EPSG:45xx"
    return Text(
        "数值像不带带号的高斯坐标（米），带号未知",
        "the numbers look like Gauss-Kruger metres without prefix; the zone is unknown",
    ), "EPSG:45xx"


def _refuse_old_datum(crs: pyproj.CRS, spec: LayerSpec, file: str) -> None:
    datum = (crs.datum.name if crs.datum else "").lower()
    if any(word in datum for word in ("beijing", "xian", "d_xian", "new beijing")):
        raise CRSError(
            Text(
                f"{name(crs)} 是旧坐标系，没有公开可靠的转换参数",
                f"{name(crs)} is on an old datum without trustworthy public parameters",
            ),
            remedy=Text(
                "请测绘部门用本地七参数转换到 CGCS2000", "have it converted to CGCS2000 with the local seven parameters"
            ),
            file=file,
            layer=spec.id,
        )


def _refuse_impossible(frame: gpd.GeoDataFrame, spec: LayerSpec, file: str) -> None:
    """Raise when the numbers cannot be in the stated system: degrees in a metric one, a zone prefix too many or too few."""
    west, south, east, north = frame.total_bounds
    if np.isnan(west):
        return
    crs = frame.crs
    looks, suggestion = guess(np.array([west, east]), np.array([south, north]))
    degrees = abs(west) <= 180 and abs(east) <= 180 and abs(south) <= 90 and abs(north) <= 90
    if crs.is_geographic and degrees:
        return
    if crs.is_projected and not degrees:
        false_easting = next((p.value for p in crs.coordinate_operation.params if p.name == "False easting"), None)
        prefixed = false_easting is not None and false_easting > 1e6
        if false_easting is None or prefixed == (west > 1e6):
            return
    raise CRSError(
        Text(
            f"坐标系写的是 {name(crs)}，但东坐标为 {west:,.0f}…{east:,.0f}；",
            f"the system says {name(crs)}, but the eastings are {west:,.0f} to {east:,.0f}; ",
        )
        + looks,
        remedy=Text(f"改为 crs: {suggestion}", f"say crs: {suggestion}"),
        file=file,
        layer=spec.id,
    )


def require_in_area(frame: gpd.GeoDataFrame, area: Area, spec: LayerSpec, file: str) -> None:
    """Raise when a whole layer lies farther from the area than the area is wide: a wrong zone, not a neighbour.

    Raises
    ------
    CRSError
    """
    west, south, east, north = frame.total_bounds
    w, s, e, n = area.bounds
    dx, dy = e - w, n - s
    if np.isnan(west) or (west <= e + dx and east >= w - dx and south <= n + dy and north >= s - dy):
        return
    off = max(west - e, w - east, south - n, s - north) / 1000
    raise CRSError(
        Text(
            f"整层落在区域之外约 {off:,.0f} km，坐标系 {name(frame.crs)} 前的声明可能错了带号",
            f"the whole layer lies about {off:,.0f} km outside the area; the zone stated is probably wrong",
        ),
        remedy=Text("核对带号（3 度带中央经线）后改正 crs", "check the zone (central meridian) and correct crs"),
        file=file,
        layer=spec.id,
    )


def whole_geometries(
    frame: gpd.GeoDataFrame, spec: LayerSpec, keys: pd.Series, file: str
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Leave out rows without position, mend broken polygons, refuse other kinds of geometry; each with a finding.

    Raises
    ------
    GeometryError
        A geometry of a kind that the layer does not take.
    """
    import shapely

    findings: list[Finding] = []
    placed = ~(frame.geometry.isna() | frame.geometry.is_empty)
    for row in frame.index[~placed]:
        message = Text(
            "没有位置：不进入任何空间计算，仅在此列出", "no position: listed here, in no spatial result"
        ) + _told(frame.loc[row], spec)
        findings.append(
            Finding(
                spec.id,
                "warning",
                "GEOM_EMPTY",
                message,
                Text("补坐标", "add its coordinates"),
                row=str(keys[row]),
                file=file,
            )
        )
    frame = frame[placed]
    kinds = frame.geometry.map(lambda g: KIND_OF.get(shapely.get_type_id(g), "mixed"))
    wrong = ~kinds.isin(spec.geometry)
    if wrong.any():
        first = frame.index[wrong][0]
        wanted = "/".join(k for k in spec.geometry if k in ("point", "line", "polygon"))
        raise GeometryError(
            Text(
                f"{int(wrong.sum())} 行不是 {wanted}，例如是 {kinds[first]}",
                f"{int(wrong.sum())} rows are no {wanted}, the first is {kinds[first]}",
            ),
            remedy=Text("分成两个图层，或改正该行", "split the layer, or correct the row"),
            file=file,
            layer=spec.id,
            row=str(keys[first]),
        )
    broken = ~frame.geometry.is_valid & (kinds == "polygon")
    if broken.any():
        frame = frame.copy()
        reasons = shapely.is_valid_reason(frame.geometry[broken].to_numpy())
        frame.loc[broken, frame.geometry.name] = [_polygons_of(shapely.make_valid(g)) for g in frame.geometry[broken]]
        for row, reason in zip(frame.index[broken], reasons, strict=True):
            message = Text(f"多边形自相交，已修复（{reason}）", f"the polygon was invalid and was repaired ({reason})")
            findings.append(
                Finding(
                    spec.id,
                    "warning",
                    "GEOM_INVALID",
                    message,
                    row=str(keys[row]),
                    file=file,
                    geometry=frame.geometry[row],
                )
            )
    return frame, findings


def _polygons_of(geometry: Any) -> Any:
    """Give the polygon part of what make_valid made; lines and points that it shed have no area."""
    import shapely

    parts = [g for g in shapely.get_parts(geometry) if g.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts) if parts else geometry


def _told(row: pd.Series, spec: LayerSpec) -> Text:
    """Give the people of a row that has no position, so that they are not forgotten."""
    for field in ("threatened_people", "population", "people", "capacity"):
        if field in spec.fields and field in row.index and row[field] == row[field] and row[field] is not None:
            return Text(
                f"（{spec.fields[field].title.zh} {row[field]}）", f" ({spec.fields[field].title.en} {row[field]})"
            )
    return Text("", "")


def reproject(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Give the frame in another system; a frame already there is returned as it is."""
    return frame.set_crs(crs, allow_override=True) if same(frame.crs, crs) else frame.to_crs(crs)


def require_geometry(frame: Any, spec: LayerSpec, file: str) -> None:
    """Raise when a layer that needs places came as a table without coordinate columns.

    Raises
    ------
    DataError
    """
    if "table" not in spec.geometry:
        raise DataError(
            Text("表里没有坐标列", "the table has no coordinate columns"),
            remedy=Text(
                f"用 fields: {{x: …, y: …}} 指明；列：{'、'.join(map(str, frame.columns))}",
                f"name them with fields: {{x: ..., y: ...}}; columns: {', '.join(map(str, frame.columns))}",
            ),
            file=file,
            layer=spec.id,
        )
