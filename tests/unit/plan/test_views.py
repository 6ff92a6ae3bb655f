"""What views cost: counted against every chunk, and the regions that are looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded, layout_of, sizes
from tests.unit.surveys import image, survey_of
from zarrlift import grid
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan.subject import Subject, find_subject
from zarrlift.plan.views import (
    Verdict,
    View,
    ViewCost,
    axis_roles,
    layout_results,
    typical_views,
    view_cost,
)


def subject_of(axes: str, *shapes: Index, chunks: Index) -> Subject:
    """Give an image with levels of these shapes."""
    levels = [layout_of(shape, chunks) for shape in shapes]
    return find_subject(survey_of(*image("", axes, levels)))


def regions(subject: Subject) -> dict[str, tuple[tuple[int, int], ...]]:
    """Give the region of each view."""
    return {
        view.name: tuple((part.start, part.stop) for part in view.region)
        for view in typical_views(subject)
    }


@st.composite
def looks(draw: st.DrawFn) -> tuple[View, ArrayLayout]:
    """Give a small array, perhaps sharded, and any region of it."""
    ndim = draw(st.integers(1, 3))
    shape, chunks = draw(sizes(ndim, 1, 12)), draw(sizes(ndim, 1, 5))
    per = draw(st.none() | sizes(ndim, 1, 3))
    shards = per and tuple(p * c for p, c in zip(per, chunks, strict=True))
    starts = [draw(st.integers(0, size - 1)) for size in shape]
    stops = [draw(st.integers(low + 1, size)) for low, size in zip(starts, shape, strict=True)]
    region = tuple(slice(low, high) for low, high in zip(starts, stops, strict=True))
    layout = layout_of(shape, chunks, shards=shards)
    return View(name="any", level=0, region=region), layout


def touching(view: View, shape: Index, layout: ArrayLayout) -> int:
    """Count, one by one, the cells of a grid that hold an element of the view."""
    cells = grid.grid_shape(layout.shape, shape)
    met = 0
    for number in range(grid.count(cells)):
        covered = grid.region(grid.unravel(number, cells), shape, layout.shape)
        pairs = zip(covered, view.region, strict=True)
        met += all(a.start < b.stop and b.start < a.stop for a, b in pairs)
    return met


@given(looks())
@bounded
def test_costs_are_those_of_counting_every_chunk(look: tuple[View, ArrayLayout]) -> None:
    """Requests, bytes and indexes are what a walk over all chunks and shards gives."""
    view, layout = look
    chunks = touching(view, layout.chunks, layout)
    shards = touching(view, layout.shards, layout) if layout.shards else 0

    cost = view_cost(view, layout)

    assert cost.chunks == chunks
    assert cost.requests == chunks + shards
    assert cost.decoded_bytes == chunks * layout.chunk_bytes
    assert cost.index_bytes == shards * (16 * grid.count(layout.per_object) + 4)
    assert cost.shown_bytes == view.elements * 2


def test_views_of_an_image_of_five_axes() -> None:
    """Each view is the middle of its level; the screen shows the first level that fits it."""
    subject = subject_of(
        "tczyx", (10, 2, 100, 4000, 3000), (10, 2, 100, 2000, 1500), (10, 2, 50, 1000, 750),
        chunks=(1, 1, 1, 1000, 1000),
    )  # fmt: skip

    assert regions(subject) == {
        "screen": ((4, 5), (0, 1), (24, 25), (0, 1000), (0, 750)),
        "plane": ((4, 5), (0, 1), (49, 50), (0, 4000), (0, 3000)),
        "block": ((4, 5), (0, 1), (18, 82), (1968, 2032), (1468, 1532)),
        "xz": ((4, 5), (0, 1), (0, 100), (1999, 2000), (0, 3000)),
        "volume": ((4, 5), (0, 1), (0, 100), (0, 4000), (0, 3000)),
        "time": ((0, 10), (0, 1), (49, 50), (1999, 2000), (1499, 1500)),
    }
    assert typical_views(subject)[0].level == 2


def test_screen_shows_part_of_a_level_that_is_too_large() -> None:
    """Where no level fits the screen, the middle of the coarsest is shown."""
    subject = subject_of("yx", (8000, 8000), (4000, 4000), chunks=(512, 512))

    assert regions(subject)["screen"] == ((1460, 2540), (1040, 2960))


@pytest.mark.parametrize(
    ("axes", "shape", "names"),
    [
        ("yx", (9, 9), ["screen", "plane", "block"]),
        ("tyx", (3, 9, 9), ["screen", "plane", "block", "time"]),
        ("zyx", (3, 9, 9), ["screen", "plane", "block", "xz", "volume"]),
        ("tczyx", (1, 1, 1, 9, 9), ["screen", "plane", "block"]),
    ],
)
def test_views_that_an_image_has(axes: str, shape: Index, names: list[str]) -> None:
    """Without z there is no xz slice, without times no pixel through time."""
    subject = subject_of(axes, shape, chunks=shape)

    assert [view.name for view in typical_views(subject)] == names


def test_array_of_one_axis_is_looked_at_whole() -> None:
    """What is no image has one view: all of it."""
    subject = subject_of("x", (100,), chunks=(10,))

    assert regions(subject) == {"volume": ((0, 100),)}


@pytest.mark.parametrize(
    ("ndim", "names", "roles"),
    [
        (5, None, {"t": 0, "c": 1, "z": 2, "y": 3, "x": 4}),
        (2, None, {"y": 0, "x": 1}),
        (6, None, {"t": 1, "c": 2, "z": 3, "y": 4, "x": 5}),
        (3, ("X", "Y", "c"), {"x": 0, "y": 1, "c": 2}),
        (3, ("a", None, "b"), {"z": 0, "y": 1, "x": 2}),
    ],
)
def test_axes_by_name_or_by_place(
    ndim: int, names: tuple[str | None, ...] | None, roles: dict[str, int]
) -> None:
    """Names tell the axes apart; without any that is known they are counted from the end."""
    assert axis_roles(ndim, names) == roles


def test_layouts_that_are_compared() -> None:
    """What the data has comes first; shapes that come to the same are compared once."""
    subject = subject_of("zyx", (100, 600, 600), (50, 300, 300), chunks=(1, 256, 256))

    results = layout_results(subject, typical_views(subject))

    shapes = {one.name: (one.chunks, one.objects) for one in results if one.shards is None}
    assert shapes == {
        "now": ((1, 256, 256), (900, 200)),
        "plane 512": ((1, 512, 512), (400, 50)),
        "plane 1024": ((1, 600, 600), (100, 50)),
        "cube 32": ((32, 32, 32), (1444, 200)),
        "cube 64": ((64, 64, 64), (200, 25)),
        "cube 128": ((100, 128, 128), (25, 9)),
    }
    sharded = {one.name for one in results if one.shards}
    assert sharded == {f"{name} + shards" for name in shapes}
    assert all(one.index_bytes > 0 for one in results if one.shards)


def test_index_bytes_of_all_levels() -> None:
    """Each shard of each level has an index of 16 bytes for each chunk, and a checksum of 4."""
    subject = subject_of("zyx", (4, 512, 512), (4, 256, 256), chunks=(1, 256, 256))

    packed = next(o for o in layout_results(subject, ()) if o.name == "now + shards")

    assert packed.objects == (1, 1)
    assert packed.index_bytes == (16 * 16 + 4) + (4 * 16 + 4)


@pytest.mark.parametrize(
    ("requests", "excess", "verdict"),
    [
        (1, 1, Verdict.GOOD),
        (64, 4, Verdict.GOOD),
        (65, 1, Verdict.FAIR),
        (1, 5, Verdict.FAIR),
        (1024, 31, Verdict.FAIR),
        (1025, 1, Verdict.BAD),
        (1, 32, Verdict.BAD),
    ],
)
def test_verdict(requests: int, excess: int, verdict: Verdict) -> None:
    """Few requests and little excess are good, many or much are bad."""
    cost = ViewCost(
        view="xz",
        requests=requests,
        chunks=1,
        decoded_bytes=100 * excess,
        shown_bytes=100,
        index_bytes=0,
    )

    assert cost.verdict is verdict
    assert replace(cost, shown_bytes=0).excess == 1
