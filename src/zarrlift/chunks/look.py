"""Looking at an array's encoded chunks where they lie, without taking them anywhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.chunks import envelope, listing
from zarrlift.chunks.files import ChunkFiles
from zarrlift.pool import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.chunks.envelope import Check, HeadCheck
    from zarrlift.chunks.fetch import RemoteFiles
    from zarrlift.chunks.listing import Unit
    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.store.folder import Folder


class Looked(NamedTuple):
    """What the envelope check says of one chunk."""

    path: str
    """Of the array."""
    at: Index
    size: int
    """Stored bytes."""
    problem: str | None


def each_chunk(folder: Folder, path: str, layout: ArrayLayout) -> Iterator[Task[Looked]]:
    """Give a task for each chunk that an unsharded array has, found by listing it."""
    found = listing.units(
        folder,
        path,
        keys=layout.keys,
        chunk_grid=layout.chunk_grid,
        per_object=(1,) * layout.ndim,
        strays=listing.Strays(),
        sizes=True,
    )
    checks = envelope.check_for(layout), envelope.head_check_for(layout)
    for unit in found:
        yield Task(unit.chunks[0].size, partial(_look, folder, path, unit, *checks))


def _look(
    folder: Folder, path: str, unit: Unit, check: Check, head_check: HeadCheck | None
) -> Looked:
    chunk = unit.chunks[0]
    with _files(folder) as files:
        if head_check is not None:
            problem = head_check(files.read_head(chunk), chunk.size)
        else:
            problem = check(files.read(chunk))
    return Looked(path, unit.at, chunk.size, problem)


def _files(folder: Folder) -> ChunkFiles | RemoteFiles:
    if folder.remote:
        from zarrlift.chunks.fetch import RemoteFiles  # noqa: PLC0415 - for buckets only

        return RemoteFiles(folder)  # type: ignore[arg-type]
    return ChunkFiles()
