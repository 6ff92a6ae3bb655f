"""The verdict on one document or store, as the specification's own runner of suites asks for it.

The official suites hold documents by themselves, and a few that the text of the specification
does not allow. What does not count for them is listed here with its reason, and nothing else is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zarrlift.findings import Severity
from zarrlift.metadata import ome
from zarrlift.survey.found import V3_DOCUMENT, FoundKind
from zarrlift.survey.given import hierarchy
from zarrlift.validate.previews import (
    NO_SCENE,
    SNAKE_AXES,
    TEXT_ENDS,
    final_form,
    preview_number,
)
from zarrlift.validate.rule import Force
from zarrlift.validate.run import all_rules, check
from zarrlift.validate.slips import as_meant
from zarrlift.validate.subject import known_version
from zarrlift.validate.values import entries, member, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zarrlift.findings import Finding
    from zarrlift.survey.found import Document, Found, Hierarchy

ALLOWED = {
    "transform-length-space": "the suites hold an image of the axes t, y, x whose scale has two "
    "numbers, and call it valid",
    "by-dimension-complete": "the suites of 0.6 hold a sequence whose `byDimension` leaves an axis "
    "out, and call it valid",
    "label-multiscales": "the suites hold `image-label` without the image that it belongs to",
}
"""MUST rules whose breaches are no fault in a document by itself, and why."""
UNASKED = {
    "axis-unit": "the strict suites hold axes without a unit, and call them valid",
    "plate-field-count-stated": "the strict suites hold plates without it, and call them valid",
}
"""SHOULD rules that do not count even strictly, and why."""
_SHOWN = 5
_ABSENT = "holds nothing of OME-Zarr"
_CASE = ("data", "valid")
"""Members of one case of a suite as 0.4 and 0.5 have it."""
_CASE_OF = "_conformance"
"""The attribute in which a case of the suites of 0.6 says what it is."""
_V3 = ("0.5", "0.6")
_KINDS = frozenset({*ome.MEMBERS, "scene"} - {"omero"})
"""Members that say what a group is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether something is as the specification has it, and why not."""

    valid: bool
    message: str
    findings: tuple[Finding, ...] = ()
    """All that was found, whether it counts or not."""

    def to_json(self) -> dict[str, object]:
        """Return what the runner of the suites reads."""
        return {"valid": self.valid, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """By what is judged."""

    version: str | None = None
    """One of `VERSIONS`; by default the one that is stated, or that the form shows."""
    strict: bool = False
    """Advice counts too."""
    strict_cases: bool = False
    """It counts too in what is a case of a suite: the place of the file says that it is strict."""
    lenient: bool | None = None
    """Read what previews of 0.6 were spelled like; by default what the stated preview had."""


def judge_document(document: object, measure: Measure) -> Verdict:
    """Judge one document: a group's attributes, its `zarr.json`, or a case of a suite."""
    attributes, strict = _attributes(document, measure)
    if attributes is None:
        return Verdict(valid=False, message="is no JSON object with the attributes of a group")
    measure = replace(measure, strict=measure.strict or strict)
    version = measure.version or _version_of(attributes)
    held = attributes.get("ome")
    if version in _V3 or (version is None and "ome" in attributes):
        if isinstance(held, dict):
            held = _read(held, measure, texts_up_to=TEXT_ENDS)
            attributes = attributes | {"ome": as_meant(held, version)}
        version = measure.version or known_version(text(member(held, "version")))
        own = document if _is_node(document) and isinstance(document, dict) else {}
        whole = {"zarr_format": 3, "node_type": "group", **own, "attributes": attributes}
        place = _place(held if isinstance(held, dict) else {})
        return _judged(hierarchy({f"{place}{V3_DOCUMENT}": whole}), version, measure, alone=True)
    attributes, place = as_meant(attributes, version), _place(attributes)
    old: dict[str, object] = {"zarr_format": 2}
    files = {f"{place}.zgroup": old, f"{place}.zattrs": attributes}
    return _judged(hierarchy(files), version, measure, alone=True)


def _place(members: Mapping[str, object]) -> str:
    """Give where a document would lie that lists a collection's series."""
    return "OME/" if "series" in members and not members.keys() & (_KINDS - {"series"}) else ""


def judge_store(tree: Hierarchy, measure: Measure) -> Verdict:
    """Judge a store; one that holds a single group is judged as its document is.

    The suites' stores hold no arrays, and have the spelling of the first previews, whatever version
    they state: where one says that it is a case, it is read so unless another reading is asked for.
    """
    with_documents = [node for node in tree.nodes.values() if node.documents]
    alone = len(with_documents) == 1 and with_documents[0].kind is FoundKind.GROUP
    about = with_documents[0].attributes.get(_CASE_OF) if alone else None
    if isinstance(about, dict):
        strict, lenient = measure.strict or _is_strict(about, measure), measure.lenient
        measure = replace(measure, strict=strict, lenient=True if lenient is None else lenient)
    nodes = {path: _node_read(node, measure, alone=alone) for path, node in tree.nodes.items()}
    return _judged(replace(tree, nodes=nodes), measure.version, measure, alone=alone)


