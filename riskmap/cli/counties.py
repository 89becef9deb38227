"""``riskmap counties``: many projects in one go."""

from __future__ import annotations

from typing import Any

import click

from riskmap.cli.terminal import lang_option, language, say, table

STOPPED = 3
"""Exit code when a county stopped: of its data, whatever else they may share."""


@click.command()
@click.argument("projects", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.option(
    "--out", type=click.Path(file_okay=False), default="out", show_default=True, help="Folder of all outputs."
)
@click.option("--only", multiple=True, metavar="STEP", help="Do this step and those it needs; may be repeated.")
@click.option("--redo", is_flag=True, help="Do every step again, changed or not.")
@click.option("--force", is_flag=True, help="Overwrite files at our names that riskmap did not write.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Counties built at once.")
@click.option("--dask", metavar="ADDRESS", help="Dask cluster that builds them, such as tcp://host:8786.")
@lang_option
def counties(projects: tuple[str, ...], **options: Any) -> None:
    """Build many counties, each in a folder of its own; one that stops does not stop the others.

    \b
    riskmap counties 甲县/riskmap.yaml 乙县/riskmap.yaml --jobs 2
    """
    from riskmap.workflow.counties import build_each

    lang = language()
    rows, stopped = [], 0
    for county in build_each(projects, **options):
        if county.run is None:
            stopped += 1
            said = "" if county.error is None else county.error.pick(lang).splitlines()[0]
            rows.append([county.project.parent.name, "停止" if lang == "zh" else "stopped", said])
            continue
        numbers = county.run["findings"]
        figures = (
            f"{numbers['error']} 个错误，{numbers['warning']} 个警告"
            if lang == "zh"
            else f"{numbers['error']} errors, {numbers['warning']} warnings"
        )
        rows.append([county.project.parent.name, "完成" if lang == "zh" else "done", figures])
    click.echo(table(["县区", "结果", ""] if lang == "zh" else ["county", "result", ""], rows, "lll"))
    say(f"结果在 {options['out']}", f"results in {options['out']}")
    if stopped:
        raise click.exceptions.Exit(STOPPED)


COMMANDS = (counties,)
