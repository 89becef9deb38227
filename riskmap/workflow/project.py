"""The project file: what a bureau asks for, read strictly into frozen records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from riskmap.data.catalog import Catalog
from riskmap.data.postgis import without_password
from riskmap.data.spec import Bilingual, InputSpec, Record, build, near, read_yaml
from riskmap.errors import SpecError
from riskmap.output.printmap_template import Orientation, Paper
from riskmap.text import Lang, Text
from riskmap.workflow.evacuation_options import EvacuationSpec
from riskmap.workflow.network_options import FireSpec, NetworkSpec, ReachSpec, SitingSpec, check_travel
from riskmap.workflow.plan_options import TargetSpec
from riskmap.workflow.project_checks import DATABASE, check_database, check_declared, check_printings, check_publishing
from riskmap.workflow.risk_options import WEIGHTED_FAMILIES, ControlSpec, RiskSpec


def _input(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


Input = Annotated[InputSpec, BeforeValidator(_input)]
"""A path, or a mapping that also says what the file does not say of itself."""


MapName = Literal["risk-zoning", "control-zoning", "one-map", "fire-coverage", "evacuation"]


class PrintSpec(Record):
    """One printing of the maps: paper, template, which maps, whole or as an atlas of townships."""

    paper: Paper = "A3"
    orientation: Orientation = "auto"
    template: str = "standard"
    maps: tuple[MapName, ...] = ()
    atlas: bool = False
    formats: tuple[Literal["pdf", "png"], ...] = ("pdf", "png")
    dpi: int = Field(default=150, ge=50, le=600)

    @property
    def suffix(self) -> str:
        """What follows the map's name in the names of the files."""
        way = "" if self.orientation == "auto" else f"-{self.orientation}"
        own = "" if self.template == "standard" else f"-{PurePath(self.template).stem}"
        return f"{'-atlas' if self.atlas else ''}-{self.paper}{way}{own}"


def _printing(value: Any) -> Any:
    return {"paper": value} if isinstance(value, str) else value


Printing = Annotated[PrintSpec, BeforeValidator(_printing)]
"""A paper size, or a mapping that says more."""


class ExposureSpec(Record):
    """Where the people inside zones are counted; the house's order when nothing is said."""

    people: Literal["buildings", "raster", "villages"] | None = None


