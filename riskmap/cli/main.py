"""The group of all commands, the exit codes, and what an error looks like."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from riskmap import errors
from riskmap.cli import builds, counties, declarations, deliveries, outputs, risk, starts
from riskmap.cli.codes import exit_code
from riskmap.cli.group import Group
from riskmap.cli.terminal import FORMAT, language, say, show_json


class Commands(Group):
    """A group that turns riskmap's errors into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; never show a traceback for what the data or the user did."""
        try:
            return super().invoke(ctx)
        except errors.RiskmapError as error:
            _report(error)
            if ctx.meta.get(FORMAT) == "json":
                _report_json(error)
            ctx.exit(exit_code(error))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # whoever read the output has seen enough: click ends quietly
        except Exception as error:  # the one broad catch: whatever is left is a bug of ours
            if ctx.params.get("verbose"):
                traceback.print_exc()
            bug_zh = f"程序出错（{type(error).__name__}: {error}）。请用 riskmap -v … 再运行一次，把输出发给开发者。"
            bug_en = f"a bug of ours ({type(error).__name__}: {error}). Please run riskmap -v ... again and send us the output."
            say(bug_zh, bug_en, err=True)
            ctx.exit(1)


def _report(error: errors.RiskmapError) -> None:
    """Print an error in both languages, the reader's first."""
    text = error.describe()
    lines = [f"错误：{text.zh}", f"error: {text.en}"]
    for line in lines if language() == "zh" else lines[::-1]:
        click.echo(line, err=True)


def _report_json(error: errors.RiskmapError) -> None:
    """Print an error as findings: who asks for JSON reads stdout."""
    from riskmap.data.rules import finding_of

    several = error.errors if isinstance(error, errors.SeveralErrors) else [error]
    show_json({"findings": [finding_of(e, "").as_json() for e in several]})


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="riskmap", prog_name="riskmap")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of a bug.")
def main(verbose: bool) -> None:
    """Hazard risk maps, overlays, fire coverage and evacuation for emergency bureaux.

    \b
    riskmap check 村庄.shp --layer villages        what is wrong with a file
    riskmap build examples/linzi/riskmap.yaml     one database and two maps
    riskmap layers list                           what each layer must hold
    """
    for stream in (sys.stdout, sys.stderr):
        # a GBK console cannot show every character; it must not stop the run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


for command in (
    *starts.COMMANDS,
    *builds.COMMANDS,
    *counties.COMMANDS,
    *deliveries.COMMANDS,
    *declarations.COMMANDS,
    *outputs.COMMANDS,
    *risk.COMMANDS,
):
    main.add_command(command)
