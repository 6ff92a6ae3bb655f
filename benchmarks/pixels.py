"""Encoded chunks that compress as microscope pictures do: smooth structure and camera noise."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numcodecs import Blosc, blosc

SEED = 20240601
CODEC = Blosc(cname="lz4", clevel=5, shuffle=Blosc.SHUFFLE)
NOISE_SAMPLES = 1 << 22

blosc.use_threads = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Draws chunks; its noise is made once and read from another place for every chunk."""

    noise: npt.NDArray[np.float32]
    places: np.random.Generator

    def encoded(self, *, origin: tuple[int, int], size: int, scale: int, phase: float) -> bytes:
        """The blosc buffer of a square chunk of uint16; `origin` is in pixels of its level."""
        y, x = (scale * np.arange(first, first + size, dtype=np.float32) for first in origin)
        picture = 400 * np.outer(np.sin(y / 900 + phase), np.cos(x / 700 - phase))
        picture += 1200
        picture += self._grain(size)
        return bytes(CODEC.encode(picture.astype("<u2")))

    def _grain(self, size: int) -> npt.NDArray[np.float32]:
        start = int(self.places.integers(0, self.noise.size - size * size))
        return self.noise[start : start + size * size].reshape(size, size)


def make_camera(noise: float) -> Camera:
    """A camera with normal noise of `noise` grey values, the same in every run."""
    random = np.random.default_rng(SEED)
    samples = random.standard_normal(NOISE_SAMPLES, dtype=np.float32)
    samples *= np.float32(noise)
    return Camera(noise=samples, places=random)
