"""The documentation says what the program does: commands, options, findings, names, examples."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

import zarrlift as zl
from docs import make_reference
from tests.build import sample
from tests.build_ome import pyramid, write_image
from zarrlift import errors
from zarrlift.cli import resave
from zarrlift.cli.app import app
from zarrlift.jobs.choices import Choices, Run
from zarrlift.jobs.judging import Judging
from zarrlift.jobs.reach import Reach, Written
from zarrlift.plan.saved import plan_to_json
from zarrlift.plan.settings import parse_rules, parse_wish
from zarrlift.report.crates import crate_to_json, described_to_json, terms_to_json
from zarrlift.report.documents import report_to_json
from zarrlift.report.in_place import undone_to_json, upgraded_to_json
from zarrlift.report.info_json import info_to_json
from zarrlift.report.repairs import repaired_to_json
from zarrlift.report.rules import rules_to_json
from zarrlift.report.tunings import tuning_to_json
from zarrlift.report.validations import validation_to_json

DOCS = Path(make_reference.__file__).parent
HOUSE = Path(zl.__file__).parent
PAGES = sorted([*DOCS.rglob("*.md"), DOCS.parent / "CONTRIBUTING.md"])
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=[page.relative_to(DOCS.parent).as_posix() for page in PAGES]
)

COMMANDS = app.every_command()
SEVERITIES = {"note", "warning", "error"}
MAKERS = SEVERITIES | {"made", "differs"}
"""Functions of the rooms whose first argument is a rule."""
RULE = re.compile(r"[a-z]+(?:-[a-z]+)*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMES_OF_OTHERS = {"codecs", "layout", "codec_versions", "files", "header", "left", "value"}
NAMES_OF_OTHERS |= {"after", "before", "severities"}
"""JSON members whose inner names are those of Zarr, of users or of libraries."""


def text_of(page: str) -> str:
    """Give a page of the documentation."""
    return (DOCS / page).read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Give the code blocks in one language."""
    return [body for found, body in FENCE.findall(text) if found == language]


def rules_in_source() -> dict[str, set[str]]:
    """Give the rule of every finding that the program makes, with severities that are plain to see.

    A rule is the first argument of a call that makes a finding, or a value of `rule`.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for file in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for maker, value in _named(node):
                if isinstance(value, ast.Constant) and RULE.fullmatch(str(value.value)):
                    found[str(value.value)] |= {maker} & SEVERITIES
    return found


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Call(func=ast.Name(id=maker) | ast.Attribute(attr=maker), args=[first, *_]):
            if maker in MAKERS:
                yield maker, first
        case ast.Assign(
            targets=[ast.Tuple(elts=[ast.Name(id="rule"), *_])], value=ast.Tuple(elts=[value, *_])
        ):
            yield "rule", value
        case ast.Assign(targets=[ast.Name(id="rule")], value=value):
            yield "rule", value


def rules_in_docs() -> dict[str, set[str]]:
    """Give every rule that has a row in the reference, with its severities."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in text_of("reference/findings.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("`"):
            found[cells[0].strip("`")] |= set(cells[1].split(", "))
    return found


def json_names(value: object) -> Iterator[str]:
    """Walk the member names of a JSON document that are ours."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            if name not in NAMES_OF_OTHERS:
                yield from json_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from json_names(inner)


def anchors(page: Path) -> set[str]:
    """Give the names under which a page's headings can be linked to."""
    text = FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def links(page: Path) -> list[str]:
    """Give the targets of a page's links within the repository."""
    text = FENCE.sub("", page.read_text("utf-8"))
    return [target for target in LINK.findall(text) if "://" not in target]


def commands_shown(program: str) -> list[tuple[str, ...]]:
    """Give the words of every command of a program that a page shows at a prompt."""
    shown = []
    for page in PAGES:
        for block in blocks(page.read_text("utf-8"), "console"):
            lines = [line for line in block.splitlines() if line.startswith(f"$ {program} ")]
            shown += [tuple(shlex.split(line)[2:]) for line in lines]
    return shown


def test_commands_page_is_up_to_date() -> None:
    """The page of commands is what `docs/make_reference.py` writes."""
    assert make_reference.PAGE.read_text("utf-8") == make_reference.render()


def test_rules_page_is_up_to_date() -> None:
    """The page of rules is what `docs/make_reference.py` writes from the rules."""
    assert make_reference.RULES_PAGE.read_text("utf-8") == make_reference.render_rules()


@pytest.mark.parametrize("name", ["", *(n for n, c in COMMANDS.items() if not c.hidden)])
def test_help_is_shown_as_it_is_printed(name: str) -> None:
    """The page of commands shows `--help` as a terminal of 80 columns does."""
    command = [sys.executable, "-m", "zarrlift", *([name] if name else []), "--help"]
    environment = {**os.environ, "COLUMNS": "80"}
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)

    assert answer.stdout in blocks(text_of("reference/commands.md"), "text")


