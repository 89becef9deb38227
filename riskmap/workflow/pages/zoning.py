"""The two zoning maps: comprehensive risk, and prevention and control."""

from __future__ import annotations

from riskmap import fields
from riskmap.data.rasters import read_grid
from riskmap.levels import LEVELS, MAJOR, ZONES
from riskmap.output.webmap import Comparison, GridLayer, Page, VectorLayer
from riskmap.text import Text, join, plain
from riskmap.workflow import record
from riskmap.workflow.context import Context
from riskmap.workflow.pages import parts
from riskmap.workflow.pages.answers import answers, explanation
from riskmap.workflow.steps.sensitivity import notes as stability_notes

RISK = Text("综合风险区划图", "comprehensive risk zoning map")
CONTROL = Text("综合防治区划图", "comprehensive prevention-and-control zoning map")

METHODS = {
    "weighted_sum": Text("加权求和", "weighted sum"),
    "maximum": Text("取最大", "maximum"),
    "product": Text("连乘", "product"),
    "geometric_mean": Text("加权几何平均", "geometric mean"),
    "power": Text("幂积", "product of powers"),
    "matrix": Text("可能性—后果矩阵", "matrix of likelihood and consequence"),
}
"""What the ways to compose hazards are called."""

SCHEMES = {
    "natural_breaks": Text("自然断点法", "natural breaks"),
    "quantile": Text("分位数法", "quantiles"),
    "equal_interval": Text("等间距法", "equal intervals"),
    "std_mean": Text("均值—标准差法", "mean and standard deviation"),
    "fixed": Text("给定界限", "given limits"),
}
"""What the ways to class the score are called."""

UNCERTAIN = "uncertain_zones"
"""Hatched over the colours of the risk map."""

OVERLAYS = (
    ("built_up", False),
    ("water", False),
    ("fire_coverage", False),
    ("pipelines", True),
    ("geohazard_points", True),
    ("hazchem_sources", True),
    ("villages", False),
    ("shelters", False),
    ("fire_stations", False),
    ("facilities", False),
)
"""Layers drawn over the grid, from the bottom up, and whether they are seen at first."""


def risk_page(context: Context) -> Page:
    """Give the map of ``risk_level``."""
    totals = context.totals["zones"]
    area, people = totals["area_km2"], totals.get("people")
    vectors = parts.vectors(context, ((UNCERTAIN, True), *OVERLAYS))
    return Page(
        title=context.project.name + Text("", " ") + _of_hazards(context, RISK),
        subtitle=parts.subtitle(context),
        headline=parts.class_headline(
            LEVELS[MAJOR].name, str(MAJOR), area["by_level"], people and people["by_level"], area["boundary"]
        ),
        grids=parts.zoning_grids(context, "risk_level"),
        vectors=(*vectors, *answers(context)[1]),
        legend=parts.legend(area["by_level"], area["boundary"], people and people["by_level"]),
        units=parts.units(context),
        unit_columns=_risk_columns(context),
        notes=(*parts.cell_notes(context), *_risk_notes(context), *parts.source_notes(context)),
        totals=parts.figures(context),
        notice=parts.notice(context),
        explanation=explanation(context),
        answers=answers(context)[0],
        comparison=_comparison(context),
    )


def _of_hazards(context: Context, title: Text) -> Text:
    """Give the title of a map; of a single hazard nothing is comprehensive."""
    layers = context.totals["risk"]["recipe"]["scales"]
    if sum(layer.startswith("hazard_") for layer in layers) != 1:
        return title
    return Text(title.zh.removeprefix("综合"), title.en.removeprefix("comprehensive "))


def _comparison(context: Context) -> Comparison | None:
    """Give the earlier run that ``risk.previous`` names."""
    previous = context.project.risk.previous
    if previous is None:
        return None
    folder = context.loaded.folder / previous
    told, raster = record.read_json(folder / record.RUN), read_grid(folder / "grids" / "risk_level.tif")
    before, now = (run["zones"]["area_km2"]["by_level"] for run in (told["totals"], context.totals))
    # another boundary has other cells of unknown level, not other ground outside
    layer = GridLayer(context.catalog.style("risk_level"), raster, raster.values > 0)
    codes = sorted({*before, *now} - {"0"}, key=int, reverse=True)
    areas = tuple((int(code), float(before.get(code, 0.0)), float(now.get(code, 0.0))) for code in codes)
    return Comparison(layer, Text("上次", "Before"), Text("本次", "Now"), areas)


