"""A place that was opened here, as a store of zarr-python: read only, any version of 3."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)

from zarrlift.errors import StorageError
from zarrlift.store.folder import Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from zarr.core.buffer import Buffer, BufferPrototype

    from zarrlift.view.opened import Opened

R = TypeVar("R")


class OpenedStore(Store):
    """Objects of an opened place by key, with its requests, their counts and its cache.

    `documents` are given in place of what lies there. Pickled, the place is opened anew.
    """

    def __init__(self, opened: Opened, documents: Mapping[str, bytes] | None = None) -> None:
        super().__init__(read_only=True)
        self._opened = opened
        self._folder = opened.folder
        self._documents = dict(documents or {})

    def __reduce__(self) -> tuple[type[OpenedStore], tuple[Opened, dict[str, bytes]]]:
        """Say how it is made anew."""
        return OpenedStore, (self._opened, self._documents)

    def __eq__(self, other: object) -> bool:
        """Say whether both read the same place."""
        if not isinstance(other, OpenedStore):
            return False
        mine, theirs = (self._opened.identity, other._opened.identity)
        return mine == theirs and self._documents == other._documents

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash(self._opened.identity)

    def __repr__(self) -> str:
        """Name the place."""
        return f"OpenedStore({self._folder.root!r})"

    __str__ = __repr__

    @property
    def supports_writes(self) -> bool:
        """Say that nothing is written."""
        return False

    @property
    def supports_deletes(self) -> bool:
        """Say that nothing is removed."""
        return False

    @property
    def supports_partial_writes(self) -> bool:  # type: ignore[override]
        """Say that nothing is written."""
        return False

    @property
    def supports_listing(self) -> bool:
        """Say whether the place lists what it holds."""
        return not self._folder.unlisted

    def with_read_only(self, read_only: bool = False) -> OpenedStore:  # noqa: FBT001, FBT002 - zarr-python's words
        """Give the store itself; it cannot be one to write to."""
        if not read_only:
            raise ValueError("what zarrlift.open gives is read only")
        return self

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Give an object's bytes, or a part of them; None where it is absent."""
        data = await self._run(lambda: self._bytes(key, byte_range))
        return None if data is None else prototype.buffer.from_bytes(data)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Give several parts of objects, asked for side by side."""
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def exists(self, key: str) -> bool:
        """Say whether an object is there."""
        if key in self._documents:
            return True
        return await self._run(lambda: self._folder.size(key)) is not None

    async def getsize(self, key: str) -> int:
        """Give an object's size, unread; raise `FileNotFoundError` where it is absent."""
        if key in self._documents:
            return len(self._documents[key])
        size = await self._run(lambda: self._folder.size(key))
        if size is None:
            raise FileNotFoundError(key)
        return size

    async def set(self, key: str, value: Buffer) -> None:
        """Refuse to write."""
        del key, value
        self._check_writable()

    async def set_partial_values(self, key_start_values: Iterable[tuple[str, int, Any]]) -> None:
        """Refuse to write."""
        del key_start_values
        self._check_writable()

    async def delete(self, key: str) -> None:
        """Refuse to remove."""
        del key
        self._check_writable()

    async def list(self) -> AsyncIterator[str]:
        """Walk all keys."""
        async for key in self.list_prefix(""):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Walk all keys that begin with a text."""
        ahead = [prefix.rpartition("/")[0]]
        while ahead:
            folder = ahead.pop()
            for name, inner in await self._run(lambda at=folder: self._entries(at)):  # type: ignore[misc]
                key = f"{folder}/{name}".lstrip("/")
                if inner:
                    if key.startswith(prefix) or f"{key}/".startswith(prefix):
                        ahead.append(key)
                elif key.startswith(prefix):
                    yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Walk the names directly below a prefix."""
        for name, _ in await self._run(lambda: self._entries(prefix.strip("/"))):
            yield name

    def _entries(self, folder: str) -> Sequence[tuple[str, bool]]:
        by_path = self._folder.packed or not self._folder.remote
        if folder and by_path and not self._folder.has_folder(folder):
            return []
        found = [(e.name, kind_of(e)) for e in self._folder.entries(folder)]
        return [(n, k is Kind.FOLDER) for n, k in found if k in (Kind.FILE, Kind.FOLDER)]

    def _bytes(self, key: str, part: ByteRequest | None) -> bytes | None:
        if key in self._documents:
            return _cut(self._documents[key], part)
        if part is None:
            return self._folder.read(key)
        if isinstance(part, SuffixByteRequest):
            found = self._folder.read_tail(key, part.suffix)
            return None if found is None else found[0]
        try:
            return self._folder.read_range(key, *self._span(key, part))
        except (StorageError, KeyError):
            if self._folder.size(key) is None:
                return None
            raise

    def _span(self, key: str, part: ByteRequest) -> tuple[int, int]:
        if isinstance(part, RangeByteRequest):
            return part.start, part.end - part.start
        if isinstance(part, OffsetByteRequest):
            return part.offset, max(0, (self._folder.size(key) or 0) - part.offset)
        raise TypeError(f"not a part of an object: {part!r}")

    async def _run(self, ask: Callable[[], R]) -> R:
        """Ask in a thread: of the place's own for requests, where it has some."""
        loop = asyncio.get_running_loop()
        executor = self._folder.fetcher if self._folder.remote else None
        return await loop.run_in_executor(executor, ask)


def _cut(data: bytes, part: ByteRequest | None) -> bytes:
    if isinstance(part, RangeByteRequest):
        return data[part.start : part.end]
    if isinstance(part, OffsetByteRequest):
        return data[part.offset :]
    return data[-part.suffix :] if isinstance(part, SuffixByteRequest) else data
