"""Cases of images: `multiscales`, axes, transformations before 0.6, levels, `omero`."""

from __future__ import annotations

from collections.abc import Callable

from tests.validation.pairs import Pair, breaking
from tests.validation.trees import (
    VERSIONS,
    Json,
    Tree,
    array,
    axes_of,
    changed,
    channel,
    image,
    inner,
    items,
    ome,
    rendered,
    under,
)

TRANSFORMS = "coordinateTransformations"


def entry(tree: Tree, number: int = 0) -> Json:
    """Give an entry of `multiscales`."""
    return inner(ome(tree), "multiscales", number)


def dataset(tree: Tree, number: int) -> Json:
    """Give an entry of `datasets`."""
    return inner(entry(tree), "datasets", number)


def axes(tree: Tree) -> list[object]:
    """Give the axes of an image of 0.3-0.5, or of the first system of 0.6."""
    if "axes" in entry(tree):
        return items(entry(tree), "axes")
    return items(entry(tree), "coordinateSystems", 0, "axes")


def scale(tree: Tree, level: int) -> list[object]:
    """Give the scale of a level."""
    return items(dataset(tree, level), TRANSFORMS, 0, "scale")


def _image(
    rule: str,
    version: str,
    change: Callable[[Tree], object],
    also: set[str] | None = None,
    valid: Tree | None = None,
) -> Pair:
    return breaking(rule, version, valid or image(version), change, also=also)


def _level_array(version: str, shape: list[int], **more: object) -> Callable[[Tree], object]:
    """Put another array in the place of the second level."""
    made = under("1", array(version, shape, **more))  # type: ignore[arg-type]
    return lambda tree: tree.update(made)


def _axis(number: int, **members: object) -> Callable[[Tree], object]:
    return lambda tree: inner(axes(tree), number).update(members)


def _first_transforms(*made: Json) -> Callable[[Tree], object]:
    """Give the first level other transformations."""
    return lambda tree: dataset(tree, 0).update({TRANSFORMS: list(made)})


def _scaled(*numbers: object) -> Json:
    return {"type": "scale", "scale": list(numbers)}


def _moved(*numbers: object) -> Json:
    return {"type": "translation", "translation": list(numbers)}


FOUR = (1.0, 1.0, 0.5, 0.5)
"""The scale of the first level of an image of the axes c, z, y, x."""

MULTISCALES = [
    *(
        _image("multiscales-list", version, lambda tree: ome(tree).update({"multiscales": []}))
        for version in VERSIONS
    ),
    _image(
        "multiscales-list",
        "0.5",
        lambda tree: items(ome(tree), "multiscales").append(entry(tree)),
        also={"multiscales-one"},
    ),
    _image("multiscales-list", "0.6", lambda tree: ome(tree).update({"multiscales": {}})),
    _image(
        "multiscales-one",
        "0.4",
        lambda tree: items(ome(tree), "multiscales").append({**entry(tree), "name": "other"}),
    ),
    *(
        _image("datasets-list", version, lambda tree: entry(tree).pop("datasets"))
        for version in VERSIONS[:-1]
    ),
    _image("datasets-list", "0.6", lambda tree: items(entry(tree), "datasets").append("2")),
    _image("dataset-path", "0.2", lambda tree: dataset(tree, 1).pop("path")),
    _image("dataset-path", "0.5", lambda tree: dataset(tree, 1).update(path="")),
    _image("dataset-path", "0.4", lambda tree: dataset(tree, 1).update(path=1)),
    _image("dataset-path", "0.4", lambda tree: dataset(tree, 1).update(path="../1")),
    _image(
        "dataset-paths-unique",
        "0.4",
        lambda tree: dataset(tree, 1).update(path="0"),
        also={"scale-shape"},  # the same array cannot have two scales
    ),
    _image("multiscales-version", "0.3", lambda tree: entry(tree).pop("version")),
    _image("multiscales-version-known", "0.4", lambda tree: entry(tree).update(version=0.4)),
    _image("multiscales-version-known", "0.5", lambda tree: entry(tree).update(version="0.4")),
    _image("multiscales-name", "0.5", lambda tree: entry(tree).pop("name")),
    _image("multiscales-type", "0.4", lambda tree: entry(tree).pop("type")),
    _image("multiscales-metadata", "0.6", lambda tree: entry(tree).pop("metadata")),
    _image("multiscales-members", "0.5", lambda tree: entry(tree).update(name=5)),
    _image("multiscales-members", "0.1", lambda tree: entry(tree).update(metadata="mean")),
]

