"""Stores that yaozarrs or ome-zarr-models refuse are refused here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.judges import ome_zarr_models_problems, yaozarrs_problems
from tests.validation import (
    pairs_collections,
    pairs_container,
    pairs_images,
    pairs_labels,
    pairs_plates,
    pairs_wells,
)
from tests.validation.pairs import Pair
from tests.validation.trees import Tree, judged
from zarrlift.findings import has_errors

VERSION = "0.5"
"""The one that both judges know in full."""
MODULES = (
    pairs_container,
    pairs_images,
    pairs_labels,
    pairs_plates,
    pairs_wells,
    pairs_collections,
)
PAIRS = [p for module in MODULES for p in module.PAIRS if p.version == VERSION and p.by is None]
JUDGES = {"yaozarrs": yaozarrs_problems, "ome-zarr-models": ome_zarr_models_problems}


def write(tree: Tree, folder: Path) -> Path:
    """Write a tree to disk."""
    for path, value in tree.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return folder


def numbered() -> Iterator[Any]:
    """Give each pair a name of its own."""
    seen: set[str] = set()
    for number, pair in enumerate(PAIRS):
        marks = pytest.mark.slow if pair.rule in seen else ()
        seen.add(pair.rule)
        yield pytest.param(pair, id=f"{pair.rule}-{number}", marks=marks)


@pytest.fixture(scope="module", name="accepted")
def remember_what_was_accepted() -> dict[tuple[str, str], bool]:
    """Give what each judge said of each valid tree so far."""
    return {}


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("pair", list(numbered()))
def test_what_a_judge_refuses_is_refused(
    pair: Pair, judge: str, tmp_path: Path, accepted: dict[tuple[str, str], bool]
) -> None:
    """Where it takes the valid twin, which many pairs share, and refuses the broken one."""
    twin = judge, repr(pair.valid)
    if twin not in accepted:
        accepted[twin] = not JUDGES[judge](write(pair.valid, tmp_path / "valid.zarr"))
    if not accepted[twin]:
        pytest.skip("it refuses the valid twin")
    refused = JUDGES[judge](write(pair.broken, tmp_path / "broken.zarr"))
    if refused:
        assert has_errors(judged(pair.broken)), refused