@pytest.mark.parametrize("name", ["", *resave.app.commands])
def test_help_of_resave_is_shown_as_it_is_printed(name: str) -> None:
    """So it is for the second program."""
    words = [*([name] if name else []), "--help"]
    program = Path(sys.executable).with_name("zarrlift-resave")
    environment = {**os.environ, "COLUMNS": "80"}
    answer = subprocess.run(
        [program, *words], check=True, capture_output=True, text=True, env=environment
    )

    assert answer.stdout in blocks(text_of("reference/commands.md"), "text")


def test_options_are_explained() -> None:
    """Every command, and every long option, is named on a page that is written by hand."""
    written = "\n".join(p.read_text("utf-8") for p in PAGES if p != make_reference.PAGE)
    words = set(re.findall(r"--[a-z][a-z0-9-]*", written))
    options = {
        name
        for command in COMMANDS.values()
        for parameter in command.params
        for name in parameter.opts
        if name.startswith("--")
    }

    assert options - words == set()
    assert {name for name in COMMANDS if f"zarrlift {name}" not in written} == set()


@pytest.mark.parametrize("words", sorted(set(commands_shown("zarrlift-resave"))), ids=" ".join)
def test_resave_command_shown_is_understood(words: tuple[str, ...]) -> None:
    """A line of the second program that a page shows parses, with the word `resave` or without."""
    command, *rest = words if words[0] in resave.app.commands else ("resave", *words)

    assert isinstance(resave.app.commands[command].make_context(command, rest), click.Context)


@pytest.mark.parametrize("words", sorted(set(commands_shown("zarrlift"))), ids=" ".join)
def test_command_shown_is_understood(words: tuple[str, ...]) -> None:
    """A command that a page shows parses: its options exist and take such values."""
    command = COMMANDS[words[0]]

    assert isinstance(command.make_context(words[0], list(words[1:])), click.Context)


def test_findings_page_lists_every_rule() -> None:
    """The rules that the program uses are those of the reference, and have its severities."""
    used, listed = rules_in_source(), rules_in_docs()

    assert sorted(used) == sorted(listed)
    assert {rule for rule in used if not used[rule] <= listed[rule]} == set()


def test_python_page_lists_the_front_door() -> None:
    """Every public name, keyword and kind of error is in the reference."""
    text = text_of("reference/python.md")
    kinds = [v.kind for v in vars(errors).values() if hasattr(v, "kind")]
    verbs = (zl.upgrade, zl.repair, zl.undo, zl.describe, zl.terms)
    own = {n: p for verb in verbs for n, p in inspect.signature(verb).parameters.items()}
    named = [
        n for n, p in own.items() if p.kind is p.KEYWORD_ONLY and n not in ("online", "service")
    ]
    keywords = [*Choices.__annotations__, *Run.__annotations__, *Written.__annotations__, *named]
    keywords += Judging.__annotations__.keys() - Reach.__annotations__.keys()

    assert [n for n in zl.__all__ if f"`{n}`" not in text and f"`zl.{n}(" not in text] == []
    assert [name for name in [*keywords, *kinds] if f"| `{name}` |" not in text] == []
    assert [name for name in Reach.__annotations__ if f"`{name}`" not in text] == []


def test_json_page_lists_every_name(tmp_path: Path) -> None:
    """Every member of the JSON documents is in the reference."""
    source = write_image(tmp_path / "source.zarr", pyramid(sample((1, 1, 1, 8, 8), "<u2")))
    (source / ".zmetadata").write_text("{}", "utf-8")
    plan = zl.plan(source, tmp_path / "target.zarr")
    document = [
        plan_to_json(plan, zl.estimate(plan)),
        report_to_json(zl.run(plan)),
        upgraded_to_json(zl.upgrade(source)),
        undone_to_json(zl.undo(source)),
        repaired_to_json(zl.repair(source)),
        tuning_to_json(zl.tune(source, codecs=["none"])),
        described_to_json(zl.describe(source, license="cc0", organism="human")),
        crate_to_json(zl.crate(source)),
        terms_to_json(zl.terms("human")),
        info_to_json(zl.info(source, sizes=True, keys=True, documents=True, chunk="0/0,0,0,0,0")),
        validation_to_json(zl.validate(source)),
        rules_to_json(zl.rules()),
    ]
    text = text_of("reference/json.md")

    assert sorted({n for n in json_names(document) if f"`{n}`" not in text}) == []


def test_python_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples of the guide run one after another, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    examples = blocks(text_of("guides/from-python.md"), "python")
    for example in examples:
        exec(compile(example, "from-python.md", "exec"), names)  # noqa: S102 - an example of ours

    assert len(examples) > 1
    assert names["proof"].equal


@each_page
def test_layout_files_are_understood(page: Path) -> None:
    """A layout file that a page shows is one that the program reads."""
    for example in blocks(page.read_text("utf-8"), "json"):
        rules = json.loads(example)

        assert len(parse_rules(rules, parse_wish())) == len(rules)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the repository leads to a file, and to a heading where it names one."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page

        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reached_from_the_index() -> None:
    """The index links each page of the documentation."""
    linked = {(DOCS / link).resolve() for link in links(DOCS / "index.md")}

    assert set(DOCS.rglob("*.md")) - {DOCS / "index.md"} - linked == set()
