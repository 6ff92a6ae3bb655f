"""Rules of 0.6: the transformations of a whole image, between its coordinate systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.validate.around import was_looked_at
from zarrlift.validate.multiscale import ENDS, SYSTEMS, TRANSFORMS, multiscales, transforms
from zarrlift.validate.rule import About, Force, Rules
from zarrlift.validate.systems import system_names
from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.transformations import Asked, is_simple, wrongs
from zarrlift.validate.values import entries, member, named, repeated, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.survey.found import Found
    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.transformations import Wrong
    from zarrlift.validate.values import Entry

RULES = Rules(About.IMAGE, "#coord-trafo-md")
_ONLY = ("0.6",)


@RULES.rule(
    "image-transforms-list",
    Force.MUST,
    versions=_ONLY,
    clause="The transformations of an image, where it has any, are a list of objects.",
    repair="write a list with at least one transformation, or leave the member out",
)
def _list(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        if TRANSFORMS in image.value:
            yield from wrong_list(image.value, TRANSFORMS, image.pointer)


@RULES.rule(
    "image-transform-ends",
    Force.MUST,
    versions=_ONLY,
    clause="Each transformation of an image has an `input` and an `output`: objects with a `name`.",
    repair='write `{"name": …}` with the name of a coordinate system for both',
)
def _ends(subject: Subject) -> Iterator[Problem]:
    for _, one in transforms(subject):
        for end in ENDS:
            yield from wrong_end(one.value, end, f"{one.pointer}/{end}")


def wrong_end(transform: Mapping[str, object], end: str, pointer: str) -> Iterator[Problem]:
    """Say what is wrong with a reference to a coordinate system as such."""
    found = transform.get(end)
    if not isinstance(found, dict):
        yield at(pointer, f"{found_at(transform, end)}; an object with a name is due")
        return
    if not isinstance(found.get("name"), str):
        yield at(f"{pointer}/name", f"{found_at(found, 'name')}; a text is due")
    path = found.get("path")
    if path is not None and not isinstance(path, str):
        yield at(f"{pointer}/path", f"is {said(path)}, not a text")


@RULES.rule(
    "image-transform-systems",
    Force.MUST,
    versions=_ONLY,
    clause="A transformation of an image joins the levels' coordinate system to another of the "
    "image, or of one of its labels.",
    repair="let input or output name the system of the levels, and the other one that is there",
)
def _systems(subject: Subject) -> Iterator[Problem]:
    for image, one in transforms(subject):
        own, names = _own(subject, image), sizes_in(subject, image)
        here = [_here(one.value, end) for end in ENDS]
        for end, name in zip(ENDS, here, strict=True):
            if name is not None and name not in names:
                message = f"is {said(name)}, which no coordinate system is called"
                yield at(f"{one.pointer}/{end}/name", message)
        stated = all(text(member(one.value, end, "name")) for end in ENDS)
        if own is not None and stated and own not in here:
            yield at(one.pointer, f"joins not {said(own)}, the system of the levels")


def _own(subject: Subject, image: Entry) -> str | None:
    """Give the name of the coordinate system of an image's levels."""
    return subject.once(
        f"system of levels {image.number}",
        lambda: text(member(ome.level_system(image.value), "name")),
    )


def sizes_in(subject: Subject, image: Entry) -> dict[object, int | None]:
    """Give the number of axes of each coordinate system of an image, by name."""
    return subject.once(f"sizes of systems {image.number}", lambda: sizes_of(image.value))


def _here(transform: Mapping[str, object], end: str) -> str | None:
    """Give the name of a coordinate system of the same document; None where it is elsewhere."""
    found = transform.get(end)
    return None if member(found, "path") else text(member(found, "name"))


@RULES.rule(
    "image-transform-labels",
    Force.MUST,
    versions=_ONLY,
    clause="A transformation that leads to a label image is an identity, a scale, a translation, "
    "or a sequence of these.",
    repair="express it so, and keep what is more in a scene",
)
def _labels(subject: Subject) -> Iterator[Problem]:
    for _, one in transforms(subject):
        leads = any(isinstance(member(one.value, end, "path"), str) for end in ENDS)
        if leads and not is_simple(one.value):
            yield at(f"{one.pointer}/type", f"is {said(one.value.get('type'))}")


