"""An upgrade in place, from survey to root document: no chunk is touched."""

from __future__ import annotations

import logging
import shlex
import time
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError, SourceError, StorageError, TargetError
from zarrlift.findings import Finding, Severity, error
from zarrlift.jobs import record, repair_record
from zarrlift.jobs.options import RunOptions, Silent, Watch, threads
from zarrlift.jobs.record import Record, Written
from zarrlift.jobs.upgraded import Depth, Upgraded, UpgradeOptions
from zarrlift.metadata import json_text
from zarrlift.plan.in_place import plan_in_place
from zarrlift.store.in_place import V2_DOCUMENTS
from zarrlift.store.target import at_work
from zarrlift.survey.refusals import refuse_no_hierarchy
from zarrlift.survey.walk import survey
from zarrlift.verify.documents import check_data, differences
from zarrlift.verify.result import Checked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zarrlift.jobs.crate import UpgradeCrate
    from zarrlift.plan.documents import Document
    from zarrlift.plan.in_place import InPlace
    from zarrlift.store.in_place import Dataset

_LOG = logging.getLogger(__name__)
_NAMED = 20
_HINTS = {
    "codec-unshared": "zarrlift convert writes a copy of all; --exclude leaves an array as it is",
    "chunk-damaged": "zarrlift convert mends what decodes; --exclude leaves an array as it is",
    "document-other": "zarrlift undo takes an earlier upgrade back; else move the document away",
    "link-node": "upgrade the dataset that it leads to, or leave the node out with --exclude",
}
_HINT = "repair it, or leave the node out with --exclude"


def upgrade(url: str, options: UpgradeOptions, watch: Watch | None = None) -> Upgraded:
    """Write v3 documents beside those of v2, or say what would be written.

    Raises a `ZarrliftError` where it cannot be done: before anything is written where that can
    be known, else in a state that the same call completes and `undo` takes back.
    """
    dataset = options.stores.dataset_at(url, fsync=options.fsync)
    job = _Upgrade(dataset, options, watch or Silent())
    reads = options.dry_run or not dataset.exists()
    with nullcontext() if reads else dataset.alone(lambda what: job.watch.phase(what, None)):
        return job.run()


