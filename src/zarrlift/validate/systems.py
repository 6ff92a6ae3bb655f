"""Rules of 0.6: an image's coordinate systems, and how its levels come to them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.validate.multiscale import ENDS, SYSTEMS, TRANSFORMS, levels, multiscales
from zarrlift.validate.rule import About, Force, Rules
from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.values import entries, inside, items, member, named, repeated, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject
    from zarrlift.validate.values import Entry

RULES = Rules(About.IMAGE, "#multiscale-md")
_ONLY = ("0.6",)
_KINDS = ("scale", "identity", "sequence")


@RULES.rule(
    "systems-list",
    Force.MUST,
    versions=_ONLY,
    clause="Each image has `coordinateSystems`, a list of objects with a `name`, at least one.",
    repair="describe the axes of the levels as a coordinate system, such as `intrinsic`",
    anchor="#coordinate-systems-md",
)
def _list(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        yield from wrong_systems(image.value, image.pointer)


def wrong_systems(holder: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    """Say what is wrong with a list of coordinate systems, their axes left out."""
    yield from wrong_list(holder, SYSTEMS, pointer)
    for system in entries(holder, SYSTEMS):
        if not text(system.value.get("name")):
            is_there = found_at(system.value, "name")
            yield at(f"{pointer}{system.pointer}/name", f"{is_there}; a text is due")


@RULES.rule(
    "systems-unique",
    Force.MUST,
    versions=_ONLY,
    clause="No two coordinate systems of a list have the same name.",
    repair="give each coordinate system a name of its own, and its transformations with it",
    anchor="#coordinate-systems-md",
)
def _unique(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        yield from double_systems(image.value, image.pointer)


def double_systems(holder: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    """Walk the coordinate systems whose name came before."""
    for system, name, first in repeated(named(holder, SYSTEMS)):
        message = f"is {said(name)}, as that of system {first.number}"
        yield at(f"{pointer}{system.pointer}/name", message)


@RULES.rule(
    "axes-leftover",
    Force.OURS,
    versions=_ONLY,
    clause="Axes stand in coordinate systems: `axes` of an image is what 0.5 had.",
    repair="take `axes` out, once the levels' coordinate system has them",
)
def _leftover(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        if "axes" in image.value:
            yield at(f"{image.pointer}/axes", "is left over from 0.5")


def _firsts(subject: Subject) -> Iterator[tuple[Entry, Entry, Mapping[str, object], str]]:
    """Walk the levels whose transformations are a list that begins with an object."""
    for image, level in levels(subject):
        first = next(inside(level, TRANSFORMS), None)
        if first is not None and first.number == 0:
            yield image, level, first.value, first.pointer


@RULES.rule(
    "level-transform",
    Force.MUST,
    versions=_ONLY,
    clause="Each level has a list of exactly one transformation: a scale, an identity, or a "
    "sequence of a scale and a translation.",
    repair="write one scale; where the level is shifted, a sequence of a scale and a translation",
)
def _transform(subject: Subject) -> Iterator[Problem]:
    for _, level in levels(subject):
        found, pointer = level.value.get(TRANSFORMS), f"{level.pointer}/{TRANSFORMS}"
        if not isinstance(found, list):
            is_there = found_at(level.value, TRANSFORMS)
            yield at(pointer, f"{is_there}; a list of one transformation is due")
        elif len(found) != 1:
            yield at(pointer, f"has {len(found)} transformations; one is due")
        elif not isinstance(found[0], dict):
            yield at(f"{pointer}/0", f"is {said(found[0])}, not an object")
    for _, _, transform, pointer in _firsts(subject):
        kind = transform.get("type")
        if kind not in _KINDS:
            is_there = found_at(transform, "type")
            yield at(f"{pointer}/type", f"{is_there}; {', '.join(_KINDS)} are allowed")
        name = transform.get("name")
        if "name" in transform and not isinstance(name, str):
            yield at(f"{pointer}/name", f"is {said(name)}, not a text")


@RULES.rule(
    "level-sequence",
    Force.MUST,
    versions=_ONLY,
    clause="A sequence of a level is a scale, then a translation.",
    repair="fold the sequence into one scale and one translation, in this order",
)
def _sequence(subject: Subject) -> Iterator[Problem]:
    for _, _, transform, pointer in _firsts(subject):
        if transform.get("type") != "sequence":
            continue
        found = transform.get("transformations")
        kinds = [member(one, "type") for one in items(found)]
        if kinds != ["scale", "translation"]:
            held = ", ".join(map(str, kinds)) if kinds else said(found)
            message = f"is of {held}; a scale and a translation are due"
            yield at(f"{pointer}/transformations", message)


@RULES.rule(
    "level-input",
    Force.MUST,
    versions=_ONLY,
    clause="The input of a level's transformation is an object whose `path` is that of the level.",
    repair='write `"input": {"path": …}` with the path of the same entry',
)
def _input(subject: Subject) -> Iterator[Problem]:
    for _, level, transform, pointer in _firsts(subject):
        found, path = transform.get("input"), level.value.get("path")
        if not isinstance(found, dict):
            is_there = found_at(transform, "input")
            yield at(f"{pointer}/input", f"{is_there}; an object with the path is due")
        elif not isinstance(found.get("path"), str) or found["path"] != path:
            yield at(f"{pointer}/input/path", f"{found_at(found, 'path')}; {said(path)} is due")


@RULES.rule(
    "level-output",
    Force.MUST,
    versions=_ONLY,
    clause="The output of a level's transformation is an object with the `name` of a coordinate "
    "system of the image.",
    repair='write `"output": {"name": …}` with the name of a coordinate system',
)
def _output(subject: Subject) -> Iterator[Problem]:
    names = {i.number: system_names(i.value) for i in multiscales(subject)}
    for image, _, transform, pointer in _firsts(subject):
        found = transform.get("output")
        if not isinstance(found, dict):
            is_there = found_at(transform, "output")
            yield at(f"{pointer}/output", f"{is_there}; an object with the name is due")
        elif not isinstance(found.get("name"), str):
            yield at(f"{pointer}/output/name", f"{found_at(found, 'name')}; a text is due")
        elif found["name"] not in names[image.number]:
            message = f"is {said(found['name'])}, which no coordinate system is called"
            yield at(f"{pointer}/output/name", message)


def system_names(holder: Mapping[str, object]) -> set[str]:
    """Give the names of coordinate systems."""
    return {name for _, name in named(holder, SYSTEMS)}


@RULES.rule(
    "levels-one-output",
    Force.MUST,
    versions=_ONLY,
    clause="All levels of an image come to the same coordinate system.",
    repair="let every level's output name the same system; go on from it with a transformation "
    "of the image",
)
def _one_output(subject: Subject) -> Iterator[Problem]:
    first: dict[int, object] = {}
    for image, _, transform, pointer in _firsts(subject):
        name = text(member(transform, "output", "name"))
        if name is None:
            continue
        if name != first.setdefault(image.number, name):
            message = f"is {said(name)}, that of the first level {said(first[image.number])}"
            yield at(f"{pointer}/output/name", message)


@RULES.rule(
    "level-ends-plain",
    Force.SHOULD,
    versions=_ONLY,
    clause="The input of a level's transformation has only a path, the output only a name.",
    repair="leave the other member out; never write null for it",
)
def _plain(subject: Subject) -> Iterator[Problem]:
    for _, _, transform, pointer in _firsts(subject):
        for end, extra in (("input", "name"), ("output", "path")):
            found = transform.get(end)
            if isinstance(found, dict) and extra in found:
                message = f"is {said(found[extra])}; it is to be left out"
                yield at(f"{pointer}/{end}/{extra}", message)


@RULES.rule(
    "level-ends-text",
    Force.MUST,
    versions=_ONLY,
    clause="What stands as name and path of an input or output is a text.",
    repair="write a text, or leave the member out",
)
def _ends_text(subject: Subject) -> Iterator[Problem]:
    for _, _, transform, pointer in _firsts(subject):
        for end, extra in (("input", "name"), ("output", "path")):
            value = member(transform, end, extra)
            if value is not None and not isinstance(value, str):
                yield at(f"{pointer}/{end}/{extra}", f"is {said(value)}, not a text")


@RULES.rule(
    "systems-connected",
    Force.MUST,
    versions=_ONLY,
    clause="From every coordinate system of an image transformations lead to every other.",
    repair="add the transformation that leads to the system, or leave the system out",
    anchor="#coord-trafo-md",
)
def _connected(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        own = ome.level_system(image.value)
        if own is None:
            continue
        ends = [
            tuple(text(member(t.value, end, "name")) for end in ENDS)
            for t in entries(image.value, TRANSFORMS)
            if not any(member(t.value, end, "path") for end in ENDS)
        ]
        reached = connected(text(own.get("name")), ends)
        for system, name in named(image.value, SYSTEMS):
            if name not in reached:
                message = f"{said(name)} is reached by no transformation"
                yield at(image.pointer + system.pointer, message)


def connected(first: object, ends: Sequence[tuple[object, ...]]) -> set[object]:
    """Give all that pairs of ends connect with one of them, in either direction."""
    beside: dict[object, set[object]] = defaultdict(set)
    for one, other in ends:
        if one is not None and other is not None:
            beside[one].add(other)
            beside[other].add(one)
    reached, ahead = {first}, [first]
    while ahead:
        new = beside[ahead.pop()] - reached
        reached |= new
        ahead += new
    return reached
