"""How often a lift asks object stores, for what, and for how many bytes: counts or bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zarrlift import grid
from zarrlift.metadata.layout import Keys
from zarrlift.plan.cost import Basis, Figure, added
from zarrlift.store.asking import PAGE, Requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.metadata.layout import ArrayLayout

NONE = Figure(value=0, basis=Basis.COUNTED)
_BESIDE = 4
"""Documents that can lie in the folder of one node."""


@dataclass(slots=True)
class Side:
    """What one side is asked for, added up."""

    figures: dict[str, Figure] = field(
        default_factory=lambda: dict.fromkeys(Requests._fields, NONE)
    )
    """By the names that `Requests` has."""

    def add(self, basis: Basis = Basis.COUNTED, /, **numbers: int) -> None:
        """Add requests of some kinds, and bytes."""
        for name, value in numbers.items():
            if value:
                more = Figure(value=value, basis=basis)
                self.figures[name] = added((self.figures[name], more))

    def join(self, other: Side) -> None:
        """Add all that another has."""
        for name, figure in other.figures.items():
            self.figures[name] = added((self.figures[name], figure))

    def to_json(self) -> dict[str, object]:
        """Return the numbers by name, and how each came about."""
        said: dict[str, object] = {name: f.value for name, f in self.figures.items()}
        return said | {"basis": {name: str(f.basis) for name, f in self.figures.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a lift will ask of the sides that are no local folders; None for the others."""

    source: Side | None
    target: Side | None
    proof: Mapping[str, Side]
    """The share of its verification, by `source` and `target`."""
    at_once: int
    """Requests under way at a time on each side."""

    @property
    def sides(self) -> dict[str, Side]:
        """Return the sides that are asked."""
        both = {"source": self.source, "target": self.target}
        return {name: side for name, side in both.items() if side is not None}

    @property
    def numbers(self) -> dict[str, dict[str, int]]:
        """Return the numbers of the sides that are asked."""
        return {
            name: {n: figure.value for n, figure in side.figures.items()}
            for name, side in self.sides.items()
        }

    @property
    def kept(self) -> int:
        """Return the bytes that the target will hold."""
        return self.numbers["target"]["bytes_out"] if self.target else 0

    def to_json(self) -> dict[str, object]:
        """Return both sides under documented names."""
        return {
            "source": self.source.to_json() if self.source else None,
            "target": self.target.to_json() if self.target else None,
            "verification": {name: side.to_json() for name, side in self.proof.items()},
        }


def requests_to_json(asked: Mapping[str, Requests]) -> dict[str, object]:
    """Return what was asked of each side under documented names."""
    return {side: asked[side]._asdict() if side in asked else None for side in ("source", "target")}


def pages(listed: int) -> int:
    """Give how many requests list so many objects or prefixes."""
    return max(1, -(-listed // PAGE))


def array_lists(layout: ArrayLayout, at_once: int) -> int:
    """Bound the requests that list one array; up to `at_once` objects are listed together."""
    shape = layout.object_grid
    total, beside = grid.count(shape), _BESIDE + 1
    flat = len(shape) <= 1 or layout.keys in (Keys.V2_FLAT, Keys.DEFAULT_FLAT)
    if total <= at_once or flat:
        return pages(total + beside) + 2
    lists, above = 2, 1
    for axis, size in enumerate(shape):
        below = grid.count(shape[axis:])
        if below <= at_once:
            return lists + above * pages(below)
        lists += above * pages(size + beside)
        above *= size
    return lists


def whole_lists(objects: int, nodes: int, files: int) -> int:
    """Bound the requests that list a whole dataset of v2 or v3 at once."""
    return pages(objects + _BESIDE * nodes + files + 1)
