"""Taking an upgrade in place back: the folder is byte for byte what it was."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from zarrlift.errors import SourceError, TargetError
from zarrlift.jobs import record
from zarrlift.jobs.options import Silent, Watch
from zarrlift.jobs.upgraded import Undone
from zarrlift.store.in_place import Dataset
from zarrlift.store.target import UNDO

if TYPE_CHECKING:
    from zarrlift.jobs.record import Record

_LOG = logging.getLogger(__name__)
_NAMED = 20


def undo(url: str, *, force: bool = False, watch: Watch | None = None) -> Undone:
    """Put v2's documents back, remove those that an upgrade wrote, and then its record.

    Raises `TargetError` where there is nothing to undo, or where something has changed since
    that would be lost, unless `force`.
    """
    dataset, begun = Dataset(url), time.monotonic()
    if not dataset.exists():
        raise SourceError("there is no such folder", place=dataset.root, hint="check the path")
    with dataset.alone():
        held = record.read(dataset)
        if held is None:
            _refuse_nothing(dataset)
            held = record.Record(version=None, documents=())
        changed = _changed(dataset, held)
        if changed and not force:
            _refuse_changed(dataset, changed)
        (watch or Silent()).phase("taking the upgrade back", None)
        dataset.refuse_locked(sorted(_folders(dataset, held)))
        restored, removed = _restore(dataset, held), _remove(dataset, held)
        record.forget(dataset)
    _LOG.info("removed %d documents, restored %d in %s", removed, restored, dataset.root)
    return Undone(
        source=dataset.root,
        removed=removed,
        restored=restored,
        forced=tuple(changed),
        seconds=time.monotonic() - begun,
    )


def _refuse_nothing(dataset: Dataset) -> None:
    """Raise `TargetError`, but for what is left of an upgrade or undo that was killed."""
    if not dataset.there(UNDO):
        dataset.forget()
        raise TargetError(
            "there is nothing to undo",
            place=dataset.root,
            hint="name the folder that was upgraded; its record is in .zarrlift/undo",
        )


def _changed(dataset: Dataset, held: Record) -> dict[str, str]:
    """Give what undoing would destroy, or cannot put back, by key."""
    changed = {}
    for w in held.ours:
        data = dataset.read(w.key)
        if data is not None and record.digest_of(data) != w.digest:
            changed[w.key] = "has other content"
    for number, key in enumerate(held.removed or ()):
        kept, home = dataset.there(record.aside(number)), dataset.there(key)
        if kept and home:
            changed[key] = "was written anew"
        elif kept and not dataset.there(key.rpartition("/")[0]):
            changed[key] = "has no folder any more"
        elif not kept and not home:
            changed[key] = "is not in the undo record any more"
    return changed


def _refuse_changed(dataset: Dataset, changed: dict[str, str]) -> None:
    named = [f"{key} {how}" for key, how in list(changed.items())[:_NAMED]]
    more = f" and {len(changed) - _NAMED:,} more" if len(changed) > _NAMED else ""
    raise TargetError(
        f"changed since the upgrade: {', '.join(named)}{more}",
        place=dataset.root,
        hint="keep what you need of it elsewhere, then go on with --force",
    )


def _folders(dataset: Dataset, held: Record) -> set[str]:
    keys = [w.key for w in held.ours] + list(held.removed or ())
    folders = {key.rpartition("/")[0] for key in keys}
    return {"", *(path for path in folders if dataset.there(path))}


def _restore(dataset: Dataset, held: Record) -> int:
    """Rename each document of v2 back, the root's last."""
    restored = 0
    for number, key in reversed(list(enumerate(held.removed or ()))):
        if dataset.there(record.aside(number)):
            dataset.make_folder(key.rpartition("/")[0])
            dataset.move(record.aside(number), key)
            restored += 1
    return restored


def _remove(dataset: Dataset, held: Record) -> int:
    """Remove each document that the upgrade wrote, the root's first."""
    removed = 0
    for w in reversed(held.ours):
        if dataset.there(w.key):
            dataset.drop(w.key)
            removed += 1
    return removed
