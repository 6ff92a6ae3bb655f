"""Findings of one kind gathered, so that what four hundred wells share is told once: pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zarrlift.findings import Finding

_VARIES = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|\S*/\S+|-?\d[\d,.]*(?:e[+-]?\d+)?|\b[A-Z]{1,2}\b'
)
"""What differs in messages of one kind: texts, paths, numbers, names of rows."""
_LONGEST = 600
"""Characters of a message that tell its kind: to look for paths takes their square."""
_GRAVITY = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Findings of one rule that differ in numbers and names only."""

    first: Finding
    count: int
    same: bool
    """All have the first one's message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One node, or several of a kind with the same findings."""

    paths: tuple[str, ...]
    role: str
    found: tuple[Alike, ...]

    @property
    def title(self) -> str:
        """Return the first path, and how many more there are."""
        first = self.paths[0] or "/"
        if len(self.paths) == 1:
            return f"{first} ({self.role})" if self.role else first
        more = len(self.paths) - 1
        return f"{first} and {words.plural(more, self.role or 'path', more=True)}"


def gathered(found: Iterable[Finding], roles: Mapping[str, str]) -> list[Place]:
    """Gather findings by node; nodes of one kind with the same findings are one place.

    Places with errors come first, then those with warnings, each in the order of the hierarchy.
    """
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in found:
        role = roles.get(finding.path, "")
        where = role or finding.path
        kind = (finding.rule, str(finding.severity), _shape(finding.message), role, where)
        groups[kind].append(finding)
    places: dict[tuple[str, ...], list[Alike]] = defaultdict(list)
    for group in groups.values():
        paths = tuple(dict.fromkeys(f.path for f in group))
        same = all(f.message == group[0].message for f in group)
        places[paths].append(Alike(first=group[0], count=len(group), same=same))
    made = [
        Place(paths=paths, role=roles.get(paths[0], ""), found=tuple(sorted(alike, key=_gravity)))
        for paths, alike in places.items()
    ]
    return sorted(made, key=lambda place: _gravity(place.found[0]))


def _shape(message: str) -> str:
    return _VARIES.sub("…", message[:_LONGEST])


def _gravity(alike: Alike) -> int:
    return _GRAVITY[str(alike.first.severity)]
