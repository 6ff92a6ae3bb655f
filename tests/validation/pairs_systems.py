"""Cases of 0.6: coordinate systems, transformations between them, scenes."""

from __future__ import annotations

from collections.abc import Callable

from tests.validation.pairs import Pair, breaking
from tests.validation.pairs_images import TRANSFORMS, dataset, entry, scale
from tests.validation.trees import (
    Json,
    Tree,
    array,
    axes_of,
    changed,
    group,
    image,
    inner,
    items,
    labelled,
    ome,
    under,
)

VERSION = "0.6"


def _image(
    rule: str, change: Callable[[Tree], object], *also: str, valid: Tree | None = None
) -> Pair:
    return breaking(rule, VERSION, valid or image(VERSION), change, also=set(also))


def _first(tree: Tree) -> Json:
    return inner(dataset(tree, 0), TRANSFORMS, 0)


def _sequence(tree: Tree) -> None:
    for level in (0, 1):
        one = inner(dataset(tree, level), TRANSFORMS, 0)
        moved: Json = {"type": "translation", "translation": [0, 0, 0, 0]}
        parts = [{"type": "scale", "scale": scale(tree, level)}, moved]
        one.pop("scale")
        one.update(type="sequence", transformations=parts)


def _system(tree: Tree, number: int = 0) -> Json:
    return inner(entry(tree), "coordinateSystems", number)


def joined(transform: Json, axes: str = "czyx") -> Tree:
    """Give an image with a transformation from its own system to another, `world`."""

    def change(tree: Tree) -> None:
        ends: Json = {"input": {"name": "intrinsic"}, "output": {"name": "world"}}
        system = {"name": "world", "axes": axes_of(axes)}
        items(entry(tree), "coordinateSystems").append(system)
        entry(tree)[TRANSFORMS] = [transform | ends]

    return changed(image(VERSION), change)


def _of_image(tree: Tree) -> Json:
    return inner(entry(tree), TRANSFORMS, 0)


SCALED: Json = {"type": "scale", "scale": [1, 1, 2, 2], "name": "to the world"}
TURNED: Json = {
    "type": "rotation",
    "rotation": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.6, -0.8], [0, 0, 0.8, 0.6]],
}
PARTED: Json = {
    "type": "byDimension",
    "transformations": [
        {
            "transformation": {"type": "scale", "scale": [2, 2]},
            "inputAxes": [2, 3],
            "outputAxes": [2, 3],
        },
        {"transformation": {"type": "identity"}, "inputAxes": [0, 1], "outputAxes": [0, 1]},
    ],
}
KINDS: dict[str, Json] = {
    "identity": {"type": "identity"},
    "scale": SCALED,
    "translation": {"type": "translation", "translation": [0, 0, 5, 5]},
    "mapAxis": {"type": "mapAxis", "mapAxis": [0, 1, 3, 2]},
    "affine": {
        "type": "affine",
        "affine": [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 1, 3]],
    },
    "affine by path": {"type": "affine", "path": "matrix"},
    "rotation": TURNED,
    "rotation by path": {"type": "rotation", "path": "matrix"},
    "byDimension": PARTED,
    "projectAxis": {"type": "projectAxis", "droppedInputs": [0], "createdOutputs": [0]},
    "bijection": {
        "type": "bijection",
        "forward": {"type": "scale", "scale": [1, 1, 2, 2]},
        "inverse": {"type": "scale", "scale": [1, 1, 0.5, 0.5]},
    },
    "sequence": {
        "type": "sequence",
        "transformations": [TURNED, {"type": "translation", "translation": [0, 0, 1, 1]}, PARTED],
    },
}
"""A valid transformation of each kind that needs no other node, from four axes to four."""


def _by_path(kind: str) -> Tree:
    """Give an image with a transformation whose matrix is an array."""
    columns = 5 if kind == "affine" else 4
    matrix = array(VERSION, [4, columns], dtype="float64", names=["out", "in"])
    return joined({"type": kind, "path": "matrix"}) | under("matrix", matrix)


