"""Problems whose message begins with what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.validate.rule import Problem
from zarrlift.validate.values import items, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def at(pointer: str, message: str, whole: str = "multiscales") -> Problem:
    """Make a problem whose message names the member that the pointer leads to.

    `whole` is what the subject's value is called, for pointers that lead no further.
    """
    steps = pointer.split("/")[1:]
    number = f"[{steps.pop()}]" if steps and steps[-1].isdigit() else ""
    name = steps[-1] if steps and not steps[-1].isdigit() else whole
    return Problem(pointer, f"{name}{number} {message}")


def found_at(holder: Mapping[str, object], name: str) -> str:
    """Say what a member is that is not as it is due, or that it is missing."""
    return f"is {said(holder[name])}" if name in holder else "is missing"


def wrong_list(
    holder: Mapping[str, object],
    name: str,
    pointer: str = "",
    due: str = "a list of at least one object",
    *,
    empty: bool = False,
) -> Iterator[Problem]:
    """Say what is wrong with a member that is to be a list of objects, and may be `empty`."""
    found, pointer = holder.get(name), f"{pointer}/{name}"
    if not isinstance(found, list) or not (found or empty):
        yield at(pointer, f"{found_at(holder, name)}; {due} is due")
    for number, one in enumerate(items(found)):
        if not isinstance(one, dict):
            yield at(f"{pointer}/{number}", f"is {said(one)}, not an object")
