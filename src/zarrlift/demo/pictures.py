"""Drawing planes, `(y, x)`: stains as light, what a camera makes of it, labels, pyramids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from zarrlift.demo.cells import Cells, placed, scatter
from zarrlift.demo.scene import SMALLEST_LEVEL, Scene, Stain
from zarrlift.demo.shapes import Float, Float64, Shapes, body_shapes, nucleus_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

Grey: TypeAlias = npt.NDArray[np.uint16]
Labels: TypeAlias = npt.NDArray[np.uint32]

OFFSET = 100.0
"""Grey value that the camera gives in the dark."""
_READ_NOISE = 6.0
_GLOW = {Stain.NUCLEI: 45.0, Stain.BODIES: 90.0, Stain.VESICLES: 60.0}
"""Light of the medium and of what is out of focus, in photons."""
_NUCLEUS_LIGHT = 1700.0
_BODY_LIGHT = 1300.0
_VESICLE_LIGHT = 1500.0
_VESICLE_HAZE = 0.1
"""What a cell's body shows of the marker, relative to its own light."""
_VESICLE_BLUR = 0.034
"""Standard deviation of a vesicle in focus, in diameters of a nucleus."""
_VESICLE_REACH = 2.5
"""How far from the focus a vesicle still shows, in planes."""
_ROWS_AT_ONCE = 128

Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stock:
    """The shapes that scenes of one magnification are drawn with."""

    nuclei: Shapes
    bodies: Shapes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Specimen:
    """A scene, its cells, and the shapes to draw them with."""

    scene: Scene
    cells: Cells
    stock: Stock


def make_stock(diameter: int, seed: int) -> Stock:
    """Draw the shapes for nuclei of `diameter` pixels."""
    return Stock(nuclei=nucleus_shapes(diameter, seed), bodies=body_shapes(diameter, seed))


def prepare(scene: Scene, stock: Stock) -> Specimen:
    """Lay out the cells of a scene."""
    return Specimen(scene=scene, cells=scatter(scene), stock=stock)


def picture(specimen: Specimen, frame: int, channel: int, plane: int) -> Grey:
    """Draw one plane of one channel as a camera records it; the same call gives the same."""
    scene = specimen.scene
    stain = scene.stains[channel]
    light = _LIGHTS[stain](specimen, frame, plane)
    light += np.float32(_GLOW[stain])
    random = np.random.default_rng([scene.seed, scene.number, 4, frame, channel, plane])
    return photograph(light, random)


