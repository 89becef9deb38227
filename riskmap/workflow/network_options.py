"""What a project file says of the road network, the fire circle, siting and other questions of reach."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from riskmap.data.catalog import Catalog
from riskmap.data.spec import Bilingual, LayerSpec, Record, near
from riskmap.errors import SpecError
from riskmap.text import Text


class NetworkSpec(Record):
    """How roads become a network."""

    node_crossings: bool = False
    close_gaps_m: float = Field(default=0.0, ge=0, le=50)
    report_gaps_m: float | None = Field(default=None, ge=0, le=100)
    slopes: bool = False


class FireSpec(Record):
    """The fire circle."""

    limit_s: float = Field(default=300, gt=0)
    turnout_s: float = Field(default=60, ge=0)
    speeds_kmh: dict[str, float] = {}
    obey_oneway: bool = True
    maxspeed: Literal["cap", "use", "ignore"] = "cap"
    hour_factor: float | None = Field(default=None, gt=0, le=2)
    depth_m: float | None = Field(default=None, gt=0)
    max_snap_m: float | None = Field(default=None, gt=0)


class SitingSpec(Record):
    """Where to build fire stations."""

    problem: Literal["max_coverage", "fewest_sites", "p_median", "p_center"] = "max_coverage"
    extra: int = Field(default=5, ge=0, le=50)
    spacing_m: float | None = Field(default=None, gt=0)
    within: Literal["built_up", "boundary"] = "built_up"
    time_limit_s: float | None = Field(default=None, gt=0)


class ReachSpec(Record):
    """One question of reach: who comes from where to what, in what time; ``where`` is a condition on the targets' fields; fire engines drive as ``fire`` says, but for the question's own ``speeds_kmh``."""

    id: str
    title: Bilingual
    sources: str = Field(alias="from")
    source_kinds: tuple[str, ...] = ()
    to: str
    kinds: tuple[str, ...] = ()
    where: str | None = None
    levels: tuple[Literal[1, 2, 3, 4], ...] = ()
    limit_min: float = Field(gt=0)
    ready_min: float = Field(default=0, ge=0)
    mode: Literal["fire", "car", "pedestrian"] = "car"
    speeds_kmh: dict[str, float] = {}
    max_snap_m: float | None = Field(default=None, gt=0)


def check_travel(fire: FireSpec, reach: tuple[ReachSpec, ...], catalog: Catalog) -> None:
    """Check the classes of speeds, and the layers and ids of the questions of reach.

    Raises
    ------
    SpecError
    """
    classes = [row["road"] for row in catalog.facts("speeds").tables["speeds"].rows]
    given = [("fire.speeds_kmh", fire.speeds_kmh)]
    given += [(f"reach.{question.id}.speeds_kmh", question.speeds_kmh) for question in reach]
    for place, speeds in given:
        for road, kmh in speeds.items():
            if road not in classes:
                raise SpecError(
                    Text(f"{place}.{road}：没有这个道路等级", f"{place}.{road}: no such road class")
                    + near(road, classes)
                )
            if not 0 <= kmh <= 200:
                raise SpecError(
                    Text(f"{place}.{road}：{kmh:g} 不像 km/h", f"{place}.{road}: {kmh:g} is hardly km/h"),
                    remedy=Text("速度以 km/h 计，0 表示不通", "speeds are in km/h; 0 closes the class"),
                )
    ids = [question.id for question in reach]
    for again in sorted({i for i in ids if ids.count(i) > 1}):
        raise SpecError(Text(f"reach：编号 {again!r} 重复", f"reach: the id {again!r} stands twice"))
    for question in reach:
        for layer, key, kinds in (
            (question.sources, "source_kinds", question.source_kinds),
            (question.to, "kinds", question.kinds),
        ):
            _check_kinds(catalog.layer(layer), f"reach.{question.id}.{key}", kinds)
        if question.to == "risk_level" and (question.where or question.kinds):
            raise SpecError(
                Text(
                    f"reach.{question.id}：风险等级格子只能用 levels 筛选",
                    f"reach.{question.id}: cells of the risk level are chosen by levels only",
                ),
                remedy=Text("去掉 where 和 kinds", "take where and kinds away"),
            )


def _check_kinds(layer: LayerSpec, place: str, kinds: tuple[str, ...]) -> None:
    """Check that a layer has the kinds that a question names: a kind that nobody has asks about nothing."""
    field = layer.fields.get("kind")
    if not kinds or field is None or not field.domain:
        return
    words = {word: value for value, of in field.domain.items() for word in (of.title.zh, *of.aliases)}
    for kind in kinds:
        if kind not in field.domain:
            meant = near(words.get(kind, kind), list(field.domain))
            raise SpecError(
                Text(
                    f"{place}：图层 {layer.id} 没有类别 {kind!r}", f"{place}: the layer {layer.id} has no kind {kind!r}"
                )
                + meant,
                remedy=Text(f"可用：{'、'.join(field.domain)}", f"there are: {', '.join(field.domain)}"),
            )