class SubstanceSpec(Record):
    """A substance of a project's own: a name, and its threshold with beta, or its class of GB 18218 table 2."""

    name: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    cas: tuple[str, ...] = ()
    q_t: float | None = Field(default=None, gt=0)
    beta: float | None = Field(default=None, gt=0)
    class_: str | None = Field(default=None, alias="class")

    @field_validator("aliases", "cas", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        return tuple(w.strip() for w in value.split(";") if w.strip()) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> SubstanceSpec:
        if (self.q_t is None) != (self.beta is None):
            raise ValueError("q_t 和 beta 要一起给 / give q_t and beta together")
        if self.q_t is None and not self.class_:
            raise ValueError(
                "要么给 q_t 和 beta，要么给表 2 的类别符号 class / give q_t and beta, or the class of table 2"
            )
        return self

    def row(self) -> dict[str, str]:
        """Give it as a row of the tables of substances."""
        given = {"q_t": self.q_t, "beta": self.beta, "class": self.class_}
        words = {"name": self.name, "aliases": ";".join(self.aliases), "cas": ";".join(self.cas)}
        return words | {key: str(value) for key, value in given.items() if value is not None}


class HazchemSpec(Record):
    """Hazardous-chemical sources: a plant radius for points without one, substances of one's own."""

    plant_radius_m: float = Field(default=0.0, ge=0)
    substances: tuple[SubstanceSpec, ...] = ()


class RiskPointsSpec(Record):
    """How the risk points of an area colour it."""

    rule: Literal["highest", "escalation"] = "highest"


class OutputSpec(Record):
    """Language and furniture of the products; paths are relative to the project file."""

    lang: Lang = "zh"
    publish: Literal["internal", "public"] = "internal"
    compiled_by: Bilingual | None = None
    map_review_number: str | None = None
    print: tuple[Printing, ...] = (PrintSpec(),)
    fonts: tuple[str, ...] = ()
    online_basemap: Literal["none", "tianditu"] = "none"


class Project(Record):
    """A project file."""

    schema_: Literal[1] = Field(alias="schema")
    name: Bilingual
    crs: str | None = None
    cell_size_m: float = Field(gt=0, allow_inf_nan=False)
    data_date: Bilingual | None = None
    height_datum: Bilingual | None = None
    credits: Bilingual | None = None
    reference: str | None = None
    inputs: dict[str, Input]
    declared: dict[str, float] = {}
    risk: RiskSpec = RiskSpec()
    control: ControlSpec = ControlSpec()
    network: NetworkSpec = NetworkSpec()
    fire: FireSpec = FireSpec()
    siting: SitingSpec = SitingSpec()
    reach: tuple[ReachSpec, ...] = ()
    evacuation: EvacuationSpec = EvacuationSpec()
    exposure: ExposureSpec = ExposureSpec()
    hazchem: HazchemSpec = HazchemSpec()
    risk_points: RiskPointsSpec = RiskPointsSpec()
    plan: tuple[TargetSpec, ...] = ()
    output: OutputSpec = OutputSpec()
    database: str = DATABASE
    facts: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Loaded:
    """A project and the file it stands in; input paths are relative to that file's folder."""

    project: Project
    file: Path

    @property
    def folder(self) -> Path:
        """Folder of the project file."""
        return self.file.parent

    def path_of(self, layer: str) -> Path:
        """Give the path of an input's file."""
        return self.folder / self.project.inputs[layer].path

    def parameters(self) -> dict[str, Any]:
        """Give the whole project as it is recorded: with all defaults, without the password of a database."""
        told = self.project.model_dump(mode="json", by_alias=True)
        return told | {"database": without_password(self.project.database)}

    def side_files(self) -> tuple[Path, ...]:
        """Give the files beside the inputs on which the risk depends: weights, judgements, reference, earlier run."""
        risk = self.project.risk
        earlier = (f"{risk.previous}/run.json",) if risk.previous else ()
        named = (*risk.files(), *earlier, *((self.project.reference,) if self.project.reference else ()))
        return tuple(self.folder / file for file in named)


def load(file: str | Path, catalog: Catalog) -> Loaded:
    """Read a project file.

    Raises
    ------
    SpecError
        Unknown keys, layers or facts, with near matches; weights of layers that are no inputs; no boundary.
    """
    path = Path(file).resolve()
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise SpecError(
            Text("项目文件应是键值", "a project file is a mapping"),
            remedy=Text(
                "写成 键: 值 的行（见 PROJECT.md），或用 riskmap init 文件夹 重新生成",
                "write lines of key: value (PROJECT.md), or have riskmap init FOLDER write it",
            ),
            file=path.name,
        )
    project = build(Project, data, path.name)
    try:
        _check_inputs(project, catalog)
        _check_weights(project)
        check_database(project.database)
        _check_normalise(project)
        check_declared(project.declared, project.inputs)
        _check_facts(project, catalog)
        _check_plan(project, catalog)
        _check_substances(project, catalog)
        check_printings(project.output.print)
        check_publishing(project.output, project.database)
        check_travel(project.fire, project.reach, catalog)
    except SpecError as error:
        error.file = error.file or path.name
        raise
    return Loaded(project, path)


def _check_inputs(project: Project, catalog: Catalog) -> None:
    for layer in project.inputs:
        spec = catalog.layer(layer)
        if spec.role != "input":
            raise SpecError(
                Text(f"inputs.{layer}：这是结果图层，不是输入", f"inputs.{layer}: that is a result, not an input"),
                layer=layer,
            )
    if "boundary" not in project.inputs:
        raise SpecError(
            Text("inputs 缺 boundary（行政区边界）", "inputs has no boundary"),
            remedy=Text("写明 inputs: {boundary: 文件}", "say inputs: {boundary: file}"),
        )


def _check_weights(project: Project) -> None:
    """Check the layers that the project file names under ``risk``; those of weight files are looked at when they are read."""
    risk = project.risk
    products = {f"{family}{asset}" for family in ("asset_risk_", "asset_level_") for asset in risk.assets}
    named = {"weights": risk.weights.named()} | {
        f"assets.{a}.weights": s.weights.named() for a, s in risk.assets.items()
    }
    if risk.matrix is not None:
        named["matrix"] = (risk.matrix.likelihood, risk.matrix.consequence)
    for asset, spec in risk.assets.items():
        named[f"assets.{asset}"] = tuple(layer for layer in (spec.exposure, spec.vulnerability) if layer)
    stated = {"weights": risk.weights.given} | {f"assets.{a}.weights": s.weights.given for a, s in risk.assets.items()}
    for key, given in stated.items():
        if given and risk.method != "power" and not (min(given.values()) >= 0 and 0 < sum(given.values()) < math.inf):
            shown = ", ".join(f"{layer}: {weight:g}" for layer, weight in given.items())
            raise SpecError(
                Text(
                    f"risk.{key}：权重不能为负，且至少一个为正：{shown}",
                    f"risk.{key}: weights are not negative and one is positive: {shown}",
                ),
                remedy=Text("改正权重，或删去该图层的权重", "correct the weight, or take it away"),
            )
    for key, layers in named.items():
        known = {*project.inputs, *(products if key in ("weights", "matrix") else ())}
        for layer in layers:
            if layer not in known:
                raise SpecError(
                    Text(f"risk.{key}.{layer}：inputs 里没有这个图层", f"risk.{key}.{layer}: no such layer in inputs")
                    + near(layer, sorted(known)),
                    remedy=Text("补上输入，或去掉该权重", "add the input, or take the weight away"),
                )
            if not layer.startswith(WEIGHTED_FAMILIES) and layer != "capacity":
                raise SpecError(
                    Text(
                        f"risk.{key}.{layer}：只有 hazard_、exposure_、vulnerability_、capacity 等图层可以加权",
                        f"risk.{key}.{layer}: only hazard_, exposure_, vulnerability_ and capacity layers carry weights",
                    )
                )


def _check_normalise(project: Project) -> None:
    """Refuse the normalisation of a layer that is not there: it would be passed over."""
    inputs = list(project.inputs)
    for layer in project.risk.normalise.layers:
        if layer not in inputs:
            raise SpecError(
                Text(
                    f"risk.normalise.layers.{layer}：inputs 里没有这个图层",
                    f"risk.normalise.layers.{layer}: no such layer in inputs",
                )
                + near(layer, inputs)
            )


def _check_facts(project: Project, catalog: Catalog) -> None:
    """Check that the project's own facts exist and are of the kind of those that they replace."""
    for topic, values in project.facts.items():
        if topic not in catalog.topics():
            raise SpecError(
                Text(f"facts.{topic}：没有这个主题", f"facts.{topic}: no such topic") + near(topic, catalog.topics())
            )
        facts = catalog.facts(topic)
        known = [*facts.values, *facts.tables]
        for key, value in values.items():
            if key not in known:
                raise SpecError(
                    Text(f"facts.{topic}.{key}：没有这个值", f"facts.{topic}.{key}: no such value") + near(key, known)
                )
            if key in facts.tables and facts.tables[key].fixed:
                raise SpecError(
                    Text(f"facts.{topic}.{key}：这张表不能替换", f"facts.{topic}.{key}: that table cannot be replaced")
                )
            if key in facts.tables:
                _check_fact_rows(f"facts.{topic}.{key}", value, facts.tables[key].rows)
            elif not _same_kind(value, facts.values[key].value):
                house = facts.values[key].value
                raise SpecError(
                    Text(
                        f"facts.{topic}.{key}：{value!r} 与内置值 {house!r} 类型不同",
                        f"facts.{topic}.{key}: {value!r} is not of the kind of the built-in {house!r}",
                    )
                )


def _same_kind(value: Any, house: Any) -> bool:
    if isinstance(house, (int, float)) and not isinstance(house, bool):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, (list, tuple)) if isinstance(house, (list, tuple)) else isinstance(value, type(house))


