"""Which chunks an array has, where nothing is listed: every key of its grid is asked for.

Many keys are asked for at a time, and few answers are held. A key is absent only where the
answer proves it, see `zarrlift.store.unlisted`.
"""

from __future__ import annotations

from collections import deque
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from zarrlift import grid
from zarrlift.chunks.listing import ChunkFile, Unit
from zarrlift.errors import AccessError, StorageError
from zarrlift.metadata.layout import Keys
from zarrlift.store.unlisted import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from zarrlift.grid import Index
    from zarrlift.store.remote import RemoteFolder

_WAITING = 256
"""Answers that are waited for, or held, at a time."""
_DOCUMENTS = (".zarray", "zarr.json")
_OTHER = {Keys.V2_FLAT: Keys.V2_NESTED, Keys.V2_NESTED: Keys.V2_FLAT}


class _Key(NamedTuple):
    """A key that a chunk may have."""

    unit: Index
    number: int
    """Of the chunk within its unit."""
    key: str


class Asked(NamedTuple):
    """An array whose keys are asked for one by one."""

    folder: RemoteFolder
    path: str
    keys: Keys
    chunk_grid: Index

    def units(self, per_object: Index, part: grid.Part) -> Iterator[Unit]:
        """Gather the chunks that are there by the objects that will hold them, in C order.

        Chunks come with their sizes. Raises `StorageError` where absence is not proved, or where
        the array went away meanwhile.
        """
        absent = found = 0
        unit, chunks = None, list[ChunkFile]()
        for one, size in self._answers(self._wanted(per_object, part)):
            if one.unit != unit:
                if unit is not None and chunks:
                    yield Unit(unit, chunks)
                unit, chunks = one.unit, []
            if size is None:
                absent += 1
                continue
            found += 1
            folder, _, name = self.folder.path(one.key).rpartition("/")
            chunks.append(ChunkFile(one.number, folder, name, size))
        if unit is not None and chunks:
            yield Unit(unit, chunks)
        if absent:
            self._refuse_gone()
        if absent and not found and part == grid.WHOLE:
            self._refuse_other_keys()

    def _wanted(self, per: Index, part: grid.Part) -> Iterator[_Key]:
        for unit in product(*map(range, grid.grid_shape(self.chunk_grid, per))):
            if all(part.holds(axis, at) for axis, at in enumerate(unit)):
                for number, index in grid.cells_within(unit, per, self.chunk_grid):
                    yield _Key(unit, number, self._key(self.keys, index))

    def _key(self, keys: Keys, index: Index) -> str:
        return f"{self.path}/{keys.of(index)}".lstrip("/")

    def _answers(self, wanted: Iterator[_Key]) -> Iterator[tuple[_Key, int | None]]:
        """Ask for keys ahead of who takes the answers; gives sizes, None for what is absent."""
        waiting: deque[tuple[_Key, Future[int | None]]] = deque()

        def ask(number: int) -> None:
            for one in islice(wanted, number):
                future = self.folder.fetcher.submit(self.folder.size, one.key, self.path)
                waiting.append((one, future))

        try:
            ask(_WAITING)
            while waiting:
                one, future = waiting.popleft()
                yield one, future.result()
                ask(1)
        finally:
            for _, future in waiting:
                future.cancel()

    def _refuse_gone(self) -> None:
        """Raise where the array's own document is not there any more: absence proves nothing."""
        keys = [f"{self.path}/{name}".lstrip("/") for name in _DOCUMENTS]
        answers = [self.folder.answer(key) for key in keys]
        if Answer.THERE in answers:
            return
        place = self.folder.path(self.path)
        hint = "see that it is there and may be read, then run the same command again"
        if Answer.REFUSED in answers:
            message = "its document was refused after its chunks were asked for"
            raise AccessError(message, place=place, hint=hint)
        raise StorageError("went away while its chunks were asked for", place=place, hint=hint)

    def _refuse_other_keys(self) -> None:
        """Raise where an array without any chunk has some under keys of the other form."""
        other = _OTHER.get(self.keys)
        if other is None or len(self.chunk_grid) < 2:  # noqa: PLR2004 - one index has one form
            return
        wanted = (
            _Key((), 0, self._key(other, index)) for index in product(*map(range, self.chunk_grid))
        )
        for one, size in self._answers(wanted):
            if size is not None:
                raise StorageError(
                    f"chunks lie under keys with {other.separator!r}, where .zarray says "
                    f"{self.keys.separator!r}",
                    place=self.folder.path(one.key),
                    hint="copy the dataset to a folder, and lift that: there the keys are listed",
                )
