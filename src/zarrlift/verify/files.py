"""Plain files beside the nodes, and what the target holds that no one asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import error, warning
from zarrlift.store.target import OURS
from zarrlift.survey.facts import CRATE
from zarrlift.verify.level import Level
from zarrlift.verify.result import Checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zarrlift.store.folder import Folder

SMALL = 2**20
ENDS = 2**16


def check_file(
    path: str, source: Folder, target: Folder, level: Level, size: int | None = None
) -> Checked:
    """Compare one file: whole where it is small or the level asks, else size and both ends.

    One whose `size` is known to be small is only read.
    """
    checked = Checked(files=1)
    if size is not None and size <= SMALL and source.remote | target.remote:
        ours, theirs = source.read(path), target.read(path)
        due, held = (None if data is None else len(data) for data in (ours, theirs))
        same = ours == theirs
    else:
        due, held = source.size(path), target.size(path)
        same = None
    if held is None:
        checked.findings.append(error("file-missing", path, "is not in the target"))
    elif held != due:
        message = f"holds {held} bytes, in the source {due}"
        checked.findings.append(error("file-differs", path, message))
    elif not (same or _same(path, source, target, held, whole=level is not Level.QUICK)):
        checked.findings.append(error("file-differs", path, "its bytes differ from the source's"))
    checked.bytes += held or 0
    return checked


def _same(path: str, source: Folder, target: Folder, size: int, *, whole: bool) -> bool:
    if size <= SMALL:
        return source.read(path) == target.read(path)
    step = SMALL if whole else max(ENDS, size - ENDS)
    length = SMALL if whole else ENDS
    return all(
        source.read_range(path, at, length) == target.read_range(path, at, length)
        for at in range(0, size, step)
    )


def strays(
    target: Folder, nodes: Iterable[str], arrays: frozenset[str], files: frozenset[str]
) -> Iterator[str]:
    """Walk what the target holds beside the expected nodes and files; arrays are not entered.

    A crate at the root is none: it may have been added since.
    """
    folders = {""}
    for path in [*nodes, *(f.rpartition("/")[0] for f in files)]:
        while path and path not in folders:
            folders.add(path)
            path = path.rpartition("/")[0]  # noqa: PLW2901 - climbs to the root
    level = [""]
    while level:
        listed = zip(level, target.entries_each(level), strict=True)
        below = [(f"{key}/{e.name}".lstrip("/"), e.name) for key, found in listed for e in found]
        level = [path for path, _ in below if path in folders and path not in arrays]
        for path, name in below:
            known = path in folders or path in files or path == CRATE
            if not known and name not in ("zarr.json", OURS):
                yield path


def check_strays(
    target: Folder, nodes: Iterable[str], arrays: frozenset[str], files: frozenset[str]
) -> Checked:
    """Report what the target holds that the source does not."""
    checked = Checked()
    if "" in arrays:
        return checked
    for path in strays(target, nodes, arrays, files):
        checked.findings.append(warning("file-stray", path, "is not in the source"))
    return checked
