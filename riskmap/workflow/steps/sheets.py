"""The print step: the same maps as sheets, and an atlas of one sheet for each township."""

from __future__ import annotations

from pathlib import Path

from riskmap.output import printmap
from riskmap.output.printmap import Plate, Printing
from riskmap.text import Text
from riskmap.workflow.context import Context, Results
from riskmap.workflow.pages.sheets import atlas, contents, plate
from riskmap.workflow.pages.subjects import LAYERS, SUBJECTS, Subject
from riskmap.workflow.project import PrintSpec
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Write ``print/<subject>-<paper>.pdf`` and ``.png``, or ``print/<subject>-atlas-<paper>.pdf``; what is asked for beyond follows in the name."""
    results = Results()
    shown = [subject for subject in SUBJECTS if not subject.missing(context)]
    for spec in context.project.output.print:
        for number, subject in enumerate(shown, 1):
            if not spec.maps or subject.name in spec.maps:
                writer = _atlas if spec.atlas else _sheet
                results.files += writer(context, subject, spec, str(number))
    return results


def _sheet(context: Context, subject: Subject, spec: PrintSpec, number: str) -> list[Path]:
    made = printmap.compose(
        plate(context, subject, number), printing=_printing(context, spec), lang=context.lang, catalog=context.catalog
    )
    stem = _stem(context, subject, spec)
    title = subject.title.pick(context.lang)
    return [
        printmap.save(made, stem.with_name(f"{stem.name}.{kind}"), title=title, dpi=spec.dpi) for kind in spec.formats
    ]


def _atlas(context: Context, subject: Subject, spec: PrintSpec, number: str) -> list[Path]:
    plates: list[Plate] = atlas(context, subject, number)
    if not plates:
        return []
    stem = _stem(context, subject, spec)
    return [
        printmap.write_atlas(
            plates,
            stem.with_name(f"{stem.name}.pdf"),
            contents=contents(context, subject, plates),
            printing=_printing(context, spec),
            lang=context.lang,
            catalog=context.catalog,
        )
    ]


def _stem(context: Context, subject: Subject, spec: PrintSpec) -> Path:
    return context.folder / "print" / f"{subject.name}{spec.suffix}"


def _printing(context: Context, spec: PrintSpec) -> Printing:
    folder = context.loaded.folder
    fonts = tuple(folder / font for font in context.project.output.fonts)
    return Printing(spec.paper, spec.orientation, spec.template, folder, fonts)


STEP = Step(
    "print",
    Text("打印图", "sheets"),
    needs=("boundary",),
    takes=(),
    gives=("print",),
    options=(
        "name",
        "output",
        "data_date",
        "height_datum",
        "credits",
        "risk",
        "control",
        "fire",
        "evacuation",
        "inputs",
        "facts",
    ),
    run=run,
    shows=LAYERS,
    speaks=True,
)
