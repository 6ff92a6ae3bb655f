"""`info` where a dataset is odd or hostile: types, names and numbers that nobody expects."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image

import zarrlift as zl
from tests.build import read_json, sample, write_array, write_group, write_json
from tests.build_ome import label_of, multiscale_of, pyramid, write_image, write_labels
from tests.build_v3 import Form, write_v3_array, write_v3_group
from tests.functional.runs import assert_in_words, in_process, in_terminal, peak_bytes
from tests.functional.test_validate_hostile import HOSTILE
from tests.unit.report.test_html import problems_of
from zarrlift.errors import ZarrliftError
from zarrlift.view.dataset import Dataset

CLEAR = "\x1b[2J"
"""What clears a terminal, if it gets there."""
PLANES: dict[str, Any] = {
    "constant": np.full((8, 8), 2**63, "<u8"),
    "big-endian": np.arange(64, dtype=">f4").reshape(8, 8) * np.float32(np.nan),
    "huge": np.where(np.eye(8) > 0, 1.7e308, -np.inf),
    "bool": np.eye(8) > 0,
    "one pixel": np.full((1, 1), -3, "<i1"),
    "half": np.linspace(0, 65504, 64, dtype="<f2").reshape(8, 8),
}
NO_NUMBERS: dict[str, Any] = {
    "dates": np.zeros((4, 4), "<M8[ns]"),
    "text": np.full((4, 4), "a", "<U2"),
    "complex": np.ones((4, 4), "<c8"),
}


def facts(*words: str | Path) -> dict[str, Any]:
    """What `info` gives as JSON that any reader takes."""

    def refuse(name: str) -> NoReturn:
        raise AssertionError(name)

    ran = in_process("info", *words, "--json")
    assert ran.code in (0, 1), ran.said
    document: dict[str, Any] = json.loads(ran.out, parse_constant=refuse)
    return document


@pytest.mark.parametrize("kind", PLANES)
def test_a_picture_of_any_numbers(kind: str, tmp_path: Path) -> None:
    """Of one value, of none that is a number, of one pixel: without a warning."""
    plane = PLANES[kind]
    write_image(tmp_path / "image", [plane], axes="yx", fill_value=None)

    ran = in_process("info", tmp_path / "image", "--thumbnail", tmp_path / "out.png")

    assert ran.code == 0, ran.said
    with Image.open(tmp_path / "out.png") as made:
        assert made.size == plane.shape[::-1]
        brightest = np.asarray(made).max()
    assert brightest == (255 if kind in ("bool", "half") else 0)


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_no_picture_of_what_is_no_number(kind: str, tmp_path: Path) -> None:
    """It is said, no file is left, and a notebook shows the rest."""
    write_image(tmp_path / "image", [NO_NUMBERS[kind]], axes="yx", fill_value=None)

    ran = in_process("info", tmp_path / "image", "--thumbnail", tmp_path / "out.png")

    assert ran.code == 3
    assert "no plane of numbers" in ran.err
    assert not (tmp_path / "out.png").exists()
    ds = zl.open(tmp_path / "image")
    assert ds.image.thumbnail() is None
    assert "<img" not in ds._repr_html_()


def test_a_label_image_of_floats(tmp_path: Path) -> None:
    """NaN is the background."""
    write_image(tmp_path, [np.array([[np.nan, 1.0], [2.0, np.inf]])], axes="yx", fill_value=None)
    document = read_json(tmp_path / ".zattrs")
    write_json(tmp_path / ".zattrs", {**document, "image-label": {}})

    taken = zl.info(tmp_path, picture=True).picture

    assert taken is not None
    assert taken.picture[0, 0].tolist() == taken.picture[1, 1].tolist() == [0, 0, 0]
    assert taken.picture[0, 1].tolist() != taken.picture[1, 0].tolist()


def test_names_command_no_terminal(tmp_path: Path) -> None:
    """Not in labels of lines, nor in messages, nor below a picture."""
    levels = [{"path": CLEAR}, {"path": f"{CLEAR}/x"}]
    odd = [{"name": f"{CLEAR}{n}", "type": "space"} for n in "zyx"]
    entry = {"axes": odd, "datasets": levels, "name": CLEAR}
    image = write_group(tmp_path / "image", {"multiscales": [entry]})
    write_array(image / CLEAR, sample((3, 8, 8), "<u2"), chunks=(1, 8, 8))

    told = in_process("info", image)
    wrong = in_process("info", image, "--chunk", "7/0,0,0")
    env = {"COLORTERM": "truecolor"}
    drawn = in_terminal("info", "image", "--picture", cwd=tmp_path, env=env)

    assert (told.code, wrong.code, drawn.code) == (0, 2, 0)
    assert "\x1b" not in told.out
    assert "\x1b" not in wrong.err
    assert CLEAR not in drawn.out
    assert "▀" in drawn.out


def test_documents_with_bare_nan_are_json_all_the_same(tmp_path: Path) -> None:
    """JSON has no NaN; it is given as v3 writes it."""
    write_array(tmp_path, np.zeros((4, 4)), chunks=(4, 4), members={"fill_value": float("nan")})

    (document,) = facts(tmp_path, "--doc")["documents"]

    assert document["value"]["fill_value"] == "NaN"


@pytest.mark.parametrize("forms", [2, 3])
def test_an_array_without_axes_has_a_chunk(forms: int, tmp_path: Path) -> None:
    """Its index is empty."""
    if forms == 2:
        write_group(tmp_path)
        write_array(tmp_path / "one", np.array(7, "<u2"), chunks=())
    else:
        write_v3_group(tmp_path)
        write_v3_array(tmp_path / "one", np.array(7, "<u2"), Form(chunks=()))

    for words in ((tmp_path, "--chunk", "one/"), (tmp_path / "one", "--chunk", "")):
        chunk = facts(*words)["chunk"]
        assert (chunk["index"], chunk["minimum"], chunk["present"]) == ([], 7, True)


def test_a_name_goes_before_a_number(tmp_path: Path) -> None:
    """`0` is the level called so, be it the second one; other numbers count levels."""
    levels = pyramid(sample((1, 1, 1, 16, 16), "<u2"))
    write_image(tmp_path / "image", levels, paths=["1", "0"])

    assert facts(tmp_path, "--chunk", "0/0,0,0,0,0")["chunk"]["path"] == "image/0"
    assert facts(tmp_path, "--chunk", "image/1/0,0,0,0,0")["chunk"]["path"] == "image/1"


@pytest.mark.parametrize(
    ("values", "due"),
    [
        (np.eye(4) > 0, (0, 1, 0.25)),
        (np.full((4, 4), 2**64 - 1, "<u8"), (2**64 - 1, 2**64 - 1, float(2**64))),
        (np.full((4, 4), 1e308), (1e308, 1e308, None)),
        (np.array([[np.nan, np.inf, -1.0, 3.0]], ">f4"), (-1.0, 3.0, 1.0)),
        (np.full((2, 2), np.nan, "<f2"), (None, None, None)),
    ],
    ids=["bool", "uint64", "huge", "big-endian", "nan"],
)
def test_values_of_a_chunk(values: Any, due: tuple[Any, ...], tmp_path: Path) -> None:
    """Least, largest and mean of the finite values, as JSON has them."""
    write_array(tmp_path, values, chunks=values.shape, fill_value=None)

    chunk = facts(tmp_path, "--chunk", "0,0")["chunk"]

    assert (chunk["minimum"], chunk["maximum"], chunk["mean"]) == due
    assert not isinstance(chunk["minimum"], bool)


def test_whole_numbers_of_a_chunk_are_told_whole(tmp_path: Path) -> None:
    """As all of their digits."""
    write_array(tmp_path, np.full((4, 4), 1_234_567, "<u4"), chunks=(4, 4))

    assert "1,234,567 to 1,234,567" in in_process("info", tmp_path, "--chunk", "0,0").out


def test_the_ratio_is_that_of_what_is_stored(tmp_path: Path) -> None:
    """A label of which nothing is stored leaves the ratio of the whole as it is."""
    values = sample((1, 1, 1, 64, 64), "<u2")
    write_image(tmp_path, [values], chunks=(1, 1, 1, 64, 64))
    alone = stored_line(tmp_path)
    write_labels(tmp_path, {"cells": [label_of(values)]}, missing="all")

    assert stored_line(tmp_path).partition("; ")[0] == alone


def stored_line(source: Path) -> str:
    """What is said of all that is stored."""
    lines = in_process("info", source, "--sizes").out.splitlines()
    return next(line for line in lines if line.startswith("stored "))


def test_the_ratio_of_shards_counts_what_is_in_them(tmp_path: Path) -> None:
    """One chunk in a shard of sixteen is no ratio of sixteen to one."""
    missing = [(y, x) for y in range(4) for x in range(4)][1:]
    form = Form(chunks=(16, 16), shards=(64, 64), missing=missing)
    write_v3_array(tmp_path, sample((64, 64), "<u2"), form)

    (node,) = facts(tmp_path, "--sizes")["nodes"]

    assert node["sizes"]["fill"] == pytest.approx(1 / 16)
    assert 0.5 < node["sizes"]["ratio"] <= 1


def test_one_dataset_of_several_is_named_for_its_documents(tmp_path: Path) -> None:
    """Of v3 too."""
    write_v3_group(tmp_path / "cells.zarr")

    ran = in_process("info", tmp_path, "--doc")

    assert ran.code == 3
    assert "name one of the datasets in it: cells.zarr" in ran.err


def test_numbers_beyond_measure(tmp_path: Path) -> None:
    """A shape of hundreds of digits is no array, and no fault."""
    write_group(tmp_path, {"multiscales": [multiscale_of([sample((4, 4), "<u2")], axes="yx")]})
    write_array(
        tmp_path / "0", sample((4, 4), "<u2"), chunks=(4, 4), members={"shape": [10**400, 4]}
    )

    ran = in_process("info", tmp_path, "--sizes")

    assert ran.code == 0, ran.said
    assert "level 0" in ran.out
    assert isinstance(zl.open(tmp_path), Dataset)
    assert zl.open(tmp_path)._repr_html_()


def test_the_pixel_is_that_of_the_level_that_states_one(tmp_path: Path) -> None:
    """Where the first level states none, it is said whose the size is."""
    levels = pyramid(sample((16, 16), "<u2"))
    write_image(tmp_path, levels, axes="yx")
    document: Any = read_json(tmp_path / ".zattrs")
    del document["multiscales"][0]["datasets"][0]["coordinateTransformations"]
    write_json(tmp_path / ".zattrs", document)

    assert "y 0.5 · x 0.5 µm (of level 1)" in in_process("info", tmp_path).out


def test_a_document_in_the_current_folder_means_it(tmp_path: Path) -> None:
    """A name without a folder before it is one of this folder."""
    write_image(tmp_path, [sample((1, 1, 1, 8, 8), "<u2")])

    assert "OME-Zarr 0.4" in in_process("info", ".zattrs", cwd=tmp_path).out


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_dataset_is_told_in_words(name: str, tmp_path: Path) -> None:
    """By `info` with all it may be asked for, and by views: never a fault of ours."""
    HOSTILE[name](tmp_path / "a")
    begun = time.monotonic()

    picture = ("--thumbnail", tmp_path / "out.png")
    for words in (("--sizes", "--json"), ("--doc", "--keys", *picture), ("--chunk", "0/0,0")):
        assert_in_words(in_process("info", tmp_path / "a", *words))
    with contextlib.suppress(ZarrliftError):
        look_at(zl.open(tmp_path / "a"))
    assert time.monotonic() - begun < 20


def look_at(ds: zl.Dataset) -> None:
    """Ask a dataset for all that it shows."""
    assert str(ds)
    assert problems_of(ds._repr_html_()) == []
    for image in ds.images.values():
        assert str(image)
        assert problems_of(image._repr_html_()) == []
        image.thumbnail()
        for level in image.levels:
            assert str(level)
            assert problems_of(level._repr_html_()) == []
        assert all(map(str, image.labels.values()))


@pytest.mark.slow
def test_a_bomb_takes_little_memory(tmp_path: Path) -> None:
    """A chunk that decodes to a quarter of a gigabyte is cut off, a file of a terabyte not read."""
    HOSTILE["bomb"](tmp_path / "bomb")
    HOSTILE["large-chunk"](tmp_path / "large")

    for name in ("bomb", "large"):
        words = ("--chunk", "0/0,0", "--thumbnail", tmp_path / "out.png")
        ran, peak = peak_bytes(tmp_path / "peak", "info", tmp_path / name, *words)
        assert_in_words(ran)
        assert ran.code == 1
        assert peak < 160 * 2**20


def test_names_of_axes_that_are_no_names(tmp_path: Path) -> None:
    """The array cannot be read, and it is said why."""
    write_v3_array(
        tmp_path, sample((4, 4), "<u2"), Form(chunks=(4, 4)), dimension_names=["y", True]
    )

    ran = in_process("info", tmp_path)

    assert ran.code == 0, ran.said
    assert "dimension_names ['y', True] do not fit 2 axes" in " ".join(ran.out.split())


def test_a_picture_of_channels_without_number(tmp_path: Path) -> None:
    """The first few are shown."""
    write_image(tmp_path, [sample((1, 2, 1, 8, 8), "<u2")], chunks=(1, 2, 1, 8, 8))
    document = read_json(tmp_path / "0" / ".zarray")
    write_json(tmp_path / "0" / ".zarray", {**document, "shape": [1, 2**40, 1, 8, 8]})

    taken = zl.info(tmp_path, picture=True).picture

    assert taken is not None
    assert taken.picture.shape == (8, 8, 3)
