"""The house: which room may import which, where files are touched, how large things are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "riskmap"
MODULES = sorted(p for p in PACKAGE.rglob("*.py"))

GROUND, DATA, ANALYSIS, WORKFLOW, CLI = range(5)
ROOMS = {
    "data": DATA,
    "risk": ANALYSIS,
    "overlay": ANALYSIS,
    "network": ANALYSIS,
    "output": ANALYSIS,
    "workflow": WORKFLOW,
    "cli": CLI,
}

WRITERS = ("data", "output", "workflow/record.py")
"""Where files may be opened, read, written or renamed."""

FILE_CALLS = {
    "open",
    "read_text",
    "write_text",
    "read_bytes",
    "write_bytes",
    "unlink",
    "mkdir",
    "rmtree",
    "replace",
    "rename",
    "copyfile",
    "savefig",
    "to_file",
    "to_csv",
    "read_csv",
    "read_file",
}
NOT_FILES = {"replace"}
"""``str.replace`` and ``dataclasses.replace`` touch no file; ``os.replace`` is looked for by name."""


def room_of(module: str) -> str | None:
    """Give the room of a dotted module name, None for the ground and the package root."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def imports_of(path: Path) -> set[str]:
    """Give all modules that a file imports, function-level and type-checking imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name_of(path: Path) -> str:
    """Give the dotted name of a file."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrows_go_down(path: Path) -> None:
    mine = room_of(name_of(path))
    level = ROOMS[mine] if mine else GROUND
    for imported in imports_of(path):
        if not imported.startswith("riskmap."):
            continue
        theirs = room_of(imported)
        if theirs is None or theirs == mine:
            continue
        assert ROOMS[theirs] < level, f"{name_of(path)} imports {imported}: the arrow goes up or sideways"


def test_arrow_test_can_fail(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from riskmap.workflow import build\n")
    assert "riskmap.workflow" in imports_of(wrong)
    assert ROOMS[room_of("riskmap.workflow.build")] > ROOMS["risk"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_click_lives_in_the_cli_only(path: Path) -> None:
    if room_of(name_of(path)) != "cli":
        assert not any(i == "click" or i.startswith("click.") for i in imports_of(path))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_are_touched_in_few_places(path: Path) -> None:
    where = path.relative_to(PACKAGE).as_posix()
    if where.startswith(WRITERS):
        return
    calls = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Name) and function.id == "open":
            calls.append(f"line {node.lineno}: open")
        elif isinstance(function, ast.Attribute) and function.attr in FILE_CALLS:
            owner = function.value.id if isinstance(function.value, ast.Name) else ""
            # what a formatter of click calls write_text writes no file
            formatter = ast.unparse(function.value) == "super()" and where.startswith("cli/")
            if not formatter and (function.attr not in NOT_FILES or owner == "os"):
                calls.append(f"line {node.lineno}: {owner}.{function.attr}")
    assert not calls, f"{where} touches files: {calls}"


def test_no_import_cycles() -> None:
    graph = {name_of(p): {i for i in imports_of(p) if i.startswith("riskmap")} for p in MODULES}
    names = set(graph)
    # `from riskmap.data import files` names both the room and the module; the room's __init__ imports nothing
    graph = {
        n: {i for i in found if i in names and i != n and room_of(i) != i.split(".")[-1]} for n, found in graph.items()
    }
    graph = {n: found - {"riskmap"} for n, found in graph.items()}
    done: set[str] = set()

    def visit(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " -> ".join((*trail[trail.index(node) :], node))
        if node not in done:
            for other in sorted(graph[node]):
                visit(other, (*trail, node))
            done.add(node)

    for name in sorted(graph):
        visit(name, ())


def functions_of(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give the functions and methods of a module, those inside other functions left out."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    return [node for body in bodies for node in body if isinstance(node, kinds)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_sizes_docstrings_and_annotations(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= 400
    for node in functions_of(ast.parse(source)):
        docstring = ast.get_docstring(node, clean=False) or ""
        length = node.end_lineno - node.lineno + 1 - len(docstring.splitlines())
        assert length <= 60, f"{node.name} has {length} lines"
        assert node.name.startswith("_") or docstring, f"{node.name} has no docstring"
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        assert not bare and node.returns is not None, f"{node.name} lacks annotations {bare}"
