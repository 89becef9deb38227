"""A build: ordered steps over one database, redone only where something changed, published whole."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from riskmap.data import rules
from riskmap.data.catalog import house
from riskmap.data.files import fingerprint
from riskmap.data.findings import Finding
from riskmap.data.findings import count as count_findings
from riskmap.data.spec import near
from riskmap.errors import ConservationError, OutputError, RiskmapError, SeveralErrors, SpecError
from riskmap.text import Lang, Text
from riskmap.workflow import publishing, record, reference, store
from riskmap.workflow.context import Context
from riskmap.workflow.project import load
from riskmap.workflow.steps import STEPS, Step
from riskmap.workflow.steps.imports import steps_for

Progress = Callable[[float, Text], None]


@dataclass(frozen=True, eq=False)
class Built:
    """What a build did: where the products are, the totals, the findings, what was skipped and why, what was reused."""

    out: Path
    run: dict[str, Any]
    findings: list[Finding]
    skipped: dict[str, Text]
    reused: list[str]
    products: list[str]


@dataclass(eq=False)
class _Run:
    """The moving parts of one build."""

    context: Context
    state: store.State
    failed: dict[str, list[RiskmapError]]
    raised: list[Finding] = field(default_factory=list)
    skipped: dict[str, Text] = field(default_factory=dict)
    reused: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def build(
    project: str | Path,
    out: str | Path | None = None,
    *,
    progress: Progress | None = None,
    only: Iterable[str] = (),
    redo: bool = False,
    force: bool = False,
    lang: Lang | None = None,
    jobs: int = 1,
    dask: str | None = None,
) -> Built:
    """Build a project: one database, the grids, the maps.

    Parameters
    ----------
    project : path
        The project file.
    out : path, optional
        Output folder; ``out/<folder of the project file>`` by default.
    progress : callable, optional
        Called with the share done (0-1) and a text.
    only : iterable of str
        Steps to do, with those they need; all by default. What other steps gave earlier stays when it still follows from
        today's inputs, else it is withdrawn with a finding: an old map beside a new database would mislead.
    redo : bool
        Do all steps again, changed or not.
    force : bool
        Overwrite files at our names that riskmap did not write.
    lang : {"zh", "en"}, optional
        Language of the products; the project's by default.
    jobs : int
        Threads that work on blocks of cells; the results are the same for any number.
    dask : str, optional
        Address of an existing Dask cluster whose workers see the same files; it works on the blocks instead.

    Raises
    ------
    RiskmapError
        See :mod:`riskmap.errors`. An error in a layer that no requested step reads is a finding, not an exception.
    """
    catalog = house()
    loaded = load(project, catalog)
    target = Path(out) if out is not None else Path("out") / loaded.folder.name
    with record.locked(target), record.working(target):
        record.refuse_open(target)
        folder = record.work_folder(target, fresh=redo)
        database = store.database_in(folder)
        context = Context(loaded, catalog, folder, lang or loaded.project.output.lang, database, jobs=jobs, dask=dask)
        run = _Run(context, store.State.read(folder), context.failed)
        started = datetime.datetime.now(datetime.UTC)
        asked = (step.of(loaded.project) for step in STEPS)
        known = (*steps_for(loaded.project.inputs), *asked)
        every, wanted = _asked(known, run), _wanted(known, only)
        steps = tuple(step for step in every if step in wanted)
        for step in every:
            if step not in steps:
                _leave(step, run)
                continue
            if progress:
                progress(steps.index(step) / len(steps), step.title)
            _take(step, run)
            if step.tolerant:
                _stop_soon(steps, run)
        built = _finish(run, target, steps, started, force=force)
        if progress:
            progress(1.0, Text("完成", "done"))
    return built


def _wanted(steps: tuple[Step, ...], only: Iterable[str]) -> tuple[Step, ...]:
    """Give the steps named and those that make what they read."""
    names = set(only)
    known = [s.name for s in steps]
    for name in names - set(known):
        every = ", ".join(step for step in known if not step.startswith("import:"))
        remedy = Text(f"步骤有：{every}", f"the steps are {every}")
        raise SpecError(Text(f"没有步骤 {name!r}", f"no step {name!r}") + near(name, known), remedy=remedy)
    if not names:
        return steps
    chosen: list[Step] = []
    wanted: set[str] = set()
    for step in reversed(steps):
        # what is wrong between layers is wrong for every step that reads them
        if (
            step.tolerant
            or step.name in names
            or any(store.matches(given, wish) for given in step.gives for wish in wanted)
        ):
            chosen.append(step)
            wanted |= {*step.needs, *(() if step.tolerant else (*step.takes, *step.shows))}
    return tuple(reversed(chosen))


def _asked(steps: tuple[Step, ...], run: _Run) -> tuple[Step, ...]:
    """Give the steps that the project asks for; what another gave in an earlier build is removed."""
    for step in steps:
        if not step.asked(run.context.project):
            run.state.forget(step.name, run.context)
    return tuple(step for step in steps if step.asked(run.context.project))


def _take(step: Step, run: _Run) -> None:
    """Do a step, or reuse what it gave last time, or skip it."""
    context = run.context
    started = time.perf_counter()
    reads = store.reads(step, context, run.failed)
    missing = [need for need in step.needs if not any(store.matches(layer, need) for layer in reads)]
    if missing:
        run.skipped[step.name] = Text(f"缺 {'、'.join(missing)}", f"no {', '.join(missing)}")
        run.state.forget(step.name, context)
        return
    _stop_for_errors(step, reads, run)
    try:
        key = _key(step, reads, run, context.lang)
        if run.state.valid(step.name, key, context):
            run.state.recall(step.name, context)
            run.reused.append(step.name)
        else:
            run.state.forget(step.name, context)
            context.used.clear()
            run.state.keep(step.name, key, step.run(context), context)
    except (ConservationError, OutputError):
        raise
    except RiskmapError as error:
        if not step.name.startswith("import:"):
            raise
        run.state.forget(step.name, context)
        run.failed[step.gives[0]] = [error]
        run.raised.append(rules.finding_of(error, step.gives[0]))
    else:
        _note_failures(step, run)
    run.seconds[step.name] = round(time.perf_counter() - started, 3)


def _leave(step: Step, run: _Run) -> None:
    """Keep what a step that is not to be done gave earlier, or withdraw it when its inputs have changed since."""
    state, context = run.state, run.context
    reads = store.reads(step, context, run.failed)
    if any(state.valid(step.name, _key(step, reads, run, lang), context) for lang in get_args(Lang)):
        state.recall(step.name, context)
        _note_failures(step, run)
    elif state.forget(step.name, context):
        message = Text(
            f"步骤 {step.name} 上次的成果已与输入不符，撤下",
            f"what step {step.name} gave no longer follows from the inputs and is withdrawn",
        )
        remedy = Text("运行 riskmap build 重做", "riskmap build makes it again")
        run.raised.append(Finding(step.name, "warning", "STEP_OUTDATED", message, remedy))


def _note_failures(step: Step, run: _Run) -> None:
    """Hold back layers whose checks found errors: no step may read them."""
    if step.name.startswith("import:") or step.tolerant:
        for finding in run.state.findings(step.name):
            if finding.severity == "error":
                run.failed.setdefault(finding.layer, []).append(rules.error_of(finding))


def _stop_for_errors(step: Step, reads: list[str], run: _Run) -> None:
    """Raise all errors of the layers that a step reads; an import may fail on the boundary only."""
    if step.tolerant:
        return
    bad = [error for layer in reads for error in run.failed.get(layer, [])]
    if bad:
        every = (
            bad if step.name.startswith("import:") else [e for errors in run.failed.values() for e in errors if errors]
        )
        raise every[0] if len(every) == 1 else SeveralErrors(every)


def _stop_soon(steps: tuple[Step, ...], run: _Run) -> None:
    """Raise for what a step that is certain to come cannot read, now that all is checked and not when its turn has come."""
    for step in steps:
        reads = store.reads(step, run.context, run.failed)
        certain = all(any(store.matches(layer, need) for layer in reads) for need in step.needs)
        if certain and not step.name.startswith("import:"):
            _stop_for_errors(step, reads, run)


def _key(step: Step, reads: list[str], run: _Run, lang: Lang) -> str:
    """Give the digest of everything that a step's result depends on."""
    context = run.context
    project = context.project.model_dump(mode="json")
    parts: list[Any] = [step.name, record.code_digest(), record.versions(), {o: project[o] for o in step.options}]
    if step.name.startswith("import:"):
        layer = step.gives[0]
        path = context.loaded.path_of(layer)
        parts += [project["inputs"][layer], fingerprint(path) if path.exists() else None]
    if "risk" in step.options:
        parts += [(path.name, fingerprint(path) if path.exists() else None) for path in context.loaded.side_files()]
    if step.speaks:
        parts.append(lang)
    if step.shows:
        # a product says which layers could not be read
        parts.append(sorted(run.failed))
    parts.append({layer: run.state.digest_of(layer) for layer in reads})
    return record.digest(*parts)


