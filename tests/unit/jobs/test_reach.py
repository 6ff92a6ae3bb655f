"""What is said of stores: for both sides, for one of them, and which counts."""

from __future__ import annotations

import pytest

from zarrlift.jobs.reach import stores_of


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("endpoint", "http://a", "http://b"),
        ("anon", True, False),
        ("region", "here", "there"),
        ("profile", "lab", "home"),
        ("requester_pays", True, False),
    ],
)
@pytest.mark.parametrize(("side", "own"), [("src", "source"), ("dst", "target")])
def test_word_of_one_side_goes_before_that_of_both(
    name: str, value: object, other: object, side: str, own: str
) -> None:
    """A word without a side holds for both; one with a side overrides it there, and only there."""
    both = stores_of({name: value})
    one = stores_of({name: value, f"{side}_{name}": other})

    assert getattr(both.source, name) == getattr(both.target, name) == value
    for at in ("source", "target"):
        assert getattr(getattr(one, at), name) == (other if at == own else value)
    assert (one.source.side, one.target.side) == ("source", "target")
