"""The verdict on documents as the official suites hold them, and on stores."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.validation.pairs_images import TRANSFORMS
from tests.validation.pairs_systems import PARTED, TURNED, joined, scene
from tests.validation.schemas import attributes, documents
from tests.validation.trees import (
    VERSIONS,
    Json,
    Tree,
    changed,
    group,
    image,
    inner,
    items,
    label,
    ome,
    plate,
    rendered,
)
from zarrlift.survey.given import hierarchy
from zarrlift.validate.conformance import (
    ALLOWED,
    UNASKED,
    Measure,
    judge_document,
    judge_store,
)
from zarrlift.validate.rule import Force
from zarrlift.validate.run import all_rules

STRICT = Measure(strict=True)
LENIENT = Measure(lenient=True)
MOVED: Json = {"type": "translation", "translation": [1, 1]}


def _image(
    version: str, change: Callable[[Json], object] = lambda _: None, axes: str = "yx"
) -> Json:
    """Give the attributes of an image, changed: `change` gets its entry of `multiscales`."""
    made = attributes(image(version, axes, levels=1), version)
    held = made.get("ome", made)
    change(inner(held, "multiscales", 0))
    return made


def _plate(version: str, path: str, rows: str = "A", columns: str = "1") -> Json:
    made = attributes(plate(version, rows, columns), version)
    held = made.get("ome", made)
    inner(held, "plate", "wells", 0)["path"] = path
    return made


def _axes(entry: Json) -> list[object]:
    return items(entry, "axes") if "axes" in entry else items(entry, "coordinateSystems", 0, "axes")


def _transform(entry: Json) -> Json:
    return inner(entry, "datasets", 0, "coordinateTransformations", 0)


def _with_time(entry: Json) -> None:
    """Add an axis of time, in a wrong unit, and leave the scale as it is."""
    _axes(entry).insert(0, {"name": "t", "type": "time", "unit": "micrometer"})


@dataclass(frozen=True, slots=True)
class Case:
    """One document and what is to be said of it."""

    name: str
    document: object
    valid: bool
    measure: Measure = field(default_factory=Measure)


def _gaps() -> list[Case]:
    """Give documents that the schemas accept and the specification does not."""
    made: list[Case] = []

    def image_case(
        name: str, version: str, change: Callable[[Json], object], axes: str = "yx"
    ) -> None:
        made.append(Case(f"{name}-{version}", _image(version, change, axes), valid=False))

    for version in ("0.4", "0.5"):
        image_case("scale-of-three", version, lambda e: items(_transform(e), "scale").append(1))
        image_case(
            "same-name", version, lambda e: inner(_axes(e), 0).update(name="x", unit="meter")
        )
        image_case("y-c-x", version, lambda e: _axes(e).reverse(), "cyx")
        image_case(
            "two-channels", version, lambda e: inner(_axes(e), 0).update(type="channel"), "tcyx"
        )
        image_case(
            "untyped", version, lambda e: [inner(_axes(e), n).pop("type") for n in range(3)], "zyx"
        )
        image_case("empty-path", version, lambda e: inner(e, "datasets", 0).update(path=""))
        image_case(
            "translation-first",
            version,
            lambda e: items(e, "datasets", 0, TRANSFORMS).insert(0, MOVED),
        )
        image_case(
            "two-translations",
            version,
            lambda e: items(e, "datasets", 0, TRANSFORMS).extend([MOVED, MOVED]),
        )
        image_case("zero-scale", version, lambda e: _transform(e).update(scale=[0, 1]))
    image_case("old-version", "0.5", lambda e: e.update(version="0.4"))
    image_case("unknown-system", "0.6", lambda e: _transform(e).update(output={"name": "stage"}))
    image_case("wrong-input", "0.6", lambda e: _transform(e).update(input={"path": "9"}))
    for version in ("0.5", "0.6"):
        held = attributes(rendered(version), version)
        inner(held, "ome", "omero")["channels"] = [{}]
        made.append(Case(f"bare-channel-{version}", held, valid=False))
    mirrored = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]]
    made += [
        Case(
            "mirror-0.6", attributes(joined({**TURNED, "rotation": mirrored}), "0.6"), valid=False
        ),
        Case("empty-0.4", {}, valid=False),
        Case("empty-0.4-asked", {}, valid=False, measure=Measure(version="0.4")),
        Case("empty-0.5", {"ome": {"version": "0.5"}}, valid=False),
        Case("no-ome", {"other": 1}, valid=False),
        Case("ome-is-text", {"ome": "0.5"}, valid=False),
    ]
    return made


def _suites() -> list[Case]:
    """Give documents whose verdict in the official suites is not what one thinks at first."""
    made: list[Case] = []
    for version in ("0.4", "0.5", "0.6"):
        made += [
            Case(f"mismatched-{version}", _image(version, _with_time), valid=True),
            Case(
                f"micron-{version}",
                _image(version, lambda e: inner(_axes(e), 0).update(unit="micron")),
                valid=True,
            ),
            Case(f"image-label-alone-{version}", _without_image(version), valid=True),
            Case(
                f"strict-without-unit-{version}",
                _image(version, lambda e: [inner(a).pop("unit") for a in _axes(e)]),
                valid=True,
                measure=STRICT,
            ),
            Case(f"name-{version}", _image(version, lambda e: e.pop("name")), valid=True),
            Case(
                f"name-strict-{version}",
                _image(version, lambda e: e.pop("name")),
                valid=False,
                measure=STRICT,
            ),
        ]
    made += [
        Case("column-first-0.4", _plate("0.4", "A/1", rows="1", columns="A"), valid=True),
        Case("column-first-0.5", _plate("0.5", "1/A"), valid=False),
        Case("column-first-0.6", _plate("0.6", "A/1", rows="1", columns="A"), valid=True),
        Case("neither-0.6", _plate("0.6", "B/1"), valid=False),
        Case("axis-left-out-0.6", attributes(joined(_sequence_of_part()), "0.6"), valid=True),
        Case("two-array-axes-0.6", _image("0.6", _of_arrays), valid=True),
        Case("candidate-0.6", _stating("0.6rc0"), valid=True),
        Case("other-version-0.5", _stating("0.7"), valid=False),
        Case("number-0.4", _image("0.4", lambda e: e.update(version=0.4)), valid=False),
        Case(
            "0.3-asked-0.4",
            _image("0.4", lambda e: e.update(version="0.3")),
            valid=False,
            measure=Measure(version="0.4"),
        ),
        Case("by-its-version", _image("0.4", lambda e: e.update(version="0.3")), valid=False),
    ]
    return made


def _without_image(version: str) -> Json:
    made = attributes(label(version), version)
    made.get("ome", made).pop("multiscales")  # type: ignore[attr-defined]
    return made


def _sequence_of_part() -> Json:
    part = copy.deepcopy(PARTED)
    items(part, "transformations").pop()
    return {"type": "sequence", "transformations": [TURNED, part]}


def _of_arrays(entry: Json) -> None:
    _axes(entry)[:] = [{"name": f"dim_{n}", "type": "array"} for n in range(2)]


def _stating(version: str) -> Json:
    made = _image("0.6")
    inner(made, "ome")["version"] = version
    return made


CASES = [*_gaps(), *_suites()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_documents_come_out_right(case: Case) -> None:
    """Those that schemas let pass, and those of the suites that the text does not foresee."""
    verdict = judge_document(case.document, case.measure)
    assert verdict.valid is case.valid, verdict.message


@pytest.mark.parametrize("version", VERSIONS)
def test_the_version_need_not_be_given(version: str) -> None:
    """It is stated, or else the form shows it; given, the verdict is the same."""
    for found in documents(version).values():
        for document in found:
            stated = judge_document(document, Measure())
            asked = judge_document(document, Measure(version=version))
            assert stated.valid, stated.message
            assert asked.valid, asked.message
            assert asked.message == f"conforms to OME-Zarr {version}"


@pytest.mark.parametrize(
    ("wrap", "strict"),
    [
        (lambda found: found | {"_conformance": {"valid": False}}, False),
        (lambda found: found | {"_conformance": {"strict": True}}, True),
        (
            lambda found: (
                found | {"_conformance": {"schema": {"id": "schemas/strict_image.schema"}}}
            ),
            True,
        ),
        (lambda found: {"formerly": "x", "data": found, "valid": False}, False),
        (lambda found: {"zarr_format": 3, "node_type": "group", "attributes": found}, False),
        (lambda found: {"attributes": found}, False),
    ],
)
def test_documents_come_in_every_wrapping(wrap: Callable[[Json], Json], strict: bool) -> None:
    """Attributes, a case of a suite, a whole `zarr.json`; what a case expects is not believed."""
    assert judge_document(wrap(_image("0.5")), Measure()).valid
    without = _image("0.5", lambda e: e.pop("metadata"))
    assert judge_document(wrap(without), Measure()).valid is not strict
    broken = _image("0.5", lambda e: e.pop("datasets"))
    assert not judge_document(wrap(broken), Measure()).valid


def test_all_faults_are_told_at_once() -> None:
    """The message names each, up to some."""
    made = _image("0.5", lambda e: (e.pop("datasets"), e.update(name=1), _axes(e).pop()))
    message = judge_document(made, Measure()).message
    assert all(rule in message for rule in ("datasets-list", "multiscales-members", "axes-list"))


def test_what_does_not_count_are_rules_that_there_are() -> None:
    """Each exception is of a rule of the force that it is an exception to."""
    forces = {rule.id: rule.force for rule in all_rules()}
    assert {forces[rule] for rule in ALLOWED} == {Force.MUST}
    assert {forces[rule] for rule in UNASKED} == {Force.SHOULD}


def _dev3(tree: Tree) -> None:
    entry = inner(ome(tree), "multiscales", 0)
    ome(tree)["version"] = "0.6.dev3"
    for one in items(entry, "coordinateTransformations"):
        inner(one).update(input="intrinsic", output="world")
        for part in items(one, "transformations"):
            inner(part).update(
                input_axes=inner(part).pop("inputAxes"), output_axes=inner(part).pop("outputAxes")
            )
    for n, level in enumerate(items(entry, "datasets")):
        inner(level, "coordinateTransformations", 0).update(input=str(n), output="intrinsic")


def test_previews_are_read_as_what_they_mean() -> None:
    """`0.6.dev3` had bare texts and `input_axes`; the same under 0.6 is wrong."""
    preview = attributes(changed(joined(PARTED), _dev3), "0.6")
    assert judge_document(preview, Measure()).valid
    assert not judge_document(preview, Measure(lenient=False)).valid
    inner(preview, "ome")["version"] = "0.6"
    assert not judge_document(preview, Measure()).valid
    assert judge_document(preview, LENIENT).valid


@pytest.mark.parametrize("version", ["0.6.dev4", "0.6rc0", "0.6"])
def test_bare_texts_were_gone_after_the_third_preview(version: str) -> None:
    """The suites have a document that is invalid for just that."""
    made = _image("0.6", lambda e: _transform(e).update(input="0", output="intrinsic"))
    inner(made, "ome")["version"] = version
    assert not judge_document(made, Measure()).valid


def test_parts_by_dimension_may_be_flat_in_previews() -> None:
    """A part had its transformation's members beside its axes."""
    flat: Json = {
        "type": "byDimension",
        "transformations": [
            {"type": "scale", "scale": [2, 2], "input_axes": [2, 3], "output_axes": [2, 3]},
            {"type": "identity", "input_axes": [0, 1], "output_axes": [0, 1]},
        ],
    }
    made = attributes(joined(flat), "0.6")
    assert not judge_document(made, Measure()).valid
    assert judge_document(made, LENIENT).valid


