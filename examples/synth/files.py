"""Writers: each file with its own form, encoding and quirk, and the same bytes on each run."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import rasterio
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font

from .grids import Grid
from .place import LONLAT, NOTE

STAMP = "2026-01-01"
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
RASTER_NOTE = "合成示例 synthetic example, not for use"


class Writer:
    """Writes layers into one folder and counts the rows of each file.

    ``compact`` packs shapes into zipped shapefiles and writes points as tables, where others get GeoPackages.
    """

    def __init__(self, folder: Path, *, compact: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.compact = compact
        self.rows: dict[str, int] = {}
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{STAMP}T00:00:00.000Z"})

    def _path(self, name: str, rows: int) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob(f"{path.stem}.*"):
            if old.suffix in (path.suffix, ".dbf", ".shx", ".prj", ".cpg", ".shp") or name.endswith(".tif"):
                old.unlink()
        self.rows[name] = rows
        return path

    def areas(self, stem: str, frame: gpd.GeoDataFrame) -> None:
        """Write polygons or lines in degrees: a GeoPackage, or a zipped shapefile."""
        if self.compact:
            self.zipped_shapefile(f"{stem}.zip", frame, LONLAT)
        else:
            self.geopackage(f"{stem}.gpkg", frame, LONLAT)

    def shapes(self, stem: str, frame: gpd.GeoDataFrame, crs: str, encoding: str) -> None:
        """Write a shapefile: in GBK without, in UTF-8 with a .cpg; or a zipped one."""
        if self.compact:
            self.zipped_shapefile(f"{stem}.zip", frame, crs)
        else:
            self.shapefile(f"{stem}.shp", frame, crs, encoding, cpg=encoding != "GBK")

    def points(self, stem: str, frame: gpd.GeoDataFrame) -> None:
        """Write points: a GeoPackage, or a table with 经度 and 纬度."""
        if self.compact:
            self.csv(f"{stem}.csv", frame, "utf-8-sig")
        else:
            self.geopackage(f"{stem}.gpkg", frame, LONLAT)

    def geopackage(self, name: str, frame: gpd.GeoDataFrame, crs: str, layer: str | None = None) -> None:
        """Write a GeoPackage layer."""
        path = self._path(name, len(frame))
        marked(frame).to_crs(crs).to_file(path, driver="GPKG", layer=layer or path.stem, engine="pyogrio")

    def geojson(self, name: str, frame: gpd.GeoDataFrame) -> None:
        """Write GeoJSON: longitude and latitude, WGS 84 as the format demands."""
        degrees = marked(frame).to_crs(LONLAT).set_crs("EPSG:4326", allow_override=True)
        degrees.to_file(self._path(name, len(frame)), driver="GeoJSON", engine="pyogrio", COORDINATE_PRECISION=7)

    def shapefile(self, name: str, frame: gpd.GeoDataFrame, crs: str, encoding: str, *, cpg: bool) -> None:
        """Write a shapefile, with or without the .cpg that names its encoding.

        Field names hold 10 bytes: 数据性质 fits in GBK, in UTF-8 the mark is called ``synthetic``.
        """
        path = self._path(name, len(frame))
        frame = marked(frame) if encoding == "GBK" else frame.assign(synthetic="yes")
        frame = frame.to_crs(crs)
        if crs == LONLAT:
            frame.geometry = frame.geometry.transform(lambda c: np.round(c, 7))
        frame.to_file(
            path, driver="ESRI Shapefile", engine="pyogrio", encoding=encoding, RESIZE="YES", DBF_DATE_LAST_UPDATE=STAMP
        )
        if not cpg:
            path.with_suffix(".cpg").unlink()

    def zipped_shapefile(self, name: str, frame: gpd.GeoDataFrame, crs: str) -> None:
        """Write a shapefile and pack it, as attachments come."""
        stem = Path(name).stem
        self.shapefile(f"{stem}.shp", frame, crs, "GBK", cpg=True)
        del self.rows[f"{stem}.shp"]
        self.rows[name] = len(frame)
        parts = sorted(self.folder.glob(f"{stem}.*"))
        parts = [p for p in parts if p.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
        with zipfile.ZipFile(self.folder / name, "w") as pack:
            for part in parts:
                _put(pack, part.name, part.read_bytes())
                part.unlink()

    def csv(self, name: str, frame: pd.DataFrame, encoding: str) -> None:
        """Write a table; point frames get 经度 and 纬度 in degrees."""
        self._path(name, len(frame))
        plain(frame).to_csv(self.folder / name, index=False, encoding=encoding, lineterminator="\r\n")

    def xlsx(self, name: str, sheet: str, rows: Sequence[Sequence[object]], merges: Sequence[str], count: int) -> None:
        """Write a workbook of one sheet with merged cells."""
        book = Workbook()
        page = book.active
        page.title = sheet
        for row in rows:
            page.append(list(row))
        for merge in merges:
            page.merge_cells(merge)
        for line in page.iter_rows(min_row=1, max_row=3):
            for cell in line:
                cell.alignment, cell.font = Alignment(horizontal="center", vertical="center"), Font(bold=True)
        raw = BytesIO()
        book.save(raw)
        self._path(name, count).write_bytes(_without_clock(raw))

    def raster(self, name: str, grid: Grid, values: np.ndarray, dtype: str, nodata: float, **tags: str) -> None:
        """Write a compressed GeoTIFF that says that it is synthetic."""
        path = self._path(name, 1)
        del self.rows[name]
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=grid.shape[0],
            width=grid.shape[1],
            count=1,
            dtype=dtype,
            crs=grid.crs,
            transform=grid.transform,
            nodata=nodata,
            compress="deflate",
            zlevel=9,
            predictor=3 if dtype == "float32" else 2,
            tiled=True,
            blockxsize=256,
            blockysize=256,
        ) as out:
            out.write(values.astype(dtype), 1)
            out.update_tags(RISKMAP_NOTE=RASTER_NOTE, **tags)


def marked(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the table with the column that says that it is synthetic."""
    return frame.assign(数据性质=NOTE)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a plain table; points become columns 经度 and 纬度, rounded to six decimals."""
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame.assign(数据性质=NOTE)
    degrees = frame.geometry.to_crs(LONLAT)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return table.assign(经度=degrees.x.round(6), 纬度=degrees.y.round(6), 数据性质=NOTE)


def _put(pack: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    pack.writestr(entry, content)


def _without_clock(raw: BytesIO) -> bytes:
    """Return a workbook whose times are fixed."""
    done = BytesIO()
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(done, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", f"{STAMP}T00:00:00Z".encode(), content)
            _put(new, entry.filename, content)
    return done.getvalue()
