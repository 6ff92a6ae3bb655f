"""Chunk, shard and region arithmetic, against NumPy and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded, sizes
from zarrlift import grid


@st.composite
def shapes_and_chunks(draw: st.DrawFn) -> tuple[Index, Index]:
    """Give an array's shape, empty axes among them, and a chunk shape that may exceed it."""
    ndim = draw(st.integers(0, 3))
    return draw(sizes(ndim, 0, 7)), draw(sizes(ndim, 1, 9))


@st.composite
def parts(draw: st.DrawFn) -> tuple[Index, Index, tuple[slice, ...]]:
    """Give a shape, a chunk shape, and a region that holds something."""
    ndim = draw(st.integers(1, 3))
    shape, chunks = draw(sizes(ndim, 1, 8)), draw(sizes(ndim, 1, 5))
    starts = [draw(st.integers(0, s - 1)) for s in shape]
    stops = [draw(st.integers(a + 1, s)) for a, s in zip(starts, shape, strict=True)]
    return shape, chunks, tuple(map(slice, starts, stops))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(0, 3, 0), (1, 3, 1), (3, 3, 1), (4, 3, 2), (10**18 + 1, 10, 10**17 + 1)],
)
def test_ceil_div_rounds_up_exactly(a: int, b: int, expected: int) -> None:
    """Division rounds up in whole numbers, also far beyond what a float holds."""
    assert grid.ceil_div(a, b) == expected


@pytest.mark.parametrize(
    ("shape", "chunks", "expected", "count"),
    [
        pytest.param((5, 4), (2, 4), (3, 1), 3, id="edge"),
        pytest.param((3,), (10,), (1,), 1, id="chunk-larger"),
        pytest.param((0, 4), (2, 2), (0, 2), 0, id="empty-axis"),
        pytest.param((), (), (), 1, id="no-axes"),
    ],
)
def test_grid_shape_and_count(shape: Index, chunks: Index, expected: Index, count: int) -> None:
    """A part of a chunk counts as one, an empty axis has none, an array without axes has one."""
    assert grid.grid_shape(shape, chunks) == expected
    assert grid.count(expected) == count


@bounded
@given(shapes_and_chunks())
def test_regions_cover_an_array_exactly_once(case: tuple[Index, Index]) -> None:
    """The regions of all chunks hold every element once, and nothing beyond the shape."""
    shape, chunks = case
    seen = np.zeros(shape, int)
    held = 0

    for index in np.ndindex(grid.grid_shape(shape, chunks)):
        part = grid.region(index, chunks, shape)
        seen[part] += 1
        held += seen[part].size
        assert all(0 < p.stop - p.start <= c for p, c in zip(part, chunks, strict=True))

    assert held == seen.size
    assert (seen == 1).all()


@bounded
@given(st.integers(0, 4).flatmap(lambda ndim: sizes(ndim, 1, 6)), st.data())
def test_ravel_and_unravel_are_inverse(cells: Index, data: st.DataObject) -> None:
    """A cell has one number in C order, NumPy's own, and the number leads back to it."""
    number = data.draw(st.integers(0, grid.count(cells) - 1))
    index = grid.unravel(number, cells)

    assert index == tuple(map(int, np.unravel_index(number, cells)))
    assert grid.ravel(index, cells) == number
    assert grid.inside(index, cells)


@pytest.mark.parametrize(
    ("index", "expected"),
    [((0, 0), True), ((1, 2), True), ((2, 0), False), ((0, -1), False), ((0,), False)],
)
def test_inside_needs_all_axes_within_the_grid(index: Index, expected: bool) -> None:
    """An index beyond the grid, below zero, or with another number of axes is outside."""
    assert grid.inside(index, (2, 3)) is expected


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [((2, 3), (4, 3), True), ((2, 3), (4, 4), False), ((), (), True), ((4,), (2,), False)],
)
def test_divides_needs_whole_multiples(inner: Index, outer: Index, expected: bool) -> None:
    """A shard is a whole multiple of its chunks along every axis, or it is none."""
    assert grid.divides(inner, outer) is expected


@pytest.mark.parametrize(
    ("shards", "chunks", "expected"),
    [((64, 48), (16, 16), (4, 3)), ((16,), (16,), (1,)), ((), (), ())],
)
def test_chunks_per_shard(shards: Index, chunks: Index, expected: Index) -> None:
    """A shard holds as many chunks along each axis as fit."""
    assert grid.chunks_per_shard(shards, chunks) == expected


@st.composite
def nested_grids(draw: st.DrawFn) -> tuple[Index, Index]:
    """Give a grid of inner cells and how many of them an outer cell holds along each axis."""
    ndim = draw(st.integers(0, 3))
    return draw(sizes(ndim, 0, 5)), draw(sizes(ndim, 1, 4))


@bounded
@given(nested_grids())
def test_cells_within_gives_every_cell_once(case: tuple[Index, Index]) -> None:
    """Over all outer cells each inner one comes once, in C order, with the number it has there."""
    cells, per = case
    seen = []

    for outer in np.ndindex(grid.grid_shape(cells, per)):
        numbers = []
        for number, index in grid.cells_within(outer, per, cells):
            assert grid.cell(outer, number, per) == index
            numbers.append(number)
            seen.append(index)
        assert numbers == sorted(set(numbers))

    assert sorted(seen) == list(np.ndindex(cells))


def test_cells_within_counts_cells_beyond_the_grid() -> None:
    """The number of a cell is its place in the full outer cell, also at the edge."""
    assert list(grid.cells_within((1, 1), (2, 2), (3, 3))) == [(0, (2, 2))]
    assert list(grid.cells_within((0, 1), (2, 2), (3, 3))) == [(0, (0, 2)), (2, (1, 2))]


@bounded
@given(parts())
def test_covering_gives_the_chunks_that_touch(case: tuple[Index, Index, tuple[slice, ...]]) -> None:
    """A region is covered by those chunks that hold a part of it, and by no other."""
    shape, chunks, part = case
    marked = np.zeros(shape, bool)
    marked[part] = True

    expected = [
        index
        for index in np.ndindex(grid.grid_shape(shape, chunks))
        if marked[grid.region(index, chunks, shape)].any()
    ]

    assert list(grid.covering(part, chunks)) == expected


@bounded
@given(parts())
def test_overlaps_assemble_a_region(case: tuple[Index, Index, tuple[slice, ...]]) -> None:
    """Copying each chunk's overlap into the region gives the region's own values."""
    shape, chunks, part = case
    values = np.arange(np.prod(shape)).reshape(shape)
    padded = np.pad(values, [(0, -s % c) for s, c in zip(shape, chunks, strict=True)])
    made = np.full_like(values[part], -1)

    for index in grid.covering(part, chunks):
        whole = tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, chunks, strict=True))
        in_region, in_chunk = grid.overlap(part, index, chunks)
        made[in_region] = padded[whole][in_chunk]

    np.testing.assert_array_equal(made, values[part])
