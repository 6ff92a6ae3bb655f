"""Drawing chunks: seeded, each once, from grids that are full, sparse, sharded or empty."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import sample, write_array
from tests.build_ome import write_image
from zarrlift.jobs import draw
from zarrlift.jobs.draw import Drawing
from zarrlift.metadata import v2, v3
from zarrlift.store.folder import Folder

CHUNKS = (1, 1, 1, 4, 4)


def drawing_of(folder: Path, seed: int = 0) -> Drawing:
    """Draw from an array of either format."""
    document = folder / "zarr.json"
    if document.is_file():
        layout = v3.read_array(json.loads(document.read_text("utf-8")), "")
    else:
        layout = v2.read_array((folder / ".zarray").read_bytes()).layout
    return Drawing(Folder(folder), "", layout, seed)


@pytest.fixture(name="image")
def make_image(tmp_path: Path) -> Path:
    """An image of 24 chunks of which six are not stored."""
    values = sample((1, 1, 1, 16, 24), "<u2")
    values[..., 12:, :] = 0
    return write_image(tmp_path / "image.zarr", [values], chunks=CHUNKS, missing="empty")


def test_every_chunk_is_drawn_once(image: Path) -> None:
    """As long as the caller goes on, each chunk that is there comes once."""
    drawing = drawing_of(image / "0")

    drawn = list(drawing.chunks(100))

    assert len({one.at for one in drawn}) == len(drawn) == 18
    assert (drawing.looked_for, drawing.found) == (24, 18)
    assert all(one.data == (image / "0" / "/".join(map(str, one.at))).read_bytes() for one in drawn)


def test_seed_decides_the_order(image: Path) -> None:
    """The same seed draws the same chunks in the same order."""
    orders = [[one.at for one in drawing_of(image / "0", seed).chunks(9)] for seed in (3, 3, 4)]

    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("listed", [False, True])
def test_chunks_within_shards(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, listed: bool
) -> None:
    """Chunks are drawn from shards as they are from objects of their own, listed or not."""
    zl.convert(image, tmp_path / "lifted.zarr", shards="y=8,x=8")
    if listed:
        monkeypatch.setattr(draw, "_TRIES", 0)
        monkeypatch.setattr(draw, "_MORE_TRIES", 0)

    before = {one.at: one.data for one in drawing_of(image / "0").chunks(100)}
    after = {one.at: one.data for one in drawing_of(tmp_path / "lifted.zarr" / "0").chunks(100)}

    assert before == after
    assert len(before) == 18


def test_listing_gives_each_chunk_the_same_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what is listed no more is drawn than wanted, anywhere in the array."""
    write_array(tmp_path / "array.zarr", np.ones((64, 2), "<u2"), chunks=(1, 2))
    monkeypatch.setattr(draw, "_TRIES", 0)
    monkeypatch.setattr(draw, "_MORE_TRIES", 0)

    met = [
        one.at[0]
        for seed in range(40)
        for one in drawing_of(tmp_path / "array.zarr", seed).chunks(4)
    ]

    assert len(met) == 160
    assert len(set(met)) > 48
    assert 20 < sum(met) / len(met) < 43


def test_nothing_to_draw(tmp_path: Path) -> None:
    """An array without any chunk, and one without any element, give nothing."""
    write_array(tmp_path / "a.zarr", np.ones((64, 2), "<u2"), chunks=(1, 2), missing="all")
    write_array(tmp_path / "b.zarr", np.ones((0, 2), "<u2"), chunks=(1, 2))

    assert list(drawing_of(tmp_path / "a.zarr").chunks(4)) == []
    assert list(drawing_of(tmp_path / "b.zarr").chunks(4)) == []


def test_grids_beyond_what_can_be_counted(tmp_path: Path) -> None:
    """A document may state 2^120 chunks; the few that are there are found by listing."""
    write_array(tmp_path, sample((4, 4), "<u2"), chunks=(4, 4), members={"shape": [2**60, 2**60]})

    (drawn,) = drawing_of(tmp_path).chunks(1)

    assert drawn.at == (0, 0)
