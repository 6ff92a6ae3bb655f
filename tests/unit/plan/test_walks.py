"""How an array is walked while its chunks change shape."""

from __future__ import annotations

import math
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.layouts import bounded, layout_of
from zarrlift.plan import walks
from zarrlift.plan.walks import Axis

Index = tuple[int, ...]
MIB = 2**20


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    """Give sizes along one axis, of every kind of misfit."""
    chunk = draw(st.integers(1, 9))
    return Axis(
        extent=draw(st.integers(0, 70)),
        source=draw(st.integers(1, 16)),
        chunk=chunk,
        stored=chunk * draw(st.integers(1, 7)),
    )


def starts_of(axis: Axis, block: int) -> list[int]:
    """Give where blocks start along an axis: within objects, or every so many whole objects."""
    if block > axis.stored:
        return list(range(0, axis.extent, block))
    objects = range(0, axis.extent, axis.stored)
    within = (range(at, min(at + axis.stored, axis.extent), block) for at in objects)
    return [start for starts in within for start in starts]


@bounded
@given(axes(), st.integers(1, 7), st.booleans())
def test_decoded_chunks_are_counted_as_if_walked(axis: Axis, times: int, several: bool) -> None:
    """The count by arithmetic is that of a walk through every block."""
    block = times * axis.stored
    if not several:
        block = axis.chunk * min(times, axis.stored // axis.chunk)
    edges = [*starts_of(axis, block), axis.extent]

    walked = sum((end - 1) // axis.source - at // axis.source + 1 for at, end in pairwise(edges))

    assert walks.decoded_along(axis, block) == walked


CASES = {
    "smaller-in-shards": (
        ((1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 1, 512, 512)),
        (1, 1, 1, 4096, 4096),
        2**29,
        ((1, 1, 1, 1024, 1024), (1, 1, 1, 1, 1), 1.0),
    ),
    "planes-to-cubes": (
        ((1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 16, 128, 128)),
        (1, 1, 16, 1024, 1024),
        2**29,
        ((1, 1, 16, 1024, 1024), (1, 1, 1, 1, 1), 1.0),
    ),
    "planes-to-cubes-in-little-memory": (
        ((1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 16, 128, 128)),
        (1, 1, 16, 1024, 1024),
        9 * MIB,
        ((1, 1, 16, 512, 512), (1, 1, 1, 1, 1), 4.0),
    ),
    "planes-to-many-cube-objects": (
        ((1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 16, 128, 128)),
        None,
        2**29,
        ((1, 1, 16, 1024, 1024), (1, 1, 1, 8, 8), 1.0),
    ),
    "one-large-chunk-to-many-objects": (
        ((1, 3, 16, 4096, 4096), (1, 1, 1, 4096, 4096), (1, 1, 1, 512, 512)),
        None,
        0,
        ((1, 1, 1, 512, 512), (1, 1, 1, 8, 8), 1.0),
    ),
    "misfit": (
        ((10240, 10240), (512, 512), (100, 10000)),
        (10000, 10000),
        2**25,
        ((1600, 10000), (1, 1), 1.4175),
    ),
    "empty": (((0, 5), (13, 7), (7, 13)), None, 2**29, ((7, 13), (1, 1), 1.0)),
}


@pytest.mark.parametrize("case", CASES)
def test_walk_that_is_chosen(case: str) -> None:
    """The walk decodes as little twice as memory allows, in the smallest handy block that does."""
    (shape, old, new), shards, room, expected = CASES[case]
    source, target = layout_of(shape, old), layout_of(shape, new, shards=shards)

    walk = walks.choose(source, target, room, 2)

    assert (walk.block, walk.task, round(walk.amplification, 4)) == expected


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Axis, ...]:
    """Give sizes along up to three axes."""
    return tuple(draw(st.lists(axes(), min_size=1, max_size=3)))


@bounded
@given(pairs(), st.integers(0, 5000), st.integers(1, 5))
def test_block_fits_and_more_memory_decodes_no_more(
    sizes: tuple[Axis, ...], room: int, workers: int
) -> None:
    """A block takes no more than its room, one chunk apart; and more room never decodes more."""
    source = layout_of(tuple(a.extent for a in sizes), tuple(a.source for a in sizes))
    target = layout_of(
        source.shape, tuple(a.chunk for a in sizes), shards=tuple(a.stored for a in sizes)
    )

    small = walks.choose(source, target, room, workers)
    large = walks.choose(source, target, 2 * room, workers)

    held = walks.block_bytes(sizes, small.block, 2)
    assert held <= max(room, math.prod(a.chunk for a in sizes) * 2)
    assert large.effort <= small.effort * 1.031
    assert small.amplification >= 1
    assert small.nested == large.nested, "the order does not depend on memory"


@bounded
@given(pairs())
def test_order_holds_each_chunk_once_and_blocks_together(sizes: tuple[Axis, ...]) -> None:
    """Every chunk of an object comes once, and those of a block of any nested shape in a row."""
    per = tuple(a.stored // a.chunk for a in sizes)
    inside, _ = walks.chain(sizes)
    nested = tuple(
        tuple(s // a.chunk for s, a in zip(level.shape, sizes, strict=True))
        for level in reversed(inside)
    )

    cells = list(walks.ordered(nested, (0,) * len(per), per))

    assert sorted(cells) == sorted(product(*map(range, per)))
    for shape in nested:
        blocks = [tuple(c // s for c, s in zip(cell, shape, strict=True)) for cell in cells]
        changes = 1 + sum(a != b for a, b in pairwise(blocks))
        assert changes == len(set(blocks))
