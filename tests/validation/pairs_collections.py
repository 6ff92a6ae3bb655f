"""Cases of the rules of bioformats2raw collections and their OME-XML."""

from __future__ import annotations

from collections.abc import Callable

from tests.validation.changes import Change, add, assign_to, drop, drop_folder, put, rename
from tests.validation.pairs import Pair, breaking
from tests.validation.trees import OLD, SIZES, Json, Tree, group, image, inner, plate, under

XML = "OME/METADATA.ome.xml"
LAYOUT = "bioformats2raw.layout"
NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def described(number: int, **others: object) -> str:
    """Give an `Image` as the images of `tests.validation.trees` are; `others` are attributes."""
    sizes = {f"Size{a}": SIZES[a.lower()] if a != "T" else 1 for a in "XYZCT"}
    lengths = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "PhysicalSizeZ": 1.0}
    stated = {"ID": f"Pixels:{number}", "DimensionOrder": "XYZCT", "Type": "uint8"}
    words = " ".join(f'{k}="{v}"' for k, v in {**stated, **sizes, **lengths, **others}.items())
    return f'<Image ID="Image:{number}"><Pixels {words}><MetadataOnly/></Pixels></Image>'


def document(*images: str) -> bytes:
    """Give OME-XML of images."""
    text = "".join(images or (described(0), described(1)))
    return f'<?xml version="1.0" encoding="UTF-8"?><OME xmlns="{NAMESPACE}">{text}</OME>'.encode()


def collection(version: str, *, series: bool = True) -> Tree:
    """Give two images in bioformats2raw's layout."""
    listed: Json | None = {"series": ["0", "1"]} if series else None
    made = group(version, {LAYOUT: 3}) | under("OME", group(version, listed))
    made[XML] = document()
    return made | under("0", image(version)) | under("1", image(version))


def plate_collection(version: str) -> Tree:
    """Give a plate in that layout."""
    made = plate(version)
    fields = ["A/1/0", "A/2/0", "B/1/0", "B/2/0"]
    place = made[".zattrs"] if version in OLD else inner(made["zarr.json"], "attributes", "ome")
    inner(place)[LAYOUT] = 3
    made[XML] = document(*(described(n) for n in range(4)))
    return made | under("OME", group(version, {"series": fields}))


def both(rule: str, change: Callable[[str], Change], also: set[str] | None = None) -> list[Pair]:
    """Make pairs of a collection of 0.4 and of 0.5."""
    return [breaking(rule, v, collection(v), change(v), also=also) for v in ("0.4", "0.5")]


def xml(rule: str, data: bytes, also: set[str] | None = None) -> Pair:
    """Make a pair of a collection and of other OME-XML in it."""
    return breaking(rule, "0.5", collection("0.5"), put(XML, data), also=also)


def at(version: str, path: str, *way: str) -> tuple[str, ...]:
    """Give the document of a group, and a way among its OME-Zarr members."""
    if version in OLD:
        return (f"{path}.zattrs", *way)
    return (f"{path}zarr.json", "attributes", "ome", *way)


LAYOUTS: tuple[Pair, ...] = (
    *both("collection-layout", lambda v: assign_to(*at(v, "", LAYOUT), value=4)),
    *both("collection-layout", lambda v: assign_to(*at(v, "", LAYOUT), value="3")),
    *both("collection-xml", lambda _: drop(XML)),
    breaking(
        "collection-numbered",
        "0.5",
        collection("0.5", series=False),
        rename("0", "2"),
    ),
    breaking(
        "collection-plate-series",
        "0.5",
        plate_collection("0.5"),
        drop(*at("0.5", "OME/", "series")),
    ),
    *both(
        "series-list",
        lambda v: assign_to(*at(v, "OME/", "series"), value=["0", 1]),
        {"series-complete"},
    ),
    *both("series-exist", lambda _: drop_folder("1")),
    *both(
        "series-once",
        lambda v: assign_to(*at(v, "OME/", "series"), value=["0", "0"]),
        {"series-complete"},
    ),
    *both("series-complete", lambda _: add(under("2", image(_)))),
)

DOCUMENTS: tuple[Pair, ...] = (
    xml("omexml-readable", b"<OME"),
    xml("omexml-readable", b'<!DOCTYPE a [<!ENTITY b "c">]><OME/>'),
    xml("omexml-readable", b"<Image/>"),
    xml("omexml-readable", b'<OME xmlns="http://example.org/other"/>'),
    xml("omexml-pixels", document(described(0), described(1).replace("DimensionOrder", "Order"))),
    xml("omexml-pixels", document(described(0), described(1, SizeC="two"))),
    xml("omexml-pixels", document(described(0), '<Image ID="Image:1"></Image>')),
    xml(
        "omexml-metadata-only",
        document(described(0), described(1).replace("MetadataOnly", "TiffData")),
    ),
    xml("omexml-metadata-only", document(described(0), described(1), '<BinaryOnly UUID="1"/>')),
    xml("omexml-count", document(described(0))),
    xml("omexml-sizes", document(described(0), described(1, SizeX=31))),
    xml("omexml-type", document(described(0), described(1, Type="uint16"))),
    xml("omexml-pixel-size", document(described(0), described(1, PhysicalSizeX=5))),
    xml("omexml-pixel-size", document(described(0), described(1, PhysicalSizeXUnit="nm"))),
)


def _scaled(*axes: int, value: float) -> Change:
    """Set the scale of an image of 0.5 along axes, in both levels."""

    def change(tree: Tree) -> None:
        for level in (0, 1):
            way = ("attributes", "ome", "multiscales", 0, "datasets", level)
            for axis in axes:
                place = ("coordinateTransformations", 0, "scale", axis)
                assign_to("zarr.json", *way, *place, value=value * 2**level)(tree)

    return change


SIZES_OF_PIXELS: tuple[Pair, ...] = (
    breaking("pixel-size-plausible", "0.5", image("0.5"), _scaled(2, 3, value=65000.0)),
    breaking("pixel-square", "0.5", image("0.5"), _scaled(3, value=65.0)),
)

PAIRS = (*LAYOUTS, *DOCUMENTS, *SIZES_OF_PIXELS)
