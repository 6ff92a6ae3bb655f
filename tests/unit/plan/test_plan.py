"""A whole lift, decided from a survey and the settings."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tests.build import Index
from tests.unit.layouts import LZ4, layout_of, text_layout
from tests.unit.surveys import array, cells, group, image, image_attributes, survey_of
from zarrlift.errors import SourceError, UsageError
from zarrlift.findings import Severity, warning
from zarrlift.metadata.layout import Keys
from zarrlift.plan.methods import Method
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.settings import (
    Damaged,
    Exact,
    Settings,
    parse_rules,
    parse_wish,
)
from zarrlift.survey.facts import PlainFile, Survey

BILLION = 10**9


def plan_of(found: Survey, **wishes: str) -> Plan:
    """Give the plan for some wishes."""
    return make_plan(found, "/data/cells-0.5.zarr", Settings(wish=parse_wish(**wishes)))


def shards(plan: Plan) -> dict[str, Index | None]:
    """Give each array's shards."""
    return {a.path: a.target.shards for a in plan.arrays}


def test_default_plan_packs_and_copies() -> None:
    """By default every array keeps chunks and codec, and is gathered into shards."""
    plan = plan_of(cells())

    assert shards(plan) == {
        "0": (1, 1, 2, 4096, 4096),
        "1": (1, 1, 8, 2048, 2048),
        "labels/nuclei/0": (2, 4096, 4096),
    }
    assert {a.method for a in plan.arrays} == {Method.PACK}
    assert all(a.source.codecs == a.target.codecs for a in plan.arrays)
    assert not plan.encodes


def test_arrays_have_v3_keys_and_their_images_axes() -> None:
    """Each array is named after the axes of the image it belongs to, under v3's own keys."""
    plan = plan_of(cells())

    assert [a.target.dimension_names for a in plan.arrays] == [
        tuple("tczyx"),
        tuple("tczyx"),
        tuple("zyx"),
    ]
    assert {a.target.keys for a in plan.arrays} == {Keys.DEFAULT_NESTED}


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("none", (None, None, None)),
        (
            "1,1,4,4096,4096",
            ((1, 1, 4, 4096, 4096), (1, 1, 4, 2048, 2048), (4, 4096, 4096)),
        ),
        (
            "y=2048,x=2048",
            ((1, 1, 1, 2048, 2048), (1, 1, 1, 2048, 2048), (1, 2048, 2048)),
        ),
    ],
)
def test_shards_of_an_image_fit_its_levels_and_labels(
    wish: str, expected: tuple[Index | None, ...]
) -> None:
    """A shape for the 5-D image clips to lower levels, and by axis name to 3-D labels."""
    assert tuple(shards(plan_of(cells(), shards=wish)).values()) == expected


def test_sizes_that_fit_no_array_are_refused() -> None:
    """Sizes that count other axes than any image has cannot be met, and are not passed over."""
    with pytest.raises(UsageError):
        plan_of(cells(), shards="1,4096,4096,1")


def test_axes_that_no_array_has_are_refused() -> None:
    """A size for an axis that no image names cannot be met, and is not passed over."""
    with pytest.raises(UsageError):
        plan_of(cells(), shards="q=4096")


def test_chunks_asked_for_make_shards_anew() -> None:
    """With other chunks an array is rechunked, and its shards are counted in the new ones."""
    plan = plan_of(cells(), chunks="y=256,x=256")

    assert {a.method for a in plan.arrays} == {Method.RECHUNK}
    assert plan.arrays[0].target.chunks == (1, 1, 1, 256, 256)
    assert plan.arrays[0].target.shards == (1, 1, 2, 4096, 4096)
    assert plan.encodes


def test_rules_hold_for_the_paths_they_match() -> None:
    """A layout file's first matching rule counts for an array, the general wish for the others."""
    settings = Settings(
        rules=parse_rules({"labels/*": {"shards": "none", "codec": "zstd:9"}}, parse_wish())
    )

    plan = make_plan(cells(), "/t", settings)

    assert [a.method for a in plan.arrays] == [Method.PACK, Method.PACK, Method.RECODE]
    assert plan.arrays[2].target.shards is None
    assert str(plan.arrays[2].target.codecs[-1]) == "zstd:9"


def test_text_arrays_keep_what_they_have() -> None:
    """Elements of any length are neither sharded, rechunked nor recoded, whatever is asked for."""
    found = survey_of(group("", {"plate": {}}), array("names", text_layout((4,))))

    plan = plan_of(found, chunks="2", shards="4", codec="zstd")

    assert plan.arrays[0].method is Method.COPY
    assert plan.arrays[0].target.shards is None


def test_like_arrays_are_decided_alike_under_their_own_paths() -> None:
    """Thousands of fields have one layout, and each its own path."""
    layout = layout_of((1, 1, 512, 512), (1, 1, 256, 256))
    fields = [node for n in range(50) for node in image(f"A/1/{n}", "czyx", [layout])]

    plan = plan_of(survey_of(group("", {"plate": {}}), *fields))

    assert [a.path for a in plan.arrays] == [f"A/1/{n}/0" for n in range(50)]
    assert len({id(a.target) for a in plan.arrays}) == 1


