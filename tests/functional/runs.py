"""The command as people run it: a process of its own, its exit code, and what it says."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pty
import shlex
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from click.testing import CliRunner

from tests.build import sample, write_file, write_group
from tests.build_ome import OMERO, label_of, pyramid, write_image, write_labels
from zarrlift.cli.app import app

Word: TypeAlias = str | os.PathLike[str]

HOUSE = Path(__file__).parents[2]
LONGEST = 60
"""Seconds after which a run counts as hung."""

_PEAK = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w") as file:
    file.write(str(peak if sys.platform == "darwin" else peak * 1024))
sys.exit(code)
"""
"""Runs a command from a small process: a child's peak begins with that of its parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a run."""

    code: int
    """The exit code, or minus the number of the signal that ended it."""
    out: str
    err: str

    @property
    def said(self) -> str:
        """Return all that it said."""
        return self.out + self.err


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """A way to lift `write_sample`'s image, and the method that its levels take."""

    id: str
    choices: Mapping[str, str]
    """As the front door takes them."""

    @property
    def words(self) -> list[str]:
        """Return the choices as the command takes them."""
        return [word for name, value in self.choices.items() for word in (f"--{name}", value)]


LIFTS = (
    Lift(id="pack", choices={"shards": "y=8,x=8"}),
    Lift(id="copy", choices={"shards": "none"}),
    Lift(id="recode", choices={"shards": "y=8,x=8", "codec": "zstd:3"}),
    Lift(id="rechunk", choices={"shards": "y=16,x=16", "chunks": "y=8,x=8"}),
    Lift(id="regroup", choices={"shards": "none", "chunks": "y=2,x=8"}),
)
"""One lift for each method, and one that makes several objects together."""


def lift_of(name: str) -> Lift:
    """Give the lift of that id."""
    return next(lift for lift in LIFTS if lift.id == name)


def write_sample(folder: Path) -> Path:
    """Write an image of ninety chunks, some missing, with a label and files of all sorts."""
    values = sample((1, 2, 1, 16, 24), "<u2")
    values[0, 1, 0, 8:16, 8:16] = 0
    write_image(folder, pyramid(values), omero=OMERO, missing="empty")
    labels = {"cells": pyramid(label_of(values))}
    write_labels(folder, labels, chunks=(1, 1, 1, 4, 8), compressor={"id": "zlib", "level": 1})
    write_group(folder / "tables", {"tables": []})
    write_file(folder / "notes" / "README.md", b"# the experiment\n")
    write_file(folder / "0" / "thumbnail.png", bytes(range(256)) * 16)
    return folder


def command(*words: Word, before: Sequence[Word] = ()) -> list[str]:
    """Give the words that start zarrlift; `before` are those of a command that starts it."""
    return [os.fspath(w) for w in (*before, sys.executable, "-m", "zarrlift", *words)]


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Give this process's environment with changes; None takes a variable away."""
    made = {**os.environ, "PYTHONPATH": str(HOUSE), **(changes or {})}
    return {name: value for name, value in made.items() if value is not None}


def run(
    words: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    seconds: float = LONGEST,
) -> Ran:
    """Run any command to its end, with nothing to read from the keyboard."""
    done = subprocess.run(
        words,
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=environment(env),
        timeout=seconds,
        encoding="utf-8",
        errors="surrogateescape",
    )
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def zarrlift(
    *words: Word,
    cwd: Path | None = None,
    env: Mapping[str, str | None] | None = None,
    before: Sequence[Word] = (),
    seconds: float = LONGEST,
) -> Ran:
    """Run zarrlift to its end."""
    return run(command(*words, before=before), cwd=cwd, env=env, seconds=seconds)


def in_process(*words: Word, cwd: Path | None = None) -> Ran:
    """Run zarrlift within this process: the same words and answers, without the time to start."""
    with contextlib.chdir(cwd or Path.cwd()):
        done = CliRunner().invoke(app, [os.fspath(word) for word in words], prog_name="zarrlift")
    return Ran(code=done.exit_code, out=done.stdout, err=done.stderr)


