"""A plan in words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.layouts import LZ4, ZLIB, layout_of
from tests.unit.surveys import array, cells, group, image, survey_of
from zarrlift import findings
from zarrlift.plan import cost
from zarrlift.plan.cost import Counted, Sample
from zarrlift.plan.memory import Resources, worker_bytes, workers_within
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.settings import Settings, parse_wish
from zarrlift.report import plans
from zarrlift.survey.facts import Survey

SAMPLE = Sample(stored_ratio=0.4, seconds_per_byte=1e-9, seconds_per_object=1e-4)
SPACE = (123 * 2**30, 5_124_094_976)
TARGET = "/data/2024-05-17/cells-0.5.ome.zarr"


def plate() -> Survey:
    """Give a plate of 192 fields with three levels each."""
    chunks = (1, 1, 1024, 1024)
    levels = [layout_of((4, 1, size, size), chunks) for size in (2160, 1080, 540)]
    fields = [
        node
        for row in "ABCDEFGH"
        for column in range(1, 13)
        for field in range(2)
        for node in image(f"{row}/{column}/{field}", "czyx", levels)
    ]
    return survey_of(group("", {"plate": {}}), *fields)


def odd() -> Survey:
    """Give arrays with long paths, many axes, order F and filters."""
    deep = "images/2024-05-17/series-12/labels/nuclei-and-cytoplasm"
    return survey_of(
        *image(
            deep,
            "tczyx",
            [
                layout_of(
                    (100, 12, 999, 99999, 99999),
                    (1, 1, 64, 1024, 1024),
                    dtype=">f8",
                    order="F",
                    compressor=LZ4,
                )
            ],
        ),
        array("tables/regions/0", layout_of((1000,), (100,), dtype="<U20", fill="")),
        array("point", layout_of((), (), fill=None)),
        findings=[
            findings.note("fill-null", "point", "fill_value null is written as 0, the type's zero")
        ],
    )


def text_of(
    plan: Plan,
    counted: Mapping[str, Counted] | None = None,
    samples: Mapping[str, Sample] | None = None,
    space: tuple[int, int | None] | None = SPACE,
) -> str:
    """Show a plan."""
    made = cost.costs(plan, counted or {}, samples or {})
    return plans.plan_text(plan, made, space, ["zarrlift", "convert", plan.source, TARGET])


@pytest.mark.parametrize(
    ("found", "wishes"),
    [
        pytest.param(cells(), {}, id="packed"),
        pytest.param(cells(), {"shards": "none"}, id="copied"),
        pytest.param(cells(LZ4), {}, id="recoded"),
        pytest.param(cells(ZLIB), {}, id="rewrapped"),
        pytest.param(
            cells(), {"chunks": "y=512,x=512", "codec": "blosc:zstd:9:bitshuffle"}, id="rechunked"
        ),
        pytest.param(plate(), {}, id="plate"),
        pytest.param(plate(), {"codec": "zstd"}, id="plate-recoded"),
        pytest.param(odd(), {}, id="odd"),
    ],
)
@pytest.mark.parametrize("samples", [{}, {"": SAMPLE}], ids=["bound", "sampled"])
def test_lines_fit_a_terminal(
    found: Survey, wishes: dict[str, str], samples: dict[str, Sample]
) -> None:
    """Every line of a usual plan fits 80 columns, but for the command to copy."""
    plan = make_plan(found, TARGET, Settings(wish=parse_wish(**wishes)))

    *lines, command = text_of(plan, samples=samples).splitlines()

    assert [line for line in lines if len(line) > 80] == []
    assert command == f"  zarrlift convert /data/cells.ome.zarr {TARGET}"


def test_like_arrays_are_one_row() -> None:
    """A plate's thousands of arrays are as many rows as it has levels."""
    text = text_of(make_plan(plate(), TARGET, Settings()))

    rows = [line for line in text.splitlines() if line.startswith("pack")]
    assert len(rows) == 3
    assert "A/1/0/0 and 191 alike" in rows[0]
    assert "alike" not in text_of(make_plan(cells(), TARGET, Settings()))
    assert "4,1,2160,2160 uint16" in rows[0]


def test_why_is_said_where_bytes_do_not_pass() -> None:
    """An array that is decoded has its reason below it; one that is packed needs none."""
    recoded = " ".join(text_of(make_plan(cells(LZ4), TARGET, Settings())).split())
    packed = text_of(make_plan(cells(), TARGET, Settings()))

    assert "why: lz4 not shared by v3 readers; written as blosc:zstd:5:shuffle" in recoded
    assert "why:" not in packed


