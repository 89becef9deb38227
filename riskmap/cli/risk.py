"""``riskmap weights`` and ``riskmap explain``: where a colour comes from."""

from __future__ import annotations

from typing import Any

import click

from riskmap.cli.terminal import format_option, lang_option, language, say, show_json, table


@click.command()
@click.argument("matrix", type=click.Path(dir_okay=False, exists=True))
@click.option("--encoding", help="Encoding of a CSV; found from the file when left out.")
@lang_option
@format_option
def weights(matrix: str, encoding: str | None, lang: Any, form: str) -> None:
    """Weights of a matrix of pairwise judgements (AHP), and how consistent it is.

    MATRIX is a CSV or XLSX file; its first row and first column name what is compared, the cells say how many times the row
    matters more than the column (3, 1/3). Half of it suffices; empty pairs were not judged.

    Exit code 3 when the consistency ratio is 0.1 or more: the judgements to revisit are named.
    """
    from pathlib import Path

    from riskmap.data.catalog import house
    from riskmap.data.judgements import read_matrix
    from riskmap.errors import RiskmapError
    from riskmap.risk.weights import ahp

    read = read_matrix(Path(matrix), encoding=encoding)
    limit = house().facts("weights").values["max_consistency_ratio"].value
    try:
        found = ahp(read, max_cr=None)
    except RiskmapError as error:
        error.file = error.file or Path(matrix).name
        raise
    if form == "json":
        _json(
            {
                "weights": found.weights.to_dict(),
                "lambda_max": found.lambda_max,
                "ci": found.ci,
                "cr": None if found.cr != found.cr else found.cr,
                "consistent": found.cr < limit,
                "missing": found.missing,
                "worst": [judgement._asdict() for judgement in found.worst],
            }
        )
    else:
        _show(found)
    # the same matrix under the limit: raises, and the group of commands gives message and exit code
    ahp(read, max_cr=limit)


def _show(found: Any) -> None:
    from riskmap.risk.ahp import ratio

    lang = language()
    rows = [[name, f"{weight:.4f}"] for name, weight in found.weights.items()]
    click.echo(table(["图层", "权重"] if lang == "zh" else ["layer", "weight"], rows, "lr"))
    click.echo(f"\nlambda_max {found.lambda_max:.4f}   CI {found.ci:.4f}   CR {found.cr:.4f}")
    if found.missing:
        say(f"未给出的比较 {found.missing} 对", f"{found.missing} pairs not judged")
    if found.worst:
        heads = (
            ["最不一致的判断", "给定", "其余判断表明"]
            if lang == "zh"
            else ["least consistent", "given", "the others imply"]
        )
        rows = [[f"{j.row} : {j.column}", ratio(j.given), ratio(j.implied)] for j in found.worst]
        click.echo("\n" + table(heads, rows, "lrr"))


BOUNDS_HELP = "Ranges for the normalisation: of all cells, or of at most 2 % of the tiles."
BREAKS_HELP = "Class limits: of all scores, or of at most 2 % of the tiles, with their error."


class Place(click.ParamType):
    """``LON,LAT`` in degrees."""

    name = "LON,LAT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Read two numbers; a Chinese comma will do."""
        parts = str(value).replace("，", ",").split(",")
        try:
            lon, lat = (float(part) for part in parts)
        except ValueError:
            self.fail(f"{value!r} is not LON,LAT such as 118.31,36.82", param, ctx)
        return lon, lat


@click.command()
@click.argument("project", type=click.Path(dir_okay=False))
@click.argument("place", type=Place())
@click.option(
    "--out", type=click.Path(file_okay=False), help="Output folder. [default: out/<folder of the project file>]"
)
@lang_option
@format_option
def explain(project: str, place: tuple[float, float], out: str | None, lang: Any, form: str) -> None:
    """Why a place has its colour: each layer's value, weight and contribution, the classes, merges and control rule.

    \b
    riskmap explain riskmap.yaml 118.31,36.82
    """
    from riskmap.workflow.explain import explain as run

    told = run(project, *place, out=out)
    if form == "json":
        _json(told)
    else:
        _tell(told)


