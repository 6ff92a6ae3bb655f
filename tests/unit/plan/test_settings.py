"""What the user asks for: sizes, shapes, codecs and rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.build import Index
from tests.unit.layouts import bounded
from zarrlift.errors import UsageError
from zarrlift.plan.settings import (
    Damaged,
    Rule,
    Rulebook,
    Settings,
    Shape,
    Wish,
    parse_rules,
    parse_shape,
    parse_size,
    parse_wish,
    settings_from_json,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64MiB", 64 * 2**20),
        ("64 MiB", 64 * 2**20),
        (" 1gib ", 2**30),
        ("2GB", 2 * 10**9),
        ("3kB", 3000),
        ("4MB", 4 * 10**6),
        ("5g", 5 * 2**30),
        ("6TiB", 6 * 2**40),
        ("1.5KiB", 1536),
        ("512", 512),
        ("512B", 512),
        ("4k", 4096),
        ("3M", 3 * 2**20),
        ("1T", 2**40),
        ("1TB", 10**12),
        ("0", 0),
    ],
)
def test_sizes_are_bytes(text: str, expected: int) -> None:
    """A size is read with decimal or binary units, in any case."""
    assert parse_size(text) == expected


@pytest.mark.parametrize(
    "text", ["", "MiB", "64 MiBs", "-1", "1e6", "64,5MiB", "64PiB", "1 2", "½"]
)
def test_sizes_that_are_not_understood(text: str) -> None:
    """A size in other words is an error that shows how to write one."""
    with pytest.raises(UsageError, match="is not understood") as caught:
        parse_size(text)

    assert "64MiB" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", Shape(word="auto")),
        (" auto ", Shape(word="auto")),
        ("none", Shape(word="none")),
        ("1,1,1,4096,4096", Shape(sizes=(1, 1, 1, 4096, 4096))),
        ("1, 2", Shape(sizes=(1, 2))),
        ("512", Shape(sizes=(512,))),
        ("y=4096,x=4096", Shape(axes=(("y", 4096), ("x", 4096)))),
        (" z = 8 ", Shape(axes=(("z", 8),))),
    ],
)
def test_shapes_in_words_sizes_or_by_axis(text: str, expected: Shape) -> None:
    """A shape is a word, sizes in array order, or sizes by axis."""
    assert parse_shape(text, ("auto", "none")) == expected


@pytest.mark.parametrize(
    "text",
    ["", "keep", "4,,4", "4,", "0,4", "-1", "4x4", "y=4,5", "y=", "y=0", "y=z", "1.5", "y=4=4"],
)
def test_shapes_that_are_not_understood(text: str) -> None:
    """A shape in other words, or with a size below 1, is an error that shows the forms."""
    with pytest.raises(UsageError, match="is not understood") as caught:
        parse_shape(text, ("auto", "none"))

    assert "auto, none" in str(caught.value.hint)


shapes = st.one_of(
    st.lists(st.integers(1, 9999), min_size=1, max_size=5).map(lambda s: Shape(sizes=tuple(s))),
    st.dictionaries(st.sampled_from("tczyx"), st.integers(1, 9999), min_size=1).map(
        lambda axes: Shape(axes=tuple(axes.items()))
    ),
)


@bounded
@given(shapes)
def test_shape_in_words_reads_back(shape: Shape) -> None:
    """What a shape shows is what is typed for it."""
    assert parse_shape(str(shape), ()) == shape


def test_wish_checks_its_codec_at_once() -> None:
    """A codec that is not understood is refused before any array is looked at."""
    assert parse_wish(codec="zstd:9").codec == "zstd:9"
    with pytest.raises(UsageError, match="lz77"):
        parse_wish(codec="lz77")


@pytest.mark.parametrize(
    ("chunks", "shards"), [("auto", "auto"), ("keep", "keep"), ("none", "auto")]
)
def test_words_belong_to_one_option(chunks: str, shards: str) -> None:
    """Chunks are kept, shards are automatic or none; the words do not mix."""
    with pytest.raises(UsageError):
        parse_wish(chunks, shards)


def test_rules_fall_back_to_the_general_wish() -> None:
    """A rule changes what it names; for the rest the general wish holds."""
    default = parse_wish("y=512", "none", "zstd:1")

    rules = parse_rules({"labels/*": {"shards": [4, 4]}, "*/0": {"codec": None}}, default)

    assert rules == (
        Rule(pattern="labels/*", wish=parse_wish("y=512", "4,4", "zstd:1")),
        Rule(pattern="*/0", wish=parse_wish("y=512", "none", "none")),
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([], "is not understood"),
        ("none", "is not understood"),
        ({"shard": "none"}, "is not understood"),
        ({"chunks": "auto"}, "'auto'"),
        ({"shards": {"y": 4}}, "is not understood"),
        ({"codec": "jpeg"}, "'jpeg'"),
    ],
)
def test_rules_that_are_not_understood(members: object, expected: str) -> None:
    """A rule of another form is refused, and so is what it cannot say."""
    with pytest.raises(UsageError, match=expected):
        parse_rules({"labels/*": members}, Wish())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("labels/nuclei/0", (4,)),
        ("labels", None),
        ("0", (8,)),
        ("A/1/0/0", (8,)),
        ("A/1/0/1", None),
        ("", None),
    ],
)
def test_first_rule_that_matches_counts(path: str, expected: Index | None) -> None:
    """Rules are asked in order, by the whole path; where none matches, the general wish holds."""
    rules = parse_rules(
        {"/labels/*": {"shards": "4"}, "*0": {"shards": "8"}, "labels/*/0": {"shards": "9"}}, Wish()
    )

    found = Rulebook(rules).wish_for(path)

    assert found == (None if expected is None else parse_wish(shards=",".join(map(str, expected))))


def test_plain_rule_yields_to_a_pattern_before_it() -> None:
    """A rule without wildcards counts in its turn, though it is found without a search."""
    wishes = {"0": {"shards": "4"}, "*": {"shards": "8"}, "1": {"shards": "9"}}
    book = Rulebook(parse_rules(wishes, Wish()))

    found = [book.wish_for(path) for path in ("0", "1", "2")]

    assert [str(wish.shards) for wish in found if wish] == ["4", "8", "8"]


def test_unused_rules_match_no_path() -> None:
    """A rule is unused where no path matches it, whether or not it has wildcards."""
    rules = parse_rules({"0": {}, "a/*": {}, "1": {}, "b*": {}}, Wish())

    assert [r.pattern for r in Rulebook(rules).unused({"0", "b/1"})] == ["a/*", "1"]


settings_values = st.builds(
    Settings,
    wish=st.builds(Wish, chunks=shapes, shards=shapes, codec=st.sampled_from(["keep", "gzip:1"])),
    rules=st.lists(st.sampled_from(["0", "a/*", "[bc]"]), unique=True).map(
        lambda patterns: tuple(Rule(pattern=p, wish=parse_wish(shards="none")) for p in patterns)
    ),
    shard_size=st.integers(0, 2**40),
    max_files=st.none() | st.integers(1, 10**6),
    exclude=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    notes=st.none() | st.text(max_size=5),
    plain_zarr=st.booleans(),
    large_index=st.booleans(),
    damaged=st.sampled_from(list(Damaged)),
)


@bounded
@given(settings_values)
def test_settings_survive_json(settings: Settings) -> None:
    """Settings read back from a saved plan's text are the same settings."""
    document = json.loads(json.dumps(settings.to_json()))

    assert settings_from_json(document) == settings


@pytest.mark.parametrize(
    ("member", "value"),
    [("layout", []), ("exclude", "a"), ("shard_size", "64MiB"), ("damaged", "x")],
)
def test_settings_of_another_kind_are_refused(member: str, value: object) -> None:
    """Edited settings of the wrong kind are refused, not taken for something else."""
    document = {**Settings().to_json(), member: value}

    with pytest.raises((UsageError, ValueError)):
        settings_from_json(document)
