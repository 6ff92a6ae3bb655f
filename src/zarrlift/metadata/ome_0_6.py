"""From OME-Zarr 0.5 to 0.6: axes become a coordinate system, levels get one transformation.

Sources: OME-Zarr 0.6 ("coordinateSystems", "multiscales": `datasets` have exactly one
transformation, an identity, a scale or a sequence of scale and translation) and its schemas; 0.5
("multiscales": transformations of the whole image are applied after those of its levels).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarrlift.metadata import json_text, ome
from zarrlift.metadata import ome_transforms as ot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zarrlift.findings import Finding

SYSTEM = "intrinsic"
"""Name of the coordinate system that the axes of 0.5 become."""
_SPACE = ("x", "y", "z")
_AXIS_MEMBERS = {"name": str, "longName": str, "type": str, "unit": str, "discrete": bool}


def to_0_6(
    path: str, attributes: Mapping[str, object]
) -> tuple[dict[str, object], tuple[Finding, ...]]:
    """Give the attributes of a group of OME-Zarr 0.5 as 0.6 writes them, and what there is to say.

    `path` is the group's, within the dataset. Attributes without OME members, or that state 0.6
    already, come back equal. Transformations of a whole image are folded into its levels, so that
    every pixel keeps its coordinates; to undo that, divide by the scale that the note names.

    An error means that data would change its meaning, and that the attributes are not fit to be
    written: levels whose transformations are of other kinds or in another order, since 0.6 has no
    form for them (`transformation-unknown`); transformations of the whole image that cannot be
    folded (`transformations-unfoldable`), or have a level without its own to be folded into
    (`transformations-missing`); no axes (`axes-missing`), since every transformation of 0.6 leads
    to a coordinate system; a member of 0.6 that is there already (`coordinate-systems-taken`).

    A warning means that the values are written as they are. They were wrong before, or nobody can
    tell what they should be, and no reader finds less in them than in the source: a level without
    transformations, where nothing is made up (`transformations-missing`); a wrong count of
    numbers (`transformation-length`); scales that are zero or less, or not finite, which 0.6 alone
    refuses (`scale-refused`); axes that 0.6 refuses (`axes-refused`). What both versions refuse
    alike, such as the order of axes, is not looked for here.
    """
    members = ome.v3_members(attributes)
    if members is None or str(members.get("version", "")).startswith("0.6"):
        return dict(attributes), ()
    remarks = ot.Remarks(path=path)
    rest = {k: json_text.copied(v) for k, v in members.items() if k != "version"}
    made = {"version": "0.6", **rest}
    multiscales = made.get("multiscales")
    for number, entry in enumerate(multiscales if isinstance(multiscales, list) else []):
        if isinstance(entry, dict):
            _lift_image(remarks, entry, f"/attributes/ome/multiscales/{number}")
    return {**attributes, "ome": made}, tuple(remarks.found)


def _lift_image(remarks: ot.Remarks, image: dict[str, object], place: str) -> None:
    axes = image.get("axes")
    whole = image.get("coordinateTransformations") or []
    outer = ot.parse_list(whole)
    if "coordinateSystems" in image:
        message = f"{place}/coordinateSystems: there already, in a group that is not of 0.6"
        remarks.error("coordinate-systems-taken", message)
    elif not isinstance(axes, list) or not axes:
        message = f"{place}: no axes, and a scale of 0.6 leads to axes"
        remarks.error("axes-missing", message)
    elif outer is None:
        message = f"{place}/coordinateTransformations: {ot.described(whole)}"
        remarks.error("transformation-unknown", f"{message}; 0.6 has no form for it")
    else:
        typed = [_lift_axis(remarks, axis, f"{place}/axes/{n}") for n, axis in enumerate(axes)]
        _judge_axes(remarks, typed, f"{place}/axes")
        for number, level in enumerate(ome.level_entries(image)):
            _lift_level(remarks, level, outer, len(axes), f"{place}/datasets/{number}")
        _drop_whole(remarks, image, outer, f"{place}/coordinateTransformations")
        system = {"name": SYSTEM, "axes": typed}
        ome.replace_member(image, "axes", "coordinateSystems", [system])


def _lift_axis(remarks: ot.Remarks, axis: object, place: str) -> object:
    """Give an axis its type where 0.6 wants one stated, and no nulls."""
    if not isinstance(axis, dict):
        return axis
    if axis.get("type") is None and axis.get("name") in _SPACE:
        remarks.note("axes-typed", f"{place}: type space, as 0.6 wants it stated")
        axis = {"name": axis["name"], "type": "space"} | {
            k: v for k, v in axis.items() if k != "type"
        }
    return ot.without_nulls(remarks, axis, place)


def _judge_axes(remarks: ot.Remarks, axes: list[object], place: str) -> None:
    space = 0
    for number, axis in enumerate(axes):
        if not isinstance(axis, dict) or not axis.get("name"):
            remarks.warning("axes-refused", f"{place}/{number}: no object with a name")
            continue
        space += axis.get("type") == "space"
        for member, kind in _AXIS_MEMBERS.items():
            if member in axis and not isinstance(axis[member], kind):
                message = f"{place}/{number}/{member}: 0.6 wants {kind.__name__} there"
                remarks.warning("axes-refused", message)
    if space not in {2, 3}:
        message = f"{place}: {space} axes of type space, and 0.6 wants 2 or 3"
        remarks.warning("axes-refused", message)


def _lift_level(
    remarks: ot.Remarks, level: object, outer: ot.Placing, length: int, place: str
) -> None:
    if not isinstance(level, dict) or not isinstance(level.get("path"), str):
        remarks.warning("level-unnamed", f"{place}: no object with a path; left as it is")
        return
    stated = level.get("coordinateTransformations")
    place = f"{place}/coordinateTransformations"
    if stated is None or stated == []:
        _miss(remarks, outer, place)
        return
    inner = ot.parse_list(stated)
    if inner is None:
        message = f"{place}: {ot.described(stated)}; 0.6 has no form for it"
        remarks.error("transformation-unknown", message)
        return
    placing = ot.folded(inner, outer) if any(ot.vectors(outer)) else inner
    if placing is None:
        message = f"{place}: lengths differ from the whole image's, or numbers grow too large"
        remarks.error("transformations-unfoldable", message)
        return
    ot.judge_lengths(remarks, placing, length, place)
    _judge_scale(remarks, placing, place)
    level["coordinateTransformations"] = [_single(remarks, placing, str(level["path"]), place)]


def _miss(remarks: ot.Remarks, outer: ot.Placing, place: str) -> None:
    if any(ot.vectors(outer)):
        message = f"{place}: none, and nothing that the whole image's could be folded into"
        remarks.error("transformations-missing", message)
    else:
        remarks.warning("transformations-missing", f"{place}: none, where 0.6 wants one")


def _judge_scale(remarks: ot.Remarks, placing: ot.Placing, place: str) -> None:
    for kind, numbers in ot.vectors(placing):
        if kind == "scale" and not all(n > 0 and ot.is_finite(n) for n in numbers):
            message = f"{place}: a scale of {numbers}, and 0.6 wants each above zero"
            remarks.warning("scale-refused", message)


def _single(remarks: ot.Remarks, placing: ot.Placing, path: str, place: str) -> ot.Transform:
    """Give the one transformation of a level, from its array to the coordinate system."""
    ends = {"input": {"path": path}, "output": {"name": SYSTEM}}
    bare = {k: ot.without(remarks, t, place) for k, t in placing.items()}
    if "translation" not in bare:
        (transform,) = bare.values()
        return {**transform, **ends}
    length = len(dict(ot.vectors(bare))["translation"])
    steps = ot.with_scale(remarks, bare, length, place)
    return {"type": "sequence", "transformations": steps, **ends}


def _drop_whole(
    remarks: ot.Remarks, image: dict[str, object], outer: ot.Placing, place: str
) -> None:
    """Leave out the transformations of the whole image, which its levels hold by now."""
    if "coordinateTransformations" not in image:
        return
    del image["coordinateTransformations"]
    for kind, transform in outer.items():
        ot.told_members(remarks, [k for k in transform if k not in {"type", kind}], place)
    numbers = " and ".join(f"{kind} {values}" for kind, values in ot.vectors(outer))
    remarks.note(
        "transformations-folded", f"{place}: {numbers or 'nothing'}, folded into the levels"
    )
