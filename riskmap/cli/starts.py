"""``riskmap init``: an example place, or a project file for one's own folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli.terminal import lang_option, language, say

if TYPE_CHECKING:
    from riskmap.workflow.wizard import Guess

PLACES = ("linzi", "haian", "hegang", "yonghe", "linjiang")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--example", type=click.Choice(PLACES), help="Copy this example place into DIR.")
@click.option("--yes", is_flag=True, help="Ask nothing; what only you can know stays open in the file, marked with ?.")
@click.option("--force", is_flag=True, help="Overwrite a project file that is there.")
@lang_option
def init(folder: str, example: str | None, yes: bool, force: bool, lang: Any) -> None:
    """Start a project: copy an example, or look through a folder of your own files and write its riskmap.yaml.

    \b
    riskmap init linzi --example linzi       an example with its data
    riskmap init D:/maps/data                looks at the files, asks what it can't know
    """
    from riskmap.data import starting

    root = Path(folder)
    if example:
        project = starting.copy_example(example, root, force=force)
        say(f"已复制示例到 {root.as_posix()}", f"the example is in {root.as_posix()}")
    else:
        starting.refuse_project(root, force=force)
        project = _wizard(root, asking=not yes and sys.stdin.isatty(), force=force)
    say("下一步：", "next:")
    for command in ("check", "build"):
        click.echo(f"  riskmap {command} {project.as_posix()}")


def _wizard(root: Path, *, asking: bool, force: bool) -> Path:
    from riskmap.data import starting
    from riskmap.workflow import wizard

    guesses = wizard.look(root)
    for guess in guesses:
        _show(guess)
    if asking:
        guesses = [_ask(guess) for guess in guesses]
    found = {guess.layer for guess in guesses}
    name = next((g.name for g in guesses if g.name), None) or root.resolve().name
    if asking:
        name = click.prompt("本区名称" if language() == "zh" else "name of the area", default=name)
    project = starting.write_project(wizard.project_text(guesses, name=name), root, force=force)
    say(f"已写入 {project.as_posix()}", f"written: {project.as_posix()}")
    open_questions = sum(len(g.asks) for g in guesses if g.layer)
    if open_questions:
        say(
            f"有 {open_questions} 处还要您写明（文件中以 # ? 标出）",
            f"{open_questions} things only you can know; they are marked # ? in the file",
        )
    if "boundary" not in found:
        say(
            "没有认出边界：请在 inputs 里写 boundary: 文件（一个面，有名称列）",
            "no boundary was recognised: write boundary: FILE under inputs (a polygon with a name column)",
        )
    return project


def _show(guess: Guess) -> None:
    what = f"{guess.path}{f' [{guess.part}]' if guess.part else ''}"
    click.echo(f"  {what} -> {guess.layer or '?'}  ({guess.why.pick(language())})")


def _ask(guess: Guess) -> Guess:
    from dataclasses import replace

    from riskmap.data.catalog import house
    from riskmap.workflow import wizard

    if guess.layer is None:
        return guess
    prompt = f"{guess.path}: " + ("图层（- 不用）" if language() == "zh" else "layer (- to leave it out)")
    layer = click.prompt(prompt, default=guess.layer)
    if layer == "-":
        left_out = wizard.Text("没有采用", "left out")
        return replace(guess, layer=None, why=left_out, asks=())
    house().layer(layer)
    guess = replace(guess, layer=layer)
    for key in guess.asks:
        hint = f" [{guess.hint.pick(language())}]" if key == "crs" and guess.hint else ""
        answer = click.prompt(f"  {wizard.QUESTIONS[key].pick(language())}{hint}", default="", show_default=False)
        if answer:
            guess = wizard.answered(guess, key, answer)
    return guess


COMMANDS = (init,)
