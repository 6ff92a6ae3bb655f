"""Rules of the version: where it is stated, which it is, and that a hierarchy has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.subject import known_version
from zarrlift.validate.values import escaped, items, member, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.NODE, "#metadata")

_STATED = {"0.5": ("0.5",), "0.6": ("0.6", "0.6rc0")}
"""How 0.5 and 0.6 are spelled; the schemas of 0.6 take its release candidate too."""
_NEW = between("0.5")
_OLD = between("0.1", "0.4")
_VERSIONED = ("plate", "well", "image-label")
_DRAFT_TYPES = ("collection", "multiscale", "singlescale")
_TYPES: dict[str, type] = {
    "multiscales": list,
    "omero": dict,
    "image-label": dict,
    "plate": dict,
    "well": dict,
}


@RULES.rule(
    "ome-object",
    Force.MUST,
    clause="What attributes hold below ome is an object.",
    repair="make ome an object with a version and the members of the node",
)
def _object(subject: Subject) -> Iterator[Problem]:
    held = _v3_attributes(subject)
    if "ome" in held and not isinstance(held["ome"], dict):
        yield Problem("/attributes/ome", f"ome is {said(held['ome'])}, no object")


@RULES.rule(
    "ome-version",
    Force.MUST,
    clause="Below ome the version of OME-Zarr is stated, as a text.",
    repair='add "version": "0.5" (or the version that the rest of the hierarchy has) below ome',
)
def _stated(subject: Subject) -> Iterator[Problem]:
    held = _v3_attributes(subject).get("ome")
    if not isinstance(held, dict):
        return
    if "version" not in held:
        yield Problem("/attributes/ome", "ome states no version")
    elif not isinstance(held["version"], str):
        yield Problem("/attributes/ome/version", f"version is {said(held['version'])}, no text")


@RULES.rule(
    "ome-version-known",
    Force.MUST,
    clause="The version stated below ome is that of a released specification for Zarr v3.",
    repair='state "0.5" or "0.6", after the metadata was brought to that form',
)
def _known(subject: Subject) -> Iterator[Problem]:
    stated = member(_v3_attributes(subject), "ome", "version")
    if not isinstance(stated, str) or any(stated in spelled for spelled in _STATED.values()):
        return
    known = known_version(stated)
    if known in _OLD:
        told = "is one of Zarr v2, and this node is of v3"
    elif known and stated.removeprefix(f"{known}.").isdecimal():
        told = f"is to be written {known}"
    else:
        told = f"was a draft of {known}" if known else "is not one that is known here"
    yield Problem("/attributes/ome/version", f"version {said(stated)} {told}")


@RULES.rule(
    "ome-version-asked",
    Force.MUST,
    clause="A node states the version that it is judged by.",
    repair="state the version that the metadata has the form of",
    versions=_NEW,
)
def _asked(subject: Subject) -> Iterator[Problem]:
    stated = subject.node.stated
    known = known_version(stated)
    if subject.node.zarr_format == 3 and known in _NEW and known != subject.version:  # noqa: PLR2004 - the format's number
        message = f"version is {said(stated)}, and {subject.version} is asked for"
        yield Problem("/attributes/ome/version", message)


@RULES.rule(
    "version-format",
    Force.MUST,
    clause="OME-Zarr up to 0.4 is stored as Zarr v2, from 0.5 on as Zarr v3.",
    repair="lift the dataset with zarrlift convert or upgrade, or state the version that it has",
    anchor="#storage-format",
)
def _format(subject: Subject) -> Iterator[Problem]:
    node, asked = subject.node, subject.version
    stated = node.stated or member(node.attributes, "ome", "version")
    known = known_version(str(stated))
    if node.zarr_format == 2 and known in _NEW:  # noqa: PLR2004 - v3 nodes: see ome-version-known
        yield Problem("", f"version {said(stated)} is one of Zarr v3, and this node is of v2")
    elif node.ome and asked not in (known, known_version(subject.tree.version)):
        due = 3 if asked in _NEW else 2
        if node.zarr_format != due:
            told = f"this node is of Zarr v{node.zarr_format}, not of v{due}"
            yield Problem("", f"{told} as OME-Zarr {asked} is, which is asked for")


@RULES.rule(
    "ome-outside",
    Force.MUST,
    clause="From 0.5 on, all members of OME-Zarr lie below ome in the attributes.",
    repair="move the members below ome and state the version there (zarrlift convert does it; "
    "a bare migration of Zarr does not)",
)
def _outside(subject: Subject) -> Iterator[Problem]:
    for name in _beside(subject):
        if name not in subject.ome:
            message = f"{name} lies beside ome, where readers of 0.5 and later do not look"
            yield Problem(f"/attributes/{escaped(name)}", message)


@RULES.rule(
    "ome-twice",
    Force.OURS,
    clause="Members of OME-Zarr do not lie both below ome and beside it, where they grow stale.",
    repair="remove the members beside ome",
)
def _twice(subject: Subject) -> Iterator[Problem]:
    for name in _beside(subject):
        if name in subject.ome:
            yield Problem(f"/attributes/{escaped(name)}", f"{name} lies below ome and beside it")


@RULES.rule(
    "ome-draft",
    Force.OURS,
    clause="Collections of nodes (RFC-8) are a draft that no released version holds.",
    repair="write the released form until a version with collections is out",
    anchor="https://ngff.openmicroscopy.org/rfc/8/index.html",
)
def _draft(subject: Subject) -> Iterator[Problem]:
    kind = member(_v3_attributes(subject), "ome", "type")
    if isinstance(kind, str) and kind in _DRAFT_TYPES:
        yield Problem("/attributes/ome/type", f"a {kind} as drafts of RFC-8 have it")


@RULES.rule(
    "member-type",
    Force.MUST,
    clause="In 0.1-0.4, multiscales and series are lists, and omero, image-label, plate and well "
    "are objects.",
    repair="write the member as the specification has it",
    versions=_OLD,
)
def _type(subject: Subject) -> Iterator[Problem]:
    node = subject.node
    if node.zarr_format != 2 or node.kind is not FoundKind.GROUP or _is_foreign(node):  # noqa: PLR2004 - the format's number
        return
    types = _TYPES | ({"series": list} if node.name == "OME" else {})
    for name, kind in types.items():
        value = node.attributes.get(name, kind())
        if not isinstance(value, kind):
            due = "list" if kind is list else "object"
            yield Problem(f"/{name}", f"{name} is {said(value)}, no {due}")
        elif name == "multiscales" and not all(isinstance(v, dict) for v in items(value)):
            yield Problem(f"/{name}", f"{name} holds what is no object")


@RULES.rule(
    "member-version",
    Force.MUST,
    clause="The version of a plate, a well or an image-label is a text, and the one that the "
    "metadata has the form of.",
    repair="state the version of the specification that the node follows",
    versions=_OLD,
)
def _member_version(subject: Subject) -> Iterator[Problem]:
    for name in _VERSIONED:
        held = subject.ome.get(name)
        stated = member(held, "version")
        if isinstance(held, dict) and "version" in held and stated != subject.version:
            told = f"version of {name} is {said(stated)}, not {said(subject.version)}"
            yield Problem(f"/{name}/version", told)


@RULES.rule(
    "version-leftover",
    Force.OURS,
    clause="From 0.5 on the version is stated once, below ome; one that was left in a plate, a "
    "well or an image-label at least does not contradict it.",
    repair="remove the version from the member",
    versions=_NEW,
)
def _leftover(subject: Subject) -> Iterator[Problem]:
    for name in _VERSIONED:
        stated = member(subject.ome.get(name), "version")
        if stated is not None and known_version(str(stated)) != subject.version:
            told = f"{name} still says version {said(stated)}, and ome {said(subject.node.stated)}"
            yield Problem(f"/attributes/ome/{name}/version", told)


@RULES.rule(
    "versions-mixed",
    Force.MUST,
    clause="All of a hierarchy is of one OME-Zarr version.",
    repair="lift the nodes of the older version, or take them out of the hierarchy",
    looks_around=True,
    softer=dict.fromkeys(_OLD, Severity.WARNING),
    arises=lambda tree: _differ(known_version(n.stated) for n in tree.nodes.values()),
)
def _mixed(subject: Subject) -> Iterator[Problem]:
    own = known_version(subject.node.stated)
    if own is None:
        return
    for above in _upwards(subject):
        other = known_version(above.stated)
        if other is not None:
            if other != own:
                yield Problem("", f"version {own} below {above.path or 'the root'} of {other}")
            return


@RULES.rule(
    "formats-mixed",
    Force.MUST,
    clause="All of a hierarchy is of one Zarr format.",
    repair="convert the nodes of the other format, or take them out of the hierarchy",
    anchor="#storage-format",
    looks_around=True,
    arises=lambda tree: _differ(node.zarr_format for node in tree.nodes.values()),
)
def _formats(subject: Subject) -> Iterator[Problem]:
    above = next(_upwards(subject), None)
    own = subject.node.zarr_format
    if above is None or own is None or above.zarr_format in (None, own):
        return
    place = above.path or "the root"
    yield Problem("", f"Zarr v{own} below {place} of v{above.zarr_format}, whose readers miss it")


def _v3_attributes(subject: Subject) -> Mapping[str, object]:
    node = subject.node
    return node.attributes if node.zarr_format == 3 and node.kind is FoundKind.GROUP else {}  # noqa: PLR2004 - the format's number


def _beside(subject: Subject) -> list[str]:
    """Give the members of OME-Zarr that lie beside `ome`; a group's own `labels` is none."""
    if not _v3_attributes(subject).keys() - {"ome"}:
        return []
    found = ome.members(_v3_attributes(subject), subject.node.name)
    return [n for n in found if n != "labels" or subject.node.name == "labels"]


def _is_foreign(node: Found) -> bool:
    """Say whether a group is marked as AnnData's, whose members have names of their own."""
    return "encoding-type" in node.attributes


def _differ(stated: Iterable[object]) -> bool:
    """Say whether two nodes state something else; None for those that state nothing."""
    return len({*stated} - {None}) > 1


def _upwards(subject: Subject) -> Iterator[Found]:
    """Walk the nodes with documents above one, the nearest first."""
    path = subject.node.path
    while path:
        path = path.rpartition("/")[0]
        node = subject.tree.get(path)
        if node is not None and node.documents:
            yield node
