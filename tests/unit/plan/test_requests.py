"""Bounds of the requests that list arrays."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.layouts import bounded, layout_of
from zarrlift.plan.cost import Basis, Figure
from zarrlift.plan.requests import Side, array_lists, pages, whole_lists


def listed(shape: tuple[int, ...], at_once: int) -> int:
    """Count the requests that list a full array, level by level until all below fit at once."""
    asked = Counter[str]()

    def below(axes: tuple[int, ...]) -> None:
        if math.prod(axes) <= at_once:
            asked["list"] += pages(math.prod(axes))
            return
        asked["list"] += pages(axes[0])
        for _ in range(axes[0] if len(axes) > 1 else 0):
            below(axes[1:])

    below(shape)
    return asked["list"]


@bounded
@given(st.lists(st.integers(1, 30), min_size=1, max_size=3), st.sampled_from([1, 50, 1000]))
def test_listing_an_array_is_bounded(shape: list[int], at_once: int) -> None:
    """No array takes more than the bound, and the bound is not far off."""
    layout = layout_of(tuple(shape), (1,) * len(shape))

    most, taken = array_lists(layout, at_once), listed(tuple(shape), at_once)

    assert taken <= most <= 2 * taken + 3


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (131_072, 132)]
)
def test_pages(count: int, expected: int) -> None:
    """A request lists a thousand, and an empty place takes one too."""
    assert pages(count) == expected


def test_whole_dataset_in_pages() -> None:
    """Documents and files count among the objects."""
    assert whole_lists(900, 20, 19) == 1
    assert whole_lists(900, 20, 20) == 2


def test_sums_are_as_certain_as_their_least_part() -> None:
    """Counts stay counts where nothing uncertain is added; nothing added changes nothing."""
    side = Side()
    side.add(get=3, put=1)
    side.add(Basis.BOUND, get=2)
    side.add(Basis.ESTIMATED, put=0)

    assert side.figures["get"] == Figure(value=5, basis=Basis.BOUND)
    assert side.figures["put"] == Figure(value=1, basis=Basis.COUNTED)
