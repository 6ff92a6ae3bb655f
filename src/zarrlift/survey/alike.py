"""Documents of the same bytes are read once: most of a plate's say what others say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.survey.found import V3_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Document

    Read = tuple[ArrayLayout | None, str]
    """The layout of an array, or why there is none."""

_KEPT = 4096
_LARGEST = 2**14
"""Bytes of a document that is worth keeping in mind."""


class Alike:
    """Keeps in mind what was read of the last documents."""

    def __init__(
        self,
        parsed: Callable[[str, bytes], Document],
        layout_of: Callable[[Mapping[str, Document]], Read],
    ) -> None:
        self._parsed, self._layout_of = parsed, layout_of
        self._documents: dict[tuple[str, bytes], Document] = {}
        self._layouts: dict[int, tuple[Document, Read]] = {}

    def document(self, name: str, data: bytes) -> Document:
        """Give the document of these bytes; the same one each time."""
        if len(data) > _LARGEST:
            return self._parsed(name, data)
        found = self._documents.get((name, data))
        if found is None:
            if len(self._documents) >= _KEPT:
                self._documents.clear()
            found = self._documents[name, data] = self._parsed(name, data)
        return found

    def layout(self, documents: Mapping[str, Document]) -> Read:
        """Give the layout that an array's documents state."""
        own = documents.get(V3_DOCUMENT) or documents[".zarray"]
        held = self._layouts.get(id(own))
        if held is None:
            if len(self._layouts) >= _KEPT:
                self._layouts.clear()
            # The document is held with it, so that no other gets its id meanwhile.
            held = self._layouts[id(own)] = (own, self._layout_of(documents))
        return held[1]
