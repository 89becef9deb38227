"""The project file that ``riskmap init`` drafts: what was recognised, and what is open, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from riskmap.text import Lang, Text
from riskmap.workflow.wizard import QUESTIONS, Guess


def project_text(guesses: Sequence[Guess], *, name: str, lang: Lang = "zh") -> str:
    """Give the text of a project file: what was recognised, what is open, and equal weights to begin with."""
    lines = [
        "# 由 riskmap init 生成；逐行核对后再用 / written by riskmap init: read it line by line before use",
        "schema: 1",
        f"name: {_flow(name)}",
        "# data_date: 2025 年 6 月   # 数据日期，写在图名下面 / date of the data, stands under the titles",
        "cell_size_m: 100",
        "inputs:" if any(guess.layer for guess in guesses) else "inputs: {}",
    ]
    used = sorted((g for g in guesses if g.layer), key=lambda g: str(g.layer))
    lines += [line for guess in used for line in _input_lines(guess)]
    unknown = [g for g in guesses if not g.layer]
    if unknown:
        lines.append("# 未用的文件 / files that are not used:")
        lines += [f"#   {g.path}{f' [{g.part}]' if g.part else ''}: {g.why.zh} / {g.why.en}" for g in unknown]
    weighted = [str(g.layer) for g in used if str(g.layer).startswith(("hazard_", "exposure_population"))]
    if weighted:
        lines += ["risk:", "  weights:                # 先等权，请按本地规定改 / equal to begin with: set your own"]
        lines += [f"    {layer}: {1 / len(weighted):.4f}" for layer in weighted]
    return "\n".join([*lines, f"output: {{lang: {lang}, publish: internal}}", ""])


def _input_lines(guess: Guess) -> list[str]:
    """Give the lines of one input: one when nothing is open, else one a key, so that the answers need only be uncommented."""
    said = {"path": guess.path} | guess.said
    if not guess.asks:
        return [f"  {guess.layer}: {_flow(said)}"]
    lines = [f"  {guess.layer}:", *(f"    {key}: {_flow(value)}" for key, value in said.items())]
    for key in guess.asks:
        question = QUESTIONS[key]
        title = Text(
            "；".join([question.title.zh, *(c.zh for c, _ in question.choices)]),
            "; ".join([question.title.en, *(c.en for c, _ in question.choices)]),
        )
        if key == "crs" and guess.hint:
            title += Text(f"；{guess.hint.zh}", f"; {guess.hint.en}")
        if key == "fields":
            wanted = f"{guess.wanted} <- {', '.join(guess.columns)}"
            title += Text(f"；{wanted}", f"; {wanted}")
        lines.append(f"    # {_example(key, guess)}   # ? {title.zh} / {title.en}")
    return lines


def _example(key: str, guess: Guess) -> str:
    """Give the line to uncomment, with what the file tells: the fields it lacks, and a system that its numbers could have."""
    if key == "fields" and guess.lacks:
        return f"fields: {{{', '.join(f'{ours}: 列名' for ours in guess.lacks)}}}"
    if key == "crs" and guess.seen and guess.seen.try_crs:
        return f"crs: {guess.seen.try_crs}"
    return QUESTIONS[key].write


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()
