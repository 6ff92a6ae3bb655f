"""Taking the last upgrade, repair or change of the crate back, byte for byte."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.errors import SourceError, TargetError
from zarrlift.jobs import changes, record, repair_record
from zarrlift.jobs.options import Silent, Watch
from zarrlift.jobs.stores import Stores
from zarrlift.jobs.upgraded import Undone
from zarrlift.store.target import UNDO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zarrlift.jobs.changes import Change
    from zarrlift.jobs.record import Record
    from zarrlift.jobs.repair_record import Kept
    from zarrlift.store.in_place import Dataset

_LOG = logging.getLogger(__name__)
_NAMED = 20


def undo(
    url: str, *, force: bool = False, stores: Stores | None = None, watch: Watch | None = None
) -> Undone:
    """Take back what was done last: a repair, a change of the crate, or an upgrade with its own.

    Raises `TargetError` where there is nothing to undo, or where something has changed since
    that would be lost, unless `force`.
    """
    dataset, begun = (stores or Stores()).dataset_at(url), time.monotonic()
    if not dataset.exists():
        raise SourceError("there is no such folder", place=dataset.root, hint="check the path")
    seen = watch or Silent()
    with dataset.alone(lambda what: seen.phase(what, None)):
        changes.settle(dataset)
        held, change = record.read(dataset), changes.last(dataset)
        repaired = repair_record.last(dataset)
        if repaired is not None and repair_record.is_last(repaired, held, change):
            return _take_repair_back(dataset, repaired, begun, _Asked(force, seen))
        if held is not None and change is not None and not change.upgraded:
            change = None
        if held is None and change is None:
            _refuse_nothing(dataset)
        if change is not None and not change.joint:
            held = None
        elif held is None:
            held = record.Record(version=None, documents=())
        return _take_back(dataset, held, change, begun, _Asked(force, seen))


class _Asked(NamedTuple):
    force: bool
    watch: Watch


def _take_back(
    dataset: Dataset, held: Record | None, change: Change | None, begun: float, asked: _Asked
) -> Undone:
    """Take the crate's change back first, where there is one, then the upgrade."""
    changed = changes.altered(dataset, change) if change else {}
    changed |= _changed(dataset, held) if held else {}
    if changed and not asked.force:
        _refuse_changed(dataset, changed)
    asked.watch.phase("taking the upgrade back" if held else "taking the change back", None)
    if not dataset.remote:
        dataset.refuse_locked(sorted(_folders(dataset, held)) if held else [""])
    crate = None
    if change is not None:
        crate = "restored" if changes.take_back(dataset, change) else "removed"
    restored, removed = (_restore(dataset, held), _remove(dataset, held)) if held else (0, 0)
    changes.clear(dataset)
    repair_record.clear(dataset)
    if held is not None:
        record.forget(dataset)
    _LOG.info("removed %d documents, restored %d in %s", removed, restored, dataset.root)
    return Undone(
        source=dataset.root,
        upgrade=held is not None,
        crate=crate,
        left=_left(dataset),
        removed=removed,
        restored=restored,
        forced=tuple(changed),
        seconds=time.monotonic() - begun,
    )


def _take_repair_back(dataset: Dataset, kept: Kept, begun: float, asked: _Asked) -> Undone:
    changed = repair_record.altered(dataset, kept)
    if changed and not asked.force:
        _refuse_changed(dataset, changed)
    asked.watch.phase("taking the repair back", None)
    folders = {w.key.rpartition("/")[0] for w in kept.documents}
    dataset.refuse_locked(sorted({"", *(path for path in folders if dataset.there(path))}))
    removed, restored = repair_record.take_back(dataset, kept, changed)
    dataset.forget()
    _LOG.info("removed %d documents, restored %d in %s", removed, restored, dataset.root)
    return Undone(
        source=dataset.root,
        upgrade=False,
        repair=True,
        crate=None,
        left=_left(dataset),
        removed=removed,
        restored=restored,
        forced=tuple(changed),
        seconds=time.monotonic() - begun,
    )


def _left(dataset: Dataset) -> int:
    """Count what can still be taken back."""
    upgrades = int(record.read(dataset) is not None)
    return changes.count(dataset) + repair_record.count(dataset) + upgrades


def _refuse_nothing(dataset: Dataset) -> None:
    """Raise `TargetError`, but for what is left of an upgrade or undo that was killed."""
    if not dataset.there(UNDO):
        dataset.forget()
        raise TargetError(
            "there is nothing to undo",
            place=dataset.root,
            hint="name the folder that was changed; its record is in .zarrlift/undo",
        )


def _changed(dataset: Dataset, held: Record) -> dict[str, str]:
    """Give what undoing would destroy, or cannot put back, by key."""
    changed = {}
    found = dataset.each(dataset.read, [w.key for w in held.ours])
    for w, data in zip(held.ours, found, strict=True):
        if data and record.digest_of(data) != w.digest:  # an empty one was lost by a power cut
            changed[w.key] = "has other content"

    def kept_as(numbered: tuple[int, str]) -> str | None:
        return _kept_as(dataset, *numbered)

    keys = held.removed or ()
    found_v2 = zip(keys, dataset.each(kept_as, enumerate(keys)), strict=True)
    return changed | {key: how for key, how in found_v2 if how is not None}


def _kept_as(dataset: Dataset, number: int, key: str) -> str | None:
    """Say in words why a document of v2 cannot simply be put back, None where it can."""
    aside = record.aside(number)
    kept, home = dataset.there(aside), dataset.there(key)
    if kept and home:
        return None if dataset.half_moved(key, aside) else "was written anew"
    if kept and not dataset.remote and not dataset.there(key.rpartition("/")[0]):
        return "has no folder any more"
    return None if kept or home else "is not in the undo record any more"


def _refuse_changed(dataset: Dataset, changed: dict[str, str]) -> None:
    named = [f"{key} {how}" for key, how in list(changed.items())[:_NAMED]]
    more = f" and {len(changed) - _NAMED:,} more" if len(changed) > _NAMED else ""
    raise TargetError(
        f"changed since: {', '.join(named)}{more}",
        place=dataset.root,
        hint="keep what you need of it elsewhere, then go on with --force",
    )


def _folders(dataset: Dataset, held: Record) -> set[str]:
    keys = [w.key for w in held.ours] + list(held.removed or ())
    folders = {key.rpartition("/")[0] for key in keys}
    return {"", *(path for path in folders if dataset.there(path))}


def _restore(dataset: Dataset, held: Record) -> int:
    """Rename each document of v2 back, the root's last."""
    numbers = {key: number for number, key in enumerate(held.removed or ())}

    def restore(key: str) -> bool:
        aside = record.aside(numbers[key])
        if not dataset.there(aside):
            return False
        dataset.make_folder(key.rpartition("/")[0])
        dataset.move(aside, key)
        return True

    return _count_done(dataset, restore, reversed(numbers))


def _remove(dataset: Dataset, held: Record) -> int:
    """Remove each document that the upgrade wrote, the root's first."""

    def remove(key: str) -> bool:
        there = dataset.there(key)
        if there:
            dataset.drop(key)
        return there

    return _count_done(dataset, remove, [w.key for w in reversed(held.ours)])


def _count_done(dataset: Dataset, work: Callable[[str], bool], keys: Iterable[str]) -> int:
    """Do something with each key, those of one depth before those of the next."""
    return sum(sum(dataset.each(work, alike)) for alike in record.by_depth(keys))
