"""One pool of threads and one budget of bytes for a whole job."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable  # noqa: TC003 - read at run time by NamedTuple
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, nullcontext, suppress
from mmap import mmap
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Executor
    from types import TracebackType
    from typing import Self

R = TypeVar("R")
T = TypeVar("T")
_KEPT = 4 * 2**20
"""Bytes of a buffer that are kept though fewer are asked for."""
_AHEAD = 2
_BATCH_BYTES = 16 * 2**20
_BATCH_MOST = 32
_TRIAL = 0.05
"""Seconds of turns after which it is judged whether they are worth it."""
_PATIENCE = 0.2
"""Seconds that units in flight have to end before it is seen to that none waits in vain."""
_WAITING = 3
"""Turns end where a thread waits so many times longer than it works in them."""


class Task(NamedTuple, Generic[R]):
    """Something to do, and about how many bytes it deals with."""

    weight: int
    work: Callable[[], R]


class StoppedError(Exception):
    """Raised inside a worker whose job has been given up; never reaches a user."""


class Turn:
    """A lock for the thread that does many short system calls.

    Taking turns costs less than handing the interpreter's lock to and fro at every one of them,
    as long as storage answers at once. Where it lets threads wait (a cold disk, a network file
    system), they had better wait together: then turns are no longer `worth` taking.
    """

    def __init__(self) -> None:
        self.worth = True
        self._lock = threading.Lock()
        self._since = (0.0, 0.0)
        self._held = self._worked = 0.0

    def acquire(self) -> None:
        """Wait for the turn."""
        self._lock.acquire()
        self._since = (time.perf_counter(), time.thread_time())

    def release(self) -> None:
        """Give the turn to another thread, and judge how it was spent."""
        held, worked = self._since
        self._held += time.perf_counter() - held
        self._worked += time.thread_time() - worked
        if self._held > _TRIAL:
            self.worth = self.worth and self._held < (1 + _WAITING) * self._worked
            self._held = self._worked = 0.0
        self.free()

    def free(self) -> None:
        """Let whoever waits go on, though the turn may be another's: it only saves time.

        A signal can catch a thread between taking the turn and being able to give it up.
        """
        with suppress(RuntimeError):
            self._lock.release()

    def __enter__(self) -> Self:
        """Wait for the turn."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the turn up."""
        self.release()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let others have the turn during one long call."""
        self.release()
        try:
            yield
        finally:
            self.acquire()


class Pool:
    """Threads that carry out units; `stopping` tells them that the job was given up."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.apart = False
        """Each task goes to a thread alone, for those that mostly wait for a network."""
        self.stopping = threading.Event()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="zarrlift")
        self._started = False
        self.local = threading.local()
        self.turn = Turn()

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the units in flight end, or give them up where the job failed."""
        if error is not None:
            self.stopping.set()
        try:
            self._executor.shutdown(wait=True, cancel_futures=True)
        except BaseException:  # a signal: whoever cleans up after us must find no one at work
            self.stopping.set()
            self._executor.shutdown(wait=True, cancel_futures=True)
            raise

    def each(self, tasks: Iterable[Task[R]]) -> Iterator[R]:
        """Carry out every task, a few at a time; results come as they end.

        Light tasks go to a thread together, unless `apart`. The first error stops the rest and is
        raised. Tasks are listed in a turn of their own.
        """
        running: set[Future[list[R]]] = set()
        batches = _batches(tasks, most=1 if self.apart else _BATCH_MOST)
        self._start()
        try:
            while (batch := self._next(batches)) is not None:
                running.add(self._executor.submit(_all, batch))
                if len(running) >= self.workers * _AHEAD:
                    ended, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in ended:
                        yield from future.result()
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield from future.result()
        except BaseException:
            self.stopping.set()
            left = [future for future in running if not future.cancel()]
            while wait(left, timeout=_PATIENCE).not_done:
                self.turn.free()
            raise

    def _start(self) -> None:
        """Start every thread, signals held back meanwhile.

        One that came while the executor starts a thread would keep it from knowing of that thread,
        and nobody would wait for its end. Threads leave signals to the main thread from then on.
        """
        if self._started:
            return
        self._started = True
        gate = threading.Barrier(self.workers + 1)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            for _ in range(self.workers):
                self._executor.submit(gate.wait)
            gate.wait()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _next(self, batches: Iterator[list[Callable[[], R]]]) -> list[Callable[[], R]] | None:
        with self.turn if self.turn.worth else nullcontext():
            return next(batches, None)

    def buffer(self, size: int) -> bytearray:
        """Give the calling thread's own buffer, made once and used for each of its objects.

        One that is much larger than asked for is given back first, to keep to the budget.
        """
        held: bytearray | None = getattr(self.local, "buffer", None)
        if held is None or not size <= len(held) <= max(size, _KEPT):
            self.local.buffer = held = None
            held = self.local.buffer = bytearray(size)
        return held

    def scratch(self, size: int) -> mmap:
        """Give the calling thread's own memory for decoded chunks, of just this size.

        It is kept until another size is asked for, and then returned to the system at once.
        """
        held: mmap | None = getattr(self.local, "scratch", None)
        if held is None or len(held) != max(1, size):
            self.local.scratch = held = None
            held = self.local.scratch = mmap(-1, max(1, size))
        return held

    def let_go(self) -> None:
        """Give all threads' buffers back to the system; no thread may be using them."""
        self.local = threading.local()


def _batches(tasks: Iterable[Task[R]], most: int) -> Iterator[list[Callable[[], R]]]:
    """Gather light tasks, up to 16 MiB or `most` of them."""
    batch: list[Callable[[], R]] = []
    weight = 0
    for task in tasks:
        batch.append(task.work)
        weight += task.weight
        if weight >= _BATCH_BYTES or len(batch) >= most:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _all(batch: list[Callable[[], R]]) -> list[R]:
    return [work() for work in batch]


def in_order(
    threads: Executor, work: Callable[[T], R], items: Iterable[T], most: int
) -> Iterator[R]:
    """Give what `work` makes of each item, in their order, up to `most` of them begun ahead.

    `work` must not wait for the same threads. The first error is raised once all that was begun
    has ended.
    """
    running: deque[Future[R]] = deque()
    try:
        for item in items:
            running.append(threads.submit(work, item))
            if len(running) >= most:
                yield running[0].result()
                running.popleft()
        while running:
            yield running[0].result()
            running.popleft()
    finally:
        wait([future for future in running if not future.cancel()])
