"""A hierarchy as it stands, right or wrong: what `look` keeps for showing and judging it.

A `Survey` is what a lift needs, and refuses what cannot be lifted. Here nothing is refused: a
document that cannot be read is kept with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from zarrlift.metadata import ome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.findings import Finding
    from zarrlift.metadata.layout import ArrayLayout, Keys

T = TypeVar("T")
V2_DOCUMENTS = (".zarray", ".zgroup", ".zattrs", ".zmetadata")
V3_DOCUMENT = "zarr.json"
LINK_OUTSIDE = "link-outside"
"""The finding of a link that is not followed."""
LARGEST_DOCUMENT = 2**26
"""Bytes above which a document is not read: none that is one comes near."""


class FoundKind(StrEnum):
    """What a folder is."""

    GROUP = "group"
    ARRAY = "array"
    FOLDER = "folder"
    """It has no document of its own, and nodes lie in it."""
    UNREADABLE = "unreadable"
    """Its document does not say whether it is a group or an array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One metadata document."""

    name: str
    """Such as `.zattrs`."""
    size: int
    """Bytes."""
    value: Mapping[str, object] | None
    """None where it is no JSON object."""
    problem: str = ""
    """Why it is none."""
    constants: tuple[str, ...] = ()
    """Bare NaN and Infinity in it, which JSON does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One folder of a hierarchy."""

    path: str
    """Relative to the place looked at, which is the empty path."""
    kind: FoundKind
    documents: Mapping[str, Document]
    """By name; of both Zarr formats where both are there."""
    folders: tuple[str, ...] = ()
    """Names of the folders in it, sorted; of an array, none."""
    files: Mapping[str, int] = field(default_factory=dict)
    """Sizes of the other files in it, by name; of an array, none."""
    layout: ArrayLayout | None = None
    """Of an array whose document can be read."""
    problem: str = ""
    """Why an array has no layout."""
    proved: Keys | None = None
    """The form of an array's keys that its objects prove; None where that was not looked at."""
    _kept: dict[str, object] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    """What was worked out of the documents, once it was asked for."""

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def above(self) -> str | None:
        """Return the path of the folder that it lies in; None for the root."""
        return self.path.rpartition("/")[0] if self.path else None

    @property
    def zarr_format(self) -> int | None:
        """Return the format that counts: 3 where both stand side by side, None without any."""
        held = self.documents
        if V3_DOCUMENT in held:
            return 3
        return 2 if ".zarray" in held or ".zgroup" in held or ".zattrs" in held else None

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the user attributes, none where they cannot be read."""
        if self.zarr_format == 3:  # noqa: PLR2004 - the format's number
            value = (self.documents[V3_DOCUMENT].value or {}).get("attributes")
            return value if isinstance(value, dict) else {}
        held = self.documents.get(".zattrs")
        return (held.value if held is not None else None) or {}

    @property
    def ome(self) -> Mapping[str, object]:
        """Return the OME-Zarr members, whichever version: those below `ome`, or the attributes.

        In v2 a member counts where and as the specification has it, see `metadata.ome.members`.
        A v3 group whose members lie beside `ome`, as migration without OME's rules leaves them,
        has none.
        """
        return _once(self._kept, "ome", self._members)

    def _members(self) -> Mapping[str, object]:
        if self.kind is FoundKind.ARRAY:
            return {}
        if self.zarr_format == 3:  # noqa: PLR2004 - as above
            return ome.v3_members(self.attributes) or {}
        return ome.members(self.attributes, self.name)

    @property
    def stated(self) -> str | None:
        """Return the OME-Zarr version that its own documents state."""
        return _once(self._kept, "stated", self._stated)

    def _stated(self) -> str | None:
        if self.zarr_format == 3:  # noqa: PLR2004 - as above
            return ome.v3_version(self.attributes)
        return ome.stated_version(self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """All that was found below one place."""

    root: str
    """Its address."""
    nodes: Mapping[str, Found]
    """By path, a parent before its children; the root is there if anything is."""
    version: str | None
    """OME-Zarr version, 0.1-0.6 or as stated; None where no node has OME metadata."""
    findings: tuple[Finding, ...] = ()
    """What is to be said of the place itself, such as links in a circle."""
    listed: bool = True
    """Folders were listed: what is not here is not there. Else only what metadata names."""
    depth: int | None = None
    """Levels below the root that were looked at, None for all."""
    _kept: dict[str, object] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )
    """What was worked out of nodes and findings, once it was asked for."""

    def get(self, path: str) -> Found | None:
        """Give the node at a path."""
        return self.nodes.get(path)

    def inside(self, path: str) -> Iterator[Found]:
        """Walk the nodes that lie directly in a folder."""
        found = self.nodes.get(path)
        for name in found.folders if found else ():
            inner = self.nodes.get(f"{path}/{name}".lstrip("/"))
            if inner is not None:
                yield inner

    @property
    def datasets(self) -> tuple[Found, ...]:
        """Return the topmost nodes that have documents: one, or several below a plain folder."""
        return _once(self._kept, "datasets", self._datasets)

    @property
    def links(self) -> frozenset[str]:
        """Return the paths of links that were not followed: of what is behind, nothing is known."""
        return _once(self._kept, "links", self._links)

    def has_links(self, path: str) -> bool:
        """Say whether such a link lies directly in a folder."""
        return path in _once(
            self._kept, "linked", lambda: {link.rpartition("/")[0] for link in self.links}
        )

    def _links(self) -> frozenset[str]:
        return frozenset(f.path for f in self.findings if f.rule == LINK_OUTSIDE)

    def _datasets(self) -> tuple[Found, ...]:
        tops: list[Found] = []
        for node in self.nodes.values():
            under = tops and (node.path.startswith(f"{tops[-1].path}/") or not tops[-1].path)
            if node.documents and not under:
                tops.append(node)
        return tuple(tops)

    @property
    def arrays(self) -> Iterator[Found]:
        """Walk the arrays."""
        return (node for node in self.nodes.values() if node.kind is FoundKind.ARRAY)

    def __repr__(self) -> str:
        """Say in one line what was found."""
        arrays = sum(1 for _ in self.arrays)
        version = f"OME-Zarr {self.version}" if self.version else "no OME-Zarr"
        return f"Hierarchy({self.root!r}: {version}, {len(self.nodes)} nodes, {arrays} arrays)"


def _once(kept: dict[str, object], name: str, make: Callable[[], T]) -> T:
    """Give what is kept by a name, made where it is not yet."""
    if name not in kept:
        kept[name] = make()
    return kept[name]  # type: ignore[return-value]
