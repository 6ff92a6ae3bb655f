"""A verification from beginning to end, on a job's threads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from zarrlift.chunks import listing
from zarrlift.findings import error
from zarrlift.pool import Task
from zarrlift.store.folder import Kind
from zarrlift.survey.walk import left_out
from zarrlift.verify import arrays, documents, files
from zarrlift.verify.pair import ArrayPair
from zarrlift.verify.result import Checked, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import Plan
    from zarrlift.pool import Pool
    from zarrlift.store.folder import Folder

_AT_ONCE = 1
Outcome = tuple[str, Checked]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Compares a target with the source of its plan."""

    plan: Plan
    source: Folder
    target: Folder
    level: Level
    pool: Pool
    watch: Callable[[str, Checked], None] = lambda _path, _checked: None

    def documents(self, checked: Checked) -> dict[str, ArrayLayout]:
        """Compare every document; gives the layouts that the target's arrays state."""
        found = {}
        for due in self.plan.documents:
            layout = documents.check_document(due, self.target, checked)
            if layout is not None:
                found[due.path] = layout
        return found

    def data(self, layouts: Mapping[str, ArrayLayout], checked: Checked) -> None:
        """Compare the data of every array whose target layout is given, and every file."""
        seen: list[_Seen] = []
        for path, part in self._carried_out(self._tasks(layouts, seen)):
            checked.add(part)
            self.watch(path, part)
        checked.arrays += len(seen)
        extra: set[str] = set()
        for array in seen:
            extra |= self._strays(array, checked)
        self._files(extra, checked)

    def _carried_out(self, tasks: Iterator[Task[Outcome]]) -> Iterator[Outcome]:
        """Carry tasks out on threads, but where they are mostly short system calls.

        Those of quick verification are: threads would only hand the interpreter's lock about.
        """
        if self.level is Level.QUICK and all(a.method.undecoded for a in self.plan.arrays):
            return (task.work() for task in tasks)
        return self.pool.each(tasks)

    def _tasks(
        self, layouts: Mapping[str, ArrayLayout], seen: list[_Seen]
    ) -> Iterator[Task[Outcome]]:
        kinds: set[tuple[ArrayLayout, ArrayLayout]] = set()
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
            seen.append(_Seen(pair, (listing.Strays(), listing.Strays())))
            yield from self._array(seen[-1])

    def _array(self, seen: _Seen) -> Iterator[Task[Outcome]]:
        pair, both = seen
        if pair.same_bytes:
            for item in arrays.pairs(pair, both):
                weight = _AT_ONCE if self.level is Level.QUICK else len(item.chunks)
                yield Task(
                    weight * pair.new.chunk_bytes, partial(_done, pair, arrays.compare_bytes, item)
                )
            return
        from zarrlift.verify import recoded  # noqa: PLC0415 - NumPy is slow to load

        yield Task(0, partial(_done, pair, recoded.check_objects, both))
        for index in recoded.chunks_to_compare(pair, both[0]):
            yield Task(pair.new.chunk_bytes, partial(_done, pair, recoded.compare_chunk, index))

    def _strays(self, seen: _Seen, checked: Checked) -> set[str]:
        """Report strays of one array; gives the plain files that lie within the source's folder."""
        pair, (ours, theirs) = seen
        exclude = self.plan.settings.exclude
        inside = self.source.below(ours.foreign)
        foreign = {p for p, k in inside if k is Kind.FILE and not left_out(p, exclude)}
        held = {p for p, _ in self.target.below(theirs.foreign)}
        for path in sorted((held - foreign) | set(theirs.stale)):
            message = f"{path} is a stray: it is not in the source"
            checked.findings.append(error("object-stray", pair.path, message))
        return foreign

    def _files(self, extra: set[str], checked: Checked) -> None:
        plain = [f.path for f in self.plan.files]
        check = partial(files.check_file, source=self.source, target=self.target, level=self.level)
        sizes = {f.path: f.size for f in self.plan.files}
        paths = [*plain, *sorted(extra)]
        for part in self.pool.each(Task(sizes.get(p, 0), partial(check, p)) for p in paths):
            checked.add(part)
        names = [d.path for d in self.plan.documents]
        known = frozenset(a.path for a in self.plan.arrays)
        checked.add(files.check_strays(self.target, names, known, frozenset(plain)))


class _Seen(NamedTuple):
    """An array under comparison, and what its two listings found beside chunks."""

    pair: ArrayPair
    strays: tuple[listing.Strays, listing.Strays]


def _done(pair: ArrayPair, compare: Callable[[ArrayPair, T, Checked], None], what: T) -> Outcome:
    checked = Checked()
    compare(pair, what, checked)
    return pair.path, checked
