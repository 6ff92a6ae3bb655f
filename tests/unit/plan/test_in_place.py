"""What an upgrade in place decides, from a survey alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from tests.build import BLOSC, Json
from tests.unit.layouts import (
    DELTA,
    NOT_SHARED,
    SHARED,
    ZLIB,
    bounded,
    layout_of,
    v2_documents,
)
from tests.unit.surveys import array, cells, group, image, survey_of
from zarrlift.errors import SourceError
from zarrlift.findings import note, warning
from zarrlift.metadata import v2, v3
from zarrlift.metadata.layout import Keys
from zarrlift.plan.in_place import plan_in_place
from zarrlift.plan.methods import Method
from zarrlift.survey.facts import Node, NodeKind

PLANE = layout_of((64, 64), (32, 32))


def test_deepest_documents_come_first_and_the_root_last() -> None:
    """Nothing opens from the root before all below it is there."""
    assert [d.key for d in plan_in_place(cells()).documents] == [
        "labels/nuclei/0/zarr.json",
        "labels/nuclei/zarr.json",
        "0/zarr.json",
        "1/zarr.json",
        "labels/zarr.json",
        "zarr.json",
    ]


@pytest.mark.parametrize("keys", [Keys.V2_FLAT, Keys.V2_NESTED])
@pytest.mark.parametrize("compressor", SHARED)
def test_arrays_keep_what_they_have(compressor: Json | None, keys: Keys) -> None:
    """Only dimension names are added; the document states the keys that the chunks have."""
    layout = layout_of((64, 64), (32, 32), compressor=compressor).with_keys(keys)

    plan = plan_in_place(survey_of(*image("", "yx", [layout])))

    (kept,) = plan.arrays
    assert (kept.method, kept.source) == (Method.KEEP, layout)
    assert kept.method.undecoded
    assert kept.target == replace(layout, dimension_names=("y", "x"))
    document = next(d for d in plan.documents if d.path == "0").content()
    assert document["chunk_key_encoding"] == {
        "name": "v2",
        "configuration": {"separator": keys.separator},
    }


@bounded
@given(v2_documents(compressors=SHARED))
def test_document_reads_back_as_the_layout(document: Json) -> None:
    """What the document of a kept array says is the layout that its bytes have, of any type."""
    layout = v2.read_array(json.dumps(document).encode()).layout

    (kept,) = plan_in_place(survey_of(array("", layout), version=None), plain_zarr=True).arrays

    assert v3.read_array(v3.array_document(kept.target, {}), "/") == kept.target == layout


@pytest.mark.parametrize("compressor", NOT_SHARED)
def test_codecs_that_readers_do_not_share_are_errors(compressor: Json) -> None:
    """Such an array has a finding that names the codec, and no document."""
    layout = layout_of((64, 64), (32, 32), compressor=compressor)

    plan = plan_in_place(survey_of(*image("", "yx", [PLANE, layout])))

    (found,) = plan.findings
    assert (found.rule, found.severity, found.path) == ("codec-unshared", "error", "1")
    assert str(compressor.get("cname", compressor["id"])) in found.message
    assert [d.path for d in plan.documents] == ["0", ""]


def test_every_unshared_codec_of_a_chain_is_named() -> None:
    """Filters are named like compressors."""
    layout = layout_of((64, 64), (32, 32), compressor=ZLIB, filters=[DELTA])

    (found,) = plan_in_place(survey_of(*image("", "yx", [layout]))).findings

    assert "delta, zlib" in found.message


def test_folders_become_groups_and_are_counted() -> None:
    """A plate's row without documents gets one."""
    row = Node(path="A", kind=NodeKind.IMPLICIT, attributes={})

    plan = plan_in_place(survey_of(group("", {"plate": {}}), row, group("A/1", {"well": {}})))

    assert plan.implicit == 1
    assert [d.path for d in plan.documents] == ["A/1", "A", ""]


def test_findings_of_copies_are_left_out() -> None:
    """What becomes of links and pipes in a copy does not matter in place; the rest does."""
    found = [
        note("link-outside", "a", "m"),
        warning("special-file", "b", "m"),
        warning("both-formats", "", "m"),
        warning("array-members-dropped", "0", "m"),
    ]

    plan = plan_in_place(survey_of(*image("", "yx", [PLANE]), findings=found))

    assert [f.rule for f in plan.findings] == ["array-members-dropped"]


def test_missing_levels_are_reported() -> None:
    """An image that names a level which is not there is a warning, as when it is lifted."""
    named, *_ = image("", "yx", [PLANE, PLANE])

    plan = plan_in_place(survey_of(named, array("0", PLANE)))

    assert [(f.rule, f.severity) for f in plan.findings] == [("array-missing", "warning")]


def test_hierarchy_without_ome_is_refused() -> None:
    """Plain Zarr is upgraded only when asked for; unknown versions never are."""
    plain = survey_of(array("", PLANE), version=None)

    with pytest.raises(SourceError, match="without OME metadata"):
        plan_in_place(plain)
    assert len(plan_in_place(plain, plain_zarr=True).documents) == 1
    with pytest.raises(SourceError, match=r"0\.9"):
        plan_in_place(survey_of(array("", PLANE), version="0.9"), plain_zarr=True)


def test_blosc_is_the_usual_case() -> None:
    """The compressor that most data has passes."""
    assert not plan_in_place(cells(BLOSC)).findings
