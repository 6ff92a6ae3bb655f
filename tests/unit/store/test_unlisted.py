"""What refusals mean where nothing is listed: absence only with two witnesses, asked afterwards."""

from __future__ import annotations

from typing import cast

import pytest

from zarrlift.store.remote import RemoteFolder
from zarrlift.store.unlisted import Answer, Refusals


class Store:
    """Says of some keys that they are there, of others that they are refused or absent."""

    def __init__(self, there: set[str], otherwise: Answer = Answer.REFUSED) -> None:
        self.there, self.otherwise = there, otherwise
        self.asked: list[str] = []

    def answer(self, key: str) -> Answer:
        """Answer for a key, and take note."""
        self.asked.append(key)
        return Answer.THERE if key in self.there else self.otherwise


def refusals(store: Store) -> Refusals:
    """Give what judges the refusals of a store."""
    return Refusals(cast("RemoteFolder", store))


@pytest.mark.parametrize(
    ("there", "key", "node", "absent"),
    [
        ({"0/.zarray"}, "0/1/2", "0", True),
        ({"0/zarr.json"}, "0/c/1/2", "0", True),
        ({".zgroup"}, "0/1/2", "0", False),
        (set[str](), "0/1/2", "0", False),
        ({".zgroup"}, "labels/.zgroup", None, True),
        ({"a/.zgroup"}, "a/b/.zattrs", None, True),
        (set[str](), ".zattrs", None, False),
    ],
)
def test_a_document_that_reads_is_needed(
    there: set[str], key: str, node: str | None, absent: bool
) -> None:
    """For a chunk it is that of its own array; for other keys the nearest above will do."""
    assert refusals(Store(there)).mean_absence(key, node) is absent


def test_impossible_key_has_to_be_refused_too() -> None:
    """A server that says of other keys that they are absent means it when it refuses."""
    assert not refusals(Store({"0/.zarray"}, Answer.ABSENT)).mean_absence("0/1/2", "0")


def test_witness_is_asked_after_each_refusal() -> None:
    """Rights that end later are noticed: an old proof says nothing of a new refusal."""
    store = Store({"0/.zarray"})
    judge = refusals(store)

    assert judge.mean_absence("0/1/2", "0")
    store.there.clear()
    assert not judge.mean_absence("0/1/3", "0")
