"""What the RO-Crate panel of the online OME-NGFF validator shows of a crate.

Source: the panel of ome-ngff-validator 0.3.0. Of each member it takes the first item of `@graph`
that has it, whichever that is; of organism and imaging method, the first item of the type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.crate.graph import links, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.crate.graph import Entity, Graph

_TYPED = {
    "organism": ("biosample", "organism_classification"),
    "modality": ("image_acquisition", "fbbi_id"),
}


def panel(graph: Graph) -> dict[str, str | None]:
    """Give the texts shown, by the names of `--set`; what is not shown is left out.

    A licence of None is one that is there and no text: the page fails on it.
    """
    items = [item for item in values(graph.document["@graph"]) if isinstance(item, dict)]
    return dict([*_texts(items), *_typed(items)])


def _texts(items: list[Entity]) -> Iterator[tuple[str, str | None]]:
    for name in ("license", "name", "description"):
        first = next((item[name] for item in items if item.get(name)), None)
        if isinstance(first, str) or (name == "license" and first is not None):
            yield name, first if isinstance(first, str) else None


def _typed(items: list[Entity]) -> Iterator[tuple[str, str | None]]:
    for name, (kind, member) in _TYPED.items():
        found = (i for item in items if item.get("@type") == kind for i in links(item.get(member)))
        first = next(found, None)
        if first is not None:
            yield name, first