def test_codecs_that_readers_lack_are_recoded_with_a_reason() -> None:
    """lz4 arrays are recoded, and the plan says why."""
    plan = plan_of(cells(LZ4))

    assert {a.method for a in plan.arrays} == {Method.RECODE}
    assert all("lz4" in a.reason for a in plan.arrays)


def test_findings_of_the_survey_and_of_the_lift_come_together() -> None:
    """What the survey found and what lifting said are both reported."""
    found = survey_of(
        group("", image_attributes("yx", ["0", "1"]) | {"ome": 1}),
        array("0", layout_of((64, 64), (32, 32))),
        findings=[warning("link-loop", "x", "a link leads back")],
    )

    plan = plan_of(found)

    assert [(f.rule, f.severity) for f in plan.findings] == [
        ("link-loop", Severity.WARNING),
        ("ome-taken", Severity.ERROR),
    ]


def test_missing_levels_are_warnings() -> None:
    """An image that names an array which is not there is told, with the path it names."""
    found = survey_of(
        group("", image_attributes("yx", ["0", "gone"])), array("0", layout_of((4, 4), (2, 2)))
    )

    finding = plan_of(found).findings[-1]

    assert (finding.rule, finding.severity) == ("array-missing", Severity.WARNING)
    assert "'gone'" in finding.message


def test_rules_that_match_nothing_are_warnings() -> None:
    """A layout file's pattern that matches no array is told by name, the others are not."""
    members = {"shards": "none"}
    rules = parse_rules({"labels/*": members, "images/*": members, "/0": members}, parse_wish())

    findings = make_plan(cells(), "/t", Settings(rules=rules)).findings

    assert [(f.rule, f.severity) for f in findings] == [("pattern-unused", Severity.WARNING)]
    assert "images/*" in findings[0].message


def test_groups_that_are_missing_are_warnings() -> None:
    """A plate that names a well which is not there is told, with the path it names."""
    wells = [{"path": "A/1"}, {"path": "A/2"}]

    findings = plan_of(survey_of(group("", {"plate": {"wells": wells}}), group("A/1"))).findings

    assert [(f.rule, f.severity, f.path) for f in findings] == [
        ("group-missing", Severity.WARNING, "")
    ]
    assert "'A/2'" in findings[0].message


def test_plain_zarr_needs_leave() -> None:
    """A hierarchy without OME metadata is refused with the option that lifts it all the same."""
    found = survey_of(group(""), array("x", layout_of((4,), (2,))), version=None)

    with pytest.raises(SourceError, match="without OME metadata") as caught:
        plan_of(found)

    assert "--plain-zarr" in str(caught.value.hint)
    assert make_plan(found, "/t", Settings(plain_zarr=True)).version is None


@pytest.mark.parametrize("version", ["0.5", "0.6", "0.4-dev", "1"])
def test_versions_that_are_not_known_are_refused(version: str) -> None:
    """A version beside 0.1 to 0.4 is refused by name."""
    with pytest.raises(SourceError, match=repr(version)):
        plan_of(replace(cells(), version=version))


DIGESTS: Mapping[str, Callable[[], Plan]] = {
    "shards": lambda: plan_of(cells(), shards="none"),
    "chunks": lambda: plan_of(cells(), chunks="y=512"),
    "codec": lambda: plan_of(cells(), codec="zstd"),
    "damaged": lambda: make_plan(cells(), "/t", Settings(damaged=Damaged.COPY)),
    "exclude": lambda: make_plan(cells(), "/t", Settings(exclude=("labels",))),
    "shard-size": lambda: make_plan(cells(), "/t", Settings(shard_size=2**22)),
    "source": lambda: plan_of(replace(cells(), digest="d2")),
    "compressor": lambda: plan_of(cells(LZ4)),
    "codec-versions": lambda: replace(plan_of(cells()), codec_versions=(("numcodecs", "0.16"),)),
}


@pytest.mark.parametrize("name", DIGESTS)
def test_digest_changes_with_what_is_written(name: str) -> None:
    """Whatever changes the bytes of the target, or their source, changes the digest."""
    assert DIGESTS[name]().digest != plan_of(cells()).digest


def test_digests_are_all_different() -> None:
    """No two of these plans are taken for one another."""
    assert len({make().digest for make in DIGESTS.values()}) == len(DIGESTS)


def test_digest_does_not_change_with_how_and_where() -> None:
    """The same bytes elsewhere have the same digest, and how a job runs is no part of a plan."""
    plan = plan_of(cells())

    moved = make_plan(replace(cells(), source="/elsewhere"), "/other", plan.settings)
    allowed = make_plan(cells(), "/t", replace(plan.settings, plain_zarr=True, large_index=True))

    assert moved.digest == plan.digest == allowed.digest
    assert not plan.settings.to_json().keys() & {"workers", "memory", "verify", "fsync"}