AXES = [
    _image("axes-list", "0.3", lambda tree: entry(tree).pop("axes")),
    _image("axes-list", "0.4", lambda tree: entry(tree).update(axes="czyx")),
    _image(
        "axes-list",
        "0.5",
        lambda tree: entry(tree).update(axes=[]),
        # no axis is of space, and arrays and scales have four
        also={"axes-kinds", "array-dimensions-axes", "transform-length"},
    ),
    _image(
        "axis-name",
        "0.3",
        lambda tree: axes(tree).__setitem__(0, "p"),
        also={"array-dimensions-attribute"},  # that has t
    ),
    _image("axis-name", "0.4", lambda tree: inner(axes(tree), 0).pop("name")),
    _image("axis-name", "0.5", _axis(0, name=0)),
    _image("axis-name", "0.6", _axis(0, name="")),
    _image(
        "axis-names-unique",
        "0.3",
        lambda tree: axes(tree).__setitem__(0, "c"),
        also={"array-dimensions-attribute"},  # that has t
    ),
    _image("axis-names-unique", "0.4", _axis(0, name="z")),
    _image(
        "axis-names-unique",
        "0.5",
        _axis(0, name="z"),
        also={"array-dimension-names"},  # these have c
    ),
    _image("axis-members", "0.4", _axis(1, unit=1)),
    _image("axis-members", "0.6", _axis(0, discrete="yes")),
    _image("axis-type", "0.4", lambda tree: inner(axes(tree), 0).pop("type")),
    _image("axis-type", "0.6", _axis(0, type="angle")),
    _image("axes-kinds", "0.4", _axis(0, type="space", unit="micrometer")),
    _image(
        "axes-kinds",
        "0.5",
        lambda tree: [inner(axes(tree), n).pop("type") for n in (1, 2, 3)],
        also={"axis-type"},
    ),
    _image("axes-kinds", "0.6", _axis(1, type="channel")),
    _image(
        "axes-order",
        "0.5",
        lambda tree: axes(tree).insert(1, axes(tree).pop(0)),
        also={"array-dimension-names"},  # these are in the right order
    ),
    _image("axes-order", "0.4", _swap_kinds := (lambda tree: axes(tree).reverse()), {"axes-zyx"}),
    _image("axes-order", "0.6", _swap_kinds, {"axes-zyx", "array-dimension-names"}),
    _image(
        "axes-zyx",
        "0.4",
        lambda tree: axes(tree).__setitem__(slice(1, 4), axes_of("xyz")),
    ),
    _image("axis-unit", "0.4", lambda tree: inner(axes(tree), 3).pop("unit")),
    _image("axis-unit-known", "0.5", _axis(3, unit="µm")),
    _image("axis-unit-known", "0.6", _axis(3, unit="second")),
]

OF_LEVELS = [
    _image("transforms-list", "0.4", lambda tree: dataset(tree, 0).pop(TRANSFORMS)),
    _image("transforms-list", "0.5", lambda tree: entry(tree).update({TRANSFORMS: {}})),
    _image("transform-kind", "0.4", _first_transforms(_scaled(*FOUR), {"type": "identity"})),
    _image("transform-scale", "0.5", _first_transforms()),
    _image("transform-scale", "0.4", _first_transforms(_scaled(*FOUR), _scaled(*FOUR))),
    _image("transform-scale", "0.5", _first_transforms(_scaled(*FOUR), *[_moved(0, 0, 1, 1)] * 2)),
    _image("transform-order", "0.5", _first_transforms(_moved(0, 0, 1, 1), _scaled(*FOUR))),
    _image("transform-order", "0.4", _first_transforms(_moved(0, 0, 1, 1), _scaled(*FOUR))),
    _image("transform-numbers", "0.4", _first_transforms({"type": "scale", "path": "s"})),
    _image("transform-numbers", "0.5", _first_transforms(_scaled(1, 1, "a", 1))),
    _image(
        "transform-numbers", "0.6", lambda tree: inner(dataset(tree, 0), TRANSFORMS, 0).pop("scale")
    ),
    _image("transform-length", "0.4", _first_transforms(_scaled(*FOUR, 1))),
    _image(
        "transform-length", "0.5", lambda tree: entry(tree).update({TRANSFORMS: [_scaled(1, 1)]})
    ),
    _image("transform-length", "0.6", lambda tree: scale(tree, 0).append(1)),
    _image("transform-length-space", "0.5", _first_transforms(_scaled(*FOUR[1:]))),
    _image("transform-length-space", "0.6", lambda tree: scale(tree, 0).pop()),
    _image(
        "scale-zero", "0.5", lambda tree: entry(tree).update({TRANSFORMS: [_scaled(1, 0, 1, 1)]})
    ),
    _image("scale-negative", "0.4", lambda tree: scale(tree, 0).__setitem__(0, -1)),
    _image("scale-negative", "0.6", lambda tree: scale(tree, 0).__setitem__(0, -1)),
    *(
        _image(
            "scales-order",
            version,
            lambda tree: items(entry(tree), "datasets").reverse(),
            also={"levels-order"},  # the arrays are reversed with it
        )
        for version in ("0.4", "0.5", "0.6")
    ),
]

