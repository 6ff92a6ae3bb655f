"""A level's place in space as OME-Zarr 0.5 and 0.6 both can say it: a scale, then a translation.

A pixel's index `i` has the coordinate `scale * i + translation`, axis by axis. Sources: OME-Zarr
0.5 ("coordinateTransformations"), 0.6 ("coordinate transformations": identity, scale, translation
and a sequence of the last two).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from zarrlift.findings import Finding, error, note, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Transform: TypeAlias = dict[str, object]
Placing: TypeAlias = Mapping[str, Transform]
"""Transformations by their type: one of `_ORDERS`, in that order."""
Number: TypeAlias = int | float

_ORDERS = ((), ("identity",), ("scale",), ("translation",), ("scale", "translation"))
_ENDS = frozenset({"input", "output"})


@dataclass(slots=True, kw_only=True)
class Remarks:
    """What there is to say about the group at `path`; messages begin with a JSON pointer."""

    path: str
    found: list[Finding] = field(default_factory=list)

    def note(self, rule: str, message: str) -> None:
        """Add what is only worth knowing."""
        self.found.append(note(rule, self.path, message))

    def warning(self, rule: str, message: str) -> None:
        """Add what was wrong before and is written as it is, or what is left out."""
        self.found.append(warning(rule, self.path, message))

    def error(self, rule: str, message: str) -> None:
        """Add what has no form in the other version."""
        self.found.append(error(rule, self.path, message))


def parse_list(value: object) -> Placing | None:
    """Give transformations that are applied one after another, or None for any other.

    Accepted are nothing at all, an identity, a scale, a translation, and a scale before a
    translation. The reverse order is not: by the text it means another place than the one that
    most readers show.
    """
    if not isinstance(value, list) or not all(isinstance(t, dict) for t in value):
        return None
    if tuple(t.get("type") for t in value) not in _ORDERS:
        return None
    if any(t["type"] != "identity" and vector(t) is None for t in value):
        return None
    return {t["type"]: t for t in value}


def vector(transform: Mapping[str, object]) -> list[Number] | None:
    """Give the numbers of a scale or translation; None where they are none, or in an array."""
    value = transform.get(str(transform.get("type")))
    return value if isinstance(value, list) and all(map(_is_number, value)) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def vectors(placing: Placing) -> Iterator[tuple[str, list[Number]]]:
    """Walk the scale and translation that are stated."""
    for kind, transform in placing.items():
        numbers = vector(transform)
        if numbers is not None:
            yield kind, numbers


def is_finite(number: Number) -> bool:
    """Say whether JSON can hold a number; integers of any size included."""
    return -math.inf < number < math.inf


def folded(inner: Placing, outer: Placing) -> Placing | None:
    """Give one placing for `inner` and then `outer`: S' = Sg*S, T' = Sg*T + Tg.

    A factor of one and a shift of zero leave the other number as it is spelled. None means that
    the lengths differ, or that a number leaves the range of doubles.
    """
    ours, theirs = dict(vectors(inner)), dict(vectors(outer))
    if len({len(v) for v in (*ours.values(), *theirs.values())}) > 1:
        return None
    try:
        scale = _joined(_times, theirs.get("scale"), ours.get("scale"))
        shift = ours.get("translation")
        moved = _joined(_times, theirs.get("scale"), shift) if shift is not None else None
        translation = _joined(_plus, moved, theirs.get("translation"))
    except OverflowError:  # an integer beyond all doubles, times a fraction
        return None
    if not all(is_finite(n) for n in (*(scale or ()), *(translation or ()))):
        return None
    return _with_numbers(inner, scale, translation)


def _times(one: Number, other: Number) -> Number:
    return other if one == 1 else one if other == 1 else one * other


def _plus(one: Number, other: Number) -> Number:
    return other if one == 0 else one if other == 0 else one + other


def _joined(
    join: Callable[[Number, Number], Number],
    one: list[Number] | None,
    other: list[Number] | None,
) -> list[Number] | None:
    if one is None or other is None:
        return one if other is None else other
    return [join(a, b) for a, b in zip(one, other, strict=True)]


def _with_numbers(
    inner: Placing, scale: list[Number] | None, translation: list[Number] | None
) -> Placing:
    """Give `inner` with other numbers; what else its transformations say stays in them."""
    made: dict[str, Transform] = {}
    if scale is not None:
        stated = inner.get("scale", inner.get("identity", {}))
        made["scale"] = {**stated, "type": "scale", "scale": scale}
    if translation is not None:
        made["translation"] = {
            **inner.get("translation", {}),
            "type": "translation",
            "translation": translation,
        }
    return made or inner


def with_scale(remarks: Remarks, placing: Placing, length: int, place: str) -> list[Transform]:
    """Give a scale, and a translation if there is one; a scale of ones is added where due."""
    made = dict(placing)
    if "scale" not in made:
        ones: Transform = {"type": "scale", "scale": [1.0] * length}
        made = {"scale": {**made.pop("identity", {}), **ones}, **made}
        remarks.note("scale-added", f"{place}: a scale of ones was written, which is due there")
    return list(made.values())


def judge_lengths(remarks: Remarks, placing: Placing, length: int, place: str) -> None:
    """Warn of vectors that have another length than there are axes; they are written as they are.

    Which axis a number belongs to was not sure before either.
    """
    for kind, numbers in vectors(placing):
        if len(numbers) != length:
            message = f"{place}: a {kind} of {len(numbers)} numbers for {length} axes"
            remarks.warning("transformation-length", message)


def without(
    remarks: Remarks, transform: Mapping[str, object], place: str, names: Iterable[str] = _ENDS
) -> Transform:
    """Give a transformation without some members, and say which of them it had."""
    dropped = [name for name in transform if name in names]
    if dropped:
        told_members(remarks, dropped, place)
    return {k: v for k, v in transform.items() if k not in dropped}


def told_members(remarks: Remarks, names: Iterable[object], place: str) -> None:
    """Warn of members of a transformation that have no place in the other version."""
    words = ", ".join(map(repr, names))
    if words:
        remarks.warning("transformation-members-dropped", f"{place}: left out: {words}")


def described(value: object) -> str:
    """Name the types of transformations in a message, and those whose numbers lie in an array."""
    if not isinstance(value, list):
        return f"no list but {type(value).__name__}"
    return " then ".join(_kind(t) for t in value) or "none"


def _kind(transform: object) -> str:
    if not isinstance(transform, dict):
        return "no object"
    kind = transform.get("type")
    stored = " stored in an array" if "path" in transform else ""
    unsound = kind in ("scale", "translation") and vector(transform) is None and not stored
    return f"{kind}{stored}{' without a list of numbers' if unsound else ''}"


def without_nulls(remarks: Remarks, axis: dict[str, object], place: str) -> dict[str, object]:
    """Give an axis without a null type or unit, which the schemas of 0.5 and 0.6 refuse."""
    nulls = [k for k in ("type", "unit") if k in axis and axis[k] is None]
    for key in nulls:
        remarks.note("null-dropped", f"{place}: axis {axis.get('name')!r} had a null {key}")
    return {k: v for k, v in axis.items() if k not in nulls}
