"""Rules of axes: of `axes` in 0.3-0.5, of every coordinate system of an image in 0.6."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zarrlift.validate.multiscale import SYSTEMS, axes_lists, kind_of, multiscales
from zarrlift.validate.rule import About, Force, Rules, between
from zarrlift.validate.told import at, found_at
from zarrlift.validate.units import UNITS
from zarrlift.validate.values import inside, member, repeated, said, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.validate.multiscale import Axes
    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject

RULES = Rules(About.IMAGE, "#axes-md")
_WITH_AXES = between("0.3")
_OBJECTS = between("0.4")
_FEWEST, _MOST = 2, 5
_TYPES = {
    "0.4": ("space", "time", "channel"),
    "0.5": ("space", "time", "channel"),
    "0.6": ("space", "time", "channel", "array", "coordinate", "displacement"),
}
_RANK = {"time": 0, "space": 2, "array": 2}
"""What comes first; anything else, channels and custom axes, lies between."""


@RULES.rule(
    "axes-list",
    Force.MUST,
    versions=_WITH_AXES,
    clause="Each image has a list of two to five axes; in 0.6 each coordinate system has one.",
    repair="list the axes, one for each dimension of the arrays and in their order",
)
def _list(subject: Subject) -> Iterator[Problem]:
    for image in multiscales(subject):
        for holder in inside(image, SYSTEMS) if subject.version == "0.6" else (image,):
            wrong = wrong_axes_list(holder.value)
            if wrong:
                yield at(f"{holder.pointer}/axes", wrong)


def wrong_axes_list(holder: Mapping[str, object]) -> str | None:
    """Say what is wrong with a list of axes as such."""
    axes = holder.get("axes")
    if "axes" not in holder:
        return "is missing"
    if not isinstance(axes, list):
        return f"is {said(axes)}, not a list"
    if not _FEWEST <= len(axes) <= _MOST:
        return f"has {len(axes)} {'entry' if len(axes) == 1 else 'entries'}; two to five are due"
    return None


@RULES.rule(
    "axis-name",
    Force.MUST,
    versions=_WITH_AXES,
    clause="Each axis has a name: an object with a `name`, in 0.3 one of t, c, z, y and x.",
    repair="give the axis a name",
)
def _name(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        yield from wrong_names(subject.version, axes)


def wrong_names(version: str, axes: Axes) -> Iterator[Problem]:
    """Walk the axes that have no name as it is due."""
    for number, axis in enumerate(axes.items):
        pointer = f"{axes.pointer}/{number}"
        if version == "0.3":
            if axis not in list("tczyx"):
                yield at(pointer, f"is {said(axis)}, none of t, c, z, y and x")
        elif not isinstance(axis, dict):
            yield at(pointer, f"is {said(axis)}, not an object")
        elif not text(axis.get("name")):
            yield at(f"{pointer}/name", f"{found_at(axis, 'name')}; a text is due")


@RULES.rule(
    "axis-names-unique",
    Force.MUST,
    versions=_WITH_AXES,
    clause="No two axes of a list have the same name.",
    repair="give each axis a name of its own",
)
def _unique(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        yield from double_names(axes)


def double_names(axes: Axes) -> Iterator[Problem]:
    """Walk the axes whose name came before."""
    names = (axis if isinstance(axis, str) else member(axis, "name") for axis in axes.items)
    found = ((number, name) for number, name in enumerate(names) if isinstance(name, str))
    for number, name, first in repeated(found):
        yield at(f"{axes.pointer}/{number}", f"is {said(name)}, as that of axis {first}")


@RULES.rule(
    "axis-members",
    Force.MUST,
    versions=_OBJECTS,
    clause="`type` and `unit` of an axis are texts; in 0.6 `longName` too, and `discrete` true or "
    "false.",
    repair="write the member as the type that is due, or leave it out",
)
def _members(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        yield from wrong_members(subject.version, axes)


def wrong_members(version: str, axes: Axes) -> Iterator[Problem]:
    """Walk the members of axes that are of another type than is due; `type` may be null."""
    due: dict[str, type] = {"type": str, "unit": str}
    if version == "0.6":
        due |= {"longName": str, "discrete": bool}
    for number, axis in enumerate(axes.items):
        for name, kind in due.items():
            value = member(axis, name)
            if not isinstance(axis, dict) or name not in axis or isinstance(value, kind):
                continue
            if name == "type" and value is None and version != "0.6":
                continue  # the text of 0.4 and 0.5 allows it
            wanted = "a text" if kind is str else "true or false"
            yield at(f"{axes.pointer}/{number}/{name}", f"is {said(value)}, not {wanted}")


@RULES.rule(
    "axis-type",
    Force.SHOULD,
    versions=_OBJECTS,
    clause="Each axis has a `type` that the specification names, such as space, time or channel.",
    repair="add the axis's `type`; a type of your own may stand where none of them fits",
)
def _type(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        for number, axis in enumerate(axes.items):
            if not isinstance(axis, dict):
                continue
            kind = axis.get("type")
            pointer = f"{axes.pointer}/{number}/type"
            if kind is None:
                yield at(pointer, f"is missing for axis {said(axis.get('name'))}")
            elif isinstance(kind, str) and kind not in _TYPES[subject.version]:
                known = ", ".join(_TYPES[subject.version])
                yield at(pointer, f"is {said(kind)}, none of {known}")


@RULES.rule(
    "axes-kinds",
    Force.MUST,
    versions=_OBJECTS,
    clause="Two or three axes are of space, at most one of time and at most one a channel or of "
    "another kind; in 0.6 a system may have two or more axes of type `array` instead.",
    repair="set the `type` of each axis: `space` for two or three of them",
)
def _kinds(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        yield from wrong_kinds(subject.version, axes)


def wrong_kinds(version: str, axes: Axes) -> Iterator[Problem]:
    """Say which kinds of axes are too few or too many."""
    kinds = Counter(kind_of(axis) for axis in axes.items)
    space, array = kinds["space"], kinds["array"] if version == "0.6" else 0
    enough = 2 <= space <= 3  # noqa: PLR2004 - the clause's numbers
    pixels = array >= 2  # noqa: PLR2004 - as above
    if enough and pixels:
        yield at(axes.pointer, f"has {space} axes of space beside {array} of type array")
    elif not enough and not pixels:
        yield at(axes.pointer, f"has {space} of type space; two or three are due")
    if not axes.of_levels:
        return
    if kinds["time"] > 1:
        yield at(axes.pointer, f"has {kinds['time']} of type time; one at most is due")
    others = sum(kinds.values()) - space - array - kinds["time"]
    if others > 1:
        yield at(axes.pointer, f"has {others} channel or other axes; one at most is due")


@RULES.rule(
    "axes-order",
    Force.MUST,
    versions=_OBJECTS,
    clause="Axes come in the order of their kinds: time, then channel or another, then space.",
    repair="put axes, scales and the arrays' dimensions into this order together",
)
def _order(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        kinds = [kind_of(axis) for axis in axes.items]
        ranks = [_RANK.get(kind, 1) for kind in kinds]
        if axes.of_levels and ranks != sorted(ranks):
            due = "time, channel or another, space"
            yield at(axes.pointer, f"has the order {', '.join(kinds)}; {due} is due")


@RULES.rule(
    "axes-zyx",
    Force.SHOULD,
    versions=_WITH_AXES,
    clause="Three axes of space that are called x, y and z come in the order z, y, x.",
    repair="put the axes into the order z, y, x, where z is the axis along which planes lie",
)
def _zyx(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        space = [axis for axis in axes.items if kind_of(axis) == "space"]
        names = [str(a if isinstance(a, str) else member(a, "name")).lower() for a in space]
        if axes.of_levels and sorted(names) == list("xyz") and names != list("zyx"):
            yield at(axes.pointer, f"has the order {', '.join(names)}; z, y, x is advised")


@RULES.rule(
    "axis-unit",
    Force.SHOULD,
    versions=_OBJECTS,
    clause="Each axis of space or time has a `unit`.",
    repair="add `unit`, such as `micrometer`, or leave it where the size is truly unknown",
)
def _unit(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        for number, axis in enumerate(axes.items):
            if kind_of(axis) in UNITS and isinstance(axis, dict) and "unit" not in axis:
                message = f"is missing for axis {said(axis.get('name'))}"
                yield at(f"{axes.pointer}/{number}/unit", message)


@RULES.rule(
    "axis-unit-known",
    Force.SHOULD,
    versions=_OBJECTS,
    clause="A unit is one of the names that the specification takes from UDUNITS-2 for the axis's "
    "type.",
    repair="write the unit's full name in English, such as `micrometer` for µm",
)
def _unit_known(subject: Subject) -> Iterator[Problem]:
    for axes in axes_lists(subject):
        for number, axis in enumerate(axes.items):
            kind, unit = kind_of(axis), text(member(axis, "unit"))
            if unit is not None and kind in UNITS and unit not in UNITS[kind]:
                message = f"is {said(unit)}, no unit of {kind} that the specification names"
                yield at(f"{axes.pointer}/{number}/unit", message)
