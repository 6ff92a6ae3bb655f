"""How the store of a command's one address is reached: as the verbs take it, and as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.jobs.reach import OneReach

_NAMES = ("endpoint", "anon", "region", "profile", "requester_pays", "requests", "patience")


def one_reach(given: Mapping[str, object]) -> OneReach:
    """Give what was said of the store."""
    return {n: given[n] for n in _NAMES if given[n] is not None}  # type: ignore[return-value]


def reach_words(given: Mapping[str, object]) -> list[str]:
    """Give the words that say it, for a next step that is printed."""
    return as_words(one_reach(given))


def as_words(reach: Mapping[str, object]) -> list[str]:
    """Give what was said of stores as it is typed."""
    words: list[str] = []
    for name, value in reach.items():
        if value is not None:
            option = f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return words