@click.command()
@click.argument("project", type=click.Path(dir_okay=False))
@click.option("--out", type=click.Path(file_okay=False), required=True, help="Output folder.")
@click.option("--bounds", type=click.Choice(["exact", "sample"]), default="exact", show_default=True, help=BOUNDS_HELP)
@click.option("--breaks", type=click.Choice(["exact", "sample"]), default="exact", show_default=True, help=BREAKS_HELP)
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Threads.")
@click.option("--dask", metavar="ADDRESS", help="Dask cluster that works on the windows, such as tcp://host:8786.")
@lang_option
@format_option
def compose(
    project: str, out: str, bounds: Any, breaks: Any, jobs: int, dask: str | None, lang: Any, form: str
) -> None:
    """Score and levels of an area too large for memory, window by window, from rasters that lie on one grid.

    \b
    riskmap compose province.yaml --out out/province --breaks sample
    riskmap compose nation.yaml --out out/nation --dask tcp://10.0.0.1:8786
    """
    from riskmap.workflow.national import compose_project

    told = compose_project(project, out, bounds_from=bounds, breaks_from=breaks, jobs=jobs, dask=dask)
    if form == "json":
        _json(told)
        return
    heads = ["颜色", "格数"] if language() == "zh" else ["colour", "cells"]
    click.echo(table(heads, [[colour, f"{n:,}"] for colour, n in told["cells"].items()], "lr"))
    limits = ", ".join(f"{b:.6g}" for b in told["breaks"])
    error = _number(told["breaks_error"])
    say(f"分级上限 {limits}（误差 {error}）", f"upper limits {limits} (error {error})")
    for layer, cells in told["beyond_bounds"].items():
        if cells:
            say(
                f"{layer}：{cells:,} 格超出上下限，按界限计",
                f"{layer}: {cells:,} cells beyond the bounds count as the bound",
            )
    for found in told["findings"]:
        say(f"警告：{found['message']['zh']}", f"warning: {found['message']['en']}")


def _tell(told: dict[str, Any]) -> None:
    from riskmap.data.catalog import house
    from riskmap.levels import LEVELS, ZONES

    lang, catalog = language(), house()
    level = LEVELS[told["level"]]
    score = "-" if told["score"] is None else f"{told['score']:.6g}"
    town = told["township"]["name"] if told["township"] else "-"
    say(f"{level.name.zh}（{town}）", f"{level.name.en} ({town})")
    heads = (
        ["图层", "原值", "归一化", "权重", "贡献"]
        if lang == "zh"
        else ["layer", "raw", "normalised", "weight", "contribution"]
    )
    rows = [
        [
            catalog.layer(r["layer"]).title.pick(lang),
            *(_number(r[k]) for k in ("raw", "normalised", "weight", "contribution")),
        ]
        for r in told["layers"]
    ]
    click.echo("\n" + table(heads, rows, "lrrrr"))
    limits = ", ".join(f"{b:.6g}" for b in told["breaks"])
    say(
        f"\n{told['method']}：指数 {score}，分级上限 {limits}，合并前等级 {told['level_raw']}",
        f"\n{told['method']}: score {score}, upper limits {limits}, level before the merge {told['level_raw']}",
    )
    if told["merged"]:
        say(
            f"小图斑合并：{told['level_raw']} → {told['level']}",
            f"the merge of small patches made {told['level_raw']} into {told['level']}",
        )
    if "zone" in told:
        say(
            f"{ZONES[told['zone']].name.zh}：规则 {told['rule']}，{told['reason']['zh']}",
            f"{ZONES[told['zone']].name.en}: rule {told['rule']}, {told['reason']['en']}",
        )
    if "probability" in told:
        shares = ", ".join(f"{colour} {_number(share)}" for colour, share in told["probability"].items())
        say(f"各色概率：{shares}", f"probability: {shares}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _json(value: Any) -> None:

    show_json(value)


COMMANDS = (weights, explain, compose)
