"""The house's own rules: sizes, names and the front door."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import zarrlift

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_FILE = 400
LONGEST_FUNCTION = 40
NAMES_THAT_SAY_NOTHING = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
)
NOT_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
        tokenize.INDENT,
        tokenize.NEWLINE,
        tokenize.NL,
    }
)

HOUSE = Path(zarrlift.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
each_file = pytest.mark.parametrize(
    "file", FILES, ids=[file.relative_to(HOUSE).as_posix() for file in FILES]
)

LOOK_AT_THE_DOOR = """
import importlib, json, pkgutil, sys, types
import zarrlift

def enter_rooms():
    for found in pkgutil.walk_packages(zarrlift.__path__, "zarrlift."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)

def look():
    return {name: getattr(zarrlift, name) for name in zarrlift.__all__}

def modules(names):
    return sorted(name for name, value in names.items() if isinstance(value, types.ModuleType))

steps = {"verbs first": (look, enter_rooms), "rooms first": (enter_rooms, look)}
for step in steps[sys.argv[1]]:
    step()
rooms = {found.name for found in pkgutil.iter_modules(zarrlift.__path__)}
spelling = {"TYPE_CHECKING", "annotations"}
kept_out = {"open"}  # which would take the place of Python's own
public = {name for name in dir(zarrlift) if not name.startswith("_")} - spelling - kept_out
print(json.dumps({
    "all": sorted(zarrlift.__all__),
    "modules": modules(look()),
    "undeclared": sorted(public - rooms - set(zarrlift.__all__)),
}))
"""


def docstring_lines(tree: ast.AST) -> Iterator[int]:
    """Give the lines that hold only a string: docstrings, and those below a field."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


def code_lines(source: str) -> set[int]:
    """Give the lines that hold code: no blanks, comments or docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - set(docstring_lines(ast.parse(source)))


def function_lengths(source: str) -> Iterator[tuple[str, int]]:
    """Give each function's name and its lines from `def` to the end, without the docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            doc = next(iter(node.body))
            if ast.get_docstring(node, clean=False) is not None:
                lines -= set(docstring_lines(doc))
            yield node.name, len(lines)


def test_code_lines_leaves_out_what_is_not_code() -> None:
    """Blank lines, comments and docstrings are not counted; a string in use is."""
    source = '"""Doc\n\nmore."""\n\n# why\nx = """a\nb"""\n"""A field\'s note."""\ny = 1  # one\n'

    assert code_lines(source) == {6, 7, 9}


def test_function_lengths_leaves_out_the_docstring() -> None:
    """A function counts from its `def`, with blank lines, without decorators or docstring."""
    source = '@a\ndef f():\n    """Doc\n\n    more."""\n\n    # why\n    return 1\n'

    assert dict(function_lengths(source)) == {"f": 4}


@each_file
def test_file_is_short(file: Path) -> None:
    """No file holds more lines of code than one can keep in view."""
    assert len(code_lines(file.read_text("utf-8"))) <= LONGEST_FILE


@each_file
def test_functions_are_short(file: Path) -> None:
    """No function is longer than a screen."""
    long = {
        name: length
        for name, length in function_lengths(file.read_text("utf-8"))
        if length > LONGEST_FUNCTION
    }

    assert long == {}


def test_names_of_modules_say_what_is_in_them() -> None:
    """No module or folder has a name that anything would fit under."""
    parts = {part for file in FILES for part in file.relative_to(HOUSE).with_suffix("").parts}

    assert parts & NAMES_THAT_SAY_NOTHING == set()


def test_package_is_marked_as_typed() -> None:
    """Type checkers of those who use the package find its hints."""
    assert (HOUSE / "py.typed").is_file()


@pytest.mark.parametrize("order", ["verbs first", "rooms first"])
def test_front_door_is_what_all_declares(order: str) -> None:
    """`__all__` is what can be imported, and a verb outlives the import of a room of its name.

    Importing `zarrlift.plan` sets the attribute `plan` of the package to that room, which must not
    take the place of the verb.
    """
    command = [sys.executable, "-W", "error", "-c", LOOK_AT_THE_DOOR, order]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr
    door = json.loads(answer.stdout)
    assert len(set(zarrlift.__all__)) == len(zarrlift.__all__)
    assert door == {"all": sorted(zarrlift.__all__), "modules": [], "undeclared": []}
