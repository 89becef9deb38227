"""Groups and usage errors that speak the terminal's language; what click itself says is English only."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import click

from riskmap.cli.terminal import language

OPTIONS = re.compile(r"\[OPTIONS\]|COMMAND \[ARGS\]\.\.\.")
EXTRA = re.compile(r"\[(default|required)")
MESSAGES = (
    (r"No such (?:option|command):? (\S+?)\.?", r"没有 \1"),
    (r"No such (?:option|command):? (\S+?)\.? \(?Did you mean (?:one of: )?(.+)\?\)?", r"没有 \1，是不是 \2"),
    (r"No such option:? (\S+?)\.? \(Possible options: (.+)\)", r"没有 \1，是不是 \2"),
    (r"Missing command\.", r"缺少命令"),
    (r"Missing argument (.+?)\.", r"缺少参数 \1"),
    (r"Missing option (.+?)\.", r"缺少选项 \1"),
    (r"Option (.+) requires an argument\.", r"选项 \1 后面要有值"),
    (r"Option (.+) does not take a value\.", r"选项 \1 后面不能有值"),
    (r"Got unexpected extra arguments? \((.+)\)", r"多出了参数 \1"),
    (r"Invalid value for (.+?): (.+) is not one of (.+)\.", r"\1 不能是 \2，可以是 \3"),
    (r"Invalid value for (.+?): (.+) is not LON,LAT such as (.+)", r"\1 应是经度,纬度，如 \3，不是 \2"),
    (r"Invalid value for (.+?): (.+) is not a valid integer(?: range)?\.", r"\1 应是整数，不是 \2"),
    (r"Invalid value for (.+?): (.+) is not in the range (.+)\.", r"\1 应在 \3 之内，不是 \2"),
    (r"Invalid value for (.+?): (?:File|Path|Directory) (.+) does not exist\.", r"\1：\2 不存在"),
    (r"Invalid value for (.+?): (?:File|Path|Directory) (.+) is a directory\.", r"\1：\2 是文件夹，应是文件"),
    (r"Invalid value for (.+?): (?:File|Path|Directory) (.+) is a file\.", r"\1：\2 是文件，应是文件夹"),
)
"""What click says of a wrong command line, and how it reads in Chinese; what is not here stays as click says it."""


class Help(click.HelpFormatter):
    """Help in the terminal's language; a text that has no Chinese stays English."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        if language() == "zh":
            args = OPTIONS.sub(lambda found: {"[OPTIONS]": "[选项]"}.get(found[0], "命令 [参数]..."), args)
            prefix = "用法：" if prefix is None else prefix
        super().write_usage(prog, args, prefix)

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        super().write_heading(in_chinese(heading) if language() == "zh" else heading)

    def write_text(self, text: str) -> None:
        """Write what a command does."""
        if language() == "zh":
            text = "\n\n".join(in_chinese(part) for part in text.split("\n\n"))
        super().write_text(text)

    def write_dl(self, rows: Iterable[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Write options or commands and what each is."""
        if language() == "zh":
            rows = [(first, _described(second)) for first, second in rows]
        super().write_dl(rows, *args, **kwargs)


class Context(click.Context):
    """A context whose help is in the terminal's language."""

    formatter_class = Help


class Group(click.Group):
    """A group whose help and usage errors are in the terminal's language."""

    context_class = Context

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, which then helps in the terminal's language too."""
        cmd.context_class = Context
        super().add_command(cmd, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with the first sentence of what it does."""
        if language() == "en":
            super().format_commands(ctx, formatter)
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_sentence(self.commands[name])) for name in self.list_commands(ctx)])

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _told(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is named."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _told(error) from None


class _Told(click.UsageError):
    """A usage error in Chinese."""

    def show(self, file: Any = None) -> None:
        """Print the usage, where to find help, and what is wrong."""
        if self.ctx is not None:
            click.echo(f"{self.ctx.get_usage()}\n试试 {self.ctx.command_path} --help\n", file=file, err=file is None)
        click.echo(f"错误：{self.message}", file=file, err=file is None)


def _told(error: click.UsageError) -> click.UsageError:
    if language() == "en" or isinstance(error, (_Told, click.exceptions.NoArgsIsHelpError)):
        return error
    said = error.format_message()
    for pattern, chinese in MESSAGES:
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return _Told(found.expand(chinese), ctx=error.ctx)
    return _Told(said, ctx=error.ctx)


def in_chinese(text: str) -> str:
    """Give the Chinese of a text of the help; the text itself where there is none."""
    from riskmap.cli.help_zh import HELP

    return HELP.get(" ".join(text.split()), text)


def first_sentence(command: click.Command) -> str:
    """Give in Chinese the first sentence of what a command does."""
    first = inspect.cleandoc(command.help or "").split("\n\n")[0]
    return in_chinese(first).partition("。")[0]


def _described(text: str) -> str:
    """Give the help of an option in Chinese, with its default and whether it must be given."""
    found = EXTRA.search(text)
    said, extra = (text, "") if found is None else (text[: found.start()].rstrip(), text[found.start() :])
    extra = extra.replace("[default: ", "[默认：").replace("required]", "必填]").replace("[required", "[必填")
    extra = extra.replace("<folder of the project file>", "<项目文件所在文件夹名>")
    return f"{in_chinese(said)}  {extra}".rstrip()
