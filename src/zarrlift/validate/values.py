"""Reading JSON values that may be of any type: what does not fit is left to the rule that says so.

A rule asks for what it needs; where a value is of another type it gets nothing, since one rule
for each member judges its type.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeGuard, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

Place = TypeVar("Place")
Key = TypeVar("Key", bound="Hashable")
_NESTED = 3
"""Levels of lists and objects that a message shows."""
_BEYOND = 2**1023
"""From here on whole numbers are no doubles, and no arithmetic of ours is safe."""


class Entry(NamedTuple):
    """An object in a list, and where it stands."""

    number: int
    pointer: str
    """Relative to where the list was asked for."""
    value: Mapping[str, object]


def member(value: object, *names: str) -> object:
    """Give a member of a member; None where something on the way is no object, or not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def items(value: object) -> list[object]:
    """Give the items of a list; none where it is not one."""
    return value if isinstance(value, list) else []


def entries(value: object, *names: str) -> Iterator[Entry]:
    """Walk the objects of a list that lies at the members `names` of a value, or is the value."""
    below = _below(names)
    for number, item in enumerate(items(member(value, *names))):
        if isinstance(item, dict):
            yield Entry(number, f"{below}/{number}", item)


def inside(entry: Entry, *names: str) -> Iterator[Entry]:
    """Walk the objects of a list in an entry, with pointers from where that one's begins."""
    for one in entries(entry.value, *names):
        yield one._replace(pointer=entry.pointer + one.pointer)


def named(value: object, *names: str, by: str = "name") -> Iterator[tuple[Entry, str]]:
    """Walk the objects of a list that have a text at one member, each with that text."""
    for one in entries(value, *names):
        found = one.value.get(by)
        if isinstance(found, str):
            yield one, found


def texts(value: object) -> Iterator[tuple[str, str]]:
    """Walk the texts of a list, each after the pointer to it."""
    return ((f"/{n}", item) for n, item in enumerate(items(value)) if isinstance(item, str))


def repeated(found: Iterable[tuple[Place, Key]]) -> Iterator[tuple[Place, Key, Place]]:
    """Walk the values that came before: where each is, what it is, and where the first is."""
    first: dict[Key, Place] = {}
    for place, value in found:
        if value in first:
            yield place, value, first[value]
        first.setdefault(value, place)


def lengths(value: object, least: int = 0) -> tuple[int, ...] | None:
    """Give a list of whole numbers that are not below `least`; None where it is not one."""
    if not isinstance(value, list) or not all(type(v) is int and v >= least for v in value):
        return None
    return tuple(value)


@cache
def _below(names: tuple[str, ...]) -> str:
    return "".join(f"/{escaped(name)}" for name in names)


def text(value: object) -> str | None:
    """Give a text, or None where it is something else."""
    return value if isinstance(value, str) else None


def whole(value: object) -> int | None:
    """Give a whole number, as JSON Schema has them: 1.0 is one, true is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether a value is a number that a double can hold; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _BEYOND if isinstance(value, int) else math.isfinite(value)


def numbers(value: object) -> list[int | float] | None:
    """Give a list of finite numbers, or None where it is not one."""
    if not isinstance(value, list):
        return None
    found = [v for v in value if is_number(v)]
    return found if len(found) == len(value) else None


def escaped(name: str) -> str:
    """Write a member's name as a JSON pointer has it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def said(value: object, most: int = 60) -> str:
    """Write a value for a message, cut where it is long: no more is written out than is shown."""
    made = _written(value, most, _NESTED)
    return made if len(made) <= most else f"{made[: most - 1]}…"


def _written(value: object, most: int, depth: int) -> str:
    import json  # noqa: PLC0415 - only where something is wrong

    if isinstance(value, list | dict) and value:
        if depth == 0:
            return "[…]" if isinstance(value, list) else "{…}"
        shown = list(islice(value.items() if isinstance(value, dict) else value, most))
        if isinstance(value, dict):
            parts = [f"{json.dumps(k)}: {_written(v, most, depth - 1)}" for k, v in shown]
            return "{" + ", ".join(parts) + "}"
        return "[" + ", ".join(_written(v, most, depth - 1) for v in shown) + "]"
    cut = value[: most + 1] if isinstance(value, str) else value
    return json.dumps(cut, ensure_ascii=False, default=str)


def fingerprint(value: object) -> str:
    """Give a text that equal JSON values share, in whatever order their members are."""
    import json  # noqa: PLC0415 - as above

    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:  # so deep that it is no metadata, and like nothing else
        return f"nested {id(value)}"