def _kinds_broken() -> list[Pair]:
    """Break the parameters of each kind, and how they fit the systems."""
    wrong: list[tuple[str, str, Json]] = [
        ("transformation-kind", "identity", {"type": "twist"}),
        ("transformation-parameters", "scale", {"scale": "2"}),
        ("transformation-parameters", "scale", {"scale": [1, 1, 0, 1]}),
        ("transformation-parameters", "translation", {"translation": [1, None, 1, 1]}),
        ("transformation-parameters", "mapAxis", {"mapAxis": [0, 1, 3, 3]}),
        ("transformation-parameters", "mapAxis", {"mapAxis": [0, 1, 4, 2]}),
        ("transformation-parameters", "affine", {"affine": [[1, 2], [1]]}),
        ("transformation-parameters", "affine", {"path": "matrix"}),
        ("transformation-parameters", "affine by path", {"path": 1}),
        ("transformation-parameters", "rotation", {"rotation": [[1, 0, 0], [0, 1, 0]]}),
        ("transformation-parameters", "byDimension", {"transformations": [{}]}),
        ("transformation-parameters", "projectAxis", {"droppedInputs": [0, 0]}),
        ("transformation-parameters", "projectAxis", {"createdOutputs": []}),
        ("transformation-parameters", "bijection", {"inverse": None}),
        ("transformation-parameters", "sequence", {"transformations": []}),
        ("transformation-dimensions", "scale", {"scale": [1, 2]}),
        ("transformation-dimensions", "mapAxis", {"mapAxis": [1, 0]}),
        ("transformation-dimensions", "affine", {"affine": [[1, 0, 0], [0, 1, 0]]}),
        ("transformation-dimensions", "rotation", {"rotation": [[1, 0], [0, 1]]}),
        ("transformation-dimensions", "projectAxis", {"createdOutputs": [0, 1]}),
        ("transformation-dimensions", "projectAxis", {"droppedInputs": [4]}),
        ("rotation-proper", "rotation", {"rotation": _diagonal(1, 1, 1, -1)}),
        ("rotation-proper", "rotation", {"rotation": _diagonal(1, 1, 2, 1)}),
    ]
    by_path = {f"{kind} by path": _by_path(kind) for kind in ("affine", "rotation")}
    return [
        _image(rule, _with(members), valid=by_path.get(kind) or joined(KINDS[kind]))
        for rule, kind, members in wrong
    ]


def _with(members: Json) -> Callable[[Tree], object]:
    """Give the image's transformation other members."""
    return lambda tree: _of_image(tree).update(members)


def _diagonal(*numbers: float) -> list[object]:
    return [[n if i == j else 0 for j in range(4)] for i, n in enumerate(numbers)]


def _part(tree: Tree, number: int) -> Json:
    return inner(_of_image(tree), "transformations", number)


SYSTEMS = [
    _image("systems-list", lambda tree: entry(tree).update(coordinateSystems=[]), "level-output"),
    _image("systems-list", lambda tree: _system(tree).pop("name"), "level-output"),
    _image("axes-list", lambda tree: _system(tree).pop("axes")),
    _image(
        "systems-unique",
        lambda tree: items(entry(tree), "coordinateSystems").append(
            {"name": "intrinsic", "axes": axes_of("czyx")}
        ),
    ),
    _image("axes-leftover", lambda tree: entry(tree).update(axes=axes_of("czyx"))),
    _image(
        "axes-kinds",
        lambda tree: _system(tree, 1).update(
            axes=[{"name": "i", "type": "array"}, {"name": "j", "type": "space"}]
        ),
        "axis-unit",
        "transformation-dimensions",
        valid=joined(KINDS["identity"]),
    ),
    _image("level-transform", lambda tree: dataset(tree, 0).update({TRANSFORMS: []})),
    _image(
        "level-transform", lambda tree: items(dataset(tree, 0), TRANSFORMS).append(_first(tree))
    ),
    _image("level-transform", lambda tree: _first(tree).update(type="affine")),
    _image(
        "level-sequence",
        lambda tree: items(_first(tree), "transformations").reverse(),
        valid=changed(image(VERSION), _sequence),
    ),
    _image(
        "level-sequence",
        lambda tree: items(_first(tree), "transformations").__setitem__(
            1, inner(_first(tree), "transformations", 0)
        ),
        valid=changed(image(VERSION), _sequence),
    ),
    _image("level-input", lambda tree: _first(tree).update(input={"path": "1"})),
    _image("level-input", lambda tree: _first(tree).update(input="0")),
    _image("level-input", lambda tree: _first(tree).pop("input")),
    _image(
        "level-output",
        lambda tree: [
            inner(dataset(tree, n), TRANSFORMS, 0).update(output={"name": "stage"}) for n in (0, 1)
        ],
    ),
    _image(
        "level-output",
        lambda tree: [
            inner(dataset(tree, n), TRANSFORMS, 0).update(output="intrinsic") for n in (0, 1)
        ],
    ),
    _image(
        "levels-one-output",
        lambda tree: _first(tree).update(output={"name": "world"}),
        valid=joined(KINDS["identity"]),
    ),
    _image("level-ends-plain", lambda tree: inner(_first(tree), "input").update(name="array")),
    _image(
        "level-ends-text",
        lambda tree: inner(_first(tree), "input").update(name=0),
        "level-ends-plain",
    ),
    _image(
        "systems-connected",
        lambda tree: items(entry(tree), "coordinateSystems").append(
            {"name": "world", "axes": axes_of("czyx")}
        ),
    ),
]


