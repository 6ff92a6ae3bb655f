"""Attributes of OME-Zarr 0.5 and 0.6 for tests: tables' short forms, and hypothesis strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from tests.build import Json
from zarrlift.findings import Finding

YX: list[Json] = [
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]
CHOICES: tuple[tuple[Json, ...], ...] = (
    ({"name": "t", "type": "time", "unit": "second"}, {"name": "t", "type": "time"}, {}),
    ({"name": "c", "type": "channel"}, {"name": "angle", "type": "angle"}, {}),
    ({"name": "z", "type": "space"}, {}),
    ({"name": "y", "type": "space", "unit": "micrometer"}, {"name": "y", "type": "space", "?": 1}),
    ({"name": "x", "type": "space", "longName": "fast axis", "discrete": False},),
)
"""What each axis of an image may be, in order; an empty one is left out."""

numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000).map(lambda n: n + 0.0)
factors = st.integers(1, 1000) | st.floats(1e-6, 1e3)


def scale(*values: float) -> dict[str, object]:
    """Give a scale."""
    return {"type": "scale", "scale": list(values)}


def shift(*values: float) -> dict[str, object]:
    """Give a translation."""
    return {"type": "translation", "translation": list(values)}


def image_0_5(*levels: Sequence[object], **members: object) -> dict[str, Any]:
    """Give the attributes of a yx image of 0.5 whose levels have those transformations."""
    datasets = [
        {"path": str(n), "coordinateTransformations": list(level)} for n, level in enumerate(levels)
    ]
    image = {"axes": YX, "datasets": datasets, **members}
    return {"ome": {"version": "0.5", "multiscales": [image]}}


def level(transform: Json, path: str = "0", system: object = "intrinsic") -> dict[str, object]:
    """Give a level of 0.6 that goes to a coordinate system."""
    ends = {"input": {"path": path}, "output": {"name": system}}
    return {"path": path, "coordinateTransformations": [{**transform, **ends}]}


def system(name: str = "intrinsic", axes: object = YX, **members: object) -> dict[str, object]:
    """Give a coordinate system of 0.6."""
    return {"name": name, "axes": axes, **members}


def image_0_6(
    *levels: Json, systems: Sequence[Json] | None = None, **members: object
) -> dict[str, Any]:
    """Give the attributes of a yx image of 0.6."""
    image = {
        "coordinateSystems": list(systems if systems is not None else [system()]),
        "datasets": list(levels),
        **members,
    }
    return {"ome": {"version": "0.6", "multiscales": [image]}}


def rules(found: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Give rule and severity of findings."""
    return [(f.rule, str(f.severity)) for f in found]


@st.composite
def images_0_5(draw: st.DrawFn, *, whole: bool = False) -> dict[str, Any]:
    """Draw the attributes of a valid image of 0.5, with transformations of the whole if asked."""
    axes = [dict(a) for a in (draw(st.sampled_from(choice)) for choice in CHOICES) if a]
    length = len(axes)

    def transformations() -> list[dict[str, object]]:
        made = [scale(*draw(st.lists(factors, min_size=length, max_size=length)))]
        if draw(st.booleans()):
            made.append(shift(*draw(st.lists(numbers, min_size=length, max_size=length))))
        return made

    datasets = [
        {"path": path, "coordinateTransformations": transformations(), "?": path}
        for path in draw(st.lists(st.sampled_from(["0", "s1", "a/b"]), min_size=1, unique=True))
    ]
    image: dict[str, object] = {"name": "n", "axes": axes, "datasets": datasets, "metadata": {}}
    if whole:
        image["coordinateTransformations"] = transformations()
    return {"_creator": {"version": "1"}, "ome": {"version": "0.5", "multiscales": [image]}}
