"""The house is as CONTRIBUTING.md draws it: imports go down only, and ladders are short."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

from tests import ROOT

PACKAGE = "tap_claude_analytics"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / PACKAGE).rglob("*.py")
}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
#: Public names of Python that look private.
PUBLIC = {"_exit", "_replace"}


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the package that a module imports, also for types alone."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in MODULES else node.module


def test_imports_go_down_only() -> None:
    """Every room is drawn, and knows only its own modules and those of lower floors."""
    drawing = CONTRIBUTING.split("<!-- house -->\n```text\n")[1].split("```")[0]
    level = {
        room: floor
        for floor, line in enumerate(drawing.split("\n"))
        for room in re.findall(r"\w+", line.partition(":")[0])
    }
    rooms = {module: module.split(".")[1] for module in MODULES if module != PACKAGE}
    assert level.keys() == set(rooms.values())
    upwards = [
        (module, other)
        for module, room in rooms.items()
        for other in imports(module)
        if room != rooms[other] and level[room] >= level[rooms[other]]
    ]
    assert upwards == []
    # Nor is there a circle.
    TopologicalSorter({module: set(imports(module)) for module in MODULES}).prepare()


def test_ladders_of_classes_are_short() -> None:
    """At most three classes of the package are above any other."""
    loaded = map(importlib.import_module, MODULES)
    classes = {each for module in loaded for _, each in inspect.getmembers(module, is_own)}
    assert len(classes) > 40
    assert [each for each in classes if sum(map(is_own, each.__mro__[1:])) > 3] == []


def is_own(value: object) -> bool:
    """Return whether a value is a class of the package."""
    return inspect.isclass(value) and value.__module__.startswith(PACKAGE)


def test_private_names_are_private() -> None:
    """A module uses only its own; those of the SDK are used in sdk.py, which says why."""
    foreign = [
        (module, name)
        for module, tree in TREES.items()
        if module != f"{PACKAGE}.sdk"
        for name in private_names(tree)
    ]
    assert foreign == []
    assert "_write_state_message" in private_names(ast.parse("self._write_state_message()"))


def private_names(tree: ast.Module) -> set[str]:
    """Return the private names that a module uses and does not define."""
    used, own = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, (ast.Attribute, ast.Name)):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            (own if isinstance(node.ctx, ast.Store) else used).add(name)
    return {name for name in used - own - PUBLIC if re.match(r"_[^_]", name)}
