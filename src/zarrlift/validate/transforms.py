"""Rules of the scales and translations of levels, in 0.4-0.6, and of whole images in 0.4 and 0.5.

What 0.6 asks of its coordinate systems around them stands in `systems`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Severity
from zarrlift.validate.multiscale import (
    TRANSFORMS,
    kind_of,
    level_axes,
    level_vector,
    multiscales,
)
from zarrlift.validate.rule import About, Force, Rules, between
from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.values import inside, numbers, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.values import Entry

RULES = Rules(About.IMAGE, "#multiscale-md")
_LISTS = ("0.4", "0.5")
"""Versions whose levels have a list of transformations."""
_KINDS = ("scale", "translation")


class _List(NamedTuple):
    """A list of transformations, which may be missing or none."""

    holder: Entry
    """The level, or the image."""
    axes: list[object] | None
    """Of the image; None where they cannot be told."""

    @property
    def pointer(self) -> str:
        return f"{self.holder.pointer}/{TRANSFORMS}"

    @property
    def objects(self) -> list[Entry]:
        """Return those that are objects."""
        return list(inside(self.holder, TRANSFORMS))

    @property
    def kinds(self) -> list[object]:
        return [one.value.get("type") for one in self.objects]


class _Vector(NamedTuple):
    pointer: str
    kind: str
    value: object
    axes: list[object] | None


def _lists(subject: Subject) -> Iterator[_List]:
    """Walk the lists of transformations: of every level, and of the image where it has one."""
    for image in multiscales(subject):
        axes = level_axes(subject, image.value)
        for level in inside(image, "datasets"):
            yield _List(level, axes)
        if TRANSFORMS in image.value and subject.version in _LISTS:
            yield _List(image, axes)


def _vectors(subject: Subject) -> list[_Vector]:
    """Give the scales and translations, those in a level's sequence of 0.6 too."""
    return subject.once("scales and translations", lambda: list(_read(subject)))


def _read(subject: Subject) -> Iterator[_Vector]:
    for found in _lists(subject):
        for entry in found.objects:
            nested = subject.version not in _LISTS and entry.value.get("type") == "sequence"
            for one in (entry, *(inside(entry, "transformations") if nested else ())):
                kind = text(one.value.get("type"))
                if kind in _KINDS:
                    yield _Vector(f"{one.pointer}/{kind}", kind, one.value.get(kind), found.axes)


@RULES.rule(
    "transforms-list",
    Force.MUST,
    versions=_LISTS,
    clause="Each level has `coordinateTransformations`, a list of objects; an image may have them.",
    repair="add a `scale` with the size of a pixel along each axis",
)
def _list(subject: Subject) -> Iterator[Problem]:
    for found in _lists(subject):
        holder = found.holder
        yield from wrong_list(holder.value, TRANSFORMS, holder.pointer, "a list", empty=True)


@RULES.rule(
    "transform-kind",
    Force.MUST,
    versions=_LISTS,
    clause="The transformations of levels and images are of type `scale` or `translation`.",
    repair="leave out `identity`; express anything else as a scale and a translation",
)
def _kind(subject: Subject) -> Iterator[Problem]:
    for found in _lists(subject):
        for entry in found.objects:
            if entry.value.get("type") not in _KINDS:
                is_there = found_at(entry.value, "type")
                yield at(f"{entry.pointer}/type", f"{is_there}; scale or translation is due")


@RULES.rule(
    "transform-scale",
    Force.MUST,
    versions=_LISTS,
    clause="Of the transformations of a level or image, exactly one is a scale and at most one a "
    "translation.",
    repair="fold several scales into one: multiply them, and add the translations up",
)
def _scale(subject: Subject) -> Iterator[Problem]:
    for found in _lists(subject):
        if not isinstance(found.holder.value.get(TRANSFORMS), list):
            continue
        scales, translations = (found.kinds.count(kind) for kind in _KINDS)
        if scales != 1:
            yield at(found.pointer, f"has {scales or 'no'} scales; one is due")
        if translations > 1:
            yield at(found.pointer, f"has {translations} translations; one at most is due")