def _labelled(**target: object) -> Tree:
    """Give an image with a transformation to the system of its label image."""

    def change(tree: Tree) -> None:
        ends: Json = {
            "input": {"name": "intrinsic"},
            "output": {"name": "intrinsic", "path": "labels/cells"} | target,
        }
        entry(tree)[TRANSFORMS] = [{"type": "identity"} | ends]

    return changed(labelled(VERSION), change)


def field_tree(kind: str) -> Tree:
    """Give an image of y and x with a field of displacements or coordinates."""
    word = {"displacements": "displacement", "coordinates": "coordinate"}[kind]
    axes = [{"name": "d", "type": word, "discrete": True}, *axes_of("yx")]
    one = {"type": "scale", "scale": [1, 1, 1], "input": {"path": "0"}, "output": {"name": "field"}}
    multiscale = {
        "name": "field",
        "type": "none",
        "metadata": {},
        "coordinateSystems": [{"name": "field", "axes": axes}],
        "datasets": [{"path": "0", TRANSFORMS: [one]}],
    }
    field = group(VERSION, {"multiscales": [multiscale]})
    field |= under("0", array(VERSION, [2, 32, 32], dtype="float32", names="dyx"))

    def change(tree: Tree) -> None:
        items(entry(tree), "coordinateSystems").append({"name": "world", "axes": axes_of("yx")})
        ends: Json = {"input": {"name": "intrinsic"}, "output": {"name": "world"}}
        entry(tree)[TRANSFORMS] = [{"type": kind, "path": "field"} | ends]

    return changed(image(VERSION, "yx"), change) | under("field", field)


_AXES = ("coordinateSystems", 0, "axes")


def _counted(tree: Tree) -> None:
    """Say that the axis of vectors has values between its places."""
    axis = inner(tree["field/zarr.json"], "attributes", "ome", "multiscales", 0, *_AXES, 0)
    axis["discrete"] = False


OF_IMAGES = [
    _image("image-transforms-list", lambda tree: entry(tree).update({TRANSFORMS: []})),
    _image(
        "image-transform-ends",
        lambda tree: _of_image(tree).update(input="intrinsic"),
        "systems-connected",
        valid=joined(SCALED),
    ),
    _image(
        "image-transform-ends",
        lambda tree: inner(_of_image(tree), "output").pop("name"),
        "systems-connected",
        valid=joined(SCALED),
    ),
    _image(
        "image-transform-systems",
        lambda tree: inner(_of_image(tree), "output").update(name="stage"),
        "systems-connected",
        valid=joined(SCALED),
    ),
    _image(
        "image-transform-labels",
        lambda tree: _of_image(tree).update(type="mapAxis", mapAxis=[0, 1, 3, 2]),
        valid=_labelled(),
    ),
    _image(
        "image-transform-target",
        lambda tree: inner(_of_image(tree), "output").update(path="labels/none"),
        valid=_labelled(),
    ),
    _image(
        "image-transform-target",
        lambda tree: inner(_of_image(tree), "output").update(path="../labels/cells"),
        valid=_labelled(),
    ),
    _image(
        "image-transform-target",
        lambda tree: inner(_of_image(tree), "output").update(name="none"),
        valid=_labelled(),
    ),
    _image(
        "transformation-names-unique",
        lambda tree: items(entry(tree), TRANSFORMS).append(_of_image(tree)),
        valid=joined(SCALED),
    ),
    *_kinds_broken(),
    _image(
        "transformation-dimensions",
        lambda tree: _part(tree, 0).update(inputAxes=[2, 4]),
        valid=joined(PARTED),
    ),
    _image(
        "transformation-dimensions",
        lambda tree: _part(tree, 0).update(outputAxes=[1, 2]),
        "by-dimension-complete",
        valid=joined(PARTED),
    ),
    _image(
        "by-dimension-complete",
        lambda tree: items(_of_image(tree), "transformations").pop(),
        valid=joined(PARTED),
    ),
    *(
        _image(
            "field-image", lambda tree: _of_image(tree).update(path="none"), valid=field_tree(kind)
        )
        for kind in ("displacements", "coordinates")
    ),
    _image("field-image", _counted, valid=field_tree("displacements")),
    _image(
        "field-image",
        lambda tree: _of_image(tree).update(type="coordinates"),
        valid=field_tree("displacements"),
    ),
]


