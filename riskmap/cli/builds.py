"""``riskmap build`` and the single steps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli import figures
from riskmap.cli.terminal import format_option, lang_option, language, progress_bar, say, severity, show_json, table

if TYPE_CHECKING:
    from riskmap.workflow.build import Built

SINGLE_STEPS = {
    "risk": "Compute the risk score and levels.",
    "zones": "Draw risk zones and control zones, and count townships.",
    "network": "Cut the roads into a network, and report what it is like.",
    "coverage": "Prove the fire circle on the road network: pieces, shares, gaps, responsibility areas.",
    "siting": "Choose sites for new fire stations, exactly, and check them on the network.",
    "reach": "Answer the project's other questions of time, its list `reach`.",
    "geohazards": "Grade geohazard points and count what they threaten.",
    "pipelines": "Identify the pipelines' high-consequence areas.",
    "hazchem": "Grade hazardous-chemical sources and draw screening zones.",
    "evacuate": "Plan who goes to which shelter, on which road, and how long it takes.",
    "cards": "Write the evacuation cards and the table of routes.",
    "tables": "Write the ledger, the lists, the wardens' cards and the indicators.",
    "map": "Write the map pages.",
    "print": "Print the maps: PDF and PNG sheets.",
    "qgis": "Write the QGIS project and styles.",
}
SHOWN_UNITS = 5
SHOWN_FINDINGS = 8


def _options(command: Any) -> Any:
    for option in (
        click.option(
            "--out", type=click.Path(file_okay=False), help="Output folder. [default: out/<folder of the project file>]"
        ),
        click.option("--redo", is_flag=True, help="Do every step again, changed or not."),
        click.option("--force", is_flag=True, help="Overwrite files at our names that riskmap did not write."),
        click.option(
            "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Threads for blocks of cells."
        ),
        click.option("--dask", metavar="ADDRESS", help="Dask cluster for blocks of cells, such as tcp://host:8786."),
        lang_option,
        format_option,
    ):
        command = option(command)
    return click.argument("project", type=click.Path(dir_okay=False))(command)


@click.command()
@_options
@click.argument("more", nargs=-1, type=click.Path(dir_okay=False))
@click.option("--only", multiple=True, metavar="STEP", help="Do this step and those it needs; may be repeated.")
@click.pass_context
def build(ctx: click.Context, project: str, more: tuple[str, ...], only: tuple[str, ...], **options: Any) -> None:
    """Build a project: one database, the grids, the maps. Of several projects one that stops does not stop the others.

    \b
    riskmap build examples/linzi/riskmap.yaml
    riskmap build riskmap.yaml --out D:/maps/linzi --lang en
    riskmap build 甲县/riskmap.yaml 乙县/riskmap.yaml --jobs 2
    """
    if not more:
        _build(project, only=only, **options)
        return
    from riskmap.cli.counties import counties

    out = options.pop("out") or "out"
    ctx.invoke(counties, projects=(project, *more), only=only, out=out, **options)


def _single(name: str, text: str) -> click.Command:
    @click.command(name, help=f"{text}\n\nSteps that it needs are done first, where something changed.")
    @_options
    def command(project: str, **options: Any) -> None:
        _build(project, only=(name,), **options)

    return command


def _build(project: str, *, form: str, **options: Any) -> None:
    from riskmap.workflow.build import build as run

    built = run(project, progress=progress_bar(), **options)
    if form == "json":
        from riskmap.workflow.record import without_nan

        told = without_nan(built.run) | {"findings": [f.as_json() for f in built.findings]}
        show_json(told)
    else:
        _summary(built, options["only"] or ("coverage", "evacuate"))


def _summary(built: Built, shown: tuple[str, ...]) -> None:
    totals = built.run["totals"].get("zones")
    if totals:
        _colours(totals)
        _townships(built)
    figures.show(built, shown)
    _findings(built)
    for name, why in built.skipped.items():
        say(f"跳过 {name}：{why.zh}", f"skipped {name}: {why.en}")
    if built.reused:
        done, every = len(built.reused), len(built.run["steps"]) - len(built.skipped)
        say(
            f"{every} 步中 {done} 步自上次以来没有变，沿用（全部重做用 --redo）",
            f"{done} of {every} steps had not changed since an earlier run and were kept (--redo does all again)",
        )
    pages = [p for p in built.products if p.startswith("maps/") and p.endswith(".html")]
    say("\n打开：" if pages else f"\n结果在 {built.out}", "\nopen:" if pages else f"\nresults in {built.out}")
    kept = [p for p in ("tables/ledger.xlsx", "project.qgz", "riskmap.gpkg") if p in built.products]
    for page in (*pages, *kept):
        click.echo(f"  {(built.out / page).as_posix()}")
    # cards and sheets are many: their folders are named
    folders = Counter(p.partition("/")[0] for p in built.products)
    for folder, files in sorted((f, n) for f, n in folders.items() if f in ("cards", "print")):
        say(
            f"  {(built.out / folder).as_posix()}/（{files} 个文件）",
            f"  {(built.out / folder).as_posix()}/ ({files} files)",
        )


def _colours(totals: dict[str, Any]) -> None:
    from riskmap.levels import LEVELS

    lang = language()
    area, people = totals["area_km2"]["by_level"], totals.get("people", {}).get("by_level")
    rows = []
    for level in reversed(LEVELS):
        km2 = area[str(level.code)]
        if level.code or km2:
            rows.append(
                [
                    level.name.pick(lang),
                    f"{km2:,.1f}",
                    f"{km2 / totals['area_km2']['boundary']:.1%}",
                    f"{people[str(level.code)]:,.0f}" if people else "-",
                ]
            )
    rows.append(
        [
            "合计" if lang == "zh" else "total",
            f"{totals['area_km2']['boundary']:,.1f}",
            "100.0%",
            f"{totals['people']['inside']:,.0f}" if people else "-",
        ]
    )
    heads = ["风险等级", "km2", "占比", "人口"] if lang == "zh" else ["risk level", "km2", "share", "people"]
    click.echo("\n" + table(heads, rows, "lrrr"))


def _townships(built: Built) -> None:
    from riskmap.data.database import Database

    database = Database(built.out / "riskmap.gpkg")
    if "risk_units" not in database.layers():
        return
    units = (
        database.read("risk_units")
        .sort_values(["share_red", "people_red"], ascending=False, kind="stable")
        .head(SHOWN_UNITS)
    )
    rows = [
        [
            u["name"],
            f"{u['share_red']:.1%}",
            f"{u['share_orange']:.1%}",
            f"{u['people_red']:,.0f}" if u["people_red"] == u["people_red"] else "-",
        ]
        for _, u in units.iterrows()
    ]
    heads = (
        ["红色最多的乡镇", "红", "橙", "红区人口"]
        if language() == "zh"
        else ["most red", "red", "orange", "people in red"]
    )
    click.echo("\n" + table(heads, rows, "lrrr"))


def _findings(built: Built) -> None:
    from riskmap.data.findings import count, sort

    found = [f for f in built.findings if f.code != "STEP_SKIPPED"]
    numbers = count(found)
    say(
        f"\n数据问题：{numbers['error']} 个错误，{numbers['warning']} 个警告，{numbers['note']} 个提示（详见图层 findings）",
        f"\nfindings: errors {numbers['error']}, warnings {numbers['warning']}, notes {numbers['note']} (layer findings has them all)",
    )
    worse = [f for f in sort(found) if f.severity != "note"]
    for f in worse[:SHOWN_FINDINGS]:
        place = " ".join(p for p in (f.layer, f.row) if p)
        click.echo(f"  {severity(f.severity)}  {place}  {f.message.pick(language())}")
    if len(worse) > SHOWN_FINDINGS:
        say(f"  另有 {len(worse) - SHOWN_FINDINGS} 条", f"  and {len(worse) - SHOWN_FINDINGS} more")


COMMANDS = (build, *(_single(name, text) for name, text in SINGLE_STEPS.items()))
