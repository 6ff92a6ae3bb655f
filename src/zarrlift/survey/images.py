"""What OME-Zarr documents say of images, as values that are alike for 0.1 to 0.6.

Documents may be wrong in any way; what cannot be read is left out or empty, and nothing is made
up. Sources: OME-Zarr 0.1-0.6 ("multiscales", "axes", "coordinateTransformations",
"coordinateSystems", "omero", "labels").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zarrlift.metadata import ome
from zarrlift.survey.found import FoundKind
from zarrlift.survey.placing import Placing, placing_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zarrlift.grid import Index
    from zarrlift.metadata.layout import ArrayLayout
    from zarrlift.survey.found import Found, Hierarchy

_TYPES = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
_FIRST_AXES = ("t", "c", "z", "y", "x")
"""Of every image of 0.1 and 0.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of an image, in array order."""

    name: str
    """As stated, or by the array's own names; `dim_0` where nothing names it."""
    type: str = ""
    """`space`, `time`, `channel` or as stated; empty where unknown."""
    unit: str = ""
    """As stated, such as `micrometer`; empty without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which values of a channel are shown as black and as full colour."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel as `omero` describes it."""

    label: str = ""
    color: str = ""
    """Six hexadecimal digits, upper case; empty where it is stated otherwise or not at all."""
    window: Window | None = None
    active: bool = True
    inverted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One resolution of an image."""

    name: str
    """Path of its array as the image names it, such as `0`."""
    path: str
    """Path of its array in the hierarchy."""
    layout: ArrayLayout | None
    """None where there is no such array, or it cannot be read."""
    problem: str = ""
    """Why there is no layout."""
    scale: tuple[float, ...] | None
    """Size of a pixel along each axis, in the axis' unit: the level's own transformation and that
    of the whole image together. None where the documents do not say it, or not as a scale."""
    translation: tuple[float, ...] | None
    """Coordinates of the first pixel; None as with the scale."""
    placed_by: str = ""
    """What stands in the scale's place, in words, such as `affine`."""

    @property
    def shape(self) -> Index:
        """Return the shape; empty where it is unknown."""
        return self.layout.shape if self.layout is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One multiscale image."""

    path: str
    """Of its group in the hierarchy."""
    number: int = 0
    """Among the images of its group; viewers show the first."""
    name: str = ""
    method: str = ""
    """How levels were made from one another (`type`), such as `gaussian`."""
    version: str | None = None
    """Stated for the image's own group, or for the hierarchy."""
    axes: tuple[Axis, ...] = ()
    levels: tuple[Level, ...] = ()
    channels: tuple[Channel, ...] = ()
    """As `omero` has them; none where there is none."""
    labels: tuple[str, ...] = ()
    """Paths of the label images that belong to it."""
    is_label: bool = False
    system: str = ""
    """Coordinate system of 0.6 that scales lead to."""

    @property
    def axis_names(self) -> tuple[str, ...]:
        """Return the names of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def scale(self) -> dict[str, float]:
        """Return the size of a pixel of the first level that states one, by axis."""
        found = next((x.scale for x in self.levels if x.scale is not None), None)
        return dict(zip(self.axis_names, found or (), strict=False))

    @property
    def units(self) -> dict[str, str]:
        """Return the units that are stated, by axis."""
        return {axis.name: axis.unit for axis in self.axes if axis.unit}


def images_of(tree: Hierarchy, node: Found) -> tuple[Image, ...]:
    """Give the images of one group, none where it has none."""
    return tuple(
        _image(tree, node, number, multiscale)
        for number, multiscale in enumerate(objects(node.ome.get("multiscales")))
    )


def all_images(tree: Hierarchy) -> Iterator[Image]:
    """Walk all images of a hierarchy, labels included, in the order of its nodes."""
    for node in tree.nodes.values():
        if "multiscales" in node.ome:
            yield from images_of(tree, node)


def first_image(images: Mapping[str, tuple[Image, ...]], path: str = "") -> Image | None:
    """Give the first image at or below a path that is no label; else the first label.

    `images` are by the path of their group.
    """
    there = [i for at, found in images.items() for i in found if _at_or_below(at, path)]
    return next((i for i in there if not i.is_label), there[0] if there else None)


def _at_or_below(at: str, path: str) -> bool:
    return not path or at == path or at.startswith(f"{path}/")


def labels_of(tree: Hierarchy, node: Found) -> tuple[str, ...]:
    """Give the paths of an image's label images: those listed, then those that are only there."""
    at = tree.get(f"{node.path}/labels".lstrip("/"))
    if at is None:
        return ()
    listed = [ome.resolve(at.path, name) for name in texts(at.ome.get("labels"))]
    there = [inner.path for inner in tree.inside(at.path) if "multiscales" in inner.ome]
    return tuple(dict.fromkeys([*listed, *there]))


def channels_of(omero: object) -> tuple[Channel, ...]:
    """Read the channels of `omero`; one that is no object is kept in its place, empty."""
    listed = omero.get("channels") if isinstance(omero, dict) else None
    return tuple(_channel(c) for c in (listed if isinstance(listed, list) else ()))


