"""A plate of wells, and the fields of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.survey import screens
from zarrlift.view.image import Image
from zarrlift.view.views import Views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.view.opened import Opened


class Well:
    """One well; its document is read when its fields are asked for."""

    __slots__ = ("_entry", "_facts", "_fields", "_opened")

    def __init__(self, opened: Opened, path: str, entry: screens.WellEntry | None = None) -> None:
        self._opened, self._entry = opened, entry
        self._facts: screens.Well | None = None
        self._fields = Views("field", lambda: [f.name for f in self.facts.fields], self._field)
        if entry is None:
            self._facts = self._read(path)

    @property
    def name(self) -> str:
        """Return the well's name in its plate, such as `A/1`."""
        return self._entry.name if self._entry is not None else "/".join(self.path.split("/")[-2:])

    @property
    def path(self) -> str:
        """Return the path of the well's group in what was opened."""
        if self._entry is not None:
            return self._entry.path
        return self.facts.path

    @property
    def row(self) -> int | None:
        """Return the index of its row, None where it is not known."""
        return self._entry.row if self._entry is not None else None

    @property
    def column(self) -> int | None:
        """Return the index of its column, None where it is not known."""
        return self._entry.column if self._entry is not None else None

    @property
    def fields(self) -> Views[Image]:
        """Return the images of the well's fields by name."""
        return self._fields

    @property
    def facts(self) -> screens.Well:
        """Return what the well's document says; no fields where there is none."""
        if self._facts is None and self._entry is not None:
            self._facts = self._read(self._entry.path)
        return self._facts or screens.Well(path="", fields=())

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the attributes of the well's group as they are."""
        found = self._opened.nodes.node(self.path)
        return found.attributes if found is not None else {}

    def _read(self, path: str) -> screens.Well:
        found = self._opened.nodes.node(path)
        made = screens.well_of(found) if found is not None else None
        return made or screens.Well(path=path, fields=())

    def _field(self, name: str) -> Image:
        return Image(self._opened, next(f.path for f in self.facts.fields if f.name == name))

    def __reduce__(self) -> tuple[type[Well], tuple[Opened, str, screens.WellEntry | None]]:
        """Say how it is made anew, of a place that is opened anew."""
        return Well, (self._opened, self.path, self._entry)

    def __repr__(self) -> str:
        """Name it; its fields are counted where they are known already."""
        known = "" if self._facts is None else f": {len(self._facts.fields)} fields"
        return f"Well({self.name!r}{known})"

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        return html.listed(f"well {self.name}, {len(self._fields):,} fields", self._fields.names)


class Plate:
    """A plate; its wells are known from its own document, and read when they are asked for."""

    __slots__ = ("_facts", "_opened", "_wells")

    def __init__(self, opened: Opened, facts: screens.Plate) -> None:
        self._opened, self._facts = opened, facts
        entries = {entry.name: entry for entry in facts.wells}
        self._wells = Views(
            "well", lambda: list(entries), lambda name: Well(opened, "", entries[name])
        )

    @property
    def name(self) -> str:
        """Return the plate's name, as it is stated."""
        return self._facts.name

    @property
    def path(self) -> str:
        """Return the path of the plate's group in what was opened."""
        return self._facts.path

    @property
    def rows(self) -> tuple[str, ...]:
        """Return the names of the rows."""
        return self._facts.rows

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return self._facts.columns

    @property
    def wells(self) -> Views[Well]:
        """Return the wells by name, such as `A/1`."""
        return self._wells

    @property
    def acquisitions(self) -> tuple[screens.Acquisition, ...]:
        """Return the runs of the microscope that are stated."""
        return self._facts.acquisitions

    @property
    def field_count(self) -> int | None:
        """Return the most fields of a well, as stated."""
        return self._facts.field_count

    @property
    def facts(self) -> screens.Plate:
        """Return what the plate's document says, as one plain value."""
        return self._facts

    def image_paths(self) -> list[str]:
        """Give the paths of all fields' images; reads all wells' documents, side by side."""
        self._opened.nodes.nodes([entry.path for entry in self._facts.wells])
        wells = self._wells.values()
        return [field.path for well in wells for field in well.facts.fields]

    def __reduce__(self) -> tuple[type[Plate], tuple[Opened, screens.Plate]]:
        """Say how it is made anew, of a place that is opened anew."""
        return Plate, (self._opened, self._facts)

    def __repr__(self) -> str:
        """Say what it is, and which wells it has, as a grid."""
        from zarrlift.report.looks import plate_text

        return plate_text(self._facts)

    def _repr_html_(self) -> str:
        from zarrlift.report import html

        return html.plate(self._facts)
