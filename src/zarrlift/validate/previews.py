"""Reading what previews of 0.6 were spelled like: as the form of 0.6 that it means.

`0.6.dev1` to `0.6.dev3` wrote the ends of a transformation as bare texts, previews up to
`0.6.dev4` the axes of `byDimension` as `input_axes` and `output_axes`, before `scene` its members
stood by themselves, and the very first had the images of 0.5.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zarrlift.validate.values import items

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_ENDS = 3
"""The last preview by number in which the ends of transformations were texts."""
NO_SCENE = 2
"""The last one without `scene`, whose ends were texts as well."""
SNAKE_AXES = 4
"""The last one in which `byDimension` wrote `input_axes`."""
_PREVIEW = re.compile(r"0\.6[.-]?(?:dev(\d{0,4})|rc(\d{0,4}))")
_SYSTEMS, _TRANSFORMS = "coordinateSystems", "coordinateTransformations"
_AXES = {"input_axes": "inputAxes", "output_axes": "outputAxes"}
_WRAPPED = ("transformation", "inputAxes", "outputAxes")
_DEEPEST = 64


def preview_number(stated: object) -> int | None:
    """Give the number of the preview of 0.6 that a version states; a candidate comes after all."""
    found = _PREVIEW.fullmatch(stated) if isinstance(stated, str) else None
    if found is None:
        return None
    return int(found[1] or 1) if found[2] is None else SNAKE_AXES + 1


def final_form(
    members: Mapping[str, object], *, text_ends: bool = True, scene_ends: bool = True
) -> dict[str, object]:
    """Give the OME-Zarr members of a preview of 0.6 as 0.6 has them.

    `text_ends` and `scene_ends` say whether bare texts are read as ends of the transformations of
    an image, and of a scene. What is no spelling of a preview stays as it is, right or wrong.
    """
    made = dict(members)
    if "scene" not in made and "multiscales" not in made and _TRANSFORMS in made:
        made["scene"] = {n: made.pop(n) for n in (_SYSTEMS, _TRANSFORMS) if n in made}
    if isinstance(made.get("scene"), dict):
        made["scene"] = _holder(made["scene"], text_ends=scene_ends)
    if isinstance(made.get("multiscales"), list):
        made["multiscales"] = [
            _image(image, text_ends=text_ends) for image in items(made["multiscales"])
        ]
    made["version"] = "0.5" if _is_of_0_5(made) else "0.6"
    return made


def _is_of_0_5(members: Mapping[str, object]) -> bool:
    """Say whether the images are those of 0.5, as in the very first preview."""
    images = [image for image in items(members.get("multiscales")) if isinstance(image, dict)]
    return bool(images) and all("axes" in i and _SYSTEMS not in i for i in images)


def _image(image: object, *, text_ends: bool) -> object:
    made = _holder(image, text_ends=text_ends)
    if not isinstance(made, dict) or not isinstance(made.get("datasets"), list):
        return made
    levels = [_holder(level, text_ends=text_ends, path=True) for level in made["datasets"]]
    return made | {"datasets": levels}


def _holder(holder: object, *, text_ends: bool, path: bool = False) -> object:
    """Give an object with transformations; `path` says that their input is a path."""
    found = holder.get(_TRANSFORMS) if isinstance(holder, dict) else None
    if not isinstance(holder, dict) or not isinstance(found, list):
        return holder
    return holder | {_TRANSFORMS: [_outer(one, text_ends=text_ends, path=path) for one in found]}


def _outer(transform: object, *, text_ends: bool, path: bool) -> object:
    made = _transform(transform, 0)
    if not isinstance(made, dict) or not text_ends:
        return made
    for end, name in (("input", "path" if path else "name"), ("output", "name")):
        if isinstance(made.get(end), str):
            made[end] = {name: made[end]}
    return made


def _transform(transform: object, depth: int) -> object:
    """Give a transformation with those in it, each `byDimension` in its final form."""
    if not isinstance(transform, dict) or depth > _DEEPEST:
        return transform
    made = dict(transform)
    inside = made.get("transformations")
    if isinstance(inside, list) and made.get("type") == "byDimension":
        made["transformations"] = [_part(one, depth) for one in inside]
    elif isinstance(inside, list):
        made["transformations"] = [_transform(one, depth + 1) for one in inside]
    for name in ("forward", "inverse"):
        if name in made:
            made[name] = _transform(made[name], depth + 1)
    return made


def _part(part: object, depth: int) -> object:
    """Give one part of a `byDimension`, its transformation in a member of its own."""
    if not isinstance(part, dict):
        return part
    made: dict[str, object] = {
        _AXES.get(str(name), str(name)): value for name, value in part.items()
    }
    if "type" in made and "transformation" not in made:
        inner = {name: value for name, value in made.items() if name not in _WRAPPED}
        made = {name: made[name] for name in _WRAPPED if name in made} | {"transformation": inner}
    if "transformation" in made:
        made["transformation"] = _transform(made["transformation"], depth + 1)
    return made