def objects(value: object) -> list[Mapping[str, object]]:
    """Give the objects in a list; none where it is no list."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Give the texts in a list; none where it is no list."""
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def text(value: object) -> str:
    """Give a text; empty where it is none."""
    return value if isinstance(value, str) else ""


def _image(tree: Hierarchy, node: Found, number: int, multiscale: Mapping[str, object]) -> Image:
    first = next((a for a in _arrays(tree, node, multiscale) if a.layout is not None), None)
    system = _system(multiscale)
    axes = _axes(multiscale, system, first)
    whole = Placing() if system else placing_of(multiscale.get("coordinateTransformations"))
    return Image(
        path=node.path,
        number=number,
        name=text(multiscale.get("name")),
        method=text(multiscale.get("type")),
        version=node.stated or tree.version,
        axes=axes,
        levels=tuple(
            _level(tree, node, entry, whole, len(axes)) for entry in ome.datasets(multiscale)
        ),
        channels=channels_of(node.ome.get("omero")),
        labels=labels_of(tree, node),
        is_label=_is_label(node),
        system=text(system.get("name")),
    )


def _arrays(tree: Hierarchy, node: Found, multiscale: Mapping[str, object]) -> Iterator[Found]:
    for entry in ome.datasets(multiscale):
        found = tree.get(ome.resolve(node.path, str(entry["path"])))
        if found is not None and found.kind is FoundKind.ARRAY:
            yield found


def _system(multiscale: Mapping[str, object]) -> Mapping[str, object]:
    """Give the coordinate system that levels go to; the first where they do not agree on one."""
    named = ome.level_system(multiscale)
    return named or next(iter(objects(multiscale.get("coordinateSystems"))), {})


def _axes(
    multiscale: Mapping[str, object], system: Mapping[str, object], first: Found | None
) -> tuple[Axis, ...]:
    stated = system.get("axes") or multiscale.get("axes")
    if isinstance(stated, list) and stated:
        return tuple(_axis(axis, place) for place, axis in enumerate(stated))
    if first is None or first.layout is None:
        return ()
    names: tuple[object, ...] = first.layout.dimension_names or ()
    if not names:
        own = first.attributes.get("_ARRAY_DIMENSIONS")
        names = tuple(own) if isinstance(own, list) else ()
    if len(names) != first.layout.ndim:
        five = first.layout.ndim == len(_FIRST_AXES) and first.zarr_format == 2  # noqa: PLR2004
        names = _FIRST_AXES if five else (None,) * first.layout.ndim
    return tuple(_axis(name, place) for place, name in enumerate(names))


def _axis(stated: object, place: int) -> Axis:
    if isinstance(stated, dict):
        name = text(stated.get("name")) or f"dim_{place}"
        return Axis(name=name, type=text(stated.get("type")), unit=text(stated.get("unit")))
    name = text(stated) or f"dim_{place}"
    return Axis(name=name, type=_TYPES.get(name, ""))


def _level(
    tree: Hierarchy, node: Found, entry: Mapping[str, object], whole: Placing, axes: int
) -> Level:
    path = ome.resolve(node.path, str(entry["path"]))
    found = tree.get(path)
    placing = placing_of(entry.get("coordinateTransformations")).then(whole).for_axes(axes)
    return Level(
        name=str(entry["path"]),
        path=path,
        layout=found.layout if found is not None else None,
        problem=_problem(found, tree, path),
        scale=placing.scale,
        translation=placing.translation,
        placed_by=placing.otherwise,
    )


def _problem(found: Found | None, tree: Hierarchy, path: str) -> str:
    if found is None:
        return "not looked at" if beyond(tree, path) else "there is no such array"
    if found.kind is not FoundKind.ARRAY:
        return f"is no array but a {found.kind}"
    return "" if found.layout is not None else found.problem


def beyond(tree: Hierarchy, path: str) -> bool:
    """Say whether a path lies deeper than was looked."""
    return tree.depth is not None and path.count("/") + 1 > tree.depth


def _is_label(node: Found) -> bool:
    if "image-label" in node.ome:
        return True
    above = node.path
    while above:
        above, _, name = above.rpartition("/")
        if name == "labels" and above != node.path:
            return f"{above}/labels".lstrip("/") != node.path
    return False


def _channel(stated: object) -> Channel:
    if not isinstance(stated, dict):
        return Channel()
    return Channel(
        label=text(stated.get("label")),
        color=_color(stated.get("color")),
        window=_window(stated.get("window")),
        active=stated.get("active") is not False,
        inverted=stated.get("inverted") is True,
    )


def _color(stated: object) -> str:
    digits = text(stated).removeprefix("#").upper()
    sound = len(digits) == 6 and all(d in "0123456789ABCDEF" for d in digits)  # noqa: PLR2004
    return digits if sound else ""


def _window(stated: object) -> Window | None:
    if not isinstance(stated, dict):
        return None
    ends = [_number(stated.get(name)) for name in ("start", "end")]
    if None in ends:
        ends = [_number(stated.get(name)) for name in ("min", "max")]
    start, end = ends
    return None if start is None or end is None else Window(start=start, end=end)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
