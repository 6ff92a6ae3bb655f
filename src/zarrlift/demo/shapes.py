"""A small stock of cell shapes, drawn once and stamped many times. Pure NumPy.

Patches are square, `(number, edge, edge)` in y, x; their centre is the cell's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Float: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]

NUCLEI = 64
BODIES = 32
TURNS = 8
"""Orientations that a patch is stamped in: four quarter turns, mirrored or not."""
DIVIDING = 2
"""How many of the nuclei are condensed for division."""
_WAVES_OF_NUCLEI = {2: 0.05, 3: 0.05, 4: 0.05, 9: 0.015}
_WAVES_OF_BODIES = {2: 0.11, 3: 0.11, 4: 0.11, 5: 0.11, 7: 0.11}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """Patches of one kind of structure."""

    domes: Float
    """1 at the centre, 0 on the outline, falling off quadratically and negative outside."""
    textures: Float
    """Brightness within the outline, about 1 on average."""

    @property
    def edge(self) -> int:
        """Return the width of a patch in pixels."""
        return int(self.domes.shape[-1])

    def oriented(self, number: int, turn: int) -> tuple[Float, Float]:
        """Give dome and texture of one shape in one of the `TURNS` orientations."""
        return _turned(self.domes[number], turn), _turned(self.textures[number], turn)


def nucleus_shapes(diameter: int, seed: int) -> Shapes:
    """Draw nuclei of about `diameter` pixels: wobbly ellipses with chromatin and nucleoli."""
    random = np.random.default_rng([seed, diameter, 1])
    dy, dx = _grid(2 * round(0.8 * diameter))
    length = diameter * random.uniform(0.46, 0.6, NUCLEI)
    ratio = random.uniform(0.66, 0.95, NUCLEI)
    ratio[:DIVIDING] = 0.34
    length[:DIVIDING] *= 0.85
    rho, _ = _polar(dy, dx, length, length * ratio, random)
    rho = rho / _outline(dy, dx, _WAVES_OF_NUCLEI, NUCLEI, random)
    chromatin = 0.95 + 0.16 * smooth_noise(random, rho.shape, diameter / 16)
    chromatin *= 1 - 0.55 * _nucleoli(dy, dx, diameter, random)
    chromatin[:DIVIDING] = 2.4
    return Shapes(domes=_float(1 - rho**2), textures=_float(chromatin.clip(0.2)))


def body_shapes(diameter: int, seed: int) -> Shapes:
    """Draw cell bodies around nuclei of `diameter` pixels: lobed, full of bent filaments."""
    random = np.random.default_rng([seed, diameter, 2])
    dy, dx = _grid(2 * round(1.9 * diameter))
    length = diameter * random.uniform(1.1, 1.5, BODIES)
    rho, radius = _polar(dy, dx, length, length * random.uniform(0.6, 0.95, BODIES), random)
    rho = rho / _outline(dy, dx, _WAVES_OF_BODIES, BODIES, random)
    texture = _filaments(dy, dx, radius / diameter, diameter, random)
    texture *= 0.3 + 0.9 * np.exp(-((radius / (0.85 * diameter)) ** 2))
    texture *= 1 - 0.6 * np.exp(-((radius / (0.45 * diameter)) ** 4))
    return Shapes(domes=_float(1 - rho**2), textures=_float(texture))


def smooth_noise(random: np.random.Generator, shape: Sequence[int], sigma: float) -> Float64:
    """Draw noise of mean 0 and variance 1 that varies over `sigma` pixels, in the last two axes."""
    rows, columns = np.fft.fftfreq(shape[-2])[:, None], np.fft.rfftfreq(shape[-1])
    weights = np.exp(-2 * (np.pi * sigma) ** 2 * (rows**2 + columns**2))
    weights[0, 0] = 0
    noise = np.fft.irfft2(np.fft.rfft2(random.standard_normal(shape)) * weights, s=shape[-2:])
    made: Float64 = noise / noise.std()
    return made


def _grid(edge: int) -> tuple[Float64, Float64]:
    """Give each pixel's distance from a patch's centre: down as a column, right as a row."""
    away: Float64 = np.arange(edge, dtype=np.float64) - (edge - 1) / 2
    return away[:, None], away[None, :]


def _polar(
    dy: Float64,
    dx: Float64,
    length: Float64,
    breadth: Float64,
    random: np.random.Generator,
) -> tuple[Float64, Float64]:
    """Give the distance from the centre in units of a turned ellipse's outline, and in pixels."""
    angle = random.uniform(0, np.pi, length.size)[:, None, None]
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / length[:, None, None]
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / breadth[:, None, None]
    rho: Float64 = np.sqrt(along**2 + across**2)
    radius: Float64 = np.sqrt(dy**2 + dx**2)
    return rho, radius[None]


def _outline(
    dy: Float64,
    dx: Float64,
    waves: Mapping[int, float],
    number: int,
    random: np.random.Generator,
) -> Float64:
    """Give a factor of the radius that varies with the angle; `waves` are number and height."""
    theta = np.arctan2(dy, dx)[None]
    factor = np.ones((number, *theta.shape[1:]))
    for wave, height in waves.items():
        phase, size = random.uniform(0, 2 * np.pi, number), random.uniform(0, height, number)
        factor += size[:, None, None] * np.cos(wave * theta + phase[:, None, None])
    return factor


def _nucleoli(
    dy: Float64,
    dx: Float64,
    diameter: int,
    random: np.random.Generator,
) -> Float64:
    """Give the depth, 0 to 1, of three dark spots in each nucleus."""
    depth = np.zeros((NUCLEI, dy.size, dx.size))
    for _ in range(3):
        y, x = random.normal(0, 0.17 * diameter, (2, NUCLEI, 1, 1))
        width = diameter * random.uniform(0.04, 0.09, (NUCLEI, 1, 1))
        depth = np.maximum(depth, np.exp(-((dy - y) ** 2 + (dx - x) ** 2) / (2 * width**2)))
    return depth


def _filaments(
    dy: Float64,
    dx: Float64,
    distance: Float64,
    diameter: int,
    random: np.random.Generator,
) -> Float64:
    """Draw bent bright lines that run outwards from the nucleus.

    Lines are where waves around the centre cross zero; noise in their phase bends them.
    """
    theta = np.arctan2(dy, dx)[None]
    shape = (BODIES, dy.size, dx.size)
    bend = 0.35 * smooth_noise(random, shape, diameter / 4)
    waves = np.zeros(shape)
    for wave in (5, 8, 13, 19, 26, 34):
        phase = random.uniform(0, 2 * np.pi, (BODIES, 1, 1))
        twist = random.normal(0, 1.2, (BODIES, 1, 1))
        waves += np.cos(wave * (theta + 0.3 * bend) + phase + twist * distance)
    grain = np.abs(smooth_noise(random, shape, diameter / 24))
    lines: Float64 = np.exp(-2.2 * np.abs(waves)) + 0.8 * np.exp(-3 * grain)
    return lines


def _turned(patch: Float, turn: int) -> Float:
    """Give a view of a patch, mirrored for turns from 4 on."""
    return np.rot90(patch.T if turn >= TURNS // 2 else patch, turn % 4)


def _float(values: Float64) -> Float:
    return values.astype(np.float32)
