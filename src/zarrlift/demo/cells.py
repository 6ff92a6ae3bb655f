"""Where the cells of a scene lie, and how each looks. Pure NumPy, no pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from zarrlift.demo import shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.demo.scene import Scene
    from zarrlift.demo.shapes import Float64

Integer: TypeAlias = npt.NDArray[np.int64]

_APART = 1.75
"""Between the places that cells may take, in diameters of a nucleus."""
_BEYOND = 1.6
"""How far outside of the image cells still lie, in diameters; their rims show."""
_HALF_DEPTH = 3.2
"""Half the height of a nucleus, in planes."""
_VESICLES = 22
"""Of a usual cell, on average."""
_FADING = 0.96
"""What a frame leaves of the fluorescence."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vesicles:
    """The vesicles of all cells, one element each."""

    owner: Integer
    """Which cell it belongs to, counted from 0."""
    offset: Float64
    """Distance from the cell's centre in z (planes), y and x (pixels), shape `(3, n)`."""
    brightness: Float64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The cells of a scene; one element of each array is one cell."""

    centre: Float64
    """z (planes), y and x (pixels) in the first frame, shape `(3, n)`."""
    drift: Float64
    """Movement from frame to frame in z, y and x, shape `(3, n)`."""
    brightness: Float64
    nucleus: Integer
    """Which of the nucleus shapes it has."""
    body: Integer
    turn: Integer
    vesicles: Vesicles

    def at(self, frame: int) -> Float64:
        """Give the centres in one frame, as z, y and x."""
        return self.centre + frame * self.drift


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One cell as a plane meets it."""

    number: int
    """Its label, from 1."""
    y: int
    x: int
    depth: float
    """Squared distance of the plane from the cell's middle, 1 at the top of its nucleus."""
    brightness: float
    nucleus: int
    body: int
    turn: int


def scatter(scene: Scene) -> Cells:
    """Lay the cells of a scene out: crowded here, sparse there, no two in one place."""
    random = np.random.default_rng([scene.seed, scene.number, 3])
    y, x = _places(scene, random)
    middle = (scene.planes - 1) / 2
    z = middle + random.uniform(-0.25, 0.25, y.size) * scene.planes
    step = scene.diameter * np.array([[0.0], [0.08], [0.08]])
    return Cells(
        centre=np.stack([z, y, x]),
        drift=step * random.standard_normal((3, y.size)),
        brightness=random.lognormal(0, 0.22, y.size),
        nucleus=random.integers(0, shapes.NUCLEI, y.size),
        body=random.integers(0, shapes.BODIES, y.size),
        turn=random.integers(0, shapes.TURNS, y.size),
        vesicles=_vesicles(scene, y.size, random),
    )


def placed(cells: Cells, scene: Scene, frame: int, plane: int, reach: int) -> Iterator[Placed]:
    """Walk the cells that may show in a plane, `reach` pixels beyond the image included."""
    z, y, x = cells.at(frame)
    depth = ((plane - z) / _HALF_DEPTH) ** 2
    row, column = np.rint(y).astype(int), np.rint(x).astype(int)
    near = (row >= -reach) & (row <= scene.height + reach)
    near &= (column >= -reach) & (column <= scene.width + reach)
    for i in np.flatnonzero(near).tolist():
        yield Placed(
            number=i + 1,
            y=int(row[i]),
            x=int(column[i]),
            depth=float(depth[i]),
            brightness=float(cells.brightness[i]) * _FADING**frame,
            nucleus=int(cells.nucleus[i]),
            body=int(cells.body[i]),
            turn=int(cells.turn[i]),
        )


def _places(scene: Scene, random: np.random.Generator) -> tuple[Float64, Float64]:
    """Give y and x of the cells: a jittered hexagonal grid, thinned in patches."""
    step, beyond = _APART * scene.diameter, _BEYOND * scene.diameter
    rows = np.arange(-beyond, scene.height + beyond, step)
    columns = np.arange(-beyond, scene.width + beyond, step)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x[1::2] += step / 2
    y, x = y + random.normal(0, 0.2 * step, y.shape), x + random.normal(0, 0.2 * step, x.shape)
    odds = scene.crowding + 0.22 * shapes.smooth_noise(random, y.shape, 1.6)
    kept = random.uniform(size=y.shape) < odds
    return y[kept], x[kept]


def _vesicles(scene: Scene, cells: int, random: np.random.Generator) -> Vesicles:
    """Scatter vesicles around each nucleus; some cells have many, most have few."""
    expected = _VESICLES * scene.response * random.lognormal(-0.35, 0.85, cells)
    owner = np.repeat(np.arange(cells), random.poisson(expected))
    side = random.uniform(0, 2 * np.pi, cells)[owner]
    angle = side + random.normal(0, 1.25, owner.size)
    distance = scene.diameter * (0.42 + random.gamma(2, 0.13, owner.size))
    offset = [random.normal(0, 1.3, owner.size), distance * np.sin(angle), distance * np.cos(angle)]
    return Vesicles(
        owner=owner,
        offset=np.stack(offset),
        brightness=random.lognormal(0, 0.5, owner.size),
    )
