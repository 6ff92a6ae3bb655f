"""Checks of ours on pixel sizes: whether a microscope, or anything near one, has such pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.validate.around import axis_names, axis_units, first_multiscale, level_scale
from zarrlift.validate.lengths import METRES
from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.values import items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.subject import Subject

RULES = Rules(About.IMAGE, "#multiscale-md")

_LEAST, _MOST = 1e-12, 1e-2
"""Metres: below what electron microscopes resolve, above what anyone calls a pixel."""
_UNALIKE = 20
"""How often the side of a pixel may go into its other side."""


@RULES.rule(
    "pixel-size-plausible",
    Force.OURS,
    clause="A pixel is not smaller than a picometre and not larger than a centimetre.",
    repair="correct the scale or the unit of the axis: often one is in nanometres, the other in "
    "micrometres",
    versions=between("0.4"),
)
def _plausible(subject: Subject) -> Iterator[Problem]:
    for axis, (size, unit) in _sizes(subject).items():
        if not _LEAST <= size * METRES[unit] <= _MOST:
            yield Problem("/0", f"a pixel of {size:g} {unit} along {axis} is not plausible")


@RULES.rule(
    "pixel-square",
    Force.OURS,
    clause="A pixel is about as long along x as along y.",
    repair="correct the scale of the axis",
    versions=between("0.4"),
)
def _square(subject: Subject) -> Iterator[Problem]:
    sizes = {axis: size * METRES[unit] for axis, (size, unit) in _sizes(subject).items()}
    if "x" in sizes and "y" in sizes:
        less, more = sorted((sizes["x"], sizes["y"]))
        if 0 < less < more / _UNALIKE:
            told = f"{more / less:,.0f} times as long along one of x and y as along the other"
            yield Problem("/0", f"pixels are {told}")


def _sizes(subject: Subject) -> dict[str, tuple[float, str]]:
    """Give positive pixel sizes of the first level that have a unit of length, by axis."""
    return subject.once("pixel-sizes", lambda: _read(subject))


def _read(subject: Subject) -> dict[str, tuple[float, str]]:
    scale = level_scale(subject.node)
    units = axis_units(subject.node)
    names = axis_names(subject.node, len(scale)) if scale is not None else None
    if scale is None or names is None or not items(first_multiscale(subject.node).get("datasets")):
        return {}
    stated = zip(names, scale, strict=True)
    return {a: (float(s), units[a]) for a, s in stated if s > 0 and units.get(a) in METRES}
