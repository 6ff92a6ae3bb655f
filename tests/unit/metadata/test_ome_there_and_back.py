"""Between OME-Zarr 0.5 and 0.6 and back: nothing is lost, no pixel moves, the schemas agree."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.judges import attribute_problems
from tests.unit.layouts import bounded
from tests.unit.metadata.ome_documents import images_0_5, rules
from zarrlift.findings import has_errors
from zarrlift.metadata import ome
from zarrlift.metadata.ome_0_5 import to_0_5
from zarrlift.metadata.ome_0_6 import to_0_6

words = st.sampled_from(
    [
        *("axes", "coordinateSystems", "coordinateTransformations", "datasets", "input", "name"),
        *("output", "path", "scale", "transformations", "translation", "type", "unit", "images"),
    ]
)
leaves = st.none() | st.booleans() | st.integers(-1, 2) | st.floats() | st.just(10**400)
texts = st.sampled_from(
    ["0", "", "x", "y", "identity", "scale", "translation", "sequence", "space"]
)
junk = st.recursive(
    leaves | texts | st.lists(st.integers(1, 3), min_size=2, max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=25,
)


ROUNDING = Fraction(1, 2**50)
"""How far a sum of two products of doubles may be off, as a part of its terms' sizes."""


def moved(transforms: Sequence[Mapping[str, Any]], point: Sequence[Fraction]) -> list[Fraction]:
    """Apply scales and translations one after another, exactly."""
    for transform in transforms:
        kind = transform["type"]
        if kind == "sequence":
            point = moved(transform["transformations"], point)
        else:
            by = [Fraction(n) for n in transform[kind]]
            pairs = zip(point, by, strict=True)
            point = [a * b if kind == "scale" else a + b for a, b in pairs]
    return list(point)


def positive(transform: Mapping[str, Any]) -> dict[str, Any]:
    """Give a transformation with the sizes of its numbers, which bound what rounding may do."""
    kind = transform["type"]
    return {"type": kind, kind: [abs(n) for n in transform[kind]]}


