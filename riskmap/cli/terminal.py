"""Words on the terminal: language, progress, tables."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

import click

from riskmap.text import Lang, Text

BAR = 24
SEVERITIES = {"error": Text("错误", "error"), "warning": Text("警告", "warning"), "note": Text("提示", "note")}


def language() -> Lang:
    """Give the language of terminal text: ``--lang`` of the command, else the locale."""
    context = click.get_current_context(silent=True)
    while context is not None:
        if context.params.get("lang"):
            return context.params["lang"]
        context = context.parent
    locale = next((os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), "")
    if not locale and sys.platform == "win32":
        import locale as system

        locale = system.getlocale()[0] or ""
    return "zh" if locale.lower().startswith(("zh", "chinese")) else "en"


def say(zh: str, en: str, *, err: bool = False) -> None:
    """Print a line in the terminal's language."""
    click.echo(zh if language() == "zh" else en, err=err)


def severity(word: str) -> str:
    """Give how grave a finding is, in the terminal's language."""
    return SEVERITIES[word].pick(language())


def show_json(document: Any) -> None:
    """Print a document for programs.

    On a console that is not UTF-8 whatever is not ASCII is escaped: programs read that the same, and nothing is lost.
    """
    import json

    escaped = not (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(document, ensure_ascii=escaped, default=str))


def progress_bar() -> Callable[[float, Text], None]:
    """Give a progress callback: a bar on a terminal, a line a step in a log."""
    if not sys.stderr.isatty():
        return lambda share, text: click.echo(f"[{share:4.0%}] {text.pick(language())}", err=True)

    def draw(share: float, text: Text) -> None:
        filled = round(BAR * share)
        line = f"\r[{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%} {text.pick(language())}"
        click.echo(line + "\x1b[K" + ("\n" if share >= 1 else ""), nl=False, err=True)

    return draw


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]], align: str) -> str:
    """Give a plain table; Chinese characters count two columns.

    Parameters
    ----------
    heads : sequence of str
    rows : sequence of sequences
    align : str
        One letter a column: ``l`` or ``r``.
    """
    cells = [[str(c) for c in row] for row in (heads, *rows)]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(heads))]
    return "\n".join(
        "  ".join(_pad(c, w, a) for c, w, a in zip(row, widths, align, strict=True)).rstrip() for row in cells
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, align: str) -> str:
    blank = " " * (width - _width(text))
    return text + blank if align == "l" else blank + text


Format = Literal["text", "json"]
FORMAT = "riskmap.format"
"""Where a running command says which form it prints."""


def _remember(ctx: click.Context, _: click.Parameter, value: Format) -> Format:
    ctx.meta[FORMAT] = value
    return value


lang_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), is_eager=True, help="Language of products and messages."
)  # eager: before it, --help is told in the locale's language
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    callback=_remember,
    help="Form of the result on stdout.",
)