def test_layouts_are_shown_as_they_change() -> None:
    """Chunks and codecs show what they were and will be, shards what they will be."""
    wishes = parse_wish("y=512,x=512", "none", "zstd:3")

    text = " ".join(text_of(make_plan(cells(), TARGET, Settings(wish=wishes))).split())

    assert "chunks 1,1,1,1024,1024 -> 1,1,1,512,512; no shards" in text
    assert "blosc:lz4:5:shuffle -> zstd:3" in text


def test_too_little_memory_is_said_with_what_would_do() -> None:
    """A plan that does not fit into the usual memory names the least that it does fit into."""
    plan = make_plan(cells(), TARGET, Settings(wish=parse_wish("y=4096,x=4096", "none")))
    small = cost.costs(plan, {}, {}, Resources(1, 2**20))

    text = plans.plan_text(plan, small, None, [])

    least = max(worker_bytes(a) for a in plan.arrays) // 2**20 + 1
    assert f"more than the usual 1.0 MiB: to be done it needs --memory {least}MiB" in text
    assert workers_within(plan, 4, least * 2**20) == 1
    assert "the usual" not in text_of(plan)


@pytest.mark.parametrize(
    ("chunks", "shards", "memory", "said"),
    [
        ("y=512,x=512", "y=4096,x=4096", 2**29, "each source chunk decoded once"),
        ("z=16,y=128,x=128", "z=16,y=1024,x=1024", 24 * 2**20, "decoded 4.0 times"),
    ],
)
def test_decoding_several_times_is_said(chunks: str, shards: str, memory: int, said: str) -> None:
    """An array in other chunks has a line on how often a source chunk is decoded."""
    plan = make_plan(cells(), TARGET, Settings(wish=parse_wish(chunks, shards)))
    found = cost.costs(plan, {}, {}, Resources(1, memory))

    text = plans.plan_text(plan, found, None, [])

    assert said in text
    assert "decoded" not in text_of(make_plan(cells(), TARGET, Settings()))


@pytest.mark.parametrize(
    ("counted", "samples", "expected"),
    [
        ({}, {}, "at most 768 -> at most 24 objects, at most 1.5 GiB"),
        ({}, {"": SAMPLE}, "at most 768 -> at most 24 objects, about 614 MiB"),
        ({"0": Counted(objects=700, bytes=2**30, units=22)}, {}, "700 -> 22 objects, 1.0 GiB"),
    ],
)
def test_figures_say_how_they_came_about(
    counted: dict[str, Counted], samples: dict[str, Sample], expected: str
) -> None:
    """A figure is exact, at most, or about; never bare where it is not counted."""
    lines = text_of(make_plan(cells(), TARGET, Settings()), counted, samples).splitlines()

    assert f"        {expected}" in lines


def test_time_is_said_where_it_was_measured() -> None:
    """The expected time stands there with a sample, and is not made up without."""
    plan = make_plan(cells(), TARGET, Settings())

    assert "Time      about" in text_of(plan, samples={"": SAMPLE})
    assert "Time" not in text_of(plan)


@pytest.mark.parametrize(
    ("space", "warned"),
    [
        ((2**50, 10**9), False),
        ((2**50, None), False),
        ((2**20, 10**9), True),
        ((2**50, 10), True),
    ],
)
def test_too_little_space_is_said(space: tuple[int, int | None], warned: bool) -> None:
    """Bytes and inodes at the target are compared with what the plan needs."""
    text = " ".join(text_of(make_plan(cells(), TARGET, Settings()), space=space).split())

    assert ("may NOT be enough" in text) is warned
    assert ("inodes" in text) is (space[1] is not None)


def test_nothing_is_claimed_to_be_written() -> None:
    """The plan ends by saying that nothing was done yet, and the command that does it."""
    assert text_of(make_plan(cells(), TARGET, Settings()), space=None).splitlines()[-2:] == [
        "Nothing has been written. To do it:",
        f"  zarrlift convert /data/cells.ome.zarr {TARGET}",
    ]


def test_paths_with_spaces_are_quoted_in_the_command() -> None:
    """The command can be copied as it is."""
    plan = make_plan(survey_of(group("", {"plate": {}}), source="/my data"), "/t", Settings())

    assert text_of(plan).splitlines()[-1].startswith("  zarrlift convert '/my data' ")


def test_plain_zarr_is_not_called_ome() -> None:
    """A hierarchy without OME metadata goes from Zarr v2 to Zarr v3."""
    found = survey_of(group(""), version=None)

    head = text_of(make_plan(found, TARGET, Settings(plain_zarr=True))).splitlines()[:2]

    assert [line.rsplit(" (")[-1] for line in head] == ["Zarr v2)", "Zarr v3)"]
