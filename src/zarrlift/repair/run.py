"""All repairs, one after another: each sees what those before it made of the hierarchy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.errors import UsageError
from zarrlift.findings import Finding
from zarrlift.repair import arrays, consolidated, groups, versions
from zarrlift.repair.edit import Change, Edit, Repair, applied, undecided

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from zarrlift.survey.found import Document, Hierarchy

REPAIRS: tuple[Repair, ...] = (
    Repair(
        id="ome-moved",
        says="OME-Zarr members moved below ome",
        answers=("ome-outside", "ome-version"),
        make=versions.moved,
    ),
    Repair(
        id="version-spelled",
        says="version written as text",
        answers=("ome-version", "member-version", "multiscales-version-known"),
        make=versions.spelled,
    ),
    Repair(
        id="version-final",
        says="the release stated in place of its preview",
        answers=("ome-version-known",),
        make=versions.final,
    ),
    Repair(
        id="group-added",
        says="folder made a group",
        answers=("group-missing", "zattrs-alone"),
        make=groups.folders,
    ),
    Repair(
        id="labels-listed",
        says="label images listed",
        answers=("labels-list",),
        make=groups.labels,
    ),
    Repair(
        id="series-listed",
        says="images of the collection listed",
        answers=("collection-xml",),
        make=groups.series,
    ),
    Repair(
        id="version-added",
        says="the hierarchy's version stated",
        answers=("ome-version",),
        make=versions.added,
    ),
    Repair(
        id="version-repeated",
        says="other versions of members removed",
        answers=("version-leftover", "multiscales-version-known"),
        make=versions.repeated,
    ),
    Repair(
        id="indices-added",
        says="rowIndex and columnIndex added to wells",
        answers=("plate-well-index",),
        make=groups.indices,
    ),
    Repair(
        id="dimensions-named",
        says="dimension_names set to the axes of the image",
        answers=("array-dimension-names", "zarr3-dimension-names"),
        make=arrays.names,
    ),
    Repair(
        id="separator-proved",
        says="separator stated that the keys have",
        answers=("keys-separator",),
        make=arrays.separators,
    ),
    Repair(
        id="consolidated-refreshed",
        says="consolidated metadata made anew",
        answers=("consolidated-form", "consolidated-incomplete", "consolidated-stale"),
        make=consolidated.refreshed,
    ),
)
"""In the order in which they are made: the last one sees all that the others changed."""
_LAST = REPAIRS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What repairs make of a hierarchy."""

    changes: tuple[Change, ...]
    """By key."""
    tree: Hierarchy
    """As it is with these changes."""
    findings: tuple[Finding, ...]
    """What was found wrong and is left to a person."""


def chosen(only: Collection[str]) -> tuple[Repair, ...]:
    """Give the repairs of these ids, or that answer rules of these ids; all where none is given.

    Raises `UsageError` where there is no such repair.
    """
    known = {name for repair in REPAIRS for name in (repair.id, *repair.answers)}
    for name in only:
        if name not in known:
            ids = ", ".join(repair.id for repair in REPAIRS)
            raise UsageError(f"there is no repair {name!r}", hint=f"there are {ids}")
    return tuple(r for r in REPAIRS if not only or {r.id, *r.answers} & set(only))


def plan_repairs(
    tree: Hierarchy,
    only: Collection[str] = (),
    kept: Callable[[str, str], str | None] = lambda _path, _name: None,
) -> Planned:
    """Decide what becomes of each document of one hierarchy.

    `kept` says of a node's path and a document's name why that is not to be changed, or nothing
    where it may; an empty text says that nobody needs to be told. Consolidated metadata is made
    anew after any change. Raises `UsageError` for an unknown name in `only`.
    """
    made = _Made(tree, kept)
    for repair in chosen(only):
        made.make(repair)
    if made.edited and _LAST not in chosen(only):
        made.make(_LAST)
    found = tuple(dict.fromkeys(made.findings))
    return Planned(changes=tuple(made.changes()), tree=made.tree, findings=found)


class _Made:
    """What the repairs so far have come to."""

    def __init__(self, tree: Hierarchy, kept: Callable[[str, str], str | None]) -> None:
        self.tree, self._first, self._kept = tree, tree, kept
        self.edited: dict[tuple[str, str], list[str]] = {}
        """Ids of repairs by path and name of the document."""
        self.findings: list[Finding] = []

    def make(self, repair: Repair) -> None:
        """Make one repair of what those before it left."""
        edits: list[Edit] = []
        for found in repair.make(self.tree):
            if isinstance(found, Finding):
                self.findings.append(found)
            elif self._may(found):
                edits.append(found)
                self.edited.setdefault((found.path, found.name), []).append(repair.id)
        self.tree = applied(self.tree, edits)

    def _may(self, edit: Edit) -> bool:
        held = _document(self.tree, edit.path, edit.name)
        why = self._kept(edit.path, edit.name)
        if why is None and held is not None and held.value is None:
            unfit = held.problem.startswith("is ")  # a folder, a link that leads nowhere, too large
            why = f"{edit.name} {held.problem}" if unfit or not edit.derived else None
        if why:
            self.findings.append(undecided(edit.path, why))
        return why is None

    def changes(self) -> Iterator[Change]:
        """Walk the documents that are other than at first."""
        for (path, name), repairs in sorted(self.edited.items()):
            held = _document(self._first, path, name)
            after = _document(self.tree, path, name)
            before = held.value if held is not None else None
            if after is None or after.value is None or after.value == before:
                continue
            yield Change(
                path=path,
                name=name,
                before=before,
                after=after.value,
                repairs=tuple(dict.fromkeys(repairs)),
                new=held is None,
            )


def _document(tree: Hierarchy, path: str, name: str) -> Document | None:
    found = tree.get(path)
    documents: Mapping[str, Document] = found.documents if found is not None else {}
    return documents.get(name)