@RULES.rule(
    "transform-order",
    Force.MUST,
    versions=_LISTS,
    clause="A translation comes after the scale, so that it is in physical units.",
    repair="put the scale first, and express the translation in the axes' units",
)
def _order(subject: Subject) -> Iterator[Problem]:
    for found in _lists(subject):
        kinds = found.kinds
        if "translation" in kinds and "scale" in kinds[kinds.index("translation") :]:
            yield at(found.pointer, "has the translation before the scale")


@RULES.rule(
    "transform-numbers",
    Force.MUST,
    versions=between("0.4"),
    clause="A scale or translation is a list of numbers; images hold no path to an array instead.",
    repair="write the numbers themselves, one for each axis",
)
def _numbers(subject: Subject) -> Iterator[Problem]:
    for vector in _vectors(subject):
        if numbers(vector.value) is None:
            is_there = "is missing" if vector.value is None else f"is {said(vector.value)}"
            yield at(vector.pointer, f"{is_there}; a list of numbers is due")


@RULES.rule(
    "transform-length",
    Force.MUST,
    versions=between("0.4"),
    clause="A scale or translation has one number for each axis.",
    repair="write one number for each axis, 1 in a scale where nothing is known",
)
def _length(subject: Subject) -> Iterator[Problem]:
    for vector, found, axes in _measured(subject):
        if len(found) != len(axes) and len(found) != _of_space(axes):
            yield at(vector.pointer, f"has {len(found)} numbers for {len(axes)} axes")


@RULES.rule(
    "transform-length-space",
    Force.MUST,
    versions=between("0.4"),
    clause="A scale or translation has a number for the axes of time and channels as well.",
    repair="write 1 in the scale, and 0 in the translation, for each axis that is not of space",
)
def _length_space(subject: Subject) -> Iterator[Problem]:
    for vector, found, axes in _measured(subject):
        if len(found) != len(axes) and len(found) == _of_space(axes):
            message = f"has {len(found)} numbers for {len(axes)} axes, as if for those of space"
            yield at(vector.pointer, message)


def _measured(subject: Subject) -> Iterator[tuple[_Vector, list[int | float], list[object]]]:
    """Walk the vectors that are lists of numbers, where the axes can be told."""
    for vector in _vectors(subject):
        found = numbers(vector.value)
        if found is not None and vector.axes is not None:
            yield vector, found, vector.axes


def _of_space(axes: list[object]) -> int:
    return sum(1 for axis in axes if kind_of(axis) == "space")


@RULES.rule(
    "scale-zero",
    Force.MUST,
    versions=between("0.4"),
    clause="No number of a scale is zero: a pixel has a size.",
    repair="write the size of a pixel, or 1 where it is not known",
)
def _zero(subject: Subject) -> Iterator[Problem]:
    for vector in _vectors(subject):
        for number, value in enumerate(numbers(vector.value) or ()):
            if vector.kind == "scale" and value == 0:
                yield at(f"{vector.pointer}/{number}", "is 0")


@RULES.rule(
    "scale-negative",
    Force.MUST,
    versions=between("0.4"),
    clause="The numbers of a scale are above zero; before 0.6 this is advice.",
    repair="write positive sizes; in 0.6 turn an axis round with an affine transformation",
    softer={"0.4": Severity.WARNING, "0.5": Severity.WARNING},
)
def _negative(subject: Subject) -> Iterator[Problem]:
    for vector in _vectors(subject):
        for number, value in enumerate(numbers(vector.value) or ()):
            if vector.kind == "scale" and value < 0:
                yield at(f"{vector.pointer}/{number}", f"is {said(value)}")


@RULES.rule(
    "scales-order",
    Force.MUST,
    versions=between("0.4"),
    clause="Levels come from the finest to the coarsest, so that their pixels grow.",
    repair="sort `datasets` from the highest resolution to the lowest",
)
def _scales_order(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        before: list[int | float] | None = None
        for level in inside(image, "datasets"):
            scale = level_vector(level.value, "scale")
            smaller = scale is not None and before is not None and _shrinks(before, scale)
            if smaller:
                message = f"has pixels of {said(scale)} after those of {said(before)}"
                yield at(level.pointer, message)
            before = scale


def _shrinks(before: list[int | float], after: list[int | float]) -> bool:
    """Say whether pixels got smaller along some axes and larger along none."""
    if len(before) != len(after) or min(*before, *after, 1) <= 0:
        return False
    pairs = list(zip(before, after, strict=True))
    return any(b < a for a, b in pairs) and not any(b > a for a, b in pairs)
