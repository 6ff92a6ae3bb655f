"""Memory and time do not grow with the number of chunks, and stay within what was said."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import zarrlift as zl
from tests.build import Json, Values, sample, write_array, write_group
from tests.build_ome import multiscale_of, write_plate
from tests.fakes import CountingFolder
from tests.functional.runs import Word, peak_bytes, zarrlift
from tests.traps import write_huge
from zarrlift.survey.walk import survey

MIB = 2**20

IDLE = 48 * MIB
"""What Python, NumPy and the codecs take before the first chunk."""

SLOW_MACHINE = 3
"""How much longer a shared machine may take than was promised for an idle one."""


@pytest.fixture(name="huge")
def make_huge(tmp_path: Path) -> Path:
    """An image of 10^9 chunks, none of which is there."""
    return write_huge(tmp_path / "huge.zarr")


def write_large(folder: Path, values: Values, chunks: tuple[int, ...], compressor: Json) -> Path:
    """Write an image of one level."""
    write_group(folder, {"multiscales": [multiscale_of([values])]})
    write_array(folder / "0", values, chunks=chunks, compressor=compressor)
    return folder


@pytest.fixture(scope="module", name="noise")
def make_noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of 200 MB that hardly compresses, in chunks of half a megabyte."""
    tile = np.random.default_rng(0).integers(0, 2**16, (512, 512), np.uint16)
    values = np.tile(tile, (1, 1, 1, 20, 20))
    blosc: Json = {"id": "blosc", "cname": "lz4", "clevel": 1, "shuffle": 0, "blocksize": 0}
    folder = tmp_path_factory.mktemp("noise") / "noise.zarr"
    return write_large(folder, values, (1, 1, 1, 512, 512), blosc)


@pytest.mark.parametrize(
    "words",
    [["plan"], ["plan", "--count"], ["plan", "--shards", "none"], ["convert"], ["verify"]],
    ids=" ".join,
)
def test_array_of_a_thousand_million_chunks(words: list[str], huge: Path, tmp_path: Path) -> None:
    """Planning, lifting and verifying 10^9 absent chunks takes seconds, and 200 MB at most."""
    if words == ["verify"]:
        zl.convert(huge, tmp_path / "lifted.zarr")
    begun = time.monotonic()

    ran, peak = peak_bytes(tmp_path / "peak", *words, huge, tmp_path / "lifted.zarr")

    assert time.monotonic() - begun < 2 * SLOW_MACHINE
    assert ran.code == 0, ran.said
    assert peak < 200e6


@pytest.mark.parametrize(
    "option", [["--codec", "zstd:1"], ["--chunks", "y=512,x=512"]], ids=" ".join
)
def test_encoding_a_thousand_million_chunks(option: list[str], huge: Path, tmp_path: Path) -> None:
    """Absent chunks are not looked at one by one when the others are encoded anew either."""
    begun = time.monotonic()

    ran, peak = peak_bytes(tmp_path / "peak", "convert", huge, tmp_path / "lifted.zarr", *option)

    assert time.monotonic() - begun < 2 * SLOW_MACHINE
    assert ran.code == 0, ran.said
    assert peak < 200e6


@pytest.mark.parametrize("shards", ["auto", "none", "1,1,1,10240,10240"])
def test_packing_keeps_little_in_memory(shards: str, noise: Path, tmp_path: Path) -> None:
    """200 MB are packed or copied in less than 150 MB, whatever the size of a shard."""
    words: list[Word] = ["convert", noise, tmp_path / "lifted.zarr", "--shards", shards]

    ran, peak = peak_bytes(tmp_path / "peak", *words)

    assert ran.code == 0, ran.said
    assert peak < 150e6


