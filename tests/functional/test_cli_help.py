"""What the command says of itself: help, version, words it does not know."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

import zarrlift as zl
from tests.functional.runs import HOUSE, run, widest, zarrlift

COMMANDS = ("plan", "convert", "verify", "upgrade", "crate", "undo", "tune", "run", "demo")

each_command = pytest.mark.parametrize("command", COMMANDS)


@pytest.mark.parametrize("flag", ["--help", "-h"])
@each_command
def test_each_command_helps(command: str, flag: str) -> None:
    """Every command has a help on stdout that fits 80 columns."""
    ran = zarrlift(command, flag)

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith(f"Usage: zarrlift {command} ")
    assert widest(ran.out) <= 80


def test_program_lists_its_commands() -> None:
    """The program's own help lists every command under a heading, in 80 columns."""
    ran = zarrlift("--help")

    assert ran.code == 0
    assert widest(ran.out) <= 80
    headings = re.findall(r"^(\w[\w ]*):$", ran.out, re.MULTILINE)
    assert headings == ["Options", "Look", "Lift", "In place", "Choose", "Scale", "Learn"]
    assert [c for c in COMMANDS if not re.search(rf"^  {c} ", ran.out, re.MULTILINE)] == []


def test_program_alone_helps() -> None:
    """Without a word the program shows its help and does nothing."""
    ran = zarrlift()

    assert "Usage: zarrlift" in ran.said
    assert "convert" in ran.said


def test_program_states_its_version() -> None:
    """`--version` is the version of the package."""
    stated = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert zarrlift("--version").out == f"zarrlift {stated}\n"


@each_command
def test_wrong_flag_is_refused(command: str) -> None:
    """An unknown flag is named, with where to find help, at exit code 2."""
    ran = zarrlift(command, "--wrong", "a", "b")

    assert ran.code == 2
    assert ran.out == ""
    assert "--wrong" in ran.err
    assert f"zarrlift {command} --help" in ran.err


@each_command
def test_missing_word_is_refused(command: str) -> None:
    """A command without its folders names what is missing."""
    ran = zarrlift(command)

    assert ran.code == 2
    assert "Missing argument" in ran.err


def test_unknown_command_is_refused() -> None:
    """A word that is no command is named, at exit code 2."""
    ran = zarrlift("lift", "a", "b")

    assert ran.code == 2
    assert "'lift'" in ran.err


def test_misspelt_command_is_understood() -> None:
    """The command that was meant is named."""
    ran = zarrlift("convrt", "a", "b")

    assert ran.code == 2
    assert "Did you mean 'convert'?" in ran.err


def test_installed_program_is_the_module() -> None:
    """`zarrlift` and `python -m zarrlift` are one program."""
    program = Path(sys.executable).with_name("zarrlift")

    assert run([str(program), "plan", "--help"]) == zarrlift("plan", "--help")


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["--version"]])
def test_help_loads_no_array_library(words: list[str]) -> None:
    """Help is quick because NumPy, numcodecs and rich are loaded by none of it."""
    script = (
        "import sys; sys.argv = ['zarrlift', *sys.argv[1:]]\n"
        "from zarrlift.cli.app import answer\n"
        "status = answer()\n"
        "print(*{'numpy', 'numcodecs', 'rich'} & set(sys.modules), file=sys.stderr)\n"
        "sys.exit(status)"
    )

    ran = run([sys.executable, "-c", script, *words])

    assert ran.code == 0
    assert ran.err.strip() == ""


def test_lift_of_folders_loads_no_figures(tmp_path: Path) -> None:
    """A lift between folders does without the figures of plans, and without object stores."""
    zl.demo(tmp_path / "old", size="1MiB")
    script = (
        "import sys; sys.argv = ['zarrlift', *sys.argv[1:]]\n"
        "from zarrlift.cli.app import answer\n"
        "status = answer()\n"
        "kept = {'zarrlift.plan.cost', 'zarrlift.store.asking', 'obstore'}\n"
        "print(*kept & set(sys.modules), file=sys.stderr)\n"
        "sys.exit(status)"
    )

    words = ["convert", str(tmp_path / "old"), str(tmp_path / "new")]
    ran = run([sys.executable, "-c", script, *words])

    assert ran.code == 0
    assert "zarrlift.plan.cost" not in ran.err
    assert "obstore" not in ran.err
    assert "asking" not in ran.err
