"""Documents in which one thing is wrong: a member is gone, or holds what nobody would write."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Way: TypeAlias = tuple[str | int, ...]

STRANGE: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    float("nan"),
    "",
    "x y",
    "../../..",
    [],
    [0, "1", None],
    {},
    {"name": ["x"]},
)


def ways(document: object, way: Way = ()) -> Iterator[Way]:
    """Walk all places in a document, the whole of it first."""
    yield way
    inner: Sequence[tuple[str | int, object]] = ()
    if isinstance(document, dict):
        inner = list(document.items())
    elif isinstance(document, list):
        inner = list(enumerate(document))
    for step, value in inner:
        yield from ways(value, (*way, step))


def mutated(document: object, below: Way = ()) -> Iterator[tuple[str, object]]:
    """Give copies of a document with one change each, at or below a place, and what it is."""
    start: object = document
    for step in below:
        start = start[step]  # type: ignore[index]
    for inner in ways(start, below):
        if not inner:
            continue
        for value in STRANGE:
            yield f"{_pointer(inner)} = {value!r:.40}", replaced(document, inner, value)
        yield f"{_pointer(inner)} removed", replaced(document, inner, None, remove=True)


def _pointer(way: Way) -> str:
    return "/" + "/".join(map(str, way))


def replaced(document: object, way: Way, value: object, *, remove: bool = False) -> object:
    """Give a copy of a document with another value at a place, or with none there."""
    made = copy.deepcopy(document)
    found: object = made
    for step in way[:-1]:
        found = found[step]  # type: ignore[index]
    if remove:
        del found[way[-1]]  # type: ignore[attr-defined]
    else:
        found[way[-1]] = value  # type: ignore[index]
    return made
