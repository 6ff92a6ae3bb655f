"""Scripts for `zarrs_reencode`: the statement, its quoting, and arrays that are refused."""

from __future__ import annotations

import shlex

import pytest

from tests.build import BLOSC, Json
from tests.unit.layouts import GZIP, SNAPPY, ZLIB, ZSTD, layout_of
from tests.unit.surveys import image, survey_of
from zarrlift.errors import UsageError
from zarrlift.findings import note
from zarrlift.metadata.layout import ArrayLayout
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.scripts import refuse_unreadable, script_text
from zarrlift.plan.settings import Settings, parse_wish


def plan_of(
    layout: ArrayLayout, axes: str = "yx", *, source: str = "/data/old.zarr", **wish: str
) -> Plan:
    """Plan an image of one level."""
    survey = survey_of(*image("", axes, [layout]), source=source)
    return make_plan(survey, "/data/new.zarr", Settings(wish=parse_wish(**wish)))


def statement(plan: Plan) -> list[str]:
    """Give the words of the statement."""
    text = script_text(plan, plan.arrays[0], ())
    line = next(line for line in text.splitlines() if line.startswith("zarrs_reencode"))
    return shlex.split(line)


def test_statement_has_shapes_names_and_paths() -> None:
    """The statement is that of the challenge's README, with the paths of the array."""
    layout = layout_of((2, 236, 275, 271), (1, 1, 275, 271))

    words = statement(plan_of(layout, "czyx", shards="2,236,275,271"))

    shapes = ["--chunk-shape", "1,1,275,271", "--shard-shape", "2,236,275,271"]
    names = ["--dimension-names", "c,z,y,x", "--validate", "--separator", "/"]
    paths = ["/data/old.zarr/0", "/data/new.zarr/0"]
    assert words == ["zarrs_reencode", *shapes, *names, *paths, "||", "again"]


def test_array_without_shards_states_its_chunks_as_shards() -> None:
    """Without a shard shape the program would keep the source's chunks."""
    words = statement(plan_of(layout_of((64, 64), (8, 8)), chunks="16,16", shards="none"))

    assert words[1:5] == ["--chunk-shape", "16,16", "--shard-shape", "16,16"]


def test_paths_are_quoted() -> None:
    """Blanks, quotes and dollars in a path stay what they are."""
    plan = plan_of(layout_of((8, 8), (8, 8)), source="/da ta/it's $HOME.zarr")

    assert "/da ta/it's $HOME.zarr/0" in statement(plan)


def test_plain_files_are_copied_afterwards() -> None:
    """The program empties its target, so files among the chunks follow it."""
    plan = plan_of(layout_of((8, 8), (8, 8)))

    last = script_text(plan, plan.arrays[0], ["0/sub/th umb.png"]).splitlines()[-1]

    assert shlex.split(last) == [
        *("mkdir", "-p", "/data/new.zarr/0/sub", "&&"),
        *("cp", "-R", "/data/old.zarr/0/sub/th umb.png", "/data/new.zarr/0/sub/"),
    ]


@pytest.mark.parametrize("compressor", [None, BLOSC, ZSTD, GZIP])
def test_readable_codecs_are_taken(compressor: Json | None) -> None:
    """What `zarrs_reencode` reads in Zarr v2 is not refused."""
    refuse_unreadable(plan_of(layout_of((8, 8), (8, 8), compressor=compressor)))


def test_unreadable_codec_is_refused() -> None:
    """An array in zlib is named, before anything is written."""
    with pytest.raises(UsageError, match="0: zarrs_reencode does not read codec zlib"):
        refuse_unreadable(plan_of(layout_of((8, 8), (8, 8), compressor=ZLIB)))
    with pytest.raises(UsageError, match="does not read codec blosc:snappy"):
        refuse_unreadable(plan_of(layout_of((8, 8), (8, 8), compressor=SNAPPY)))


def test_misstated_separator_is_refused() -> None:
    """Where the keys are not what `.zarray` says, all chunks would read as missing."""
    survey = survey_of(
        *image("", "yx", [layout_of((8, 8), (8, 8))]),
        findings=[note("separator-proved", "0", "the keys show '/'")],
    )

    with pytest.raises(UsageError, match="finds no chunk"):
        refuse_unreadable(make_plan(survey, "/new", Settings()))


def test_empty_array_is_refused() -> None:
    """There is nothing to encode in an array without elements."""
    with pytest.raises(UsageError, match="without elements"):
        refuse_unreadable(plan_of(layout_of((0, 8), (8, 8))))
