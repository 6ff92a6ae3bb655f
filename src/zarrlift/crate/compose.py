"""Saying something in a crate: a new one, or one that is there, of which all else stays.

The forms are those that the online validator and the challenge's loader read: `license` as a text
on the root, the types `biosample` and `image_acquisition`, and the root before all that has a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.crate import terms
from zarrlift.crate.graph import DESCRIPTORS, Graph, links, texts, types, values
from zarrlift.crate.words import license_name
from zarrlift.metadata.json_text import copied
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zarrlift.crate.graph import Entity
    from zarrlift.plan.crate import CrateWords

VERSION = "1.1"
_PROFILE = f"https://w3id.org/ro/crate/{VERSION}"
_OBO = "http://purl.obolibrary.org/obo/"
TERMS: dict[str, object] = {
    "license": {"@id": "http://schema.org/license", "@type": "@id"},
    "obo": _OBO,
    "organism_classification": "https://schema.org/taxonomicRange",
    "biosample": f"{_OBO}OBI_0002648",
    "specimen": f"{_OBO}HSO_0000308",
    "image_acquisition": f"{_OBO}FBbi_00000222",
    "fbbi_id": {"@id": "http://schema.org/measurementTechnique", "@type": "@id"},
    "resultOf": {"@reverse": "http://schema.org/result", "@type": "@id"},
}
"""Words beyond RO-Crate's own. `license` becomes a link, so that the text leads to its entity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a dataset was made, for the action that says so."""

    digest: str
    """That of the plan: 64 hexadecimal digits."""
    source: str
    """Name or address of the source."""
    target: str
    """What was written, such as `OME-Zarr 0.5`."""
    found: str
    """What the source was."""
    version: str
    """Of zarrlift."""
    instant: str
    """When, as `2026-11-21T12:00:00+00:00`."""

    @property
    def id(self) -> str:
        """Return the id of the action."""
        return f"#zarrlift-{self.digest[:16]}"


def new_document() -> dict[str, object]:
    """Give a crate that says nothing yet."""
    root: Entity = {"@id": "./", "@type": "Dataset"}
    return {"@context": f"{_PROFILE}/context", "@graph": [_descriptor("./"), root]}


def _descriptor(root: str) -> Entity:
    return {
        "@id": CRATE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _PROFILE},
        "about": {"@id": root},
    }


def compose(
    found: Graph | None,
    words: CrateWords,
    *,
    name: str,
    today: str,
    part: str | None = None,
    made: Made | None = None,
) -> dict[str, object]:
    """Give the document of a crate that says `words`; all else that was found stays.

    `found` has a root. `name` stands in where no name was said before. `part` is the document of
    the dataset that the crate lists.
    """
    document = copied(found.document) if found else new_document()
    if not isinstance(document, dict) or not isinstance(document["@graph"], list):
        raise TypeError(type(document))
    graph = document["@graph"]
    place = graph.index(found.root) if found else 1
    writing = _Writing(graph, graph[place])
    writing.say(words, name, today)
    if part is not None:
        writing.part(part)
    if made is not None:
        writing.provenance(made)
    writing.complete()
    document["@context"] = _with_terms(document.get("@context"), used_terms(graph, graph[1]))
    return document


def used_terms(items: Iterable[object], root: Entity) -> set[str]:
    """Give the words of `TERMS` that a graph uses."""
    entities = [i for i in items if isinstance(i, dict)]
    words = {name for e in entities for name in (*e, *types(e))} & (TERMS.keys() - {"license"})
    linked = {i for e in entities for value in e.values() for i in links(value)}
    if any(i.startswith("obo:") for i in linked):
        words.add("obo")
    if any("://" in text for text in texts(root.get("license"))):
        words.add("license")
    return words


