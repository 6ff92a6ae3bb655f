"""Listing arrays of a bucket ahead of who walks them, several at a time.

A walk goes from array to array, one answer after another; over a network that takes a round trip
for each, and a plate has thousands.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zarrlift import grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder

T = TypeVar("T")
_ARRAYS = 256
_OBJECTS = 2**15
"""Objects that arrays listed ahead may have together; a larger array is listed in its turn."""


class Side(NamedTuple):
    """An array on one side of a lift."""

    folder: Folder
    path: str
    layout: ArrayLayout


class _Asked(NamedTuple):
    objects: int
    answers: list[Future[None]]


def listed_ahead(items: Iterable[T], sides: Callable[[T], Iterable[Side]]) -> Iterator[T]:
    """Walk items, each once the arrays that `sides` names for it are listed.

    Folders of a disk are left to be listed by who walks them. Raises `StorageError`.
    """
    waiting: deque[tuple[T, _Asked]] = deque()
    held = 0
    try:
        for item in items:
            asked = _ask(sides(item))
            waiting.append((item, asked))
            held += asked.objects
            while waiting and (held > _OBJECTS or len(waiting) > _ARRAYS or not asked.answers):
                first, due = waiting.popleft()
                _wait(due)
                held -= due.objects
                yield first
        for first, due in waiting:
            _wait(due)
            yield first
    finally:
        for _, due in waiting:
            for answer in due.answers:
                answer.cancel()


def _ask(sides: Iterable[Side]) -> _Asked:
    objects, answers = 0, list["Future[None]"]()
    for folder, path, layout in sides:
        count = grid.count(layout.object_grid)
        if folder.remote and not folder.unlisted and count <= _OBJECTS:
            objects += count
            answers.append(folder.fetcher.submit(folder.list_below, folder.path(path)))  # type: ignore[attr-defined]
    return _Asked(objects, answers)


def _wait(asked: _Asked) -> None:
    for answer in asked.answers:
        answer.result()