def as_printed(line: str, cwd: Path) -> Ran:
    """Run a line that the program printed, as a shell takes it."""
    name, *words = shlex.split(line)
    assert name == "zarrlift", line
    return zarrlift(*words, cwd=cwd)


def start(*words: Word, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Start zarrlift without waiting for its end."""
    return subprocess.Popen(
        command(*words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=environment(),
        encoding="utf-8",
    )


def end_of(process: subprocess.Popen[str]) -> Ran:
    """Wait for the end of what `start` began."""
    out, err = process.communicate(timeout=LONGEST)
    return Ran(code=process.returncode, out=out, err=err)


def struck(place: Path, at: int, number: int, *words: Word) -> Ran:
    """Run zarrlift, and let it get a signal at a touch of the file system; see `tests.fakes`."""
    program = "from tests import fakes; fakes.run_struck()"
    given = [str(place), str(at), str(number), *(os.fspath(word) for word in words)]
    return run([sys.executable, "-c", program, *given])


def peak_bytes(measured: Path, *words: Word) -> tuple[Ran, int]:
    """Run zarrlift; gives also its peak memory, noted in the file `measured`."""
    before = [sys.executable, "-c", _PEAK, str(measured)]
    ran = zarrlift(*words, before=before)
    return ran, int(measured.read_text("ascii"))


def in_terminal(
    *words: Word,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    columns: int = 80,
    typed: str = "",
) -> Ran:
    """Run zarrlift in a terminal, with something typed; both streams come as one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    plain = {"TERM": "xterm-256color", "NO_COLOR": None, "COLUMNS": None, "LINES": None}
    process = subprocess.Popen(
        command(*words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env=environment({**plain, **(env or {})}),
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b"".join(iter(lambda: _read_terminal(ours), b""))
    os.close(ours)
    return Ran(code=process.wait(LONGEST), out=said.decode("utf-8"), err="")


def _read_terminal(end: int) -> bytes:
    """Read what is there; Linux reports the far side's closing as an error."""
    try:
        return os.read(end, 65536)
    except OSError:
        return b""


def without_privilege() -> list[str] | None:
    """Give a command that makes permissions count; None where root cannot lay its own down."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return None
    lost = "-dac_override,-dac_read_search"
    made = [setpriv, f"--bounding-set={lost}", f"--inh-caps={lost}"]
    works = subprocess.run([*made, "true"], check=False, capture_output=True)
    return None if works.returncode else made


def tree(root: Path) -> dict[str, str]:
    """Give every file's digest and every folder below a root, hidden ones included."""
    return {path.relative_to(root).as_posix(): _content(path) for path in sorted(root.rglob("*"))}


def _content(path: Path) -> str:
    """Say what a path is; a link is not followed."""
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "special"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def times(root: Path) -> dict[str, int]:
    """Give the time of the last change of everything at and below a root."""
    return {str(path): path.lstat().st_mtime_ns for path in [root, *root.rglob("*")]}


def widest(text: str) -> int:
    """Give the length of the longest line."""
    return max(map(len, text.splitlines()), default=0)


def assert_in_words(ran: Ran) -> None:
    """Assert that a run ended neither in a traceback nor in a fault of its own."""
    assert "Traceback" not in ran.said, ran.said
    assert "fault in zarrlift" not in ran.said, ran.said


def assert_refused(ran: Ran, *parts: str, code: int = 3) -> None:
    """Assert that a run ended with one clear message: cause, place and next step, no traceback."""
    assert ran.code == code, ran.said
    assert ran.out == ""
    assert_in_words(ran)
    first, *rest = ran.err.strip().splitlines()
    assert first.startswith("error: "), ran.err
    assert [line[:8] for line in rest] == ["  next: "], ran.err
    for part in parts:
        assert part in ran.err, ran.err
