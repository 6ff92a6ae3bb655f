"""Uploads in parts that killed runs of a lift left behind.

They are aborted where nobody can be at work on them any more: once the target is finished, and
once `--overwrite` has cleared it. While a plan is carried out they stay: other machines may be at
work on the same plan, and an upload does not say whose it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.chunks.listing import is_index
from zarrlift.jobs.memory import stored_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import Plan
    from zarrlift.store.target import Target


def abort(plan: Plan, target: Target, *, whatever: bool = False) -> None:
    """Abort the uploads of objects of a plan; nothing is asked where none can be so large.

    With `whatever`, also where only another plan's could be, which this one replaces.
    """
    if not target.remote:
        return
    from zarrlift.store.unfinished import abort_uploads  # noqa: PLC0415 - for buckets only

    if whatever or possible(plan):
        address, options = target.where  # type: ignore[attr-defined]
        asking = target.asking  # type: ignore[attr-defined]
        abort_uploads(address, options, written_by(plan), asking)


def possible(plan: Plan) -> bool:
    """Say whether a plan has objects that can be so large that they go in parts."""
    from zarrlift.store.upload import WHOLE  # noqa: PLC0415 - for buckets only

    largest = [*(stored_bytes(a.target) for a in plan.arrays), *(f.size for f in plan.files)]
    return max(largest, default=0) > WHOLE


def written_by(plan: Plan) -> Callable[[str], bool]:
    """Give what tells whether a key is one of a plan's: a file, or of the form of a chunk's.

    Keys beyond an array's grid count too: a plan with smaller shards, which this one replaces,
    has written such.
    """
    arrays = {array.path: array.target for array in plan.arrays}
    files = frozenset(file.path for file in plan.files)

    def ours(key: str) -> bool:
        return key in files or any(
            path in arrays and _is_chunk(rest, arrays[path]) for path, rest in _splits(key)
        )

    return ours


def _splits(key: str) -> list[tuple[str, str]]:
    """Give every way to take a key as the path of an array and a key below it."""
    parts = key.split("/")
    return [("/".join(parts[:n]), "/".join(parts[n:])) for n in range(len(parts))]


def _is_chunk(key: str, layout: ArrayLayout) -> bool:
    numbers = [part for part in key.replace(".", "/").split("/") if is_index(part)]
    return len(numbers) >= layout.ndim and key == layout.keys.of(
        tuple(map(int, numbers[: layout.ndim]))
    )
