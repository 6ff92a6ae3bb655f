"""A verification from beginning to end, on a job's threads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zarrlift.chunks import listing
from zarrlift.findings import error
from zarrlift.survey.walk import left_out
from zarrlift.verify import arrays, documents, files
from zarrlift.verify.arrays import ArrayPair, Pair
from zarrlift.verify.result import Checked, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.plan import Plan
    from zarrlift.pool import Pool
    from zarrlift.store.folder import Folder

_BATCH = 16


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
        extra: set[str] = set()
        for array in self.plan.arrays:
            if array.path in layouts:
                pair = ArrayPair(
                    path=array.path,
                    source=self.source,
                    target=self.target,
                    old=array.source,
                    new=layouts[array.path],
                    level=self.level,
                )
                checked.arrays += 1
                extra |= self._array(pair, checked)
        self._files(extra, checked)

    def _array(self, pair: ArrayPair, checked: Checked) -> set[str]:
        """Compare one array; gives the plain files that lie within the source's folder."""
        both = (listing.Strays(), listing.Strays())
        if pair.same_bytes:
            tasks: Iterable[list[object]] = _batched(arrays.pairs(pair, both), _BATCH)
            done = self.pool.each(lambda batch: _compare_all(pair, batch), tasks)
        else:
            done = self._by_value(pair, both)
        for part in done:
            checked.add(part)
            self.watch(pair.path, part)
        exclude = self.plan.settings.exclude
        inside = self.source.files_below(both[0].foreign)
        foreign = {p for p in inside if not left_out(p, exclude)}
        held = set(self.target.files_below(both[1].foreign))
        for path in sorted((held - foreign) | set(both[1].stale)):
            checked.findings.append(
                error("object-stray", pair.path, f"{path} is a stray: it is not in the source")
            )
        return foreign

    def _by_value(
        self, pair: ArrayPair, both: tuple[listing.Strays, listing.Strays]
    ) -> Iterator[Checked]:
        from zarrlift.verify import recoded  # noqa: PLC0415 - NumPy is slow to load

        yield recoded.check_objects(pair, both)
        tasks = _batched(recoded.chunks_to_compare(pair, both[0]), _BATCH)
        yield from self.pool.each(lambda batch: recoded.compare_chunks(pair, batch), tasks)

    def _files(self, extra: set[str], checked: Checked) -> None:
        plain = [f.path for f in self.plan.files]
        paths = [*plain, *sorted(extra)]
        for part in self.pool.each(
            lambda p: files.check_file(p, self.source, self.target, self.level), paths
        ):
            checked.add(part)
        names = [d.path for d in self.plan.documents]
        known = frozenset(a.path for a in self.plan.arrays)
        checked.add(files.check_strays(self.target, names, known, frozenset(plain)))


def _compare_all(pair: ArrayPair, batch: list[object]) -> Checked:
    checked = Checked()
    for item in batch:
        if isinstance(item, Pair):
            arrays.compare_bytes(pair, item, checked)
    return checked


def _batched(items: Iterator[object], size: int) -> Iterator[list[object]]:
    while batch := list(islice(items, size)):
        yield batch