def _judged(tree: Hierarchy, version: str | None, measure: Measure, *, alone: bool) -> Verdict:
    found = check(tree, version, alone=alone)
    faults = list(_faults(found, strict=measure.strict, alone=alone))
    if not faults and not any(node.ome.keys() & _KINDS for node in tree.nodes.values()):
        faults = [_ABSENT]
    if faults:
        more = len(faults) - _SHOWN
        shown = [*faults[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
        return Verdict(valid=False, message="; ".join(shown), findings=tuple(found))
    by = f"OME-Zarr {version or known_version(tree.version) or ''}".strip()
    return Verdict(valid=True, message=f"conforms to {by}", findings=tuple(found))


def _faults(found: Iterable[Finding], *, strict: bool, alone: bool) -> Iterator[str]:
    """Walk the findings that count, as texts."""
    forces = {rule.id: rule.force for rule in all_rules()}
    for finding in found:
        force = forces.get(finding.rule, Force.MUST)
        excused = finding.rule in UNASKED or (alone and finding.rule in ALLOWED)
        counts = finding.severity is Severity.ERROR
        counts |= strict and finding.severity is Severity.WARNING
        if counts and force is not Force.OURS and not excused:
            where = f"{finding.path}: " if finding.path else ""
            yield f"{where}{finding.message} [{finding.rule}]"


def _attributes(document: object, measure: Measure) -> tuple[dict[str, object] | None, bool]:
    """Give the attributes that a document holds, and whether it is a case to be judged strictly."""
    found = document
    if all(name in found for name in _CASE) if isinstance(found, dict) else False:
        found = member(found, "data")
    if isinstance(found, dict) and (_is_node(found) or list(found) == ["attributes"]):
        found = found.get("attributes", {})
    if not isinstance(found, dict):
        return None, False
    strict = _is_strict(found.get(_CASE_OF), measure)
    return {name: value for name, value in found.items() if name != _CASE_OF}, strict


def _is_strict(about: object, measure: Measure) -> bool:
    """Say whether something is a case, and one of the strict suites."""
    named = str(member(about, "schema", "id")).rpartition("/")[2]
    stated = member(about, "strict") is True or named.startswith("strict_")
    return stated or (measure.strict_cases and isinstance(about, dict))


def _is_node(document: object) -> bool:
    return isinstance(document, dict) and "node_type" in document


def _version_of(attributes: Mapping[str, object]) -> str | None:
    """Give the version to judge attributes by, None where none of ours is stated."""
    if "ome" in attributes:
        return known_version(ome.v3_version(attributes))
    stated = ome.stated_version(attributes)
    if stated is not None:
        return known_version(stated)
    images = list(entries(attributes, "multiscales"))
    levels = [level for image in images for level in entries(image.value, "datasets")]
    if any("coordinateTransformations" in level.value for level in levels):
        return "0.4"
    return ome.guessed_version(attributes, set())


def _read(members: dict[str, object], measure: Measure, *, texts_up_to: int) -> dict[str, object]:
    """Give the members of a preview as 0.6 has them, where they are to be read so."""
    stated = members.get("version")
    number = preview_number(stated)
    if measure.lenient is False or (number is None and not measure.lenient):
        return members
    if measure.lenient:
        return final_form(members) if known_version(text(stated)) == "0.6" else members
    if number is None or (number > SNAKE_AXES and number > texts_up_to):
        return members
    return final_form(members, text_ends=number <= texts_up_to, scene_ends=number <= NO_SCENE)


def _node_read(node: Found, measure: Measure, *, alone: bool) -> Found:
    """Give a node of a store with what its preview of 0.6 meant."""
    own = node.documents.get(V3_DOCUMENT)
    held = node.attributes.get("ome")
    if own is None or own.value is None or not isinstance(held, dict):
        return node
    made = _read(held, measure, texts_up_to=SNAKE_AXES + 1)
    if alone:  # else the wells are looked for where the paths lead
        made = as_meant(made, known_version(text(made.get("version"))))
    if made == held:
        return node
    document = _with_attributes(own, dict(node.attributes) | {"ome": made})
    return replace(node, documents=dict(node.documents) | {V3_DOCUMENT: document})


def _with_attributes(document: Document, attributes: dict[str, object]) -> Document:
    return replace(document, value=dict(document.value or {}) | {"attributes": attributes})
