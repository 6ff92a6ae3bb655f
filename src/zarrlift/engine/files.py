"""Copying the plain files that lie beside and within the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.errors import TargetError, from_os_error
from zarrlift.store.folder import Kind
from zarrlift.survey.walk import left_behind, left_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.findings import Finding
    from zarrlift.plan.plan import Plan
    from zarrlift.store.folder import Folder
    from zarrlift.store.target import Target

_STEP = 2**20


def copy_files(
    plan: Plan, source: Folder, target: Target, foreign: Iterable[str]
) -> tuple[int, list[Finding]]:
    """Copy every plain file, and those found within arrays.

    Gives how many there were, and what could not be copied.
    """
    keys = frozenset(f"{a.path}/c".lstrip("/") for a in plan.arrays)
    paths, found = [f.path for f in plan.files], []
    for path, kind in source.below(foreign):
        if left_out(path, plan.settings.exclude):
            continue
        if kind is not Kind.FILE:
            found.append(left_behind(path, kind))
            continue
        _refuse_taken(source, path, keys)
        paths.append(path)
    for path in paths:
        _copy(source, target, path)
    return len(paths), found


def _refuse_taken(source: Folder, path: str, keys: frozenset[str]) -> None:
    parts = path.split("/")
    if any("/".join(parts[:n]) in keys for n in range(1, len(parts) + 1)):
        raise TargetError(
            "a file in the source lies where the target's chunks go",
            place=source.path(path),
            hint="rename it, or leave it out with --exclude",
        )


def _copy(source: Folder, target: Target, path: str) -> None:
    out = target.begin(bytearray(_STEP), key=path)
    try:
        at = 0
        while data := source.read_range(path, at, _STEP):
            out.write(data)
            at += len(data)
        out.commit(path)
    except OSError as error:
        out.abort()
        raise from_os_error(error, doing="reading", place=source.path(path)) from error
    except BaseException:
        out.abort()
        raise
