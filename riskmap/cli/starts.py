"""``riskmap init``: an example place, or a project file for one's own folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskmap.cli.terminal import format_option, lang_option, language, say, show_json, table
from riskmap.errors import RiskmapError

if TYPE_CHECKING:
    from riskmap.text import Lang
    from riskmap.workflow.wizard import Guess

PLACES = ("linzi", "haian", "hegang", "yonghe", "linjiang")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--example", type=click.Choice(PLACES), help="Copy this example place into DIR.")
@click.option("--yes", is_flag=True, help="Ask nothing; what only you can know stays open in the file, marked with ?.")
@click.option("--force", is_flag=True, help="Overwrite a project file that is there.")
@lang_option
@format_option
def init(folder: str, example: str | None, yes: bool, force: bool, lang: Any, form: str) -> None:
    """Start a project: copy an example, or look through a folder of your own files and write its riskmap.yaml.

    \b
    riskmap init linzi --example linzi       an example with its data
    riskmap init D:/maps/data                looks at the files, asks what it can't know

    With --format json nothing is asked.
    """
    from riskmap.data import starting

    root = Path(folder)
    if example:
        project = starting.copy_example(example, root, force=force)
        if form == "json":
            show_json({"project": project.as_posix(), "example": example})
            return
        say(f"已复制示例到 {root.as_posix()}", f"the example is in {root.as_posix()}")
    else:
        starting.refuse_project(root, force=force)
        if form == "json":
            _tell(root, lang or "zh", force=force)
            return
        project = _wizard(root, asking=not yes and sys.stdin.isatty(), lang=lang or "zh", force=force)
    say("下一步：", "next:")
    named = f'"{project.as_posix()}"' if " " in project.as_posix() else project.as_posix()
    for command in ("check", "build"):
        click.echo(f"  riskmap {command} {named}")


def _tell(root: Path, lang: Lang, *, force: bool) -> None:
    """Write the project file of a folder without a question, and print what each file was taken for as JSON."""
    from riskmap.data import starting
    from riskmap.workflow import draft, wizard

    guesses = wizard.look(root)
    text = draft.project_text(guesses, name=wizard.area_name(guesses, root), lang=lang)
    project = starting.write_project(text, root, force=force)
    told = {
        "project": project.as_posix(),
        "files": [guess.as_json() for guess in guesses],
        "not_read": starting.passed_over(root),
    }
    show_json(told)


def _wizard(root: Path, *, asking: bool, lang: Lang, force: bool) -> Path:
    from riskmap.data import starting
    from riskmap.workflow import draft, wizard

    guesses = wizard.look(root)
    if guesses:
        _show(guesses)
    else:
        say(
            f"{root.as_posix()} 里没有数据文件：把各部门给的文件放进去，再加 --force 运行一次",
            f"there are no data files in {root.as_posix()}: put those of the departments there and run this again with --force",
        )
    if left := starting.passed_over(root):
        say(f"不能读的文件类型：{'、'.join(left)}", f"files of kinds that are not read: {', '.join(left)}")
    if asking and guesses:
        guesses = [_ask(number, guess) for number, guess in enumerate(_put_right(guesses), 1)]
    name = wizard.area_name(guesses, root)
    if asking:
        name = click.prompt("本区名称" if language() == "zh" else "name of the area", default=name)
    project = starting.write_project(draft.project_text(guesses, name=name, lang=lang), root, force=force)
    say(f"已写入 {project.as_posix()}", f"written: {project.as_posix()}")
    _say_what_is_open(guesses)
    return project


def _say_what_is_open(guesses: list[Guess]) -> None:
    if count := sum(len(g.asks) for g in guesses if g.layer):
        say(
            f"有 {count} 处还要您写明：打开文件，改好以 # ? 标出的行，去掉行首的 #",
            f"{count} things only you can know: open the file, put right the lines marked # ?, take away their first #",
        )
    if "boundary" not in {guess.layer for guess in guesses}:
        say(
            "没有认出边界：请在 inputs 里写 boundary: 文件（一个面，有名称列）",
            "no boundary was recognised: write boundary: FILE under inputs (a polygon with a name column)",
        )


def _show(guesses: list[Guess]) -> None:
    """Print what each file was taken for, numbered."""
    heads = ["", "文件", "图层", "", "依据"] if language() == "zh" else ["", "file", "layer", "", "why"]
    click.echo(table(heads, [_row(n, guess) for n, guess in enumerate(guesses, 1)], "rllll"))


def _row(number: int, guess: Guess) -> list[str]:
    from riskmap.data.catalog import house

    title = house().layer(guess.layer).title.pick(language()) if guess.layer else ""
    file = f"{guess.path}{f' [{guess.part}]' if guess.part else ''}"
    could = f" ({', '.join(guess.others)}?)" if guess.others and not guess.layer else ""
    return [str(number), file, guess.layer or "-", title, guess.why.pick(language()).splitlines()[0] + could]


def _put_right(guesses: list[Guess]) -> list[Guess]:
    """Let the user correct the guesses, until nothing more is said."""
    from riskmap.workflow import wizard

    say(
        "都对就按回车；要改，写 编号=图层，如 3=water；3=- 不用这个文件；? 列出图层",
        "Enter when all is right; else write number=layer, such as 3=water; 3=- leaves a file out; ? lists the layers",
    )
    while answer := click.prompt(">", default="", show_default=False, prompt_suffix=" ").strip():
        number, _, layer = (word.strip() for word in answer.partition("="))
        if answer in ("?", "？"):
            _list_layers()
            continue
        try:
            changed = wizard.put_right(guesses, int(number) if number.isdecimal() else 0, layer)
        except RiskmapError as error:
            click.echo(error.describe().pick(language()))
            continue
        rows = [_row(n, guess) for n, guess in enumerate(changed, 1) if guess is not guesses[n - 1]]
        click.echo(table([""] * 5, rows, "rllll").lstrip("\n"))
        guesses = changed
    return guesses


def _list_layers() -> None:
    from riskmap.data.catalog import house

    specs = [spec for spec in house().layer_specs.values() if spec.role == "input"]
    rows = [[spec.id, spec.title.pick(language()).replace("{kind}", "…"), ", ".join(spec.geometry)] for spec in specs]
    click.echo(table(["", "", ""], rows, "lll").lstrip("\n"))


def _ask(number: int, guess: Guess) -> Guess:
    """Ask what only the user knows of a file; Enter leaves a question open."""
    from riskmap.workflow import wizard

    asked: list[str] = []
    # an answer may raise a question: which end of the levels in a column is worst
    while key := next((k for k in guess.asks if k not in asked), None):
        asked.append(key)
        question = wizard.QUESTIONS[key]
        say(
            f"{number} {guess.path}（{guess.layer}）：{question.title.zh}；不清楚就按回车，以后再写",
            f"{number} {guess.path} ({guess.layer}): {question.title.en}; Enter leaves it open",
        )
        for choice, (title, _) in enumerate(question.choices, 1):
            click.echo(f"    {choice}  {title.pick(language())}")
        if key == "crs" and guess.hint:
            click.echo(f"    {guess.hint.pick(language())}")
        if key == "fields":
            click.echo(f"    {guess.wanted} <- {', '.join(guess.columns)}")
        guess = _answer(guess, key)
    return guess


def _answer(guess: Guess, key: str) -> Guess:
    """Take an answer; one that is none is said so and asked for again."""
    from riskmap.workflow import wizard

    while key in guess.asks and (answer := click.prompt(">", default="", show_default=False, prompt_suffix=" ")):
        try:
            guess = wizard.answered(guess, key, answer.strip())
        except RiskmapError as error:
            click.echo(error.message.pick(language()))
    return guess


COMMANDS = (init,)
