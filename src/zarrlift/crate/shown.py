"""What a crate says, in the words that its document holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.crate import terms
from zarrlift.crate.graph import Graph, links, texts, values, version_of
from zarrlift.crate.panel import panel
from zarrlift.crate.words import license_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.crate.graph import Entity
    from zarrlift.findings import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value: the id or text that the document holds, and a name for it where there is one."""

    value: str
    label: str = ""

    def to_json(self) -> dict[str, str | None]:
        """Return both under their documented names."""
        return {"value": self.value, "label": self.label or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """The crate of a dataset as it was found, and what is to be said of it."""

    source: str
    exists: bool
    """There is such a document, readable or not."""
    version: str | None
    """Of RO-Crate, as it states; None where it does not."""
    said: dict[str, tuple[Said, ...]]
    """By name: license, name, description, organism, modality, author, keyword, published."""
    actions: tuple[str, ...]
    """What made the dataset, each in a line."""
    panel: dict[str, str | None]
    """What the online validator shows, by the same names; a licence that it fails on is None."""
    entities: int
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Say whether nothing was found that RO-Crate forbids."""
        return not any(f.severity == "error" for f in self.findings)

    def __repr__(self) -> str:
        """Give licence and verdict in one line."""
        licence = next((s.value for s in self.said.get("license", ())), "no licence")
        verdict = "valid" if self.valid else "NOT valid"
        return f"Crate({self.source!r}: {licence}, {self.entities} entities, {verdict})"


def shown(source: str, graph: Graph | None, findings: list[Finding], *, exists: bool) -> Crate:
    """Gather what a crate says."""
    root = graph.root if graph else None
    return Crate(
        source=source,
        exists=exists,
        version=version_of(graph.descriptor) if graph else None,
        said=_said(graph, root) if graph and root is not None else {},
        actions=tuple(_actions(graph)) if graph else (),
        panel=panel(graph) if graph else {},
        entities=len(graph.entities) if graph else 0,
        findings=tuple(findings),
    )


def _said(graph: Graph, root: Entity) -> dict[str, tuple[Said, ...]]:
    return {
        "license": tuple(_licenses(graph, root)),
        "name": _plain(root.get("name")),
        "description": _plain(root.get("description")),
        "organism": _terms(graph, "biosample", "organism_classification"),
        "modality": _terms(graph, "image_acquisition", "fbbi_id"),
        "author": tuple(_named(graph, root.get("author"))),
        "keyword": _plain(root.get("keywords")),
        "published": _plain(root.get("datePublished")),
    }


def _plain(value: object) -> tuple[Said, ...]:
    return tuple(Said(value=t) for t in texts(value))


def _licenses(graph: Graph, root: Entity) -> Iterator[Said]:
    for said in _named(graph, root.get("license")):
        name = license_name(said.value) or said.label
        yield Said(value=said.value, label=name if name != said.value else "")


def _named(graph: Graph, value: object) -> Iterator[Said]:
    """Give the texts and links of a member, each with the name of the entity it leads to."""
    for one in values(value):
        text = one if isinstance(one, str) else next(iter(links(one)), "")
        if text.strip():
            entity = graph.by_id(text)
            yield Said(
                value=text, label=next(iter(texts(entity.get("name"))), "") if entity else ""
            )


def _terms(graph: Graph, kind: str, member: str) -> tuple[Said, ...]:
    found = dict.fromkeys(i for e in graph.of_type(kind) for i in links(e.get(member)))
    return tuple(Said(value=i, label=_label(graph, i)) for i in found)


def _label(graph: Graph, identifier: str) -> str:
    entity, term = graph.by_id(identifier), terms.known(identifier)
    names = texts(entity.get("name")) if entity else []
    return names[0] if names else term.label if term else ""


def _actions(graph: Graph) -> Iterator[str]:
    for action in graph.of_type("CreateAction"):
        program = next(_named(graph, action.get("instrument")), None)
        source = next(_named(graph, action.get("object")), None)
        parts = [*texts(action.get("name"))[:1]]
        if source:
            parts.append(f"source {source.label or source.value}")
        if program:
            entity = graph.by_id(program.value)
            versions = texts(entity.get("version")) if entity else []
            parts.append(" ".join([program.label or program.value, *versions[:1]]))
        parts += [*texts(action.get("endTime"))[:1], *texts(action.get("identifier"))[:1]]
        if parts:
            yield ", ".join(parts)
