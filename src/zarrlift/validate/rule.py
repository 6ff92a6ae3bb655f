"""What a rule is: a pure function with a name, what it asks, and how to mend what breaks it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.survey.found import Hierarchy
    from zarrlift.validate.subject import Subject

VERSIONS = ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6")
"""OME-Zarr versions that rules know."""
_SPECIFICATION = "https://ngff.openmicroscopy.org"
_CALLED = {
    ("0.6", "#multiscale-md"): "#multiscales-md",
    ("0.6", "#axes-md"): "#coordinate-systems-md",
    ("0.3", "#axes-md"): "#multiscale-md",
}
"""Anchors that are called otherwise in one version."""


class Force(StrEnum):
    """How much the clause asks."""

    MUST = "must"
    SHOULD = "should"
    OURS = "ours"
    """No clause asks it: people need it all the same."""


class About(StrEnum):
    """What a rule looks at: subjects are made for whatever a node holds of these."""

    IMAGE = "image"
    """A group with `multiscales`."""
    OMERO = "omero"
    LABELS = "labels"
    """The group that lists label images, or one called `labels` within an image."""
    LABEL = "label"
    """A group with `image-label`, or one that a `labels` list names."""
    PLATE = "plate"
    WELL = "well"
    COLLECTION = "collection"
    """A group with `bioformats2raw.layout`."""
    SERIES = "series"
    """The group `OME` of a collection."""
    SCENE = "scene"
    GROUP = "group"
    """Any group, OME-Zarr's or not."""
    ARRAY = "array"
    ZARR_V2 = "zarr-v2"
    """An array's `.zarray`."""
    ZARR_V3 = "zarr-v3"
    """An array's `zarr.json`."""
    NODE = "node"
    """Any node: its documents as such."""
    DATASET = "dataset"
    """The topmost node, for what concerns all of a hierarchy."""


class Problem(NamedTuple):
    """One breach of a rule."""

    pointer: str
    """JSON pointer, relative to what `Subject.value` is; empty for all of it."""
    message: str
    """What is wrong, with the values; short, lower case, no full stop."""


if TYPE_CHECKING:
    Check = Callable[[Subject], Iterator[Problem]]
    Arises = Callable[[Hierarchy], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A clause of the specification, or a check of ours."""

    id: str
    """Stable, such as `axes-order`."""
    about: About
    force: Force
    versions: tuple[str, ...]
    clause: str
    """What is asked, in one sentence of our own."""
    repair: str
    """What to do about it, as an instruction."""
    anchor: str
    """Where the specification says it: a page below each version, or a whole address."""
    looks_around: bool
    """It needs other nodes than its subject's, so a single document cannot be judged by it."""
    softer: Mapping[str, Severity]
    """Severity in versions where it is not that of the force."""
    check: Check
    arises: Arises | None = None
    """Says whether any node of a hierarchy may break it; None for always. Most have one version
    and one format throughout, so that their thousands of nodes need not be asked one by one."""

    def severity(self, version: str) -> Severity:
        """Return how much a breach matters in one version."""
        usual = {Force.MUST: Severity.ERROR, Force.SHOULD: Severity.WARNING}
        return self.softer.get(version) or usual.get(self.force, Severity.WARNING)

    def link(self, version: str) -> str:
        """Return the address of the clause."""
        if self.anchor.startswith("http"):
            return self.anchor
        anchor = _CALLED.get((version, self.anchor), self.anchor)
        return f"{_SPECIFICATION}/{version}/{anchor}"


def between(first: str, last: str = VERSIONS[-1]) -> tuple[str, ...]:
    """Give the versions from one to another, both included."""
    return VERSIONS[VERSIONS.index(first) : VERSIONS.index(last) + 1]


class Rules:
    """The rules of one module, in the order in which they are written."""

    def __init__(self, about: About, anchor: str) -> None:
        self.all: list[Rule] = []
        self._about, self._anchor = about, anchor

    def rule(
        self,
        rule_id: str,
        force: Force,
        *,
        clause: str,
        repair: str,
        versions: tuple[str, ...] = VERSIONS,
        looks_around: bool = False,
        softer: Mapping[str, Severity] | None = None,
        anchor: str | None = None,
        about: About | None = None,
        arises: Arises | None = None,
    ) -> Callable[[Check], Check]:
        """Register the decorated function as the check of a rule."""

        def register(check: Check) -> Check:
            self.all.append(
                Rule(
                    id=rule_id,
                    about=about or self._about,
                    force=force,
                    versions=versions,
                    clause=clause,
                    repair=repair,
                    anchor=self._anchor if anchor is None else anchor,
                    looks_around=looks_around,
                    softer=dict(softer or {}),
                    check=check,
                    arises=arises,
                )
            )
            return check

        return register
