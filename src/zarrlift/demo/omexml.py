"""The OME-XML that accompanies a collection of images.

Source: the OME schema 2016-06; pixels lie outside of the document (`MetadataOnly`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from zarrlift.demo.scene import PLANE_DISTANCE, Scene, Stain

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_OPAQUE = 255


def document(scenes: Sequence[Scene]) -> bytes:
    """Give the document, one `Image` for each scene in order."""
    images = "".join(_image(number, scene) for number, scene in enumerate(scenes))
    opening = _tag(
        "OME",
        {
            "xmlns": _NAMESPACE,
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/ome.xsd",
            "Creator": "zarrlift demo",
        },
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{images}</OME>\n'.encode()


def _image(number: int, scene: Scene) -> str:
    """Give one `Image`; its sizes are those of the array, its lengths in micrometers."""
    channels = "".join(_channel(number, c, stain) for c, stain in enumerate(scene.stains))
    opening = _tag("Image", {"ID": f"Image:{number}", "Name": scene.name})
    return (
        f"{opening}<Description>Drawn, not recorded.</Description>"
        f"{_tag('Pixels', _pixels(number, scene))}{channels}<MetadataOnly/></Pixels></Image>"
    )


def _pixels(number: int, scene: Scene) -> dict[str, object]:
    sizes = zip("TCZYX", scene.shape, strict=True)
    lengths = {"X": scene.pixel, "Y": scene.pixel, "Z": PLANE_DISTANCE}
    film = {"TimeIncrement": scene.scale[0], "TimeIncrementUnit": "s"} if scene.frames > 1 else {}
    return {
        "ID": f"Pixels:{number}",
        "BigEndian": "false",
        "DimensionOrder": "XYZCT",
        "Interleaved": "false",
        "SignificantBits": 16,
        "Type": "uint16",
        **{f"Size{axis}": size for axis, size in sizes},
        **{f"PhysicalSize{axis}": length for axis, length in lengths.items()},
        **{f"PhysicalSize{axis}Unit": "µm" for axis in lengths},
        **film,
    }


def _channel(image: int, number: int, stain: Stain) -> str:
    """Give one `Channel`; OME-XML writes a colour as a signed 32-bit number, red first."""
    unsigned = int(stain.color, 16) * 256 + _OPAQUE
    color = int.from_bytes(unsigned.to_bytes(4, "big"), "big", signed=True)
    name = {"ID": f"Channel:{image}:{number}", "Name": stain.label}
    return _tag("Channel", {**name, "Color": color, "SamplesPerPixel": 1}, closed=True)


def _tag(name: str, attributes: dict[str, object], *, closed: bool = False) -> str:
    words = [name, *(f"{key}={quoteattr(str(value))}" for key, value in attributes.items())]
    return f"<{' '.join(words)}{'/' if closed else ''}>"
