"""Copying the plain files that lie beside and within the nodes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zarrlift.errors import StorageError, TargetError, from_os_error
from zarrlift.store.folder import Kind
from zarrlift.survey.entries import left_behind, left_out
from zarrlift.survey.facts import PlainFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from zarrlift.findings import Finding
    from zarrlift.plan.plan import Plan
    from zarrlift.store.copies import Copies
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target

_STEP = 2**20
_SMALL = 2**20
"""Bytes up to which files are copied many at a time, where there is a network between."""
PIECE = 16 * 2**20
"""Bytes of a larger file that come from an object store with one request."""


def copy_files(
    plan: Plan, source: Folder, target: Target, foreign: Iterable[str]
) -> tuple[int, list[Finding]]:
    """Copy every plain file, and those found within arrays.

    Gives how many there were, and what could not be copied.
    """
    keys = frozenset(f"{a.path}/c".lstrip("/") for a in plan.arrays)
    files, found = list(plan.files), []
    for path, kind in source.below(foreign):
        if left_out(path, plan.settings.exclude):
            continue
        if kind is not Kind.FILE:
            found.append(left_behind(path, kind))
            continue
        _refuse_taken(source, path, keys)
        files.append(PlainFile(path=path, size=source.size(path) or 0))
    copy = partial(_copy, source, target, target.copies_from(source))
    side = next((tree for tree in (source, target) if tree.remote), None)
    if side is None:
        _one_by_one(copy, files)
    else:
        _many_at_a_time(copy, files, side.fetcher)  # type: ignore[attr-defined]
    return len(files), found


def _one_by_one(copy: Callable[[PlainFile], None], files: Iterable[PlainFile]) -> None:
    for file in files:
        copy(file)


def _many_at_a_time(
    copy: Callable[[PlainFile], None], files: Iterable[PlainFile], threads: Executor
) -> None:
    """Copy small files side by side, then the others, one of which is held at a time."""
    ordered = sorted(files, key=lambda file: file.size > _SMALL)
    small = [file for file in ordered if file.size <= _SMALL]
    running = [threads.submit(copy, file) for file in small]
    try:
        for one in running:
            one.result()
    finally:
        for one in running:
            one.cancel()
    _one_by_one(copy, ordered[len(small) :])


def _refuse_taken(source: Folder, path: str, keys: frozenset[str]) -> None:
    parts = path.split("/")
    if any("/".join(parts[:n]) in keys for n in range(1, len(parts) + 1)):
        raise TargetError(
            "a file in the source lies where the target's chunks go",
            place=source.path(path),
            hint="rename it, or leave it out with --exclude",
        )


def _copy(source: Folder, target: Target, copies: Copies | None, file: PlainFile) -> None:
    path = file.path
    if copies is not None and copies.copy(source.path(path), path, file.size):
        return
    out = target.begin(bytearray(_STEP), key=path)
    try:
        for data in _pieces(source, file):
            out.write(data)
        out.commit(path)
    except OSError as error:
        out.abort()
        raise from_os_error(error, doing="reading", place=source.path(path)) from error
    except BaseException:
        out.abort()
        raise


def _pieces(source: Folder, file: PlainFile) -> Iterator[bytes]:
    if not source.remote:
        at = 0
        while data := source.read_range(file.path, at, _STEP):
            yield data
            at += len(data)
        return
    if file.size > PIECE:
        yield from source.pieces(file.path, 0, file.size, PIECE)
        return
    whole = source.read(file.path)
    if whole is None:
        raise StorageError(
            "was listed, but is gone: the source changes while it is lifted",
            place=source.path(file.path),
            hint="stop what writes there, then run the same command again",
        )
    yield whole