ARRAYS = [
    _image("dataset-array", "0.1", lambda tree: tree.pop("1/.zarray")),
    _image("dataset-array", "0.5", lambda tree: tree.pop("1/zarr.json")),
    _image(
        "dataset-array",
        "0.4",
        lambda tree: (tree.pop("1/.zarray"), tree.update({"1/.zgroup": {"zarr_format": 2}})),
    ),
    *(
        _image(
            "array-dimensions-axes",
            version,
            _level_array(version, [2, 4, 16, 16, 1]),
        )
        for version in ("0.4", "0.5", "0.6")
    ),
    *(
        _image("array-dimensions-axes", version, _level_array(version, [4, 16, 16]))
        for version in ("0.1", "0.2")
    ),
    _image(
        "array-dimension-names",
        "0.5",
        lambda tree: inner(tree, "1/zarr.json").pop("dimension_names"),
    ),
    _image(
        "array-dimension-names",
        "0.6",
        lambda tree: inner(tree, "1/zarr.json").update(dimension_names=list("cyzx")),
    ),
    _image("array-dimensions-attribute", "0.3", lambda tree: tree.pop("1/.zattrs")),
    *(
        _image(
            "levels-dtype",
            version,
            _level_array(version, [2, 4, 16, 16], dtype="uint16", names=names),
        )
        for version, names in (("0.4", None), ("0.5", "czyx"), ("0.6", "czyx"))
    ),
    *(
        _image(
            "levels-order",
            version,
            lambda tree: items(entry(tree), "datasets").reverse(),
        )
        for version in ("0.1", "0.3")
    ),
    _image("scale-shape", "0.5", lambda tree: scale(tree, 1).__setitem__(3, 4.0)),
    _image("scale-shape", "0.6", lambda tree: scale(tree, 1).__setitem__(3, 4.0)),
]


def _shifted(by: float) -> Callable[[Tree], object]:
    def change(tree: Tree) -> None:
        one = inner(dataset(tree, 1), TRANSFORMS, 0)
        parts = [_scaled(*items(one, "scale")), _moved(0, 0, by, by)]
        one.pop("scale")
        one.update(type="sequence", transformations=parts)

    return change


SHIFTS = [
    _image("level-translations", "0.6", _shifted(7.0)),
    breaking(
        "level-translations",
        "0.6",
        changed(image("0.6"), _shifted(0.25)),
        lambda tree: items(
            dataset(tree, 1), TRANSFORMS, 0, "transformations", 1, "translation"
        ).__setitem__(3, 40.0),
    ),
]


def _omero(rule: str, version: str, change: Callable[[Tree], object], *also: str) -> Pair:
    return breaking(rule, version, rendered(version), change, also=set(also))


def _channel(tree: Tree) -> Json:
    return inner(ome(tree), "omero", "channels", 0)


def _rendering(**members: object) -> Callable[[Tree], object]:
    return lambda tree: inner(ome(tree), "omero").update(rdefs=members)


OMERO = [
    _omero("omero-channels", "0.4", lambda tree: inner(ome(tree), "omero").pop("channels")),
    _omero("omero-channels", "0.5", lambda tree: ome(tree).update(omero=[])),
    _omero("omero-color", "0.4", lambda tree: _channel(tree).update(color="red")),
    _omero("omero-color", "0.6", lambda tree: _channel(tree).pop("color")),
    _omero("omero-window", "0.2", lambda tree: inner(_channel(tree), "window").pop("end")),
    _omero("omero-window", "0.5", lambda tree: _channel(tree).pop("window")),
    _omero("omero-members", "0.4", lambda tree: _channel(tree).update(active=1)),
    _omero(
        "omero-channel-count",
        "0.4",
        lambda tree: items(ome(tree), "omero", "channels").append(channel()),
    ),
    _omero("omero-model", "0.5", _rendering(model="rgb")),
    _omero("omero-defaults", "0.4", _rendering(defaultT=0, defaultZ=4)),
    _omero("omero-defaults", "0.6", _rendering(defaultT=3, defaultZ=2)),
]

PAIRS: tuple[Pair, ...] = (*MULTISCALES, *AXES, *OF_LEVELS, *ARRAYS, *SHIFTS, *OMERO)
