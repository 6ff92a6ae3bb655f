"""One pool of threads and one budget of bytes for a whole job."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2


class StoppedError(Exception):
    """Raised inside a worker whose job has been given up; never reaches a user."""


class Pool:
    """Threads that carry out units; `stopping` tells them that the job was given up."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.stopping = threading.Event()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="zarrlift")
        self.local = threading.local()

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
        self._executor.shutdown(wait=True, cancel_futures=True)

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Apply a function to every item, a few at a time; results come as they end.

        The first error stops the rest and is raised.
        """
        running: set[Future[R]] = set()
        try:
            for item in items:
                running.add(self._executor.submit(function, item))
                if len(running) >= self.workers * _AHEAD:
                    ended, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (f.result() for f in ended)
            while running:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (f.result() for f in ended)
        except BaseException:
            self.stopping.set()
            wait(running)
            raise

    def buffer(self, size: int) -> bytearray:
        """Give the calling thread's own buffer, made once and used for each of its objects."""
        held: bytearray | None = getattr(self.local, "buffer", None)
        if held is None or len(held) < size:
            held = self.local.buffer = bytearray(size)
        return held
