"""What a crate held that another one, made of it, does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.crate.graph import read_graph, values
from zarrlift.findings import error
from zarrlift.survey.facts import CRATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.crate.graph import Entity
    from zarrlift.findings import Finding

_MAY_CHANGE = frozenset(
    {"license", "name", "description", "keywords", "author", "organism_classification", "fbbi_id"}
)
"""Members that `--set` and the options of a lift are there to change."""


def compare_crates(source: bytes, target: bytes | None) -> list[Finding]:
    """Compare a dataset's crate with that of its source: nothing may be lost, more may be said."""
    if target is None:
        return [error("file-missing", CRATE, "is not in the target")]
    if source == target:
        return []
    old, _ = read_graph(source)
    new, _ = read_graph(target)
    if old is None or new is None:
        return [error("file-differs", CRATE, "its bytes differ from the source's")]
    lost = sorted({name for e in old.entities for name in _lost(e, new.by_id(str(e["@id"])))})
    found = [error("crate-lost", CRATE, f"lacks what the source's says: {', '.join(lost)}")]
    return found if lost else []


def _lost(old: Entity, new: Entity | None) -> Iterator[str]:
    """Give the members of an entity that are not there, or lack a value."""
    if new is None:
        yield str(old["@id"])
        return
    for name, value in old.items():
        if name in _MAY_CHANGE:
            continue
        held = values(new.get(name))
        if any(v not in held for v in values(value)):
            yield f"{old['@id']} {name}"
