"""Arrays whose chunks were encoded anew: values are compared, not bytes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.chunks.units import chunk_units
from zarrlift.findings import error
from zarrlift.verify import arrays
from zarrlift.verify.values import Regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.grid import Index
    from zarrlift.verify.pair import ArrayPair, Pair
    from zarrlift.verify.result import Checked

_local = threading.local()
Strays = tuple[listing.Strays, listing.Strays]


def check_objects(pair: ArrayPair, strays: Strays, checked: Checked) -> None:
    """Check every object of the target: that it belongs there, its index, and what it lacks.

    A chunk that the target lacks must be all fill value in the source.
    """
    if pair.old.chunks == pair.new.chunks:
        for item in arrays.pairs(pair, strays):
            _check_recoded(pair, item, checked)
    else:
        _check_rechunked(pair, strays, checked)


def _check_recoded(pair: ArrayPair, item: Pair, checked: Checked) -> None:
    if not item.chunks:
        if not item.lost:
            _report_stray(pair, item.at, checked)
        elif item.in_target:
            _held(pair, item.at, item.held, checked)
        return
    absent = item.chunks
    if item.in_target:
        held = _held(pair, item.at, item.held, checked)
        if held is None:
            return
        held -= set(item.lost)
        absent = [c for c in item.chunks if c.number not in held]
        if len(held) + len(absent) != len(item.chunks):
            message = f"object {pair.key(item.at)} holds chunks that the source lacks"
            checked.findings.append(error("chunk-count", pair.path, message))
    for chunk in absent:
        compare_chunk(pair, pair.chunk(item, chunk), checked)


def _held(pair: ArrayPair, at: Index, size: int, checked: Checked) -> set[int] | None:
    """Give the numbers of the chunks that an object holds; None where it is not whole.

    `size` are its bytes, -1 where they were not listed.
    """
    checked.objects += 1
    if pair.new.shards is None:
        if not (pair.target.size(pair.key(at)) if size < 0 else size):
            message = f"object {pair.key(at)} holds no bytes"
            checked.findings.append(error("chunk-length", pair.path, message, at))
            return None
        checked.chunks += 1
        return {0}
    index = arrays.read_index(pair, at, checked)
    if index is None:
        return None
    checked.chunks += index.present
    return {n for n in range(len(index)) if index.get(n) is not None}


def _check_rechunked(pair: ArrayPair, strays: Strays, checked: Checked) -> None:
    per = pair.new.per_object
    due = {tuple(i // p for i, p in zip(c, per, strict=True)) for c in _touched(pair, strays[0])}
    lost = set(_lost(pair, strays[0]))
    for at, size in arrays.target_objects(pair, strays[1]):
        if at in due:
            due.remove(at)
            _held(pair, at, size, checked)
        elif at in lost:
            _held(pair, at, size, checked)
        else:
            _report_stray(pair, at, checked)
    for at in sorted(due):
        for _, chunk in grid.cells_within(at, per, pair.new.chunk_grid):
            compare_chunk(pair, chunk, checked)


def _lost(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """Walk the target's objects that chunks of the source would go to which cannot be found."""
    for broken in strays.broken or ():
        part = tuple(slice(start, stop) for start, stop in broken.region)
        yield from grid.covering(part, pair.new.stored)


def _report_stray(pair: ArrayPair, at: Index, checked: Checked) -> None:
    checked.objects += 1
    message = f"object {pair.key(at)} is a stray: the source has no chunk for it"
    checked.findings.append(error("object-stray", pair.path, message))


def _touched(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """Walk the target's chunks that the source has data for.

    Those of one source chunk come together; where shapes differ, neighbours give some again.
    """
    old = pair.old
    for unit in chunk_units(pair.source, pair.path, old, old.stored, strays=strays):
        for chunk in unit.chunks:
            index = grid.cell(unit.at, chunk.number, old.per_object)
            part = grid.region(index, old.chunks, old.shape)
            yield from grid.covering(part, pair.new.chunks)


def chunks_to_compare(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """Walk the chunks whose values are compared at the pair's level, each once."""
    repeats = pair.old.chunks != pair.new.chunks
    seen: set[int] = set()
    first = pair.first_of_kind
    for index in _touched(pair, strays):
        if repeats:
            number = grid.ravel(index, pair.new.chunk_grid)
            if number in seen:
                continue
            seen.add(number)
        if first or pair.sampled(index):
            first = False
            yield index


def compare_chunk(pair: ArrayPair, index: Index, checked: Checked) -> None:
    """Compare one chunk of the target with the source by value."""
    held: tuple[ArrayPair, Regions] | None = getattr(_local, "regions", None)
    if held is None or held[0] is not pair:
        held = _local.regions = (pair, Regions(pair))
    held[1].compare(index, checked)
