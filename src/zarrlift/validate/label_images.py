"""Rules of a label image: what it says of its colours and its source, and how it fits its image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zarrlift.findings import Severity
from zarrlift.validate.around import (
    axis_names,
    first_multiscale,
    is_readable,
    lacks,
    level_layouts,
    level_scale,
    no_image,
)
from zarrlift.validate.rule import About, Force, Problem, Rules, between
from zarrlift.validate.told import at, found_at, wrong_list
from zarrlift.validate.values import (
    entries,
    is_number,
    items,
    member,
    repeated,
    said,
    text,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found
    from zarrlift.validate.subject import Subject

RULES = Rules(About.LABEL, "#labels-md")

_OLD = between("0.1", "0.4")
_NEW = between("0.5")
_SOFTER = dict.fromkeys(_OLD, Severity.WARNING)
_INTEGERS = frozenset(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
_DEFAULT_SOURCE = "../../"
_CHANNELS = 4
_RELATIVE = 1e-3


@RULES.rule(
    "label-multiscales",
    Force.MUST,
    clause="A label image is a multiscale image.",
    repair="write multiscales for the arrays of the label image",
)
def _multiscales(subject: Subject) -> Iterator[Problem]:
    if "image-label" in subject.ome and lacks(subject.node, "multiscales"):
        yield Problem("", "the label image has no multiscales")


@RULES.rule(
    "label-stated",
    Force.SHOULD,
    clause="A label image says that it is one, in image-label: some readers go by that alone.",
    repair='add "image-label" with the colours of its labels',
)
def _stated(subject: Subject) -> Iterator[Problem]:
    if "multiscales" in subject.ome and lacks(subject.node, "image-label"):
        yield Problem("", "the image is listed as a label image, and has no image-label")


@RULES.rule(
    "label-object",
    Force.MUST,
    clause="What image-label holds is an object.",
    repair="make image-label an object",
    versions=_NEW,
)
def _object(subject: Subject) -> Iterator[Problem]:
    if "image-label" in subject.ome and not isinstance(subject.value, dict):
        yield Problem("", f"image-label is {said(subject.value)}, no object")


@RULES.rule(
    "label-version",
    Force.SHOULD,
    clause="In 0.1-0.4, image-label states the version of the specification.",
    repair="add the version to image-label",
    versions=_OLD,
    anchor="#label-md",
)
def _version(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "version" not in subject.value:
        yield Problem("", "image-label states no version")


@RULES.rule(
    "label-colors-stated",
    Force.SHOULD,
    clause="Colours are stated for a label image.",
    repair="add colors: an entry with label-value and rgba for each label",
    versions=between("0.4"),
)
def _colors_stated(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and "colors" not in subject.value:
        yield Problem("", "image-label states no colors")


@RULES.rule(
    "label-colors",
    Force.MUST,
    clause="Colours are a list, not empty, of objects with a label-value that is a whole number.",
    repair="write an entry with label-value and rgba for each label, or leave colors out",
)
def _colors(subject: Subject) -> Iterator[Problem]:
    return _described(subject, "colors")


@RULES.rule(
    "label-colors-once",
    Force.MUST,
    clause="Each label has one entry among the colours.",
    repair="remove all but the entry that readers are to use; of several most use the last",
)
def _colors_once(subject: Subject) -> Iterator[Problem]:
    return _repeated(subject, "colors")


@RULES.rule(
    "label-rgba",
    Force.MUST,
    clause="The colour of a label is a list of four whole numbers from 0 to 255.",
    repair="write red, green, blue and opacity, each from 0 to 255",
)
def _rgba(subject: Subject) -> Iterator[Problem]:
    for entry in entries(subject.value, "colors"):
        if "rgba" not in entry.value:
            continue
        stated = entry.value["rgba"]
        numbers = [whole(v) for v in items(stated)]
        if len(numbers) != _CHANNELS or any(v is None or not 0 <= v <= 255 for v in numbers):  # noqa: PLR2004 - uint8
            told = f"rgba is {said(stated)}, not four whole numbers from 0 to 255"
            yield Problem(f"{entry.pointer}/rgba", told)


@RULES.rule(
    "label-properties",
    Force.MUST,
    clause="Properties are a list, not empty, of objects whose label-value is a whole number.",
    repair="write an entry with its label-value for each label, or leave properties out",
)
def _properties(subject: Subject) -> Iterator[Problem]:
    return _described(subject, "properties")


@RULES.rule(
    "label-properties-once",
    Force.MUST,
    clause="Each label has one entry among the properties.",
    repair="put what is known of a label into one entry",
)
def _properties_once(subject: Subject) -> Iterator[Problem]:
    return _repeated(subject, "properties")


def _described(subject: Subject, name: str) -> Iterator[Problem]:
    if not isinstance(subject.value, dict) or name not in subject.value:
        return
    yield from wrong_list(subject.value, name)
    for entry in entries(subject.value, name):
        if whole(entry.value.get("label-value")) is None:
            is_there = found_at(entry.value, "label-value")
            yield at(f"{entry.pointer}/label-value", f"{is_there}; a whole number is due")


def _repeated(subject: Subject, name: str) -> Iterator[Problem]:
    values = ((entry, entry.value.get("label-value")) for entry in entries(subject.value, name))
    stated = ((entry, value) for entry, value in values if is_number(value))
    for entry, value, _ in repeated(stated):
        yield Problem(entry.pointer, f"label {said(value)} has more than one entry in {name}")


@RULES.rule(
    "label-source",
    Force.MUST,
    clause="The source of a label image is an object, and its image a path.",
    repair='write "source": {"image": "../../"}, with the path from the label image to its image',
)
def _source(subject: Subject) -> Iterator[Problem]:
    if not isinstance(subject.value, dict) or "source" not in subject.value:
        return
    source = subject.value["source"]
    if not isinstance(source, dict):
        yield Problem("/source", f"source is {said(source)}, no object")
    elif "image" in source and not isinstance(source["image"], str):
        yield Problem("/source/image", f"image is {said(source['image'])}, no path")


@RULES.rule(
    "label-source-image",
    Force.MUST,
    clause="The image that a label image states as its source is one.",
    repair="write the path from the label image to its image, one ../ for each folder",
    looks_around=True,
    softer=_SOFTER,
)
def _source_image(subject: Subject) -> Iterator[Problem]:
    stated = text(member(subject.value, "source", "image"))
    problem = _no_source(subject, stated) if stated is not None else None
    if problem is not None:
        yield Problem("/source/image", f"source {said(stated)} {problem}")


@RULES.rule(
    "label-source-default",
    Force.OURS,
    clause="A label image that states no source lies in labels itself, from where the default of "
    "../../ leads to its image.",
    repair="state the path from the label image to its image, one ../ for each folder",
    looks_around=True,
)
def _source_default(subject: Subject) -> Iterator[Problem]:
    if isinstance(subject.value, dict) and member(subject.value, "source", "image") is None:
        problem = _no_source(subject, _DEFAULT_SOURCE)
        if problem is not None:
            yield Problem("", f"no source is stated, and the default {_DEFAULT_SOURCE} {problem}")


def _no_source(subject: Subject, path: str) -> str | None:
    place = subject.place(path)
    return no_image(subject.tree, place) if place is not None else None


class _Both(NamedTuple):
    """A label image and the image that it lies in."""

    label: list[ArrayLayout | None]
    image: list[ArrayLayout | None]
    above: Found


@RULES.rule(
    "label-levels",
    Force.MUST,
    clause="A label image has as many levels as its image.",
    repair="write the missing levels of the label image, or those of the image",
    looks_around=True,
)
def _levels(subject: Subject) -> Iterator[Problem]:
    image = _image_of(subject)
    if image is None or "multiscales" not in subject.ome:
        return
    own = len(items(first_multiscale(subject.node).get("datasets")))
    due = len(items(first_multiscale(image).get("datasets")))
    if own and due and own != due:
        yield Problem("", f"the label image has {own} levels, and its image {due}")


@RULES.rule(
    "label-dtype",
    Force.MUST,
    clause="The pixels of a label image are whole numbers of 8, 16, 32 or 64 bits.",
    repair="write the label image anew in an integer type",
    looks_around=True,
    softer=_SOFTER,
)
def _dtype(subject: Subject) -> Iterator[Problem]:
    layouts = list(level_layouts(subject.tree, subject.node))
    names = {x.data_type.name for x in layouts if x is not None}
    for name in sorted(names - _INTEGERS):
        yield Problem("", f"the label image is of {name}, no integer type")


@RULES.rule(
    "label-shape",
    Force.SHOULD,
    clause="Along each axis a label image is as long as its image, or 1.",
    repair="write the label image on the grid of its image",
    looks_around=True,
    anchor="#image-layout",
)
def _shape(subject: Subject) -> Iterator[Problem]:
    both = _both(subject)
    for level, (own, other) in enumerate(zip(both.label, both.image, strict=False) if both else ()):
        lengths = _by_axis(subject.node, own)
        due = _by_axis(both.above, other) if both else {}
        for axis in lengths.keys() & due.keys():
            if lengths[axis] not in (1, due[axis]):
                told = f"level {level} is {lengths[axis]} long along {axis}, its image {due[axis]}"
                yield Problem("", told)


@RULES.rule(
    "label-axes",
    Force.OURS,
    clause="The axes of a label image are those of its image, or some of them, in the same order.",
    repair="name the axes of the label image as its image does",
    looks_around=True,
)
def _axes(subject: Subject) -> Iterator[Problem]:
    both = _both(subject)
    own = _names(subject.node, both.label) if both else None
    due = _names(both.above, both.image) if both else None
    if own is None or due is None:
        return
    strange = [axis for axis in own if axis not in due]
    if strange:
        yield Problem("", f"axis {said(strange[0])} is none of its image's: {', '.join(due)}")
    elif [axis for axis in due if axis in own] != list(own):
        yield Problem("", f"axes {', '.join(own)} are in another order than {', '.join(due)}")


@RULES.rule(
    "label-scale",
    Force.OURS,
    clause="Where a label image is as long as its image, its pixels are of the same size.",
    repair="state the scale of the image for the label image too",
    versions=between("0.4"),
    looks_around=True,
)
def _label_scale(subject: Subject) -> Iterator[Problem]:
    both = _both(subject)
    if both is None or not both.label or not both.image:
        return
    own, due = _sizes(subject.node, both.label[0]), _sizes(both.above, both.image[0])
    for axis in own.keys() & due.keys():
        (length, size), (other, wanted) = own[axis], due[axis]
        if length == other and abs(size - wanted) > _RELATIVE * abs(wanted):
            yield Problem(
                "", f"scale along {axis} is {said(size)}, that of its image {said(wanted)}"
            )


def _image_of(subject: Subject) -> Found | None:
    """Give the image that holds the group labels which a label image lies in."""
    path = subject.node.path
    while path:
        path, _, name = path.rpartition("/")
        if name == "labels":
            found = subject.tree.get(path)
            fits = found is not None and is_readable(found) and "multiscales" in found.ome
            return found if fits else None
    return None


def _both(subject: Subject) -> _Both | None:
    image = _image_of(subject)
    if image is None or "multiscales" not in subject.ome:
        return None
    own, theirs = (list(level_layouts(subject.tree, node)) for node in (subject.node, image))
    return _Both(own, theirs, image)


def _names(node: Found, layouts: list[ArrayLayout | None]) -> tuple[str, ...] | None:
    first = layouts[0] if layouts else None
    return axis_names(node, first.ndim) if first is not None else None


def _by_axis(node: Found, layout: ArrayLayout | None) -> dict[str, int]:
    names = axis_names(node, layout.ndim) if layout is not None else None
    if names is None or layout is None or len(set(names)) != len(names):
        return {}
    return dict(zip(names, layout.shape, strict=True))


def _sizes(node: Found, layout: ArrayLayout | None) -> Mapping[str, tuple[int, int | float]]:
    """Give length and pixel size of level 0 by axis."""
    lengths, scale = _by_axis(node, layout), level_scale(node)
    if scale is None or len(scale) != len(lengths):
        return {}
    return {axis: (n, s) for (axis, n), s in zip(lengths.items(), scale, strict=True)}