def control_page(context: Context) -> Page:
    """Give the map of ``control_zone``."""
    totals = context.totals["zones"]
    area, people = totals["area_km2"], totals.get("people")
    reasons = ("reason", "area_km2")
    polygons = context.rows("control_zones")
    zones = VectorLayer(
        context.catalog.style("control_zones"),
        polygons,
        popup=parts.popup(context, "control_zones", polygons, reasons),
        drawn=False,  # the cells are drawn; the polygons say why
    )
    key = ZONES[-1]
    return Page(
        title=context.project.name + Text("", " ") + _of_hazards(context, CONTROL),
        subtitle=parts.subtitle(context),
        headline=parts.class_headline(
            key.name, str(key.code), area["by_zone"], people and people["by_zone"], area["boundary"]
        ),
        grids=parts.zoning_grids(context, "control_zone"),
        vectors=(zones, *parts.vectors(context, OVERLAYS), *answers(context)[1]),
        legend=parts.legend(area["by_zone"], area["boundary"], people and people["by_zone"]),
        units=parts.units(context, "control_units"),
        unit_columns=_control_columns(context),
        rank_by="share_key" if context.has("control_units") else None,
        notes=(*parts.cell_notes(context), *_control_notes(context), *parts.source_notes(context)),
        totals=parts.figures(context),
        notice=parts.notice(context),
        answers=answers(context)[0],
    )


def _risk_columns(context: Context) -> tuple[tuple[str, Text, str], ...]:
    if not context.has("risk_units"):
        return ()
    columns = [
        (fields.LEVEL, Text("等级", "Level"), "level"),
        (fields.share_of(4), Text("红", "Red"), "percent"),
        (fields.share_of(3), Text("橙", "Orange"), "percent"),
        (fields.AREA_KM2, Text("面积", "Area"), "km2"),
    ]
    if "people" in context.totals["zones"]:
        columns += [
            (fields.people_of(4), Text("红区人口", "People in red"), "people"),
            (fields.PEOPLE, Text("人口", "People"), "people"),
        ]
    return tuple(columns)


def _control_columns(context: Context) -> tuple[tuple[str, Text, str], ...]:
    if not context.has("control_units"):
        return ()
    columns = [
        (fields.ZONE, Text("防治区", "Zone"), "zone"),
        ("share_key", Text("重点", "Key"), "percent"),
        ("share_secondary", Text("次重点", "Secondary"), "percent"),
        (fields.AREA_KM2, Text("面积", "Area"), "km2"),
    ]
    if "people" in context.totals["zones"]:
        columns += [
            ("people_key", Text("重点区人口", "People in key"), "people"),
            (fields.PEOPLE, Text("人口", "People"), "people"),
        ]
    return tuple(columns)


def _risk_notes(context: Context) -> tuple[Text, ...]:
    risk = context.totals["risk"]
    project = context.project.risk
    named = join([context.catalog.layer(layer).title + plain(f" {w:.2f}") for layer, w in risk["weights"].items()])
    note = risk["weights_from"]["note"]
    origin = Text(f"（{note['zh']}）", f" ({note['en']})")
    breaks = plain(", ".join(f"{b:.3f}" for b in risk["breaks"]))
    relative = Text(
        "颜色为本区域内的相对比较，不能与其他区域的图直接比较。",
        " Colours compare places within this area only, not with maps of other areas.",
    )
    fixed = project.classify.scheme == "fixed" and project.normalise.bounds is not None
    merged = Text(
        f"小于 {risk['min_zone_ha']:g} 公顷的图斑并入相邻图斑 {risk['merged_patches']} 处，其中降低颜色涉及 {risk['people_in_lower_colour']:,.0f} 人。",
        f"{risk['merged_patches']} patches under {risk['min_zone_ha']:g} ha were merged into neighbours; {risk['people_in_lower_colour']:,.0f} people live where the colour became lower.",
    )
    return (
        Text("方法 {m}；权重 {w}{o}。", "Method {m}; weights {w}{o}.").format(
            m=METHODS[risk["method"]], w=named, o=origin
        ),
        Text("分级 {s}，上限 {b}。", "Classes {s}, upper limits {b}.").format(s=SCHEMES[risk["classify"]], b=breaks)
        + (Text("", "") if fixed else relative),
        merged,
        *stability_notes(context),
    )


def _control_notes(context: Context) -> tuple[Text, ...]:
    own = context.project.control.rules is not None
    table = (
        Text("项目给定的规则表", "the project's rule table")
        if own
        else Text("内置规则表（非官方规定）", "the house's rule table (not official)")
    )
    capacity = (
        Text("", "")
        if context.has("capacity")
        else Text("没有减灾能力数据，按不含该项的规则划分。", " No capacity data: the rules without it were used.")
    )
    return (
        Text(
            "防治分区按风险等级、减灾能力和隐患密度，用",
            "Control zones follow risk level, capacity and hidden-danger density by ",
        )
        + table
        + Text("。", ".")
        + capacity,
    )
