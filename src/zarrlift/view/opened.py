"""One place that is open: what all views of it share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from zarrlift.errors import SourceError, UsageError
from zarrlift.jobs.reach import stores_of
from zarrlift.store.address import StoreOptions
from zarrlift.store.cached import CachedFolder
from zarrlift.survey.look import look
from zarrlift.survey.on_demand import OnDemand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.survey.found import Hierarchy

_PLAIN_DEPTH = 4
"""Folders without documents that are entered below one another, looking for datasets."""


class Opened:
    """A place, the nodes of it that were read, and how it is reached.

    Pickled, it is opened anew where it arrives, with a cache and counts of its own.
    """

    def __init__(self, url: str, cache: int, reach: Mapping[str, Any]) -> None:
        inner = stores_of(reach).source_at(url)
        # A path is kept whole: pickled, it is opened where another folder is the current one.
        self._said = (url if inner.remote else inner.root, cache, dict(reach))
        self.folder = CachedFolder(inner, cache)
        self.nodes = OnDemand(self.folder)
        self._lock = threading.Lock()
        self._tree: Hierarchy | None = None

    def __reduce__(self) -> tuple[type[Opened], tuple[str, int, dict[str, Any]]]:
        """Say how it is opened anew."""
        return Opened, self._said

    def __repr__(self) -> str:
        """Name the place."""
        return f"Opened({self.folder.root!r})"

    @property
    def reach(self) -> dict[str, Any]:
        """Return how an object store is reached, as it was said."""
        return dict(self._said[2])

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what tells this place from any other: two servers may have buckets of one name."""
        url, _, reach = self._said
        if not self.folder.remote:
            return (self.folder.root,)
        from zarrlift.store import buckets

        options = StoreOptions(endpoint=reach.get("endpoint"))
        server = buckets.endpoint_of(options, url.partition("://")[0])
        return self.folder.root, url, server or ""

    def address(self, path: str) -> str:
        """Give the address of a node, as verbs take it; raise `UsageError` inside of an archive."""
        if path and self.folder.packed:
            raise UsageError(
                "lies in a zipped file, and has no address of its own",
                place=self.folder.path(path),
                hint="name the zipped file, or unzip it",
            )
        url = self._said[0].rstrip("/")
        return f"{url}/{path}" if path else self._said[0]

    def whole(self) -> Hierarchy:
        """Look at all nodes, once: a request for each, and for each document."""
        with self._lock:
            if self._tree is None:
                self._tree = look(self.folder.inner)
            return self._tree

    def refuse_nothing(self) -> None:
        """Raise `SourceError` where there is neither a document nor a folder."""
        if self.nodes.node("") is not None:
            return
        if not self.folder.unlisted and self.folder.exists():
            return
        raise SourceError(
            "there is no Zarr document here (.zgroup, .zarray, .zattrs, zarr.json), and nothing "
            "below is listed",
            place=self.folder.root,
            hint="check the address for a typing error",
        )

    def tops(self, path: str = "") -> list[str]:
        """List the topmost nodes with documents at or below a folder, in the order of names."""
        if self.nodes.node(path) is not None:
            return [path]
        found: list[str] = []
        level = [path]
        for _ in range(_PLAIN_DEPTH):
            inner = [
                f"{above}/{n}".lstrip("/") for above in level for n in self.nodes.folders(above)
            ]
            nodes = self.nodes.nodes(inner)
            found += [p for p, node in zip(inner, nodes, strict=True) if node is not None]
            level = [p for p, node in zip(inner, nodes, strict=True) if node is None]
        return sorted(found)
