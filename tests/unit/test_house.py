"""The house is as CONTRIBUTING.md draws it: imports go down only."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter

from singer_sdk import Stream, Tap

from tests import ROOT

PACKAGE = "tap_claude_analytics"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / PACKAGE).rglob("*.py")
}
SOURCES = {name: path.read_text("utf-8") for name, path in MODULES.items()}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def imports(module: str) -> Iterator[str]:
    """Yield the modules of the package that a module imports, also for types alone."""
    for node in ast.walk(ast.parse(SOURCES[module])):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in SOURCES)
        elif isinstance(node, ast.ImportFrom) and node.module in SOURCES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in SOURCES else node.module


def test_imports_go_down_only() -> None:
    """Every room is drawn, and knows only its own modules and those of lower floors."""
    drawing = CONTRIBUTING.split("<!-- house -->\n```text\n")[1].split("```")[0]
    level = {
        room: floor
        for floor, line in enumerate(drawing.split("\n"))
        for room in re.findall(r"\w+", line.partition(":")[0])
    }
    rooms = {module: module.split(".")[1] for module in SOURCES if module != PACKAGE}
    assert level.keys() == set(rooms.values())
    upwards = [
        (module, other)
        for module, room in rooms.items()
        for other in imports(module)
        if room != rooms[other] and level[room] >= level[rooms[other]]
    ]
    assert upwards == []
    # Nor is there a circle.
    TopologicalSorter({module: set(imports(module)) for module in SOURCES}).prepare()


def test_private_names_of_the_sdk_are_used_in_one_room() -> None:
    """It says why; that nobody uses what is private of another module, ruff checks."""
    names = {name for base in (Stream, Tap) for name in dir(base)}
    private = {name for name in names if re.match(r"_[^_]", name)}
    users = [
        module
        for module, source in SOURCES.items()
        if private & set(re.findall(r"\w+", source))
    ]
    assert users == [f"{PACKAGE}.sdk"]
