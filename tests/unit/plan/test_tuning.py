"""What was asked for of a tuning, and the layout file that comes of it."""

from __future__ import annotations

import pytest

from tests.build import Index
from tests.unit.layouts import layout_of
from tests.unit.surveys import array, cells, group, image, survey_of
from tests.unit.tunings import tuning_of
from zarrlift.errors import UsageError
from zarrlift.plan.plan import make_plan
from zarrlift.plan.settings import Settings, Wish, parse_rules
from zarrlift.plan.subject import find_subject
from zarrlift.plan.tuning import check_chunk, layout_rules, parse_chunk, stored_chunk_bytes
from zarrlift.survey.facts import Survey

LEVELS = [layout_of((1, size, size), (1, 64, 64)) for size in (256, 128)]


def codecs_planned(survey: Survey, rules: dict[str, dict[str, str]]) -> dict[str, str]:
    """Give the codec that a plan with these rules writes for each array; all rules match."""
    settings = Settings(rules=parse_rules(rules, Wish()), plain_zarr=True)
    plan = make_plan(survey, "/lifted.zarr", settings)
    assert not [f for f in plan.findings if f.rule == "pattern-unused"]
    return {a.path: str(a.target.codecs[-1]) for a in plan.arrays}


KEPT, BEST = "blosc:lz4:5:shuffle", "zstd:9"


def test_rules_of_one_image() -> None:
    """The levels of the image get the codec; its labels stay as they are."""
    survey = cells()

    rules = layout_rules(tuning_of(survey, "none", BEST))

    assert codecs_planned(survey, rules) == {"0": BEST, "1": BEST, "labels/nuclei/0": KEPT}


def test_rules_of_a_plate() -> None:
    """All fields of a plate get the codec, on every level; labels stay as they are."""
    survey = survey_of(
        group(""),
        group("A"),
        group("A/1"),
        *image("A/1/0", "zyx", LEVELS),
        group("A/1/0/labels", {"labels": ["cells"]}),
        *image("A/1/0/labels/cells", "zyx", LEVELS[:1]),
        *image("A/1/1", "zyx", LEVELS),
    )

    rules = layout_rules(tuning_of(survey, BEST))

    assert list(rules) == ["*/labels/*", "*/*/*/0", "*/*/*/1"]
    planned = codecs_planned(survey, rules)
    assert planned.pop("A/1/0/labels/cells/0") == KEPT
    assert set(planned.values()) == {BEST}


def test_rules_of_labels_in_a_plate() -> None:
    """Where a label was measured, the labels of that name get the codec, and nothing else."""
    survey = survey_of(
        group(""),
        *image("A/1/0", "zyx", LEVELS),
        *image("A/1/0/labels/cells", "zyx", LEVELS[:1]),
        *image("A/1/1", "zyx", LEVELS),
        *image("A/1/1/labels/cells", "zyx", LEVELS[:1]),
        *image("A/1/1/labels/nuclei", "zyx", LEVELS[:1]),
    )

    rules = layout_rules(tuning_of(survey, BEST, wanted="A/1/0/labels/cells"))

    planned = codecs_planned(survey, rules)
    best = {path for path, codec in planned.items() if codec == BEST}
    assert best == {"A/1/0/labels/cells/0", "A/1/1/labels/cells/0"}


def test_rules_of_labels_at_the_root() -> None:
    """Labels at the root beside several images are named by their path."""
    survey = survey_of(
        group(""),
        *image("0", "zyx", LEVELS),
        *image("1", "zyx", LEVELS),
        *image("labels/cells", "zyx", LEVELS[:1]),
    )

    assert list(layout_rules(tuning_of(survey, BEST, wanted="labels/cells"))) == ["labels/cells/0"]


def test_rules_of_a_collection() -> None:
    """Images side by side all get the codec."""
    survey = survey_of(group(""), *image("0", "zyx", LEVELS), *image("1", "zyx", LEVELS))

    rules = layout_rules(tuning_of(survey, BEST, wanted="1"))

    assert set(codecs_planned(survey, rules).values()) == {BEST}


def test_rules_of_names_with_special_letters() -> None:
    """A path that looks like a pattern is meant as it is."""
    survey = survey_of(group(""), array("a[1]", LEVELS[0]), array("a1", LEVELS[1]), version=None)

    rules = layout_rules(tuning_of(survey, BEST))

    assert codecs_planned(survey, rules) == {"a[1]": BEST, "a1": KEPT}


def test_rules_keep_what_is_best_already() -> None:
    """Where today's codec is the balanced one, chunks need not be decoded."""
    assert layout_rules(tuning_of(cells(), KEPT)) == {
        path: {"chunks": "keep", "shards": "auto", "codec": "keep"} for path in ("0", "1")
    }


def test_no_rules_without_advice() -> None:
    """Nothing is written where nothing can be recommended."""
    tuning = tuning_of(cells({"id": "zlib", "level": 1}), "zlib:9")

    with pytest.raises(UsageError, match="no codec was measured"):
        layout_rules(tuning)
    assert "nothing to recommend" in repr(tuning)


def test_tuning_in_one_line() -> None:
    """A tuning prints what the data has and what to choose."""
    assert repr(tuning_of(cells(), BEST)) == (
        "Tuning('/data/cells.ome.zarr' 0: now blosc:lz4:5:shuffle 2.00 to 1; balanced zstd:9, "
        "smallest zstd:9, fastest zstd:9)"
    )


@pytest.mark.parametrize(
    ("text", "level", "index"),
    [
        ("2/0,0,0,1,5", "2", (0, 0, 0, 1, 5)),
        ("0,3", None, (0, 3)),
        ("A/1/0/0/7", "A/1/0/0", (7,)),
        ("2/", "2", ()),
        ("", None, ()),
    ],
)
def test_chunk_is_parsed(text: str, level: str | None, index: Index) -> None:
    """A chunk is named by its level and index, or by its index alone."""
    assert parse_chunk(text) == (level, index)


@pytest.mark.parametrize("text", ["x", "a,b", "0/-1,0", "0/1;2"])
def test_chunk_is_not_understood(text: str) -> None:
    """What is no index is refused with how to write one."""
    with pytest.raises(UsageError, match="not understood"):
        parse_chunk(text)


def test_chunk_out_of_range_names_the_axis() -> None:
    """An index beyond the grid, or of another number of axes, is refused in words."""
    subject = find_subject(cells())

    check_chunk((0, 2, 15, 3, 3), subject)
    with pytest.raises(UsageError, match="axis y: chunk 4 is out of range, there are 4"):
        check_chunk((0, 0, 0, 4, 0), subject)
    with pytest.raises(UsageError, match="has 2 numbers, the array 5 axes"):
        check_chunk((0, 0), subject)


def test_stored_chunk_bytes_count_padding() -> None:
    """Chunks at the edges are stored whole."""
    assert stored_chunk_bytes(layout_of((5, 5), (4, 4))) == 4 * 16 * 2
