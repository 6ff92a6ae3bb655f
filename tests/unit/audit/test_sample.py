"""Samples: what users write, and which chunks are taken."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zarrlift.audit.result import Picked
from zarrlift.audit.sample import Choice, Sample, order_of, parse_sample
from zarrlift.chunks.listing import ChunkFile
from zarrlift.errors import UsageError


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("100", Sample(chunks=100)),
        ("64MiB", Sample(bytes=64 * 2**20)),
        ("5%", Sample(share=0.05)),
        ("2.5 %", Sample(share=0.025)),
        ("100%", Sample(share=1.0)),
    ],
)
def test_sample_is_read(text: str, due: Sample) -> None:
    """A number, a size or a share."""
    assert parse_sample(text) == due


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-3", "some", "5%5", "9" * 40])
def test_other_samples_are_refused(text: str) -> None:
    """Nothing, too much, and what is none of these."""
    with pytest.raises(UsageError, match="understood"):
        parse_sample(text)


def pick(number: int, seed: int = 0) -> Picked:
    """The chunk of a number."""
    return Picked(order_of(seed, "0", (number,)), 0, (number,), ChunkFile(number, "", str(number)))


def taken(sample: Sample, numbers: list[int], weights: list[int]) -> set[int]:
    """Show chunks in an order; gives the numbers of those that are taken."""
    choice = Choice(sample, 0)
    for number in numbers:
        one = pick(number)
        if choice.takes(one.order):
            choice.show(one, weights[number])
    return {picked.at[0] for picked in choice.taken()}


@given(
    weights=st.lists(st.integers(1, 50), min_size=1, max_size=60),
    most=st.integers(1, 400),
    kind=st.sampled_from(["chunks", "bytes", "share"]),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_sample_does_not_depend_on_the_order(
    weights: list[int], most: int, kind: str, shuffled: random.Random
) -> None:
    """Whatever order chunks come in, the same are taken: no more than asked for, but one."""
    samples = {"chunks": Sample(chunks=most), "bytes": Sample(bytes=most)}
    sample = samples.get(kind, Sample(share=min(1.0, most / 400)))
    numbers = list(range(len(weights)))
    other = shuffled.sample(numbers, len(numbers))

    found = taken(sample, numbers, weights)

    assert found == taken(sample, other, weights)
    held = sum(weights[n] for n in found)
    if kind == "chunks":
        assert len(found) == min(most, len(weights))
    if kind == "bytes":
        assert held <= most or len(found) == 1


def test_share_is_about_right() -> None:
    """A tenth of ten thousand chunks is a thousand, give or take."""
    assert 850 < len(taken(Sample(share=0.1), list(range(10_000)), [1] * 10_000)) < 1150


def test_seeds_take_others() -> None:
    """Another seed decides otherwise."""
    assert order_of(0, "a", (1, 2)) != order_of(1, "a", (1, 2))


@pytest.mark.parametrize(("text", "final"), [("5%", True), ("100", False), ("64MiB", False)])
def test_a_share_is_known_from_the_start(text: str, final: bool) -> None:
    """A chunk of a share stays in the sample whatever follows, so that none need be kept."""
    assert Choice(parse_sample(text), 0).final is final