@RULES.rule(
    "image-transform-target",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="A path in a transformation of an image leads to one in its group that has the system.",
    repair="correct the path or the name",
)
def _target(subject: Subject) -> Iterator[Problem]:
    for _, one in transforms(subject):
        for end in ENDS:
            wrong = wrong_target(subject, member(one.value, end))
            if wrong:
                yield at(f"{one.pointer}/{end}", wrong)


def wrong_target(subject: Subject, found: object) -> str | None:
    """Say whether a reference with a path leads to no image below, or to one without the system."""
    path, name = text(member(found, "path")), text(member(found, "name"))
    if path and (path.startswith("/") or ".." in path.split("/")):
        return f"{said(path)} leads out of the group"
    if not path or not was_looked_at(subject, path):
        return None
    node = subject.beside(path)
    if node is None or not isinstance(node.ome.get("multiscales"), list):
        is_there = "is not there" if node is None else "is no image"
        return f"{said(path)} {is_there}"
    names = subject.once("names of systems", lambda: _names_in(node), node.path)
    if name is not None and names and name not in names:
        return f"{said(path)} has no coordinate system {said(name)}"
    return None


def _names_in(node: Found) -> set[str]:
    return {n for image in entries(node.ome, "multiscales") for n in system_names(image.value)}


@RULES.rule(
    "transformation-names-unique",
    Force.MUST,
    versions=_ONLY,
    clause="No two transformations of an image have the same name.",
    repair="give each transformation a name of its own, or none",
)
def _unique(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        for one, name, first in repeated(named(image.value, TRANSFORMS)):
            message = f"is {said(name)}, as that of number {first.number}"
            yield at(f"{image.pointer}{one.pointer}/name", message)


@RULES.rule(
    "transformation-kind",
    Force.MUST,
    versions=_ONLY,
    clause="Each transformation is of a type that the specification knows.",
    repair="write one of the twelve types",
)
def _kind(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.KIND)


@RULES.rule(
    "transformation-parameters",
    Force.MUST,
    versions=_ONLY,
    clause="Each transformation has the parameters of its type, in the form that is due.",
    repair="write the parameters as the specification has them for the type",
)
def _parameters(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.PARAMETERS)


@RULES.rule(
    "transformation-dimensions",
    Force.MUST,
    versions=_ONLY,
    clause="The parameters of a transformation fit the numbers of axes that it leads from and to.",
    repair="write as many numbers as the coordinate systems have axes",
)
def _dimensions(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.DIMENSIONS)


@RULES.rule(
    "rotation-proper",
    Force.MUST,
    versions=_ONLY,
    clause="A rotation has rows of length 1 at right angles, and does not mirror.",
    repair="write what mirrors or stretches as an affine transformation",
)
def _rotation(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.ROTATION)


@RULES.rule(
    "by-dimension-complete",
    Force.MUST,
    versions=_ONLY,
    clause="A transformation by dimension gives every axis of its output, each once.",
    repair="add an identity for the axes that stay as they are",
)
def _complete(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.COMPLETE)


def _asked(subject: Subject, asked: Asked) -> Iterator[Problem]:
    for image, one in transforms(subject):
        sizes = sizes_in(subject, image)
        takes, gives = (sizes.get(_here(one.value, end)) for end in ENDS)
        yield from told(wrongs(one.value, one.pointer, takes, gives), asked)


def told(found: Iterator[Wrong], *asked: Asked) -> Iterator[Problem]:
    """Give the problems of some sort."""
    return (wrong.problem for wrong in found if wrong.asked in asked)


def sizes_of(holder: Mapping[str, object]) -> dict[object, int | None]:
    """Give the number of axes of each coordinate system, by name."""
    found = ((name, system.value.get("axes")) for system, name in named(holder, SYSTEMS))
    return {name: len(axes) if isinstance(axes, list) else None for name, axes in found}