def _longer_vectors(tree: Tree) -> None:
    inner(tree["field/0/zarr.json"])["shape"] = [3, 32, 32]


def _narrower(tree: Tree) -> None:
    """Take an axis from the field, its array and its scale."""
    items(tree["field/zarr.json"], "attributes", "ome", "multiscales", 0, *_AXES).pop(1)
    level = inner(tree["field/zarr.json"], "attributes", "ome", "multiscales", 0, "datasets", 0)
    items(level, TRANSFORMS, 0, "scale").pop()
    tree.update(under("field/0", array(VERSION, [2, 32], dtype="float32", names="dx")))


def _resized(tree: Tree) -> None:
    inner(tree["matrix/zarr.json"])["shape"] = [3, 4]


STORED = [
    *(
        _image("field-fits", _longer_vectors, valid=field_tree(kind))
        for kind in ("displacements", "coordinates")
    ),
    _image("field-fits", _narrower, "axes-kinds", valid=field_tree("displacements")),
    *(_image("matrix-array", _resized, valid=_by_path(kind)) for kind in ("affine", "rotation")),
    _image(
        "matrix-array",
        lambda tree: _of_image(tree).update(path="nothing"),
        valid=_by_path("affine"),
    ),
]


def scene() -> Tree:
    """Give two images in one space."""
    moves = [
        {
            "type": "translation",
            "translation": [0, 0, 0, 16 * n],
            "input": {"path": f"tile{n}", "name": "intrinsic"},
            "output": {"name": "world"},
        }
        for n in range(2)
    ]
    systems = [{"name": "world", "axes": axes_of("czyx")}]
    made = group(VERSION, {"scene": {"coordinateSystems": systems, TRANSFORMS: moves}})
    return made | under("tile0", image(VERSION)) | under("tile1", image(VERSION))


def _in_scene(tree: Tree) -> Json:
    return inner(ome(tree), "scene", TRANSFORMS, 0)


def _scene(rule: str, change: Callable[[Tree], object], *also: str) -> Pair:
    return breaking(rule, VERSION, scene(), change, also=set(also))


def _of_scene(tree: Tree) -> Json:
    return inner(ome(tree), "scene")


SCENES = [
    _scene("scene-transforms", lambda tree: _of_scene(tree).pop(TRANSFORMS)),
    _scene(
        "scene-systems",
        lambda tree: inner(_of_scene(tree), "coordinateSystems", 0).update(axes=axes_of("tc")),
        "scene-dimensions",
    ),
    _scene(
        "scene-systems",
        lambda tree: items(_of_scene(tree), "coordinateSystems").append({"axes": axes_of("yx")}),
    ),
    _scene("scene-ends", lambda tree: _in_scene(tree).update(input="intrinsic")),
    _scene("scene-ends", lambda tree: inner(_in_scene(tree), "input").update(kind="image")),
    _scene(
        "scene-system-names",
        lambda tree: [
            inner(_of_scene(tree), TRANSFORMS, n, "output").update(name="stage") for n in (0, 1)
        ],
        "scene-connected",
    ),
    _scene("scene-images", lambda tree: inner(_in_scene(tree), "input").update(path="tile9")),
    _scene("scene-images", lambda tree: inner(_in_scene(tree), "input").update(name="none")),
    _scene("scene-images", lambda tree: inner(_in_scene(tree), "input").update(path="../tile1")),
    _scene("scene-nested", lambda tree: tree.update({**under("tile2", scene())})),
    _scene(
        "scene-connected",
        lambda tree: items(_of_scene(tree), "coordinateSystems").append(
            {"name": "stage", "axes": axes_of("yx")}
        ),
    ),
    _scene("scene-transformation", lambda tree: _in_scene(tree).update(type="twist")),
    _scene("scene-transformation", lambda tree: _in_scene(tree).pop("translation")),
    _scene("scene-dimensions", lambda tree: _in_scene(tree).update(translation=[0, 0])),
]

PAIRS: tuple[Pair, ...] = (*SYSTEMS, *OF_IMAGES, *STORED, *SCENES)
