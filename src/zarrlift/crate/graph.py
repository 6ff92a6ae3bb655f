"""A crate's document as it was found: its entities, its root, and what is wrong with its form.

Source of the rules: RO-Crate 1.1, "RO-Crate Metadata File" and "Root Data Entity".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.errors import DocumentError
from zarrlift.findings import error, warning
from zarrlift.metadata import json_text
from zarrlift.metadata.json_depth import nested_too_deeply
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.findings import Finding

Entity = dict[str, object]
DESCRIPTORS = (CRATE, "ro-crate-metadata.jsonld")
"""Names under which the document describes itself: that of RO-Crate 1.1 and later, that of 1.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A crate's document, whose entities can be told apart; nobody else holds it."""

    document: dict[str, object]
    entities: list[Entity]
    """Every item of `@graph` that is an object with an id, in its order."""
    root: Entity | None
    """The root data entity, where the descriptor leads to one."""

    def of_type(self, name: str) -> Iterator[Entity]:
        """Walk the entities of a type."""
        return (e for e in self.entities if name in types(e))

    def by_id(self, identifier: str) -> Entity | None:
        """Give the first entity of an id."""
        return next((e for e in self.entities if e["@id"] == identifier), None)

    @property
    def descriptor(self) -> Entity | None:
        """Return the entity that describes the document itself."""
        return next((e for name in DESCRIPTORS if (e := self.by_id(name))), None)


def read_graph(data: bytes) -> tuple[Graph | None, list[Finding]]:
    """Read a crate's document, and say what is wrong with its form; None where it has no graph."""
    if nested_too_deeply(data):
        return None, [error("crate-unreadable", CRATE, "is nested too deeply to be read")]
    try:
        document = json_text.read_object(data, CRATE)
    except DocumentError as cause:
        return None, [error("crate-unreadable", CRATE, cause.message)]
    items = document.get("@graph")
    if not isinstance(items, list):
        return None, [error("crate-graph-missing", CRATE, "has no @graph that is a list")]
    entities: list[Entity] = [i for i in items if isinstance(i, dict) and _has_id(i)]
    graph = Graph(document=document, entities=entities, root=_root(entities))
    return graph, list(_form(graph, items))


def write_graph(document: object) -> bytes:
    """Encode a crate's document; the same value gives the same bytes."""
    try:
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form, but an escape
        return (json.dumps(document, indent=2) + "\n").encode()


def types(entity: Entity) -> list[str]:
    """Give the types of an entity."""
    return [t for t in values(entity.get("@type")) if isinstance(t, str)]


def values(value: object) -> list[object]:
    """Give the values of a member, which may be one or a list of them."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def links(value: object) -> list[str]:
    """Give the ids that a member leads to."""
    ids = (v.get("@id") for v in values(value) if isinstance(v, dict))
    return [i for i in ids if isinstance(i, str)]


def texts(value: object) -> list[str]:
    """Give the texts that a member holds, empty ones left out."""
    return [v for v in values(value) if isinstance(v, str) and v.strip()]


def _has_id(item: Entity) -> bool:
    return isinstance(item.get("@id"), str) and bool(item["@id"])


def _root(entities: list[Entity]) -> Entity | None:
    found = {str(e["@id"]): e for e in reversed(entities)}
    descriptor = next((found[name] for name in DESCRIPTORS if name in found), None)
    if descriptor is None:
        return found.get("./")
    return next((found[i] for i in links(descriptor.get("about")) if i in found), found.get("./"))


def _form(graph: Graph, items: list[object]) -> Iterator[Finding]:
    if not graph.document.get("@context"):
        yield error(
            "crate-context-missing", CRATE, "has no @context, which gives its words meaning"
        )
    odd = len(items) - sum(1 for e in graph.entities if types(e))
    if odd:
        message = f"{odd} of {len(items)} items of @graph are no objects with an @id and a @type"
        yield error("crate-entity-refused", CRATE, message)
    seen: set[object] = set()
    for entity in graph.entities:
        if entity["@id"] in seen:
            yield error("crate-entity-twice", CRATE, f"has {entity['@id']!r} more than once")
        seen.add(entity["@id"])
    yield from _descriptor(graph)
    if graph.root is None:
        yield error("crate-root-missing", CRATE, "has no root data entity that it leads to")
    elif "Dataset" not in types(graph.root):
        yield error("crate-root-type", CRATE, "its root data entity is not of the type Dataset")


def _descriptor(graph: Graph) -> Iterator[Finding]:
    found = graph.descriptor
    if found is None:
        yield error("crate-descriptor-missing", CRATE, f"has no entity {CRATE!r} about itself")
        return
    if "CreativeWork" not in types(found):
        message = "the entity about itself is not of the type CreativeWork"
        yield error("crate-descriptor-type", CRATE, message)
    root = graph.root["@id"] if graph.root else None
    if root not in links(found.get("about")):
        yield error("crate-descriptor-about", CRATE, "does not say which entity is its root")
    if version_of(found) is None:
        message = "does not say which version of RO-Crate it conforms to"
        yield warning("crate-version-missing", CRATE, message)


def version_of(descriptor: Entity | None) -> str | None:
    """Give the version of RO-Crate that a descriptor states, such as `1.1`."""
    for address in links(descriptor.get("conformsTo")) if descriptor else ():
        _, separator, version = address.partition("://w3id.org/ro/crate/")
        if separator:
            return version.strip("/")
    return None