def _finish(run: _Run, target: Path, steps: tuple[Step, ...], started: datetime.datetime, *, force: bool) -> Built:
    """Write the tables that speak of the whole build, publish, and write ``run.json`` last."""
    context, state = run.context, run.state
    findings = state.all_findings() + run.raised
    findings += [
        Finding(name, "note", "STEP_SKIPPED", Text(f"步骤 {name} 跳过：{why.zh}", f"step {name} skipped: {why.en}"))
        for name, why in run.skipped.items()
    ]
    made = store.products(context, state)
    findings += publishing.withheld(context, made)
    store.write_tables(context, state, findings)
    folder, products = publishing.edition(context, made)
    record.refuse_foreign(target, products, force=force)
    store.deliver(context, state, target)
    outputs = record.publish(folder, target, products)
    run_record = {
        "riskmap": record.versions()["riskmap"],
        "project": {"file": context.loaded.file.name, "name": asdict(context.project.name)},
        "parameters": context.loaded.parameters(),
        "crs": context.crs.to_string(),
        "grid": {
            "shape": list(context.grid.shape),
            "cell_size_m": context.project.cell_size_m,
            "origin": [context.grid.transform.c, context.grid.transform.f],
        },
        "inputs": [
            {k: s[k] for k in ("layer", "file", "sha256", "rows_in", "rows_out", "encoding", "crs_in", "crs_out")}
            for s in state.sources()
        ],
        "versions": record.versions(),
        "seeds": {step: told["seed"] for step, told in state.totals().items() if "seed" in told},
        "totals": state.totals(),
        "findings": count_findings(findings),
        "values_below_standard": [asdict(use) for use in context.uncertain_facts()],
        "skipped": {name: why.en for name, why in run.skipped.items()},
        "steps": [{"name": s.name, "reused": s.name in run.reused, "seconds": run.seconds.get(s.name)} for s in steps],
        "started": started.isoformat(timespec="seconds"),
        "seconds": round((datetime.datetime.now(datetime.UTC) - started).total_seconds(), 1),
        "outputs": outputs,
    }
    reference.write_first(context)
    record.write_json(record.without_nan(run_record), target / record.RUN)
    if publishing.is_public(context):
        record.forget_work(target)
    return Built(target, run_record, findings, run.skipped, run.reused, sorted(products))
