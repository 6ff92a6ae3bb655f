"""How two JSON values differ, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Difference(NamedTuple):
    """One place at which two values differ."""

    op: str
    """`add`, `remove` or `replace`, as JSON Patch (RFC 6902) has them."""
    pointer: str
    """JSON pointer (RFC 6901)."""
    before: object
    after: object


def differences(before: object, after: object, pointer: str = "") -> Iterator[Difference]:
    """Walk the places at which two values differ; lists of other lengths differ as a whole."""
    if before is after:  # most of a document: what was not changed was not copied
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _of_member(before, after, name, f"{pointer}/{_escaped(name)}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{pointer}/{number}")
    elif type(before) is not type(after) or before != after:
        yield Difference("replace", pointer, before, after)


def _of_member(
    before: dict[str, object], after: dict[str, object], name: str, pointer: str
) -> Iterator[Difference]:
    if name not in after:
        yield Difference("remove", pointer, before[name], None)
    elif name not in before:
        yield Difference("add", pointer, None, after[name])
    else:
        yield from differences(before[name], after[name], pointer)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
