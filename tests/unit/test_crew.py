"""Processes that share one job: parts, order of results, errors, and that none is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from zarrlift import crew
from zarrlift.crew import Crew
from zarrlift.errors import DamageError, InterruptedJobError, StorageError

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
PATIENCE = 20


def numbers(number: int, of: int) -> Iterator[int]:
    """Give every number of a part."""
    yield from range(number, 100, of)


def children() -> set[str]:
    """Give this process's own children: a server of other tests may be among them."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            above = status.read_text("utf-8", "replace").rpartition(")")[2].split()[1]
            found |= {status.parent.name} if above == str(os.getpid()) else set()
    return found


@pytest.fixture(name="before")
def look_before() -> set[str]:
    """Give the children that were there before the test."""
    return children()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_every_part_is_done_once(size: int, before: set[str]) -> None:
    """All results come, each part by a process of its own, none of them this one."""

    def work(number: int, of: int) -> Iterator[tuple[int, int]]:
        return ((n, os.getpid()) for n in numbers(number, of))

    found = list(Crew[tuple[int, int]](size).each(work))

    assert sorted(n for n, _ in found) == list(range(100))
    by_part = [{p for n, p in found if n % size == k} for k in range(size)]
    assert [len(p) for p in by_part] == [1] * size
    assert len(set.union(*by_part) | {os.getpid()}) == size + 1
    assert children() <= before


def test_parent_has_something_to_do_meanwhile(tmp_path: Path) -> None:
    """It is done while the processes are at work, not after them, and once for each job."""
    begun = tmp_path / "begun"
    done = list[bool]()

    def work(number: int, _of: int) -> Iterator[int]:
        while not begun.exists():
            time.sleep(0.001)
        yield number

    def meanwhile() -> None:
        begun.touch()
        done.append(True)

    assert sorted(Crew[int](2, meanwhile).each(work)) == [0, 1]
    assert done == [True]


def test_crew_serves_one_job_after_another() -> None:
    """The same crew can be used again."""
    shared = Crew[int](2)

    assert sorted(shared.each(numbers)) == sorted(shared.each(numbers)) == list(range(100))


def test_results_come_while_the_work_goes_on(tmp_path: Path) -> None:
    """A result need not wait for the end of its part."""

    def work(number: int, _: int) -> Iterator[str]:
        yield f"first of {number}"
        time.sleep(0.1)
        yield f"second of {number}"
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "seen").exists() and time.monotonic() < until:
            time.sleep(0.01)
        yield "seen" if (tmp_path / "seen").exists() else "waited in vain"

    results = Crew[str](1).each(work)
    early = [next(results), next(results)]
    (tmp_path / "seen").touch()

    assert early == ["first of 0", "second of 0"]
    assert list(results) == ["seen"]


def test_large_results_arrive_whole() -> None:
    """More than a pipe holds at a time."""
    found = list(Crew[bytes](2).each(lambda number, _: iter([bytes([number]) * 2**22])))

    assert sorted(found) == [bytes(2**22), b"\x01" * 2**22]


def test_error_arrives_with_all_it_says(before: set[str]) -> None:
    """An error of one process stops the others and is raised here: kind, place and next step."""

    def work(number: int, _: int) -> Iterator[int]:
        if number == 1:
            raise DamageError("chunk 1,0: is cut short", place="0/1/0", hint="mend it")
        while True:
            time.sleep(0.001)
            yield 1

    with pytest.raises(DamageError) as caught:
        list(Crew[int](3).each(work))

    error = caught.value
    assert (error.message, error.place, error.hint) == (
        "chunk 1,0: is cut short",
        "0/1/0",
        "mend it",
    )
    assert children() <= before


@pytest.mark.parametrize("error", [InterruptedJobError(15), KeyError("x"), MemoryError()])
def test_errors_of_any_kind_arrive(error: BaseException) -> None:
    """What is no error of ours comes too, as does what a signal raised."""

    def work(_number: int, _of: int) -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(type(error)) as caught:
        list(Crew[int](1).each(work))

    assert getattr(caught.value, "signal_number", None) == getattr(error, "signal_number", None)


def test_error_that_cannot_travel_is_told_in_words() -> None:
    """An error that holds what no pipe takes still says what it was."""

    class LocalError(Exception):
        pass

    def work(_number: int, _of: int) -> Iterator[int]:
        yield 1
        raise LocalError("of this function alone")

    with pytest.raises(RuntimeError, match="of this function alone"):
        list(Crew[int](1).each(work))


def test_process_that_is_killed_is_an_error(before: set[str]) -> None:
    """A process that memory's keeper shot does not pass for one that is done."""

    def work(number: int, _: int) -> Iterator[int]:
        yield number
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(StorageError, match=r"ended too early \(status -9\)") as caught:
        list(Crew[int](2).each(work))

    assert "--workers" in str(caught.value.hint)
    assert children() <= before


def test_leaving_early_ends_every_process(before: set[str]) -> None:
    """A job that is given up here leaves no process at work, however full its pipe."""

    def endless(_number: int, _of: int) -> Iterator[bytes]:
        while True:
            yield bytes(2**16)

    results = Crew[bytes](3).each(endless)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert children() <= before


def test_process_cleans_up_when_it_is_told_to_stop(tmp_path: Path, before: set[str]) -> None:
    """What a part does at its end is done, too, where another part failed."""

    def stop(number: int, _frame: object) -> None:
        raise InterruptedJobError(number)

    def work(number: int, _: int) -> Iterator[int]:
        if number == 1:
            while not (tmp_path / "begun").exists():
                time.sleep(0.001)
            raise KeyError(number)
        try:
            (tmp_path / "begun").touch()
            time.sleep(PATIENCE)
        finally:
            (tmp_path / "cleaned").touch()
        yield 1

    handler = signal.signal(signal.SIGTERM, stop)
    try:
        with pytest.raises(KeyError):
            list(Crew[int](2).each(work))
    finally:
        signal.signal(signal.SIGTERM, handler)

    assert (tmp_path / "cleaned").exists()
    assert children() <= before


def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """No process works on after kill -9 of the one that started it."""
    program = f"""
import os, time
from zarrlift.crew import Crew
def work(number, of):
    open({str(tmp_path)!r} + f"/{{number}}", "w").write(str(os.getpid()))
    while True:
        time.sleep(0.01)
        yield number
for _ in Crew(2).each(work):
    if os.path.exists({str(tmp_path)!r} + "/0") and os.path.exists({str(tmp_path)!r} + "/1"):
        os.kill(os.getpid(), 9)
"""
    ran = subprocess.run([sys.executable, "-c", program], check=False, timeout=PATIENCE)
    children = [int((tmp_path / name).read_text()) for name in "01"]
    until = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{c}").exists() for c in children) and time.monotonic() < until:
        time.sleep(0.02)

    assert ran.returncode == -signal.SIGKILL
    assert not any(_runs(child) for child in children)


def _runs(process: int) -> bool:
    """Say whether a process is at work; one that nobody waits for is not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_no_fork_beside_other_threads() -> None:
    """A process with threads is not forked: what they hold would be held for ever."""
    program = """
import threading
from zarrlift.crew import can_fork
alone, wait = can_fork(), threading.Event()
thread = threading.Thread(target=wait.wait)
thread.start()
print(alone, can_fork())
wait.set()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert ran.stdout.split() == ["True", "False"]
    assert crew.can_fork() in (True, False)
