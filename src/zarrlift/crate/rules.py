"""What the findings about a crate mean: one entry for each rule, told beside those of `validate`.

The rules are asked in `graph.py` and `check.py`, where a crate is read; here is what they ask, and
how to mend what breaks them. Sources: RO-Crate 1.1; the panel of ome-ngff-validator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Severity
from zarrlift.validate.rule import VERSIONS, About, Force, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject

_SPECIFICATION = "https://www.researchobject.org/ro-crate/specification/1.1"
_FILE = f"{_SPECIFICATION}/structure.html#ro-crate-metadata-file-ro-crate-metadatajson"
_ROOT = f"{_SPECIFICATION}/root-data-entity.html"
_CONTEXT = f"{_SPECIFICATION}/appendix/jsonld.html"
_PANEL = "https://github.com/ome/ome-ngff-validator"
_SET = "zarrlift crate URL --set writes it"


class _Told(NamedTuple):
    """What one rule asks."""

    id: str
    force: Force
    clause: str
    repair: str
    anchor: str
    note: bool = False


_TOLD = (
    _Told(
        "crate-unreadable",
        Force.MUST,
        "ro-crate-metadata.json is one JSON object.",
        "mend the JSON where the message points",
        _FILE,
    ),
    _Told(
        "crate-context-missing",
        Force.MUST,
        "A crate has a @context, which gives its words meaning.",
        "add the @context of RO-Crate 1.1",
        _CONTEXT,
    ),
    _Told(
        "crate-graph-missing",
        Force.MUST,
        "A crate lists its entities in @graph.",
        f"write the entities as a list; {_SET}",
        _CONTEXT,
    ),
    _Told(
        "crate-entity-refused",
        Force.MUST,
        "Each entity is an object with an @id and a @type.",
        "add what the entity lacks",
        _CONTEXT,
    ),
    _Told(
        "crate-entity-twice",
        Force.MUST,
        "No two entities have the same @id.",
        "join the entities, or give one of them an @id of its own",
        _CONTEXT,
    ),
    _Told(
        "crate-descriptor-missing",
        Force.MUST,
        "A crate has an entity about its own document.",
        f"add the entity ro-crate-metadata.json; {_SET}",
        _ROOT,
    ),
    _Told(
        "crate-descriptor-type",
        Force.MUST,
        "The entity about the document is a CreativeWork.",
        'set its @type to "CreativeWork"',
        _ROOT,
    ),
    _Told(
        "crate-descriptor-about",
        Force.MUST,
        "The entity about the document says which entity is the root.",
        'set about to {"@id": "./"}',
        _ROOT,
    ),
    _Told(
        "crate-version-missing",
        Force.SHOULD,
        "The entity about the document says to which version of RO-Crate it conforms.",
        'set conformsTo to {"@id": "https://w3id.org/ro/crate/1.1"}',
        _ROOT,
    ),
    _Told(
        "crate-root-missing",
        Force.MUST,
        "A crate has a root data entity, to which its descriptor leads.",
        f"add the entity ./; {_SET}",
        _ROOT,
    ),
    _Told(
        "crate-root-type",
        Force.MUST,
        "The root data entity is a Dataset.",
        'set its @type to "Dataset"',
        _ROOT,
    ),
    _Told(
        "crate-date-missing",
        Force.MUST,
        "The root states when it was published.",
        f"add datePublished; {_SET}",
        _ROOT,
    ),
    _Told(
        "crate-date-refused",
        Force.MUST,
        "The date of publication is one as ISO 8601 writes it.",
        "write it as YYYY-MM-DD",
        _ROOT,
    ),
    _Told(
        "crate-date-short",
        Force.SHOULD,
        "The date of publication states at least the day.",
        "write it as YYYY-MM-DD",
        _ROOT,
    ),
    _Told(
        "crate-license-missing",
        Force.SHOULD,
        "The root states a licence.",
        "zarrlift crate URL --set license=cc-by writes one",
        _ROOT,
    ),
    _Told(
        "crate-license-form",
        Force.OURS,
        "The licence is a text, as the online validator reads it.",
        "write the licence's address as a text, and describe it in an entity of its own",
        _PANEL,
    ),
    _Told(
        "crate-license-undescribed",
        Force.SHOULD,
        "The licence is described by an entity with a name.",
        f"add an entity with the licence's address and its name; {_SET}",
        f"{_SPECIFICATION}/contextual-entities.html",
    ),
    _Told(
        "crate-name-missing",
        Force.SHOULD,
        "The root has a name.",
        "zarrlift crate URL --set name=... writes it",
        _ROOT,
    ),
    _Told(
        "crate-description-missing",
        Force.SHOULD,
        "The root has a description.",
        "zarrlift crate URL --set description=... writes it",
        _ROOT,
    ),
    _Told(
        "crate-organism-missing",
        Force.OURS,
        "A crate of an image says which organism it shows.",
        "zarrlift crate URL --set organism=... writes it",
        _PANEL,
        note=True,
    ),
    _Told(
        "crate-organism-form",
        Force.OURS,
        "The organism has an id that the online validator looks up.",
        "write it as NCBI:txid9606",
        _PANEL,
    ),
    _Told(
        "crate-modality-missing",
        Force.OURS,
        "A crate of an image says by which method it was recorded.",
        "zarrlift crate URL --set modality=... writes it",
        _PANEL,
        note=True,
    ),
    _Told(
        "crate-modality-form",
        Force.OURS,
        "The imaging method has an id that the online validator looks up.",
        "write it as obo:FBbi_00000369",
        _PANEL,
    ),
    _Told(
        "crate-shown-other",
        Force.OURS,
        "Of licence, name and description the root's come first, since the first is shown.",
        "put the root before the other entities",
        _PANEL,
    ),
    _Told(
        "crate-term-undefined",
        Force.SHOULD,
        "The @context defines the words that a crate uses.",
        "add the words to the @context, with their addresses",
        _CONTEXT,
    ),
    _Told(
        "crate-link-dangling",
        Force.SHOULD,
        "A link within the document leads to one of its entities.",
        "add the entity, or remove the link",
        f"{_SPECIFICATION}/contextual-entities.html",
    ),
    _Told(
        "crate-part-missing",
        Force.SHOULD,
        "The files that a crate lists are there.",
        "restore the file, or remove it from hasPart",
        f"{_SPECIFICATION}/data-entities.html",
    ),
)


def _asked_elsewhere(_: Subject) -> Iterator[Problem]:
    return iter(())


def _rule(told: _Told) -> Rule:
    return Rule(
        id=told.id,
        about=About.DATASET,
        force=told.force,
        versions=VERSIONS,
        clause=told.clause,
        repair=told.repair,
        anchor=told.anchor,
        looks_around=True,
        softer=dict.fromkeys(VERSIONS, Severity.NOTE) if told.note else {},
        check=_asked_elsewhere,
    )


RULES: tuple[Rule, ...] = tuple(_rule(told) for told in _TOLD)
"""For lists and pages of rules; a crate is judged by `judge` of `check.py`, not by asking these."""
