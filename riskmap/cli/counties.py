"""``riskmap counties``: many projects in one go."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli.terminal import format_option, lang_option, language, progress_bar, say, show_json, table

if TYPE_CHECKING:
    from riskmap.workflow.counties import County

HEADS = {
    "zh": ["县区", "结果", "红", "红区人口", "错误", "警告", ""],
    "en": ["county", "result", "red", "people in red", "errors", "warnings", ""],
}
STOPPED = 3
"""Exit code when a county stopped: of its data, whatever else they may share."""
TERMINATED = 128 + signal.SIGTERM
"""Exit code of a run that was told to end."""


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
@format_option
def counties(projects: tuple[str, ...], **options: Any) -> None:
    """Build many counties, each in a folder of its own; one that stops does not stop the others.

    \b
    riskmap counties 甲县/riskmap.yaml 乙县/riskmap.yaml --jobs 2
    """
    from riskmap.workflow.counties import build_each

    form = options.pop("form")
    # an exit, not the plain death of a process: it ends the workers too, and Python has nothing left to complain of
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        found = build_each(projects, progress=progress_bar(), **options)
    finally:
        signal.signal(signal.SIGTERM, before)
    if form == "json":
        show_json({"counties": [county.as_json() for county in found]})
    else:
        click.echo("\n" + table(HEADS[language()], [_row(county) for county in found], "llrrrrl"))
        say(f"结果在 {options['out']}", f"results in {options['out']}")
    if any(county.run is None for county in found):
        raise click.exceptions.Exit(STOPPED)


def _row(county: County) -> list[str]:
    """Give what stands in the table of a batch: the headline, what was found, and why a county stopped."""
    lang = language()
    if county.run is None:
        said = "" if county.error is None else " ".join(county.error.pick(lang).split())
        return [county.name, "停止" if lang == "zh" else "stopped", "", "", "", "", said]
    zones = county.run["totals"].get("zones", {})
    red = zones["area_km2"]["by_level"]["4"] / zones["area_km2"]["boundary"] if zones else None
    people = zones.get("people", {}).get("by_level", {}).get("4")
    return [
        county.name,
        "完成" if lang == "zh" else "done",
        "-" if red is None else f"{red:.1%}",
        "-" if people is None else f"{people:,.0f}",
        str(county.run["findings"]["error"]),
        str(county.run["findings"]["warning"]),
        "",
    ]


COMMANDS = (counties,)
