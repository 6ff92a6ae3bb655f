"""Numbers, sizes and findings in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.layouts import bounded
from zarrlift import findings
from zarrlift.report import words


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (100 * 1024, "100 KiB"),
        (1_395_864_371, "1.3 GiB"),
        (64 * 2**20, "64.0 MiB"),
        (2**40, "1.0 TiB"),
        (5 * 2**50, "5.0 PiB"),
        (3 * 2**60, "3072 PiB"),
        (12.7, "13 B"),
    ],
)
def test_size(count: float, expected: str) -> None:
    """Bytes have two or three digits and a binary unit."""
    assert words.size(count) == expected


@bounded
@given(st.integers(0, 2**59))
def test_size_is_short_and_near(count: int) -> None:
    """A size takes at most nine columns, and tells the number within a twentieth."""
    number, unit = words.size(count).split()

    assert len(words.size(count)) <= 9
    told = float(number) * 1024 ** ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].index(unit)
    assert told == pytest.approx(count, rel=0.05)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.0 s"),
        (0.04, "0.0 s"),
        (5.25, "5.2 s"),
        (59.9, "59.9 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.9, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (12_345, "3 h 25 min"),
        (90_000, "25 h 0 min"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    """A time has its two largest units."""
    assert words.duration(seconds) == expected


@pytest.mark.parametrize(
    ("count", "noun", "expected"),
    [
        (0, "object", "0 objects"),
        (1, "object", "1 object"),
        (1008, "object", "1,008 objects"),
        (2, "index", "2 indexes"),
    ],
)
def test_plural(count: int, noun: str, expected: str) -> None:
    """A count stands before its noun, thousands apart."""
    assert words.plural(count, noun) == expected


def test_shape() -> None:
    """A shape is written as users write it."""
    assert words.shape((1, 1, 4096)) == "1,1,4096"
    assert words.shape(()) == ""


@bounded
@given(st.lists(st.text("abc-/", min_size=1, max_size=40), max_size=20), st.integers(0, 20))
def test_wrapped_lines_fit_and_lose_nothing(parts: list[str], indent: int) -> None:
    """Lines are at most 80 wide, indented, and hold every word in order, none broken."""
    lines = words.wrapped(" ".join(parts), indent)

    assert all(len(line) <= 80 for line in lines)
    assert all(line.startswith(" " * indent) for line in lines if line)
    assert " ".join(lines).split() == parts


def test_first_line_has_its_own_start() -> None:
    """The first line starts with a word of its own, the next ones below its text."""
    lines = words.wrapped("word " * 30, 11, "Unchecked  ")

    assert lines[0].startswith("Unchecked  word")
    assert lines[1].startswith(" " * 11 + "word")
    assert words.wrapped("", 11, "Unchecked  ") == ["Unchecked  "]


OUTSIDE = "2 chunk objects outside the shape were left out, first 0/9"
SHORT = "blosc header states 9 bytes, the object holds 7"


def test_findings_come_gravest_first_and_counted() -> None:
    """Errors stand above warnings and notes, like ones once with their number, in 80 columns."""
    lines = words.findings(
        [
            findings.note("excluded", "a/b", "left out as asked"),
            findings.warning("stale-chunks", "0", OUTSIDE),
            findings.note("excluded", "a/c", "left out as asked"),
            findings.error("chunk-damaged", "A/1/0/0", SHORT, (0, 1, 2)),
        ]
    )

    assert lines == [
        f"  error    A/1/0/0 chunk 0,1,2: {SHORT}",
        "           [chunk-damaged]",
        f"  warning  0: {OUTSIDE}",
        "           [stale-chunks]",
        "  note     a/b and 1 more: left out as asked [excluded]",
    ]


def test_findings_of_the_root_have_a_slash() -> None:
    """The root's path is empty; people read a slash."""
    assert words.findings([findings.note("r", "", "m")]) == ["  note     /: m [r]"]


def test_too_many_kinds_of_findings_are_cut_with_a_word() -> None:
    """After twelve kinds the rest is counted, and where to see it is said."""
    found = [findings.note("r", "p", f"kind {n}") for n in range(20)]

    lines = words.findings(found)

    assert len(lines) == 13
    assert "8 more kinds" in lines[-1]
    assert "--json" in lines[-1]
