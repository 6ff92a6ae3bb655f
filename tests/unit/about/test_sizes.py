"""What a listing gives: sums of arrays, ratios of what is there."""

from __future__ import annotations

import pytest

from zarrlift.about.sizes import Sizes


def test_the_ratio_of_several_arrays_is_that_of_what_is_there() -> None:
    """An array of many chunks, none of which is stored, changes nothing."""
    image = Sizes(objects=10, due=10, stored_bytes=500, decoded_bytes=1000)
    label = Sizes(objects=0, due=10_000, stored_bytes=0)

    both = image.plus(label)

    assert both.ratio == image.ratio == 2.0
    assert label.ratio is None
    assert (both.missing, both.fill) == (10_000, None)


def test_shards_looked_at_are_counted_together() -> None:
    """How full they are is told of all of them."""
    one = Sizes(
        objects=1, due=1, stored_bytes=9, shards_looked_at=1, chunks_in_them=3, places_in_them=4
    )

    assert one.plus(one).fill == pytest.approx(0.75)
