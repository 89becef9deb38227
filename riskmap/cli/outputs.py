"""Commands about what a build delivered."""

from __future__ import annotations

from typing import Any

import click

from riskmap.cli.terminal import format_option, lang_option, say, show_json


@click.command()
@click.argument("out_dir", type=click.Path(exists=True, file_okay=False))
@lang_option
@format_option
def verify(out_dir: str, lang: Any, form: str) -> None:
    """Derive every total again from the delivered files and compare with run.json.

    Exit code 7 when a file is missing or changed, or a total differs.
    """
    from riskmap.workflow.verify import verify as run

    told = run(out_dir)
    if form == "json":
        show_json(told)
        return
    for name, value in told["totals"].items():
        click.echo(f"  {name}: {value['delivered']:,.10g} = {value['run']:,.10g}")
    say(
        f"{len(told['files'])} 个文件与 {len(told['totals'])} 项合计全部相符",
        f"{len(told['files'])} files and {len(told['totals'])} totals agree",
    )


COMMANDS = (verify,)
