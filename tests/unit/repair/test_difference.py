"""Differences of JSON values: every place, and no other."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarrlift.repair.difference import Difference, differences

PLAIN = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text("ab~/")
)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab~/"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "due"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1.0}, [Difference("replace", "/a", 1, 1.0)]),
        ({"a": True}, {"a": 1}, [Difference(op="replace", pointer="/a", before=True, after=1)]),
        (
            {"a/b": 1},
            {"m~n": 2},
            [Difference("remove", "/a~1b", 1, None), Difference("add", "/m~0n", None, 2)],
        ),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, [Difference("replace", "/a/1/b", 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [Difference("replace", "/a", [1], [1, 2])]),
    ],
)
def test_differences(before: object, after: object, due: list[Difference]) -> None:
    """Members are compared one by one, lists of one length item by item."""
    assert list(differences(before, after)) == due


def test_what_is_not_a_number_is_equal_to_itself() -> None:
    """A value that was not touched does not differ, though it compares unequal."""
    nan = float("nan")

    assert list(differences({"a": nan, "b": 1}, {"a": nan, "b": 2})) == [
        Difference("replace", "/b", 1, 2)
    ]


def patched(value: Any, found: list[Difference]) -> Any:
    """Make the changes that differences state."""
    value = copy.deepcopy(value)
    for op, pointer, _, after in found:
        *way, last = [
            part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]
        ] or [""]
        if not pointer:
            return after
        here = value
        for part in way:
            here = here[int(part) if isinstance(here, list) else part]
        if op == "remove":
            del here[last]
        else:
            here[int(last) if isinstance(here, list) else last] = after
    return value


@given(JSON, JSON)
def test_differences_lead_from_one_to_the_other(before: object, after: object) -> None:
    """Made one after another they turn the first value into the second."""
    assert repr_of(patched(before, list(differences(before, after)))) == repr_of(after)


def repr_of(value: object) -> object:
    """Give a value in a form that tells true from 1 and does not mind the order of members."""
    if isinstance(value, dict):
        return {key: repr_of(inner) for key, inner in value.items()}
    return [repr_of(v) for v in value] if isinstance(value, list) else repr(value)
