"""Rules of the group that lists an image's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.survey.found import FoundKind
from zarrlift.validate.around import is_readable, no_image
from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.values import items, repeated, said, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.LABELS, "#labels-md")

_NEW = between("0.5")
_OLD = between("0.1", "0.4")


@RULES.rule(
    "labels-list",
    Force.MUST,
    clause="The group labels holds the list labels, of the paths of its label images.",
    repair="write the paths of the label images below the group as a list of texts",
)
def _list(subject: Subject) -> Iterator[Problem]:
    if not is_readable(subject.node):
        return
    stated = subject.value
    if stated is None:
        stated = subject.node.attributes.get("labels")
    if not isinstance(stated, list):
        told = "there is no list of labels" if stated is None else f"labels is {said(stated)}"
        yield Problem("", told if stated is None else f"{told}, no list")
    for number, path in enumerate(items(stated)):
        if not isinstance(path, str):
            yield Problem(f"/{number}", f"label {said(path)} is no path")


@RULES.rule(
    "labels-inside",
    Force.MUST,
    clause="Each path in the list of labels leads to a node below the group.",
    repair="write the path relative to the group labels, such as cells or original/0",
)
def _inside(subject: Subject) -> Iterator[Problem]:
    for pointer, path in texts(subject.value):
        if not _is_inside(path):
            yield Problem(pointer, f"path {said(path)} does not lead into the group")


@RULES.rule(
    "labels-once",
    Force.OURS,
    clause="Each label image is listed once.",
    repair="remove the second entry",
)
def _once(subject: Subject) -> Iterator[Problem]:
    for pointer, path, _ in repeated(texts(subject.value)):
        yield Problem(pointer, f"{said(path)} is listed twice")


@RULES.rule(
    "labels-place",
    Force.MUST,
    clause="The group labels lies in an image, beside its levels.",
    repair="move the group into the image that the labels belong to",
    looks_around=True,
)
def _place(subject: Subject) -> Iterator[Problem]:
    if subject.node.name != "labels" and subject.node.path:
        yield Problem("", f'the group is called {said(subject.node.name)}, not "labels"')
    above = subject.node.above
    problem = no_image(subject.tree, above) if above is not None else None
    if problem is not None:
        yield Problem("", f"the group above {problem}")


@RULES.rule(
    "labels-image",
    Force.MUST,
    clause="The group labels is no image itself.",
    repair="move multiscales and its levels into a group of their own below labels",
    versions=_NEW,
)
def _image(subject: Subject) -> Iterator[Problem]:
    if "multiscales" in subject.ome:
        yield Problem("", "the group labels has multiscales itself")


@RULES.rule(
    "labels-exist",
    Force.MUST,
    clause="Each path in the list of labels is that of an image.",
    repair="write or restore the label image, or remove its path from the list",
    looks_around=True,
)
def _exist(subject: Subject) -> Iterator[Problem]:
    for pointer, path in texts(subject.value):
        place = subject.place(path) if _is_inside(path) else None
        problem = no_image(subject.tree, place) if place is not None else None
        if problem is not None and not _is_labelled(subject.tree.get(place or "")):
            yield Problem(pointer, f"{path} {problem}")


@RULES.rule(
    "labels-listed",
    Force.SHOULD,
    clause="All label images are listed (up to 0.4 images that are not listed may be labels too).",
    repair="add the path to the list of labels",
    looks_around=True,
    softer=dict.fromkeys(_OLD, Severity.NOTE),
)
def _listed(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, list):
        return
    listed = {subject.place(path) for _, path in texts(subject.value)}
    for node in _below(subject):
        if "multiscales" in node.ome and node.path not in listed:
            yield Problem("", f"{_relative(subject, node)} is an image, and not listed")


@RULES.rule(
    "labels-between",
    Force.MUST,
    clause="Groups between labels and a label image hold no metadata.",
    repair="remove the attributes of the group",
    versions=_NEW,
    looks_around=True,
)
def _between(subject: Subject) -> Iterator[Problem]:
    for node in _below(subject):
        if "multiscales" not in node.ome and "image-label" not in node.ome and node.attributes:
            names = ", ".join(sorted(node.attributes)[:3])
            yield Problem("", f"{_relative(subject, node)} lies between, and holds {names}")


def _is_labelled(node: Found | None) -> bool:
    """Say whether a node says itself that it is a label image; a rule of those tells the rest."""
    return node is not None and "image-label" in node.ome


def _is_inside(path: str) -> bool:
    return path not in ("", ".") and not path.startswith("/") and ".." not in path.split("/")


def _below(subject: Subject) -> Iterator[Found]:
    """Walk the groups below labels down to the first image on each way."""
    ahead = [subject.node.path]
    while ahead:
        for node in subject.tree.inside(ahead.pop()):
            if node.kind in (FoundKind.GROUP, FoundKind.FOLDER):
                yield node
                if "multiscales" not in node.ome:
                    ahead.append(node.path)


def _relative(subject: Subject, node: Found) -> str:
    return node.path[len(subject.node.path) :].lstrip("/")
