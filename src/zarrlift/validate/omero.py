"""Rules of `omero`: the channels of an image and how they are shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zarrlift.validate.multiscale import arrays, kind_of, level_axes
from zarrlift.validate.rule import About, Force, Rules
from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.values import entries, is_number, member, said, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.validate.rule import Problem
    from zarrlift.validate.subject import Subject

RULES = Rules(About.OMERO, "#omero-md")
_COLOR = re.compile(r"[0-9A-Fa-f]{6}")
_WINDOW = ("min", "max", "start", "end")
_MODELS = ("color", "greyscale")
_OF_NAMES = {"t": "time", "c": "channel"}
_KINDS = frozenset({"time", "channel", "space"})


@RULES.rule(
    "omero-channels",
    Force.MUST,
    clause="`omero` is an object with `channels`, a list of objects.",
    repair="list one object for each channel, or leave `omero` out",
)
def _channels(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict):
        yield at("", f"is {said(subject.value)}, not an object", "omero")
        return
    yield from wrong_list(subject.value, "channels", due="a list", empty=True)


@RULES.rule(
    "omero-color",
    Force.MUST,
    clause="Each channel has a `color` of six hexadecimal digits.",
    repair="write red, green and blue as six hexadecimal digits, such as `00FF00`",
)
def _color(subject: Subject) -> Iterator[Problem]:
    for channel in entries(subject.value, "channels"):
        color = channel.value.get("color")
        if not isinstance(color, str) or not _COLOR.fullmatch(color):
            is_there = found_at(channel.value, "color")
            yield at(f"{channel.pointer}/color", f"{is_there}; six hex digits are due")


@RULES.rule(
    "omero-window",
    Force.MUST,
    clause="Each channel has a `window` with the numbers `min`, `max`, `start` and `end`.",
    repair="add the range of the values (`min`, `max`) and of what is shown (`start`, `end`)",
)
def _window(subject: Subject) -> Iterator[Problem]:
    for channel in entries(subject.value, "channels"):
        window, pointer = channel.value.get("window"), f"{channel.pointer}/window"
        if not isinstance(window, dict):
            yield at(pointer, f"{found_at(channel.value, 'window')}; an object is due")
            continue
        for name in _WINDOW:
            if not is_number(window.get(name)):
                yield at(f"{pointer}/{name}", f"{found_at(window, name)}; a number is due")


@RULES.rule(
    "omero-members",
    Force.MUST,
    clause="`label` and `family` of a channel are texts, `active` is true or false.",
    repair="write the member as the type that is due, or leave it out",
)
def _members(subject: Subject) -> Iterator[Problem]:
    due: dict[str, type] = {"label": str, "family": str, "active": bool}
    for channel in entries(subject.value, "channels"):
        for name, kind in due.items():
            value = channel.value.get(name)
            if name in channel.value and not isinstance(value, kind):
                wanted = "a text" if kind is str else "true or false"
                yield at(f"{channel.pointer}/{name}", f"is {said(value)}, not {wanted}")


@RULES.rule(
    "omero-channel-count",
    Force.SHOULD,
    looks_around=True,
    clause="There are as many channels as the image's axis of channels is long.",
    repair="describe every channel, in the order of the array",
)
def _count(subject: Subject) -> Iterator[Problem]:
    found = member(subject.value, "channels")
    length = _length_along(subject, "c")
    if isinstance(found, list) and length is not None and len(found) != length:
        yield at("/channels", f"has {len(found)} channels; the image has {length}")


@RULES.rule(
    "omero-model",
    Force.OURS,
    clause="`rdefs.model` is `color` or `greyscale`, which are what viewers know.",
    repair="write `color` or `greyscale`",
)
def _model(subject: Subject) -> Iterator[Problem]:
    rendering = member(subject.value, "rdefs")
    model = member(rendering, "model")
    if isinstance(rendering, dict) and "model" in rendering and model not in _MODELS:
        yield at("/rdefs/model", f"is {said(model)}, neither color nor greyscale")


@RULES.rule(
    "omero-defaults",
    Force.OURS,
    looks_around=True,
    clause="The first time and plane to show, `defaultT` and `defaultZ`, are in the image.",
    repair="write a number from 0 on that is below the axis's length",
)
def _defaults(subject: Subject) -> Iterator[Problem]:
    for name, axis in (("defaultT", "t"), ("defaultZ", "z")):
        stated = member(subject.value, "rdefs", name)
        length = _length_along(subject, axis)
        if stated is None or length is None:
            continue
        number = whole(stated)
        if number is None or not 0 <= number < length:
            message = f"is {said(stated)}; axis {axis} has {length} places"
            yield at(f"/rdefs/{name}", message)


def _length_along(subject: Subject, which: str) -> int | None:
    """Give the length of the first image's axis t, c or z; None where not known."""
    first = next(entries(subject.ome, "multiscales"), None)
    if first is None:
        return None
    axes = level_axes(subject, first.value) or []
    level = next(arrays(subject, first), None)
    if level is None or level.layout.ndim != len(axes):
        return None
    number = _axis(axes, which)
    if number is not None:
        return level.layout.shape[number]
    return 1 if which != "c" and {*map(kind_of, axes)} <= _KINDS else None


def _axis(axes: list[object], which: str) -> int | None:
    """Give the place of the axis t, c or z: names are free, so types tell where they can."""
    kinds = [kind_of(axis) for axis in axes]
    if _OF_NAMES.get(which) in kinds:
        return kinds.index(_OF_NAMES[which])
    names = [axis if isinstance(axis, str) else member(axis, "name") for axis in axes]
    if which in names:
        return names.index(which)
    volume = which == "z" and kinds.count("space") == len("zyx")
    return kinds.index("space") if volume else None
