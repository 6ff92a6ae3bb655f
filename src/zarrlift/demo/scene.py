"""`Scene`: what one image shows and how finely; and how large scenes are for a size in bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from zarrlift.grid import Index

MINUTES = 5
"""Between two frames of a time-lapse."""
PLANE_DISTANCE = 1.0
"""Between two planes, in micrometers."""
NUCLEUS_WIDTH = 12.0
"""Mean diameter of a nucleus, in micrometers."""
_PIXEL_BYTES = 2
_NUCLEUS_PIXELS = 38
_FEWEST_NUCLEI = 5
_SMALLEST_NUCLEUS = 10
_HEIGHT_TO_WIDTH = 0.8
_USUAL_SIZE = 64 * 2**20
_USUAL_PLANES = 5
_USUAL_FIELD = 360_000
_MOST_ROWS, _MOST_COLUMNS = 16, 24
FIELDS = 2
"""Images of one well."""
SMALLEST_LEVEL = 256
"""A pyramid ends where neither y nor x is larger."""


class Stain(Enum):
    """What a channel shows: its name, colour and brightest shown grey value."""

    NUCLEI = ("Nuclei", "4C6FFF", 2900)
    BODIES = ("Microtubules", "3BE36B", 1900)
    VESICLES = ("Vesicles", "FF3FA4", 2800)

    def __init__(self, label: str, color: str, brightest: int) -> None:
        self.label = label
        self.color = color
        self.brightest = brightest


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One image: axes t, c, z, y, x."""

    name: str
    seed: int
    number: int = 0
    """Tells the scenes of one dataset apart, so that each has its own cells."""
    frames: int = 1
    stains: tuple[Stain, ...] = tuple(Stain)
    planes: int = 1
    height: int
    width: int
    diameter: int
    """Mean diameter of a nucleus, in pixels."""
    crowding: float = 0.85
    """Share of places that hold a cell, 0 to 1."""
    response: float = 1.0
    """Number of vesicles in a cell, relative to the usual."""

    @property
    def shape(self) -> Index:
        """Return the shape of the full resolution, in t, c, z, y, x."""
        return (self.frames, len(self.stains), self.planes, self.height, self.width)

    @property
    def levels(self) -> tuple[Index, ...]:
        """Return the shape of every level; odd rows and columns are dropped when halving."""
        shapes = [self.shape]
        while max(shapes[-1][-2:]) > SMALLEST_LEVEL:
            *outer, height, width = shapes[-1]
            shapes.append((*outer, height // 2, width // 2))
        return tuple(shapes)

    @property
    def pixel(self) -> float:
        """Return the edge of a pixel in micrometers."""
        return round(NUCLEUS_WIDTH / self.diameter, 4)

    @property
    def scale(self) -> tuple[float, ...]:
        """Return the distances between samples along t, c, z, y, x: seconds and micrometers."""
        seconds = 60.0 * MINUTES if self.frames > 1 else 1.0
        return (seconds, 1.0, PLANE_DISTANCE, self.pixel, self.pixel)


def stack(size: int, *, seed: int, name: str = "cells", number: int = 0) -> Scene:
    """Give an image of all stains and a few planes; `size` are its bytes, roughly."""
    planes = max(2, round(_USUAL_PLANES * (size / _USUAL_SIZE) ** (1 / 3)))
    extent = _extent(size, planes * len(Stain))
    return Scene(name=name, seed=seed, number=number, planes=planes, **extent)


def collection(size: int, *, seed: int) -> tuple[Scene, ...]:
    """Give the images of one day at the microscope: a stack, a time-lapse, an overview."""
    stains, frames = (Stain.NUCLEI, Stain.VESICLES), 4
    film = _extent(size * 3 // 10, frames * len(stains))
    wide = _extent(size // 5, len(Stain))
    wide["diameter"] = max(_SMALLEST_NUCLEUS, wide["diameter"] // 2)
    return (
        stack(size // 2, seed=seed, name="z-stack"),
        Scene(name="time-lapse", seed=seed, number=1, frames=frames, stains=stains, **film),
        Scene(name="overview", seed=seed, number=2, crowding=0.7, **wide),
    )


def plate_grid(size: int) -> tuple[int, int]:
    """Give the rows and columns of a plate whose images hold `size` bytes at a usual width.

    >>> plate_grid(64 * 2**20)
    (3, 5)
    """
    well = FIELDS * len(Stain) * _PIXEL_BYTES * _USUAL_FIELD
    rows = max(2, min(_MOST_ROWS, round(math.sqrt(size / well * 2 / 3))))
    return rows, max(3, min(_MOST_COLUMNS, round(size / well / rows)))


def field(size: int, *, seed: int, number: int, dose: float) -> Scene:
    """Give one field of a well; a higher `dose` (0 to 1) leaves fewer cells and more vesicles."""
    return Scene(
        name=f"field {number}",
        seed=seed,
        number=number,
        crowding=0.95 - 0.55 * dose,
        response=0.2 + 2.2 * dose,
        **_extent(size, len(Stain)),
    )


class _Extent(TypedDict):
    height: int
    width: int
    diameter: int


def _extent(size: int, planes: int) -> _Extent:
    """Share `size` bytes among `planes`; nuclei get smaller only where few would fit."""
    pixels = size / (_PIXEL_BYTES * planes)
    height = 2 * round(math.sqrt(pixels * _HEIGHT_TO_WIDTH) / 2)
    diameter = max(_SMALLEST_NUCLEUS, min(_NUCLEUS_PIXELS, height // _FEWEST_NUCLEI))
    return {"height": height, "width": 2 * round(pixels / height / 2), "diameter": diameter}
