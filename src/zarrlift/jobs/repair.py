"""A repair in place, from looking to the last document: no chunk is touched."""

from __future__ import annotations

import json
import logging
import shlex
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, SourceError, StorageError, TargetError
from zarrlift.findings import Severity
from zarrlift.jobs import changes, record, repair_record
from zarrlift.jobs.options import Silent, Watch
from zarrlift.jobs.repair_record import Kept, Written
from zarrlift.jobs.repaired import Repaired, RepairOptions
from zarrlift.metadata import json_text
from zarrlift.repair.edit import Change, Edit, applied
from zarrlift.repair.run import chosen, plan_repairs
from zarrlift.store.target import CLAIM, at_work
from zarrlift.survey.entries import left_out
from zarrlift.survey.look import look, version_of
from zarrlift.survey.refusals import refuse_no_hierarchy
from zarrlift.validate.run import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zarrlift.jobs.record import Record
    from zarrlift.repair.run import Planned
    from zarrlift.store.in_place import Dataset
    from zarrlift.survey.found import Hierarchy

_LOG = logging.getLogger(__name__)


def repair(url: str, options: RepairOptions, watch: Watch | None = None) -> Repaired:
    """Put right what can only be meant in one way, or say what would be.

    Raises a `ZarrliftError` where it cannot be done: before anything is written where that can
    be known, else in a state that the same call completes and `undo` takes back.
    """
    dataset = options.stores.dataset_at(url, fsync=options.fsync)
    chosen(options.only)
    if url.rstrip("/").endswith(".ozx") and options.stores.held_at(url).packed:
        raise TargetError(
            "a zipped OME-Zarr is not changed in place",
            place=url,
            hint="convert it to a folder, repair that, and convert it into an archive again",
        )
    job = _Job(dataset, options, watch or Silent())
    if not dataset.exists():
        refuse_no_hierarchy(dataset)
    with (
        nullcontext()
        if options.dry_run
        else dataset.alone(lambda what: job.watch.phase(what, None))
    ):
        return job.run()


