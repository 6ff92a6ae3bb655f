"""Rules of 0.6: parameters of transformations that are stored as arrays and images of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.validate.around import was_looked_at
from zarrlift.validate.image_transforms import sizes_in
from zarrlift.validate.multiscale import ENDS, arrays, transforms
from zarrlift.validate.rule import About, Force, Rules
from zarrlift.validate.told import at
from zarrlift.validate.values import entries, items, member, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.values import Entry

RULES = Rules(About.IMAGE, "#trafo-types-md")
_ONLY = ("0.6",)
_FIELDS = {"displacements": "displacement", "coordinates": "coordinate"}
"""Kinds of transformation that are stored as an image, and the type of the axis of its vectors."""
_MATRICES = ("affine", "rotation")
_MATRIX_AXES = 2


def _stored(
    subject: Subject, kinds: tuple[str, ...]
) -> Iterator[tuple[Entry, Entry, Found | None]]:
    """Walk the transformations of some kinds that name a node, with their image and that node."""
    for image, one in transforms(subject):
        path = text(one.value.get("path"))
        if one.value.get("type") in kinds and path and was_looked_at(subject, path):
            yield image, one, subject.beside(path)


def _ends(subject: Subject, image: Entry, one: Entry) -> tuple[int | None, int | None]:
    """Give the numbers of axes that a transformation leads from and to, where both are here."""
    sizes = sizes_in(subject, image)
    takes, gives = (
        None if member(one.value, end, "path") else sizes.get(_name(one, end)) for end in ENDS
    )
    return takes, gives


def _name(one: Entry, end: str) -> str | None:
    """Give the name of the system that a transformation leads from or to."""
    return text(member(one.value, end, "name"))


@RULES.rule(
    "field-image",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="The path of displacements or coordinates leads to an image with one axis of that type, "
    "which is `discrete`.",
    repair="correct the path, or set `type` and `discrete` of the field's axis",
)
def _image(subject: Subject) -> Iterator[Problem]:
    for _, one, node in _stored(subject, tuple(_FIELDS)):
        path, due = one.value.get("path"), _FIELDS[str(one.value["type"])]
        axes = _field_axes(node)
        if axes is None:
            is_there = "is not there" if node is None else "is no image"
            yield at(f"{one.pointer}/path", f"{said(path)} {is_there}")
            continue
        vectors = [axis for axis in axes if member(axis, "type") == due]
        if len(vectors) != 1:
            yield at(f"{one.pointer}/path", f"{said(path)} has not one axis of type {due}")
        elif member(vectors[0], "discrete") is not True:
            yield at(f"{one.pointer}/path", f"{said(path)} has an axis of {due} not `discrete`")


def _field_axes(node: Found | None) -> list[object] | None:
    """Give the axes of a field; None where there is no image."""
    image = next(entries(node.ome, "multiscales"), None) if node is not None else None
    if image is None:
        return None
    return items(member(ome.level_system(image.value), "axes"))


@RULES.rule(
    "field-fits",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="A field has the axes of the input and one more, which is as long as the output has "
    "axes.",
    repair="write the field with an axis for each of the input, and one for its vectors",
)
def _fits(subject: Subject) -> Iterator[Problem]:
    for image, one, node in _stored(subject, tuple(_FIELDS)):
        takes, gives = _ends(subject, image, one)
        axes = _field_axes(node)
        kinds = [member(axis, "type") for axis in axes or ()]
        due = _FIELDS[str(one.value["type"])]
        if node is None or axes is None or kinds.count(due) != 1:
            continue
        path, pointer = said(one.value.get("path")), f"{one.pointer}/path"
        if takes is not None and len(axes) != takes + 1:
            yield at(pointer, f"{path} has {len(axes)} axes; {takes + 1} are due")
        for shape in _shapes(subject, node, one):
            length = shape[kinds.index(due)] if len(shape) == len(axes) else None
            if gives is not None and length is not None and length != gives:
                yield at(pointer, f"{path} has vectors of {length} numbers; {gives} are due")


def _shapes(subject: Subject, node: Found, one: Entry) -> list[tuple[int, ...]]:
    """Give the shapes of a field's arrays."""
    image = next(entries(node.ome, "multiscales"), None)
    if image is None:
        return []
    below = text(one.value.get("path")) or ""
    levels = [
        level | {"path": f"{below}/{level.get('path')}"}
        for level in items(image.value.get("datasets"))
        if isinstance(level, dict) and isinstance(level.get("path"), str)
    ]
    return [
        found.layout.shape for found in arrays(subject, image._replace(value={"datasets": levels}))
    ]


@RULES.rule(
    "matrix-array",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="The path of an affine transformation or a rotation leads to an array of two "
    "dimensions that fits the axes which it joins.",
    repair="store the matrix with a row for each axis of the output; of an affine one, with a "
    "column more than the input has axes",
)
def _matrix(subject: Subject) -> Iterator[Problem]:
    for image, one, node in _stored(subject, _MATRICES):
        path, pointer = said(one.value.get("path")), f"{one.pointer}/path"
        if str(one.value["type"]) in one.value:
            continue  # the matrix is there, which the path is too much beside
        if node is None or node.kind is not FoundKind.ARRAY:
            yield at(pointer, f"{path} {'is not there' if node is None else 'is no array'}")
            continue
        shape = node.layout.shape if node.layout is not None else None
        if shape is None:
            continue
        takes, gives = _ends(subject, image, one)
        more = 1 if one.value["type"] == "affine" else 0
        due = (gives, takes + more if takes is not None else None)
        fits = len(shape) == _MATRIX_AXES and all(
            d is None or d == n for d, n in zip(due, shape, strict=True)
        )
        if not fits:
            sizes = " x ".join("n" if d is None else str(d) for d in due)
            yield at(pointer, f"{path} has the shape {list(shape)}; {sizes} is due")