def nucleus_labels(specimen: Specimen, frame: int, plane: int) -> Labels:
    """Draw the numbers of the nuclei that `picture` shows, 0 between them."""
    shapes = specimen.stock.nuclei
    canvas = _Canvas(specimen.scene, shapes.edge, np.uint32)
    for cell in placed(specimen.cells, specimen.scene, frame, plane, shapes.edge // 2):
        dome, _ = shapes.oriented(cell.nucleus, cell.turn)
        np.copyto(canvas.window(cell.y, cell.x), np.uint32(cell.number), where=dome > cell.depth)
    return canvas.plane()


def photograph(light: Float, random: np.random.Generator) -> Grey:
    """Give grey values for photons: uneven illumination, shot noise, read noise, offset."""
    taken = np.empty(light.shape, np.uint16)
    for top in range(0, light.shape[0], _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        part = light[rows] * _illumination(light.shape, rows)
        noise = random.standard_normal(part.shape, dtype=np.float32)
        noise *= np.sqrt(part + np.float32(_READ_NOISE**2))
        part += noise
        part += np.float32(OFFSET + 0.5)
        taken[rows] = np.clip(part, 0, 65535, out=part)
    return taken


def pyramid(plane: Grey) -> Iterator[Grey]:
    """Walk the levels of a plane, each the mean of 2 x 2 pixels of the one before."""
    while True:
        yield plane
        if max(plane.shape) <= SMALLEST_LEVEL:
            return
        even = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
        total = even[::2, ::2].astype(np.uint32) + 2
        for part in (even[1::2, ::2], even[::2, 1::2], even[1::2, 1::2]):
            total += part
        plane = (total >> 2).astype(np.uint16)


def label_pyramid(plane: Labels) -> Iterator[Labels]:
    """Walk the levels of a label plane, each with every second pixel of the one before."""
    while True:
        yield plane
        if max(plane.shape) <= SMALLEST_LEVEL:
            return
        plane = plane[: plane.shape[0] // 2 * 2 : 2, : plane.shape[1] // 2 * 2 : 2]


class _Canvas(Generic[Number]):
    """A plane with a rim, so that a patch at the image's edge needs no clipping."""

    def __init__(self, scene: Scene, edge: int, number: type[Number]) -> None:
        self._edge, self._rim = edge, edge + 1
        self._size = (scene.height, scene.width)
        self._padded = np.zeros([n + 2 * self._rim for n in self._size], number)

    def window(self, y: int, x: int) -> npt.NDArray[Number]:
        """Give the part that a patch centred at a pixel covers."""
        top, left = (n + self._rim - self._edge // 2 for n in (y, x))
        return self._padded[top : top + self._edge, left : left + self._edge]

    def plane(self) -> npt.NDArray[Number]:
        """Give the plane without its rim."""
        rim, (height, width) = self._rim, self._size
        return self._padded[rim : rim + height, rim : rim + width]


def _nuclei(specimen: Specimen, frame: int, plane: int) -> Float:
    return _NUCLEUS_LIGHT * _stamped(specimen, frame, plane, Stain.NUCLEI)


def _bodies(specimen: Specimen, frame: int, plane: int) -> Float:
    return _BODY_LIGHT * _stamped(specimen, frame, plane, Stain.BODIES)


def _vesicles(specimen: Specimen, frame: int, plane: int) -> Float:
    light = _bodies(specimen, frame, plane) * np.float32(_VESICLE_HAZE)
    z, y, x, brightness = _vesicles_near(specimen, frame, plane)
    blur = _VESICLE_BLUR * specimen.scene.diameter * (1 + 0.35 * np.abs(z))
    _add_spots(light, y, x, blur, brightness * _VESICLE_LIGHT / (1 + 0.35 * np.abs(z)) ** 2)
    return light


_LIGHTS = {
    Stain.NUCLEI: _nuclei,
    Stain.BODIES: _bodies,
    Stain.VESICLES: _vesicles,
}


def _stamped(specimen: Specimen, frame: int, plane: int, stain: Stain) -> Float:
    """Stamp every cell's nucleus or body; where two overlap the brighter one shows."""
    nuclei = stain is Stain.NUCLEI
    shapes = specimen.stock.nuclei if nuclei else specimen.stock.bodies
    flatness, steepness = (1.0, 3.5) if nuclei else (0.3, 1.6)
    canvas = _Canvas(specimen.scene, shapes.edge, np.float32)
    for cell in placed(specimen.cells, specimen.scene, frame, plane, shapes.edge // 2):
        shape = cell.nucleus if nuclei else cell.body
        dome, texture = shapes.oriented(shape, cell.turn)
        solid = np.clip((dome - np.float32(flatness * cell.depth)) * np.float32(steepness), 0, 1)
        solid *= texture
        solid *= np.float32(cell.brightness)
        window = canvas.window(cell.y, cell.x)
        np.maximum(window, solid, out=window)
    return canvas.plane()


def _vesicles_near(specimen: Specimen, frame: int, plane: int) -> tuple[Float64, ...]:
    """Give z (from the plane, in planes), y, x (in pixels) and brightness of what shows."""
    vesicles, scene = specimen.cells.vesicles, specimen.scene
    z, y, x = specimen.cells.at(frame)[:, vesicles.owner] + vesicles.offset
    z = z - plane
    shown = (np.abs(z) < _VESICLE_REACH) & (y >= 0) & (y < scene.height)
    shown &= (x >= 0) & (x < scene.width)
    return z[shown], y[shown], x[shown], vesicles.brightness[shown]


def _add_spots(light: Float, y: Float64, x: Float64, blur: Float64, height: Float64) -> None:
    """Add round spots of the given standard deviation and peak to a plane, in place."""
    reach = math.ceil(2.5 * float(np.max(blur, initial=0.0)))
    away = np.arange(-reach, reach + 1)
    rows, columns = np.rint(y).astype(int)[:, None] + away, np.rint(x).astype(int)[:, None] + away
    tall = np.exp(-((rows - y[:, None]) ** 2) / (2 * blur[:, None] ** 2)) * height[:, None]
    wide = np.exp(-((columns - x[:, None]) ** 2) / (2 * blur[:, None] ** 2))
    tall[(rows < 0) | (rows >= light.shape[0])] = 0
    wide[(columns < 0) | (columns >= light.shape[1])] = 0
    rows, columns = rows.clip(0, light.shape[0] - 1), columns.clip(0, light.shape[1] - 1)
    spots = (tall[:, :, None] * wide[:, None, :]).astype(np.float32)
    np.add.at(light, (rows[:, :, None], columns[:, None, :]), spots)


def _illumination(shape: tuple[int, ...], rows: slice) -> Float:
    """Give how much of the light each pixel of some rows gets: most left of the middle."""
    y = np.arange(shape[0], dtype=np.float32)[rows, None] / np.float32(shape[0])
    x = np.arange(shape[1], dtype=np.float32)[None, :] / np.float32(shape[1])
    away = (y - np.float32(0.52)) ** 2 + (x - np.float32(0.44)) ** 2
    return np.float32(1) - np.float32(0.55) * away