@dataclass(slots=True)
class _Job:
    dataset: Dataset
    options: RepairOptions
    watch: Watch
    begun: float = field(default_factory=time.monotonic)

    def run(self) -> Repaired:
        """Complete an earlier repair that was cut off, then make what is due."""
        held, kept = record.read(self.dataset), repair_record.last(self.dataset)
        if kept is not None and held is not None and not kept.upgraded:
            kept = None
        cut_off = kept is not None and not kept.done
        completed: tuple[Change, ...] = ()
        if kept is not None and cut_off:
            completed = self._complete(kept)
        there = self.dataset.surveyed()
        if not there.exists():
            refuse_no_hierarchy(there)
        tree = look(there)
        if self.options.dry_run:
            tree = applied(tree, [Edit(c.path, c.name, c.after) for c in completed])
        self._refuse(tree, there, held)
        planned = plan_repairs(tree, self.options.only, self._kept_as_it_is)
        if not self.options.dry_run:
            if planned.changes:
                self._write(self._record_of(planned, held))
                tree = look(self.dataset.surveyed())
            self.dataset.tidy()
            repair_record.clear(self.dataset)
        else:
            tree = replace(planned.tree, version=version_of(planned.tree.nodes))
        return self._outcome(tree, planned, completed, recorded=kept is not None)

    def _outcome(
        self, tree: Hierarchy, planned: Planned, completed: tuple[Change, ...], *, recorded: bool
    ) -> Repaired:
        by_key = {c.key: c for c in completed}
        by_key |= {c.key: _after(by_key.get(c.key), c) for c in planned.changes}
        wrote = bool(planned.changes) and not self.options.dry_run
        return Repaired(
            source=self.dataset.root,
            version=tree.version,
            changes=tuple(by_key[key] for key in sorted(by_key)),
            completed=bool(completed),
            findings=planned.findings,
            remaining=tuple(f for f in check(tree) if f.severity is Severity.ERROR),
            recorded=recorded or wrote,
            dry_run=self.options.dry_run,
            seconds=time.monotonic() - self.begun,
        )

    def _kept_as_it_is(self, path: str, name: str) -> str | None:
        """Say why a document stays, empty where that was asked for or it is another's."""
        if left_out(path, self.options.exclude) or self.dataset.linked(path):
            return ""  # what a link within the dataset leads to is changed in its own place
        linked = self.dataset.linked(f"{path}/{name}".lstrip("/"))
        return f"{name} is a link, which is not replaced" if linked else None

    def _refuse(self, tree: Hierarchy, there: Dataset, held: Record | None) -> None:
        """Raise where there is no one dataset, or something else is not finished here."""
        if not tree.nodes[""].documents:
            inner = [node.path for node in tree.datasets]
            if not inner:
                refuse_no_hierarchy(there)
            raise SourceError(
                "this folder is no Zarr group or array",
                place=self.dataset.root,
                hint=f"name one of the datasets in it: {', '.join(inner[:3])}",
            )
        if self.dataset.read(CLAIM) is not None:
            raise TargetError(
                "a lift into this place is not finished",
                place=self.dataset.root,
                hint="give its command once more, or remove what it left, then repair",
            )
        if held is not None and _is_unfinished(held, there):
            undo = shlex.join(["zarrlift", "undo", self.dataset.root])
            raise TargetError(
                "an upgrade is not finished here",
                place=self.dataset.root,
                hint=f"give its command once more, or take it back with {undo}",
            )

    def _record_of(self, planned: Planned, held: Record | None) -> Kept:
        """Give what is to be kept, with the bytes as they are now; the root's documents last."""
        due = sorted(planned.changes, key=lambda c: (-c.key.count("/"), not c.path, c.key))
        found = self.dataset.each(self.dataset.read, [c.key for c in due])
        crate = changes.last(self.dataset)
        return Kept(
            number=repair_record.next_number(self.dataset),
            upgraded=held is not None,
            crates=crate.number if crate else 0,
            documents=tuple(
                self._due(change, data) for change, data in zip(due, found, strict=True)
            ),
            done=False,
        )

    def _due(self, change: Change, held: bytes | None) -> Written:
        """Give one document as it is and is to be; raise where it would lose something."""
        place = self.dataset.path(change.key)
        if held is None and change.new:
            return Written(change.key, None, json_text.write(change.after), change.repairs)
        if held is None or change.new or not _is_as_seen(held, change):
            raise TargetError(
                "was changed while it was looked at",
                place=place,
                hint="let the other writer end, then run the same command again",
            )
        lost = json_text.loss(held) if change.before else ""
        if lost:
            raise SourceError(
                f"cannot be written again without losing {lost}",
                place=place,
                hint="repair it by hand, or leave its node out with --exclude",
            )
        return Written(change.key, held, json_text.write_like(change.after, held), change.repairs)

    def _complete(self, kept: Kept) -> tuple[Change, ...]:
        """Write what a repair that was cut off had still to write; a dry run only says what."""
        altered = repair_record.altered(self.dataset, kept)
        if altered:
            key, how = next(iter(altered.items()))
            raise TargetError(
                f"a repair was cut off here, and {key} {how} since",
                place=self.dataset.root,
                hint=f"take it back with {shlex.join(['zarrlift', 'undo', self.dataset.root])}; "
                "--force gives such documents up",
            )
        if not self.options.dry_run:
            self._carry_out(kept)
        return tuple(map(_change_of, kept.documents))

    def _write(self, kept: Kept) -> None:
        folders = {w.key.rpartition("/")[0] for w in kept.documents}
        self.dataset.refuse_locked(sorted({"", *folders}))
        if not repair_record.claim(self.dataset, kept):
            raise TargetError(
                "another repair has just begun here",
                place=self.dataset.root,
                hint="run this again",
            )
        self._carry_out(kept)

    def _carry_out(self, kept: Kept) -> None:
        """Write the documents that a record lists, each depth after the one below it."""
        self.watch.phase("writing documents", None)
        by_key = {w.key: w for w in kept.documents}
        with at_work(self.dataset):
            for keys in record.by_depth(by_key):
                self._each(self._write_one, [by_key[key] for key in keys])
            self._each(self._prove, kept.documents)
            repair_record.finish(self.dataset, kept)
        _LOG.info("wrote %d documents in %s", len(kept.documents), self.dataset.root)

    def _each(self, work: Callable[[Written], None], documents: Iterable[Written]) -> None:
        deque(self.dataset.each(work, documents), maxlen=0)

    def _write_one(self, document: Written) -> None:
        """Write a document, unless another program has written it since it was read."""
        held = self.dataset.read(document.key)
        if held not in (document.before, document.after, b""):  # an empty one: a power cut
            raise TargetError(
                "was changed while the repair was made",
                place=self.dataset.path(document.key),
                hint="keep it elsewhere, then take the repair back with zarrlift undo --force",
            )
        if held != document.after:
            self.dataset.write(document.key, document.after)

    def _prove(self, document: Written) -> None:
        """Read a document back."""
        if self.dataset.read(document.key) != document.after:
            raise StorageError(
                "was not read back as it was written",
                place=self.dataset.path(document.key),
                hint="take the repair back with zarrlift undo, and look at what keeps the data",
            )


def _is_unfinished(held: Record, there: Dataset) -> bool:
    """Say whether an upgrade has documents still to write, or to set aside."""
    if any(not there.there(w.key) for w in held.ours):
        return True
    return any(there.there(key) for key in held.removed or ())


def _is_as_seen(held: bytes, change: Change) -> bool:
    """Say whether a document still says what was decided on; one that cannot be read may go."""
    if change.before is None:
        return True
    if not held.strip():
        return not change.before
    try:
        found = json_text.read_object(held, change.key)
    except DocumentError:
        return False
    return json.dumps(found) == json.dumps(change.before)  # NaN is then equal to itself


def _change_of(document: Written) -> Change:
    """Give a change as a record has it."""
    path, _, name = document.key.rpartition("/")
    before = None
    if document.before is not None:
        try:
            before = json_text.read_object(document.before, document.key)
        except DocumentError:
            before = None
    return Change(
        path=path,
        name=name,
        before=before,
        after=json_text.read_object(document.after, document.key),
        repairs=document.repairs,
        new=document.before is None,
    )


def _after(first: Change | None, change: Change) -> Change:
    """Give what two changes of one document come to, one after the other."""
    if first is None:
        return change
    return replace(
        change, before=first.before, new=first.new, repairs=(*first.repairs, *change.repairs)
    )
