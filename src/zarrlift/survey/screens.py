"""What OME-Zarr documents say of plates, wells and collections, as values for all versions.

As tolerant as `survey.images`. Sources: OME-Zarr 0.1-0.6 ("plate", "well",
"bioformats2raw.layout"): the field's rows and columns, wells and fields of high-content screens,
and series of one file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.images import objects, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.survey.found import Found, Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of view of a well."""

    name: str
    """As the well names it, such as `0`."""
    path: str
    """Of its image in the hierarchy."""
    acquisition: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """One well, as its own group describes it."""

    path: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WellEntry:
    """One well, as its plate names it."""

    name: str
    """As the plate names it, such as `A/1`."""
    path: str
    """In the hierarchy."""
    row: int | None
    """Index of its row, as stated, or else by the names in its path; None where neither fits."""
    column: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One run of the microscope over a plate."""

    id: int | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """One plate."""

    path: str
    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    wells: tuple[WellEntry, ...]
    acquisitions: tuple[Acquisition, ...] = ()
    field_count: int | None = None
    """The most fields of a well, as stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """The series of one file, as bioformats2raw lays them out."""

    path: str
    series: tuple[str, ...]
    """Paths of their images in the hierarchy, in order."""
    stated: bool
    """The order is that of `OME/series`; else they are counted from 0."""
    has_ome_xml: bool = False


def plate_of(node: Found) -> Plate | None:
    """Give the plate that a group describes, or None."""
    stated = node.ome.get("plate")
    if not isinstance(stated, dict):
        return None
    rows, columns = _names(stated.get("rows")), _names(stated.get("columns"))
    return Plate(
        path=node.path,
        name=text(stated.get("name")),
        rows=rows,
        columns=columns,
        wells=tuple(
            _well_entry(node.path, entry, rows, columns)
            for entry in objects(stated.get("wells"))
            if isinstance(entry.get("path"), str)
        ),
        acquisitions=tuple(
            Acquisition(id=_whole(a.get("id")), name=text(a.get("name")))
            for a in objects(stated.get("acquisitions"))
        ),
        field_count=_whole(stated.get("field_count")),
    )


def well_of(node: Found) -> Well | None:
    """Give the well that a group describes, or None."""
    stated = node.ome.get("well")
    if not isinstance(stated, dict):
        return None
    fields = tuple(
        Field(
            name=str(entry["path"]),
            path=ome.resolve(node.path, str(entry["path"])),
            acquisition=_whole(entry.get("acquisition")),
        )
        for entry in objects(stated.get("images"))
        if isinstance(entry.get("path"), str)
    )
    return Well(path=node.path, fields=fields)


def collection_of(tree: Hierarchy, node: Found) -> Collection | None:
    """Give the collection that a group is, or None; a plate is none, whatever else it is."""
    if "bioformats2raw.layout" not in node.ome or "plate" in node.ome:
        return None
    beside = tree.get(f"{node.path}/OME".lstrip("/"))
    stated = texts(beside.ome.get("series")) if beside is not None else []
    counted = sorted((f for f in node.folders if f.isdecimal()), key=int)
    return Collection(
        path=node.path,
        series=tuple(ome.resolve(node.path, name) for name in stated or counted),
        stated=bool(stated),
        has_ome_xml=beside is not None and "METADATA.ome.xml" in beside.files,
    )


def _names(stated: object) -> tuple[str, ...]:
    return tuple(text(entry.get("name")) for entry in objects(stated))


def _well_entry(
    plate: str, entry: Mapping[str, object], rows: tuple[str, ...], columns: tuple[str, ...]
) -> WellEntry:
    name = str(entry["path"])
    above, _, last = name.rpartition("/")
    return WellEntry(
        name=name,
        path=ome.resolve(plate, name),
        row=_place(entry.get("rowIndex"), above.rpartition("/")[2], rows),
        column=_place(entry.get("columnIndex"), last, columns),
    )


def _place(stated: object, name: str, names: tuple[str, ...]) -> int | None:
    number = _whole(stated)
    if number is not None and 0 <= number < len(names):
        return number
    return names.index(name) if name in names else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