class _Writing:
    """Changes the graph of a document of its own."""

    def __init__(self, graph: list[object], root: Entity) -> None:
        self.graph, self.root = graph, root

    def say(self, words: CrateWords, name: str, today: str) -> None:
        """Say what is given, and what a crate must say."""
        if words.name or not texts(self.root.get("name")):
            self.root["name"] = words.name or name
        if words.description:
            self.root["description"] = words.description
        if not texts(self.root.get("datePublished")):
            self.root["datePublished"] = today
        if words.license:
            self._license(words.license)
        if words.keyword:
            self.root["keywords"] = _one_or_list(words.keyword)
        if words.author:
            self._authors(words.author)
        if words.organism or words.modality:
            self._samples(words)

    def _entities(self, kind: str = "") -> list[Entity]:
        found = [i for i in self.graph if isinstance(i, dict) and isinstance(i.get("@id"), str)]
        return [e for e in found if not kind or kind in types(e)]

    def _put(self, entity: Entity) -> Entity:
        """Add an entity, or the members that one of its id lacks."""
        for held in self._entities():
            if held["@id"] == entity["@id"]:
                held.update({k: v for k, v in entity.items() if k not in held})
                return held
        self.graph.append(entity)
        return entity

    def _link(self, member: str, identifiers: Iterable[str]) -> None:
        """Let the root lead to entities too."""
        self.root[member] = _linked(self.root.get(member), identifiers)

    def _license(self, address: str) -> None:
        self.root["license"] = address
        entity: Entity = {"@id": address, "@type": "CreativeWork"}
        entity["name"] = license_name(address) or address
        if texts(self.root.get("description")):  # else it would be shown as the dataset's
            entity["description"] = f"The licence of this dataset: {entity['name']}"
        self._put(entity)

    def _authors(self, authors: Sequence[str]) -> None:
        identifiers = []
        for author in authors:
            address, _, name = author.partition(" ")
            entity = self._put({"@id": address, "@type": "Person"})
            if name:
                entity["name"] = name
            identifiers.append(address)
        self.root["author"] = _references(identifiers)

    def _samples(self, words: CrateWords) -> None:
        """Say organisms and imaging methods by the entities that are there, else by new ones."""
        if words.organism:
            samples = self._valued("biosample", "organism_classification", words.organism)
            self._link("about", samples)
            self._specimens(samples)
        if words.modality:
            self._valued("image_acquisition", "fbbi_id", words.modality)
        specimens = [str(e["@id"]) for e in self._entities("specimen")]
        acquisitions = self._entities("image_acquisition")
        for acquisition in acquisitions if specimens else ():
            held = acquisition.get("specimen")
            if words.organism or held is None:
                acquisition["specimen"] = _linked(held, specimens)
        if acquisitions:
            self._link("resultOf", [str(e["@id"]) for e in acquisitions])

    def _specimens(self, samples: Sequence[str]) -> None:
        """Let each sample have a specimen, which is what an acquisition leads to."""
        held = {i for e in self._entities("specimen") for i in links(e.get("biosample"))}
        for sample in samples:
            if sample not in held:
                self._fresh("specimen")["biosample"] = {"@id": sample}

    def _valued(self, kind: str, member: str, identifiers: Sequence[str]) -> list[str]:
        """Let the entities of a kind have these values, one each; gives the entities' ids."""
        held = self._entities(kind)
        while len(held) < len(identifiers):
            held.append(self._fresh(kind))
        for entity, identifier in zip(held, identifiers, strict=False):
            entity[member] = {"@id": identifier}
            self._term(identifier)
        for entity in held[len(identifiers) :]:
            entity.pop(member, None)
        return [str(e["@id"]) for e in held[: len(identifiers)]]

    def _term(self, identifier: str) -> None:
        """Describe a term by the name that the table has for it."""
        term = terms.known(identifier)
        if term is not None:
            entity: Entity = {"@id": identifier, "@type": "DefinedTerm", "name": term.label}
            self._put(entity | {"sameAs": {"@id": term.address}})

    def _fresh(self, kind: str) -> Entity:
        taken = {e["@id"] for e in self._entities()}
        number = next(n for n in range(1, len(taken) + 2) if f"#{kind}-{n}" not in taken)
        return self._put({"@id": f"#{kind}-{number}", "@type": kind})

    def part(self, key: str) -> None:
        """List the document of the dataset as a part of it."""
        if key not in links(self.root.get("hasPart")):
            entity: Entity = {"@id": key, "@type": "File", "name": "Zarr metadata of the root"}
            self._put(entity | {"encodingFormat": "application/json"})
            self._link("hasPart", [key])

    def provenance(self, made: Made) -> None:
        """Say what made this dataset of what, and when."""
        program = self._put(
            {
                "@id": f"#zarrlift-{made.version}",
                "@type": "SoftwareApplication",
                "name": "zarrlift",
                "version": made.version,
            }
        )
        remote = "://" in made.source
        source = self._put(
            {
                "@id": made.source if remote else f"{made.id}-source",
                "@type": "CreativeWork",
                "name": made.source.rstrip("/").rpartition("/")[2] or made.source,
                "encodingFormat": made.found,
            }
        )
        action: Entity = {
            "@id": made.id,
            "@type": "CreateAction",
            "name": f"Lifted from {made.found} to {made.target}",
            "endTime": made.instant,
            "identifier": f"sha256:{made.digest}",
            "instrument": {"@id": program["@id"]},
            "object": {"@id": source["@id"]},
            "result": {"@id": self.root["@id"]},
        }
        self._put(action)["endTime"] = made.instant
        self._link("mentions", [made.id])

    def complete(self) -> None:
        """Put the descriptor and the root before all others: loaders take the first name."""
        descriptor = next((e for e in self._entities() if e["@id"] in DESCRIPTORS), None)
        if descriptor is None:
            descriptor = _descriptor(str(self.root["@id"]))
        front = [descriptor, self.root]
        rest = [i for i in self.graph if i is not descriptor and i is not self.root]
        self.graph[:] = [*front, *rest]


def has_made(found: Graph, digest: str) -> bool:
    """Say whether a crate tells that the plan of this digest made its dataset."""
    said = {t for a in found.of_type("CreateAction") for t in texts(a.get("identifier"))}
    return f"sha256:{digest}" in said


def defined_terms(context: object) -> set[str]:
    """Give the words that a context defines itself, not by the address of another."""
    return {name for part in values(context) if isinstance(part, dict) for name in part}


def _with_terms(context: object, used: set[str]) -> object:
    """Give a context that defines the words used too; what it defines stays as it is."""
    parts = [copied(part) for part in values(context)] or [f"{_PROFILE}/context"]
    missing = used - defined_terms(context)
    new = {name: meaning for name, meaning in TERMS.items() if name in missing}
    if not new:
        return context or parts[0]
    if parts and isinstance(parts[-1], dict):
        parts[-1] = parts[-1] | new
        return parts if isinstance(context, list) else parts[0]
    return [*parts, new]


def _linked(held: object, identifiers: Iterable[str]) -> object:
    """Give a member that leads to entities beside what it has."""
    there = set(links(held))
    return _one_or_list([*values(held), *({"@id": i} for i in identifiers if i not in there)])


def _references(identifiers: Sequence[str]) -> object:
    return _one_or_list([{"@id": i} for i in dict.fromkeys(identifiers)])


def _one_or_list(items: Sequence[object]) -> object:
    return items[0] if len(items) == 1 else list(items)
