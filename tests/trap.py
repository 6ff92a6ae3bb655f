"""What a trap is: a small dataset that holds one thing which readers or converters get wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, Unpack

from tests.build import Json, Storage, Values
from tests.build_ome import write_image

Topic: TypeAlias = Literal[
    "shared",
    "recoded",
    "dtype",
    "fill",
    "layout",
    "foreign",
    "image",
    "labels",
    "plate",
    "collection",
    "names",
    "refused",
    "version",
]


@dataclass(frozen=True, slots=True)
class Trap:
    """A named dataset; `build` writes it into a folder that is the dataset's root."""

    id: str
    topic: Topic
    note: str
    build: Callable[[Path], object]


def image_trap(
    name: str,
    topic: Topic,
    note: str,
    data: Values,
    axes: str,
    *,
    level_attributes: Json | None = None,
    **storage: Unpack[Storage],
) -> Trap:
    """Give a trap that is an OME-Zarr 0.4 image of one level stored in an odd way."""

    def build(folder: Path) -> None:
        write_image(folder, [data], axes=axes, level_attributes=level_attributes, **storage)

    return Trap(name, topic, note, build)
