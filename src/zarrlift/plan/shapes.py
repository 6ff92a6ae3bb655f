"""From a wish to the chunk and shard shape of one array: pure arithmetic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.plan.settings import DEFAULT_SHARD_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.settings import Shape, Wish

MAX_CHUNKS_AUTO = 1024
MAX_CHUNKS = 2**20
WHOLE_ELEMENTS = 100_000_000
"""Of the largest array that is made one shard by the word; as ome2024-ngff-challenge has it."""
_SPACE = frozenset("xyz")
Names = tuple[str | None, ...] | None


def auto_shards(layout: ArrayLayout, names: Names, shard_size: int) -> Index | None:
    """Choose a shard shape, or None where a shard would hold one chunk.

    Grown from the fastest axes outward: the whole plane first, then z, then the rest, never
    across an axis before the ones within are full, until about `shard_size` bytes of decoded
    data or 1,024 chunks (more only for sizes above the default). A plane too large for that is
    covered by near-square parts.
    """
    if layout.data_type.variable or not layout.ndim or 0 in layout.shape:
        return None
    most = min(MAX_CHUNKS, MAX_CHUNKS_AUTO * max(1, shard_size // DEFAULT_SHARD_SIZE))
    room = max(1, min(most, shard_size // max(1, layout.chunk_bytes)))
    per = [1] * layout.ndim
    order = growth_order(layout.ndim, names)
    plane, rest = order[:2], order[2:]
    room //= _grow_plane(per, plane, layout, room)
    full = all(per[a] == layout.chunk_grid[a] for a in plane)
    for axis in rest:
        if not full or room < 2:  # noqa: PLR2004 - nothing grows by less than two
            break
        per[axis] = _even(layout.chunk_grid[axis], room)
        room //= per[axis]
        full = per[axis] == layout.chunk_grid[axis]
    return _shards(per, layout.chunks)


def whole_shards(layout: ArrayLayout, names: Names, shard_size: int) -> Index | None:
    """Make an array one shard; one too large for that is sharded as `auto_shards` does it."""
    if math.prod(layout.shape) > WHOLE_ELEMENTS or math.prod(layout.chunk_grid) > MAX_CHUNKS:
        return auto_shards(layout, names, shard_size)
    return _shards([max(1, n) for n in layout.chunk_grid], layout.chunks)


def growth_order(ndim: int, names: Names) -> list[int]:
    """Give axes from the fastest outward: space before channel and time, last axis first."""
    axes = list(reversed(range(ndim)))
    if names is None:
        return axes
    space = [a for a in axes if (names[a] or "").lower() in _SPACE]
    return space + [a for a in axes if a not in space]


def _grow_plane(per: list[int], plane: list[int], layout: ArrayLayout, room: int) -> int:
    """Grow the plane in place, doubling its shorter side; give the chunks it holds."""
    limit = layout.chunk_grid
    if math.prod(limit[a] for a in plane) <= room:
        for axis in plane:
            per[axis] = limit[axis]
        return math.prod(per[a] for a in plane)
    while True:
        growable = [a for a in plane if per[a] < limit[a]]
        growable.sort(key=lambda a: (per[a] * layout.chunks[a], plane.index(a)))
        for axis in growable:
            larger = min(2 * per[axis], limit[axis])
            if math.prod(per[a] for a in plane) // per[axis] * larger <= room:
                per[axis] = larger
                break
        else:
            break
    for axis in plane:
        per[axis] = _even(limit[axis], per[axis])
    return math.prod(per[a] for a in plane)


def _even(total: int, most: int) -> int:
    """Give the least size that covers `total` in as many parts as size `most` needs."""
    return grid.ceil_div(total, grid.ceil_div(total, max(1, min(most, total))))


def _shards(per: list[int], chunks: Index) -> Index | None:
    if math.prod(per) <= 1:
        return None
    return tuple(p * c for p, c in zip(per, chunks, strict=True))


def wished_sizes(wish: Shape, ndim: int, names: Names, reference: Names) -> tuple[int | None, ...]:
    """Give the size wished along each axis of an array; None where the wish is silent.

    Sizes in array order that count other axes than the array has are matched by name, through
    `reference`: the names of the axes of an image with that many.
    """
    if wish.sizes and len(wish.sizes) == ndim:
        return wish.sizes
    by_name = dict(wish.axes)
    if wish.sizes and reference is not None:
        by_name = {n: s for n, s in zip(reference, wish.sizes, strict=True) if n}
    return tuple(by_name.get(n) if n else None for n in names or (None,) * ndim)


def wished_chunks(wish: Shape, layout: ArrayLayout, names: Names, reference: Names) -> Index:
    """Give the chunk shape for a wish: clipped to the array, kept where the wish is silent."""
    if wish.word == "keep":
        return layout.chunks
    sizes = wished_sizes(wish, layout.ndim, names, reference)
    return tuple(
        c if w is None else max(1, min(w, s)) if w != c else c
        for w, c, s in zip(sizes, layout.chunks, layout.shape, strict=True)
    )


def wished_shards(wish: Shape, layout: ArrayLayout, names: Names, reference: Names) -> Index | None:
    """Give the shard shape for a wish: whole chunks, rounded up, clipped to the array."""
    sizes = wished_sizes(wish, layout.ndim, names, reference)
    per = [
        1 if w is None else max(1, min(grid.ceil_div(w, c), n))
        for w, c, n in zip(sizes, layout.chunks, layout.chunk_grid, strict=True)
    ]
    return _shards(per, layout.chunks)


def check_wishes(wishes: Iterable[Wish], counts: Mapping[int, str], names: set[str | None]) -> None:
    """Raise `UsageError` for sizes that fit no array's count of axes, or axes that none has.

    `counts` has the counts of axes that there are, each with the path of an array.
    """
    for shape in (s for w in wishes for s in (w.chunks, w.shards)):
        if shape.sizes and counts and len(shape.sizes) not in counts:
            raise UsageError(
                f"shape {shape} has {len(shape.sizes)} sizes, but no array has as many axes",
                hint=f"{_axes(counts)}; or write y=…,x=…",
            )
        unknown = [name for name, _ in shape.axes if name not in names]
        if unknown and counts:
            known = ", ".join(sorted(n for n in names if n)) or "none that are named"
            raise UsageError(f"no array has an axis {unknown[0]!r}", hint=f"axes here: {known}")


def _axes(counts: Mapping[int, str]) -> str:
    """Say how many axes the arrays have, with an example of each."""
    return ", ".join(f"array {path or '/'} has {n}" for n, path in sorted(counts.items()))


def check_shards(path: str, layout: ArrayLayout, names: Names) -> None:
    """Raise `UsageError` where shards are no whole multiple of the chunks, naming the axis."""
    if layout.shards is None:
        return
    for axis, (shard, chunk) in enumerate(zip(layout.shards, layout.chunks, strict=True)):
        if shard % chunk or shard < 1:
            name = (names[axis] if names else None) or f"number {axis}"
            raise UsageError(
                f"axis {name}: shard size {shard} is no multiple of chunk size {chunk}",
                place=path or "/",
                hint=f"use {grid.ceil_div(shard, chunk) * chunk}",
            )


def check_index(path: str, layout: ArrayLayout, *, large: bool) -> None:
    """Raise `UsageError` where a shard would hold more than 2^20 chunks, unless allowed."""
    chunks = grid.count(layout.per_object)
    if chunks > MAX_CHUNKS and not large:
        raise UsageError(
            f"a shard would hold {chunks:,} chunks, and every reader its index of "
            f"{16 * chunks / 2**20:.0f} MiB",
            place=path or "/",
            hint="choose smaller shards, or allow it with --large-index",
        )
