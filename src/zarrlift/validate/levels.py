"""Rules of an image's arrays: whether they are there, and fit the image and one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.survey.found import FoundKind
from zarrlift.validate.around import was_looked_at
from zarrlift.validate.multiscale import (
    WITHOUT_AXES,
    arrays,
    level_axes,
    level_names,
    level_vector,
    levels,
    multiscales,
    named,
    wrong_path,
)
from zarrlift.validate.rule import VERSIONS, About, Force, Rules, between
from zarrlift.validate.told import at
from zarrlift.validate.values import entries, inside, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject

RULES = Rules(About.IMAGE, "#multiscale-md")
_FIVE = 5
_BEYOND = 2**63
_ROUNDING = 0.01
"""How much of a length a level may differ from the one its scale tells, beside one pixel."""


@RULES.rule(
    "dataset-array",
    Force.MUST,
    looks_around=True,
    clause="Each level's path leads to an array.",
    repair="correct the path, restore the array, or take the level off the list",
)
def _array(subject: Subject) -> Iterator[Problem]:
    for _, level in levels(subject):
        path = text(level.value.get("path"))
        if path is None or wrong_path(level.value) or not was_looked_at(subject, path):
            continue
        wrong = _no_array(named(subject, level.value))
        if wrong:
            yield at(f"{level.pointer}/path", f"{said(path)} {wrong}")


def _no_array(node: Found | None) -> str | None:
    if node is None or node.kind is FoundKind.FOLDER:
        return "is not there"
    if node.kind is FoundKind.UNREADABLE:
        return None  # what is wrong with the document is told there
    return None if node.kind is FoundKind.ARRAY else "is a group, not an array"


@RULES.rule(
    "array-dimensions-axes",
    Force.MUST,
    looks_around=True,
    clause="Each array has as many dimensions as the image has axes; before 0.3 always five.",
    repair="list the axes that the arrays have, or write arrays that have the axes",
)
def _dimensions(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        axes = level_axes(subject, image.value)
        if axes is None:
            continue
        due = "five axes" if subject.version in WITHOUT_AXES else f"{len(axes)} axes"
        for level in arrays(subject, image):
            if level.layout.ndim != len(axes):
                message = f"has {level.layout.ndim} dimensions for {due}"
                yield at(f"{level.pointer}/path", f"{said(level.node.name)} {message}")


@RULES.rule(
    "array-dimension-names",
    Force.MUST,
    versions=between("0.5"),
    looks_around=True,
    clause="Each array has `dimension_names`, the names of the image's axes in their order; in 0.6 "
    "this is advice.",
    repair="add `dimension_names` to the array's `zarr.json`; `zarrlift repair` does it",
    softer={"0.6": Severity.WARNING},
    anchor="#axes-md",
)
def _dimension_names(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        names = level_names(subject, image.value)
        for level in arrays(subject, image):
            found = level.layout.dimension_names
            fits = level.node.zarr_format == 3 and level.layout.ndim == len(names or ())  # noqa: PLR2004 - the format's number
            if names is None or found == names or not fits:
                continue
            has = "has no `dimension_names`" if found is None else f"has {said(list(found))}"
            message = f"{said(level.node.name)} {has}; {said(list(names))} is due"
            yield at(f"{level.pointer}/path", message)


@RULES.rule(
    "array-dimensions-attribute",
    Force.MUST,
    versions=("0.3",),
    looks_around=True,
    clause="Each array repeats the image's axes in its attribute `_ARRAY_DIMENSIONS`.",
    repair="write the list of axes into `_ARRAY_DIMENSIONS` of the array's `.zattrs`",
)
def _attribute(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        names = level_names(subject, image.value)
        for level in arrays(subject, image):
            found = level.node.attributes.get("_ARRAY_DIMENSIONS")
            if names is None or found == list(names):
                continue
            has = "has no `_ARRAY_DIMENSIONS`" if found is None else f"has {said(found)}"
            message = f"{said(level.node.name)} {has}; {said(list(names))} is due"
            yield at(f"{level.pointer}/path", message)


@RULES.rule(
    "levels-dtype",
    Force.MUST,
    looks_around=True,
    clause="All levels of an image have one data type; before 0.6 this is advice.",
    repair="write the smaller levels anew in the type of the first",
    softer=dict.fromkeys(between("0.1", "0.5"), Severity.WARNING),
)
def _dtype(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        first: str | None = None
        for level in arrays(subject, image):
            name = level.layout.data_type.name
            first = first or name
            if name != first:
                message = f"{said(level.node.name)} is {name}, the first level {first}"
                yield at(f"{level.pointer}/path", message)


@RULES.rule(
    "levels-order",
    Force.MUST,
    looks_around=True,
    clause="Levels come from the largest array to the smallest.",
    repair="sort `datasets` from the largest array to the smallest",
)
def _order(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        before: tuple[int, ...] | None = None
        for level in arrays(subject, image):
            shape = level.layout.shape
            grew = any(b > a for a, b in zip(before or shape, shape, strict=False))
            if before is not None and len(before) == len(shape) and grew:
                message = f"{said(level.node.name)} of shape {list(shape)} comes after"
                yield at(f"{level.pointer}/path", f"{message} one of {list(before)}")
            before = shape


@RULES.rule(
    "scale-shape",
    Force.OURS,
    versions=between("0.4"),
    looks_around=True,
    clause="The scales of levels are to one another as the lengths of their arrays, but for "
    "rounding.",
    repair="write each level's scale as the first level's, times how many of its pixels fall on "
    "one",
)
def _scale_shape(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        datasets = {e.number: e.value for e in entries(image.value, "datasets")}
        there = list(arrays(subject, image))
        for level in there[1:]:
            first = there[0]
            scales = [level_vector(datasets[n.number], "scale") for n in (first, level)]
            if scales[0] is None or scales[1] is None:
                continue
            lengths = {len(scales[0]), len(scales[1]), first.layout.ndim, level.layout.ndim}
            if len(lengths) > 1 or min(*scales[0], *scales[1], 1) <= 0:
                continue
            off = [
                n
                for n, (s, t) in enumerate(zip(scales[0], scales[1], strict=True))
                if _differs(first.layout.shape[n], level.layout.shape[n], t / s)
            ]
            if off:
                message = (
                    f"has pixels {scales[1][off[0]] / scales[0][off[0]]:g} times as large along "
                    f"axis {off[0]}, where {first.layout.shape[off[0]]} became "
                    f"{level.layout.shape[off[0]]}"
                )
                yield at(level.pointer, message)


def _differs(first: int, length: int, factor: float) -> bool:
    if not 0 < factor < math.inf:
        return True
    if max(first, length) >= _BEYOND:
        return False  # no array is so long, as is told of the array
    due = first / factor
    return abs(length - due) > 1 + _ROUNDING * due


@RULES.rule(
    "level-translations",
    Force.OURS,
    versions=("0.6",),
    clause="A smaller level lies where its pixels do: shifted by half the difference of the pixel "
    "sizes where pixels were averaged, not at all where they were picked.",
    repair="add a translation of (s - s0) / 2 to each level that was made by averaging",
    softer=dict.fromkeys(VERSIONS, Severity.NOTE),
)
def _translations(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        stated = list(inside(image, "datasets"))
        for level in stated[1:]:
            off = _shift(stated[0].value, level.value)
            if off is not None:
                number, shift, due = off
                message = f"is shifted by {shift:g} along axis {number}, neither by 0 nor {due:g}"
                yield at(level.pointer, message)


def _shift(first: object, level: object) -> tuple[int, float, float] | None:
    """Give the first axis along which a level is shifted as no pyramid is, by how much, and due."""
    if not isinstance(first, dict) or not isinstance(level, dict):
        return None
    scales = [level_vector(d, "scale") for d in (first, level)]
    if scales[0] is None or scales[1] is None or len(scales[0]) != len(scales[1]):
        return None
    nothing = [0.0] * len(scales[0])
    moves = [level_vector(d, "translation") or nothing for d in (first, level)]
    if len(moves[0]) != len(nothing) or len(moves[1]) != len(nothing):
        return None
    for number, (s, t) in enumerate(zip(scales[0], scales[1], strict=True)):
        # As doubles: the difference of the largest whole numbers is none that can be shown.
        shift, due = float(moves[1][number]) - moves[0][number], (t - s) / 2
        if min(abs(shift), abs(shift - due)) > abs(t) / 100:
            return number, shift, due
    return None
