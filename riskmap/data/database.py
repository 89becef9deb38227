"""The one database: layers in, layers out, in a GeoPackage or in a PostGIS schema."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmap.data import dictionary
from riskmap.data.columns import storable
from riskmap.data.findings import Finding, to_frame
from riskmap.data.geopackage import GeoPackage
from riskmap.data.postgis import PostGIS, is_url
from riskmap.errors import DataError
from riskmap.text import Text

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


class Database:
    """Layers in, layers out.

    Parameters
    ----------
    url_or_path : str or Path
        A GeoPackage file, made on the first write; or ``postgresql://user@host/database?schema=linzi``.
    scratch : bool
        A GeoPackage of ours that nobody else reads while it is written: tables are written in place, which is faster than
        replacing the file.

    Examples
    --------
    >>> db = Database("out/linzi/riskmap.gpkg")  # doctest: +SKIP
    >>> db.read("risk_units").sort_values("people_red")  # doctest: +SKIP
    """

    def __init__(self, url_or_path: str | Path, *, scratch: bool = False) -> None:
        remote = is_url(url_or_path)
        self.path = None if remote else Path(url_or_path)
        server = PostGIS(str(url_or_path)) if remote else None
        self.store: GeoPackage | PostGIS = server or GeoPackage(Path(url_or_path), scratch=scratch)

    @property
    def name(self) -> str:
        """File name, or the URL without its password."""
        return self.store.name

    def grid_path(self, layer: str) -> Path:
        """Give the path of a grid that lies beside a GeoPackage; its folder is made.

        Raises
        ------
        ValueError
            The database is no file.
        """
        if self.path is None:
            raise ValueError("grids lie beside a GeoPackage")
        folder = self.path.parent / "grids"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{layer}.tif"

    def transaction(self) -> AbstractContextManager[None]:
        """Write several layers, all or none; readers see the old state until the end."""
        return self.store.transaction()

    def write(self, id: str, frame: pd.DataFrame | gpd.GeoDataFrame) -> list[Finding]:
        """Write a layer whole, in place of what stood under its id; readers see the old one or the new one.

        Parameters
        ----------
        id : str
            Layer id, the table's name.
        frame : DataFrame or GeoDataFrame
            A frame without geometry becomes an attribute table. The index is not stored. Columns are stored as
            :func:`riskmap.data.columns.storable` gives them.

        Returns
        -------
        list of Finding
            What was dropped: M values of the geometry.

        Raises
        ------
        DataError
            A column that no database stores.
        OutputError
            If the database cannot be written.
        """
        plain, findings = storable(frame, id)
        self.store.write(id, plain)
        return findings

    def read(
        self, id: str, bbox: Iterable[float] | None = None, where: str | None = None
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
            If there is no such layer, or the condition cannot be evaluated.
        """
        self.require(id)
        return self.store.read(id, None if bbox is None else tuple(map(float, bbox)), where)

    def require(self, id: str) -> None:
        """Raise unless the layer is there.

        Raises
        ------
        DataError
        """
        known = self.layers()
        if id not in known:
            raise DataError(
                Text(
                    f"数据库里没有图层 {id!r}，有：{'、'.join(known)}",
                    f"the database has no layer {id!r}; it has {', '.join(known)}",
                ),
                file=self.name,
                layer=id,
            )

    def layers(self) -> list[str]:
        """Give the ids of all layers, sorted."""
        return self.store.layers()

    def columns(self, id: str) -> list[str]:
        """Give the attribute columns of a layer, in order."""
        return self.store.columns(id)

    def findings(self) -> gpd.GeoDataFrame:
        """Give the ``findings`` layer; no rows where nothing was checked yet."""
        return self.read("findings") if "findings" in self.layers() else to_frame([], None)

    def drop(self, id: str) -> None:
        """Remove a layer; nothing happens when it is not there."""
        self.store.drop(id)

    def settle(self) -> None:
        """Wait until a scratch database is on the disk; others are when a write returns."""
        if isinstance(self.store, GeoPackage):
            self.store.settle()

    def mend(self) -> None:
        """Remove a scratch database that a killed process did not finish; others mend themselves."""
        if isinstance(self.store, GeoPackage):
            self.store.mend()

    def write_dictionary(self, mappings: dict[str, dict[str, Any]]) -> None:
        """Write the tables ``dictionary`` and ``domains``: what each column of each layer means.

        Parameters
        ----------
        mappings : dict
            Layer -> field -> column of the delivery, where one is known.
        """
        ours = ("dictionary", "domains")
        columns = {id: self.columns(id) for id in self.layers() if id not in ours}
        for id, frame in dictionary.frames(columns, mappings).items():
            self.write(id, frame)
