"""From OME-Zarr 0.6 back to 0.5, where 0.5 has a form for it.

A multiscale of 0.5 has one list of axes, and levels that go there by a scale and perhaps a
translation. Sources: OME-Zarr 0.5 ("multiscales", "well"), 0.6 ("coordinateSystems",
"multiscales"), and the schemas of both. Previews of 0.6, whose `input` and `output` are text, are
read too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zarrlift.metadata import json_text, ome
from zarrlift.metadata import ome_transforms as ot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.findings import Finding

_FIELD_PATH = re.compile(r"[A-Za-z0-9]+")
_ENDS = ("input", "output")


class _End(NamedTuple):
    """What a transformation leads from or to: a node, and a coordinate system in it."""

    path: object
    name: object


def to_0_5(
    path: str, attributes: Mapping[str, object]
) -> tuple[dict[str, object], tuple[Finding, ...]]:
    """Give the attributes of a group of OME-Zarr 0.6 as 0.5 writes them, and what there is to say.

    `path` is the group's, within the dataset. Attributes without OME members, or that state 0.5
    already, come back equal. The axes are those of the coordinate system that the levels go to.
    An identity becomes a scale of ones, which 0.5 asks for (`scale-added`). Links from an image to
    its labels that move nothing are left out (`label-link-dropped`), and so is the system's name
    unless it is `intrinsic` (`system-name-dropped`).

    A scale, or a scale and a translation, from that system to the only other one is kept as a
    transformation of the whole image if both systems have equal axes: 0.5 applies it after those
    of the levels, and its axes say what comes out (`systems-joined`).

    An error means that 0.5 has no form for something, and that the attributes are not fit to be
    written: any other transformation (`transformation-refused`) or coordinate system
    (`systems-refused`), `scene` (`scene-refused`), axes that are there already
    (`axes-taken`), a field's path with other characters than letters and digits
    (`field-path-refused`).

    A warning means that something is written as it is, or left out: a level without
    transformations (`transformations-missing`), a wrong count of numbers
    (`transformation-length`), axes that the schema of 0.5 refuses (`axes-refused`), members of a
    transformation or a system that 0.5 has no place for (`transformation-members-dropped`,
    `system-members-dropped`).
    """
    members = ome.v3_members(attributes)
    if members is None or str(members.get("version", "")).startswith("0.5"):
        return dict(attributes), ()
    remarks = ot.Remarks(path=path)
    rest = {k: json_text.copied(v) for k, v in members.items() if k != "version"}
    made = {"version": "0.5", **rest}
    if "scene" in made:
        message = "/attributes/ome/scene: 0.5 has no place for transformations between images"
        remarks.error("scene-refused", message)
    multiscales = made.get("multiscales")
    for number, entry in enumerate(multiscales if isinstance(multiscales, list) else []):
        if isinstance(entry, dict):
            _lower_image(remarks, entry, f"/attributes/ome/multiscales/{number}")
    _judge_fields(remarks, made.get("well"))
    return {**attributes, "ome": made}, tuple(remarks.found)


def _judge_fields(remarks: ot.Remarks, well: object) -> None:
    images = well.get("images") if isinstance(well, dict) else None
    for number, image in enumerate(images if isinstance(images, list) else []):
        path = image.get("path") if isinstance(image, dict) else None
        if isinstance(path, str) and not _FIELD_PATH.fullmatch(path):
            place = f"/attributes/ome/well/images/{number}/path"
            message = f"{place}: {path!r}, where 0.5 takes letters and digits only"
            remarks.error("field-path-refused", message)


def _lower_image(remarks: ot.Remarks, image: dict[str, object], place: str) -> None:
    system = ome.level_system(image)
    axes = system.get("axes") if system is not None else None
    if system is None or not isinstance(axes, list):
        message = f"{place}: its levels do not all go to one coordinate system that it lists"
        remarks.error("systems-refused", message)
        return
    if image.get("axes", axes) != axes:
        message = f"{place}/axes: there already, and other than those of {system['name']!r}"
        remarks.error("axes-taken", message)
        return
    _lower_whole(remarks, image, system, place)
    for number, level in enumerate(ome.level_entries(image)):
        _lower_level(remarks, level, len(axes), f"{place}/datasets/{number}")
    image.pop("axes", None)
    if system["name"] != "intrinsic":
        message = f"{place}: the name {system['name']!r} of its system has no place in 0.5"
        remarks.note("system-name-dropped", message)
    _tell_members(remarks, system, f"{place}/coordinateSystems")
    made = [_lower_axis(remarks, axis, place) for axis in axes]
    _judge_axes(remarks, made, place)
    ome.replace_member(image, "coordinateSystems", "axes", made)


def _lower_axis(remarks: ot.Remarks, axis: object, place: str) -> object:
    return ot.without_nulls(remarks, axis, place) if isinstance(axis, dict) else axis


def _judge_axes(remarks: ot.Remarks, axes: list[object], place: str) -> None:
    """Warn of axes that the schema of 0.5 refuses; it counts those without a type as space."""
    objects = [axis for axis in axes if isinstance(axis, dict)]
    space = sum(axis.get("type", "space") == "space" for axis in objects)
    if len(objects) < len(axes) or space not in {2, 3}:
        message = f"{place}: {space} axes of type space or none, and 0.5 wants 2 or 3"
        remarks.warning("axes-refused", message)


def _tell_members(remarks: ot.Remarks, system: Mapping[str, object], place: str) -> None:
    others = [key for key in system if key not in {"name", "axes"}]
    if others:
        message = f"{place}: left out of {system['name']!r}: {', '.join(map(repr, others))}"
        remarks.warning("system-members-dropped", message)


def _lower_whole(
    remarks: ot.Remarks, image: dict[str, object], system: Mapping[str, object], place: str
) -> None:
    """Keep of the whole image's transformations what 0.5 can say, and refuse the rest."""
    stated = image.pop("coordinateTransformations", None) or []
    systems = image["coordinateSystems"]
    others = [s for s in systems if s is not system] if isinstance(systems, list) else []
    place_of = f"{place}/coordinateTransformations"
    left = []
    for number, transform in enumerate(stated if isinstance(stated, list) else [stated]):
        if _links_label(transform, system["name"]):
            message = f"{place_of}/{number}: an identity that only links a label is left out"
            remarks.note("label-link-dropped", message)
        else:
            left.append((f"{place_of}/{number}", transform))
    if len(left) == len(others) == 1:
        kept = _continued(remarks, left[0], system, others[0])
        if kept is not None:
            image["coordinateTransformations"] = kept
            return
    for at, transform in left:
        message = f"{at}: {ot.described([transform])}; 0.5 has no form for it here"
        remarks.error("transformation-refused", message)
    if others:
        names = ", ".join(repr(s.get("name") if isinstance(s, dict) else s) for s in others)
        message = f"{place}/coordinateSystems: 0.5 has one system, and no place for {names}"
        remarks.error("systems-refused", message)


