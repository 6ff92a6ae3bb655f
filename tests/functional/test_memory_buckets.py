"""Memory that objects take on their way into a bucket: --memory holds, or is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.build import write_array, write_group
from tests.functional.far import Bucket
from tests.functional.runs import Word, peak_bytes, zarrlift
from tests.functional.test_memory import IDLE, MIB

pytestmark = pytest.mark.usefixtures("keys")


@pytest.mark.parametrize(
    ("shape", "least"),
    [((2, 15, 4), 60), ((1, 24, 4), 110), ((1, 5, 32), 200)],
    ids=["whole", "parts", "large-chunks"],
)
def test_objects_under_way_keep_to_the_budget(
    shape: tuple[int, int, int], least: int, bucket: Bucket, key: str, tmp_path: Path
) -> None:
    """The least memory that a refusal names will do, and counts an object once, not twice.

    Shapes are objects, chunks of each, and MiB of a chunk.
    """
    objects, chunks, chunk = shape
    values = np.random.default_rng(0).integers(0, 256, (objects, chunks, chunk * MIB), np.uint8)
    folder = write_group(tmp_path / "old.zarr")
    write_array(folder / "0", values, chunks=(1, 1, chunk * MIB), compressor=None)
    shard = f"1,{chunks},{chunk * MIB}"
    words: list[Word] = ["convert", folder, bucket.url(key), "--plain-zarr", "--shards", shard]
    words += ["--verify", "none", "--workers", "1"]
    refused = zarrlift(*words, "--memory", "1MiB")
    named = int(refused.err.rpartition("--memory ")[2].partition("MiB")[0])

    ran, peak = peak_bytes(tmp_path / "peak", *words, "--memory", f"{named}MiB")

    assert refused.code == 2
    assert ran.code == 0, ran.said
    assert least <= named < least + max(24, 2 * chunk)
    assert peak < named * MIB + IDLE
