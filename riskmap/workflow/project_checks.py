"""What a project file says that can be wrong though its records are right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from riskmap.data.postgis import is_url
from riskmap.data.spec import near
from riskmap.errors import SpecError
from riskmap.text import Text

DATABASE = "riskmap.gpkg"
"""What the database of a build is called in its output folder."""


def check_database(database: str) -> None:
    """Raise when the database is neither the file of every build nor a server.

    Raises
    ------
    SpecError
    """
    if database != DATABASE and not is_url(database):
        raise SpecError(
            Text(
                f"database: {database}：构建的数据库叫 {DATABASE}，放在输出文件夹里",
                f"database: {database}: the database of a build is {DATABASE} in its output folder",
            ),
            remedy=Text(
                f"删去这一项，或写 postgresql://用户@主机/库?schema=名（另存一份到服务器，{DATABASE} 仍在）",
                f"leave it out, or say postgresql://user@host/database?schema=name for a server beside {DATABASE}",
            ),
        )


def check_declared(declared: Iterable[str], inputs: Iterable[str]) -> None:
    """Raise when a declared total is of a layer that is no input.

    Raises
    ------
    SpecError
    """
    for name in declared:
        layer, dot, what = name.partition(".")
        if layer not in inputs or not dot or not what:
            raise SpecError(
                Text(f"declared.{name}：inputs 里没有这个图层", f"declared.{name}: no such layer in inputs")
                + near(layer, list(inputs)),
                remedy=Text(
                    "写成 图层.字段、图层.rows、图层.area_km2 或 图层.length_km，例如 townships.population: 649160",
                    "write layer.field, layer.rows, layer.area_km2 or layer.length_km, such as townships.population: 649160",
                ),
            )


def check_printings(printings: Any) -> None:
    """Raise when two printings would write the same files, so that the later one replaced the earlier without a word.

    Raises
    ------
    SpecError
    """
    for number, spec in enumerate(printings, 1):
        alike = [set(other.maps) for other in printings[: number - 1] if other.suffix == spec.suffix]
        # no maps named are all maps
        if any(not spec.maps or not maps or maps & set(spec.maps) for maps in alike):
            raise SpecError(
                Text(
                    f"output.print 第 {number} 项与前面的项写同名的文件（{spec.paper}）",
                    f"item {number} of output.print writes the same files as one before it ({spec.paper})",
                ),
                remedy=Text(
                    "合并为一项，或换纸张、方向、模板",
                    "make them one item, or give another paper, orientation or template",
                ),
            )


def check_publishing(output: Any, database: str) -> None:
    """Raise when a public edition has no map review number, asks for tiles from outside, or would go to a server whole.

    Raises
    ------
    SpecError
    """
    if output.publish != "public":
        return
    if not (output.map_review_number or "").strip():
        raise SpecError(
            Text(
                "output.publish 是 public，但没有 output.map_review_number（审图号）",
                "output.publish is public, but there is no output.map_review_number",
            ),
            remedy=Text(
                "地图公开前要送审；写上审图号，或改为 publish: internal",
                "maps are reviewed before they are published: state the number, or say publish: internal",
            ),
        )
    if output.online_basemap != "none":
        raise SpecError(
            Text(
                "output.publish 是 public，不能有在线底图",
                "output.publish is public: there can be no online basemap",
            ),
            remedy=Text("写 online_basemap: none；密钥不可外传", "say online_basemap: none; a key is not for others"),
        )
    if is_url(database):
        raise SpecError(
            Text(
                "output.publish 是 public，database 却是服务器：服务器上会有全部受限图层",
                "output.publish is public, but database is a server, which would hold every restricted layer",
            ),
            remedy=Text(
                "公开版另写一个项目文件，不写 database",
                "give the public edition a project file of its own without database",
            ),
        )