def test_a_scene_stood_by_itself_before_it_had_a_name() -> None:
    """Its members were those of the group; up to today that is not 0.6."""
    members = inner(ome(scene()), "scene")
    made = {"ome": {"version": "0.6.dev2", **members}}
    assert judge_document(made, Measure()).valid
    assert not judge_document({"ome": {"version": "0.6", **members}}, Measure()).valid


def test_the_first_preview_had_images_of_0_5() -> None:
    """They are judged as such."""
    made = _image("0.5")
    inner(made, "ome")["version"] = "0.6.dev1"
    assert judge_document(made, Measure()).valid
    inner(made, "ome", "multiscales", 0, "axes", 0)["name"] = "x"
    assert not judge_document(made, Measure()).valid


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_is_judged_with_its_arrays(version: str) -> None:
    """A level that is not there is a fault."""
    tree = image(version)
    assert judge_store(hierarchy(tree), Measure()).valid
    tree.pop("1/.zarray" if "1/.zarray" in tree else "1/zarr.json")
    verdict = judge_store(hierarchy(tree), Measure())
    assert not verdict.valid
    assert "dataset-array" in verdict.message


def test_a_store_of_one_group_is_judged_as_its_document_is() -> None:
    """The suites' stores hold no arrays."""
    made = {path: found for path, found in image("0.5").items() if path == "zarr.json"}
    assert judge_store(hierarchy(made), Measure()).valid
    made["zarr.json"] = copy.deepcopy(made["zarr.json"])
    ome(made)["multiscales"] = []
    assert not judge_store(hierarchy(made), Measure()).valid


