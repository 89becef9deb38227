"""``riskmap check``, ``riskmap import`` and ``riskmap info``: what departments send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli.codes import exit_code
from riskmap.cli.terminal import format_option, lang_option, language, progress_bar, say, severity, show_json, table
from riskmap.text import Text

if TYPE_CHECKING:
    from riskmap.data.describe import Description, Part
    from riskmap.data.findings import Finding
    from riskmap.workflow.intake import Checked

PROJECTS = (".yaml", ".yml")
SHOWN_COLUMNS = 40


def _delivery_options(command: Any) -> Any:
    for option in reversed(
        (
            click.option(
                "--crs", metavar="EPSG:n", help="Coordinate system, where the file does not say; or GCJ-02, BD-09."
            ),
            click.option(
                "--encoding", metavar="NAME", help="Text encoding, such as GBK; found from the bytes when left out."
            ),
            click.option(
                "--field", "fields", multiple=True, metavar="OURS=THEIRS", help="Column of a field; may be repeated."
            ),
            click.option("--sublayer", metavar="NAME", help="Layer, sheet or variable inside the file."),
            click.option(
                "--where", metavar="SQL", help="Only the rows that meet this condition on the file's own columns."
            ),
            click.option(
                "--levels",
                metavar="N:END",
                help="Meaning of numeric levels: 5:high_code or 5:low_code (4 or 5 levels, which end is worst).",
            ),
            click.option(
                "--content",
                type=click.Choice(["amount", "density_per_km2", "density_per_m2", "value"]),
                help="What the cells of a raster hold.",
            ),
            click.option("--strict", is_flag=True, help="Treat warnings as errors."),
            click.option(
                "--xlsx",
                type=click.Path(dir_okay=False),
                help="Also write findings and changed cells to this workbook.",
            ),
            lang_option,
            format_option,
        )
    ):
        command = option(command)
    return command


def _spec(file: str, options: dict[str, Any]) -> Any:
    from riskmap.data.spec import InputSpec, build

    fields = {}
    for pair in options["fields"]:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise _ill_written(f"--field {pair}", "population=人口数")
        fields[ours.strip()] = theirs.strip()
    said: dict[str, Any] = {"path": file, "fields": fields, "layer": options["sublayer"]}
    said |= {k: options[k] for k in ("crs", "encoding", "where", "content") if options[k] is not None}
    if options["levels"]:
        count, _, worst = options["levels"].partition(":")
        if count not in ("4", "5") or worst not in ("high_code", "low_code"):
            raise _ill_written(f"--levels {options['levels']}", "5:high_code")
        said["levels"] = {"count": int(count), "worst": worst}
    return build(InputSpec, said, "--field")


def _ill_written(given: str, example: str) -> click.UsageError:
    return click.UsageError(Text(f"{given}：应写成 {example}", f"{given}: write it like {example}").pick(language()))


@click.command()
@click.argument("file", type=click.Path())
@click.option("--layer", metavar="ID", help="Which layer the file is; `riskmap info FILE` says what it could be.")
@click.option("--area", type=click.Path(), help="Boundary to check positions against.")
@_delivery_options
@click.pass_context
def check(
    ctx: click.Context, file: str, layer: str | None, area: str | None, lang: Any, form: str, **options: Any
) -> None:
    """Say what is wrong with a file, or with all files of a project. Writes nothing.

    Exit code 0 when there are only notes and warnings, 3 for errors, 4 when the coordinate system is the error.

    \b
    riskmap check 隐患点.shp --layer geohazard_points --area 边界.geojson
    riskmap check 村.csv --layer villages --crs EPSG:4490 --field population=常住人口
    riskmap check riskmap.yaml
    """
    from riskmap.workflow import intake

    _refuse_foreign(options["xlsx"])
    if Path(file).suffix.lower() in PROJECTS:
        checked: Any = intake.check_project(file, progress=progress_bar() if form == "text" else None)
        parts = checked.files
    else:
        if layer is None:
            said = Text(
                "要写 --layer ID；用 `riskmap info 文件` 可查是哪个图层",
                "--layer ID is needed; `riskmap info FILE` says what the file could be",
            )
            raise click.UsageError(said.pick(language()))
        bounds = intake.area_of(area) if area else None
        checked = intake.check_file(file, layer, spec=_spec(file, options), area=bounds)
        parts = [checked]
    if options["strict"]:
        checked = intake.strictly(checked)
        parts = getattr(checked, "files", [checked])
    _write_workbook(options["xlsx"], checked.findings, parts)
    if form == "json":
        show_json(checked.as_json())
    else:
        for part in parts:
            _print_file(part)
        _print_between(getattr(checked, "between", []))
        _print_counts(checked.findings)
    if checked.failure is not None:
        ctx.exit(exit_code(checked.failure))


@click.command("import")
@click.argument("file", type=click.Path())
@click.option("--layer", metavar="ID", required=True, help="Which layer the file is.")
@click.option("--db", required=True, metavar="DB", help="GeoPackage, or postgresql://user@host/database?schema=name.")
@_delivery_options
@click.pass_context
def import_(ctx: click.Context, file: str, layer: str, db: str, lang: Any, form: str, **options: Any) -> None:
    """Bring a file into a database as a layer, whole or not at all.

    With an error nothing is written; findings, changed cells and the columns that were taken are stored with the layer.

    \b
    riskmap import 边界.geojson --layer boundary --db 永和.gpkg
    riskmap import 隐患点.shp --layer geohazard_points --db 永和.gpkg
    """
    from riskmap.workflow import intake

    _refuse_foreign(options["xlsx"])
    spec = _spec(file, options)
    done = intake.import_file(file, layer, db, spec=spec, warnings=options["strict"])
    _write_workbook(options["xlsx"], done.findings, [done])
    if form == "json":
        show_json(done.as_json() | {"written": done.failure is None})
    else:
        _print_file(done)
        _print_counts(done.findings)
    if done.failure is not None:
        say("没有写入", "nothing was written", err=True)
        ctx.exit(exit_code(done.failure))
    elif form == "text":
        from riskmap.data.postgis import without_password

        n, (zh, en) = done.source.rows_out, ("格", "cells") if done.cells else ("行", "rows")
        say(
            f"已写入 {without_password(db)}：{layer}，{n} {zh}", f"written to {without_password(db)}: {layer}, {n} {en}"
        )


@click.command()
@click.argument("file", type=click.Path())
@click.option("--encoding", metavar="NAME", help="Text encoding, such as GBK; found from the bytes when left out.")
@lang_option
@format_option
def info(file: str, encoding: str | None, lang: Any, form: str) -> None:
    """Say what a file is: layers, encoding, coordinate system, columns, and which of our layers it could be."""
    import dataclasses

    from riskmap.data.describe import describe

    told = describe(Path(file), encoding=encoding)
    if form == "json":
        show_json(dataclasses.asdict(told))
    else:
        _print_description(told)


def _print_file(checked: Checked) -> None:
    source, lang = checked.source, language()
    say(f"\n{checked.file} → {checked.layer}", f"\n{checked.file} -> {checked.layer}")
    if checked.cells:
        known = f" · {source.crs_in}" if source.crs_in else ""
        say(f"  {source.rows_in} 格{known}", f"  {source.rows_in} cells{known}")
    elif source.rows_in is not None:
        filtered = f"，筛去 {source.rows_filtered}" if source.rows_filtered else ""
        zh = f"  {source.rows_in} 行{filtered}，剔除并报告 {source.rows_reported}，留下 {source.rows_out}"
        filtered = f", {source.rows_filtered} filtered" if source.rows_filtered else ""
        en = f"  {source.rows_in} rows{filtered}, {source.rows_reported} left out and reported, {source.rows_out} kept"
        known = " · ".join(v for v in (source.sublayer, source.encoding, source.crs_in) if v)
        say(zh + (f" · {known}" if known else ""), en + (f" · {known}" if known else ""))
    mapping = json.loads(source.mapping)
    if mapping:
        taken = ", ".join(f"{ours} ← {theirs}" if ours != theirs else ours for ours, theirs in mapping.items())
        say(f"  字段：{taken}", f"  columns: {taken}")
    if checked.totals:
        sums = ", ".join(f"{field} {total:,.10g}" for field, total in checked.totals.items())
        say(f"  合计：{sums}", f"  totals: {sums}")
    for finding in checked.findings:
        _print_finding(finding, lang)


def _print_finding(finding: Finding, lang: Any) -> None:
    place = f" [{finding.field}]" if finding.field else ""
    if finding.row and not finding.named:  # else the message names it
        place += f" 第 {finding.row} 行" if lang == "zh" else f" row {finding.row}"
    click.echo(f"  {severity(finding.severity)} {finding.code}{place} {finding.message.pick(lang)}")
    if finding.remedy and finding.severity != "note":
        say(f"      处理：{finding.remedy.zh}", f"      remedy: {finding.remedy.en}")


def _print_between(findings: list[Finding]) -> None:
    if findings:
        say("\n图层之间", "\nbetween layers")
        for finding in findings:
            click.echo(f"  {finding.layer}:", nl=False)
            _print_finding(finding, language())


def _print_counts(findings: list[Finding]) -> None:
    from riskmap.data.findings import count

    n = count(findings)
    say(
        f"\n{n['error']} 个错误，{n['warning']} 个警告，{n['note']} 个提示",
        f"\nerrors {n['error']}, warnings {n['warning']}, notes {n['note']}",
    )


def _refuse_foreign(path: str | None) -> None:
    """Stop before anything is read or imported, when the workbook may not be written."""
    if path is not None:
        from riskmap.data.report import refuse_foreign

        refuse_foreign(Path(path))


def _write_workbook(path: str | None, findings: list[Finding], parts: list[Checked]) -> None:
    if path is None:
        return
    import pandas as pd

    from riskmap.data.report import write_findings

    write_findings(findings, pd.concat([p.repairs for p in parts], ignore_index=True), Path(path))


def _print_description(told: Description) -> None:
    click.echo(f"{told.file}  ({told.format})")
    for part in told.parts:
        _print_part(part)


def _print_part(part: Part) -> None:
    lang = language()
    head = " · ".join(str(v) for v in (part.name, part.geometry, part.encoding, part.crs) if v)
    say(f"\n{head or '表'}", f"\n{head or 'table'}")
    if part.rows is not None:
        say(f"  {part.rows} 行", f"  {part.rows} rows")
    if part.looks:
        say(f"  没有坐标系；{part.looks.zh}", f"  no coordinate system; {part.looks.en}")
    for key, value in part.facts.items():
        click.echo(f"  {key}: {value}")
    if part.columns:
        rows = [["  " + c.name, c.type, c.missing, ", ".join(c.samples)] for c in part.columns[:SHOWN_COLUMNS]]
        heads = ["  列", "类型", "空", "例如"] if lang == "zh" else ["  column", "type", "empty", "such as"]
        click.echo(table(heads, rows, "llrl"))
    if part.candidates:
        say("  可以作为：", "  could be:")
        for c in part.candidates:
            taken = ", ".join(f"{ours} ← {theirs}" for ours, theirs in c.mapping.items())
            click.echo(f"    {c.layer} ({c.title.pick(lang).replace('{kind}', '…')}) {taken}")


COMMANDS = (check, import_, info)
