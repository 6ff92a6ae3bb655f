"""Reading OME-XML for what rules compare: its images, their sizes, and where their pixels are.

The document is read as a stream, so its length costs no memory, and a document type ends it, so
that no entity is ever expanded.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMESPACE = re.compile(r"https?://www\.openmicroscopy\.org/Schemas/(?:OME|ome)/\d{4}-\d{2}/?")
_SEPARATOR = " "
_DUE = ("ID", "DimensionOrder", "Type", "SizeX", "SizeY", "SizeZ", "SizeC", "SizeT")
_ORDERS = frozenset({"XYZCT", "XYZTC", "XYCTZ", "XYCZT", "XYTCZ", "XYTZC"})
_AXES = "xyzct"
_SPACE = "xyz"
_STORED = frozenset({"MetadataOnly", "BinData", "TiffData"})
_MICROMETER = "µm"
_MOST_IMAGES = 1_000_000


@dataclass(slots=True, kw_only=True)
class XmlImage:
    """One `Image`."""

    told: str
    """How it is called in messages."""
    type: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    """Lengths by axis, those that are whole numbers from 1 on."""
    physical: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Sizes of a pixel and their unit by axis, those that are positive numbers."""
    holds: set[str] = field(default_factory=set)
    """Of `MetadataOnly`, `BinData` and `TiffData`, those that its pixels have."""
    problems: list[str] = field(default_factory=list)
    """What it lacks that the schema requires."""
    pixels: int = 0


@dataclass(slots=True, kw_only=True)
class OmeXml:
    """What an OME-XML document says; nothing but the problem where it cannot be read."""

    problem: str = ""
    images: list[XmlImage] = field(default_factory=list)
    binary_only: bool = False


class _RefusedError(Exception):
    """The document is of a kind that is not read on."""


def read(data: bytes) -> OmeXml:
    """Read OME-XML; what is wrong with it as such is its `problem`."""
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)  # noqa: FBT003 - the parser's own form
    except _RefusedError as error:
        return OmeXml(problem=str(error))
    except expat.ExpatError as error:
        return OmeXml(problem=f"not readable as XML: {error}")
    except (ValueError, LookupError) as error:
        return OmeXml(problem=f"not readable as XML: {error}")
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found = OmeXml()
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._depth = 0

    def _doctype(self, *_: object) -> None:
        raise _RefusedError("it has a document type (DOCTYPE), which OME-XML does not")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        namespace, _, name = tag.rpartition(_SEPARATOR)
        if self._depth == 0:
            self._root(namespace, name)
        elif self._depth == 1 and name == "Image":
            self._image(attributes)
        elif self._depth == 1 and name == "BinaryOnly":
            self.found.binary_only = True
        elif self._depth == 2 and name == "Pixels" and self.found.images:  # noqa: PLR2004 - in an Image
            _pixels(self.found.images[-1], attributes)
        elif self._depth == 3 and name in _STORED and self.found.images:  # noqa: PLR2004 - in Pixels
            self.found.images[-1].holds.add(name)
        self._depth += 1

    def _end(self, _tag: str) -> None:
        self._depth -= 1
        images = self.found.images
        if self._depth == 1 and images and not images[-1].pixels and not images[-1].problems:
            images[-1].problems.append("there are no Pixels")

    def _root(self, namespace: str, name: str) -> None:
        if name != "OME":
            raise _RefusedError(f"its root is {name[:60]}, not OME")
        if not _NAMESPACE.fullmatch(namespace):
            raise _RefusedError(f"its namespace is {namespace[:80] or 'none'}, not one of OME's")

    def _image(self, attributes: Mapping[str, str]) -> None:
        if len(self.found.images) >= _MOST_IMAGES:
            raise _RefusedError(f"it describes more than {_MOST_IMAGES:,} images")
        number = len(self.found.images)
        stated = attributes.get("ID")
        image = XmlImage(told=stated[:60] if stated else f"Image {number}")
        if not stated:
            image.problems.append("there is no ID")
        self.found.images.append(image)


def _pixels(image: XmlImage, attributes: Mapping[str, str]) -> None:
    image.pixels += 1
    missing = [name for name in _DUE if name not in attributes]
    if missing:
        image.problems.append(f"Pixels without {', '.join(missing)}")
    order = attributes.get("DimensionOrder", "XYZCT")
    if order not in _ORDERS:
        image.problems.append(f"DimensionOrder is {order[:20]}")
    image.type = attributes.get("Type", "")
    for axis in _AXES:
        stated = attributes.get(f"Size{axis.upper()}")
        if stated is None:
            continue
        if stated.isascii() and stated.isdigit() and len(stated) < 20 and int(stated) > 0:  # noqa: PLR2004 - as long as 64 bits
            image.sizes[axis] = int(stated)
        else:
            image.problems.append(f"Size{axis.upper()} is {stated[:20]}")
    for axis in _SPACE:
        size = _positive(attributes.get(f"PhysicalSize{axis.upper()}"))
        if size is not None:
            unit = attributes.get(f"PhysicalSize{axis.upper()}Unit", _MICROMETER)
            image.physical[axis] = (size, unit)


def _positive(stated: str | None) -> float | None:
    try:
        size = float(stated) if stated is not None else 0.0
    except ValueError:
        return None
    return size if 0 < size < math.inf else None
