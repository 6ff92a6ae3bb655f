"""Sharing arrays out: all is done, nothing twice, and nobody has it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded, layout_of
from zarrlift import grid
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan.shares import shared_out

shapes = st.integers(0, 4).flatmap(
    lambda n: st.tuples(*[st.integers(0, 12)] * n),
)


def objects_of(layout: ArrayLayout) -> Iterator[Index]:
    """Walk the indices of an array's objects."""
    limit = layout.object_grid
    return (grid.unravel(n, limit) for n in range(grid.count(limit)))


def alike(layouts: list[ArrayLayout]) -> list[tuple[ArrayLayout, ArrayLayout]]:
    """Arrays that become what they are."""
    return [(layout, layout) for layout in layouts]


@bounded
@given(st.lists(shapes, max_size=8), st.integers(1, 5))
def test_all_shares_together_do_everything_once(shapes: list[Index], of: int) -> None:
    """Each object of each array falls to just one worker."""
    layouts = [layout_of(shape, (2,) * len(shape)) for shape in shapes]
    done: Counter[tuple[int, Index]] = Counter()

    for number in range(of):
        for place, part in shared_out(alike(layouts), number, of):
            held = part or grid.WHOLE
            for index in objects_of(layouts[place]):
                done[place, index] += all(held.holds(a, i) for a, i in enumerate(index))

    assert set(done.values()) <= {1}
    assert len(done) == sum(grid.count(layout.object_grid) for layout in layouts)


def test_large_array_is_parted_along_its_longest_axis() -> None:
    """So that each worker has some of it, and lists little that is not its own."""
    image = layout_of((1, 3, 16, 64, 64), (1, 1, 1, 16, 16))

    assert list(shared_out(alike([image]), 1, 4)) == [(0, grid.Part(2, 1, 4))]


def test_small_arrays_go_to_whoever_has_least() -> None:
    """A plate's levels fall to all workers alike, however they come."""
    levels = [layout_of((size, size), (size, size)) for size in (64, 32, 16)] * 60
    loads = [
        sum(levels[place].raw_bytes for place, _ in shared_out(alike(levels), number, 3))
        for number in range(3)
    ]

    assert max(loads) < 1.1 * min(loads)
    assert sum(loads) == sum(level.raw_bytes for level in levels)


def test_one_worker_has_everything_whole() -> None:
    """Nothing is parted where nobody shares."""
    image = layout_of((64, 64), (16, 16))

    assert list(shared_out(alike([image, image]), 0, 1)) == [(0, None), (1, None)]


def test_shards_are_shared_out_by_whole_blocks() -> None:
    """No two workers read the index of one shard, though its chunks become many objects."""
    single = layout_of((1, 1, 5, 64, 64), (1, 1, 1, 8, 8))
    sharded = replace(single, shards=(1, 1, 1, 32, 32))

    assert list(shared_out([(sharded, single)], 0, 2)) == [(0, grid.Part(2, 0, 2))]
    assert list(shared_out([(sharded, replace(single, shards=(1, 1, 5, 64, 64)))], 0, 2)) == [
        (0, None)
    ]
