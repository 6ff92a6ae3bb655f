"""Reading `multiscales` of any version: axes, levels and their arrays, as far as they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.validate.values import entries, inside, items, member, numbers, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.values import Entry

FIVE = "tczyx"
"""Axes of every image of 0.1 and 0.2, which do not write them."""
WITHOUT_AXES = ("0.1", "0.2")
SYSTEMS = "coordinateSystems"
TRANSFORMS = "coordinateTransformations"
ENDS = ("input", "output")
"""Of a transformation in 0.6."""


class Axes(NamedTuple):
    """One list of axes."""

    pointer: str
    items: list[object]
    of_levels: bool
    """Of the levels' arrays: the only ones before 0.6, there those of the intrinsic system."""


class Level(NamedTuple):
    """One entry of `datasets` whose array is there."""

    number: int
    pointer: str
    node: Found
    layout: ArrayLayout


def multiscales(subject: Subject) -> Iterator[Entry]:
    """Walk the entries of `multiscales` that are objects."""
    return entries(subject.value)


def levels(subject: Subject) -> Iterator[tuple[Entry, Entry]]:
    """Walk the entries of `datasets` that are objects, each after its image."""
    for image in multiscales(subject):
        for level in inside(image, "datasets"):
            yield image, level


def transforms(subject: Subject) -> Iterator[tuple[Entry, Entry]]:
    """Walk the transformations of whole images, each after its image."""
    for image in multiscales(subject):
        for one in inside(image, TRANSFORMS):
            yield image, one


def axes_lists(subject: Subject) -> Iterator[Axes]:
    """Walk all lists of axes of an image."""
    for image in multiscales(subject):
        if subject.version == "0.6":  # axes lie in coordinate systems from here on
            own = ome.level_system(image.value)
            for system in inside(image, SYSTEMS):
                axes = system.value.get("axes")
                if isinstance(axes, list):
                    yield Axes(f"{system.pointer}/axes", axes, system.value is own)
        elif subject.version not in WITHOUT_AXES and isinstance(image.value.get("axes"), list):
            yield Axes(f"{image.pointer}/axes", items(image.value["axes"]), of_levels=True)


def level_axes(subject: Subject, image: Mapping[str, object]) -> list[object] | None:
    """Give the axes of an image's levels, whatever they hold; None where they cannot be told."""
    if subject.version in WITHOUT_AXES:
        return list(FIVE)
    holder = ome.level_system(image) if subject.version == "0.6" else image
    axes = holder.get("axes") if holder is not None else None
    return axes if isinstance(axes, list) else None


def level_names(subject: Subject, image: Mapping[str, object]) -> tuple[str, ...] | None:
    """Give the names of an image's axes; None where not every one has a name."""
    axes = level_axes(subject, image)
    names = [text(axis if isinstance(axis, str) else member(axis, "name")) for axis in axes or ()]
    found = tuple(name for name in names if name)
    return found if found and len(found) == len(names) else None


def arrays(subject: Subject, image: Entry) -> Iterator[Level]:
    """Walk the levels whose array is there and can be read."""
    for entry in inside(image, "datasets"):
        node = named(subject, entry.value)
        if node is not None and node.layout is not None and node.kind is FoundKind.ARRAY:
            yield Level(entry.number, entry.pointer, node, node.layout)


def named(subject: Subject, dataset: Mapping[str, object]) -> Found | None:
    """Give the node that an entry of `datasets` names."""
    path = text(dataset.get("path"))
    return subject.beside(path) if path else None


def wrong_path(dataset: Mapping[str, object]) -> str | None:
    """Say what is wrong with the path of a level as such."""
    if "path" not in dataset:
        return "is missing"
    path = text(dataset["path"])
    if path is None:
        return f"is {said(dataset['path'])}, not a text"
    parts = path.removesuffix("/").split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return f"is {said(path)}, which leads to no node below the group"
    return None


def level_vector(dataset: Mapping[str, object], kind: str) -> list[int | float] | None:
    """Give the scale or translation of a level, in the form of 0.4-0.6; None without a usable one.

    A transformation of 0.6 may hold them in a sequence.
    """
    for transform in items(dataset.get(TRANSFORMS)):
        for candidate in (transform, *items(member(transform, "transformations"))):
            if member(candidate, "type") == kind:
                return numbers(member(candidate, kind))
    return None


def kind_of(axis: object) -> str:
    """Give what an axis is: its type, else `untyped`; names tell it in 0.1-0.3."""
    if isinstance(axis, str):
        return {"t": "time", "c": "channel"}.get(axis, "space" if axis in set("zyx") else "untyped")
    return text(member(axis, "type")) or "untyped"
