"""Rules on documents of any JSON: every one gives its findings, and none raises."""

from __future__ import annotations

import json
import time
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.validation.mutations import replaced, ways
from tests.validation.pairs_systems import joined
from tests.validation.schemas import attributes, documents
from tests.validation.trees import VERSIONS, Json, inner, items
from zarrlift.validate.conformance import Measure, judge_document

_NAMES = """multiscales datasets axes coordinateTransformations coordinateSystems scale translation
type path name unit omero channels window rdefs scene input output transformations forward mapAxis
affine rotation inputAxes outputAxes version metadata plate wells rows columns labels colors
image-label series well images acquisitions"""
NAMES = st.sampled_from(_NAMES.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        [10**400, -(10**400), 1e308, 5e-324, float("nan"), float("inf"), "0.5", "0.4"]
    )
    | st.text(max_size=4)
    | st.sampled_from(
        ["scale", "sequence", "byDimension", "rotation", "affine", "space", "0", "../x"]
    )
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)
ROOTS = [d for version in VERSIONS for found in documents(version).values() for d in found]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=5), st.sampled_from(VERSIONS))
def test_any_members_are_judged(members: Json, version: str) -> None:
    """Whatever the members hold, there is a verdict."""
    new = version in {"0.5", "0.6"}
    document = {"ome": {"version": version, **members}} if new else members
    verdict = judge_document(document, Measure(version=version, strict=True))
    assert verdict.message


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_value_may_stand_anywhere(data: st.DataObject) -> None:
    """Any JSON in the place of one value of a valid document."""
    document = data.draw(st.sampled_from(ROOTS))
    way = data.draw(st.sampled_from([way for way in ways(document) if way]))
    made = cast("Json", replaced(document, way, data.draw(JSON)))
    assert judge_document(made, Measure(strict=True)).message


def test_deep_documents_are_judged() -> None:
    """Lists within lists, and transformations within transformations, as deep as JSON is read."""
    nested = json.loads("[" * 900 + "]" * 900)
    for name in ("multiscales", "omero", "plate", "well", "labels", "scene", "image-label"):
        assert not judge_document({"ome": {"version": "0.6", name: [nested]}}, Measure()).valid
    inside: Json = {"type": "identity"}
    for _ in range(400):
        inside = {"type": "sequence", "transformations": [inside]}
    document = attributes(joined({"type": "identity"}), "0.6")
    inner(document, "ome", "multiscales", 0, "coordinateTransformations", 0).update(inside)
    for measure in (Measure(), Measure(lenient=True)):
        verdict = judge_document(document, measure)
        assert "deep" in verdict.message


def test_long_documents_take_time_in_proportion() -> None:
    """Thousands of levels, systems and transformations: seconds, where their product took hours."""
    many = 3000
    document = attributes(joined({"type": "identity"}), "0.6")
    image = inner(document, "ome", "multiscales", 0)
    image["datasets"] = items(image, "datasets") * many
    systems = items(image, "coordinateSystems")
    systems += [{**inner(systems, 0), "name": f"s{n}"} for n in range(many)]
    image["coordinateTransformations"] = [
        {"type": "identity", "input": {"name": f"s{n}"}, "output": {"name": f"s{n + 1}"}}
        for n in range(many)
    ]
    start = time.perf_counter()
    assert not judge_document(document, Measure()).valid
    assert time.perf_counter() - start < 20
