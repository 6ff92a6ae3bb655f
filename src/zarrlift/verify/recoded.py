"""Arrays whose chunks were encoded anew: values are compared, not bytes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.chunks import listing
from zarrlift.findings import error
from zarrlift.verify import arrays
from zarrlift.verify.values import Regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.grid import Index
    from zarrlift.verify.arrays import ArrayPair
    from zarrlift.verify.result import Checked

_local = threading.local()


def check_objects(
    pair: ArrayPair, strays: tuple[listing.Strays, listing.Strays], checked: Checked
) -> None:
    """Check every object of the target: its index, and that the source has data for it."""
    touched = set(_touched_objects(pair))
    for index in arrays.target_objects(pair, strays[1]):
        checked.objects += 1
        if index not in touched:
            message = f"object {pair.key(index)} is a stray: the source has no chunk for it"
            checked.findings.append(error("object-stray", pair.path, message))
        elif pair.new.shards is not None:
            found = arrays.read_index(pair, index, checked)
            checked.chunks += found.present if found else 0
        elif pair.target.size(pair.key(index)):
            checked.chunks += 1
        else:
            message = f"object {pair.key(index)} holds no bytes"
            checked.findings.append(error("chunk-length", pair.path, message, index))


def _present(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    units = listing.units(
        pair.source,
        pair.path,
        keys=pair.old.keys,
        chunk_grid=pair.old.chunk_grid,
        per_object=(1,) * pair.old.ndim,
        strays=strays,
    )
    return (u.at for u in units)


def _touched(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """Walk the target's chunks that the source has data for; neighbours may repeat."""
    for index in _present(pair, strays):
        part = grid.region(index, pair.old.chunks, pair.old.shape)
        yield from grid.covering(part, pair.new.chunks)


def _touched_objects(pair: ArrayPair) -> Iterator[Index]:
    per = pair.new.per_object
    for index in _touched(pair, listing.Strays()):
        yield tuple(i // p for i, p in zip(index, per, strict=True))


def chunks_to_compare(pair: ArrayPair, strays: listing.Strays) -> Iterator[Index]:
    """Walk the chunks whose values are compared at the pair's level, each once."""
    seen: set[int] = set()
    limit = pair.new.chunk_grid
    for index in _touched(pair, strays):
        number = grid.ravel(index, limit)
        if number not in seen:
            seen.add(number)
            if pair.sampled(index) or (pair.first_of_kind and len(seen) == 1):
                yield index


def compare_chunk(pair: ArrayPair, index: Index, checked: Checked) -> None:
    """Compare one chunk of the target with the source by value."""
    held: tuple[ArrayPair, Regions] | None = getattr(_local, "regions", None)
    if held is None or held[0] is not pair:
        held = _local.regions = (pair, Regions(pair))
    held[1].compare(index, checked)
