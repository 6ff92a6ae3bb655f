"""JSON values of any type, read for rules."""

from __future__ import annotations

import math

import pytest

from zarrlift.validate.values import Entry, inside, named, repeated, texts, whole


@pytest.mark.parametrize(
    ("value", "due"), [(3, 3), (3.0, 3), (-1.0, -1), (0.0, 0), (10**400, 10**400)]
)
def test_whole_numbers_are_those_of_json(value: object, due: int) -> None:
    """JSON does not tell 3.0 from 3."""
    assert whole(value) == due
    assert type(whole(value)) is int


@pytest.mark.parametrize("value", [True, False, None, "3", 3.5, math.nan, math.inf, [3]])
def test_nothing_else_is_a_whole_number(value: object) -> None:
    """Neither true nor a fraction."""
    assert whole(value) is None


def test_what_came_before_is_told_with_the_first() -> None:
    """Each time it comes again."""
    found = list(repeated([(0, "a"), (1, "b"), (2, "a"), (3, "a")]))

    assert found == [(2, "a", 0), (3, "a", 0)]


def test_places_in_lists_are_pointers() -> None:
    """What is no object, or no text, is left out and counted."""
    value = {"levels": [{"path": "0"}, 7, {"path": 1}, {"path": "2"}]}

    levels = list(inside(Entry(0, "/0", value), "levels"))

    assert [level.pointer for level in levels] == ["/0/levels/0", "/0/levels/2", "/0/levels/3"]
    paths = [(one.pointer, path) for one, path in named(value, "levels", by="path")]
    assert paths == [("/levels/0", "0"), ("/levels/3", "2")]
    assert list(texts(["a", 1, "b"])) == [("/0", "a"), ("/2", "b")]
