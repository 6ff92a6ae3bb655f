"""A verification from beginning to end, on a job's threads."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.listed import listed_ahead
from zarrlift.findings import error, has_errors
from zarrlift.plan.settings import Damaged
from zarrlift.plan.shares import shared_out
from zarrlift.pool import Task
from zarrlift.store.folder import Kind
from zarrlift.survey.entries import left_out
from zarrlift.survey.facts import CRATE
from zarrlift.verify import arrays, documents, files
from zarrlift.verify.entries import check_entry
from zarrlift.verify.level import Level
from zarrlift.verify.pair import ArrayPair
from zarrlift.verify.result import Checked

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from zarrlift.crew import Crew
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import Plan
    from zarrlift.pool import Pool
    from zarrlift.store.archive import Archive
    from zarrlift.store.folder import Folder

_AT_ONCE = 1
BothStrays = tuple[listing.Strays, listing.Strays]
Outcome = tuple[int, Checked | BothStrays]
"""The place of an array, and what was looked at; at the end what lies beside its chunks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Compares a target with the source of its plan."""

    plan: Plan
    source: Folder
    target: Folder
    level: Level
    pool: Pool
    watch: Callable[[str, Checked], None] = lambda _path, _checked: None
    crew: Crew[Outcome] | None = None
    """Processes that take the place of the pool's threads where bytes are compared."""

    def documents(self, checked: Checked) -> dict[str, ArrayLayout]:
        """Compare every document; gives the layouts that the target's arrays state."""
        found, count = {}, range(len(self.plan.documents))
        tasks = (Task(0, partial(self._document, number)) for number in count)
        done = self.pool.each(tasks) if self.target.remote else (t.work() for t in tasks)
        for number, part, layout in sorted(done, key=itemgetter(0)):
            checked.add(part)
            if layout is not None:
                found[self.plan.documents[number].path] = layout
        return found

    def _document(self, number: int) -> tuple[int, Checked, ArrayLayout | None]:
        checked = Checked()
        layout = documents.check_document(self.plan.documents[number], self.target, checked)
        return number, checked, layout

    def data(self, layouts: Mapping[str, ArrayLayout], checked: Checked) -> None:
        """Compare the data of every array whose target layout is given, and every file."""
        pairs = self._pairs(layouts)
        self._list_at_once(pairs)
        seen = [(listing.Strays(), listing.Strays()) for _ in pairs]
        with closing(self._outcomes(pairs)) as outcomes:
            for place, part in outcomes:
                if isinstance(part, Checked):
                    checked.add(part)
                    self.watch(pairs[place].path, part)
                else:
                    for mine, found in zip(seen[place], part, strict=True):
                        mine.join(found)
        checked.arrays += len(pairs)
        extra: set[str] = set()
        for pair, strays in zip(pairs, seen, strict=True):
            extra |= self._strays(pair, strays, checked)
        self._files(extra, checked)
        self.entries(checked)
        if has_errors(checked.findings):
            self._refuse_impostors()

    def _refuse_impostors(self) -> None:
        """Raise `StorageError` where what differs is a gateway's page in the place of a store."""
        for side in (self.source, self.target):
            if not side.unlisted:
                side.refuse_impostor()

    def _list_at_once(self, pairs: list[ArrayPair]) -> None:
        whole = not self.plan.settings.exclude
        ours = sum(grid.count(pair.old.object_grid) for pair in pairs)
        theirs = sum(grid.count(pair.new.object_grid) for pair in pairs)
        listing.list_at_once(self.source, ours, whole=whole)
        listing.list_at_once(self.target, theirs, whole=whole)

    def entries(self, checked: Checked) -> None:
        """Check the CRC-32 of all entries of sides that are zipped; the quick level counts them."""
        for side in (self.source, self.target):
            if not side.packed:
                continue
            archive = cast("Archive", side)
            if self.level is Level.QUICK:
                checked.entries += len(archive.members())
                continue
            known = side is self.source and self.plan.settings.damaged is not Damaged.STOP
            check = partial(check_entry, archive=archive, known=known)
            sizes = ((key, archive.size(key) or 0) for key in archive.members())
            for part in self.pool.each(Task(size, partial(check, key)) for key, size in sizes):
                checked.add(part)
                self.watch(archive.root, part)

    def _pairs(self, layouts: Mapping[str, ArrayLayout]) -> list[ArrayPair]:
        kinds: set[tuple[ArrayLayout, ArrayLayout]] = set()
        made = []
        for array in self.plan.arrays:
            layout = layouts.get(array.path)
            if layout is None:
                continue
            pair = ArrayPair(
                path=array.path,
                source=self.source,
                target=self.target,
                old=array.source,
                new=layout,
                level=self.level,
                first_of_kind=(array.source, layout) not in kinds,
            )
            kinds.add((array.source, layout))
            made.append(pair)
        return made

    def _outcomes(self, pairs: list[ArrayPair]) -> Generator[Outcome, None, None]:
        """Carry out what there is to compare: on processes, on threads, or here and now.

        Quick verification of bytes is mostly short system calls: threads would only hand the
        interpreter's lock about, unless storage lets them wait.
        """
        short = self.level is not Level.DECODE and all(p.same_bytes for p in pairs)
        if short and self.crew is not None:
            yield from self.crew.each(partial(self._part, pairs))
            return
        seen = list[tuple[int, BothStrays]]()
        tasks = self._tasks(pairs, seen)
        if short and self.level is Level.QUICK and self.pool.turn.worth:
            yield from (task.work() for task in tasks)
        else:
            yield from self.pool.each(tasks)
        yield from _told(seen)

    def _part(self, pairs: list[ArrayPair], number: int, of: int) -> Iterator[Outcome]:
        """Compare what falls to one process, in its only thread."""
        seen = list[tuple[int, BothStrays]]()
        for task in self._tasks(pairs, seen, number, of):
            yield task.work()
        yield from _told(seen)

    def _tasks(
        self,
        pairs: list[ArrayPair],
        seen: list[tuple[int, BothStrays]],
        number: int = 0,
        of: int = 1,
    ) -> Iterator[Task[Outcome]]:
        shares = shared_out(((p.old, p.new) for p in pairs), number, of)
        for place, part in listed_ahead(shares, lambda share: pairs[share[0]].sides):
            both = (listing.Strays(broken=[]), listing.Strays())
            seen.append((place, both))
            for weight, work in self._array(pairs[place], both, part):
                yield Task(weight, partial(_done, place, work))

    def _array(
        self, pair: ArrayPair, both: BothStrays, part: grid.Part | None
    ) -> Iterator[tuple[int, Callable[[Checked], None]]]:
        """Give what there is to do for an array, each with the bytes it deals with."""
        if pair.same_bytes:
            for item in arrays.pairs(pair, both, part):
                weight = _AT_ONCE if self.level is Level.QUICK else len(item.chunks)
                yield weight * pair.new.chunk_bytes, partial(arrays.compare_bytes, pair, item)
            return
        from zarrlift.verify import recoded  # noqa: PLC0415 - NumPy is slow to load

        yield 0, partial(recoded.check_objects, pair, both)
        for index in recoded.chunks_to_compare(pair, both[0]):
            yield pair.new.chunk_bytes, partial(recoded.compare_chunk, pair, index)

    def _strays(self, pair: ArrayPair, both: BothStrays, checked: Checked) -> set[str]:
        """Report strays of one array; gives the plain files that lie within the source's folder."""
        ours, theirs = both
        checked.findings += [arrays.broken_finding(pair.path, b) for b in ours.broken or ()]
        if not (ours.foreign or theirs.foreign or theirs.stale):
            return set()
        exclude = self.plan.settings.exclude
        inside = self.source.below(ours.foreign)
        foreign = {p for p, k in inside if k is Kind.FILE and not left_out(p, exclude)}
        held = {p for p, _ in self.target.below(theirs.foreign)} - {CRATE}
        if not self.plan.crate_found:
            foreign.discard(CRATE)
        for path in sorted((held - foreign) | set(theirs.stale)):
            message = f"{path} is a stray: it is not in the source"
            checked.findings.append(error("object-stray", pair.path, message))
        return foreign

    def _files(self, extra: set[str], checked: Checked) -> None:
        plain = [f.path for f in self.plan.files]
        check = partial(files.check_file, source=self.source, target=self.target, level=self.level)
        sizes = {f.path: f.size for f in self.plan.files}
        paths = [*plain, *sorted(extra)]
        tasks = (Task(sizes.get(p, 0), partial(check, p, size=sizes.get(p))) for p in paths)
        for part in self.pool.each(tasks):
            checked.add(part)
        names = [d.path for d in self.plan.documents]
        known = frozenset(a.path for a in self.plan.arrays)
        checked.add(files.check_strays(self.target, names, known, frozenset(plain)))


def _told(seen: list[tuple[int, BothStrays]]) -> Iterator[Outcome]:
    for place, both in seen:
        if any(both):
            yield place, both


def _done(place: int, compare: Callable[[Checked], None]) -> Outcome:
    checked = Checked()
    compare(checked)
    return place, checked
