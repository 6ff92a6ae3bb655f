"""Rules of a well: its fields, which acquisition each is of, and that they are alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.validate.around import axis_names, is_readable, level_layouts, no_image
from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.told import wrong_list
from zarrlift.validate.values import entries, named, repeated, said, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.WELL, "#well-md")

_OLD = between("0.1", "0.3")
_NAME = re.compile(r"[A-Za-z0-9]+")
_NAME_0_6 = re.compile(r"(?!\.+$)(?!__)[A-Za-z0-9_.-]+")
_DEPTH = 2
"""Folders from a plate down to a well."""


@RULES.rule(
    "well-object",
    Force.MUST,
    clause="What well holds is an object.",
    repair="make well an object with images",
)
def _object(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        yield Problem("", f"well is {said(subject.value)}, no object")


@RULES.rule(
    "well-images",
    Force.MUST,
    clause="A well lists its fields as images: a list of objects that is not empty.",
    repair="list the path of each field",
)
def _images(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        return
    yield from wrong_list(subject.value, "images")


@RULES.rule(
    "well-path",
    Force.MUST,
    clause="A field has a path of one name: letters and digits, in 0.6 hyphen, underscore and dot "
    "too, but neither dots alone nor two underscores at its beginning.",
    repair="rename the field's group to letters and digits, and write that name",
)
def _path(subject: Subject) -> Iterator[Problem]:
    form = _NAME_0_6 if subject.version == "0.6" else _NAME
    for entry in entries(subject.value, "images"):
        stated = entry.value.get("path")
        pointer = f"{entry.pointer}/path"
        if "path" not in entry.value:
            yield Problem(entry.pointer, "a field has no path")
        elif not isinstance(stated, str):
            yield Problem(pointer, f"path is {said(stated)}, no text")
        elif not form.fullmatch(stated):
            yield Problem(pointer, f"path {said(stated)} is no name that a field may have")


@RULES.rule(
    "well-path-once",
    Force.MUST,
    clause="No field is listed twice.",
    repair="remove the second entry, or write the path that was meant",
)
def _once(subject: Subject) -> Iterator[Problem]:
    for entry, path, _ in repeated(named(subject.value, "images", by="path")):
        yield Problem(f"{entry.pointer}/path", f"field {said(path)} is listed twice")


@RULES.rule(
    "well-acquisition",
    Force.MUST,
    clause="The acquisition of a field, where stated, is a whole number.",
    repair="write the id of the acquisition",
)
def _acquisition(subject: Subject) -> Iterator[Problem]:
    for entry in entries(subject.value, "images"):
        stated = entry.value.get("acquisition", 0)
        if whole(stated) is None:
            told = f"acquisition is {said(stated)}, no whole number"
            yield Problem(f"{entry.pointer}/acquisition", told)


@RULES.rule(
    "well-acquisition-listed",
    Force.MUST,
    clause="The acquisition of a field is one that the plate lists.",
    repair="write the id of an acquisition of the plate, or add the acquisition there",
    looks_around=True,
)
def _acquisition_listed(subject: Subject) -> Iterator[Problem]:
    known = _acquisitions(subject)
    if not known:
        return
    for entry in entries(subject.value, "images"):
        stated = whole(entry.value.get("acquisition"))
        if stated is not None and stated not in known:
            told = f"acquisition {stated} is none of the plate's"
            yield Problem(f"{entry.pointer}/acquisition", told)


@RULES.rule(
    "well-acquisition-stated",
    Force.MUST,
    clause="In a plate of several acquisitions each field states its own (up to 0.3 it should).",
    repair="add the id of the acquisition in which the field was recorded",
    looks_around=True,
    softer=dict.fromkeys(_OLD, Severity.WARNING),
)
def _acquisition_stated(subject: Subject) -> Iterator[Problem]:
    number = len(_acquisitions(subject))
    for entry in entries(subject.value, "images") if number > 1 else ():
        if "acquisition" not in entry.value:
            told = f"a field states no acquisition, and the plate has {number}"
            yield Problem(entry.pointer, told)


@RULES.rule(
    "well-version",
    Force.SHOULD,
    clause="In 0.1-0.4 a well states the version of the specification.",
    repair="add the version to well",
    versions=between("0.1", "0.4"),
)
def _version(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "version" not in subject.value:
        yield Problem("", "the well states no version")


@RULES.rule(
    "well-fields-exist",
    Force.MUST,
    clause="Each field of a well is an image.",
    repair="restore the field, or remove it from the list",
    looks_around=True,
)
def _exist(subject: Subject) -> Iterator[Problem]:
    for entry, path in named(subject.value, "images", by="path"):
        place = subject.place(path) if path else None
        problem = no_image(subject.tree, place) if place is not None else None
        if problem is not None:
            yield Problem(f"{entry.pointer}/path", f"{path} {problem}")


@RULES.rule(
    "well-fields-listed",
    Force.OURS,
    clause="An image that lies in a well is one of its fields, where readers look for it.",
    repair="add the image to the list, or remove its group",
    looks_around=True,
)
def _listed(subject: Subject) -> Iterator[Problem]:
    fields = {node.path for node in _fields(subject)}
    if not fields:
        return
    for node in subject.tree.inside(subject.node.path):
        if "multiscales" in node.ome and node.path not in fields:
            yield Problem("/images", f"{node.name} is an image, and not listed")


@RULES.rule(
    "well-place",
    Force.MUST,
    clause="Above a well lie a row and a plate.",
    repair="put the well into a plate, as ROW/COLUMN below it, or open the plate itself",
    versions=between("0.4"),
    looks_around=True,
    anchor="#hcs-layout",
)
def _place(subject: Subject) -> Iterator[Problem]:
    path = subject.node.path
    plate = _plate(subject)
    if path.count("/") + 1 < _DEPTH or plate is None or not is_readable(plate):
        return
    if plate.documents and "plate" not in plate.ome and "plate" not in plate.attributes:
        yield Problem("", f"{plate.path or 'the root'}, two folders above the well, is no plate")


@RULES.rule(
    "well-fields-alike",
    Force.OURS,
    clause="The fields of a well have the same axes and the same data type.",
    repair="find out which fields are odd; write them anew, or put them in a well of their own",
    looks_around=True,
)
def _alike(subject: Subject) -> Iterator[Problem]:
    first: tuple[Found, tuple[str, ...] | None, ArrayLayout] | None = None
    for node in _fields(subject):
        layout = next(level_layouts(subject.tree, node), None)
        if layout is None:
            continue
        first = first or (node, axis_names(node, layout.ndim), layout)
        if layout is first[2] and node.documents == first[0].documents:
            continue
        axes, kind = axis_names(node, layout.ndim), layout.data_type.name
        name, other = said(first[0].name), first[2].data_type.name
        if kind != other:
            yield Problem("", f"field {said(node.name)} is of {kind}, field {name} of {other}")
        if axes != first[1] and axes is not None and first[1] is not None:
            told = f"{', '.join(axes)}, and those of field {name} {', '.join(first[1])}"
            yield Problem("", f"axes of field {said(node.name)} are {told}")


def _fields(subject: Subject) -> Iterator[Found]:
    """Walk the fields that are there, each once."""
    paths = (path for _, path in named(subject.value, "images", by="path") if path)
    for path in dict.fromkeys(paths):
        node = subject.beside(path)
        if node is not None:
            yield node


def _plate(subject: Subject) -> Found | None:
    """Give the node two folders above, where a plate is; None outside of what was looked at."""
    parts = subject.node.path.split("/")
    return subject.tree.get("/".join(parts[:-_DEPTH])) if len(parts) >= _DEPTH else None


def _acquisitions(subject: Subject) -> frozenset[int]:
    """Give the ids of the acquisitions of the plate that a well lies in."""
    plate = _plate(subject)
    while plate is not None and "plate" not in plate.ome and plate.above is not None:
        plate = subject.tree.get(plate.above)
    if plate is None:
        return frozenset()
    held = plate.ome.get("plate")
    return subject.once("acquisitions", lambda: _ids(held), plate.path)


def _ids(plate: object) -> frozenset[int]:
    stated = (whole(entry.value.get("id")) for entry in entries(plate, "acquisitions"))
    return frozenset(number for number in stated if number is not None)
