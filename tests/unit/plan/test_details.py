"""Details files: the two forms, what is read of them, and what is refused by name."""

from __future__ import annotations

import json

import pytest

from tests.unit.layouts import layout_of
from tests.unit.surveys import array, cells, group, image, survey_of
from zarrlift.errors import UsageError
from zarrlift.plan.details import details_of, details_text, layout_rules, parse_details
from zarrlift.plan.plan import make_plan
from zarrlift.plan.settings import Settings, parse_rules
from zarrlift.survey.facts import Survey

CHUNKS, SHARDS = [1, 1, 1, 512, 512], [1, 1, 1, 1024, 1024]
ENTRY = {"shape": [9], "chunks": CHUNKS, "shards": SHARDS}


def lone() -> Survey:
    """Give an image of two levels, which it names from the coarse to the fine."""
    levels = [layout_of((1, 1, 1, size, size), (1, 1, 1, 64, 64)) for size in (100, 200)]
    return survey_of(*image("", "tczyx", levels))


def target_layouts(survey: Survey, document: object) -> dict[str, tuple[object, object]]:
    """Plan with details; give chunks and shards by array."""
    rules = parse_rules(layout_rules(document, survey), Settings().wish)
    made = make_plan(survey, "/new", Settings(rules=rules))
    return {a.path: (a.target.chunks, a.target.shards) for a in made.arrays}


def test_lone_image_has_a_list_in_the_order_of_datasets() -> None:
    """The list follows `datasets`, whatever the arrays are called."""
    root = group("", {"multiscales": [_multiscale("s1", "s0")]})
    layouts = [layout_of((1, 1, 1, size, size), (1, 1, 1, 64, 64)) for size in (100, 200)]
    survey = survey_of(root, array("s0", layouts[1]), array("s1", layouts[0]))

    details = details_of(make_plan(survey, "/new", Settings()))

    assert isinstance(details, list)
    assert [entry["shape"] for entry in details] == [[1, 1, 1, 100, 100], [1, 1, 1, 200, 200]]
    assert details[1]["chunks"] == [1, 1, 1, 64, 64]
    assert details[1]["shards"] == [1, 1, 1, 256, 256]


def _multiscale(*paths: str) -> dict[str, object]:
    scale = {"type": "scale", "scale": [1] * 5}
    return {
        "version": "0.4",
        "axes": [
            {"name": a, "type": {"t": "time", "c": "channel"}.get(a, "space")} for a in "tczyx"
        ],
        "datasets": [{"path": p, "coordinateTransformations": [scale]} for p in paths],
    }


def test_several_images_have_a_mapping_by_path() -> None:
    """With labels beside the image, paths say which array is meant; a prefix goes before them."""
    details = details_of(make_plan(cells(), "/new", Settings()), "data/cells.zarr")

    assert list(details) == [f"data/cells.zarr/{p}" for p in ("0", "1", "labels/nuclei/0")]


@pytest.mark.parametrize("survey", [lone(), cells()], ids=["list", "mapping"])
def test_what_is_written_is_read_back(survey: Survey) -> None:
    """The details of a plan, read back, give the same layouts."""
    plan = make_plan(survey, "/new", Settings())
    text = details_text(details_of(plan, "a/b"))

    found = target_layouts(survey, parse_details(text, "details.json"))

    assert found == {a.path: (a.target.chunks, a.target.shards) for a in plan.arrays}
    assert json.loads(text) == details_of(plan, "a/b")


def test_comment_before_the_json_is_passed_over() -> None:
    """A first line that begins with `#` names the file, as in the README."""
    assert parse_details('# params.json\n\n[{"chunks": [1]}]', "x") == [{"chunks": [1]}]


@pytest.mark.parametrize(
    "prefix", ["", "cells.zarr/", "./cells.zarr/", "/data/cells.zarr/", "zarr/v0.4/labels/"]
)
def test_paths_may_begin_with_that_of_the_source(prefix: str) -> None:
    """Whatever goes before the arrays' paths is found from the paths themselves."""
    document = {f"{prefix}{path}": ENTRY for path in ("0", "1")}

    rules = layout_rules(document, cells())

    assert rules == {path: {"chunks": CHUNKS, "shards": SHARDS} for path in ("0", "1")}


def test_one_path_may_begin_with_that_of_the_source() -> None:
    """The prefix is found from a single entry too."""
    entry = {"chunks": [1, 512, 512]}

    assert list(layout_rules({"cells.zarr/labels/nuclei/0": entry}, cells())) == ["labels/nuclei/0"]


def test_list_counts_for_labels_by_axis() -> None:
    """A list is of levels of every image; labels with fewer axes take the sizes of theirs."""
    found = target_layouts(cells(), [ENTRY])

    assert found["0"] == ((1, 1, 1, 512, 512), (1, 1, 1, 1024, 1024))
    assert found["labels/nuclei/0"] == ((1, 512, 512), (1, 1024, 1024))
    assert found["1"][0] == (1, 1, 1, 1024, 1024)


def test_sizes_are_clipped_and_rounded() -> None:
    """A chunk larger than its level is clipped, a shard is rounded up to whole chunks."""
    survey = survey_of(*image("", "tczyx", [layout_of((1, 3, 1, 91, 141), (1, 1, 1, 91, 141))]))
    entry = {"chunks": [1, 1, 1, 64, 1024], "shards": [1, 3, 1, 100, 4096]}

    assert target_layouts(survey, [entry]) == {"0": ((1, 1, 1, 64, 141), (1, 3, 1, 128, 141))}


def test_path_with_wildcards_means_itself() -> None:
    """A folder called `[a]*` is no pattern."""
    layouts = [layout_of((64, 64), (8, 8))]
    survey = survey_of(group(""), *image("[a]*", "yx", layouts), *image("ab", "yx", layouts))

    found = target_layouts(survey, {"[a]*/0": {"shards": [16, 16]}})

    assert found["[a]*/0"][1] == (16, 16)
    assert found["ab/0"][1] == (64, 64)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("words", "neither a list nor an object"),
        ([1], "entry 0 are not understood"),
        ([{"chunk": CHUNKS}], "entry 0 are not understood"),
        ([{"chunks": "1,1"}], "entry 0: chunks are not understood"),
        ([{"chunks": [1, 1, 1, 0, 1]}], "entry 0: chunks are not understood"),
        ([{"chunks": [1, 1, 1, True, 1]}], "entry 0: chunks are not understood"),
        (
            [{"chunks": [512, 512]}],
            r"^0: chunks \[512, 512\] are 2 sizes, and the array has 5 axes",
        ),
        ([{}, {"shards": [1] * 6}], r"^1: shards .* are 6 sizes"),
        ([{}, {}, {}], "of 3 levels, and no image has more than 2"),
        ({"0": {}, "7": {}}, "name '7', and there is no such array"),
        ({"cells.zarr/labels/gone/0": {}, "cells.zarr/0": {}}, "labels/gone/0"),
        ({"labels/nuclei/0": {"chunks": CHUNKS}}, r"^labels/nuclei/0: chunks .* has 3 axes"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(document: object, expected: str) -> None:
    """Errors name the entry or the array that they are about."""
    with pytest.raises(UsageError) as caught:
        layout_rules(document, cells())

    assert caught.match(expected)


def test_what_is_no_json_is_refused() -> None:
    """The place of the file, and where in it, are in the error."""
    with pytest.raises(UsageError, match=r"params.json: not readable as JSON: .*line 1"):
        parse_details("[{]", "params.json")
