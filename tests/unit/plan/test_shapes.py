"""Chunk and shard shapes: chosen automatically, and made from wishes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded, layout_of, sizes, text_layout
from zarrlift import grid
from zarrlift.errors import UsageError
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan import shapes
from zarrlift.plan.settings import Shape, parse_shape

MIB = 2**20
TCZYX = ("t", "c", "z", "y", "x")
ZYX = ("z", "y", "x")


@dataclass(frozen=True)
class Choice:
    """An array, and the shard that suits it."""

    id: str
    shape: Index
    chunks: Index
    expected: Index | None
    names: str | None = "tczyx"
    dtype: str = "<u2"
    size: int = 64 * MIB


CHOICES = [
    Choice("whole-plane", (1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 2, 4096, 4096)),
    Choice("small-image", (1, 2, 4, 512, 512), (1, 1, 1, 256, 256), (1, 2, 4, 512, 512)),
    Choice("small-image-edges", (1, 2, 1, 500, 300), (1, 1, 1, 256, 256), (1, 2, 1, 512, 512)),
    Choice("one-chunk", (1, 1, 1, 512, 512), (1, 1, 1, 1024, 1024), None),
    Choice("one-chunk-exactly", (1, 1, 1, 512, 512), (1, 1, 1, 512, 512), None),
    Choice("last-level", (1, 3, 16, 64, 64), (1, 1, 1, 64, 64), (1, 3, 16, 64, 64)),
    Choice("z-before-c", (1, 3, 40, 1024, 1024), (1, 1, 1, 512, 512), (1, 1, 20, 1024, 1024)),
    Choice("c-after-z", (1, 3, 4, 1024, 1024), (1, 1, 1, 512, 512), (1, 3, 4, 1024, 1024)),
    Choice("t-after-c", (50, 2, 4, 256, 256), (1, 1, 1, 256, 256), (50, 2, 4, 256, 256)),
    Choice("t-in-part", (500, 2, 4, 256, 256), (1, 1, 1, 256, 256), (63, 2, 4, 256, 256)),
    Choice(
        "plane-too-large", (1, 1, 5, 40000, 40000), (1, 1, 1, 1024, 1024), (1, 1, 1, 4096, 8192)
    ),
    Choice("plane-odd", (1, 1, 1, 9000, 9000), (1, 1, 1, 1024, 1024), (1, 1, 1, 3072, 5120)),
    Choice("chunk-too-large", (1, 1, 4, 16384, 16384), (1, 1, 1, 8192, 8192), None),
    Choice("chunks-of-3-d", (64, 2048, 2048), (64, 64, 64), (64, 512, 1024), "zyx"),
    Choice("many-small-chunks", (1, 1, 1, 8192, 8192), (1, 1, 1, 64, 64), (1, 1, 1, 2048, 2048)),
    Choice("plane-of-1024", (1, 1, 9, 1024, 1024), (1, 1, 1, 32, 32), (1, 1, 1, 1024, 1024)),
    Choice("plate-field", (1, 2, 1, 1080, 1080), (1, 1, 1, 1080, 1080), (1, 2, 1, 1080, 1080)),
    Choice("two-axes", (4096, 4096), (512, 512), (4096, 4096), "yx"),
    Choice("one-axis", (10_000,), (100,), (10_000,), None),
    Choice("no-axes", (), (), None, None),
    Choice("empty-axis", (0, 64, 64), (1, 32, 32), None, "zyx"),
    Choice("channels-last", (2048, 2048, 3), (512, 512, 1), (2048, 2048, 3), "yxc"),
    Choice("channels-last-large", (8192, 8192, 3), (512, 512, 1), (4096, 8192, 1), "yxc"),
    Choice("no-names", (100, 4096, 4096), (1, 1024, 1024), (2, 4096, 4096), None),
    Choice(
        "larger-size",
        (1, 1, 9, 4096, 4096),
        (1, 1, 1, 512, 512),
        (1, 1, 9, 4096, 4096),
        size=512 * MIB,
    ),
    Choice(
        "smaller-size",
        (1, 1, 9, 4096, 4096),
        (1, 1, 1, 512, 512),
        (1, 1, 1, 1024, 2048),
        size=4 * MIB,
    ),
    Choice(
        "more-chunks-with-size",
        (1, 1, 1, 8192, 8192),
        (1, 1, 1, 64, 64),
        (1, 1, 1, 8192, 8192),
        size=1024 * MIB,
    ),
    Choice("size-of-nothing", (1, 1, 1, 4096, 4096), (1, 1, 1, 512, 512), None, size=0),
    Choice(
        "bytes", (1, 1, 8, 4096, 4096), (1, 1, 1, 1024, 1024), (1, 1, 4, 4096, 4096), dtype="|u1"
    ),
    Choice(
        "doubles", (1, 1, 8, 2048, 2048), (1, 1, 1, 1024, 1024), (1, 1, 2, 2048, 2048), dtype="<f8"
    ),
]


@pytest.mark.parametrize("case", CHOICES, ids=lambda case: case.id)
def test_automatic_shards(case: Choice) -> None:
    """Shards grow over the plane, then z, then the rest, to about the size asked for."""
    made = layout_of(case.shape, case.chunks, dtype=case.dtype)
    names = tuple(case.names) if case.names else None

    assert shapes.auto_shards(made, names, case.size) == case.expected


@st.composite
def images(draw: st.DrawFn) -> tuple[ArrayLayout, int]:
    """Give layouts of 1 to 5 axes, small and huge, and a shard size."""
    ndim = draw(st.integers(1, 5))
    shape = tuple(draw(st.sampled_from([1, 2, 3, 7, 64, 500, 4096, 30_000])) for _ in range(ndim))
    chunks = tuple(draw(st.sampled_from([1, 5, 32, 64, 100, 1024])) for _ in range(ndim))
    size = draw(st.sampled_from([MIB, 64 * MIB, 1024 * MIB]))
    return layout_of(shape, chunks, dtype=draw(st.sampled_from(["|u1", "<u2", "<f8"]))), size


@bounded
@given(images())
def test_automatic_shards_hold_their_bounds(case: tuple[ArrayLayout, int]) -> None:
    """Shards are whole chunks, more than one, no wider than the level, and within the size."""
    layout, size = case
    names = TCZYX[-layout.ndim :]

    found = shapes.auto_shards(layout, names, size)

    if found is None:
        assert size < 2 * layout.chunk_bytes or grid.count(layout.chunk_grid) == 1
        return
    per = grid.chunks_per_shard(found, layout.chunks)
    assert grid.divides(layout.chunks, found)
    assert all(1 <= p <= n for p, n in zip(per, layout.chunk_grid, strict=True))
    assert 2 <= math.prod(per) <= 1024 * max(1, size // (64 * MIB))
    assert math.prod(found) * layout.data_type.itemsize <= size


@bounded
@given(images())
def test_outer_axes_wait_for_inner_ones(case: tuple[ArrayLayout, int]) -> None:
    """No shard reaches across t, c or z before every axis within is full."""
    layout, size = case
    found = shapes.auto_shards(layout, TCZYX[-layout.ndim :], size)
    if found is None:
        return
    per = grid.chunks_per_shard(found, layout.chunks)

    for axis in range(layout.ndim - 2):
        if per[axis] > 1:
            assert per[axis + 1 :] == layout.chunk_grid[axis + 1 :]


def test_large_planes_are_covered_by_parts_alike() -> None:
    """A plane that does not fit is cut into near-square shards, the last not much smaller."""
    made = layout_of((9000, 30000), (1024, 1024))

    found = shapes.auto_shards(made, ("y", "x"), 64 * MIB)

    assert found is not None
    assert max(found) <= 3 * min(found)
    for wide, chunks in zip(
        grid.chunks_per_shard(found, (1024, 1024)), made.chunk_grid, strict=True
    ):
        parts = grid.ceil_div(chunks, wide)
        assert parts * wide - chunks < parts


def test_text_is_never_sharded() -> None:
    """Elements that differ in length have no size to count by."""
    assert shapes.auto_shards(text_layout((4,)), None, 64 * MIB) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (TCZYX, [4, 3, 2, 1, 0]),
        (("y", "x", "c"), [1, 0, 2]),
        (("Z", "C", "Y", "X"), [3, 2, 0, 1]),
        (("x", "y", "z"), [2, 1, 0]),
        ((None, "y", "x"), [2, 1, 0]),
        (None, [2, 1, 0]),
    ],
)
def test_growth_goes_through_space_first(
    names: tuple[str | None, ...] | None, expected: list[int]
) -> None:
    """Space comes before channels and time, wherever its axes stand; else the last axis first."""
    assert shapes.growth_order(len(expected), names) == expected


IMAGE = layout_of((1, 3, 16, 4096, 4096), (1, 1, 1, 1024, 1024))
LABELS = layout_of((16, 4096, 4096), (1, 1024, 1024))


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (layout_of((2, 236, 275, 271), (1, 1, 275, 271)), (2, 236, 275, 271)),
        (layout_of((1, 3, 1024, 1280), (1, 1, 1024, 1024)), (1, 3, 1024, 2048)),
        (layout_of((10_000, 10_000), (1000, 1000)), (10_000, 10_000)),
        (layout_of((64, 64), (64, 64)), None),
        (layout_of((), ()), None),
        (layout_of((0, 8), (1, 8)), None),
    ],
)
def test_whole_array_is_one_shard(layout: ArrayLayout, expected: Index | None) -> None:
    """A shard holds the whole array in whole chunks; where that is one chunk there is none."""
    assert shapes.whole_shards(layout, None, 64 * MIB) == expected


@pytest.mark.parametrize(
    "layout",
    [layout_of((10_000, 10_001), (1000, 1000)), layout_of((2**20 + 1, 1), (1, 1))],
    ids=["elements", "chunks"],
)
def test_whole_array_that_is_too_large_is_sharded(layout: ArrayLayout) -> None:
    """Above 100 million elements, or 2^20 chunks, shards are chosen as they are by default."""
    assert shapes.whole_shards(layout, None, 64 * MIB) == shapes.auto_shards(layout, None, 64 * MIB)


@pytest.mark.parametrize(
    ("text", "layout", "names", "expected"),
    [
        pytest.param("1,1,2,4096,4096", IMAGE, TCZYX, (1, 1, 2, 4096, 4096), id="sizes"),
        pytest.param("1,1,1,1000,3000", IMAGE, TCZYX, (1, 1, 1, 1024, 3072), id="rounded-up"),
        pytest.param("9,9,99,99999,4096", IMAGE, TCZYX, (1, 3, 16, 4096, 4096), id="clipped"),
        pytest.param("y=2048,x=4096", IMAGE, TCZYX, (1, 1, 1, 2048, 4096), id="by-axis"),
        pytest.param("z=4,y=2048", LABELS, ZYX, (4, 2048, 1024), id="by-axis-3-d"),
        pytest.param("1,1,4,2048,4096", LABELS, ZYX, (4, 2048, 4096), id="5-d-for-labels"),
        pytest.param("1,1,1,1024,1024", IMAGE, TCZYX, None, id="one-chunk"),
        pytest.param("c=2", LABELS, ZYX, None, id="axis-not-there"),
        pytest.param("y=2048", LABELS, None, None, id="no-names"),
        pytest.param(
            "1,1,1,4096,4096",
            layout_of((1, 1, 1, 500, 70), (1, 1, 1, 64, 64)),
            TCZYX,
            (1, 1, 1, 512, 128),
            id="low-level",
        ),
    ],
)
def test_shards_asked_for(
    text: str, layout: ArrayLayout, names: tuple[str, ...] | None, expected: Index | None
) -> None:
    """A shard asked for is whole chunks, clipped to the level; by axis name for other arrays."""
    wish = parse_shape(text, ("auto", "none"))

    found = shapes.wished_shards(wish, layout, names, TCZYX if len(wish.sizes) == 5 else None)

    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keep", (1, 1024, 1024)),
        ("1,512,512", (1, 512, 512)),
        ("y=256", (1, 256, 1024)),
        ("64,9999,1024", (16, 4096, 1024)),
        ("1,1,4,512,512", (4, 512, 512)),
    ],
)
def test_chunks_asked_for(text: str, expected: Index) -> None:
    """Chunks asked for are clipped to the array, and kept along axes that are not named."""
    wish = parse_shape(text, ("keep",))

    found = shapes.wished_chunks(wish, LABELS, ZYX, TCZYX if len(wish.sizes) == 5 else None)

    assert found == expected


def test_chunk_size_that_is_kept_may_exceed_the_array() -> None:
    """Asking for the chunk size that is there changes nothing, also where it is too large."""
    small = layout_of((300, 300), (1024, 1024))

    assert shapes.wished_chunks(Shape(sizes=(1024, 1024)), small, ("y", "x"), None) == (1024, 1024)
    assert shapes.wished_chunks(Shape(sizes=(512, 1024)), small, ("y", "x"), None) == (300, 1024)


@bounded
@given(
    st.integers(1, 4).flatmap(lambda n: st.tuples(sizes(n, 0, 40), sizes(n, 1, 9), sizes(n, 1, 60)))
)
def test_shards_asked_for_are_always_divisible(case: tuple[Index, Index, Index]) -> None:
    """Whatever the sizes, shards are whole chunks, cover what was asked for, and no more."""
    shape, chunks, asked = case
    layout = layout_of(shape, chunks)

    found = shapes.wished_shards(Shape(sizes=asked), layout, None, None) or chunks

    assert grid.divides(chunks, found)
    for size, chunk, wanted, axis in zip(found, chunks, asked, shape, strict=True):
        assert size >= min(wanted, axis)
        assert size - chunk < max(min(wanted, axis), 1)


@pytest.mark.parametrize(
    ("names", "axis"), [(("y", "x"), "axis x"), (None, "axis number 1"), (("y", None), "number 1")]
)
def test_shards_that_are_no_multiple_name_the_axis(
    names: tuple[str | None, ...] | None, axis: str
) -> None:
    """A shard that is no whole multiple of its chunk is refused, with array, axis and a size."""
    made = layout_of((64, 64), (16, 16), shards=(32, 40))

    with pytest.raises(UsageError, match=axis) as caught:
        shapes.check_shards("A/1/0", made, names)

    assert caught.value.place == "A/1/0"
    assert caught.value.hint == "use 48"


def test_shards_that_fit_pass() -> None:
    """Whole multiples pass, and so does no shard at all."""
    shapes.check_shards("0", layout_of((64, 64), (16, 16), shards=(64, 16)), ("y", "x"))
    shapes.check_shards("0", layout_of((64, 64), (16, 16)), None)


@pytest.mark.parametrize(("chunks", "refused"), [(2**20, False), (2**20 + 1, True)])
def test_indexes_of_more_than_a_million_chunks_need_a_flag(chunks: int, refused: bool) -> None:
    """A shard may hold 2^20 chunks; one more needs leave, since each reader loads the index."""
    made = layout_of((2 * chunks,), (1,), shards=(chunks,))

    shapes.check_index("0", made, large=True)
    if not refused:
        shapes.check_index("0", made, large=False)
        return
    with pytest.raises(UsageError, match=r"1,048,577 chunks,.* index of 16 MiB") as caught:
        shapes.check_index("0", made, large=False)
    assert "--large-index" in str(caught.value.hint)
