"""Rules of every node: its documents as such, its kind, its name, and the groups around it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from zarrlift.metadata.v3 import ARRAY_MEMBERS
from zarrlift.survey.found import LARGEST_DOCUMENT, V2_DOCUMENTS, V3_DOCUMENT, FoundKind
from zarrlift.validate.rule import About, Force, Problem, Rules
from zarrlift.validate.values import escaped, member, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

ZARR_V2 = "https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html"
ZARR_V3 = "https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html"
RULES = Rules(About.NODE, ZARR_V3)

_GROUP_MEMBERS = frozenset({"zarr_format", "node_type", "attributes", "consolidated_metadata"})
_FORMATS = {V3_DOCUMENT: 3, ".zarray": 2, ".zgroup": 2}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._-]+")


@RULES.rule(
    "document-json",
    Force.MUST,
    clause="A metadata document is one JSON object, without comments.",
    repair="mend the JSON where the message points, or restore the document from its source",
    anchor=f"{ZARR_V3}#metadata",
)
def _json(subject: Subject) -> Iterator[Problem]:
    for document in subject.node.documents.values():
        if document.value is None and document.size <= LARGEST_DOCUMENT:
            yield Problem("", f"{document.name} {document.problem}")


@RULES.rule(
    "json-constant",
    Force.MUST,
    clause="JSON has no NaN and no Infinity: Zarr writes them as texts.",
    repair='write "NaN", "Infinity" or "-Infinity" in quotes as a fill value, else null',
    anchor="https://www.rfc-editor.org/rfc/rfc8259#section-6",
)
def _constant(subject: Subject) -> Iterator[Problem]:
    for document in subject.node.documents.values():
        if document.constants:
            words = ", ".join(sorted(set(document.constants)))
            yield Problem("", f"{document.name} holds a bare {words}, which browsers refuse")


@RULES.rule(
    "zarr-format",
    Force.MUST,
    clause="A document states the Zarr format that its name stands for, as a whole number.",
    repair="set zarr_format to 3 in zarr.json, to 2 in .zarray and .zgroup",
    anchor=f"{ZARR_V3}#array-metadata-zarr-format",
)
def _format(subject: Subject) -> Iterator[Problem]:
    for name, due in _FORMATS.items():
        document = subject.node.documents.get(name)
        if document is None or document.value is None:
            continue
        stated = document.value.get("zarr_format")
        if stated != due or isinstance(stated, bool | float):
            told = "is missing" if "zarr_format" not in document.value else f"is {said(stated)}"
            yield Problem("/zarr_format", f"zarr_format of {name} {told}, not {due}")


@RULES.rule(
    "node-type",
    Force.MUST,
    clause="A zarr.json says whether its node is a group or an array.",
    repair='set node_type to "array" where the document has a shape, else to "group"',
    anchor=f"{ZARR_V3}#array-metadata-node-type",
)
def _node_type(subject: Subject) -> Iterator[Problem]:
    document = subject.node.documents.get(V3_DOCUMENT)
    if subject.node.kind is not FoundKind.UNREADABLE or document is None or document.value is None:
        return
    if "node_type" not in document.value:
        yield Problem("", "node_type is missing, so readers see no node here")
    else:
        stated = said(document.value["node_type"])
        yield Problem("/node_type", f'node_type is {stated}, neither "group" nor "array"')


@RULES.rule(
    "zarr-attributes",
    Force.MUST,
    clause="User attributes of a Zarr v3 node are a JSON object.",
    repair="make attributes an object, or leave the member out",
    anchor=f"{ZARR_V3}#array-metadata-attributes",
)
def _attributes(subject: Subject) -> Iterator[Problem]:
    held = _v3(subject.node)
    if "attributes" in held and not isinstance(held["attributes"], dict):
        yield Problem("/attributes", f"attributes is {said(held['attributes'])}, no object")


@RULES.rule(
    "zarr3-unknown-member",
    Force.MUST,
    clause="A reader has to refuse a Zarr v3 document with a member that it does not know, unless "
    "that is an object which says must_understand: false.",
    repair="move the member into attributes, or mark it with must_understand: false",
    anchor=f"{ZARR_V3}#extensions",
)
def _unknown(subject: Subject) -> Iterator[Problem]:
    known = ARRAY_MEMBERS if subject.node.kind is FoundKind.ARRAY else _GROUP_MEMBERS
    if subject.node.kind is FoundKind.UNREADABLE:
        return
    for name, value in _v3(subject.node).items():
        if name not in known and member(value, "must_understand") is not False:
            yield Problem(f"/{escaped(name)}", f"member {said(name)} is not one that readers know")


@RULES.rule(
    "zgroup-members",
    Force.MUST,
    clause="A .zgroup document holds zarr_format and nothing else.",
    repair="move the other members into .zattrs",
    anchor=f"{ZARR_V2}#groups",
)
def _zgroup(subject: Subject) -> Iterator[Problem]:
    document = subject.node.documents.get(".zgroup")
    for name in (document.value or {}) if document is not None else ():
        if name != "zarr_format":
            yield Problem(f"/{escaped(name)}", f".zgroup holds the member {said(name)}")


@RULES.rule(
    "zattrs-alone",
    Force.MUST,
    clause="A Zarr v2 node has a .zgroup or a .zarray: attributes alone make none.",
    repair='add a .zgroup with {"zarr_format": 2}',
    anchor=f"{ZARR_V2}#groups",
)
def _zattrs(subject: Subject) -> Iterator[Problem]:
    if not subject.alone and not {V3_DOCUMENT, ".zgroup", ".zarray"} & set(subject.node.documents):
        yield Problem("", "there is neither .zgroup nor .zarray, so readers see no node here")


@RULES.rule(
    "both-formats",
    Force.SHOULD,
    clause="Documents of Zarr v2 and of v3 do not lie side by side; where they do, v3's count.",
    repair="remove the documents of the format that is not wanted once all readers do without",
    anchor="https://ngff.openmicroscopy.org/rfc/2/index.html",
    looks_around=True,
    arises=lambda tree: any(_has_both(node) for node in tree.nodes.values()),
)
def _both(subject: Subject) -> Iterator[Problem]:
    if not _has_both(subject.node):
        return
    above = subject.above()
    if above is None or not _has_both(above):
        yield Problem("", "documents of Zarr v2 and v3 lie side by side, here or below too")


@RULES.rule(
    "node-name",
    Force.MUST,
    clause="The name of a Zarr v3 node is neither made of dots alone nor begins with two "
    "underscores, which are reserved.",
    repair="rename the folder, and the paths that name it",
    anchor=f"{ZARR_V3}#node-names",
)
def _name(subject: Subject) -> Iterator[Problem]:
    name = subject.node.name
    if subject.node.zarr_format == 3 and name and (name.startswith("__") or not name.strip(".")):  # noqa: PLR2004 - the format's number
        yield Problem("", f"the name {said(name)} is reserved")


@RULES.rule(
    "node-name-characters",
    Force.SHOULD,
    clause="Names keep to letters A-Z and a-z, digits, hyphen, underscore and dot, which every "
    "store and language holds alike; those of Zarr v2 at least to ASCII.",
    repair="rename the folder, and the paths that name it",
    anchor=f"{ZARR_V3}#node-names",
)
def _characters(subject: Subject) -> Iterator[Problem]:
    name = subject.node.name
    fine = _PLAIN_NAME.fullmatch(name) if subject.node.zarr_format == 3 else name.isascii()  # noqa: PLR2004 - the format's number
    if name and not fine:
        yield Problem("", f"the name {said(name)} has characters that some stores change or refuse")


@RULES.rule(
    "names-collide",
    Force.OURS,
    clause="No two nodes of a group have names that differ in case or in Unicode form alone: on "
    "many file systems one would replace the other.",
    repair="rename one of them, and the paths that name it",
    anchor=f"{ZARR_V3}#node-names",
    about=About.GROUP,
)
def _collide(subject: Subject) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in subject.node.folders:
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            yield Problem("", f"{said(seen[folded])} and {said(name)} collide on many file systems")
        seen.setdefault(folded, name)


@RULES.rule(
    "group-missing",
    Force.MUST,
    clause="Every folder between the root and a node is a group with a document of its own.",
    repair="write the group's document: zarr.json, or .zgroup in Zarr v2 (zarrlift repair does it)",
    anchor=f"{ZARR_V2}#groups",
    about=About.GROUP,
    looks_around=True,
    arises=lambda tree: any(n.kind is FoundKind.FOLDER for n in tree.nodes.values()),
)
def _missing(subject: Subject) -> Iterator[Problem]:
    due = "zarr.json" if subject.node.zarr_format == 3 else ".zgroup"  # noqa: PLR2004 - as above
    ahead = [subject.node.path]
    while ahead:
        for inner in subject.tree.inside(ahead.pop()):
            if inner.kind is FoundKind.FOLDER:
                yield Problem("", f"{_below(subject, inner)} has no {due}, and nodes lie in it")
                ahead.append(inner.path)


def _below(subject: Subject, inner: Found) -> str:
    return inner.path[len(subject.node.path) :].lstrip("/")


def _v3(node: Found) -> Mapping[str, object]:
    document = node.documents.get(V3_DOCUMENT)
    return (document.value or {}) if document is not None else {}


def _has_both(node: Found) -> bool:
    return V3_DOCUMENT in node.documents and any(n in node.documents for n in V2_DOCUMENTS[:3])