def _check_fact_rows(place: str, rows: Any, house: tuple[dict[str, Any], ...]) -> None:
    """Check that a table of one's own has rows with the columns of the built-in one; it stands in for all of that."""
    columns = {column for row in house for column in row}
    always = set.intersection(*(set(row) for row in house))
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise SpecError(Text(f"{place}：应是若干行", f"{place}: it is a table, a list of rows"))
    for number, row in enumerate(rows, 1):
        wrong = sorted(set(row) - columns) or sorted(always - set(row))
        if wrong:
            raise SpecError(
                Text(
                    f"{place} 第 {number} 行：{wrong[0]} 多出或缺少；列是 {'、'.join(sorted(columns))}",
                    f"{place} row {number}: {wrong[0]} is missing or not known; the columns are {', '.join(sorted(columns))}",
                )
            )


def _check_plan(project: Project, catalog: Catalog) -> None:
    """Check the layers and ids of the plan's targets."""
    ids = [target.id for target in project.plan]
    for again in sorted({i for i in ids if ids.count(i) > 1}):
        raise SpecError(Text(f"plan：编号 {again!r} 重复", f"plan: the id {again!r} stands twice"))
    for target in project.plan:
        for layer in target.layers:
            catalog.layer(layer)


def _check_substances(project: Project, catalog: Catalog) -> None:
    """Check the classes of the project's own substances."""
    table = project.facts.get("hazchem", {}).get("table_2", catalog.facts("hazchem").values["table_2"].value)
    symbols = [row["symbol"] for row in catalog.fact_rows(table)]
    for n, substance in enumerate(project.hazchem.substances):
        if substance.class_ is not None and substance.class_ not in symbols:
            said = f"hazchem.substances.{n}.class"
            raise SpecError(
                Text(
                    f"{said}：类别符号 {substance.class_!r} 不在表 2 中",
                    f"{said}: {substance.class_!r} is not in table 2",
                )
                + near(substance.class_, symbols)
            )
