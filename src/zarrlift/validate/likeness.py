"""What nodes share of which the same is to be said, so that it is worked out once.

Documents of the same bytes are the same values where `survey.look` has read them, and live as long
as their hierarchy does: so the identity of a document tells its content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.validate.rule import About
from zarrlift.validate.values import entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.subject import Subject

    Names = tuple[str, ...]
    Shared = tuple[object, ...]


def likeness(node: Found) -> Shared:
    """Give what counts for rules that look at nothing but the node."""
    documents = tuple(map(id, node.documents.values()))
    inside = (node.folders, *node.files.items()) if node.files else node.folders
    return (node.name, documents, inside, node.proved)


class Surroundings:
    """What counts for rules that look at other nodes, where it is plain which these are."""

    def __init__(self, tree: Hierarchy) -> None:
        self._nodes = tree.nodes
        self._named: dict[int, Names | None] = {}
        """Names by the identity of the member that holds them."""

    def of(self, subject: Subject) -> Shared | None:
        """Give what subjects that are alike share of the nodes around them; None if unknown."""
        if subject.version == "0.6":  # whose transformations may name nodes anywhere
            return None
        if subject.about in (About.IMAGE, About.OMERO):
            return self._of_image(subject.node)
        return self._of_well(subject.node) if subject.about is About.WELL else None

    def _of_image(self, node: Found) -> Shared | None:
        """Give what images share whose levels are alike; None where one is not plainly there."""
        names = self._names(node.ome.get("multiscales"), _levels)
        if names is None:
            return None
        made: list[object] = []
        above = f"{node.path}/" if node.path else ""
        for name in names:
            found = self._nodes.get(above + name)
            if found is None:
                return None
            made += (found.kind, found.proved, *map(id, found.documents.values()))
        return tuple(made)

    def _of_well(self, node: Found) -> Shared | None:
        """Give what wells of a plate share whose fields are alike; None as for an image."""
        fields = self._names(node.ome.get("well"), _fields)
        if fields is None or not {*fields} <= {*node.folders}:
            return None
        row = node.path.rpartition("/")[0]
        made: list[object] = [bool(row), row.rpartition("/")[0]]
        for name in node.folders:
            field = self._nodes.get(f"{node.path}/{name}".lstrip("/"))
            levels = self._of_image(field) if field is not None else None
            if field is None or levels is None:
                return None
            made += (field.kind, *map(id, field.documents.values()), levels)
        return tuple(made)

    def _names(self, member: object, read: Callable[[object], Names | None]) -> Names | None:
        place = id(member)
        if place not in self._named:
            self._named[place] = read(member)
        return self._named[place]


def _levels(multiscales: object) -> Names | None:
    """Give the names of all levels, None where one is not a plain name, or arrays are kept."""
    made: list[str] = []
    for image in entries(multiscales):
        if _keeps_arrays(image.value):
            return None
        for dataset in entries(image.value, "datasets"):
            path = dataset.value.get("path")
            # Another path may lead out of the image, where two images may differ.
            if not (isinstance(path, str) and path.isalnum()) or _keeps_arrays(dataset.value):
                return None
            made.append(path)
    return tuple(made)


def _keeps_arrays(value: object) -> bool:
    return any("path" in entry.value for entry in entries(value, "coordinateTransformations"))


def _fields(well: object) -> Names | None:
    """Give the names of all fields, None where one is not a plain name."""
    paths = [entry.value.get("path") for entry in entries(well, "images")]
    names = [path for path in paths if isinstance(path, str) and path.isalnum()]
    return tuple(names) if len(names) == len(paths) else None