@pytest.mark.parametrize("level", ["quick", "decode"])
def test_verifying_keeps_little_in_memory(level: str, noise: Path, tmp_path: Path) -> None:
    """A shard of 200 MB is verified in less than 150 MB, at each level."""
    target = tmp_path / "lifted.zarr"
    zl.convert(noise, target, shards="1,1,1,10240,10240", verify="none")

    ran, peak = peak_bytes(tmp_path / "peak", "verify", noise, target, "--level", level)

    assert ran.code == 0, ran.said
    assert peak < 150e6


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (256, ["--codec", "zstd:1"]),
        (64, ["--codec", "zstd:1", "--shards", "1,1,1,10240,10240"]),
        (64, ["--chunks", "y=1024,x=1024"]),
        (256, ["--chunks", "y=100,x=10000", "--shards", "1,1,1,10000,10000"]),
        (48, ["--chunks", "y=100,x=10000", "--shards", "1,1,1,10000,10000"]),
        (64, ["--chunks", "y=128,x=128", "--shards", "none"]),
        (320, ["--codec", "gzip:1", "--chunks", "y=5000,x=5000", "--shards", "none"]),
        (640, ["--chunks", "y=10240,x=10240", "--shards", "none"]),
    ],
    ids=str,
)
def test_encoding_keeps_to_its_budget(
    budget: int, words: list[str], noise: Path, tmp_path: Path
) -> None:
    """Recoding and rechunking take no more than --memory and what the program takes when idle."""
    target = tmp_path / "lifted.zarr"
    options = [*words, "--memory", f"{budget}MiB", "--workers", "2"]

    ran, peak = peak_bytes(tmp_path / "peak", "convert", noise, target, *options)

    assert ran.code == 0, ran.said
    assert peak < budget * MIB + IDLE


@pytest.mark.parametrize(
    "words",
    [
        ["--codec", "zstd:1", "--shards", "1,1,1,10240,10240"],
        ["--chunks", "y=2500,x=2500", "--shards", "1,1,1,10000,10000"],
        ["--codec", "blosc:zstd:3", "--chunks", "y=1024,x=5120"],
    ],
    ids=str,
)
def test_smallest_budget_that_is_named_will_do(
    words: list[str], noise: Path, tmp_path: Path
) -> None:
    """A refusal names the least memory that would do; with it, and no more, the lift is done."""
    target = tmp_path / "lifted.zarr"
    refused = zarrlift("convert", noise, target, *words, "--memory", "1MiB")
    named = int(refused.err.rpartition("--memory ")[2].partition("MiB")[0])

    options = [*words, "--verify", "none", "--workers", "4", "--memory"]
    less = zarrlift("convert", noise, target, *options, f"{named - 1}MiB")
    ran, peak = peak_bytes(tmp_path / "peak", "convert", noise, target, *options, f"{named}MiB")

    assert (refused.code, less.code) == (2, 2)
    assert ran.code == 0, ran.said
    assert peak < named * MIB + IDLE


@pytest.mark.slow
def test_many_small_chunks_in_one_folder(tmp_path: Path) -> None:
    """The names of 20,000 chunks with flat keys are held, but not much for each."""
    source, target = tmp_path / "flat.zarr", tmp_path / "lifted.zarr"
    values = sample((1, 1, 1, 400, 800), "<u2")
    write_group(source, {"multiscales": [multiscale_of([values])]})
    write_array(source / "0", values, chunks=(1, 1, 1, 4, 4), separator=".", compressor=None)

    ran, peak = peak_bytes(tmp_path / "peak", "convert", source, target)

    assert ran.code == 0, ran.said
    assert peak < 150e6


def test_survey_asks_for_nothing_twice(tmp_path: Path) -> None:
    """Of a plate each folder above the chunks is listed once, and each document read once."""
    wells = [f"{row}/{column}" for row in "ABC" for column in "123"]
    root = write_plate(tmp_path / "plate.zarr", wells=wells, fields=2)
    source = CountingFolder(root)

    found = survey(source)

    documents = [p for p in root.rglob(".z*") if p.is_file()]
    assert len(source.listed) == len(set(source.listed)) + 1, "only the root is looked at first"
    assert len(source.listed) == len(found.nodes) + 1
    assert sorted(source.read_keys) == sorted(p.relative_to(root).as_posix() for p in documents)
