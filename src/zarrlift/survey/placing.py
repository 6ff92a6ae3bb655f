"""Where a level lies, read from transformations of 0.4 to 0.6: a scale and a translation.

A pixel's index `i` has the coordinate `scale * i + translation`, axis by axis. In contrast to
`metadata.ome_transforms`, which writes them anew and refuses what it cannot, anything is taken
here, and what is no scale is only named. Sources: OME-Zarr 0.4, 0.5
("coordinateTransformations"), 0.6 ("coordinate transformations").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_DEEPEST = 8
"""Sequences within sequences that are followed."""

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """A scale, then a translation; None where none is stated."""

    scale: Vector | None = None
    translation: Vector | None = None
    stated: bool = False
    """Something is stated, be it an identity."""
    otherwise: str = ""
    """What else is stated, in words: then neither number is known."""

    def then(self, other: Placing) -> Placing:
        """Give this placing followed by another one: S' = So*S, T' = So*T + To."""
        if self.otherwise or other.otherwise:
            return Placing(otherwise=self.otherwise or other.otherwise)
        lengths = {len(v) for v in (*self.vectors, *other.vectors)}
        if len(lengths) > 1:
            return Placing(otherwise=f"vectors of {min(lengths)} and {max(lengths)} numbers")
        shift = _times(self.translation, other.scale) if self.translation else None
        return Placing(
            scale=_times(self.scale, other.scale),
            translation=_plus(shift, other.translation),
            stated=self.stated or other.stated,
        )

    def for_axes(self, axes: int) -> Placing:
        """Give both vectors for so many axes, or neither where their length is another."""
        odd = next((len(v) for v in self.vectors if len(v) != axes), None)
        if odd is not None:
            return Placing(otherwise=f"{odd} numbers for {axes} axes")
        if not self.stated:
            return self
        if not all(math.isfinite(n) for v in self.vectors for n in v):
            return Placing(otherwise="numbers too large")
        return Placing(
            scale=self.scale or (1.0,) * axes,
            translation=self.translation or (0.0,) * axes,
            stated=True,
        )

    @property
    def vectors(self) -> tuple[Vector, ...]:
        """Return the vectors that are stated."""
        return tuple(v for v in (self.scale, self.translation) if v is not None)


def placing_of(stated: object) -> Placing:
    """Read a list of transformations, applied one after another; nothing at all is no placing."""
    return _sequence(stated, 0)


def _sequence(stated: object, depth: int) -> Placing:
    made = Placing()
    for transform in stated if isinstance(stated, list) else ():
        made = made.then(_single(transform, depth))
    return made


def _single(transform: object, depth: int) -> Placing:
    if not isinstance(transform, dict):
        return Placing(otherwise="no object")
    kind = transform.get("type")
    if kind == "identity":
        return Placing(stated=True)
    if kind == "sequence" and depth < _DEEPEST:
        return _sequence(transform.get("transformations"), depth + 1)
    if kind not in ("scale", "translation"):
        return Placing(otherwise=str(kind)[:40])
    vector = _vector(transform.get(kind))
    if vector is None:
        stored = "path" in transform
        return Placing(otherwise=f"{kind} {'stored in an array' if stored else 'without numbers'}")
    if kind == "scale":
        return Placing(scale=vector, stated=True)
    return Placing(translation=vector, stated=True)


def _vector(value: object) -> Vector | None:
    if not isinstance(value, list) or not value:
        return None
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in value):
        return None
    try:
        return tuple(float(n) for n in value)
    except OverflowError:
        return None


def _times(one: Vector | None, other: Vector | None) -> Vector | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(a * b for a, b in zip(one, other, strict=True))


def _plus(one: Vector | None, other: Vector | None) -> Vector | None:
    if one is None or other is None:
        return one if other is None else other
    return tuple(a + b for a, b in zip(one, other, strict=True))
