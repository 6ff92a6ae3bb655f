"""Threads that send requests to one store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

P = ParamSpec("P")
T = TypeVar("T")


class Requesters(ThreadPoolExecutor):
    """Sends so many requests at a time; the threads end with it.

    Objects whose chunks all came at the same time would end at the same time, and what is sent
    would wait for what is got. So who brings an object's chunks takes a turn to begin.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, thread_name_prefix="zarrlift-request")
        self._enough, self._asked = count, 0
        self._answered = threading.Condition()
        self._beginning = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Send a request as soon as a thread is free."""
        future = super().submit(fn, *args, **kwargs)
        with self._answered:
            self._asked += 1
        future.add_done_callback(self._ended)
        return future

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until requests that are under way leave a thread free; nobody else begins meanwhile.

        They are answered or given up whether anybody takes the answers or not, so this ends; but
        never on one of these threads themselves.
        """
        with self._beginning:
            with self._answered:
                self._answered.wait_for(lambda: self._asked < self._enough)
            yield

    def _ended(self, answer: Future[T]) -> None:
        del answer
        with self._answered:
            self._asked -= 1
            self._answered.notify()
