"""What RO-Crate requires and advises, and what the online validator will show.

Sources: RO-Crate 1.1, "Root Data Entity"; the RO-Crate panel of ome-ngff-validator, which takes the
first item of `@graph` that has a member, and a licence only as a text.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from zarrlift.crate import terms
from zarrlift.crate.compose import defined_terms, used_terms
from zarrlift.crate.graph import links, read_graph, texts
from zarrlift.findings import error, note, warning
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zarrlift.crate.graph import Entity, Graph
    from zarrlift.findings import Finding

_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:[T ].*)?)?)?")
_DAY = 10
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|#|/")
"""How ids begin that do not name a file of the dataset."""


def check_missing() -> list[Finding]:
    """Say that there is no crate."""
    return [error("crate-missing", CRATE, "there is none; zarrlift crate URL --set makes one")]


def judge(
    data: bytes, there: Callable[[Sequence[str]], Iterable[bool]]
) -> tuple[Graph | None, list[Finding]]:
    """Read a crate's document and check it; None where it has no graph.

    `there` is as for `check_parts`.
    """
    graph, found = read_graph(data)
    if graph is not None:
        found += check_graph(graph)
        found += check_parts(graph, there)
    return graph, found


def check_graph(graph: Graph) -> list[Finding]:
    """Check what a crate says; its form was checked when it was read."""
    root = graph.root
    if root is None:
        return []
    return [
        *_date(root),
        *_license(graph, root),
        *_texts(root),
        *_organisms(graph),
        *_modalities(graph),
        *_first(graph, root),
        *_undefined(graph, root),
        *_dangling(graph),
    ]


def check_parts(
    graph: Graph, there: Callable[[Sequence[str]], Iterable[bool]]
) -> Iterator[Finding]:
    """Report the files of the dataset that the crate lists and that are not there.

    `there` says so of each of some paths; those of folders end with a slash.
    """
    parts: dict[str, str] = {}
    for identifier in links(graph.root.get("hasPart")) if graph.root else ():
        key = unquote(identifier).removeprefix("./")
        if key.strip("/") and not _ELSEWHERE.match(key) and ".." not in key.split("/"):
            parts[identifier] = key
    for identifier, found in zip(parts, there([*parts.values()]), strict=True):
        if not found:
            yield warning("crate-part-missing", CRATE, f"lists {identifier}, which is not there")


def _date(root: Entity) -> Iterator[Finding]:
    value = root.get("datePublished")
    found = value if isinstance(value, str) else ""
    if not value:
        yield error("crate-date-missing", CRATE, "has no datePublished, which RO-Crate requires")
    elif not _is_date(found):
        yield error("crate-date-refused", CRATE, f"datePublished {value!r} is no ISO 8601 date")
    elif len(found) < _DAY:
        yield warning("crate-date-short", CRATE, f"datePublished {value!r} does not state the day")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        if len(text) > _DAY:
            datetime.fromisoformat(text)
        else:
            date.fromisoformat(f"{text}-01-01"[:_DAY])
    except ValueError:
        return False
    return True


def _license(graph: Graph, root: Entity) -> Iterator[Finding]:
    value = root.get("license")
    if not value:
        message = "has no license, so nobody may use the data; --set license=cc-by adds one"
        yield warning("crate-license-missing", CRATE, message)
        return
    if not isinstance(value, str):
        message = "license is no text, on which the online validator's page fails"
        yield warning("crate-license-form", CRATE, message)
    for address in [*texts(value), *links(value)]:
        entity = graph.by_id(address)
        if entity is None or not texts(entity.get("name")):
            message = f"the licence {address} has no entity with a name"
            yield warning("crate-license-undescribed", CRATE, message)


def _texts(root: Entity) -> Iterator[Finding]:
    if not texts(root.get("name")):
        message = "has no name; RO-Crate and the online validator ask for one"
        yield warning("crate-name-missing", CRATE, message)
    if not texts(root.get("description")):
        message = "has no description; RO-Crate and the online validator ask for one"
        yield warning("crate-description-missing", CRATE, message)


def _organisms(graph: Graph) -> Iterator[Finding]:
    found = _ids(graph, "biosample", "organism_classification")
    if not found:
        message = "says no organism (a biosample with organism_classification)"
        yield note("crate-organism-missing", CRATE, message)
    for message in _odd(found, terms.taxon_id):
        yield warning("crate-organism-form", CRATE, message)


def _modalities(graph: Graph) -> Iterator[Finding]:
    found = _ids(graph, "image_acquisition", "fbbi_id")
    if not found:
        message = "says no imaging method (an image_acquisition with fbbi_id)"
        yield note("crate-modality-missing", CRATE, message)
    for message in _odd(found, terms.method_id):
        yield warning("crate-modality-form", CRATE, message)


def _ids(graph: Graph, kind: str, member: str) -> list[str]:
    return [i for e in graph.of_type(kind) for i in links(e.get(member))]


def _odd(found: list[str], form: Callable[[str], str | None]) -> Iterator[str]:
    """Give a message for each id in a form that the online validator does not look up."""
    for identifier in found:
        due = form(identifier)
        if identifier != due:
            better = f"; write {due}" if due else ""
            yield f"the online validator does not look up {identifier}{better}"


def _first(graph: Graph, root: Entity) -> Iterator[Finding]:
    """Report what is shown in place of the root's own words."""
    for member in ("license", "name", "description"):
        first = next((e for e in graph.entities if member in e), None)
        if first is not None and first["@id"] != root["@id"]:
            message = f"the online validator shows the {member} of {first['@id']}: it comes first"
            yield warning("crate-shown-other", CRATE, message)


def _undefined(graph: Graph, root: Entity) -> Iterator[Finding]:
    context = graph.document.get("@context")
    missing = used_terms(graph.entities, root) - defined_terms(context) - {"license"}
    if missing:
        message = f"@context does not define {', '.join(sorted(missing))}"
        yield warning("crate-term-undefined", CRATE, message)


def _dangling(graph: Graph) -> Iterator[Finding]:
    """Report links within the document that lead nowhere."""
    there = {e["@id"] for e in graph.entities}
    linked = dict.fromkeys(i for e in graph.entities for v in e.values() for i in links(v))
    for identifier in linked:
        if identifier.startswith("#") and identifier not in there:
            yield warning("crate-link-dangling", CRATE, f"nothing has the id {identifier}")