@dataclass(slots=True)
class _Due:
    """The documents of an upgrade, and what is in their way."""

    documents: list[tuple[Document, Written]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    crate: UpgradeCrate | None = None
    """None where it is not asked for, or there already."""

    @property
    def missing(self) -> list[tuple[Document, Written]]:
        return [(d, w) for d, w in self.documents if not w.already]


@dataclass(slots=True)
class _Upgrade:
    dataset: Dataset
    options: UpgradeOptions
    watch: Watch
    begun: float = field(default_factory=time.monotonic)

    def run(self) -> Upgraded:
        """Carry the upgrade out, complete an earlier one, or see that it is done."""
        if not self.dataset.exists():
            refuse_no_hierarchy(self.dataset)
        repair_record.refuse_unfinished(self.dataset)
        held = record.read(self.dataset)
        if held is not None and held.removed is not None:
            self._refuse_other_crate(held)
            return self._complete_removal(held, held.removed)
        there = self.dataset.surveyed()
        found = survey(there, self.options.exclude, by_v2=True)
        plan = plan_in_place(found, plain_zarr=self.options.plain_zarr)
        due = self._due(plan, there, frozenset(w.key for w in held.ours) if held else frozenset())
        chunks, damaged = self._look(plan, there)
        self._describe(plan, due)
        findings = (*plan.findings, *due.findings, *damaged)
        v2 = _v2_documents(due, there) if self.options.drop_v2 else []
        made = _outcome(plan, due, self, chunks=chunks, removed=len(v2), findings=findings)
        self._refuse_other(held, due)
        if self.options.dry_run:
            return made
        self._refuse(findings)
        if not made.already:
            self._write(held, plan, due, v2)
        self.dataset.tidy()
        recorded = held is not None or not made.already
        return replace(made, recorded=recorded, seconds=time.monotonic() - self.begun)

    def _due(self, plan: InPlace, there: Dataset, begun: frozenset[str]) -> _Due:
        """Compare what is to be written with what is there.

        A document that an earlier run had `begun` and that is empty was lost by a power cut.
        """
        due, by_path = _Due(), {d.path: d for d in plan.documents}
        for document in plan.documents:
            if self.dataset.linked(document.path):
                due.findings += self._behind_link(document, by_path)
                continue
            data, held = document.encode(), there.read(document.key)
            held = None if held == b"" and document.key in begun else held
            already = held is not None and (held == data or _same(held, document))
            if held is not None and not already:
                message = "zarr.json is there already, and is not what would be written"
                due.findings.append(error("document-other", document.path, message))
            digest = record.digest_of(data)
            array = document.layout is not None
            due.documents.append(
                (document, Written(document.key, len(data), digest, array, already))
            )
        return due

    def _describe(self, plan: InPlace, due: _Due) -> None:
        """Decide what the crate says, where that is asked for."""
        words = self.options.crate
        if words is not None:
            from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

            written = [w for _, w in due.documents]
            made = crate.of_upgrade(self.dataset, words, plan.version, written)
            due.findings += made.findings
            due.crate = None if made.already else made

    def _behind_link(self, document: Document, by_path: dict[str, Document]) -> list[Finding]:
        """Let a link pass that leads to a node which gets the same document in its own place."""
        real = self.dataset.behind(document.path)
        if real is None:
            message = "the folder is a link that leads out of the dataset; nothing is written there"
            return [error("link-node", document.path, message)]
        other = by_path.get(real)
        if other is not None and _serves(other, document):
            return []
        message = f"the folder is a link to {real or '/'}, which does not get the same document"
        return [error("link-node", document.path, message)]

    def _look(self, plan: InPlace, there: Dataset) -> tuple[int, list[Finding]]:
        """Check the envelope of every chunk where that is asked for."""
        if self.options.level is Depth.METADATA:
            return 0, []
        from zarrlift.chunks.look import each_chunk  # noqa: PLC0415 - rarely asked for
        from zarrlift.pool import Pool  # noqa: PLC0415 - as above

        count, found = 0, []
        self.watch.phase("looking at chunks", sum(a.source.raw_bytes for a in plan.arrays))
        tasks = (t for a in plan.arrays for t in each_chunk(there, a.path, a.source))
        options = RunOptions(stores=self.options.stores)
        with Pool(threads(options, encodes=False, remote=there.remote)) as pool:
            for looked in pool.each(tasks):
                count += 1
                self.watch.advance(looked.path, looked.size)
                if looked.problem is not None:
                    found.append(error("chunk-damaged", looked.path, looked.problem, looked.at))
        return count, sorted(found, key=lambda f: (f.path, f.chunk or ()))

    def _refuse(self, findings: tuple[Finding, ...]) -> None:
        errors = [f for f in findings if f.severity is Severity.ERROR]
        if not errors:
            return
        hints = dict.fromkeys(_HINTS.get(f.rule, _HINT) for f in errors)
        raise SourceError(
            f"cannot be upgraded in place: {_in_words(errors)}",
            place=self.dataset.root,
            hint="; ".join(hints),
        )

    def _refuse_other(self, held: Record | None, due: _Due) -> None:
        """Raise `TargetError` where an earlier upgrade began with other documents."""
        if held is None:
            return
        self._refuse_other_crate(held)
        theirs = {w.key: w.digest for w in held.documents}
        ours = {w.key: w.digest for _, w in due.documents}
        differ = sorted(k for k in theirs.keys() | ours.keys() if theirs.get(k) != ours.get(k))
        if differ:
            first, more = differ[0], f" and {len(differ) - 1:,} more" if len(differ) > 1 else ""
            how = "has other content" if first in theirs else "was left out"
            how = how if first in ours else "would be left out now"
            raise TargetError(
                f"an earlier upgrade was made otherwise: {first} {how}{more}",
                place=self.dataset.root,
                hint=f"take it back with {_undo_words(self.dataset.root)}, then run this again; or "
                "complete it with the options, --exclude among them, that it was begun with",
            )

    def _refuse_other_crate(self, held: Record) -> None:
        """Raise `TargetError` where an earlier upgrade was to say something else in the crate."""
        words = self.options.crate
        if held.crate != (words.to_json() if words else None):
            raise TargetError(
                "an earlier upgrade was made otherwise: what its crate says",
                place=self.dataset.root,
                hint="run its command again; zarrlift crate URL --set changes what the crate says",
            )

    def _write(self, held: Record | None, plan: InPlace, due: _Due, v2: list[str]) -> None:
        """Keep the record, write what is missing, prove it, then set v2's documents aside."""
        dataset = self.dataset
        if v2 and not self.watch.confirm(f"Remove {len(v2):,} v2 documents (undo restores them)?"):
            raise TargetError(
                f"--drop-v2 would remove {len(v2):,} documents",
                place=dataset.root,
                hint="confirm with --yes",
            )
        touched = [d.path for d, _ in (due.documents if v2 else due.missing)]
        dataset.refuse_locked(["", *touched])
        words = self.options.crate.to_json() if self.options.crate else None
        listed = [w for _, w in due.documents]
        if held is None and not record.claim(dataset, plan.version, listed, words):
            raise TargetError(
                "another upgrade has just begun here", place=dataset.root, hint="run this again"
            )
        self.watch.phase("writing documents", None)
        with at_work(dataset):
            self._write_documents(due)
        if v2:
            dataset.settle()
            record.begin_removal(dataset, v2)
            self._set_aside(v2)

    def _write_documents(self, due: _Due) -> None:
        """Write deepest first; crate and root come when all others have been read back."""
        todo = due.missing
        root = [d for d, _ in todo if not d.path]
        others = [d for d, _ in todo if d.path]
        for part in (others, root):
            if part is root and due.crate is not None:
                from zarrlift.jobs import crate  # noqa: PLC0415 - few datasets have one

                crate.write_upgraded(self.dataset, due.crate)
            by_key = {document.key: document for document in part}
            for keys in record.by_depth(by_key):
                deque(self.dataset.each(self._write_one, map(by_key.__getitem__, keys)), maxlen=0)
            deque(self.dataset.each(self._prove, part), maxlen=0)
        _LOG.info("wrote %d documents in %s", len(todo), self.dataset.root)

    def _write_one(self, document: Document) -> None:
        self.dataset.write(document.key, document.encode())

    def _prove(self, document: Document) -> None:
        """Read a document back: the same bytes, and to a reader the same node."""
        checked, place = Checked(), self.dataset.path(document.key)
        data = self.dataset.read(document.key)
        good = data == document.encode()
        good = good and check_data(document, data or b"", place, checked) == document.layout
        if checked.findings or not good:
            raise StorageError(
                "was not read back as it was written",
                place=place,
                hint="take the upgrade back with zarrlift undo, and look at what keeps the data",
            )

    def _set_aside(self, keys: Iterable[str]) -> None:
        """Rename each document of v2 into the record, the root's first."""
        self.watch.phase("setting v2 documents aside", None)
        numbers = {key: number for number, key in enumerate(keys)}

        def set_one_aside(key: str) -> None:
            if self.dataset.there(key):
                self.dataset.move(key, record.aside(numbers[key]))

        for alike in record.by_depth(numbers):
            deque(self.dataset.each(set_one_aside, alike), maxlen=0)

    def _anew(self, numbered: tuple[int, str]) -> str:
        """Give the key of a document of v2 that is there beside the one that was set aside."""
        number, key = numbered
        both = self.dataset.there(aside := record.aside(number))
        return key if both and not self.dataset.half_moved(key, aside) else ""

    def _complete_removal(self, held: Record, keys: tuple[str, ...]) -> Upgraded:
        """Go on where v2's documents are going, or are gone: the record alone says what is due."""
        held_now = self.dataset.each(self.dataset.read, [w.key for w in held.ours])
        for w, data in zip(held.ours, held_now, strict=True):
            if data is None or record.digest_of(data) != w.digest:
                raise TargetError(
                    f"{w.key} {'is gone' if data is None else 'has changed'} since the upgrade",
                    place=self.dataset.root,
                    hint="the upgrade is done; zarrlift undo takes it back",
                )
        there = self.dataset.each(self.dataset.there, keys)
        left = [(n, k) for (n, k), held_on in zip(enumerate(keys), there, strict=True) if held_on]
        anew = [k for k in self.dataset.each(self._anew, left) if k]
        if anew:
            raise TargetError(
                f"{anew[0]} was written anew since the upgrade, which keeps the old one",
                place=self.dataset.root,
                hint="move it away; or zarrlift undo --force takes the upgrade back without it",
            )
        if not self.options.dry_run:
            self._set_aside(keys)
            self.dataset.tidy()
        return Upgraded(
            source=self.dataset.root,
            version=held.version,
            level=self.options.level,
            keys=tuple(w.key for w in held.documents),
            arrays=sum(w.array for w in held.documents),
            implicit=0,
            bytes=sum(w.size for w in held.documents),
            written=0,
            removed=len(left),
            chunks=0,
            seconds=time.monotonic() - self.begun,
            findings=(),
            dry_run=self.options.dry_run,
            dropped=True,
            recorded=True,
        )


def _v2_documents(due: _Due, there: Dataset) -> list[str]:
    """List the documents of v2 that have a successor, the root's first."""
    return [
        key
        for document, _ in reversed(due.documents)
        for name in V2_DOCUMENTS
        if there.there(key := f"{document.path}/{name}".lstrip("/"))
    ]


def _outcome(
    plan: InPlace,
    due: _Due,
    job: _Upgrade,
    *,
    chunks: int,
    removed: int,
    findings: tuple[Finding, ...],
) -> Upgraded:
    return Upgraded(
        source=plan.source,
        version=plan.version,
        level=job.options.level,
        keys=tuple(w.key for _, w in due.documents),
        arrays=sum(w.array for _, w in due.documents),
        implicit=plan.implicit,
        bytes=sum(w.size for _, w in due.documents),
        written=len(due.missing),
        removed=removed,
        chunks=chunks,
        seconds=time.monotonic() - job.begun,
        findings=findings,
        dry_run=job.options.dry_run,
        dropped=removed > 0,
        crate=due.crate is not None,
    )


def _undo_words(root: str) -> str:
    return shlex.join(["zarrlift", "undo", root])


def _same(held: bytes, document: Document) -> bool:
    """Say whether a document holds what would be written, though in other words."""
    try:
        found = json_text.read_object(held, document.key)
    except DocumentError:
        return False
    return not differences(document.content(), found, "")


def _serves(other: Document, document: Document) -> bool:
    """Say whether one array's or group's document holds all that another's would."""
    if other.layout is None or document.layout is None:
        return other.encode() == document.encode()
    names = document.layout.dimension_names or other.layout.dimension_names
    alike = replace(document.layout, dimension_names=names) == other.layout
    return alike and other.attributes == document.attributes


def _in_words(errors: list[Finding]) -> str:
    """Name every place, those with one cause together."""
    by_cause: dict[str, list[str]] = {}
    for f in errors:
        at = f" chunk {','.join(map(str, f.chunk))}" if f.chunk is not None else ""
        by_cause.setdefault(f.message, []).append(f"{f.path or '/'}{at}")
    said = []
    for cause, places in by_cause.items():
        more = f" and {len(places) - _NAMED:,} more (--dry-run --json names all)"
        named = ", ".join(places[:_NAMED]) + (more if len(places) > _NAMED else "")
        said.append(f"{named}: {cause}")
    return "; ".join(said)