def image_of(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the first image of a group."""
    image: dict[str, Any] = attributes["ome"]["multiscales"][0]
    return image


@bounded
@given(images_0_5())
def test_there_and_back_is_the_same(source: dict[str, Any]) -> None:
    """A valid image of 0.5 comes back from 0.6 as it was, to the spelling of its numbers."""
    there, found = to_0_6("image", source)
    back, said = to_0_5("image", there)

    assert back == source
    assert repr(image_of(back)["datasets"]) == repr(image_of(source)["datasets"])
    assert found == said == ()


@bounded
@given(images_0_5(whole=True), st.lists(st.integers(0, 10**6), min_size=5, max_size=5))
def test_no_pixel_moves(source: dict[str, Any], index: list[int]) -> None:
    """The coordinates of any pixel of any level are the same in 0.5, 0.6, and back in 0.5."""
    there, found = to_0_6("image", source)
    back, said = to_0_5("image", there)

    image = image_of(source)
    point = [Fraction(i) for i in index[: len(image["axes"])]]
    for number, entry in enumerate(image["datasets"]):
        steps = [*entry["coordinateTransformations"], *image["coordinateTransformations"]]
        due, size = moved(steps, point), moved([positive(step) for step in steps], point)
        for lifted in (there, back):
            got = moved(image_of(lifted)["datasets"][number]["coordinateTransformations"], point)
            for one, other, most in zip(due, got, size, strict=True):
                assert abs(one - other) <= most * ROUNDING
    assert rules(found) == [("transformations-folded", "note")]
    assert said == ()


@bounded
@given(images_0_5() | images_0_5(whole=True))
def test_schemas_agree(source: dict[str, Any]) -> None:
    """What the schema of 0.5 takes, that of 0.6 takes once lifted, and that of 0.5 once back."""
    there, _ = to_0_6("image", source)
    back, _ = to_0_5("image", there)

    assert attribute_problems(source, "0.5") == []
    assert attribute_problems(there, "0.6") == []
    assert attribute_problems(back, "0.5") == []


@bounded
@given(images_0_5())
def test_names_of_axes_are_the_same(source: dict[str, Any]) -> None:
    """The names that arrays are given do not depend on the version."""
    there, _ = to_0_6("image", source)

    names = [ome.axis_names(image_of(attributes)) for attributes in (source, there)]
    assert names[0] is not None
    assert names[0] == names[1]


@bounded
@given(images_0_5(whole=True))
def test_again_changes_nothing(source: dict[str, Any]) -> None:
    """Lifting what is of 0.6 already, or going back to where one is, changes and says nothing."""
    there, _ = to_0_6("image", source)

    assert to_0_6("image", there) == (there, ())
    assert to_0_5("image", source) == (source, ())


@bounded
@given(images_0_5(), st.lists(st.booleans(), min_size=5, max_size=5))
def test_axes_without_a_type_are_told(source: dict[str, Any], bare: list[bool]) -> None:
    """Where an axis gains its type, coming back shows that and nothing else."""
    due = copy.deepcopy(source)
    taken = 0
    for axis, is_bare in zip(image_of(source)["axes"], bare, strict=False):
        if axis["name"] in {"z", "y", "x"} and is_bare:
            del axis["type"]
            taken += 1

    there, found = to_0_6("image", source)

    assert to_0_5("image", there) == (due, ())
    assert rules(found) == [("axes-typed", "note")] * taken


@bounded
@given(
    st.dictionaries(
        st.sampled_from(["multiscales", "well", "plate", "labels", "scene", "version", "omero"]),
        st.lists(st.dictionaries(words, junk, max_size=6), max_size=2) | junk,
        max_size=4,
    ),
    st.sampled_from(["0.5", "0.6", "0.4"]),
)
def test_odd_documents_neither_fail_nor_change(members: dict[str, object], version: str) -> None:
    """Whatever JSON stands below `ome`, both steps end, and the source's value is not touched."""
    attributes: dict[str, object] = {"ome": {"version": version, **members}, "more": [1]}
    before = repr(attributes)

    for step in (to_0_6, to_0_5):
        made, _ = step("image", attributes)
        assert made["more"] == [1]
        assert made.keys() == attributes.keys()
    assert repr(attributes) == before


@st.composite
def spoiled(draw: st.DrawFn, sound: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a copy of attributes in whose image one value is another, is gone, or is new."""
    made = copy.deepcopy(dict(sound))
    place: Any = image_of(made)
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if isinstance(place, dict):
            keys.append(draw(words))
        key = draw(st.sampled_from(keys))
        inner = place.get(key) if isinstance(place, dict) else place[key]
        if not inner or not isinstance(inner, dict | list) or draw(st.integers(0, 4)) == 0:
            break
        place = inner
    if inner is not None and draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(junk)
    return made


@bounded
@given(st.data())
def test_nothing_vanishes_in_silence(data: st.DataObject) -> None:
    """One odd value anywhere in an image: it comes back, or a finding says what happened."""
    source = data.draw(images_0_5(whole=data.draw(st.booleans())).flatmap(spoiled))
    before = repr(source)

    there, found = to_0_6("image", source)
    back, said = to_0_5("image", there)

    assert repr(source) == before
    assert found or said or repr(by_name(back)) == repr(by_name(source))


def by_name(value: object) -> object:
    """Give a JSON value with the members of its objects in order."""
    if isinstance(value, dict):
        return {key: by_name(value[key]) for key in sorted(value)}
    return [by_name(inner) for inner in value] if isinstance(value, list) else value


@bounded
@given(st.data())
def test_odd_values_of_0_6_do_not_fail(data: st.DataObject) -> None:
    """One odd value in an image of 0.6: the way back ends, and the source is not touched."""
    there, _ = to_0_6("image", data.draw(images_0_5()))
    source = data.draw(spoiled(there))
    before = repr(source)

    made, found = to_0_5("image", source)

    assert repr(source) == before
    assert has_errors(found) or "axes" in image_of(made)