@pytest.mark.parametrize(
    ("version", "valid"), [("0.6.dev4", True), ("0.6rc0", True), ("0.6", False)]
)
def test_stores_of_previews_may_have_bare_texts(version: str, valid: bool) -> None:
    """The suites' stores have them though their previews had not."""
    attributes_ = _image("0.6", lambda e: _transform(e).update(input="0", output="intrinsic"))
    inner(attributes_, "ome")["version"] = version
    store = group("0.6")
    inner(store["zarr.json"])["attributes"] = attributes_
    assert judge_store(hierarchy(store), Measure()).valid is valid


def test_a_plate_by_itself_may_have_columns_first_in_0_6_only() -> None:
    """As its document may; with its wells around it the paths have to lead there."""
    for version, valid in (("0.5", False), ("0.6", True)):
        made = group(version)
        inner(made["zarr.json"])["attributes"] = _plate(version, "1/A")
        assert judge_store(hierarchy(made), Measure()).valid is valid
    whole = plate("0.6", "A", "1")
    inner(ome(whole), "plate", "wells", 0)["path"] = "1/A"
    assert not judge_store(hierarchy(whole), Measure()).valid


def test_a_folder_without_zarr_is_not_valid() -> None:
    """There is nothing of OME-Zarr in it."""
    assert not judge_store(hierarchy({"notes.txt": b"x"}), Measure()).valid
    assert not judge_store(hierarchy(group("0.4")), Measure()).valid


