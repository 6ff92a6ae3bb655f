"""Datasets, images and plates as text, for those who look at them in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.report import info_words as said
from zarrlift.report.screen import clean
from zarrlift.report.words import shape, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.images import Axis, Image, Level
    from zarrlift.survey.screens import Plate

_MOST_LISTED, _MOST_NAMED, _MOST_LEVELS = 12, 8, 24
_WIDEST_PLATE = 24
"""Columns of a plate that are drawn; 1536 wells have 48."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is to be shown of a dataset."""

    kind: str
    version: str | None
    zarr_format: int | None
    image: Image | None = None
    plate: Plate | None = None
    array: Level | None = None
    labels: tuple[str, ...] = ()
    """Names of the image's label images."""
    inside: tuple[str, ...] = ()
    """Names of what else lies in it."""


def dataset_text(place: str, look: Look) -> str:
    """Give a dataset as lines, such as a prompt shows."""
    lines = [headline(place, look)]
    if look.image is not None:
        lines += _image_lines(look.image, look.labels)
    elif look.plate is not None:
        lines += _plate_lines(look.plate)
    elif look.array is not None:
        lines.append(f"  {level_line(look.array)}")
    lines += [f"  {name}" for name in look.inside[:_MOST_LISTED]]
    if len(look.inside) > _MOST_LISTED:
        lines.append(f"  … and {len(look.inside) - _MOST_LISTED:,} more")
    return "\n".join(map(clean, lines))


def headline(place: str, look: Look) -> str:
    """Say what a dataset is, in one line."""
    return f"{what(look)}  {place}"


def what(look: Look) -> str:
    """Name version, format and kind of a dataset."""
    if look.kind == "folder":
        return f"folder of {len(look.inside):,} dataset{'' if len(look.inside) == 1 else 's'}"
    version = f"OME-Zarr {look.version} " if look.version else ""
    return f"{version}{look.kind}, Zarr v{look.zarr_format}"


def image_text(image: Image, labels: tuple[str, ...] = ()) -> str:
    """Give an image as lines."""
    named = f" {image.name!r}" if image.name else ""
    kind = "label" if image.is_label else "image"
    lines = [f"{kind}{named}  {image.path or '/'}", *_image_lines(image, labels)]
    return "\n".join(map(clean, lines))


def _image_lines(image: Image, labels: tuple[str, ...]) -> list[str]:
    lines = [f"  axes      {axes_words(image.axes, image.scale)}"] if image.axes else []
    if image.channels:
        named = [c.label or f"#{number}" for number, c in enumerate(image.channels)]
        lines.append(f"  channels  {_listed(named)}")
    for number, level in enumerate(image.levels[:_MOST_LEVELS]):
        lines.append(f"  {'levels' if not number else '':<8}  {level_line(level)}")
    if len(image.levels) > _MOST_LEVELS:
        lines.append(f"            … and {len(image.levels) - _MOST_LEVELS:,} more")
    return [*lines, f"  labels    {_listed(labels)}"] if labels else lines


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def axes_words(axes: tuple[Axis, ...], scale: dict[str, float]) -> str:
    """Name axes with the size of an element and its unit, such as `z 0.5 µm`."""
    return ", ".join(axis_words(axis, scale.get(axis.name)) for axis in axes)


def axis_words(axis: Axis, step: float | None) -> str:
    """Name one axis; the size of an element where it has one, and says anything."""
    unit = said.unit(axis.unit)
    if step is None or (step == 1 and not axis.unit):
        return f"{axis.name} {unit}".rstrip()
    return f"{axis.name} {said.number(step)} {unit}".rstrip()


def level_line(level: Level) -> str:
    """Say in one line what an array is."""
    if level.layout is None:
        return clean(f"{level.name or '/'}: {level.problem or 'cannot be read'}")
    return clean(f"{level.name or '/'}: {layout_words(level.layout)}")


def layout_words(layout: ArrayLayout) -> str:
    """Say in words what an array is: shape, type, chunks, shards, codecs, bytes."""
    shards = f", shards {shape(layout.shards)}" if layout.shards else ""
    return (
        f"{shape(layout.shape) or 'no axes'} {layout.data_type.name}, "
        f"chunks {shape(layout.chunks) or '-'}{shards}, {said.codecs(layout.codecs)}, "
        f"{size(layout.raw_bytes)}"
    )


def plate_text(plate: Plate) -> str:
    """Give a plate as lines."""
    named = f" {plate.name!r}" if plate.name else ""
    lines = [f"plate{named}  {plate.path or '/'}", *_plate_lines(plate)]
    return "\n".join(map(clean, lines))


def _plate_lines(plate: Plate) -> list[str]:
    """Draw a plate: `o` a well, `.` none; a wide or odd one is only counted."""
    rows, columns = plate.rows, plate.columns
    fields = f", at most {plate.field_count} fields each" if plate.field_count else ""
    lines = [f"  {len(plate.wells):,} wells in {len(rows)} rows and {len(columns)} columns{fields}"]
    if not 0 < len(columns) <= _WIDEST_PLATE or not 0 < len(rows) <= _WIDEST_PLATE:
        return lines
    there = {(well.row, well.column) for well in plate.wells}
    width, margin = max(map(len, columns)), max(map(len, rows))
    lines.append(f"  {'':<{margin}} {' '.join(f'{name:>{width}}' for name in columns)}")
    for number, row in enumerate(rows):
        marks = ("o" if (number, column) in there else "." for column in range(len(columns)))
        lines.append(f"  {row:<{margin}} {' '.join(f'{mark:>{width}}' for mark in marks)}")
    return lines
