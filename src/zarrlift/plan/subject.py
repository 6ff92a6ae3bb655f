"""Which image and level of a dataset is meant: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.errors import SourceError, UsageError
from zarrlift.metadata import ome
from zarrlift.plan.documents import lift_attributes
from zarrlift.plan.settings import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.plan.documents import Names
    from zarrlift.survey.facts import Survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One array of an image."""

    path: str
    """Within the dataset; empty for the root."""
    layout: ArrayLayout


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One level of one image."""

    image: str
    """The image's group; of an array that no image names, the array itself."""
    levels: tuple[Level, ...]
    """All levels of the image, the finest first."""
    number: int
    """Of the level that is meant."""
    names: Names
    """The axes' names, where they are known."""
    images: int
    """How many images the dataset has, labels not counted."""
    labels: tuple[str, ...]
    """The groups below which labels lie."""

    @property
    def level(self) -> Level:
        """Return the level that is meant."""
        return self.levels[self.number]

    @property
    def labels_at(self) -> int | None:
        """Return where `labels` begins in the image's path, with its slash; None for no label."""
        if not _is_label(self.image):
            return None
        return max(0, len(_labels_of(self.image)) - len("/labels"))


def find_subject(survey: Survey, wanted: str | None = None) -> Subject:
    """Find the level that is `wanted`: a number, the path of an array, or that of an image.

    Without it, the finest level of the first image; in a hierarchy without images the array with
    the most bytes. A number counts the first image's levels from 0.

    Raises `UsageError` where there is no such level, `SourceError` where there is no array.
    """
    layouts = {n.path: n.layout for n in survey.arrays if n.layout is not None}
    if not layouts:
        raise SourceError("holds no array", place=survey.source, hint="name an image")
    images = _images(survey, layouts)
    image, number = _found(wanted, images, layouts)
    levels = images.get(image) or (Level(path=image, layout=layouts[image]),)
    names = lift_attributes(survey, VERSIONS[0]).names
    return Subject(
        image=image,
        levels=levels,
        number=number,
        names=names.get(levels[number].path),
        images=sum(1 for path in images if not _is_label(path)),
        labels=tuple(sorted({_labels_of(path) for path in layouts if _is_label(path)})),
    )


def _images(survey: Survey, layouts: Mapping[str, ArrayLayout]) -> dict[str, tuple[Level, ...]]:
    """Give the levels of each image that has any; only the first multiscale of each counts."""
    made = {}
    for group in survey.groups:
        attributes = ome.v3_members(group.attributes) or group.attributes
        named = [
            Level(path=path, layout=layouts[path])
            for path, multiscale, _ in ome.named_arrays(group.path, attributes)
            if multiscale == 0 and path in layouts
        ]
        if named:
            made[group.path] = tuple(named)
    return made


def _found(
    wanted: str | None,
    images: Mapping[str, tuple[Level, ...]],
    layouts: Mapping[str, ArrayLayout],
) -> tuple[str, int]:
    first = next((path for path in images if not _is_label(path)), next(iter(images), None))
    if first is None:
        first = max(layouts, key=lambda path: layouts[path].raw_bytes)
    if wanted is None:
        return first, 0
    if wanted.isdecimal() and wanted.isascii() and int(wanted) < len(images.get(first, " ")):
        return first, int(wanted)
    path = wanted.strip("/")
    if path in images:
        return path, 0
    if path in layouts:
        return _holder(path, images)
    raise UsageError(f"there is no level {wanted!r}", hint=_choice(first, images, layouts))


def _holder(path: str, images: Mapping[str, tuple[Level, ...]]) -> tuple[str, int]:
    for image, levels in images.items():
        for number, level in enumerate(levels):
            if level.path == path:
                return image, number
    return path, 0


def _choice(
    first: str, images: Mapping[str, tuple[Level, ...]], layouts: Mapping[str, ArrayLayout]
) -> str:
    if first not in images:
        return f"name an array: {', '.join(sorted(layouts)[:8])}"
    last = len(images[first]) - 1
    range_ = f"0 to {last}" if last else "0"
    return f"levels of the first image: {range_}; or give the path of an array or image"


def _is_label(path: str) -> bool:
    return "labels" in path.split("/")


def _labels_of(path: str) -> str:
    parts = path.split("/")
    return "/".join(parts[: parts.index("labels") + 1])
