"""What rules are asked about: a node, one thing that it holds, and the hierarchy around it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from zarrlift.metadata import ome
from zarrlift.survey.found import V3_DOCUMENT, FoundKind
from zarrlift.validate.rule import VERSIONS, About

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zarrlift.survey.found import Found, Hierarchy

Made = TypeVar("Made")

_MEMBERS = {
    About.IMAGE: "multiscales",
    About.OMERO: "omero",
    About.LABELS: "labels",
    About.LABEL: "image-label",
    About.PLATE: "plate",
    About.WELL: "well",
    About.COLLECTION: "bioformats2raw.layout",
    About.SERIES: "series",
    About.SCENE: "scene",
}
_DOCUMENTS = {About.ZARR_V2: ".zarray", About.ZARR_V3: V3_DOCUMENT}


class Subject(NamedTuple):
    """One thing to judge; a plate has tens of thousands, and a tuple is the quickest to make."""

    about: About
    node: Found
    tree: Hierarchy
    version: str
    """The OME-Zarr version by which it is judged, one of `VERSIONS`."""
    ome: Mapping[str, object]
    """OME-Zarr members of the node."""
    value: object
    """What the rules are about: the member, or the node's document for nodes and arrays."""
    pointer: str
    """Where the value lies in the node's document."""
    alone: bool
    """There is no hierarchy around it: a single document is judged."""
    texts: Mapping[str, bytes]
    """Files that rules may read, by path: the OME-XML, the crate."""
    made: dict[tuple[str, str], object]
    """What rules have worked out, by what it is and of which node; one for all subjects."""

    @property
    def members(self) -> Mapping[str, object]:
        """Return the members of the value; none where it is no object."""
        return self.value if isinstance(self.value, dict) else {}

    def place(self, path: str) -> str | None:
        """Give where a path leads that this node names; None outside of what was looked at."""
        found = ome.resolve(self.node.path, path)
        if found == ".":
            return ""
        return None if found.startswith(("/", "../")) or found == ".." else found

    def beside(self, path: str) -> Found | None:
        """Give the node that this one names relative to itself."""
        place = self.place(path)
        return self.tree.get(place) if place is not None else None

    def above(self) -> Found | None:
        """Give the node that this one lies in."""
        return None if self.node.above is None else self.tree.get(self.node.above)

    def once(self, what: str, make: Callable[[], Made], path: str | None = None) -> Made:
        """Give what several rules need of a node, this one or that at `path`, made only once."""
        key = (what, self.node.path if path is None else path)
        if key not in self.made:
            self.made[key] = make()
        return cast("Made", self.made[key])


class ToJudge(NamedTuple):
    """A node to judge, and all that the hierarchy around it says of what it is."""

    node: Found
    version: str
    """The OME-Zarr version by which it is judged."""
    topmost: bool
    listed: bool
    """A list of labels names it."""
    in_image: bool
    """It is called `labels`, and lies in an image."""


def to_judge(tree: Hierarchy, version: str | None = None) -> Iterator[ToJudge]:
    """Walk the nodes that are to be judged.

    `version` is one to judge by whatever is stated. A node states its own; else the hierarchy's
    counts, and 0.4 where none is stated at all.
    """
    tops = {node.path for node in tree.datasets}
    listed = _listed_labels(tree)
    for path, node in tree.nodes.items():
        if node.documents:
            by = version or _judged_by(node, tree)
            in_image = node.name == "labels" and _in_image(node, tree)
            yield ToJudge(node, by, path in tops, path in listed, in_image)


def subjects(
    given: ToJudge,
    tree: Hierarchy,
    *,
    alone: bool,
    texts: Mapping[str, bytes],
    made: dict[tuple[str, str], object],
) -> Iterator[Subject]:
    """Walk all that is to be judged of one node.

    `made` is for what rules work out, one for all nodes.
    """
    node = given.node
    members = node.ome
    for about in _abouts(given):
        value, pointer = _value(about, node, members)
        yield Subject(
            about=about,
            node=node,
            tree=tree,
            version=given.version,
            ome=members,
            value=value,
            pointer=pointer,
            alone=alone,
            texts=texts,
            made=made,
        )


def _abouts(given: ToJudge) -> list[About]:
    """Give what there is to judge: the node, all that it holds, and what others take it for."""
    first, *others = _of_documents(given.node, given.node.ome)
    abouts = [first, About.DATASET, *others] if given.topmost else [first, *others]
    if given.listed and About.LABEL not in abouts:
        abouts.append(About.LABEL)
    if given.in_image and About.LABELS not in abouts:
        abouts.append(About.LABELS)
    return abouts


def _judged_by(node: Found, tree: Hierarchy) -> str:
    """Give the version to judge a node by: one that fits its Zarr format, where none is known."""
    known = known_version(node.stated) or known_version(tree.version)
    return known or ("0.5" if node.zarr_format == 3 else "0.4")  # noqa: PLR2004 - the format


@lru_cache(maxsize=64)
def known_version(stated: str | None) -> str | None:
    """Give the one of `VERSIONS` that a stated version means, with what previews are called."""
    if stated is None:
        return None
    marks = (".", "-", "rc", "dev")
    found = (v for v in VERSIONS if stated == v or stated.startswith(tuple(v + m for m in marks)))
    return next(found, None)


def _of_documents(node: Found, members: Mapping[str, object]) -> list[About]:
    """Give what a node holds by its own documents."""
    made = [About.NODE]
    if node.kind is FoundKind.ARRAY:
        made += [about for about, name in _DOCUMENTS.items() if name in node.documents]
        made.append(About.ARRAY)
    elif node.kind is FoundKind.GROUP:
        made.append(About.GROUP)
    made += [about for about, member in _MEMBERS.items() if member in members]
    named = node.zarr_format != 2 or node.name in ("", "labels")  # noqa: PLR2004 - the format
    if About.LABELS in made and not named:
        made.remove(About.LABELS)
    return made


def _listed_labels(tree: Hierarchy) -> set[str]:
    """Give the paths of all images that a list of labels names."""
    found: set[str] = set()
    for node in tree.nodes.values():
        named = node.ome.get("labels") if node.kind is FoundKind.GROUP else None
        for path in named if isinstance(named, list) else ():
            if isinstance(path, str):
                found.add(ome.resolve(node.path, path))
    return found


def _in_image(node: Found, tree: Hierarchy) -> bool:
    above = tree.get(node.above) if node.above is not None else None
    return above is not None and "multiscales" in above.ome


def _value(about: About, node: Found, members: Mapping[str, object]) -> tuple[object, str]:
    below = "/attributes/ome" if node.zarr_format == 3 else ""  # noqa: PLR2004 - the format
    if about in _MEMBERS:
        member = _MEMBERS[about]
        return members.get(member), f"{below}/{member}"
    own = node.documents.get(V3_DOCUMENT) or node.documents.get(".zarray")
    if about in _DOCUMENTS:
        own = node.documents[_DOCUMENTS[about]]
    return (own.value if own is not None else None), ""
