"""The one database: a GeoPackage whose tables are the layers."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.errors import DataError, OutputError
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

NO_CLOCK = "2000-01-01T00:00:00.000Z"
"""Written where GeoPackage wants a date of change: the same input gives the same bytes; times are in run.json."""


class Database:
    """Layers in, layers out.

    Parameters
    ----------
    url_or_path : str or Path
        A GeoPackage file; made on the first write.

    Examples
    --------
    >>> db = Database("out/linzi/riskmap.gpkg")  # doctest: +SKIP
    >>> db.read("risk_units").sort_values("people_red")  # doctest: +SKIP
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self.path = Path(url_or_path)

    def write(self, id: str, frame: pd.DataFrame | gpd.GeoDataFrame) -> None:
        """Write a layer whole, in place of what stood under its id.

        Parameters
        ----------
        id : str
            Layer id, the table's name.
        frame : DataFrame or GeoDataFrame
            A frame without geometry becomes an attribute table. The index is not stored.

        Raises
        ------
        OutputError
            If the file cannot be written.
        """
        import pyogrio

        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": NO_CLOCK})
        spatial = hasattr(frame, "geometry")
        options: dict[str, Any] = {"geometry_type": _geometry_type(frame), "promote_to_multi": False} if spatial else {}
        if not self.path.exists():
            # QGIS 3.22 warns of newer containers
            options["dataset_options"] = {"VERSION": "1.2"}
        try:
            pyogrio.write_dataframe(
                _promoted(frame) if spatial else frame.reset_index(drop=True),
                self.path,
                layer=id,
                driver="GPKG",
                append=False,
                layer_options={"SPATIAL_INDEX": "YES"} if spatial else {},
                use_arrow=True,
                **options,
            )
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, OSError) as error:
            raise OutputError(
                Text(f"写不了数据库：{error}", f"the database cannot be written: {error}"),
                remedy=Text(
                    "关闭打开它的程序，检查磁盘空间和权限",
                    "close the programs that have it open; check disk space and rights",
                ),
                file=self.path.name,
                layer=id,
            ) from error

    def read(
        self, id: str, bbox: tuple[float, float, float, float] | None = None, where: str | None = None
    ) -> pd.DataFrame | gpd.GeoDataFrame:
        """Read a layer in row order, with its column types and NULLs.

        Parameters
        ----------
        id : str
        bbox : (west, south, east, north), optional
            In the layer's system; the spatial index answers it.
        where : str, optional
            SQL condition; the database evaluates it.

        Raises
        ------
        DataError
            If there is no such layer.
        """
        import pandas as pd
        import pyogrio

        self.require(id)
        frame = pyogrio.read_dataframe(
            self.path,
            layer=id,
            bbox=bbox,
            where=where,
            fid_as_index=True,
            use_arrow=True,
            arrow_to_pandas_kwargs={"types_mapper": _nullable().get},
        )
        frame = frame.sort_index().reset_index(drop=True)
        return frame if hasattr(frame, "geometry") else pd.DataFrame(frame)

    def require(self, id: str) -> None:
        """Raise unless the layer is there.

        Raises
        ------
        DataError
        """
        if id not in self.layers():
            raise DataError(
                Text(
                    f"数据库里没有图层 {id!r}，有：{'、'.join(self.layers())}",
                    f"the database has no layer {id!r}; it has {', '.join(self.layers())}",
                ),
                file=self.path.name,
                layer=id,
            )

    def layers(self) -> list[str]:
        """Give the ids of all layers, sorted."""
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path)) as connection:
            return sorted(name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents"))

    def findings(self) -> gpd.GeoDataFrame:
        """Give the ``findings`` layer."""
        return self.read("findings")

    def drop(self, id: str) -> None:
        """Remove a layer; nothing happens when it is not there."""
        if id in self.layers():
            with closing(sqlite3.connect(self.path)) as connection, connection:
                for suffix in ("", "_node", "_parent", "_rowid"):
                    connection.execute(
                        f'DROP TABLE IF EXISTS "{("rtree_" + id + "_geom" + suffix) if suffix else "rtree_" + id + "_geom"}"'
                    )
                connection.execute(f'DROP TABLE IF EXISTS "{id}"')
                for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions", "gpkg_ogr_contents"):
                    connection.execute(f"DELETE FROM {table} WHERE table_name = ?", (id,))


def _geometry_type(frame: gpd.GeoDataFrame) -> str:
    """Give the one type of a layer's geometries; layers of several kinds (findings) are of unknown type."""
    kinds = {k.removeprefix("Multi") for k in frame.geom_type.dropna()}
    if len(kinds) != 1:
        return "Unknown"
    single = kinds.pop()
    many = frame.geom_type.dropna().str.startswith("Multi").any()
    return ("Multi" if many else "") + single + (" Z" if frame.has_z.any() else "")


def _promoted(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Make all geometries of a layer multi-part when one is: a GeoPackage layer has one type."""
    import shapely

    kinds = frame.geom_type.dropna()
    if not kinds.str.startswith("Multi").any() or kinds.str.startswith("Multi").all():
        return frame.reset_index(drop=True)
    makers = {"Polygon": shapely.multipolygons, "LineString": shapely.multilinestrings, "Point": shapely.multipoints}
    single = [makers[g.geom_type]([g]) if g is not None and g.geom_type in makers else g for g in frame.geometry]
    return frame.set_geometry(single, crs=frame.crs).reset_index(drop=True)


def _nullable() -> dict[Any, Any]:
    """Give the pandas type of each Arrow type whose NULLs numpy would turn into floats."""
    import pandas as pd
    import pyarrow as pa

    return {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }
