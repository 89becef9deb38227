"""The map step: every subject that this build can show, as a page that opens anywhere."""

from __future__ import annotations

from dataclasses import replace

from riskmap.data.findings import Finding
from riskmap.output import webmap
from riskmap.text import Text, join, plain
from riskmap.workflow import publishing
from riskmap.workflow.context import Context, Results
from riskmap.workflow.pages.subjects import LAYERS, SUBJECTS
from riskmap.workflow.steps.step import Step


def run(context: Context) -> Results:
    """Write ``maps/<subject>.html`` for each subject whose layers were made; a note for each of the others."""
    results = Results(findings=publishing.findings(context))
    for subject in SUBJECTS:
        missing = subject.missing(context)
        if missing:
            named = join([plain(layer) for layer in missing])
            message = Text(f"没有{subject.title.zh}：缺 {named.zh}", f"no {subject.title.en}: {named.en} is not there")
            results.findings.append(Finding("maps", "note", "PAGE_SKIPPED", message))
            continue
        path = context.folder / "maps" / f"{subject.name}.html"
        page = replace(subject.page(context), online=context.project.output.online_basemap == "tianditu")
        results.files.append(webmap.write(page, path, lang=context.lang, catalog=context.catalog))
    return results


STEP = Step(
    "map",
    Text("地图网页", "map pages"),
    needs=("boundary",),
    takes=(),
    gives=("maps",),
    options=("name", "output", "data_date", "credits", "risk", "control", "fire", "evacuation", "inputs", "facts"),
    run=run,
    shows=LAYERS,
    speaks=True,
)