def test_a_verdict_has_the_form_that_the_runner_reads() -> None:
    """Two members, of JSON's types."""
    found = json.loads(json.dumps(judge_document(_image("0.6"), Measure()).to_json()))
    assert found == {"valid": True, "message": "conforms to OME-Zarr 0.6"}


def _physical(found: Json, begins: str, level: str = "0", comes_from: str = "0") -> Json:
    """Give an image of 0.6 whose levels come to `physical`, and go on to `world` from `begins`."""
    entry = inner(found, "ome", "multiscales", 0)
    inner(entry, "coordinateSystems", 0)["name"] = "physical"
    for one in items(entry, "datasets"):
        inner(one, TRANSFORMS, 0, "output")["name"] = "physical"
    inner(entry, "datasets", 0).update(path=level)
    inner(entry, "datasets", 0, TRANSFORMS, 0, "input").update(path=comes_from)
    inner(entry, TRANSFORMS, 0, "input").update(name=begins)
    return found


@pytest.mark.parametrize(
    ("slip", "valid"),
    [
        (("physical",), True),
        (("intrinsic",), True),
        (("stage",), False),
        (("physical", "1", "s1"), True),
        (("physical", "1", "t1"), False),
    ],
)
def test_slips_of_the_suites_are_read_as_they_are_meant(slip: tuple[str, ...], valid: bool) -> None:
    """A transformation that begins at `intrinsic`, though the system is called otherwise.

    And a level `1` whose input is `s1`. With the arrays around it the same is wrong.
    """
    made = _physical(attributes(joined(TURNED), "0.6"), *slip)
    verdict = judge_document(made, STRICT)
    assert verdict.valid is valid, verdict.message
    whole = joined(TURNED)
    inner(whole["zarr.json"])["attributes"] = made
    assert judge_store(hierarchy(whole), Measure()).valid is (slip == ("physical",))


@pytest.mark.parametrize("version", ["0.6.dev4", "0.6rc0", "0.6"])
def test_a_store_that_is_a_case_is_judged_as_its_suite_asks(version: str) -> None:
    """Strictly in a strict suite; bare texts are read, whatever version it states."""

    def judged(change: Callable[[Json], object], schema: str, lenient: bool | None = None) -> bool:
        members = _image("0.6", change)
        inner(members, "ome")["version"] = version
        members["_conformance"] = {"schema": {"id": f"schemas/{schema}.schema"}}
        store = group("0.6")
        inner(store["zarr.json"])["attributes"] = members
        return judge_store(hierarchy(store), Measure(lenient=lenient)).valid

    def bare(entry: Json) -> None:
        _transform(entry).update(input="0", output="intrinsic")

    assert judged(bare, "image")
    assert not judged(bare, "image", lenient=False)
    assert judged(lambda e: e.pop("name"), "image")
    assert not judged(lambda e: e.pop("name"), "strict_image")
    assert judged(lambda _: None, "strict_image")


@pytest.mark.parametrize(("version", "valid"), [("0.6.dev2", True), ("0.6.dev3", False)])
def test_the_ends_of_a_scene_were_texts_before_it_had_a_name(version: str, valid: bool) -> None:
    """The suites of the one have scenes that are valid so, those of the next call them invalid."""
    members = copy.deepcopy(inner(ome(scene()), "scene"))
    for one in items(members, TRANSFORMS):
        inner(one)["output"] = "world"
    for made in ({"version": version, **members}, {"version": version, "scene": members}):
        assert judge_document({"ome": made}, Measure()).valid is valid