def test_digest_is_the_same_in_every_process() -> None:
    """The digest is a SHA-256 over facts in a fixed order."""
    digest = plan_of(cells()).digest

    assert len(digest) == 64
    assert int(digest, 16)
    assert digest == plan_of(cells()).digest


@pytest.mark.parametrize(("chunks", "axes"), [((1, 1, 1), "zyx"), ((1, 1), "yx")])
def test_a_billion_chunks_plan_as_quickly_as_ten(chunks: Index, axes: str) -> None:
    """Units are numbers, never a list: 10^9 chunks take no time and no memory."""
    side = round(BILLION ** (1 / len(chunks)))
    shape = (BILLION // side ** (len(chunks) - 1), *[side] * (len(chunks) - 1))
    found = survey_of(*image("", axes, [layout_of(shape, chunks)]))
    tracemalloc.start()
    begun = time.perf_counter()

    plan = plan_of(found)
    counted = plan.arrays[0].objects_in

    seconds, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counted == pytest.approx(BILLION, rel=1e-3)
    assert plan.arrays[0].objects_out >= counted // 1024
    assert plan.digest
    assert seconds < 2
    assert peak < 10 * 2**20


def exact(**changed: object) -> Exact:
    """Give the edited layout of the 5-D image's first level."""
    layout = plan_of(cells()).arrays[0].target
    stated = {"chunks": layout.chunks, "shards": layout.shards, "codecs": layout.codecs, **changed}
    return Exact(**stated)  # type: ignore[arg-type]


def test_edited_layouts_override_wishes() -> None:
    """What an edited plan states for an array is what is written."""
    edited = exact(shards=(1, 3, 1, 2048, 2048))

    plan = make_plan(cells(), "/t", Settings(), {"0": edited})

    assert plan.arrays[0].target.shards == (1, 3, 1, 2048, 2048)
    assert plan.arrays[1] == plan_of(cells()).arrays[1]


def test_shards_of_one_chunk_are_no_shards() -> None:
    """A shard as large as its chunk is a chunk."""
    plan = make_plan(cells(), "/t", Settings(), {"0": exact(shards=(1, 1, 1, 1024, 1024))})

    assert plan.arrays[0].target.shards is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shards": (1, 1, 1, 4096, 4000)}, "axis x"),
        ({"shards": (1, 1, 1, 512, 1024)}, "axis y"),
        ({"chunks": (1, 1, 3, 1024, 1024), "shards": (1, 1, 4, 1024, 1024)}, "axis z"),
        ({"shards": (4096, 4096)}, "5 axes"),
        ({"shards": ()}, "5 axes"),
        ({"chunks": (1024, 1024), "shards": None}, "5 axes"),
        ({"chunks": (1, 1, 1, 0, 1024), "shards": None}, "at least 1"),
        ({"shards": (1, 1, 1, 0, 1024)}, "shards"),
        ({"shards": (1, 1, 1, -1024, 1024)}, "shards"),
        ({"chunks": (1, 1, 1, 2, 2), "shards": (1, 1, 1, 4096, 4096)}, "--large-index"),
    ],
)
def test_edits_that_cannot_be_are_refused(changed: dict[str, object], message: str) -> None:
    """An edited shape that does not fit is refused, naming the array and the axis."""
    with pytest.raises(UsageError) as caught:
        make_plan(cells(), "/t", Settings(), {"0": exact(**changed)})

    assert caught.value.place == "0"
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_max_files_raises_the_shard_size() -> None:
    """With a limit of files, shards grow until the target keeps it; settings keep the wish."""
    plan = plan_of(cells())
    files = sum(a.objects_out for a in plan.arrays) + len(plan.documents) + len(plan.files)

    fewer = make_plan(cells(), "/t", Settings(max_files=files // 2))

    now = sum(a.objects_out for a in fewer.arrays) + len(fewer.documents) + len(fewer.files)
    assert now <= files // 2
    assert fewer.settings.max_files == files // 2


def test_max_files_that_cannot_be_kept_says_the_least() -> None:
    """Documents and plain files count, so a limit below them cannot be kept."""
    with pytest.raises(UsageError, match=r"in 5 files; the least is 1[0-9]"):
        make_plan(cells(), "/t", Settings(max_files=5))


def test_plan_in_one_line() -> None:
    """A plan shows where from, where to, and what happens to how many arrays."""
    assert repr(plan_of(cells())) == (
        "Plan('/data/cells.ome.zarr' -> '/data/cells-0.5.zarr': 3 pack; 6 documents, 1 other files)"
    )


def test_files_come_along() -> None:
    """Files that are no part of Zarr are part of the plan."""
    assert plan_of(cells()).files == (PlainFile(path="notes/README.md", size=2000),)
