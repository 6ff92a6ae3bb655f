"""Processes that share one job: forked from this one, each carries out one part.

Short system calls do not run side by side on Python's threads: the interpreter's lock goes from
hand to hand. Processes have one each.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import select
import signal
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING, Generic, NamedTuple, NoReturn, TypeVar

from zarrlift.errors import StorageError, ZarrliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

R = TypeVar("R")

_LENGTH = struct.Struct("=Q")
_EVERY = 0.05
"""Seconds after which a process sends what it has done, and learns that its parent is gone."""
_MOST = 256


class _Failed(NamedTuple):
    error: BaseException


class _Ended(NamedTuple):
    pass


def can_fork() -> bool:
    """Say whether this process may be forked safely: on Linux, with no thread but this one."""
    return sys.platform == "linux" and threading.active_count() == 1


class Crew(Generic[R]):
    """A number of processes for one job at a time."""

    def __init__(self, size: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.size = size
        self._meanwhile = meanwhile
        """What this process does once the others are at work, instead of only waiting."""
        self._processes: dict[int, int] = {}
        """The process at the other end of each pipe."""

    def each(self, work: Callable[[int, int], Iterator[R]]) -> Iterator[R]:
        """Carry out every part of a job; results come as they are made.

        `work` gives the results of one part. The first error of any process stops the rest and
        is raised here.
        """
        try:
            for number in range(self.size):
                self._start(work, number)
            self._meanwhile()
            while self._processes:
                ready, _, _ = select.select(list(self._processes), [], [])
                for end in ready:
                    yield from self._received(end)
        finally:
            self._dismiss()

    def _start(self, work: Callable[[int, int], Iterator[R]], number: int) -> None:
        ours, theirs = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            process = os.fork()
            if process == 0:
                _serve(lambda: work(number, self.size), theirs, (ours, *self._processes), before)
            os.close(theirs)
            self._processes[ours] = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _received(self, end: int) -> list[R]:
        """Give what a process sent; raise its error, or one of our own where it died."""
        header = _read(end, _LENGTH.size)
        body = _read(end, *_LENGTH.unpack(header)) if header else b""
        message = pickle.loads(body) if body else None  # noqa: S301 - from our own child
        if isinstance(message, list):
            return message
        if isinstance(message, _Failed):
            raise message.error
        os.close(end)
        status = os.waitstatus_to_exitcode(os.waitpid(self._processes.pop(end), 0)[1])
        if message is None:
            raise StorageError(
                f"a worker process ended too early (status {status})",
                hint="if memory ran out, lower --workers; the same command continues",
            )
        return []

    def _dismiss(self) -> None:
        """End the processes still at work: they give up what is under way, and clean up."""
        for end, process in self._processes.items():
            os.close(end)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        for process in self._processes.values():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)
        self._processes.clear()


def _read(end: int, length: int) -> bytes:
    """Read so many bytes from a pipe; fewer, or none, where the other side is gone."""
    data = b""
    while len(data) < length and (more := os.read(end, length - len(data))):
        data += more
    return data if len(data) == length else b""


def _serve(
    results: Callable[[], Iterator[R]], end: int, others: Iterable[int], mask: Iterable[int]
) -> NoReturn:
    """Send what one part of the job gives, and leave without running what the parent set up.

    The pipes of `others` are closed, so that each breaks when the parent dies; `mask` are the
    signals that the parent did not want before it forked.
    """
    try:
        for other in others:
            os.close(other)
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            for batch in _batches(results()):
                _send(end, batch)
            _send(end, _Ended())
        except BrokenPipeError:
            raise
        except BaseException as error:  # noqa: BLE001 - raised again in the parent
            _send_error(end, error)
    finally:
        os._exit(0)


def _send_error(end: int, error: BaseException) -> None:
    if not isinstance(error, ZarrliftError):
        logging.getLogger("zarrlift").debug("fault in a worker process", exc_info=error)
    try:
        _send(end, _Failed(error))
    except (pickle.PicklingError, TypeError, AttributeError):
        _send(end, _Failed(RuntimeError(repr(error))))


def _batches(results: Iterator[R]) -> Iterator[list[R]]:
    batch: list[R] = []
    sent = time.monotonic()
    for result in results:
        batch.append(result)
        if len(batch) == _MOST or time.monotonic() - sent > _EVERY:
            yield batch
            batch, sent = [], time.monotonic()
    yield batch


def _send(end: int, message: object) -> None:
    body = pickle.dumps(message)
    view = memoryview(_LENGTH.pack(len(body)) + body)
    while view:
        view = view[os.write(end, view) :]
