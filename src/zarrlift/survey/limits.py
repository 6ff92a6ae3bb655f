"""How much of a hierarchy is looked at where all of it would take too long.

A plate has thousands of fields that are alike, a prefix may hold any number of datasets: the
first of them tell what there is to know. Which nodes are left out is decided by the documents of
those above them, so it holds for places that list and for those that do not.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.images import objects, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """How many of each are looked at."""

    wells: int = 1
    """Of a plate."""
    fields: int = 1
    """Of a well in a plate; of one looked at by itself, `alone`."""
    alone: int = 16
    series: int = 32
    """Of a collection."""
    folders: int = 48
    """In a group or folder that is no plate, well, image or collection."""
    nodes: int = 8192
    """In all."""


@dataclass(slots=True)
class Limits:
    """Which nodes are looked at; learns it from the documents that are met on the way."""

    most: Most = field(default_factory=Most)
    left: dict[str, int] = field(default_factory=dict)
    """How many nodes were left out, by the path of the one that names or holds them."""
    arrays: dict[str, int] = field(default_factory=dict)
    """Zarr format of arrays that a group names, by path; they need no listing to be found."""
    seen: int = 0
    _only: dict[str, frozenset[str]] = field(default_factory=dict)
    """By the path of a node: the only paths below it that are looked at, with all on the way."""

    def met(
        self,
        path: str,
        members: Mapping[str, object],
        zarr_format: int | None,
        names: Iterable[str],
    ) -> None:
        """Learn from a group's OME-Zarr members and the names of the folders in it."""
        self.seen += 1
        if zarr_format is not None:
            self.arrays.update((p, zarr_format) for p, _, _ in ome.named_arrays(path, members))
        if "plate" in members:
            self._limit(path, _named(members, "plate", "wells"), self.most.wells, ("OME",))
        elif "well" in members:
            most = self.most.fields if path else self.most.alone
            self._limit(path, _named(members, "well", "images"), most, ())
        elif "bioformats2raw.layout" in members:
            counted = sorted((n for n in names if n.isdecimal()), key=int)
            self._limit(path, counted, self.most.series, ("OME",))
        elif not members:
            self._limit(path, sorted(names), self.most.folders, ())

    def skips(self, path: str) -> bool:
        """Say whether a node is left out."""
        if self.seen >= self.most.nodes:
            above = posixpath.dirname(path)
            self.left[above] = self.left.get(above, 0) + 1
            return True
        above = path
        while above:
            above = posixpath.dirname(above)
            only = self._only.get(above)
            if only is not None and path not in only and not _below(path, only):
                return True
        return False

    def _limit(self, path: str, names: Sequence[str], most: int, also: Iterable[str]) -> None:
        if len(names) <= most:
            return
        self.left[path] = len(names) - most
        kept = {ome.resolve(path, name) for name in (*names[:most], *also)}
        self._only[path] = frozenset(way for one in kept for way in _ways(path, one))


def _named(members: Mapping[str, object], member: str, entries: str) -> list[str]:
    stated = members.get(member)
    listed = objects(stated.get(entries)) if isinstance(stated, dict) else []
    return list(dict.fromkeys(texts([entry.get("path") for entry in listed])))


def _ways(path: str, one: str) -> Iterable[str]:
    """Walk a path and those on the way to it, down from another."""
    while one.strip("/") and one != path:  # a path may be absolute, and then ends at its root
        yield one
        one = posixpath.dirname(one)


def _below(path: str, only: frozenset[str]) -> bool:
    """Say whether a path lies below one that is looked at whole: the deepest of its branch."""
    above = posixpath.dirname(path)
    while above:
        if above in only:
            return not any(other.startswith(f"{above}/") for other in only)
        above = posixpath.dirname(above)
    return False
