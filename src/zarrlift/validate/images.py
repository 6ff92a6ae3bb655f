"""Rules of `multiscales`: its entries, their datasets, and what they say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.validate.multiscale import levels, multiscales, wrong_path
from zarrlift.validate.rule import VERSIONS, About, Force, Rules, between
from zarrlift.validate.told import at, wrong_list
from zarrlift.validate.values import fingerprint, inside, items, member, repeated, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject

RULES = Rules(About.IMAGE, "#multiscale-md")
_OLD = between("0.1", "0.4")


@RULES.rule(
    "multiscales-list",
    Force.MUST,
    clause="`multiscales` is a list of objects, at least one, no two of them alike.",
    repair="write `multiscales` as a list with one object for each image of the group",
)
def _list(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, list):
        yield at("", f"is {said(subject.value)}, not a list")
        return
    if not subject.value:
        yield at("", "holds no image")
    seen: dict[str, int] = {}
    for number, entry in enumerate(subject.value):
        if not isinstance(entry, dict):
            yield at(f"/{number}", f"is {said(entry)}, not an object")
            continue
        first = seen.setdefault(fingerprint(entry), number)
        if first != number:
            yield at(f"/{number}", f"is the same as entry {first}")


@RULES.rule(
    "multiscales-one",
    Force.OURS,
    clause="A group holds one image: viewers show the first entry of `multiscales` and no other.",
    repair="give each image a group of its own, and list them in a collection",
    softer=dict.fromkeys(VERSIONS, Severity.NOTE),
)
def _one(subject: Subject) -> Iterator[Problem]:
    count = len(items(subject.value))
    if count > 1:
        yield at("", f"has {count} entries; viewers use the first")


@RULES.rule(
    "datasets-list",
    Force.MUST,
    clause="Each image has `datasets`, a list of objects that holds at least one.",
    repair="list the image's arrays in `datasets`, the largest first",
)
def _datasets(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        yield from wrong_list(image.value, "datasets", image.pointer)


@RULES.rule(
    "dataset-path",
    Force.MUST,
    clause="Each level has a `path`, relative to the group and leading down into it.",
    repair="write the path of the level's array as seen from the group, such as `0`",
)
def _path(subject: Subject) -> Iterator[Problem]:
    for _, level in levels(subject):
        wrong = wrong_path(level.value)
        if wrong:
            yield at(f"{level.pointer}/path", wrong)


@RULES.rule(
    "dataset-paths-unique",
    Force.OURS,
    clause="No two levels of an image are the same array.",
    repair="name each level's own array, or leave the second entry out",
)
def _paths_unique(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        paths = ((e, p) for e in inside(image, "datasets") if (p := text(e.value.get("path"))))
        for level, path, first in repeated(paths):
            message = f"is {said(path)}, as that of level {first.number}"
            yield at(f"{level.pointer}/path", message)


@RULES.rule(
    "multiscales-version",
    Force.SHOULD,
    versions=_OLD,
    clause="Each image states the version of the specification that it follows.",
    repair="add `version` to the entry of `multiscales`",
)
def _version(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        if "version" not in image.value:
            yield at(f"{image.pointer}/version", "is missing")


@RULES.rule(
    "multiscales-version-known",
    Force.MUST,
    clause="A version that an image states is a text, and that of its hierarchy.",
    repair='write the version as text, such as `"0.4"`; from 0.5 on only `ome.version` states it',
)
def _version_known(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        stated = image.value.get("version")
        if "version" in image.value and stated != subject.version:
            pointer = f"{image.pointer}/version"
            yield at(pointer, f"is {said(stated)} in OME-Zarr {subject.version}")


@RULES.rule(
    "multiscales-name",
    Force.SHOULD,
    clause="Each image has a `name`.",
    repair="add `name` to the entry of `multiscales`",
)
def _name(subject: Subject) -> Iterator[Problem]:
    return _lacking(subject, "name")


@RULES.rule(
    "multiscales-type",
    Force.SHOULD,
    clause="Each image says in `type` how its smaller levels were made.",
    repair="add `type` with the method of downscaling, such as `gaussian` or `mean`",
)
def _type(subject: Subject) -> Iterator[Problem]:
    return _lacking(subject, "type")


@RULES.rule(
    "multiscales-metadata",
    Force.SHOULD,
    clause="Each image tells more of its downscaling in the object `metadata`.",
    repair="add `metadata` with the method's name, version and arguments",
)
def _metadata(subject: Subject) -> Iterator[Problem]:
    return _lacking(subject, "metadata")


def _lacking(subject: Subject, name: str) -> Iterator[Problem]:
    for image in multiscales(subject):
        if name not in image.value:
            yield at(f"{image.pointer}/{name}", "is missing")


@RULES.rule(
    "multiscales-members",
    Force.MUST,
    clause="What an image says of itself is of the right type: `name` is a text.",
    repair="write the member as the type that is due, or leave it out",
)
def _members(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        due: dict[str, tuple[object, type]] = {"name": (image.value, str)}
        if subject.version == "0.1":  # only this version's schema says more
            due["metadata"] = (image.value, dict)
            about = image.value.get("metadata")
            due |= {f"metadata/{name}": (about, str) for name in ("method", "version")}
        for place, (holder, kind) in due.items():
            name = place.rpartition("/")[2]
            value = member(holder, name)
            if isinstance(holder, dict) and name in holder and not isinstance(value, kind):
                wanted = "a text" if kind is str else "an object"
                yield at(f"{image.pointer}/{place}", f"is {said(value)}, not {wanted}")
