"""Help and usage errors in the terminal's language."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from riskmap.cli import main
from riskmap.cli.group import EXTRA, first_sentence
from riskmap.cli.help_zh import HELP

CHINESE = {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "zh_CN.UTF-8"}
ENGLISH = CHINESE | {"LANG": "C.UTF-8"}


def commands(
    command: click.Command = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


def texts(command: click.Command) -> Iterator[str]:
    yield from inspect.cleandoc(command.help or "").split("\n\n")
    for parameter in command.params:
        yield EXTRA.split(getattr(parameter, "help", None) or "")[0].rstrip()


def said(*args: str, env: dict[str, str] = CHINESE) -> Result:
    return CliRunner().invoke(main, list(args), env=env)


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda v: " ".join(v) if isinstance(v, tuple) else ""
)
def test_every_command_and_option_is_told_in_both_languages(path: tuple[str, ...], command: click.Command) -> None:
    for text in texts(command):
        example = text.startswith("\b") and not re.search(r" {3,}\S", text)  # a bare command line is the same in both
        assert example or not text or " ".join(text.split()) in HELP, text
    chinese, english = (said(*path, "--help", env=env) for env in (CHINESE, ENGLISH))
    assert (chinese.exit_code, english.exit_code) == (0, 0)
    assert chinese.output.startswith("用法：")
    assert "显示本说明。" in chinese.output
    assert english.output.startswith("Usage: ")
    assert not re.search("[\u4e00-\u9fff]", re.sub(r"(?m)^ +riskmap .*|.*=常住人口", "", english.output))


def test_no_chinese_text_is_left_over() -> None:
    used = {" ".join(text.split()) for _, command in commands() for text in texts(command)}
    own = {"Options", "Commands", "Show this message and exit."}
    assert set(HELP) - used - own == set()


def test_the_language_that_is_asked_for_goes_before_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert CliRunner().invoke(main, ["build", "--lang", "zh", "--help"]).output.startswith("用法：")
    assert CliRunner().invoke(main, ["build", "--help"]).output.startswith("Usage: ")


def test_a_group_lists_the_first_sentence_of_each_command() -> None:
    listed = said("--help").output
    assert first_sentence(main.commands["build"]) == "生成一个项目的全部成果：数据库、格网、地图"
    assert all(first_sentence(command) in listed for command in main.commands.values())


@pytest.mark.parametrize(
    ("args", "chinese", "english"),
    [
        (["build"], "缺少参数 'PROJECT'", "Missing argument 'PROJECT'"),
        (["biuld"], "没有 'biuld'，是不是 'build'", "No such command 'biuld'"),
        (["styles", "shwo"], "没有 'shwo'", "No such command 'shwo'"),
        (["build", "x", "--foo"], "--foo", "No such option"),
        (["build", "x", "--jobs", "0"], "'--jobs' 应在 x>=1 之内，不是 0", "is not in the range"),
        (["build", "x", "--jobs", "two"], "应是整数，不是 'two'", "is not a valid integer"),
        (["build", "x", "--lang", "fr"], "'--lang' 不能是 'fr'，可以是 'zh', 'en'", "is not one of"),
        (["build", "x", "--out"], "选项 '--out' 后面要有值", "requires an argument"),
        (["styles", "show", "b", "c"], "多出了参数 c", "unexpected extra argument"),
        (["explain", "a", "b"], "'PLACE' 应是经度,纬度，如 118.31,36.82，不是 'b'", "is not LON,LAT"),
        (["import", "x", "--db", "y"], "缺少选项 '--layer'", "Missing option '--layer'"),
        (
            ["check", __file__, "--layer", "villages", "--field", "x"],
            "--field x：应写成 population=人口数",
            "write it like",
        ),
    ],
)
def test_a_wrong_command_line_is_told_in_both_languages(args: list[str], chinese: str, english: str) -> None:
    told, plain = said(*args), said(*args, env=ENGLISH)
    assert (told.exit_code, plain.exit_code) == (2, 2)
    assert chinese in told.stderr
    assert "错误：" in told.stderr
    assert "Error" not in told.stderr
    assert english in plain.stderr
