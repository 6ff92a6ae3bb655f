"""Rules of a plate as it lies in the store: its wells, its rows, and what they hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.survey.found import FoundKind
from zarrlift.validate.around import is_absent, lacks
from zarrlift.validate.plates import NOW
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import entries, member, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.PLATE, "#plate-md")


class _Well(NamedTuple):
    """A well that a plate lists."""

    pointer: str
    path: str
    node: Found | None
    """None where it is not there, or was not looked at."""


@RULES.rule(
    "plate-wells-exist",
    Force.MUST,
    clause="Each well that a plate lists is a group with a well's metadata.",
    repair="restore the well, or remove it from the list where it has no images",
    looks_around=True,
)
def _exist(subject: Subject) -> Iterator[Problem]:
    for well in _wells(subject):
        if well.node is None:
            if is_absent(subject.tree, subject.place(well.path) or ""):
                yield Problem(well.pointer, f"{well.path} is not there")
        elif well.node.kind is FoundKind.ARRAY:
            yield Problem(well.pointer, f"{well.path} is an array, no well")
        elif well.node.kind is FoundKind.GROUP and lacks(well.node, "well"):
            yield Problem(well.pointer, f"{well.path} is a group without well")


@RULES.rule(
    "plate-wells-listed",
    Force.OURS,
    clause="A well that lies in a plate is in its list, where readers look for it.",
    repair="add the well to the list, or remove its group",
    looks_around=True,
)
def _listed(subject: Subject) -> Iterator[Problem]:
    listed = {well.node.path for well in _wells(subject) if well.node is not None}
    if not listed:
        return
    for row in subject.tree.inside(subject.node.path):
        for node in subject.tree.inside(row.path):
            if "well" in node.ome and node.path not in listed:
                told = node.path[len(subject.node.path) :].lstrip("/")
                yield Problem("/wells", f"{told} is a well, and not listed")


@RULES.rule(
    "plate-row-empty",
    Force.SHOULD,
    clause="A row without images has no group.",
    repair="remove the group of the row",
    versions=NOW,
    looks_around=True,
    anchor="#hcs-layout",
)
def _empty(subject: Subject) -> Iterator[Problem]:
    rows = {text(entry.value.get("name")) for entry in entries(subject.value, "rows")}
    if not subject.tree.listed or subject.tree.depth is not None:
        return
    for node in subject.tree.inside(subject.node.path):
        empty = not node.folders and not subject.tree.has_links(node.path)
        if node.name in rows and node.kind is FoundKind.GROUP and empty:
            yield Problem("/rows", f"the group of row {node.name} is empty")


@RULES.rule(
    "plate-row-metadata",
    Force.OURS,
    clause="The group of a row is a group alone: it holds no metadata of OME-Zarr.",
    repair="remove the members of OME-Zarr from the row's attributes",
    looks_around=True,
    anchor="#hcs-layout",
)
def _row(subject: Subject) -> Iterator[Problem]:
    rows = {text(entry.value.get("name")) for entry in entries(subject.value, "rows")}
    for node in subject.tree.inside(subject.node.path):
        members = sorted(node.ome.keys() - {"version", "_creator"})
        if node.name in rows and members:
            yield Problem("/rows", f"the group of row {node.name} holds {', '.join(members)}")


@RULES.rule(
    "plate-field-count-wells",
    Force.OURS,
    clause="The stated number of fields is the largest that a well has.",
    repair="set field_count to the largest number of images that a well lists",
    looks_around=True,
)
def _fields(subject: Subject) -> Iterator[Problem]:
    stated = whole(member(subject.value, "field_count"))
    counts = [_count(well) for well in _wells(subject)]
    known = [count for count in counts if count is not None]
    if stated is None or stated < 1 or not known:
        return
    most = max(known)
    if most > stated or (most < stated and len(known) == len(counts)):
        yield Problem("/field_count", f"field_count is {stated}, and the largest well has {most}")


@RULES.rule(
    "acquisition-field-count",
    Force.OURS,
    clause="No well has more fields of an acquisition than its maximumfieldcount.",
    repair="set maximumfieldcount to the largest number of its fields in a well",
    looks_around=True,
)
def _of_acquisition(subject: Subject) -> Iterator[Problem]:
    most: Counter[int] = Counter()
    for well in _wells(subject):
        for number, count in _by_acquisition(well).items():
            most[number] = max(most[number], count)
    for entry in entries(subject.value, "acquisitions"):
        own = whole(entry.value.get("id"))
        stated = whole(entry.value.get("maximumfieldcount"))
        if own is not None and stated is not None and most[own] > stated:
            told = f"maximumfieldcount is {stated}, and a well has {most[own]}"
            yield Problem(f"{entry.pointer}/maximumfieldcount", told)


def _wells(subject: Subject) -> list[_Well]:
    """Give the wells whose path leads into the plate."""
    return subject.once("wells", lambda: list(_read(subject)))


def _read(subject: Subject) -> Iterator[_Well]:
    for entry in entries(subject.value, "wells"):
        path = text(entry.value.get("path"))
        place = subject.place(path) if path is not None else None
        if path is not None and place is not None and place.startswith(_prefix(subject)):
            yield _Well(entry.pointer, path, subject.tree.get(place))


def _prefix(subject: Subject) -> str:
    return f"{subject.node.path}/" if subject.node.path else ""


def _images(well: _Well) -> list[Mapping[str, object]] | None:
    held = well.node.ome.get("well") if well.node is not None else None
    if not isinstance(held, dict) or not isinstance(held.get("images"), list):
        return None
    return [entry.value for entry in entries(held, "images")]


def _count(well: _Well) -> int | None:
    """Count the fields of a well, each once; None where its list is not known."""
    images = _images(well)
    return len({text(image.get("path")) for image in images}) if images is not None else None


def _by_acquisition(well: _Well) -> Counter[int]:
    stated = (whole(image.get("acquisition")) for image in _images(well) or ())
    return Counter(number for number in stated if number is not None)
