"""Rules of the OME-XML that accompanies a collection, and of how its images fit it.

Source: OME schema 2016-06, "Image" and "Pixels"; OME-Zarr, "bioformats2raw.layout". A document
type is refused before anything in it is expanded.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.validate.around import axis_names, axis_units, level_layouts, level_scale
from zarrlift.validate.collection import OME_XML, images_of, ome_path
from zarrlift.validate.lengths import METRES, OME_METRES
from zarrlift.validate.rule import About, Force, Problem, Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found, Hierarchy
    from zarrlift.validate.omexml_read import OmeXml, XmlImage
    from zarrlift.validate.subject import Subject

RULES = Rules(About.COLLECTION, "#bf2raw")

_ELSEWHERE = ("BinData", "BinaryOnly", "TiffData")
_TYPES = {"float": "float32", "double": "float64", "bit": "bool"} | {
    "complex": "complex64",
    "double-complex": "complex128",
}
_RELATIVE = 1e-2


class _Pair(NamedTuple):
    """An image of the OME-XML, and the group that holds it."""

    described: XmlImage
    node: Found
    layout: ArrayLayout
    """Of the first level."""


def wanted_texts(tree: Hierarchy) -> list[str]:
    """Give the paths of the files that rules of this module read, of those that are there."""
    found = (node for node in tree.nodes.values() if "bioformats2raw.layout" in node.ome)
    holders = (tree.get(ome_path(node)) for node in found)
    return [f"{h.path}/{OME_XML}" for h in holders if h is not None and OME_XML in h.files]


@RULES.rule(
    "omexml-readable",
    Force.MUST,
    clause="METADATA.ome.xml is well-formed XML without a document type, and its root is OME in a "
    "namespace of the OME schema.",
    repair="write the OME-XML anew from the original file (bfconvert or bioformats2raw do it)",
    looks_around=True,
)
def _readable(subject: Subject) -> Iterator[Problem]:
    found = _read(subject)
    if found is not None and found.problem:
        yield Problem("", f"{OME_XML}: {found.problem}")


@RULES.rule(
    "omexml-pixels",
    Force.MUST,
    clause="Each Image of the OME-XML has Pixels with the attributes that the OME schema requires.",
    repair="add the attributes to the OME-XML",
    anchor="https://docs.openmicroscopy.org/ome-model/latest/specifications/minimum.html",
    looks_around=True,
)
def _pixels(subject: Subject) -> Iterator[Problem]:
    found = _read(subject)
    for image in found.images if found is not None else ():
        for told in image.problems:
            yield Problem("", f"{OME_XML}: {image.told}: {told}")


@RULES.rule(
    "omexml-metadata-only",
    Force.MUST,
    clause="The OME-XML says MetadataOnly of its pixels, and does not hold or point to them.",
    repair="replace BinData, BinaryOnly and TiffData by <MetadataOnly/>",
    looks_around=True,
)
def _metadata_only(subject: Subject) -> Iterator[Problem]:
    found = _read(subject)
    if found is None or found.problem:
        return
    if found.binary_only:
        yield Problem("", f"{OME_XML} is BinaryOnly, and points to another file")
    for image in found.images:
        held = [name for name in _ELSEWHERE if name in image.holds]
        if held:
            yield Problem("", f"{OME_XML}: {image.told} has {', '.join(held)}")
        elif "MetadataOnly" not in image.holds and not image.problems:
            yield Problem("", f"{OME_XML}: {image.told} has no MetadataOnly")


@RULES.rule(
    "omexml-count",
    Force.MUST,
    clause="The OME-XML describes each image of the collection once, in the same order.",
    repair="remove or add Image elements, or correct the series, until both lists agree",
    looks_around=True,
)
def _count(subject: Subject) -> Iterator[Problem]:
    found, images = _read(subject), images_of(subject)
    if found is None or found.problem or images is None:
        return
    if None not in images and len(found.images) != len(images):
        told = f"{OME_XML} describes {len(found.images)} images, and there are {len(images)}"
        yield Problem("", told)


@RULES.rule(
    "omexml-sizes",
    Force.OURS,
    clause="SizeX, SizeY, SizeZ, SizeC and SizeT of an Image are the lengths of its group's axes.",
    repair="find out which is right; correct the OME-XML, or the order of the series",
    looks_around=True,
)
def _sizes(subject: Subject) -> Iterator[Problem]:
    for pair in _pairs(subject):
        lengths = _by_axis(pair, list(pair.layout.shape))
        wrong = [
            f"Size{axis.upper()} {size} for {lengths.get(axis, 1)}"
            for axis, size in pair.described.sizes.items()
            if lengths and size != lengths.get(axis, 1)
        ]
        if wrong:
            yield Problem("", f"{pair.described.told} has {', '.join(wrong)} in {pair.node.path}")


@RULES.rule(
    "omexml-type",
    Force.OURS,
    clause="The Type of an Image is the data type of its arrays.",
    repair="find out which is right; correct the OME-XML, or the order of the series",
    looks_around=True,
)
def _type(subject: Subject) -> Iterator[Problem]:
    for pair in _pairs(subject):
        stated, kind = pair.described.type, pair.layout.data_type.name
        if stated and _TYPES.get(stated, stated) != kind:
            yield Problem("", f"{pair.described.told} is of {stated}, {pair.node.path} of {kind}")


@RULES.rule(
    "omexml-pixel-size",
    Force.OURS,
    clause="The physical sizes of an Image's pixels are the scale of its group's axes.",
    repair="find out which is right; correct the OME-XML, or scale and units of the image",
    looks_around=True,
)
def _pixel_size(subject: Subject) -> Iterator[Problem]:
    for pair in _pairs(subject):
        scale, units = level_scale(pair.node), axis_units(pair.node)
        sizes = _by_axis(pair, scale) if scale is not None else {}
        for axis, (size, unit) in pair.described.physical.items():
            own, due = METRES.get(units.get(axis, "")), OME_METRES.get(unit)
            if axis not in sizes or own is None or due is None:
                continue
            if not math.isclose(sizes[axis] * own, size * due, rel_tol=_RELATIVE):
                stated = f"{sizes[axis]:g} {units[axis]}"
                told = f"{pair.described.told} has {size:g} {unit} along {axis}"
                yield Problem("", f"{told}, {pair.node.path} {stated}")


def _read(subject: Subject) -> OmeXml | None:
    """Read the OME-XML of a collection, once for all rules; None where it was not given."""
    data = subject.texts.get(f"{ome_path(subject.node)}/{OME_XML}")
    if data is None:
        return None
    from zarrlift.validate.omexml_read import read  # noqa: PLC0415 - most datasets have none

    return subject.once("omexml", lambda: read(data))


def _pairs(subject: Subject) -> list[_Pair]:
    """Pair what is described with what is there, where both are equally many."""
    return subject.once("omexml-pairs", lambda: list(_paired(subject)))


def _paired(subject: Subject) -> Iterator[_Pair]:
    found, images = _read(subject), images_of(subject)
    if found is None or images is None or len(images) != len(found.images):
        return
    for described, path in zip(found.images, images, strict=True):
        node = subject.tree.get(path) if path is not None else None
        layouts = list(level_layouts(subject.tree, node)) if node is not None else []
        if node is not None and layouts and layouts[0] is not None:
            yield _Pair(described, node, layouts[0])


def _by_axis(pair: _Pair, values: list[int] | list[int | float]) -> dict[str, int | float]:
    """Give values by the letters that name an image's axes; none where they do not fit."""
    names = axis_names(pair.node, pair.layout.ndim)
    if names is None or len(names) != len(values) or not set(names) <= set("tczyx"):
        return {}
    return dict(zip(names, values, strict=True))
