"""Rules of `scene` in 0.6: images in one space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.validate.axes import (
    double_names,
    wrong_axes_list,
    wrong_kinds,
    wrong_members,
    wrong_names,
)
from zarrlift.validate.image_transforms import sizes_of, told, wrong_end, wrong_target
from zarrlift.validate.multiscale import ENDS, SYSTEMS, TRANSFORMS, Axes
from zarrlift.validate.rule import About, Force, Rules
from zarrlift.validate.systems import connected, double_systems, system_names, wrong_systems
from zarrlift.validate.told import at, wrong_list
from zarrlift.validate.transformations import Asked, wrongs
from zarrlift.validate.values import entries, items, member, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.values import Entry

RULES = Rules(About.SCENE, "#scene-md")
_ONLY = ("0.6",)


def _transforms(subject: Subject) -> Iterator[Entry]:
    return entries(subject.value, TRANSFORMS)


@RULES.rule(
    "scene-transforms",
    Force.MUST,
    versions=_ONLY,
    clause="`scene` is an object with `coordinateTransformations`, a list of at least one object.",
    repair="add the transformations that put the images in their places, or leave `scene` out",
)
def _list(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        yield at("", f"is {said(subject.value)}, not an object", "scene")
        return
    yield from wrong_list(subject.value, TRANSFORMS)


@RULES.rule(
    "scene-systems",
    Force.MUST,
    versions=_ONLY,
    clause="The coordinate systems of a scene, where it has any, have names of their own and axes "
    "as those of an image.",
    repair="write each system with a `name` and `axes`, two or three of them of type `space`",
)
def _systems(subject: Subject) -> Iterator[Problem]:
    if subject.members.get(SYSTEMS, []) != []:
        yield from wrong_systems(subject.members, "")
    yield from double_systems(subject.members, "")
    for system in entries(subject.value, SYSTEMS):
        pointer, found = f"{system.pointer}/axes", system.value.get("axes")
        wrong = wrong_axes_list(system.value)
        if wrong:
            yield at(pointer, wrong)
        axes = Axes(pointer, items(found), of_levels=False)
        yield from wrong_names(subject.version, axes)
        yield from double_names(axes)
        yield from wrong_members(subject.version, axes)
        if not wrong:
            yield from wrong_kinds(subject.version, axes)


@RULES.rule(
    "scene-ends",
    Force.MUST,
    versions=_ONLY,
    clause="Each transformation of a scene has an `input` and an `output`: objects with a `name`, "
    "perhaps a `path`, and nothing else.",
    repair='write `{"path": …, "name": …}` for a system of an image, `{"name": …}` for one of the '
    "scene",
)
def _ends(subject: Subject) -> Iterator[Problem]:
    for one in _transforms(subject):
        for end in ENDS:
            pointer, found = f"{one.pointer}/{end}", one.value.get(end)
            yield from wrong_end(one.value, end, pointer)
            extra = sorted(found.keys() - {"name", "path"}) if isinstance(found, dict) else []
            if extra:
                yield at(pointer, f"has the member {said(extra[0])} beside name and path")


@RULES.rule(
    "scene-system-names",
    Force.MUST,
    versions=_ONLY,
    clause="A name without a path is that of a coordinate system of the scene.",
    repair="add the system to the scene, or the path of the image that has it",
)
def _names(subject: Subject) -> Iterator[Problem]:
    known = system_names(subject.members)
    for one in _transforms(subject):
        for end in ENDS:
            found = one.value.get(end)
            name = text(member(found, "name"))
            if name is not None and not member(found, "path") and name not in known:
                message = f"is {said(name)}, which no system of the scene is called"
                yield at(f"{one.pointer}/{end}/name", message)


@RULES.rule(
    "scene-images",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="The paths of a scene lead to images directly in its group, which have the systems "
    "named.",
    repair="correct the path or the name, or move the image into the scene's group",
)
def _images(subject: Subject) -> Iterator[Problem]:
    for one in _transforms(subject):
        for end in ENDS:
            found = one.value.get(end)
            wrong = wrong_target(subject, found)
            path = text(member(found, "path"))
            if not wrong and path and "/" in path.strip("/"):
                wrong = f"{said(path)} does not lie directly in the scene"
            if wrong:
                yield at(f"{one.pointer}/{end}", wrong)


@RULES.rule(
    "scene-nested",
    Force.MUST,
    versions=_ONLY,
    looks_around=True,
    clause="No scene lies in another.",
    repair="describe all images in one scene",
)
def _nested(subject: Subject) -> Iterator[Problem]:
    above = subject.above()
    while above is not None:
        if "scene" in above.ome:
            yield at("", f"lies in the scene {said(above.path or '/')}", "scene")
            return
        above = subject.tree.get(above.above) if above.above is not None else None


@RULES.rule(
    "scene-connected",
    Force.MUST,
    versions=_ONLY,
    clause="Transformations join all images and coordinate systems of a scene.",
    repair="add the transformation that is lacking, or leave the system out",
)
def _connected(subject: Subject) -> Iterator[Problem]:
    ends = [
        tuple(_place(one.value.get(end)) for end in ENDS)
        for one in _transforms(subject)
        if all(text(member(one.value, end, "name")) for end in ENDS)
    ]
    if not ends:
        return
    reached = connected(ends[0][0], ends)
    own = sorted(system_names(subject.members))
    places = [*(("", name) for name in own), *(place for pair in ends for place in pair)]
    for path, name in dict.fromkeys(place for place in places if place not in reached):
        what = f"image {said(path)}" if path else f"coordinate system {said(name)}"
        yield at("", f"does not join {what} to {said(ends[0][0][0] or ends[0][0][1])}", "scene")


def _place(found: object) -> tuple[str, str]:
    """Give what joins: an image, whose own systems are joined, or a system of the scene."""
    path, name = text(member(found, "path")), text(member(found, "name"))
    return (path, "") if path else ("", name or "")


@RULES.rule(
    "scene-transformation",
    Force.MUST,
    versions=_ONLY,
    clause="Each transformation of a scene is of a known type, with the parameters of that type.",
    repair="write the type and its parameters as the specification has them",
    anchor="#coord-trafo-md",
)
def _transformation(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.KIND, Asked.PARAMETERS, Asked.ROTATION)


@RULES.rule(
    "scene-dimensions",
    Force.MUST,
    versions=_ONLY,
    clause="The parameters of a scene's transformation fit the numbers of axes that it joins.",
    repair="write as many numbers as the coordinate systems have axes",
    anchor="#coord-trafo-md",
)
def _dimensions(subject: Subject) -> Iterator[Problem]:
    return _asked(subject, Asked.DIMENSIONS, Asked.COMPLETE)


def _asked(subject: Subject, *asked: Asked) -> Iterator[Problem]:
    for one in _transforms(subject):
        takes, gives = (_size(subject, one.value.get(end)) for end in ENDS)
        yield from told(wrongs(one.value, one.pointer, takes, gives), *asked)


def _size(subject: Subject, found: object) -> int | None:
    """Give the number of axes of the system that is meant, of the scene or of an image."""
    path, name = text(member(found, "path")), text(member(found, "name"))
    if not path:
        own = subject.once("sizes of systems of the scene", lambda: sizes_of(subject.members))
        return own.get(name)
    node = None if subject.alone else subject.beside(path)
    if node is None:
        return None
    return subject.once("sizes of systems", lambda: _sizes_in(node), node.path).get(name)


def _sizes_in(node: Found) -> dict[object, int | None]:
    """Give the number of axes of every coordinate system of a node's images."""
    found = (sizes_of(image.value) for image in entries(node.ome, "multiscales"))
    return {name: size for sizes in found for name, size in sizes.items()}
