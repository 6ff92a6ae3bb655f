"""What `info` gives: the facts of a dataset, and of what was asked for beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift.survey.screens import collection_of, plate_of, well_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.about.readers import Opening
    from zarrlift.about.sizes import Sizes
    from zarrlift.about.unusual import Remark
    from zarrlift.chunks.facts import ChunkFacts
    from zarrlift.crate.shown import Crate
    from zarrlift.jobs.picture import Taken
    from zarrlift.store.asking import Requests
    from zarrlift.store.facts import ObjectFacts
    from zarrlift.survey.found import Document, Hierarchy
    from zarrlift.survey.images import Image
    from zarrlift.survey.screens import Collection, Plate, Well


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One metadata document as it is stored."""

    document: Document
    text: str
    members: tuple[tuple[str, str], ...]
    """Its members, each with a line on what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What is in a dataset."""

    source: str
    """Its address."""
    tree: Hierarchy
    images: Mapping[str, tuple[Image, ...]]
    """By the path of their group; labels are images too."""
    creator: str = ""
    """Program that says it wrote it."""
    crate: Crate | None = None
    """None where it was not looked for: below a dataset, and where nothing is listed."""
    openings: tuple[Opening, ...] = ()
    remarks: tuple[Remark, ...] = ()
    """What is unusual."""
    left: Mapping[str, int] = field(default_factory=dict)
    """How many nodes were not looked at, by the path of the one that names or holds them."""
    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    """By the path of the array, where objects were to be listed."""
    objects: tuple[ObjectFacts, ...] | None = None
    """What lies directly below the address, where that was asked for."""
    more_objects: bool = False
    """There are objects whose class and type was not asked for."""
    documents: tuple[Text, ...] = ()
    chunk: ChunkFacts | None = None
    picture: Taken | None = None
    requests: Requests | None = None
    """What was asked of an object store; None for a disk."""
    seconds: float = 0.0

    @property
    def version(self) -> str | None:
        """Return the version of OME-Zarr; None where there is none."""
        return self.tree.version

    @property
    def zarr_formats(self) -> tuple[int, ...]:
        """Return the formats of its nodes, that of most of them first."""
        found = (node.zarr_format for node in self.tree.nodes.values())
        counts = Counter(form for form in found if form is not None)
        return tuple(form for form, _ in counts.most_common())

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Return its plates."""
        return tuple(p for p in map(plate_of, self.tree.nodes.values()) if p is not None)

    @property
    def wells(self) -> tuple[Well, ...]:
        """Return the wells that were looked at."""
        return tuple(w for w in map(well_of, self.tree.nodes.values()) if w is not None)

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Return its collections of series."""
        found = (collection_of(self.tree, node) for node in self.tree.nodes.values())
        return tuple(c for c in found if c is not None)

    @property
    def several(self) -> bool:
        """Say whether it is a folder that holds several datasets."""
        return len(self.tree.datasets) > 1

    @property
    def raw_bytes(self) -> int:
        """Return the decoded bytes of all arrays that were looked at."""
        return sum(a.layout.raw_bytes for a in self.tree.arrays if a.layout is not None)

    def __repr__(self) -> str:
        """Give the kind of dataset in one line."""
        version = f"OME-Zarr {self.version}" if self.version else "no OME-Zarr"
        count = sum(not i.is_label for found in self.images.values() for i in found)
        return f"Info({self.source!r}: {version}, {count} images, {len(self.plates)} plates)"
