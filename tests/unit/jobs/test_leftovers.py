"""Which unfinished uploads are those of a plan."""

from __future__ import annotations

import pytest

from tests.unit.surveys import cells
from zarrlift.jobs.leftovers import written_by
from zarrlift.plan.plan import Plan, make_plan
from zarrlift.plan.settings import Settings


def a_plan() -> Plan:
    """Give the plan of a 5-D image with labels and one file."""
    return make_plan(cells(), "s3://bucket/cells.zarr", Settings())


@pytest.mark.parametrize(
    "key",
    [
        "0/c/0/0/0/0/0",
        "1/c/0/2/0/0/0",
        "1/c/0/2/0/99/99",
        "labels/nuclei/0/c/0/0/0",
        "notes/README.md",
    ],
)
def test_keys_of_the_plan_are_ours(key: str) -> None:
    """Chunks and shards of its arrays, beyond the grid too, and its files."""
    assert written_by(a_plan())(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "0",
        "0/c",
        "0/c/0/0/0/0",
        "0/c/0/0/0/0/0/0",
        "0/c/0/0/0/0/00",
        "0/c/0/0/0/0/x",
        "0/0/0/0/0/0",
        "2/c/0/0/0/0/0",
        "labels/nuclei/c/0/0/0",
        "labels/nuclei/0/c/0/0/0/0/0",
        "notes/other.md",
        "other.zarr/0/c/0/0/0/0/0",
    ],
)
def test_other_keys_are_not(key: str) -> None:
    """What somebody else may be uploading below the same address is let be."""
    assert not written_by(a_plan())(key)