def _links_label(transform: object, name: object) -> bool:
    """Say whether an identity leads between the image's system and one in a label's group."""
    if not isinstance(transform, dict) or transform.get("type") != "identity":
        return False
    ends = [_end(transform.get(e), "name") for e in _ENDS]
    paths = [end.path for end in ends]
    return _End(None, name) in ends and any(
        isinstance(p, str) and p.removeprefix("./").startswith("labels/") for p in paths
    )


def _end(value: object, bare: str) -> _End:
    """Read an input or output; text alone, as in previews of 0.6, is its `bare` member."""
    stated = value if isinstance(value, dict) else {bare: value}
    return _End(stated.get("path"), stated.get("name"))


def _continued(
    remarks: ot.Remarks,
    found: tuple[str, object],
    system: Mapping[str, object],
    further: object,
) -> list[ot.Transform] | None:
    """Give a transformation to a further system as 0.5 has it for the whole image, if it can."""
    place, transform = found
    if not isinstance(transform, dict) or not isinstance(further, dict):
        return None
    ends = [_end(transform.get(e), "name") for e in _ENDS]
    due = [_End(None, system["name"]), _End(None, further.get("name"))]
    axes = system["axes"]
    placing = _parse(transform)
    if ends != due or further.get("axes") != axes or not placing or "identity" in placing:
        return None
    length = len(axes) if isinstance(axes, list) else 0
    if any(len(numbers) != length for _, numbers in ot.vectors(placing)):
        return None
    names = f"{system['name']!r} and {further.get('name')!r}"
    remarks.note("systems-joined", f"{place}: {names} have equal axes, and become those of 0.5")
    _tell_members(remarks, further, place)
    return _lowered(remarks, transform, placing, length, place)


def _parse(transform: Mapping[str, object]) -> ot.Placing | None:
    if transform.get("type") == "sequence":
        return ot.parse_list(transform.get("transformations"))
    return ot.parse_list([transform])


def _lowered(
    remarks: ot.Remarks, transform: ot.Transform, placing: ot.Placing, length: int, place: str
) -> list[ot.Transform]:
    """Give one transformation of 0.6 as the list of 0.5, without its ends."""
    ends = [transform.get(e) for e in _ENDS]
    odd = [k for end in ends if isinstance(end, dict) for k in end if k not in {"path", "name"}]
    ot.told_members(remarks, odd, place)
    if transform.get("type") == "sequence":
        known = {"type", "transformations", *_ENDS}
        ot.told_members(remarks, [k for k in transform if k not in known], place)
        bare = {kind: ot.without(remarks, t, place) for kind, t in placing.items()}
    else:
        bare = {kind: {k: v for k, v in t.items() if k not in _ENDS} for kind, t in placing.items()}
    return ot.with_scale(remarks, bare, length, place)


def _lower_level(remarks: ot.Remarks, level: object, length: int, place: str) -> None:
    if not isinstance(level, dict) or not isinstance(level.get("path"), str):
        remarks.warning("level-unnamed", f"{place}: no object with a path; left as it is")
        return
    stated = level.get("coordinateTransformations")
    place = f"{place}/coordinateTransformations"
    if stated is None or stated == []:
        remarks.warning("transformations-missing", f"{place}: none, where 0.5 wants a scale")
        return
    only = stated[0] if isinstance(stated, list) and len(stated) == 1 else None
    placing = _parse(only) if isinstance(only, dict) else None
    if not isinstance(only, dict) or not placing:
        message = f"{place}: {ot.described(stated)}; 0.5 has no form for it"
        remarks.error("transformation-refused", message)
    elif not _ends_fit(only, str(level["path"])):
        message = f"{place}/0: {only.get('type')} does not lead from the level to its image"
        remarks.error("transformation-refused", message)
    else:
        ot.judge_lengths(remarks, placing, length, place)
        level["coordinateTransformations"] = _lowered(remarks, only, placing, length, place)


def _ends_fit(transform: Mapping[str, object], path: str) -> bool:
    """Say whether a transformation leads from the array at `path` to a system of this image."""
    start, end = (
        _end(transform.get(e), bare) for e, bare in zip(_ENDS, ("path", "name"), strict=True)
    )
    if not isinstance(start.path, str) or start.name is not None or end.path is not None:
        return False
    return ome.resolve("", start.path.lstrip("/")) == ome.resolve("", path)
