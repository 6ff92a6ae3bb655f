"""What a survey keeps: nodes, plain files, findings, and a digest of every document."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.findings import Finding
    from zarrlift.metadata.layout import ArrayLayout

CRATE = "ro-crate-metadata.json"
"""The crate of a dataset, beside its root's documents; no part of Zarr, so a plain file."""


class NodeKind(StrEnum):
    """What a node is in the source."""

    GROUP = "group"
    IMPLICIT = "implicit"
    """A folder without documents of its own that holds nodes."""
    ARRAY = "array"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One group or array of the hierarchy."""

    path: str
    """Relative to the dataset's root, which is the empty path."""
    kind: NodeKind
    attributes: Mapping[str, object]
    layout: ArrayLayout | None = None
    """The array's layout, its keys as the existing objects prove them; None for groups."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Members of a v3 document that its specification does not know and lets be."""

    def with_layout(self, layout: ArrayLayout) -> Node:
        """Return the node of an array."""
        return replace(self, layout=layout)

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainFile:
    """A file beside the nodes that is no part of Zarr."""

    path: str
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A hierarchy as it was found."""

    source: str
    version: str | None
    """OME-Zarr version, 0.1-0.6; None where no node has OME metadata."""
    nodes: tuple[Node, ...]
    """Every node, a parent before its children."""
    files: tuple[PlainFile, ...]
    findings: tuple[Finding, ...]
    zarr_format: int = 2
    digest: str
    """SHA-256 over path and bytes of every document, and path and size of every file."""

    @property
    def arrays(self) -> Iterator[Node]:
        """Walk the arrays."""
        return (n for n in self.nodes if n.layout is not None)

    @property
    def groups(self) -> Iterator[Node]:
        """Walk the groups."""
        return (n for n in self.nodes if n.layout is None)

    def __repr__(self) -> str:
        """Say in one line what is there."""
        arrays = sum(1 for _ in self.arrays)
        version = f"OME-Zarr {self.version}" if self.version else f"plain Zarr v{self.zarr_format}"
        return (
            f"Survey({self.source!r}: {version}, {len(self.nodes) - arrays} groups, "
            f"{arrays} arrays, {len(self.files)} other files)"
        )
