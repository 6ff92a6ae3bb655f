"""The command on processes: it writes and says what threads do, and leaves none behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import zarrlift as zl
from tests.build import BLOSC, sample, write_array, write_file, write_group
from tests.functional.runs import (
    Word,
    assert_in_words,
    assert_refused,
    end_of,
    environment,
    tree,
    write_sample,
    zarrlift,
)
from zarrlift.demo.write import Kind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")

SEVERAL = ["--workers", "3"]
_SLOW = """
import time
from zarrlift.chunks import files
quick = files.open_file
def slow(*given):
    time.sleep(0.02)
    return quick(*given)
files.open_file = slow
from zarrlift.cli import main
main()
"""
VARYING = {"seconds", "target", "rate"}


def write_odd(folder: Path) -> Path:
    """Write arrays with strays of every kind, at every depth, and one chunk that only decodes."""
    write_group(folder, {"someone": "else"})
    values = sample((6, 40, 40), "<u2")
    array = write_array(
        folder / "large", values, chunks=(1, 8, 8), compressor=BLOSC, stale=[(0, 9, 0), (9, 0, 0)]
    )
    for place in ("note.txt", "0/note.txt", "3/2/note.txt", "thumbs/a.png"):
        write_file(array / place, place.encode())
    write_array(folder / "flat", values, chunks=(1, 8, 8), separator=".", stale=[(0, 9, 0)])
    for number in range(7):
        write_array(folder / f"small{number}", values[0], chunks=(40, 40), missing="empty")
    return folder


def said(*words: Word) -> tuple[int, Any]:
    """Run a command that answers in JSON; gives its exit code and what holds for any run."""
    ran = zarrlift(*words, "--json", "--quiet")
    assert_in_words(ran)
    return ran.code, json.loads(ran.out, object_hook=_lasting) if ran.out else ran.err


def _lasting(found: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in found.items() if not any(word in k for word in VARYING)}


def kinds() -> dict[str, Callable[[Path], object]]:
    """Give what writes each dataset."""
    made = {str(kind): partial(zl.demo, kind=kind, size="1MiB") for kind in Kind}
    return {**made, "sample": write_sample, "odd": write_odd}


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("shards", ["auto", "none"])
def test_processes_write_and_say_what_one_thread_does(
    kind: str, shards: str, tmp_path: Path
) -> None:
    """Same bytes, same report, same proof, however the work is shared out."""
    source, one, three = (tmp_path / name for name in ("old.zarr", "one.zarr", "three.zarr"))
    kinds()[kind](source)
    words = ["--plain-zarr", "--shards", shards, "--verify", "full"]

    alone = said("convert", source, one, *words, "--workers", "1")
    shared = said("convert", source, three, *words, *SEVERAL)

    assert shared == alone
    assert alone[0] == 0
    assert tree(three) == tree(one)
    code, done = said("convert", source, three, *words, *SEVERAL)
    assert (code, done["verification"]["equal"]) == (0, True)


@pytest.mark.parametrize("damage", ["deleted", "flipped", "stray", "cut"])
def test_verification_on_processes_finds_what_one_thread_finds(damage: str, tmp_path: Path) -> None:
    """The command, on processes, and the library, on threads, name the same damage."""
    source, target = write_odd(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    zl.convert(source, target, plain_zarr=True, shards="none")
    victim = target / "large" / "c" / "4" / "4" / "4"
    if damage == "deleted":
        victim.unlink()
    elif damage == "stray":
        write_file(target / "large" / "c" / "0" / "77" / "0", b"x")
        write_file(target / "large" / "c" / "extra", b"x")
    else:
        held = victim.read_bytes()
        victim.write_bytes(held[:-1] + (b"" if damage == "cut" else bytes([held[-1] ^ 1])))

    ran = zarrlift("verify", source, target, "--level", "full", "--json")
    proof = zl.verify(source, target, level="full")

    assert ran.code == 1
    found = json.loads(ran.out)
    told = [(f["rule"], f["path"], f["message"]) for f in found["findings"]]
    assert told == [(f.rule, f.path, f.message) for f in proof.findings]
    assert found["checked"]["objects"] == proof.objects
    assert found["checked"]["chunks"] == proof.chunks


def test_damaged_chunk_stops_every_process(tmp_path: Path) -> None:
    """One clear message, and the work so far goes on once the chunk is mended."""
    source, target = write_odd(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    chunk = source / "large" / "5" / "4" / "4"
    sound = chunk.read_bytes()
    chunk.write_bytes(sound[:-1])

    ran = zarrlift("convert", source, target, "--plain-zarr", *SEVERAL)

    assert_refused(ran, str(chunk), "--damaged")
    chunk.write_bytes(sound)
    again = zarrlift("convert", source, target, "--plain-zarr", *SEVERAL)
    assert again.code == 0, again.said
    assert zl.verify(source, target, level="decode").equal


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_by_a_run_that_is_stopped(number: int, tmp_path: Path) -> None:
    """However the command ends, its processes end with it, and the same command continues."""
    source, target = write_odd(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    words = ["convert", str(source), str(target), "--plain-zarr", "--shards", "none", *SEVERAL]
    process = _start_slowly(*words)
    children = _children(process.pid, 3)
    os.kill(process.pid, number)
    ran = end_of(process)

    assert ran.code == (-number if number == signal.SIGKILL else 128 + number)
    assert not any(Path(f"/proc/{child}/cwd").exists() for child in children)
    again = zarrlift(*words)
    assert again.code == 0, again.said
    assert zl.verify(source, target, level="full").equal


def test_worker_that_is_killed_stops_the_run_in_words(tmp_path: Path) -> None:
    """Where memory's keeper shoots a worker, the run says so, and can be continued."""
    source, target = write_odd(tmp_path / "old.zarr"), tmp_path / "new.zarr"
    words = ["convert", str(source), str(target), "--plain-zarr", "--quiet", *SEVERAL]
    process = _start_slowly(*words)
    os.kill(_children(process.pid, 3)[1], signal.SIGKILL)
    ran = end_of(process)

    assert_refused(ran, "worker process ended too early", "--workers")
    assert zarrlift(*words).code == 0
    assert zl.verify(source, target, level="full").equal


def _start_slowly(*words: str) -> subprocess.Popen[str]:
    """Start the command on storage that takes its time."""
    return subprocess.Popen(
        [sys.executable, "-c", _SLOW, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        encoding="utf-8",
    )


def _children(process: int, count: int) -> list[int]:
    """Give the processes that a run has started, once there are so many."""
    place, until = Path(f"/proc/{process}/task/{process}/children"), time.monotonic() + 20
    while time.monotonic() < until:
        children = [int(child) for child in place.read_text("ascii").split()]
        if len(children) == count:
            return children
        time.sleep(0.005)
    raise AssertionError(f"no {count} processes")
